/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sshkey.c: one key has one blob; what ssh-keygen makes is read, and nothing that differs from it in
 * form.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* Made with ssh-keygen; fingerprints from ssh-keygen -l, in base64url. */
#define ED25519_BLOB "AAAAC3NzaC1lZDI1NTE5AAAAIHXSodcXTxE43Vyqsmq8RrCvzhBRpQ3Mh50BTqKI6uvF"
#define ED25519_FINGERPRINT "EUs9e-xLEvtNp9sym-N0wnjxIBA3U-NaTc8xBZycVPk"
#define P256_BLOB                                                                                            \
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEA532k6Bl5BZD6mutruXGETdNrQ8I3_o552"               \
    "2KTLlmNy41ZZM8KdZT3AN56z-9YqF-A6qvB6aWk21bjEcW81fQQ"
#define P256_FINGERPRINT "jPjxjWHjayFn-8WOJFx-LOc6JhOgZ98WvhZDPTGzX6Q"
#define P384_BLOB                                                                                            \
    "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBIUYI_p9sbpkZ4RO4AI97STgTW4kqyfUTdHb"               \
    "YiFN-qL_pMyZ69t7H1WWHMhNzMWlvfu__G3B6Ws1nYgmXRp-3fNM2kvsBPHWDiHnEX_i-tNEGUeAOfX36YYGf7Nj"               \
    "ClDYQg"
#define P384_FINGERPRINT "LKS4GVagujCdEkZwr2S226ynNakrj3oS1MGTG313tTs"
#define P521_BLOB                                                                                            \
    "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAFP1ul0FKSARtRhfTue8cIpV1EerjAa136n"               \
    "5F6m5f0qmr0o_lh4s_4yPwV9blbo8QCchxGbWx6IVjvdi2xnRKM4dwFTVR6SrRsyqqHBcldxdtyMTn1zhHMHzdEq"               \
    "gH7Gw_63YJ7R8BdA_AjwKJpzZAWwyi3Q6MtXP8cgFOI8_9m0eRdb1g"
#define P521_FINGERPRINT "pb9slTikQvdMXfRl6CUkTSGukxSH_attmrcgD0szPVI"
#define RSA_BLOB                                                                                             \
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQCiY0mWRfQ2HV0hUSXDORoMsVZFB2ZIe_vXWUaQpHnF3aDIKiMUe5PgDBK0"               \
    "1VOvmrTPbXTv1qfPLl00FVKdMXZ7BNbBlSSwsWk4W_uSxIkU7B2zXdMMoebiRuAvXkvLbccoy5fvXYE0YYZMVdHF"               \
    "MO5zftvQz0cazFldj_5cugz2XL_HMr_Xl7uL_B_bNpzuWTJI8sVtd7wFV7OfdlQFhV2kyCqLrO3xRBiVZIxQXKvK"               \
    "vbOZ6-leEBVxCQEMU4E6yfet52-zk2qOltecKNgHCH1DRkAa-lt-hNkKRudqHihZ42u_yR0gffs0fQDJWyFCblX-"               \
    "6aZztaD-uyBjJq9h577d"
#define RSA_FINGERPRINT "roUE7eIJjEzeyNwwiHRs4XIWli36zJMCN0hjUlvH1dg"

enum { BLOB_MAX = 512 };

static struct text blob_of(const char *base64)
{
    unsigned char bytes[BLOB_MAX];
    size_t length;

    ck_assert(base64_decode(text_from(base64), bytes, &length));
    return kept(bytes, length);
}

/* --- blobs put together --- */

/* Writes the four octets of a length. */
static void put_length(struct buffer *buffer, size_t length)
{
    unsigned char *room = buffer_extend(buffer, 4);

    for (int i = 0; i < 4; i++) {
        room[i] = (unsigned char)(length >> (24 - 8 * i));
    }
}

