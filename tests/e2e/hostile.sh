#!/usr/bin/env bash
# Whatever environment a host has or its caller brings, the answer is the same, and nothing that it names is used.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
export JWKS_HOSTILE=yes
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
start_sshd
allow_sudo
make_good
make_wrong

# --- each variable leads into its trap: without this the rest proves nothing ---

try "control: sshd was started with them" grep '^provider 0 /usr/sbin/sshd' "$H/record"
as_user true
try "control: what as_user starts has them" grep "^preload $(id -u "$U") " "$H/record"
url=https://localhost:$(op corp PORT)/_test/jwks-hits
with() { env "${SURROUNDINGS[@]}" "$@"; }
# KIND COMMAND...: makes a trap of that kind tell.
tells() { : >"$H/record"; "${@:2}" >"$W/out" 2>&1; grep "^$1 " "$H/record"; }
# VARIABLE COMMAND...: with this one of the variables alone.
alone() { local v; for v in "${SURROUNDINGS[@]}"; do [[ $v == "$1="* ]] && break; done; env "$v" "${@:2}"; }
get=(curl -s --max-time 10 --cacert "$(op corp CA)" "$url")
try "control: without them the provider answers" "${get[@]}"
for v in https_proxy HTTPS_PROXY ALL_PROXY all_proxy CURL_HOME HOME; do
    try "control: $v sends curl elsewhere" tells connection not alone "$v" "${get[@]}"
done
try "control: http_proxy, too" tells connection not alone http_proxy curl -s http://localhost:1/
# Whose CA a program trusts that asks the environment.
trusted_by() { timeout 10 env "$1" openssl s_client -connect "localhost:$(op corp PORT)" -verify_return_error -brief </dev/null; }
mkdir "$W/trusted"
cp "$(op corp CA)" "$W/trusted"
openssl rehash "$W/trusted"
TRUSTING=("SSL_CERT_FILE=$(op corp CA)" "CURL_CA_BUNDLE=$(op corp CA)" "SSL_CERT_DIR=$W/trusted")
for v in FILE="$(op corp CA)" DIR="$W/trusted"; do
    try "control: SSL_CERT_${v%%=*} has openssl trust it" trusted_by "SSL_CERT_$v"
done
try "control: without them it does not" not trusted_by NOTHING=
try "control: CURL_CA_BUNDLE has curl trust it" env "CURL_CA_BUNDLE=$(op corp CA)" curl -s --max-time 10 "$url"
try "control: OPENSSL_CONF loads a provider" tells provider alone OPENSSL_CONF openssl version
try "control: OPENSSL_MODULES, too" tells provider alone OPENSSL_MODULES openssl list -provider legacy -providers
try "control: OPENSSL_ENGINES loads an engine" tells engine not alone OPENSSL_ENGINES openssl engine -t trap
try "control: LD_PRELOAD loads a library" tells preload env LD_PRELOAD="$H/preload.so" true
try "control: another OPENSSL_CONF breaks what reads it" not env OPENSSL_CONF="$H/breaks.cnf" openssl dgst -sha256 "$H/loads.cnf"
try "control: SSLKEYLOGFILE is written" alone SSLKEYLOGFILE "${get[@]}"
try "control: and is seen" hostile_files_changed
try "control: TZ is 11:37 ahead" test "$(with date -d @0 +%H:%M)" = 11:37
try "control: LC_ALL has a decimal comma" test "$(with seq -f %.1f 1)" = 1,0
strace_curl() { strace -f -o "$W/trace" -s 4096 -e trace=file,network env "${SURROUNDINGS[@]}" "${get[@]}"; }
names_trap() { grep -E "^$1 .*\"$H/" "$W/trace" | grep -v "$2"; }
TRACES=
if strace -o "$W/trace" true 2>/dev/null; then
    TRACES=yes
    try "control: under strace curl goes elsewhere" not strace_curl
    try "control: and names these surroundings" names_trap '[0-9]+' 'nothing else'
