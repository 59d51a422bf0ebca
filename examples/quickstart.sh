#!/usr/bin/env bash
# Shows an ssh login and a sudo by an OpenID provider's token on this machine, start to end, and takes everything away again.
# SPDX-License-Identifier: Apache-2.0
#
# As root, on Debian 12, from a checkout:  examples/quickstart.sh [--keep]
# It builds pam-jwks, installs it below /opt/pam-jwks-quickstart (--keep leaves it there), starts an OpenID provider and an
# sshd, both on 127.0.0.1 only, makes an account, and logs in.  Nothing of the system's own sshd or sudo is changed.  The exit
# status is 0 only if both logins worked.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../tests/lib.sh
. "$(dirname "$0")/../tests/lib.sh"

step() { printf '\n[%d/6] %s\n' $((++steps)) "$*"; }
show() { sed 's/^/    /'; }

# WAY: in, and what the log says about it.
demonstrate() {
    local mark
    mark=$(log_lines)
    "$1" "$T/token" >"$W/out" 2>&1 || echo "exit status $?" >>"$W/out"
    show <"$W/out"
    wait_for 3 log_has "$mark" "decision=" || die "no decision in the log"
    log_since "$mark" | grep 'decision=' | sed 's/^.*pam_jwks/pam_jwks/' | show
    grep -q "^LOGGED-IN as $2\$" "$W/out" || die "not logged in"
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
start_sshd
allow_sudo
show <"$CONF"
printf '\n/etc/pam.d/%s:\n' "$SVC" | show
head -n 1 "/etc/pam.d/$SVC" | show

step "Get an ID token, as any OpenID client would"
mint token corp
echo "$(wc -c <"$T/token") bytes, and ssh's prompt takes 1023: jwks-askpass hands it over in parts" | show

step "ssh $U@127.0.0.1, with SSH_ASKPASS=jwks-askpass"
demonstrate ssh_askpass "$U"

step "sudo -A, with SUDO_ASKPASS=jwks-askpass"
demonstrate sudo_askpass root

printf '\nBoth logins worked. %s\n' "$( (($#)) && echo "Kept: $PREFIX" || echo "Taking everything away again.")"
