/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sshd.c: does sshd ask PAM, so that a token can be typed, as sshd -T says?
 *
 * It says what holds for one connection, with --connection, or for those that no Match block is about.
 */
#include "check.h"
#include "program.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VALUE_SIZE = 1024, INCLUDES_MAX = 16 };

/* --- what it says --- */

const char *sshd_get(const struct sshd *sshd, const char *key, char *out, size_t size)
{
    const size_t length = strlen(key);

    for (const char *line = sshd->settings; line[0] != '\0';
         line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            return program_line(line + length + 1, out, size);
    out[0] = '\0';
    return out;
}

static bool is(const struct sshd *sshd, const char *key, const char *wanted)
{
    char value[VALUE_SIZE];

    return strcmp(sshd_get(sshd, key, value, sizeof(value)), wanted) == 0;
}

/* "OpenSSH_9.2p1 Debian-2+deb12u3, ...", behind a complaint where -V is no option. */
static int read_version(const struct check *check)
{
    static const char prefix[] = "OpenSSH_";
    const char *const argv[] = {check->sshd, "-V", NULL};
    struct program program;
    const char *name;
    char *dot;
    long version = 0;

    (void)program_run(argv, NULL, &program);
    name = program.output == NULL ? NULL : strstr(program.output, prefix);
    if (name != NULL)
        version = strtol(name + sizeof(prefix) - 1, &dot, 10) * 100;
    if (version > 0 && *dot == '.')
        version += strtol(dot + 1, NULL, 10);
    free(program.output);
    return (int)version;
}

/* False after a finding. */
static bool ask(struct check *check, struct sshd *ret_sshd)
{
    const char *const argv[] = {
        check->sshd,       "-T", "-f", check->sshd_config, check->connection != NULL ? "-C" : NULL,
        check->connection, NULL};
    struct program program;
    char line[VALUE_SIZE];

    if (program_run(argv, NULL, &program) && program.status == 0) {
        *ret_sshd = (struct sshd){program.output, read_version(check)};
        return true;
    }
    program_line(program.output == NULL ? "" : program.output, line, sizeof(line));
    free(program.output);
    if (geteuid() != 0)
        check_report(check, LEVEL_WARNING, "sshd", "ask as root", "%s -T cannot be asked: %s", check->sshd,
                     line);
    else if (strstr(line, "privilege separation directory") != NULL)
        check_report(check, LEVEL_WARNING, "sshd", "start its service once, or make that folder, mode 755",
                     "%s -T cannot be asked while it does not run: %s", check->sshd, line);
    else
        check_report(check, LEVEL_ERROR, "sshd", "sshd -t names each mistake", "%s -T fails: %s", check->sshd,
                     line);
    return false;
}

/* --- tokens that are typed --- */

/* AuthenticationMethods "publickey,keyboard-interactive:pam publickey,password": is PAM's auth phase in one? */
static bool names_pam(const char *methods)
{
    return strcmp(methods, "any") == 0 || methods[0] == '\0' ||
           strstr(methods, "keyboard-interactive") != NULL || strstr(methods, "password") != NULL;
}

static void check_methods(struct check *check, const struct sshd *sshd)
{
    bool interactive = is(sshd, "kbdinteractiveauthentication", "yes") ||
                       is(sshd, "challengeresponseauthentication", "yes"), /* before 8.7 */
        password = is(sshd, "passwordauthentication", "yes");
    char methods[VALUE_SIZE];

    if (!interactive && password)
        check_report(check, LEVEL_WARNING, "sshd", "KbdInteractiveAuthentication yes",
                     "KbdInteractiveAuthentication is no, and the password method takes no token over 1024 "
                     "characters");
    else if (!interactive)
        check_report(check, LEVEL_ERROR, "sshd", "KbdInteractiveAuthentication yes",
                     "KbdInteractiveAuthentication is no, so nobody is asked for a token");
    else if (!names_pam(sshd_get(sshd, "authenticationmethods", methods, sizeof(methods))))
        check_report(check, LEVEL_WARNING, "sshd", "add keyboard-interactive to AuthenticationMethods",
                     "AuthenticationMethods %s asks nobody for a token", methods);
    else
        check_report(check, LEVEL_OK, "sshd", NULL, "it asks for tokens by keyboard-interactive");
}

/* PAM's service is called like the program, or as PAMServiceName of 9.8 says. */
static const char *service_of(const struct check *check, const struct sshd *sshd, char *out, size_t size)
{
    const char *slash = strrchr(check->sshd, '/');

    if (sshd_get(sshd, "pamservicename", out, size)[0] == '\0')
        snprintf(out, size, "%s", slash != NULL ? slash + 1 : check->sshd);
    return out;
}

static void check_typed(struct check *check, const struct sshd *sshd)
{
    if (!is(sshd, "usepam", "yes"))
        check_report(check, LEVEL_ERROR, "sshd", "UsePAM yes",
                     "UsePAM is no, so PAM is never asked, and nobody for a token");
    else
        check_methods(check, sshd);
}

/* --- Match blocks --- */

static const char *const matched[] = {"KbdInteractiveAuthentication", "ChallengeResponseAuthentication",
                                      "AuthenticationMethods",        "AuthorizedKeysCommand",
                                      "AuthorizedKeysCommandUser",    "PubkeyAuthentication",
                                      "PasswordAuthentication",       "PAMServiceName"};

/* Files include others, to a depth of INCLUDES_MAX.  NOLINTBEGIN(misc-no-recursion) */
static void scan_file(struct check *check, const char *path, bool in_block, int depth);

/* Relative patterns are below /etc/ssh, whatever the file's folder is.  A Match goes on in what it includes. */
static void scan_includes(struct check *check, const char *patterns, bool in_block, int depth)
{
    char copy[VALUE_SIZE], *save = NULL, *rest = copy;

    snprintf(copy, sizeof(copy), "%s", patterns);
    for (char *word; (word = strtok_r(rest, " \t\"", &save)) != NULL; rest = NULL) {
        char path[VALUE_SIZE + 16];
        glob_t found;

        snprintf(path, sizeof(path), "%s%s", word[0] == '/' ? "" : "/etc/ssh/", word);
        if (glob(path, 0, NULL, &found) == 0)
            for (size_t i = 0; i < found.gl_pathc; i++)
                scan_file(check, found.gl_pathv[i], in_block, depth + 1);
        globfree(&found);
    }
}

static void scan_line(struct check *check, const char *path, unsigned number, char *line, bool *in_block,
                      int depth)
{
    char *key = line + strspn(line, " \t"), *value = key + strcspn(key, " \t=\r\n");

    if (*value != '\0')
        *value++ = '\0';
    value += strspn(value, " \t=");
    value[strcspn(value, "\r\n")] = '\0';
    if (strcasecmp(key, "Match") == 0)
        *in_block = strcasecmp(value, "all") != 0;
    else if (strcasecmp(key, "Include") == 0 && depth < INCLUDES_MAX)
        scan_includes(check, value, *in_block, depth);
    for (size_t i = 0; *in_block && i < sizeof(matched) / sizeof(matched[0]); i++)
        if (strcasecmp(key, matched[i]) == 0)
            check_report(check, LEVEL_WARNING, "sshd Match",
                         "look at one: --connection user=NAME,host=HOST,addr=ADDRESS",
                         "%s:%u: %s is another for some connections", path, number, matched[i]);
}

static void scan_file(struct check *check, const char *path, bool in_block, int depth)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;

    while (file != NULL && getline(&line, &size, file) >= 0)
        scan_line(check, path, ++number, line, &in_block, depth);
    free(line);
    if (file != NULL)
        (void)fclose(file);
}

