/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyring.c: refresh tokens in the kernel's keyring of the user; alone with libkeyutils.
 *
 * It lives as long as the user has a process, is in no backup, and on no disk.  Some containers have none.
 */
#include "login.h"

#include <keyutils.h>
#include <stdlib.h>
#include <string.h>

#define TYPE "user"

static const key_perm_t only_user =
    KEY_POS_ALL | KEY_USR_VIEW | KEY_USR_READ | KEY_USR_WRITE | KEY_USR_SEARCH | KEY_USR_SETATTR;

static key_serial_t find(const char *description)
{
    return (key_serial_t)keyctl_search(KEY_SPEC_USER_KEYRING, TYPE, description, 0);
}

bool keyring_read(const char *description, struct bytes *token)
{
    key_serial_t key = find(description);
    void *payload = NULL;
    int length = key < 0 ? -1 : keyctl_read_alloc(key, &payload);

    if (length < 0)
        return false;
    bytes_add(token, payload, (size_t)length);
    explicit_bzero(payload, (size_t)length);
    free(payload);
    return bytes_end(token) != NULL;
}

/*
 * Whoever reads it later may not possess the user's keyring through a session of theirs: so the uid must
 * suffice.
 */
bool keyring_write(const char *description, const char *token)
{
    key_serial_t key = add_key(TYPE, description, token, strlen(token), KEY_SPEC_USER_KEYRING);

    if (key < 0)
        return false;
    if (keyctl_setperm(key, only_user) == 0)
        return true;
    keyctl_unlink(key, KEY_SPEC_USER_KEYRING);
    return false;
}

void keyring_remove(const char *description)
{
    key_serial_t key = find(description);

    if (key >= 0)
        keyctl_unlink(key, KEY_SPEC_USER_KEYRING);
}
