/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c: a value, wherever it comes from, is judged by its row of the table, stored in its section's
 * struct, and remembered as it was given.  What is refused changes nothing.
 */
#include "internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 256 }; /* a key in one section: no honest list is longer, and reading stays linear */

static const struct {
    const char *name;
    size_t settings; /* where the struct keeps what was given */
} sections[] = {
    [SECTION_GLOBAL] = {"[global]", offsetof(struct global_options, settings)},
    [SECTION_ISSUER] = {"[issuer]", offsetof(struct issuer_options, settings)},
    [SECTION_SERVICE] = {"[service]", offsetof(struct service_options, settings)},
    [SECTION_PAM] = {"the module's arguments", offsetof(struct pam_options, settings)},
};

static void *member(const struct option *option, void *options)
{
    return (char *)options + option->offset;
}

static bool is_single(const struct option *option)
{
    return option->shape == SHAPE_FLAG || option->shape == SHAPE_NUMBER || option->shape == SHAPE_TEXT;
}

static bool is_number(const struct option *option)
{
    return option->shape == SHAPE_FLAG || option->shape == SHAPE_NUMBER || option->shape == SHAPE_SET;
}

static bool is_split(const struct option *option)
{
    return option->shape == SHAPE_SET || option->shape == SHAPE_WORDS;
}

/* The next value of a line. */
static bool take_value(const struct option *option, struct text *rest, struct text *ret_value)
{
    if (is_split(option))
        return text_take_word(rest, ret_value);
    *ret_value = *rest;
    *rest = (struct text){NULL, 0};
    return ret_value->length > 0;
}

/* --- what was given --- */

static struct settings *settings_of(enum section section, const void *options)
{
    return (struct settings *)((char *)options + sections[section].settings);
}

const struct setting *option_given(const struct settings *settings, const char *key)
{
    for (size_t i = settings->count; i-- > 0;)
        if (strcmp(settings->at[i].option->key, key) == 0)
            return &settings->at[i];
    return NULL;
}

static size_t count_given(const struct settings *settings, const struct option *option)
{
    size_t count = 0;

    for (size_t i = 0; i < settings->count; i++)
        count += settings->at[i].option == option;
    return count;
}

/* Where `option` is remembered: the old place of a single value, else a new, empty one.  NULL: no memory. */
static struct setting *setting_for(struct settings *settings, const struct option *option)
{
    struct setting *at;

    for (size_t i = 0; is_single(option) && i < settings->count; i++)
        if (settings->at[i].option == option)
            return &settings->at[i];
    at = reallocarray(settings->at, settings->count + 1, sizeof(*at));
    if (at == NULL)
        return NULL;
    settings->at = at;
    at[settings->count] = (struct setting){0};
    return &at[settings->count];
}

/* --- is it a value? --- */

/* What a message may show of a value: what stands before the @ of a URL may be a password. */
static struct text shown(struct text value)
{
    bool is_url = value.length > 0 && memmem(value.bytes, value.length, "://", 3) != NULL;
    const char *at = is_url ? memrchr(value.bytes, '@', value.length) : NULL;

    return at == NULL ? value : (struct text){at, value.length - (size_t)(at - value.bytes)};
}

static enum jwkscore_status refuse(const struct option *option, struct text value, const char *why,
                                   struct jwkscore_error *error)
{
    char quoted[QUOTED_SIZE];

    return error_set(error, JWKSCORE_E_CONFIG, "%s: \"%s\" %s", option->key,
                     error_quote(quoted, shown(value)), why);
}

static enum jwkscore_status refuse_range(const struct option *option, struct text value,
                                         struct jwkscore_error *error)
{
    const char *unit = option->parse == option_parse_duration ? " seconds" : "";
    char why[64];

    (void)snprintf(why, sizeof(why), "is not from %" PRId64 " to %" PRId64 "%s", option->least, option->most,
                   unit);
    return refuse(option, value, why, error);
}

static enum jwkscore_status judge_value(const struct option *option, struct text value, int64_t *number,
                                        struct jwkscore_error *error)
{
    const char *why = NULL;
    int64_t found = 0;

    if (is_number(option))
        why = option->parse(value, &found);
    else if ((int64_t)value.length > option->most)
        return error_set(error, JWKSCORE_E_CONFIG, "%s: %zu bytes are over the limit of %" PRId64,
                         option->key, value.length, option->most);
    else if (option->check != NULL)
        why = option->check(value);
    if (why != NULL)
        return refuse(option, value, why, error);
    if (option->shape == SHAPE_NUMBER && (found < option->least || found > option->most))
        return refuse_range(option, value, error);
    *number |= found;
    return JWKSCORE_OK;
}

/* A line of values: their number, or their bits, in *number, which is 0 before. */
static enum jwkscore_status judge(const struct option *option, struct text line, int64_t *number,
                                  struct jwkscore_error *error)
{
    const char *why = option_check_line(line);
    enum jwkscore_status status = JWKSCORE_OK;
    struct text value;

