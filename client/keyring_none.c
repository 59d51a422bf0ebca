/* SPDX-License-Identifier: Apache-2.0 */
/* keyring_none.c: without libkeyutils there is no keyring, and refresh tokens are in files. */
#include "login.h"

bool keyring_read(const char *description, struct bytes *token)
{
    (void)description;
    (void)token;
    return false;
}

bool keyring_write(const char *description, const char *token)
{
    (void)description;
    (void)token;
    return false;
}

void keyring_remove(const char *description)
{
    (void)description;
}
