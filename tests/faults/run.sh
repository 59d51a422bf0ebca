#!/usr/bin/env bash
# What the cache must survive: outages, lies, floods, crashes, full disks, wrong clocks; one named test a row.
# SPDX-License-Identifier: Apache-2.0
#
#     tests/faults/run.sh [GROUP | ROW]...      a_network, A08; all by default
#
# As root.  Each group runs in namespaces of its own (network, mounts, processes) with a build on a test clock.
# JWKS_CLOCK_PREFIX and JWKS_CLOCK name an installation of such a build and its clock file; else one is made.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../e2e/clock.bash
. "$(dirname "$0")/../e2e/clock.bash"
HERE=$TOP/tests/faults

if [[ ${1:-} == --inside ]]; then
    ip link set lo up
    own_dev
    exec /usr/bin/python3 "$HERE/$2.py" "$W" "$PREFIX" "$CLOCK" "${@:3}"
fi

[[ $EUID -eq 0 ]] || { echo "SKIP  faults: needs root"; exit 77; }
scratch
need_packages "${BUILD_PACKAGES[@]}" "${HOST_PACKAGES[@]}" pamtester strace iproute2 e2fsprogs python3-cryptography python3-paramiko \
    clang libclang-rt-14-dev valgrind
unshare --mount --net --pid --fork --mount-proc true 2>/dev/null || {
    skip "tests/faults" "no namespaces of our own may be made here"
    summary
    exit
}
if [[ -n ${JWKS_CLOCK_PREFIX:-} ]]; then PREFIX=$JWKS_CLOCK_PREFIX CLOCK=$JWKS_CLOCK; else build_with_test_clock; fi

groups=() rows=()
add_groups() {
    local name
    for name in $(cd "$HERE" && compgen -G "${1,}_*.py"); do groups+=("${name%.py}"); done
}
for argument; do
    case $argument in
        [A-Z][0-9][0-9]) rows+=("$argument"); add_groups "${argument:0:1}" ;;
        *) groups+=("$argument") ;;
    esac
done
if ((${#groups[@]} == 0)); then
    add_groups '[abdeg-z]'              # h_reader runs the rows of C and F, and has somebody look on
fi

# GROUP: its lines as our results.
run_group() {
    local line status=0
    mkdir -p "$W/$1"
    env W="$W/$1" PREFIX="$PREFIX" CLOCK="$CLOCK" timeout 1800 \
        unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
        "$HERE/run.sh" --inside "$1" "${rows[@]}" >"$W/$1.out" 2>&1 || status=$?
    while IFS= read -r line; do
        case $line in
            'PASS  '* | 'FAIL  '* | 'SKIP  '*) result "${line:0:4}" "${line:6}" ;;
            *) printf '%s\n' "$line" ;;
        esac
    done <"$W/$1.out"
    [[ $status -eq 0 ]] || grep -q '^FAIL  ' "$W/$1.out" || fail "$1 ended with status $status"
}
# The longest first; more than there are processors, since they wait for most of their time.
mapfile -t groups < <(printf '%s\n' "${groups[@]}" | sort -u | sed -E 's/^(h_reader|e_concurrency|h_hosts)$/0 &/; t; s/^/1 /' | sort | cut -d' ' -f2)
for group in "${groups[@]}"; do
    while (($(jobs -rp | wc -l) >= 2 * $(nproc))); do wait -n; done
    run_group "$group" &
done
wait
summary
