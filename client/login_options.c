/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login_options.c: every option of jwks-login, once: for the command line, where words are joined by `-`,
 * and for login.conf, where it is `_`.  A new one is a row here, a member in login.h, and an `.It` in
 * jwks-login.1.
 */
#include "login.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CERTIFICATE "-cert"

enum { NAME_MOST = 32, VALUE_MOST = 2048, TIMEOUT_DEFAULT = 300 };

/* --- the table --- */

enum kind { KIND_TEXT, KIND_PATH, KIND_NUMBER, KIND_FLAG };

static const struct row {
    const char *key;
    enum kind kind;
    size_t offset;
    const char *(*check)(const char *);
    int64_t least, most;
    const char *argument, *help;
} rows[] = {
#define ROW(member) #member, KIND_TEXT, offsetof(struct login_options, member)
#define ROW_PATH(member) #member, KIND_PATH, offsetof(struct login_options, member), value_check_path, 0, 0
#define ROW_NUMBER(member) #member, KIND_NUMBER, offsetof(struct login_options, member), NULL
    {ROW(issuer), value_check_issuer, 0, 0, "URL", "the provider, as it writes itself in its tokens"},
    {ROW(client_id), value_check_word, 0, 0, "ID", "what this program is called there"},
    {ROW_PATH(client_secret_file), "FILE", "its secret, where the provider insists on one"},
    {ROW(scope), value_check_line, 0, 0, "WORDS", "default \"openid profile email\""},
    {ROW(principals), value_check_principals, 0, 0, "A,B",
     "accounts on the hosts; default the local one's name"},
    {ROW(permit), value_check_permit, 0, 0, "A,B", "X11-, agent-, port-forwarding, user-rc; default none"},
    {ROW(extension), value_check_word, 0, 0, "NAME", "where the token sits; default jwks-token@pam-jwks"},
    {ROW_PATH(identity), "KEY", "a key of your own in place of a fresh one"},
    {ROW_NUMBER(port), 0, 65535, "N", "where the browser's answer is awaited; default any free one"},
    {ROW(redirect_host), value_check_redirect_host, 0, 0, "HOST", "127.0.0.1 (default) or localhost"},
    {ROW_NUMBER(timeout), 1, 86400, "SECONDS", "how long to wait for the person; default 300"},
    {"no_browser", KIND_FLAG, offsetof(struct login_options, no_browser), NULL, 0, 0, NULL,
     "print the address, start no browser"},
    {ROW(browser), value_check_line, 0, 0, "COMMAND", "default xdg-open"},
    {ROW_PATH(ca_file), "FILE", "the provider's authority, where it is not a public one"},
    {ROW(proxy), value_check_word, 0, 0, "URL", "for the provider"},
};

bool options_at(size_t index, struct option_words *ret_words)
{
    if (index >= ARRAY_LENGTH(rows))
        return false;
    *ret_words = (struct option_words){rows[index].key, rows[index].argument, rows[index].help};
    return true;
}

void options_clear(struct login_options *options)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (rows[i].kind == KIND_TEXT || rows[i].kind == KIND_PATH) {
            char **text = (char **)((char *)options + rows[i].offset);

            free(*text);
            *text = NULL;
        }
    free(options->name);
    options->name = NULL;
}

/* Not by strdup: gcc's analyzer takes a pointer in a place that a table names for a leak. */
static bool keep_copy(char **text, const char *value)
{
    if (asprintf(text, "%s", value) >= 0)
        return true;
    *text = NULL;
    return false;
}

static const char *set_text(char **text, const struct row *row, const char *value)
{
    const char *wrong = *value == '\0' ? "is empty" : row->check(value);

    if (wrong != NULL)
        return wrong;
    if (strlen(value) > VALUE_MOST)
        return "is too long";
    return keep_copy(text, value) ? NULL : "there is no memory for it";
}

static const char *set_number(int64_t *number, const struct row *row, const char *value)
{
    char *end;

    errno = 0;
    *number = strtoll(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || *number < row->least ||
        *number > row->most)
        return "is no number, too small or too large";
    return NULL;
}

static const char *set_flag(bool *flag, const char *value)
{
    *flag = strcmp(value, "yes") == 0;
    return *flag || strcmp(value, "no") == 0 ? NULL : "must be yes or no";
}

static const char *set_row(struct login_options *options, const struct row *row, const char *value)
{
    void *member = (char *)options + row->offset;
    uint32_t bit = UINT32_C(1) << (row - rows);

    if ((options->given & bit) != 0)
        return "is there twice";
    options->given |= bit;
    switch (row->kind) {
    case KIND_TEXT:
    case KIND_PATH:
        return set_text(member, row, value);
    case KIND_NUMBER:
        return set_number(member, row, value);
    case KIND_FLAG:
        return set_flag(member, value);
    }
    return "is of no kind";
}

