/* SPDX-License-Identifier: Apache-2.0 */
/* check_refresh.c: jwks-fetch is started as CACHE 8 says, from hosts of every kind, and waited for no longer. */
#include "cachefile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STRANGER = 1234, LONG = 20000 };

#define LOG "log state/starts\n"
#define ANSWER "answer new 200 0\n"
#define KEYS "{\"keys\":[{}]}"

extern char **environ;

/* --- what the helper sees of itself --- */

static void record_descriptors(FILE *file)
{
    DIR *folder = opendir("/proc/self/fd");

    for (int fd = 0; folder != NULL && fd < 1024; fd++) {
        char target[256] = "", name[16];

        snprintf(name, sizeof(name), "%d", fd);
        if (fd != dirfd(folder) && fd != fileno(file) &&
            readlinkat(dirfd(folder), name, target, sizeof(target) - 1) > 0)
            fprintf(file, "fd %d %s\n", fd, strncmp(target, "pipe:", 5) == 0 ? "pipe" : target);
    }
    if (folder != NULL)
        closedir(folder);
}

/* Lines of /proc/self/status about signals. */
static void record_signals(FILE *file)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");

    while (status != NULL && fgets(line, sizeof(line), status) != NULL)
        if (strncmp(line, "SigBlk:", 7) == 0 || strncmp(line, "SigIgn:", 7) == 0)
            fputs(line, file);
    if (status != NULL)
        fclose(status);
}

static void record(const struct helper *helper, FILE *file)
{
    char here[4096] = "";
    uid_t ruid, euid, suid;
    gid_t rgid, egid, sgid;
    struct rlimit size = {0, 0};
    unsigned left = alarm(0);

    alarm(left);
    record_descriptors(file);
    for (int i = 0; i < helper->argc; i++)
        fprintf(file, "arg %s\n", helper->argv[i]);
    for (char **variable = environ; *variable != NULL; variable++)
        fprintf(file, "env %s\n", *variable);
    getresuid(&ruid, &euid, &suid);
    getresgid(&rgid, &egid, &sgid);
    getrlimit(RLIMIT_FSIZE, &size);
    fprintf(file, "uid %u %u %u\ngid %u %u %u\ngroups %d\n", ruid, euid, suid, rgid, egid, sgid, getgroups(0, NULL));
    fprintf(file, "cwd %s\n", getcwd(here, sizeof(here)));
    fprintf(file, "umask %03o\n", (unsigned)umask(022));
    fprintf(file, "session %s\n", getsid(0) == getpid() ? "its own" : "another's");
    fprintf(file, "alarm %s\n", left >= 8 && left <= 10 ? "10" : "wrong");
    fprintf(file, "size %llu\n", (unsigned long long)size.rlim_cur);
    record_signals(file);
}

/* What it must have seen. */
static void expect_record(const struct stage *stage, const char *arguments, bool waited, int groups)
{
    char found[8192] = "";
    FILE *file = fopen(room_path("state/record"), "re");

    ck_assert_ptr_nonnull(file);
    found[fread(found, 1, sizeof(found) - 1, file)] = '\0';
    fclose(file);
    ck_assert_str_eq(found, textf(
        "fd 0 /dev/null\nfd 1 /dev/null\nfd 2 /dev/null\n%s"
        "arg %s\narg --conf\narg %s\narg --issuer\narg corp\n%s"
        "env PATH=/usr/bin:/bin\nenv LANG=C\n"
        "uid %u %u %u\ngid %u %u %u\ngroups %d\ncwd /\numask 022\nsession its own\nalarm 10\nsize 16777216\n"
        "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n",
        waited ? "fd 3 pipe\n" : "", room_path("helper"), room_path("jwks.conf"), arguments, stage->owner, stage->owner,
        stage->owner, stage->group, stage->group, stage->group, groups));
}

/* --- callers --- */

struct call {
    const struct stage *stage;
    enum refresh_reason reason;
    const uint64_t *kid_hash;
    int64_t wait_ms;
    struct refresh_answer answer;
    struct buffer envelope;
    struct jwkscore_error error;
    int64_t took_ms;
    int leaked;                                              /* descriptors */
};

