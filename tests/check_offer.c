/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_offer.c: what an SSH client offers, as sshd names it; a certificate is good for its user, its time
 * and its own key.
 */
#include "support.h"
#include "wiped.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <string.h>

/* Made with ssh-keygen, fingerprint by ssh-keygen -l. */
#define KNOWN_TYPE "ecdsa-sha2-nistp256"
#define KNOWN_KEY                                                                                            \
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEA532k6Bl5BZD6mutruXGETdNrQ8I3/"                   \
    "o5522KTLlmNy41ZZM8KdZT3AN56z"                                                                           \
    "+9YqF+A6qvB6aWk21bjEcW81fQQ="
#define KNOWN_FINGERPRINT "SHA256:jPjxjWHjayFn+8WOJFx+LOc6JhOgZ98WvhZDPTGzX6Q"

/* OSSL_LIB_CTX_new() is ours in this program: it tells whether OpenSSL was begun, and can fail. */
static int contexts;
static bool without_memory;

OSSL_LIB_CTX *OSSL_LIB_CTX_new(void)
{
    contexts++;
    return without_memory ? NULL : THEIRS(OSSL_LIB_CTX_new)();
}

static const char *const alice[] = {"alice", NULL};
static const struct mint_extension usual[] = {{.name = "jwks-token@pam-jwks", .value = "a.b.c"},
                                              {.name = NULL}};

static struct mint_certificate good(void)
{
    return (struct mint_certificate){.key = mint_ssh_blob(mint_key(MINT_ED25519, 0), false),
                                     .kind = 1,
                                     .principals = alice,
                                     .valid_after = (uint64_t)NOW - 60,
                                     .valid_before = (uint64_t)NOW + 60,
                                     .extensions = usual};
}

static struct jwkscore_config *config;

static void make_config(void)
{
    config = config_told(
        CORP "[issuer other]\nissuer = https://other.example.com\naudience = a\nuser_claim = sub\n"
             "certificate_extension = first@x second@x\ncertificate_extension = third@x\n");
}

static enum jwkscore_status read_offer(const char *type, const char *base64,
                                       struct jwkscore_offer **ret_offer)
{
    struct jwkscore_error error;
    enum jwkscore_status status = jwkscore_offer_read(config, type, base64, ret_offer, &error);

    ck_assert_int_eq(error.status, status);
    expect_discreet(&error, text_from(base64));
    return status;
}

static struct jwkscore_offer *offer_of(const struct mint_certificate *cert)
{
    struct jwkscore_offer *offer = NULL;

    ck_assert_status(read_offer(mint_certificate_type(cert->key), padded(mint_certificate(cert)), &offer),
                     JWKSCORE_OK);
    return offer;
}

/* sshd asks for every key that a client offers. */
START_TEST(a_key_costs_no_cryptography_but_for_its_fingerprint)
{
    struct jwkscore_offer *offer = NULL;

    make_config();
    contexts = 0;
    ck_assert_status(read_offer(KNOWN_TYPE, KNOWN_KEY, &offer), JWKSCORE_OK);
    ck_assert_status(jwkscore_offer_check(offer, "alice", NOW, NULL), JWKSCORE_OK);
    ck_assert_int_eq(contexts, 0);
    without_memory = true;
    ck_assert_ptr_null(jwkscore_offer_fingerprint(offer));
    without_memory = false;
    contexts = 0;
    ck_assert_str_eq(jwkscore_offer_fingerprint(offer), KNOWN_FINGERPRINT);
    ck_assert_str_eq(jwkscore_offer_fingerprint(offer), KNOWN_FINGERPRINT);
    ck_assert_int_eq(contexts, 1);
    jwkscore_offer_free(offer);
    jwkscore_config_free(config);
}
END_TEST

START_TEST(a_key_is_described_as_openssh_would)
{
    struct jwkscore_offer *offer = NULL;
    size_t length;

    make_config();
    ck_assert_status(read_offer(KNOWN_TYPE, KNOWN_KEY, &offer), JWKSCORE_OK);
    ck_assert(!jwkscore_offer_is_certificate(offer));
    ck_assert_str_eq(jwkscore_offer_key(offer), KNOWN_TYPE " " KNOWN_KEY);
    ck_assert_str_eq(jwkscore_offer_fingerprint(offer), KNOWN_FINGERPRINT);
    ck_assert_str_eq(padded(kept(jwkscore_offer_blob(offer, &length), 104)), KNOWN_KEY);
    ck_assert_uint_eq(length, 104);
    ck_assert_ptr_null(jwkscore_offer_token(config, offer, NULL, &length));
    ck_assert_status(jwkscore_offer_check(offer, "alice", NOW, NULL), JWKSCORE_OK);
    ck_assert_status(jwkscore_offer_check(offer, "Alice", NOW, NULL), JWKSCORE_E_ACCOUNT);
    jwkscore_offer_free(offer);
    jwkscore_config_free(config);
}
END_TEST

