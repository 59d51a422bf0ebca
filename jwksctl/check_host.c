/* SPDX-License-Identifier: Apache-2.0 */
/* check_host.c: what the host must have: the account that keeps the keys, a clock that is right, and a timer. */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

/* --- the account --- */

static bool is_no_login_shell(const char *shell)
{
    const char *slash = strrchr(shell, '/'), *name = slash == NULL ? shell : slash + 1;

    return strcmp(name, "nologin") == 0 || strcmp(name, "false") == 0;
}

/* Only root can look; nobody else is told that there is none. */
static bool has_password(const struct passwd *account)
{
    const struct spwd *shadow = getspnam(account->pw_name);

    return shadow != NULL && shadow->sp_pwdp[0] != '!' &&
           shadow->sp_pwdp[0] != '*'; /* "" is a password that everybody knows */
}

/* True where there is nothing to say against it. */
static bool check_entry(struct check *check, const struct passwd *keeper)
{
    bool ok = true;

    if (keeper->pw_uid == 0) {
        check_report(check, LEVEL_ERROR, "account", "give the account a uid of its own",
                     "%s has uid 0, and jwks-fetch never runs as root", check->account);
        return false;
    }
    if (!is_no_login_shell(keeper->pw_shell)) {
        check_report(check, LEVEL_WARNING, "account", "usermod -s /usr/sbin/nologin, for that account",
                     "%s has the login shell %s, and whoever is %s decides who logs in", check->account,
                     keeper->pw_shell[0] != '\0' ? keeper->pw_shell : "/bin/sh", check->account);
        ok = false;
    }
    if (has_password(keeper)) {
        check_report(check, LEVEL_WARNING, "account", "usermod -L, for that account",
                     "%s has a password, and whoever is %s decides who logs in", check->account,
                     check->account);
        ok = false;
    }
    return ok;
}

/* The folder's owner is who writes keys, whatever the account is called. */
static bool check_owned(struct check *check, const char *key, uid_t wanted)
{
    const char *path = check_option(check, "global", key);
    struct stat found;

    if (path == NULL || stat(path, &found) != 0 || found.st_uid == wanted)
        return true;
    check_report(check, LEVEL_ERROR, "account", "chown -R it to that account, or mend state_dir and run_dir",
                 "%s (%s) belongs to uid %lu and not to %s (uid %lu)%s", path, key,
                 (unsigned long)found.st_uid, check->account, (unsigned long)wanted,
                 found.st_uid == 0 ? "; keys are never fetched as root" : "");
    return false;
}

void check_account(struct check *check)
{
    const struct passwd *keeper = check->keeper;
    bool ok;

    if (keeper == NULL) {
        check_report(check, LEVEL_ERROR, "account",
                     "systemd-sysusers && systemd-tmpfiles --create, or useradd -r -M -d /nonexistent -s "
                     "/usr/sbin/nologin",
                     "there is no account %s, so nobody can fetch or keep keys", check->account);
        return;
    }
    ok = check_entry(check, keeper);
    ok = check_owned(check, "state_dir", keeper->pw_uid) && ok;
    ok = check_owned(check, "run_dir", keeper->pw_uid) && ok;
    if (ok)
        check_report(check, LEVEL_OK, "account", NULL, "%s (uid %lu) keeps the keys and cannot log in",
                     check->account, (unsigned long)keeper->pw_uid);
}

/* --- the clock --- */

void check_clock(struct check *check)
{
    struct timex clock = {.modes = 0}; /* only asks */
    int state = ntp_adjtime(&clock);

    if (state < 0)
        check_report(check, LEVEL_WARNING, "clock",
                     "look at the clock of the host that this container runs on",
                     "it cannot be said whether it is synchronised: adjtimex: %s", strerrordesc_np(errno));
    else if (state == TIME_ERROR)
        check_report(check, LEVEL_WARNING, "clock",
                     "timedatectl set-ntp true, or chrony; for a container, on the host that it runs on",
                     "the kernel does not say that it is synchronised, and a token's times are judged by it");
    else
        check_report(check, LEVEL_OK, "clock", NULL, "the kernel says that it is synchronised");
}

/* --- refreshes ahead of need --- */

static bool has_timer(const struct check *check)
{
    char *path = NULL;
    struct stat found;
    bool ok = asprintf(&path, "%s/timers.target.wants/jwks-refresh.timer", check->units_dir) > 0 &&
              stat(path, &found) == 0; /* a link that leads nowhere is no timer */

    free(path);
    return ok;
}

static bool starts_fetch(const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    bool found = false;

    while (file != NULL && !found && getline(&line, &size, file) >= 0)
        found = line[strspn(line, " \t")] != '#' && strstr(line, "jwks-fetch") != NULL;
    free(line);
    if (file != NULL)
        (void)fclose(file);
    return found;
}

/* A name with a dot is passed over by cron(8). */
static bool has_crontab(const struct check *check)
{
    DIR *folder = opendir(check->cron_dir);
    const struct dirent *entry;
    bool found = false;

    while (folder != NULL && !found && (entry = readdir(folder)) != NULL) {
        char *path = NULL;

        found = strchr(entry->d_name, '.') == NULL &&
                asprintf(&path, "%s/%s", check->cron_dir, entry->d_name) > 0 && starts_fetch(path);
        free(path);
    }
    if (folder != NULL)
        closedir(folder);
    return found;
}

void check_schedule(struct check *check)
{
    if (has_timer(check))
        check_report(check, LEVEL_OK, "schedule", NULL, "jwks-refresh.timer is enabled");
    else if (has_crontab(check))
        check_report(check, LEVEL_OK, "schedule", NULL, "%s starts jwks-fetch", check->cron_dir);
    else
        check_report(
            check, LEVEL_WARNING, "schedule",
            "systemctl enable --now jwks-refresh.timer, or copy examples/cron.d/pam-jwks to /etc/cron.d",
            "nothing fetches keys ahead of need: logins fetch them, and wait where they are stale");
}
