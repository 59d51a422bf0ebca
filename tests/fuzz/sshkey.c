/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sshkey.c: a public key blob that is taken has one spelling: written again from what was read, it begins with the same bytes.
 */
#include "fuzz.h"
#include "internal.h"

#include <string.h>

static struct crypto *crypto;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crypto = crypto_new();
    must(crypto != NULL);
    return 0;
}

static void write_string(struct buffer *out, struct text before, struct text text)
{
    size_t length = before.length + text.length;
    unsigned char size[4] = {(unsigned char)(length >> 24), (unsigned char)(length >> 16),
                             (unsigned char)(length >> 8), (unsigned char)length};

    must(buffer_append(out, (struct text){(const char *)size, sizeof(size)}) && buffer_append(out, before) &&
         buffer_append(out, text));
}

static void write_mpint(struct buffer *out, struct text number)
{
    must(number.length == 0 || number.bytes[0] != 0);
    write_string(out, (struct text){"", number.length > 0 && ((unsigned char)number.bytes[0] & 0x80) != 0},
                 number);
}

static void write_point(struct buffer *out, const struct key_material *m)
{
    struct buffer point = {0};

    write_string(out, TEXT(""),
                 text_from(m->curve->size == 32   ? "nistp256"
                           : m->curve->size == 48 ? "nistp384"
                                                  : "nistp521"));
    must(buffer_append(&point, m->x) && buffer_append(&point, m->y));
    write_string(out, TEXT("\x04"), (struct text){(const char *)point.bytes, point.length});
    buffer_freep(&point);
}

static void check_spelling(const struct sshkey *key, struct text blob)
{
    CLEANUP(buffer_freep) struct buffer again = {0};

    write_string(&again, TEXT(""), key->type);
    if (key->material.type == KEY_RSA) {
        write_mpint(&again, key->material.e);
        write_mpint(&again, key->material.n);
    } else if (key->material.type == KEY_EC) {
        write_point(&again, &key->material);
    } else {
        must(key->material.x.length == 32);
        write_string(&again, TEXT(""), key->material.x);
    }
    must(again.length <= blob.length && memcmp(again.bytes, blob.bytes, again.length) == 0);
    must((again.length < blob.length) == (key->type.length > 3 && memcmp(key->type.bytes, "sk-", 3) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text blob = {(const char *)data, size};
    struct sshkey key = {0};
    struct key *imported = NULL;
    char fingerprint[THUMBPRINT_SIZE], thumbprint[THUMBPRINT_SIZE];

    must(sshkey_fingerprint(crypto, blob, fingerprint) && strlen(fingerprint) == THUMBPRINT_SIZE - 1);
    if (!sshkey_parse(blob, &key))
        return 0;
    check_spelling(&key, blob);
    must(material_thumbprint(crypto, &key.material, thumbprint) && strlen(thumbprint) == THUMBPRINT_SIZE - 1);
    if (key_import(crypto, &key.material, &imported, NULL) == JWKSCORE_OK)
        key_free(imported);
    sshkey_clear(&key);
    return 0;
}
