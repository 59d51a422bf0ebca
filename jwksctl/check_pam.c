/* SPDX-License-Identifier: Apache-2.0 */
/* check_pam.c: the services of PAM that ask the module: with which arguments, and from files that nobody else may change? */
#include "check_pam.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char use_module[] = "pam_jwks.so";

/* --- one service --- */

struct use use_find(const struct check *check, const char *service, enum stack_phase phase)
{
    struct use use = {.service = service};

    (void)stack_read(check->pam_dir, service, phase, &use.stack);
    for (size_t i = use.stack.count; i-- > 0;)
        if (stack_line_is(&use.stack.at[i], use_module))
            use.line = &use.stack.at[i];
    return use;
}

void use_report(struct check *check, enum level level, const struct use *use, const char *fix,
                const char *format, ...)
{
    char what[128], why[1024];
    va_list arguments;

    snprintf(what, sizeof(what), "PAM service %s", use->service);
    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    check_report(check, level, what, fix, "%s:%u: %s", use->line->file, use->line->number, why);
}

/* --- the module's arguments --- */

/* The library's table decides, as it does in the module, where `prompt` alone has no value; NULL: it is right. */
static const char *refuse_argument(const char *word, struct jwkscore_error *error)
{
    struct jwkscore_config *config = jwkscore_config_new();
    const char *equals = strchr(word, '='), *value = equals != NULL ? equals + 1 : "yes";
    char key[64];
    bool ok;

    snprintf(key, sizeof(key), "%.*s", (int)strcspn(word, "="), word);
    ok = config == NULL || jwkscore_config_set(config, "pam", key, strcmp(word, "prompt") == 0 ? "" : value,
                                               error) == JWKSCORE_OK;
    jwkscore_config_free(config);
    return ok ? NULL : error->message;
}

static void check_argument(struct check *check, const struct use *use, const char *word)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    const char *wrong = refuse_argument(word, &error);

    if (wrong != NULL)
        use_report(check, LEVEL_ERROR, use, "pam_jwks(8) lists the arguments",
                   "the module refuses everybody for its argument \"%s\": %s", word, wrong);
}

static void check_conf(struct check *check, const struct use *use, const char *conf)
{
    if (strcmp(conf, check->ctl->conf) != 0)
        use_report(check, conf[0] == '/' ? LEVEL_WARNING : LEVEL_ERROR, use,
                   "jwksctl check -c that file; wanted is an absolute path", "it reads %s and not %s", conf,
                   check->ctl->conf);
}

/* Words, or what stands in brackets.  conf= is the module's own; the last one counts. */
static void check_arguments(struct check *check, const struct use *use)
{
    const char *at = use->line->arguments == NULL ? "" : use->line->arguments;
    char word[512], conf[sizeof(word)] = JWKS_CONF;

    for (at += strspn(at, " \t"); *at != '\0'; at += strspn(at, " \t")) {
        bool in_brackets = *at == '[';
        size_t length = strcspn(at += in_brackets, in_brackets ? "]" : " \t");

        snprintf(word, sizeof(word), "%.*s", (int)length, at);
        if (strncmp(word, "conf=", 5) == 0)
            snprintf(conf, sizeof(conf), "%s", word + 5);
        else
            check_argument(check, use, word);
        at += length;
        at += in_brackets && *at == ']';
    }
    check_conf(check, use, conf);
}

void use_check_line(struct check *check, const struct use *use)
{
    const char *before = "";
    char what[128];

    (void)check_library(check, "PAM module", use->line->module[0] == '/' ? use->line->module : JWKS_MODULE);
    check_arguments(check, use);
    snprintf(what, sizeof(what), "PAM service %s", use->service);
    for (size_t i = 0; i < use->stack.count; i++) {
        if (strcmp(use->stack.at[i].file, before) != 0)
            (void)check_library(check, what, use->stack.at[i].file);
        before = use->stack.at[i].file;
    }
}

/* --- all services --- */

static bool check_service(struct check *check, const char *service)
{
    struct use use = use_find(check, service, PHASE_AUTH);
    size_t before = check->found;
    bool is_asked = use.line != NULL;

    check_session_phase(check, service);
    if (is_asked) {
        use_check_line(check, &use);
        check_auth_phase(check, &use);
        check_account_phase(check, &use);
        if (check->found == before)
            use_report(check, LEVEL_OK, &use, NULL, "asks for a token, and other ways in stay");
    }
    stack_free(&use.stack);
    return is_asked;
}

bool check_service_asks(const struct check *check, const char *service)
{
    struct use use = use_find(check, service, PHASE_AUTH);
    bool is_asked = use.line != NULL;

    stack_free(&use.stack);
    return is_asked;
}

/* Whose lines sudo-i and su-l have, too, is a service nevertheless. */
static bool is_sibling(const char *name, const char *other)
{
    const size_t length = strlen(name);

    return strncmp(name, other, length) == 0 && other[length] == '-';
}

/* What other files include is a part of services, and is looked at as that. */
static bool is_part(const struct check *check, const char *name)
{
    DIR *folder = opendir(check->pam_dir);
    const struct dirent *entry;
    bool found = false;

    while (folder != NULL && !found && (entry = readdir(folder)) != NULL)
        found = entry->d_name[0] != '.' && strcmp(entry->d_name, name) != 0 &&
                !is_sibling(name, entry->d_name) && stack_file_includes(check->pam_dir, entry->d_name, name);
    if (folder != NULL)
        closedir(folder);
    return found;
}

/* What an editor or a package has left beside a service, and no program asks for. */
static bool is_left_over(const char *name)
{
    static const char *const endings[] = {"~",         ".bak",      ".old",       ".orig",    ".save",
                                          ".pam-old",  ".pam-new",  ".rpmsave",   ".rpmnew",  ".rpmorig",
                                          ".dpkg-old", ".dpkg-new", ".dpkg-dist", ".ucf-old", ".ucf-dist"};
    const size_t length = strlen(name);

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        const size_t end = strlen(endings[i]);

        if (length > end && strcmp(name + length - end, endings[i]) == 0)
            return true;
    }
    return false;
}

void check_pam(struct check *check)
{
    struct dirent **names = NULL;
    int count = scandir(check->pam_dir, &names, NULL, alphasort);
    bool is_asked = false;

    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;

        if (name[0] != '.' && !is_left_over(name) && !is_part(check, name))
            is_asked = check_service(check, name) || is_asked;
        free(names[i]);
    }
    free(names);
    if (!is_asked)
        check_report(check, LEVEL_OK, "PAM", NULL, "no service in %s asks %s", check->pam_dir, use_module);
}
