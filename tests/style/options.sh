#!/usr/bin/env bash
# Each option of jwks.conf(5), section by section, has its row in the option table, and each row its entry; so has the module.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_srcdir:?set by make check}"
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
exit 1
