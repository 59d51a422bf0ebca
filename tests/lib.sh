# shellcheck shell=bash disable=SC2016,SC2034,SC2119,SC2120   # steps of the way back are evaluated later; scripts use the rest
# Shared by tests/run.sh, tests/e2e/*.sh and examples/quickstart.sh: everything around one test host.
# SPDX-License-Identifier: Apache-2.0
#
# Sourced, after `set -euo pipefail`.  What it makes lies in one scratch folder, $W, and outside it only what sshd, sudo and
# PAM look for in fixed places; the EXIT trap takes all of it away again.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SVC=jwks-test-$$                        # PAM service, sudoers file, sshd's program name
U=jwkst$$                               # the account to log in to
BUILD_PACKAGES=(autoconf automake libtool pkg-config make gcc libc6-dev libssl-dev libjson-c-dev libpam0g-dev
    libcurl4-openssl-dev libseccomp-dev libkeyutils-dev)
HOST_PACKAGES=(openssh-server openssh-client sudo openssl jq python3 procps)
GREETING='echo "LOGGED-IN as $(id -un)"'
SURROUNDINGS=()                         # what stands in the environment of sshd and pamtester beyond the usual

# --- results: one line a test, counted in a file, so that scripts add up ---

result() { printf '%s\n' "$1" >>"$JWKS_RESULTS"; printf '%s  %s\n' "$1" "$2"; }
pass() { result PASS "$1"; }
fail() { result FAIL "$1"; }
skip() { result SKIP "$1: $2"; }
count() { awk -v word="$1" '$1 == word { n++ } END { print n + 0 }' "$JWKS_RESULTS"; }
note() { printf '%s\n' "== $*"; }
die() { printf '%s\n' "${0##*/}: $*" >&2; exit 1; }

# NAME COMMAND...: passes if the command succeeds; its output is shown only if it does not.
try() {
    local name=$1 out
    shift
    if out=$("$@" 2>&1); then pass "$name"; else fail "$name"; tail -n 30 <<<"$out" | sed 's/^/      /'; fi
}
not() { if "$@"; then return 1; fi; }

summary() {
    printf '%d passed, %d failed, %d skipped\n' "$(count PASS)" "$(count FAIL)" "$(count SKIP)"
    [[ $(count FAIL) -eq 0 && $(count PASS) -gt 0 ]]
}

# --- time, folders, and the way back ---

UNDO=()
defer() { UNDO=("$1" "${UNDO[@]}"); }
undo_all() {
    local step
    set +e
    trap '' INT TERM HUP
    for step in "${UNDO[@]}"; do eval "$step"; done
}

# SECONDS COMMAND...: until it succeeds.
wait_for() {
    local tenths=$(($1 * 10))
    shift
    until "$@"; do
        ((tenths-- > 0)) || return 1
        sleep 0.1
    done
}

# A folder whose parents are all root's and nobody else's to write: configuration, cache and helper are trusted below it.
scratch() {
    W=$(mktemp -d "/var/lib/$SVC.XXXXXX")
    trap undo_all EXIT
    trap 'exit 130' INT TERM HUP
    defer 'rm -rf --one-file-system "$W"'       # whatever is mounted in it is somebody's
    defer stop_daemons
    defer 'rm -f "/etc/pam.d/$SVC" "/etc/sudoers.d/$SVC"'
    chmod 755 "$W"
    export JWKS_RESULTS=${JWKS_RESULTS:-$W/results}
    LOGS=$W/log T=$W/tokens
    mkdir "$LOGS" "$T" "$W/etc" "$W/bin"
    touch "$JWKS_RESULTS"
}

# --- what has to be installed ---

