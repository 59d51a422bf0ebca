/* SPDX-License-Identifier: Apache-2.0 */
/* check_crypto_import.c: which numbers make a key, and which do not (W3, W4, W5). */
#include "support.h"

#include <string.h>

static void crypto_freep(struct crypto **crypto)
{
    crypto_free(*crypto);
}

enum fitness { UNFIT, WEAK, FIT };

/* UNFIT: no key; WEAK: a key for a login, but none to store (small factors). */
static enum fitness judge(const struct key_material *material)
{
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();
    struct key *key = (struct key *)crypto;
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status = key_import(crypto, material, &key, &error);
    enum fitness fitness;

    ck_assert_int_eq(error.status, status);
    if (status != JWKSCORE_OK) {
        ck_assert_status(status, JWKSCORE_E_UNKNOWN_KEY);
        ck_assert(key == (struct key *)crypto && error.message[0] != '\0');
        return UNFIT;
    }
    fitness = key_check_thoroughly(crypto, key, NULL) == JWKSCORE_OK ? FIT : WEAK;
    key_free(key);
    return fitness;
}

static enum fitness judge_rsa(struct text n, struct text e)
{
    return judge(&(struct key_material){.type = KEY_RSA, .n = n, .e = e});
}

static enum fitness judge_ec(const char *crv, struct text x, struct text y)
{
    return judge(&(struct key_material){.type = KEY_EC, .curve = curve_find(text_from(crv)), .x = x, .y = y});
}

static enum fitness judge_ed25519(struct text x)
{
    return judge(&(struct key_material){.type = KEY_OKP, .curve = curve_find(TEXT("Ed25519")), .x = x});
}

/* The octets with one of them changed. */
static struct text with(struct text octets, size_t at, unsigned octet)
{
    struct text changed = kept(octets.bytes, octets.length);

    *(char *)(changed.bytes + at) = (char)octet;
    return changed;
}

START_TEST(minted_keys_are_fit)
{
    for (enum mint_kind kind = MINT_RSA; kind < MINT_KINDS; kind++)
        ck_assert_int_eq(judge(&mint_key(kind, 0)->material), FIT);
}
END_TEST

/* --- W3 --- */

