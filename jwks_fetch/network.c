/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.c: one GET, asked of another process (starter.c), and its answer taken apart.
 *
 * Whoever meets strangers' bytes first may have been taken over by them: what it says is doubted as if a
 * stranger had said it.
 */
#include "fetch.h"

#include <string.h>

enum {
    PAUSE_MS = 100, /* to PAUSE_MS + PAUSE_RANGE_MS, before the second try */
    PAUSE_RANGE_MS = 300,
    LEAST_MS = 100, /* less is not worth a connection */
};

/* What http.c can report; a child that was taken over must not report a success. */
static bool is_failure_of_http(uint32_t outcome)
{
    return (outcome >= OUTCOME_DNS && outcome <= OUTCOME_HTTP_OTHER) || outcome == OUTCOME_TOO_LARGE ||
           outcome == OUTCOME_CONFIG || outcome == OUTCOME_HELPER;
}

/* Takes the result apart; every number in it is doubted. */
static bool parse(const struct request *request, const struct buffer *bytes, struct http_result *ret_result,
                  struct response *ret_response)
{
    struct http_result result;
    const char *rest;

    if (bytes->length < sizeof(result))
        return false;
    memcpy(&result, bytes->bytes, sizeof(result));
    if (result.magic != HTTP_MAGIC ||
        (result.outcome != OUTCOME_NONE && !is_failure_of_http(result.outcome)) || result.status > 999 ||
        result.headers_length > HEADERS_MAX || result.body_length > request->most ||
        bytes->length != sizeof(result) + result.headers_length + result.body_length)
        return false;
    result.detail[sizeof(result.detail) - 1] = '\0';
    result.hint[sizeof(result.hint) - 1] = '\0';
    rest = (const char *)bytes->bytes + sizeof(result);
    *ret_result = result;
    ret_response->status = result.status;
    ret_response->conditional = request->etag.length > 0 || request->last_modified.length > 0;
    return buffer_append(&ret_response->headers, (struct text){rest, result.headers_length}) &&
           buffer_append(&ret_response->body,
                         (struct text){rest + result.headers_length, result.body_length});
}

static bool fail(struct failure *failure, const struct http_result *result)
{
    char detail[QUOTED_SIZE], hint[QUOTED_SIZE];

    jwkscore_quote(detail, sizeof(detail), result->detail, strlen(result->detail));
    jwkscore_quote(hint, sizeof(hint), result->hint, strlen(result->hint));
    failure_set(failure, (enum refresh_outcome)result->outcome, result->status, "%s%s%s", detail,
                hint[0] != '\0' ? "; " : "", hint);
    return false;
}

/* One try.  *ret_retry: it may pass. */
static bool get_once(const struct request *request, struct response *ret_response, struct failure *failure,
                     bool *ret_retry)
{
    CLEANUP(buffer_freep) struct buffer bytes = {0};
    CLEANUP(answer_clear) struct response response = {0};
    struct http_result result = {.outcome = OUTCOME_TIMEOUT, .detail = "no answer in time"};
    bool late;

    *ret_retry = false;
    if (!starter_ask(request, &bytes, &late) && late)
        return fail(failure, &result);
    if (!parse(request, &bytes, &result, &response)) {
        result = (struct http_result){.outcome = OUTCOME_HELPER, .detail = "the network process died"};
        return fail(failure, &result);
    }
    *ret_retry = result.retry != 0;
    if (result.outcome != OUTCOME_NONE)
        return fail(failure, &result);
    *ret_response = response;
    response = (struct response){0};
    return true;
}

bool network_get(const struct request *request, struct response *ret_response, struct failure *failure)
{
    struct failure first = {.outcome = OUTCOME_NONE};
    bool retry;

    if (request->deadline_b - clock_boot_ms() < LEAST_MS) {
        failure_set(failure, OUTCOME_TIMEOUT, 0, "no time was left for the request");
        return false;
    }
    if (get_once(request, ret_response, &first, &retry))
        return true;
    if (retry) {
        process_sleep(PAUSE_MS + (int64_t)(process_random() % (PAUSE_RANGE_MS + 1)));
        if (request->deadline_b - clock_boot_ms() >= LEAST_MS)
            return get_once(request, ret_response, failure, &retry);
    }
    *failure = first;
    return false;
}
