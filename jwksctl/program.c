/* SPDX-License-Identifier: Apache-2.0 */
/* program.c: runs sshd -T, jwks-fetch and their like, and takes what they write. */
#include "program.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIFE_MS = 15000, OUTPUT_MAX = 1024 * 1024, DESCRIPTORS_MAX = 65536 };

static void close_others(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0)
        return;
#endif
    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS_MAX; fd++)
        close(fd);
}

/* Between fork and exec.  The environment of whoever called us is no business of the program's. */
static _Noreturn void become(const char *const *argv, const struct passwd *as, int out)
{
    static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL};
    int null = open("/dev/null", O_RDONLY);
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (as != NULL && (setgroups(0, NULL) != 0 || setresgid(as->pw_gid, as->pw_gid, as->pw_gid) != 0 ||
                       setresuid(as->pw_uid, as->pw_uid, as->pw_uid) != 0))
        _exit(127);
    if (null >= 0 && chdir("/") == 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(out, STDERR_FILENO) >= 0) {
        close_others();
        execve(argv[0], (char *const *)argv, (char *const *)environment);
    }
    _exit(127);
}

static long elapsed_ms(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)(now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

/* False: it takes too long, or has too much to say. */
static bool take_output(int in, char *output)
{
    struct timespec start;
    size_t length = 0;

    clock_gettime(CLOCK_MONOTONIC, &start);
    for (;;) {
        struct pollfd ready = {.fd = in, .events = POLLIN};
        long left = LIFE_MS - elapsed_ms(&start);
        ssize_t n;

        if (left <= 0 || length == OUTPUT_MAX)
            return false;
        if (poll(&ready, 1, (int)left) <= 0)
            continue;
        n = read(in, output + length, OUTPUT_MAX - length);
        if (n <= 0)
            return n == 0;
        length += (size_t)n;
        output[length] = '\0';
    }
}

bool program_run(const char *const *argv, const struct passwd *as, struct program *ret_program)
{
    int ends[2], status = 0;
    bool ok;
    pid_t pid;

    *ret_program = (struct program){.status = -1, .output = calloc(1, OUTPUT_MAX + 1)};
    if (ret_program->output == NULL || pipe2(ends, O_CLOEXEC) != 0)
        return false;
    (void)signal(SIGCHLD,
                 SIG_DFL); /* whoever started us may ignore it, and how a program ends would be lost */
    pid = fork();
    if (pid == 0)
        become(argv, geteuid() == 0 ? as : NULL, ends[1]);
    close(ends[1]);
    ok = pid > 0 && take_output(ends[0], ret_program->output);
    close(ends[0]);
    if (pid > 0) {
        if (!ok)
            kill(pid, SIGKILL);
        ok = waitpid(pid, &status, 0) == pid && ok && WIFEXITED(status);
    }
    if (ok)
        ret_program->status = WEXITSTATUS(status);
    return ok;
}

const char *program_line(const char *text, char *out, size_t size)
{
    snprintf(out, size, "%.*s", (int)strcspn(text, "\r\n"), text);
    return out;
}
