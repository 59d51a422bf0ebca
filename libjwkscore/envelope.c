/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.c: the four lines of a cache file, one codec for the kinds `keys`, `discovery` and `state` (CACHE 2).
 *
 *     jwks-cache 1 KIND
 *     {header}
 *     {body}
 *     sha256 HEX OVER EVERY BYTE BEFORE THIS LINE
 *
 * The hash finds torn writes and rot; that nobody but the cache's owner wrote it, file.c has made sure of.
 */
#include "internal.h"

#include <string.h>

#define MAGIC "jwks-cache 1 "
#define TRAILER "sha256 "
enum { TRAILER_SIZE = sizeof(TRAILER) - 1 + 2 * SHA256_SIZE + 1 };

static bool write_trailer(const struct crypto *crypto, struct text before, char out[static TRAILER_SIZE + 1])
{
    unsigned char digest[SHA256_SIZE];

    if (!crypto_sha256(crypto, before, digest))
        return false;
    memcpy(out, TRAILER, sizeof(TRAILER) - 1);
    text_hex(digest, sizeof(digest), out + sizeof(TRAILER) - 1);
    memcpy(out + TRAILER_SIZE - 1, "\n", 2);
    return true;
}

void envelope_clear(struct envelope *envelope)
{
    value_free(envelope->head);
    buffer_freep(&envelope->file);
    memset(envelope, 0, sizeof(*envelope));
}

/* Takes the three lines off `rest`; what is left must be nothing. */
static bool split_lines(struct text rest, const char *kind, struct text *ret_head, struct text *ret_body)
{
    struct text first;

    return rest.length > 0 && rest.bytes[rest.length - 1] == '\n' && text_take_line(&rest, &first) && text_take_line(&rest, ret_head) && text_take_line(&rest, ret_body) &&
           rest.length == 0 && first.length == sizeof(MAGIC) - 1 + strlen(kind) &&
           memcmp(first.bytes, MAGIC, sizeof(MAGIC) - 1) == 0 &&
           memcmp(first.bytes + sizeof(MAGIC) - 1, kind, strlen(kind)) == 0;
}

enum jwkscore_status envelope_parse(const struct crypto *crypto, const char *kind, struct buffer *file,
                                    struct envelope *ret_envelope, struct jwkscore_error *error)
{
    char trailer[TRAILER_SIZE + 1];
    struct text all = {(const char *)file->bytes, file->length}, head, body;
    struct value *value;
    enum jwkscore_status status;

    if (all.length <= TRAILER_SIZE)
        return error_set(error, JWKSCORE_E_PROVIDER, "too short for a cache file");
    all.length -= TRAILER_SIZE;
    if (!write_trailer(crypto, all, trailer))
        return error_set(error, JWKSCORE_E_CRYPTO, "OpenSSL cannot do SHA-256 here");
    if (memcmp(all.bytes + all.length, trailer, TRAILER_SIZE) != 0)
        return error_set(error, JWKSCORE_E_PROVIDER, "its checksum is wrong");
    if (!split_lines(all, kind, &head, &body))
        return error_set(error, JWKSCORE_E_PROVIDER, "not a cache file of kind `%s`, version 1", kind);
    status = value_parse(head, &value, error);
    if (status != JWKSCORE_OK)
        return status;
    *ret_envelope = (struct envelope){.file = *file, .head = value, .body = body};
    *file = (struct buffer){0};
    return JWKSCORE_OK;
}

bool envelope_write(const struct crypto *crypto, const char *kind, struct text head, struct text body,
                    struct buffer *ret_file)
{
    CLEANUP(buffer_freep) struct buffer file = {0};
    char trailer[TRAILER_SIZE + 1];

    if (!buffer_append(&file, text_from(MAGIC)) || !buffer_append(&file, text_from(kind)) || !buffer_append(&file, TEXT("\n")) ||
        !buffer_append(&file, head) || !buffer_append(&file, TEXT("\n")) || !buffer_append(&file, body) ||
        !buffer_append(&file, TEXT("\n")) || !write_trailer(crypto, (struct text){(char *)file.bytes, file.length}, trailer) ||
        !buffer_append(&file, (struct text){trailer, TRAILER_SIZE}))
        return false;
    *ret_file = file;
    file = (struct buffer){0};
    return true;
}
