/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_nomem_pam.c: whichever allocation of the module fails, under real libpam, PAM hears one of the documented
 * codes and never a yes for what is a no, and nothing is kept.
 *
 * The allocator counts only while the module runs, with all that it calls; libpam has read its stack and loaded the
 * module by then, and the client's answers are not counted.  Of what OpenSSL allocates, some thousands for its new
 * context and all alike, each 23rd fails, and each 101st where several logins are tried.
 */
#include "failing_allocator.h"
#include "pam_host.h"

#include "pam_client.h"
#include "pam_clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 100000, STRIDE = 23, WIDE_STRIDE = 101 };

static struct client client;
static pam_handle_t *pamh;

/* --- instead of others' --- */

/* libaudit's, which libpam tells of the answer: it allocates, and where that fails the answer is libpam's. */
int audit_open(void);
int audit_open(void)
{
    errno = EPROTONOSUPPORT;
    return -1;
}

/* --- the host --- */

static void make_host(void)
{
    host_make();
    host_conf("[service jwks-test]\nexport = yes\n");
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

/* The stack is read, and the module in memory. */
static void start(void)
{
    static const struct pam_conv conv = {converse, &client};

    ck_assert_int_eq(pam_start_confdir("jwks-test", host_user(), &conv, room_path("pam.d"), &pamh),
                     PAM_SUCCESS);
    ck_assert_int_eq(pam_set_item(pamh, PAM_FAIL_DELAY, (const void *)no_delay), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    client.prompts = client.messages = client.gifts = 0;
}

static int counted(int (*entry)(pam_handle_t *, int), long fails)
{
    int result;

    allocator_watch(fails);
    result = entry(pamh, 0);
    allocator_rest();
    return result;
}

/* The first allocation is libpam's, before it calls the module. */
static bool is_documented(int code, long n)
{
    return (n == 0 && code == PAM_BUF_ERR && allocator_refused("/libpam.so")) || code == PAM_SUCCESS ||
           code == PAM_AUTH_ERR || code == PAM_AUTHINFO_UNAVAIL || code == PAM_SERVICE_ERR ||
           code == PAM_USER_UNKNOWN;
}

/* Each of the variables is right, or it is not there: a session without one is no reason to refuse it. */
static void expect_right_variables(int code)
{
    static const char *const variables[][2] = {{"JWKS_ISSUER", "corp"}, {"JWKS_SUBJECT", "s-1001"}};

    for (size_t i = 0; i < ARRAY_LENGTH(variables); i++) {
        const char *value = pam_getenv(pamh, variables[i][0]);

        ck_assert(value == NULL || (code == PAM_SUCCESS && strcmp(value, variables[i][1]) == 0));
    }
}

/* What comes of the n-th allocation's failure; *ret_more: there were more than n. */
static int log_in(long n, bool *ret_more)
{
    long before;
    int code;

    start();
    before = allocator_live();
    code = counted(pam_authenticate, n);
    *ret_more = allocator_asked() > n;
    ck_assert_msg(is_documented(code, n), "allocation %ld: PAM code %d", n, code);
    expect_right_variables(code);
    if (code == PAM_SUCCESS) /* all that the account phase needs is there */
        ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    for (unsigned int i = 0; i < client.messages && i < CLIENT_SHOWN; i++)
        ck_assert(!client_leaked(&client, client.message[i]));
    ck_assert_int_eq(pam_end(pamh, code), PAM_SUCCESS);
    ck_assert_msg(n < 0 || allocator_refused("/libcrypto.so") || allocator_live() == before,
                  "allocation %ld: %ld are kept", n, allocator_live() - before);
    return code;
}

/* `spared`: how often the answer stays right without what we, json-c or libpam asked for. */
static void fail_each(const char *const *answers, int wanted, long spared, long stride)
{
    bool more = true;
    long n = 0, went_well = 0;

    memset(&client, 0, sizeof(client));
    for (size_t i = 0; answers[i] != NULL; i++)
        client.answers[i] = answers[i];
    ck_assert_int_eq(log_in(-1, &more), wanted); /* what is made once is made */
    for (; n < MOST; n = allocator_next(n, stride)) {
        int code = log_in(n, &more);

        if (!more)
            break;
        ck_assert_msg(code == wanted || code != PAM_SUCCESS, "allocation %ld: a yes for what is a no", n);
        went_well += code == wanted && !allocator_refused("/libcrypto.so") && !allocator_refused("/libc.so");
    }
    ck_assert_int_eq(went_well, spared);
    ck_assert_int_gt(n, 50);
    ck_assert_int_lt(n, MOST);
}

/* That no earlier decision is there, of which libpam makes an entry with a name; and the variables, of which each is a copy in libpam. */
enum {
    SPARED = 2,
    SPARED_EXPORT = 3,
    SPARED_DENIAL = 1 /* whether the user is unknown, for a "no" that stays one */
};

START_TEST(good_token)
{
    make_host();
    fail_each((const char *const[]){host_token(), NULL}, PAM_SUCCESS, SPARED + SPARED_EXPORT, STRIDE);
}
END_TEST

START_TEST(good_token_in_parts)
{
    const char *token = host_token();

    make_host();
    fail_each((const char *const[]){textf("%.100s", token), token + 100, NULL}, PAM_SUCCESS,
              SPARED + SPARED_EXPORT, WIDE_STRIDE);
}
END_TEST

START_TEST(expired_token)
{
    make_host();
    fail_each((const char *const[]){host_token("exp", "1000"), NULL}, PAM_AUTH_ERR, SPARED + SPARED_DENIAL,
              WIDE_STRIDE);
}
END_TEST

START_TEST(forged_token)
{
    const char *claims = mint_claims("preferred_username", textf("\"%s\"", host_user()), NULL);

    make_host();
    fail_each(
        (const char *const[]){
            mint_token(mint_key(MINT_ED25519, 1), "EdDSA", mint_header("EdDSA", "ed"), claims), NULL},
        PAM_AUTH_ERR, SPARED + SPARED_DENIAL, WIDE_STRIDE);
}
END_TEST

/* The account phase after a login, and after one whose token has expired meanwhile. */
static void fail_each_at_the_account_phase(int wanted)
{
    bool more = true;

    for (long n = 0; more; n++) {
        long before;
        int code;

        start();
        clock_ahead = 0;
        ck_assert_int_eq(counted(pam_authenticate, MOST), PAM_SUCCESS);
        clock_ahead = wanted == PAM_SUCCESS ? 0 : 600 + 61;
        before = allocator_live();
        code = counted(pam_acct_mgmt, n);
        more = allocator_asked() > n;
        ck_assert_msg(is_documented(code, n) && (code == wanted || code != PAM_SUCCESS),
                      "allocation %ld: PAM code %d", n, code);
        ck_assert_msg(allocator_refused("/libcrypto.so") || allocator_live() == before,
                      "allocation %ld: %ld are kept", n, allocator_live() - before);
        ck_assert_int_eq(pam_end(pamh, code), PAM_SUCCESS);
        ck_assert_int_lt(n, MOST);
    }
}

START_TEST(account_phase)
{
    make_host();
    memset(&client, 0, sizeof(client));
    client.answers[0] = host_token();
    fail_each_at_the_account_phase(PAM_SUCCESS);
    fail_each_at_the_account_phase(PAM_AUTH_ERR);
}
END_TEST

int main(void)
{
    if (!allocator_stands())
        return 77;
    mint_early();
    return RUN_IN_ROOM("nomem_pam", good_token, good_token_in_parts, expired_token, forged_token,
                       account_phase);
}
