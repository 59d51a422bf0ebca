#!/usr/bin/env bash
# jwks-fetch asks: each answer has its outcome, costs no more requests than stated, and good keys stay.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2034,SC2154
set -euo pipefail
. "${top_srcdir:-$(dirname "$0")/..}/tests/fetch.bash"

# --- the way it should be ---

keys a b
begin "cold start"
serve '{"body_file": "jwks.json", "headers": {"Cache-Control": "max-age=1200", "ETag": "\"v1\""}}'
fetch corp cold
is outcome "$outcome $http $next $size $exit" "new 0 0 0 0"
is kids "$(tool kids "$(file state jwks)")" "a b"
is ttl "$(member ttl) $(member ttl_from) $(member via) $(member gen) $(member etag)" '1200 max-age origin 1 "v1"'
is requests "$(hits /jwks) $(hits "$well_known")" "1 1"
is modes "$(stat -c '%u %a' "$(file state jwks)" "$(file state disc)" "$(file run state)" "$(file run lock)" | xargs)" \
    "$owner 644 $owner 644 $owner 644 $owner 600"
has 'refresh-ok issuer=corp reason=cold outcome=new keys=2 added="a b" removed="" gen=1'
lacks cache-unsafe
fetch corp cold
is "second cold start" "$outcome $(hits /jwks)" "coalesced 1"
fetch corp due
is "due while fresh" "$outcome $(hits /jwks)" "coalesced 1"
fetch corp manual
is "manual" "$outcome $(hits /jwks) $(member gen) $(hits "$well_known")" "new 2 2 1"
if last_request | grep -q If-None-Match; then bad "a manual refresh is conditional"; else ok; fi
is ".prev" "$(tool head "$(file state prev)" gen)" 1
fetch corp manual --wait-ms 9223372036854775807
is "who waits for ever" "$outcome" new

begin "not modified"
serve '{"body_file": "jwks.json", "headers": {"Cache-Control": "max-age=1200", "ETag": "\"v1\""}}'
fetch fixed cold
body=$(sed -n 3p "$(file state jwks)")
older 1300
serve '{"status": 304, "headers": {"Cache-Control": "max-age=900", "ETag": "\"v2\""}}'
forget_requests
fetch fixed due
is outcome "$outcome $(hits /jwks)" "unchanged 1"
if last_request | grep -q 'If-None-Match": "\\"v1\\""'; then ok; else bad "not conditional: $(last_request)"; fi
is body "$(sed -n 3p "$(file state jwks)")" "$body"
is renewed "$(member ttl) $(member etag) $(member not_modified) $(member gen)" '900 "v2" 1 2'
has "refresh-ok issuer=fixed reason=due outcome=unchanged keys=2 gen=2 ttl=900 ttl_from=max-age via=origin"
older 1300 not_modified 23
fetch fixed due
is "24th in a row" "$outcome" http-3xx
has 'not asked for'
if last_request | grep -q If-None-Match; then bad "the 24th is conditional"; else ok; fi

begin "no word about freshness"
serve "$usual"
fetch corp cold
is ttl "$(member ttl) $(member ttl_from)" "3600 default"
older 1000
fetch corp due
is "due at 1000 s" "$outcome" coalesced
older 2600
fetch corp due
is "due at 3600 s" "$outcome" new

begin "hostile environment"
for name in http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy; do export "$name=http://127.0.0.1:1"; done
export SSLKEYLOGFILE=$W/run/keylog SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/nonexistent CURL_CA_BUNDLE=/dev/null
export OPENSSL_CONF=/nonexistent
fetch corp cold
is outcome "$outcome" new
is "key log" "$(find "$W/run" -name keylog)" ""
unset http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy SSLKEYLOGFILE SSL_CERT_FILE SSL_CERT_DIR
unset CURL_CA_BUNDLE OPENSSL_CONF

# --- answers that must change nothing ---

