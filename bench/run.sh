#!/usr/bin/env bash
# What things cost, ours and others', side by side in one run: one table, with what we aim at.
# SPDX-License-Identifier: Apache-2.0
#
# Usage: bench/run.sh [--json|--markdown] [--plot FILE.svg] [--rounds N] [--build FOLDER] [--alone] [PART...]
#     PART          decide sets scan process pam calls fetch wave publish logins, or else all (bench/parts.bash says what each is)
#     --build       a folder to build in, which is kept, below folders that only root can write: the next run needs less time
#     --alone       nothing is installed, and no other library measured
#
# Root on Debian gets the packages that are missing installed; elsewhere a library that is not there costs its rows.
# Wall time is the median of rounds in which all that are compared take turns, so that what else the machine does falls on
# all of them: compare ratios, of one run.  Instructions are callgrind's and do not drift: they are what two versions are
# compared by.  No part of this says yes or no to a change; bench/aims is what we want, and the table says how far we are.
set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
ROUNDS=21 FORM=plain PLOT='' BUILD='' ALONE=''
usage() { sed -n '5s/^# //p' "$0" >&2; exit 64; }
while [[ ${1:-} == --* ]]; do
    case $1 in
        --json | --markdown) FORM=${1#--} ;;
        --alone) ALONE=yes ;;
        --plot | --rounds | --build)
            (($# > 1)) || usage
            case $1 in --plot) PLOT=$(realpath "$2") ;; --rounds) ROUNDS=$2 ;; --build) BUILD=$(realpath "$2") ;; esac
            shift ;;
        *) usage ;;
    esac
    shift
done
[[ $ROUNDS =~ ^[1-9][0-9]{0,2}$ ]] || usage
# shellcheck source-path=SCRIPTDIR source=room.bash
. "$TOP/bench/room.bash"
# shellcheck source-path=SCRIPTDIR source=parts.bash
. "$TOP/bench/parts.bash"
PARTS=(decide sets scan process pam calls fetch wave publish logins)
if (($# > 0)); then PARTS=("$@"); fi
for part in "${PARTS[@]}"; do
    declare -F "part_$part" >/dev/null || { echo "run.sh: there is no part $part" >&2; exit 64; }
done

get_packages ${PLOT:+gnuplot-nox}
make_room
build_programs
make_fixtures
for part in "${PARTS[@]}"; do say "$part"; "part_$part"; done
"$TOP/bench/results.py" "$TOP/bench/aims" "$ROUNDS" "$(version)" "$W/rows" >"$W/results"
case $FORM in
    json) cat "$W/results" ;;
    markdown) "$TOP/bench/table.py" --markdown "$W/results" ;;
    plain) "$TOP/bench/table.py" "$W/results" ;;
esac
if [[ -n $PLOT ]]; then "$TOP/bench/plot.py" "$W/results" "$PLOT"; fi
