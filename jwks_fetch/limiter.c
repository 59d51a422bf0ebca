/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limiter.c: may this request be made, and what follows from how it went (CACHE 5, 7 and 10).
 *
 * Nothing here reads a clock, a file or chance: all of it is a function of ID.state, the time and a random
 * number. Strangers choose a kid; they choose neither the number of requests nor for how long others must
 * wait.
 */
#include "fetch.h"

#include <stdio.h>
#include <string.h>

enum {
    TOKENS_MAX = 2,      /* a rotation and its repeat */
    INTERVAL_MIN = 60,   /* s: a rotation is seen within a minute */
    INTERVAL_MAX = 900,  /* s: 100 requests a day */
    QUIET_HALVES = 1800, /* s without such a refresh: two of the longest intervals */
    MISSES_MANY = 3,     /* two may be a rotation */
    MISSES_WITHIN = 900, /* s */
    LISTED_FIRST = 300,  /* s on the negative list, doubling with each strike */
    LISTED_LONGEST = 900,
    KID_BACKOFF_MS = 60000, /* of a back-off an unknown kid respects no more: the provider may be back */
    BACKOFF_USABLE = 30,    /* s, with usable keys */
    BACKOFF_USABLE_MAX = 900,
    BACKOFF_BARE = 5, /* s, without: a host that nobody can log in to must open soon */
    BACKOFF_BARE_MAX = 60,
};

enum backoff { BACKOFF_WHOLE, BACKOFF_FIRST_MINUTE, BACKOFF_NONE };

/* What a refresh for each reason has to respect. */
static const struct rule {
    enum backoff backoff;
    bool retry_after;
    bool token; /* takes one, whatever comes of it */
} rules[] = {
    [REFRESH_COLD] = {BACKOFF_WHOLE, true, false},  [REFRESH_STALE] = {BACKOFF_WHOLE, true, false},
    [REFRESH_DUE] = {BACKOFF_WHOLE, true, false},   [REFRESH_KID] = {BACKOFF_FIRST_MINUTE, true, true},
    [REFRESH_SIG] = {BACKOFF_WHOLE, true, true},    [REFRESH_CLOCK] = {BACKOFF_WHOLE, true, false},
    [REFRESH_MANUAL] = {BACKOFF_NONE, true, false}, [REFRESH_FORCE] = {BACKOFF_NONE, false, false},
    [REFRESH_FLUSH] = {BACKOFF_NONE, false, false},
};

/* Who holds the lock knows that nobody is in flight; before it, an attempt under way is one to wait for. */
static bool backs_off(const struct rate *rate, enum backoff backoff, int64_t now_b, bool locked)
{
    if (backoff == BACKOFF_NONE || now_b >= rate->next_b || (!locked && rate_in_flight(rate, now_b)))
        return false;
    return backoff == BACKOFF_WHOLE || now_b - rate->attempt_b < KID_BACKOFF_MS;
}

enum refresh_outcome limiter_verdict(const struct rate *rate, enum refresh_reason reason, uint64_t kid_hash,
                                     int64_t now_b, bool locked)
{
    const struct rule *rule = &rules[reason];

    if (rule->retry_after && rate_retry_after(rate, now_b))
        return OUTCOME_RETRY_AFTER;
    if (backs_off(rate, rule->backoff, now_b, locked))
        return OUTCOME_BACKOFF;
    if (reason == REFRESH_KID && rate_is_negative(rate, kid_hash, now_b))
        return OUTCOME_NEGATIVE;
    if (rule->token && rate_kid_tokens(rate, now_b) == 0)
        return OUTCOME_FLOOD;
    return OUTCOME_NONE;
}

/*
 * 30, 60, 120 ... 900 s, or 5 ... 60 s without usable keys; half to one and a half of it: hosts return
 * apart.
 */
int64_t limiter_backoff_ms(int64_t failures, bool usable, uint64_t random)
{
    const int64_t most = usable ? BACKOFF_USABLE_MAX : BACKOFF_BARE_MAX;
    int64_t seconds = usable ? BACKOFF_USABLE : BACKOFF_BARE;

    for (int64_t n = 1; n < failures && seconds < most; n++)
        seconds *= 2;
    if (seconds > most)
        seconds = most;
    return seconds * 500 + (int64_t)(random % (uint64_t)(seconds * 1000 + 1));
}

/* The end of a flood: each quiet half hour halves the interval, and those that have done so are used up. */
static void calm_down(struct rate *rate, int64_t now_b)
{
    while (rate->kid_interval > INTERVAL_MIN && now_b - rate->kid_last_b >= QUIET_HALVES * 1000) {
        rate->kid_interval = rate->kid_interval / 2 > INTERVAL_MIN ? rate->kid_interval / 2 : INTERVAL_MIN;
        rate->kid_last_b += QUIET_HALVES * 1000;
    }
}

