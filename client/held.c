/* SPDX-License-Identifier: Apache-2.0 */
/* held.c: what is there of a login: the key's files, its certificate, and how long that is good. */
#include "login.h"

#include <stdio.h>
#include <string.h>

void held_clear(struct held *held)
{
    ssh_key_clear(&held->key);
    jwkscore_offer_free(held->certificate);
    bytes_wipe(&held->key_id);
    bytes_wipe(&held->principals);
    *held = (struct held){.certificate = NULL};
}

/* What a person would read: the list with commas. */
static bool copy_list(struct view list, struct bytes *out)
{
    struct view name;

    while (list.left > 0) {
        if (!view_string(&list, &name))
            return false;
        if (out->length > 0)
            bytes_text(out, ",");
        bytes_add(out, name.at, name.left);
    }
    return bytes_end(out) != NULL;
}

/*
 * Between the type and the nonce before it and the numbers behind it, a certificate has the fields of its
 * key as the key's own blob has them behind the type: so their length is known without knowing the type.
 */
static bool read_facts(const char *base64, struct held *held)
{
    CLEANUP(bytes_wipe) struct bytes blob = {0};
    const unsigned char *key_blob;
    struct view rest, type, nonce, key_id, principals, key;
    uint64_t serial, kind, from, until;

    if (!bytes_from_base64(&blob, base64))
        return false;
    rest = (struct view){blob.at, blob.length};
    key_blob = jwkscore_offer_blob(held->certificate, &key.left);
    key.at = key_blob;
    if (!view_string(&key, &type) || !view_string(&rest, &type) || !view_string(&rest, &nonce) ||
        !view_skip(&rest, key.left) || !view_number(&rest, 8, &serial) || !view_number(&rest, 4, &kind) ||
        !view_string(&rest, &key_id) || !view_string(&rest, &principals) || !view_number(&rest, 8, &from) ||
        !view_number(&rest, 8, &until) || !copy_list(principals, &held->principals))
        return false;
    bytes_add(&held->key_id, key_id.at, key_id.left);
    held->from = from > INT64_MAX ? INT64_MAX : (int64_t)from;
    held->until = until > INT64_MAX ? INT64_MAX : (int64_t)until;
    return bytes_end(&held->key_id) != NULL;
}

int held_read(const struct verifier *verifier, const struct keyplace *place, struct held *held)
{
    CLEANUP(bytes_wipe) struct bytes line = {0};
    const char *type, *base64;
    int code = ssh_key_read(verifier, place, &held->key);

    held->has_private = place_has(place, "");
    if (code == LOGIN_DONE)
        code = place_read(place, "-cert.pub", &line);
    if (code != LOGIN_DONE || line.length == 0)
        return code;
    if (ssh_line_split(&line, &type, &base64) &&
        jwkscore_offer_read(verifier->config, type, base64, &held->certificate, NULL) == JWKSCORE_OK &&
        jwkscore_offer_is_certificate(held->certificate) && read_facts(base64, held))
        return LOGIN_DONE;
    jwkscore_offer_free(held->certificate);
    held->certificate = NULL;
    return LOGIN_DONE;
}

bool held_fits(const struct held *held)
{
    return held->has_private && held->key.offer != NULL && held->certificate != NULL &&
           strcmp(jwkscore_offer_key(held->certificate), jwkscore_offer_key(held->key.offer)) == 0;
}

/* For all the principals that are asked for: other ones are a reason for another certificate. */
bool held_good(const struct held *held, const char *principals, int64_t now)
{
    char name[64];

    if (!held_fits(held))
        return false;
    for (const char *at = principals; *at != '\0'; at += strspn(at, ",")) {
        size_t length = strcspn(at, ",");

        snprintf(name, sizeof(name), "%.*s", (int)length, at);
        if (jwkscore_offer_check(held->certificate, name, now, NULL) != JWKSCORE_OK)
            return false;
        at += length;
    }
    return true;
}
