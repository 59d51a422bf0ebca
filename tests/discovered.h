/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovered.h: jwks-fetch's own code from the request for a discovery document to the address in it; only the
 * network is played here, by one function.
 */
#ifndef JWKSCORE_TESTS_DISCOVERED_H
#define JWKSCORE_TESTS_DISCOVERED_H

#include "../jwks_fetch/fetch.h"
#include "documents.h"

struct network {
    struct text body;                                        /* what it answers */
    unsigned requests;
    char uri[URI_MAX + 64];                                  /* the last one asked for */
};
extern struct network network;

/* The address that discovery gives to the configuration's first issuer, or "" and why not. */
const char *discovered(const struct jwkscore_config *, struct failure *ret_failure);

#endif
