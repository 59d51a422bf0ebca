#!/usr/bin/env bash
# jwks-login: a browser, a key, a certificate, and then plain ssh; renewal when that has expired, an agent, status and logout.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=login.bash
. "$(dirname "$0")/login.bash"
login_begin "$@"
forgotten() { [[ -z $(ls -A "$D") ]]; }

# --- a login, and what it leaves ---

# What runs below a login, with arguments and environment, lies where e2e_end searches.
watched() { strace -f -qq -e trace=execve -v -s 1000000 -A -o "$LOGS/executed" "$@"; }
UNDER=(watched)
login_works "a login in the browser" corp
UNDER=()
try "control: the browser was seen, with its environment" grep -Eq 'execve.*/browser".*"DISPLAY=:99".* = 0' "$LOGS/executed"
try "it asks for a code" is "$(asked response_type) $(asked client_id) $(asked scope)" 'code ssh-RS256 openid profile email'
try "by PKCE with S256" is "$(asked code_challenge_method) $(asked code_challenge | wc -c)" 'S256 44'
try "with a state of 256 bits" test "$(asked state | wc -c)" -ge 44
try "to an address of this machine" grep -Eqx 'http://127\.0\.0\.1:[0-9]+/callback' <(asked redirect_uri)
try "and the nonce is the fingerprint of the new key" is "$(asked nonce)" "$(nonce_of "$D/corp.pub")"
try "the browser gets a page" is "$(head -n 1 "$W/browser/page")" 200
try "with words, and no script" not grep -Eqi '<script|javascript:|onload=' "$W/browser/page"
try "that nothing keeps" grep -Eqi '^cache-control: .*no-store' "$W/browser/page"
try "and nothing of the code is in it" not grep -qF "$(query_of "$W/browser/callback" code)" "$W/browser/page"
try "the folder is the person's alone" mode_is 700 "$D"
try "the key, too" mode_is 600 "$D/corp"
try "the certificate is nobody else's to write" not test "$((0$(stat -c %a "$D/corp-cert.pub") & 022))" -ne 0
key=$(ssh-keygen -lf "$D/corp.pub" | cut -d' ' -f2)
try "it is signed by its own key" grep -qxF "Signing CA: ED25519 $key (using ssh-ed25519)" <(certificate "$D/corp-cert.pub")
try "for the person alone" is "$(principals "$D/corp-cert.pub")" "$U"
try "with the token and a terminal, and nothing else" is "$(extensions "$D/corp-cert.pub")" 'jwks-token@pam-jwks permit-pty'
try "and is good for as long as the token" is "$(valid_until "$D/corp-cert.pub")" "$(last_token exp)"
try "nothing else is left" is "$(ls -A "$D")" "$(printf '%s\n' corp corp-cert.pub corp.pub)"
mark=$(log_lines)
ssh_works "plain ssh gets in"
logged "by the token in the certificate" "$mark" "jwks-authorized-keys.* decision=allow user=$U issuer=corp "
login_works "status: one is there" status corp
try "it says for whom" grep -q "$U" "$W/stdout"
try "by which key" grep -q "key .*$D/corp\$" "$W/stdout"
try "in no agent, and no refresh token" is "$(grep -Ec 'agent .*no|refresh +none' "$W/stdout")" 2

# --- the second time: nothing happens ---

