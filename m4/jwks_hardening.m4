dnl SPDX-License-Identifier: Apache-2.0
dnl JWKS_HARDENING: what the compiler and the linker can do for code that decides who becomes root.
dnl
dnl Fills JWKS_CPPFLAGS and JWKS_CFLAGS (everything), JWKS_LDFLAGS (everything), JWKS_SHARED_LDFLAGS (module and
dnl library), JWKS_PIE_CFLAGS and JWKS_PIE_LDFLAGS (programs).  The user's CPPFLAGS, CFLAGS and LDFLAGS are only read:
dnl they come after ours and win.  A flag that this compiler does not take, or that warns beside the user's, is left out.

dnl JWKS_TRY_CFLAG(VARIABLE, FLAG): appends FLAG if a file compiles with it and the user's flags, without a warning.
AC_DEFUN([JWKS_TRY_CFLAG], [
    AC_MSG_CHECKING([whether $CC takes $2])
    jwks_cppflags=$CPPFLAGS jwks_cflags=$CFLAGS
    CPPFLAGS="$2 $CPPFLAGS" CFLAGS="-Werror $CFLAGS"
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[#include <string.h>
                                        int main(int c, char **v) { return (int)strlen(v[c - 1]); }]])],
                      [AC_MSG_RESULT([yes]); AS_VAR_APPEND([$1], [" $2"])], [AC_MSG_RESULT([no])])
    CPPFLAGS=$jwks_cppflags CFLAGS=$jwks_cflags
])

dnl JWKS_TRY_LDFLAG(VARIABLE, FLAG, [ALSO]): appends FLAG if a program (or, with ALSO = -shared, a library) links with it.
AC_DEFUN([JWKS_TRY_LDFLAG], [
    AC_MSG_CHECKING([whether the linker takes $2])
    jwks_cflags=$CFLAGS jwks_ldflags=$LDFLAGS
    CFLAGS="-fPIC $CFLAGS" LDFLAGS="$3 $2 -Wl,--fatal-warnings $LDFLAGS"
    AC_LINK_IFELSE([AC_LANG_SOURCE([[#include <stdlib.h>
                                     int main(void) { free(malloc(1)); return 0; }]])],
                   [AC_MSG_RESULT([yes]); AS_VAR_APPEND([$1], [" $2"])], [AC_MSG_RESULT([no])])
    CFLAGS=$jwks_cflags LDFLAGS=$jwks_ldflags
])

AC_DEFUN([JWKS_HARDENING], [
    AC_ARG_ENABLE([hardening], [AS_HELP_STRING([--disable-hardening], [none of the flags of m4/jwks_hardening.m4])],
                  [], [enable_hardening=yes])
    AS_IF([test "$enable_hardening" != no], [
        # Bounds of memcpy, read and their like are checked where the size is known: stops overflows of fixed buffers.
        JWKS_TRY_CFLAG([JWKS_CPPFLAGS], [-D_FORTIFY_SOURCE=3])
        AS_IF([test -z "$JWKS_CPPFLAGS"], [JWKS_TRY_CFLAG([JWKS_CPPFLAGS], [-D_FORTIFY_SOURCE=2])])
        # A canary before the return address: stops a stack overflow from choosing where to return.
        JWKS_TRY_CFLAG([JWKS_CFLAGS], [-fstack-protector-strong])
        # Every page of a large frame is touched: stops a jump over the guard page into the heap.
        JWKS_TRY_CFLAG([JWKS_CFLAGS], [-fstack-clash-protection])
        # Indirect jumps land on marked places only (x86), returns on signed addresses (arm): stops code reuse.
        AS_CASE([$host_cpu],
                [x86_64|i?86], [JWKS_TRY_CFLAG([JWKS_CFLAGS], [-fcf-protection])],
                [aarch64*], [JWKS_TRY_CFLAG([JWKS_CFLAGS], [-mbranch-protection=standard])])
        # A variable that was forgotten is zero, and zero denies: stops use of what the stack held before.
        JWKS_TRY_CFLAG([JWKS_CFLAGS], [-ftrivial-auto-var-init=zero])
        # A test for NULL stays even where the compiler believes that it proved it: stops a removed check.
        JWKS_TRY_CFLAG([JWKS_CFLAGS], [-fno-delete-null-pointer-checks])
        # Signed overflow wraps: stops a range check from being optimised away.
        JWKS_TRY_CFLAG([JWKS_CFLAGS], [-fno-strict-overflow])

        # Relocations become read-only after loading, and all are resolved then: stops writes to the jump tables.
        JWKS_TRY_LDFLAG([JWKS_LDFLAGS], [-Wl,-z,relro])
        JWKS_TRY_LDFLAG([JWKS_LDFLAGS], [-Wl,-z,now])
        # The stack is data: stops code that was written there.
        JWKS_TRY_LDFLAG([JWKS_LDFLAGS], [-Wl,-z,noexecstack])
        # A library that nothing is used of is not mapped into sshd and sudo.
        JWKS_TRY_LDFLAG([JWKS_LDFLAGS], [-Wl,--as-needed])

        # Every symbol is found when linking: stops a login from failing, or crashing, at the first call.
        JWKS_TRY_LDFLAG([JWKS_SHARED_LDFLAGS], [-Wl,-z,defs], [-shared])
        # Our calls reach our functions: stops a host program's symbol of the same name from standing in for one.
        JWKS_TRY_LDFLAG([JWKS_SHARED_LDFLAGS], [-Wl,-Bsymbolic], [-shared])
        # Never unmapped: stops a crash at dlclose, when something below us has left a handler behind.
        JWKS_TRY_LDFLAG([JWKS_SHARED_LDFLAGS], [-Wl,-z,nodelete], [-shared])

        # A program's addresses differ at each start: stops an exploit from knowing them.
        JWKS_TRY_CFLAG([JWKS_PIE_CFLAGS], [-fPIE])
        JWKS_TRY_LDFLAG([JWKS_PIE_LDFLAGS], [-pie])
    ])
    AC_SUBST([JWKS_CPPFLAGS])
    AC_SUBST([JWKS_CFLAGS])
    AC_SUBST([JWKS_LDFLAGS])
    AC_SUBST([JWKS_SHARED_LDFLAGS])
    AC_SUBST([JWKS_PIE_CFLAGS])
    AC_SUBST([JWKS_PIE_LDFLAGS])
])
