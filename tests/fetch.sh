#!/usr/bin/env bash
# jwks-fetch against a provider that lies and stalls: the right outcome, no more requests than stated, and good keys stay.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
here=${top_srcdir:+$top_srcdir/tests}
here=${here:-$(cd "$(dirname "$0")" && pwd)}
helper=${JWKS_FETCH:-${top_builddir:-$here/..}/jwks_fetch/jwks-fetch}
[[ -x $helper ]] || { echo "no jwks-fetch: $helper"; exit 1; }
if ! [[ -x /usr/bin/python3 ]] || ! command -v openssl >/dev/null; then echo "no python3 or openssl"; exit 77; fi

# --- a folder whose parents are trusted; as root the cache belongs to a user that exists nowhere ---

if [[ $(id -u) -eq 0 ]]; then
    W=$(mktemp -d /run/jwks-fetch-test.XXXXXX) owner=64123
    as_owner=(setpriv --reuid "$owner" --regid "$owner" --clear-groups)
else
    W=$(mktemp -d "${XDG_RUNTIME_DIR:-$PWD}/jwks-fetch-test.XXXXXX") owner=$(id -u)
    as_owner=(env)
fi
provider=
clean_up() {
    if [[ -n $provider ]]; then kill "$provider" 2>/dev/null && wait "$provider" 2>/dev/null; fi
    rm -rf "$W"
}
trap clean_up EXIT
chmod 755 "$W"
mkdir "$W/p" "$W/state" "$W/run"
chown "$owner" "$W/state" "$W/run"
cp "$helper" "$W/jwks-fetch"            # the owner may not be able to reach the build folder
chmod 755 "$W/jwks-fetch" "$W/p"

