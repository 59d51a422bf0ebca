/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claims.c: iss, aud, sub, and which rules hold for a token (RFC 7519 section 4.1, OpenID Connect Core section 3.1.3.7).
 *
 * A claim of the wrong type is an error and never counts as absent.  Nothing is split, folded, trimmed or converted.
 */
#include "internal.h"

enum { SUBJECT_MAX = 255 }; /* OpenID Connect Core section 2 */

enum jwkscore_status claims_issuer(const struct jwkscore_config *config, const struct token *token,
                                   const struct issuer_options **ret_issuer, struct jwkscore_error *error)
{
    const struct traced claim = {"iss", value_member(token->claims, "iss")};
    const struct issuer_options *issuer;
    struct text iss;
    char quoted[QUOTED_SIZE];

    if (!value_member_text(token->claims, "iss", &iss))
        return REFUSE_CLAIM(config, "issuer", JWKSCORE_E_ISSUER, NULL, NULL, claim, error, "no `iss` that is a string");
    issuer = config_issuer_for(config, iss);
    if (issuer == NULL)
        return REFUSE_CLAIM(config, "issuer", JWKSCORE_E_ISSUER, NULL, NULL, claim, error, "iss \"%s\" is no configured issuer",
                      error_quote(quoted, iss));
    config_trace(config, "issuer", JWKSCORE_OK, issuer->issuer, text_from(issuer->name), &issuer->settings, "issuer");
    *ret_issuer = issuer;
    return JWKSCORE_OK;
}

/* Counts our and other audiences; false where `aud` is neither a string nor an array of nothing but strings. */
static bool count_audiences(const struct value *aud, const struct strings *audience, size_t *ret_ours, size_t *ret_others,
                            struct text *ret_first)
{
    size_t ours = 0, others = 0;
    struct text text = TEXT("");

    if (value_text(aud, &text)) {
        ours = strings_have(audience, text);
        others = 1 - ours;
    } else if (value_type(aud) != VALUE_ARRAY) {
        return false;
    }
    for (size_t i = value_count(aud); i-- > 0;) {
        if (!value_text(value_at(aud, i), &text))
            return false;
        if (strings_have(audience, text))
            ours++;
        else
            others++;
    }
    *ret_ours = ours;
    *ret_others = others;
    *ret_first = text;
    return true;
}

/* The configured audience that decided, for the trace. */
static const char *ours_of(const struct strings *audience, const struct value *aud)
{
    struct text text;
    const char *ours = value_text(aud, &text) ? strings_find(audience, text) : NULL;

    for (size_t i = 0; ours == NULL && i < value_count(aud); i++)
        if (value_text(value_at(aud, i), &text))
            ours = strings_find(audience, text);
    return ours;
}

/* C2: one element is ours; strangers beside it only if the token was made for us (`azp`), or by leave. */
static enum jwkscore_status check_audience(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                           const struct token *token, struct jwkscore_error *error)
{
    const struct value *aud = value_member(token->claims, "aud"), *azp = value_member(token->claims, "azp");
    const struct traced claim = {"aud", aud}, authorized = {"azp", azp};
    const enum jwkscore_status no = JWKSCORE_E_AUDIENCE;
    struct text first, party = TEXT("");
    size_t ours, others;
    char quoted[QUOTED_SIZE];

    if (!count_audiences(aud, &issuer->audience, &ours, &others, &first))
        return REFUSE_CLAIM(config, "audience", no, &issuer->settings, "audience", claim, error,
                            "`aud` is %s, not a string or an array of strings", value_type_name(value_type(aud)));
    if (azp != NULL && !value_text(azp, &party))
        return REFUSE_CLAIM(config, "audience", no, &issuer->settings, "audience", authorized, error,
                            "`azp` is not a string");
    if (ours == 0)
        return REFUSE_CLAIM(config, "audience", no, &issuer->settings, "audience", claim, error,
                            "aud \"%s\" is not an audience of issuer %s", error_quote(quoted, first), issuer->name);
    if (others > 0 && !issuer->allow_extra_audience && !strings_have(&issuer->audience, party))
        return REFUSE_CLAIM(config, "audience", no, &issuer->settings, "allow_extra_audience", authorized, error,
                            "`aud` names others besides us, and azp \"%s\" is not ours", error_quote(quoted, party));
    config_trace_claim(config, "audience", JWKSCORE_OK, ours_of(&issuer->audience, aud), claim, &issuer->settings,
                       "audience");
    return JWKSCORE_OK;
}

