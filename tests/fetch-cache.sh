#!/usr/bin/env bash
# jwks-fetch keeps: floods, full disks, many at once, sudden ends and wrong users leave a sound cache.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2034,SC2154
set -euo pipefail
. "${top_srcdir:-$(dirname "$0")/..}/tests/fetch.bash"

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
fetch fixed manual
is "the next one" "$outcome" new
lacks clock-skew
older 0 floor_w 4000000000
fetch fixed manual
is "the floor of a clock that was ahead" "$(member floor_w)" 4000000000
serve '{"status": 500}'
fetch fixed flush
is "a flush that failed keeps it" "$outcome $(member floor_w)" "http-5xx 4000000000"
serve "$usual"
fetch fixed manual
floor=$(member floor_w) now=$(date +%s)
if ((floor <= now && floor > now - 60)); then ok; else bad "floor_w is $floor"; fi
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
calm
serve "$usual"
fetch fixed manual
cp -p "$(file state jwks)" "$W/run"
for damaged in "$(file state jwks)" "$(file state prev)" "$(file run jwks)"; do echo >>"$damaged"; done
serve '{"status": 500}'
fetch fixed flush
is "flush of damaged files" "$outcome $(find "$W/state" -name '*.prev')$(find "$W/run" -name '*.jwks')" "http-5xx "

begin "a vanished key that came back with its private half"
keys a b
serve "$usual"
fetch fixed cold
leaked="{\"kty\": \"EC\", \"crv\": \"P-256\", \"kid\": \"a\", \"x\": \"AA\", \"y\": \"AA\", \"d\": \"c2VjcmV0\"}"
keys b
serve "{\"json\": {\"keys\": [$leaked, $(sed 's/.*\[\(.*\)\].*/\1/' "$W/p/jwks.json")]}}"
fetch fixed manual
is "taken back, and not vanished" "$(tool kids "$(file state jwks)") $(member gone)" "b []"

begin "a key with its private half"
leaked='{"kty": "EC", "crv": "P-256", "kid": "leak\u001b", "x": "AA", "y": "AA", "d": "c2VjcmV0"}'
serve "{\"json\": {\"keys\": [$leaked, $(sed 's/.*\[\(.*\)\].*/\1/' "$W/p/jwks.json")]}}"
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
    case $kind in
        directory) mkdir "$lock" ;;
        fifo) mkfifo "$lock" && chown "$owner" "$lock" ;;
        link) ln -s "$W/p/ca.pem" "$lock" ;;
    esac
    fetch fixed manual
    is outcome "$outcome $(hits /jwks)" "nostate 0"
    has "nostate issuer=fixed"
done

begin "a file with another name outside"
fetch fixed manual
ln "$(file state jwks)" "$W/elsewhere"
fetch fixed manual
is outcome "$outcome" new
has "cache-linked issuer=fixed detail=\"$(basename "$(file state jwks)") has 2 links\""
fetch fixed manual
lacks cache-linked

begin "others may write into the cache"
chmod 757 "$W/state"
fetch fixed manual
is outcome "$outcome $(hits /jwks) $exit" "fs 0 2"
has 'cache-unsafe issuer=fixed detail="'"$W"'/state is writable by others'
chmod 755 "$W/state"

begin "damaged file"
fetch fixed manual
fetch fixed manual
first=$(sed -n 3p "$(file state prev)")
echo >>"$(file state jwks)"
fetch fixed cold
is outcome "$outcome" coalesced
has cache-corrupt
fetch fixed manual
is outcome "$outcome" new
is "the good previous one" "$(tool head "$(file state prev)" gen) $(sed -n 3p "$(file state prev)")" "1 $first"

# --- many at once, and sudden ends ---

begin "50 cold starts"
serve '{"body_file": "jwks.json", "delay": 0.3}'
for ((i = 0; i < 50; i++)); do
    helper_run --issuer corp --reason cold --wait-ms 8000 3>&1 1>/dev/null 2>/dev/null | cat >"$W/answer.$i" &
    started[i]=$!