    if (text_trim(line).length == 0)
        return error_set(error, JWKSCORE_E_CONFIG, "%s has no value", option->key);
    if (line.length > CONFIG_LINE_MAX)
        return error_set(error, JWKSCORE_E_CONFIG, "%s is over %d bytes long", option->key, CONFIG_LINE_MAX);
    if (why != NULL)
        return refuse(option, line, why, error);
    while (status == JWKSCORE_OK && take_value(option, &line, &value))
        status = judge_value(option, value, number, error);
    return status;
}

/* --- into the struct and out of it --- */

/* Adds the values of a line; the first line's take the place of the defaults. */
static bool store_list(const struct option *option, struct strings *strings, struct text line, bool first)
{
    size_t before = strings->count;
    struct text value;

    while (take_value(option, &line, &value)) {
        if (!strings_add(strings, value)) {
            strings_drop_last(strings, strings->count - before);
            return false;
        }
    }
    if (first)
        strings_drop_first(strings, before);
    return true;
}

static bool store_text(char **string, struct text value)
{
    char *copy = text_copy(value);

    if (copy == NULL)
        return false;
    free(*string);
    *string = copy;
    return true;
}

static bool store(const struct option *option, void *options, struct text line, int64_t number, bool first)
{
    void *at = member(option, options);

    switch (option->shape) {
    case SHAPE_FLAG:
        *(bool *)at = number != 0;
        return true;
    case SHAPE_NUMBER:
        *(int64_t *)at = number;
        return true;
    case SHAPE_SET:
        *(int64_t *)at = first ? number : *(int64_t *)at | number;
        return true;
    case SHAPE_TEXT:
        return store_text(at, line);
    case SHAPE_LINES:
    case SHAPE_WORDS:
        return store_list(option, at, line, first);
    }
    return false;
}

static enum jwkscore_status check_repeated(const struct option *option, const struct settings *settings,
                                           unsigned line, struct jwkscore_error *error)
{
    const struct setting *given = option_given(settings, option->key);

    if (is_single(option) && line != 0 && given != NULL && given->line != 0)
        return error_set(error, JWKSCORE_E_CONFIG, "%s is given again, after line %u", option->key,
                         given->line);
    if (count_given(settings, option) >= VALUES_MAX)
        return error_set(error, JWKSCORE_E_CONFIG, "%s is given more than %d times", option->key, VALUES_MAX);
    return JWKSCORE_OK;
}

/* Memory is taken first and the struct changed last, so that there is nothing to take back. */
static enum jwkscore_status keep(const struct option *option, void *options, struct text value,
                                 int64_t number, unsigned line, struct jwkscore_error *error)
{
    struct settings *settings = settings_of(option->section, options);
    bool first = option_given(settings, option->key) == NULL;
    struct setting *setting = setting_for(settings, option);
    char *copy = text_copy(value);

    if (setting == NULL || copy == NULL || !store(option, options, value, number, first)) {
        free(copy);
        return error_memory(error);
    }
    if (setting == &settings->at[settings->count])
        settings->count++;
    free(setting->value);
    *setting = (struct setting){option, copy, line};
    return JWKSCORE_OK;
}

enum jwkscore_status option_set(enum section section, void *options, const char *key, struct text value,
                                unsigned line, struct jwkscore_error *error)
{
    const struct option *option = option_find(section, key);
    char quoted[QUOTED_SIZE];
    int64_t number = 0;
    enum jwkscore_status status;

    if (option == NULL)
        return error_set(error, JWKSCORE_E_CONFIG, "unknown key \"%s\" in %s",
                         error_quote(quoted, text_from(key)), sections[section].name);
    status = check_repeated(option, settings_of(section, options), line, error);
    if (status == JWKSCORE_OK)
        status = judge(option, value, &number, error);
    return status == JWKSCORE_OK ? keep(option, options, value, number, line, error) : status;
}

const char *option_get(enum section section, const void *options, const char *key, size_t index)
{
    const struct option *option = option_find(section, key);
    const struct settings *settings = settings_of(section, options);

    if (option == NULL)
        return NULL;
    if (option_given(settings, key) == NULL)
        return index == 0 ? option->initial : NULL;
    for (size_t i = 0; i < settings->count; i++)
        if (settings->at[i].option == option && index-- == 0)
            return settings->at[i].value;
    return NULL;
}

bool options_init(enum section section, void *options)
{
    const struct option *option;
    bool complete = true;

    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        struct text value = text_from(option->initial);
        int64_t number = 0;

        if (option->section == section && option->initial != NULL)
            complete = complete && judge(option, value, &number, NULL) == JWKSCORE_OK &&
                       store(option, options, value, number, true);
    }
    return complete;
}

void options_free(enum section section, void *options)
{
    struct settings *settings = settings_of(section, options);
    const struct option *option;

    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        if (option->section != section)
            continue;
        if (option->shape == SHAPE_TEXT)
            string_freep(member(option, options));
        else if (option->shape == SHAPE_LINES || option->shape == SHAPE_WORDS)
            strings_free(member(option, options));
    }
    for (size_t i = 0; i < settings->count; i++)
        free(settings->at[i].value);
    free(settings->at);
    *settings = (struct settings){0};
}
