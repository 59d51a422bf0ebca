/* SPDX-License-Identifier: Apache-2.0 */
/* linked.c: a process that only is linked to libcrypto: none that verifies with it can be quicker. */
#include <openssl/crypto.h>

/* A function of it, or the linker would leave it out. */
int main(void)
{
    return OpenSSL_version_num() == 0;
}
