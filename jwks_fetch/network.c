/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.c: one GET in a process of its own, which can write nowhere (CACHE 10).
 *
 * TLS, HTTP and the resolver meet strangers' bytes, so they run where there is no lock, no folder and no
 * way to write a file.  What comes back through the pipe is taken as if a stranger had sent it.  SIGKILL
 * ends what hangs.
 */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    OUT = 3, /* the one descriptor of the child beside /dev/null */
    DESCRIPTORS_MAX = 64,
    MEMORY_MORE = 256 * 1024 * 1024, /* several times its need */
    GRACE_MS = 250,                  /* the child keeps the deadline itself, and knows more about why */
    PAUSE_MS = 100,                  /* to PAUSE_MS + PAUSE_RANGE_MS, before the second try */
    PAUSE_RANGE_MS = 300,
    LEAST_MS = 100, /* less is not worth a connection */
};

/*
 * Address space in use: what the limit is set above, since sanitizers and valgrind have their own idea of
 * it.
 */
static rlim_t mapped_octets(void)
{
    char line[128] = "";
    int fd CLEANUP(fd_closep) = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, line, sizeof(line) - 1) <= 0)
        return 0;
    return (rlim_t)strtoull(line, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

/*
 * Where the kernel has Landlock, no file can be opened for writing, made, renamed or removed: the child has
 * the writer's uid, and a file size of 0 does not keep it from a mapping.  Where it has not, or a filter
 * refuses it, that is all there is.
 */
static bool forbid_writing(void)
{
    const __u64 truncate_right = UINT64_C(1) << 14; /* LANDLOCK_ACCESS_FS_TRUNCATE, younger than some headers */
    struct landlock_ruleset_attr rules = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                             LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                             LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                             LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                             LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM};
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    int fd CLEANUP(fd_closep) = -1;

    if (version < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM;
    rules.handled_access_fs |= (version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) | (version >= 3 ? truncate_right : 0);
    fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
    return fd >= 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
}

/* What cannot be had is no reason to go on without it. */
static bool confine(pid_t parent)
{
    const struct rlimit no_file = {0, 0}, descriptors = {DESCRIPTORS_MAX, DESCRIPTORS_MAX};
    rlim_t most = mapped_octets() + MEMORY_MORE;
    const struct rlimit memory = {most, most};

    setrlimit(RLIMIT_NOFILE, &descriptors); /* the kernel never refuses to lower it, but valgrind does */
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && forbid_writing() &&
           setrlimit(RLIMIT_FSIZE, &no_file) == 0 && setrlimit(RLIMIT_AS, &memory) == 0;
}

static _Noreturn void run_child(const struct request *request, int out, pid_t parent)
{
    if (out != OUT && dup2(out, OUT) != OUT)
        _exit(1);
    process_close_from(OUT + 1);
    if (!confine(parent))
        _exit(1);
    http_get(request, OUT);
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

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue; /* cppcheck-suppress redundantContinue ; an empty body that can be seen */
}

/* Runs the child; false: it was out of time.  An empty result: it died. */
static bool run(const struct request *request, struct buffer *result)
{
    const size_t most = sizeof(struct http_result) + HEADERS_MAX + request->most;
    pid_t parent = getpid(), child;
    int ends[2];
    bool ended;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return true;
    child = fork();
    if (child == 0)
        run_child(request, ends[1], parent);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return true;
    }
    ended = read_result(ends[0], most, request->deadline_b + GRACE_MS, result);
    close(ends[0]);
    end_child(child);
    return ended;
}

/* Takes the result apart; every number in it is doubted. */
/* What http.c can report; a child that was taken over must not report a success. */
static bool is_failure_of_http(uint32_t outcome)
{
    return (outcome >= OUTCOME_DNS && outcome <= OUTCOME_HTTP_OTHER) || outcome == OUTCOME_TOO_LARGE ||
           outcome == OUTCOME_CONFIG || outcome == OUTCOME_HELPER;
}

static bool parse(const struct request *request, const struct buffer *bytes, struct http_result *ret_result,
                  struct response *ret_response)
{
    struct http_result result;
    const char *rest;

    if (bytes->length < sizeof(result))
        return false;
    memcpy(&result, bytes->bytes, sizeof(result));
    if (result.magic != HTTP_MAGIC || (result.outcome != OUTCOME_NONE && !is_failure_of_http(result.outcome)) || result.status > 999 ||
        result.headers_length > HEADERS_MAX || result.body_length > request->most ||
        bytes->length != sizeof(result) + result.headers_length + result.body_length)
        return false;
    result.detail[sizeof(result.detail) - 1] = '\0';
    result.hint[sizeof(result.hint) - 1] = '\0';
    rest = (const char *)bytes->bytes + sizeof(result);
    *ret_result = result;
    ret_response->status = result.status;
    ret_response->conditional = request->etag.length > 0 || request->last_modified.length > 0;
    return buffer_append(&ret_response->headers, (struct text){rest, result.headers_length}) &&
           buffer_append(&ret_response->body,
                         (struct text){rest + result.headers_length, result.body_length});
}

static bool fail(struct failure *failure, const struct http_result *result)
{
    char detail[QUOTED_SIZE], hint[QUOTED_SIZE];

    jwkscore_quote(detail, sizeof(detail), result->detail, strlen(result->detail));
    jwkscore_quote(hint, sizeof(hint), result->hint, strlen(result->hint));
    failure_set(failure, (enum refresh_outcome)result->outcome, result->status, "%s%s%s", detail,
                hint[0] != '\0' ? "; " : "", hint);
    return false;
}

/* One try.  *ret_retry: it may pass. */
static bool get_once(const struct request *request, struct response *ret_response, struct failure *failure,
                     bool *ret_retry)
{
    CLEANUP(buffer_freep) struct buffer bytes = {0};
    CLEANUP(answer_clear) struct response response = {0};
    struct http_result result = {.outcome = OUTCOME_TIMEOUT, .detail = "no answer in time"};

    *ret_retry = false;
    if (!run(request, &bytes))
        return fail(failure, &result);
    if (!parse(request, &bytes, &result, &response)) {
        result = (struct http_result){.outcome = OUTCOME_HELPER, .detail = "the network process died"};
        return fail(failure, &result);
    }
    *ret_retry = result.retry != 0;
    if (result.outcome != OUTCOME_NONE)
        return fail(failure, &result);
    *ret_response = response;
    response = (struct response){0};
    return true;
}

bool network_get(const struct request *request, struct response *ret_response, struct failure *failure)
{
    struct failure first = {.outcome = OUTCOME_NONE};
    bool retry;

    if (request->deadline_b - clock_boot_ms() < LEAST_MS) {
        failure_set(failure, OUTCOME_TIMEOUT, 0, "no time was left for the request");
        return false;
    }
    if (get_once(request, ret_response, &first, &retry))
        return true;
    if (retry) {
        process_sleep(PAUSE_MS + (int64_t)(process_random() % (PAUSE_RANGE_MS + 1)));
        if (request->deadline_b - clock_boot_ms() >= LEAST_MS)
            return get_once(request, ret_response, failure, &retry);
    }
    *failure = first;
    return false;
}
