#!/usr/bin/env bash
# Every manual page passes mandoc's check, but for pages of others that this machine does not have, and groff's with all warnings.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_srcdir:?set by make check}"
command -v mandoc >/dev/null || { echo "no mandoc"; exit 77; }
pages=(libjwkscore/*.[1-8] pam_jwks/*.[1-8] nss_helper/*.[1-8] jwks_fetch/*.[1-8] jwksctl/*.[1-8] client/*.[1-8])
((${#pages[@]} >= 6)) || { echo "only these pages: ${pages[*]}"; exit 1; }
# What it says of this machine's own manual is no matter of ours.
complaints=$({ mandoc -Tlint "${pages[@]}" 2>&1 || [[ $? -le 4 ]]; } | sed '/referenced manual not found/d; /mandoc\.db/d')
[[ -z $complaints ]] || { echo "$complaints"; exit 1; }
# Each page calls itself what its file is called.
for page in "${pages[@]}"; do
    name=${page##*/}
    grep -qix "\.Dt ${name%.*} ${name##*.}" "$page" || { echo "$page: its .Dt is another"; exit 1; }
done
command -v groff >/dev/null || { echo "no groff"; exit 77; }
for page in "${pages[@]}"; do
    complaints=$(groff -ww -mdoc -Tutf8 -z "$page" 2>&1)
    [[ -z $complaints ]] || { echo "groff: $complaints"; exit 1; }
done
