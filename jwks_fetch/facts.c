/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts.c: what a configuration for an issuer could say: its discovery document and its key set, asked for as a refresh
 * asks, checked, and printed as lines `name value`.  Nothing is kept.
 *
 * Each line is one that a person may copy: strangers' words are printed only where they are plain.
 */
#include "fetch.h"

#include <stdio.h>
#include <string.h>

enum { CLAIM_MOST = 64 };

static bool is_plain(struct text name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:./";

    for (size_t i = 0; i < name.length; i++)
        if (memchr(plain, name.bytes[i], sizeof(plain) - 1) == NULL)
            return false;
    return name.length > 0 && name.length <= CLAIM_MOST;
}

static void print_claims(const struct value *document)
{
    const struct value *claims = value_member(document, "claims_supported");
    struct text name;

    for (size_t i = 0; i < value_count(claims); i++)
        if (value_text(value_at(claims, i), &name) && is_plain(name))
            printf("claim %.*s\n", (int)name.length, name.bytes);
}

/* Would the provider sign with it?  Where it does not say, as by default. */
static bool is_signed_with(const struct value *document, const struct algorithm *algorithm)
{
    const struct value *names = value_member(document, "id_token_signing_alg_values_supported");

    for (size_t i = 0; i < value_count(names); i++)
        if (value_is(value_at(names, i), algorithm->name))
            return true;
    return value_count(names) == 0 && algorithm->preferred;
}

/* A key that names its algorithm has that one. */
static bool has_key_for(const struct keyset *keyset, const struct value *document,
                        const struct algorithm *algorithm)
{
    for (size_t i = 0; i < keyset->count; i++) {
        CLEANUP(jwk_clear) struct jwk jwk = {0};

        if (keyset_key(keyset, i, &jwk) != DROP_NONE)
            continue;
        if (jwk.algorithm != NULL ? jwk.algorithm == algorithm
                                  : algorithm_fits(algorithm, jwk.material.type, jwk.material.curve) &&
                                        is_signed_with(document, algorithm))
            return true;
    }
    return false;
}

static bool get_set(struct attempt *attempt, const char *uri, struct set **ret_set)
{
    CLEANUP(answer_clear) struct response response = {0};
    struct request request = {.uri = uri,
                              .ca_file = attempt->issuer->ca_file,
                              .proxy = attempt->issuer->proxy,
                              .fresh = true,
                              .most = KEYSET_MAX};

    return answer_get(attempt, &request, &response, &attempt->failure) &&
           set_read(attempt->config->crypto, answer_body(&response), ret_set, &attempt->failure);
}

int facts_print(struct attempt *attempt)
{
    CLEANUP(discovery_clear) struct discovered discovered = {.uri = NULL};
    CLEANUP(set_freep) struct set *set = NULL;

    if (!discovery_get(attempt, &discovered, &attempt->failure) || !get_set(attempt, discovered.uri, &set)) {
        fprintf(stderr, "%s: %s\n", refresh_outcome_name(attempt->failure.outcome), attempt->failure.detail);
        return EXIT_FAILED;
    }
    printf("issuer %s\njwks_uri %s\nkeys %zu\n", attempt->issuer->issuer, discovered.uri, set->listing.count);
    for (size_t i = 0; algorithm_at(i) != NULL; i++)
        if (has_key_for(set->document, discovered.document, algorithm_at(i)))
            printf("algorithm %s\n", algorithm_at(i)->name);
    print_claims(discovered.document);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_CANNOT;
}
