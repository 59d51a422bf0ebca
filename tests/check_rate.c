/* SPDX-License-Identifier: Apache-2.0 */
/* check_rate.c: ID.state as a reader sees it: back-off, flood limit, negative list, at their edges (CACHE 2, 5, 7). */
#include "cachefile.h"

#include <string.h>

enum { AT = 50000000 };                                      /* some time of the boot clock, in ms */

static struct rate fresh(void)
{
    struct rate rate;

    rate_init(&rate);
    return rate;
}

/* Field by field: the struct has padding. */
static bool same(const struct rate *a, const struct rate *b)
{
    for (const struct rate_member *m = rate_members; m->name != NULL; m++)
        if (memcmp((const char *)a + m->offset, (const char *)b + m->offset, sizeof(int64_t)) != 0)
            return false;
    return strcmp(a->outcome, b->outcome) == 0 && a->negative_count == b->negative_count;
}

/* --- predicates --- */

START_TEST(a_fresh_state_holds_nothing_back)
{
    const struct rate rate = fresh();

    for (int64_t now_b = 0; now_b <= AT; now_b += AT / 2) {
        ck_assert(!rate_in_flight(&rate, now_b));
        ck_assert(!rate_retry_after(&rate, now_b));
        ck_assert(!rate_backing_off(&rate, now_b));
        ck_assert_int_eq(rate_kid_tokens(&rate, now_b), 2);
        ck_assert(!rate_is_negative(&rate, 0, now_b));
        ck_assert(!rate_kid_held_back(&rate, now_b));
    }
}
END_TEST

