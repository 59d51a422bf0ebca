/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_providers.c: each file of examples/providers loads as it stands, takes its provider's real discovery
 * document and keys, lets in who it says, and refuses who lacks a claim or is of another tenant, project or
 * repository (C8, U1, U3, U5, F2).
 *
 * Where a real token was published it is that one (realworld/idtokens), else one of the claims that the
 * provider documents (realworld/claims); either is signed by a key of ours.
 */
#include "discovered.h"
#include "idtokens.h"

#include <regex.h>
#include <string.h>

#define FORGEJO "forgejo-actions-id-token"
static const struct provider {
    const struct recipe *recipe;
    const char *token, *account;
    const char *discovery, *keys; /* files; NULL: nobody has published one */
    const char *was, *is;         /* in the discovery document: what a laptop or a template leaves open */
} providers[] = {
    {&entra, "azure-id-token", "bob", "entra-common", "entra-common-2025-12", "{tenantid}", "9188040d"},
    {&entra_by_name, "azure-id-token", "alice", "entra-organizations", "entra-organizations", "{tenantid}",
     "9188040d"},
    {&google, "google-id-token", "alice", "google", "google-2025-12", NULL, NULL},
    {&google_by_email, NULL, NULL, "google-2022-11", "google-2024-02-02", NULL, NULL},
    {&okta, "claims/okta", "alice", "okta-org", "okta-default", NULL, NULL},
    {&keycloak, "claims/keycloak", "alice", "keycloak-2022", "keycloak-2024", "http://localhost:8080",
     "https://sso.example.com"},
    {&auth0, "claims/auth0", "alice", "auth0", "auth0", NULL, NULL},
    {&authentik, "authentik-key-bound-id-token", "alice", "authentik", NULL, NULL, NULL},
    {&cognito, "aws-cognito-id-token-with-token-revocation-enabled", "alice", "aws-cognito", "aws-cognito",
     NULL, NULL},
    {&gitlab, "claims/gitlab", "alice", "gitlab", "gitlab", NULL, NULL},
    {&gitlab_ci, "claims/gitlab-ci", "deploy", "gitlab", "gitlab-2025", NULL, NULL},
    {&github_actions, "claims/github-actions", "deploy", "github-actions", "github-actions", NULL, NULL},
    {&forgejo, FORGEJO, "deploy", NULL, "forgejo-actions-codeberg", NULL, NULL},
    {&zitadel, "claims/zitadel", "alice", "zitadel", NULL, NULL, NULL},
    {&kubernetes, "claims/kubernetes", "deploy", "kubernetes", "kubernetes", NULL, NULL},
    {&hello, "hello-dev-id-token-device-flow", "alice", NULL, NULL, NULL, NULL},
    {&generic, "claims/generic", "alice", "verimi", "verimi", NULL, NULL},
};

/* As an administrator gets it who has not filled in anything yet: right, and lets nobody in. */
static struct jwkscore_config *config_of(const struct provider *provider)
{
    struct jwkscore_config *config = config_loaded(recipe_read(provider->recipe->file));

    ck_assert_uint_eq(config->issuer_count, 1);
    ck_assert_status(jwkscore_config_check(config, NULL), JWKSCORE_OK);
    return config;
}

START_TEST(each_recipe_loads_as_it_stands)
{
    for (size_t i = 0; i < ARRAY_LENGTH(providers); i++) {
        CLEANUP(config_freep) struct jwkscore_config *config = config_of(&providers[i]);
        const struct issuer_options *issuer = config->issuers;

        /* nobody by chance: a person is in a map or in a group, a program is named whole and by its ids */
        ck_assert_msg(issuer->user_map != NULL || issuer->require.count > 0, "%s", providers[i].recipe->file);
        ck_assert(!issuer->allow_root && !issuer->allow_extra_audience);
    }
    ck_assert_uint_eq(ARRAY_LENGTH(providers), document_count(textf(RECIPES, "*")));
}
END_TEST

