/* SPDX-License-Identifier: Apache-2.0 */
/* check_wire.c: nothing is read behind the end, and what cannot be read leaves the reader where it was. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* A copy that ends where its memory ends, so that a sanitizer sees a byte too many. */
static struct wire exact(struct text text, char **ret_copy)
{
    *ret_copy = malloc(text.length > 0 ? text.length : 1);
    if (text.length > 0)
        memcpy(*ret_copy, text.bytes, text.length);
    return wire_of((struct text){*ret_copy, text.length});
}

enum what { STRING, POSITIVE, UINT32, UINT64 };

/* The length of what was read, or -1; a refusal changes nothing. */
static long read_one(enum what what, struct text text)
{
    char *copy;
    struct wire wire = exact(text, &copy), before = wire;
    struct text string = TEXT("poison");
    uint32_t small = 77;
    uint64_t large = 77;
    bool read = what == STRING     ? wire_string(&wire, &string)
                : what == POSITIVE ? wire_positive(&wire, &string)
                : what == UINT32   ? wire_uint32(&wire, &small)
                                   : wire_uint64(&wire, &large);
    long length = read ? (long)(before.left - wire.left) : -1;

    ck_assert(read || (wire.at == before.at && wire.left == before.left && text_is(string, "poison") &&
                       small == 77 && large == 77));
    free(copy);
    return length;
}

START_TEST(numbers_of_both_sizes)
{
    struct wire wire = wire_of(TEXT("\x01\x02\x03\x04\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8"));
    uint32_t small;
    uint64_t large;

    ck_assert(wire_uint32(&wire, &small) && wire_uint64(&wire, &large));
    ck_assert_uint_eq(small, 0x01020304);
    ck_assert(large == UINT64_C(0xfffefdfcfbfaf9f8));
    ck_assert_uint_eq(wire.left, 0);
    for (size_t length = 0; length < 8; length++) {
        struct text text = {"\x01\x02\x03\x04\x05\x06\x07\x08", length};

        ck_assert_int_eq(read_one(UINT32, text), length < 4 ? -1 : 4);
        ck_assert_int_eq(read_one(UINT64, text), -1);
    }
}
END_TEST

START_TEST(strings_end_within_the_octets)
{
    struct text whole = mint_string(TEXT("abc"));

    for (size_t length = 0; length < whole.length; length++)
        ck_assert_int_eq(read_one(STRING, (struct text){whole.bytes, length}), -1);
    ck_assert_int_eq(read_one(STRING, whole), 7);
    ck_assert_int_eq(read_one(STRING, TEXT("\0\0\0\0")), 4);
    ck_assert_int_eq(read_one(STRING, TEXT("\0\0\0\x03"
                                           "abcd")),
                     7);
    ck_assert_int_eq(read_one(STRING, TEXT("\0\0\0\x04"
                                           "abc")),
                     -1);
    ck_assert_int_eq(read_one(STRING, TEXT("\xff\xff\xff\xff"
                                           "abc")),
                     -1);
    ck_assert_int_eq(read_one(STRING, TEXT("\x80\0\0\0"
                                           "abc")),
                     -1);
    ck_assert_int_eq(read_one(STRING, (struct text){NULL, 0}), -1);
}
END_TEST

/* RFC 4251 section 5: no octet more than it needs. */
START_TEST(a_positive_number_has_one_spelling)
{
    static const struct {
        struct text number;
        bool good;
    } numbers[] = {
        {TEXT("\x01"), true},  {TEXT("\x7f"), true},     {TEXT("\0\x80"), true}, {TEXT(""), false},
        {TEXT("\0"), false},   {TEXT("\0\x7f"), false},  {TEXT("\x80"), false},  {TEXT("\0\0\x80"), false},
        {TEXT("\xff"), false}, {TEXT("\0\xff\0"), true},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        struct text string = mint_string(numbers[i].number);

        ck_assert_int_eq(read_one(POSITIVE, string), numbers[i].good ? (long)string.length : -1);
        ck_assert_int_eq(read_one(POSITIVE, (struct text){string.bytes, string.length - 1}), -1);
    }
}
END_TEST

START_TEST(what_is_written_is_read)
{
    static const struct text strings[] = {TEXT(""), TEXT("a"), TEXT("\0\xff")};
    CLEANUP(buffer_freep) struct buffer out = {NULL, 0};
    struct wire wire;
    struct text string;

    for (size_t i = 0; i < ARRAY_LENGTH(strings); i++)
        ck_assert(wire_write_string(&out, strings[i]));
    wire = wire_of((struct text){(const char *)out.bytes, out.length});
    for (size_t i = 0; i < ARRAY_LENGTH(strings); i++)
        ck_assert(wire_string(&wire, &string) && text_equal(string, strings[i]));
    ck_assert_uint_eq(wire.left, 0);
}
END_TEST

int main(void)
{
    return RUN("wire", numbers_of_both_sizes, strings_end_within_the_octets,
               a_positive_number_has_one_spelling, what_is_written_is_read);
}
