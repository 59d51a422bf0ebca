/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grantfiles.c: the grants of one account: tokens in files of which only root decides.
 *
 * What a file is called says nothing, but for its ending.  A file that others could change is refused and
 * named, and the rest is read all the same; a folder that others could change holds no grants at all.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char ending[] = ".jwt";

struct jwkscore_grants {
    struct folder folder;
    uid_t also; /* whose files are trusted besides root's */
    struct strings names;
    struct buffer file; /* the one that was read last */
};

void jwkscore_grants_free(struct jwkscore_grants *grants)
{
    if (grants == NULL)
        return;
    folder_closep(&grants->folder);
    strings_free(&grants->names);
    buffer_freep(&grants->file);
    free(grants);
}

static void grants_freep(struct jwkscore_grants **grants)
{
    jwkscore_grants_free(*grants);
}

static bool is_grant(struct text name)
{
    const size_t end = sizeof(ending) - 1;

    return name.length > end && name.bytes[0] != '.' &&
           memcmp(name.bytes + name.length - end, ending, end) == 0;
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static enum jwkscore_status list_names(DIR *listing, const char *path, struct strings *names,
                                       struct jwkscore_error *error)
{
    const struct dirent *entry;

    for (errno = 0; (entry = readdir(listing)) != NULL; errno = 0) {
        if (!is_grant(text_from(entry->d_name)))
            continue;
        if (names->count == GRANT_FILES_MAX)
            return error_set(error, JWKSCORE_E_CONFIG, "%.150s holds more than %d grants", path,
                             GRANT_FILES_MAX);
        if (!strings_add(names, text_from(entry->d_name)))
            return error_memory(error);
    }
    if (errno != 0)
        return error_system(error, path, errno);
    if (names->count > 0)
        qsort(names->at, names->count, sizeof(names->at[0]), compare);
    return JWKSCORE_OK;
}

/* By a descriptor of its own, for the folder's may be good for passing through only. */
static enum jwkscore_status read_folder(struct jwkscore_grants *grants, const char *path,
                                        struct jwkscore_error *error)
{
    int fd = openat(grants->folder.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    enum jwkscore_status status;

    if (listing == NULL) {
        status = error_system(error, path, errno);
        fd_closep(&fd);
        return status;
    }
    status = list_names(listing, path, &grants->names, error);
    closedir(listing);
    return status;
}

/* Who has no folder has no grants. */
static bool is_absent(const char *path)
{
    struct stat found;

    return lstat(path, &found) != 0 && errno == ENOENT;
}

static enum jwkscore_status open_folder(struct jwkscore_grants *grants, const char *path,
                                        struct jwkscore_error *error)
{
    enum jwkscore_status status;

    if (is_absent(path))
        return JWKSCORE_OK;
    status = folder_open(path, grants->also, false, &grants->folder, error);
    return status == JWKSCORE_OK ? read_folder(grants, path, error) : status;
}

static char *folder_of(const struct jwkscore_config *config, const char *user)
{
    char *path;

    return asprintf(&path, "%s/%s", config->global.grants_dir, user) < 0 ? NULL : path;
}

enum jwkscore_status jwkscore_grants_open(const struct jwkscore_config *config, const char *user,
                                          struct jwkscore_grants **ret_grants, struct jwkscore_error *error)
{
    CLEANUP(grants_freep) struct jwkscore_grants *grants = NULL;
    CLEANUP(string_freep) char *path = NULL;
    enum jwkscore_status status;

    config_error_clear(error);
    if (config == NULL || user == NULL || ret_grants == NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT, "jwkscore_grants_open: an argument is NULL");
    if (!account_name_valid(text_from(user))) /* it becomes a part of a path */
        return error_set(error, JWKSCORE_E_ACCOUNT, "the name is no account name");
    path = folder_of(config, user);
    grants = calloc(1, sizeof(*grants));
    if (path == NULL || grants == NULL)
        return error_memory(error); /* NOLINT(clang-analyzer-unix.Malloc): it does not know CLEANUP */
    grants->folder.fd = -1;
    grants->also = config_file_owner(config);
    status = open_folder(grants, path, error);
    if (status != JWKSCORE_OK)
        return status;
    *ret_grants = grants;
    grants = NULL;
    return JWKSCORE_OK;
}

const char *jwkscore_grants_name(const struct jwkscore_grants *grants, size_t index)
{
    return index < grants->names.count ? grants->names.at[index] : NULL;
}

/* S7: one end of line is the file's, and no part of the token. */
static size_t token_length(const struct buffer *file)
{
    size_t length = file->length;

    if (length > 0 && file->bytes[length - 1] == '\n')
        length--;
    else
        return length;
    return length > 0 && file->bytes[length - 1] == '\r' ? length - 1 : length;
}

enum jwkscore_status jwkscore_grants_read(struct jwkscore_grants *grants, size_t index,
                                          const char **ret_token, size_t *ret_length,
                                          struct jwkscore_error *error)
{
    enum jwkscore_status status;
    bool absent;

    config_error_clear(error);
    if (grants == NULL || index >= grants->names.count || ret_token == NULL || ret_length == NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT,
                         "jwkscore_grants_read: an argument is NULL, or there is no such grant");
    buffer_freep(&grants->file);
    status = file_read_at(&grants->folder, grants->names.at[index], grants->also, TOKEN_MAX + 2,
                          &grants->file, &absent, error);
    if (status != JWKSCORE_OK)
        return status;
    *ret_token = (const char *)grants->file.bytes;
    *ret_length = token_length(&grants->file);
    return JWKSCORE_OK;
}
