/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto.c: keys, signatures and hashes; the only file that knows OpenSSL.
 *
 * OpenSSL is used in a private library context.  What it does not check, and a forgery needs, is checked in material.c, of a key's
 * numbers and a signature's, and here: the salt length of PSS, the hash that belongs to a curve.
 */
#include "internal.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

/* Made at first use: a login that is refused before there is anything to verify costs none of it. */
struct engine {
    OSSL_LIB_CTX *context;
    OSSL_PROVIDER *provider;
    EVP_MD *sha256;
};

struct crypto {
    struct engine *engine; /* that one */
    struct engine made;
};

struct key {
    EVP_PKEY *pkey;
    enum key_type type;
    const struct curve *curve;
    size_t size; /* of a signature: RSA's modulus, two coordinates, or 64 */
};

/*
 * OpenSSL's own start loads the text of each error, and each context's first fetch takes over hundreds of old names of
 * algorithms, only to put them away at the end: half of what a short process does.  Nothing here asks for any of it.
 * What OpenSSL was told first holds for all of the process, so this is for its owner to say.
 */
void jwkscore_program_begin(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
                                  OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS | OPENSSL_INIT_NO_ATEXIT,
                              NULL);
}

static void engine_stop(struct engine *engine)
{
    EVP_MD_free(engine->sha256);
    if (engine->provider != NULL)
        OSSL_PROVIDER_unload(engine->provider);
    OSSL_LIB_CTX_free(engine->context);
    *engine = (struct engine){NULL, NULL, NULL};
}

static bool engine_start(struct engine *engine)
{
    bool ok;

    ERR_set_mark();
    ok = (engine->context = OSSL_LIB_CTX_new()) != NULL &&
         (engine->provider = OSSL_PROVIDER_load(engine->context, "default")) != NULL &&
         (engine->sha256 = EVP_MD_fetch(engine->context, "SHA256", NULL)) != NULL;
    if (!ok)
        engine_stop(engine);
    ERR_pop_to_mark();
    return ok;
}

/* NULL without memory.  To OpenSSL a context of NULL would be the host's, so nothing goes on without one. */
static const struct engine *engine_of(const struct crypto *crypto)
{
    return crypto->engine->context != NULL || engine_start(crypto->engine) ? crypto->engine : NULL;
}

/*
 * A private context still reads openssl.cnf at its first use, and sudo's caller chooses OPENSSL_CONF: only
 * NO_LOAD_CONFIG prevents it (measured, 3.0.22).  It is said at once and not at that first use, since libcurl may begin
 * OpenSSL in between.  Without effect where the host has set libcrypto up already.
 */
struct crypto *crypto_new(void)
{
    struct crypto *crypto = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1 ? calloc(1, sizeof(*crypto)) : NULL;

    if (crypto != NULL)
        crypto->engine = &crypto->made;
    return crypto;
}

void crypto_free(struct crypto *crypto)
{
    if (crypto == NULL)
        return;
    engine_stop(crypto->engine);
    free(crypto);
}

bool crypto_sha256(const struct crypto *crypto, struct text text, unsigned char ret_digest[static SHA256_SIZE])
{
    const struct engine *engine = engine_of(crypto);
    bool ok;

    if (engine == NULL)
        return false;
    ERR_set_mark();
    ok = EVP_Digest(text.bytes, text.length, ret_digest, NULL, engine->sha256, NULL) == 1;
    ERR_pop_to_mark();
    return ok;
}

/*
 * Begins a piece of work: what the host left in OpenSSL's queue of errors stays there (one of 15 is lost where it is full),
 * below one of ours, so that its last is not taken for ours.  Answers the last, or 0.
 */
static unsigned long errors_begin(void)
{
    ERR_set_mark();
    if (ERR_peek_last_error() != 0)
        ERR_raise(ERR_LIB_USER, 1);
    return ERR_peek_last_error();
}

/* OpenSSL names want of memory in most places, and a wrong point of a curve always. */
enum cause { CAUSE_UNSAID, CAUSE_MEMORY, CAUSE_POINT };

static bool is_point(unsigned long code)
{
    return ERR_GET_LIB(code) == ERR_LIB_EC &&
           (ERR_GET_REASON(code) == EC_R_POINT_IS_NOT_ON_CURVE || ERR_GET_REASON(code) == EC_R_INVALID_ENCODING);
}

