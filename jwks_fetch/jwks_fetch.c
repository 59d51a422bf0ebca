/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwks_fetch.c: fetches an issuer's keys into the cache; the only program of the suite with a network.
 *
 * Started by a login as it needs keys, by a timer with --due, by jwksctl, or by hand.  It never runs as
 * root: whoever writes the cache decides who logs in, and one identity does, the owner of the state
 * directory.
 */
#include "fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

enum { WAIT_MAX_MS = 2 * HELPER_LIFE_MS, HASH_DIGITS = 16 };

struct arguments {
    const char *conf, *issuer, *discover, *ca_file, *proxy;
    bool due, has_reason, has_kid_hash, verbose, confinement;
    enum refresh_reason reason;
    uint64_t kid_hash;
    int64_t wait_ms;
    int64_t started_b;
    bool awaited;
};

static const char usage_text[] = "usage: jwks-fetch --conf FILE --issuer NAME --reason REASON [--kid-hash "
                                 "HASH] [--wait-ms NUMBER] [--verbose]\n"
                                 "       jwks-fetch --conf FILE --due [--verbose]\n"
                                 "       jwks-fetch --discover ISSUER [--ca-file FILE] [--proxy URI]\n"
                                 "       jwks-fetch --confinement\n"
                                 "       jwks-fetch --help | --version\n";

static const char help_text[] =
    "\n"
    "Fetches an issuer's signing keys into the cache that logins by token read.\n"
    "Runs as the owner of the cache, never as root.  The timer runs --due.\n"
    "\n"
    "  -c, --conf FILE         the configuration, as jwks.conf(5)\n"
    "  -i, --issuer NAME       the issuer's section\n"
    "  -r, --reason REASON     cold, stale, due, kid, sig, clock, manual, force or flush\n"
    "  -k, --kid-hash HASH     with kid and sig: the first 16 hexadecimal digits of the kid's SHA-256\n"
    "  -w, --wait-ms NUMBER    how long the caller waits\n"
    "  -d, --due               every issuer whose keys are due\n"
    "  -D, --discover ISSUER   print what a configuration for that address could say, and keep nothing\n"
    "  -a, --ca-file FILE      with --discover: as ca_file of jwks.conf(5)\n"
    "  -p, --proxy URI         with --discover: as proxy of jwks.conf(5)\n"
    "  -C, --confinement       print what of its own confinement this host has\n"
    "  -v, --verbose           log to standard error too\n"
    "  -h, --help              this text\n"
    "  -V, --version           the version\n"
    "\n"
    "Exit status: 0 keys are there, 1 the refresh failed or was held back,\n"
    "2 it cannot be done here, 64 wrong usage.\n";

static bool parse_hash(const char *text, uint64_t *ret_hash)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): an option with a value has one; see `options` */
    if (strlen(text) != HASH_DIGITS || strspn(text, "0123456789abcdefABCDEF") != HASH_DIGITS)
        return false;
    *ret_hash = strtoull(text, NULL, 16);
    return true;
}

/* One option; false if its value is none. */
static bool take_option(char letter, const char *value, struct arguments *arguments)
{
    switch (letter) {
    case 'c':
        arguments->conf = value;
        return true;
    case 'i':
        arguments->issuer = value;
        return true;
    case 'r':
        arguments->has_reason = true;
        return refresh_reason_named(text_from(value), &arguments->reason);
    case 'k':
        arguments->has_kid_hash = true;
        return parse_hash(value, &arguments->kid_hash);
    case 'w':
        if (!text_number(text_from(value), &arguments->wait_ms))
            return false;
        if (arguments->wait_ms > WAIT_MAX_MS)
            arguments->wait_ms = WAIT_MAX_MS;
        return true;
    case 'd':
        arguments->due = true;
        return true;
    case 'v':
        arguments->verbose = true;
        return true;
    case 'D':
        arguments->discover = value;
        return true;
    case 'a':
        arguments->ca_file = value;
        return true;
    case 'p':
        arguments->proxy = value;
        return true;
    case 'C':
        arguments->confinement = true;
        return true;
    default:
        return false;
    }
}

