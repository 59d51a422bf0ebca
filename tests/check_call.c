/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_call.c: times for sshd are this host's own, never early, and a process that something ends answers
 * no.
 */
#include "keycall.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *time_in(const char *zone, int64_t when)
{
    char text[CALL_TIME_SIZE];

    ck_assert_int_eq(setenv("TZ", zone, 1), 0);
    tzset();
    ck_assert(call_write_time(when, text));
    return textf("%s", text);
}

START_TEST(times_are_local)
{
    ck_assert_str_eq(time_in("UTC0", 0), "19700101000000");
    ck_assert_str_eq(time_in("UTC0", 4102444799), "20991231235959");
    ck_assert_str_eq(time_in("ODD-11:37", 1795255200), "20261121213700");
}
END_TEST

/* As sshd reads it (mktime, tm_isdst -1), in the hour that comes twice and around it. */
START_TEST(no_time_is_read_as_earlier_than_it_is)
{
    const char *zone = "CET-1CEST,M3.5.0,M10.5.0/3";
    const int64_t twice = 1792890000; /* 2026-10-25T01:00:00Z, when 03:00 becomes 02:00 */

    for (int64_t when = twice - 7200; when < twice + 7200; when += 450) {
        const char *text = time_in(zone, when);
        struct tm guess = {.tm_isdst = -1};
        int64_t read;

        ck_assert_ptr_nonnull(strptime(text, "%Y%m%d%H%M%S", &guess));
        guess.tm_isdst = -1;
        read = mktime(&guess);
        ck_assert_msg(read >= when && read <= when + 3600, "%s is read as %jd, not %jd", text, (intmax_t)read,
                      (intmax_t)when);
    }
}
END_TEST

/* How a process ends that `number` is sent to, blocked when it began; 0: nothing is, it waits for its end. */
static int ended_by(int number)
{
    static const int blocked_by_modules[] = {SIGALRM, SIGCHLD, SIGHUP, SIGPIPE};
    pid_t pid = fork();
    sigset_t mask;
    int status;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        sigfillset(&mask);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        deadline_begin("alice");
        if (number != 0)
            raise(number);
        sigemptyset(&mask);
        for (size_t i = 0; i < ARRAY_LENGTH(blocked_by_modules); i++)
            sigaddset(&mask, blocked_by_modules[i]);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        for (int tenths = 0; tenths < 80; tenths++)
            (void)nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

START_TEST(whatever_ends_it_the_status_is_0)
{
    static const int signals[] = {SIGTERM, SIGPIPE, SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

    for (size_t i = 0; i < ARRAY_LENGTH(signals); i++)
        ck_assert_int_eq(ended_by(signals[i]), 0);
}
END_TEST

/* Also where a module of the user database hangs, which blocks some signals meanwhile. */
START_TEST(after_five_seconds_it_ends)
{
    struct timespec began, ended;

    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &began), 0);
    ck_assert_int_eq(ended_by(0), 0);
    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &ended), 0);
    ck_assert_int_ge(ended.tv_sec - began.tv_sec, 4);
    ck_assert_int_le(ended.tv_sec - began.tv_sec, 6);
}
END_TEST

/* In a process of its own, since what begins a deadline changes what signals do. */
static bool wait_is_between_after(int spent, const char *lines, int least, int most)
{
    pid_t pid = fork();
    int status;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct jwkscore_config *config = config_told(lines);
        int left;

        deadline_begin("alice");
        (void)nanosleep(&(struct timespec){.tv_nsec = spent * 1000000L}, NULL);
        left = deadline_wait_left(config);
        _exit(left < least || left > most);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status == 0;
}

static bool wait_is_between(const char *lines, int least, int most)
{
    return wait_is_between_after(0, lines, least, most);
}

START_TEST(waits_are_no_longer_than_four_seconds_and_the_configuration)
{
    ck_assert(wait_is_between("", 3900, 4000));
    ck_assert(wait_is_between("[global]\nmax_wait = 20\n", 3900, 4000));
    ck_assert(wait_is_between("[global]\nmax_wait = 2s\n", 1900, 2000));
    ck_assert(!wait_is_between("", 4001, 5000));
    ck_assert(wait_is_between_after(600, "", 2000, 3400)); /* all waits together */
    ck_assert(wait_is_between_after(600, "[global]\nmax_wait = 1\n", 1, 400));
}
END_TEST

int main(void)
{
    return RUN("call", times_are_local, no_time_is_read_as_earlier_than_it_is,
               whatever_ends_it_the_status_is_0, after_five_seconds_it_ends,
               waits_are_no_longer_than_four_seconds_and_the_configuration);
}
