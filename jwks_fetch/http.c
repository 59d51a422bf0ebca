/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.c: one GET; alone with libcurl, in a module that only the process for it loads (module.c).
 *
 * HTTP/1.1 over TLS 1.2 or later, certificate and name verified.  Nothing is followed, decoded, sent along
 * or kept: no redirects, cookies, passwords, compression, alternative services.  Limits are enforced while
 * it streams.
 */
#include "fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Under 100 octets a second for 2 s: given up, a login waits. */
enum { SLOW_AFTER_MS = 2000, SLOW_OCTETS = 200 };

/* What libcurl calls X509_V_ERR_...: numbers of OpenSSL's public interface. */
enum { NOT_YET = 9, EXPIRED = 10, SELF_SIGNED = 18, SELF_SIGNED_CA = 19, NO_ISSUER = 20, NO_FIRST = 21 };

struct exchange {
    const struct request *request;
    struct buffer headers, body;
    size_t headers_seen; /* of earlier answers (1xx) too */
    bool in_headers, too_large, slow, no_http;
    int64_t window_b; /* when the last 2 s of the body began; 0: it has not begun */
    curl_off_t window_octets;
    char message[CURL_ERROR_SIZE];
};

/* A status line begins an answer anew; what comes after the empty line (trailers) is not for us. */
static size_t take_header(char *line, size_t size, size_t count, void *data)
{
    struct exchange *exchange = data;
    size_t length = size * count;

    exchange->headers_seen += length;
    if (exchange->headers_seen > HEADERS_MAX) {
        exchange->too_large = true;
        return 0;
    }
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        exchange->headers.length = 0;
        exchange->in_headers = true;
        exchange->no_http = !headers_is_status((struct text){line, length});
        return exchange->no_http ? 0 : length;
    }
    if (length <= 2)
        exchange->in_headers = false;
    if (exchange->in_headers && !buffer_append(&exchange->headers, (struct text){line, length}))
        return 0;
    return length;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
    struct exchange *exchange = data;
    size_t length = size * count;

    if (length > exchange->request->most - exchange->body.length) {
        exchange->too_large = true;
        return 0;
    }
    return buffer_append(&exchange->body, (struct text){bytes, length}) ? length : 0;
}

/*
 * libcurl's own limit would count the time that a server thinks.  This one begins with the body; libcurl
 * calls it at least once a second.
 */
static int watch_speed(void *data, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    struct exchange *exchange = data;
    int64_t now_b = clock_boot_ms();

    (void)total;
    (void)up_total;
    (void)up_now;
    if (exchange->headers_seen == 0 || exchange->in_headers)
        return 0;
    if (exchange->window_b == 0 || now_b - exchange->window_b >= SLOW_AFTER_MS) {
        exchange->slow = exchange->window_b != 0 && now - exchange->window_octets < SLOW_OCTETS;
        exchange->window_b = now_b;
        exchange->window_octets = now;
    }
    return exchange->slow ? 1 : 0;
}

static bool set_numbers(CURL *curl, int64_t left_ms)
{
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_NOPROGRESS, 0},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1}, /* the smallest parser that every provider speaks to */
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSL_SESSIONID_CACHE, 0},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_HTTP_CONTENT_DECODING, 0},
        {CURLOPT_HTTP09_ALLOWED, 0},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
        {CURLOPT_PATH_AS_IS, 1},
        {CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS},
        {CURLOPT_TIMEOUT_MS, (long)left_ms},
#if LIBCURL_VERSION_NUM >= 0x075700
        {CURLOPT_QUICK_EXIT, 1}, /* or a dead resolver's thread is waited for, 10 s */
#endif
#if LIBCURL_VERSION_NUM < 0x075500
        {CURLOPT_PROTOCOLS, CURLPROTO_HTTPS},
#endif
    };

    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        if (curl_easy_setopt(curl, numbers[i].option, numbers[i].value) != CURLE_OK)
            return false;
    return true;
}

