# shellcheck shell=bash disable=SC2153    # what is in capitals comes from run.sh and room.bash
# SPDX-License-Identifier: Apache-2.0
# What is compared, a function a part.  Each writes rows: part, name, what it stands beside, measure, value.

row() {
    local IFS=$'\t'
    [[ -n $5 ]] || die "$1: $2 has no $4"
    echo "$*" >>"$W/rows"
}

# COMMAND...: instructions of the whole process; of what counted() of measure.h calls, with COUNTED=--toggle-collect=counted
count() {
    valgrind --tool=callgrind ${COUNTED:+"$COUNTED"} --callgrind-out-file="$W/callgrind" "$@" </dev/null >/dev/null \
        2>"$W/callgrind.log" || { cat "$W/callgrind.log" >&2; return 1; }
    sed -n 's/^summary: //p;s/^totals: //p' "$W/callgrind" | head -n 1
}

# --- whole processes ---

# NAMES and COMMANDS, quoted for the shell, take turns.
begin() { NAMES=() COMMANDS=(); }
add() { NAMES+=("$1"); COMMANDS+=("$(printf '%q ' "${@:2}")"); }
# PART BESIDE MEASURE...: rows for each, beside that one: time, and of KiB and instructions what makes sense
compare() {
    local all times i measure
    printf -v all '%s, ' "${COMMANDS[@]}"
    eval "$(printf %q "$P/turns") $ROUNDS ${all%, }" >"$W/medians"
    mapfile -t times <"$W/medians"
    for i in "${!NAMES[@]}"; do
        row "$1" "${NAMES[i]}" "$2" us "${times[i]%$'\t'*}"
        for measure in "${@:3}"; do
            case $measure in
                KiB) row "$1" "${NAMES[i]}" "$2" KiB "${times[i]#*$'\t'}" ;;
                instructions) row "$1" "${NAMES[i]}" "$2" instructions "$(eval "count ${COMMANDS[i]}")" ;;
            esac
        done
    done
}

# --- inside a process: programs with measure.h ---

# PART BESIDE PREFIX WORDS PROGRAM ARGUMENT...: those that WORDS names take turns in the program, which leaves out what it cannot do;
# then each is counted alone.  A row is called as its word, behind the prefix.
inside() {
    local part=$1 beside=$2 prefix=$3 words word us alone
    read -ra words <<<"$4"
    "$P/$5" "$ROUNDS" "${@:6}" "${words[@]}" >"$W/inside" 2>"$W/inside.log" || { cat "$W/inside.log" >&2; return 1; }
    while IFS=$'\t' read -r word us; do
        alone=("$P/$5" 0 "${@:6}" "$word")
        row "$part" "$prefix$word" "$beside" us "$us"
        row "$part" "$prefix$word" "$beside" instructions "$(COUNTED=--toggle-collect=counted count "${alone[@]}")"
        row "$part" "$prefix$word" "$beside" KiB "$("$P/turns" 1 "${alone[@]}" | cut -f2)"
    done <"$W/inside"
}

# --- decide and sets: one decision, from the texts of a token and of a set; a way that has no such algorithm has no row ---

# What all have the same of: the token, the set, and the limit.
part_decide() {
    local name
    for name in RS256 RS256-4096 PS256 ES256 ES384 EdDSA; do
        inside decide "$name/evp" '' "${FOUND[*]/#/$name/}" decide "$W" "$P"
    done
}
part_sets() {
    local name way
    for name in RS256 ES256; do
        for way in "${FOUND[@]}"; do
            [[ $way == @(evp|import|context) ]] || inside sets "$name/$way" '' "$name/$way $name-10/$way $name-128/$way" decide "$W" "$P"
        done
    done
}

# --- scan: a set read strictly, and as a tree, beside json-c's parse of the same text ---

part_scan() {
    local name
    for name in RS256 RS256-128; do inside scan "$name: json-c" "$name: " 'json-c scan tree' scan "$name.jwks"; done
}

# --- process: what sshd starts for a key that is offered ---

