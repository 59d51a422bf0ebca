/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.c: JSON as typed values with exact lengths; alone with json-c.
 *
 * json-c only holds the tree.  Its parser is not used: where memory runs out, version 0.16 drops members,
 * shortens strings or crashes, and calls it success; and whoever calls sudo chooses how much memory there is.
 * So what scan.c has checked is put together here, and each allocation is looked at.
 *
 * A struct value is a json_object, but for null, which json-c has no object for.
 */
#include "internal.h"

#include <json-c/json_object.h>
#include <json-c/json_object_iterator.h>
#include <stdlib.h>
#include <string.h>

struct value {
    char unused;
};

static const struct value null_value;

static struct json_object *object_of(const struct value *value)
{
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): json-c takes no const, and this takes it away, no more */
    return value == &null_value ? NULL : (struct json_object *)(uintptr_t)value;
}

static const struct value *value_of(struct json_object *object)
{
    return object == NULL ? &null_value : (const struct value *)object;
}

/* --- building: the text is known to be well-formed, so nothing but memory can be lacking --- */

/*
 * Names and numbers live in the arena, which the root object owns.  As long as the text, it is long enough:
 * quotes make up for a string's NUL, and what follows a number for a number's.
 */
struct builder {
    const char *at, *end;
    char *arena;
};

static bool build_value(struct builder *b, struct json_object **ret_object);

/* Separators are where they belong, so they say no more than white space does. */
static char next_byte(struct builder *b)
{
    while (memchr(" \t\r\n,:", *b->at, 6) != NULL)
        b->at++;
    return *b->at;
}

/* Moves the string at hand into the arena, unescaped and NUL-terminated. */
static struct text take_string(struct builder *b)
{
    const char *from = b->arena, *quote;
    size_t plain;

    b->at++;
    quote = memchr(b->at, '"', (size_t)(b->end - b->at));
    plain = (size_t)(quote - b->at);
    if (memchr(b->at, '\\', plain) == NULL) {
        memcpy(b->arena, b->at, plain);
        b->arena += plain;
        b->at = quote;
    }
    while (*b->at != '"')
        if (*b->at == '\\')
            b->arena += jsonstring_encode(jsonstring_character(&b->at, b->end), b->arena);
        else
            *b->arena++ = *b->at++;
    b->at++;
    *b->arena++ = '\0';
    return (struct text){from, (size_t)(b->arena - 1 - from)};
}

static bool build_string(struct builder *b, struct json_object **ret_object)
{
    struct text string = take_string(b);

    *ret_object = json_object_new_string_len(string.bytes, (int)string.length);
    return *ret_object != NULL;
}

/* Keeps the digits as they are: no double and no locale ever sees them. */
static bool build_number(struct builder *b, struct json_object **ret_object)
{
    char *digits = b->arena;

    while (memchr("+-.0123456789Ee", *b->at, 15) != NULL)
        *b->arena++ = *b->at++;
    *b->arena++ = '\0';
    *ret_object = json_object_new_double(0);
    if (*ret_object == NULL)
        return false;
    json_object_set_userdata(*ret_object, digits, NULL);
    return true;
}

static bool build_boolean(struct builder *b, struct json_object **ret_object)
{
    bool boolean = *b->at == 't';

    b->at += boolean ? sizeof("true") - 1 : sizeof("false") - 1;
    *ret_object = json_object_new_boolean(boolean);
    return *ret_object != NULL;
}

static bool add(struct json_object *container, const char *name, struct json_object *item)
{
    if (name == NULL)
        return json_object_array_add(container, item) == 0;
    return json_object_object_add_ex(container, name, item,
                                     JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT) == 0;
}

/* The three call each other as deep as scan.c allows: 32 levels. NOLINTBEGIN(misc-no-recursion) */
static bool fill(struct builder *b, struct json_object *container, bool array)
{
    for (b->at++; next_byte(b) != (array ? ']' : '}');) {
        const char *name = array ? NULL : take_string(b).bytes;
        struct json_object *item;
        if (!build_value(b, &item))
            return false;
        if (!add(container, name, item)) {
            json_object_put(item);
            return false;
        }
    }
    b->at++;
    return true;
}

static bool build_container(struct builder *b, bool array, struct json_object **ret_object)
{
    struct json_object *container = array ? json_object_new_array() : json_object_new_object();

    if (container == NULL)
        return false;
    if (!fill(b, container, array)) {
        json_object_put(container);
        return false;
    }
    *ret_object = container;
    return true;
}

static bool build_value(struct builder *b, struct json_object **ret_object)
{
    switch (next_byte(b)) {
    case '{':
        return build_container(b, false, ret_object);
    case '[':
        return build_container(b, true, ret_object);
    case '"':
        return build_string(b, ret_object);
    case 't':
    case 'f':
        return build_boolean(b, ret_object);
    case 'n':
        b->at += sizeof("null") - 1;
        *ret_object = NULL;
        return true;
    default:
        return build_number(b, ret_object);
    }
}
/* NOLINTEND(misc-no-recursion) */

