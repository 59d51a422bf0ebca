/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refresh.c: asks jwks-fetch for keys and waits no longer than allowed (CACHE 8).
 *
 * The caller is sshd, sudo or a screen locker, with any threads, signals, descriptors and limits.  So: everything is
 * made before the fork, only async-signal-safe calls come after it, the helper is a grandchild that nobody has to reap,
 * its answer comes through a pipe and never from an exit status, and no disposition, handler or alarm of the host is
 * touched.  As root, the helper gets the ids of the state directory's owner before it is started.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kernel's calls with 32-bit ids, under the name that each architecture has for them. */
#ifdef SYS_setresuid32
enum { CALL_SETGROUPS = SYS_setgroups32, CALL_SETRESGID = SYS_setresgid32, CALL_SETRESUID = SYS_setresuid32 };
#else
enum { CALL_SETGROUPS = SYS_setgroups, CALL_SETRESGID = SYS_setresgid, CALL_SETRESUID = SYS_setresuid };
#endif

enum { ARGUMENTS_MAX = 12, NUMBER_SIZE = 24, DESCRIPTORS_MAX = 65536 };

/* All that the grandchild needs, made before the fork. */
struct start {
    char *argv[ARGUMENTS_MAX + 1];
    size_t argc;
    char wait[NUMBER_SIZE], hash[NUMBER_SIZE];
    struct folder state_dir;     /* its owner is who the helper becomes */
    struct folder run_parent;    /* where a missing run_dir is made; fd -1: none is missing */
    const char *run_name;
    bool drop;                   /* the caller is root */
    int null;
    int pipe[2];                 /* -1, -1: nobody waits */
};

static void start_clear(struct start *start)
{
    folder_closep(&start->state_dir);
    folder_closep(&start->run_parent);
    fd_closep(&start->null);
    fd_closep(&start->pipe[0]);
    fd_closep(&start->pipe[1]);
}

static void add_argument(struct start *start, const char *option, const char *value)
{
    start->argv[start->argc++] = (char *)option;
    if (value != NULL)
        start->argv[start->argc++] = (char *)value;
    start->argv[start->argc] = NULL;
}

static void make_arguments(const struct jwkscore_config *config, const struct issuer_options *issuer,
                           enum refresh_reason reason, const uint64_t *kid_hash, int64_t wait_ms, struct start *start)
{
    add_argument(start, config->global.fetch_helper, NULL);
    add_argument(start, "--conf", config->path);
    add_argument(start, "--issuer", issuer->name);
    add_argument(start, "--reason", refresh_reason_name(reason));
    if (kid_hash != NULL) {
        snprintf(start->hash, sizeof(start->hash), "%016llx", (unsigned long long)*kid_hash);
        add_argument(start, "--kid-hash", start->hash);
    }
    if (wait_ms > 0) {
        snprintf(start->wait, sizeof(start->wait), "%lld", (long long)wait_ms);
        add_argument(start, "--wait-ms", start->wait);
    }
}

/* Only root and the cache's owner start a helper, and only with a configuration that it can read again. */
static enum jwkscore_status check_permitted(const struct jwkscore_config *config, struct start *start,
                                            struct jwkscore_error *error)
{
    uid_t also = config_file_owner(config), self = geteuid();
    enum jwkscore_status status;

    if (config->path == NULL)
        return error_set(error, JWKSCORE_E_SYSTEM, "no refresh: the configuration is not from a file");
    status = folder_open(config->global.state_dir, also, true, &start->state_dir, error);
    if (status != JWKSCORE_OK)
        return status;
    if (start->state_dir.owner == 0)
        return error_set(error, JWKSCORE_E_SYSTEM, "no refresh: %s is root's, and keys are never fetched as root",
                         config->global.state_dir);
    if (self != 0 && self != start->state_dir.owner)
        return error_set(error, JWKSCORE_E_SYSTEM, "no refresh: only root and the owner of %s may start one",
                         config->global.state_dir);
    start->drop = self == 0;
    if (start->drop && start->state_dir.group == 0)
        return error_set(error, JWKSCORE_E_UNSAFE_FILE, "%.180s is of group root, and keys are never fetched as root",
                         config->global.state_dir);
    return file_check_program(config->global.fetch_helper, also, error);
}

/* A host without tmpfiles.d: /run is empty after each boot, and root makes the folder for its owner. */
static enum jwkscore_status find_missing_run_dir(const struct jwkscore_config *config, struct start *start,
                                                 struct jwkscore_error *error)
{
    CLEANUP(string_freep) char *parent = NULL;
    const char *path = config->global.run_dir, *slash = strrchr(path, '/');
    struct stat status;