START_TEST(of_a_certificate_the_key_is_described)
{
    struct mint_certificate cert = good();
    struct jwkscore_offer *offer;
    size_t length;

    make_config();
    offer = offer_of(&cert);
    ck_assert(jwkscore_offer_is_certificate(offer));
    ck_assert_str_eq(jwkscore_offer_key(offer), textf("ssh-ed25519 %s", padded(cert.key)));
    ck_assert_ptr_nonnull(jwkscore_offer_blob(offer, &length));
    ck_assert_uint_eq(length, cert.key.length);
    jwkscore_offer_free(offer);
    jwkscore_config_free(config);
}
END_TEST

START_TEST(what_is_not_what_it_is_called_is_refused)
{
    struct mint_certificate cert = good();
    const char *key = padded(cert.key), *blob = padded(mint_certificate(&cert));
    const char *certificate_type = mint_certificate_type(cert.key);
    const struct {
        const char *type, *base64;
        enum jwkscore_status status;
    } rows[] = {
        {"ssh-ed25519", key, JWKSCORE_OK},
        {certificate_type, blob, JWKSCORE_OK},
        {certificate_type, key, JWKSCORE_E_MALFORMED},
        {"ssh-ed25519", blob, JWKSCORE_E_MALFORMED},
        {"ssh-rsa", key, JWKSCORE_E_MALFORMED},
        {"", key, JWKSCORE_E_MALFORMED},
        {"ssh-ed25519", "", JWKSCORE_E_MALFORMED},
        {"ssh-ed25519", textf("%s ", key), JWKSCORE_E_MALFORMED},
        {"ssh-ed25519", textf("%s\n", key), JWKSCORE_E_MALFORMED},
        {"ssh-ed25519", textf("%.40s", key), JWKSCORE_E_MALFORMED},
        {certificate_type, textf("%.*s", (int)strlen(blob) - 4, blob), JWKSCORE_E_MALFORMED},
        {certificate_type, textf("%.*s", (int)strlen(blob) / 8 * 4, blob), JWKSCORE_E_MALFORMED},
        {certificate_type, textf("%s%s", blob, repeated("AAAA", 25000)), JWKSCORE_E_MALFORMED},
        {"ssh-ed25519", repeated("AAAA", 40000), JWKSCORE_E_TOO_LONG},
    };

    make_config();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct jwkscore_offer *offer = NULL;

        ck_assert_status(read_offer(rows[i].type, rows[i].base64, &offer), rows[i].status);
        ck_assert((rows[i].status == JWKSCORE_OK) == (offer != NULL));
        jwkscore_offer_free(offer);
    }
    jwkscore_config_free(config);
}
END_TEST

/* D4: a certificate has a token in it. */
START_TEST(what_was_offered_is_wiped)
{
    struct mint_certificate cert = good();
    size_t length = mint_certificate(&cert).length, before;
    struct jwkscore_offer *offer;

    make_config();
    before = wiped;
    offer = offer_of(&cert);
    ck_assert_uint_ge(wiped - before, length); /* what base64 became */
    before = wiped;
    jwkscore_offer_free(offer);
    ck_assert_uint_ge(wiped - before, length);
    jwkscore_config_free(config);
}
END_TEST

static enum jwkscore_status check(struct mint_certificate cert, const char *user)
{
    struct jwkscore_offer *offer = offer_of(&cert);
    struct jwkscore_error error;
    enum jwkscore_status status = jwkscore_offer_check(offer, user, NOW, &error);

    ck_assert_int_eq(error.status, status);
    jwkscore_offer_free(offer);
    return status;
}

#define CHECK(user, ...)                                                                                     \
    check(({                                                                                                 \
              struct mint_certificate cert = good();                                                         \
              __VA_ARGS__;                                                                                   \
              cert;                                                                                          \
          }),                                                                                                \
          user)

