/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_file.c: only what its owner alone can change is read, down a path that its owners alone can change;
 * whatever else is said by name.  Runs as root and as anybody; what needs root says that it was skipped.
 */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STRANGER = 12345, OTHER_STRANGER = 12346, NOBODY = 65534, MOST = 4096 };

static bool is_root(void)
{
    if (geteuid() != 0) {
        printf("skipped: not root\n");
    }
    return geteuid() == 0;
}

static size_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    ck_assert_ptr_nonnull(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

/*
 * Reads with poison in place, looks that failure left it there and no descriptor open; `message` NULL: it is
 * read.
 */
static void expect_read(const char *path, uid_t also, enum jwkscore_status wanted, const char *message)
{
    struct jwkscore_error error = {.status = JWKSCORE_OK};
    unsigned char poison[1] = {0xa5};
    struct buffer bytes = {poison, 77};
    uid_t owner = 4711;
    size_t open_before = open_descriptors();

    ck_assert_status(file_read(path, also, MOST, &bytes, &owner, &error), wanted);
    ck_assert_uint_eq(open_descriptors(), open_before);
    ck_assert_str_eq(error.message, message);
    ck_assert_int_eq(error.status, wanted);
    if (wanted == JWKSCORE_OK) {
        buffer_freep(&bytes);
        return;
    }
    ck_assert(bytes.bytes == poison && bytes.length == 77 && owner == 4711);
}

static void expect_readable(const char *path, uid_t also)
{
    expect_read(path, also, JWKSCORE_OK, "");
}

static void expect_folder(const char *path, uid_t also, bool any_owner, enum jwkscore_status wanted,
                          const char *message)
{
    struct jwkscore_error error = {.status = JWKSCORE_OK};
    struct folder folder = {.fd = -7, .owner = 4711};
    size_t open_before = open_descriptors();

    ck_assert_status(folder_open(path, also, any_owner, &folder, &error), wanted);
    ck_assert_str_eq(error.message, message);
    if (wanted == JWKSCORE_OK) {
        ck_assert_int_gt(folder.fd, 2);
        folder_closep(&folder);
        ck_assert_int_eq(folder.fd, -1);
    } else {
        ck_assert(folder.fd == -7 && folder.owner == 4711);
    }
    ck_assert_uint_eq(open_descriptors(), open_before);
}

static struct folder opened(const char *path)
{
    struct folder folder = {.fd = -1};

    ck_assert_status(folder_open(path, geteuid(), false, &folder, NULL), JWKSCORE_OK);
    return folder;
}

static const char *room_link(const char *target, const char *name)
{
    room_drop(name);
    ck_assert_int_eq(symlink(target, room_path(name)), 0);
    return room_path(name);
}

/* --- files --- */

START_TEST(bytes_are_read_as_they_are)
{
    const struct text contents = TEXT("one\0two\xff\n");
    const char *path = room_write_bytes("file", contents, 0644);
    struct folder folder CLEANUP(folder_closep) = opened(room_path(""));
    struct buffer bytes CLEANUP(buffer_freep) = {NULL, 0};
    struct buffer again CLEANUP(buffer_freep) = {NULL, 0};
    uid_t owner = 4711;
    bool absent = true;

    ck_assert_status(file_read(path, geteuid(), MOST, &bytes, &owner, NULL), JWKSCORE_OK);
    ck_assert(text_equal((struct text){(char *)bytes.bytes, bytes.length}, contents));
    ck_assert_uint_eq(owner, geteuid());
    ck_assert_status(file_read_at(&folder, "file", geteuid(), MOST, &again, &absent, NULL), JWKSCORE_OK);
    ck_assert(text_equal((struct text){(char *)again.bytes, again.length}, contents));
    ck_assert(!absent);
    buffer_freep(&again);
    ck_assert_status(file_read(path, geteuid(), MOST, &again, NULL, NULL), JWKSCORE_OK);
}
END_TEST

START_TEST(file_sizes)
{
    static const size_t sizes[] = {0, 1, MOST - 1, MOST, MOST + 1, 100 * MOST};

    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        const char *path = room_write("file", repeated("x", sizes[i]));
        if (sizes[i] == 0) {
            expect_read(path, geteuid(), JWKSCORE_E_CONFIG, textf("%s is empty", path));
        } else if (sizes[i] > MOST) {
            expect_read(path, geteuid(), JWKSCORE_E_CONFIG, textf("%s has more than 4096 bytes", path));
        } else {
            expect_readable(path, geteuid());
        }
    }
}
END_TEST

