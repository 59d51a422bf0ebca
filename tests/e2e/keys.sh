#!/usr/bin/env bash
# An SSH key logs in by a certificate with its own token, or by a grant, through real sshd; nothing else that a client can offer.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
e2e_begin "$@"
HELPER=$PREFIX/libexec/pam-jwks/jwks-authorized-keys
make_key_folder "$W/keys"
for key in ed25519 other granted; do new_key "$key" -t ed25519; done
for bits in 256 384 521; do new_key "p$bits" -t ecdsa -b "$bits"; done
new_key rsa -t rsa -b 3072

# --- a signer of grants: a provider whose groups are our keys, since a claim of any name will do ---

line_of() { cut -d' ' -f1,2 "$K/$1.pub"; }
jq --arg u "$U" --arg key "$(line_of granted) me@host" \
    '.signer = (.[$u] + {sub: "a-signer", preferred_username: $u, groups: ["none", $key]})' "$W/users.json" >"$W/users.new"
mv "$W/users.new" "$W/users.json"
provider_start signer
# [LINE...]: with these lines in the section of corp, or sections behind it
keys_conf() {
    write_conf 'user_claim = preferred_username' "$@" '[issuer signer]' "issuer = $(op signer ISSUER)" 'audience = ssh-RS256' \
        "ca_file = $W/etc/signer-ca.pem" 'user_claim = preferred_username' 'key_claim = groups'
    sed -i "s,^\[global\]$,&\ngrants_dir = $W/grants," "$CONF"
}
keys_conf
install -d -o root -g jwks -m 750 "$W/grants" "$W/grants/$U"

# --- sshd ---

surroundings_without_zone
install -m 755 /dev/stdin "$W/bin/next" <<'END'
#!/bin/sh
for process in /proc/[0-9]*; do tr '\0' ' ' <"$process/cmdline"; echo; done 2>/dev/null >"$1/lists"
if [ -e "$1/say" ]; then cat "$1/say"; fi
END
install -d -o jwks -m 755 "$W/next"
start_sshd 'PubkeyAuthentication yes' 'KbdInteractiveAuthentication no' 'PasswordAuthentication no' 'AuthorizedKeysFile none' \
    "AuthorizedKeysCommand $HELPER -c $CONF %u %t %k --next $W/bin/next $W/next" 'AuthorizedKeysCommandUser jwks' \
    'MaxAuthTries 20' 'LoginGraceTime 30'

# --- ways in ---

# KEY; AGENT: its socket, in place of files
login_by() {
    [[ -n ${AGENT:-} ]] || { ssh_key "$1"; return; }
    ssh_client publickey -o BatchMode=yes -o IdentityAgent="$AGENT"
    as_user "${CLIENT[@]}" </dev/null
}
decided() { log_since "$1" | grep -Ec "jwks-authorized-keys\[[0-9]+\]: decision=$2"; }
# NAME KEY WANT: sshd asks twice for a key that gets in, and never again once that is refused; the log's word for the reason.
# (Of a key with a certificate sshd is offered the plain key, too, whose reason is `unbound`: hence the details.)
key_check() {
    local mark in=no
    mark=$(log_lines)
    if login_by "$2" >"$W/out" 2>&1 && grep -q "^LOGGED-IN as $U\$" "$W/out"; then in=yes; fi
    cat "$W/out" >>"$LOGS/clients"
    if [[ $3 == allow && $in == yes && $(decided "$mark" "allow user=$U ") -eq 2 ]] ||
        [[ $3 != allow && $in == no && $(decided "$mark" "allow") -eq 0 && $(decided "$mark" "[a-z]+ (.* )?reason=$3 ") -ge 1 ]]; then
        pass "$1"
    else
        fail "$1: logged in: $in, wanted: $3"
        tail -n 5 "$W/out" | sed 's/^/      /'
        show_log "$mark"
    fi
}

# --- certificates ---

# NAME TOKEN WANT: the key ed25519, signed by itself, with that token
with_token() { certify ed25519 ed25519 "$U" "$2"; key_check "$1" ed25519 "$3"; }

make_good
for key in ed25519 p256 p384 p521 rsa; do
    mint_for "for-$key" "$key"
    certify "$key" "$key" "$U" "for-$key"
    key_check "$key: a certificate with a token of $(wc -c <"$T/for-$key") bytes is let in" "$key" allow
