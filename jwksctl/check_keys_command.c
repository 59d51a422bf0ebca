/* SPDX-License-Identifier: Apache-2.0 */
/* check_keys_command.c: is jwks-authorized-keys called as it must be, and by whom? */
#include "check.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

enum { COMMAND_SIZE = 4096, WORDS_MAX = 32 };

static const char what[] = "AuthorizedKeysCommand", name[] = "jwks-authorized-keys",
                  wanted[] = "AuthorizedKeysCommand " JWKS_KEYS_HELPER " %u %t %k";

struct command {
    char text[COMMAND_SIZE], *words[WORDS_MAX + 1];
    size_t count;
};

static bool is_ours(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash != NULL ? slash + 1 : path, name) == 0;
}

static void take_apart(const struct sshd *sshd, struct command *command)
{
    char *save = NULL;

    command->count = 0;
    sshd_get(sshd, "authorizedkeyscommand", command->text, sizeof(command->text));
    for (char *word = strtok_r(command->text, " \t", &save); word != NULL && command->count < WORDS_MAX;
         word = strtok_r(NULL, " \t", &save))
        command->words[command->count++] = word;
    command->words[command->count] = NULL;
}

/* As jwks-authorized-keys looks at it, which runs none that others could change. */
static bool check_next(struct check *check, const char *path)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    if (jwkscore_config_check_program(check->ctl->config, path, &error) == JWKSCORE_OK)
        return true;
    check_report(check, LEVEL_ERROR, what, "an absolute path, without links, of a program of root's",
                 "what stands behind --next is not run: %s", error.message);
    return false;
}

/* [-c FILE] %u %t %k [--next COMMAND ...] */
static bool check_words(struct check *check, const struct command *command)
{
    static const char *const tokens[] = {"%u", "%t", "%k"};
    const char *conf = JWKS_CONF;
    size_t at = 1, right = 0;

    if (at + 1 < command->count &&
        (strcmp(command->words[at], "-c") == 0 || strcmp(command->words[at], "--config") == 0)) {
        conf = command->words[at + 1];
        at += 2;
    }
    while (right < 3 && at < command->count && strcmp(command->words[at], tokens[right]) == 0) {
        at++;
        right++;
    }
    if (right < 3 ||
        (at < command->count && (strcmp(command->words[at], "--next") != 0 || at + 1 == command->count))) {
        check_report(check, LEVEL_ERROR, what, wanted,
                     "its arguments are not %%u %%t %%k, so it lets nobody in");
        return false;
    }
    if (at < command->count && !check_next(check, command->words[at + 1]))
        return false;
    if (strcmp(conf, check->ctl->conf) == 0)
        return true;
    check_report(check, LEVEL_WARNING, what, "jwksctl check -c that file", "it reads %s and not %s", conf,
                 check->ctl->conf);
    return false;
}

/* sshd -t lets it pass, and the first login ends the connection. */
static bool check_tokens(struct check *check, const struct sshd *sshd, const struct command *command)
{
    for (size_t i = 1; sshd->version != 0 && sshd->version < 904 && i < command->count; i++)
        if (strstr(command->words[i], "%C") != NULL || strstr(command->words[i], "%D") != NULL) {
            check_report(check, LEVEL_ERROR, what, "take %C and %D out",
                         "OpenSSH before 9.4 knows no %%C and %%D, and each login would end there");
            return false;
        }
    return true;
}

static bool check_user(struct check *check, const struct sshd *sshd)
{
    char user[COMMAND_SIZE];

    sshd_get(sshd, "authorizedkeyscommanduser", user, sizeof(user));
    if (strcmp(user, check->account) == 0)
        return true;
    if (user[0] == '\0' || strcmp(user, "none") == 0)
        check_report(check, LEVEL_ERROR, what, "AuthorizedKeysCommandUser jwks",
                     "AuthorizedKeysCommandUser is not set");
    else
        check_report(check, LEVEL_WARNING, what, "AuthorizedKeysCommandUser jwks",
                     "it runs as %s and not as %s, %s", user, check->account,
                     strcmp(user, "root") == 0 ? "with rights that it does not need"
                                               : "who could fetch keys, too");
    return false;
}

bool check_keys_command(struct check *check, const struct sshd *sshd)
{
    struct command command;
    char value[16];
    bool ok;

    take_apart(sshd, &command);
    if (command.count == 0 || strcmp(command.words[0], "none") == 0)
        return false;
    if (!is_ours(command.words[0])) {
        check_report(check, LEVEL_OK, what, NULL, "it is another command, %s; %s --next can stand before it",
                     command.words[0], name);
        return false;
    }
    ok = check_program(check, what, command.words[0]);
    ok = check_words(check, &command) && ok;
    ok = check_tokens(check, sshd, &command) && ok;
    ok = check_user(check, sshd) && ok;
    if (strcmp(sshd_get(sshd, "pubkeyauthentication", value, sizeof(value)), "no") == 0) {
        check_report(check, LEVEL_ERROR, what, "PubkeyAuthentication yes",
                     "PubkeyAuthentication is no, so it is never called");
        ok = false;
    }
    if (ok)
        check_report(check, LEVEL_OK, what, NULL, "tokens in certificates and grants are looked for");
    return true;
}
