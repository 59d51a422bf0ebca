/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine_probe.c: loaded into jwks-fetch by tests/confine.sh; tries what is forbidden, and says how it went.
 *
 * It stands in for two functions that are called where strangers' bytes are: curl_easy_perform in the network
 * child, fsync in the writer.  A line for each try on standard error: WHO WHAT, and `allowed` or the errno.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *mode, *folder; /* what to do, and where files may be tried */

/* jwks-fetch throws its environment away. */
__attribute__((constructor)) static void remember(void)
{
    const char *value = getenv("PROBE"), *where = getenv("PROBE_FOLDER");

    mode = value != NULL ? strdup(value) : "";
    folder = where != NULL ? strdup(where) : "/nonexistent";
}

static void say(const char *who, const char *what, long result)
{
    dprintf(STDERR_FILENO, "%s %s %s\n", who, what, result >= 0 ? "allowed" : strerrorname_np(errno));
}

static const char *in_folder(const char *name)
{
    static char path[4096];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void say_environment(const char *who)
{
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++)
        dprintf(STDERR_FILENO, "%s environment %s\n", who, *variable);
}

static void try_fork(const char *who)
{
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

    if (pid == 0)
        _exit(0);
    say(who, "clone", pid);
    pid = fork(); /* by clone3 or clone, as libc likes */
    if (pid == 0)
        _exit(0);
    say(who, "fork", pid);
    say(who, "clone3", syscall(SYS_clone3, NULL, 0));
}

static void try_files(const char *who)
{
    const char *there = in_folder("there");
    char other[4096];

    snprintf(other, sizeof(other), "%s", in_folder("other"));
    there = in_folder("there");
    say(who, "read", open(there, O_RDONLY));
    say(who, "write", open(there, O_WRONLY));
    say(who, "read-write", open(there, O_RDWR));
    say(who, "create", open(other, O_RDONLY | O_CREAT, 0600));
    say(who, "unnamed", open(folder, O_TMPFILE | O_RDWR, 0600));
    say(who, "openat2", syscall(SYS_openat2, AT_FDCWD, there, NULL, 0));
    say(who, "truncate", truncate(there, 0));
    say(who, "unlink", unlink(there));
    say(who, "rename", rename(there, other));
    say(who, "renameat2", renameat2(AT_FDCWD, there, AT_FDCWD, other, RENAME_EXCHANGE));
    say(who, "link", link(there, other));
    say(who, "symlink", symlink("x", other));
    say(who, "mkdir", mkdir(other, 0700));
    say(who, "chmod", chmod(there, 0666));
    say(who, "chown", chown(there, getuid(), getgid()));
    say(who, "utimes", utimes(there, NULL));
    say(who, "flock", flock(open(there, O_RDONLY), LOCK_EX | LOCK_NB));
}

static void try_kernel(const char *who)
{
    say(who, "unshare", unshare(CLONE_NEWUSER));
    say(who, "clone-newuser", syscall(SYS_clone, CLONE_NEWUSER | CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0));
    say(who, "io_uring", syscall(SYS_io_uring_setup, 0, NULL));
    say(who, "keyctl", syscall(SYS_keyctl, 0, -3, 1));
    say(who, "bpf", syscall(SYS_bpf, 0, NULL, 0));
    say(who, "mount", syscall(SYS_mount, NULL, NULL, NULL, 0, NULL));
    say(who, "perf_event_open", syscall(SYS_perf_event_open, NULL, 0, 0, -1, 0));
    say(who, "userfaultfd", syscall(SYS_userfaultfd, 0));
}

