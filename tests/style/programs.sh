#!/usr/bin/env bash
# What the pages of the programs list is what they have: options, commands, exit codes, PAM's codes, checks, the log's words, variables.
# (jwks.conf and login.conf: options.sh; reasons: words.sh; functions: exports.sh; the members of JSON: tests/jwksctl.sh.)
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_srcdir:?set by make check}"
build=${top_builddir:?}
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
status=0

# NAME: the lists $W/code and $W/page, a thing a line in any order, are one, and are not empty.
same() {
    sort -u -o "$W/code" "$W/code"
    sort -u -o "$W/page" "$W/page"
    if ! [[ -s $W/code ]] || ! diff "$W/code" "$W/page"; then
        echo "above, $1: < of the program, > of its page"
        status=1
    fi
}
# PAGE HEADING: that section's lines
section() { awk -v wanted="$2" '/^\.S[hs] / { here = substr($0, 5) == wanted } here' "$1"; }
# Of each .It Fl its letter, or -, and its long names; with a command before them where there are commands.
options_of_page() {
    awk '/^\.Ss Commands/ { commands = 1 } /^\.Ss States/ { command = "" } /^\.Sh CHECKS/ { command = "check" } /^\.Sh OUTPUT/ { command = "" }
        /^\.It Cm/ && commands { command = $3 }
        /^\.It/ {
            gsub(/Fl Fl /, "Fl -"); letter = "-"
            for (i = 2; i < NF; i++) if ($i == "Fl") { if ($(i + 1) ~ /^-/) print command, letter, substr($(i + 1), 2); else letter = $(i + 1) }
        }' "$1" | sed 's/^ //'
}
options_of_help() {
    sed -nE 's/^ +(-([A-Za-z]), +|    )--([a-z-]+)( .*)?$/\2 \3/p' "$W/help" | sed 's/^ /- /'
}
# FILE: the tables of getopt and of jwks-fetch
options_of_table() {
    sed -nE "/ options\[\]/,/;\$/p" "$1" | grep -oE "\{'.', (true|false), \"[a-z-]+\"|\{\"[a-z-]+\", [a-z_]+, NULL, '.'" |
        sed -E "s/\{'(.)'.*\"(.*)\"/\1 \2/; s/\{\"(.*)\".*'(.)'/\2 \1/"
}
# FILE ENUM-PREFIX: the exit codes, each of which somebody uses
codes_of_enum() {
    local name code
    while read -r name code; do
        grep -qw "$name" "${1%/*}"/*.c || echo "nobody ends with $name" >&2
        echo "$code"
    done < <(grep -oE "\b$2[A-Z_]+ = [0-9]+" "$1" | tr -d =)
}

# PROGRAM PAGE OPTION-TABLE CODES PREFIX: its options by table, help and page, and its exit codes.
program() {
    local name=${1##*/} code=0 wanted=64
    "$build/$1" --help >"$W/help"
    if [[ $name != jwksctl ]]; then
        options_of_page "$2" >"$W/options"
        # Of two names for one option the help says the first; --token, with its operands, has an entry without its letter, too.
        awk '$1 != "-" && seen[$1]++ { next } $1 != "-" { long[$2] } { all[$0] = $1 == "-" ? $2 : "" }
            END { for (line in all) if (!(all[line] in long)) print line }' "$W/options" >"$W/page"
        options_of_help >"$W/code"
        same "$name --help"
        if [[ -n $3 ]]; then
            { grep '^- ' "$W/code" || :; options_of_table "$3"; } >"$W/table"
            mv "$W/table" "$W/code"
            mv "$W/options" "$W/page"
            same "$name: options"
        fi
    fi
    if [[ -n $4 ]]; then
        codes_of_enum "$4" "$5" >"$W/code" 2>"$W/unused"
        if [[ -s $W/unused ]]; then cat "$W/unused"; status=1; fi
        section "$2" 'EXIT STATUS' | sed -nE 's/^\.It ([0-9]+)$/\1/p' >"$W/page"
        same "$name: exit codes"
        sed -n '/^Exit status:/,/\./p' "$W/help" | sed 's/\. .*//' | grep -oE '\b[0-9]+\b' >"$W/page"
        same "$name --help: exit codes"
    else
        section "$2" 'EXIT STATUS' | grep -qx 'Always 0\.' || { echo "$2 does not say that it is always 0"; status=1; }
        wanted=0
    fi
    "$build/$1" --no-such-option >/dev/null 2>&1 || code=$?
    [[ $code -eq $wanted ]] || { echo "$name --no-such-option: exit status $code"; status=1; }
}
program client/jwks-askpass client/jwks-askpass.1 client/jwks_askpass.c client/token_source.h EXIT_
program client/jwks-login client/jwks-login.1 '' client/login.h LOGIN_
program jwks_fetch/jwks-fetch jwks_fetch/jwks-fetch.8 jwks_fetch/jwks_fetch.c jwks_fetch/fetch.h EXIT_
program jwksctl/jwksctl jwksctl/jwksctl.8 '' jwksctl/jwksctl.h EXIT_
program nss_helper/jwks-authorized-keys nss_helper/jwks-authorized-keys.8 nss_helper/authorized_keys.c '' ''

