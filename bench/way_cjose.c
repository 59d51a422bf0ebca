/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way_cjose.c: cjose, which imports one JWK at a time: the set is parsed and searched with jansson, its own
 * parser.
 *
 * Left out: files, their owners and ages; issuer, audience, times, names; and any look at the header beyond
 * `kid`.  EdDSA: it has none.
 */
#include "way.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <string.h>

/* The key by that name, as text, because that is what cjose imports. */
static cjose_jwk_t *find_key(const char *set, const char *kid)
{
    json_t *tree = json_loads(set, 0, NULL), *entry;
    cjose_jwk_t *key = NULL;
    size_t i;

    json_array_foreach(json_object_get(tree, "keys"), i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "kid"));
        char *text;

        if (key != NULL || name == NULL || kid == NULL || strcmp(name, kid) != 0)
            continue;
        text = json_dumps(entry, JSON_COMPACT);
        key = cjose_jwk_import(text, strlen(text), NULL);
        free(text);
    }
    json_decref(tree);
    return key;
}

static bool decide(const struct given *given, void *prepared)
{
    cjose_jws_t *token = cjose_jws_import(given->token, strlen(given->token), NULL);
    cjose_jwk_t *key = NULL;
    json_t *claims = NULL;
    uint8_t *text;
    size_t length;
    bool ok;

    (void)prepared;
    if (token == NULL)
        return false;
    key = find_key(given->set, cjose_header_get(cjose_jws_get_protected(token), CJOSE_HDR_KID, NULL));
    if (key != NULL && cjose_jws_verify(token, key, NULL) &&
        cjose_jws_get_plaintext(token, &text, &length, NULL))
        claims = json_loadb((const char *)text, length, 0, NULL);
    ok = json_is_object(claims);
    json_decref(claims);
    cjose_jwk_release(key);
    cjose_jws_release(token);
    return ok;
}

const struct way way = {NULL, decide};
