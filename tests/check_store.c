/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_store.c: whatever call fails, and wherever a helper is killed, the file that readers open is whole.
 *
 * The calls that store.c makes are counted and fail here on demand: this program's definitions come before
 * libc's.
 */
#include "../jwks_fetch/fetch.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID "0123456789abcdef0123456789abcdef"

enum { STEPS_MAX = 100 }; /* more calls than store.c makes for one file */

/* --- calls that fail --- */

enum mode { PASS, FAIL, DIE_BEFORE, DIE_AFTER };
static struct {
    enum mode mode;
    int at;           /* the call that it happens to, from 1 on */
    int number;       /* errno */
    const char *only; /* calls of this name; NULL: all */
    int seen;
} faults;

/* True: this call is to fail. */
static bool strike(const char *name)
{
    if (faults.mode == PASS || (faults.only != NULL && strcmp(faults.only, name) != 0) ||
        ++faults.seen != faults.at)
        return false;
    if (faults.mode == DIE_BEFORE)
        raise(SIGKILL);
    errno = faults.number;
    return faults.mode == FAIL;
}

static long after(long result)
{
    if (faults.mode == DIE_AFTER && faults.seen == faults.at)
        raise(SIGKILL);
    return result;
}

int fchmod(int fd, mode_t mode)
{
    return strike("fchmod") ? -1 : (int)after(syscall(SYS_fchmod, fd, mode));
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
    return strike("fallocate")                                         ? faults.number
           : after(syscall(SYS_fallocate, fd, 0, offset, length)) == 0 ? 0
                                                                       : EOPNOTSUPP;
}

int fsync(int fd)
{
    return strike("fsync") ? -1 : (int)after(syscall(SYS_fsync, fd));
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return strike("renameat") ? -1 : (int)after(syscall(SYS_renameat2, from_fd, from, to_fd, to, 0));
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    return strike("renameat2") ? -1 : (int)after(syscall(SYS_renameat2, from_fd, from, to_fd, to, flags));
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    /* a short write first, so that one is always seen */
    return strike("write") ? -1 : after(syscall(SYS_write, fd, bytes, length > 4096 ? length / 2 : length));
}

/* What is read back is not what was written. */
ssize_t pread(int fd, void *bytes, size_t length, off_t offset)
{
    ssize_t got = syscall(SYS_pread64, fd, bytes, length, offset);

    if (strike("pread") && got > 0)
        ((unsigned char *)bytes)[got - 1] ^= 1;
    return after(got);
}

/* --- the folder --- */

static struct folder state;

static const char *generation(char letter)
{
    char piece[2] = {letter, '\0'};

    return repeated(piece, 60000);
}

static struct buffer as_buffer(const char *text)
{
    return (struct buffer){(unsigned char *)(uintptr_t)text, strlen(text)};
}

static int put(char letter, enum store_how how)
{
    struct buffer bytes = as_buffer(generation(letter));

    return store_replace(&state, ID, ".jwks", &bytes, how);
}

/* The letter that a file is made of, through and through; 0: there is no file. */
static char letter_of(const char *name)
{
    CLEANUP(fd_closep) int fd = openat(state.fd, name, O_RDONLY | O_CLOEXEC);
    static char bytes[70000];
    ssize_t length, same = 1;

    if (fd < 0)
        return '\0';
    length = read(fd, bytes, sizeof(bytes));
    ck_assert_msg(length == 60000, "%s: %zd octets", name, length);
    while (same < length && bytes[same] == bytes[0])
        same++;
    ck_assert_msg(same == length, "%s: torn at %zd", name, same);
    return bytes[0];
}