done
if wait "${started[@]}"; then ok; else bad "one of them failed"; fi
all=$(for ((i = 0; i < 50; i++)); do tool answer <"$W/answer.$i"; done | cut -d' ' -f1 | sort | uniq -c | xargs)
is outcomes "$all" "49 coalesced 1 new"
is requests "$(hits /jwks) $(hits "$well_known")" "1 1"
rm -f "$W"/answer.*

begin "who does not wait, or not so long"
serve '{"body_file": "jwks.json", "delay": 1.5}'
become_helper --issuer corp --reason cold 2>/dev/null & pid=$!
started_request /jwks
status=0
helper_run --issuer corp --reason due 2>"$W/log" || status=$?
is exit $status 0
has "refresh-skipped issuer=corp reason=due outcome=coalesced"
fetch corp cold --wait-ms 300
is "a short wait" "$outcome" lock-timeout
fetch corp cold
is "a long wait" "$outcome $(hits /jwks)" "coalesced 1"
if wait $pid; then ok; else bad "the one that was at it failed"; fi

ours() { if ! pgrep -f "^(\S*valgrind.* )?$W/jwks-fetch"; then return 0; fi; }
begin "killed at any time"
serve '{"body_file": "jwks.json", "delay": 0.02}'
fetch fixed cold
for ((i = 0; i < 40; i++)); do
    become_helper --issuer fixed --reason force 2>/dev/null & pid=$!
    sleep "0.$(printf %03d $((RANDOM % 120)))"
    end_suddenly $pid
    is "keys and state, round $i" "$(tool kids "$(file state jwks)") $(tool head "$(file run state)" fetches | wc -l)" "b 1"
done
forget_requests
fetch fixed force
is "the lock is free" "$outcome $(hits /jwks)" "new 1"

begin "killed while it asks"
serve '{"delay": 5}'
become_helper --issuer fixed --reason force 2>/dev/null & pid=$!
started_request /jwks
is "processes" "$(ours | wc -l)" 3
end_suddenly $pid
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
former=ffffffffffffffffffffffffffffffff
script "{$discovery, \"/jwks\": $usual}"
for name in state/$former.jwks run/$former.jwks run/$former.state run/$former.lock; do
    "${as_owner[@]}" touch -d "31 days ago" "$W/$name"
done
status=0
helper_run --due 2>"$W/log" || status=$?
is "exit, since some certificates are bad" "$status $(hits /jwks)" "1 3"
for name in corp fixed m; do has "refresh-ok issuer=$name reason=cold"; done
has "refresh-fail issuer=expired reason=cold outcome=tls-verify"
is "files of former configurations" "$(find "$W/state" "$W/run" -name "$former*")" "$W/run/$former.lock"
calm
forget_requests
status=0
helper_run --due 2>"$W/log" || status=$?
is "nothing is due" "$status $(hits /jwks)" "1 0"

# --- libcurl's module: who asks needs it, and nobody else ---

