/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.c: reads a file as sshd would: no links, the owner, the mode, and every folder above it.
 *
 * Whoever can change one of them decides who logs in.  So each folder from / on is opened by its name in the
 * one before and looked at by its descriptor: what was checked is what is used (CACHE.md section 8).
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OTHERS_MAY_WRITE = S_IWGRP | S_IWOTH,
    SHOWN_SIZE = 192 /* of a message's 256 bytes: what is wrong there must not be cut off */
};

/* A path for messages, made where there is one: its end, where it is long. */
struct shown {
    char text[SHOWN_SIZE];
};

static struct shown shown_path(struct text path)
{
    struct shown shown;
    size_t cut = path.length <= SHOWN_SIZE - 4 ? 0 : path.length - (SHOWN_SIZE - 4);

    snprintf(shown.text, sizeof(shown.text), "%s%.*s", cut > 0 ? "..." : "", (int)(path.length - cut),
             path.bytes + cut);
    return shown;
}

static enum jwkscore_status system_says(struct text path, int number, struct jwkscore_error *error)
{
    return error_system(error, shown_path(path).text, number);
}

/* `also`: whose things are trusted besides root's. */
static enum jwkscore_status check_owner_and_mode(const struct stat *found, uid_t also, struct text path,
                                                 struct jwkscore_error *error)
{
    if (found->st_uid != 0 && (also == NO_OWNER || found->st_uid != also))
        return error_set(error, JWKSCORE_E_UNSAFE_FILE, "%s belongs to uid %lu, who is not trusted with it",
                         shown_path(path).text, (unsigned long)found->st_uid);
    if ((found->st_mode & OTHERS_MAY_WRITE) != 0)
        return error_set(error, JWKSCORE_E_UNSAFE_FILE, "%s is writable by others (mode %04o)",
                         shown_path(path).text, (unsigned)found->st_mode & 07777);
    return JWKSCORE_OK;
}

/* Why openat failed.  For a link it says ELOOP, or ENOTDIR where a folder was asked for. */
static enum jwkscore_status explain(int parent, const char *name, int number, struct text path,
                                    struct jwkscore_error *error)
{
    struct stat found;

    if ((number == ENOTDIR || number == ELOOP) && fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(found.st_mode))
        return error_set(error, JWKSCORE_E_UNSAFE_FILE, "%s is a symbolic link", shown_path(path).text);
    return system_says(path, number, error);
}

static bool is_plain_name(const char *name)
{
    return *name != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* --- folders --- */

/* The way from / down: `*fd` is the folder that the path names up to `at`. */
struct walk {
    const char *path, *at;
    uid_t also;
    bool any_owner;
    int *fd;
    struct stat found;
    struct jwkscore_error *error;
};

static struct text walked(const struct walk *walk)
{
    return (struct text){walk->path, (size_t)(walk->at - walk->path)};
}

/* Slashes may repeat, and end the path. */
static bool at_last(const struct walk *walk)
{
    return walk->at[strspn(walk->at, "/")] == '\0';
}

/*
 * To pass through a folder needs no right to read it.  The last can be read, where we may, because it may
 * have to be listed or fsynced.
 */
static int open_folder(int parent, const char *name, bool last)
{
    const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent, name, flags | (last ? O_RDONLY : O_PATH));

    return fd < 0 && last && errno == EACCES ? openat(parent, name, flags | O_PATH) : fd;
}

static enum jwkscore_status enter(struct walk *walk, const char *name)
{
    int fd = open_folder(*walk->fd, name, at_last(walk));

    if (fd < 0)
        return explain(*walk->fd, name, errno, walked(walk), walk->error);
    fd_closep(walk->fd);
    *walk->fd = fd;
    if (fstat(fd, &walk->found) != 0)
        return system_says(walked(walk), errno, walk->error);
    return check_owner_and_mode(&walk->found,
                                walk->any_owner && at_last(walk) ? walk->found.st_uid : walk->also,
                                walked(walk), walk->error);
}

/* "." and ".." would make it unclear which folders were looked at. */
static enum jwkscore_status enter_next(struct walk *walk)
{
    const char *from = walk->at + strspn(walk->at, "/");
    char name[NAME_MAX + 1];
    size_t length = strcspn(from, "/");

