#!/usr/bin/env bash
# Runs the fuzz targets with clang's libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer; any finding fails it.
# SPDX-License-Identifier: Apache-2.0
#
#     tests/fuzz/run.sh [-o FOLDER] [-b BUILD] [SECONDS [TARGET...]]
#
# SECONDS of CPU each (60; on a busy machine that takes longer), two at once, all targets.  FOLDER keeps the corpora (FOLDER/corpus/TARGET, used again the next time),
# logs and findings; BUILD the build.  Both are temporary where they are not named.  Needs clang and libclang-rt-*-dev.
set -euo pipefail
export LC_ALL=C
TOP=$(cd "$(dirname "$0")/../.." && pwd)
FLAGS='-g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'
OUT='' BUILD='' W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
usage() { sed -n '4,8s/^# \{0,1\}//p' "$0" >&2; exit 64; }

while getopts o:b: option; do
    case $option in
        o) OUT=$OPTARG ;;
        b) BUILD=$OPTARG ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
OUT=$(realpath -m "${OUT:-$W/out}") BUILD=$(realpath -m "${BUILD:-$W/build}")
SECONDS_EACH=${1:-60}
[[ $SECONDS_EACH =~ ^[1-9][0-9]*$ ]] || usage
shift $(($# > 0 ? 1 : 0))

# configure refuses a build of its own beside one in the source folder, so the sources may have to be copied.
build() {
    local sources=$TOP
    if [[ -e $TOP/config.status || ! -x $TOP/configure ]]; then
        sources=$W/src
        mkdir "$sources"
        tar -C "$TOP" --exclude=./.git --exclude=node_modules --exclude=./config.status --exclude='*.o' --exclude='*.lo' \
            --exclude='*.la' --exclude=.libs --exclude=.deps -cf - . | tar -C "$sources" -xf -
        (cd "$sources" && autoreconf -fi)
    fi
    mkdir -p "$BUILD"
    cd "$BUILD"
    "$sources/configure" -q CC=clang CFLAGS="$FLAGS" --disable-hardening
    make -s -j2 fuzz
}

dictionary() {
    case $1 in
        headers) echo http ;;
        config) echo jwks.conf ;;
        scan | token | authenticate | keyset | envelope | rate) echo json ;;
    esac
}

spent() { awk '$1 == "cpu" { sum += $2 + $3 } END { printf "%d", sum }' "$OUT/log/$1"; }

# TARGET SECONDS: by the clock, which is all that libFuzzer knows.
fuzz() {
    local target=$1 words options
    words=$(dictionary "$target")
    options=(-max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -max_len=32768 -print_final_stats=1
        -artifact_prefix="$OUT/findings/$target-" ${words:+-dict="$TOP/tests/fuzz/$words.dict"})
    mkdir -p "$OUT/corpus/$target"
    TIMEFORMAT='cpu %U %S'
    # What the seeds reach is the start of the corpus, which alone grows.
    time "$BUILD/tests/fuzz/fuzz_$target" "${options[@]}" "$OUT/corpus/$target" "$W/seeds/$target"
}

report() {
    local target=$1 status=$2 log=$OUT/log/$1
    printf '%-5s %-13s %s CPU s, %s executions, corpus %s, coverage %s\n' "$([[ $status -eq 0 ]] && echo PASS || echo FAIL)" "$target" \
        "$(spent "$target")" \
        "$(awk '$1 == "stat::number_of_executed_units:" { sum += $2 } END { print sum + 0 }' "$log")" \
        "$(find "$OUT/corpus/$target" -type f | wc -l)" \
        "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)"
    [[ $status -eq 0 ]] || grep -aE 'ERROR|SUMMARY|runtime error|promise is broken|Test unit written' "$log" || tail -n 5 "$log"
}

# Until the time that the clock says is CPU's too, but for a fiftieth.
one() {
    local status=0 left=$SECONDS_EACH
    : >"$OUT/log/$1"
    while [[ $status -eq 0 ]] && ((left > SECONDS_EACH / 50)); do
        fuzz "$1" "$left" >>"$OUT/log/$1" 2>&1 || status=$?
        left=$((SECONDS_EACH - $(spent "$1")))
    done
    report "$1" "$status"
    [[ $status -eq 0 ]] || : >"$W/failed.$1"
}

mkdir -p "$OUT/log" "$OUT/findings"
build >"$OUT/log/build" 2>&1 || { tail -n 30 "$OUT/log/build"; exit 1; }
bash "$TOP/tests/fuzz/make_seeds.sh" "$W/seeds"
if (($# == 0)); then
    mapfile -t targets < <(ls "$TOP/tests/fuzz/seeds")
    set -- "${targets[@]}"
fi
for target; do
    [[ -x $BUILD/tests/fuzz/fuzz_$target ]] || { echo "there is no target $target" >&2; exit 64; }
done
for target; do
    while (($(jobs -rp | wc -l) >= 2)); do wait -n || :; done
    one "$target" &
done
wait
failed=$(find "$W" -maxdepth 1 -name 'failed.*' | wc -l)
echo "$(($# - failed)) passed, $failed failed"
[[ $failed -eq 0 ]]
