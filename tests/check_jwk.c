/* SPDX-License-Identifier: Apache-2.0 */
/* check_jwk.c: a key of a set: what is skipped, and as what; what is mended (CACHE 11, B6, W2 to W6). */
#include "support.h"

#include <string.h>

/* Reads and forgets; a key that is dropped must leave *ret_jwk as it was. */
static enum key_drop judge(const char *json)
{
    CLEANUP(value_freep) struct value *document = NULL;
    struct jwk jwk = {.kid = {(const char *)&jwk, 77}};
    enum key_drop drop;

    ck_assert_msg(value_parse(text_from(textf("{\"keys\":[%s]}", json)), &document, NULL) == JWKSCORE_OK,
                  "%s", json);
    drop = jwk_read(value_at(value_member(document, "keys"), 0), &jwk);
    if (drop != DROP_NONE)
        ck_assert(jwk.kid.bytes == (const char *)&jwk && jwk.kid.length == 77);
    else
        jwk_clear(&jwk);
    return drop;
}

static const char *rsa(const char *members)
{
    return mint_jwk(mint_key(MINT_RSA, 0), members);
}

static const char *p256(const char *members)
{
    return mint_jwk(mint_key(MINT_P256, 0), members);
}

/* So many other operations, all different, with a comma before each. */
static const char *repeated_operations(size_t count)
{
    const char *list = "";

    for (size_t i = 0; i < count; i++)
        list = textf("%s,\"o%zu\"", list, i);
    return list;
}

START_TEST(keys_of_each_kind_are_read)
{
    for (enum mint_kind kind = MINT_RSA; kind < MINT_KINDS; kind++) {
        const struct mint_key *key = mint_key(kind, 0);
        CLEANUP(value_freep) struct value *value = NULL;
        struct jwk jwk;

        ck_assert_status(
            value_parse(text_from(mint_jwk(key, "\"kid\":\"k\",\"use\":\"sig\",\"issuer\":\"i\"")), &value,
                        NULL),
            JWKSCORE_OK);
        ck_assert_int_eq(jwk_read(value, &jwk), DROP_NONE);
        ck_assert(jwk.has_kid && text_is(jwk.kid, "k") && text_is(jwk.use, "sig") &&
                  text_is(jwk.issuer, "i"));
        ck_assert(jwk.algorithm == NULL && jwk.key_ops == NULL && !jwk.vanished);
        ck_assert(jwk.material.type == key->material.type && jwk.material.curve == key->material.curve);
        ck_assert(text_equal(jwk.material.n, key->material.n) && text_equal(jwk.material.e, key->material.e));
        ck_assert(text_equal(jwk.material.x, key->material.x) && text_equal(jwk.material.y, key->material.y));
        jwk_clear(&jwk);
    }
}
END_TEST

