/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attempt.c: one refresh of one source, step by step (CACHE 10).
 *
 * A failure never changes keys or their age, and always moves the attempt clock: the attempt is written
 * down as failed before it is made, so a helper that is killed at any point leaves a right back-off behind.
 */
#include "fetch.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

/* Whoever could change the CA could change the keys, so it is looked at as jwks.conf is. */
static bool is_ca_safe(const struct attempt *attempt, struct jwkscore_error *error)
{
    CLEANUP(buffer_freep) struct buffer bytes = {0};
    const char *path = attempt->issuer->ca_file;

    return path == NULL ||
           file_read(path, config_file_owner(attempt->config), CA_FILE_MAX, &bytes, NULL, error) == JWKSCORE_OK;
}

/* Step 1.  The folders are the writer's own, or this is not the writer. */
static enum refresh_outcome open_folders(struct attempt *attempt)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status;

    if (attempt->issuer->jwks_file != NULL) {
        failure_set(&attempt->failure, OUTCOME_CONFIG, 0, "jwks_file is set: nothing is fetched");
    } else if (!is_ca_safe(attempt, &error)) {
        failure_set(&attempt->failure, OUTCOME_CONFIG, 0, "ca_file: %s", error.message);
    } else if ((status = cache_open(attempt->config, attempt->issuer, &attempt->cache, &error)) !=
               JWKSCORE_OK) {
        failure_set(&attempt->failure, OUTCOME_FS, 0, "%s", error.message);
        if (status == JWKSCORE_E_UNSAFE_FILE)
            report_event(LOG_CRIT, "cache-unsafe", attempt->issuer, "detail=\"%s\"", attempt->failure.detail);
    } else if (attempt->cache.state_dir.owner != geteuid()) {
        failure_set(&attempt->failure, OUTCOME_FS, 0, "state_dir belongs to uid %lu, and this is uid %lu",
                    (unsigned long)attempt->cache.state_dir.owner, (unsigned long)geteuid());
    } else if (attempt->cache.run_dir.fd < 0) {
        failure_set(&attempt->failure, OUTCOME_NOSTATE, 0, "%s", attempt->cache.note);
    }
    return attempt->failure.outcome;
}

/*
 * The timer asks by refresh_interval alone: an idle host sends a request in 42 to 54 minutes, whatever the
 * ttl.
 */
static bool timer_is_due(const struct attempt *attempt)
{
    const struct cache *cache = &attempt->cache;
    double spread = age_spread(attempt->config->crypto, cache->id);
    struct age age;

    if (cache->state <= CACHE_EXPIRED)
        return true;
    age_of(&cache->file.stamps, process_wall(), &age);
    return age.best < CACHE_FRESH || age.seconds >= age_due(attempt->issuer->refresh_interval, spread);
}

static bool kid_is_there(const struct attempt *attempt)
{
    struct listing listing;

    return set_list(attempt->config->crypto, &attempt->cache.file, &listing) &&
           set_has_kid(&listing, attempt->kid_hash);
}

/* Step 3.  Did somebody else do it while we waited, or is there nothing to do? */
static bool is_done(const struct attempt *attempt)
{
    if (attempt->reason == REFRESH_FLUSH || attempt->cache.file.keyset == NULL)
        return false;
    if (age_validated_since(&attempt->cache.file.stamps, attempt->started_b))
        return true;
    if (attempt->timer)
        return !timer_is_due(attempt);
    switch (attempt->reason) {
    case REFRESH_COLD:
    case REFRESH_STALE:
    case REFRESH_DUE:
        return attempt->cache.state == CACHE_FRESH;
    case REFRESH_KID:
        return kid_is_there(attempt);
    case REFRESH_SIG: /* new material under an old kid is looked for in sets older than the least ttl */
        return attempt->cache.state > CACHE_EXPIRED && attempt->cache.age < TTL_MIN;
    default:
        return false;
    }
}

/* Steps 2 and 3: reads what there is; is a request still wanted, and may it be made? */
static enum refresh_outcome look(struct attempt *attempt, bool locked)
{
    struct cache *cache = &attempt->cache;

