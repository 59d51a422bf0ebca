/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vectorfile.h: walks the files of tests/vectors/wycheproof, each test once.
 *
 * Read by json-c itself, not by value.c: what judges the library does not depend on it.  (And one file has more
 * members than a key set or a token may.)
 */
#ifndef JWKSCORE_TESTS_VECTORFILE_H
#define JWKSCORE_TESTS_VECTORFILE_H

#include "support.h"

struct json_object;

struct vectors {
    const char *file;
    struct json_object *document;
    size_t group, test;                  /* the next one */
};
struct vector {
    const char *name;                    /* file, tcId and comment, for messages */
    int id;
    const char *label;                   /* "valid", "invalid", "acceptable" */
    const struct json_object *group, *test;
    bool first;                          /* of its group */
};

void vectors_open(const char *file, struct vectors *ret_vectors);
/* False at the end.  What it gives lives as long as `vectors` is open. */
bool vectors_next(struct vectors *, struct vector *ret_vector);
void vectors_close(struct vectors *);

/* A member: a string as it is, anything else as JSON text. */
bool member_has(const struct json_object *, const char *name);
struct text member_text(const struct json_object *, const char *name);
const struct json_object *member_object(const struct json_object *, const char *name);

#endif