static void free_arena(struct json_object *object, void *arena)
{
    (void)object;
    free(arena);
}

struct value *value_build(struct text object)
{
    char *arena = malloc(object.length);
    struct json_object *root;

    if (arena == NULL)
        return NULL;
    if (!build_value(&(struct builder){object.bytes, object.bytes + object.length, arena}, &root)) {
        free(arena);
        return NULL;
    }
    json_object_set_userdata(root, arena, free_arena);
    return (struct value *)root;
}

enum jwkscore_status value_parse(struct text text, struct value **ret_value, struct jwkscore_error *error)
{
    enum jwkscore_status status = scan_object(text, error);
    struct value *value;

    if (status != JWKSCORE_OK)
        return status;
    value = value_build(text);
    if (value == NULL)
        return error_memory(error);
    *ret_value = value;
    return JWKSCORE_OK;
}

void value_free(struct value *value)
{
    json_object_put(object_of(value));
}

void value_freep(struct value **value)
{
    value_free(*value);
    *value = NULL;
}

/* --- reading --- */

enum value_type value_type(const struct value *value)
{
    /* json_type_int is never built. */
    static const enum value_type types[] = {
        [json_type_null] = VALUE_NULL,     [json_type_boolean] = VALUE_BOOLEAN,
        [json_type_double] = VALUE_NUMBER, [json_type_string] = VALUE_STRING,
        [json_type_array] = VALUE_ARRAY,   [json_type_object] = VALUE_OBJECT,
    };

    return value == NULL ? VALUE_ABSENT : types[json_object_get_type(object_of(value))];
}

const char *value_type_name(enum value_type type)
{
    static const char *const names[] = {
        [VALUE_ABSENT] = "absent",    [VALUE_NULL] = "null",       [VALUE_BOOLEAN] = "a boolean",
        [VALUE_NUMBER] = "a number",  [VALUE_STRING] = "a string", [VALUE_ARRAY] = "an array",
        [VALUE_OBJECT] = "an object",
    };

    return (size_t)type < ARRAY_LENGTH(names) ? names[type] : "unknown";
}

const struct value *value_member(const struct value *object, const char *name)
{
    struct json_object *member;

    if (value_type(object) != VALUE_OBJECT || !json_object_object_get_ex(object_of(object), name, &member))
        return NULL;
    return value_of(member);
}

bool value_next_member(const struct value *object, void **cursor, struct text *ret_name,
                       const struct value **ret_value)
{
    struct json_object_iterator at, end;

    if (value_type(object) != VALUE_OBJECT)
        return false;
    at = json_object_iter_begin(object_of(object));
    end = json_object_iter_end(object_of(object));
    if (*cursor != NULL) {
        at.opaque_ = *cursor;
        json_object_iter_next(&at);
    }
    if (json_object_iter_equal(&at, &end))
        return false;
    *cursor = (void *)(uintptr_t)at.opaque_; /* NOLINT(performance-no-int-to-ptr): as in object_of */
    *ret_name = text_from(json_object_iter_peek_name(&at));
    *ret_value = value_of(json_object_iter_peek_value(&at));
    return true;
}

size_t value_count(const struct value *array)
{
    return value_type(array) == VALUE_ARRAY ? json_object_array_length(object_of(array)) : 0;
}

const struct value *value_at(const struct value *array, size_t index)
{
    return index < value_count(array) ? value_of(json_object_array_get_idx(object_of(array), index)) : NULL;
}

bool value_text(const struct value *value, struct text *ret_text)
{
    struct json_object *string;

    if (value_type(value) != VALUE_STRING)
        return false;
    string = object_of(value);
    *ret_text = (struct text){json_object_get_string(string), (size_t)json_object_get_string_len(string)};
    return true;
}

bool value_is(const struct value *value, const char *string)
{
    struct text text;

    return value_text(value, &text) && text_is(text, string);
}

bool value_boolean(const struct value *value, bool *ret_boolean)
{
    if (value_type(value) != VALUE_BOOLEAN)
        return false;
    *ret_boolean = json_object_get_boolean(object_of(value));
    return true;
}

bool value_digits(const struct value *value, struct text *ret_digits)
{
    if (value_type(value) != VALUE_NUMBER)
        return false;
    *ret_digits = text_from(json_object_get_userdata(object_of(value)));
    return true;
}

bool value_integer(const struct value *value, int64_t *ret_floor, bool *ret_fraction)
{
    struct text digits;

    return value_digits(value, &digits) && jsonnumber_floor(digits, ret_floor, ret_fraction);
}

bool value_member_text(const struct value *object, const char *name, struct text *ret_text)
{
    return value_text(value_member(object, name), ret_text);
}

bool value_member_integer(const struct value *object, const char *name, int64_t least, int64_t most,
                          int64_t *ret_number)
{
    int64_t number;
    bool fraction;

    if (!value_integer(value_member(object, name), &number, &fraction) || fraction || number < least ||
        number > most)
        return false;
    *ret_number = number;
    return true;
}
