/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.c: the keys of an issuer as an administrator wants to see them, and a refresh on request.  No part of a
 * decision.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct shown_key {
    struct jwkscore_source_key shown;
    struct jwk jwk;
    char thumbprint[THUMBPRINT_SIZE];
};

struct jwkscore_source {
    struct cache cache;
    struct rate rate;
    struct buffer file;          /* of a jwks_file */
    struct keyset *file_keyset;
    struct sourcestate state;
    struct shown_key *keys;
    size_t key_count;
};

void jwkscore_source_free(struct jwkscore_source *source)
{
    if (source == NULL)
        return;
    for (size_t i = 0; i < source->key_count; i++)
        jwk_clear(&source->keys[i].jwk);
    free(source->keys);
    keyset_free(source->file_keyset);
    buffer_freep(&source->file);
    cache_close(&source->cache);
    free(source);
}

static const char *type_name(enum key_type type)
{
    return type == KEY_RSA ? "RSA" : type == KEY_EC ? "EC" : "OKP";
}

/* One key as a decision would take it: its numbers are checked again. */
static enum key_drop read_key(const struct crypto *crypto, const struct keyset *keyset, size_t index,
                              struct jwk *ret_jwk)
{
    CLEANUP(key_freep) struct key *key = NULL;
    enum key_drop drop = keyset_key(keyset, index, ret_jwk);
    enum jwkscore_status status;

    if (drop != DROP_NONE)
        return drop;
    status = key_import(crypto, &ret_jwk->material, &key, NULL);
    if (status == JWKSCORE_OK)
        return DROP_NONE;
    jwk_clear(ret_jwk);
    return status == JWKSCORE_E_UNKNOWN_KEY ? DROP_MATERIAL : DROP_MEMORY;
}

/* Reads the key at `index` of the set behind those that were read already; one that is not usable is left out. */
static enum jwkscore_status add_key(struct jwkscore_source *source, const struct crypto *crypto,
                                    const struct keyset *keyset, size_t index, bool vanished, struct jwkscore_error *error)
{
    struct shown_key *key = &source->keys[source->key_count];
    enum key_drop drop = read_key(crypto, keyset, index, &key->jwk);

    if (drop == DROP_MEMORY)
        return error_memory(error);
    if (drop != DROP_NONE) {
        source->state.dropped[drop - 1].count++;
        return JWKSCORE_OK;
    }
    source->key_count++;
    if (vanished)
        source->state.shown.vanished++;
    else
        source->state.shown.keys++;
    if (!material_thumbprint(crypto, &key->jwk.material, key->thumbprint))
        return error_memory(error);
    key->shown = (struct jwkscore_source_key){
        .size = sizeof(key->shown),
        .kid = key->jwk.has_kid ? key->jwk.kid.bytes : NULL,
        .type = type_name(key->jwk.material.type),
        .algorithm = key->jwk.algorithm != NULL ? key->jwk.algorithm->name : NULL,
        .thumbprint = key->thumbprint,
        .vanished = vanished,
    };
    return JWKSCORE_OK;
}

static enum jwkscore_status read_keys(struct jwkscore_source *source, const struct crypto *crypto,
                                      const struct keyset *keyset, size_t gone, struct jwkscore_error *error)
{
    enum jwkscore_status status = JWKSCORE_OK;

    if (keyset == NULL || keyset->count == 0)
        return JWKSCORE_OK;
    source->keys = calloc(keyset->count, sizeof(*source->keys));
    if (source->keys == NULL)
        return error_memory(error);
    for (size_t i = 0; status == JWKSCORE_OK && i < keyset->count; i++)
        status = add_key(source, crypto, keyset, i, i >= keyset->count - gone, error);
    return status;
}

static enum jwkscore_status read_file(struct jwkscore_source *source, const struct jwkscore_config *config,
                                      const struct issuer_options *issuer, struct jwkscore_error *error)
{
    struct text text;
    enum jwkscore_status status =
        file_read(issuer->jwks_file, config_file_owner(config), KEYSET_MAX, &source->file, NULL, error);

    if (status != JWKSCORE_OK)
        return status;
    text = (struct text){(const char *)source->file.bytes, source->file.length};
    status = keyset_parse(text, &source->file_keyset, error);
    if (status != JWKSCORE_OK)
        return status;
    if (source->file_keyset->count > KEYSET_KEYS_MAX)
        return error_set(error, JWKSCORE_E_CONFIG, "%.100s: %zu keys are over the limit of %d", issuer->jwks_file,
                         source->file_keyset->count, KEYSET_KEYS_MAX);
    source->cache.state = CACHE_FILE;
    sourcestate_describe(&source->state, &source->cache, &source->rate, 0);
    return read_keys(source, config->crypto, source->file_keyset, 0, error);
}

