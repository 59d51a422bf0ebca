/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.c: what the programs of the person logging in have in common: how they complain, and read the
 * environment.
 */
#include "client.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

int client_complain(int code, const char *format, ...)
{
    va_list arguments;

    fputs(program_invocation_short_name, stderr);
    fputs(": ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return code;
}

const char *client_environment(const char *name)
{
    const char *value = secure_getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}
