/* SPDX-License-Identifier: Apache-2.0 */
/* callback.c: the query that the browser brings back (RFC 6749 section 4.1.2, RFC 9207). */
#include "login.h"

#include <string.h>

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit |= 'a' - 'A';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* In place: what is decoded is never longer.  A NUL would cut a text. */
static bool decode(char *text)
{
    char *out = text;

    for (; *text != '\0'; text++) {
        char octet = *text == '+' ? ' ' : *text;

        if (octet == '%') {
            int high = digit_value(text[1]), low = high < 0 ? -1 : digit_value(text[2]);

            if (low < 0 || (high == 0 && low == 0))
                return false;
            octet = (char)(high << 4 | low);
            text += 2;
        }
        *out++ = octet;
    }
    *out = '\0';
    return true;
}

static bool take(struct callback *callback, char *name, char *value)
{
    const struct {
        const char *name;
        char **value;
    } known[] = {
        {"code", &callback->code},   {"state", &callback->state},
        {"error", &callback->error}, {"error_description", &callback->description},
        {"iss", &callback->issuer},
    };

    if (!decode(name) || !decode(value))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(known[i].name, name) == 0) {
            if (*known[i].value != NULL)
                return false;
            *known[i].value = value;
        }
    return true;
}

bool callback_parse(char *query, struct callback *callback)
{
    *callback = (struct callback){.code = NULL};
    while (query != NULL && *query != '\0') {
        char *pair = strsep(&query, "&"), *name = strsep(&pair, "=");

        if (!take(callback, name, pair == NULL ? name + strlen(name) : pair))
            return false;
    }
    return true;
}
