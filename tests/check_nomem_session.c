/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_nomem_session.c: whichever allocation fails at the session phase, a session of ours has its end or is refused,
 * and nothing is kept.  The same for a token that authenticate takes from a certificate.
 *
 * The allocator counts as in check_nomem_pam.
 */
#include "failing_allocator.h"
#include "pam_host.h"

#include "pam_client.h"
#include "pam_clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

enum { MOST = 100000, STRIDE = 101 };

static struct client client;
static pam_handle_t *pamh;
static char limit[32]; /* systemd.runtime_max_sec; "": it was not set */

/* --- instead of others' --- */

/* libaudit's, which libpam tells of the answer: it allocates, and where that fails the answer is libpam's. */
int audit_open(void);
int audit_open(void)
{
    errno = EPROTONOSUPPORT;
    return -1;
}

int pam_set_data(pam_handle_t *handle, const char *name, void *data,
                 void (*clear)(pam_handle_t *, void *, int))
{
    __typeof__(&pam_set_data) theirs = (__typeof__(&pam_set_data))(uintptr_t)dlsym(RTLD_NEXT, "pam_set_data");
    int result = theirs(handle, name, data, clear);

    if (result == PAM_SUCCESS && strcmp(name, "systemd.runtime_max_sec") == 0)
        strncat(limit, data, sizeof(limit) - 1);
    return result;
}

/* --- one transaction after the other --- */

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    int result;

    allocator_rest();
    result = client_converse(count, messages, responses, data);
    allocator_go_on();
    return result;
}

static void no_delay(int result, unsigned int microseconds, void *data)
{
    (void)result, (void)microseconds, (void)data;
}

/*
 * The stack is read, the module in memory, and the log open; `variable` is in the PAM environment (NULL: none).
 * Answers how many allocations live.
 */
static long start(const char *variable)
{
    static const struct pam_conv conv = {converse, &client};

    memset(&client, 0, sizeof(client));
    limit[0] = '\0';
    ck_assert_int_eq(pam_start_confdir("jwks-test", host_user(), &conv, room_path("pam.d"), &pamh),
                     PAM_SUCCESS);
    ck_assert_int_eq(pam_set_item(pamh, PAM_FAIL_DELAY, (const void *)no_delay), PAM_SUCCESS);
    ck_assert_int_eq(pam_set_item(pamh, PAM_TTY, "ssh"), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    if (variable != NULL)
        ck_assert_int_eq(pam_putenv(pamh, variable), PAM_SUCCESS);
    pam_syslog(pamh, LOG_DEBUG, "%s", "nothing");
    return allocator_live();
}

static int counted(int (*entry)(pam_handle_t *, int), long fails)
{
    int result;

    allocator_watch(fails);
    result = entry(pamh, 0);
    allocator_rest();
    return result;
}

static void end(int code, long n, long before)
{
    for (unsigned int i = 0; i < client.messages && i < CLIENT_SHOWN; i++)
        ck_assert(!client_leaked(&client, client.message[i]));
    ck_assert_int_eq(pam_end(pamh, code), PAM_SUCCESS);
    ck_assert_msg(n < 0 || allocator_refused("/libcrypto.so") || allocator_live() == before,
                  "allocation %ld: %ld are kept", n, allocator_live() - before);
}

/* The first allocation is libpam's, before it calls the module. */
static bool is_libpams_own(int code, long n)
{
    return n == 0 && code == PAM_BUF_ERR && allocator_refused("/libpam.so");
}

/* --- the session --- */

/* *ret_more: there were more allocations than n. */
static int open_session(const char *variable, const char *answer, long n, bool *ret_more)
{
    long before = start(variable);
    int code;

    client.answers[0] = answer;
    if (answer != NULL)
        ck_assert_int_eq(counted(pam_authenticate, MOST), PAM_SUCCESS);
    code = counted(pam_open_session, n);
    *ret_more = allocator_asked() > n;
    ck_assert_msg(code == PAM_SUCCESS || code == PAM_SESSION_ERR || is_libpams_own(code, n),
                  "allocation %ld: PAM code %d", n, code);
    ck_assert_msg(code != PAM_SUCCESS || strcmp(limit, "600") == 0,
                  "allocation %ld: a session without an end", n);
    end(code, n, before);
    return code;
}

static void fail_each(const char *variable, const char *answer, long stride)
{
    bool more = true;
    long n = 0;

    ck_assert_int_eq(open_session(variable, answer, -1, &more), PAM_SUCCESS);
    for (; n < MOST; n = allocator_next(n, stride)) {
        (void)open_session(variable, answer, n, &more);
        if (!more)
            break;
    }
    ck_assert_int_gt(n, 3);
    ck_assert_int_lt(n, MOST);
}

static const char *in_ten_minutes(void)
{
    return textf("%jd", (intmax_t)NOW + 600);
}

static const char *key_variable(void)
{
    return textf("SSH_AUTH_INFO_0=%s", host_key(.token = host_bound_token(in_ten_minutes())));
}

START_TEST(login_by_key)
{
    host_make();
    host_conf("[service jwks-test]\nsession_limit = yes\nexport = yes\n");
    fail_each(key_variable(), NULL, STRIDE);
}
END_TEST

START_TEST(login_through_sshd)
{
    host_make();
    host_conf("[service jwks-test]\nsession_limit = yes\n");
    fail_each(textf("PAM_JWKS_EXPIRES=%s", in_ten_minutes()), NULL, STRIDE);
}
END_TEST

START_TEST(login_in_one_process)
{
    host_make();
    host_conf("[service jwks-test]\nsession_limit = yes\n");
    fail_each(NULL, host_token("exp", in_ten_minutes()), STRIDE);
}
END_TEST

/* jwks.conf is refused, and so is the session, whatever else goes wrong. */
START_TEST(login_by_key_under_a_broken_configuration)
{
    bool more = true;

    host_make();
    host_conf("colour = red\n[service jwks-test]\nsession_limit = yes\n");
    for (long n = -1; more; n = allocator_next(n, STRIDE)) {
        ck_assert_int_ne(open_session(key_variable(), NULL, n, &more), PAM_SUCCESS);
        ck_assert_int_lt(n, MOST);
    }
}
END_TEST

/* --- a token that authenticate takes from a certificate --- */

/* A yes has left for the session what it needs. */
static int log_in(const char *variable, long n, bool *ret_more)
{
    long before = start(variable);
    int code;

    code = counted(pam_authenticate, n);
    *ret_more = allocator_asked() > n;
    ck_assert_int_eq((code == PAM_SUCCESS), pam_getenv(pamh, "PAM_JWKS_EXPIRES") != NULL);
    end(code, n, before);
    return code;
}

START_TEST(authenticate_by_certificate)
{
    const char *variable = key_variable();
    bool more = true;
    long n = 0;

    host_make();
    host_conf("[service jwks-test]\nsession_limit = yes\n");
    ck_assert_int_eq(log_in(variable, -1, &more), PAM_SUCCESS);
    for (; n < MOST; n = allocator_next(n, STRIDE)) {
        (void)log_in(variable, n, &more);
        if (!more)
            break;
    }
    ck_assert_int_gt(n, 100);
    ck_assert_int_lt(n, MOST);
}
END_TEST

int main(void)
{
    if (!allocator_stands())
        return 77;
    mint_early();
    return RUN_IN_ROOM("nomem_session", login_by_key, login_through_sshd, login_in_one_process,
                       login_by_key_under_a_broken_configuration, authenticate_by_certificate);
}
