/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_nofile.c: whichever call to the system fails in a decision, the answer is the right one or says what is wrong,
 * never a yes for what is a no, and no descriptor is kept.
 *
 * Files, clocks, accounts, the pipe and the processes of a refresh: this program's definitions come before libc's, and
 * make each call fail in turn, once or from then on, with each error that it may have.  A read may also be short.
 */
#include "cachefile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- calls that fail --- */

enum { SHORT_READ = -1, ONLY_ONCE = 0, FROM_THEN_ON = 1, MOST = 2000, DESCRIPTORS = 64 };

static struct {
    bool on;
    int at;      /* the call that it happens to, from 0 */
    int number;  /* errno, or SHORT_READ */
    int repeats; /* ONLY_ONCE, FROM_THEN_ON */
    int seen;
    const char *struck; /* the call that failed first */
} faults;

static bool strike(const char *name)
{
    int now = faults.seen;

    if (!faults.on)
        return false;
    faults.seen++;
    if (now != faults.at && !(faults.repeats == FROM_THEN_ON && now > faults.at))
        return false;
    if (faults.struck == NULL)
        faults.struck = name;
    if (faults.number == SHORT_READ)
        return false;
    errno = faults.number;
    return true;
}

/* libc's function of the same name and type. */
#define THEIRS64(name)                                                                                       \
    ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, sizeof(long) == 8 ? #name : #name "64"))

int openat(int folder, const char *name, int flags, ...)
{
    return strike("openat") ? -1 : THEIRS64(openat)(folder, name, flags, 0600);
}

/* What _FORTIFY_SOURCE makes of it. */
int __openat_2(int folder, const char *name, int flags);
int __openat_2(int folder, const char *name, int flags)
{
    return openat(folder, name, flags);
}

int open(const char *name, int flags, ...)
{
    return strike("open") ? -1 : THEIRS64(openat)(AT_FDCWD, name, flags, 0600);
}

int fstat(int fd, struct stat *found)
{
    return strike("fstat") ? -1 : THEIRS64(fstat)(fd, found);
}

int fstatat(int folder, const char *name, struct stat *found, int flags)
{
    return strike("fstatat") ? -1 : THEIRS64(fstatat)(folder, name, found, flags);
}

int stat(const char *path, struct stat *found)
{
    return strike("stat") ? -1 : THEIRS64(fstatat)(AT_FDCWD, path, found, 0);
}

int lstat(const char *path, struct stat *found)
{
    return strike("lstat") ? -1 : THEIRS64(fstatat)(AT_FDCWD, path, found, AT_SYMLINK_NOFOLLOW);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    int at = faults.seen;

    if (strike("read"))
        return -1;
    return THEIRS(read)(
        fd, bytes, faults.on && faults.number == SHORT_READ && at == faults.at && size > 1 ? size / 2 : size);
}

ssize_t __read_chk(int fd, void *bytes, size_t size, size_t room);
ssize_t __read_chk(int fd, void *bytes, size_t size, size_t room)
{
    (void)room;
    return read(fd, bytes, size);
}

/* The descriptor is closed all the same, as on Linux. */
int close(int fd)
{
    int result = THEIRS(close)(fd);

    return strike("close") ? -1 : result;
}

int pipe2(int pipe[2], int flags)
{
    return strike("pipe2") ? -1 : THEIRS(pipe2)(pipe, flags);
}

int fcntl(int fd, int command, ...)
{
    va_list arguments;
    int argument;

    va_start(arguments, command);
    argument = va_arg(arguments, int);
    va_end(arguments);
    return strike("fcntl") ? -1 : THEIRS64(fcntl)(fd, command, argument);
}

int poll(struct pollfd *descriptors, nfds_t count, int timeout)
{
    return strike("poll") ? -1 : THEIRS(poll)(descriptors, count, timeout);
}

pid_t fork(void)
{
    return strike("fork") ? -1 : THEIRS(fork)();
}

pid_t _Fork(void)
{
    return strike("_Fork") ? -1 : THEIRS(_Fork)();
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    return strike("waitpid") ? -1 : THEIRS(waitpid)(pid, status, options);
}

/* Since Linux 2.6.39 it never fails; that it did for ever would be no time at all, and a wait without an end. */
int clock_gettime(clockid_t id, struct timespec *now)
{
    return faults.repeats == ONLY_ONCE && strike("clock_gettime") ? -1 : THEIRS(clock_gettime)(id, now);
}

/* Its result is the error. */
int getpwnam_r(const char *user, struct passwd *entry, char *room, size_t size, struct passwd **ret_found)
{
    *ret_found = NULL;
    return strike("getpwnam_r") ? errno : THEIRS(getpwnam_r)(user, entry, room, size, ret_found);
}

