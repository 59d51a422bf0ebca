/* SPDX-License-Identifier: Apache-2.0 */
/* check_client_bytes.c: jwks-login's octets: what is coded comes back, and what is left behind is wiped. */
#include "logintest.h"
#include "wiped.h"

#include <string.h>

static const char *coded(const char *text, bool for_url)
{
    CLEANUP(bytes_wipe) struct bytes out = {0};

    if (for_url)
        bytes_base64url(&out, text, strlen(text));
    else
        bytes_base64(&out, text, strlen(text));
    ck_assert_ptr_nonnull(bytes_end(&out));
    return text_of(&out).bytes;
}

/* RFC 4648 section 10. */
static const char *const vectors[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};

START_TEST(base64_is_as_the_rfc_has_it)
{
    for (size_t i = 0; i < ARRAY_LENGTH(vectors); i++) {
        CLEANUP(bytes_wipe) struct bytes back = {0};

        ck_assert_str_eq(coded(vectors[i][0], false), vectors[i][1]);
        ck_assert(bytes_from_base64(&back, vectors[i][1]));
        ck_assert(text_is(text_of(&back), vectors[i][0]));
    }
    ck_assert_str_eq(coded("\xfb\xff\xfe", true), "-__-");
    ck_assert_str_eq(coded("\xfb\xff\xfe", false), "+//+");
    ck_assert_str_eq(coded("fo", true), "Zm8");
}
END_TEST

START_TEST(what_is_no_base64_is_refused)
{
    static const char *const wrong[] = {
        "Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zm9v ", "Zm-_", "Zm9vZ", "Zg=a"};

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        CLEANUP(bytes_wipe) struct bytes back = {0};

        ck_assert_msg(!bytes_from_base64(&back, wrong[i]), "%s", wrong[i]);
    }
}
END_TEST

START_TEST(a_parameter_stays_one)
{
    CLEANUP(bytes_wipe) struct bytes query = {0};

    bytes_text(&query, "https://a/?");
    bytes_parameter(&query, "one", "a b&c=d+e%f/\xc3\xa4");
    bytes_parameter(&query, "two", "A-Za_z0.9~");
    ck_assert_str_eq(bytes_end(&query), "https://a/?one=a%20b%26c%3Dd%2Be%25f%2F%C3%A4&two=A-Za_z0.9~");
}
END_TEST

START_TEST(a_view_ends_where_its_octets_end)
{
    const unsigned char octets[] = {0, 0, 0, 2, 'a', 'b', 0, 0, 0, 3, 'c'};
    struct view view = {octets, sizeof(octets)}, string;
    uint64_t number;

    ck_assert(view_string(&view, &string));
    ck_assert_uint_eq(string.left, 2);
    ck_assert_mem_eq(string.at, "ab", 2);
    ck_assert(!view_string(&view, &string));
    ck_assert_uint_eq(view.left, 5);
    ck_assert(view_number(&view, 4, &number));
    ck_assert_uint_eq(number, 3);
    ck_assert(!view_number(&view, 8, &number));
    ck_assert(!view_skip(&view, 2));
    ck_assert(view_skip(&view, 1));
    ck_assert_uint_eq(view.left, 0);
}
END_TEST

/* A secret must not stay where the octets were before they grew. */
START_TEST(what_is_left_behind_is_wiped)
{
    struct bytes bytes = {0};
    size_t rooms = 0, room = 0;

    wiped = 0;
    for (size_t i = 0; i < 10000; i++) {
        bytes_add(&bytes, "s", 1);
        if (bytes.room != room)
            rooms += bytes.room;
        room = bytes.room;
    }
    ck_assert_uint_eq(wiped, rooms - room);
    bytes_wipe(&bytes);
    ck_assert_uint_eq(wiped, rooms);
    ck_assert_ptr_null(bytes.at);
}
END_TEST

int main(void)
{
    return RUN("client_bytes", base64_is_as_the_rfc_has_it, what_is_no_base64_is_refused,
               a_parameter_stays_one, a_view_ends_where_its_octets_end, what_is_left_behind_is_wiped);
}
