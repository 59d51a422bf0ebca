/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_only.c: an ID token on standard output, for hosts that take one at a prompt; no key, no
 * certificate.
 */
#include "login.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct work {
    struct verifier verifier;
    struct provider provider;
    struct loopback loopback;
    struct tokens tokens;
    struct jwkscore_identity *identity;
};

static void work_clear(struct work *work)
{
    jwkscore_identity_free(work->identity);
    tokens_clear(&work->tokens);
    loopback_close(&work->loopback);
    provider_clear(&work->provider);
    verifier_close(&work->verifier);
}

/* The nonce shows that it is the answer to this question. */
static const char *make_nonce(struct bytes *nonce)
{
    unsigned char octets[SECRET_SIZE];

    if (!random_fill(octets, sizeof(octets)))
        return NULL;
    bytes_base64url(nonce, octets, sizeof(octets));
    return bytes_end(nonce);
}

static int browse(const struct login_options *options, const char *nonce, struct work *work)
{
    int code;

    if (nonce == NULL)
        return client_complain(LOGIN_UNABLE, "no random octets, or no memory");
    if (!browse_possible(options))
        return client_complain(LOGIN_REFUSED,
                               "there is neither display nor terminal to sign in: see --device");
    code = loopback_open(options, &work->loopback);
    return code == LOGIN_DONE
               ? browse_for_tokens(options, &work->provider, nonce, &work->loopback, &work->tokens)
               : code;
}

static int get(const struct login_options *options, struct work *work)
{
    CLEANUP(bytes_wipe) struct bytes octets = {0};
    const char *nonce = options->device ? NULL : make_nonce(&octets); /* by the other flow it is lost */
    char message[MESSAGE_SIZE];
    int code = options->device ? device_for_tokens(options, &work->provider, &work->tokens)
                               : browse(options, nonce, work);

    if (code != LOGIN_DONE)
        return code;
    code = verifier_check(&work->verifier, work->tokens.id_token, NULL, nonce, &work->identity, message);
    return code == LOGIN_DONE ? code : client_complain(code, "%s", message);
}

/* Not by stdio, whose buffer nobody wipes. */
static int print_line(const char *token)
{
    CLEANUP(bytes_wipe) struct bytes line = {0};

    bytes_text(&line, token);
    bytes_text(&line, "\n");
    for (size_t done = 0; done < line.length && !line.failed;) {
        ssize_t wrote = write(STDOUT_FILENO, line.at + done, line.length - done);

        if (wrote < 0 && errno != EINTR)
            return client_complain(LOGIN_UNABLE, "standard output: %s", strerror(errno));
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return line.failed ? client_complain(LOGIN_UNABLE, "out of memory") : LOGIN_DONE;
}

int token_only(const struct login_options *options)
{
    CLEANUP(work_clear) struct work work = {.verifier.lock = -1};
    int code;

    loopback_clear(&work.loopback);
    if ((code = verifier_open(options, &work.verifier)) != LOGIN_DONE ||
        (code = provider_discover(options, &work.provider)) != LOGIN_DONE)
        return code;
    code = get(options, &work);
    loopback_finish(&work.loopback, code);
    return code == LOGIN_DONE ? print_line(work.tokens.id_token) : code;
}
