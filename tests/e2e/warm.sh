#!/usr/bin/env bash
# A login on a warm cache makes no network call and starts no process, and no program that asks us ever loads libcurl.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
start_sshd
make_good

# --- what a login does, as strace sees it ---

TRACED=execve,execveat,fork,vfork,clone,clone3,socket,connect
fetches() { grep -q 'execve("[^"]*/jwks-fetch"' "$W/trace"; }
uses_network() { grep -q 'AF_INET' "$W/trace"; }
starts_process() { grep -Eq '(fork|clone3?)\(' "$W/trace"; }
tally() { grep -Eo '(execve|fork|clone3?)\(|AF_INET' "$W/trace" | sort | uniq -c; }
pam_traced() {
    timeout 60 env "${SURROUNDINGS[@]}" strace -f -o "$W/trace" -e "trace=$TRACED" pamtester "$SVC" "$U" authenticate <"$1" && echo "LOGGED-IN as $U"
}

# The listening sshd and all its children; the trace ends with the login.
sshd_traced() {
    local tracer
    rm -f "$W/strace.err"                               # or the last one's "attached" would be taken for this one's
    timeout 60 strace -f -o "$W/trace" -e "trace=$TRACED" -p "$(cat "$W/sshd.pid")" 2>"$W/strace.err" &
    tracer=$!
    wait_for 5 grep -q attached "$W/strace.err"
    ssh_askpass "$1"
    kill -INT "$tracer"
    wait "$tracer" || echo "strace ended with $?"
}

if strace -o "$W/trace" true 2>/dev/null; then
    empty_cache
    check "control: a login on an empty cache" pam_traced good allow
    try "control: starts jwks-fetch, and strace sees it" fetches
    try "control: and uses the network" uses_network
    check "a login on a warm cache" pam_traced good allow
    try "starts no process" not starts_process
    try "and uses no network" not uses_network

    # sshd itself starts processes, and looks at addresses: as many as with a module that does nothing.
    pam_stack pam_permit.so
    try "control: in sshd, with pam_permit.so in our place" sshd_traced "$T/good"
    nothing=$(tally)
    pam_stack
    empty_cache
    check "control: in sshd, on an empty cache" sshd_traced good allow
    try "control: starts jwks-fetch" fetches
    try "control: and more happens than with pam_permit.so" test "$nothing" != "$(tally)"
    check "in sshd, on a warm cache" sshd_traced good allow
    try "as many processes and addresses as with pam_permit.so" test "$nothing" = "$(tally)"
else
    skip "a warm login makes no network call and starts no process" "strace may not trace here"
fi

# Processes with our module, and what else they have mapped: while one waits for an answer, and after it had keys fetched.
hosts() { grep -ls "$PREFIX/lib/security/pam_jwks.so" /proc/[0-9]*/maps; }
any_host() { [[ -n $(hosts) ]]; }
host_with_curl() { hosts | xargs grep -s libcurl; }
needs_curl() { ldd "$1" | grep libcurl; }

mint short corp --alg ES256 --scope 'openid profile'
mkfifo -m 644 "$W/answer"
empty_cache
SAY="$GREETING; sleep 3" ssh_with keyboard-interactive "$W/bin/askpass-whole" "$W/answer" >"$W/out" 2>&1 &
login=$!
try "control: sshd's process is seen with pam_jwks.so while it waits for a token" wait_for 10 any_host
try "it has no libcurl" not host_with_curl
timeout 10 cp "$T/short" "$W/answer"
try "control: that login is let in, after a fetch" wait_for 20 grep -q '^LOGGED-IN' "$W/out"
try "control: its session is seen with pam_jwks.so" any_host
try "it has no libcurl" not host_with_curl
wait "$login"
cat "$W/out" >>"$LOGS/clients"

try "control: ldd sees libcurl in jwks-http.so" needs_curl "$PREFIX/libexec/pam-jwks/jwks-http.so"
for file in lib/security/pam_jwks.so lib/libjwkscore.so bin/jwks-askpass libexec/pam-jwks/jwks-fetch; do
    try "ldd sees no libcurl in $file" not needs_curl "$PREFIX/$file"
done
e2e_end
