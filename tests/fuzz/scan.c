/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.c: the JSON that we accept is what json-c's own parser accepts, with the same members, lengths and values.
 *
 * Numbers are compared with a long double of the text, which holds every int64_t exactly.
 */
#include "fuzz.h"
#include "internal.h"

#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void compare(const struct value *, struct json_object *);

static void compare_number(const struct value *ours, struct json_object *theirs)
{
    long double number = strtold(json_object_get_string(theirs), NULL);
    long double slack = fabsl(number) * 1e-18L + 1e-18L;
    int64_t floor = 0;
    bool fraction = false;

    if (!value_integer(ours, &floor, &fraction)) {
        must(number < -9.2233720368547758e18L || number > 9.2233720368547758e18L);
        return;
    }
    must((long double)floor <= number + slack && number <= (long double)floor + (fraction ? 1 : 0) + slack);
    if (json_object_is_type(theirs, json_type_int))
        must(!fraction && json_object_get_int64(theirs) == floor);
}

static void compare_array(const struct value *ours, struct json_object *theirs)
{
    must(value_count(ours) == json_object_array_length(theirs));
    for (size_t i = 0; i < value_count(ours); i++)
        compare(value_at(ours, i), json_object_array_get_idx(theirs, i));
}

static void compare_object(const struct value *ours, struct json_object *theirs)
{
    const struct value *member;
    struct json_object *its;
    struct text name;
    void *cursor = NULL;
    int count = 0;

    while (value_next_member(ours, &cursor, &name, &member)) {
        must(json_object_object_get_ex(theirs, name.bytes, &its));
        must(value_member(ours, name.bytes) == member);
        compare(member, its);
        count++;
    }
    must(count == json_object_object_length(theirs));
}

static void compare(const struct value *ours, struct json_object *theirs)
{
    struct text text;
    bool boolean;

    switch (json_object_get_type(theirs)) {
    case json_type_null:
        must(value_type(ours) == VALUE_NULL);
        break;
    case json_type_boolean:
        must(value_boolean(ours, &boolean) && boolean == (json_object_get_boolean(theirs) != 0));
        break;
    case json_type_int:
    case json_type_double:
        must(value_type(ours) == VALUE_NUMBER);
        compare_number(ours, theirs);
        break;
    case json_type_string:
        must(value_text(ours, &text) && text.length == (size_t)json_object_get_string_len(theirs) &&
             memcmp(text.bytes, json_object_get_string(theirs), text.length) == 0);
        break;
    case json_type_array:
        must(value_type(ours) == VALUE_ARRAY);
        compare_array(ours, theirs);
        break;
    case json_type_object:
        must(value_type(ours) == VALUE_OBJECT);
        compare_object(ours, theirs);
        break;
    }
}

/*
 * json-c 0.16 takes what it has just put together, U+nD800 to U+nDFFF, for half of a pair, and makes U+FFFD of it.  Where
 * such a character is escaped there is nothing to compare with.
 */
static bool has_unlucky_pair(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 6 <= size; i++) {
        char digits[5] = "";

        memcpy(digits, data + i + 2, 4);
        if (data[i] == '\\' && data[i + 1] == 'u' && (strtoul(digits, NULL, 16) & 0xfc3e) == 0xd836)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    struct value *ours = NULL;
    struct json_object *theirs;
    struct json_tokener *tokener;

    if (value_parse((struct text){(const char *)data, size}, &ours, &error) != JWKSCORE_OK) {
        must(fuzz_is_printable(error.message, strlen(error.message)) && error.status != JWKSCORE_OK);
        return 0;
    }
    tokener = json_tokener_new_ex(2 * JSON_DEPTH_MAX);
    must(tokener != NULL);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    theirs = json_tokener_parse_ex(tokener, (const char *)data, (int)size);
    must(theirs != NULL && json_tokener_get_error(tokener) == json_tokener_success);
    if (!has_unlucky_pair(data, size))
        compare(ours, theirs);
    json_object_put(theirs);
    json_tokener_free(tokener);
    value_free(ours);
    return 0;
}
