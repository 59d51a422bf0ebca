/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery.c: where does this issuer publish its keys?  (OpenID Connect Discovery 1.0 section 4, CACHE 13)
 *
 * The answer is kept like keys, for a day, and used for a week while discovery fails.  Its `issuer` is ours
 * byte for byte or the document is somebody else's.
 */
#include "fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* What ID.disc says. */
struct known {
    char *uri; /* NULL: nothing */
    int64_t gen;
    int64_t floor_w;
    struct age age;
};

static void known_clear(struct known *known)
{
    string_freep(&known->uri);
}

/* `{"jwks_uri":"..."}` */
static bool read_body(struct text body, struct text *ret_uri, struct value **ret_document)
{
    return value_parse(body, ret_document, NULL) == JWKSCORE_OK &&
           value_member_text(*ret_document, "jwks_uri", ret_uri) && ret_uri->length <= URI_MAX &&
           uri_check(*ret_uri) == NULL;
}

static bool parse_file(const struct cache *cache, struct buffer *file, struct known *ret_known)
{
    CLEANUP(envelope_clear) struct envelope envelope = {0};
    CLEANUP(value_freep) struct value *document = NULL;
    struct stamps stamps;
    struct text uri;

    if (envelope_parse(cache->config->crypto, "discovery", file, &envelope, NULL) != JWKSCORE_OK ||
        !value_is(value_member(envelope.head, "id"), cache->id) ||
        !value_is(value_member(envelope.head, "issuer"), cache->issuer->issuer) ||
        !stamps_parse(envelope.head, &stamps) ||
        !value_member_integer(envelope.head, "gen", 0, INT64_MAX - 1, &ret_known->gen) ||
        !read_body(envelope.body, &uri, &document))
        return false;
    ret_known->floor_w = stamps.floor_w;
    age_of(&stamps, process_wall(), &ret_known->age);
    ret_known->uri = text_copy(uri);
    return ret_known->uri != NULL;
}

/* The newer of the file and its overflow copy. */
static void read_known(const struct cache *cache, struct known *ret_known)
{
    const struct folder *const folders[] = {&cache->state_dir, &cache->run_dir};
    char name[SOURCE_ID_SIZE + sizeof(".disc")];

    snprintf(name, sizeof(name), "%s.disc", cache->id);
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        CLEANUP(buffer_freep) struct buffer file = {0};
        CLEANUP(known_clear) struct known found = {0};
        bool absent;

        if (folders[i]->fd < 0 ||
            file_read_at(folders[i], name, folders[i]->owner, ENVELOPE_MAX, &file, &absent, NULL) !=
                JWKSCORE_OK ||
            absent || !parse_file(cache, &file, &found) ||
            (ret_known->uri != NULL && found.gen <= ret_known->gen))
            continue;
        known_clear(ret_known);
        *ret_known = found;
        found.uri = NULL;
    }
}

/* issuer less one trailing slash, and the well-known path. */
static bool make_address(const char *issuer, char *out, size_t size, struct failure *failure)
{
    size_t length = strlen(issuer);
    const char *wrong = uri_check_issuer(text_from(issuer));
    int written;

    if (wrong != NULL) {
        failure_set(failure, OUTCOME_CONFIG, 0, "the issuer %s, so jwks_uri must be set", wrong);
        return false;
    }
    if (issuer[length - 1] == '/')
        length--;
    written = snprintf(out, size, "%.*s/.well-known/openid-configuration", (int)length, issuer);
    return written > 0 && (size_t)written < size;
}

/* The document's issuer is ours; its jwks_uri is an address. */
static bool read_document(const char *ours, struct discovered *discovered, struct failure *failure)
{
    struct text body = text_skip_bom(answer_body(&discovered->response)), issuer = {"", 0}, uri = {"", 0};
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    char quoted[QUOTED_SIZE], quoted_ours[QUOTED_SIZE];
    const char *wrong;

    if (value_parse(body, &discovered->document, &error) != JWKSCORE_OK) {
        failure_set(failure, OUTCOME_NOT_JSON, 200, "discovery: %s", error.message);
        return false;
    }
    if (!value_member_text(discovered->document, "issuer", &issuer) || !text_is(issuer, ours)) {
        failure_set(failure, OUTCOME_DISCOVERY, 200, "its issuer is %s and ours %s",
                    issuer.length > 0 ? error_quote(quoted, issuer) : "missing",
                    error_quote(quoted_ours, text_from(ours)));
        return false;
    }
    if (!value_member_text(discovered->document, "jwks_uri", &uri))
        wrong = "is missing";
    else
        wrong = uri.length > URI_MAX ? "is too long" : uri_check(uri);
    if (wrong != NULL) {
        failure_set(failure, OUTCOME_DISCOVERY, 200, "its jwks_uri %s %s", error_quote(quoted, uri), wrong);
        return false;
    }
    discovered->uri = text_copy(uri);
    return discovered->uri != NULL;
}

