/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_load.c: reads jwks.conf(5), line by line.
 *
 * A line that cannot be understood never ends the reading, so that all of them are reported at once; but one
 * is enough for the configuration to deny everything.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reader {
    struct jwkscore_config *config;
    struct place place; /* the section that keys belong to */
    bool skipping;      /* the section is unknown, so its keys cannot be judged */
    unsigned line, global_line;
};

/* A comment behind a value would become a part of it: a claim or an audience that no token has. */
static bool holds_comment(struct text value)
{
    for (size_t i = 0; i < value.length; i++)
        if (value.bytes[i] == '#' && (i == 0 || value.bytes[i - 1] == ' ' || value.bytes[i - 1] == '\t'))
            return true;
    return false;
}

static enum jwkscore_status read_key(struct reader *reader, struct text line, struct jwkscore_error *error)
{
    CLEANUP(string_freep) char *key = NULL;
    const char *equals = memchr(line.bytes, '=', line.length);
    struct text value;
    size_t length;

    if (equals == NULL)
        return error_set(error, JWKSCORE_E_CONFIG, "neither a comment, nor a [section], nor key = value");
    length = (size_t)(equals - line.bytes);
    value = text_trim((struct text){equals + 1, line.length - length - 1});
    if (text_trim((struct text){line.bytes, length}).length == 0)
        return error_set(error, JWKSCORE_E_CONFIG, "no key before the =");
    if (reader->skipping)
        return JWKSCORE_OK;
    if (reader->place.options == NULL)
        return error_set(error, JWKSCORE_E_CONFIG, "a key outside of all sections");
    if (holds_comment(value))
        return error_set(error, JWKSCORE_E_CONFIG, "a comment needs a line of its own");
    key = text_copy(text_trim((struct text){line.bytes, length}));
    if (key == NULL)
        return error_memory(error);
    return option_set(reader->place.section, reader->place.options, key, value, reader->line, error);
}

/* Where the section's line is kept, 0 until its header was seen. */
static unsigned *section_line(struct reader *reader)
{
    void *options = reader->place.options;

    if (reader->place.section == SECTION_ISSUER)
        return &((struct issuer_options *)options)->line;
    if (reader->place.section == SECTION_SERVICE)
        return &((struct service_options *)options)->line;
    return &reader->global_line;
}

static enum jwkscore_status read_section(struct reader *reader, struct text line,
                                         struct jwkscore_error *error)
{
    char quoted[QUOTED_SIZE];
    enum jwkscore_status status;
    unsigned *first;

    reader->skipping = true;
    if (line.length < 2 || line.bytes[line.length - 1] != ']')
        return error_set(error, JWKSCORE_E_CONFIG, "a section that does not end in ]");
    line = text_trim((struct text){line.bytes + 1, line.length - 2});
    status = config_place(reader->config, line, &reader->place, error);
    if (status != JWKSCORE_OK)
        return status;
    if (reader->place.section == SECTION_PAM)
        return error_set(error, JWKSCORE_E_CONFIG,
                         "unknown section \"pam\": these are arguments of the module");
    reader->skipping = false;
    first = section_line(reader);
    if (*first != 0)
        return error_set(error, JWKSCORE_E_CONFIG, "section [%s] is given again, after line %u",
                         error_quote(quoted, line), *first);
    *first = reader->line;
    return JWKSCORE_OK;
}

static enum jwkscore_status read_line(struct reader *reader, struct text line, struct jwkscore_error *error)
{
    const char *why = option_check_line(line);

    if (line.length > CONFIG_LINE_MAX)
        return error_set(error, JWKSCORE_E_CONFIG, "the line is over %d bytes long", CONFIG_LINE_MAX);
    if (why != NULL)
        return error_set(error, JWKSCORE_E_CONFIG, "the line %s", why);
    line = text_trim(line);
    if (line.length == 0 || line.bytes[0] == '#' || line.bytes[0] == ';')
        return JWKSCORE_OK;
    return line.bytes[0] == '[' ? read_section(reader, line, error) : read_key(reader, line, error);
}

static enum jwkscore_status read_lines(struct jwkscore_config *config, struct text rest,
                                       struct jwkscore_error *error)
{
    struct reader reader = {.config = config};
    struct text line;

    while (text_take_line(&rest, &line)) {
        struct jwkscore_error problem = {.status = JWKSCORE_OK};
        enum jwkscore_status status;

        reader.line++;
        status = read_line(&reader, line, &problem);
        if (status == JWKSCORE_E_MEMORY ||
            (status != JWKSCORE_OK &&
             !config_problem_add(config, &config->problems, reader.line, problem.message)))
            return error_memory(error);
    }
    return config_problems_find(config, &config->problems) ? JWKSCORE_OK : error_memory(error);
}

enum jwkscore_status jwkscore_config_load(struct jwkscore_config *config, const char *path,
                                          struct jwkscore_error *error)
{
    CLEANUP(buffer_freep) struct buffer file = {NULL, 0};
    enum jwkscore_status status;

    config_error_clear(error);
    if (config == NULL || path == NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT, "a configuration and a path are needed");
    if (config->path != NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT, "this configuration has been loaded already");
    config->refused = true;
    config->path = text_copy(text_from(path));
    if (config->path == NULL)
        return error_memory(error);
    status = file_read(path, geteuid(), CONFIG_MAX, &file, &config->file_owner, error);
    if (status == JWKSCORE_OK)
        status = read_lines(config, (struct text){(const char *)file.bytes, file.length}, error);
    if (status == JWKSCORE_OK)
        status = config_problems_error(&config->problems, error);
    config->refused = status != JWKSCORE_OK;
    return status;
}
