/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.c: a program that asks PAM from a process in bad shape, and says what PAM said and what it changed (E4).
 *
 *     host SERVICE USER TOKEN-FILE [SPOIL...]
 *
 * Every prompt gets the whole token.  Spoils, in the order in which they are done:
 *
 *     RESOURCE=N    soft and hard limit; RESOURCE is core fsize nofile nproc stack data; 9 of nofile is descriptors 0 to 8
 *     as=N          that many KiB of memory more than are used once the module is loaded
 *     umask=OCTAL   close=012 (these of the standard descriptors)   open (descriptors that are inherited)
 *     block (all signals)   ignore (all signals)   handle (SIGCHLD has a handler that reaps)   deleted (current folder)
 *
 * The answer goes to standard output as it was in the beginning: `pam: CODE`, `LOGGED-IN as USER`, and a line
 * `changed: WHAT` for everything that is not as it was.  Exit status: 0 only if PAM said yes and nothing was changed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <openssl/err.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

enum {
    TOKEN_SIZE = 32768,
    DESCRIPTORS = 1024,
    SIGNALS = 64,
    OUT = 900,
    LIMITS = RLIM_NLIMITS,
    TEXT = 512,
    PAGE_KIB = 4
};

extern char **environ;

static char token[TOKEN_SIZE];

static void say(const char *prefix, const char *what)
{
    char line[TEXT];
    int length = snprintf(line, sizeof(line), "%s%s\n", prefix, what);

    if (length >= (int)sizeof(line))
        length = sizeof(line) - 1;
    if (length < 0 || write(OUT, line, (size_t)length) != length)
        _exit(3);
}

static _Noreturn void give_up(const char *what)
{
    say("host: ", what);
    _exit(2);
}

/* --- what PAM must leave as it was --- */

struct action {
    unsigned long handler, flags, restorer, mask;
};
struct state {
    struct action actions[SIGNALS + 1];
    sigset_t mask;
    struct stat folder;
    mode_t umask;
    struct {
        int flags;
        dev_t device;
        ino_t file;
    } descriptors[DESCRIPTORS];
    char locale[TEXT];
    size_t environment;
    struct rlimit limits[LIMITS];
    struct itimerval timer;
    bool has_children;
    int dumpable;
    unsigned long error;
};

static size_t sum_environment(void)
{
    size_t sum = (size_t)environ;

    for (char **variable = environ; variable != NULL && *variable != NULL; variable++)
        for (const char *c = *variable; *c != '\0'; c++)
            sum = sum * 31 + (unsigned char)*c;
    return sum;
}

/* Without a descriptor and without memory: there may be none left. */
static void look(struct state *state)
{
    memset(state, 0, sizeof(*state));
    for (int number = 1; number <= SIGNALS; number++)
        syscall(SYS_rt_sigaction, number, NULL, &state->actions[number], SIGNALS / 8);
    sigprocmask(SIG_BLOCK, NULL, &state->mask);
    stat(".", &state->folder);
    state->umask = umask(0);
    umask(state->umask);
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        struct stat file = {0};

        state->descriptors[fd].flags = fcntl(fd, F_GETFD);
        if (state->descriptors[fd].flags >= 0 && fstat(fd, &file) == 0) {
            state->descriptors[fd].device = file.st_dev;
            state->descriptors[fd].file = file.st_ino;
        }
    }
    snprintf(state->locale, sizeof(state->locale), "%s", setlocale(LC_ALL, NULL));
    state->environment = sum_environment();
    for (int resource = 0; resource < LIMITS; resource++)
        getrlimit((__rlimit_resource_t)resource, &state->limits[resource]);
    getitimer(ITIMER_REAL, &state->timer);
    state->timer.it_value.tv_usec = 0;
    state->timer.it_value.tv_sec /= 100; /* it runs on, from 199 */
    state->has_children = waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
    state->dumpable = prctl(PR_GET_DUMPABLE);
    state->error = ERR_peek_last_error();
}

static unsigned int compare(const struct state *before, const struct state *after)
{
#define PART(member)                                                                                         \
    {                                                                                                        \
#member, offsetof(struct state, member), sizeof(before->member)                                      \
    }
    static const struct {
        const char *name;
        size_t offset, size;
    } parts[] = {
        PART(actions),     PART(mask),         PART(folder.st_ino), PART(umask),
        PART(descriptors), PART(locale),       PART(environment),   PART(limits),
        PART(timer),       PART(has_children), PART(dumpable),      PART(error),
    };
#undef PART
    unsigned int changes = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (memcmp((const char *)before + parts[i].offset, (const char *)after + parts[i].offset,
                   parts[i].size) != 0) {
            say("changed: ", parts[i].name);
            changes++;
        }
    return changes;
}

/* --- the spoils --- */

static void reap(int number)
{
    int before = errno;

    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = before;
}

static void set_limit(__rlimit_resource_t resource, rlim_t limit)
{
    if (setrlimit(resource, &(struct rlimit){limit, limit}) != 0)
        give_up("setrlimit");
}

