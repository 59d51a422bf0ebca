#!/usr/bin/env bash
# From a process in any shape (limits, umask, descriptors, signals, folder) a login works or fails for a reason, and leaves it so.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
export JWKS_HOSTILE=yes
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
build_host
allow_sudo
make_good
make_wrong

# Who may not raise a limit again, as in most containers, has no fetch with some; keys that are there will do.
refetch=unreachable
if (ulimit -f 0 && ulimit -f unlimited) 2>/dev/null; then refetch=allow; fi

as_it_was() { not grep -E '^(changed|host): ' "$W/out"; }
# Keys as the first login left them, without another one.
warm_cache() { cp -a "$W"/warm/* "$W"; }

# cold|warm WANT SPOIL...: with an empty cache or a full one.
spoilt() {
    SPOILS=("${@:3}")
    empty_cache
    [[ $1 == cold ]] || warm_cache
    check "host, $1, ${*:3}: $2" host_in "${TOKEN:-good}" "$2"
    try "and its process is as it was" as_it_was
}

spoilt cold allow
mkdir "$W/warm"
cp -a "$W/state" "$W/run" "$W/warm"

# --- one thing at a time, and all together ---

for fds in 0 1 2 01 02 12 012; do
    spoilt cold allow close="$fds"
    spoilt warm allow close="$fds"
done
for spoil in umask=0777 umask=0 open block ignore handle deleted core=0 fsize=0 nproc=0 nofile=16 stack=131072; do
    want=allow
    [[ $spoil == @(fsize|nproc)=* ]] && want=$refetch
    spoilt cold "$want" "$spoil"
    spoilt warm allow "$spoil"
    TOKEN=audience spoilt warm audience "$spoil"
done
ALL=(close=012 umask=0777 open block handle deleted core=0 nofile=16)
spoilt cold allow "${ALL[@]}"
spoilt warm allow "${ALL[@]}"
TOKEN=signature spoilt warm signature "${ALL[@]}"

# --- from nothing to enough ---

NO_FOR='decision=(fault|unavailable) .*reason=(memory|system|unreachable)'
# Yes, no, or that libpam could not load us; one decision unless that; and everything as it was.
ended() {
    case $(sed -n 's/^pam: //p' "$W/out") in
        0) ((++YES)); [[ $(decisions_since "$1") -eq 1 ]] ;;
        3 | 9) ((++NO)); [[ $(decisions_since "$1") -eq 1 ]] && log_has "$1" "$NO_FOR" ;;
        26) [[ $(decisions_since "$1") -eq 0 ]] ;;
        *) false ;;
    esac && as_it_was
}
# cold|warm LIMIT VALUE...: each ends well, some in a login and some not.
sweep() {
    local value mark
    YES=0 NO=0
    for value in "${@:3}"; do
        empty_cache
        [[ $1 == cold ]] || warm_cache
        SPOILS=("$2=$value")
        mark=$(log_lines)
        if not host_in "$T/good" >"$W/out" 2>&1; then note "$1, $2=$value: refused"; fi
        sleep 0.1                                   # the log is another process's
        if ended "$mark"; then pass "$1, $2=$value"; else fail "$1, $2=$value"; cat "$W/out"; show_log "$mark"; fi
    done
}
both() { [[ $YES -gt 0 && $NO -gt 0 ]]; }
sweep warm as 0 32 64 128 256 512 1024 4096 16384
try "and memory was too little once, and enough once" both
sweep cold as 0 64 256 1024 4096 16384
if [[ $refetch != allow ]]; then try "nor is there a login without memory for a fetch" test "$NO" -gt 0; fi
sweep warm nofile 4 5 6 7 8 9
try "descriptors for a login by cached keys were enough once" test "$YES" -gt 0
sweep cold nofile 5 7 9 10 11 12 13 14 15 16
try "and for a fetch too few once, and enough once" both
sweep cold stack 1 16384 65536

# --- what a caller of sudo can make of it ---

# In the shape SHAPE, a line of shell.
# shellcheck disable=SC2016
sudo_shaped() {
    fold -w 500 "$1" | as_user timeout 60 setsid -w \
        bash -c "$SHAPE"' && umask 0777 && exec sudo -S -p "" sh -c "$1"' sudo "$GREETING" | cat
}
shaped() {
    SHAPE=$2
    empty_cache
    check "sudo, cold, $2: $1" sudo_shaped good "$1"
    empty_cache
    warm_cache
    check "sudo, warm, $2: allow" sudo_shaped good allow
}
shaped allow true
check "sudo, warm: refused, audience" sudo_shaped audience audience
# shellcheck disable=SC2016
for shape in 'ulimit -n 20' 'ulimit -s 128' 'ulimit -c 0' 'exec 5<&0 6<&0 77<&0' 'trap "" HUP INT QUIT PIPE ALRM TERM CHLD XFSZ' \
    'cd "$(mktemp -d -p /var/tmp)" && rmdir "$PWD"'; do
    shaped allow "$shape"
done
shaped "$refetch" 'trap "" XFSZ; ulimit -f 0'
shaped "$refetch" 'ulimit -v 60000'
shaped "$refetch" 'ulimit -u 1'

# --- what of all that reaches jwks-fetch ---

fetchers() { pgrep -f "^$PREFIX/libexec/pam-jwks/jwks-fetch "; }
# FILE: of each jwks-fetch, one text for all.
seen() { local pid; for pid in $(fetchers); do tr '\0' '\n' <"/proc/$pid/$1"; done | sort -u; }
seen_line() { seen status | sed -n "s/^$1:[[:space:]]*//p" | sort -u; }
pipes() { local pid; for pid in "$@"; do find "/proc/$pid/fd" -type l -printf '%l\n'; done | grep '^pipe:' | sort -u; }
same() { [[ "$1" == "$2" ]] || { echo "$1"; return 1; }; }

provider_do corp 'jwks?delay=3000' >"$LOGS/control"
empty_cache
SPOILS=("${ALL[@]}")
host_in "$T/good" >"$W/out" 2>&1 &
login=$!
try "control: jwks-fetch is seen while it waits for an answer" wait_for 10 fetchers
sleep 1
try "its environment is ours" same "$(seen environ)" $'LANG=C\nPATH=/usr/bin:/bin'
try "its umask is 022" same "$(seen_line Umask)" 0022
try "it blocks no signal" same "$(seen_line SigBlk)" 0000000000000000
try "it ignores PIPE and XFSZ alone" same "$(seen_line SigIgn)" 0000000001001000
try "it is nobody but jwks" same "$(seen_line Uid | xargs -n 1 | sort -u)" "$(id -u jwks)"
mapfile -t pids < <(fetchers)
try "its folder is /" same "$(for pid in "${pids[@]}"; do readlink "/proc/$pid/cwd"; done | sort -u)" /
host=$(pgrep -xf "$W/bin/host $SVC .*")
inherited=$(readlink "/proc/$host/fd/50")
try "control: its host has descriptors open for others" grep -F "$inherited" <<<"$(pipes "$host")"
try "control: and one that leads to it" grep . <<<"$(comm -12 <(pipes "$host") <(pipes "${pids[@]}"))"
try "it has none but that one" not grep -F "$inherited" <<<"$(pipes "${pids[@]}")"
wait "$login"
try "control: and that was a login" grep -q '^LOGGED-IN' "$W/out"
cat "$W/out" >>"$LOGS/clients"
e2e_end
