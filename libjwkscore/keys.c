/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.c: which key signed this token, through the cache and its waits (CACHE 5).
 *
 *     fresh          verify
 *     due            verify, and start a refresh that nobody waits for
 *     stale          wait once, at most 1.5 s, and verify with what is there then
 *     expired, none  wait at most 8 s; then it is unavailable
 *     unknown kid    one refresh through the flood limit, at most 3 s; then it is denied
 *
 * All waits share one budget.  A refresh that fails never turns a yes into a no while the keys may still be used; only
 * where memory or descriptors are wanting, which sudo's caller can bring about, nobody can tell, and it is a fault.
 */
#include "internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_STALE = 1500, WAIT_KID = 3000, WAIT_COLD = 8000, CLOCK_RETRY_MS = 300000 };

/* One search for a key: what is known, and how much time is left. */
struct search {
    const struct keys_request *request;
    struct cache cache;
    struct rate rate;
    struct candidates candidates;
    uint64_t kid_hash;
    int64_t began_b, deadline_b;
};

static void search_clear(struct search *search)
{
    candidates_clear(&search->candidates);
    cache_close(&search->cache);
}

static const struct text *token_kid(const struct search *search)
{
    return search->request->token->has_kid ? &search->request->token->kid : NULL;
}

/* Finds the keys of the set in hand that could have signed the token; a denied one is refused before any wait. */
static enum jwkscore_status look_up(struct search *search, struct jwkscore_error *error)
{
    const struct keys_request *request = search->request;
    const struct cache_file *file = &search->cache.file;
    int64_t grace = search->cache.age_known ? request->issuer->key_grace - search->cache.age : 0;
    struct vanished_keys vanished = {file->gone, file->gone_count, grace};

    candidates_clear(&search->candidates);
    if (search->cache.state <= CACHE_EXPIRED)
        return JWKSCORE_OK;
    if (!keyset_candidates(file->keyset, token_kid(search), request->token->algorithm,
                           text_from(request->issuer->issuer), &vanished, &search->candidates))
        return error_memory(error);
    return verify_not_denied(request, &search->candidates, error);
}

/* Milliseconds that may still be waited, at most `most`. */
static int64_t wait_left(const struct search *search, int64_t most)
{
    int64_t left = search->deadline_b - clock_boot_ms();

    return left < 0 ? 0 : left < most ? left : most;
}

/* Only where it matters: the user database may be on the network too. */
static bool user_exists(const struct keys_request *request)
{
    if (*request->known == ACCOUNT_UNASKED)
        *request->known = account_exists(request->user) ? ACCOUNT_THERE : ACCOUNT_ABSENT;
    return *request->known == ACCOUNT_THERE;
}

bool keys_may_refresh(const struct keys_request *request)
{
    return !request->config->offline && (request->user == NULL || user_exists(request));
}

static void start_refresh(const struct search *search, enum refresh_reason reason, const uint64_t *kid_hash)
{
    struct refresh_answer answer;
    struct buffer envelope = {0};

    if (keys_may_refresh(search->request) &&
        refresh_run(search->request->config, search->request->issuer, reason, kid_hash, 0, &answer, &envelope, NULL) !=
            JWKSCORE_OK)
        return; /* nobody waits for it: the next login finds the keys as they are */
}

/* What a failed refresh says: its step, and when the next one may be. */
static enum jwkscore_status explain_failure(const struct search *search, const struct refresh_answer *answer,
                                            struct jwkscore_error *error)
{
    char http[32] = "", next[48] = "";

    if (answer->http != 0)
        snprintf(http, sizeof(http), " (HTTP %u)", answer->http);
    if (answer->next_s != 0)
        snprintf(next, sizeof(next), ", next attempt in %" PRIu32 " s", answer->next_s);
    return error_set(error, refresh_outcome_status(answer->outcome), "no keys of issuer %s: refresh %s: %s%s%s",
                     search->request->issuer->name,
                     refresh_is_suppressed(answer->outcome) ? "held back" : "failed",
                     refresh_outcome_name(answer->outcome), http, next);
}

/* Where nobody could look, an older set must not stand in for the newest. */
static enum jwkscore_status refuse_fault(const struct search *search, struct jwkscore_error *error)
{
    if (search->cache.fault == JWKSCORE_OK)
        return JWKSCORE_OK;
    return error_set(error, search->cache.fault, "the keys cannot be looked up: %s", search->cache.note);
}

