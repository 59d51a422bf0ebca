/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pam_jwks.c: what PAM asks, and what it hears.
 *
 * pam_sm_authenticate: a decision (login.c), one log line (log.c), a PAM code.  The zero value of everything
 * refuses, PAM_SUCCESS stands in one place behind an allow, PAM_IGNORE nowhere.  The module lives in
 * strangers' processes (sshd's monitor runs LoginGraceTime as alarm(), sudo has the caller's environment), so
 * it has no globals, threads, signals, timers or getenv, and starts nothing itself.
 *
 * pam_sm_acct_mgmt looks again at a login that this module allowed, as long as pam_set_data lasts: PAM_USER
 * may have been changed meanwhile, the token may have expired.  Other logins (a public key, another module)
 * are none of its business.  The session phase is session.c's.
 */
#include "internal.h"

#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

enum { FAIL_DELAY = 2000000 /* microseconds, pam_unix's: the time does not tell which module refused */ };

/* --- the answer --- */

static int refusal_code(enum jwkscore_status status)
{
    if (status == JWKSCORE_E_UNKNOWN_USER)
        return PAM_USER_UNKNOWN;
    switch (jwkscore_classify(status)) {
    case JWKSCORE_CLASS_DENIED:
        return PAM_AUTH_ERR;
    case JWKSCORE_CLASS_UNAVAILABLE:
        return PAM_AUTHINFO_UNAVAIL;
    case JWKSCORE_CLASS_OK:
    case JWKSCORE_CLASS_FAULT:
    default:
        return PAM_SERVICE_ERR;
    }
}

static int refuse(struct login *login, enum jwkscore_status status)
{
    login_refuse(login, status);
    return refusal_code(status);
}

static int allow(struct login *login)
{
    enum jwkscore_status status = variables_leave_expiry(login);
    const struct decision *decision;

    if (status != JWKSCORE_OK)
        return refuse(login, status);
    decision = decision_keep(login);
    if (decision == NULL) {
        variables_clear(login->pamh);
        return refuse(login, log_reason(&login->error, JWKSCORE_E_MEMORY, "no memory to keep the decision"));
    }
    log_allowed(login->pamh, decision->user, decision->identity, login->spent);
    variables_export(login, decision->config, decision->identity);
    return PAM_SUCCESS;
}

EXPORTED int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    CLEANUP(login_clear) struct login login = {.pamh = pamh};
    enum jwkscore_status status;

    (void)flags;
    decision_forget(pamh); /* what an earlier try came to is not this one's */
    variables_clear(pamh);
    status = login_load_config(&login, argc, argv);
    if (status == JWKSCORE_OK)
        status = login_decide(&login);
    /* Where nobody can say, nothing was guessed; and after a wait for keys sshd's LoginGraceTime may be near. */
    if (jwkscore_classify(status) != JWKSCORE_CLASS_UNAVAILABLE)
        (void)pam_fail_delay(pamh, FAIL_DELAY);
    return status == JWKSCORE_OK ? allow(&login) : refuse(&login, status);
}

/* Credentials are not this module's; PAM_IGNORE here would confuse libpam's frozen chain of setcred. */
EXPORTED int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh, (void)flags, (void)argc, (void)argv;
    return PAM_SUCCESS;
}

/* --- again, at the account phase --- */

static enum jwkscore_status check_again(struct login *login, const struct decision *decision)
{
    login_find_user(login);
    if (strcmp(login->user, decision->user) != 0)
        return log_reason(&login->error, JWKSCORE_E_USER,
                          "the token was accepted for another user than this");
    return decision_check(login, decision);
}

EXPORTED int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    CLEANUP(login_clear) struct login login = {.pamh = pamh};
    const struct decision *decision = NULL;
    enum jwkscore_status status = decision_find(&login, argc, argv, &decision);

    (void)flags;
    if (status == JWKSCORE_OK && decision != NULL)
        status = check_again(&login, decision);
    return status == JWKSCORE_OK ? PAM_SUCCESS : refuse(&login, status);
}
