/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account.c: whatever a claim says, and a map's text, only valid account names come of it, and from a map only those of the
 * one line that begins with the claim's value.
 *
 * The input is the claim's value, an end of line, and the map.
 */
#include "fuzz.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { ISSUERS = 5, BY_MAP = ISSUERS - 1 };
static const char *const sections[ISSUERS][2] = {
    {NULL, NULL},
    {"([a-z_][a-z0-9_-]{0,31})@example\\.com", "\\1"},
    {"(.*)@(.*)", "\\2-\\1"},
    {"([^@]+)(@[a-z.]+)?(x*)", "u\\1\\3"},
    {NULL, NULL},
};
static struct jwkscore_config *configs[ISSUERS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < ISSUERS; i++) {
        configs[i] = jwkscore_config_new();
        must(configs[i] != NULL);
        must(jwkscore_config_set(configs[i], "issuer a", "user_claim", "name", NULL) == JWKSCORE_OK);
        if (sections[i][0] != NULL)
            must(jwkscore_config_set(configs[i], "issuer a", "user_match", sections[i][0], NULL) ==
                     JWKSCORE_OK &&
                 jwkscore_config_set(configs[i], "issuer a", "user_name", sections[i][1], NULL) ==
                     JWKSCORE_OK);
    }
    must(jwkscore_config_set(configs[BY_MAP], "issuer a", "user_map", "/map", NULL) == JWKSCORE_OK);
    return 0;
}

/* Is there a line `VALUE list` with this name in the list? */
static bool map_has(struct text map, struct text value, const char *name)
{
    struct text line;

    while (text_take_line(&map, &line)) {
        struct text list = line;
        const char *comma;

        if (line.length <= value.length + 1 || memcmp(line.bytes, value.bytes, value.length) != 0 ||
            line.bytes[value.length] != ' ' || line.bytes[0] == '#')
            continue;
        list = (struct text){line.bytes + value.length + 1, line.length - value.length - 1};
        for (; (comma = memchr(list.bytes, ',', list.length)) != NULL;) {
            if (text_is((struct text){list.bytes, (size_t)(comma - list.bytes)}, name))
                return true;
            list.length -= (size_t)(comma + 1 - list.bytes);
            list.bytes = comma + 1;
        }
        if (text_is(list, name))
            return true;
    }
    return false;
}

static void check_names(size_t i, const struct strings *accounts, struct text value, struct text map)
{
    must(accounts->count > 0 && (i == BY_MAP || accounts->count == 1));
    for (size_t n = 0; n < accounts->count; n++) {
        must(account_name_valid(text_from(accounts->at[n])));
        must(i != 0 || text_is(value, accounts->at[n]));
        must(i != BY_MAP || map_has(map, value, accounts->at[n]));
    }
    must(account_among(configs[i], accounts, accounts->at[0], NULL) == JWKSCORE_OK);
    must(account_among(configs[i], accounts, "", NULL) == JWKSCORE_E_USER);
}

static struct value *make_claims(struct text value)
{
    struct buffer json = {0};
    struct value *claims = NULL;

    must(buffer_append(&json, TEXT("{\"name\":")));
    if (!value_write_string(&json, value) || !buffer_append(&json, TEXT("}")) ||
        value_parse((struct text){(char *)json.bytes, json.length}, &claims, NULL) != JWKSCORE_OK)
        claims = NULL; /* no UTF-8 */
    buffer_freep(&json);
    return claims;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_span rest = {(const char *)data, size}, line = fuzz_take_line(&rest);
    struct text value = {line.bytes, line.length}, map = {rest.bytes, rest.length};
    struct token token = {.claims = make_claims(value)};

    fuzz_file = rest;
    for (size_t i = 0; token.claims != NULL && i < ISSUERS; i++) {
        struct strings accounts = {0};
        struct jwkscore_error error = {JWKSCORE_OK, ""};

        if (account_map(configs[i], &configs[i]->issuers[0], &token, &accounts, &error) == JWKSCORE_OK)
            check_names(i, &accounts, value, map);
        else
            must(error.message[0] != '\0' && fuzz_is_printable(error.message, strlen(error.message)) &&
                 accounts.count == 0);
        strings_free(&accounts);
    }
    value_free(token.claims);
    return 0;
}
