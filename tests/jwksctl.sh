#!/usr/bin/env bash
# jwksctl says what is the case: every state of the cache, each pause with its end, by exit status, table, JSON and metrics.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2034,SC2154
set -euo pipefail
. "${top_srcdir:-$(dirname "$0")/..}/tests/fetch.bash"

copy_built jwksctl/.libs/jwksctl
if [[ $(id -u) -eq 0 ]]; then chgrp "$owner" "$W/state" "$W/run"; fi   # keys are never fetched as root's group
sections() {
    printf '[global]\nstate_dir = %s\nrun_dir = %s\nfetch_helper = %s\n' "$W/state" "$W/run" "$W/jwks-fetch"
    section corp "$good" "$ca"
    section fixed "$good/fixed" "$ca" "jwks_uri = $good/jwks" "denied_key = b"
}
sections >"$W/jwks.conf"
conf=$W/jwks.conf
run_ctl() { LD_LIBRARY_PATH=$W/lib "${wrapper[@]}" "$W/lib/jwksctl" -c "$conf" "$@"; }
# ARGUMENTS...: sets code; what it says is in $W/out and, on standard error, in $W/log.
ctl() {
    code=0
    run_ctl "$@" >"$W/out" 2>"$W/log" || code=$?
}
says() { if grep -q -- "$1" "$W/out"; then ok; else bad "does not say: $1"; head -n 20 "$W/out" | sed 's/^/     > /'; fi; }
says_not() { if grep -q -- "$1" "$W/out"; then bad "says: $1"; else ok; fi; }
check() { /usr/bin/python3 "$here/ctlcheck.py" "$@" <"$W/out" 2>&1; }
# ISSUER MEMBER...: their values, of a document that has all that it should.
json() { run_ctl status --json >"$W/out" 2>"$W/log" || :; check status "$@"; }
metric() { ctl status --prometheus; check prometheus "$@"; }
usual_of() { keys "$@"; serve '{"body_file": "jwks.json", "headers": {"Cache-Control": "max-age=3600"}}'; }

# STATE EXIT: is it said everywhere?
shows() {
    ctl status corp
    is "exit of $1" "$code" "$2"
    says "^corp: $1\$"
    ctl status --json corp
    is "exit of $1 with --json" "$code" "$2"
    is "JSON of $1" "$(check status corp state)" "$1"
    is "metric of $1" "$(metric "jwks_state{issuer=\"corp\",state=\"$1\"}")" 1
    ctl status --prometheus
    is "exit of $1 with --prometheus" "$code" 0
    ctl status
    says "^corp  *$1 "
}

# --- options, and what is no configuration ---

begin usage
ctl
is "nothing" "$code" 64
for arguments in nosuch "status --bogus" "status --json --prometheus" "status a b" flush "flush corp fixed" "keys --prometheus" \
    "status --force"; do
    read -ra words <<<"$arguments"
    ctl "${words[@]}"
    is "$arguments" "$code $(grep -c '^usage: ' "$W/log") $(wc -c <"$W/out")" "64 1 0"
done
ctl status nosuch
is "unknown issuer" "$code" 64
has 'no issuer section "nosuch"; those that there are: corp fixed$'
ctl status $'x\e[31m'
has 'no issuer section "x\\x1b\[31m"'
ctl --help
is help "$code $(wc -c <"$W/log")" "0 0"
for what in status keys refresh flush explain check init; do says "^  $what "; done
cp "$W/out" "$W/help"
ctl status --help
if cmp -s "$W/out" "$W/help"; then ok; else bad "another help for a command"; fi
ctl --version
says "^jwksctl $(sed -n 's/^AC_INIT(\[pam-jwks\], \[\(.*\)\])/\1/p' "$here/../configure.ac")"
is "exit of --version" "$code" 0

begin "a broken configuration"
printf 'bogus = 1\nstate_dir = relative\n' | sed '1i [global]' >"$W/broken.conf"
conf=$W/broken.conf
for what in status "status --json" "status --prometheus" keys refresh "flush corp"; do
    read -ra words <<<"$what"
    ctl "${words[@]}"
    is "$what" "$code $(wc -c <"$W/out")" "2 0"
    has "^$W/broken.conf:2: "
    has "^$W/broken.conf:3: "
done
conf=$W/absent.conf
ctl status
is "no configuration" "$code" 2
has absent.conf
printf '[global]\nmin_uid = 1000\n' >"$W/empty.conf"
conf=$W/empty.conf
ctl status
is "no issuer" "$code" 2
has 'no issuer section\|no \[issuer'
conf=$W/jwks.conf
ctl status -c "$W/broken.conf"
is "a file named behind the command" "$code" 2