/* The rows of CACHE 11; MORE stands for what rsa() and p256() take. */
START_TEST(what_is_of_no_use_is_skipped_by_its_name)
{
    const struct {
        const char *jwk;
        enum key_drop drop;
    } rows[] = {
        {rsa(NULL), DROP_NONE},
        {"7", DROP_KTY},
        {"null", DROP_KTY},
        {"[]", DROP_KTY},
        {"{}", DROP_KTY},
        {"{\"kty\":null}", DROP_KTY},
        {"{\"kty\":\"rsa\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", DROP_KTY},
        {"{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AA\"}", DROP_KTY},
        {"{\"kty\":\"EC\",\"x\":\"AA\",\"y\":\"AA\"}", DROP_KTY},
        {"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}", DROP_KTY},
        {"{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"AA\",\"y\":\"AA\"}", DROP_KTY},
        {"{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}", DROP_KTY},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}", DROP_KTY},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}", DROP_KTY},
        {"{\"kty\":\"oct\",\"k\":\"AA\"}", DROP_OCT},
        {"{\"kty\":\"oct\"}", DROP_OCT},
        {rsa("\"k\":\"AA\""), DROP_OCT},
        {rsa("\"k\":null"), DROP_OCT},
        {mint_private_jwk(mint_key(MINT_RSA, 0), NULL), DROP_PRIVATE},
        {mint_private_jwk(mint_key(MINT_P256, 0), NULL), DROP_PRIVATE},
        {mint_private_jwk(mint_key(MINT_ED25519, 0), NULL), DROP_PRIVATE},
        {rsa("\"d\":null"), DROP_PRIVATE},
        {rsa("\"p\":\"AA\""), DROP_PRIVATE},
        {rsa("\"q\":\"AA\""), DROP_PRIVATE},
        {rsa("\"dp\":\"AA\""), DROP_PRIVATE},
        {rsa("\"dq\":\"AA\""), DROP_PRIVATE},
        {rsa("\"qi\":\"AA\""), DROP_PRIVATE},
        {rsa("\"oth\":[]"), DROP_PRIVATE},
        {rsa("\"D\":\"AA\""), DROP_NONE},
        /* K5 */
        {rsa("\"use\":\"sig\""), DROP_NONE},
        {rsa("\"use\":\"enc\""), DROP_USE},
        {rsa("\"use\":\"SIG\""), DROP_USE},
        {rsa("\"use\":\"\""), DROP_USE},
        {rsa("\"use\":null"), DROP_USE},
        {rsa("\"use\":[\"sig\"]"), DROP_USE},
        {rsa("\"key_ops\":[\"verify\"]"), DROP_NONE},
        {rsa("\"key_ops\":[\"sign\",\"verify\"]"), DROP_NONE},
        {rsa("\"key_ops\":[]"), DROP_USE},
        {rsa("\"key_ops\":[\"sign\"]"), DROP_USE},
        {rsa("\"key_ops\":[\"encrypt\"]"), DROP_USE},
        {rsa("\"key_ops\":[\"verify\",\"verify\"]"), DROP_USE},
        {rsa("\"key_ops\":[\"verify\",7]"), DROP_USE},
        {rsa("\"key_ops\":\"verify\""), DROP_USE},
        /* each is compared with each, so a provider's 60,000 must not cost the helper its time */
        {rsa(textf("\"key_ops\":[\"verify\"%s]", repeated_operations(15))), DROP_NONE},
        {rsa(textf("\"key_ops\":[\"verify\"%s]", repeated_operations(16))), DROP_USE},
        {rsa("\"key_ops\":null"), DROP_USE},
        {rsa("\"use\":\"sig\",\"key_ops\":[\"wrapKey\"]"), DROP_USE},
        /* H5 */
        {rsa("\"alg\":\"RS256\""), DROP_NONE},
        {rsa("\"alg\":\"PS512\""), DROP_NONE},
        {rsa("\"alg\":\"RSA-OAEP\""), DROP_ALG},
        {rsa("\"alg\":\"ES256\""), DROP_ALG},
        {rsa("\"alg\":\"HS256\""), DROP_ALG},
        {rsa("\"alg\":\"none\""), DROP_ALG},
        {rsa("\"alg\":\"\""), DROP_ALG},
        {rsa("\"alg\":null"), DROP_ALG},
        {rsa("\"alg\":256"), DROP_ALG},
        {p256("\"alg\":\"ES256\""), DROP_NONE},
        {p256("\"alg\":\"ES384\""), DROP_ALG},
        {p256("\"alg\":\"ES521\""), DROP_ALG},
        {p256("\"alg\":\"ECDH-ES\""), DROP_ALG},
        {mint_jwk(mint_key(MINT_ED25519, 0), "\"alg\":\"Ed25519\""), DROP_NONE},
        {mint_jwk(mint_key(MINT_ED25519, 0), "\"alg\":\"ES256\""), DROP_ALG},
        /* W6 */
        {rsa("\"kid\":\"k\""), DROP_NONE},
        {rsa(textf("\"kid\":\"%s\"", repeated("k", KID_MAX))), DROP_NONE},
        {rsa(textf("\"kid\":\"%s\"", repeated("k", KID_MAX + 1))), DROP_KID},
        {rsa("\"kid\":\"\""), DROP_KID},
        {rsa("\"kid\":7"), DROP_KID},
        {rsa("\"kid\":null"), DROP_KID},
        /* what narrows a key and cannot be read, or names nobody, narrows it to nothing (CACHE 6) */
        {rsa("\"issuer\":\"https://a\""), DROP_NONE},
        {rsa("\"issuer\":7"), DROP_KID},
        {rsa("\"issuer\":null"), DROP_KID},
        {rsa("\"issuer\":\"\""), DROP_KID},
        {rsa(textf("\"issuer\":\"%s\"", repeated("i", URI_MAX))), DROP_NONE},
        {rsa(textf("\"issuer\":\"%s\"", repeated("i", URI_MAX + 1))), DROP_KID},
        /* x5c and x5u are no keys, and do no harm */
        {"{\"kty\":\"RSA\",\"x5c\":[\"AA\"]}", DROP_X5C},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x5u\":\"https://a\"}", DROP_X5C},
        {rsa("\"x5c\":[\"AA\"],\"x5t\":\"AA\",\"unknown\":{}"), DROP_NONE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        ck_assert_msg(judge(rows[i].jwk) == rows[i].drop, "row %zu: %s", i, rows[i].jwk);
}
END_TEST

