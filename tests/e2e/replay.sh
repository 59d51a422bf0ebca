#!/usr/bin/env bash
# Days and months on the test clock: how real providers changed their keys (C26), and a day with failing answers (J02).
# SPDX-License-Identifier: Apache-2.0
#
#     replay.sh [OPTION...]     of tests/replay/rotation.py; by default the five busiest days of each history, two minutes.
#                               `--days 0` is all of them, in half an hour; with `--markdown docs/rotations.md` it makes that page.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=clock.bash
. "$(dirname "$0")/clock.bash"

[[ $EUID -eq 0 ]] || { echo "SKIP  ${0##*/}: needs root"; exit 77; }
(($#)) || set -- --days 5
own_mounts "$0" "$@"
scratch
need_packages "${HOST_PACKAGES[@]}"
build_with_test_clock
make_cache_owner

# NAME PROGRAM [OPTION...]: what it says is worth reading also where it passes.
replay() {
    note "${2##*/} ${*:3}"
    if /usr/bin/python3 "$TOP/tests/replay/$2" "$PREFIX" "$CLOCK" "${@:3}"; then pass "$1"; else fail "$1: see above"; fi
}
replay "C26 real rotations: each login is decided as key_grace says, within the formula's requests" rotation.py "$@"
replay "J02 a day, one answer in ten fails: no login does, within the formula's requests" day.py
summary
