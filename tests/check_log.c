/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_log: whatever strangers chose, a decision is one line with the right fields and the right priority.
 *
 * log.c and line.c by themselves: the identity is this program's own, so it can be stale, hostile or empty at will, and so
 * is pam_syslog().
 */
#include "../pam_jwks/internal.h"

#include <check.h>
#include <security/pam_ext.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

static char logged[4][4096];
static int priorities[4];
static int log_count;

void pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
    va_list arguments;

    (void)pamh;
    ck_assert_int_lt(log_count, 4);
    va_start(arguments, format);
    vsnprintf(logged[log_count], sizeof(logged[0]), format, arguments);
    va_end(arguments);
    priorities[log_count++] = priority;
}

/* --- an identity at will --- */

struct jwkscore_identity {
    const char *issuer, *subject, *jti;
    int64_t expires;
    struct jwkscore_key_use key;
};

const char *jwkscore_identity_issuer(const struct jwkscore_identity *identity)
{
    return identity->issuer;
}

const char *jwkscore_identity_subject(const struct jwkscore_identity *identity)
{
    return identity->subject;
}

int64_t jwkscore_identity_expires(const struct jwkscore_identity *identity)
{
    return identity->expires;
}

const char *jwkscore_identity_claim(const struct jwkscore_identity *identity, const char *name, size_t index)
{
    return strcmp(name, "jti") == 0 && index == 0 ? identity->jti : NULL;
}

const struct jwkscore_key_use *jwkscore_identity_key(const struct jwkscore_identity *identity)
{
    return identity->key.size == 0 ? NULL : &identity->key;
}

static struct jwkscore_identity usual(void)
{
    return (struct jwkscore_identity){
        "corp",
        "s-1",
        "j-1",
        1795255200,
        {sizeof(struct jwkscore_key_use), "k-1", "ES256", "fresh", 100, 86400, 0, ""}};
}

/* --- allowed --- */

static void expect_allowed(const struct jwkscore_identity *identity, const char *user, int priority,
                           const char *line)
{
    log_count = 0;
    log_allowed(NULL, user, identity, 412);
    ck_assert_int_eq(log_count, 1);
    ck_assert_str_eq(logged[0], line);
    ck_assert_int_eq(priorities[0], LOG_AUTHPRIV | priority);
}

START_TEST(allowed_line_is_as_documented)
{
    struct jwkscore_identity identity = usual();

    expect_allowed(&identity, "alice", LOG_INFO,
                   "decision=allow user=alice issuer=corp sub=\"s-1\" kid=\"k-1\" alg=ES256 cache=fresh "
                   "exp=2026-11-21T10:00:00Z jti=\"j-1\" us=412");
    identity.jti = identity.key.kid = NULL;
    expect_allowed(&identity, "alice", LOG_INFO,
                   "decision=allow user=alice issuer=corp sub=\"s-1\" alg=ES256 cache=fresh "
                   "exp=2026-11-21T10:00:00Z us=412");
    identity.key.size = 0;
    expect_allowed(&identity, "alice", LOG_INFO,
                   "decision=allow user=alice issuer=corp sub=\"s-1\" exp=2026-11-21T10:00:00Z us=412");
}
END_TEST

static const struct {
    const char *cache;
    int64_t age, max_stale;
    int vanished, priority;
    const char *fields;
} caches[] = {
    {"fresh", 100, 86400, 0, LOG_INFO, " cache=fresh exp="},
    {"fresh", 80000, 86400, 0, LOG_INFO, " cache=fresh exp="},
    {"due", 80000, 86400, 0, LOG_INFO, " cache=due exp="},
    {"file", 0, 86400, 0, LOG_INFO, " cache=file exp="},
    {"fresh", 100, 86400, 1, LOG_INFO, " cache=fresh age=100 key=vanished exp="},
    {"stale", 3601, 86400, 0, LOG_WARNING, " cache=stale age=3601 exp="},
    {"stale", 43199, 86400, 0, LOG_WARNING, " cache=stale age=43199 exp="},
    {"stale", 43200, 86400, 0, LOG_ERR, " cache=stale age=43200 exp="},
    {"stale", 77759, 86400, 0, LOG_ERR, " cache=stale age=77759 exp="},
    {"stale", 77760, 86400, 0, LOG_CRIT, " cache=stale age=77760 exp="},
    {"stale", 86400, 86400, 1, LOG_CRIT, " cache=stale age=86400 key=vanished exp="},
    {"stale", 301, 0, 0, LOG_CRIT, " cache=stale age=301 exp="},
};