/* In the process that becomes the helper. */
int dup2(int from, int to)
{
    return strike("dup2") ? -1 : THEIRS(dup2)(from, to);
}

int chdir(const char *path)
{
    return strike("chdir") ? -1 : THEIRS(chdir)(path);
}

pid_t setsid(void)
{
    return strike("setsid") ? -1 : THEIRS(setsid)();
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    return strike("execve") ? -1 : THEIRS(execve)(path, argv, envp);
}

/* --- one question, and every call that may fail in it --- */

struct question {
    const char *path; /* of a jwks.conf to be read first; NULL: `config` */
    struct jwkscore_config *config;
    const char *token;
    enum jwkscore_status answer;
};

static const int all[] = {EIO, EMFILE, ENFILE, EACCES, ENOENT, EINTR, EAGAIN, ENOMEM, SHORT_READ, 0};
static const int some[] = {EIO, EMFILE, SHORT_READ,
                           0}; /* where helpers are started, each costs some milliseconds */
/* A file that is there and cannot be looked at.  What the disk cannot read is damaged, and has an older stand-in. */
static const int scarce[] = {EMFILE, ENFILE, ENOMEM, 0};

/* Under valgrind, to which one error is as good as the other; and a helper is given more time there. */
static bool is_slow(void)
{
    return getenv("JWKS_SLOW") != NULL;
}

static bool is_whole(const struct jwkscore_identity *identity)
{
    const char *account = jwkscore_identity_account(identity, 0);

    return account != NULL && strcmp(account, "nobody") == 0 &&
           jwkscore_identity_account(identity, 1) == NULL &&
           strcmp(jwkscore_identity_issuer(identity), "corp") == 0 &&
           strcmp(jwkscore_identity_subject(identity), "s-1001") == 0;
}

static enum jwkscore_status decide(const struct question *question, const struct jwkscore_config *config,
                                   struct jwkscore_error *error)
{
    struct jwkscore_identity *identity = NULL;
    struct jwkscore_request request = {.size = sizeof(request),
                                       .user = "nobody",
                                       .token = question->token,
                                       .token_length = strlen(question->token),
                                       .now = NOW,
                                       .max_wait = is_slow() ? 2000 : 300};
    enum jwkscore_status status = jwkscore_authenticate(config, &request, &identity, error);

    if ((status == JWKSCORE_OK) != (identity != NULL) || (identity != NULL && !is_whole(identity)))
        status = JWKSCORE_E_ARGUMENT; /* which no answer here is */
    jwkscore_identity_free(identity);
    return status;
}

static enum jwkscore_status ask(const struct question *question, struct jwkscore_error *error)
{
    struct jwkscore_config *config;
    enum jwkscore_status status;

    if (question->path == NULL)
        return decide(question, question->config, error);
    config = jwkscore_config_new();
    if (config == NULL)
        return JWKSCORE_E_ARGUMENT;
    status = jwkscore_config_load(config, question->path, error);
    if (status == JWKSCORE_OK)
        status = decide(question, config, error);
    jwkscore_config_free(config);
    return status;
}

static unsigned int descriptors(void)
{
    unsigned int count = 0;

    for (int fd = 0; fd < DESCRIPTORS; fd++)
        count += fcntl(fd, F_GETFD, 0) >= 0;
    return count;
}