# --- commands ---

sed -nE '/^static const struct command commands\[\]/,/^\};/s/^    \{"([a-z]+)",.*/\1/p' jwksctl/jwksctl.c >"$W/commands"
cp "$W/commands" "$W/code"
section jwksctl/jwksctl.8 Commands | sed -nE 's/^\.It Cm ([a-z]+).*/\1/p' >"$W/page"
same "jwksctl: commands"
section jwksctl/jwksctl.8 SYNOPSIS | sed -nE 's/^\.Cm ([a-z]+)$/\1/p' >"$W/page"
same "jwksctl: commands of the synopsis"
while read -r command; do
    file=jwksctl/$command.c
    [[ -e $file ]] || continue                               # flush, in refresh.c, has none of its own
    sed -n '/struct ctl_option options\[\]/,/};/p' "$file" | grep -oE '\{"[a-z-]+"' | tr -d '{"' |
        while read -r option; do
            # the one letter that jwksctl.c knows beside -c
            if [[ $option == output ]]; then echo "$command o output"; else echo "$command - $option"; fi
        done
done <"$W/commands" >"$W/code"
"$build/jwksctl/jwksctl" --help >"$W/help"
options_of_help >>"$W/code"
options_of_page jwksctl/jwksctl.8 >"$W/page"
same "jwksctl: options of commands"
grep -oE 'strcmp\(argument, "[a-z]+"\)' client/jwks_login.c | sed 's/.*"\(.*\)".*/\1/' >"$W/code"
section client/jwks-login.1 DESCRIPTION | sed -nE 's/^\.It Cm ([a-z]+) .*/\1/p' >"$W/page"
same "jwks-login: commands"

# In this order.
sed -n '/(\*const checks\[\])/,/};/p' jwksctl/check.c | grep -oE 'check_[a-z]+,' | sed 's/check_//; s/s*,//' >"$W/code"
section jwksctl/jwksctl.8 CHECKS | sed -nE 's/^\.It ([A-Z]?[a-z]+|PAM)( service)?$/\L\1/p' | sed 's/s$//' >"$W/page"
if ! diff "$W/code" "$W/page"; then echo "above: < checks in their order, > of jwksctl(8), CHECKS"; status=1; fi

# --- what PAM, logs and variables say ---

sed 's,/\*.*\*/,,; /\/\*/,/\*\//d' pam_jwks/pam_jwks.c pam_jwks/session.c | grep -ohE '\bPAM_([A-Z_]+_(ERR|UNKNOWN|UNAVAIL)|SUCCESS|IGNORE)\b' >"$W/code"
section pam_jwks/pam_jwks.8 'RETURN CODES' | sed -nE 's/^\.It Dv (PAM_[A-Z_]+)$/\1/p' >"$W/page"
same "pam_jwks: return codes"

