/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_login: what the library is asked, and how often: for this user and this service, and within one
 * budget of waiting for all the parts of one token together.
 *
 * login.c with a library that answers as it is told and takes as long as it is told.
 */
#include "../pam_jwks/internal.h"
#include "pam_client.h"
#include "wiped.h"

#include <check.h>
#include <errno.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 8, SECOND = 1000 };

static struct client client;
static struct login login;
static char folder[] = "check_login.XXXXXX";
static int64_t ahead; /* milliseconds that the clock was put forward */

/* What the library is to answer, after how long, and what it was asked. */
static struct {
    enum jwkscore_status status[CALLS];
    int takes[CALLS];
    struct jwkscore_request asked[CALLS];
    char token[CALLS][64];
    int calls;
} library;

enum jwkscore_status jwkscore_authenticate(const struct jwkscore_config *config,
                                           const struct jwkscore_request *request,
                                           struct jwkscore_identity **ret_identity,
                                           struct jwkscore_error *error)
{
    int call = library.calls++;

    (void)config, (void)ret_identity;
    ck_assert_int_lt(call, CALLS);
    library.asked[call] = *request;
    snprintf(library.token[call], sizeof(library.token[call]), "%.*s", (int)request->token_length,
             request->token);
    ahead += library.takes[call];
    error->status = library.status[call];
    snprintf(error->message, sizeof(error->message), "call %d", call);
    return library.status[call];
}

/* A database with one account, and one of which it cannot say. */
int getpwnam_r(const char *user, struct passwd *entry, char *room, size_t size, struct passwd **ret_found)
{
    (void)room, (void)size;
    *ret_found = strcmp(user, "alice") == 0 ? entry : NULL;
    return strcmp(user, "bob") == 0 ? EIO : 0;
}

/* The monotonic clock jumps where the library is to take its time. */
int clock_gettime(clockid_t id, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, id, now);

    if (id == CLOCK_MONOTONIC)
        now->tv_sec += ahead / SECOND;
    return result;
}

static void start(const char *user, const char *max_wait)
{
    static const struct pam_conv conv = {client_converse, &client};

    memset(&client, 0, sizeof(client));
    memset(&library, 0, sizeof(library));
    memset(&login, 0, sizeof(login));
    ck_assert_int_eq(pam_start_confdir("check", user, &conv, folder, &login.pamh), PAM_SUCCESS);
    login.config = jwkscore_config_new();
    ck_assert_ptr_nonnull(login.config);
    if (max_wait != NULL)
        ck_assert_int_eq(jwkscore_config_set(login.config, "pam", "max_wait", max_wait, &login.error),
                         JWKSCORE_OK);
}

static void end(void)
{
    ck_assert(!client_leaked(&client, login.error.message));
    pam_end(login.pamh, PAM_SUCCESS);
    login_clear(&login);
}

static void make_folder(void)
{
    char path[64];
    FILE *file;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/check", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("auth required pam_deny.so\n", file);
    fclose(file);
}

static void remove_folder(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/check", folder);
    unlink(path);
    rmdir(folder);
}

START_TEST(library_is_asked_for_this_user_and_service)
{
    start("alice", NULL);
    client.answers[0] = "eyJhbGciOi";
    library.status[0] = JWKSCORE_E_AUDIENCE;
    ck_assert_int_eq(login_decide(&login), JWKSCORE_E_AUDIENCE);
    ck_assert_int_eq(library.calls, 1);
    ck_assert_uint_eq(library.asked[0].size, sizeof(struct jwkscore_request));
    ck_assert_str_eq(library.asked[0].service, "check");
    ck_assert_str_eq(library.asked[0].user, "alice");
    ck_assert_str_eq(library.token[0], "eyJhbGciOi");
    ck_assert_ptr_null(library.asked[0].key);
    ck_assert_int_le(library.asked[0].now, time(NULL));
    ck_assert_int_ge(library.asked[0].now, time(NULL) - 60);
    ck_assert_int_eq(library.asked[0].max_wait, 0);
    ck_assert_str_eq(login.error.message, "call 0");
    end();
}
END_TEST

/* NULL would mean: verify the token, and ask for no account. */
START_TEST(user_is_never_null)
{
    start(NULL, NULL);
    client.answers[0] = client_failed;
    client.answers[1] = "eyJhbGciOi";
    library.status[0] = JWKSCORE_E_USER;
    ck_assert_int_eq(login_decide(&login), JWKSCORE_E_UNKNOWN_USER);
    ck_assert_int_eq(library.calls, 1);
    ck_assert_str_eq(library.asked[0].user, "");
    end();
}
END_TEST

