/* SPDX-License-Identifier: Apache-2.0 */
/*
 * primitives.c: random octets, a digest, and Ed25519 for a key that lives as long as its token; alone with
 * OpenSSL.
 */
#include "login.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

bool random_fill(void *out, size_t length)
{
    return RAND_priv_bytes(out, (int)length) == 1;
}

bool sha256(const void *from, size_t length, unsigned char out[SECRET_SIZE])
{
    return EVP_Digest(from, length, out, NULL, EVP_sha256(), NULL) == 1;
}

bool same_text(const char *one, const char *other)
{
    size_t length = strlen(one);

    return length == strlen(other) && CRYPTO_memcmp(one, other, length) == 0;
}

/* RFC 8032 section 5.1.5: any 32 octets are a private key. */
bool ed25519_make(unsigned char seed[SEED_SIZE], unsigned char ret_public[ED25519_SIZE])
{
    size_t length = ED25519_SIZE;
    EVP_PKEY *key = NULL;
    bool made = false;

    if (random_fill(seed, SEED_SIZE))
        key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SEED_SIZE);
    if (key != NULL)
        made = EVP_PKEY_get_raw_public_key(key, ret_public, &length) == 1 && length == ED25519_SIZE;
    EVP_PKEY_free(key);
    return made;
}

bool ed25519_sign(const unsigned char seed[SEED_SIZE], const struct bytes *data,
                  unsigned char out[ED25519_SIGNATURE_SIZE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SEED_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = ED25519_SIGNATURE_SIZE;
    bool signed_it = key != NULL && context != NULL &&
                     EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                     EVP_DigestSign(context, out, &length, data->at, data->length) == 1 &&
                     length == ED25519_SIGNATURE_SIZE;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return signed_it;
}
