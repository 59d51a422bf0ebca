/* SPDX-License-Identifier: Apache-2.0 */
/* check_crypto.c: each algorithm takes its own signature by its own key, and nothing else (G1 to G7, H4). */
#include "support.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static const char *const algorithms[] = {"RS256", "RS384", "RS512", "PS256", "PS384",  "PS512",
                                         "ES256", "ES384", "ES512", "EdDSA", "Ed25519"};
static const struct text message = {"eyJhbGciOiJ4In0.e30", 19}, other_message = {"eyJhbGciOiJ4In0.e31", 19};

/* --- EVP_DigestVerify() is ours in this program: it tells whether OpenSSL was asked, and may answer for it --- */

static unsigned asked;
static const int *answer; /* NULL: OpenSSL's own */

int EVP_DigestVerify(EVP_MD_CTX *context, const unsigned char *signature, size_t length,
                     const unsigned char *text, size_t text_length)
{
    int (*own)(EVP_MD_CTX *, const unsigned char *, size_t, const unsigned char *, size_t);

    *(void **)&own = dlsym(RTLD_NEXT, "EVP_DigestVerify");
    asked++;
    return answer != NULL ? *answer : own(context, signature, length, text, text_length);
}

static void crypto_freep(struct crypto **crypto)
{
    crypto_free(*crypto);
}

/* Verifies with the public half of `key`, in a context of its own. */
static enum jwkscore_status verify(const struct key_material *material, const char *alg, struct text text,
                                   struct text signature)
{
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();
    CLEANUP(key_freep) struct key *key = NULL;
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status;
    size_t length;

    ck_assert_ptr_nonnull(crypto);
    ck_assert_status(key_import(crypto, material, &key, &error), JWKSCORE_OK);
    status = key_verify(crypto, key, algorithm_find(text_from(alg)), text, signature, &error);
    ck_assert_int_eq(error.status, status);
    ck_assert((error.message[0] == '\0') == (status == JWKSCORE_OK));
    length = key_signature_length(key, algorithm_find(text_from(alg)));
    if (length != signature.length) /* refused before OpenSSL sees it */
        ck_assert_ptr_nonnull(strstr(error.message, length == 0 ? "not of a kind" : "and this key's are"));
    return status;
}

static enum jwkscore_status verify_minted(const struct mint_key *key, const char *alg, struct text signature)
{
    return verify(&key->material, alg, message, signature);
}

START_TEST(each_algorithm_takes_its_own_signature)
{
    for (size_t i = 0; i < ARRAY_LENGTH(algorithms); i++) {
        const struct mint_key *key = mint_key_for(algorithms[i]), *stranger = mint_key(key->kind, 1);
        struct text signature = mint_sign(key, algorithms[i], message);

        ck_assert_status(verify_minted(key, algorithms[i], signature), JWKSCORE_OK);
        ck_assert_status(verify(&key->material, algorithms[i], other_message, signature),
                         JWKSCORE_E_SIGNATURE);
        ck_assert_status(verify_minted(stranger, algorithms[i], signature), JWKSCORE_E_SIGNATURE);
    }
}
END_TEST

START_TEST(a_flipped_bit_anywhere_is_refused)
{
    static const char *const some[] = {"RS256", "PS256", "ES256", "EdDSA"};

    for (size_t i = 0; i < ARRAY_LENGTH(some); i++) {
        const struct mint_key *key = mint_key_for(some[i]);
        struct text signature = mint_sign(key, some[i], message);

        for (size_t j = 0; j < signature.length; j += i < 2 ? 17 : 1) {
            struct text forged = kept(signature.bytes, signature.length);

            *(char *)(forged.bytes + j) ^= (char)(1 << j % 8);
            ck_assert_msg(verify_minted(key, some[i], forged) == JWKSCORE_E_SIGNATURE, "%s, octet %zu",
                          some[i], j);
        }
        ck_assert_status(verify_minted(key, some[i], signature), JWKSCORE_OK);
    }
}
END_TEST

/* H4, G2, G3: PKCS#1 is not PSS, SHA-256 not SHA-384; EdDSA and Ed25519 are two names of one. */
START_TEST(a_signature_of_one_algorithm_is_none_of_another)
{
    size_t good = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(algorithms); i++) {
        struct text signature = mint_sign(mint_key_for(algorithms[i]), algorithms[i], message);

        for (size_t j = 0; j < ARRAY_LENGTH(algorithms); j++) {
            enum jwkscore_status status =
                verify_minted(mint_key_for(algorithms[i]), algorithms[j], signature);

            ck_assert_msg((status == JWKSCORE_OK) == (i == j || (i >= 9 && j >= 9)), "%s as %s",
                          algorithms[i], algorithms[j]);
            ck_assert(status == JWKSCORE_OK || status == JWKSCORE_E_SIGNATURE);
            good += status == JWKSCORE_OK;
        }
    }
    ck_assert_uint_eq(good, ARRAY_LENGTH(algorithms) + 2);
}
END_TEST

