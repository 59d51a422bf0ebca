#!/usr/bin/env bash
# jwks-login and a real browser: Debian's Chromium, which fills in the provider's own pages.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=login.bash
. "$(dirname "$0")/login.bash"
login_begin "$@"
need_packages chromium chromium-driver libnss3-tools
B=$W/browser
P=$W/person                             # the browser's home
install -d -m 700 -o "$U" "$P" "$P/.pki" "$P/.pki/nssdb" "$P/tmp"
trusts() { as_user certutil -d "sql:$P/.pki/nssdb" "$@"; }
trusts -N --empty-password
# [chromium.py's options]
chromium_is() {
    printf '%s\n' '#!/bin/sh' "HOME=$P TMPDIR=$P/tmp exec $W/bin/chromium.py --login $U --out $B $* \"\$@\" 2>>$B/errors" |
        install -m 755 /dev/stdin "$W/bin/browser"
}
ended() { [[ -e $B/page.png ]]; }       # the browser has shown the page, also if jwks-login has long ended

chromium_is
login_fails "a browser that does not trust the provider's CA" 1 'timed out' --timeout 15 corp
try "says so, and shows nothing else" wait_for 30 grep -qs '^Privacy error: localhost:' "$B/pages"
trusts -A -t C,, -n provider -i "$W/etc/corp-ca.pem"
login_works "a login in Chromium" corp
try "which shows the last page" wait_for 20 ended
try "it has seen the provider's pages, and ours" is "$(grep -Ec '^Sign-in: localhost:|: 127.0.0.1:' "$B/pages")" 3
try "which says that it went well" grep -Eiq 'logged in|signed in|done|close' "$B/text"
try "and has no script" not grep -qi '<script' "$B/source"
try "nothing of the code is in it" not grep -qF "$(tail -n 1 "$W/corp/grants" | jq -r '.[0].code')" "$B/source"
ssh_works "plain ssh gets in"
rm "$D/corp-cert.pub"
browser_forgets
ssh_works "plain ssh gets in where Chromium must be asked, which remembers the person"
try "the last page" wait_for 20 ended
chromium_is --cancel
rm -rf "$P/profile"
login_fails "the person cancels in Chromium" 1 access_denied corp
try "which shows the page" wait_for 20 ended
try "with the reason" grep -q access_denied "$B/text"
keep_secrets_of "$W/corp/grants"
e2e_end
