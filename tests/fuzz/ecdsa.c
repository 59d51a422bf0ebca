/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ecdsa.c: of a raw R || S under a key whose secret everybody knows, only one of the right length with 1 <= r, s < n and the
 * equation's s verifies.
 *
 * The first byte chooses the curve.  The secret is 1, so the key is the generator.  As the nonce is not known, whatever
 * verifies is looked at by OpenSSL's older functions.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "fuzz.h"
#include "internal.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>
#include <string.h>

static const struct {
    const char *algorithm, *curve;
    int nid;
} curves[] = {
    {"ES256", "P-256", NID_X9_62_prime256v1},
    {"ES384", "P-384", NID_secp384r1},
    {"ES512", "P-521", NID_secp521r1},
};
enum { CURVES = 3, COORDINATE_MAX = 66 };

static const struct text message = TEXT("a.b");
static struct crypto *crypto;
static struct key *keys[CURVES];
static EC_KEY *theirs[CURVES];

/* The generator's coordinates. */
static void make_point(const EC_GROUP *group, size_t size, unsigned char *ret_x, unsigned char *ret_y)
{
    BIGNUM *x = BN_new(), *y = BN_new();

    must(EC_POINT_get_affine_coordinates(group, EC_GROUP_get0_generator(group), x, y, NULL) == 1);
    must(BN_bn2binpad(x, ret_x, (int)size) > 0 && BN_bn2binpad(y, ret_y, (int)size) > 0);
    BN_free(x);
    BN_free(y);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crypto = crypto_new();
    must(crypto != NULL);
    for (size_t i = 0; i < CURVES; i++) {
        const struct curve *curve = curve_find(text_from(curves[i].curve));
        unsigned char x[COORDINATE_MAX], y[COORDINATE_MAX];
        const EC_GROUP *group;

        theirs[i] = EC_KEY_new_by_curve_name(curves[i].nid);
        group = EC_KEY_get0_group(theirs[i]);
        must(EC_KEY_set_public_key(theirs[i], EC_GROUP_get0_generator(group)) == 1);
        make_point(group, curve->size, x, y);
        must(key_import(
                 crypto,
                 &(struct key_material){
                     KEY_EC, curve, {NULL, 0}, {NULL, 0}, {(char *)x, curve->size}, {(char *)y, curve->size}},
                 &keys[i], NULL) == JWKSCORE_OK);
    }
    return 0;
}

static size_t hash(size_t curve, unsigned char ret_digest[static SHA512_DIGEST_LENGTH])
{
    const unsigned char *text = (const unsigned char *)message.bytes;

    if (curve == 0)
        SHA256(text, message.length, ret_digest);
    else if (curve == 1)
        SHA384(text, message.length, ret_digest);
    else
        SHA512(text, message.length, ret_digest);
    return curve == 0 ? SHA256_DIGEST_LENGTH : curve == 1 ? SHA384_DIGEST_LENGTH : SHA512_DIGEST_LENGTH;
}

/* What OpenSSL says of r and s themselves, without DER. */
static bool verifies(size_t curve, BIGNUM *r, BIGNUM *s)
{
    unsigned char digest[SHA512_DIGEST_LENGTH];
    size_t length = hash(curve, digest);
    ECDSA_SIG *pair = ECDSA_SIG_new();
    bool yes;

    must(ECDSA_SIG_set0(pair, r, s) == 1);
    yes = ECDSA_do_verify(digest, (int)length, pair, theirs[curve]) == 1;
    ECDSA_SIG_free(pair);
    return yes;
}

static void check(size_t curve, struct text signature)
{
    const struct algorithm *algorithm = algorithm_find(text_from(curves[curve].algorithm));
    size_t length = key_signature_length(keys[curve], algorithm), half = signature.length / 2;
    const unsigned char *bytes = (const unsigned char *)signature.bytes;
    const BIGNUM *order = EC_GROUP_get0_order(EC_KEY_get0_group(theirs[curve]));
    BIGNUM *r = BN_bin2bn(bytes, (int)half, NULL),
           *s = BN_bin2bn(bytes + half, (int)(signature.length - half), NULL);
    bool yes = key_verify(crypto, keys[curve], algorithm, message, signature, NULL) == JWKSCORE_OK;

    must(!yes || signature.length == length);
    must(!yes || (!BN_is_zero(r) && !BN_is_zero(s) && BN_cmp(r, order) < 0 && BN_cmp(s, order) < 0));
    must(yes == (signature.length == length && verifies(curve, BN_dup(r), BN_dup(s))));
    BN_free(r);
    BN_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && size <= 1 + 4 * COORDINATE_MAX)
        check(data[0] % CURVES, (struct text){(const char *)data + 1, size - 1});
    return 0;
}
