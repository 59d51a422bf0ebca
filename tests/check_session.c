/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_session: a session of ours ends with its token, whichever way the login came, and has its variables; a login
 * that is not ours is left alone, whatever jwks.conf says.  And a token in the certificate that sshd has let in is
 * taken without a prompt.
 *
 * The built module under real libpam.  What pam_systemd would see is caught where the module hands it to libpam.
 * pam_syslog() is this program's own, as is the clock.
 */
#include "pam_host.h"

#include "pam_client.h"
#include "pam_clock.h"

#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

enum { LINES = 16, LINE_SIZE = 3000, LIFETIME = 600, BIG = 80000 };

#define LIMITED "[service jwks-test]\nsession_limit = yes\n"
#define BOTH "[service jwks-test]\nsession_limit = yes\nexport = yes\n"
#define BROKEN "colour = red\n"

static struct client client;
static pam_handle_t *pamh;
static const char *secret; /* of which no part may be in the log */
static char lines[LINES][LINE_SIZE];
static unsigned int line_count;
static const char *limit;       /* systemd.runtime_max_sec, as it was set last; NULL: it was not */
static const char *their_limit; /* that another module has set */

/* --- instead of libpam's --- */

void pam_syslog(const pam_handle_t *handle, int priority, const char *format, ...)
{
    va_list arguments;

    (void)handle, (void)priority;
    ck_assert_uint_lt(line_count, LINES);
    va_start(arguments, format);
    vsnprintf(lines[line_count++], LINE_SIZE, format, arguments);
    va_end(arguments);
}

/* The module's calls to libpam: this one fails, counted from 1; 0: none does. */
static struct {
    unsigned int call, seen;
} refused;

static bool refuse_this_one(void)
{
    return refused.call != 0 && ++refused.seen == refused.call;
}

int pam_get_item(const pam_handle_t *handle, int type, const void **item)
{
    return refuse_this_one() ? PAM_SYSTEM_ERR : THEIRS(pam_get_item)(handle, type, item);
}

int pam_set_data(pam_handle_t *handle, const char *name, void *data,
                 void (*clear)(pam_handle_t *, void *, int))
{
    bool is_limit = strcmp(name, "systemd.runtime_max_sec") == 0;

    if (refuse_this_one())
        return PAM_BUF_ERR;
    if (is_limit)
        limit = textf("%s", (const char *)data);
    return THEIRS(pam_set_data)(handle, name, data, clear);
}

int pam_get_data(const pam_handle_t *handle, const char *name, const void **data)
{
    if (refuse_this_one())
        return PAM_SYSTEM_ERR;
    if (their_limit == NULL || strcmp(name, "systemd.runtime_max_sec") != 0)
        return THEIRS(pam_get_data)(handle, name, data);
    *data = their_limit;
    return PAM_SUCCESS;
}

int pam_putenv(pam_handle_t *handle, const char *variable)
{
    return refuse_this_one() ? PAM_BUF_ERR : THEIRS(pam_putenv)(handle, variable);
}

static void no_delay(int result, unsigned int microseconds, void *data)
{
    (void)result, (void)microseconds, (void)data;
}

/* --- logins --- */

static bool opened;

static int open_session(void)
{
    int code = pam_open_session(pamh, 0);

    opened = code == PAM_SUCCESS;
    return code;
}

static void start(void)
{
    static const struct pam_conv conv = {client_converse, &client};

    memset(&client, 0, sizeof(client));
    line_count = 0;
    opened = false;
    limit = secret = NULL;
    ck_assert_int_eq(pam_start_confdir("jwks-test", host_user(), &conv, room_path("pam.d"), &pamh),
                     PAM_SUCCESS);
    ck_assert_int_eq(pam_set_item(pamh, PAM_FAIL_DELAY, (const void *)no_delay), PAM_SUCCESS);
}

