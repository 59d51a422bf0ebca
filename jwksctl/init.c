/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init.c: jwksctl init: a jwks.conf for a provider, with what it says of itself, and marks where a person must decide.
 *
 * It lets nobody in before that: the claim rule, and the audience where it was not given, are placeholders that no token
 * has.  jwks-fetch asks the provider; this program has no network.
 */
#include "jwksctl.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_SIZE = 4096, SECTION_SIZE = 300, VALUE_SIZE = 4096, LINE_WIDTH = 100 };

/* What was asked for. */
struct wish {
    const char *url, *name, *audience, *output, *ca_file, *proxy, *helper, *account;
};

/* --- the provider --- */

/* As the account that keeps keys; what came is lines `name value`.  NULL after a message. */
static char *ask(const struct wish *wish)
{
    const char *argv[] = {wish->helper, "--discover", wish->url, NULL, NULL, NULL, NULL, NULL};
    struct passwd entry, *keeper = NULL;
    struct program program;
    char names[NAMES_SIZE], line[VALUE_SIZE];
    size_t count = 3;
    bool ok;

    if (wish->ca_file != NULL) {
        argv[count++] = "--ca-file";
        argv[count++] = wish->ca_file;
    }
    if (wish->proxy != NULL) {
        argv[count++] = "--proxy";
        argv[count++] = wish->proxy;
    }
    (void)getpwnam_r(wish->account, &entry, names, sizeof(names), &keeper);
    if (geteuid() == 0 && (keeper == NULL || keeper->pw_uid == 0)) {
        ctl_complain(0,
                     "jwks-fetch never runs as root, and there is no account %s: systemd-sysusers makes it",
                     wish->account);
        return NULL;
    }
    ok = program_run(argv, keeper, &program) && program.status == 0;
    if (!ok) {
        program_line(program.output != NULL ? program.output : "", line, sizeof(line));
        ctl_complain(0, "%s: %s", wish->url,
                     line[0] != '\0' ? line : "jwks-fetch cannot be started, or has no answer");
        free(program.output);
        return NULL;
    }
    return program.output;
}

/* The next value of a name, and `*facts` behind it; false past the last one. */
static bool next_fact(const char **facts, const char *name, char value[static VALUE_SIZE])
{
    const size_t length = strlen(name);

    while (**facts != '\0') {
        const char *line = *facts;

        *facts += strcspn(line, "\n");
        *facts += **facts == '\n';
        if (strncmp(line, name, length) == 0 && line[length] == ' ') {
            program_line(line + length + 1, value, VALUE_SIZE);
            return true;
        }
    }
    return false;
}

static void print_facts(FILE *out, const char *facts, const char *name)
{
    char value[VALUE_SIZE];

    for (const char *before = ""; next_fact(&facts, name, value); before = " ")
        fprintf(out, "%s%s", before, value);
}

/* In lines of a width that people and jwks.conf(5) take. */
static void print_claims(FILE *out, const char *facts)
{
    static const char start[] = "# The provider names these claims:";
    size_t column = 0;
    char value[VALUE_SIZE];

    for (const char *before = start; next_fact(&facts, "claim", value); before = "") {
        if (column + strlen(value) > LINE_WIDTH) {
            before = "\n#  ";
            column = 0;
        }
        column += (size_t)fprintf(out, "%s %s", before, value);
    }
    fputs(column > 0 ? "\n" : "", out);
}

/* --- the file --- */

static const char head[] =
    "# jwks.conf(5), begun by `jwksctl init' with what the provider says of itself.\n"
    "# Lines below DECIDE are for you to decide, and nobody gets in before.  Then: jwksctl check\n";

static const char audience_help[] =
    "\n"
    "# DECIDE: the client id that the provider knows these hosts by; tokens for others are refused.\n";

static const char user_help[] =
    "\n"
    "# DECIDE: whose account does a token open?  The value of user_claim is the account's name.  `sub' never "
    "changes hands,\n"
    "# but is seldom a name: then a map says whose it is, in lines `VALUE account'.  A name that a person "
    "can change at the\n"
    "# provider, or that is given to another person later, opens that account to them.\n";

static const char require_help[] = "\n"
                                   "# DECIDE: who may log in?  Without `require' everybody who gets a token "
                                   "for that audience and has an account here.\n"
                                   "require      = groups = DECIDE\n";

static const char tail[] = "\n"
                           "# Worth a thought, see jwks.conf(5): at most so long since the person logged in "
                           "to the provider, and so long after the\n"
                           "# last refresh the keys are used while the provider is down.\n"
                           "#max_auth_age = 12h\n"
                           "#max_stale    = 24h\n"
                           "\n"
                           "# What sudo asks for beyond that.\n"
                           "#[service sudo]\n"
                           "#require      = groups = sudoers\n"
                           "#max_auth_age = 15m\n";

static void print_optional(FILE *out, const char *key, const char *value)
{
    if (value != NULL)
        fprintf(out, "%-12s = %s\n", key, value);
}

