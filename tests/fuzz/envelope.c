/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.c: a cache file that is taken has the right checksum, kind, version, id and issuer, and its age can be told.
 *
 * Each input is tried as it is, and with the checksum that it should have.
 */
#include "fuzz.h"
#include "internal.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#define ID "0123456789abcdef0123456789abcdef"
#define ISSUER "https://login.example.com/corp"

static struct crypto *crypto;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crypto = crypto_new();
    must(crypto != NULL);
    return 0;
}

static bool is_string(struct json_object *object, const char *name, const char *wanted)
{
    struct json_object *member;

    return json_object_object_get_ex(object, name, &member) &&
           json_object_is_type(member, json_type_string) &&
           strcmp(json_object_get_string(member), wanted) == 0;
}

/* By json-c and OpenSSL alone. */
static void check_lines(const unsigned char *file, size_t length)
{
    struct fuzz_span rest = {(const char *)file, length}, first = fuzz_take_line(&rest),
                     head = fuzz_take_line(&rest);
    struct json_tokener *tokener = json_tokener_new_ex(2 * JSON_DEPTH_MAX);
    struct json_object *object = json_tokener_parse_ex(tokener, head.bytes, (int)head.length);

    must(fuzz_is_sealed(file, length));
    must(first.length == strlen("jwks-cache 1 keys") &&
         memcmp(first.bytes, "jwks-cache 1 keys", first.length) == 0);
    must(is_string(object, "id", ID) && is_string(object, "issuer", ISSUER));
    json_object_put(object);
    json_tokener_free(tokener);
}

static void check_use(const struct cache_file *file)
{
    static const struct issuer_options issuer = {.refresh_interval = 3600, .max_stale = 86400};
    static const int64_t times[] = {0, 1793491200, INT64_MAX / 1000};
    struct vanished_keys vanished = {file->gone, file->gone_count, 7200};
    struct candidates candidates;

    must(file->gen >= 0 && file->stamps.ttl >= TTL_MIN && file->stamps.ttl <= TTL_MAX);
    must(file->keyset->count > file->gone_count);
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        struct age age;

        age_of(&file->stamps, times[i], &age);
        must(age_state(crypto, &issuer, ID, file->stamps.ttl, &age) <= CACHE_FRESH);
        (void)age_clock_wrong(&file->stamps, times[i]);
    }
    (void)age_validated_since(&file->stamps, 0);
    must(keyset_candidates(file->keyset, &TEXT("a"), algorithm_find(TEXT("ES256")), TEXT(ISSUER), &vanished,
                           &candidates));
    must(candidates.count <= KEYS_TRIED_MAX);
    candidates_clear(&candidates);
}

static void try(const uint8_t *data, size_t size)
{
    struct buffer bytes = {0};
    struct cache_file file = {0};
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    must(buffer_append(&bytes, (struct text){(const char *)data, size}));
    if (cache_file_parse(crypto, ID, ISSUER, &bytes, &file, &error) == JWKSCORE_OK) {
        must(bytes.bytes == NULL);
        check_lines(file.envelope.file.bytes, file.envelope.file.length);
        check_use(&file);
    } else {
        must(error.message[0] != '\0' && fuzz_is_printable(error.message, strlen(error.message)) &&
             file.keyset == NULL);
    }
    cache_file_clear(&file);
    buffer_freep(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t length;
    unsigned char *sealed = fuzz_sealed(data, size, &length);

    try(data, size);
    try(sealed, length);
    free(sealed);
    return 0;
}
