#!/usr/bin/env bash
# The proof by mutants alone, by hand; as root, because nobody else may make a folder that trusted files may lie in.
# SPDX-License-Identifier: Apache-2.0
#
#     tests/mutation/run.sh [NAME-PATTERN]         for example 'W5' or 'G3 salt length'
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

[[ $EUID -eq 0 ]] || die "needs root: it works in /var/lib"
scratch
need_packages "${BUILD_PACKAGES[@]}" check python3
prepare_sources
python3 "$TOP/tests/mutation/mutate.py" "$W/src" "$W/mutation" "$@" || note "some rule is not shown to hold"
summary