static struct call call_of(const struct stage *stage, enum refresh_reason reason, int64_t wait_ms)
{
    return (struct call){.stage = stage, .reason = reason, .wait_ms = wait_ms};
}

static int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static enum jwkscore_status run(struct call *call)
{
    const struct stage *stage = call->stage;
    int64_t began = clock_boot_ms();
    int before = count_descriptors();
    enum jwkscore_status status;

    call->error = (struct jwkscore_error){JWKSCORE_OK, ""};
    status = refresh_run(stage->config, stage->issuer, call->reason, call->kid_hash, call->wait_ms, &call->answer,
                         &call->envelope, &call->error);
    call->took_ms = clock_boot_ms() - began;
    call->leaked = count_descriptors() - before;
    return status;
}

/* It fails like this, within a second, and leaves the answer as it was. */
static void expect_refused(const struct stage *stage, enum jwkscore_status wanted, const char *part, const char *log)
{
    struct call call = call_of(stage, REFRESH_COLD, 5000);

    call.answer = (struct refresh_answer){OUTCOME_HELPER, 1, 2, 3};
    ck_assert_status(run(&call), wanted);
    ck_assert_msg(strstr(call.error.message, part) != NULL, "\"%s\" does not say \"%s\"", call.error.message, part);
    ck_assert(call.answer.outcome == OUTCOME_HELPER && call.answer.http == 1 && call.answer.next_s == 2);
    ck_assert_ptr_null(call.envelope.bytes);
    ck_assert_int_lt(call.took_ms, 3000);
    ck_assert_int_eq(call.leaked, 0);
    expect_started(log);
}

static void expect_answered(const struct stage *stage, const char *log)
{
    struct call call = call_of(stage, REFRESH_COLD, LONG);

    ck_assert_msg(run(&call) == JWKSCORE_OK, "%s", call.error.message);
    ck_assert(call.answer.outcome == OUTCOME_NEW && call.answer.http == 200 && call.answer.next_s == 0);
    ck_assert_int_eq(call.leaked, 0);
    expect_started(log);
}

/*
 * In a process of its own, which it may spoil: what a caller does there stays there.  It answers 0, or the line where
 * something was wrong; nothing of libcheck is called there, whose descriptor it may have closed.
 */
#define MUST(condition)                                                                                                \
    do                                                                                                                 \
        if (!(condition))                                                                                              \
            return __LINE__;                                                                                           \
    while (0)

/* From now on this process and its children get `error` from a system call; 0: it pretends to have done its work. */
static int replace_call(int number, unsigned error)
{
    struct sock_filter lines[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {.len = ARRAY_LENGTH(lines), .filter = lines};

    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
    return 0;
}

static void expect_in_process(int (*caller)(const struct stage *), const struct stage *stage)
{
    int line = -1, ends[2];
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        ends[1] = fcntl(ends[1], F_DUPFD_CLOEXEC, 100);
        line = caller(stage);
        _exit(write(ends[1], &line, sizeof(line)) != sizeof(line));
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &line, sizeof(line)), sizeof(line));
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_msg(line == 0, "line %d does not hold", line);
}

static bool has_children(void)
{
    return waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
}

/* --- how it is started --- */

START_TEST(a_waited_helper_gets_these_arguments)
{
    static const uint64_t hash = 0xff;
    struct stage stage;
    struct call call;

    stage_open(&stage, "");
    plan("record state/record\n" LOG ANSWER);
    call = call_of(&stage, REFRESH_KID, LONG);
    call.kid_hash = &hash;
    ck_assert_status(run(&call), JWKSCORE_OK);
    expect_record(&stage, "arg --reason\narg kid\narg --kid-hash\narg 00000000000000ff\narg --wait-ms\narg 20000\n",
                  true, geteuid() == 0 ? 0 : getgroups(0, NULL));
    expect_started("kid 00000000000000ff waited\n");
    stage_close(&stage);
}
END_TEST

START_TEST(an_unwaited_helper_has_no_pipe_and_holds_nobody_up)
{
    struct stage stage;
    struct call call;

    stage_open(&stage, "");
    plan("sleep 1500\nrecord state/record\n" LOG ANSWER);
    call = call_of(&stage, REFRESH_DUE, 0);
    call.answer.outcome = OUTCOME_HELPER;
    ck_assert_status(run(&call), JWKSCORE_OK);
    ck_assert_int_lt(call.took_ms, 1000);
    ck_assert(call.answer.outcome == OUTCOME_HELPER && call.envelope.bytes == NULL && call.leaked == 0);
    expect_started("due\n");
    expect_record(&stage, "arg --reason\narg due\n", false, geteuid() == 0 ? 0 : getgroups(0, NULL));
    stage_close(&stage);
}
END_TEST

