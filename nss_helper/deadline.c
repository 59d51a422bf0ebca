/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadline.c: all is done in 5 s, and a process that something ends says so and still ends with exit status
 * 0.
 *
 * Waits for keys are limited by themselves, to 4 s; the timer is for what nobody thought of.  Its signal is
 * not SIGALRM, which a module of the user database may block while it waits for its server (nss-systemd
 * does).  The last words are ready beforehand, because a signal's handler may only make system calls:
 * syslog(3) is none.
 */
#include "helper.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LIFE = 5, WAITS_MS = 4000, LAST_WORDS_SIZE = 512 };

static struct timespec began;
static char last_words[LAST_WORDS_SIZE];
static size_t last_words_length;
static char *signal_digits; /* two, in last_words */
static timer_t timer;

static void end_quietly(int number)
{
    static const struct sockaddr_un log = {AF_UNIX, "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    signal_digits[0] = (char)('0' + number / 10);
    signal_digits[1] = (char)('0' + number % 10);
    (void)sendto(fd, last_words, last_words_length, MSG_NOSIGNAL, (const struct sockaddr *)&log, sizeof(log));
    _exit(EXIT_SUCCESS);
}

static void prepare_last_words(const char *user)
{
    char quoted[LINE_QUOTED_SIZE];
    int length = snprintf(
        last_words, sizeof(last_words),
        "<%d>" HELPER_NAME "[%ld]: decision=fault user=\"%s\" reason=system detail=\"ended by signal 00\"",
        LOG_AUTHPRIV | LOG_ERR, (long)getpid(), jwkscore_quote(quoted, sizeof(quoted), user, strlen(user)));

    last_words_length = (size_t)length;
    signal_digits = last_words + length - strlen("00\"");
}

/*
 * SIGXCPU is the timer's; SIGTERM sshd's, when LoginGraceTime is over; SIGPIPE comes when it no longer
 * listens.  Whoever ignores SIGCHLD would not learn how the command behind --next ended.
 */
static void handle_signals(void)
{
    static const int signals[] = {SIGALRM, SIGTERM, SIGHUP, SIGINT, SIGPIPE, SIGXCPU,
                                  SIGSEGV, SIGBUS,  SIGFPE, SIGILL, SIGABRT, SIGSYS};
    struct sigaction action = {.sa_handler = end_quietly};
    sigset_t none;

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        (void)sigaction(signals[i], &action, NULL);
    (void)signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void begin_timer(void)
{
    struct sigevent end = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGXCPU};
    const struct itimerspec life = {.it_value = {.tv_sec = LIFE}};

    if (timer_create(CLOCK_MONOTONIC, &end, &timer) != 0 || timer_settime(timer, 0, &life, NULL) != 0)
        alarm(LIFE);
}

void deadline_begin(const char *user)
{
    clock_gettime(CLOCK_MONOTONIC, &began);
    prepare_last_words(user);
    handle_signals();
    begin_timer();
}

void deadline_end(void)
{
    const struct itimerspec never = {.it_value = {.tv_sec = 0}};

    (void)timer_settime(timer, 0, &never, NULL);
    alarm(0);
}

int64_t deadline_spent(void)
{
    struct timespec now = began;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - began.tv_sec) * INT64_C(1000000) + (now.tv_nsec - began.tv_nsec) / 1000;
}

int deadline_wait_left(const struct jwkscore_config *config)
{
    const char *text = jwkscore_config_get(config, "global", "max_wait", 0);
    int64_t most = text == NULL ? 0 : strtol(text, NULL, 10) * 1000, left;

    if (most > WAITS_MS)
        most = WAITS_MS;
    left = most - deadline_spent() / 1000;
    return left > 1 ? (int)left : 1;
}
