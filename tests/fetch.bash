# shellcheck shell=bash disable=SC2034,SC2154
# Shared by fetch.sh and fetch-cache.sh: a cache, a provider that lies and stalls, one run of jwks-fetch.
# SPDX-License-Identifier: Apache-2.0
here=${top_srcdir:+$top_srcdir/tests}
here=${here:-$(cd "$(dirname "$0")" && pwd)}
build=${top_builddir:-$here/..}
helper=${JWKS_FETCH:-$build/jwks_fetch/jwks-fetch}
[[ -x $helper ]] || { echo "no jwks-fetch: $helper"; exit 1; }
if ! [[ -x /usr/bin/python3 ]] || ! command -v openssl >/dev/null; then
    echo "no python3 or openssl"
    exit 77
fi

# --- a folder whose parents are trusted; as root the cache belongs to a user that exists nowhere ---

if [[ $(id -u) -eq 0 ]]; then
    W=$(mktemp -d /run/jwks-fetch-test.XXXXXX) owner=64123
    as_owner=(setpriv --reuid "$owner" --regid "$owner" --clear-groups)
else
    W=$(mktemp -d "${XDG_RUNTIME_DIR:-$PWD}/jwks-fetch-test.XXXXXX") owner=$(id -u)
    as_owner=(env)
fi
provider=
clean_up() {
    if [[ -n $provider ]]; then kill "$provider" 2>/dev/null && wait "$provider" 2>/dev/null; fi
    rm -rf "$W"
}
trap clean_up EXIT
chmod 755 "$W"
mkdir "$W/p" "$W/state" "$W/run"
chown "$owner" "$W/state" "$W/run"
cp "$helper" "$W/jwks-fetch"            # the owner may not be able to reach the build folder
cp -L "${helper%/*}/jwks-http.so" "$W"
chmod 644 "$W/jwks-http.so"
chmod 755 "$W/jwks-fetch" "$W/p"

# PATH...: of the build, copies in $W/lib that whoever reads the cache can reach, with the library beside them; what libtool leaves
# in the build folder is a script.
copy_built() {
    local file
    mkdir "$W/lib"
    for file in "$@" libjwkscore/.libs/libjwkscore.so.0; do
        [[ -e $build/$file ]] || { echo "not built: $file"; exit 1; }
        cp -L "$build/$file" "$W/lib"
    done
    chmod -R a+rX "$W/lib"
}

echo '{}' >"$W/p/script.json"
/usr/bin/python3 -W ignore "$here/provider.py" "$W/p" & provider=$!
for ((i = 0; i < 300; i++)); do [[ -s $W/p/ports.json ]] && break; sleep 0.1; done
tool() { /usr/bin/python3 "$here/fetchtool.py" "$@"; }
port() { sed "s/.*\"$1\": \([0-9]*\).*/\1/" "$W/p/ports.json"; }
good=https://localhost:$(port good)

# --- configuration: `corp` by discovery, `fixed` by address, `m` with mirrors, one for each bad certificate ---

section() {             # NAME ISSUER [LINE...]
    printf '\n[issuer %s]\nissuer = %s\naudience = x\nuser_claim = sub\n' "$1" "$2"
    shift 2
    if (($#)); then printf '%s\n' "$@"; fi
}
bad_certificates="wrong-host expired not-yet self-signed unknown-ca sha1 no-intermediate"
ca="ca_file = $W/p/ca.pem"
{
    printf '[global]\nstate_dir = %s\nrun_dir = %s\n' "$W/state" "$W/run"
    section corp "$good" "$ca"
    section fixed "$good/fixed" "$ca" "jwks_uri = $good/jwks"
    section m "$good/m" "$ca" "jwks_uri = $good/jwks" "mirror = $good/mirror1" "mirror = $good/mirror2"
    section system "$good/system" "jwks_uri = $good/jwks"
    section nohost https://nonexistent.invalid "$ca"
    section closed https://localhost:1 "$ca" "jwks_uri = https://localhost:1/jwks"
    for name in $bad_certificates old-tls; do
        section "$name" "$good/$name" "$ca" "jwks_uri = https://localhost:$(port "$name")/jwks"
    done
} >"$W/jwks.conf"

# --- one run, and what came of it ---

passed=0 failures=0 case=
ok() { passed=$((passed + 1)); }
bad() { failures=$((failures + 1)); printf 'FAIL %s: %s\n' "$case" "$*"; sed 's/^/     /' "$W/log"; }
is() { if [[ $2 == "$3" ]]; then ok; else bad "$1 is \`$2', not \`$3'"; fi; }        # WHAT GOT WANTED
has() { if grep -q -- "$1" "$W/log"; then ok; else bad "not in the log: $1"; fi; }
lacks() { if grep -q -- "$1" "$W/log"; then bad "in the log: $1"; else ok; fi; }

read -ra wrapper <<<"${WRAPPER:-}"      # such as valgrind
command=("${as_owner[@]}" "${wrapper[@]}" "$W/jwks-fetch" --conf "$W/jwks.conf" --verbose)
become_helper() { exec "${command[@]}" "$@"; }
helper_run() { (become_helper "$@"); }
# ISSUER REASON [OPTION...]: sets outcome, http, next and size from the answer, and exit.
fetch() {
    local issuer=$1 reason=$2
    shift 2
    read -r outcome http next size < <({ helper_run --issuer "$issuer" --reason "$reason" --wait-ms 8000 "$@" \
        3>&1 1>/dev/null 2>"$W/log"; echo $? >"$W/exit"; } | tool answer || echo none 0 0 0)
    exit=$(<"$W/exit")
}
script() { printf '%s\n' "$1" >"$W/p/script.new"; mv "$W/p/script.new" "$W/p/script.json"; }
well_known=/.well-known/openid-configuration
discovery="\"$well_known\": {\"json\": {\"issuer\": \"$good\", \"jwks_uri\": \"$good/jwks\"}}"
serve() { script "{$discovery, \"/jwks\": $1}"; }        # BEHAVIOUR of /jwks
tool jwks a b c >"$W/p/all.json"
keys() { tool pick "$W/p/all.json" "$@" >"$W/p/jwks.json"; }     # KID...: what is published from now on
hits() { awk -v path="\"path\": \"$1\"" 'index($0, path) { n++ } END { print n + 0 }' "$W/p/requests.log"; }
last_request() { tail -n 1 "$W/p/requests.log"; }
forget_requests() { : >"$W/p/requests.log"; }
begin() {               # NAME: with an empty cache
    case=$*
    chmod 755 "$W/state" "$W/run"
    find "$W/state" "$W/run" -mindepth 1 -delete
    : >"$W/log"
    forget_requests
}
file() { echo "$W/$1/"*."$2"; }
member() { tool head "$(file state jwks)" "$1"; }
older() { tool age "$(file state jwks)" "$@"; }
sum() { sha256sum <"$(file state jwks)"; }
calm() { rm -f "$W"/run/*.state; }       # forgets back-off and flood limit
usual='{"body_file": "jwks.json"}'
started_request() { for ((i = 0; i < 50; i++)); do [[ $(hits "$1") == 1 ]] && return; sleep 0.1; done; }
end_suddenly() {        # PID: it may have ended already
    set +e
    kill -KILL "$1"
    wait "$1"
    set -e
} 2>/dev/null

end() { printf '%d passed, %d failed\n' "$passed" "$failures"; ((passed > 0 && failures == 0)); }
