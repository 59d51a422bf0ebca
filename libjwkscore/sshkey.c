/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sshkey.c: an SSH public key blob taken apart, bounded (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709
 * section 4; the sk- types: OpenSSH's PROTOCOL.u2f).
 *
 * The blob is a stranger's.  Each value has one spelling and nothing may follow, so that one key has one blob
 * and one thumbprint.  Whether the numbers make a good key is crypto.c's question.
 */
#include "internal.h"

/* A type of key, and how its blob goes on behind the type's name. */
struct form {
    const char *type, *certificate; /* of a key, and of a certificate of one (OpenSSH's PROTOCOL.certkeys) */
    bool (*read)(struct wire *, const struct form *, struct key_material *);
    const char *curve, *identifier; /* of RFC 7518, of RFC 5656 section 6.1 */
    bool application;               /* a security key's: one string more */
};

static bool read_rsa(struct wire *wire, const struct form *form, struct key_material *material)
{
    (void)form;
    material->type = KEY_RSA;
    return wire_positive(wire, &material->e) && wire_positive(wire, &material->n) &&
           material->e.length <= RSA_BITS_MAX / 8 && material->n.length <= RSA_BITS_MAX / 8;
}

/* Only the uncompressed form of a point is a key. */
static bool read_point(struct wire *wire, const struct form *form, struct key_material *material)
{
    const struct curve *curve = curve_find(text_from(form->curve));
    struct text identifier, point;

    if (curve == NULL || !wire_string(wire, &identifier) || !text_is(identifier, form->identifier) ||
        !wire_string(wire, &point) || point.length != 1 + 2 * curve->size || point.bytes[0] != 0x04)
        return false;
    material->type = KEY_EC;
    material->curve = curve;
    material->x = (struct text){point.bytes + 1, curve->size};
    material->y = (struct text){point.bytes + 1 + curve->size, curve->size};
    return true;
}

static bool read_octets(struct wire *wire, const struct form *form, struct key_material *material)
{
    material->type = KEY_OKP;
    material->curve = curve_find(text_from(form->curve));
    return material->curve != NULL && wire_string(wire, &material->x) &&
           material->x.length == material->curve->size;
}

#define CERT(type) type "-cert-v01@openssh.com"

/* What is not in this table is no key for us: DSA, Ed448. */
static const struct form forms[] = {
    {"ssh-ed25519", CERT("ssh-ed25519"), read_octets, "Ed25519", NULL, false},
    {"ecdsa-sha2-nistp256", CERT("ecdsa-sha2-nistp256"), read_point, "P-256", "nistp256", false},
    {"ecdsa-sha2-nistp384", CERT("ecdsa-sha2-nistp384"), read_point, "P-384", "nistp384", false},
    {"ecdsa-sha2-nistp521", CERT("ecdsa-sha2-nistp521"), read_point, "P-521", "nistp521", false},
    {"ssh-rsa", CERT("ssh-rsa"), read_rsa, NULL, NULL, false},
    {"sk-ssh-ed25519@openssh.com", CERT("sk-ssh-ed25519"), read_octets, "Ed25519", NULL, true},
    {"sk-ecdsa-sha2-nistp256@openssh.com", CERT("sk-ecdsa-sha2-nistp256"), read_point, "P-256", "nistp256", true},
};

static bool read_fields(struct wire *wire, const struct form *form, struct key_material *material)
{
    struct text application;

    return form->read(wire, form, material) && (!form->application || wire_string(wire, &application));
}

static bool read_key(struct wire *wire, struct sshkey *key)
{
    if (!wire_string(wire, &key->type))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++)
        if (text_is(key->type, forms[i].type))
            return read_fields(wire, &forms[i], &key->material) && wire->left == 0;
    return false;
}

const char *sshkey_read_certified(struct wire *wire, struct text type)
{
    struct key_material material = {.type = KEY_NONE};

    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++)
        if (text_is(type, forms[i].certificate))
            return read_fields(wire, &forms[i], &material) ? forms[i].type : NULL;
    return NULL;
}

bool sshkey_parse(struct text blob, struct sshkey *ret_key)
{
    struct sshkey key = {.octets = {(unsigned char *)text_copy(blob), blob.length}};

    if (key.octets.bytes == NULL)
        return false;
    if (!read_key(&(struct wire){key.octets.bytes, key.octets.length}, &key)) {
        sshkey_clear(&key);
        return false;
    }
    *ret_key = key;
    return true;
}

void sshkey_clear(struct sshkey *key)
{
    buffer_freep(&key->octets);
    *key = (struct sshkey){.octets = {NULL, 0}};
}

bool sshkey_fingerprint(const struct crypto *crypto, struct text blob,
                        char ret_fingerprint[static THUMBPRINT_SIZE])
{
    unsigned char digest[SHA256_SIZE];

    if (!crypto_sha256(crypto, blob, digest))
        return false;
    base64_encode(digest, sizeof(digest), ret_fingerprint);
    return true;
}
