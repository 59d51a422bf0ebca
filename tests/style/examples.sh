#!/usr/bin/env bash
# examples/jwks.conf loads, with and without the sections that it shows as comments; with a misspelt line it does not.
# Each provider's lines for login.conf do, and say the same issuer and client as those for jwks.conf.
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

# FILE: what its comment has for login.conf
login_of() { sed -n '/^# For jwks-login, /,/^#$/s/^#     //p' "$1"; }
# KEY FILE: its value there
value_of() { sed -nE "s/^$1 *= *//p" "$2"; }
# YES-OR-NO: is it taken?  What refuses it ends with 64; what is asked, with what this machine has not.
login_is_taken() {
    local code=0 taken=yes
    chmod 600 "$W/login.conf"
    client/jwks-login --config "$W/login.conf" status >"$W/said" 2>&1 || code=$?
    if [[ $code -eq 64 ]]; then taken=no; fi
    [[ $taken == "$1" ]] || { cat "$W/said"; echo "$file, for jwks-login: exit status $code"; exit 1; }
}
seen=0
for file in "$top_srcdir"/examples/providers/*.conf; do
    login_of "$file" >"$W/login.conf"
    [[ -s $W/login.conf ]] || continue
    seen=$((seen + 1))
    login_is_taken yes
    [[ $(value_of issuer "$W/login.conf") == "$(value_of issuer "$file")" ]] || { echo "$file: two issuers"; exit 1; }
    [[ $(value_of client_id "$W/login.conf") == "$(value_of audience "$file")" ]] || { echo "$file: another client than its audience"; exit 1; }
    sed -i s/^client_id/client/ "$W/login.conf"
    login_is_taken no
done
[[ $seen -eq 10 ]] || { echo "$seen providers have lines for jwks-login"; exit 1; }