START_TEST(stale_keys_are_logged_the_louder_the_older)
{
    struct jwkscore_identity identity = usual();

    identity.key.cache = caches[_i].cache;
    identity.key.age = caches[_i].age;
    identity.key.max_stale = caches[_i].max_stale;
    identity.key.vanished = caches[_i].vanished;
    log_count = 0;
    log_allowed(NULL, "alice", &identity, 1);
    ck_assert_int_eq(priorities[0], LOG_AUTHPRIV | caches[_i].priority);
    ck_assert_msg(strstr(logged[0], caches[_i].fields) != NULL, "%s", logged[0]);
}
END_TEST

START_TEST(cache_file_that_was_passed_over_is_critical)
{
    struct jwkscore_identity identity = usual();

    identity.key.note = "cache-unsafe: \"x\" is not ours";
    expect_allowed(&identity, "alice", LOG_CRIT,
                   "decision=allow user=alice issuer=corp sub=\"s-1\" kid=\"k-1\" alg=ES256 cache=fresh "
                   "note=\"cache-unsafe: 'x' is not ours\" exp=2026-11-21T10:00:00Z jti=\"j-1\" us=412");
    identity.key.note = "/run/jwks: No such file"; /* as after a boot: nothing to shout about */
    expect_allowed(&identity, "alice", LOG_INFO,
                   "decision=allow user=alice issuer=corp sub=\"s-1\" kid=\"k-1\" alg=ES256 cache=fresh "
                   "note=\"/run/jwks: No such file\" exp=2026-11-21T10:00:00Z jti=\"j-1\" us=412");
}
END_TEST

static const struct {
    int64_t expires;
    const char *field;
} times[] = {{0, " exp=1970-01-01T00:00:00Z "},
             {951782400, " exp=2000-02-29T00:00:00Z "},
             {4102444799, " exp=2099-12-31T23:59:59Z "}};

START_TEST(expiry_is_in_utc_whatever_the_hosts_zone)
{
    struct jwkscore_identity identity = usual();

    ck_assert_int_eq(setenv("TZ", "Antarctica/Troll", 1), 0);
    identity.expires = times[_i].expires;
    log_count = 0;
    log_allowed(NULL, "alice", &identity, 1);
    ck_assert_msg(strstr(logged[0], times[_i].field) != NULL, "%s", logged[0]);
}
END_TEST

static const struct {
    const char *text, *field;
} hostile[] = {{"a b", "\"a b\""},
               {"a\" decision=allow user=\"root", "\"a\\x22 decision=allow user=\\x22root\""},
               {"a\nb\r\033[0m", "\"a\\x0ab\\x0d\\x1b[0m\""},
               {"\xe2\x80\xaetxt", "\"\\xe2\\x80\\xaetxt\""},
               {"\\", "\"\\x5c\""},
               {"", "\"\""}};

START_TEST(strangers_texts_are_quoted)
{
    const char *text = hostile[_i].text, *field = hostile[_i].field;
    struct jwkscore_identity identity = usual();
    char line[1024];

    identity.subject = identity.jti = identity.key.kid = text;
    snprintf(line, sizeof(line),
             "decision=allow user=%s issuer=corp sub=%s kid=%s alg=ES256 cache=fresh "
             "exp=2026-11-21T10:00:00Z jti=%s us=412",
             field, field, field, field);
    expect_allowed(&identity, text, LOG_INFO, line);
}
END_TEST

/* The longest line there can be is whole, with its last field. */
START_TEST(long_texts_are_cut_and_the_line_is_not)
{
    struct jwkscore_identity identity = usual();
    char text[1001];

    memset(text, '\n', 1000);
    text[1000] = '\0';
    identity.issuer = identity.subject = identity.jti = identity.key.kid = text;
    log_count = 0;
    log_allowed(NULL, text, &identity, 412);
    ck_assert_uint_lt(strlen(logged[0]), 1500);
    ck_assert_str_eq(logged[0] + strlen(logged[0]) - 7, " us=412");
}
END_TEST

/* --- refused --- */

