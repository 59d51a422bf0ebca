#!/usr/bin/env bash
# jwksctl explain says why: each case folder is decided as a login decides it, and what else is handed over is known by its look.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2034,SC2154
set -euo pipefail
. "${top_srcdir:-$(dirname "$0")/..}/tests/fetch.bash"

mkdir "$W/cases"
copy_built jwksctl/.libs/jwksctl
export LD_LIBRARY_PATH=$W/lib
if [[ $(id -u) -eq 0 ]]; then chgrp "$owner" "$W/state" "$W/run"; fi
sections() {
    printf '[global]\nstate_dir = %s\nrun_dir = %s\nfetch_helper = %s\n' "$W/state" "$W/run" "$W/jwks-fetch"
    section corp "$good" "$ca"
    section other https://login.example.com/Realms/other "jwks_file = $W/other.jwks"
}
sections >"$W/jwks.conf"
conf=$W/jwks.conf
# ARGUMENT...: of explain, with $W/token on standard input; sets code, and what it says is in $W/out, and messages in $W/log.
explain() {
    code=0
    "${wrapper[@]}" "$W/lib/jwksctl" -c "$conf" explain "$@" <"$W/token" >"$W/out" 2>"$W/log" || code=$?
}
says() { if grep -q -- "$1" "$W/out"; then ok; else bad "does not say: $1"; sed 's/^/     > /' "$W/out"; fi; }
says_not() { if grep -q -- "$1" "$W/out"; then bad "says: $1"; else ok; fi; }
# REASON EXIT [ARGUMENT...]: what comes of it, for people and for programs.
comes_to() {
    local reason=$1 wanted=$2
    shift 2
    explain --service none --json "$@"
    is "exit with --json" "$code" "$wanted"
    is "reason" "$(/usr/bin/python3 -B "$here/ctlcheck.py" explain reason <"$W/out" 2>&1)" "$reason"
    explain --service none "$@"
    is exit "$code" "$wanted"
    is "the second line" "$(sed -n '2s/:  .*//p' "$W/out")" "to do"
    if [[ $reason == null ]]; then says '^log:      decision=allow$'; else says "^log:      decision=[a-z]* reason=$reason\$"; fi
}
base64url() { base64 -w 0 | tr '+/' '-_' | tr -d =; }
# HEADER CLAIMS: a token of the right shape, with the signature of nobody.
token() {
    printf '%s.%s.%s' "$(printf %s "$1" | base64url)" "$(printf %s "$2" | base64url)" "$(head -c 64 /dev/zero | base64url)" >"$W/token"
}
claims() {      # ISS [MORE]
    printf '{"iss":"%s","aud":"x","sub":"me","exp":%d,"iat":%d%s}' "$1" $((EPOCHSECONDS + 300)) $((EPOCHSECONDS - 10)) "${2:-}"
}
es256='{"alg":"ES256","kid":"a"}'
good_case=$here/vectors/accept/aud-string

case="each case folder"
if /usr/bin/python3 -B "$here/explaincases.py" "$W/lib/jwksctl" "$W/cases" >"$W/log" 2>&1; then ok; else bad "differs from a login"; fi
tail -n 1 "$W/log"

case="each status has its advice"
sed -n 's/^    \(JWKSCORE_\(OK\|E_[A-Z_]*\)\) = .*/\1/p' "$here/../libjwkscore/jwkscore.h" | sort >"$W/statuses"
sed -n 's/^    {\(JWKSCORE_[A-Z_]*\),.*/\1/p' "$here/../jwksctl/explain_advice.c" | sort >"$W/advice"
if [[ $(wc -l <"$W/statuses") -gt 30 ]] && diff "$W/statuses" "$W/advice" >"$W/log"; then ok; else bad "other statuses than jwkscore.h (<)"; fi

# --- usage ---

begin usage
token "$es256" "$(claims "$good")"
for arguments in "" "--service" "--service x y" "--service x --bogus" "--service x --at yesterday" "--service x --at 2026-11-21" "--service x --at 2026-02-31T00:00:00Z" \
    "--service x --at 20261121100000" "--service x --at -1"; do
    read -ra words <<<"$arguments"
    explain "${words[@]}"
    is "$arguments" "$code $(wc -c <"$W/out")" "64 0"
    has 'usage: \|--at "'
