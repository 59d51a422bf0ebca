/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwk.c: one key of a set, read from JSON and written again (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).
 *
 * What real providers send a little wrong (padding, the other base64 alphabet, leading zero octets, short coordinates)
 * is mended here and nowhere else; the result is canonical.  A private member makes a key unusable: it is compromised.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const drop_names[DROP_COUNT] = {
    [DROP_NONE] = "",   [DROP_KTY] = "kty", [DROP_OCT] = "oct", [DROP_PRIVATE] = "private",   [DROP_USE] = "use",
    [DROP_ALG] = "alg", [DROP_KID] = "kid", [DROP_X5C] = "x5c", [DROP_MATERIAL] = "material",
};

const char *jwk_drop_name(enum key_drop drop)
{
    return (unsigned)drop < DROP_COUNT ? drop_names[drop] : "memory";
}

void jwk_clear(struct jwk *jwk)
{
    buffer_freep(&jwk->octets);
    memset(jwk, 0, sizeof(*jwk));
}

/* W2: `k` is a shared secret, the others are a private key that somebody published. */
static enum key_drop check_secret(const struct value *key)
{
    static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth"};

    if (value_is(value_member(key, "kty"), "oct") || value_member(key, "k") != NULL)
        return DROP_OCT;
    for (size_t i = 0; i < ARRAY_LENGTH(private_members); i++)
        if (value_member(key, private_members[i]) != NULL)
            return DROP_PRIVATE;
    return DROP_NONE;
}

static enum key_drop read_type(const struct value *key, struct jwk *jwk)
{
    struct text kty, crv;

    if (!value_member_text(key, "kty", &kty))
        return DROP_KTY;
    if (text_is(kty, "RSA")) {
        jwk->material.type = KEY_RSA;
        return DROP_NONE;
    }
    if (!value_member_text(key, "crv", &crv) || (jwk->material.curve = curve_find(crv)) == NULL)
        return DROP_KTY;
    jwk->material.type = jwk->material.curve->type;
    return text_is(kty, jwk->material.type == KEY_EC ? "EC" : "OKP") ? DROP_NONE : DROP_KTY;
}

enum { KEY_OPS_MAX = 16 }; /* RFC 7517 section 4.3 names 8; each is compared with each */

/* RFC 7517 section 4.3: `key_ops` is an array of different strings; ours must be among them. */
static bool key_ops_fit(const struct value *key_ops)
{
    bool verifies = false;

    if (value_type(key_ops) != VALUE_ARRAY || value_count(key_ops) > KEY_OPS_MAX)
        return false;
    for (size_t i = 0; i < value_count(key_ops); i++) {
        struct text operation, other;

        if (!value_text(value_at(key_ops, i), &operation))
            return false;
        for (size_t j = 0; j < i; j++)
            if (value_text(value_at(key_ops, j), &other) && text_equal(operation, other))
                return false;
        verifies = verifies || text_is(operation, "verify");
    }
    return verifies;
}

static enum key_drop read_use(const struct value *key, struct jwk *jwk)
{
    const struct value *use = value_member(key, "use");

    if (use != NULL && !value_is(use, "sig"))
        return DROP_USE;
    if (use != NULL && !value_text(use, &jwk->use))
        return DROP_USE;
    jwk->key_ops = value_member(key, "key_ops");
    return jwk->key_ops == NULL || key_ops_fit(jwk->key_ops) ? DROP_NONE : DROP_USE;
}

static enum key_drop read_names(const struct value *key, struct jwk *jwk)
{
    const struct value *alg = value_member(key, "alg");
    const struct value *kid = value_member(key, "kid");
    const struct value *issuer = value_member(key, "issuer");
    struct text name;

    if (alg != NULL) {
        if (!value_text(alg, &name) || (jwk->algorithm = algorithm_find(name)) == NULL)
            return DROP_ALG;
        if (!algorithm_fits(jwk->algorithm, jwk->material.type, jwk->material.curve))
            return DROP_ALG;
    }
    if (kid != NULL && (!value_text(kid, &jwk->kid) || jwk->kid.length == 0 || jwk->kid.length > KID_MAX))
        return DROP_KID;
    jwk->has_kid = kid != NULL;
    if (issuer != NULL && (!value_text(issuer, &jwk->issuer) || jwk->issuer.length == 0 || jwk->issuer.length > URI_MAX))
        return DROP_KID; /* a narrowing that cannot be read narrows to nothing */
    return DROP_NONE;
}

enum { OCTETS_MAX = RSA_BITS_MAX / 8, ENCODED_MAX = BASE64_ENCODED_SIZE(OCTETS_MAX) + 64 };

/*
 * Appends one base64url member to jwk->octets, without leading zero octets, and then, where `size` is not 0, filled up
 * to it from the left.
 */
static bool read_octets(const struct value *key, const char *name, size_t size, struct jwk *jwk, struct text *ret_octets)
{
    unsigned char bytes[BASE64_DECODED_MAX(ENCODED_MAX)];
    unsigned char *to = jwk->octets.bytes + jwk->octets.length;
    size_t length, zeros = 0, fill;
    struct text encoded;

    if (!value_member_text(key, name, &encoded) || encoded.length == 0 || encoded.length > ENCODED_MAX ||
        !base64_decode_lenient(encoded, bytes, &length))
        return false;
    while (zeros < length && bytes[zeros] == 0)
        zeros++;
    length -= zeros;
    if (length > (size != 0 ? size : OCTETS_MAX))
        return false;
    fill = size > length ? size - length : 0;
    memset(to, 0, fill);
    memcpy(to + fill, bytes + zeros, length);
    jwk->octets.length += fill + length;
    *ret_octets = (struct text){(char *)to, fill + length};
    return ret_octets->length != 0;
}

