/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64.c: base64url without padding (RFC 4648 section 5, RFC 7515 section 2), one spelling for each value.
 *
 * Nothing is skipped and the unused last bits are zero: whoever could spell a token in two ways could pass by
 * a list of refused ones.  Only keys may come in the other alphabet or padded, as some providers send them.
 */
#include "internal.h"

#define COMMON_DIGITS                                                                                        \
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8, ['I'] = 9,       \
    ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17,          \
    ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25,          \
    ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33,          \
    ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41,          \
    ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,          \
    ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57,          \
    ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64

/* A digit's value plus one, so that every other byte is 0: not a digit. */
static const unsigned char url_digits[256] = {COMMON_DIGITS};
static const unsigned char both_digits[256] = {COMMON_DIGITS, ['+'] = 63, ['/'] = 64};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static unsigned digit_value(const unsigned char *digits, char c)
{
    return digits[(unsigned char)c] - 1U;
}

static bool all_digits(const unsigned char *digits, struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (digits[(unsigned char)text.bytes[i]] == 0)
            return false;
    return true;
}

/* One digit alone holds no octet; of two the last four bits are spare, of three the last two. */
static bool tail_is_canonical(const unsigned char *digits, struct text text)
{
    static const unsigned spare_bits[4] = {0, 0, 0xf, 0x3};
    size_t tail = text.length % 4;

    if (tail == 0)
        return true;
    return tail != 1 && (digit_value(digits, text.bytes[text.length - 1]) & spare_bits[tail]) == 0;
}

/* Looks at everything first, so that nothing is written on failure. */
static bool decode(const unsigned char *digits, struct text text, unsigned char *ret_bytes,
                   size_t *ret_length)
{
    unsigned char *out = ret_bytes;
    unsigned bits = 0;

    if (!all_digits(digits, text) || !tail_is_canonical(digits, text))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        bits = bits << 6 | digit_value(digits, text.bytes[i]);
        if (i % 4 == 3) {
            *out++ = (unsigned char)(bits >> 16);
            *out++ = (unsigned char)(bits >> 8);
            *out++ = (unsigned char)bits;
        }
    }
    if (text.length % 4 == 2) {
        *out++ = (unsigned char)(bits >> 4);
    } else if (text.length % 4 == 3) {
        *out++ = (unsigned char)(bits >> 10);
        *out++ = (unsigned char)(bits >> 2);
    }
    *ret_length = (size_t)(out - ret_bytes);
    return true;
}

bool base64_decode(struct text text, unsigned char *ret_bytes, size_t *ret_length)
{
    return decode(url_digits, text, ret_bytes, ret_length);
}

/* Padding, where there is any, makes the length a multiple of four (RFC 4648 section 3.2). */
bool base64_decode_lenient(struct text text, unsigned char *ret_bytes, size_t *ret_length)
{
    if (text.length > 0 && text.length % 4 == 0)
        for (int padding = 0; padding < 2 && text.bytes[text.length - 1] == '='; padding++)
            text.length--;
    return decode(both_digits, text, ret_bytes, ret_length);
}

void base64_encode(const unsigned char *bytes, size_t length, char *ret_text)
{
    unsigned bits = 0, count = 0;

    for (size_t i = 0; i < length; i++) {
        bits = bits << 8 | bytes[i];
        for (count += 8; count >= 6; count -= 6)
            *ret_text++ = alphabet[bits >> (count - 6) & 0x3f];
    }
    if (count > 0)
        *ret_text++ = alphabet[bits << (6 - count) & 0x3f];
    *ret_text = '\0';
}

void base64_encode_padded(const unsigned char *bytes, size_t length, char *ret_text)
{
    char *at = ret_text;

    base64_encode(bytes, length, ret_text);
    for (; *at != '\0'; at++)
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
    while ((at - ret_text) % 4 != 0)
        *at++ = '=';
    *at = '\0';
}