enum jwkscore_status claims_check_registered(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                             const struct token *token, int64_t now, struct jwkscore_error *error)
{
    enum jwkscore_status status = check_audience(config, issuer, token, error);

    return status != JWKSCORE_OK ? status : times_check(config, token, now, error);
}

/* C7: C0 and C1 control characters and DEL have no place in a name that reaches logs and environments. */
static bool has_controls(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.bytes[i];

        if (c < 0x20 || c == 0x7f || (c == 0xc2 && i + 1 < text.length && (unsigned char)text.bytes[i + 1] < 0xa0))
            return true;
    }
    return false;
}

static enum jwkscore_status check_subject(const struct jwkscore_config *config, const struct token *token,
                                          struct jwkscore_error *error)
{
    const struct traced claim = {"sub", value_member(token->claims, "sub")};
    struct text sub;

    if (!value_member_text(token->claims, "sub", &sub) || sub.length == 0 || sub.length > SUBJECT_MAX || has_controls(sub))
        return REFUSE_CLAIM(config, "subject", JWKSCORE_E_CLAIM, NULL, NULL, claim, error,
                            "no `sub` that is a string of 1 to %d bytes without control characters", SUBJECT_MAX);
    config_trace_claim(config, "subject", JWKSCORE_OK, NULL, claim, NULL, NULL);
    return JWKSCORE_OK;
}

/* C8: a logout or event token, or one that somebody acts with for another, is not a login. */
static enum jwkscore_status refuse_foreign(const struct jwkscore_config *config, const struct token *token,
                                           struct jwkscore_error *error)
{
    static const char *const foreign[] = {"events", "act"};

    for (size_t i = 0; i < ARRAY_LENGTH(foreign); i++) {
        const struct traced claim = {foreign[i], value_member(token->claims, foreign[i])};

        if (claim.value != NULL)
            return REFUSE_CLAIM(config, "type", JWKSCORE_E_CLAIM, NULL, NULL, claim, error,
                                "the token has `%s`: it is not for logging in", foreign[i]);
    }
    return JWKSCORE_OK;
}

enum jwkscore_status claims_check(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                  const struct token *token, int64_t now, struct jwkscore_error *error)
{
    const struct rules rules = {&issuer->settings, &issuer->require, issuer->max_auth_age, issuer->max_lifetime,
                                issuer->max_token_age};
    enum jwkscore_status status;

    if (!value_is(value_member(token->claims, "iss"), issuer->issuer))
        return error_set(error, JWKSCORE_E_ISSUER, "`iss` is not issuer %s", issuer->name);
    if ((status = claims_check_registered(config, issuer, token, now, error)) != JWKSCORE_OK ||
        (status = check_subject(config, token, error)) != JWKSCORE_OK ||
        (status = refuse_foreign(config, token, error)) != JWKSCORE_OK)
        return status;
    return rules_check(config, &rules, token, now, error);
}

enum jwkscore_status claims_check_service(const struct jwkscore_config *config, const struct service_options *service,
                                          const struct issuer_options *issuer, const struct token *token, int64_t now,
                                          struct jwkscore_error *error)
{
    struct rules rules;

    if (service == NULL)
        return JWKSCORE_OK;
    if (service->issuers.count > 0 && !strings_have(&service->issuers, text_from(issuer->name)))
        return REFUSE(config, "service", JWKSCORE_E_SERVICE, &service->settings, "issuers", text_from(issuer->name), error,
                      "service %s does not take tokens of issuer %s", service->name, issuer->name);
    if (service->issuers.count > 0)
        config_trace(config, "service", JWKSCORE_OK, issuer->name, text_from(issuer->name), &service->settings, "issuers");
    rules = (struct rules){&service->settings, &service->require, service->max_auth_age, service->max_lifetime,
                           service->max_token_age};
    return rules_check(config, &rules, token, now, error);
}
