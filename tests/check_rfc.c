/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_rfc.c: the examples of RFC 7515, 7520, 7638, 8037 and 6234 come out as they are printed, or are
 * refused for what they are.
 */
#include "documents.h"

#include <string.h>

static void crypto_freep(struct crypto **crypto)
{
    crypto_free(*crypto);
}

static const char *line_of(const char *file)
{
    return document_line(textf("rfc/%s", file));
}

static enum jwkscore_status parse(const char *text)
{
    CLEANUP(token_freep) struct token *token = NULL;

    return token_parse(text_from(text), &token, NULL);
}

/* --- RFC 7515 appendix A, RFC 7520 section 4, RFC 8037 appendix A.4 --- */

/*
 * Their payloads are no claims: so header and signature are parsed around an empty object, and the signature
 * is checked against what it was made for.  These are a login's steps, from the token to the yes.
 */
static enum jwkscore_status verify(const char *text, const char *jwk)
{
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    CLEANUP(token_freep) struct token *token = NULL;
    CLEANUP(candidates_clear) struct candidates candidates = {0};
    CLEANUP(key_freep) struct key *key = NULL;
    const char *payload = strchr(text, '.') + 1, *signature = strchr(payload, '.') + 1;
    const char *around = textf("%.*se30.%s", (int)(payload - text), text, signature);

    ck_assert_status(token_parse(text_from(around), &token, NULL), JWKSCORE_OK);
    ck_assert_status(keyset_parse(text_from(textf("{\"keys\":[%s]}", jwk)), &keyset, NULL), JWKSCORE_OK);
    ck_assert(keyset_candidates(keyset, token->has_kid ? &token->kid : NULL, token->algorithm,
                                TEXT(CORP_ISSUER), NULL, &candidates));
    ck_assert_uint_eq(candidates.count, 1);
    ck_assert_status(key_import(crypto, &candidates.at[0].material, &key, NULL), JWKSCORE_OK);
    return key_verify(crypto, key, token->algorithm, (struct text){text, (size_t)(signature - 1 - text)},
                      (struct text){(const char *)token->signature, token->signature_length}, NULL);
}

START_TEST(signed_examples_verify_and_nothing_beside_them)
{
    static const struct {
        const char *token, *key;
        enum jwkscore_status whole; /* is it a token of ours, with claims? */
    } rows[] = {
        {"rfc7515-a.2.jws", "rfc7515-a.2.jwk", JWKSCORE_OK},          /* RS256 */
        {"rfc7515-a.3.jws", "rfc7515-a.3.jwk", JWKSCORE_OK},          /* ES256 */
        {"rfc7515-a.4.jws", "rfc7515-a.4.jwk", JWKSCORE_E_MALFORMED}, /* ES512; its payload is "Payload" */
        {"rfc7520-4.1.jws", "rfc7520-3.3.jwk", JWKSCORE_E_MALFORMED}, /* RS256; text, as those that follow */
        {"rfc7520-4.2.jws", "rfc7520-3.3.jwk", JWKSCORE_E_MALFORMED}, /* PS384 */
        {"rfc7520-4.3.jws", "rfc7520-3.1.jwk", JWKSCORE_E_MALFORMED}, /* ES512 */
        {"rfc8037-a.4.jws", "rfc8037-a.2.jwk", JWKSCORE_E_MALFORMED}, /* EdDSA */
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const char *text = line_of(rows[i].token), *jwk = line_of(rows[i].key);
        int header = (int)(strchr(text, '.') + 1 - text);
        const char *changed =
            textf("%.*sA%s", header, text, text + header + 1); /* no payload begins with A */

        ck_assert_msg(verify(text, jwk) == JWKSCORE_OK, "%s", rows[i].token);
        ck_assert_msg(verify(changed, jwk) == JWKSCORE_E_SIGNATURE, "%s", rows[i].token);
        ck_assert_msg(parse(text) == rows[i].whole, "%s", rows[i].token);
    }
}
END_TEST

/* H2, S4, S6: right as they are, and none of ours. */
START_TEST(other_examples_are_refused_for_what_they_are)
{
    static const struct {
        const char *token;
        enum jwkscore_status status;
    } rows[] = {
        {"rfc7515-a.1.jws", JWKSCORE_E_SYMMETRIC}, /* HS256 */
        {"rfc7515-a.5.jws", JWKSCORE_E_UNSIGNED},   {"rfc7520-4.4.jws", JWKSCORE_E_SYMMETRIC},
        {"rfc7520-4.5.jws", JWKSCORE_E_MALFORMED},  /* detached: no payload */
        {"rfc7520-4.6.json", JWKSCORE_E_MALFORMED}, /* JSON serialisations: protected and other members */
        {"rfc7520-4.7.json", JWKSCORE_E_MALFORMED}, /* no protected ones */
        {"rfc7520-4.8.json", JWKSCORE_E_MALFORMED}, /* three signatures */
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        ck_assert_msg(parse(line_of(rows[i].token)) == rows[i].status, "%s", rows[i].token);
}
END_TEST

/* --- keys: RFC 7638 section 3.1, RFC 8037 appendix A.3 --- */

static enum key_drop read_key(const char *file, struct jwk *ret_jwk, struct value **ret_value)
{
    ck_assert_status(value_parse(text_from(line_of(file)), ret_value, NULL), JWKSCORE_OK);
    return jwk_read(*ret_value, ret_jwk);
}

START_TEST(thumbprints_are_those_of_the_rfcs)
{
    static const struct {
        const char *key, *thumbprint;
    } rows[] = {
        {"rfc7638-3.1.jwk", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
        {"rfc8037-a.2.jwk", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
    };
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        CLEANUP(value_freep) struct value *value = NULL;
        CLEANUP(jwk_clear) struct jwk jwk = {0};
        char thumbprint[THUMBPRINT_SIZE];

        ck_assert_int_eq(read_key(rows[i].key, &jwk, &value), DROP_NONE);
        ck_assert(material_thumbprint(crypto, &jwk.material, thumbprint));
        ck_assert_str_eq(thumbprint, rows[i].thumbprint);
    }
}
END_TEST

/* RFC 7515 appendix A.1, RFC 7520 section 3.5 */
START_TEST(shared_secrets_are_no_keys)
{
    static const char *const files[] = {"rfc7515-a.1.jwk", "rfc7520-3.5.jwk"};

    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        CLEANUP(value_freep) struct value *value = NULL;
        CLEANUP(jwk_clear) struct jwk jwk = {0};

        ck_assert_int_eq(read_key(files[i], &jwk, &value), DROP_OCT);
    }
}
END_TEST

/* --- a hash: RFC 6234 section 8.5, as FIPS 180-2 appendix B.1 --- */

START_TEST(sha256_is_sha256)
{
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();
    unsigned char digest[SHA256_SIZE];
    struct text wanted = from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    ck_assert(crypto_sha256(crypto, TEXT("abc"), digest));
    ck_assert_mem_eq(digest, wanted.bytes, SHA256_SIZE);
    ck_assert(crypto_sha256(crypto, (struct text){"abc", 4}, digest)); /* S1: a NUL is an octet like others */
    ck_assert_mem_ne(digest, wanted.bytes, SHA256_SIZE);
}
END_TEST

int main(void)
{
    return RUN("rfc", signed_examples_verify_and_nothing_beside_them,
               other_examples_are_refused_for_what_they_are, thumbprints_are_those_of_the_rfcs,
               shared_secrets_are_no_keys, sha256_is_sha256);
}