void discovery_clear(struct discovered *discovered)
{
    answer_clear(&discovered->response);
    value_freep(&discovered->document);
    string_freep(&discovered->uri);
}

bool discovery_get(struct attempt *attempt, struct discovered *discovered, struct failure *failure)
{
    struct request request = {.uri = discovered->address,
                              .ca_file = attempt->issuer->ca_file,
                              .proxy = attempt->issuer->proxy,
                              .fresh = true,
                              .most = DISCOVERY_MAX};
    const char *issuer = attempt->issuer->issuer;

    if (make_address(issuer, discovered->address, sizeof(discovered->address), failure) &&
        answer_get(attempt, &request, &discovered->response, failure) &&
        read_document(issuer, discovered, failure))
        return true;
    failure_at(failure, discovered->address);
    return false;
}

static void store(struct attempt *attempt, const struct known *old, const char *address,
                  const struct response *response, const char *uri)
{
    CLEANUP(buffer_freep) struct buffer body = {0}, file = {0};
    struct failure ignored = {.outcome = OUTCOME_NONE}; /* the address is good for this run */
    struct record record = {.kind = "discovery",
                            .uri = text_from(address),
                            .via = TEXT("origin"),
                            .gen = old->gen + 1,
                            .stamps = {.floor_w = old->floor_w}};

    record_validate(&record, response);
    record.stamps.ttl = DISCOVERY_TTL;
    record.ttl_from = TEXT("default");
    if (buffer_append(&body, TEXT("{\"jwks_uri\":")) && value_write_string(&body, text_from(uri)) &&
        buffer_append(&body, TEXT("}")) &&
        record_write(&record, &attempt->cache, (struct text){(char *)body.bytes, body.length}, &file))
        (void)!store_put(&attempt->cache, ".disc", &file, STORE_DURABLE, &ignored);
}

/* Asks, and keeps what it learns. */
static char *ask(struct attempt *attempt, const struct known *old, struct failure *failure)
{
    CLEANUP(discovery_clear) struct discovered discovered = {.uri = NULL};
    char *uri;

    if (!discovery_get(attempt, &discovered, failure))
        return NULL;
    attempt->rate.disc_fail_n = 0;
    attempt->rate.disc_next_b = 0;
    store(attempt, old, discovered.address, &discovered.response, discovered.uri);
    uri = discovered.uri;
    discovered.uri = NULL;
    return uri;
}

/* Its own back-off: a failure blocks nothing while an address is known. */
static void note_failure(struct attempt *attempt, const struct failure *failure)
{
    struct rate *rate = &attempt->rate;
    int64_t now_b = clock_boot_ms(), wait_ms;

    rate->disc_fail_n++;
    wait_ms = limiter_backoff_ms(rate->disc_fail_n, true, process_random());
    if (attempt->retry_after * 1000 > wait_ms)
        wait_ms = attempt->retry_after * 1000;
    rate->disc_next_b = now_b + wait_ms;
    attempt->retry_after = 0;
    report_event(LOG_WARNING, "discovery-fail", attempt->issuer,
                 "outcome=%s http=%u detail=\"%s\" host=\"%s\" next=%lld",
                 refresh_outcome_name(failure->outcome), failure->http, failure->detail, failure->host,
                 (long long)(wait_ms / 1000));
}

static bool is_due(const struct attempt *attempt, const struct known *known)
{
    int64_t due = age_due(DISCOVERY_TTL, age_spread(attempt->config->crypto, attempt->cache.id));

    if (clock_boot_ms() < attempt->rate.disc_next_b)
        return false;
    return attempt->address_doubtful || known->age.best < CACHE_FRESH || known->age.seconds >= due;
}

static void compare(const struct attempt *attempt, const char *before, const char *now)
{
    char quoted_before[QUOTED_SIZE], quoted_now[QUOTED_SIZE];

    if (strcmp(before, now) != 0)
        report_event(LOG_WARNING, "jwks-uri-changed", attempt->issuer, "from=\"%s\" to=\"%s\"",
                     error_quote(quoted_before, text_from(before)), error_quote(quoted_now, text_from(now)));
}

char *discovery_uri(struct attempt *attempt)
{
    CLEANUP(known_clear) struct known known = {0};
    struct failure failure = {.outcome = OUTCOME_NONE};
    char *uri;

    read_known(&attempt->cache, &known);
    if (known.uri != NULL && known.age.best >= CACHE_STALE && known.age.seconds > DISCOVERY_OUTAGE)
        string_freep(&known.uri);
    if (known.uri != NULL && !is_due(attempt, &known)) {
        uri = known.uri;
        known.uri = NULL;
        return uri;
    }
    uri = ask(attempt, &known, &failure);
    if (uri != NULL && known.uri != NULL)
        compare(attempt, known.uri, uri);
    if (uri != NULL)
        return uri;
    if (known.uri == NULL) {
        attempt->failure = failure;
        return NULL;
    }
    note_failure(attempt, &failure);
    uri = known.uri;
    known.uri = NULL;
    return uri;
}
