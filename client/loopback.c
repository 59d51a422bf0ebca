/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loopback.c: the web server for one answer (RFC 8252 section 7.3).
 *
 * Every program on this machine can reach it, and every page in the browser.  So nothing counts but an
 * answer with our state; all else is told no, and the wait goes on.  Browsers open connections that they
 * may never use: several are served at once, each for a short time and with little room.
 */
#include "login.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 32 * 1024, VISIT_MS = 10000, GOODBYE_MS = 1000, PORT_TRIES = 16 };

int64_t boot_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- listening --- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void loopback_clear(struct loopback *loopback)
{
    *loopback = (struct loopback){.listeners = {-1, -1}, .answer_to = -1};
    for (size_t i = 0; i < VISITORS; i++)
        loopback->visitors[i].fd = -1;
}

void loopback_close(struct loopback *loopback)
{
    for (size_t i = 0; i < LISTENERS; i++)
        close_fd(&loopback->listeners[i]);
    for (size_t i = 0; i < VISITORS; i++) {
        close_fd(&loopback->visitors[i].fd);
        bytes_wipe(&loopback->visitors[i].request);
    }
    close_fd(&loopback->answer_to);
    bytes_wipe(&loopback->query);
}

static int listen_on(const struct sockaddr *address, socklen_t length)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int yes = 1;

    if (fd < 0)
        return -1;
    /* A port that was used a minute ago is not taken. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 && bind(fd, address, length) == 0 &&
        listen(fd, VISITORS) == 0)
        return fd;
    close(fd);
    return -1;
}

static int listen_on_4(uint16_t port, uint16_t *ret_port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = listen_on((const struct sockaddr *)&address, length);

    if (fd >= 0 && getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        close_fd(&fd);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int listen_on_6(uint16_t port)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    return listen_on((const struct sockaddr *)&address, sizeof(address));
}

/*
 * What `localhost` is, the browser decides: both, on one port; a machine without IPv6 has but one.  A
 * stranger who listens on the other would be given the code (useless without the verifier) in our place.
 */
static bool listen_on_both(struct loopback *loopback, uint16_t wanted, bool both, uint16_t *ret_port)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        loopback->listeners[0] = listen_on_4(wanted, ret_port);
        if (loopback->listeners[0] < 0 || !both)
            break;
        loopback->listeners[1] = listen_on_6(*ret_port);
        if (loopback->listeners[1] >= 0 || errno != EADDRINUSE)
            break;
        close_fd(&loopback->listeners[0]);
        errno = EADDRINUSE;
        if (wanted != 0)
            break;
    }
    return loopback->listeners[0] >= 0;
}

int loopback_open(const struct login_options *options, struct loopback *loopback)
{
    uint16_t port = 0;

    loopback_clear(loopback);
    if (!listen_on_both(loopback, (uint16_t)options->port, strcmp(options->redirect_host, "localhost") == 0,
                        &port)) {
        if (errno == EADDRINUSE)
            return client_complain(LOGIN_UNABLE,
                                   "port %lld is taken (%s): end what uses it, or set another --port",
                                   (long long)options->port, strerror(errno));
        return client_complain(LOGIN_UNABLE, "cannot listen for the browser: %s", strerror(errno));
    }
    snprintf(loopback->redirect_uri, sizeof(loopback->redirect_uri), "http://%s:%u/callback",
             options->redirect_host, (unsigned)port);
    return LOGIN_DONE;
}

/* --- answering --- */

/*
 * Waits until the browser has it: a connection that is closed with unread octets is reset, and the page
 * lost.
 */
void loopback_answer(struct loopback *loopback, const char *title, const char *text)
{
    int64_t until = boot_clock_ms() + GOODBYE_MS, left;
    struct pollfd ready = {.fd = loopback->answer_to, .events = POLLIN};
    char rest[512];

    if (loopback->answer_to < 0)
        return;
    page_send(loopback->answer_to, "200 OK", title, text);
    while ((left = until - boot_clock_ms()) > 0 && poll(&ready, 1, (int)left) > 0)
        if (recv(ready.fd, rest, sizeof(rest), 0) <= 0)
            break;
    close_fd(&loopback->answer_to);
}

void loopback_finish(struct loopback *loopback, int code)
{
    if (code == LOGIN_DONE)
        loopback_answer(loopback, "Signed in", "You can close this window.");
    else
        loopback_answer(loopback, "Not signed in", "The terminal says why.");
}

/* --- one visitor --- */

static void dismiss(struct visitor *visitor, const char *status, const char *title, const char *text)
{
    if (status != NULL)
        page_send(visitor->fd, status, title, text);
    close_fd(&visitor->fd);
    bytes_wipe(&visitor->request);
}