static size_t count_entries(const char *prefix)
{
    DIR *folder = fdopendir(openat(state.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const struct dirent *entry;
    size_t count = 0;

    ck_assert_ptr_nonnull(folder);
    while ((entry = readdir(folder)) != NULL)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0)
            count++;
    closedir(folder);
    return count;
}

static void empty_folder(void)
{
    DIR *folder = fdopendir(openat(state.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const struct dirent *entry;

    faults.mode = PASS;
    while ((entry = readdir(folder)) != NULL)
        unlinkat(state.fd, entry->d_name, 0);
    closedir(folder);
}

/* A, then B: ID.jwks is B, ID.prev is A. */
static void begin(void)
{
    if (state.fd <= 0)
        state = (struct folder){open(room_folder("state", 0755), O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                                geteuid(), getegid()};
    ck_assert_int_ge(state.fd, 0);
    empty_folder();
    ck_assert_int_eq(put('A', STORE_DURABLE_AND_PREVIOUS), 0);
    ck_assert_int_eq(put('B', STORE_DURABLE_AND_PREVIOUS), 0);
}

static void expect_files(char current, char previous)
{
    ck_assert_int_eq(letter_of(ID ".jwks"), current);
    ck_assert_int_eq(letter_of(ID ".prev"), previous);
    ck_assert_uint_eq(count_entries(".tmp."), 0);
}

/* --- replacing --- */

START_TEST(generations_follow_each_other)
{
    struct stat found;

    begin();
    expect_files('B', 'A');
    ck_assert_int_eq(fstatat(state.fd, ID ".jwks", &found, 0), 0);
    ck_assert_uint_eq(found.st_mode, S_IFREG | 0644);
    ck_assert_int_eq(put('C', STORE_DURABLE_AND_PREVIOUS), 0);
    expect_files('C', 'B');
    ck_assert_int_eq(put('D', STORE_DURABLE), 0);
    expect_files('D', 'B');
    ck_assert_int_eq(put('E', STORE_VOLATILE), 0);
    expect_files('E', 'B');
    store_remove(&state, ID, ".jwks");
    expect_files('\0', 'B');
}
END_TEST

START_TEST(mode_does_not_depend_on_umask)
{
    struct stat found;
    mode_t before = umask(0077);

    begin();
    ck_assert_int_eq(fstatat(state.fd, ID ".jwks", &found, 0), 0);
    ck_assert_uint_eq(found.st_mode, S_IFREG | 0644);
    umask(before);
}
END_TEST

/* Each call in turn, until none is left to fail. */
START_TEST(each_call_that_fails_leaves_the_old_file)
{
    int steps = 0;

    for (int at = 1; at < STEPS_MAX; at++) {
        char current;
        int number;

        begin();
        faults.mode = FAIL;
        faults.at = at;
        faults.number = ENOSPC;
        faults.seen = 0;
        number = put('C', STORE_DURABLE_AND_PREVIOUS);
        faults.mode = PASS;
        if (faults.seen < at)
            break;
        steps++;
        current = letter_of(ID ".jwks");
        /* once it is visible it stays, and only the next power cut might undo it: that is a failure, too */
        ck_assert_msg(current == (number == 0 ? 'C' : 'B') ||
                          (current == 'C' && letter_of(ID ".prev") == 'B'),
                      "step %d: %c, errno %d", at, current, number);
        ck_assert_msg(number != 0 || current == 'C', "step %d: success without the new file", at);
        ck_assert_uint_eq(count_entries(".tmp."), 0);
        ck_assert_int_eq(put('D', STORE_DURABLE_AND_PREVIOUS), 0);
        ck_assert_int_eq(letter_of(ID ".jwks"), 'D');
    }
    ck_assert_int_ge(steps, 9);
}
END_TEST

START_TEST(each_kind_of_failure_is_told)
{
    static const char *const calls[] = {"fchmod", "fallocate", "write", "fsync", "pread", "renameat2"};

    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        int number;

        begin();
        faults.mode = FAIL;
        faults.only = calls[i];
        faults.at = 1;
        faults.seen = 0;
        faults.number = EIO;
        number = put('C', STORE_DURABLE_AND_PREVIOUS);
        ck_assert_msg(number == EIO, "%s: %d", calls[i], number);
        ck_assert_int_eq(faults.seen, 1);
        faults.mode = PASS;
        faults.only = NULL;
        expect_files('B', 'A');
    }
}
END_TEST

/* File systems without preallocation or exchange lose the previous generation, not the new one. */
START_TEST(lesser_file_systems_will_do)
{
    static const struct {
        const char *call;
        int number;
        char previous;
    } rows[] = {{"fallocate", EOPNOTSUPP, 'B'},
                {"fallocate", EINVAL, 'B'},
                {"renameat2", EINVAL, 'A'},
                {"renameat2", ENOSYS, 'A'},
                {"renameat2", ENOENT, 'A'}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        begin();
        faults.mode = FAIL;
        faults.only = rows[i].call;
        faults.at = 1;
        faults.seen = 0;
        faults.number = rows[i].number;
        ck_assert_int_eq(put('C', STORE_DURABLE_AND_PREVIOUS), 0);
        ck_assert_int_eq(faults.seen, 1);
        faults.mode = PASS;
        faults.only = NULL;
        expect_files('C', rows[i].previous);
    }
}
END_TEST

/* Row E03: killed before and after each call. */
START_TEST(killed_anywhere_the_file_is_whole)
{
    int steps = 0;

    for (enum mode mode = DIE_BEFORE; mode <= DIE_AFTER; mode++)
        for (int at = 1; at < STEPS_MAX; at++) {
            int status;
            pid_t child;
            char current;

            begin();
            child = fork();
            ck_assert_int_ge(child, 0);
            if (child == 0) {
                faults.mode = mode;
                faults.at = at;
                faults.seen = 0;
                _exit(put('C', STORE_DURABLE_AND_PREVIOUS));
            }
            ck_assert_int_eq(waitpid(child, &status, 0), child);
            current = letter_of(ID ".jwks");
            ck_assert(current == 'B' || current == 'C');
            ck_assert(letter_of(ID ".prev") == 'A' || (current == 'C' && letter_of(ID ".prev") == 'B'));
            if (WIFEXITED(status)) { /* there was no such call */
                ck_assert_int_eq(current, 'C');
                break;
            }
            steps++;
            ck_assert_uint_le(count_entries(".tmp."), 1);
            ck_assert_int_eq(put('D', STORE_DURABLE_AND_PREVIOUS), 0);
            ck_assert_int_eq(letter_of(ID ".jwks"), 'D');
            sweep_temporary(&state, ID, process_wall() + 61);
            ck_assert_uint_eq(count_entries(".tmp."), 0);
        }
    ck_assert_int_ge(steps, 18);
}
END_TEST

START_TEST(links_and_folders_in_its_place_are_not_followed)
{
    const char *target = room_write("target", "untouched");
    struct stat found;

    begin();
    ck_assert_int_eq(unlinkat(state.fd, ID ".jwks", 0), 0);
    ck_assert_int_eq(symlinkat(target, state.fd, ID ".jwks"), 0);
    ck_assert_int_eq(put('C', STORE_DURABLE), 0);
    expect_files('C', 'A');
    ck_assert_int_eq(stat(target, &found), 0);
    ck_assert_int_eq(found.st_size, (off_t)strlen("untouched"));

    ck_assert_int_eq(unlinkat(state.fd, ID ".jwks", 0), 0);
    ck_assert_int_eq(mkdirat(state.fd, ID ".jwks", 0755), 0);
    ck_assert_int_ne(put('C', STORE_DURABLE), 0);
    ck_assert_uint_eq(count_entries(".tmp."), 0);
    ck_assert_int_eq(unlinkat(state.fd, ID ".jwks", AT_REMOVEDIR), 0);
}
END_TEST

/* --- sweeping --- */

static void make(const char *name, int64_t mtime)
{
    CLEANUP(fd_closep) int fd = openat(state.fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    const struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(futimens(fd, times), 0);
}

START_TEST(old_temporary_files_of_the_source_are_swept)
{
    begin();
    make(".tmp." ID ".1.0000000000000001", NOW - 61);
    make(".tmp." ID ".1.0000000000000002", NOW - 60);
    make(".tmp." ID ".1.0000000000000003", NOW + 61); /* from before the clock was set back */
    make(".tmp.ffffffffffffffffffffffffffffffff.1.0000000000000001", NOW - 61);
    make("notes", NOW - 61);
    sweep_temporary(&state, ID, NOW);
    ck_assert_uint_eq(count_entries(".tmp." ID), 1);
    ck_assert_uint_eq(count_entries(".tmp." ID ".1.0000000000000002"), 1);
    ck_assert_uint_eq(count_entries(".tmp.f"), 1);
    ck_assert_uint_eq(count_entries("notes"), 1);
    ck_assert_int_eq(letter_of(ID ".jwks"), 'B');
}
END_TEST

/* Row F17. */
START_TEST(files_of_former_configurations_go_after_thirty_days)
{
    enum { DAYS_30 = 30 * 86400 };
    CLEANUP(config_freep) struct jwkscore_config *config = config_told(CORP);
    char id[SOURCE_ID_SIZE];

    begin();
    ck_assert(source_id(config->crypto, corp(config), id));
    make(textf("%s.jwks", id), NOW - DAYS_30 - 1);
    make(textf("%s.disc", id), NOW - DAYS_30 - 1);
    make("ffffffffffffffffffffffffffffffff.jwks", NOW - DAYS_30 - 1);
    make("ffffffffffffffffffffffffffffffff.prev", NOW - DAYS_30 - 1);
    make("ffffffffffffffffffffffffffffffff.disc", NOW - DAYS_30 - 1);
    make("eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee.jwks", NOW - DAYS_30);
    make("ffffffffffffffffffffffffffffffff.state", NOW - DAYS_30 - 1);
    make("ffffffffffffffffffffffffffffffff.lock", NOW - DAYS_30 - 1); /* never unlinked */
    make(".tmp.ffffffffffffffffffffffffffffffff.1.2", NOW - DAYS_30 - 1);
    make(textf(".tmp.%s.1.2", id), NOW - DAYS_30 - 1);
    make(".tmp.ffffffffffffffffffffffffffffffff", NOW - DAYS_30 - 1);
    make("ffffffffffffffffffffffffffffffff.notes", NOW - DAYS_30 - 1);
    make("ffffffffffffffffffffffffffffffff0.jwks", NOW - DAYS_30 - 1);
    sweep_unconfigured(&state, config, NOW);
    ck_assert_uint_eq(count_entries(id), 2);
    ck_assert_uint_eq(count_entries("e"), 1);
    ck_assert_uint_eq(count_entries("ffffffffffffffffffffffffffffffff."), 2);
    ck_assert_uint_eq(count_entries("ffffffffffffffffffffffffffffffff.lock"), 1);
    ck_assert_uint_eq(count_entries(".tmp.ffffffffffffffffffffffffffffffff"), 1);
    ck_assert_uint_eq(count_entries(textf(".tmp.%s.", id)), 1);
    ck_assert_uint_eq(count_entries("ffffffffffffffffffffffffffffffff0"), 1);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM(
        "store", generations_follow_each_other, mode_does_not_depend_on_umask,
        each_call_that_fails_leaves_the_old_file, each_kind_of_failure_is_told, lesser_file_systems_will_do,
        killed_anywhere_the_file_is_whole, links_and_folders_in_its_place_are_not_followed,
        old_temporary_files_of_the_source_are_swept, files_of_former_configurations_go_after_thirty_days);
}
