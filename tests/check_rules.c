/* SPDX-License-Identifier: Apache-2.0 */
/* check_rules.c: require, max_lifetime, max_token_age and max_auth_age (SECURITY-CHECKLIST C4, C9, C11). */
#include "support.h"

#include <string.h>

/* corp's section with these lines, applied to this payload. */
static enum jwkscore_status check(const char *lines, const char *payload, struct jwkscore_error *error)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_told(textf("%s%s", CORP, lines));
    CLEANUP(token_freep) struct token *token = token_of(payload);
    const struct issuer_options *issuer = corp(config);
    const struct rules rules = {&issuer->settings, &issuer->require, issuer->max_auth_age, issuer->max_lifetime,
                                issuer->max_token_age};

    return rules_check(config, &rules, token, NOW, error);
}

static const char *times(long auth_time, long iat, long exp)
{
    return textf("{\"auth_time\":%jd,\"iat\":%jd,\"exp\":%jd}", (intmax_t)NOW + auth_time, (intmax_t)NOW + iat,
                 (intmax_t)NOW + exp);
}

static const struct {
    const char *claim;
    enum jwkscore_status status;
} groups[] = {
    {"\"groups\":\"a\"", JWKSCORE_OK},
    {"\"groups\":[\"a\"]", JWKSCORE_OK},
    {"\"groups\":[\"b\",\"a\",\"a\"]", JWKSCORE_OK},
    {"\"groups\":[\"b\",\"c\"]", JWKSCORE_E_CLAIM},
    {"\"groups\":[]", JWKSCORE_E_CLAIM},
    {"\"groups\":\"A\"", JWKSCORE_E_CLAIM},
    {"\"groups\":\"a b\"", JWKSCORE_E_CLAIM},       /* nothing is split */
    {"\"groups\":\"b,a\"", JWKSCORE_E_CLAIM},
    {"\"groups\":[\"b,a\"]", JWKSCORE_E_CLAIM},
    {"\"groups\":[\"a\",1]", JWKSCORE_E_CLAIM},     /* an array of strings has nothing else in it */
    {"\"groups\":[[\"a\"]]", JWKSCORE_E_CLAIM},
    {"\"groups\":{\"a\":\"a\"}", JWKSCORE_E_CLAIM},
    {"\"groups\":null", JWKSCORE_E_CLAIM},
    {"\"groups\":true", JWKSCORE_E_CLAIM},
    {"\"Groups\":\"a\"", JWKSCORE_E_CLAIM},
    {"\"x\":\"a\"", JWKSCORE_E_CLAIM},
};

START_TEST(a_claim_has_a_value_or_not)
{
    for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
        ck_assert_msg(check("require = groups = a\n", textf("{%s}", groups[i].claim), NULL) == groups[i].status, "%s",
                      groups[i].claim);
}
END_TEST

START_TEST(a_value_may_hold_spaces_and_a_claim_may_be_a_pointer)
{
    ck_assert_status(check("require = role = ssh users\n", "{\"role\":\"ssh users\"}", NULL), JWKSCORE_OK);
    ck_assert_status(check("require = role = ssh users\n", "{\"role\":[\"ssh\",\"users\"]}", NULL), JWKSCORE_E_CLAIM);
    ck_assert_status(check("require = /realm_access/roles = r\n", "{\"realm_access\":{\"roles\":[\"r\"]}}", NULL), JWKSCORE_OK);
    ck_assert_status(check("require = https://h/roles = r\n", "{\"https://h/roles\":[\"r\"]}", NULL), JWKSCORE_OK);
}
END_TEST

START_TEST(all_rules_must_hold)
{
    const char *lines = "require = a = 1\nrequire = b = 2\n";

    ck_assert_status(check(lines, "{\"a\":\"1\",\"b\":\"2\"}", NULL), JWKSCORE_OK);
    ck_assert_status(check(lines, "{\"a\":\"1\"}", NULL), JWKSCORE_E_CLAIM);
    ck_assert_status(check(lines, "{\"b\":\"2\"}", NULL), JWKSCORE_E_CLAIM);
    ck_assert_status(check("", "{}", NULL), JWKSCORE_OK);
}
END_TEST