START_TEST(a_certificate_is_for_its_user_its_time_and_its_own_key)
{
    static const char *const bob[] = {"bob", NULL}, *const quoted[] = {"alice\",command=\"id", "alice,root",
                                                                       NULL};

    make_config();
    ck_assert_status(CHECK("alice", (void)0), JWKSCORE_OK);
    ck_assert_status(CHECK("bob", (void)0), JWKSCORE_E_USER);
    ck_assert_status(CHECK("alice", cert.principals = bob), JWKSCORE_E_USER);
    ck_assert_status(CHECK("alice", cert.principals = NULL), JWKSCORE_E_USER);
    ck_assert_status(CHECK("alice", cert.principals = quoted), JWKSCORE_E_USER);
    ck_assert_status(CHECK("alice\",command=\"id", cert.principals = quoted), JWKSCORE_E_ACCOUNT);
    ck_assert_status(CHECK("alice,root", cert.principals = quoted), JWKSCORE_E_ACCOUNT);
    ck_assert_status(CHECK("alice", cert.kind = 2), JWKSCORE_E_MALFORMED);
    ck_assert_status(CHECK("alice", cert.kind = 0), JWKSCORE_E_MALFORMED);
    ck_assert_status(CHECK("alice", cert.signature_key = mint_ssh_blob(mint_key(MINT_ED25519, 1), false)),
                     JWKSCORE_E_UNBOUND);
    ck_assert_status(CHECK("alice", cert.valid_before = (uint64_t)NOW), JWKSCORE_E_EXPIRED);
    ck_assert_status(CHECK("alice", cert.valid_before = (uint64_t)NOW + 1), JWKSCORE_OK);
    ck_assert_status(CHECK("alice", cert.valid_before = UINT64_MAX), JWKSCORE_OK);
    ck_assert_status(CHECK("alice", cert.valid_before = 0), JWKSCORE_E_EXPIRED);
    ck_assert_status(CHECK("alice", cert.valid_after = (uint64_t)NOW), JWKSCORE_OK);
    ck_assert_status(CHECK("alice", cert.valid_after = (uint64_t)NOW + 1), JWKSCORE_E_NOT_YET_VALID);
    ck_assert_status(CHECK("alice", (cert.valid_after = UINT64_MAX, cert.valid_before = UINT64_MAX)),
                     JWKSCORE_E_NOT_YET_VALID);
    jwkscore_config_free(config);
}
END_TEST

/* What the sections' certificate_extension find, as text; NULL: nothing. */
static const char *token_in(const struct mint_extension *extensions, const char *issuer)
{
    struct mint_certificate cert = good();
    struct jwkscore_offer *offer;
    const char *token, *copy = NULL;
    size_t length;

    cert.extensions = extensions;
    offer = offer_of(&cert);
    token = jwkscore_offer_token(config, offer, issuer, &length);
    if (token != NULL)
        copy = kept(token, length).bytes;
    jwkscore_offer_free(offer);
    return copy;
}

START_TEST(a_token_is_where_its_issuer_says)
{
    static const struct mint_extension third[] = {{.name = "third@x", .value = "a.b.c"}, {.name = NULL}};
    static const struct mint_extension two[] = {
        {.name = "second@x", .value = "2"}, {.name = "first@x", .value = "1"}, {.name = NULL}};
    static const struct mint_extension unknown[] = {{.name = "fourth@x", .value = "a.b.c"}, {.name = NULL}};

    make_config();
    ck_assert_str_eq(token_in(usual, NULL), "a.b.c");
    ck_assert_str_eq(token_in(usual, "corp"), "a.b.c");
    ck_assert_ptr_null(token_in(usual, "other")); /* its first line took the default's place */
    ck_assert_str_eq(token_in(third, NULL), "a.b.c");
    ck_assert_str_eq(token_in(third, "other"), "a.b.c");
    ck_assert_ptr_null(token_in(third, "corp"));
    ck_assert_ptr_null(token_in(third, "nobody"));
    ck_assert_str_eq(token_in(two, NULL), "1"); /* in the configuration's order */
    ck_assert_ptr_null(token_in(unknown, NULL));
    ck_assert_ptr_null(token_in(NULL, NULL));
    jwkscore_config_free(config);
}
END_TEST

START_TEST(arguments_that_are_none)
{
    struct jwkscore_offer *offer = NULL;

    make_config();
    ck_assert_status(jwkscore_offer_read(NULL, KNOWN_TYPE, KNOWN_KEY, &offer, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_offer_read(config, NULL, KNOWN_KEY, &offer, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_offer_read(config, KNOWN_TYPE, NULL, &offer, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_offer_read(config, KNOWN_TYPE, KNOWN_KEY, NULL, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_offer_read(config, KNOWN_TYPE, KNOWN_KEY, &offer, NULL), JWKSCORE_OK);
    ck_assert_status(jwkscore_offer_check(NULL, "alice", NOW, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_offer_check_extension(config, offer, NULL, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_offer_check(offer, NULL, NOW, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_offer_check(offer, "alice", -1, NULL), JWKSCORE_E_ARGUMENT);
    jwkscore_offer_free(offer);
    jwkscore_offer_free(NULL);
    jwkscore_config_free(config);
}
END_TEST

int main(void)
{
    return RUN("offer", a_key_costs_no_cryptography_but_for_its_fingerprint,
               a_key_is_described_as_openssh_would, of_a_certificate_the_key_is_described,
               what_is_not_what_it_is_called_is_refused, what_was_offered_is_wiped,
               a_certificate_is_for_its_user_its_time_and_its_own_key, a_token_is_where_its_issuer_says,
               arguments_that_are_none);
}