/* NOLINTEND(misc-no-recursion) */

/* --- versions --- */

static void report_version(struct check *check, const struct sshd *sshd, bool has_keys_command)
{
    static const struct {
        int least;
        const char *note;
    } notes[] = {
        {1003, "; certificates need principals (ssh-keygen -n)"},
        {908, "; each failure makes its address wait (PerSourcePenalties), everybody behind it too"},
    };
    const char *note = "";

    for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]) && note[0] == '\0'; i++)
        if (sshd->version >= notes[i].least && (has_keys_command || notes[i].least < 1000))
            note = notes[i].note;
    if (sshd->version == 0)
        check_report(check, LEVEL_WARNING, "sshd", "OpenSSH's sshd, by --sshd",
                     "%s does not say which OpenSSH it is", check->sshd);
    else
        check_report(check, LEVEL_OK, "sshd", NULL, "OpenSSH %d.%d%s", sshd->version / 100,
                     sshd->version % 100, note);
}

void check_sshd(struct check *check)
{
    struct sshd sshd = {NULL, 0};
    struct stat found;
    char service[VALUE_SIZE];
    bool typed, by_key;

    if (stat(check->sshd, &found) != 0) {
        check_report(check, LEVEL_OK, "sshd", NULL, "there is none: %s", check->sshd);
        return;
    }
    (void)check_library(check, "sshd", check->sshd_config);
    if (!ask(check, &sshd))
        return;
    typed = check_service_asks(check, service_of(check, &sshd, service, sizeof(service)));
    by_key = check_keys_command(check, &sshd);
    report_version(check, &sshd, by_key);
    if (typed)
        check_typed(check, &sshd);
    if (by_key)
        check_key_sessions(check, service, is(&sshd, "usepam", "yes"));
    if (!typed && !by_key)
        check_report(
            check, LEVEL_WARNING, "sshd", "the README's part on sshd, or jwks-authorized-keys(8)",
            "it neither asks for tokens nor looks for them in keys: PAM's service has no pam_jwks.so, and "
            "AuthorizedKeysCommand is not jwks-authorized-keys");
    if ((typed || by_key) && check->connection == NULL)
        scan_file(check, check->sshd_config, false, 0);
    free(sshd.settings);
}
