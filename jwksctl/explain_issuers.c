/* SPDX-License-Identifier: Apache-2.0 */
/* explain_issuers.c: which issuers are configured, and how the token's differs; which keys an issuer has. */
#include "explain.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CONTEXT = 24, KEYS_SHOWN = 16 };

static size_t common(const char *a, const char *b)
{
    size_t length = 0;

    while (a[length] != '\0' && a[length] == b[length])
        length++;
    return length;
}

static bool same_but_slash(const char *a, const char *b)
{
    size_t end = common(a, b);

    return strcmp(a[end] != '\0' ? a + end : b + end, "/") == 0;
}

static const char *behind_scheme(const char *address)
{
    const char *colon = strstr(address, "://");

    return colon != NULL ? colon : address;
}

/* `theirs` is the token's iss, `ours` a section's issuer; both are printable. */
static void hint_difference(struct explanation *explanation, const char *section, const char *theirs,
                            const char *ours)
{
    size_t at = common(theirs, ours);

    if (same_but_slash(theirs, ours))
        explain_hint(explanation,
                     "[issuer %s] is %s: the token's iss differs only by the slash at the end, which %s has.",
                     section, ours, strlen(theirs) > strlen(ours) ? "the token" : "the section");
    else if (strcmp(behind_scheme(theirs), behind_scheme(ours)) == 0)
        explain_hint(explanation, "[issuer %s] is %s: the token's iss differs only by http and https.",
                     section, ours);
    else if (strcasecmp(theirs, ours) == 0)
        explain_hint(explanation,
                     "[issuer %s] is %s: the token's iss differs only in capital and small letters, from "
                     "character %zu on.",
                     section, ours, at + 1);
    else
        explain_hint(
            explanation,
            "[issuer %s] is %s: the token's iss differs from character %zu on: \"%.*s\", not \"%.*s\".",
            section, ours, at + 1, CONTEXT, theirs + at, CONTEXT, ours + at);
}

/* A string of the trace, without its quotes; NULL: it is none. */
static char *unquoted(const char *value)
{
    size_t length = value != NULL ? strlen(value) : 0;

    return length >= 2 && value[0] == '"' && value[length - 1] == '"' ? strndup(value + 1, length - 2) : NULL;
}

void explain_issuers(struct explanation *explanation)
{
    const struct jwkscore_config *config = explanation->ctl->config;
    const struct rule *rule = explain_rule(explanation, "issuer");
    char *theirs = unquoted(rule != NULL ? rule->value : NULL), section[64];
    const char *name, *ours;

    for (size_t i = 0; (name = jwkscore_config_issuer(config, i)) != NULL; i++) {
        snprintf(section, sizeof(section), "issuer %s", name);
        ours = jwkscore_config_get(config, section, "issuer", 0);
        if (theirs != NULL && ours != NULL && strcmp(theirs, ours) == 0)
            explain_hint(explanation, "[issuer %s] has this issuer, but the section is not right.", name);
        else if (theirs != NULL && ours != NULL)
            hint_difference(explanation, name, theirs, ours);
        else
            explain_hint(explanation, "[issuer %s] is %s.", name, ours != NULL ? ours : "not named");
    }
    if (jwkscore_config_issuer(config, 0) == NULL)
        explain_hint(explanation, "%s has no issuer section.", explanation->ctl->conf);
    free(theirs);
}

void explain_keys(struct explanation *explanation)
{
    const struct jwkscore_config *config =
        explanation->rest != NULL ? explanation->rest : explanation->ctl->config;
    struct jwkscore_source *source = NULL;
    const struct jwkscore_source_key *key;
    char kid[OUTPUT_QUOTED_SIZE];

    if (explanation->section == NULL ||
        jwkscore_source_read(config, explanation->section, explanation->ctl->now, &source, NULL) !=
            JWKSCORE_OK)
        return;
    for (size_t i = 0; i < KEYS_SHOWN && (key = jwkscore_source_key(source, i)) != NULL; i++)
        explain_hint(explanation, "[issuer %s] has the %s key \"%s\"%s%s%s.", explanation->section, key->type,
                     key->kid != NULL ? output_quote(kid, key->kid) : "",
                     key->algorithm != NULL ? " for " : "", key->algorithm != NULL ? key->algorithm : "",
                     key->vanished ? ", which has vanished from its set" : "");
    if (jwkscore_source_key(source, 0) == NULL)
        explain_hint(explanation, "[issuer %s] has no usable keys here.", explanation->section);
    jwkscore_source_free(source);
}
