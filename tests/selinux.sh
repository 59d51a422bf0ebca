#!/usr/bin/env bash
# The SELinux module compiles, and in Debian's own policy it gives the network to jwks-fetch and to nobody who decides.
# SPDX-License-Identifier: Apache-2.0
#
# The policy is put together in a folder of its own; this machine's is neither asked nor changed.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
[[ $EUID -eq 0 ]] || { echo "SKIP  ${0##*/}: needs root"; exit 77; }
scratch
need_packages make selinux-policy-dev semodule-utils policycoreutils setools

cp -r "$TOP/packaging/selinux" "$W/module"
try "the module compiles" make -C "$W/module" -f /usr/share/selinux/devel/Makefile pam_jwks.pp

# Debian's policy without its package, whose scripts would make it this machine's.
chmod 711 "$W"
install -d -o _apt "$W/download"
(cd "$W/download" && apt-get download -q selinux-policy-default) >"$W/apt.log" 2>&1
dpkg -x "$W"/download/selinux-policy-default_*.deb "$W/debian"
mkdir -p "$W/host/etc/selinux" "$W/host/var/lib/selinux/default"
cp -r "$W/debian/etc/selinux/default" "$W/host/etc/selinux"
printf '%s\n' 'module-store = direct' 'expand-check = 0' >"$W/host/etc/selinux/semanage.conf"
add_modules() {
    local modules=() module
    for module; do modules+=(-i "$module"); done
    semodule -p "$W/host" -S /var/lib/selinux -s default -n "${modules[@]}" >"$W/semodule.log" 2>&1 || { cat "$W/semodule.log"; return 1; }
    cp "$W"/host/etc/selinux/default/policy/policy.* "$W/policy"
}
# POLICY TYPE: what it may do there.  TYPE: what it may do only by our module.
rules() { [[ -s $W/$1.$2 ]] || sesearch -A -s "$2" "$W/$1" | sort >"$W/$1.$2"; cat "$W/$1.$2"; }
added() { comm -13 <(rules before "$1") <(rules policy "$1"); }
some() { grep -Eq -- "$1" <("${@:2}"); }
none() { not some "$@" && test -n "$("${@:2}")"; }
add_modules "$W"/debian/usr/share/selinux/default/*.pp.bz2
mv "$W/policy" "$W/before"
try "it is taken into Debian's policy" add_modules "$W/module/pam_jwks.pp"

NETWORK='_socket |:(node|netif|peer|packet) |name_(connect|bind)'
WRITES='_t:file \{.* (append|create|link|rename|setattr|unlink|write) '
try "control: sshd_t has the network there" some "$NETWORK" rules before sshd_t
for type in sshd_t staff_sudo_t local_login_t; do
    try "$type gets no network" none "$NETWORK" added "$type"
    try "$type reads keys" some ' jwks_var_lib_t:file .* read ' added "$type"
    try "$type writes no file" none "$WRITES" added "$type"
    try "$type gets nothing of anybody else's but the way to it" test -z \
        "$(added "$type" | grep -vE ' (jwks_[a-z_]+:|(etc|var|var_lib)_t:dir \{ getattr open search \}|var_run_t:(dir|lnk_file) )')"
done
connects() { some '^allow jwks_[a-z]+_t [a-z_]*port_type:tcp_socket .*name_connect' rules policy "$1"; }
try "jwks-fetch may connect" connects jwks_fetch_t
try "jwks-authorized-keys may not, by a rule of its own" not connects jwks_keys_t
try "jwks-fetch writes keys" some "jwks_var_lib$WRITES" rules policy jwks_fetch_t
try "jwks-authorized-keys reads them" some ' jwks_var_lib_t:file .* read ' rules policy jwks_keys_t
try "and writes none" none "jwks_(conf|grant|runtime|var_lib|[a-z]+_exec)$WRITES" rules policy jwks_keys_t

# It walks to it from /, opens the folder, and loads it as any library.
for what in 'bin_t:dir .*open.* read.* search' 'lib_t:file .*execute.* map.* open.* read'; do
    try "jwks-fetch loads jwks-http.so: $what" some "^allow [a-z_]+ $what" rules policy jwks_fetch_t
done

# FROM EXEC TO: a program that gets a domain of its own when that one starts it.
transits() {
    sesearch -T -s "$1" -t "$2" -c process "$W/policy" | grep -q " $3;" && some " $3:process .*transition" rules policy "$1"
}
for type in sshd_t staff_sudo_t local_login_t jwks_keys_t init_t crond_t; do
    try "$type starts jwks-fetch in its domain" transits "$type" jwks_fetch_exec_t jwks_fetch_t
done
try "sshd_t starts jwks-authorized-keys in its domain" transits sshd_t jwks_keys_exec_t jwks_keys_t
try "also with the unit's NoNewPrivileges" some '^allow init_t jwks_fetch_t:process2 .*nnp_transition' rules policy init_t
for role in system_r staff_r sysadm_r user_r; do
    try "$role may have jwks-fetch's domain" grep -q jwks_fetch_t <(seinfo -r "$role" -x "$W/policy")
done
summary
