/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwksctl.c: which command, its options, and its configuration; what an administrator of pam-jwks looks at.
 *
 * It knows of the suite what jwkscore.h says, and never uses the network itself.
 */
#include "jwksctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { OPTIONS_MAX = 16, FLAG_BASE = 256 /* above every letter */ };

struct command {
    const char *name, *synopsis, *summary;
    int (*run)(struct ctl *, int argc, char **argv);
};

static const struct command commands[] = {
    {"status", "[--json | --prometheus] [ISSUER]", "are the keys there, how old, and how refreshes went",
     status_run},
    {"keys", "[--json] [ISSUER]", "the keys themselves, by name", keys_run},
    {"refresh", "[--force] [ISSUER]", "fetch keys now", refresh_run},
    {"flush", "ISSUER", "forget keys that vanished, and pauses; then fetch keys", flush_run},
    {"explain", "--service SERVICE [OPTION ...]", "why does this token open this host, or why not",
     explain_run},
    {"check", "[--json] [--online | --offline]", "is this host set up right, and what mends it", check_run},
    {"init", "[-o FILE] [OPTION ...] ISSUER-URL", "write a configuration for a provider", init_run},
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

int ctl_complain(int code, const char *format, ...)
{
    va_list arguments;

    fputs("jwksctl: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return code;
}

static int refuse_commands(void)
{
    fputs("usage: jwksctl [-c FILE] COMMAND ...; `jwksctl --help' names the commands\n", stderr);
    return EXIT_BAD_USAGE;
}

int ctl_refuse_usage(const struct ctl *ctl)
{
    fprintf(stderr, "usage: jwksctl [-c FILE] %s %s\n", ctl->command->name, ctl->command->synopsis);
    return EXIT_BAD_USAGE;
}

static int print_help(void)
{
    puts("usage: jwksctl [-c FILE] COMMAND ...\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-8s%-36s%s\n", commands[i].name, commands[i].synopsis, commands[i].summary);
    puts("\n"
         "  -c, --config FILE   the configuration; default " JWKS_CONF "\n"
         "  -h, --help          this text\n"
         "  -V, --version       the version\n"
         "\n"
         "Exit status: 0 yes, 1 no, 2 cannot say, 64 wrong usage.  See jwksctl(8).");
    return fflush(stdout) == 0 ? EXIT_YES : EXIT_CANNOT_SAY;
}

static int print_version(void)
{
    printf("jwksctl %s\n", jwkscore_version());
    return fflush(stdout) == 0 ? EXIT_YES : EXIT_CANNOT_SAY;
}

/* --- the configuration --- */

void ctl_complain_of_lines(const struct ctl *ctl)
{
    const char *problem;

    for (size_t i = 0; (problem = jwkscore_config_problem(ctl->config, i)) != NULL; i++)
        fprintf(stderr, "%s\n", problem);
}

static bool load(struct ctl *ctl)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    ctl->config = jwkscore_config_new();
    if (ctl->config == NULL)
        return ctl_complain(false, "no memory");
    if (jwkscore_config_load(ctl->config, ctl->conf, &error) == JWKSCORE_OK)
        return true;
    ctl_complain_of_lines(ctl);
    if (jwkscore_config_problem(ctl->config, 0) == NULL)
        ctl_complain(false, "%s", error.message);
    return false;
}

static bool is_configured(const struct ctl *ctl)
{
    const char *name;

    for (size_t i = 0; (name = jwkscore_config_issuer(ctl->config, i)) != NULL; i++)
        if (ctl->issuer == NULL || strcmp(name, ctl->issuer) == 0)
            return true;
    return false;
}

/* An issuer that nobody configured may be a misspelt one. */
static int refuse_issuer(const struct ctl *ctl)
{
    char quoted[300];
    const char *name;

    if (ctl->issuer == NULL)
        return ctl_complain(EXIT_CANNOT_SAY, "%s has no issuer section", ctl->conf);
    fprintf(stderr, "jwksctl: there is no issuer section \"%s\"; those that there are:",
            jwkscore_quote(quoted, sizeof(quoted), ctl->issuer, strlen(ctl->issuer)));
    for (size_t i = 0; (name = jwkscore_config_issuer(ctl->config, i)) != NULL; i++)
        fprintf(stderr, " %s", name);
    fputc('\n', stderr);
    return EXIT_BAD_USAGE;
}

/* --- options --- */

/* The command's own options behind those that every command takes; the end is there already. */
static void list_options(const struct ctl_option *own, struct option list[static OPTIONS_MAX + 1])
{
    static const struct option common[] = {{"config", required_argument, NULL, 'c'}};
    size_t count = 0;

    list[count++] = common[0];
    for (size_t i = 0; own[i].name != NULL && count < OPTIONS_MAX; i++)
        list[count++] = (struct option){own[i].name, own[i].value != NULL ? required_argument : no_argument,
                                        NULL, FLAG_BASE + (int)i};
}

/* Of letters there are two: -c, and -o for the command that has --output. */
static int long_option(int option, const struct ctl_option *own)
{
    for (int i = 0; option == 'o' && own[i].name != NULL; i++)
        if (strcmp(own[i].name, "output") == 0)
            return FLAG_BASE + i;
    return option;
}

/* A value, or a flag; false for an option that there is not. */
static bool take_option(struct ctl *ctl, int option, const struct ctl_option *own)
{
    option = long_option(option, own);
    if (option == 'c')
        ctl->conf = optarg;
    else if (option < FLAG_BASE)
        return false;
    else if (own[option - FLAG_BASE].value != NULL)
        *own[option - FLAG_BASE].value = optarg;
    else
        *own[option - FLAG_BASE].flag = true;
    return true;
}

int ctl_parse(struct ctl *ctl, int argc, char **argv, const struct ctl_option *own, enum ctl_operand wanted)
{
    struct option list[OPTIONS_MAX + 1] = {{NULL, 0, NULL, 0}};
    int option;

    list_options(own, list);
    optind = 0; /* glibc: anew, with another argv */
    while ((option = getopt_long(argc, argv, "c:o:", list, NULL)) != -1)
        if (!take_option(ctl, option, own))
            return ctl_refuse_usage(ctl);
    if (argc - optind > (wanted == CTL_NO_OPERAND ? 0 : 1) ||
        (wanted == CTL_ISSUER_REQUIRED && argc == optind))
        return ctl_refuse_usage(ctl);
    ctl->issuer = argv[optind];
    return EXIT_YES;
}

int ctl_begin(struct ctl *ctl, int argc, char **argv, const struct ctl_option *own, enum ctl_operand wanted)
{
    int code = ctl_parse(ctl, argc, argv, own, wanted);

    if (code != EXIT_YES)
        return code;
    if (!load(ctl))
        return EXIT_CANNOT_SAY;
    return is_configured(ctl) ? EXIT_YES : refuse_issuer(ctl);
}

/* What stood before the command stands; `jwksctl status --help` is help too. */
static int run_command(struct ctl *ctl, int argc, char **argv)
{
    int code;

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[0], commands[i].name) == 0)
            ctl->command = &commands[i];
    if (ctl->command == NULL)
        return refuse_commands();
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return print_help();
    code = ctl->command->run(ctl, argc, argv);
    jwkscore_config_free(ctl->config);
    if (fflush(stdout) != 0 || ferror(stdout)) /* half of an answer is none */
        return ctl_complain(EXIT_CANNOT_SAY, "standard output takes no write");
    return code;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    struct ctl ctl = {.conf = JWKS_CONF, .now = jwkscore_now()};
    int option;

    jwkscore_program_begin();
    while ((option = getopt_long(argc, argv, "+c:hV", options, NULL)) != -1) {
        if (option == 'h')
            return print_help();
        if (option == 'V')
            return print_version();
        if (option != 'c')
            return refuse_commands();
        ctl.conf = optarg;
    }
    return optind < argc ? run_command(&ctl, argc - optind, argv + optind) : refuse_commands();
}
