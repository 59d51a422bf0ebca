/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grants.c: a plain key: is it listed by a grant that verifies?
 *
 * An account may have a thousand grants.  So each is first looked through for the key, unverified, which can
 * only say no; a signature is verified where it says perhaps.
 */
#include "helper.h"

#include <stdio.h>
#include <string.h>

/* The claim's line is the key's, perhaps with a comment behind it, as in a .pub file. */
static bool is_line_of(const char *line, const char *key)
{
    size_t length = strlen(key);

    return strncmp(line, key, length) == 0 && (line[length] == '\0' || line[length] == ' ');
}

static enum jwkscore_status check_listed(struct call *call)
{
    const char *issuer = jwkscore_identity_issuer(call->identity), *claim, *line;
    char section[64]; /* "issuer " and a name of at most 32 characters */

    snprintf(section, sizeof(section), "issuer %s", issuer);
    claim = jwkscore_config_get(call->config, section, "key_claim", 0);
    for (size_t i = 0; claim != NULL && (line = jwkscore_identity_claim(call->identity, claim, i)) != NULL;
         i++)
        if (is_line_of(line, jwkscore_offer_key(call->offer)))
            return JWKSCORE_OK;
    return call_refuse(call, JWKSCORE_E_UNBOUND, "the key is in the grant, but not in issuer %s's key_claim",
                       issuer);
}

/* JWKSCORE_OK: this grant allows it.  Else `*ret_listed` says whether it is about this key at all. */
static enum jwkscore_status try_grant(struct call *call, size_t index, bool *ret_listed)
{
    const char *token;
    size_t length;
    enum jwkscore_status status = jwkscore_grants_read(call->grants, index, &token, &length, &call->error);

    *ret_listed = false;
    if (status != JWKSCORE_OK) {
        log_grant(jwkscore_grants_name(call->grants, index), &call->error);
        return status;
    }
    if (!jwkscore_token_may_hold(token, length, jwkscore_offer_key(call->offer)))
        return JWKSCORE_E_UNBOUND;
    *ret_listed = true;
    status = call_authenticate(call, token, length, false);
    return status == JWKSCORE_OK ? check_listed(call) : status;
}

/* What is told of several that refuse: the first that did not merely run out. */
struct told {
    struct jwkscore_error error;
    struct line_facts facts;
    const char *grant;
};

static void keep(struct told *told, const struct call *call, const char *grant)
{
    bool ran_out = told->error.status == JWKSCORE_E_EXPIRED && call->error.status != JWKSCORE_E_EXPIRED;

    if (told->grant == NULL || ran_out)
        *told = (struct told){call->error, call->facts, grant};
}

static enum jwkscore_status refuse(struct call *call, const struct told *told)
{
    call->grant = told->grant;
    call->facts = told->facts;
    call->no_token = told->grant == NULL;
    if (call->no_token)
        return call_refuse(call, JWKSCORE_E_UNBOUND, "no grant lists this key");
    call->error = told->error;
    return told->error.status;
}

static enum jwkscore_status try_all(struct call *call)
{
    struct told told = {.grant = NULL};
    const char *name;
    bool listed;

    for (size_t i = 0; (name = jwkscore_grants_name(call->grants, i)) != NULL; i++) {
        if (try_grant(call, i, &listed) == JWKSCORE_OK) {
            call->grant = name;
            return call_answer(call, false);
        }
        jwkscore_identity_free(call->identity);
        call->identity = NULL;
        if (listed)
            keep(&told, call, name);
    }
    return refuse(call, &told);
}

enum jwkscore_status grants_decide(struct call *call)
{
    enum jwkscore_status status = jwkscore_grants_open(call->config, call->user, &call->grants, &call->error);

    return status == JWKSCORE_OK ? try_all(call) : status;
}
