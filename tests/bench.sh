#!/usr/bin/env bash
# bench/run.sh runs and tells what it promises; a warm decision opens three files of ours at most, locks, writes and starts nothing.
# SPDX-License-Identifier: Apache-2.0
#
# How long something took is no test's business.  As root; packages of others' libraries are neither needed nor installed.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
[[ $EUID -eq 0 ]] || { echo "SKIP  ${0##*/}: needs root"; exit 77; }
scratch
need_packages "${BUILD_PACKAGES[@]}" "${HOST_PACKAGES[@]}" valgrind strace python3-cryptography
prepare_sources
R=$W/results.json

# --- what it is not told well ---

# NAME PATTERN ARGUMENT...: exit 64, and a message
refuses() {
    local status=0
    "$W/src/bench/run.sh" "${@:3}" >"$W/said" 2>&1 || status=$?
    try "$1: exit 64" test "$status" = 64
    try "$1: says why" grep -q -- "$2" "$W/said"
}
refuses "a part that is not there" 'there is no part sundial' calls sundial
refuses "an option that is not there" '^Usage:' --quick calls
refuses "an option without its value" '^Usage:' --rounds
refuses "no number of rounds" '^Usage:' --rounds few calls

# --- one round of two parts ---

measure() { "$W/src/bench/run.sh" --alone --build "$W/bench" --rounds 1 "$@"; }
if measure --json calls sets >"$R" 2>"$W/said"; then pass "it ends well"; else fail "it ends well"; tail -n 20 "$W/said"; fi
# NAME FILTER: true of what it told; of nothing at all, nothing is (jq alone would not say so)
told() { try "$1" jq -se ".[0] | $2" "$R"; }
told "what it tells is JSON" 'type == "object"'
told "it says of what machine, of what version, and of how many rounds" \
    '.machine | .rounds == 1 and ([.date, .system, .kernel, .cpu, .processors, .load, .version, .versions.libc6] | all(. != null))'
told "it has the parts that were asked for, and no other" '.parts | keys == ["calls", "sets"]'
for row in {RS256,ES256}{,-10,-128}/{ours,login}; do
    told "sets: $row has a time, a count and memory" ".parts.sets[\"$row\"].measures | .us > 0 and .instructions > 0 and .KiB > 0"
    told "sets: $row has ratios" ".parts.sets[\"$row\"].ratios | .us > 0 and .instructions > 0"
done
told "sets: one key beside itself" '.parts.sets["RS256/ours"].ratios == {us: 1, instructions: 1}'
told "sets: the aim is judged" '.parts.sets["ES256-128/ours"] | .aims[0].met == (.ratios.instructions <= 1.05)'

# --- the warm path: counts are the same on every machine ---

for row in {certificate,PAM}', '{RS256,ES256}; do
    told "calls: $row: one to three opens of our files" ".parts.calls[\"$row\"].measures.opens | . >= 1 and . <= 3"
    told "calls: $row: no lock, no write, no process" ".parts.calls[\"$row\"].measures | [.locks, .writes, .processes] == [0, 0, 0]"
done
told "control: a miss opens, locks, writes, and starts a process" \
    '.parts.calls["a miss, ES256"].measures | .opens > 3 and ([.locks, .writes, .processes] | all(. > 0))'

# --- the other forms, of the same results ---

"$W/src/bench/table.py" "$R" >"$W/plain"
"$W/src/bench/table.py" --markdown "$R" >"$W/markdown"
try "a table for a terminal" grep -qE '^RS256-128/ours +[0-9.,]+ +[0-9.]+ ' "$W/plain"
try "and in Markdown" grep -qE '^\| RS256-128/ours \| [0-9.,]+ \| [0-9.]+ \| ' "$W/markdown"
try "both say what was reached" test "$(grep -c 'opens [0-9], wanted 3: met' "$W/plain" "$W/markdown" | cut -d: -f2 | xargs)" = "2 2"
summary
