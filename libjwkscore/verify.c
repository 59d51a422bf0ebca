/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c: does one of these keys say that it signed this token?
 *
 * The candidates come from the cache (keys.c) or from the administrator's jwks_file; denied_key holds for both, at once
 * and offline.
 */
#include "internal.h"

/* K6: by kid before any wait, by thumbprint before the key is used; also from the cache, also offline. */
enum jwkscore_status verify_not_denied(const struct keys_request *request, const struct candidates *candidates,
                                       struct jwkscore_error *error)
{
    const struct issuer_options *issuer = request->issuer;
    char thumbprint[THUMBPRINT_SIZE];
    const char *denied = request->token->has_kid ? strings_find(&issuer->denied_key, request->token->kid) : NULL;

    for (size_t i = 0; denied == NULL && issuer->denied_key.count > 0 && i < candidates->count; i++) {
        if (!material_thumbprint(request->config->crypto, &candidates->at[i].material, thumbprint))
            return error_memory(error);
        denied = strings_find(&issuer->denied_key, text_from(thumbprint));
        if (denied == NULL && candidates->at[i].has_kid)
            denied = strings_find(&issuer->denied_key, candidates->at[i].kid);
    }
    if (denied == NULL)
        return JWKSCORE_OK;
    config_trace(request->config, "key", JWKSCORE_E_DENIED_KEY, denied, request->token->kid, &issuer->settings, "denied_key");
    return error_set(error, JWKSCORE_E_DENIED_KEY, "the key is named by denied_key");
}

/* Tries one key.  An RSA signature shorter than the modulus is a token that was cut (FACTS 2). */
static enum jwkscore_status try_key(const struct keys_request *request, const struct jwk *jwk,
                                    struct jwkscore_error *error)
{
    CLEANUP(key_freep) struct key *key = NULL;
    const struct token *token = request->token;
    const struct crypto *crypto = request->config->crypto;
    enum jwkscore_status status = key_import(crypto, &jwk->material, &key, error);

    if (status != JWKSCORE_OK)
        return status;
    if (request->issuer->jwks_file != NULL && /* no jwks-fetch has looked at it */
        (status = key_check_thoroughly(crypto, key, error)) != JWKSCORE_OK)
        return status;
    if (token->signature_length < key_signature_length(key, token->algorithm))
        return error_set(error, JWKSCORE_E_INCOMPLETE, "the signature is cut off after %zu of %zu bytes",
                         token->signature_length, key_signature_length(key, token->algorithm));
    return key_verify(crypto, key, token->algorithm, token->signed_text,
                      (struct text){(const char *)token->signature, token->signature_length}, error);
}

/* At most four keys of one kid; without a kid exactly one, never a search (K3, K4). */
enum jwkscore_status verify_candidates(const struct keys_request *request, const struct candidates *candidates,
                                       bool *ret_vanished, struct jwkscore_error *error)
{
    enum jwkscore_status status = JWKSCORE_E_UNKNOWN_KEY;
    struct jwkscore_error why = {JWKSCORE_OK, ""};

    if (!request->token->has_kid && candidates->count > 1)
        return REFUSE(request->config, "key", JWKSCORE_E_UNKNOWN_KEY, NULL, NULL, TEXT(""), error,
                      "the token names no key (`kid`), and several fit");
    for (size_t i = 0; i < candidates->count; i++) {
        struct jwkscore_error its = {JWKSCORE_OK, ""};
        enum jwkscore_status now = try_key(request, &candidates->at[i], &its);

        if (status != JWKSCORE_E_SIGNATURE || jwkscore_classify(now) != JWKSCORE_CLASS_DENIED) {
            status = now; /* a signature that is wrong explains more than a later key that does not fit it */
            why = its;
        }
        if (now == JWKSCORE_OK)
            *ret_vanished = candidates->at[i].vanished;
        if (jwkscore_classify(now) != JWKSCORE_CLASS_DENIED)
            break;
    }
    config_trace(request->config, "signature", status, request->token->algorithm->name, request->token->kid, NULL, NULL);
    return status == JWKSCORE_OK ? status : error_set(error, status, "%s", why.message);
}

