/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freshness.c: how long an answer is good for, and when the server wants to be asked again (CACHE 4, 10).
 *
 * RFC 9111 section 4.2, but on purpose not to the letter: public keys marked no-store are stored, and
 * whatever a provider says ends between 5 minutes and 24 hours, since neither may every login fetch nor a
 * withdrawn key stay.
 */
#include "fetch.h"

#include <string.h>

enum { RETRY_AFTER_MIN = 1, RETRY_AFTER_MAX = 3600 }; /* s: no bug at a provider may silence us for long */

struct directives {
    bool no_store; /* or no-cache */
    bool has_max_age;
    int64_t max_age;
};

/* One element of a list, up to a comma that is not inside quotes. */
static bool take_element(struct text *rest, struct text *ret_element)
{
    bool quoted = false;
    size_t end;

    if (rest->length == 0)
        return false;
    for (end = 0; end < rest->length && (quoted || rest->bytes[end] != ','); end++) {
        if (rest->bytes[end] == '"')
            quoted = !quoted;
        else if (rest->bytes[end] == '\\' && quoted && end + 1 < rest->length)
            end++;
    }
    *ret_element = text_trim((struct text){rest->bytes, end});
    if (end < rest->length)
        end++;
    *rest = (struct text){rest->bytes + end, rest->length - end};
    return true;
}

static bool name_is(struct text name, const char *wanted)
{
    return text_is_any_case(name, wanted);
}

static struct text unquote(struct text value)
{
    if (value.length >= 2 && value.bytes[0] == '"' && value.bytes[value.length - 1] == '"')
        return (struct text){value.bytes + 1, value.length - 2};
    return value;
}

/* A repeated max-age: the smaller counts; one that is no number is as good as absent. */
static void read_directive(struct text element, struct directives *directives)
{
    const char *equals = element.length > 0 ? memchr(element.bytes, '=', element.length) : NULL;
    struct text name = element, value = {"", 0};
    int64_t seconds;

    if (equals != NULL) {
        name.length = (size_t)(equals - element.bytes);
        value = unquote((struct text){equals + 1, element.length - name.length - 1});
    }
    if (name_is(name, "no-store") || name_is(name, "no-cache"))
        directives->no_store = true;
    if (!name_is(name, "max-age") || !headers_number(value, &seconds))
        return;
    if (!directives->has_max_age || seconds < directives->max_age)
        directives->max_age = seconds;
    directives->has_max_age = true;
}

static struct directives read_cache_control(struct text headers)
{
    struct directives directives = {false, false, 0};
    struct text list, element;

    for (size_t i = 0; headers_get(headers, "Cache-Control", i, &list); i++)
        while (take_element(&list, &element))
            read_directive(element, &directives);
    return directives;
}

/*
 * Expires less Date; a date that is none has passed (RFC 9111 section 5.3).  Without Date our clock must
 * do.
 */
static bool read_expires(struct text headers, int64_t now, int64_t *ret_seconds)
{
    struct text value, date;
    int64_t expires, sent = now;

    if (!headers_get(headers, "Expires", 0, &value))
        return false;
    if (!headers_date(value, &expires)) {
        *ret_seconds = 0;
        return true;
    }
    if (headers_get(headers, "Date", 0, &date) && !headers_date(date, &sent))
        sent = now;
    *ret_seconds = expires > sent ? expires - sent : 0;
    return true;
}

static int64_t read_age(struct text headers)
{
    struct text value;
    int64_t age;

    return headers_get(headers, "Age", 0, &value) && headers_number(value, &age) ? age : 0;
}

struct freshness freshness_of(struct text headers, int64_t now)
{
    struct directives directives = read_cache_control(headers);
    struct freshness freshness = {TTL_DEFAULT, "default"};
    int64_t age = read_age(headers);

    if (directives.no_store)
        freshness = (struct freshness){0, "minimum"};
    else if (directives.has_max_age)
        freshness = (struct freshness){directives.max_age, "max-age"};
    else if (read_expires(headers, now, &freshness.ttl))
        freshness.from = "expires";
    freshness.ttl -= age < freshness.ttl ? age : freshness.ttl;
    if (freshness.ttl < TTL_MIN)
        return (struct freshness){TTL_MIN, "minimum"};
    if (freshness.ttl > TTL_MAX)
        return (struct freshness){TTL_MAX, "maximum"};
    return freshness;
}

/* Seconds, or a date, which counts against the answer's own: our clock may be wrong. */
bool freshness_retry_after(struct text headers, int64_t now, int64_t *ret_seconds)
{
    struct text value, date;
    int64_t seconds, until, sent = now;

    if (!headers_get(headers, "Retry-After", 0, &value))
        return false;
    if (!headers_number(value, &seconds)) {
        if (!headers_date(value, &until))
            return false;
        if (headers_get(headers, "Date", 0, &date) && !headers_date(date, &sent))
            sent = now;
        seconds = until - sent;
        if (seconds <= 0)
            return false;
    }
    *ret_seconds = seconds < RETRY_AFTER_MIN   ? RETRY_AFTER_MIN
                   : seconds > RETRY_AFTER_MAX ? RETRY_AFTER_MAX
                                               : seconds;
    return true;
}

/* An answer out of a cache carries the origin's time of long ago, and Age says how long. */
bool freshness_server_clock(struct text headers, int64_t *ret_time)
{
    struct text value;
    int64_t sent;

    if (!headers_get(headers, "Date", 0, &value) || !headers_date(value, &sent) ||
        __builtin_add_overflow(sent, read_age(headers), ret_time))
        return false;
    return true;
}