done
for arguments in "--at 2026-11-21T10:00:00Z" "--at 1795255200"; do
    read -ra words <<<"$arguments"
    explain --service x "${words[@]}"
    says "^(service x, user not asked for, at 2026-11-21T10:00:00Z, "
done

# --- what cannot be said now: by the cache ---

begin unreachable
serve '{"hang": true}'
sed "s,^fetch_helper = .*,fetch_helper = $W/nosuch," "$conf" >"$W/nohelper.conf"
conf=$W/nohelper.conf
comes_to unreachable 2
says "^  FAIL  cache  "
conf=$W/jwks.conf

begin provider
serve '{"status": 500}'
explain --service none
is exit "$code" 2
says "reason=provider"
says "^cannot be said: .*http-5xx"
comes_to suppressed 2           # the pause after that failure
says "^          \|^to do:    Wait until"

begin "unknown key, and a key of that name"
keys a b
serve '{"body_file": "jwks.json", "headers": {"Cache-Control": "max-age=3600"}}'
token '{"alg":"ES256","kid":"z\u001b[31m"}' "$(claims "$good")"
comes_to unknown-key 1
says '^  FAIL  key           z\\x1b\[31m$'
says '\[issuer corp\] has the EC key "a" for ES256\.$'
says '\[issuer corp\] has the EC key "b" for ES256\.$'
hits_before=$(hits /jwks)
token "$es256" "$(claims "$good")"
comes_to signature 1
says '^  pass  cache         fresh; max_stale = 24h (default)$'
is "no fetch" "$(hits /jwks)" "$hits_before"

begin stale
keys a
serve "$usual"
comes_to signature 1
serve '{"status": 500}'
older 90000
explain --service none          # once: the next one is held back
is exit "$code" 2
says "^log:      decision=unavailable reason=stale$"

begin "a clock that was turned back"
keys a
serve "$usual"
comes_to signature 1
older 0 floor_w 4000000000
comes_to clock 2
says_not "not about --at"
comes_to clock 2 --at $((EPOCHSECONDS + 1))
says "about the clock as it is now, not about --at"

begin "a time that has passed"
keys a
serve "$usual"
token "$es256" '{"iss":"'"$good"'","aud":"x","sub":"me","exp":1000000300,"iat":999999990}'
comes_to expired 1
says '^  FAIL  expiry        exp = 1000000300 (2001-09-09T01:51:40Z); clock_skew = 60 (default)$'
comes_to signature 1 --at 1000000000
token "$es256" '{"iss":"'"$good"'","aud":"x","sub":"me","exp":4e9}'
comes_to signature 1
says '^  pass  expiry        exp = 4e9; '
token "$es256" '{"iss":"'"$good"'","aud":"x","sub":"me","exp":99999999999999999}'
comes_to claim 1
says '^  FAIL  expiry        exp = 99999999999999999$'

begin "unsafe files"
chmod 777 "$W/state"
token "$es256" "$(claims "$good")"
comes_to unsafe-file 2
says "^  FAIL  cache"
chmod 755 "$W/state"
chmod 666 "$conf"
comes_to unsafe-file 2
says "^to do:    Give the file that is named"
says_not "Without what is wrong\|no issuer section\|characters)$"
chmod 644 "$conf"
conf=$W/absent.conf
comes_to system 2
says_not "Without what is wrong\|no issuer section\|characters)$"
conf=$W/jwks.conf

# --- a broken configuration ---

