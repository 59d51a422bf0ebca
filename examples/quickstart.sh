#!/usr/bin/env bash
# Shows two ssh logins and a sudo by an OpenID provider's token on this machine, start to end, and takes everything away again.
# SPDX-License-Identifier: Apache-2.0
#
# As root, on Debian 12, from a checkout:  examples/quickstart.sh [--keep]
# It builds pam-jwks, installs it below /opt/pam-jwks-quickstart (--keep leaves it there), starts an OpenID provider and an
# sshd, both on 127.0.0.1 only, makes an account, and logs in.  Nothing of the system's own sshd or sudo is changed.  The exit
# status is 0 only if all of them worked.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../tests/lib.sh
. "$(dirname "$0")/../tests/lib.sh"

step() { printf '\n[%d/7] %s\n' $((++steps)) "$*"; }
show() { sed 's/^/    /'; }

# WAY WITH WHO: in, and what the log says about it.
demonstrate() {
    local mark
    mark=$(log_lines)
    "$1" "$2" >"$W/out" 2>&1 || echo "exit status $?" >>"$W/out"
    show <"$W/out"
    wait_for 3 log_has "$mark" "decision=" || die "no decision in the log"
    log_since "$mark" | grep -Eo '(pam_jwks|jwks-authorized-keys)[^ ]+ decision=.*' | tail -n 1 | show
    grep -q "^LOGGED-IN as $3\$" "$W/out" || die "not logged in"
}

[[ $EUID -eq 0 ]] || die "needs root: it starts an sshd and makes an account"
[[ ${1:---keep} == --keep && $# -le 1 ]] || die "usage: examples/quickstart.sh [--keep]"
own_mounts "$0" "$@"
steps=0 PREFIX=/opt/pam-jwks-quickstart
scratch
(($#)) || defer "rm -rf '$PREFIX'"

step "Build and install below $PREFIX"
need_packages "${BUILD_PACKAGES[@]}" "${HOST_PACKAGES[@]}"
need_installation
echo "$PREFIX/lib/security/pam_jwks.so" | show

step "Start an OpenID provider on 127.0.0.1"
need_provider
make_accounts
write_users
provider_start corp
op corp ISSUER | show

step "Configure: jwks.conf, a PAM service, an sshd and a sudo rule for it, the account $U"
write_conf
pam_stack
start_syslog
start_sshd 'PubkeyAuthentication yes' 'AuthorizedKeysFile none' 'AuthorizedKeysCommandUser jwks' \
    "AuthorizedKeysCommand $PREFIX/libexec/pam-jwks/jwks-authorized-keys -c $CONF %u %t %k"
allow_sudo
show <"$CONF"
printf '\n/etc/pam.d/%s:\n' "$SVC" | show
head -n 1 "/etc/pam.d/$SVC" | show

step "Get an ID token, as any OpenID client would"
mint token corp
echo "$(wc -c <"$T/token") bytes, and ssh's prompt takes 1023: jwks-askpass hands it over in parts" | show

step "ssh $U@127.0.0.1, with SSH_ASKPASS=jwks-askpass"
demonstrate ssh_askpass "$T/token" "$U"

step "sudo -A, with SUDO_ASKPASS=jwks-askpass"
demonstrate sudo_askpass "$T/token" root

step "ssh by a key, without a prompt: it signs a certificate for itself with a token in it, whose nonce is the key's fingerprint"
make_key_folder "$W/keys"
new_key id -t ed25519
mint_for bound id
certify id id "$U" bound
ssh-keygen -L -f "$K/id-cert.pub" | head -n 5 | show
demonstrate ssh_key id "$U"

printf '\nAll of them worked. %s\n' "$( (($#)) && echo "Kept: $PREFIX" || echo "Taking everything away again.")"