static volatile sig_atomic_t signals_seen;

static void see_signal(int number)
{
    (void)number;
    signals_seen = 1;
}

static bool is_ignored(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* As sudo's caller can make it: FACTS 6.  libc keeps two signals for itself, so the kernel is asked to ignore those. */
static int spoil_process(void)
{
    static const unsigned long ignored[8] = {(unsigned long)SIG_IGN};
    struct rlimit none = {0, RLIM_INFINITY};
    sigset_t some;

    getrlimit(RLIMIT_FSIZE, &none);
    none.rlim_cur = 0;
    MUST(setenv("https_proxy", "http://127.0.0.1:9", 1) == 0 && setenv("LD_PRELOAD_X", "x", 1) == 0);
    MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    MUST(signal(SIGTERM, see_signal) != SIG_ERR && signal(SIGALRM, see_signal) != SIG_ERR);
    MUST(signal(SIGRTMAX, SIG_IGN) != SIG_ERR);
    for (int number = 32; number < SIGRTMIN; number++)
        MUST(syscall(SYS_rt_sigaction, number, ignored, NULL, NSIG / 8) == 0);
    sigemptyset(&some);
    sigaddset(&some, SIGINT);
    sigaddset(&some, SIGUSR1);
    MUST(sigprocmask(SIG_SETMASK, &some, NULL) == 0);
    MUST(dup2(2, 50) == 50 && dup2(2, 300) == 300 && dup2(2, 3) == 3);
    MUST(setrlimit(RLIMIT_FSIZE, &none) == 0);
    if (geteuid() == 0)
        MUST(setgroups(2, (gid_t[]){1, 2}) == 0 && setresgid(STRANGER, STRANGER, STRANGER) == 0 &&
             setresuid(STRANGER, 0, 0) == 0);
    umask(0);
    alarm(100);
    return 0;
}

static int spoilt_caller(const struct stage *stage)
{
    struct call call = call_of(stage, REFRESH_STALE, LONG);
    char before[4096], after[4096];
    sigset_t mask;
    unsigned left;

    MUST(chdir(stage->config->global.state_dir) == 0 && getcwd(before, sizeof(before)) != NULL);
    MUST(spoil_process() == 0);
    MUST(run(&call) == JWKSCORE_OK && call.answer.outcome == OUTCOME_NEW && call.leaked == 0);
    /* E4: afterwards everything is as it was */
    left = alarm(0);
    MUST(left > 70 && left <= 100 && !signals_seen);
    MUST(umask(0) == 0);
    MUST(getcwd(after, sizeof(after)) != NULL && strcmp(before, after) == 0);
    MUST(is_ignored(SIGPIPE) && is_ignored(SIGXFSZ) && is_ignored(SIGRTMAX) && !is_ignored(SIGCHLD));
    MUST(sigprocmask(SIG_BLOCK, NULL, &mask) == 0 && sigismember(&mask, SIGINT) && sigismember(&mask, SIGUSR1) &&
         !sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGCHLD));
    MUST(getenv("https_proxy") != NULL);
    MUST(!has_children());
    return 0;
}

START_TEST(the_helper_sees_nothing_of_its_callers_process_and_leaves_it_as_it_was)
{
    struct stage stage;

    stage_open(&stage, "");
    plan("record state/record\n" LOG ANSWER);
    expect_in_process(spoilt_caller, &stage);
    expect_started("stale waited\n");
    expect_record(&stage, "arg --reason\narg stale\narg --wait-ms\narg 20000\n", true,
                  geteuid() == 0 ? 0 : getgroups(0, NULL));
    stage_close(&stage);
}
END_TEST