begin "a broken configuration"
cp "$here/vectors/jwks.json" "$W/corp.jwks"
sed "s,@here@/jwks.json,$W/corp.jwks," "$here/vectors/jwks.conf" >"$W/right.conf"
cp "$good_case/token" "$W/token"
at=3786912000
conf=$W/right.conf
comes_to null 0 --user nobody --at $at
says "^to do:    Nothing: with this token a login succeeds\.$"
says "^accounts: nobody$"
says "^until:    2090-01-01T00:05:00Z$"
says '^key:      "p256" (ES256, file)$'
comes_to null 0 --at $at
says "^to do:    Ask with --user, too"
comes_to user 1 --user no-such-account --at $at
says "^          There is no account \"no-such-account\" here, either"
comes_to user 1 --user daemon --at $at
says_not "There is no account"
{ cat "$W/right.conf"; printf 'bogus = 1\nalgorithms = none\n[service x]\nissuers = nosuch\n'; } >"$W/broken.conf"
conf=$W/broken.conf
comes_to config 2 --user nobody --at $at
for line in 6 7 9; do says "^  $W/broken.conf:$line: "; done
says "^Without what is wrong there: allow: ok$"
says_not "a login succeeds"
says "^  pass  audience      aud = \"ssh-prod\"; audience = ssh-prod ($W/broken.conf:3)$"
explain --service none --json --user nobody --at $at
is "the rest" "$(/usr/bin/python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["rest"]["decision"], len(d["problems"]), d["accounts"])' \
    <"$W/out")" "allow 3 ['nobody']"
comes_to config 2 --user daemon --at $at
says "^Without what is wrong there: deny: user: "
sed -i '/^audience/d' "$W/broken.conf"
comes_to config 2 --user nobody --at $at
says "^Without what is wrong there: deny: issuer: "
says "\[issuer corp\] has this issuer, but the section is not right\.$"
printf '\0' >"$W/broken.conf"
comes_to config 2

# --- an issuer that nobody configured ---

begin "an unknown issuer"
conf=$W/jwks.conf
differs() {     # ISS TEXT
    token "$es256" "$(claims "$1")"
    comes_to issuer 1
    says "\[issuer other\] is https://login.example.com/Realms/other: the token's iss differs $2\.\$"
    says "\[issuer corp\] is $good: "
}
differs https://login.example.com/Realms/other/ "only by the slash at the end, which the token has"
differs http://login.example.com/Realms/other "only by http and https"
differs https://login.example.com/realms/Other "only in capital and small letters, from character 27 on"
differs https://login.example.com/Realms/third 'from character 34 on: "third", not "other"'
token "$es256" '{"iss":7}'
comes_to issuer 1
says '^  FAIL  issuer        iss = 7$'
says '\[issuer other\] is https://login.example.com/Realms/other\.$'
token "$es256" "$(claims "https://x/\\u001b[31m\\\"\\\\")"
comes_to issuer 1
says '^  FAIL  issuer        iss = "https://x/\\x1b\[31m\\"\\\\"$'

# --- no token, no whole token, another token ---

begin "what stands in a token's place, or around it"
# REASON TEXT-BEFORE TEXT-BEHIND HINT: of a good token.
around() {
    { printf %b "$2"; cat "$good_case/token"; printf %b "$3"; } >"$W/token"
    comes_to "$1" 1
    says "^          $4"
}
around malformed ' ' '' 'There is white space around it (1 bytes before, 0 behind)'
around malformed '' ' \n' 'There is white space around it (0 bytes before, 1 behind)'
around malformed '' '\r' 'There is white space around it (0 bytes before, 1 behind)'
around issuer '' '\r\n' '\[issuer corp\] is'
around malformed '' '\n\n' 'There is white space around it (0 bytes before, 1 behind)'
around malformed 'Bearer ' '' 'It begins with "Bearer"'
around malformed '  bearer ' '' 'It begins with "Bearer"'
around malformed 'Authorization: Bearer ' '' 'It is an HTTP header'
around malformed '"' '"' 'There are quotes around it'
around malformed "'" "'" 'There are quotes around it'
around malformed 'id_token=' '&state=x' 'It begins with "id_token="'
around malformed '{"id_token": "' '"}' 'This is a JSON document'
around malformed '1/2:' '' "It begins with a part's number"
around malformed 'a\nb\n' '' 'It is spread over 3 lines'
# HINT REASON TEXT
instead() {
    printf '%s' "$3" >"$W/token"
    comes_to "$2" 1
    says "$1"
}
instead 'Nothing came on standard input' malformed ''
instead 'This is an SSH key or certificate' malformed 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGk= me'
instead 'This is an SSH key or certificate' malformed 'ecdsa-sha2-nistp256-cert-v01@openssh.com AAAA me'
instead 'This is a PEM file' malformed '-----BEGIN OPENSSH PRIVATE KEY-----'
instead 'This is an address' malformed 'https://login.example.com/cb?code=x'
instead 'Take the ID token, which begins with eyJ' opaque "$(head -c 40 /dev/zero | tr '\0' a)"
instead 'It does not begin with eyJ' malformed "ya29.$(head -c 40 /dev/zero | tr '\0' a)"
instead 'Turn off the encryption' encrypted "$(printf '{"alg":"RSA-OAEP","enc":"A256GCM"}' | base64url).a.b.c.d"
head -c 20000 /dev/zero | tr '\0' a >"$W/token"
comes_to too-long 1
says "20000 bytes long"

