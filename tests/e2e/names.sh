#!/usr/bin/env bash
# shellcheck disable=SC1003,SC2016             # names that look like the shell's; jq's variables
# No name that a stranger chose, in a token or as a login, is ever mapped, part of a path, or in a log but quoted and cut.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
build_host
start_sshd
make_good
LONG=$(seq -s ' ' 2500 | head -c 10000)

declare -A NAMES=(
    [escape]=$'\e[2J\e[31mroot\e[0m' [title]=$'\e]0;root\a' [C1]=$'\xc2\x9b31mroot' [bidi]=$'\xe2\x80\xaetoor\xe2\x80\xac'
    [isolate]=$'\xe2\x81\xa6root\xe2\x81\xa9' [mark]=$'ro\xe2\x80\x8eot' [zero-width]=$'\xe2\x80\x8broot'
    [newline]=$'root\ndecision=allow user=root' [line-separator]=$'root\xe2\x80\xa8root'
    [crlf]=$'root\r\nNov 21 00:00:00 sshd: pam_jwks(sshd:auth): decision=allow user=root issuer=corp'
    [backspace]=$'xx\b\broot' [delete]=$'root\x7f' [tab]=$'root\troot' [percent]='%s%n%s%n%x%1000000d'
    [quote]='" decision=allow user="root' [quotes]="'\"'\"\`" [backslash]='\x0aroot\' [parent]='../../../../etc/shadow'
    [path]=/etc/passwd [command]='$(touch /etc/jwks-names)' [dash]=-rf [at]=@admin [empty]='' [long]=$LONG
    [long-escapes]=$'\e\xe2\x80\xae\n"\\'"$LONG" [full-width]=$'\xef\xbd\x92\xef\xbd\x8f\xef\xbd\x8f\xef\xbd\x94'
    [combining]=$'roo\xcc\x81t' [emoji]=$'\xf0\x9f\x98\x80' [id]=0 [root]=root [two]="$U root" [behind]="$U"$'\n'
    [before]=" $U" [upper]="${U^^}" [domain]="$U@example.test" [slash]="x/../$U" [colon]="$U:x" [dot]="$U."
    [comma]="$U,root" [star]='*' [regex]='.*'
)
mapfile -t names < <(printf '%s\n' "${!NAMES[@]}" | sort)

# --- tokens of our own making, and one line of the log for each ---

openssl genrsa -out "$W/key.pem" 2048 2>"$LOGS/openssl"
n=$(openssl rsa -in "$W/key.pem" -noout -modulus 2>>"$LOGS/openssl" | cut -d= -f2 | basenc -d --base16 | b64url)
printf '%s\0' plain "${NAMES[@]}" | jq -Rsc --arg n "$n" \
    '{keys: (split("\u0000") | unique | map(select(. != "") | {kty: "RSA", n: $n, e: "AQAB", use: "sig", kid: .}))}' \
    >"$W/etc/names.jwks"
