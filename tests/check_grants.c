/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_grants.c: a plain key is let in by a grant that verifies and lists it, and by nothing else; one bad
 * grant spoils none.
 */
#include "keycall.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#undef syslog /* clang's, in a hardened build */

/* What log.c would have sent, in a hardened build by the other name. */
static char logged[16][1024];
static int log_count, last_priority;

static void __attribute__((format(printf, 1, 0))) keep(const char *format, va_list arguments)
{
    ck_assert_int_lt(log_count, 16);
    vsnprintf(logged[log_count++], sizeof(logged[0]), format, arguments);
}

void syslog(int priority, const char *format, ...)
{
    va_list arguments;

    last_priority = priority;
    va_start(arguments, format);
    keep(format, arguments);
    va_end(arguments);
}

void __syslog_chk(int priority, int flag, const char *format, ...) PRINTF_LIKE(3, 4);
void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list arguments;

    (void)flag;
    last_priority = priority;
    va_start(arguments, format);
    keep(format, arguments);
    va_end(arguments);
}

static struct text key(unsigned number)
{
    return mint_ssh_blob(mint_key(MINT_ED25519, number), false);
}

static const char *line_of(unsigned number)
{
    return textf("ssh-ed25519 %s", padded(key(number)));
}

/* A claim that lists this text. */
static const char *list(const char *line)
{
    return textf("[\"ssh-rsa AAAA other\",\"%s\"]", line);
}

static const char *grant_for(unsigned number)
{
    return keycall_token("ssh_keys", list(line_of(number)));
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *walk)
{
    (void)found, (void)kind, (void)walk;
    return remove(path);
}

static void begin(void)
{
    (void)nftw(room_path("grants"), remove_one, 8, FTW_DEPTH | FTW_PHYS);
    room_folder("grants", 0755);
    room_folder(textf("grants/%s", keycall_user()), 0755);
}

static void put(const char *name, const char *token)
{
    room_write(textf("grants/%s/%s", keycall_user(), name), textf("%s\n", token));
}

static struct call decided; /* the last one, after its end: only error, no_token */
static char answer[2048], grant[256];

static enum jwkscore_status decide(const char *lines)
{
    CLEANUP(keycall_end) struct call call;
    enum jwkscore_status status;

    keycall_begin(&call, lines, "ssh-ed25519", padded(key(0)));
    log_count = 0;
    status = grants_decide(&call);
    ck_assert((status == JWKSCORE_OK) == (call.answer != NULL));
    snprintf(answer, sizeof(answer), "%s", call.answer == NULL ? "" : call.answer);
    snprintf(grant, sizeof(grant), "%s", call.grant == NULL ? "" : call.grant);
    decided = call;
    return status;
}

/* With this one grant. */
static enum jwkscore_status decide_grant(const char *lines, const char *token)
{
    begin();
    put("a.jwt", token);
    return decide(lines);
}

START_TEST(a_listed_key_is_let_in)
{
    const char *token = keycall_token("ssh_keys", list(line_of(0)), "exp", textf("%jd", (intmax_t)NOW + 300));

    ck_assert_status(decide_grant("", token), JWKSCORE_OK);
    ck_assert_str_eq(answer,
                     textf("expiry-time=\"%s\",restrict,pty %s\n", keycall_time(NOW + 300), line_of(0)));
    ck_assert_str_eq(grant, "a.jwt");
    ck_assert_status(decide_grant("key_options = from=\"10.0.0.0/8\"\n", token), JWKSCORE_OK);
    ck_assert_str_eq(
        answer, textf("expiry-time=\"%s\",from=\"10.0.0.0/8\" %s\n", keycall_time(NOW + 300), line_of(0)));
}
END_TEST

START_TEST(the_line_may_have_a_comment_and_be_escaped)
{
    char escaped[512];
    size_t length = 0;

    for (const char *at = line_of(0); *at != '\0'; at++)
        length += (size_t)(*at == '/'   ? snprintf(escaped + length, sizeof(escaped) - length, "\\/")
                           : *at == 's' ? snprintf(escaped + length, sizeof(escaped) - length, "\\u0073")
                                        : snprintf(escaped + length, sizeof(escaped) - length, "%c", *at));
    ck_assert_status(decide_grant("", keycall_token("ssh_keys", list(textf("%s me@host", line_of(0))))),
                     JWKSCORE_OK);
    ck_assert_status(decide_grant("", keycall_token("ssh_keys", list(escaped))), JWKSCORE_OK);
    ck_assert_status(decide_grant("", keycall_token("ssh_keys", textf("\"%s\"", line_of(0)))), JWKSCORE_OK);
}
END_TEST

