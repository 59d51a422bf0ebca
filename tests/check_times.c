/* SPDX-License-Identifier: Apache-2.0 */
/* check_times.c: exp, nbf and iat, to the second (RFC 7519 section 4.1; SECURITY-CHECKLIST C3 to C6). */
#include "support.h"

#include <string.h>

/* With the default clock_skew of 60 s. */
static enum jwkscore_status check(const char *payload, struct jwkscore_error *error)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_told(CORP);
    CLEANUP(token_freep) struct token *token = token_of(payload);

    return times_check(config, token, NOW, error);
}

static const char *at(long offset)
{
    return textf("%jd", (intmax_t)NOW + offset);
}

static const char *exp_and(const char *more)
{
    return textf("{\"exp\":%s%s}", at(600), more);
}

START_TEST(exp_holds_until_the_skew_is_used_up)
{
    ck_assert_status(check(textf("{\"exp\":%s}", at(1)), NULL), JWKSCORE_OK);
    ck_assert_status(check(textf("{\"exp\":%s}", at(-59)), NULL), JWKSCORE_OK);
    ck_assert_status(check(textf("{\"exp\":%s}", at(-60)), NULL), JWKSCORE_E_EXPIRED);
    ck_assert_status(check(textf("{\"exp\":%s.9}", at(-60)), NULL), JWKSCORE_E_EXPIRED); /* a fraction goes down */
}
END_TEST

START_TEST(how_long_ago_a_token_expired_is_said)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    ck_assert_status(check(textf("{\"exp\":%s}", at(-3600)), &error), JWKSCORE_E_EXPIRED);
    ck_assert_str_eq(error.message, "expired 3600 s ago");
}
END_TEST

START_TEST(nbf_and_iat_may_be_ahead_by_the_skew)
{
    static const char *const names[] = {"nbf", "iat"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        ck_assert_status(check(exp_and(textf(",\"%s\":%s", names[i], at(-100))), NULL), JWKSCORE_OK);
        ck_assert_status(check(exp_and(textf(",\"%s\":%s", names[i], at(60))), NULL), JWKSCORE_OK);
        ck_assert_status(check(exp_and(textf(",\"%s\":%s", names[i], at(61))), NULL), JWKSCORE_E_NOT_YET_VALID);
        ck_assert_status(check(exp_and(textf(",\"%s\":%s.1", names[i], at(60))), NULL), JWKSCORE_E_NOT_YET_VALID);
        ck_assert_status(check(exp_and(textf(",\"%s\":%s", names[i], at(599))), NULL), JWKSCORE_E_NOT_YET_VALID);
        ck_assert_status(check(exp_and(textf(",\"%s\":%s", names[i], at(600))), NULL), JWKSCORE_E_CLAIM); /* not before exp */
        ck_assert_status(check(exp_and(textf(",\"%s\":%s", names[i], at(601))), NULL), JWKSCORE_E_CLAIM);
    }
}
END_TEST

/* Every wrong type and range, for each of the three; none of them counts as absent. */
START_TEST(a_time_of_the_wrong_type_or_range_is_refused)
{
    static const char *const wrong[] = {
        "null", "true", "false", "\"1795219200\"", "[1795219200]", "{}", "-1", "-0.5", "4133980800", "1e12",
        "9223372036854775807", "9999999999999999999", "1e300", "-1e3",
    };
    static const char *const names[] = {"exp", "nbf", "iat"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        for (size_t j = 0; j < ARRAY_LENGTH(wrong); j++) {
            const char *payload = strcmp(names[i], "exp") == 0 ? textf("{\"exp\":%s}", wrong[j])
                                                               : exp_and(textf(",\"%s\":%s", names[i], wrong[j]));

            ck_assert_msg(check(payload, NULL) == JWKSCORE_E_CLAIM, "%s: %s", names[i], wrong[j]);
        }
}
END_TEST

START_TEST(a_time_in_any_spelling_of_a_number_is_one)
{
    ck_assert_status(check("{\"exp\":4133980799}", NULL), JWKSCORE_OK); /* the last second of 2100 */
    ck_assert_status(check("{\"exp\":4.1e9}", NULL), JWKSCORE_OK);
    ck_assert_status(check(exp_and(",\"nbf\":0,\"iat\":0"), NULL), JWKSCORE_OK);
    ck_assert_status(check(exp_and(",\"nbf\":0.5"), NULL), JWKSCORE_OK);
}
END_TEST

START_TEST(exp_is_required)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    ck_assert_status(check("{\"EXP\":4133980799}", &error), JWKSCORE_E_CLAIM);
    ck_assert_str_eq(error.message, "the token has no `exp`, which every token needs");
}
END_TEST

START_TEST(a_time_is_read_or_nothing_is)
{
    CLEANUP(token_freep) struct token *token = token_of("{\"exp\":1000.5,\"bad\":\"x\"}");
    int64_t time = 77;

    ck_assert_status(times_require(token, "exp", "a test", &time, NULL), JWKSCORE_OK);
    ck_assert_int_eq(time, 1000);
    ck_assert_int_eq(times_expires(token), 1000);
    time = 77;
    ck_assert_status(times_require(token, "bad", "a test", &time, NULL), JWKSCORE_E_CLAIM);
    ck_assert_status(times_require(token, "none", "a test", &time, NULL), JWKSCORE_E_CLAIM);
    ck_assert_int_eq(time, 77);
}
END_TEST

START_TEST(a_token_without_exp_expires_at_once)
{
    CLEANUP(token_freep) struct token *token = token_of("{}");

    ck_assert_int_eq(times_expires(token), 0);
}
END_TEST

START_TEST(the_skew_is_the_configurations)
{
    CLEANUP(config_freep) struct jwkscore_config *strict = config_told("[global]\nclock_skew = 0\n" CORP);
    CLEANUP(config_freep) struct jwkscore_config *wide = config_told("[global]\nclock_skew = 300\n" CORP);

    ck_assert_status(times_check_expiry(strict, NULL, NOW + 1, NOW, NULL), JWKSCORE_OK);
    ck_assert_status(times_check_expiry(strict, NULL, NOW, NOW, NULL), JWKSCORE_E_EXPIRED);
    ck_assert_status(times_check_expiry(wide, NULL, NOW - 299, NOW, NULL), JWKSCORE_OK);
    ck_assert_status(times_check_expiry(wide, NULL, NOW - 300, NOW, NULL), JWKSCORE_E_EXPIRED);
}
END_TEST

int main(void)
{
    return RUN("times", exp_holds_until_the_skew_is_used_up, how_long_ago_a_token_expired_is_said,
               nbf_and_iat_may_be_ahead_by_the_skew, a_time_of_the_wrong_type_or_range_is_refused,
               a_time_in_any_spelling_of_a_number_is_one, exp_is_required, a_time_is_read_or_nothing_is,
               a_token_without_exp_expires_at_once, the_skew_is_the_configurations);
}
