/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.c: what is asked of an SSH agent (draft-ietf-sshm-ssh-agent): a signature, what it holds, to forget
 * a key.
 */
#include "login.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    REQUEST_IDENTITIES = 11,
    IDENTITIES_ANSWER = 12,
    SIGN_REQUEST = 13,
    SIGN_RESPONSE = 14,
    REMOVE_IDENTITY = 18,
    SUCCESS = 6,
    RSA_SHA2_512 = 4, /* a flag */
    MESSAGE_MAX = 256 * 1024,
    PATIENCE = 60 /* s: it may ask the person first */
};

int agent_connect(const char *path)
{
    const struct timeval patience = {.tv_sec = PATIENCE};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (path == NULL || strlen(path) >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* --- messages: a length, a type, the rest --- */

static bool receive(int agent, unsigned char *out, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t got = recv(agent, out + done, length - done, 0);

        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        if (got > 0)
            done += (size_t)got;
    }
    return true;
}

static bool transmit(int agent, const struct bytes *message)
{
    for (size_t done = 0; done < message->length;) {
        ssize_t sent = send(agent, message->at + done, message->length - done, MSG_NOSIGNAL);

        if (sent < 0 && errno != EINTR)
            return false;
        if (sent > 0)
            done += (size_t)sent;
    }
    return true;
}

/* Asks, and takes an answer of the type `wanted`, without length and type. */
static bool ask(int agent, unsigned char type, const struct bytes *request, unsigned char wanted,
                struct bytes *answer)
{
    CLEANUP(bytes_wipe) struct bytes message = {0};
    unsigned char head[4], more[1024];
    struct view size = {head, sizeof(head)};
    uint64_t left = 0;

    bytes_u32(&message, (uint32_t)request->length + 1);
    bytes_add(&message, &type, 1);
    bytes_add(&message, request->at, request->length);
    if (request->failed || message.failed || !transmit(agent, &message) ||
        !receive(agent, head, sizeof(head)) || !view_number(&size, sizeof(head), &left))
        return false;
    while (left > 0 && left <= MESSAGE_MAX) {
        size_t piece = left < sizeof(more) ? (size_t)left : sizeof(more);

        if (!receive(agent, more, piece))
            return false;
        bytes_add(answer, more, piece);
        left -= piece;
    }
    if (left > 0 || answer->failed || answer->length == 0 || answer->at[0] != wanted)
        return false;
    answer->length--;
    memmove(answer->at, answer->at + 1, answer->length);
    return true;
}

/* --- what is asked --- */

static bool is_text(const struct view *view, const char *text)
{
    return view->left == strlen(text) && memcmp(view->at, text, view->left) == 0;
}

/* An agent that does not know the flag signs by SHA-1, which no host takes. */
bool agent_sign(int agent, const struct bytes *blob, const struct bytes *data, bool rsa,
                struct bytes *ret_signature)
{
    CLEANUP(bytes_wipe) struct bytes request = {0}, answer = {0};
    struct view rest, signature, type;

    bytes_string(&request, blob->at, blob->length);
    bytes_string(&request, data->at, data->length);
    bytes_u32(&request, rsa ? RSA_SHA2_512 : 0);
    if (!ask(agent, SIGN_REQUEST, &request, SIGN_RESPONSE, &answer))
        return false;
    rest = (struct view){answer.at, answer.length};
    if (!view_string(&rest, &signature))
        return false;
    rest = signature;
    if (!view_string(&rest, &type) || (rsa && !is_text(&type, "rsa-sha2-512")))
        return false;
    bytes_add(ret_signature, signature.at, signature.left);
    return !ret_signature->failed;
}

static void forget(int agent, const struct view *blob)
{
    CLEANUP(bytes_wipe) struct bytes request = {0}, answer = {0};

    bytes_string(&request, blob->at, blob->left);
    (void)ask(agent, REMOVE_IDENTITY, &request, SUCCESS, &answer);
}

static bool is_same(const struct view *blob, const char *base64)
{
    CLEANUP(bytes_wipe) struct bytes its = {0};

    bytes_base64(&its, blob->at, blob->left);
    return bytes_end(&its) != NULL && strcmp((const char *)its.at, base64) == 0;
}

bool agent_holds(int agent, const char *base64, bool remove)
{
    CLEANUP(bytes_wipe) struct bytes nothing = {0}, answer = {0};
    struct view rest, blob, comment;
    uint64_t count;

    if (agent < 0 || !ask(agent, REQUEST_IDENTITIES, &nothing, IDENTITIES_ANSWER, &answer))
        return false;
    rest = (struct view){answer.at, answer.length};
    if (!view_number(&rest, 4, &count))
        return false;
    while (view_string(&rest, &blob) && view_string(&rest, &comment))
        if (is_same(&blob, base64)) {
            if (remove)
                forget(agent, &blob);
            return true;
        }
    return false;
}
