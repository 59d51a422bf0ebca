/* SPDX-License-Identifier: Apache-2.0 */
/*
 * home.c: the person's folders, and the files in them that nobody else may read.
 *
 * A folder is opened once and everything in it is named by its descriptor.  A file is written beside its
 * name and renamed, so that a login that fails leaves what was there.
 */
#include "login.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 256 * 1024, HOW_TO_READ = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

static const struct passwd *account(void)
{
    return getpwuid(getuid()); /* one process, one thread, one uid: always the same */
}

const char *home_user(void)
{
    const struct passwd *entry = account();

    return entry == NULL ? NULL : entry->pw_name;
}

const char *home_folder(void)
{
    const struct passwd *entry = account();

    return entry == NULL || entry->pw_dir[0] != '/' ? "/nonexistent" : entry->pw_dir;
}

int home_path(const char *variable, const char *fallback, const char *name, char path[PATH_MAX])
{
    const char *base = client_environment(variable);
    int length = base != NULL && *base == '/'
                     ? snprintf(path, PATH_MAX, "%s/jwks/%s", base, name)
                     : snprintf(path, PATH_MAX, "%s/%s/jwks/%s", home_folder(), fallback, name);

    return length < PATH_MAX ? LOGIN_DONE
                             : client_complain(LOGIN_UNABLE, "%s: %s", path, strerror(ENAMETOOLONG));
}

int home_make_folders(char path[PATH_MAX])
{
    char real[PATH_MAX], *slash = path, *name = strrchr(path, '/');

    while ((slash = strchr(slash + 1, '/')) != NULL) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return client_complain(LOGIN_UNABLE, "%s: %s", path, strerror(errno));
        *slash = '/';
    }
    *name = '\0';
    if (realpath(path, real) == NULL || strlen(real) + strlen(name + 1) + 2 > PATH_MAX)
        return client_complain(LOGIN_UNABLE, "%s: %s", path, strerror(errno));
    memmove(path + strlen(real) + 1, name + 1, strlen(name + 1) + 1);
    memcpy(path, real, strlen(real));
    path[strlen(real)] = '/';
    return LOGIN_DONE;
}

/* --- places --- */

void place_close(struct keyplace *place)
{
    if (place->folder >= 0)
        close(place->folder);
    place->folder = -1;
}

