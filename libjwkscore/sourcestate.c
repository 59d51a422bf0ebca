/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sourcestate.c: cache and attempts of an issuer as an administrator is shown them (CACHE 16).  No part of a decision.
 */
#include "internal.h"

static int64_t seconds_until(int64_t then_b, int64_t now_b)
{
    return then_b > now_b ? (then_b - now_b + 999) / 1000 : 0;
}

/* What the writer left out of the set; what turns out to be unusable now is added to it. */
static void list_dropped(struct sourcestate *state, const struct cache *cache)
{
    const struct value *dropped = value_member(cache->file.envelope.head, "dropped");

    for (enum key_drop drop = DROP_NONE + 1; drop < DROP_COUNT; drop++) {
        int64_t count = 0; /* the writer names only those that there are */

        if (!value_member_integer(dropped, jwk_drop_name(drop), 0, KEYSET_KEYS_MAX, &count))
            count = 0;
        state->dropped[drop - 1] = (struct jwkscore_count){jwk_drop_name(drop), count};
    }
}

/* Outcomes that are never written down: without a lock, a folder or a configuration there is nowhere to. */
static bool is_counted(enum refresh_outcome outcome)
{
    return outcome != OUTCOME_NOSTATE && outcome != OUTCOME_CONFIG && outcome != OUTCOME_LOCK_TIMEOUT;
}

static void list_fetches(struct sourcestate *state, const struct rate *rate)
{
    struct jwkscore_count *outcome = state->outcomes, *suppressed = state->suppressed;

    for (size_t i = 0; i < REFRESH_REASON_COUNT; i++)
        state->reasons[i] = (struct jwkscore_count){refresh_reason_name((enum refresh_reason)i), rate->reasons[i]};
    for (enum refresh_outcome i = OUTCOME_NEW; i < OUTCOME_COUNT; i++)
        if (i != OUTCOME_COALESCED && is_counted(i))
            *(refresh_is_suppressed(i) ? suppressed++ : outcome++) =
                (struct jwkscore_count){refresh_outcome_name(i), rate->outcomes[i]};
}

/* s until the flood limit has a token again. */
static int64_t seconds_until_kid(const struct rate *rate, int64_t now_b)
{
    return rate->kid_interval == 0 || rate_kid_tokens(rate, now_b) > 0 /* 0: a jwks_file has no state */
               ? 0
               : seconds_until(rate->kid_stamp_b + rate->kid_interval * 1000, now_b);
}

static int64_t count_negative(const struct rate *rate, int64_t now_b)
{
    int64_t count = 0;

    for (size_t i = 0; i < rate->negative_count; i++)
        count += now_b < rate->negative[i].until_b;
    return count;
}

/* A text of the header, "" where there is none; it lives as long as the cache. */
static const char *head_text(const struct cache *cache, const char *name)
{
    struct text text;

    return value_member_text(cache->file.envelope.head, name, &text) ? text.bytes : "";
}

/* While one is under way it is written down as failed already, and is waited for: that is no pause yet. */
static int64_t held_back_until_b(const struct rate *rate, bool in_flight)
{
    return in_flight || rate->retry_b > rate->next_b ? rate->retry_b : rate->next_b;
}

void sourcestate_describe(struct sourcestate *state, const struct cache *cache, const struct rate *rate, int64_t now)
{
    const struct stamps *stamps = &cache->file.stamps;
    int64_t now_b = clock_boot_ms();
    bool is_file = cache->state == CACHE_FILE, in_flight = rate_in_flight(rate, now_b);
    int64_t next_b = held_back_until_b(rate, in_flight);

    list_dropped(state, cache);
    list_fetches(state, rate);
    state->shown = (struct jwkscore_source_state){
        .size = sizeof(state->shown),
        .id = cache->id,
        .state = cache_state_name(cache->state),
        .note = cache->note,
        .age = cache->age,
        .ttl = cache->file.stamps.ttl,
        .generation = cache->file.gen,
        .outcome = rate->outcome,
        .http = rate->http,
        .failures = rate->fail_n - (in_flight && rate->fail_n > 0),
        .next_attempt = seconds_until(next_b, now_b),
        .kid_interval = rate->kid_interval,
        .fetches = rate->fetches,
        .max_stale = is_file ? 0 : age_limit(cache->issuer, stamps->ttl),
        .ttl_from = head_text(cache, "ttl_from"),
        .via = head_text(cache, "via"),
        .validated = stamps->validated_w,
        .last_attempt = rate->attempt_b > 0 ? now - (now_b - rate->attempt_b) / 1000 : 0,
        .held_back = rate_retry_after(rate, now_b) ? "retry-after" : now_b < next_b ? "backoff" : "",
        .clock_wrong = !is_file && age_clock_wrong(stamps, now),
        .in_flight = in_flight,
        .kid_next = seconds_until_kid(rate, now_b),
        .negative = count_negative(rate, now_b),
        .dropped = state->dropped,
        .reasons = state->reasons,
        .outcomes = state->outcomes,
        .suppressed = state->suppressed,
        .coalesced = rate->outcomes[OUTCOME_COALESCED],
    };
}
