/* SPDX-License-Identifier: Apache-2.0 */
/* check_age.c: how old a set is by two clocks, and what that makes of it, state by state (CACHE 3, 4 and 5). */
#include "support.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HOUR = 3600, DAY = 86400 };

/* Stands before libc's: is the wall clock disciplined?  Asked with modes 0 only, which changes nothing. */
static int clock_state = TIME_ERROR;

int adjtimex(struct timex *asked)
{
    ck_assert_uint_eq(asked->modes, 0);
    return clock_state;
}

/* Validated so many seconds ago by each clock, in this boot. */
static struct stamps stamps_of(int64_t by_boot, int64_t by_wall)
{
    struct stamps stamps = {.ttl = HOUR, .validated_w = NOW - by_wall,
                            .validated_b = clock_boot_ms() - by_boot * 1000 - 200};

    clock_base_read(&stamps.base);
    return stamps;
}

static struct age age_now(const struct stamps *stamps)
{
    struct age age = {-1, CACHE_FILE};

    age_of(stamps, NOW, &age);
    return age;
}

static void expect_age(const struct stamps *stamps, int64_t seconds, enum cache_state best)
{
    struct age age = age_now(stamps);

    ck_assert_int_eq(age.seconds, seconds);
    ck_assert_str_eq(cache_state_name(age.best), cache_state_name(best));
}

/* --- age --- */

START_TEST(within_a_boot_age_is_the_boot_clock)
{
    static const int64_t ages[] = {0, 1, 60, HOUR, 40 * DAY};

    for (size_t i = 0; i < ARRAY_LENGTH(ages); i++) {
        struct stamps stamps = stamps_of(ages[i], ages[i]);

        expect_age(&stamps, ages[i], CACHE_FRESH);
    }
}
END_TEST

/* G01: a wall clock that went back makes no key younger; neither does one that merely runs fast. */
START_TEST(the_wall_clock_makes_no_key_younger)
{
    static const int64_t walls[] = {-100 * (int64_t)DAY, -DAY, -1, 0, 99, 100, 101, 100 + HOUR};

    for (size_t i = 0; i < ARRAY_LENGTH(walls); i++) {
        struct stamps stamps = stamps_of(100, walls[i]);

        expect_age(&stamps, 100, CACHE_FRESH);
    }
}
END_TEST

START_TEST(a_validation_to_come_is_as_none)
{
    struct stamps stamps = stamps_of(0, 0);

    stamps.validated_b = clock_boot_ms() + 60000;
    expect_age(&stamps, 0, CACHE_ABSENT);
    stamps.validated_b = INT64_MAX;
    expect_age(&stamps, 0, CACHE_ABSENT);
}
END_TEST

START_TEST(a_validation_of_this_millisecond_counts)
{
    struct stamps stamps = stamps_of(0, 0);

    for (int i = 0; i < 1000; i++) {
        stamps.validated_b = clock_boot_ms();
        expect_age(&stamps, 0, CACHE_FRESH);
    }
}
END_TEST

/* G02: over an hour is no drift: the machine was restored, or its clock was set. */
START_TEST(a_wall_clock_far_ahead_is_believed_if_it_is_disciplined)
{
    struct stamps drift = stamps_of(100, 100 + HOUR), restored = stamps_of(100, 101 + HOUR);

    clock_state = TIME_OK;
    expect_age(&drift, 100, CACHE_FRESH);
    expect_age(&restored, 101 + HOUR, CACHE_FRESH);
    clock_state = TIME_INS; /* a leap second to come: disciplined all the same */
    expect_age(&restored, 101 + HOUR, CACHE_FRESH);
    clock_state = TIME_ERROR;
    expect_age(&drift, 100, CACHE_FRESH);
    expect_age(&restored, 100, CACHE_DUE);
    clock_state = -1;
    expect_age(&restored, 100, CACHE_DUE);
}
END_TEST