static void print_conf(FILE *out, const struct wish *wish, const char *facts)
{
    fprintf(out, "%s\n[issuer %s]\nissuer       = %s\n", head, wish->name, wish->url);
    print_optional(out, "ca_file", wish->ca_file);
    print_optional(out, "proxy", wish->proxy);
    fprintf(out, "%saudience     = %s\n\n# Of the keys at ", wish->audience == NULL ? audience_help : "",
            wish->audience == NULL ? "DECIDE" : wish->audience);
    print_facts(out, facts, "jwks_uri");
    fputs(" these can be used: ", out);
    print_facts(out, facts, "keys");
    fputs("\nalgorithms   = ", out);
    print_facts(out, facts, "algorithm");
    fprintf(out, "\n%s", user_help);
    print_claims(out, facts);
    fprintf(out, "user_claim   = sub\n#user_map     = /etc/jwks/%s.map\n%s%s", wish->name, require_help,
            tail);
}

/* As text; NULL without memory. */
static char *make_conf(const struct wish *wish, const char *facts)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    print_conf(out, wish, facts);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* --- writing it --- */

static bool write_all(int fd, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t n = write(fd, text, left);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            text += n;
            left -= (size_t)n;
        }
    }
    return true;
}

/* Whole or not at all, under a name that nobody reads.  jwks-fetch is to read it, whatever the umask. */
static bool write_beside(char *name, const char *text)
{
    int fd = mkostemp(name, O_CLOEXEC);
    bool ok = fd >= 0 && write_all(fd, text) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;

    return (fd < 0 || close(fd) == 0) && ok;
}

/* What stands there already is somebody's, and stays: link(2) replaces nothing. */
static int write_file(const char *path, const char *text)
{
    char *name = NULL;
    int number;
    bool ok = asprintf(&name, "%s.XXXXXX", path) > 0;

    if (!ok)
        return ctl_complain(EXIT_CANNOT_SAY, "no memory");
    ok = write_beside(name, text) && link(name, path) == 0;
    number = errno;
    (void)unlink(name);
    free(name);
    if (ok)
        return EXIT_YES;
    if (number == EEXIST)
        return ctl_complain(EXIT_CANNOT_SAY, "%s is there already, and stays as it is; `-o -' prints one",
                            path);
    return ctl_complain(EXIT_CANNOT_SAY, "%s cannot be written: %s", path, strerrordesc_np(number));
}

static int put(const struct wish *wish, const char *text)
{
    int code;

    if (strcmp(wish->output, "-") == 0) {
        fputs(text, stdout);
        return EXIT_YES;
    }
    code = write_file(wish->output, text);
    if (code == EXIT_YES)
        fprintf(stderr,
                "%s is written.  Decide there: %suser_claim (or a user_map), require.  Then: jwksctl check\n",
                wish->output, wish->audience == NULL ? "audience, " : "");
    return code;
}

/* --- the command --- */

static bool is_one_line(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f || *text == '#')
            return false;
    return true;
}

/* What the library would refuse in the file is refused before anybody is asked. */
static bool check_wish(const struct wish *wish)
{
    const struct {
        const char *key, *value;
    } all[] = {{"issuer", wish->url},
               {"audience", wish->audience},
               {"ca_file", wish->ca_file},
               {"proxy", wish->proxy}};
    struct jwkscore_config *config = jwkscore_config_new();
    struct jwkscore_error error = {JWKSCORE_OK, "no memory"};
    char section[SECTION_SIZE];
    bool ok = config != NULL;

    snprintf(section, sizeof(section), "issuer %s", wish->name);
    for (size_t i = 0; ok && i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i].value != NULL && !is_one_line(all[i].value)) {
            snprintf(error.message, sizeof(error.message), "%s: a character that jwks.conf cannot hold",
                     all[i].key);
            ok = false;
        } else {
            ok = all[i].value == NULL ||
                 jwkscore_config_set(config, section, all[i].key, all[i].value, &error) == JWKSCORE_OK;
        }
    jwkscore_config_free(config);
    return ok || ctl_complain(false, "%s", error.message);
}

int init_run(struct ctl *ctl, int argc, char **argv)
{
    struct wish wish = {.name = "sso", .helper = JWKS_FETCH_HELPER, .account = "jwks"};
    const struct ctl_option options[] = {
        {"name", NULL, &wish.name},       {"audience", NULL, &wish.audience},
        {"output", NULL, &wish.output},   {"ca-file", NULL, &wish.ca_file},
        {"proxy", NULL, &wish.proxy},     {"fetch-helper", NULL, &wish.helper},
        {"account", NULL, &wish.account}, {NULL, NULL, NULL}};
    int code = ctl_parse(ctl, argc, argv, options, CTL_ISSUER_REQUIRED);
    char *facts, *text;

    if (code != EXIT_YES)
        return code;
    wish.url = ctl->issuer;
    if (wish.output == NULL)
        wish.output = ctl->conf;
    if (!check_wish(&wish))
        return EXIT_BAD_USAGE;
    facts = ask(&wish);
    if (facts == NULL)
        return EXIT_CANNOT_SAY;
    text = make_conf(&wish, facts);
    if (strstr(facts, "\nalgorithm ") == NULL)
        code = ctl_complain(EXIT_CANNOT_SAY,
                            "%s: none of its keys is for an algorithm that jwks.conf(5) knows", wish.url);
    else
        code = text != NULL ? put(&wish, text) : ctl_complain(EXIT_CANNOT_SAY, "no memory");
    free(text);
    free(facts);
    return code;
}
