/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_limiter.c: neither an outage nor a flood of invented kids decides how often a provider is asked.
 * The clock is simulated.
 */
#include "../jwks_fetch/fetch.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
#define START INT64_C(1000000000) /* a boot clock of eleven days */

static struct rate fresh_rate(void)
{
    struct rate rate;

    rate_init(&rate);
    return rate;
}

static bool allowed(const struct rate *rate, enum refresh_reason reason, uint64_t kid, int64_t now_b)
{
    return limiter_verdict(rate, reason, kid, now_b, true) == OUTCOME_NONE;
}

static void expect_verdict(const struct rate *rate, enum refresh_reason reason, int64_t now_b,
                           enum refresh_outcome wanted)
{
    enum refresh_outcome verdict = limiter_verdict(rate, reason, 1, now_b, true);

    ck_assert_msg(verdict == wanted, "%s: %s, not %s", refresh_reason_name(reason),
                  refresh_outcome_name(verdict), refresh_outcome_name(wanted));
}

/* A login with this kid, which the provider does not have.  True: it was asked. */
static bool ask_in_vain(struct rate *rate, uint64_t kid, int64_t now_b)
{
    if (!allowed(rate, REFRESH_KID, kid, now_b))
        return false;
    limiter_stamp(rate, REFRESH_KID, true, now_b, 0);
    limiter_succeed(rate, OUTCOME_NEW, 200);
    limiter_kid_missed(rate, kid, now_b);
    return true;
}

/* A new kid every second.  Writes the seconds of the requests. */
static size_t flood(struct rate *rate, int64_t from, int64_t seconds, int64_t at[], size_t room)
{
    size_t count = 0;

    for (int64_t t = 0; t < seconds; t++)
        for (uint64_t twice = 0; twice < 2; twice++)
            if (ask_in_vain(rate, (uint64_t)(from + t) * 2 + twice, from + t * SECOND)) {
                ck_assert_uint_lt(count, room);
                at[count++] = t;
            }
    return count;
}

/* --- the flood limit (CACHE 7) --- */

START_TEST(flood_is_eight_requests_in_the_first_hour)
{
    static const int64_t wanted[] = {0, 0, 60, 180, 420, 900, 1800, 2700, 3600, 4500, 5400, 6300};
    struct rate rate = fresh_rate();
    int64_t at[32];
    size_t count = flood(&rate, START, 7200, at, ARRAY_LENGTH(at));

    ck_assert_uint_eq(count, ARRAY_LENGTH(wanted));
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(at[i], wanted[i]);
    ck_assert_int_eq(rate.kid_interval, 900);
}
END_TEST

/* The same where each request is late by a second: clocks never hit the mark. */
START_TEST(flood_that_stumbles_is_no_faster)
{
    struct rate rate = fresh_rate();
    int64_t now = START;
    size_t count = 0;

    for (uint64_t kid = 0; now < START + HOUR; kid++, now += 7 * SECOND + 13)
        count += ask_in_vain(&rate, kid, now);
    ck_assert_uint_ge(count, 6);
    ck_assert_uint_le(count, 8);
}
END_TEST

START_TEST(rotation_during_a_flood_is_seen_within_the_longest_interval)
{
    struct rate rate = fresh_rate();
    int64_t at[32], now = START + HOUR;

    flood(&rate, START, 3600, at, ARRAY_LENGTH(at));
    while (!allowed(&rate, REFRESH_KID, 7, now))
        now += SECOND;
    ck_assert_int_le(now - START - HOUR, 900 * SECOND);
}
END_TEST

START_TEST(flood_never_delays_a_scheduled_refresh)
{
    struct rate rate = fresh_rate();

    ck_assert(ask_in_vain(&rate, 1, START) && ask_in_vain(&rate, 2, START));
    expect_verdict(&rate, REFRESH_KID, START, OUTCOME_NEGATIVE);
    ck_assert_int_eq(limiter_verdict(&rate, REFRESH_KID, 3, START, true), OUTCOME_FLOOD);
    expect_verdict(&rate, REFRESH_SIG, START, OUTCOME_FLOOD);
    expect_verdict(&rate, REFRESH_DUE, START, OUTCOME_NONE);
    expect_verdict(&rate, REFRESH_STALE, START, OUTCOME_NONE);
    expect_verdict(&rate, REFRESH_COLD, START, OUTCOME_NONE);
    expect_verdict(&rate, REFRESH_MANUAL, START, OUTCOME_NONE);
}
END_TEST

