/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set.c: a new key set, checked, and compared with the old one (CACHE 11 and 12).
 *
 * What is stored is never what came, but the public members of the keys that may be used, written again by
 * us.
 */
#include "fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void set_free(struct set *set)
{
    if (set == NULL)
        return;
    keyset_free(set->document);
    buffer_freep(&set->body);
    free(set);
}

void set_freep(struct set **set)
{
    set_free(*set);
}

void set_listing_freep(struct listing **listing)
{
    free(*listing);
    *listing = NULL;
}

/* The next object of the array. */
static bool write_key(struct buffer *body, const struct jwk *jwk, const char *thumbprint)
{
    static const char opening[] = "{\"keys\":[";

    if (body->length == 0 ? !buffer_append(body, text_from(opening)) : !buffer_append(body, TEXT(",")))
        return false;
    return jwk_write(body, jwk, thumbprint);
}

static struct listed list_key(const struct crypto *crypto, const struct jwk *jwk, const char *thumbprint)
{
    struct listed listed = {.kid = jwk->kid, .kid_hash = jwk->has_kid ? rate_kid_hash(crypto, jwk->kid) : 0};

    memcpy(listed.thumbprint, thumbprint, sizeof(listed.thumbprint));
    return listed;
}

/* The numbers of a key: what a login checks, and the small factors that take too long for it. */
static enum key_drop check_material(const struct crypto *crypto, const struct jwk *jwk)
{
    CLEANUP(key_freep) struct key *key = NULL;
    enum jwkscore_status status = key_import(crypto, &jwk->material, &key, NULL);

    if (status == JWKSCORE_OK)
        status = key_check_thoroughly(crypto, key, NULL);
    return status == JWKSCORE_OK ? DROP_NONE : status == JWKSCORE_E_MEMORY ? DROP_MEMORY : DROP_MATERIAL;
}

/* One key: usable ones are written and listed, the others counted.  DROP_MEMORY ends it all. */
static enum key_drop take_key(const struct crypto *crypto, struct set *set, size_t index)
{
    CLEANUP(jwk_clear) struct jwk jwk = {0};
    char thumbprint[THUMBPRINT_SIZE];
    const struct value *key;
    enum key_drop drop = keyset_key(set->document, index, &jwk);

    if (drop == DROP_NONE)
        drop = check_material(crypto, &jwk);
    if (drop == DROP_PRIVATE && set->leaked.length == 0 &&
        (!keyset_value(set->document, index, &key) || !value_member_text(key, "kid", &set->leaked)))
        set->leaked = TEXT("(no kid)");
    if (drop != DROP_NONE) {
        if (drop != DROP_MEMORY)
            set->dropped[drop]++;
        return drop;
    }
    if (!material_thumbprint(crypto, &jwk.material, thumbprint) || !write_key(&set->body, &jwk, thumbprint))
        return DROP_MEMORY;
    set->listing.at[set->listing.count++] = list_key(crypto, &jwk, thumbprint);
    return DROP_NONE;
}

/* An error document, an empty set, the login page of a captive network: each gets its own name. */
static bool parse_document(struct text body, struct set *set, struct failure *failure)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status = keyset_parse(body, &set->document, &error);

    if (status == JWKSCORE_OK && set->document->count > KEYSET_KEYS_MAX) {
        failure_set(failure, OUTCOME_TOO_LARGE, 200, "%zu keys, and %d are the most", set->document->count,
                    (int)KEYSET_KEYS_MAX);
        return false;
    }
    if (status != JWKSCORE_OK)
        failure_set(failure,
                    status == JWKSCORE_E_PROVIDER ? OUTCOME_NO_KEYS
                    : status == JWKSCORE_E_MEMORY ? OUTCOME_HELPER
                                                  : OUTCOME_NOT_JSON,
                    200, "%s", error.message);
    return status == JWKSCORE_OK;
}

/* ": private 1, use 2" */
static void name_dropped(const struct set *set, char *out, size_t size)
{
    size_t length = 0;

    out[0] = '\0';
    for (size_t i = DROP_NONE + 1; i < DROP_COUNT && length < size; i++)
        if (set->dropped[i] > 0)
            length += (size_t)snprintf(out + length, size - length, "%s%s %zu", length > 0 ? ", " : ": ",
                                       jwk_drop_name((enum key_drop)i), set->dropped[i]);
}

bool set_read(const struct crypto *crypto, struct text body, struct set **ret_set, struct failure *failure)
{
    CLEANUP(set_freep) struct set *set = calloc(1, sizeof(*set));
    char dropped[128];

    if (set == NULL) {
        failure_set(failure, OUTCOME_HELPER, 200, "no memory");
        return false;
    }
    if (!parse_document(body, set, failure))
        return false;
    for (size_t i = 0; i < set->document->count; i++)
        if (take_key(crypto, set, i) == DROP_MEMORY) {
            failure_set(failure, OUTCOME_HELPER, 200, "no memory");
            return false;
        }
    if (set->listing.count == 0) {
        name_dropped(set, dropped, sizeof(dropped));
        failure_set(failure, OUTCOME_NO_USABLE, 200, "none of %zu keys can be used%s", set->document->count,
                    dropped);
        return false;
    }
    *ret_set = set;
    set = NULL;
    return true;
}

