/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonpointer.c: a value by its name, or by a JSON Pointer (RFC 6901).
 *
 * Claim names may hold `/`, `.` and `:`; only one that begins with `/` is taken apart.
 */
#include "internal.h"

#include <string.h>

/* Is `token` this name?  ~0 is ~ and ~1 is /; any other ~ makes it no name at all (section 3). */
static bool names_member(struct text token, struct text name)
{
    size_t n = 0;

    for (size_t i = 0; i < token.length; i++, n++) {
        char c = token.bytes[i];
        if (c == '~') {
            char digit = ++i < token.length ? token.bytes[i] : '\0';
            if (digit != '0' && digit != '1')
                return false;
            c = digit == '0' ? '~' : '/';
        }
        if (n == name.length || name.bytes[n] != c)
            return false;
    }
    return n == name.length;
}

/* Digits, without a needless 0 (section 4). */
static const struct value *find_element(const struct value *array, struct text token)
{
    int64_t index;

    if (!text_number(token, &index) || (token.length > 1 && token.bytes[0] == '0'))
        return NULL;
    return value_at(array, (size_t)index);
}

static const struct value *find_child(const struct value *parent, struct text token)
{
    void *cursor = NULL;
    struct text name;
    const struct value *child;

    if (value_type(parent) == VALUE_ARRAY)
        return find_element(parent, token);
    while (value_next_member(parent, &cursor, &name, &child))
        if (names_member(token, name))
            return child;
    return NULL;
}

const struct value *value_find(const struct value *object, const char *name_or_pointer)
{
    const char *at = name_or_pointer;

    if (*at != '/')
        return value_member(object, at);
    while (object != NULL && *at == '/') {
        size_t length = strcspn(++at, "/");
        object = find_child(object, (struct text){at, length});
        at += length;
    }
    return object;
}
