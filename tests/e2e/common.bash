# shellcheck shell=bash disable=SC2016,SC2034,SC2119,SC2120    # the scripts beside this one use what is not used here
# What the end-to-end scripts share: a host that runs our build beside a provider, ways in, tokens, and one check for all.
# SPDX-License-Identifier: Apache-2.0

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source=hostile.bash
. "$(dirname "${BASH_SOURCE[0]}")/hostile.bash"

PROVIDER=()                             # server.mjs's options for `corp`

# Everything up to a login: provider `corp`, jwks.conf, PAM service, account, log.  "$@": the script's own arguments.
# With JWKS_HOSTILE set in hostile surroundings.
e2e_begin() {
    [[ $EUID -eq 0 ]] || { echo "SKIP  ${0##*/}: needs root"; exit 77; }
    own_mounts "$0" "$@"
    scratch
    need_packages "${HOST_PACKAGES[@]}" pamtester python3-paramiko strace
    need_installation
    need_provider
    make_accounts
    start_syslog
    install -m 755 "$TOP"/tests/e2e/askpass-* "$TOP"/tests/e2e/*.py "$W/bin"
    write_users
    provider_start corp "${PROVIDER[@]}"
    write_conf
    pam_stack
    if [[ -n ${JWKS_HOSTILE:-} ]]; then hostile_begin; fi
}

# No log may hold a part of any token that was used; and the search must be able to find one.
e2e_end() {
    mkdir "$W/leak"
    cut -c 30-60 "$T/good" | sed 's/^/sshd: answer was /' >"$W/leak/log"
    try "the search for tokens in logs finds a part of one" not "$W/bin/find_token.py" "$T" "$W/leak"
    try "no log holds 20 characters of any token" "$W/bin/find_token.py" "$T" "$LOGS"
    if [[ -n ${JWKS_HOSTILE:-} ]]; then hostile_end; fi
    if [[ -n ${JWKS_KEEP:-} ]]; then keep_secrets_and_logs; fi
    summary
}

# For the search over a whole run: into the folders tokens and logs below JWKS_KEEP.
keep_secrets_and_logs() {
    local file
    install -d -m 700 "$JWKS_KEEP" "$JWKS_KEEP/tokens" "$JWKS_KEEP/logs"
    for file in "$T"/*; do cp "$file" "$JWKS_KEEP/tokens/$SVC-${file##*/}"; done
    for file in "$LOGS"/*; do cp "$file" "$JWKS_KEEP/logs/$SVC-${file##*/}"; done
}

# --- ways in, all alike: WAY TOKEN-FILE, and whoever got in says so ---

ssh_parts() { ssh_with keyboard-interactive "$W/bin/askpass-parts" "$1"; }
ssh_typed() {
    ssh_client keyboard-interactive
    "$W/bin/typed.py" "$1" 1000 "${AS_USER[@]}" "${CLIENT[@]}"
}
ssh_password() { ssh_with password "$W/bin/askpass-whole" "$1"; }
ssh_paramiko() {
    as_user timeout 60 /usr/bin/python3 "$W/bin/paramiko_login.py" "$PORT" "${LOGIN:-$U}" "$W/hostkey.pub" "$1" "$GREETING"
}
sudo_parts() { fold -w 500 "$1" | as_user timeout 60 setsid -w sudo -S -p '' sh -c "$GREETING"; }
sudo_typed() { "$W/bin/typed.py" "$1" 500 "${AS_USER[@]}" timeout --foreground 60 sudo sh -c "$GREETING"; }

# libpam without a server: answers of up to 4095 characters, and the PAM code in words.
pam_whole() { timeout 60 env "${SURROUNDINGS[@]}" pamtester "$SVC" "$U" authenticate <"$1" && echo "LOGGED-IN as $U"; }

# The same by host.c, as PAM_USER ${LOGIN:-$U}, in the shape SPOILS.  (Not straight into a file: it may be allowed none.)
build_host() {
    need_packages gcc libc6-dev libssl-dev libpam0g-dev
    gcc -std=gnu11 -Wall -Wextra -Werror -o "$W/bin/host" "$TOP/tests/e2e/host.c" -lpam -lcrypto
}
SPOILS=()
host_in() { timeout 60 env "${SURROUNDINGS[@]}" "$W/bin/host" "$SVC" "${LOGIN-$U}" "$1" "${SPOILS[@]}" | cat; }