    if (!start->drop || slash == NULL || slash == path || lstat(path, &status) == 0 || errno != ENOENT)
        return JWKSCORE_OK;
    parent = text_copy((struct text){path, (size_t)(slash - path)});
    if (parent == NULL)
        return error_memory(error);
    start->run_name = slash + 1;
    return folder_open(parent, NO_OWNER, false, &start->run_parent, error);
}

/* A descriptor above those that the grandchild gives to others. */
static bool lift(int *fd)
{
    int above = fcntl(*fd, F_DUPFD_CLOEXEC, REFRESH_ANSWER_FD + 1);

    if (above < 0)
        return false;
    fd_closep(fd);
    *fd = above;
    return true;
}

static enum jwkscore_status make_descriptors(struct start *start, bool waits, struct jwkscore_error *error)
{
    start->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (start->null < 0 || !lift(&start->null))
        return error_system(error, "/dev/null", errno);
    if (!waits)
        return JWKSCORE_OK;
    if (pipe2(start->pipe, O_CLOEXEC) != 0 || !lift(&start->pipe[0]) || !lift(&start->pipe[1]))
        return error_system(error, "no pipe to the helper", errno);
    return JWKSCORE_OK;
}

/* --- in the grandchild: async-signal-safe calls only; every failure ends it --- */

/* By the kernel's own call, whose zeros are SIG_DFL: libc's refuses its own two signals, which are inherited all the same. */
static void reset_signals(void)
{
    static const unsigned char by_default[64];
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        syscall(SYS_rt_sigaction, i, by_default, NULL, NSIG / 8); /* fails for KILL and STOP */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The limits of whoever called sudo are not the helper's: with a file size of 0 it could not write a key set. */
static void reset_limits(void)
{
    static const struct {
        __rlimit_resource_t resource;
        rlim_t limit;
    } limits[] = {
        {RLIMIT_FSIZE, 16 * 1024 * 1024},
        {RLIMIT_NOFILE, 256},
        {RLIMIT_STACK, 8 * 1024 * 1024},
        {RLIMIT_AS, RLIM_INFINITY},
        {RLIMIT_DATA, RLIM_INFINITY},
        {RLIMIT_NPROC, RLIM_INFINITY},
        {RLIMIT_CPU, 10},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
        struct rlimit wanted = {limits[i].limit, limits[i].limit}, most;

        if (setrlimit(limits[i].resource, &wanted) != 0 && getrlimit(limits[i].resource, &most) == 0) {
            most.rlim_cur = most.rlim_max; /* without CAP_SYS_RESOURCE: as much as there may be */
            setrlimit(limits[i].resource, &most);
        }
    }
}

static bool set_descriptors(const struct start *start)
{
    for (int fd = 0; fd < REFRESH_ANSWER_FD; fd++)
        if (dup2(start->null, fd) != fd)
            return false;
    if (start->pipe[1] < 0)
        close(REFRESH_ANSWER_FD);
    else if (dup2(start->pipe[1], REFRESH_ANSWER_FD) != REFRESH_ANSWER_FD)
        return false;
    return true;
}

static void close_others(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, REFRESH_ANSWER_FD + 1, ~0U, 0) == 0)
        return;
#endif
    for (int fd = REFRESH_ANSWER_FD + 1; fd < DESCRIPTORS_MAX; fd++)
        close(fd);
}

