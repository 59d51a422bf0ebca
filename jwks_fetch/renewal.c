/* SPDX-License-Identifier: Apache-2.0 */
/*
 * renewal.c: an answer becomes the cache's new generation (CACHE 10 step 7, 12, 14).
 */
#include "fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

enum { NAMES_SIZE = 1024 };

static struct text as_text(const struct buffer *buffer)
{
    return (struct text){(const char *)buffer->bytes, buffer->length};
}

/* What a reader would not take must not replace what it takes now. */
static bool is_readable(const struct cache *cache, const struct buffer *file)
{
    CLEANUP(buffer_freep) struct buffer copy = {0};
    CLEANUP(cache_file_clear) struct cache_file parsed = {0};

    return file->length <= ENVELOPE_MAX && buffer_append(&copy, as_text(file)) &&
           cache_file_parse(cache->config->crypto, cache->id, cache->issuer->issuer, &copy, &parsed, NULL) ==
               JWKSCORE_OK;
}

/* The kids of the keys that are in `listing` and not in `other`: all are named as long as there is room. */
static void name_keys(const struct listing *listing, const struct listing *other, char *out, size_t size)
{
    size_t length = 0;

    out[0] = '\0';
    for (size_t i = 0; i < listing->count; i++) {
        const struct listed *key = &listing->at[i];
        char quoted[QUOTED_SIZE];

        if (set_has_key(other, key))
            continue;
        if (length + sizeof(quoted) + 4 > size) {
            snprintf(out + length, size - length, " ...");
            return;
        }
        error_quote(quoted, key->kid.length > 0 ? key->kid : text_from(key->thumbprint));
        length += (size_t)snprintf(out + length, size - length, "%s%s", length > 0 ? " " : "", quoted);
    }
}

static void report_new(const struct attempt *attempt, const struct record *record,
                       const struct listing *before, const struct transfer *transfer)
{
    char added[NAMES_SIZE], removed[NAMES_SIZE];

    name_keys(&transfer->set->listing, before, added, sizeof(added));
    name_keys(before, &transfer->set->listing, removed, sizeof(removed));
    report_event(
        added[0] != '\0' || removed[0] != '\0' ? LOG_NOTICE : LOG_INFO, "refresh-ok", attempt->issuer,
        "reason=%s outcome=new keys=%zu added=\"%s\" removed=\"%s\" gen=%lld ttl=%lld ttl_from=%s via=%s",
        refresh_reason_name(attempt->reason), record->kept, added, removed, (long long)record->gen,
        (long long)record->stamps.ttl, record->ttl_from.bytes, transfer->via);
}

/* Once a change, not once an hour. */
static void report_dropped(const struct attempt *attempt, const struct set *set, const struct record *old)
{
    char quoted[QUOTED_SIZE];

    for (size_t i = DROP_NONE + 1; i < DROP_COUNT; i++) {
        if (set->dropped[i] == 0 || (old != NULL && old->dropped[i] == set->dropped[i]))
            continue;
        if (i == DROP_PRIVATE)
            report_event(
                LOG_CRIT, "key-dropped", attempt->issuer,
                "why=private count=%zu kid=\"%s\" detail=\"compromised: its private half was published\"",
                set->dropped[i], error_quote(quoted, set->leaked));
        else
            report_event(LOG_WARNING, "key-dropped", attempt->issuer, "why=%s count=%zu",
                         jwk_drop_name((enum key_drop)i), set->dropped[i]);
    }
}

/* Once a change, too. */
static void report_clock(struct attempt *attempt, const struct response *response)
{
    int64_t server, ahead;
    bool skewed;

    if (!freshness_server_clock(answer_headers(response), &server))
        return;
    ahead = process_wall() - server;
    skewed = ahead > CLOCK_STEP_MAX || ahead < -CLOCK_STEP_MAX;
    if (skewed && attempt->rate.clock_skewed == 0)
        report_event(LOG_WARNING, "clock-skew", attempt->issuer, "ahead=%lld", (long long)ahead);
    attempt->rate.clock_skewed = skewed;
}

/* The flood limit's part of it: was the kid found that this refresh was for? (CACHE 7) */
static void judge_kid(struct attempt *attempt, const struct listing *now, const struct listing *before)
{
    bool found, grew;

    if (attempt->reason != REFRESH_KID && attempt->reason != REFRESH_SIG)
        return;
    found = attempt->reason == REFRESH_KID ? set_has_kid(now, attempt->kid_hash)
                                           : set_has_news(now, before, attempt->kid_hash);
    if (found) {
        limiter_kid_found(&attempt->rate, attempt->kid_hash);
        return;
    }
    grew = attempt->reason == REFRESH_KID
               ? limiter_kid_missed(&attempt->rate, attempt->kid_hash, clock_boot_ms())
               : limiter_sig_missed(&attempt->rate, attempt->kid_hash, clock_boot_ms());
    if (grew)
        report_event(LOG_WARNING, "kid-flood", attempt->issuer, "misses=%lld interval=%lld",
                     (long long)attempt->rate.kid_misses, (long long)attempt->rate.kid_interval);
}

/* Where a file was damaged, it does not take the place of a good previous one; a flush leaves none. */
static enum store_how how_to_store(const struct attempt *attempt)
{
    return attempt->reason != REFRESH_FLUSH && attempt->cache.note[0] == '\0' ? STORE_DURABLE_AND_PREVIOUS
                                                                              : STORE_DURABLE;
}

