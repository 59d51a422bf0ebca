#!/usr/bin/env bash
# The processes of a fetch are nobody, hold nothing, and are refused what a fetch never needs, whoever has taken them over.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2034,SC2154
set -euo pipefail
. "${top_srcdir:-$(dirname "$0")/..}/tests/fetch.bash"
[[ $(id -u) -eq 0 ]] || { echo "needs root: who it is looks into processes that nobody else may look into"; exit 77; }
keys a b

ours() { if ! pgrep -f "^$W/jwks-fetch"; then return 0; fi; }
child_of() { pgrep -P "$1" -f "^$W/jwks-fetch"; }
gone() { for ((i = 0; i < 20; i++)); do [[ -z $(ours) ]] && return; sleep 0.1; done; }
filters=
if [[ $(ldd "$W/jwks-fetch") == *libseccomp* ]] && grep -q '^Seccomp_filters:' /proc/self/status; then filters=yes; fi

# --- as they are seen while a server holds them ---

begin "while a server does not answer"
serve '{"delay": 5}'
exec 7<"$W/p/ca.pem"
(ulimit -c unlimited 2>/dev/null || true; LEAKED=yes become_helper --issuer fixed --reason force 2>"$W/log") & writer=$!
started_request /jwks
starter=$(child_of "$writer")
child=$(child_of "$starter")
is "a writer, a starter and one child" "$(ours | wc -l) $(child_of "$child")" "3 "

status() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | xargs; }
limit() { sed -n "s/^$2  *\([^ ]*\)  *\([^ ]*\).*/\1 \2/p" "/proc/$1/limits"; }
held() { find "/proc/$1/fd" -type l -printf '%f %l\n' | sed 's/:\[.*//' | sort -n | xargs; }
four() { echo "$1 $1 $1 $1"; }
for who in writer starter child; do
    case=$who pid=${!who}
    is "user" "$(status "$pid" Uid)" "$(four "$owner")"
    is "group" "$(status "$pid" Gid)" "$(four "$owner")"
    is "other groups" "$(status "$pid" Groups)" ""
    for set in CapInh CapPrm CapEff CapAmb; do is "$set" "$(status "$pid" "$set")" 0000000000000000; done
    is "no new privileges" "$(status "$pid" NoNewPrivs)" 1
    is "core" "$(limit "$pid" "Max core file size")" "0 0"
    is "seconds of CPU" "$(limit "$pid" "Max cpu time")" "5 5"
    is "nobody of its user looks into it" "$(stat -c %u "/proc/$pid/mem")" 0
    is "umask" "$(status "$pid" Umask)" 0022
    if [[ -n $filters ]]; then
        is "system call filter" "$(status "$pid" Seccomp)" 2
        is "threads" "$(status "$pid" Threads)" 1
    fi
done
case="libcurl"
has_curl() { if grep -q '/libcurl[.-]' "/proc/$1/maps"; then echo yes; else echo no; fi; }
is "the writer, the starter, the child" "$(has_curl "$writer") $(has_curl "$starter") $(has_curl "$child")" "no yes yes"
case="the network side"
null=/dev/null err=$W/log
is "the starter's descriptors" "$(held "$starter")" "0 $null 1 $(readlink "/proc/$writer/fd/1" | sed 's/:\[.*//') 2 $err 3 pipe 4 pipe 5 pipe"
tls=$(held "$child")
is "the child's but for its connection" "${tls% socket}" \
    "0 $null 1 $(readlink "/proc/$writer/fd/1" | sed 's/:\[.*//') 2 $err 3 pipe$(sed -nE 's/.* 3 pipe(.*) socket$/\1/p' <<<"$tls")"