echo '{}' >"$W/p/script.json"
/usr/bin/python3 -W ignore "$here/provider.py" "$W/p" & provider=$!
for ((i = 0; i < 300; i++)); do [[ -s $W/p/ports.json ]] && break; sleep 0.1; done
tool() { /usr/bin/python3 "$here/fetchtool.py" "$@"; }
port() { /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$W/p/ports.json" "$1"; }
good=https://localhost:$(port good)

# --- configuration: `corp` by discovery, `fixed` by address, `m` with mirrors, one for each kind of bad certificate ---

section() { printf '\n[issuer %s]\nissuer = %s\naudience = x\nuser_claim = sub\nca_file = %s\n' "$1" "$2" "$W/p/ca.pem"; }
{
    printf '[global]\nstate_dir = %s\nrun_dir = %s\n' "$W/state" "$W/run"
    section corp "$good"
    section fixed "$good/fixed"; echo "jwks_uri = $good/jwks"
    section m "$good/m"; printf 'jwks_uri = %s\nmirror = %s\nmirror = %s\n' "$good/jwks" "$good/mirror1" "$good/mirror2"
    section nohost https://nonexistent.invalid
    section closed https://localhost:1; echo "jwks_uri = https://localhost:1/jwks"
    bad_certificates="wrong-host expired not-yet self-signed unknown-ca sha1 no-intermediate"
    for name in $bad_certificates old-tls; do section "$name" "$good/$name"; echo "jwks_uri = https://localhost:$(port "$name")/jwks"; done
    section system "$good/system" | grep -v ca_file; echo "jwks_uri = $good/jwks"
} >"$W/jwks.conf"

# --- one run, and what came of it ---

passed=0 failures=0 case=
ok() { passed=$((passed + 1)); }
bad() { failures=$((failures + 1)); printf 'FAIL %s: %s\n' "$case" "$*"; sed 's/^/     /' "$W/log"; }
is() { if [[ $2 == "$3" ]]; then ok; else bad "$1 is \`$2', not \`$3'"; fi; }        # WHAT GOT WANTED
has() { if grep -q -- "$1" "$W/log"; then ok; else bad "not in the log: $1"; fi; }
lacks() { if grep -q -- "$1" "$W/log"; then bad "in the log: $1"; else ok; fi; }

read -ra wrapper <<<"${WRAPPER:-}"      # such as valgrind
become_helper() { exec "${as_owner[@]}" "${wrapper[@]}" "$W/jwks-fetch" --conf "$W/jwks.conf" --verbose "$@"; }
helper_run() { (become_helper "$@"); }
# ISSUER REASON [OPTION...]: sets outcome, http, next and size from the answer, and exit.
fetch() {
    local issuer=$1 reason=$2
    shift 2
    read -r outcome http next size < <({ helper_run --issuer "$issuer" --reason "$reason" --wait-ms 8000 "$@" \
        3>&1 1>/dev/null 2>"$W/log"; echo $? >"$W/exit"; } | tool answer || echo none 0 0 0)
    exit=$(<"$W/exit")
}
script() { printf '%s\n' "$1" >"$W/p/script.new"; mv "$W/p/script.new" "$W/p/script.json"; }
discovery="\"/.well-known/openid-configuration\": {\"json\": {\"issuer\": \"$good\", \"jwks_uri\": \"$good/jwks\"}}"
serve() { script "{$discovery, \"/jwks\": $1}"; }        # BEHAVIOUR of /jwks
tool jwks a b c >"$W/p/all.json"
keys() { tool pick "$W/p/all.json" "$@" >"$W/p/jwks.json"; }     # KID...: what is published from now on
hits() { if [[ -e $W/p/requests.log ]]; then grep -c "\"path\": \"$1\"" "$W/p/requests.log" || :; else echo 0; fi; }
last_request() { tail -n 1 "$W/p/requests.log"; }
forget_requests() { rm -f "$W/p/requests.log"; }
begin() { case=$*; chmod 755 "$W/state" "$W/run"; rm -rf "$W"/state/* "$W"/run/* "$W"/state/.tmp* "$W"/run/.tmp*; : >"$W/log"; forget_requests; }
file() { echo "$W/$1/"*."$2"; }
member() { tool head "$(file state jwks)" "$1"; }
older() { tool age "$(file state jwks)" "$@"; }
sum() { sha256sum <"$(file state jwks)"; }
calm() { rm -f "$W"/run/*.state; }       # forgets back-off and flood limit
usual='{"body_file": "jwks.json"}'

# --- the way it should be ---

keys a b
begin "cold start"
serve '{"body_file": "jwks.json", "headers": {"Cache-Control": "max-age=1200", "ETag": "\"v1\""}}'
fetch corp cold
is outcome "$outcome $http $next $size $exit" "new 0 0 0 0"
is kids "$(tool kids "$(file state jwks)")" "a b"
is ttl "$(member ttl) $(member ttl_from) $(member via) $(member gen) $(member etag)" '1200 max-age origin 1 "v1"'
is requests "$(hits /jwks) $(hits /.well-known/openid-configuration)" "1 1"
is modes "$(stat -c '%u %a' "$(file state jwks)" "$(file state disc)" "$(file run state)" "$(file run lock)" | xargs)" \
    "$owner 644 $owner 644 $owner 644 $owner 600"
has 'refresh-ok issuer=corp reason=cold outcome=new keys=2 added="a b" removed="" gen=1'
lacks cache-unsafe
fetch corp cold
is "second cold start" "$outcome $(hits /jwks)" "coalesced 1"
fetch corp due
is "due while fresh" "$outcome $(hits /jwks)" "coalesced 1"
fetch corp manual
is "manual" "$outcome $(hits /jwks) $(member gen) $(hits /.well-known/openid-configuration)" "new 2 2 1"
if last_request | grep -q If-None-Match; then bad "a manual refresh is conditional"; else ok; fi
is ".prev" "$(tool head "$(file state prev)" gen)" 1

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
export SSLKEYLOGFILE=$W/run/keylog SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/nonexistent OPENSSL_CONF=/nonexistent CURL_CA_BUNDLE=/dev/null
fetch corp cold
is outcome "$outcome" new
is "key log" "$(find "$W/run" -name keylog)" ""
unset http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy SSLKEYLOGFILE SSL_CERT_FILE SSL_CERT_DIR OPENSSL_CONF CURL_CA_BUNDLE

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
refused "headers of 1 MiB" '{"body": "{}", "headers": {"X": "'"$(head -c 100000 /dev/zero | tr '\0' x)"'"}}' too-large
refused "10000 headers" '{"body": "{}", "headers": {"X": ['"$(printf '"xxxxxxxxxxxxxxxx",%.0s' {1..9999})"'""]}}' too-large
refused gzip '{"body_file": "jwks.json", "headers": {"Content-Encoding": "gzip"}}' encoding
refused truncated '{"body_file": "jwks.json", "cut": 100}' connect
refused "reset in the body" '{"body_file": "jwks.json", "cut": 100, "end": "reset"}' connect
refused "Content-Length too long" '{"body_file": "jwks.json", "length": 100000}' connect
refused "Content-Length too short" '{"body_file": "jwks.json", "length": 100}' not-json
refused "HTTP/0.9" '{"raw": "{\"keys\":[]}"}' http-other
asked=2 refused "status line only" '{"raw": "HTTP/1.1 200"}' connect "Empty reply"      # no whole line: asked once more
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
is reset "${outcome/tls/connect} $(hits /jwks)" "connect 0"   # libcurl notices it before the handshake, or in it

# --- discovery ---

# NAME ISSUER JWKS_URI WORDS
misdirected() {
    begin "discovery: $1"
    script "{\"/.well-known/openid-configuration\": {\"json\": {\"issuer\": \"$2\", \"jwks_uri\": $3}}, \"/jwks\": $usual}"
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
script "{\"/.well-known/openid-configuration\": {\"status\": 500}, \"/jwks\": $usual}"
forget_requests
fetch corp manual
is outcome "$outcome $(hits /.well-known/openid-configuration) $(hits /jwks)" "new 1 1"
has "discovery-fail issuer=corp outcome=http-5xx"
fetch corp manual
is "its own back-off" "$outcome $(hits /.well-known/openid-configuration) $(hits /jwks)" "new 1 2"
tool age "$(file state disc)" 700000
calm
fetch corp manual
is "after seven days" "$outcome $(hits /jwks)" "http-5xx 2"

begin "jwks_uri moves"
serve "$usual"
fetch corp cold
serve '{"status": 404}'
fetch corp manual
is "404" "$outcome $(hits /.well-known/openid-configuration)" "http-4xx 1"
script "{\"/.well-known/openid-configuration\": {\"json\": {\"issuer\": \"$good\", \"jwks_uri\": \"$good/new\"}}, \"/new\": $usual}"
fetch corp manual
is "then" "$outcome $(hits /.well-known/openid-configuration) $(hits /new)" "new 2 1"
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

# --- unknown kids ---

begin "unknown kid"
keys a b
serve "$usual"
fetch fixed cold
keys a b c
kid() { fetch fixed kid --kid-hash "$(tool hash "$1")"; }
kid c
is "a rotation" "$outcome $(hits /jwks)" "new 2"
has 'added="c" removed=""'
kid c
is "the same again" "$outcome $(hits /jwks)" "coalesced 2"
is "no token was lost" "$(tool head "$(file run state)" kid_tokens)" 2
kid x
is "a wrong one" "$outcome $(hits /jwks)" "new 3"
kid x
is "again" "$outcome $(hits /jwks)" "negative 3"
kid y
kid z
is "a third one" "$outcome $(hits /jwks)" "flood 4"
if ((next > 50 && next <= 60)); then ok; else bad "next attempt in $next s"; fi
fetch fixed manual
is "a good refresh meanwhile" "$outcome $(hits /jwks)" "new 5"

begin "wrong signature"
keys a b
serve "$usual"
fetch fixed cold
sig() { fetch fixed sig --kid-hash "$(tool hash a)"; }
sig
is "the set is young" "$outcome $(hits /jwks)" "coalesced 1"
older 400
sig
is "the same material" "$outcome $(hits /jwks) $(tool head "$(file run state)" kid_tokens)" "new 2 1"
older 400
tool jwks a b >"$W/p/jwks.json"
sig
is "new material" "$outcome $(hits /jwks) $(tool head "$(file run state)" kid_tokens)" "new 3 2"
has 'added="a b" removed="a b"'

begin "whose clock is wrong"
serve '{"body_file": "jwks.json", "headers": {"Date": "Sun, 06 Nov 2033 08:49:37 GMT"}}'
fetch fixed cold
is outcome "$outcome" new
has "clock-skew issuer=fixed ahead=-"
older 0 floor_w 4000000000
fetch fixed manual
is "the floor of a clock that was ahead" "$(member floor_w)" 4000000000
serve "$usual"
fetch fixed manual
if (($(member floor_w) <= $(date +%s) && $(member floor_w) > $(date +%s) - 60)); then ok; else bad "floor_w is $(member floor_w)"; fi
lacks clock-skew

# --- what is stored ---

begin "vanished keys"
keys a b
serve "$usual"
fetch fixed cold
older 1000
keys b
fetch fixed manual
is kids "$(tool kids "$(file state jwks)")" "b a"
gone=$(member gone) && gone=${gone//[!0-9]/}
if ((gone >= 1000)); then ok; else bad "gone for $gone s"; fi
has 'added="" removed="a"'
older 500
fetch fixed manual
later=$(member gone) && later=${later//[!0-9]/}
if ((later >= gone + 500)); then ok; else bad "gone for $later s"; fi
fetch fixed flush
is "after a flush" "$outcome $(tool kids "$(file state jwks)") $(member gone)" "new b []"
is ".prev" "$(find "$W/state" -name '*.prev')" ""
serve '{"status": 500}'
fetch fixed flush
is "flush in an outage" "$outcome $(tool kids "$(file state jwks)")" "http-5xx b"

begin "a key with its private half"
serve "{\"json\": {\"keys\": [{\"kty\": \"EC\", \"crv\": \"P-256\", \"kid\": \"leak\\u001b\", \"x\": \"AA\", \"y\": \"AA\", \"d\": \"c2VjcmV0\"}, $(sed 's/.*\[\(.*\)\].*/\1/' "$W/p/jwks.json")]}}"
fetch fixed cold
is outcome "$outcome $(tool kids "$(file state jwks)") $(member dropped)" "new b {'private': 1}"
has 'key-dropped issuer=fixed why=private count=1 kid="leak\\x1b"'
if grep -rq c2VjcmV0 "$W/state" "$W/run"; then bad "it was stored"; else ok; fi
fetch fixed manual
lacks key-dropped

begin "state directory takes no write"
serve "$usual"
chmod 555 "$W/state"
fetch fixed cold
is outcome "$outcome $(find "$W/state" -type f)" "new "
is "overflow copy" "$(tool kids "$(file run jwks)")" b
has "disk-full issuer=fixed"
chmod 755 "$W/state"
fetch fixed manual
is "afterwards" "$outcome $(find "$W/run" -name '*.jwks') $(member gen)" "new  2"

begin "no folder takes a write"
chmod 555 "$W/state"
mkdir "$W/run/$(fetch fixed manual; basename "$(file run lock)" .lock).new"
rm -f "$W"/run/*.jwks
mv "$W"/run/*.new "$W/run/$(basename "$(file run lock)" .lock).jwks"
fetch fixed manual
is outcome "$outcome $exit" "nopersist 0"
if ((size > 300)); then ok; else bad "an envelope of $size octets"; fi
chmod 555 "$W/run"
forget_requests
fetch fixed manual
is "not even the state" "$outcome $(hits /jwks) $exit" "nostate 0 2"

for kind in directory fifo link; do
    begin "lock is a $kind"
    chmod 755 "$W/run"
    fetch fixed manual
    forget_requests
    lock=$(file run lock)
    rm "$lock"
    case $kind in directory) mkdir "$lock" ;; fifo) mkfifo "$lock" && chown "$owner" "$lock" ;; link) ln -s "$W/p/ca.pem" "$lock" ;; esac
    fetch fixed manual
    is outcome "$outcome $(hits /jwks)" "nostate 0"
    has "nostate issuer=fixed"
done

begin "damaged file"
fetch fixed manual
fetch fixed manual
first=$(sed -n 3p "$(file state prev)")
echo >>"$(file state jwks)"
fetch fixed cold
is outcome "$outcome" coalesced
has cache-corrupt
fetch fixed manual
is "the good previous one stays" "$outcome $(tool head "$(file state prev)" gen) $(sed -n 3p "$(file state prev)")" "new 1 $first"

# --- many at once, and sudden ends ---

begin "50 cold starts"
serve '{"body_file": "jwks.json", "delay": 0.3}'
for ((i = 0; i < 50; i++)); do
    helper_run --issuer corp --reason cold --wait-ms 8000 3>&1 1>/dev/null 2>/dev/null | cat >"$W/answer.$i" &
    started[i]=$!
done
wait "${started[@]}"
all=$(for ((i = 0; i < 50; i++)); do tool answer <"$W/answer.$i" | cut -d' ' -f1; done | sort | uniq -c | xargs)
is outcomes "$all" "49 coalesced 1 new"
is requests "$(hits /jwks) $(hits /.well-known/openid-configuration)" "1 1"
rm -f "$W"/answer.*

begin "who does not wait, or not so long"
serve '{"body_file": "jwks.json", "delay": 1.5}'
become_helper --issuer corp --reason cold 2>/dev/null & pid=$!
for ((i = 0; i < 50; i++)); do [[ $(hits /jwks) == 1 ]] && break; sleep 0.1; done
status=0
helper_run --issuer corp --reason due 2>"$W/log" || status=$?
is exit $status 0
has "refresh-skipped issuer=corp reason=due outcome=coalesced"
fetch corp cold --wait-ms 300
is "a short wait" "$outcome" lock-timeout
fetch corp cold
is "a long wait" "$outcome $(hits /jwks)" "coalesced 1"
wait $pid

ours() { pgrep -f "^(\S*valgrind.* )?$W/jwks-fetch" || :; }
begin "killed at any time"
serve '{"body_file": "jwks.json", "delay": 0.02}'
fetch fixed cold
for ((i = 0; i < 40; i++)); do
    become_helper --issuer fixed --reason force 2>/dev/null & pid=$!
    sleep "0.$(printf %03d $((RANDOM % 120)))"
    { kill -KILL $pid && wait $pid; } 2>/dev/null || :
    if [[ $(tool kids "$(file state jwks)") == b ]] && tool head "$(file run state)" >/dev/null; then ok; else bad "round $i"; fi
done
forget_requests
fetch fixed force
is "the lock is free" "$outcome $(hits /jwks)" "new 1"

begin "killed while it asks"
serve '{"delay": 5}'
become_helper --issuer fixed --reason force 2>/dev/null & pid=$!
for ((i = 0; i < 50; i++)); do [[ $(hits /jwks) == 1 ]] && break; sleep 0.1; done
is "processes" "$(ours | wc -l)" 2
{ kill -KILL $pid && wait $pid; } 2>/dev/null || :
for ((i = 0; i < 20; i++)); do [[ -z $(ours) ]] && break; sleep 0.1; done
is "processes" "$(ours)" ""
is "what it left" "$(tool head "$(file run state)" outcome) $(tool head "$(file run state)" fail_n)" "helper 1"
serve "$usual"
fetch fixed cold
is "a waiting one goes by the back-off" "$outcome" backoff
fetch fixed manual
is "the lock is free" "$outcome" new

# --- every source that is due ---

begin "--due"
serve "$usual"
script "{$discovery, \"/jwks\": $usual}"
status=0
helper_run --due 2>"$W/log" || status=$?
is "exit, since some certificates are bad" "$status $(hits /jwks)" "1 3"
for name in corp fixed m; do has "refresh-ok issuer=$name reason=cold"; done
has "refresh-fail issuer=expired reason=cold outcome=tls-verify"
calm
forget_requests
helper_run --due 2>"$W/log" || :
is "nothing is due" "$(hits /jwks)" 0

# --- who may run it, and how ---

case=arguments
expect_exit() {
    local wanted=$1 status=0
    shift
    "$@" >/dev/null 2>"$W/log" || status=$?
    is "$*" "$status" "$wanted"
}
expect_exit 0 "$W/jwks-fetch" --help
expect_exit 0 "$W/jwks-fetch" --version
for arguments in "" "--due" "--conf x" "--conf x --due --issuer corp" "--conf x --issuer corp" "--conf x --issuer corp --reason soon" \
    "--conf x --issuer corp --reason kid" "--conf x --issuer corp --reason cold --kid-hash 0123456789abcdef" \
    "--conf x --issuer corp --reason kid --kid-hash 0123" "--conf x --issuer corp --reason cold --wait-ms -1" \
    "--conf x --due extra" "--nonsense"; do
    # shellcheck disable=SC2086
    expect_exit 64 "$W/jwks-fetch" $arguments
done
begin "who it is"
fetch nobody-knows cold
is "unknown issuer" "$outcome $exit" "config 2"
if [[ $(id -u) -eq 0 ]]; then
    expect_exit 2 "$W/jwks-fetch" --conf "$W/jwks.conf" --issuer corp --reason cold
    has "never as root"
    expect_exit 2 setpriv --reuid 64124 --regid 64124 --clear-groups "$W/jwks-fetch" --conf "$W/jwks.conf" --issuer corp --reason cold --verbose
    has "state_dir belongs to uid $owner, and this is uid 64124"
    expect_exit 2 setpriv --reuid "$owner" --regid "$owner" --clear-groups --inh-caps +chown --ambient-caps +chown \
        "$W/jwks-fetch" --conf "$W/jwks.conf" --issuer corp --reason cold
    has "without capabilities"
    is "no file was made" "$(find "$W/state" "$W/run" -type f)" ""
fi
is "requests" "$(hits /jwks)" 0

printf '%d passed, %d failed\n' "$passed" "$failures"
((failures == 0))
