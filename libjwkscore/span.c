/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span.c: where the values stand in a JSON object that scan.c has accepted.
 *
 * So nothing is checked here a second time, and nothing is copied: who wants one value of many builds that one alone.
 */
#include "internal.h"

#include <string.h>

/* From a string's opening quote to its closing one: the first with an even number of backslashes before it. */
static const char *closing_quote(const char *at, const char *end)
{
    ptrdiff_t backslashes;

    do {
        at = memchr(at + 1, '"', (size_t)(end - at - 1));
        for (backslashes = 0; at[-1 - backslashes] == '\\';)
            backslashes++;
    } while (backslashes % 2 != 0);
    return at;
}

/* Goes over the byte before an item, an opening bracket, comma or colon, and over white space. */
static struct text to_item(struct text rest)
{
    do {
        rest.bytes++;
        rest.length--;
    } while (*rest.bytes == ' ' || *rest.bytes == '\n' || *rest.bytes == '\r' || *rest.bytes == '\t');
    return rest;
}

/* What stands next in an array, or in an object, where names and values take turns.  `rest` begins with the byte before. */
static bool take_item(struct text *rest, struct text *ret_item)
{
    struct text from = to_item(*rest);
    const char *at, *end = from.bytes + from.length;
    size_t depth = 0;

    for (at = from.bytes; depth > 0 || memchr(",:]}", *at, 4) == NULL; at++)
        if (*at == '"')
            at = closing_quote(at, end);
        else if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
    *rest = (struct text){at, (size_t)(end - at)};
    *ret_item = (struct text){from.bytes, (size_t)(at - from.bytes)};
    return ret_item->length > 0;
}

/* Is this string, from its opening quote on, that ASCII name?  However it is spelt. */
static bool spells(struct text string, const char *name)
{
    const char *at = string.bytes + 1, *end = string.bytes + string.length;

    while (*at != '"' && *name != '\0')
        if (jsonstring_character(&at, end) != (unsigned char)*name++)
            return false;
    return *at == '"' && *name == '\0';
}

bool span_member(struct text object, const char *name, struct text *ret_rest)
{
    struct text rest = object, item;

    while (*rest.bytes != '{')
        rest = to_item(rest);
    for (bool is_name = true; *rest.bytes != '}' && take_item(&rest, &item); is_name = !is_name)
        if (is_name && spells(item, name)) {
            *ret_rest = to_item(rest);
            return true;
        }
    return false;
}

bool span_element(struct text *rest, struct text *ret_element)
{
    return *rest->bytes != ']' && take_item(rest, ret_element);
}
