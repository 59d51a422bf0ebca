/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authorized_keys.c: jwks-authorized-keys, the AuthorizedKeysCommand of sshd(8): user, type and key in, a
 * line or nothing out.
 *
 * (The folder is called nss_helper for no better reason than that it was given the name; there is no NSS
 * module in it.)
 *
 * Whatever happens it ends with exit status 0: for any other sshd logs its arguments, and so the start of a
 * token.  "No" is an empty answer.  The answer is put together in memory and written once, and standard
 * output is nobody else's.
 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ABOVE_STDIO = 3, ARGUMENTS = 3 };

struct arguments {
    const char *conf;
    char *user, *type, *key;
    char **next; /* NULL: nobody else is asked */
};

/* --- the command line --- */

static int print_help(void)
{
    puts("usage: " HELPER_NAME " [-c FILE] USER TYPE KEY [--next COMMAND [ARGUMENT ...]]\n"
         "\n"
         "  -c, --config FILE   the configuration; default " JWKS_CONF "\n"
         "      --next COMMAND  what to ask where this has nothing to say; all that follows is its own\n"
         "  -h, --help          this text\n"
         "  -V, --version       the version\n"
         "\n"
         "sshd_config:  AuthorizedKeysCommand /PATH/" HELPER_NAME " %u %t %k\n"
         "              AuthorizedKeysCommandUser jwks\n"
         "See " HELPER_NAME "(8).");
    return EXIT_SUCCESS;
}

static int print_version(void)
{
    printf("%s %s\n", HELPER_NAME, jwkscore_version());
    return EXIT_SUCCESS;
}

/* To whoever tries it by hand; sshd gives the log a reader instead. */
static int refuse_usage(void)
{
    fputs("usage: " HELPER_NAME " [-c FILE] USER TYPE KEY [--next COMMAND [ARGUMENT ...]]\n", stderr);
    log_failure("not called as it should be", "wanted are %u %t %k, and perhaps --next COMMAND");
    return EXIT_SUCCESS;
}

static bool read_operands(int count, char **operands, struct arguments *arguments)
{
    if (count < ARGUMENTS)
        return false;
    arguments->user = operands[0];
    arguments->type = operands[1];
    arguments->key = operands[2];
    if (count == ARGUMENTS)
        return true;
    arguments->next = operands + ARGUMENTS + 1;
    return strcmp(operands[ARGUMENTS], "--next") == 0 && arguments->next[0] != NULL;
}

/* --- the decision --- */

static enum jwkscore_status load(struct call *call, const char *conf)
{
    enum jwkscore_status status;

    call->config = jwkscore_config_new();
    if (call->config == NULL)
        return call_refuse(call, JWKSCORE_E_MEMORY, "no memory");
    status = jwkscore_config_load(call->config, conf, &call->error);
    if (status != JWKSCORE_OK)
        log_problems(call->config);
    return status;
}

/* Everybody on this host can read it. */
static void wipe_key(const struct arguments *arguments)
{
    explicit_bzero(arguments->key, strlen(arguments->key));
}

static enum jwkscore_status read_offer(struct call *call, const struct arguments *arguments)
{
    enum jwkscore_status status =
        jwkscore_offer_read(call->config, arguments->type, arguments->key, &call->offer, &call->error);

    wipe_key(arguments);
    return status;
}

static enum jwkscore_status decide(struct call *call, const struct arguments *arguments)
{
    enum jwkscore_status status;

    if (!jwkscore_account_valid(call->user))
        return call_refuse(call, JWKSCORE_E_ACCOUNT, "the name is no account name");
    if ((status = load(call, arguments->conf)) != JWKSCORE_OK ||
        (status = read_offer(call, arguments)) != JWKSCORE_OK ||
        (status = jwkscore_offer_check(call->offer, call->user, call->now, &call->error)) != JWKSCORE_OK)
        return status;
    return jwkscore_offer_is_certificate(call->offer) ? certificate_decide(call) : grants_decide(call);
}

/* --- the answer --- */

/* Standard output, out of the reach of every child and of whatever might print; -1: there is none. */
static int take_output(void)
{
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, ABOVE_STDIO),
        null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (out < 0 || null < 0 || dup2(null, STDOUT_FILENO) != STDOUT_FILENO)
        return -1;
    if (null != STDOUT_FILENO)
        close(null);
    return out;
}

/* A pipe takes as much at once; a file may take less, and half a line is none. */
static void write_answer(int out, const char *answer)
{
    size_t length = strlen(answer);

    if (write(out, answer, length) != (ssize_t)length)
        log_failure("the answer was not written", strerrordesc_np(errno));
}

static void answer(struct call *call, const struct arguments *arguments, int out)
{
    if (decide(call, arguments) == JWKSCORE_OK) {
        log_allowed(call);
        write_answer(out, call->answer);
        return;
    }
    log_refused(call);
    deadline_end();
    wipe_key(arguments); /* also where it did not come to be read */
    if (arguments->next != NULL)
        next_run(call, arguments->next, out);
}

/* Tokens are in its memory. */
static void leave_no_core(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
}

static int run(const struct arguments *arguments)
{
    static struct call call; /* not freed: the process ends, and that would be a twentieth of its work */
    int out = take_output();

    if (out < 0) {
        log_failure("standard output", "is not there");
        return EXIT_SUCCESS;
    }
    leave_no_core();
    call.user = arguments->user;
    call.now = jwkscore_now();
    (void)unsetenv("TZ"); /* the line's times are in the system's zone, as sshd's are */
    deadline_begin(arguments->user);
    answer(&call, arguments, out);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    struct arguments arguments = {.conf = JWKS_CONF};
    int option;

    jwkscore_program_begin();
    log_begin();
    while ((option = getopt_long(argc, argv, "+c:hV", options, NULL)) != -1) {
        if (option == 'h')
            return print_help();
        if (option == 'V')
            return print_version();
        if (option != 'c')
            return refuse_usage();
        arguments.conf = optarg;
    }
    return read_operands(argc - optind, argv + optind, &arguments) ? run(&arguments) : refuse_usage();
}
