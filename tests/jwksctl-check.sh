#!/usr/bin/env bash
# jwksctl check finds each fault of a host that it promises to find, names what mends it, and finds nothing on a good one.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1003,SC1091,SC2016,SC2034,SC2154
set -euo pipefail
[[ $(id -u) -eq 0 ]] || { echo "needs root: owners of files, an account, sshd -T"; exit 77; }
sshd=/usr/sbin/sshd
for program in "$sshd" /usr/sbin/useradd strace ssh-keygen; do
    command -v "$program" >/dev/null || { echo "no $program"; exit 77; }
done
. "${top_srcdir:-$(dirname "$0")/..}/tests/fetch.bash"

# --- a host on which all is well ---

keeper=jwkst$$
end_account() { if getent passwd "$keeper" >/dev/null; then userdel "$keeper" 2>"$W/log"; fi; }
trap 'end_account; clean_up' EXIT
useradd -r -M -d /nonexistent -s /usr/sbin/nologin "$keeper"
chown "$keeper:$keeper" "$W/state" "$W/run"
mkdir -p /run/sshd
mkdir "$W/grants" "$W/cron" "$W/units" "$W/etc"
copy_built jwksctl/.libs/jwksctl nss_helper/jwks-authorized-keys pam_jwks/.libs/pam_jwks.so
chmod 755 "$W/lib/jwks-authorized-keys"
chgrp "$keeper" "$W/grants"
chmod 750 "$W/grants"
if [[ $(ldd "$W/jwks-fetch") == *libasan* ]]; then      # which cannot look for leaks where a process has confined itself
    mv "$W/jwks-fetch" "$W/lib"
    cp "$W/jwks-http.so" "$W/lib"       # each has it beside it
    printf '#!/bin/sh\nASAN_OPTIONS=detect_leaks=0 exec %s "$@"\n' "$W/lib/jwks-fetch" >"$W/jwks-fetch"
    chmod 755 "$W/jwks-fetch"
