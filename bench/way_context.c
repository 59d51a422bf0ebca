/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way_context.c: a context of OpenSSL's that nobody else configures, and the key, made anew: the limit of a
 * login in a process that keeps nothing of ours from one to the next.
 */
#include "evp.h"

#include <openssl/provider.h>

static bool decide(const struct given *given, void *prepared)
{
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *provider = OSSL_PROVIDER_load(library, "default");
    bool ok = import_and_verify(given, prepared, library);

    OSSL_PROVIDER_unload(provider);
    OSSL_LIB_CTX_free(library);
    return ok;
}

const struct way way = {prepare, decide};