    cache->note[0] = '\0';
    cache_load(cache, process_wall());
    if (cache->fault != JWKSCORE_OK) { /* what cannot be read now may be newer than what would replace it */
        failure_set(&attempt->failure, OUTCOME_FS, 0, "%s", cache->note);
        return OUTCOME_FS;
    }
    rate_read(attempt->config, &cache->run_dir, cache->id, &attempt->rate);
    if (attempt->timer)
        attempt->reason = cache->state <= CACHE_EXPIRED ? REFRESH_COLD : REFRESH_DUE;
    attempt->address_doubtful = attempt->rate.http == 404 || attempt->rate.http == 410;
    if ((locked || attempt->timer) && is_done(attempt))
        return OUTCOME_COALESCED;
    return limiter_verdict(&attempt->rate, attempt->reason, attempt->kid_hash, clock_boot_ms(), locked);
}

static bool write_rate(struct attempt *attempt)
{
    CLEANUP(buffer_freep) struct buffer file = {0};
    const struct cache *cache = &attempt->cache;

    return limiter_write(attempt->config->crypto, cache->id, &attempt->rate, &file) &&
           store_replace(&cache->run_dir, cache->id, ".state", &file, STORE_VOLATILE) == 0;
}

/* Once the keys have expired the host is shut: the long back-off of a host with keys must not outlast them. */
static void end_backoff_with_keys(struct attempt *attempt)
{
    int64_t max_stale = attempt->issuer->max_stale > TTL_MIN ? attempt->issuer->max_stale : TTL_MIN;
    int64_t left = max_stale > attempt->cache.age ? max_stale - attempt->cache.age : 0;
    int64_t latest = clock_boot_ms() + left * 1000 + limiter_backoff_ms(1, false, process_random());

    if (attempt->rate.next_b > latest)
        attempt->rate.next_b = latest;
}

/* Step 4.  What cannot be counted is not sent. */
static enum refresh_outcome stamp(struct attempt *attempt)
{
    bool usable = attempt->cache.state > CACHE_EXPIRED;

    limiter_stamp(&attempt->rate, attempt->reason, usable, clock_boot_ms(), process_random());
    if (usable)
        end_backoff_with_keys(attempt);
    if (write_rate(attempt))
        return OUTCOME_NONE;
    failure_set(&attempt->failure, OUTCOME_NOSTATE, 0, "run_dir takes no write");
    return OUTCOME_NOSTATE;
}

/* Steps 5 to 7. */
static enum refresh_outcome fetch(struct attempt *attempt)
{
    CLEANUP(transfer_clear) struct transfer transfer = {0};
    enum refresh_outcome outcome;

    if (transfer_run(attempt, &transfer)) {
        outcome = renewal_apply(attempt, &transfer);
        if (outcome == OUTCOME_NEW || outcome == OUTCOME_UNCHANGED)
            return outcome;
    }
    if (attempt->failure.outcome == OUTCOME_NONE)
        failure_set(&attempt->failure, OUTCOME_HELPER, 0, "no memory");
    limiter_fail(&attempt->rate, attempt->failure.outcome, attempt->failure.http);
    if (attempt->reason == REFRESH_KID || attempt->reason == REFRESH_SIG)
        (void)limiter_kid_failed(&attempt->rate, attempt->kid_hash, clock_boot_ms());
    return attempt->failure.outcome;
}

