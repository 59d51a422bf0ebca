/* SPDX-License-Identifier: Apache-2.0 */
/* check_keyset.c: a key set, and which of its keys could have signed a token (CACHE 6, 12; K1 to K5, H5). */
#include "support.h"

#include <string.h>

static enum jwkscore_status judge(struct text document, size_t *ret_count)
{
    struct keyset *const poison = (struct keyset *)(void *)&document;
    struct keyset *keyset = poison;
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status = keyset_parse(document, &keyset, &error);

    ck_assert_int_eq(error.status, status);
    ck_assert((status == JWKSCORE_OK) == (keyset != poison));
    if (status == JWKSCORE_OK) {
        *ret_count = keyset->count;
        keyset_free(keyset);
    }
    return status;
}

/* W1, J2, J8 */
START_TEST(a_set_is_an_object_with_an_array_of_keys)
{
    static const struct {
        const char *document;
        size_t count;
        enum jwkscore_status status;
    } rows[] = {
        {"{\"keys\":[]}", 0, JWKSCORE_OK},
        {"{\"keys\":[1,null,{}],\"more\":[]}", 3, JWKSCORE_OK},
        {"\xef\xbb\xbf{\"keys\":[{}]}", 1, JWKSCORE_OK}, /* one BOM: a real provider's */
        {"\xef\xbb\xbf\xef\xbb\xbf{\"keys\":[{}]}", 0, JWKSCORE_E_MALFORMED},
        {" \xef\xbb\xbf{\"keys\":[{}]}", 0, JWKSCORE_E_MALFORMED},
        {"{}", 0, JWKSCORE_E_PROVIDER},
        {"{\"Keys\":[]}", 0, JWKSCORE_E_PROVIDER},
        {"{\"keys\":{}}", 0, JWKSCORE_E_PROVIDER},
        {"{\"keys\":null}", 0, JWKSCORE_E_PROVIDER},
        {"{\"keys\":\"[]\"}", 0, JWKSCORE_E_PROVIDER},
        {"{\"error\":\"too many requests\"}", 0, JWKSCORE_E_PROVIDER},
        {"[]", 0, JWKSCORE_E_MALFORMED},
        {"", 0, JWKSCORE_E_MALFORMED},
        {"\xef\xbb", 0, JWKSCORE_E_MALFORMED},
        {"<html>", 0, JWKSCORE_E_MALFORMED},
        {"{\"keys\":[]}x", 0, JWKSCORE_E_MALFORMED},
        {"{\"keys\":[],\"keys\":[]}", 0, JWKSCORE_E_MALFORMED},
        {"{\"keys\":[],\"\\u006beys\":[]}", 0, JWKSCORE_E_MALFORMED},
        {"{\"keys\":[{\"kid\":\"a\",\"kid\":\"b\"}]}", 0, JWKSCORE_E_MALFORMED},
        {"{\"keys\":[{\"kid\":\"\\u0000\"}]}", 0, JWKSCORE_E_MALFORMED}, /* also in a key that nobody asks for */
        {"{\"\\u006beys\":[{}]}", 1, JWKSCORE_OK},
        {"{\"a\":\"keys\",\"b\":{\"keys\":[1,2]},\"keys\":[ {} ],\"c\":[]}", 1, JWKSCORE_OK},
        {"{\"a\":{\"keys\":[]}}", 0, JWKSCORE_E_PROVIDER},
        {"{\"keys\":[ ]}", 0, JWKSCORE_OK},
        {"{\"keys\":[[],[[{}],{}],\"]\",\"\\\"]\",{\"a\":\"}],\"}]}", 5, JWKSCORE_OK},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        size_t count = 0;

        ck_assert_msg(judge(text_from(rows[i].document), &count) == rows[i].status, "%s", rows[i].document);
        ck_assert_uint_eq(count, rows[i].count);
    }
}
END_TEST

