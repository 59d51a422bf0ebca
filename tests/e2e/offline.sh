#!/usr/bin/env bash
# Logins go on while the provider is down and across rotations of its keys, and never cost it more requests than they must.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
start_sshd
make_good

# NUMBER NAME WAY TOKEN WANT: a check that makes the host ask for the keys that often.
check_hits() {
    local before now
    before=$(jwks_hits corp)
    check "${@:2}"
    now=$(jwks_hits corp)
    try "and asks for keys $1 times" test $((now - before)) -eq "$1"
}

check_hits 1 "the first login fetches the keys" ssh_askpass good allow
check_hits 0 "the second does not" ssh_askpass good allow
port=$(op corp PORT)
provider_stop corp
check "provider down: a login by cached keys" ssh_askpass good allow
empty_cache
check "provider down, nothing cached: no login" ssh_askpass good unreachable
provider_start corp --port "$port"
empty_cache
check_hits 1 "provider back: a login again" ssh_askpass good allow

provider_do corp 'rotate?mode=overlap' >"$LOGS/rotate"
mint overlap corp
check_hits 1 "rotation with overlap: a token by the new key" ssh_askpass overlap allow
check_hits 0 "and one by the old key" ssh_askpass good allow
provider_do corp 'rotate?mode=replace' >"$LOGS/rotate"
mint replaced corp
check_hits 1 "rotation by replacement: a token by the new key" ssh_askpass replaced allow
check_hits 1 "and one by a key that is gone is refused" ssh_askpass overlap unknown-key
check_hits 0 "again, without another request" ssh_askpass overlap unknown-key

# Slow answers make sure that they all wait at the same time.
provider_do corp 'jwks?delay=1500' >"$LOGS/rotate"
empty_cache
mkdir "$W/many"
before=$(jwks_hits corp)
pids=() refused=0
for i in {1..50}; do
    ssh_askpass "$T/replaced" >"$W/many/$i" 2>&1 &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    wait "$pid" || ((++refused))
done
cat "$W/many"/* >>"$LOGS/clients"
try "50 first logins at once are all let in" test "$refused" -eq 0
try "and the provider sees one request for keys" test $(($(jwks_hits corp) - before)) -eq 1
e2e_end