fi
ssh-keygen -q -t ed25519 -N '' -f "$W/hostkey"
conf=$W/etc/jwks.conf
keys_line="AuthorizedKeysCommand $W/lib/jwks-authorized-keys -c $conf %u %t %k"
write_conf() {          # [LINE...]: more of the issuer's
    printf '[global]\nstate_dir = %s\nrun_dir = %s\nfetch_helper = %s\ngrants_dir = %s\n' "$W/state" "$W/run" "$W/jwks-fetch" \
        "$W/grants" >"$conf"
    section corp "$good" "$ca" "$@" >>"$conf"
}
write_sshd() {          # [LINE...]: before the usual ones, so that they count
    printf '%s\n' "$@" "HostKey $W/hostkey" "UsePAM yes" "KbdInteractiveAuthentication yes" "PasswordAuthentication no" \
        "$keys_line" "AuthorizedKeysCommandUser $keeper" >"$W/sshd_config"
}
usual_auth="auth [success=done default=ignore] $W/lib/pam_jwks.so conf=$conf"
usual_account="account required $W/lib/pam_jwks.so conf=$conf"
write_pam() {           # LINE...: what stands above a password
    rm -rf "$W/pam.d"
    mkdir "$W/pam.d"
    printf '%s\n' 'auth [success=1 default=ignore] pam_unix.so nullok' 'auth requisite pam_deny.so' 'auth required pam_permit.so' \
        >"$W/pam.d/common-auth"
    printf '%s\n' "$@" '@include common-auth' 'account required pam_unix.so' >"$W/pam.d/sshd"
}
good_host() {           # NAME: begins a case on it
    begin "$@"
    write_conf
    write_sshd
    write_pam "$usual_auth" "$usual_account"
    rm -f "$W"/cron/*
    echo "* * * * * $keeper $W/jwks-fetch --due" >"$W/cron/pam-jwks"
    keys a b
    serve "$usual"
}
# The clock of a container is another's: what adjtimex says of it is put in.
clock=0
through=(env)                           # what stands between
run_check() {
    local inject="adjtimex,clock_adjtime:retval=$clock"
    [[ $clock != E* ]] || inject="adjtimex,clock_adjtime:error=$clock"
    ASAN_OPTIONS=detect_leaks=0 LD_LIBRARY_PATH=$W/lib strace -o /dev/null -e trace=adjtimex,clock_adjtime -e "inject=$inject" \
        "${through[@]}" "$W/lib/jwksctl" -c "$conf" check --account "$keeper" --pam-dir "$W/pam.d" --sshd "$sshd" --sshd-config "$W/sshd_config" \
        --cron-dir "$W/cron" --units-dir "$W/units" "$@"
}
check() {               # [OPTION...]: sets code; findings are in $W/log
    code=0
    run_check "$@" >"$W/log" 2>&1 || code=$?
}
# LEVEL TEXT [OPTION...]: that finding is there, with what mends it, and is the exit status.
finds() {
    local level=$1 text=$2
    shift 2
    check "$@"
    if grep "^$level: " "$W/log" | grep -q -- "$text.*; fix: [^ ]"; then ok; else bad "no $level with: $text"; fi
    case $level in error) is "exit" "$code" 2 ;; warning) is "exit" "$code" 1 ;; esac
}
fine() {                # [OPTION...]: nothing is wrong
    check "$@"
    is "exit" "$code $(grep -c '^ok: ' "$W/log") $(grep -cE '^(warning|error): ' "$W/log")" "0 $(($(wc -l <"$W/log") - 1)) 0"
}

good_host "a good host"
fine
has '^ok: configuration: .*/jwks.conf: issuers: 1$'
has "^ok: account: $keeper "
has '^ok: files: '
has '^ok: PAM service sshd: '
has '^ok: sshd: OpenSSH [0-9]*\.[0-9]'
has '^ok: sshd: it asks for tokens by keyboard-interactive$'
has '^ok: AuthorizedKeysCommand: '
has '^ok: clock: '
has '^ok: issuer corp: .* was asked for its keys: new$'
has '^ok: issuer corp: keys that can be used: 2 (fresh)$'
has '^ok: schedule: '
has '^errors: 0, warnings: 0$'
forget_requests
fine
is "a fresh issuer is not asked again" "$(hits /jwks)" 0
fine --online
is "but with --online" "$(hits /jwks)" 1

good_host "whoever starts it ignores its children"
through=(env --ignore-signal=CHLD)
fine
through=(env)

begin usage
for arguments in "corp" "--bogus" "--online --offline" "--pam-dir"; do
    read -ra words <<<"$arguments"
    check "${words[@]}"
    is "$arguments" "$code $(grep -c '^usage: ' "$W/log")" "64 1"
done

good_host "as JSON"
write_conf "bogus = 1"
check --json
is exit "$code" 2
is "errors" "$(/usr/bin/python3 "$here/ctlcheck.py" check error bogus <"$W/log" 2>&1)" 1

# --- configuration and files ---

good_host "each line that is wrong"
write_conf "bogus = 1" "max_stale = ever"
finds error "configuration: $conf:[0-9]*: unknown key"
finds error "configuration: $conf:[0-9]*: .*max_stale"
good_host "no issuer"
printf '[global]\nmin_uid = 1000\n' >"$conf"
finds error 'has no issuer section'
good_host "no configuration"
rm "$conf"
finds error "configuration: $conf: No such file"

# PATH MODE TEXT: that mode of it is found, the good one not.
mode() {
    local was
    good_host "mode $2 of ${1#"$W"}"
    was=$(stat -c %a "$1")
    chmod "$2" "$1"
    finds error "$1 .*$3"
    chmod "$was" "$1"
    fine
}
mode "$conf" 664 'writable by others (mode 0664)'
mode "$W/etc" 777 'writable by others'
mode "$conf" 600 "keeps out $keeper"
mode "$W/etc" 700 "keeps out $keeper"
mode "$W/state" 775 'writable by others'
mode "$W/run" 757 'writable by others'
mode "$W/grants" 770 'writable by others'
mode "$W/jwks-fetch" 775 'writable by others'
mode "$W/jwks-fetch" 644 'is not executable'
mode "$W/jwks-fetch" 4755 'has a set-id bit'
mode "$W/jwks-http.so" 664 'writable by others'
mode "$W/jwks-http.so" 2644 'has a set-id bit'
mode "$W/jwks-http.so" 600 "keeps out $keeper"
mode "$W/p/ca.pem" 666 'writable by others'
mode "$W/p/ca.pem" 640 "keeps out $keeper"
mode "$W/lib/pam_jwks.so" 666 'writable by others'
mode "$W/lib/jwks-authorized-keys" 775 'writable by others'
mode "$W/lib" 775 'writable by others'
mode "$W/pam.d" 775 'writable by others'
mode "$W/pam.d/sshd" 664 'writable by others'
mode "$W/pam.d/common-auth" 666 'writable by others'
mode "$W/sshd_config" 666 'writable by others'

good_host "a file that everybody may name"
chown 64123 "$conf"
finds error "$conf belongs to uid 64123"
chown 0 "$conf"
ln -s "$W/etc" "$W/link"
conf=$W/link/jwks.conf
finds error "$W/link is a symbolic link"
conf=$W/etc/jwks.conf
good_host "a folder on the way to two files, said once"
chmod 775 "$W/p"
write_conf "user_map = $W/p/map"
: >"$W/p/map"
finds error "$W/p is writable"
is "findings" "$(grep -c "$W/p is writable" "$W/log")" 1
chmod 755 "$W/p"
good_host "jwks-fetch without its module"
fine
mkdir "$W/alone"
cp "$helper" "$W/alone/jwks-fetch"
chmod 755 "$W/alone/jwks-fetch"
write_conf
sed -i "s,^fetch_helper = .*,fetch_helper = $W/alone/jwks-fetch," "$conf"
finds error "fetch_helper: $W/alone/jwks-http.so: No such file"
is "findings" "$(grep -c 'fetch_helper.*; fix: install it again' "$W/log") $(grep -c fetch_helper "$W/log")" "1 1"
rm "$W/alone/jwks-fetch"
finds error "fetch_helper: $W/alone/jwks-fetch: No such file"
printf '#!/bin/sh\nexec %s "$@"\n' "$W/jwks-fetch" >"$W/alone/jwks-fetch"
chmod 755 "$W/alone/jwks-fetch"
fine
rm "$W/alone/jwks-fetch"
mkfifo "$W/alone/jwks-fetch"
through=(timeout 30)
finds error "fetch_helper: $W/alone/jwks-fetch is something else"
through=(env)
good_host "jwks-fetch with a module that it does not load"
mv "$W/jwks-http.so" "$W/moved.so"
: >"$W/jwks-http.so"
finds error "fetch_helper: $W/jwks-http.so is empty"
ln -sf moved.so "$W/jwks-http.so"
finds error "fetch_helper: $W/jwks-http.so is a symbolic link"
has '; fix: install it again'
mv "$W/moved.so" "$W/jwks-http.so"
chown 64123 "$W/jwks-http.so"
finds error "fetch_helper: $W/jwks-http.so belongs to uid 64123"
chown 0 "$W/jwks-http.so"
fine
good_host "jwks-fetch of no bytes"
: >"$W/empty"
chmod 755 "$W/empty"
write_conf
sed -i "s,^fetch_helper = .*,fetch_helper = $W/empty," "$conf"
finds error "fetch_helper: $W/empty is empty"
good_host "a user_map that is not there"
write_conf "user_map = $W/nosuch"
finds error "user_map: $W/nosuch: No such file"
good_host "a jwks_file of somebody else's"
cp "$W/p/jwks.json" "$W/corp.jwks"
section filed "$good/filed" "jwks_file = $W/corp.jwks" >>"$conf"
fine
chown 64123 "$W/corp.jwks"
finds error "jwks_file: $W/corp.jwks belongs to uid 64123"
finds error 'issuer filed: no usable keys: fault: .*corp.jwks'

good_host "grants that everybody can read"
chmod 755 "$W/grants"
finds warning 'lets everybody read it'
chmod 750 "$W/grants"
good_host "a grant that others could change"
mkdir "$W/grants/alice"
echo x >"$W/grants/alice/a.jwt"
fine
chmod 666 "$W/grants/alice/a.jwt"
finds error 'grants_dir: .*/grants/alice: a.jwt is writable'
chmod 777 "$W/grants/alice"
finds error 'grants_dir: .*/grants/alice is writable'
chmod 644 "$W/grants/alice/a.jwt"
chmod 750 "$W/grants/alice"
finds warning "grants_dir: .*/alice (mode 0750) keeps out $keeper"
chgrp "$keeper" "$W/grants/alice"
chmod 640 "$W/grants/alice/a.jwt"
finds warning "grants_dir: .*/alice/a.jwt (mode 0640) keeps out $keeper"
chgrp "$keeper" "$W/grants/alice/a.jwt"
fine
chmod 751 "$W/grants"
finds warning 'lets everybody read it'
chmod 750 "$W/grants"
chgrp 64123 "$W/grants"
finds warning 'lets a group read it'
chgrp 0 "$W/grants"
finds warning "grants_dir: $W/grants (mode 0750) keeps out $keeper"
chgrp "$keeper" "$W/grants"
mv "$W/grants/alice" "$W/grants/Alice"
finds warning 'grants_dir: .*/Alice: no account can have that name'
rm -r "$W/grants/Alice"

# --- the account ---

good_host "no account"
finds error 'there is no account nosuch' --account nosuch
good_host "the account root"
finds error 'root has uid 0' --account root
good_host "a login shell"
usermod -s /bin/sh "$keeper"
finds warning "$keeper has the login shell /bin/sh"
usermod -s /usr/sbin/nologin "$keeper"
good_host "a password"
usermod -p '$6$a$b' "$keeper"
finds warning "$keeper has a password"
usermod -p '' "$keeper"
finds warning "$keeper has a password"
usermod -p '!' "$keeper"
good_host "somebody else's cache"
chown 64123 "$W/state"
finds error "account: $W/state (state_dir) belongs to uid 64123 and not to $keeper"
chown root "$W/state"
finds error "$W/state (state_dir) .*never fetched as root"
chown "$keeper" "$W/state"
chown 64123 "$W/run"
finds error "account: $W/run (run_dir) belongs to"
chown "$keeper" "$W/run"
fine

# --- jwks-fetch's confinement ---

helper_says() {         # LANDLOCK SECCOMP EXIT
    printf '#!/bin/sh\nif [ "$1" = --confinement ]; then printf "landlock %s\\nseccomp %s\\n"; exit %s; fi\nexec %s "$@"\n' "$@" \
        "$W/jwks-fetch" >"$W/fetch-shim"
    chmod 755 "$W/fetch-shim"
    write_conf
    sed -i "s,^fetch_helper = .*,fetch_helper = $W/fetch-shim," "$conf"
}
good_host confinement
helper_says 3 yes 0
fine
helper_says 0 yes 0
finds warning 'confinement: this kernel has no Landlock'
helper_says 3 no 0
finds warning 'confinement: jwks-fetch has no filter of system calls'
helper_says 3 yes 2
finds error 'confinement: .*--confinement fails'
case="what jwks-fetch says of its confinement"
"${as_owner[@]}" "$W/jwks-fetch" --confinement 2>&1 | cat >"$W/log"   # it can write no file
has '^landlock [0-9][0-9]*$'
if [[ $(ldd "$helper") == *libseccomp* ]]; then has '^seccomp yes$'; else has '^seccomp no$'; fi

# --- PAM ---

pam_finds() {           # NAME LEVEL TEXT LINE...
    good_host "$1"
    local level=$2 text=$3
    shift 3
    write_pam "$@"
    finds "$level" "PAM service sshd: .*$text"
}
ours="$W/lib/pam_jwks.so conf=$conf"
pam_finds "a jump past the password" error 'says authinfo_unavail, everybody is let in' \
    "auth [success=done authinfo_unavail=3 default=ignore] $ours" "$usual_account" 'auth required pam_warn.so'
sed -i '/pam_warn/d' "$W/pam.d/sshd"
sed -i 's/authinfo_unavail=3/authinfo_unavail=2/' "$W/pam.d/sshd"
finds error 'says authinfo_unavail, everybody is let in'
pam_finds "a bad token that jumps" error 'says auth_err, everybody is let in' "auth [default=2] $ours" "$usual_account"
good_host "ignored, and nobody behind it"
write_pam "$usual_account"
printf '%s\n' "auth [success=ok default=ignore] $ours" 'auth required pam_permit.so' "$usual_account" >"$W/pam.d/sshd"
finds error 'says auth_err, everybody is let in without a token'
pam_finds "an outage that spoils the password" warning 'no way in without a token: where the module says authinfo_unavail' \
    "auth [success=done authinfo_unavail=ok default=ignore] $ours" "$usual_account"
pam_finds "required" warning 'no way in without a token' "auth required $ours" "$usual_account"
good_host "below what ends the stack"
printf '%s\n' '@include common-auth' "auth [success=done default=ignore] $ours" "$usual_account" >"$W/pam.d/sshd"
finds error 'the module is never asked'
pam_finds "a token is not enough" warning 'a good token alone lets nobody in' "auth optional $ours" "$usual_account"
pam_finds "no account line" warning 'has no account line' "$usual_auth"
pam_finds "account sufficient" error 'its success skips the rules below it' "$usual_auth" "account sufficient $ours"
pam_finds "an account line that says nothing" warning 'its refusal changes nothing' "$usual_auth" "account optional $ours"
pam_finds "an unknown argument" error 'for its argument "nosuch": ' "$usual_auth nosuch" "$usual_account"
pam_finds "a bad value" error 'for its argument "max_wait=never": ' "$usual_auth max_wait=never" "$usual_account"
pam_finds "another configuration" warning 'it reads /etc/other.conf and not' \
    "auth [success=done default=ignore] $W/lib/pam_jwks.so conf=/etc/other.conf" "$usual_account"
good_host "an argument of the account line"
write_pam "$usual_auth" "$usual_account nosuch"
finds error 'sshd:2: .*for its argument "nosuch": '
good_host "one bad line, two services"
printf '%s\n' "auth required $ours" "$usual_account" >"$W/pam.d/part"
for service in sshd sudo; do echo '@include part' >"$W/pam.d/$service"; done
finds warning 'part:1: there is no way in'
is "findings of PAM" "$(grep -c 'PAM service' "$W/log")" 1
good_host "a prompt in brackets, in a substack"
printf '%s\n' "auth [success=done default=ignore] $ours [prompt=Your token: ] debug" >"$W/pam.d/part"
printf '%s\n' 'auth substack part' '@include common-auth' '# auth sufficient pam_jwks.so' "$usual_account" 'account required \' \
    'pam_unix.so' >"$W/pam.d/sshd"
finds warning 'part:1: there is no way in\|part:1: a good token alone'
printf '%s\n' 'auth include part' '@include common-auth' "$usual_account" 'account required pam_unix.so' >"$W/pam.d/sshd"
fine
good_host "a module that is not there"
write_pam "auth [success=done default=ignore] $W/nosuch/pam_jwks.so conf=$conf" "$usual_account"
finds error "$W/nosuch: No such file"
good_host "a module behind a link"
ln -s lib "$W/lib-link"
write_pam "auth [success=done default=ignore] $W/lib-link/pam_jwks.so conf=$conf" "$usual_account"
fine
mkdir "$W/theirs"
ln -s "$W/lib" "$W/theirs/lib"
chown 64123 "$W/theirs"
write_pam "auth [success=done default=ignore] $W/theirs/lib/pam_jwks.so conf=$conf" "$usual_account"
finds error "PAM module: $W/theirs belongs to uid 64123"
rm -r "$W/theirs" "$W/lib-link"
pam_finds "a control that is none" error 'libpam does not understand what stands in brackets' \
    "auth [sucess=done default=ignore] $ours" "$usual_account"
pam_finds "a prompt without a text" error 'for its argument "prompt": ' "$usual_auth prompt" "$usual_account"
pam_finds "the usual configuration" warning 'it reads /.*/jwks/jwks.conf and not' "auth [success=done default=ignore] $W/lib/pam_jwks.so" \
    "$usual_account"
pam_finds "an escape sequence" error 'for its argument "\\x1b\[31m": ' "$usual_auth "$'\x1b[31m' "$usual_account"
lacks $'\x1b'
good_host "a comment that looks as if it went on"
write_pam '# as before \' "$usual_auth" "$usual_account"
fine
has '^ok: PAM service sshd: '
good_host "as many lines as libpam would read"
{ cat "$W/pam.d/sshd"; for ((i = 0; i < 1000; i++)); do echo 'auth optional pam_env.so'; done; } >"$W/pam.d/new"
mv "$W/pam.d/new" "$W/pam.d/sshd"
fine
sed -i 1,3d "$W/pam.d/sshd"
echo "$usual_auth" >>"$W/pam.d/sshd"
write_sshd "AuthorizedKeysCommand none"
finds warning 'it neither asks for tokens'      # what stands below all these is not seen

# --- what others write ---

# As authselect has it on RHEL 9, with pam_faillock: links, substacks, rules that jump.
good_host "a host of another kind"
mkdir "$W/authselect"
cat >"$W/authselect/password-auth" <<EOF
auth        required                                     pam_env.so
auth        required                                     pam_faildelay.so delay=2000000
auth        required                                     pam_faillock.so preauth silent
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [default=1 ignore=ignore success=ok]         pam_localuser.so
auth        sufficient                                   pam_unix.so nullok
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        sufficient                                   pam_sss.so forward_pass
auth        required                                     pam_faillock.so authfail
auth        required                                     pam_deny.so

account     required                                     pam_faillock.so
account     required                                     pam_unix.so
account     sufficient                                   pam_localuser.so
account     sufficient                                   pam_usertype.so issystem
account     [default=bad success=ok user_unknown=ignore] pam_sss.so
account     required                                     pam_permit.so

session     optional                                     pam_keyinit.so revoke
session     required                                     pam_limits.so
-session    optional                                     pam_systemd.so
session     [success=1 default=ignore]                   pam_succeed_if.so service in crond quiet use_uid
session     required                                     pam_unix.so
session     optional                                     pam_sss.so
EOF
rm "$W/pam.d/common-auth"
ln -s "$W/authselect/password-auth" "$W/pam.d/password-auth"
printf '%s\n' "$usual_auth" 'auth substack password-auth' 'account required pam_sepermit.so' 'account required pam_nologin.so' \
    "$usual_account" 'account include password-auth' "session required $ours" 'session include password-auth' >"$W/pam.d/sshd"
printf '[service sshd]\nsession_limit = yes\n' >>"$conf"
fine
has '^ok: PAM service sshd: '
chmod 666 "$W/authselect/password-auth"
finds error "PAM service sshd: $W/authselect/password-auth is writable"
rm -r "$W/authselect"

good_host "people who need no password, by a rule above"
sed -i '1i auth sufficient pam_succeed_if.so user ingroup nopasswdlogin' "$W/pam.d/sshd"
fine
sed -i '1d' "$W/pam.d/sshd"
sed -i '1a auth sufficient pam_succeed_if.so user ingroup nopasswdlogin' "$W/pam.d/sshd"
finds warning "says auth_err, those for whom another module's rule holds are let in"
good_host "sudo, and sudo -i that includes it"
printf '%s\n' "auth sufficient pam_permit.so" "auth required $ours" "$usual_account" >"$W/pam.d/sudo"
printf 'auth include sudo\naccount include sudo\n' >"$W/pam.d/sudo-i"
finds error 'PAM service sudo: '
for ending in .dpkg-dist .pam-old .rpmnew '~'; do
    good_host "a left-over: $ending"
    echo "auth sufficient $ours" >"$W/pam.d/sudo$ending"
    fine
done

# --- sessions ---

# NAME LEVEL TEXT LINE...: with session_limit, and these lines of the session phase.
session_finds() {
    good_host "session: $1"
    local level=$2 text=$3
    shift 3
    printf '[service sshd]\nsession_limit = yes\n' >>"$conf"
    write_pam "$usual_auth" "$usual_account" "$@"
    if [[ $level == ok ]]; then fine; else finds "$level" "PAM service sshd: .*$text"; fi
}
our_session="session required $ours" systemd='-session optional pam_systemd.so' reads_files='session required pam_env.so user_readenv=1'
session_finds "as it should be" ok '' 'session required pam_loginuid.so' "$our_session" "$systemd" "$reads_files"
session_finds "no line" warning 'session_limit ends no session: .*/sshd has no session line' "$systemd"
session_finds "no pam_systemd" warning 'there is no pam_systemd.so that would end' "$our_session"
session_finds "below pam_systemd" warning 'pam_systemd.so (.*/sshd:3) stands above' "$systemd" "$our_session"
session_finds "optional" warning 'a session that nobody can end begins' "session optional $ours" "$systemd"
session_finds "below a file of the user's" warning "pam_env.so (.*/sshd:3) reads a file of the user's" "$reads_files" "$our_session" "$systemd"
session_finds "a file of the user's in auth" warning "pam_env.so (.*/sshd:3) reads a file of the user's" 'auth required pam_env.so user_readenv=1' \
    "$our_session" "$systemd"
session_finds "an unknown argument" error 'for its argument "nosuch": ' "$our_session nosuch" "$systemd"
good_host "session: nothing is asked for"
write_pam "$usual_auth" "$usual_account" "$systemd" "$our_session"
fine
good_host "session: variables without a line"
printf '[service sshd]\nexport = yes\n' >>"$conf"
finds warning 'sshd: export does nothing for logins by key: .*/sshd has no session line'
write_pam "$usual_auth" "$usual_account" "$our_session"
fine
good_host "session: variables of a program that has no keys"
printf '[service sudo]\nexport = yes\n' >>"$conf"
cp "$W/pam.d/sshd" "$W/pam.d/sudo"
fine
good_host "session: without PAM"
printf '[service sshd]\nexport = yes\n' >>"$conf"
write_pam
write_sshd "UsePAM no"
finds warning 'UsePAM is no, so export and session_limit do nothing for logins by key'

good_host "an include of nothing"
write_pam "$usual_auth" "$usual_account"
rm "$W/pam.d/common-auth"
finds warning 'no way in without a token'

# libpam itself is asked, too.
case="libpam agrees"
mkdir "$W/play"
if LD_LIBRARY_PATH=$W/lib ASAN_OPTIONS=detect_leaks=0 /usr/bin/python3 "$here/pamplay.py" "$W/play" "$W/lib/jwksctl" -c "$conf" \
    check --json --offline --sshd /nonexistent --account "$keeper" >"$W/log"; then ok; else bad "another answer"; fi
rm -r "$W/play"

# --- sshd ---

sshd_finds() {          # LEVEL TEXT LINE...
    good_host "sshd: ${*:3}"
    local level=$1 text=$2
    shift 2
    write_sshd "$@"
    finds "$level" "$text"
}
sshd_finds error 'UsePAM is no' "UsePAM no"
sshd_finds error 'KbdInteractiveAuthentication is no, so nobody' "KbdInteractiveAuthentication no"
sshd_finds warning 'KbdInteractiveAuthentication is no, and the password' "KbdInteractiveAuthentication no" "PasswordAuthentication yes"
sshd_finds warning 'AuthenticationMethods publickey asks nobody' "AuthenticationMethods publickey"
sshd_finds error 'sshd: .* -T fails: .*Bogus' "Bogus yes"
sshd_finds error 'are not %u %t %k' "AuthorizedKeysCommand $W/lib/jwks-authorized-keys -c $conf %u %k"
sshd_finds error 'are not %u %t %k' "AuthorizedKeysCommand $W/lib/jwks-authorized-keys -c $conf %u %t %k --next"
sshd_finds warning "it reads .*/jwks.conf and not $conf" "AuthorizedKeysCommand $W/lib/jwks-authorized-keys %u %t %k"
sshd_finds warning 'it runs as nobody and not as' "AuthorizedKeysCommandUser nobody"
sshd_finds warning 'with rights that it does not need' "AuthorizedKeysCommandUser root"
sshd_finds error 'it is never called' "PubkeyAuthentication no"
sshd_finds error "AuthorizedKeysCommand: $W/nosuch: No such file" "AuthorizedKeysCommand $W/nosuch/jwks-authorized-keys -c $conf %u %t %k"
good_host "sshd: a command behind it"
write_sshd "$keys_line --next /usr/bin/true %u"
fine
write_sshd "$keys_line --next $W/nosuch %u"
finds error "AuthorizedKeysCommand: what stands behind --next is not run: $W/nosuch"
good_host "sshd: another command"
write_sshd "AuthorizedKeysCommand /bin/true"
fine
has '^ok: AuthorizedKeysCommand: it is another command, /bin/true'
good_host "sshd: neither way"
write_sshd "AuthorizedKeysCommand none"
write_pam
finds warning 'it neither asks for tokens nor looks'
good_host "no sshd"
sshd=/nonexistent
fine
has '^ok: sshd: there is none'
sshd=/usr/sbin/sshd

good_host "sshd: Match"
write_sshd
printf 'Match User git\n\tKbdInteractiveAuthentication no\n' >"$W/match.conf"
echo "Include $W/match.conf" >>"$W/sshd_config"
finds warning "$W/match.conf:2: KbdInteractiveAuthentication is another"
fine --connection user=alice,host=h,addr=192.0.2.1
finds error 'KbdInteractiveAuthentication is no' --connection user=git,host=h,addr=192.0.2.1

printf 'KbdInteractiveAuthentication no\n' >"$W/inner.conf"
write_sshd
printf 'Match User git\nInclude %s\n' "$W/inner.conf" >>"$W/sshd_config"
finds warning "$W/inner.conf:1: KbdInteractiveAuthentication is another"

good_host "sshd: not started yet"
printf '#!/bin/sh\necho "Missing privilege separation directory: /run/sshd" >&2\nexit 255\n' >"$W/sshd"
chmod 755 "$W/sshd"
sshd=$W/sshd
finds warning 'cannot be asked while it does not run: Missing privilege'
sshd=/usr/sbin/sshd

version_is() {          # VERSION: of an sshd that is the real one in all else
    printf '#!/bin/sh\nif [ "$1" = -V ]; then echo "%s" >&2; exit 0; fi\nexec /usr/sbin/sshd "$@"\n' "$1" >"$W/sshd"
    chmod 755 "$W/sshd"
    sshd=$W/sshd
}
good_host "sshd: versions"
write_sshd "$keys_line --next /usr/bin/true %C"
version_is "OpenSSH_9.3p1 Debian, OpenSSL 3"
finds error 'before 9.4 knows no %C'
version_is "OpenSSH_9.4p1"
fine
lacks 'before 9.4'
version_is "OpenSSH_10.3p1"
fine
has '^ok: sshd: OpenSSH 10.3; certificates need principals'
version_is "OpenSSH_9.8p1"
fine
has '^ok: sshd: OpenSSH 9.8; .*PerSourcePenalties'
version_is "SomeSSH_1"
finds warning 'does not say which OpenSSH'
sshd=/usr/sbin/sshd

# --- clock, keys, schedule ---

good_host clock
clock=5                                 # TIME_ERROR
finds warning 'clock: the kernel does not say that it is synchronised'
clock=EPERM
finds warning 'clock: it cannot be said.*not permitted'
clock=0
fine

good_host "an issuer that cannot be asked"
fine
older 3700
serve '{"status": 503}'
finds warning "issuer corp: $good gives no keys now: provider: http-5xx"
older 8650
check --offline
is "asked by nobody: stale" "$code" 1
has '^warning: issuer corp: its keys are stale: '
lacks 'gives no keys'
older 80000
finds error 'issuer corp: no usable keys: expired'
has 'gives no keys now'
good_host "nothing cached, and nobody to ask"
finds error 'issuer corp: no usable keys: absent' --offline
is "nobody is asked" "$(hits /jwks)" 0
good_host "keys that are of no use"
write_conf "algorithms = RS256"
finds error 'none of its 2 keys is for one of its algorithms'
write_conf "algorithms = RS256" "algorithms = ES256"
fine
write_conf "denied_key = a" "denied_key = b"
finds error 'none of its 2 keys'
good_host "a clock that was turned back"
fine
older 0 floor_w 4000000000
finds error "issuer corp: no usable keys: this host's clock is earlier" --offline
good_host "a damaged cache"
fine
chmod 666 "$(file state jwks)"
finds error 'no usable keys: absent: cache-unsafe' --offline
good_host "a helper that cannot be started"
write_conf
sed -i "s,^fetch_helper = .*,fetch_helper = $W/nosuch," "$conf"
finds error "fetch_helper: $W/nosuch: No such file"
has '^error: issuer corp: it cannot be asked'

good_host schedule
rm "$W/cron/pam-jwks"
finds warning 'schedule: nothing fetches keys ahead of need'
mkdir "$W/units/timers.target.wants"
: >"$W/units/jwks-refresh.timer"
ln -s "$W/units/jwks-refresh.timer" "$W/units/timers.target.wants/jwks-refresh.timer"
fine
rm "$W/units/jwks-refresh.timer"
finds warning 'schedule: nothing fetches'
echo "# * * * * * $keeper $W/jwks-fetch --due" >"$W/cron/pam-jwks"
finds warning 'schedule: nothing fetches'
echo "* * * * * $keeper $W/jwks-fetch --due" >"$W/cron/pam-jwks.off"
finds warning 'schedule: nothing fetches'

begin "another user"
good_host "another user"
fine
run_check() {
    LD_LIBRARY_PATH=$W/lib setpriv --reuid 64124 --regid 64124 --clear-groups "$W/lib/jwksctl" -c "$conf" check \
        --account "$keeper" --pam-dir "$W/pam.d" --sshd-config "$W/sshd_config" --cron-dir "$W/cron" --units-dir "$W/units" "$@"
}
older 3700
finds warning 'sshd: .*-T cannot be asked'
has '^warning: issuer corp: it cannot be asked: '
end
