/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c: whatever a stranger chose, a log line is one line of 0x20 to 0x7e in which no text of theirs ends its quotes.
 *
 * The input is a user's name, an end of line, a kid, an end of line, and a text for an error.
 */
#include "../../pam_jwks/internal.h"
#include "fuzz.h"

#include <security/pam_ext.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `key=value` in a row: each value a bare word, or text between quotes that has none inside. */
static void check_fields(const char *at)
{
    while (*at != '\0') {
        at += strspn(at, "abcdefghijklmnopqrstuvwxyz");
        must(*at++ == '=');
        if (*at == '"')
            must((at = strchr(at + 1, '"')) != NULL && *at++ == '"');
        else
            at += strcspn(at, " \"=");
        must(*at == '\0' || *at++ == ' ');
    }
}

void __wrap_pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...) PRINTF_LIKE(3, 4);
void __wrap_pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
    char line[4096];
    va_list arguments;
    int length;

    (void)pamh;
    (void)priority;
    va_start(arguments, format);
    length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    must(length > 0 && (size_t)length < sizeof(line) && fuzz_is_printable(line, (size_t)length));
    check_fields(line);
}

static char *copy(struct fuzz_span span)
{
    char *string = calloc(1, span.length + 1);

    must(string != NULL);
    if (span.length > 0)
        memcpy(string, span.bytes, span.length);
    return string;
}

/* At every size of room: what is written ends in time, is printable, and holds no quote. */
static void check_quote(struct fuzz_span span)
{
    char room[LINE_QUOTED_SIZE];

    for (size_t size = 1; size <= sizeof(room); size += size < 16 ? 1 : 61) {
        char *exact = malloc(size);

        must(exact != NULL && jwkscore_quote(exact, size, span.bytes, span.length) == exact);
        must(memchr(exact, '\0', size) != NULL && fuzz_is_printable(exact, strlen(exact)) &&
             strchr(exact, '"') == NULL);
        free(exact);
    }
    jwkscore_quote(room, sizeof(room), span.bytes, span.length);
    must(span.length <= 64 || strcmp(room + strlen(room) - 3, "...") == 0);
}

/* As the library tells it: quoted. */
static void trace(struct log_facts *facts, const char *rule, enum jwkscore_status status,
                  struct fuzz_span found)
{
    char quoted[LINE_QUOTED_SIZE];
    struct jwkscore_trace event = {.size = sizeof(event), .rule = rule, .status = status, .wanted = quoted};

    jwkscore_quote(quoted, sizeof(quoted), found.bytes, found.length);
    log_trace(facts, &event);
}

static void log_once(const char *user, struct fuzz_span kid, const char *message, enum jwkscore_status status)
{
    struct log_facts facts = {.debug = true};
    struct jwkscore_error error = {status, ""};

    trace(&facts, "issuer", JWKSCORE_OK, (struct fuzz_span){"corp", 4});
    trace(&facts, "algorithm", JWKSCORE_OK, kid);
    trace(&facts, "key", status, kid);
    trace(&facts, "cache", JWKSCORE_OK, kid);
    for (size_t i = 0; i + 1 < sizeof(error.message) && message[i] != '\0';
         i++) /* as error_set() leaves it */
        error.message[i] = message[i] >= ' ' && message[i] <= '~' ? message[i] : '?';
    log_refused(NULL, user, &facts, &error);
    log_refused(NULL, user, NULL, &error);
    log_refused(NULL, NULL, NULL, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_span rest = {(const char *)data, size}, name = fuzz_take_line(&rest),
                     kid = fuzz_take_line(&rest);
    char *user = copy(name), *message = copy(rest);

    check_quote((struct fuzz_span){(const char *)data, size});
    log_once(user, kid, message, JWKSCORE_E_AUDIENCE);
    log_once(user, kid, message, JWKSCORE_E_CONFIG);
    free(user);
    free(message);
    return 0;
}