START_TEST(each_way_to_be_skipped_has_a_word)
{
    static const char *const words[] = {"",    "kty", "oct", "private",  "use",
                                        "alg", "kid", "x5c", "material", "memory"};

    for (unsigned drop = 0; drop < ARRAY_LENGTH(words); drop++)
        ck_assert_str_eq(jwk_drop_name((enum key_drop)drop), words[drop]);
}
END_TEST

/* --- numbers, and what is mended (B6) --- */

static enum key_drop judge_number(const char *n, const char *e)
{
    return judge(textf("{\"kty\":\"RSA\",\"n\":%s,\"e\":%s}", n, e));
}

START_TEST(a_number_is_base64_of_its_octets)
{
    static const struct {
        const char *e;
        enum key_drop drop;
    } rows[] = {
        {"\"AQAB\"", DROP_NONE},        {"\"AAEAAQ\"", DROP_NONE},   /* leading zero octets */
        {"\"AQAB=\"", DROP_MATERIAL},   {"\"AAEAAQ==\"", DROP_NONE}, /* padding */
        {"\"AAEAAQ=\"", DROP_MATERIAL}, {"\"+/8=\"", DROP_NONE},
        {"\"-_8\"", DROP_NONE},         {"\"AAEAAR\"", DROP_MATERIAL}, /* spare bits */
        {"\"AQAB\\n\"", DROP_MATERIAL}, {"\" AQAB\"", DROP_MATERIAL},
        {"\"AQ*B\"", DROP_MATERIAL},    {"\"AQABA\"", DROP_MATERIAL},
        {"\"\"", DROP_MATERIAL},        {"\"AAAA\"", DROP_MATERIAL}, /* nothing but zeros */
        {"\"=\"", DROP_MATERIAL},       {"65537", DROP_MATERIAL},
        {"null", DROP_MATERIAL},        {"[\"AQAB\"]", DROP_MATERIAL},
    };
    const char *n = textf("\"%s\"", encoded(mint_key(MINT_RSA, 0)->material.n));

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        ck_assert_msg(judge_number(n, rows[i].e) == rows[i].drop, "e %s", rows[i].e);
        ck_assert_msg(judge_number(rows[i].e, "\"AQAB\"") == rows[i].drop, "n %s", rows[i].e);
    }
    ck_assert_int_eq(judge(textf("{\"kty\":\"RSA\",\"n\":%s}", n)), DROP_MATERIAL);
    ck_assert_int_eq(judge("{\"kty\":\"RSA\",\"e\":\"AQAB\"}"), DROP_MATERIAL);
}
END_TEST

