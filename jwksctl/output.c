/* SPDX-License-Identifier: Apache-2.0 */
/* output.c: durations in words, aligned tables, JSON strings and labels; strangers' text does no harm in any. */
#include "output.h"

#include "jwksctl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *output_duration(char out[static OUTPUT_DURATION_SIZE], int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    enum { LAST = sizeof(units) / sizeof(units[0]) - 1 };
    size_t unit = 0;
    int64_t rest;

    if (seconds < 0)
        seconds = 0;
    while (unit < LAST && seconds < units[unit].seconds)
        unit++;
    rest = unit < LAST ? seconds % units[unit].seconds / units[unit + 1].seconds : 0;
    if (rest > 0)
        snprintf(out, OUTPUT_DURATION_SIZE, "%" PRId64 " %s %" PRId64 " %s", seconds / units[unit].seconds,
                 units[unit].name, rest, units[unit + 1].name);
    else
        snprintf(out, OUTPUT_DURATION_SIZE, "%" PRId64 " %s", seconds / units[unit].seconds,
                 units[unit].name);
    return out;
}

const char *output_quote(char out[static OUTPUT_QUOTED_SIZE], const char *text)
{
    return jwkscore_quote(out, OUTPUT_QUOTED_SIZE, text, strlen(text));
}

/* --- tables --- */

static bool has_room(struct table *table)
{
    size_t room = table->room > 0 ? 2 * table->room : 64;
    char **cells;

    if (table->count < table->room)
        return true;
    cells = reallocarray(table->cells, room, sizeof(*cells));
    if (cells == NULL)
        return false;
    table->cells = cells;
    table->room = room;
    return true;
}

void table_add(struct table *table, const char *format, ...)
{
    va_list arguments;
    char *cell;

    va_start(arguments, format);
    if (table->failed || !has_room(table) || vasprintf(&cell, format, arguments) < 0)
        table->failed = true;
    else
        table->cells[table->count++] = cell;
    va_end(arguments);
}

static void print_rows(const struct table *table)
{
    int widths[OUTPUT_COLUMNS_MAX] = {0};

    for (size_t i = 0; i < table->count; i++) {
        int length = (int)strlen(table->cells[i]);

        if (length > widths[i % table->columns])
            widths[i % table->columns] = length;
    }
    for (size_t i = 0; i < table->count; i++)
        if ((i + 1) % table->columns == 0)
            printf("%s\n", table->cells[i]);
        else
            printf("%-*s  ", widths[i % table->columns], table->cells[i]);
}

bool table_end(struct table *table)
{
    if (!table->failed)
        print_rows(table);
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    return !table->failed || ctl_complain(false, "no memory");
}

/* --- JSON --- */

/* Reads one character of UTF-8 (RFC 3629); what is none is U+FFFD, a byte at a time. */
static uint32_t next_character(const unsigned char **at)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *from = *at;
    uint32_t character = *(*at)++;
    size_t more = character >= 0xf0 ? 3 : character >= 0xe0 ? 2 : 1;

    if (character < 0x80)
        return character;
    if (character < 0xc2 || character > 0xf4)
        return 0xfffd;
    character &= 0x3fU >> more;
    for (size_t i = 1; i <= more; i++) {
        if ((from[i] & 0xc0) != 0x80)
            return 0xfffd;
        character = character << 6 | (from[i] & 0x3f);
    }
    if (character < least[more] || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
        return 0xfffd;
    *at = from + 1 + more;
    return character;
}

void output_json_string(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    if (text == NULL) {
        fputs("null", stdout);
        return;
    }
    putchar('"');
    while (*at != '\0') {
        uint32_t character = next_character(&at);

        if (character == '"' || character == '\\')
            printf("\\%c", (char)character);
        else if (character >= ' ' && character <= '~')
            putchar((int)character);
        else if (character < 0x10000)
            printf("\\u%04" PRIx32, character);
        else
            printf("\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((character - 0x10000) >> 10),
                   0xdc00 + ((character - 0x10000) & 0x3ff));
    }
    putchar('"');
}

/* --- Prometheus --- */

void output_label(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++)
        if (*text == '\n')
            fputs("\\n", stdout);
        else if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else
            putchar(*text);
    putchar('"');
}