/* --- discovery and keys --- */

/* The recipe's issuer as a pattern: what is to be filled in are words of capitals. */
static bool issuer_is_of(const char *recipe, const char *issuer)
{
    const char *pattern = "^";
    regex_t expression;
    int result;

    for (const char *c = recipe; *c != '\0'; c++) {
        size_t capitals = strspn(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");

        if (capitals > 1) {
            pattern = textf("%s[^/]+", pattern);
            c += capitals - 1;
        } else {
            pattern = textf("%s%s%c", pattern, *c == '.' ? "\\" : "", *c);
        }
    }
    ck_assert_int_eq(regcomp(&expression, textf("%s$", pattern), REG_EXTENDED | REG_NOSUB), 0);
    result = regexec(&expression, issuer, 0, NULL, 0);
    regfree(&expression);
    return result == 0;
}

static struct value *parsed(const char *document)
{
    struct value *value = NULL;

    ck_assert_status(value_parse(text_from(document), &value, NULL), JWKSCORE_OK);
    return value;
}

static bool takes(const struct issuer_options *issuer, const struct algorithm *algorithm)
{
    return algorithm != NULL && (issuer->algorithms & algorithm_bit(algorithm)) != 0;
}

/* One of the algorithms that the document names is taken here. */
static bool signs_as_we_like(const struct issuer_options *issuer, const struct value *document)
{
    const struct value *names = value_member(document, "id_token_signing_alg_values_supported");
    struct text name;

    for (size_t i = 0; i < value_count(names); i++)
        if (value_text(value_at(names, i), &name) && takes(issuer, algorithm_find(name)))
            return true;
    return false;
}

static const char *document_of(const struct provider *provider)
{
    const char *text =
        document_read(textf("realworld/%s.openid-configuration.json", provider->discovery)).bytes;

    return provider->was != NULL ? replaced(text, provider->was, provider->is) : text;
}

START_TEST(each_recipe_fits_the_discovery_document)
{
    size_t documents = 0;

    room_folder("state", 0755);
    room_folder("run", 0755);
    for (size_t i = 0; i < ARRAY_LENGTH(providers); i++) {
        CLEANUP(config_freep) struct jwkscore_config *config = config_of(&providers[i]);
        CLEANUP(value_freep) struct value *document = NULL;
        const char *name = providers[i].recipe->file, *text;
        struct failure failure;
        struct text issuer;

        if (providers[i].discovery == NULL)
            continue;
        documents++;
        text = document_of(&providers[i]);
        document = parsed(text);
        ck_assert(value_member_text(document, "issuer", &issuer));
        ck_assert_msg(issuer_is_of(config->issuers->issuer, kept(issuer.bytes, issuer.length).bytes),
                      "%s: %s is not %.*s", name, config->issuers->issuer, (int)issuer.length, issuer.bytes);
        ck_assert_msg(signs_as_we_like(config->issuers, document), "%s: other algorithms", name);
        tell(config, textf("issuer %s", config->issuers->name), "issuer",
             kept(issuer.bytes, issuer.length).bytes);
        network.body = text_from(text);
        ck_assert_msg(strncmp(discovered(config, &failure), "https://", 8) == 0, "%s: %s", name,
                      failure.detail);
    }
    ck_assert_uint_eq(documents, 15);
}
END_TEST

START_TEST(each_recipe_takes_all_of_the_providers_keys)
{
    size_t sets = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(providers); i++) {
        CLEANUP(config_freep) struct jwkscore_config *config = config_of(&providers[i]);
        CLEANUP(keyset_freep) struct keyset *keyset = NULL;
        size_t usable = 0;

        if (providers[i].keys == NULL)
            continue;
        sets++;
        ck_assert_status(
            keyset_parse(document_read(textf("realworld/%s.jwks.json", providers[i].keys)), &keyset, NULL),
            JWKSCORE_OK);
        for (size_t k = 0; k < keyset->count; k++) {
            struct jwk jwk = {.has_kid = false};
            bool fits = false;

            if (keyset_key(keyset, k, &jwk) != DROP_NONE)
                continue; /* for encryption */
            usable++;
            for (size_t a = 0; algorithm_at(a) != NULL; a++)
                fits |= takes(config->issuers, algorithm_at(a)) &&
                        (jwk.algorithm == NULL || jwk.algorithm == algorithm_at(a)) &&
                        algorithm_fits(algorithm_at(a), jwk.material.type, jwk.material.curve);
            ck_assert_msg(fits, "%s: key %zu of %s fits no algorithm", providers[i].recipe->file, k,
                          providers[i].keys);
            jwk_clear(&jwk);
        }
        ck_assert_uint_gt(usable, 0);
    }
    ck_assert_uint_eq(sets, 14);
}
END_TEST

