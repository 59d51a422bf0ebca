/* SPDX-License-Identifier: Apache-2.0 */
/*
 * headers.c: whatever an answer's fields say, keys are kept for 5 minutes to 24 hours and a server is left alone for 1 s to 1 h.
 */
#include "../../jwks_fetch/fetch.h"
#include "fuzz.h"

#include <string.h>

static void check_numbers(struct text headers, int64_t now)
{
    static const char *const origins[] = {"max-age", "expires", "default", "minimum", "maximum"};
    struct freshness freshness = freshness_of(headers, now);
    int64_t seconds, server;
    bool known = false;

    must(freshness.ttl >= TTL_MIN && freshness.ttl <= TTL_MAX);
    for (size_t i = 0; i < ARRAY_LENGTH(origins); i++)
        known = known || strcmp(freshness.from, origins[i]) == 0;
    must(known);
    if (freshness_retry_after(headers, now, &seconds))
        must(seconds >= 1 && seconds <= 3600);
    if (freshness_server_clock(headers, &server))
        must(server >= 0);
}

/* Each value of a field is a part of the block, on one line, with nothing around it. */
static void check_field(struct text headers, const char *name)
{
    struct text value;
    int64_t number;

    for (size_t i = 0; headers_get(headers, name, i, &value); i++) {
        must(value.length == 0 ||
             (value.bytes >= headers.bytes && value.bytes + value.length <= headers.bytes + headers.length));
        must(value.length == 0 || memchr(value.bytes, '\n', value.length) == NULL);
        must(text_equal(value, text_trim(value)));
        must(!headers_number(value, &number) || number >= 0);
        must(!headers_date(value, &number) || number >= 0);
        must(!record_etag_valid(value) ||
             (value.length <= VALIDATOR_MAX && fuzz_is_printable(value.bytes, value.length)));
        must(!record_date_valid(value) || fuzz_is_printable(value.bytes, value.length));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"Cache-Control", "Age",  "Expires",      "Date",
                                        "Retry-After",   "ETag", "Last-Modified"};
    static const int64_t times[] = {0, 1793491200, 253402300799};
    struct text headers = {(const char *)data, size};

    for (size_t i = 0; i < ARRAY_LENGTH(times); i++)
        check_numbers(headers, times[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        check_field(headers, names[i]);
    return 0;
}
