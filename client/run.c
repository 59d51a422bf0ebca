/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c: other programs, without a shell: ssh-add, ssh-agent, the browser.  They get no descriptor of ours.
 */
#include "login.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 65536, EXIT_NOT_FOUND = 127 };

static void close_others(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0)
        return;
#endif
    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS_MAX; fd++)
        close(fd);
}

static bool set_descriptors(unsigned flags, int output)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0 || dup2(output >= 0 ? output : null, STDOUT_FILENO) < 0)
        return false;
    if ((flags & RUN_KEEP_TERMINAL) == 0 && dup2(null, STDIN_FILENO) < 0)
        return false;
    return (flags & (RUN_KEEP_TERMINAL | RUN_KEEP_ERRORS)) != 0 || dup2(null, STDERR_FILENO) >= 0;
}

/* Without the terminal it cannot ask there, nor end with us by an interrupt. */
static _Noreturn void become(const char *const argv[], unsigned flags, const char *agent, int output)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if ((flags & RUN_KEEP_TERMINAL) == 0 && (setsid() < 0 || setenv("SSH_ASKPASS_REQUIRE", "never", 1) != 0))
        _exit(EXIT_NOT_FOUND);
    if (set_descriptors(flags, output) && (agent == NULL || setenv("SSH_AUTH_SOCK", agent, 1) == 0)) {
        close_others();
        execvp(argv[0], (char *const *)argv);
    }
    _exit(EXIT_NOT_FOUND);
}

pid_t run_start(const char *const argv[], unsigned flags, const char *agent, int *ret_output)
{
    int ends[2] = {-1, -1};
    pid_t child;

    if ((flags & RUN_PIPE) != 0 && pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    child = fork();
    if (child == 0)
        become(argv, flags, agent, ends[1]);
    if (ends[1] >= 0)
        close(ends[1]);
    if (child < 0 && ends[0] >= 0)
        close(ends[0]);
    else if (ends[0] >= 0)
        *ret_output = ends[0];
    return child;
}

int run_wait(pid_t child)
{
    int status;

    if (child < 0)
        return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
