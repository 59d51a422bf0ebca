#!/usr/bin/env bash
# Tokens of every default algorithm, and one with 200 groups, open ssh and sudo; an algorithm that is not allowed does not.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
start_sshd
allow_sudo
make_good

for alg in RS256 PS256 ES256 EdDSA; do
    mint "$alg" corp --alg "$alg"
    tamper <"$T/$alg" | keep_token "$alg-tampered"
    check "$alg opens ssh" ssh_askpass "$alg" allow
    check "$alg opens sudo" sudo_askpass "$alg" allow
    check "$alg with one changed character does not" ssh_askpass "$alg-tampered" signature
done

# These three the provider signs as well, and none of them is a default.
for alg in RS384 ES384 Ed25519; do
    mint "$alg" corp --alg "$alg"
    check "$alg is refused while jwks.conf does not name it" ssh_askpass "$alg" algorithm
done
write_conf 'algorithms = RS384 ES384 Ed25519' 'audience = ssh-RS384 ssh-ES384 ssh-Ed25519'
for alg in RS384 ES384 Ed25519; do check "$alg opens ssh once it does" ssh_askpass "$alg" allow; done
check "and RS256, which it no longer names, is refused" ssh_askpass RS256 algorithm

write_conf
mint big corp --user big
for way in ssh_askpass ssh_parts ssh_paramiko sudo_askpass sudo_parts; do
    check "$way: a token of $(wc -c <"$T/big") bytes, 200 groups" "$way" big allow
done
write_conf 'require = groups = 5e0a1c3c-6d0e-4b7b-9f7a-000000000199'
check "a rule on the last of its groups holds" ssh_askpass big allow
check "and does not for a token with fewer" ssh_askpass good claim
e2e_end
