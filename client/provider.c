/* SPDX-License-Identifier: Apache-2.0 */
/* provider.c: OpenID Connect Discovery 1.0: where the provider's endpoints are, and what they want. */
#include "login.h"

#include <stdio.h>
#include <string.h>

enum { URI_MAX = 2048 };

void provider_clear(struct provider *provider)
{
    document_free(provider->discovery);
    *provider = (struct provider){.discovery = NULL};
}

bool uri_is_https(const char *uri)
{
    size_t length = strlen(uri);

    if (strncmp(uri, "https://", strlen("https://")) != 0 || length > URI_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if (uri[i] <= ' ' || uri[i] > '~' || strchr("\"<>\\^`{|}#", uri[i]) != NULL)
            return false;
    return true;
}

static int find_endpoint(const struct document *discovery, const char *name, const char **ret_uri)
{
    *ret_uri = document_text(discovery, name);
    if (*ret_uri == NULL)
        return client_complain(LOGIN_REFUSED, "the provider's discovery document names no %s", name);
    if (!uri_is_https(*ret_uri))
        return client_complain(LOGIN_REFUSED, "the provider's %s is no https address", name);
    return LOGIN_DONE;
}

/* RFC 8414 section 3.3: else anybody's document would do. */
static int check_issuer(const struct login_options *options, const struct document *discovery)
{
    const char *issuer = document_text(discovery, "issuer");
    char shown[300];

    if (issuer != NULL && strcmp(issuer, options->issuer) == 0)
        return LOGIN_DONE;
    if (issuer == NULL)
        return client_complain(LOGIN_REFUSED, "the provider's discovery document names no issuer");
    return client_complain(
        LOGIN_REFUSED,
        "the provider says that its issuer is %s: set --issuer to exactly that, if it is yours",
        uri_is_https(issuer) ? issuer : jwkscore_quote(shown, sizeof(shown), issuer, strlen(issuer)));
}

static int read_discovery(const struct login_options *options, struct provider *provider)
{
    const struct document *discovery = provider->discovery;
    int code;

    if ((code = check_issuer(options, discovery)) != LOGIN_DONE ||
        (code = find_endpoint(discovery, "authorization_endpoint", &provider->authorization)) != LOGIN_DONE ||
        (code = find_endpoint(discovery, "token_endpoint", &provider->token)) != LOGIN_DONE)
        return code;
    if (options->device &&
        (code = find_endpoint(discovery, "device_authorization_endpoint", &provider->device)) != LOGIN_DONE)
        return code;
    if (!document_lists(discovery, "code_challenge_methods_supported", "S256", true))
        return client_complain(LOGIN_REFUSED, "the provider cannot do PKCE with S256");
    provider->says_issuer = document_flag(discovery, "authorization_response_iss_parameter_supported");
    provider->secret_in_form =
        !document_lists(discovery, "token_endpoint_auth_methods_supported", "client_secret_basic", true);
    return LOGIN_DONE;
}

int provider_refuses(const char *error, const char *description)
{
    char shown[300], described[300];

    jwkscore_quote(shown, sizeof(shown), error, strlen(error));
    if (description == NULL)
        return client_complain(LOGIN_REFUSED, "the provider refuses: %s", shown);
    return client_complain(LOGIN_REFUSED, "the provider refuses: %s: %s", shown,
                           jwkscore_quote(described, sizeof(described), description, strlen(description)));
}

int provider_discover(const struct login_options *options, struct provider *provider)
{
    CLEANUP(bytes_wipe) struct bytes uri = {0}, body = {0};
    size_t length = strlen(options->issuer);
    long status = 0;
    int code;

    bytes_add(&uri, options->issuer, length - (options->issuer[length - 1] == '/' ? 1 : 0));
    bytes_text(&uri, "/.well-known/openid-configuration");
    if (bytes_end(&uri) == NULL)
        return client_complain(LOGIN_UNABLE, "out of memory");
    code = http_ask(options, &(struct http_request){.uri = (const char *)uri.at}, &status, &body);
    if (code != LOGIN_DONE)
        return code;
    if (status != 200)
        return client_complain(LOGIN_UNABLE, "%s: HTTP status %ld: is the issuer right?",
                               (const char *)uri.at, status);
    provider->discovery = document_parse(&body);
    if (provider->discovery == NULL)
        return client_complain(LOGIN_UNABLE, "%s: not a JSON object", (const char *)uri.at);
    return read_discovery(options, provider);
}
