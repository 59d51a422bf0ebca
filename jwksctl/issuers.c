/* SPDX-License-Identifier: Apache-2.0 */
/* issuers.c: the issuer sections that a command is about, what is known of their keys, and is that good? */
#include "jwksctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct jwkscore_count no_counts[] = {{NULL, 0}};

/* A jwks_file that cannot be read, a folder that others could change: a state with every member, as others. */
static void set_fault(struct issuer *issuer)
{
    issuer->state = (struct jwkscore_source_state){
        .size = sizeof(issuer->state),
        .id = "",
        .state = "fault",
        .note = issuer->error.message,
        .outcome = "",
        .ttl_from = "",
        .via = "",
        .held_back = "",
        .dropped = no_counts,
        .reasons = no_counts,
        .outcomes = no_counts,
        .suppressed = no_counts,
    };
}

static void read_one(const struct ctl *ctl, const char *name, struct issuer *issuer)
{
    char section[64];

    snprintf(section, sizeof(section), "issuer %s", name);
    issuer->name = name;
    issuer->url = jwkscore_config_get(ctl->config, section, "issuer", 0);
    if (issuer->url == NULL)
        issuer->url = "";
    if (jwkscore_source_read(ctl->config, name, ctl->now, &issuer->source, &issuer->error) == JWKSCORE_OK)
        issuer->state = *jwkscore_source_state(issuer->source);
    else
        set_fault(issuer);
}

bool issuers_read(const struct ctl *ctl, struct issuers *ret_issuers)
{
    struct issuers issuers = {NULL, 0};
    const char *name;
    size_t most = 0;

    while (jwkscore_config_issuer(ctl->config, most) != NULL)
        most++;
    issuers.at = calloc(most + 1, sizeof(*issuers.at));
    if (issuers.at == NULL)
        return ctl_complain(false, "no memory");
    for (size_t i = 0; (name = jwkscore_config_issuer(ctl->config, i)) != NULL; i++)
        if (ctl->issuer == NULL || strcmp(name, ctl->issuer) == 0)
            read_one(ctl, name, &issuers.at[issuers.count++]);
    *ret_issuers = issuers;
    return true;
}

void issuers_free(struct issuers *issuers)
{
    for (size_t i = 0; i < issuers->count; i++)
        jwkscore_source_free(issuers->at[i].source);
    free(issuers->at);
}

/* A state that this program does not know is not usable. */
bool issuer_is_usable(const struct issuer *issuer)
{
    static const char *const usable[] = {"fresh", "due", "stale", "file"};

    for (size_t i = 0; i < sizeof(usable) / sizeof(usable[0]); i++)
        if (strcmp(issuer->state.state, usable[i]) == 0)
            return issuer->state.keys > 0 && !issuer->state.clock_wrong;
    return false;
}

bool issuer_denies_key(const struct ctl *ctl, const struct issuer *issuer,
                       const struct jwkscore_source_key *key)
{
    char section[64];
    const char *denied;

    snprintf(section, sizeof(section), "issuer %s", issuer->name);
    for (size_t i = 0; (denied = jwkscore_config_get(ctl->config, section, "denied_key", i)) != NULL; i++)
        if (strcmp(denied, key->thumbprint) == 0 || (key->kid != NULL && strcmp(denied, key->kid) == 0))
            return true;
    return false;
}

int issuer_verdict(const struct issuer *issuer)
{
    if (issuer->source == NULL)
        return EXIT_CANNOT_SAY;
    return issuer_is_usable(issuer) && strcmp(issuer->state.state, "stale") != 0 ? EXIT_YES : EXIT_NO;
}

int worse(int a, int b)
{
    return a > b ? a : b;
}