fi
hostile_reset

# --- logins, on an empty cache ---

# An OPENSSL_CONF that breaks whatever reads it, in hosts that leave libcrypto to us.
BROKEN=("${SURROUNDINGS[@]}" OPENSSL_CONF="$H/breaks.cnf")
pam_broken() { timeout 60 env "${BROKEN[@]}" pamtester "$SVC" "$U" authenticate <"$1" && echo "LOGGED-IN as $U"; }
sudo_broken() { fold -w 500 "$1" | as_user OPENSSL_CONF="$H/breaks.cnf" timeout 60 setsid -w sudo -S -p '' sh -c "$GREETING"; }
# Another account's su; in these mounts su has our PAM service.
su_broken() {
    timeout 60 setsid -w setpriv --reuid jwks --regid jwks --clear-groups env -i PATH="$PATH" "${BROKEN[@]}" \
        LD_PRELOAD="$H/preload.so" su -s /bin/sh -c "$GREETING" "$U" <"$1" 2>&1 | sed 's/^Token: //'
}
expires=$(jq -rR 'split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson | .exp | todate' "$T/good")
ways=(pam_whole pam_broken sudo_askpass sudo_broken ssh_paramiko)
for way in "${ways[@]}"; do
    empty_cache
    mark=$(log_lines)
    check "$way, nothing cached" "$way" good allow
    logged "with the time in UTC" "$mark" "exp=$expires "
    check "$way, cached" "$way" good allow
    check "$way: refused, audience" "$way" audience audience
    check "$way: refused, signature" "$way" signature signature
done
if [[ -n ${JWKS_OWN_MOUNTS:-} ]]; then
    mount --bind "/etc/pam.d/$SVC" /etc/pam.d/su
    empty_cache
    SVC=su check "su, nothing cached" su_broken good allow
    SVC=su check "su: refused, audience" su_broken audience audience
    umount /etc/pam.d/su
else
    skip "su" "mounts of our own are not allowed here, and the machine's PAM service su is not ours to change"
fi

# Trust and ways to the provider are jwks.conf's alone, also where the environment would help.
hostile_untouched
usual=("${SURROUNDINGS[@]}")
SURROUNDINGS+=("${TRUSTING[@]}")
CA=stranger write_conf
check "a CA that only the environment trusts is not trusted" pam_whole good unreachable
write_conf
check "control: one that jwks.conf trusts is" pam_whole good allow
write_conf "proxy = http://127.0.0.1:$(cat "$H/port")"
SURROUNDINGS+=(NO_PROXY='*' no_proxy='*')
check "jwks.conf has a proxy that answers nothing: nobody, whatever NO_PROXY says" pam_whole good unreachable
try "and it was asked" hostile_traffic
try "control: NO_PROXY=* takes curl past it" env NO_PROXY='*' "${get[@]}" --proxy "http://127.0.0.1:$(cat "$H/port")"
SURROUNDINGS=("${usual[@]}")
hostile_reset
write_conf

# --- what a login touches ---

if [[ -n $TRACES ]]; then
    pam_traced() {
        timeout 60 env "${SURROUNDINGS[@]}" strace -f -o "$W/trace" -s 4096 -e trace=file,network pamtester "$SVC" "$U" \
            authenticate <"$1" && echo "LOGGED-IN as $U"
    }
    empty_cache
    check "a login under strace, nothing cached" pam_traced good allow
    host=$(head -n 1 "$W/trace" | cut -d' ' -f1)
    try "the host names nothing of these surroundings, but libc's syslog the zone" not names_trap "$host" "$H/zones/"
    try "control: jwks-fetch ran" grep -Ev "^$host " "$W/trace"
    grep -Ev "^$host " "$W/trace" >"$W/children"
    try "jwks-fetch names nothing of them" not grep "\"$H/" "$W/children"
else
    skip "what a login touches" "strace may not trace here"
fi
e2e_end