/* H4: OpenSSL itself verifies SHA-512 under a P-256 key. */
START_TEST(the_hash_belongs_to_the_curve)
{
    static const struct {
        const char *alg, *digest;
    } wrong[] = {{"ES256", "SHA384"}, {"ES256", "SHA512"}, {"ES384", "SHA256"},
                 {"ES384", "SHA512"}, {"ES512", "SHA256"}, {"ES512", "SHA384"}};

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        const struct mint_key *key = mint_key_for(wrong[i].alg);
        struct text signature = mint_sign_as(key, (struct mint_form){.digest = wrong[i].digest}, message);

        ck_assert_status(verify_minted(key, wrong[i].alg, signature), JWKSCORE_E_SIGNATURE);
        ck_assert_status(verify_minted(key, wrong[i].alg, mint_sign(key, wrong[i].alg, message)),
                         JWKSCORE_OK);
    }
}
END_TEST

/* G1, G4, G5, G6: the length decides before anything else does. */
START_TEST(a_signature_has_one_length)
{
    for (size_t i = 0; i < ARRAY_LENGTH(algorithms); i++) {
        const struct mint_key *key = mint_key_for(algorithms[i]);
        struct text s = mint_sign(key, algorithms[i], message);
        struct text padded = kept(repeated("x", s.length + 1), s.length + 1);

        ck_assert_status(verify_minted(key, algorithms[i], s), JWKSCORE_OK);
        ck_assert_status(verify_minted(key, algorithms[i], (struct text){s.bytes, s.length - 1}),
                         JWKSCORE_E_SIGNATURE);
        ck_assert_status(verify_minted(key, algorithms[i], (struct text){s.bytes + 1, s.length - 1}),
                         JWKSCORE_E_SIGNATURE);
        ck_assert_status(verify_minted(key, algorithms[i], (struct text){s.bytes, 0}), JWKSCORE_E_SIGNATURE);
        memcpy((char *)padded.bytes, s.bytes, s.length);
        *(char *)(padded.bytes + s.length) = 0; /* one octet of zero behind */
        ck_assert_status(verify_minted(key, algorithms[i], padded), JWKSCORE_E_SIGNATURE);
        memmove((char *)padded.bytes + 1, s.bytes, s.length);
        *(char *)padded.bytes = 0; /* and before */
        ck_assert_status(verify_minted(key, algorithms[i], padded), JWKSCORE_E_SIGNATURE);
    }
}
END_TEST

START_TEST(an_rsa_signature_is_as_long_as_the_modulus)
{
    static const unsigned bits[] = {2048, 2050, 3072};
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();

    for (size_t i = 0; i < ARRAY_LENGTH(bits); i++) {
        const struct mint_key *minted = mint_rsa_of(bits[i], i == 0 ? 3 : 65537); /* e = 3 is fine */
        CLEANUP(key_freep) struct key *key = NULL;

        ck_assert_status(key_import(crypto, &minted->material, &key, NULL), JWKSCORE_OK);
        ck_assert_status(key_check_thoroughly(crypto, key, NULL), JWKSCORE_OK);
        ck_assert_uint_eq(key_signature_length(key, algorithm_find(TEXT("PS256"))), (bits[i] + 7) / 8);
        ck_assert_uint_eq(key_signature_length(key, algorithm_find(TEXT("ES256"))), 0);
        ck_assert_status(verify_minted(minted, "RS256", mint_sign(minted, "RS256", message)), JWKSCORE_OK);
        ck_assert_status(verify_minted(minted, "PS512", mint_sign(minted, "PS512", message)), JWKSCORE_OK);
    }
}
END_TEST

/* G3 */
START_TEST(pss_has_one_salt_length_and_one_hash)
{
    static const struct {
        struct mint_form form;
        bool good;
    } forms[] = {
        {{"SHA256", true, 32, NULL}, true},     {{"SHA256", true, 0, NULL}, false},
        {{"SHA256", true, 31, NULL}, false},    {{"SHA256", true, 33, NULL}, false},
        {{"SHA256", true, 222, NULL}, false},   {{"SHA256", true, 32, "SHA1"}, false},
        {{"SHA384", true, 32, NULL}, false},    {{"SHA256", true, 32, "SHA512"}, false},
        {{"SHA256", true, 32, "SHA256"}, true},
    };
    const struct mint_key *key = mint_key(MINT_RSA, 0);

    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++)
        ck_assert_msg((verify_minted(key, "PS256", mint_sign_as(key, forms[i].form, message)) ==
                       JWKSCORE_OK) == forms[i].good,
                      "row %zu", i);
}
END_TEST

