/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.c: what a decision costs, from the text of a token and a cache file, beside OpenSSL's bare verification of the
 * same signature with a loaded key, in the same run and interleaved with it.
 *
 *     verify   EVP_DigestVerify alone: the limit
 *     decide   jwkscore_authenticate: reads the cache file, parses, imports the key, verifies, checks, maps
 *     login    the same with a configuration that is made and loaded for it, as a login does
 *
 * Usage: decide [ROUNDS].  Writes its files into a folder below the current one, and removes them.
 */
#include "internal.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 41, CALLS = 50, PATH_SIZE = 4352, TOKEN_SIZE = 4096, OCTETS_SIZE = 1024 };

static const char *const names[] = {"RS256", "PS256", "ES256", "ES384", "EdDSA"};

struct bench {
    char folder[PATH_SIZE], conf[PATH_SIZE], file[PATH_SIZE];
    const struct algorithm *algorithm;
    EVP_PKEY *key;
    char token[TOKEN_SIZE];
    size_t token_length, signed_length;
    unsigned char signature[OCTETS_SIZE];
    size_t signature_length;      /* as OpenSSL wants it: DER for ECDSA */
    struct jwkscore_config *config;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "decide: %s failed\n", what);
    exit(1);
}

static void must(bool ok, const char *what)
{
    if (!ok)
        die(what);
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static EVP_PKEY *make_key(const struct algorithm *algorithm)
{
    if (algorithm->type == KEY_RSA)
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    if (algorithm->type == KEY_EC)
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve_find(text_from(algorithm->curve))->openssl);
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static EVP_MD_CTX *begin(const struct bench *bench, bool sign)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    const char *digest = bench->algorithm->digest;
    int ok = sign ? EVP_DigestSignInit_ex(context, &options, digest, NULL, NULL, bench->key, NULL)
                  : EVP_DigestVerifyInit_ex(context, &options, digest, NULL, NULL, bench->key, NULL);

    must(ok == 1, "EVP init");
    if (bench->algorithm->pss)
        must(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1,
             "PSS");
    return context;
}

static void append_part(struct bench *bench, const unsigned char *bytes, size_t length)
{
    must(bench->token_length + BASE64_ENCODED_SIZE(length) + 1 < TOKEN_SIZE, "room for the token");
    if (bench->token_length > 0)
        bench->token[bench->token_length++] = '.';
    base64_encode(bytes, length, bench->token + bench->token_length);
    bench->token_length += strlen(bench->token + bench->token_length);
}

/* r and s with their full lengths, as RFC 7518 section 3.4 has them. */
static size_t jose_signature(const struct bench *bench, unsigned char out[OCTETS_SIZE])
{
    const unsigned char *der = bench->signature;
    size_t half = algorithm_signature_length(bench->algorithm) / 2;
    const BIGNUM *r, *s;
    ECDSA_SIG *pair;

    if (bench->algorithm->type != KEY_EC) {
        memcpy(out, bench->signature, bench->signature_length);
        return bench->signature_length;
    }
    pair = d2i_ECDSA_SIG(NULL, &der, (long)bench->signature_length);
    must(pair != NULL, "ECDSA signature");
    ECDSA_SIG_get0(pair, &r, &s);
    BN_bn2binpad(r, out, (int)half);
    BN_bn2binpad(s, out + half, (int)half);
    ECDSA_SIG_free(pair);
    return 2 * half;
}

/* A token of the usual size: an ID token with two groups. */
static void make_token(struct bench *bench)
{
    char text[1024];
    unsigned char octets[OCTETS_SIZE];
    EVP_MD_CTX *context = begin(bench, true);
    long long now = (long long)time(NULL);
    int length;

    bench->token_length = 0;
    length = snprintf(text, sizeof(text), "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"bench-key\"}", bench->algorithm->name);
    append_part(bench, (unsigned char *)text, (size_t)length);
    length = snprintf(text, sizeof(text),
                      "{\"iss\":\"https://login.example.com/realms/corp\",\"aud\":\"ssh-prod\",\"sub\":\"7f3a9c52-6a34-4c8e\","
                      "\"exp\":%lld,\"iat\":%lld,\"auth_time\":%lld,\"preferred_username\":\"alice\",\"name\":\"Alice Test\","
                      "\"email\":\"alice@example.com\",\"email_verified\":true,\"groups\":[\"ssh-users\",\"wheel\"],"
                      "\"acr\":\"urn:example:mfa\",\"sid\":\"4f5c6b1c-9a7c-4f0e-8d2f-5b9f3f6f2d11\"}",
                      now + 36000, now, now);
    append_part(bench, (unsigned char *)text, (size_t)length);
    bench->signed_length = bench->token_length;
    bench->signature_length = sizeof(bench->signature);
    must(EVP_DigestSign(context, bench->signature, &bench->signature_length, (unsigned char *)bench->token,
                        bench->signed_length) == 1,
         "signing");
    EVP_MD_CTX_free(context);
    append_part(bench, octets, jose_signature(bench, octets));
}

