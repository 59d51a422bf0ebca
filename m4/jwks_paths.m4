dnl SPDX-License-Identifier: Apache-2.0
dnl JWKS_ARG_DIR(NAME, WHAT, DEFAULT): --with-NAME=DIR; a relative path or none at all is a mistake.
AC_DEFUN([JWKS_ARG_DIR], [
    AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIR], [folder of $2 @<:@]m4_bpatsubst([$3], ['])[@:>@])],
                [$1=$withval], [$1=$3])
    AS_CASE([$$1],
            [/*|'${'*], [],
            [AC_MSG_ERROR([--with-$1 needs an absolute path, not "$$1"])])
    AC_SUBST([$1])
])
