/* SPDX-License-Identifier: Apache-2.0 */
/* check_value.c: what scan.c let pass is read as it was written, by its type, and by nothing else. */
#include "support.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parses a copy that ends where its memory ends, and is gone afterwards: values must not need it. */
static struct value *parse(struct text document)
{
    char *copy = malloc(document.length);
    struct value *value = NULL;

    memcpy(copy, document.bytes, document.length);
    ck_assert_int_eq(value_parse((struct text){copy, document.length}, &value, NULL), JWKSCORE_OK);
    memset(copy, '#', document.length);
    free(copy);
    return value;
}

static const char all_types[] =
    " { \"null\" : null , "
    "\"true\":true,\"false\":false,\"number\":1,\"string\":\"s\",\"array\":[1,null,\"x\",[]],"
    "\"object\":{\"a\":1}, \"empty\":{} } ";

START_TEST(types)
{
    static const struct {
        const char *name;
        enum value_type type;
        const char *type_name;
    } cases[] = {
        {"none", VALUE_ABSENT, "absent"},     {"null", VALUE_NULL, "null"},
        {"true", VALUE_BOOLEAN, "a boolean"}, {"false", VALUE_BOOLEAN, "a boolean"},
        {"number", VALUE_NUMBER, "a number"}, {"string", VALUE_STRING, "a string"},
        {"array", VALUE_ARRAY, "an array"},   {"object", VALUE_OBJECT, "an object"},
        {"empty", VALUE_OBJECT, "an object"}, {"NULL", VALUE_ABSENT, "absent"},
    };
    struct value *value CLEANUP(value_freep) = parse(text_from(all_types));

    ck_assert_int_eq(value_type(value), VALUE_OBJECT);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        ck_assert_int_eq(value_type(value_member(value, cases[i].name)), cases[i].type);
        ck_assert_str_eq(value_type_name(cases[i].type), cases[i].type_name);
    }
    ck_assert_str_eq(value_type_name((enum value_type)99), "unknown");
}
END_TEST

/* Each getter takes its own type alone, and leaves what it was to fill as it was. */
START_TEST(getters_take_their_own_type)
{
    static const char *const names[] = {"none",   "null",   "true",  "false",
                                        "number", "string", "array", "object"};
    struct value *value CLEANUP(value_freep) = parse(text_from(all_types));

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const struct value *member = value_member(value, names[i]);
        struct text text = TEXT("poison"), name = TEXT("poison");
        const struct value *child = value;
        void *cursor = NULL;
        bool boolean = true, fraction = true;
        int64_t number = -77;
        ck_assert_int_eq(value_text(member, &text), value_type(member) == VALUE_STRING);
        ck_assert(text_is(text, value_type(member) == VALUE_STRING ? "s" : "poison"));
        ck_assert_int_eq(value_is(member, "s"), value_type(member) == VALUE_STRING);
        ck_assert_int_eq(value_boolean(member, &boolean), value_type(member) == VALUE_BOOLEAN);
        ck_assert_int_eq(boolean, strcmp(names[i], "false") != 0);
        ck_assert_int_eq(value_integer(member, &number, &fraction), value_type(member) == VALUE_NUMBER);
        ck_assert_int_eq(number, value_type(member) == VALUE_NUMBER ? 1 : -77);
        ck_assert_int_eq(fraction, value_type(member) != VALUE_NUMBER);
        ck_assert_uint_eq(value_count(member), value_type(member) == VALUE_ARRAY ? 4 : 0);
        ck_assert_int_eq(value_at(member, 0) != NULL, value_type(member) == VALUE_ARRAY);
        ck_assert_int_eq(value_member(member, "a") != NULL, value_type(member) == VALUE_OBJECT);
        ck_assert_int_eq(value_next_member(member, &cursor, &name, &child),
                         value_type(member) == VALUE_OBJECT);
        ck_assert(text_is(name, value_type(member) == VALUE_OBJECT ? "a" : "poison"));
        ck_assert_int_eq(child != value, value_type(member) == VALUE_OBJECT);
    }
}
END_TEST

