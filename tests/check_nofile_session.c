/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_nofile_session.c: whichever call to the system fails at the session phase of a login by key, a session of ours
 * has its end or is refused, a login that is not ours goes on, and no descriptor is kept.
 *
 * As in check_nofile: this program's definitions come before libc's, for the module as well.
 */
#include "pam_host.h"

#include "pam_client.h"
#include "pam_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <string.h>
#include <unistd.h>

enum { ONLY_ONCE, FROM_THEN_ON, MOST = 1000, DESCRIPTORS = 64 };

static struct {
    bool on;
    int at, seen; /* the call that fails, and how many there were, from 0 */
    int number, repeats;
} faults;

static bool strike(void)
{
    int now = faults.seen;

    if (!faults.on)
        return false;
    faults.seen++;
    if (now != faults.at && (faults.repeats == ONLY_ONCE || now < faults.at))
        return false;
    errno = faults.number;
    return true;
}

int openat(int folder, const char *name, int flags, ...)
{
    return strike() ? -1 : THEIRS(openat)(folder, name, flags, 0600);
}

/* What _FORTIFY_SOURCE makes of it. */
int __openat_2(int folder, const char *name, int flags);
int __openat_2(int folder, const char *name, int flags)
{
    return openat(folder, name, flags);
}

int fstat(int fd, struct stat *found)
{
    return strike() ? -1 : THEIRS(fstat)(fd, found);
}

int fstatat(int folder, const char *name, struct stat *found, int flags)
{
    return strike() ? -1 : THEIRS(fstatat)(folder, name, found, flags);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    return strike() ? -1 : THEIRS(read)(fd, bytes, size);
}

ssize_t __read_chk(int fd, void *bytes, size_t size, size_t room);
ssize_t __read_chk(int fd, void *bytes, size_t size, size_t room)
{
    (void)room;
    return read(fd, bytes, size);
}

int getpwnam_r(const char *user, struct passwd *entry, char *room, size_t size, struct passwd **ret_found)
{
    *ret_found = NULL;
    return strike() ? errno : THEIRS(getpwnam_r)(user, entry, room, size, ret_found);
}

/* What is said is not what is asked here, and must not be a call that fails. */
void pam_syslog(const pam_handle_t *handle, int priority, const char *format, ...)
{
    (void)handle, (void)priority, (void)format;
}

static bool limited;

int pam_set_data(pam_handle_t *handle, const char *name, void *data,
                 void (*clear)(pam_handle_t *, void *, int))
{
    if (strcmp(name, "systemd.runtime_max_sec") == 0)
        limited = strcmp(data, "600") == 0;
    return THEIRS(pam_set_data)(handle, name, data, clear);
}

static unsigned int descriptors(void)
{
    unsigned int count = 0;

    for (int fd = 0; fd < DESCRIPTORS; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* A session after this login, with the fault that `faults` describes. */
static int open_session(const char *info)
{
    static struct client client;
    static const struct pam_conv conv = {client_converse, &client};
    unsigned int before;
    pam_handle_t *pamh;
    int code;

    limited = false;
    memset(&client, 0, sizeof(client));
    ck_assert_int_eq(pam_start_confdir("jwks-test", host_user(), &conv, room_path("pam.d"), &pamh),
                     PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS); /* the stack is read, and the module in memory */
    ck_assert_int_eq(pam_putenv(pamh, info), PAM_SUCCESS);
    before = descriptors();
    faults.seen = 0;
    faults.on = true;
    code = pam_open_session(pamh, 0);
    faults.on = false;
    ck_assert_uint_eq(descriptors(), before);
    for (unsigned int i = 0; i < client.messages && i < CLIENT_SHOWN; i++)
        ck_assert(!client_leaked(&client, client.message[i]));
    ck_assert_int_eq(pam_end(pamh, code), PAM_SUCCESS);
    return code;
}

/* `ours`: with its end, or refused; and refused at least once.  Else never refused, and never with an end. */
static void fail_each(const char *key, bool ours)
{
    static const int numbers[] = {EIO, EMFILE, ENFILE, EACCES, ENOENT, EINTR, ENOMEM};
    const char *info = textf("SSH_AUTH_INFO_0=%s", key);
    unsigned int refused = 0;

    for (size_t i = 0; i < 2 * ARRAY_LENGTH(numbers); i++) {
        faults.number = numbers[i / 2];
        faults.repeats = i % 2 == 0 ? ONLY_ONCE : FROM_THEN_ON;
        if (faults.number == EINTR &&
            faults.repeats == FROM_THEN_ON) /* what is always interrupted waits for ever */
            continue;
        for (faults.at = 0, faults.seen = MOST; faults.at < faults.seen; faults.at++) {
            int code = open_session(info);

            ck_assert_msg(ours ? code == (limited ? PAM_SUCCESS : PAM_SESSION_ERR)
                               : code == PAM_SUCCESS && !limited,
                          "call %d fails with %d: PAM code %d", faults.at, faults.number, code);
            refused += code != PAM_SUCCESS;
        }
    }
    ck_assert((refused > 0) == ours);
}

START_TEST(login_by_key_of_ours)
{
    host_make();
    host_conf("[service jwks-test]\nsession_limit = yes\n");
    fail_each(host_key(.token = host_bound_token(textf("%jd", (intmax_t)NOW + 600))), true);
}
END_TEST

START_TEST(other_logins_by_key)
{
    host_make();
    host_conf("[service jwks-test]\nsession_limit = yes\n");
    fail_each(host_key(.token = NULL), false);
    fail_each(host_key(.token = host_bound_token(textf("%jd", (intmax_t)NOW + 600)), .by_another = true),
              false);
}
END_TEST

int main(void)
{
    mint_early();
    return RUN_IN_ROOM("nofile_session", login_by_key_of_ours, other_logins_by_key);
}
