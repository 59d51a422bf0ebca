/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_client_run.c: a program that jwks-login starts gets no descriptor of ours; and an agent may say
 * what it likes.
 */
#include "logintest.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int run(const char *script, unsigned flags, const char *agent)
{
    return run_wait(run_start((const char *const[]){"/bin/sh", "-c", script, NULL}, flags, agent, NULL));
}

static const char *output(const char *script, unsigned flags, const char *agent)
{
    char text[4096];
    int fd = -1, status;
    ssize_t got;
    size_t have = 0;
    pid_t child =
        run_start((const char *const[]){"/bin/sh", "-c", script, NULL}, flags | RUN_PIPE, agent, &fd);

    ck_assert_int_gt(child, 0);
    while ((got = read(fd, text + have, sizeof(text) - have)) > 0)
        have += (size_t)got;
    close(fd);
    status = run_wait(child);
    ck_assert_int_eq(status, 0);
    return kept(text, have).bytes;
}

START_TEST(how_it_ended_is_told)
{
    ck_assert_int_eq(run("exit 0", 0, NULL), 0);
    ck_assert_int_eq(run("exit 7", 0, NULL), 7);
    ck_assert_int_eq(run("kill -9 $$", 0, NULL), -1);
    ck_assert_int_eq(run_wait(run_start((const char *const[]){"/nonexistent/program", NULL}, 0, NULL, NULL)),
                     127);
    ck_assert_int_eq(run_wait(-1), -1);
}
END_TEST

START_TEST(it_gets_no_descriptor_of_ours)
{
    int leaked = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC, as one of a library's may be */

    ck_assert_int_ge(leaked, 3);
    ck_assert_str_eq(
        output("for d in /proc/$$/fd/*; do case ${d##*/} in 0|1|2) ;; *) readlink $d;; esac; done; :", 0,
               NULL),
        "");
    ck_assert_str_eq(output("readlink /proc/$$/fd/0 /proc/$$/fd/2", 0, NULL), "/dev/null\n/dev/null\n");
    heard();
    ck_assert_int_eq(run("echo lost; echo kept >&2", RUN_KEEP_ERRORS, NULL), 0);
    ck_assert_int_eq(run("echo lost >&2", 0, NULL), 0);
    ck_assert_str_eq(heard(), "kept\n");
    close(leaked);
}
END_TEST

START_TEST(it_has_signals_and_a_session_of_its_own)
{
    signal(SIGPIPE, SIG_IGN);
    ck_assert_str_eq(output("trap 'echo caught' PIPE; kill -PIPE $$", 0, NULL), "caught\n");
    ck_assert_str_eq(output("test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo own", 0, NULL), "own\n");
    ck_assert_str_eq(output("echo $SSH_AUTH_SOCK $SSH_ASKPASS_REQUIRE", 0, "/my/agent"), "/my/agent never\n");
}
END_TEST

/* --- an agent's answer --- */

static bool ask(const char *base64, struct text answer)
{
    int ends[2];
    bool holds;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(send(ends[1], answer.bytes, answer.length, MSG_NOSIGNAL), (ssize_t)answer.length);
    ck_assert_int_eq(shutdown(ends[1], SHUT_WR), 0);
    holds = agent_holds(ends[0], base64, false);
    close(ends[0]);
    close(ends[1]);
    return holds;
}

START_TEST(an_agents_answer_is_taken_apart_with_care)
{
    /* IDENTITIES_ANSWER, two: "ab" "x", "foobar" "" */
    struct text answer = from_hex("0000001e"
                                  "0c"
                                  "00000002"
                                  "00000002"
                                  "6162"
                                  "00000001"
                                  "78"
                                  "00000006"
                                  "666f6f626172"
                                  "00000000");
    ck_assert(ask("YWI=", answer) && ask("Zm9vYmFy", answer) && !ask("eA==", answer) && !ask("", answer));
    for (size_t length = 0; length < answer.length; length++)
        ck_assert_msg(!ask("Zm9vYmFy", (struct text){answer.bytes, length}), "cut at %zu", length);
    ck_assert(!ask("YWI=", from_hex("00000001"
                                    "05")));
    ck_assert(!ask("YWI=", from_hex("0000000f"
                                    "05"
                                    "00000001"
                                    "00000002"
                                    "6162"
                                    "00000000")));
    ck_assert(!ask("YWI=", from_hex("00000009"
                                    "0c"
                                    "00000001"
                                    "ffffffff")));
    ck_assert(!ask("YWI=", from_hex("ffffffff"
                                    "0c"
                                    "00000001")));
    ck_assert(!ask("YWI=", from_hex("00000000")));
    ck_assert_int_eq(agent_connect(NULL), -1);
    ck_assert_int_eq(agent_connect(repeated("x", 200)), -1);
    ck_assert_int_eq(agent_connect("/nonexistent/agent"), -1);
}
END_TEST

/* What an agent answers whose signature is one octet by `algorithm`. */
static bool sign(const char *algorithm, bool rsa)
{
    CLEANUP(bytes_wipe) struct bytes answer = {0}, nothing = {0}, signature = {0};
    const uint32_t length = (uint32_t)strlen(algorithm) + 9;
    int ends[2];
    bool done;

    bytes_u32(&answer, length + 5);
    bytes_add(&answer, "\x0e", 1);
    bytes_u32(&answer, length);
    bytes_string_text(&answer, algorithm);
    bytes_string_text(&answer, "s");
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(send(ends[1], answer.at, answer.length, MSG_NOSIGNAL), (ssize_t)answer.length);
    done = agent_sign(ends[0], &nothing, &nothing, rsa, &signature);
    ck_assert_uint_eq(signature.length, done ? length : 0);
    close(ends[0]);
    close(ends[1]);
    return done;
}

START_TEST(an_rsa_key_never_signs_by_sha_1)
{
    ck_assert(sign("rsa-sha2-512", true) && sign("ssh-ed25519", false));
    ck_assert(!sign("ssh-rsa", true) && !sign("rsa-sha2-5", true) && !sign("", true));
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("client_run", how_it_ended_is_told, it_gets_no_descriptor_of_ours,
                       it_has_signals_and_a_session_of_its_own, an_agents_answer_is_taken_apart_with_care,
                       an_rsa_key_never_signs_by_sha_1);
}
