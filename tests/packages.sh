#!/usr/bin/env bash
# The Debian packages: built, judged by lintian, the same bytes twice; installed, logged in with, upgraded, removed and purged.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016   # steps of the way back, an inner shell and dpkg-query have variables of their own
#
# As root.  The machine they are installed on is this one seen through an overlay (unshare, chroot), which is gone afterwards.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
[[ $EUID -eq 0 ]] || { echo "SKIP  ${0##*/}: needs root"; exit 77; }
unshare --mount true 2>/dev/null || { echo "SKIP  ${0##*/}: needs mounts of its own"; exit 77; }
own_mounts "$0" "$@"
scratch
need_packages "${BUILD_PACKAGES[@]}" "${HOST_PACKAGES[@]}" debhelper dpkg-dev fakeroot lintian
need_provider

# --- built ---

# All at once: the packages; the same again elsewhere, in another zone and language, under another umask; and, of the same sources,
# the version before.
need_tarball
JWKS_DEBS=${JWKS_DEBS:-$W/deb}
build() {
    mkdir -p "$2"
    { env "${@:3}" bash "$TOP/packaging/deb.sh" "$1" "$2" && touch "$2/built"; } >"$2.log" 2>&1
}
built() { tail -n 30 "$1.log"; test -e "$1/built"; }
build "$JWKS_TARBALL" "$JWKS_DEBS" &
first=$!
(umask 027; build "$JWKS_TARBALL" "$W/again" TZ=Asia/Tokyo LC_ALL=C.UTF-8 HOME=/nonexistent) &
older() {
    mkdir "$W/older"
    tar -C "$W/older" -xJf "$JWKS_TARBALL"
    sed -i '1s/-1)/-0)/' "$W"/older/*/packaging/debian/changelog
    (cd "$W/older" && tar -cJf "${JWKS_TARBALL##*/}" -- */)
    build "$W/older/${JWKS_TARBALL##*/}" "$W/before" DEB_BUILD_OPTIONS=noautodbgsym
}
older &
wait "$first" || note "which failed"
try "dpkg-buildpackage builds the packages" built "$JWKS_DEBS"
NAMES=(libpam-jwks jwks-authorized-keys jwks-client jwks-tools libjwkscore-dev libjwkscore0)
for name in "${NAMES[@]}"; do
    try "there is $name" compgen -G "$JWKS_DEBS/${name}_*.deb"
done
# What is left out: there is no public address of the project, and no bug of Debian's that asks for it.
try "lintian finds no error, and nothing to warn of" lintian --allow-root --fail-on error,warning \
    --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog,initial-upload-closes-no-bugs "$JWKS_DEBS"/*.changes
wait
try "they build again: elsewhere, in another zone and language, under another umask" built "$W/again"
sums() { (cd "$1" && sha256sum -- *.deb); }
try "and are the same bytes" diff <(sums "$JWKS_DEBS") <(sums "$W/again")
try "the version before builds" built "$W/before"

# --- a machine to install them on ---

# Nothing of this machine's own is mounted in it that could be changed from there.
make_accounts
R=$W/root
mkdir "$W/overlay" "$R"
mount -t tmpfs -o mode=755 overlay "$W/overlay"
mkdir "$W/overlay/upper" "$W/overlay/work"
mount -t overlay -o "lowerdir=/,upperdir=$W/overlay/upper,workdir=$W/overlay/work" overlay "$R"
defer 'umount --recursive --lazy "$R" "$W/overlay"'
mount -t proc proc "$R/proc"
mount -t tmpfs -o mode=755 run "$R/run"
mount -t tmpfs -o mode=755 dev "$R/dev"
mkdir "$R/dev/pts" "$R/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$R/dev/pts"
for node in 'null 3' 'zero 5' 'full 7' 'random 8' 'urandom 9'; do mknod -m 666 "$R/dev/${node% *}" c 1 "${node#* }"; done
mknod -m 666 "$R/dev/tty" c 5 0
ln -s pts/ptmx /proc/self/fd "$R/dev"
ln -s fd/0 "$R/dev/stdin"; ln -s fd/1 "$R/dev/stdout"; ln -s fd/2 "$R/dev/stderr"
here() { chroot "$R" "$@"; }
apt() { here env DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends "$@"; }
install_from() { local all=("$R$1"/*.deb); apt install "${all[@]#"$R"}"; }
# systemd seems to run there; what a package would have it start or stop is written down, and not done.
install -m 755 /dev/stdin "$R/usr/sbin/policy-rc.d" <<<$'#!/bin/sh\necho "$@" >>/asked\nexit 101'
mkdir -p "$R/run/systemd/system" "$R/packages/before" "$R/packages/now"
cp "$W"/before/*.deb "$R/packages/before"
cp "$JWKS_DEBS"/*.deb "$R/packages/now"
rm "$R"/packages/now/*-dbgsym_*.deb
# What the packages could leave behind, but for dpkg's and systemd's own lists.
machine() {
    here find /etc /usr /var/lib /run \( -path /var/lib/dpkg -o -path /var/lib/systemd -o -path /var/lib/pam -o -path '*/jwks-test-*' -o -path /run/motd.dynamic \) -prune -o -print |
        sort
}
pam_files() { here sh -c 'cd /etc/pam.d && sha256sum [!j]*'; }
if here getent passwd jwks >/dev/null; then here userdel jwks; fi
machine >"$W/machine.before"
pam_files >"$W/pam.before"