/* As many as there are: the readers' limits are theirs. */
START_TEST(a_large_set_is_counted)
{
    CLEANUP(buffer_freep) struct buffer document = {NULL, 0};
    size_t count = 0;

    ck_assert(buffer_append(&document, TEXT("{\"keys\":[{}")));
    for (size_t i = 1; i < 5 * KEYSET_KEYS_MAX; i++)
        ck_assert(buffer_append(&document, TEXT(",{}")));
    ck_assert(buffer_append(&document, TEXT("]}")));
    ck_assert_status(judge((struct text){(char *)document.bytes, document.length}, &count), JWKSCORE_OK);
    ck_assert_uint_eq(count, 5 * KEYSET_KEYS_MAX);
}
END_TEST

START_TEST(what_is_no_object_is_no_key)
{
    static const char document[] = "{\"keys\":[1,null,true,\"{}\",[{\"kty\":\"RSA\"}],{}]}";
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    const struct value *key;
    struct jwk jwk;

    ck_assert_status(keyset_parse(text_from(document), &keyset, NULL), JWKSCORE_OK);
    ck_assert_uint_eq(keyset->count, 6);
    for (size_t i = 0; i <= keyset->count; i++) {
        ck_assert_int_eq(keyset_key(keyset, i, &jwk), DROP_KTY);
        ck_assert(keyset_value(keyset, i, &key));
        ck_assert_int_eq(value_type(key), i == 5 ? VALUE_OBJECT : VALUE_ABSENT);
    }
}
END_TEST

/* Whoever has asked for every key needs the document no more, and what a key says stays as long as the set. */
START_TEST(a_key_is_built_once)
{
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    const struct value *first, *second, *again;
    char document[] = "{\"keys\":[1,{\"kid\":\"a\\\"]\"},{\"kid\":\"b\"}]}";
    struct text kid;

    ck_assert_status(keyset_parse(text_from(document), &keyset, NULL), JWKSCORE_OK);
    ck_assert(keyset_value(keyset, 1, &first) && keyset_value(keyset, 2, &second));
    memset(document, 'x', sizeof(document));
    ck_assert(keyset_value(keyset, 0, &again) && again == NULL);
    ck_assert(keyset_value(keyset, 1, &again) && again == first);
    ck_assert(value_member_text(first, "kid", &kid) && text_is(kid, "a\"]"));
    ck_assert(value_member_text(second, "kid", &kid) && text_is(kid, "b"));
}
END_TEST

/* --- candidates --- */

struct query {
    const char *kid; /* NULL: the token names none */
    const char *alg, *issuer;
    struct vanished_keys vanished;
};

/* The candidates' x or n, compared with those of minted keys: "P0 R1", and "!" behind what has vanished. */
static const char *described(const struct candidates *candidates)
{
    static const char letters[MINT_KINDS + 1] = "RPQSE";
    const char *text = "";

    for (size_t i = 0; i < candidates->count; i++)
        for (enum mint_kind kind = MINT_RSA; kind < MINT_KINDS; kind++)
            for (unsigned number = 0; number < (kind == MINT_RSA ? 1 : 2); number++) {
                const struct key_material *m = &mint_key(kind, number)->material,
                                          *its = &candidates->at[i].material;

                if (text_equal(m->n, its->n) && text_equal(m->x, its->x))
                    text = textf("%s%s%c%u%s", text, *text != '\0' ? " " : "", letters[kind], number,
                                 candidates->at[i].vanished ? "!" : "");
            }
    return text;
}

/* The candidates as above, and "known" or "unknown". */
static const char *ask(const char *document, struct query query)
{
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    CLEANUP(candidates_clear) struct candidates candidates = {0};
    const struct text kid = text_from(query.kid);

    ck_assert_status(keyset_parse(text_from(document), &keyset, NULL), JWKSCORE_OK);
    ck_assert(keyset_candidates(keyset, query.kid != NULL ? &kid : NULL, algorithm_find(text_from(query.alg)),
                                text_from(query.issuer != NULL ? query.issuer : CORP_ISSUER),
                                query.vanished.count > 0 ? &query.vanished : NULL, &candidates));
    return textf("%s %s", described(&candidates), candidates.known ? "known" : "unknown");
}