# Of a line: `decision=`, and what others chose.
fields() { grep -ohE '(add|line_add|add_[a-z]+|line_add_quoted)\(line, "[^"]*"|(add_[a-z]+|line_add_quoted)\(&?line, "[a-z]+"' "$1" | grep -oE '"(decision=| ?[a-z]+=|[a-z]+")' | tr -cd 'a-z\n'; }
fields pam_jwks/line.c >"$W/code"
section pam_jwks/pam_jwks.8 Log | grep -oE '\b[a-z]+=' | tr -d = >"$W/page"
same "pam_jwks: fields of the log"
fields nss_helper/log.c >"$W/code"
section nss_helper/jwks-authorized-keys.8 LOG | grep -oE '\b(grant|key)=' | tr -d = >"$W/page"
same "jwks-authorized-keys: fields of the log"

sed -nE '/outcomes\[OUTCOME_COUNT\]/,/^\};/s/^.*"([a-z0-9-]+)",$/\1/p' libjwkscore/outcome.c | grep -vx none >"$W/code"
section jwks_fetch/jwks-fetch.8 Outcomes | sed -nE 's/^\.It Cm ([a-z0-9-]+)$/\1/p' >"$W/page"
same "jwks-fetch: outcomes"
sed -n '/ reasons\[\]/,/^};/p' libjwkscore/outcome.c | grep -oE '"[a-z]+"' | tr -d '"' >"$W/code"
section jwks_fetch/jwks-fetch.8 Options | sed -nE 's/^\.It Cm ([a-z]+)$/\1/p' >"$W/page"
same "jwks-fetch: reasons"
# An event is the second thing that report_event is told; some are told by a variable: the cache's note, an outcome.
{
    cat jwks_fetch/*.c | tr -s '\n ' ' ' | grep -oE 'report_event\( ?[^"]*LOG_[A-Z]+, "[a-z-]+"' | sed 's/.*"\(.*\)"/\1/'
    sed -nE 's/.*\bevent = "([a-z-]+)";.*/\1/p' jwks_fetch/report.c
    grep -oE '"cache-[a-z]+"' libjwkscore/cache.c | tr -d '"'
    grep -oE 'outcome == OUTCOME_[A-Z]+ \|\| outcome == OUTCOME_[A-Z]+\) \{' jwks_fetch/report.c | grep -oE 'OUTCOME_[A-Z]+' | sed 's/OUTCOME_//; s/.*/\L&/'
} >"$W/code"
section jwks_fetch/jwks-fetch.8 DIAGNOSTICS | sed -nE 's/^\.It Li //p' | sed 's/ issuer=.*//; s/ , /\n/g' >"$W/page"
same "jwks-fetch: events"

grep -ohE '"(JWKS|PAM_JWKS)_[A-Z_]+"' pam_jwks/*.c | tr -d '"' >"$W/code"
section pam_jwks/pam_jwks.8 ENVIRONMENT | sed -nE 's/^\.(It )?Ev ((PAM_)?JWKS_[A-Z]+)$/\2/p' >"$W/page"
same "pam_jwks: variables"
grep -ohE '"JWKS_[A-Z_]+"' client/jwks_askpass.c client/token_source.c | tr -d '"' >"$W/code"
grep -oE '\b(Ev|It Ev) JWKS_[A-Z_]+' client/jwks-askpass.1 | sed 's/.* //' >"$W/page"
same "jwks-askpass: variables"
grep -hoE '(client_environment|home_path)\("[A-Z_]+"' client/*.c | sed 's/.*("//; s/"//' | grep -v '^JWKS_' >"$W/code"
section client/jwks-login.1 ENVIRONMENT | sed -n 's/^\.It Ev //p' | sed 's/ , /\n/g' | grep -v _proxy >"$W/page"      # curl's
same "jwks-login: variables"
exit $status