static void put_string(struct buffer *buffer, struct text string)
{
    put_length(buffer, string.length);
    ck_assert(buffer_append(buffer, string));
}

static struct text blob_from(const struct text *strings, size_t count)
{
    struct buffer buffer CLEANUP(buffer_freep) = {NULL, 0};

    for (size_t i = 0; i < count; i++) {
        put_string(&buffer, strings[i]);
    }
    return kept(buffer.bytes, buffer.length);
}

#define BLOB(...)                                                                                            \
    blob_from((const struct text[]){__VA_ARGS__},                                                            \
              sizeof((const struct text[]){__VA_ARGS__}) / sizeof(struct text))

/* Looks that nothing was given out where it is refused. */
static bool parses(struct text blob)
{
    struct sshkey key = {.type = TEXT("poison")};
    unsigned char *copy = malloc(blob.length);
    bool parsed;

    /* A copy that ends where its memory ends, so that a sanitizer sees a byte too many. */
    if (blob.length > 0) {
        memcpy(copy, blob.bytes, blob.length);
    }
    parsed = sshkey_parse((struct text){(char *)copy, blob.length}, &key);
    free(copy);
    if (parsed) {
        sshkey_clear(&key);
    } else {
        ck_assert(text_is(key.type, "poison") && key.octets.bytes == NULL && key.material.type == KEY_NONE);
    }
    return parsed;
}

static void put_positive(struct buffer *buffer, struct text octets)
{
    bool high = ((unsigned char)octets.bytes[0] & 0x80) != 0;

    put_length(buffer, octets.length + high);
    ck_assert(!high || buffer_append(buffer, TEXT("\0")));
    ck_assert(buffer_append(buffer, octets));
}

/* The one blob of a key; `application` NULL: it is no security key's. */
static struct text written(const struct sshkey *key, const struct text *application)
{
    struct buffer buffer CLEANUP(buffer_freep) = {NULL, 0};
    const struct key_material *material = &key->material;

    put_string(&buffer, key->type);
    if (material->type == KEY_RSA) {
        put_positive(&buffer, material->e);
        put_positive(&buffer, material->n);
    } else if (material->type == KEY_OKP) {
        put_string(&buffer, material->x);
    } else {
        put_string(&buffer, text_from(textf("nistp%s", material->curve->name + 2)));
        put_length(&buffer, 1 + 2 * material->x.length);
        ck_assert(buffer_append(&buffer, TEXT("\x04")));
        ck_assert(buffer_append(&buffer, material->x) && buffer_append(&buffer, material->y));
    }
    if (application != NULL) {
        put_string(&buffer, *application);
    }
    return kept(buffer.bytes, buffer.length);
}

/* --- keys as ssh-keygen makes them --- */

static const struct {
    const char *blob, *fingerprint, *type;
    enum key_type key_type;
    const char *curve;
    size_t size; /* octets of n, or of x */
} known[] = {
    {ED25519_BLOB, ED25519_FINGERPRINT, "ssh-ed25519", KEY_OKP, "Ed25519", 32},
    {P256_BLOB, P256_FINGERPRINT, "ecdsa-sha2-nistp256", KEY_EC, "P-256", 32},
    {P384_BLOB, P384_FINGERPRINT, "ecdsa-sha2-nistp384", KEY_EC, "P-384", 48},
    {P521_BLOB, P521_FINGERPRINT, "ecdsa-sha2-nistp521", KEY_EC, "P-521", 66},
    {RSA_BLOB, RSA_FINGERPRINT, "ssh-rsa", KEY_RSA, NULL, 256},
};

