#!/usr/bin/env bash
# An ID token opens an SSH login through every kind of client, and a token that is wrong in one thing never does.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
start_sshd
make_good
make_wrong
make_pasted

controls ssh_askpass
for way in ssh_askpass ssh_parts ssh_paramiko; do
    check "$way: a token of $(wc -c <"$T/good") bytes is let in" "$way" good allow
    for reason in "${WRONG[@]}"; do check "$way: refused, $reason" "$way" "$reason" "$reason"; done
done
check "typed at a terminal, 1000 characters at each prompt" ssh_typed good allow
check "typed at a terminal: refused, audience" ssh_typed audience audience

mint short corp --alg ES256 --scope 'openid profile'
mint short-audience corp --alg ES256 --scope 'openid profile' --client web-ES256
mint short-expired corp --alg ES256 --scope 'openid profile' --ttl 1
mint short-user corp --alg ES256 --scope 'openid profile' --user stranger
mint short-issuer stranger --alg ES256 --scope 'openid profile'
tamper <"$T/short" | keep_token short-signature
sleep 2
check "password method: a token of $(wc -c <"$T/short") bytes is let in" ssh_password short allow
for reason in "${WRONG[@]}"; do check "password method: refused, $reason" ssh_password "short-$reason" "$reason"; done
mark=$(log_lines)
check "password method: a token that its client cuts at 1023 is refused" ssh_password good incomplete
logged "and the log names keyboard-interactive" "$mark" "decision=.*keyboard-interactive"

for what in "${PASTED[@]}"; do check "pasted instead of a token: $what" ssh_paramiko "$what" "$what"; done
echo | keep_token empty
check "an empty answer is refused" ssh_paramiko empty incomplete
{ head -c 200000 /dev/zero | tr '\0' x; echo; } | keep_token huge
check "an answer of 200,000 characters is refused" ssh_paramiko huge too-long
check "and a good token is still let in" ssh_paramiko good allow

# For these sshd hands junk to the module, whatever was typed.
hits=$(jwks_hits corp)
LOGIN=nobody-here check "an account that does not exist is refused" ssh_paramiko good unknown-user
LOGIN=root check "root is refused where PermitRootLogin is no" ssh_paramiko good malformed
try "and neither made the host ask for keys" test "$(jwks_hits corp)" -eq "$hits"
e2e_end
