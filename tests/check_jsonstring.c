/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_jsonstring.c: what a string says, however it is spelled, and how it is written so that it says the
 * same.
 */
#include "support.h"

#include <stdio.h>
#include <string.h>

/* Scans what stands between the quotes, decodes it, and compares; also where the text goes on after it. */
static void check_spelling(struct text spelled, struct text meant)
{
    char document[64], decoded[64];
    const char *at = document, *end = document + spelled.length;
    size_t length = 0, used = 0;

    memcpy(document, spelled.bytes, spelled.length);
    memcpy(document + spelled.length, "\"}", 2);
    ck_assert_ptr_null(jsonstring_scan(&at, end + 2, &length));
    ck_assert_ptr_eq(at, end);
    ck_assert_uint_eq(length, meant.length);
    for (at = document; at < end;) {
        used += jsonstring_encode(jsonstring_character(&at, end), decoded + used);
    }
    ck_assert_ptr_eq(at, end);
    ck_assert_msg(text_equal((struct text){decoded, used}, meant), "%.*s", (int)spelled.length,
                  spelled.bytes);
}

START_TEST(spellings)
{
    static const struct {
        struct text spelled, meant;
    } cases[] = {
        {TEXT(""), TEXT("")},
        {TEXT("a b~\x7f"), TEXT("a b~\x7f")},
        {TEXT("\\\"\\\\\\/\\b\\f\\n\\r\\t"), TEXT("\"\\/\b\f\n\r\t")},
        {TEXT("\\u0001\\u001f\\u0020\\u007f"), TEXT("\x01\x1f\x20\x7f")},
        {TEXT("\\u0080\\u07ff\\u07FF"), TEXT("\xc2\x80\xdf\xbf\xdf\xbf")},
        {TEXT("\\u0800\\ud7ff\\ue000\\uffff"), TEXT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")},
        {TEXT("\\ud800\\udc00\\uDBFF\\uDFFF"), TEXT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
        {TEXT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), TEXT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")},
        {TEXT("\\u00e4\xc3\xa4x\\\\u0000"), TEXT("\xc3\xa4\xc3\xa4x\\u0000")},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        check_spelling(cases[i].spelled, cases[i].meant);
    }
}
END_TEST

/* RFC 8259 section 7 has eight letters, and u, which wants more than this. */
START_TEST(no_other_byte_can_be_escaped)
{
    for (int byte = 0; byte < 256; byte++) {
        const char document[] = {'\\', (char)byte, '"'};
        const char *at = document, *wrong;
        size_t length;

        wrong = jsonstring_scan(&at, document + sizeof(document), &length);
        ck_assert_msg((wrong == NULL) == (memchr("\"\\/bfnrt", byte, 8) != NULL), "byte %d", byte);
    }
}
END_TEST

/* Is this spelling that character, to its end? */
static bool says(const char *spelled, size_t length, uint32_t character)
{
    const char *at = spelled;

    return jsonstring_character(&at, spelled + length) == character && at == spelled + length;
}

static bool is_itself(uint32_t character)
{
    char raw[4], escaped[16];
    size_t size = jsonstring_encode(character, raw);

    if (character < 0x10000) {
        snprintf(escaped, sizeof(escaped), "\\u%04x", character);
    } else {
        snprintf(escaped, sizeof(escaped), "\\u%04x\\u%04x", 0xd800 + ((character - 0x10000) >> 10),
                 0xdc00 + (character & 0x3ff));
    }
    return text_is_utf8((struct text){raw, size}) && (character == '\\' || says(raw, size, character)) &&
           says(escaped, strlen(escaped), character);
}

/* Every character there is, raw and escaped. */
START_TEST(all_characters)
{
    for (uint32_t character = 1; character < 0x110000; character++) {
        bool surrogate = character >= 0xd800 && character < 0xe000;
        if (!surrogate && !is_itself(character)) {
            ck_abort_msg("U+%04x", character);
        }
    }
}
END_TEST

/* check_scan.c has all that is wrong; here: where it is, and that the length is left alone. */
START_TEST(wrong_ones_name_their_place)
{
    static const struct {
        const char *text, *wrong;
        size_t place;
    } cases[] = {
        {"abc", "end of text in a string", 3}, {"ab\\n\n\"", "control character in a string", 4},
        {"ab\\x\"", "wrong escape", 2},        {"\xc3\xa4\xc3\"", "wrong UTF-8", 0},
        {"a\\u0000\"", "\\u0000", 1},          {"a\\ud800\"", "lone surrogate", 1},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *at = cases[i].text;
        size_t length = 77;
        ck_assert_str_eq(jsonstring_scan(&at, at + strlen(at), &length), cases[i].wrong);
        ck_assert_ptr_eq(at, cases[i].text + cases[i].place);
        ck_assert_uint_eq(length, 77);
    }
}
END_TEST

START_TEST(writing)
{
    static const struct {
        struct text text;
        const char *written;
    } cases[] = {
        {TEXT(""), "\"\""},
        {TEXT("alice"), "\"alice\""},
        {TEXT("\"\\/"), "\"\\\"\\\\/\""},
        {TEXT("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\""},
        {TEXT("\x01\x0b\x1f\x20\x7f"), "\"\\u0001\\u000b\\u001f \x7f\""},
        {TEXT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {TEXT("\"},{\"x\":\""), "\"\\\"},{\\\"x\\\":\\\"\""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer buffer CLEANUP(buffer_freep) = {NULL, 0};
        ck_assert(buffer_append(&buffer, TEXT("[")));
        ck_assert(value_write_string(&buffer, cases[i].text));
        ck_assert_int_eq(buffer.bytes[0], '[');
        ck_assert(text_is((struct text){(char *)buffer.bytes + 1, buffer.length - 1}, cases[i].written));
    }
}
END_TEST

START_TEST(what_is_no_text_is_not_written)
{
    static const struct text cases[] = {TEXT("a\0b"), TEXT("\0"), TEXT("\xff"), TEXT("a\xc3"),
                                        TEXT("\xed\xa0\x80")};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer buffer CLEANUP(buffer_freep) = {NULL, 0};
        ck_assert(buffer_append(&buffer, TEXT("[")));
        ck_assert(!value_write_string(&buffer, cases[i]));
        ck_assert_uint_eq(buffer.length, 1);
        ck_assert_int_eq(buffer.bytes[0], '[');
    }
}
END_TEST

/* What was written is one string, and says what it was written from. */
START_TEST(written_and_read)
{
    for (int byte = 1; byte < 128; byte++) {
        struct buffer buffer CLEANUP(buffer_freep) = {NULL, 0};
        char text[] = {'a', (char)byte, 'b'};
        const char *at, *end;
        size_t length;
        ck_assert(value_write_string(&buffer, (struct text){text, 3}));
        at = (char *)buffer.bytes + 1;
        end = (char *)buffer.bytes + buffer.length;
        ck_assert_ptr_null(jsonstring_scan(&at, end, &length));
        ck_assert_ptr_eq(at, end - 1);
        ck_assert_uint_eq(length, 3);
        at = (char *)buffer.bytes + 1;
        ck_assert_uint_eq(jsonstring_character(&at, end), 'a');
        ck_assert_uint_eq(jsonstring_character(&at, end), (uint32_t)byte);
        ck_assert_uint_eq(jsonstring_character(&at, end), 'b');
    }
}
END_TEST

int main(void)
{
    return RUN("jsonstring", spellings, no_other_byte_can_be_escaped, all_characters,
               wrong_ones_name_their_place, writing, what_is_no_text_is_not_written, written_and_read);
}
