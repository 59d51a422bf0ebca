#!/usr/bin/env bash
# What README.md says about keys, followed line by line: only hosts, paths and names are ours.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=login.bash
. "$(dirname "$0")/login.bash"
e2e_begin "$@"
surroundings_without_zone
HOME_SSH=$USER_HOME/.ssh PERSON=(DISPLAY=:99)
install -d -m 700 -o "$U" -g "$U" "$W/browser" "$HOME_SSH" "$USER_HOME/.config" "$USER_HOME/.config/jwks"

# NUMBER: that block of code of the section
block() {
    awk -v wanted="$1" '/^## / { in_section = /^## Keys instead of passwords/ }
        /^    / && in_section { if (!in_block) number++; in_block = 1; if (number == wanted) print substr($0, 5); next }
        { in_block = 0 }' "$TOP/README.md" |
        sed -e "s,/usr/libexec/pam-jwks/jwks-authorized-keys,$PREFIX/libexec/pam-jwks/jwks-authorized-keys -c $CONF," \
            -e "s,https://login\.example\.com/realms/corp,$(op corp ISSUER),; s,ssh-prod,ssh-RS256,; s,alice,$U,g" \
            -e "s,^examples/,$TOP/&,; s,/var/lib/jwks-grants,$W/grants,"
}
# COMMAND...: in the person's folder, with their own configuration of ssh
person_gets_in() { lets_in person sh -c "cd '$K' && exec $1 -o BatchMode=yes '$GREETING'"; }
by_hand() { person sh -c "cd '$K' && $1"; }

mapfile -t lines < <(block 1)
start_sshd "${lines[@]}" 'PasswordAuthentication no'
{ block 2; printf '%s\n' "ca_file = $W/etc/corp-ca.pem" "browser = $W/bin/browser"; } >"$USER_HOME/.config/jwks/login.conf"
printf '%s\n' 'Host *.example.com' 'HostName 127.0.0.1' "Port $PORT" "UserKnownHostsFile $W/known_hosts" >"$W/etc/ssh_hosts"
{ block 3; cat "$W/etc/ssh_hosts"; } | install -m 600 -o "$U" /dev/stdin "$HOME_SSH/config"
make_key_folder "$USER_HOME/hand"
make_good
browser_is
try "ssh host.example.com opens the browser, and gets in" person_gets_in 'ssh host.example.com'
browser_forgets
try "and again" person_gets_in 'ssh host.example.com'
try "without the browser" not test -s "$W/browser/callback"
try "jwks-login status shows it" person jwks-login status
try "jwks-login logout takes it away" person jwks-login logout
try "and it is gone" not test -e "$HOME_SSH/jwks/corp"

mapfile -t lines < <(block 4)
by_hand "${lines[0]}"
mint by-hand corp --nonce="$(by_hand "${lines[1]}")"
by_hand "TOKEN=\$(cat '$T/by-hand'); ${lines[2]}" 2>>"$LOGS/clients"
try "a certificate made by hand gets in" person_gets_in "${lines[3]/ssh/ssh -F $W/etc/ssh_hosts}"

cd "$W"
mapfile -t lines < <(block 5)
new_key granted -t ed25519
cp "$K/granted.pub" id.pub
eval "${lines[0]}"
write_conf 'user_claim = preferred_username' '[issuer signer]' 'issuer = https://signer.example.com' 'audience = ssh-grants' \
    "jwks_file = $W/signer.jwks" 'user_claim = sub'
sed -i "s,^\[global\]$,&\ngrants_dir = $W/grants," "$CONF"
try "before there is a grant the key is refused" not person_gets_in "ssh -F $W/etc/ssh_hosts -i granted $U@host.example.com"
for line in "${lines[@]:1}"; do eval "$line"; done
cp id.jwt "$T/grant"
mark=$(log_lines)
try "a grant lets it in" person_gets_in "ssh -F $W/etc/ssh_hosts -i granted $U@host.example.com"
logged "and the log names it" "$mark" 'decision=allow .*grant="id.jwt"'

# shellcheck disable=SC2016    # these are what encloses code
rules=$(sed -n '/^- For a moment/,/^- The device/p' "$TOP/README.md" | tr -s '\n ' ' ' | grep -o '`[^`]*=[^`]*`' | tr -d '`')
audience=$(grep ^audience <<<"$rules") require=$(grep ^require <<<"$rules")
write_conf "${audience/ssh-prod ssh-prompt/ssh-RS256 ssh-ES256}" "[service $SVC]" "${require/ssh-prompt/ssh-ES256}"
sed -i '0,/^audience/{/^audience/d}' "$CONF"
mint prompt corp --alg ES256
check "the prompt takes the token of its own client" ssh_askpass prompt allow
check "and refuses one for keys" ssh_askpass by-hand claim
mint_for again id
certify id id "$U" again
try "which a key still gets in with" person_gets_in "ssh -F $W/etc/ssh_hosts -i id $U@host.example.com"
e2e_end
