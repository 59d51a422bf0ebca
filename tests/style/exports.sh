#!/usr/bin/env bash
# The library exports what its map, header, page and Debian's symbols file name; the module, what libpam looks up.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
lib=${top_srcdir:?set by make check}/libjwkscore
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT

exports() { ${NM:-nm} -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u; }
map() { sed -n '/global:/,/local:/s/^ *\([a-z_]*\);$/\1/p' "$1" | sort -u; }

exports "${top_builddir:?}/libjwkscore/.libs/libjwkscore.so" >"$W/library"
map "$lib/jwkscore.map" >"$W/map"
sed 's,/\*.*\*/,,; /^\/\*/,/\*\//d' "$lib/jwkscore.h" | grep -o 'jwkscore_[a-z_]*(' | tr -d '(' | sort -u >"$W/header"
sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/s/^\.F[no] \(jwkscore_[a-z_]*\).*/\1/p' "$lib/jwkscore.3" | sort -u >"$W/page"
exports "$top_builddir/pam_jwks/.libs/pam_jwks.so" >"$W/module"
map "$top_srcdir/pam_jwks/pam_jwks.map" >"$W/module-map"

[[ -s $W/library ]] || { echo "the library exports nothing"; exit 1; }
sed -n 's/^ \(jwkscore_[a-z_]*\)@.*/\1/p' "$top_srcdir/packaging/debian/libjwkscore0.symbols" | sort -u >"$W/symbols"
for other in map header page symbols; do
    diff -u --label "exported by the library" --label "$other" "$W/library" "$W/$other"
done
grep -vx 'pam_sm_[a-z_]*' "$W/module" && { echo "the module exports more than PAM asks for"; exit 1; }
diff -u --label "exported by the module" --label "its map" "$W/module" "$W/module-map"