/* Waits for a refresh and reads the cache again.  Not OK: nothing new came, and `error` says why. */
static enum jwkscore_status wait_refresh(struct search *search, enum refresh_reason reason, const uint64_t *kid_hash,
                                         int64_t most, enum refresh_outcome *ret_outcome, struct jwkscore_error *error)
{
    const struct keys_request *request = search->request;
    CLEANUP(buffer_freep) struct buffer envelope = {0};
    struct refresh_answer answer = {.outcome = OUTCOME_NONE};
    struct jwkscore_error why = {JWKSCORE_OK, ""};
    enum jwkscore_status status;
    int64_t wait;

    if (!keys_may_refresh(request))
        return error_set(error, JWKSCORE_E_UNREACHABLE, "no refresh %s",
                         request->config->offline ? "with a configuration that is refused" : "for an account that does not exist");
    wait = wait_left(search, most); /* of which the user database may have taken its part */
    if (wait == 0)
        return error_set(error, JWKSCORE_E_UNREACHABLE, "max_wait is used up");
    status = refresh_run(request->config, request->issuer, reason, kid_hash, wait, &answer, &envelope, &why);
    candidates_clear(&search->candidates); /* they point into the set that is read anew, whatever came of the refresh */
    cache_load(&search->cache, request->now);
    if (envelope.length > 0)
        cache_take(&search->cache, &envelope, request->now);
    if (status == JWKSCORE_E_MEMORY) { /* nobody heard what the helper said, or had to say */
        search->cache.fault = status;
        snprintf(search->cache.note, sizeof(search->cache.note), "%.150s", why.message);
    }
    if (search->cache.fault != JWKSCORE_OK)
        return refuse_fault(search, error);
    if (status != JWKSCORE_OK) /* where a helper may not or cannot be started, the refresh has failed (CACHE 8) */
        return error_set(error, status == JWKSCORE_E_SYSTEM ? JWKSCORE_E_UNREACHABLE : status, "%s", why.message);
    *ret_outcome = answer.outcome;
    return refresh_is_success(answer.outcome) ? JWKSCORE_OK : explain_failure(search, &answer, error);
}

/* A refresh that failed lately is not tried again yet; one that is under way is waited for. */
static bool held_back(const struct search *search)
{
    int64_t now_b = clock_boot_ms();

    return rate_backing_off(&search->rate, now_b) && !rate_in_flight(&search->rate, now_b);
}

static enum jwkscore_status refuse_held_back(const struct search *search, struct jwkscore_error *error)
{
    int64_t next = search->rate.next_b > search->rate.retry_b ? search->rate.next_b : search->rate.retry_b;
    int64_t left = (next - clock_boot_ms() + 999) / 1000;

    return error_set(error, JWKSCORE_E_SUPPRESSED, "no keys of issuer %s: the last refresh failed (%s), next attempt in %" PRId64 " s",
                     search->request->issuer->name, search->rate.outcome, left > 0 ? left : 0);
}

/* Nothing usable is cached: wait, then it is there or it is not. */
static enum jwkscore_status fetch_cold(struct search *search, struct jwkscore_error *error)
{
    bool had_some = search->cache.state == CACHE_EXPIRED;
    struct jwkscore_error why = {JWKSCORE_OK, ""};
    enum refresh_outcome outcome = OUTCOME_NONE;
    enum jwkscore_status status;

    if (held_back(search))
        return refuse_held_back(search, error);
    status = wait_refresh(search, REFRESH_COLD, NULL, WAIT_COLD, &outcome, &why);
    if (search->cache.fault != JWKSCORE_OK)
        return refuse_fault(search, error);
    if (search->cache.state > CACHE_EXPIRED)
        return JWKSCORE_OK; /* whoever brought them */
    if (status == JWKSCORE_OK)
        return error_set(error, JWKSCORE_E_UNREACHABLE, "refreshed, and still no usable keys: %s", search->cache.note);
    if (had_some && jwkscore_classify(status) == JWKSCORE_CLASS_UNAVAILABLE)
        status = JWKSCORE_E_STALE;
    return error_set(error, status, "%s", why.message);
}

/* Stale: one short wait, whose failure changes nothing. */
static enum jwkscore_status refresh_stale(struct search *search, struct jwkscore_error *error)
{
    enum refresh_outcome outcome;

