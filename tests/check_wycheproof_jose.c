/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_wycheproof_jose.c: tokens and key sets that others have published are judged as they say, but for a table.
 *
 * From the token's text to its signature, as in a login.  The issuer allows every algorithm, and nobody asks for claims:
 * these tokens have none (tests/vectors/wycheproof/README).
 */
#include "vectorfile.h"

#include <string.h>

/*
 * How many there are, how many pass, and how many come as far as the signature and fail by it: a vector that silently was
 * not run, or that is refused for want of claims, would be missing here.
 */
enum { SIGNATURE, KEY, CRYPTO };
static const struct jose_file {
    const char *name;
    int tests, accepted, forged;
} files[] = {
    [SIGNATURE] = {"json_web_signature_test.json", 401, 26, 290},
    [KEY] = {"json_web_key_test.json", 26, 2, 0},
    [CRYPTO] = {"json_web_crypto_test.json", 83, 3, 5},
};

/* Where we differ from the label, all of them. */
static const struct exception {
    size_t file;
    int ids[12]; /* up to a 0 */
    enum jwkscore_status ours;
    const char *why;
} exceptions[] = {
    {SIGNATURE, {1, 348, 352, 357, 358, 359, 376, 377}, JWKSCORE_E_SYMMETRIC, "H2: no HMAC"},
    {SIGNATURE, {372, 373}, JWKSCORE_E_MALFORMED, "B1: `?` cannot be in a token; and HMAC"},
    {SIGNATURE, {346, 350}, JWKSCORE_E_UNKNOWN_KEY, "H5: the key says PS256, the token PS384"},
    {SIGNATURE, {347, 351}, JWKSCORE_E_UNKNOWN_KEY, "H5: the key says ES521, and there is no such algorithm"},
    {SIGNATURE, {259, 264, 268, 272, 320, 325}, JWKSCORE_E_MALFORMED, "S4: the payload is empty"},
    {KEY, {2, 13, 14, 15}, JWKSCORE_E_SYMMETRIC, "H2: no HMAC"},
    {KEY, {7}, JWKSCORE_OK, "W3: nobody looks for the ROCA fingerprint"},
    {CRYPTO, {1, 48}, JWKSCORE_E_SYMMETRIC, "H2: no HMAC"},
    {CRYPTO, {50, 67}, JWKSCORE_E_ENCRYPTED, "S5: a JWE"},
    {CRYPTO, {46}, JWKSCORE_OK, "W3: nobody looks for the ROCA fingerprint"},
};

static const struct exception *find_exception(const struct jose_file *file, int id)
{
    for (size_t i = 0; i < ARRAY_LENGTH(exceptions); i++)
        for (const int *at = exceptions[i].ids; *at != 0; at++)
            if (&files[exceptions[i].file] == file && *at == id)
                return &exceptions[i];
    return NULL;
}

static int count_exceptions(const struct jose_file *file)
{
    int count = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(exceptions); i++)
        for (const int *at = exceptions[i].ids; *at != 0; at++)
            count += &files[exceptions[i].file] == file;
    return count;
}

/*
 * A token whose payload is no JSON object is read with an empty one in its place, and its signature is judged over what
 * was signed.  A payload that is empty or no base64url stays refused.
 */
static enum jwkscore_status read_token(struct text text, struct token **ret_token)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status = token_parse(text, ret_token, &error);
    const char *first = memchr(text.bytes, '.', text.length), *second = memrchr(text.bytes, '.', text.length);

    if (status != JWKSCORE_E_MALFORMED || strncmp(error.message, "the payload: ", 13) != 0)
        return status;
    status = token_parse(text_from(textf("%.*s.e30%s", (int)(first - text.bytes), text.bytes, second)),
                         ret_token, NULL);
    if (status == JWKSCORE_OK)
        (*ret_token)->signed_text = (struct text){text.bytes, (size_t)(second - text.bytes)};
    return status;
}

/* The public key set if there is one, else the private one; a bare key becomes a set. */
static const char *set_of(const struct vector *vector)
{
    const char *member = member_has(vector->group, "public") ? "public" : "private";
    const char *text = member_text(vector->group, member).bytes;

    return member_has(member_object(vector->group, member), "keys") ? text : textf("{\"keys\":[%s]}", text);
}

