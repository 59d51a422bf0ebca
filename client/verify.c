/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c: is it a token of the provider's, for us, and bound to the key?  By libjwkscore, as on the hosts.
 *
 * jwks-fetch reads the configuration that it fetches for, so there is a jwks.conf of our own for each
 * login, in the person's cache folder.  It is made anew each time, and its lock is the login's: ten ssh at
 * once open one browser.
 */
#include "login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTION "login"

void verifier_close(struct verifier *verifier)
{
    jwkscore_config_free(verifier->config);
    if (verifier->lock >= 0)
        close(verifier->lock);
    *verifier = (struct verifier){.lock = -1};
}

static int lock(const struct login_options *options, const char *path, struct verifier *verifier)
{
    struct stat found;

    verifier->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (verifier->lock < 0 || fstat(verifier->lock, &found) != 0)
        return client_complain(LOGIN_UNABLE, "%s: %s", path, strerror(errno));
    if (!S_ISREG(found.st_mode) || found.st_uid != geteuid())
        return client_complain(LOGIN_UNABLE, "%s: must be a regular file of yours", path);
    if (flock(verifier->lock, LOCK_EX | LOCK_NB) == 0)
        return LOGIN_DONE;
    verifier->waited = true;
    login_say(options, "Another jwks-login for `%s' is under way: waiting for it.", options->name);
    while (flock(verifier->lock, LOCK_EX) != 0)
        if (errno != EINTR)
            return client_complain(LOGIN_UNABLE, "%s: %s", path, strerror(errno));
    return LOGIN_DONE;
}

static void add_line(struct bytes *text, const char *key, const char *value)
{
    if (value == NULL)
        return;
    bytes_text(text, key);
    bytes_text(text, " = ");
    bytes_text(text, value);
    bytes_text(text, "\n");
}

/* `folder` ends without a slash.  Whom the token names does not matter here: the hosts know what they map. */
static void make_text(const struct login_options *options, const char *folder, struct bytes *text)
{
    bytes_text(text, "# Made by jwks-login for itself, anew each time.\n[global]\n");
    add_line(text, "state_dir", folder);
    bytes_text(text, "run_dir = ");
    bytes_text(text, folder);
    bytes_text(text, "/run\nmax_wait = 20\n[issuer " SECTION "]\n");
    add_line(text, "issuer", options->issuer);
    add_line(text, "audience", options->client_id);
    add_line(text, "ca_file", options->ca_file);
    add_line(text, "proxy", options->proxy);
    add_line(text, "certificate_extension", options->extension);
    bytes_text(text, "algorithms = RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519\n"
                     "key_binding = nonce\nuser_claim = sub\nuser_match = .*\nuser_name = holder\n");
}

static bool write_text(int fd, const struct bytes *text)
{
    return !text->failed && ftruncate(fd, 0) == 0 &&
           pwrite(fd, text->at, text->length, 0) == (ssize_t)text->length;
}

static int load(const struct login_options *options, char *path, struct verifier *verifier)
{
    CLEANUP(bytes_wipe) struct bytes text = {0};
    struct jwkscore_error error;
    char run[PATH_MAX + 8], *slash = strrchr(path, '/');

    *slash = '\0';
    make_text(options, path, &text);
    snprintf(run, sizeof(run), "%s/run", path);
    *slash = '/';
    if (!write_text(verifier->lock, &text) || (mkdir(run, 0700) != 0 && errno != EEXIST))
        return client_complain(LOGIN_UNABLE, "%s: %s", path, strerror(errno));
    verifier->config = jwkscore_config_new();
    if (verifier->config == NULL)
        return client_complain(LOGIN_UNABLE, "out of memory");
    if (jwkscore_config_load(verifier->config, path, &error) == JWKSCORE_OK)
        return LOGIN_DONE;
    return client_complain(LOGIN_UNABLE, "%s", error.message);
}

int verifier_open(const struct login_options *options, struct verifier *verifier)
{
    char path[PATH_MAX], name[64];
    int code;

    *verifier = (struct verifier){.lock = -1};
    if (geteuid() == 0)
        return client_complain(LOGIN_REFUSED,
                               "this is for a person, not for root: keys are never fetched as root");
    snprintf(name, sizeof(name), "%s.conf", options->name);
    if ((code = home_path("XDG_CACHE_HOME", ".cache", name, path)) != LOGIN_DONE ||
        (code = home_make_folders(path)) != LOGIN_DONE ||
        (code = lock(options, path, verifier)) != LOGIN_DONE)
        return code;
    return load(options, path, verifier);
}

/* What it says of bindings is about jwks.conf, which nobody has written. */
static int explain(const struct jwkscore_error *error, char message[MESSAGE_SIZE])
{
    bool denied = jwkscore_classify(error->status) == JWKSCORE_CLASS_DENIED;

    snprintf(
        message, MESSAGE_SIZE, "%s%s",
        denied ? "the provider's token is not accepted: " : "the provider's token cannot be verified now: ",
        error->status == JWKSCORE_E_UNBOUND ? "its nonce is not the fingerprint of the key" : error->message);
    return denied ? LOGIN_REFUSED : LOGIN_UNABLE;
}

int verifier_check(const struct verifier *verifier, const char *token, const struct jwkscore_offer *offer,
                   const char *nonce, struct jwkscore_identity **ret_identity, char message[MESSAGE_SIZE])
{
    struct jwkscore_request request = {
        .size = sizeof(request), .token = token, .token_length = strlen(token), .now = jwkscore_now()};
    struct jwkscore_error error;
    const char *found;

    if (offer != NULL)
        request.key = jwkscore_offer_blob(offer, &request.key_length);
    if (jwkscore_authenticate(verifier->config, &request, ret_identity, &error) != JWKSCORE_OK)
        return explain(&error, message);
    found = jwkscore_identity_claim(*ret_identity, "nonce", 0);
    if (nonce == NULL || (found != NULL && same_text(found, nonce)))
        return LOGIN_DONE;
    snprintf(message, MESSAGE_SIZE,
             "the provider's token is not accepted: its nonce is not the one that was asked for");
    return LOGIN_REFUSED;
}