static int caller_that_ignores_sigchld(const struct stage *stage)
{
    struct call call = call_of(stage, REFRESH_COLD, LONG);

    MUST(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    MUST(run(&call) == JWKSCORE_OK && call.answer.outcome == OUTCOME_NEW);
    MUST(is_ignored(SIGCHLD) && !has_children());
    return 0;
}

static void reap_everything(int number)
{
    int before = errno;

    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        signals_seen = 1;
    errno = before;
}

static int caller_that_reaps_everything(const struct stage *stage)
{
    struct call call = call_of(stage, REFRESH_COLD, LONG);

    MUST(signal(SIGCHLD, reap_everything) != SIG_ERR);
    MUST(run(&call) == JWKSCORE_OK && call.answer.outcome == OUTCOME_NEW);
    MUST(!has_children());
    return 0;
}

static int caller_without_stdio(const struct stage *stage)
{
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    for (int i = 0; i < 3; i++) {
        struct call call = call_of(stage, REFRESH_COLD, LONG);

        MUST(run(&call) == JWKSCORE_OK && call.answer.outcome == OUTCOME_NEW);
        MUST(fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0);
        MUST(call.leaked == 0);
    }
    return 0;
}

static int caller_without_descriptors(const struct stage *stage)
{
    struct call call = call_of(stage, REFRESH_COLD, LONG);
    struct rlimit few;

    MUST(getrlimit(RLIMIT_NOFILE, &few) == 0);
    few.rlim_cur = 4;
    MUST(setrlimit(RLIMIT_NOFILE, &few) == 0);
    MUST(run(&call) == JWKSCORE_E_MEMORY && call.error.message[0] != '\0' && call.leaked == 0);
    return 0;
}

static int become_owner(const struct stage *stage)
{
    if (geteuid() == 0)
        MUST(setgroups(0, NULL) == 0 && setresgid(stage->group, stage->group, stage->group) == 0 &&
             setresuid(stage->owner, stage->owner, stage->owner) == 0);
    return 0;
}

/* Root is not held to this limit. */
static int caller_without_processes(const struct stage *stage)
{
    struct call call = call_of(stage, REFRESH_COLD, LONG);
    struct rlimit none = {0, 0};

    MUST(become_owner(stage) == 0 && setrlimit(RLIMIT_NPROC, &none) == 0);
    MUST(run(&call) == JWKSCORE_E_SYSTEM && strstr(call.error.message, "fork") != NULL && call.leaked == 0);
    return 0;
}

START_TEST(hosts_of_every_kind_get_their_answer)
{
    struct stage stage;

    stage_open(&stage, "");
    plan("record state/record\n" LOG ANSWER);
    expect_in_process(caller_that_ignores_sigchld, &stage);
    ck_assert_uint_le(expect_logged("cold waited\n"), 1);
    expect_in_process(caller_that_reaps_everything, &stage);
    expect_started("cold waited\n");
    expect_in_process(caller_without_stdio, &stage);
    expect_started("cold waited\ncold waited\ncold waited\n");
    expect_record(&stage, "arg --reason\narg cold\narg --wait-ms\narg 20000\n", true,
                  geteuid() == 0 ? 0 : getgroups(0, NULL));
    expect_in_process(caller_without_descriptors, &stage);
    expect_in_process(caller_without_processes, &stage);
    expect_started("");
    stage_close(&stage);
}
END_TEST

/* A kernel before 5.9. */
static int caller_without_close_range(const struct stage *stage)
{
    struct call call = call_of(stage, REFRESH_COLD, LONG);

    MUST(dup2(2, 50) == 50 && dup2(2, 300) == 300);
#ifdef SYS_close_range
    MUST(replace_call(SYS_close_range, ENOSYS) == 0);
#endif
    MUST(run(&call) == JWKSCORE_OK && call.answer.outcome == OUTCOME_NEW);
    return 0;
}

START_TEST(without_close_range_descriptors_are_closed_one_by_one)
{
    struct stage stage;

    stage_open(&stage, "");
    plan("record state/record\n" LOG ANSWER);
    expect_in_process(caller_without_close_range, &stage);
    expect_started("cold waited\n");
    expect_record(&stage, "arg --reason\narg cold\narg --wait-ms\narg 20000\n", true,
                  geteuid() == 0 ? 0 : getgroups(0, NULL));
    stage_close(&stage);
}
END_TEST

#ifdef SYS_setresuid32
enum { SETGROUPS = SYS_setgroups32, SETRESGID = SYS_setresgid32, SETRESUID = SYS_setresuid32 };
#else
enum { SETGROUPS = SYS_setgroups, SETRESGID = SYS_setresgid, SETRESUID = SYS_setresuid };
#endif

/* Steps on the way to the helper, and how each fails; 0: it lies. */
static const struct step {
    int number;
    unsigned error;
    bool by_root, without_run;
} steps[] = {
    {SYS_setsid, EPERM, false, false},   {SYS_chdir, EACCES, false, false},
    {SETGROUPS, EPERM, true, false},     {SETGROUPS, 0, true, false},        {SETRESGID, EPERM, true, false},
    {SETRESGID, 0, true, false},         {SETRESUID, EPERM, true, false},    {SETRESUID, 0, true, false},
    {SYS_mkdirat, EROFS, true, true},    {SYS_fchown, EPERM, true, true},
};
static const struct step *step;

static int caller_that_fails_at_a_step(const struct stage *stage)
{
    struct call call = call_of(stage, REFRESH_COLD, LONG);

    MUST(geteuid() != 0 || setgroups(2, (gid_t[]){1, 2}) == 0);
    MUST(replace_call(step->number, step->error) == 0);
    MUST(run(&call) == JWKSCORE_E_UNREACHABLE && strstr(call.error.message, "without an answer") != NULL);
    return 0;
}

/* The worst of all would be a helper that is root still. */
START_TEST(whatever_fails_on_the_way_ends_the_helper)
{
    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
        struct stage stage;

        step = &steps[i];
        if (step->by_root && geteuid() != 0)
            continue;
        stage_open(&stage, "");
        plan("record state/record\n" LOG ANSWER);
        ck_assert(!step->without_run || rmdir(room_path("run")) == 0);
        expect_in_process(caller_that_fails_at_a_step, &stage);
        expect_logged("");
        ck_assert_msg(!room_has("state/record"), "step %zu", i);
        stage_close(&stage);
    }
}
END_TEST

