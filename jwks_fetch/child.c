/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c: one GET in a process of its own, which ends with it or at its deadline.
 *
 * TLS, HTTP and the resolver meet strangers' bytes, so they run where there is no lock, no folder and no
 * way to write a file.  What comes back through the pipe is taken as if a stranger had sent it.  SIGKILL
 * ends what hangs.
 */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum {
    OUT = 3,        /* the one descriptor of the child beside /dev/null */
    GRACE_MS = 250, /* the child keeps the deadline itself, and knows more about why */
};

static void refuse(const char *lack, int out)
{
    struct http_result result = {.magic = HTTP_MAGIC, .outcome = OUTCOME_HELPER};

    snprintf(result.detail, sizeof(result.detail), "no " HTTP_MODULE ": %s", lack != NULL ? lack : "it has no http_get");
    (void)!process_write_all(out, &result, sizeof(result));
}

static _Noreturn void run_child(const struct module *module, const struct request *request, int out, pid_t parent)
{
    if (out != OUT && dup2(out, OUT) != OUT)
        _exit(1);
    process_close_from(OUT + 1);
    if (!confine_network(parent))
        _exit(1);
    if (module->get != NULL)
        module->get(request, OUT);
    else
        refuse(module->lack, OUT);
    _exit(0);
}

/* Reads to the end, to the deadline, or until it is more than there can be. */
static bool read_result(int fd, size_t most, int64_t deadline_b, struct buffer *result)
{
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left = deadline_b - clock_boot_ms();
        char chunk[16384];
        ssize_t n;

        if (left <= 0)
            return false;
        if (poll(&ready, 1, (int)left) <= 0)
            continue;
        n = read(fd, chunk, sizeof(chunk));
        if (n == 0)
            return true;
        if (n < 0 && errno != EINTR)
            return true;
        if (n > 0 &&
            ((size_t)n > most - result->length || !buffer_append(result, (struct text){chunk, (size_t)n})))
            return true;
    }
}

bool child_run(const struct module *module, const struct request *request, struct buffer *result)
{
    pid_t parent = getpid(), child;
    int ends[2];
    bool ended;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return true;
    child = fork();
    if (child == 0)
        run_child(module, request, ends[1], parent);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return true;
    }
    ended = read_result(ends[0], CHILD_RESULT_MAX(request), request->deadline_b, result) ||
            read_result(ends[0], CHILD_RESULT_MAX(request), clock_boot_ms() + GRACE_MS, result);
    close(ends[0]);
    process_kill(child);
    return ended;
}
