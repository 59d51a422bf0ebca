#!/usr/bin/env bash
# Each foreign library is called by one file: OpenSSL by crypto.c, json-c by value.c, curl by http.c; libpam by the module.
# jwks-login, which does not have the library's insides, has one of its own for each: primitives.c, document.c, http_client.c.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_builddir:?set by make check}"
status=0

# NAME PATTERN ALLOWED...: who of all our objects leaves such a symbol to be found elsewhere?
only() {
    local users want
    users=$(for object in */.libs/*.o */*.o; do
        [[ $object != tests/* && $object != bench/* && $object != examples/* && -e $object ]] || continue
        if ${NM:-nm} -u "$object" | grep -Eq "^ *U $2"; then basename "$object"; fi
    done | sed 's/.*-//' | sort -u | xargs)
    want=$(printf '%s\n' "${@:3}" | sort -u | xargs)
    [[ $users == "$want" ]] || { echo "$1 is called by: ${users:-nobody}; allowed: $want"; status=1; }
}
only OpenSSL '(EVP_|OSSL_|OPENSSL_|ERR_|BN_|EC_|ECDSA_|RSA_|SHA|CRYPTO_|i2d_|d2i_|RAND_)' crypto.o primitives.o
only json-c '(json_|array_list|lh_table|printbuf)' value.o document.o
only curl 'curl_' http.o http_client.o
if [[ -e client/keyring.o ]]; then only libkeyutils '(keyctl_|add_key)' keyring.o; fi             # else it was built without
if [[ -e jwks_fetch/syscalls.o ]]; then only libseccomp 'seccomp_' syscalls.o; fi          # else it was built without
only libpam 'pam_' pam_jwks.o session.o login.o conversation.o decision.o variables.o certificate.o log.o
exit $status
