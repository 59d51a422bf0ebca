/* SPDX-License-Identifier: Apache-2.0 */
/* check_algorithm.c: eleven algorithms exist, each for one kind of key, and nothing else does. */
#include "support.h"

#include <string.h>

/* RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2; `preferred`: DESIGN 3. */
static const struct {
    const char *name;
    enum key_type type;
    const char *curve;
    const char *digest;
    bool pss, preferred;
    size_t signature;
} all[] = {
    {"RS256", KEY_RSA, NULL, "SHA256", false, true, 0},
    {"RS384", KEY_RSA, NULL, "SHA384", false, false, 0},
    {"RS512", KEY_RSA, NULL, "SHA512", false, false, 0},
    {"PS256", KEY_RSA, NULL, "SHA256", true, true, 0},
    {"PS384", KEY_RSA, NULL, "SHA384", true, false, 0},
    {"PS512", KEY_RSA, NULL, "SHA512", true, false, 0},
    {"ES256", KEY_EC, "P-256", "SHA256", false, true, 64},
    {"ES384", KEY_EC, "P-384", "SHA384", false, false, 96},
    {"ES512", KEY_EC, "P-521", "SHA512", false, false, 132},
    {"EdDSA", KEY_OKP, "Ed25519", NULL, false, true, 64},
    {"Ed25519", KEY_OKP, "Ed25519", NULL, false, false, 64},
};

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* H1, H4 */
START_TEST(each_algorithm_is_what_its_rfc_says)
{
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        const struct algorithm *algorithm = algorithm_find(text_from(all[i].name));

        ck_assert_msg(algorithm != NULL, "%s", all[i].name);
        ck_assert_str_eq(algorithm->name, all[i].name);
        ck_assert_msg(algorithm->type == all[i].type && same(algorithm->curve, all[i].curve) &&
                          same(algorithm->digest, all[i].digest) && algorithm->pss == all[i].pss &&
                          algorithm->preferred == all[i].preferred,
                      "%s", all[i].name);
        ck_assert_uint_eq(algorithm_signature_length(algorithm), all[i].signature);
    }
}
END_TEST

/* H1, H2: byte for byte, so neither `none` nor HMAC nor another spelling is found. */
START_TEST(nothing_else_exists)
{
    static const char *const others[] = {
        "",      "none",     "None",   "NONE",  "HS256",  "HS384",   "HS512",  "rs256",
        "Rs256", "RS256 ",   " RS256", "RS25",  "RS2560", "RS1",     "RS224",  "ES256K",
        "ES521", "ES224",    "Ed448",  "EDDSA", "eddsa",  "ed25519", "X25519", "ESP256",
        "PS1",   "RSA-OAEP", "RSA1_5", "dir",   "A128KW", "*",       "RS",     "ML-DSA-44",
    };
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        ck_assert_msg(algorithm_find(text_from(others[i])) == NULL, "%s", others[i]);
    ck_assert_ptr_null(algorithm_find((struct text){"RS256", 6})); /* S1: with its NUL it is another name */
    ck_assert_ptr_null(algorithm_find((struct text){"RS256", 4}));
    ck_assert_ptr_nonnull(algorithm_find((struct text){"RS2567", 5}));
    while (algorithm_at(count) != NULL)
        count++;
    ck_assert_uint_eq(count, ARRAY_LENGTH(all));
}
END_TEST

START_TEST(each_algorithm_has_a_bit_of_its_own)
{
    uint32_t seen = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        uint32_t bit = algorithm_bit(algorithm_find(text_from(all[i].name)));

        ck_assert_msg(bit != 0 && (bit & (bit - 1)) == 0 && (seen & bit) == 0, "%s", all[i].name);
        seen |= bit;
    }
}
END_TEST

START_TEST(each_curve_has_its_size)
{
    static const struct {
        const char *name;
        enum key_type type;
        size_t size;
    } curves[] = {
        {"P-256", KEY_EC, 32}, {"P-384", KEY_EC, 48}, {"P-521", KEY_EC, 66}, {"Ed25519", KEY_OKP, 32}};
    static const char *const others[] = {"",          "p-256",      "P-256 ", "P256", "P-521K",
                                         "secp256k1", "prime256v1", "X25519", "Ed448"};

    for (size_t i = 0; i < ARRAY_LENGTH(curves); i++) {
        const struct curve *curve = curve_find(text_from(curves[i].name));

        ck_assert_msg(curve != NULL && curve->type == curves[i].type && curve->size == curves[i].size, "%s",
                      curves[i].name);
        ck_assert_str_eq(curve->name, curves[i].name);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        ck_assert_msg(curve_find(text_from(others[i])) == NULL, "%s", others[i]);
}
END_TEST

/* H4: every algorithm against every kind of key. */
START_TEST(an_algorithm_fits_one_kind_of_key)
{
    static const struct {
        enum key_type type;
        const char *curve;
    } keys[] = {{KEY_NONE, NULL},   {KEY_RSA, NULL},      {KEY_EC, "P-256"},   {KEY_EC, "P-384"},
                {KEY_EC, "P-521"},  {KEY_OKP, "Ed25519"}, {KEY_EC, "Ed25519"}, {KEY_OKP, "P-256"},
                {KEY_RSA, "P-256"}, {KEY_EC, NULL},       {KEY_OKP, NULL}};
    size_t fitting = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        for (size_t j = 0; j < ARRAY_LENGTH(keys); j++) {
            const struct curve *curve = keys[j].curve == NULL ? NULL : curve_find(text_from(keys[j].curve));
            bool fits = algorithm_fits(algorithm_find(text_from(all[i].name)), keys[j].type, curve);

            ck_assert_msg(fits == (all[i].type == keys[j].type && same(all[i].curve, keys[j].curve)),
                          "%s and key %zu", all[i].name, j);
            fitting += fits;
        }
    ck_assert_uint_eq(fitting, ARRAY_LENGTH(all));
}
END_TEST

int main(void)
{
    return RUN("algorithm", each_algorithm_is_what_its_rfc_says, nothing_else_exists,
               each_algorithm_has_a_bit_of_its_own, each_curve_has_its_size,
               an_algorithm_fits_one_kind_of_key);
}
