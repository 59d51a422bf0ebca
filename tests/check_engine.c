/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_engine.c: OpenSSL's private context is made once, at first use; without it nothing goes on.
 *
 * To OpenSSL a context of NULL is the host's, which would verify as well.
 */
#include "support.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

/* --- what begins OpenSSL is ours in this program: it can fail --- */

static enum part { NOTHING, CONTEXT, PROVIDER, DIGEST } lacking;
static int made;

OSSL_LIB_CTX *OSSL_LIB_CTX_new(void)
{
    made++;
    return lacking == CONTEXT ? NULL : THEIRS(OSSL_LIB_CTX_new)();
}

OSSL_PROVIDER *OSSL_PROVIDER_load(OSSL_LIB_CTX *context, const char *name)
{
    return lacking == PROVIDER ? NULL : THEIRS(OSSL_PROVIDER_load)(context, name);
}

EVP_MD *EVP_MD_fetch(OSSL_LIB_CTX *context, const char *name, const char *properties)
{
    return lacking == DIGEST ? NULL : THEIRS(EVP_MD_fetch)(context, name, properties);
}

static const struct text message = {"header.payload", 14};
static unsigned char digest[SHA256_SIZE];

/* All that has to do with OpenSSL; `other` was made where nothing lacked. */
static void expect_all(struct crypto *crypto, const struct key *other, struct text signature,
                       enum jwkscore_status wanted)
{
    const struct algorithm *es256 = algorithm_find(TEXT("ES256"));
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    struct key *key = NULL;

    ck_assert(crypto_sha256(crypto, message, digest) == (wanted == JWKSCORE_OK));
    ck_assert_status(key_import(crypto, &mint_key_for("ES256")->material, &key, &error), wanted);
    ck_assert((key != NULL) == (wanted == JWKSCORE_OK));
    key_free(key);
    ck_assert_status(key_check_thoroughly(crypto, other, &error), wanted);
    ck_assert_status(key_verify(crypto, other, es256, message, signature, &error), wanted);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}

START_TEST(nothing_goes_on_without_a_context)
{
    const struct mint_key *minted = mint_key_for("ES256");
    struct text signature = mint_sign(minted, "ES256", message);
    struct crypto *whole = crypto_new(), *crypto;
    struct key *key = NULL;

    ck_assert_status(key_import(whole, &minted->material, &key, NULL), JWKSCORE_OK);
    for (enum part part = CONTEXT; part <= DIGEST; part++) {
        crypto = crypto_new();
        lacking = part;
        expect_all(crypto, key, signature, JWKSCORE_E_MEMORY);
        lacking = NOTHING;
        expect_all(crypto, key, signature, JWKSCORE_OK); /* what was begun is not taken for done */
        crypto_free(crypto);
    }
    key_free(key);
    crypto_free(whole);
}
END_TEST

START_TEST(it_is_made_once_and_when_it_is_needed)
{
    struct crypto *crypto = crypto_new();

    made = 0;
    crypto_free(crypto);
    crypto = crypto_new();
    ck_assert_int_eq(made, 0);
    ck_assert(crypto_sha256(crypto, message, digest));
    ck_assert(crypto_sha256(crypto, message, digest));
    ck_assert_int_eq(made, 1);
    crypto_free(crypto);
}
END_TEST

/* Runs first, in a process that has not used OpenSSL yet: jwks-fetch asks the provider before it hashes anything. */
START_TEST(openssl_cnf_is_not_read_even_before_that)
{
    const char *path = room_write("openssl.cnf", "openssl_conf = init\n[init]\n");
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    char event[512];

    ck_assert_int_ge(inotify_add_watch(watch, path, IN_OPEN), 0);
    ck_assert_int_eq(setenv("OPENSSL_CONF", path, 1), 0);
    crypto_free(crypto_new());
    EVP_PKEY_CTX_free(EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL)); /* as libcurl would */
    ck_assert_int_eq(unsetenv("OPENSSL_CONF"), 0);
    ck_assert_msg(read(watch, event, sizeof(event)) < 0, "OpenSSL opened the caller's OPENSSL_CONF");
    close(watch);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("engine", openssl_cnf_is_not_read_even_before_that, nothing_goes_on_without_a_context,
                       it_is_made_once_and_when_it_is_needed);
}
