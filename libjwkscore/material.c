/* SPDX-License-Identifier: Apache-2.0 */
/*
 * material.c: are the numbers of a key, or of a signature, fit to verify with?  What OpenSSL takes and a forgery needs is refused
 * here, on the bytes and before any arithmetic (W3 to W5, G4).
 */
#include "internal.h"

#include <string.h>

/* The little-endian y of the 8 points whose order divides 8, and of their non-canonical spellings with y >= p. */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Is y (sign bit taken off) at least p = 2^255 - 19?  RFC 8032 section 5.1.3 refuses that. */
static bool is_not_canonical(const unsigned char y[32])
{
    if ((y[31] & 0x7f) != 0x7f || y[0] < 0xed)
        return false;
    for (size_t i = 1; i < 31; i++)
        if (y[i] != 0xff)
            return false;
    return true;
}

/*
 * Under a key of small order a signature of zeros verifies for some or all messages, and OpenSSL checks nothing but
 * the length.  x = 0 belongs to y = 1 and y = -1 only, which are in the table, so a wrong sign needs no check of its own.
 */
static bool ed25519_is_weak(const unsigned char public_key[32])
{
    if (is_not_canonical(public_key))
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(small_order); i++) {
        const char *hex = small_order[i];
        unsigned difference = 0;

        for (size_t j = 0; j < 32; j++) {
            unsigned octet = (unsigned)(hex_digit(hex[2 * j]) << 4 | hex_digit(hex[2 * j + 1]));

            difference |= (public_key[j] & (j == 31 ? 0x7fU : 0xffU)) ^ octet;
        }
        if (difference == 0)
            return true;
    }
    return false;
}

/* W3: n of 2048 to 8192 bits and odd; e odd, 3 <= e < 2^32. */
static bool rsa_is_fit(const struct key_material *m)
{
    const unsigned char *n = (const unsigned char *)m->n.bytes;
    const unsigned char *e = (const unsigned char *)m->e.bytes;

    if (m->n.length < RSA_BITS_MIN / 8 || m->n.length > RSA_BITS_MAX / 8 || n[0] == 0)
        return false;
    if (m->n.length == RSA_BITS_MIN / 8 && (n[0] & 0x80) == 0)
        return false;
    if ((n[m->n.length - 1] & 1) == 0)
        return false;
    if (m->e.length == 0 || m->e.length > 4 || e[0] == 0 || (e[m->e.length - 1] & 1) == 0)
        return false;
    return m->e.length > 1 || e[0] >= 3;
}

bool material_is_fit(const struct key_material *m)
{
    switch (m->type) {
    case KEY_RSA:
        return rsa_is_fit(m);
    case KEY_EC:
        return m->curve != NULL && m->x.length == m->curve->size && m->y.length == m->curve->size;
    case KEY_OKP:
        return m->curve != NULL && m->x.length == 32 && !ed25519_is_weak((const unsigned char *)m->x.bytes);
    case KEY_NONE:
        break;
    }
    return false;
}

bool scalar_is_fit(const struct curve *curve, const char *octets)
{
    bool zero = true;

    for (size_t i = 0; i < curve->size; i++)
        zero = zero && octets[i] == 0;
    return !zero && memcmp(octets, curve->order, curve->size) < 0;
}