static const struct {
    enum jwkscore_status status;
    int priority;
    const char *line;
} classes[] = {
    {JWKSCORE_E_AUDIENCE, LOG_NOTICE, "decision=deny user=alice reason=audience detail=\"why\""},
    {JWKSCORE_E_UNKNOWN_USER, LOG_NOTICE, "decision=deny user=alice reason=unknown-user detail=\"why\""},
    {JWKSCORE_E_UNREACHABLE, LOG_WARNING,
     "decision=unavailable user=alice reason=unreachable detail=\"why\""},
    {JWKSCORE_E_CLOCK, LOG_WARNING, "decision=unavailable user=alice reason=clock detail=\"why\""},
    {JWKSCORE_E_CONFIG, LOG_ERR, "decision=fault user=alice reason=config detail=\"why\""},
    {JWKSCORE_OK, LOG_ERR, "decision=fault user=alice reason=ok detail=\"why\""},
    {(enum jwkscore_status)0x1ff, LOG_ERR, "decision=fault user=alice reason=unknown detail=\"why\""},
};

START_TEST(refusal_has_its_class_and_its_reason)
{
    struct jwkscore_error error = {classes[_i].status, "why"};

    log_count = 0;
    log_refused(NULL, "alice", NULL, &error);
    ck_assert_int_eq(log_count, 1);
    ck_assert_str_eq(logged[0], classes[_i].line);
    ck_assert_int_eq(priorities[0], LOG_AUTHPRIV | classes[_i].priority);
}
END_TEST

START_TEST(refusal_says_what_the_trace_found)
{
    struct jwkscore_error error = {JWKSCORE_E_SIGNATURE, "why"};
    struct log_facts facts = {0};

    log_count = 0;
    snprintf(facts.said.issuer, sizeof(facts.said.issuer), "corp");
    snprintf(facts.said.kid, sizeof(facts.said.kid), "a b\\x22");
    snprintf(facts.said.algorithm, sizeof(facts.said.algorithm), "ES256");
    snprintf(facts.said.cache, sizeof(facts.said.cache), "fresh");
    log_refused(NULL, "alice", &facts, &error);
    ck_assert_str_eq(logged[0], "decision=deny user=alice issuer=corp kid=\"a b\\x22\" alg=ES256 cache=fresh "
                                "reason=signature detail=\"why\"");
    log_count = 0;
    snprintf(facts.said.algorithm, sizeof(facts.said.algorithm), "none decision=allow");
    log_refused(NULL, NULL, &facts, &error);
    ck_assert_str_eq(logged[0],
                     "decision=deny issuer=corp kid=\"a b\\x22\" alg=\"none decision=allow\" cache=fresh "
                     "reason=signature detail=\"why\"");
}
END_TEST

START_TEST(detail_cannot_end_its_quotes)
{
    struct jwkscore_error error = {JWKSCORE_E_AUDIENCE, "aud is \"x\" and not \"y\\x0a\""};

    log_count = 0;
    log_refused(NULL, "alice", NULL, &error);
    ck_assert_str_eq(logged[0],
                     "decision=deny user=alice reason=audience detail=\"aud is 'x' and not 'y\\x0a'\"");
}
END_TEST

START_TEST(longest_refusal_is_whole)
{
    struct jwkscore_error error = {JWKSCORE_E_AUDIENCE, ""};
    struct log_facts facts = {0};
    char user[1001];

    log_count = 0;
    memset(user, '\033', 1000);
    user[1000] = '\0';
    memset(error.message, 'm', sizeof(error.message) - 1);
    memset(facts.said.issuer, 'i', sizeof(facts.said.issuer) - 1);
    memset(facts.said.kid, 'k', sizeof(facts.said.kid) - 1);
    memset(facts.said.algorithm, 'a', sizeof(facts.said.algorithm) - 1);
    memset(facts.said.cache, 'c', sizeof(facts.said.cache) - 1);
    memset(facts.said.note, ' ', sizeof(facts.said.note) - 1);
    log_refused(NULL, user, &facts, &error);
    ck_assert_str_eq(logged[0] + strlen(logged[0]) - 4, "mmm\"");
}
END_TEST

/* --- the trace --- */

static struct jwkscore_trace event(const char *rule, enum jwkscore_status status, const char *found)
{
    return (struct jwkscore_trace){.size = sizeof(struct jwkscore_trace),
                                   .rule = rule,
                                   .status = status,
                                   .wanted = "wanted",
                                   .found = found,
                                   .origin = "/etc/jwks.conf:3"};
}