/* All that this process has started. */
static void reap(void)
{
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

/* Of a no, every no and every fault is right; of a yes, what says that it could not be found out. */
static void judge(const struct question *question, enum jwkscore_status status,
                  const struct jwkscore_error *error)
{
    bool other = question->answer == JWKSCORE_OK ? jwkscore_classify(status) >= JWKSCORE_CLASS_UNAVAILABLE
                                                 : status != JWKSCORE_OK;

    ck_assert_msg(status != JWKSCORE_E_ARGUMENT && (status == question->answer || other),
                  "call %d (%s) fails with %d%s: %s: %s", faults.at, faults.struck, faults.number,
                  faults.repeats == FROM_THEN_ON ? " from then on" : "", jwkscore_reason(status),
                  error->message);
    ck_assert_msg(status == error->status, "call %d (%s): %s, and its error is %s", faults.at, faults.struck,
                  jwkscore_reason(status), jwkscore_reason(error->status));
}

static void fail_each_with(const struct question *question, int number, int repeats)
{
    int at;

    for (at = 0; at < MOST; at++) {
        struct jwkscore_error error = {JWKSCORE_OK, ""};
        unsigned int before = descriptors();
        enum jwkscore_status status;

        memset(&faults, 0, sizeof(faults));
        faults.at = at;
        faults.number = number;
        faults.repeats = repeats;
        faults.on = true;
        status = ask(question, &error);
        faults.on = false;
        reap();
        judge(question, status, &error);
        ck_assert_msg(descriptors() == before, "call %d (%s) fails with %d: %u descriptors, and %u before",
                      at, faults.struck, number, descriptors(), before);
        if (faults.struck == NULL) {
            ck_assert_status(status, question->answer);
            break;
        }
    }
    ck_assert_int_gt(at, 0);
    ck_assert_int_lt(at, MOST);
}

static void fail_each(const struct question *question, const int *numbers)
{
    for (const int *number = numbers; *number != 0; number++) {
        if (is_slow() && number != numbers && *number != SHORT_READ)
            continue;
        fail_each_with(question, *number, ONLY_ONCE);
        if (*number != EINTR && *number != SHORT_READ) /* what is always interrupted waits for ever */
            fail_each_with(question, *number, FROM_THEN_ON);
    }
}

/* --- what is asked --- */

static const char *good(void)
{
    return mint_good("EdDSA", "ed", mint_claims(NULL, NULL));
}

static const char *ed(void)
{
    return mint_jwk(mint_key_for("EdDSA"), "\"kid\":\"ed\"");
}

static const char *ec(void)
{
    return mint_jwk(mint_key_for("ES256"), "\"kid\":\"ec\"");
}

static void put_keys(const struct stage *stage, const char *folder, const char *suffix, int64_t age,
                     const char *gen, const char *keys)
{
    cachefile_put(stage, folder, suffix,
                  cachefile(stage, "keys", keys_head(stage, age, "gen", gen, NULL), keys));
}

START_TEST(configuration_map_and_keys_in_files)
{
    struct stage stage;

    room_write("corp.jwks", mint_jwks(ed()));
    room_write("corp.map", "nobody nobody\n");
    stage_open(&stage,
               textf("jwks_file = %s\nuser_map = %s\n", room_path("corp.jwks"), room_path("corp.map")));
    fail_each(&(struct question){room_path("jwks.conf"), NULL, good(), JWKSCORE_OK}, all);
    stage_close(&stage);
}
END_TEST

START_TEST(keys_in_the_cache)
{
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, "state", ".jwks", 10, "7", mint_jwks(ed()));
    fail_each(&(struct question){NULL, stage.config, good(), JWKSCORE_OK}, all);
    stage_close(&stage);
}
END_TEST

START_TEST(token_that_is_denied)
{
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, "state", ".jwks", 10, "7", mint_jwks(ed()));
    fail_each(
        &(struct question){NULL, stage.config,
                           mint_good("EdDSA", "ed", mint_claims("preferred_username", "\"daemon\"", NULL)),
                           JWKSCORE_E_USER},
        all);
    stage_close(&stage);
}
END_TEST

START_TEST(stale_keys_and_a_refresh_that_fails)
{
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, "state", ".jwks", 7200, "7", mint_jwks(ed()));
    plan("answer http-5xx 503 60\n");
    fail_each(&(struct question){NULL, stage.config, good(), JWKSCORE_OK}, some);
    stage_close(&stage);
}
END_TEST

/* --- a key that was withdrawn: no older set may stand in for the newest --- */

START_TEST(withdrawn_in_the_current_generation)
{
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, "state", ".jwks", 10, "7", mint_jwks(ec()));
    put_keys(&stage, "state", ".prev", 3000, "6", mint_jwks(ec(), ed()));
    plan("answer negative 0 60\n");
    fail_each(&(struct question){NULL, stage.config, good(), JWKSCORE_E_UNKNOWN_KEY}, scarce);
    stage_close(&stage);
}
END_TEST

START_TEST(withdrawn_in_the_overflow_copy)
{
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, "run", ".jwks", 10, "8", mint_jwks(ec()));
    put_keys(&stage, "state", ".jwks", 3000, "7", mint_jwks(ec(), ed()));
    plan("answer negative 0 60\n");
    fail_each(&(struct question){NULL, stage.config, good(), JWKSCORE_E_UNKNOWN_KEY}, scarce);
    stage_close(&stage);
}
END_TEST

int main(int argc, char **argv)
{
    if (IS_HELPER(argc, argv))
        return helper_main(argc, argv, NULL);
    if (!stage_possible())
        return 77;
    mint_early();
    return RUN_IN_ROOM("nofile", configuration_map_and_keys_in_files, keys_in_the_cache, token_that_is_denied,
                       stale_keys_and_a_refresh_that_fails, withdrawn_in_the_current_generation,
                       withdrawn_in_the_overflow_copy);
}
