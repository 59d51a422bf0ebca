/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyset.c: no key of any set verifies what nobody signed; and what jwks-fetch stores of a set are the same keys, without
 * a private member, however often it is read and written again.  Its keys, each built alone, are those of the tree of the
 * whole document, and each is found by its kid.
 */
#include "../../jwks_fetch/fetch.h"
#include "fuzz.h"

#include <string.h>

static struct crypto *crypto;

/*
 * OpenSSL's search for factors takes a second for a large key, and chance decides whether it finds middling ones: here the
 * linker lets every key pass, so that the same input always gives the same set.  One key of a document is searched.
 */
__typeof__(key_check_thoroughly) __real_key_check_thoroughly, __wrap_key_check_thoroughly;
enum jwkscore_status __wrap_key_check_thoroughly(const struct crypto *unused, const struct key *key,
                                                 struct jwkscore_error *error)
{
    (void)unused;
    (void)key;
    (void)error;
    return JWKSCORE_OK;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crypto = crypto_new();
    must(crypto != NULL);
    return 0;
}

/* A signature of zeros, of ones, and one that ends in 1, as long as the key wants it. */
static void verify(const struct key *key)
{
    static const unsigned char fills[] = {0x00, 0xff};
    unsigned char signature[SIGNATURE_MAX];
    const struct algorithm *algorithm;

    for (size_t i = 0; (algorithm = algorithm_at(i)) != NULL; i++)
        for (size_t fill = 0; fill <= ARRAY_LENGTH(fills); fill++) {
            size_t length = key_signature_length(key, algorithm);

            must(length <= sizeof(signature));
            memset(signature, fills[fill % ARRAY_LENGTH(fills)], sizeof(signature));
            if (length > 0 && fill == ARRAY_LENGTH(fills))
                signature[length - 1] = signature[length / 2 - 1] = 1;
            must(key_verify(crypto, key, algorithm, TEXT("a.b"),
                            (struct text){(const char *)signature, length}, NULL) == JWKSCORE_E_SIGNATURE);
        }
}

static void check_found(struct text document, struct text kid)
{
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    CLEANUP(candidates_clear) struct candidates candidates = {.count = 0};

    must(keyset_parse(document, &keyset, NULL) == JWKSCORE_OK);
    must(keyset_candidates(keyset, &kid, algorithm_find(TEXT("RS256")), TEXT("i"), NULL, &candidates));
    must(candidates.known);
}

static void check_tree(struct text document, const struct keyset *keyset)
{
    CLEANUP(value_freep) struct value *whole = NULL;
    const struct value *keys, *key;
    struct text kid, same;

    must(value_parse(text_skip_bom(document), &whole, NULL) == JWKSCORE_OK);
    keys = value_member(whole, "keys");
    must(value_type(keys) == VALUE_ARRAY && value_count(keys) == keyset->count);
    for (size_t i = 0; i < keyset->count; i++) {
        CLEANUP(jwk_clear) struct jwk jwk = {0}, again = {0};

        must(keyset_value(keyset, i, &key) &&
             value_type(key) == (value_type(value_at(keys, i)) == VALUE_OBJECT ? VALUE_OBJECT : VALUE_ABSENT));
        must(keyset_key(keyset, i, &jwk) == jwk_read(value_at(keys, i), &again));
        must(jwk.octets.length == again.octets.length && text_equal(jwk.issuer, again.issuer));
        if (value_member_text(value_at(keys, i), "kid", &kid)) {
            must(value_member_text(key, "kid", &same) && text_equal(kid, same));
            if (i < KEYSET_KEYS_MAX)
                check_found(document, kid);
        }
    }
}

static void check_keys(struct text document)
{
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;

    if (keyset_parse(document, &keyset, NULL) != JWKSCORE_OK)
        return;
    check_tree(document, keyset);
    for (size_t i = 0; i < keyset->count && i < KEYSET_KEYS_MAX; i++) {
        CLEANUP(jwk_clear) struct jwk jwk = {0};
        CLEANUP(key_freep) struct key *key = NULL;

        if (keyset_key(keyset, i, &jwk) == DROP_NONE &&
            key_import(crypto, &jwk.material, &key, NULL) == JWKSCORE_OK)
            verify(key);
        if (i == 0 && key != NULL && jwk.material.n.length <= RSA_BITS_MIN / 8)
            (void)!__real_key_check_thoroughly(crypto, key, NULL);
    }
}

static void check_same(const struct set *before, const struct set *after)
{
    must(before->listing.count == after->listing.count &&
         text_equal((struct text){(char *)before->body.bytes, before->body.length},
                    (struct text){(char *)after->body.bytes, after->body.length}));
    for (size_t i = 0; i < before->listing.count; i++) {
        const struct listed *a = &before->listing.at[i], *b = &after->listing.at[i];

        must(text_equal(a->kid, b->kid) && a->kid_hash == b->kid_hash &&
             strcmp(a->thumbprint, b->thumbprint) == 0);
        must(set_has_key(&after->listing, a));
    }
    for (size_t i = 0; i < DROP_COUNT; i++)
        must(after->dropped[i] == 0);
    must(after->leaked.length == 0);
}

static void check_store(struct text document)
{
    CLEANUP(set_freep) struct set *set = NULL;
    CLEANUP(set_freep) struct set *again = NULL;
    struct failure failure = {OUTCOME_NONE, 0, "", ""};

    if (!set_read(crypto, document, &set, &failure)) {
        must(failure.outcome != OUTCOME_NONE && fuzz_is_printable(failure.detail, strlen(failure.detail)));
        return;
    }
    must(set->listing.count > 0 && set->listing.count <= set->document->count &&
         set_finish(crypto, set, NULL, 0));
    must(set_read(crypto, (struct text){(char *)set->body.bytes, set->body.length}, &again, &failure));
    must(set_finish(crypto, again, NULL, 0));
    check_same(set, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text document = {(const char *)data, size};

    check_keys(document);
    check_store(document);
    return 0;
}
