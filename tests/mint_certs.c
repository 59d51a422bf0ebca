/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mint_certs.c: SSH certificates as OpenSSH's PROTOCOL.certkeys has them, right and wrong in every field;
 * without the library's reader.  Nobody signed them: that is sshd's to look at.
 */
#include "support.h"

#include <openssl/evp.h>
#include <string.h>

static void put(struct buffer *blob, struct text bytes)
{
    ck_assert(buffer_append(blob, bytes));
}

static void put_number(struct buffer *blob, uint64_t number, size_t octets)
{
    for (size_t i = octets; i-- > 0;)
        put(blob, kept(&(char){(char)(number >> (8 * i))}, 1));
}

static void put_string(struct buffer *blob, struct text string)
{
    put_number(blob, string.length, 4);
    put(blob, string);
}

struct text mint_string(struct text string)
{
    CLEANUP(buffer_freep) struct buffer blob = {NULL, 0};

    put_string(&blob, string);
    return kept(blob.bytes, blob.length);
}

/* The type's name out of a key's blob, and what follows it. */
static struct text type_of(struct text blob, struct text *ret_fields)
{
    size_t length = (unsigned char)blob.bytes[3];

    *ret_fields = (struct text){blob.bytes + 4 + length, blob.length - 4 - length};
    return kept(blob.bytes + 4, length);
}

const char *mint_certificate_type(struct text key)
{
    struct text fields;
    const char *type = type_of(key, &fields).bytes;

    return textf("%.*s-cert-v01@openssh.com", (int)strcspn(type, "@"), type);
}

static struct text list_of(const char *const *names)
{
    CLEANUP(buffer_freep) struct buffer list = {NULL, 0};

    for (; names != NULL && *names != NULL; names++)
        put_string(&list, text_from(*names));
    return kept(list.bytes, list.length);
}

/* OpenSSH writes what an extension says as a string in its data; without a value there is no data. */
static struct text extensions_of(const struct mint_extension *extensions)
{
    CLEANUP(buffer_freep) struct buffer list = {NULL, 0};

    for (; extensions != NULL && extensions->name != NULL; extensions++) {
        put_string(&list, text_from(extensions->name));
        put_string(&list, extensions->data.bytes != NULL ? extensions->data
                          : extensions->value == NULL    ? TEXT("")
                                                         : mint_string(text_from(extensions->value)));
    }
    return kept(list.bytes, list.length);
}

struct text mint_certificate(const struct mint_certificate *cert)
{
    CLEANUP(buffer_freep) struct buffer blob = {NULL, 0};
    struct text fields;

    (void)type_of(cert->key, &fields);
    put_string(&blob, text_from(mint_certificate_type(cert->key)));
    put_string(&blob, TEXT("a nonce"));
    put(&blob, fields);
    put_number(&blob, 7, 8);
    put_number(&blob, cert->kind, 4);
    put_string(&blob, TEXT("me@example"));
    put_string(&blob, cert->raw_principals.bytes != NULL ? cert->raw_principals : list_of(cert->principals));
    put_number(&blob, cert->valid_after, 8);
    put_number(&blob, cert->valid_before, 8);
    put_string(&blob, cert->raw_options.bytes != NULL ? cert->raw_options : TEXT(""));
    put_string(&blob,
               cert->raw_extensions.bytes != NULL ? cert->raw_extensions : extensions_of(cert->extensions));
    put_string(&blob, TEXT(""));
    put_string(&blob, cert->signature_key.bytes != NULL ? cert->signature_key : cert->key);
    put_string(&blob, mint_string(TEXT("a signature")));
    return kept(blob.bytes, blob.length);
}

const char *padded(struct text text)
{
    struct text out = kept(repeated("    ", text.length / 3 + 1), (text.length / 3 + 1) * 4);

    EVP_EncodeBlock((unsigned char *)out.bytes, (const unsigned char *)text.bytes, (int)text.length);
    return out.bytes;
}
