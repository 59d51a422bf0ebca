/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way_rhonabwy.c: rhonabwy, on GnuTLS: it imports a set, finds the key by `kid`, verifies, and checks what
 * is asked of the claims.
 *
 * Left out: files, their owners and ages; audience and names.
 */
#include "way.h"

#include <rhonabwy.h>

static void *prepare(const struct given *given)
{
    (void)given;
    r_global_init();
    return NULL;
}

static bool decide(const struct given *given, void *prepared)
{
    jwks_t *set = NULL;
    jwt_t *token = NULL;
    json_t *claims = NULL;
    bool ok = r_jwks_init(&set) == RHN_OK && r_jwks_import_from_json_str(set, given->set) == RHN_OK &&
              r_jwt_init(&token) == RHN_OK && r_jwt_add_sign_jwks(token, NULL, set) == RHN_OK &&
              r_jwt_advanced_parse(token, given->token, R_PARSE_NONE, R_FLAG_IGNORE_REMOTE) == RHN_OK &&
              r_jwt_verify_signature(token, NULL, R_FLAG_IGNORE_REMOTE) == RHN_OK &&
              r_jwt_validate_claims(token, R_JWT_CLAIM_EXP, R_JWT_CLAIM_NOW, R_JWT_CLAIM_NOP) == RHN_OK &&
              (claims = r_jwt_get_full_claims_json_t(token)) != NULL;

    (void)prepared;
    json_decref(claims);
    r_jwt_free(token);
    r_jwks_free(set);
    return ok;
}

const struct way way = {prepare, decide};
