/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyset.c: a JWKS document (RFC 7517 section 5), and the keys in it that could have signed a token (CACHE 6).
 *
 * One bad key never spoils the others: it is skipped.  A key is built and read only when it is asked for, so a large set
 * costs a login no more than its scan.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct keyset_element {
    struct text text;    /* empty: no object, which is no key */
    struct value *value; /* NULL until somebody asks for it */
};

void keyset_free(struct keyset *keyset)
{
    if (keyset == NULL)
        return;
    for (size_t i = 0; i < keyset->count; i++)
        value_free(keyset->elements[i].value);
    free(keyset->elements);
    free(keyset);
}

void keyset_freep(struct keyset **keyset)
{
    keyset_free(*keyset);
}

/* Makes room for twice as many whenever their number is a power of two. */
static bool add_element(struct keyset *keyset, struct text text)
{
    size_t count = keyset->count;

    if ((count & (count - 1)) == 0) {
        struct keyset_element *more = realloc(keyset->elements, (count == 0 ? 1 : 2 * count) * sizeof(*more));

        if (more == NULL)
            return false;
        keyset->elements = more;
    }
    keyset->elements[keyset->count++] = (struct keyset_element){*text.bytes == '{' ? text : TEXT(""), NULL};
    return true;
}

enum jwkscore_status keyset_parse(struct text document, struct keyset **ret_keyset, struct jwkscore_error *error)
{
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    struct text object = text_skip_bom(document), rest, element;
    enum jwkscore_status status = scan_object(object, error);

    if (status != JWKSCORE_OK)
        return status;
    if (!span_member(object, "keys", &rest) || *rest.bytes != '[')
        return error_set(error, JWKSCORE_E_PROVIDER, "no array `keys` in the key set");
    keyset = calloc(1, sizeof(*keyset));
    if (keyset == NULL)
        return error_memory(error);
    while (span_element(&rest, &element))
        if (!add_element(keyset, element))
            return error_memory(error); /* NOLINT(clang-analyzer-unix.Malloc): it does not know CLEANUP */
    *ret_keyset = keyset;
    keyset = NULL;
    return JWKSCORE_OK;
}

bool keyset_value(const struct keyset *keyset, size_t index, const struct value **ret_value)
{
    struct keyset_element *element = index < keyset->count ? &keyset->elements[index] : NULL;

    if (element == NULL || element->text.length == 0) {
        *ret_value = NULL;
        return true;
    }
    if (element->value == NULL && (element->value = value_build(element->text)) == NULL)
        return false;
    *ret_value = element->value;
    return true;
}

enum key_drop keyset_key(const struct keyset *keyset, size_t index, struct jwk *ret_jwk)
{
    const struct value *key;

    return keyset_value(keyset, index, &key) ? jwk_read(key, ret_jwk) : DROP_MEMORY;
}

/* What a token's key must be. */
struct wanted {
    const struct text *kid; /* NULL: any */
    const struct algorithm *algorithm;
    struct text issuer;
};

/* Is it no use to build this key?  Without a backslash a kid is written as it is; with one, nobody knows yet. */
static bool cannot_have(struct text key, const struct text *kid)
{
    return kid != NULL && memmem(key.bytes, key.length, kid->bytes, kid->length) == NULL &&
           memchr(key.bytes, '\\', key.length) == NULL;
}

static bool has_kid(const struct value *key, const struct text *kid)
{
    struct text its;

    return kid == NULL || (value_member_text(key, "kid", &its) && text_equal(its, *kid));
}

/*
 * Entra's keys name the issuer that they serve, with `{tenantid}` for one path segment.  This narrows what the
 * configuration allows and substitutes nothing anywhere else.
 */
static bool serves_issuer(const struct jwk *jwk, struct text issuer)
{
    static const char hole[] = "{tenantid}";
    const size_t hole_length = sizeof(hole) - 1;
    struct text pattern = jwk->issuer;
    size_t head, tail;

    if (pattern.length == 0 || text_equal(pattern, issuer))
        return true;
    for (head = 0; head + hole_length <= pattern.length; head++)
        if (memcmp(pattern.bytes + head, hole, hole_length) == 0)
            break;
    if (head + hole_length > pattern.length)
        return false;
    tail = pattern.length - head - hole_length;
    if (issuer.length <= head + tail || memcmp(pattern.bytes, issuer.bytes, head) != 0 ||
        memcmp(pattern.bytes + pattern.length - tail, issuer.bytes + issuer.length - tail, tail) != 0)
        return false;
    return memchr(issuer.bytes + head, '/', issuer.length - head - tail) == NULL;
}

static bool fits(const struct jwk *jwk, const struct wanted *wanted)
{
    return algorithm_fits(wanted->algorithm, jwk->material.type, jwk->material.curve) &&
           (jwk->algorithm == NULL || jwk->algorithm == wanted->algorithm) && serves_issuer(jwk, wanted->issuer);
}

static bool same_material(const struct jwk *a, const struct jwk *b)
{
    return text_equal(a->material.n, b->material.n) && text_equal(a->material.e, b->material.e) &&
           text_equal(a->material.x, b->material.x) && text_equal(a->material.y, b->material.y);
}

/* Takes the key over, or drops it where the same one is there already. */
static void add_candidate(struct candidates *candidates, struct jwk *jwk)
{
    for (size_t i = 0; i < candidates->count; i++)
        if (same_material(&candidates->at[i], jwk)) {
            jwk_clear(jwk);
            return;
        }
    if (candidates->count == KEYS_TRIED_MAX) {
        jwk_clear(jwk);
        return;
    }
    candidates->at[candidates->count++] = *jwk;
}

/* Adds the key at `index` if it is one that is wanted; false without memory. */
static bool consider(const struct keyset *keyset, size_t index, const struct wanted *wanted, bool vanished,
                     struct candidates *candidates)
{
    const struct value *key;
    enum key_drop drop;
    struct jwk jwk;

    if (cannot_have(keyset->elements[index].text, wanted->kid))
        return true;
    if (!keyset_value(keyset, index, &key))
        return false;
    if (!has_kid(key, wanted->kid))
        return true;
    candidates->known = candidates->known || !vanished;
    drop = jwk_read(key, &jwk);
    if (drop != DROP_NONE)
        return drop != DROP_MEMORY;
    jwk.vanished = vanished;
    if (fits(&jwk, wanted))
        add_candidate(candidates, &jwk);
    else
        jwk_clear(&jwk);
    return true;
}

bool keyset_candidates(const struct keyset *keyset, const struct text *kid, const struct algorithm *algorithm,
                       struct text issuer, const struct vanished_keys *vanished, struct candidates *ret_candidates)
{
    const struct wanted wanted = {kid, algorithm, issuer};
    struct candidates found = {0};
    size_t gone = vanished == NULL ? 0 : vanished->count < keyset->count ? vanished->count : keyset->count;
    size_t current = keyset->count - gone;
    bool ok = true;

    for (size_t i = 0; ok && i < current; i++)
        ok = consider(keyset, i, &wanted, false, &found);
    for (size_t i = 0; ok && kid != NULL && !found.known && i < gone; i++)
        if (vanished->gone[i] < vanished->grace_left)
            ok = consider(keyset, current + i, &wanted, true, &found);
    if (!ok) {
        candidates_clear(&found);
        return false;
    }
    *ret_candidates = found;
    return true;
}

void candidates_clear(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        jwk_clear(&candidates->at[i]);
    memset(candidates, 0, sizeof(*candidates));
}
