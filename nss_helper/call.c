/* SPDX-License-Identifier: Apache-2.0 */
/* call.c: what the two ways to an answer share: a decision within the deadline, and the line for sshd. */
#include "helper.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    SECTION_SIZE = 64, /* "issuer " and a name of at most 32 characters */
    EXPIRED_BY_SKEW =
        60 /* s that a line holds for a token which only clock_skew keeps alive: sshd knows no skew */
};

enum jwkscore_status call_refuse(struct call *call, enum jwkscore_status status, const char *format, ...)
{
    va_list arguments;

    call->error.status = status;
    va_start(arguments, format);
    vsnprintf(call->error.message, sizeof(call->error.message), format, arguments);
    va_end(arguments);
    return status;
}

enum jwkscore_status call_authenticate(struct call *call, const char *token, size_t length, bool with_key)
{
    enum jwkscore_status status;
    struct jwkscore_request request = {
        .size = sizeof(request),
        .service = "ssh-key",
        .user = call->user,
        .token = token,
        .token_length = length,
        .now = call->now,
        .max_wait = deadline_wait_left(call->config),
    };

    if (with_key)
        request.key = jwkscore_offer_blob(call->offer, &request.key_length);
    memset(&call->facts, 0, sizeof(call->facts));
    jwkscore_config_trace(call->config, log_trace, &call->facts);
    status = jwkscore_authenticate(call->config, &request, &call->identity, &call->error);
    jwkscore_config_trace(call->config, NULL, NULL);
    return status;
}

/*
 * sshd reads it with mktime(), its guess where the clocks are turned back: never earlier than meant, or a
 * good token would be refused for that hour.
 */
bool call_write_time(int64_t time, char ret_text[static CALL_TIME_SIZE])
{
    time_t wanted = (time_t)time, read;
    struct tm local, guess;

    if (localtime_r(&wanted, &local) == NULL)
        return false;
    guess = local;
    guess.tm_isdst = -1;
    read = mktime(&guess);
    if (read < wanted) {
        wanted += wanted - read;
        if (localtime_r(&wanted, &local) == NULL)
            return false;
    }
    return strftime(ret_text, CALL_TIME_SIZE, "%Y%m%d%H%M%S", &local) == CALL_TIME_SIZE - 2;
}

/*
 * A4: the account's name, our digits, the configuration's options and the key encoded anew; nothing of
 * anybody else's.
 */
enum jwkscore_status call_answer(struct call *call, bool authority)
{
    char section[SECTION_SIZE], expiry[CALL_TIME_SIZE];
    int64_t expires = jwkscore_identity_expires(call->identity);
    const char *options;

    snprintf(section, sizeof(section), "issuer %s", jwkscore_identity_issuer(call->identity));
    options = jwkscore_config_get(call->config, section, "key_options", 0);
    if (expires <= call->now)
        expires = call->now + EXPIRED_BY_SKEW;
    if (options == NULL || !call_write_time(expires, expiry))
        return call_refuse(call, JWKSCORE_E_SYSTEM,
                           "there are no key_options, or the time cannot be written");
    if (asprintf(&call->answer, "%s%s%sexpiry-time=\"%s\",%s %s\n",
                 authority ? "cert-authority,principals=\"" : "", authority ? call->user : "",
                 authority ? "\"," : "", expiry, options, jwkscore_offer_key(call->offer)) < 0) {
        call->answer = NULL;
        return call_refuse(call, JWKSCORE_E_MEMORY, "no memory");
    }
    return JWKSCORE_OK;
}
