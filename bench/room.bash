# shellcheck shell=bash disable=SC2034    # what is set here is used by parts.bash
# SPDX-License-Identifier: Apache-2.0
# The room for one run: packages, a build, an issuer for each kind of key and set with its cache, and an SSH key.

PACKAGES=(libjwt-dev libcjose-dev liboauth2-dev libjose-dev librhonabwy-dev jose valgrind strace pkg-config libpam0g-dev
    libcurl4-openssl-dev libssl-dev libjson-c-dev libseccomp-dev libkeyutils-dev python3-cryptography openssl openssh-client
    automake libtool make gcc)
# The file way_WAY.c, and what pkg-config knows of its libraries
WAYS=(evp:libcrypto import:libcrypto ours: context:libcrypto login:)
PEERS=('libjwt:libjwt jansson libcrypto' 'cjose:cjose jansson' 'liboauth2:liboauth2 jansson' 'libjose:jose jansson'
    'rhonabwy:librhonabwy jansson')

say() { echo "bench: $*" >&2; }
die() { say "$*"; exit 1; }

# Only root can, and another that installs is waited for; what is not to be had costs its rows.
get_packages() {
    local missing=() package wait=(-qq -o DPkg::Lock::Timeout=300)
    [[ -z $ALONE && $EUID -eq 0 ]] && command -v apt-get >/dev/null || return 0
    for package in "${PACKAGES[@]}" "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    say "installing ${missing[*]}"
    {
        apt-get "${wait[@]}" update &&
            DEBIAN_FRONTEND=noninteractive apt-get "${wait[@]}" install -y --no-install-recommends "${missing[@]}"
    } >/dev/null || say "not installed: ${missing[*]}"
}

