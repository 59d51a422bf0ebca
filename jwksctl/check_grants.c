/* SPDX-License-Identifier: Apache-2.0 */
/* check_grants.c: grants: who could change one, who can read one, and can jwks-authorized-keys? */
#include "check.h"

#include <dirent.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

enum { PATH_SIZE = PATH_MAX + 2 * NAME_MAX };

/* jwks-authorized-keys has its account's rights, and says of what it may not read: there is none. */
static bool check_readable(struct check *check, const char *path, unsigned bits)
{
    struct stat found;

    if (check->keeper == NULL || lstat(path, &found) != 0 || check_may(check->keeper, &found, bits))
        return true;
    check_report(check, LEVEL_WARNING, "grants_dir",
                 "chgrp it to that of jwks-authorized-keys, and chmod g+r it, and g+x a folder",
                 "%s (mode %04o) keeps out %s, as whom grants are read", path,
                 (unsigned)found.st_mode & 07777, check->account);
    return false;
}

static bool check_grant(struct check *check, struct jwkscore_grants *grants, size_t index, const char *folder)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    const char *token;
    char path[PATH_SIZE];
    size_t length;

    snprintf(path, sizeof(path), "%s/%s", folder, jwkscore_grants_name(grants, index));
    if (jwkscore_grants_read(grants, index, &token, &length, &error) == JWKSCORE_OK)
        return check_readable(check, path, 4);
    check_report(check, LEVEL_ERROR, "grants_dir", "chown root and chmod go-w it, or remove it", "%s: %s",
                 folder, error.message);
    return false;
}

/* The files USER/NAME.jwt, as jwks-authorized-keys looks at them. */
static bool check_grants_of(struct check *check, const char *folder, const char *user)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    struct jwkscore_grants *grants = NULL;
    bool ok = true;

    if (jwkscore_account_valid(user) == 0) {
        check_report(check, LEVEL_WARNING, "grants_dir", "name a folder there by its account, or remove it",
                     "%s: no account can have that name, and nobody looks there", folder);
        return false;
    }
    if (jwkscore_grants_open(check->ctl->config, user, &grants, &error) != JWKSCORE_OK) {
        check_report(check, LEVEL_ERROR, "grants_dir", "chown -R root and chmod -R go-w it", "%s",
                     error.message);
        return false;
    }
    ok = check_readable(check, folder, 5);
    for (size_t i = 0; jwkscore_grants_name(grants, i) != NULL; i++)
        ok = check_grant(check, grants, i, folder) && ok;
    jwkscore_grants_free(grants);
    return ok;
}

/* A grant is a token, which is why nobody else is to read it. */
static bool check_secrecy(struct check *check, const char *path, const struct stat *found)
{
    bool is_for_all = (found->st_mode & S_IRWXO) != 0,
         is_for_group = (found->st_mode & S_IRWXG) != 0 && found->st_gid != 0 && check->keeper != NULL &&
                        found->st_gid != check->keeper->pw_gid;

    if (!is_for_all && !is_for_group)
        return true;
    check_report(
        check, LEVEL_WARNING, "grants_dir", "chmod o-rwx it, and chgrp it to that of jwks-authorized-keys",
        "%s (mode %04o, gid %lu) lets %s read it, and a grant is a token", path,
        (unsigned)found->st_mode & 07777, (unsigned long)found->st_gid, is_for_all ? "everybody" : "a group");
    return false;
}

bool check_grants(struct check *check)
{
    const char *path = check_option(check, "global", "grants_dir");
    DIR *folder = path == NULL ? NULL : opendir(path);
    const struct dirent *entry;
    struct stat found;
    char user[PATH_MAX + NAME_MAX];
    bool ok;

    if (folder == NULL)
        return true;
    ok = fstat(dirfd(folder), &found) != 0 || check_secrecy(check, path, &found);
    ok = check_readable(check, path, 1) && ok;
    while ((entry = readdir(folder)) != NULL) {
        snprintf(user, sizeof(user), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            ok = check_grants_of(check, user, entry->d_name) && ok;
    }
    closedir(folder);
    return ok;
}
