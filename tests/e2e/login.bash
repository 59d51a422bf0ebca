# shellcheck shell=bash disable=SC2034,SC2119,SC2120     # the scripts beside this one use what is not used here
# What login.sh, login-attacks.sh and login-chromium.sh share: a person with jwks-login and a browser, and hosts that take keys
# and tokens.
# SPDX-License-Identifier: Apache-2.0

# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"
PROVIDER=(--dev-interactions --record)
AT=host1.example.com                    # plain `ssh $AT` is what this is all about

login_begin() {
    e2e_begin "$@"
    need_packages iproute2 keyutils
    # shellcheck disable=SC2016         # later
    defer 'pkill -u "$U"'               # what jwks-login may have left running is of an account that goes away
    start_sshd 'PubkeyAuthentication yes' 'PasswordAuthentication no' 'AuthorizedKeysFile none' 'MaxAuthTries 20' \
        "AuthorizedKeysCommand $PREFIX/libexec/pam-jwks/jwks-authorized-keys -c $CONF %u %t %k" 'AuthorizedKeysCommandUser jwks'
    HOME_SSH=$USER_HOME/.ssh
    D=$HOME_SSH/jwks                    # where jwks-login keeps things
    PERSON=(DISPLAY=:99)                # what stands in the person's environment: a browser could show itself
    install -d -m 700 -o "$U" -g "$U" "$W/browser" "$HOME_SSH" "$USER_HOME/.config" "$USER_HOME/.config/jwks"
    login_conf
    ssh_config
    browser_is
    make_good
}

# [LINE...]: a login.conf with these lines, in place of ours where they name the same.
login_conf() {
    local line
    {
        echo '[corp]'
        printf '%s\n' "$@"
        for line in "issuer = $(op corp ISSUER)" 'client_id = ssh-RS256' "ca_file = $W/etc/corp-ca.pem" "browser = $W/bin/browser"; do
            [[ " $* " == *" ${line%% *} = "* ]] || echo "$line"
        done
    } | install -m 644 /dev/stdin "$USER_HOME/.config/jwks/login.conf"
}

# The recipe of jwks-login(1), and where the host really is.
ssh_config() {
    install -m 600 -o "$U" -g "$U" /dev/stdin "$HOME_SSH/config" <<EOF
Match host *.example.com exec "jwks-login --quiet corp"
    IdentityFile ~/.ssh/jwks/corp
    CertificateFile ~/.ssh/jwks/corp-cert.pub
    IdentitiesOnly yes

Host *.example.com
    HostName 127.0.0.1
    Port $PORT
    UserKnownHostsFile $W/known_hosts
    GlobalKnownHostsFile none
    BatchMode yes
EOF
}

