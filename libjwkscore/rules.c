/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c: what a section of jwks.conf asks of a token beyond its being valid: require, max_lifetime, max_token_age,
 * max_auth_age.  The same for an issuer's section and for a service's.
 */
#include "internal.h"

#include <inttypes.h>

/* One age limit: `then` is when it began.  `limit` 0: there is none. */
static enum jwkscore_status check_age(const struct jwkscore_config *config, const struct rules *rules, const char *option,
                                      const char *claim, int64_t limit, const struct token *token, int64_t now,
                                      struct jwkscore_error *error)
{
    const struct traced its = times_claim(token->claims, claim);
    int64_t then = 0;
    enum jwkscore_status status;

    if (limit == 0)
        return JWKSCORE_OK;
    status = times_require(token, claim, option, &then, error);
    if (status != JWKSCORE_OK)
        return REFUSE_CLAIM(config, option, status, rules->settings, option, its, error, "`%s` is missing", claim);
    if (then == 0 || then > now + config->global.clock_skew)
        return REFUSE_CLAIM(config, option, JWKSCORE_E_CLAIM, rules->settings, option, its, error,
                            "`%s` is 0 or to come", claim);
    if (now - then > limit + config->global.clock_skew)
        return REFUSE_CLAIM(config, option, JWKSCORE_E_CLAIM, rules->settings, option, its, error,
                            "`%s` is %" PRId64 " s ago, over %s of %" PRId64 " s", claim, now - then, option, limit);
    return config_trace_claim(config, option, JWKSCORE_OK, NULL, its, rules->settings, option);
}

static enum jwkscore_status check_lifetime(const struct jwkscore_config *config, const struct rules *rules,
                                           const struct token *token, struct jwkscore_error *error)
{
    const struct traced claim = times_claim(token->claims, "iat");
    int64_t iat = 0, exp = times_expires(token);
    enum jwkscore_status status;

    if (rules->max_lifetime == 0)
        return JWKSCORE_OK;
    status = times_require(token, "iat", "max_lifetime", &iat, error);
    if (status != JWKSCORE_OK)
        return config_trace_claim(config, "max_lifetime", status, NULL, claim, rules->settings, "max_lifetime");
    if (exp - iat > rules->max_lifetime)
        return REFUSE_CLAIM(config, "max_lifetime", JWKSCORE_E_CLAIM, rules->settings, "max_lifetime", claim, error,
                            "the token lives %" PRId64 " s, over max_lifetime of %" PRId64 " s", exp - iat, rules->max_lifetime);
    return config_trace_claim(config, "max_lifetime", JWKSCORE_OK, NULL, claim, rules->settings, "max_lifetime");
}

/* C11: a string that equals it, or an array of nothing but strings that contains it. */
static bool claim_has(const struct value *claim, struct text wanted)
{
    bool found = false;
    struct text text;

    if (value_text(claim, &text))
        return text_equal(text, wanted);
    if (value_type(claim) != VALUE_ARRAY)
        return false;
    for (size_t i = 0; i < value_count(claim); i++) {
        if (!value_text(value_at(claim, i), &text))
            return false;
        found = found || text_equal(text, wanted);
    }
    return found;
}

/* Entra moves more than 200 groups out of the token and leaves their name behind. */
static const char *absence(const struct token *token, const char *name)
{
    return value_member(value_member(token->claims, "_claim_names"), name) != NULL
               ? "moved out of the token by the provider (too many values)"
               : "absent";
}

static enum jwkscore_status check_require(const struct jwkscore_config *config, const struct rules *rules, const char *line,
                                          const struct token *token, struct jwkscore_error *error)
{
    CLEANUP(string_freep) char *name = NULL;
    struct text claim_name, wanted;
    const struct value *claim;
    bool holds;

    if (!option_split_require(line, &claim_name, &wanted))
        return error_set(error, JWKSCORE_E_CONFIG, "require: not of the form CLAIM = VALUE");
    name = text_copy(claim_name);
    if (name == NULL)
        return error_memory(error);
    claim = value_find(token->claims, name);
    holds = claim_has(claim, wanted);
    config_trace_claim(config, "require", holds ? JWKSCORE_OK : JWKSCORE_E_CLAIM, line, (struct traced){name, claim},
                       rules->settings, "require");
    if (!holds)
        return error_set(error, JWKSCORE_E_CLAIM, "require %.100s: the claim is %s", line,
                         claim == NULL ? absence(token, name) : "there and does not have that value");
    return JWKSCORE_OK;
}

enum jwkscore_status rules_check(const struct jwkscore_config *config, const struct rules *rules,
                                 const struct token *token, int64_t now, struct jwkscore_error *error)
{
    enum jwkscore_status status;

    if ((status = check_lifetime(config, rules, token, error)) != JWKSCORE_OK ||
        (status = check_age(config, rules, "max_token_age", "iat", rules->max_token_age, token, now, error)) != JWKSCORE_OK ||
        (status = check_age(config, rules, "max_auth_age", "auth_time", rules->max_auth_age, token, now, error)) != JWKSCORE_OK)
        return status;
    for (size_t i = 0; i < rules->require->count; i++) {
        status = check_require(config, rules, rules->require->at[i], token, error);
        if (status != JWKSCORE_OK)
            return status;
    }
    return JWKSCORE_OK;
}