START_TEST(arrays)
{
    struct value *value CLEANUP(value_freep) = parse(text_from(all_types));
    const struct value *array = value_member(value, "array");

    ck_assert_int_eq(value_type(value_at(array, 0)), VALUE_NUMBER);
    ck_assert_int_eq(value_type(value_at(array, 1)), VALUE_NULL);
    ck_assert(value_is(value_at(array, 2), "x"));
    ck_assert_int_eq(value_type(value_at(array, 3)), VALUE_ARRAY);
    ck_assert_uint_eq(value_count(value_at(array, 3)), 0);
    ck_assert_ptr_null(value_at(array, 4));
    ck_assert_ptr_null(value_at(array, SIZE_MAX));
    ck_assert_ptr_null(value_at(value_at(array, 3), 0));
    ck_assert_ptr_null(value_at(NULL, 0));
}
END_TEST

START_TEST(members_in_order)
{
    static const char *const names[] = {"null",   "true",  "false",  "number",
                                        "string", "array", "object", "empty"};
    struct value *value CLEANUP(value_freep) = parse(text_from(all_types));
    const struct value *member;
    struct text name;
    void *cursor = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        ck_assert(value_next_member(value, &cursor, &name, &member));
        ck_assert(text_is(name, names[i]));
        ck_assert_ptr_eq(member, value_member(value, names[i]));
    }
    ck_assert(!value_next_member(value, &cursor, &name, &member));
    ck_assert(!value_next_member(value, &cursor, &name, &member));
    ck_assert(text_is(name, "empty"));
    cursor = NULL;
    ck_assert(!value_next_member(value_member(value, "empty"), &cursor, &name, &member));
    ck_assert(!value_next_member(NULL, &cursor, &name, &member));
}
END_TEST

START_TEST(names_are_exact)
{
    struct value *value CLEANUP(value_freep) =
        parse(TEXT("{\"exp\":1,\"EXP\":2,\"exp \":3,"
                   "\"\":4,\"\\u0065xq\":5,\"\\u20ac\":6,\"a\\\"b\":7,\"e\":{\"exp\":8}}"));
    static const struct {
        const char *name;
        int64_t number;
    } cases[] = {{"exp", 1},  {"EXP", 2}, {"exp ", 3}, {"", 4},     {"exq", 5},    {"\xe2\x82\xac", 6},
                 {"a\"b", 7}, {"Exp", 0}, {"ex", 0},   {"expp", 0}, {"\\u20ac", 0}};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t number = 0;
        ck_assert_int_eq(value_member_integer(value, cases[i].name, 1, 9, &number), cases[i].number != 0);
        ck_assert_int_eq(number, cases[i].number);
    }
}
END_TEST

START_TEST(strings_are_exact)
{
    struct value *value CLEANUP(value_freep) = parse(TEXT(
        "{\"a\":\"\",\"b\":\"\\u00e4\\ud83d\\ude00\\n\",\"c\":\"\xc3\xa4\\\"\\\\\\/\",\"d\":\"plain\"}"));
    struct text text = TEXT("poison");

    ck_assert(value_member_text(value, "a", &text));
    ck_assert_uint_eq(text.length, 0);
    ck_assert(value_member_text(value, "b", &text));
    ck_assert(text_is(text, "\xc3\xa4\xf0\x9f\x98\x80\n"));
    ck_assert(value_member_text(value, "c", &text));
    ck_assert(text_is(text, "\xc3\xa4\"\\/"));
    ck_assert(value_member_text(value, "d", &text));
    ck_assert(!value_member_text(value, "e", &text));
    ck_assert(!value_member_text(NULL, "d", &text));
    ck_assert(text_is(text, "plain"));
    ck_assert(value_is(value_member(value, "d"), "plain"));
    ck_assert(!value_is(value_member(value, "d"), "plai"));
    ck_assert(!value_is(value_member(value, "d"), "plain "));
    ck_assert(!value_is(value_member(value, "d"), "Plain"));
}
END_TEST

