/* SPDX-License-Identifier: Apache-2.0 */
/* pam_clock.c: clock_gettime() that goes before libc's; the library asks it for the wall clock, and sees NOW. */
#include "support.h"

#include "pam_clock.h"

#include <sys/syscall.h>
#include <unistd.h>

time_t clock_ahead;

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    if (clock != CLOCK_REALTIME_COARSE)
        return (int)syscall(SYS_clock_gettime, clock, ret_time);
    *ret_time = (struct timespec){.tv_sec = (time_t)NOW + clock_ahead};
    return 0;
}
