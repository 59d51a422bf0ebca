/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_rest.c: what is right of a configuration that was refused, for whoever explains.
 *
 * Bad lines are not in it, nor sections that are not whole without them.  It starts no refresh: no login
 * would.
 */
#include "internal.h"

#include <string.h>

static enum jwkscore_status copy_settings(const struct settings *settings, const struct place *place,
                                          struct jwkscore_error *error)
{
    enum jwkscore_status status = JWKSCORE_OK;

    for (size_t i = 0; status == JWKSCORE_OK && i < settings->count; i++)
        status = option_set(place->section, place->options, option_key(settings->at[i].option),
                            text_from(settings->at[i].value), settings->at[i].line, error);
    return status;
}

/* Adds the section, and takes it back if something is wrong with it. */
static enum jwkscore_status copy_section(struct jwkscore_config *rest, const char *kind, const char *name,
                                         const struct settings *settings, struct jwkscore_error *error)
{
    CLEANUP(strings_free) struct strings problems = {NULL, 0};
    CLEANUP(buffer_freep) struct buffer header = {NULL, 0};
    struct place place;
    enum jwkscore_status status;

    if (!buffer_append(&header, text_from(kind)) || !buffer_append(&header, text_from(name)))
        return error_memory(error);
    status = config_place(rest, (struct text){(const char *)header.bytes, header.length}, &place, error);
    if (status == JWKSCORE_OK)
        status = copy_settings(settings, &place, error);
    if (status != JWKSCORE_OK)
        return status;
    if (!config_problems_find(rest, &problems))
        return error_memory(error);
    if (problems.count > 0)
        config_unmake(rest, &place);
    return JWKSCORE_OK;
}

static enum jwkscore_status copy(struct jwkscore_config *rest, const struct jwkscore_config *config)
{
    const struct place global = {SECTION_GLOBAL, &rest->global, false};
    enum jwkscore_status status = copy_settings(&config->global.settings, &global, NULL);

    for (size_t i = 0; status == JWKSCORE_OK && i < config->issuer_count; i++)
        status = copy_section(rest, "issuer ", config->issuers[i].name, &config->issuers[i].settings, NULL);
    for (size_t i = 0; status == JWKSCORE_OK && i < config->service_count; i++)
        status =
            copy_section(rest, "service ", config->services[i].name, &config->services[i].settings, NULL);
    return status;
}

struct jwkscore_config *jwkscore_config_rest(const struct jwkscore_config *config)
{
    struct jwkscore_config *rest = config != NULL ? jwkscore_config_new() : NULL;

    if (rest == NULL)
        return NULL;
    rest->offline = true;
    rest->file_owner = config->file_owner;
    rest->path = config->path != NULL ? text_copy(text_from(config->path)) : NULL;
    if ((config->path != NULL && rest->path == NULL) || copy(rest, config) != JWKSCORE_OK) {
        jwkscore_config_free(rest);
        return NULL;
    }
    return rest;
}
