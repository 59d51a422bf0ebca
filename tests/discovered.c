/* SPDX-License-Identifier: Apache-2.0 */
/* discovered.c: a network that gives one answer, and an attempt that asks it. */
#include "discovered.h"

#include <string.h>

struct network network;

bool network_get(const struct request *request, struct response *ret_response, struct failure *failure)
{
    struct response response = {.status = 200};

    (void)failure;
    network.requests++;
    ck_assert_uint_lt(strlen(request->uri), sizeof(network.uri));
    memcpy(network.uri, request->uri, strlen(request->uri) + 1);
    ck_assert_uint_le(network.body.length, request->most);
    ck_assert(buffer_append(&response.headers, TEXT("Content-Type: application/json\r\n")) &&
              buffer_append(&response.body, network.body));
    *ret_response = response;
    return true;
}

const char *discovered(const struct jwkscore_config *config, struct failure *ret_failure)
{
    CLEANUP(string_freep) char *uri = NULL;
    struct attempt attempt = {.config = config, .issuer = config->issuers, .started_b = clock_boot_ms()};

    ck_assert_status(cache_open(config, attempt.issuer, &attempt.cache, NULL), JWKSCORE_OK);
    uri = discovery_uri(&attempt);
    cache_close(&attempt.cache);
    ck_assert((uri == NULL) == (attempt.failure.outcome != OUTCOME_NONE));
    *ret_failure = attempt.failure;
    return uri != NULL ? textf("%s", uri) : "";
}
