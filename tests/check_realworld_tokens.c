/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_realworld_tokens.c: each ID token of a real provider names its account by that provider's recipe,
 * and one that is bound to a key does so with that key alone (C8, H8).
 */
#include "idtokens.h"

#include <string.h>

static const struct sample {
    const char *file;
    const struct recipe *recipe;
    const char *account;
} samples[] = {
    {"authentik-key-bound-id-token", &authentik, "alice"},
    {"authentik-key-bound-id-token-refreshed", &authentik, "alice"},
    {"aws-cognito-id-token-with-token-revocation-enabled", &cognito, "alice"},
    {"aws-cognito-id-token-without-token-revocation-enabled", &cognito, "alice"},
    {"azure-id-token", &entra, "bob"},
    {"azure-id-token-device-flow", &entra, "alice"},
    {"azure-refreshed-id-token", &entra, "bob"},
    {"forgejo-actions-id-token", &forgejo, "deploy"},
    {"google-id-token", &google, "alice"},
    {"google-id-token-device-flow", &google, "alice"},
    {"google-id-token-device-flow-youtube", &google, "bob"},
    {"google-refreshed-id-token", &google, "alice"},
    {"hello-dev-id-token", &hello, "bob"},
    {"hello-dev-id-token-device-flow", &hello, "alice"},
    {"hello-dev-key-bound-id-token", &hello, "carol"},
};

START_TEST(each_token_names_its_account_by_its_recipe)
{
    for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
        struct login login = login_of(samples[i].file);
        const char *account;
        enum jwkscore_status status = decide(samples[i].recipe, "", &login, &account);

        ck_assert_msg(status == JWKSCORE_OK && strcmp(account, samples[i].account) == 0, "%s: %s %s",
                      samples[i].file, jwkscore_reason(status), account);
    }
    ck_assert_uint_eq(ARRAY_LENGTH(samples), document_count("realworld/idtokens/*.json"));
}
END_TEST

/* One has a comma too many, outside of its payload. */
START_TEST(only_hello_dev_id_token_is_no_json)
{
    for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
        CLEANUP(value_freep) struct value *value = NULL;
        bool wrong = strcmp(samples[i].file, "hello-dev-id-token") == 0;

        ck_assert_msg(value_parse(document_read(textf("realworld/idtokens/%s.json", samples[i].file)), &value,
                                  NULL) == (wrong ? JWKSCORE_E_MALFORMED : JWKSCORE_OK),
                      "%s", samples[i].file);
    }
}
END_TEST

/* With the key it is each_token_names_its_account_by_its_recipe that says yes. */
START_TEST(a_bound_token_is_nothing_without_its_key)
{
    struct text another = mint_ssh_blob(mint_key(MINT_P256, 0), false);
    size_t bound = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
        struct login with_key = login_of(samples[i].file), login = with_key;
        const char *account;

        if (login.key.length == 0)
            continue;
        bound++;
        login.key = TEXT("");
        ck_assert_status(decide(samples[i].recipe, "", &login, &account), JWKSCORE_E_TYPE);
        login.header = replaced(login.header, "dpop+id_token", "JWT");
        ck_assert_status(decide(samples[i].recipe, "", &login, &account), JWKSCORE_E_UNBOUND);
        login.payload = replaced(login.payload, "\"cnf\"", "\"cnx\"");
        ck_assert_status(decide(samples[i].recipe, "", &login, &account), JWKSCORE_OK);
        login.key = with_key.key;
        ck_assert_status(decide(samples[i].recipe, "", &login, &account), JWKSCORE_E_UNBOUND);
        login = with_key;
        login.key = another;
        ck_assert_status(decide(samples[i].recipe, "", &login, &account), JWKSCORE_E_UNBOUND);
    }
    ck_assert_uint_eq(bound, 3);
}
END_TEST

int main(void)
{
    mint_early();
    return RUN_IN_ROOM("realworld_tokens", each_token_names_its_account_by_its_recipe,
                       only_hello_dev_id_token_is_no_json, a_bound_token_is_nothing_without_its_key);
}
