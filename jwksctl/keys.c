/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c: jwksctl keys: the keys that tokens of an issuer can be verified with, by name and thumbprint. */
#include "jwksctl.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A key that a token could be verified with; whether a vanished one is, key_grace says. */
static bool has_usable_key(const struct ctl *ctl, const struct issuer *issuer)
{
    const struct jwkscore_source_key *key;

    for (size_t i = 0; issuer_is_usable(issuer) && (key = jwkscore_source_key(issuer->source, i)) != NULL;
         i++)
        if (!key->vanished && !issuer_denies_key(ctl, issuer, key))
            return true;
    return false;
}

static int verdict(const struct ctl *ctl, const struct issuer *issuer)
{
    if (issuer->source == NULL)
        return EXIT_CANNOT_SAY;
    return has_usable_key(ctl, issuer) ? EXIT_YES : EXIT_NO;
}

/* --- for people --- */

static void add_key(struct table *table, const struct ctl *ctl, const struct issuer *issuer,
                    const struct jwkscore_source_key *key)
{
    char kid[OUTPUT_QUOTED_SIZE];

    table_add(table, "%s", issuer->name);
    if (key->kid != NULL)
        table_add(table, "\"%s\"", output_quote(kid, key->kid));
    else
        table_add(table, "-");
    table_add(table, "%s", key->type);
    table_add(table, "%s", key->algorithm != NULL ? key->algorithm : "-");
    table_add(table, "%s", key->thumbprint);
    table_add(table, "%s",
              issuer_denies_key(ctl, issuer, key) ? "denied"
              : key->vanished                     ? "vanished"
                                                  : issuer->state.state);
}

static bool print_table(const struct ctl *ctl, const struct issuers *issuers)
{
    static const char *const headings[] = {"ISSUER", "KID", "TYPE", "ALG", "THUMBPRINT", "STATE"};
    struct table table = {.columns = sizeof(headings) / sizeof(headings[0])};

    for (size_t i = 0; i < table.columns; i++)
        table_add(&table, "%s", headings[i]);
    for (size_t i = 0; i < issuers->count; i++) {
        const struct jwkscore_source_key *key;

        for (size_t k = 0;
             issuers->at[i].source != NULL && (key = jwkscore_source_key(issuers->at[i].source, k)) != NULL;
             k++)
            add_key(&table, ctl, &issuers->at[i], key);
    }
    if (!table_end(&table))
        return false;
    for (size_t i = 0; i < issuers->count; i++)
        if (verdict(ctl, &issuers->at[i]) != EXIT_YES)
            printf("%s: no usable keys: %s%s%s\n", issuers->at[i].name, issuers->at[i].state.state,
                   issuers->at[i].state.note[0] != '\0' ? ": " : "", issuers->at[i].state.note);
    return true;
}

/* --- JSON --- */

static void print_text(const char *before, const char *name, const char *text)
{
    printf("%s\"%s\":", before, name);
    output_json_string(text);
}

static void print_keys(const struct ctl *ctl, const struct issuer *issuer)
{
    const struct jwkscore_source_key *key;

    for (size_t i = 0; issuer->source != NULL && (key = jwkscore_source_key(issuer->source, i)) != NULL;
         i++) {
        print_text(i > 0 ? ",\n{" : "{", "kid", key->kid);
        print_text(",", "type", key->type);
        print_text(",", "algorithm", key->algorithm);
        print_text(",", "thumbprint", key->thumbprint);
        printf(",\"vanished\":%s,\"denied\":%s}", key->vanished ? "true" : "false",
               issuer_denies_key(ctl, issuer, key) ? "true" : "false");
    }
}

static void print_json(const struct ctl *ctl, const struct issuers *issuers)
{
    fputs("{\"version\":", stdout);
    output_json_string(jwkscore_version());
    printf(",\"time\":%" PRId64 ",\"issuers\":[", ctl->now);
    for (size_t i = 0; i < issuers->count; i++) {
        const struct issuer *issuer = &issuers->at[i];

        print_text(i > 0 ? ",\n{" : "{", "name", issuer->name);
        print_text(",", "issuer", issuer->url);
        print_text(",", "state", issuer->state.state);
        printf(",\"usable\":%s", has_usable_key(ctl, issuer) ? "true" : "false");
        print_text(",", "note", issuer->state.note);
        fputs(",\"keys\":[", stdout);
        print_keys(ctl, issuer);
        fputs("]}", stdout);
    }
    puts("]}");
}

int keys_run(struct ctl *ctl, int argc, char **argv)
{
    bool json = false;
    const struct ctl_option options[] = {{"json", &json, NULL}, {NULL, NULL, NULL}};
    int code = ctl_begin(ctl, argc, argv, options, CTL_ISSUER_OPTIONAL);
    struct issuers issuers;

    if (code != EXIT_YES)
        return code;
    if (!issuers_read(ctl, &issuers))
        return EXIT_CANNOT_SAY;
    for (size_t i = 0; i < issuers.count; i++)
        code = worse(code, verdict(ctl, &issuers.at[i]));
    if (json)
        print_json(ctl, &issuers);
    else if (!print_table(ctl, &issuers))
        code = EXIT_CANNOT_SAY;
    issuers_free(&issuers);
    return code;
}
