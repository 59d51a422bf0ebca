/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.c: spans, buffers, and what frees them.
 *
 * A span is never NUL-terminated and never copied for being looked at; a NUL is a byte like any other.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct text text_from(const char *string)
{
    return string == NULL ? (struct text){"", 0} : (struct text){string, strlen(string)};
}

/* memcmp may not be given NULL, even for no bytes. */
bool text_equal(struct text a, struct text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

bool text_is(struct text text, const char *string)
{
    return text_equal(text, text_from(string));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* strncasecmp() asks the host's locale: in a Turkish one `I` is no `i`. */
bool text_is_any_case(struct text text, const char *string)
{
    for (size_t i = 0; i < text.length; i++)
        if (string[i] == '\0' || lower(text.bytes[i]) != lower(string[i]))
            return false;
    return string[text.length] == '\0';
}

bool text_number(struct text text, int64_t *ret_number)
{
    int64_t number = 0;

    if (text.length == 0)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        int digit = text.bytes[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return false;
    }
    *ret_number = number;
    return true;
}

struct text text_skip_bom(struct text text)
{
    bool has_one = text.length >= 3 && memcmp(text.bytes, "\xef\xbb\xbf", 3) == 0;

    return has_one ? (struct text){text.bytes + 3, text.length - 3} : text;
}

char *text_copy(struct text text)
{
    char *copy = malloc(text.length + 1);

    if (copy == NULL)
        return NULL;
    if (text.length > 0)
        memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    return copy;
}

void text_hex(const unsigned char *octets, size_t count, char *ret_hex)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        *ret_hex++ = digits[octets[i] >> 4];
        *ret_hex++ = digits[octets[i] & 15];
    }
    *ret_hex = '\0';
}

/*
 * Length of the well-formed sequence at the start of `bytes`, 0 if there is none.  RFC 3629 section 4: the
 * range of the second byte excludes overlong forms, surrogates and what lies above U+10FFFF.
 */
static size_t utf8_sequence(const unsigned char *bytes, size_t left)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } forms[] = {
        {0x01, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    size_t form = 0;

    while (form < ARRAY_LENGTH(forms) &&
           (bytes[0] < forms[form].first_low || bytes[0] > forms[form].first_high))
        form++;
    if (form == ARRAY_LENGTH(forms) || forms[form].length > left)
        return 0;
    if (forms[form].length > 1 && (bytes[1] < forms[form].second_low || bytes[1] > forms[form].second_high))
        return 0;
    for (size_t i = 2; i < forms[form].length; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    return forms[form].length;
}

bool text_is_utf8(struct text text)
{
    size_t at = 0;

    while (at < text.length) {
        size_t length = utf8_sequence((const unsigned char *)text.bytes + at, text.length - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

bool text_take_line(struct text *rest, struct text *ret_line)
{
    const char *end;
    size_t length, taken;

    if (rest->length == 0)
        return false;
    end = memchr(rest->bytes, '\n', rest->length);
    length = end == NULL ? rest->length : (size_t)(end - rest->bytes);
    taken = end == NULL ? length : length + 1;
    *ret_line = (struct text){rest->bytes, length};
    *rest = (struct text){rest->bytes + taken, rest->length - taken};
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool text_take_word(struct text *rest, struct text *ret_word)
{
    size_t start = 0, end;

    while (start < rest->length && is_blank(rest->bytes[start]))
        start++;
    if (start == rest->length)
        return false;
    end = start;
    while (end < rest->length && !is_blank(rest->bytes[end]))
        end++;
    *ret_word = (struct text){rest->bytes + start, end - start};
    *rest = (struct text){rest->bytes + end, rest->length - end};
    return true;
}

struct text text_trim(struct text text)
{
    while (text.length > 0 && is_blank(text.bytes[0])) {
        text.bytes++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.bytes[text.length - 1]))
        text.length--;
    return text;
}

/* Each call gets exactly what it needs: realloc makes this cheap, and there is no capacity to keep right. */
unsigned char *buffer_extend(struct buffer *buffer, size_t more)
{
    size_t length;
    unsigned char *bytes;

    if (__builtin_add_overflow(buffer->length, more, &length) || length == 0)
        return NULL;
    bytes = realloc(buffer->bytes, length);
    if (bytes == NULL)
        return NULL;
    *buffer = (struct buffer){bytes, length};
    return bytes + length - more;
}

bool buffer_append(struct buffer *buffer, struct text text)
{
    unsigned char *room;

    if (text.length == 0)
        return true;
    room = buffer_extend(buffer, text.length);
    if (room == NULL)
        return false;
    memcpy(room, text.bytes, text.length);
    return true;
}

void buffer_freep(struct buffer *buffer)
{
    if (buffer->bytes != NULL) {
        explicit_bzero(buffer->bytes, buffer->length);
        free(buffer->bytes);
    }
    *buffer = (struct buffer){NULL, 0};
}

void string_freep(char **string)
{
    free(*string);
    *string = NULL;
}

void fd_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
