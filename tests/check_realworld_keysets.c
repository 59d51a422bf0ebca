/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_realworld_keysets.c: of the key sets of real providers exactly those keys come out that can be used,
 * and they are the same behind the cache (CACHE 6 and 11; W2, W7, B6).
 */
#include "../jwks_fetch/fetch.h"
#include "cachefile.h"
#include "documents.h"

#include <string.h>

enum { FILE_NAME, KID, VERDICT, THUMBPRINT, SPELLING, COLUMNS };

static struct table expected_keys(void)
{
    return table_open("realworld/expected/keys.tsv", COLUMNS);
}

static void crypto_freep(struct crypto **crypto)
{
    crypto_free(*crypto);
}

static struct set *read_set(const struct crypto *crypto, const char *name)
{
    struct failure failure = {.outcome = OUTCOME_NONE};
    struct set *set = NULL;

    ck_assert_msg(set_read(crypto, document_read(textf("realworld/%s", name)), &set, &failure), "%s: %s",
                  name, failure.detail);
    return set;
}

static const struct value *key_at(const struct keyset *keyset, size_t index)
{
    const struct value *key = NULL;

    ck_assert(keyset_value(keyset, index, &key));
    return key;
}

/* --- which keys --- */

/* A set as it came, and how much of it the table has spoken of. */
struct progress {
    const char *file;
    struct set *set;
    size_t keys, usable, dropped[DROP_COUNT];
};

static void expect_key(struct progress *progress, const struct row *row)
{
    const struct listed *listed = &progress->set->listing.at[progress->usable];
    const struct value *key = key_at(progress->set->document, progress->keys++);
    enum key_drop drop = DROP_NONE;

    ck_assert_msg(value_is(value_member(key, "kid"), row->at[KID]), "%s: no key %s there", row->at[FILE_NAME],
                  row->at[KID]);
    if (strcmp(row->at[VERDICT], "usable") == 0) {
        ck_assert_msg(progress->usable++ < progress->set->listing.count, "%s: %s is missing",
                      row->at[FILE_NAME], row->at[KID]);
        ck_assert_msg(text_is(listed->kid, row->at[KID]), "%s: %s is missing", row->at[FILE_NAME],
                      row->at[KID]);
        ck_assert_str_eq(listed->thumbprint, row->at[THUMBPRINT]);
        return;
    }
    while (drop < DROP_COUNT && strcmp(jwk_drop_name(drop), row->at[VERDICT]) != 0)
        drop++;
    ck_assert_msg(drop < DROP_COUNT, "nothing is skipped as %s", row->at[VERDICT]);
    progress->dropped[drop]++;
}

static void expect_no_more(struct progress *progress)
{
    if (progress->set == NULL)
        return;
    ck_assert_msg(progress->keys == progress->set->document->count &&
                      progress->usable == progress->set->listing.count,
                  "%s: %zu of %zu keys can be used", progress->file, progress->set->listing.count,
                  progress->set->document->count);
    ck_assert_msg(memcmp(progress->dropped, progress->set->dropped, sizeof(progress->dropped)) == 0,
                  "%s: keys are skipped for other reasons", progress->file);
    set_free(progress->set);
}

START_TEST(each_key_is_usable_or_skipped_for_its_reason)
{
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();
    struct table table = expected_keys();
    struct progress progress = {.file = ""};
    struct row row;
    size_t files = 0;

    while (table_next(&table, &row)) {
        if (strcmp(progress.file, row.at[FILE_NAME]) != 0) {
            expect_no_more(&progress);
            progress =
                (struct progress){.file = row.at[FILE_NAME], .set = read_set(crypto, row.at[FILE_NAME])};
            files++;
        }
        expect_key(&progress, &row);
    }
    expect_no_more(&progress);
    ck_assert_uint_eq(files, document_count("realworld/*.jwks.json") +
                                 document_count("realworld/vendor-tests/*.jwks.json"));
}
END_TEST

/* --- what was mended (B6) --- */

/* Adds `what` to a list with commas, once. */
static const char *listed_with(const char *list, const char *what)
{
    return strstr(list, what) != NULL ? list : textf("%s%s%s", list, *list != '\0' ? "," : "", what);
}