START_TEST(booleans)
{
    struct value *value CLEANUP(value_freep) = parse(TEXT("{\"t\":true,\"f\":false,\"s\":\"true\",\"n\":1}"));
    bool boolean = false;

    ck_assert(value_boolean(value_member(value, "t"), &boolean) && boolean);
    ck_assert(value_boolean(value_member(value, "f"), &boolean) && !boolean);
    ck_assert(!value_boolean(value_member(value, "s"), &boolean));
    ck_assert(!value_boolean(value_member(value, "n"), &boolean));
}
END_TEST

/* check_jsonnumber.c has the whole table. */
START_TEST(integers)
{
    static const struct {
        const char *number;
        bool fits;
        int64_t floor;
        bool fraction;
    } cases[] = {
        {"1795226914", true, 1795226914, false},
        {"1.5", true, 1, true},
        {"-1.5", true, -2, true},
        {"1e3", true, 1000, false},
        {"1.0", true, 1, false},
        {"9223372036854775807", true, INT64_MAX, false},
        {"9223372036854775808", false, 0, false},
        {"-9223372036854775808", true, INT64_MIN, false},
        {"-9223372036854775809", false, 0, false},
        {"1e308", false, 0, false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char document[64];
        struct value *value CLEANUP(value_freep) = NULL;
        int64_t number = -77;
        bool fraction = false;
        snprintf(document, sizeof(document), "{\"a\":%s}", cases[i].number);
        value = parse(text_from(document));
        ck_assert_int_eq(value_integer(value_member(value, "a"), &number, &fraction), cases[i].fits);
        ck_assert_int_eq(number, cases[i].fits ? cases[i].floor : -77);
        ck_assert_int_eq(fraction, cases[i].fraction);
    }
}
END_TEST

START_TEST(integers_within_limits)
{
    struct value *value CLEANUP(value_freep) = parse(TEXT(
        "{\"n\":5,\"e\":0.5e1,\"f\":5.5,\"s\":\"5\",\"b\":true,\"z\":null,\"big\":9223372036854775808}"));
    int64_t number = -77;

    ck_assert(value_member_integer(value, "n", 5, 5, &number));
    ck_assert_int_eq(number, 5);
    ck_assert(value_member_integer(value, "e", INT64_MIN, INT64_MAX, &number));
    ck_assert_int_eq(number, 5);
    number = -77;
    ck_assert(!value_member_integer(value, "n", 6, 9, &number));
    ck_assert(!value_member_integer(value, "n", 1, 4, &number));
    ck_assert(!value_member_integer(value, "f", 0, 9, &number));
    ck_assert(!value_member_integer(value, "s", 0, 9, &number));
    ck_assert(!value_member_integer(value, "b", 0, 9, &number));
    ck_assert(!value_member_integer(value, "z", 0, 9, &number));
    ck_assert(!value_member_integer(value, "none", 0, 9, &number));
    ck_assert(!value_member_integer(value, "big", INT64_MIN, INT64_MAX, &number));
    ck_assert(!value_member_integer(NULL, "n", 0, 9, &number));
    ck_assert_int_eq(number, -77);
}
END_TEST

/* What scan.c refuses is refused here, with its message, and nothing is given out. */
START_TEST(scan_comes_first)
{
    static const struct text refused[] = {
        TEXT("{\"a\":1,\"a\":2}"),
        TEXT("{'a':1}"),
        TEXT("{\"a\":NaN}"),
        TEXT("{\"a\":1.}"),
        TEXT("{\"a\":\"\t\"}"),
        TEXT("{\"a\\u0000b\":1}"),
        TEXT("{\"a\":1e400}"),
        TEXT("{}\0junk"),
        TEXT("[]"),
        TEXT(""),
    };

    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
        struct jwkscore_error error = {.status = JWKSCORE_OK};
        struct value *value = (struct value *)&error;
        ck_assert_int_eq(value_parse(refused[i], &value, &error), JWKSCORE_E_MALFORMED);
        ck_assert_int_eq(strncmp(error.message, "JSON: ", 6), 0);
        ck_assert_ptr_eq(value, (struct value *)&error);
    }
}
END_TEST