/* Writes, checks and stores one generation.  False: attempt->failure says why. */
static bool replace(struct attempt *attempt, struct record *record, struct text body)
{
    CLEANUP(buffer_freep) struct buffer file = {0};

    record->gen = attempt->cache.file.gen + 1;
    if (!record_write(record, &attempt->cache, body, &file) || !is_readable(&attempt->cache, &file)) {
        failure_set(&attempt->failure, OUTCOME_HELPER, 0, "the new generation cannot be written down");
        return false;
    }
    if (store_put(&attempt->cache, ".jwks", &file, how_to_store(attempt), &attempt->failure))
        return true;
    if (attempt->awaited) {
        attempt->failure = (struct failure){.outcome = OUTCOME_NONE};
        failure_set(&attempt->failure, OUTCOME_NOPERSIST, 0,
                    "no folder takes a write: good for this login alone");
        attempt->unstored = file;
        file = (struct buffer){0};
    }
    return false;
}

/* 200: the new keys, and behind them those that vanished, which a flush forgets. */
static bool take_new(struct attempt *attempt, struct transfer *transfer)
{
    const struct cache *old = attempt->reason == REFRESH_FLUSH ? NULL : &attempt->cache;
    struct record before = {0},
                  record = {.kind = "keys", .uri = text_from(transfer->uri), .via = text_from(transfer->via)};
    CLEANUP(set_listing_freep) struct listing *listed = calloc(1, sizeof(*listed));
    struct set *set = transfer->set;
    bool has_old = attempt->cache.file.keyset != NULL && record_read(&attempt->cache.file, &before);

    if (listed == NULL || !set_list(attempt->config->crypto, &attempt->cache.file, listed) ||
        !set_finish(attempt->config->crypto, set, old, process_wall()))
        return false;
    record.stamps.floor_w = before.stamps.floor_w;
    record.seen = set->document->count;
    record.kept = set->listing.count;
    memcpy(record.dropped, set->dropped, sizeof(record.dropped));
    record.gone = set->gone;
    record.gone_count = set->gone_count;
    record_validate(&record, &transfer->response);
    if (!replace(attempt, &record, as_text(&set->body)))
        return false;
    limiter_succeed(&attempt->rate, OUTCOME_NEW, transfer->response.status);
    judge_kid(attempt, &set->listing, listed);
    report_dropped(attempt, set, has_old ? &before : NULL);
    report_new(attempt, &record, listed, transfer);
    return true;
}

/* 304: the same keys, validated; those that had vanished have been gone for so much longer. */
static bool take_unchanged(struct attempt *attempt, struct transfer *transfer)
{
    const struct cache_file *file = &attempt->cache.file;
    int64_t gone[KEYSET_KEYS_MAX], elapsed = set_elapsed(&attempt->cache, process_wall());
    struct record record;

    if (!record_read(file, &record))
        return false;
    for (size_t i = 0; i < file->gone_count; i++)
        gone[i] = file->gone[i] + elapsed;
    record.gone = gone;
    record_validate(&record, &transfer->response);
    if (!replace(attempt, &record, file->envelope.body))
        return false;
    limiter_succeed(&attempt->rate, OUTCOME_UNCHANGED, transfer->response.status);
    report_event(LOG_INFO, "refresh-ok", attempt->issuer,
                 "reason=%s outcome=unchanged keys=%zu gen=%lld ttl=%lld ttl_from=%.*s via=%s",
                 refresh_reason_name(attempt->reason), record.kept, (long long)record.gen,
                 (long long)record.stamps.ttl, (int)record.ttl_from.length, record.ttl_from.bytes,
                 transfer->via);
    return true;
}

enum refresh_outcome renewal_apply(struct attempt *attempt, struct transfer *transfer)
{
    struct failure origin = attempt->failure; /* a mirror answered in its place */

    attempt->failure = (struct failure){.outcome = OUTCOME_NONE};
    if (!(transfer->set != NULL ? take_new(attempt, transfer) : take_unchanged(attempt, transfer)))
        return attempt->failure.outcome;
    report_clock(attempt, &transfer->response);
    if (origin.outcome != OUTCOME_NONE)
        report_event(LOG_WARNING, "origin-fail", attempt->issuer,
                     "outcome=%s http=%u detail=\"%s\" host=\"%s\"", refresh_outcome_name(origin.outcome),
                     origin.http, origin.detail, origin.host);
    else
        attempt->rate.retry_b = 0;
    if (attempt->reason == REFRESH_FLUSH)
        store_remove(&attempt->cache.state_dir, attempt->cache.id, ".prev");
    return transfer->set != NULL ? OUTCOME_NEW : OUTCOME_UNCHANGED;
}

/*
 * Forgets all but the last validated keys: vanished ones, the previous generation, back-off, flood limit
 * (CACHE 15).
 */
void renewal_flush(struct attempt *attempt)
{
    CLEANUP(buffer_freep) struct buffer body = {0};
    struct cache *cache = &attempt->cache;
    struct rate *rate = &attempt->rate, before = *rate;
    struct record record;

    rate_init(rate);
    rate->fetches = before.fetches;
    memcpy(rate->reasons, before.reasons, sizeof(rate->reasons));
    memcpy(rate->outcomes, before.outcomes, sizeof(rate->outcomes));
    if (cache->file.keyset == NULL) { /* what there is of both is damaged */
        store_remove(&cache->state_dir, cache->id, ".prev");
        store_remove(&cache->run_dir, cache->id, ".jwks");
        return;
    }
    if (!record_read(&cache->file, &record))
        return;
    record.gone_count = 0;
    if (set_write_current(cache->config->crypto, &cache->file, &body) &&
        replace(attempt, &record, as_text(&body)))
        store_remove(&cache->state_dir, cache->id, ".prev");
    attempt->failure = (struct failure){.outcome = OUTCOME_NONE}; /* what counts is how the fetch goes */
    buffer_freep(&attempt->unstored);
    cache_load(cache, process_wall());
}
