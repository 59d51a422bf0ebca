/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock_system.c: what the clocks say, as the kernel tells it.
 *
 * A build for tests has tests/clock_test.c in its place (configure --enable-test-clock), and says so in its version.
 */
#include "internal.h"

#include <time.h>

const char clock_version[] = PACKAGE_VERSION;

bool clock_read(clockid_t clock, struct timespec *ret_time)
{
    return clock_gettime(clock, ret_time) == 0;
}