need_packages() {
    local p missing=()
    for p; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) == installed ]] || missing+=("$p")
    done
    ((${#missing[@]})) || return 0
    note "installing ${missing[*]}"
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" >"$W/apt.log" 2>&1 ||
        { tail -n 20 "$W/apt.log" >&2; die "apt-get install failed"; }
}

node_will_do() { local v; v=$("$1" --version 2>/dev/null) && dpkg --compare-versions "${v#v}" ge 20.12; }

# The provider needs node 20.12; Debian 12 has 18, whose npm can fetch a newer one, as a package that carries the program.
find_node() {
    NODE=$(command -v node) && node_will_do "$NODE" && command -v npm >/dev/null && return
    command -v npm >/dev/null || need_packages nodejs npm
    NODE=$(command -v node) && node_will_do "$NODE" && return
    node_from_npm
}

node_from_npm() {
    local arch
    arch=$(dpkg --print-architecture)
    arch=node-linux-${arch/amd64/x64}
    note "installing $arch, since node $(node --version) is too old for the provider"
    npm install --prefix "$JWKS_IDP/node" --ignore-scripts --no-audit --no-fund --loglevel=error "$arch@22" >/dev/null
    NODE=$JWKS_IDP/node/node_modules/$arch/bin/node
    node_will_do "$NODE" || die "no node of version 20.12 or later"
}

# Sets NODE, and JWKS_IDP to a copy of tests/idp with its packages; a caller that has them exports both.
need_provider() {
    [[ -n ${JWKS_IDP:-} ]] && return
    export JWKS_IDP=$W/idp NODE
    mkdir "$JWKS_IDP"
    find_node
    cp "$TOP"/tests/idp/*.mjs "$TOP"/tests/idp/package*.json "$JWKS_IDP"
    npm ci --prefix "$JWKS_IDP" --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
}

# The sources as they would be committed, whatever a build has left between them, in $W/src, with their ./configure.
prepare_sources() {
    mkdir "$W/src"
    if [[ -e $TOP/.git ]]; then
        need_packages git
        (cd "$TOP" && git -c safe.directory='*' ls-files -z -co --exclude-standard | tar -c --null -T - -f -) | tar -x -C "$W/src"
    else
        cp -a "$TOP/." "$W/src"
    fi
    (cd "$W/src" && autoreconf -fi) >"$W/autoreconf.log" 2>&1 || { tail -n 20 "$W/autoreconf.log" >&2; die "autoreconf failed"; }
}

# SOURCES BUILD-FOLDER [configure options]: configured outside the sources.
configure() {
    mkdir "$2"
    (cd "$2" && "$1/configure" -q "${@:3}") >"$2.log" 2>&1 || { tail -n 20 "$2.log" >&2; die "configure failed"; }
}

# PREFIX becomes an installation: a copy, which may be spoilt, of one that a caller has made (tests/run.sh), or one of our own.
need_installation() {
    if [[ -n ${JWKS_PREFIX:-} ]]; then
        PREFIX=$W/prefix
        cp -a "$JWKS_PREFIX" "$PREFIX"
        return
    fi
    note "building"
    need_packages "${BUILD_PACKAGES[@]}"
    prepare_sources
    install_build "$W/src" "$W/build" "${PREFIX:-$W/prefix}"
}

# SOURCES BUILD-FOLDER PREFIX [configure options]
install_build() {
    PREFIX=$3
    configure "$1" "$2" --prefix="$PREFIX" "${@:4}"
    make -s -C "$2" -j2 install >"$2.log" 2>&1 || { tail -n 30 "$2.log" >&2; die "build failed"; }
}

# JWKS_TARBALL: what a release is; a caller that has it exports it.
need_tarball() {
    [[ -z ${JWKS_TARBALL:-} ]] || return 0
    note "making the tarball"
    need_packages "${BUILD_PACKAGES[@]}"
    prepare_sources
    configure "$W/src" "$W/dist"
    make -s -C "$W/dist" dist >"$W/dist.log" 2>&1 || { tail -n 20 "$W/dist.log" >&2; die "make dist failed"; }
    JWKS_TARBALL=$(echo "$W"/dist/pam-jwks-*.tar.xz)
}

# --- accounts, and the log ---

remove_account() { wait_for 5 userdel -rf "$U" 2>/dev/null; }
# The cache's owner, where a package has not made it; a caller of several scripts makes it for all.
make_cache_owner() {
    getent passwd jwks >/dev/null && return
    useradd -r -M -d /nonexistent -s /usr/sbin/nologin jwks
    defer 'userdel jwks'
}

make_accounts() {
    make_cache_owner
    useradd -m -s /bin/sh "$U"
    defer remove_account
    USER_HOME=$(getent passwd "$U" | cut -d: -f6)
    AS_USER=(setpriv --reuid "$U" --regid "$U" --init-groups env -i PATH=/usr/local/bin:/usr/bin:/bin "HOME=$USER_HOME")
}
as_user() { "${AS_USER[@]}" "$@"; }

# The script again with mounts of its own, so that /dev/log can be ours beside a journal.  Where that is not allowed, in most
# containers, nobody has a /dev/log, and ours may stand in the common /dev.
own_mounts() {
    [[ -n ${JWKS_OWN_MOUNTS:-} ]] && return
    if unshare --mount true 2>/dev/null; then
        JWKS_OWN_MOUNTS=yes exec unshare --mount --propagation private "$@"
    fi
}

# A /dev with the few nodes that sshd, sudo and ssh open, and no log.
own_dev() {
    local dev=$W/dev node
    mkdir "$dev"
    mount -t tmpfs -o mode=755 dev "$dev"
    for node in null zero full random urandom tty; do
        touch "$dev/$node"
        mount --bind "/dev/$node" "$dev/$node"
    done
    for node in pts shm; do
        mkdir "$dev/$node"
        mount --rbind "/dev/$node" "$dev/$node"
    done
    ln -s pts/ptmx /proc/self/fd "$dev"
    ln -s fd/0 "$dev/stdin"; ln -s fd/1 "$dev/stdout"; ln -s fd/2 "$dev/stderr"
    mount --move "$dev" /dev
}

# From here on what anybody sends to syslog is in $LOG.
start_syslog() {
    LOG=$LOGS/syslog
    if [[ -n ${JWKS_OWN_MOUNTS:-} ]]; then own_dev; else defer 'rm -f /dev/log'; fi
    [[ ! -e /dev/log ]] || die "/dev/log is somebody else's, and mounts of our own are not allowed here"
    start_daemon "$LOGS/syslogd.err" /usr/bin/python3 "$TOP/tests/e2e/syslogd.py" /dev/log "$LOG"
    wait_for 20 test -S /dev/log
}

# OUTPUT COMMAND...: in the background until the end.
start_daemon() { "${@:2}" >>"$1" 2>&1 & }
stop_daemons() {
    local pid
    for pid in $(jobs -pr); do kill "$pid"; done
    wait
}

log_lines() { wc -l <"$LOG"; }
log_since() { tail -n "+$(($1 + 1))" "$LOG"; }
log_has() { log_since "$1" | grep -Eq -- "$2"; }
decisions_since() { log_since "$1" | grep -c "pam_jwks($SVC:auth): decision="; }

# --- the provider: NAME is a folder in $W ---

op() { sed -n "s/^OP_$2=//p" "$W/$1/env"; }
provider_ready() { [[ -s $W/$1/env ]] && kill -0 "$(op "$1" PID)"; }

# NAME [server.mjs options]
provider_start() {
    mkdir -p "$W/$1"
    rm -f "$W/$1/env"
    start_daemon "$LOGS/provider.log" "$NODE" "$JWKS_IDP/server.mjs" --dir "$W/$1" --users "$W/users.json" "${@:2}"
    wait_for 60 provider_ready "$1" || die "the provider did not start: $(tail -n 5 "$LOGS/provider.log")"
    install -m 644 "$(op "$1" CA)" "$W/etc/$1-ca.pem"
}
provider_stop() { local pid; pid=$(op "$1" PID); kill "$pid"; wait "$pid" 2>/dev/null || [[ $? -ne 127 ]]; }

# NAME CONTROL: one of the test controls of tests/idp/README.md; prints the provider's state.
provider_do() {
    NODE_EXTRA_CA_CERTS=$(op "$1" CA) "$NODE" -e 'fetch(process.argv[1]).then((r) => r.text()).then(console.log)' \
        "https://localhost:$(op "$1" PORT)/_test/$2" 2>>"$LOGS/provider.log"
}
jwks_hits() { provider_do "$1" jwks-hits | jq .jwks.hits; }

# Who the provider knows: our account, with groups enough for a token of usual length; one with 200; a stranger whose `sub` is
# our account's name.
write_users() {
    jq -n --arg u "$U" 'def group: "5e0a1c3c-6d0e-4b7b-9f7a-" + ("00000000000" + tostring)[-12:];
        {acr: "urn:test:loa:1", amr: ["pwd"], email: "a@example.test", email_verified: true, name: "A Test"} as $person
        | {($u): ($person + {sub: "7f3a9c52", groups: ["ssh-users", (range(15) | group)]}),
           big: ($person + {sub: "b16", preferred_username: $u, groups: [range(200) | group]}),
           stranger: ($person + {sub: $u, groups: []})}' >"$W/users.json"
}

# TOKEN PROVIDER [get-token.mjs options]: a fresh token for our account in the file $T/TOKEN.
mint() {
    "$NODE" "$JWKS_IDP/get-token.mjs" --issuer "$(op "$2" ISSUER)" --ca "$(op "$2" CA)" --user "$U" --out id_token \
        "${@:3}" 2>>"$LOGS/provider.log" | keep_token "$1"
}
keep_token() { cat >"$T/$1"; chmod 600 "$T/$1"; chown "$U:" "$T/$1"; }

# --- SSH keys of our account, in $K, and certificates with tokens in them ---

b64url() { basenc --base64url -w0 | tr -d =; }
make_key_folder() { K=$1; install -d -m 755 -o "$U" "$K"; }
new_key() { ssh-keygen -q "${@:2}" -N '' -C '' -f "$K/$1"; chown "$U:" "$K/$1" "$K/$1.pub"; }
fingerprint() { cut -d' ' -f2 "$K/$1.pub" | base64 -d | openssl dgst -sha256 -binary | b64url; }
# TOKEN KEY [get-token.mjs options]: bound to that key
mint_for() { mint "$1" corp --nonce="$(fingerprint "$2")" "${@:3}"; }
# KEY CA PRINCIPALS TOKEN [ssh-keygen's options]
certify() {
    rm -f "$K/$1-cert.pub"
    ssh-keygen -q -s "$K/$2" -I me -n "$3" -V "${VALID:--1m:+1h}" -O clear -O permit-pty \
        -O extension:jwks-token@pam-jwks="$(cat "$T/$4")" "${@:5}" "$K/$1.pub"
    chown "$U:" "$K/$1-cert.pub"
}

# --- our configuration ---

# [LINE...]: a jwks.conf for the provider `corp` with these lines more, and an empty cache.
write_conf() {
    CONF=$W/etc/jwks.conf
    cat >"$CONF" <<EOF
[global]
state_dir    = $W/state
run_dir      = $W/run
fetch_helper = $PREFIX/libexec/pam-jwks/jwks-fetch
clock_skew   = 0

[issuer corp]
issuer     = $(op corp ISSUER)
audience   = ssh-RS256 ssh-PS256 ssh-ES256 ssh-EdDSA
ca_file    = $W/etc/${CA:-corp}-ca.pem
EOF
    [[ "$*" == *user_claim* ]] || set -- 'user_claim = preferred_username' "$@"
    printf '%s\n' "$@" >>"$CONF"
    empty_cache
}
empty_cache() { rm -rf "$W/state" "$W/run"; install -d -o jwks -g jwks -m 755 "$W/state" "$W/run"; }

# [MODULE [ARGUMENTS]]: what stands in for us in the PAM service; default: pam_jwks.so.
pam_stack() {
    local module=${1:-$PREFIX/lib/security/pam_jwks.so conf=$CONF}
    printf '%s\n' "auth required $module" "account required $module" 'session required pam_permit.so' >"/etc/pam.d/$SVC"
}

# --- sshd and sudo ---

free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# [LINE...]: these first, so that they count.
start_sshd() {
    PORT=$(free_port)
    ssh-keygen -q -t ed25519 -N '' -f "$W/hostkey"
    printf '%s\n' "$@" "Port $PORT" 'ListenAddress 127.0.0.1' "HostKey $W/hostkey" "PidFile $W/sshd.pid" 'UsePAM yes' \
        'PasswordAuthentication yes' 'KbdInteractiveAuthentication yes' 'PubkeyAuthentication no' 'PermitRootLogin no' \
        'MaxStartups 100' 'LogLevel DEBUG1' 'PrintMotd no' 'PrintLastLog no' >"$W/sshd_config"
    run_sshd sshd "$SVC"
    echo "[127.0.0.1]:$PORT $(cut -d' ' -f1,2 "$W/hostkey.pub")" >"$W/known_hosts"
}

# NAME SERVICE: with $W/NAME_config, whose PidFile is $W/NAME.pid.  PAMServiceName came with OpenSSH 9.8; before, the service is
# the name that sshd was started by.
run_sshd() {
    local line
    mkdir -p /run/sshd
    for line in "PAMServiceName $2" 'PerSourcePenalties no'; do
        (echo "$line"; cat "$W/$1_config") >"$W/$1_config.new"
        if /usr/sbin/sshd -t -f "$W/$1_config.new" 2>/dev/null; then mv "$W/$1_config.new" "$W/$1_config"; fi
    done
    ln -s /usr/sbin/sshd "$W/$2"
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "${SURROUNDINGS[@]}" "$W/$2" -f "$W/$1_config" -E "$LOGS/$1.log"
    defer "kill \"\$(cat '$W/$1.pid')\"; sleep 0.3"
    wait_for 20 test -s "$W/$1.pid"
}

allow_sudo() {
    printf '%s\n' "Defaults:$U pam_service=$SVC, pam_login_service=$SVC, timestamp_timeout=0, passwd_tries=1, !lecture, !fqdn" \
        "$U ALL=(ALL:ALL) ALL" >"$W/sudoers"
    visudo -qcf "$W/sudoers"
    install -m 440 "$W/sudoers" "/etc/sudoers.d/$SVC"
}

# METHOD [OPTION...]: a stock client's command line in CLIENT.
ssh_client() {
    CLIENT=(timeout --foreground 60 ssh -F none -o UserKnownHostsFile="$W/known_hosts" -o GlobalKnownHostsFile=none
        -o StrictHostKeyChecking=yes -o NumberOfPasswordPrompts=1 -o PreferredAuthentications="$1" "${@:2}" -p "$PORT"
        "$U@127.0.0.1" "${SAY:-$GREETING}")
}

# KEY: with its certificate, if it has one.
ssh_key() {
    ssh_client publickey -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -i "$K/$1"
    as_user "${CLIENT[@]}" </dev/null
}

# METHOD ASKPASS TOKEN-FILE: its answers come from that program.
ssh_with() {
    ssh_client "$1"
    as_user SSH_ASKPASS="$2" SSH_ASKPASS_REQUIRE=force JWKS_TOKEN_FILE="$3" setsid -w "${CLIENT[@]}" </dev/null
}
ssh_askpass() { ssh_with keyboard-interactive "$PREFIX/bin/jwks-askpass" "$1"; }
sudo_askpass() {
    as_user SUDO_ASKPASS="$PREFIX/bin/jwks-askpass" JWKS_TOKEN_FILE="$1" timeout 60 setsid -w sudo -A sh -c "$GREETING"
}
