/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_text.c: spans are compared, counted and cut by their length alone, and what owns bytes gives them
 * back.
 */
#include "support.h"
#include "wiped.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(from_and_equal)
{
    ck_assert_uint_eq(text_from(NULL).length, 0);
    ck_assert_ptr_nonnull(text_from(NULL).bytes);
    ck_assert_uint_eq(text_from("abc").length, 3);
    ck_assert(text_equal(TEXT("abc"), TEXT("abc")));
    ck_assert(!text_equal(TEXT("abc"), TEXT("abd")));
    ck_assert(!text_equal(TEXT("abc"), TEXT("ab")));
    ck_assert(!text_equal(TEXT("ab"), TEXT("abc")));
    ck_assert(!text_equal(TEXT("abc"), TEXT("ABC")));
    ck_assert(text_equal(TEXT("a\0b"), TEXT("a\0b")));
    ck_assert(!text_equal(TEXT("a\0b"), TEXT("a\0c")));
    ck_assert(text_equal(TEXT(""), (struct text){NULL, 0}));
    ck_assert(text_is(TEXT("abc"), "abc"));
    ck_assert(!text_is(TEXT("abc\0"), "abc"));
    ck_assert(text_is(TEXT(""), NULL));
    ck_assert(!text_is(TEXT("a"), NULL));
}
END_TEST

START_TEST(any_case_is_of_ascii_letters)
{
    ck_assert(text_is_any_case(TEXT("APPLICATION/jwt"), "application/JWT"));
    ck_assert(text_is_any_case(TEXT(""), ""));
    ck_assert(!text_is_any_case(TEXT("jw"), "jwt"));
    ck_assert(!text_is_any_case(TEXT("jwtx"), "jwt"));
    ck_assert(!text_is_any_case(TEXT("jwt\0"), "jwt"));
    ck_assert(!text_is_any_case(TEXT("at+jwt"), "at\x0bjwt"));
    ck_assert(!text_is_any_case(TEXT("@[`{"), "`{@["));
    ck_assert(!text_is_any_case(TEXT("\xc4\xb1"), "i"));
    ck_assert(!text_is_any_case(TEXT("\xe9"), "\xc9"));
}
END_TEST

START_TEST(one_byte_order_mark_is_skipped)
{
    ck_assert(text_is(text_skip_bom(TEXT("\xef\xbb\xbf{}")), "{}"));
    ck_assert(text_is(text_skip_bom(TEXT("\xef\xbb\xbf\xef\xbb\xbf")), "\xef\xbb\xbf"));
    ck_assert(text_is(text_skip_bom(TEXT("\xef\xbb")), "\xef\xbb"));
    ck_assert(text_is(text_skip_bom(TEXT("{\xef\xbb\xbf}")), "{\xef\xbb\xbf}"));
    ck_assert(text_is(text_skip_bom(TEXT("")), ""));
}
END_TEST

START_TEST(numbers)
{
    static const struct {
        const char *text;
        bool good;
        int64_t number;
    } cases[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"007", true, 7},
        {"1795226914", true, 1795226914},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"9223372036854775810", false, 0},
        {"92233720368547758070", false, 0},
        {"00000000000000000000000000000012", true, 12},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
        {"1e3", false, 0},
        {"\xd9\xa1", false, 0}, /* a digit, but not an ASCII one */
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t number = -77;
        ck_assert_msg(text_number(text_from(cases[i].text), &number) == cases[i].good, "%s", cases[i].text);
        ck_assert_int_eq(number, cases[i].good ? cases[i].number : -77);
    }
}
END_TEST

/* '/' and ':' stand beside the digits. */
START_TEST(only_digits_are_numbers)
{
    for (int byte = 0; byte < 256; byte++) {
        char text[2] = {'1', (char)(unsigned char)byte};
        int64_t number;
        ck_assert_int_eq(text_number((struct text){text, 2}, &number), byte >= '0' && byte <= '9');
    }
}
END_TEST

START_TEST(octets_in_hexadecimal)
{
    char hex[] = "?????????";

    text_hex((const unsigned char *)"\x00\x9a\xbf\xff", 4, hex);
    ck_assert_str_eq(hex, "009abfff");
    text_hex((const unsigned char *)"", 0, hex);
    ck_assert_str_eq(hex, "");
}
END_TEST