/* --- the answer --- */

START_TEST(the_answer_ends_the_wait_and_not_the_helper)
{
    struct stage stage;
    struct call call;

    stage_open(&stage, "");
    plan(LOG "answer http-429 429 77\nsleep 2500\n");
    call = call_of(&stage, REFRESH_COLD, LONG);
    ck_assert_status(run(&call), JWKSCORE_OK);
    ck_assert(call.answer.outcome == OUTCOME_HTTP_429 && call.answer.http == 429 && call.answer.next_s == 77);
    ck_assert(call.envelope.bytes == NULL && call.envelope.length == 0);
    ck_assert_int_lt(call.took_ms, 2000);
    expect_started("cold waited\n");
    stage_close(&stage);
}
END_TEST

START_TEST(an_answer_may_come_in_pieces)
{
    struct stage stage;

    stage_open(&stage, "");
    plan(LOG "bytes 4a4b52\nsleep 100\nbytes 31000100c8000000\nsleep 100\nbytes 0000000000\n");
    expect_answered(&stage, "cold waited\n");
    stage_close(&stage);
}
END_TEST

START_TEST(an_envelope_comes_with_its_answer)
{
    struct stage stage;
    struct cache_file file;
    struct call call;

    stage_open(&stage, "");
    prepare(&stage, "next", 0, KEYS);
    plan(LOG "answer nopersist 200 0 next\n");
    call = call_of(&stage, REFRESH_COLD, LONG);
    ck_assert_status(run(&call), JWKSCORE_OK);
    ck_assert_int_eq(call.answer.outcome, OUTCOME_NOPERSIST);
    ck_assert_uint_eq(call.envelope.length, call.answer.length);
    ck_assert_status(cache_file_parse(stage.config->crypto, stage.id, CORP_ISSUER, &call.envelope, &file, NULL),
                     JWKSCORE_OK);
    ck_assert_int_eq(file.gen, 8);
    cache_file_clear(&file);
    buffer_freep(&call.envelope);
    expect_started("cold waited\n");
    stage_close(&stage);
}
END_TEST

