/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c: what each process of a fetch can no longer do, once strangers' bytes may come to it (CACHE 10).
 *
 * The writer keeps the cache and gives up sockets.  The starter and its network children keep sockets and
 * give up every way to write a file.  Each is forbidden twice where the kernel can: Landlock knows files
 * however they are reached, seccomp (syscalls.c) knows system calls that Landlock does not.
 */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    DESCRIPTORS_MAX = 64,
    MEMORY_MORE = 256 * 1024 * 1024, /* several times its need */
};

/*
 * Address space in use: what the limit is set above, since sanitizers and valgrind have their own idea of
 * it.
 */
static rlim_t mapped_octets(void)
{
    char line[128] = "";
    int fd CLEANUP(fd_closep) = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, line, sizeof(line) - 1) <= 0)
        return 0;
    return (rlim_t)strtoull(line, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* struct landlock_ruleset_attr as of version 6, and rights that are younger than some headers. */
struct ruleset {
    uint64_t files, network, scopes;
};
#define TRUNCATE (UINT64_C(1) << 14)
#define DEVICE_IOCTL (UINT64_C(1) << 15)
#define BIND_TCP (UINT64_C(1) << 0)
#define ABSTRACT_SOCKETS (UINT64_C(1) << 0)
#define SIGNALS (UINT64_C(1) << 1)

/* What of it this kernel knows; it refuses the rest. */
static struct ruleset forbidden_rights(long version)
{
    struct ruleset rules = {
        .files = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_EXECUTE};

    rules.files |= version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    rules.files |= version >= 3 ? TRUNCATE : 0;
    rules.network = version >= 4 ? BIND_TCP : 0;
    rules.files |= version >= 5 ? DEVICE_IOCTL : 0;
    rules.scopes = version >= 6 ? ABSTRACT_SOCKETS | SIGNALS : 0;
    return rules;
}

/*
 * No file can be opened for writing, made, renamed, removed or run, no port be taken, nobody outside be
 * signalled: the child has the writer's uid, and a file size of 0 does not keep it from a mapping.  Which
 * ports it connects to is not limited: a name service may be behind any.  Where the kernel has no Landlock,
 * or a filter refuses it, seccomp is all there is.
 */
static bool forbid_by_landlock(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset rules;
    int fd CLEANUP(fd_closep) = -1;

    if (version < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM;
    rules = forbidden_rights(version);
    fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
    return fd >= 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
}

/* SIGKILL when the parent dies, also if it did before we asked for it. */
bool confine_life(pid_t parent)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

bool confine_writer(void)
{
    return syscalls_forbid(SYSCALLS_WRITER);
}

/* What cannot be had is no reason to go on without it.  Children inherit all of it. */
bool confine_starter(void)
{
    const struct rlimit no_file = {0, 0}, descriptors = {DESCRIPTORS_MAX, DESCRIPTORS_MAX};
    rlim_t most = mapped_octets() + MEMORY_MORE;
    const struct rlimit memory = {most, most};

    setrlimit(RLIMIT_NOFILE, &descriptors); /* the kernel never refuses to lower it, but valgrind does */
    return forbid_by_landlock() && setrlimit(RLIMIT_FSIZE, &no_file) == 0 &&
           setrlimit(RLIMIT_AS, &memory) == 0 && syscalls_forbid(SYSCALLS_STARTER);
}

bool confine_network(pid_t starter)
{
    return confine_life(starter) && syscalls_forbid(SYSCALLS_NETWORK);
}

/* By doing it, to this process, as a starter does.  flock is refused by the filter alone, whatever is locked. */
int confine_print(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    bool ok = confine_life(getppid()) && confine_starter(), is_filtered = flock(-1, LOCK_SH) != 0 && errno == EPERM;

    printf("landlock %ld\nseccomp %s\n", version < 0 ? 0 : version, is_filtered ? "yes" : "no");
    return ok && fflush(stdout) == 0 ? EXIT_DONE : EXIT_CANNOT;
}
