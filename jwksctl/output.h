/* SPDX-License-Identifier: Apache-2.0 */
/* output.h: what jwksctl prints: durations in words, aligned tables, JSON strings, Prometheus labels. */
#ifndef JWKSCTL_OUTPUT_H
#define JWKSCTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTPUT_DURATION_SIZE = 64, OUTPUT_QUOTED_SIZE = 300, OUTPUT_COLUMNS_MAX = 8 };

/* "3 h 12 min": the two largest units.  Returns `out`. */
const char *output_duration(char out[static OUTPUT_DURATION_SIZE], int64_t seconds);

/* A stranger's text, as jwkscore_quote() has it, without quotes around it.  Returns `out`. */
const char *output_quote(char out[static OUTPUT_QUOTED_SIZE], const char *text);

/* Cells in rows of `columns`; those of the first row are the headings. */
struct table {
    size_t columns, count, room;
    char **cells;
    bool failed; /* no memory for a cell */
};
void table_add(struct table *, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool table_end(struct table *); /* prints and frees; false after a message */

/* To standard output, with the quotes.  What is not ASCII and printable is written as \uXXXX; NULL is null. */
void output_json_string(const char *text);

/* The value of a label, with the quotes (Prometheus text format 0.0.4). */
void output_label(const char *text);

#endif
