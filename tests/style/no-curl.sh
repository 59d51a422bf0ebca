#!/usr/bin/env bash
# What is loaded into sshd and sudo, what sshd starts, and what answers a prompt: no curl, no seccomp, no TLS library, no thread library of ours.
# jwks-http.so has curl, which one process of jwks-fetch loads, and jwks-login, which a person runs and nobody else.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_builddir:?set by make check}"
command -v ldd >/dev/null || { echo "no ldd"; exit 77; }
status=0
for object in libjwkscore/.libs/libjwkscore.so pam_jwks/.libs/pam_jwks.so nss_helper/jwks-authorized-keys client/jwks-askpass; do
    needs=$(LD_LIBRARY_PATH=$PWD/libjwkscore/.libs ldd "$object")
    [[ $object == client/* ]] || grep -q 'libcrypto' <<<"$needs" || { echo "ldd $object says nothing of libcrypto: $needs"; status=1; }
    if grep -E 'not found|libcurl|libseccomp|libssl|libgnutls|libnghttp|libpthread' <<<"$needs"; then echo "^ in $object"; status=1; fi
done
if ldd jwks_fetch/jwks-fetch | grep -E 'not found|libcurl|libssl|libgnutls|libnghttp'; then echo "^ in jwks-fetch"; status=1; fi
for program in jwks_fetch/jwks-http.so client/.libs/jwks-login; do
    grep -q libcurl <<<"$(LD_LIBRARY_PATH=$PWD/libjwkscore/.libs ldd "$program")" || { echo "$program has no libcurl: this test would not see one"; status=1; }
done
exit $status
