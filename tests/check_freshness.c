/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_freshness.c: what headers say about time becomes 5 minutes to 24 hours, or a wait of 1 second to 1
 * hour.
 */
#include "../jwks_fetch/fetch.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 section 5.6.7. */
#define SENT ((int64_t)784111777)

/* --- fields --- */

START_TEST(field_is_found_by_name)
{
    struct text headers =
        TEXT("HTTP/1.1 200 OK\r\nEtag:  \"a\" \r\nX-ETag: no\r\nETAG: \"b\"\r\nEmpty:\r\nLast: 1");
    struct text value;

    ck_assert(headers_get(headers, "ETag", 0, &value) && text_is(value, "\"a\""));
    ck_assert(headers_get(headers, "etag", 1, &value) && text_is(value, "\"b\""));
    ck_assert(headers_get(headers, "Empty", 0, &value) && text_is(value, ""));
    ck_assert(headers_get(headers, "Last", 0, &value) && text_is(value, "1"));
    ck_assert(!headers_get(headers, "ETag", 2, &value));
    ck_assert(!headers_get(headers, "Tag", 0, &value));
    ck_assert(!headers_get(TEXT("ETag : \"a\"\r\n"), "ETag", 0, &value));
    ck_assert(!headers_get(TEXT(" ETag: \"a\"\r\n"), "ETag", 0, &value));
    ck_assert(!headers_get(TEXT("ETag"), "ETag", 0, &value));
    ck_assert(!headers_get(TEXT(""), "ETag", 0, &value));
}
END_TEST

