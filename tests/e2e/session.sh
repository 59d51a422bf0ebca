#!/usr/bin/env bash
# A session of ours has its variables and ends with its token, by key, by prompt and in sudo; a certificate's token needs no prompt.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
need_packages gcc libc6-dev libpam0g-dev
make_key_folder "$W/keys"
for key in ed25519 other; do new_key "$key" -t ed25519; done
make_good

# What stands behind our module is no pam_systemd, which needs systemd: it writes down what that would read.
gcc -std=gnu11 -Wall -Wextra -Werror -shared -fPIC -o "$W/bin/session_probe.so" "$TOP/tests/e2e/session_probe.c" -lpam
NOTES=$W/notes
# [LINE]: in the place of our auth line
session_stack() {
    pam_stack
    printf '%s\n' "${1:-auth required $PREFIX/lib/security/pam_jwks.so conf=$CONF}" "$(sed -n /^account/p "/etc/pam.d/$SVC")" \
        "session required $PREFIX/lib/security/pam_jwks.so conf=$CONF" "session required $W/bin/session_probe.so $NOTES" \
        >"/etc/pam.d/$SVC.new"
    mv "/etc/pam.d/$SVC.new" "/etc/pam.d/$SVC"
}
# [LINE...]: in the section of this PAM service, or sections behind it
session_conf() { write_conf 'user_claim = preferred_username' "[service $SVC]" "$@"; }
session_stack
session_conf 'export = yes' 'session_limit = yes'

# --- sshd, whose methods change ---

surroundings_without_zone
start_sshd 'PubkeyAuthentication yes' 'AuthenticationMethods any' "AuthorizedKeysFile $W/authorized" \
    "AuthorizedKeysCommand $PREFIX/libexec/pam-jwks/jwks-authorized-keys -c $CONF %u %t %k" 'AuthorizedKeysCommandUser jwks' \
    'LoginGraceTime 30' 'MaxAuthTries 20'
touch "$W/authorized"
listens() { [[ $(grep -c 'Server listening on' "$LOGS/sshd.log") -ge $1 ]]; }
# METHODS: of sshd's next logins
demand() {
    local times
    times=$(grep -c 'Server listening on' "$LOGS/sshd.log")
    sed -i "s/^AuthenticationMethods.*/AuthenticationMethods $1/" "$W/sshd_config"
    kill -HUP "$(cat "$W/sshd.pid")"
    wait_for 10 listens $((times + 1)) || die "sshd did not come back"
}

# --- ways in: TOKEN-FILE, which the prompt gets if there is one ---

# shellcheck disable=SC2016    # the session's shell expands it
SAY='echo "LOGGED-IN as $(id -un)"; env | sed -n "s/^\(PAM_\)*JWKS_.*/session: &/p" | grep -v TOKEN_FILE | sort'
by_key() { ssh_key ed25519; }
install -m 755 /dev/stdin "$W/bin/askpass-noted" <<END
#!/bin/sh
echo asked >>"\$ASKED"
exec "$PREFIX/bin/jwks-askpass" "\$@"
END
ASKED=$USER_HOME/asked
by_key_and_prompt() {
    rm -f "$ASKED"
    ssh_client publickey,keyboard-interactive -o IdentitiesOnly=yes -o IdentityAgent=none -i "$K/ed25519"
    as_user ASKED="$ASKED" SSH_ASKPASS="$W/bin/askpass-noted" SSH_ASKPASS_REQUIRE=force JWKS_TOKEN_FILE="$1" \
        setsid -w "${CLIENT[@]}" </dev/null
}
by_sudo() {
    as_user SUDO_ASKPASS="$PREFIX/bin/jwks-askpass" JWKS_TOKEN_FILE="$1" timeout 60 setsid -w sudo -A sh -c "$SAY"
}

# --- what became of a session ---

