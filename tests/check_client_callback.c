/* SPDX-License-Identifier: Apache-2.0 */
/* check_client_callback.c: what a browser brings back is taken apart once, and means one thing. */
#include "logintest.h"

#include <string.h>

static struct callback callback;

static bool parse(const char *query)
{
    return callback_parse((char *)kept(query, strlen(query)).bytes, &callback);
}

START_TEST(each_parameter_is_found)
{
    ck_assert(parse("code=a%2Fb+c&state=S&iss=https%3A%2F%2Fi&session_state=x&flag&=&"));
    ck_assert_str_eq(callback.code, "a/b c");
    ck_assert_str_eq(callback.state, "S");
    ck_assert_str_eq(callback.issuer, "https://i");
    ck_assert_ptr_null(callback.error);
    ck_assert(parse("error=access_denied&error_description=no%0Ano&%73tate=S"));
    ck_assert_str_eq(callback.error, "access_denied");
    ck_assert_str_eq(callback.description, "no\nno");
    ck_assert_str_eq(callback.state, "S");
    ck_assert_ptr_null(callback.code);
    ck_assert(parse(""));
    ck_assert_ptr_null(callback.state);
}
END_TEST

START_TEST(what_means_two_things_is_refused)
{
    static const char *const wrong[] = {
        "state=a&state=b", "code=a&code=a", "code=a&c%6fde=b", "iss=&iss=", "state=%",
        "state=%4",        "state=%zz",     "state=a%00b",     "%00=a",     "error=a&error=b"};

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        ck_assert_msg(!parse(wrong[i]), "%s", wrong[i]);
}
END_TEST

int main(void)
{
    return RUN("client_callback", each_parameter_is_found, what_means_two_things_is_refused);
}
