/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c: jwksctl check: is this host set up so that tokens log people in, and nobody else?
 *
 * The table below is the order in which things are looked at.  A configuration that is refused does not end it: the
 * rest is looked at with what can be read of it.
 */
#include "check.h"
#include "output.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_SIZE = 1024, NAMES_SIZE = 4096 };

static const char *const level_names[LEVEL_COUNT] = {"ok", "warning", "error"};

/* --- findings --- */

/* A line stays a line, whatever a file or a program says. */
static void print_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= ' ' && *text <= '~')
            putchar(*text);
        else
            printf("\\x%02x", (unsigned char)*text);
}

static void print_member(const char *before, const char *name, const char *text)
{
    printf("%s\"%s\":", before, name);
    output_json_string(text);
}

static void print_json(size_t before, enum level level, const char *what, const char *why, const char *fix)
{
    print_member(before > 0 ? ",\n{" : "{", "level", level_names[level]);
    print_member(",", "what", what);
    print_member(",", "why", why);
    print_member(",", "fix", fix);
    putchar('}');
}

/* Two files below one folder: what is wrong with it is said once.  Without memory all is said, twice perhaps. */
static bool is_news(struct check *check, const char *why)
{
    char **told = reallocarray(check->told, check->told_count + 1, sizeof(*told));

    if (told == NULL)
        return true;
    check->told = told;
    for (size_t i = 0; i < check->told_count; i++)
        if (strcmp(told[i], why) == 0)
            return false;
    told[check->told_count] = strdup(why);
    if (told[check->told_count] != NULL)
        check->told_count++;
    return true;
}

void check_report(struct check *check, enum level level, const char *what, const char *fix,
                  const char *format, ...)
{
    size_t before = check->counts[LEVEL_OK] + check->counts[LEVEL_WARNING] + check->counts[LEVEL_ERROR];
    char why[WHY_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    check->found += level != LEVEL_OK;
    if (level != LEVEL_OK && !is_news(check, why))
        return;
    check->counts[level]++;
    if (check->json) {
        print_json(before, level, what, why, fix);
        return;
    }
    printf("%s: ", level_names[level]);
    print_plain(what);
    fputs(": ", stdout);
    print_plain(why);
    if (fix != NULL) {
        fputs("; fix: ", stdout);
        print_plain(fix);
    }
    putchar('\n');
}

const char *check_option(const struct check *check, const char *section, const char *key)
{
    return jwkscore_config_get(check->ctl->config, section, key, 0);
}

/* --- the configuration --- */

/* Every line that is wrong.  A file that others could change is not looked into. */
static void check_configuration(struct check *check)
{
    static const char fix[] =
        "mend it; jwks.conf(5) explains each option; until then no token logs anybody in";
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    bool is_file_good = check_conf_file(check);
    enum jwkscore_status status = jwkscore_config_load(check->ctl->config, check->ctl->conf, &error);
    const char *problem;
    size_t issuers = 0;

    for (size_t i = 0; (problem = jwkscore_config_problem(check->ctl->config, i)) != NULL; i++)
        check_report(check, LEVEL_ERROR, "configuration", fix, "%s", problem);
    if (status != JWKSCORE_OK && is_file_good && jwkscore_config_problem(check->ctl->config, 0) == NULL)
        check_report(check, LEVEL_ERROR, "configuration", fix, "%s", error.message);
    while (jwkscore_config_issuer(check->ctl->config, issuers) != NULL)
        issuers++;
    if (status == JWKSCORE_OK && issuers == 0)
        check_report(check, LEVEL_ERROR, "configuration", "jwksctl init ISSUER-URL prints a section",
                     "%s has no issuer section, so every token is refused", check->ctl->conf);
    else if (status == JWKSCORE_OK)
        check_report(check, LEVEL_OK, "configuration", NULL, "%s: issuers: %zu", check->ctl->conf, issuers);
}

/* --- the command --- */

static void (*const checks[])(struct check *) = {
    check_configuration, check_account, check_files,   check_confinement, check_pam,
    check_sshd,          check_clock,   check_issuers, check_schedule,
};

static void run_checks(struct check *check)
{
    if (check->json) {
        print_member("{", "version", jwkscore_version());
        printf(",\"time\":%lld,\"findings\":[", (long long)check->ctl->now);
    }
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        checks[i](check);
    if (check->json)
        puts("]}");
    else
        printf("errors: %zu, warnings: %zu\n", check->counts[LEVEL_ERROR], check->counts[LEVEL_WARNING]);
}

int check_run(struct ctl *ctl, int argc, char **argv)
{
    struct check check = {.ctl = ctl,
                          .account = "jwks",
                          .pam_dir = "/etc/pam.d",
                          .sshd = "/usr/sbin/sshd",
                          .sshd_config = "/etc/ssh/sshd_config",
                          .cron_dir = "/etc/cron.d",
                          .units_dir = "/etc/systemd/system"};
    const struct ctl_option options[] = {
        {"json", &check.json, NULL},
        {"online", &check.online, NULL},
        {"offline", &check.offline, NULL},
        {"connection", NULL, &check.connection},
        {"account", NULL, &check.account},
        {"pam-dir", NULL, &check.pam_dir},
        {"sshd", NULL, &check.sshd},
        {"sshd-config", NULL, &check.sshd_config},
        {"cron-dir", NULL, &check.cron_dir},
        {"units-dir", NULL, &check.units_dir},
        {NULL, NULL, NULL},
    };
    int code = ctl_parse(ctl, argc, argv, options, CTL_NO_OPERAND);
    struct passwd entry;
    char names[NAMES_SIZE];

    if (code != EXIT_YES)
        return code;
    if (check.online && check.offline)
        return ctl_refuse_usage(ctl);
    ctl->config = jwkscore_config_new();
    if (ctl->config == NULL)
        return ctl_complain(EXIT_CANNOT_SAY, "no memory");
    (void)getpwnam_r(check.account, &entry, names, sizeof(names), &check.keeper);
    run_checks(&check);
    while (check.told_count > 0)
        free(check.told[--check.told_count]);
    free(check.told);
    return check.counts[LEVEL_ERROR] > 0     ? EXIT_CANNOT_SAY
           : check.counts[LEVEL_WARNING] > 0 ? EXIT_NO
                                             : EXIT_YES;
}
