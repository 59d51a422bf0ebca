#!/usr/bin/env bash
# Everything that this suite promises, tested on this machine: two compilers, unit tests, sanitizers, valgrind, release, logins.
# SPDX-License-Identifier: Apache-2.0
#
# As root, on Debian 12, from a checkout:  tests/run.sh [STAGE | SCRIPT]...   (see tests/README)
# It installs the packages it needs, builds in a folder of its own, and leaves the checkout as it was.  The last line is
# `N passed, N failed, N skipped`.
# shellcheck disable=SC2016   # make's variables and an inner shell's stand in single quotes
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

TEST_PACKAGES=(clang libclang-rt-14-dev check pamtester libpam-wrapper libnss-wrapper libuid-wrapper mandoc groff-base valgrind shellcheck
    strace python3-paramiko python3-cryptography curl locales xauth clang-tidy cppcheck iproute2 keyutils
    chromium chromium-driver libnss3-tools ansible-core)
# Two rows, side by side: what computes gives way to what waits for most of its time.
COMPUTING=(compilers analysis check sanitizers valgrind mutation release packages scripts)
WAITING=(quickstart faults e2e hostile)
SANITIZED='-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'

# BUILD EXPRESSION: what make makes of it there.
make_says() { make -s -C "$W/$1" --eval="says: ; @:\$(info $2)" says; }

# NAME FUNCTION ITEM...: `FUNCTION ITEM` for each, as many at once as there are processors; one result each, in this order.
try_each() {
    local name=$1 function=$2 item log logs
    shift 2
    logs=$(mktemp -d "$W/each.XXXXXX")
    export W
    export -f "${function?}"
    printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c 'log=$1/${2//\//.}; "$0" "$2" >"$log" 2>&1; echo $? >"$log.status"' \
        "$function" "$logs"
    for item; do
        log=$logs/${item//\//.}
        case $(cat "$log.status") in
            0) pass "$name: $item" ;;
            77) skip "$name: $item" "$(sed -n 's/^skipped: //p' "$log")" ;;
            *) fail "$name: $item"; tail -n 30 "$log" | sed 's/^/      /' ;;
        esac
    done
}

