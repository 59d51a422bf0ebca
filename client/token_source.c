/* SPDX-License-Identifier: Apache-2.0 */
/* token_source.c: where the person's token comes from: a file of theirs, a command, or oidc-agent. */
#include "token_source.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Everything that `descriptor` has, as far as there is room; -1: errno says why. */
static int read_all(int descriptor, struct token *token)
{
    while (token->length < sizeof(token->text)) {
        ssize_t got = read(descriptor, token->text + token->length, sizeof(token->text) - token->length);

        if (got == 0)
            return 0;
        if (got > 0)
            token->length += (size_t)got;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

/* A token is a password for as long as it lives, so its file is treated like a private key. */
static int read_file(const char *path, struct token *token)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int code = EXIT_ANSWERED;
    struct stat status;

    if (descriptor < 0)
        return client_complain(EXIT_NO_TOKEN, "%s: %s", path, strerror(errno));
    if (fstat(descriptor, &status) != 0)
        /* NOLINTNEXTLINE(bugprone-branch-clone): as where read_all fails, but before it */
        code = client_complain(EXIT_NO_TOKEN, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        code = client_complain(EXIT_NO_TOKEN, "%s: not a regular file", path);
    else if ((status.st_mode & 077) != 0)
        code = client_complain(EXIT_NO_TOKEN, "%s: mode %04o lets others at the token; chmod 600 it", path,
                               (unsigned int)(status.st_mode & 07777));
    else if (read_all(descriptor, token) != 0)
        code = client_complain(EXIT_NO_TOKEN, "%s: %s", path, strerror(errno));
    close(descriptor);
    return code;
}

/* How a command ended; -1: errno says why that is not known. */
static int wait_for(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

static int check_status(const char *name, int status)
{
    if (status < 0)
        return client_complain(EXIT_NO_TOKEN, "%s: %s", name, strerror(errno));
    if (WIFSIGNALED(status))
        return client_complain(EXIT_NO_TOKEN, "%s: ended by signal %d", name, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return client_complain(EXIT_NO_TOKEN, "%s: failed with exit status %d", name, WEXITSTATUS(status));
    return EXIT_ANSWERED;
}

/* The standard output of a command.  What it has to say to the person, it says on our standard error. */
static int read_command(const char *name, char *const argv[], struct token *token)
{
    int ends[2], failure, status;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return client_complain(EXIT_NO_TOKEN, "pipe: %s", strerror(errno));
    child = fork();
    if (child == 0) {
        if (dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO)
            execvp(argv[0], argv);
        (void)client_complain(0, "%s: %s", argv[0], strerror(errno));
        _exit(127);
    }
    close(ends[1]);
    failure = child < 0 || read_all(ends[0], token) != 0 ? errno : 0;
    close(ends[0]); /* before waiting: a command that writes on and on ends by SIGPIPE */
    status = child < 0 ? 0 : wait_for(child);
    if (failure != 0)
        return client_complain(EXIT_NO_TOKEN, "%s: %s", name, strerror(failure));
    if (token->length == sizeof(token->text))
        return EXIT_ANSWERED; /* too long, and so reported; its exit status is our doing */
    return check_status(name, status);
}

/* The first source that is set; a later one does not stand in for one that fails. */
static int read_source(struct token *token)
{
    const char *file = client_environment("JWKS_TOKEN_FILE");
    const char *command = client_environment("JWKS_TOKEN_COMMAND");
    const char *account = client_environment("JWKS_OIDC_AGENT_ACCOUNT");

    if (file != NULL)
        return read_file(file, token);
    if (command != NULL)
        return read_command("JWKS_TOKEN_COMMAND", (char *[]){"/bin/sh", "-c", (char *)command, NULL}, token);
    if (account != NULL && *account == '-')
        return client_complain(EXIT_NO_TOKEN, "JWKS_OIDC_AGENT_ACCOUNT: begins with a dash");
    if (account != NULL)
        return read_command("oidc-token", (char *[]){"oidc-token", (char *)account, NULL}, token);
    return client_complain(EXIT_NO_TOKEN,
                           "no token: set JWKS_TOKEN_FILE, JWKS_TOKEN_COMMAND or JWKS_OIDC_AGENT_ACCOUNT");
}

/* One line end comes off, no more; a token has no space or control character. */
int token_source_read(struct token *token)
{
    int code = read_source(token);

    if (code != EXIT_ANSWERED)
        return code;
    if (token->length > 0 && token->text[token->length - 1] == '\n')
        token->length -= token->length > 1 && token->text[token->length - 2] == '\r' ? 2 : 1;
    if (token->length == 0)
        return client_complain(EXIT_NO_TOKEN, "the token is empty");
    if (token->length > TOKEN_LIMIT)
        return client_complain(EXIT_NO_TOKEN, "the token is longer than %d characters", TOKEN_LIMIT);
    for (size_t i = 0; i < token->length; i++)
        if (token->text[i] <= ' ' || token->text[i] > '~')
            return client_complain(EXIT_NO_TOKEN, "character %zu of %zu cannot be in a token", i + 1,
                                   token->length);
    return EXIT_ANSWERED;
}
