/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.c: is this exactly one JSON object (RFC 8259) that every parser reads alike?
 *
 * Refused beyond the grammar is what parsers read differently: members that are there twice, \u0000, lone
 * surrogates, integers over 19 digits, numbers beyond a double, and depth or members without end.  One pass
 * over the text, no recursion, and memory only where objects are large.  Errors name a place, but
 * never the text there.
 */
#include "internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_SMALL = 64,   /* names on the stack; no token or key set seen has more in open objects */
    NAMES_IN_PAIRS = 16 /* as many are compared with each other; more are sorted */
};

struct name {
    const char *bytes;  /* between the quotes */
    size_t raw, length; /* octets there, and once unescaped: the same where nothing is escaped */
};

struct level {
    bool object;
    size_t first_name;
};

/* What may come next. */
enum expected { MEMBER_OR_END, MEMBER, ELEMENT_OR_END, VALUE, AFTER_VALUE };

struct scanner {
    const char *start, *at, *end;
    enum expected expected;
    struct level levels[JSON_DEPTH_MAX];
    size_t depth, members;
    struct name small[NAMES_SMALL];
    struct name *names; /* of all open objects, inner ones behind; small, or JSON_MEMBERS_MAX of them */
    size_t name_count;
    struct jwkscore_error *error;
};

static enum jwkscore_status refuse(struct scanner *s, const char *at, const char *what)
{
    return error_set(s->error, JWKSCORE_E_MALFORMED, "JSON: %s at byte %zu", what, (size_t)(at - s->start));
}

static void skip_space(struct scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
}

/* --- members that are there twice --- */

/*
 * Names of one unescaped length.  The order of UTF-8 is that of its characters, so this is the order of
 * memcmp on the unescaped names.
 */
static int compare_characters(const struct name *a, const struct name *b)
{
    const char *a_at = a->bytes, *b_at = b->bytes;

    while (a_at < a->bytes + a->raw) {
        uint32_t left = jsonstring_character(&a_at, a->bytes + a->raw);
        uint32_t right = jsonstring_character(&b_at, b->bytes + b->raw);
        if (left != right)
            return left < right ? -1 : 1;
    }
    return 0;
}

static int compare_names(const void *left, const void *right)
{
    const struct name *a = left, *b = right;

    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    if (a->raw == a->length && b->raw == b->length)
        return memcmp(a->bytes, b->bytes, a->length);
    return compare_characters(a, b);
}

static const struct name *find_among_few(const struct name *names, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            if (compare_names(&names[i], &names[j]) == 0)
                return &names[i];
    }
    return NULL;
}

static const struct name *find_among_many(struct name *names, size_t count)
{
    qsort(names, count, sizeof(names[0]), compare_names);
    for (size_t i = 1; i < count; i++)
        if (compare_names(&names[i - 1], &names[i]) == 0)
            return names[i].bytes > names[i - 1].bytes ? &names[i] : &names[i - 1];
    return NULL;
}

/* Once an object is closed: no name twice, whatever its spelling. */
static enum jwkscore_status check_names(struct scanner *s, size_t first)
{
    struct name *names = s->names + first;
    size_t count = s->name_count - first;
    const struct name *twice =
        count <= NAMES_IN_PAIRS ? find_among_few(names, count) : find_among_many(names, count);

    s->name_count = first;
    return twice == NULL ? JWKSCORE_OK : refuse(s, twice->bytes - 1, "duplicate member");
}

static enum jwkscore_status keep_name(struct scanner *s, struct name name)
{
    if (++s->members > JSON_MEMBERS_MAX)
        return refuse(s, name.bytes - 1, "more than 4096 members");
    if (s->name_count == NAMES_SMALL && s->names == s->small) {
        s->names = malloc(JSON_MEMBERS_MAX * sizeof(s->names[0]));
        if (s->names == NULL)
            return error_memory(s->error);
        memcpy(s->names, s->small, sizeof(s->small));
    }
    s->names[s->name_count++] = name;
    return JWKSCORE_OK;
}

static void free_names(struct scanner *s)
{
    if (s->names != s->small)
        free(s->names);
}

/* --- values, arrays, objects: RFC 8259 sections 3 to 5 --- */

static enum jwkscore_status open_level(struct scanner *s)
{
    bool object = *s->at == '{';

