/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c: a jwks.conf is taken as a whole, or refused with a printable reason for each bad line; what is taken says the
 * same when it is set option by option.
 */
#include "fuzz.h"
#include "internal.h"

#include <string.h>

/* Every value of a section, told to another configuration. */
static void tell(const struct jwkscore_config *from, enum section kind, const char *section,
                 struct jwkscore_config *to)
{
    const struct option *option;

    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        const char *value;

        if (option->section != kind)
            continue;
        for (size_t n = 0; (value = jwkscore_config_get(from, section, option->key, n)) != NULL; n++)
            must(jwkscore_config_set(to, section, option->key, value, NULL) == JWKSCORE_OK);
    }
}

static const char *named(const char *kind, const char *name)
{
    static char section[512];

    must(strlen(kind) + strlen(name) + 2 <= sizeof(section));
    return strcat(strcat(strcpy(section, kind), " "), name);
}

static void check_accepted(const struct jwkscore_config *config)
{
    struct jwkscore_config *again = jwkscore_config_new();

    must(again != NULL && jwkscore_config_problem(config, 0) == NULL);
    for (size_t i = 0; i < config->issuer_count; i++) {
        const struct issuer_options *issuer = &config->issuers[i];

        must(issuer->issuer != NULL && strncmp(issuer->issuer, "https://", 8) == 0 &&
             issuer->audience.count > 0);
        must(issuer->algorithms != 0 && issuer->token_types != 0 && issuer->max_stale >= 0);
        must(config_issuer_for(config, text_from(issuer->issuer)) == issuer);
        tell(config, SECTION_ISSUER, named("issuer", issuer->name), again);
    }
    for (size_t i = 0; i < config->service_count; i++)
        tell(config, SECTION_SERVICE, named("service", config->services[i].name), again);
    tell(config, SECTION_GLOBAL, "global", again);
    must(config->global.max_wait >= 0 && config->global.max_wait <= 20 && config->global.clock_skew <= 300);
    must(jwkscore_config_check(again, NULL) == jwkscore_config_check(config, NULL));
    jwkscore_config_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jwkscore_config *config = jwkscore_config_new();
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    const char *problem;

    must(config != NULL);
    fuzz_file = (struct fuzz_span){(const char *)data, size};
    if (jwkscore_config_load(config, "/jwks.conf", &error) == JWKSCORE_OK) {
        check_accepted(config);
    } else {
        must(error.message[0] != '\0' && fuzz_is_printable(error.message, strlen(error.message)));
        must(jwkscore_config_check(config, NULL) != JWKSCORE_OK);
        for (size_t i = 0; (problem = jwkscore_config_problem(config, i)) != NULL; i++)
            must(fuzz_is_printable(problem, strlen(problem)) &&
                 strncmp(problem, "/jwks.conf:", strlen("/jwks.conf:")) == 0);
    }
    jwkscore_config_free(config);
    return 0;
}
