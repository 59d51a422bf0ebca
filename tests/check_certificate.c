/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_certificate.c: a certificate's token opens the account to its own key alone, for as long as both
 * say, and the answer is one line of the documented form.
 */
#include "keycall.h"

#include <stdio.h>
#include <string.h>

static const char type[] = "ssh-ed25519-cert-v01@openssh.com";

static struct text key(unsigned number)
{
    return mint_ssh_blob(mint_key(MINT_ED25519, number), false);
}

static const char *nonce_of(struct text blob)
{
    return textf("\"%s\"", mint_ssh_fingerprint(blob));
}

static const char *bound_token(void)
{
    return keycall_token("nonce", nonce_of(key(0)));
}

/* A self-signed certificate of `blob` with the token in `extension`. */
static const char *certificate(struct text blob, const char *extension, const char *token)
{
    const struct mint_extension extensions[] = {
        {.name = extension, .value = token}, {.name = "permit-pty", .value = NULL}, {.name = NULL}};
    const char *const principals[] = {keycall_user(), NULL};
    const struct mint_certificate cert = {.key = blob,
                                          .kind = 1,
                                          .valid_before = UINT64_MAX,
                                          .principals = principals,
                                          .extensions = extensions};

    return padded(mint_certificate(&cert));
}

static enum jwkscore_status decide(const char *lines, const char *certificate_type, const char *base64,
                                   const char **ret_answer)
{
    CLEANUP(keycall_end) struct call call;
    enum jwkscore_status status;

    keycall_begin(&call, lines, certificate_type, base64);
    status = certificate_decide(&call);
    ck_assert((status == JWKSCORE_OK) == (call.answer != NULL));
    ck_assert_int_eq(call.error.status, status);
    if (ret_answer != NULL)
        *ret_answer = call.answer == NULL ? NULL : textf("%s", call.answer);
    return status;
}

static enum jwkscore_status decide_token(const char *lines, const char *token)
{
    return decide(lines, type, certificate(key(0), "jwks-token@pam-jwks", token), NULL);
}

START_TEST(the_answer_has_the_documented_form)
{
    const char *answer, *line = textf("ssh-ed25519 %s", padded(key(0)));
    const char *token = keycall_token("nonce", nonce_of(key(0)), "exp", textf("%jd", (intmax_t)NOW + 300));
    const char *base64 = certificate(key(0), "jwks-token@pam-jwks", token);

    ck_assert_status(decide("", type, base64, &answer), JWKSCORE_OK);
    ck_assert_str_eq(answer, textf("cert-authority,principals=\"%s\",expiry-time=\"%s\",restrict,pty %s\n",
                                   keycall_user(), keycall_time(NOW + 300), line));
    ck_assert_status(decide("key_options = no-pty,command=\"a \\\"b\\\"\"\n", type, base64, &answer),
                     JWKSCORE_OK);
    ck_assert_str_eq(
        answer,
        textf("cert-authority,principals=\"%s\",expiry-time=\"%s\",no-pty,command=\"a \\\"b\\\"\" %s\n",
              keycall_user(), keycall_time(NOW + 300), line));
}
END_TEST

/* sshd knows no clock_skew: the line would be void before it is read. */
START_TEST(a_token_that_skew_keeps_alive_has_a_minute)
{
    const char *token =
        keycall_token("nonce", nonce_of(key(0)), "iat", textf("%jd", (intmax_t)NOW - 600), "exp",
                      textf("%jd", (intmax_t)NOW - 30));
    const char *answer;

    ck_assert_status(decide("", type, certificate(key(0), "jwks-token@pam-jwks", token), &answer),
                     JWKSCORE_OK);
    ck_assert_ptr_nonnull(strstr(answer, textf("expiry-time=\"%s\"", keycall_time(NOW + 60))));
}
END_TEST

static void expect_bound(struct text blob, const struct mint_key *owner)
{
    const char *cert_type = mint_certificate_type(blob), *answer;
    const char *by_nonce = keycall_token("nonce", nonce_of(blob));
    const char *by_thumbprint = keycall_token("cnf", textf("{\"jkt\":\"%s\"}", mint_thumbprint(owner)));
    const char *by_key = keycall_token("cnf", textf("{\"jwk\":%s}", mint_jwk(owner, NULL)));
    const char *const tokens[] = {by_nonce, by_thumbprint, by_key};

    for (size_t i = 0; i < ARRAY_LENGTH(tokens); i++) {
        ck_assert_status(decide("", cert_type, certificate(blob, "jwks-token@pam-jwks", tokens[i]), &answer),
                         JWKSCORE_OK);
        ck_assert_ptr_nonnull(
            strstr(answer, textf(",restrict,pty %.*s %s\n", (int)(unsigned char)blob.bytes[3], blob.bytes + 4,
                                 padded(blob))));
    }
    ck_assert_status(
        decide("", cert_type, certificate(blob, "jwks-token@pam-jwks", keycall_token(NULL)), NULL),
        JWKSCORE_E_UNBOUND);
}