# NAME LINES CONF FILE: the helper, asked about the key in that file; it must give that many lines, or nothing is measured
call() {
    local type key
    read -r type key _ <"$4"
    [[ $("$HELPER" -c "$W/$3.conf" "$U" "$type" "$key" | wc -l) -eq $2 ]] || die "$1: not $2 answers"
    add "$1" "$HELPER" -c "$W/$3.conf" "$U" "$type" "$key"
}
part_process() {
    begin
    add empty "$P/empty"
    add 'linked to libcrypto' "$P/linked"
    call 'plain key, no grants' 0 ES256 id.pub
    call 'certificate, RS256' 1 RS256 RS256-cert.pub
    call 'certificate, ES256' 1 ES256 ES256-cert.pub
    call 'plain key, the last of 1,000 grants' 1 grants id.pub
    if command -v jose >/dev/null; then
        add 'jose jws ver, RS256' jose jws ver -i RS256.token -k RS256.jwks
        add 'jose jws ver, ES256' jose jws ver -i ES256.token -k ES256.jwks
    fi
    compare process 'linked to libcrypto' KiB instructions
}

# --- pam: start, authenticate, end ---

stacks() {
    local name
    for name in RS256 ES256 EdDSA; do
        mkdir -p "pam.d/$name"
        echo 'auth required pam_permit.so' >"pam.d/$name/permit"
        echo "auth required $PREFIX/lib/security/pam_jwks.so conf=$W/$name.conf" >"pam.d/$name/pam_jwks"
    done
}
part_pam() {
    local name state label
    stacks
    for name in RS256 ES256 EdDSA; do
        inside pam "resident, $name: permit" "resident, $name: " 'permit pam_jwks' pam "pam.d/$name" "$U" "$name.token"
    done
    for state in once live; do
        begin
        label=fresh
        if [[ $state == live ]]; then label='fresh, OpenSSL in use'; fi
        add "$label: permit" "$P/pam" "$state" pam.d/RS256 "$U" RS256.token permit
        for name in RS256 ES256 EdDSA; do
            add "$label: $name" "$P/pam" "$state" "pam.d/$name" "$U" "$name.token" pam_jwks
        done
        compare pam "$label: permit" KiB instructions
    done
}

# --- calls: what of the system a warm decision uses; opens are of files, not of the folders they lie in ---

# NAME COMMAND...
trace() {
    strace -f -y -o "$W/trace" "${@:2}" >"$W/traced" 2>&1 || { cat "$W/traced" >&2; return 1; }
    tally "$1" opens "open[^(]*\(.* = [0-9]+<$W/([^/>]*\.conf|(state|run)-[^/>]*/[^>]*)>"
    tally "$1" locks 'flock\(|F_(OFD_)?SETLKW?'
    tally "$1" writes "open[^(]*\(.*O_(WRONLY|RDWR|CREAT).* = [0-9]+<$W|(rename|unlink|mkdir|ftruncate|fallocate)[a-z0-9]*\("
    tally "$1" processes '(vfork|fork|clone3?)\('
}
# NAME MEASURE PATTERN; grep says 1 where it found nothing
tally() {
    local found
    found=$(grep -cE "$3" "$W/trace") || [[ $? -eq 1 ]]
    row calls "$1" '' "$2" "$found"
}
part_calls() {
    local type key name
    stacks
    for name in RS256 ES256; do
        read -r type key _ <"$name-cert.pub"
        trace "certificate, $name" "$HELPER" -c "$W/$name.conf" "$U" "$type" "$key"
        trace "PAM, $name" "$P/pam" once "pam.d/$name" "$U" "$name.token" pam_jwks
    done
    # The counting is not blind: a miss does all of that.
    empty_cache "$name"
    trace "a miss, $name" "$HELPER" -c "$W/$name.conf" "$U" "$type" "$key"
}

# --- fetch: keys that are not there, beside a program with libcurl inside ---

# No instructions: these are processes that wait for one another and for a provider, and one's alone say nothing.
part_fetch() {
    local type key url=https://localhost:$PORT/RS256
    read -r type key _ <RS256-cert.pub
    printf '%s\n' '#!/bin/sh' "rm -f '$W'/state-\$1/* '$W'/run-\$1/*" 'shift' 'exec "$@"' >emptied
    chmod 755 emptied
    begin
    add 'linked to libcurl' "$W/emptied" RS256 "${AS[@]}" "$P/fetch" --only-linked
    add 'libcurl, this authority alone' "$W/emptied" RS256 "${AS[@]}" "$P/fetch" "$url" "$W/p/ca.pem"
    add 'jwks-fetch, this authority alone' "$W/emptied" RS256 "${AS[@]}" "$FETCH" -c "$W/RS256.conf" -i corp -r manual
    add "libcurl, the system's authorities" "$W/emptied" system "${AS[@]}" "$P/fetch" "$url" "$W/authorities.pem"
    add "jwks-fetch, the system's authorities" "$W/emptied" system "${AS[@]}" "$FETCH" -c "$W/system.conf" -i corp -r manual
    add 'a miss: the call, the fetch, the decision' "$W/emptied" RS256 "$HELPER" -c "$W/RS256.conf" "$U" "$type" "$key"
    compare fetch 'libcurl, this authority alone' KiB
    fill_cache RS256 RS256
    fill_cache system RS256
}