browser_forgets
try "--quiet is content with it, and silent" is "$(person jwks-login --quiet corp 2>&1; echo $?)" 0
try "it opens no browser" not browsed
strace -f -qq -e trace=network,execve -o "$W/quiet" "${AS_USER[@]}" "$PREFIX/bin/jwks-login" --quiet corp
try "it asks no network" not grep -q AF_INET "$W/quiet"
try "and starts no program" is "$(grep -c 'execve.* = 0$' "$W/quiet")" 3    # setpriv, env, and itself
# On a machine that has much else to do, time passes without it: so the processor's counts, at best.
spent=$(/usr/bin/python3 -c 'import resource, subprocess, sys
def spent():
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
def one(before):
    subprocess.run(sys.argv[1:], check=True)
    return spent() - before
print(int(min(one(spent()) for _ in range(10)) * 1000))' "${AS_USER[@]}" "$PREFIX/bin/jwks-login" --quiet corp)
try "it takes $spent ms, no more than 20" test "$spent" -le 20

# --- renewal ---

old=$(nonce_of "$D/corp.pub")
provider_do corp 'tokens?ttl=4' >>"$LOGS/provider.log"
login_works "a login for 4 seconds" corp
try "is another key" test "$(nonce_of "$D/corp.pub")" != "$old"
provider_do corp 'tokens?ttl=300' >>"$LOGS/provider.log"
is_over() { (($(date +%s) > $(valid_until "$D/corp-cert.pub"))); }
wait_for 20 is_over
login status corp
try "status: none that is valid" test "$STATUS" -eq 1
browser_forgets
ssh_works "plain ssh renews it by itself when it has expired, and gets in"
try "by the browser" browsed
try "once" is "$(wc -l <"$W/corp/grants")" 4        # ours twice, make_good's, and this
two_at_once() {
    ssh_plain >"$W/first" &
    ssh_plain >"$W/second"
    wait
    is "$(cat "$W/first" "$W/second")" "$(printf 'LOGGED-IN as %s\n' "$U" "$U")"
}
try "two at once get in" two_at_once
provider_do corp 'tokens?ttl=30' >>"$LOGS/provider.log"
login_works "a login for 30 seconds" corp
browser_forgets
provider_do corp 'tokens?ttl=300' >>"$LOGS/provider.log"
try "--quiet renews what has less than a minute" person jwks-login --quiet corp
try "by the browser" browsed
rm "$D/corp-cert.pub"
logins=$(wc -l <"$W/corp/grants")
try "two at once get in, where both must renew" two_at_once
try "by one browser" is "$(wc -l <"$W/corp/grants")" $((logins + 1))

# --- ssh-agent ---

agent_begin
agent_has() { person ssh-add -L | grep -c "^$1"; }
UNDER=(watched)
login_works "a login beside an agent" corp
UNDER=()
try "control: ssh-add was seen, with its environment" grep -Eq 'execve.*/ssh-add".*"DISPLAY=:99".* = 0' "$LOGS/executed"
try "which has the key, with its certificate" is "$(agent_has "ssh-ed25519-cert-v01@openssh.com ")" 1
login_works "another" corp
try "it has one key still" is "$(person ssh-add -l | grep -c -- -CERT)" 1
try "the newest" grep -qF "$(cut -d' ' -f2 "$D/corp-cert.pub")" <(person ssh-add -L)
mv "$HOME_SSH/config" "$W/config"
grep -A 9 '^Host' "$W/config" | install -m 600 -o "$U" /dev/stdin "$HOME_SSH/config"
ssh_works "through the agent, without files" -o IdentityFile=none
login_works "status speaks of the agent" status corp
try "as having it" grep -Eq 'agent +has it' "$W/stdout"
login_works "logout" logout corp
try "takes it out of the agent" is "$(person ssh-add -L | grep -c '^ssh')" 0
try "and all files" forgotten
try "plain ssh gets in no more" not lets_in ssh_plain
login_works "logout, where nothing is" logout corp
login status corp
try "status: none" test "$STATUS" -eq 1
provider_do corp 'tokens?ttl=8' >>"$LOGS/provider.log"
login_works "a login for 8 seconds" corp
agent_is_empty() { ! person ssh-add -l >>"$LOGS/clients" 2>&1; }
try "and the agent forgets it by itself" wait_for 20 agent_is_empty
provider_do corp 'tokens?ttl=300' >>"$LOGS/provider.log"
install -m 600 -o "$U" "$W/config" "$HOME_SSH/config"
PERSON=(DISPLAY=:99)

# --- what it all left ---

login_works "a last login" corp
install -d "$W/kept"
cp "$D/corp-cert.pub" "$W/kept"
find "$USER_HOME/.cache" -type f -exec cp -t "$LOGS" {} +       # e2e_end searches it all
keep_secrets_of "$W/corp/grants"
try "control: a part of the token is found in the certificate" not "$W/bin/find_token.py" "$T" "$W/kept"
e2e_end