# NAME BEHAVIOUR OUTCOME [WORDS]: with good keys cached, which stay, and back-off follows.
refused() {
    case=$1
    serve "$usual"
    calm
    fetch fixed manual
    is "before" "$outcome" new
    local before
    before=$(sum)
    forget_requests
    serve "$2"
    fetch fixed manual
    is outcome "$outcome" "$3"
    is exit "$exit" 1
    is requests "$(hits /jwks)" "${asked:-1}"
    is "the keys" "$(sum)" "$before"
    has "refresh-fail issuer=fixed reason=manual outcome=$3 "
    if (($# > 3)); then has "$4"; fi
    older 3700
    fetch fixed due
    is "the next one" "$outcome $(hits /jwks)" "backoff ${asked:-1}"
    is "temporary files" "$(find "$W/state" "$W/run" -name '.tmp*')" ""
}
begin "refused answers"
html='"headers": {"Content-Type": "text/html; charset=utf-8"}'
refused 404 '{"status": 404, '"$html"', "body": "<html>"}' http-4xx http=404
refused 401 '{"status": 401, "body": "{}"}' http-4xx http=401
refused 429 '{"status": 429}' http-429
refused 500 '{"status": 500}' http-5xx http=500
refused 503 '{"status": 503}' http-5xx
for status in 202 203 204 206; do refused $status '{"status": '$status', "body_file": "jwks.json"}' http-other; done
for status in 301 302 303 307 308; do
    refused $status '{"status": '$status', "headers": {"Location": "'"$good"'/elsewhere"}}' http-3xx
done
refused "304 unasked" '{"status": 304}' http-3xx "not asked for"
refused html '{'"$html"', "body": "<html>please log in</html>"}' not-json "captive portal"
refused "not JSON" '{"body": "please log in"}' not-json
refused "two byte order marks" '{"body": "\ufeff\ufeff{\"keys\":[]}"}' not-json
refused "cut JSON" '{"body": "{\"keys\":["}' not-json
refused "duplicate member" '{"body": "{\"keys\":[],\"keys\":[]}"}' not-json
refused empty '{"body": ""}' not-json
refused "error document" '{"json": {"error": "x"}}' no-keys
refused "keys are no array" '{"json": {"keys": {}}}' no-keys
refused "no keys" '{"json": {"keys": []}}' no-usable
refused "only oct" '{"json": {"keys": [{"kty": "oct", "k": "AAAA"}]}}' no-usable
refused "129 keys" "{\"json\": {\"keys\": [$(printf '{},%.0s' {1..128}){}]}}" too-large "129 keys"
refused "600 KiB" '{"fill": 614400}' too-large
refused "10 MiB in chunks" '{"fill": 10485760, "chunked": true}' too-large
refused "a header of 100 kB" \
    '{"body": "{}", "headers": {"X": "'"$(head -c 100000 /dev/zero | tr '\0' x)"'"}}' too-large
refused "10000 headers" \
    '{"body": "{}", "headers": {"X": ['"$(printf '"xxxxxxxxxxxxxxxx",%.0s' {1..9999})"'""]}}' too-large
refused gzip '{"body_file": "jwks.json", "headers": {"Content-Encoding": "gzip"}}' encoding
refused truncated '{"body_file": "jwks.json", "cut": 100}' connect
refused "reset in the body" '{"body_file": "jwks.json", "cut": 100, "end": "reset"}' connect
refused "Content-Length too long" '{"body_file": "jwks.json", "length": 100000}' connect
refused "Content-Length too short" '{"body_file": "jwks.json", "length": 100}' not-json
refused "HTTP/0.9" '{"raw": "{\"keys\":[]}"}' http-other
asked=2 refused "status line only" '{"raw": "HTTP/1.1 200"}' connect "Empty reply"    # no whole line: once more
refused "one octet a second" '{"body_file": "jwks.json", "pause": 1}' timeout "100 octets a second"
refused "no answer" '{"delay": 20}' timeout

# --- Retry-After ---

begin "Retry-After"
serve "$usual"
fetch fixed cold
serve '{"status": 429, "headers": {"Retry-After": "120"}}'
fetch fixed manual
is outcome "$outcome" http-429
serve "$usual"
for reason in cold stale manual clock; do
    fetch fixed $reason
    is "$reason" "$outcome $(hits /jwks)" "retry-after 2"
    if ((next > 100 && next <= 120)); then ok; else bad "next attempt in $next s"; fi
done
fetch fixed kid --kid-hash "$(tool hash new)"
is kid "$outcome $(hits /jwks)" "retry-after 2"
fetch fixed force
is force "$outcome $(hits /jwks)" "new 3"

# --- TLS and the network ---

begin certificates
serve "$usual"
for name in $bad_certificates; do
    case="certificate $name"
    fetch "$name" cold
    is outcome "$outcome" tls-verify
    has "refresh-fail issuer=$name reason=cold outcome=tls-verify"
    fetch "$name" cold
    is "the next one" "$outcome" backoff
done
fetch system cold
is "our CA is not the system's" "$outcome" tls-verify
has "ca_file"
calm
fetch not-yet cold
has "check this host's clock"
fetch wrong-host cold
has "does not match target host name\|no alternative certificate subject name"
case="TLS 1.1"
fetch old-tls cold
is outcome "$outcome" tls
is requests "$(hits /jwks)" 0
case="no such host"
fetch nohost cold
is outcome "$outcome" dns
case=refused
fetch closed cold
is outcome "$outcome" connect
has 'detail="Connection refused" host="localhost:1" failures=1 next='

begin "connection that breaks once"
script "{\"connections\": [\"reset\"], \"/jwks\": $usual}"
fetch fixed cold
is reset "$outcome $(hits /jwks)" "new 1"
begin "connection that is closed once"
script "{\"connections\": [\"close\", \"serve\"], \"/jwks\": $usual}"
fetch fixed cold
is close "$outcome $(hits /jwks)" "new 1"
begin "connection that always breaks"
script "{\"connections\": [\"reset\", \"reset\"], \"/jwks\": $usual}"
fetch fixed cold
is reset "${outcome/tls/connect} $(hits /jwks)" "connect 0"   # noticed before the handshake, or in it

# --- discovery ---

# NAME ISSUER JWKS_URI WORDS
misdirected() {
    begin "discovery: $1"
    script "{\"$well_known\": {\"json\": {\"issuer\": \"$2\", \"jwks_uri\": $3}}, \"/jwks\": $usual}"
    fetch corp cold
    is outcome "$outcome $(hits /jwks)" "discovery 0"
    has "$4"
}
misdirected "another issuer" https://evil.example "\"$good/jwks\"" "its issuer is https://evil.example and ours $good"
misdirected "issuer with a slash" "$good/" "\"$good/jwks\"" "its issuer is $good/"
misdirected "http" "$good" '"http://localhost/jwks"' "not an https:// URL"
misdirected "relative" "$good" '"/jwks"' "not an https:// URL"
misdirected "no jwks_uri" "$good" null "is missing"
misdirected "user part" "$good" '"https://a@localhost/jwks"' "user part"
misdirected "fragment" "$good" '"https://localhost/jwks#a"' "fragment"
misdirected "too long" "$good" "\"$good/$(head -c 2048 /dev/zero | tr '\0' x)\"" "too long"

begin "discovery fails, address known"
serve "$usual"
fetch corp cold
tool age "$(file state disc)" 100000
script "{\"$well_known\": {\"status\": 500}, \"/jwks\": $usual}"
forget_requests
fetch corp manual
is outcome "$outcome $(hits "$well_known") $(hits /jwks)" "new 1 1"
has "discovery-fail issuer=corp outcome=http-5xx"
fetch corp manual
is "its own back-off" "$outcome $(hits "$well_known") $(hits /jwks)" "new 1 2"
tool age "$(file state disc)" 700000
calm
fetch corp manual
is "after seven days" "$outcome $(hits /jwks)" "http-5xx 2"

begin "jwks_uri moves"
serve "$usual"
fetch corp cold
serve '{"status": 404}'
fetch corp manual
is "404" "$outcome $(hits "$well_known")" "http-4xx 1"
script "{\"$well_known\": {\"json\": {\"issuer\": \"$good\", \"jwks_uri\": \"$good/new\"}}, \"/new\": $usual}"
fetch corp manual
is "then" "$outcome $(hits "$well_known") $(hits /new)" "new 2 1"
has "jwks-uri-changed issuer=corp from=\"$good/jwks\" to=\"$good/new\""

# --- mirrors ---

begin mirrors
script "{\"/jwks\": {\"status\": 503}, \"/mirror1\": {\"status\": 404}, \"/mirror2\": $usual}"
fetch m kid --kid-hash "$(tool hash new)"
is "not for a kid" "$outcome $(hits /mirror1)" "http-5xx 0"
calm
fetch m cold
is cold "$outcome $(hits /jwks) $(hits /mirror1) $(hits /mirror2)" "new 2 1 1"
has "via=mirror 2"
is via "$(member via)" "mirror 2"
fetch m manual
is manual "$outcome $(hits /mirror2)" "http-5xx 1"

end