begin "no module"
serve "$usual"
fetch corp cold
kept=$(sum)
asks_nobody() {         # NAME WHY: nothing is sent, one line says why, and the keys stay
    case="no module: $1"
    calm
    forget_requests
    fetch corp force
    is "outcome, exit, requests, lines, keys" "$outcome $exit $(hits /jwks) $(grep -c ' outcome=helper ' "$W/log") $(sum)" "helper 1 0 1 $kept"
    has "detail=\"$2"
}
mv "$W/jwks-http.so" "$W/moved.so"
fetch corp due
is "keys that are fresh" "$outcome" coalesced
asks_nobody missing "no jwks-http.so: No such file or directory"
status=0
"${as_owner[@]}" "$W/jwks-fetch" --discover "$good" --ca-file "$W/p/ca.pem" >"$W/log" 2>&1 || status=$?
is "exit of --discover" "$status" 1
has "^helper: no jwks-http.so: No such file or directory"
version=$("$W/jwks-fetch" --version | cut -d' ' -f2)
sed "s/${version//./\\.}/${version//[0-9]/9}/g" "$W/moved.so" >"$W/jwks-http.so"
asks_nobody "of another version" "no jwks-http.so: jwks-http.so is of another version"
sed 's/http_get/http_got/g' "$W/moved.so" >"$W/jwks-http.so"
asks_nobody "without the function" "no jwks-http.so: it has no http_get"
sed 's/libcurl/nocurl_/g' "$W/moved.so" >"$W/jwks-http.so"
asks_nobody "without libcurl" "no jwks-http.so: nocurl_.*: cannot open shared object file"
: >"$W/jwks-http.so"
asks_nobody empty "no jwks-http.so: is empty"
echo "no module" >"$W/jwks-http.so"
asks_nobody "something else" "no jwks-http.so: file too short"
head -c 4096 "$W/moved.so" >"$W/jwks-http.so"
asks_nobody "a copy that broke off" "the network process died"
ln -sf moved.so "$W/jwks-http.so"
asks_nobody "a link" "no jwks-http.so: is a symbolic link"
mv "$W/moved.so" "$W/jwks-http.so"
for mode in 664 646 4644; do
    chmod "$mode" "$W/jwks-http.so"
    why="is writable by others"
    [[ $mode != 4644 ]] || why="has a set-id bit"
    asks_nobody "mode $mode" "no jwks-http.so: $why"
done
chmod 644 "$W/jwks-http.so"
if [[ $(id -u) -eq 0 ]]; then
    chmod 600 "$W/jwks-http.so"
    asks_nobody unreadable "no jwks-http.so: cannot open shared object file"
    chmod 644 "$W/jwks-http.so"
    chown 64124 "$W/jwks-http.so"
    asks_nobody "a stranger's" "no jwks-http.so: belongs to uid 64124"
    chown 0 "$W/jwks-http.so"
fi
mkdir "$W/\$LIB"
cp "$W/jwks-fetch" "$W/jwks-http.so" "$W/\$LIB"
usual_command=("${command[@]}")
command=("${command[@]/#"$W/jwks-fetch"/$W/\$LIB/jwks-fetch}")
asks_nobody "a path that dlopen reads otherwise" "no jwks-http.so: its path has a \\$"
command=("${usual_command[@]}")
folder=$W/$(printf 'x%.0s' {1..200})
mkdir "$folder"
cp "$W/jwks-fetch" "$folder"
command=("${command[@]/#"$W/jwks-fetch"/$folder/jwks-fetch}")
asks_nobody "a long path" "no jwks-http.so: No such file or directory"
command=("${usual_command[@]}")
calm
fetch corp force
is "when it is there again" "$outcome $exit" "new 0"

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
wrong() { expect_exit 64 "$W/jwks-fetch" "$@"; }
wrong
wrong --due
wrong --conf x
wrong --conf x --nonsense
wrong --conf x --due extra
wrong --conf x --due --issuer corp
wrong --conf x --issuer corp
wrong --conf x --issuer corp --reason
wrong --conf x --issuer corp --reason soon
wrong --conf x --issuer corp --reason kid
wrong --conf x --issuer corp --reason kid --kid-hash 0123
wrong --conf x --issuer corp --reason cold --kid-hash 0123456789abcdef
wrong --conf x --issuer corp --reason cold --wait-ms -1
begin "who it is"
fetch nobody-knows cold
is "unknown issuer" "$outcome $exit" "config 2"
if [[ $(id -u) -eq 0 ]]; then
    run=("$W/jwks-fetch" --conf "$W/jwks.conf" --issuer corp --reason cold --verbose)
    expect_exit 2 "${run[@]}"
    has "never as root"
    expect_exit 2 setpriv --reuid 64124 --regid 64124 --clear-groups "${run[@]}"
    has "state_dir belongs to uid $owner, and this is uid 64124"
    expect_exit 2 "${as_owner[@]}" --inh-caps +chown --ambient-caps +chown "${run[@]}"
    has "without capabilities"
    is "no file was made" "$(find "$W/state" "$W/run" -type f)" ""
fi
is "requests" "$(hits /jwks)" 0
end