START_TEST(copies_end_in_nul)
{
    char *copy = text_copy(TEXT("a\0b"));

    ck_assert_int_eq(memcmp(copy, "a\0b", 4), 0);
    string_freep(&copy);
    ck_assert_ptr_null(copy);
    copy = text_copy((struct text){NULL, 0});
    ck_assert_str_eq(copy, "");
    string_freep(&copy);
}
END_TEST

static const struct {
    const char *bytes;
    bool good;
} utf8[] = {
    {"", true},
    {"plain", true},
    {"\x01\x7f", true},
    /* the first and the last of each length, and their neighbours */
    {"\xc2\x80", true},
    {"\xdf\xbf", true},
    {"\xe0\xa0\x80", true},
    {"\xed\x9f\xbf", true},
    {"\xee\x80\x80", true},
    {"\xef\xbf\xbf", true},
    {"\xf0\x90\x80\x80", true},
    {"\xf4\x8f\xbf\xbf", true},
    {"\xf4\x90\x80\x80", false},
    {"\xf5\x80\x80\x80", false},
    {"\xf8\x88\x80\x80\x80", false},
    {"\xfe", false},
    {"\xff", false},
    /* overlong */
    {"\xc0\x80", false},
    {"\xc0\xaf", false},
    {"\xc1\xbf", false},
    {"\xe0\x80\x80", false},
    {"\xe0\x9f\xbf", false},
    {"\xf0\x80\x80\x80", false},
    {"\xf0\x8f\xbf\xbf", false},
    /* surrogates */
    {"\xed\xa0\x80", false},
    {"\xed\xaf\xbf", false},
    {"\xed\xb0\x80", false},
    {"\xed\xbf\xbf", false},
    /* cut off, or followed by something else */
    {"\x80", false},
    {"\xbf", false},
    {"\xc2", false},
    {"\xc2 ", false},
    {"\xe1\x80", false},
    {"\xe1\x80 ", false},
    {"\xf1\x80\x80", false},
    {"\xf1\x80\x80 ", false},
    {"\xf1\x80 \x80", false},
    {"a\xc3\xa4z", true},
    {"a\xc3z", false},
    {"\xc3\xa4\xa4", false},
};

START_TEST(utf8_to_the_letter)
{
    for (size_t i = 0; i < ARRAY_LENGTH(utf8); i++)
        ck_assert_msg(text_is_utf8(text_from(utf8[i].bytes)) == utf8[i].good, "case %zu", i);
    ck_assert(!text_is_utf8(TEXT("a\0b")));
    ck_assert(text_is_utf8((struct text){NULL, 0}));
}
END_TEST

/* A sequence ends with the text, though its other bytes may stand behind that. */
START_TEST(utf8_ends_with_the_text)
{
    static const char *const sequences[] = {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

    for (size_t i = 0; i < ARRAY_LENGTH(sequences); i++) {
        for (size_t length = 1; length < strlen(sequences[i]); length++)
            ck_assert(!text_is_utf8((struct text){sequences[i], length}));
        ck_assert(text_is_utf8(text_from(sequences[i])));
    }
}
END_TEST

/* All two-byte texts against the rule, not against the table. */
START_TEST(all_two_byte_texts)
{
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            char bytes[2] = {(char)(unsigned char)first, (char)(unsigned char)second};
            bool ascii = first >= 1 && first < 0x80 && second >= 1 && second < 0x80;
            bool pair = (first & 0xe0) == 0xc0 && (second & 0xc0) == 0x80 && first >= 0xc2;
            if (text_is_utf8((struct text){bytes, 2}) != (ascii || pair))
                ck_abort_msg("%02x %02x", first, second);
        }
    }
}
END_TEST

START_TEST(lines)
{
    struct text rest = TEXT("one\n\n two \r\nlast"), line = TEXT("poison");
    static const char *const expected[] = {"one", "", " two \r", "last"};

    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        ck_assert(text_take_line(&rest, &line));
        ck_assert(text_is(line, expected[i]));
    }
    ck_assert(!text_take_line(&rest, &line));
    ck_assert(text_is(line, "last"));
    rest = TEXT("a\n");
    ck_assert(text_take_line(&rest, &line));
    ck_assert(!text_take_line(&rest, &line));
    rest = TEXT("\n");
    ck_assert(text_take_line(&rest, &line));
    ck_assert_uint_eq(line.length, 0);
    ck_assert(!text_take_line(&rest, &line));
}
END_TEST