/* --- tokens --- */

START_TEST(each_recipe_lets_in_who_it_says)
{
    for (size_t i = 0; i < ARRAY_LENGTH(providers); i++) {
        const char *account;
        struct login login;
        enum jwkscore_status status;

        if (providers[i].token == NULL)
            continue; /* google_by_email: the published account has no Workspace domain; check_realworld_recipes adds one */
        login = login_of(providers[i].token);
        status = decide(providers[i].recipe, "", &login, &account);
        ck_assert_msg(status == JWKSCORE_OK && strcmp(account, providers[i].account) == 0, "%s: %s %s",
                      providers[i].recipe->file, jwkscore_reason(status), account);
    }
}
END_TEST

/* Without any one of the claims that it rests on a recipe lets nobody in. */
START_TEST(a_claim_that_is_missing_refuses)
{
#define MISSING(file, recipe, name, status)                                                                  \
    {                                                                                                        \
        file, recipe, "", "\"" name "\":", "\"x-" name "\":", status                                         \
    }
    static const struct change changes[] = {
        MISSING("claims/okta", &okta, "groups", JWKSCORE_E_CLAIM),
        MISSING("claims/okta", &okta, "sub", JWKSCORE_E_CLAIM),
        MISSING("claims/keycloak", &keycloak, "typ", JWKSCORE_E_CLAIM),
        MISSING("claims/keycloak", &keycloak, "groups", JWKSCORE_E_CLAIM),
        MISSING("claims/keycloak", &keycloak, "preferred_username", JWKSCORE_E_UNMAPPED),
        MISSING("claims/auth0", &auth0, "https://example.com/groups", JWKSCORE_E_CLAIM),
        MISSING("claims/gitlab", &gitlab, "groups_direct", JWKSCORE_E_CLAIM),
        MISSING("claims/gitlab-ci", &gitlab_ci, "project_id", JWKSCORE_E_CLAIM),
        MISSING("claims/gitlab-ci", &gitlab_ci, "namespace_id", JWKSCORE_E_CLAIM),
        MISSING("claims/gitlab-ci", &gitlab_ci, "ref_protected", JWKSCORE_E_CLAIM),
        MISSING("claims/gitlab-ci", &gitlab_ci, "pipeline_source", JWKSCORE_E_CLAIM),
        MISSING("claims/github-actions", &github_actions, "repository_id", JWKSCORE_E_CLAIM),
        MISSING("claims/github-actions", &github_actions, "repository_owner_id", JWKSCORE_E_CLAIM),
        MISSING("claims/github-actions", &github_actions, "environment", JWKSCORE_E_CLAIM),
        MISSING("claims/zitadel", &zitadel, "azp", JWKSCORE_E_AUDIENCE),
        MISSING("claims/zitadel", &zitadel, "urn:zitadel:iam:org:project:170086774599581953:roles",
                JWKSCORE_E_CLAIM),
        MISSING("claims/kubernetes", &kubernetes, "kubernetes.io", JWKSCORE_E_CLAIM),
        MISSING("claims/kubernetes", &kubernetes, "sub", JWKSCORE_E_CLAIM),
        MISSING("claims/generic", &generic, "sub", JWKSCORE_E_CLAIM),
        MISSING(FORGEJO, &forgejo, "repository_owner_id", JWKSCORE_E_CLAIM),
    };

    expect_changes(changes, ARRAY_LENGTH(changes));
}
END_TEST