/* Row D07, in an outage: a kid every second, and a timer every five minutes. */
START_TEST(flood_in_an_outage_does_not_keep_scheduled_refreshes_away)
{
    struct rate rate = fresh_rate();
    int64_t refreshes = 0, kids = 0, kids_at_first = 0;

    for (int64_t t = 0; t < 6 * 3600; t++) {
        int64_t now = START + t * SECOND;
        bool due = t % 303 == 0 && allowed(&rate, REFRESH_DUE, 0, now);

        if (due || allowed(&rate, REFRESH_KID, (uint64_t)t, now)) {
            limiter_stamp(&rate, due ? REFRESH_DUE : REFRESH_KID, true, now, (uint64_t)t * 7919);
            limiter_fail(&rate, OUTCOME_TIMEOUT, 0);
            if (!due)
                limiter_kid_failed(&rate, (uint64_t)t, now);
            refreshes += due;
            kids += !due;
            kids_at_first += !due && t < 3600;
        }
    }
    ck_assert_int_ge(refreshes, 6 * 2);
    ck_assert_int_le(refreshes, 6 + 6 * 3600 / 450);
    ck_assert_int_le(kids_at_first, 8);
    ck_assert_int_le(kids, 8 + 5 * 4);
}
END_TEST

START_TEST(pause_after_a_strangers_kid_is_that_of_a_first_failure)
{
    struct rate rate = fresh_rate();
    int64_t next_b;

    for (int n = 0; n < 3; n++)
        limiter_stamp(&rate, REFRESH_KID, true, START + n * MINUTE, 0);
    ck_assert(rate.fail_n == 1 && rate.next_b == START + 2 * MINUTE + 15 * SECOND);
    for (int n = 0; n < 4; n++)
        limiter_stamp(&rate, REFRESH_DUE, true, START + 3 * MINUTE, 0);
    next_b = rate.next_b;
    ck_assert(rate.fail_n == 5 && next_b == START + 3 * MINUTE + 240 * SECOND);
    limiter_stamp(&rate, REFRESH_SIG, true, START + 4 * MINUTE, 0);
    ck_assert(rate.fail_n == 5 && rate.next_b == next_b && rate.attempt_b == START + 4 * MINUTE);
}
END_TEST

/* Row D05. */
START_TEST(one_wrong_kid_raises_nothing)
{
    struct rate rate = fresh_rate();
    size_t count = 0;

    for (int64_t t = 0; t < HOUR; t += 10 * SECOND)
        count += ask_in_vain(&rate, 1, START + t);
    ck_assert_uint_ge(count, 2);
    ck_assert_uint_le(count, 6);
    ck_assert_int_eq(rate.kid_interval, 60);
}
END_TEST

/* Row D06. */
START_TEST(quiet_ends_a_flood)
{
    struct rate rate = fresh_rate();
    int64_t at[32], quiet;
    size_t count = flood(&rate, START, 7200, at, ARRAY_LENGTH(at));

    quiet = START + at[count - 1] * SECOND;
    ck_assert_int_eq(rate.kid_interval, 900);
    ck_assert(allowed(&rate, REFRESH_KID, 7, quiet + 900 * SECOND));
    for (int64_t t = 0; t < 4 * 1800; t += 300)
        limiter_stamp(&rate, REFRESH_DUE, true, quiet + t * SECOND, 0);
    ck_assert_int_gt(rate.kid_interval, 60);
    limiter_stamp(&rate, REFRESH_DUE, true, quiet + 4 * 1800 * SECOND, 0);
    ck_assert_int_eq(rate.kid_interval, 60);
}
END_TEST

