/* SPDX-License-Identifier: Apache-2.0 */
/*
 * next.c: sshd has one AuthorizedKeysCommand, so another one, such as a cloud's, is asked by us.
 *
 * What it says is passed on as it is, but only once it has ended with success, as sshd itself would have it:
 * by our exit status sshd does not learn of it.  Its time is its own affair, and in the end
 * LoginGraceTime's.
 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 4 * 1024 * 1024, CHUNK = 65536 };

struct output {
    char *bytes;
    size_t length;
};

/* To its end; false: an error, or more than anybody's keys. */
static bool read_all(int fd, struct output *output)
{
    ssize_t more;

    do {
        char *room = output->length > OUTPUT_MAX ? NULL : realloc(output->bytes, output->length + CHUNK);

        if (room == NULL)
            return false;
        output->bytes = room;
        do
            more = read(fd, output->bytes + output->length, CHUNK);
        while (more < 0 && errno == EINTR);
        if (more > 0)
            output->length += (size_t)more;
    } while (more > 0);
    return more == 0;
}

static bool write_all(int fd, const struct output *output)
{
    for (size_t done = 0; done < output->length;) {
        ssize_t more = write(fd, output->bytes + done, output->length - done);

        if (more > 0)
            done += (size_t)more;
        else if (errno != EINTR)
            return false;
    }
    return true;
}

/*
 * Handlers do not outlive the program's exchange for another, and nothing is ignored or blocked
 * (deadline.c).
 */
static pid_t start(char **command, int output)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    if (posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) != 0 ||
        posix_spawn(&pid, command[0], &actions, NULL, command, environ) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static bool succeeded(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void pass_on(pid_t pid, int from, int out)
{
    struct output output = {NULL, 0};
    bool whole = read_all(from, &output);

    close(from); /* or one that says too much would never end */
    if (!succeeded(pid) || !whole)
        log_failure("the command behind --next", "it failed, and what it said is dropped");
    else if (!write_all(out, &output))
        log_failure("the command behind --next", "what it said was not written");
    free(output.bytes);
}

/* What it says decides who logs in, so nobody else may change it: sshd has looked at us alone. */
void next_run(const struct call *call, char **command, int out)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    int ends[2];
    pid_t pid;

    if (jwkscore_config_check_program(call->config, command[0], &error) != JWKSCORE_OK) {
        log_failure("the command behind --next", error.message);
        return;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        log_failure("the command behind --next", strerrordesc_np(errno));
        return;
    }
    pid = start(command, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        log_failure("the command behind --next", "it cannot be started");
        close(ends[0]);
        return;
    }
    pass_on(pid, ends[0], out);
}