/* Without a configuration: what an issuer says, or what this host has. */
static bool are_alone(const struct arguments *arguments)
{
    bool is_refresh = arguments->conf != NULL || arguments->issuer != NULL || arguments->due ||
                      arguments->has_reason || arguments->has_kid_hash || arguments->wait_ms != 0;

    return !is_refresh && arguments->confinement != (arguments->discover != NULL) &&
           (arguments->discover != NULL || (arguments->ca_file == NULL && arguments->proxy == NULL));
}

/* Options that go together: one source with a reason, or all that are due. */
static bool are_complete(const struct arguments *arguments)
{
    bool about_kid =
        arguments->has_reason && (arguments->reason == REFRESH_KID || arguments->reason == REFRESH_SIG);

    if (arguments->confinement || arguments->discover != NULL || arguments->ca_file != NULL ||
        arguments->proxy != NULL)
        return are_alone(arguments);
    if (arguments->conf == NULL || arguments->due == (arguments->issuer != NULL))
        return false;
    return arguments->has_reason == !arguments->due && arguments->has_kid_hash == about_kid;
}

struct known_option {
    char letter;
    bool has_value;
    const char *name;
};

/* The library has a `struct option` of its own, so getopt_long's cannot be used here. */
static const struct known_option *find_option(const char *argument, const char **ret_value)
{
    static const struct known_option options[] = {
        {'c', true, "conf"},     {'c', true, "config"},       {'i', true, "issuer"},
        {'r', true, "reason"},   {'k', true, "kid-hash"},     {'w', true, "wait-ms"},
        {'d', false, "due"},     {'v', false, "verbose"},     {'h', false, "help"},
        {'V', false, "version"}, {'D', true, "discover"},     {'a', true, "ca-file"},
        {'p', true, "proxy"},    {'C', false, "confinement"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(options); i++) {
        size_t length = strlen(options[i].name);

        *ret_value = NULL;
        if (argument[0] == '-' && argument[1] == options[i].letter && argument[2] == '\0')
            return &options[i];
        if (strncmp(argument, "--", 2) != 0 || strncmp(argument + 2, options[i].name, length) != 0)
            continue;
        if (argument[2 + length] == '=' && options[i].has_value)
            *ret_value = argument + 2 + length + 1;
        if (argument[2 + length] == '\0' || *ret_value != NULL)
            return &options[i];
    }
    return NULL;
}

static void print_and_exit(char letter)
{
    if (letter == 'h')
        printf("%s%s", usage_text, help_text);
    else if (letter == 'V')
        printf("jwks-fetch %s\n", jwkscore_version());
    else
        return;
    exit(EXIT_DONE);
}

static void parse_arguments(int argc, char **argv, struct arguments *arguments)
{
    bool ok = true;

    for (int i = 1; ok && i < argc; i++) {
        const char *value;
        const struct known_option *option = find_option(argv[i], &value);

        if (option != NULL)
            print_and_exit(option->letter);
        if (option != NULL && option->has_value && value == NULL)
            value = argv[++i]; /* NULL past the end */
        ok = option != NULL && option->has_value == (value != NULL) &&
             take_option(option->letter, value, arguments);
    }
    if (!ok || !are_complete(arguments)) {
        fputs(usage_text, stderr);
        exit(EXIT_USAGE);
    }
}

/* For whoever started it by hand; the log line, which --verbose shows, is for the others. */
static void complain(const struct arguments *arguments, const char *why)
{
    if (!arguments->verbose)
        fprintf(stderr, "jwks-fetch: %s\n", why);
}

static int refuse(const struct arguments *arguments, const char *why)
{
    report_event(LOG_ERR, "refused", NULL, "detail=\"%s\"", why);
    complain(arguments, why);
    return EXIT_CANNOT;
}

static int answer(const struct attempt *attempt, enum refresh_outcome outcome)
{
    const struct refresh_answer answer = {
        .outcome = outcome,
        .http = attempt->failure.http,
        .next_s = attempt_next(attempt, outcome),
        .length = outcome == OUTCOME_NOPERSIST ? (uint32_t)attempt->unstored.length : 0,
    };

    if (attempt->awaited)
        report_answer(&answer, &attempt->unstored);
    return attempt_exit_status(outcome);
}

static int run_source(const struct jwkscore_config *config, const struct arguments *arguments,
                      struct failure failure)
{
    struct attempt attempt = {.config = config,
                              .issuer = config_issuer_named(config, arguments->issuer),
                              .reason = arguments->reason,
                              .awaited = arguments->awaited,
                              .kid_hash = arguments->kid_hash,
                              .started_b = arguments->started_b,
                              .wait_ms = arguments->wait_ms,
                              .failure = failure};
    enum refresh_outcome outcome = failure.outcome;
    int status;

    if (outcome == OUTCOME_NONE && attempt.issuer == NULL) {
        failure_set(&attempt.failure, OUTCOME_CONFIG, 0, "no such issuer section");
        outcome = OUTCOME_CONFIG;
    }
    if (outcome != OUTCOME_NONE) {
        refuse(arguments, attempt.failure.detail);
    } else {
        outcome = attempt_run(&attempt);
        if (attempt_exit_status(outcome) == EXIT_CANNOT)
            complain(arguments, attempt.failure.detail);
    }
    status = answer(&attempt, outcome);
    attempt_close(&attempt);
    return status;
}

/* One mistake is enough for everything to be denied; the first is named, `jwksctl check` names all. */
static void load(struct jwkscore_config *config, const char *path, struct failure *failure)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    if (jwkscore_config_load(config, path, &error) != JWKSCORE_OK) {
        const char *problem = jwkscore_config_problem(config, 0);

        failure_set(failure, OUTCOME_CONFIG, 0, "%s", problem != NULL ? problem : error.message);
    } else if (jwkscore_config_check(config, &error) != JWKSCORE_OK) {
        failure_set(failure, OUTCOME_CONFIG, 0, "%s", error.message);
    }
}