/* An empty proxy overrides the environment's, NULL certificates the build's: only jwks.conf says. */
static bool set_texts(CURL *curl, const struct request *request)
{
    const struct {
        CURLoption option;
        const char *value;
    } texts[] = {
        {CURLOPT_URL, request->uri},
        {CURLOPT_CAINFO, request->ca_file},
        /* By hash: the bundle of all of them costs 20 ms a fetch. */
        {CURLOPT_CAPATH, request->ca_file != NULL ? NULL : JWKS_CA_PATH},
        {CURLOPT_PROXY, request->proxy != NULL ? request->proxy : ""},
        {CURLOPT_NOPROXY, ""},
        {CURLOPT_USERAGENT, "pam-jwks/" PACKAGE_VERSION},
#if LIBCURL_VERSION_NUM >= 0x075500
        {CURLOPT_PROTOCOLS_STR, "https"},
#endif
    };

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (curl_easy_setopt(curl, texts[i].option, texts[i].value) != CURLE_OK)
            return false;
    return true;
}

static bool set_callbacks(CURL *curl, struct exchange *exchange)
{
    return curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_speed) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->message) == CURLE_OK;
}

static bool add_field(struct curl_slist **fields, const char *name, struct text value)
{
    char line[VALIDATOR_MAX + 64];
    struct curl_slist *longer;

    if (value.length == 0)
        return true;
    snprintf(line, sizeof(line), "%s: %.*s", name, (int)value.length, value.bytes);
    longer = curl_slist_append(*fields, line);
    if (longer != NULL)
        *fields = longer;
    return longer != NULL;
}

static bool set_fields(CURL *curl, const struct request *request, struct curl_slist **fields)
{
    return add_field(fields, "Accept", TEXT("application/jwk-set+json, application/json")) &&
           add_field(fields, "If-None-Match", request->etag) &&
           add_field(fields, "If-Modified-Since", request->last_modified) &&
           add_field(fields, "Cache-Control", request->fresh ? TEXT("no-cache") : TEXT("")) &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *fields) == CURLE_OK;
}

/* Everything that is not here is a `connect`: the connection broke. */
static enum refresh_outcome classify(CURLcode code)
{
    static const struct {
        CURLcode code;
        enum refresh_outcome outcome;
    } codes[] = {
        {CURLE_COULDNT_RESOLVE_HOST, OUTCOME_DNS},
        {CURLE_COULDNT_RESOLVE_PROXY, OUTCOME_DNS},
        {CURLE_OPERATION_TIMEDOUT, OUTCOME_TIMEOUT},
        {CURLE_PEER_FAILED_VERIFICATION, OUTCOME_TLS_VERIFY},
        {CURLE_SSL_CONNECT_ERROR, OUTCOME_TLS},
        {CURLE_SSL_CIPHER, OUTCOME_TLS},
        {CURLE_SSL_CACERT_BADFILE, OUTCOME_CONFIG},
        {CURLE_URL_MALFORMAT, OUTCOME_CONFIG},
        {CURLE_WEIRD_SERVER_REPLY, OUTCOME_HTTP_OTHER},
        {CURLE_UNSUPPORTED_PROTOCOL, OUTCOME_HTTP_OTHER},
        {CURLE_OUT_OF_MEMORY, OUTCOME_HELPER},
        {CURLE_WRITE_ERROR, OUTCOME_HELPER},
        {CURLE_FAILED_INIT, OUTCOME_HELPER},
#if LIBCURL_VERSION_NUM >= 0x080600
        {CURLE_TOO_LARGE, OUTCOME_TOO_LARGE}, /* a line of the header, by its own limit */
#endif
    };

    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++)
        if (codes[i].code == code)
            return codes[i].outcome;
    return OUTCOME_CONNECT;
}

/* Refused, reset, unresolved, or cut off in the handshake: may be over in a moment; a bad certificate not. */
static bool may_pass(CURL *curl, CURLcode code)
{
    long number = 0;

    if (code == CURLE_COULDNT_CONNECT)
        return curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number) == CURLE_OK &&
               (number == ECONNREFUSED || number == ECONNRESET);
    return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_SSL_CONNECT_ERROR ||
           code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR;
}

static const char *hint_for(CURL *curl, enum refresh_outcome outcome)
{
    long number = 0;

    if (outcome == OUTCOME_CONFIG)
        return "see ca_file and the address in jwks.conf";
    if (outcome != OUTCOME_TLS_VERIFY ||
        curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &number) != CURLE_OK)
        return "";
    switch (number) {
    case NOT_YET:
    case EXPIRED:
        return "check this host's clock";
    case SELF_SIGNED:
    case SELF_SIGNED_CA:
        return "its CA is not trusted here: see ca_file";
    case NO_ISSUER:
    case NO_FIRST:
        return "unknown CA (see ca_file), or no intermediate certificate sent";
    default:
        return "";
    }
}