START_TEST(known_keys)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        struct text blob = blob_of(known[i].blob);
        struct sshkey key CLEANUP(sshkey_clear) = {.type = TEXT("")};
        ck_assert(sshkey_parse(blob, &key));
        ck_assert(text_is(key.type, known[i].type));
        ck_assert_int_eq(key.material.type, known[i].key_type);
        if (known[i].curve == NULL) {
            ck_assert_ptr_null(key.material.curve);
            ck_assert(text_equal(key.material.e, TEXT("\x01\x00\x01")));
            ck_assert_uint_eq(key.material.n.length, known[i].size);
            ck_assert_int_ne(key.material.n.bytes[0], 0);
        } else {
            ck_assert_str_eq(key.material.curve->name, known[i].curve);
            ck_assert_uint_eq(key.material.x.length, known[i].size);
            ck_assert_uint_eq(key.material.y.length, known[i].key_type == KEY_EC ? known[i].size : 0);
        }
        ck_assert(text_equal(written(&key, NULL), blob));
    }
}
END_TEST

START_TEST(known_fingerprints)
{
    struct crypto *crypto = crypto_new();

    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        char fingerprint[THUMBPRINT_SIZE];
        ck_assert(sshkey_fingerprint(crypto, blob_of(known[i].blob), fingerprint));
        ck_assert_str_eq(fingerprint, known[i].fingerprint);
    }
    crypto_free(crypto);
}
END_TEST

/* The key does not need the blob that it came from. */
START_TEST(key_owns_its_octets)
{
    struct text blob = blob_of(P256_BLOB);
    struct sshkey key CLEANUP(sshkey_clear) = {.type = TEXT("")};
    char copy[BLOB_MAX];

    memcpy(copy, blob.bytes, blob.length);
    ck_assert(sshkey_parse((struct text){copy, blob.length}, &key));
    memset(copy, '#', sizeof(copy));
    ck_assert(text_equal(written(&key, NULL), blob));
}
END_TEST

START_TEST(clearing_twice_is_fine)
{
    struct sshkey key = {.type = TEXT("")};

    sshkey_clear(&key);
    ck_assert(sshkey_parse(blob_of(ED25519_BLOB), &key));
    sshkey_clear(&key);
    ck_assert_int_eq(key.material.type, KEY_NONE);
    ck_assert_ptr_null(key.octets.bytes);
    sshkey_clear(&key);
}
END_TEST

/* --- what differs in form --- */

START_TEST(whole_blobs_only)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        struct text blob = blob_of(known[i].blob), longer = kept(blob.bytes, blob.length + 1);
        for (size_t length = 0; length < blob.length; length++) {
            ck_assert_msg(!parses((struct text){blob.bytes, length}), "%s, %zu bytes", known[i].type, length);
        }
        ck_assert(parses(blob));
        ck_assert(!parses(longer));
    }
    ck_assert(!parses((struct text){NULL, 0}));
}
END_TEST

/* Each bit of a blob turned over, and each byte: refused, or another key of which this is the one blob. */
START_TEST(one_blob_a_key)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        struct text blob = blob_of(known[i].blob);
        char other[BLOB_MAX];
        memcpy(other, blob.bytes, blob.length);
        for (size_t place = 0; place < blob.length; place++) {
            for (int turned = 0; turned < 9; turned++) {
                struct sshkey key = {.type = TEXT("")};
                struct text changed = {other, blob.length};
                other[place] = (char)(unsigned char)((unsigned char)blob.bytes[place] ^
                                                     (turned < 8 ? 1 << turned : 0xff));
                if (sshkey_parse(changed, &key)) {
                    ck_assert(text_equal(written(&key, NULL), changed));
                    sshkey_clear(&key);
                }
            }
            other[place] = blob.bytes[place];
        }
    }
}
END_TEST

#define X32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define Y32 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
#define X48 X32 "xxxxxxxxxxxxxxxx"
#define SK_ED25519 "sk-ssh-ed25519@openssh.com"
#define SK_P256 "sk-ecdsa-sha2-nistp256@openssh.com"

