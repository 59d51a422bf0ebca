/* SPDX-License-Identifier: Apache-2.0 */
/* tokens.c: the token endpoint: a grant goes in, tokens come out (RFC 6749 section 3.2). */
#include "login.h"

#include <string.h>
#include <sys/stat.h>

void tokens_clear(struct tokens *tokens)
{
    document_free(tokens->answer);
    *tokens = (struct tokens){.answer = NULL};
}

/* RFC 6749 section 2.3.1: in a header, coded as in a form. */
static void encode(struct bytes *out, const char *value)
{
    CLEANUP(bytes_wipe) struct bytes pair = {0};

    bytes_parameter(&pair, "", value);
    out->failed |= pair.failed;
    if (!pair.failed)
        bytes_add(out, pair.at + 1, pair.length - 1);
}

/* One line end comes off. */
static int read_secret(const struct login_options *options, struct bytes *secret)
{
    int code = persons_file_read(options->client_secret_file, S_IRWXG | S_IRWXO, LOGIN_UNABLE, secret);

    if (code == LOGIN_DONE && secret->length > 0 && secret->at[secret->length - 1] == '\n')
        secret->length--;
    if (code == LOGIN_DONE && (bytes_end(secret) == NULL || strlen((const char *)secret->at) == 0))
        return client_complain(LOGIN_UNABLE, "%s: there is no secret in it", options->client_secret_file);
    return code;
}

/* Who asks: a public client by its name in the form, one with a secret as discovery says. */
static int ask(const struct login_options *options, const struct provider *provider, struct bytes *form,
               long *ret_status, struct bytes *body)
{
    CLEANUP(bytes_wipe) struct bytes secret = {0}, user = {0}, password = {0};
    struct http_request request = {.uri = provider->token};
    int code;

    if (options->client_secret_file != NULL && (code = read_secret(options, &secret)) != LOGIN_DONE)
        return code;
    if (secret.length == 0 || provider->secret_in_form)
        bytes_parameter(form, "client_id", options->client_id);
    if (secret.length > 0 && provider->secret_in_form) {
        bytes_parameter(form, "client_secret", (const char *)secret.at);
    } else if (secret.length > 0) {
        encode(&user, options->client_id);
        encode(&password, (const char *)secret.at);
        request.user = bytes_end(&user);
        request.password = bytes_end(&password);
    }
    request.form = bytes_end(form);
    if (request.form == NULL || (request.user == NULL) != (user.length == 0) || user.failed ||
        password.failed)
        return client_complain(LOGIN_UNABLE, "out of memory");
    return http_ask(options, &request, ret_status, body);
}

static int read_answer(const struct bytes *body, long status, struct tokens *tokens)
{
    tokens->answer = document_parse(body);
    if (tokens->answer == NULL)
        return client_complain(LOGIN_UNABLE,
                               "the provider's token endpoint answered HTTP status %ld and no JSON object",
                               status);
    tokens->error = document_text(tokens->answer, "error");
    if (tokens->error != NULL)
        return LOGIN_DONE;
    if (status != 200)
        return client_complain(LOGIN_UNABLE, "the provider's token endpoint answered HTTP status %ld",
                               status);
    tokens->id_token = document_text(tokens->answer, "id_token");
    tokens->refresh_token = document_text(tokens->answer, "refresh_token");
    return LOGIN_DONE;
}

int tokens_ask(const struct login_options *options, const struct provider *provider, struct bytes *form,
               struct tokens *tokens)
{
    CLEANUP(bytes_wipe) struct bytes body = {0};
    long status = 0;
    int code = ask(options, provider, form, &status, &body);

    return code == LOGIN_DONE ? read_answer(&body, status, tokens) : code;
}

int tokens_check(const struct tokens *tokens)
{
    if (tokens->error != NULL)
        return provider_refuses(tokens->error, document_text(tokens->answer, "error_description"));
    return tokens->id_token != NULL ? LOGIN_DONE
                                    : client_complain(LOGIN_REFUSED, "the provider gave no ID token");
}