/* libcurl takes the others for a 200 */
START_TEST(status_line_is_of_http_1)
{
    static const char *const good[] = {"HTTP/1.1 200", "HTTP/1.0 404 \r\n", "HTTP/1.1 503 Because\r\n", "HTTP/1.1 200\n"};
    static const char *const bad[] = {
        "HTTP/banana 200\r\n", "HTTP/2 200\r\n",  "HTTP/1.1 2OO\r\n", "HTTP/1.1  200\r\n", "HTTP/1.1 2000\r\n",
        "http/1.1 200\r\n",    "HTTP/11 200\r\n", "HTTP/1.1 20",      "HTTP/1.1",           "",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        ck_assert_msg(headers_is_status(text_from(good[i])), "%s", good[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        ck_assert_msg(!headers_is_status(text_from(bad[i])), "%s", bad[i]);
    ck_assert(!headers_is_status((struct text){"HTTP/1.1 200\0", 13}));
}
END_TEST

START_TEST(date_has_three_forms)
{
    static const struct {
        const char *text;
        int64_t time; /* -1: none */
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", SENT},
        {"Sunday, 06-Nov-94 08:49:37 GMT", SENT},
        {"Sun Nov  6 08:49:37 1994", SENT},
        {"Sun, 06 Nov 1994 08:49:38 GMT", SENT + 1},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
        {"Fri, 29 Feb 2036 00:00:00 GMT", 2087856000},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sun, 06 Nov 1994 08:49:37 CET", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT.", -1},
        {"Sun, 06 Now 1994 08:49:37 GMT", -1},
        {"Sun, 36 Nov 1994 08:49:37 GMT", -1},
        {"0", -1},
        {"", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT                                          ", -1},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int64_t time = -1;
        bool is_date = headers_date(text_from(rows[i].text), &time);

        ck_assert_msg(is_date == (rows[i].time >= 0), "%s", rows[i].text);
        ck_assert_msg(!is_date || time == rows[i].time, "%s is %lld", rows[i].text, (long long)time);
    }
    ck_assert(!headers_date((struct text){"Sun, 06 Nov 1994 08:49:37 GMT\0", 30}, &(int64_t){0}));
}
END_TEST

START_TEST(number_is_digits_only)
{
    int64_t number = 77;

    ck_assert(headers_number(TEXT("0"), &number) && number == 0);
    ck_assert(headers_number(TEXT("0060"), &number) && number == 60);
    ck_assert(headers_number(TEXT("9223372036854775807"), &number) && number == INT64_MAX);
    ck_assert(headers_number(TEXT("9223372036854775808"), &number) && number == INT64_MAX);
    number = 77;
    ck_assert(!headers_number(TEXT(""), &number) && !headers_number(TEXT("-1"), &number));
    ck_assert(!headers_number(TEXT("+1"), &number) && !headers_number(TEXT("1e3"), &number));
    ck_assert(!headers_number(TEXT("1 "), &number) && !headers_number(TEXT("0x1"), &number));
    ck_assert_int_eq(number, 77);
}
END_TEST

/* --- ttl: rows B13 to B16 of the fault plan, and their neighbours --- */

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

START_TEST(ttl_is_bounded)
{
    static const struct {
        const char *headers;
        int64_t ttl;
        const char *from;
    } rows[] = {
        {"", 3600, "default"},
        {"Cache-Control: max-age=0\r\n", 300, "minimum"},
        {"Cache-Control: no-store\r\n", 300, "minimum"},
        {"Cache-Control: no-cache\r\n", 300, "minimum"},
        {"Cache-Control: no-cache=\"set-cookie\"\r\n", 300, "minimum"},
        {"Cache-Control: max-age=-1\r\n", 3600, "default"},
        {"Cache-Control: max-age=1e99\r\n", 3600, "default"},
        {"Cache-Control: max-age=\"60\"\r\n", 300, "minimum"},
        {"Cache-Control: max-age=\"600\"\r\n", 600, "max-age"},
        {"Cache-Control: max-age=600, max-age=60\r\n", 300, "minimum"},
        {"Cache-Control: max-age=700\r\nCache-Control: max-age=600\r\n", 600, "max-age"},
        {"Cache-Control: private, max-age=600\r\n", 600, "max-age"},
        {"cache-control: PUBLIC , MAX-AGE=600\r\n", 600, "max-age"},
        {"Cache-Control: max-age=99999999999999999999\r\n", 86400, "maximum"},
        {"Cache-Control: max-age=31536000\r\n", 86400, "maximum"},
        {"Cache-Control: max-age=86400\r\n", 86400, "max-age"},
        {"Cache-Control: max-age=86401\r\n", 86400, "maximum"},
        {"Cache-Control: max-age=300\r\n", 300, "max-age"},
        {"Cache-Control: max-age=299\r\n", 300, "minimum"},
        {"Cache-Control: s-maxage=600, must-revalidate, stale-if-error=9\r\n", 3600, "default"},
        {"Cache-Control: ext=\"a, max-age=600, b\"\r\n", 3600, "default"},
        {"Cache-Control: ext=\"a\\\", max-age=600\", max-age=700\r\n", 700, "max-age"},
        {"Cache-Control: ,,max-age=600,\r\n", 600, "max-age"},
        {"Cache-Control: max-age\r\n", 3600, "default"},
        {"Cache-Control: max-age=\r\n", 3600, "default"},
        {"Cache-Control: max-age=x, max-age=600\r\n", 600, "max-age"},
        {"Cache-Control: no-store, max-age=600\r\n", 300, "minimum"},

        {"Cache-Control: max-age=86400\r\nAge: 80000\r\n", 6400, "max-age"},
        {"Cache-Control: max-age=86400\r\nAge: 999999999\r\n", 300, "minimum"},
        {"Cache-Control: max-age=86400\r\nAge: 99999999999999999999\r\n", 300, "minimum"},
        {"Cache-Control: max-age=86400\r\nAge: x\r\n", 86400, "max-age"},
        {"Cache-Control: max-age=99999999999999999999\r\nAge: 80000\r\n", 86400, "maximum"},
        {"Age: 600\r\n", 3000, "default"},

        {DATE "Expires: 0\r\n", 300, "minimum"},
        {DATE "Expires: Sun, 06 Nov 1994 07:49:37 GMT\r\n", 300, "minimum"},
        {DATE "Expires: Sun, 06 Nov 1994 10:49:37 GMT\r\n", 7200, "expires"},
        {DATE "Expires: Sunday, 06-Nov-94 10:49:37 GMT\r\n", 7200, "expires"},
        {DATE "Expires: Sun, 06 Nov 1994 10:49:37 GMT\r\nAge: 3600\r\n", 3600, "expires"},
        {DATE "Expires: Sun, 06 Nov 1994 10:49:37 GMT\r\nCache-Control: max-age=600\r\n", 600, "max-age"},
        {DATE "Expires: Sun, 06 Nov 1994 10:49:37 GMT\r\nCache-Control: max-age=x\r\n", 7200, "expires"},
        /* our clock is 1000 s ahead of that Date */
        {"Expires: Sun, 06 Nov 1994 10:49:37 GMT\r\n", 6200, "expires"},
        {"Date: today\r\nExpires: Sun, 06 Nov 1994 10:49:37 GMT\r\n", 6200, "expires"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct freshness freshness = freshness_of(text_from(rows[i].headers), SENT + 1000);

        ck_assert_msg(freshness.ttl == rows[i].ttl && strcmp(freshness.from, rows[i].from) == 0,
                      "%s: %lld from %s", rows[i].headers, (long long)freshness.ttl, freshness.from);
    }
}
END_TEST

/* --- Retry-After: rows B02 to B04 --- */

START_TEST(retry_after_is_bounded)
{
    static const struct {
        const char *headers;
        int64_t seconds; /* 0: ignored */
    } rows[] = {
        {"", 0},
        {"Retry-After: 120\r\n", 120},
        {"Retry-After: 0\r\n", 1},
        {"Retry-After: 3600\r\n", 3600},
        {"Retry-After: 3601\r\n", 3600},
        {"Retry-After: 99999999\r\n", 3600},
        {"Retry-After: 99999999999999999999\r\n", 3600},
        {"Retry-After: -120\r\n", 0},
        {"Retry-After: soon\r\n", 0},
        {"Retry-After: 1.5\r\n", 0},
        {"Retry-After:\r\n", 0},
        /* against the answer's own Date, since our clock is an hour off; without one it must do */
        {DATE "Retry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\n", 120},
        {DATE "Retry-After: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 0},
        {DATE "Retry-After: Sun, 06 Nov 2094 08:49:37 GMT\r\n", 3600},
        {"Retry-After: Sun, 06 Nov 1994 09:51:37 GMT\r\n", 120},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int64_t seconds = 0;
        bool asked = freshness_retry_after(text_from(rows[i].headers), SENT + 3600, &seconds);

        ck_assert_msg(asked == (rows[i].seconds > 0) && seconds == rows[i].seconds, "%s: %lld",
                      rows[i].headers, (long long)seconds);
    }
}
END_TEST

START_TEST(server_clock_counts_the_age)
{
    int64_t time = 77;

    ck_assert(freshness_server_clock(TEXT(DATE), &time) && time == SENT);
    ck_assert(freshness_server_clock(TEXT(DATE "Age: 80000\r\n"), &time) && time == SENT + 80000);
    ck_assert(freshness_server_clock(TEXT(DATE "Age: x\r\n"), &time) && time == SENT);
    time = 77;
    ck_assert(!freshness_server_clock(TEXT(""), &time) &&
              !freshness_server_clock(TEXT("Date: today\r\n"), &time));
    ck_assert(!freshness_server_clock(TEXT(DATE "Age: 99999999999999999999\r\n"), &time));
}
END_TEST

/* --- validators: row B12 --- */

START_TEST(etag_cannot_become_a_second_header)
{
    char longest[VALIDATOR_MAX + 8];
    struct text etag = {longest, 0};

    ck_assert(record_etag_valid(TEXT("\"abc\"")) && record_etag_valid(TEXT("W/\"abc\"")) &&
              record_etag_valid(TEXT("\"\"")));
    ck_assert(!record_etag_valid(TEXT("abc")) && !record_etag_valid(TEXT("w/\"abc\"")) &&
              !record_etag_valid(TEXT("\"abc")));
    ck_assert(!record_etag_valid(TEXT("\"")) && !record_etag_valid(TEXT("")) &&
              !record_etag_valid(TEXT("W/")));
    ck_assert(!record_etag_valid(TEXT("\"a\r\nX: y\"")) && !record_etag_valid(TEXT("\"a\nb\"")));
    ck_assert(!record_etag_valid(TEXT("\"a\"b\"")) && !record_etag_valid(TEXT("\"a b\"")));
    ck_assert(!record_etag_valid(TEXT("\"\xc3\xa4\"")) && !record_etag_valid(TEXT("\"a\0b\"")));

    memset(longest, 'x', sizeof(longest));
    longest[0] = '"';
    for (size_t length = VALIDATOR_MAX - 8; length <= sizeof(longest); length++) {
        etag.length = length;
        longest[length - 1] = '"';
        ck_assert_msg(record_etag_valid(etag) == (length <= VALIDATOR_MAX), "%zu", length);
        longest[length - 1] = 'x';
    }
}
END_TEST

int main(void)
{
    return RUN("freshness", field_is_found_by_name, status_line_is_of_http_1, date_has_three_forms, number_is_digits_only,
               ttl_is_bounded, retry_after_is_bounded, server_clock_counts_the_age,
               etag_cannot_become_a_second_header);
}
