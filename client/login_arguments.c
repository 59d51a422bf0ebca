/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login_arguments.c: the command line: the options that login.conf has too, and those that are for one run.
 */
#include "login.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { LONG_MOST = 64, WORD_SIZE = 32, FROM_TABLE = 256 };

static const struct {
    const char *name;
    int letter;
    const char *argument, *help;
} own[] = {
    {"token", 't', NULL, "print an ID token; no key, no certificate"},
    {"device", 'd', NULL, "with --token: sign in on another machine"},
    {"quiet", 'q', NULL, "for ssh's `Match exec': nothing to say where all is well"},
    {"verbose", 'v', NULL, "say more"},
    {"config", 'c', "FILE", "in place of ~/.config/jwks/login.conf"},
    {"help", 'h', NULL, "this text"},
    {"version", 'V', NULL, "the version"},
};

/* Those of the table, as getopt has them: with `-` for `_`. */
struct words {
    struct option options[LONG_MOST];
    char names[LONG_MOST][WORD_SIZE];
    size_t count;
};

static void add_word(struct words *words, const char *name, const char *argument, int value)
{
    char *word = words->names[words->count];

    snprintf(word, WORD_SIZE, "%s", name);
    for (char *at = word; (at = strchr(at, '_')) != NULL;)
        *at = '-';
    words->options[words->count++] =
        (struct option){word, argument == NULL ? no_argument : required_argument, NULL, value};
}

static void make_words(struct words *words)
{
    struct option_words table;

    *words = (struct words){.count = 0};
    for (size_t i = 0; options_at(i, &table); i++)
        add_word(words, table.key, table.argument, FROM_TABLE + (int)i);
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++)
        add_word(words, own[i].name, own[i].argument, own[i].letter);
}

static const char usage[] = "usage: jwks-login [options] [NAME]\n"
                            "       jwks-login [options] --token [NAME]\n"
                            "       jwks-login [options] status | logout [NAME]\n";

static int print_help(const struct words *words)
{
    struct option_words table;

    printf("%s\nSigns in with a browser, and makes an SSH key and a certificate with the provider's token in "
           "it.\n"
           "NAME is a section of ~/.config/jwks/login.conf, which has the first of these options too.\n\n",
           usage);
    for (size_t i = 0; options_at(i, &table); i++)
        printf("  %s --%-18s %-8s %s\n", strcmp(table.key, "identity") == 0 ? "-i," : "   ", words->names[i],
               table.argument == NULL ? "" : table.argument, table.help);
    printf("\n");
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++)
        printf("  -%c, --%-18s %-8s %s\n", own[i].letter, own[i].name,
               own[i].argument == NULL ? "" : own[i].argument, own[i].help);
    printf("\nExit status: 0 done, 1 refused or failed, 2 cannot say, 64 wrong usage.\nSee jwks-login(1).\n");
    return fflush(stdout) == 0 ? LOGIN_DONE : LOGIN_UNABLE;
}

static int print_version(void)
{
    return printf("jwks-login %s\n", PACKAGE_VERSION) > 0 && fflush(stdout) == 0 ? LOGIN_DONE : LOGIN_UNABLE;
}

/* One of the table's.  A flag is `yes`. */
static int take_row(struct login_options *options, const struct words *words, size_t index)
{
    struct option_words table;
    const char *wrong;

    if (!options_at(index, &table))
        return LOGIN_USAGE;
    wrong = options_set(options, table.key, table.argument == NULL ? "yes" : optarg);
    if (wrong == NULL)
        return ARGUMENTS_GO_ON;
    return client_complain(LOGIN_USAGE, "--%s %s", words->names[index], wrong);
}

static int take(struct login_options *options, const struct words *words, int option)
{
    const char *wrong;

    switch (option) {
    case 't':
        options->token = true;
        return ARGUMENTS_GO_ON;
    case 'd':
        options->device = true;
        return ARGUMENTS_GO_ON;
    case 'q':
        options->quiet = true;
        return ARGUMENTS_GO_ON;
    case 'v':
        options->verbose = true;
        return ARGUMENTS_GO_ON;
    case 'c':
        options->config = optarg;
        return ARGUMENTS_GO_ON;
    case 'i':
        wrong = options_set(options, "identity", optarg);
        return wrong == NULL ? ARGUMENTS_GO_ON : client_complain(LOGIN_USAGE, "-i %s", wrong);
    case 'h':
        return print_help(words);
    case 'V':
        return print_version();
    default:
        if (option >= FROM_TABLE)
            return take_row(options, words, (size_t)option - FROM_TABLE);
        fputs(usage, stderr);
        return LOGIN_USAGE;
    }
}

int arguments_read(int argc, char **argv, struct login_options *options, int *ret_first)
{
    struct words words;
    int option, code = ARGUMENTS_GO_ON;

    make_words(&words);
    while (code == ARGUMENTS_GO_ON &&
           (option = getopt_long(argc, argv, "tdqvc:i:hV", words.options, NULL)) != -1)
        code = take(options, &words, option);
    *ret_first = optind;
    return code;
}
