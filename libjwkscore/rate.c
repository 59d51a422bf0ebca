/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate.c: ID.state as a reader sees it: attempt clock, back-off, flood limit, negative list (CACHE 2, 5 and 7).
 *
 * Readers look before they start a helper, the helper looks again under the lock and writes.  All times are of the boot
 * clock; a file of another boot, of another time namespace, or a damaged one counts as none.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

enum {
    KID_TOKENS_MAX = 2,             /* a rotation and its repeat */
    KID_INTERVAL = 60,              /* s: a rotation is seen within a minute */
    KID_INTERVAL_MAX = 900,         /* s: 100 requests a day */
    KID_BACKOFF_MS = 60000          /* after that an unknown kid may ask again: the provider may be back */
};

void rate_init(struct rate *ret_rate)
{
    memset(ret_rate, 0, sizeof(*ret_rate));
    ret_rate->kid_tokens = KID_TOKENS_MAX;
    ret_rate->kid_interval = KID_INTERVAL;
}

/*
 * The members that are numbers, in one table for reader and writer.  Counters may be missing: where a program of another
 * version has written the file, its pauses count on, and no upgrade of many hosts in an outage lets all of them ask at once.
 */
const struct rate_member rate_members[] = {
    {"attempt_b", offsetof(struct rate, attempt_b), RATE_MOST, false},
    {"next_b", offsetof(struct rate, next_b), RATE_MOST, false},
    {"fail_n", offsetof(struct rate, fail_n), RATE_MOST, false},
    {"http", offsetof(struct rate, http), 999, false},
    {"retry_b", offsetof(struct rate, retry_b), RATE_MOST, false},
    {"inflight_b", offsetof(struct rate, inflight_b), RATE_MOST, false},
    {"disc_next_b", offsetof(struct rate, disc_next_b), RATE_MOST, false},
    {"disc_fail_n", offsetof(struct rate, disc_fail_n), RATE_MOST, false},
    {"kid_tokens", offsetof(struct rate, kid_tokens), KID_TOKENS_MAX, false},
    {"kid_stamp_b", offsetof(struct rate, kid_stamp_b), RATE_MOST, false},
    {"kid_interval", offsetof(struct rate, kid_interval), KID_INTERVAL_MAX, false},
    {"kid_last_b", offsetof(struct rate, kid_last_b), RATE_MOST, false},
    {"kid_misses", offsetof(struct rate, kid_misses), RATE_MOST, false},
    {"kid_miss_b", offsetof(struct rate, kid_miss_b), RATE_MOST, false},
    {"clock_skewed", offsetof(struct rate, clock_skewed), 1, true},
    {"fetches", offsetof(struct rate, fetches), RATE_MOST, false},
    {"reason_cold", offsetof(struct rate, reasons[REFRESH_COLD]), RATE_MOST, true},
    {"reason_stale", offsetof(struct rate, reasons[REFRESH_STALE]), RATE_MOST, true},
    {"reason_due", offsetof(struct rate, reasons[REFRESH_DUE]), RATE_MOST, true},
    {"reason_kid", offsetof(struct rate, reasons[REFRESH_KID]), RATE_MOST, true},
    {"reason_sig", offsetof(struct rate, reasons[REFRESH_SIG]), RATE_MOST, true},
    {"reason_clock", offsetof(struct rate, reasons[REFRESH_CLOCK]), RATE_MOST, true},
    {"reason_manual", offsetof(struct rate, reasons[REFRESH_MANUAL]), RATE_MOST, true},
    {"reason_force", offsetof(struct rate, reasons[REFRESH_FORCE]), RATE_MOST, true},
    {"reason_flush", offsetof(struct rate, reasons[REFRESH_FLUSH]), RATE_MOST, true},
    {"outcome_new", offsetof(struct rate, outcomes[OUTCOME_NEW]), RATE_MOST, true},
    {"outcome_unchanged", offsetof(struct rate, outcomes[OUTCOME_UNCHANGED]), RATE_MOST, true},
    {"outcome_coalesced", offsetof(struct rate, outcomes[OUTCOME_COALESCED]), RATE_MOST, true},
    {"outcome_backoff", offsetof(struct rate, outcomes[OUTCOME_BACKOFF]), RATE_MOST, true},
    {"outcome_retry-after", offsetof(struct rate, outcomes[OUTCOME_RETRY_AFTER]), RATE_MOST, true},
    {"outcome_flood", offsetof(struct rate, outcomes[OUTCOME_FLOOD]), RATE_MOST, true},
    {"outcome_negative", offsetof(struct rate, outcomes[OUTCOME_NEGATIVE]), RATE_MOST, true},
    {"outcome_dns", offsetof(struct rate, outcomes[OUTCOME_DNS]), RATE_MOST, true},
    {"outcome_connect", offsetof(struct rate, outcomes[OUTCOME_CONNECT]), RATE_MOST, true},
    {"outcome_timeout", offsetof(struct rate, outcomes[OUTCOME_TIMEOUT]), RATE_MOST, true},
    {"outcome_tls", offsetof(struct rate, outcomes[OUTCOME_TLS]), RATE_MOST, true},
    {"outcome_tls-verify", offsetof(struct rate, outcomes[OUTCOME_TLS_VERIFY]), RATE_MOST, true},
    {"outcome_http-3xx", offsetof(struct rate, outcomes[OUTCOME_HTTP_3XX]), RATE_MOST, true},
    {"outcome_http-4xx", offsetof(struct rate, outcomes[OUTCOME_HTTP_4XX]), RATE_MOST, true},
    {"outcome_http-429", offsetof(struct rate, outcomes[OUTCOME_HTTP_429]), RATE_MOST, true},
    {"outcome_http-5xx", offsetof(struct rate, outcomes[OUTCOME_HTTP_5XX]), RATE_MOST, true},
    {"outcome_http-other", offsetof(struct rate, outcomes[OUTCOME_HTTP_OTHER]), RATE_MOST, true},
    {"outcome_too-large", offsetof(struct rate, outcomes[OUTCOME_TOO_LARGE]), RATE_MOST, true},
    {"outcome_encoding", offsetof(struct rate, outcomes[OUTCOME_ENCODING]), RATE_MOST, true},
    {"outcome_not-json", offsetof(struct rate, outcomes[OUTCOME_NOT_JSON]), RATE_MOST, true},
    {"outcome_no-keys", offsetof(struct rate, outcomes[OUTCOME_NO_KEYS]), RATE_MOST, true},
    {"outcome_no-usable", offsetof(struct rate, outcomes[OUTCOME_NO_USABLE]), RATE_MOST, true},
    {"outcome_discovery", offsetof(struct rate, outcomes[OUTCOME_DISCOVERY]), RATE_MOST, true},
    {"outcome_fs", offsetof(struct rate, outcomes[OUTCOME_FS]), RATE_MOST, true},
    {"outcome_nopersist", offsetof(struct rate, outcomes[OUTCOME_NOPERSIST]), RATE_MOST, true},
    {"outcome_helper", offsetof(struct rate, outcomes[OUTCOME_HELPER]), RATE_MOST, true},
    {NULL, 0, 0, false},
};

