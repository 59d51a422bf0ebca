#!/usr/bin/env bash
# jwks-authorized-keys answers sshd with one line for a bound certificate or a granted key, else with silence, always with status 0.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
build=${top_builddir:-$(dirname "$0")/..}
for tool in ssh-keygen openssl basenc; do
    command -v "$tool" >/dev/null || { echo "no $tool"; exit 77; }
done
U=$(id -un)
[[ $U =~ ^[a-z_][a-z0-9_-]{0,31}$ ]] || { echo "whoever runs this has no account name"; exit 77; }

# --- a folder whose parents are trusted, with a copy of the program; as root the cache is another's ---

if [[ $(id -u) -eq 0 ]]; then W=$(mktemp -d /run/jwks-keys-test.XXXXXX) owner=64123; else
    W=$(mktemp -d "${XDG_RUNTIME_DIR:-$PWD}/jwks-keys-test.XXXXXX") owner=$(id -u)
fi
trap 'rm -rf "$W"' EXIT
chmod 755 "$W"
mkdir "$W/lib" "$W/keys" "$W/state" "$W/run" "$W/grants" "$W/grants/$U" "$W/seen"
chown "$owner" "$W/state" "$W/run" "$W/seen"
if [[ $(id -u) -eq 0 ]]; then chgrp "$owner" "$W/state" "$W/run"; fi
cp "$build/nss_helper/jwks-authorized-keys" "$W/lib"
cd "$W/keys"
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }

# --- an issuer: its key, its configuration, its tokens ---

b64url() { basenc --base64url -w0 | tr -d =; }
for name in issuer stranger; do openssl genrsa -out "$name.pem" 2048 2>/dev/null; done
n=$(openssl rsa -in issuer.pem -noout -modulus | cut -d= -f2 | basenc -d --base16 | b64url)
echo "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"$n\",\"e\":\"AQAB\",\"kid\":\"k\"}]}" >"$W/corp.jwks"
ISS=https://login.example.com/corp
# [LINE...]: jwks.conf, the lines in the section of corp
configure() {
    printf '%s\n' '[global]' "state_dir = $W/state" "run_dir = $W/run" "grants_dir = $W/grants" "fetch_helper = $W/fetch" \
        'min_uid = 1' '[issuer corp]' "issuer = $ISS" 'audience = ssh' 'user_claim = preferred_username' 'allow_root = yes' \
        "${SOURCE:-jwks_file = $W/corp.jwks}" "$@" >"$W/jwks.conf"
}
# CLAIMS [KEY]: a token for us with these members more; EXP: seconds from now
now=$(date +%s)
token() {
    local text
    text=$(printf '{"alg":"RS256","kid":"k"}' | b64url).$(printf '{"iss":"%s","aud":"%s","sub":"s","exp":%d,"iat":%d,"preferred_username":"%s"%s}' \
        "$ISS" "${AUD:-ssh}" $((now + ${EXP:-600})) $((now - 600)) "${NAME:-$U}" "${1:+,$1}" | b64url)
    printf '%s.%s' "$text" "$(printf %s "$text" | openssl dgst -sha256 -sign "${2:-issuer.pem}" | b64url)"
}

# --- SSH keys and certificates ---

new_key() { ssh-keygen -q "${@:2}" -N '' -C '' -f "$1"; }
new_key ed25519 -t ed25519
new_key other -t ed25519
new_key p256 -t ecdsa -b 256
new_key p384 -t ecdsa -b 384
new_key p521 -t ecdsa -b 521
new_key rsa -t rsa -b 2048
nonce() { cut -d' ' -f2 "$1.pub" | base64 -d | openssl dgst -sha256 -binary | b64url; }
bound() { token "\"nonce\":\"$(nonce "$1")\""; }
# KEY CA PRINCIPAL [ssh-keygen's options]: KEY-cert.pub
certify() { rm -f "$1-cert.pub"; ssh-keygen -q -s "$2" -I me -n "$3" "${@:4}" "$1.pub"; }
# KEY TOKEN: signed by itself, for an hour
carry() { certify "$1" "$1" "$U" -V -1m:+1h -O clear -O permit-pty -O extension:jwks-token@pam-jwks="$2"; }