/* Opens the folder `name` in the place's, which it becomes.  `forbidden`: mode bits that it must not have. */
static bool enter(struct keyplace *place, const char *name, bool make, int flags, mode_t forbidden)
{
    struct stat found;
    int fd;

    if (make && mkdirat(place->folder, name, 0700) != 0 && errno != EEXIST)
        return false;
    fd = openat(place->folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
    if (fd < 0)
        return false;
    place_close(place);
    place->folder = fd;
    if (fstat(fd, &found) != 0)
        return false;
    errno = found.st_uid == geteuid() && (found.st_mode & forbidden) == 0 ? 0 : EPERM;
    return errno == 0;
}

static int complain_of_folder(const char *path)
{
    if (errno == EPERM)
        return client_complain(LOGIN_UNABLE,
                               "%s: must be yours, and no one else's to write (~/.ssh) or read (~/.ssh/jwks)",
                               path);
    return client_complain(LOGIN_UNABLE, "%s: %s", path, strerror(errno));
}

int place_of_login(const char *name, bool make, struct keyplace *place)
{
    int length = snprintf(place->path, sizeof(place->path), "%s/.ssh/jwks/%s", home_folder(), name);

    place->folder = -1;
    if (length >= (int)sizeof(place->path))
        return client_complain(LOGIN_UNABLE, "%s: %s", home_folder(), strerror(ENAMETOOLONG));
    place->base = place->path + length - strlen(name);
    place->folder = open(home_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->folder >= 0 && enter(place, ".ssh", make, 0, S_IWGRP | S_IWOTH) &&
        enter(place, "jwks", make, O_NOFOLLOW, S_IRWXG | S_IRWXO))
        return LOGIN_DONE;
    if (!make && errno == ENOENT) {
        place_close(place);
        return LOGIN_DONE;
    }
    place_close(place);
    return complain_of_folder(place->path);
}

static int place_of_identity(const char *path, struct keyplace *place)
{
    char *slash;

    place->folder = -1;
    if (snprintf(place->path, sizeof(place->path), "%s", path) >= (int)sizeof(place->path))
        return client_complain(LOGIN_UNABLE, "%s: %s", path, strerror(ENAMETOOLONG));
    slash = strrchr(place->path, '/');
    place->base = slash + 1;
    *slash = '\0';
    place->folder = open(slash == place->path ? "/" : place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *slash = '/';
    return place->folder >= 0 ? LOGIN_DONE : complain_of_folder(path);
}

int places_open(const struct login_options *options, bool make, struct keyplace *login,
                struct keyplace *place)
{
    int code = place_of_login(options->name, make, login);

    if (code != LOGIN_DONE || place->folder >= 0)
        return code;
    return options->identity != NULL ? place_of_identity(options->identity, place)
                                     : place_of_login(options->name, make, place);
}

/* --- files --- */

static bool file_name(const struct keyplace *place, const char *suffix, char name[NAME_MAX + 1])
{
    errno = ENAMETOOLONG;
    return snprintf(name, NAME_MAX + 1, "%s%s", place->base, suffix) <= NAME_MAX;
}

static int read_all(int fd, const char *path, struct bytes *bytes)
{
    unsigned char more[4096];
    ssize_t got;

    while ((got = read(fd, more, sizeof(more))) > 0 && bytes->length <= FILE_MAX)
        bytes_add(bytes, more, (size_t)got);
    explicit_bzero(more, sizeof(more));
    if (got < 0 || bytes_end(bytes) == NULL)
        return client_complain(LOGIN_UNABLE, "%s: %s", path, got < 0 ? strerror(errno) : "out of memory");
    if (bytes->length > FILE_MAX)
        return client_complain(LOGIN_UNABLE, "%s: more than %d octets", path, FILE_MAX);
    return LOGIN_DONE;
}

static int look_at(int fd, const char *path, int refused, struct stat *ret_found)
{
    if (fd < 0 || fstat(fd, ret_found) != 0)
        return client_complain(LOGIN_UNABLE, "%s: %s", path, strerror(errno));
    return S_ISREG(ret_found->st_mode) ? LOGIN_DONE
                                       : client_complain(refused, "%s: not a regular file", path);
}

static int read_and_close(int fd, const char *path, int code, struct bytes *bytes)
{
    if (code == LOGIN_DONE)
        code = read_all(fd, path, bytes);
    if (fd >= 0)
        close(fd);
    return code;
}

int place_read(const struct keyplace *place, const char *suffix, struct bytes *bytes)
{
    char name[NAME_MAX + 1], path[PATH_MAX + NAME_MAX];
    struct stat found;
    int fd = -1, code;

    if (place->folder < 0)
        return LOGIN_DONE;
    if (file_name(place, suffix, name))
        fd = openat(place->folder, name, HOW_TO_READ);
    if (fd < 0 && errno == ENOENT)
        return LOGIN_DONE;
    snprintf(path, sizeof(path), "%s%s", place->path, suffix);
    code = look_at(fd, path, LOGIN_UNABLE, &found);
    return read_and_close(fd, path, code, bytes);
}

int persons_file_read(const char *path, mode_t forbidden, int refused, struct bytes *bytes)
{
    int fd = open(path, HOW_TO_READ), code;
    struct stat found = {.st_mode = 0};

    code = look_at(fd, path, refused, &found);
    if (code == LOGIN_DONE &&
        ((found.st_uid != geteuid() && found.st_uid != 0) || (found.st_mode & forbidden) != 0))
        code = client_complain(refused, "%s: must be yours or root's, and no one else's to %s; chmod %o it",
                               path, (forbidden & S_IRGRP) != 0 ? "read" : "write", 0644 & ~forbidden);
    return read_and_close(fd, path, code, bytes);
}

static bool write_all(int fd, const struct bytes *bytes)
{
    for (size_t done = 0; done < bytes->length;) {
        ssize_t wrote = write(fd, bytes->at + done, bytes->length - done);

        if (wrote >= 0)
            done += (size_t)wrote;
        else if (errno != EINTR)
            return false;
    }
    return fsync(fd) == 0;
}

/* The name of the new file, beside the one whose place it takes. */
static bool new_name(const struct keyplace *place, const char *suffix, char name[NAME_MAX + 1])
{
    char suffix_new[32];

    snprintf(suffix_new, sizeof(suffix_new), "%s.new", suffix);
    return file_name(place, suffix_new, name);
}

static bool write_new(const struct keyplace *place, const char *name, const struct bytes *bytes)
{
    bool done;
    int fd;

    if (unlinkat(place->folder, name, 0) != 0 && errno != ENOENT)
        return false;
    fd = openat(place->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    done = write_all(fd, bytes);
    return close(fd) == 0 && done;
}

int place_stage(const struct keyplace *place, const char *suffix, const struct bytes *bytes)
{
    char name[NAME_MAX + 1];

    if (bytes->failed)
        return client_complain(LOGIN_UNABLE, "out of memory");
    if (new_name(place, suffix, name) && write_new(place, name, bytes))
        return LOGIN_DONE;
    (void)client_complain(LOGIN_UNABLE, "%s%s.new: %s", place->path, suffix, strerror(errno));
    place_discard(place, suffix);
    return LOGIN_UNABLE;
}

int place_commit(const struct keyplace *place, const char *suffix)
{
    char name[NAME_MAX + 1], to[NAME_MAX + 1];

    if (new_name(place, suffix, name) && file_name(place, suffix, to) &&
        renameat(place->folder, name, place->folder, to) == 0)
        return LOGIN_DONE;
    (void)client_complain(LOGIN_UNABLE, "%s%s: %s", place->path, suffix, strerror(errno));
    place_discard(place, suffix);
    return LOGIN_UNABLE;
}

void place_discard(const struct keyplace *place, const char *suffix)
{
    char name[NAME_MAX + 1];

    if (place->folder >= 0 && new_name(place, suffix, name))
        unlinkat(place->folder, name, 0);
}

int place_write(const struct keyplace *place, const char *suffix, const struct bytes *bytes)
{
    int code = place_stage(place, suffix, bytes);

    return code == LOGIN_DONE ? place_commit(place, suffix) : code;
}

void place_remove(const struct keyplace *place, const char *suffix)
{
    char name[NAME_MAX + 1];

    if (place->folder >= 0 && file_name(place, suffix, name) && unlinkat(place->folder, name, 0) != 0 &&
        errno != ENOENT)
        (void)client_complain(LOGIN_UNABLE, "%s%s: %s", place->path, suffix, strerror(errno));
}

bool place_has(const struct keyplace *place, const char *suffix)
{
    char name[NAME_MAX + 1];
    struct stat found;

    return place->folder >= 0 && file_name(place, suffix, name) &&
           fstatat(place->folder, name, &found, 0) == 0;
}
