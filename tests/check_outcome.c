/* SPDX-License-Identifier: Apache-2.0 */
/* check_outcome.c: the names of reasons and outcomes, and the 16 bytes of jwks-fetch's answer (CACHE 8 and 10). */
#include "support.h"

#include <string.h>

#define YES true
#define NO false

/* Every outcome, once: its place in the protocol, its name in logs and ID.state, and what it means for who waits. */
static const struct {
    enum refresh_outcome outcome;
    unsigned place;
    const char *name;
    bool success, suppressed;
    enum jwkscore_status status;
} outcomes[] = {
    {OUTCOME_NONE, 0, "none", NO, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_NEW, 1, "new", YES, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_UNCHANGED, 2, "unchanged", YES, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_COALESCED, 3, "coalesced", YES, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_BACKOFF, 4, "backoff", NO, YES, JWKSCORE_E_SUPPRESSED},
    {OUTCOME_RETRY_AFTER, 5, "retry-after", NO, YES, JWKSCORE_E_SUPPRESSED},
    {OUTCOME_FLOOD, 6, "flood", NO, YES, JWKSCORE_E_SUPPRESSED},
    {OUTCOME_NEGATIVE, 7, "negative", NO, YES, JWKSCORE_E_SUPPRESSED},
    {OUTCOME_DNS, 8, "dns", NO, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_CONNECT, 9, "connect", NO, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_TIMEOUT, 10, "timeout", NO, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_TLS, 11, "tls", NO, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_TLS_VERIFY, 12, "tls-verify", NO, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_HTTP_3XX, 13, "http-3xx", NO, NO, JWKSCORE_E_PROVIDER},
    {OUTCOME_HTTP_4XX, 14, "http-4xx", NO, NO, JWKSCORE_E_PROVIDER},
    {OUTCOME_HTTP_429, 15, "http-429", NO, NO, JWKSCORE_E_PROVIDER},
    {OUTCOME_HTTP_5XX, 16, "http-5xx", NO, NO, JWKSCORE_E_PROVIDER},
    {OUTCOME_HTTP_OTHER, 17, "http-other", NO, NO, JWKSCORE_E_PROVIDER},
    {OUTCOME_TOO_LARGE, 18, "too-large", NO, NO, JWKSCORE_E_PROVIDER},
    {OUTCOME_ENCODING, 19, "encoding", NO, NO, JWKSCORE_E_PROVIDER},
    {OUTCOME_NOT_JSON, 20, "not-json", NO, NO, JWKSCORE_E_PROVIDER},
    {OUTCOME_NO_KEYS, 21, "no-keys", NO, NO, JWKSCORE_E_PROVIDER},
    {OUTCOME_NO_USABLE, 22, "no-usable", NO, NO, JWKSCORE_E_PROVIDER},
    {OUTCOME_DISCOVERY, 23, "discovery", NO, NO, JWKSCORE_E_PROVIDER},
    {OUTCOME_FS, 24, "fs", NO, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_NOSTATE, 25, "nostate", NO, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_NOPERSIST, 26, "nopersist", YES, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_CONFIG, 27, "config", NO, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_LOCK_TIMEOUT, 28, "lock-timeout", NO, NO, JWKSCORE_E_UNREACHABLE},
    {OUTCOME_HELPER, 29, "helper", NO, NO, JWKSCORE_E_UNREACHABLE},
};

START_TEST(each_outcome_is_what_the_table_says)
{
    ck_assert_uint_eq(ARRAY_LENGTH(outcomes), OUTCOME_COUNT);
    for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++) {
        enum refresh_outcome outcome = outcomes[i].outcome;
        const char *name = refresh_outcome_name(outcome);

        ck_assert_uint_eq((unsigned)outcome, outcomes[i].place);
        ck_assert_str_eq(name, outcomes[i].name);
        ck_assert_msg(refresh_outcome_named(text_from(name)) == outcome, "%s", name);
        ck_assert_msg(refresh_is_success(outcome) == outcomes[i].success, "%s", name);
        ck_assert_msg(refresh_is_suppressed(outcome) == outcomes[i].suppressed, "%s", name);
        ck_assert_msg(refresh_outcome_status(outcome) == outcomes[i].status, "%s", name);
        ck_assert_int_eq(jwkscore_classify(refresh_outcome_status(outcome)), JWKSCORE_CLASS_UNAVAILABLE);
    }
}
END_TEST

START_TEST(names_are_exact)
{
    static const char *const wrong[] = {"", "New", "new ", " new", "ne", "newer", "http", "http-200", "suppressed"};

    ck_assert(refresh_outcome_named(TEXT("new")) == OUTCOME_NEW);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        ck_assert_msg(refresh_outcome_named(text_from(wrong[i])) == OUTCOME_NONE, "%s", wrong[i]);
    ck_assert(refresh_outcome_named((struct text){"new\0", 4}) == OUTCOME_NONE);
}
END_TEST

START_TEST(a_number_that_is_no_outcome_has_no_success_in_it)
{
    const enum refresh_outcome beyond[] = {OUTCOME_COUNT, (enum refresh_outcome)1000, (enum refresh_outcome)-1};

    for (size_t i = 0; i < ARRAY_LENGTH(beyond); i++) {
        ck_assert_str_eq(refresh_outcome_name(beyond[i]), "none");
        ck_assert(!refresh_is_success(beyond[i]) && !refresh_is_suppressed(beyond[i]));
        ck_assert_int_eq(jwkscore_classify(refresh_outcome_status(beyond[i])), JWKSCORE_CLASS_UNAVAILABLE);
    }
}
END_TEST

