/* SPDX-License-Identifier: Apache-2.0 */
/*
 * algorithm.c: the algorithms and curves that exist.  What is not in a table here does not exist: there is no `none` and
 * no HMAC to choose, whatever a token or a key set says (RFC 8725 section 3.1).
 */
#include "internal.h"

#include <string.h>

static const struct curve curves[] = {
    {"P-256", KEY_EC, 32, "P-256"},
    {"P-384", KEY_EC, 48, "P-384"},
    {"P-521", KEY_EC, 66, "P-521"},
    {"Ed25519", KEY_OKP, 32, "ED25519"},
};

/* RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2. */
static const struct algorithm algorithms[] = {
    {"RS256", KEY_RSA, NULL, "SHA256", false, true},
    {"PS256", KEY_RSA, NULL, "SHA256", true, true},
    {"ES256", KEY_EC, "P-256", "SHA256", false, true},
    {"EdDSA", KEY_OKP, "Ed25519", NULL, false, true},
    {"RS384", KEY_RSA, NULL, "SHA384", false, false},
    {"RS512", KEY_RSA, NULL, "SHA512", false, false},
    {"PS384", KEY_RSA, NULL, "SHA384", true, false},
    {"PS512", KEY_RSA, NULL, "SHA512", true, false},
    {"ES384", KEY_EC, "P-384", "SHA384", false, false},
    {"ES512", KEY_EC, "P-521", "SHA512", false, false},
    {"Ed25519", KEY_OKP, "Ed25519", NULL, false, false},
};

const struct algorithm *algorithm_at(size_t index)
{
    return index < ARRAY_LENGTH(algorithms) ? &algorithms[index] : NULL;
}

const struct algorithm *algorithm_find(struct text name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(algorithms); i++)
        if (text_is(name, algorithms[i].name))
            return &algorithms[i];
    return NULL;
}

uint32_t algorithm_bit(const struct algorithm *algorithm)
{
    return UINT32_C(1) << (algorithm - algorithms);
}

const struct curve *curve_find(struct text name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(curves); i++)
        if (text_is(name, curves[i].name))
            return &curves[i];
    return NULL;
}

bool algorithm_fits(const struct algorithm *algorithm, enum key_type type, const struct curve *curve)
{
    if (algorithm->type != type)
        return false;
    if (algorithm->curve == NULL)
        return curve == NULL;
    return curve != NULL && strcmp(algorithm->curve, curve->name) == 0;
}

size_t algorithm_signature_length(const struct algorithm *algorithm)
{
    const struct curve *curve = algorithm->curve == NULL ? NULL : curve_find(text_from(algorithm->curve));

    return curve == NULL ? 0 : 2 * curve->size;
}