/* Ends it, and says why it failed, if it did.  The first error is the nearest to the cause, if it can be told from the host's. */
static enum cause errors_end(unsigned long before)
{
    unsigned long last = ERR_peek_last_error(), first = before == 0 ? ERR_peek_error() : last;

    ERR_pop_to_mark();
    if (last == before)
        return CAUSE_UNSAID;
    if (ERR_GET_REASON(first) == ERR_R_MALLOC_FAILURE || ERR_GET_REASON(last) == ERR_R_MALLOC_FAILURE)
        return CAUSE_MEMORY;
    return is_point(last) ? CAUSE_POINT : CAUSE_UNSAID;
}

/* Asks OpenSSL to make a key of `type` from what the builder holds. */
static EVP_PKEY *make_key(const struct engine *engine, const char *type, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(engine->context, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);

    if (context != NULL && params != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static EVP_PKEY *make_rsa(const struct engine *engine, const struct key_material *m)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn((const unsigned char *)m->n.bytes, (int)m->n.length, NULL);
    BIGNUM *e = BN_bin2bn((const unsigned char *)m->e.bytes, (int)m->e.length, NULL);

    if (builder != NULL && n != NULL && e != NULL && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        pkey = make_key(engine, "RSA", builder);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return pkey;
}

/* W4: the uncompressed point and no other form; OpenSSL would also take infinity, compressed and hybrid ones. */
static EVP_PKEY *make_ec(const struct engine *engine, const struct key_material *m)
{
    EVP_PKEY *pkey = NULL;
    unsigned char point[1 + 2 * 66];
    size_t size = m->curve->size;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();

    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(point + 1, m->x.bytes, size);
    memcpy(point + 1 + size, m->y.bytes, size);
    if (builder != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, m->curve->openssl, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size) == 1)
        pkey = make_key(engine, "EC", builder);
    OSSL_PARAM_BLD_free(builder);
    return pkey;
}

/* Making an EC key refuses a point that is not on the curve, or a coordinate of p or more (tested). */
static EVP_PKEY *make(const struct engine *engine, const struct key_material *m)
{
    if (m->type == KEY_RSA)
        return make_rsa(engine, m);
    if (m->type == KEY_EC)
        return make_ec(engine, m);
    return EVP_PKEY_new_raw_public_key_ex(engine->context, "ED25519", NULL, (const unsigned char *)m->x.bytes, 32);
}

enum jwkscore_status key_import(const struct crypto *crypto, const struct key_material *material, struct key **ret_key,
                                struct jwkscore_error *error)
{
    const struct engine *engine;
    struct key *key;
    unsigned long before;
    enum cause cause;

    if (!material_is_fit(material))
        return error_set(error, JWKSCORE_E_UNKNOWN_KEY, "the key's material is not fit for use");
    engine = engine_of(crypto);
    if (engine == NULL)
        return error_memory(error);
    key = calloc(1, sizeof(*key));
    if (key == NULL)
        return error_memory(error);
    before = errors_begin();
    key->pkey = make(engine, material);
    cause = errors_end(before);
    if (key->pkey == NULL) { /* of what passed that, OpenSSL refuses points alone: anything else is want of memory */
        free(key);
        return cause == CAUSE_POINT ? error_set(error, JWKSCORE_E_UNKNOWN_KEY, "the key's material is not fit for use")
                                    : error_memory(error);
    }
    key->type = material->type;
    key->curve = material->curve;
    key->size = material->type == KEY_RSA ? material->n.length : 2 * material->curve->size;
    *ret_key = key;
    return JWKSCORE_OK;
}

/* Small factors of an RSA modulus take 3 ms to look for: not in a login, but before a set is stored. */
enum jwkscore_status key_check_thoroughly(const struct crypto *crypto, const struct key *key, struct jwkscore_error *error)
{
    const struct engine *engine;
    EVP_PKEY_CTX *context;
    unsigned long before;
    enum cause cause;
    bool ok;

    if (key->type == KEY_OKP)
        return JWKSCORE_OK; /* nothing that key_import did not look at */
    engine = engine_of(crypto);
    if (engine == NULL)
        return error_memory(error);
    before = errors_begin();
    context = EVP_PKEY_CTX_new_from_pkey(engine->context, key->pkey, NULL);
    ok = context != NULL && EVP_PKEY_public_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    cause = errors_end(before);
    if (ok)
        return JWKSCORE_OK;
    return cause == CAUSE_MEMORY ? error_memory(error)
                                 : error_set(error, JWKSCORE_E_UNKNOWN_KEY, "the key's numbers are not fit for use");
}

void key_free(struct key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

void key_freep(struct key **key)
{
    key_free(*key);
}

size_t key_signature_length(const struct key *key, const struct algorithm *algorithm)
{
    return algorithm_fits(algorithm, key->type, key->curve) ? key->size : 0;
}

/*
 * r and s of RFC 7518 section 3.4 as the DER that OpenSSL wants.  OpenSSL itself refuses r or s outside 1..n-1, but a
 * zero signature has opened doors elsewhere (CVE-2022-21449), so zero and n are refused before it sees them.
 */
static unsigned char *ecdsa_to_der(const struct key *key, struct text signature, int *ret_length)
{
    const char *first = signature.bytes, *second = signature.bytes + key->curve->size;
    unsigned char *der = NULL;
    BIGNUM *r = BN_bin2bn((const unsigned char *)first, (int)key->curve->size, NULL);
    BIGNUM *s = BN_bin2bn((const unsigned char *)second, (int)key->curve->size, NULL);
    ECDSA_SIG *pair = ECDSA_SIG_new();

    if (scalar_is_fit(key->curve, first) && scalar_is_fit(key->curve, second) && r != NULL && s != NULL && pair != NULL &&
        ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; /* the pair owns them now */
        *ret_length = i2d_ECDSA_SIG(pair, &der);
        if (*ret_length <= 0)
            der = NULL;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return der;
}

static bool set_padding(EVP_PKEY_CTX *context, const struct algorithm *algorithm)
{
    if (algorithm->type != KEY_RSA)
        return true;
    if (!algorithm->pss)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    /* G3: MGF1 with the same hash and a salt as long as it; the default would take any salt. */
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, algorithm->digest, NULL) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* The one place that says yes: G7, success is exactly 1. */
static enum jwkscore_status verify(const struct engine *engine, const struct key *key, const struct algorithm *algorithm,
                                   struct text text, const unsigned char *signature, size_t length)
{
    enum jwkscore_status status = JWKSCORE_E_CRYPTO;
    EVP_PKEY_CTX *context = NULL;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    if (digest != NULL &&
        EVP_DigestVerifyInit_ex(digest, &context, algorithm->digest, engine->context, NULL, key->pkey, NULL) == 1 &&
        set_padding(context, algorithm))
        status = EVP_DigestVerify(digest, signature, length, (const unsigned char *)text.bytes, text.length) == 1
                     ? JWKSCORE_OK
                     : JWKSCORE_E_SIGNATURE;
    EVP_MD_CTX_free(digest);
    return status;
}

enum jwkscore_status key_verify(const struct crypto *crypto, const struct key *key, const struct algorithm *algorithm,
                                struct text text, struct text signature, struct jwkscore_error *error)
{
    const struct engine *engine = engine_of(crypto);
    enum jwkscore_status status;
    size_t length = key_signature_length(key, algorithm);
    unsigned char *der = NULL;
    unsigned long before;
    int der_length = 0;

    if (length == 0)
        return error_set(error, JWKSCORE_E_SIGNATURE, "the key is not of a kind that %s can use", algorithm->name);
    if (signature.length != length)
        return error_set(error, JWKSCORE_E_SIGNATURE, "the signature is %zu bytes long, and this key's are %zu",
                         signature.length, length);
    if (engine == NULL)
        return error_memory(error);
    before = errors_begin();
    if (algorithm->type != KEY_EC)
        status = verify(engine, key, algorithm, text, (const unsigned char *)signature.bytes, signature.length);
    else if ((der = ecdsa_to_der(key, signature, &der_length)) != NULL)
        status = verify(engine, key, algorithm, text, der, (size_t)der_length);
    else
        status = JWKSCORE_E_SIGNATURE;
    OPENSSL_free(der);
    if (errors_end(before) == CAUSE_MEMORY && status != JWKSCORE_OK)
        return error_memory(error);
    if (status == JWKSCORE_E_CRYPTO)
        return error_set(error, status, "OpenSSL cannot do %s here", algorithm->name);
    if (status != JWKSCORE_OK)
        return error_set(error, status, "the %s signature does not verify", algorithm->name);
    return JWKSCORE_OK;
}
