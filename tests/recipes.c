/* SPDX-License-Identifier: Apache-2.0 */
/* recipes.c: what an administrator fills into the files of examples/providers, for the tokens of the tests. */
#include "idtokens.h"

/* --- for published tokens (realworld/idtokens) --- */

const struct recipe google = {"google",
                              {{"CLIENT-ID.apps.googleusercontent.com", "$aud"}},
                              "103030642802723203118 alice\n10842343242342423432422 bob\n"};
const struct recipe google_by_email = {"google-by-email",
                                       {{"CLIENT-ID.apps.googleusercontent.com", "$aud"},
                                        {"WORKSPACE\\.DOMAIN", "gmail\\.com"},
                                        {"WORKSPACE.DOMAIN", "gmail.com"}},
                                       NULL};
const struct recipe entra = {
    "entra",
    {{"TENANT-ID", "9188040d-6c67-4c5b-b112-36a304b66dad"}, {"APPLICATION-ID", "$aud"}},
    "00000000-0000-0000-fec5-70d05b099e0b alice\n00000000-0000-0000-7862-618d09e9fa0e bob\n"};
const struct recipe entra_by_name = {"entra-by-name",
                                     {{"TENANT-ID", "9188040d-6c67-4c5b-b112-36a304b66dad"},
                                      {"APPLICATION-ID", "$aud"},
                                      {"YOUR\\.DOMAIN", "gmail\\.com"}},
                                     NULL};
const struct recipe cognito = {
    "cognito",
    {{"REGION", "us-east-1"}, {"POOL-ID", "us-east-1_FqOCYEQAc"}, {"CLIENT-ID", "$aud"}},
    "f4f8b4a8-b061-7039-6671-844b2e140c9d alice\n"};
const struct recipe cognito_by_name = {"cognito",
                                       {{"REGION", "us-east-1"},
                                        {"POOL-ID", "us-east-1_FqOCYEQAc"},
                                        {"CLIENT-ID", "$aud"},
                                        {"user_claim  = sub", "user_claim  = cognito:username"}},
                                       "f4f8b4a8-b061-7039-6671-844b2e140c9d bob\n"};
#define AUTHENTIK                                                                                            \
    {"AUTHENTIK-HOST", "localhost:9000"}, {"APPLICATION", "openpubkey-test"},                                \
    {                                                                                                        \
        "CLIENT-ID", "$aud"                                                                                  \
    }
const struct recipe authentik = {"authentik", {AUTHENTIK, {"GROUP NAME", "authentik Admins"}}, NULL};
const struct recipe authentik_half_a_group = {"authentik", {AUTHENTIK, {"GROUP NAME", "authentik"}}, NULL};
const struct recipe hello = {"hello",
                             {{"CLIENT-ID", "$aud"}},
                             "sub_zTWxYNTlVzLiN8DaQQrunm6C_kkV alice\n8dfb4b1a-2b9e-4f59-a2dc-33e6806f3fe0 "
                             "bob\nsub_NdETpSN2LthxgTKdrBcLK2au_TDg carol\n"};
const struct recipe forgejo = {"forgejo-actions",
                               {{"OWNER-OWNER-ID/REPOSITORY-REPOSITORY-ID", "USER-1/REPO-2"},
                                {"OWNER-ID", "1"},
                                {"REPOSITORY-ID", "2"},
                                {"AUDIENCE", "$aud"}},
                               NULL};

/* --- for tokens of the claims that providers document (realworld/claims) --- */

const struct recipe okta = {
    "okta", {{"ORGANISATION", "example"}, {"CLIENT-ID", "$aud"}}, "00uid4BxXw6I6TV4m0g3 alice\n"};
const struct recipe keycloak = {
    "keycloak", {{"KEYCLOAK-HOST", "sso.example.com"}, {"REALM", "corp"}, {"CLIENT-ID", "$aud"}}, NULL};
const struct recipe auth0 = {
    "auth0",
    {{"TENANT.", "example.eu."}, {"CLIENT-ID", "$aud"}, {"YOUR-DOMAIN", "example.com"}},
    "auth0|5f7c8ec7c33c6c004bbafe82 alice\n"};
const struct recipe gitlab = {
    "gitlab", {{"APPLICATION-ID", "$aud"}, {"GROUP/", "example/"}}, "1234567 alice\n"};
const struct recipe gitlab_ci = {
    "gitlab-ci",
    {{"AUDIENCE", "$aud"}, {"PROJECT-ID", "20"}, {"NAMESPACE-ID", "72"}, {"GROUP/PROJECT", "example/web"}},
    NULL};
const struct recipe github_actions = {
    "github-actions",
    {{"AUDIENCE", "$aud"}, {"OWNER-ID", "65"}, {"REPOSITORY-ID", "74"}, {"OWNER/REPOSITORY", "example/web"}},
    NULL};
const struct recipe zitadel = {"zitadel",
                               {{"INSTANCE", "example"},
                                {"CLIENT-ID", "170086824411201793@portal"},
                                {"PROJECT-ID", "170086774599581953"},
                                {"ORGANISATION-ID", "170079991923474689"},
                                {"ESCAPED-DOMAIN", "example\\.zitadel\\.cloud"},
                                {"DOMAIN", "example.zitadel.cloud"}},
                               NULL};
/* Its keys are a file here, as they may be in a cluster; then nothing is fetched, and no CA is needed. */
const struct recipe kubernetes = {"kubernetes",
                                  {{"ca_file     = /etc/jwks/cluster-ca.pem\n", ""},
                                   {"AUDIENCE", "ssh.example.com"},
                                   {"UID", "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798"},
                                   {"NAMESPACE:NAME", "ops:deployer"}},
                                  NULL};
const struct recipe generic = {
    "generic", {{"ISSUER", "login.example.com"}, {"CLIENT-ID", "$aud"}}, "24400320 alice\n"};
