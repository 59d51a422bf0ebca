#!/usr/bin/env bash
# Puts the seeds of every fuzz target, small ones of its own and the test vectors that it can read, into OUT/TARGET.
# SPDX-License-Identifier: Apache-2.0
#
#     tests/fuzz/make_seeds.sh OUT
set -euo pipefail
TESTS=$(cd "$(dirname "$0")/.." && pwd)
OUT=${1:?usage: make_seeds.sh OUT}

# TARGET FILE...: those of at most 64 KiB; what is larger only slows the search.
add() {
    local target=$1 file name
    shift
    mkdir -p "$OUT/$target"
    for file; do
        [[ -f $file && $(wc -c <"$file") -le 65536 ]] || continue
        name=${file#"$TESTS/"}
        cat "$file" >"$OUT/$target/${name//\//-}"
    done
}

shopt -s nullglob
for folder in "$TESTS"/fuzz/seeds/*/; do
    add "$(basename "$folder")" "$folder"*
done
add keyset "$TESTS"/vectors/realworld/*.jwks.json "$TESTS"/vectors/{accept,reject}/*/jwks.json
add scan "$TESTS"/vectors/realworld/{,idtokens/}*.json "$TESTS"/vectors/rfc/*.jwk "$TESTS"/vectors/{accept,reject}/*/jwks.json
add config "$TESTS"/../examples/providers/*.conf "$TESTS"/../examples/jwks.conf "$TESTS"/vectors/{accept,reject}/*/jwks.conf
add token "$TESTS"/vectors/rfc/*.jws "$TESTS"/vectors/{accept,reject}/*/token
add authenticate "$TESTS"/vectors/rfc/*.jws "$TESTS"/vectors/{accept,reject}/*/token
add certificate "$TESTS"/fuzz/seeds/{authenticate,sshkey}/*
