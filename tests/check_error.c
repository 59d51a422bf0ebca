/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_error.c: each status has one class, one word and a sentence; no message carries what a log must not.
 */
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Words are in logs and in other people's scripts: a change here is a change of what was promised. */
static const struct {
    enum jwkscore_status status;
    enum jwkscore_class class;
    const char *word;
} statuses[] = {
    {JWKSCORE_OK, JWKSCORE_CLASS_OK, "ok"},
    {JWKSCORE_E_MALFORMED, JWKSCORE_CLASS_DENIED, "malformed"},
    {JWKSCORE_E_ALGORITHM, JWKSCORE_CLASS_DENIED, "algorithm"},
    {JWKSCORE_E_UNKNOWN_KEY, JWKSCORE_CLASS_DENIED, "unknown-key"},
    {JWKSCORE_E_SIGNATURE, JWKSCORE_CLASS_DENIED, "signature"},
    {JWKSCORE_E_EXPIRED, JWKSCORE_CLASS_DENIED, "expired"},
    {JWKSCORE_E_NOT_YET_VALID, JWKSCORE_CLASS_DENIED, "not-yet-valid"},
    {JWKSCORE_E_ISSUER, JWKSCORE_CLASS_DENIED, "issuer"},
    {JWKSCORE_E_AUDIENCE, JWKSCORE_CLASS_DENIED, "audience"},
    {JWKSCORE_E_CLAIM, JWKSCORE_CLASS_DENIED, "claim"},
    {JWKSCORE_E_UNMAPPED, JWKSCORE_CLASS_DENIED, "unmapped"},
    {JWKSCORE_E_USER, JWKSCORE_CLASS_DENIED, "user"},
    {JWKSCORE_E_UNBOUND, JWKSCORE_CLASS_DENIED, "unbound"},
    {JWKSCORE_E_INCOMPLETE, JWKSCORE_CLASS_DENIED, "incomplete"},
    {JWKSCORE_E_TOO_LONG, JWKSCORE_CLASS_DENIED, "too-long"},
    {JWKSCORE_E_OPAQUE, JWKSCORE_CLASS_DENIED, "opaque"},
    {JWKSCORE_E_ENCRYPTED, JWKSCORE_CLASS_DENIED, "encrypted"},
    {JWKSCORE_E_UNSIGNED, JWKSCORE_CLASS_DENIED, "unsigned"},
    {JWKSCORE_E_SYMMETRIC, JWKSCORE_CLASS_DENIED, "symmetric"},
    {JWKSCORE_E_TYPE, JWKSCORE_CLASS_DENIED, "type"},
    {JWKSCORE_E_CRITICAL, JWKSCORE_CLASS_DENIED, "critical"},
    {JWKSCORE_E_DENIED_KEY, JWKSCORE_CLASS_DENIED, "denied-key"},
    {JWKSCORE_E_ACCOUNT, JWKSCORE_CLASS_DENIED, "account"},
    {JWKSCORE_E_UNKNOWN_USER, JWKSCORE_CLASS_DENIED, "unknown-user"},
    {JWKSCORE_E_SERVICE, JWKSCORE_CLASS_DENIED, "service"},
    {JWKSCORE_E_UNREACHABLE, JWKSCORE_CLASS_UNAVAILABLE, "unreachable"},
    {JWKSCORE_E_STALE, JWKSCORE_CLASS_UNAVAILABLE, "stale"},
    {JWKSCORE_E_PROVIDER, JWKSCORE_CLASS_UNAVAILABLE, "provider"},
    {JWKSCORE_E_SUPPRESSED, JWKSCORE_CLASS_UNAVAILABLE, "suppressed"},
    {JWKSCORE_E_CLOCK, JWKSCORE_CLASS_UNAVAILABLE, "clock"},
    {JWKSCORE_E_CONFIG, JWKSCORE_CLASS_FAULT, "config"},
    {JWKSCORE_E_UNSAFE_FILE, JWKSCORE_CLASS_FAULT, "unsafe-file"},
    {JWKSCORE_E_SYSTEM, JWKSCORE_CLASS_FAULT, "system"},
    {JWKSCORE_E_MEMORY, JWKSCORE_CLASS_FAULT, "memory"},
    {JWKSCORE_E_CRYPTO, JWKSCORE_CLASS_FAULT, "crypto"},
    {JWKSCORE_E_ARGUMENT, JWKSCORE_CLASS_FAULT, "argument"},
};