/* 16 lower-case hexadecimal digits. */
static bool parse_hash(struct text text, uint64_t *ret_hash)
{
    uint64_t hash = 0;

    if (text.length != 16)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.bytes[i];

        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return false;
        hash = hash << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *ret_hash = hash;
    return true;
}

static bool parse_negative(const struct value *list, struct rate *rate)
{
    if (value_type(list) != VALUE_ARRAY || value_count(list) > KID_NEGATIVE_MAX)
        return false;
    for (size_t i = 0; i < value_count(list); i++) {
        const struct value *entry = value_at(list, i);
        struct rate_negative *to = &rate->negative[i];
        struct text hash;

        if (!value_member_text(entry, "kid", &hash) || !parse_hash(hash, &to->kid_hash) ||
            !value_member_integer(entry, "until_b", 0, RATE_MOST, &to->until_b) ||
            !value_member_integer(entry, "strikes", 0, RATE_MOST, &to->strikes))
            return false;
        rate->negative_count = i + 1;
    }
    return true;
}

static bool parse_body(const struct value *body, struct rate *rate)
{
    struct text outcome;

    for (const struct rate_member *m = rate_members; m->name != NULL; m++) {
        if (m->counter && value_member(body, m->name) == NULL)
            continue;
        if (!value_member_integer(body, m->name, 0, m->most, (int64_t *)(void *)((char *)rate + m->offset)))
            return false;
    }
    if (!value_member_text(body, "outcome", &outcome) || outcome.length >= sizeof(rate->outcome))
        return false;
    memcpy(rate->outcome, outcome.bytes, outcome.length);
    return parse_negative(value_member(body, "negative"), rate);
}