static const struct {
    const char *rule;
    enum jwkscore_status status;
    const char *issuer, *kid, *algorithm, *cache;
} events[] = {
    {"issuer", JWKSCORE_OK, "x", "", "", ""},    {"issuer", JWKSCORE_E_ISSUER, "", "", "", ""},
    {"algorithm", JWKSCORE_OK, "", "", "x", ""}, {"algorithm", JWKSCORE_E_ALGORITHM, "", "", "", ""},
    {"key", JWKSCORE_OK, "", "x", "", ""},       {"key", JWKSCORE_E_UNKNOWN_KEY, "", "x", "", ""},
    {"cache", JWKSCORE_OK, "", "", "", "x"},     {"cache", JWKSCORE_E_UNREACHABLE, "", "", "", "x"},
    {"audience", JWKSCORE_OK, "", "", "", ""},   {"kid", JWKSCORE_OK, "", "", "", ""},
};

START_TEST(trace_is_remembered_and_not_logged)
{
    struct jwkscore_trace traced = event(events[_i].rule, events[_i].status, "x");
    struct log_facts facts = {0};

    log_count = 0;
    log_trace(&facts, &traced);
    ck_assert_int_eq(log_count, 0);
    ck_assert_str_eq(facts.said.issuer, events[_i].issuer);
    ck_assert_str_eq(facts.said.kid, events[_i].kid);
    ck_assert_str_eq(facts.said.algorithm, events[_i].algorithm);
    ck_assert_str_eq(facts.said.cache, events[_i].cache);
    ck_assert_str_eq(facts.said.note, *events[_i].cache != '\0' ? "wanted" : "");
    traced.found = NULL;
    log_trace(&facts, &traced);
    ck_assert_str_eq(facts.said.cache, "");
}
END_TEST

START_TEST(debug_logs_the_trace)
{
    struct jwkscore_trace held = event("audience", JWKSCORE_OK, "ssh"),
                          broken = event("expiry", JWKSCORE_E_EXPIRED, NULL);
    struct log_facts facts = {.debug = true};

    log_count = 0;
    broken.wanted = broken.origin = NULL;
    log_trace(&facts, &held);
    log_trace(&facts, &broken);
    ck_assert_int_eq(log_count, 2);
    ck_assert_str_eq(logged[0],
                     "rule=audience status=ok wanted=\"wanted\" found=\"ssh\" origin=\"/etc/jwks.conf:3\"");
    ck_assert_str_eq(logged[1], "rule=expiry status=expired wanted=\"\" found=\"\" origin=\"\"");
    ck_assert_int_eq(priorities[0], LOG_AUTHPRIV | LOG_DEBUG);
}
END_TEST

START_TEST(reason_is_stated_and_cut)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    ck_assert_int_eq(log_reason(&error, JWKSCORE_E_INCOMPLETE, "part %d of %s", 2, "three"),
                     JWKSCORE_E_INCOMPLETE);
    ck_assert_int_eq(error.status, JWKSCORE_E_INCOMPLETE);
    ck_assert_str_eq(error.message, "part 2 of three");
    ck_assert_int_eq(log_reason(&error, JWKSCORE_E_CONFIG, "%0300d", 7), JWKSCORE_E_CONFIG);
    ck_assert_uint_eq(strlen(error.message), sizeof(error.message) - 1);
}
END_TEST

#define LENGTH(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *all = tcase_create("log");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(all, allowed_line_is_as_documented);
    tcase_add_loop_test(all, stale_keys_are_logged_the_louder_the_older, 0, LENGTH(caches));
    tcase_add_test(all, cache_file_that_was_passed_over_is_critical);
    tcase_add_loop_test(all, expiry_is_in_utc_whatever_the_hosts_zone, 0, LENGTH(times));
    tcase_add_loop_test(all, strangers_texts_are_quoted, 0, LENGTH(hostile));
    tcase_add_test(all, long_texts_are_cut_and_the_line_is_not);
    tcase_add_loop_test(all, refusal_has_its_class_and_its_reason, 0, LENGTH(classes));
    tcase_add_test(all, refusal_says_what_the_trace_found);
    tcase_add_test(all, detail_cannot_end_its_quotes);
    tcase_add_test(all, longest_refusal_is_whole);
    tcase_add_loop_test(all, trace_is_remembered_and_not_logged, 0, LENGTH(events));
    tcase_add_test(all, debug_logs_the_trace);
    tcase_add_test(all, reason_is_stated_and_cut);
    suite_add_tcase(suite, all);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
