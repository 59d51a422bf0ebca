/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wave.c: many processes of one command that are let go together; the time until all have ended.
 *
 *     wave COUNT COMMAND [ARGUMENT...]
 *
 * Prints microseconds to standard error; standard output is the commands'.  One that fails is a failure.
 */
#include "measure.h"

#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[1]) : 0, gate[2], failed = 0, status;
    double began;
    char wait;

    if (count < 1 || count > 1000) {
        fprintf(stderr, "usage: wave COUNT COMMAND [ARGUMENT...]\n");
        return 64;
    }
    if (pipe(gate) != 0)
        die("pipe");
    for (int i = 0; i < count; i++) {
        pid_t child = fork();

        if (child < 0)
            die("fork");
        if (child != 0)
            continue;
        close(gate[1]);
        if (read(gate[0], &wait, 1) != 0) /* until it is closed */
            _exit(1);
        close(gate[0]);
        execv(argv[2], argv + 2);
        _exit(1);
    }
    began = now_us();
    close(gate[1]);
    for (int i = 0; i < count; i++)
        failed += waitpid(-1, &status, 0) < 0 || status != 0;
    fprintf(stderr, "%.0f\n", now_us() - began);
    return failed > 0;
}