START_TEST(two_misses_may_be_a_rotation_three_are_a_flood)
{
    struct rate rate = fresh_rate();

    limiter_kid_missed(&rate, 1, START);
    ck_assert(!limiter_kid_missed(&rate, 2, START));
    ck_assert(!limiter_kid_missed(&rate, 2, START + MINUTE));
    ck_assert_int_eq(rate.kid_interval, 60);
    ck_assert(limiter_kid_missed(&rate, 3, START + 2 * MINUTE));
    ck_assert_int_eq(rate.kid_interval, 120);
}
END_TEST

START_TEST(three_misses_far_apart_are_no_flood)
{
    struct rate rate = fresh_rate();

    limiter_kid_missed(&rate, 1, START);
    limiter_kid_missed(&rate, 2, START + 500 * SECOND);
    ck_assert(!limiter_kid_missed(&rate, 3, START + 901 * SECOND));
    ck_assert_int_eq(rate.kid_interval, 60);
    ck_assert(limiter_kid_missed(&rate, 4, START + 1400 * SECOND));
}
END_TEST

/* The list remembers 64 kids for as long as the machine is up: they are no free requests for ever. */
START_TEST(kids_that_missed_long_ago_are_distinct_misses_again)
{
    struct rate rate = fresh_rate();
    int64_t now = START;

    for (uint64_t kid = 1; kid <= 3; kid++, now += 901 * SECOND)
        ck_assert(!limiter_kid_missed(&rate, kid, now));
    ck_assert(!limiter_kid_missed(&rate, 1, now) && !limiter_kid_missed(&rate, 2, now + MINUTE));
    ck_assert(limiter_kid_missed(&rate, 3, now + 2 * MINUTE));
    ck_assert_int_eq(rate.kid_interval, 120);
    ck_assert(!limiter_kid_missed(&rate, 3, now + 12 * MINUTE)); /* the same, repeated */
    ck_assert_int_eq(rate.kid_interval, 120);
}
END_TEST

START_TEST(found_kid_fills_the_bucket)
{
    struct rate rate = fresh_rate();
    int64_t at[32], now = START + HOUR;

    flood(&rate, START, 3600, at, ARRAY_LENGTH(at));
    limiter_kid_missed(&rate, 7, now);
    ck_assert(!allowed(&rate, REFRESH_KID, 7, now));
    limiter_kid_found(&rate, 7);
    ck_assert_int_eq(rate.kid_interval, 60);
    ck_assert_int_eq(rate_kid_tokens(&rate, now), 2);
    ck_assert(allowed(&rate, REFRESH_KID, 7, now));
    ck_assert(allowed(&rate, REFRESH_KID, 8, now));
}
END_TEST

START_TEST(failed_fetch_costs_a_token_and_lists_nothing)
{
    struct rate rate = fresh_rate();

    limiter_stamp(&rate, REFRESH_KID, true, START, 0);
    limiter_fail(&rate, OUTCOME_TIMEOUT, 0);
    limiter_kid_failed(&rate, 1, START);
    ck_assert_int_eq(rate_kid_tokens(&rate, START), 1);
    ck_assert(!rate_is_negative(&rate, 1, START));
    limiter_stamp(&rate, REFRESH_DUE, true, START, 0);
    ck_assert_int_eq(rate_kid_tokens(&rate, START), 1);
    for (int n = 0; n < 5; n++) /* one person who tries again */
        limiter_kid_failed(&rate, 1, START + n * MINUTE);
    ck_assert_int_eq(rate.kid_interval, 60);
}
END_TEST

START_TEST(kid_is_listed_longer_with_each_strike)
{
    static const int64_t listed[] = {300, 600, 900, 900};
    struct rate rate = fresh_rate();
    int64_t now = START;

    for (size_t i = 0; i < ARRAY_LENGTH(listed); i++) {
        limiter_kid_missed(&rate, 1, now);
        ck_assert(rate_is_negative(&rate, 1, now + listed[i] * SECOND - 1));
        ck_assert(!rate_is_negative(&rate, 1, now + listed[i] * SECOND));
        ck_assert(!rate_is_negative(&rate, 2, now));
        now += listed[i] * SECOND;
    }
}
END_TEST