/* G05, G08: its boot clock says nothing here. */
START_TEST(stamps_of_another_boot_or_namespace_go_by_the_wall_clock)
{
    const int64_t uptime = clock_boot_ms() / 1000;
    struct stamps here = stamps_of(10, 10), others[4];

    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        others[i] = here;
    others[0].base.boot[0] = others[0].base.boot[0] == '0' ? '1' : '0';
    others[1].base.boot[0] = '\0';
    others[2].base.tns++;
    memset(others[3].base.boot, 0, sizeof(others[3].base.boot));
    expect_age(&here, 10, CACHE_FRESH);
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        struct age age;

        others[i].validated_w = NOW - uptime - DAY;
        expect_age(&others[i], uptime + DAY, CACHE_FRESH);
        others[i].validated_w = NOW - 1; /* this boot has lasted longer */
        age = age_now(&others[i]);
        ck_assert(age.seconds >= uptime && age.seconds <= uptime + 5 && age.best == CACHE_FRESH);
        others[i].validated_w = NOW;
        ck_assert_int_eq(age_now(&others[i]).best, CACHE_FRESH);
        others[i].validated_w = NOW + 1; /* unknown, so never better than stale */
        age = age_now(&others[i]);
        ck_assert(age.seconds >= uptime && age.seconds <= uptime + 5 && age.best == CACHE_STALE);
    }
}
END_TEST

/* Two files without a boot id are not of the same boot. */
START_TEST(an_unknown_boot_is_no_boot_of_ours)
{
    struct stamps stamps = stamps_of(10, 10);

    ck_assert(age_validated_since(&stamps, stamps.validated_b));
    stamps.base.boot[0] = '\0';
    ck_assert(!age_validated_since(&stamps, stamps.validated_b));
}
END_TEST

START_TEST(validated_since_is_of_this_boot_and_not_a_millisecond_earlier)
{
    struct stamps stamps = stamps_of(10, 10);

    ck_assert(age_validated_since(&stamps, stamps.validated_b - 1));
    ck_assert(age_validated_since(&stamps, stamps.validated_b));
    ck_assert(!age_validated_since(&stamps, stamps.validated_b + 1));
    stamps.base.tns++;
    ck_assert(!age_validated_since(&stamps, stamps.validated_b));
}
END_TEST

/* --- states --- */

#define ID "00112233445566778899aabbccddeeff"

/* How a set of this age is seen.  The point of refresh is spread, so ages between its ends are left to another test. */
static const struct {
    int64_t ttl, interval, max_stale, age;
    enum cache_state state;
} states[] = {
    /* an hour of each: due from 2520 at the earliest, 3240 at the latest */
    {HOUR, HOUR, DAY, 0, CACHE_FRESH},
    {HOUR, HOUR, DAY, 2519, CACHE_FRESH},
    {HOUR, HOUR, DAY, 3240, CACHE_DUE},
    {HOUR, HOUR, DAY, 3599, CACHE_DUE},
    {HOUR, HOUR, DAY, 3600, CACHE_STALE},
    {HOUR, HOUR, DAY, DAY - 1, CACHE_STALE},
    {HOUR, HOUR, DAY, DAY, CACHE_EXPIRED},
    {HOUR, HOUR, DAY, INT64_MAX, CACHE_EXPIRED},
    /* asked hourly, trusted for a day */
    {DAY, HOUR, 2 * DAY, 2519, CACHE_FRESH},
    {DAY, HOUR, 2 * DAY, 3240, CACHE_DUE},
    {DAY, HOUR, 2 * DAY, DAY - 1, CACHE_DUE},
    {DAY, HOUR, 2 * DAY, DAY, CACHE_STALE},
    /* the least ttl: due from 210 to 270 */
    {300, HOUR, DAY, 209, CACHE_FRESH},
    {300, HOUR, DAY, 270, CACHE_DUE},
    {300, HOUR, DAY, 299, CACHE_DUE},
    {300, HOUR, DAY, 300, CACHE_STALE},
    /* max_stale bounds all use, but for the least ttl */
    {DAY, DAY, HOUR, 2519, CACHE_FRESH},
    {DAY, DAY, HOUR, 3240, CACHE_DUE},
    {DAY, DAY, HOUR, 3599, CACHE_DUE},
    {DAY, DAY, HOUR, 3600, CACHE_EXPIRED},
    {HOUR, HOUR, HOUR, 3599, CACHE_DUE},
    {HOUR, HOUR, HOUR, 3600, CACHE_EXPIRED},
    {HOUR, HOUR, 0, 209, CACHE_FRESH},
    {HOUR, HOUR, 0, 270, CACHE_DUE},
    {HOUR, HOUR, 0, 299, CACHE_DUE},
    {HOUR, HOUR, 0, 300, CACHE_EXPIRED},
    {HOUR, HOUR, 299, 299, CACHE_DUE},
    {HOUR, HOUR, 299, 300, CACHE_EXPIRED},
    {HOUR, HOUR, 301, 300, CACHE_DUE},
    {HOUR, HOUR, 301, 301, CACHE_EXPIRED},
};

