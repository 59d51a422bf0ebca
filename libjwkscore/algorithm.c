/* SPDX-License-Identifier: Apache-2.0 */
/*
 * algorithm.c: the algorithms and curves that exist.  What is not in a table here does not exist: there is no `none` and
 * no HMAC to choose, whatever a token or a key set says (RFC 8725 section 3.1).
 */
#include "internal.h"

#include <string.h>

/* n of FIPS 186-4, D.1.2.3 to D.1.2.5 */
static const unsigned char p256_order[] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const unsigned char p384_order[] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};
static const unsigned char p521_order[] = {
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09,
    0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38,
    0x64, 0x09};

static const struct curve curves[] = {
    {"P-256", KEY_EC, 32, "P-256", p256_order},
    {"P-384", KEY_EC, 48, "P-384", p384_order},
    {"P-521", KEY_EC, 66, "P-521", p521_order},
    {"Ed25519", KEY_OKP, 32, "ED25519", NULL},
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
