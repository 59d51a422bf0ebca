/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trap.c: a module that writes down who loaded it: `KIND EUID PROGRAM`, a line in the file RECORD.
 *
 * Built once as each kind of what an environment can have loaded: for LD_PRELOAD, as an OpenSSL provider, as an engine.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void write_down(void)
{
    char program[256] = "", line[512];
    int fd = open(RECORD, O_WRONLY | O_APPEND | O_CLOEXEC), length;

    if (fd < 0 || readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
        return;
    length = snprintf(line, sizeof(line), "%s %u %s\n", KIND, (unsigned)geteuid(), program);
    if (length > 0 && write(fd, line, (size_t)length) != length)
        _exit(99);
    close(fd);
}

/* A provider that provides nothing, so that programs which ask for it go on. */
int OSSL_provider_init(const void *handle, const void *in, const void **out, void **context);
int OSSL_provider_init(const void *handle, const void *in, const void **out, void **context)
{
    static const struct {
        int id;
        void (*function)(void);
    } nothing = {0, NULL};

    (void)in;
    *out = &nothing;
    *context = (void *)handle;
    return 1;
}
