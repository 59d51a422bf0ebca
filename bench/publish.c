/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish.c: a cache file replaced as jwks-fetch does it (with room asked for, a second look at what was
 * written, and the old generation kept), beside the bare sequence that any program needs: write, fsync,
 * rename, fsync of the folder.
 *
 *     publish ROUNDS FOLDER FILE bare|ours...    the contents of FILE, in FOLDER
 */
#include "measure.h"

#include "fetch.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct folder folder;
static struct buffer bytes;

static void must(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static void publish(void *data)
{
    (void)data;
    must(store_replace(&folder, "ours", ".jwks", &bytes, STORE_DURABLE_AND_PREVIOUS) == 0, "store_replace");
}

static void publish_bare(void *data)
{
    int fd = openat(folder.fd, "bare.tmp", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    (void)data;
    must(fd >= 0 && write(fd, bytes.bytes, bytes.length) == (ssize_t)bytes.length && fsync(fd) == 0 &&
             close(fd) == 0 && renameat(folder.fd, "bare.tmp", folder.fd, "bare.jwks") == 0 &&
             fsync(folder.fd) == 0,
         "the bare sequence");
}

static void read_file(const char *path)
{
    static char room[KEYSET_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, room, sizeof(room));

    must(got > 0 && buffer_append(&bytes, (struct text){room, (size_t)got}), path);
    close(fd);
}

int main(int argc, char **argv)
{
    static struct turn turns[] = {{.name = "bare", .run = publish_bare}, {.name = "ours", .run = publish}};

    if (argc < 5) {
        fprintf(stderr, "usage: publish ROUNDS FOLDER FILE bare|ours...\n");
        return 64;
    }
    folder.fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(folder.fd >= 0, argv[2]);
    read_file(argv[3]);
    take_turns(turns, pick_turns(turns, 2, argv + 4), rounds_of(argv[1]), 1);
    return 0;
}
