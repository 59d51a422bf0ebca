/* SPDX-License-Identifier: Apache-2.0 */
/* check_jwk_write.c: a key's thumbprint (RFC 7638), and what is written of it: its public members. */
#include "support.h"

#include <string.h>

static void crypto_freep(struct crypto **crypto)
{
    crypto_free(*crypto);
}

/* RFC 7638 section 3.1, RFC 8037 appendix A.3. */
START_TEST(thumbprints_are_those_of_the_rfcs)
{
    static const struct {
        const char *jwk, *thumbprint;
    } examples[] = {
        {"{\"kty\":\"RSA\",\"n\":"
         "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPeb"
         "WKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
         "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0"
         "zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
         "xBniIqbw0Ls1jF44-csFCur-kEgU8a"
         "wapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
         "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
         "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
    };
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();

    for (size_t i = 0; i < ARRAY_LENGTH(examples); i++) {
        CLEANUP(value_freep) struct value *value = NULL;
        char thumbprint[THUMBPRINT_SIZE];
        struct jwk jwk;

        ck_assert_status(value_parse(text_from(examples[i].jwk), &value, NULL), JWKSCORE_OK);
        ck_assert_int_eq(jwk_read(value, &jwk), DROP_NONE);
        ck_assert(material_thumbprint(crypto, &jwk.material, thumbprint));
        ck_assert_str_eq(thumbprint, examples[i].thumbprint);
        jwk_clear(&jwk);
    }
}
END_TEST

START_TEST(a_thumbprint_is_the_keys_however_it_is_spelled)
{
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();

    for (enum mint_kind kind = MINT_RSA; kind < MINT_KINDS; kind++) {
        char thumbprint[THUMBPRINT_SIZE];

        ck_assert(material_thumbprint(crypto, &mint_key(kind, 0)->material, thumbprint));
        ck_assert_str_eq(thumbprint, mint_thumbprint(mint_key(kind, 0)));
        ck_assert_str_ne(thumbprint, mint_thumbprint(mint_key(kind, 1)));
    }
}
END_TEST

/* Public members alone, canonical, each stranger's text escaped; read again, it is the same key. */
START_TEST(a_written_key_reads_as_the_same_key)
{
    static const struct {
        const char *members, *written; /* behind the material */
    } rows[] = {
        {NULL, ",\"thumbprint\":\"t\"}"},
        {"\"kid\":\"a\\u0022\\\\,\\\"b\",\"x5c\":[\"AA\"],\"evil\":\"1\"",
         ",\"kid\":\"a\\\"\\\\,\\\"b\",\"thumbprint\":\"t\"}"},
        {"\"issuer\":\"https://i/{tenantid}\",\"use\":\"sig\"",
         ",\"use\":\"sig\",\"issuer\":\"https://i/{tenantid}\",\"thumbprint\":\"t\"}"},
        {"\"key_ops\":[\"sign\",\"verify\"],\"kid\":\"k\"",
         ",\"kid\":\"k\",\"key_ops\":[\"verify\"],\"thumbprint\":\"t\"}"},
    };

    for (enum mint_kind kind = MINT_RSA; kind < MINT_KINDS; kind++)
        for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
            CLEANUP(value_freep) struct value *value = NULL, *again = NULL;
            CLEANUP(buffer_freep) struct buffer out = {0};
            const char *jwk_text = mint_jwk(mint_key(kind, 0), rows[i].members),
                       *bare = mint_jwk(mint_key(kind, 0), NULL);
            struct jwk jwk, jwk_again;

            ck_assert_status(value_parse(text_from(jwk_text), &value, NULL), JWKSCORE_OK);
            ck_assert_int_eq(jwk_read(value, &jwk), DROP_NONE);
            ck_assert(jwk_write(&out, &jwk, "t"));
            ck_assert(text_is((struct text){(char *)out.bytes, out.length},
                              textf("%.*s%s", (int)strlen(bare) - 1, bare, rows[i].written)));
            ck_assert_status(value_parse((struct text){(char *)out.bytes, out.length}, &again, NULL),
                             JWKSCORE_OK);
            ck_assert_int_eq(jwk_read(again, &jwk_again), DROP_NONE);
            ck_assert(jwk.has_kid == jwk_again.has_kid && text_equal(jwk.kid, jwk_again.kid));
            ck_assert(text_equal(jwk.material.n, jwk_again.material.n) &&
                      text_equal(jwk.material.x, jwk_again.material.x));
            jwk_clear(&jwk);
            jwk_clear(&jwk_again);
        }
}
END_TEST

START_TEST(a_written_key_keeps_its_alg)
{
    CLEANUP(value_freep) struct value *value = NULL;
    CLEANUP(buffer_freep) struct buffer out = {0};
    struct jwk jwk;

    ck_assert_status(
        value_parse(text_from(mint_jwk(mint_key(MINT_P256, 0), "\"alg\":\"ES256\"")), &value, NULL),
        JWKSCORE_OK);
    ck_assert_int_eq(jwk_read(value, &jwk), DROP_NONE);
    ck_assert(jwk_write(&out, &jwk, "t"));
    ck_assert_ptr_nonnull(memmem(out.bytes, out.length, ",\"alg\":\"ES256\",", 15));
    jwk_clear(&jwk);
}
END_TEST

int main(void)
{
    mint_early();
    return RUN("jwk_write", thumbprints_are_those_of_the_rfcs, a_thumbprint_is_the_keys_however_it_is_spelled,
               a_written_key_reads_as_the_same_key, a_written_key_keeps_its_alg);
}
