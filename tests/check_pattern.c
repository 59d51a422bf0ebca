/* SPDX-License-Identifier: Apache-2.0 */
/* check_pattern.c: a pattern covers the whole value, or does not match; in any locale of the host. */
#include "support.h"

#include <locale.h>
#include <string.h>

static enum jwkscore_status match(const char *pattern, const char *value)
{
    regmatch_t groups[PATTERN_GROUPS_MAX];

    return pattern_match(pattern, value, groups, NULL);
}

START_TEST(groups_are_counted)
{
    size_t groups = 4711;

    ck_assert(!pattern_groups("(", &groups));
    ck_assert_uint_eq(groups, 4711);
    ck_assert(pattern_groups("(a)(b(c))", &groups));
    ck_assert_uint_eq(groups, 3);
}
END_TEST

START_TEST(the_whole_value_or_nothing)
{
    ck_assert_status(match("a|alice", "alice"), JWKSCORE_OK);
    ck_assert_status(match("[a-z]+", "alice"), JWKSCORE_OK);
    ck_assert_status(match("[a-z]*", ""), JWKSCORE_OK);
    ck_assert_status(match("lic", "alice"), JWKSCORE_E_UNMAPPED);
    ck_assert_status(match("ali", "alice"), JWKSCORE_E_UNMAPPED);
    ck_assert_status(match("ice", "alice"), JWKSCORE_E_UNMAPPED);
    ck_assert_status(match("a)|(b", "xb"), JWKSCORE_E_CONFIG);
    ck_assert_status(match("(", "alice"), JWKSCORE_E_CONFIG);
}
END_TEST

START_TEST(groups_are_where_they_matched)
{
    regmatch_t groups[PATTERN_GROUPS_MAX];

    ck_assert_status(pattern_match("([a-z]+)-(x)?([0-9]+)", "ab-7", groups, NULL), JWKSCORE_OK);
    ck_assert(groups[0].rm_so == 0 && groups[0].rm_eo == 4);
    ck_assert(groups[1].rm_so == 0 && groups[1].rm_eo == 2);
    ck_assert(groups[2].rm_so == -1 && groups[3].rm_so == 3);
}
END_TEST

/* In a UTF-8 locale `.` is a character, in the C locale a byte; `[z-\xa9]` is a range in the C locale alone. */
START_TEST(the_hosts_locale_does_not_matter)
{
    static const char *const names[] = {"C", "C.UTF-8"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        size_t groups;

        if (setlocale(LC_ALL, names[i]) == NULL)
            continue; /* C.UTF-8 came with glibc 2.35 */
        ck_assert_status(match(".", "\xc3\xa9"), JWKSCORE_E_UNMAPPED);
        ck_assert_status(match("..", "\xc3\xa9"), JWKSCORE_OK);
        ck_assert(pattern_groups("[z-\xa9]", &groups));
        ck_assert_str_eq(setlocale(LC_ALL, NULL), names[i]);
        ck_assert(uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
    }
}
END_TEST

int main(void)
{
    return RUN("pattern", groups_are_counted, the_whole_value_or_nothing, groups_are_where_they_matched,
               the_hosts_locale_does_not_matter);
}