    if (held_back(search) ||
        (wait_refresh(search, REFRESH_STALE, NULL, WAIT_STALE, &outcome, NULL) != JWKSCORE_OK &&
         search->candidates.count > 0))
        return JWKSCORE_OK;
    return search->cache.fault != JWKSCORE_OK ? refuse_fault(search, error) : look_up(search, error);
}

static bool validated_since_began(const struct search *search)
{
    return search->cache.state > CACHE_EXPIRED && age_validated_since(&search->cache.file.stamps, search->began_b);
}

/* Steps 1 to 4 of CACHE 5's kid path.  OK: candidates were found after all. */
static enum jwkscore_status find_unknown_kid(struct search *search, struct jwkscore_error *error)
{
    enum refresh_outcome outcome = OUTCOME_NONE;
    struct jwkscore_error why = {JWKSCORE_OK, ""};
    enum jwkscore_status status, found;

    if (!search->request->token->has_kid || validated_since_began(search) ||
        rate_is_negative(&search->rate, search->kid_hash, clock_boot_ms()))
        return verify_refuse_unknown(search->request, error);
    if (rate_kid_held_back(&search->rate, clock_boot_ms())) {
        if (search->cache.state != CACHE_STALE || held_back(search))
            return error_set(error, JWKSCORE_E_SUPPRESSED, "the key is not cached, and a refresh for unknown keys is held back");
        status = wait_refresh(search, REFRESH_STALE, NULL, WAIT_STALE, &outcome, &why);
    } else {
        status = wait_refresh(search, REFRESH_KID, &search->kid_hash, WAIT_KID, &outcome, &why);
    }
    if (search->cache.fault != JWKSCORE_OK)
        return refuse_fault(search, error);
    found = look_up(search, error);
    if (found != JWKSCORE_OK || search->candidates.count > 0)
        return found;
    if (search->candidates.known || validated_since_began(search) || outcome == OUTCOME_NEGATIVE)
        return verify_refuse_unknown(search->request, error);
    if (status == JWKSCORE_OK)
        return error_set(error, JWKSCORE_E_SUPPRESSED, "the key is not cached, and the set was not fetched anew");
    return error_set(error, status, "the key is not cached: %s", why.message);
}

/* New material under an old kid heals at the next login; the flood limit holds here too. */
static void doubt_set(const struct search *search)
{
    int64_t now_b = clock_boot_ms();

    if (search->cache.age >= TTL_MIN && rate_kid_tokens(&search->rate, now_b) > 0 &&
        !rate_backing_off(&search->rate, now_b) && !rate_in_flight(&search->rate, now_b))
        start_refresh(search, REFRESH_SIG, &search->kid_hash);
}

static enum jwkscore_status search_begin(const struct keys_request *request, struct search *search,
                                         struct jwkscore_error *error)
{
    enum jwkscore_status status;

    search->request = request;
    search->began_b = clock_boot_ms();
    search->deadline_b = search->began_b + request->max_wait;
    status = cache_open(request->config, request->issuer, &search->cache, error);
    if (status != JWKSCORE_OK)
        return status;
    cache_load(&search->cache, request->now);
    return refuse_fault(search, error);
}

/* The rate state is read only where a refresh comes into question: a warm login opens one file. */
static void read_rate(struct search *search)
{
    rate_read(search->request->config, &search->cache.run_dir, search->cache.id, &search->rate);
    search->kid_hash = rate_kid_hash(search->request->config->crypto, search->request->token->kid);
}

static enum jwkscore_status check_clock(struct search *search, struct jwkscore_error *error)
{
    const struct stamps *stamps = search->cache.file.keyset != NULL ? &search->cache.file.stamps : NULL;
    int64_t now_b = clock_boot_ms();

    if (!age_clock_wrong(stamps, search->request->now))
        return JWKSCORE_OK;
    read_rate(search);
    if (search->rate.attempt_b == 0 || now_b - search->rate.attempt_b >= CLOCK_RETRY_MS)
        start_refresh(search, REFRESH_CLOCK, NULL);
    config_trace(search->request->config, "clock", JWKSCORE_E_CLOCK, NULL, TEXT(""), NULL, NULL);
    return error_set(error, JWKSCORE_E_CLOCK, "this host's clock is earlier than it can be; set it");
}

