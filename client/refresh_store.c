/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refresh_store.c: the refresh token of a login: in the kernel's keyring, or where there is none in a file.
 *
 * Issuer and client say whose it is.  The login's name is there too, because two logins may share both, and
 * what a refresh gives is bound to the key of one.
 */
#include "login.h"

#include <stdio.h>
#include <string.h>

#define SUFFIX ".refresh"

enum { DESCRIPTION_SIZE = 4200 };

static const char *describe(const struct login_options *options, char description[DESCRIPTION_SIZE])
{
    snprintf(description, DESCRIPTION_SIZE, "jwks-login:%s:%s:%s", options->issuer, options->client_id,
             options->name);
    return description;
}

int refresh_store_read(const struct login_options *options, const struct keyplace *place, struct bytes *token)
{
    char description[DESCRIPTION_SIZE];
    int code;

    if (keyring_read(describe(options, description), token))
        return LOGIN_DONE;
    code = place_read(place, SUFFIX, token);
    if (code == LOGIN_DONE && token->length > 0 && strlen((const char *)token->at) != token->length)
        return client_complain(LOGIN_UNABLE, "%s" SUFFIX ": not a refresh token", place->path);
    return code;
}

/* The other place must not keep an old one. */
int refresh_store_write(const struct login_options *options, const struct keyplace *place, const char *token)
{
    CLEANUP(bytes_wipe) struct bytes text = {0};
    char description[DESCRIPTION_SIZE];

    if (keyring_write(describe(options, description), token)) {
        place_remove(place, SUFFIX);
        return LOGIN_DONE;
    }
    keyring_remove(description);
    bytes_text(&text, token);
    return place_write(place, SUFFIX, &text);
}

void refresh_store_remove(const struct login_options *options, const struct keyplace *place)
{
    char description[DESCRIPTION_SIZE];

    if (options->issuer != NULL && options->client_id != NULL)
        keyring_remove(describe(options, description));
    place_remove(place, SUFFIX);
}

const char *refresh_store_where(const struct login_options *options, const struct keyplace *place)
{
    CLEANUP(bytes_wipe) struct bytes token = {0};
    char description[DESCRIPTION_SIZE];

    if (options->issuer != NULL && options->client_id != NULL &&
        keyring_read(describe(options, description), &token))
        return "in the kernel's keyring";
    return place_has(place, SUFFIX) ? "in a file" : "none";
}
