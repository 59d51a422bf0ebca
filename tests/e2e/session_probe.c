/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_probe.c: a PAM module behind ours, which writes down what ours has left for pam_systemd.
 *
 *     session required .../session_probe.so FILE
 *
 * `opened: limit=SECONDS variable=VALUE`, in the place of what is not there `none`; then `closed`.
 */
#include <security/pam_modules.h>

#include <stdio.h>

static int note(int count, const char **arguments, const char *format, const char *limit, const char *variable)
{
    FILE *file = count == 1 ? fopen(arguments[0], "a") : NULL;

    if (file == NULL)
        return PAM_SESSION_ERR;
    fprintf(file, format, limit == NULL ? "none" : limit, variable == NULL ? "none" : variable);
    return fclose(file) == 0 ? PAM_SUCCESS : PAM_SESSION_ERR;
}

int pam_sm_open_session(pam_handle_t *pamh, int flags, int count, const char **arguments)
{
    const void *limit = NULL;

    (void)flags;
    if (pam_get_data(pamh, "systemd.runtime_max_sec", &limit) != PAM_SUCCESS)
        limit = NULL;
    return note(count, arguments, "opened: limit=%s variable=%s\n", limit, pam_getenv(pamh, "PAM_JWKS_EXPIRES"));
}

int pam_sm_close_session(pam_handle_t *pamh, int flags, int count, const char **arguments)
{
    (void)pamh, (void)flags;
    return note(count, arguments, "closed\n", NULL, NULL);
}
