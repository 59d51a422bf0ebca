#!/usr/bin/env bash
# bash completes every command and option that jwksctl and jwks-login have, the issuers of a configuration, and nothing else.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1090,SC1091,SC2317
set -euo pipefail
build=${top_builddir:?set by make check}
source=${top_srcdir:-$(dirname "$0")/..}
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
failed=0
is() {
    [[ $2 == "$3" ]] && return
    printf '%s: "%s", not "%s"\n' "$1" "$2" "$3"
    failed=1
}
. "$build/data/bash-completion/jwksctl"
. "$source/data/bash-completion/jwks-login"
jwks-login() { "$build/client/jwks-login" "$@"; }

# FUNCTION WORD...: what it offers for the last one, sorted, in one line.
offered() {
    COMP_WORDS=("${@:2}")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    "$1"
    printf '%s\n' "${COMPREPLY[@]}" | sort -u | paste -sd ' '
}
words() { sort -u | paste -sd ' '; }

# --- jwksctl: the commands of its help, the options of its sources ---

commands=$("$build/jwksctl/jwksctl" --help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p' | words)
is "jwksctl: commands" "$(offered _jwksctl jwksctl '')" "$commands"
for command in $commands; do
    options=--config                    # flush, in refresh.c, has none of its own
    if [[ $command != flush ]]; then
        options=$({ echo --config; sed -n '/struct ctl_option options\[\]/,/};/p' "$source/jwksctl/$command.c" | grep -oE '\{"[a-z-]+"' |
            tr -d '{"' | sed 's/^/--/'; } | words)
    fi
    is "jwksctl $command: options" "$(offered _jwksctl jwksctl "$command" --)" "$options"
done
printf '%s\n' '[global]' '[issuer corp]' '  [issuer guests]' '[service sshd]' >"$W/jwks.conf"
is "jwksctl: issuers" "$(offered _jwksctl jwksctl -c "$W/jwks.conf" status '')" "corp guests"
is "jwksctl: the beginning of one" "$(offered _jwksctl jwksctl --config "$W/jwks.conf" keys g)" guests
is "jwksctl: files" "$(offered _jwksctl jwksctl --config "$W/j")" "$W/jwks.conf"
is "jwksctl: accounts" "$(offered _jwksctl jwksctl explain --user roo)" root
is "jwksctl: no issuer for init" "$(offered _jwksctl jwksctl -c "$W/jwks.conf" init '')" ""

# A file is not a program.
planted="\$(touch $W/planted) \`touch $W/planted\`"
printf '%s\n' "[issuer $planted]" "[$planted]" '[issuer corp]' '[lab]' >"$W/planted.conf"
is "jwksctl: a section that is none" "$(offered _jwksctl jwksctl -c "$W/planted.conf" status '')" corp
is "jwks-login: a section that is none" "$(offered _jwks_login jwks-login -c "$W/planted.conf" '')" "lab logout status"
is "what was planted" "$(ls "$W")" "jwks.conf
planted.conf"

# --- jwks-login ---

printf '%s\n' '# mine' '[corp]' 'issuer = https://x' '[lab]' >"$W/login.conf"
is "jwks-login: names" "$(offered _jwks_login jwks-login -c "$W/login.conf" '')" "corp lab logout status"
options=$(sed -n '/^DESCRIPTION/,/^FILES/p' < <(mandoc -T ascii "$source/client/jwks-login.1" | col -b) | grep -oE -- '--[a-z][a-z-]+' | words)
is "jwks-login: options are those of the page" "$(offered _jwks_login jwks-login --)" "$options"
is "jwks-login: files" "$(offered _jwks_login jwks-login -i "$W/l")" "$W/login.conf"
exit "$failed"
