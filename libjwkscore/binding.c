/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binding.c: is the token bound to the SSH key that the bearer has proven to hold?
 *
 * `cnf` is RFC 7800 (the key itself) or RFC 9449 section 6.1 (its thumbprint); `nonce` is the key's SSH fingerprint,
 * which any OpenID provider signs without knowing it.  Without a key, a token with `cnf` is refused: it says itself
 * that it is no bearer token.
 */
#include "internal.h"

#include <string.h>

/* Is `cnf.jwk` a key with this thumbprint? */
static bool is_key(const struct crypto *crypto, const struct value *key, const char *thumbprint)
{
    char its[THUMBPRINT_SIZE];
    struct jwk jwk;
    bool same;

    if (key == NULL || jwk_read(key, &jwk) != DROP_NONE)
        return false;
    same = material_thumbprint(crypto, &jwk.material, its) && strcmp(its, thumbprint) == 0;
    jwk_clear(&jwk);
    return same;
}

static bool bound_by_cnf(const struct crypto *crypto, const struct token *token, const struct sshkey *key)
{
    const struct value *cnf = value_member(token->claims, "cnf");
    char thumbprint[THUMBPRINT_SIZE];

    if (cnf == NULL || !material_thumbprint(crypto, &key->material, thumbprint))
        return false;
    return value_is(value_member(cnf, "jkt"), thumbprint) || is_key(crypto, value_member(cnf, "jwk"), thumbprint);
}

static bool bound_by_nonce(const struct crypto *crypto, const struct token *token, struct text blob)
{
    char fingerprint[THUMBPRINT_SIZE];

    return sshkey_fingerprint(crypto, blob, fingerprint) && value_is(value_member(token->claims, "nonce"), fingerprint);
}

static enum jwkscore_status check_bearer(const struct token *token, struct jwkscore_error *error)
{
    if (value_member(token->claims, "cnf") == NULL)
        return JWKSCORE_OK;
    return error_set(error, JWKSCORE_E_UNBOUND, "the token is bound to a key (`cnf`) and came without one");
}

static enum jwkscore_status check_key(const struct crypto *crypto, int64_t bindings, const struct token *token,
                                      struct text blob, struct jwkscore_error *error)
{
    CLEANUP(sshkey_clear) struct sshkey key = {0};
    bool by_cnf;

    if (!sshkey_parse(blob, &key))
        return error_set(error, JWKSCORE_E_UNBOUND, "the SSH key is malformed, or of a type that is not supported");
    by_cnf = bound_by_cnf(crypto, token, &key);
    if (value_member(token->claims, "cnf") != NULL && !by_cnf)
        return error_set(error, JWKSCORE_E_UNBOUND, "the token is bound to another key (`cnf`)");
    if ((bindings & BINDING_NONE) != 0 || ((bindings & BINDING_CNF) != 0 && by_cnf) ||
        ((bindings & BINDING_NONCE) != 0 && bound_by_nonce(crypto, token, blob)))
        return JWKSCORE_OK;
    return error_set(error, JWKSCORE_E_UNBOUND, "the token is not bound to this SSH key by any of key_binding");
}

/* What the token would have to say of this key, and what it says. */
static enum jwkscore_status trace_binding(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                          const struct token *token, struct text blob, enum jwkscore_status status)
{
    const struct value *cnf = value_member(token->claims, "cnf");
    const char *name = cnf == NULL && blob.bytes != NULL ? "nonce" : "cnf";
    const struct traced claim = {name, value_member(token->claims, name)};
    char fingerprint[THUMBPRINT_SIZE];

    if (blob.bytes == NULL || cnf != NULL || !sshkey_fingerprint(config->crypto, blob, fingerprint))
        return config_trace_claim(config, "binding", status, NULL, claim, &issuer->settings, "key_binding");
    return config_trace_claim(config, "binding", status, fingerprint, claim, &issuer->settings, "key_binding");
}

enum jwkscore_status binding_check(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                   const struct token *token, const struct jwkscore_request *request,
                                   struct jwkscore_error *error)
{
    struct text blob = {(const char *)request->key, request->key_length};
    enum jwkscore_status status = request->key == NULL
                                      ? check_bearer(token, error)
                                      : check_key(config->crypto, issuer->key_binding, token, blob, error);

    return trace_binding(config, issuer, token, blob, status);
}