START_TEST(each_status_has_class_word_and_sentence)
{
    for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++) {
        ck_assert_int_eq(jwkscore_classify(statuses[i].status), statuses[i].class);
        ck_assert_str_eq(jwkscore_reason(statuses[i].status), statuses[i].word);
        ck_assert_uint_gt(strlen(jwkscore_strerror(statuses[i].status)), 5);
        for (size_t j = 0; j < i; j++) {
            ck_assert_str_ne(jwkscore_strerror(statuses[i].status), jwkscore_strerror(statuses[j].status));
        }
    }
}
END_TEST

/* Among all numbers near the classes, those of the table and no other are known. */
START_TEST(unknown_numbers_are_faults)
{
    size_t known = 0;

    for (unsigned number = 0; number < 0x1000; number++) {
        enum jwkscore_status status = (enum jwkscore_status)number;
        if (strcmp(jwkscore_reason(status), "unknown") != 0) {
            known++;
            continue;
        }
        ck_assert_int_eq(jwkscore_classify(status), JWKSCORE_CLASS_FAULT);
        ck_assert_str_eq(jwkscore_strerror(status), "unknown status");
    }
    ck_assert_uint_eq(known, ARRAY_LENGTH(statuses));
    ck_assert_int_eq(jwkscore_classify((enum jwkscore_status) - 1), JWKSCORE_CLASS_FAULT);
}
END_TEST

START_TEST(version_is_the_package_s)
{
    ck_assert_str_eq(jwkscore_version(), clock_version);
    ck_assert_int_eq(strncmp(clock_version, PACKAGE_VERSION, strlen(PACKAGE_VERSION)), 0);
}
END_TEST

#define A10 "AAAAAAAAAA"
#define A64 A10 A10 A10 A10 A10 A10 "AAAA"

static const struct {
    const char *text;
    size_t length;
    const char *quoted;
} quotes[] = {
    {"", 0, ""},
    {"alice", 5, "alice"},
    {"a b~!", 5, "a b~!"},
    {"say \"hi\"", 8, "say \\x22hi\\x22"},
    {"a\\b", 3, "a\\x5cb"},
    {"a\0b", 3, "a\\x00b"},
    {"\r\n\t", 3, "\\x0d\\x0a\\x09"},
    {"\x1b[31m", 5, "\\x1b[31m"},
    {"\x7f\x80\xff", 3, "\\x7f\\x80\\xff"},
    {"\xe2\x80\xae", 3, "\\xe2\\x80\\xae"},
    {"%s%n", 4, "%s%n"},
    {A64, 64, A64},
    {A64 "A", 65, A64 "..."},
    {A64 "\n", 65, A64 "..."},
};

START_TEST(quotes_make_text_harmless)
{
    char out[QUOTED_SIZE];

    for (size_t i = 0; i < ARRAY_LENGTH(quotes); i++) {
        const char *returned = jwkscore_quote(out, sizeof(out), quotes[i].text, quotes[i].length);
        ck_assert_ptr_eq(returned, out);
        ck_assert_str_eq(out, quotes[i].quoted);
        ck_assert_str_eq(error_quote(out, (struct text){quotes[i].text, quotes[i].length}), quotes[i].quoted);
    }
}
END_TEST

START_TEST(quotes_keep_printable_ascii_alone)
{
    for (int byte = 0; byte < 256; byte++) {
        char out[QUOTED_SIZE], text = (char)(unsigned char)byte, expected[5];
        bool kept = byte >= 0x20 && byte <= 0x7e && byte != '"' && byte != '\\';
        snprintf(expected, sizeof(expected), kept ? "%c" : "\\x%02x", (unsigned)byte);
        ck_assert_str_eq(jwkscore_quote(out, sizeof(out), &text, 1), expected);
    }
}
END_TEST

/* The longest there can be fits QUOTED_SIZE to the byte. */
START_TEST(quotes_fit_their_size)
{
    char text[65], out[QUOTED_SIZE];

    memset(text, 0xff, sizeof(text));
    jwkscore_quote(out, sizeof(out), text, sizeof(text));
    ck_assert_uint_eq(strlen(out), QUOTED_SIZE - 1);
    ck_assert_str_eq(out + QUOTED_SIZE - 4, "...");
}
END_TEST

