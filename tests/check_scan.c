/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_scan.c: RFC 8259 to the letter, and none of what parsers read differently.
 *
 * Each refused text has a neighbour that is accepted and differs in the one thing, mostly in the row above.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char fine[] = "fine";

struct example {
    struct text document;
    const char *verdict; /* fine, or the whole message */
};

/* Scans a copy that ends where its memory ends, so that a sanitizer sees a byte too many. */
static void check_example(const struct example *example)
{
    struct jwkscore_error error = {.status = JWKSCORE_OK};
    char *copy = malloc(example->document.length);
    int shown = example->document.length < 60 ? (int)example->document.length : 60;
    enum jwkscore_status status;

    memcpy(copy, example->document.bytes, example->document.length);
    status = scan_object((struct text){copy, example->document.length}, &error);
    ck_assert_msg(status == (example->verdict == fine ? JWKSCORE_OK : JWKSCORE_E_MALFORMED), "%.*s: %s",
                  shown, example->document.bytes, error.message);
    ck_assert_int_eq(error.status, status);
    if (status != JWKSCORE_OK) {
        ck_assert_msg(strcmp(error.message, example->verdict) == 0, "%.*s: \"%s\", not \"%s\"", shown,
                      example->document.bytes, error.message, example->verdict);
    }
    ck_assert_int_eq(scan_object((struct text){copy, example->document.length}, NULL), status);
    free(copy);
}

#define CHECK_ALL(examples) check_examples(examples, ARRAY_LENGTH(examples))

static void check_examples(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_example(&examples[i]);
    }
}

static const struct example documents[] = {
    {TEXT("{}"), fine},
    {TEXT(""), "JSON: no object at byte 0"},
    {TEXT(" "), "JSON: no object at byte 1"},
    {TEXT("[]"), "JSON: no object at byte 0"},
    {TEXT("null"), "JSON: no object at byte 0"},
    {TEXT("1"), "JSON: no object at byte 0"},
    {TEXT("\"{}\""), "JSON: no object at byte 0"},
    {TEXT(" \t\r\n{ \t\r\n} \t\r\n"), fine},
    {TEXT("\v{}"), "JSON: no object at byte 0"},
    {TEXT("{\f}"), "JSON: no member name at byte 1"},
    {TEXT("{\xc2\xa0}"), "JSON: no member name at byte 1"},
    {TEXT("{}\v"), "JSON: more text after the object at byte 2"},
    {TEXT("{}\0"), "JSON: more text after the object at byte 2"},
    {TEXT("\0{}"), "JSON: no object at byte 0"},
    {TEXT("{\0}"), "JSON: no member name at byte 1"},
    {TEXT("{} {}"), "JSON: more text after the object at byte 3"},
    {TEXT("{},"), "JSON: more text after the object at byte 2"},
    {TEXT("{}}"), "JSON: more text after the object at byte 2"},
    {TEXT("\xef\xbb\xbf{}"), "JSON: no object at byte 0"},
    {TEXT("{}\xef\xbb\xbf"), "JSON: more text after the object at byte 2"},
    {TEXT("{\xef\xbb\xbf}"), "JSON: no member name at byte 1"},
    {TEXT("{\"\xef\xbb\xbf\":1}"), fine},
    {TEXT("/**/{}"), "JSON: no object at byte 0"},
    {TEXT("{}//"), "JSON: more text after the object at byte 2"},
    {TEXT("{/**/}"), "JSON: no member name at byte 1"},
};

