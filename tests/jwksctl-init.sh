#!/usr/bin/env bash
# jwksctl init writes what a provider says of itself into a jwks.conf that loads, lets nobody in, and overwrites nothing.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2034,SC2154
set -euo pipefail
. "${top_srcdir:-$(dirname "$0")/..}/tests/fetch.bash"
mkdir "$W/out.d"
copy_built jwksctl/.libs/jwksctl
conf=$W/out.d/jwks.conf
ctl() {                 # ARGUMENTS...: sets code; what it says is in $W/out and, on standard error, in $W/log
    code=0
    LD_LIBRARY_PATH=$W/lib "$W/lib/jwksctl" "$@" >"$W/out" 2>"$W/log" || code=$?
}
init() { ctl init --fetch-helper "$W/jwks-fetch" --account nobody --ca-file "$W/p/ca.pem" "$@"; }
says() { if grep -q -- "$1" "$W/out"; then ok; else bad "not said: $1"; sed 's/^/     > /' "$W/out"; fi; }
says_not() { if grep -q -- "$1" "$W/out"; then bad "said: $1"; else ok; fi; }
# MEMBERS [JWKS]: what discovery says beside the issuer, and the keys.
provide() {
    script "{\"$well_known\": {\"json\": {\"issuer\": \"$good\", \"jwks_uri\": \"$good/jwks\"$1}}, \"/jwks\": ${2:-$usual}}"
}
fresh() { begin "$@"; rm -f "$conf"; keys a b; provide ""; }
# The configuration part of check: is there an error in it?
configuration() {
    ctl -c "$1" check --offline --pam-dir "$W/nosuch" --sshd /nonexistent
    sed -n 's/^error: configuration: //p; s/^\(ok: configuration: .*\)/\1/p' "$W/out"
}

fresh "a file"
provide ', "claims_supported": ["sub", "preferred_username", "urn:x/y", "no good", "b\u001b[31m", 5]'
init -o "$conf" --audience ssh-prod --name corp "$good"
is exit "$code" 0
has "^$conf is written.  Decide there: user_claim (or a user_map), require.  Then: jwksctl check$"
is mode "$(stat -c '%a %u' "$conf")" "644 $(id -u)"
is "what check says" "$(configuration "$conf")" "ok: configuration: $conf: issuers: 1"
cp "$conf" "$W/out"
for line in '\[issuer corp\]' "issuer       = $good" "ca_file      = $W/p/ca.pem" 'audience     = ssh-prod' 'algorithms   = ES256' \
    'user_claim   = sub' 'require      = groups = DECIDE' '# The provider names these claims: sub preferred_username urn:x/y' \
    "# Of the keys at $good/jwks these can be used: 2"; do
    says "^$line\$"
done
is "places to decide" "$(grep -c '^# DECIDE: ' "$conf")" 2
is "asked" "$(hits "$well_known") $(hits /jwks)" "1 1"
is "nothing is kept" "$(find "$W/state" "$W/run" -type f | wc -l)" 0

case="what is there stays"
sum=$(sha256sum <"$conf")
init -o "$conf" --audience other "$good"
is exit "$code" 2
has "$conf is there already, and stays as it is"
is contents "$(sha256sum <"$conf")" "$sum"
rm "$conf"
echo x >"$W/elsewhere"
ln -s "$W/elsewhere" "$conf"
init -o "$conf" "$good"
is "a link" "$code $(<"$W/elsewhere")" "2 x"
rm "$conf"
ln -s "$W/not-yet" "$conf"
init -o "$conf" "$good"
is "a link to nothing" "$code $(find "$W/not-yet" 2>/dev/null)" "2 "
rm "$conf"
init -o "$W/nosuch/jwks.conf" "$good"
is "no such folder" "$code" 2

fresh "the usual place, whatever the umask, without an audience"
(umask 077; ctl -c "$conf" init --fetch-helper "$W/jwks-fetch" --account nobody --ca-file "$W/p/ca.pem" "$good"; exit "$code")
has "Decide there: audience, user_claim"
is mode "$(stat -c %a "$conf")" 644
is "what check says" "$(configuration "$conf")" "ok: configuration: $conf: issuers: 1"
is "places to decide" "$(grep -c '^# DECIDE: ' "$conf")" 3
is "the audience" "$(sed -n 's/^audience  *= //p' "$conf")" DECIDE

fresh "killed, or without room, while it writes"
# FAULT: as strace injects it; what the shell says of a death is no news.
init_with() {
    code=0
    LD_LIBRARY_PATH=$W/lib ASAN_OPTIONS=detect_leaks=0 strace -o /dev/null -e trace=fsync -e "inject=fsync:$1" "$W/lib/jwksctl" init \
        --fetch-helper "$W/jwks-fetch" --account nobody --ca-file "$W/p/ca.pem" -o "$conf" "$good" >"$W/out" 2>"$W/log" || code=$?
} 2>/dev/null
if command -v strace >/dev/null; then
    for fault in signal=SIGKILL error=ENOSPC; do
        init_with "$fault"
        is "$fault: a file" "$(ls "$conf" 2>/dev/null)" ""
        if [[ $fault == signal=SIGKILL ]]; then
            rm "$conf".??????           # it could not
        else
            is "$fault: exit" "$code" 2
            has "$conf cannot be written: No space left"
        fi
        is "$fault: nothing else" "$(ls "$W/out.d")" ""
    done
fi