static void end(void)
{
    client.answers[0] = secret;
    for (unsigned int i = 0; i < line_count; i++)
        ck_assert_msg(!client_leaked(&client, lines[i]), "a part of the token is in the log");
    if (opened)
        ck_assert_int_eq(pam_close_session(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    pamh = NULL;
    clock_ahead = 0;
}

static void put(const char *name, const char *value)
{
    ck_assert_int_eq(pam_putenv(pamh, textf("%s=%s", name, value)), PAM_SUCCESS);
}

static const char *variable(const char *name)
{
    const char *value = pam_getenv(pamh, name);

    return value == NULL ? NULL : textf("%s", value);
}

/* As sshd does behind authenticate: a handle that has nothing of the earlier one but its PAM environment. */
static void fork_as_sshd(void)
{
    pam_handle_t *before = pamh;
    char **environment = pam_getenvlist(before);

    start();
    for (char **at = environment; *at != NULL; at++) {
        ck_assert_int_eq(pam_putenv(pamh, *at), PAM_SUCCESS);
        free(*at);
    }
    free(environment);
    ck_assert_int_eq(pam_end(before, PAM_SUCCESS), PAM_SUCCESS);
}

enum way { IN_ONE_PROCESS, BY_SSHD, BY_KEY, WAYS };

/* Everything before the session, with this token. */
static void log_in(enum way way, const char *token)
{
    start();
    if (way == BY_KEY) {
        put("SSH_AUTH_INFO_0", host_key(.token = token));
    } else {
        client.answers[0] = token;
        ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
        if (way == BY_SSHD)
            fork_as_sshd();
    }
    line_count = 0;
    secret = token;
}

static const char *in(int64_t seconds)
{
    return textf("%jd", (intmax_t)(NOW + seconds));
}

/* The key's own where there is a key; a token that is bound to nothing comes without one. */
static const char *token_for(enum way way, const char *expires)
{
    return way == BY_KEY ? host_bound_token(expires) : host_token("exp", expires);
}

static void expect_refused(const char *reason)
{
    ck_assert_int_eq(open_session(), PAM_SESSION_ERR);
    ck_assert_uint_ge(line_count, 1);
    ck_assert_msg(strstr(lines[line_count - 1], textf(" reason=%s detail=\"", reason)) != NULL, "not %s: %s",
                  reason, lines[line_count - 1]);
    for (unsigned int i = 0; i + 1 < line_count; i++)
        ck_assert_ptr_null(strstr(lines[i], "decision="));
    ck_assert_pstr_eq(limit, NULL);
    ck_assert_ptr_null(variable("PAM_JWKS_EXPIRES"));
}

/* Neither end nor variables, and nothing is said of it. */
static void expect_left_alone(const char *what)
{
    line_count = 0;
    ck_assert_msg(open_session() == PAM_SUCCESS, "%s: %s", what, line_count > 0 ? lines[0] : "");
    ck_assert_msg(limit == NULL, "%s: ends after %s", what, limit);
    ck_assert_ptr_null(variable("JWKS_ISSUER"));
    ck_assert_msg(line_count == 0, "%s: %s", what, lines[0]);
}

/* --- sessions of ours --- */

START_TEST(session_ends_with_the_token_whichever_way_the_login_came)
{
    host_make();
    host_conf(BOTH);
    for (enum way way = 0; way < WAYS; way++)
        for (time_t later = 0; later < LIFETIME; later += LIFETIME - 1) {
            log_in(way, token_for(way, in(LIFETIME)));
            clock_ahead = later;
            ck_assert_int_eq(open_session(), PAM_SUCCESS);
            ck_assert_pstr_eq(limit, later == 0 ? "600" : "1");
            ck_assert_pstr_eq(variable("JWKS_ISSUER"), "corp");
            ck_assert_pstr_eq(variable("JWKS_SUBJECT"), "s-1001");
            ck_assert_pstr_eq(variable("JWKS_EXPIRES"), in(LIFETIME));
            ck_assert_ptr_null(variable("PAM_JWKS_EXPIRES"));
            ck_assert_uint_eq(line_count, 0);
            end();
        }
}
END_TEST

START_TEST(each_is_done_only_where_it_is_asked_for)
{
    static const struct {
        const char *conf;
        bool limited, exported;
    } rows[] = {{"", false, false},
                {"[service jwks-test]\nsession_limit = no\nexport = no\n", false, false},
                {"[service ssh-key]\nsession_limit = yes\nexport = yes\n", false, false},
                {LIMITED, true, false},
                {"[service jwks-test]\nexport = yes\n", false, true}};

    host_make();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        for (enum way way = 0; way < WAYS; way++) {
            host_conf(rows[i].conf);
            log_in(way, token_for(way, in(LIFETIME)));
            ck_assert_int_eq(open_session(), PAM_SUCCESS);
            ck_assert_pstr_eq(limit, rows[i].limited ? "600" : NULL);
            ck_assert_pstr_eq(variable("JWKS_EXPIRES"), rows[i].exported ? in(LIFETIME) : NULL);
            ck_assert_ptr_null(variable("PAM_JWKS_EXPIRES"));
            end();
        }
}
END_TEST

/* clock_skew, which lets a token in for a minute more, gives it no session that should have ended. */
START_TEST(session_that_should_have_ended_does_not_begin)
{
    host_make();
    host_conf(LIMITED);
    for (enum way way = 0; way < WAYS; way++)
        for (time_t later = LIFETIME; later < LIFETIME + 100; later += 61) {
            log_in(way, token_for(way, in(LIFETIME)));
            clock_ahead = later;
            expect_refused("expired");
            ck_assert_uint_eq(client.messages, 1);
            ck_assert_str_eq(client.message[0], "The token has expired: get a new one.");
            end();
        }
    for (enum way way = 0; way < WAYS; way++) { /* and where nothing has to end it does */
        host_conf("");
        log_in(way, token_for(way, in(LIFETIME)));
        clock_ahead = LIFETIME + 61;
        expect_left_alone("no limit");
        end();
    }
}
END_TEST

/* In sudo the session is the target's; the decision was on the caller. */
START_TEST(session_may_be_for_another_user)
{
    host_make();
    host_conf(LIMITED);
    log_in(IN_ONE_PROCESS, host_token());
    ck_assert_int_eq(pam_set_item(pamh, PAM_USER, "another"), PAM_SUCCESS);
    ck_assert_int_eq(open_session(), PAM_SUCCESS);
    ck_assert_pstr_eq(limit, "600");
    end();
}
END_TEST

START_TEST(another_modules_earlier_end_stays)
{
    static const char *const theirs[][2] = {{"599", NULL},  {"1", NULL},        {"600", "600"},
                                            {"601", "600"}, {"0", "600"},       {"1min", "600"},
                                            {"", "600"},    {"infinity", "600"}};

    host_make();
    host_conf(LIMITED);
    for (size_t i = 0; i < ARRAY_LENGTH(theirs); i++) {
        log_in(BY_KEY, host_bound_token(in(LIFETIME)));
        their_limit = theirs[i][0];
        ck_assert_int_eq(open_session(), PAM_SUCCESS);
        ck_assert_pstr_eq(limit, theirs[i][1]);
        their_limit = NULL;
        end();
    }
}
END_TEST

START_TEST(expiry_in_the_environment_is_ours_or_refused)
{
    static const char *const values[] = {"x", "0", "-1", "1e9", "1000 ", ""};

    host_make();
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        start();
        put("PAM_JWKS_EXPIRES", values[i]);
        expect_refused("expired");
        end();
    }
    start(); /* and what an earlier try has left is not this one's */
    put("PAM_JWKS_EXPIRES", in(1));
    client.answers[0] = "no token";
    ck_assert_int_ne(pam_authenticate(pamh, 0), PAM_SUCCESS);
    ck_assert_ptr_null(variable("PAM_JWKS_EXPIRES"));
    end();
}
END_TEST

/* --- logins by key --- */

START_TEST(certificate_that_no_longer_passes_ends_the_login)
{
    const char *good = host_bound_token(in(LIFETIME));
    const struct {
        const char *conf, *info, *reason;
    } rows[] = {
        {LIMITED, host_key(.token = host_token()), "unbound"},
        {LIMITED, host_key(.token = host_token("nonce", "\"another\"")), "unbound"},
        {LIMITED, host_key(.token = host_bound_token(in(-61))), "expired"},
        {LIMITED, host_key(.token = textf("%sA", good)), "signature"},
        {LIMITED, host_key(.token = "x"), "opaque"},
        {LIMITED, host_key(.token = good, .principal = "another"), "user"},
        {LIMITED, host_key(.token = good, .valid_before = (uint64_t)NOW), "expired"},
        {LIMITED, host_key(.token = repeated("A", BIG)), "too-long"},
        {LIMITED "[service ssh-key]\nrequire = acr = mfa\n", host_key(.token = good), "claim"},
        {LIMITED "[issuer other]\nissuer = https://other.example.com\naudience = a\nuser_claim = sub\n"
                 "jwks_uri = https://127.0.0.1:1/\ncertificate_extension = elsewhere@example.com\n",
         host_key(.token = good, .extension = "elsewhere@example.com"), "issuer"},
        {LIMITED, textf("%s%s", host_key(.token = good), host_key(.token = "x")), "opaque"},
        {LIMITED, textf("%s%s", host_key(.token = "x"), host_key(.token = good)), "opaque"},
    };

    host_make();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        host_conf(rows[i].conf);
        start();
        put("SSH_AUTH_INFO_0", rows[i].info);
        secret = strlen(rows[i].info) < BIG ? rows[i].info : NULL;
        expect_refused(rows[i].reason);
        ck_assert_ptr_null(variable("JWKS_ISSUER"));
        end();
    }
}
END_TEST