static void try_others(const char *who)
{
    const struct rlimit none = {0, 0};

    say(who, "kill", kill(getppid(), 0));
    say(who, "kill-all", kill(-1, 0));
    say(who, "tgkill", tgkill(getppid(), getppid(), 0));
    say(who, "kill-self", kill(getpid(), 0));
    say(who, "ptrace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
    say(who, "process_vm_readv", process_vm_readv(getppid(), NULL, 0, NULL, 0, 0));
    say(who, "prlimit", prlimit(getppid(), RLIMIT_CORE, &none, NULL));
    say(who, "getrlimit", prlimit(0, RLIMIT_CORE, NULL, NULL));
    say(who, "pidfd_open", syscall(SYS_pidfd_open, getppid(), 0));
    say(who, "pdeathsig", prctl(PR_SET_PDEATHSIG, 0));
}

/* A socket that would stop its owner's parent, or the parent's parent, which holds the lock. */
static void try_owners(const char *who)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0), parent = getppid();
    const struct f_owner_ex owner = {F_OWNER_PID, parent};

    say(who, "setsig", fcntl(fd, F_SETSIG, SIGSTOP));
    say(who, "setown", fcntl(fd, F_SETOWN, parent));
    say(who, "setown-disguised", syscall(SYS_fcntl, fd, (1L << 32) + F_SETOWN, parent));
    say(who, "setown-ex", fcntl(fd, F_SETOWN_EX, &owner));
    say(who, "fiosetown", ioctl(fd, FIOSETOWN, &parent));
    say(who, "siocspgrp", ioctl(fd, SIOCSPGRP, &parent));
    say(who, "lease", fcntl(open(in_folder("there"), O_RDONLY), F_SETLEASE, F_RDLCK));
    say(who, "nonblocking", fcntl(fd, F_SETFL, O_NONBLOCK));
    close(fd);
}

static void try_sockets(const char *who)
{
    static const struct {
        const char *name;
        long family, protocol;
    } sockets[] = {{"unix", AF_UNIX, 0},       {"inet", AF_INET, 0},    {"inet6", AF_INET6, 0},
                   {"route", AF_NETLINK, 0},   {"audit", AF_NETLINK, 9}, {"packet", AF_PACKET, 0},
                   {"vsock", 40, 0},           {"alg", 38, 0},          {"ax25", 3, 0},
                   {"disguised", (1L << 32) + 40, 0}};
    char name[32];

    for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        snprintf(name, sizeof(name), "socket-%s", sockets[i].name);
        say(who, name, syscall(SYS_socket, sockets[i].family, SOCK_DGRAM, sockets[i].protocol));
    }
    say(who, "socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0, 0}));
}

/* Landlock's own: seccomp lets them pass. */
static void try_ports(const char *who)
{
    const struct sockaddr_in any = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    say(who, "landlock-version", syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 4 ? 0 : -1);
    say(who, "bind-tcp", bind(fd, (const struct sockaddr *)&any, sizeof(any)));
    say(who, "listen", listen(fd, 1));
    close(fd);
}

static void *nothing(void *argument)
{
    return argument;
}

static void try_thread(const char *who)
{
    pthread_t thread;

    errno = pthread_create(&thread, NULL, nothing, NULL);
    say(who, "thread", errno == 0 ? 0 : -1);
    if (errno == 0)
        pthread_join(thread, NULL);
}

static void try_all(const char *who)
{
    say_environment(who);
    try_fork(who);
    try_kernel(who);
    try_sockets(who);
}

/* A child that would outlive everybody. */
static void linger(void)
{
    pid_t pid = fork();

    say("network", "fork", pid);
    if (pid == 0)
        setsid();
    for (;;)
        pause();
}

static void run_program(const char *who)
{
    char *const arguments[] = {"true", NULL};

    dprintf(STDERR_FILENO, "%s tries execve\n", who);
    execve("/bin/true", arguments, NULL);
    say(who, "execve", -1);
}

int curl_easy_perform(void *curl);
int curl_easy_perform(void *curl)
{
    int (*real)(void *);

    *(void **)&real = dlsym(dlopen("libcurl.so.4", RTLD_NOW | RTLD_NOLOAD), "curl_easy_perform");
    if (strcmp(mode, "all") == 0) {
        try_all("network");
        try_files("network");
        try_others("network");
        try_owners("network");
        try_ports("network");
        try_thread("network");
    } else if (strcmp(mode, "linger") == 0) {
        linger();
    } else if (strcmp(mode, "exec") == 0) {
        run_program("network");
    }
    return real(curl);
}

int fsync(int fd)
{
    static bool done;

    if (!done && strcmp(mode, "all") == 0)
        try_all("writer");
    if (!done && strcmp(mode, "exec-writer") == 0)
        run_program("writer");
    done = true;
    return (int)syscall(SYS_fsync, fd);
}