START_TEST(what_is_no_answer_is_a_failure)
{
    static const struct {
        const char *plan, *part;
    } rows[] = {
        {"", "without an answer"},
        {"kill\n", "without an answer"},
        {"bytes 4a4b5231000100c80000000000000000\n", NULL},
        {"bytes 4a4b5231000100c800000000000000\n", "without an answer"},       /* a byte short */
        {"bytes 4a4b5232000100c80000000000000000\n", "another version"},
        {"bytes 4a4b5231000000c80000000000000000\n", "another version"},       /* no outcome */
        {"bytes 4a4b523100ff00c80000000000000000\n", "another version"},
        {"bytes 4a4b5231001a00c80000000000100001\n", "another version"},       /* more than a cache file can be */
        {"bytes 48656c6c6f2c20776f726c64210a2020\n", "another version"},
        {"bytes 4a4b5231001a00c800000000000000040102\n", "without an answer"}, /* less than it announced */
    };
    struct stage stage;

    stage_open(&stage, "");
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        plan(LOG "%s", rows[i].plan);
        if (rows[i].part == NULL)
            expect_answered(&stage, "cold waited\n");
        else
            expect_refused(&stage, JWKSCORE_E_UNREACHABLE, rows[i].part, "cold waited\n");
    }
    stage_close(&stage);
}
END_TEST

START_TEST(a_helper_that_hangs_is_left_at_the_deadline)
{
    static const char *const plans[] = {
        LOG "sleep 2500\n" ANSWER,
        LOG "bytes 4a4b52\nsleep 2500\n",
        LOG "bytes 4a4b5231001a00c800000000000000080102\nsleep 2500\n",
    };
    struct stage stage;

    stage_open(&stage, "");
    for (size_t i = 0; i < ARRAY_LENGTH(plans); i++) {
        struct call call = call_of(&stage, REFRESH_COLD, 400);

        plan("%s", plans[i]);
        ck_assert_status(run(&call), JWKSCORE_E_UNREACHABLE);
        ck_assert_ptr_nonnull(strstr(call.error.message, "not ended in time"));
        ck_assert_msg(call.took_ms >= 400 && call.took_ms < 1400, "%d ms", (int)call.took_ms);
        ck_assert(call.envelope.bytes == NULL && call.leaked == 0);
        expect_started("cold waited\n");
    }
    stage_close(&stage);
}
END_TEST

/* --- who, and what --- */

START_TEST(a_program_that_others_could_change_is_not_started)
{
    const char *path;
    struct stage stage;

    stage_open(&stage, "");
    plan(LOG ANSWER);
    expect_answered(&stage, "cold waited\n");
    path = room_path("helper");
    ck_assert_int_eq(chmod(path, 0775), 0);
    expect_refused(&stage, JWKSCORE_E_UNSAFE_FILE, "writable by others", "");
    ck_assert_int_eq(chmod(path, 0757), 0);
    expect_refused(&stage, JWKSCORE_E_UNSAFE_FILE, "writable by others", "");
    ck_assert_int_eq(chmod(path, 04755), 0);
    expect_refused(&stage, JWKSCORE_E_UNSAFE_FILE, "set-id", "");
    ck_assert_int_eq(chmod(path, 0644), 0);
    expect_refused(&stage, JWKSCORE_E_UNSAFE_FILE, "not executable", "");
    ck_assert_int_eq(chmod(path, 0755), 0);
    if (geteuid() == 0) {
        /* whoever writes the cache does not choose the program */
        ck_assert_int_eq(chown(path, stage.owner, (gid_t)-1), 0);
        expect_refused(&stage, JWKSCORE_E_UNSAFE_FILE, "belongs to uid", "");
        ck_assert_int_eq(chown(path, 0, (gid_t)-1), 0);
    }
    ck_assert_int_eq(rename(path, room_path("real")), 0);
    expect_refused(&stage, JWKSCORE_E_SYSTEM, "ENOENT", "");
    ck_assert_int_eq(symlink("real", path), 0);
    expect_refused(&stage, JWKSCORE_E_UNSAFE_FILE, "symbolic link", "");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rename(room_path("real"), path), 0);
    expect_answered(&stage, "cold waited\n");
    stage_close(&stage);
}
END_TEST