    if (s->depth == JSON_DEPTH_MAX)
        return refuse(s, s->at, "more than 32 levels");
    s->levels[s->depth++] = (struct level){object, s->name_count};
    s->expected = object ? MEMBER_OR_END : ELEMENT_OR_END;
    s->at++;
    return JWKSCORE_OK;
}

static enum jwkscore_status close_level(struct scanner *s)
{
    const struct level *closed = &s->levels[--s->depth];

    s->expected = AFTER_VALUE;
    s->at++;
    return closed->object ? check_names(s, closed->first_name) : JWKSCORE_OK;
}

static enum jwkscore_status take_literal(struct scanner *s)
{
    static const struct text literals[] = {TEXT("true"), TEXT("false"), TEXT("null")};

    for (size_t i = 0; i < ARRAY_LENGTH(literals); i++) {
        size_t length = literals[i].length;
        if (length <= (size_t)(s->end - s->at) && memcmp(s->at, literals[i].bytes, length) == 0) {
            s->at += length;
            return JWKSCORE_OK;
        }
    }
    return refuse(s, s->at, "no value");
}

/* From its opening quote to behind its closing one. */
static enum jwkscore_status take_string(struct scanner *s, struct name *ret_name)
{
    const char *wrong, *from = ++s->at;
    size_t length;

    wrong = jsonstring_scan(&s->at, s->end, &length);
    if (wrong != NULL)
        return refuse(s, s->at, wrong);
    *ret_name = (struct name){from, (size_t)(s->at - from), length};
    s->at++;
    return JWKSCORE_OK;
}

static enum jwkscore_status take_number(struct scanner *s)
{
    const char *from = s->at, *wrong = jsonnumber_scan(&s->at, s->end);

    return wrong == NULL ? JWKSCORE_OK : refuse(s, from, wrong);
}

static enum jwkscore_status take_value(struct scanner *s)
{
    struct name ignored;

    s->expected = AFTER_VALUE;
    switch (*s->at) {
    case '{':
    case '[':
        return open_level(s);
    case '"':
        return take_string(s, &ignored);
    default:
        return memchr("-0123456789", *s->at, 11) != NULL ? take_number(s) : take_literal(s);
    }
}

static enum jwkscore_status take_member(struct scanner *s)
{
    struct name name = {0};
    enum jwkscore_status status;

    if (*s->at != '"')
        return refuse(s, s->at, "no member name");
    status = take_string(s, &name);
    if (status != JWKSCORE_OK)
        return status;
    skip_space(s);
    if (s->at == s->end || *s->at != ':')
        return refuse(s, s->at, "no colon");
    s->at++;
    s->expected = VALUE;
    return keep_name(s, name);
}

static enum jwkscore_status take_separator(struct scanner *s)
{
    bool object = s->levels[s->depth - 1].object;

    if (*s->at == (object ? '}' : ']'))
        return close_level(s);
    if (*s->at != ',')
        return refuse(s, s->at, "no comma");
    s->at++;
    s->expected = object ? MEMBER : VALUE;
    return JWKSCORE_OK;
}

static enum jwkscore_status take_next(struct scanner *s)
{
    switch (s->expected) {
    case MEMBER_OR_END:
        return *s->at == '}' ? close_level(s) : take_member(s);
    case MEMBER:
        return take_member(s);
    case ELEMENT_OR_END:
        return *s->at == ']' ? close_level(s) : take_value(s);
    case VALUE:
        return take_value(s);
    case AFTER_VALUE:
    default:
        return take_separator(s);
    }
}

enum jwkscore_status scan_object(struct text document, struct jwkscore_error *error)
{
    struct scanner s CLEANUP(free_names);
    enum jwkscore_status status;

    if (document.length > INT_MAX) /* json-c's lengths are int, and not only its own */
        return error_set(error, JWKSCORE_E_MALFORMED, "JSON: too long");
    s.start = s.at = document.bytes;
    s.end = document.length == 0 ? document.bytes : document.bytes + document.length;
    s.depth = s.members = s.name_count = 0;
    s.names = s.small;
    s.error = error;
    skip_space(&s);
    if (s.at == s.end || *s.at != '{')
        return refuse(&s, s.at, "no object");
    for (status = open_level(&s); status == JWKSCORE_OK && s.depth > 0; status = take_next(&s)) {
        skip_space(&s);
        if (s.at == s.end)
            return refuse(&s, s.at, "end of text");
    }
    if (status != JWKSCORE_OK)
        return status;
    skip_space(&s);
    return s.at == s.end ? JWKSCORE_OK : refuse(&s, s.at, "more text after the object");
}
