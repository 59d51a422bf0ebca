#!/usr/bin/env bash
# examples/bastion: its own files, on two real sshds, let the right people through to the right hosts, and no further.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=login.bash
. "$(dirname "$0")/login.bash"
e2e_begin "$@"
need_packages xauth
surroundings_without_zone
BASTION=127.0.0.1 APP=127.0.1.2 DB=127.0.1.3 ELSEWHERE=127.0.0.4       # app and db are two addresses of one host

# --- people: we are alice; carol has another account on the bastion, and each of the others is in one group less than we ---

for group in dev ops; do
    useradd -M -s /usr/sbin/nologin "$U-$group"
    defer "wait_for 5 userdel '$U-$group' 2>/dev/null"
done
jq --arg u "$U" '.[$u] as $alice | .[$u].groups += ["/bastion", "/developers"]
    | .carol = ($alice + {sub: "ca401", preferred_username: "carol", groups: ["/bastion", "/developers"]})
    | .visitor = ($alice + {sub: "41517", preferred_username: $u, groups: ["/bastion"]})
    | .outsider = ($alice + {sub: "0375", preferred_username: $u, groups: ["/developers"]})' "$W/users.json" >"$W/users.new"
mv "$W/users.new" "$W/users.json"
provider_stop corp
provider_start corp "${PROVIDER[@]}"

# --- two hosts, with the example's files: only hosts, ports, paths and names are ours ---