/* A stack may pass over who is unknown: that must not be said of somebody who could not be looked up. */
START_TEST(user_of_whom_the_database_cannot_say_is_not_unknown)
{
    start("bob", NULL);
    client.answers[0] = "eyJhbGciOi";
    library.status[0] = JWKSCORE_E_AUDIENCE;
    ck_assert_int_eq(login_decide(&login), JWKSCORE_E_AUDIENCE);
    end();
}
END_TEST

START_TEST(library_is_not_asked_without_a_token)
{
    start("alice", NULL);
    client.answers[0] = "";
    ck_assert_int_eq(login_decide(&login), JWKSCORE_E_INCOMPLETE);
    ck_assert_int_eq(library.calls, 0);
    end();
}
END_TEST

static const enum jwkscore_status finals[] = {JWKSCORE_OK, JWKSCORE_E_SIGNATURE, JWKSCORE_E_UNREACHABLE,
                                              JWKSCORE_E_CONFIG};

START_TEST(only_incomplete_asks_on)
{
    start("alice", NULL);
    client.answers[0] = "eyJ";
    client.answers[1] = "hbG";
    client.answers[2] = "ciO";
    library.status[0] = JWKSCORE_E_INCOMPLETE;
    library.status[1] = finals[_i];
    ck_assert_int_eq(login_decide(&login), finals[_i]);
    ck_assert_int_eq(library.calls, 2);
    ck_assert_str_eq(library.token[1], "eyJhbG");
    ck_assert_uint_eq(client.prompts, 2);
    end();
}
END_TEST

/* CACHE 5: who asks twice for one login passes on what is left. */
static const struct {
    const char *max_wait;
    int takes[3], left[3]; /* milliseconds; `left` as the library is told, 0: all there is */
} budgets[] = {
    {NULL, {0, 0, 0}, {0, 8000, 8000}},
    {NULL, {2000, 1000, 0}, {0, 6000, 5000}},
    {"20", {2000, 1000, 0}, {0, 18000, 17000}},
    {"5", {2000, 3000, 0}, {0, 3000, 1}},
    {"5", {9000, 0, 0}, {0, 1, 1}},
};

START_TEST(all_tries_share_one_budget)
{
    start("alice", budgets[_i].max_wait);
    client.answers[0] = "eyJ";
    client.answers[1] = "hbG";
    client.answers[2] = "ciO";
    library.status[0] = library.status[1] = JWKSCORE_E_INCOMPLETE;
    library.status[2] = JWKSCORE_E_SIGNATURE;
    for (int call = 0; call < 3; call++)
        library.takes[call] = budgets[_i].takes[call];
    ck_assert_int_eq(login_decide(&login), JWKSCORE_E_SIGNATURE);
    ck_assert_int_eq(library.calls, 3);
    for (int call = 0; call < 3; call++) {
        ck_assert_int_le(library.asked[call].max_wait, budgets[_i].left[call]);
        ck_assert_int_ge(library.asked[call].max_wait,
                         budgets[_i].left[call] > 1 ? budgets[_i].left[call] - 900 : budgets[_i].left[call]);
    }
    end();
}
END_TEST

START_TEST(person_hears_what_can_be_mended)
{
    ck_assert_ptr_nonnull(strstr(login_advice(JWKSCORE_E_EXPIRED), "expired"));
    ck_assert_ptr_nonnull(strstr(login_advice(JWKSCORE_E_INCOMPLETE), "incomplete"));
    for (unsigned int status = 0; status < 0x400; status++)
        if (status != JWKSCORE_E_EXPIRED && status != JWKSCORE_E_INCOMPLETE)
            ck_assert_ptr_null(login_advice((enum jwkscore_status)status));
}
END_TEST

#define LENGTH(array) (int)(sizeof(array) / sizeof((array)[0]))

/* D4: the one copy that is made of what was answered. */
START_TEST(copy_of_the_token_is_wiped)
{
    struct conversation *conversation = conversation_new(NULL, "Token: ");

    ck_assert_ptr_nonnull(conversation);
    wiped = 0;
    conversation_free(conversation);
    ck_assert_uint_eq(wiped, sizeof(*conversation));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("login");
    TCase *all = tcase_create("login");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_unchecked_fixture(all, make_folder, remove_folder);
    tcase_add_test(all, library_is_asked_for_this_user_and_service);
    tcase_add_test(all, user_is_never_null);
    tcase_add_test(all, user_of_whom_the_database_cannot_say_is_not_unknown);
    tcase_add_test(all, library_is_not_asked_without_a_token);
    tcase_add_loop_test(all, only_incomplete_asks_on, 0, LENGTH(finals));
    tcase_add_loop_test(all, all_tries_share_one_budget, 0, LENGTH(budgets));
    tcase_add_test(all, person_hears_what_can_be_mended);
    tcase_add_test(all, copy_of_the_token_is_wiped);
    suite_add_tcase(suite, all);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
