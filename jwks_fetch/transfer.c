/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer.c: asks the origin for keys, and where it fails its mirrors (CACHE 10).
 */
#include "fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOT_MODIFIED_MAX = 23 }; /* every 24th request is unconditional: a broken 304 lasts a day at most */

/* Validators belong to one address; they are sent where a scheduled look is all that is wanted. */
static void add_validators(const struct attempt *attempt, struct request *request)
{
    struct record old;

    if (!request->fresh && attempt->cache.file.keyset != NULL && record_read(&attempt->cache.file, &old) &&
        text_is(old.uri, request->uri) && old.not_modified < NOT_MODIFIED_MAX) {
        if (record_etag_valid(old.etag))
            request->etag = old.etag;
        if (record_date_valid(old.last_modified))
            request->last_modified = old.last_modified;
    }
}

/* One address. */
static bool ask(struct attempt *attempt, const char *uri, struct transfer *transfer)
{
    struct request request = {.uri = uri,
                              .ca_file = attempt->issuer->ca_file,
                              .proxy = attempt->issuer->proxy,
                              .fresh = attempt->reason != REFRESH_DUE && attempt->reason != REFRESH_STALE,
                              .most = KEYSET_MAX};
    struct failure failure = {.outcome = OUTCOME_NONE};
    bool ok;

    add_validators(attempt, &request);
    ok = answer_get(attempt, &request, &transfer->response, &failure);
    if (ok && transfer->response.status == 200) {
        ok = set_read(attempt->config->crypto, answer_body(&transfer->response), &transfer->set, &failure);
        if (!ok)
            failure_at(&failure, uri);
    }
    if (ok) {
        transfer->uri = text_copy(text_from(uri));
        return transfer->uri != NULL;
    }
    answer_clear(&transfer->response);
    if (attempt->failure.outcome == OUTCOME_NONE)
        attempt->failure = failure;
    return false;
}

/* They may lag behind the origin, so they are of no use for a kid that it may just have published. */
static bool ask_mirrors(struct attempt *attempt, struct transfer *transfer)
{
    const struct strings *mirrors = &attempt->issuer->mirror;
    int64_t retry_after = attempt->retry_after;

    if (attempt->reason != REFRESH_COLD && attempt->reason != REFRESH_STALE && attempt->reason != REFRESH_DUE)
        return false;
    for (size_t i = 0; i < mirrors->count; i++) {
        snprintf(transfer->via, sizeof(transfer->via), "mirror %zu", i + 1);
        if (ask(attempt, mirrors->at[i], transfer)) {
            attempt->retry_after = retry_after; /* the origin's alone counts */
            return true;
        }
    }
    attempt->retry_after = retry_after;
    return false;
}

bool transfer_run(struct attempt *attempt, struct transfer *ret_transfer)
{
    CLEANUP(transfer_clear) struct transfer transfer = {.via = "origin"};
    CLEANUP(string_freep)
    char *uri = attempt->issuer->jwks_uri != NULL ? text_copy(text_from(attempt->issuer->jwks_uri))
                                                  : discovery_uri(attempt);

    if ((uri == NULL || !ask(attempt, uri, &transfer)) && !ask_mirrors(attempt, &transfer))
        return false;
    *ret_transfer = transfer;
    transfer = (struct transfer){0};
    return true;
}

void transfer_clear(struct transfer *transfer)
{
    string_freep(&transfer->uri);
    answer_clear(&transfer->response);
    set_free(transfer->set);
    *transfer = (struct transfer){0};
}
