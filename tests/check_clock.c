/* SPDX-License-Identifier: Apache-2.0 */
/* check_clock.c: the clocks are the kernel's, and so is what tells one boot from another. */
#include "support.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static int64_t kernel_ms(void)
{
    struct timespec now;

    ck_assert_int_eq(clock_gettime(CLOCK_BOOTTIME, &now), 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

START_TEST(boot_clock_is_the_kernel_s)
{
    for (int i = 0; i < 1000; i++) {
        int64_t before = kernel_ms(), read = clock_boot_ms(), after = kernel_ms();
        ck_assert_int_ge(read, before);
        ck_assert_int_le(read, after);
    }
}
END_TEST

START_TEST(boot_clock_goes_on)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    int64_t before = clock_boot_ms(), passed;

    ck_assert_int_eq(nanosleep(&pause, NULL), 0);
    passed = clock_boot_ms() - before;
    ck_assert_int_ge(passed, 19);
    ck_assert_int_lt(passed, 10000);
}
END_TEST

START_TEST(wall_clock_is_the_kernel_s)
{
    for (int i = 0; i < 1000; i++) {
        int64_t before = (int64_t)time(NULL), read = jwkscore_now(), after = (int64_t)time(NULL);
        ck_assert_int_ge(read, before);
        ck_assert_int_le(read, after);
    }
}
END_TEST

START_TEST(base_is_the_kernel_s)
{
    struct clock_base base = {.boot = "poison", .tns = -1}, again;
    char line[64] = "";
    struct stat status;
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    clock_base_read(&base);
    if (file == NULL) {
        ck_assert_str_eq(base.boot, "");
    } else {
        ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
        fclose(file);
        line[strcspn(line, "\n")] = '\0';
        ck_assert_str_eq(base.boot, line);
        ck_assert_uint_eq(strlen(base.boot), BOOT_ID_SIZE - 1);
    }
    ck_assert_int_eq(base.tns, stat("/proc/self/ns/time", &status) == 0 ? (int64_t)status.st_ino : 0);
    clock_base_read(&again);
    ck_assert_int_eq(memcmp(&base, &again, sizeof(base)), 0);
}
END_TEST

/* In a time namespace of its own a process has another base: its boot clock may be moved. */
START_TEST(another_time_namespace_is_another_base)
{
    struct clock_base here, there;
    pid_t child;
    int status;

    clock_base_read(&here);
    if (here.tns == 0 || unshare(CLONE_NEWTIME) != 0) {
        printf("skipped: no time namespace can be made here: %s\n", strerror(errno));
        return;
    }
    child = fork();
    if (child == 0) {
        clock_base_read(&there);
        _exit(there.tns != 0 && there.tns != here.tns && strcmp(there.boot, here.boot) == 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(synchronised_is_adjtimex_s_word)
{
    struct timex asked = {.modes = 0};
    int state = adjtimex(&asked);

    ck_assert_int_eq(clock_synchronised(), state != -1 && state != TIME_ERROR);
}
END_TEST

int main(void)
{
    return RUN("clock", boot_clock_is_the_kernel_s, boot_clock_goes_on, wall_clock_is_the_kernel_s,
               base_is_the_kernel_s, another_time_namespace_is_another_base, synchronised_is_adjtimex_s_word);
}
