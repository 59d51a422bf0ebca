/* SPDX-License-Identifier: Apache-2.0 */
/* check_client_document.c: a provider's JSON: only texts are texts, and none is left in memory. */
#include "logintest.h"
#include "wiped.h"

#include <string.h>

static struct document *parse_octets(const char *text, size_t length)
{
    CLEANUP(bytes_wipe) struct bytes bytes = {0};

    bytes_add(&bytes, text, length);
    ck_assert_ptr_nonnull(bytes_end(&bytes));
    return document_parse(&bytes);
}

static struct document *parse(const char *text)
{
    return parse_octets(text, strlen(text));
}

START_TEST(members_are_what_they_are)
{
    struct document *document =
        parse("{\"t\":\"x\\u00e4\",\"nul\":\"a\\u0000b\",\"n\":5,\"f\":true,\"l\":[1,\"one\"],"
              "\"deep\":{\"t2\":\"y\"},\"no\":null,\"s\":\"5\"}");

    ck_assert_ptr_nonnull(document);
    ck_assert_str_eq(document_text(document, "t"), "x\xc3\xa4");
    ck_assert_ptr_null(document_text(document, "nul"));
    ck_assert_ptr_null(document_text(document, "n"));
    ck_assert_ptr_null(document_text(document, "t2"));
    ck_assert_ptr_null(document_text(document, "no"));
    ck_assert_ptr_null(document_text(document, "absent"));
    ck_assert_int_eq(document_number(document, "n", 7), 5);
    ck_assert_int_eq(document_number(document, "s", 7), 7);
    ck_assert(document_flag(document, "f") && !document_flag(document, "n") &&
              !document_flag(document, "absent"));
    ck_assert(document_lists(document, "l", "one", false) && !document_lists(document, "l", "two", true));
    ck_assert(document_lists(document, "t", "x", true) && !document_lists(document, "absent", "x", false));
    document_free(document);
    document_free(NULL);
}
END_TEST

START_TEST(what_is_no_object_is_refused)
{
    static const char *const wrong[] = {"",
                                        " ",
                                        "[]",
                                        "\"a\"",
                                        "5",
                                        "null",
                                        "{",
                                        "{\"a\":1",
                                        "{\"a\":1}x",
                                        "{\"a\":1}{}",
                                        "{\"a\":\"\xff\"}",
                                        "<html>",
                                        "{\"a\":1,}"};

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        ck_assert_msg(parse(wrong[i]) == NULL, "%s", wrong[i]);
    ck_assert_ptr_null(parse_octets("{}\0", 3));
    ck_assert_ptr_null(parse(repeated("{\"a\":", 40)));
}
END_TEST

START_TEST(tokens_are_wiped)
{
    const char *token = repeated("secret", 500),
               *text = textf("{\"n\":1,\"id_token\":\"%s\",\"r\":\"abc\"}", token);
    struct document *document = parse(text);

    ck_assert_str_eq(document_text(document, "id_token"), token);
    wiped = 0;
    document_free(document);
    ck_assert_uint_eq(wiped, strlen(token) + 3);
}
END_TEST

int main(void)
{
    return RUN("client_document", members_are_what_they_are, what_is_no_object_is_refused, tokens_are_wiped);
}
