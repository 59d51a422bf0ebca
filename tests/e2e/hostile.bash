# shellcheck shell=bash disable=SC2034
# Surroundings that the caller of sudo chose, or a host that cleans nothing: each variable leads into a trap that tells.
# SPDX-License-Identifier: Apache-2.0
#
# With JWKS_HOSTILE set e2e_begin calls hostile_begin: from then on SURROUNDINGS stands in the environment of pamtester and
# sshd, and in that of everything that as_user starts, which also gets LD_PRELOAD.  (Not so pamtester and sshd: the loader
# obeys who runs a program as root, and what it loads then is that person's, not a stranger's.)  e2e_end calls hostile_end:
# the traps are empty, and they would have told.

# $H: what the variables name; $H/watched: where whatever they lead to would write; $H/record: what the traps tell.
hostile_begin() {
    need_packages gcc libc6-dev libssl-dev locales curl
    H=$W/hostile
    mkdir "$H" "$H/modules" "$H/engines" "$H/certs" "$H/locale"
    install -d -m 1777 "$H/watched" "$H/watched/home" "$H/watched/tmp"
    install -m 666 /dev/null "$H/record"
    start_daemon "$LOGS/listener" /usr/bin/python3 "$TOP/tests/e2e/listener.py" "$H/port" "$H/record"
    wait_for 20 test -s "$H/port"
    hostile_modules
    hostile_texts "127.0.0.1:$(cat "$H/port")"
    localedef -i tr_TR -f UTF-8 "$H/locale/tr_TR.UTF-8"
    zic -d "$H/zones" "$H/zone.txt"
    hostile_variables "127.0.0.1:$(cat "$H/port")"
    AS_USER+=("${SURROUNDINGS[@]}" LD_PRELOAD="$H/preload.so")
    hostile_reset
}

# KIND FILE
hostile_module() {
    gcc -std=gnu11 -Wall -Wextra -Werror -fPIC -shared -DKIND="\"$1\"" -DRECORD="\"$H/record\"" -o "$H/$2" \
        "$TOP/tests/e2e/trap.c"
}
hostile_modules() {
    hostile_module preload preload.so
    hostile_module provider modules/trap.so
    hostile_module provider modules/legacy.so
    hostile_module engine engines/trap.so
}

# LISTENER: a configuration that loads a module of ours, and one that breaks whatever reads it, too.
hostile_texts() {
    printf '%s\n' 'openssl_conf = init' '[init]' 'providers = providers' '[providers]' 'default = usual' 'trap = trap' \
        '[usual]' 'activate = 1' '[trap]' "module = $H/modules/trap.so" 'activate = 1' >"$H/loads.cnf"
    printf '%s\n' 'config_diagnostics = 1' 'openssl_conf = init' '[init]' 'providers = providers' 'alg_section = evp' \
        '[providers]' 'trap = trap' '[trap]' "module = $H/modules/trap.so" 'activate = 1' \
        '[evp]' 'default_properties = none=such' >"$H/breaks.cnf"
    printf '%s\n' "proxy = http://$1" "trace-ascii = $H/watched/home/trace" 'insecure' >"$H/watched/home/.curlrc"
    echo 'default login thief password secret' >"$H/watched/home/.netrc"
    echo 'Zone Odd 11:37 - ODD' >"$H/zone.txt"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$H/stranger.key" -subj /CN=stranger \
        -out "$H/stranger.pem" 2>"$LOGS/openssl"
}

# LISTENER
hostile_variables() {
    SURROUNDINGS=("http_proxy=http://$1" "HTTP_PROXY=http://$1" "https_proxy=http://$1" "HTTPS_PROXY=http://$1"
        "all_proxy=socks5://$1" "ALL_PROXY=socks5://$1" NO_PROXY=elsewhere.invalid no_proxy=elsewhere.invalid
        SSL_CERT_FILE="$H/stranger.pem" SSL_CERT_DIR="$H/certs" CURL_CA_BUNDLE="$H/stranger.pem"
        SSLKEYLOGFILE="$H/watched/keys" OPENSSL_CONF="$H/loads.cnf" OPENSSL_MODULES="$H/modules"
        OPENSSL_ENGINES="$H/engines" CURL_HOME="$H/watched/home" HOME="$H/watched/home" NETRC="$H/watched/home/.netrc"
        TMPDIR="$H/watched/tmp" TZ=":$H/zones/Odd" LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 LOCPATH="$H/locale"
        'RES_OPTIONS=ndots:15 timeout:30 attempts:5 use-vc' LOCALDOMAIN=elsewhere.invalid
        GLIBC_TUNABLES=glibc.malloc.perturb=165:glibc.malloc.mmap_threshold=4096)
}

hostile_files() { find "$H/watched" -printf '%p %y %m %s %T@ %C@\n' | sort; }
hostile_files_changed() { [[ $(hostile_files) != "$HOSTILE_FILES" ]]; }
hostile_traffic() { grep '^connection' "$H/record"; }

# Modules in programs that run as root or as the cache's owner.  sshd itself obeys OPENSSL_CONF, as whoever starts it wants.
hostile_loads() {
    awk -v jwks="$(id -u jwks)" '$1 != "connection" && ($2 == 0 || $2 == jwks) && $3 != "/usr/sbin/sshd"' "$H/record" | grep .
}

hostile_untouched() {
    try "hostile surroundings: no traffic went elsewhere" not hostile_traffic
    try "hostile surroundings: nothing was written" not hostile_files_changed
    try "hostile surroundings: nothing of root's or jwks's loaded a module" not hostile_loads
}
hostile_reset() { : >"$H/record"; HOSTILE_FILES=$(hostile_files); }

hostile_end() {
    hostile_untouched
    try "control: curl in these surroundings does not get through" not env "${SURROUNDINGS[@]}" \
        curl -s --max-time 10 "https://localhost:$(op corp PORT)/"
    try "control: curl in these surroundings goes elsewhere" hostile_traffic
    try "control: and writes" hostile_files_changed
    try "control: and loads a module" hostile_loads
}