static enum jwkscore_status read_cache(struct jwkscore_source *source, const struct jwkscore_config *config,
                                       const struct issuer_options *issuer, int64_t now, struct jwkscore_error *error)
{
    struct cache *cache = &source->cache;
    enum jwkscore_status status = cache_open(config, issuer, cache, error);

    if (status != JWKSCORE_OK)
        return status;
    cache_load(cache, now);
    if (cache->fault != JWKSCORE_OK) /* nobody could look: not that there is nothing */
        return error_set(error, cache->fault, "the key cache cannot be read: %s", cache->note);
    rate_read(config, &cache->run_dir, cache->id, &source->rate);
    sourcestate_describe(&source->state, cache, &source->rate, now);
    return read_keys(source, config->crypto, cache->file.keyset, cache->file.gone_count, error);
}

/* The issuer's section; its name may come from a command line. */
static enum jwkscore_status find_issuer(const struct jwkscore_config *config, const char *name,
                                        const struct issuer_options **ret_issuer, struct jwkscore_error *error)
{
    char quoted[QUOTED_SIZE];
    enum jwkscore_status status;

    if (config == NULL || name == NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT, "the configuration or the issuer's name is NULL");
    status = jwkscore_config_check(config, error);
    if (status != JWKSCORE_OK)
        return status;
    *ret_issuer = config_issuer_named(config, name);
    if (*ret_issuer == NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT, "there is no issuer section \"%s\"", error_quote(quoted, text_from(name)));
    return JWKSCORE_OK;
}

enum jwkscore_status jwkscore_source_read(const struct jwkscore_config *config, const char *issuer_name, int64_t now,
                                          struct jwkscore_source **ret_source, struct jwkscore_error *error)
{
    const struct issuer_options *issuer = NULL;
    struct jwkscore_source *source;
    enum jwkscore_status status;

    if (error != NULL)
        *error = (struct jwkscore_error){JWKSCORE_OK, ""};
    status = find_issuer(config, issuer_name, &issuer, error);
    if (issuer == NULL)
        return status;
    source = calloc(1, sizeof(*source));
    if (source == NULL)
        return error_memory(error);
    source->cache = (struct cache){.state_dir = {.fd = -1}, .run_dir = {.fd = -1}};
    status = issuer->jwks_file != NULL ? read_file(source, config, issuer, error)
                                       : read_cache(source, config, issuer, now, error);
    if (status != JWKSCORE_OK)
        jwkscore_source_free(source);
    else
        *ret_source = source;
    return status;
}

const struct jwkscore_source_state *jwkscore_source_state(const struct jwkscore_source *source)
{
    return &source->state.shown;
}

const struct jwkscore_source_key *jwkscore_source_key(const struct jwkscore_source *source, size_t index)
{
    return index < source->key_count ? &source->keys[index].shown : NULL;
}

/* Where this host cannot fetch or keep keys, it is no matter of the issuer's; keys for one login are of no use here. */
static enum jwkscore_status status_of(enum refresh_outcome outcome)
{
    if (outcome >= OUTCOME_FS && outcome <= OUTCOME_LOCK_TIMEOUT)
        return JWKSCORE_E_SYSTEM;
    return refresh_is_success(outcome) ? JWKSCORE_OK : refresh_outcome_status(outcome);
}

enum jwkscore_status jwkscore_refresh(const struct jwkscore_config *config, const char *issuer_name, const char *reason,
                                      int max_wait, struct jwkscore_error *error)
{
    const struct issuer_options *issuer = NULL;
    CLEANUP(buffer_freep) struct buffer envelope = {0};
    struct refresh_answer answer = {.outcome = OUTCOME_NONE};
    enum refresh_reason why = REFRESH_COLD;
    enum jwkscore_status status;

    if (error != NULL)
        *error = (struct jwkscore_error){JWKSCORE_OK, ""};
    status = find_issuer(config, issuer_name, &issuer, error);
    if (issuer == NULL)
        return status;
    if (reason == NULL || !refresh_reason_named(text_from(reason), &why) || why < REFRESH_MANUAL || max_wait <= 0)
        return error_set(error, JWKSCORE_E_ARGUMENT, "a refresh is manual, force or flush, and is waited for");
    if (issuer->jwks_file != NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT, "issuer %s has a jwks_file: nothing is fetched", issuer->name);
    status = refresh_run(config, issuer, why, NULL, max_wait, &answer, &envelope, error);
    if (status != JWKSCORE_OK)
        return status;
    status = status_of(answer.outcome);
    if (status != JWKSCORE_OK)
        return error_set(error, status, "%s (HTTP %u, next attempt in %u s)",
                         refresh_outcome_name(answer.outcome), answer.http, answer.next_s);
    return error_set(error, JWKSCORE_OK, "%s", refresh_outcome_name(answer.outcome));
}
