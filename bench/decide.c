/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.c: what a decision costs inside a process that does nothing else, in ways that take turns.
 *
 *     decide ROUNDS ROOM WAYS NAME/WAY...
 *
 * A NAME is one of bench/fixtures.py, whose files lie in ROOM; WAYS is the folder of the shared objects.  A
 * line each: NAME/WAY and the median in microseconds, or nothing where that way does not verify that token.
 * With no rounds each runs a last time inside counted().
 */
#include "measure.h"
#include "way.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>

enum { CALLS = 10, PATH_SIZE = 1024 };

struct row {
    struct given given;
    const struct way *way;
    void *prepared;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "decide: %s\n", what);
    exit(1);
}

static __attribute__((format(printf, 1, 2))) char *path_of(const char *format, ...)
{
    char *path = malloc(PATH_SIZE);
    va_list arguments;

    va_start(arguments, format);
    if (path == NULL || vsnprintf(path, PATH_SIZE, format, arguments) >= PATH_SIZE)
        die("a path that is too long");
    va_end(arguments);
    return path;
}

static char *contents(char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    if (file == NULL || getdelim(&text, &size, '\0', file) < 0)
        die(path);
    fclose(file);
    free(path);
    return text;
}

/* "RS256/cjose": what that way is given. */
static struct row row_of(const char *room, const char *ways, const char *what)
{
    int length = (int)strcspn(what, "/");
    char *path = path_of("%s/way_%s.so", ways, what + length + 1);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    struct row row;

    if (object == NULL)
        die(dlerror());
    row.given = (struct given){.token = contents(path_of("%s/%.*s.token", room, length, what)),
                               .set = contents(path_of("%s/%.*s.jwks", room, length, what)),
                               .conf = path_of("%s/%.*s.conf", room, length, what),
                               .key = path_of("%s/%.*s.pem", room, length, what),
                               .signature = path_of("%s/%.*s.sig", room, length, what)};
    row.way = dlsym(object, "way");
    row.prepared = row.way->prepare != NULL ? row.way->prepare(&row.given) : NULL;
    free(path);
    return row;
}

static void run(void *data)
{
    struct row *row = data;

    if (!row->way->decide(&row->given, row->prepared))
        die("a token that was verified before is not any more");
}

int main(int argc, char **argv)
{
    static struct row rows[TURNS_MAX];
    static struct turn turns[TURNS_MAX];
    int count = 0;

    if (argc < 5 || argc - 4 > TURNS_MAX) {
        fprintf(stderr, "usage: decide ROUNDS ROOM WAYS NAME/WAY...\n");
        return 64;
    }
    for (int i = 4; i < argc; i++) {
        rows[count] = row_of(argv[2], argv[3], argv[i]);
        turns[count] = (struct turn){.name = argv[i], .run = run, .data = &rows[count]};
        if (rows[count].way->decide(&rows[count].given, rows[count].prepared))
            count++;
    }
    take_turns(turns, count, rounds_of(argv[1]), CALLS);
    return count > 0 ? 0 : 1;
}
