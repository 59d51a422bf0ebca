/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strings.c: a list of strings that owns them.
 */
#include "internal.h"

#include <stdlib.h>

bool strings_add(struct strings *strings, struct text text)
{
    char *copy = text_copy(text);
    char **at;

    if (copy == NULL)
        return false;
    at = reallocarray(strings->at, strings->count + 1, sizeof(*at));
    if (at == NULL) {
        free(copy);
        return false;
    }
    at[strings->count++] = copy;
    strings->at = at;
    return true;
}

void strings_drop_last(struct strings *strings, size_t count)
{
    while (count-- > 0)
        free(strings->at[--strings->count]);
}

void strings_drop_first(struct strings *strings, size_t count)
{
    for (size_t i = 0; i < strings->count; i++)
        if (i < count)
            free(strings->at[i]);
        else
            strings->at[i - count] = strings->at[i];
    strings->count -= count;
}

void strings_free(struct strings *strings)
{
    strings_drop_last(strings, strings->count);
    free(strings->at);
    *strings = (struct strings){0};
}

const char *strings_find(const struct strings *strings, struct text text)
{
    for (size_t i = 0; i < strings->count; i++)
        if (text_is(text, strings->at[i]))
            return strings->at[i];
    return NULL;
}

bool strings_have(const struct strings *strings, struct text text)
{
    return strings_find(strings, text) != NULL;
}
