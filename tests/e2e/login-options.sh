#!/usr/bin/env bash
# jwks-login: keys of one's own, the token alone, another device, refresh tokens, clients with a secret, and login.conf.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=login.bash
. "$(dirname "$0")/login.bash"
login_begin "$@"
no_key() { [[ ! -e $D || -z $(ls -A "$D") ]]; }
none_or_mine() { [[ ! -e $1 ]] || mode_is 600 "$1"; }

# --- keys of one's own ---

sed '/^Match/,/^$/d' "$HOME_SSH/config" | install -m 600 -o "$U" /dev/stdin "$HOME_SSH/own"
ssh_by() { ssh_plain -F "$HOME_SSH/own" -o IdentitiesOnly=yes -i "$1"; }
# TYPE [BITS]
own_key() {
    local key=$HOME_SSH/id-$1${2:-} before
    person ssh-keygen -q -t "$1" ${2:+-b "$2"} -N '' -C mine -f "$key"
    before=$(sha256sum "$key" "$key.pub")
    login_works "$1 ${2:-}: a login with a key of one's own" -i "$key" corp
    try "$1 ${2:-}: the nonce is its fingerprint" is "$(asked nonce)" "$(nonce_of "$key.pub")"
    try "$1 ${2:-}: ssh gets in by the certificate beside it" lets_in ssh_by "$key"
    login_works "$1 ${2:-}: status" -i "$key" status corp
    login_works "$1 ${2:-}: logout" -i "$key" logout corp
    try "$1 ${2:-}: removes the certificate" test ! -e "$key-cert.pub"
    try "$1 ${2:-}: and leaves the key as it was" is "$(sha256sum "$key" "$key.pub")" "$before"
}
own_key ed25519
for bits in 256 384 521; do own_key ecdsa "$bits"; done
own_key rsa 3072
try "no key is made beside them" no_key
person ssh-keygen -q -t ed25519 -N 'a passphrase' -f "$HOME_SSH/id-locked"
LOCKED=$HOME_SSH/id-locked
login_fails "a key with a passphrase, where nobody can be asked for it" 2 'id-locked' -i "$LOCKED" corp
agents() { pgrep -u "$U" -x ssh-agent >/dev/null; }
try "no agent is left behind" not agents
install -m 755 /dev/stdin "$W/bin/askpass" <<'END'
#!/bin/sh
touch "$ASKED"
[ -z "$SLOWLY" ] || exec sleep 60
echo a passphrase
END
PERSON+=(ASKED="$W/browser/passphrase" SSH_ASKPASS="$W/bin/askpass" SSH_ASKPASS_REQUIRE=force)
login_works "a key with a passphrase, which the person types" -i "$LOCKED" corp
try "no agent is left behind" not agents
ssh_locked() { ssh_plain -F "$HOME_SSH/own" -o IdentitiesOnly=yes -o BatchMode=no -i "$LOCKED"; }
try "ssh gets in" lets_in ssh_locked
PERSON+=(SLOWLY=yes)
login_begins -i "$LOCKED" corp
wait_for 20 test -e "$W/browser/passphrase"
login_gets TERM
login_ends
try "somebody ends it where the passphrase is asked for" test "$STATUS" -ne 0
try "no agent is left behind" wait_for 15 not agents
agent_begin
PERSON+=(SLOWLY=)
person ssh-add -q "$LOCKED" </dev/null 2>>"$LOGS/agent"
PERSON+=(SLOWLY=yes)                # nobody types any more
login_works "a key with a passphrase, which the agent has" -i "$LOCKED" corp
try "ssh gets in" lets_in ssh_locked
login_works "logout" -i "$LOCKED" logout corp
try "the agent has the key still" grep -qF "$(cut -d' ' -f2 "$LOCKED.pub")" <(person ssh-add -L)
try "and nothing else" is "$(person ssh-add -L | wc -l)" 1
PERSON=(DISPLAY=:99)
as_user ln -s id-ed25519 "$HOME_SSH/id-link"
as_user ln -s id-ed25519.pub "$HOME_SSH/id-link.pub"
login_works "a key that is a link" -i "$HOME_SSH/id-link" corp
try "ssh gets in by the name that was given" lets_in ssh_by "$HOME_SSH/id-link"
login_fails "a key that is not there" 2 'id-none' -i "$HOME_SSH/id-none" corp

# --- what stands in the certificate ---

login_works "--principals" --principals "$U,deploy" corp
try "are its principals" is "$(principals "$D/corp-cert.pub")" "$U deploy"
login_works "--permit" --permit port-forwarding,agent-forwarding corp
try "permits that" is "$(extensions "$D/corp-cert.pub")" 'jwks-token@pam-jwks permit-agent-forwarding permit-port-forwarding permit-pty'
login_works "--extension" --extension token@example.com corp
try "names it" is "$(extensions "$D/corp-cert.pub")" 'permit-pty token@example.com'
login_works "logout" logout corp

