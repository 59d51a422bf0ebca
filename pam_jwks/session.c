/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c: what becomes of the decision in the session: variables, and its end with the token's.
 *
 * Whose login it was is known from, in this order: the decision, where authenticate ran in this process
 * (sudo, su, login); the expiry that it left in the PAM environment (sshd, keyboard-interactive); the token in
 * the certificate of a login by key, which is verified again as jwks-authorized-keys has.  A login that none
 * of them knows is not ours and goes on, whatever jwks.conf says.  One of ours that should end and cannot is
 * refused.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

static const char limit_name[] = "systemd.runtime_max_sec"; /* pam_systemd(8): seconds, as text */

static void free_text(pam_handle_t *pamh, void *text, int status)
{
    (void)pamh, (void)status;
    free(text);
}

/* Another module may want the session to end earlier.  Only a number of seconds can be compared. */
static bool ends_earlier(pam_handle_t *pamh, int64_t seconds)
{
    const void *theirs = NULL;
    char *end = NULL;
    long long limit;

    if (pam_get_data(pamh, limit_name, &theirs) != PAM_SUCCESS || theirs == NULL)
        return false;
    limit = strtoll(theirs, &end, 10);
    return limit > 0 && limit < seconds && *end == '\0';
}

/* That clock_skew still admits the token does not make its session any longer. */
static enum jwkscore_status end_session_at(struct login *login, int64_t expires)
{
    int64_t seconds = expires - jwkscore_now();
    char *text = NULL;

    if (seconds <= 0) {
        login->advice = login_advice(JWKSCORE_E_EXPIRED);
        return log_reason(&login->error, JWKSCORE_E_EXPIRED,
                          "the token has expired before the session began");
    }
    if (ends_earlier(login->pamh, seconds))
        return JWKSCORE_OK;
    if (asprintf(&text, "%lld", (long long)seconds) >= 0 &&
        pam_set_data(login->pamh, limit_name, text, free_text) == PAM_SUCCESS)
        return JWKSCORE_OK; /* NOLINT(clang-analyzer-unix.Malloc): it is libpam's now */
    free(text);
    return log_reason(&login->error, JWKSCORE_E_MEMORY, "no memory for the session's end");
}

static enum jwkscore_status limit_decided(struct login *login, const struct decision *decision)
{
    enum jwkscore_status status;

    if (!login_wants(login, decision->config, "session_limit"))
        return JWKSCORE_OK;
    status = decision_check(login, decision);
    return status == JWKSCORE_OK ? end_session_at(login, jwkscore_identity_expires(decision->identity))
                                 : status;
}

/* jwks.conf, for a login by certificate.  Where it cannot be read, only one that may well be ours is refused. */
static enum jwkscore_status load_for_certificate(struct login *login, int argc, const char **argv,
                                                 bool *ret_ours)
{
    struct login with_config = {.pamh = login->pamh};
    enum jwkscore_status status = login_load_config(&with_config, argc, argv);

    *ret_ours = status == JWKSCORE_OK || certificate_likely(login->pamh);
    jwkscore_config_free(login->config);
    login->config = with_config.config;
    login->error = with_config.error;
    return *ret_ours ? status : JWKSCORE_OK;
}

static enum jwkscore_status open_by_certificate(struct login *login, int argc, const char **argv)
{
    bool ours, limited;
    enum jwkscore_status status = load_for_certificate(login, argc, argv, &ours);

    if (status != JWKSCORE_OK || !ours)
        return status;
    limited = login_wants(login, login->config, "session_limit");
    if (!limited && !login_wants(login, login->config, "export"))
        return JWKSCORE_OK;
    status = certificate_decide(login, "ssh-key");
    login->advice = login_advice(status);
    if (status != JWKSCORE_OK || login->identity == NULL)
        return limited ? status : JWKSCORE_OK; /* without variables, as in variables_export() */
    variables_export(login, login->config, login->identity);
    return limited ? end_session_at(login, jwkscore_identity_expires(login->identity)) : JWKSCORE_OK;
}

static enum jwkscore_status open_session(struct login *login, int argc, const char **argv)
{
    int64_t expires = variables_take_expiry(login->pamh);
    const struct decision *decision = NULL;
    enum jwkscore_status status = decision_find(login, argc, argv, &decision);

    if (status != JWKSCORE_OK || (status = login_find_service(login)) != JWKSCORE_OK)
        return status;
    if (decision != NULL)
        return limit_decided(login, decision);
    if (expires != 0)
        return end_session_at(login, expires);
    return certificate_possible(login->pamh) ? open_by_certificate(login, argc, argv) : JWKSCORE_OK;
}

EXPORTED int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    CLEANUP(login_clear) struct login login = {.pamh = pamh};
    enum jwkscore_status status = open_session(&login, argc, argv);

    (void)flags;
    if (status == JWKSCORE_OK)
        return PAM_SUCCESS;
    login_find_user(&login);
    login_refuse(&login, status);
    return PAM_SESSION_ERR;
}

EXPORTED int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh, (void)flags, (void)argc, (void)argv;
    return PAM_SUCCESS;
}