# FILE [MORE...]: what sshd would ask; the answer is in $W/out
ask() {
    local type key status=0
    read -r type key _ <"$1"
    "${WRAPPER[@]}" "$W/lib/jwks-authorized-keys" -c "$W/jwks.conf" "${AS-$U}" "$type" "$key" "${@:2}" \
        >"$W/out" 2>"$W/err" || status=$?
    if [[ $status -eq 0 && ! -s $W/err ]]; then ok; else bad "$1: status $status: $(head -n 3 "$W/err")"; fi
}
WRAPPER=()
silent() { if [[ ! -s $W/out ]]; then ok; else bad "$1: answered: $(head -c 300 "$W/out")"; fi; }
# NAME PREFIX-PATTERN KEY: the answer is that, and the key as ssh-keygen wrote it
line() {
    local key want
    key=$(cut -d' ' -f1,2 "$3.pub")
    want="^$2 ${key//+/\\+}\$"
    if [[ $(wc -l <"$W/out") -eq 1 ]] && grep -Eq "$want" "$W/out"; then ok; else bad "$1: not $want: $(head -c 300 "$W/out")"; fi
}
CERT="cert-authority,principals=\"$U\",expiry-time=\"[0-9]{14}\",restrict,pty"
PLAIN='expiry-time="[0-9]{14}",restrict,pty'
# NAME: the certificate ed25519-cert.pub is refused, in silence
refused() { ask ed25519-cert.pub; silent "$1"; }
accepted() { ask ed25519-cert.pub; line "$1" "${2:-$CERT}" ed25519; }

# --- certificates ---

configure
for key in ed25519 p256 p384 p521 rsa; do
    carry "$key" "$(bound "$key")"
    ask "$key-cert.pub"
    line "$key, bound by its fingerprint" "$CERT" "$key"
    carry "$key" "$(bound other)"
    ask "$key-cert.pub"
    silent "$key, another key's token"
done
x=$(cut -d' ' -f2 ed25519.pub | base64 -d | tail -c 32 | b64url)
jkt=$(printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$x" | openssl dgst -sha256 -binary | b64url)
carry ed25519 "$(token "\"cnf\":{\"jkt\":\"$jkt\"}")"; accepted "bound by its thumbprint"
carry ed25519 "$(token "\"cnf\":{\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"$x\"}}")"; accepted "bound by the key itself"
carry ed25519 "$(token "\"cnf\":{\"jkt\":\"$(printf other | openssl dgst -sha256 -binary | b64url)\"}")"; refused "bound by another thumbprint"

good=$(bound ed25519)
carry ed25519 "$good"
ask ed25519-cert.pub
want=$(env -u TZ date -d "@$((now + 600))" +%Y%m%d%H%M%S)
if grep -q "expiry-time=\"$want\"" "$W/out"; then ok; else bad "the line does not end with the token, at $want: $(cat "$W/out")"; fi
TZ=Pacific/Kiritimati ask ed25519-cert.pub
if grep -q "expiry-time=\"$want\"" "$W/out"; then ok; else bad "TZ counts"; fi

carry ed25519 "$(token)"; refused "a token that is bound to nothing"
configure 'key_binding = none'; accepted "a bearer token where that is configured"
configure
carry ed25519 "$(EXP=-120 bound ed25519)"; refused "a token that has expired, in a certificate that has not"
certify ed25519 ed25519 "$U" -V -2h:-1h -O extension:jwks-token@pam-jwks="$good"; refused "a certificate that has expired, with a good token"
certify ed25519 ed25519 "$U" -V +1h:+2h -O extension:jwks-token@pam-jwks="$good"; refused "a certificate of tomorrow"
certify ed25519 other "$U" -V -1m:+1h -O extension:jwks-token@pam-jwks="$good"; refused "a certificate signed by another key"
certify ed25519 ed25519 "$U" -h -V -1m:+1h -O extension:jwks-token@pam-jwks="$good"; refused "a host's certificate"
certify ed25519 ed25519 somebody -V -1m:+1h -O extension:jwks-token@pam-jwks="$good"; refused "another principal"
certify ed25519 ed25519 "$U,somebody" -V -1m:+1h -O extension:jwks-token@pam-jwks="$good"; accepted "two principals, one of them ours"
rm ed25519-cert.pub
ssh-keygen -q -s ed25519 -I me -V -1m:+1h -O extension:jwks-token@pam-jwks="$good" ed25519.pub; refused "no principals"
certify ed25519 ed25519 "\"$U\"" -V -1m:+1h -O extension:jwks-token@pam-jwks="$good"; refused "a principal in quotes"
certify ed25519 ed25519 "$U" -V -1m:+1h -O extension:other@pam-jwks="$good"; refused "another extension"
configure 'certificate_extension = a@b other@pam-jwks'; accepted "another extension where that is configured"
configure
certify ed25519 ed25519 "$U" -V -1m:+1h; refused "no extension"
carry ed25519 ''; refused "an empty extension"
carry ed25519 "$(AUD=other bound ed25519)"; refused "another audience"
carry ed25519 "$(NAME=nobody-here bound ed25519)"; refused "another account's token"
carry ed25519 "$(token "\"nonce\":\"$(nonce ed25519)\"" stranger.pem)"; refused "a forged token"
carry ed25519 "$good$(head -c 90000 /dev/zero | tr '\0' A)"; refused "a token of 90,000 characters"
carry ed25519 "$good"
configure 'require = groups = ssh'; refused "a rule of the issuer's section"
configure '[service ssh-key]' 'require = groups = ssh'; refused "a rule of the service ssh-key"
configure '[service sshd]' 'require = groups = ssh'; accepted "a rule of another service"
configure 'key_options = no-pty,command="a \"b\" c"'
accepted "other options" "cert-authority,principals=\"$U\",expiry-time=\"[0-9]{14}\",no-pty,command=\"a \\\\\"b\\\\\" c\""
configure