# --- the token alone ---

login_works "--token" --token corp
try "prints one line" is "$(wc -l <"$W/stdout")" 1
try "which is a token" grep -Eqx '[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}' "$W/stdout"
keep_token of-login <"$W/stdout"
try "it makes no key" no_key
check "jwks-askpass gets in with it" ssh_askpass of-login allow

# --- another device: no browser here ---

# As a person reads it from the terminal: an address and a code.
device_said() { grep -Eo 'https://localhost:[0-9]+/device[^ ]*' "$W/stderr" && grep -Eo '[B-Z]{4}-[B-Z]{4}' "$W/stderr"; }
login_begins --token --device corp
try "--device says where to go, and with which code" wait_for 20 device_said
try "somebody goes there with another browser" as_user "$W/bin/browser" \
    --code "$(grep -Eom1 '[B-Z]{4}-[B-Z]{4}' "$W/stderr")" "https://localhost:$(op corp PORT)/device"
login_ends
has_worked "and it ends well"
keep_token of-device <"$W/stdout"
check "the token gets in" ssh_askpass of-device allow
try "no key is made" no_key
login_fails "--device with a certificate asked for" 64 '--token' --device corp

# --- no browser that could be opened ---

PERSON=()
login_conf 'browser = xdg-open'
login_fails "--quiet with neither display nor terminal" 1 'neither display nor terminal' --quiet corp
login_conf
PERSON=(DISPLAY=:99)
login_begins --no-browser corp
url_said() { grep -Eoh 'https://localhost:[0-9]+/auth[^ ]*' "$W/stdout" "$W/stderr" >"$W/url"; }
try "--no-browser says where to go" wait_for 20 url_said
pid=$(pgrep -u "$U" -x jwks-login)
try "meanwhile nobody else can look into it" is "$(stat -c %U "/proc/$pid/mem")" root
try "nor into a core of it" grep -Eq '^Max core file size +0 +0 ' "/proc/$pid/limits"
port=$(query_of "$W/url" redirect_uri | grep -Eo '[0-9]+/' | tr -d /)
listening() { ss -Hltn "sport = :$1" | awk '{ print $4 }' | paste -sd' '; }
try "it listens on 127.0.0.1 alone" is "$(listening "$port")" "127.0.0.1:$port"
try "another browser goes there" as_user "$W/bin/browser" "$(cat "$W/url")"
login_ends
has_worked "and it ends well"
ssh_works "plain ssh gets in"
login_works "--port" --port "$port" corp
try "is the port" is "$(asked redirect_uri)" "http://127.0.0.1:$port/callback"
login_conf 'redirect_host = localhost'
login_works "redirect_host = localhost" corp
try "is in the address" grep -Eqx 'http://localhost:[0-9]+/callback' <(asked redirect_uri)
login_conf

# --- refresh tokens ---

login_conf 'scope = openid profile email offline_access'
lived() { (($(date +%s) > $(valid_until "$D/corp-cert.pub"))); }
# NAME: another certificate where this one is over
renewed() {
    wait_for 20 lived
    provider_do corp 'tokens?ttl=300' >>"$LOGS/provider.log"
    login_works "$1" --quiet corp
}
provider_do corp 'tokens?ttl=4' >>"$LOGS/provider.log"
login_works "a login with offline_access" corp
key=$(nonce_of "$D/corp.pub")
try "control: the provider gave a refresh token" grep -q refresh_token "$W/corp/grants"
login status corp
try "status knows of it" grep -iq 'refresh' "$W/stdout"
renewed "renewal"
try "without the browser" not browsed
try "for the same key" is "$(nonce_of "$D/corp.pub")" "$key"
ssh_works "plain ssh gets in"
provider_do corp 'tokens?ttl=4' >>"$LOGS/provider.log"
login_works "another login for four seconds" corp
renewed "renewal"
try "without the browser, by the next refresh token" not browsed
provider_do corp 'tokens?ttl=4&nonce=drop' >>"$LOGS/provider.log"
login_works "a login at a provider that drops the nonce" corp
renewed "renewal there"
try "is by the browser" browsed
ssh_works "plain ssh gets in"
provider_do corp 'tokens?nonce=keep' >>"$LOGS/provider.log"
try "where it lies in a file, that is the person's alone" none_or_mine "$D/corp.refresh"
provider_do corp 'tokens?ttl=4&nonce=keep' >>"$LOGS/provider.log"
login_works "a login with offline_access and a key of one's own" -i "$HOME_SSH/id-ed25519" corp
own_is_over() { (($(date +%s) > $(valid_until "$HOME_SSH/id-ed25519-cert.pub"))); }
wait_for 20 own_is_over
provider_do corp 'tokens?ttl=300' >>"$LOGS/provider.log"
login_works "renewal" --quiet -i "$HOME_SSH/id-ed25519" corp
try "without the browser" not browsed
login_works "logout" -i "$HOME_SSH/id-ed25519" logout corp
login_works "logout" logout corp
try "leaves nothing of it" no_key
try "nor in the keyring" not as_user keyctl search @u user "jwks-login:$(op corp ISSUER):ssh-RS256:corp"
login_conf