static const struct example containers[] = {
    {TEXT("{\"a\":1}"), fine},
    {TEXT("{\"a\":1,\"b\":2}"), fine},
    {TEXT("{ \"a\" : 1 , \"b\" : [ ] , \"c\" : { } }"), fine},
    {TEXT("{\"a\":1"), "JSON: end of text at byte 6"},
    {TEXT("{\"a\":1,"), "JSON: end of text at byte 7"},
    {TEXT("{\"a\":"), "JSON: end of text at byte 5"},
    {TEXT("{\"a\""), "JSON: no colon at byte 4"},
    {TEXT("{"), "JSON: end of text at byte 1"},
    {TEXT("{\"a\":1,}"), "JSON: no member name at byte 7"},
    {TEXT("{,}"), "JSON: no member name at byte 1"},
    {TEXT("{,\"a\":1}"), "JSON: no member name at byte 1"},
    {TEXT("{\"a\":1,,\"b\":2}"), "JSON: no member name at byte 7"},
    {TEXT("{\"a\":1 \"b\":2}"), "JSON: no comma at byte 7"},
    {TEXT("{\"a\":1;\"b\":2}"), "JSON: no comma at byte 6"},
    {TEXT("{\"a\" 1}"), "JSON: no colon at byte 5"},
    {TEXT("{\"a\"=1}"), "JSON: no colon at byte 4"},
    {TEXT("{\"a\"::1}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\"}"), "JSON: no colon at byte 4"},
    {TEXT("{\"a\",\"b\"}"), "JSON: no colon at byte 4"},
    {TEXT("{a:1}"), "JSON: no member name at byte 1"},
    {TEXT("{'a':1}"), "JSON: no member name at byte 1"},
    {TEXT("{1:1}"), "JSON: no member name at byte 1"},
    {TEXT("{null:1}"), "JSON: no member name at byte 1"},
    {TEXT("{[]:1}"), "JSON: no member name at byte 1"},
    {TEXT("{\"a\":[]}"), fine},
    {TEXT("{\"a\":[1,2]}"), fine},
    {TEXT("{\"a\":[1,[2,{\"b\":[]}],3]}"), fine},
    {TEXT("{\"a\":[1,]}"), "JSON: no value at byte 8"},
    {TEXT("{\"a\":[,]}"), "JSON: no value at byte 6"},
    {TEXT("{\"a\":[1,,2]}"), "JSON: no value at byte 8"},
    {TEXT("{\"a\":[1 2]}"), "JSON: no comma at byte 8"},
    {TEXT("{\"a\":[1:2]}"), "JSON: no comma at byte 7"},
    {TEXT("{\"a\":[1}"), "JSON: no comma at byte 7"},
    {TEXT("{\"a\":[1}]"), "JSON: no comma at byte 7"},
    {TEXT("{\"a\":1]"), "JSON: no comma at byte 6"},
    {TEXT("{]"), "JSON: no member name at byte 1"},
    {TEXT("{\"a\":[}"), "JSON: no value at byte 6"},
    {TEXT("{\"a\":["), "JSON: end of text at byte 6"},
    {TEXT("{\"a\":[1"), "JSON: end of text at byte 7"},
    {TEXT("{\"a\":[]"), "JSON: end of text at byte 7"},
};

static const struct example literals[] = {
    {TEXT("{\"a\":true,\"b\":false,\"c\":null}"), fine},
    {TEXT("{\"a\":[true,false,null]}"), fine},
    {TEXT("{\"a\":True}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":TRUE}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":False}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":Null}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":nul"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":nul}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":tru}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":truee}"), "JSON: no comma at byte 9"},
    {TEXT("{\"a\":nulll}"), "JSON: no comma at byte 9"},
    {TEXT("{\"a\":undefined}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":NaN}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":nan}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":Infinity}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":inf}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":-Infinity}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":'b'}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":b}"), "JSON: no value at byte 5"},
};