static size_t current_count(const struct cache_file *file)
{
    return file->keyset == NULL ? 0 : file->keyset->count - file->gone_count;
}

bool set_list(const struct crypto *crypto, const struct cache_file *file, struct listing *ret_listing)
{
    ret_listing->count = 0;
    for (size_t i = 0; i < current_count(file) && i < ARRAY_LENGTH(ret_listing->at); i++) {
        CLEANUP(jwk_clear) struct jwk jwk = {0};
        char thumbprint[THUMBPRINT_SIZE];
        enum key_drop drop = keyset_key(file->keyset, i, &jwk);

        if (drop == DROP_MEMORY)
            return false;
        if (drop != DROP_NONE)
            continue;
        if (!material_thumbprint(crypto, &jwk.material, thumbprint))
            return false;
        ret_listing->at[ret_listing->count++] = list_key(crypto, &jwk, thumbprint);
    }
    return true;
}

bool set_has_kid(const struct listing *listing, uint64_t kid_hash)
{
    for (size_t i = 0; i < listing->count; i++)
        if (listing->at[i].kid.length > 0 && listing->at[i].kid_hash == kid_hash)
            return true;
    return false;
}

bool set_has_key(const struct listing *listing, const struct listed *key)
{
    for (size_t i = 0; i < listing->count; i++)
        if (text_equal(listing->at[i].kid, key->kid) &&
            strcmp(listing->at[i].thumbprint, key->thumbprint) == 0)
            return true;
    return false;
}

bool set_has_news(const struct listing *now, const struct listing *before, uint64_t kid_hash)
{
    for (size_t i = 0; i < now->count; i++)
        if (now->at[i].kid.length > 0 && now->at[i].kid_hash == kid_hash && !set_has_key(before, &now->at[i]))
            return true;
    return false;
}

/*
 * Seconds since the old set was validated.  Where nobody can tell: longer than any grace, so that no key
 * gets younger.
 */
int64_t set_elapsed(const struct cache *cache, int64_t now)
{
    struct age age;

    age_of(&cache->file.stamps, now, &age);
    return age.best >= CACHE_DUE ? age.seconds : GRACE_MAX + 1;
}

/*
 * Is there a key of this kid in the document, usable or not?  One that came with its private half, or is no
 * longer for signatures, has not vanished: it was taken back.  set_read has asked for all of them already, so that
 * there is memory enough.
 */
static bool is_named(const struct keyset *document, struct text kid)
{
    const struct value *key;
    struct text its;

    for (size_t i = 0; i < document->count; i++)
        if (keyset_value(document, i, &key) && value_member_text(key, "kid", &its) && text_equal(its, kid))
            return true;
    return false;
}

/*
 * Writes the key at `index` of the old set behind the new ones, unless it is there, has no name, or is gone
 * too long.
 */
static bool keep_vanished(const struct crypto *crypto, struct set *set, const struct keyset *old,
                          size_t index, int64_t gone)
{
    CLEANUP(jwk_clear) struct jwk jwk = {0};
    char thumbprint[THUMBPRINT_SIZE];
    enum key_drop drop;

    if (gone > GRACE_MAX || set->gone_count == ARRAY_LENGTH(set->gone))
        return true;
    drop = keyset_key(old, index, &jwk);
    if (drop != DROP_NONE)
        return drop != DROP_MEMORY;
    if (!jwk.has_kid || is_named(set->document, jwk.kid))
        return true;
    if (!material_thumbprint(crypto, &jwk.material, thumbprint) || !write_key(&set->body, &jwk, thumbprint))
        return false;
    set->gone[set->gone_count++] = gone;
    return true;
}

/*
 * The order of the old file is that of vanishing, the latest first, and stays it: what just vanished stands
 * before what had vanished already, so it is the oldest that find no room.
 */
bool set_finish(const struct crypto *crypto, struct set *set, const struct cache *old, int64_t now)
{
    const struct cache_file *file = old != NULL ? &old->file : NULL;
    size_t current = file != NULL ? current_count(file) : 0;

    for (size_t i = 0; file != NULL && file->keyset != NULL && i < file->keyset->count; i++) {
        int64_t gone = set_elapsed(old, now) + (i < current ? 0 : file->gone[i - current]);

        if (!keep_vanished(crypto, set, file->keyset, i, gone))
            return false;
    }
    return buffer_append(&set->body, TEXT("]}"));
}

bool set_write_current(const struct crypto *crypto, const struct cache_file *file, struct buffer *ret_body)
{
    for (size_t i = 0; i < current_count(file); i++) {
        CLEANUP(jwk_clear) struct jwk jwk = {0};
        char thumbprint[THUMBPRINT_SIZE];

        if (keyset_key(file->keyset, i, &jwk) != DROP_NONE ||
            !material_thumbprint(crypto, &jwk.material, thumbprint) || !write_key(ret_body, &jwk, thumbprint))
            return false;
    }
    return buffer_append(ret_body, TEXT("]}"));
}