static const char *words_for(CURL *curl, CURLcode code, const struct exchange *exchange)
{
    static const char *const prefixes[] = {"SSL certificate problem: ", "SSL: "};
    const char *message = exchange->message[0] != '\0' ? exchange->message : curl_easy_strerror(code);
    long number = 0;

    if (code == CURLE_COULDNT_CONNECT && curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number) == CURLE_OK &&
        number != 0)
        return strerror((int)number);
    for (size_t i = 0; i < ARRAY_LENGTH(prefixes); i++)
        if (strncmp(message, prefixes[i], strlen(prefixes[i])) == 0)
            return message + strlen(prefixes[i]);
    return message;
}

/* libcurl calls an answer that ends within its headers whole, and before 8.6 a long line a want of memory. */
static void describe_failure(CURL *curl, CURLcode code, const struct exchange *exchange,
                             struct http_result *result)
{
    double resolved = 0;

    result->outcome = classify(code);
    result->retry = exchange->headers_seen == 0 && may_pass(curl, code);
    snprintf(result->detail, sizeof(result->detail), "%s", words_for(curl, code, exchange));
    snprintf(result->hint, sizeof(result->hint), "%s", hint_for(curl, (enum refresh_outcome)result->outcome));
    if (exchange->no_http || code == CURLE_OK) {
        result->outcome = exchange->no_http ? OUTCOME_HTTP_OTHER : OUTCOME_CONNECT;
        snprintf(result->detail, sizeof(result->detail), "%s",
                 exchange->no_http ? "no status line of HTTP/1" : "cut off within its headers");
    } else if (exchange->too_large || (code == CURLE_OUT_OF_MEMORY && exchange->in_headers)) {
        result->outcome = OUTCOME_TOO_LARGE;
        snprintf(result->detail, sizeof(result->detail), "over %zu octets of body or %d of headers",
                 exchange->request->most, (int)HEADERS_MAX);
    } else if (exchange->slow) {
        result->outcome = OUTCOME_TIMEOUT;
        snprintf(result->detail, sizeof(result->detail), "under 100 octets a second");
    } else if (result->outcome == OUTCOME_TIMEOUT &&
               curl_easy_getinfo(curl, CURLINFO_NAMELOOKUP_TIME, &resolved) == CURLE_OK && resolved <= 0) {
        result->outcome = OUTCOME_DNS;
        snprintf(result->detail, sizeof(result->detail), "no name server answers");
    }
}

static void perform(CURL *curl, struct exchange *exchange, struct http_result *result)
{
    struct curl_slist *fields = NULL;
    int64_t left_ms = exchange->request->deadline_b - clock_boot_ms();
    CURLcode code = CURLE_FAILED_INIT;
    long status = 0;

    if (left_ms > 0 && set_numbers(curl, left_ms) && set_texts(curl, exchange->request) &&
        set_callbacks(curl, exchange) && set_fields(curl, exchange->request, &fields))
        code = curl_easy_perform(curl);
    if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status > 0)
        result->status = (uint32_t)status;
    if (code != CURLE_OK || exchange->in_headers)
        describe_failure(curl, code, exchange, result);
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED const char http_version[] = PACKAGE_VERSION;

/* The process ends after this: libcurl's own clean-up would wait for its threads. */
EXPORTED void http_get(const struct request *request, int out)
{
    struct exchange exchange = {.request = request};
    struct http_result result = {.magic = HTTP_MAGIC, .outcome = OUTCOME_NONE};
    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;

    if (curl != NULL) {
        perform(curl, &exchange, &result);
    } else {
        result.outcome = OUTCOME_HELPER;
        snprintf(result.detail, sizeof(result.detail), "libcurl cannot start");
    }
    if (result.outcome == OUTCOME_NONE) {
        result.headers_length = (uint32_t)exchange.headers.length;
        result.body_length = (uint32_t)exchange.body.length;
    }
    if (process_write_all(out, &result, sizeof(result)) &&
        process_write_all(out, exchange.headers.bytes, result.headers_length))
        (void)!process_write_all(out, exchange.body.bytes, result.body_length);
}
