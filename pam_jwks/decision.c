/* SPDX-License-Identifier: Apache-2.0 */
/* decision.c: what authenticate came to, kept at the PAM handle; it is gone where sshd forks between. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char data_name[] = "pam_jwks_decision";

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

const struct decision *decision_keep(struct login *login)
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

void decision_forget(pam_handle_t *pamh)
{
    (void)pam_set_data(pamh, data_name, NULL, NULL);
}

/*
 * jwks.conf is not read here: where it is broken, logins by public key and by password must go on.  Arguments
 * are the administrator's own line and are checked always, unless there is no memory for that.
 */
static enum jwkscore_status check_arguments(struct login *login, int argc, const char **argv)
{
    login->config = jwkscore_config_new();
    return login->config == NULL ? JWKSCORE_OK : login_set_arguments(login, argc, argv);
}

/* For the line of a refusal. */
static void remember_issuer(struct login *login, const struct decision *decision)
{
    const char *issuer = jwkscore_identity_issuer(decision->identity);

    snprintf(login->facts.said.issuer, sizeof(login->facts.said.issuer), "%s", issuer == NULL ? "" : issuer);
}

/* None is there: this login is not ours.  That PAM cannot say is another thing, and no reason for a yes. */
enum jwkscore_status decision_find(struct login *login, int argc, const char **argv,
                                   const struct decision **ret_decision)
{
    enum jwkscore_status status = check_arguments(login, argc, argv);
    const void *data = NULL;
    int result;

    if (status != JWKSCORE_OK)
        return status;
    result = pam_get_data(login->pamh, data_name, &data);
    if (result != PAM_SUCCESS && result != PAM_NO_MODULE_DATA)
        return log_reason(&login->error, JWKSCORE_E_SYSTEM,
                          "PAM cannot say whether this login is ours (PAM error %d)", result);
    if (data != NULL)
        remember_issuer(login, data);
    *ret_decision = data;
    return JWKSCORE_OK;
}

enum jwkscore_status decision_check(struct login *login, const struct decision *decision)
{
    enum jwkscore_status status = jwkscore_identity_check(decision->config, decision->identity,
                                                          decision->user, jwkscore_now(), &login->error);

    login->advice = login_advice(status);
    return status;
}
