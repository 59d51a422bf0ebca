/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.c: one helper at a time for a source (CACHE 9).
 *
 * flock, because a lock of fcntl's goes when any descriptor of the file is closed.  The kernel frees it
 * when its holder dies.  The file is never unlinked, and nobody else can open it: who can, even to read,
 * could stop every refresh.
 */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { POLL_MS = 20 }; /* all the delay that waiting adds */

/* Polled, since a blocking flock ends at no deadline without a signal. */
static enum refresh_outcome wait_for(int fd, int64_t deadline_b)
{
    bool patient = clock_boot_ms() < deadline_b;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return OUTCOME_NOSTATE;
        if (clock_boot_ms() >= deadline_b)
            return patient ? OUTCOME_LOCK_TIMEOUT : OUTCOME_COALESCED;
        process_sleep(POLL_MS);
    }
    return OUTCOME_NONE;
}

/* Is what we hold still what the next helper would open? */
static bool is_current(int fd, const struct folder *run, const char *name)
{
    struct stat held, there;

    return fstat(fd, &held) == 0 && fstatat(run->fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_ino == there.st_ino && held.st_dev == there.st_dev;
}

/* Looked at before flock: a FIFO or a stranger's file is no lock. */
static bool is_sound(int fd, const struct folder *run)
{
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != run->owner)
        return false;
    return (status.st_mode & 07777) == 0600 || fchmod(fd, 0600) == 0;
}

enum refresh_outcome lock_take(const struct folder *run, const char *id, int64_t deadline_b, int *ret_fd)
{
    char name[SOURCE_ID_SIZE + sizeof(".lock")];

    snprintf(name, sizeof(name), "%s.lock", id);
    for (int tries = 0; run->fd >= 0 && tries < 2; tries++) {
        int fd CLEANUP(fd_closep) =
            openat(run->fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
        enum refresh_outcome outcome;

        if (fd < 0 || !is_sound(fd, run))
            return OUTCOME_NOSTATE;
        outcome = wait_for(fd, deadline_b);
        if (outcome != OUTCOME_NONE)
            return outcome;
        if (is_current(fd, run, name)) {
            *ret_fd = fd;
            fd = -1;
            return OUTCOME_NONE;
        }
    }
    return OUTCOME_NOSTATE;
}