# --- wave: many cold starts together; memory and instructions of one are in process ---

MANY=200 LATENCY_MS=300
requests() { if [[ -e p/requests.log ]]; then grep -c '"/RS256"' p/requests.log; else echo 0; fi; }
# microseconds
wave() {
    local type key
    read -r type key _ <RS256-cert.pub
    "$P/wave" "$MANY" "$HELPER" -c "$W/RS256.conf" "$U" "$type" "$key" 2>"$W/waited" >"$W/answers"
    [[ $(wc -l <"$W/answers") -eq $MANY ]] || die "of $MANY calls only $(wc -l <"$W/answers") had an answer"
    cat "$W/waited"
}
middle() { sort -n | sed -n "$((($1 + 1) / 2))p"; }
part_wave() {
    local rounds=$(((ROUNDS + 6) / 7)) i before cold
    answer_after "0.$LATENCY_MS"
    before=$(requests)
    for ((i = 0; i < rounds; i++)); do
        empty_cache RS256
        wave >>cold
        wave >>warm
    done
    answer_after 0
    cold=$(middle "$rounds" <cold)
    row wave "$MANY warm" "$MANY warm" us "$(middle "$rounds" <warm)"
    row wave "$MANY cold" "$MANY warm" us "$cold"
    row wave "$MANY cold" "$MANY warm" requests "$(awk -v n="$(($(requests) - before))" -v r="$rounds" 'BEGIN { print n / r }')"
    row wave "$MANY cold, less the provider's $LATENCY_MS ms" "$MANY warm" us "$((cold - LATENCY_MS * 1000))"
}

# --- publish: a cache file replaced; of the bare sequence all instructions are the kernel's, which are not counted ---

part_publish() {
    local size
    mkdir published
    for size in RS256 RS256-128; do
        inside publish "$size: bare" "$size: " 'bare ours' publish published "$(find "state-$size" -name '*.jwks')"
    done
}

# --- logins: through a real sshd, which only root can start; memory would be ssh's, the person's ---

# NAME CERTIFICATE [LINE...]: a login that runs `true`, with that certificate, at an sshd with these lines
login() {
    local name=${#NAMES[@]} port tries
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $W/host" "PidFile $W/$name.pid" 'UsePAM no' 'PermitRootLogin yes' \
        'PasswordAuthentication no' 'KbdInteractiveAuthentication no' 'PrintMotd no' 'PrintLastLog no' "${@:3}" >"$name.sshd"
    /usr/sbin/sshd -f "$W/$name.sshd" -E "$W/$name.log"
    for ((tries = 0; tries < 100; tries++)); do if [[ -s $name.pid ]]; then break; fi; sleep 0.1; done
    pids+=("$(<"$name.pid")")
    echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 host.pub)" >>known_hosts
    add "$1" ssh -F none -o UserKnownHostsFile="$W/known_hosts" -o StrictHostKeyChecking=yes -o BatchMode=yes -o IdentityAgent=none \
        -o IdentitiesOnly=yes -o PreferredAuthentications=publickey -o CertificateFile="$W/$2" -i "$W/id" -p "$port" "$U@127.0.0.1" true
}
part_logins() {
    [[ $EUID -eq 0 && -x /usr/sbin/sshd ]] || { say 'no logins: they need root and sshd'; return 0; }
    mkdir -p /run/sshd
    ssh-keygen -q -t ed25519 -N '' -C '' -f host
    begin
    echo "cert-authority,principals=\"$U\" $TYPE $KEY" >authorities
    login 'AuthorizedKeysFile' ES256-cert.pub "AuthorizedKeysFile $W/authorities"
    login 'jwks-authorized-keys' ES256-cert.pub 'AuthorizedKeysFile none' \
        "AuthorizedKeysCommand $HELPER -c $W/ES256.conf %u %t %k" 'AuthorizedKeysCommandUser nobody'
    compare logins 'AuthorizedKeysFile'
}
