/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c: the boot clock, which nobody can set, and what it must be compared with to mean anything.
 *
 * Ages and deadlines count on it.  Its zero is the boot, moved by the time namespace, so two readings compare
 * only within one boot and one namespace.  The wall clock is for programs, which hand it to the library.
 */
#include "internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

int64_t clock_boot_ms(void)
{
    struct timespec now;

    /* It exists since Linux 2.6.39; 0 would make every age negative, so unknown. */
    if (!clock_read(CLOCK_BOOTTIME, &now))
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The clock of time(2) and of the stamps of files, which lags the precise one: nothing just written is from the future. */
int64_t jwkscore_now(void)
{
    struct timespec now;

    return clock_read(CLOCK_REALTIME_COARSE, &now) ? (int64_t)now.tv_sec : 0;
}

/* The id goes into cache files and is compared there: only the form that the kernel writes is one. */
static bool is_boot_id(const char *id, size_t length)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (length != BOOT_ID_SIZE - 1)
        return false;
    for (size_t i = 0; i < length; i++)
        if (form[i] == '-' ? id[i] != '-' : strchr("0123456789abcdef", id[i]) == NULL || id[i] == '\0')
            return false;
    return true;
}

static void read_boot_id(char ret_id[static BOOT_ID_SIZE])
{
    int fd CLEANUP(fd_closep) = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    char id[BOOT_ID_SIZE];
    ssize_t length;

    ret_id[0] = '\0';
    if (fd < 0)
        return;
    length = read(fd, id, sizeof(id));
    if (length == BOOT_ID_SIZE && id[BOOT_ID_SIZE - 1] == '\n' && is_boot_id(id, BOOT_ID_SIZE - 1)) {
        memcpy(ret_id, id, BOOT_ID_SIZE - 1);
        ret_id[BOOT_ID_SIZE - 1] = '\0';
    }
}

void clock_base_read(struct clock_base *ret_base)
{
    struct stat status;

    memset(ret_base, 0, sizeof(*ret_base));
    read_boot_id(ret_base->boot);
    if (stat("/proc/self/ns/time", &status) == 0)
        ret_base->tns = (int64_t)status.st_ino;
}

/* modes 0 only asks, which needs no right. */
bool clock_synchronised(void)
{
    struct timex asked = {.modes = 0};
    int state = adjtimex(&asked);

    return state >= 0 && state != TIME_ERROR;
}
