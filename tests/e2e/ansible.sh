#!/usr/bin/env bash
# The play of examples/ansible sets up a host once and changes nothing the second time, and a mistake in it leaves the host as it was.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
[[ $EUID -eq 0 ]] || { echo "SKIP  ${0##*/}: needs root"; exit 77; }
scratch
need_packages openssh-server ansible-core
need_installation

# A host in a folder: this system's PAM files, an sshd_config with a host key, and what would be built for it.
ROOT=$W/root
mkdir -p "$ROOT/etc/pam.d" "$ROOT/etc/ssh/sshd_config.d" "$ROOT/var/lib" /run/sshd
for service in sshd sudo; do
    { dpkg-query -W -f '${Conffiles}\n' openssh-server sudo | grep -q "/etc/pam.d/$service "; } || die "no /etc/pam.d/$service"
    # as the package ships it, whatever was done to this system's
    grep -v pam_jwks "/etc/pam.d/$service" >"$ROOT/etc/pam.d/$service"
done
tar -C "${PREFIX%/*}" --transform "s|^${PREFIX##*/}|usr/local|" --owner root --group root -czf "$W/tree.tar.gz" "${PREFIX##*/}"
ssh-keygen -q -t ed25519 -N '' -f "$W/hostkey"
printf '%s\n' "Include $ROOT/etc/ssh/sshd_config.d/*.conf" "HostKey $W/hostkey" >"$ROOT/etc/ssh/sshd_config"
cp -a "$ROOT" "$W/before"

export ANSIBLE_LOCAL_TEMP=$W/ansible ANSIBLE_REMOTE_TEMP=$W/ansible ANSIBLE_PIPELINING=1 ANSIBLE_NOCOLOR=1 ANSIBLE_CONFIG=$W/ansible.cfg HOME=$W
cat >"$W/hosts" <<EOF
[jwks]
localhost ansible_connection=local ansible_python_interpreter=/usr/bin/python3
[jwks:vars]
jwks_root=$ROOT
jwks_install=tree
jwks_tree=$W/tree.tar.gz
jwks_owner=root
jwks_prefix=/usr/local
jwks_module=/usr/local/lib/security/pam_jwks.so
EOF
: >"$ANSIBLE_CONFIG"
play() { ansible-playbook -i "$W/hosts" "$TOP/examples/ansible/site.yml" "$@" >"$W/play.log" 2>&1; }
recap() { grep '^localhost ' "$W/play.log" | tail -n 1; }
# NAME PATTERN ARGUMENTS...: the play succeeds and sums up so.
plays() {
    if play "${@:3}" && recap | grep -Eq "$2"; then pass "$1"; else fail "$1"; tail -n 30 "$W/play.log"; fi
}
# NAME TEXT ARGUMENTS...: the play fails with that text, and FILES are as they were.
fails() {
    local name=$1 text=$2
    shift 2
    tar -C "$ROOT" -cf "$W/kept.tar" etc
    if play "$@"; then fail "$name: the play succeeded"; return; fi
    if grep -qF -- "$text" "$W/play.log"; then pass "$name"; else fail "$name: not for '$text'"; tail -n 30 "$W/play.log"; fi
    try "$name, and /etc is as it was" tar -C "$ROOT" -df "$W/kept.tar"
}
# What decides in a file: lines without comments, one blank between words.
deciding() { sed -nE 's/[[:space:]]+/ /g; /^(auth|account|session.*pam_jwks|@include common-((auth|account)|session$))/p' "$1"; }

try "ansible-playbook --syntax-check" ansible-playbook -i "$W/hosts" "$TOP/examples/ansible/site.yml" --syntax-check
plays "the first run sets the host up" 'changed=[1-9][0-9]* .*failed=0'
for service in sshd sudo; do
    try "$service: what decides is what examples/pam.d/$service has" diff <(deciding "$TOP/examples/pam.d/$service") <(deciding "$ROOT/etc/pam.d/$service")
    try "$service: nothing else was changed" diff <(grep -v pam_jwks "$ROOT/etc/pam.d/$service") "$W/before/etc/pam.d/$service"
done
try "jwks.conf has what was asked for" grep -qx 'require = groups = /ssh-users' "$ROOT/etc/jwks/jwks.conf"
try "sshd takes it" bash -c "/usr/sbin/sshd -T -f '$ROOT/etc/ssh/sshd_config' | grep -qx 'passwordauthentication no'"
plays "the second run changes nothing" 'changed=0 .*failed=0'
sed -i s/^jwks_install=.*/jwks_install=none/ "$W/hosts"

fails "a mistake in jwks.conf" 'failed to validate' -e '{"jwks_global": {"colour": "blue"}}'
fails "an algorithm with a shared secret" 'failed to validate' \
    -e '{"jwks_issuers": {"corp": {"issuer": "https://login.example.com", "audience": "a", "user_claim": "sub", "algorithms": "HS256"}}}'
fails "a mistake in sshd's drop-in" 'sshd does not take the configuration' -e '{"jwks_sshd": ["Colour blue"]}'
fails "no module" 'is not there: set jwks_module' -e jwks_module=/usr/local/absent.so
sed -i '/common-auth/d' "$ROOT/etc/pam.d/sudo"
fails "a PAM file that is not as shipped" 'put the lines in by hand'
cp "$W/before/etc/pam.d/sudo" "$ROOT/etc/pam.d/sudo"
plays "and mended it goes on" 'changed=2 .*failed=0'

# Fedora's files, by their names alone.
printf '%s\n' '#%PAM-1.0' 'auth       substack     password-auth' 'auth       include      postlogin' \
    'account    required     pam_sepermit.so' 'account    required     pam_nologin.so' 'account    include      password-auth' \
    'password   include      password-auth' >"$ROOT/etc/pam.d/fedora"
plays "a file as Fedora has it" 'changed=2 .*failed=0' -e '{"jwks_pam_services": ["fedora"]}'
try "has the lines above the stacks" diff - <(grep -n pam_jwks "$ROOT/etc/pam.d/fedora") <<'EOF'
2:auth     [success=done default=ignore]  pam_jwks.so
7:account  [success=ok ignore=ignore module_unknown=ignore default=bad]  pam_jwks.so
EOF
summary
