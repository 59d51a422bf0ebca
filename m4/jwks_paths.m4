dnl SPDX-License-Identifier: Apache-2.0
dnl JWKS_ARG_DIR(NAME, WHAT, DEFAULT): --with-NAME=DIR; a relative path or none at all is a mistake.  The variable has _ for each -.
AC_DEFUN([JWKS_ARG_DIR], [
    AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIR], [folder of $2 @<:@]m4_bpatsubst([$3], ['])[@:>@])],
                [jwks_dir=$withval], [jwks_dir=$3])
    AS_CASE([$jwks_dir],
            [/*|'${'*], [],
            [AC_MSG_ERROR([--with-$1 needs an absolute path, not "$jwks_dir"])])
    AC_SUBST(m4_translit([[$1]], [-], [_]), [$jwks_dir])
])