/* Where nothing has to end the session it is not refused for want of variables, and not by half of the tokens. */
START_TEST(session_that_has_no_end_needs_no_variables)
{
    const char *good = host_bound_token(in(LIFETIME));
    const char *const info[] = {
        host_key(.token = host_token("nonce", "\"another\"")),
        host_key(.token = host_bound_token(in(-61))),
        host_key(.token = good, .principal = "another"),
        textf("%s%s", host_key(.token = good), host_key(.token = "x")),
    };

    host_make();
    host_conf("[service jwks-test]\nexport = yes\n");
    for (size_t i = 0; i < ARRAY_LENGTH(info); i++) {
        start();
        put("SSH_AUTH_INFO_0", info[i]);
        expect_left_alone(textf("%zu", i));
        ck_assert_uint_eq(client.messages, 0);
        end();
    }
}
END_TEST

/* That the service of the session narrows is a matter for its own logins; those by key are `ssh-key`. */
START_TEST(rules_are_those_of_the_service_for_keys)
{
    host_make();
    host_conf(LIMITED "require = acr = mfa\n");
    log_in(BY_KEY, host_bound_token(in(LIFETIME)));
    ck_assert_int_eq(open_session(), PAM_SUCCESS);
    ck_assert_pstr_eq(limit, "600");
    end();
}
END_TEST