/* Refused it would let whoever links a file out of the folder shut the host (CACHE 8). */
static void report_links(const struct attempt *attempt)
{
    const struct cache *cache = &attempt->cache;
    char name[SOURCE_ID_SIZE + sizeof(".jwks")];
    struct stat status;

    snprintf(name, sizeof(name), "%s.jwks", cache->id);
    if (fstatat(cache->state_dir.fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
        status.st_nlink > 1)
        report_event(LOG_WARNING, "cache-linked", attempt->issuer, "detail=\"%s has %lu links\"", name,
                     (unsigned long)status.st_nlink);
}

/* Steps 4 to 8, under the lock. */
static enum refresh_outcome run_locked(struct attempt *attempt)
{
    enum refresh_outcome outcome = look(attempt, true);
    const struct cache *cache = &attempt->cache;

    if (outcome == OUTCOME_FS)
        return outcome; /* nobody could look: what is known of the attempts may be old, and stays as it is */
    if (outcome == OUTCOME_NONE && attempt->reason == REFRESH_FLUSH)
        renewal_flush(attempt);
    if (outcome == OUTCOME_NONE)
        outcome = stamp(attempt);
    else
        limiter_skip(&attempt->rate, outcome);
    if (outcome == OUTCOME_NONE) {
        report_links(attempt);
        sweep_temporary(&cache->state_dir, cache->id, process_wall());
        sweep_temporary(&cache->run_dir, cache->id, process_wall());
        outcome = fetch(attempt);
        if (attempt->retry_after > 0)
            limiter_retry_after(&attempt->rate, attempt->retry_after, clock_boot_ms());
    }
    if (outcome != OUTCOME_NOSTATE && !write_rate(attempt))
        report_event(LOG_CRIT, "nostate", attempt->issuer, "detail=\"run_dir takes no write\"");
    return outcome;
}

/*
 * What is held back is counted, unless somebody is at work: who holds the lock is fetching keys, or is
 * counting.  Whoever finds the lock taken for this short time would have been held back, too.
 */
static void count_held_back(struct attempt *attempt, enum refresh_outcome outcome)
{
    CLEANUP(fd_closep) int lock = -1;
    const struct cache *cache = &attempt->cache;

    if (lock_take(&cache->run_dir, cache->id, 0, &lock) != OUTCOME_NONE)
        return;
    rate_read(attempt->config, &cache->run_dir, cache->id, &attempt->rate);
    limiter_skip(&attempt->rate, outcome);
    (void)!write_rate(attempt);
}

/* What an administrator asks for is never held back, so they are told when the next one comes of itself. */
uint32_t attempt_next(const struct attempt *attempt, enum refresh_outcome outcome)
{
    bool by_hand = attempt->reason == REFRESH_MANUAL || attempt->reason == REFRESH_FORCE ||
                   attempt->reason == REFRESH_FLUSH;
    enum refresh_reason reason = by_hand ? REFRESH_DUE : attempt->reason;
    int64_t now_b = clock_boot_ms();

    if (refresh_is_success(outcome) || attempt->rate.kid_interval == 0) /* 0: the state was never read */
        return 0;
    return (uint32_t)((limiter_allowed_b(&attempt->rate, reason, attempt->kid_hash, now_b) - now_b) / 1000);
}

enum refresh_outcome attempt_run(struct attempt *attempt)
{
    CLEANUP(fd_closep) int lock = -1;
    enum refresh_outcome outcome = open_folders(attempt);

    if (outcome == OUTCOME_NONE)
        outcome = look(attempt, false);
    if (refresh_is_suppressed(outcome))
        count_held_back(attempt, outcome);
    if (outcome == OUTCOME_NONE) {
        outcome = lock_take(&attempt->cache.run_dir, attempt->cache.id, attempt->started_b + attempt->wait_ms,
                            &lock);
        if (outcome == OUTCOME_NOSTATE)
            failure_set(&attempt->failure, outcome, 0, "no usable lock in run_dir");
    }
    if (outcome == OUTCOME_NONE)
        outcome = run_locked(attempt);
    report_outcome(attempt, outcome, attempt_next(attempt, outcome));
    return outcome;
}

int attempt_exit_status(enum refresh_outcome outcome)
{
    if (refresh_is_success(outcome))
        return EXIT_DONE;
    return outcome == OUTCOME_CONFIG || outcome == OUTCOME_FS || outcome == OUTCOME_NOSTATE ? EXIT_CANNOT
                                                                                            : EXIT_FAILED;
}

void attempt_close(struct attempt *attempt)
{
    starter_end();
    cache_close(&attempt->cache);
    buffer_freep(&attempt->unstored);
}
