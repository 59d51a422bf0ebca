/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_check.c: what is wrong with a configuration, though each of its lines is right.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without these a section only denies; no claim names people safely everywhere, so none is the default. */
static const char *const needed[] = {"issuer", "audience", "user_claim"};

static const struct {
    const char *key, *other;
} conflicts[] = {
    {"user_map", "user_match"}, {"user_map", "user_name"}, {"jwks_file", "jwks_uri"},
    {"jwks_file", "mirror"},    {"jwks_file", "ca_file"},  {"jwks_file", "proxy"},
};

struct findings {
    const struct jwkscore_config *config;
    struct strings *problems;
    bool complete;
};

bool config_problem_add(const struct jwkscore_config *config, struct strings *problems, unsigned line,
                        const char *message)
{
    CLEANUP(string_freep) char *text = NULL;
    int length = config->path != NULL && line != 0 ? asprintf(&text, "%s:%u: %s", config->path, line, message)
                                                   : asprintf(&text, "%s", message);

    if (length < 0) {
        text = NULL;
        return false;
    }
    return strings_add(problems, text_from(text));
}

static void PRINTF_LIKE(3, 4) report(struct findings *findings, unsigned line, const char *format, ...)
{
    char message[1024];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (!config_problem_add(findings->config, findings->problems, line, message))
        findings->complete = false;
}

static void check_needed(struct findings *findings, const struct issuer_options *issuer)
{
    for (size_t i = 0; i < ARRAY_LENGTH(needed); i++)
        if (option_given(&issuer->settings, needed[i]) == NULL)
            report(findings, issuer->line, "[issuer %s] has no %s", issuer->name, needed[i]);
}

static void check_conflicts(struct findings *findings, const struct issuer_options *issuer)
{
    for (size_t i = 0; i < ARRAY_LENGTH(conflicts); i++) {
        const struct setting *setting = option_given(&issuer->settings, conflicts[i].key);
        struct origin origin;

        if (setting != NULL && option_given(&issuer->settings, conflicts[i].other) != NULL)
            report(findings, setting->line, "%s excludes %s (%s)", conflicts[i].key, conflicts[i].other,
                   config_origin(findings->config, &issuer->settings, conflicts[i].other, &origin));
    }
}

/* Two trust settings for one issuer, and nobody could say which decides. */
static void check_unique(struct findings *findings, const struct issuer_options *issuer)
{
    for (const struct issuer_options *other = findings->config->issuers; other < issuer; other++) {
        struct origin origin;

        if (issuer->issuer != NULL && other->issuer != NULL && strcmp(issuer->issuer, other->issuer) == 0)
            report(findings, option_given(&issuer->settings, "issuer")->line,
                   "[issuer %s] has the issuer of [issuer %s] (%s)", issuer->name, other->name,
                   config_origin(findings->config, &other->settings, "issuer", &origin));
    }
}

/* The highest of \1 to \9 in a user_name that option_check_user_name has passed. */
static size_t highest_reference(const char *name)
{
    size_t highest = 0;

    for (; *name != '\0'; name++) {
        if (*name != '\\')
            continue;
        name++;
        if (*name != '\\' && (size_t)(*name - '0') > highest)
            highest = (size_t)(*name - '0');
    }
    return highest;
}

/* A user_name alone would turn every bearer of a token into one and the same account. */
static void check_user_name(struct findings *findings, const struct issuer_options *issuer)
{
    const struct setting *setting = option_given(&issuer->settings, "user_name");
    size_t groups = 0;

    if (setting == NULL)
        return;
    if (issuer->user_match == NULL)
        report(findings, setting->line, "user_name needs user_match");
    else if (!pattern_groups(issuer->user_match, &groups))
        findings->complete = false;
    else if (highest_reference(issuer->user_name) > groups)
        report(findings, setting->line, "user_name refers to \\%zu, but user_match has %zu groups",
               highest_reference(issuer->user_name), groups);
}

static bool has_issuer(const struct jwkscore_config *config, struct text name)
{
    for (size_t i = 0; i < config->issuer_count; i++)
        if (text_is(name, config->issuers[i].name))
            return true;
    return false;
}

/* Line by line and not by service->issuers, so that the right one is named. */
static void check_service(struct findings *findings, const struct service_options *service)
{
    for (size_t i = 0; i < service->settings.count; i++) {
        const struct setting *setting = &service->settings.at[i];
        struct text rest = text_from(setting->value), name;

        while (strcmp(option_key(setting->option), "issuers") == 0 && text_take_word(&rest, &name)) {
            if (!has_issuer(findings->config, name))
                report(findings, setting->line, "[service %s] names [issuer %.*s], which does not exist",
                       service->name, (int)name.length, name.bytes);
        }
    }
}

bool config_problems_find(const struct jwkscore_config *config, struct strings *problems)
{
    struct findings findings = {config, problems, true};

    for (size_t i = 0; i < config->issuer_count; i++) {
        check_needed(&findings, &config->issuers[i]);
        check_conflicts(&findings, &config->issuers[i]);
        check_unique(&findings, &config->issuers[i]);
        check_user_name(&findings, &config->issuers[i]);
    }
    for (size_t i = 0; i < config->service_count; i++)
        check_service(&findings, &config->services[i]);
    return findings.complete;
}

/* The first of them is the message; how many more there are must survive a long one. */
enum jwkscore_status config_problems_error(const struct strings *problems, struct jwkscore_error *error)
{
    if (problems->count == 0)
        return JWKSCORE_OK;
    if (problems->count == 1)
        return error_set(error, JWKSCORE_E_CONFIG, "%s", problems->at[0]);
    return error_set(error, JWKSCORE_E_CONFIG, "%.220s (and %zu more)", problems->at[0], problems->count - 1);
}

enum jwkscore_status jwkscore_config_check(const struct jwkscore_config *config, struct jwkscore_error *error)
{
    CLEANUP(strings_free) struct strings problems = {NULL, 0};

    config_error_clear(error);
    if (config == NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT, "a configuration is needed");
    if (config->problems.count > 0)
        return config_problems_error(&config->problems, error);
    if (config->refused)
        return error_set(error, JWKSCORE_E_CONFIG, "%s could not be loaded",
                         config->path != NULL ? config->path : "jwks.conf");
    if (!config_problems_find(config, &problems))
        return error_memory(error);
    return config_problems_error(&problems, error);
}
