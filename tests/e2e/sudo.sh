#!/usr/bin/env bash
# An ID token makes its bearer root by sudo, in parts that sudo accepts, whatever environment and limits the caller brings.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
allow_sudo
make_good
make_wrong
make_pasted
controls sudo_askpass

for way in sudo_askpass sudo_parts; do
    check "$way: a token of $(wc -c <"$T/good") bytes makes root" "$way" good allow
    for reason in "${WRONG[@]}"; do check "$way: refused, $reason" "$way" "$reason" "$reason"; done
done
for what in opaque encrypted symmetric unsigned incomplete; do
    check "pasted instead of a token: $what" sudo_parts "$what" "$what"
done
check "typed at a terminal, 500 characters at each prompt" sudo_typed good allow
check "typed at a terminal: refused, audience" sudo_typed audience audience

# sudo takes 511 characters; a longer answer never reaches us, and the person is asked again, in parts.
sudo_whole_then_parts() {
    as_user SUDO_ASKPASS="$W/bin/askpass-parts" JWKS_TOKEN_FILE="$1" FIRST_SIZE=9999 PART_SIZE=500 timeout 60 setsid -w \
        sudo -A sh -c "$GREETING"
}
check "the whole token at the first prompt, then in parts" sudo_whole_then_parts good allow

# Everything that a caller controls and that reaches a set-user-id program, at once, and on an empty cache.
HOSTILE=(https_proxy=http://127.0.0.1:1 HTTPS_PROXY=http://127.0.0.1:1 ALL_PROXY=socks5://127.0.0.1:1 SSL_CERT_FILE=/dev/null
    SSL_CERT_DIR=/nonexistent SSLKEYLOGFILE="$W/keylog" OPENSSL_CONF=/nonexistent OPENSSL_MODULES=/nonexistent
    CURL_CA_BUNDLE=/dev/null CURL_HOME=/nonexistent NETRC=/nonexistent TMPDIR=/nonexistent TZ=Antarctica/Troll LC_ALL=xx_XX
    RES_OPTIONS=timeout:30)
# LIMIT TOKEN-FILE: as ulimit's arguments for the size of files
sudo_limited() {
    # shellcheck disable=SC2016
    as_user "${HOSTILE[@]}" SUDO_ASKPASS="$PREFIX/bin/jwks-askpass" JWKS_TOKEN_FILE="$2" timeout 60 setsid -w sh -c \
        'cd && umask 000 && ulimit $1 && ulimit -n 32 && trap "" CHLD XFSZ && exec sudo -A sh -c "$2"' sh "$1" "$GREETING" | cat
}
sudo_hostile() { sudo_limited '-S -f 0' "$1"; }
sudo_no_files() { sudo_limited '-f 0' "$1"; }
before=$(find "$USER_HOME")
empty_cache
check "a caller's hostile environment changes nothing, on an empty cache" sudo_hostile good allow
check "nor does it let a wrong audience in" sudo_hostile audience audience
check "a caller who may write no file at all, on a warm cache" sudo_no_files good allow
try "and nothing was written into the caller's home" test "$before" = "$(find "$USER_HOME")"
try "nor a key log" not test -e "$W/keylog"
try "the cache is the jwks user's alone" test -z "$(find "$W/state" "$W/run" ! -user jwks -o -perm /022)"
e2e_end
