#!/usr/bin/env bash
# jwks-login at a provider that lies, stalls and breaks its word: a clear word, and nothing left; nothing lost that was there.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=login.bash
. "$(dirname "$0")/login.bash"
login_begin "$@"

false_begin

# NAME SCRIPT STATUS PATTERN [ARGUMENT...]: where it lies so
lie_fails() {
    lie "$2"
    login_fails "$1$BESIDE" "$3" "$4" "${@:5}" corp
    lie '{}'
}
WELL_KNOWN=/.well-known/openid-configuration

about_itself() {
    lie_fails "discovery: another issuer" '{"discovery": {"issuer": "https://elsewhere.example"}}' 1 issuer
    lie_fails "discovery: our issuer with a slash" "{\"discovery\": {\"issuer\": \"$ISSUER/\"}}" 1 issuer
    lie_fails "discovery: no issuer" '{"discovery": {"issuer": null}}' 1 issuer
    lie_fails "discovery: no token endpoint" '{"discovery": {"token_endpoint": null}}' 1 token_endpoint
    lie_fails "discovery: a token endpoint by http" '{"discovery": {"token_endpoint": "http://127.0.0.1:1/token"}}' 1 https
    lie_fails "discovery: a login page by http" '{"discovery": {"authorization_endpoint": "http://127.0.0.1:1/auth"}}' 1 https
    lie_fails "discovery: a login page that is none" '{"discovery": {"authorization_endpoint": "file:///etc/passwd"}}' 1 https
    lie_fails "discovery: a login page with more than an address" '{"discovery": {"authorization_endpoint": "https://a/ -x"}}' 1 https
    lie_fails "discovery: PKCE without S256" '{"discovery": {"code_challenge_methods_supported": ["plain"]}}' 1 S256
    lie_fails "discovery: a list" "{\"$WELL_KNOWN\": {\"body\": \"[]\"}}" 2 JSON
    lie_fails "discovery: a page of the network's" "{\"$WELL_KNOWN\": {\"body\": \"<title>Sign in</title>\"}}" 2 JSON
    lie_fails "discovery: 503" "{\"$WELL_KNOWN\": {\"status\": 503}}" 2 503
    lie_fails "discovery: elsewhere" "{\"$WELL_KNOWN\": {\"status\": 302, \"headers\": {\"Location\": \"$ISSUER/other\"}}}" 2 302
    lie_fails "discovery: 20 MB" "{\"$WELL_KNOWN\": {\"fill\": 20000000}}" 2 'more than'
}

# Keys that are at hand are good, whatever the provider says of them today.
about_its_keys() {
    rm -rf "$USER_HOME/.cache/jwks"
    lie_fails "keys by http" '{"discovery": {"jwks_uri": "http://127.0.0.1:1/jwks"}}' 2 'cannot be verified now.*discovery'
    rm -rf "$USER_HOME/.cache/jwks"
    lie_fails "no keys" '{"/jwks": {"status": 500}}' 2 'cannot be verified now.*500'
}

on_the_way_back() {
    lie_fails "refused" '{"callback": {"code": null, "error": "access_denied", "error_description": "You may not."}}' 1 \
        'access_denied.*You may not'
    lie_fails "another issuer" '{"callback": {"iss": "https://elsewhere.example"}}' 1 issuer
    lie_fails "no issuer, where it is announced" \
        '{"callback": {"iss": null}, "discovery": {"authorization_response_iss_parameter_supported": true}}' 1 issuer
    lie_fails "another state is ignored" '{"callback": {"state": "AAAA"}}' 1 'timed out' --timeout 2
    try "and answered so" is "$(head -n 1 "$W/browser/page")" 400
    lie_fails "no state, too" '{"callback": {"state": null}}' 1 'timed out' --timeout 2
    try "and answered so" is "$(head -n 1 "$W/browser/page")" 400
    lie_fails "no code" '{"callback": {"code": null}}' 1 'code|timed out' --timeout 2
    lie_fails "a code that the provider does not know" '{"callback": {"code": "another"}}' 1 invalid_grant
}