enum jwkscore_status rate_parse(const struct crypto *crypto, const char *id, struct buffer *file,
                                const struct clock_base *base, struct rate *ret_rate, struct jwkscore_error *error)
{
    CLEANUP(envelope_clear) struct envelope envelope = {0};
    CLEANUP(value_freep) struct value *body = NULL;
    struct rate rate = {0};
    int64_t tns;
    enum jwkscore_status status = envelope_parse(crypto, "state", file, &envelope, error);

    if (status != JWKSCORE_OK)
        return status;
    if (!value_is(value_member(envelope.head, "id"), id))
        return error_set(error, JWKSCORE_E_PROVIDER, "it belongs to another source");
    if (base->boot[0] == '\0' || !value_is(value_member(envelope.head, "boot"), base->boot) ||
        !value_member_integer(envelope.head, "tns", 0, INT64_MAX, &tns) || tns != base->tns)
        return error_set(error, JWKSCORE_E_PROVIDER, "it is of another boot");
    status = value_parse(envelope.body, &body, error);
    if (status != JWKSCORE_OK)
        return status;
    if (!parse_body(body, &rate) || rate.kid_interval < KID_INTERVAL)
        return error_set(error, JWKSCORE_E_PROVIDER, "a member is missing or out of range");
    *ret_rate = rate;
    return JWKSCORE_OK;
}

void rate_read(const struct jwkscore_config *config, const struct folder *run, const char *id, struct rate *ret_rate)
{
    CLEANUP(buffer_freep) struct buffer file = {0};
    struct clock_base base;
    char name[SOURCE_ID_SIZE + sizeof(".state")];
    bool absent;

    rate_init(ret_rate);
    snprintf(name, sizeof(name), "%s.state", id);
    if (run->fd < 0 || file_read_at(run, name, run->owner, ENVELOPE_MAX, &file, &absent, NULL) != JWKSCORE_OK || absent)
        return;
    clock_base_read(&base);
    if (rate_parse(config->crypto, id, &file, &base, ret_rate, NULL) != JWKSCORE_OK)
        rate_init(ret_rate);
}

uint64_t rate_kid_hash(const struct crypto *crypto, struct text kid)
{
    unsigned char digest[SHA256_SIZE] = {0};
    uint64_t hash = 0;

    if (!crypto_sha256(crypto, kid, digest))
        return 0;
    for (size_t i = 0; i < 8; i++)
        hash = hash << 8 | digest[i];
    return hash;
}

/* Somebody's helper may be at it: they live 10 s at most. */
bool rate_in_flight(const struct rate *rate, int64_t now_b)
{
    return rate->inflight_b != 0 && now_b >= rate->inflight_b && now_b - rate->inflight_b < HELPER_LIFE_MS;
}

bool rate_retry_after(const struct rate *rate, int64_t now_b)
{
    return now_b < rate->retry_b;
}

bool rate_backing_off(const struct rate *rate, int64_t now_b)
{
    return now_b < rate->next_b || rate_retry_after(rate, now_b);
}

int64_t rate_kid_tokens(const struct rate *rate, int64_t now_b)
{
    int64_t since = now_b > rate->kid_stamp_b ? now_b - rate->kid_stamp_b : 0;
    int64_t more = since / (rate->kid_interval * 1000);

    return more >= KID_TOKENS_MAX - rate->kid_tokens ? KID_TOKENS_MAX : rate->kid_tokens + more;
}

bool rate_is_negative(const struct rate *rate, uint64_t kid_hash, int64_t now_b)
{
    for (size_t i = 0; i < rate->negative_count; i++)
        if (rate->negative[i].kid_hash == kid_hash && now_b < rate->negative[i].until_b)
            return true;
    return false;
}

bool rate_kid_held_back(const struct rate *rate, int64_t now_b)
{
    if (rate_kid_tokens(rate, now_b) == 0 || rate_retry_after(rate, now_b))
        return true;
    return now_b < rate->next_b && !rate_in_flight(rate, now_b) && now_b - rate->attempt_b < KID_BACKOFF_MS;
}