START_TEST(full_list_forgets_the_oldest)
{
    struct rate rate = fresh_rate();

    for (uint64_t kid = 1; kid <= KID_NEGATIVE_MAX; kid++)
        limiter_kid_missed(&rate, kid, START + (int64_t)kid);
    ck_assert(rate_is_negative(&rate, 1, START + SECOND));
    limiter_kid_missed(&rate, KID_NEGATIVE_MAX + 1, START + SECOND);
    ck_assert_uint_eq(rate.negative_count, KID_NEGATIVE_MAX);
    ck_assert(!rate_is_negative(&rate, 1, START + SECOND));
    ck_assert(rate_is_negative(&rate, 2, START + SECOND));
    ck_assert(rate_is_negative(&rate, KID_NEGATIVE_MAX + 1, START + SECOND));
}
END_TEST

START_TEST(unchanged_material_is_a_miss_but_its_kid_is_not_listed)
{
    struct rate rate = fresh_rate();

    ck_assert(!limiter_sig_missed(&rate, 1, START) && !limiter_sig_missed(&rate, 1, START + 301 * SECOND));
    ck_assert(!rate_is_negative(&rate, 1, START + 301 * SECOND));
    ck_assert(limiter_sig_missed(&rate, 1, START + 602 * SECOND));
    ck_assert_int_eq(rate.kid_interval, 120);
}
END_TEST

/* --- back-off (CACHE 10) --- */

START_TEST(backoff_doubles_within_its_range)
{
    static const int64_t usable[] = {30, 60, 120, 240, 480, 900, 900}, bare[] = {5, 10, 20, 40, 60, 60};

    for (size_t n = 0; n < ARRAY_LENGTH(usable); n++) {
        int64_t base = usable[n] * SECOND;

        ck_assert_int_eq(limiter_backoff_ms((int64_t)n + 1, true, 0), base / 2);
        ck_assert_int_eq(limiter_backoff_ms((int64_t)n + 1, true, (uint64_t)base), base + base / 2);
        ck_assert_int_eq(limiter_backoff_ms((int64_t)n + 1, true, (uint64_t)base + 1), base / 2);
    }
    for (size_t n = 0; n < ARRAY_LENGTH(bare); n++)
        ck_assert_int_eq(limiter_backoff_ms((int64_t)n + 1, false, 0), bare[n] * SECOND / 2);
    ck_assert_int_eq(limiter_backoff_ms(INT64_MAX, true, 0), 450 * SECOND);
}
END_TEST

START_TEST(stamp_is_a_failure_until_it_is_none)
{
    struct rate rate = fresh_rate();

    limiter_stamp(&rate, REFRESH_DUE, true, START, 0);
    ck_assert_int_eq(rate.fail_n, 1);
    ck_assert_int_eq(rate.next_b, START + 15 * SECOND);
    ck_assert_str_eq(rate.outcome, "helper");
    ck_assert(rate_in_flight(&rate, START + 9999) && !rate_in_flight(&rate, START + 10000));
    expect_verdict(&rate, REFRESH_DUE, START + 15 * SECOND - 1, OUTCOME_BACKOFF);
    expect_verdict(&rate, REFRESH_DUE, START + 15 * SECOND, OUTCOME_NONE);

    limiter_fail(&rate, OUTCOME_HTTP_5XX, 503);
    ck_assert_int_eq(rate.fail_n, 1);
    ck_assert_int_eq(rate.next_b, START + 15 * SECOND);
    ck_assert_str_eq(rate.outcome, "http-5xx");
    ck_assert_int_eq(rate.http, 503);
    ck_assert(!rate_in_flight(&rate, START));

    limiter_stamp(&rate, REFRESH_DUE, true, START + MINUTE, 0);
    ck_assert_int_eq(rate.fail_n, 2);
    ck_assert_int_eq(rate.next_b, START + MINUTE + 30 * SECOND);
    limiter_succeed(&rate, OUTCOME_UNCHANGED, 304);
    ck_assert_int_eq(rate.fail_n, 0);
    ck_assert_int_eq(rate.next_b, 0);
    expect_verdict(&rate, REFRESH_DUE, START + MINUTE, OUTCOME_NONE);
}
END_TEST