# On a disk, since what is fetched is flushed to one; below folders that only root can write, since all else is refused.
make_room() {
    pids=()
    W=$(mktemp -d "$([[ $EUID -eq 0 ]] && echo /var/lib || echo "$HOME")/jwks-bench.XXXXXX")
    trap clean_up EXIT
    chmod 755 "$W"
    BUILD=${BUILD:-$W/build}
    PREFIX=$BUILD/prefix P=$BUILD/programs
    HELPER=$PREFIX/libexec/pam-jwks/jwks-authorized-keys FETCH=$PREFIX/libexec/pam-jwks/jwks-fetch
    : >"$W/rows"
}
clean_up() {
    if ((${#pids[@]})); then kill "${pids[@]}"; fi
    rm -rf "$W"
}

# Of what was measured
version() { git -C "$TOP" describe --always --dirty 2>/dev/null || "$FETCH" --version | cut -d" " -f2; }

# A copy of the sources, so that nothing is written beside them.
build_programs() {
    local way program
    mkdir -p "$BUILD/src" "$BUILD/objects" "$P"
    tar -C "$TOP" --exclude=.git -cf - . | tar -C "$BUILD/src" -xf -
    say "building in $BUILD"
    make_all >"$BUILD/log" 2>&1 || { tail "$BUILD/log" >&2; die "the build failed"; }
    for program in empty linked turns wave decide pam fetch publish scan; do
        ln -sf "$BUILD/objects/bench/$program" "$P/$program"
    done
    FOUND=()
    for way in "${WAYS[@]}"; do
        build_way "${way%:*}" "${way#*:}" 2>>"$BUILD/log" || die "way_${way%:*}.c does not build: see $BUILD/log"
        FOUND+=("${way%:*}")
    done
    [[ -z $ALONE ]] || return 0
    for way in "${PEERS[@]}"; do
        if build_way "${way%:*}" "${way#*:}" 2>>"$BUILD/log"; then FOUND+=("${way%:*}"); else say "left out: ${way%:*}"; fi
    done
}
make_all() (
    cd "$BUILD/src" && { [[ -x configure ]] || autoreconf -fi; } && cd ../objects &&
        { [[ -e Makefile ]] || ../src/configure -q --prefix="$PREFIX" --with-ca-path="$BUILD/authorities"; } &&
        make -s -j"$(nproc)" && make -s install && make -s -j"$(nproc)" bench-programs
)
# NAME PACKAGES: with these libraries, or with ours
build_way() {
    local flags=(-I"$PREFIX/include" -L"$PREFIX/lib" -ljwkscore "-Wl,-rpath,$PREFIX/lib")
    # shellcheck disable=SC2086    # they are words
    if [[ -n $2 ]]; then read -ra flags < <(pkg-config --cflags --libs $2); fi
    gcc -O2 -g -Wall -Wextra -D_GNU_SOURCE -shared -fPIC -o "$P/way_$1.so" "$TOP/bench/way_$1.c" "${flags[@]}"
}

# --- an issuer for each NAME of fixtures.py, on one server ---

U=$(id -un) OWNER=$EUID AS=()
if [[ $EUID -eq 0 ]]; then OWNER=64123 AS=(setpriv --reuid 64123 --regid 64123 --clear-groups); fi

b64url() { basenc --base64url -w0 | tr -d =; }
make_fixtures() {
    local name i
    cd "$W" || exit
    ssh-keygen -q -t ed25519 -N '' -C '' -f id
    read -r TYPE KEY _ <id.pub
    say "making keys"
    "$TOP/bench/fixtures.py" "$W" "$U" "$(base64 -d <<<"$KEY" | openssl dgst -sha256 -binary | b64url)" "$TYPE $KEY"
    mkdir p none grants
    "$TOP/tests/provider.py" p good &
    pids+=($!)
    for ((i = 0; i < 300; i++)); do if [[ -s p/ports.json ]]; then break; fi; sleep 0.1; done
    PORT=$(sed 's/[^0-9]//g' p/ports.json)
    answer_after 0
    make_authorities
    for name in *.jwks; do make_issuer "${name%.jwks}" "ca_file = $W/p/ca.pem"; done
    make_issuer RS256 '' system
    certificates
}
# SECONDS: that much later than at once
answer_after() {
    python3 - "$1" ./*.jwks >p/script.tmp <<'END'
import json, sys
print(json.dumps({name[1:-5]: {"body_file": "." + name, "delay": float(sys.argv[1]),
                                    "headers": {"Cache-Control": "max-age=86400"}} for name in sys.argv[2:]}))
END
    mv p/script.tmp p/script.json
}
# What a program finds that is told nothing: the system's certificates and ours, as a folder and as a file.
make_authorities() {
    rm -rf "$BUILD/authorities"
    mkdir "$BUILD/authorities"
    cp -L /etc/ssl/certs/*.pem p/ca.pem "$BUILD/authorities" || cp p/ca.pem "$BUILD/authorities"
    openssl rehash "$BUILD/authorities" 2>>"$BUILD/log" || say 'openssl rehash had something to say: see the log'
    cat /etc/ssl/certs/ca-certificates.crt p/ca.pem >authorities.pem
}
# NAME LINE [CONF]: a configuration with the issuer of that name, and its cache filled
make_issuer() {
    local conf=${3:-$1}
    mkdir "state-$conf" "run-$conf"
    chown "$OWNER:$OWNER" "state-$conf" "run-$conf"
    printf '%s\n' '[global]' "state_dir = $W/state-$conf" "run_dir = $W/run-$conf" "grants_dir = $W/none" 'min_uid = 1' \
        '[issuer corp]' "issuer = https://localhost/$1" 'audience = ssh' 'user_claim = preferred_username' 'allow_root = yes' \
        'algorithms = RS256 PS256 ES256 ES384 EdDSA' 'require = groups = ssh-users' \
        "jwks_uri = https://localhost:$PORT/$1" "$2" >"$conf.conf"
    fill_cache "$conf" "$1"
}
# CONF NAME: all keys of that set, since a smaller one would be quicker
fill_cache() {
    "${AS[@]}" "$FETCH" -c "$W/$1.conf" -i corp -r manual >/dev/null || die "nothing was fetched for $1"
    [[ $(grep -o '"thumbprint"' "$W/state-$1/"*.jwks | wc -l) -eq $(grep -o '"kid"' "$W/$2.jwks" | wc -l) ]] || die "$1: keys were left out"
}
empty_cache() { rm -f "$W/state-$1"/* "$W/run-$1"/*; }

# Certificates of the key with a token inside, and a thousand grants of which the last one lists it.
certificates() {
    local name i
    for name in RS256 ES256; do
        ssh-keygen -q -s id -I me -n "$U" -V -1m:+1h -O clear -O extension:jwks-token@pam-jwks="$(<"$name.token")" id.pub
        mv id-cert.pub "$name-cert.pub"
    done
    sed "s|/none|/grants|" ES256.conf >grants.conf
    mkdir "grants/$U"
    for ((i = 0; i < 999; i++)); do cp ES256-other.token "grants/$U/0$i.jwt"; done
    cp ES256-grant.token "grants/$U/1.jwt"
}