# BUILD [MAKE-VARIABLE]...: `make check` there, and every result of automake's harness as one of ours.
make_check() {
    local trs result
    timeout 1800 make -s -C "$W/$1" -j2 check "${@:2}" >"$W/$1.log" 2>&1 || note "make check in $1 has failures"
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

# What compilers do not see.  For the product all of it; for the tests cppcheck alone, since they run under both compilers'
# sanitizers and valgrind.  What is not to be found stands in .clang-tidy, below, or in the sources, each with its reason.
stage_analysis() {
    local folder files
    FLAGS=$(make_says gcc '$(filter -D% -I%,$(DEFS) $(AM_CPPFLAGS))')
    export FLAGS
    read -ra files < <(make_says gcc '$(sort $(filter client/%.c examples/%.c jwks_fetch/%.c jwksctl/%.c libjwkscore/%.c nss_helper/%.c pam_jwks/%.c,$(SOURCES)))')
    try_each "clang-tidy" analyse_tidy "${files[@]}"
    try_each "gcc -fanalyzer" analyse_gcc "${files[@]}"
    for folder in client examples jwks_fetch jwksctl libjwkscore nss_helper pam_jwks; do
        try "cppcheck: $folder" analyse_cppcheck "$folder" warning,performance,portability,style
    done
    # It does not know that a test ends where ck_assert fails.
    try "cppcheck: tests" analyse_cppcheck tests warning,performance,portability --suppress=arrayIndexOutOfBoundsCond
}
analyse_tidy() { cd "$W/src" && eval "clang-tidy --quiet $1 -- $FLAGS"; }
analyse_gcc() { cd "$W/src" && eval "gcc -O2 -fanalyzer -Werror $FLAGS -c -o /dev/null $1"; }
analyse_cppcheck() (
    local flags options
    cd "$W/src"
    eval "flags=($FLAGS)"
    options=(-q -j2 --std=c11 --enable="$2" --inline-suppr --error-exitcode=1
        --suppress='*:/usr/include/*'   # not ours
        --suppress=unreadVariable       # does not know CLEANUP: `x = NULL` hands x over
        --suppress=varFuncNullUB        # glibc's NULL is a pointer
        --suppress=variableScope        # declarations stand at the head of their function
        "${@:3}")
    cppcheck "${options[@]}" "${flags[@]}" "$1"/*.c
)

# Two compilers, because each sees what the other does not.  What looks at the sources and not at the programs is left out, and
# the scripts, which wait for most of their time, run once.
stage_sanitizers() {
    local compiler tests
    tests=$(make_says gcc '$(filter-out $(style_tests),$(TESTS))')
    export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
    for compiler in gcc clang; do
        configure "$W/src" "$W/sanitizers-$compiler" --disable-hardening CC="$compiler" CFLAGS="$SANITIZED"
        try "sanitizers-$compiler: builds" timeout 600 make -s -C "$W/sanitizers-$compiler" -j2
        make_check "sanitizers-$compiler" TESTS="$tests"
        tests=$(make_says gcc '$(filter $(check_PROGRAMS) tests/fuzz.sh,$(TESTS))')
    done
    unset ASAN_OPTIONS UBSAN_OPTIONS
}

# In one process each, so that a leak is one; what needs an allocator of its own says that it skips, and check_nofile lets each
# call fail with one error: with all of them it does under sanitizers.
stage_valgrind() {
    local programs long='tests/check_cases tests/check_pam tests/check_realworld_keysets tests/check_nofile'    # first
    try "valgrind: the programs build" timeout 600 make -s -C "$W/gcc" -j2 check TESTS=
    read -ra programs < <(make_says gcc "$long "'$(filter-out '"$long"',$(filter $(check_PROGRAMS),$(TESTS)))')
    try_each valgrind under_valgrind "${programs[@]}"
}
under_valgrind() {
    cd "$W/gcc" && CK_FORK=no JWKS_SLOW=yes top_srcdir="$W/src" top_builddir="$W/gcc" timeout 1200 ./libtool --mode=execute \
        valgrind -q --error-exitcode=99 --leak-check=full "$1"
}

# Each rule of the verifier broken once, and a unit test turns red: tests/mutation/README.
stage_mutation() {
    local failed
    failed=$(count FAIL)
    python3 "$W/src/tests/mutation/mutate.py" "$W/src" "$W/mutation" || [[ $(count FAIL) -gt $failed ]] ||
        fail "mutation: ended before its end"
}

# All programs are built from the tarball; of the tests, which have run, those that read files of it run again.
stage_release() {
    local test tests long='tests/crash.sh tests/fetch.sh tests/fetch-cache.sh'       # whose files jwksctl.sh reads, too
    tests=$(make_says gcc '$(filter tests/check_cases tests/check_realworld% tests/check_rfc tests/check_wycheproof% %.sh,$(TESTS))')
    for test in $long; do tests=${tests/$test/}; done
    try "make distcheck" timeout 1800 make -s -C "$W/gcc" -j2 distcheck TESTS="$tests"
}

# As a distribution would have it, from the tarball.
stage_packages() {
    local test
    make -s -C "$W/gcc" dist >"$W/dist.log" 2>&1 || { fail "make dist"; tail -n 20 "$W/dist.log"; return; }
    JWKS_TARBALL=$(echo "$W"/gcc/pam-jwks-*.tar.xz)
    export JWKS_TARBALL JWKS_DEBS=$W/debs       # packages.sh builds those, rpm.sh compares
    for test in packages rpm selinux; do run_script "$test.sh" "$TOP/tests/$test.sh"; done
}

stage_scripts() {
    local files
    mapfile -t files < <(cd "$W/src" && grep -rlE '^#!.*\b(ba)?sh\b|^# shellcheck shell' --exclude-dir=build-aux --exclude='configure*' . | sort)
    try_each "shellcheck" check_script "${files[@]}"
    run_script bench.sh "$TOP/tests/bench.sh"
}
check_script() { cd "$W/src" && shellcheck -x "$1"; }

# What the cache must survive, on a build with a test clock, which the scripts of e2e that move clocks use, too.
stage_faults() {
    export JWKS_CLOCK_PREFIX=$W/clock-prefix JWKS_CLOCK=$W/clock/now
    mkdir "$W/clock"
    install_build "$W/src" "$W/clock-build" "$JWKS_CLOCK_PREFIX" --enable-test-clock="$JWKS_CLOCK"
    run_script faults "$TOP/tests/faults/run.sh"
}

# SCRIPT [PATH]: counted by itself, then added up.  One that ends otherwise than with its own summary has failed.
run_script() {
    local results=$W/results.$1 status=0 start=$SECONDS
    : >"$results"
    note "$1${JWKS_HOSTILE:+, in hostile surroundings}"
    JWKS_RESULTS=$results timeout 1800 "${2:-$TOP/tests/e2e/$1}" || status=$?
    cat "$results" >>"$JWKS_RESULTS"
    case $status in
        0 | 1) [[ $status -eq 0 ]] || grep -q '^FAIL' "$results" || fail "$1 ended before its end" ;;
        77) skip "$1" "see above" ;;
        *) fail "$1 ended with status $status" ;;
    esac
    note "$1${JWKS_HOSTILE:+, in hostile surroundings}: $((SECONDS - start)) s"
}

# SCRIPT...: more at once than there are processors, as they wait for most of their time, if each can have its own /dev/log; each is
# shown when it has ended.
run_scripts() {
    local script most=1
    ! unshare --mount true 2>/dev/null || most=$((2 * $(nproc)))
    for script; do
        while (($(jobs -rp | wc -l) >= most)); do wait -n; done
        { run_script "$script" >"$W/$script.log" 2>&1; cat "$W/$script.log"; } &
    done
    while [[ -n $(jobs -rp) ]]; do sleep 1; done       # `wait` would wait for those that compute, too
}

# It looks for what is left on the machine, so nobody else may log in.
stage_quickstart() { run_script quickstart.sh; }

stage_e2e() {
    local script scripts=()
    for script in "$TOP"/tests/e2e/*.sh; do
        script=${script##*/}
        [[ $script == quickstart.sh ]] || scripts+=("$script")
    done
    run_scripts "${scripts[@]}"
}

