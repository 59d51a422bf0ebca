/* SPDX-License-Identifier: Apache-2.0 */
/*
 * age.c: how old a set is, and what that makes of it (CACHE 3, 4 and 5).
 *
 * Age counts from the last validation: by the boot clock within one boot, by the wall clock across boots.  No restart,
 * restore, failed fetch or clock that is set makes a key younger.
 */
#include "internal.h"

#include <string.h>

enum {
    RESTORED_AFTER = 3600,  /* s by which the wall clock outruns the boot clock: no drift does, a restored machine */
    MACHINE_ID_MAX = 64
};

/* A set may be refreshed this early: the point is between these shares of its interval, by host. */
static const double due_first = 0.70, due_range = 0.20;

static bool same_boot(const struct clock_base *a, const struct clock_base *b)
{
    return a->boot[0] != '\0' && strcmp(a->boot, b->boot) == 0 && a->tns == b->tns;
}

static int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Within one boot.  A wall clock that went back changes nothing; one that ran ahead is believed if it is disciplined. */
static void age_within_boot(const struct stamps *stamps, int64_t now, struct age *ret_age)
{
    int64_t by_boot = clock_boot_ms() - stamps->validated_b;
    int64_t by_wall = now - stamps->validated_w;

    if (by_boot < 0) {
        *ret_age = (struct age){0, CACHE_ABSENT};
        return;
    }
    *ret_age = (struct age){by_boot / 1000, CACHE_FRESH};
    if (by_wall <= ret_age->seconds + RESTORED_AFTER)
        return;
    if (clock_synchronised())
        ret_age->seconds = by_wall;
    else
        ret_age->best = CACHE_DUE;
}

void age_of(const struct stamps *stamps, int64_t now, struct age *ret_age)
{
    struct clock_base base;
    int64_t uptime;

    clock_base_read(&base);
    if (same_boot(&base, &stamps->base)) {
        age_within_boot(stamps, now, ret_age);
        return;
    }
    uptime = clock_boot_ms() / 1000;
    if (now < stamps->validated_w)
        *ret_age = (struct age){uptime, CACHE_STALE};
    else
        *ret_age = (struct age){at_least(now - stamps->validated_w, uptime), CACHE_FRESH};
}

double age_spread(const struct crypto *crypto, const char *id)
{
    CLEANUP(buffer_freep) struct buffer seed = {0};
    struct clock_base base;
    unsigned char digest[SHA256_SIZE] = {0};
    uint64_t bits = 0;

    if (file_read("/etc/machine-id", NO_OWNER, MACHINE_ID_MAX, &seed, NULL, NULL) != JWKSCORE_OK) {
        clock_base_read(&base);
        if (!buffer_append(&seed, text_from(base.boot)))
            return 0.5;
    } else if (seed.bytes[seed.length - 1] == '\n') {
        seed.length--;
    }
    if (!buffer_append(&seed, (struct text){"", 1}) || !buffer_append(&seed, text_from(id)) ||
        !crypto_sha256(crypto, (struct text){(char *)seed.bytes, seed.length}, digest))
        return 0.5;
    for (size_t i = 0; i < 6; i++)
        bits = bits << 8 | digest[i];
    return (double)bits / (double)(UINT64_C(1) << 48);
}

int64_t age_due(int64_t interval, double spread)
{
    return (int64_t)((double)interval * (due_first + due_range * spread));
}

/* The host's point is looked up only between the first and the last that any host has: it costs a file. */
static bool is_due(const struct crypto *crypto, const char *id, int64_t interval, int64_t age)
{
    if (age < age_due(interval, 0.0) || age >= age_due(interval, 1.0))
        return age >= age_due(interval, 1.0);
    return age >= age_due(interval, age_spread(crypto, id));
}

/* s of age for which a set may be used without another validation: max_stale bounds all use. */
static int64_t good_for(const struct issuer_options *issuer, int64_t ttl)
{
    return at_most(ttl, at_least(issuer->max_stale, TTL_MIN));
}

int64_t age_limit(const struct issuer_options *issuer, int64_t ttl)
{
    return at_least(good_for(issuer, ttl), issuer->max_stale);
}

enum cache_state age_state(const struct crypto *crypto, const struct issuer_options *issuer, const char *id, int64_t ttl,
                           const struct age *age)
{
    int64_t used = good_for(issuer, ttl);
    enum cache_state state;

    if (age->seconds >= age_limit(issuer, ttl))
        state = CACHE_EXPIRED;
    else if (age->seconds >= used)
        state = CACHE_STALE;
    else if (is_due(crypto, id, at_most(used, issuer->refresh_interval), age->seconds))
        state = CACHE_DUE;
    else
        state = CACHE_FRESH;
    return state < age->best ? state : age->best;
}

bool age_clock_wrong(const struct stamps *stamps, int64_t now)
{
    int64_t floor = JWKS_BUILD_TIME;

    if (stamps != NULL)
        floor = at_least(floor, stamps->floor_w);
    return now < floor - CLOCK_STEP_MAX;
}

bool age_validated_since(const struct stamps *stamps, int64_t since_b)
{
    struct clock_base base;

    clock_base_read(&base);
    return same_boot(&base, &stamps->base) && stamps->validated_b >= since_b;
}

const char *cache_state_name(enum cache_state state)
{
    static const char *const names[] = {
        [CACHE_ABSENT] = "absent", [CACHE_EXPIRED] = "expired", [CACHE_STALE] = "stale",
        [CACHE_DUE] = "due",       [CACHE_FRESH] = "fresh",     [CACHE_FILE] = "file",
    };

    return (unsigned)state < ARRAY_LENGTH(names) ? names[state] : "absent";
}
