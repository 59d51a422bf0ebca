/* SPDX-License-Identifier: Apache-2.0 */
/* failure.c: why something failed: what the log, the state and the caller are told. */
#include "fetch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Between the quotes of a log line; everything that comes here is printable already. */
void failure_unquote(char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '"')
            *text = '\'';
}

void failure_set(struct failure *failure, enum refresh_outcome outcome, unsigned http, const char *format,
                 ...)
{
    va_list arguments;

    if (failure->outcome != OUTCOME_NONE)
        return;
    failure->outcome = outcome;
    failure->http = http;
    va_start(arguments, format);
    vsnprintf(failure->detail, sizeof(failure->detail), format, arguments);
    va_end(arguments);
    failure_unquote(failure->detail);
}

void failure_at(struct failure *failure, const char *uri)
{
    const char *host = strstr(uri, "://");

    host = host != NULL ? host + 3 : uri;
    if (failure->host[0] == '\0')
        error_quote(failure->host, (struct text){host, strcspn(host, "/?#")});
}
