/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock_test.c: what the clocks say, moved by what a file says: in builds for tests alone.
 *
 * The file (configure --enable-test-clock=FILE) holds two numbers, seconds for the wall clock and milliseconds for the boot
 * clock, and is read at every call, so that whoever replaces it moves the time of all that runs.  Without it the clocks are
 * the kernel's.  What the kernel itself times, such as poll and alarm, is as long as ever.
 */
#include "internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

const char clock_version[] = PACKAGE_VERSION " (test clock)";

static int64_t offset_ms(clockid_t clock)
{
    int64_t wall_s = 0, boot_ms = 0;
    FILE *file = fopen(JWKS_TEST_CLOCK, "re");

    if (file == NULL)
        return 0;
    if (fscanf(file, "%" SCNd64 " %" SCNd64, &wall_s, &boot_ms) != 2)
        wall_s = boot_ms = 0;
    fclose(file);
    return clock == CLOCK_BOOTTIME ? boot_ms : wall_s * 1000;
}

bool clock_read(clockid_t clock, struct timespec *ret_time)
{
    int64_t ms;

    if (clock_gettime(clock, ret_time) != 0)
        return false;
    ms = (int64_t)ret_time->tv_sec * 1000 + ret_time->tv_nsec / 1000000 + offset_ms(clock);
    ret_time->tv_sec = (time_t)(ms / 1000);
    ret_time->tv_nsec = ms % 1000 * 1000000;
    return true;
}

/* In jwks-fetch in the place of libc's, so that libcrypto judges certificates by the same time. */
time_t time(time_t *ret_time)
{
    struct timespec now = {0};

    if (!clock_read(CLOCK_REALTIME_COARSE, &now))
        return (time_t)-1;
    if (ret_time != NULL)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}
