/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_cert.c: a certificate of the key, signed by the key itself, with the token in it (OpenSSH's
 * PROTOCOL.certkeys).
 *
 * Made here and not by `ssh-keygen -O extension:NAME=TOKEN`: an argument list is for everybody on this
 * machine to read, and where a host takes tokens at a prompt, a token that is bound by its nonce opens that
 * too.
 */
#include "login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CERTIFIED "-cert-v01@openssh.com"
#define SECURITY_KEY "@openssh.com" /* behind a type that is OpenSSH's own: sk-ssh-ed25519@openssh.com */

enum { USER_CERTIFICATE = 1, EXTENSIONS_MAX = 8, NAME_SIZE = 64 };

struct extension {
    char name[NAME_SIZE];
    const char *value; /* NULL: none */
};

static void make_type(const struct ssh_key *key, char type[NAME_SIZE])
{
    const char *end = strstr(key->type, SECURITY_KEY);
    size_t length = end == NULL ? strlen(key->type) : (size_t)(end - key->type);

    snprintf(type, NAME_SIZE, "%.*s%s", (int)length, key->type, CERTIFIED);
}

/* Each name of a list with commas. */
static size_t next_name(const char **list)
{
    *list += strspn(*list, ",");
    return strcspn(*list, ",");
}

static void add_principals(struct bytes *out, const char *list)
{
    CLEANUP(bytes_wipe) struct bytes names = {0};
    size_t length;

    while ((length = next_name(&list)) > 0) {
        bytes_string(&names, list, length);
        list += length;
    }
    out->failed |= names.failed;
    bytes_string(out, names.at, names.length);
}

static int by_name(const void *one, const void *other)
{
    return strcmp(((const struct extension *)one)->name, ((const struct extension *)other)->name);
}

/* In the order of their names, as the format wants it; what one holds is a string within a string. */
static void add_extensions(struct bytes *out, const struct ssh_cert *cert)
{
    struct extension extensions[EXTENSIONS_MAX] = {{"permit-pty", NULL}};
    CLEANUP(bytes_wipe) struct bytes all = {0};
    const char *list = cert->permit == NULL ? "" : cert->permit;
    size_t count = 1, length;

    snprintf(extensions[count].name, NAME_SIZE, "%s", cert->extension);
    extensions[count++].value = cert->token;
    for (; count < EXTENSIONS_MAX && (length = next_name(&list)) > 0; list += length)
        snprintf(extensions[count++].name, NAME_SIZE, "permit-%.*s", (int)length, list);
    qsort(extensions, count, sizeof(*extensions), by_name);
    for (size_t i = 0; i < count; i++) {
        bytes_string_text(&all, extensions[i].name);
        bytes_u32(&all, extensions[i].value == NULL ? 0 : (uint32_t)strlen(extensions[i].value) + 4);
        if (extensions[i].value != NULL)
            bytes_string_text(&all, extensions[i].value);
    }
    out->failed |= all.failed;
    bytes_string(out, all.at, all.length);
}

/* All that is signed.  The key's fields are its blob behind the type. */
static bool make_body(const struct ssh_key *key, const struct ssh_cert *cert, struct bytes *body)
{
    unsigned char nonce[SECRET_SIZE];
    char type[NAME_SIZE];
    const unsigned char *blob;
    size_t length, type_length = 4 + strlen(key->type);

    blob = jwkscore_offer_blob(key->offer, &length);
    if (!random_fill(nonce, sizeof(nonce)))
        return false;
    make_type(key, type);
    bytes_string_text(body, type);
    bytes_string(body, nonce, sizeof(nonce));
    bytes_add(body, blob + type_length, length - type_length);
    bytes_u64(body, 0); /* serial number: we keep no list */
    bytes_u32(body, USER_CERTIFICATE);
    bytes_string_text(body, cert->key_id);
    add_principals(body, cert->principals);
    bytes_u64(body, (uint64_t)cert->from);
    bytes_u64(body, (uint64_t)cert->until);
    bytes_string_text(body, ""); /* critical options */
    add_extensions(body, cert);
    bytes_string_text(body, ""); /* reserved */
    bytes_string(body, blob, length);
    return !body->failed;
}

/* --- the signature --- */

static bool sign_here(const struct ssh_key *key, const struct bytes *body, struct bytes *signature)
{
    unsigned char octets[ED25519_SIGNATURE_SIZE];

    if (!ed25519_sign(key->seed, body, octets))
        return false;
    bytes_string_text(signature, key->type);
    bytes_string(signature, octets, sizeof(octets));
    return !signature->failed;
}

static bool sign_by(const char *path, const struct ssh_key *key, const struct bytes *body,
                    struct bytes *signature)
{
    int agent = agent_connect(path);
    CLEANUP(bytes_wipe) struct bytes blob = {0};
    const unsigned char *octets;
    size_t length;
    bool done;

    octets = jwkscore_offer_blob(key->offer, &length);
    bytes_add(&blob, octets, length);
    done = agent >= 0 && !blob.failed &&
           agent_sign(agent, &blob, body, strcmp(key->type, "ssh-rsa") == 0, signature);
    if (agent >= 0)
        close(agent);
    return done;
}

/*
 * By the person's agent, if it has the key; else by one that lives as long as this and asks for the
 * passphrase.
 */
static int sign(const struct login_options *options, const struct ssh_key *key, const struct keyplace *place,
                const struct bytes *body, struct bytes *signature)
{
    struct own_agent own = {.pid = 0};
    bool done;
    int code;

    if (key->fresh)
        return sign_here(key, body, signature)
                   ? LOGIN_DONE
                   : client_complain(LOGIN_UNABLE, "the certificate cannot be signed: no Ed25519 here");
    if (sign_by(client_environment("SSH_AUTH_SOCK"), key, body, signature))
        return LOGIN_DONE;
    code = own_agent_start(options, place, &own);
    done = code == LOGIN_DONE && sign_by(own.path, key, body, signature);
    own_agent_stop(&own);
    if (code == LOGIN_DONE && !done)
        return client_complain(LOGIN_UNABLE, "%s: the certificate was not signed: is it the key of %s.pub?",
                               place->path, place->base);
    return code;
}

int ssh_cert_make(const struct login_options *options, const struct ssh_key *key,
                  const struct keyplace *place, const struct ssh_cert *cert, struct bytes *ret_line)
{
    CLEANUP(bytes_wipe) struct bytes body = {0}, signature = {0};
    char type[NAME_SIZE];
    int code;

    if (!make_body(key, cert, &body))
        return client_complain(LOGIN_UNABLE, "out of memory, or no random octets");
    code = sign(options, key, place, &body, &signature);
    if (code != LOGIN_DONE)
        return code;
    bytes_string(&body, signature.at, signature.length);
    make_type(key, type);
    bytes_text(ret_line, type);
    bytes_text(ret_line, " ");
    bytes_base64(ret_line, body.at, body.length);
    bytes_text(ret_line, " ");
    bytes_text(ret_line, place->base);
    bytes_text(ret_line, "\n");
    return !body.failed && bytes_end(ret_line) != NULL ? LOGIN_DONE
                                                       : client_complain(LOGIN_UNABLE, "out of memory");
}