static enum cache_state state_of(const struct crypto *crypto, int64_t interval, int64_t max_stale, int64_t ttl,
                                 const struct age *age)
{
    const struct issuer_options issuer = {.refresh_interval = interval, .max_stale = max_stale};

    return age_state(crypto, &issuer, ID, ttl, age);
}

START_TEST(each_state_begins_at_its_second)
{
    struct crypto *crypto = crypto_new();

    for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
        const struct age age = {states[i].age, CACHE_FRESH};

        ck_assert_msg(state_of(crypto, states[i].interval, states[i].max_stale, states[i].ttl, &age) == states[i].state,
                      "row %zu is no longer %s", i, cache_state_name(states[i].state));
    }
    crypto_free(crypto);
}
END_TEST

START_TEST(doubt_makes_a_state_worse_and_never_better)
{
    static const int64_t ages[] = {0, 3599, 3600, DAY}; /* fresh, due, stale, expired */
    static const enum cache_state as_they_are[] = {CACHE_FRESH, CACHE_DUE, CACHE_STALE, CACHE_EXPIRED};
    struct crypto *crypto = crypto_new();

    for (size_t i = 0; i < ARRAY_LENGTH(ages); i++)
        for (enum cache_state best = CACHE_ABSENT; best <= CACHE_FRESH; best++) {
            const struct age age = {ages[i], best};
            enum cache_state wanted = as_they_are[i] < best ? as_they_are[i] : best;

            ck_assert_int_eq(state_of(crypto, HOUR, DAY, HOUR, &age), wanted);
        }
    crypto_free(crypto);
}
END_TEST

START_TEST(the_point_of_refresh_is_this_hosts_and_this_sources)
{
    struct crypto *crypto = crypto_new();
    double least = 1.0, most = 0.0;
    int64_t due = age_due(HOUR, age_spread(crypto, ID));
    struct age before = {due - 1, CACHE_FRESH}, at = {due, CACHE_FRESH};

    ck_assert(age_spread(crypto, ID) == age_spread(crypto, ID));
    ck_assert_int_eq(state_of(crypto, HOUR, DAY, HOUR, &before), CACHE_FRESH);
    ck_assert_int_eq(state_of(crypto, HOUR, DAY, HOUR, &at), CACHE_DUE);
    for (unsigned i = 0; i < 200; i++) {
        double spread = age_spread(crypto, textf("%032x", i));

        ck_assert(spread >= 0.0 && spread < 1.0);
        least = spread < least ? spread : least;
        most = spread > most ? spread : most;
    }
    ck_assert_msg(least < 0.1 && most > 0.9, "200 sources lie between %f and %f", least, most);
    crypto_free(crypto);
}
END_TEST

START_TEST(due_is_between_its_first_point_and_its_last)
{
    static const struct {
        int64_t interval;
        double spread;
        int64_t due;
    } rows[] = {
        {HOUR, 0.0, 2520}, {HOUR, 0.5, 2880}, {HOUR, 1.0, 3240}, {300, 0.0, 210}, {300, 1.0, 270}, {DAY, 0.0, 60480},
        {DAY, 1.0, 77760}, {0, 1.0, 0},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int64_t due = age_due(rows[i].interval, rows[i].spread);

        ck_assert_msg(due == rows[i].due || due == rows[i].due - 1, "row %zu: %d", i, (int)due); /* binary fractions */
    }
}
END_TEST

/* Asks for the spread where /etc/machine-id is this file, in a process with mounts of its own. */
static bool spread_elsewhere(const char *machine_id, double *ret_spread)
{
    double spread = -1.0;
    int ends[2], status;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
            mount(machine_id, "/etc/machine-id", "none", MS_BIND, NULL) == 0) {
            struct crypto *crypto = crypto_new();

            spread = age_spread(crypto, ID);
            crypto_free(crypto);
        }
        _exit(write(ends[1], &spread, sizeof(spread)) != sizeof(spread));
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &spread, sizeof(spread)), sizeof(spread));
    close(ends[0]);
    ck_assert(waitpid(child, &status, 0) == child && status == 0);
    *ret_spread = spread;
    if (spread < 0.0)
        fprintf(stderr, "skipped: no mounts of our own here: another machine-id\n");
    return spread >= 0.0;
}