START_TEST(of_several_tokens_the_first_to_expire_counts)
{
    const char *info[] = {textf("%s%s", host_key(.token = host_bound_token(in(300))),
                                host_key(.token = host_bound_token(in(500)))),
                          textf("%s%s", host_key(.token = host_bound_token(in(500))),
                                host_key(.token = host_bound_token(in(300)))),
                          textf("keyboard-interactive/pam\n%s%s", host_plain_key(),
                                host_key(.token = host_bound_token(in(300))))};

    host_make();
    host_conf(BOTH);
    for (size_t i = 0; i < ARRAY_LENGTH(info); i++) {
        start();
        put("SSH_AUTH_INFO_0", info[i]);
        ck_assert_int_eq(open_session(), PAM_SUCCESS);
        ck_assert_pstr_eq(limit, "300");
        ck_assert_pstr_eq(variable("JWKS_EXPIRES"), in(300));
        end();
    }
}
END_TEST

/* The environment is for where there is nothing better: pam_env may have put something there. */
START_TEST(decision_in_the_same_process_cannot_be_put_off)
{
    host_make();
    host_conf(LIMITED);
    log_in(IN_ONE_PROCESS, host_token("exp", in(LIFETIME)));
    put("PAM_JWKS_EXPIRES", in(10 * LIFETIME));
    ck_assert_int_eq(open_session(), PAM_SUCCESS);
    ck_assert_pstr_eq(limit, "600");
    end();
}
END_TEST

/* By key and then typed: the later decision is the one on this service. */
START_TEST(what_authenticate_decided_comes_first)
{
    host_make();
    host_conf(LIMITED);
    for (enum way way = IN_ONE_PROCESS; way <= BY_SSHD; way++) {
        log_in(way, host_token("exp", in(200)));
        put("SSH_AUTH_INFO_0", host_key(.token = "x"));
        ck_assert_int_eq(open_session(), PAM_SUCCESS);
        ck_assert_pstr_eq(limit, "200");
        end();
    }
}
END_TEST

/* --- logins that are not ours --- */

