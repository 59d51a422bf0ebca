/* SPDX-License-Identifier: Apache-2.0 */
/* check_jwk_write.c: a key's thumbprint (RFC 7638), and what is written of it: its public members. */
#include "support.h"

#include <string.h>

static void crypto_freep(struct crypto **crypto)
{
    crypto_free(*crypto);
}

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
    return RUN("jwk_write", a_thumbprint_is_the_keys_however_it_is_spelled,
               a_written_key_reads_as_the_same_key, a_written_key_keeps_its_alg);
}
