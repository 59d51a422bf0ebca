#!/usr/bin/env bash
# Many logins at once: one request for all who wait, and never a wrong verdict while keys are written or the provider is down.
# SPDX-License-Identifier: Apache-2.0
#
#     load.sh [SECONDS]         how long the soak lasts; by default 60, which on its clock are 20 minutes
# shellcheck disable=SC2119    # its own argument is none of the functions'
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=clock.bash
. "$(dirname "$0")/clock.bash"

[[ $EUID -eq 0 ]] || { echo "SKIP  ${0##*/}: needs root"; exit 77; }
own_mounts "$0" "$@"
scratch
need_packages "${HOST_PACKAGES[@]}" pamtester
build_with_test_clock
make_accounts
start_syslog
start_clock_provider
/usr/bin/python3 "$TOP/tests/replay/mint.py" "$W/p" "$ISSUER" "$U" 3600 a
mv "$W/p/a.token" "$T"
write_clock_conf
pam_stack
MANY=200

# Its own standard input is the gate, which opens for all of them at once.
wait_and_log_in() {
    echo >>"$W/waiting"
    flock -s 0
    timeout 60 pamtester "$SVC" "$U" authenticate <"$T/a.token" >>"$LOGS/clients" 2>&1
}
are_waiting() { [[ $(wc -l <"$W/waiting") -eq $1 ]]; }

# N: that many logins begin together; LET_IN of them succeed.
log_in_together() {
    local pids=() pid gate
    : >"$W/waiting"
    exec {gate}>"$W/gate"
    flock -x "$gate"
    while ((${#pids[@]} < $1)); do
        wait_and_log_in <"$W/gate" {gate}>&- &
        pids+=($!)
    done
    wait_for 60 are_waiting "$1" || die "logins that do not begin"
    exec {gate}>&-
    LET_IN=0
    for pid in "${pids[@]}"; do
        if wait "$pid"; then LET_IN=$((LET_IN + 1)); fi
    done
}

allowed_since() { log_since "$1" | grep -c "pam_jwks($SVC:auth): decision=allow .* cache=fresh"; }
all_logged() { [[ $(allowed_since "$1") -eq $MANY ]]; }

begin "E01 $MANY concurrent cold logins:"
mark
log_in_together "$MANY"
try "$ROW all of them succeed" test "$LET_IN" -eq "$MANY"
try "$ROW the log has $MANY decisions, each with fresh keys" wait_for 5 all_logged "$MARK"
try "$ROW one request" test "$(requests)" -eq 1
try "$ROW no helper lives on" wait_for 12 no_helpers
note "the longest took $(log_since "$MARK" | sed -n 's/.*decision=.* us=\([0-9]*\).*/\1/p' | sort -n | tail -n 1) microseconds"

# NAME [ARGUMENT...]: its lines are results.
load() {
    local verdict name count=0
    note "load.py $*"
    while read -r verdict name; do
        "$verdict" "$name"
        count=$((count + 1))
    done < <(/usr/bin/python3 "$TOP/tests/replay/load.py" "$PREFIX" "$CLOCK" "$@")
    try "load.py $1 came to its end" test "$count" -eq 2
}
rm "$CLOCK"
load warm
load soak "${1:-60}"
summary
