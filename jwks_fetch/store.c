/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c: replaces a file so that a reader finds the old one or the new one, whole, whatever happens
 * (CACHE 14).
 *
 * Readers take no lock.  A helper may be killed, a machine lose power, a disk be full at any line of this
 * file; what has the file's name is then still a generation that was written completely.
 */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

enum { NAME_SIZE = 96 };

/* Fixed names would race with a helper that was stopped and goes on after its time. */
static int open_temporary(const struct folder *folder, const char *id, char ret_name[static NAME_SIZE])
{
    snprintf(ret_name, NAME_SIZE, ".tmp.%s.%ld.%016llx", id, (long)getpid(),
             (unsigned long long)process_random());
    return openat(folder->fd, ret_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Is what lies there what was to be written?  A disk that lies must not cost us the old file. */
static int compare(int fd, const struct buffer *bytes)
{
    unsigned char chunk[16384];
    size_t done = 0;

    for (;;) {
        ssize_t n = pread(fd, chunk, sizeof(chunk), (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return done == bytes->length ? 0 : EIO;
        if ((size_t)n > bytes->length - done || memcmp(chunk, bytes->bytes + done, (size_t)n) != 0)
            return EIO;
        done += (size_t)n;
    }
}

/*
 * The mode is right before the file has its name.  Room is asked for first: a full disk costs no half file.
 */
static int fill(int fd, const struct buffer *bytes, enum store_how how)
{
    int number;

    if (fchmod(fd, 0644) != 0)
        return errno;
    number = posix_fallocate(fd, 0, (off_t)bytes->length);
    if (number != 0 && number != EOPNOTSUPP && number != EINVAL)
        return number;
    number = process_write_all(fd, bytes->bytes, bytes->length) ? 0 : errno;
    if (number != 0)
        return number;
    if (how != STORE_VOLATILE && fsync(fd) != 0)
        return errno;
    return compare(fd, bytes);
}

/*
 * The file is never missing in between: old and new change places, and only then the old one gets its other
 * name.
 */
static int exchange(const struct folder *folder, const char *temporary, const char *name,
                    const char *previous)
{
    if (renameat2(folder->fd, temporary, folder->fd, name, RENAME_EXCHANGE) != 0)
        return errno;
    if (renameat(folder->fd, temporary, folder->fd, previous) != 0)
        unlinkat(folder->fd, temporary, 0);
    return 0;
}

/*
 * Where two names cannot change places (no file yet, an old kernel, some file systems), the new one takes
 * over.
 */
static int publish(const struct folder *folder, const char *temporary, const char *name, const char *previous)
{
    int number = previous != NULL ? exchange(folder, temporary, name, previous) : ENOENT;

    if (number == 0 || (number != ENOENT && number != EINVAL && number != ENOSYS && number != EOPNOTSUPP))
        return number;
    return renameat(folder->fd, temporary, folder->fd, name) == 0 ? 0 : errno;
}

int store_replace(const struct folder *folder, const char *id, const char *suffix, const struct buffer *bytes,
                  enum store_how how)
{
    char temporary[NAME_SIZE], name[NAME_SIZE], previous[NAME_SIZE];
    int fd CLEANUP(fd_closep) = open_temporary(folder, id, temporary);
    int number;

    if (fd < 0)
        return errno;
    snprintf(name, sizeof(name), "%s%s", id, suffix);
    snprintf(previous, sizeof(previous), "%s.prev", id);
    number = fill(fd, bytes, how);
    if (number == 0)
        number = publish(folder, temporary, name, how == STORE_DURABLE_AND_PREVIOUS ? previous : NULL);
    if (number != 0)
        unlinkat(folder->fd, temporary, 0);
    else if (how != STORE_VOLATILE && fsync(folder->fd) != 0 && errno != EINVAL)
        number = errno;
    return number;
}

void store_remove(const struct folder *folder, const char *id, const char *suffix)
{
    char name[NAME_SIZE];

    snprintf(name, sizeof(name), "%s%s", id, suffix);
    if (folder->fd >= 0)
        unlinkat(folder->fd, name, 0);
}

/*
 * Into the state directory, else into run_dir, where readers look too; that copy goes once it is not
 * needed.
 */
bool store_put(const struct cache *cache, const char *suffix, const struct buffer *file, enum store_how how,
               struct failure *failure)
{
    int number = store_replace(&cache->state_dir, cache->id, suffix, file, how), overflow;

    if (number == 0) {
        store_remove(&cache->run_dir, cache->id, suffix);
        return true;
    }
    overflow = store_replace(&cache->run_dir, cache->id, suffix, file, STORE_VOLATILE);
    report_event(LOG_CRIT, "disk-full", cache->issuer, "detail=\"state_dir: %s\" overflow=%s",
                 strerror(number), overflow == 0 ? "stored" : "failed");
    if (overflow != 0)
        failure_set(failure, OUTCOME_FS, 0, "state_dir: %s, run_dir: %s", strerror(number),
                    strerror(overflow));
    return overflow == 0;
}
