/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way_login.c: the same as way_ours.c with nothing prepared, as a login does it: OpenSSL's context and the
 * configuration are its own, too.
 */
#include "ours.h"

static bool decide(const struct given *given, void *prepared)
{
    struct jwkscore_config *config = load(given->conf);
    bool ok = config != NULL && ask(config, given);

    (void)prepared;
    jwkscore_config_free(config);
    return ok;
}

const struct way way = {NULL, decide};