START_TEST(nor_one_in_a_folder_that_others_could_change)
{
    struct stage stage;
    const char *path;

    stage_open(&stage, "");
    path = room_path("bin/helper");
    room_folder("bin", 0755);
    room_write("bin/plan", "log ../state/starts\n" ANSWER);
    ck_assert_int_eq(rename(room_path("helper"), path), 0);
    tell(stage.config, "global", "fetch_helper", path);
    expect_answered(&stage, "cold waited\n");
    room_folder("bin", 0777);
    expect_refused(&stage, JWKSCORE_E_UNSAFE_FILE, "writable by others", "");
    room_folder("bin", 0755);
    expect_answered(&stage, "cold waited\n");
    ck_assert_int_eq(rename(path, room_path("helper")), 0);
    stage_close(&stage);
}
END_TEST

START_TEST(without_a_safe_state_folder_nothing_is_started)
{
    struct stage stage;

    stage_open(&stage, "");
    plan(LOG ANSWER);
    room_folder("state", 0777);
    expect_refused(&stage, JWKSCORE_E_UNSAFE_FILE, "writable by others", "");
    room_folder("state", 0755);
    expect_answered(&stage, "cold waited\n");
    tell(stage.config, "global", "state_dir", room_path("elsewhere"));
    expect_refused(&stage, JWKSCORE_E_SYSTEM, "ENOENT", "");
    stage_close(&stage);
}
END_TEST

START_TEST(what_cannot_be_executed_is_no_answer)
{
    struct stage stage;

    stage_open(&stage, "");
    room_write_bytes("not-a-program", TEXT("\x7f" "ELF, it says"), 0755);
    tell(stage.config, "global", "fetch_helper", room_path("not-a-program"));
    {
        struct call call = call_of(&stage, REFRESH_COLD, LONG);

        ck_assert_status(run(&call), JWKSCORE_E_UNREACHABLE);
        ck_assert_int_lt(call.took_ms, 3000);
        while (waitpid(-1, NULL, 0) > 0)
            ;
    }
    stage_close(&stage);
}
END_TEST

START_TEST(without_a_file_of_its_own_a_configuration_starts_nothing)
{
    CLEANUP(config_freep) struct jwkscore_config *told = NULL;
    struct stage stage, other;

    stage_open(&stage, "");
    plan(LOG ANSWER);
    told = config_told(CORP);
    tell(told, "global", "state_dir", room_path("state"));
    tell(told, "global", "run_dir", room_path("run"));
    tell(told, "global", "fetch_helper", room_path("helper"));
    other = stage;
    other.config = told;
    other.issuer = corp(told);
    expect_answered(&stage, "cold waited\n");
    expect_refused(&other, JWKSCORE_E_SYSTEM, "not from a file", "");
    stage_close(&stage);
}
END_TEST

static int strange_caller(const struct stage *stage)
{
    struct call call = call_of(stage, REFRESH_COLD, LONG);

    MUST(setgroups(0, NULL) == 0 && setresgid(STRANGER, STRANGER, STRANGER) == 0 &&
         setresuid(STRANGER, STRANGER, STRANGER) == 0);
    MUST(run(&call) == JWKSCORE_E_SYSTEM);
    MUST(strstr(call.error.message, "only root and the owner") != NULL);
    return 0;
}

static int owner_as_caller(const struct stage *stage)
{
    struct call call = call_of(stage, REFRESH_COLD, LONG);

    MUST(become_owner(stage) == 0);
    MUST(run(&call) == JWKSCORE_OK && call.answer.outcome == OUTCOME_NEW);
    return 0;
}

START_TEST(only_root_and_the_caches_owner_start_it)
{
    struct stage stage;

    if (geteuid() != 0) {
        fprintf(stderr, "skipped: only root can be somebody else\n");
        return;
    }
    stage_open(&stage, "");
    plan("record state/record\n" LOG ANSWER);
    expect_in_process(strange_caller, &stage);
    expect_started("");
    expect_in_process(owner_as_caller, &stage);
    expect_started("cold waited\n");
    expect_record(&stage, "arg --reason\narg cold\narg --wait-ms\narg 20000\n", true, 0);
    ck_assert_int_eq(chown(room_path("state"), 0, 0), 0);
    expect_refused(&stage, JWKSCORE_E_SYSTEM, "never fetched as root", "");
    ck_assert_int_eq(chown(room_path("state"), STRANGER, STRANGER), 0); /* whoever owns the cache is who fetches */
    room_folder("state", 0755);
    plan(ANSWER);
    stage.owner = STRANGER;
    {
        struct call call = call_of(&stage, REFRESH_COLD, LONG);

        ck_assert_status(run(&call), JWKSCORE_OK);
        while (waitpid(-1, NULL, 0) > 0)
            ;
    }
    stage_close(&stage);
}
END_TEST

