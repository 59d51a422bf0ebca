/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c: a configuration and its sections: made, set, asked, freed.
 *
 * jwks.conf goes into it through config_load.c, and what no single line can tell is found by config_check.c.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More is no honest configuration, and every login looks through them. */
enum { ISSUERS_MAX = 64, SERVICES_MAX = 256 };

static const struct kind {
    const char *word;
    enum section section;
    const char *(*check_name)(struct text); /* NULL: has no name */
} kinds[] = {
    {"global", SECTION_GLOBAL, NULL},
    {"issuer", SECTION_ISSUER, option_check_issuer_name},
    {"service", SECTION_SERVICE, option_check_service_name},
    {"pam", SECTION_PAM, NULL},
};

static void issuer_clear(struct issuer_options *issuer)
{
    options_free(SECTION_ISSUER, issuer);
    string_freep(&issuer->name);
}

static void service_clear(struct service_options *service)
{
    options_free(SECTION_SERVICE, service);
    string_freep(&service->name);
}

struct jwkscore_config *jwkscore_config_new(void)
{
    struct jwkscore_config *config = calloc(1, sizeof(*config));

    if (config == NULL)
        return NULL;
    config->file_owner = NO_OWNER;
    config->crypto = crypto_new();
    if (config->crypto == NULL || !options_init(SECTION_GLOBAL, &config->global) ||
        !options_init(SECTION_PAM, &config->pam)) {
        jwkscore_config_free(config);
        return NULL;
    }
    return config;
}

void jwkscore_config_free(struct jwkscore_config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->issuer_count; i++)
        issuer_clear(&config->issuers[i]);
    for (size_t i = 0; i < config->service_count; i++)
        service_clear(&config->services[i]);
    options_free(SECTION_GLOBAL, &config->global);
    options_free(SECTION_PAM, &config->pam);
    strings_free(&config->problems);
    crypto_free(config->crypto);
    free(config->issuers);
    free(config->services);
    free(config->path);
    free(config);
}

void config_error_clear(struct jwkscore_error *error)
{
    if (error != NULL)
        *error = (struct jwkscore_error){.status = JWKSCORE_OK};
}

/* --- sections --- */

/* "issuer corp" taken apart. */
static enum jwkscore_status parse_header(struct text header, const struct kind **ret_kind,
                                         struct text *ret_name, struct jwkscore_error *error)
{
    const struct kind *kind = NULL;
    struct text rest = header, word = {"", 0}, name = {"", 0}, more;
    char quoted[QUOTED_SIZE];
    const char *why;

    (void)text_take_word(&rest, &word);
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (text_is(word, kinds[i].word))
            kind = &kinds[i];
    if (kind != NULL && kind->check_name != NULL && !text_take_word(&rest, &name))
        return error_set(error, JWKSCORE_E_CONFIG, "section [%s] needs a name", kind->word);
    if (kind == NULL || text_take_word(&rest, &more))
        return error_set(error, JWKSCORE_E_CONFIG, "unknown section \"%s\"", error_quote(quoted, header));
    why = kind->check_name == NULL ? NULL : kind->check_name(name);
    if (why != NULL)
        return error_set(error, JWKSCORE_E_CONFIG, "section [%s]: \"%s\" %s", kind->word,
                         error_quote(quoted, name), why);
    *ret_kind = kind;
    *ret_name = name;
    return JWKSCORE_OK;
}

/* Not const: whoever asks has the configuration, and decides whether to change it. */
static void *find(const struct jwkscore_config *config, enum section section, struct text name)
{
    if (section == SECTION_GLOBAL)
        return (void *)&config->global;
    if (section == SECTION_PAM)
        return (void *)&config->pam;
    for (size_t i = 0; section == SECTION_ISSUER && i < config->issuer_count; i++)
        if (text_is(name, config->issuers[i].name))
            return &config->issuers[i];
    for (size_t i = 0; section == SECTION_SERVICE && i < config->service_count; i++)
        if (text_is(name, config->services[i].name))
            return &config->services[i];
    return NULL;
}

static void *make_issuer(struct jwkscore_config *config, struct text name)
{
    struct issuer_options *issuer = reallocarray(config->issuers, config->issuer_count + 1, sizeof(*issuer));

    if (issuer == NULL)
        return NULL;
    config->issuers = issuer;
    issuer += config->issuer_count;
    *issuer = (struct issuer_options){.name = text_copy(name)};
    if (issuer->name == NULL || !options_init(SECTION_ISSUER, issuer)) {
        issuer_clear(issuer);
        return NULL;
    }
    config->issuer_count++;
    return issuer;
}

