#!/usr/bin/env bash
# Whatever a document names is there: files of this suite, sections that a link leads to, pages, commands, options, keys of configurations.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016   # what encloses code in a document
set -euo pipefail
cd "${top_srcdir:?set by make check}"
build=${top_builddir:?}
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
status=0
complain() { echo "$1"; status=1; }

documents=(./*.md NEWS bench/*.md docs/*.md tests/README tests/*/README tests/*/README.md examples/*/README.md)
others=(examples/providers/*.conf examples/pam.d/* examples/sshd_config.d/* examples/bastion/* examples/jwks.conf)
pages=({libjwkscore,pam_jwks,nss_helper,jwks_fetch,jwksctl,client}/*.[1-8])
((${#documents[@]} >= 14 && ${#pages[@]} >= 8)) || { echo "only these: ${documents[*]} ${pages[*]}"; exit 1; }

# --- files ---

# PATH: there, or made by the build, of a .c where it is a program; a word of capitals stands for anything.
is_there() {
    local path=${1/fuzz\/fuzz_/fuzz\/}
    if ! [[ $path =~ (README|ROWS|NEWS|SOURCES) ]]; then path=$(sed -E 's/[A-Z]{4,}/*/g' <<<"$path"); fi
    compgen -G "$path" >/dev/null || compgen -G "$build/$path" >/dev/null || compgen -G "$path.c" >/dev/null
}
folders='bench|client|data|docs|examples|jwks_fetch|jwksctl|libjwkscore|m4|nss_helper|packaging|pam_jwks|tests'
find . -type f -printf '%f\n' >"$W/files"
seen=0
for file in "${documents[@]}" "${others[@]}" "${pages[@]}"; do
    while read -r path; do
        seen=$((seen + 1))
        # examples/cron.d is where data/cron.d is installed
        is_there "${path/#examples\/cron.d/data\/cron.d}" || complain "$file: no $path"
    done < <(grep -oE "(^|[^A-Za-z0-9_./~-])($folders)/[A-Za-z0-9_./*-]*[A-Za-z0-9_*]" "$file" | sed -E 's/^[^a-z]//')
    while read -r name; do
        grep -qxF "$name" "$W/files" || complain "$file: no $name anywhere"
    done < <([[ $file != *.md ]] || grep -oE '`[a-z0-9_-]+\.(md|sh|svg|py|c)`' "$file" | tr -d '`')
done
((seen > 100)) || complain "only $seen paths were found"

# --- [text](target), and #a-heading of the document ---

for file in "${documents[@]}"; do
    sed -nE 's/^#+ //p' "$file" | sed -E 's/[^A-Za-z0-9 _-]//g; s/ /-/g; s/.*/\L&/' >"$W/headings"
    while read -r target; do
        case $target in
            http*) ;;
            '#'*) grep -qxF -- "${target#?}" "$W/headings" || complain "$file: no section for $target" ;;
            *) is_there "$(dirname "$file")/$target" || complain "$file: no $target" ;;
        esac
    done < <(grep -oE '\]\([^) ]+\)' "$file" | sed 's/^](//; s/)$//')
done

# --- pages, as name(8) and as .Xr name 8 ---

for file in "${documents[@]}" "${others[@]}" "${pages[@]}"; do
    while read -r page; do
        compgen -G "*/$page" >/dev/null || complain "$file: no page $page"
    done < <({
        grep -oE '\b(pam_jwks|jwks[a-z.-]*)\([1-8]\)' "$file" | tr '(' . | tr -d ')' || :
        sed -nE 's/^\.Xr (pam_jwks|jwks[a-z.-]*) ([1-8]).*/\1.\2/p' "$file"
    } | sort -u)
done

# --- programs with their commands and options ---

for page in "${pages[@]}"; do sed 's/Fl Fl /Fl -/g' "$page" | grep '^\.It' >"$W/${page##*/}" || :; done
declare -A page_of=([jwksctl]=jwksctl.8 [jwks-login]=jwks-login.1 [jwks-fetch]=jwks-fetch.8 [jwks-askpass]=jwks-askpass.1
    [jwks-authorized-keys]=jwks-authorized-keys.8)
# FILE: its code, a piece a line: blocks, and what stands in a line between `...` or `...'.
code_of() {
    if [[ $1 == *.md ]]; then sed -n 's/^    //p' "$1"; fi
    grep -oE "\`[^\`']+[\`']" "$1" | tr -d "\`'" || :
}
seen=0
for file in "${documents[@]}"; do
    while read -r program words; do
        seen=$((seen + 1))
        for option in $(grep -oE -- '(^| )--[a-z][a-z-]+' <<<"$words" || :); do
            grep -qE "Fl $(printf '%s' "${option#-}")( |\$)" "$W/${page_of[$program]}" || complain "$file: $program has no $option"
        done
        read -r command _ <<<"$words"
        [[ $program != jwksctl || ! $command =~ ^[a-z]+$ ]] || grep -qE "^\.It Cm $command( |\$)" "$W/jwksctl.8" ||
            complain "$file: there is no \`jwksctl $command'"
    done < <(code_of "$file" | grep -oE '(^|[ /"(])(jwksctl|jwks-(login|fetch|askpass|authorized-keys)) [^#|&;)"]+' | sed -E 's/^[^j]//')
done
((seen > 20)) || complain "only $seen commands were found"

# --- `key = value` in a block of code: of jwks.conf, or of login.conf ---

sed -nE 's/^ +\{"([a-z_]+)", (GLOBAL|ISSUER|SERVICE|PAM)\(.*/\1/p; s/^ +\{(ROW[A-Z_]*\(([a-z_]+)\)|"([a-z_]+)", KIND).*/\2\3/p' \
    libjwkscore/option_table.c client/login_options.c >"$W/keys"
seen=0
for file in ./*.md docs/*.md; do
    [[ $file != */comparison.md ]] || continue                  # which is about others
    while read -r key; do
        seen=$((seen + 1))
        grep -qx "$key" "$W/keys" || complain "$file: no option is called $key"
    done < <(sed -nE 's/^    ([a-z_]+) += .*/\1/p' "$file"; grep -oE '`[a-z_]+ = [^`]+`' "$file" | tr -d '`' | sed 's/ =.*//')
done
((seen > 20)) || complain "only $seen keys were found"
exit $status
