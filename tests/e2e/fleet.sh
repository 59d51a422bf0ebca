#!/usr/bin/env bash
# A fleet on the test clock: it starts at once, its provider goes and comes back, rotates, is flooded; nowhere do its hosts herd (J01).
# SPDX-License-Identifier: Apache-2.0
#
#     fleet.sh [OPTION...]      of tests/replay/fleet.py; by default 60 hosts for six hours, in two minutes
#     fleet.sh --page           500 hosts for nine hours, in half an hour, and docs/fleet.md with its picture from them
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=clock.bash
. "$(dirname "$0")/clock.bash"

[[ $EUID -eq 0 ]] || { echo "SKIP  ${0##*/}: needs root"; exit 77; }
own_mounts "$0" "$@"
[[ -n ${JWKS_OWN_MOUNTS:-} ]] || { echo "SKIP  ${0##*/}: each host needs mounts of its own, which are not allowed here"; exit 77; }
scratch
need_packages "${HOST_PACKAGES[@]}"
build_with_test_clock
make_cache_owner
gcc -shared -fPIC -o "$W/samechance.so" "$TOP/tests/replay/samechance.c"
if [[ ! -e /etc/machine-id ]]; then             # for the hosts' own to be mounted on
    : >/etc/machine-id
    defer 'rm /etc/machine-id'
fi

PAGE=
if [[ ${1:-} == --page ]]; then
    PAGE=yes
    set -- --hosts 500 --clones 500 --hours 6 --flood 60
fi
(($#)) || set -- --hosts 60 --clones 20 --hours 2 --flood 5
note "fleet.py $*"
count=0
while read -r verdict name; do
    "$verdict" "$name"
    count=$((count + 1))
done < <(/usr/bin/python3 "$TOP/tests/replay/fleet.py" "$PREFIX" "$CLOCK" "$W/samechance.so" --record "$W/record" "$@")
try "fleet.py came to its end" test "$count" -eq 11
if [[ -n $PAGE ]]; then
    need_packages gnuplot-nox
    try "the page and its picture" /usr/bin/python3 "$TOP/tests/replay/fleetpage.py" "$W/record" "$TOP/docs"
fi
summary