START_TEST(in_flight_is_ten_seconds)
{
    static const struct {
        int64_t inflight_b;
        bool in_flight;
    } rows[] = {
        {0, false}, {AT + 1, false}, {AT, true}, {AT - 1, true}, {AT - 9999, true}, {AT - 10000, false}, {1, false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct rate rate = fresh();

        rate.inflight_b = rows[i].inflight_b;
        ck_assert_msg(rate_in_flight(&rate, AT) == rows[i].in_flight, "row %zu", i);
    }
}
END_TEST

START_TEST(back_off_ends_at_its_millisecond_and_retry_after_counts)
{
    static const struct {
        int64_t next_b, retry_b, inflight_b;
        bool backing_off, retry_after;
    } rows[] = {
        {0, 0, 0, false, false},         {AT, 0, 0, false, false},       {AT + 1, 0, 0, true, false},
        {0, AT, 0, false, false},        {0, AT + 1, 0, true, true},     {AT + 1, AT + 1, 0, true, true},
        {AT + 1, 0, AT - 5, true, false}, /* in flight does not end it: a lock holder must not be misled */
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct rate rate = fresh();

        rate.next_b = rows[i].next_b;
        rate.retry_b = rows[i].retry_b;
        rate.inflight_b = rows[i].inflight_b;
        ck_assert_msg(rate_backing_off(&rate, AT) == rows[i].backing_off, "row %zu", i);
        ck_assert_msg(rate_retry_after(&rate, AT) == rows[i].retry_after, "row %zu", i);
    }
}
END_TEST

START_TEST(tokens_come_back_one_an_interval_and_never_more_than_two)
{
    static const struct {
        int64_t tokens, interval, since_ms, now;
    } rows[] = {
        {2, 60, 0, 2},        {2, 60, 60000, 2},   {2, 60, 1000000, 2},
        {1, 60, 0, 1},        {1, 60, 59999, 1},   {1, 60, 60000, 2},   {1, 60, 120000, 2}, {1, 60, 600000, 2},
        {0, 60, 0, 0},        {0, 60, 59999, 0},   {0, 60, 60000, 1},   {0, 60, 119999, 1}, {0, 60, 120000, 2},
        {0, 60, 180000, 2},   {0, 900, 899999, 0}, {0, 900, 900000, 1}, {0, 900, 1800000, 2},
        {0, 60, -60000, 0},   {1, 60, -1, 1}, /* a stamp to come gives nothing */
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct rate rate = fresh();

        rate.kid_tokens = rows[i].tokens;
        rate.kid_interval = rows[i].interval;
        rate.kid_stamp_b = AT - rows[i].since_ms;
        ck_assert_msg(rate_kid_tokens(&rate, AT) == rows[i].now, "row %zu: %d", i, (int)rate_kid_tokens(&rate, AT));
        ck_assert_msg(rate_kid_held_back(&rate, AT) == (rows[i].now == 0), "row %zu", i);
    }
}
END_TEST

START_TEST(a_kid_is_negative_until_its_time_and_no_other_is)
{
    struct rate rate = fresh();

    rate.negative[0] = (struct rate_negative){1, AT, 1};
    rate.negative[1] = (struct rate_negative){2, AT + 1, 1};
    rate.negative[2] = (struct rate_negative){UINT64_MAX, AT + 900000, 3};
    rate.negative[3] = (struct rate_negative){4, AT + 1, 1}; /* beyond the count */
    rate.negative_count = 3;
    ck_assert(!rate_is_negative(&rate, 1, AT));
    ck_assert(rate_is_negative(&rate, 1, AT - 1));
    ck_assert(rate_is_negative(&rate, 2, AT));
    ck_assert(!rate_is_negative(&rate, 2, AT + 1));
    ck_assert(rate_is_negative(&rate, UINT64_MAX, AT));
    ck_assert(!rate_is_negative(&rate, 3, AT));
    ck_assert(!rate_is_negative(&rate, 4, AT));
}
END_TEST

START_TEST(an_unknown_kid_waits_for_the_first_minute_of_a_back_off)
{
    static const struct {
        int64_t tokens, next_b, retry_b, attempt_b, inflight_b;
        bool held_back;
    } rows[] = {
        {2, AT + 900000, 0, AT - 59999, 0, true},
        {2, AT + 900000, 0, AT - 60000, 0, false},   /* the provider may be back */
        {2, AT, 0, AT - 1, 0, false},                /* no longer backing off */
        {2, AT + 1, 0, AT - 1, 0, true},
        {2, AT + 1, 0, AT - 1, AT - 1, false},       /* somebody is at it, and is waited for */
        {2, AT + 1, 0, AT - 1, AT - 10000, true},
        {2, 0, AT + 1, 0, 0, true},                  /* Retry-After */
        {2, 0, AT, 0, 0, false},
        {2, 0, AT + 1, 0, AT - 1, true},
        {0, 0, 0, 0, 0, true},                       /* no token */
        {1, 0, 0, 0, 0, false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct rate rate = fresh();

        rate.kid_tokens = rows[i].tokens;
        rate.kid_stamp_b = AT;
        rate.next_b = rows[i].next_b;
        rate.retry_b = rows[i].retry_b;
        rate.attempt_b = rows[i].attempt_b;
        rate.inflight_b = rows[i].inflight_b;
        ck_assert_msg(rate_kid_held_back(&rate, AT) == rows[i].held_back, "row %zu", i);
    }
}
END_TEST

START_TEST(a_kid_is_known_by_the_start_of_its_hash)
{
    struct crypto *crypto = crypto_new();

    ck_assert(rate_kid_hash(crypto, TEXT("abc")) == UINT64_C(0xba7816bf8f01cfea)); /* FIPS 180-4's own example */
    ck_assert(rate_kid_hash(crypto, TEXT("abd")) != UINT64_C(0xba7816bf8f01cfea));
    crypto_free(crypto);
}
END_TEST

/* --- the file --- */

#define ENTRY "{\"kid\":\"00000000000000ff\",\"until_b\":5,\"strikes\":2}"

static enum jwkscore_status parse(const struct stage *stage, struct text text, const struct clock_base *base,
                                  struct rate *ret_rate)
{
    CLEANUP(buffer_freep) struct buffer file = {0};
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    ck_assert(buffer_append(&file, text));
    return rate_parse(stage->config->crypto, stage->id, &file, base, ret_rate, &error);
}

/* What rate_read makes of a file with this text. */
static struct rate read_back(const struct stage *stage, struct text text)
{
    CLEANUP(folder_closep) struct folder run = {.fd = -1};
    struct rate rate;

    cachefile_put(stage, "run", ".state", text);
    ck_assert_status(folder_open(room_path("run"), stage->owner, true, &run, NULL), JWKSCORE_OK);
    memset(&rate, 0x5a, sizeof(rate));
    rate_read(stage->config, &run, stage->id, &rate);
    return rate;
}

START_TEST(each_member_is_read_into_its_place)
{
    struct stage stage;
    struct rate rate;

    stage_open(&stage, "");
    rate = read_back(&stage, cachefile(&stage, "state", state_head(&stage, NULL), state_body("dns",
        "attempt_b", "1", "next_b", "2", "fail_n", "3", "http", "4", "retry_b", "5", "inflight_b", "6",
        "disc_next_b", "7", "disc_fail_n", "8", "kid_tokens", "1", "kid_stamp_b", "10", "kid_interval", "120",
        "kid_last_b", "12", "kid_misses", "13", "kid_miss_b", "14", "fetches", "15", "reason_cold", "16",
        "reason_flush", "17", "outcome_new", "18", "outcome_flood", "19", "outcome_helper", "20", "later", "{}",
        "negative", "[" ENTRY ",{\"kid\":\"fedcba9876543210\",\"until_b\":6,\"strikes\":0}]", NULL)));
    ck_assert(rate.attempt_b == 1 && rate.next_b == 2 && rate.fail_n == 3 && rate.http == 4 && rate.retry_b == 5);
    ck_assert(rate.inflight_b == 6 && rate.disc_next_b == 7 && rate.disc_fail_n == 8 && rate.kid_tokens == 1);
    ck_assert(rate.kid_stamp_b == 10 && rate.kid_interval == 120 && rate.kid_last_b == 12 && rate.kid_misses == 13);
    ck_assert(rate.kid_miss_b == 14 && rate.fetches == 15);
    ck_assert(rate.reasons[REFRESH_COLD] == 16 && rate.reasons[REFRESH_FLUSH] == 17);
    ck_assert(rate.outcomes[OUTCOME_NEW] == 18 && rate.outcomes[OUTCOME_FLOOD] == 19);
    ck_assert_int_eq(rate.outcomes[OUTCOME_HELPER], 20);
    ck_assert_str_eq(rate.outcome, "dns");
    ck_assert_uint_eq(rate.negative_count, 2);
    ck_assert(rate.negative[0].kid_hash == 0xff && rate.negative[0].until_b == 5 && rate.negative[0].strikes == 2);
    ck_assert(rate.negative[1].kid_hash == UINT64_C(0xfedcba9876543210) && rate.negative[1].until_b == 6);
    stage_close(&stage);
}
END_TEST

/* But counters, which need not be there: a file that another version wrote keeps its pauses. */
START_TEST(every_member_must_be_there_and_a_number_in_range)
{
    struct clock_base base;
    struct stage stage;

    stage_open(&stage, "");
    clock_base_read(&base);
    for (const struct rate_member *m = rate_members; m->name != NULL; m++) {
        const char *least = strcmp(m->name, "kid_interval") == 0 ? "60" : "0";
        const struct {
            const char *json;
            bool good;
        } values[] = {
            {least, true}, {textf("%lld", (long long)m->most), true},
            {textf("%lld", (long long)m->most + 1), false},
            {"", m->counter}, {"-1", false}, {"1.5", false}, {"\"1\"", false}, {"true", false}, {"null", false},
            {"[]", false},
        };

        for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
            struct rate rate;
            enum jwkscore_status status = parse(&stage, cachefile(&stage, "state", state_head(&stage, NULL),
                state_body("new", m->name, values[i].json, NULL)), &base, &rate);

            ck_assert_msg(status == (values[i].good ? JWKSCORE_OK : JWKSCORE_E_PROVIDER), "%s: %s", m->name,
                          values[i].json);
        }
    }
    stage_close(&stage);
}
END_TEST

/* Each reason and each outcome that is written down has a row of its own, under its name. */
START_TEST(every_reason_and_outcome_is_counted)
{
    size_t reasons = 0, outcomes = 0;

    for (const struct rate_member *m = rate_members; m->name != NULL; m++) {
        struct rate rate = {0};
        enum refresh_reason reason = REFRESH_COLD;

        *(int64_t *)(void *)((char *)&rate + m->offset) = 1;
        if (!m->counter || rate.clock_skewed == 1)
            continue;
        if (refresh_reason_named(text_from(m->name + strlen("reason_")), &reason) && rate.reasons[reason] == 1)
            reasons++;
        else if (rate.outcomes[refresh_outcome_named(text_from(m->name + strlen("outcome_")))] == 1)
            outcomes++;
        else
            ck_abort_msg("%s counts something else", m->name);
    }
    ck_assert_uint_eq(reasons, REFRESH_REASON_COUNT);
    ck_assert_uint_eq(outcomes, OUTCOME_COUNT - 4); /* without none, nostate, config and lock-timeout */
}
END_TEST

START_TEST(the_negative_list_is_strict)
{
    static const struct {
        const char *json;
        bool good;
    } rows[] = {
        {"[]", true}, {"[" ENTRY "]", true}, {"", false}, {"{}", false}, {"null", false}, {"[1]", false},
        {"[{}]", false},
        {"[{\"kid\":\"00000000000000f\",\"until_b\":5,\"strikes\":2}]", false},
        {"[{\"kid\":\"00000000000000fff\",\"until_b\":5,\"strikes\":2}]", false},
        {"[{\"kid\":\"00000000000000FF\",\"until_b\":5,\"strikes\":2}]", false},
        {"[{\"kid\":\"00000000000000fg\",\"until_b\":5,\"strikes\":2}]", false},
        {"[{\"kid\":255,\"until_b\":5,\"strikes\":2}]", false},
        {"[{\"kid\":\"00000000000000ff\",\"until_b\":-5,\"strikes\":2}]", false},
        {"[{\"kid\":\"00000000000000ff\",\"until_b\":5,\"strikes\":\"2\"}]", false},
        {"[{\"kid\":\"00000000000000ff\",\"until_b\":5}]", false},
        {"[" ENTRY ",{}]", false},
    };
    struct clock_base base;
    struct stage stage;

    stage_open(&stage, "");
    clock_base_read(&base);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const char *body = state_body("", "negative", rows[i].json, NULL);
        struct text text = cachefile(&stage, "state", state_head(&stage, NULL), body);
        struct rate rate;

        ck_assert_msg((parse(&stage, text, &base, &rate) == JWKSCORE_OK) == rows[i].good, "%s", rows[i].json);
    }
    stage_close(&stage);
}
END_TEST