/* n of 1024 octets, however it is spelled; one more is over the limit, and so is a flood of zeros. */
START_TEST(a_number_has_an_end)
{
    const char *longest = repeated("ff", 1024);

    ck_assert_int_eq(judge_number(textf("\"%s\"", encoded(from_hex(longest))), "\"AQAB\""), DROP_NONE);
    ck_assert_int_eq(judge_number(textf("\"%s\"", encoded(from_hex(textf("0000%s", longest)))), "\"AQAB\""),
                     DROP_NONE);
    ck_assert_int_eq(judge_number(textf("\"%s\"", encoded(from_hex(textf("01%s", longest)))), "\"AQAB\""),
                     DROP_MATERIAL);
    ck_assert_int_eq(judge_number(textf("\"%s\"", repeated("A", 100000)), "\"AQAB\""), DROP_MATERIAL);
    ck_assert_int_eq(judge_number("\"AQAB\"", textf("\"%s\"", repeated("A", 100000))), DROP_MATERIAL);
}
END_TEST

/* The x and y of a key whose octets are these; where they are mended, they come out full size. */
static enum key_drop read_ec(const char *x, const char *y, const char *wanted_x, const char *wanted_y)
{
    CLEANUP(value_freep) struct value *value = NULL;
    struct jwk jwk;
    enum key_drop drop;

    ck_assert_status(
        value_parse(text_from(textf("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}",
                                    encoded(from_hex(x)), encoded(from_hex(y)))),
                    &value, NULL),
        JWKSCORE_OK);
    drop = jwk_read(value, &jwk);
    if (drop != DROP_NONE)
        return drop;
    ck_assert(text_equal(jwk.material.x, from_hex(wanted_x)) &&
              text_equal(jwk.material.y, from_hex(wanted_y)));
    jwk_clear(&jwk);
    return drop;
}

START_TEST(short_and_long_coordinates_are_mended)
{
    const char *full = repeated("ab", 32), *filled = textf("%s%s", repeated("00", 31), "ab");

    ck_assert_int_eq(read_ec(full, full, full, full), DROP_NONE);
    ck_assert_int_eq(read_ec("ab", full, filled, full), DROP_NONE);
    ck_assert_int_eq(read_ec(full, "ab", full, filled), DROP_NONE);
    ck_assert_int_eq(read_ec(textf("0000%s", full), full, full, full), DROP_NONE);
    ck_assert_int_eq(read_ec(repeated("ab", 33), full, full, full), DROP_MATERIAL);
    ck_assert_int_eq(read_ec(full, repeated("ab", 66), full, full), DROP_MATERIAL);
    ck_assert_int_eq(read_ec("", full, full, full), DROP_MATERIAL);
    ck_assert_int_eq(judge("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQAB\"}"), DROP_MATERIAL);
}
END_TEST

/* W5: an Ed25519 key is 32 octets, and a zero among them, first or last, is part of it. */
START_TEST(an_ed25519_key_is_not_mended)
{
    static const struct {
        size_t zeros, others;
        enum key_drop drop;
    } rows[] = {{0, 32, DROP_NONE},     {1, 31, DROP_NONE},     {2, 30, DROP_NONE},
                {0, 31, DROP_MATERIAL}, {1, 32, DROP_MATERIAL}, {0, 33, DROP_MATERIAL},
                {0, 1, DROP_MATERIAL},  {32, 32, DROP_MATERIAL}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct text x =
            from_hex(textf("%s%s", repeated("00", rows[i].zeros), repeated("ab", rows[i].others)));
        CLEANUP(value_freep) struct value *value = NULL;
        struct jwk jwk;

        ck_assert_status(
            value_parse(text_from(textf("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", encoded(x))),
                        &value, NULL),
            JWKSCORE_OK);
        ck_assert_msg(jwk_read(value, &jwk) == rows[i].drop, "row %zu", i);
        if (rows[i].drop != DROP_NONE)
            continue;
        ck_assert(text_equal(jwk.material.x, x));
        jwk_clear(&jwk);
    }
}
END_TEST

int main(void)
{
    mint_early();
    return RUN("jwk", keys_of_each_kind_are_read, what_is_of_no_use_is_skipped_by_its_name,
               each_way_to_be_skipped_has_a_word, a_number_is_base64_of_its_octets, a_number_has_an_end,
               short_and_long_coordinates_are_mended, an_ed25519_key_is_not_mended);
}
