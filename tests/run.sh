#!/usr/bin/env bash
# Everything that this suite promises, tested on this machine: two compilers, unit tests, sanitizers, valgrind, release, logins.
# SPDX-License-Identifier: Apache-2.0
#
# As root, on Debian 12, from a checkout:  tests/run.sh [STAGE | SCRIPT]...   (see tests/README)
# It installs the packages it needs, builds in a folder of its own, and leaves the checkout as it was.  The last line is
# `N passed, N failed, N skipped`.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

TEST_PACKAGES=(clang libclang-rt-14-dev check pamtester libpam-wrapper libnss-wrapper libuid-wrapper mandoc valgrind shellcheck
    strace python3-paramiko)
STAGES=(compilers check sanitizers valgrind release scripts e2e)
SANITIZED='-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'

# BUILD: `make check` there, and every result of automake's harness as one of ours.
make_check() {
    local trs result
    timeout 900 make -s -C "$W/$1" check >"$W/$1.log" 2>&1 || note "make check in $1 has failures"
    while read -r trs; do
        result=$(sed -n 's/^:global-test-result: //p' "$trs")
        trs=${trs%.trs}
        case $result in
            PASS | XFAIL) pass "$1: ${trs#"$W/$1/"}" ;;
            SKIP) skip "$1: ${trs#"$W/$1/"}" "$(tail -n 2 "$trs.log" | head -n 1)" ;;
            *) fail "$1: ${trs#"$W/$1/"}"; tail -n 20 "$trs.log" | sed 's/^/      /' ;;
        esac
    done < <(find "$W/$1" -name '*.trs' | sort)
    try "$1: make check ran its tests" grep -q '^# TOTAL: *[1-9]' "$W/$1.log"
}

stage_compilers() {
    configure "$W/src" "$W/clang" CC=clang
    try "gcc: no warning" timeout 600 make -s -C "$W/gcc" -j2 warnings
    try "clang: no warning" timeout 600 make -s -C "$W/clang" -j2 warnings
}

stage_check() { make_check gcc; }

stage_sanitizers() {
    configure "$W/src" "$W/sanitizers" --disable-hardening CFLAGS="$SANITIZED"
    try "sanitizers: builds" timeout 600 make -s -C "$W/sanitizers" -j2
    make_check sanitizers
}

# The libcheck programs in one process each, so that a leak is one; what needs an allocator of its own says that it skips.
stage_valgrind() (
    try "valgrind: the programs build" timeout 600 make -s -C "$W/gcc" -j2 check TESTS=
    cd "$W/gcc"
    for program in tests/check_*; do
        [[ -x $program && -f $program ]] || continue
        status=0
        env CK_FORK=no top_srcdir="$W/src" top_builddir="$W/gcc" timeout 600 ./libtool --mode=execute \
            valgrind -q --error-exitcode=99 --leak-check=full "$program" >"$W/valgrind.log" 2>&1 || status=$?
        case $status in
            0) pass "valgrind: $program" ;;
            77) skip "valgrind: $program" "$(sed -n 's/^skipped: //p' "$W/valgrind.log")" ;;
            *) fail "valgrind: $program"; tail -n 30 "$W/valgrind.log" | sed 's/^/      /' ;;
        esac
    done
)

stage_release() { try "make distcheck" timeout 900 make -s -C "$W/gcc" distcheck; }

stage_scripts() (
    cd "$W/src"
    grep -rlE '^#!.*\b(ba)?sh\b|^# shellcheck shell' --exclude-dir=build-aux --exclude='configure*' . | sort >"$W/scripts"
    while read -r file; do try "shellcheck: $file" shellcheck -x "$file"; done <"$W/scripts"
)

# SCRIPT: counted by itself, then added up.  One that ends otherwise than with its own summary has failed.
run_script() {
    local results=$W/results.script status=0
    : >"$results"
    note "$1"
    JWKS_RESULTS=$results timeout 900 "$TOP/tests/e2e/$1" || status=$?
    cat "$results" >>"$JWKS_RESULTS"
    case $status in
        0 | 1) [[ $status -eq 0 ]] || grep -q '^FAIL' "$results" || fail "$1 ended before its end" ;;
        77) skip "$1" "see above" ;;
        *) fail "$1 ended with status $status" ;;
    esac
}

stage_e2e() {
    local script
    for script in "$TOP"/tests/e2e/*.sh; do run_script "${script##*/}"; done
}

[[ $EUID -eq 0 ]] || die "needs root: it runs sshd and sudo, and makes an account"
(($#)) || set -- "${STAGES[@]}"
scratch
need_packages "${BUILD_PACKAGES[@]}" "${HOST_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
need_provider
note "building"
PREFIX=$W/prefix
prepare_sources
export JWKS_PREFIX=$PREFIX
install_build "$W/src" "$W/gcc" "$PREFIX"
for stage; do
    case " ${STAGES[*]} " in
        *" $stage "*) note "$stage"; "stage_$stage" ;;
        *) run_script "${stage%.sh}.sh" ;;
    esac
done
summary