for pid in "$starter" "$child"; do
    is "no file and no folder of the cache" "$(held "$pid" | grep -cF -e "$W/state" -e "$W/run")" 0
    is "file size" "$(limit "$pid" "Max file size")" "0 0"
    is "open files" "$(limit "$pid" "Max open files")" "64 64"
    memory=$(limit "$pid" "Max address space") && memory=${memory#* }
    used=$(status "$writer" VmSize) && used=$((${used% kB} * 1024))
    if [[ $memory != unlimited ]] && ((memory < used + (300 << 20))); then ok; else bad "address space: $memory of $used"; fi
done
case="the writer"
is "who holds the lock" "$(held "$writer" | grep -oc "$W/run/[0-9a-f]*\.lock")" 1
if [[ $(held "$writer") == *ca.pem* ]]; then bad "it kept its caller's descriptor"; else ok; fi
end_suddenly "$writer"
gone
is "after a sudden end of the writer" "$(ours)" ""

# --- a starter that is stopped, or dies, costs that request and nothing else ---

for signal in STOP KILL; do
    begin "starter gets SIG$signal"
    serve "$usual"
    fetch fixed cold
    serve '{"delay": 2}'
    forget_requests
    (become_helper --issuer fixed --reason force 2>"$W/log") & writer=$!
    started_request /jwks
    kill "-$signal" "$(child_of "$writer")"
    status=0
    wait "$writer" || status=$?
    is "exit, keys" "$status $(tool kids "$(file state jwks)")" "1 a b"
    outcome=helper
    [[ $signal == KILL ]] || outcome=timeout
    has "outcome=$outcome"
    gone
    is "processes" "$(ours)" ""
    fetch fixed manual
    calm
done

begin "a host that stands still when time is up"
serve '{"delay": 20}'
forget_requests
(become_helper --issuer fixed --reason force 2>"$W/log") & writer=$!
started_request /jwks
starter=$(child_of "$writer")
child=$(child_of "$starter")
sleep 4.4               # of the 5 s that a request has
kill -STOP "$writer" "$starter" "$child"
sleep 1.2               # each of them has half a second more, which is over then, and the writer takes nothing after 2 s
kill -CONT "$child" "$starter" "$writer"
status=0
wait "$writer" || status=$?
is "exit" "$status" 1
has "outcome=timeout"
lacks "no answer in time"       # which is the writer's word for a starter that it has given up
calm

# --- what they are refused: a library in them tries ---

probe() {               # MODE
    begin "probe: $1"
    serve "$usual"
    install -d -o "$owner" "$W/probe"
    install -o "$owner" -m 644 /dev/null "$W/probe/there"
    { PROBE=$1 PROBE_FOLDER=$W/probe LD_PRELOAD=$W/probe.so helper_run --issuer fixed --reason force 2>&1 || echo "exit $?"; } |
        cat >"$W/log"       # by a pipe, since the child may not write to a file
    status=$(sed -n 's/^exit //p' "$W/log")
}
read -ra cc <<<"${CC:-cc}"
if ! command -v "${cc[0]}" >/dev/null || [[ $(nm -D "$W/jwks-fetch") =~ __(asan|ubsan) ]]; then
    echo "no compiler, or a build that nothing can be loaded into: only looked at from outside"
    end
    exit
fi
"${cc[@]}" -D_GNU_SOURCE=1 -O1 -fPIC -shared -o "$W/probe.so" "$here/confine_probe.c" -ldl
chmod 755 "$W/probe.so"

begin "a module that is loaded for ever"
serve "$usual"
mv "$W/jwks-http.so" "$W/moved.so"
"${cc[@]}" -fPIC -shared -x c -o "$W/jwks-http.so" - <<'END'
#include <unistd.h>
__attribute__((constructor)) static void stay(void) { for (;;) pause(); }
END
chmod 644 "$W/jwks-http.so"
(become_helper --issuer fixed --reason force 2>"$W/log") & writer=$!
for ((i = 0; i < 50; i++)); do if grep -qs jwks-http "/proc/$(child_of "$writer")/maps"; then break; fi; sleep 0.1; done
is "it is being loaded" "$(ours | wc -l)" 2
end_suddenly "$writer"
gone
is "after a sudden end of the writer" "$(ours)" ""
mv "$W/moved.so" "$W/jwks-http.so"

probe all
is "exit: it works all the same" "$status" ""
said() { sed -n "s/^$1 $2 //p" "$W/log" | sort -u | xargs; }
for who in network writer; do
    is "$who: environment" "$(said "$who" environment)" "LANG=C PATH=/usr/bin:/bin"
done
# Landlock alone, where there is one, keeps the child from all that.
refused() { local who=$1 wanted=$2 what; shift 2; for what; do is "$who: $what" "$(said "$who" "$what")" "$wanted"; done; }
refused network allowed read kill-self getrlimit thread nonblocking socket-unix socket-inet socket-inet6 socket-route
if [[ -n $filters ]]; then
    for who in network writer; do
        refused "$who" EPERM clone fork unshare clone-newuser io_uring keyctl bpf mount perf_event_open userfaultfd
        refused "$who" ENOSYS clone3
    done
    refused network EPERM write read-write create unnamed truncate unlink rename renameat2 link symlink mkdir chmod chown utimes \
        flock setsig setown setown-disguised setown-ex fiosetown siocspgrp lease kill kill-all tgkill ptrace process_vm_readv prlimit pidfd_open pdeathsig socket-audit socket-packet socket-vsock \
        socket-alg socket-ax25 socket-disguised listen
    refused network ENOSYS openat2
    refused writer EPERM socket-unix socket-inet socket-inet6 socket-route socketpair
else
    echo "no system call filter in this build or kernel: only Landlock was tried"
fi
[[ $(said network landlock-version) != allowed ]] || refused network EACCES bind-tcp
is "nothing was written" "$(find "$W/probe" -type f -printf '%f %s')" "there 0"
if [[ -n $filters ]]; then is "its mode" "$(stat -c %a "$W/probe/there")" 644; fi      # Landlock has no word about that

if [[ -n $filters ]]; then
    probe exec
    is "the child runs no program" "$status $(grep -c 'network execve' "$W/log")" "1 0"
    has "network tries execve"
    has "outcome=helper"
    probe exec-writer
    is "nor does the writer" "$status $(grep -c 'writer execve' "$W/log")" "159 0"        # 128 + SIGSYS
    has "writer tries execve"

    begin "nothing is left of a child that would leave something"
    serve "$usual"
    (PROBE=linger LD_PRELOAD=$W/probe.so become_helper --issuer fixed --reason force 2> >(cat >"$W/log")) & writer=$!
    for ((i = 0; i < 50; i++)); do grep -q 'network fork' "$W/log" && break; sleep 0.1; done
    has "network fork EPERM"
    end_suddenly "$writer"
    gone
    is "processes" "$(ours)" ""
fi
end