/* The group's order n: RFC 5903 section 3, SEC 2 section 2. */
static const struct {
    const char *alg, *order;
} orders[] = {
    {"ES256", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"},
    {"ES384",
     "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"},
    {"ES512",
     "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d0"
     "3bb5c9b8899c47aebb6fb71e91386409"},
};

/* a + b, or a - b, of two big-endian numbers; what does not fit is lost. */
static struct text sum(struct text a, struct text b, int sign)
{
    struct text result = kept(a.bytes, a.length);
    int carry = 0;

    for (size_t i = a.length; i-- > 0;) {
        int octet = (unsigned char)a.bytes[i] + sign * (unsigned char)b.bytes[i] + carry;

        *(char *)(result.bytes + i) = (char)(octet & 0xff);
        carry = octet >> 8;
    }
    return result;
}

static struct text joined(struct text r, struct text s)
{
    struct text both = kept(repeated("xx", r.length), 2 * r.length);

    memcpy((char *)both.bytes, r.bytes, r.length);
    memcpy((char *)both.bytes + r.length, s.bytes, s.length);
    return both;
}

/* G4: 0 < r, s < n; a high s is as good as a low one. */
START_TEST(ecdsa_numbers_lie_within_the_order)
{
    for (size_t i = 0; i < ARRAY_LENGTH(orders); i++) {
        const struct mint_key *key = mint_key_for(orders[i].alg);
        struct text signature = mint_sign(key, orders[i].alg, message), n = from_hex(orders[i].order);
        size_t size = signature.length / 2;
        struct text r = {signature.bytes, size}, s = {signature.bytes + size, size};
        struct text zero = from_hex(repeated("00", size)),
                    one = from_hex(textf("%s01", repeated("00", size - 1)));
        const struct text forged[] = {joined(zero, s),
                                      joined(r, zero),
                                      joined(zero, zero),
                                      joined(n, s),
                                      joined(r, n),
                                      joined(n, n),
                                      joined(s, r),
                                      joined(one, one),
                                      joined(sum(r, n, 1), s),
                                      joined(r, sum(s, n, 1)),
                                      joined(sum(zero, one, -1), s)};

        ck_assert_uint_eq(n.length, size);
        asked = 0;
        for (size_t j = 0; j < 6; j++) /* zero and n, which OpenSSL must not even see */
            ck_assert_status(verify_minted(key, orders[i].alg, forged[j]), JWKSCORE_E_SIGNATURE);
        ck_assert_uint_eq(asked, 0);
        for (size_t j = 0; j < ARRAY_LENGTH(forged); j++)
            ck_assert_msg(verify_minted(key, orders[i].alg, forged[j]) == JWKSCORE_E_SIGNATURE, "%s, row %zu",
                          orders[i].alg, j);
        ck_assert_status(verify_minted(key, orders[i].alg, joined(r, s)), JWKSCORE_OK);
        ck_assert_status(verify_minted(key, orders[i].alg, joined(r, sum(n, s, -1))), JWKSCORE_OK);
    }
}
END_TEST

/* G7: OpenSSL answers with a negative number where it fails in another way. */
START_TEST(only_1_is_a_yes)
{
    static const int answers[] = {1, 0, -1, -2, 2, INT_MIN, INT_MAX};
    static const char *const some[] = {"RS256", "PS256", "ES256", "EdDSA"};

    for (size_t i = 0; i < ARRAY_LENGTH(some); i++) {
        const struct mint_key *key = mint_key_for(some[i]);
        struct text signature = mint_sign(key, some[i], message);

        for (size_t j = 0; j < ARRAY_LENGTH(answers); j++) {
            answer = &answers[j];
            ck_assert_msg(verify_minted(key, some[i], signature) ==
                              (answers[j] == 1 ? JWKSCORE_OK : JWKSCORE_E_SIGNATURE),
                          "%s: %d", some[i], answers[j]);
        }
        answer = NULL;
    }
}
END_TEST

/* G5 */
START_TEST(der_is_no_signature)
{
    for (size_t i = 0; i < ARRAY_LENGTH(orders); i++) {
        const struct mint_key *key = mint_key_for(orders[i].alg);
        struct text signature = mint_sign(key, orders[i].alg, message), der = mint_der(signature);
        struct text filled =
            kept(repeated("x", signature.length), signature.length); /* of the right length */

        ck_assert_status(verify_minted(key, orders[i].alg, der), JWKSCORE_E_SIGNATURE);
        memcpy((char *)filled.bytes, der.bytes, der.length < filled.length ? der.length : filled.length);
        ck_assert_status(verify_minted(key, orders[i].alg, filled), JWKSCORE_E_SIGNATURE);
        ck_assert_status(verify_minted(key, orders[i].alg, signature), JWKSCORE_OK);
    }
}
END_TEST

/* RFC 8032 section 5.1.7: S < L, or a signature would have many spellings. */
START_TEST(ed25519_signatures_have_one_spelling)
{
    const struct mint_key *key = mint_key(MINT_ED25519, 0);
    struct text signature = mint_sign(key, "EdDSA", message);
    struct text forged = kept(signature.bytes, signature.length);
    struct text l = from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    unsigned carry = 0;

    for (size_t i = 0; i < 32; i++) { /* little-endian */
        carry += (unsigned char)signature.bytes[32 + i] + (unsigned)(unsigned char)l.bytes[i];
        *(char *)(forged.bytes + 32 + i) = (char)(carry & 0xff);
        carry >>= 8;
    }
    ck_assert_status(verify_minted(key, "EdDSA", forged), JWKSCORE_E_SIGNATURE);
    ck_assert_status(verify_minted(key, "EdDSA", from_hex(repeated("00", 64))), JWKSCORE_E_SIGNATURE);
    ck_assert_status(verify_minted(key, "EdDSA", signature), JWKSCORE_OK);
}
END_TEST

/* G7, E4: what the host had in OpenSSL's error queue is there afterwards, and nothing else. */
START_TEST(the_error_queue_is_the_hosts)
{
    const struct mint_key *key = mint_key(MINT_RSA, 0);
    struct text signature = mint_sign(key, "RS256", message);
    struct key_material bad = key->material;

    ERR_clear_error();
    ck_assert_status(verify_minted(key, "RS384", signature), JWKSCORE_E_SIGNATURE);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_USER, 77);
    ck_assert_status(verify_minted(key, "PS256", signature), JWKSCORE_E_SIGNATURE);
    ck_assert_status(verify_minted(mint_key(MINT_P256, 0), "ES256", kept(repeated("x", 64), 64)),
                     JWKSCORE_E_SIGNATURE);
    bad.type = KEY_EC;
    bad.curve = curve_find(TEXT("P-256"));
    bad.x = bad.y = (struct text){bad.n.bytes, 32};
    {
        CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();
        struct key *untouched = (struct key *)&bad;

        ck_assert_status(key_import(crypto, &bad, &untouched, NULL), JWKSCORE_E_UNKNOWN_KEY);
        ck_assert_ptr_eq(untouched, &bad);
    }
    ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 77);
    ck_assert_uint_eq(ERR_get_error(), 0);
}
END_TEST

