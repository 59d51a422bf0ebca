#!/usr/bin/env bash
# The files of examples/pam.d let a good token in, keep the password's way open whatever is wrong with tokens, and let nothing else in.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
make_good
mint audience corp --client web-RS256
PASSWORD=$(openssl rand -hex 12) WRONG_PASSWORD=$(openssl rand -hex 12)
chpasswd <<<"$U:$PASSWORD"
: >"$T/empty"

# EXAMPLE [MODULE]: that file as a PAM service of ours.  Only the module's path is another; what it includes is this system's.
install_example() {
    local module=${2:-$PREFIX/lib/security/pam_jwks.so}
    sed "s|pam_jwks\.so$|$module conf=$CONF|" "$TOP/examples/pam.d/$1" >"$W/stack"
    [[ $(grep -c "^[a-z].*conf=" "$W/stack") -ge 2 ]] || die "examples/pam.d/$1 has not two lines for tokens"
    install -m 644 "$W/stack" "/etc/pam.d/$SVC"
}

# ANSWER...: one line to each prompt, as anybody who is not root, since su's file lets root in; LOGGED-IN if the account is good too.
answers() {
    # shellcheck disable=SC2024
    printf '%s\n' "$@" | as_user timeout 60 pamtester "$SVC" "$U" authenticate acct_mgmt && echo "LOGGED-IN as $U"
}
token() { cat "$T/$1"; }
by_token() { answers "$(cat "$1")"; }
in_by() { try "$EXAMPLE: $1" lets_in answers "${@:2}"; }
out_by() { try "$EXAMPLE: $1" not lets_in answers "${@:2}"; }

# All that can be wrong with tokens on a host; the prompt for one comes first where the configuration is good.
mistakes() {
    in_by "a bad token, and the password: in" "$(token audience)" "$PASSWORD"
    out_by "a bad token, and a wrong password: refused" "$(token audience)" "$WRONG_PASSWORD"
    in_by "no token, and the password: in" '' "$PASSWORD"
    out_by "nothing at all: refused" '' ''
}
broken_configuration() {
    cp "$CONF" "$W/good.conf"
    echo 'colour = blue' >>"$CONF"
    in_by "a broken jwks.conf, and the password: in" "$PASSWORD"
    out_by "a broken jwks.conf, and a good token: refused" "$(token good)" "$(token good)"
    out_by "a broken jwks.conf, and a wrong password: refused" "$WRONG_PASSWORD"
    rm "$CONF"
    in_by "no jwks.conf, and the password: in" "$PASSWORD"
    cp "$W/good.conf" "$CONF"
}
no_module() {
    install_example "$EXAMPLE" "$W/absent.so"
    in_by "the module is not there, and the password: in" "$PASSWORD"
    out_by "the module is not there, and a wrong password: refused" "$WRONG_PASSWORD"
    if grep -q '^session' "/etc/pam.d/$SVC"; then
        try "$EXAMPLE: the module is not there, and a session opens" timeout 60 pamtester "$SVC" "$U" open_session close_session
    fi
    install_example "$EXAMPLE"
}
no_keys() {
    empty_cache
    in_by "no keys, a good token, and the password: in" "$(token good)" "$PASSWORD"
    out_by "no keys, a good token, and a wrong password: refused" "$(token good)" "$WRONG_PASSWORD"
}
expired_account() {
    chage -E 1 "$U"
    out_by "an account that has expired is not opened by a token" "$(token good)"
    out_by "nor by the password" '' "$PASSWORD"
    chage -E -1 "$U"
}
warm() { empty_cache; "$PREFIX/sbin/jwksctl" -c "$CONF" refresh >/dev/null; }

for EXAMPLE in sshd sudo sudo-i su login; do
    install_example "$EXAMPLE"
    warm
    check "$EXAMPLE: a good token: in" by_token good allow
    mistakes
    broken_configuration
    no_module
    expired_account
    check "$EXAMPLE: and at the end a good token again: in" by_token good allow
    no_keys
done

# --- sshd's stricter line ---

EXAMPLE='sshd, stricter'
install_example sshd
sed -i -e '/^auth.*default=ignore/d' -e 's/^#auth/auth/' "/etc/pam.d/$SVC"
warm
check "$EXAMPLE: a good token: in" by_token good allow
out_by "a bad token, and the password: refused" "$(token audience)" "$PASSWORD"
out_by "no token, and the password: refused" '' "$PASSWORD"
cp "$CONF" "$W/good.conf"
echo 'colour = blue' >>"$CONF"
in_by "a broken jwks.conf, and the password: in" "$PASSWORD"
cp "$W/good.conf" "$CONF"
no_keys

# --- the same files under real programs, with a person who has a token and a password at hand ---

cat >"$W/bin/askpass-both" <<EOF
#!/bin/sh
case \$1 in *assword*) cat "$W/password" ;; *) exec "$PREFIX/bin/jwks-askpass" "\$@" ;; esac
EOF
chmod 755 "$W/bin/askpass-both"
person_has() { printf '%s\n' "$1" >"$W/password"; chown "$U:" "$W/password"; chmod 600 "$W/password"; }
ssh_person() { ssh_with keyboard-interactive "$W/bin/askpass-both" "$1"; }
sudo_person() {
    as_user SUDO_ASKPASS="$W/bin/askpass-both" JWKS_TOKEN_FILE="$1" timeout 60 setsid -w sudo -A ${LOGIN_SHELL:+-i} sh -c "$GREETING"
}
start_sshd
allow_sudo
for EXAMPLE in sshd:ssh_person sudo:sudo_person sudo-i:sudo_person; do
    way=${EXAMPLE#*:} LOGIN_SHELL='' EXAMPLE=${EXAMPLE%:*}
    if [[ $EXAMPLE == sudo-i ]]; then LOGIN_SHELL=yes; fi
    install_example "$EXAMPLE"
    warm
    person_has "$WRONG_PASSWORD"
    check "$EXAMPLE, the program itself: a good token: in" "$way" good allow
    check "$EXAMPLE, the program itself: a bad token, and a wrong password: refused" "$way" audience audience
    person_has "$PASSWORD"
    try "$EXAMPLE, the program itself: a bad token, and the password: in" lets_in "$way" "$T/audience"
    cp "$CONF" "$W/good.conf"
    echo 'colour = blue' >>"$CONF"
    try "$EXAMPLE, the program itself: a broken jwks.conf, and the password: in" lets_in "$way" "$T/good"
    person_has "$WRONG_PASSWORD"
    try "$EXAMPLE, the program itself: a broken jwks.conf, and a wrong password: refused" not lets_in "$way" "$T/good"
    cp "$W/good.conf" "$CONF"
done
e2e_end
