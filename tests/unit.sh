#!/usr/bin/env bash
# jwks-refresh.service is confined (systemd's measure: under 2.0), and forbids no system call and no socket that a fetch makes.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2034,SC2154
set -euo pipefail
. "${top_srcdir:-$(dirname "$0")/..}/tests/fetch.bash"
if ! systemd-analyze syscall-filter @default >/dev/null 2>&1; then
    echo "no systemd-analyze"
    exit 77
fi
case=unit
unit=${top_builddir:?set by make check}/data/jwks-refresh.service
: >"$W/log"

# systemd's own measure; 249 was the first to look at files.
if systemd-analyze security --help | grep -q -- --offline; then
    cp "$unit" "$W/jwks-refresh.service"
    if systemd-analyze security --no-pager --offline=true --threshold=20 "$W/jwks-refresh.service" >"$W/log" 2>&1; then ok; else bad "too exposed"; fi
    has 'Overall exposure level'
    # It is not blind: without its filter the unit is worse than that.
    sed -i '/^SystemCall/d; /^Restrict/d' "$W/jwks-refresh.service"
    if systemd-analyze security --no-pager --offline=true --threshold=20 "$W/jwks-refresh.service" >/dev/null 2>&1; then bad "any unit passes"; else ok; fi
else
    echo "this systemd-analyze cannot measure a file"
fi

# Every word is one that systemd knows, but for a program and pages that are not installed.
cp "$unit" "${top_srcdir:-$here/..}/data/jwks-refresh.timer" "$W"
sed -i "s,^ExecStart=[^ ]*,ExecStart=$W/jwks-fetch," "$W/jwks-refresh.service"
SYSTEMD_UNIT_PATH=$W: systemd-analyze verify --man=no "$W/jwks-refresh.service" "$W/jwks-refresh.timer" >"$W/verified" 2>&1 || echo "status $?" >>"$W/verified"
is "what systemd says of the units" "$(grep -F jwks-refresh "$W/verified")" ""

# --- what it allows, and what a fetch calls ---

members() {             # GROUP OR CALL...
    local name
    for name; do
        if [[ $name != @* ]]; then echo "$name"; continue; fi
        # shellcheck disable=SC2046
        members $(systemd-analyze syscall-filter "$name" 2>/dev/null | sed -n 's/^ \+\(@\?[a-z0-9_-]\+\)$/\1/p')
    done
}
setting() { sed -n "s/^$1=//p" "$unit"; }
: >"$W/allowed"
while read -r line; do
    # shellcheck disable=SC2086
    if [[ $line == ~* ]]; then
        members ${line#\~} | sort -u >"$W/denied"
        sort -u "$W/allowed" | comm -23 - "$W/denied" >"$W/allowed.new"
        mv "$W/allowed.new" "$W/allowed"
    else
        members $line >>"$W/allowed"
    fi
done < <(setting SystemCallFilter)
members @default >>"$W/allowed"
sort -uo "$W/allowed" "$W/allowed"
if (($(wc -l <"$W/allowed") > 200)); then ok; else bad "only $(wc -l <"$W/allowed") calls are allowed"; fi
is "the filter is read well: mount, ioprio_set" "$(grep -cxE 'mount|ioprio_set' "$W/allowed")" 0

if strace -f -o /dev/null true 2>/dev/null; then
    begin "a fetch under the unit's rules"
    keys a b
    script "{$discovery, \"/jwks\": $usual}"
    for issuer in corp nohost expired; do
        strace -f -qq -o "$W/trace.$issuer" "${as_owner[@]}" "$W/jwks-fetch" --conf "$W/jwks.conf" --issuer "$issuer" --reason force 2>"$W/log" || true
    done
    # From the first call of jwks-fetch itself on; what started it is not in the unit.
    for issuer in corp nohost expired; do sed -n '/execve("[^"]*jwks-fetch"/,$p' "$W/trace.$issuer"; done >"$W/trace"
    sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' "$W/trace" | sort -u >"$W/called"
    if grep -qx sendto "$W/called" && grep -qx renameat2 "$W/called"; then ok; else bad "the trace is not of a fetch: $(xargs <"$W/called")"; fi
    is "calls that the unit forbids" "$(comm -23 "$W/called" "$W/allowed" | xargs)" ""
    families=$(sed -nE 's/.* socket\((AF_[A-Z0-9]+),.*/\1/p' "$W/trace" | sort -u)
    is "sockets that it forbids" "$(comm -23 - <(setting RestrictAddressFamilies | tr ' ' '\n' | sort) <<<"$families")" ""
    if grep -q 'PROT_WRITE|PROT_EXEC' "$W/trace"; then bad "memory to write and to run"; else ok; fi
    wanted=$(grep -oE 'openat\(.*O_(WRONLY|RDWR).*' "$W/trace" | grep -v ' = -1 ' | sed -E 's/^[^"]*"([^"]*)".*/\1/' | grep '^/' | sort -u | xargs)
    is "files by their path that it writes" "$wanted" /dev/null
else
    echo "no strace, or no process may be traced here: calls were not compared"
fi

# --- cron, where there is no systemd ---

case="the crontab"
crontab=$top_builddir/data/cron.d/pam-jwks
line=$(grep -v '^#' "$crontab" | grep jwks-fetch)
is "lines that cron would run" "$(grep -cE '^[*0-9]' "$crontab")" 1
is "when, and as whom" "$(cut -d' ' -f1-8 <<<"$line" | xargs -0 echo | tr -s ' \n' ' ')" '*/5 * * * * jwks '
read -r _ _ _ _ _ _ shell_line <<<"$line"
shell_line=${shell_line//\\%/%}         # cron's own sign for a line's end
mkdir "$W/bin"
printf '#!/bin/sh\necho "%s1" >>%s\n' '$' "$W/slept" >"$W/bin/sleep"
chmod 755 "$W/bin/sleep"
shell_line=$(sed -E "s,exec [^ ]*/jwks-fetch --conf [^ ]*,exec ${as_owner[*]} $W/jwks-fetch --conf $W/jwks.conf," <<<"$shell_line")
script "{$discovery, \"/jwks\": $usual}"
calm
forget_requests
for _ in 1 2; do PATH=$W/bin:/usr/bin:/bin sh -c "$shell_line" 2>"$W/log" || is "exit, since some certificates are bad" $? 1; done
if [[ $(sort -u "$W/slept" | wc -l) == 1 && $(head -n 1 "$W/slept") -lt 240 ]]; then ok; else bad "slept $(xargs <"$W/slept")"; fi
if (($(hits /jwks) >= 2)); then ok; else bad "$(hits /jwks) requests"; fi
end
