/* SPDX-License-Identifier: Apache-2.0 */
/* log.c: the line of a decision (line.c), to authpriv by way of PAM, and the trace for who asks for it. */
#include "internal.h"

#include <security/pam_ext.h>

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

enum jwkscore_status log_reason(struct jwkscore_error *error, enum jwkscore_status status, const char *format,
                                ...)
{
    va_list arguments;

    error->status = status;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    return status;
}

static void write_line(pam_handle_t *pamh, int priority, const struct line *line)
{
    pam_syslog(pamh, LOG_AUTHPRIV | priority, "%s", line->text);
}

void log_allowed(pam_handle_t *pamh, const char *user, const struct jwkscore_identity *identity,
                 int64_t microseconds)
{
    struct line line = {"", 0};
    int priority = line_allowed(&line, user, identity, microseconds);

    write_line(pamh, priority, &line);
}

void log_refused(pam_handle_t *pamh, const char *user, const struct log_facts *facts,
                 const struct jwkscore_error *error)
{
    struct line line = {"", 0};
    int priority = line_refused(&line, user, facts == NULL ? NULL : &facts->said, error);

    write_line(pamh, priority, &line);
}

/* Every bad line of jwks.conf, so that all can be mended at once. */
void log_problems(pam_handle_t *pamh, const struct jwkscore_config *config)
{
    const char *problem;

    for (size_t i = 0; (problem = jwkscore_config_problem(config, i)) != NULL; i++)
        pam_syslog(pamh, LOG_AUTHPRIV | LOG_ERR, "%s", problem);
}

void log_trace(void *data, const struct jwkscore_trace *event)
{
    struct log_facts *facts = data;

    line_remember(&facts->said, event);
    if (facts->debug)
        pam_syslog(facts->pamh, LOG_AUTHPRIV | LOG_DEBUG,
                   "rule=%s status=%s wanted=\"%s\" found=\"%s\" origin=\"%s\"", event->rule,
                   event->status == JWKSCORE_OK ? "ok" : jwkscore_reason(event->status),
                   event->wanted == NULL ? "" : event->wanted, event->found == NULL ? "" : event->found,
                   event->origin == NULL ? "" : event->origin);
}