/* --- hosts without tmpfiles.d --- */

static int caller_without_run_folder(const struct stage *stage)
{
    struct call call = call_of(stage, REFRESH_COLD, LONG);

    umask(077);
    MUST(run(&call) == JWKSCORE_OK && call.answer.outcome == OUTCOME_NEW && call.leaked == 0);
    return 0;
}

START_TEST(root_makes_a_missing_run_folder_for_its_owner)
{
    struct stage stage;
    struct stat found;

    stage_open(&stage, "");
    plan(LOG ANSWER);
    ck_assert_int_eq(rmdir(room_path("run")), 0);
    expect_in_process(caller_without_run_folder, &stage);
    expect_started("cold waited\n");
    ck_assert_int_eq(room_has("run"), geteuid() == 0); /* nobody else could give it away */
    if (geteuid() == 0) {
        ck_assert_int_eq(stat(room_path("run"), &found), 0);
        ck_assert(S_ISDIR(found.st_mode) && (found.st_mode & 07777) == 0755);
        ck_assert(found.st_uid == stage.owner && found.st_gid == stage.group);
        expect_answered(&stage, "cold waited\n"); /* and the next time it is there */
    }
    stage_close(&stage);
}
END_TEST

START_TEST(a_run_folder_is_made_in_a_safe_place_only)
{
    struct stage stage;

    if (geteuid() != 0) {
        fprintf(stderr, "skipped: only root makes a run folder\n");
        return;
    }
    stage_open(&stage, "");
    plan(LOG ANSWER);
    room_folder("parent", 0777);
    tell(stage.config, "global", "run_dir", room_path("parent/run"));
    expect_refused(&stage, JWKSCORE_E_UNSAFE_FILE, "writable by others", "");
    ck_assert(!room_has("parent/run"));
    room_folder("parent", 0755);
    ck_assert_int_eq(chown(room_path("parent"), stage.owner, stage.group), 0);
    expect_refused(&stage, JWKSCORE_E_UNSAFE_FILE, "belongs to uid", "");
    ck_assert_int_eq(chown(room_path("parent"), 0, 0), 0);
    expect_answered(&stage, "cold waited\n");
    ck_assert(room_has("parent/run"));
    ck_assert_int_eq(rmdir(room_path("parent/run")), 0);
    ck_assert_int_eq(symlink("elsewhere", room_path("parent/run")), 0); /* not followed, not replaced */
    expect_answered(&stage, "cold waited\n");
    ck_assert(!room_has("parent/elsewhere"));
    stage_close(&stage);
}
END_TEST

int main(int argc, char **argv)
{
    if (IS_HELPER(argc, argv))
        return helper_main(argc, argv, record);
    if (!stage_possible())
        return 77;
    return RUN_IN_ROOM("refresh", a_waited_helper_gets_these_arguments,
                       an_unwaited_helper_has_no_pipe_and_holds_nobody_up,
                       the_helper_sees_nothing_of_its_callers_process_and_leaves_it_as_it_was,
                       hosts_of_every_kind_get_their_answer,
                       without_close_range_descriptors_are_closed_one_by_one, whatever_fails_on_the_way_ends_the_helper,
                       the_answer_ends_the_wait_and_not_the_helper,
                       an_answer_may_come_in_pieces, an_envelope_comes_with_its_answer, what_is_no_answer_is_a_failure,
                       a_helper_that_hangs_is_left_at_the_deadline, a_program_that_others_could_change_is_not_started,
                       nor_one_in_a_folder_that_others_could_change,
                       without_a_safe_state_folder_nothing_is_started, what_cannot_be_executed_is_no_answer,
                       without_a_file_of_its_own_a_configuration_starts_nothing,
                       only_root_and_the_caches_owner_start_it,
                       root_makes_a_missing_run_folder_for_its_owner, a_run_folder_is_made_in_a_safe_place_only);
}
