#!/usr/bin/env bash
# What a call of jwks-authorized-keys costs, beside jose(1) on the same token and key set, and bare processes; and a login with it.
# SPDX-License-Identifier: Apache-2.0
#
# Usage: bench/keys.sh BUILD-FOLDER HELPER [ROUNDS]
# HELPER is an installed jwks-authorized-keys, with jwks-fetch beside it.  Needs jose, valgrind, openssl and python3; `make
# bench/empty bench/linked bench/turns` builds the programs.  Only root can time logins, through an sshd on 127.0.0.1.
#
# Wall time from start to end, the median of rounds in which all take turns, and its ratio to the first of the table.
# Instructions are callgrind's, of one run, with all that it takes to start.
set -euo pipefail
bench=$(cd "$1/bench" && pwd) helper=$2 rounds=${3:-41}
[[ $helper == /* && -x $helper ]] || { echo "keys.sh: wanted is the path of an installed jwks-authorized-keys" >&2; exit 64; }
U=$(id -un) owner=$EUID pids=()
W=$(mktemp -d "${XDG_RUNTIME_DIR:-$PWD}/jwks-bench.XXXXXX")
if [[ $EUID -eq 0 ]]; then owner=64123; rmdir "$W"; W=$(mktemp -d /run/jwks-bench.XXXXXX); fi
clean_up() { if ((${#pids[@]})); then kill "${pids[@]}"; fi; rm -rf "$W"; }
trap clean_up EXIT
chmod 755 "$W"
mkdir "$W/state" "$W/run" "$W/none" "$W/grants" "$W/grants/$U"
chown "$owner:$owner" "$W/state" "$W/run"
cd "$W"
die() { echo "keys.sh: $*" >&2; exit 1; }

# --- an issuer with a key of either type; its tokens ---

b64url() { basenc --base64url -w0 | tr -d =; }
openssl genrsa -out RS256.pem 2048 2>/dev/null
openssl ecparam -name prime256v1 -genkey -noout -out ES256.pem
n=$(openssl rsa -in RS256.pem -noout -modulus | cut -d= -f2 | basenc -d --base16 | b64url)
openssl ec -in ES256.pem -pubout -outform DER 2>/dev/null | tail -c 64 >point
printf '{"keys":[{"kty":"RSA","n":"%s","e":"AQAB","kid":"RS256"},{"kty":"EC","crv":"P-256","x":"%s","y":"%s","kid":"ES256"}]}' \
    "$n" "$(head -c 32 point | b64url)" "$(tail -c 32 point | b64url)" >jwks
# RFC 7518 section 3.4: r and s at their full lengths, where openssl writes DER
raw() {
    local half
    openssl asn1parse -inform DER | sed -n 's/.*INTEGER *://p' | while read -r half; do printf '%64s' "$half"; done |
        tr ' ' 0 | basenc -d --base16
}
sign() { openssl dgst -sha256 -sign "$1.pem" | if [[ $1 == ES256 ]]; then raw; else cat; fi; }
# ALGORITHM CLAIM: a token of the usual size
now=$(date +%s)
token() {
    local text
    text=$(printf '{"alg":"%s","typ":"JWT","kid":"%s"}' "$1" "$1" | b64url).$(printf '{"iss":"https://localhost/corp","aud":"ssh",
        "sub":"7f3a9c52-6a34-4c8e","exp":%d,"iat":%d,"auth_time":%d,"preferred_username":"%s","name":"Alice Test",
        "email":"alice@example.com","email_verified":true,"groups":["ssh-users","wheel"],"acr":"urn:example:mfa",%s}' \
        $((now + 3600)) "$now" "$now" "$U" "$2" | b64url)
    printf '%s.%s' "$text" "$(printf %s "$text" | sign "$1" | b64url)"
}

# --- the cache, as jwks-fetch leaves it ---

openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out ca.pem -days 1 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>/dev/null
python3 -c 'import http.server, ssl
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("ca.pem", "tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()' >port 2>/dev/null &
pids+=($!)
for ((tries = 0; tries < 100; tries++)); do if [[ -s port ]]; then break; fi; sleep 0.1; done
# GRANTS: a configuration with the grants of that folder
configure() {
    printf '%s\n' '[global]' "state_dir = $W/state" "run_dir = $W/run" "grants_dir = $W/$1" 'min_uid = 1' '[issuer corp]' \
        'issuer = https://localhost/corp' 'audience = ssh' 'user_claim = preferred_username' 'allow_root = yes' \
        "jwks_uri = https://localhost:$(<port)/jwks" "ca_file = $W/ca.pem" >"$1.conf"
}
configure none
configure grants
fetch=("${helper%/*}/jwks-fetch" -c "$W/none.conf" -i corp -r manual)
if [[ $EUID -eq 0 ]]; then fetch=(setpriv --reuid "$owner" --regid "$owner" --clear-groups "${fetch[@]}"); fi
"${fetch[@]}" >/dev/null || die "jwks-fetch fetched nothing"

# --- a key, certificates of it with those tokens, and grants ---

ssh-keygen -q -t ed25519 -N '' -C '' -f id
ssh-keygen -q -t ed25519 -N '' -C '' -f other
read -r type key _ <id.pub
nonce=$(base64 -d <<<"$key" | openssl dgst -sha256 -binary | b64url)
for algorithm in ES256 RS256; do
    token "$algorithm" "\"nonce\":\"$nonce\"" >"$algorithm.token"
    ssh-keygen -q -s id -I me -n "$U" -V -1m:+1h -O clear -O extension:jwks-token@pam-jwks="$(<"$algorithm.token")" id.pub
    mv id-cert.pub "$algorithm-cert.pub"
done
others=$(token ES256 "\"ssh_keys\":[\"$(cut -d' ' -f1,2 other.pub)\"]")
for ((i = 0; i < 999; i++)); do echo "$others" >"grants/$U/0$i.jwt"; done
token ES256 "\"ssh_keys\":[\"$type $key\"]" >"grants/$U/1.jwt"

# --- what takes turns: names, and commands quoted for the shell ---

NAMES=() COMMANDS=()
row() { NAMES+=("$1"); COMMANDS+=("$(printf '%q ' "${@:2}")"); }
# NAME ANSWERS CONF FILE: the helper, asked about the key in that file; it must give that many lines, or nothing is measured
call() {
    local type key
    read -r type key _ <"$4"
    [[ $("$helper" -c "$W/$3.conf" "$U" "$type" "$key" | wc -l) -eq $2 ]] || die "$1: not $2 answers"
    row "$1" "$helper" -c "$W/$3.conf" "$U" "$type" "$key"
}
# COMMAND...: its instructions
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=callgrind "$@" >/dev/null 2>callgrind.log </dev/null ||
        { cat callgrind.log >&2; exit 1; }
    sed -n 's/^summary: //p;s/^totals: //p' callgrind | head -n 1
}
# ROUNDS [instructions]: all rows beside the first
table() {
    local all times i count
    printf -v all '%s, ' "${COMMANDS[@]}"
    eval "$(printf %q "$bench/turns") $1 ${all%, }" >medians
    mapfile -t times <medians
    for i in "${!NAMES[@]}"; do
        count=${2:+$(eval "$2 ${COMMANDS[i]}")}
        awk -v n="${NAMES[i]}" -v t="${times[i]}" -v first="${times[0]}" -v c="$count" \
            'BEGIN { printf "%-36s %9d %7.2f", n, t, t / first; if (c) printf " %14d", c; print "" }'
    done
}

printf 'load %s on %d processors; median of %d calls, %d logins\n' "$(cut -d' ' -f1-3 /proc/loadavg)" "$(nproc)" "$rounds" \
    $(((rounds + 3) / 4))
row 'linked to libcrypto and json-c' "$bench/linked"
row 'empty program' "$bench/empty"
call 'certificate, ES256' 1 none ES256-cert.pub
row 'jose jws ver, ES256' jose jws ver -i ES256.token -k jwks
call 'certificate, RS256' 1 none RS256-cert.pub
row 'jose jws ver, RS256' jose jws ver -i RS256.token -k jwks
call 'plain key, no grants' 0 none id.pub
call 'plain key, the last of 1,000 grants' 1 grants id.pub
printf '%-36s %9s %7s %14s\n' 'a call' us ratio instructions
table "$rounds" instructions

# --- logins ---

if [[ $EUID -ne 0 || ! -x /usr/sbin/sshd ]]; then echo 'logins: not timed, which needs root and sshd'; exit; fi
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -C '' -f host
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# NAME CERTIFICATE [LINE...]: a login that runs `true`, with that certificate, at an sshd with these lines
login() {
    local name=${#NAMES[@]} port tries
    port=$(free_port)
    printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $W/host" "PidFile $W/$name.pid" 'UsePAM no' 'PermitRootLogin yes' \
        'PasswordAuthentication no' 'KbdInteractiveAuthentication no' 'PrintMotd no' 'PrintLastLog no' "${@:3}" >"$name.sshd"
    /usr/sbin/sshd -f "$W/$name.sshd" -E "$W/$name.log"
    for ((tries = 0; tries < 100; tries++)); do if [[ -s $name.pid ]]; then break; fi; sleep 0.1; done
    pids+=("$(<"$name.pid")")
    echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 host.pub)" >>known_hosts
    row "$1" ssh -F none -o UserKnownHostsFile="$W/known_hosts" -o StrictHostKeyChecking=yes -o BatchMode=yes -o IdentityAgent=none \
        -o IdentitiesOnly=yes -o PreferredAuthentications=publickey -o CertificateFile="$W/$2" -i "$W/id" -p "$port" "$U@127.0.0.1" true
}
NAMES=() COMMANDS=()
echo "$type $key" >keys
echo "cert-authority,principals=\"$U\" $type $key" >authorities
touch no-certificate
login 'certificate, AuthorizedKeysFile' ES256-cert.pub "AuthorizedKeysFile $W/authorities"
login 'certificate, the helper' ES256-cert.pub 'AuthorizedKeysFile none' \
    "AuthorizedKeysCommand $helper -c $W/none.conf %u %t %k" 'AuthorizedKeysCommandUser nobody'
login 'plain key, AuthorizedKeysFile' no-certificate "AuthorizedKeysFile $W/keys"
login 'plain key, the helper and a grant' no-certificate 'AuthorizedKeysFile none' \
    "AuthorizedKeysCommand $helper -c $W/grants.conf %u %t %k" 'AuthorizedKeysCommandUser nobody'
printf '%-36s %9s %7s\n' 'a login' us ratio
table $(((rounds + 3) / 4))
