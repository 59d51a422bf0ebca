#!/usr/bin/env bash
# The folders of tests/vectors/accept and reject are what tests/vectors/mint makes, byte for byte, and there are enough of them.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_srcdir:?set by make check}/tests/vectors"
python3 -c 'import cryptography' 2>/dev/null || { echo "no python3-cryptography"; exit 77; }
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT

python3 mint/mint.py "$W"
for made in accept reject jwks.json jwks.conf; do
    diff -r "$made" "$W/$made" >"$W/diff" || { head -n 20 "$W/diff" | cut -c 1-200; echo "$made: not what mint.py makes"; exit 1; }
done
cases=$(find accept reject -mindepth 1 -maxdepth 1 -type d | wc -l)
((cases >= 250)) || { echo "only $cases cases"; exit 1; }
