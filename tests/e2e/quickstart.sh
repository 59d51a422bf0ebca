#!/usr/bin/env bash
# The README's first command works on its own, and afterwards the machine is as it was.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
[[ $EUID -eq 0 ]] || { echo "SKIP  ${0##*/}: needs root"; exit 77; }
scratch

# All that a login could leave behind.  The dead that wait for init are init's, and tests/run.sh's other stages its own.
machine() {
    ls -A /etc/pam.d /etc/sudoers.d /opt /home /dev /var/lib
    cat /etc/passwd /etc/group
    pgrep -fa 'jwks-test|server\.mjs|syslogd\.py' | sed "/<defunct>\$/d${JWKS_KEEP:+; \|${JWKS_KEEP%/*}/|d}"
    git -c safe.directory='*' -C "$TOP" status --short
}
quickstart() { env -i PATH="$PATH" HOME="$HOME" timeout 600 "$TOP/examples/quickstart.sh" "$@"; }

before=$(machine)
try "examples/quickstart.sh ends well" quickstart
try "and leaves the machine as it was" diff <(echo "$before") <(machine)
try "it refuses an argument that it does not know" not quickstart --colour
summary