START_TEST(the_negative_list_holds_64)
{
    struct clock_base base;
    struct stage stage;
    struct rate rate;

    stage_open(&stage, "");
    clock_base_read(&base);
    for (size_t count = 64; count <= 65; count++) {
        const char *list = textf("[%s" ENTRY "]", repeated(ENTRY ",", count - 1));
        const char *body = state_body("", "negative", list, NULL);
        struct text text = cachefile(&stage, "state", state_head(&stage, NULL), body);

        ck_assert_status(parse(&stage, text, &base, &rate), count == 64 ? JWKSCORE_OK : JWKSCORE_E_PROVIDER);
    }
    ck_assert_uint_eq(rate.negative_count, 64);
    stage_close(&stage);
}
END_TEST

START_TEST(the_outcome_has_room_for_23_bytes)
{
    struct clock_base base;
    struct stage stage;

    stage_open(&stage, "");
    clock_base_read(&base);
    for (size_t length = 23; length <= 24; length++) {
        const char *body = state_body(repeated("x", length), NULL);
        struct text text = cachefile(&stage, "state", state_head(&stage, NULL), body);
        struct rate rate;

        ck_assert_status(parse(&stage, text, &base, &rate), length == 23 ? JWKSCORE_OK : JWKSCORE_E_PROVIDER);
    }
    stage_close(&stage);
}
END_TEST

