/* SPDX-License-Identifier: Apache-2.0 */
/* logintest.c: a home of the tests' own, and what the program says. */
#include "logintest.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct passwd person = {.pw_name = (char *)"alice", .pw_dir = (char *)"/nonexistent"};

struct passwd *getpwuid(uid_t uid)
{
    return uid == getuid() ? &person : NULL;
}

const char *new_home(void)
{
    static unsigned homes; /* of this test, which is a process */

    person.pw_dir = (char *)room_folder(textf("home%d-%u", (int)getpid(), homes++), 0700);
    return person.pw_dir;
}

const char *heard(void)
{
    static int ears = -1;
    char said[8192];
    ssize_t length;

    if (ears < 0) {
        ears = open(room_path("stderr"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ck_assert_int_ge(ears, 0);
    }
    fflush(stderr);
    length = pread(ears, said, sizeof(said), 0);
    ck_assert_int_ge(length, 0);
    ck_assert_int_eq(ftruncate(ears, 0), 0);
    ck_assert_int_ge(lseek(ears, 0, SEEK_SET), 0);
    ck_assert_int_eq(dup2(ears, STDERR_FILENO), STDERR_FILENO);
    return kept(said, (size_t)length).bytes;
}

struct text text_of(const struct bytes *bytes)
{
    ck_assert(!bytes->failed);
    return kept(bytes->at, bytes->length);
}