static bool make_run_dir(const struct start *start)
{
    int fd;
    bool ok;

    if (start->run_parent.fd < 0)
        return true;
    if (mkdirat(start->run_parent.fd, start->run_name, 0755) != 0)
        return errno == EEXIST; /* somebody else was faster */
    fd = openat(start->run_parent.fd, start->run_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    ok = fchown(fd, start->state_dir.owner, start->state_dir.group) == 0;
    close(fd);
    return ok;
}

/* By the kernel's own calls: libc's would stop the threads that the host had. */
static bool drop_ids(const struct start *start)
{
    uid_t uid = start->state_dir.owner, ruid, euid, suid;
    gid_t gid = start->state_dir.group, rgid, egid, sgid;

    if (!start->drop)
        return true;
    if (syscall(CALL_SETGROUPS, 0, NULL) != 0 || syscall(CALL_SETRESGID, gid, gid, gid) != 0 ||
        syscall(CALL_SETRESUID, uid, uid, uid) != 0)
        return false;
    if (getresuid(&ruid, &euid, &suid) != 0 || getresgid(&rgid, &egid, &sgid) != 0 || getgroups(0, NULL) != 0)
        return false;
    return ruid == uid && euid == uid && suid == uid && rgid == gid && egid == gid && sgid == gid;
}

static _Noreturn void become_helper(const struct start *start)
{
    char *const environment[] = {(char *)"PATH=/usr/bin:/bin", (char *)"LANG=C", NULL};

    umask(022);
    reset_limits();
    if (setsid() >= 0 && chdir("/") == 0 && make_run_dir(start) && set_descriptors(start) && drop_ids(start)) {
        close_others();
        reset_signals();
        alarm(HELPER_LIFE_MS / 1000); /* survives exec: ends also a helper stuck in the loader */
        execve(start->argv[0], start->argv, environment);
    }
    _exit(127);
}

/* --- in the caller again --- */

static enum jwkscore_status fork_twice(const struct start *start, struct jwkscore_error *error)
{
    sigset_t all, before;
    pid_t child;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    child = fork();
    if (child == 0) {
        pid_t grandchild = _Fork(); /* fork() would run the host's atfork handlers, which may hang here */

        if (grandchild == 0)
            become_helper(start);
        _exit(0);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (child < 0)
        return error_system(error, "the helper cannot be started: fork", errno);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ; /* ECHILD: SIGCHLD is ignored here, and the kernel has reaped it */
    return JWKSCORE_OK;
}

/* Reads exactly `length` bytes before the deadline. */
static bool read_before(int fd, void *bytes, size_t length, int64_t deadline)
{
    for (size_t done = 0; done < length;) {
        int64_t left = deadline - clock_boot_ms();
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        ssize_t got;

        if (left <= 0)
            return false;
        if (poll(&ready, 1, (int)left) <= 0)
            continue;
        got = read(fd, (char *)bytes + done, length - done);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        if (got > 0)
            done += (size_t)got;
    }
    return true;
}

static enum jwkscore_status refuse_silence(int64_t deadline, struct jwkscore_error *error)
{
    return error_set(error, JWKSCORE_E_UNREACHABLE, "%s",
                     clock_boot_ms() >= deadline ? "the key refresh has not ended in time"
                                                 : "jwks-fetch could not be started, or ended without an answer");
}

static enum jwkscore_status read_answer(int fd, int64_t deadline, struct refresh_answer *ret_answer,
                                        struct buffer *ret_envelope, struct jwkscore_error *error)
{
    unsigned char bytes[REFRESH_ANSWER_SIZE];
    struct refresh_answer answer;
    CLEANUP(buffer_freep) struct buffer envelope = {0};

    if (!read_before(fd, bytes, sizeof(bytes), deadline))
        return refuse_silence(deadline, error);
    if (!refresh_answer_decode(bytes, &answer))
        return error_set(error, JWKSCORE_E_UNREACHABLE, "jwks-fetch gave an answer of another version");
    if (answer.length > 0) {
        envelope.bytes = malloc(answer.length);
        if (envelope.bytes == NULL)
            return error_memory(error);
        if (!read_before(fd, envelope.bytes, answer.length, deadline))
            return refuse_silence(deadline, error); /* NOLINT(clang-analyzer-unix.Malloc): it does not know CLEANUP */
        envelope.length = answer.length;
    }
    *ret_answer = answer;
    *ret_envelope = envelope;
    envelope = (struct buffer){0};
    return JWKSCORE_OK;
}

enum jwkscore_status refresh_run(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                 enum refresh_reason reason, const uint64_t *kid_hash, int64_t wait_ms,
                                 struct refresh_answer *ret_answer, struct buffer *ret_envelope,
                                 struct jwkscore_error *error)
{
    CLEANUP(start_clear) struct start start = {
        .state_dir = {.fd = -1}, .run_parent = {.fd = -1}, .null = -1, .pipe = {-1, -1}};
    int64_t deadline = clock_boot_ms() + wait_ms;
    enum jwkscore_status status;

    if ((status = check_permitted(config, &start, error)) != JWKSCORE_OK ||
        (status = find_missing_run_dir(config, &start, error)) != JWKSCORE_OK ||
        (status = make_descriptors(&start, wait_ms > 0, error)) != JWKSCORE_OK)
        return status;
    make_arguments(config, issuer, reason, kid_hash, wait_ms, &start);
    status = fork_twice(&start, error);
    if (status != JWKSCORE_OK || wait_ms <= 0)
        return status;
    fd_closep(&start.pipe[1]); /* so that the helper's end is the last one */
    return read_answer(start.pipe[0], deadline, ret_answer, ret_envelope, error);
}