/* G07: whatever was noted down in another boot, in another time namespace, or is damaged, counts as nothing. */
START_TEST(a_foreign_or_damaged_file_is_none)
{
    const struct rate none = fresh();
    struct clock_base base;
    struct stage stage;
    const char *body = state_body("dns", "next_b", "4611686018427387903", "kid_tokens", "0",
                                  "negative", "[" ENTRY "]", NULL);
    const char *zeros = "\"00000000-0000-0000-0000-000000000000\"", *next;
    struct text good, torn;
    struct rate rate;

    stage_open(&stage, "");
    clock_base_read(&base);
    next = textf("%lld", (long long)base.tns + 1);
    good = cachefile(&stage, "state", state_head(&stage, NULL), body);
    rate = read_back(&stage, good);
    ck_assert(rate.next_b == RATE_MOST && rate.negative_count == 1 && rate.kid_tokens == 0);
    torn = kept(good.bytes, good.length);
    ((char *)torn.bytes)[good.length / 2] ^= 1;
    {
        const struct text foreign[] = {
            torn,
            kept(good.bytes, good.length - 1),
            cachefile(&stage, "keys", state_head(&stage, NULL), body),
            cachefile(&stage, "state", state_head(&stage, "boot", zeros, NULL), body),
            cachefile(&stage, "state", state_head(&stage, "boot", "\"\"", NULL), body),
            cachefile(&stage, "state", state_head(&stage, "boot", "", NULL), body),
            cachefile(&stage, "state", state_head(&stage, "tns", next, NULL), body),
            cachefile(&stage, "state", state_head(&stage, "tns", "", NULL), body),
            cachefile(&stage, "state", state_head(&stage, "id", "\"0123\"", NULL), body),
            cachefile(&stage, "state", state_head(&stage, "id", "", NULL), body),
            cachefile(&stage, "state", state_head(&stage, NULL), "{}"),
            cachefile(&stage, "state", state_head(&stage, NULL), "[]"),
            cachefile(&stage, "state", state_head(&stage, NULL), "{\"a\":1,\"a\":1}"),
        };

        for (size_t i = 0; i < ARRAY_LENGTH(foreign); i++) {
            rate = read_back(&stage, foreign[i]);
            ck_assert_msg(same(&rate, &none), "row %zu", i);
        }
    }
    stage_close(&stage);
}
END_TEST

