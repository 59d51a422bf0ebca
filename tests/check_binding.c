/* SPDX-License-Identifier: Apache-2.0 */
/* check_binding.c: the token and the SSH key that its bearer has proven to hold (RFC 7800, RFC 9449 section 6.1, C8). */
#include "support.h"

#include <string.h>

static enum jwkscore_status check(const char *lines, const char *payload, struct text blob)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_told(textf("%s%s", CORP, lines));
    CLEANUP(token_freep) struct token *token = token_of(payload);
    struct jwkscore_request request = {.size = sizeof(request)};

    if (blob.length > 0) {
        request.key = (const unsigned char *)blob.bytes;
        request.key_length = blob.length;
    }
    return binding_check(config, corp(config), token, &request, NULL);
}

static const struct text no_key = {NULL, 0};

static const char *with_jkt(const struct mint_key *key)
{
    return textf("{\"cnf\":{\"jkt\":\"%s\"}}", mint_thumbprint(key));
}

START_TEST(a_bearer_needs_no_binding_and_may_not_have_one)
{
    ck_assert_status(check("", "{}", no_key), JWKSCORE_OK);
    ck_assert_status(check("", "{\"cnf\":{}}", no_key), JWKSCORE_E_UNBOUND);
    ck_assert_status(check("", "{\"cnf\":null}", no_key), JWKSCORE_E_UNBOUND);
    ck_assert_status(check("key_binding = none\n", "{\"cnf\":{\"jkt\":\"x\"}}", no_key), JWKSCORE_E_UNBOUND);
}
END_TEST

START_TEST(the_thumbprint_or_the_key_itself_binds_every_kind_of_key)
{
    for (enum mint_kind kind = 0; kind < MINT_KINDS; kind++) {
        const struct mint_key *key = mint_key(kind, 0), *other = mint_key(kind, 1);
        struct text blob = mint_ssh_blob(key, false);

        ck_assert_status(check("", with_jkt(key), blob), JWKSCORE_OK);
        ck_assert_status(check("", with_jkt(other), blob), JWKSCORE_E_UNBOUND);
        ck_assert_status(check("", textf("{\"cnf\":{\"jwk\":%s}}", mint_jwk(key, NULL)), blob), JWKSCORE_OK);
        ck_assert_status(check("", textf("{\"cnf\":{\"jwk\":%s}}", mint_jwk(other, NULL)), blob), JWKSCORE_E_UNBOUND);
        ck_assert_status(check("", textf("{\"cnf\":{\"jwk\":%s}}", mint_private_jwk(key, NULL)), blob), JWKSCORE_E_UNBOUND);
    }
}
END_TEST

START_TEST(the_fingerprint_as_nonce_binds_every_kind_of_key)
{
    for (enum mint_kind kind = 0; kind < MINT_KINDS; kind++) {
        struct text blob = mint_ssh_blob(mint_key(kind, 0), false), other = mint_ssh_blob(mint_key(kind, 1), false);
        const char *payload = textf("{\"nonce\":\"%s\"}", mint_ssh_fingerprint(blob));

        ck_assert_status(check("", payload, blob), JWKSCORE_OK);
        ck_assert_status(check("", payload, other), JWKSCORE_E_UNBOUND);
    }
}
END_TEST

START_TEST(a_security_key_is_bound_by_its_own_fingerprint)
{
    struct text blob = mint_ssh_blob(mint_key(MINT_ED25519, 0), true);

    ck_assert_status(check("", textf("{\"nonce\":\"%s\"}", mint_ssh_fingerprint(blob)), blob), JWKSCORE_OK);
    ck_assert_status(check("", textf("{\"nonce\":\"%s\"}", mint_ssh_fingerprint(mint_ssh_blob(mint_key(MINT_ED25519, 0), false))), blob),
                     JWKSCORE_E_UNBOUND);
}
END_TEST

/* An SSH string: four octets of length, and `length` octets that are all `octet`. */
static size_t put_string(char *to, char octet, size_t length)
{
    to[0] = to[1] = 0;
    to[2] = (char)(length >> 8);
    to[3] = (char)(length & 0xff);
    memset(to + 4, octet, length);
    return 4 + length;
}

/* An ssh-rsa blob whose e and n have so many octets. */
static struct text rsa_blob(size_t e, size_t n)
{
    static char blob[8192];
    size_t length = put_string(blob, 0, strlen("ssh-rsa"));

    memcpy(blob + 4, "ssh-rsa", strlen("ssh-rsa"));
    length += put_string(blob + length, 3, e);
    length += put_string(blob + length, 0x7f, n);
    return (struct text){blob, length};
}

