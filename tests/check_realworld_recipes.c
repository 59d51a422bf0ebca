/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_realworld_recipes.c: a recipe asks for all that it says.  Real tokens with one thing changed are
 * refused by the rule that is meant to (C11, U1, U3, U5).
 */
#include "idtokens.h"

/* `hd` is none in a personal account.  `email` counts beside a boolean true, and only whole. */
START_TEST(a_google_account_is_of_our_domain_and_its_address_verified)
{
#define VERIFIED "\"email_verified\": true"
#define HD ",\"hd\":\"gmail.com\""
    static const struct change changes[] = {
        {"google-id-token", &google_by_email, "", NULL, NULL, JWKSCORE_E_CLAIM},
        {"google-id-token", &google_by_email, "", VERIFIED, VERIFIED HD, JWKSCORE_OK},
        {"google-id-token", &google_by_email, "", VERIFIED, VERIFIED ",\"hd\":\"gmail.com.example\"",
         JWKSCORE_E_CLAIM},
        {"google-id-token", &google_by_email, "", VERIFIED, "\"email_verified\":\"true\"" HD,
         JWKSCORE_E_UNMAPPED},
        {"google-id-token", &google_by_email, "", VERIFIED, "\"email_verified\":false" HD,
         JWKSCORE_E_UNMAPPED},
        {"google-id-token", &google_by_email, "", VERIFIED, "\"verified\":true" HD, JWKSCORE_E_UNMAPPED},
        {"google-id-token-device-flow-youtube", &google_by_email, "", VERIFIED, VERIFIED HD,
         JWKSCORE_E_UNMAPPED},
        {"google-id-token", &google, "", "642802723203118\"", "642802723203119\"", JWKSCORE_E_UNMAPPED},
        {"google-id-token", &google, "max_auth_age = 12h\n", NULL, NULL, JWKSCORE_E_CLAIM}, /* no auth_time */
    };

    expect_changes(changes, ARRAY_LENGTH(changes));
}
END_TEST

/* Groups that were moved out of the token, or joined to one text, are none. */
START_TEST(an_entra_account_is_of_our_tenant_and_group)
{
#define GUID "5f0c8a1e-2f43-4d0c-9a57-0f1f0e6b7c11"
#define GROUP "require = groups = " GUID "\n"
#define VERSION "\"ver\": \"2.0\""
    static const struct change changes[] = {
        {"azure-id-token", &entra, "", ".com/9188040d", ".com/9188040e", JWKSCORE_E_ISSUER},
        {"azure-id-token", &entra, "", "\"tid\": \"9188040d", "\"tid\": \"9188040e", JWKSCORE_E_CLAIM},
        {"azure-id-token", &entra, "", "7862-618d09e9fa0e", "7862-618d09e9fa0f", JWKSCORE_E_UNMAPPED},
        {"azure-id-token", &entra, GROUP, NULL, NULL, JWKSCORE_E_CLAIM},
        {"azure-id-token", &entra, GROUP, VERSION, "\"groups\":[\"0d8e\",\"" GUID "\"]", JWKSCORE_OK},
        {"azure-id-token", &entra, GROUP, VERSION, "\"groups\":\"0d8e," GUID "\"", JWKSCORE_E_CLAIM},
        {"azure-id-token", &entra, GROUP, VERSION, "\"_claim_names\":{\"groups\":\"src1\"}",
         JWKSCORE_E_CLAIM},
        {"azure-id-token", &entra, GROUP, VERSION, "\"hasgroups\":true", JWKSCORE_E_CLAIM},
    };

    expect_changes(changes, ARRAY_LENGTH(changes));
}
END_TEST

START_TEST(an_entra_user_name_is_matched_whole)
{
#define NAMED(name) "username\": \"" name "\""
    static const struct change changes[] = {
        {"azure-id-token", &entra_by_name, "", NULL, NULL, JWKSCORE_OK},
        {"azure-id-token", &entra_by_name, "", NAMED("alice@gmail.com"), NAMED("Alice@gmail.com"),
         JWKSCORE_E_UNMAPPED},
        {"azure-id-token", &entra_by_name, "", NAMED("alice@gmail.com"), NAMED("alice@gmailxcom"),
         JWKSCORE_E_UNMAPPED},
        {"azure-id-token", &entra_by_name, "", NAMED("alice@gmail.com"), NAMED("alice@gmail.com.example"),
         JWKSCORE_E_UNMAPPED},
        {"azure-id-token", &entra_by_name, "", NAMED("alice@gmail.com"), NAMED("x alice@gmail.com"),
         JWKSCORE_E_UNMAPPED},
    };

    expect_changes(changes, ARRAY_LENGTH(changes));
}
END_TEST

