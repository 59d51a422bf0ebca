# shellcheck shell=bash disable=SC2034,SC2154
# What the scripts on a test clock share: a build whose clocks a file moves, and a host and a provider on them.
# SPDX-License-Identifier: Apache-2.0

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# The suite's own build has no such clocks, so here is another one: that of a caller (tests/run.sh), if its clock's file can be
# ours alone, or one of our own.
build_with_test_clock() {
    need_packages "${BUILD_PACKAGES[@]}" python3 python3-cryptography
    if [[ -n ${JWKS_CLOCK_PREFIX:-} && -n ${JWKS_OWN_MOUNTS:-} ]]; then
        PREFIX=$JWKS_CLOCK_PREFIX CLOCK=$JWKS_CLOCK
        mount -t tmpfs -o mode=755 clock "${CLOCK%/*}"
    else
        note "building with a test clock"
        prepare_sources
        CLOCK=$W/clock/now
        mkdir "$W/clock"
        install_build "$W/src" "$W/build" "$W/prefix" --enable-test-clock="$CLOCK"
    fi
    HELPER=$PREFIX/libexec/pam-jwks/jwks-fetch
    try "the version says that it is a build for tests" grep -qx 'jwks-fetch [0-9.]* (test clock)' <("$HELPER" --version)
}

# --- the provider ---

start_clock_provider() {
    mkdir "$W/p"
    echo '{}' >"$W/p/script.json"
    : >"$W/p/requests.log"
    start_daemon "$LOGS/provider.log" /usr/bin/python3 -W ignore "$TOP/tests/provider.py" "$W/p" good
    wait_for 30 test -s "$W/p/ports.json" || die "the provider did not start"
    ISSUER=https://localhost:$(sed 's/.*"good": \([0-9]*\).*/\1/' "$W/p/ports.json")
}
serve() {                                           # a behaviour of provider.py
    printf '{"/jwks": {%s}}\n' "$1" >"$W/p/script.new"
    mv "$W/p/script.new" "$W/p/script.json"
}
requests() { wc -l <"$W/p/requests.log"; }

# --- the host ---

write_clock_conf() {
    CONF=$W/etc/jwks.conf
    printf '%s\n' '[global]' "state_dir = $W/state" "run_dir = $W/run" "fetch_helper = $HELPER" '[issuer corp]' \
        "issuer = $ISSUER" "jwks_uri = $ISSUER/jwks" 'audience = ssh' 'user_claim = sub' "ca_file = $W/p/ca.pem" "$@" >"$CONF"
    empty_cache
}
helpers() { pgrep -f "^$HELPER"; }
no_helpers() { ! helpers >/dev/null; }

# Whatever a row left: clocks that are right, no cache, a provider that answers.
begin() {
    ROW=$1
    echo 0 0 >"$CLOCK"
    serve '"body_file": "jwks.json"'
    empty_cache
}
mark() { MARK=$(log_lines); }
