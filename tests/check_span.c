/* SPDX-License-Identifier: Apache-2.0 */
/* check_span.c: the elements of a member's array, as they are written, out of a JSON object that was accepted. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* The elements of `keys`, with a | behind each; NULL: no such member, or no array. */
static const char *elements_of(struct text document)
{
    const char *elements = "";
    struct text rest, element;

    ck_assert_status(scan_object(document, NULL), JWKSCORE_OK);
    if (!span_member(document, "keys", &rest) || *rest.bytes != '[')
        return NULL;
    while (span_element(&rest, &element))
        elements = textf("%s%.*s|", elements, (int)element.length, element.bytes);
    ck_assert_int_eq(*rest.bytes, ']');
    ck_assert(!span_element(&rest, &element)); /* and once at the end, it stays there */
    return elements;
}

/* Of a copy that ends where its memory ends, so that a sanitizer sees a byte too many. */
static void expect(const char *document, const char *wanted)
{
    size_t length = strlen(document);
    char *copy = malloc(length);
    const char *elements;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, document, length);
    elements = elements_of((struct text){copy, length});
    ck_assert_msg(wanted == NULL ? elements == NULL : elements != NULL && strcmp(elements, wanted) == 0,
                  "%s: %s", document, elements != NULL ? elements : "none");
    free(copy);
}

#define EXPECT_ALL(rows)                                   \
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)        \
    expect((rows)[i].document, (rows)[i].wanted)

struct row {
    const char *document, *wanted;
};

START_TEST(elements_of_every_type)
{
    static const struct row rows[] = {
        {"{\"keys\":[]}", ""},
        {"{\"keys\":[ \t\r\n]}", ""},
        {"{\"keys\":[1]}", "1|"},
        {"{\"keys\":[-1.5e+3,true,false,null,\"s\",\"\",{},[]]}", "-1.5e+3|true|false|null|\"s\"|\"\"|{}|[]|"},
        {" \n{ \"keys\" : [ 1 ,\t{ } , [ ]\r\n] } ", "1 |{ } |[ ]\r\n|"},
    };

    EXPECT_ALL(rows);
}
END_TEST

START_TEST(what_is_nested_is_one_element)
{
    static const struct row rows[] = {
        {"{\"keys\":[[1,[2,{\"a\":[3]}]],{\"b\":{\"c\":[{}]},\"d\":4},5]}",
         "[1,[2,{\"a\":[3]}]]|{\"b\":{\"c\":[{}]},\"d\":4}|5|"},
        {"{\"keys\":[{\"keys\":[1,2]},{\"keys\":[3]}]}", "{\"keys\":[1,2]}|{\"keys\":[3]}|"},
    };

    EXPECT_ALL(rows);
}
END_TEST

START_TEST(brackets_and_commas_in_strings_are_text)
{
    static const struct row rows[] = {
        {"{\"keys\":[\"]\",\"}\",\",\",\":\",\"[{\"]}", "\"]\"|\"}\"|\",\"|\":\"|\"[{\"|"},
        {"{\"keys\":[{\"]\":\"}\",\"a\":\"[\"},2]}", "{\"]\":\"}\",\"a\":\"[\"}|2|"},
        {"{\"],\":\"}\",\"keys\":[1]}", "1|"},
    };

    EXPECT_ALL(rows);
}
END_TEST

START_TEST(a_quote_behind_a_backslash_ends_no_string)
{
    static const struct row rows[] = {
        {"{\"keys\":[\"\\\"\",2]}", "\"\\\"\"|2|"},
        {"{\"keys\":[\"\\\\\",2]}", "\"\\\\\"|2|"},
        {"{\"keys\":[\"\\\\\\\"]\",2]}", "\"\\\\\\\"]\"|2|"},
        {"{\"keys\":[\"a\\\\\\\\\",\"],\"]}", "\"a\\\\\\\\\"|\"],\"|"},
        {"{\"a\\\"\":1,\"b\\\\\":2,\"keys\":[\"\\\"\\\"\"]}", "\"\\\"\\\"\"|"},
    };

    EXPECT_ALL(rows);
}
END_TEST

START_TEST(the_member_of_that_name_wherever_it_stands)
{
    static const struct row rows[] = {
        {"{}", NULL},
        {" { } ", NULL},
        {"{\"a\":1}", NULL},
        {"{\"keys\":{}}", NULL},
        {"{\"keys\":\"[]\"}", NULL},
        {"{\"key\":[1]}", NULL},
        {"{\"keyss\":[1]}", NULL},
        {"{\"Keys\":[1]}", NULL},
        {"{\"\":[1]}", NULL},
        {"{\"a\":\"keys\",\"b\":[1]}", NULL}, /* a value is no name */
        {"{\"a\":{\"keys\":[1]}}", NULL},      /* nor is an inner object's */
        {"{\"a\":[\"keys\",[1]]}", NULL},
        {"{\"a\":1,\"keys\":[2]}", "2|"},
        {"{\"keys\":[2],\"a\":1}", "2|"},
        {"{\"a\":\"keys\",\"b\":{\"keys\":[1]},\"c\":[],\"keys\":[2],\"d\":[3]}", "2|"},
    };

    EXPECT_ALL(rows);
}
END_TEST

START_TEST(a_name_however_it_is_spelt)
{
    static const struct row rows[] = {
        {"{\"\\u006beys\":[1]}", "1|"},
        {"{\"\\u006b\\u0065\\u0079\\u0073\":[1]}", "1|"},
        {"{\"key\\u0053\":[1]}", NULL},
        {"{\"keys\\\"\":[1]}", NULL},
        {"{\"k\xc3\xa9ys\":[1]}", NULL},
        {"{\"\\u016beys\":[1]}", NULL}, /* its last byte alone is k's */
    };

    EXPECT_ALL(rows);
}
END_TEST

int main(void)
{
    return RUN("span", elements_of_every_type, what_is_nested_is_one_element, brackets_and_commas_in_strings_are_text,
               a_quote_behind_a_backslash_ends_no_string, the_member_of_that_name_wherever_it_stands,
               a_name_however_it_is_spelt);
}
