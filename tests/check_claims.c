/* SPDX-License-Identifier: Apache-2.0 */
/* check_claims.c: iss, aud, azp, sub, and what is no login token at all (SECURITY-CHECKLIST C1, C2, C7, C8, C10). */
#include "support.h"

#include <string.h>

#define TWO "[issuer two]\nissuer = https://two.example.com/\naudience = a b\nuser_claim = sub\n"

static enum jwkscore_status find_issuer(const char *iss, const char **ret_name)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_told(CORP TWO);
    CLEANUP(token_freep) struct token *token = token_of(textf("{%s}", iss));
    const struct issuer_options *issuer = NULL;
    enum jwkscore_status status = claims_issuer(config, token, &issuer, NULL);

    ck_assert((status == JWKSCORE_OK) == (issuer != NULL));
    *ret_name = issuer != NULL ? textf("%s", issuer->name) : "";
    return status;
}

START_TEST(iss_is_a_configured_issuer_byte_for_byte)
{
    static const struct {
        const char *iss, *name;
    } rows[] = {
        {"\"iss\":\"https://login.example.com/corp\"", "corp"},
        {"\"iss\":\"https://two.example.com/\"", "two"},
        {"\"iss\":\"https:\\/\\/two.example.com\\/\"", "two"}, /* an escape is a spelling of the same string */
        {"\"iss\":\"https://login.example.com/corp/\"", ""},
        {"\"iss\":\"https://two.example.com\"", ""},
        {"\"iss\":\"https://login.example.com/Corp\"", ""},
        {"\"iss\":\"HTTPS://login.example.com/corp\"", ""},
        {"\"iss\":\"https://login.example.com:443/corp\"", ""},
        {"\"iss\":\"https://login.example.com/co%72p\"", ""},
        {"\"iss\":\"https://login.example.com/cor\"", ""},
        {"\"iss\":\"https://login.example.com/corp2\"", ""},
        {"\"iss\":\" https://login.example.com/corp\"", ""},
        {"\"iss\":\"http://login.example.com/corp\"", ""},
        {"\"iss\":\"login.example.com/corp\"", ""},
        {"\"iss\":\"corp\"", ""},
        {"\"iss\":\"\"", ""},
        {"\"iss\":[\"https://login.example.com/corp\"]", ""},
        {"\"iss\":{\"a\":1}", ""},
        {"\"iss\":null", ""},
        {"\"iss\":7", ""},
        {"\"ISS\":\"https://login.example.com/corp\"", ""},
        {"\"x\":1", ""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const char *name;

        ck_assert_msg(find_issuer(rows[i].iss, &name) == (*rows[i].name != '\0' ? JWKSCORE_OK : JWKSCORE_E_ISSUER), "%s",
                      rows[i].iss);
        ck_assert_str_eq(name, rows[i].name);
    }
}
END_TEST

/* All of claims_check, with a payload whose other claims are good. */
static enum jwkscore_status check(const char *lines, const char *payload, struct jwkscore_error *error)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_told(textf("%s%s", CORP, lines));
    CLEANUP(token_freep) struct token *token = token_of(payload);

    return claims_check(config, corp(config), token, NOW, error);
}

