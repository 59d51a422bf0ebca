#!/usr/bin/env bash
# The RPM packages are built from a release's tarball by rpmbuild, rpmlint finds no error, and they have the files of Debian's.
# SPDX-License-Identifier: Apache-2.0
#
# On Debian, so without the packages that the spec names: they are looked for by configure.  They are not installed here.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
[[ $EUID -eq 0 ]] || { echo "SKIP  ${0##*/}: needs root"; exit 77; }
scratch
need_packages "${BUILD_PACKAGES[@]}" rpm rpmlint selinux-policy-dev
need_tarball

mkdir -p "$W/rpm/SOURCES"
cp "$JWKS_TARBALL" "$W/rpm/SOURCES"
# Of systemd-rpm-macros, which Debian has not.
cat >"$W/macros" <<'END'
%_unitdir %{_prefix}/lib/systemd/system
%_sysusersdir %{_prefix}/lib/sysusers.d
%_tmpfilesdir %{_prefix}/lib/tmpfiles.d
END
build() {
    rpmbuild --nodeps --load "$W/macros" --define "_topdir $W/rpm" --define 'debug_package %{nil}' -ba "$TOP/packaging/rpm/pam-jwks.spec"
}
try "rpmbuild builds the packages" build
NAMES=(pam-jwks libjwkscore libjwkscore-devel jwks-tools jwks-authorized-keys jwks-client pam-jwks-selinux)
FILES=()
for name in "${NAMES[@]}"; do
    try "there is $name" compgen -G "$W/rpm/RPMS/*/$name-0*.rpm"
    FILES+=("$W"/rpm/RPMS/*/"$name"-0*.rpm)
done
# Its exit status counts warnings of some kinds, too.
lint() {
    rpmlint --rpmlintrc "$TOP/packaging/rpm/pam-jwks.rpmlintrc" "${FILES[@]}" "$W"/rpm/SRPMS/*.rpm >"$W/rpmlint" 2>&1 || echo "status $?"
    cat "$W/rpmlint"
    not grep -qE ': E: |Traceback' "$W/rpmlint" && grep -qE '^ ?8 packages .* checked; 0 errors' "$W/rpmlint"
}
try "rpmlint finds no error" lint

# --- what is in them ---

# Every file once, whatever package it is in: by its place in Fedora, not compressed, documents by their place in the sources.
places() { sed -E 's,\.gz$,,; s,^/lib/systemd,/usr&,; s,^/usr/lib/[a-z0-9_]+-linux-gnu/,/usr/lib64/,; s,^/usr/share/doc/[^/]+,/usr/share/doc,' | sort; }
in_rpms() {
    rpm -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "${FILES[@]:0:6}" | sed -n '/^d/!s/^[^ ]* //p' | places |
        grep -vE '^/usr/(share/(licenses|doc/(LICENSE|CONTRIBUTING.md)$)|lib/\.build-id)'
}
in_debs() {
    local deb
    for deb in "$JWKS_DEBS"/*.deb; do [[ $deb == *-dbgsym_* ]] || dpkg-deb --fsys-tarfile "$deb" | tar -t; done | sed -n '/\/$/!s/^\.//p' | places |
        grep -vE '^/usr/share/(doc/(changelog.Debian|copyright)|pam-configs/jwks)$'
}
if [[ -z ${JWKS_DEBS:-} ]]; then
    need_packages debhelper dpkg-dev fakeroot
    JWKS_DEBS=$W/deb
    mkdir "$JWKS_DEBS"
    try "dpkg-buildpackage builds Debian's" "$TOP/packaging/deb.sh" "$JWKS_TARBALL" "$JWKS_DEBS"
fi
try "they have the files of Debian's packages, each in one" diff <(in_debs) <(in_rpms)
scripts() { rpm -qp --scripts "${FILES[@]}"; }
try "jwks-tools makes the account" grep -qE 'useradd -r .* jwks' <(scripts)
try "nothing enables the module, or changes sshd" not grep -qE 'authselect|sshd_config|pam\.d/' <(scripts)
summary
