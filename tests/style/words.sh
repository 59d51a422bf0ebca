#!/usr/bin/env bash
# Every word that a log line can give as its reason, and every rule that the trace can name, is in jwkscore(3), and no others.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_srcdir:?set by make check}/libjwkscore"
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT

page() { sed -n "/^\.Ss $1/,/^\.S[hs] [^$2]/s/^\.It Sy \([a-z_-]*\)\$/\1/p" jwkscore.3 | sort; }

sed -n 's/^    {JWKSCORE_E_[A-Z_]*, "\([a-z-]*\)",.*/\1/p' error.c | sort >"$W/reasons"
page Reasons R >"$W/reasons-page"
statuses=$(grep -c '^    JWKSCORE_E_' jwkscore.h)
[[ $(wc -l <"$W/reasons") -eq $statuses ]] || { echo "error.c has not one word for each of $statuses statuses"; exit 1; }
diff -u --label "error.c" --label "jwkscore(3), Reasons" "$W/reasons" "$W/reasons-page"

# The rule is the first literal after the configuration; two checks get it from their caller.
grep -hoE '\b(config_trace|config_trace_claim|REFUSE|REFUSE_CLAIM|check_age|check_begin)\([a-z>.-]*config, (rules, |token, )?"[a-z_-]+"' ./*.c |
    sed 's/.*"\(.*\)"/\1/' | sort -u >"$W/rules"
page Trace T >"$W/rules-page"
diff -u --label "config_trace" --label "jwkscore(3), Trace" "$W/rules" "$W/rules-page"
