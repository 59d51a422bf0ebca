/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c: one log line an event (CACHE 16), and the answer to whoever waits (CACHE 8).
 *
 * What strangers wrote (kids, a server's words, addresses) comes here quoted already.
 */
#include "fetch.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

enum { FAILURES_MANY = 5 }; /* some 8 minutes of outage */

/* The log's socket is made now, since later the writer can make none. */
void report_open(bool verbose)
{
    openlog("jwks-fetch", LOG_PID | LOG_NDELAY | (verbose ? LOG_PERROR : 0), LOG_AUTHPRIV);
}

void report_event(int priority, const char *event, const struct issuer_options *issuer, const char *format,
                  ...)
{
    char line[4096];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (issuer != NULL)
        syslog(priority, "%s issuer=%s %s", event, issuer->name, line);
    else
        syslog(priority, "%s %s", event, line);
}

/* A file that was passed over, "cache-unsafe: name: why". */
static void report_note(const struct attempt *attempt)
{
    const char *note = attempt->cache.note, *colon = strstr(note, ": ");
    char event[32], detail[sizeof(attempt->cache.note)];

    if (attempt->cache.run_dir.fd < 0 || colon == NULL || (size_t)(colon - note) >= sizeof(event))
        return;
    snprintf(event, sizeof(event), "%.*s", (int)(colon - note), note);
    snprintf(detail, sizeof(detail), "%s", colon + 2);
    failure_unquote(detail);
    report_event(LOG_CRIT, event, attempt->issuer, "detail=\"%s\"", detail);
}

static void report_failure(const struct attempt *attempt, enum refresh_outcome outcome, uint32_t next)
{
    const struct failure *failure = &attempt->failure;
    int priority = attempt->rate.fail_n >= FAILURES_MANY ? LOG_ERR : LOG_WARNING;
    const char *event = "refresh-fail";

    if (outcome == OUTCOME_NOSTATE || outcome == OUTCOME_NOPERSIST) {
        priority = LOG_CRIT;
        event = refresh_outcome_name(outcome);
    }
    report_event(priority, event, attempt->issuer,
                 "reason=%s outcome=%s http=%u detail=\"%s\" host=\"%s\" failures=%lld next=%lu",
                 refresh_reason_name(attempt->reason), refresh_outcome_name(outcome), failure->http,
                 failure->detail, failure->host, (long long)attempt->rate.fail_n, (unsigned long)next);
}

void report_outcome(const struct attempt *attempt, enum refresh_outcome outcome, uint32_t next)
{
    report_note(attempt);
    if (outcome == OUTCOME_NEW || outcome == OUTCOME_UNCHANGED)
        return; /* renewal.c has said more than is known here */
    if (outcome == OUTCOME_COALESCED || outcome == OUTCOME_LOCK_TIMEOUT || refresh_is_suppressed(outcome))
        report_event(LOG_DEBUG, "refresh-skipped", attempt->issuer, "reason=%s outcome=%s next=%lu",
                     refresh_reason_name(attempt->reason), refresh_outcome_name(outcome),
                     (unsigned long)next);
    else
        report_failure(attempt, outcome, next);
}

/* A pipe that can be written to: refresh.c puts one there if it waits.  Anything else on 3 is not ours. */
bool report_is_awaited(void)
{
    struct stat status;
    int flags = fcntl(REFRESH_ANSWER_FD, F_GETFL);

    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && fstat(REFRESH_ANSWER_FD, &status) == 0 &&
           S_ISFIFO(status.st_mode);
}

/* Whoever waited may be gone: SIGPIPE is ignored, and the answer was theirs. */
void report_answer(const struct refresh_answer *answer, const struct buffer *envelope)
{
    unsigned char bytes[REFRESH_ANSWER_SIZE];

    refresh_answer_encode(answer, bytes);
    if (process_write_all(REFRESH_ANSWER_FD, bytes, sizeof(bytes)) && answer->length > 0)
        (void)!process_write_all(REFRESH_ANSWER_FD, envelope->bytes, answer->length);
}