/* An Ed25519 key is 32 octets as they are: leading zeros are part of it, and nothing is filled up. */
static bool ed25519_is_whole(const struct value *key)
{
    struct text x;
    unsigned char bytes[BASE64_DECODED_MAX(64)];
    size_t length;

    return value_member_text(key, "x", &x) && x.length <= 64 && base64_decode_lenient(x, bytes, &length) && length == 32;
}

static enum key_drop read_material(const struct value *key, struct jwk *jwk)
{
    struct key_material *m = &jwk->material;
    size_t size = m->curve != NULL ? m->curve->size : 0;

    if (value_member(key, m->type == KEY_RSA ? "n" : "x") == NULL &&
        (value_member(key, "x5c") != NULL || value_member(key, "x5u") != NULL))
        return DROP_X5C;
    jwk->octets.bytes = malloc((size_t)2 * OCTETS_MAX);
    if (jwk->octets.bytes == NULL)
        return DROP_MEMORY;
    if (m->type == KEY_RSA)
        return read_octets(key, "n", 0, jwk, &m->n) && read_octets(key, "e", 0, jwk, &m->e) ? DROP_NONE : DROP_MATERIAL;
    if (m->type == KEY_OKP)
        return ed25519_is_whole(key) && read_octets(key, "x", size, jwk, &m->x) ? DROP_NONE : DROP_MATERIAL;
    return read_octets(key, "x", size, jwk, &m->x) && read_octets(key, "y", size, jwk, &m->y) ? DROP_NONE : DROP_MATERIAL;
}

enum key_drop jwk_read(const struct value *key, struct jwk *ret_jwk)
{
    struct jwk jwk = {0};
    enum key_drop drop;

    if (value_type(key) != VALUE_OBJECT)
        return DROP_KTY;
    if ((drop = check_secret(key)) != DROP_NONE || (drop = read_type(key, &jwk)) != DROP_NONE ||
        (drop = read_use(key, &jwk)) != DROP_NONE || (drop = read_names(key, &jwk)) != DROP_NONE ||
        (drop = read_material(key, &jwk)) != DROP_NONE) {
        jwk_clear(&jwk);
        return drop;
    }
    *ret_jwk = jwk;
    return DROP_NONE;
}

/* `"name":"base64url"` with what stands before it. */
static bool write_octets(struct buffer *out, const char *before, struct text octets)
{
    char encoded[BASE64_ENCODED_SIZE(OCTETS_MAX)];

    if (octets.length > OCTETS_MAX)
        return false; /* not of a set: its members are bounded; of an SSH key */
    base64_encode((const unsigned char *)octets.bytes, octets.length, encoded);
    return buffer_append(out, text_from(before)) && buffer_append(out, text_from(encoded)) && buffer_append(out, TEXT("\""));
}

static bool write_text(struct buffer *out, const char *before, struct text text)
{
    return buffer_append(out, text_from(before)) && value_write_string(out, text);
}

/* The members that are the key, in the order that RFC 7638 section 3.2 asks for: `"e":"...","kty":"RSA","n":"..."`. */
static bool write_material(struct buffer *out, const struct key_material *m)
{
    if (m->type == KEY_RSA)
        return write_octets(out, "\"e\":\"", m->e) && write_octets(out, ",\"kty\":\"RSA\",\"n\":\"", m->n);
    return write_text(out, "\"crv\":", text_from(m->curve->name)) &&
           write_octets(out, m->type == KEY_EC ? ",\"kty\":\"EC\",\"x\":\"" : ",\"kty\":\"OKP\",\"x\":\"", m->x) &&
           (m->type != KEY_EC || write_octets(out, ",\"y\":\"", m->y));
}

bool material_thumbprint(const struct crypto *crypto, const struct key_material *material,
                         char ret_thumbprint[static THUMBPRINT_SIZE])
{
    CLEANUP(buffer_freep) struct buffer json = {0};
    unsigned char digest[SHA256_SIZE];

    if (!buffer_append(&json, TEXT("{")) || !write_material(&json, material) || !buffer_append(&json, TEXT("}")) ||
        !crypto_sha256(crypto, (struct text){(char *)json.bytes, json.length}, digest))
        return false;
    base64_encode(digest, sizeof(digest), ret_thumbprint);
    return true;
}

static bool write_key_ops(struct buffer *out, const struct value *key_ops)
{
    if (key_ops == NULL)
        return true;
    /* read_use has seen `verify` among them, and nothing else is of use to a reader */
    return buffer_append(out, TEXT(",\"key_ops\":[\"verify\"]"));
}

bool jwk_write(struct buffer *out, const struct jwk *jwk, const char *thumbprint)
{
    return buffer_append(out, TEXT("{")) && write_material(out, &jwk->material) &&
           (!jwk->has_kid || write_text(out, ",\"kid\":", jwk->kid)) &&
           (jwk->algorithm == NULL || write_text(out, ",\"alg\":", text_from(jwk->algorithm->name))) &&
           (jwk->use.length == 0 || write_text(out, ",\"use\":", jwk->use)) && write_key_ops(out, jwk->key_ops) &&
           (jwk->issuer.length == 0 || write_text(out, ",\"issuer\":", jwk->issuer)) &&
           write_text(out, ",\"thumbprint\":", text_from(thumbprint)) && buffer_append(out, TEXT("}"));
}
