/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate.c: a state file that is taken has every number in its range, so that whatever is asked of it overflows nothing;
 * and what the helper writes again reads the same.
 *
 * Each input is tried as it is, and with the checksum that it should have.
 */
#include "../../jwks_fetch/fetch.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define ID "0123456789abcdef0123456789abcdef"

static struct crypto *crypto;
static struct clock_base base;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crypto = crypto_new();
    clock_base_read(&base);
    must(crypto != NULL);
    return 0;
}

static void check_ranges(const struct rate *rate)
{
    for (const struct rate_member *m = rate_members; m->name != NULL; m++) {
        int64_t number;

        memcpy(&number, (const char *)rate + m->offset, sizeof(number));
        must(number >= 0 && number <= m->most);
    }
    must(rate->kid_interval > 0 && rate->negative_count <= KID_NEGATIVE_MAX);
    must(memchr(rate->outcome, '\0', sizeof(rate->outcome)) != NULL);
}

static void ask(const struct rate *rate, int64_t now_b)
{
    int64_t tokens = rate_kid_tokens(rate, now_b);

    must(tokens >= 0 && tokens <= 2);
    must(!rate_retry_after(rate, now_b) || rate_backing_off(rate, now_b));
    must(tokens > 0 || rate_kid_held_back(rate, now_b));
    (void)rate_in_flight(rate, now_b);
    (void)rate_is_negative(rate, 1, now_b);
    for (enum refresh_reason reason = REFRESH_COLD; reason <= REFRESH_FLUSH; reason++) {
        must(limiter_allowed_b(rate, reason, 1, now_b) >= now_b);
        (void)limiter_verdict(rate, reason, 1, now_b, true);
        (void)limiter_verdict(rate, reason, 1, now_b, false);
    }
}

/* What jwks-fetch does to a state; the copy stays in range. */
static void change(struct rate rate, int64_t now_b)
{
    for (enum refresh_reason reason = REFRESH_COLD; reason <= REFRESH_FLUSH; reason++)
        limiter_stamp(&rate, reason, reason % 2 == 0, now_b, UINT64_MAX / (unsigned)(reason + 1));
    limiter_retry_after(&rate, 3600, now_b);
    (void)limiter_kid_missed(&rate, 1, now_b);
    (void)limiter_sig_missed(&rate, 2, now_b);
    (void)limiter_kid_failed(&rate, 3, now_b);
    check_ranges(&rate);
    limiter_kid_found(&rate, 1);
    limiter_fail(&rate, OUTCOME_DNS, 0);
    limiter_succeed(&rate, OUTCOME_NEW, 200);
    check_ranges(&rate);
}

/* The writer knows this boot only, and so do we. */
static void write_again(const struct rate *rate)
{
    CLEANUP(buffer_freep) struct buffer file = {0};
    struct rate again;

    must(limiter_write(crypto, ID, rate, &file) && fuzz_is_sealed(file.bytes, file.length));
    must(rate_parse(crypto, ID, &file, &base, &again, NULL) == JWKSCORE_OK);
    must(memcmp(&again, rate, sizeof(again)) == 0);
}

static void try(const uint8_t *data, size_t size)
{
    static const struct clock_base seeds = {"01234567-89ab-cdef-0123-456789abcdef", 4026531834};
    static const int64_t times[] = {0, 1, 100000, 1LL << 50};
    CLEANUP(buffer_freep) struct buffer bytes = {0};
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    struct rate rate;

    must(buffer_append(&bytes, (struct text){(const char *)data, size}));
    if (rate_parse(crypto, ID, &bytes, &seeds, &rate, &error) != JWKSCORE_OK) {
        must(error.message[0] != '\0' && fuzz_is_printable(error.message, strlen(error.message)));
        return;
    }
    must(fuzz_is_sealed(data, size));
    check_ranges(&rate);
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        ask(&rate, times[i]);
        change(rate, times[i]);
    }
    write_again(&rate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t length;
    unsigned char *sealed = fuzz_sealed(data, size, &length);

    try(data, size);
    try(sealed, length);
    free(sealed);
    return 0;
}