static const char *jwk(enum mint_kind kind, unsigned number, const char *members)
{
    return mint_jwk(mint_key(kind, number), members);
}

/* K2: length and bytes. */
START_TEST(a_key_is_found_by_its_kid)
{
    const char *set = mint_jwks(jwk(MINT_P256, 0, "\"kid\":\"a\""), jwk(MINT_P256, 1, "\"kid\":\"b\""),
                                jwk(MINT_RSA, 0, NULL));

    ck_assert_str_eq(ask(set, (struct query){.kid = "a", .alg = "ES256"}), "P0 known");
    ck_assert_str_eq(ask(set, (struct query){.kid = "b", .alg = "ES256"}), "P1 known");
    ck_assert_str_eq(ask(set, (struct query){.kid = "A", .alg = "ES256"}), " unknown");
    ck_assert_str_eq(ask(set, (struct query){.kid = "aa", .alg = "ES256"}), " unknown");
    ck_assert_str_eq(ask(set, (struct query){.kid = "*", .alg = "ES256"}), " unknown");
    ck_assert_str_eq(ask(set, (struct query){.kid = "", .alg = "ES256"}), " unknown");
}
END_TEST

/* Whether it is written with escapes, or other things in its key are. */
START_TEST(a_kid_is_found_however_it_is_spelt)
{
    static const char *const members[] = {
        "\"kid\":\"key\"", "\"kid\":\"\\u006bey\"", "\"\\u006bid\":\"key\"", "\"kid\":\"k\\u0065\\u0079\"",
        "\"kid\":\"key\",\"x5t\":\"a\\/\\\"\"", "\"x5c\":[\"]\",\"}\",\"\\\\\",[{}]],\"kid\" : \"key\"",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        const char *set = mint_jwks(jwk(MINT_P256, 0, members[i]), jwk(MINT_P256, 1, "\"kid\":\"b\""));

        ck_assert_str_eq(ask(set, (struct query){.kid = "key", .alg = "ES256"}), "P0 known");
        ck_assert_str_eq(ask(set, (struct query){.kid = "b", .alg = "ES256"}), "P1 known");
        ck_assert_str_eq(ask(set, (struct query){.kid = "\\u006bey", .alg = "ES256"}), " unknown");
    }
    ck_assert_str_eq(ask(mint_jwks(jwk(MINT_P256, 0, "\"kid\":\"a\\/b\\\\\"")),
                         (struct query){.kid = "a/b\\", .alg = "ES256"}),
                     "P0 known");
    ck_assert_str_eq(ask(textf("\xef\xbb\xbf{\"keys\" : [ [] , %s ] }", jwk(MINT_P256, 0, "\"kid\":\"key\"")),
                         (struct query){.kid = "key", .alg = "ES256"}),
                     "P0 known");
}
END_TEST

/* The bytes of a kid somewhere in a key are not yet its kid. */
START_TEST(a_kid_elsewhere_in_a_key_is_not_its_kid)
{
    const char *set = mint_jwks(jwk(MINT_P256, 0, "\"kid\":\"other\",\"x5t\":\"key\",\"key\":{\"kid\":\"key\"}"),
                                "\"key\"", "[\"kid\",\"key\"]", jwk(MINT_P256, 1, "\"kid\":\"a key\""));

    ck_assert_str_eq(ask(set, (struct query){.kid = "key", .alg = "ES256"}), " unknown");
    ck_assert_str_eq(ask(set, (struct query){.kid = "a key", .alg = "ES256"}), "P1 known");
}
END_TEST