# --- every state ---

begin absent
shows absent 1
is json "$(json corp usable age validated last_attempt generation keys outcome)" "false null null null null 0 "
is metrics "$(metric 'jwks_age_seconds{issuer="corp"}' 'jwks_usable{issuer="corp"}')" "none 0"
ctl keys corp
is "exit of keys" "$code" 1
says "corp: no usable keys: absent"

begin fresh
usual_of a b
ctl refresh
is refresh "$code" 0
says "^corp: new: keys: 2, vanished: 0, generation: 1$"
says "^fixed: new: keys: 2, "
shows fresh 0
is json "$(json corp usable ttl ttl_from max_stale via generation keys vanished outcome failures held_back next_attempt http)" \
    "true 3600 max-age 86400 origin 1 2 0 new 0  null 200"
is counters "$(json corp reasons outcomes suppressed coalesced dropped)" '{"manual": 1} {"new": 1} {} 0 {}'
is metrics "$(metric 'jwks_fetches_total{issuer="corp",reason="manual"}' 'jwks_fetches_total{issuer="corp",reason="kid"}' \
    'jwks_fetch_outcomes_total{issuer="fixed",outcome="new"}' "jwks_issuer_info{issuer=\"corp\",url=\"$good\"}")" "1 0 1 1"
now=$(date +%s)
validated=$(metric 'jwks_validated_timestamp_seconds{issuer="corp"}')
if ((validated <= now && validated > now - 60)); then ok; else bad "validated at $validated"; fi
ctl status
says "^2 of 2 issuers have keys that are not stale$"
ctl keys
is "exit of keys" "$code" 0
says '^corp  *"a"  *EC  *ES256  *[A-Za-z0-9_-]\{43\}  fresh$'
says '^fixed  *"b"  *EC  *ES256  *[A-Za-z0-9_-]\{43\}  denied$'
ctl keys --json
is "keys" "$(check keys fixed | xargs)" "a EC ES256 false false b EC ES256 false true"

# The state of corp alone, whatever fixed is.
age_corp() { tool age "$W/state/$(json corp id).jwks" "$@"; }
begin "due, stale, expired"
usual_of a
ctl refresh
age_corp 3500
shows due 0
age_corp 8650
shows stale 1
says "^corp stale; 1 of 2 issuers"
says "^corp  *stale  *3 h 2[23] min  *20 h 3[67] min  *1 "
is usable "$(json corp usable) $(metric 'jwks_usable{issuer="corp"}')" "true 1"
ctl keys corp
is "exit of keys, stale" "$code" 0
age_corp 80000
shows expired 1
is usable "$(json corp usable) $(metric 'jwks_usable{issuer="corp"}')" "false 0"
ctl keys corp
is "exit of keys, expired" "$code" 1

begin "a file of keys"
keys a
cp "$W/p/jwks.json" "$W/corp.jwks"
{ sections; section filed "$good/filed" "jwks_file = $W/corp.jwks"; } >"$W/file.conf"
conf=$W/file.conf
ctl status filed
is exit "$code" 0
says "^filed: file$"
is json "$(json filed state usable keys age id)" "file true 1 null "
ctl keys filed
is "exit of keys" "$code" 0
ctl refresh filed
is "refresh" "$code" 2
has "jwks_file: nothing is fetched"
ctl refresh
is "the others" "$code" 0
says_not filed
chmod 666 "$W/corp.jwks"
ctl status filed
is "unsafe" "$code" 2
says "^filed: fault$"
says "corp.jwks"
is json "$(json filed state usable keys reasons) $(json filed note | grep -c corp.jwks)" "fault false 0 {} 1"
is metric "$(metric 'jwks_state{issuer="filed",state="fault"}')" 1
ctl status --prometheus
is "exit with --prometheus" "$code" 0
ctl keys filed
is "exit of keys" "$code" 2
ctl status
is "one fault among good ones" "$code" 2
says "^filed fault; 2 of 3"
chmod 644 "$W/corp.jwks"
echo '{"keys":[{"kty":"oct","k":"AAAA"}]}' >"$W/corp.jwks"
ctl status filed
is "no usable key in it" "$code $(json filed keys dropped)" '1 0 {"oct": 1}'
ctl keys filed
is "exit of keys" "$code" 1
echo '{' >"$W/corp.jwks"
ctl status filed
is "broken" "$code" 2
conf=$W/jwks.conf