# [browser.py's options]: what `--browser` is from now on.
browser_is() {
    printf '%s\n' '#!/bin/sh' "exec $W/bin/browser.py --ca ${BROWSER_CA:-$W/etc/corp-ca.pem} --login $U --out $W/browser $* \"\$@\"" |
        install -m 755 /dev/stdin "$W/bin/browser"
    browser_forgets
}
browser_forgets() { rm -f "$W/browser"/*; }
# It writes down what it saw, perhaps after jwks-login's end.
browser_ends() { wait_for 10 not pgrep -u "$U" -f "$W/bin/browser.py" >/dev/null || echo "the browser is still there"; }

person() { as_user PATH="$PREFIX/bin:/usr/local/bin:/usr/bin:/bin" "${PERSON[@]}" "$@"; }

# [ARGUMENT...]: jwks-login as that person; STATUS, $W/stdout and $W/stderr say what came of it.
UNDER=()                                # what it runs under
login() {
    STATUS=0
    browser_forgets
    "${UNDER[@]}" "${AS_USER[@]}" PATH="$PREFIX/bin:/usr/local/bin:/usr/bin:/bin" "${PERSON[@]}" timeout --foreground 90 \
        jwks-login "$@" >"$W/stdout" 2>"$W/stderr" </dev/null || STATUS=$?
    browser_ends
    cat "$W/stderr" >>"$LOGS/clients"
    [[ " $* " == *' --token '* ]] || cat "$W/stdout" >>"$LOGS/clients"
}
is() { [[ $1 == "$2" ]] || { echo "$1, not $2"; return 1; }; }
# [ARGUMENT...]: the same in the background, until login_ends.
login_begins() {
    browser_forgets
    person timeout --foreground 90 jwks-login "$@" >"$W/stdout" 2>"$W/stderr" </dev/null &
    BEGUN=$!
}
login_ends() {
    STATUS=0
    wait "$BEGUN" || STATUS=$?
    cat "$W/stderr" >>"$LOGS/clients"
}
# SIGNAL
login_gets() { kill "-$1" "$(pgrep -u "$U" -x jwks-login)"; }
said() { cut -c 1-300 "$W/stdout" "$W/stderr" | sed 's/^/      /'; }

# NAME [ARGUMENT...]: it does what is asked.
login_works() {
    login "${@:2}"
    has_worked "$1"
}
has_worked() {
    if [[ $STATUS -eq 0 ]]; then pass "$1"; else fail "$1: exit status $STATUS"; said; fi
}

# NAME STATUS PATTERN [ARGUMENT...]: it ends so, says so, and the person's files are what they were.
login_fails() {
    local before
    before=$(persons_files)
    login "${@:4}"
    if [[ $STATUS =~ ^$2$ && ! -s $W/stdout && $(persons_files) == "$before" ]] &&
        grep -Eq -- "^jwks-login: .*($3)" "$W/stderr"; then
        pass "$1"
    else
        fail "$1: exit status $STATUS, wanted $2 and /$3/"
        said
        diff <(echo "$before") <(persons_files) | sed 's/^/      /' || true
    fi
}

# Everything of theirs but the cache of keys: names, modes and contents.  (A folder that jwks-login has made may stay.)
persons_files() {
    find "$USER_HOME" -path "$USER_HOME/.cache" -prune -o -printf '%P %y %m\n' | grep -vx '.ssh/jwks d 700' | sort
    find "$USER_HOME" -path "$USER_HOME/.cache" -prune -o -type f -exec sha256sum {} + | sort
    find /tmp /var/tmp /dev/shm -maxdepth 1 -ignore_readdir_race -user "$U" | sort
}

# [OPTION...]: plain ssh, and what it says.
ssh_plain() { person timeout --foreground 90 ssh "$@" "$AT" "$GREETING" </dev/null 2>>"$LOGS/clients"; }
# NAME [OPTION...]
ssh_works() { try "$1" lets_in ssh_plain "${@:2}"; }

# The person has an ssh-agent from now on.
agent_begin() {
    install -d -m 700 -o "$U" "$W/agent"
    start_daemon "$LOGS/agent" "${AS_USER[@]}" ssh-agent -D -a "$W/agent/s"
    wait_for 10 test -S "$W/agent/s"
    PERSON+=(SSH_AUTH_SOCK="$W/agent/s")
}

asked() { query_of "$W/browser/asked" "$1"; }
# FILE PARAMETER: of the URL in the file
query_of() {
    /usr/bin/python3 -c 'import sys, urllib.parse as u
print(dict(u.parse_qsl(u.urlsplit(open(sys.argv[1]).read().strip()).query)).get(sys.argv[2], ""))' "$@"
}
browsed() { [[ -e $W/browser/asked ]]; }

# FILE: the key's fingerprint as a nonce.
nonce_of() { cut -d' ' -f2 "$1" | base64 -d | openssl dgst -sha256 -binary | b64url; }
# FILE: what ssh-keygen says of a certificate, without the leading blanks.
certificate() { TZ=UTC ssh-keygen -L -f "$1" | sed 's/^ *//'; }
mode_is() { [[ $(stat -c '%a %U' "$2") == "$1 $U" ]]; }

# Each secret that the providers saw or gave becomes a file in $T, also as it stands in a certificate, which is in base64.
keep_secrets_of() {
    local number=0 secret before
    while read -r secret; do
        number=$((number + 1))
        echo "$secret" | keep_token "secret-$number"
        for before in '' - --; do
            printf '%s%s' "$before" "$secret" | base64 -w0 | cut -c 5- | keep_token "secret-$number-in-base64$before"
        done
    done < <(cat "$@" | jq -r '.[] | to_entries[] | select(.key | IN("code", "code_verifier", "device_code", "refresh_token",
        "access_token", "id_token", "client_secret")) | .value' | sort -u)
    note "$number secrets to look for"
}

extensions() { certificate "$1" | sed '1,/^Extensions:/d' | cut -d' ' -f1 | sort | paste -sd' '; }
principals() { certificate "$1" | sed '1,/^Principals:/d;/^Critical/,$d' | paste -sd' '; }
valid_until() { date -u -d "$(certificate "$1" | sed -n 's/^Valid: .* to //p')" +%s; }
# CLAIM: of the ID token that the provider gave last
last_token() {
    tail -n 1 "$W/corp/grants" | jq -r ".[1].id_token | split(\".\")[1] | gsub(\"-\"; \"+\") | gsub(\"_\"; \"/\") | @base64d | fromjson | .$1"
}

# --- a provider that lies ---

# It runs in $F, and is the person's from now on.
false_begin() {
    F=$W/false
    install -d "$F"
    lie '{}'
    start_daemon "$LOGS/false-provider" /usr/bin/python3 "$TOP/tests/e2e/false_provider.py" "$F"
    wait_for 60 test -s "$F/ports.json" || die "the false provider did not start"
    ISSUER=https://localhost:$(jq .good "$F/ports.json")
    install -m 644 "$F/ca.pem" "$W/etc/false-ca.pem"
    BROWSER_CA=$W/etc/false-ca.pem browser_is
    at_false
}
# SCRIPT (JSON): how it lies from now on
lie() { printf '%s\n' "$1" >"$F/script.new"; mv "$F/script.new" "$F/script.json"; }
# [LINE...]: a login.conf for it
at_false() { login_conf "issuer = $ISSUER" "ca_file = $W/etc/false-ca.pem" "$@"; }
