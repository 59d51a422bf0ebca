/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonstring.c: JSON strings (RFC 8259 section 7): well-formed or not, what they say, how they are written.
 *
 * Every string of a token passes here before anything reads it.  \u0000 and lone surrogates are refused,
 * though the grammar has them: the one ends names early in C, the other is no character.
 */
#include "internal.h"

#include <string.h>

/* Bytes that stand for themselves and need no second look. */
static const bool is_plain[256] = {[0x20 ... 0x21] = true, [0x23 ... 0x5b] = true, [0x5d ... 0x7f] = true};

enum { BAD_ESCAPE = -1, LONE_SURROGATE = -2 };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits of \uXXXX; `at` stands behind the u. */
static int32_t take_unit(const char **at, const char *end)
{
    int32_t unit = 0;

    if (end - *at < 4)
        return BAD_ESCAPE;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(*(*at)++);
        if (digit < 0)
            return BAD_ESCAPE;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* A character beyond U+FFFF is two escaped surrogates, high and low; one without the other is none. */
static int32_t take_unicode(const char **at, const char *end)
{
    int32_t low, unit = take_unit(at, end);

    if (unit < 0xd800 || unit > 0xdfff)
        return unit;
    if (unit > 0xdbff || end - *at < 2 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return LONE_SURROGATE;
    *at += 2;
    low = take_unit(at, end);
    if (low == BAD_ESCAPE)
        return BAD_ESCAPE;
    return low >= 0xdc00 && low <= 0xdfff ? 0x10000 + (unit - 0xd800) * 0x400 + (low - 0xdc00)
                                          : LONE_SURROGATE;
}

/* The character that an escape stands for, or one of the above; `at` goes from the backslash to behind it. */
static int32_t take_escape(const char **at, const char *end)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (end - *at < 2)
        return BAD_ESCAPE;
    *at += 2;
    if ((*at)[-1] == 'u')
        return take_unicode(at, end);
    found = memchr(letters, (*at)[-1], sizeof(letters) - 1);
    return found == NULL ? BAD_ESCAPE : meanings[found - letters];
}

static size_t utf8_size(uint32_t character)
{
    return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
}

/* Leaves `at` on what is wrong, as jsonstring_scan does. */
static const char *scan_escape(const char **at, const char *end, size_t *saved)
{
    const char *behind = *at;
    int32_t character = take_escape(&behind, end);

    switch (character) {
    case BAD_ESCAPE:
        return "wrong escape";
    case LONE_SURROGATE:
        return "lone surrogate";
    case 0:
        return "\\u0000";
    default:
        *saved += (size_t)(behind - *at) - utf8_size((uint32_t)character);
        *at = behind;
        return NULL;
    }
}

/* Every byte of a sequence is above 0x7f, so a run of such bytes is as good as its sequences. */
static const char *scan_utf8(const char **at, const char *end)
{
    const char *behind = *at;

    while (behind < end && (unsigned char)*behind >= 0x80)
        behind++;
    if (behind == *at)
        return "control character in a string";
    if (!text_is_utf8((struct text){*at, (size_t)(behind - *at)}))
        return "wrong UTF-8";
    *at = behind;
    return NULL;
}

const char *jsonstring_scan(const char **at, const char *end, size_t *ret_length)
{
    const char *wrong, *from = *at;
    size_t saved = 0;

    for (;;) {
        const char *plain = *at; /* of its own: a byte that is read might else be one of *at */

        while (plain < end && is_plain[(unsigned char)*plain])
            plain++;
        *at = plain;
        if (*at == end)
            return "end of text in a string";
        if (**at == '"') {
            *ret_length = (size_t)(*at - from) - saved;
            return NULL;
        }
        wrong = **at == '\\' ? scan_escape(at, end, &saved) : scan_utf8(at, end);
        if (wrong != NULL)
            return wrong;
    }
}

uint32_t jsonstring_character(const char **at, const char *end)
{
    unsigned char first = (unsigned char)**at;
    int following;
    uint32_t character;

    if (first == '\\')
        return (uint32_t)take_escape(at, end);
    ++*at;
    if (first < 0x80)
        return first;
    following = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    character = first & (0x3fU >> following);
    while (following-- > 0)
        character = character << 6 | ((unsigned char)*(*at)++ & 0x3fU);
    return character;
}

/* RFC 3629 section 3. */
size_t jsonstring_encode(uint32_t character, char ret_bytes[static 4])
{
    static const unsigned char leads[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    size_t size = utf8_size(character);

    for (size_t i = size - 1; i > 0; i--) {
        ret_bytes[i] = (char)(unsigned char)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    ret_bytes[0] = (char)(unsigned char)(leads[size] | character);
    return size;
}

/* The byte as it stands between quotes. */
static size_t escape_byte(char c, char ret_escaped[static 6])
{
    static const char letters[] = "\b\t\n\f\r\"\\", escapes[] = "btnfr\"\\", digits[] = "0123456789abcdef";
    const char *letter = memchr(letters, c, sizeof(letters) - 1);

    if (letter != NULL) {
        ret_escaped[0] = '\\';
        ret_escaped[1] = escapes[letter - letters];
        return 2;
    }
    if ((unsigned char)c < 0x20) {
        memcpy(ret_escaped, "\\u00", 4);
        ret_escaped[4] = digits[c >> 4];
        ret_escaped[5] = digits[c & 0xf];
        return 6;
    }
    ret_escaped[0] = c;
    return 1;
}

bool value_write_string(struct buffer *buffer, struct text text)
{
    char escaped[6];
    unsigned char *room;
    size_t length = 2;

    if (!text_is_utf8(text))
        return false;
    for (size_t i = 0; i < text.length; i++)
        length += escape_byte(text.bytes[i], escaped);
    room = buffer_extend(buffer, length);
    if (room == NULL)
        return false;
    *room++ = '"';
    for (size_t i = 0; i < text.length; i++) {
        size_t width = escape_byte(text.bytes[i], escaped);
        memcpy(room, escaped, width);
        room += width;
    }
    *room = '"';
    return true;
}
