/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authenticate.c: may the bearer of this token act as this user for this service, now?
 *
 * The order, and nothing else (DESIGN 4).  The cheap comes before the dear, the local before the network, and nothing
 * is believed before the signature:
 *
 *     size, three parts, strict header        token_parse
 *     `iss` is a configured issuer            claims_issuer            peeked: it only chooses the key set
 *     `alg` and `typ` are this issuer's       check_header
 *     `aud exp nbf iat` plausible             claims_check_registered  peeked: a hopeless token costs no fetch
 *     the key by `kid`, and the signature     keys_verify
 *     every claim again, verified now         claims_check
 *     names from claims, and the account      account_map, account_among, account_check
 *     the service's rules                     claims_check_service
 *     the binding, or a bearer's want of one  binding_check
 */
#include "internal.h"

#include <string.h>

static enum jwkscore_status check_request(const struct jwkscore_config *config, const struct jwkscore_request *request,
                                          struct jwkscore_identity **ret_identity, struct jwkscore_error *error)
{
    if (config == NULL || request == NULL || ret_identity == NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT, "jwkscore_authenticate: an argument is NULL, or of another version");
    if (request->token == NULL || (request->key == NULL) != (request->key_length == 0) || request->now < 0 ||
        request->max_wait < 0 || request->clock < 0)
        return error_set(error, JWKSCORE_E_ARGUMENT, "jwkscore_authenticate: the request is incomplete");
    return jwkscore_config_check(config, error);
}

/* H3, H8: what the issuer's section lets a header say. */
static enum jwkscore_status check_header(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                         const struct token *token, bool proven, struct jwkscore_error *error)
{
    const char *name = token->algorithm->name;
    const struct traced typ = {"typ", value_member(token->header, "typ")};
    char quoted[QUOTED_SIZE];

    if ((issuer->algorithms & (int64_t)algorithm_bit(token->algorithm)) == 0) {
        config_trace(config, "algorithm", JWKSCORE_E_ALGORITHM, NULL, text_from(name), &issuer->settings, "algorithms");
        return error_set(error, JWKSCORE_E_ALGORITHM, "issuer %s may not use %s", issuer->name, name);
    }
    config_trace(config, "algorithm", JWKSCORE_OK, NULL, text_from(name), &issuer->settings, "algorithms");
    if (!token_type_fits(token, issuer->token_types, proven)) {
        config_trace_claim(config, "type", JWKSCORE_E_TYPE, NULL, typ, &issuer->settings, "token_type");
        return error_set(error, JWKSCORE_E_TYPE, "typ \"%s\" is not the kind of token that issuer %s is configured for",
                         error_quote(quoted, token->typ), issuer->name);
    }
    config_trace_claim(config, "type", JWKSCORE_OK, NULL, typ, &issuer->settings, "token_type");
    return JWKSCORE_OK;
}

/* aud and times; where a time is to come, a wrong clock is the better explanation (CACHE 3.4). */
static enum jwkscore_status check_plausible(const struct keys_request *keys, int64_t now, struct jwkscore_error *error)
{
    struct jwkscore_error why = {JWKSCORE_OK, ""};
    enum jwkscore_status status =
        claims_check_registered(keys->config, keys->issuer, keys->token, now, &why);

    if (status == JWKSCORE_E_NOT_YET_VALID) {
        enum jwkscore_status clock = keys_check_clock(keys, error);

        if (clock != JWKSCORE_OK)
            return clock;
    }
    return status == JWKSCORE_OK ? status : error_set(error, status, "%s", why.message);
}

/* For an account that does not exist nothing is fetched, and the account is the better explanation. */
static enum jwkscore_status find_key(const struct keys_request *keys, struct verified *ret_verified, struct jwkscore_error *error)
{
    struct jwkscore_error why = {JWKSCORE_OK, ""};
    enum jwkscore_status status = keys_verify(keys, ret_verified, &why);

