/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_client_loopback.c: the web server for one answer believes nobody without the state, serves several
 * at once, is never held up, and shows text as text.
 */
#include "logintest.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATE "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"

enum { ANSWER_MAX = 8192, SECONDS = 1000 };

static struct login_options options = {.redirect_host = (char *)"127.0.0.1", .timeout = 9, .quiet = true};
static struct loopback loopback;
static struct callback callback;

static uint16_t port(void)
{
    return (uint16_t)strtoul(strrchr(loopback.redirect_uri, ':') + 1, NULL, 10);
}

static int visit(int family)
{
    struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_port = htons(port()), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6, .sin6_port = htons(port()), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || (family == AF_INET ? connect(fd, (struct sockaddr *)&four, sizeof(four))
                                     : connect(fd, (struct sockaddr *)&six, sizeof(six))) != 0)
        return -1;
    return fd;
}

/* In a child, which is no place for an assertion: false ends it with a status. */
static const char *exchange(const char *request)
{
    static char answer[ANSWER_MAX];
    size_t have = 0;
    ssize_t got;
    int fd = visit(AF_INET);

    if (fd < 0 || send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        return "";
    while ((got = recv(fd, answer + have, sizeof(answer) - 1 - have, 0)) > 0)
        have += (size_t)got;
    answer[have] = '\0';
    close(fd);
    return answer;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void begin(void)
{
    heard();
    ck_assert_int_eq(loopback_open(&options, &loopback), LOGIN_DONE);
}

/* Runs `browser` beside the wait, which must end with `wanted`; the child's own findings are its status. */
static void meet(int (*browser)(void), int wanted, int64_t patience)
{
    pid_t child = fork();
    int status;

    if (child == 0)
        _exit(browser());
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(loopback_wait(&options, &loopback, STATE, boot_clock_ms() + patience, &callback),
                     wanted);
    if (wanted == LOGIN_DONE)
        loopback_answer(&loopback, "Title", "<b>&\"'\n");
    else
        loopback_close(&loopback);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the browser ended with %#x",
                  (unsigned)status);
}

static int answer_well(void)
{
    const char *page = exchange("GET /callback?code=c&state=" STATE " HTTP/1.1\r\nHost: x\r\n\r\n");

    if (!begins(page, "HTTP/1.1 200 OK\r\n") || strstr(page, "<p>&#60;b&#62;&#38;&#34;&#39; </p>") == NULL)
        return 1;
    return strstr(page, "Content-Security-Policy: default-src 'none'") != NULL &&
                   strstr(page, "Referrer-Policy: no-referrer") != NULL && strstr(page, "<b>") == NULL
               ? 0
               : 2;
}

START_TEST(an_answer_with_the_state_is_taken)
{
    begin();
    meet(answer_well, LOGIN_DONE, 9 * SECONDS);
    ck_assert_str_eq(callback.code, "c");
    loopback_close(&loopback);
}
END_TEST

static int knock(void)
{
    static const struct {
        const char *request, *answer;
    } all[] = {
        {"GET /callback?code=c&state=wrong HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /callback?code=c HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /callback?code=c&state=" STATE "x HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /callback?code=c&code=d&state=" STATE " HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /callback?error=no&state=wrong HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"POST /callback?code=c&state=" STATE " HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "},
        {"GET /?code=c&state=" STATE " HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "},
        {"GET /callback/?code=c&state=" STATE " HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "},
        {"GET /callback?code=c&state=" STATE "\r\n\r\n", "HTTP/1.1 404 "},
        {"GET /favicon.ico HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "},
        {"\r\n\r\n", "HTTP/1.1 404 "},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        if (!begins(exchange(all[i].request), all[i].answer))
            return (int)i + 10;
    return answer_well();
}

START_TEST(whoever_else_knocks_is_told_no_and_the_wait_goes_on)
{
    begin();
    meet(knock, LOGIN_DONE, 30 * SECONDS);
    ck_assert_str_eq(callback.code, "c");
    ck_assert_str_eq(heard(), "");
    options.verbose = true;
    options.quiet = false;
    loopback_close(&loopback);
    begin();
    meet(knock, LOGIN_DONE, 30 * SECONDS);
    ck_assert_ptr_nonnull(strstr(heard(), "another state"));
    options.verbose = false;
    options.quiet = true;
    loopback_close(&loopback);
}
END_TEST

/* Twice as many as are served; they say nothing, or half of something. */
static int crowd_and_answer(void)
{
    for (size_t i = 0; i < 2 * VISITORS; i++) {
        int fd = visit(AF_INET);

        if (fd < 0 || (i % 2 == 0 && send(fd, "GET /call", 9, MSG_NOSIGNAL) != 9))
            return 1;
    }
    return answer_well();
}

START_TEST(connections_that_nobody_uses_hold_up_nothing)
{
    begin();
    meet(crowd_and_answer, LOGIN_DONE, 9 * SECONDS);
    loopback_close(&loopback);
}
END_TEST

/* One who speaks slowly is not forgotten for those who come later. */
static int speak_slowly(void)
{
    int slow = visit(AF_INET), idle = visit(AF_INET);
    char answer[ANSWER_MAX] = "";

    if (slow < 0 || idle < 0 || send(slow, "GET /callback?code=c&", 21, MSG_NOSIGNAL) != 21 ||
        !begins(exchange("GET /favicon.ico HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 ") ||
        send(slow, "state=" STATE " HTTP/1.1\r\n\r\n", 62, MSG_NOSIGNAL) != 62)
        return 1;
    return recv(slow, answer, sizeof(answer) - 1, 0) > 0 && begins(answer, "HTTP/1.1 200 OK\r\n") ? 0 : 2;
}

START_TEST(several_are_served_at_once)
{
    begin();
    meet(speak_slowly, LOGIN_DONE, 9 * SECONDS);
    loopback_close(&loopback);
}
END_TEST

static int send_too_much(void)
{
    CLEANUP(bytes_wipe) struct bytes much = {0};

    bytes_text(&much, "GET /callback?code=");
    while (much.length < 40000)
        bytes_text(&much, "xxxxxxxxxxxxxxxx");
    return bytes_end(&much) != NULL && strstr(exchange((const char *)much.at), " 200 ") == NULL
               ? answer_well()
               : 1;
}

START_TEST(a_request_has_a_limit)
{
    begin();
    meet(send_too_much, LOGIN_DONE, 9 * SECONDS);
    loopback_close(&loopback);
}
END_TEST

static int stay_away(void)
{
    return 0;
}

START_TEST(the_wait_ends)
{
    begin();
    meet(stay_away, LOGIN_REFUSED, 300);
    ck_assert_ptr_nonnull(strstr(heard(), "timed out"));
}
END_TEST

START_TEST(a_port_that_is_taken_is_named)
{
    struct loopback other;

    begin();
    options.port = port();
    ck_assert_int_eq(loopback_open(&options, &other), LOGIN_UNABLE);
    ck_assert_ptr_nonnull(strstr(heard(), textf("port %u is taken", (unsigned)port())));
    options.port = 0;
    loopback_close(&other);
    loopback_close(&loopback);
}
END_TEST

/* A browser knows by either address what localhost is. */
START_TEST(localhost_is_both)
{
    int four, six, probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool has_six = probe >= 0 && bind(probe, (const struct sockaddr *)&address, sizeof(address)) == 0;

    close(probe);
    options.redirect_host = (char *)"localhost";
    begin();
    options.redirect_host = (char *)"127.0.0.1";
    ck_assert(begins(loopback.redirect_uri, "http://localhost:"));
    four = visit(AF_INET);
    six = visit(AF_INET6);
    ck_assert_int_ge(four, 0);
    ck_assert(has_six == (six >= 0));
    close(four);
    close(six);
    loopback_close(&loopback);
    begin();
    ck_assert_int_lt(visit(AF_INET6), 0);
    loopback_close(&loopback);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("client_loopback", an_answer_with_the_state_is_taken,
                       whoever_else_knocks_is_told_no_and_the_wait_goes_on,
                       connections_that_nobody_uses_hold_up_nothing, several_are_served_at_once,
                       a_request_has_a_limit, the_wait_ends,
                       a_port_that_is_taken_is_named, localhost_is_both);
}