at_the_token_endpoint() {
    lie_fails "tokens: refused" '{"/token": {"status": 400, "json": {"error": "invalid_client"}}}' 1 invalid_client
    lie_fails "tokens: an error with status 200" '{"answer": {"error": "server_error"}}' 1 server_error
    lie_fails "tokens: 500" '{"/token": {"status": 500, "body": "<h1>Oops</h1>"}}' 2 500
    lie_fails "tokens: no JSON" '{"/token": {"body": "id_token=x"}}' 2 JSON
    lie_fails "tokens: 20 MB" '{"/token": {"fill": 20000000}}' 2 'more than'
    lie_fails "tokens: cut off" '{"/token": {"json": {"id_token": "x"}, "cut": 5, "end": "reset"}}' 2 '.'
    lie_fails "tokens: elsewhere" "{\"/token\": {\"status\": 307, \"headers\": {\"Location\": \"$ISSUER/other\"}}}" 2 307
    lie_fails "no ID token" '{"answer": {"id_token": null}}' 1 'ID token'
    lie_fails "an ID token that is a number" '{"answer": {"id_token": 7}}' 1 'ID token'
    lie_fails "an ID token that is none" '{"answer": {"id_token": "abc"}}' 1 'without a dot'
    lie_fails "an ID token of 20,000 characters" "{\"claims\": {\"x\": \"$(printf '%020000d' 0)\"}}" 1 'over the limit'
}

in_the_token() {
    lie_fails "the token: another nonce" '{"claims": {"nonce": "AAAA"}}' 1 nonce
    lie_fails "the token: no nonce" '{"claims": {"nonce": null}}' 1 nonce
    lie_fails "the token: another audience" '{"claims": {"aud": "another"}}' 1 audience
    lie_fails "the token: a stranger's audience, too" '{"claims": {"aud": ["ssh-RS256", "another"]}}' 1 'aud. names others'
    lie_fails "the token: another issuer" '{"claims": {"iss": "https://elsewhere.example"}}' 1 issuer
    lie_fails "the token: expired" '{"claims": {"iat": -900, "exp": -600}}' 1 expired
    lie_fails "the token: no exp" '{"claims": {"exp": null}}' 1 'exp|incomplete|claim|malformed'
    lie_fails "the token: made tomorrow" '{"claims": {"iat": 86400, "exp": 90000}}' 1 'future|yet|clock|iat|time'
    lie_fails "the token: no sub" '{"claims": {"sub": null}}' 1 '.'
    lie_fails "the token: unsigned" '{"key": "none"}' 1 'not signed'
    lie_fails "the token: signed by another key" '{"key": "unknown"}' 1 signature
    lie_fails "the token: signed by a key that nobody knows" '{"key": "unknown", "header": {"kid": "x"}}' 1 'key'
    lie_fails "the token: signed by a secret, it says" '{"header": {"alg": "HS256"}}' 1 'algorithm|symmetric'
    lie_fails "the token: an access token" '{"header": {"typ": "at+jwt"}}' 1 'type|typ|access'
}

all_lies() { about_itself; about_its_keys; on_the_way_back; at_the_token_endpoint; in_the_token; }
BESIDE=
login_works "control: it does not lie" corp
lie "{\"discovery\": {\"authorization_endpoint\": \"$ISSUER/auth?tenant=1\"}}"
login_works "its login page has a query of its own" corp
try "which comes first" grep -q '/auth?tenant=1&' "$W/browser/asked"
lie '{"callback": {"iss": null}}'
login_works "it does not say its issuer there, and announces nothing" corp
lie '{"claims": {"aud": ["ssh-RS256"]}}'
login_works "a list of one audience" corp
lie '{"discovery": {"token_endpoint_auth_methods_supported": ["client_secret_post"]}}'
printf 'a secret of the shop & more' | install -m 600 -o "$U" /dev/stdin "$USER_HOME/secret"
login_works "a secret that belongs into the form" --client-secret-file "$USER_HOME/secret" corp
try "is there" is "$(tail -n 1 "$F/grants" | jq -r '.[0].client_secret')" 'a secret of the shop & more'
lie '{"answer": {"refresh_token": 7, "expires_in": "soon", "more": {"a": [1, 2]}}}'
login_works "an answer with odd things in it" corp
lie '{}'
login_works "logout" logout corp
all_lies
lie_fails "discovery: a drop a second" "{\"$WELL_KNOWN\": {\"fill\": 200, \"pause\": 1}}" 2 'imed out'
lie_fails "tokens: a drop a second" '{"/token": {"fill": 200, "pause": 1}}' 2 'imed out'
login_works "a login that could be lost" corp
BESIDE=", beside a good login"
all_lies
try "control: that login is still good" person jwks-login status corp
login_works "logout" logout corp
# What it says of itself, in a terminal and in the browser
lie '{"callback": {"code": null, "error": "access_denied<script>", "error_description": "\u001b[31m\r\n\u202e&"}}'
login --quiet corp
try "a stranger's words do not write to the terminal" not grep -q $'[\x01-\x09\x0b-\x1f\x7f-\xff]' "$W/stderr"
try "they are in one line" is "$(wc -l <"$W/stderr")" 1
try "and are no script in the browser" not grep -q '<script' "$W/browser/page"
try "where they are shown, too" grep -q access_denied "$W/browser/page"
lie '{"/token": {"status": 400, "json": {"error": "x\u001b]0;y\u0007", "error_description": "\u0000\n\u0085"}}}'
login --quiet corp
try "nor do the token endpoint's" not grep -q $'[\x01-\x09\x0b-\x1f\x7f-\xff]' "$W/stderr"
try "in one line" is "$(wc -l <"$W/stderr")" 1
lie '{}'

