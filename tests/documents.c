/* SPDX-License-Identifier: Apache-2.0 */
/* documents.c: reads the files below tests/vectors, and our tables of what must come of them. */
#include "documents.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *path_of(const char *name)
{
    const char *top = getenv("top_srcdir");

    return textf("%s/tests/vectors/%s", top != NULL ? top : ".", name);
}

struct text document_read(const char *name)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "re");
    char piece[4096];
    CLEANUP(buffer_freep) struct buffer bytes = {0};
    size_t got;

    ck_assert_msg(file != NULL, "%s cannot be read: is top_srcdir set?", path);
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
        ck_assert(buffer_append(&bytes, (struct text){piece, got}));
    ck_assert_int_eq(ferror(file), 0);
    fclose(file);
    ck_assert_msg(bytes.length > 0, "%s is empty", path);
    return kept(bytes.bytes, bytes.length);
}

const char *document_line(const char *name)
{
    struct text rest = document_read(name), line;

    ck_assert_msg(text_take_line(&rest, &line) && rest.length == 0, "%s is not one line", name);
    return kept(line.bytes, line.length).bytes;
}

size_t document_count(const char *pattern)
{
    glob_t found;
    size_t count;

    ck_assert_msg(glob(path_of(pattern), 0, NULL, &found) == 0, "no file is called %s", pattern);
    count = found.gl_pathc;
    globfree(&found);
    return count;
}

struct table table_open(const char *name, size_t columns)
{
    struct table table = {document_read(name), columns};
    struct row names;

    ck_assert_uint_le(columns, TABLE_COLUMNS_MAX);
    ck_assert_msg(table_next(&table, &names), "%s has no first line", name);
    return table;
}

bool table_next(struct table *table, struct row *ret_row)
{
    struct text line;

    if (!text_take_line(&table->rest, &line))
        return false;
    for (size_t i = 0; i < table->columns; i++) {
        const char *tab = line.length > 0 ? memchr(line.bytes, '\t', line.length) : NULL;
        size_t length = tab != NULL ? (size_t)(tab - line.bytes) : line.length;

        ck_assert_msg((tab != NULL) == (i + 1 < table->columns), "not %zu columns: %.*s", table->columns,
                      (int)line.length, line.bytes);
        ret_row->at[i] = kept(line.bytes, length).bytes;
        if (tab != NULL)
            line = (struct text){tab + 1, line.length - length - 1};
    }
    return true;
}
