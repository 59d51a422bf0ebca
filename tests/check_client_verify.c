/* SPDX-License-Identifier: Apache-2.0 */
/* check_client_verify.c: a token is the key's, or the answer to the question that was asked. */
#include "logintest.h"

#include <string.h>

static char message[MESSAGE_SIZE];

static const char *token_with(const char *nonce)
{
    return mint_good("ES256", "k",
                     mint_claims("nonce", nonce, "exp", textf("%jd", (intmax_t)jwkscore_now() + 600), "iat",
                                 textf("%jd", (intmax_t)jwkscore_now() - 10), NULL));
}

static int check(const char *token, const struct ssh_key *key, const char *nonce)
{
    const char *keys = room_write("corp.jwks", mint_jwks(mint_jwk(mint_key(MINT_P256, 0), "\"kid\":\"k\"")));
    CLEANUP(verifier_close)
    struct verifier verifier = {.config = config_loaded(textf("%sjwks_file = %s\n", CORP, keys)), .lock = -1};
    struct jwkscore_identity *identity = NULL;
    int code = verifier_check(&verifier, token, key == NULL ? NULL : key->offer, nonce, &identity, message);

    ck_assert(code != LOGIN_DONE || identity != NULL);
    jwkscore_identity_free(identity);
    return code;
}

START_TEST(a_token_is_bound_to_the_key)
{
    CLEANUP(ssh_key_clear) struct ssh_key key = {.fresh = false};
    CLEANUP(verifier_close) struct verifier verifier = {.config = config_told(CORP), .lock = -1};

    ck_assert_int_eq(ssh_key_make(&verifier, &key), LOGIN_DONE);
    ck_assert_int_eq(check(token_with(textf("\"%s\"", (const char *)key.nonce.at)), &key, NULL), LOGIN_DONE);
    ck_assert_int_eq(check(token_with("\"AAAA\""), &key, NULL), LOGIN_REFUSED);
    ck_assert_ptr_nonnull(strstr(message, "its nonce is not the fingerprint of the key"));
    ck_assert_int_eq(check(token_with(""), &key, NULL), LOGIN_REFUSED);
    ck_assert_int_eq(check("a.b.c", &key, NULL), LOGIN_REFUSED);
}
END_TEST

START_TEST(a_token_alone_has_the_nonce_that_was_asked_for)
{
    ck_assert_int_eq(check(token_with("\"mine\""), NULL, "mine"), LOGIN_DONE);
    ck_assert_int_eq(check(token_with("\"mine\""), NULL, NULL), LOGIN_DONE);
    ck_assert_int_eq(check(token_with("\"other\""), NULL, "mine"), LOGIN_REFUSED);
    ck_assert_ptr_nonnull(strstr(message, "not the one that was asked for"));
    ck_assert_int_eq(check(token_with(""), NULL, "mine"), LOGIN_REFUSED);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("client_verify", a_token_is_bound_to_the_key,
                       a_token_alone_has_the_nonce_that_was_asked_for);
}