/* What keeps this key's numbers from being base64url of the shortest form. */
static const char *faults_of(const struct value *key)
{
    static const char *const members[] = {"n", "e", "x", "y"};
    const char *faults = "";
    struct text encoded;

    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        unsigned char octets[BASE64_DECODED_MAX(2048)];
        size_t length = 0;

        if (!value_member_text(key, members[i], &encoded))
            continue;
        ck_assert_uint_le(encoded.length, 2048);
        if (!base64_decode(encoded, octets, &length)) {
            if (memchr(encoded.bytes, '+', encoded.length) != NULL ||
                memchr(encoded.bytes, '/', encoded.length) != NULL)
                faults = listed_with(faults, "alphabet");
            if (memchr(encoded.bytes, '=', encoded.length) != NULL)
                faults = listed_with(faults, "padding");
            ck_assert_msg(*faults != '\0', "a fault that is not mended");
            ck_assert(base64_decode_lenient(encoded, octets, &length));
        }
        if (i < 2 && octets[0] == 0)
            faults = listed_with(faults, "zeros");
    }
    return *faults != '\0' ? faults : "-";
}

/* Without mending, these keys and no others would be lost: a token with such a fault stays refused. */
START_TEST(keys_are_mended_where_the_table_says_so)
{
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    struct table table = expected_keys();
    const char *file = "";
    struct row row;

    for (size_t index = 0; table_next(&table, &row); index++) {
        if (strcmp(file, row.at[FILE_NAME]) != 0) {
            file = row.at[FILE_NAME];
            index = 0;
            keyset_free(keyset);
            keyset = NULL;
            ck_assert_status(keyset_parse(document_read(textf("realworld/%s", file)), &keyset, NULL),
                             JWKSCORE_OK);
        }
        ck_assert_msg(strcmp(faults_of(key_at(keyset, index)), row.at[SPELLING]) == 0, "%s %s: %s",
                      file, row.at[KID], faults_of(key_at(keyset, index)));
    }
}
END_TEST

/* --- behind the cache (W7) --- */

/* Only what a public key needs is stored. */
static void expect_public_members(const struct keyset *keyset)
{
    static const char *const stored[] = {"kty", "crv", "n",   "e",       "x",      "y",
                                         "kid", "use", "alg", "key_ops", "issuer", "thumbprint"};
    const struct value *value;
    struct text name;

    for (size_t i = 0; i < keyset->count; i++)
        for (void *cursor = NULL; value_next_member(key_at(keyset, i), &cursor, &name, &value);) {
            size_t at = 0;

            while (at < ARRAY_LENGTH(stored) && !text_is(name, stored[at]))
                at++;
            ck_assert_msg(at < ARRAY_LENGTH(stored), "%.*s is stored", (int)name.length, name.bytes);
        }
}

/* Whose tokens a key serves: the issuer that it names, with a tenant of our choice, else anybody's. */
static struct text served_issuer(const struct jwk *jwk)
{
    static const char template[] = "{tenantid}";
    const char *issuer = kept(jwk->issuer.bytes, jwk->issuer.length).bytes, *at = strstr(issuer, template);

    if (jwk->issuer.length == 0)
        return TEXT(CORP_ISSUER);
    if (at == NULL)
        return text_from(issuer);
    return text_from(textf("%.*s72f988bf-86f1-41af-91ab-2d7cd011db47%s", (int)(at - issuer), issuer,
                           at + strlen(template)));
}

static const struct algorithm *algorithm_of(const struct jwk *jwk)
{
    return jwk->algorithm != NULL
               ? jwk->algorithm
               : algorithm_find(jwk->material.type == KEY_RSA ? TEXT("RS256") : TEXT("ES256"));
}

/* What narrows a key is kept as it came. */
static void expect_as_it_came(const struct keyset *document, const struct value *key, struct text kid)
{
    static const char *const members[] = {"kty", "crv", "alg", "use", "issuer"};
    const struct value *its = NULL;

    for (size_t i = 0; i < document->count; i++) {
        struct text other;

        if (value_member_text(key_at(document, i), "kid", &other) && text_equal(other, kid))
            its = key_at(document, i);
    }
    ck_assert_ptr_nonnull(its);
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        struct text was = {"", 0}, is = {"", 0};

        ck_assert(value_member_text(its, members[i], &was) == value_member_text(key, members[i], &is));
        ck_assert_msg(text_equal(was, is), "%s has changed", members[i]);
    }
    ck_assert((value_member(its, "key_ops") != NULL) == (value_member(key, "key_ops") != NULL));
}

