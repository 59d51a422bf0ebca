/* SPDX-License-Identifier: Apache-2.0 */
/* check_jsonpointer.c: a name is a name, and a pointer finds what RFC 6901 says, or nothing. */
#include "support.h"

#include <string.h>

/*
 * The document of RFC 6901 section 5, with numbers that tell who was found, and what claims look like
 * besides.
 */
static const char document[] =
    "{\"foo\":[\"bar\",\"baz\",[30,31]],\"\":10,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
    "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,\"~1\":9,"
    "\"https://example.com/groups\":11,\"/odd\":12,\"a.b:c\":13,"
    "\"realm_access\":{\"roles\":[\"x\",\"ssh\"],\"0\":14,\"\":{\"\":15},\"-\":16,\"null\":null},"
    "\"\xc3\xa4\":{\"\xe2\x82\xac\":17},\"a\":18,\"m/n\":19,\"m/\":20}";

static const struct {
    const char *pointer;
    int64_t number; /* -1: nothing is found */
} pointers[] = {
    {"/", 10},
    {"/a~1b", 1},
    {"/c%d", 2},
    {"/e^f", 3},
    {"/g|h", 4},
    {"/i\\j", 5},
    {"/k\"l", 6},
    {"/ ", 7},
    {"/m~0n", 8},
    {"/~01", 9},
    {"/foo/2/0", 30},
    {"/foo/2/1", 31},
    {"/realm_access/0", 14},
    {"/realm_access//", 15},
    {"/realm_access/-", 16},
    {"/\xc3\xa4/\xe2\x82\xac", 17},
    {"/~1odd", 12},
    {"/https:~1~1example.com~1groups", 11},
    {"/a.b:c", 13},
    {"/m~1n", 19},
    {"/m~1", 20},
    /* names */
    {"", 10},
    {"a/b", 1},
    {"m~n", 8},
    {"~1", 9},
    {"https://example.com/groups", 11},
    {"a.b:c", 13},
    {"a", 18},
    /* nothing there */
    {"/odd", -1},
    {"/A", -1},
    {"/a/b", -1},
    {"/a/", -1},
    {"/aa", -1},
    {"b", -1},
    {"A", -1},
    {"realm_access/0", -1},
    {"realm_access.0", -1},
    {"/m~n", -1},
    {"/m~2n", -1},
    {"/m~", -1},
    {"/~", -1},
    {"/~1~", -1},
    {"//", -1},
    {"/foo/2/2", -1},
    {"/foo/2/00", -1},
    {"/foo/2/01", -1},
    {"/foo/02/0", -1},
    {"/foo/2/+0", -1},
    {"/foo/2/-1", -1},
    {"/foo/2/-", -1},
    {"/foo/2/", -1},
    {"/foo/2/ 0", -1},
    {"/foo/2/0x0", -1},
    {"/foo/2/1e0", -1},
    {"/foo/2/4294967296", -1},
    {"/foo/2/18446744073709551616", -1},
    {"/foo/2/0/0", -1},
    {"/foo/foo", -1},
    {"#/a", -1},
};

static struct value *parse(void)
{
    struct value *value = NULL;

    ck_assert_int_eq(value_parse(text_from(document), &value, NULL), JWKSCORE_OK);
    return value;
}

START_TEST(pointers_and_names)
{
    struct value *value CLEANUP(value_freep) = parse();

    for (size_t i = 0; i < ARRAY_LENGTH(pointers); i++) {
        int64_t number = -1;
        bool fraction, found = value_integer(value_find(value, pointers[i].pointer), &number, &fraction);
        ck_assert_msg(found == (pointers[i].number != -1) && number == pointers[i].number, "%s",
                      pointers[i].pointer);
    }
}
END_TEST

START_TEST(all_types_are_found)
{
    struct value *value CLEANUP(value_freep) = parse();

    ck_assert(value_is(value_find(value, "/foo/0"), "bar"));
    ck_assert(value_is(value_find(value, "/realm_access/roles/1"), "ssh"));
    ck_assert_int_eq(value_type(value_find(value, "/foo")), VALUE_ARRAY);
    ck_assert_int_eq(value_type(value_find(value, "/realm_access")), VALUE_OBJECT);
    ck_assert_int_eq(value_type(value_find(value, "/realm_access/null")), VALUE_NULL);
    ck_assert_int_eq(value_type(value_find(value, "/realm_access/null/x")), VALUE_ABSENT);
    ck_assert_int_eq(value_type(value_find(value, "/foo/0/0")), VALUE_ABSENT);
}
END_TEST

START_TEST(nothing_has_no_members)
{
    ck_assert_ptr_null(value_find(NULL, "/a"));
    ck_assert_ptr_null(value_find(NULL, "a"));
}
END_TEST

int main(void)
{
    return RUN("jsonpointer", pointers_and_names, all_types_are_found, nothing_has_no_members);
}