static const struct example numbers[] = {
    {TEXT("{\"a\":0}"), fine},
    {TEXT("{\"a\":-0}"), fine},
    {TEXT("{\"a\":10}"), fine},
    {TEXT("{\"a\":-12.340e+05}"), fine},
    {TEXT("{\"a\":0.0}"), fine},
    {TEXT("{\"a\":0e0}"), fine},
    {TEXT("{\"a\":1E-9}"), fine},
    {TEXT("{\"a\":01}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":-01}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":00}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":00.5}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":+1}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":-}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":--1}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":- 1}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":.5}"), "JSON: no value at byte 5"},
    {TEXT("{\"a\":-.5}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":1.}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":1.e5}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":1e}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":1e+}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":1e+-1}"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":1e1.5}"), "JSON: no comma at byte 8"},
    {TEXT("{\"a\":1.2.3}"), "JSON: no comma at byte 8"},
    {TEXT("{\"a\":1,5}"), "JSON: no member name at byte 7"},
    {TEXT("{\"a\":0x1}"), "JSON: no comma at byte 6"},
    {TEXT("{\"a\":1_000}"), "JSON: no comma at byte 6"},
    {TEXT("{\"a\":1f}"), "JSON: no comma at byte 6"},
    {TEXT("{\"a\":-"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":1"), "JSON: end of text at byte 6"},
    {TEXT("{\"a\":1."), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":1e"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":1e-"), "JSON: wrong number at byte 5"},
    {TEXT("{\"a\":\xd9\xa1}"), "JSON: no value at byte 5"},
    /* how long, how large */
    {TEXT("{\"a\":9999999999999999999}"), fine},
    {TEXT("{\"a\":-9999999999999999999}"), fine},
    {TEXT("{\"a\":10000000000000000000}"), "JSON: integer of more than 19 digits at byte 5"},
    {TEXT("{\"a\":-10000000000000000000}"), "JSON: integer of more than 19 digits at byte 5"},
    {TEXT("{\"a\":10000000000000000000.0}"), fine},
    {TEXT("{\"a\":1e308}"), fine},
    {TEXT("{\"a\":1.7976931348623157e308}"), fine},
    {TEXT("{\"a\":1.797693134862315806e308}"), fine},
    {TEXT("{\"a\":1.797693134862315808e308}"), "JSON: number too large at byte 5"},
    {TEXT("{\"a\":1.8e308}"), "JSON: number too large at byte 5"},
    {TEXT("{\"a\":-1.8e308}"), "JSON: number too large at byte 5"},
    {TEXT("{\"a\":1e309}"), "JSON: number too large at byte 5"},
    {TEXT("{\"a\":1e400}"), "JSON: number too large at byte 5"},
    {TEXT("{\"a\":1E+400}"), "JSON: number too large at byte 5"},
    {TEXT("{\"a\":1e99999999999999999999999999}"), "JSON: number too large at byte 5"},
    {TEXT("{\"a\":1e-99999999999999999999999999}"), fine},
    {TEXT("{\"a\":0e99999999999999999999999999}"), fine},
    {TEXT("{\"a\":1e18446744073709551616}"), "JSON: number too large at byte 5"}, /* 2^64 */
    {TEXT("{\"a\":1e18446744073709551617}"), "JSON: number too large at byte 5"},
    {TEXT("{\"a\":0.000e400}"), fine},
    {TEXT("{\"a\":0.0001e312}"), fine},
    {TEXT("{\"a\":0.0001e313}"), "JSON: number too large at byte 5"},
    {TEXT("{\"a\":1000e305}"), fine},
    {TEXT("{\"a\":1000e306}"), "JSON: number too large at byte 5"},
};

