/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login_file.c: login.conf: sections with a login each.  As strict as jwks.conf(5): each line that is not
 * right is named, and one is enough for the whole file to be refused.
 */
#include "login.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_LENGTH = 4096, SECTIONS_MAX = 64 };

struct login_file {
    char path[PATH_MAX];
    unsigned line, problems;
    struct login_options options[SECTIONS_MAX]; /* a name and what the section sets */
    size_t count;
};

static void report(struct login_file *file, const char *what, const char *message)
{
    char shown[300];

    file->problems++;
    (void)client_complain(LOGIN_USAGE, "%s:%u: %s%s%s", file->path, file->line,
                          what == NULL ? "" : jwkscore_quote(shown, sizeof(shown), what, strlen(what)),
                          what == NULL ? "" : " ", message);
}

static void begin_section(struct login_file *file, char *line)
{
    size_t length = strlen(line);

    if (line[length - 1] != ']') {
        report(file, NULL, "a section is [NAME]");
        return;
    }
    line[length - 1] = '\0';
    if (!name_valid(line + 1)) {
        report(file, line + 1, "is no name: letters, digits, _ and -, at most 32");
        return;
    }
    if (login_file_has(file, line + 1))
        report(file, line + 1, "is there twice");
    else if (file->count == SECTIONS_MAX)
        report(file, line + 1, "is one section too many");
    else if ((file->options[file->count].name = strdup(line + 1)) == NULL)
        report(file, line + 1, "has no memory left");
    else
        file->count++;
}

static char *trim(char *text)
{
    size_t length;

    text += strspn(text, " \t");
    for (length = strlen(text); length > 0 && strchr(" \t", text[length - 1]) != NULL; length--)
        text[length - 1] = '\0';
    return text;
}

static void read_line(struct login_file *file, char *line)
{
    char *value, *key;
    const char *wrong;

    line = trim(line);
    if (*line == '\0' || *line == '#' || *line == ';')
        return;
    if (*line == '[') {
        begin_section(file, line);
        return;
    }
    value = line;
    key = trim(strsep(&value, "="));
    if (value == NULL)
        report(file, NULL, "a line is `key = value'");
    else if (file->count == 0)
        report(file, key, "stands before any [NAME]");
    else if ((wrong = options_set(&file->options[file->count - 1], key, trim(value))) != NULL)
        report(file, key, wrong);
}

static void read_lines(struct login_file *file, struct bytes *text)
{
    char *rest = (char *)text->at, *line;

    if (strlen(rest) != text->length) {
        report(file, NULL, "there is a NUL in the file");
        return;
    }
    while ((line = strsep(&rest, "\n")) != NULL) {
        file->line++;
        if (strlen(line) > LINE_MAX_LENGTH)
            report(file, NULL, "is longer than 4096 octets");
        else
            read_line(file, line);
    }
}

/* It names the program that is the browser, and where passwords are typed: who can change it decides. */
static int read_text(const char *path, bool named, struct bytes *text)
{
    if (!named && access(path, F_OK) != 0 && errno == ENOENT)
        return LOGIN_DONE;
    return persons_file_read(path, S_IWGRP | S_IWOTH, LOGIN_USAGE, text);
}

int login_file_read(const char *path, struct login_file **ret_file)
{
    CLEANUP(bytes_wipe) struct bytes text = {0};
    struct login_file *file = calloc(1, sizeof(*file));
    int code = LOGIN_DONE;

    if (file == NULL)
        return client_complain(LOGIN_UNABLE, "out of memory");
    *ret_file = file;
    if (path != NULL)
        snprintf(file->path, sizeof(file->path), "%s", path);
    else
        code = home_path("XDG_CONFIG_HOME", ".config", "login.conf", file->path);
    if (code == LOGIN_DONE)
        code = read_text(file->path, path != NULL, &text);
    if (code == LOGIN_DONE && text.length > 0)
        read_lines(file, &text);
    return file->problems > 0 ? LOGIN_USAGE : code;
}

void login_file_free(struct login_file *file)
{
    for (size_t i = 0; file != NULL && i < file->count; i++)
        options_clear(&file->options[i]);
    free(file);
}

/* --- what is in it --- */

const char *login_file_name(const struct login_file *file, size_t index)
{
    return index < file->count ? file->options[index].name : NULL;
}

static const struct login_options *find(const struct login_file *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->options[i].name, name) == 0)
            return &file->options[i];
    return NULL;
}

bool login_file_has(const struct login_file *file, const char *name)
{
    return find(file, name) != NULL;
}

/* A login that the command line describes needs no section. */
static const char *default_name(const struct login_file *file, const struct login_options *options)
{
    bool described = options->issuer != NULL && options->client_id != NULL;

    return described || file->count == 0 ? "default" : file->count == 1 ? file->options[0].name : NULL;
}

int login_file_choose(const struct login_file *file, struct login_options *options)
{
    const struct login_options *section;

    if (options->name == NULL) {
        const char *name = default_name(file, options);

        if (name == NULL)
            return client_complain(LOGIN_USAGE, "%s has several logins: name one of them", file->path);
        options->name = strdup(name);
        if (options->name == NULL)
            return client_complain(LOGIN_UNABLE, "out of memory");
    }
    section = find(file, options->name);
    return section == NULL ? LOGIN_DONE : options_merge(options, section);
}
