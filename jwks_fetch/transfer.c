/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer.c: asks the origin, and where that fails its mirrors, and says what kind of answer came (CACHE 10).
 */
#include "fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NOT_MODIFIED_MAX = 23 };         /* every 24th request is unconditional: a broken 304 lasts a day at most */

struct text transfer_headers(const struct response *response)
{
    return (struct text){(const char *)response->headers.bytes, response->headers.length};
}

/* Without a byte order mark: a real provider begins with one. */
struct text transfer_body(const struct response *response)
{
    struct text body = {(const char *)response->body.bytes, response->body.length};

    if (body.length >= 3 && memcmp(body.bytes, "\xef\xbb\xbf", 3) == 0)
        body = (struct text){body.bytes + 3, body.length - 3};
    return body;
}

static enum refresh_outcome outcome_of(unsigned status)
{
    if (status == 429)
        return OUTCOME_HTTP_429;
    if (status >= 300 && status < 400)
        return OUTCOME_HTTP_3XX;
    if (status >= 400 && status < 500)
        return OUTCOME_HTTP_4XX;
    if (status >= 500 && status < 600)
        return OUTCOME_HTTP_5XX;
    return OUTCOME_HTTP_OTHER;
}

static bool begins_with(struct text text, const char *prefix)
{
    size_t length = strlen(prefix);

    return text.length >= length && strncasecmp(text.bytes, prefix, length) == 0;
}

/* A 200 that was not encoded and is no web page, or a 304 that we asked for. */
static bool check_answer(const struct response *response, struct failure *failure)
{
    struct text headers = transfer_headers(response), value;
    char quoted[QUOTED_SIZE];

    if (response->status == 304 && response->conditional)
        return true;
    if (response->status != 200) {
        failure_set(failure, outcome_of(response->status), response->status, "status %u%s", response->status,
                    response->status == 304 ? ", which was not asked for" : "");
        return false;
    }
    if (headers_get(headers, "Content-Encoding", 0, &value) && value.length > 0 &&
        !(value.length == strlen("identity") && begins_with(value, "identity"))) {
        failure_set(failure, OUTCOME_ENCODING, 200, "Content-Encoding %s", error_quote(quoted, value));
        return false;
    }
    if (headers_get(headers, "Content-Type", 0, &value) && begins_with(value, "text/html")) {
        failure_set(failure, OUTCOME_NOT_JSON, 200, "HTML: a captive portal or an error page?");
        return false;
    }
    return true;
}

static void note_retry_after(struct attempt *attempt, const struct response *response)
{
    int64_t seconds;

    if ((response->status == 429 || response->status == 503) &&
        freshness_retry_after(transfer_headers(response), process_wall(), &seconds))
        attempt->retry_after = seconds;
}

bool transfer_get(struct attempt *attempt, struct request *request, struct response *ret_response, struct failure *failure)
{
    CLEANUP(response_clear) struct response response = {0};
    int64_t request_ends = clock_boot_ms() + REQUEST_MS, run_ends = attempt->started_b + BUDGET_MS;
    bool ok;

    request->deadline_b = request_ends < run_ends ? request_ends : run_ends;
    ok = network_get(request, &response, failure);
    if (ok) {
        note_retry_after(attempt, &response);
        ok = check_answer(&response, failure);
    }
    if (!ok) {
        failure_at(failure, request->uri);
        return false;
    }
    *ret_response = response;
    response = (struct response){0};
    return true;
}

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
    struct request request = {.uri = uri, .ca_file = attempt->issuer->ca_file, .proxy = attempt->issuer->proxy,
                              .fresh = attempt->reason != REFRESH_DUE && attempt->reason != REFRESH_STALE,
                              .most = KEYSET_MAX};
    struct failure failure = {.outcome = OUTCOME_NONE};
    bool ok;

    add_validators(attempt, &request);
    ok = transfer_get(attempt, &request, &transfer->response, &failure);
    if (ok && transfer->response.status == 200) {
        ok = set_read(attempt->config->crypto, transfer_body(&transfer->response), &transfer->set, &failure);
        if (!ok)
            failure_at(&failure, uri);
    }
    if (ok) {
        transfer->uri = text_copy(text_from(uri));
        return transfer->uri != NULL;
    }
    response_clear(&transfer->response);
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
    CLEANUP(string_freep) char *uri =
        attempt->issuer->jwks_uri != NULL ? text_copy(text_from(attempt->issuer->jwks_uri)) : discovery_uri(attempt);

    if ((uri == NULL || !ask(attempt, uri, &transfer)) && !ask_mirrors(attempt, &transfer))
        return false;
    *ret_transfer = transfer;
    transfer = (struct transfer){0};
    return true;
}

void transfer_clear(struct transfer *transfer)
{
    string_freep(&transfer->uri);
    response_clear(&transfer->response);
    set_free(transfer->set);
    *transfer = (struct transfer){0};
}
