/* SPDX-License-Identifier: Apache-2.0 */
/*
 * times.c: exp, nbf and iat, and what else in a token is a time (RFC 7519 sections 2 and 4.1).
 *
 * A time of the wrong type or range is an error and never counts as absent; a string never becomes a number.
 */
#include "internal.h"

#include <inttypes.h>

static const int64_t time_max = 4133980799; /* the end of 2100: beyond it a time is a mistake, or milliseconds */

struct traced times_claim(const struct value *claims, const char *name)
{
    return (struct traced){name, value_member(claims, name)};
}

/* A NumericDate (RFC 7519 section 2) that may be absent; a fraction goes `up` or down, to the stricter side. */
static enum jwkscore_status read_time(const struct token *token, const char *name, bool up, bool *ret_present,
                                      int64_t *ret_time, struct jwkscore_error *error)
{
    const struct value *value = value_member(token->claims, name);
    int64_t floor;
    bool fraction;

    if (value == NULL) {
        *ret_present = false;
        return JWKSCORE_OK;
    }
    if (!value_integer(value, &floor, &fraction) || floor < 0 || floor > time_max)
        return error_set(error, JWKSCORE_E_CLAIM, "`%s` is not a time between 1970 and 2100, in seconds", name);
    *ret_present = true;
    *ret_time = floor + (up && fraction);
    return JWKSCORE_OK;
}

enum jwkscore_status times_require(const struct token *token, const char *name, const char *why, int64_t *ret_time,
                                   struct jwkscore_error *error)
{
    bool present = false;
    enum jwkscore_status status = read_time(token, name, false, &present, ret_time, error);

    if (status == JWKSCORE_OK && !present)
        return error_set(error, JWKSCORE_E_CLAIM, "the token has no `%s`, which %s needs", name, why);
    return status;
}

enum jwkscore_status times_check_expiry(const struct jwkscore_config *config, const struct value *claims, int64_t exp,
                                        int64_t now, struct jwkscore_error *error)
{
    const struct traced claim = times_claim(claims, "exp");

    if (now - config->global.clock_skew >= exp)
        return REFUSE_CLAIM(config, "expiry", JWKSCORE_E_EXPIRED, &config->global.settings, "clock_skew", claim, error,
                            "expired %" PRId64 " s ago", now - exp);
    config_trace_claim(config, "expiry", JWKSCORE_OK, NULL, claim, &config->global.settings, "clock_skew");
    return JWKSCORE_OK;
}

/* `nbf` and `iat`: not to come, and before `exp`. */
static enum jwkscore_status check_begin(const struct jwkscore_config *config, const struct token *token, const char *name,
                                        int64_t exp, int64_t now, struct jwkscore_error *error)
{
    const struct traced claim = times_claim(token->claims, name);
    int64_t begin = 0;
    bool present = false;
    enum jwkscore_status status = read_time(token, name, true, &present, &begin, error);

    if (status != JWKSCORE_OK)
        return config_trace_claim(config, name, status, NULL, claim, NULL, NULL);
    if (!present)
        return JWKSCORE_OK;
    if (begin >= exp)
        return REFUSE_CLAIM(config, name, JWKSCORE_E_CLAIM, NULL, NULL, claim, error, "`%s` is not before `exp`", name);
    if (begin > now + config->global.clock_skew)
        return REFUSE_CLAIM(config, name, JWKSCORE_E_NOT_YET_VALID, &config->global.settings, "clock_skew", claim, error,
                            "`%s` is %" PRId64 " s from now", name, begin - now);
    return config_trace_claim(config, name, JWKSCORE_OK, NULL, claim, &config->global.settings, "clock_skew");
}

enum jwkscore_status times_check(const struct jwkscore_config *config, const struct token *token, int64_t now,
                                 struct jwkscore_error *error)
{
    int64_t exp = 0;
    enum jwkscore_status status;

    status = times_require(token, "exp", "every token", &exp, error);
    if (status != JWKSCORE_OK)
        return config_trace_claim(config, "expiry", status, NULL, times_claim(token->claims, "exp"), NULL, NULL);
    if ((status = times_check_expiry(config, token->claims, exp, now, error)) != JWKSCORE_OK ||
        (status = check_begin(config, token, "nbf", exp, now, error)) != JWKSCORE_OK ||
        (status = check_begin(config, token, "iat", exp, now, error)) != JWKSCORE_OK)
        return status;
    return JWKSCORE_OK;
}

int64_t times_expires(const struct token *token)
{
    int64_t exp = 0;

    return times_require(token, "exp", "every token", &exp, NULL) == JWKSCORE_OK ? exp : 0;
}