START_TEST(file_modes)
{
    static const struct {
        mode_t mode;
        const char *wrong;
    } cases[] = {
        {0644, NULL},
        {0600, NULL},
        {0400, NULL},
        {0444, NULL},
        {0755, NULL},
        {01644, NULL},
        {0664, "is writable by others (mode 0664)"},
        {0646, "is writable by others (mode 0646)"},
        {0666, "is writable by others (mode 0666)"},
        {0620, "is writable by others (mode 0620)"},
        {0602, "is writable by others (mode 0602)"},
        {04644, "has a set-id bit (mode 4644)"},
        {02644, "has a set-id bit (mode 2644)"},
        {06755, "has a set-id bit (mode 6755)"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *path = room_write_bytes("file", TEXT("x"), cases[i].mode);
        if (cases[i].wrong == NULL) {
            expect_readable(path, geteuid());
        } else {
            expect_read(path, geteuid(), JWKSCORE_E_UNSAFE_FILE, textf("%s %s", path, cases[i].wrong));
        }
    }
}
END_TEST

/* Whose file it is, seen from somebody who trusts root alone, and from one who trusts somebody besides. */
START_TEST(file_owners)
{
    static const struct {
        uid_t owner, also;
        bool good;
    } cases[] = {
        {0, NO_OWNER, true},        {0, STRANGER, true},         {0, 0, true},
        {STRANGER, STRANGER, true}, {STRANGER, NO_OWNER, false}, {STRANGER, OTHER_STRANGER, false},
        {STRANGER, 0, false},
    };
    const char *path = room_write("file", "x");
    struct jwkscore_error error = {.status = JWKSCORE_OK};

    if (!is_root()) {
        /* some folder above is ours */
        ck_assert_status(file_read(path, NO_OWNER, MOST, &(struct buffer){NULL, 0}, NULL, &error),
                         JWKSCORE_E_UNSAFE_FILE);
        ck_assert_ptr_nonnull(strstr(error.message, textf(" belongs to uid %u, who", (unsigned)geteuid())));
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        ck_assert_int_eq(chown(path, cases[i].owner, 0), 0);
        if (cases[i].good) {
            expect_readable(path, cases[i].also);
        } else {
            expect_read(path, cases[i].also, JWKSCORE_E_UNSAFE_FILE,
                        textf("%s belongs to uid %u, who is not trusted with it", path, (unsigned)STRANGER));
        }
    }
    ck_assert_int_eq(chown(path, STRANGER, 0), 0);
    {
        struct buffer bytes CLEANUP(buffer_freep) = {NULL, 0};
        uid_t owner = 4711;
        ck_assert_status(file_read(path, STRANGER, MOST, &bytes, &owner, NULL), JWKSCORE_OK);
        ck_assert_uint_eq(owner, STRANGER);
    }
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

static void make_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd CLEANUP(fd_closep) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int folder CLEANUP(fd_closep) = open(".", O_PATH | O_CLOEXEC);

    /* sun_path is short, so by its name alone. */
    ck_assert_int_eq(chdir(room_path("")), 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", strrchr(path, '/') + 1);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(fchdir(folder), 0);
    ck_assert_int_eq(chmod(path, 0644), 0);
}

/* None of these may hold us up, either. */
START_TEST(only_regular_files)
{
    const char *file = room_write("file", "x"), *link = room_link(file, "link");
    const char *dangling = room_link("nowhere", "dangling");
    const char *fifo = room_path("fifo"), *device = room_path("device"), *socket_path = room_path("socket");
    const char *folder = room_folder("folder", 0755);

    ck_assert_int_eq(mkfifo(fifo, 0644), 0);
    make_socket(socket_path);
    expect_readable(file, geteuid());
    expect_read(link, geteuid(), JWKSCORE_E_UNSAFE_FILE, textf("%s is a symbolic link", link));
    expect_read(dangling, geteuid(), JWKSCORE_E_UNSAFE_FILE, textf("%s is a symbolic link", dangling));
    expect_read(fifo, geteuid(), JWKSCORE_E_UNSAFE_FILE, textf("%s is not a regular file", fifo));
    expect_read(folder, geteuid(), JWKSCORE_E_UNSAFE_FILE, textf("%s is not a regular file", folder));
    expect_read(socket_path, geteuid(), JWKSCORE_E_SYSTEM,
                textf("%s: No such device or address (ENXIO)", socket_path));
    if (mknod(device, S_IFCHR | 0644, makedev(1, 5)) == 0) {
        expect_read(device, geteuid(), JWKSCORE_E_UNSAFE_FILE, textf("%s is not a regular file", device));
    } else {
        printf("skipped: no device can be made here: %s\n", strerror(errno));
    }
}
END_TEST

/* A hard link is no reason: whoever could make one *out* of a folder could lock the host otherwise. */
START_TEST(more_links_are_fine)
{
    const char *file = room_write("file", "x");

    ck_assert_int_eq(link(file, room_path("second")), 0);
    expect_readable(file, geteuid());
}
END_TEST

START_TEST(absence_is_told_apart)
{
    struct folder folder CLEANUP(folder_closep) = opened(room_path(""));
    struct jwkscore_error error = {.status = JWKSCORE_OK};
    struct buffer bytes = {NULL, 0};
    bool absent = false;

    room_write("empty", "");
    room_link("nowhere", "dangling");
    ck_assert_status(file_read_at(&folder, "none", geteuid(), MOST, &bytes, &absent, &error),
                     JWKSCORE_E_SYSTEM);
    ck_assert(absent);
    ck_assert_str_eq(error.message, "none: No such file or directory (ENOENT)");
    ck_assert_status(file_read_at(&folder, "empty", geteuid(), MOST, &bytes, &absent, NULL),
                     JWKSCORE_E_CONFIG);
    ck_assert(!absent);
    absent = true;
    ck_assert_status(file_read_at(&folder, "dangling", geteuid(), MOST, &bytes, &absent, NULL),
                     JWKSCORE_E_UNSAFE_FILE);
    ck_assert(!absent);
    ck_assert_ptr_null(bytes.bytes);
    expect_read(room_path("none"), geteuid(), JWKSCORE_E_SYSTEM,
                textf("%s: No such file or directory (ENOENT)", room_path("none")));
}
END_TEST

START_TEST(names_are_plain)
{
    static const char *const names[] = {"", ".", "..", "/", "a/b", "/file", "file/", "../file", "./file"};
    struct folder folder CLEANUP(folder_closep) = opened(room_path(""));

    room_write("file", "x");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        struct jwkscore_error error = {.status = JWKSCORE_OK};
        struct buffer bytes = {NULL, 0};
        bool absent = true;
        ck_assert_status(file_read_at(&folder, names[i], geteuid(), MOST, &bytes, &absent, &error),
                         JWKSCORE_E_ARGUMENT);
        ck_assert(!absent);
        ck_assert_str_eq(error.message, textf("\"%s\" is not a file's name", names[i]));
    }
    {
        struct buffer bytes CLEANUP(buffer_freep) = {NULL, 0};
        bool absent;
        ck_assert_status(file_read_at(&folder, "file", geteuid(), MOST, &bytes, &absent, NULL), JWKSCORE_OK);
    }
}
END_TEST

START_TEST(paths_are_absolute_and_plain)
{
    static const char *const paths[] = {"", "file", "./file", "/", "/etc/", "/etc/.", "/etc/.."};

    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        expect_read(paths[i], NO_OWNER, JWKSCORE_E_ARGUMENT, textf("\"%s\" is not a file's path", paths[i]));
    }
    expect_read(NULL, NO_OWNER, JWKSCORE_E_ARGUMENT, "\"\" is not a file's path");
    expect_read("/etc/../etc/passwd", NO_OWNER, JWKSCORE_E_ARGUMENT, "\"/etc/..\" is not a plain path");
    expect_read("/./etc/passwd", NO_OWNER, JWKSCORE_E_ARGUMENT, "\"/.\" is not a plain path");
    room_write("file", "x");
    expect_readable(textf("/%s//file", room_path("")), geteuid());
}
END_TEST

