/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache.c: an issuer's keys as a reader finds them (CACHE 1, 2 and 8).
 *
 * A reader takes no lock, writes nothing and deletes nothing.  A file that fails any check counts as absent; why it did
 * is kept for the log.  Whoever owns the state directory is its one writer.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds a text and the NUL behind it. */
static bool add_field(struct buffer *out, const char *field)
{
    return buffer_append(out, (struct text){field != NULL ? field : "", (field != NULL ? strlen(field) : 0) + 1});
}

/* Issuer and trust settings: weak ones never feed a strict section, and a changed setting is a new, absent source. */
bool source_id(const struct crypto *crypto, const struct issuer_options *issuer, char ret_id[static SOURCE_ID_SIZE])
{
    CLEANUP(buffer_freep) struct buffer fields = {0};
    unsigned char digest[SHA256_SIZE];
    bool ok = add_field(&fields, "jwks-source-1") && add_field(&fields, issuer->issuer) &&
              add_field(&fields, issuer->jwks_uri) && add_field(&fields, issuer->ca_file) &&
              add_field(&fields, issuer->proxy);

    for (size_t i = 0; ok && i < issuer->mirror.count; i++)
        ok = add_field(&fields, issuer->mirror.at[i]);
    if (!ok || !crypto_sha256(crypto, (struct text){(char *)fields.bytes, fields.length}, digest))
        return false;
    text_hex(digest, (SOURCE_ID_SIZE - 1) / 2, ret_id);
    return true;
}

enum jwkscore_status cache_open(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                struct cache *ret_cache, struct jwkscore_error *error)
{
    struct cache cache = {.config = config, .issuer = issuer, .state_dir = {.fd = -1}, .run_dir = {.fd = -1}};
    uid_t also = config_file_owner(config);
    struct jwkscore_error why = {JWKSCORE_OK, ""};
    enum jwkscore_status status;

    if (!source_id(config->crypto, issuer, cache.id))
        return error_memory(error);
    status = folder_open(config->global.state_dir, also, true, &cache.state_dir, error);
    if (status != JWKSCORE_OK)
        return status;
    status = folder_open(config->global.run_dir, also, true, &cache.run_dir, &why);
    if (status == JWKSCORE_E_MEMORY) { /* a newer set may lie there */
        folder_closep(&cache.state_dir);
        return error_set(error, status, "%s", why.message);
    }
    if (status != JWKSCORE_OK)
        snprintf(cache.note, sizeof(cache.note), "%s%.150s", status == JWKSCORE_E_UNSAFE_FILE ? "cache-unsafe: " : "",
                 why.message);
    else if (cache.run_dir.owner != cache.state_dir.owner) {
        snprintf(cache.note, sizeof(cache.note), "cache-unsafe: run_dir and state_dir have different owners");
        folder_closep(&cache.run_dir);
    }
    *ret_cache = cache;
    return JWKSCORE_OK;
}

void cache_file_clear(struct cache_file *file)
{
    keyset_free(file->keyset);
    envelope_clear(&file->envelope);
    memset(file, 0, sizeof(*file));
}

void cache_close(struct cache *cache)
{
    cache_file_clear(&cache->file);
    folder_closep(&cache->state_dir);
    folder_closep(&cache->run_dir);
}

bool stamps_parse(const struct value *head, struct stamps *ret_stamps)
{
    struct stamps stamps = {0};
    struct text boot;

    if (!value_member_text(head, "boot", &boot) || boot.length >= sizeof(stamps.base.boot) ||
        !value_member_integer(head, "tns", 0, INT64_MAX, &stamps.base.tns) ||
        !value_member_integer(head, "fetched_w", 0, INT64_MAX, &stamps.fetched_w) ||
        !value_member_integer(head, "fetched_b", 0, INT64_MAX, &stamps.fetched_b) ||
        !value_member_integer(head, "validated_w", 0, INT64_MAX, &stamps.validated_w) ||
        !value_member_integer(head, "validated_b", 0, INT64_MAX, &stamps.validated_b) ||
        !value_member_integer(head, "floor_w", 0, INT64_MAX, &stamps.floor_w) ||
        !value_member_integer(head, "ttl", TTL_MIN, TTL_MAX, &stamps.ttl))
        return false;
    memcpy(stamps.base.boot, boot.bytes, boot.length);
    *ret_stamps = stamps;
    return true;
}

/* Members that only the helper uses must be there all the same: a file without one is not of this version. */
static bool has_other_members(const struct value *head)
{
    static const char *const texts[] = {"uri", "via", "ttl_from", "etag", "last_modified"};
    static const char *const numbers[] = {"not_modified", "seen", "kept"};
    struct text text;
    int64_t number;

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (!value_member_text(head, texts[i], &text) || text.length > URI_MAX)
            return false;
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        if (!value_member_integer(head, numbers[i], 0, INT64_MAX, &number))
            return false;
    return value_type(value_member(head, "dropped")) == VALUE_OBJECT;
}

static bool parse_gone(const struct value *list, struct cache_file *file)
{
    if (value_type(list) != VALUE_ARRAY || value_count(list) > KEYSET_KEYS_MAX)
        return false;
    for (size_t i = 0; i < value_count(list); i++) {
        bool fraction;

        if (!value_integer(value_at(list, i), &file->gone[i], &fraction) || fraction || file->gone[i] < 0 ||
            file->gone[i] > INT64_MAX / 2)
            return false;
    }
    file->gone_count = value_count(list);
    return true;
}

