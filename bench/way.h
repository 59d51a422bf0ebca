/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way.h: one way from the text of a token and the text of a key set to verified claims.
 *
 * Each is a shared object of its own (way_*.c), so that none has another's libraries in its process, and a
 * library that a machine lacks costs one row.
 */
#ifndef BENCH_WAY_H
#define BENCH_WAY_H

#include <stdbool.h>
#include <stddef.h>

struct given {
    const char *token;     /* compact, ends with NUL */
    const char *set;       /* the JWK set that its key is in */
    const char *conf;      /* path of a jwks.conf whose issuer has this set in the cache */
    const char *key;       /* path of that key, PEM */
    const char *signature; /* path of the token's signature as OpenSSL wants it: DER for ECDSA */
};

struct way {
    void *(*prepare)(const struct given *); /* once, outside what is measured; NULL: nothing to do */
    bool (*decide)(const struct given *, void *prepared); /* false: not verified */
};

extern const struct way way;

#endif