static enum jwkscore_status verify(const struct jwkscore_config *config, const struct token *token,
                                   const char *set)
{
    const struct keys_request request = {
        .config = config, .issuer = corp(config), .token = token, .now = NOW};
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    CLEANUP(candidates_clear) struct candidates candidates = {0};
    bool vanished;

    ck_assert_status(keyset_parse(text_from(set), &keyset, NULL), JWKSCORE_OK);
    ck_assert(keyset_candidates(keyset, token->has_kid ? &token->kid : NULL, token->algorithm,
                                text_from(request.issuer->issuer), NULL, &candidates));
    return verify_candidates(&request, &candidates, &vanished, NULL);
}

static enum jwkscore_status judge(const struct jwkscore_config *config, const struct vector *vector)
{
    CLEANUP(token_freep) struct token *token = NULL;
    struct text text = member_text(vector->test, member_has(vector->test, "jwe") ? "jwe" : "jws");
    enum jwkscore_status status = read_token(text, &token);

    return status == JWKSCORE_OK ? verify(config, token, set_of(vector)) : status;
}

static void expect(const struct vector *vector, const struct exception *exception,
                   enum jwkscore_status status)
{
    bool valid = strcmp(vector->label, "valid") == 0;

    ck_assert_msg(valid || strcmp(vector->label, "invalid") == 0, "%s is labelled %s", vector->name,
                  vector->label);
    if (exception != NULL) {
        ck_assert_msg(status == exception->ours, "%s is %s, not %s: %s", vector->name,
                      jwkscore_reason(status), jwkscore_reason(exception->ours), exception->why);
        ck_assert_msg(valid != (status == JWKSCORE_OK), "%s is no exception", vector->name);
        return;
    }
    ck_assert_msg(jwkscore_classify(status) == (valid ? JWKSCORE_CLASS_OK : JWKSCORE_CLASS_DENIED),
                  "%s is %s, and it is %s", vector->name, jwkscore_reason(status), vector->label);
}

static void run_file(const struct jose_file *file)
{
    /* as a set that no jwks-fetch has looked at: then small factors are looked for, too */
    CLEANUP(config_freep) struct jwkscore_config *config = config_told(CORP "jwks_file = /nowhere\n");
    CLEANUP(vectors_close) struct vectors vectors;
    struct vector vector;
    int tests = 0, accepted = 0, forged = 0, excepted = 0;

    vectors_open(file->name, &vectors);
    while (vectors_next(&vectors, &vector)) {
        const struct exception *exception = find_exception(file, vector.id);
        enum jwkscore_status status = judge(config, &vector);

        expect(&vector, exception, status);
        tests++;
        accepted += status == JWKSCORE_OK;
        forged += status == JWKSCORE_E_SIGNATURE;
        excepted += exception != NULL;
    }
    ck_assert_int_eq(tests, file->tests);
    ck_assert_int_eq(accepted, file->accepted);
    ck_assert_int_eq(forged, file->forged);
    ck_assert_int_eq(excepted, count_exceptions(file));
}

START_TEST(json_web_signature)
{
    run_file(&files[SIGNATURE]);
}
END_TEST

START_TEST(json_web_key)
{
    run_file(&files[KEY]);
}
END_TEST

START_TEST(json_web_crypto)
{
    run_file(&files[CRYPTO]);
}
END_TEST

/* Is the first key of the vector's set one that verifies anything at all? */
static bool key_is_fit(const struct crypto *crypto, const struct vector *vector)
{
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    CLEANUP(jwk_clear) struct jwk jwk = {0};
    CLEANUP(key_freep) struct key *key = NULL;

    ck_assert_status(keyset_parse(text_from(set_of(vector)), &keyset, NULL), JWKSCORE_OK);
    return keyset_key(keyset, 0, &jwk) == DROP_NONE &&
           key_import(crypto, &jwk.material, &key, NULL) == JWKSCORE_OK;
}

/* The tokens of 8 and 9 have no payload, which S4 refuses before their key is looked at; so here are the keys alone. */
START_TEST(unfit_keys_of_json_web_key)
{
    static const bool fit[27] = {[5] = true, [7] = true};
    CLEANUP(config_freep) struct jwkscore_config *config = jwkscore_config_new();
    CLEANUP(vectors_close) struct vectors vectors;
    struct vector vector;

    vectors_open(files[KEY].name, &vectors);
    while (vectors_next(&vectors, &vector)) {
        ck_assert_int_lt(vector.id, (int)ARRAY_LENGTH(fit));
        ck_assert_msg(key_is_fit(config->crypto, &vector) == fit[vector.id], "%s: its key is%s fit",
                      vector.name, fit[vector.id] ? " not" : "");
    }
}
END_TEST

int main(void)
{
    return RUN("wycheproof_jose", json_web_signature, json_web_key, json_web_crypto,
               unfit_keys_of_json_web_key);
}
