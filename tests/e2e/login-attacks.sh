#!/usr/bin/env bash
# jwks-login among people who go away, neighbours who knock at its port, and folders that are not what they seem.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=login.bash
. "$(dirname "$0")/login.bash"
login_begin "$@"
login_works "control: a login" corp
login_works "control: and its end" logout corp

# --- people ---

browser_is --cancel
login_fails "somebody cancels" 1 access_denied corp
try "and sees that in the browser" grep -q access_denied "$W/browser/page"
browser_is --stay
login_fails "somebody closes the window" 1 'timed out' --timeout 2 corp
for signal in INT TERM HUP; do
    before=$(persons_files)
    login_begins corp
    wait_for 20 test -e "$W/browser/callback"
    login_gets "$signal"
    login_ends
    try "somebody ends it by SIG$signal" test "$STATUS" -ne 0
    try "SIG$signal: nothing is left" is "$(persons_files)" "$before"
done
login_conf "browser = $W/bin/none"
login_fails "there is no such browser" 1 'timed out' --timeout 2 corp
login_conf 'browser = false'
login_fails "a browser that fails" 1 'timed out' --timeout 2 corp
login_conf

# --- neighbours ---

browser_is --knock all
login_works "others send what they like to its port" corp
# STATUS KIND...: they were told so
told() { for kind in "${@:2}"; do grep -qx "$kind $1" "$W/browser/knocks" || { echo "$kind"; cat "$W/browser/knocks"; return 1; }; done; }
try "those with another state or none are told 400" told 400 state prefix longer nul case stateless error empty twice host
try "those at other doors 404" told 404 root icon below bare post head options
try "nobody is told 200" not grep -q ' [235]' "$W/browser/knocks"
login_works "it speaks of them if it is asked to" -v corp
try "as of another state" grep -q 'another state' "$W/stderr"
patient() { grep -Eq '^after [0-4]\.' "$W/browser/page"; }
for knock in open unfinished all,open,unfinished; do
    browser_is --knock "$knock"
    login_works "connections that say nothing: $knock" corp
    try "nobody waits 5 s for the page" patient
done
ssh_works "plain ssh gets in"
browser_is
busy=$(free_port)
/usr/bin/python3 -m http.server -b 127.0.0.1 "$busy" >"$LOGS/busy" 2>&1 &
busy_pid=$!
listened() { [[ -n $(ss -Hltn "sport = :$busy") ]]; }
wait_for 20 listened
login_fails "the port is taken" 2 "port $busy is taken" --port "$busy" corp
try "and no browser is opened" not browsed
kill "$busy_pid"
wait_for 20 not listened
login_works "the port is free again" --port "$busy" corp
try "and when it is done nobody listens" not listened
login_works "at once again" --port "$busy" corp

# --- files ---

( umask 0; login_works "a login with umask 0" corp )
try "nobody else may write what it makes" is "$(find "$D" "$USER_HOME/.cache" -perm /022)" ''
try "nor read the key" mode_is 600 "$D/corp"
rm -rf "$D" "$USER_HOME/.cache"
( umask 0; login_works "a login with umask 0, without the folders" corp )
try "nobody else may write what it makes" is "$(find "$D" "$USER_HOME/.cache" -perm /022)" ''
try "the folder is the person's alone" mode_is 700 "$D"
before=$(persons_files)
cannot_write() { person sh -c 'trap "" XFSZ; ulimit -f 0; exec jwks-login corp 2>/dev/null' </dev/null; }
try "no file can be written: it fails" not cannot_write
try "and the old login is as it was" is "$(persons_files)" "$before"
for file in corp corp.pub corp-cert.pub; do
    rm -f "$D"/corp*
    as_user mkdir -p "$D/$file.new/x"       # where the new one would be put together
    login_fails "$file cannot be written" 2 "$file" corp
    rm -r "$D/$file.new"
    login_works "a good login" corp
    as_user mkdir -p "$D/$file.new/x"
    login_fails "$file cannot be written, beside it" 2 "$file" corp
    rm -r "$D/$file.new"
done
# NAME: with the folder as it is
folder_fails() { login_fails "$1" 2 "$D" corp; rm -rf "$D"; }
chmod 777 "$D"
folder_fails "a folder that others may write"
install -d -m 755 "$D"
folder_fails "a folder of somebody else's"
install -m 644 /dev/null "$D"
folder_fails "a file in the folder's place"
install -d -m 700 -o "$U" "$D"
install -m 600 -o "$U" /dev/null "$W/elsewhere"
as_user ln -s "$W/elsewhere" "$D/corp"
login corp
try "what a link in the key's place leads to is not written" test ! -s "$W/elsewhere"
rm -rf "$D"
login_works "control: a folder of its own" corp
keep_secrets_of "$W/corp/grants"
find "$USER_HOME/.cache" -type f -exec cp -t "$LOGS" {} +       # e2e_end searches it, too
e2e_end
