/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.c: what the fuzz targets share: tokens from readable text, checksums that hold, files in memory.
 */
#include "fuzz.h"
#include "internal.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 2 * SHA256_SIZE };

void fuzz_broken(const char *file, int line, const char *promise)
{
    fprintf(stderr, "%s:%d: a promise is broken: %s\n", file, line, promise);
    abort();
}

static const char key_set[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"1\",\"x\":"
                              "\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","
                              "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}]}";
const struct fuzz_span fuzz_key_set = {key_set, sizeof(key_set) - 1};

void fuzz_set(struct jwkscore_config *config, const char *section, const char *key, const char *value)
{
    must(jwkscore_config_set(config, section, key, value, NULL) == JWKSCORE_OK);
}

bool fuzz_is_printable(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return true;
}

struct fuzz_span fuzz_take_line(struct fuzz_span *rest)
{
    struct fuzz_span line = *rest;
    const char *end = rest->length == 0 ? NULL : memchr(rest->bytes, '\n', rest->length);

    if (end != NULL)
        line.length = (size_t)(end - rest->bytes);
    rest->bytes += end != NULL ? line.length + 1 : line.length;
    rest->length -= end != NULL ? line.length + 1 : line.length;
    return line;
}

/* --- tokens --- */

static char *encode_part(char *to, struct fuzz_span part, char behind)
{
    base64_encode((const unsigned char *)part.bytes, part.length, to);
    to += strlen(to);
    *to++ = behind;
    return to;
}

char *fuzz_token(const uint8_t *data, size_t size, size_t *ret_length)
{
    static const char zeros[] =
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    struct fuzz_span rest = {(const char *)data, size}, header, payload;
    char *token = malloc(2 * size + sizeof(zeros) + 16), *at = token;

    must(token != NULL);
    if (size == 0 || memchr(data, '\n', size) == NULL) {
        if (size > 0)
            memcpy(token, data, size);
        *ret_length = size;
        return token;
    }
    header = fuzz_take_line(&rest);
    payload = fuzz_take_line(&rest);
    at = encode_part(at, header, '.');
    at = encode_part(at, payload, '.');
    if (rest.length == 0)
        rest = (struct fuzz_span){zeros, sizeof(zeros) - 1};
    memcpy(at, rest.bytes, rest.length);
    *ret_length = (size_t)(at - token) + rest.length;
    return token;
}

/* --- checksums --- */

static void print_digest(const void *bytes, size_t length, char ret_digits[static DIGITS + 1])
{
    unsigned char digest[SHA256_SIZE];

    SHA256(bytes, length, digest);
    for (size_t i = 0; i < SHA256_SIZE; i++)
        snprintf(ret_digits + 2 * i, 3, "%02x", digest[i]);
}

/* Where the last line begins: there a checksum stands, or would. */
static size_t find_last_line(const uint8_t *data, size_t size)
{
    size_t at = size > 0 && data[size - 1] == '\n' ? size - 1 : size;

    while (at > 0 && data[at - 1] != '\n')
        at--;
    return at;
}

unsigned char *fuzz_sealed(const uint8_t *data, size_t size, size_t *ret_length)
{
    size_t before = find_last_line(data, size);
    char digits[DIGITS + 1];
    char *sealed = malloc(before + DIGITS + 16);

    must(sealed != NULL);
    if (before > 0)
        memcpy(sealed, data, before);
    print_digest(data, before, digits);
    *ret_length = before + (size_t)snprintf(sealed + before, DIGITS + 16, "sha256 %s\n", digits);
    return (unsigned char *)sealed;
}

bool fuzz_is_sealed(const uint8_t *data, size_t size)
{
    size_t length;
    unsigned char *sealed = fuzz_sealed(data, size, &length);
    bool same = length == size && memcmp(sealed, data, size) == 0;

    free(sealed);
    return same;
}

/* --- files --- */

struct fuzz_span fuzz_file;

__typeof__(file_read) __wrap_file_read;
enum jwkscore_status __wrap_file_read(const char *path, uid_t also, size_t most, struct buffer *ret_bytes,
                                      uid_t *ret_owner, struct jwkscore_error *error)
{
    struct buffer bytes = {0};

    (void)path;
    (void)also;
    if (fuzz_file.length > most)
        return error_set(error, JWKSCORE_E_UNSAFE_FILE, "too long");
    if (!buffer_append(&bytes, (struct text){fuzz_file.bytes, fuzz_file.length}))
        return error_memory(error);
    *ret_bytes = bytes;
    if (ret_owner != NULL)
        *ret_owner = 0;
    return JWKSCORE_OK;
}
