/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c: what this process may be and do, and its clocks.
 *
 * It is started out of sshd, sudo, a timer or by hand, so nothing that it inherits is taken for granted:
 * environment, signals, descriptors, limits, umask.
 */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CPU_SECONDS = 5 };

/* Descriptors 0, 1 and 2 are something, so that no file of ours becomes one of them. */
static void open_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* A user's `ulimit -f 0` reaches us through sudo; what the hard limit allows is ours. */
static void raise_limit(__rlimit_resource_t resource)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(resource, &limit);
    }
}

void process_close_from(unsigned first)
{
    if (syscall(SYS_close_range, first, ~0U, 0) == 0)
        return;
    for (long fd = (long)first; fd < sysconf(_SC_OPEN_MAX) && fd < 65536; fd++)
        close((int)fd);
}

void process_begin(void)
{
    sigset_t none;

    /* libcurl and OpenSSL read proxies, certificate stores, key logs and their configuration from it */
    clearenv();
    setenv("PATH", "/usr/bin:/bin", 1);
    setenv("LANG", "C", 1);
    open_standard();
    process_close_from(REFRESH_ANSWER_FD + 1);
    umask(022);
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    sigprocmask(SIG_SETMASK, &none, NULL);
    raise_limit(RLIMIT_FSIZE);
    raise_limit(RLIMIT_NOFILE);
}

/* One id, and not root's, in all places: with another saved id it could come back. */
static bool has_one_id(void)
{
    uid_t real, effective, saved;
    gid_t real_group, effective_group, saved_group;

    return getresuid(&real, &effective, &saved) == 0 &&
           getresgid(&real_group, &effective_group, &saved_group) == 0 && effective != 0 &&
           real == effective && saved == effective && real_group == effective_group &&
           saved_group == effective_group;
}

/*
 * None may be permitted.  What is only inheritable (old container engines set some) is dropped, but only
 * where it is there: the timer's system call filter refuses capset.
 */
static bool has_no_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (syscall(SYS_capget, &header, data) != 0 || (data[0].permitted | data[1].permitted) != 0)
        return false;
    return (data[0].inheritable | data[1].inheritable) == 0 || syscall(SYS_capset, &header, none) == 0;
}

bool process_drop_rights(void)
{
    const struct rlimit no_core = {0, 0}, cpu = {CPU_SECONDS, CPU_SECONDS};

    return has_one_id() && has_no_capability() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && /* nor may the network child, of the same uid, look into it */
           setrlimit(RLIMIT_CORE, &no_core) == 0 && setrlimit(RLIMIT_CPU, &cpu) == 0;
}

/* An alarm that was set before us, by whoever started us, is not put off. */
void process_limit_life(unsigned seconds)
{
    unsigned left = alarm(seconds);

    if (left != 0 && left < seconds)
        alarm(left);
}

int64_t process_wall(void)
{
    return jwkscore_now();
}

/* For names that nobody should guess and for spreading hosts; without the kernel's, the clock must do. */
uint64_t process_random(void)
{
    uint64_t random;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) == (ssize_t)sizeof(random))
        return random;
    return (uint64_t)clock_boot_ms() * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)getpid();
}

void process_kill(pid_t child)
{
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue; /* cppcheck-suppress redundantContinue ; an empty body that can be seen */
}

void process_sleep(int64_t milliseconds)
{
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    nanosleep(&time, NULL);
}

bool process_write_all(int fd, const void *bytes, size_t length)
{
    const char *from = bytes;

    while (length > 0) {
        ssize_t n = write(fd, from, length);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            from += n;
            length -= (size_t)n;
        }
    }
    return true;
}
