/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c: the line of a decision (line.h), to authpriv, with the key's fingerprint; sshd's own standard error
 * has no reader.
 */
#include "helper.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

void log_begin(void)
{
    openlog(HELPER_NAME, LOG_PID | LOG_NDELAY, LOG_AUTHPRIV);
}

void log_trace(void *facts, const struct jwkscore_trace *event)
{
    line_remember(facts, event);
}

static void write_line(const struct call *call, int priority, struct line *line)
{
    line_add_quoted(line, "grant", call->grant);
    if (call->offer != NULL && !call->no_token) /* a stranger's costs more than all the rest */
        line_add_quoted(line, "key", jwkscore_offer_fingerprint(call->offer));
    syslog(priority, "%s", line->text);
}

void log_allowed(const struct call *call)
{
    struct line line = {"", 0};
    int priority = line_allowed(&line, call->user, call->identity, deadline_spent());

    write_line(call, priority, &line);
}

/* A key that is none of ours is every day's, and may be another's. */
void log_refused(const struct call *call)
{
    struct line line = {"", 0};
    int priority = line_refused(&line, call->user, &call->facts, &call->error);

    write_line(call, call->no_token ? LOG_INFO : priority, &line);
}

void log_grant(const char *name, const struct jwkscore_error *error)
{
    char quoted[LINE_QUOTED_SIZE];

    syslog(LOG_ERR, "grant \"%s\" is left out: %s: %s",
           jwkscore_quote(quoted, sizeof(quoted), name, strlen(name)), jwkscore_reason(error->status),
           error->message);
}

void log_problems(const struct jwkscore_config *config)
{
    const char *problem;

    for (size_t i = 0; (problem = jwkscore_config_problem(config, i)) != NULL; i++)
        syslog(LOG_ERR, "%s", problem);
}

void log_failure(const char *what, const char *why)
{
    syslog(LOG_ERR, "%s: %s", what, why);
}