begin "unsafe and damaged files"
usual_of a
ctl refresh corp
chmod 666 "$(file state jwks)"
shows absent 1
says "^corp: cache-unsafe: "
is note "$(json corp note | grep -c '^cache-unsafe: ')" 1
chmod 644 "$(file state jwks)"
shows fresh 0
printf x >>"$(file state jwks)"
shows absent 1
is note "$(json corp note | grep -c '^cache-corrupt: ')" 1
ctl refresh corp
ctl refresh corp
printf x >>"$(file state jwks)"
shows fresh 0
says "^corp: cache-corrupt: "
chmod 777 "$W/state"
ctl status
is "a folder that others could change" "$code" 2
says "^corp  *fault "
chmod 755 "$W/state"

begin "a clock that was turned back"
usual_of a
ctl refresh corp
age_corp 0 floor_w 4000000000
ctl status corp
is exit "$code" 1
says "^corp: clock: "
ctl status
says "^corp clock, fixed absent; 0 of 2"
is json "$(json corp clock_wrong usable) $(metric 'jwks_clock_wrong{issuer="corp"}')" "true false 1"

# --- what holds refreshes back, and until when ---

# MEMBER LEAST MOST: is that time so many seconds to come?
within() {
    local time
    time=$(json corp "$1")
    if [[ $time != null ]] && ((time - EPOCHSECONDS >= $2 && time - EPOCHSECONDS <= $3)); then
        ok
    else
        bad "$1 is $time"
    fi
}

begin "back-off"
usual_of a
ctl refresh corp
serve '{"status": 503}'
ctl refresh corp
is "a failed one" "$code" 1
has 'corp: provider: http-5xx (HTTP 503, next attempt in [0-9]* s)'
shows fresh 0
says "http-5xx, .* ago, failures: 1  *backoff, in "
within next_attempt 5 45
is json "$(json corp outcome http failures held_back reasons outcomes)" \
    'http-5xx 503 1 backoff {"manual": 2} {"new": 1, "http-5xx": 1}'
age_corp 3700
fetch corp due
is "held back" "$outcome" backoff
is "and counted" "$(json corp suppressed coalesced outcome) $(metric 'jwks_suppressed_total{issuer="corp",cause="backoff"}')" \
    '{"backoff": 1} 0 http-5xx 1'
ctl status corp
says "^  last attempt  .* ago: http-5xx (HTTP 503); failures in a row: 1$"
says "^  next attempt  held back by backoff for "
says "^  since boot    fetches: 2; why: manual 2; outcome: new 1, http-5xx 1$"
says "^                held back: 1; by backoff 1; coalesced: 0$"

begin "Retry-After"
usual_of a
ctl refresh corp
serve '{"status": 429, "headers": {"Retry-After": "120"}}'
ctl refresh corp
is "the first" "$code" 1
forget_requests
ctl refresh corp
is "the second" "$code $(hits /jwks)" "1 0"
has "corp: suppressed: retry-after (HTTP 0, next attempt in 1[12][0-9] s)"
shows fresh 0
says "retry-after, in "
within next_attempt 90 120
is json "$(json corp outcome held_back suppressed)" 'http-429 retry-after {"retry-after": 1}'
serve "$usual"
ctl refresh --force corp
is "--force" "$code $(hits /jwks)" "0 1"
is "nothing holds back" "$(json corp held_back next_attempt failures)" " null 0"

begin flood
usual_of a
ctl refresh corp
for kid in x y z; do fetch corp kid --kid-hash "$(tool hash $kid)"; done
is "the third" "$outcome" flood
shows fresh 0
says "^corp: flood: .* in "
within next_kid_attempt 30 60
is json "$(json corp held_back missing_kids kid_interval suppressed reasons)" ' 2 60 {"flood": 1} {"kid": 2, "manual": 1}'
fetch corp kid --kid-hash "$(tool hash x)"
is "a listed one" "$outcome $(json corp suppressed)" 'negative {"flood": 1, "negative": 1}'

begin "many at once"
usual_of a
serve '{"body_file": "jwks.json", "delay": 1}'
for ((i = 0; i < 3; i++)); do helper_run --issuer corp --reason cold --wait-ms 8000 2>>"$W/log" & others[i]=$!; done
started_request /jwks
is "under way" "$(json corp in_flight outcome)" "true helper"
ctl status
says "^corp .* under way$"
for other in "${others[@]}"; do wait "$other" || bad "a helper has failed"; done
is "the others" "$(json corp in_flight coalesced outcomes)" 'false 2 {"new": 1}'

begin "a helper that is killed"
serve '{"delay": 20}'
helper_run --issuer corp --reason cold 2>>"$W/log" & other=$!
started_request /jwks
end_suddenly "$other"
is outcome "$(json corp outcome outcomes)" 'helper {"helper": 1}'

# --- flush ---