/* In each room: NUL-terminated, nothing behind the room, no half of an escape. */
START_TEST(quotes_never_overrun)
{
    static const char text[] = "a\nb\nc and more";

    for (size_t size = 0; size < 32; size++) {
        char out[64];
        memset(out, '#', sizeof(out));
        jwkscore_quote(out, size, text, sizeof(text) - 1);
        for (size_t i = size; i < sizeof(out); i++) {
            ck_assert_int_eq(out[i], '#');
        }
        if (size == 0) {
            continue;
        }
        ck_assert_ptr_nonnull(memchr(out, '\0', size));
        for (const char *escape = strchr(out, '\\'); escape != NULL; escape = strchr(escape + 1, '\\')) {
            ck_assert_int_eq(strncmp(escape, "\\x0a", 4), 0);
        }
    }
}
END_TEST

START_TEST(cut_for_want_of_room_is_shown)
{
    char out[16];

    ck_assert_str_eq(jwkscore_quote(out, 6, "alice", 5), "alice");
    ck_assert_str_eq(jwkscore_quote(out, 5, "alice", 5), "alic");
    ck_assert_str_eq(jwkscore_quote(out, 7, "ab\ncd", 5), "ab\\x0a");
    ck_assert_str_eq(jwkscore_quote(out, 6, "ab\ncd", 5), "ab...");
}
END_TEST

START_TEST(set_formats_and_returns)
{
    struct jwkscore_error error = {.status = JWKSCORE_OK};

    ck_assert_int_eq(error_set(&error, JWKSCORE_E_CONFIG, "%s:%d: %s", "jwks.conf", 7, "no such option"),
                     JWKSCORE_E_CONFIG);
    ck_assert_int_eq(error.status, JWKSCORE_E_CONFIG);
    ck_assert_str_eq(error.message, "jwks.conf:7: no such option");
}
END_TEST

START_TEST(first_error_stays)
{
    struct jwkscore_error error = {.status = JWKSCORE_OK};

    error_set(&error, JWKSCORE_E_CLAIM, "first");
    ck_assert_int_eq(error_set(&error, JWKSCORE_E_MEMORY, "second"), JWKSCORE_E_MEMORY);
    ck_assert_int_eq(error.status, JWKSCORE_E_CLAIM);
    ck_assert_str_eq(error.message, "first");
}
END_TEST

START_TEST(nobody_need_ask_for_the_message)
{
    ck_assert_int_eq(error_set(NULL, JWKSCORE_E_CLAIM, "%s", "unheard"), JWKSCORE_E_CLAIM);
    ck_assert_int_eq(error_memory(NULL), JWKSCORE_E_MEMORY);
    ck_assert_int_eq(error_system(NULL, "open", ENOENT), JWKSCORE_E_SYSTEM);
}
END_TEST

START_TEST(messages_are_printable_ascii)
{
    struct jwkscore_error error = {.status = JWKSCORE_OK};

    error_set(&error, JWKSCORE_E_CLAIM, "%s", "a\nb\x1b[0m\x7f\xc3\xa4 ~");
    ck_assert_str_eq(error.message, "a?b?[0m??? ~");
}
END_TEST

START_TEST(messages_are_cut_at_their_room)
{
    struct {
        struct jwkscore_error error;
        char behind[8];
    } place = {.behind = "#######"};
    char longer[400];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    error_set(&place.error, JWKSCORE_E_CLAIM, "%s", longer);
    ck_assert_uint_eq(strlen(place.error.message), sizeof(place.error.message) - 1);
    ck_assert_str_eq(place.behind, "#######");
}
END_TEST

START_TEST(system_errors_have_their_names)
{
    struct jwkscore_error error = {.status = JWKSCORE_OK};

    ck_assert_int_eq(error_system(&error, "/etc/jwks", ENOENT), JWKSCORE_E_SYSTEM);
    ck_assert_str_eq(error.message, "/etc/jwks: No such file or directory (ENOENT)");
    error.status = JWKSCORE_OK;
    error_system(&error, "/etc/jwks", 99999);
    ck_assert_str_eq(error.message, "/etc/jwks: error 99999");
    error.status = JWKSCORE_OK;
    error_memory(&error);
    ck_assert_int_eq(error.status, JWKSCORE_E_MEMORY);
    ck_assert_str_eq(error.message, "no memory");
}
END_TEST

int main(void)
{
    return RUN("error", each_status_has_class_word_and_sentence, unknown_numbers_are_faults,
               version_is_the_package_s, quotes_make_text_harmless, quotes_keep_printable_ascii_alone,
               quotes_fit_their_size, quotes_never_overrun, cut_for_want_of_room_is_shown,
               set_formats_and_returns, first_error_stays, nobody_need_ask_for_the_message,
               messages_are_printable_ascii, messages_are_cut_at_their_room, system_errors_have_their_names);
}
