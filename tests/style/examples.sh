#!/usr/bin/env bash
# examples/jwks.conf loads, with and without the sections that it shows as comments; with a misspelt line it does not.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_builddir:?set by make check}"
W=$(mktemp -d "$PWD/examples.XXXXXX")
trap 'rm -rf "$W"' EXIT
chmod 755 "$W"

# WANT: the first word of what verify.c says, with that file and a token that is none.
says() {
    local said
    install -m 644 /dev/stdin "$W/jwks.conf"
    said=$(examples/verify "$W/jwks.conf" <<<"no-token" 2>&1 || :)
    [[ $said != unsafe-file:* ]] || { echo "$said"; exit 77; }
    [[ $said == "$1":* ]] || { echo "not $1, but $said"; exit 1; }
}
example=${top_srcdir:?}/examples/jwks.conf
says opaque <"$example"
sed 's/^;//' "$example" | says opaque
sed 's/^require/requires/' "$example" | says config
