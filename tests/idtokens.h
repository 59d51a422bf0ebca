/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idtokens.h: ID tokens of real providers, signed again by a key of ours, and judged by the recipe of their provider.
 *
 * The tokens were published decoded, without a signature.  Here header and payload are signed again, byte for
 * byte as they were printed, by a key of ours that gets the same kid.  Only iat, exp, nbf and auth_time are
 * moved, all by the same time, to the clock of the tests: the library refuses a clock before its own build.
 */
#ifndef JWKSCORE_TESTS_IDTOKENS_H
#define JWKSCORE_TESTS_IDTOKENS_H

#include "documents.h"

/* A file of examples/providers, filled in as an administrator would. */
#define RECIPES "../../examples/providers/%s.conf"
enum { FILLS_MAX = 6 };
struct recipe {
    const char *file;
    const char *fills[FILLS_MAX][2];                         /* what stands there, what is written there; $aud: that claim */
    const char *map;                                         /* what its user_map holds; NULL: it has none */
};
/* recipes.c */
extern const struct recipe google, google_by_email, entra, entra_by_name, cognito, cognito_by_name, authentik,
    authentik_half_a_group, hello, forgejo, okta, keycloak, auth0, gitlab, gitlab_ci, github_actions, zitadel, kubernetes,
    generic;

struct login {
    const char *header, *payload;
    struct text key;                                         /* that the bearer has proven; empty: none */
};

const char *recipe_read(const char *file);                   /* as it stands */
/* A file of realworld/idtokens, or "claims/..."; with the key that the token is bound to. */
struct login login_of(const char *file);
/* By the recipe with more lines behind it; `ret_account` is "" where it says no. */
enum jwkscore_status decide(const struct recipe *, const char *lines, const struct login *, const char **ret_account);
/* A token with one thing changed. */
struct change {
    const char *file;
    const struct recipe *recipe;
    const char *lines;                                       /* that follow the recipe's */
    const char *from, *to;                                   /* in the payload; NULL: as it was */
    enum jwkscore_status status;
};
void expect_changes(const struct change *, size_t count);
const char *replaced(const char *text, const char *from, const char *to); /* every `from`; there is one */

#endif