START_TEST(octet_keys)
{
    ck_assert(parses(BLOB(TEXT("ssh-ed25519"), TEXT(X32))));
    ck_assert(!parses(BLOB(TEXT("ssh-ed25519"), TEXT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"))));
    ck_assert(!parses(BLOB(TEXT("ssh-ed25519"), TEXT(X32 "x"))));
    ck_assert(!parses(BLOB(TEXT("ssh-ed25519"), TEXT(""))));
    ck_assert(!parses(BLOB(TEXT("ssh-ed25519"))));
    ck_assert(!parses(BLOB(TEXT("ssh-ed25519"), TEXT(X32), TEXT(""))));
    ck_assert(!parses(BLOB(TEXT("ssh-ed25519"), TEXT(X32), TEXT("ssh:"))));
}
END_TEST

START_TEST(types_that_are_none)
{
    static const struct text types[] = {
        TEXT(""),
        TEXT("ssh-ed25519\0"),
        TEXT("SSH-ED25519"),
        TEXT("ssh-ed2551"),
        TEXT("ssh-ed448"),
        TEXT("ssh-ed25519 "),
        TEXT("ssh-dss"),
        TEXT("ssh-ed25519-cert-v01@openssh.com"),
        TEXT("Ed25519"),
    };

    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        ck_assert(!parses(BLOB(types[i], TEXT(X32))));
    }
}
END_TEST

START_TEST(points)
{
    ck_assert(parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\x04" X32 Y32))));
    ck_assert(parses(BLOB(TEXT("ecdsa-sha2-nistp384"), TEXT("nistp384"), TEXT("\x04" X48 X48))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp384"), TEXT("\x04" X32 Y32))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp384"), TEXT("\x04" X48 X48))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\x04" X48 X48))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT(""), TEXT("\x04" X32 Y32))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("P-256"), TEXT("\x04" X32 Y32))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("\x04" X32 Y32))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT(""))));
    /* infinity, compressed, hybrid, nothing known; short, long */
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\0"))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\x02" X32))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\x03" X32))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\x06" X32 Y32))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\x07" X32 Y32))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\x05" X32 Y32))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\x04" X32))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\x04" X32 Y32 "y"))));
    ck_assert(!parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\x04" X32 Y32), TEXT(""))));
}
END_TEST

START_TEST(security_keys)
{
    struct sshkey key CLEANUP(sshkey_clear) = {.type = TEXT("")};
    struct text application = TEXT("ssh:"), blob;

    blob = BLOB(TEXT(SK_ED25519), TEXT(X32), application);
    ck_assert(sshkey_parse(blob, &key));
    ck_assert(text_is(key.type, SK_ED25519) && text_is(key.material.x, X32));
    ck_assert_int_eq(key.material.type, KEY_OKP);
    ck_assert(text_equal(written(&key, &application), blob));
    sshkey_clear(&key);
    blob = BLOB(TEXT(SK_P256), TEXT("nistp256"), TEXT("\x04" X32 Y32), application);
    ck_assert(sshkey_parse(blob, &key));
    ck_assert(text_is(key.type, SK_P256) && text_is(key.material.x, X32) && text_is(key.material.y, Y32));
    ck_assert_int_eq(key.material.type, KEY_EC);
    ck_assert(text_equal(written(&key, &application), blob));
    ck_assert(!parses(BLOB(TEXT(SK_ED25519), TEXT(X32))));
    ck_assert(!parses(BLOB(TEXT(SK_ED25519), TEXT(X32), application, application)));
    ck_assert(!parses(BLOB(TEXT(SK_P256), TEXT("nistp256"), TEXT("\x04" X32 Y32))));
    ck_assert(!parses(BLOB(TEXT(SK_P256), TEXT("nistp384"), TEXT("\x04" X48 X48), application)));
    ck_assert(
        !parses(BLOB(TEXT("ecdsa-sha2-nistp256"), TEXT("nistp256"), TEXT("\x04" X32 Y32), application)));
}
END_TEST

