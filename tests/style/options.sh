#!/usr/bin/env bash
# Each option of jwks.conf(5), section by section, has its row in the option table, and each row its entry; so have the module and jwks-login.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_srcdir:?set by make check}"
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT

# "SECTION key" a line, from the table and from the pages.  conf is the module's own, max_wait the one row for both.
sed -nE 's/^ +\{"([a-z_]+)", (GLOBAL|ISSUER|SERVICE|PAM)\(.*/\2 \1/p' libjwkscore/option_table.c | sort >"$W/rows"
awk '/^\.Ss Section/ { section = toupper($3) } /^\.Sh/ { section = "" } /^\.It Cm/ && section { print section, $3 }' \
    libjwkscore/jwks.conf.5 >"$W/page"
awk '/^\.Sh/ { here = $2 == "DESCRIPTION" } /^\.It Cm/ && here { print "PAM", $3 }' pam_jwks/pam_jwks.8 |
    grep -vxE 'PAM (conf|max_wait)' >>"$W/page"
sort -o "$W/page" "$W/page"
[[ $(wc -l <"$W/rows") -gt 40 ]] || { echo "the table was not read"; exit 1; }
diff "$W/rows" "$W/page" || { echo "above: < row without entry, > entry without row"; exit 1; }

# So has jwks-login: its rows, as the command line spells them, and the options that login.conf does not have, which come last.
sed -nE 's/^ +\{(ROW[A-Z_]*\(([a-z_]+)\)|"([a-z_]+)", KIND).*/\2\3/p' client/login_options.c | tr _ - >"$W/conf"
{
    cat "$W/conf"
    sed -nE '/^\} own\[\]/,/^};/s/^ +\{"([a-z]+)", .*/\1/p' client/login_arguments.c
} | sort >"$W/rows"
awk '/^\.Sh/ { here = $2 == "DESCRIPTION" } /^\.Ss/ { here = 0 }
    /^\.It Fl/ && here { for (i = 3; i <= NF; i++) if ($i ~ /^-[a-z]/) { print substr($i, 2); break } }' client/jwks-login.1 | awk '!seen[$0]++' >"$W/entries"
sort "$W/entries" >"$W/page"
[[ $(wc -l <"$W/rows") -gt 20 ]] || { echo "the table of jwks-login was not read"; exit 1; }
diff "$W/rows" "$W/page" || { echo "above, of jwks-login: < row without entry, > entry without row"; exit 1; }
grep -q 'long options up to$' client/jwks-login.1 || { echo "jwks-login(1) does not say which keys login.conf has"; exit 1; }
diff <(sort "$W/conf") <(sed '/^token$/d; /^proxy$/q' "$W/entries" | sort) || { echo "above: < key of login.conf, > option up to --proxy"; exit 1; }