/* H4, H5, K5: kid alone is not enough, but it says that no refresh is needed. */
START_TEST(a_key_must_fit_the_algorithm)
{
    static const struct {
        enum mint_kind kind;
        const char *members, *alg, *wanted;
    } rows[] = {
        {MINT_P256, "\"kid\":\"k\"", "ES256", "P0 known"},
        {MINT_P256, "\"kid\":\"k\"", "ES384", " known"},
        {MINT_P256, "\"kid\":\"k\"", "EdDSA", " known"},
        {MINT_P256, "\"kid\":\"k\"", "RS256", " known"},
        {MINT_P384, "\"kid\":\"k\"", "ES384", "Q0 known"},
        {MINT_P521, "\"kid\":\"k\"", "ES512", "S0 known"},
        {MINT_RSA, "\"kid\":\"k\"", "RS256", "R0 known"},
        {MINT_RSA, "\"kid\":\"k\"", "PS512", "R0 known"},
        {MINT_RSA, "\"kid\":\"k\",\"alg\":\"RS256\"", "RS256", "R0 known"},
        {MINT_RSA, "\"kid\":\"k\",\"alg\":\"RS256\"", "PS256", " known"},
        {MINT_RSA, "\"kid\":\"k\",\"alg\":\"RS256\"", "RS384", " known"},
        {MINT_ED25519, "\"kid\":\"k\"", "EdDSA", "E0 known"},
        {MINT_ED25519, "\"kid\":\"k\"", "Ed25519", "E0 known"},
        {MINT_ED25519, "\"kid\":\"k\",\"alg\":\"EdDSA\"", "Ed25519", " known"},
        {MINT_RSA, "\"kid\":\"k\",\"use\":\"enc\"", "RS256", " known"},
        {MINT_RSA, "\"kid\":\"k\",\"key_ops\":[\"encrypt\"]", "RS256", " known"},
        {MINT_RSA, "\"kid\":\"k\",\"d\":\"AA\"", "RS256", " known"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        ck_assert_str_eq(ask(mint_jwks(jwk(rows[i].kind, 0, rows[i].members)),
                             (struct query){.kid = "k", .alg = rows[i].alg}),
                         rows[i].wanted);
}
END_TEST

/* K3: all that fit, so that the caller sees whether there is exactly one; a kid in the set is no obstacle. */
START_TEST(without_a_kid_every_key_that_fits_counts)
{
    const struct query query = {.alg = "ES256"};

    ck_assert_str_eq(ask(mint_jwks(jwk(MINT_P256, 0, NULL)), query), "P0 known");
    ck_assert_str_eq(ask(mint_jwks(jwk(MINT_P256, 0, "\"kid\":\"a\""), jwk(MINT_RSA, 0, NULL)), query),
                     "P0 known");
    ck_assert_str_eq(ask(mint_jwks(jwk(MINT_P256, 0, NULL), jwk(MINT_P256, 1, "\"kid\":\"b\"")), query),
                     "P0 P1 known");
    ck_assert_str_eq(ask(mint_jwks(jwk(MINT_P256, 0, NULL), jwk(MINT_P256, 0, "\"kid\":\"b\"")), query),
                     "P0 known");
    ck_assert_str_eq(ask("{\"keys\":[]}", query), " unknown");
}
END_TEST

/* A JWK without kid serves only tokens without one. */
START_TEST(a_key_without_kid_is_nobodys_kid)
{
    const char *set = mint_jwks(jwk(MINT_P256, 0, NULL), jwk(MINT_P256, 1, "\"kid\":null"));

    ck_assert_str_eq(ask(set, (struct query){.kid = "null", .alg = "ES256"}), " unknown");
    ck_assert_str_eq(ask(set, (struct query){.alg = "ES256"}), "P0 known");
}
END_TEST

/* K4: different material, in document order; the same twice is one key; bad ones spoil nothing (W2). */
START_TEST(several_keys_under_one_kid_are_tried)
{
    const struct query query = {.kid = "k", .alg = "ES256"};
    const char *first = jwk(MINT_P256, 0, "\"kid\":\"k\""), *second = jwk(MINT_P256, 1, "\"kid\":\"k\"");

    ck_assert_str_eq(ask(mint_jwks(first, second), query), "P0 P1 known");
    ck_assert_str_eq(ask(mint_jwks(second, first, first, second), query), "P1 P0 known");
    ck_assert_str_eq(ask(mint_jwks(jwk(MINT_P384, 0, "\"kid\":\"k\""), first), query), "P0 known");
    ck_assert_str_eq(ask(mint_jwks("7", "{\"kid\":\"k\"}", "{\"kty\":\"oct\",\"k\":\"AA\",\"kid\":\"k\"}",
                                   jwk(MINT_P256, 0, "\"kid\":\"k\",\"use\":\"enc\""), second, "[]"),
                         query),
                     "P1 known");
}
END_TEST

START_TEST(at_most_four_keys_are_tried)
{
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    CLEANUP(candidates_clear) struct candidates candidates = {0};
    const struct text kid = TEXT("k");
    const char *list = "";

    for (unsigned i = 0; i < 6; i++)
        list = textf("%s%s{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"AQA%c\"}", list,
                     i > 0 ? "," : "", 'A' + (char)i);
    ck_assert_status(keyset_parse(text_from(textf("{\"keys\":[%s]}", list)), &keyset, NULL), JWKSCORE_OK);
    ck_assert(keyset_candidates(keyset, &kid, algorithm_find(TEXT("RS256")), TEXT("i"), NULL, &candidates));
    ck_assert_uint_eq(candidates.count, KEYS_TRIED_MAX);
    for (unsigned i = 0; i < KEYS_TRIED_MAX; i++)
        ck_assert_int_eq(candidates.at[i].material.n.bytes[2], (char)i);
}
END_TEST

/* Entra's `issuer`: it narrows, with `{tenantid}` for one path segment. */
START_TEST(a_key_serves_the_issuer_that_it_names)
{
    static const struct {
        const char *its, *issuer;
        bool serves;
    } rows[] = {
        {"https://i.example/a", "https://i.example/a", true},
        {"https://i.example/a", "https://i.example/b", false},
        {"https://i.example/a", "https://i.example/a/", false},
        {"https://i.example/A", "https://i.example/a", false},
        {"https://i.example/{tenantid}/v2.0", "https://i.example/9188040d/v2.0", true},
        {"https://i.example/{tenantid}/v2.0", "https://i.example//v2.0", false},
        {"https://i.example/{tenantid}/v2.0", "https://i.example/a/b/v2.0", false},
        {"https://i.example/{tenantid}/v2.0", "https://i.example/a/v1.0", false},
        {"https://i.example/{tenantid}/v2.0", "https://j.example/a/v2.0", false},
        {"https://i.example/{tenantid}/v2.0", "https://i.example/v2.0", false},
        {"https://i.example/{tenantid}/v2.0", "https://i.example/a/v2.0/x", false},
        {"https://i.example/{tenantid}", "https://i.example/a", true},
        {"https://i.example/{tenantid}", "https://i.example/", false},
        {"https://i.example/{tenantid}", "https://i.example/a/", false},
        {"https://i.example/{tenantId}", "https://i.example/a", false},
        {"https://i.example/{tenantid}/{tenantid}", "https://i.example/a/b", false},
        {"{tenantid}", "https://i.example/a", false},
        {"{tenantid", "{tenantid", true},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const char *set = mint_jwks(jwk(MINT_P256, 0, textf("\"kid\":\"k\",\"issuer\":\"%s\"", rows[i].its)));

        ck_assert_msg(strcmp(ask(set, (struct query){.kid = "k", .alg = "ES256", .issuer = rows[i].issuer}),
                             rows[i].serves ? "P0 known" : " known") == 0,
                      "%s for %s", rows[i].its, rows[i].issuer);
    }
}
END_TEST

/* --- vanished keys --- */

/* The last keys of the array; found by kid alone, within their grace, and behind current ones (CACHE 12). */
START_TEST(a_vanished_key_is_used_within_its_grace)
{
    static const int64_t gone[] = {100, 200};
    const char *set = mint_jwks(jwk(MINT_RSA, 0, "\"kid\":\"r\""), jwk(MINT_P256, 0, "\"kid\":\"a\""),
                                jwk(MINT_P256, 1, "\"kid\":\"b\""));
    const struct {
        const char *kid;
        int64_t left;
        const char *wanted;
    } rows[] = {
        {"a", 101, "P0! unknown"}, {"a", 100, " unknown"}, {"b", 201, "P1! unknown"},
        {"b", 200, " unknown"},    {"b", 101, " unknown"}, {"a", 0, " unknown"},
        {"a", -5, " unknown"},     {NULL, 1000, " known"}, {"c", 1000, " unknown"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        ck_assert_str_eq(
            ask(set, (struct query){.kid = rows[i].kid, .alg = "ES256", .vanished = {gone, 2, rows[i].left}}),
            rows[i].wanted);
}
END_TEST

START_TEST(a_vanished_key_is_dropped_where_a_current_one_has_its_kid)
{
    static const int64_t gone[] = {1};
    const struct query query = {.kid = "k", .alg = "ES256", .vanished = {gone, 1, 1000}};
    const char *old = jwk(MINT_P256, 0, "\"kid\":\"k\"");

    ck_assert_str_eq(ask(mint_jwks(jwk(MINT_P256, 1, "\"kid\":\"k\""), old), query), "P1 known");
    ck_assert_str_eq(ask(mint_jwks(jwk(MINT_P384, 0, "\"kid\":\"k\""), old), query), " known");
    ck_assert_str_eq(ask(mint_jwks(jwk(MINT_P256, 1, "\"kid\":\"other\""), old), query), "P0! unknown");
}
END_TEST

/* Vanished keys never make a set usable: not even where somebody says that all of them have vanished. */
START_TEST(no_key_counts_as_current_that_has_vanished)
{
    static const int64_t gone[] = {500, 500, 500};
    const char *set = mint_jwks(jwk(MINT_P256, 0, "\"kid\":\"k\""), jwk(MINT_RSA, 0, "\"kid\":\"r\""));

    ck_assert_str_eq(ask(set, (struct query){.kid = "k", .alg = "ES256", .vanished = {gone, 2, 400}}),
                     " unknown");
    ck_assert_str_eq(ask(set, (struct query){.kid = "k", .alg = "ES256", .vanished = {gone, 3, 400}}),
                     " unknown");
    ck_assert_str_eq(ask(set, (struct query){.alg = "ES256", .vanished = {gone, 2, 600}}),
                     " unknown"); /* K3 */
    ck_assert_str_eq(ask(set, (struct query){.kid = "k", .alg = "ES256"}), "P0 known");
}
END_TEST

int main(void)
{
    mint_early();
    return RUN("keyset", a_set_is_an_object_with_an_array_of_keys, a_large_set_is_counted, what_is_no_object_is_no_key,
               a_key_is_built_once, a_key_is_found_by_its_kid, a_kid_is_found_however_it_is_spelt,
               a_kid_elsewhere_in_a_key_is_not_its_kid,
               a_key_must_fit_the_algorithm, without_a_kid_every_key_that_fits_counts,
               a_key_without_kid_is_nobodys_kid, several_keys_under_one_kid_are_tried,
               at_most_four_keys_are_tried, a_key_serves_the_issuer_that_it_names,
               a_vanished_key_is_used_within_its_grace,
               a_vanished_key_is_dropped_where_a_current_one_has_its_kid,
               no_key_counts_as_current_that_has_vanished);
}
