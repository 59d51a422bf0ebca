/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c: a token that passed, and what it says. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct jwkscore_identity {
    char *issuer;
    struct strings accounts;
    struct token *token;
    int64_t expires;
    struct jwkscore_key_use key;
    char note[CACHE_NOTE_SIZE];
};

void jwkscore_identity_free(struct jwkscore_identity *identity)
{
    if (identity == NULL)
        return;
    free(identity->issuer);
    strings_free(&identity->accounts);
    token_free(identity->token);
    free(identity);
}

enum jwkscore_status identity_new(const struct issuer_options *issuer, struct token **token, struct strings *accounts,
                                  const struct verified *verified, struct jwkscore_identity **ret_identity,
                                  struct jwkscore_error *error)
{
    struct jwkscore_identity *identity = calloc(1, sizeof(*identity));

    if (identity == NULL || (identity->issuer = text_copy(text_from(issuer->name))) == NULL) {
        free(identity);
        return error_memory(error);
    }
    identity->token = *token;
    identity->accounts = *accounts;
    *token = NULL;
    *accounts = (struct strings){0};
    identity->token->signed_text = (struct text){NULL, 0}; /* the caller's, and gone when this call ends */
    explicit_bzero(identity->token->signature, sizeof(identity->token->signature));
    identity->expires = times_expires(identity->token);
    memcpy(identity->note, verified->note, sizeof(identity->note));
    identity->key = (struct jwkscore_key_use){
        .size = sizeof(identity->key),
        .kid = identity->token->has_kid ? identity->token->kid.bytes : NULL,
        .algorithm = identity->token->algorithm->name,
        .cache = cache_state_name(verified->state),
        .age = verified->age,
        .max_stale = issuer->max_stale,
        .vanished = verified->vanished,
        .note = identity->note,
    };
    *ret_identity = identity;
    return JWKSCORE_OK;
}

const char *jwkscore_identity_issuer(const struct jwkscore_identity *identity)
{
    return identity->issuer;
}

const char *jwkscore_identity_subject(const struct jwkscore_identity *identity)
{
    return jwkscore_identity_claim(identity, "sub", 0);
}

const char *jwkscore_identity_account(const struct jwkscore_identity *identity, size_t index)
{
    return index < identity->accounts.count ? identity->accounts.at[index] : NULL;
}

int64_t jwkscore_identity_expires(const struct jwkscore_identity *identity)
{
    return identity->expires;
}

const char *jwkscore_identity_claim(const struct jwkscore_identity *identity, const char *name, size_t index)
{
    const struct value *claim = value_find(identity->token->claims, name);
    struct text text;

    if (value_type(claim) == VALUE_ARRAY)
        claim = value_at(claim, index);
    else if (index > 0)
        return NULL;
    return value_text(claim, &text) ? text.bytes : NULL; /* ends in NUL, and the scanner lets none in between */
}

const struct jwkscore_key_use *jwkscore_identity_key(const struct jwkscore_identity *identity)
{
    return &identity->key;
}

enum jwkscore_status jwkscore_identity_check(const struct jwkscore_config *config, const struct jwkscore_identity *identity,
                                             const char *user, int64_t now, struct jwkscore_error *error)
{
    const struct issuer_options *issuer;
    enum jwkscore_status status;

    if (error != NULL)
        *error = (struct jwkscore_error){JWKSCORE_OK, ""};
    if (config == NULL || identity == NULL || user == NULL || now < 0)
        return error_set(error, JWKSCORE_E_ARGUMENT, "jwkscore_identity_check: an argument is NULL, or no time");
    issuer = config_issuer_named(config, identity->issuer);
    if (config->refused || issuer == NULL)
        return error_set(error, JWKSCORE_E_CONFIG, "issuer %.64s is no longer configured", identity->issuer);
    if ((status = account_among(config, &identity->accounts, user, error)) != JWKSCORE_OK ||
        (status = account_check(config, issuer, user, error)) != JWKSCORE_OK)
        return status;
    return times_check_expiry(config, identity->token->claims, identity->expires, now, error);
}