/* E2: sudo's caller chooses OPENSSL_CONF.  Runs first: once libcrypto is set up nothing can be shown. */
START_TEST(no_configuration_file_of_openssl_is_read)
{
    const char *path = room_write("openssl.cnf", "openssl_conf = init\n[init]\n");
    struct key_material ed = {
        .type = KEY_OKP,
        .curve = curve_find(TEXT("Ed25519")),
        .x = from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")};
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    char event[512];
    struct text signature = kept(repeated("x", 64), 64);

    ck_assert_int_ge(inotify_add_watch(watch, path, IN_OPEN), 0);
    ck_assert_int_eq(setenv("OPENSSL_CONF", path, 1), 0);
    ck_assert_status(verify(&ed, "EdDSA", message, signature), JWKSCORE_E_SIGNATURE);
    ck_assert_int_eq(unsetenv("OPENSSL_CONF"), 0);
    ck_assert_msg(read(watch, event, sizeof(event)) < 0, "OpenSSL opened the caller's OPENSSL_CONF");
    close(open(path, O_RDONLY | O_CLOEXEC)); /* an open does show */
    ck_assert_int_gt(read(watch, event, sizeof(event)), 0);
    close(watch);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM(
        "crypto", no_configuration_file_of_openssl_is_read, each_algorithm_takes_its_own_signature,
        a_flipped_bit_anywhere_is_refused, a_signature_of_one_algorithm_is_none_of_another,
        the_hash_belongs_to_the_curve, a_signature_has_one_length, an_rsa_signature_is_as_long_as_the_modulus,
        pss_has_one_salt_length_and_one_hash, ecdsa_numbers_lie_within_the_order, only_1_is_a_yes,
        der_is_no_signature, ed25519_signatures_have_one_spelling, the_error_queue_is_the_hosts);
}