/* A kernel that does not say which boot it is cannot vouch for a stamp. */
START_TEST(without_a_boot_id_no_file_counts)
{
    struct clock_base unknown = {.boot = "", .tns = 0};
    struct stage stage;
    struct rate rate;

    stage_open(&stage, "");
    ck_assert_status(parse(&stage, cachefile(&stage, "state", state_head(&stage, "boot", "\"\"", "tns", "0", NULL),
                                             state_body("", NULL)), &unknown, &rate), JWKSCORE_E_PROVIDER);
    unknown.boot[0] = 'x';
    ck_assert_status(parse(&stage, cachefile(&stage, "state", state_head(&stage, "boot", "\"x\"", "tns", "0", NULL),
                                             state_body("", NULL)), &unknown, &rate), JWKSCORE_OK);
    stage_close(&stage);
}
END_TEST

START_TEST(no_file_no_folder_and_an_unsafe_file_are_none)
{
    const struct rate none = fresh();
    struct folder run = {.fd = -1};
    struct stage stage;
    struct rate rate;
    struct text text;

    stage_open(&stage, "");
    rate_read(stage.config, &run, stage.id, &rate);
    ck_assert(same(&rate, &none));
    ck_assert_status(folder_open(room_path("run"), stage.owner, true, &run, NULL), JWKSCORE_OK);
    rate_read(stage.config, &run, stage.id, &rate);
    ck_assert(same(&rate, &none));
    text = cachefile(&stage, "state", state_head(&stage, NULL), state_body("", "fail_n", "5", NULL));
    rate = read_back(&stage, text);
    ck_assert_int_eq(rate.fail_n, 5);
    ck_assert_int_eq(chmod(room_path(textf("run/%s.state", stage.id)), 0664), 0);
    rate_read(stage.config, &run, stage.id, &rate);
    ck_assert(same(&rate, &none));
    folder_closep(&run);
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("rate", a_fresh_state_holds_nothing_back, in_flight_is_ten_seconds,
                       back_off_ends_at_its_millisecond_and_retry_after_counts,
                       tokens_come_back_one_an_interval_and_never_more_than_two,
                       a_kid_is_negative_until_its_time_and_no_other_is,
                       an_unknown_kid_waits_for_the_first_minute_of_a_back_off, a_kid_is_known_by_the_start_of_its_hash,
                       each_member_is_read_into_its_place, every_member_must_be_there_and_a_number_in_range,
                       every_reason_and_outcome_is_counted, the_negative_list_is_strict, the_negative_list_holds_64,
                       the_outcome_has_room_for_23_bytes,
                       a_foreign_or_damaged_file_is_none, without_a_boot_id_no_file_counts,
                       no_file_no_folder_and_an_unsafe_file_are_none);
}
