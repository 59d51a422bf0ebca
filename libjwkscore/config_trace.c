/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_trace.c: what a decision tells of each rule to whoever asked: the values that were compared, and the
 * line of jwks.conf that decided.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

/* --- texts for people: printable ASCII, with an end --- */

struct shown {
    char text[512]; /* ends in NUL */
    size_t length;
    bool cut;
};

static void put(struct shown *shown, const char *piece, size_t length)
{
    static const char end[] = "...";

    if (shown->cut)
        return;
    shown->cut = length > sizeof(shown->text) - sizeof(end) - shown->length;
    if (shown->cut) {
        piece = end;
        length = sizeof(end) - 1;
    }
    memcpy(shown->text + shown->length, piece, length);
    shown->length += length;
    shown->text[shown->length] = '\0';
}

static void put_string(struct shown *shown, const char *string)
{
    put(shown, string, strlen(string));
}

static void put_text(struct shown *shown, struct text text)
{
    for (size_t i = 0; i < text.length && !shown->cut; i++) {
        char escaped[sizeof("\\xNN")];

        if (text.bytes[i] >= ' ' && text.bytes[i] <= '~')
            put(shown, &text.bytes[i], 1);
        else
            put(shown, escaped,
                (size_t)snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned char)text.bytes[i]));
    }
}

static void put_json_string(struct shown *shown, struct text text)
{
    put_string(shown, "\"");
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] == '"' || text.bytes[i] == '\\')
            put_string(shown, "\\");
        put_text(shown, (struct text){text.bytes + i, 1});
    }
    put_string(shown, "\"");
}

/* What lies deeper than one level no rule looks at. */
static void put_scalar(struct shown *shown, const struct value *value)
{
    struct text text;
    bool boolean;

    if (value_text(value, &text))
        put_json_string(shown, text);
    else if (value_digits(value, &text))
        put_text(shown, text);
    else if (value_boolean(value, &boolean))
        put_string(shown, boolean ? "true" : "false");
    else
        put_string(shown, value_type(value) == VALUE_NULL    ? "null"
                          : value_type(value) == VALUE_ARRAY ? "[...]"
                                                             : "{...}");
}

static void put_value(struct shown *shown, const struct value *value)
{
    bool object = value_type(value) == VALUE_OBJECT;
    const struct value *member;
    void *cursor = NULL;
    struct text name;
    size_t count = 0;

    if (!object && value_type(value) != VALUE_ARRAY) {
        put_scalar(shown, value);
        return;
    }
    put_string(shown, object ? "{" : "[");
    for (; !object && count < value_count(value) && !shown->cut; count++) {
        put_string(shown, count > 0 ? ", " : "");
        put_scalar(shown, value_at(value, count));
    }
    for (; object && !shown->cut && value_next_member(value, &cursor, &name, &member); count++) {
        put_string(shown, count > 0 ? ", " : "");
        put_json_string(shown, name);
        put_string(shown, ": ");
        put_scalar(shown, member);
    }
    put_string(shown, object ? "}" : "]");
}

/* --- where it came from --- */

static const char *place(const struct jwkscore_config *config, const struct setting *setting,
                         struct origin *origin)
{
    const char *path = config->path;
    const size_t most = sizeof(origin->text) - sizeof("...:4294967295");
    bool cut = path != NULL && strlen(path) > most;

    if (setting == NULL)
        return "default";
    if (setting->line == 0 || path == NULL)
        return "argument";
    (void)snprintf(origin->text, sizeof(origin->text), "%s%s:%u", cut ? "..." : "",
                   cut ? path + strlen(path) - most : path, setting->line);
    return origin->text;
}

const char *config_origin(const struct jwkscore_config *config, const struct settings *settings,
                          const char *key, struct origin *origin)
{
    return place(config, option_given(settings, key), origin);
}

/* The line of a list that says `wanted`, alone or among others; else the last that set `key`. */
static const struct setting *decisive(const struct settings *settings, const char *key, const char *wanted)
{
    for (size_t i = settings->count; wanted != NULL && i-- > 0;) {
        const struct setting *setting = &settings->at[i];
        struct text rest = text_from(setting->value), word;

        if (strcmp(option_key(setting->option), key) != 0)
            continue;
        if (strcmp(setting->value, wanted) == 0)
            return setting;
        while (text_take_word(&rest, &word))
            if (text_is(word, wanted))
                return setting;
    }
    return option_given(settings, key);
}

static void put_default(struct shown *shown, const char *key)
{
    for (enum section section = SECTION_GLOBAL; section <= SECTION_SERVICE; section++) {
        const struct option *option = option_find(section, key);

        if (option != NULL && option->initial != NULL)
            put_string(shown, option->initial);
    }
}

static void put_setting(struct shown *shown, const struct settings *settings, const char *key,
                        const char *wanted)
{
    const struct setting *given = decisive(settings, key, wanted);

    if (given == NULL) {
        put_default(shown, key);
    } else if (wanted != NULL && strcmp(given->value, wanted) == 0) {
        put_text(shown, text_from(wanted));
    } else {
        for (size_t i = 0; i < settings->count; i++) {
            if (strcmp(option_key(settings->at[i].option), key) != 0)
                continue;
            put_string(shown, shown->length > 0 ? ", " : "");
            put_text(shown, text_from(settings->at[i].value));
        }
    }
}

/* --- the trace --- */

void jwkscore_config_trace(struct jwkscore_config *config,
                           void (*callback)(void *, const struct jwkscore_trace *), void *data)
{
    if (config == NULL)
        return;
    config->trace = callback;
    config->trace_data = data;
}

static enum jwkscore_status tell(const struct jwkscore_config *config, struct jwkscore_trace *trace,
                                 struct text found, const struct settings *settings, const char *key)
{
    char quoted[QUOTED_SIZE];
    struct origin origin;
    struct shown wanted = {.length = 0}, setting = {.length = 0};

    trace->size = sizeof(*trace);
    if (found.bytes != NULL)
        trace->found = error_quote(quoted, found);
    if (settings != NULL && key != NULL) {
        put_setting(&setting, settings, key, trace->wanted);
        trace->origin = place(config, decisive(settings, key, trace->wanted), &origin);
        trace->option = key;
        trace->setting = setting.length > 0 ? setting.text : NULL;
    }
    if (trace->wanted != NULL) {
        put_text(&wanted, text_from(trace->wanted));
        trace->wanted = wanted.text;
    }
    config->trace(config->trace_data, trace);
    return trace->status;
}

enum jwkscore_status config_trace(const struct jwkscore_config *config, const char *rule,
                                  enum jwkscore_status status, const char *wanted, struct text found,
                                  const struct settings *settings, const char *key)
{
    struct jwkscore_trace trace = {.rule = rule, .status = status, .wanted = wanted};

    return config->trace == NULL ? status : tell(config, &trace, found, settings, key);
}

enum jwkscore_status config_trace_claim(const struct jwkscore_config *config, const char *rule,
                                        enum jwkscore_status status, const char *wanted, struct traced claim,
                                        const struct settings *settings, const char *key)
{
    struct jwkscore_trace trace = {.rule = rule, .status = status, .wanted = wanted, .claim = claim.name};
    struct shown value = {.length = 0};
    struct text found = TEXT("");

    if (config->trace == NULL)
        return status;
    if (claim.value != NULL) {
        put_value(&value, claim.value);
        trace.value = value.text;
    }
    return tell(config, &trace, value_text(claim.value, &found) ? found : TEXT(""), settings, key);
}
