/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.c: one GET within the time that a run has left, and is it an answer to use? (CACHE 10 and 11)
 */
#include "fetch.h"

#include <string.h>

void answer_clear(struct response *response)
{
    buffer_freep(&response->headers);
    buffer_freep(&response->body);
    *response = (struct response){0};
}

struct text answer_headers(const struct response *response)
{
    return (struct text){(const char *)response->headers.bytes, response->headers.length};
}

struct text answer_body(const struct response *response)
{
    return (struct text){(const char *)response->body.bytes, response->body.length};
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

    return text.length >= length && text_is_any_case((struct text){text.bytes, length}, prefix);
}

/* A 200 that was not encoded and is no web page, or a 304 that we asked for. */
static bool check_answer(const struct response *response, struct failure *failure)
{
    struct text headers = answer_headers(response), value;
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
        freshness_retry_after(answer_headers(response), process_wall(), &seconds))
        attempt->retry_after = seconds;
}

bool answer_get(struct attempt *attempt, struct request *request, struct response *ret_response,
                struct failure *failure)
{
    CLEANUP(answer_clear) struct response response = {0};
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
