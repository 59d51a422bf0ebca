/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyset.c: a JWKS document (RFC 7517 section 5), and the keys in it that could have signed a token (CACHE 6).
 *
 * One bad key never spoils the others: it is skipped.  A key is read only when it is asked for, so a large set costs a
 * login no more than its scan.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

void keyset_free(struct keyset *keyset)
{
    if (keyset == NULL)
        return;
    value_free(keyset->document);
    free(keyset);
}

void keyset_freep(struct keyset **keyset)
{
    keyset_free(*keyset);
}

enum jwkscore_status keyset_parse(struct text document, struct keyset **ret_keyset, struct jwkscore_error *error)
{
    CLEANUP(keyset_freep) struct keyset *keyset = calloc(1, sizeof(*keyset));
    enum jwkscore_status status;

    if (keyset == NULL)
        return error_memory(error);
    status = value_parse(text_skip_bom(document), &keyset->document, error);
    if (status != JWKSCORE_OK)
        return status;
    keyset->keys = value_member(keyset->document, "keys");
    if (value_type(keyset->keys) != VALUE_ARRAY)
        return error_set(error, JWKSCORE_E_PROVIDER, "no array `keys` in the key set");
    keyset->count = value_count(keyset->keys);
    *ret_keyset = keyset;
    keyset = NULL;
    return JWKSCORE_OK;
}

enum key_drop keyset_key(const struct keyset *keyset, size_t index, struct jwk *ret_jwk)
{
    return jwk_read(value_at(keyset->keys, index), ret_jwk);
}

/* Does the key at `index` carry this kid?  Looked at before anything of the key is decoded. */
static bool has_kid(const struct keyset *keyset, size_t index, struct text kid)
{
    struct text its;

    return value_member_text(value_at(keyset->keys, index), "kid", &its) && text_equal(its, kid);
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

static bool fits(const struct jwk *jwk, const struct algorithm *algorithm, struct text issuer)
{
    return algorithm_fits(algorithm, jwk->material.type, jwk->material.curve) &&
           (jwk->algorithm == NULL || jwk->algorithm == algorithm) && serves_issuer(jwk, issuer);
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

/* Adds the key at `index` if it fits; false without memory. */
static bool consider(const struct keyset *keyset, size_t index, const struct algorithm *algorithm, struct text issuer,
                     bool vanished, struct candidates *candidates)
{
    struct jwk jwk;
    enum key_drop drop = keyset_key(keyset, index, &jwk);

    if (drop != DROP_NONE)
        return drop != DROP_MEMORY;
    jwk.vanished = vanished;
    if (fits(&jwk, algorithm, issuer))
        add_candidate(candidates, &jwk);
    else
        jwk_clear(&jwk);
    return true;
}

bool keyset_candidates(const struct keyset *keyset, const struct text *kid, const struct algorithm *algorithm,
                       struct text issuer, const struct vanished_keys *vanished, struct candidates *ret_candidates)
{
    struct candidates found = {0};
    size_t gone = vanished == NULL ? 0 : vanished->count < keyset->count ? vanished->count : keyset->count;
    size_t current = keyset->count - gone;
    bool ok = true;

    for (size_t i = 0; ok && i < current; i++) {
        if (kid != NULL && !has_kid(keyset, i, *kid))
            continue;
        found.known = true;
        ok = consider(keyset, i, algorithm, issuer, false, &found);
    }
    for (size_t i = 0; ok && kid != NULL && !found.known && i < gone; i++)
        if (vanished->gone[i] < vanished->grace_left && has_kid(keyset, current + i, *kid))
            ok = consider(keyset, current + i, algorithm, issuer, true, &found);
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