BASTION_PORT=$(free_port) INNER_PORT=$(free_port)
# HOST FILE: as that host has it, in $W/etc
example() {
    sed -e "s,/usr/libexec/pam-jwks/jwks-authorized-keys,$PREFIX/libexec/pam-jwks/jwks-authorized-keys -c $W/etc/$1-jwks.conf," \
        -e "s,^\[global\]$,&\nstate_dir = $W/$1-state\nrun_dir = $W/$1-run\ngrants_dir = $W/$1-grants\nclock_skew = 0," \
        -e "/^min_uid/a fetch_helper = $PREFIX/libexec/pam-jwks/jwks-fetch" \
        -e "s,^\(issuer *= \)https://login.*,\1$(op corp ISSUER)\nca_file = $W/etc/corp-ca.pem,; s,ssh-prod,ssh-RS256," \
        -e "s,app.internal.example.com:22,$APP:$INNER_PORT,g; s,db.internal.example.com:22,$DB:$INNER_PORT,g" \
        -e "s,192\.0\.2\.10,$BASTION," \
        -e "s,\*\.internal\.example\.com,127.0.1.*,; s,bastion\.example\.com,$BASTION," \
        -e "s,/etc/jwks/,$W/etc/,; s,^\[service sshd\],[service $SVC-$1],; s,jump-,$U-,g; s,alice,$U,g" \
        "$TOP/examples/${3:-bastion}/$2" >"$W/etc/$2"
}
# HOST PORT ADDRESS...
start_host() {
    example "$1" "$1-jwks.conf"
    example "$1" "$1-sshd.conf"
    install -d -o jwks -g jwks -m 755 "$W/$1-state" "$W/$1-run"
    install -d -o root -g jwks -m 750 "$W/$1-grants"
    sed "s,pam_jwks\.so,$PREFIX/lib/security/& conf=$W/etc/$1-jwks.conf," "$TOP/examples/pam.d/sshd" >"/etc/pam.d/$SVC-$1"
    defer "rm -f '/etc/pam.d/$SVC-$1'"
    ssh-keygen -q -t ed25519 -N '' -f "$W/$1-hostkey"
    printf '%s\n' "Include $W/etc/$1-sshd.conf" "Port $2" "HostKey $W/$1-hostkey" "PidFile $W/$1.pid" 'LogLevel DEBUG1' \
        'X11Forwarding yes' 'Subsystem sftp internal-sftp' >"$W/$1_config"
    printf 'ListenAddress %s\n' "${@:3}" >>"$W/$1_config"
    sed -E 's/^( *)#((Channel|UnusedConnection)Timeout)/\1\2/' "$W/etc/$1-sshd.conf" >"$W/etc/newer"
    if /usr/sbin/sshd -t -h "$W/$1-hostkey" -f "$W/etc/newer"; then mv "$W/etc/newer" "$W/etc/$1-sshd.conf"; fi
    run_sshd "$1" "$SVC-$1"
    for address in "${@:3}"; do echo "[$address]:$2 $(cut -d' ' -f1,2 "$W/$1-hostkey.pub")" >>"$W/known_hosts"; done
}
signer() { ISSUER=https://signer.example.com "$TOP/examples/bastion/grant.sh" "$@"; }
signer new "$W/signer.pem" >"$W/etc/signer.jwks"
example bastion bastion.map
start_host bastion "$BASTION_PORT" "$BASTION"
start_host inner "$INNER_PORT" "$APP" "$DB"

# --- a person: the example's ssh_config; certificates are made here, so that they can be wrong ---

install -d -m 700 -o "$U" "$USER_HOME/.ssh"
make_key_folder "$USER_HOME/.ssh/jwks"
for key in corp thief granted; do new_key "$key" -t ed25519; done
example bastion ssh_config
ln -s /bin/true "$W/bin/jwks-login"
sed -i "s,jwks-login --quiet,$W/bin/&," "$W/etc/ssh_config"
printf '%s\n' "Host $BASTION" "Port $BASTION_PORT" 'Host 127.0.1.*' "Port $INNER_PORT" 'Host *' 'StrictHostKeyChecking yes' \
    "UserKnownHostsFile $W/known_hosts" 'BatchMode yes' 'IdentityAgent none' >>"$W/etc/ssh_config"
by_example() { as_user timeout --foreground 60 ssh -F "$W/etc/ssh_config" "$@" </dev/null; }
# TOKEN PRINCIPALS [ssh-keygen's options]: our key's certificate, with what is needed to go through
carry() { certify corp corp "$2" "$1" -O permit-port-forwarding "${@:3}"; }

# NAME WANT [ssh's options]: to the host behind.  WANT is `in`, or ACCOUNT:REASON, who is refused and the log's word for it.
reach() {
    local mark got=out
    mark=$(log_lines)
    if by_example "${@:3}" "$APP" "$GREETING" >"$W/out" 2>&1 && grep -q "^LOGGED-IN as $U\$" "$W/out"; then got=in; fi
    cat "$W/out" >>"$LOGS/clients"
    if [[ $2 == in && $got == in ]] && log_has "$mark" "decision=allow user=$U-dev " &&
        log_has "$mark" "decision=allow user=$U "; then
        pass "$1"
    elif [[ $2 != in && $got == out ]] && log_has "$mark" "user=\"?${2%:*}\"? (.* )?reason=${2#*:} " &&
        { [[ $2 != "$U":* ]] || log_has "$mark" "decision=allow user=$U-dev "; }; then
        pass "$1"
    else
        fail "$1: $got, wanted: $2"
        tail -n 5 "$W/out" | sed 's/^/      /'
        show_log "$mark"
    fi
}
# TARGET [ssh's options]: is it open from the bastion?
opens() { [[ $(by_example "${@:2}" -W "$1" "$BASTION" 2>>"$LOGS/clients" | head -c 8) == SSH-2.0- ]]; }
# PATTERN SSH-ARGUMENTS...: what comes of it has such a line
shows() {
    by_example "${@:2}" >"$W/out" 2>&1 || echo "status $?" >>"$W/out"
    tee -a "$LOGS/clients" <"$W/out"
    grep -Eq "$1" "$W/out"
}
# ADDRESS PATTERN: the same, of a login to the host behind from that address
straight_from() { shows "$2" -o ProxyJump=none -b "$1" "$APP" "$GREETING"; }

# --- through ---

mint_for good corp
carry good "$U,$U-dev"
mark=$(log_lines)
reach "a member of both groups gets to the host behind, by one certificate" in
logged "PAM has a session on the bastion, too, which systemd could end" "$mark" "$SVC-bastion:session\\): session opened .*$U-dev"
try "and to the other one only by an account that may" not opens "$DB:$INNER_PORT"
try "control: to the first one it is open" opens "$APP:$INNER_PORT"
mint_for carol corp --user carol
carry carol "carol,$U-dev,$U-ops"
try "carol's other account reaches both: this one" opens "$APP:$INNER_PORT" -l "$U-ops"
try "and the other one" opens "$DB:$INNER_PORT" -l "$U-ops"
sed -i.whole "s/,permitopen=\"$DB:[0-9]*\"//" "$W/etc/bastion-jwks.conf"
try "but not if key_options does not name it" not opens "$DB:$INNER_PORT" -l "$U-ops"
mv "$W/etc/bastion-jwks.conf.whole" "$W/etc/bastion-jwks.conf"
carry carol "$U,$U-dev,$U-ops"
reach "on the host behind carol is not we" "$U:user"

# --- and no further ---

carry good "$U,$U-dev" -O permit-agent-forwarding -O permit-X11-forwarding -O permit-user-rc
try "the bastion opens no other port, not even its own" not opens "$BASTION:$BASTION_PORT"
mark=$(log_lines)
try "no command runs on it" shows 'open failed' "$BASTION" "$GREETING"
logged "though the key is let in" "$mark" "decision=allow user=$U-dev "
try "no shell" shows 'open failed' -tt "$BASTION"
try "no subsystem" shows 'open failed' -s "$BASTION" sftp
for listen in 0 "/tmp/$SVC"; do
    try "it does not listen for us (-R $listen)" shows 'remote port forwarding failed' -o ExitOnForwardFailure=yes \
        -R "$listen:localhost:1" "$BASTION" "$GREETING"
done
# shellcheck disable=SC2016    # the session's shell expands it
SHOW='echo "agent=${SSH_AUTH_SOCK:-none} display=${DISPLAY:-none}"'
start_daemon "$LOGS/agent" "${AS_USER[@]}" ssh-agent -D -a "$K/agent"
wait_for 10 test -S "$K/agent"
with_agent_and_display() {
    AS_USER+=(DISPLAY=:99 HOME="$USER_HOME" TMPDIR="$K")
    shows "$1" -A -Y -o IdentityAgent="$K/agent" "$APP" "$SHOW"
}
try "on the host behind neither agent nor X11 is forwarded" with_agent_and_display '^agent=none display=none$'
sed -i.whole 's/^key_options.*/key_options = no-user-rc/' "$W/etc/inner-jwks.conf"
try "control: without restrict both are" with_agent_and_display '^agent=/.* display=.*:'
mv "$W/etc/inner-jwks.conf.whole" "$W/etc/inner-jwks.conf"
mark=$(log_lines)
try "past the bastion, from another address, the key is refused" straight_from "$ELSEWHERE" 'Permission denied'
logged "though the token is good" "$mark" "decision=allow user=$U "
try "control: from the bastion's it is not" straight_from "$BASTION" '^LOGGED-IN'

# --- other people, other accounts ---

mint_for outsider corp --user outsider
carry outsider "$U,$U-dev"
reach "who is not in the bastion's group is refused there" "$U-dev:claim"
mint_for visitor corp --user visitor
carry visitor "$U,$U-dev"
reach "who is not in the other host's group is refused there" "$U:claim"
carry good "$U,$U-dev"
reach "the certificate does not name the bastion's other account" "$U-ops:user" -J "$U-ops@$BASTION"
carry good "$U,$U-dev,$U-ops"
reach "and naming it does not open it" "$U-ops:user" -J "$U-ops@$BASTION"
reach "an account of the bastion is none of the host behind" "$U-dev:user" -l "$U-dev"
mint_for short corp --ttl 1
carry short "$U,$U-dev"
sleep 1.1                                   # clock_skew is 0
reach "a token that has expired" "$U-dev:expired"

# --- what the bastion has seen is of no use to it: the certificate, and so the token ---

carry good "$U,$U-dev"
try "control: with its key the certificate is good" straight_from "$BASTION" '^LOGGED-IN'
install -o "$U" -m 600 "$K/thief" "$K/corp"
try "with another key it opens nothing" straight_from "$BASTION" 'Permission denied'
cp "$K/thief.pub" "$K/corp.pub"
carry good "$U,$U-dev"
mark=$(log_lines)
try "nor does the token in a certificate of that key" straight_from "$BASTION" 'Permission denied'
logged "to which it is not bound" "$mark" "decision=deny user=$U .*reason=unbound "
rm "$K/corp-cert.pub"

# --- grants ---

install -o "$U" -m 600 "$K/granted" "$K/corp"
cp "$K/granted.pub" "$K/corp.pub"
reach "a plain key without a grant" "$U-dev:unbound"
# HOST ACCOUNT KEY
grant() {
    signer "$W/signer.pem" "$2" 1 "$K/$3.pub" >"$T/grant-$1"
    install -d -o root -g jwks -m 750 "$W/$1-grants/$2"
    install -m 640 -o root -g jwks "$T/grant-$1" "$W/$1-grants/$2/machine.jwt"
}
grant bastion "$U-dev" granted
reach "a grant on the bastion opens only that" "$U:unbound"
grant inner "$U" granted
reach "grants on both hosts let it through" in
grant inner "$U" thief
reach "a grant for another key" "$U:unbound"

# --- and with jwks-login itself, by the login.conf that ssh_config tells of ---

by_jwks_login() {
    rm "$K"/*
    chmod 700 "$K"
    install -d -m 700 -o "$U" "$W/browser" "$USER_HOME/.config" "$USER_HOME/.config/jwks"
    {
        sed -n 's/^#     //p' "$W/etc/ssh_config" | sed "s,https://login.*,$(op corp ISSUER),"
        printf '%s\n' "ca_file = $W/etc/corp-ca.pem" "browser = $W/bin/browser" 'scope = openid profile groups'
    } >"$USER_HOME/.config/jwks/login.conf"
    ln -sf "$PREFIX/bin/jwks-login" "$W/bin/jwks-login"
    browser_is
    AS_USER+=(DISPLAY=:99)
    reach "plain ssh opens the browser and goes through" in
    try "by a certificate for both accounts" grep -qx "$U,$U-dev" <(ssh-keygen -Lf "$K/corp-cert.pub" |
        sed -n '/Principals:/,/Critical/{//d;s/ *//;p}' | paste -sd,)
}
if [[ -z ${JWKS_HOSTILE:-} ]]; then by_jwks_login
else skip "jwks-login, in hostile surroundings" "it is the person's own program, and obeys the person's environment"; fi
e2e_end
