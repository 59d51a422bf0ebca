/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way_evp.c: OpenSSL's verification alone, with the key loaded and the signature decoded: the limit.
 *
 * Left out: everything else; no text is parsed and nothing is known about who may log in.
 */
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
    const char *digest;
    bool pss;
    unsigned char signature[SIGNATURE_SIZE];
    size_t signature_length, signed_length;
};

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

/* The header says the algorithm; here its file's name does: .../PS256.sig */
static void *prepare(const struct given *given)
{
    struct prepared *p = calloc(1, sizeof(*p));
    FILE *key = open_file(given->key), *signature = open_file(given->signature);
    const char *name = strrchr(given->signature, '/') + 1;

    p->key = PEM_read_PUBKEY(key, NULL, NULL, NULL);
    p->signature_length = fread(p->signature, 1, sizeof(p->signature), signature);
    p->signed_length = (size_t)(strrchr(given->token, '.') - given->token);
    p->pss = strncmp(name, "PS", 2) == 0;
    p->digest = strncmp(name, "Ed", 2) == 0 ? NULL : strncmp(name, "ES384", 5) == 0 ? "SHA384" : "SHA256";
    fclose(key);
    fclose(signature);
    return p;
}

static bool decide(const struct given *given, void *prepared)
{
    const struct prepared *p = prepared;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    bool ok = EVP_DigestVerifyInit_ex(context, &options, p->digest, NULL, NULL, p->key, NULL) == 1;

    if (ok && p->pss)
        ok = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
    ok = ok && EVP_DigestVerify(context, p->signature, p->signature_length,
                                (const unsigned char *)given->token, p->signed_length) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

const struct way way = {prepare, decide};
