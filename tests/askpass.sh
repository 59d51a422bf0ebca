#!/usr/bin/env bash
# jwks-askpass answers each prompt for a token with its part, in a size that the asking program takes, and nothing else ever.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

ASKPASS=${JWKS_ASKPASS:-${top_builddir:-.}/client/jwks-askpass}
[[ -x $ASKPASS ]] || { echo "$ASKPASS is not built"; exit 1; }
ASKPASS=$(realpath "$ASKPASS")
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
cd "$W"
unset JWKS_TOKEN_FILE JWKS_TOKEN_COMMAND JWKS_OIDC_AGENT_ACCOUNT JWKS_ASKPASS_SIZE
failed=0 passed=0

fail() { echo "FAIL  $*"; failed=$((failed + 1)); }

# A token of $1 characters, no two pieces alike.
some_token() { for ((i = 0; i < $1; i += 8)); do printf 'e%07d' "$i"; done | head -c "$1"; }

# NAME STATUS OUTPUT ARGUMENTS...: this exit status and exactly this on standard output; $err has what was said.
expect() {
    local name=$1 status=$2 output=$3 got=0
    shift 3
    PATH=${SEARCH:-$PATH} "$ASKPASS" "$@" >out 2>err || got=$?
    err=$(<err)
    printf '%s' "$output" >wanted
    if [[ $got -ne $status ]]; then fail "$name: exit status $got, not $status ($err)"
    elif ! cmp -s out wanted; then fail "$name: answered $(head -c 60 out | tr '\n' '|'), not $(head -c 60 wanted | tr '\n' '|')"
    elif [[ $status -ne 0 && -z $err ]]; then fail "$name: refused without a word"
    elif [[ $status -eq 0 && -n $err ]]; then fail "$name: $err"
    elif grep -qF "${secret:-no secret is set}" err; then fail "$name: a part of the token is in the message"
    else passed=$((passed + 1)); fi
}

# NAME TEXT: the last message has TEXT in it.
said() { if [[ $err == *"$2"* ]]; then passed=$((passed + 1)); else fail "$1: said '$err'"; fi; }

use_token() {
    some_token "$1" >token
    chmod 600 token
    secret=$(head -c 16 token)
    export JWKS_TOKEN_FILE=$W/token
}