static bool limit_by(const char *spoil)
{
    static const struct {
        const char *name;
        __rlimit_resource_t resource;
    } resources[] = {
        {"core=", RLIMIT_CORE},   {"fsize=", RLIMIT_FSIZE}, {"nofile=", RLIMIT_NOFILE},
        {"nproc=", RLIMIT_NPROC}, {"stack=", RLIMIT_STACK}, {"data=", RLIMIT_DATA},
    };

    for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++)
        if (strncmp(spoil, resources[i].name, strlen(resources[i].name)) == 0) {
            set_limit(resources[i].resource, strtoul(strchr(spoil, '=') + 1, NULL, 10));
            return true;
        }
    return false;
}

static void lose_folder(void)
{
    char path[] = "/var/tmp/jwks-gone.XXXXXX";

    if (mkdtemp(path) == NULL || chdir(path) != 0 || rmdir(path) != 0)
        give_up("deleted");
}

/* Those for which libc says no are the kernel's to ignore. */
static void ignore_all(void)
{
    static const struct action ignored = {.handler = (unsigned long)SIG_IGN};

    for (int number = 1; number <= SIGNALS; number++)
        syscall(SYS_rt_sigaction, number, &ignored, NULL, SIGNALS / 8);
}

static void block_all(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void spoil(const char *what)
{
    if (strncmp(what, "umask=", 6) == 0)
        umask((mode_t)strtoul(what + 6, NULL, 8));
    else if (strncmp(what, "close=", 6) == 0)
        for (const char *c = what + 6; *c != '\0'; c++)
            close(*c - '0');
    else if (strcmp(what, "open") == 0 && (dup2(OUT, 4) != 4 || dup2(OUT, 50) != 50 || dup2(OUT, 300) != 300))
        give_up(what);
    else if (strcmp(what, "block") == 0)
        block_all();
    else if (strcmp(what, "ignore") == 0)
        ignore_all();
    else if (strcmp(what, "handle") == 0)
        signal(SIGCHLD, reap);
    else if (strcmp(what, "deleted") == 0)
        lose_folder();
    else if (strcmp(what, "open") != 0 && strncmp(what, "as=", 3) != 0 && !limit_by(what))
        give_up(what);
}

/* Once libpam has loaded the module; before, its loading would fail, which is nothing of ours. */
static void limit_memory(char *const *spoils)
{
    char text[TEXT] = "";
    int fd;

    for (; *spoils != NULL && strncmp(*spoils, "as=", 3) != 0; spoils++)
        ;
    if (*spoils == NULL)
        return;
    fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
        give_up("statm");
    close(fd);
    set_limit(RLIMIT_AS, (strtoul(text, NULL, 10) * PAGE_KIB + strtoul(*spoils + 3, NULL, 10)) * 1024);
}

/* --- PAM --- */

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    (void)data;
    *responses = calloc((size_t)count, sizeof(**responses));
    if (*responses == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            (*responses)[i].resp = strdup(token);
    return PAM_SUCCESS;
}

static void no_delay(int result, unsigned int microseconds, void *data)
{
    (void)result, (void)microseconds, (void)data;
}

static void read_token(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, token, sizeof(token) - 1);

    if (length < 0)
        give_up(path);
    token[length] = '\0';
    close(fd);
}

static int login(pam_handle_t *pamh)
{
    int result = pam_set_item(pamh, PAM_FAIL_DELAY, (const void *)no_delay);

    if (result == PAM_SUCCESS)
        result = pam_authenticate(pamh, 0);
    if (result == PAM_SUCCESS)
        result = pam_acct_mgmt(pamh, 0);
    return result;
}

int main(int argc, char **argv)
{
    static const struct pam_conv conversation = {converse, NULL};
    static struct state before, after;
    pam_handle_t *pamh = NULL;
    char code[TEXT];
    int result;

    if (argc < 4 || dup2(STDOUT_FILENO, OUT) != OUT)
        return 2;
    read_token(argv[3]);
    if (setlocale(LC_ALL, "") == NULL)
        say("host: no locale ", getenv("LC_ALL"));
    syslog(LOG_AUTHPRIV | LOG_DEBUG, "host: begins"); /* libc keeps the socket */
    for (char **what = argv + 4; *what != NULL; what++)
        spoil(*what);
    alarm(199); /* as sshd's LoginGraceTime */
    result = pam_start(argv[1], argv[2], &conversation, &pamh);
    ERR_raise(ERR_LIB_USER, ERR_R_OPERATION_FAIL);
    limit_memory(argv + 4);
    look(&before);
    if (result == PAM_SUCCESS)
        result = login(pamh);
    look(&after);
    snprintf(code, sizeof(code), "%d", result);
    say("pam: ", code);
    if (result == PAM_SUCCESS)
        say("LOGGED-IN as ", argv[2]);
    result |= (int)compare(&before, &after);
    ERR_clear_error();
    pam_end(pamh, result);
    _exit(result == 0 ? 0 : 1);
}
