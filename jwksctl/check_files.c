/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_files.c: who could change a file of ours, and can those read it who must?
 *
 * The library stops at the first folder that it does not trust.  Here each one on the way is looked at, with what
 * mends it; who changes things meanwhile deceives nobody but the reader of a list.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is wanted of a path. */
struct wanted {
    const char *what, *path;
    const char *beside; /* not NULL: it has this name, in the folder of what the option names */
    enum { WANT_FOLDER, WANT_FILE, WANT_PROGRAM, WANT_MODULE } kind;
    bool any_owner;  /* of the last: state_dir and run_dir are not root's */
    bool for_keeper; /* jwks-fetch must be able to read it */
    bool may_be_absent;
    bool follows; /* links are as good as what they lead to */
};

static const struct {
    const char *key;
    struct wanted wanted;
} of_host[] =
    {
        {"state_dir", {.kind = WANT_FOLDER, .any_owner = true, .for_keeper = true}},
        {"run_dir", {.kind = WANT_FOLDER, .any_owner = true, .for_keeper = true, .may_be_absent = true}},
        {"grants_dir", {.kind = WANT_FOLDER, .may_be_absent = true}},
        {"fetch_helper", {.kind = WANT_PROGRAM, .for_keeper = true}},
        {"fetch_helper", {.kind = WANT_MODULE, .for_keeper = true, .beside = "jwks-http.so"}},
},
  of_issuer[] = {
      {"jwks_file", {.kind = WANT_FILE}},
      {"ca_file", {.kind = WANT_FILE, .for_keeper = true}},
      {"user_map", {.kind = WANT_FILE}},
};

/* Whose files are trusted besides root's: as the library has it, those of who asks. */
static bool is_trusted(uid_t owner)
{
    return owner == 0 || owner == geteuid();
}

bool check_may(const struct passwd *who, const struct stat *found, unsigned bits)
{
    unsigned shift = who->pw_uid == found->st_uid ? 6 : who->pw_gid == found->st_gid ? 3 : 0;

    return (found->st_mode >> shift & bits) == bits;
}

/* --- one file or folder --- */

static bool check_owner_and_mode(struct check *check, const struct wanted *wanted, const char *path,
                                 const struct stat *found, bool last)
{
    bool ok = true;

    if (!is_trusted(found->st_uid) && !(last && wanted->any_owner)) {
        check_report(check, LEVEL_ERROR, wanted->what, "chown root it",
                     "%s belongs to uid %lu, who could change it and so decide who logs in", path,
                     (unsigned long)found->st_uid);
        ok = false;
    }
    if ((found->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        check_report(check, LEVEL_ERROR, wanted->what,
                     "chmod go-w it, or move what is below to another place",
                     "%s is writable by others (mode %04o), who could decide who logs in", path,
                     (unsigned)found->st_mode & 07777);
        ok = false;
    }
    return ok;
}

/* What no option names, no other path mends. */
static const char *replacement(const struct wanted *wanted, const char *if_named)
{
    return wanted->beside == NULL ? if_named : "install it again: without it no keys can be fetched";
}

static bool check_type(struct check *check, const struct wanted *wanted, const char *path,
                       const struct stat *found, bool last)
{
    bool is_folder = !last || wanted->kind == WANT_FOLDER;

    if (is_folder ? S_ISDIR(found->st_mode) : S_ISREG(found->st_mode))
        return true;
    check_report(check, LEVEL_ERROR, wanted->what,
                 replacement(wanted, "name the file or folder itself, by a path without links"),
                 "%s is %s, and not a %s", path,
                 S_ISLNK(found->st_mode) ? "a symbolic link" : "something else",
                 is_folder ? "folder" : "regular file");
    return false;
}

/* Why else a program, or what it loads, is not used. */
static bool check_code(struct check *check, const struct wanted *wanted, const struct stat *found)
{
    const char *fault, *fix;

    if ((found->st_mode & (S_ISUID | S_ISGID)) != 0) {
        fault = "has a set-id bit";
        fix = "chmod a-s it";
    } else if (wanted->kind == WANT_PROGRAM && (found->st_mode & 0111) == 0) {
        fault = "is not executable";
        fix = "chmod 755 it";
    } else if (found->st_size == 0) {
        fault = "is empty";
        fix = "install it again";
    } else {
        return true;
    }
    check_report(check, LEVEL_ERROR, wanted->what, fix, "%s %s (mode %04o)", wanted->path, fault,
                 (unsigned)found->st_mode & 07777);
    return false;
}

/* jwks-fetch runs as the account and not as root, and passes through the same folders. */
static bool check_reachable(struct check *check, const struct wanted *wanted, const char *path,
                            const struct stat *found, bool last)
{
    static const unsigned of_last[] = {
        [WANT_FOLDER] = 5, [WANT_FILE] = 4, [WANT_PROGRAM] = 1, [WANT_MODULE] = 4};
    unsigned bits = last ? of_last[wanted->kind] : 1;

    if (!wanted->for_keeper || check->keeper == NULL || check_may(check->keeper, found, bits))
        return true;
    check_report(check, LEVEL_ERROR, wanted->what, last ? "chmod a+r it, and a+x a folder" : "chmod a+x it",
                 "%s (mode %04o) keeps out %s, as whom keys are fetched", path,
                 (unsigned)found->st_mode & 07777, check->account);
    return false;
}

static bool check_absent(struct check *check, const struct wanted *wanted, const char *path, int number)
{
    if (wanted->may_be_absent && number == ENOENT)
        return true;
    if (number == EACCES && geteuid() != 0)
        check_report(check, LEVEL_WARNING, wanted->what, "ask as root", "%s cannot be looked at", path);
    else
        check_report(check, LEVEL_ERROR, wanted->what, replacement(wanted, "make it, or name another"),
                     "%s: %s", path, strerrordesc_np(number));
    return false;
}

/* False: there is nothing behind it to look at. */
static bool check_step(struct check *check, const struct wanted *wanted, const char *path, bool last,
                       bool *ok)
{
    struct stat found;

    if ((wanted->follows ? stat(path, &found) : lstat(path, &found)) != 0) {
        *ok = check_absent(check, wanted, path, errno) && *ok;
        return false;
    }
    if (!check_type(check, wanted, path, &found, last)) {
        *ok = false;
        return false;
    }
    *ok = check_owner_and_mode(check, wanted, path, &found, last) && *ok;
    *ok = check_reachable(check, wanted, path, &found, last) && *ok;
    if (last && (wanted->kind == WANT_PROGRAM || wanted->kind == WANT_MODULE))
        *ok = check_code(check, wanted, &found) && *ok;
    return true;
}

/* From / down. */
static bool check_path(struct check *check, const struct wanted *wanted)
{
    char path[PATH_MAX];
    bool ok = true, goes_on = check_step(check, wanted, "/", false, &ok);

    for (const char *end = wanted->path; goes_on && *end != '\0';) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        snprintf(path, sizeof(path), "%.*s", (int)(end - wanted->path), wanted->path);
        goes_on = check_step(check, wanted, path, end[strspn(end, "/")] == '\0', &ok);
    }
    return ok;
}