read -r type key _ <ed25519-cert.pub
for cut in 4 8 100 400 1000; do echo "$type ${key:0:-cut}" >cut.pub; ask cut.pub; silent "a certificate without its last $cut characters"; done
echo "$type ${key}AAAA" >cut.pub; ask cut.pub; silent "a certificate with more behind it"
echo "$type ${key//A/!}" >cut.pub; ask cut.pub; silent "no base64"
echo "ssh-ed25519 $key" >cut.pub; ask cut.pub; silent "a certificate called a key"
echo "$type $(cut -d' ' -f2 ed25519.pub)" >cut.pub; ask cut.pub; silent "a key called a certificate"
for name in '' root,"$U" "$U"$'\n' "\"$U\"" "../$U" "${U^^}"; do AS=$name ask ed25519-cert.pub; silent "as $(printf %q "$name")"; done
accepted "and the good one, still"
ask ed25519.pub; silent "the plain key"

# --- an answer that cannot be given is none, and no error ---

read -r type key _ <ed25519-cert.pub
answer() { "$W/lib/jwks-authorized-keys" -c "$W/jwks.conf" "$U" "$type" "$key" >"$W/out" 2>"$W/err"; }
if answer <&-; then line "without standard input" "$CERT" ed25519; else bad "without standard input: status $?"; fi
for how in '>&-' '<&- >&-' '<&- >&- 2>&-' '>/dev/full'; do
    if eval "$W/lib/jwks-authorized-keys" -c "$W/jwks.conf" "$U" "$type" "$key" "$how"; then ok; else bad "$how: status $?"; fi
done

# --- grants ---