START_TEST(what_does_not_list_the_key_lets_nobody_in)
{
    const char *const claims[] = {
        "[]",
        "\"\"",
        "7",
        "{}",
        "null",
        list(line_of(1)),
        list(padded(key(0))),
        list(textf(" %s", line_of(0))),
        list(textf("%sx", line_of(0))),
        list(textf("x%s", line_of(0))),
        textf("[[\"%s\"]]", line_of(0)),
        textf("{\"%s\":1}", line_of(0)),
        list(textf("command=\\\"id\\\" %s", line_of(0))),
    };

    for (size_t i = 0; i < ARRAY_LENGTH(claims); i++)
        ck_assert_status(decide_grant("", keycall_token("ssh_keys", claims[i])), JWKSCORE_E_UNBOUND);
    ck_assert_status(decide_grant("", keycall_token("other", list(line_of(0)))), JWKSCORE_E_UNBOUND);
    ck_assert_status(decide_grant("key_claim = other\n", keycall_token("other", list(line_of(0)))),
                     JWKSCORE_OK);
    ck_assert_status(
        decide_grant("key_claim = /x/keys\n", keycall_token("x", textf("{\"keys\":%s}", list(line_of(0))))),
        JWKSCORE_OK);
}
END_TEST

START_TEST(every_rule_of_the_host_holds)
{
    const char *keys = list(line_of(0));
    const struct {
        const char *lines, *token;
        enum jwkscore_status status;
    } rows[] = {
        {"", keycall_token("ssh_keys", keys, "exp", textf("%jd", (intmax_t)NOW - 60)), JWKSCORE_E_EXPIRED},
        {"", keycall_token("ssh_keys", keys, "aud", "\"other\""), JWKSCORE_E_AUDIENCE},
        {"", keycall_token("ssh_keys", keys, "preferred_username", "\"nobody-here\""), JWKSCORE_E_USER},
        {"", keycall_token("ssh_keys", keys, "cnf", "{\"jkt\":\"x\"}"), JWKSCORE_E_UNBOUND},
        {"require = groups = ssh\n", keycall_token("ssh_keys", keys), JWKSCORE_E_CLAIM},
        {"[service ssh-key]\nmax_lifetime = 60\n", keycall_token("ssh_keys", keys), JWKSCORE_E_CLAIM},
        {"[service sshd]\nmax_lifetime = 60\n", keycall_token("ssh_keys", keys), JWKSCORE_OK},
        {"",
         mint_token(
             mint_key(MINT_P256, 1), "ES256", mint_header("ES256", "k"),
             mint_claims("preferred_username", textf("\"%s\"", keycall_user()), "ssh_keys", keys, NULL)),
         JWKSCORE_E_SIGNATURE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        ck_assert_status(decide_grant(rows[i].lines, rows[i].token), rows[i].status);
}
END_TEST

START_TEST(among_many_the_one_that_holds_is_found)
{
    begin();
    for (unsigned i = 0; i < 50; i++)
        put(textf("%02u.jwt", i), grant_for(1));
    put("90-expired.jwt",
        keycall_token("ssh_keys", list(line_of(0)), "exp", textf("%jd", (intmax_t)NOW - 60)));
    put("91-rubbish.jwt", "rubbish");
    put("92-others.jwt", keycall_token("ssh_keys", list(line_of(0)), "aud", "\"other\""));
    ck_assert_status(decide(""), JWKSCORE_E_OPAQUE); /* the first that did not run out */
    ck_assert_str_eq(grant, "91-rubbish.jwt");
    put("93-good.jwt", grant_for(0));
    ck_assert_status(decide(""), JWKSCORE_OK);
    ck_assert_str_eq(grant, "93-good.jwt");
}
END_TEST

/* The line of the log is about the grant that it names, and not about the last one. */
START_TEST(what_is_told_is_of_one_grant)
{
    begin();
    put("a.jwt", keycall_token("ssh_keys", list(line_of(0)), "aud", "\"other\""));
    put("b.jwt", "rubbish");
    ck_assert_status(decide(""), JWKSCORE_E_AUDIENCE);
    ck_assert_str_eq(grant, "a.jwt");
    ck_assert_str_eq(decided.facts.issuer, "corp");
}
END_TEST

START_TEST(a_grant_that_ran_out_is_ignored)
{
    begin();
    put("a.jwt", keycall_token("ssh_keys", list(line_of(0)), "exp", textf("%jd", (intmax_t)NOW - 60)));
    put("b.jwt", grant_for(0));
    ck_assert_status(decide(""), JWKSCORE_OK);
    ck_assert_str_eq(grant, "b.jwt");
    ck_assert_int_eq(log_count, 0);
}
END_TEST

START_TEST(an_unsafe_grant_is_left_out_by_name)
{
    const char *path = textf("grants/%s/a.jwt", keycall_user());

    begin();
    room_write_bytes(path, text_from(grant_for(0)), 0666);
    ck_assert_status(decide(""), JWKSCORE_E_UNBOUND);
    ck_assert_int_eq(log_count, 1);
    ck_assert_msg(strstr(logged[0], "grant \"a.jwt\" is left out: unsafe-file: ") == logged[0], "%s",
                  logged[0]);
    put("b.jwt", grant_for(0));
    ck_assert_status(decide(""), JWKSCORE_OK);
    ck_assert_str_eq(grant, "b.jwt");
    ck_assert_int_eq(chmod(room_path(textf("grants/%s", keycall_user())), 0777), 0);
    ck_assert_status(decide(""), JWKSCORE_E_UNSAFE_FILE);
}
END_TEST

START_TEST(a_key_that_is_none_of_ours_is_quietly_refused)
{
    begin();
    ck_assert_status(decide(""), JWKSCORE_E_UNBOUND);
    ck_assert(decided.no_token);
    put("a.jwt", grant_for(1));
    ck_assert_status(decide(""), JWKSCORE_E_UNBOUND);
    ck_assert(decided.no_token);
    put("b.jwt", keycall_token("other", list(line_of(0))));
    ck_assert_status(decide(""), JWKSCORE_E_UNBOUND);
    ck_assert(!decided.no_token);
}
END_TEST

START_TEST(the_log_is_quiet_of_it_and_of_nothing_else)
{
    struct call call = {.user = "alice", .no_token = true};

    log_count = 0;
    ck_assert_status(call_refuse(&call, JWKSCORE_E_UNBOUND, "no grant lists this key"), JWKSCORE_E_UNBOUND);
    log_refused(&call);
    ck_assert_str_eq(logged[0], "decision=deny user=alice reason=unbound detail=\"no grant lists this key\"");
    ck_assert_int_eq(last_priority, LOG_INFO);
    call.no_token = false;
    log_refused(&call);
    ck_assert_str_eq(logged[1], logged[0]);
    ck_assert_int_eq(last_priority, LOG_NOTICE);
}
END_TEST

START_TEST(the_log_has_the_fingerprint_of_a_key_that_is_ours)
{
    CLEANUP(keycall_end) struct call call;

    keycall_begin(&call, "", "ssh-ed25519", padded(key(0)));
    ck_assert_status(call_refuse(&call, JWKSCORE_E_EXPIRED, "long ago"), JWKSCORE_E_EXPIRED);
    log_count = 0;
    log_refused(&call);
    ck_assert_ptr_nonnull(strstr(logged[0], " key=\"SHA256:"));
    call.no_token = true;
    log_refused(&call);
    ck_assert_ptr_null(strstr(logged[1], " key="));
}
END_TEST

int main(void)
{
    if (*keycall_user() == '\0') {
        printf("skipped: whoever runs this has no account name\n");
        return 77;
    }
    return RUN_IN_ROOM("grants", a_listed_key_is_let_in, the_line_may_have_a_comment_and_be_escaped,
                       what_does_not_list_the_key_lets_nobody_in, every_rule_of_the_host_holds,
                       among_many_the_one_that_holds_is_found, what_is_told_is_of_one_grant,
                       a_grant_that_ran_out_is_ignored, an_unsafe_grant_is_left_out_by_name,
                       a_key_that_is_none_of_ours_is_quietly_refused,
                       the_log_is_quiet_of_it_and_of_nothing_else,
                       the_log_has_the_fingerprint_of_a_key_that_is_ours);
}