static const char *others(size_t i)
{
    const char *good = host_bound_token(in(LIFETIME));
    const char *const all[] = {
        "keyboard-interactive/pam\n",
        "password\n",
        "",
        host_plain_key(),
        host_key(.token = NULL),                     /* a certificate without a token */
        host_key(.token = good, .by_another = true), /* let in for its signer's sake */
        host_key(.token = "x", .by_another = true),
        host_key(.token = "a proof", .extension = "proof@example.com"), /* another program's */
        textf("hostbased%s", strchr(host_key(.token = "x"), ' ')),
        textf("publickey%s", strrchr(host_key(.token = "x"), ' ')),
        "publickey\n",
        "publickey ssh-ed25519-cert-v01@openssh.com\n",
        "publickey ssh-ed25519-cert-v01@openssh.com !\n",
        "publickey ssh-mldsa-cert-v01@openssh.com AAAA\n",
        textf("publickey ssh-rsa-cert-v01@openssh.com %s", strrchr(host_key(.token = "x"), ' ') + 1),
        host_key(.token = repeated("A", 2 * BIG)), /* no argument of jwks-authorized-keys could hold it */
    };

    return i < ARRAY_LENGTH(all) ? all[i] : NULL;
}

START_TEST(other_logins_are_left_alone_whatever_jwks_conf_says)
{
    static const char *const confs[] = {BOTH, BROKEN BOTH, NULL};

    host_make();
    for (size_t c = 0; c < ARRAY_LENGTH(confs); c++) {
        if (confs[c] != NULL)
            host_conf(confs[c]);
        else
            room_drop("jwks.conf");
        for (size_t i = 0; others(i) != NULL; i++) {
            start();
            put("SSH_AUTH_INFO_0", others(i));
            expect_left_alone(textf("%.60s, configuration %zu", others(i), c));
            end();
        }
        start(); /* no sshd at all */
        expect_left_alone("no sshd");
        end();
    }
}
END_TEST

/* What is broken must not make a session endless that should have had an end. */
START_TEST(our_own_is_refused_where_jwks_conf_is_broken)
{
    host_make();
    log_in(BY_KEY, host_bound_token(in(LIFETIME)));
    host_conf(BROKEN BOTH);
    expect_refused("config");
    end();
    log_in(BY_KEY, host_bound_token(in(LIFETIME)));
    room_drop("jwks.conf");
    expect_refused("system");
    end();
}
END_TEST

START_TEST(bad_argument_fails_the_session)
{
    host_make();
    host_stack("colour=red");
    start();
    expect_refused("config");
    end();
    host_stack("max_wait=2");
    start();
    expect_left_alone("a good argument");
    end();
}
END_TEST

/* --- AuthenticationMethods publickey,keyboard-interactive:pam --- */

/* What sshd's child has when it asks us; answers `more` to a prompt. */
static int authenticate_behind_key(const char *info, const char *tty, const char *more)
{
    start();
    put("SSH_AUTH_INFO_0", info);
    ck_assert_int_eq(pam_set_item(pamh, PAM_TTY, tty), PAM_SUCCESS);
    client.answers[0] = more;
    return pam_authenticate(pamh, 0);
}

START_TEST(token_in_the_certificate_needs_no_prompt)
{
    host_make();
    host_conf(BOTH "require = acr = mfa\n");
    ck_assert_int_eq(authenticate_behind_key(
                         host_key(.token = host_token(
                                      "acr", "\"mfa\"", "cnf",
                                      textf("{\"jkt\":\"%s\"}", mint_thumbprint(mint_key(MINT_ED25519, 0))))),
                         "ssh", NULL),
                     PAM_SUCCESS);
    ck_assert_uint_eq(client.prompts, 0);
    ck_assert_uint_eq(line_count, 1);
    ck_assert_ptr_nonnull(strstr(lines[0], "decision=allow "));
    ck_assert_pstr_eq(variable("JWKS_ISSUER"), "corp");
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    fork_as_sshd();
    ck_assert_int_eq(open_session(), PAM_SUCCESS);
    ck_assert_pstr_eq(limit, "600");
    end();
}
END_TEST

START_TEST(token_in_the_certificate_that_fails_is_refused_and_nobody_is_asked)
{
    const char *good = host_token();
    const struct {
        const char *conf, *info, *reason;
    } rows[] = {
        {"", host_key(.token = good), "unbound"},
        {"", host_key(.token = host_token("nonce", "\"another\"")), "unbound"},
        {"", host_key(.token = host_bound_token(in(-61))), "expired"},
        {"", host_key(.token = host_bound_token(in(9)), .principal = "another"), "user"},
        {"", host_key(.token = repeated("x", 43)), "opaque"},
        {"", host_key(.token = textf("%.300s", good)), "incomplete"},
        {"[service jwks-test]\nrequire = acr = mfa\n", host_key(.token = host_bound_token(in(9))), "claim"},
    };

    host_make();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        host_conf(rows[i].conf);
        ck_assert_int_eq(authenticate_behind_key(rows[i].info, "ssh", good), PAM_AUTH_ERR);
        secret = rows[i].info;
        ck_assert_uint_eq(client.prompts, 0);
        ck_assert_uint_eq(line_count, 1);
        ck_assert_msg(strstr(lines[0], textf(" reason=%s ", rows[i].reason)) != NULL, "not %s: %s",
                      rows[i].reason, lines[0]);
        end();
    }
}
END_TEST