START_TEST(an_rsa_modulus_has_2048_to_8192_bits)
{
    static const struct {
        unsigned first;
        size_t octets;
        bool fits;
    } moduli[] = {
        {0x80, 256, true},   {0x7f, 256, false}, {0xff, 255, false},  {0x01, 257, true},
        {0x00, 257, false},  {0xff, 1024, true}, {0x80, 1024, true},  {0x01, 1025, false},
        {0x00, 1025, false}, {0xff, 128, false}, {0xff, 2048, false}, {0xff, 1, false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(moduli); i++) {
        struct text n = with(from_hex(repeated("ff", moduli[i].octets)), 0, moduli[i].first);

        ck_assert_msg((judge_rsa(n, TEXT("\x01\x00\x01")) != UNFIT) == moduli[i].fits, "row %zu", i);
    }
    ck_assert_int_eq(judge_rsa(TEXT(""), TEXT("\x01\x00\x01")), UNFIT);
}
END_TEST

/* With e = 1 the padded hash is its own signature, and OpenSSL takes such a key. */
START_TEST(an_rsa_exponent_is_odd_and_from_3_to_32_bits)
{
    static const struct {
        struct text e;
        bool fits;
    } exponents[] = {
        {{"\x03", 1}, true},
        {{"\x01", 1}, false},
        {{"\x00", 1}, false},
        {{"\x02", 1}, false},
        {{"\x04", 1}, false},
        {{"\x05", 1}, true},
        {{"\x00\x03", 2}, false},
        {{"\x01\x01", 2}, true},
        {{"\x01\x00", 2}, false},
        {{"\x01\x00\x01", 3}, true},
        {{"\x01\x00\x00", 3}, false},
        {{"", 0}, false},
        {{"\xff\xff\xff\xff", 4}, true},
        {{"\x01\x00\x00\x00\x01", 5}, false},
        {{"\xff\xff\xff\xfe", 4}, false},
    };
    struct text n = mint_key(MINT_RSA, 0)->material.n;

    for (size_t i = 0; i < ARRAY_LENGTH(exponents); i++)
        ck_assert_msg(judge_rsa(n, exponents[i].e) == (exponents[i].fits ? FIT : UNFIT), "row %zu", i);
}
END_TEST

START_TEST(an_rsa_modulus_is_odd_and_has_no_small_factor)
{
    struct text n = mint_key(MINT_RSA, 0)->material.n, e = mint_key(MINT_RSA, 0)->material.e;
    struct text mersenne = from_hex(repeated("ff", 256)); /* 2^2048 - 1 = 3 * 5 * 17 * ... */

    ck_assert_int_eq(judge_rsa(n, e), FIT);
    ck_assert_int_eq(judge_rsa(with(n, n.length - 1, (unsigned char)n.bytes[n.length - 1] & 0xfeU), e),
                     UNFIT);
    ck_assert_int_eq(judge_rsa(mersenne, e), WEAK);
}
END_TEST

/* --- W4 --- */

static const struct {
    const char *crv;
    enum mint_kind kind;
    const char *p;     /* of the field: FIPS 186-4 appendix D.1.2 */
    const char *x, *y; /* a point whose x is so small that x + p fits into the octets */
} curves[] = {
    {"P-256", MINT_P256, "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", "05",
     "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc"},
    {"P-384", MINT_P384,
     "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff", "02",
     "8cdeadbbd04911a3c1931e26df3fa6439dca9c7eb286fbd46fc319f0e2bb780232baf57825fc0c1912ada2fefe84024c"},
    {"P-521", MINT_P521, NULL, "01",
     "10e59be93c4f269c0269c79e2afd65d6aeaa9b701eacc194fb3ee03df47849bf550ec636ebee0ddd4a16f1cd9406605af38f584"
     "567770e3f272d6"
     "88c832e843564"},
};

/* The octets of `hex`, filled up from the left. */
static struct text filled(const char *hex, size_t size)
{
    return from_hex(textf("%s%s", repeated("00", size - strlen(hex) / 2), hex));
}

static struct text sum(struct text a, struct text b)
{
    struct text result = kept(a.bytes, a.length);
    unsigned carry = 0;

    for (size_t i = a.length; i-- > 0;) {
        carry += (unsigned)(unsigned char)a.bytes[i] + (unsigned char)b.bytes[i];
        *(char *)(result.bytes + i) = (char)(carry & 0xff);
        carry >>= 8;
    }
    ck_assert_uint_eq(carry, 0);
    return result;
}

START_TEST(an_ec_key_is_a_point_of_its_curve)
{
    for (size_t i = 0; i < ARRAY_LENGTH(curves); i++) {
        const char *crv = curves[i].crv;
        struct text x = mint_key(curves[i].kind, 0)->material.x, y = mint_key(curves[i].kind, 0)->material.y;
        struct text zero = filled("", x.length);
        unsigned last = (unsigned char)y.bytes[y.length - 1];

        ck_assert_int_eq(judge_ec(crv, x, y), FIT);
        ck_assert_int_eq(judge_ec(crv, x, with(y, y.length - 1, last ^ 1U)), UNFIT); /* beside it */
        ck_assert_int_eq(judge_ec(crv, zero, zero), UNFIT);
        ck_assert_int_eq(judge_ec(crv, x, zero), UNFIT);
        ck_assert_int_eq(judge_ec(crv, y, x), UNFIT);
        ck_assert_int_eq(judge_ec(crv, x, mint_key(curves[i].kind, 1)->material.y), UNFIT);
    }
}
END_TEST

START_TEST(an_ec_coordinate_is_below_p)
{
    for (size_t i = 0; i < ARRAY_LENGTH(curves); i++) {
        size_t size = curve_find(text_from(curves[i].crv))->size;
        struct text x = filled(curves[i].x, size), y = filled(curves[i].y, size);
        struct text p = from_hex(curves[i].p != NULL ? curves[i].p : textf("01%s", repeated("ff", size - 1)));

        ck_assert_int_eq(judge_ec(curves[i].crv, x, y), FIT);
        ck_assert_int_eq(judge_ec(curves[i].crv, sum(x, p), y), UNFIT);
        ck_assert_int_eq(judge_ec(curves[i].crv, p, y), UNFIT);
        if (curves[i].p == NULL) /* 521 bits in 66 octets leave room for y + p too */
            ck_assert_int_eq(judge_ec(curves[i].crv, x, sum(y, p)), UNFIT);
    }
}
END_TEST

START_TEST(an_ec_coordinate_has_its_size_and_its_curve)
{
    const struct key_material *m = &mint_key(MINT_P256, 0)->material;
    struct text shorter = {m->x.bytes + 1, m->x.length - 1}, none = TEXT("");
    struct key_material without_curve = *m;

    ck_assert_int_eq(judge_ec("P-256", m->x, m->y), FIT);
    ck_assert_int_eq(judge_ec("P-256", shorter, m->y), UNFIT);
    ck_assert_int_eq(judge_ec("P-256", (struct text){m->x.bytes, 31}, m->y), UNFIT);
    ck_assert_int_eq(judge_ec("P-256", m->x, (struct text){m->y.bytes, 31}), UNFIT);
    ck_assert_int_eq(judge_ec("P-256", m->x, none), UNFIT); /* no compressed form (RFC 5480 section 2.2) */
    ck_assert_int_eq(judge_ec("P-384", m->x, m->y), UNFIT);
    ck_assert_int_eq(judge_ec("P-384", filled("", 48), filled("", 48)), UNFIT);
    without_curve.curve = NULL;
    ck_assert_int_eq(judge(&without_curve), UNFIT);
    ck_assert_int_eq(judge(&(struct key_material){.type = KEY_NONE}), UNFIT);
}
END_TEST

/* --- W5 --- */

/* The 8 points whose order divides 8; the sign bit of x = 0 gives two more spellings of them. */
static const char *const small_order[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
};

START_TEST(an_ed25519_key_is_of_no_small_order)
{
    for (size_t i = 0; i < ARRAY_LENGTH(small_order); i++) {
        struct text x = from_hex(small_order[i]);

        ck_assert_msg(judge_ed25519(x) == UNFIT, "%s", small_order[i]);
        ck_assert_msg(judge_ed25519(with(x, 1, (unsigned char)x.bytes[1] ^ 0x10U)) == FIT, "beside %s",
                      small_order[i]);
    }
}
END_TEST

/* RFC 8032 section 5.1.3: y >= p = 2^255 - 19 in all 19 spellings, each with both signs. */
START_TEST(an_ed25519_key_is_canonical)
{
    for (unsigned sign = 0; sign <= 0x80; sign += 0x80) {
        struct text top = with(from_hex(repeated("ff", 32)), 31, 0x7f | sign);

        for (unsigned low = 0xed; low <= 0xff; low++)
            ck_assert_msg(judge_ed25519(with(top, 0, low)) == UNFIT, "%x, sign %x", low, sign);
        ck_assert_int_eq(judge_ed25519(with(top, 0, 0xeb)), FIT); /* p - 2 */
        for (size_t i = 1; i < 31; i++)
            ck_assert_int_eq(judge_ed25519(with(with(top, 0, 0xed), i, 0xfe)), FIT);
        ck_assert_int_eq(judge_ed25519(with(with(top, 0, 0xed), 31, 0x7e | sign)), FIT);
    }
}
END_TEST

START_TEST(an_ed25519_key_has_32_octets)
{
    struct text x = mint_key(MINT_ED25519, 0)->material.x;

    ck_assert_int_eq(judge_ed25519(x), FIT);
    ck_assert_int_eq(judge_ed25519((struct text){x.bytes, 31}), UNFIT);
    ck_assert_int_eq(judge_ed25519(kept(textf("%.*s", 33, repeated("x", 33)), 33)), UNFIT);
    ck_assert_int_eq(judge_ed25519(TEXT("")), UNFIT);
}
END_TEST

int main(void)
{
    mint_early();
    return RUN("crypto_import", minted_keys_are_fit, an_rsa_modulus_has_2048_to_8192_bits,
               an_rsa_exponent_is_odd_and_from_3_to_32_bits, an_rsa_modulus_is_odd_and_has_no_small_factor,
               an_ec_key_is_a_point_of_its_curve, an_ec_coordinate_is_below_p,
               an_ec_coordinate_has_its_size_and_its_curve, an_ed25519_key_is_of_no_small_order,
               an_ed25519_key_is_canonical, an_ed25519_key_has_32_octets);
}