/*
 * Tokens that have come since kid_stamp_b move it on by whole intervals; a full bucket starts to count
 * anew.
 */
static void take_token(struct rate *rate, int64_t now_b)
{
    int64_t tokens = rate_kid_tokens(rate, now_b);

    if (tokens == TOKENS_MAX)
        rate->kid_stamp_b = now_b;
    else
        rate->kid_stamp_b += (tokens - rate->kid_tokens) * rate->kid_interval * 1000;
    rate->kid_tokens = tokens > 0 ? tokens - 1 : 0;
    rate->kid_last_b = now_b;
}

static void count(int64_t *counter)
{
    if (*counter < RATE_MOST)
        (*counter)++;
}

/* Nothing was asked: somebody else had just done it, or it was held back. */
void limiter_skip(struct rate *rate, enum refresh_outcome outcome)
{
    count(&rate->outcomes[outcome]);
}

static void set_outcome(struct rate *rate, enum refresh_outcome outcome, unsigned http)
{
    count(&rate->outcomes[outcome]);
    snprintf(rate->outcome, sizeof(rate->outcome), "%s", refresh_outcome_name(outcome));
    rate->http = http;
}

/*
 * Strangers choose when a kid is asked for: each of theirs that fails is as a first failure, and no longer
 * pause ends earlier.  Else a flood in an outage would keep due refreshes, and with them the mirrors, away.
 */
static void back_off(struct rate *rate, bool strangers, bool usable, int64_t now_b, uint64_t random)
{
    int64_t next_b;

    if (!strangers || rate->fail_n == 0)
        rate->fail_n++;
    next_b = now_b + limiter_backoff_ms(strangers ? 1 : rate->fail_n, usable, random);
    if (!strangers || next_b > rate->next_b)
        rate->next_b = next_b;
}

void limiter_stamp(struct rate *rate, enum refresh_reason reason, bool usable, int64_t now_b, uint64_t random)
{
    calm_down(rate, now_b);
    if (rules[reason].token)
        take_token(rate, now_b);
    rate->attempt_b = now_b;
    rate->inflight_b = now_b;
    back_off(rate, rules[reason].token, usable, now_b, random);
    count(&rate->fetches);
    count(&rate->reasons[reason]);
    set_outcome(rate, OUTCOME_HELPER, 0); /* what it will have been if we die on the way */
}

/* The attempt of the stamp has not died on the way. */
static void settle(struct rate *rate, enum refresh_outcome outcome, unsigned http)
{
    if (rate->outcomes[OUTCOME_HELPER] > 0)
        rate->outcomes[OUTCOME_HELPER]--;
    set_outcome(rate, outcome, http);
    rate->inflight_b = 0;
}

void limiter_succeed(struct rate *rate, enum refresh_outcome outcome, unsigned http)
{
    settle(rate, outcome, http);
    rate->fail_n = 0;
    rate->next_b = 0;
}

/* The back-off is that of the stamp: it counts from the attempt, not from its end. */
void limiter_fail(struct rate *rate, enum refresh_outcome outcome, unsigned http)
{
    settle(rate, outcome, http);
}

void limiter_kid_found(struct rate *rate, uint64_t kid_hash)
{
    size_t kept = 0;

    rate->kid_interval = INTERVAL_MIN;
    rate->kid_tokens = TOKENS_MAX;
    for (size_t i = 0; i < rate->negative_count; i++)
        if (rate->negative[i].kid_hash != kid_hash)
            rate->negative[kept++] = rate->negative[i];
    rate->negative_count = kept;
}

static int64_t listed_ms(int64_t strikes)
{
    int64_t seconds = LISTED_FIRST;

    while (--strikes > 0 && seconds < LISTED_LONGEST)
        seconds *= 2;
    return (seconds < LISTED_LONGEST ? seconds : LISTED_LONGEST) * 1000;
}

static int64_t missed_b(const struct rate_negative *entry)
{
    return entry->until_b - listed_ms(entry->strikes);
}

/* The entry of this kid, or a new one in the place of the oldest; *ret_known: it was there. */
static struct rate_negative *find_entry(struct rate *rate, uint64_t kid_hash, bool *ret_known)
{
    size_t oldest = 0;

    *ret_known = true;
    for (size_t i = 0; i < rate->negative_count; i++) {
        if (rate->negative[i].kid_hash == kid_hash)
            return &rate->negative[i];
        if (missed_b(&rate->negative[i]) < missed_b(&rate->negative[oldest]))
            oldest = i;
    }
    *ret_known = false;
    if (rate->negative_count < KID_NEGATIVE_MAX)
        oldest = rate->negative_count++;
    rate->negative[oldest] = (struct rate_negative){.kid_hash = kid_hash};
    return &rate->negative[oldest];
}

