/* SPDX-License-Identifier: Apache-2.0 */
/* program.h: a program that is asked something: without a shell, in an environment of our own, for a limited time. */
#ifndef JWKSCTL_PROGRAM_H
#define JWKSCTL_PROGRAM_H

#include <pwd.h>
#include <stdbool.h>

struct program {
    int status;   /* exit status; -1: it was killed, or not started */
    char *output; /* what it wrote to standard output and standard error, never NULL */
};

/* As that account if we are root, NULL: as we are.  False: no answer; free the output in any case. */
bool program_run(const char *const *argv, const struct passwd *as, struct program *ret_program);

/* The first line of a text, without its end, cut to `size`; "" where there is none.  Returns `out`. */
const char *program_line(const char *text, char *out, size_t size);

#endif