    walk->at = from + length;
    if (length >= sizeof(name))
        return system_says(walked(walk), ENAMETOOLONG, walk->error);
    memcpy(name, from, length);
    name[length] = '\0';
    if (!is_plain_name(name))
        return error_set(walk->error, JWKSCORE_E_ARGUMENT, "\"%s\" is not a plain path",
                         shown_path(walked(walk)).text);
    return enter(walk, name);
}

/* A host without standard input lends us its number, and gets it back. */
static bool leave_standard_input(int *fd)
{
    int above;

    if (*fd != STDIN_FILENO)
        return true;
    above = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (above < 0)
        return false;
    fd_closep(fd);
    *fd = above;
    return true;
}

enum jwkscore_status folder_open(const char *path, uid_t also, bool any_owner, struct folder *ret_folder,
                                 struct jwkscore_error *error)
{
    int fd CLEANUP(fd_closep) = -1;
    struct walk walk = {.path = path, .also = also, .any_owner = any_owner, .fd = &fd, .error = error};
    enum jwkscore_status status;

    if (path == NULL || *path != '/')
        return error_set(error, JWKSCORE_E_ARGUMENT, "\"%s\" is not an absolute path",
                         shown_path(text_from(path)).text);
    walk.at = path + 1;
    status = enter(&walk, "/");
    while (status == JWKSCORE_OK && !at_last(&walk))
        status = enter_next(&walk);
    if (status != JWKSCORE_OK)
        return status;
    if (!leave_standard_input(&fd))
        return error_system(error, path, errno);
    *ret_folder = (struct folder){fd, walk.found.st_uid, walk.found.st_gid};
    fd = -1;
    return JWKSCORE_OK;
}

/* 0 is the host's standard input and no folder that was opened here: a struct of zeros must not close it. */
void folder_closep(struct folder *folder)
{
    if (folder->fd > STDIN_FILENO)
        close(folder->fd);
    folder->fd = -1;
}

/* --- files --- */

/* What is to be read, and what it must be like. */
struct wanted {
    const char *name;
    struct text path; /* for messages: of a file in a folder that is open, its name */
    uid_t also;
    size_t most;
};

/* Who could change it comes first: what an unsafe file is like otherwise does not matter. */
static enum jwkscore_status check_file(const struct stat *found, const struct wanted *wanted,
                                       struct jwkscore_error *error)
{
    enum jwkscore_status status;

    if (!S_ISREG(found->st_mode))
        return error_set(error, JWKSCORE_E_UNSAFE_FILE, "%s is %s", shown_path(wanted->path).text,
                         S_ISLNK(found->st_mode) ? "a symbolic link" : "not a regular file");
    if ((found->st_mode & (S_ISUID | S_ISGID)) != 0)
        return error_set(error, JWKSCORE_E_UNSAFE_FILE, "%s has a set-id bit (mode %04o)",
                         shown_path(wanted->path).text, (unsigned)found->st_mode & 07777);
    status = check_owner_and_mode(found, wanted->also, wanted->path, error);
    if (status != JWKSCORE_OK)
        return status;
    if (found->st_size <= 0)
        return error_set(error, JWKSCORE_E_CONFIG, "%s is empty", shown_path(wanted->path).text);
    if ((uintmax_t)found->st_size > wanted->most)
        return error_set(error, JWKSCORE_E_CONFIG, "%s has more than %zu bytes",
                         shown_path(wanted->path).text, wanted->most);
    return JWKSCORE_OK;
}

/* Fewer bytes than there is room for only at the end of the file; -1 with errno. */
static ssize_t read_up_to(int fd, unsigned char *bytes, size_t room)
{
    size_t have = 0;

    while (have < room) {
        ssize_t more = read(fd, bytes + have, room - have);
        if (more == 0)
            break;
        if (more > 0)
            have += (size_t)more;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)have;
}

/* Asks for a byte more than there was, so that a file that has grown is noticed like one that has shrunk. */
static enum jwkscore_status read_contents(int fd, size_t size, struct text path,
                                          struct buffer *ret_bytes, struct jwkscore_error *error)
{
    struct buffer bytes CLEANUP(buffer_freep) = {malloc(size + 1), size + 1};
    ssize_t length;

    if (bytes.bytes == NULL)
        return error_memory(error);
    length = read_up_to(fd, bytes.bytes, size + 1);
    if (length < 0)
        return system_says(path, errno, error);
    if ((size_t)length != size)
        return error_set(error, JWKSCORE_E_SYSTEM, "%s changed while it was read", shown_path(path).text);
    *ret_bytes = (struct buffer){bytes.bytes, size};
    bytes.bytes = NULL;
    return JWKSCORE_OK;
}