/* One that is killed stays what the stamp made of it. */
START_TEST(each_attempt_is_counted_by_reason_and_by_what_became_of_it)
{
    struct rate rate = fresh_rate();

    limiter_stamp(&rate, REFRESH_DUE, true, START, 0);
    ck_assert_int_eq(rate.outcomes[OUTCOME_HELPER], 1);
    limiter_fail(&rate, OUTCOME_DNS, 0);
    ck_assert(rate.outcomes[OUTCOME_HELPER] == 0 && rate.outcomes[OUTCOME_DNS] == 1);
    limiter_stamp(&rate, REFRESH_DUE, true, START, 0);
    limiter_stamp(&rate, REFRESH_KID, true, START, 0);
    limiter_succeed(&rate, OUTCOME_NEW, 200);
    ck_assert(rate.outcomes[OUTCOME_HELPER] == 1 && rate.outcomes[OUTCOME_NEW] == 1);
    limiter_skip(&rate, OUTCOME_FLOOD);
    ck_assert(rate.outcomes[OUTCOME_FLOOD] == 1 && rate.outcomes[OUTCOME_BACKOFF] == 0);
    ck_assert(rate.fetches == 3 && rate.reasons[REFRESH_DUE] == 2 && rate.reasons[REFRESH_KID] == 1);
    ck_assert_int_eq(rate.reasons[REFRESH_COLD], 0);
}
END_TEST

/* A number that the file could not hold would make all of it count as damaged. */
START_TEST(full_counter_stays_full)
{
    struct rate rate = fresh_rate();

    rate.fetches = rate.reasons[REFRESH_DUE] = rate.outcomes[OUTCOME_FLOOD] = RATE_MOST;
    limiter_stamp(&rate, REFRESH_DUE, true, START, 0);
    limiter_skip(&rate, OUTCOME_FLOOD);
    ck_assert(rate.fetches == RATE_MOST && rate.reasons[REFRESH_DUE] == RATE_MOST);
    ck_assert_int_eq(rate.outcomes[OUTCOME_FLOOD], RATE_MOST);
}
END_TEST

/* Who holds the lock knows better than the stamp of a helper that was killed. */
START_TEST(attempt_in_flight_is_waited_for)
{
    struct rate rate = fresh_rate();

    limiter_stamp(&rate, REFRESH_COLD, true, START, 0);
    ck_assert_int_eq(limiter_verdict(&rate, REFRESH_COLD, 0, START + SECOND, false), OUTCOME_NONE);
    ck_assert_int_eq(limiter_verdict(&rate, REFRESH_COLD, 0, START + SECOND, true), OUTCOME_BACKOFF);
    ck_assert_int_eq(limiter_verdict(&rate, REFRESH_COLD, 0, START + 11 * SECOND, false), OUTCOME_BACKOFF);
}
END_TEST

START_TEST(each_reason_respects_what_it_must)
{
    static const struct {
        enum refresh_reason reason;
        enum refresh_outcome early, late,
            retry; /* within the first minute of a back-off, after it, under Retry-After */
    } rows[] = {
        {REFRESH_COLD, OUTCOME_BACKOFF, OUTCOME_BACKOFF, OUTCOME_RETRY_AFTER},
        {REFRESH_STALE, OUTCOME_BACKOFF, OUTCOME_BACKOFF, OUTCOME_RETRY_AFTER},
        {REFRESH_DUE, OUTCOME_BACKOFF, OUTCOME_BACKOFF, OUTCOME_RETRY_AFTER},
        {REFRESH_KID, OUTCOME_BACKOFF, OUTCOME_NONE, OUTCOME_RETRY_AFTER},
        {REFRESH_SIG, OUTCOME_BACKOFF, OUTCOME_BACKOFF, OUTCOME_RETRY_AFTER},
        {REFRESH_CLOCK, OUTCOME_BACKOFF, OUTCOME_BACKOFF, OUTCOME_RETRY_AFTER},
        {REFRESH_MANUAL, OUTCOME_NONE, OUTCOME_NONE, OUTCOME_RETRY_AFTER},
        {REFRESH_FORCE, OUTCOME_NONE, OUTCOME_NONE, OUTCOME_NONE},
        {REFRESH_FLUSH, OUTCOME_NONE, OUTCOME_NONE, OUTCOME_NONE},
    };
    struct rate down = fresh_rate(), asked = fresh_rate();

    for (int n = 0; n < 5; n++)
        limiter_stamp(&down, REFRESH_DUE, true, START, 0);
    limiter_fail(&down, OUTCOME_TIMEOUT, 0);
    limiter_retry_after(&asked, 120, START);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        expect_verdict(&down, rows[i].reason, START + MINUTE - 1, rows[i].early);
        expect_verdict(&down, rows[i].reason, START + MINUTE, rows[i].late);
        expect_verdict(&asked, rows[i].reason, START + 120 * SECOND - 1, rows[i].retry);
        expect_verdict(&asked, rows[i].reason, START + 120 * SECOND, OUTCOME_NONE);
    }
}
END_TEST