/* What a stranger can have that looks alike.  Google, Entra, Cognito, authentik: check_realworld_recipes. */
START_TEST(what_is_somebody_elses_refuses)
{
#define FORK "\"pipeline_source\": \"merge_request_event\""
    static const struct change changes[] = {
        {"claims/okta", &okta, "", "\"ssh-users\"", "\"ssh-users2\"", JWKSCORE_E_CLAIM},
        {"claims/okta", &okta, "", "4m0g3\"", "4m0g4\"", JWKSCORE_E_UNMAPPED},
        {"claims/okta", &okta, "", "example.okta", "example2.okta", JWKSCORE_E_ISSUER},
        {"claims/okta", &okta, "require = amr = hwk\n", NULL, NULL, JWKSCORE_E_CLAIM},
        {"claims/okta", &okta, "require = amr = mfa\n", NULL, NULL, JWKSCORE_OK},
        /* an access token, whose header is the same, with our audience put in by a mapper */
        {"claims/keycloak", &keycloak, "", "\"ID\"", "\"Bearer\"", JWKSCORE_E_CLAIM},
        {"claims/keycloak", &keycloak, "", "\"/ssh-users\",", "", JWKSCORE_E_CLAIM},
        {"claims/keycloak", &keycloak, "", "realms/corp", "realms/test", JWKSCORE_E_ISSUER},
        {"claims/keycloak", &keycloak, "", "\"preferred_username\": \"alice\"",
         "\"preferred_username\": \"alice@example.com\"", JWKSCORE_E_UNMAPPED},
        {"claims/auth0", &auth0, "", "auth0|", "google-oauth2|", JWKSCORE_E_UNMAPPED},
        {"claims/auth0", &auth0, "", "\"https://example.com/groups\"", "\"https://example.org/groups\"",
         JWKSCORE_E_CLAIM},
        {"claims/auth0", &auth0, "", "auth0.com/", "auth0.com", JWKSCORE_E_ISSUER},
        {"claims/gitlab", &gitlab, "", "example/ssh-users", "mallory/ssh-users", JWKSCORE_E_CLAIM},
        /* a job that chose our application for its audience */
        {"claims/gitlab-ci", &gitlab, "", "\"groups_direct\": [",
         "\"groups_direct\": [\"example/ssh-users\",", JWKSCORE_E_UNMAPPED},
        {"claims/gitlab-ci", &gitlab_ci, "", "\"project_id\": \"20\"", "\"project_id\": \"21\"",
         JWKSCORE_E_CLAIM},
        {"claims/gitlab-ci", &gitlab_ci, "", "\"project_id\": \"20\"", "\"project_id\": 20",
         JWKSCORE_E_CLAIM},
        {"claims/gitlab-ci", &gitlab_ci, "", "\"ref_protected\": \"true\"", "\"ref_protected\": \"false\"",
         JWKSCORE_E_CLAIM},
        {"claims/gitlab-ci", &gitlab_ci, "", "\"pipeline_source\": \"push\"", FORK, JWKSCORE_E_CLAIM},
        {"claims/gitlab-ci", &gitlab_ci, "", "ref:main\"", "ref:main2\"", JWKSCORE_E_UNMAPPED},
        {"claims/gitlab", &gitlab_ci, "", NULL, NULL, JWKSCORE_E_CLAIM},
        {"claims/github-actions", &github_actions, "", "\"repository_id\": \"74\"",
         "\"repository_id\": \"75\"", JWKSCORE_E_CLAIM},
        /* the name given up, and registered by another owner */
        {"claims/github-actions", &github_actions, "", "owner_id\": \"65\"", "owner_id\": \"66\"",
         JWKSCORE_E_CLAIM},
        {"claims/github-actions", &github_actions, "", "repo:example/web:environment:production",
         "repo:example/web:pull_request", JWKSCORE_E_UNMAPPED},
        {"claims/github-actions", &github_actions, "", "\"environment\": \"production\"",
         "\"environment\": \"test\"", JWKSCORE_E_CLAIM},
        {"claims/zitadel", &zitadel, "", "\"azp\": \"170086824411201793", "\"azp\": \"209806276543185153",
         JWKSCORE_E_AUDIENCE},
        {"claims/zitadel", &zitadel, "", "\"ssh\"", "\"ssh2\"", JWKSCORE_E_CLAIM},
        {"claims/zitadel", &zitadel, "", "170079991923474689", "170079991923474690", JWKSCORE_E_CLAIM},
        {"claims/zitadel", &zitadel, "", "\"alice@example.zitadel", "\"alice@mallory.zitadel",
         JWKSCORE_E_UNMAPPED},
        {"claims/kubernetes", &kubernetes, "", "ops:deployer", "ops2:deployer", JWKSCORE_E_UNMAPPED},
        {"claims/kubernetes", &kubernetes, "", "14ee3fa4", "14ee3fa5", JWKSCORE_E_CLAIM},
        {"claims/kubernetes", &kubernetes, "", "\"ssh.example.com\"",
         "\"ssh.example.com\",\"https://kubernetes.default.svc\"", JWKSCORE_E_AUDIENCE},
        {"claims/generic", &generic, "", "\"24400320\"", "\"24400321\"", JWKSCORE_E_UNMAPPED},
        {"claims/generic", &generic, "max_auth_age = 15m\n", "\"auth_time\"", "\"x\"", JWKSCORE_E_CLAIM},
    };

    expect_changes(changes, ARRAY_LENGTH(changes));
}
END_TEST

