/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sshkey.c: an SSH public key blob taken apart, bounded (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709
 * section 4; the sk- types: OpenSSH's PROTOCOL.u2f).
 *
 * The blob is a stranger's.  Each value has one spelling and nothing may follow, so that one key has one blob
 * and one thumbprint.  Whether the numbers make a good key is crypto.c's question.
 */
#include "internal.h"

/* What is left of the blob. */
struct reader {
    const unsigned char *at;
    size_t left;
};

static bool read_string(struct reader *r, struct text *ret_string)
{
    size_t length;

    if (r->left < 4)
        return false;
    length = (size_t)r->at[0] << 24 | (size_t)r->at[1] << 16 | (size_t)r->at[2] << 8 | r->at[3];
    if (length > r->left - 4)
        return false;
    *ret_string = (struct text){(const char *)r->at + 4, length};
    r->at += 4 + length;
    r->left -= 4 + length;
    return true;
}

/* A positive mpint in its only spelling (RFC 4251 section 5), without the octet that says "positive". */
static bool read_positive(struct reader *r, struct text *ret_octets)
{
    struct text number;
    bool first_bit, padded;

    if (!read_string(r, &number) || number.length == 0)
        return false;
    padded = number.bytes[0] == 0;
    if (padded) {
        number.bytes++;
        number.length--;
    }
    first_bit = number.length > 0 && ((unsigned char)number.bytes[0] & 0x80) != 0;
    if (padded != first_bit)
        return false;
    *ret_octets = number;
    return true;
}

/* A type of key, and how its blob goes on behind the type's name. */
struct form {
    const char *type;
    bool (*read)(struct reader *, const struct form *, struct key_material *);
    const char *curve, *identifier; /* of RFC 7518, of RFC 5656 section 6.1 */
    bool application;               /* a security key's: one string more */
};

static bool read_rsa(struct reader *r, const struct form *form, struct key_material *material)
{
    (void)form;
    material->type = KEY_RSA;
    return read_positive(r, &material->e) && read_positive(r, &material->n) &&
           material->e.length <= RSA_BITS_MAX / 8 && material->n.length <= RSA_BITS_MAX / 8;
}

/* Only the uncompressed form of a point is a key. */
static bool read_point(struct reader *r, const struct form *form, struct key_material *material)
{
    const struct curve *curve = curve_find(text_from(form->curve));
    struct text identifier, point;

    if (curve == NULL || !read_string(r, &identifier) || !text_is(identifier, form->identifier) ||
        !read_string(r, &point) || point.length != 1 + 2 * curve->size || point.bytes[0] != 0x04)
        return false;
    material->type = KEY_EC;
    material->curve = curve;
    material->x = (struct text){point.bytes + 1, curve->size};
    material->y = (struct text){point.bytes + 1 + curve->size, curve->size};
    return true;
}

static bool read_octets(struct reader *r, const struct form *form, struct key_material *material)
{
    material->type = KEY_OKP;
    material->curve = curve_find(text_from(form->curve));
    return material->curve != NULL && read_string(r, &material->x) &&
           material->x.length == material->curve->size;
}

/* What is not in this table is no key for us: certificates, DSA, Ed448. */
static const struct form forms[] = {
    {"ssh-ed25519", read_octets, "Ed25519", NULL, false},
    {"ecdsa-sha2-nistp256", read_point, "P-256", "nistp256", false},
    {"ecdsa-sha2-nistp384", read_point, "P-384", "nistp384", false},
    {"ecdsa-sha2-nistp521", read_point, "P-521", "nistp521", false},
    {"ssh-rsa", read_rsa, NULL, NULL, false},
    {"sk-ssh-ed25519@openssh.com", read_octets, "Ed25519", NULL, true},
    {"sk-ecdsa-sha2-nistp256@openssh.com", read_point, "P-256", "nistp256", true},
};

static const struct form *find_form(struct text type)
{
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++)
        if (text_is(type, forms[i].type))
            return &forms[i];
    return NULL;
}

static bool read_key(struct reader *r, struct sshkey *key)
{
    const struct form *form;
    struct text application;

    if (!read_string(r, &key->type))
        return false;
    form = find_form(key->type);
    if (form == NULL || !form->read(r, form, &key->material))
        return false;
    return (!form->application || read_string(r, &application)) && r->left == 0;
}

bool sshkey_parse(struct text blob, struct sshkey *ret_key)
{
    struct sshkey key = {.octets = {(unsigned char *)text_copy(blob), blob.length}};

    if (key.octets.bytes == NULL)
        return false;
    if (!read_key(&(struct reader){key.octets.bytes, key.octets.length}, &key)) {
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