static const struct example strings[] = {
    {TEXT("{\"a\":\"\"}"), fine},
    {TEXT("{\"\":\"\"}"), fine},
    {TEXT("{\"a\":\"b"), "JSON: end of text in a string at byte 7"},
    {TEXT("{\"a\":\""), "JSON: end of text in a string at byte 6"},
    {TEXT("{\"a"), "JSON: end of text in a string at byte 3"},
    {TEXT("{\""), "JSON: end of text in a string at byte 2"},
    {TEXT("{\"a\":\"b\"\"c\"}"), "JSON: no comma at byte 8"},
    {TEXT("{\"a\":\"\x20\x7f\"}"), fine},
    {TEXT("{\"a\":\"\x1f\"}"), "JSON: control character in a string at byte 6"},
    {TEXT("{\"a\":\"\t\"}"), "JSON: control character in a string at byte 6"},
    {TEXT("{\"a\":\"\n\"}"), "JSON: control character in a string at byte 6"},
    {TEXT("{\"a\":\"\0\"}"), "JSON: control character in a string at byte 6"},
    {TEXT("{\"a\n\":1}"), "JSON: control character in a string at byte 3"},
    {TEXT("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u00E4\"}"), fine},
    {TEXT("{\"a\":\"\\v\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\0\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\x41\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\'\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\U0041\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\N\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\\n\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\\xc3\xa4\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\\""), "JSON: end of text in a string at byte 8"},
    {TEXT("{\"a\":\"\\u0041\"}"), fine},
    {TEXT("{\"a\":\"\\u041\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\u00g1\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\u+041\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\u 041\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\u\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\u004"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\u0001\"}"), fine},
    {TEXT("{\"a\":\"\\u0000\"}"), "JSON: \\u0000 at byte 6"},
    {TEXT("{\"a\\u0000\":1}"), "JSON: \\u0000 at byte 3"},
    {TEXT("{\"a\":[{\"b\":\"c\\u0000\"}]}"), "JSON: \\u0000 at byte 13"},
    {TEXT("{\"a\":\"\\\\u0000\"}"), fine},
    /* surrogates */
    {TEXT("{\"a\":\"\\ud83d\\ude00\"}"), fine},
    {TEXT("{\"a\":\"\\uD800\\uDC00\\uDBFF\\uDFFF\"}"), fine},
    {TEXT("{\"a\":\"\\ud7ff\\ue000\"}"), fine},
    {TEXT("{\"a\":\"\\ud83d\"}"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"a\":\"\\ud83dxx\"}"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"a\":\"\\ud83d\\n\"}"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"a\":\"\\ud83d\\u0041\"}"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"a\":\"\\ud83d\\ud83d\\ude00\"}"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"a\":\"\\ude00\"}"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"a\":\"\\ude00\\ud83d\"}"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"a\":\"\\udfff\\udc00\"}"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"a\":\"\\ud83d\\ue000\"}"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"a\":\"\\ud83d\\udbff\"}"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"a\":\"\\ud83d\\ude0\"}"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\ud83d\\u"), "JSON: wrong escape at byte 6"},
    {TEXT("{\"a\":\"\\ud83d\\"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"a\":\"\\ud83d"), "JSON: lone surrogate at byte 6"},
    {TEXT("{\"\\ud83d\":1}"), "JSON: lone surrogate at byte 2"},
    /* UTF-8: check_text.c has the whole table */
    {TEXT("{\"a\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"}"), fine},
    {TEXT("{\"\xc3\xa4\":1}"), fine},
    {TEXT("{\"a\":\"x\xc3\"}"), "JSON: wrong UTF-8 at byte 7"},
    {TEXT("{\"a\":\"\xa4\"}"), "JSON: wrong UTF-8 at byte 6"},
    {TEXT("{\"a\":\"\xc0\x80\"}"), "JSON: wrong UTF-8 at byte 6"},
    {TEXT("{\"a\":\"\xc0\xaf\"}"), "JSON: wrong UTF-8 at byte 6"},
    {TEXT("{\"a\":\"\xe0\x80\xaf\"}"), "JSON: wrong UTF-8 at byte 6"},
    {TEXT("{\"a\":\"\xed\xa0\x80\"}"), "JSON: wrong UTF-8 at byte 6"},
    {TEXT("{\"a\":\"\xed\xa0\xbd\xed\xb8\x80\"}"), "JSON: wrong UTF-8 at byte 6"},
    {TEXT("{\"a\":\"\xf4\x90\x80\x80\"}"), "JSON: wrong UTF-8 at byte 6"},
    {TEXT("{\"a\":\"\xff\"}"), "JSON: wrong UTF-8 at byte 6"},
    {TEXT("{\"\xff\":1}"), "JSON: wrong UTF-8 at byte 2"},
    {TEXT("{\"a\":\"\xc3"), "JSON: wrong UTF-8 at byte 6"},
    {TEXT("{\"a\":\xff}"), "JSON: no value at byte 5"},
};

static const struct example duplicates[] = {
    {TEXT("{\"a\":1,\"b\":1}"), fine},
    {TEXT("{\"a\":1,\"a\":1}"), "JSON: duplicate member at byte 7"},
    {TEXT("{\"a\":1,\"A\":1}"), fine},
    {TEXT("{\"a\":1,\"a \":1}"), fine},
    {TEXT("{\"a\":1,\"aa\":1,\"aaa\":1}"), fine},
    {TEXT("{\"\":1,\"a\":1}"), fine},
    {TEXT("{\"\":1,\"a\":1,\"\":1}"), "JSON: duplicate member at byte 12"},
    {TEXT("{\"a\":1,\"b\":1,\"c\":1,\"b\":1}"), "JSON: duplicate member at byte 19"},
    {TEXT("{\"a\":{\"b\":1,\"b\":1}}"), "JSON: duplicate member at byte 12"},
    {TEXT("{\"a\":[{\"b\":1,\"b\":1}]}"), "JSON: duplicate member at byte 13"},
    {TEXT("{\"a\":{\"a\":{\"a\":1}}}"), fine},
    {TEXT("{\"a\":[{\"b\":1},{\"b\":1}]}"), fine},
    {TEXT("{\"a\":{\"b\":1},\"b\":1}"), fine},
    {TEXT("{\"a\":{\"b\":1},\"a\":1}"), "JSON: duplicate member at byte 13"},
    /* spelled differently */
    {TEXT("{\"a\":1,\"\\u0061\":1}"), "JSON: duplicate member at byte 7"},
    {TEXT("{\"\\u0061\":1,\"a\":1}"), "JSON: duplicate member at byte 12"},
    {TEXT("{\"a\":1,\"\\u0062\":1}"), fine},
    {TEXT("{\"\\u0061\":1,\"\\u0062\":1}"), fine},
    {TEXT("{\"\\u00e4\":1,\"\\u00E4\":1}"), "JSON: duplicate member at byte 12"},
    {TEXT("{\"\xc3\xa4\":1,\"\\u00e4\":1}"), "JSON: duplicate member at byte 8"},
    {TEXT("{\"\xe2\x82\xac\":1,\"\\u20AC\":1}"), "JSON: duplicate member at byte 9"},
    {TEXT("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":1}"), "JSON: duplicate member at byte 10"},
    {TEXT("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude01\":1}"), fine},
    {TEXT("{\"a/b\":1,\"a\\/b\":1}"), "JSON: duplicate member at byte 9"},
    {TEXT("{\"a\\nb\":1,\"a\\u000ab\":1}"), "JSON: duplicate member at byte 10"},
    {TEXT("{\"a\\\\u0061\":1,\"aa\":1}"), fine},
    {TEXT("{\"iss\":1,\"i\\u0073s\":1}"), "JSON: duplicate member at byte 9"},
    /* one unescaped length, one beginning: the order of escaped and plain names is one */
    {TEXT("{\"ab\":1,\"a\\u0063\":1,\"\\u0061d\":1,\"ac\":1}"), "JSON: duplicate member at byte 32"},
    /* another normal form of the same letter is another name */
    {TEXT("{\"\xc3\xa4\":1,\"a\xcc\x88\":1}"), fine},
};

START_TEST(one_object_and_white_space)
{
    CHECK_ALL(documents);
}
END_TEST

START_TEST(objects_and_arrays)
{
    CHECK_ALL(containers);
}
END_TEST

START_TEST(literal_names)
{
    CHECK_ALL(literals);
}
END_TEST

START_TEST(numbers_and_their_limits)
{
    CHECK_ALL(numbers);
}
END_TEST

START_TEST(strings_and_escapes)
{
    CHECK_ALL(strings);
}
END_TEST

START_TEST(members_once)
{
    CHECK_ALL(duplicates);
}
END_TEST

START_TEST(no_bytes_at_all)
{
    ck_assert_int_eq(scan_object((struct text){NULL, 0}, NULL), JWKSCORE_E_MALFORMED);
}
END_TEST

/* Every beginning of a document is refused, and so is every byte after it that is not white space. */
START_TEST(whole_documents_only)
{
    static const char document[] =
        "{\"a\":[1,-2.5e3,true,null,\"\\u00e4\\ud83d\\ude00\xc3\xa4\"],\"b\":{\"c\":{}}}";
    char longer[sizeof(document)];

    memcpy(longer, document, sizeof(document));
    for (size_t length = 0; length < sizeof(document) - 1; length++) {
        ck_assert_int_eq(scan_object((struct text){document, length}, NULL), JWKSCORE_E_MALFORMED);
    }
    for (int byte = 0; byte < 256; byte++) {
        bool space = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
        longer[sizeof(document) - 1] = (char)(unsigned char)byte;
        ck_assert_int_eq(scan_object((struct text){longer, sizeof(longer)}, NULL),
                         space ? JWKSCORE_OK : JWKSCORE_E_MALFORMED);
    }
}
END_TEST

/* --- limits --- */

static void expect(const struct buffer *document, const char *verdict)
{
    check_example(&(struct example){{(const char *)document->bytes, document->length}, verdict});
}

static void put(struct buffer *buffer, const char *text)
{
    ck_assert(buffer_append(buffer, text_from(text)));
}

/* {"a":[[...]]} or {"a":{"a":...}} with so many levels, the top one counted. */
static void put_levels(struct buffer *buffer, size_t levels, const char *open, const char *close)
{
    put(buffer, "{\"a\":");
    put(buffer, repeated(open, levels - 1));
    put(buffer, "1");
    put(buffer, repeated(close, levels - 1));
    put(buffer, "}");
}

START_TEST(depth)
{
    static const char *const kinds[][2] = {{"[", "]"}, {"{\"a\":", "}"}};
    static const struct {
        size_t levels;
        const char *array, *object;
    } depths[] = {
        {31, fine, fine},
        {32, fine, fine},
        {33, "JSON: more than 32 levels at byte 36", "JSON: more than 32 levels at byte 160"},
        {34, "JSON: more than 32 levels at byte 36", "JSON: more than 32 levels at byte 160"},
        {100000, "JSON: more than 32 levels at byte 36", "JSON: more than 32 levels at byte 160"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(depths); i++) {
        for (size_t kind = 0; kind < 2; kind++) {
            struct buffer document CLEANUP(buffer_freep) = {NULL, 0};
            put_levels(&document, depths[i].levels, kinds[kind][0], kinds[kind][1]);
            expect(&document, kind == 0 ? depths[i].array : depths[i].object);
        }
    }
}
END_TEST

/* Closed levels are not counted: siblings may be many. */
START_TEST(depth_goes_down_again)
{
    struct buffer document CLEANUP(buffer_freep) = {NULL, 0};

    put(&document, "{\"a\":[");
    put(&document, repeated("[[],[[]]],", 5000));
    put(&document, "[]]}");
    expect(&document, fine);
}
END_TEST

/* So many members, named m0, m1, ...; all in one object, or some in each of several. */
static void put_members(struct buffer *buffer, int count, int per_object)
{
    put(buffer, "{\"list\":[");
    for (int i = 1; i < count; i++) {
        const char *open = (i - 1) % per_object == 0 ? "{" : "";
        const char *close = i == count - 1 ? "}" : i % per_object == 0 ? "}," : ",";
        char member[32];
        snprintf(member, sizeof(member), "%s\"m%d\":0%s", open, i, close);
        put(buffer, member);
    }
    put(buffer, "]}");
}

START_TEST(members)
{
    static const int shapes[] = {1, 64, 65, 5000};
    static const struct {
        int count;
        bool good;
    } counts[] = {{4095, true}, {4096, true}, {4097, false}, {9000, false}};

    for (size_t shape = 0; shape < ARRAY_LENGTH(shapes); shape++) {
        for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
            struct buffer document CLEANUP(buffer_freep) = {NULL, 0};
            struct jwkscore_error error = {.status = JWKSCORE_OK};
            put_members(&document, counts[i].count, shapes[shape]);
            ck_assert_status(scan_object((struct text){(char *)document.bytes, document.length}, &error),
                             counts[i].good ? JWKSCORE_OK : JWKSCORE_E_MALFORMED);
            ck_assert(counts[i].good ||
                      strncmp(error.message, "JSON: more than 4096 members at byte ", 37) == 0);
        }
    }
}
END_TEST

/*
 * {"n0":0,...,"nX":0}, and one more, before the one at `place`, with the name of number `twin`, or a new one.
 * Returns where the second of the twins is.
 */
static size_t put_with_twin(struct buffer *buffer, int count, int place, int twin, bool escaped)
{
    size_t second = 0;
    char member[40];

    put(buffer, "{");
    for (int i = 0; i < count; i++) {
        if (i == place) {
            second = buffer->length;
            snprintf(member, sizeof(member), escaped ? "\"\\u006e%d\":1," : "\"n%d\":1,", twin);
            put(buffer, member);
        }
        second = i == twin && i >= place ? buffer->length : second;
        snprintf(member, sizeof(member), "\"n%d\":0%s", i, i == count - 1 ? "" : ",");
        put(buffer, member);
    }
    put(buffer, "}");
    return second;
}

/*
 * Around 16, where pairs end and sorting begins, and 64, where the stack ends; the twin at each end and
 * between.
 */
START_TEST(duplicates_in_objects_of_all_sizes)
{
    static const int counts[] = {2, 3, 15, 16, 17, 18, 62, 63, 64, 65, 66, 300};

    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        int count = counts[i];
        const int twins[] = {0, count / 2, count - 1}, places[] = {0, 1, count / 2, count - 1};
        for (size_t t = 0; t < ARRAY_LENGTH(twins) * ARRAY_LENGTH(places) * 2; t++) {
            int twin = twins[t % 3], place = places[t / 3 % 4];
            struct buffer bad CLEANUP(buffer_freep) = {NULL, 0}, good CLEANUP(buffer_freep) = {NULL, 0};
            char verdict[64];
            size_t second = put_with_twin(&bad, count, place, twin, t >= 12);
            put_with_twin(&good, count, place, count, t >= 12);
            expect(&good, fine);
            snprintf(verdict, sizeof(verdict), "JSON: duplicate member at byte %zu", second);
            expect(&bad, verdict);
        }
    }
}
END_TEST

/* The names of outer objects survive inner ones that need the heap. */
START_TEST(duplicate_around_a_large_object)
{
    for (int twin = 0; twin < 2; twin++) {
        struct buffer document CLEANUP(buffer_freep) = {NULL, 0};
        put(&document, "{\"a\":1,\"b\":{\"c\":1,\"d\":");
        put_with_twin(&document, 200, 100, 200, false);
        put(&document, twin ? ",\"c\":1}}" : ",\"e\":1}}");
        if (twin) {
            char verdict[64];
            snprintf(verdict, sizeof(verdict), "JSON: duplicate member at byte %zu", document.length - 7);
            expect(&document, verdict);
        } else {
            expect(&document, fine);
        }
    }
}
END_TEST

START_TEST(long_names)
{
    enum { LENGTH = 100000 };
    char *name = malloc(LENGTH + 1);

    memset(name, 'n', LENGTH);
    name[LENGTH] = '\0';
    for (int same = 0; same < 2; same++) {
        struct buffer document CLEANUP(buffer_freep) = {NULL, 0};
        put(&document, "{\"");
        put(&document, name);
        put(&document, "\":1,\"");
        put(&document, name);
        put(&document, same ? "\":1}" : "m\":1}");
        expect(&document, same ? "JSON: duplicate member at byte 100006" : fine);
    }
    free(name);
}
END_TEST

/* A place and a kind of mistake, but nothing of what stands there. */
START_TEST(messages_keep_the_secret)
{
    static const struct text secrets[] = {
        TEXT("{\"SECRET\":1,\"SECRET\":2}"),
        TEXT("{\"a\":\"SECRET\\q\"}"),
        TEXT("{\"a\":SECRET}"),
        TEXT("{\"a\":\"SECRET\xff\"}"),
        TEXT("SECRET"),
        TEXT("{} SECRET"),
        TEXT("{\"a\":\"SECRET"),
    };

    for (size_t i = 0; i < ARRAY_LENGTH(secrets); i++) {
        struct jwkscore_error error = {.status = JWKSCORE_OK};
        ck_assert_int_eq(scan_object(secrets[i], &error), JWKSCORE_E_MALFORMED);
        ck_assert_ptr_null(strstr(error.message, "SECRET"));
        ck_assert_ptr_nonnull(strstr(error.message, " at byte "));
    }
}
END_TEST

/*
 * 4096 escaped names of one length and with one long beginning are as bad as it gets: some 20 ms, and ten
 * times that under valgrind.  Comparing each with each takes several seconds.
 */
START_TEST(worst_names_take_no_time)
{
    struct buffer document CLEANUP(buffer_freep) = {NULL, 0};
    clock_t start;

    put(&document, "{");
    for (int i = 0; i < JSON_MEMBERS_MAX; i++) {
        char member[160];
        snprintf(
            member, sizeof(member),
            "%s\"\\u0061aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%06d\":0",
            i == 0 ? "" : ",", i * 7919 % 1000000);
        put(&document, member);
    }
    put(&document, "}");
    start = clock();
    expect(&document, fine);
    ck_assert_msg(clock() - start < 2 * CLOCKS_PER_SEC, "%g s", (double)(clock() - start) / CLOCKS_PER_SEC);
}
END_TEST

int main(void)
{
    return RUN("scan", one_object_and_white_space, objects_and_arrays, literal_names,
               numbers_and_their_limits, strings_and_escapes, members_once, no_bytes_at_all,
               whole_documents_only, depth, depth_goes_down_again, members,
               duplicates_in_objects_of_all_sizes, duplicate_around_a_large_object, long_names,
               messages_keep_the_secret, worst_names_take_no_time);
}
