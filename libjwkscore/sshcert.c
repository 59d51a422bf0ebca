/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sshcert.c: an SSH certificate taken apart, bounded (OpenSSH's PROTOCOL.certkeys).
 *
 * sshd(8) has verified the certificate's signature before anybody is asked about it.  What is looked for
 * here is whose key it certifies, which key signed it, for whom, from when to when, and what its extensions
 * hold.
 */
#include "internal.h"

#include <string.h>

/* A list of strings, or of strings in pairs, has to end where its own string ends. */
static bool is_list(struct text list, unsigned strings_an_item)
{
    struct wire wire = wire_of(list);
    struct text string;

    while (wire.left > 0)
        for (unsigned i = 0; i < strings_an_item; i++)
            if (!wire_string(&wire, &string))
                return false;
    return true;
}

/* The certified key's own blob: its type, and its fields as they stand in the certificate. */
static bool copy_key(struct sshcert *cert, const char *type, struct text fields)
{
    return wire_write_string(&cert->key, text_from(type)) && buffer_append(&cert->key, fields);
}

static bool read_key(struct wire *wire, struct sshcert *cert)
{
    struct text nonce;
    const unsigned char *from;
    const char *type;

    if (!wire_string(wire, &cert->type) || !wire_string(wire, &nonce))
        return false;
    from = wire->at;
    type = sshkey_read_certified(wire, cert->type);
    return type != NULL && copy_key(cert, type, (struct text){(const char *)from, (size_t)(wire->at - from)});
}

static bool read_rest(struct wire *wire, struct sshcert *cert)
{
    struct text key_id, options, reserved, signature;
    uint64_t serial;

    return wire_uint64(wire, &serial) && wire_uint32(wire, &cert->kind) && wire_string(wire, &key_id) &&
           wire_string(wire, &cert->principals) && is_list(cert->principals, 1) &&
           wire_uint64(wire, &cert->valid_after) && wire_uint64(wire, &cert->valid_before) &&
           wire_string(wire, &options) && is_list(options, 2) && wire_string(wire, &cert->extensions) &&
           is_list(cert->extensions, 2) && wire_string(wire, &reserved) &&
           wire_string(wire, &cert->signature_key) && wire_string(wire, &signature) && wire->left == 0;
}

bool sshcert_parse(struct text blob, struct sshcert *ret_cert)
{
    struct sshcert cert = {.octets = {(unsigned char *)text_copy(blob), blob.length}};
    struct wire wire = {cert.octets.bytes, cert.octets.length};

    if (cert.octets.bytes == NULL)
        return false;
    if (!read_key(&wire, &cert) || !read_rest(&wire, &cert)) {
        sshcert_clear(&cert);
        return false;
    }
    *ret_cert = cert;
    return true;
}

void sshcert_clear(struct sshcert *cert)
{
    buffer_freep(&cert->octets);
    buffer_freep(&cert->key);
    *cert = (struct sshcert){.octets = {NULL, 0}};
}

bool sshcert_signs_itself(const struct sshcert *cert)
{
    return text_equal(cert->signature_key, (struct text){(const char *)cert->key.bytes, cert->key.length});
}

bool sshcert_has_principal(const struct sshcert *cert, const char *name)
{
    struct wire wire = wire_of(cert->principals);
    struct text principal;

    while (wire_string(&wire, &principal))
        if (text_is(principal, name))
            return true;
    return false;
}

/*
 * OpenSSH writes what an extension says as a string within its data.  A name that is there twice says
 * nothing.
 */
bool sshcert_extension(const struct sshcert *cert, const char *name, struct text *ret_value)
{
    struct wire wire = wire_of(cert->extensions), data = {NULL, 0};
    struct text key, value;
    unsigned found = 0;

    while (wire_string(&wire, &key) && wire_string(&wire, &value)) {
        if (!text_is(key, name))
            continue;
        data = wire_of(value);
        found++;
    }
    if (found != 1 || !wire_string(&data, &value) || data.left > 0)
        return false;
    *ret_value = value;
    return true;
}
