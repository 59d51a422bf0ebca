/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way_libjose.c: libjose, whose jose_jws_ver takes a whole set, and tries key after key: it does not look at
 * `kid`.
 *
 * Left out: files, their owners and ages; issuer, audience, times, names.  EdDSA: it has none.
 */
#include "way.h"

#include <jansson.h>
#include <jose/b64.h>
#include <jose/jws.h>
#include <string.h>

/* Its own input is JSON: the three parts are members of an object. */
static json_t *flattened(const char *token)
{
    const char *first = strchr(token, '.'), *second = first != NULL ? strchr(first + 1, '.') : NULL;

    if (second == NULL)
        return NULL;
    return json_pack("{s:s%,s:s%,s:s}", "protected", token, (size_t)(first - token), "payload", first + 1,
                     (size_t)(second - first - 1), "signature", second + 1);
}

static bool decide(const struct given *given, void *prepared)
{
    json_t *set = json_loads(given->set, 0, NULL), *token = flattened(given->token), *claims = NULL;
    bool ok;

    (void)prepared;
    if (set != NULL && token != NULL && jose_jws_ver(NULL, token, NULL, set, false))
        claims = jose_b64_dec_load(json_object_get(token, "payload"));
    ok = json_is_object(claims);
    json_decref(claims);
    json_decref(token);
    json_decref(set);
    return ok;
}

const struct way way = {NULL, decide};
