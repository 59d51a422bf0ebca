/* SPDX-License-Identifier: Apache-2.0 */
/*
 * starter.c: a process beside the writer that starts one more for each request, and ends it.
 *
 * What is forbidden is forbidden to children too, so whoever may make no socket cannot start who may.  That
 * is why it is not the writer that starts the network children: from its first request on, the writer, which
 * alone parses what comes, has no way to a network.  The starter holds no file of the cache and looks at
 * nothing that it passes on; a request that was taken over by a server is no part of the next.
 */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum {
    IN = 3,          /* requests come to the starter */
    OUT = 4,         /* and results go */
    GRACE_MS = 500,  /* twice what the starter gives its child */
    STILL_MS = 2000, /* an answer that has lain for longer says nothing of now */
    TEXTS = 5,
};

/* One in a process, from its first request to its end. */
static struct {
    pid_t pid; /* 0: not started */
    int requests, results;
} starter;

/* What goes to the starter: five texts, each with its NUL, follow.  An empty one is none. */
struct order {
    int64_t deadline_b;
    uint64_t most;
    uint32_t fresh;
    uint32_t length;
};

/* What comes back, before the octets that the child wrote. */
struct reply {
    uint32_t ended; /* 0: it was out of time */
    uint32_t length;
};

/* --- pipes --- */

/* False at the deadline, with *ret_late, or if there is no more. */
static bool take_all(int fd, void *bytes, size_t length, int64_t deadline_b, bool *ret_late)
{
    char *to = bytes;

    while (length > 0) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left = deadline_b - clock_boot_ms();
        ssize_t n;

        *ret_late = left <= 0;
        if (*ret_late)
            return false;
        if (poll(&ready, 1, left < INT32_MAX ? (int)left : INT32_MAX) <= 0)
            continue;
        n = read(fd, to, length);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        if (n > 0) {
            to += n;
            length -= (size_t)n;
        }
    }
    return true;
}

/* --- the starter's side --- */

static struct text next_text(const char **from)
{
    struct text text = text_from(*from);

    *from += text.length + 1;
    return text;
}

/* From the writer, which is trusted. */
static bool take_request(struct buffer *texts, struct request *ret_request)
{
    struct order order;
    unsigned char *bytes;
    const char *from;
    bool late;

    if (!take_all(IN, &order, sizeof(order), INT64_MAX, &late))
        return false;
    bytes = buffer_extend(texts, order.length);
    if (bytes == NULL || !take_all(IN, bytes, order.length, INT64_MAX, &late))
        return false;
    from = (const char *)bytes;
    *ret_request =
        (struct request){.fresh = order.fresh != 0, .most = order.most, .deadline_b = order.deadline_b};
    ret_request->uri = next_text(&from).bytes;
    ret_request->ca_file = from[0] != '\0' ? from : NULL;
    next_text(&from);
    ret_request->proxy = from[0] != '\0' ? from : NULL;
    next_text(&from);
    ret_request->etag = next_text(&from);
    ret_request->last_modified = next_text(&from);
    return true;
}

/* Until the writer ends, which ends it too. */
static _Noreturn void serve(const struct module *module)
{
    for (;;) {
        CLEANUP(buffer_freep) struct buffer texts = {0}, result = {0};
        struct request request;
        struct reply reply;

        if (!take_request(&texts, &request))
            _exit(0);
        reply.ended = child_run(module, &request, &result) ? 1 : 0;
        reply.length = (uint32_t)result.length;
        if (!process_write_all(OUT, &reply, sizeof(reply)) ||
            !process_write_all(OUT, result.bytes, result.length))
            _exit(0);
    }
}

/* Both ends are moved out of the way first: each may stand where the other is to be. */
static _Noreturn void become_starter(int in, int out, pid_t writer)
{
    struct module module;

    in = fcntl(in, F_DUPFD, OUT + 1);
    out = fcntl(out, F_DUPFD, OUT + 1);
    if (in < 0 || out < 0 || dup2(in, IN) != IN || dup2(out, OUT) != OUT)
        _exit(1);
    process_close_from(OUT + 1);
    if (!confine_life(writer))
        _exit(1);
    module_load(&module);
    if (!confine_starter())
        _exit(1);
    serve(&module);
}