done
# Keys that only hardware has, by an agent that signs as it would
for type in sk-ssh-ed25519 sk-ecdsa-sha2-nistp256; do
    AGENT=$K/agent-$type
    start_daemon "$LOGS/$type" "${AS_USER[@]}" "$W/bin/sk_agent.py" "$AGENT" "$type@openssh.com" "$K/$type"
    wait_for 10 test -S "$AGENT" -a -s "$K/$type.pub"
    mint_for "for-$type" "$type"
    key_check "$type: the plain key" "$type" 'unbound detail="no grant lists this'
    SSH_AUTH_SOCK=$AGENT certify "$type" "$type" "$U" "for-$type" -U
    key_check "$type: a certificate with a token of $(wc -c <"$T/for-$type") bytes is let in" "$type" allow
done

AGENT=$K/agent
start_daemon "$LOGS/agent" "${AS_USER[@]}" ssh-agent -D -a "$AGENT"
wait_for 10 test -S "$AGENT"
as_user SSH_AUTH_SOCK="$AGENT" ssh-add -q "$K/rsa" 2>>"$LOGS/agent"
mark=$(log_lines)
key_check "through ssh-agent" rsa allow
logged "by the certificate, which the agent took along" "$mark" 'decision=allow .* key="SHA256:'
unset AGENT

empty_cache
hits=$(jwks_hits corp)
key_check "on an empty cache" ed25519 allow
try "asked twice, keys are fetched once" test "$(jwks_hits corp)" -eq $((hits + 1))

mint_for for-other other
UNBOUND='unbound detail="the token is not bound to this SSH key'
with_token "a token for another key" for-other "$UNBOUND"
with_token "a token that is bound to nothing" good "$UNBOUND"
mint_for expired ed25519 --ttl 1
mint_for audience ed25519 --client web-RS256
mint_for user ed25519 --user stranger
tamper <"$T/for-ed25519" | keep_token signature
sleep 1.1                                        # clock_skew is 0
for reason in expired audience user signature; do with_token "the token: $reason" "$reason" "$reason"; done
VALID=-2h:-1h certify ed25519 ed25519 "$U" for-ed25519
key_check "a certificate that has expired, with a good token" ed25519 'expired detail="the certificate'
certify ed25519 other "$U" for-ed25519
key_check "a certificate signed by another key" ed25519 'unbound detail="the certificate is signed by another key'
certify ed25519 ed25519 somebody for-ed25519
key_check "another principal" ed25519 user
certify ed25519 ed25519 "\"$U\"" for-ed25519
key_check "a principal in quotes" ed25519 user
certify ed25519 ed25519 "$U\",command=\"id,$U" for-ed25519
key_check "a principal in quotes and commas beside ours: ours is let in, and nothing of it is in the line" ed25519 allow
cp "$K/ed25519-cert.pub" "$K/other-cert.pub"
cp "$K/other.pub" "$W/other.pub"
cp "$K/ed25519.pub" "$K/other.pub"       # or its own client would not offer it
try "another key with that certificate is refused, as it cannot sign" not lets_in login_by other
mv "$W/other.pub" "$K/other.pub"
rm "$K/other-cert.pub"
head -c 97000 /dev/zero | tr '\0' A | keep_token huge
with_token "a token of 97,000 bytes" huge too-long
head -c 100000 /dev/zero | tr '\0' B | keep_token larger
certify ed25519 ed25519 "$U" larger
rm "$T/larger"                              # sshd logs the start of a command that it cannot start
try "a certificate that no argument can hold is refused" not lets_in login_by ed25519
rm "$K/ed25519-cert.pub"
key_check "a plain key" ed25519 'unbound detail="no grant lists this'
certify ed25519 ed25519 "$U" for-ed25519 -O force-command='echo forced; id -un'
SAY='echo LOGGED-IN as nobody' login_by ed25519 >"$W/out" 2>&1 || echo "status $?" >>"$W/out"
try "a command that the certificate forces is the one that runs" grep -qx forced "$W/out"
keys_conf 'key_binding = none'
with_token "a bearer token, where that is configured" good allow
keys_conf '[service ssh-key]' 'require = groups = nobody'
with_token "a rule of the service ssh-key" for-ed25519 claim
# shellcheck disable=SC2016    # the session's shell expands it
keys_conf 'key_options = no-pty,command="echo LOGGED-IN as $(id -un); echo by our options"'
with_token "with options of ours" for-ed25519 allow
try "which sshd obeys" grep -qx 'by our options' "$W/out"

# --- the same tokens at a prompt: the manual's SECURITY CONSIDERATIONS ---