/* The same people with an access token of RFC 9068. */
START_TEST(an_access_token_is_no_id_token)
{
    for (size_t i = 0; i < ARRAY_LENGTH(providers); i++) {
        struct login login;
        const char *account;

        if (providers[i].token == NULL || strncmp(providers[i].token, "claims/", 7) != 0)
            continue;
        login = login_of(providers[i].token);
        login.header = "{\"alg\": \"RS256\", \"kid\": \"1\", \"typ\": \"at+jwt\"}";
        ck_assert_status(decide(providers[i].recipe, "", &login, &account), JWKSCORE_E_TYPE);
    }
}
END_TEST

/* A provider that begins to issue tokens for a month is noticed where the recipe says for how long they are. */
START_TEST(a_token_that_lives_too_long_refuses)
{
    size_t limited = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(providers); i++) {
        CLEANUP(config_freep) struct jwkscore_config *config = config_of(&providers[i]);
        struct login login;
        const char *account;

        if (config->issuers->max_lifetime == 0)
            continue;
        limited++;
        login = login_of(providers[i].token);
        login.payload =
            replaced(login.payload, "\"exp\":", textf("\"exp\": %jd, \"was\":", (intmax_t)NOW + 30 * 86400));
        ck_assert_status(decide(providers[i].recipe, "", &login, &account), JWKSCORE_E_CLAIM);
    }
    ck_assert_uint_eq(limited, 7);
}
END_TEST

int main(void)
{
    mint_early();
    return RUN_IN_ROOM("providers", each_recipe_loads_as_it_stands, each_recipe_fits_the_discovery_document,
                       each_recipe_takes_all_of_the_providers_keys, each_recipe_lets_in_who_it_says,
                       a_claim_that_is_missing_refuses, what_is_somebody_elses_refuses,
                       an_access_token_is_no_id_token, a_token_that_lives_too_long_refuses);
}