/* --- the writer's side --- */

static bool start(void)
{
    int requests[2] = {-1, -1}, results[2] = {-1, -1};
    pid_t writer = getpid(), pid = -1;

    if (pipe2(requests, O_CLOEXEC) == 0 && pipe2(results, O_CLOEXEC) == 0)
        pid = fork();
    if (pid == 0)
        become_starter(requests[0], results[1], writer);
    fd_closep(&requests[0]);
    fd_closep(&results[1]);
    if (pid < 0) {
        fd_closep(&requests[1]);
        fd_closep(&results[0]);
        return false;
    }
    starter.pid = pid;
    starter.requests = requests[1];
    starter.results = results[0];
    if (confine_writer())
        return true;
    starter_end(); /* nothing is asked by whom a server could reach it */
    return false;
}

static bool send_request(const struct request *request)
{
    CLEANUP(buffer_freep) struct buffer texts = {0};
    const struct text all[TEXTS] = {
        text_from(request->uri), text_from(request->ca_file != NULL ? request->ca_file : ""),
        text_from(request->proxy != NULL ? request->proxy : ""), request->etag, request->last_modified};
    struct order order = {.deadline_b = request->deadline_b, .most = request->most, .fresh = request->fresh};

    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        if (!buffer_append(&texts, all[i]) || !buffer_append(&texts, (struct text){"", 1}))
            return false;
    order.length = (uint32_t)texts.length;
    return process_write_all(starter.requests, &order, sizeof(order)) &&
           process_write_all(starter.requests, texts.bytes, texts.length);
}

static bool take_result(const struct request *request, size_t length, int64_t deadline_b,
                        struct buffer *ret_result, bool *ret_late)
{
    unsigned char *bytes;

    if (length == 0)
        return true;
    if (length > CHILD_RESULT_MAX(request))
        return false;
    bytes = buffer_extend(ret_result, length);
    return bytes != NULL && take_all(starter.results, bytes, length, deadline_b, ret_late);
}

/* The time beyond the deadline begins when that is seen here: a host that stands still delays all of us. */
static int64_t end_of_grace(int64_t deadline_b)
{
    int64_t seen_b = clock_boot_ms(), last_b = deadline_b + STILL_MS;

    return (seen_b < deadline_b ? deadline_b : seen_b < last_b ? seen_b : last_b) + GRACE_MS;
}

/* It is one write to a pipe, so it is there or it is not. */
static bool take_reply(int64_t deadline_b, struct reply *ret_reply, bool *ret_late)
{
    return take_all(starter.results, ret_reply, sizeof(*ret_reply), deadline_b, ret_late) ||
           (*ret_late &&
            take_all(starter.results, ret_reply, sizeof(*ret_reply), end_of_grace(deadline_b), ret_late));
}

/* One that does not keep the deadline is ended, and its child with it. */
bool starter_ask(const struct request *request, struct buffer *ret_result, bool *ret_late)
{
    struct reply reply = {0};
    bool ok;

    *ret_late = false;
    if (starter.pid < 0 || (starter.pid == 0 && !start()) || !send_request(request))
        return false;
    ok = take_reply(request->deadline_b, &reply, ret_late) &&
         take_result(request, reply.length, end_of_grace(request->deadline_b), ret_result, ret_late);
    if (!ok)
        starter_end();
    else
        *ret_late = reply.ended == 0;
    return ok && !*ret_late;
}

/* The writer, which can start no other, is not to ask again. */
void starter_end(void)
{
    if (starter.pid <= 0)
        return;
    fd_closep(&starter.requests);
    fd_closep(&starter.results);
    process_kill(starter.pid);
    starter.pid = -1;
}
