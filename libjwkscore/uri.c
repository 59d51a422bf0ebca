/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uri.c: is this an address that we would ask?  For jwks.conf, and for what discovery answers.
 *
 * NULL, or what is wrong, as the end of a sentence that names the address.  Nothing is normalised: `iss` is
 * compared byte for byte, and the cache's id is made of these bytes.
 */
#include "internal.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define HOST_CHARACTERS LETTERS DIGITS "._-"
#define ADDRESS_CHARACTERS DIGITS "abcdefABCDEF:."
/* RFC 3986 section 2; `{` is missing on purpose: a template such as {tenantid} names no issuer. */
#define URI_CHARACTERS LETTERS DIGITS "-._~:/?@!$&'()*+,;=%"

static bool is_made_of(struct text text, const char *characters)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] == '\0' || strchr(characters, text.bytes[i]) == NULL)
            return false;
    return true;
}

static struct text skip(struct text text, size_t length)
{
    return (struct text){text.bytes + length, text.length - length};
}

/* The text up to the first of `ends`, or all of it. */
static struct text span_before(struct text text, const char *ends)
{
    size_t length = 0;

    while (length < text.length && strchr(ends, text.bytes[length]) == NULL)
        length++;
    return (struct text){text.bytes, length};
}

static bool take_prefix(struct text *text, const char *prefix)
{
    size_t length = strlen(prefix);

    if (text->length < length || memcmp(text->bytes, prefix, length) != 0)
        return false;
    *text = skip(*text, length);
    return true;
}

/* host, host:port, [address], [address]:port */
static bool is_host(struct text authority)
{
    struct text port;
    int64_t number;

    if (take_prefix(&authority, "[")) {
        struct text address = span_before(authority, "]");

        if (address.length < 2 || address.length == authority.length ||
            !is_made_of(address, ADDRESS_CHARACTERS))
            return false;
        port = skip(authority, address.length + 1);
    } else {
        struct text host = span_before(authority, ":");

        if (host.length == 0 || !is_made_of(host, HOST_CHARACTERS))
            return false;
        port = skip(authority, host.length);
    }
    return port.length == 0 ||
           (take_prefix(&port, ":") && text_number(port, &number) && number >= 1 && number <= 65535);
}

/* RFC 3986 section 3 */
static const char *check(struct text uri, bool query)
{
    struct text authority;

    if (!take_prefix(&uri, "https://"))
        return "is not an https:// URL";
    authority = span_before(uri, "/?#");
    if (memchr(uri.bytes, '@', authority.length) != NULL)
        return "has a user part";
    if (!is_host(authority))
        return "has no host, or a wrong one";
    uri = skip(uri, authority.length);
    if (span_before(uri, "#").length != uri.length)
        return "has a fragment";
    if (!query && span_before(uri, "?").length != uri.length)
        return "has a query";
    return is_made_of(uri, URI_CHARACTERS) ? NULL : "holds a character that a URL cannot hold";
}

/* OpenID Connect Discovery 1.0 section 3 */
const char *uri_check_issuer(struct text uri)
{
    return check(uri, false);
}

const char *uri_check(struct text uri)
{
    return check(uri, true);
}

const char *uri_check_proxy(struct text uri)
{
    if (!take_prefix(&uri, "https://") && !take_prefix(&uri, "http://"))
        return "is not an http:// or https:// URL";
    if (span_before(uri, "@").length != uri.length)
        return "has a user part";
    return is_host(uri) ? NULL : "is more or less than a host and a port";
}
