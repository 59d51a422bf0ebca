#!/usr/bin/env bash
# Every fault of tests/faults/ROWS has a test of its id, in tests/faults or in the script that it names, and no test has another id.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_srcdir:?set by make check}/tests"
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
status=0

row='^@row\("([A-J][0-9]{2})", '
if grep -n '^@row(' faults/*.py | grep -vE ":${row#^}"; then echo "above: an @row that this test cannot read"; status=1; fi
sed -nE "s/$row.*/\1/p" faults/*.py >"$W/tested"
# "A01 name", or "A01 name (e2e/script.sh)", which says the id itself.
while read -r id name; do
    if [[ $name =~ \((e2e/[a-z]+\.sh)\)$ ]]; then
        grep -ow "[A-J][0-9][0-9]" "${BASH_REMATCH[1]}" >>"$W/tested" || status=1
    fi
    echo "$id" >>"$W/rows"
done <faults/ROWS
[[ $(wc -l <"$W/rows") -ge 137 ]] || { echo "only these rows: $(xargs <"$W/rows")"; exit 1; }
sort -uc "$W/rows" || status=1
sort -u -o "$W/tested" "$W/tested"
diff "$W/rows" "$W/tested" || { echo "above: < row without a test, > test without a row"; status=1; }
exit $status
