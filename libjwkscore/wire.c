/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.c: the SSH wire format (RFC 4251 section 5), from octets that a stranger chose.
 *
 * Nothing is read behind the end, no length is added up before it is known to fit, and what cannot be read
 * leaves the reader where it was.
 */
#include "internal.h"

struct wire wire_of(struct text octets)
{
    return (struct wire){(const unsigned char *)octets.bytes, octets.length};
}

static bool take(struct wire *wire, size_t length, const unsigned char **ret_octets)
{
    if (length > wire->left)
        return false;
    *ret_octets = wire->at;
    wire->at += length;
    wire->left -= length;
    return true;
}

static uint64_t number_of(const unsigned char *octets, size_t count)
{
    uint64_t number = 0;

    for (size_t i = 0; i < count; i++)
        number = number << 8 | octets[i];
    return number;
}

bool wire_uint32(struct wire *wire, uint32_t *ret_number)
{
    const unsigned char *octets;

    if (!take(wire, 4, &octets))
        return false;
    *ret_number = (uint32_t)number_of(octets, 4);
    return true;
}

bool wire_uint64(struct wire *wire, uint64_t *ret_number)
{
    const unsigned char *octets;

    if (!take(wire, 8, &octets))
        return false;
    *ret_number = number_of(octets, 8);
    return true;
}

bool wire_string(struct wire *wire, struct text *ret_string)
{
    struct wire ahead = *wire;
    const unsigned char *octets;
    uint32_t length;

    if (!wire_uint32(&ahead, &length) || !take(&ahead, length, &octets))
        return false;
    *ret_string = (struct text){(const char *)octets, length};
    *wire = ahead;
    return true;
}

/* In its only spelling, without the octet that says "positive". */
bool wire_positive(struct wire *wire, struct text *ret_octets)
{
    struct wire ahead = *wire;
    struct text number;
    bool first_bit, padded;

    if (!wire_string(&ahead, &number) || number.length == 0)
        return false;
    padded = number.bytes[0] == 0;
    if (padded) {
        number.bytes++;
        number.length--;
    }
    first_bit = number.length > 0 && ((unsigned char)number.bytes[0] & 0x80) != 0;
    if (padded != first_bit)
        return false;
    *ret_octets = number;
    *wire = ahead;
    return true;
}

bool wire_write_string(struct buffer *out, struct text string)
{
    const unsigned char length[4] = {(unsigned char)(string.length >> 24),
                                     (unsigned char)(string.length >> 16),
                                     (unsigned char)(string.length >> 8), (unsigned char)string.length};

    return string.length <= UINT32_MAX &&
           buffer_append(out, (struct text){(const char *)length, sizeof(length)}) &&
           buffer_append(out, string);
}