begin "a token that was cut off"
token "$es256" "$(claims "$good" ",\"pad\":\"$(head -c 4000 /dev/zero | tr '\0' a)\"")"
cp "$W/token" "$W/whole"
while read -r length who; do
    head -c "$length" "$W/whole" >"$W/token"
    comes_to incomplete 1
    says "^          It has exactly $length characters, which is all that $who"
    says "the token ends after $length characters, in its second part"
done <<'END'
255 sudo before 1.9
511 sudo 1.9
1023 OpenSSH's client
1024 sshd takes with the password method
4095 su, login
END
head -c 1000 "$W/whole" >"$W/token"
comes_to incomplete 1
says "It has 1000 characters, which is no client's limit"
head -c -3 "$W/whole" >"$W/token"
comes_to incomplete 1
says "the signature is cut off after 83 characters"

begin "an access token in the place of an ID token"
token '{"alg":"ES256","kid":"a","typ":"at+jwt"}' "$(claims "$good")"
comes_to type 1
says "Its typ says that it is an access token"
token "$es256" "$(claims "$good" ',"scp":"User.Read"' | sed 's/"aud":"x"/"aud":"api"/')"
comes_to audience 1
says "It seems to be an access token"
token "$es256" "$(claims "$good" | sed 's/"aud":"x"/"aud":"api"/')"
comes_to audience 1
says_not "access token"
{ cat "$W/jwks.conf"; echo 'token_type = access'; } >"$W/access.conf"
conf=$W/access.conf
token '{"alg":"ES256","kid":"a","typ":"at+jwt"}' "$(claims https://login.example.com/Realms/other ',"scp":"User.Read"' | sed 's/"aud":"x"/"aud":"api"/')"
comes_to audience 1
says_not "access token"
conf=$W/jwks.conf

# --- a key and a certificate ---

begin "a bound token"
if ! command -v ssh-keygen >/dev/null; then
    echo "no ssh-keygen: keys were left out"
