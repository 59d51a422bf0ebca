/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate.c: what an SSH client offers is answered with nothing or with one line of the exact form,
 * whatever blob it is, and whatever token is in a certificate of the right form.
 *
 * The input is a blob; and it is a token (fuzz_token) in a certificate that is good otherwise, where the
 * signature is taken for right and the account is always there.
 */
#include "../../nss_helper/helper.h"
#include "fuzz.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* As the seeds want it, but never before the build, which would be a wrong clock. */
#define NOW (JWKS_BUILD_TIME + 86400 > 1800000000 ? INT64_C(86400) + JWKS_BUILD_TIME : INT64_C(1800000000))
#define USER "alice"
#define CERT_TYPE "ssh-ed25519-cert-v01@openssh.com"

__typeof__(key_verify) __wrap_key_verify;
enum jwkscore_status __wrap_key_verify(const struct crypto *crypto, const struct key *key,
                                       const struct algorithm *algorithm, struct text text,
                                       struct text signature, struct jwkscore_error *error)
{
    (void)crypto, (void)key, (void)algorithm, (void)text, (void)signature, (void)error;
    return JWKSCORE_OK;
}

__typeof__(account_exists) __wrap_account_exists;
bool __wrap_account_exists(const char *user)
{
    (void)user;
    return true;
}

__typeof__(account_check) __wrap_account_check;
enum jwkscore_status __wrap_account_check(const struct jwkscore_config *config,
                                          const struct issuer_options *issuer, const char *user,
                                          struct jwkscore_error *error)
{
    (void)config, (void)issuer, (void)user, (void)error;
    return JWKSCORE_OK;
}

static struct jwkscore_config *config;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    config = jwkscore_config_new();
    must(config != NULL);
    fuzz_set(config, "issuer a", "issuer", "https://a.example.com");
    fuzz_set(config, "issuer a", "audience", "ssh-prod");
    fuzz_set(config, "issuer a", "jwks_file", "/a.jwks");
    fuzz_set(config, "issuer a", "user_claim", "sub");
    fuzz_set(config, "issuer a", "user_match", ".*");
    fuzz_set(config, "issuer a", "user_name", USER);
    fuzz_set(config, "issuer a", "key_binding", "none");
    must(jwkscore_config_check(config, NULL) == JWKSCORE_OK);
    return 0;
}

/* The one form of an answer, for this key. */
static void check_answer(const char *answer, const char *key)
{
    static const char begin[] = "cert-authority,principals=\"" USER "\",expiry-time=\"",
                      end[] = "\",restrict,pty ";

    must(strncmp(answer, begin, strlen(begin)) == 0);
    answer += strlen(begin);
    must(strspn(answer, "0123456789") == 14);
    answer += 14;
    must(strncmp(answer, end, strlen(end)) == 0);
    answer += strlen(end);
    must(strncmp(answer, key, strlen(key)) == 0 && strcmp(answer + strlen(key), "\n") == 0);
}

/* Type, a space, and base64 that decodes to a key of that type. */
static void check_key(const char *line)
{
    CLEANUP(buffer_freep) struct buffer blob = {NULL, 0};
    size_t length = strcspn(line, " ");
    const char *base64 = line + length + 1;
    struct sshkey key;

    must(length > 0 && line[length] == ' ' && fuzz_is_printable(line, strlen(line)));
    must(base64[strspn(base64, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")] == '\0');
    must((blob.bytes = malloc(BASE64_DECODED_MAX(strlen(base64)))) != NULL);
    must(base64_decode_lenient(text_from(base64), blob.bytes, &blob.length));
    must(sshkey_parse((struct text){(const char *)blob.bytes, blob.length}, &key));
    must(text_equal(key.type, (struct text){line, length}));
    sshkey_clear(&key);
}

/* As sshd would name it; `type` NULL: as the blob does. */
static void offer(struct text blob, const char *type)
{
    struct call call = {.user = USER, .config = config, .now = NOW};
    CLEANUP(string_freep) char *base64 = malloc(BASE64_PADDED_SIZE(blob.length)), *own = NULL;
    struct wire wire = wire_of(blob);
    struct text name;

    must(base64 != NULL);
    base64_encode_padded((const unsigned char *)blob.bytes, blob.length, base64);
    if (type == NULL && (!wire_string(&wire, &name) || (type = own = text_copy(name)) == NULL))
        return;
    if (jwkscore_offer_read(config, type, base64, &call.offer, &call.error) == JWKSCORE_OK) {
        check_key(jwkscore_offer_key(call.offer));
        if (jwkscore_offer_check(call.offer, USER, NOW, &call.error) == JWKSCORE_OK &&
            jwkscore_offer_is_certificate(call.offer) && certificate_decide(&call) == JWKSCORE_OK)
            check_answer(call.answer, jwkscore_offer_key(call.offer));
        must((call.answer != NULL) ==
             (call.error.status == JWKSCORE_OK && jwkscore_offer_is_certificate(call.offer)));
    }
    must(fuzz_is_printable(call.error.message, strlen(call.error.message)));
    jwkscore_identity_free(call.identity);
    jwkscore_offer_free(call.offer);
    free(call.answer);
}

static void write_number(struct buffer *out, uint64_t number, size_t octets)
{
    while (octets-- > 0)
        must(buffer_append(
            out, (struct text){(const char *)&(unsigned char){(unsigned char)(number >> (8 * octets))}, 1}));
}

/* A certificate of the key that is 32 times `x`, good for ever for everybody's USER, with this token. */
static void write_certificate(struct buffer *out, struct text token)
{
    static const struct text x = TEXT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    CLEANUP(buffer_freep)
    struct buffer value = {NULL, 0},
                  extensions = {NULL, 0}, principals = {NULL, 0}, key = {NULL, 0};

    must(wire_write_string(&value, token) && wire_write_string(&extensions, TEXT("jwks-token@pam-jwks")) &&
         wire_write_string(&extensions, (struct text){(const char *)value.bytes, value.length}) &&
         wire_write_string(&principals, TEXT(USER)) && wire_write_string(&key, TEXT("ssh-ed25519")) &&
         wire_write_string(&key, x));
    must(wire_write_string(out, TEXT(CERT_TYPE)) && wire_write_string(out, TEXT("nonce")) &&
         wire_write_string(out, x));
    write_number(out, 0, 8);
    write_number(out, SSHCERT_USER, 4);
    must(wire_write_string(out, TEXT("id")) &&
         wire_write_string(out, (struct text){(const char *)principals.bytes, principals.length}));
    write_number(out, 0, 8);
    write_number(out, UINT64_MAX, 8);
    must(wire_write_string(out, TEXT("")) &&
         wire_write_string(out, (struct text){(const char *)extensions.bytes, extensions.length}) &&
         wire_write_string(out, TEXT("")) &&
         wire_write_string(out, (struct text){(const char *)key.bytes, key.length}) &&
         wire_write_string(out, TEXT("signature")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buffer_freep) struct buffer certificate = {NULL, 0};
    size_t length;
    char *token = fuzz_token(data, size, &length);

    fuzz_file = fuzz_key_set;
    offer((struct text){(const char *)data, size}, NULL);
    write_certificate(&certificate, (struct text){token, length});
    offer((struct text){(const char *)certificate.bytes, certificate.length}, CERT_TYPE);
    free(token);
    return 0;
}