START_TEST(every_type_of_key_is_bound_in_every_way)
{
    for (enum mint_kind kind = 0; kind < MINT_KINDS; kind++)
        expect_bound(mint_ssh_blob(mint_key(kind, 0), false), mint_key(kind, 0));
    expect_bound(mint_ssh_blob(mint_key(MINT_ED25519, 0), true), mint_key(MINT_ED25519, 0));
    expect_bound(mint_ssh_blob(mint_key(MINT_P256, 0), true), mint_key(MINT_P256, 0));
}
END_TEST

START_TEST(another_keys_token_is_refused)
{
    const char *others = keycall_token("nonce", nonce_of(key(1)));

    ck_assert_status(decide_token("", bound_token()), JWKSCORE_OK);
    ck_assert_status(decide_token("", others), JWKSCORE_E_UNBOUND);
    ck_assert_status(decide("", type, certificate(key(1), "jwks-token@pam-jwks", others), NULL), JWKSCORE_OK);
    ck_assert_status(
        decide_token(
            "", keycall_token("cnf", textf("{\"jkt\":\"%s\"}", mint_thumbprint(mint_key(MINT_ED25519, 1))))),
        JWKSCORE_E_UNBOUND);
}
END_TEST

START_TEST(the_bearer_is_enough_only_where_that_is_configured)
{
    ck_assert_status(decide_token("", keycall_token(NULL)), JWKSCORE_E_UNBOUND);
    ck_assert_status(decide_token("key_binding = none\n", keycall_token(NULL)), JWKSCORE_OK);
    ck_assert_status(decide_token("key_binding = cnf\n", bound_token()), JWKSCORE_E_UNBOUND);
}
END_TEST

/* As in PAM: nothing of the decision is left out because a key came with the token. */
START_TEST(every_rule_of_the_host_holds)
{
    const char *nonce = nonce_of(key(0));
    const struct {
        const char *lines, *token;
        enum jwkscore_status status;
    } rows[] = {
        {"", keycall_token("nonce", nonce, "exp", textf("%jd", (intmax_t)NOW - 60)), JWKSCORE_E_EXPIRED},
        {"", keycall_token("nonce", nonce, "aud", "\"other\""), JWKSCORE_E_AUDIENCE},
        {"", keycall_token("nonce", nonce, "iss", "\"https://other.example.com\""), JWKSCORE_E_ISSUER},
        {"", keycall_token("nonce", nonce, "preferred_username", "\"nobody-here\""), JWKSCORE_E_USER},
        {"require = groups = ssh\n", keycall_token("nonce", nonce), JWKSCORE_E_CLAIM},
        {"require = groups = ssh\n", keycall_token("nonce", nonce, "groups", "[\"ssh\"]"), JWKSCORE_OK},
        {"[service ssh-key]\nrequire = acr = mfa\n", keycall_token("nonce", nonce), JWKSCORE_E_CLAIM},
        {"[service ssh-key]\nrequire = acr = mfa\n", keycall_token("nonce", nonce, "acr", "\"mfa\""),
         JWKSCORE_OK},
        {"[service sshd]\nrequire = acr = mfa\n", keycall_token("nonce", nonce), JWKSCORE_OK},
        {"[service ssh-key]\nrequire = aud = ssh-prod\n", keycall_token("nonce", nonce), JWKSCORE_OK},
        {"audience = keys\n[service ssh-key]\nrequire = aud = keys\n", keycall_token("nonce", nonce),
         JWKSCORE_E_CLAIM},
        {"", textf("%sA", bound_token()), JWKSCORE_E_SIGNATURE},
        {"", repeated("eyJ", 30000), JWKSCORE_E_TOO_LONG},
        {"", "", JWKSCORE_E_MALFORMED},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        ck_assert_status(decide_token(rows[i].lines, rows[i].token), rows[i].status);
}
END_TEST

START_TEST(a_token_counts_only_where_its_issuer_puts_tokens)
{
    const char *other =
        "[issuer other]\nissuer = https://other.example.com\naudience = a\nuser_claim = sub\njwks_file = /x\n"
        "certificate_extension = token@other\n";
    const char *there = certificate(key(0), "token@other", bound_token());
    CLEANUP(keycall_end) struct call call;

    ck_assert_status(decide("", type, there, NULL), JWKSCORE_E_UNBOUND); /* none is seen */
    ck_assert_status(decide(other, type, there, NULL), JWKSCORE_E_ISSUER);
    ck_assert_status(decide("certificate_extension = token@other\n", type, there, NULL), JWKSCORE_OK);
    keycall_begin(&call, "", type, there);
    ck_assert_status(certificate_decide(&call), JWKSCORE_E_UNBOUND);
    ck_assert(call.no_token);
}
END_TEST

int main(void)
{
    if (*keycall_user() == '\0') {
        printf("skipped: whoever runs this has no account name\n");
        return 77;
    }
    return RUN_IN_ROOM("certificate", the_answer_has_the_documented_form,
                       a_token_that_skew_keeps_alive_has_a_minute, every_type_of_key_is_bound_in_every_way,
                       another_keys_token_is_refused, the_bearer_is_enough_only_where_that_is_configured,
                       every_rule_of_the_host_holds, a_token_counts_only_where_its_issuer_puts_tokens);
}