keys_conf
check "at a prompt a token is good that only its nonce binds" pam_whole for-ed25519 allow
keys_conf '[service ssh-key]' 'require = aud = ssh-ES256' "[service $SVC]" 'require = aud = ssh-RS256'
mint_for of-keys ed25519 --client ssh-ES256
with_token "keys that have a client of their own" of-keys allow
check "its tokens are refused at a prompt" pam_whole of-keys claim
check "where another client's are good" pam_whole good allow
with_token "and not beside a key" for-ed25519 claim
keys_conf

# --- grants ---

key_check "a key without a grant" granted unbound
mint grant signer --user signer
install -m 640 -o root -g jwks "$T/grant" "$W/grants/$U/central.jwt"
mark=$(log_lines)
key_check "a key that a grant lists" granted allow
logged "and the log names the grant" "$mark" 'decision=allow .* issuer=signer .*grant="central.jwt"'
key_check "one that it does not list" other unbound
mint grant-expired signer --user signer --ttl 1
sleep 1.1
install -m 640 -o root -g jwks "$T/grant-expired" "$W/grants/$U/central.jwt"
key_check "by a grant that has expired" granted expired
install -m 660 -o root -g jwks "$T/grant" "$W/grants/$U/central.jwt"
mark=$(log_lines)
key_check "by a grant that the helper itself could change" granted unbound
logged "and the log names it" "$mark" 'grant "central.jwt" is left out: unsafe-file: '
install -m 640 -o jwks -g jwks "$T/grant" "$W/grants/$U/central.jwt"
key_check "by a grant of the cache's owner" granted unbound
mint grant-other signer --user signer --client web-RS256
install -m 640 -o root -g jwks "$T/grant-other" "$W/grants/$U/central.jwt"
key_check "by a grant for somebody else's hosts" granted audience
rm "$W/grants/$U/central.jwt"

# --- the command behind ours, and what everybody can see ---

line_of other >"$W/next/say"
mark=$(log_lines)
login_by other >"$W/out" 2>&1 || echo "status $?" >>"$W/out"
try "a key that the next command knows is let in" grep -q "^LOGGED-IN as $U\$" "$W/out"
rm "$W/next/say"
with_token "a certificate that is refused" expired expired
try "control: meanwhile the list of processes was read" grep -q "jwks-authorized-keys -c $CONF $U ssh-ed25519" "$W/next/lists"
cp "$W/next/lists" "$LOGS/lists"        # e2e_end looks into it, too
# A certificate is in base64, so a token in it has one of three forms; that is what e2e_end looks for, too.
for file in "$T"/*; do
    for before in '' - --; do { printf %s "$before"; cat "$file"; } | base64 -w0 | cut -c 5- | keep_token "${file##*/}-in-base64$before"; done
done
try "control: a part of a token is found in a certificate" not "$W/bin/find_token.py" "$T" "$K"
try "no argument list holds a part of a token" "$W/bin/find_token.py" "$T" "$W/next"

# --- the helper by itself, as sshd calls it ---

direct() { setpriv --reuid jwks --regid jwks --clear-groups env -i PATH=/usr/bin:/bin "$HELPER" -c "$CONF" "$U" "$@" </dev/null; }
# NAME REASON TYPE KEY
says_nothing() {
    local mark
    mark=$(log_lines)
    if direct "${@:3}" >"$W/out" 2>&1 && [[ ! -s $W/out ]] && wait_for 2 log_has "$mark" "reason=$2 "; then pass "$1"; else fail "$1"; show_log "$mark"; fi
}
certify ed25519 ed25519 "$U" for-ed25519
read -r type key _ <"$K/ed25519-cert.pub"
for cut in 4 400 1200; do says_nothing "a certificate without its last $cut characters" malformed "$type" "${key:0:-cut}"; done
says_nothing "a plain key of a security key that no grant lists" unbound sk-ssh-ed25519@openssh.com \
    "$( (printf '\0\0\0\032sk-ssh-ed25519@openssh.com\0\0\0\040'; head -c 32 /dev/zero; printf '\0\0\0\004ssh:') | base64 -w0)"
empty_cache
provider_do corp 'jwks?mode=slow' >>"$LOGS/provider.log"
start=${EPOCHREALTIME/[.,]/}
says_nothing "a provider that answers in 15 s" 'unreachable|suppressed' "$type" "$key"
spent=$((${EPOCHREALTIME/[.,]/} - start))
try "took $((spent / 1000)) ms, no more than 5 s" test "$spent" -lt 5000000
provider_do corp 'jwks?mode=ok' >>"$LOGS/provider.log"
e2e_end