# The same logins with everything set that a caller of sudo can set, and sshd started with it.
stage_hostile() {
    local script scripts=()
    for script in "$TOP"/tests/e2e/*.sh; do
        case ${script##*/} in
            hostile.sh | limits.sh) note "${script##*/} not again: it is in hostile surroundings always" ;;
            quickstart.sh) note "quickstart.sh not again: it is about a clean environment" ;;
            fleet.sh | load.sh | replay.sh) note "${script##*/} not again: its build is no host's" ;;
            login*.sh | readme.sh) note "${script##*/} not again: it is the person's own program, and obeys the person's environment" ;;
            ansible.sh | names.sh | pam-examples.sh)
                note "${script##*/} not again: nothing in it depends on the surroundings" ;;
            *) scripts+=("${script##*/}") ;;
        esac
    done
    JWKS_HOSTILE=yes run_scripts "${scripts[@]}"
}

# What a script leaves is searched by itself; this is for a token of one in a log of another.
search_logs() {
    [[ -d $JWKS_KEEP ]] || return 0
    try "no log of this run holds 20 characters of any token of it" \
        "$TOP/tests/e2e/find_token.py" "$JWKS_KEEP/tokens" "$JWKS_KEEP/logs"
}

# STAGE or SCRIPT...
run_each() {
    local stage
    for stage; do
        case " ${COMPUTING[*]} ${WAITING[*]} " in
            *" $stage "*) note "$stage"; SECONDS=0; "stage_$stage"; note "$stage took $SECONDS s" ;;
            *) run_script "${stage%.sh}.sh" ;;
        esac
    done
}

# The rest, while those that compute do so, one after the other; each of these is shown when it has ended.
run_both() {
    exec {shown}>&1 {computing}< <(compute; echo yes)
    defer "kill $! 2>/dev/null"
    run_each "${WAITING[@]}"
    note "waiting for those that compute"
    read -r _ <&"$computing" || { fail "the stages that compute ended before their end"; tail -n 30 "$W"/*.shown; }
}
compute() {
    local stage
    renice -n 5 -p "$BASHPID" >/dev/null
    for stage in "${COMPUTING[@]}"; do
        run_each "$stage" >"$W/$stage.shown" 2>&1
        cat "$W/$stage.shown" >&"$shown"
    done
}

[[ $EUID -eq 0 ]] || die "needs root: it runs sshd and sudo, and makes an account"
scratch
need_packages "${BUILD_PACKAGES[@]}" "${HOST_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
need_provider
make_cache_owner
note "building"
PREFIX=$W/prefix
prepare_sources
export JWKS_PREFIX=$PREFIX JWKS_KEEP=$W/kept
install_build "$W/src" "$W/gcc" "$PREFIX"
if (($#)); then run_each "$@"; else run_both; fi
search_logs
summary