START_TEST(next_attempt_is_known)
{
    struct rate rate = fresh_rate();

    ck_assert_int_eq(limiter_allowed_b(&rate, REFRESH_COLD, 0, START), START);
    limiter_retry_after(&rate, 120, START);
    ck_assert_int_eq(limiter_allowed_b(&rate, REFRESH_COLD, 0, START), START + 120 * SECOND);
    ck_assert_int_eq(limiter_allowed_b(&rate, REFRESH_FORCE, 0, START), START);
    limiter_retry_after(&rate, 0, START);
    ck_assert(ask_in_vain(&rate, 1, START) && ask_in_vain(&rate, 2, START));
    ck_assert_int_eq(limiter_allowed_b(&rate, REFRESH_KID, 3, START), START + MINUTE);
    ck_assert_int_eq(limiter_allowed_b(&rate, REFRESH_KID, 1, START), START + 300 * SECOND);
}
END_TEST

/* --- ID.state --- */

#define ID "0123456789abcdef0123456789abcdef"

START_TEST(state_is_read_as_it_was_written)
{
    CLEANUP(buffer_freep) struct buffer file = {0};
    struct crypto *crypto = crypto_new();
    struct rate rate = fresh_rate(), read;
    struct clock_base base;
    int64_t number = 100;

    for (const struct rate_member *member = rate_members; member->name != NULL; member++)
        if (member->most == RATE_MOST)
            memcpy((char *)&rate + member->offset, &(int64_t){number++}, sizeof(number));
    rate.kid_interval = 240;
    rate.http = 404;
    memcpy(rate.outcome, "http-4xx", sizeof("http-4xx"));
    for (uint64_t kid = 0; kid < KID_NEGATIVE_MAX; kid++)
        limiter_kid_missed(&rate, ~kid, START);

    clock_base_read(&base);
    ck_assert(limiter_write(crypto, ID, &rate, &file));
    memset(&read, 0xa5, sizeof(read));
    ck_assert_int_eq(rate_parse(crypto, ID, &file, &base, &read, NULL), JWKSCORE_OK);
    ck_assert_mem_eq(&read, &rate, sizeof(rate));
    crypto_free(crypto);
}
END_TEST

int main(void)
{
    return RUN("limiter", flood_is_eight_requests_in_the_first_hour, flood_that_stumbles_is_no_faster,
               rotation_during_a_flood_is_seen_within_the_longest_interval,
               flood_never_delays_a_scheduled_refresh,
               flood_in_an_outage_does_not_keep_scheduled_refreshes_away,
               pause_after_a_strangers_kid_is_that_of_a_first_failure, one_wrong_kid_raises_nothing, quiet_ends_a_flood,
               two_misses_may_be_a_rotation_three_are_a_flood, three_misses_far_apart_are_no_flood,
               kids_that_missed_long_ago_are_distinct_misses_again, found_kid_fills_the_bucket, failed_fetch_costs_a_token_and_lists_nothing,
               kid_is_listed_longer_with_each_strike, full_list_forgets_the_oldest,
               unchanged_material_is_a_miss_but_its_kid_is_not_listed, backoff_doubles_within_its_range,
               stamp_is_a_failure_until_it_is_none,
               each_attempt_is_counted_by_reason_and_by_what_became_of_it, full_counter_stays_full,
               attempt_in_flight_is_waited_for,
               each_reason_respects_what_it_must, next_attempt_is_known, state_is_read_as_it_was_written);
}
