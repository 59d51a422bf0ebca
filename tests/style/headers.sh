#!/usr/bin/env bash
# jwkscore.h compiles alone as C99 and as C++11, and the internal headers compile alone, all without a warning.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
: "${top_srcdir:?set by make check}"
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT

# COMPILER HEADER OPTIONS...
alone() { echo "#include \"$top_srcdir/$2\"" | $1 -I"$top_srcdir/libjwkscore" -Wall -Wextra -Werror "${@:3}" -c -o "$W/out.o" -; }

read -r compiler <<<"${CC:-cc}"
alone "$compiler" libjwkscore/jwkscore.h -x c -std=c99 -pedantic
alone "$compiler" libjwkscore/internal.h -x c -std=gnu11
alone "$compiler" jwks_fetch/fetch.h -x c -std=gnu11
alone "$compiler" client/login.h -x c -std=gnu11
cxx=$(command -v "${CXX:-c++}" || command -v g++ || command -v clang++) || { echo "no C++ compiler"; exit 77; }
alone "$cxx" libjwkscore/jwkscore.h -x c++ -std=c++11 -pedantic
