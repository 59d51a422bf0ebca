/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way_ours.c: jwkscore_authenticate on a configuration that the process has loaded, as the others have
 * their OpenSSL: the cache file is opened, checked and read, the key is imported, and then every rule of the
 * decision is applied.
 */
#include "ours.h"

static void *prepare(const struct given *given)
{
    return load(given->conf);
}

static bool decide(const struct given *given, void *prepared)
{
    return prepared != NULL && ask(prepared, given);
}

const struct way way = {prepare, decide};
