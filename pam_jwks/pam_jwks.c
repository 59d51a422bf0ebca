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
 * are none of its business.
 */
#include "internal.h"

#include <security/pam_ext.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

enum {
    FAIL_DELAY = 2000000, /* microseconds, pam_unix's: the time does not tell which module refused */
    VARIABLE_SIZE = 320   /* JWKS_SUBJECT= and 255 characters (OpenID Connect Core 1.0 section 2) */
};

static const char data_name[] = "pam_jwks_decision";
static const char *const exported[] = {"JWKS_ISSUER", "JWKS_SUBJECT", "JWKS_EXPIRES"};

/* What pam_sm_acct_mgmt needs to look again.  No part of the token. */
struct decision {
    struct jwkscore_config *config;
    struct jwkscore_identity *identity;
    char *user;
};

static void decision_free(pam_handle_t *pamh, void *data, int status)
{
    struct decision *decision = data;

    (void)pamh, (void)status;
    if (decision == NULL)
        return;
    jwkscore_identity_free(decision->identity);
    jwkscore_config_free(decision->config);
    free(decision->user);
    free(decision);
}

/* --- the answer --- */

/*
 * Nothing but printable ASCII goes into an environment that may become root's; `sub` is ASCII by its
 * standard.
 */
static void export_variable(pam_handle_t *pamh, const char *name, const char *value)
{
    char variable[VARIABLE_SIZE];
    int length = snprintf(variable, sizeof(variable), "%s=%s", name, value == NULL ? "" : value);

    if (value == NULL || length < 0 || (size_t)length >= sizeof(variable))
        return;
    for (const char *c = value; *c != '\0'; c++)
        if (*c < 0x20 || *c > 0x7e)
            return;
    (void)pam_putenv(pamh, variable); /* a session without the variable is no reason to refuse it */
}

static void export_identity(const struct login *login, const struct decision *decision)
{
    char section[256], expires[32];

    snprintf(section, sizeof(section), "service %s", login->service);
    if (!login_is_yes(decision->config, section, "export"))
        return;
    snprintf(expires, sizeof(expires), "%lld", (long long)jwkscore_identity_expires(decision->identity));
    export_variable(login->pamh, exported[0], jwkscore_identity_issuer(decision->identity));
    export_variable(login->pamh, exported[1], jwkscore_identity_subject(decision->identity));
    export_variable(login->pamh, exported[2], expires);
}

/* Hands configuration and identity over to the PAM handle; NULL: no memory, and the login keeps them. */
static const struct decision *keep_decision(struct login *login)
{
    struct decision *decision = calloc(1, sizeof(*decision));

    if (decision == NULL || (decision->user = strdup(login->user)) == NULL ||
        pam_set_data(login->pamh, data_name, decision, decision_free) != PAM_SUCCESS) {
        decision_free(login->pamh, decision, 0);
        return NULL;
    }
    decision->config = login->config;
    decision->identity = login->identity;
    login->config = NULL;
    login->identity = NULL;
    return decision;
}

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
    login->error.status = status;
    log_refused(login->pamh, login->user, &login->facts, &login->error);
    if (login->advice != NULL)
        (void)pam_error(login->pamh, "%s", login->advice);
    return refusal_code(status);
}

static int allow(struct login *login)
{
    const struct decision *decision = keep_decision(login);

    if (decision == NULL)
        return refuse(login, log_reason(&login->error, JWKSCORE_E_MEMORY, "no memory to keep the decision"));
    log_allowed(login->pamh, decision->user, decision->identity, login->spent);
    export_identity(login, decision);
    return PAM_SUCCESS;
}

EXPORTED int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    CLEANUP(login_clear) struct login login = {.pamh = pamh};
    enum jwkscore_status status;

    (void)flags;
    (void)pam_set_data(pamh, data_name, NULL, NULL); /* what an earlier try came to is not this one's */
    for (size_t i = 0; i < sizeof(exported) / sizeof(exported[0]); i++)
        if (pam_getenv(pamh, exported[i]) != NULL)
            (void)pam_putenv(pamh, exported[i]);
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
    const char *issuer = jwkscore_identity_issuer(decision->identity);
    enum jwkscore_status status;

    login_find_user(login);
    snprintf(login->facts.said.issuer, sizeof(login->facts.said.issuer), "%s", issuer == NULL ? "" : issuer);
    if (strcmp(login->user, decision->user) != 0)
        return log_reason(&login->error, JWKSCORE_E_USER,
                          "the token was accepted for another user than this");
    status = jwkscore_identity_check(decision->config, decision->identity, login->user, jwkscore_now(),
                                     &login->error);
    login->advice = login_advice(status);
    return status;
}

/* None is there: this login is not ours.  That PAM cannot say is another thing, and no reason for a yes. */
static enum jwkscore_status find_decision(struct login *login, const void **ret_decision)
{
    int result = pam_get_data(login->pamh, data_name, ret_decision);

    if (result == PAM_SUCCESS || result == PAM_NO_MODULE_DATA)
        return JWKSCORE_OK;
    return log_reason(&login->error, JWKSCORE_E_SYSTEM, "PAM cannot say whether this login is ours (PAM error %d)",
                      result);
}

/*
 * jwks.conf is not read here: where it is broken, logins by public key and by password must go on.  Arguments
 * are the administrator's own line and are checked always, unless there is no memory for that.
 */
EXPORTED int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    CLEANUP(login_clear) struct login login = {.pamh = pamh};
    enum jwkscore_status status = JWKSCORE_OK;
    const void *decision = NULL;

    (void)flags;
    login.config = jwkscore_config_new();
    if (login.config != NULL)
        status = login_set_arguments(&login, argc, argv);
    if (status == JWKSCORE_OK)
        status = find_decision(&login, &decision);
    if (status == JWKSCORE_OK && decision != NULL)
        status = check_again(&login, decision);
    return status == JWKSCORE_OK ? PAM_SUCCESS : refuse(&login, status);
}
