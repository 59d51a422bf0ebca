/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turns.c: what processes cost from their start to their end, where several commands take turns, so that
 * what else the machine does falls on all of them.
 *
 *     turns ROUNDS COMMAND [ARGUMENT...] [, COMMAND [ARGUMENT...]]...
 *
 * One line a command: the median in microseconds, and the peak of its memory in KiB (which is never below
 * this program's own, as its children begin as it).  Input and output are /dev/null; one that fails ends all.
 */
#include "measure.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMANDS_MAX = 40 };

extern char **environ;

static struct {
    char **command;
    double times[ROUNDS_MAX];
    long peak;
} turns[COMMANDS_MAX];

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "turns: %s\n", what);
    exit(1);
}

/* Cuts the arguments at each `,`. */
static int read_commands(char **at)
{
    int count = 0;

    for (;;) {
        if (count == COMMANDS_MAX || *at == NULL || strcmp(*at, ",") == 0)
            die("usage: turns ROUNDS COMMAND [ARGUMENT...] [, COMMAND [ARGUMENT...]]...");
        turns[count++].command = at;
        while (*at != NULL && strcmp(*at, ",") != 0)
            at++;
        if (*at == NULL)
            return count;
        *at++ = NULL;
    }
}

static double run(char **command, const posix_spawn_file_actions_t *quiet, long *peak)
{
    double began = now_us();
    struct rusage usage;
    int status;
    pid_t pid;

    if (posix_spawnp(&pid, command[0], quiet, NULL, command, environ) != 0 ||
        wait4(pid, &status, 0, &usage) != pid || status != 0)
        die(command[0]);
    if (usage.ru_maxrss > *peak)
        *peak = usage.ru_maxrss;
    return now_us() - began;
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? rounds_of(argv[1]) : 0, count;
    posix_spawn_file_actions_t quiet;

    if (rounds == 0)
        die("no number of rounds");
    count = read_commands(argv + 2);
    if (posix_spawn_file_actions_init(&quiet) != 0 ||
        posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0) != 0 ||
        posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0)
        die("no memory");
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < count; i++)
            turns[i].times[round] = run(turns[i].command, &quiet, &turns[i].peak);
    for (int i = 0; i < count; i++)
        printf("%.0f\t%ld\n", median(turns[i].times, rounds), turns[i].peak);
    posix_spawn_file_actions_destroy(&quiet);
    return 0;
}
