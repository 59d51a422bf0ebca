/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.c: removes what killed helpers and former configurations left in the folders (CACHE 1 and 14).
 */
#include "fetch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY ".tmp."

enum {
    NAME_SIZE = 96,
    TEMPORARY_OLD = 60,            /* s: no helper lives that long */
    UNCONFIGURED_OLD = 30 * 86400, /* s: the longest max_stale */
    ENTRIES_MAX = 20000            /* looked at in one go; what is left waits for the next */
};

static void close_folderp(DIR **folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

/* A second descriptor of its own, since a folder's position is shared by those that were duplicated. */
static DIR *list(const struct folder *folder)
{
    int fd = folder->fd >= 0 ? openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;

    if (listing == NULL && fd >= 0)
        close(fd);
    return listing;
}

/* A clock that was set back leaves files from the future: those are as old as any. */
static bool is_older(const struct folder *folder, const char *name, int64_t seconds, int64_t now)
{
    struct stat status;

    if (fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
        return false;
    return now - status.st_mtime > seconds || status.st_mtime - now > seconds;
}

void sweep_temporary(const struct folder *folder, const char *id, int64_t now)
{
    CLEANUP(close_folderp) DIR *listing = list(folder);
    char prefix[NAME_SIZE];
    const struct dirent *entry;

    snprintf(prefix, sizeof(prefix), TEMPORARY "%s.", id);
    for (int seen = 0; listing != NULL && seen < ENTRIES_MAX && (entry = readdir(listing)) != NULL; seen++)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
            is_older(folder, entry->d_name, TEMPORARY_OLD, now))
            unlinkat(folder->fd, entry->d_name, 0);
}

/* Where the 32 hexadecimal digits of the source stand in the name; NULL: it is none of ours, or the lock. */
static const char *find_id(const char *name)
{
    static const char *const suffixes[] = {".jwks", ".prev", ".disc", ".state"};
    bool temporary = strncmp(name, TEMPORARY, strlen(TEMPORARY)) == 0;
    const char *id = temporary ? name + strlen(TEMPORARY) : name;
    const char *suffix = id + strspn(id, "0123456789abcdef");

    if (suffix - id != SOURCE_ID_SIZE - 1)
        return NULL;
    for (size_t i = 0; !temporary && i < ARRAY_LENGTH(suffixes); i++)
        if (strcmp(suffix, suffixes[i]) == 0)
            return id;
    return temporary && *suffix == '.' ? id : NULL;
}

static bool is_configured(const struct jwkscore_config *config, const char *its_id)
{
    for (size_t i = 0; i < config->issuer_count; i++) {
        char id[SOURCE_ID_SIZE];

        if (!source_id(config->crypto, &config->issuers[i], id) ||
            strncmp(its_id, id, SOURCE_ID_SIZE - 1) == 0)
            return true; /* without memory for an id, nothing is known to be nobody's */
    }
    return false;
}

void sweep_unconfigured(const struct folder *folder, const struct jwkscore_config *config, int64_t now)
{
    CLEANUP(close_folderp) DIR *listing = list(folder);
    const struct dirent *entry;

    for (int seen = 0; listing != NULL && seen < ENTRIES_MAX && (entry = readdir(listing)) != NULL; seen++) {
        const char *id = find_id(entry->d_name);

        if (id != NULL && !is_configured(config, id) &&
            is_older(folder, entry->d_name, UNCONFIGURED_OLD, now))
            unlinkat(folder->fd, entry->d_name, 0);
    }
}