begin flush
usual_of a b
ctl refresh corp
usual_of b
ctl refresh corp
ctl keys --json corp
is "a key that vanished" "$(check keys corp | xargs)" "b EC ES256 false false a EC ES256 true false"
ctl flush corp
is exit "$code" 0
says "^corp: flushed: new: keys: 1, vanished: 0, "
ctl keys --json corp
is "vanished keys" "$(check keys corp | xargs)" "b EC ES256 false false"
is "counters stay" "$(json corp reasons)" '{"manual": 2, "flush": 1}'
usual_of a
ctl refresh corp
serve '{"status": 500}'
ctl flush corp
is "exit in an outage" "$code" 2
has "corp: the fetch failed: provider: http-5xx (HTTP 500, next attempt in "
has "corp: the last validated keys stay: 1$"
is "what is left" "$(json corp keys vanished state)" "1 0 fresh"

begin "flush without keys"
serve '{"status": 500}'
ctl flush corp
is exit "$code" 2
has "there were no keys, and there are none"

begin "flush where no folder takes keys"
usual_of a b
ctl refresh corp
usual_of b
ctl refresh corp
chmod 555 "$W/state"
mkdir "$W/run/$(basename "$(file state jwks)")"
ctl flush corp
is exit "$code" 2
has "corp: not flushed: system: nopersist (HTTP "
is "what is left" "$(json corp keys vanished)" "1 1"

# --- strangers' names ---

begin "strangers' names"
tool jwks a >"$W/p/one.json"
sed 's/"kid": "a"/"kid": "\\u001b[31m\\"x\\\\\\u00e9\\ud83d\\ude00"/' "$W/p/one.json" >"$W/p/jwks.json"
serve "$usual"
ctl refresh corp
ctl keys corp
says '^corp  *"\\x1b\[31m\\x22x\\x5c\\xc3\\xa9\\xf0\\x9f\\x98\\x80"  EC '
if LC_ALL=C grep -q '[^ -~]' "$W/out"; then bad "a byte that is not printable"; else ok; fi
ctl keys --json corp
is "as JSON" "$(check keys corp)" '"\u001b[31m\"x\\\u00e9\ud83d\ude00" "EC" "ES256" false false'
if /usr/bin/python3 -m json.tool <"$W/out" >/dev/null; then ok; else bad "not JSON"; fi

# --- who may ---

if [[ $(id -u) -eq 0 ]]; then
    begin "another user"
    usual_of a
    ctl refresh corp
    run_ctl() { LD_LIBRARY_PATH=$W/lib setpriv --reuid 64124 --regid 64124 --clear-groups "$W/lib/jwksctl" -c "$conf" "$@"; }
    shows fresh 0
    ctl keys corp
    is "keys" "$code" 0
    for what in refresh flush; do
        ctl "$what" corp
        is "$what" "$code" 2
        has "only root and the owner of $W/state"
    done
    run_ctl() { LD_LIBRARY_PATH=$W/lib "${as_owner[@]}" "$W/lib/jwksctl" -c "$conf" "$@"; }
    ctl refresh corp
    is "the cache's owner" "$code" 0
fi

begin "no helper"
sed "s,^fetch_helper = .*,fetch_helper = $W/nosuch," "$W/jwks.conf" >"$W/nohelper.conf"
conf=$W/nohelper.conf
ctl refresh corp
is exit "$code" 2
ctl flush corp
is "exit of flush" "$code" 2
has "not flushed"
conf=$W/jwks.conf

begin "a full disk"
code=0
run_ctl status >/dev/full 2>"$W/log" || code=$?
is "exit" "$code" 2
has "standard output"

# --- what it is made of, and the page ---

case="what it links and includes"
is libraries "$(readelf -d "$W/lib/jwksctl" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^lib(a|ub)san' | sort | xargs)" \
    "libc.so.6 libjwkscore.so.0"        # but for a sanitizer's
is "headers but for its own" "$(sed -n 's/^#include "\(.*\)"/\1/p' "$here"/../jwksctl/*.[ch] | sort -u |
    while read -r header; do [[ -e $here/../jwksctl/$header ]] || echo "$header"; done)" jwkscore.h

case="manual page"
/usr/bin/python3 "$here/ctlcheck.py" members | sort -u >"$W/members"
sed -n '/^\.Sh OUTPUT FOR PROGRAMS/,/^\.Sh FILES/s/^\.It Cm \([a-z_]*\)$/\1/p' "$here/../jwksctl/jwksctl.8" | sort -u >"$W/page"
if diff "$W/members" "$W/page" >"$W/log"; then ok; else bad "another list than the programs' (<)"; fi
end
