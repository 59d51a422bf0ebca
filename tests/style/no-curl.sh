#!/usr/bin/env bash
# What is loaded into sshd and sudo, what sshd starts, and what a person runs: no curl, no seccomp, no TLS library, no thread library of ours.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_builddir:?set by make check}"
command -v ldd >/dev/null || { echo "no ldd"; exit 77; }
status=0
for object in libjwkscore/.libs/libjwkscore.so pam_jwks/.libs/pam_jwks.so nss_helper/.libs/jwks-authorized-keys client/jwks-askpass; do
    needs=$(LD_LIBRARY_PATH=$PWD/libjwkscore/.libs ldd "$object")
    [[ $object == client/* ]] || grep -q 'libcrypto' <<<"$needs" || { echo "ldd $object says nothing of libcrypto: $needs"; status=1; }
    if grep -E 'not found|libcurl|libseccomp|libssl|libgnutls|libnghttp|libpthread' <<<"$needs"; then echo "^ in $object"; status=1; fi
done
grep -q libcurl <<<"$(ldd jwks_fetch/jwks-fetch)" || { echo "jwks-fetch has no libcurl: this test would not see one"; status=1; }
exit $status
