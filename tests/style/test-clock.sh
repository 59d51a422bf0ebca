#!/usr/bin/env bash
# A build for hosts has the kernel's clocks alone: nothing in it reads an offset, and its version says nothing of tests.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_builddir:?set by make check}"
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
status=0

read -ra compiler <<<"${CC:-cc}"

# FILE: does it read our mark, say in its version what it is, or stand in for libc's time()?
is_movable() { grep -aqE 'test clock|/mark/of/a/clock' "$1" || ${NM:-nm} "$1" | grep -q ' [Tt] time$'; }

"${compiler[@]}" -D_GNU_SOURCE -DPACKAGE_VERSION='"0"' -DJWKS_TEST_CLOCK='"/mark/of/a/clock"' -I"${top_srcdir:?}/libjwkscore" \
    -c -o "$W/clock_test.o" "$top_srcdir/tests/clock_test.c"
is_movable "$W/clock_test.o" || { echo "this test would not see a test clock"; status=1; }
for object in libjwkscore/.libs/libjwkscore.so pam_jwks/.libs/pam_jwks.so jwks_fetch/jwks-fetch; do
    [[ -e $object ]] || { echo "no $object"; status=1; }
    if is_movable "$object"; then echo "$object: its clocks can be moved (configure --enable-test-clock)"; status=1; fi
done
# One file reads the clocks of decisions.
readers=$(grep -lE '\btime\((NULL|&)|CLOCK_(REALTIME|BOOTTIME)' "$top_srcdir"/{libjwks,pam_jwks,nss_helper,jwks}*/*.c | xargs -n 1 basename | xargs)
[[ $readers == clock.c ]] || { echo "the clocks are read by: $readers"; status=1; }
exit $status