static size_t key_octets(const struct bench *bench, const char *parameter, unsigned char out[OCTETS_SIZE])
{
    BIGNUM *number = NULL;
    size_t length = OCTETS_SIZE;

    if (bench->algorithm->type == KEY_OKP) {
        must(EVP_PKEY_get_raw_public_key(bench->key, out, &length) == 1, "raw key");
        return length;
    }
    must(EVP_PKEY_get_bn_param(bench->key, parameter, &number) == 1, parameter);
    length = bench->algorithm->type == KEY_RSA ? (size_t)BN_num_bytes(number)
                                               : curve_find(text_from(bench->algorithm->curve))->size;
    BN_bn2binpad(number, out, (int)length);
    BN_free(number);
    return length;
}

/* The set as jwks-fetch would have written it: one key. */
static void make_body(const struct bench *bench, struct buffer *out)
{
    unsigned char first[OCTETS_SIZE], second[OCTETS_SIZE];
    struct jwk jwk = {.has_kid = true, .kid = TEXT("bench-key"), .use = TEXT("sig"), .algorithm = bench->algorithm};
    struct key_material *m = &jwk.material;
    char thumbprint[THUMBPRINT_SIZE];

    m->type = bench->algorithm->type;
    if (m->type == KEY_RSA) {
        m->n = (struct text){(char *)first, key_octets(bench, OSSL_PKEY_PARAM_RSA_N, first)};
        m->e = (struct text){(char *)second, key_octets(bench, OSSL_PKEY_PARAM_RSA_E, second)};
    } else {
        m->curve = curve_find(text_from(bench->algorithm->curve));
        m->x = (struct text){(char *)first, key_octets(bench, OSSL_PKEY_PARAM_EC_PUB_X, first)};
        if (m->type == KEY_EC)
            m->y = (struct text){(char *)second, key_octets(bench, OSSL_PKEY_PARAM_EC_PUB_Y, second)};
    }
    must(material_thumbprint(bench->config->crypto, m, thumbprint) && buffer_append(out, TEXT("{\"keys\":[")) &&
             jwk_write(out, &jwk, thumbprint) && buffer_append(out, TEXT("]}")),
         "key set");
}

static void write_file(const char *path, struct text bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    must(fd >= 0 && write(fd, bytes.bytes, bytes.length) == (ssize_t)bytes.length, path);
    close(fd);
}

static void write_cache(struct bench *bench)
{
    const struct issuer_options *issuer = config_issuer_named(bench->config, "corp");
    CLEANUP(buffer_freep) struct buffer body = {0};
    CLEANUP(buffer_freep) struct buffer file = {0};
    struct clock_base base;
    char head[2048], id[SOURCE_ID_SIZE];
    int length;

    must(source_id(bench->config->crypto, issuer, id), "source id");
    clock_base_read(&base);
    length = snprintf(head, sizeof(head),
                      "{\"id\":\"%s\",\"issuer\":\"%s\",\"uri\":\"https://login.example.com/jwks\",\"via\":\"origin\",\"gen\":1,"
                      "\"boot\":\"%s\",\"tns\":%lld,\"fetched_w\":%lld,\"fetched_b\":%lld,\"validated_w\":%lld,"
                      "\"validated_b\":%lld,\"floor_w\":0,\"ttl\":3600,\"ttl_from\":\"default\",\"etag\":\"\","
                      "\"last_modified\":\"\",\"not_modified\":0,\"seen\":1,\"kept\":1,\"dropped\":{},\"gone\":[]}",
                      id, issuer->issuer, base.boot, (long long)base.tns, (long long)time(NULL),
                      (long long)clock_boot_ms(), (long long)time(NULL), (long long)clock_boot_ms());
    make_body(bench, &body);
    must(envelope_write(bench->config->crypto, "keys", (struct text){head, (size_t)length},
                        (struct text){(char *)body.bytes, body.length}, &file),
         "envelope");
    snprintf(bench->file, sizeof(bench->file), "%.4000s/%s.jwks", bench->folder, id);
    write_file(bench->file, (struct text){(char *)file.bytes, file.length});
}

