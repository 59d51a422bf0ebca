#!/usr/bin/env bash
# The central signer: makes grants, tokens that list SSH keys, which hosts admit without asking anybody.
# SPDX-License-Identifier: Apache-2.0
#
#     grant.sh new SIGNER.pem >signer.jwks                    once: a key, and what each host has as /etc/jwks/signer.jwks
#     grant.sh SIGNER.pem ACCOUNT DAYS KEY.pub... >NAME.jwt   for /var/lib/jwks-grants/ACCOUNT/NAME.jwt
#
# Needs OpenSSL 3 and jq; the hosts need neither.  SIGNER.pem opens every account that a grant can name: keep it off the hosts.
set -euo pipefail
ISSUER=${ISSUER:-https://signer.example.com} AUDIENCE=${AUDIENCE:-ssh-grants}

base64url() { basenc --base64url -w0 | tr -d =; }
public() { openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | base64url; }
key_id() { openssl pkey -in "$1" -pubout -outform DER | openssl dgst -sha256 -r | cut -c -16; }

if [[ ${1:-} == new && $# -eq 2 ]]; then
    (umask 077; set -o noclobber; openssl genpkey -algorithm ed25519 >"$2")
    jq -n --arg x "$(public "$2")" --arg kid "$(key_id "$2")" \
        '{keys: [{kty: "OKP", crv: "Ed25519", x: $x, kid: $kid, alg: "EdDSA", use: "sig"}]}'
    exit
fi
[[ $# -ge 4 && $3 =~ ^[0-9]{1,3}$ ]] || { grep -E '^#  +grant' "$0" >&2; exit 64; }
for file in "${@:4}"; do
    [[ $(<"$file") =~ ^[a-z0-9@.-]+\ AAAA[A-Za-z0-9+/=]+(\ [^$'\n']*)?$ ]] || { echo "$file holds not one public key" >&2; exit 1; }
done
signer=$1 now=$(date +%s)
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT

header=$(jq -nc --arg kid "$(key_id "$signer")" '{alg: "EdDSA", typ: "JWT", kid: $kid}' | base64url)
claims=$(cut -d' ' -f1,2 "${@:4}" | jq -Rsc --arg iss "$ISSUER" --arg aud "$AUDIENCE" --arg sub "$2" --argjson iat "$now" \
    --argjson days "$3" '{$iss, $aud, $sub, $iat, exp: ($iat + $days * 86400), ssh_keys: rtrimstr("\n") | split("\n")}' | base64url)
printf %s "$header.$claims" >"$W/signed"
printf '%s.%s\n' "$(<"$W/signed")" "$(openssl pkeyutl -sign -rawin -inkey "$signer" -in "$W/signed" | base64url)"