fresh "a provider of many claims"
claims=$(printf ', "a_claim_of_a_length_that_is_nothing_unusual_for_a_provider_%03d"' {1..150})
provide ", \"claims_supported\": [${claims#, }]"
init -o "$conf" "$good"
is exit "$code" 0
is "what check says" "$(configuration "$conf")" "ok: configuration: $conf: issuers: 1"
is "claims" "$(grep -o 'a_claim_of[a-z_]*[0-9]*' "$conf" | sort -u | wc -l)" 150
fresh "a provider that would write the configuration"
provide ', "claims_supported": ["x\nrequire = sub = evil", "#", "y = z", "sub]", "\\\n", "\u2028", "ok"], "jwks_uri_": "x"'
init -o "$conf" "$good"
is "its lines" "$(grep -c 'evil\|y = z' "$conf")" 0
is "claims" "$(sed -n 's/^# The provider names these claims: //p' "$conf")" ok

fresh "to standard output"
init -o - "$good"
is "exit" "$code $(wc -c <"$W/log")" "0 0"
says '^\[issuer sso\]$'
is "no file" "$(ls "$W/out.d")" ""

# --- algorithms: what the keys are for, and where they do not say, what the provider signs with ---

# NAME MEMBERS WANTED KEY...
algorithms() {
    fresh "algorithms: $1"
    local members=$2 wanted=$3
    shift 3
    tool algorithms "$@" >"$W/p/jwks.json"
    provide "$members"
    init -o - "$good"
    is exit "$code" 0
    is algorithms "$(sed -n 's/^algorithms   = //p' "$W/out")" "$wanted"
    cp "$W/out" "$conf"
    is "what check says" "$(configuration "$conf")" "ok: configuration: $conf: issuers: 1"
}
algorithms "of keys that say" "" "PS256 ES384" RSA:PS256 P-384:ES384
algorithms "of keys that do not" "" "RS256 PS256 ES256" RSA P-256
algorithms "as discovery says" ', "id_token_signing_alg_values_supported": ["RS512", "HS256", "none"]' "RS512" RSA
algorithms "a key knows better" ', "id_token_signing_alg_values_supported": ["RS512"]' "RS256" RSA:RS256 P-256
algorithms "Ed25519" "" "EdDSA" Ed25519
fresh "algorithms: none"
provide ', "id_token_signing_alg_values_supported": ["HS256"]'
tool algorithms RSA >"$W/p/jwks.json"
init -o "$conf" "$good"
is "exit" "$code $(ls "$W/out.d")" "2 "
has "none of its keys is for an algorithm"

# --- what cannot be ---

fresh "another issuer"
init -o "$conf" "$good/other"
is exit "$code" 2
script "{\"/other$well_known\": {\"json\": {\"issuer\": \"$good\", \"jwks_uri\": \"$good/jwks\"}}}"
init -o "$conf" "$good/other"
is exit "$code" 2
has "$good/other: discovery: its issuer is $good and ours $good/other"
is "no file" "$(ls "$W/out.d")" ""
fresh "no keys"
provide "" '{"json": {"keys": []}}'
init -o "$conf" "$good"
is "exit" "$code $(ls "$W/out.d")" "2 "
fresh "an error"
provide "" '{"status": 503}'
init -o "$conf" "$good"
is "exit" "$code" 2
has "http-5xx"
fresh "another certificate"
ctl init --fetch-helper "$W/jwks-fetch" --account nobody -o "$conf" "$good"
is exit "$code" 2
has "$good: tls"
fresh "whoever starts it ignores its children"
LD_LIBRARY_PATH=$W/lib env --ignore-signal=CHLD "$W/lib/jwksctl" init --fetch-helper "$W/jwks-fetch" --account nobody --ca-file "$W/p/ca.pem" \
    -o "$conf" "$good" >"$W/out" 2>"$W/log" || bad "refused"
fresh "no helper"
ctl init --fetch-helper "$W/nosuch" --account nobody -o "$conf" "$good"
is exit "$code" 2
has "cannot be started"
if [[ $(id -u) -eq 0 ]]; then
    for account in nosuch root; do
        ctl init --fetch-helper "$W/jwks-fetch" --account "$account" -o "$conf" "$good"
        is "account $account" "$code" 2
        has "no account $account"
    done
fi
fresh usage
for arguments in "" "a b" "--nosuch $good" "-o"; do
    read -ra words <<<"$arguments"
    ctl init "${words[@]}"
    is "\`$arguments'" "$code $(grep -c '^usage: ' "$W/log")" "64 1"
done
for arguments in "http://x.example.com" "not-an-address" "--name a/b $good" "--ca-file relative $good" "--proxy nonsense $good"; do
    read -ra words <<<"$arguments"
    ctl init -o "$conf" "${words[@]}"
    is "\`$arguments'" "$code $(ls "$W/out.d")" "64 "
done
for audience in $'x\ny' 'x # y' $'x\x1b[31m' $'x\xff'; do
    init -o "$conf" --audience "$audience" "$good"
    is "audience $(printf %q "$audience")" "$code $(ls "$W/out.d")" "64 "
done
is "nobody is asked" "$(hits "$well_known")" 0

# --- jwks-fetch's side ---

case="options of jwks-fetch"
for arguments in "--discover $good --due" "--discover $good --conf $W/jwks.conf" "--discover $good --confinement" "--ca-file $W/p/ca.pem" \
    "--confinement --proxy http://p" "--discover" "--confinement --issuer corp"; do
    read -ra words <<<"$arguments"
    code=0
    "${as_owner[@]}" "$W/jwks-fetch" "${words[@]}" >"$W/log" 2>&1 || code=$?
    is "$arguments" "$code" 64
done
if [[ $(id -u) -eq 0 ]]; then
    code=0
    "$W/jwks-fetch" --discover "$good" >"$W/log" 2>&1 || code=$?
    is "as root" "$code" 2
fi
end
