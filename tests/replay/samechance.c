/* SPDX-License-Identifier: Apache-2.0 */
/*
 * samechance.c: loaded into jwks-fetch by LD_PRELOAD, takes the chance out of its back-off: fleet.py shows by it what a fleet
 * without jitter does to its provider.
 *
 * Every host draws the same number, one that makes each pause within 6 % of what the doubling says.  What OpenSSL asks the
 * kernel for is not of this form, and stays random.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t getrandom(void *buffer, size_t length, unsigned int flags)
{
    static const uint64_t same = UINT64_C(0x9e4ad11da46380a7);

    if (length != sizeof(same) || flags != GRND_NONBLOCK)
        return syscall(SYS_getrandom, buffer, length, flags);
    memcpy(buffer, &same, sizeof(same));
    return sizeof(same);
}