enum jwkscore_status keys_check_clock(const struct keys_request *request, struct jwkscore_error *error)
{
    CLEANUP(search_clear) struct search search = {.cache = {.state_dir = {.fd = -1}, .run_dir = {.fd = -1}}};

    if (request->issuer->jwks_file != NULL || search_begin(request, &search, NULL) != JWKSCORE_OK)
        return age_clock_wrong(NULL, request->now)
                   ? REFUSE(request->config, "clock", JWKSCORE_E_CLOCK, NULL, NULL, TEXT(""), error,
                            "this host's clock is earlier than it can be; set it")
                   : JWKSCORE_OK;
    return check_clock(&search, error);
}

/* Several keys for a token without a kid are a refusal already, which no refresh would change. */
static bool can_verify(const struct search *search)
{
    return search->candidates.count == 1 || (search->candidates.count > 0 && search->request->token->has_kid);
}

/* Brings the search to candidates, or says why there are none. */
static enum jwkscore_status find_candidates(struct search *search, struct jwkscore_error *error)
{
    enum jwkscore_status status;

    if (search->cache.state != CACHE_FRESH)
        read_rate(search);
    if (search->cache.state <= CACHE_EXPIRED && (status = fetch_cold(search, error)) != JWKSCORE_OK)
        return status;
    status = look_up(search, error);
    if (status != JWKSCORE_OK)
        return status;
    if (can_verify(search) && search->cache.state == CACHE_STALE)
        status = refresh_stale(search, error);
    else if (can_verify(search) && search->cache.state == CACHE_DUE && !held_back(search) &&
             !rate_in_flight(&search->rate, clock_boot_ms()))
        start_refresh(search, REFRESH_DUE, NULL);
    if (status != JWKSCORE_OK || search->candidates.count > 0)
        return status;
    if (search->candidates.known)
        return verify_refuse_unknown(search->request, error); /* the kid is there, and for something else */
    read_rate(search);
    return find_unknown_kid(search, error);
}

static enum jwkscore_status verify_by_cache(const struct keys_request *request, struct verified *ret_verified,
                                            struct jwkscore_error *error)
{
    CLEANUP(search_clear) struct search search = {.cache = {.state_dir = {.fd = -1}, .run_dir = {.fd = -1}}};
    struct verified verified = {0};
    enum jwkscore_status status;

    status = search_begin(request, &search, error);
    if (status != JWKSCORE_OK)
        return config_trace(request->config, "cache", status, NULL, TEXT(""), NULL, NULL);
    if ((status = check_clock(&search, error)) != JWKSCORE_OK)
        return status;
    status = find_candidates(&search, error);
    if (status == JWKSCORE_E_DENIED_KEY)
        return status;
    config_trace(request->config, "cache", search.cache.state > CACHE_EXPIRED ? JWKSCORE_OK : status,
                 search.cache.note[0] != '\0' ? search.cache.note : NULL,
                 text_from(cache_state_name(search.cache.state)), &request->issuer->settings, "max_stale");
    if (status != JWKSCORE_OK && status != JWKSCORE_E_UNKNOWN_KEY && search.cache.state > CACHE_EXPIRED)
        return config_trace(request->config, "key", status, NULL, request->token->kid, NULL, NULL);
    if (status != JWKSCORE_OK)
        return status;
    status = verify_candidates(request, &search.candidates, &verified.vanished, error);
    if (status == JWKSCORE_E_SIGNATURE) {
        read_rate(&search);
        doubt_set(&search);
    }
    if (status != JWKSCORE_OK)
        return status;
    verified.state = search.cache.state;
    verified.age = search.cache.age;
    memcpy(verified.note, search.cache.note, sizeof(verified.note));
    *ret_verified = verified;
    return JWKSCORE_OK;
}

enum jwkscore_status keys_verify(const struct keys_request *request, struct verified *ret_verified,
                                 struct jwkscore_error *error)
{
    static const struct candidates none;
    enum jwkscore_status status = verify_not_denied(request, &none, error);

    if (status != JWKSCORE_OK)
        return status;
    if (request->token->has_kid)
        config_trace(request->config, "key", JWKSCORE_OK, NULL, request->token->kid, NULL, NULL);
    return request->issuer->jwks_file != NULL ? verify_by_file(request, ret_verified, error)
                                              : verify_by_cache(request, ret_verified, error);
}
