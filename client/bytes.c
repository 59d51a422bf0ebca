/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.c: octets that grow.  They hold tokens and keys, so what is left behind, by growing too, is wiped.
 *
 * A want of memory is remembered: whoever has put something together asks once, at the end.
 */
#include "login.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_LEAST = 256 };

void bytes_wipe(struct bytes *bytes)
{
    if (bytes->at != NULL)
        explicit_bzero(bytes->at, bytes->room);
    free(bytes->at);
    *bytes = (struct bytes){.at = NULL};
}

/* Not by realloc, which frees what was there as it is.  There is always room for a NUL more. */
static bool make_room(struct bytes *bytes, size_t more)
{
    size_t room = bytes->room < ROOM_LEAST ? ROOM_LEAST : bytes->room;
    struct bytes larger = {.length = bytes->length};

    while (room <= bytes->length + more)
        room *= 2;
    if (bytes->failed || room == bytes->room)
        return !bytes->failed;
    larger.at = malloc(room);
    if (larger.at == NULL) {
        bytes->failed = true;
        return false;
    }
    larger.room = room;
    if (bytes->length > 0)
        memcpy(larger.at, bytes->at, bytes->length);
    bytes_wipe(bytes);
    *bytes = larger;
    return true;
}

void bytes_add(struct bytes *bytes, const void *more, size_t length)
{
    if (!make_room(bytes, length) || length == 0)
        return;
    memcpy(bytes->at + bytes->length, more, length);
    bytes->length += length;
}

void bytes_text(struct bytes *bytes, const char *text)
{
    bytes_add(bytes, text, strlen(text));
}

void bytes_u32(struct bytes *bytes, uint32_t number)
{
    const unsigned char octets[] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
                                    (unsigned char)(number >> 8), (unsigned char)number};

    bytes_add(bytes, octets, sizeof(octets));
}

void bytes_u64(struct bytes *bytes, uint64_t number)
{
    bytes_u32(bytes, (uint32_t)(number >> 32));
    bytes_u32(bytes, (uint32_t)number);
}

void bytes_string(struct bytes *bytes, const void *string, size_t length)
{
    bytes_u32(bytes, (uint32_t)length);
    bytes_add(bytes, string, length);
}

void bytes_string_text(struct bytes *bytes, const char *text)
{
    bytes_string(bytes, text, strlen(text));
}

/* --- base64 --- */

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_urls[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t at_most(size_t number, size_t limit)
{
    return number < limit ? number : limit;
}

/* Three octets are four characters; of one or two the last characters are left out, or `=`. */
static void encode(struct bytes *bytes, const unsigned char *from, size_t length, const char *alphabet,
                   bool padded)
{
    for (size_t i = 0; i < length; i += 3) {
        const size_t have = at_most(length - i, 3);
        uint32_t group = (uint32_t)from[i] << 16 | (have > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
                         (have > 2 ? (uint32_t)from[i + 2] : 0);
        const char four[] = {alphabet[group >> 18], alphabet[group >> 12 & 63],
                             have > 1 ? alphabet[group >> 6 & 63] : '=',
                             have > 2 ? alphabet[group & 63] : '='};

        bytes_add(bytes, four, padded ? sizeof(four) : have + 1);
    }
}

void bytes_base64(struct bytes *bytes, const void *from, size_t length)
{
    encode(bytes, from, length, standard, true);
}

void bytes_base64url(struct bytes *bytes, const void *from, size_t length)
{
    encode(bytes, from, length, for_urls, false);
}

/* Strictly: full groups of the padded alphabet, nothing else. */
bool bytes_from_base64(struct bytes *bytes, const char *text)
{
    for (; *text != '\0'; text += 4) {
        const size_t have = at_most(strspn(text, standard), 4);
        uint32_t group = 0;

        if (have < 2 || strncmp(text + have, "==", 4 - have) != 0 || (have < 4 && text[4] != '\0'))
            return false;
        for (size_t i = 0; i < 4; i++)
            group = group << 6 | (i < have ? (uint32_t)(strchr(standard, text[i]) - standard) : 0);
        bytes_add(bytes,
                  (const unsigned char[]){(unsigned char)(group >> 16), (unsigned char)(group >> 8),
                                          (unsigned char)group},
                  have - 1);
    }
    return !bytes->failed;
}

/* --- taking apart --- */

static uint64_t number_at(const unsigned char *at, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return number;
}

bool view_skip(struct view *view, size_t length)
{
    if (length > view->left)
        return false;
    view->at += length;
    view->left -= length;
    return true;
}

bool view_number(struct view *view, size_t size, uint64_t *ret_number)
{
    const unsigned char *at = view->at;

    if (!view_skip(view, size))
        return false;
    *ret_number = number_at(at, size);
    return true;
}

bool view_string(struct view *view, struct view *ret_string)
{
    struct view rest = *view;
    uint64_t length;

    if (!view_number(&rest, 4, &length))
        return false;
    *ret_string = (struct view){rest.at, (size_t)length};
    if (!view_skip(&rest, (size_t)length))
        return false;
    *view = rest;
    return true;
}

/* --- forms --- */

/* All but RFC 3986's unreserved characters, which are the alphabet of base64url with two more. */
static void percent_encode(struct bytes *bytes, const char *value)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *value != '\0'; value++) {
        unsigned char octet = (unsigned char)*value;
        const char coded[] = {'%', digits[octet >> 4], digits[octet & 15]};

        if (strchr(for_urls, octet) != NULL || octet == '.' || octet == '~')
            bytes_add(bytes, value, 1);
        else
            bytes_add(bytes, coded, sizeof(coded));
    }
}

void bytes_parameter(struct bytes *bytes, const char *name, const char *value)
{
    if (bytes->length > 0 && bytes->at[bytes->length - 1] != '?')
        bytes_text(bytes, "&");
    bytes_text(bytes, name);
    bytes_text(bytes, "=");
    percent_encode(bytes, value);
}

const char *bytes_end(struct bytes *bytes)
{
    if (!make_room(bytes, 0))
        return NULL;
    bytes->at[bytes->length] = '\0';
    return (const char *)bytes->at;
}