    if (jwkscore_classify(status) == JWKSCORE_CLASS_UNAVAILABLE && keys->user != NULL && !keys_may_refresh(keys)) {
        enum jwkscore_status account = account_check(keys->config, keys->issuer, keys->user, error);

        if (account != JWKSCORE_OK)
            return account;
    }
    return status == JWKSCORE_OK ? status : error_set(error, status, "%s", why.message);
}

/* On verified bytes: the claims, the account, the service, the binding. */
static enum jwkscore_status check_verified(const struct keys_request *keys, const struct jwkscore_request *request,
                                           struct strings *accounts, struct jwkscore_error *error)
{
    const struct jwkscore_config *config = keys->config;
    const struct issuer_options *issuer = keys->issuer;
    const struct service_options *service = request->service != NULL ? config_service(config, request->service) : NULL;
    enum jwkscore_status status;

    if ((status = claims_check(config, issuer, keys->token, request->now, error)) != JWKSCORE_OK ||
        (status = account_map(config, issuer, keys->token, accounts, error)) != JWKSCORE_OK)
        return status;
    if (request->user != NULL && ((status = account_among(config, accounts, request->user, error)) != JWKSCORE_OK ||
                                  (status = account_check(config, issuer, request->user, error)) != JWKSCORE_OK))
        return status;
    status = claims_check_service(config, service, issuer, keys->token, request->now, error);
    if (status != JWKSCORE_OK)
        return status;
    return binding_check(config, issuer, keys->token, request, error);
}

static enum jwkscore_status decide(const struct jwkscore_config *config, const struct jwkscore_request *request,
                                   struct jwkscore_identity **ret_identity, struct jwkscore_error *error)
{
    CLEANUP(token_freep) struct token *token = NULL;
    CLEANUP(strings_free) struct strings accounts = {0};
    enum account_known known = ACCOUNT_UNASKED;
    struct keys_request keys = {.config = config,
                                .now = request->clock != 0 ? request->clock : request->now,
                                .user = request->user,
                                .known = &known};
    struct verified verified;
    enum jwkscore_status status;

    status = token_parse((struct text){request->token, request->token_length}, &token, error);
    config_trace(config, "token", status, NULL, TEXT(""), NULL, NULL);
    if (status != JWKSCORE_OK)
        return status;
    keys.token = token;
    if ((status = claims_issuer(config, token, &keys.issuer, error)) != JWKSCORE_OK ||
        (status = check_header(config, keys.issuer, token, request->key != NULL, error)) != JWKSCORE_OK)
        return status;
    keys.max_wait = request->max_wait > 0 ? request->max_wait : config->global.max_wait * 1000;
    if ((status = check_plausible(&keys, request->now, error)) != JWKSCORE_OK ||
        (status = find_key(&keys, &verified, error)) != JWKSCORE_OK ||
        (status = check_verified(&keys, request, &accounts, error)) != JWKSCORE_OK)
        return status;
    return identity_new(keys.issuer, &token, &accounts, &verified, ret_identity, error);
}

/* A caller that was compiled with an older header has a smaller request; what it lacks is 0. */
static bool take_request(const struct jwkscore_request *theirs, struct jwkscore_request *ret_request)
{
    *ret_request = (struct jwkscore_request){0};
    if (theirs == NULL || theirs->size < offsetof(struct jwkscore_request, clock))
        return false;
    memcpy(ret_request, theirs, theirs->size < sizeof(*ret_request) ? theirs->size : sizeof(*ret_request));
    return true;
}

enum jwkscore_status jwkscore_authenticate(const struct jwkscore_config *config, const struct jwkscore_request *theirs,
                                           struct jwkscore_identity **ret_identity, struct jwkscore_error *error)
{
    struct jwkscore_error first = {JWKSCORE_OK, ""};
    struct jwkscore_request request;
    enum jwkscore_status status = check_request(config, take_request(theirs, &request) ? &request : NULL, ret_identity, &first);

    if (status == JWKSCORE_OK)
        status = decide(config, &request, ret_identity, &first);
    if (error != NULL)
        *error = first;
    return status;
}
