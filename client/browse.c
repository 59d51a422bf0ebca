/* SPDX-License-Identifier: Apache-2.0 */
/*
 * browse.c: the authorization code flow with PKCE: the person signs in, in their own browser, and a code
 * comes back to a port of ours (RFC 6749 section 4.1, RFC 7636, RFC 8252; RFC 9700 section 2.1).
 */
#include "login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BROWSER_WORDS = 16, COMMAND_SIZE = 2049 };

/* Made for one attempt. */
struct attempt {
    struct bytes state, verifier, challenge;
};

static void attempt_clear(struct attempt *attempt)
{
    bytes_wipe(&attempt->state);
    bytes_wipe(&attempt->verifier);
    bytes_wipe(&attempt->challenge);
}

static bool make_attempt(struct attempt *attempt)
{
    unsigned char state[SECRET_SIZE], verifier[SECRET_SIZE], digest[SECRET_SIZE];
    bool made = random_fill(state, sizeof(state)) && random_fill(verifier, sizeof(verifier));

    if (made) {
        bytes_base64url(&attempt->state, state, sizeof(state));
        bytes_base64url(&attempt->verifier, verifier, sizeof(verifier));
        made = bytes_end(&attempt->verifier) != NULL &&
               sha256(attempt->verifier.at, attempt->verifier.length, digest);
        bytes_base64url(&attempt->challenge, digest, sizeof(digest));
    }
    explicit_bzero(verifier, sizeof(verifier));
    explicit_bzero(state, sizeof(state));
    return made && bytes_end(&attempt->state) != NULL && bytes_end(&attempt->challenge) != NULL;
}

static const char *make_address(const struct login_options *options, const struct provider *provider,
                                const char *nonce, const struct loopback *loopback,
                                const struct attempt *attempt, struct bytes *address)
{
    bytes_text(address, provider->authorization);
    if (strchr(provider->authorization, '?') == NULL)
        bytes_text(address, "?");
    bytes_parameter(address, "response_type", "code");
    bytes_parameter(address, "client_id", options->client_id);
    bytes_parameter(address, "redirect_uri", loopback->redirect_uri);
    bytes_parameter(address, "scope", options->scope);
    bytes_parameter(address, "state", (const char *)attempt->state.at);
    bytes_parameter(address, "nonce", nonce);
    bytes_parameter(address, "code_challenge", (const char *)attempt->challenge.at);
    bytes_parameter(address, "code_challenge_method", "S256");
    if (has_word(options->scope, "offline_access"))
        bytes_parameter(address, "prompt",
                        "consent"); /* OpenID Connect Core 1.0 section 11: else it is ignored */
    return bytes_end(address);
}

/* --- the browser --- */

/* The words of the command, and the address behind them. */
static bool split_command(char *command, const char *address, const char *argv[BROWSER_WORDS + 2])
{
    size_t count = 0;
    char *rest = NULL;

    for (char *word = strtok_r(command, " \t", &rest); word != NULL; word = strtok_r(NULL, " \t", &rest)) {
        if (count == BROWSER_WORDS)
            return false;
        argv[count++] = word;
    }
    argv[count] = address;
    argv[count + 1] = NULL;
    return count > 0;
}

static bool has_display(void)
{
    return client_environment("DISPLAY") != NULL || client_environment("WAYLAND_DISPLAY") != NULL;
}

static bool chosen_browser(const struct login_options *options)
{
    return strcmp(options->browser, "xdg-open") != 0;
}

bool browse_possible(const struct login_options *options)
{
    return (!options->no_browser && (has_display() || chosen_browser(options))) || !options->quiet ||
           isatty(STDERR_FILENO);
}

/* false: the person has to. */
static bool start_browser(const struct login_options *options, const char *address)
{
    const char *argv[BROWSER_WORDS + 2];
    char command[COMMAND_SIZE];

    if (options->no_browser || !(has_display() || chosen_browser(options)))
        return false;
    snprintf(command, sizeof(command), "%s", options->browser);
    return split_command(command, address, argv) &&
           run_start(argv, options->verbose ? RUN_KEEP_ERRORS : 0, NULL, NULL) >= 0;
}

/* With --quiet too, on a terminal: a person who waits for ssh sees what it waits for. */
static void show_address(const struct login_options *options, const char *address)
{
    if (!start_browser(options, address))
        fprintf(stderr, "Open this address in a browser on this machine, and sign in:\n\n    %s\n\n",
                address);
    else if (!options->quiet || isatty(STDERR_FILENO))
        fprintf(stderr, "Sign in, in the browser.  If none opens, go to:\n\n    %s\n\n", address);
}

/* --- the answer --- */

/* RFC 9207 section 2.4: an answer of another provider's must not reach this one's token endpoint. */
static int check_answer(const struct login_options *options, const struct provider *provider,
                        const struct callback *callback)
{
    if (callback->issuer == NULL ? provider->says_issuer : strcmp(callback->issuer, options->issuer) != 0)
        return client_complain(LOGIN_REFUSED,
                               "the browser's answer is of another issuer, or does not say of which");
    if (callback->error != NULL)
        return provider_refuses(callback->error, callback->description);
    if (callback->code == NULL)
        return client_complain(LOGIN_REFUSED, "the browser's answer has neither a code nor an error");
    return LOGIN_DONE;
}

static int exchange(const struct login_options *options, const struct provider *provider,
                    const struct loopback *loopback, const struct attempt *attempt, const char *code,
                    struct tokens *tokens)
{
    CLEANUP(bytes_wipe) struct bytes form = {0};
    int result;

    bytes_parameter(&form, "grant_type", "authorization_code");
    bytes_parameter(&form, "code", code);
    bytes_parameter(&form, "redirect_uri", loopback->redirect_uri);
    bytes_parameter(&form, "code_verifier", (const char *)attempt->verifier.at);
    result = tokens_ask(options, provider, &form, tokens);
    return result == LOGIN_DONE ? tokens_check(tokens) : result;
}

int browse_for_tokens(const struct login_options *options, const struct provider *provider, const char *nonce,
                      struct loopback *loopback, struct tokens *tokens)
{
    CLEANUP(attempt_clear) struct attempt attempt = {.state = {0}};
    CLEANUP(bytes_wipe) struct bytes address = {0};
    struct callback callback = {.code = NULL};
    int code;

    if (!make_attempt(&attempt) ||
        make_address(options, provider, nonce, loopback, &attempt, &address) == NULL)
        return client_complain(LOGIN_UNABLE, "no random octets, or no memory");
    show_address(options, (const char *)address.at);
    code = loopback_wait(options, loopback, (const char *)attempt.state.at,
                         boot_clock_ms() + options->timeout * 1000, &callback);
    if (code == LOGIN_DONE)
        code = check_answer(options, provider, &callback);
    if (code == LOGIN_DONE)
        code = exchange(options, provider, loopback, &attempt, callback.code, tokens);
    if (code != LOGIN_DONE)
        loopback_answer(loopback, "Not signed in",
                        callback.error != NULL ? callback.error : "The terminal says why.");
    return code;
}