static struct jwkscore_config *load(const struct bench *bench)
{
    struct jwkscore_config *config = jwkscore_config_new();
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    if (config == NULL || jwkscore_config_load(config, bench->conf, &error) != JWKSCORE_OK)
        die(error.message);
    return config;
}

static void set_up(struct bench *bench)
{
    char here[2048], text[PATH_SIZE * 3];
    int length;

    must(getcwd(here, sizeof(here)) != NULL, "getcwd");
    snprintf(bench->folder, sizeof(bench->folder), "%s/decide.XXXXXX", here);
    must(mkdtemp(bench->folder) != NULL && chmod(bench->folder, 0755) == 0, "mkdtemp");
    snprintf(bench->conf, sizeof(bench->conf), "%.4000s/jwks.conf", bench->folder);
    length = snprintf(text, sizeof(text),
                      "[global]\nstate_dir = %.4000s\nrun_dir = %.4000s\n[issuer corp]\n"
                      "issuer = https://login.example.com/realms/corp\naudience = ssh-prod\n"
                      "algorithms = RS256 PS256 ES256 ES384 EdDSA\nuser_claim = preferred_username\n"
                      "require = groups = ssh-users\n",
                      bench->folder, bench->folder);
    write_file(bench->conf, (struct text){text, (size_t)length});
    bench->config = load(bench);
}

static void clean_up(struct bench *bench)
{
    jwkscore_config_free(bench->config);
    unlink(bench->conf);
    rmdir(bench->folder);
}

/* --- the three things measured --- */

static void run_verify(const struct bench *bench)
{
    EVP_MD_CTX *context = begin(bench, false);

    must(EVP_DigestVerify(context, bench->signature, bench->signature_length, (const unsigned char *)bench->token,
                          bench->signed_length) == 1,
         "verification");
    EVP_MD_CTX_free(context);
}

static void decide(const struct bench *bench, const struct jwkscore_config *config)
{
    struct jwkscore_request request = {
        .size = sizeof(request), .service = "sshd", .token = bench->token, .token_length = bench->token_length,
        .now = (int64_t)time(NULL)};
    struct jwkscore_identity *identity = NULL;
    struct jwkscore_error error;

    if (jwkscore_authenticate(config, &request, &identity, &error) != JWKSCORE_OK)
        die(error.message);
    jwkscore_identity_free(identity);
}

static void run_decide(const struct bench *bench)
{
    decide(bench, bench->config);
}

static void run_login(const struct bench *bench)
{
    struct jwkscore_config *config = load(bench);

    decide(bench, config);
    jwkscore_config_free(config);
}

static double time_calls(void (*run)(const struct bench *), const struct bench *bench)
{
    double begin_us = now_us();

    for (int i = 0; i < CALLS; i++)
        run(bench);
    return (now_us() - begin_us) / CALLS;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static void measure(const struct bench *bench, size_t rounds)
{
    void (*const runs[])(const struct bench *) = {run_verify, run_decide, run_login};
    double *times[ARRAY_LENGTH(runs)], median[ARRAY_LENGTH(runs)];

    for (size_t i = 0; i < ARRAY_LENGTH(runs); i++)
        must((times[i] = calloc(rounds, sizeof(double))) != NULL, "memory");
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < ARRAY_LENGTH(runs); i++)
            times[i][round] = time_calls(runs[i], bench);
    for (size_t i = 0; i < ARRAY_LENGTH(runs); i++) {
        qsort(times[i], rounds, sizeof(double), compare);
        median[i] = times[i][rounds / 2];
        free(times[i]);
    }
    printf("%-6s %9.1f %9.1f %9.1f %12.2f %12.2f\n", bench->algorithm->name, median[0], median[1], median[2],
           median[1] / median[0], median[2] / median[0]);
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    int64_t rounds = ROUNDS;

    if (argc > 2 || (argc == 2 && (!text_number(text_from(argv[1]), &rounds) || rounds < 1 || rounds > 10000))) {
        fprintf(stderr, "usage: decide [ROUNDS]\n");
        return 64;
    }
    set_up(&bench);
    printf("microseconds, median of %d rounds of %d calls\n", (int)rounds, CALLS);
    printf("%-6s %9s %9s %9s %12s %12s\n", "alg", "verify", "decide", "login", "decide/verify", "login/verify");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        bench.algorithm = algorithm_find(text_from(names[i]));
        bench.key = make_key(bench.algorithm);
        must(bench.key != NULL, "key generation");
        make_token(&bench);
        write_cache(&bench);
        measure(&bench, (size_t)rounds);
        unlink(bench.file);
        EVP_PKEY_free(bench.key);
    }
    clean_up(&bench);
    return 0;
}