/* O_NONBLOCK: a FIFO in the place of a file must not hold up a login. */
static enum jwkscore_status read_wanted(const struct folder *folder, const struct wanted *wanted,
                                        struct buffer *ret_bytes, struct stat *ret_found, bool *ret_absent,
                                        struct jwkscore_error *error)
{
    int fd CLEANUP(fd_closep) =
        openat(folder->fd, wanted->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    enum jwkscore_status status;

    *ret_absent = fd < 0 && errno == ENOENT;
    if (fd < 0)
        return explain(folder->fd, wanted->name, errno, wanted->path, error);
    if (fstat(fd, ret_found) != 0)
        return system_says(wanted->path, errno, error);
    status = check_file(ret_found, wanted, error);
    if (status != JWKSCORE_OK)
        return status;
    return read_contents(fd, (size_t)ret_found->st_size, wanted->path, ret_bytes, error);
}

enum jwkscore_status file_read_at(const struct folder *folder, const char *name, uid_t also, size_t most,
                                  struct buffer *ret_bytes, bool *ret_absent, struct jwkscore_error *error)
{
    const struct wanted wanted = {name, text_from(name), also, most};
    struct stat found;

    *ret_absent = false;
    if (!is_plain_name(name))
        return error_set(error, JWKSCORE_E_ARGUMENT, "\"%s\" is not a file's name",
                         shown_path(wanted.path).text);
    return read_wanted(folder, &wanted, ret_bytes, &found, ret_absent, error);
}

/* Opens the folder of `path`, and says what is wanted there. */
static enum jwkscore_status open_parent(const char *path, struct wanted *wanted, struct folder *ret_folder,
                                        struct jwkscore_error *error)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    char *parent CLEANUP(string_freep) = NULL;

    wanted->path = text_from(path);
    wanted->name = slash == NULL ? "" : slash + 1;
    if (slash == NULL || *path != '/' || !is_plain_name(wanted->name))
        return error_set(error, JWKSCORE_E_ARGUMENT, "\"%s\" is not a file's path",
                         shown_path(wanted->path).text);
    parent = text_copy((struct text){path, (size_t)(slash - path) + 1});
    if (parent == NULL)
        return error_memory(error);
    return folder_open(parent, wanted->also, false, ret_folder, error);
}

enum jwkscore_status file_read(const char *path, uid_t also, size_t most, struct buffer *ret_bytes,
                               uid_t *ret_owner, struct jwkscore_error *error)
{
    struct folder folder CLEANUP(folder_closep) = {.fd = -1};
    struct wanted wanted = {.also = also, .most = most};
    struct stat found = {.st_uid = (uid_t)-1};
    bool absent;
    enum jwkscore_status status = open_parent(path, &wanted, &folder, error);

    if (status == JWKSCORE_OK)
        status = read_wanted(&folder, &wanted, ret_bytes, &found, &absent, error);
    if (status == JWKSCORE_OK && ret_owner != NULL)
        *ret_owner = found.st_uid;
    return status;
}

/* By its mode alone: who executes it is not always who asks. */
static enum jwkscore_status check_path(const char *path, uid_t also, bool program, struct jwkscore_error *error)
{
    struct folder folder CLEANUP(folder_closep) = {.fd = -1};
    struct wanted wanted = {.also = also, .most = SIZE_MAX};
    struct stat found;
    enum jwkscore_status status = open_parent(path, &wanted, &folder, error);

    if (status != JWKSCORE_OK)
        return status;
    if (fstatat(folder.fd, wanted.name, &found, AT_SYMLINK_NOFOLLOW) != 0)
        return system_says(wanted.path, errno, error);
    status = check_file(&found, &wanted, error);
    if (status == JWKSCORE_OK && program && (found.st_mode & 0111) == 0)
        return error_set(error, JWKSCORE_E_UNSAFE_FILE, "%s is not executable", shown_path(wanted.path).text);
    return status;
}

enum jwkscore_status file_check_program(const char *path, uid_t also, struct jwkscore_error *error)
{
    return check_path(path, also, true, error);
}

enum jwkscore_status file_check_module(const char *path, uid_t also, struct jwkscore_error *error)
{
    return check_path(path, also, false, error);
}
