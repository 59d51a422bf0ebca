/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate.c: tokens in the SSH certificates that sshd has let in.
 *
 * It names them in SSH_AUTH_INFO_0, a line for each method that succeeded: `publickey TYPE BASE64`.  Its
 * length is sshd's to bound (256 kB), that of a certificate and of a token the library's.  sshd has verified
 * the certificate and seen that its key is there; all else that jwks-authorized-keys asks is asked again.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define CERTIFICATE "-cert-v01@openssh.com" /* how the types of all certificates end */

struct reading {
    char *copy, *rest; /* of SSH_AUTH_INFO_0, and what is still to be read; wiped */
    size_t size;
    struct jwkscore_offer *offer; /* the one that was found */
};

static void close_reading(struct reading *reading)
{
    jwkscore_offer_free(reading->offer);
    if (reading->copy != NULL)
        explicit_bzero(reading->copy, reading->size);
    free(reading->copy);
}

static bool open_reading(pam_handle_t *pamh, struct reading *reading)
{
    const char *text = pam_getenv(pamh, "SSH_AUTH_INFO_0");

    if (text == NULL)
        text = "";
    reading->size = strlen(text) + 1;
    reading->copy = reading->rest = strdup(text);
    return reading->copy != NULL;
}

bool certificate_possible(pam_handle_t *pamh)
{
    const char *text = pam_getenv(pamh, "SSH_AUTH_INFO_0");

    return text != NULL && strstr(text, CERTIFICATE " ") != NULL;
}

static bool names_certificate(const char *type)
{
    size_t length = strlen(type), end = strlen(CERTIFICATE);

    return length > end && strcmp(type + length - end, CERTIFICATE) == 0;
}

/*
 * What the library cannot read jwks-authorized-keys has not let in, so somebody else has.  The same goes for
 * a certificate that another key has signed.
 */
static enum jwkscore_status read_line(struct login *login, char *line, struct jwkscore_offer **ret_offer)
{
    const char *method = strsep(&line, " "), *type = strsep(&line, " "), *base64 = strsep(&line, " ");
    struct jwkscore_offer *offer = NULL;
    enum jwkscore_status status;
    size_t length;

    if (base64 == NULL || strcmp(method, "publickey") != 0 || !names_certificate(type))
        return JWKSCORE_OK;
    status = jwkscore_offer_read(login->config, type, base64, &offer, &login->error);
    if (status == JWKSCORE_E_MALFORMED || status == JWKSCORE_E_TOO_LONG)
        return JWKSCORE_OK;
    if (status != JWKSCORE_OK)
        return status;
    login_find_user(login);
    status = jwkscore_offer_check(offer, login->user, jwkscore_now(), &login->error);
    if (status == JWKSCORE_E_UNBOUND || jwkscore_offer_token(login->config, offer, NULL, &length) == NULL) {
        jwkscore_offer_free(offer);
        return JWKSCORE_OK;
    }
    *ret_offer = offer;
    return status;
}

/* The next certificate with a token, which may be refused already; reading->offer is NULL behind the last. */
static enum jwkscore_status read_next(struct login *login, struct reading *reading)
{
    enum jwkscore_status status = JWKSCORE_OK;
    char *line;

    jwkscore_offer_free(reading->offer);
    reading->offer = NULL;
    while (status == JWKSCORE_OK && reading->offer == NULL && (line = strsep(&reading->rest, "\n")) != NULL)
        status = read_line(login, line, &reading->offer);
    return status;
}

static enum jwkscore_status verify(struct login *login, const char *service,
                                   const struct jwkscore_offer *offer)
{
    struct jwkscore_identity *before = login->identity, *later = NULL;
    struct jwkscore_request request = {.service = service};
    enum jwkscore_status status;

    request.token = jwkscore_offer_token(login->config, offer, NULL, &request.token_length);
    request.key = jwkscore_offer_blob(offer, &request.key_length);
    login->identity = NULL;
    status = login_ask(login, request);
    if (status == JWKSCORE_OK)
        status = jwkscore_offer_check_extension(login->config, offer, login->identity, &login->error);
    if (status == JWKSCORE_OK && before != NULL &&
        jwkscore_identity_expires(before) < jwkscore_identity_expires(login->identity)) {
        later = login->identity;
        login->identity = before;
        before = NULL;
    }
    jwkscore_identity_free(before);
    jwkscore_identity_free(later);
    return status;
}

enum jwkscore_status certificate_decide(struct login *login, const char *service)
{
    CLEANUP(close_reading) struct reading reading = {.copy = NULL};
    enum jwkscore_status status;

    if (!certificate_possible(login->pamh))
        return JWKSCORE_OK;
    if (!open_reading(login->pamh, &reading))
        return log_reason(&login->error, JWKSCORE_E_MEMORY, "no memory for the certificate");
    while ((status = read_next(login, &reading)) == JWKSCORE_OK && reading.offer != NULL)
        if ((status = verify(login, service, reading.offer)) != JWKSCORE_OK)
            break;
    return status;
}

/* A section without more than a name has the default extension. */
bool certificate_likely(pam_handle_t *pamh)
{
    CLEANUP(close_reading) struct reading reading = {.copy = NULL};
    CLEANUP(login_clear) struct login login = {.pamh = pamh, .config = jwkscore_config_new()};

    if (login.config == NULL || !open_reading(pamh, &reading) ||
        jwkscore_config_set(login.config, "issuer any", "issuer", "https://localhost", &login.error) !=
            JWKSCORE_OK)
        return true; /* NOLINT(clang-analyzer-unix.Malloc): it does not know CLEANUP */
    return read_next(&login, &reading) != JWKSCORE_OK || reading.offer != NULL;
}