START_TEST(more_than_an_int_is_too_long)
{
    struct jwkscore_error error = {.status = JWKSCORE_OK};
    struct value *value = NULL;

    ck_assert_int_eq(value_parse((struct text){"{}", (size_t)INT_MAX + 1}, &value, &error),
                     JWKSCORE_E_MALFORMED);
    ck_assert_str_eq(error.message, "JSON: too long");
    ck_assert_ptr_null(value);
}
END_TEST

START_TEST(thirty_two_levels)
{
    static const char open[] = "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                      close[] = "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}";
    struct buffer document CLEANUP(buffer_freep) = {NULL, 0};
    struct value *value CLEANUP(value_freep) = NULL;
    const struct value *at;
    int levels = 1;

    ck_assert(buffer_append(&document, TEXT(open)) && buffer_append(&document, TEXT("7")));
    ck_assert(buffer_append(&document, TEXT(close)));
    value = parse((struct text){(char *)document.bytes, document.length});
    for (at = value_member(value, "a"); value_type(at) == VALUE_ARRAY; at = value_at(at, 0)) {
        levels++;
    }
    ck_assert_int_eq(levels, JSON_DEPTH_MAX);
    ck_assert_int_eq(value_type(at), VALUE_NUMBER);
}
END_TEST

/* As many members as there may be, by all three ways to them. */
START_TEST(many_members)
{
    struct buffer document CLEANUP(buffer_freep) = {NULL, 0};
    struct value *value CLEANUP(value_freep) = NULL;
    const struct value *member;
    struct text name;
    void *cursor = NULL;
    char text[40];
    int count = 0;

    for (int i = 0; i < JSON_MEMBERS_MAX; i++) {
        snprintf(text, sizeof(text), "%s\"m\\u0030%d\":%d", i == 0 ? "{" : ",", i, i);
        ck_assert(buffer_append(&document, text_from(text)));
    }
    ck_assert(buffer_append(&document, TEXT("}")));
    value = parse((struct text){(char *)document.bytes, document.length});
    while (value_next_member(value, &cursor, &name, &member)) {
        int64_t number;
        snprintf(text, sizeof(text), "m0%d", count);
        ck_assert(text_is(name, text));
        ck_assert_ptr_eq(value_member(value, text), member);
        ck_assert(value_member_integer(value, text, count, count, &number));
        snprintf(text, sizeof(text), "/m0%d", count);
        ck_assert_ptr_eq(value_find(value, text), member);
        count++;
    }
    ck_assert_int_eq(count, JSON_MEMBERS_MAX);
}
END_TEST

/* The arena is as long as the text: these documents fill it best. */
START_TEST(dense_documents)
{
    static const struct text documents[] = {
        TEXT("{}"),
        TEXT("{\"\":0}"),
        TEXT("{\"\":\"\"}"),
        TEXT("{\"\":[0,0,0,0,0,0,0,0,0,0]}"),
        TEXT("{\"\":[\"\",\"\",\"\",\"\",\"\",\"\"]}"),
        TEXT("{\"a\":{\"b\":{\"c\":{\"d\":1}}}}"),
        TEXT("{\"a\":[[[],[]],[[],[]],{},{}]}"),
        TEXT("{\"\\ud83d\\ude00\":\"\\ud83d\\ude00\\ud83d\\ude00\"}"),
        TEXT("{\"\":[true,false,null,1e5,-0.5E-7]}"),
    };

    for (size_t i = 0; i < ARRAY_LENGTH(documents); i++) {
        struct value *value CLEANUP(value_freep) = parse(documents[i]);
        ck_assert_int_eq(value_type(value), VALUE_OBJECT);
    }
}
END_TEST

START_TEST(freeing_nothing_is_fine)
{
    struct value *value = NULL;

    value_free(NULL);
    value_freep(&value);
    value = parse(TEXT("{\"a\":null}"));
    value_freep(&value);
    ck_assert_ptr_null(value);
}
END_TEST

int main(void)
{
    return RUN("value", types, getters_take_their_own_type, arrays, members_in_order, names_are_exact,
               strings_are_exact, booleans, integers, integers_within_limits, scan_comes_first,
               more_than_an_int_is_too_long, thirty_two_levels, many_members, dense_documents,
               freeing_nothing_is_fine);
}