enum jwkscore_status cache_file_parse(const struct crypto *crypto, const char *id, const char *issuer, struct buffer *file,
                                      struct cache_file *ret_file, struct jwkscore_error *error)
{
    CLEANUP(cache_file_clear) struct cache_file parsed = {0};
    const struct value *head;
    enum jwkscore_status status = envelope_parse(crypto, "keys", file, &parsed.envelope, error);

    if (status != JWKSCORE_OK)
        return status;
    head = parsed.envelope.head;
    if (!value_is(value_member(head, "id"), id) || !value_is(value_member(head, "issuer"), issuer))
        return error_set(error, JWKSCORE_E_PROVIDER, "it belongs to another source");
    if (!stamps_parse(head, &parsed.stamps) || !value_member_integer(head, "gen", 0, INT64_MAX - 1, &parsed.gen) ||
        !has_other_members(head) || !parse_gone(value_member(head, "gone"), &parsed))
        return error_set(error, JWKSCORE_E_PROVIDER, "a member of its header is missing or out of range");
    status = keyset_parse(parsed.envelope.body, &parsed.keyset, error);
    if (status != JWKSCORE_OK)
        return status;
    if (parsed.keyset->count > 2 * KEYSET_KEYS_MAX || parsed.gone_count >= parsed.keyset->count)
        return error_set(error, JWKSCORE_E_PROVIDER, "it has no keys, or too many");
    *ret_file = parsed;
    parsed = (struct cache_file){0};
    return JWKSCORE_OK;
}

/* Without memory or cryptography nobody could look: that is no file that is bad. */
static void note_fault(struct cache *cache, enum jwkscore_status status)
{
    if (status == JWKSCORE_E_MEMORY || status == JWKSCORE_E_CRYPTO)
        cache->fault = status;
}

/* Reads one file; where it fails a check, cache->note says why and nothing is returned. */
static bool read_one(struct cache *cache, const struct folder *folder, const char *suffix, struct cache_file *ret_file)
{
    CLEANUP(buffer_freep) struct buffer bytes = {0};
    struct jwkscore_error why = {JWKSCORE_OK, ""};
    char name[SOURCE_ID_SIZE + 8];
    bool absent = false;
    enum jwkscore_status status;

    snprintf(name, sizeof(name), "%s%s", cache->id, suffix);
    if (folder->fd < 0)
        return false;
    status = file_read_at(folder, name, folder->owner, ENVELOPE_MAX, &bytes, &absent, &why);
    if (status == JWKSCORE_OK)
        status = cache_file_parse(cache->config->crypto, cache->id, cache->issuer->issuer, &bytes, ret_file, &why);
    note_fault(cache, status);
    if (status != JWKSCORE_OK && !absent)
        snprintf(cache->note, sizeof(cache->note), "%s: %s: %.100s",
                 status == JWKSCORE_E_UNSAFE_FILE ? "cache-unsafe" : "cache-corrupt", name, why.message);
    return status == JWKSCORE_OK;
}

/* Judges what is in cache->file by its age. */
static void judge(struct cache *cache, int64_t now)
{
    struct age age;

    age_of(&cache->file.stamps, now, &age);
    cache->age = age.seconds;
    cache->age_known = age.best >= CACHE_DUE;
    cache->state = age_state(cache->config->crypto, cache->issuer, cache->id, cache->file.stamps.ttl, &age);
}

void cache_load(struct cache *cache, int64_t now)
{
    struct cache_file current = {0}, overflow = {0};
    bool has_current, has_overflow;

    cache->fault = JWKSCORE_OK;
    /* In this order: the overflow copy goes once its successor is in the state directory, which is thus seen. */
    has_overflow = read_one(cache, &cache->run_dir, ".jwks", &overflow);
    has_current = read_one(cache, &cache->state_dir, ".jwks", &current);

    cache_file_clear(&cache->file);
    cache->state = CACHE_ABSENT;
    cache->age = 0;
    if (cache->fault != JWKSCORE_OK) {
        cache_file_clear(&current);
        cache_file_clear(&overflow);
        return;
    }
    if (has_overflow && (!has_current || overflow.gen > current.gen)) {
        cache_file_clear(&current);
        cache->file = overflow;
    } else if (has_current) {
        cache_file_clear(&overflow);
        cache->file = current;
    } else if (!read_one(cache, &cache->state_dir, ".prev", &cache->file)) {
        return; /* or nobody could look, which leaves it absent too */
    }
    judge(cache, now);
}

void cache_take(struct cache *cache, struct buffer *envelope, int64_t now)
{
    struct cache_file file = {0};
    struct jwkscore_error why = {JWKSCORE_OK, ""};
    enum jwkscore_status status =
        cache_file_parse(cache->config->crypto, cache->id, cache->issuer->issuer, envelope, &file, &why);

    note_fault(cache, status);
    if (status != JWKSCORE_OK) {
        snprintf(cache->note, sizeof(cache->note), "cache-corrupt: from the helper: %.100s", why.message);
        return;
    }
    cache_file_clear(&cache->file);
    cache->file = file;
    judge(cache, now);
}
