/* SPDX-License-Identifier: Apache-2.0 */
/* ours.h: one decision by the library, on a configuration that is loaded. */
#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include "way.h"

#include <jwkscore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* NULL and a line on standard error: it cannot be loaded. */
static inline struct jwkscore_config *load(const char *path)
{
    struct jwkscore_config *config = jwkscore_config_new();
    struct jwkscore_error error = {JWKSCORE_OK, "no memory"};

    if (config != NULL && jwkscore_config_load(config, path, &error) == JWKSCORE_OK)
        return config;
    fprintf(stderr, "ours: %s\n", error.message);
    jwkscore_config_free(config);
    return NULL;
}

static inline bool ask(const struct jwkscore_config *config, const struct given *given)
{
    struct jwkscore_request request = {.size = sizeof(request),
                                       .service = "sshd",
                                       .token = given->token,
                                       .token_length = strlen(given->token),
                                       .now = (int64_t)time(NULL)};
    struct jwkscore_identity *identity = NULL;
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    bool ok = jwkscore_authenticate(config, &request, &identity, &error) == JWKSCORE_OK;

    if (!ok)
        fprintf(stderr, "ours: %s\n", error.message);
    jwkscore_identity_free(identity);
    return ok;
}

#endif