closed() { grep -q '^closed$' "$NOTES"; }
# WAY [TOKEN]: what it says is in $W/out, what the probe saw in $NOTES, which waits for the session's end.
go() {
    : >"$NOTES"
    "$1" "$T/${2:-good}" >"$W/out" 2>&1 || echo "status $?" >>"$W/out"
    cat "$W/out" >>"$LOGS/clients"
    if grep -q '^LOGGED-IN' "$W/out"; then wait_for 10 closed || echo 'the session was not closed' >>"$W/out"; fi
}
show_session() { cat "$W/out" "$W/checks" "$NOTES" | tail -n 12 | sed 's/^/      /'; show_log "$1"; }
expiry_of() { cut -d. -f2 "$T/$1" | tr -- -_ +/ | base64 -d 2>/dev/null | jq .exp; }
let_in() { grep -q "^LOGGED-IN as $1\$" "$W/out"; }
# TOKEN: the limit that the probe saw is what was left of it, give or take 20 s
ends_with() {
    local limit left=$(($(expiry_of "$1") - $(date +%s)))
    limit=$(sed -n 's/^opened: limit=\([0-9]*\) variable=none$/\1/p' "$NOTES")
    [[ -n $limit ]] && ((limit >= left && limit <= left + 20))
}
exports() { diff <(sed -n 's/^session: //p' "$W/out") <(printf '%s\n' "JWKS_EXPIRES=$(expiry_of "$1")" JWKS_ISSUER=corp JWKS_SUBJECT=7f3a9c52); }
exports_nothing() { [[ $(grep -c '^session: ' "$W/out") -eq 0 ]]; }
has_no_end() { grep -qx 'opened: limit=none variable=none' "$NOTES"; }
# NAME WAY TOKEN AS CHECK...: let in as that account, with a session of which each of these holds (CHECK:ARGUMENT)
session_check() {
    local mark what wrong=
    : >"$W/checks"
    mark=$(log_lines)
    go "$2" "$3"
    let_in "$4" || wrong+=" let in"
    closed || wrong+=" closed"
    for what in "${@:5}"; do
        # shellcheck disable=SC2086    # a function and its argument
        ${what/:/ } >>"$W/checks" 2>&1 || wrong+=" ${what/:/ }"
    done
    if [[ -z $wrong ]]; then pass "$1"; else fail "$1: not so:$wrong"; show_session "$mark"; fi
}
# NAME WAY TOKEN PHASE REASON: not let in; one decision of our module, in that phase, says why
session_refused() {
    local mark
    : >"$W/checks"
    mark=$(log_lines)
    go "$2" "$3"
    if ! let_in "$U" && ! grep -q 'limit=[0-9]' "$NOTES" && wait_for 3 log_has "$mark" "pam_jwks\($SVC:$4\): decision=deny .*reason=$5 " &&
        [[ $(log_since "$mark" | grep -c "pam_jwks($SVC:[a-z]*): decision=") -eq 1 ]]; then
        pass "$1"
    else
        fail "$1"
        show_session "$mark"
    fi
}

# --- by key ---

mint_for bound ed25519
certify ed25519 ed25519 "$U" bound
session_check "by key: variables, and an end with the token's" by_key bound "$U" exports:bound ends_with:bound
mint_for brief ed25519 --ttl 100
certify ed25519 ed25519 "$U" brief
session_check "a token with 100 s left: so has the session" by_key brief "$U" exports:brief ends_with:brief
certify ed25519 ed25519 "$U" bound -O extension:ballast@example.com="$(head -c 80000 /dev/zero | tr '\0' B)"
session_check "a certificate of $(wc -c <"$K/ed25519-cert.pub") characters" by_key bound "$U" exports:bound ends_with:bound
certify ed25519 ed25519 "$U" bound
session_conf 'export = yes'
session_check "with export alone" by_key bound "$U" exports:bound has_no_end
session_conf 'session_limit = yes'
session_check "with session_limit alone" by_key bound "$U" exports_nothing ends_with:bound
session_conf
session_check "with neither" by_key bound "$U" exports_nothing has_no_end
session_conf 'export = yes' 'session_limit = yes' 'require = groups = nobody'
session_check "rules of the service for prompts are not for keys" by_key bound "$U" ends_with:bound
session_conf 'export = yes' 'session_limit = yes'

# sshd lets these in by itself; the token in them passes nowhere.
echo "cert-authority,principals=\"$U\" $(cut -d' ' -f1,2 "$K/ed25519.pub")" >"$W/authorized"
mint_for for-other other
mint_for expired ed25519 --ttl 1
mint_for audience ed25519 --client web-RS256
sleep 1.1                                       # clock_skew is 0
head -c 60000 /dev/zero | tr '\0' A | keep_token huge
for token in for-other:unbound good:unbound expired:expired audience:audience huge:too-long; do
    certify ed25519 ed25519 "$U" "${token%:*}"
    session_refused "by a key that sshd knows, with the token ${token%:*}: the session is refused" by_key bound session "${token#*:}"
done
# sshd keeps the connection, for which there is no session: what can be reached through it is its own greeting.
forwards() {
    ssh_client publickey -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -i "$K/ed25519" -W "127.0.0.1:$PORT"
    unset 'CLIENT[-1]'
    as_user "${CLIENT[@]}" </dev/null >"$W/greeting" 2>>"$LOGS/clients" || echo "status $?" >>"$LOGS/clients"
    grep -q '^SSH-2' "$W/greeting"
}
certify ed25519 ed25519 "$U" bound -O permit-port-forwarding
try "a connection with a session can be forwarded through" forwards
certify ed25519 ed25519 "$U" expired -O permit-port-forwarding
try "one whose session is refused cannot" not forwards
session_conf 'export = yes'
session_check "without session_limit it is not refused, and has no variables" by_key bound "$U" exports_nothing has_no_end
session_conf 'export = yes' 'session_limit = yes'