/* A configuration of that issuer alone, which no file holds. */
static bool set_issuer(struct jwkscore_config *config, const struct arguments *arguments,
                       struct failure *failure)
{
    static const char section[] = "issuer discovered";
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    if (jwkscore_config_set(config, section, "issuer", arguments->discover, &error) == JWKSCORE_OK &&
        (arguments->ca_file == NULL ||
         jwkscore_config_set(config, section, "ca_file", arguments->ca_file, &error) == JWKSCORE_OK) &&
        (arguments->proxy == NULL ||
         jwkscore_config_set(config, section, "proxy", arguments->proxy, &error) == JWKSCORE_OK))
        return true;
    failure_set(failure, OUTCOME_CONFIG, 0, "%s", error.message);
    return false;
}

static int run_discover(struct jwkscore_config *config, const struct arguments *arguments)
{
    struct attempt attempt = {.config = config, .started_b = arguments->started_b};

    if (!set_issuer(config, arguments, &attempt.failure))
        return refuse(arguments, attempt.failure.detail);
    attempt.issuer = config_issuer_named(config, "discovered");
    return facts_print(&attempt);
}

static int run(const struct arguments *arguments)
{
    struct jwkscore_config *config = jwkscore_config_new();
    struct failure failure = {.outcome = OUTCOME_NONE};
    int status;

    if (config == NULL)
        return refuse(arguments, "no memory");
    if (arguments->discover == NULL)
        load(config, arguments->conf, &failure);
    if (arguments->discover != NULL)
        status = run_discover(config, arguments);
    else if (!arguments->due)
        status = run_source(config, arguments, failure);
    else if (failure.outcome != OUTCOME_NONE)
        status = refuse(arguments, failure.detail);
    else
        status = due_run(config);
    jwkscore_config_free(config);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.awaited = report_is_awaited(), .started_b = clock_boot_ms()};

    process_begin();
    parse_arguments(argc, argv, &arguments);
    report_open(arguments.verbose);
    if (!process_drop_rights())
        return refuse(&arguments,
                      "it runs as the owner of the state directory, without capabilities, never as root");
    if (!arguments.due)
        process_limit_life(HELPER_LIFE_MS / 1000);
    if (arguments.confinement)
        return confine_print();
    return run(&arguments);
}