const char *options_set(struct login_options *options, const char *key, const char *value)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (strcmp(rows[i].key, key) == 0)
            return set_row(options, &rows[i], value);
    return "is no option";
}

int options_merge(struct login_options *options, const struct login_options *from)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        uint32_t bit = UINT32_C(1) << i;
        char *to = (char *)options + rows[i].offset;
        const char *source = (const char *)from + rows[i].offset;

        if ((options->given & bit) != 0 || (from->given & bit) == 0)
            continue;
        options->given |= bit;
        if (rows[i].kind == KIND_NUMBER)
            memcpy(to, source, sizeof(int64_t));
        else if (rows[i].kind == KIND_FLAG)
            memcpy(to, source, sizeof(bool));
        else if (!keep_copy((char **)to, *(char *const *)source))
            return client_complain(LOGIN_UNABLE, "out of memory");
    }
    return LOGIN_DONE;
}

/* --- all together --- */

static int set_default(char **text, const char *value)
{
    if (*text == NULL && value != NULL)
        *text = strdup(value);
    return *text != NULL ? LOGIN_DONE : client_complain(LOGIN_UNABLE, "out of memory");
}

/*
 * `~/` is the home directory, and what is relative is so to where we are.  A key that is a link keeps its
 * name: ssh looks for the certificate there.
 */
static int make_absolute(char **path, bool is_key)
{
    bool at_home = strncmp(*path, "~/", 2) == 0;
    const char *rest = at_home ? *path + 2 : *path + strspn(*path, "/");
    char folder[PATH_MAX] = "", name[PATH_MAX], *absolute;

    if (!at_home && **path != '/' && getcwd(folder, sizeof(folder)) == NULL)
        return client_complain(LOGIN_UNABLE, "%s: %s", *path, strerror(errno));
    if (snprintf(name, sizeof(name), "%s/%s", at_home ? home_folder() : folder, rest) >= PATH_MAX)
        return client_complain(LOGIN_USAGE, "%s: %s", *path, strerror(ENAMETOOLONG));
    absolute = realpath(name, NULL);
    if (absolute != NULL && is_key) {
        free(absolute);
        (void)!keep_copy(&absolute, name);
    }
    if (absolute == NULL)
        return client_complain(LOGIN_UNABLE, "%s: %s", *path, strerror(errno));
    free(*path);
    *path = absolute;
    return LOGIN_DONE;
}

bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; (at = strstr(at, word)) != NULL; at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' '))
            return true;
    return false;
}

int options_check(const struct login_options *options)
{
    if (options->issuer == NULL || options->client_id == NULL)
        return client_complain(LOGIN_USAGE, "%s is needed: as an option, or in a section [%s] of login.conf",
                               options->issuer == NULL ? "--issuer" : "--client-id", options->name);
    if (options->device && !options->token)
        return client_complain(LOGIN_USAGE,
                               "--device needs --token: by that flow a token cannot be bound to a key, "
                               "so there is no certificate with it");
    if (value_check_principals(options->principals) != NULL)
        return client_complain(LOGIN_USAGE, "`%s' is no name that a host would take: set --principals",
                               options->principals);
    if (!has_word(options->scope, "openid"))
        return client_complain(LOGIN_USAGE, "the scope must hold `openid': else there is no ID token");
    return LOGIN_DONE;
}

int options_complete(struct login_options *options)
{
    int code;

    if (home_user() == NULL)
        return client_complain(LOGIN_UNABLE, "there is no account with your uid");
    if ((code = set_default(&options->scope, "openid profile email")) != LOGIN_DONE ||
        (code = set_default(&options->extension, "jwks-token@pam-jwks")) != LOGIN_DONE ||
        (code = set_default(&options->redirect_host, "127.0.0.1")) != LOGIN_DONE ||
        (code = set_default(&options->browser, "xdg-open")) != LOGIN_DONE ||
        (code = set_default(&options->principals, home_user())) != LOGIN_DONE)
        return code;
    if (options->timeout == 0)
        options->timeout = TIMEOUT_DEFAULT;
    for (size_t i = 0; i < ARRAY_LENGTH(rows) && code == LOGIN_DONE; i++) {
        char **path = (char **)((char *)options + rows[i].offset);

        if (rows[i].kind == KIND_PATH && *path != NULL)
            code = make_absolute(path, path == &options->identity);
    }
    return code;
}

void login_say(const struct login_options *options, const char *format, ...)
{
    va_list arguments;

    if (options->quiet)
        return;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* The public key of a login `a-cert` would be in the file of the certificate of `a`. */
bool name_valid(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    if (length == 0 || length > NAME_MOST || name[length] != '\0' || *name == '-')
        return false;
    return length < strlen(CERTIFICATE) || strcmp(name + length - strlen(CERTIFICATE), CERTIFICATE) != 0;
}
