/* SPDX-License-Identifier: Apache-2.0 */
/* device.c: the device authorization grant (RFC 8628): the browser is on another machine. */
#include "login.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define GRANT "urn:ietf:params:oauth:grant-type:device_code"

enum { INTERVAL = 5, SLOWER = 5, INTERVAL_MOST = 60, EXPIRES = 600 };

static int start(const struct login_options *options, const struct provider *provider,
                 struct document **ret_answer)
{
    CLEANUP(bytes_wipe) struct bytes form = {0}, body = {0};
    struct tokens refused;
    const char *uri;
    long status = 0;
    int code;

    bytes_parameter(&form, "client_id", options->client_id);
    bytes_parameter(&form, "scope", options->scope);
    if (bytes_end(&form) == NULL)
        return client_complain(LOGIN_UNABLE, "out of memory");
    code = http_ask(options, &(struct http_request){.uri = provider->device, .form = (const char *)form.at},
                    &status, &body);
    if (code != LOGIN_DONE)
        return code;
    *ret_answer = document_parse(&body);
    if (*ret_answer == NULL)
        return client_complain(LOGIN_UNABLE,
                               "the provider's device endpoint answered HTTP status %ld and no JSON object",
                               status);
    uri = document_text(*ret_answer, "verification_uri");
    refused = (struct tokens){.answer = *ret_answer, .error = document_text(*ret_answer, "error")};
    if (refused.error != NULL)
        return tokens_check(&refused);
    if (status != 200 || document_text(*ret_answer, "device_code") == NULL ||
        document_text(*ret_answer, "user_code") == NULL || uri == NULL)
        return client_complain(
            LOGIN_UNABLE, "the provider's device endpoint answered HTTP status %ld and no codes", status);
    if (!uri_is_https(uri))
        return client_complain(LOGIN_REFUSED, "the provider's verification_uri is no https address");
    return LOGIN_DONE;
}

static void show(const struct document *answer)
{
    const char *user_code = document_text(answer, "user_code");
    char shown[300];

    fprintf(stderr,
            "Go to %s on any machine, and enter this code:\n\n    %s\n\n"
            "(A token that is asked for like this is bound to no key.)\n",
            document_text(answer, "verification_uri"),
            jwkscore_quote(shown, sizeof(shown), user_code, strlen(user_code)));
}

static bool is_error(const struct tokens *tokens, const char *error)
{
    return tokens->error != NULL && strcmp(tokens->error, error) == 0;
}

/* true: not yet, and asked again. */
static bool must_wait(const struct tokens *tokens, int64_t *interval)
{
    if (is_error(tokens, "slow_down"))
        *interval += SLOWER;
    return is_error(tokens, "authorization_pending") || is_error(tokens, "slow_down");
}

static int ask(const struct login_options *options, const struct provider *provider, const char *device_code,
               struct tokens *tokens)
{
    CLEANUP(bytes_wipe) struct bytes form = {0};

    bytes_parameter(&form, "grant_type", GRANT);
    bytes_parameter(&form, "device_code", device_code);
    return tokens_ask(options, provider, &form, tokens);
}

static int64_t within(int64_t number, int64_t least, int64_t most)
{
    return number < least ? least : number > most ? most : number;
}

static int wait_for_tokens(const struct login_options *options, const struct provider *provider,
                           const struct document *answer, struct tokens *tokens)
{
    int64_t interval = within(document_number(answer, "interval", INTERVAL), 1, INTERVAL_MOST);
    int64_t wait = within(document_number(answer, "expires_in", EXPIRES), 1, options->timeout);
    int64_t deadline = boot_clock_ms() + wait * 1000;
    int code;

    while (boot_clock_ms() + interval * 1000 < deadline) {
        nanosleep(&(struct timespec){.tv_sec = (time_t)interval}, NULL);
        code = ask(options, provider, document_text(answer, "device_code"), tokens);
        if (code != LOGIN_DONE)
            return code;
        if (!must_wait(tokens, &interval))
            return tokens_check(tokens);
        tokens_clear(tokens);
    }
    return client_complain(LOGIN_REFUSED, "timed out: nobody signed in within %lld s", (long long)wait);
}

int device_for_tokens(const struct login_options *options, const struct provider *provider,
                      struct tokens *tokens)
{
    struct document *answer = NULL;
    int code = start(options, provider, &answer);

    if (code == LOGIN_DONE) {
        show(answer);
        code = wait_for_tokens(options, provider, answer, tokens);
    }
    document_free(answer);
    return code;
}
