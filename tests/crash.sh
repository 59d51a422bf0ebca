#!/usr/bin/env bash
# Killed at any system call from the lock to the end, jwks-fetch leaves a valid cache, a free lock, and a pause if it has asked.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2034,SC2154
set -euo pipefail
. "${top_srcdir:-$(dirname "$0")/..}/tests/fetch.bash"
if [[ $(nm -D "$W/jwks-fetch" 2>/dev/null) =~ __(asan|ubsan) ]]; then
    echo "a build whose leak checker wants to trace it, too"
    exit 77
fi
if ! strace -o /dev/null -e inject=getpid:signal=KILL:when=99 true 2>/dev/null; then
    echo "no strace, or no process may be traced here"
    exit 77
fi
keys a b
script "{$discovery, \"/jwks\": $usual}"

ours() { if ! pgrep -f "^$W/jwks-fetch"; then return 0; fi; }
gone() { for ((i = 0; i < 40; i++)); do [[ -z $(ours) ]] && return; sleep 0.05; done; }
# STRACE-OPTION... -- HELPER-OPTION...: only the writer is traced, so it is the writer that is killed.
traced() {
    local options=()
    while [[ $1 != -- ]]; do options+=("$1"); shift; done
    shift
    strace -o "$W/trace" "${options[@]}" "${command[@]}" "$@" 2>"$W/log" || status=$?
}
save() { rm -rf "$W/saved" && mkdir "$W/saved" && cp -a "$W/state" "$W/run" "$W/saved"; }
restore() { find "$W/state" "$W/run" -mindepth 1 -delete; cp -a "$W"/saved/* "$W"; : >"$W/p/requests.log"; }

# What the two folders hold: `GENERATION FAILURES`, or what is wrong with them.  In one go, since it is done so often.
held() { /usr/bin/python3 - "$here" "$W" <<'EOF'
import glob, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from fetchtool import read_cache_file
folder, gen, failures = sys.argv[2], 0, 0
for path in sorted(glob.glob(folder + "/state/*.*")):
    head, body = read_cache_file(path)
    if path.endswith(".jwks"):
        gen = head["gen"]
        assert [key["kid"] for key in body["keys"]] == ["a", "b"]
for path in glob.glob(folder + "/run/*.state"):
    state = read_cache_file(path)
    state = {**state[0], **state[1]}
    failures = state["fail_n"]
    assert failures == 0 or state["next_b"] > state["attempt_b"] > 0, "failed, and no pause"
print(gen, failures)
EOF
}

# One death, before that call of that name.
die_at() {              # NAME NUMBER OLD-GENERATION HELPER-OPTION...
    local call=$1 number=$2 old=$3 gen failed lock
    shift 3
    restore
    status=0 what="before $call $number"
    traced -e inject="$call:signal=KILL:when=$number" -- "$@"
    is "status $what" "$status" 137
    gone
    is "processes left, $what" "$(ours)" ""
    if ! read -r gen failed < <(held 2>>"$W/log"); then bad "the cache is damaged, $what"; return; fi
    if ((gen != old && gen != old + 1)); then bad "generation $gen, $what"; fi
    lock=$(find "$W/run" -name '*.lock')
    if [[ -n $lock ]] && ! flock -n "$lock" true; then bad "the lock is held, $what"; fi
    # Once a request has been made it counts as failed until it is written down that it did not.
    if [[ -s $W/p/requests.log && $gen == "$old" && $failed == 0 ]]; then bad "no pause, $what"; fi
    steps+="$gen$failed "
}
# What there is, without what differs between two runs.
shape() { find "$W/state" "$W/run" -type f -printf '%f %s %m\n' | sed -E 's/^(\.tmp\.[0-9a-f]*)[^ ]*/\1/' | sort; }

# What the next one makes of it: a waiting login goes by the pause, an administrator does not, and nothing of the dead is left.
go_on() {               # ISSUER
    if [[ $steps == *1\  ]]; then
        forget_requests
        fetch "$1" cold
        is "requests of a login after death $what: $outcome" "$(wc -l <"$W/p/requests.log")" 0
    fi
    find "$W/state" "$W/run" -name '.tmp.*' -exec touch -d '2 minutes ago' {} +
    fetch "$1" force
    is "the next one after death $what" "$outcome" new
    is "files left by death $what" "$(find "$W/state" "$W/run" -type f -printf '%f\n' | sed 's/.*\.//; /prev/d' | sort | xargs)" "$files"
}

# From a saved cache of that generation: every system call between the lock and the end that is of that kind.
every_call() {          # OLD-GENERATION KIND HELPER-OPTION...
    local old=$1 kind=$2 call temporary=0 now before='' calls=()
    shift 2
    save
    status=0
    traced -- "$@"
    is "control: a run that nobody kills" "$status $(held)" "0 $((old + 1)) 0"
    mapfile -t calls < <(awk -F'(' '/^[a-z0-9_]+\(/ { n[$1]++; if (locked) print $1, n[$1] } /^flock\(.* = 0$/ { locked = 1 }' "$W/trace")
    if ((${#calls[@]} > 100)); then ok; else bad "only ${#calls[@]} system calls"; fi
    steps=
    for call in "${calls[@]}"; do
        [[ $call =~ ^($kind)\  ]] || continue
        die_at "${call% *}" "${call#* }" "$old" "$@"
        now=$(shape)
        [[ $now != *.tmp.* ]] || temporary=$((temporary + 1))
        [[ $now == "$before" ]] || go_on "$2"           # else it is as after the death before
        before=$now
    done
    # Old, no failure; stamped; new, still stamped; new, and written down.
    if [[ $steps =~ ^(${old}0\ )+(${old}1\ )+($((old + 1))1\ )+($((old + 1))0\ )+$ ]]; then ok; else bad "order of steps: $steps"; fi
    if ((temporary > 12)); then ok; else bad "a temporary file was left $temporary times only"; fi
}

begin "over an older generation"
fetch fixed force
fetch fixed force
files="jwks lock state"
every_call 2 '.*' --issuer fixed --reason force

# Calls that only look were all died at above.
begin "for the first time, with discovery"
changes='open.*|creat|f?chmod.*|fallocate|p?write.*|fsync|rename.*|unlink.*|ftruncate|clone.*|fork|vfork|kill|wait.*|exit.*|poll'
files="disc jwks lock state"
every_call 0 "$changes" --issuer corp --reason cold
end