START_TEST(aud_is_us_and_nobody_else)
{
    static const struct {
        const char *aud, *azp; /* "": absent */
        enum jwkscore_status status;
    } rows[] = {
        {"\"ssh-prod\"", "", JWKSCORE_OK},
        {"[\"ssh-prod\"]", "", JWKSCORE_OK},
        {"[\"ssh-prod\",\"ssh-prod\"]", "", JWKSCORE_OK},
        {"\"ssh-prod2\"", "", JWKSCORE_E_AUDIENCE},
        {"\"ssh-pro\"", "", JWKSCORE_E_AUDIENCE},
        {"\"SSH-PROD\"", "", JWKSCORE_E_AUDIENCE},
        {"\"ssh-prod \"", "", JWKSCORE_E_AUDIENCE},
        {"\"ssh-prod other\"", "", JWKSCORE_E_AUDIENCE},
        {"\"\"", "", JWKSCORE_E_AUDIENCE},
        {"[]", "", JWKSCORE_E_AUDIENCE},
        {"[\"other\"]", "", JWKSCORE_E_AUDIENCE},
        {"[\"ssh-prod\",\"other\"]", "", JWKSCORE_E_AUDIENCE},
        {"[\"other\",\"ssh-prod\"]", "", JWKSCORE_E_AUDIENCE},
        {"[\"ssh-prod\",\"other\"]", "\"ssh-prod\"", JWKSCORE_OK},
        {"[\"ssh-prod\",\"other\"]", "\"other\"", JWKSCORE_E_AUDIENCE},
        {"[\"ssh-prod\",\"other\"]", "[\"ssh-prod\"]", JWKSCORE_E_AUDIENCE},
        {"\"ssh-prod\"", "7", JWKSCORE_E_AUDIENCE},
        {"\"ssh-prod\"", "\"other\"", JWKSCORE_OK}, /* issued to another client, for us */
        {"[\"other\"]", "\"ssh-prod\"", JWKSCORE_E_AUDIENCE},
        {"[\"ssh-prod\",1]", "", JWKSCORE_E_AUDIENCE},
        {"[\"ssh-prod\",null]", "", JWKSCORE_E_AUDIENCE},
        {"[[\"ssh-prod\"]]", "", JWKSCORE_E_AUDIENCE},
        {"{\"ssh-prod\":1}", "", JWKSCORE_E_AUDIENCE},
        {"null", "", JWKSCORE_E_AUDIENCE},
        {"true", "", JWKSCORE_E_AUDIENCE},
        {"7", "", JWKSCORE_E_AUDIENCE},
        {"", "", JWKSCORE_E_AUDIENCE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        ck_assert_msg(check("", mint_claims("aud", rows[i].aud, "azp", rows[i].azp, NULL), NULL) == rows[i].status,
                      "aud %s azp %s", rows[i].aud, rows[i].azp);
}
END_TEST

START_TEST(strangers_beside_us_by_leave)
{
    const char *payload = mint_claims("aud", "[\"ssh-prod\",\"other\"]", NULL);

    ck_assert_status(check("", payload, NULL), JWKSCORE_E_AUDIENCE);
    ck_assert_status(check("allow_extra_audience = yes\n", payload, NULL), JWKSCORE_OK);
    ck_assert_status(check("allow_extra_audience = yes\n", mint_claims("aud", "[\"other\"]", NULL), NULL), JWKSCORE_E_AUDIENCE);
    ck_assert_status(check("audience = other\n", payload, NULL), JWKSCORE_OK);
}
END_TEST

START_TEST(sub_is_a_short_printable_string)
{
    const struct {
        const char *sub;
        enum jwkscore_status status;
    } rows[] = {
        {"\"s\"", JWKSCORE_OK},
        {"\"\xc3\xa4 b\"", JWKSCORE_OK},
        {textf("\"%s\"", repeated("s", 255)), JWKSCORE_OK},
        {textf("\"%s\"", repeated("s", 256)), JWKSCORE_E_CLAIM},
        {"\"\"", JWKSCORE_E_CLAIM},
        {"\"a\\nb\"", JWKSCORE_E_CLAIM},
        {"\"\\u001b[31m\"", JWKSCORE_E_CLAIM},
        {"\"a\\u007f\"", JWKSCORE_E_CLAIM},
        {"\"a\\u0085b\"", JWKSCORE_E_CLAIM},
        {"\"a\\u00a0b\"", JWKSCORE_OK},
        {"7", JWKSCORE_E_CLAIM},
        {"null", JWKSCORE_E_CLAIM},
        {"[\"s\"]", JWKSCORE_E_CLAIM},
        {"", JWKSCORE_E_CLAIM},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        ck_assert_msg(check("", mint_claims("sub", rows[i].sub, NULL), NULL) == rows[i].status, "%s", rows[i].sub);
}
END_TEST

START_TEST(what_is_no_login_is_refused)
{
    ck_assert_status(check("", mint_claims("amr", "[\"pwd\"]", NULL), NULL), JWKSCORE_OK);
    ck_assert_status(check("", mint_claims("events", "{}", NULL), NULL), JWKSCORE_E_CLAIM);
    ck_assert_status(check("", mint_claims("act", "{\"sub\":\"x\"}", NULL), NULL), JWKSCORE_E_CLAIM);
    ck_assert_status(check("", mint_claims("act", "null", NULL), NULL), JWKSCORE_E_CLAIM);
}
END_TEST

START_TEST(the_verified_issuer_is_compared_again)
{
    ck_assert_status(check("", mint_claims(NULL, NULL), NULL), JWKSCORE_OK);
    ck_assert_status(check("", mint_claims("iss", "\"https://two.example.com/\"", NULL), NULL), JWKSCORE_E_ISSUER);
}
END_TEST

START_TEST(a_stranger_in_a_message_is_escaped_and_cut)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    const char *aud = textf("\"\\u001b]0;%s\"", repeated("x", 200));

    ck_assert_status(check("", mint_claims("aud", aud, NULL), &error), JWKSCORE_E_AUDIENCE);
    ck_assert(strstr(error.message, "\\x1b]0;xxx") != NULL);
    ck_assert(strchr(error.message, '\x1b') == NULL);
    ck_assert_uint_lt(strlen(error.message), 160);
}
END_TEST

START_TEST(a_service_names_its_issuers)
{
    CLEANUP(config_freep) struct jwkscore_config *config =
        config_told(CORP TWO "[service a]\nissuers = corp\n[service b]\nissuers = two\n[service c]\nmax_auth_age = 1h\n");
    CLEANUP(token_freep) struct token *token = token_of(mint_claims(NULL, NULL));
    const struct {
        const char *service;
        enum jwkscore_status status;
    } rows[] = {{"a", JWKSCORE_OK}, {"b", JWKSCORE_E_SERVICE}, {"c", JWKSCORE_E_CLAIM}, {"d", JWKSCORE_OK}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        ck_assert_status(claims_check_service(config, config_service(config, rows[i].service), corp(config), token, NOW, NULL),
                         rows[i].status);
}
END_TEST

int main(void)
{
    return RUN("claims", iss_is_a_configured_issuer_byte_for_byte, aud_is_us_and_nobody_else, strangers_beside_us_by_leave,
               sub_is_a_short_printable_string, what_is_no_login_is_refused, the_verified_issuer_is_compared_again,
               a_stranger_in_a_message_is_escaped_and_cut, a_service_names_its_issuers);
}