/* The first six bytes of SHA-256 over host, NUL and source, as a fraction of 1. */
static double spread_of(const char *host)
{
    struct crypto *crypto = crypto_new();
    unsigned char digest[SHA256_SIZE];
    double spread = 0.0;
    const char *text = textf("%s.%s", host, ID);

    *strchr(text, '.') = '\0';
    ck_assert(crypto_sha256(crypto, (struct text){text, strlen(host) + 1 + strlen(ID)}, digest));
    for (size_t i = 6; i-- > 0;)
        spread = (spread + digest[i]) / 256;
    crypto_free(crypto);
    return spread;
}

static bool nearly(double a, double b)
{
    return a > b - 1e-12 && a < b + 1e-12;
}

START_TEST(the_spread_is_the_hash_of_machine_id_and_source)
{
    /* printf '0123456789abcdef0123456789abcdef\0%s' $ID | sha256sum */
    const double wanted = 0.09363919594553138;
    struct clock_base base;
    double spread;

    ck_assert(nearly(spread_of("0123456789abcdef0123456789abcdef"), wanted));
    room_write("machine-id", "0123456789abcdef0123456789abcdef\n");
    if (!spread_elsewhere(room_path("machine-id"), &spread))
        return;
    ck_assert_msg(nearly(spread, wanted), "%.15f", spread);
    room_write("machine-id", "0123456789abcdef0123456789abcdef");
    ck_assert(spread_elsewhere(room_path("machine-id"), &spread) && nearly(spread, wanted));
    /* no machine-id that could be trusted: the boot's id stands in for it */
    clock_base_read(&base);
    ck_assert(spread_elsewhere("/dev/null", &spread) && nearly(spread, spread_of(base.boot)));
}
END_TEST

/* --- the clock's floor --- */

START_TEST(the_clock_may_be_five_minutes_behind_the_floor)
{
    static const int64_t build = JWKS_BUILD_TIME;
    struct stamps stamps = {.floor_w = 0};

    ck_assert(!age_clock_wrong(NULL, build));
    ck_assert(!age_clock_wrong(NULL, build - 300));
    ck_assert(age_clock_wrong(NULL, build - 301));
    ck_assert(age_clock_wrong(NULL, 0));
    ck_assert(age_clock_wrong(NULL, INT64_MIN));
    ck_assert(!age_clock_wrong(NULL, INT64_MAX));
    ck_assert(!age_clock_wrong(&stamps, build - 300)); /* a floor of the cache cannot lower the build's */
    ck_assert(age_clock_wrong(&stamps, build - 301));
    stamps.floor_w = NOW;
    ck_assert(!age_clock_wrong(&stamps, NOW - 300));
    ck_assert(age_clock_wrong(&stamps, NOW - 301));
    stamps.floor_w = INT64_MAX;
    ck_assert(age_clock_wrong(&stamps, NOW));
    ck_assert(!age_clock_wrong(&stamps, INT64_MAX - 300));
}
END_TEST

START_TEST(states_have_the_names_of_the_log)
{
    static const char *const names[] = {"absent", "expired", "stale", "due", "fresh", "file"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        ck_assert_str_eq(cache_state_name((enum cache_state)i), names[i]);
    ck_assert_str_eq(cache_state_name((enum cache_state)6), "absent");
    ck_assert_str_eq(cache_state_name((enum cache_state)-1), "absent");
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("age", within_a_boot_age_is_the_boot_clock, the_wall_clock_makes_no_key_younger,
                       a_validation_to_come_is_as_none, a_validation_of_this_millisecond_counts,
                       a_wall_clock_far_ahead_is_believed_if_it_is_disciplined,
                       stamps_of_another_boot_or_namespace_go_by_the_wall_clock, an_unknown_boot_is_no_boot_of_ours,
                       validated_since_is_of_this_boot_and_not_a_millisecond_earlier, each_state_begins_at_its_second,
                       doubt_makes_a_state_worse_and_never_better, the_point_of_refresh_is_this_hosts_and_this_sources,
                       due_is_between_its_first_point_and_its_last, the_spread_is_the_hash_of_machine_id_and_source,
                       the_clock_may_be_five_minutes_behind_the_floor, states_have_the_names_of_the_log);
}
