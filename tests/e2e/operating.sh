#!/usr/bin/env bash
# What docs/operating.md says under Emergency, followed block by block: each ends what it says it ends, and nothing else.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
surroundings_without_zone
make_key_folder "$W/keys"
for key in mine lost granted; do new_key "$key" -t ed25519; done

# --- a host with keys by token and by grant, an administrator's plain key, and a second issuer ---

write_conf
cd "$W"
"$TOP/examples/bastion/grant.sh" new signer.pem >"$W/etc/signer.jwks"
printf '%s\n' '[issuer signer]' 'issuer = https://signer.example.com' 'audience = ssh-grants' "jwks_file = $W/etc/signer.jwks" \
    'user_claim = sub' >>"$CONF"
sed -i "s,^\[global\]$,&\ngrants_dir = $W/grants," "$CONF"
install -d -g jwks -m 750 "$W/grants" "$W/grants/$U"
"$TOP/examples/bastion/grant.sh" signer.pem "$U" 30 "$K/granted.pub" >"$T/grant"
for name in laptop other; do install -g jwks -m 640 "$T/grant" "$W/grants/$U/$name.jwt"; done
printf '%s\n' "auth required $PREFIX/lib/security/pam_jwks.so conf=$CONF" 'account required pam_unix.so' 'session required pam_permit.so' >"/etc/pam.d/$SVC"
: >"$W/etc/revoked.conf"
start_sshd 'PubkeyAuthentication yes' 'PasswordAuthentication no' 'AuthorizedKeysFile none' "Include $W/etc/revoked.conf" \
    "AuthorizedKeysCommand $PREFIX/libexec/pam-jwks/jwks-authorized-keys -c $CONF %u %t %k" 'AuthorizedKeysCommandUser jwks'
make_good
for key in mine lost; do mint_for "$key" "$key"; certify "$key" "$key" "$U" "$key"; done
cp "$CONF" "$W/good.conf"

# NUMBER [SED-EXPRESSION...]: that block under Emergency, with our names for theirs
block() {
    awk -v wanted="$1" '/^## / { here = /^## Emergency/ }
        /^    / && here { if (!inside) number++; inside = 1; if (number == wanted) print substr($0, 5); next }
        { inside = 0 }' "$TOP/docs/operating.md" |
        sed -e "s,/etc/jwks/jwks\.conf,$CONF,g; s,/var/lib/jwks-grants/alice,$W/grants/$U,; s,alice,$U,g" \
            -e "s,/etc/ssh/sshd_config\.d/revoked\.conf,$W/etc/revoked.conf,; s,/etc/ssh/revoked_keys,$W/etc/revoked_keys,g" "${@:2}"
}
follow() { eval "$(block "$@")" >>"$LOGS/operating" 2>&1; }
gets_in() { lets_in ssh_key "$1"; }
# NAME KEY REASON: refused by us, for that
is_out() {
    local mark
    mark=$(log_lines)
    try "$1" not gets_in "$2"
    logged "$1, as ${3} in the log" "$mark" "jwks-authorized-keys\[[0-9]+\]: decision=[a-z]+ .*reason=$3 "
}
sshd_is_back() { [[ $(grep -c '^Server listening' "$LOGS/sshd.log") -eq 2 ]]; }
back() { cp "$W/good.conf" "$CONF"; try "and taken back: in" gets_in mine; }

for key in mine lost granted; do try "before, $key: in" gets_in "$key"; done

kid=$("$PREFIX/sbin/jwksctl" -c "$CONF" keys --json corp | jq -r '.issuers[0].keys[] | select(.algorithm == "RS256").kid')
sed -i "/^\[issuer corp\]/a $(block 1 -e "s/KID-or-thumbprint/$kid/")" "$CONF"
is_out "a key of the provider, by denied_key" mine denied-key
try "and a grant of another issuer: in" gets_in granted
back

follow 2 -e "s,SHA256:[A-Za-z0-9+/]*,SHA256:$(fingerprint lost | tr -- '-_' '+/')," -e '/systemctl/d'
kill -HUP "$(cat "$W/sshd.pid")"
wait_for 10 sshd_is_back
try "an SSH key, by RevokedKeys: refused" not gets_in lost
try "and sshd says why" grep -q 'revoked by file' "$LOGS/sshd.log"
try "and another key of the same person: in" gets_in mine

rm_one=$(block 3 | head -n 1) rm_all=$(block 3 | tail -n 1)
eval "$rm_one"
try "one grant of two: the other one lets the key in" gets_in granted
eval "$rm_all"
is_out "all grants of an account" granted unbound

mark=$(log_lines)
eval "$(block 4 | head -n 1)"
try "a person, by an expired account: refused" not gets_in mine
log_since "$mark" | grep -q 'decision=allow' || fail "and it was the account, not the token"
eval "$(block 4 | sed -n '1s/.*back: //p')"
try "and taken back: in" gets_in mine

eval "$(block 5 | head -n 1)"
"$PREFIX/sbin/jwksctl" -c "$CONF" status >"$W/status" || :
try "an issuer: jwks.conf is still right, and no longer names it" bash -c "grep -q signer '$W/status' && ! grep -q corp '$W/status'"
is_out "an issuer" mine issuer
back

follow 6
is_out "all tokens" mine system
cp "$W/good.conf" "$CONF"
try "and taken back: in" gets_in mine
e2e_end
