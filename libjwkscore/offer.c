/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offer.c: what an SSH client offers to sshd: a public key, or a user certificate with the key that it
 * certifies.
 *
 * What sshd has checked is checked again, because it costs nothing and not every sshd does: up to OpenSSH
 * 10.2 a certificate without principals is anybody's.
 */
#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { OFFER_MAX = 128 * 1024 /* octets; no argument of a program is longer than 131,072 characters */ };

#define FINGERPRINT_PREFIX "SHA256:"

struct jwkscore_offer {
    bool certified;
    struct sshcert cert;         /* where certified */
    struct sshkey key;           /* its, or the one that was offered */
    char *line;                  /* "TYPE BASE64" */
    const struct crypto *crypto; /* the configuration's */
    char fingerprint[sizeof(FINGERPRINT_PREFIX) + BASE64_PADDED_SIZE(SHA256_SIZE)];
};

void jwkscore_offer_free(struct jwkscore_offer *offer)
{
    if (offer == NULL)
        return;
    sshcert_clear(&offer->cert);
    sshkey_clear(&offer->key);
    free(offer->line);
    free(offer);
}

static void offer_freep(struct jwkscore_offer **offer)
{
    jwkscore_offer_free(*offer);
}

/*
 * The blob says itself of which type it is; it must be the one that was named.  Parsing fails for want of
 * memory, too, which is no quality of the blob.
 */
static enum jwkscore_status parse_blob(struct jwkscore_offer *offer, struct text type, struct text blob,
                                       struct jwkscore_error *error)
{
    errno = 0;
    offer->certified = sshcert_parse(blob, &offer->cert);
    if (offer->certified)
        blob = (struct text){(const char *)offer->cert.key.bytes, offer->cert.key.length};
    if (sshkey_parse(blob, &offer->key) &&
        text_equal(type, offer->certified ? offer->cert.type : offer->key.type))
        return JWKSCORE_OK;
    if (errno == ENOMEM)
        return error_memory(error);
    return error_set(error, JWKSCORE_E_MALFORMED,
                     "the SSH key or certificate is malformed, or of a type that is not supported");
}

static enum jwkscore_status write_line(struct jwkscore_offer *offer, struct jwkscore_error *error)
{
    const struct buffer *blob = &offer->key.octets;
    struct text type = offer->key.type;

    offer->line = malloc(type.length + 1 + BASE64_PADDED_SIZE(blob->length));
    if (offer->line == NULL)
        return error_memory(error);
    memcpy(offer->line, type.bytes, type.length);
    offer->line[type.length] = ' ';
    base64_encode_padded(blob->bytes, blob->length, offer->line + type.length + 1);
    return JWKSCORE_OK;
}

static enum jwkscore_status decode(struct text base64, struct buffer *ret_blob, struct jwkscore_error *error)
{
    struct buffer blob = {NULL, 0};

    if (base64.length > OFFER_MAX)
        return error_set(error, JWKSCORE_E_TOO_LONG, "the SSH key has %zu characters, over the limit of %d",
                         base64.length, OFFER_MAX);
    blob.bytes = malloc(BASE64_DECODED_MAX(base64.length));
    if (blob.bytes == NULL)
        return error_memory(error);
    if (!base64_decode_lenient(base64, blob.bytes, &blob.length)) {
        free(blob.bytes);
        return error_set(error, JWKSCORE_E_MALFORMED, "the SSH key is not base64");
    }
    *ret_blob = blob;
    return JWKSCORE_OK;
}

enum jwkscore_status jwkscore_offer_read(const struct jwkscore_config *config, const char *type,
                                         const char *base64, struct jwkscore_offer **ret_offer,
                                         struct jwkscore_error *error)
{
    CLEANUP(offer_freep) struct jwkscore_offer *offer = NULL;
    CLEANUP(buffer_freep) struct buffer blob = {NULL, 0};
    enum jwkscore_status status;

    config_error_clear(error);
    if (config == NULL || type == NULL || base64 == NULL || ret_offer == NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT, "jwkscore_offer_read: an argument is NULL");
    offer = calloc(1, sizeof(*offer));
    if (offer == NULL)
        return error_memory(error);
    if ((status = decode(text_from(base64), &blob, error)) != JWKSCORE_OK ||
        (status = parse_blob(offer, text_from(type), (struct text){(const char *)blob.bytes, blob.length},
                             error)) != JWKSCORE_OK ||
        (status = write_line(offer, error)) != JWKSCORE_OK)
        return status; /* NOLINT(clang-analyzer-unix.Malloc): it does not know CLEANUP */
    offer->crypto = config->crypto;
    *ret_offer = offer;
    offer = NULL;
    return JWKSCORE_OK;
}