START_TEST(reasons_are_the_arguments_of_jwks_fetch)
{
    static const char *const names[] = {
        [REFRESH_COLD] = "cold", [REFRESH_STALE] = "stale", [REFRESH_DUE] = "due", [REFRESH_KID] = "kid",
        [REFRESH_SIG] = "sig", [REFRESH_CLOCK] = "clock", [REFRESH_MANUAL] = "manual", [REFRESH_FORCE] = "force",
        [REFRESH_FLUSH] = "flush",
    };
    static const char *const wrong[] = {"", "Cold", "col", "colds", "none", "new"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        enum refresh_reason reason = (enum refresh_reason)-1;

        ck_assert_str_eq(refresh_reason_name((enum refresh_reason)i), names[i]);
        ck_assert(refresh_reason_named(text_from(names[i]), &reason));
        ck_assert_int_eq(reason, (enum refresh_reason)i);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        enum refresh_reason reason = REFRESH_FLUSH;

        ck_assert_msg(!refresh_reason_named(text_from(wrong[i]), &reason), "%s", wrong[i]);
        ck_assert_int_eq(reason, REFRESH_FLUSH);
    }
    ck_assert_str_eq(refresh_reason_name((enum refresh_reason)ARRAY_LENGTH(names)), "cold");
    ck_assert_str_eq(refresh_reason_name((enum refresh_reason)-1), "cold");
}
END_TEST

/* Reader and helper may be of two versions while a host is updated: the bytes are a promise. */
START_TEST(the_bytes_are_as_documented)
{
    const struct refresh_answer answer = {OUTCOME_HTTP_5XX, 503, 0x01020304, 0x000a0b0c};
    unsigned char bytes[REFRESH_ANSWER_SIZE];

    refresh_answer_encode(&answer, bytes);
    ck_assert_mem_eq(bytes, "JKR1" "\x00\x10" "\x01\xf7" "\x01\x02\x03\x04" "\x00\x0a\x0b\x0c", REFRESH_ANSWER_SIZE);
}
END_TEST

START_TEST(an_answer_comes_back_as_it_was)
{
    static const struct refresh_answer answers[] = {
        {OUTCOME_NEW, 200, 0, 0}, {OUTCOME_UNCHANGED, 304, 3600, 0}, {OUTCOME_DNS, 0, UINT32_MAX, 0},
        {OUTCOME_HELPER, 65535, 1, 0}, {OUTCOME_NOPERSIST, 200, 0, 1}, {OUTCOME_NOPERSIST, 200, 0, ENVELOPE_MAX},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(answers); i++) {
        unsigned char bytes[REFRESH_ANSWER_SIZE];
        struct refresh_answer found = {OUTCOME_NONE, 1, 2, 3};

        refresh_answer_encode(&answers[i], bytes);
        ck_assert(refresh_answer_decode(bytes, &found));
        ck_assert_int_eq(found.outcome, answers[i].outcome);
        ck_assert_uint_eq(found.http, answers[i].http);
        ck_assert_uint_eq(found.next_s, answers[i].next_s);
        ck_assert_uint_eq(found.length, answers[i].length);
    }
}
END_TEST

START_TEST(what_is_no_answer_is_refused)
{
    static const struct {
        const char *hex;
        bool right;
    } rows[] = {
        {"4a4b5231" "0001" "00c8" "00000000" "00000000", true},
        {"4a4b5230" "0001" "00c8" "00000000" "00000000", false}, /* another version */
        {"4a4b5232" "0001" "00c8" "00000000" "00000000", false},
        {"6a4b5231" "0001" "00c8" "00000000" "00000000", false},
        {"00000000" "0001" "00c8" "00000000" "00000000", false},
        {"4a4b5231" "0000" "00c8" "00000000" "00000000", false}, /* no outcome */
        {"4a4b5231" "001d" "00c8" "00000000" "00000000", true},
        {"4a4b5231" "001e" "00c8" "00000000" "00000000", false}, /* OUTCOME_COUNT */
        {"4a4b5231" "0101" "00c8" "00000000" "00000000", false},
        {"4a4b5231" "ffff" "00c8" "00000000" "00000000", false},
        {"4a4b5231" "001a" "00c8" "00000000" "00100000", true},
        {"4a4b5231" "001a" "00c8" "00000000" "00100001", false}, /* over 1 MiB */
        {"4a4b5231" "001a" "00c8" "00000000" "ffffffff", false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct refresh_answer poison, answer;

        memset(&poison, 0x5a, sizeof(poison));
        answer = poison;
        ck_assert_msg(refresh_answer_decode((const unsigned char *)from_hex(rows[i].hex).bytes, &answer) ==
                          rows[i].right, "%s", rows[i].hex);
        ck_assert(rows[i].right || memcmp(&answer, &poison, sizeof(poison)) == 0);
    }
}
END_TEST

int main(void)
{
    return RUN("outcome", each_outcome_is_what_the_table_says, names_are_exact,
               a_number_that_is_no_outcome_has_no_success_in_it, reasons_are_the_arguments_of_jwks_fetch,
               the_bytes_are_as_documented, an_answer_comes_back_as_it_was, what_is_no_answer_is_refused);
}
