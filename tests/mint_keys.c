/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mint_keys.c: keys made at run time (RSA's by mint_rsa.c), written as JWK and as SSH blobs.
 *
 * It shares no table and no encoder with crypto.c, jwk.c and sshkey.c, so that a mistake there is not made
 * here again.
 */
#include "support.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

static const struct form_of_kind {
    const char *type, *group; /* for OpenSSL */
    size_t size;              /* octets of a coordinate, or of Ed25519's key */
    const char *kty, *crv, *ssh, *ssh_curve, *sk;
} kinds[MINT_KINDS] = {
    [MINT_RSA] = {"RSA", NULL, 0, "RSA", NULL, "ssh-rsa", NULL, NULL},
    [MINT_P256] = {"EC", "P-256", 32, "EC", "P-256", "ecdsa-sha2-nistp256", "nistp256",
                   "sk-ecdsa-sha2-nistp256@openssh.com"},
    [MINT_P384] = {"EC", "P-384", 48, "EC", "P-384", "ecdsa-sha2-nistp384", "nistp384", NULL},
    [MINT_P521] = {"EC", "P-521", 66, "EC", "P-521", "ecdsa-sha2-nistp521", "nistp521", NULL},
    [MINT_ED25519] = {"ED25519", NULL, 32, "OKP", "Ed25519", "ssh-ed25519", NULL,
                      "sk-ssh-ed25519@openssh.com"},
};

enum { EXTRA_KEYS = 8 };
static struct mint_key keys[MINT_KINDS][2], extra[EXTRA_KEYS];
static size_t extra_count;

/* --- keys --- */

/* A number of the key, as octets; filled up from the left where `size` is not 0. */
static struct text number_of(EVP_PKEY *pkey, const char *name, size_t size)
{
    unsigned char octets[2048];
    BIGNUM *number = NULL;
    int length;

    ck_assert_int_eq(EVP_PKEY_get_bn_param(pkey, name, &number), 1);
    length = BN_bn2binpad(number, octets, size != 0 ? (int)size : BN_num_bytes(number));
    BN_free(number);
    ck_assert_int_gt(length, 0);
    return kept(octets, (size_t)length);
}

static void read_material(struct mint_key *key)
{
    const struct form_of_kind *kind = &kinds[key->kind];
    unsigned char octets[32];
    size_t length = sizeof(octets);

    if (key->kind == MINT_RSA) {
        key->material = (struct key_material){.type = KEY_RSA,
                                              .n = number_of(key->pkey, OSSL_PKEY_PARAM_RSA_N, 0),
                                              .e = number_of(key->pkey, OSSL_PKEY_PARAM_RSA_E, 0)};
        return;
    }
    key->material.type = key->kind == MINT_ED25519 ? KEY_OKP : KEY_EC;
    key->material.curve = curve_find(text_from(kind->crv));
    ck_assert_ptr_nonnull(key->material.curve);
    if (key->kind == MINT_ED25519) {
        ck_assert_int_eq(EVP_PKEY_get_raw_public_key(key->pkey, octets, &length), 1);
        key->material.x = kept(octets, length);
        return;
    }
    key->material.x = number_of(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, kind->size);
    key->material.y = number_of(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, kind->size);
}

static EVP_PKEY *generate(enum mint_kind kind, unsigned number)
{
    return kind == MINT_RSA            ? mint_rsa(2048, 65537, number)
           : kinds[kind].group == NULL ? EVP_PKEY_Q_keygen(NULL, NULL, kinds[kind].type)
                                       : EVP_PKEY_Q_keygen(NULL, NULL, "EC", kinds[kind].group);
}

const struct mint_key *mint_key(enum mint_kind kind, unsigned number)
{
    struct mint_key *key;

    ck_assert(kind < MINT_KINDS && number < ARRAY_LENGTH(keys[0]));
    key = &keys[kind][number];
    if (key->pkey == NULL) {
        key->kind = kind;
        key->pkey = generate(kind, number);
        ck_assert_ptr_nonnull(key->pkey);
        read_material(key);
    }
    return key;
}

const struct mint_key *mint_rsa_of(unsigned bits, unsigned exponent)
{
    struct mint_key *key = &extra[extra_count];

    ck_assert(extra_count < EXTRA_KEYS);
    key->kind = MINT_RSA;
    key->pkey = mint_rsa(bits, exponent, 0);
    extra_count++;
    read_material(key);
    return key;
}

void mint_end(void)
{
    for (size_t i = 0; i < MINT_KINDS; i++)
        for (size_t j = 0; j < ARRAY_LENGTH(keys[0]); j++)
            EVP_PKEY_free(keys[i][j].pkey);
    for (size_t i = 0; i < extra_count; i++)
        EVP_PKEY_free(extra[i].pkey);
    memset(keys, 0, sizeof(keys));
    memset(extra, 0, sizeof(extra));
    extra_count = 0;
}

/* --- JWK --- */

/* base64url by OpenSSL's base64. */
const char *encoded(struct text text)
{
    struct text out = kept(repeated("    ", text.length / 3 + 1), (text.length / 3 + 1) * 4);
    char *at = (char *)out.bytes;

    EVP_EncodeBlock((unsigned char *)at, (const unsigned char *)text.bytes, (int)text.length);
    for (char *c = at; *c != '\0'; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
    return at;
}

/* The members that make the key, as RFC 7638 section 3.2 orders them. */
static const char *public_members(const struct mint_key *key)
{
    const struct form_of_kind *kind = &kinds[key->kind];
    const struct key_material *m = &key->material;

    if (key->kind == MINT_RSA)
        return textf("\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"", encoded(m->e), encoded(m->n));
    return textf("\"crv\":\"%s\",\"kty\":\"%s\",\"x\":\"%s\"%s", kind->crv, kind->kty, encoded(m->x),
                 key->kind == MINT_ED25519 ? "" : textf(",\"y\":\"%s\"", encoded(m->y)));
}

const char *mint_jwk(const struct mint_key *key, const char *members)
{
    return textf("{%s%s%s}", public_members(key), members != NULL ? "," : "", members != NULL ? members : "");
}

const char *mint_private_jwk(const struct mint_key *key, const char *members)
{
    unsigned char octets[32];
    size_t length = sizeof(octets);
    const char *name = key->kind == MINT_RSA ? OSSL_PKEY_PARAM_RSA_D : OSSL_PKEY_PARAM_PRIV_KEY;
    struct text d = {(const char *)octets, 0};

    if (key->kind == MINT_ED25519) {
        ck_assert_int_eq(EVP_PKEY_get_raw_private_key(key->pkey, octets, &length), 1);
        d.length = length;
    } else {
        d = number_of(key->pkey, name, 0);
    }
    return mint_jwk(key, textf("\"d\":\"%s\"%s%s", encoded(d), members != NULL ? "," : "",
                               members != NULL ? members : ""));
}

const char *mint_jwks_of(const char *const *jwks)
{
    const char *list = "";

    for (; *jwks != NULL; jwks++)
        list = textf("%s%s%s", list, *list != '\0' ? "," : "", *jwks);
    return textf("{\"keys\":[%s]}", list);
}

static const char *sha256_of(struct text text)
{
    unsigned char digest[32];

    ck_assert_int_eq(EVP_Q_digest(NULL, "SHA256", NULL, text.bytes, text.length, digest, NULL), 1);
    return encoded((struct text){(const char *)digest, sizeof(digest)});
}

const char *mint_thumbprint(const struct mint_key *key)
{
    return sha256_of(text_from(textf("{%s}", public_members(key))));
}

/* --- SSH --- */

static void put_string(struct buffer *blob, struct text string)
{
    const char length[4] = {(char)(string.length >> 24), (char)(string.length >> 16),
                            (char)(string.length >> 8), (char)string.length};

    ck_assert(buffer_append(blob, (struct text){length, sizeof(length)}) && buffer_append(blob, string));
}

/* RFC 4251 section 5: an octet of zero before a number whose first bit is set. */
static void put_number(struct buffer *blob, struct text number)
{
    CLEANUP(buffer_freep) struct buffer positive = {0};

    if ((number.bytes[0] & 0x80) != 0)
        ck_assert(buffer_append(&positive, (struct text){"", 1}));
    ck_assert(buffer_append(&positive, number));
    put_string(blob, (struct text){(const char *)positive.bytes, positive.length});
}

static void put_point(struct buffer *blob, const struct mint_key *key)
{
    CLEANUP(buffer_freep) struct buffer point = {0};

    ck_assert(buffer_append(&point, TEXT("\x04")) && buffer_append(&point, key->material.x) &&
              buffer_append(&point, key->material.y));
    put_string(blob, text_from(kinds[key->kind].ssh_curve));
    put_string(blob, (struct text){(const char *)point.bytes, point.length});
}

struct text mint_ssh_blob(const struct mint_key *key, bool security_key)
{
    CLEANUP(buffer_freep) struct buffer blob = {0};
    const char *type = security_key ? kinds[key->kind].sk : kinds[key->kind].ssh;

    ck_assert_ptr_nonnull(type);
    put_string(&blob, text_from(type));
    if (key->kind == MINT_RSA) {
        put_number(&blob, key->material.e);
        put_number(&blob, key->material.n);
    } else if (key->kind == MINT_ED25519) {
        put_string(&blob, key->material.x);
    } else {
        put_point(&blob, key);
    }
    if (security_key)
        put_string(&blob, TEXT("ssh:"));
    return kept(blob.bytes, blob.length);
}

const char *mint_ssh_fingerprint(struct text blob)
{
    return sha256_of(blob);
}