/* Of what others than us open: the way to it, and where links on it lead. */
static bool check_used(struct check *check, struct wanted wanted)
{
    char real[PATH_MAX];
    bool ok;

    wanted.follows = true;
    ok = check_path(check, &wanted);
    if (realpath(wanted.path, real) == NULL || strcmp(real, wanted.path) == 0)
        return ok;
    wanted.path = real;
    return check_path(check, &wanted) && ok;
}

bool check_program(struct check *check, const char *what, const char *path)
{
    return check_used(check, (struct wanted){.what = what, .path = path, .kind = WANT_PROGRAM});
}

bool check_library(struct check *check, const char *what, const char *path)
{
    return check_used(check, (struct wanted){.what = what, .path = path, .kind = WANT_FILE});
}

/* --- all of ours --- */

/* It starts a jwks-fetch that stands elsewhere, perhaps.  O_NONBLOCK: a FIFO must not hold this up. */
static bool is_script(const char *path)
{
    char begin[2];
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool ok =
        fd >= 0 && read(fd, begin, sizeof(begin)) == (ssize_t)sizeof(begin) && memcmp(begin, "#!", 2) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

static bool check_configured(struct check *check, const char *section, const char *key, struct wanted wanted)
{
    char path[PATH_MAX];

    wanted.what = key;
    wanted.path = check_option(check, section, key);
    if (wanted.path == NULL)
        return true;
    if (wanted.beside != NULL) {
        wanted.may_be_absent = is_script(wanted.path);
        snprintf(path, sizeof(path), "%.*s/%s", (int)(strrchr(wanted.path, '/') - wanted.path), wanted.path,
                 wanted.beside);
        wanted.path = path;
    }
    return check_path(check, &wanted);
}

bool check_conf_file(struct check *check)
{
    const struct wanted conf = {
        .what = "configuration", .path = check->ctl->conf, .kind = WANT_FILE, .for_keeper = true};

    return check_path(check, &conf);
}

void check_files(struct check *check)
{
    const char *name;
    bool ok = true;

    for (size_t i = 0; i < sizeof(of_host) / sizeof(of_host[0]); i++)
        ok = check_configured(check, "global", of_host[i].key, of_host[i].wanted) && ok;
    for (size_t i = 0; (name = jwkscore_config_issuer(check->ctl->config, i)) != NULL; i++)
        for (size_t k = 0; k < sizeof(of_issuer) / sizeof(of_issuer[0]); k++) {
            char section[64];

            snprintf(section, sizeof(section), "issuer %s", name);
            ok = check_configured(check, section, of_issuer[k].key, of_issuer[k].wanted) && ok;
        }
    ok = check_grants(check) && ok;
    if (ok)
        check_report(check, LEVEL_OK, "files", NULL,
                     "nobody but root, and the account that keeps keys, could change one");
}