try "they install" install_from /packages/before
mode_of() { here stat -c '%U:%G %a' "$1"; }
is() { if [[ $2 == "$3" ]]; then pass "$1"; else fail "$1: $2, not $3"; fi; }
is "the account jwks owns the cache" "$(mode_of /var/lib/jwks)" "jwks:jwks 755"
is "and /run/jwks" "$(mode_of /run/jwks)" "jwks:jwks 755"
is "grants are root's" "$(mode_of /var/lib/jwks-grants)" "root:jwks 750"
is "the configuration's folder is root's" "$(mode_of /etc/jwks)" "root:root 755"
try "no PAM service names the module" diff "$W/pam.before" <(pam_files)
here mkdir -p /run/sshd
try "sshd has no AuthorizedKeysCommand by it" not grep -q jwks <(here sshd -T)
try "the timer waits to be enabled at a boot, the first" here test -e /etc/systemd/system/timers.target.wants/jwks-refresh.timer

# --- used ---

[[ -d $R$USER_HOME ]] || cp -a "$USER_HOME" "$R$USER_HOME"
write_users
provider_start corp
install -m 644 "$W/etc/corp-ca.pem" "$R/etc/jwks/corp-ca.pem"
cat >"$R/etc/jwks/jwks.conf" <<END
[issuer corp]
issuer     = $(op corp ISSUER)
audience   = ssh-RS256
user_claim = preferred_username
ca_file    = /etc/jwks/corp-ca.pem
END
try "jwksctl refresh fetches the keys" here jwksctl refresh
try "the profile of pam-auth-update can be chosen" here pam-auth-update --enable jwks
try "and then stands before the password" awk '/pam_jwks/ { ours = NR } /pam_unix/ { unix = NR } END { exit !(ours && ours < unix) }' \
    "$R/etc/pam.d/common-auth"

PORT=$(free_port)
ssh-keygen -q -t ed25519 -N '' -f "$R/etc/ssh/test_hostkey"
printf '%s\n' "Port $PORT" 'ListenAddress 127.0.0.1' 'HostKey /etc/ssh/test_hostkey' 'PidFile /run/sshd.pid' 'UsePAM yes' \
    'PasswordAuthentication no' 'KbdInteractiveAuthentication yes' 'PermitRootLogin no' 'AuthorizedKeysFile .ssh/authorized_keys' \
    'AuthorizedKeysCommand /usr/libexec/pam-jwks/jwks-authorized-keys %u %t %k' 'AuthorizedKeysCommandUser jwks' >"$R/etc/ssh/test_config"