# --- clients with a secret ---

printf 'desktop secret: 100 %% + desktop secret\n' | install -m 600 -o "$U" /dev/stdin "$USER_HOME/secret"
login_conf 'client_id = desktop-basic' "client_secret_file = $USER_HOME/secret"
login_works "a client with a secret" corp
chmod 644 "$USER_HOME/secret"
login_fails "its file, where others may read it" 2 "$USER_HOME/secret" corp
chmod 600 "$USER_HOME/secret"
printf 'another secret\n' | install -m 600 -o "$U" /dev/stdin "$USER_HOME/secret"
login_fails "another secret" 1 invalid_client corp
rm "$USER_HOME/secret"
login_fails "no file" 2 "$USER_HOME/secret" corp
login_conf

# --- login.conf, and the command line in its place ---

C=$USER_HOME/.config/jwks/login.conf
# NAME PATTERN LINE...: where these lines are wrong, each is named.
conf_fails() {
    local name=$1 pattern=$2
    shift 2
    printf '%s\n' "$@" | install -m 644 /dev/stdin "$C"
    login_fails "$name" 64 "$pattern"
}
conf_fails "login.conf: an unknown key" "$C:2: .*colour" '[corp]' 'colour = red' 'issuer = https://a.example' 'client_id = x'
conf_fails "a key outside a section" "$C:1: " 'issuer = https://a.example' '[corp]' 'client_id = x'
conf_fails "an issuer by http" "$C:2: .*https" '[corp]' 'issuer = http://a.example' 'client_id = x'
conf_fails "no issuer" "issuer" '[corp]' 'client_id = x'
conf_fails "no client_id" "client-id" '[corp]' 'issuer = https://a.example'
conf_fails "a name with a slash" "$C:1: " '[../corp]' 'issuer = https://a.example' 'client_id = x'
conf_fails "a name of 33 letters" "$C:1: " "[$(printf 'a%.0s' {1..33})]" 'issuer = https://a.example' 'client_id = x'
conf_fails "a section twice" "$C:4: " '[corp]' 'issuer = https://a.example' 'client_id = x' '[corp]'
conf_fails "a key twice" "$C:4: .*client_id" '[corp]' 'issuer = https://a.example' 'client_id = x' 'client_id = y'
conf_fails "a port that is none" "$C:4: .*port" '[corp]' 'issuer = https://a.example' 'client_id = x' 'port = 65536'
conf_fails "a time that is none" "$C:4: .*timeout" '[corp]' 'issuer = https://a.example' 'client_id = x' 'timeout = soon'
conf_fails "a host for the callback elsewhere" "$C:4: .*redirect_host" '[corp]' 'issuer = https://a.example' 'client_id = x' \
    'redirect_host = a.example'
conf_fails "a line that is none" "$C:2: " '[corp]' 'issuer'
conf_fails "two sections, and no name given" 'NAME|name' '[a]' 'issuer = https://a.example' 'client_id = x' \
    '[b]' 'issuer = https://a.example' 'client_id = x'
printf '%s\n' '[corp]' 'colour = red' 'size = 3' 'issuer = https://a.example' 'client_id = x' >"$C"
login corp
try "all wrong lines are named" is "$(grep -Eoc "$C:[23]: " "$W/stderr")" 2
login_conf
login_fails "a section that is not there" 64 'other' other
login_fails "a name that leads elsewhere" 64 'NAME' ../corp
login_fails "an unknown option" 64 'colour' --colour corp
login_fails "one name too many" 64 '' corp corp
login_works "logout" logout corp
rm "$C"
login_fails "no login.conf, and no --issuer" 64 'issuer'
BY_HAND=(--issuer "$(op corp ISSUER)" --client-id ssh-RS256 --ca-file "$W/etc/corp-ca.pem" --browser "$W/bin/browser")
login_works "without login.conf, by options" "${BY_HAND[@]}"
try "it is called default" mode_is 600 "$D/default"
login_works "and logged out so" "${BY_HAND[@]}" logout
try "leaves nothing" no_key
login_conf 'client_id = nobody'
mv "$C" "$W/another.conf"
chmod 644 "$W/another.conf"
login_works "-c, and the command line wins" -c "$W/another.conf" --client-id ssh-RS256 corp
login_works "--help" --help
login_works "--version" --version
keep_secrets_of "$W/corp/grants"
e2e_end
