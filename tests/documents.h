/* SPDX-License-Identifier: Apache-2.0 */
/*
 * documents.h: the files below tests/vectors that others have published, and our tables of what must come of them.
 *
 * Names are relative to that folder, which lies below $top_srcdir.  What cannot be read fails the test.
 */
#ifndef JWKSCORE_TESTS_DOCUMENTS_H
#define JWKSCORE_TESTS_DOCUMENTS_H

#include "support.h"

enum { TABLE_COLUMNS_MAX = 6 };

struct text document_read(const char *name);                 /* as it is, byte for byte */
const char *document_line(const char *name);                 /* of a file that is one line, without its end */
/* How many files there are of that pattern (glob(7)): so that none is silently left out of a table. */
size_t document_count(const char *pattern);

/* Lines of columns with a tab between them; the first one names the columns. */
struct table {
    struct text rest;
    size_t columns;
};
struct row {
    const char *at[TABLE_COLUMNS_MAX];
};
struct table table_open(const char *name, size_t columns);
bool table_next(struct table *, struct row *ret_row);        /* false at the end */

#endif
