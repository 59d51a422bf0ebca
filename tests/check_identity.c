/* SPDX-License-Identifier: Apache-2.0 */
/* check_identity.c: what a token that passed says, and whether it still holds later. */
#include "support.h"

#include <string.h>

static struct jwkscore_config *config_with_keys(const char *lines)
{
    const char *path = room_write("corp.jwks", mint_jwks(mint_jwk(mint_key(MINT_P256, 0), "\"kid\":\"k\"")));

    return config_loaded(textf("%sjwks_file = %s\n%s", CORP, path, lines));
}

static struct jwkscore_identity *identify(const struct jwkscore_config *config, const char *kid, const char *payload)
{
    const char *token = mint_good("ES256", kid, payload);
    struct jwkscore_request request = {.size = sizeof(request), .token = token, .token_length = strlen(token), .now = NOW};
    struct jwkscore_identity *identity = NULL;
    struct jwkscore_error error;

    ck_assert_msg(jwkscore_authenticate(config, &request, &identity, &error) == JWKSCORE_OK, "%s", error.message);
    return identity;
}

START_TEST(an_identity_says_who_until_when_and_by_which_key)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_with_keys("");
    struct jwkscore_identity *identity = identify(config, "k", mint_claims(NULL, NULL));
    const struct jwkscore_key_use *key = jwkscore_identity_key(identity);

    ck_assert_str_eq(jwkscore_identity_issuer(identity), "corp");
    ck_assert_str_eq(jwkscore_identity_subject(identity), "s-1001");
    ck_assert_int_eq(jwkscore_identity_expires(identity), NOW + 600);
    ck_assert_str_eq(jwkscore_identity_account(identity, 0), "nobody");
    ck_assert_ptr_null(jwkscore_identity_account(identity, 1));
    ck_assert_uint_eq(key->size, sizeof(*key));
    ck_assert_str_eq(key->kid, "k");
    ck_assert_str_eq(key->algorithm, "ES256");
    ck_assert_str_eq(key->cache, "file");
    ck_assert_str_eq(key->note, "");
    ck_assert_int_eq(key->age, 0);
    ck_assert_int_eq(key->vanished, 0);
    jwkscore_identity_free(identity);
}
END_TEST

START_TEST(a_token_without_a_kid_has_none)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_with_keys("");
    struct jwkscore_identity *identity = identify(config, NULL, mint_claims(NULL, NULL));

    ck_assert_ptr_null(jwkscore_identity_key(identity)->kid);
    jwkscore_identity_free(identity);
}
END_TEST

START_TEST(a_claim_is_a_string_or_the_strings_of_an_array)
{
    static const struct {
        const char *name;
        size_t index;
        const char *value; /* NULL: there is none */
    } rows[] = {
        {"sub", 0, "s-1001"}, {"sub", 1, NULL},   {"groups", 0, "a"},   {"groups", 1, "b c"}, {"groups", 2, NULL},
        {"mixed", 0, "x"},    {"mixed", 1, NULL}, {"exp", 0, NULL},     {"none", 0, NULL},    {"deep", 0, NULL},
        {"/deep/a", 0, "y"},  {"/deep/b", 0, NULL}, {"/groups/1", 0, "b c"}, {"Sub", 0, NULL},
    };
    CLEANUP(config_freep) struct jwkscore_config *config = config_with_keys("");
    struct jwkscore_identity *identity =
        identify(config, "k", mint_claims("groups", "[\"a\",\"b c\"]", "mixed", "[\"x\",1]", "deep", "{\"a\":\"y\"}", NULL));

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        ck_assert_pstr_eq(jwkscore_identity_claim(identity, rows[i].name, rows[i].index), rows[i].value);
    jwkscore_identity_free(identity);
    jwkscore_identity_free(NULL);
}
END_TEST

START_TEST(an_identity_is_looked_at_again)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_with_keys("");
    CLEANUP(config_freep) struct jwkscore_config *other = config_told("[issuer two]\nissuer = https://two.example.com\n"
                                                                      "audience = a\nuser_claim = sub\n");
    struct jwkscore_identity *identity = identify(config, "k", mint_claims(NULL, NULL));
    struct jwkscore_error error;

    ck_assert_status(jwkscore_identity_check(config, identity, "nobody", NOW, &error), JWKSCORE_OK);
    ck_assert_status(jwkscore_identity_check(config, identity, "nobody", NOW + 659, &error), JWKSCORE_OK);
    ck_assert_status(jwkscore_identity_check(config, identity, "nobody", NOW + 660, &error), JWKSCORE_E_EXPIRED);
    ck_assert_status(jwkscore_identity_check(config, identity, "daemon", NOW, &error), JWKSCORE_E_USER);
    ck_assert_status(jwkscore_identity_check(other, identity, "nobody", NOW, &error), JWKSCORE_E_CONFIG);
    ck_assert_status(jwkscore_identity_check(NULL, identity, "nobody", NOW, &error), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_identity_check(config, NULL, "nobody", NOW, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_identity_check(config, identity, NULL, NOW, &error), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_identity_check(config, identity, "nobody", -1, &error), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_identity_check(config, identity, "nobody", INT64_MIN, &error), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_identity_check(config, identity, "nobody", INT64_MAX, &error), JWKSCORE_E_EXPIRED);
    tell(config, "global", "min_uid", "65535");
    ck_assert_status(jwkscore_identity_check(config, identity, "nobody", NOW, &error), JWKSCORE_E_ACCOUNT);
    jwkscore_identity_free(identity);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("identity", an_identity_says_who_until_when_and_by_which_key, a_token_without_a_kid_has_none,
                       a_claim_is_a_string_or_the_strings_of_an_array, an_identity_is_looked_at_again);
}
