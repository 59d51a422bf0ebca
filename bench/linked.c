/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linked.c: a process that does nothing, and is linked to libcrypto and json-c: no program that verifies a token
 * with them can be quicker (bench/keys.sh).
 */
#include <json-c/json.h>
#include <openssl/crypto.h>

/* One function of each, or the linker would leave them out. */
int main(void)
{
    return OpenSSL_version_num() == 0 || json_c_version_num() == 0;
}
