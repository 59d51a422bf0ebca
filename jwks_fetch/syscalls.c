/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syscalls.c: system calls that are refused from now on; alone with libseccomp.
 *
 * A list of what is forbidden, not of what is allowed: resolver modules, TLS and libc call what they like,
 * another with each version, and a fetch that fails on one host in a hundred shuts that host out.  What is
 * here is what none of them needs: running programs, writing files, other processes, other kinds of
 * sockets, and those parts of the kernel where its holes have been.  Refused is EPERM, which callers know,
 * ENOSYS where they fall back, and death for what only an intruder does.
 *
 * By libseccomp and not by hand, for it knows the numbers and the calling conventions of each
 * architecture, and names that this build's headers do not know.
 */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    WRITER = SYSCALLS_WRITER,
    STARTER = SYSCALLS_STARTER, /* and its children, which inherit it */
    NETWORK = SYSCALLS_NETWORK,
    ALL = WRITER | STARTER,
    NAMES_MAX = 32,
};

/* Refused whatever the arguments. */
static const struct {
    unsigned roles;
    uint32_t action;
    const char *names[NAMES_MAX];
} calls[] = {
    {ALL, SCMP_ACT_KILL_PROCESS, {"execve", "execveat"}},
    /* its flags lie in memory, where a filter cannot look; libc takes clone */
    {ALL, SCMP_ACT_ERRNO(ENOSYS), {"clone3"}},
    {ALL,
     SCMP_ACT_ERRNO(EPERM),
     {"mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "fsopen", "fsconfig", "fsmount",
      "fspick", "open_tree", "mount_setattr", "unshare", "setns", "swapon", "swapoff", "quotactl", "acct"}},
    {ALL,
     SCMP_ACT_ERRNO(EPERM),
     {"bpf",
      "perf_event_open",
      "userfaultfd",
      "io_uring_setup",
      "io_uring_enter",
      "io_uring_register",
      "add_key",
      "keyctl",
      "request_key",
      "init_module",
      "finit_module",
      "delete_module",
      "kexec_load",
      "kexec_file_load",
      "reboot",
      "iopl",
      "ioperm",
      "modify_ldt",
      "personality",
      "open_by_handle_at",
      "fanotify_init",
      "mknod",
      "mknodat",
      "settimeofday",
      "clock_settime"}},
    /* not in the writer: a leak checker traces it at its end, and it can write the keys anyway */
    {STARTER,
     SCMP_ACT_ERRNO(EPERM),
     {"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"}},
    {STARTER, SCMP_ACT_ERRNO(ENOSYS), {"openat2"}},
    {STARTER, SCMP_ACT_ERRNO(EPERM), {"creat",     "truncate",  "ftruncate", "truncate64",      "ftruncate64",
                                      "fallocate", "unlink",    "unlinkat",  "rename",          "renameat",
                                      "renameat2", "link",      "linkat",    "symlink",         "symlinkat",
                                      "mkdir",     "mkdirat",   "rmdir",     "flock",           "utime",
                                      "utimes",    "utimensat", "futimesat", "utimensat_time64"}},
    {STARTER, SCMP_ACT_ERRNO(EPERM), {"chmod",        "fchmod",       "fchmodat",      "fchmodat2",
                                      "chown",        "fchown",       "lchown",        "fchownat",
                                      "chown32",      "fchown32",     "lchown32",      "setxattr",
                                      "lsetxattr",    "fsetxattr",    "setxattrat",    "removexattr",
                                      "lremovexattr", "fremovexattr", "removexattrat", "file_setattr"}},
    {NETWORK,
     SCMP_ACT_ERRNO(EPERM),
     {"fork", "vfork", "tkill", "pidfd_open", "pidfd_send_signal", "listen", "accept", "accept4"}},
    {WRITER,
     SCMP_ACT_ERRNO(EPERM),
     {"fork", "vfork", "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4"}},
};

/* socketcall's, for architectures that have no call for each. */
enum { CALL_SOCKET = 1, CALL_BIND = 2, CALL_ACCEPT = 5, CALL_SOCKETPAIR = 8, CALL_ACCEPT4 = 18 };

static bool add(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
                const struct scmp_arg_cmp *arguments)
{
    int number = seccomp_syscall_resolve_name(name);
    int result;

    if (number == __NR_SCMP_ERROR) /* younger than the library */
        return true;
    result = seccomp_rule_add_array(filter, action, number, count, arguments);
    return result == 0 || result == -EDOM; /* not on this architecture */
}

/* EPERM if that argument, or these bits of it, are so. */
static bool refuse(scmp_filter_ctx filter, const char *name, struct scmp_arg_cmp argument)
{
    return add(filter, SCMP_ACT_ERRNO(EPERM), name, 1, &argument);
}

/* In `mask`, it is `value`. */
static struct scmp_arg_cmp has(unsigned argument, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){
        .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

static struct scmp_arg_cmp is_not(unsigned argument, uint64_t value)
{
    return (struct scmp_arg_cmp){.arg = argument, .op = SCMP_CMP_NE, .datum_a = value};
}

static struct scmp_arg_cmp is(unsigned argument, uint64_t value)
{
    return (struct scmp_arg_cmp){.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value};
}

static struct scmp_arg_cmp is_above(unsigned argument, uint64_t value)
{
    return (struct scmp_arg_cmp){.arg = argument, .op = SCMP_CMP_GT, .datum_a = value};
}

static bool refuse_calls(scmp_filter_ctx filter, unsigned role)
{
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++)
        for (size_t j = 0; j < NAMES_MAX && calls[i].names[j] != NULL && (calls[i].roles & role) != 0; j++)
            if (!add(filter, calls[i].action, calls[i].names[j], 0, NULL))
                return false;
    return true;
}

