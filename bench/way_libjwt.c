/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way_libjwt.c: libjwt 1, which knows no key sets: a key comes to it as PEM.  What a program needs in
 * between is here: the set is parsed and searched with jansson, and the key is made and written as PEM with
 * OpenSSL, libjwt's own libraries.
 *
 * Left out: files, their owners and ages; issuer, audience, times, names.  PS256 and EdDSA: it has none.
 */
#include "way.h"

#include <jansson.h>
#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

enum { OCTETS_SIZE = 1024 };

/* base64url, from `at` to its end or the next dot; 0: that is none. */
static size_t decode(const char *at, unsigned char out[OCTETS_SIZE])
{
    char text[OCTETS_SIZE];
    size_t length = at != NULL ? strcspn(at, ".") : 0, padded = (length + 3) / 4 * 4;

    if (length == 0 || padded >= sizeof(text))
        return 0;
    for (size_t i = 0; i < padded; i++)
        text[i] = (char)(i >= length ? '=' : at[i] == '-' ? '+' : at[i] == '_' ? '/' : at[i]);
    return EVP_DecodeBlock(out, (unsigned char *)text, (int)padded) < 0 ? 0 : length * 3 / 4;
}

static size_t member(const json_t *jwk, const char *name, unsigned char out[OCTETS_SIZE])
{
    return decode(json_string_value(json_object_get(jwk, name)), out);
}

static OSSL_PARAM *rsa_key(const json_t *jwk)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    unsigned char octets[OCTETS_SIZE];
    BIGNUM *n = BN_bin2bn(octets, (int)member(jwk, "n", octets), NULL),
           *e = BN_bin2bn(octets, (int)member(jwk, "e", octets), NULL);
    OSSL_PARAM *parameters;

    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
    parameters = OSSL_PARAM_BLD_to_param(build);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return parameters;
}

static OSSL_PARAM *ec_key(const json_t *jwk)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    unsigned char point[1 + 2 * OCTETS_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
    size_t x = member(jwk, "x", point + 1), y = member(jwk, "y", point + 1 + x);
    OSSL_PARAM *parameters;

    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
                                    json_string_value(json_object_get(jwk, "crv")), 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + x + y);
    parameters = OSSL_PARAM_BLD_to_param(build);
    OSSL_PARAM_BLD_free(build);
    return parameters;
}

static BIO *as_pem(const json_t *jwk)
{
    const char *type = json_string_value(json_object_get(jwk, "kty"));
    OSSL_PARAM *parameters = strcmp(type, "RSA") == 0 ? rsa_key(jwk) : ec_key(jwk);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    BIO *pem = BIO_new(BIO_s_mem());

    EVP_PKEY_fromdata_init(context);
    if (EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1)
        PEM_write_bio_PUBKEY(pem, key);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    return pem;
}

static BIO *find_key(const json_t *set, const json_t *header)
{
    const char *kid = json_string_value(json_object_get(header, "kid"));
    json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(set, "keys"), i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "kid"));

        if (kid != NULL && name != NULL && strcmp(name, kid) == 0)
            return as_pem(entry);
    }
    return NULL;
}

static bool decide(const struct given *given, void *prepared)
{
    unsigned char octets[OCTETS_SIZE];
    json_t *header = json_loadb((char *)octets, decode(given->token, octets), 0, NULL),
           *set = json_loads(given->set, 0, NULL);
    BIO *pem = find_key(set, header);
    char *text, *claims = NULL;
    long length = pem != NULL ? BIO_get_mem_data(pem, &text) : 0;
    jwt_t *token = NULL;

    (void)prepared;
    if (length > 0 && jwt_decode(&token, given->token, (unsigned char *)text, (int)length) == 0)
        claims = jwt_get_grants_json(token, NULL);
    jwt_free(token);
    BIO_free(pem);
    json_decref(header);
    json_decref(set);
    return claims != NULL ? (free(claims), true) : false;
}

const struct way way = {NULL, decide};