static void *make_service(struct jwkscore_config *config, struct text name)
{
    struct service_options *service =
        reallocarray(config->services, config->service_count + 1, sizeof(*service));

    if (service == NULL)
        return NULL;
    config->services = service;
    service += config->service_count;
    *service = (struct service_options){.name = text_copy(name)};
    if (service->name == NULL || !options_init(SECTION_SERVICE, service)) {
        service_clear(service);
        return NULL;
    }
    config->service_count++;
    return service;
}

enum jwkscore_status config_place(struct jwkscore_config *config, struct text header, struct place *ret_place,
                                  struct jwkscore_error *error)
{
    const struct kind *kind;
    struct text name;
    enum jwkscore_status status = parse_header(header, &kind, &name, error);
    struct place place = {.made = false};

    if (status != JWKSCORE_OK)
        return status;
    place.section = kind->section;
    place.options = find(config, kind->section, name);
    if (place.options == NULL) {
        bool issuer = kind->section == SECTION_ISSUER;

        if (issuer ? config->issuer_count == ISSUERS_MAX : config->service_count == SERVICES_MAX)
            return error_set(error, JWKSCORE_E_CONFIG, "over %d sections [%s]",
                             issuer ? ISSUERS_MAX : SERVICES_MAX, kind->word);
        place.options = issuer ? make_issuer(config, name) : make_service(config, name);
        place.made = true;
    }
    if (place.options == NULL)
        return error_memory(error);
    *ret_place = place;
    return JWKSCORE_OK;
}

void config_unmake(struct jwkscore_config *config, const struct place *place)
{
    if (place->made && place->section == SECTION_ISSUER)
        issuer_clear(&config->issuers[--config->issuer_count]);
    else if (place->made)
        service_clear(&config->services[--config->service_count]);
}

enum jwkscore_status jwkscore_config_set(struct jwkscore_config *config, const char *section, const char *key,
                                         const char *value, struct jwkscore_error *error)
{
    enum jwkscore_status status;
    struct place place = {0};

    config_error_clear(error);
    if (config == NULL || section == NULL || key == NULL || value == NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT,
                         "a configuration, a section, a key and a value are needed");
    status = config_place(config, text_from(section), &place, error);
    if (status != JWKSCORE_OK)
        return status;
    if (option_home(place.section, key) != place.section)
        place = (struct place){SECTION_GLOBAL, &config->global, false};
    status = option_set(place.section, place.options, key, text_from(value), 0, error);
    if (status != JWKSCORE_OK)
        config_unmake(config, &place);
    return status;
}

/* --- what is asked --- */

const char *jwkscore_config_get(const struct jwkscore_config *config, const char *section, const char *key,
                                size_t index)
{
    const struct kind *kind;
    struct text name;
    enum section home;
    const void *options;

    if (config == NULL || section == NULL || key == NULL ||
        parse_header(text_from(section), &kind, &name, NULL) != JWKSCORE_OK)
        return NULL;
    home = option_home(kind->section, key);
    options = find(config, home, name);
    return options == NULL ? NULL : option_get(home, options, key, index);
}

const char *jwkscore_config_issuer(const struct jwkscore_config *config, size_t index)
{
    return config != NULL && index < config->issuer_count ? config->issuers[index].name : NULL;
}

const char *jwkscore_config_problem(const struct jwkscore_config *config, size_t index)
{
    return config != NULL && index < config->problems.count ? config->problems.at[index] : NULL;
}

const struct issuer_options *config_issuer_named(const struct jwkscore_config *config, const char *name)
{
    return config->refused || name == NULL ? NULL : find(config, SECTION_ISSUER, text_from(name));
}

/* Of an issuer that two sections name none is right. */
const struct issuer_options *config_issuer_for(const struct jwkscore_config *config, struct text iss)
{
    const struct issuer_options *found = NULL;

    for (size_t i = 0; !config->refused && i < config->issuer_count; i++) {
        if (config->issuers[i].issuer == NULL || !text_is(iss, config->issuers[i].issuer))
            continue;
        if (found != NULL)
            return NULL;
        found = &config->issuers[i];
    }
    return found;
}

const struct service_options *config_service(const struct jwkscore_config *config, const char *name)
{
    return name == NULL ? NULL : find(config, SECTION_SERVICE, text_from(name));
}

uid_t config_file_owner(const struct jwkscore_config *config)
{
    return config->file_owner != 0 && config->file_owner == geteuid() ? config->file_owner : NO_OWNER;
}

enum jwkscore_status jwkscore_config_check_program(const struct jwkscore_config *config, const char *path,
                                                   struct jwkscore_error *error)
{
    config_error_clear(error);
    if (config == NULL || path == NULL)
        return error_set(error, JWKSCORE_E_ARGUMENT, "jwkscore_config_check_program: an argument is NULL");
    return file_check_program(path, config_file_owner(config), error);
}