start_daemon "$LOGS/sshd" chroot "$R" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/sbin/sshd -D -e -f /etc/ssh/test_config
wait_for 20 test -s "$R/run/sshd.pid"
echo "$U ALL=(ALL:ALL) ALL" | install -m 440 /dev/stdin "$R/etc/sudoers.d/$U"
mint token corp
install -m 600 -o "$U" "$T/token" "$R$USER_HOME/token"
person() { here setpriv --reuid "$U" --regid "$U" --init-groups env -i PATH=/usr/bin:/bin "HOME=$USER_HOME" "JWKS_TOKEN_FILE=$USER_HOME/token" "$@"; }
CLIENT=(timeout 60 setsid -w ssh -F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o IdentityAgent=none -p "$PORT")
by_prompt() { person SSH_ASKPASS=/usr/bin/jwks-askpass SSH_ASKPASS_REQUIRE=force "${CLIENT[@]}" -o PreferredAuthentications=keyboard-interactive "$U@127.0.0.1" "$GREETING"; }
by_sudo() { person SUDO_ASKPASS=/usr/bin/jwks-askpass timeout 60 setsid -w sudo -k -A sh -c "$GREETING"; }
by_key() { person "${CLIENT[@]}" -o BatchMode=yes -i "$USER_HOME/id" "$U@127.0.0.1" "$GREETING"; }
by_file() { person "${CLIENT[@]}" -o BatchMode=yes -i "$USER_HOME/listed" "$U@127.0.0.1" "$GREETING"; }
by_password() { person SSH_ASKPASS=/asked-password SSH_ASKPASS_REQUIRE=force "${CLIENT[@]}" -o PreferredAuthentications=keyboard-interactive "$U@127.0.0.1" "$GREETING"; }
by_sudo_password() { person SUDO_ASKPASS=/asked-password timeout 60 setsid -w sudo -k -A sh -c "$GREETING"; }
# WAY AS
in_as() { "$1" </dev/null 2>&1 | tee -a "$LOGS/clients" | grep -q "^LOGGED-IN as $2\$"; }
person ssh-keygen -q -t ed25519 -N '' -C '' -f "$USER_HOME/id"
mint bound corp --nonce="$(cut -d' ' -f2 "$R$USER_HOME/id.pub" | base64 -d | openssl dgst -sha256 -binary | basenc --base64url | tr -d =)"
person ssh-keygen -q -s "$USER_HOME/id" -I me -n "$U" -V -1m:+1h -O extension:jwks-token@pam-jwks="$(cat "$T/bound")" "$USER_HOME/id.pub"
# Who has no token gives an empty answer, and then a password.
install -m 755 /dev/stdin "$R/asked-password" <<<$'#!/bin/sh\ncase $1 in *assword*) echo secret-of-old ;; *) echo ;; esac'
here chpasswd <<<"$U:secret-of-old"
person ssh-keygen -q -t ed25519 -N '' -f "$USER_HOME/listed"
person mkdir "$USER_HOME/.ssh"
cp "$R$USER_HOME/listed.pub" "$R$USER_HOME/.ssh/authorized_keys"
other_ways() {
    try "$1: a password logs in by ssh" in_as by_password "$U"
    try "$1: and by sudo" in_as by_sudo_password root
    try "$1: a key of authorized_keys logs in by ssh" in_as by_file "$U"
}
ways() {
    try "$1: a token logs in by ssh" in_as by_prompt "$U"
    try "$1: and by sudo" in_as by_sudo root
    try "$1: a certificate with a token logs in by ssh" in_as by_key "$U"
}
ways "as installed"
other_ways "as installed"
builds() { here sh -c 'cc -o /tmp/verify /usr/share/doc/libjwkscore-dev/examples/verify.c $(pkg-config --cflags --libs jwkscore) && /tmp/verify /etc/jwks/jwks.conf '"$U" <"$T/token"; }
try "a program is built with the library, and verifies a token" builds

# --- upgraded, removed, purged ---

# pam-auth-update writes its files anew, as they were.
kept() { here find /etc/jwks /var/lib/jwks /var/lib/jwks-grants -printf '%p %u:%g %m %i %T@\n' | sort; pam_files; }
kept >"$W/kept.before"
here rm -f /asked
try "they are upgraded" install_from /packages/now
try "to the version that was built" grep -qx '.*-1' <(here dpkg-query -W -f '${Version}\n' jwks-tools)
try "configuration, PAM and cache are as they were" diff "$W/kept.before" <(kept)
try "nothing is to be started again but the timer" diff <(echo "jwks-refresh.timer restart") <(sort -u "$R/asked")
ways "upgraded, the same sshd"
rm -r "$R/packages"
try "they are removed" apt remove "${NAMES[@]}"
try "and no PAM service names the module any more" diff "$W/pam.before" <(pam_files)
other_ways "removed"
try "a certificate with a token does not, any more" not in_as by_key "$U"
try "the configuration stays" test -e "$R/etc/jwks/jwks.conf"
try "the keys stay" compgen -G "$R/var/lib/jwks/*"
try "they are purged" here dpkg --purge "${NAMES[@]}"
try "what an administrator wrote is not a package's to take" test -e "$R/etc/jwks/jwks.conf"
rm -r "$R/etc/jwks"
rm -rf "$R"/etc/ssh/test_* "$R/etc/sudoers.d/$U" "$R/run/sshd.pid" "$R/run/sshd"
machine >"$W/machine.after"
try "and have left nothing" diff "$W/machine.before" "$W/machine.after"
try "but the account jwks, whose number is nobody else's" here getent passwd jwks
try "no log holds 20 characters of any token" "$TOP/tests/e2e/find_token.py" "$T" "$LOGS"
summary