ISSUER=https://names.example.test
names_conf() {
    CONF=$W/etc/names.conf
    printf '%s\n' '[global]' "state_dir = $W/state" "run_dir = $W/run" \
        "fetch_helper = $PREFIX/libexec/pam-jwks/jwks-fetch" '[issuer corp]' "issuer = $ISSUER" 'audience = ssh' \
        "jwks_file = $W/etc/names.jwks" 'user_claim = preferred_username' >"$CONF"
    pam_stack
}
# TOKEN FILTER NAME: header and claims as the filter changes them, whose $name is the name.
sign() {
    local text
    text=$(jq -nrc --arg u "$U" --arg iss "$ISSUER" --arg name "$3" "now | floor as \$now |
        {h: {alg: \"RS256\", kid: \"plain\"}, c: {iss: \$iss, aud: \"ssh\", sub: \"7f3a9c52\", exp: (\$now + 600), iat: \$now,
            preferred_username: \$u}} | $2 | [.h, .c] |
        map(tojson | @base64 | gsub(\"[+]\"; \"-\") | gsub(\"/\"; \"_\") | gsub(\"=\"; \"\")) | join(\".\")")
    printf '%s.%s\n' "$text" "$(printf %s "$text" | openssl dgst -sha256 -sign "$W/key.pem" | b64url)" >"$T/$1"
}

# MARK: one line since then, of printable ASCII, whose fields outside of quotes are ours, and in them at most 64 bytes and dots.
# (All by the shell itself: this runs hundreds of times.)
clean() {
    local LC_ALL=C line rest key value keys=' '
    line=$(log_since "$1" | grep -v 'host: host: begins$')
    [[ $line != *[!\ -~]* && $line == *' pam_jwks('* ]] || return 1
    rest=${line#*' pam_jwks('*': '}
    while [[ $rest =~ ^([a-z]+)=(\"([^\"]*)\"|[A-Za-z0-9_:.-]+)(\ (.+))?$ ]]; do
        key=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]} rest=${BASH_REMATCH[5]}
        [[ $keys != *" $key "* ]] || return 1
        keys+="$key "
        [[ $key != user || $value == \"* || $value == "${LOGIN-$U}" ]] || return 1
        value=${value//\\x[0-9a-f][0-9a-f]/?}
        [[ $key == detail || $key == note || ${#value} -le 69 ]] || return 1
    done
    [[ -z $rest ]]
}
# CASE WANT: the token CASE, by PAM.
named() {
    local mark
    mark=$(log_lines)
    check "$1: $2" host_in "$1" "$2"
    try "$1: one clean line" clean "$mark"
}

has_control() { local LC_ALL=C; [[ $1 == *[[:cntrl:]]* ]]; }

names_conf
sign plain . ''
named plain allow
listing() { find "$W/state" "$W/run" "$W/etc" -printf '%p\n' | sort; }
before=$(listing)
for name in "${names[@]}"; do
    text=${NAMES[$name]} sub=allow kid=allow login=unknown-user
    case $name in
        long* | empty) sub=claim kid=malformed ;;
        root) login=account ;;
        C1) sub=claim ;;
    esac
    if has_control "$text"; then sub=claim; fi
    sign "user-$name" '.c.preferred_username = $name' "$text"
    sign "sub-$name" '.c.sub = $name' "$text"
    sign "kid-$name" '.h.kid = $name' "$text"
    sign "jti-$name" '.c.jti = $name' "$text"
    named "user-$name" 'user|unmapped'
    LOGIN=$text named "user-$name" "$login"
    named "sub-$name" "$sub"
    named "kid-$name" "$kid"
    named "jti-$name" allow
done
for name in escape C1 bidi crlf percent quote parent long-escapes; do
    for field in c.iss:issuer c.aud:audience h.alg:algorithm h.typ:type; do
        sign "${field%:*}-$name" ".${field%:*} = \$name" "${NAMES[$name]}"
        named "${field%:*}-$name" "${field#*:}"
    done
done
try "no file was made" test "$before" = "$(listing)"

# Would a line that is not clean be seen?
line="Nov 21 00:00:00 host: pam_jwks(x:auth): decision=deny"
mark=$(log_lines)
send() { printf '<86>%s' "$1" | /usr/bin/python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.stdin.buffer.read(), "/dev/log")'; }
send "$line user=$U kid=\"\\x1b${LONG:0:63}...\" detail=\"so\""
wait_for 2 log_has "$mark" .
try "control: that is clean" clean "$mark"
for text in $'\e[0m' $'\xe2\x80\xae' $'\n'"$line" "kid=\"${LONG:0:70}\"" user=root 'user="x" user="y"' %s 'kid="a"b"' 'x y=z'; do
    mark=$(log_lines)
    send "$line $text"
    wait_for 2 log_has "$mark" .
    try "control: that is not clean: $(printf %q "$text")" not clean "$mark"
done

# --- on the way to the provider ---

# A kid that is not there is asked for, as a number; no file or argument has its name.
write_conf
pam_stack
check "keys from the provider" pam_whole good allow
if strace -o "$W/trace" true 2>/dev/null; then WATCH=(strace -f -s 20000 -o "$W/trace" -e "trace=file,process"); else WATCH=(); fi
host_watched() { timeout 60 "${WATCH[@]}" "$W/bin/host" "$SVC" "$U" "$1" | cat; }
ISSUER=$(op corp ISSUER)
for name in escape crlf percent parent command long-escapes; do
    sign "ask-$name" '.c.aud = "ssh-RS256" | .h.kid = ("marker" + $name)[:240]' "${NAMES[$name]}"
    check "ask-$name" host_watched "ask-$name" 'unknown-key|suppressed'
    [[ ${#WATCH[@]} -eq 0 ]] || try "ask-$name: in no system call about files and processes" not grep marker "$W/trace"
done
[[ ${#WATCH[@]} -eq 0 ]] || try "control: strace sees names" grep -F '"jwks.conf"' "$W/trace"
named_otherwise() { find "$W/state" "$W/run" -type f -printf '%f\n' | grep -Ev '^[0-9a-f]{32}\.[a-z]+$'; }
try "control: there are files" test -n "$(find "$W/state" "$W/run" -type f)"
try "and all have the name of an issuer's number" not named_otherwise
try "jwks-fetch's lines are printable" not env LC_ALL=C grep 'jwks-fetch.*[^ -~]' "$LOG"

# --- as a login, by ssh ---

for name in escape crlf percent bidi; do
    mark=$(log_lines)
    LOGIN=${NAMES[$name]} check "ssh -l $name" ssh_paramiko good unknown-user
    log_since "$mark" | grep "pam_jwks" >"$W/lines"
    try "ssh -l $name: one printable line" not env LC_ALL=C grep '[^ -~]' "$W/lines"
done
e2e_end