# For keys: sshd reads the times of a line in its own zone, and jwks-authorized-keys knows the system's alone.
surroundings_without_zone() {
    local i
    for i in "${!SURROUNDINGS[@]}"; do if [[ ${SURROUNDINGS[i]} == TZ=* ]]; then unset "SURROUNDINGS[$i]"; fi; done
}

# --- tokens ---

WRONG=(audience expired user signature issuer)      # each a token that is wrong in this alone; the log's word for it, too

tamper() { sed -E 's/(\.[^.]{20})([^.])([^.]*)$/\1 \2 \3/' | awk '{ print $1 ($2 == "A" ? "B" : "A") $3 }'; }

part() { openssl rand "$1" | b64url; }

# ALG: the good token's claims under another header, yet to be signed.
reheader() { printf '%s.%s' "$(printf '{"alg":"%s","typ":"JWT"}' "$1" | b64url)" "$(cut -d. -f2 "$T/good")"; }

make_good() { mint good corp; }
make_wrong() {
    provider_start stranger
    mint expired corp --ttl 1
    mint audience corp --client web-RS256
    mint user corp --user stranger
    mint issuer stranger
    tamper <"$T/good" | keep_token signature
    sleep 2                                         # clock_skew is 0, and `exp` counts whole seconds
}

# What people paste instead of an ID token; named by the log's word for it.
PASTED=(opaque encrypted symmetric unsigned incomplete too-long)
make_pasted() {
    local signed
    mint opaque corp --out access_token
    echo "$(printf '{"alg":"RSA-OAEP","enc":"A256GCM"}' | b64url).$(part 256).$(part 12).$(part 500).$(part 16)" |
        keep_token encrypted
    signed=$(reheader HS256)
    echo "$signed.$(printf %s "$signed" | openssl dgst -sha256 -hmac secret -binary | b64url)" | keep_token symmetric
    echo "$(reheader none)." | keep_token unsigned
    head -c 700 "$T/good" | keep_token incomplete
    { tr -d '\n' <"$T/good"; head -c 20000 /dev/zero | tr '\0' A; echo; } | keep_token too-long
}

# --- one case ---

lets_in() { local out; out=$("$@") && grep -q '^LOGGED-IN' <<<"$out"; }

# WAY: can this harness see a yes and a no?
controls() {
    pam_stack pam_permit.so
    try "control, $1: with pam_permit.so in our place everybody is let in" lets_in "$1" "$T/good"
    pam_stack pam_deny.so
    try "control, $1: with pam_deny.so in our place nobody is" not lets_in "$1" "$T/good"
    pam_stack
}

# NAME WAY TOKEN WANT: that way in, with that token, lets us in (WANT is `allow`) or is refused for the reason WANT; and the log
# has exactly one decision that says so.
check() {
    local mark line="decision=allow user=$U issuer=corp " want=allow got=refused as=$U
    [[ $2 == sudo* ]] && as=root
    [[ $4 == allow ]] || { want=refused line="decision=[a-z]+ (.* )?reason=$4( |\$)"; }
    mark=$(log_lines)
    if "$2" "$T/$3" >"$W/out" 2>&1 && grep -q "^LOGGED-IN as $as\$" "$W/out"; then got=allow; fi
    cat "$W/out" >>"$LOGS/clients"
    if [[ $got == "$want" ]] && wait_for 3 log_has "$mark" "$line" && [[ $(decisions_since "$mark") -eq 1 ]]; then
        pass "$1"
    else
        fail "$1: $got, not $4"
        tail -n 5 "$W/out" | sed 's/^/      /'
        show_log "$mark"
    fi
}

# NAME MARK PATTERN: the log has a line like that since it had MARK lines.
logged() {
    if wait_for 2 log_has "$2" "$3"; then pass "$1"; else fail "$1: no /$3/"; show_log "$2"; fi
}
show_log() { log_since "$1" | sed -n '/jwks/s/^/      /p'; }
