#!/usr/bin/env bash
# Instructions that the strict scanner, and the tree made after it, cost beside json-c's own parse of the same text.
# SPDX-License-Identifier: Apache-2.0
#
# Usage: bench/scan.sh BUILD-FOLDER FILE...   (needs valgrind; `make bench/scan` builds the program)
# The difference of 101 rounds and 1 is counted, so that starting the program is no part of it.
set -euo pipefail
program=$1/bench/scan
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# WAY FILE TIMES
count() {
    "${program%/*}/../libtool" --mode=execute valgrind --tool=callgrind --callgrind-out-file="$out/callgrind" \
        "$program" "$1" "$2" "$3" 2>"$out/log" || { cat "$out/log" >&2; exit 1; }
    sed -n 's/^summary: //p;s/^totals: //p' "$out/callgrind" | head -n 1
}

# WAY FILE: instructions a round
round() { echo $((($(count "$1" "$2" 101) - $(count "$1" "$2" 1)) / 100)); }

printf '%9s %9s %9s %6s %6s  %s\n' scan tree json-c s/j t/j bytes
for file in "${@:2}"; do
    scan=$(round scan "$file") tree=$(round tree "$file") peer=$(round json-c "$file")
    awk -v s="$scan" -v t="$tree" -v j="$peer" -v f="$(stat -c %s "$file") ${file##*/}" \
        'BEGIN { printf "%9d %9d %9d %6.2f %6.2f  %s\n", s, t, j, s / j, t / j, f }'
done