/* The query of `GET /callback?QUERY HTTP/1.x`, cut out in place; NULL: it is another request. */
static char *find_query(char *request)
{
    static const char wanted[] = "GET /callback?";
    char *end;

    if (strncmp(request, wanted, strlen(wanted)) != 0)
        return NULL;
    request[strcspn(request, "\r\n")] = '\0';
    end = strrchr(request, ' ');
    if (end < request + strlen(wanted) || strncmp(end, " HTTP/1.", strlen(" HTTP/1.")) != 0)
        return NULL;
    *end = '\0';
    return request + strlen(wanted);
}

/* true: it is the answer that is waited for. */
static bool judge(const struct login_options *options, struct loopback *loopback, struct visitor *visitor,
                  const char *state, struct callback *ret_callback)
{
    char *query = find_query((char *)visitor->request.at);

    if (query == NULL) {
        dismiss(visitor, "404 Not Found", "Not found", "There is nothing here.");
        return false;
    }
    bytes_wipe(&loopback->query);
    bytes_text(&loopback->query, query);
    if (bytes_end(&loopback->query) == NULL || !callback_parse((char *)loopback->query.at, ret_callback) ||
        ret_callback->state == NULL || !same_text(ret_callback->state, state)) {
        if (options->verbose)
            login_say(options, "an answer with another state than ours was ignored");
        dismiss(visitor, "400 Bad Request", "Not ours", "This is not the answer that jwks-login waits for.");
        return false;
    }
    loopback->answer_to = visitor->fd;
    visitor->fd = -1;
    bytes_wipe(&visitor->request);
    return true;
}

/* true: the request is whole. */
static bool hear(struct visitor *visitor)
{
    char more[4096];
    ssize_t got = recv(visitor->fd, more, sizeof(more), 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got > 0)
        bytes_add(&visitor->request, more, (size_t)got);
    explicit_bzero(more, sizeof(more));
    if (got <= 0 || visitor->request.length > REQUEST_MAX || bytes_end(&visitor->request) == NULL) {
        dismiss(visitor, got > 0 ? "431 Request Header Fields Too Large" : NULL, "Too large", "");
        return false;
    }
    return strstr((const char *)visitor->request.at, "\r\n\r\n") != NULL;
}

/* Where all places are taken, whoever came first goes. */
static void welcome(struct loopback *loopback, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct visitor *place = &loopback->visitors[0];

    if (fd < 0)
        return;
    for (size_t i = 0; i < VISITORS && place->fd >= 0; i++)
        if (loopback->visitors[i].fd < 0 || loopback->visitors[i].until < place->until)
            place = &loopback->visitors[i];
    dismiss(place, NULL, NULL, NULL);
    place->fd = fd;
    place->until = boot_clock_ms() + VISIT_MS;
}

/* --- all of them --- */

static int wait_for_any(struct loopback *loopback, struct pollfd ready[LISTENERS + VISITORS], int64_t until)
{
    int64_t now = boot_clock_ms();

    for (size_t i = 0; i < LISTENERS; i++)
        ready[i] = (struct pollfd){.fd = loopback->listeners[i], .events = POLLIN};
    for (size_t i = 0; i < VISITORS; i++) {
        struct visitor *visitor = &loopback->visitors[i];

        if (visitor->fd >= 0 && visitor->until <= now)
            dismiss(visitor, "408 Request Timeout", "Too late", "");
        if (visitor->fd >= 0 && visitor->until < until)
            until = visitor->until;
        ready[LISTENERS + i] = (struct pollfd){.fd = visitor->fd, .events = POLLIN};
    }
    return poll(ready, LISTENERS + VISITORS, until > now ? (int)(until - now) : 0);
}

int loopback_wait(const struct login_options *options, struct loopback *loopback, const char *state,
                  int64_t deadline, struct callback *ret_callback)
{
    struct pollfd ready[LISTENERS + VISITORS];

    while (boot_clock_ms() < deadline) {
        if (wait_for_any(loopback, ready, deadline) < 0 && errno != EINTR)
            return client_complain(LOGIN_UNABLE, "cannot wait for the browser: %s", strerror(errno));
        for (size_t i = 0; i < VISITORS; i++) {
            struct visitor *visitor = &loopback->visitors[i];

            if (visitor->fd >= 0 && ready[LISTENERS + i].fd == visitor->fd &&
                ready[LISTENERS + i].revents != 0 && hear(visitor) &&
                judge(options, loopback, visitor, state, ret_callback))
                return LOGIN_DONE;
        }
        for (size_t i = 0; i < LISTENERS; i++)
            if ((ready[i].revents & POLLIN) != 0)
                welcome(loopback, loopback->listeners[i]);
    }
    return client_complain(LOGIN_REFUSED, "timed out: no answer from the browser in %lld s",
                           (long long)options->timeout);
}