# --- another device ---

# NAME SCRIPT STATUS PATTERN
device_fails() {
    lie "$2"
    login_fails "--device: $1" "$3" "$4" --token --device --no-browser --quiet --timeout 20 corp
    lie '{}'
}
lie '{"/token": [{"status": 400, "json": {"error": "authorization_pending"}}, {"status": 400, "json": {"error": "slow_down"}},
    {"genuine": true}]}'
started=$SECONDS
login_works "--device: pending, slow down, and yes" --token --device --no-browser corp
try "took $((SECONDS - started)) s: 1 s, 1 s and 6 s at least" test $((SECONDS - started)) -ge 7
lie '{}'
device_fails "refused" '{"/token": {"status": 400, "json": {"error": "access_denied"}}}' 1 access_denied
device_fails "over" '{"/token": {"status": 400, "json": {"error": "expired_token"}}}' 1 expired_token
device_fails "another audience" '{"claims": {"aud": "another"}}' 1 audience
device_fails "there is none" '{"discovery": {"device_authorization_endpoint": null}}' 1 device_authorization_endpoint
device_fails "by http" '{"discovery": {"device_authorization_endpoint": "http://127.0.0.1:1/"}}' 1 https
device_fails "no code" '{"/device": {"json": {"user_code": "A"}}}' 2 'no codes'
device_fails "a code for the terminal" '{"/device": {"json": {"device_code": "A", "user_code": "\u001b[2J", "interval": 1,
    "expires_in": 5, "verification_uri": "https://localhost/\u001b[2J"}}}' '[12]' '.'
try "which does not get there" not grep -q $'\x1b' "$W/stderr"
device_fails "nobody comes" '{"/token": {"status": 400, "json": {"error": "authorization_pending"}}}' 1 'timed out' --timeout 3

# --- refresh tokens ---

at_false 'scope = openid offline_access'
lie '{"claims": {"exp": 50}}'
# NAME SCRIPT: the browser is asked, and it is a good login again.
refresh_falls_back() {
    lie '{"claims": {"exp": 50}}'
    login_works "a login with a refresh token" corp
    lie "$2"
    login_works "renewal: $1" --quiet corp
    try "is by the browser" browsed
}
login_works "a login for less than a minute, with offline_access" corp
login_works "renewal" --quiet corp
try "is not by the browser" not browsed
login_works "another" --quiet corp
try "by the refresh token that came with it" not browsed
refresh_falls_back "not known any more" '{"/token": [{"status": 400, "json": {"error": "invalid_grant"}}, {"genuine": true}]}'
refresh_falls_back "the nonce is dropped" '{"/token": [{"json": {"id_token": "e30.e30.AA"}}, {"genuine": true}]}'
refresh_falls_back "no ID token" '{"/token": [{"json": {"access_token": "x"}}, {"genuine": true}]}'
lie '{"claims": {"exp": 50}}'
login_works "a login with a refresh token" corp
lie '{"claims": {"nonce": "AAAA"}}'
login_fails "renewal: another nonce, also from the browser" 1 nonce --quiet corp
keep_secrets_of "$F/grants"
e2e_end