static bool missed_lately(const struct rate_negative *entry, int64_t now_b)
{
    return now_b - missed_b(entry) <= MISSES_WITHIN * 1000;
}

static int64_t count_misses(const struct rate *rate, int64_t now_b)
{
    int64_t misses = 0;

    for (size_t i = 0; i < rate->negative_count; i++)
        misses += missed_lately(&rate->negative[i], now_b);
    return misses;
}

/*
 * The negative list is also the memory of which kids missed, and when: one wrong kid, repeated, raises
 * nothing.  One that missed long ago counts anew, or whoever takes turns with a few would raise nothing.
 */
bool limiter_kid_missed(struct rate *rate, uint64_t kid_hash, int64_t now_b)
{
    bool known;
    struct rate_negative *entry = find_entry(rate, kid_hash, &known);
    bool repeated = known && missed_lately(entry, now_b);

    entry->strikes++;
    entry->until_b = now_b + listed_ms(entry->strikes);
    rate->kid_misses = count_misses(rate, now_b);
    rate->kid_miss_b = now_b;
    if (repeated || rate->kid_misses < MISSES_MANY || rate->kid_interval >= INTERVAL_MAX)
        return false;
    rate->kid_interval = rate->kid_interval * 2 < INTERVAL_MAX ? rate->kid_interval * 2 : INTERVAL_MAX;
    return true;
}

/*
 * Each is a miss of its own, and its kid, which is in the set, is not held back: the entry's name is no
 * kid's.
 */
bool limiter_sig_missed(struct rate *rate, uint64_t kid_hash, int64_t now_b)
{
    return limiter_kid_missed(rate, ~kid_hash ^ (uint64_t)now_b, now_b);
}

/*
 * It is not listed: the provider may have the kid. But each that could not be asked for is a miss, or a flood
 * would ask more often in an outage, every minute, than without one (DESIGN 5).
 */
bool limiter_kid_failed(struct rate *rate, uint64_t kid_hash, int64_t now_b)
{
    return limiter_kid_missed(rate, ~kid_hash, now_b);
}

void limiter_retry_after(struct rate *rate, int64_t seconds, int64_t now_b)
{
    rate->retry_b = seconds > 0 ? now_b + seconds * 1000 : 0;
}

/* The boot time from which a refresh for this reason is let through again; not in the future: at once. */
int64_t limiter_allowed_b(const struct rate *rate, enum refresh_reason reason, uint64_t kid_hash,
                          int64_t now_b)
{
    static const int64_t step = 1000;
    int64_t at = now_b;

    /* No wait is longer than an hour (Retry-After), and each look costs nothing. */
    while (at < now_b + 7200 * step && limiter_verdict(rate, reason, kid_hash, at, true) != OUTCOME_NONE)
        at += step;
    return at;
}

static bool write_negative(const struct rate *rate, struct buffer *out)
{
    bool ok = record_print(out, "\"negative\":[");

    for (size_t i = 0; ok && i < rate->negative_count; i++)
        ok = record_print(out, "%s{\"kid\":\"%016llx\",\"until_b\":%lld,\"strikes\":%lld}", i > 0 ? "," : "",
                          (unsigned long long)rate->negative[i].kid_hash,
                          (long long)rate->negative[i].until_b, (long long)rate->negative[i].strikes);
    return ok && record_print(out, "]}");
}

bool limiter_write(const struct crypto *crypto, const char *id, const struct rate *rate,
                   struct buffer *ret_file)
{
    CLEANUP(buffer_freep) struct buffer head = {0}, body = {0};
    struct clock_base base;
    bool ok;

    clock_base_read(&base);
    ok = record_print(&head, "{\"id\":\"%s\",\"boot\":\"%s\",\"tns\":%lld}", id, base.boot,
                      (long long)base.tns) &&
         record_print(&body, "{\"outcome\":") && value_write_string(&body, text_from(rate->outcome)) &&
         record_print(&body, ",");
    for (const struct rate_member *member = rate_members; ok && member->name != NULL; member++) {
        int64_t number;

        memcpy(&number, (const char *)rate + member->offset, sizeof(number));
        ok = record_print(&body, "\"%s\":%lld,", member->name, (long long)number);
    }
    return ok && write_negative(rate, &body) &&
           envelope_write(crypto, "state", (struct text){(char *)head.bytes, head.length},
                          (struct text){(char *)body.bytes, body.length}, ret_file);
}