/* The flags of clone stand second on one architecture. */
static unsigned clone_flags(void)
{
    return seccomp_arch_native() == SCMP_ARCH_S390X ? 1 : 0;
}

/* No namespaces; of processes the writer makes no more, and the child, whose threads may look up names, none. */
static bool refuse_clones(scmp_filter_ctx filter, unsigned role)
{
    static const uint64_t spaces[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                      CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
    bool ok = true;

    for (size_t i = 0; ok && i < ARRAY_LENGTH(spaces); i++)
        ok = refuse(filter, "clone", has(clone_flags(), spaces[i], spaces[i]));
    if (role == WRITER)
        ok = ok && refuse(filter, "clone", has(clone_flags(), CLONE_VM, 0));
    if (role == NETWORK)
        ok = ok && refuse(filter, "clone", has(clone_flags(), CLONE_THREAD, 0));
    return ok;
}

static bool refuse_opening(scmp_filter_ctx filter)
{
    static const struct {
        uint64_t mask, value;
    } flags[] = {{O_ACCMODE, O_WRONLY},
                 {O_ACCMODE, O_RDWR},
                 {O_ACCMODE, O_ACCMODE},
                 {O_CREAT, O_CREAT},
                 {O_TRUNC, O_TRUNC}};
    bool ok = true;

    for (size_t i = 0; ok && i < ARRAY_LENGTH(flags); i++)
        ok = refuse(filter, "open", has(1, flags[i].mask, flags[i].value)) &&
             refuse(filter, "openat", has(2, flags[i].mask, flags[i].value));
    return ok;
}

/* Itself it may signal (abort), and limit; its parent's death it may not forget. */
static bool refuse_others(scmp_filter_ctx filter)
{
    static const char *const signals[] = {"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"};
    bool ok = refuse(filter, "prlimit64", is_not(0, 0)) &&
              refuse(filter, "prctl", has(0, UINT32_MAX, PR_SET_PDEATHSIG));

    for (size_t i = 0; ok && i < ARRAY_LENGTH(signals); i++)
        ok = refuse(filter, signals[i], is_not(0, (uint64_t)getpid()));
    return ok;
}

/*
 * What makes a socket or a file send signals: with SIGSTOP for the writer it would keep the lock for ever, as
 * its alarm does not wake it.  And a lease, for which others must wait who open the file.
 */
static bool refuse_signals_of_files(scmp_filter_ctx filter)
{
    static const uint64_t commands[] = {F_SETOWN, F_SETOWN_EX, F_SETSIG, F_SETLEASE};
    bool ok = refuse(filter, "ioctl", has(1, UINT32_MAX, FIOSETOWN)) &&
              refuse(filter, "ioctl", has(1, UINT32_MAX, SIOCSPGRP));

    for (size_t i = 0; ok && i < ARRAY_LENGTH(commands); i++)
        ok = refuse(filter, "fcntl", has(1, UINT32_MAX, commands[i])) &&
             refuse(filter, "fcntl64", has(1, UINT32_MAX, commands[i]));
    return ok;
}

/* Names are looked up by them, and nothing else is of use; of netlink, the routes. */
static bool refuse_families(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp other_netlink[] = {is(0, AF_NETLINK), is_not(2, 0)};
    bool ok = refuse(filter, "socket", is_above(0, AF_NETLINK)) &&
              add(filter, SCMP_ACT_ERRNO(EPERM), "socket", ARRAY_LENGTH(other_netlink), other_netlink);

    for (uint64_t family = 0; ok && family < AF_NETLINK; family++)
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
            ok = refuse(filter, "socket", is(0, family));
    return ok;
}

static bool refuse_socketcall(scmp_filter_ctx filter)
{
    bool ok = refuse(filter, "socketcall", is(0, CALL_SOCKET)) &&
              refuse(filter, "socketcall", is(0, CALL_SOCKETPAIR)) &&
              refuse(filter, "socketcall", is(0, CALL_ACCEPT4));

    for (uint64_t call = CALL_BIND; ok && call <= CALL_ACCEPT; call++)
        ok = refuse(filter, "socketcall", is(0, call));
    return ok;
}

static bool fill(scmp_filter_ctx filter, unsigned role)
{
    bool ok = refuse_calls(filter, role) && refuse_clones(filter, role);

    if (role == STARTER)
        ok = ok && refuse_opening(filter);
    if (role == NETWORK)
        ok = ok && refuse_others(filter) && refuse_signals_of_files(filter) && refuse_families(filter);
    if (role == WRITER)
        ok = ok && refuse_socketcall(filter);
    return ok;
}

/* A kernel without it, or somebody's filter that refuses filters, is no reason to fetch no keys. */
static bool load(scmp_filter_ctx filter)
{
    int result = seccomp_load(filter);

    return result == 0 || result == -ENOSYS || result == -EINVAL || result == -EPERM || result == -EACCES;
}

bool syscalls_forbid(enum syscalls_role role)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool ok = filter != NULL && seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1) == 0 &&
              /* the same calls by another architecture's numbers */
              seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
              fill(filter, role) && load(filter);

    seccomp_release(filter);
    return ok;
}
