#!/usr/bin/env bash
# A configuration with mistakes, or files that others could change, let nobody in by token, and the log names each of them.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
start_sshd
allow_sudo
make_good
check "control: the configuration is good" pam_whole good allow

# --- mistakes: all reported at once, by line ---

MISTAKES=('colour = blue' 'max_stale = forever' 'clock_skew = 60' 'algorithms = HS256' 'user_match = (' 'require = groups'
    'no equals sign' '[planet earth]' '[service sshd]' 'issuers = nowhere')
write_conf "${MISTAKES[@]}"
mark=$(log_lines)
check "a configuration with mistakes: nobody by libpam" pam_whole good config
for mistake in "${MISTAKES[@]}"; do
    [[ $mistake != '[service sshd]' ]] || continue
    number=$(grep -nxF "$mistake" "$CONF" | tail -n 1 | cut -d: -f1)
    logged "the log says $CONF:$number: ($mistake)" "$mark" "$CONF:$number: "
done
check "nobody by ssh" ssh_askpass good config
check "nobody by sudo" sudo_askpass good config
for mistake in "${MISTAKES[@]:0:6}"; do
    write_conf "$mistake"
    check "one mistake is enough: $mistake" pam_whole good config
done
write_conf
check "without the mistakes: in again" pam_whole good allow
pam_stack "$PREFIX/lib/security/pam_jwks.so conf=$CONF colour=blue"
check "an unknown argument fails the module" pam_whole good config
pam_stack "$PREFIX/lib/security/pam_jwks.so conf=$W/etc/absent.conf"
check "so does a configuration that is not there" pam_whole good 'config|system|unsafe-file'
pam_stack
check "without it: in again" pam_whole good allow

# --- files that others could change ---

# COLD|WARM PATH CHANGE BACK REASON [NAME]: after the change nobody is let in, and the log names the path, or says NAME; in again
# after the way back.
unsafe() {
    local mark
    if [[ $1 == COLD ]]; then empty_cache; fi
    $3 "$2"
    mark=$(log_lines)
    check "${2#"$W"/}, $3: nobody" pam_whole good "$5"
    logged "and the log names it" "$mark" "${6:-$2}"
    $4 "$2"
    if [[ $1 == COLD ]]; then empty_cache; fi
    check "and after $4 in again" pam_whole good allow
}
unsafe WARM "$CONF" 'chmod 666' 'chmod 644' unsafe-file
unsafe WARM "$CONF" 'chmod 664' 'chmod 644' unsafe-file
unsafe WARM "$CONF" "chown $U" 'chown root' unsafe-file
unsafe WARM "$W/etc" 'chmod 1777' 'chmod 755' unsafe-file
unsafe WARM "$W/state" 'chmod 777' 'chmod 755' unsafe-file
unsafe WARM "$W/state" 'chmod 775' 'chmod 755' unsafe-file
unsafe WARM "$W/state" "chown $U" 'chown jwks' unreachable 'different owners'
unsafe COLD "$PREFIX/libexec/pam-jwks/jwks-fetch" 'chmod 777' 'chmod 755' unsafe-file
unsafe COLD "$PREFIX/libexec/pam-jwks/jwks-fetch" "chown $U" 'chown root' unsafe-file
unsafe COLD "$PREFIX/libexec/pam-jwks" 'chmod 777' 'chmod 755' unsafe-file
unsafe COLD "$W/etc/corp-ca.pem" 'chmod 666' 'chmod 644' unreachable

echo "7f3a9c52 $U" >"$W/etc/map"
write_conf 'user_claim = sub' "user_map = $W/etc/map"
check "control: an account by a map" pam_whole good allow
unsafe WARM "$W/etc/map" 'chmod 666' 'chmod 644' unsafe-file

# A cache file that others could have written counts as absent: its keys are fetched again.
write_conf
check "a cached key" pam_whole good allow
chmod 666 "$W"/state/*.jwks
mark=$(log_lines)
check "a cache file with mode 666 is not believed but fetched again" pam_whole good allow
logged "and the log names it" "$mark" "[0-9a-f]{32}\.jwks"
try "the new one is safe" test -z "$(find "$W/state" -perm /022)"
provider_stop corp
check "provider down: in by the safe one" pam_whole good allow
chmod 666 "$W"/state/*.jwks
check "provider down: not by an unsafe one" pam_whole good unreachable
e2e_end
