/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client.c: one request to the provider; alone with libcurl, but for jwks-fetch.
 *
 * HTTPS, certificate and name verified.  Nothing is followed, kept or sent along: no redirects (which could
 * carry a code or a secret elsewhere), cookies, .netrc.  The proxy is the person's: --proxy, or what the
 * environment says.
 */
#include "login.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum { BODY_MAX = 256 * 1024, CONNECT_MS = 10000, WHOLE_MS = 30000 };

static size_t take_body(char *more, size_t size, size_t count, void *data)
{
    struct bytes *body = data;
    size_t length = size * count;

    if (length > BODY_MAX - body->length)
        return 0;
    bytes_add(body, more, length);
    return body->failed ? 0 : length;
}

static bool set_numbers(CURL *curl)
{
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_HTTP09_ALLOWED, 0},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
        {CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC},
        {CURLOPT_PATH_AS_IS, 1},
        {CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS},
        {CURLOPT_TIMEOUT_MS, WHOLE_MS},
#if LIBCURL_VERSION_NUM < 0x075500
        {CURLOPT_PROTOCOLS, CURLPROTO_HTTPS},
#endif
    };

    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        if (curl_easy_setopt(curl, numbers[i].option, numbers[i].value) != CURLE_OK)
            return false;
    return true;
}

static bool set_texts(CURL *curl, const struct login_options *options, const struct http_request *request)
{
    const struct {
        CURLoption option;
        const char *value;
    } texts[] = {
        {CURLOPT_URL, request->uri},
        {CURLOPT_CAINFO, options->ca_file},
        {CURLOPT_CAPATH, options->ca_file != NULL ? NULL : JWKS_CA_PATH},
        {CURLOPT_PROXY, options->proxy},
        {CURLOPT_USERNAME, request->user},
        {CURLOPT_PASSWORD, request->password},
        {CURLOPT_USERAGENT, "pam-jwks/" PACKAGE_VERSION},
        {CURLOPT_POSTFIELDS, request->form}, /* not copied */
#if LIBCURL_VERSION_NUM >= 0x075500
        {CURLOPT_PROTOCOLS_STR, "https"},
#endif
    };

    /* A text that is set to NULL would still make a POST of a GET. */
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if ((texts[i].value != NULL || texts[i].option == CURLOPT_CAINFO ||
             texts[i].option == CURLOPT_CAPATH) &&
            curl_easy_setopt(curl, texts[i].option, texts[i].value) != CURLE_OK)
            return false;
    return true;
}

static int complain(const struct http_request *request, CURLcode code, const struct bytes *body,
                    const char *message)
{
    char uri[300];

    jwkscore_quote(uri, sizeof(uri), request->uri, strcspn(request->uri, "?"));
    if (code == CURLE_WRITE_ERROR && !body->failed)
        return client_complain(LOGIN_UNABLE, "%s: the answer has more than %d octets", uri, BODY_MAX);
    return client_complain(LOGIN_UNABLE, "%s: %s", uri,
                           message[0] != '\0' ? message : curl_easy_strerror(code));
}

int http_ask(const struct login_options *options, const struct http_request *request, long *ret_status,
             struct bytes *ret_body)
{
    char message[CURL_ERROR_SIZE] = "";
    struct curl_slist *fields = curl_slist_append(NULL, "Accept: application/json");
    CURL *curl = curl_easy_init();
    CURLcode code = CURLE_FAILED_INIT;

    if (curl != NULL && fields != NULL && set_numbers(curl) && set_texts(curl, options, request) &&
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret_body) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message) == CURLE_OK)
        code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(fields);
    return code == CURLE_OK ? LOGIN_DONE : complain(request, code, ret_body, message);
}
