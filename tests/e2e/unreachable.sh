#!/usr/bin/env bash
# Without keys and without a usable answer the login is unavailable, not denied, in bounded time, and the log names the step.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
provider_start stranger
make_good
MAX_WAIT=8

# STEP REASON: with the configuration and the provider as they are now, and an empty cache.
unavailable() {
    local start=$SECONDS mark
    empty_cache
    mark=$(log_lines)
    check "$1: no login" pam_whole good "$2"
    try "$1: within $MAX_WAIT s" test $((SECONDS - start)) -le $((MAX_WAIT + 1))
    try "$1: PAM_AUTHINFO_UNAVAIL" grep -q 'cannot retrieve authentication info' "$W/out"
    logged "$1: named in the log" "$mark" "decision=.*reason=$2 .*\b$1\b"
}

check "control: a good token, all in order" pam_whole good allow
write_conf 'jwks_uri = https://no-such-host.invalid/jwks'
unavailable dns unreachable
write_conf "jwks_uri = https://localhost:$(free_port)/jwks"
unavailable connect unreachable
CA=stranger write_conf
unavailable tls-verify unreachable

write_conf
while read -r mode step reason; do
    provider_do corp "jwks?mode=$mode" >"$LOGS/control"
    unavailable "$step" "$reason"
done <<'END'
404 http-4xx provider
500 http-5xx provider
redirect http-3xx provider
slow timeout unreachable
html not-json provider
truncated not-json provider
empty no-usable provider
huge too-large provider
END
provider_do corp 'jwks?mode=ok' >"$LOGS/control"
empty_cache
check "in order again: let in" pam_whole good allow
e2e_end