enum jwkscore_status verify_refuse_unknown(const struct keys_request *request, struct jwkscore_error *error)
{
    const struct token *token = request->token;
    char quoted[QUOTED_SIZE];

    config_trace(request->config, "key", JWKSCORE_E_UNKNOWN_KEY, NULL, token->kid, NULL, NULL);
    if (!token->has_kid)
        return error_set(error, JWKSCORE_E_UNKNOWN_KEY, "the token names no key (`kid`), and none fits %s",
                         token->algorithm->name);
    return error_set(error, JWKSCORE_E_UNKNOWN_KEY, "issuer %s has no key \"%s\" for %s", request->issuer->name,
                     error_quote(quoted, token->kid), token->algorithm->name);
}

/* The administrator's file, looked at as a provider's answer would be. */
static enum jwkscore_status read_file(const struct keys_request *request, struct buffer *ret_file, struct keyset **ret_keyset,
                                      struct jwkscore_error *error)
{
    const struct settings *settings = &request->issuer->settings;
    const char *path = request->issuer->jwks_file;
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    struct jwkscore_error why = {JWKSCORE_OK, ""};
    enum jwkscore_status status = file_read(path, config_file_owner(request->config), KEYSET_MAX, ret_file, NULL, error);

    if (status != JWKSCORE_OK)
        return config_trace(request->config, "cache", status, NULL, TEXT("file"), settings, "jwks_file");
    status = keyset_parse((struct text){(const char *)ret_file->bytes, ret_file->length}, &keyset, &why);
    if (status == JWKSCORE_E_MEMORY)
        return error_memory(error);
    if (status != JWKSCORE_OK)
        return REFUSE(request->config, "cache", JWKSCORE_E_CONFIG, settings, "jwks_file", TEXT("file"), error,
                      "%.100s: no key set: %s", path, why.message);
    if (keyset->count > KEYSET_KEYS_MAX)
        return REFUSE(request->config, "cache", JWKSCORE_E_CONFIG, settings, "jwks_file", TEXT("file"), error,
                      "%.100s: %zu keys are over the limit of %d", path, keyset->count, KEYSET_KEYS_MAX);
    *ret_keyset = keyset;
    keyset = NULL;
    return config_trace(request->config, "cache", JWKSCORE_OK, NULL, TEXT("file"), settings, "jwks_file");
}

/* An air-gapped set, never refreshed (CACHE 15). */
enum jwkscore_status verify_by_file(const struct keys_request *request, struct verified *ret_verified,
                                    struct jwkscore_error *error)
{
    CLEANUP(buffer_freep) struct buffer file = {0};
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    CLEANUP(candidates_clear) struct candidates candidates = {0};
    const struct text *kid = request->token->has_kid ? &request->token->kid : NULL;
    enum jwkscore_status status;
    bool vanished;

    if (age_clock_wrong(NULL, request->now))
        return REFUSE(request->config, "clock", JWKSCORE_E_CLOCK, NULL, NULL, TEXT(""), error,
                      "this host's clock is earlier than it can be; set it");
    status = read_file(request, &file, &keyset, error);
    if (status != JWKSCORE_OK)
        return status;
    if (!keyset_candidates(keyset, kid, request->token->algorithm, text_from(request->issuer->issuer), NULL, &candidates))
        return error_memory(error);
    if ((status = verify_not_denied(request, &candidates, error)) != JWKSCORE_OK)
        return status;
    if (candidates.count == 0)
        return verify_refuse_unknown(request, error);
    status = verify_candidates(request, &candidates, &vanished, error);
    if (status == JWKSCORE_OK)
        *ret_verified = (struct verified){.state = CACHE_FILE};
    return status;
}
