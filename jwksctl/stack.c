/* SPDX-License-Identifier: Apache-2.0 */
/* stack.c: reads a service of /etc/pam.d as libpam does (_pam_parse_conf_file() of Linux-PAM 1.5). */
#include "stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const phases[PHASE_COUNT] = {"auth", "account", "password", "session"};

/* One file that is being read; those that include it are above. */
struct reader {
    const char *folder;
    enum stack_phase phase;
    bool is_of_phase; /* included by a line of that phase, and not for all of them */
    struct stack *stack;
    int depth, level;
};

static bool read_file(const struct reader *, const char *name);

/* A word, or what stands in brackets, cut out of the line; "" at its end. */
static char *take_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t"), *end;

    if (*word == '[') {
        end = ++word;
        while (*end != '\0' && *end != ']')
            end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
    } else {
        end = word + strcspn(word, " \t");
    }
    *rest = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return word;
}

/* --- lines --- */

static struct stack_line *add_line(const struct reader *reader, const char *file, unsigned number)
{
    struct stack *stack = reader->stack;
    struct stack_line *line = NULL;
    char *copy = strdup(file);

    if (copy != NULL && stack->count < STACK_LINES_MAX)
        line = reallocarray(stack->at, stack->count + 1, sizeof(*line));
    if (line == NULL) {
        free(copy);
        return NULL;
    }
    stack->at = line;
    line += stack->count++;
    *line = (struct stack_line){.file = copy, .number = number, .level = reader->level};
    return line;
}

static void add_module(const struct reader *reader, const char *control, char *rest, bool is_broken,
                       const char *file, unsigned number)
{
    struct stack_line *line = add_line(reader, file, number);

    if (line == NULL)
        return;
    stack_set_control(control, line);
    line->module = strdup(take_word(&rest));
    line->arguments = strdup(rest);
    line->is_broken = is_broken || line->module == NULL || line->module[0] == '\0';
}

/* Files include others, to a depth of STACK_DEPTH_MAX.  NOLINTBEGIN(misc-no-recursion) */

/* A file that cannot be included makes libpam refuse all. */
static void include(const struct reader *reader, const char *name, bool is_substack, const char *file,
                    unsigned number)
{
    struct reader inner = *reader;
    char nothing[] = "";
    struct stack_line *head = is_substack ? add_line(reader, file, number) : NULL;

    (void)head; /* of actions that all ignore */
    inner.depth++;
    inner.level += is_substack;
    if (reader->stack->count == STACK_LINES_MAX) /* files that include each other */
        return;
    if (inner.depth > STACK_DEPTH_MAX || !read_file(&inner, name))
        add_module(reader, "default=bad", nothing, true, file, number);
}

/* PHASE_COUNT: it is none of them. */
static int phase_of(const char *type)
{
    int phase = 0;

    while (phase < PHASE_COUNT && strcasecmp(type + (type[0] == '-'), phases[phase]) != 0)
        phase++;
    return phase;
}

/* What is no phase stands for the one that is asked for, or for auth, and fails. */
static void read_line(const struct reader *reader, char *text, const char *file, unsigned number)
{
    struct reader inner = *reader;
    const char *type = take_word(&text), *control;
    int phase = phase_of(type);

    if (strcasecmp(type, "@include") == 0) {
        include(reader, take_word(&text), false, file, number);
        return;
    }
    if (phase != (int)reader->phase &&
        (phase != PHASE_COUNT || (!reader->is_of_phase && reader->phase != PHASE_AUTH)))
        return;
    control = take_word(&text);
    inner.is_of_phase = true;
    if (strcasecmp(control, "include") == 0 || strcasecmp(control, "substack") == 0)
        include(&inner, take_word(&text), strcasecmp(control, "substack") == 0, file, number);
    else
        add_module(reader, control, text, phase == PHASE_COUNT, file, number);
}

/* Cuts a comment and white space off; true if a backslash says that the line goes on.  Not in a comment. */
static bool trim(char *text)
{
    size_t length = strcspn(text, "#\n");
    bool has_comment = text[length] == '#';

    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    text[length] = '\0';
    if (has_comment || length == 0 || text[length - 1] != '\\')
        return false;
    text[length - 1] = ' ';
    return true;
}

/* The next line, with those that it goes on in; NULL at the file's end.  `*number` is its last one's. */
static char *take_line(FILE *file, unsigned *number)
{
    char *line = NULL, *more = NULL;
    size_t room = 0, length = 0;
    bool goes_on = true;

    while (goes_on && getline(&more, &room, file) >= 0) {
        bool is_continued = trim(more);
        size_t count = strlen(more);
        char *longer;

        ++*number;
        if (more[strspn(more, " \t")] == '\0' && !is_continued) /* between the others */
            continue;
        longer = realloc(line, length + count + 1);
        if (longer == NULL)
            break;
        line = longer;
        memcpy(line + length, more, count + 1);
        length += count;
        goes_on = is_continued;
    }
    free(more);
    return line;
}

static FILE *open_file(const char *folder, const char *name, char **ret_path)
{
    FILE *file;

    if (asprintf(ret_path, "%s%s%s", name[0] == '/' ? "" : folder, name[0] == '/' ? "" : "/", name) < 0)
        return NULL;
    file = fopen(*ret_path, "re");
    if (file == NULL)
        free(*ret_path);
    return file;
}

static bool read_file(const struct reader *reader, const char *name)
{
    char *path, *line;
    FILE *file = open_file(reader->folder, name, &path);
    unsigned number = 0;

    if (file == NULL)
        return false;
    while ((line = take_line(file, &number)) != NULL) {
        read_line(reader, line, path, number);
        free(line);
    }
    (void)fclose(file);
    free(path);
    return true;
}

/* NOLINTEND(misc-no-recursion) */

bool stack_file_includes(const char *folder, const char *name, const char *other)
{
    char *path, *line;
    FILE *file = open_file(folder, name, &path);
    unsigned number = 0;
    bool found = false;

    while (file != NULL && !found && (line = take_line(file, &number)) != NULL) {
        char *rest = line;
        const char *word = take_word(&rest);

        if (strcasecmp(word, "@include") != 0)
            word = take_word(&rest);
        if (strcasecmp(word, "@include") == 0 || strcasecmp(word, "include") == 0 ||
            strcasecmp(word, "substack") == 0)
            found = strcmp(take_word(&rest), other) == 0;
        free(line);
    }
    if (file == NULL)
        return false;
    (void)fclose(file);
    free(path);
    return found;
}

bool stack_read(const char *folder, const char *service, enum stack_phase phase, struct stack *ret_stack)
{
    const struct reader reader = {.folder = folder, .phase = phase, .stack = ret_stack};

    *ret_stack = (struct stack){NULL, 0};
    return read_file(&reader, service);
}

void stack_free(struct stack *stack)
{
    for (size_t i = 0; i < stack->count; i++) {
        free(stack->at[i].module);
        free(stack->at[i].arguments);
        free(stack->at[i].file);
    }
    free(stack->at);
    *stack = (struct stack){NULL, 0};
}

bool stack_line_is(const struct stack_line *line, const char *module)
{
    const char *slash = line->module == NULL ? NULL : strrchr(line->module, '/');

    return line->module != NULL && strcmp(slash != NULL ? slash + 1 : line->module, module) == 0;
}

bool stack_line_has(const struct stack_line *line, const char *argument)
{
    return line->arguments != NULL && strstr(line->arguments, argument) != NULL;
}
