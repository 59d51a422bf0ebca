/* SPDX-License-Identifier: Apache-2.0 */
/* check_program.c: a program that begins OpenSSL shortly: nothing old is there, all that is needed is. */
#include "support.h"

#include <openssl/evp.h>

static const char *const algorithms[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
                                         "ES256", "ES384", "ES512", "EdDSA"};

/* Runs first, in a process that has not used OpenSSL yet; without the call OpenSSL knows this name. */
START_TEST(the_old_names_are_not_there)
{
    jwkscore_program_begin();
    ck_assert_ptr_null(EVP_get_digestbyname("SHA256"));
}
END_TEST

START_TEST(every_algorithm_takes_its_own_signature)
{
    const struct text message = TEXT("header.payload"), other = TEXT("header.payloae");
    struct crypto *crypto = crypto_new();

    jwkscore_program_begin();
    for (size_t i = 0; i < ARRAY_LENGTH(algorithms); i++) {
        const struct algorithm *algorithm = algorithm_find(text_from(algorithms[i]));
        const struct mint_key *minted = mint_key_for(algorithms[i]);
        struct text signature = mint_sign(minted, algorithms[i], message);
        struct key *key;

        ck_assert_status(key_import(crypto, &minted->material, &key, NULL), JWKSCORE_OK);
        ck_assert_status(key_verify(crypto, key, algorithm, message, signature, NULL), JWKSCORE_OK);
        ck_assert_status(key_verify(crypto, key, algorithm, other, signature, NULL), JWKSCORE_E_SIGNATURE);
        key_free(key);
    }
    crypto_free(crypto);
}
END_TEST

int main(void)
{
    return RUN("program", the_old_names_are_not_there, every_algorithm_takes_its_own_signature);
}
