dnl SPDX-License-Identifier: Apache-2.0
dnl JWKS_WARNINGS: WARN_CFLAGS, what the code compiles without.  Never -Werror here: `make warnings` adds it.
AC_DEFUN([JWKS_WARNINGS], [
    m4_foreach_w([flag], [-Wall -Wextra -Wvla -Wconversion -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wshadow],
                 [JWKS_TRY_CFLAG([WARN_CFLAGS], flag)])
    AC_SUBST([WARN_CFLAGS])
])