/* The kernel says 4096 for such a file, and gives less: as a file does that shrinks while it is read. */
START_TEST(short_reads_are_noticed)
{
    static const char *const files[] = {"/sys/kernel/mm/transparent_hugepage/enabled", "/sys/power/state",
                                        "/sys/devices/system/cpu/online", "/sys/kernel/uevent_seqnum"};
    size_t tried = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        struct stat status;
        char contents[8192];
        int fd CLEANUP(fd_closep) = open(files[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &status) != 0 || (status.st_mode & 022) != 0 || status.st_uid != 0 ||
            read(fd, contents, sizeof(contents)) >= status.st_size) {
            continue;
        }
        expect_read(files[i], NO_OWNER, JWKSCORE_E_SYSTEM, textf("%s changed while it was read", files[i]));
        tried++;
    }
    if (tried == 0) {
        printf("skipped: no file here is shorter than it says\n");
    }
}
END_TEST

/* While another process makes the file longer and shorter, it is whole or it is refused, never cut off. */
START_TEST(changing_files_are_whole_or_refused)
{
    const char *path = room_write("file", repeated("x", MOST / 2));
    const char *whole = repeated("x", MOST / 2);
    pid_t child = fork();
    int status, seen = 0;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        for (int i = 0; i < 1000000 && fd >= 0; i++) {
            if (write(fd, "y", 1) != 1 || ftruncate(fd, MOST / 2) != 0 || ftruncate(fd, MOST / 4) != 0 ||
                ftruncate(fd, 0) != 0 || write(fd, whole, MOST / 2) != MOST / 2) {
                _exit(1);
            }
        }
        _exit(0);
    }
    for (int i = 0; i < 20000 && seen < 200; i++) {
        struct buffer bytes CLEANUP(buffer_freep) = {NULL, 0};
        enum jwkscore_status read_status = file_read(path, geteuid(), MOST, &bytes, NULL, NULL);
        ck_assert(read_status == JWKSCORE_OK || read_status == JWKSCORE_E_SYSTEM ||
                  read_status == JWKSCORE_E_CONFIG);
        ck_assert_int_eq(read_status == JWKSCORE_OK, bytes.bytes != NULL);
        seen += read_status == JWKSCORE_E_SYSTEM;
    }
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
}
END_TEST

