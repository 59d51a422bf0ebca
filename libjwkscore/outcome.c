/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outcome.c: why a refresh is asked for and what became of it: the names in arguments, logs and ID.state, and the
 * 16 bytes that jwks-fetch answers with (CACHE 8 and 10).
 */
#include "internal.h"

#include <string.h>

static const char *const reasons[] = {
    [REFRESH_COLD] = "cold",   [REFRESH_STALE] = "stale", [REFRESH_DUE] = "due",
    [REFRESH_KID] = "kid",     [REFRESH_SIG] = "sig",     [REFRESH_CLOCK] = "clock",
    [REFRESH_MANUAL] = "manual", [REFRESH_FORCE] = "force", [REFRESH_FLUSH] = "flush",
};

static const char *const outcomes[OUTCOME_COUNT] = {
    [OUTCOME_NONE] = "none",
    [OUTCOME_NEW] = "new",
    [OUTCOME_UNCHANGED] = "unchanged",
    [OUTCOME_COALESCED] = "coalesced",
    [OUTCOME_BACKOFF] = "backoff",
    [OUTCOME_RETRY_AFTER] = "retry-after",
    [OUTCOME_FLOOD] = "flood",
    [OUTCOME_NEGATIVE] = "negative",
    [OUTCOME_DNS] = "dns",
    [OUTCOME_CONNECT] = "connect",
    [OUTCOME_TIMEOUT] = "timeout",
    [OUTCOME_TLS] = "tls",
    [OUTCOME_TLS_VERIFY] = "tls-verify",
    [OUTCOME_HTTP_3XX] = "http-3xx",
    [OUTCOME_HTTP_4XX] = "http-4xx",
    [OUTCOME_HTTP_429] = "http-429",
    [OUTCOME_HTTP_5XX] = "http-5xx",
    [OUTCOME_HTTP_OTHER] = "http-other",
    [OUTCOME_TOO_LARGE] = "too-large",
    [OUTCOME_ENCODING] = "encoding",
    [OUTCOME_NOT_JSON] = "not-json",
    [OUTCOME_NO_KEYS] = "no-keys",
    [OUTCOME_NO_USABLE] = "no-usable",
    [OUTCOME_DISCOVERY] = "discovery",
    [OUTCOME_FS] = "fs",
    [OUTCOME_NOSTATE] = "nostate",
    [OUTCOME_NOPERSIST] = "nopersist",
    [OUTCOME_CONFIG] = "config",
    [OUTCOME_LOCK_TIMEOUT] = "lock-timeout",
    [OUTCOME_HELPER] = "helper",
};

const char *refresh_outcome_name(enum refresh_outcome outcome)
{
    return (unsigned)outcome < OUTCOME_COUNT ? outcomes[outcome] : outcomes[OUTCOME_NONE];
}

enum refresh_outcome refresh_outcome_named(struct text name)
{
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        if (text_is(name, outcomes[i]))
            return (enum refresh_outcome)i;
    return OUTCOME_NONE;
}

const char *refresh_reason_name(enum refresh_reason reason)
{
    return (unsigned)reason < ARRAY_LENGTH(reasons) ? reasons[reason] : reasons[REFRESH_COLD];
}

bool refresh_reason_named(struct text name, enum refresh_reason *ret_reason)
{
    for (size_t i = 0; i < ARRAY_LENGTH(reasons); i++)
        if (text_is(name, reasons[i])) {
            *ret_reason = (enum refresh_reason)i;
            return true;
        }
    return false;
}

/* Did this bring keys, or find that somebody else just had? */
bool refresh_is_success(enum refresh_outcome outcome)
{
    return outcome == OUTCOME_NEW || outcome == OUTCOME_UNCHANGED || outcome == OUTCOME_COALESCED ||
           outcome == OUTCOME_NOPERSIST;
}

bool refresh_is_suppressed(enum refresh_outcome outcome)
{
    return outcome == OUTCOME_BACKOFF || outcome == OUTCOME_RETRY_AFTER || outcome == OUTCOME_FLOOD ||
           outcome == OUTCOME_NEGATIVE;
}

/* The issuer could not be reached, it answered with nothing usable, or the fault is this host's. */
enum jwkscore_status refresh_outcome_status(enum refresh_outcome outcome)
{
    if (refresh_is_suppressed(outcome))
        return JWKSCORE_E_SUPPRESSED;
    if (outcome >= OUTCOME_HTTP_3XX && outcome <= OUTCOME_DISCOVERY)
        return JWKSCORE_E_PROVIDER;
    return JWKSCORE_E_UNREACHABLE;
}

static const char magic[4] = {'J', 'K', 'R', '1'};

static void put(unsigned char *to, size_t size, uint32_t number)
{
    for (size_t i = size; i-- > 0; number >>= 8)
        to[i] = (unsigned char)(number & 0xff);
}

static uint32_t get(const unsigned char *from, size_t size)
{
    uint32_t number = 0;

    for (size_t i = 0; i < size; i++)
        number = number << 8 | from[i];
    return number;
}

void refresh_answer_encode(const struct refresh_answer *answer, unsigned char ret_bytes[static REFRESH_ANSWER_SIZE])
{
    memcpy(ret_bytes, magic, sizeof(magic));
    put(ret_bytes + 4, 2, (uint32_t)answer->outcome);
    put(ret_bytes + 6, 2, answer->http);
    put(ret_bytes + 8, 4, answer->next_s);
    put(ret_bytes + 12, 4, answer->length);
}

bool refresh_answer_decode(const unsigned char bytes[static REFRESH_ANSWER_SIZE], struct refresh_answer *ret_answer)
{
    uint32_t outcome = get(bytes + 4, 2), length = get(bytes + 12, 4);

    if (memcmp(bytes, magic, sizeof(magic)) != 0 || outcome == OUTCOME_NONE || outcome >= OUTCOME_COUNT ||
        length > ENVELOPE_MAX)
        return false;
    *ret_answer = (struct refresh_answer){(enum refresh_outcome)outcome, get(bytes + 6, 2), get(bytes + 8, 4), length};
    return true;
}
