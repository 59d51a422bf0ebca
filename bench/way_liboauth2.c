/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way_liboauth2.c: liboauth2 (on cjose), which takes a set only from a URL; from a text it takes one JWK,
 * which is taken out of the set with jansson, its own parser.  It keeps what it has verified, and would only
 * look it up from the second call on; a login comes once, so that store is told to keep nothing.
 *
 * Left out: files, their owners and ages; issuer, audience and names.  EdDSA: it has none.
 */
#include "way.h"

#include <jansson.h>
#include <oauth2/cfg.h>
#include <oauth2/mem.h>
#include <oauth2/oauth2.h>
#include <string.h>

static oauth2_log_t *quiet;

static void *prepare(const struct given *given)
{
    (void)given;
    quiet = oauth2_init(OAUTH2_LOG_ERROR, NULL);
    return NULL;
}

/* Of these sets it is the last key: which one a token wants is not shown before it is verified. */
static char *find_key(const char *set)
{
    json_t *tree = json_loads(set, 0, NULL), *keys = json_object_get(tree, "keys");
    char *text = json_dumps(json_array_get(keys, json_array_size(keys) - 1), JSON_COMPACT);

    json_decref(tree);
    return text;
}

static bool decide(const struct given *given, void *prepared)
{
    oauth2_cfg_token_verify_t *verify = NULL;
    json_t *claims = NULL;
    char *key = find_key(given->set), *wrong;
    bool ok;

    (void)prepared;
    wrong = oauth2_cfg_token_verify_add_options(quiet, &verify, "jwk", key, "verify.exp=required&expiry=0");
    ok = wrong == NULL && oauth2_token_verify(quiet, NULL, verify, given->token, &claims) &&
         json_is_object(claims);
    oauth2_mem_free(wrong);
    json_decref(claims);
    oauth2_cfg_token_verify_free(quiet, verify);
    free(key);
    return ok;
}

const struct way way = {prepare, decide};
