/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turns.c: what processes cost from their start to their end, where several commands take turns, so that what
 * else the machine does falls on all of them.
 *
 * Usage: turns ROUNDS COMMAND [ARGUMENT...] [, COMMAND [ARGUMENT...]]...
 * One line a command: the median, in microseconds.  Input and output are /dev/null; one that fails ends all.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 16, ROUNDS_MAX = 1001 };

extern char **environ;

static struct {
    char **command;
    double times[ROUNDS_MAX];
} turns[COMMANDS_MAX];

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "turns: %s\n", what);
    exit(1);
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
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

static double run(char **command, const posix_spawn_file_actions_t *quiet)
{
    double began = now_us();
    int status;
    pid_t pid;

    if (posix_spawnp(&pid, command[0], quiet, NULL, command, environ) != 0 ||
        waitpid(pid, &status, 0) != pid || status != 0)
        die(command[0]);
    return now_us() - began;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[1]) : 0, count;
    posix_spawn_file_actions_t quiet;

    if (rounds < 1 || rounds > ROUNDS_MAX)
        die("no number of rounds");
    count = read_commands(argv + 2);
    if (posix_spawn_file_actions_init(&quiet) != 0 ||
        posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0) != 0 ||
        posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0)
        die("no memory");
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < count; i++)
            turns[i].times[round] = run(turns[i].command, &quiet);
    for (int i = 0; i < count; i++) {
        qsort(turns[i].times, (size_t)rounds, sizeof(double), compare);
        printf("%.0f\n", turns[i].times[rounds / 2]);
    }
    posix_spawn_file_actions_destroy(&quiet);
    return 0;
}