START_TEST(words)
{
    struct text rest = TEXT("  one\ttwo\xc2\xa0three \t four\n "), word = TEXT("poison");
    static const char *const expected[] = {"one", "two\xc2\xa0three", "four\n"};

    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        ck_assert(text_take_word(&rest, &word));
        ck_assert(text_is(word, expected[i]));
    }
    ck_assert(!text_take_word(&rest, &word));
    ck_assert(text_is(word, "four\n"));
    rest = TEXT(" \t ");
    ck_assert(!text_take_word(&rest, &word));
    rest = TEXT("");
    ck_assert(!text_take_word(&rest, &word));
}
END_TEST

START_TEST(trimming)
{
    ck_assert(text_is(text_trim(TEXT(" \t a b\t ")), "a b"));
    ck_assert(text_is(text_trim(TEXT("a")), "a"));
    ck_assert(text_is(text_trim(TEXT("\na\r")), "\na\r"));
    ck_assert_uint_eq(text_trim(TEXT(" \t ")).length, 0);
    ck_assert_uint_eq(text_trim(TEXT("")).length, 0);
}
END_TEST

START_TEST(buffers_grow)
{
    struct buffer buffer CLEANUP(buffer_freep) = {NULL, 0};

    ck_assert(buffer_append(&buffer, TEXT("")));
    ck_assert_ptr_null(buffer.bytes);
    for (int i = 0; i < 1000; i++)
        ck_assert(buffer_append(&buffer, TEXT("0123456789")));
    ck_assert_uint_eq(buffer.length, 10000);
    ck_assert_int_eq(memcmp(buffer.bytes + 9990, "0123456789", 10), 0);
    ck_assert(buffer_append(&buffer, TEXT("")));
    memcpy(buffer_extend(&buffer, 3), "end", 3);
    ck_assert_uint_eq(buffer.length, 10003);
    ck_assert_int_eq(memcmp(buffer.bytes + 10000, "end", 3), 0);
}
END_TEST

START_TEST(buffers_do_not_overflow)
{
    struct buffer buffer CLEANUP(buffer_freep) = {NULL, 0};

    ck_assert(buffer_append(&buffer, TEXT("abc")));
    ck_assert_ptr_null(buffer_extend(&buffer, SIZE_MAX));
    ck_assert_ptr_null(buffer_extend(&buffer, SIZE_MAX - 2));
    ck_assert_uint_eq(buffer.length, 3);
    ck_assert_int_eq(memcmp(buffer.bytes, "abc", 3), 0);
    buffer_freep(&buffer);
    ck_assert_ptr_null(buffer.bytes);
    ck_assert_uint_eq(buffer.length, 0);
    ck_assert_ptr_null(buffer_extend(&buffer, 0));
}
END_TEST

/* D4 */
START_TEST(a_buffer_is_wiped_before_it_is_freed)
{
    struct buffer buffer = {NULL, 0};

    ck_assert(buffer_append(&buffer, TEXT("secret")));
    wiped = 0;
    buffer_freep(&buffer);
    ck_assert_uint_eq(wiped, 6);
}
END_TEST

START_TEST(freeing_twice_is_fine)
{
    struct buffer buffer = {malloc(4), 4};
    char *string = strdup("x");
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), number = fd;

    buffer_freep(&buffer);
    buffer_freep(&buffer);
    string_freep(&string);
    string_freep(&string);
    fd_closep(&fd);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(fcntl(number, F_GETFD), -1);
    fd_closep(&fd);
}
END_TEST

int main(void)
{
    return RUN("text", from_and_equal, any_case_is_of_ascii_letters, one_byte_order_mark_is_skipped, numbers,
               only_digits_are_numbers, octets_in_hexadecimal, copies_end_in_nul, utf8_to_the_letter, utf8_ends_with_the_text,
               all_two_byte_texts, lines, words, trimming, buffers_grow, buffers_do_not_overflow,
               a_buffer_is_wiped_before_it_is_freed, freeing_twice_is_fine);
}
