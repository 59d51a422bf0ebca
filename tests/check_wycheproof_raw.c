/* SPDX-License-Identifier: Apache-2.0 */
/* check_wycheproof_raw.c: signatures that others have published, good and forged, are judged as they say (G1 to G7). */
#include "vectorfile.h"

#include <string.h>

/* How many there are and how many verify: a vector that silently was not run would be missing here. */
enum { P256, P384, P521, ED25519, PKCS1, PSS };
static const struct raw_file {
    const char *name, *alg;
    int tests, accepted;
    int without_jwk; /* groups whose key stands in `publicKey` alone */
} files[] = {
    [P256] = {"ecdsa_secp256r1_sha256_p1363_test.json", "ES256", 262, 173, 9},
    [P384] = {"ecdsa_secp384r1_sha384_p1363_test.json", "ES384", 280, 193, 9},
    [P521] = {"ecdsa_secp521r1_sha512_p1363_test.json", "ES512", 318, 231, 9},
    [ED25519] = {"ed25519_test.json", "EdDSA", 151, 88, 0},
    [PKCS1] = {"rsa_signature_2048_sha256_test.json", "RS256", 259, 9, 0},
    [PSS] = {"rsa_pss_2048_sha256_mgf1_32_test.json", "PS256", 108, 63, 0},
};

/* What is labelled neither valid nor invalid. */
static const struct {
    size_t file;
    int id;
    bool good;
} ours[] = {
    {PKCS1, 8, false}, /* the NULL of the DigestInfo is missing (RFC 8017 9.2) */
};

static void crypto_freep(struct crypto **crypto)
{
    crypto_free(*crypto);
}

static bool is_good(const struct raw_file *file, const struct vector *vector)
{
    if (strcmp(vector->label, "valid") == 0)
        return true;
    if (strcmp(vector->label, "invalid") == 0)
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(ours); i++)
        if (&files[ours[i].file] == file && ours[i].id == vector->id)
            return ours[i].good;
    ck_abort_msg("%s: labelled %s, and nothing says what is ours", vector->name, vector->label);
}

static bool has_jwk(const struct vector *vector)
{
    return member_has(vector->group, "publicKeyJwk") || member_has(vector->group, "keyJwk");
}

/* As a JWK, made from x and y in hex where there is none. */
static const char *jwk_of(const struct raw_file *file, const struct vector *vector)
{
    const struct json_object *key;

    if (has_jwk(vector))
        return member_text(vector->group, member_has(vector->group, "keyJwk") ? "keyJwk" : "publicKeyJwk")
            .bytes;
    key = member_object(vector->group, "publicKey");
    return textf("{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}",
                 algorithm_find(text_from(file->alg))->curve, encoded(from_hex(member_text(key, "wx").bytes)),
                 encoded(from_hex(member_text(key, "wy").bytes)));
}

/* No file here has a key that is not fit, so each must load. */
static struct key *load(const struct crypto *crypto, const struct raw_file *file, const struct vector *vector)
{
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    struct jwk jwk;
    struct key *key = NULL;

    ck_assert_status(keyset_parse(text_from(textf("{\"keys\":[%s]}", jwk_of(file, vector))), &keyset, NULL),
                     JWKSCORE_OK);
    ck_assert_msg(keyset_key(keyset, 0, &jwk) == DROP_NONE, "%s: the key is dropped", vector->name);
    ck_assert_msg(key_import(crypto, &jwk.material, &key, NULL) == JWKSCORE_OK, "%s: the key is refused",
                  vector->name);
    jwk_clear(&jwk);
    return key;
}

static enum jwkscore_status judge(const struct crypto *crypto, const struct raw_file *file,
                                  const struct vector *vector)
{
    CLEANUP(key_freep) struct key *key = load(crypto, file, vector);
    struct text message = from_hex(member_text(vector->test, "msg").bytes);
    struct text signature = from_hex(member_text(vector->test, "sig").bytes);

    return key_verify(crypto, key, algorithm_find(text_from(file->alg)), message, signature, NULL);
}

static void run_file(const struct raw_file *file)
{
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();
    CLEANUP(vectors_close) struct vectors vectors;
    struct vector vector;
    int tests = 0, accepted = 0, without_jwk = 0;

    vectors_open(file->name, &vectors);
    while (vectors_next(&vectors, &vector)) {
        enum jwkscore_status wanted = is_good(file, &vector) ? JWKSCORE_OK : JWKSCORE_E_SIGNATURE;
        enum jwkscore_status status = judge(crypto, file, &vector);

        ck_assert_msg(status == wanted, "%s is %s, not %s", vector.name, jwkscore_reason(status),
                      jwkscore_reason(wanted));
        tests++;
        accepted += status == JWKSCORE_OK;
        without_jwk += vector.first && !has_jwk(&vector);
    }
    ck_assert_int_eq(tests, file->tests);
    ck_assert_int_eq(accepted, file->accepted);
    ck_assert_int_eq(without_jwk, file->without_jwk);
}

START_TEST(ecdsa_of_p256)
{
    run_file(&files[P256]);
}
END_TEST

START_TEST(ecdsa_of_p384)
{
    run_file(&files[P384]);
}
END_TEST

START_TEST(ecdsa_of_p521)
{
    run_file(&files[P521]);
}
END_TEST

START_TEST(ed25519)
{
    run_file(&files[ED25519]);
}
END_TEST

START_TEST(rsa_pkcs1)
{
    run_file(&files[PKCS1]);
}
END_TEST

START_TEST(rsa_pss)
{
    run_file(&files[PSS]);
}
END_TEST

int main(void)
{
    return RUN("wycheproof_raw", ecdsa_of_p256, ecdsa_of_p384, ecdsa_of_p521, ed25519, rsa_pkcs1, rsa_pss);
}
