/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evp.h: OpenSSL's verification and nothing besides: no text is parsed, and nothing is known about who may log in.
 *
 * The ways that use it differ in how much of OpenSSL is ready when the token comes: the key (way_evp.c), the
 * context (way_import.c), or nothing (way_context.c).
 */
#ifndef BENCH_EVP_H
#define BENCH_EVP_H

#include "way.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNATURE_SIZE = 1024 };

struct prepared {
    EVP_PKEY *key;
    OSSL_PARAM *numbers; /* the key's, as EVP_PKEY_fromdata takes them */
    const char *digest;
    bool pss;
    unsigned char signature[SIGNATURE_SIZE];
    size_t signature_length, signed_length;
};

static inline FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

/* The header says the algorithm; here its file's name does: .../PS256.sig */
static inline void *prepare(const struct given *given)
{
    struct prepared *p = calloc(1, sizeof(*p));
    FILE *key = open_file(given->key), *signature = open_file(given->signature);
    const char *name = strrchr(given->signature, '/') + 1;

    p->key = PEM_read_PUBKEY(key, NULL, NULL, NULL);
    if (EVP_PKEY_todata(p->key, EVP_PKEY_PUBLIC_KEY, &p->numbers) != 1)
        exit(1);
    p->signature_length = fread(p->signature, 1, sizeof(p->signature), signature);
    p->signed_length = (size_t)(strrchr(given->token, '.') - given->token);
    p->pss = strncmp(name, "PS", 2) == 0;
    p->digest = strncmp(name, "Ed", 2) == 0 ? NULL : strncmp(name, "ES384", 5) == 0 ? "SHA384" : "SHA256";
    fclose(key);
    fclose(signature);
    return p;
}

/* `library` NULL: the host's own context. */
static inline bool verify(const struct given *given, const struct prepared *p, OSSL_LIB_CTX *library, EVP_PKEY *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    bool ok = EVP_DigestVerifyInit_ex(context, &options, p->digest, library, NULL, key, NULL) == 1;

    if (ok && p->pss)
        ok = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
    ok = ok && EVP_DigestVerify(context, p->signature, p->signature_length,
                                (const unsigned char *)given->token, p->signed_length) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

/* With a key that is made from its numbers first. */
static inline bool import_and_verify(const struct given *given, const struct prepared *p, OSSL_LIB_CTX *library)
{
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(library, EVP_PKEY_get0_type_name(p->key), NULL);
    EVP_PKEY *key = NULL;
    bool ok = EVP_PKEY_fromdata_init(maker) == 1 &&
              EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, p->numbers) == 1 &&
              verify(given, p, library, key);

    EVP_PKEY_CTX_free(maker);
    EVP_PKEY_free(key);
    return ok;
}

#endif