/* RFC 4251 section 5: positive, and no octet more than that needs. */
START_TEST(rsa_numbers)
{
    static const struct {
        struct text number;
        bool good;
        struct text octets;
    } numbers[] = {
        {TEXT("\x03"), true, TEXT("\x03")},
        {TEXT("\x01\x00\x01"), true, TEXT("\x01\x00\x01")},
        {TEXT("\x7f\xff"), true, TEXT("\x7f\xff")},
        {TEXT("\x00\x80"), true, TEXT("\x80")},
        {TEXT("\x00\xff\x00"), true, TEXT("\xff\x00")},
        {TEXT(""), false, TEXT("")},     /* zero */
        {TEXT("\x00"), false, TEXT("")}, /* zero, spelled wrongly */
        {TEXT("\x00\x00"), false, TEXT("")},
        {TEXT("\x00\x03"), false, TEXT("")}, /* an octet too many */
        {TEXT("\x00\x7f"), false, TEXT("")},
        {TEXT("\x00\x00\x80"), false, TEXT("")},
        {TEXT("\x80"), false, TEXT("")}, /* negative */
        {TEXT("\xff\xff"), false, TEXT("")},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        struct sshkey key CLEANUP(sshkey_clear) = {.type = TEXT("")};
        ck_assert_int_eq(parses(BLOB(TEXT("ssh-rsa"), TEXT("\x03"), numbers[i].number)), numbers[i].good);
        ck_assert_int_eq(parses(BLOB(TEXT("ssh-rsa"), numbers[i].number, TEXT("\x05"))), numbers[i].good);
        if (numbers[i].good) {
            ck_assert(sshkey_parse(BLOB(TEXT("ssh-rsa"), TEXT("\x03"), numbers[i].number), &key));
            ck_assert(text_equal(key.material.n, numbers[i].octets));
            ck_assert(text_is(key.material.e, "\x03"));
        }
    }
    ck_assert(!parses(BLOB(TEXT("ssh-rsa"), TEXT("\x03"))));
    ck_assert(!parses(BLOB(TEXT("ssh-rsa"), TEXT("\x03"), TEXT("\x05"), TEXT("\x07"))));
}
END_TEST

START_TEST(rsa_has_a_largest_size)
{
    struct text most = text_from(repeated("\x7f", RSA_BITS_MAX / 8)),
                more = text_from(repeated("\x7f", RSA_BITS_MAX / 8 + 1));

    ck_assert(parses(BLOB(TEXT("ssh-rsa"), most, most)));
    ck_assert(!parses(BLOB(TEXT("ssh-rsa"), TEXT("\x03"), more)));
    ck_assert(!parses(BLOB(TEXT("ssh-rsa"), more, TEXT("\x05"))));
}
END_TEST

/* Lengths up to the largest, of which no sum may begin again at 0. */
START_TEST(lengths_beyond_the_end)
{
    static const uint32_t lengths[] = {12,         32,         33,         255,        65536,
                                       0x7fffffff, 0x80000000, 0xfffffffb, 0xfffffffc, 0xffffffff};

    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        struct buffer blob CLEANUP(buffer_freep) = {NULL, 0};
        put_length(&blob, lengths[i]);
        ck_assert(buffer_append(&blob, TEXT("ssh-ed25519")));
        ck_assert(!parses((struct text){(char *)blob.bytes, blob.length}));
        buffer_freep(&blob);
        put_string(&blob, TEXT("ssh-ed25519"));
        put_length(&blob, lengths[i]);
        ck_assert(buffer_append(&blob, TEXT(X32)));
        ck_assert_int_eq(parses((struct text){(char *)blob.bytes, blob.length}), lengths[i] == 32);
    }
}
END_TEST

int main(void)
{
    return RUN("sshkey", known_keys, known_fingerprints, key_owns_its_octets, clearing_twice_is_fine,
               whole_blobs_only, one_blob_a_key, octet_keys, types_that_are_none, points, security_keys,
               rsa_numbers, rsa_has_a_largest_size, lengths_beyond_the_end);
}
