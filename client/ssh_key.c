/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_key.c: the key that the token is bound to: a fresh one, in memory until all is well, or one in files.
 */
#include "login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ED25519 "ssh-ed25519"

enum { BASE64_LINE = 70, BLOCK = 8, CHECK_SIZE = 4 };

void ssh_key_clear(struct ssh_key *key)
{
    explicit_bzero(key->seed, sizeof(key->seed));
    free(key->type);
    free(key->base64);
    jwkscore_offer_free(key->offer);
    bytes_wipe(&key->nonce);
    *key = (struct ssh_key){.fresh = false};
}

/* What OpenSSH shows, `SHA256:` and base64 without padding, becomes base64url. */
static bool make_nonce(struct ssh_key *key)
{
    const char *fingerprint = jwkscore_offer_fingerprint(key->offer);

    bytes_text(&key->nonce, fingerprint + strcspn(fingerprint, ":") + 1);
    if (bytes_end(&key->nonce) == NULL)
        return false;
    for (size_t i = 0; i < key->nonce.length; i++) {
        if (key->nonce.at[i] == '+')
            key->nonce.at[i] = '-';
        if (key->nonce.at[i] == '/')
            key->nonce.at[i] = '_';
    }
    return true;
}

static int describe(const struct verifier *verifier, const char *type, const char *base64,
                    struct ssh_key *key)
{
    struct jwkscore_error error;

    if (jwkscore_offer_read(verifier->config, type, base64, &key->offer, &error) != JWKSCORE_OK)
        return client_complain(LOGIN_UNABLE, "the public key: %s", error.message);
    key->type = strdup(type);
    key->base64 = strdup(base64);
    if (key->type == NULL || key->base64 == NULL || !make_nonce(key))
        return client_complain(LOGIN_UNABLE, "out of memory");
    return LOGIN_DONE;
}

int ssh_key_make(const struct verifier *verifier, struct ssh_key *key)
{
    CLEANUP(bytes_wipe) struct bytes blob = {0}, base64 = {0};
    unsigned char point[ED25519_SIZE];

    *key = (struct ssh_key){.fresh = true};
    if (!ed25519_make(key->seed, point))
        return client_complain(LOGIN_UNABLE, "no Ed25519 key can be made here");
    bytes_string_text(&blob, ED25519);
    bytes_string(&blob, point, sizeof(point));
    if (bytes_end(&blob) != NULL)
        bytes_base64(&base64, blob.at, blob.length);
    if (blob.failed || bytes_end(&base64) == NULL)
        return client_complain(LOGIN_UNABLE, "out of memory");
    return describe(verifier, ED25519, (const char *)base64.at, key);
}

/* Splits "TYPE BASE64 COMMENT" in place. */
bool ssh_line_split(struct bytes *line, const char **ret_type, const char **ret_base64)
{
    char *text = line->length == 0 ? NULL : (char *)line->at, *type, *base64;

    if (text == NULL || strlen(text) != line->length)
        return false;
    text[strcspn(text, "\r\n")] = '\0';
    type = strsep(&text, " \t");
    base64 = strsep(&text, " \t");
    if (base64 == NULL || *type == '\0' || *base64 == '\0')
        return false;
    *ret_type = type;
    *ret_base64 = base64;
    return true;
}

int ssh_key_read(const struct verifier *verifier, const struct keyplace *place, struct ssh_key *key)
{
    CLEANUP(bytes_wipe) struct bytes line = {0};
    const char *type, *base64;
    int code = place_read(place, ".pub", &line);

    *key = (struct ssh_key){.fresh = false};
    if (code != LOGIN_DONE || line.length == 0)
        return code;
    if (!ssh_line_split(&line, &type, &base64))
        return client_complain(LOGIN_UNABLE, "%s.pub: not a public key", place->path);
    return describe(verifier, type, base64, key);
}

/* --- OpenSSH's own format (PROTOCOL.key), without a passphrase: the key dies with its token --- */

static void add_private_part(const struct ssh_key *key, const struct keyplace *place, struct bytes *out)
{
    CLEANUP(bytes_wipe) struct bytes part = {0};
    unsigned char check[CHECK_SIZE], pad = 0;
    const unsigned char *blob, *point;
    size_t length;

    blob = jwkscore_offer_blob(key->offer, &length);
    point = blob + length - ED25519_SIZE;
    part.failed = !random_fill(check, sizeof(check));
    bytes_add(&part, check, sizeof(check));
    bytes_add(&part, check, sizeof(check));
    bytes_string_text(&part, ED25519);
    bytes_string(&part, point, ED25519_SIZE);
    bytes_u32(&part, SEED_SIZE + ED25519_SIZE);
    bytes_add(&part, key->seed, SEED_SIZE);
    bytes_add(&part, point, ED25519_SIZE);
    bytes_string_text(&part, place->base);
    while (part.length % BLOCK != 0 && !part.failed) {
        pad++;
        bytes_add(&part, &pad, 1);
    }
    out->failed |= part.failed;
    bytes_string(out, part.at, part.length);
}

static void make_private(const struct ssh_key *key, const struct keyplace *place, struct bytes *file)
{
    static const char magic[] = "openssh-key-v1"; /* with its NUL */
    CLEANUP(bytes_wipe) struct bytes octets = {0}, base64 = {0};
    const unsigned char *blob;
    size_t length;

    blob = jwkscore_offer_blob(key->offer, &length);
    bytes_add(&octets, magic, sizeof(magic));
    bytes_string_text(&octets, "none");
    bytes_string_text(&octets, "none");
    bytes_string_text(&octets, "");
    bytes_u32(&octets, 1);
    bytes_string(&octets, blob, length);
    add_private_part(key, place, &octets);
    bytes_base64(&base64, octets.at, octets.length);
    bytes_text(file, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    for (size_t i = 0; i < base64.length; i += BASE64_LINE) {
        bytes_add(file, base64.at + i, base64.length - i < BASE64_LINE ? base64.length - i : BASE64_LINE);
        bytes_text(file, "\n");
    }
    bytes_text(file, "-----END OPENSSH PRIVATE KEY-----\n");
    file->failed |= octets.failed || base64.failed;
}

int ssh_key_stage(const struct ssh_key *key, const struct keyplace *place)
{
    CLEANUP(bytes_wipe) struct bytes file = {0}, line = {0};
    int code;

    make_private(key, place, &file);
    bytes_text(&line, jwkscore_offer_key(key->offer));
    bytes_text(&line, " ");
    bytes_text(&line, place->base);
    bytes_text(&line, "\n");
    code = place_stage(place, "", &file);
    return code == LOGIN_DONE ? place_stage(place, ".pub", &line) : code;
}