# --- by key, not ours ---

certify ed25519 other "$U" for-other
{ cat "$W/authorized"; echo "cert-authority,principals=\"$U\" $(cut -d' ' -f1,2 "$K/other.pub")"; } >"$W/authorized.new"
mv "$W/authorized.new" "$W/authorized"
session_check "a certificate of another signer, with a token in it, is not ours" by_key bound "$U" exports_nothing has_no_end
for broken in no yes; do
    rm -f "$K/ed25519-cert.pub"
    cut -d' ' -f1,2 "$K/ed25519.pub" >"$W/authorized"
    [[ $broken == no ]] || echo 'colour = red' >>"$CONF"
    session_check "a plain key is not ours; jwks.conf broken: $broken" by_key bound "$U" exports_nothing has_no_end
done
session_conf 'export = yes' 'session_limit = yes'

# --- by prompt ---

session_check "keyboard-interactive: variables, and an end with the token's" ssh_askpass good "$U" exports:good ends_with:good
session_conf 'session_limit = yes'
session_check "with session_limit alone nothing else reaches the session" ssh_askpass good "$U" exports_nothing ends_with:good
session_conf 'export = yes' 'session_limit = yes'
session_stack 'auth required pam_permit.so'
session_check "let in by another module: not ours" ssh_askpass good "$U" exports_nothing has_no_end
session_stack

# --- AuthenticationMethods publickey,keyboard-interactive:pam ---

demand publickey,keyboard-interactive:pam
nobody_asked() { [[ ! -e $ASKED ]]; }
somebody_asked() { [[ -e $ASKED ]]; }
: >"$W/authorized"
certify ed25519 ed25519 "$U" bound
session_check "by key, then PAM: the certificate's token is taken, and nobody is asked" by_key_and_prompt none "$U" nobody_asked \
    exports:bound ends_with:bound
echo "cert-authority,principals=\"$U\" $(cut -d' ' -f1,2 "$K/ed25519.pub")" >"$W/authorized"
certify ed25519 ed25519 "$U" for-other
session_refused "a token for another key is refused, though a good one would be typed" by_key_and_prompt good auth unbound
try "and nobody was asked" nobody_asked
certify ed25519 ed25519 "$U" good
session_refused "so is one that is bound to nothing" by_key_and_prompt good auth unbound
echo "cert-authority,principals=\"$U\" $(cut -d' ' -f1,2 "$K/other.pub")" >"$W/authorized"
certify ed25519 other "$U" bound
session_check "a certificate of another signer: the token is asked for" by_key_and_prompt good "$U" somebody_asked exports:good ends_with:good
rm "$K/ed25519-cert.pub"
cut -d' ' -f1,2 "$K/ed25519.pub" >"$W/authorized"
session_check "a plain key: the token is asked for" by_key_and_prompt good "$U" somebody_asked exports:good ends_with:good
session_refused "and a wrong one is refused" by_key_and_prompt audience auth audience
demand any

# --- sudo ---

allow_sudo
session_check "sudo: variables, and an end with the token's" by_sudo good root exports:good ends_with:good
session_conf
session_check "sudo, with neither" by_sudo good root exports_nothing has_no_end

# --- pam_systemd itself ---

session_conf 'session_limit = yes'
if [[ -d /run/systemd/system ]]; then
    need_packages libpam-systemd
    session_stack
    echo 'session required pam_systemd.so' >>"/etc/pam.d/$SVC"
    # shellcheck disable=SC2016    # the session's shell expands it
    SAY='echo "LOGGED-IN as $(id -un)"; systemctl show -P RuntimeMaxUSec "$(grep -o "session-[^/]*\.scope" /proc/self/cgroup)"'
    go ssh_askpass good
    try "pam_systemd has taken the session's end" grep -Eq '^[0-9]+(min|h|s)' "$W/out"
else
    skip "pam_systemd ends the session" "no systemd runs here; what it reads is asserted above"
fi

# A certificate is in base64, so a token in it has one of three forms; e2e_end looks for those, too.
for file in bound for-other huge; do
    for before in '' - --; do { printf %s "$before"; cat "$T/$file"; } | base64 -w0 | cut -c 5- | keep_token "$file-in-base64$before"; done
done
e2e_end