/* Whoever offers the key chooses its size: nothing of ours is made larger than RSA-8192. */
START_TEST(a_key_larger_than_any_that_is_used_is_refused)
{
    static const struct {
        size_t e, n;
    } sizes[] = {{3, 1025}, {3, 2048}, {1025, 256}, {2048, 2048}};
    const char *payload = "{\"cnf\":{\"jkt\":\"x\"}}";

    ck_assert_status(check("key_binding = none\n", "{}", rsa_blob(3, 1024)), JWKSCORE_OK);
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        ck_assert_status(check("key_binding = none\n", "{}", rsa_blob(sizes[i].e, sizes[i].n)), JWKSCORE_E_UNBOUND);
        ck_assert_status(check("", payload, rsa_blob(sizes[i].e, sizes[i].n)), JWKSCORE_E_UNBOUND);
    }
}
END_TEST

START_TEST(a_token_for_another_key_is_refused_whatever_else_binds_it)
{
    const struct mint_key *key = mint_key(MINT_ED25519, 0), *other = mint_key(MINT_ED25519, 1);
    struct text blob = mint_ssh_blob(key, false);
    const char *nonce = mint_ssh_fingerprint(blob);

    ck_assert_status(check("key_binding = nonce\n", textf("{\"nonce\":\"%s\",\"cnf\":{\"jkt\":\"%s\"}}", nonce, mint_thumbprint(key)), blob),
                     JWKSCORE_OK);
    ck_assert_status(check("key_binding = nonce\n", textf("{\"nonce\":\"%s\",\"cnf\":{\"jkt\":\"%s\"}}", nonce, mint_thumbprint(other)), blob),
                     JWKSCORE_E_UNBOUND);
    ck_assert_status(check("key_binding = none\n", with_jkt(other), blob), JWKSCORE_E_UNBOUND);
    ck_assert_status(check("key_binding = none\n", with_jkt(key), blob), JWKSCORE_OK);
}
END_TEST

START_TEST(only_the_bindings_that_are_configured_count)
{
    const struct mint_key *key = mint_key(MINT_ED25519, 0);
    struct text blob = mint_ssh_blob(key, false);
    const char *nonce = textf("{\"nonce\":\"%s\"}", mint_ssh_fingerprint(blob));

    ck_assert_status(check("key_binding = cnf\n", with_jkt(key), blob), JWKSCORE_OK);
    ck_assert_status(check("key_binding = nonce\n", with_jkt(key), blob), JWKSCORE_E_UNBOUND);
    ck_assert_status(check("key_binding = nonce\n", nonce, blob), JWKSCORE_OK);
    ck_assert_status(check("key_binding = cnf\n", nonce, blob), JWKSCORE_E_UNBOUND);
    ck_assert_status(check("key_binding = none\n", "{}", blob), JWKSCORE_OK);
    ck_assert_status(check("", "{}", blob), JWKSCORE_E_UNBOUND);
}
END_TEST

START_TEST(a_binding_of_another_shape_binds_nothing)
{
    static const char *const payloads[] = {
        "{\"cnf\":\"x\"}", "{\"cnf\":[]}", "{\"cnf\":{\"jkt\":7}}", "{\"cnf\":{\"jkt\":\"\"}}", "{\"cnf\":{\"jwk\":\"x\"}}",
        "{\"cnf\":{\"jwk\":{}}}", "{\"nonce\":7}", "{\"nonce\":\"\"}", "{\"nonce\":[\"x\"]}",
    };
    struct text blob = mint_ssh_blob(mint_key(MINT_ED25519, 0), false);

    for (size_t i = 0; i < ARRAY_LENGTH(payloads); i++)
        ck_assert_status(check("", payloads[i], blob), JWKSCORE_E_UNBOUND);
}
END_TEST

START_TEST(a_malformed_key_is_refused_even_where_none_is_asked_for)
{
    struct text blob = mint_ssh_blob(mint_key(MINT_ED25519, 0), false);

    ck_assert_status(check("key_binding = none\n", "{}", blob), JWKSCORE_OK);
    blob.length--;
    ck_assert_status(check("key_binding = none\n", "{}", blob), JWKSCORE_E_UNBOUND);
    ck_assert_status(check("key_binding = none\n", "{}", TEXT("ssh-ed25519")), JWKSCORE_E_UNBOUND);
}
END_TEST

int main(void)
{
    return RUN("binding", a_bearer_needs_no_binding_and_may_not_have_one,
               the_thumbprint_or_the_key_itself_binds_every_kind_of_key, the_fingerprint_as_nonce_binds_every_kind_of_key,
               a_security_key_is_bound_by_its_own_fingerprint, a_key_larger_than_any_that_is_used_is_refused,
               a_token_for_another_key_is_refused_whatever_else_binds_it, only_the_bindings_that_are_configured_count,
               a_binding_of_another_shape_binds_nothing, a_malformed_key_is_refused_even_where_none_is_asked_for);
}
