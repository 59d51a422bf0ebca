#!/usr/bin/env bash
# Every fuzz target keeps its promises for every seed; with any compiler, and quickly.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
status=0

"${BASH:-bash}" "${top_srcdir:?set by make check}/tests/fuzz/make_seeds.sh" "$W/seeds"
for program in "${top_builddir:?set by make check}"/tests/fuzz/fuzz_*; do
    [[ -f $program && -x $program ]] || continue
    target=${program##*/fuzz_}
    if "$program" -runs=0 "$W/seeds/$target" >"$W/log" 2>&1; then
        echo "$target: $(tail -n 1 "$W/log")"
    else
        echo "$target fails; the last input named is the one:"
        sed -nE '/ERROR|SUMMARY|    #[0-9] /p' "$W/log"
        tail -n 5 "$W/log"
        status=1
    fi
    rm -rf "${W:?}/seeds/$target"
done
# Each folder of seeds had its program.
rmdir "$W/seeds" || status=1
exit $status
