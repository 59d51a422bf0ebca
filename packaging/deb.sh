#!/usr/bin/env bash
# Builds the Debian packages from a release's tarball (`make dist`).
# SPDX-License-Identifier: Apache-2.0
#
#     packaging/deb.sh TARBALL FOLDER     the packages, .changes and .buildinfo are put into FOLDER
#
# The same tarball gives the same bytes, on every machine with the same packages (tests/packages.sh).
set -euo pipefail
[[ $# -eq 2 && -f $1 && -d $2 ]] || { sed -n '5s/^# *//p' "$0" >&2; exit 64; }
tarball=$(realpath "$1") folder=$(realpath "$2")
name=$(basename "$tarball" .tar.xz)
[[ ! -e $folder/$name ]] || { echo "$folder/$name is in the way" >&2; exit 1; }
tar -C "$folder" -xJf "$tarball"
cp "$tarball" "$folder/${name%-*}_${name##*-}.orig.tar.xz"
cp -r "$folder/$name/packaging/debian" "$folder/$name/debian"
cd "$folder/$name"
dpkg-buildpackage -us -uc
rm -r "${folder:?}/$name"