/*
 * A token that names this key would be checked with it, and with it alone; at another issuer only if the key
 * names none.
 */
static void expect_found(const struct crypto *crypto, const struct keyset *keyset, const struct jwk *jwk,
                         const struct listed *listed)
{
    CLEANUP(key_freep) struct key *key = NULL;
    CLEANUP(candidates_clear) struct candidates candidates = {0}, elsewhere = {0};
    char thumbprint[THUMBPRINT_SIZE];

    ck_assert(text_equal(jwk->kid, listed->kid));
    ck_assert(keyset_candidates(keyset, &jwk->kid, algorithm_of(jwk), served_issuer(jwk), NULL, &candidates));
    ck_assert_uint_eq(candidates.count, 1);
    ck_assert(material_thumbprint(crypto, &candidates.at[0].material, thumbprint));
    ck_assert_str_eq(thumbprint, listed->thumbprint);
    ck_assert_status(key_import(crypto, &candidates.at[0].material, &key, NULL), JWKSCORE_OK);
    ck_assert(keyset_candidates(keyset, &jwk->kid, algorithm_of(jwk), TEXT("https://else.example.com"), NULL,
                                &elsewhere));
    ck_assert_uint_eq(elsewhere.count, jwk->issuer.length == 0 ? 1 : 0);
}

/* Written as jwks-fetch does it, read as a login does it; what is read would be written the same again. */
static void expect_kept(const struct stage *stage, const char *file)
{
    const struct crypto *crypto = stage->config->crypto;
    CLEANUP(set_freep) struct set *set = read_set(crypto, file), *again = NULL;
    struct failure failure = {.outcome = OUTCOME_NONE};
    struct text body;
    struct cache cache;

    ck_assert(set_finish(crypto, set, NULL, NOW));
    body = kept(set->body.bytes, set->body.length);
    cachefile_put(stage, "state", ".jwks", cachefile(stage, "keys", keys_head(stage, 0, NULL), body.bytes));
    ck_assert_status(cache_open(stage->config, stage->issuer, &cache, NULL), JWKSCORE_OK);
    cache_load(&cache, NOW);
    ck_assert_msg(cache.state == CACHE_FRESH, "%s: %s", file, cache.note);
    ck_assert_uint_eq(cache.file.keyset->count, set->listing.count);
    expect_public_members(cache.file.keyset);
    for (size_t i = 0; i < set->listing.count; i++) {
        CLEANUP(jwk_clear) struct jwk jwk = {0};

        ck_assert_int_eq(keyset_key(cache.file.keyset, i, &jwk), DROP_NONE);
        expect_as_it_came(set->document, key_at(cache.file.keyset, i), jwk.kid);
        ck_assert(value_is(value_member(key_at(cache.file.keyset, i), "thumbprint"),
                           set->listing.at[i].thumbprint));
        expect_found(crypto, cache.file.keyset, &jwk, &set->listing.at[i]);
    }
    cache_close(&cache);

    ck_assert_msg(set_read(crypto, body, &again, &failure), "%s: %s", file, failure.detail);
    ck_assert(set_finish(crypto, again, NULL, NOW));
    ck_assert(text_equal((struct text){(char *)again->body.bytes, again->body.length}, body));
}

START_TEST(the_same_keys_are_found_behind_the_cache)
{
    struct table table = expected_keys();
    const char *file = "";
    struct stage stage;
    struct row row;

    stage_open(&stage, "");
    while (table_next(&table, &row)) {
        if (strcmp(file, row.at[FILE_NAME]) != 0)
            expect_kept(&stage, row.at[FILE_NAME]);
        file = row.at[FILE_NAME];
    }
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("realworld_keysets", each_key_is_usable_or_skipped_for_its_reason,
                       keys_are_mended_where_the_table_says_so, the_same_keys_are_found_behind_the_cache);
}