/* Where no certificate has a token, or not sshd says so, it is as ever. */
START_TEST(all_others_are_asked)
{
    const char *good = host_key(.token = host_bound_token(in(LIFETIME)));
    static const char *const ttys[] = {NULL, "", "pts/1", "/dev/ssh"};

    host_make();
    ck_assert_int_eq(authenticate_behind_key(good, "ssh", NULL), PAM_SUCCESS);
    end();
    for (size_t i = 0; i < ARRAY_LENGTH(ttys); i++) {
        ck_assert_int_eq(authenticate_behind_key(good, ttys[i], host_token()), PAM_SUCCESS);
        ck_assert_uint_eq(client.prompts, 1);
        end();
    }
    for (size_t i = 0; others(i) != NULL; i++) {
        ck_assert_msg(authenticate_behind_key(others(i), "ssh", host_token()) == PAM_SUCCESS, "%.60s",
                      others(i));
        ck_assert_uint_eq(client.prompts, 1);
        end();
    }
}
END_TEST

/* --- libpam fails --- */

/* Both phases, with the n-th call to libpam failing in this one; false: there were fewer. */
static bool fail_call(enum way way, bool at_session, unsigned int call)
{
    const char *token = token_for(way, in(LIFETIME));
    int code = PAM_SUCCESS;

    start();
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS); /* the stack is read, and the module in memory */
    refused.seen = 0;
    refused.call = at_session ? 0 : call;
    if (way == BY_KEY) {
        put("SSH_AUTH_INFO_0", host_key(.token = token));
    } else {
        client.answers[0] = token;
        code = pam_authenticate(pamh, 0);
        refused.call = 0;
        if (way == BY_SSHD && code == PAM_SUCCESS)
            fork_as_sshd();
    }
    if (code == PAM_SUCCESS) {
        refused.call = at_session ? call : 0;
        code = open_session();
        refused.call = 0;
        ck_assert_msg(code == (limit != NULL ? PAM_SUCCESS : PAM_SESSION_ERR),
                      "way %d, call %u: %d without an end", way, call, code);
        ck_assert_pstr_eq(limit, code == PAM_SUCCESS ? "600" : NULL);
    } else {
        ck_assert_ptr_null(variable("PAM_JWKS_EXPIRES"));
    }
    end();
    return refused.seen >= call;
}

START_TEST(call_to_libpam_that_fails_never_means_a_session_without_an_end)
{
    host_make();
    host_conf(BOTH);
    for (enum way way = 0; way < WAYS; way++) {
        unsigned int call = 1;

        while (fail_call(way, true, call))
            call++;
        ck_assert_uint_gt(call, 3);
        for (call = 1; way != BY_KEY && fail_call(way, false, call);)
            call++;
    }
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM(
        "session", session_ends_with_the_token_whichever_way_the_login_came,
        each_is_done_only_where_it_is_asked_for, session_that_should_have_ended_does_not_begin,
        session_may_be_for_another_user, another_modules_earlier_end_stays,
        expiry_in_the_environment_is_ours_or_refused, certificate_that_no_longer_passes_ends_the_login,
        session_that_has_no_end_needs_no_variables, rules_are_those_of_the_service_for_keys,
        of_several_tokens_the_first_to_expire_counts, what_authenticate_decided_comes_first,
        decision_in_the_same_process_cannot_be_put_off, other_logins_are_left_alone_whatever_jwks_conf_says,
        our_own_is_refused_where_jwks_conf_is_broken, bad_argument_fails_the_session,
        token_in_the_certificate_needs_no_prompt,
        token_in_the_certificate_that_fails_is_refused_and_nobody_is_asked, all_others_are_asked,
        call_to_libpam_that_fails_never_means_a_session_without_an_end);
}
