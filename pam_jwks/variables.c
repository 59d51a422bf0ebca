/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variables.c: what the module leaves in the PAM environment.
 *
 * Between authenticate and open_session sshd's keyboard-interactive method keeps nothing else.  Only modules
 * write there, so what stands there is ours, unless pam_env(8) has put a user's own file there before us.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIABLE_SIZE = 320 /* JWKS_SUBJECT= and 255 characters (OpenID Connect Core 1.0 section 2) */ };

static const char *const exported[] = {"JWKS_ISSUER", "JWKS_SUBJECT", "JWKS_EXPIRES"};
static const char expiry[] = "PAM_JWKS_EXPIRES"; /* open_session takes it away: it is not for the session */

static void clear(pam_handle_t *pamh, const char *name)
{
    if (pam_getenv(pamh, name) != NULL)
        (void)pam_putenv(pamh, name);
}

void variables_clear(pam_handle_t *pamh)
{
    for (size_t i = 0; i < sizeof(exported) / sizeof(exported[0]); i++)
        clear(pamh, exported[i]);
    clear(pamh, expiry);
}

/*
 * Nothing but printable ASCII goes into an environment that may become root's; `sub` is ASCII by its
 * standard.
 */
static bool put(pam_handle_t *pamh, const char *name, const char *value)
{
    char variable[VARIABLE_SIZE];
    int length = snprintf(variable, sizeof(variable), "%s=%s", name, value == NULL ? "" : value);

    if (value == NULL || length < 0 || (size_t)length >= sizeof(variable))
        return false;
    for (const char *c = value; *c != '\0'; c++)
        if (*c < 0x20 || *c > 0x7e)
            return false;
    return pam_putenv(pamh, variable) == PAM_SUCCESS;
}

static bool put_time(pam_handle_t *pamh, const char *name, int64_t time)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)time);
    return put(pamh, name, text);
}

/* A session without a variable is no reason to refuse it. */
void variables_export(const struct login *login, const struct jwkscore_config *config,
                      const struct jwkscore_identity *identity)
{
    if (!login_wants(login, config, "export"))
        return;
    (void)put(login->pamh, exported[0], jwkscore_identity_issuer(identity));
    (void)put(login->pamh, exported[1], jwkscore_identity_subject(identity));
    (void)put_time(login->pamh, exported[2], jwkscore_identity_expires(identity));
}

/* A session that nobody ends is. */
enum jwkscore_status variables_leave_expiry(struct login *login)
{
    if (login_wants(login, login->config, "session_limit") &&
        !put_time(login->pamh, expiry, jwkscore_identity_expires(login->identity)))
        return log_reason(&login->error, JWKSCORE_E_MEMORY, "no memory to keep when the session ends");
    return JWKSCORE_OK;
}

int64_t variables_take_expiry(pam_handle_t *pamh)
{
    const char *text = pam_getenv(pamh, expiry);
    char *end = NULL;
    int64_t time;

    if (text == NULL)
        return 0;
    time = strtoll(text, &end, 10);
    if (time <= 0 || *end != '\0')
        time = -1;
    clear(pamh, expiry);
    return time;
}
