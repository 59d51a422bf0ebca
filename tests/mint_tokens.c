/* SPDX-License-Identifier: Apache-2.0 */
/* mint_tokens.c: signatures and tokens, good ones and forgeries; without the library's tables. */
#include "support.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

static const struct {
    const char *alg;
    enum mint_kind kind;
    struct mint_form form;
} rows[] = {
    {"RS256", MINT_RSA, {.digest = "SHA256"}},
    {"RS384", MINT_RSA, {.digest = "SHA384"}},
    {"RS512", MINT_RSA, {.digest = "SHA512"}},
    {"PS256", MINT_RSA, {"SHA256", .pss = true, .salt = -1}},
    {"PS384", MINT_RSA, {"SHA384", .pss = true, .salt = -1}},
    {"PS512", MINT_RSA, {"SHA512", .pss = true, .salt = -1}},
    {"ES256", MINT_P256, {.digest = "SHA256"}},
    {"ES384", MINT_P384, {.digest = "SHA384"}},
    {"ES512", MINT_P521, {.digest = "SHA512"}},
    {"EdDSA", MINT_ED25519, {.digest = NULL}},
    {"Ed25519", MINT_ED25519, {.digest = NULL}},
};

static size_t row_of(const char *alg)
{
    size_t row = 0;

    while (row < ARRAY_LENGTH(rows) && strcmp(rows[row].alg, alg) != 0)
        row++;
    ck_assert_msg(row < ARRAY_LENGTH(rows), "no algorithm %s", alg);
    return row;
}

const struct mint_key *mint_key_for(const char *alg)
{
    return mint_key(rows[row_of(alg)].kind, 0);
}

/* --- signatures --- */

/* SEQUENCE { INTEGER r, INTEGER s } as R || S of twice `size` octets. */
static struct text from_der(const unsigned char *der, size_t length, size_t size)
{
    unsigned char both[2 * 66];
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)length);

    ck_assert_ptr_nonnull(pair);
    ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_r(pair), both, (int)size), (int)size);
    ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_s(pair), both + size, (int)size), (int)size);
    ECDSA_SIG_free(pair);
    return kept(both, 2 * size);
}

struct text mint_der(struct text signature)
{
    unsigned char *der = NULL;
    int half = (int)(signature.length / 2), length;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    struct text copy;

    ck_assert_int_eq(ECDSA_SIG_set0(pair, BN_bin2bn((const unsigned char *)signature.bytes, half, NULL),
                                    BN_bin2bn((const unsigned char *)signature.bytes + half, half, NULL)),
                     1);
    length = i2d_ECDSA_SIG(pair, &der);
    ck_assert_int_gt(length, 0);
    copy = kept(der, (size_t)length);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return copy;
}

struct text mint_sign_as(const struct mint_key *key, struct mint_form form, struct text text)
{
    unsigned char signature[2048];
    size_t length = sizeof(signature);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_PKEY_CTX *context = NULL;

    ck_assert_int_eq(EVP_DigestSignInit_ex(digest, &context, form.digest, NULL, NULL, key->pkey, NULL), 1);
    if (form.pss)
        ck_assert(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, form.mgf1 != NULL ? form.mgf1 : form.digest,
                                                    NULL) == 1 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(context,
                                                   form.salt >= 0 ? form.salt : RSA_PSS_SALTLEN_DIGEST) == 1);
    ck_assert_int_eq(
        EVP_DigestSign(digest, signature, &length, (const unsigned char *)text.bytes, text.length), 1);
    EVP_MD_CTX_free(digest);
    return key->material.type == KEY_EC ? from_der(signature, length, key->material.x.length)
                                        : kept(signature, length);
}

struct text mint_sign(const struct mint_key *key, const char *alg, struct text text)
{
    return mint_sign_as(key, rows[row_of(alg)].form, text);
}

/* --- tokens --- */

const char *mint_header(const char *alg, const char *kid)
{
    return kid == NULL ? textf("{\"alg\":\"%s\"}", alg) : textf("{\"alg\":\"%s\",\"kid\":\"%s\"}", alg, kid);
}

enum { CLAIMS_MOST = 24 };
struct claim {
    const char *name, *json;
};

static void change_claim(struct claim claims[CLAIMS_MOST], const char *name, const char *json)
{
    size_t i = 0;

    while (claims[i].name != NULL && strcmp(claims[i].name, name) != 0)
        i++;
    ck_assert_uint_lt(i, CLAIMS_MOST - 1);
    claims[i] = (struct claim){name, json};
}

const char *mint_claims_of(const char *const *changes)
{
    struct claim claims[CLAIMS_MOST] = {
        {"iss", "\"" CORP_ISSUER "\""},
        {"sub", "\"s-1001\""},
        {"aud", "\"ssh-prod\""},
        {"exp", textf("%jd", (intmax_t)NOW + 600)},
        {"iat", textf("%jd", (intmax_t)NOW - 10)},
        {"preferred_username", "\"nobody\""},
    };
    const char *text = "";

    for (; changes[0] != NULL; changes += 2) {
        ck_assert_ptr_nonnull(changes[1]);
        change_claim(claims, changes[0], changes[1]);
    }
    for (size_t i = 0; claims[i].name != NULL; i++)
        if (*claims[i].json != '\0')
            text = textf("%s%s\"%s\":%s", text, *text != '\0' ? "," : "", claims[i].name, claims[i].json);
    return textf("{%s}", text);
}

const char *mint_join(const char *header, const char *payload, struct text signature)
{
    return textf("%s.%s.%s", encoded(text_from(header)), encoded(text_from(payload)), encoded(signature));
}

static struct text signing_input(const char *header, const char *payload)
{
    return text_from(textf("%s.%s", encoded(text_from(header)), encoded(text_from(payload))));
}

const char *mint_token(const struct mint_key *key, const char *alg, const char *header, const char *payload)
{
    return mint_join(header, payload, mint_sign(key, alg, signing_input(header, payload)));
}

const char *mint_good(const char *alg, const char *kid, const char *payload)
{
    return mint_token(mint_key_for(alg), alg, mint_header(alg, kid), payload);
}

const char *mint_hmac(struct text secret, const char *header, const char *payload)
{
    unsigned char mac[32];
    struct text text = signing_input(header, payload);
    size_t length = 0;

    ck_assert_ptr_nonnull(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret.bytes, secret.length,
                                    (const unsigned char *)text.bytes, text.length, mac, sizeof(mac),
                                    &length));
    return mint_join(header, payload, (struct text){(const char *)mac, length});
}

const char *mint_unsigned(const char *payload)
{
    return mint_join("{\"alg\":\"none\"}", payload, TEXT(""));
}
