/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_next.c: what another command says is passed on whole, or not at all, and only of one that nobody
 * else could change.
 */
#include "keycall.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct call call;

static void begin(void)
{
    call = (struct call){.config = config_loaded(CORP)};
}

static void end(void)
{
    jwkscore_config_free(call.config);
}

/* What comes out for sshd, of this program in the room with these arguments; of much the beginning. */
static const char *says(const char *program, const char *first, const char *second)
{
    char *command[] = {(char *)program, (char *)first, (char *)second, NULL}, bytes[4096];
    int ends[2];
    ssize_t length;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    next_run(&call, command, ends[1]);
    close(ends[1]);
    length = read(ends[0], bytes, sizeof(bytes));
    close(ends[0]);
    ck_assert_int_ge(length, 0);
    return kept(bytes, (size_t)length).bytes;
}

static const char *script(const char *text, mode_t mode)
{
    return room_write_bytes("next", text_from(textf("#!/bin/sh\n%s\n", text)), mode);
}

START_TEST(arguments_and_output_pass_through)
{
    begin();
    ck_assert_str_eq(says(script("printf '%s|' \"$0\" \"$@\"", 0755), "a b", "--next"),
                     textf("%s|a b|--next|", room_path("next")));
    ck_assert_str_eq(says(script("echo ssh-ed25519 AAAA one; echo two", 0755), "u", NULL),
                     "ssh-ed25519 AAAA one\ntwo\n");
    ck_assert_str_eq(says(script("true", 0755), "u", NULL), "");
    end();
}
END_TEST

START_TEST(what_fails_says_nothing)
{
    begin();
    ck_assert_str_eq(says(script("echo key; exit 1", 0755), "u", NULL), "");
    ck_assert_str_eq(says(script("echo key; kill -KILL $$", 0755), "u", NULL), "");
    ck_assert_str_eq(says(script("echo key", 0644), "u", NULL), "");
    ck_assert_str_eq(says(room_path("missing"), "u", NULL), "");
    ck_assert_str_eq(says(script("yes key", 0755), "u", NULL), ""); /* never ends, if nobody stops it */
    ck_assert_str_eq(says(script("yes key | head -c 5000000; exit 0", 0755), "u", NULL), ""); /* too much */
    ck_assert_str_eq(says("true", "u", NULL), "");
    end();
}
END_TEST

START_TEST(what_others_could_change_is_not_run)
{
    begin();
    ck_assert_str_eq(says(script("echo key", 0755), "u", NULL), "key\n");
    ck_assert_str_eq(says(script("echo key", 0775), "u", NULL), "");
    ck_assert_str_eq(says(script("echo key", 0757), "u", NULL), "");
    ck_assert_str_eq(says(script("echo key", 0755), "u", NULL), "key\n");
    (void)unlink(room_path("link"));
    ck_assert_int_eq(symlink("next", room_path("link")), 0);
    ck_assert_str_eq(says(room_path("link"), "u", NULL), "");
    end();
}
END_TEST

/* A8: it has a pipe of ours for its standard output, and none to sshd. */
START_TEST(it_never_holds_the_pipe_to_sshd)
{
    char *command[] = {(char *)script("echo $(readlink /proc/self/fd/* /proc/$$/fd/*)", 0755), NULL},
         bytes[4096] = "";
    struct stat pipe;
    int ends[2];

    begin();
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(fstat(ends[1], &pipe), 0);
    next_run(&call, command, ends[1]);
    ck_assert_int_gt(read(ends[0], bytes, sizeof(bytes) - 1), 0);
    ck_assert_ptr_nonnull(strstr(bytes, "pipe:["));
    ck_assert_msg(strstr(bytes, textf("pipe:[%ju]", (uintmax_t)pipe.st_ino)) == NULL, "%s", bytes);
    close(ends[0]);
    close(ends[1]);
    end();
}
END_TEST

START_TEST(much_is_passed_on_whole)
{
    char *command[] = {(char *)script("head -c 2000000 /dev/zero", 0755), NULL};
    int ends[2];
    pid_t pid;
    size_t all = 0;
    ssize_t more;
    char bytes[65536];

    begin();
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        next_run(&call, command, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    while ((more = read(ends[0], bytes, sizeof(bytes))) > 0)
        all += (size_t)more;
    ck_assert_uint_eq(all, 2000000);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    end();
}
END_TEST

/* In a process of its own, since what begins a deadline changes what signals do. */
START_TEST(who_started_us_need_not_have_cared_for_children)
{
    const char *program = script("echo key", 0755);
    int status;
    pid_t pid;

    begin();
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)signal(SIGCHLD, SIG_IGN);
        deadline_begin("alice");
        deadline_end();
        _exit(strcmp(says(program, "u", NULL), "key\n") != 0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    end();
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("next", arguments_and_output_pass_through, what_fails_says_nothing,
                       what_others_could_change_is_not_run, it_never_holds_the_pipe_to_sshd,
                       much_is_passed_on_whole, who_started_us_need_not_have_cared_for_children);
}