/* --- folders --- */

START_TEST(folder_modes)
{
    static const struct {
        mode_t mode;
        bool good;
    } cases[] = {
        {0755, true},  {0700, true},   {0711, true},  {0750, true},  {01755, true},
        {02755, true}, {0775, false},  {0757, false}, {0777, false}, {01777, false},
        {0770, false}, {02775, false}, {0720, false}, {0702, false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *outer = room_folder("outer", 0755), *inner = room_folder("outer/inner", 0755), *wrong;
        const char *file = room_write("outer/inner/file", "x");
        /* as the last one, and as one on the way */
        ck_assert_int_eq(chmod(inner, cases[i].mode), 0);
        wrong = textf("%s is writable by others (mode %04o)", inner, (unsigned)cases[i].mode);
        expect_folder(inner, geteuid(), false, cases[i].good ? JWKSCORE_OK : JWKSCORE_E_UNSAFE_FILE,
                      cases[i].good ? "" : wrong);
        expect_folder(inner, geteuid(), true, cases[i].good ? JWKSCORE_OK : JWKSCORE_E_UNSAFE_FILE,
                      cases[i].good ? "" : wrong);
        expect_read(file, geteuid(), cases[i].good ? JWKSCORE_OK : JWKSCORE_E_UNSAFE_FILE,
                    cases[i].good ? "" : wrong);
        ck_assert_int_eq(chmod(inner, 0755), 0);
        ck_assert_int_eq(chmod(outer, cases[i].mode), 0);
        wrong = textf("%s is writable by others (mode %04o)", outer, (unsigned)cases[i].mode);
        expect_folder(inner, geteuid(), false, cases[i].good ? JWKSCORE_OK : JWKSCORE_E_UNSAFE_FILE,
                      cases[i].good ? "" : wrong);
        expect_folder(inner, geteuid(), true, cases[i].good ? JWKSCORE_OK : JWKSCORE_E_UNSAFE_FILE,
                      cases[i].good ? "" : wrong);
        expect_read(file, geteuid(), cases[i].good ? JWKSCORE_OK : JWKSCORE_E_UNSAFE_FILE,
                    cases[i].good ? "" : wrong);
        ck_assert_int_eq(chmod(outer, 0755), 0);
    }
}
END_TEST

/* `any_owner` opens the last folder to everybody, and no other. */
START_TEST(folder_owners)
{
    static const struct {
        uid_t outer, inner, also;
        bool good, good_with_any;
    } cases[] = {
        {0, 0, NO_OWNER, true, true},
        {0, STRANGER, NO_OWNER, false, true},
        {STRANGER, 0, NO_OWNER, false, false},
        {STRANGER, STRANGER, NO_OWNER, false, false},
        {0, STRANGER, STRANGER, true, true},
        {STRANGER, STRANGER, STRANGER, true, true},
        {STRANGER, OTHER_STRANGER, STRANGER, false, true},
        {OTHER_STRANGER, STRANGER, STRANGER, false, false},
    };
    const char *outer = room_folder("outer", 0755), *inner = room_folder("outer/inner", 0755);

    if (!is_root()) {
        expect_folder(inner, geteuid(), false, JWKSCORE_OK, "");
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        bool outer_wrong = cases[i].outer != 0 && cases[i].outer != cases[i].also;
        const char *wrong =
            textf("%s belongs to uid %u, who is not trusted with it", outer_wrong ? outer : inner,
                  (unsigned)(outer_wrong ? cases[i].outer : cases[i].inner));
        struct folder folder CLEANUP(folder_closep) = {.fd = -1};
        ck_assert_int_eq(chown(outer, cases[i].outer, 0), 0);
        ck_assert_int_eq(chown(inner, cases[i].inner, 7), 0);
        expect_folder(inner, cases[i].also, false, cases[i].good ? JWKSCORE_OK : JWKSCORE_E_UNSAFE_FILE,
                      cases[i].good ? "" : wrong);
        expect_folder(inner, cases[i].also, true,
                      cases[i].good_with_any ? JWKSCORE_OK : JWKSCORE_E_UNSAFE_FILE,
                      cases[i].good_with_any ? "" : wrong);
        if (cases[i].good_with_any) {
            ck_assert_status(folder_open(inner, cases[i].also, true, &folder, NULL), JWKSCORE_OK);
            ck_assert_uint_eq(folder.owner, cases[i].inner);
            ck_assert_uint_eq(folder.group, 7);
        }
    }
}
END_TEST

START_TEST(folders_are_no_links)
{
    const char *folder = room_folder("folder", 0755), *link = room_link(folder, "link"),
               *file = room_write("file", "x");

    room_write("folder/file", "x");
    expect_folder(folder, geteuid(), false, JWKSCORE_OK, "");
    expect_folder(link, geteuid(), false, JWKSCORE_E_UNSAFE_FILE, textf("%s is a symbolic link", link));
    expect_folder(textf("%s/", link), geteuid(), false, JWKSCORE_E_UNSAFE_FILE,
                  textf("%s is a symbolic link", link));
    expect_read(room_path("link/file"), geteuid(), JWKSCORE_E_UNSAFE_FILE,
                textf("%s is a symbolic link", link));
    expect_folder(file, geteuid(), false, JWKSCORE_E_SYSTEM, textf("%s: Not a directory (ENOTDIR)", file));
    expect_read(room_path("file/file"), geteuid(), JWKSCORE_E_SYSTEM,
                textf("%s: Not a directory (ENOTDIR)", file));
    expect_folder(room_path("none"), geteuid(), false, JWKSCORE_E_SYSTEM,
                  textf("%s: No such file or directory (ENOENT)", room_path("none")));
    expect_folder(room_path("none/deep"), geteuid(), false, JWKSCORE_E_SYSTEM,
                  textf("%s: No such file or directory (ENOENT)", room_path("none")));
}
END_TEST

START_TEST(folder_paths)
{
    const char *folder = room_folder("folder", 0755);

    expect_folder("/", NO_OWNER, false, JWKSCORE_OK, "");
    expect_folder("//", NO_OWNER, false, JWKSCORE_OK, "");
    expect_folder(textf("//%s///", folder), geteuid(), false, JWKSCORE_OK, "");
    expect_folder(NULL, NO_OWNER, false, JWKSCORE_E_ARGUMENT, "\"\" is not an absolute path");
    expect_folder("", NO_OWNER, false, JWKSCORE_E_ARGUMENT, "\"\" is not an absolute path");
    expect_folder("etc", NO_OWNER, false, JWKSCORE_E_ARGUMENT, "\"etc\" is not an absolute path");
    expect_folder("./etc", NO_OWNER, false, JWKSCORE_E_ARGUMENT, "\"./etc\" is not an absolute path");
    expect_folder("/.", NO_OWNER, false, JWKSCORE_E_ARGUMENT, "\"/.\" is not a plain path");
    expect_folder("/..", NO_OWNER, false, JWKSCORE_E_ARGUMENT, "\"/..\" is not a plain path");
    expect_folder(textf("%s/../folder", folder), geteuid(), false, JWKSCORE_E_ARGUMENT,
                  textf("\"%s/..\" is not a plain path", folder));
    expect_folder(textf("%s/.", folder), geteuid(), false, JWKSCORE_E_ARGUMENT,
                  textf("\"%s/.\" is not a plain path", folder));
}
END_TEST

/* Messages show the end of a long path, and always what is wrong with it. */
START_TEST(long_paths)
{
    const char *name = repeated("n", NAME_MAX), *path = textf("/%s", name);

    expect_folder(path, NO_OWNER, false, JWKSCORE_E_SYSTEM,
                  textf("...%s: No such file or directory (ENOENT)", repeated("n", 188)));
    expect_folder(textf("%sn/x", path), NO_OWNER, false, JWKSCORE_E_SYSTEM,
                  textf("...%s: File name too long (ENAMETOOLONG)", repeated("n", 188)));
    expect_read(textf("/etc/%sn", name), NO_OWNER, JWKSCORE_E_SYSTEM,
                textf("...%s: File name too long (ENAMETOOLONG)", repeated("n", 188)));
    expect_folder(repeated("/etc", 100000), NO_OWNER, false, JWKSCORE_E_SYSTEM,
                  "/etc/etc: No such file or directory (ENOENT)");
    expect_read(textf("x%s", repeated("/etc", 100000)), NO_OWNER, JWKSCORE_E_ARGUMENT,
                textf("\"...%s\" is not a file's path", repeated("/etc", 47)));
}
END_TEST

/* Around the length where a path begins to be cut, of which 192 bytes are shown, with the NUL. */
START_TEST(paths_at_the_limit)
{
    for (size_t length = 185; length < 195; length++) {
        const char *path = textf("/%s", repeated("n", length - 1));
        const char *shown = length <= 188 ? path : textf("...%s", path + length - 188);
        expect_folder(path, NO_OWNER, false, JWKSCORE_E_SYSTEM,
                      textf("%s: No such file or directory (ENOENT)", shown));
    }
}
END_TEST

/* Where the cache is listed, written beside, and fsynced. */
START_TEST(last_folder_can_be_used)
{
    struct folder folder CLEANUP(folder_closep) = opened(room_folder("folder", 0755));
    struct stat by_descriptor, by_path;
    int again;
    DIR *list;

    ck_assert_int_eq(fcntl(folder.fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(fsync(folder.fd), 0);
    ck_assert_int_eq(fstat(folder.fd, &by_descriptor), 0);
    ck_assert_int_eq(stat(room_path("folder"), &by_path), 0);
    ck_assert_uint_eq(by_descriptor.st_ino, by_path.st_ino);
    again = openat(folder.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    list = fdopendir(again);
    ck_assert_ptr_nonnull(list);
    ck_assert_ptr_nonnull(readdir(list));
    closedir(list);
}
END_TEST

/* Looks as somebody who is not root and trusts `owner`; skipped where our folders are closed to others. */
static void as_nobody(bool (*look)(const char *path, uid_t owner), const char *path)
{
    enum { SKIPPED = 77 };
    uid_t owner = geteuid();
    pid_t child;
    int status;

    ck_assert_int_eq(chmod(room_path(""), 0711), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (owner == 0 && setresuid(NOBODY, NOBODY, NOBODY) != 0) {
            _exit(EXIT_FAILURE);
        }
        if (access(room_path(""), X_OK) != 0) {
            _exit(SKIPPED);
        }
        _exit(look(path, owner) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
        printf("skipped: uid %d cannot come here\n", NOBODY);
        return;
    }
    ck_assert_int_eq(status, 0);
}

static bool reads_below_unlisted(const char *path, uid_t owner)
{
    struct buffer bytes CLEANUP(buffer_freep) = {NULL, 0};

    return open(room_path("folder"), O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 &&
           file_read(path, owner, MOST, &bytes, NULL, NULL) == JWKSCORE_OK && bytes.length == 1;
}

/* Whoever may pass through a folder, but not list it, can read a file in it. */
START_TEST(folders_that_cannot_be_listed)
{
    const char *folder = room_folder("folder", 0755), *file = room_write("folder/file", "x");

    ck_assert_int_eq(chmod(folder, geteuid() == 0 ? 0711 : 0311), 0);
    as_nobody(reads_below_unlisted, file);
    ck_assert_int_eq(chmod(folder, 0755), 0);
}
END_TEST

static bool says_denied(const char *path, uid_t owner)
{
    struct jwkscore_error error = {.status = JWKSCORE_OK};
    struct buffer bytes = {NULL, 0};

    return file_read(path, owner, MOST, &bytes, NULL, &error) == JWKSCORE_E_SYSTEM && bytes.bytes == NULL &&
           strcmp(error.message, textf("%s: Permission denied (EACCES)", path)) == 0;
}

START_TEST(files_that_cannot_be_read)
{
    as_nobody(says_denied, room_write_bytes("file", TEXT("x"), geteuid() == 0 ? 0600 : 0200));
}
END_TEST

/* A struct of zeros is not an open folder, though 0 is a descriptor. */
START_TEST(zeros_close_nothing)
{
    struct folder zeros = {0}, none = {.fd = -1};
    int input = fcntl(STDIN_FILENO, F_GETFD);

    folder_closep(&zeros);
    folder_closep(&none);
    ck_assert_int_eq(fcntl(STDIN_FILENO, F_GETFD), input);
    ck_assert_int_eq(zeros.fd, -1);
}
END_TEST

START_TEST(programs)
{
    static const struct {
        mode_t mode;
        const char *wrong;
    } cases[] = {
        {0755, NULL},
        {0700, NULL},
        {0550, NULL},
        {0101, NULL},
        {0644, "is not executable"},
        {0775, "is writable by others (mode 0775)"},
        {0757, "is writable by others (mode 0757)"},
        {04755, "has a set-id bit (mode 4755)"},
        {02755, "has a set-id bit (mode 2755)"},
    };
    const char *program = room_write("program", "#!/bin/true\n"), *link = room_link(program, "link");
    struct jwkscore_error error = {.status = JWKSCORE_OK};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        error.status = JWKSCORE_OK;
        ck_assert_int_eq(chmod(program, cases[i].mode), 0);
        ck_assert_status(file_check_program(program, geteuid(), &error),
                         cases[i].wrong == NULL ? JWKSCORE_OK : JWKSCORE_E_UNSAFE_FILE);
        if (cases[i].wrong != NULL) {
            ck_assert_str_eq(error.message, textf("%s %s", program, cases[i].wrong));
        }
    }
    ck_assert_int_eq(chmod(program, 0755), 0);
    ck_assert_status(file_check_program(program, geteuid(), NULL), JWKSCORE_OK);
    ck_assert_status(file_check_program(link, geteuid(), NULL), JWKSCORE_E_UNSAFE_FILE);
    ck_assert_status(file_check_program(room_folder("folder", 0755), geteuid(), NULL),
                     JWKSCORE_E_UNSAFE_FILE);
    ck_assert_status(file_check_program(room_path("none"), geteuid(), NULL), JWKSCORE_E_SYSTEM);
    ck_assert_status(file_check_program("program", geteuid(), NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(file_check_program(NULL, geteuid(), NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_int_eq(chmod(room_path(""), 0777), 0);
    ck_assert_status(file_check_program(program, geteuid(), NULL), JWKSCORE_E_UNSAFE_FILE);
    ck_assert_int_eq(chmod(room_path(""), 0755), 0);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM(
        "file", bytes_are_read_as_they_are, file_sizes, file_modes, file_owners, only_regular_files,
        more_links_are_fine, absence_is_told_apart, names_are_plain, paths_are_absolute_and_plain,
        short_reads_are_noticed, changing_files_are_whole_or_refused, folder_modes, folder_owners,
        folders_are_no_links, folder_paths, long_paths, paths_at_the_limit, last_folder_can_be_used,
        folders_that_cannot_be_listed, files_that_cannot_be_read, zeros_close_nothing, programs);
}