# FILE TOKEN
grant() { printf '%s\n' "$2" >"$W/grants/$U/$1.jwt"; }
lists() { token "\"ssh_keys\":[\"$(cut -d' ' -f1,2 "$1.pub") me@host\"]"; }
grant 1 "$(lists other)"
ask other.pub; line "a granted key" "$PLAIN" other
ask ed25519.pub; silent "a key that no grant lists"
ask p256.pub; silent "nor this one"
carry other "$(lists other)"; ask other-cert.pub; silent "a grant in a certificate, bound to nothing"
grant 1 "$(EXP=-120 lists other)"; ask other.pub; silent "a grant that ran out"
grant 2 "$(lists other)"; ask other.pub; line "and another beside it" "$PLAIN" other
chmod 664 "$W/grants/$U/2.jwt"; ask other.pub; silent "a grant that others could change"
chmod 644 "$W/grants/$U/2.jwt"; chmod 775 "$W/grants/$U"; ask other.pub; silent "a folder that others could change"
chmod 755 "$W/grants/$U"; ask other.pub; line "and as it should be" "$PLAIN" other
others=$(lists ed25519)
for ((i = 0; i < 1000; i++)); do grant "0$i" "$others"; done
start=${EPOCHREALTIME/[.,]/}
ask other.pub
spent=$((${EPOCHREALTIME/[.,]/} - start))
line "behind 1,000 grants for another key" "$PLAIN" other
if ((spent < 2000000)); then ok; else bad "1,000 grants took $spent us"; fi
rm "$W/grants/$U"/*

# --- another command ---

# shellcheck disable=SC2016    # the shell that runs it expands these
printf '%s\n' '#!/bin/sh' 'tr "\0" " " </proc/$PPID/cmdline >"$0.seen"' 'echo "next for $*"' >"$W/next"
chmod 755 "$W/next"
ask ed25519.pub --next "$W/next" "$U" --next -c 'a b'
if [[ $(<"$W/out") == "next for $U --next -c a b" ]]; then ok; else bad "next: $(<"$W/out")"; fi
if [[ $(<"$W/next.seen") == *"$W/jwks.conf $U ssh-ed25519 "* && $(<"$W/next.seen") != *AAAA* ]]; then ok; else bad "the key stays in the argument list"; fi
ask ed25519-cert.pub --next "$W/next"; line "nobody else is asked where we answer" "$CERT" ed25519
sed -i '$a exit 1' "$W/next"; ask ed25519.pub --next "$W/next"; silent "a next command that fails"
echo 'nonsense' >"$W/jwks.conf"; sed -i '$d' "$W/next"
ask ed25519-cert.pub; silent "a broken configuration"
if [[ $(id -u) -eq 0 ]]; then
    ask ed25519-cert.pub --next "$W/next"
    if [[ $(<"$W/out") == "next for " ]]; then ok; else bad "a broken configuration closes the other way in"; fi
    if [[ $(<"$W/next.seen") == *"$U ssh-ed25519-cert"* && $(<"$W/next.seen") != *AAAA* ]]; then ok; else bad "then the key stays"; fi
fi
configure

# --- the command line ---

for arguments in '' "$U" "$U ssh-ed25519" "$U ssh-ed25519 AAAA more" "$U ssh-ed25519 AAAA --next" "--bogus $U ssh-ed25519 AAAA" \
    "-c ssh-ed25519 AAAA"; do
    read -ra words <<<"$arguments"
    status=0
    "$W/lib/jwks-authorized-keys" "${words[@]}" >"$W/out" 2>"$W/err" || status=$?
    if [[ $status -eq 0 && ! -s $W/out && -s $W/err ]]; then ok; else bad "usage: '$arguments': status $status"; fi
done
for option in --help --version; do
    "$W/lib/jwks-authorized-keys" "$option" >"$W/out" || bad "$option fails"
    if grep -q jwks-authorized-keys "$W/out"; then ok; else bad "$option says nothing"; fi
done

# --- what it calls: no network, and no child that holds sshd's pipe ---

printf '%s\n' '#!/bin/sh' "readlink /proc/\$\$/fd/* >>$W/seen/fds" >"$W/fetch"
chmod 755 "$W/fetch"
SOURCE="jwks_uri = https://localhost:1/jwks" configure
mkfifo "$W/pipe"
cat "$W/pipe" >"$W/piped" & reader=$!
read -r type key _ <ed25519-cert.pub
"$W/lib/jwks-authorized-keys" -c "$W/jwks.conf" "$U" "$type" "$key" >"$W/pipe" 2>"$W/err" || bad "with a helper: status $?"
wait "$reader"
if [[ ! -s $W/piped ]]; then ok; else bad "an answer without keys"; fi
if [[ $(sed -n 1p "$W/seen/fds") == /dev/null ]]; then ok; else bad "jwks-fetch was not started as it should be"; fi
if grep -q "$W/pipe" "$W/seen/fds"; then bad "jwks-fetch holds the answer's descriptor"; else ok; fi
configure
if strace -o "$W/trace" true 2>/dev/null; then
    # (A leak cannot be looked for in what is traced.)
    WRAPPER=(strace -f -E "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0" -o "$W/trace" -e 'trace=%network,%process,%file')
    ask ed25519-cert.pub
    line "traced" "$CERT" ed25519
    if grep -Eq 'AF_INET|fork\(|clone3?\(|O_(WRONLY|CREAT)' "$W/trace"; then bad "it uses the network, starts a process, or opens for writing"; else ok; fi
    if grep -q 'corp.jwks' "$W/trace"; then ok; else bad "this trace shows nothing"; fi
    WRAPPER=()
else
    echo "strace may not trace here: what it calls was not looked at"
fi

echo "$passed passed, $failed failed"
((failed == 0))
