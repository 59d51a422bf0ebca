/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwks_login.c: signs a person in, so that plain ssh works: a key, and a certificate with the provider's
 * token in it.
 *
 * The commands are here; what each does is in sign_in.c and login_status.c, and every option in
 * login_options.c.
 */
#include "login.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum command { COMMAND_SIGN_IN, COMMAND_STATUS, COMMAND_LOGOUT };

/* What we open must not be taken for standard input, output or error, by us or by a program that we start. */
static bool open_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDONLY); /* so that nothing can be printed there, and seem to be */
    while (fd >= 0 && fd <= STDERR_FILENO);
    return fd >= 0 && close(fd) == 0;
}

/*
 * Tokens and a private key are in our memory: no core, and nobody attaches.  Whoever started us may ignore
 * signals.
 */
static void protect(void)
{
    setrlimit(RLIMIT_CORE, &(const struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
}

static enum command find_command(const char *argument)
{
    if (argument != NULL && strcmp(argument, "status") == 0)
        return COMMAND_STATUS;
    return argument != NULL && strcmp(argument, "logout") == 0 ? COMMAND_LOGOUT : COMMAND_SIGN_IN;
}

static int take_name(char **arguments, struct login_options *options)
{
    if (arguments[0] == NULL)
        return LOGIN_DONE;
    if (arguments[1] != NULL)
        return client_complain(LOGIN_USAGE, "one NAME is enough; see jwks-login --help");
    if (!name_valid(arguments[0]))
        return client_complain(LOGIN_USAGE, "a NAME is letters, digits, _ and -, at most 32");
    options->name = strdup(arguments[0]);
    return options->name != NULL ? LOGIN_DONE : client_complain(LOGIN_UNABLE, "out of memory");
}

static void login_file_freep(struct login_file **file)
{
    login_file_free(*file);
}

static int run(enum command command, struct login_options *options)
{
    CLEANUP(login_file_freep) struct login_file *file = NULL;
    int code = login_file_read(options->config, &file);

    if (code != LOGIN_DONE)
        return code;
    if (command == COMMAND_STATUS)
        return show_status(options, file);
    if ((code = login_file_choose(file, options)) != LOGIN_DONE ||
        (code = options_complete(options)) != LOGIN_DONE)
        return code;
    if (command == COMMAND_LOGOUT)
        return log_out(options);
    if ((code = options_check(options)) != LOGIN_DONE)
        return code;
    return options->token ? token_only(options) : sign_in(options);
}

int main(int argc, char **argv)
{
    CLEANUP(options_clear) struct login_options options = {.issuer = NULL};
    enum command command;
    int first = 0, code;

    protect();
    if (!open_standard())
        return LOGIN_UNABLE;
    code = arguments_read(argc, argv, &options, &first);
    if (code != ARGUMENTS_GO_ON)
        return code;
    command = find_command(argv[first]);
    if (command != COMMAND_SIGN_IN)
        first++;
    code = take_name(argv + first, &options);
    if (code == LOGIN_DONE)
        code = run(command, &options); /* NOLINT(clang-analyzer-unix.Malloc): it does not know CLEANUP */
    return code;
}