# NAME PREFIX LIMIT PARTS: the module's side of one login: every answer is at most LIMIT long, there are PARTS of them, and
# together they are the token.
login() {
    local name=$1 prefix=$2 limit=$3 parts=$4 prompt="${5:-Token: }" k=1 answer frame total=0
    : >joined
    while ((k == 1 || k <= total)); do
        if ! answer=$("$ASKPASS" "$prefix$prompt" 2>err); then fail "$name: no answer to '$prefix$prompt': $(<err)"; return; fi
        if ((${#answer} > limit)); then fail "$name: an answer of ${#answer} characters"; return; fi
        frame=${answer%%:*}
        if [[ $answer == *:* ]]; then
            ((k > 1)) || total=${frame#*/}
            if [[ $frame != "$k/$total" ]]; then fail "$name: frame $frame, not $k/$total"; return; fi
        fi
        printf '%s' "${answer#*:}" >>joined
        k=$((k + 1))
        prompt="Token (part $k of $total): "
    done
    if ((total == 0)); then total=1; fi
    if ((total != parts)); then fail "$name: $total parts, not $parts"
    elif ! cmp -s joined token; then fail "$name: the parts are not the token"
    else passed=$((passed + 1)); fi
}

# --- whole logins ---

SSH='(alice@host) '
for row in 1:1 511:1 1023:1 1024:2 1711:2 2000:2 2001:3 16384:17; do
    use_token "${row%:*}"
    login "ssh, ${row%:*} characters" "$SSH" 1023 "${row#*:}"
    login "ssh with a message before the prompt, ${row%:*} characters" $'(alice@host) Welcome.\n' 1023 "${row#*:}"
done
for row in 1:1 511:1 512:2 1000:2 1001:3 11146:23 16384:33; do
    use_token "${row%:*}"
    login "sudo, ${row%:*} characters" '' 511 "${row#*:}"
done
use_token 400
login "sudo after a refusal, 400 characters" '' 255 2 'Token (part 1): '
use_token 200
login "sudo after a refusal, 200 characters" '' 255 1 'Token (part 1): '
use_token 1711
login "sudo after a refusal, 1711 characters" '' 255 7 'Token (part 1): '
JWKS_ASKPASS_SIZE=100 login "a size of 100" "$SSH" 106 18
JWKS_ASKPASS_SIZE=100 login "a size of 100, after a refusal" "$SSH" 106 18 'Token (part 1): '
JWKS_ASKPASS_SIZE=4000 login "a size of 4000" '' 4000 1

# --- the frame is the prompt's ---

use_token 1711
whole=$(<token)
expect "part 2 of 2" 0 "2/2:${whole:856}"$'\n' "${SSH}Token (part 2 of 2): "
expect "part 3 of 4" 0 "3/4:${whole:856:428}"$'\n' "Token (part 3 of 4): "
expect "part 2 of 2, whatever the size" 0 "2/2:${whole:856}"$'\n' -s 100 "Token (part 2 of 2): "
expect "a size as an option" 0 "1/18:${whole:0:96}"$'\n' --size=100 'Token: '
JWKS_ASKPASS_SIZE=200 expect "the option goes before the variable" 0 "1/18:${whole:0:96}"$'\n' --size=100 'Token: '
expect "part 5 of 4" 2 '' 'Token (part 5 of 4): '
expect "part 1 of 65" 2 '' 'Token (part 1 of 65): '
use_token 3
expect "more parts than characters" 2 '' 'Token (part 3 of 2): '
expect "an empty part" 2 '' 'Token (part 64 of 64): '
use_token 100
expect "a host that finds the whole token incomplete" 2 '' 'Token (part 2): '
said "a host that finds the whole token incomplete" incomplete
use_token 16384
JWKS_ASKPASS_SIZE=255 expect "a size that makes more than 64 parts" 2 '' 'Token: '
said "a size that makes more than 64 parts" 64

# --- prompts ---

use_token 100
whole=$(<token)
for prompt in 'Token: ' "${SSH}Token: " $'(alice@host) Notice\nToken: '; do
    expect "prompt '$prompt'" 0 "$whole"$'\n' "$prompt"
done
for prompt in '' 'Password: ' '[sudo] password for alice: ' "${SSH}Password: " 'token: ' 'Token' 'Token:' $'Token: \nPassword: ' \
    '(alice@host) RSA SecurID Token: ' 'One-Time Token: ' "Token: x's password: " \
    'Are you sure you want to continue connecting (yes/no/[fingerprint])? ' "Enter passphrase for key '/home/a/.ssh/id': " \
    'Token (part ): ' 'Token (part 0): ' 'Token (part 1' 'Token (part 1 of ): ' 'Token (part 1 of 0): ' 'Token (part x of 2): ' \
    'Token (part 1 of 2)' 'Token (part 100 of 100): ' 'Token (part -1): '; do
    expect "prompt '$prompt'" 1 '' "$prompt"
done

# --- sources ---

unset JWKS_TOKEN_FILE
expect "no source" 2 '' 'Token: '
said "no source" JWKS_TOKEN_FILE
JWKS_TOKEN_FILE='' JWKS_TOKEN_COMMAND='' JWKS_OIDC_AGENT_ACCOUNT='' expect "empty variables" 2 '' 'Token: '

secret=tokentokentoken
file() { printf %b "$1" >f; chmod "${2:-600}" f; }
file 'tokentokentoken' && JWKS_TOKEN_FILE=f expect "a file" 0 $'tokentokentoken\n' 'Token: '
file 'tokentokentoken\n' && JWKS_TOKEN_FILE=f expect "a file with LF" 0 $'tokentokentoken\n' 'Token: '
file 'tokentokentoken\r\n' && JWKS_TOKEN_FILE=f expect "a file with CRLF" 0 $'tokentokentoken\n' 'Token: '
file 'tokentokentoken\n\n' && JWKS_TOKEN_FILE=f expect "a file with two line ends" 2 '' 'Token: '
file ' tokentokentoken' && JWKS_TOKEN_FILE=f expect "a space" 2 '' 'Token: '
file 'tokentokentoken\nx' && JWKS_TOKEN_FILE=f expect "two lines" 2 '' 'Token: '
file 'tokentokentoken\0' && JWKS_TOKEN_FILE=f expect "a NUL" 2 '' 'Token: '
file 'tokentokentoken\377' && JWKS_TOKEN_FILE=f expect "a byte over 0x7e" 2 '' 'Token: '
for empty in '' '\n' '\r\n'; do file "$empty" && JWKS_TOKEN_FILE=f expect "an empty file" 2 '' 'Token: '; said "an empty file" empty; done
for mode in 400 600 700; do file tokentokentoken $mode && JWKS_TOKEN_FILE=f expect "mode $mode" 0 $'tokentokentoken\n' 'Token: '; done
for mode in 640 604 644 620 602 610; do
    file tokentokentoken $mode && JWKS_TOKEN_FILE=f expect "mode $mode" 2 '' 'Token: '
    said "mode $mode" 'chmod 600'
done
JWKS_TOKEN_FILE=missing expect "a missing file" 2 '' 'Token: '
said "a missing file" 'missing: No such file'
JWKS_TOKEN_FILE=. expect "a folder" 2 '' 'Token: '
mkfifo -m 600 fifo
JWKS_TOKEN_FILE=fifo expect "a pipe nobody writes to" 2 '' 'Token: '
said "a pipe nobody writes to" 'not a regular file'
some_token 16385 >f && chmod 600 f && JWKS_TOKEN_FILE=f expect "a token of 16385 characters" 2 '' 'Token: '
said "a token of 16385 characters" 16384

JWKS_TOKEN_COMMAND='echo tokentokentoken' expect "a command" 0 $'tokentokentoken\n' 'Token: '
JWKS_TOKEN_COMMAND='printf token; sleep 0.2; printf tokentoken' expect "a slow command" 0 $'tokentokentoken\n' 'Token: '
JWKS_TOKEN_COMMAND='echo tokentokentoken; exit 3' expect "a command that fails" 2 '' 'Token: '
said "a command that fails" 'exit status 3'
JWKS_TOKEN_COMMAND='kill -TERM $$' expect "a command that is killed" 2 '' 'Token: '
said "a command that is killed" 'signal 15'
JWKS_TOKEN_COMMAND='true' expect "a command that says nothing" 2 '' 'Token: '
JWKS_TOKEN_COMMAND='yes tokentokentoken' expect "a command that never ends" 2 '' 'Token: '
said "a command that never ends" 'longer than 16384'
JWKS_TOKEN_COMMAND='echo log in first >&2; exit 1' expect "a command with a message" 2 '' 'Token: '
said "a command with a message" 'log in first'
trap '' CHLD
JWKS_TOKEN_COMMAND='echo tokentokentoken; exit 3' expect "SIGCHLD ignored: a command that fails" 2 '' 'Token: '
JWKS_TOKEN_COMMAND='echo tokentokentoken' expect "SIGCHLD ignored: a command" 0 $'tokentokentoken\n' 'Token: '
trap - CHLD

mkdir bin
cat >bin/oidc-token <<'END'
#!/bin/sh
[ $# -eq 1 ] && echo "tokentokentoken-of-$1"
END
chmod 755 bin/oidc-token
SEARCH=$W/bin:$PATH JWKS_OIDC_AGENT_ACCOUNT=corp expect "oidc-agent" 0 $'tokentokentoken-of-corp\n' 'Token: '
SEARCH=$W/bin:$PATH JWKS_OIDC_AGENT_ACCOUNT=--help expect "an account that looks like an option" 2 '' 'Token: '
SEARCH=$W JWKS_OIDC_AGENT_ACCOUNT=corp expect "no oidc-token" 2 '' 'Token: '

file tokentokentoken
JWKS_TOKEN_FILE=f JWKS_TOKEN_COMMAND='echo other' expect "the file comes first" 0 $'tokentokentoken\n' 'Token: '
JWKS_TOKEN_FILE=missing JWKS_TOKEN_COMMAND='echo other' expect "and nothing stands in for it" 2 '' 'Token: '
SEARCH=$W/bin:$PATH JWKS_TOKEN_COMMAND='echo tokentokentoken' JWKS_OIDC_AGENT_ACCOUNT=corp \
    expect "then the command" 0 $'tokentokentoken\n' 'Token: '

# --- the command line ---

export JWKS_TOKEN_FILE=f
expect "no prompt" 64 ''
expect "two prompts" 64 '' 'Token: ' 'Token: '
expect "an unknown option" 64 '' -x 'Token: '
for size in 15 4001 x '' -1 ' 100' 100x 0x20 99999999999999999999; do
    expect "size '$size'" 64 '' -s "$size" 'Token: '
done
JWKS_ASKPASS_SIZE=x expect "a bad size in the environment" 64 '' 'Token: '
for size in 16 4000; do expect "size $size" 0 $'tokentokentoken\n' -s $size 'Token: '; done
for option in -h --help -V --version; do
    if "$ASKPASS" "$option" >out 2>err && grep -q jwks-askpass out && [[ ! -s err ]]; then passed=$((passed + 1)); else fail "$option"; fi
done
if "$ASKPASS" 'Token: ' >/dev/full 2>err; then fail "a full device"; else passed=$((passed + 1)); fi

echo "$passed passed, $failed failed"
((failed == 0))