START_TEST(why_a_rule_does_not_hold_is_said)
{
    static const struct {
        const char *payload, *part;
    } rows[] = {
        {"{}", "require groups = a: the claim is absent"},
        {"{\"groups\":\"secret-of-another\"}", "there and does not have that value"},
        {"{\"_claim_names\":{\"groups\":\"src1\"}}", "moved out of the token by the provider"},
        {"{\"_claim_names\":{\"roles\":\"src1\"}}", "absent"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct jwkscore_error error = {JWKSCORE_OK, ""};

        ck_assert_status(check("require = groups = a\n", rows[i].payload, &error), JWKSCORE_E_CLAIM);
        ck_assert_msg(strstr(error.message, rows[i].part) != NULL, "%s", error.message);
        ck_assert(strstr(error.message, "secret-of-another") == NULL);
    }
}
END_TEST

START_TEST(a_lifetime_is_from_iat_to_exp)
{
    ck_assert_status(check("max_lifetime = 100\n", times(0, -10, 90), NULL), JWKSCORE_OK);
    ck_assert_status(check("max_lifetime = 100\n", times(0, -10, 91), NULL), JWKSCORE_E_CLAIM);
    ck_assert_status(check("max_lifetime = 100\n", textf("{\"exp\":%jd}", (intmax_t)NOW + 9), NULL), JWKSCORE_E_CLAIM);
}
END_TEST

/* Each has 60 s of skew, like every comparison with our clock. */
START_TEST(an_age_is_counted_from_its_claim)
{
    ck_assert_status(check("max_token_age = 100\n", times(0, -160, 90), NULL), JWKSCORE_OK);
    ck_assert_status(check("max_token_age = 100\n", times(0, -161, 90), NULL), JWKSCORE_E_CLAIM);
    ck_assert_status(check("max_auth_age = 100\n", times(-160, 0, 90), NULL), JWKSCORE_OK);
    ck_assert_status(check("max_auth_age = 100\n", times(-161, 0, 90), NULL), JWKSCORE_E_CLAIM);
    ck_assert_status(check("max_auth_age = 100\n", times(60, 0, 90), NULL), JWKSCORE_OK);
    ck_assert_status(check("max_auth_age = 100\n", times(61, 0, 90), NULL), JWKSCORE_E_CLAIM);
}
END_TEST

START_TEST(an_age_without_its_claim_is_none)
{
    static const char *const payloads[] = {
        "{}", "{\"auth_time\":0}", "{\"auth_time\":\"1\"}", "{\"auth_time\":null}", "{\"auth_time\":-5}",
    };
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    for (size_t i = 0; i < ARRAY_LENGTH(payloads); i++)
        ck_assert_msg(check("max_auth_age = 366d\n", payloads[i], NULL) == JWKSCORE_E_CLAIM, "%s", payloads[i]);
    ck_assert_status(check("max_auth_age = 1h\n", "{}", &error), JWKSCORE_E_CLAIM);
    ck_assert_str_eq(error.message, "the token has no `auth_time`, which max_auth_age needs");
    ck_assert_status(check("", "{\"auth_time\":0}", NULL), JWKSCORE_OK);
}
END_TEST

/* C9: 0 is what some providers send for "unknown", even where it would be recent enough. */
START_TEST(an_age_since_0_is_none)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_told(CORP "max_auth_age = 1h\n");
    CLEANUP(token_freep) struct token *token = token_of("{\"auth_time\":0}"), *later = token_of("{\"auth_time\":1}");
    const struct issuer_options *issuer = corp(config);
    const struct rules rules = {&issuer->settings, &issuer->require, issuer->max_auth_age, 0, 0};

    ck_assert_status(rules_check(config, &rules, token, 100, NULL), JWKSCORE_E_CLAIM);
    ck_assert_status(rules_check(config, &rules, later, 100, NULL), JWKSCORE_OK);
}
END_TEST

int main(void)
{
    return RUN("rules", a_claim_has_a_value_or_not, a_value_may_hold_spaces_and_a_claim_may_be_a_pointer, all_rules_must_hold,
               why_a_rule_does_not_hold_is_said, a_lifetime_is_from_iat_to_exp, an_age_is_counted_from_its_claim,
               an_age_without_its_claim_is_none, an_age_since_0_is_none);
}