else
    U=$(id -un)
    openssl genrsa -out "$W/issuer.pem" 2048 2>/dev/null
    n=$(openssl rsa -in "$W/issuer.pem" -noout -modulus | cut -d= -f2 | tr -d '\n' | basenc -d --base16 | base64url)
    echo "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"$n\",\"e\":\"AQAB\",\"kid\":\"k\"}]}" >"$W/keys.jwks"
    ssh-keygen -q -t ed25519 -N '' -C me -f "$W/id"
    ssh-keygen -q -t ed25519 -N '' -C me -f "$W/another"
    fingerprint=$(cut -d' ' -f2 "$W/id.pub" | base64 -d | openssl dgst -sha256 -binary | base64url)
    configure() {       # LINE...
        printf '%s\n' '[global]' 'min_uid = 1' '[issuer corp]' 'issuer = https://i' 'audience = x' 'user_claim = name' 'allow_root = yes' \
            "jwks_file = $W/keys.jwks" "$@" >"$W/key.conf"
    }
    configure
    conf=$W/key.conf
    signed() {          # MORE: a token for $U
        local text
        text=$(printf '{"alg":"RS256","kid":"k"}' | base64url).$(claims https://i ",\"name\":\"$U\",$1" | base64url)
        printf '%s.%s\n' "$text" "$(printf %s "$text" | openssl dgst -sha256 -sign "$W/issuer.pem" | base64url)" >"$W/token"
    }
    signed "\"ssh_keys\":[\"$(<"$W/id.pub")\"]"
    comes_to unbound 1 --user "$U" --key "$W/id.pub"
    says "^          It lists this key, as a grant does"
    comes_to unbound 1 --user "$U" --key "$W/another.pub"
    says_not "as a grant does"
    signed "\"nonce\":\"$fingerprint\""
    explain --service ssh-key --user "$U" --key "$W/id.pub"
    is exit "$code" 0
    says_not "is shown no key"
    comes_to null 0 --user "$U" --key "$W/id.pub"
    says "This service is shown no key without a certificate: ask with --service ssh-key"
    says "^  pass  binding       nonce = \"$fingerprint\"; wanted $fingerprint; key_binding = cnf nonce (default)$"
    comes_to unbound 1 --user "$U" --key "$W/another.pub"
    says "^  FAIL  binding       nonce = \"$fingerprint\"; wanted [^;\"]*; "
    cp "$W/token" "$W/bound"
    for extension in jwks-token@pam-jwks other@pam-jwks; do
        ssh-keygen -q -s "$W/id" -I me -n "$U" -V +1h -O clear -O "extension:$extension=$(<"$W/bound")" "$W/id.pub"
        mv "$W/id-cert.pub" "$W/$extension.pub"
    done
    cert=$W/jwks-token@pam-jwks.pub
    : >"$W/token"                   # what is not asked for
    comes_to null 0 --user "$U" --key "$cert"
    says '^  pass  certificate   SHA256:'
    says_not "is shown no key"
    comes_to user 1 --user nobody --key "$cert"
    says '^to do:    Make a new certificate'
    says '^  FAIL  certificate   SHA256:'
    comes_to expired 1 --user "$U" --key "$cert" --at $((EPOCHSECONDS + 7200))
    echo 'certificate_extension = other@pam-jwks' >>"$W/key.conf"
    explain --service ssh-key --user "$U" --key "$cert"
    is "in another extension" "$code $(wc -c <"$W/out")" "2 0"
    has "carries no token in an extension that certificate_extension names"
    comes_to null 0 --user "$U" --key "$W/other@pam-jwks.pub"
    configure '[issuer two]' 'issuer = https://two' 'audience = x' 'user_claim = name' 'certificate_extension = other@pam-jwks'
    comes_to issuer 1 --user "$U" --key "$W/other@pam-jwks.pub"
    says '^no: .*issuer .* does not name the extension that the token is in'
    says '^to do:    Make a new certificate'
    says_not '\[issuer'
    echo bogus >>"$W/key.conf"
    comes_to config 2 --user "$U" --key "$cert"
    says "^Without what is wrong there: allow: ok$"
    sed -i '/^audience/d' "$W/key.conf"
    explain --service ssh-key --user "$U" --key "$cert"
    is "in no section" "$code $(wc -c <"$W/out")" "2 0"
    has "carries no token in an extension"
    has "^$W/key.conf:[0-9]*: neither a comment"
    list=$(printf '"%s",' {1..256})
    signed "\"g\":[${list%,}]"
    requires=$(printf 'require = g = %s\n' {1..256})
    configure "$requires" '[service none]' "$requires"
    comes_to null 0 --user "$U"
    is "rules with require" "$(grep -c '^  pass  require ' "$W/out")" 512
    for what in "$W/nosuch" "$W/id" "$W/token" "$W/issuer.pem" "$W/keys.jwks" "$cert"; do
        explain --service ssh-key --key "$what"
        is "$what without --user" "$code $(wc -c <"$W/out")" "2 0"
        has "^jwksctl: $what: "
    done
    explain --service ssh-key --key "$W/id"
    has "a private key, it seems"
fi

# --- who asks, and what it is made of ---

if [[ $(id -u) -eq 0 ]]; then
    begin "another user only reads"
    conf=$W/jwks.conf
    serve "$usual"
    keys a
    token "$es256" "$(claims "$good")"
    chmod 644 "$W/token"
    code=0
    setpriv --reuid 64124 --regid 64124 --clear-groups "$W/lib/jwksctl" -c "$conf" explain --service none <"$W/token" >"$W/out" 2>"$W/log" || code=$?
    is "without keys" "$code $(hits /jwks) $(find "$W/state" "$W/run" -type f | wc -l)" "2 0 0"
    says "reason=unreachable"
fi

case="a full disk"
cp "$good_case/token" "$W/token"
code=0
"$W/lib/jwksctl" -c "$W/right.conf" explain --service x --at $at <"$W/token" >/dev/full 2>"$W/log" || code=$?
is exit "$code" 2
end