START_TEST(a_cognito_token_is_an_id_token_and_its_claims_have_colons)
{
#define COGNITO "aws-cognito-id-token-with-token-revocation-enabled"
#define USE "\"token_use\": \"id\""
#define SSH_USERS "require = cognito:groups = ssh-users\n"
    static const struct change changes[] = {
        {COGNITO, &cognito, "", USE, "\"token_use\": \"access\"", JWKSCORE_E_CLAIM},
        {COGNITO, &cognito, "", "https:\\/\\/cognito", "https://cognito", JWKSCORE_OK},
        {COGNITO, &cognito_by_name, "", NULL, NULL, JWKSCORE_OK},
        {COGNITO, &cognito_by_name, "", "cognito:username", "username", JWKSCORE_E_UNMAPPED},
        {COGNITO, &cognito, SSH_USERS, NULL, NULL, JWKSCORE_E_CLAIM},
        {COGNITO, &cognito, SSH_USERS, USE, USE ",\"cognito:groups\":[\"ssh-users\"]", JWKSCORE_OK},
        {COGNITO, &cognito, SSH_USERS, USE, USE ",\"groups\":[\"ssh-users\"]", JWKSCORE_E_CLAIM},
        {COGNITO, &cognito, "max_auth_age = 1h\n", NULL, NULL, JWKSCORE_OK},
        {COGNITO, &cognito, "max_auth_age = 1h\n", "\"auth_time\"", "\"auth_clock\"", JWKSCORE_E_CLAIM},
    };

    expect_changes(changes, ARRAY_LENGTH(changes));
}
END_TEST

START_TEST(a_group_is_its_whole_name_and_a_pointer_goes_inside)
{
#define BOUND "authentik-key-bound-id-token"
    static const struct change changes[] = {
        {BOUND, &authentik_half_a_group, "", NULL, NULL, JWKSCORE_E_CLAIM},
        {BOUND, &authentik, "", "\"authentik Admins\"", "\"authentik\",\"Admins\"", JWKSCORE_E_CLAIM},
        {BOUND, &authentik, "", "\"authentik Admins\"", "\"authentik admins\"", JWKSCORE_E_CLAIM},
        {BOUND, &authentik, "", "username\": \"alice\"", "username\": \"alice@example.com\"",
         JWKSCORE_E_UNMAPPED},
        {"hello-dev-id-token", &hello, "require = /gitlab/username = Alice\n", NULL, NULL, JWKSCORE_OK},
        {"hello-dev-id-token", &hello, "require = /gitlab/username = alice\n", NULL, NULL, JWKSCORE_E_CLAIM},
        {"hello-dev-id-token", &hello, "require = gitlab = Alice\n", NULL, NULL, JWKSCORE_E_CLAIM},
    };

    expect_changes(changes, ARRAY_LENGTH(changes));
}
END_TEST

/* Every repository of the world gets tokens of this issuer.  All of its values are strings. */
START_TEST(a_workflow_is_of_our_repository_and_branch)
{
#define JOB "forgejo-actions-id-token"
#define PROTECTED "require = ref_protected = true\n"
    static const struct change changes[] = {
        {JOB, &forgejo, "", "REPO-2:ref:refs/heads/main", "REPO-2:ref:refs/heads/dev", JWKSCORE_E_UNMAPPED},
        {JOB, &forgejo, "", "REPO-2:ref", "REPO-22:ref", JWKSCORE_E_UNMAPPED},
        {JOB, &forgejo, "", "\"repo:USER-1", "\"repo:MINE-3/repo:USER-1", JWKSCORE_E_UNMAPPED},
        {JOB, &forgejo, "", "\"repository_id\": \"2\"", "\"repository_id\": \"3\"", JWKSCORE_E_CLAIM},
        {JOB, &forgejo, "", "\"repository_id\": \"2\"", "\"repository_id\": 2", JWKSCORE_E_CLAIM},
        {JOB, &forgejo, "", "\"push\"", "\"pull_request\"", JWKSCORE_E_CLAIM},
        {JOB, &forgejo, PROTECTED, NULL, NULL, JWKSCORE_E_CLAIM},
        {JOB, &forgejo, PROTECTED, "\"ref_protected\": \"false\"", "\"ref_protected\": \"true\"",
         JWKSCORE_OK},
        {JOB, &forgejo, PROTECTED, "\"ref_protected\": \"false\"", "\"ref_protected\": true",
         JWKSCORE_E_CLAIM},
    };

    expect_changes(changes, ARRAY_LENGTH(changes));
}
END_TEST

int main(void)
{
    mint_early();
    return RUN_IN_ROOM("realworld_recipes", a_google_account_is_of_our_domain_and_its_address_verified,
                       an_entra_account_is_of_our_tenant_and_group, an_entra_user_name_is_matched_whole,
                       a_cognito_token_is_an_id_token_and_its_claims_have_colons,
                       a_group_is_its_whole_name_and_a_pointer_goes_inside,
                       a_workflow_is_of_our_repository_and_branch);
}