int jwkscore_offer_is_certificate(const struct jwkscore_offer *offer)
{
    return offer->certified;
}

const char *jwkscore_offer_key(const struct jwkscore_offer *offer)
{
    return offer->line;
}

/* Made when it is asked for: a plain key that no grant lists costs no cryptography. */
const char *jwkscore_offer_fingerprint(struct jwkscore_offer *offer)
{
    const struct buffer *blob = &offer->key.octets;
    unsigned char digest[SHA256_SIZE];

    if (offer->fingerprint[0] != '\0')
        return offer->fingerprint;
    if (!crypto_sha256(offer->crypto, (struct text){(const char *)blob->bytes, blob->length}, digest))
        return NULL;
    strcpy(offer->fingerprint, FINGERPRINT_PREFIX);
    base64_encode_padded(digest, sizeof(digest), offer->fingerprint + strlen(FINGERPRINT_PREFIX));
    offer->fingerprint[strcspn(offer->fingerprint, "=")] = '\0'; /* as OpenSSH shows it */
    return offer->fingerprint;
}

const unsigned char *jwkscore_offer_blob(const struct jwkscore_offer *offer, size_t *ret_length)
{
    *ret_length = offer->key.octets.length;
    return offer->key.octets.bytes;
}

static bool find_token(const struct sshcert *cert, const struct strings *extensions, struct text *ret_token)
{
    for (size_t i = 0; i < extensions->count; i++)
        if (sshcert_extension(cert, extensions->at[i], ret_token))
            return true;
    return false;
}

const char *jwkscore_offer_token(const struct jwkscore_config *config, const struct jwkscore_offer *offer,
                                 const char *issuer, size_t *ret_length)
{
    struct text token;

    for (size_t i = 0; offer->certified && !config->refused && i < config->issuer_count; i++)
        if ((issuer == NULL || strcmp(issuer, config->issuers[i].name) == 0) &&
            find_token(&offer->cert, &config->issuers[i].certificate_extension, &token)) {
            *ret_length = token.length;
            return token.bytes;
        }
    return NULL;
}

/* A5: whose token it is must have said that tokens come in this extension. */
enum jwkscore_status jwkscore_offer_check_extension(const struct jwkscore_config *config,
                                                    const struct jwkscore_offer *offer,
                                                    const struct jwkscore_identity *identity,
                                                    struct jwkscore_error *error)
{
    const char *issuer, *token;
    size_t length;

    config_error_clear(error);
    if (config == NULL || offer == NULL || identity == NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT, "jwkscore_offer_check_extension: an argument is NULL");
    issuer = jwkscore_identity_issuer(identity);
    token = jwkscore_offer_token(config, offer, NULL, &length);
    if (token != NULL && jwkscore_offer_token(config, offer, issuer, &length) == token)
        return JWKSCORE_OK;
    return error_set(error, JWKSCORE_E_ISSUER, "issuer %s does not name the extension that the token is in",
                     issuer);
}

static enum jwkscore_status check_certificate(const struct sshcert *cert, const char *user, int64_t now,
                                              struct jwkscore_error *error)
{
    if (cert->kind != SSHCERT_USER)
        return error_set(error, JWKSCORE_E_MALFORMED, "the certificate is not a user's (type %" PRIu32 ")",
                         cert->kind);
    if (!sshcert_signs_itself(cert))
        return error_set(error, JWKSCORE_E_UNBOUND,
                         "the certificate is signed by another key than the one it certifies");
    if (!sshcert_has_principal(cert, user))
        return error_set(error, JWKSCORE_E_USER, "the certificate does not name this user as a principal");
    if (cert->valid_before <= (uint64_t)now)
        return error_set(error, JWKSCORE_E_EXPIRED, "the certificate has expired");
    if (cert->valid_after > (uint64_t)now)
        return error_set(error, JWKSCORE_E_NOT_YET_VALID, "the certificate is not valid yet");
    return JWKSCORE_OK;
}

enum jwkscore_status jwkscore_offer_check(const struct jwkscore_offer *offer, const char *user, int64_t now,
                                          struct jwkscore_error *error)
{
    config_error_clear(error);
    if (offer == NULL || user == NULL || now < 0)
        return error_set(error, JWKSCORE_E_ARGUMENT, "jwkscore_offer_check: an argument is NULL, or no time");
    if (!account_name_valid(text_from(user)))
        return error_set(error, JWKSCORE_E_ACCOUNT, "the name is no account name");
    return offer->certified ? check_certificate(&offer->cert, user, now, error) : JWKSCORE_OK;
}
