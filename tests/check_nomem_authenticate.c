/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_nomem_authenticate.c: whichever allocation of a decision fails, the answer is the right one or a fault, never
 * a yes for what is a no, and nothing is kept.
 *
 * Every allocation fails in turn, json-c's, libc's and OpenSSL's too.  Only in the test that makes a whole
 * configuration, and so a context of OpenSSL's with thousands of allocations, each 23rd of those does.
 *
 * OpenSSL 3.0 does not always say that memory was short: what it calls a wrong signature or key then is a refusal.
 * And it forgets some memory on such ways (a whole context, where it needs memory to free it): what is kept after a
 * failure of its own is not ours.
 */
#include "cachefile.h"
#include "failing_allocator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
    MOST = 100000,
    STRIDE = 23,
    UNSAID_MOST = 8,   /* for one signature, in OpenSSL 3.0.22: 5 */
    FORGOTTEN_MOST = 4 /* by OpenSSL, for one signature; the context is gone by then */
};

/* --- one question, and every way to run out of memory in it --- */

struct question {
    struct jwkscore_config *config;
    const char *token;
    enum jwkscore_status answer; /* with memory */
    long spared;                 /* failures of what we and json-c ask for that leave it as it is */
};

static bool is_whole(const struct jwkscore_identity *identity)
{
    const char *account = jwkscore_identity_account(identity, 0);
    const char *group = jwkscore_identity_claim(identity, "groups", 1);

    return account != NULL && strcmp(account, "nobody") == 0 &&
           jwkscore_identity_account(identity, 1) == NULL &&
           strcmp(jwkscore_identity_issuer(identity), "corp") == 0 &&
           strcmp(jwkscore_identity_subject(identity), "s-1001") == 0 && group != NULL &&
           strcmp(group, "ssh-users") == 0 && jwkscore_identity_expires(identity) == NOW + 600;
}

/* No ck_assert inside, as libcheck allocates. */
static enum jwkscore_status ask(const struct jwkscore_config *config, const char *token,
                                struct jwkscore_error *error)
{
    struct jwkscore_identity *identity = NULL;
    struct jwkscore_request request = {.size = sizeof(request),
                                       .service = "sudo",
                                       .user = "nobody",
                                       .token = token,
                                       .token_length = strlen(token),
                                       .now = NOW};
    enum jwkscore_status status = jwkscore_authenticate(config, &request, &identity, error);

    if ((status == JWKSCORE_OK) != (identity != NULL) || (identity != NULL && !is_whole(identity)))
        status = JWKSCORE_E_ARGUMENT; /* which no answer here is */
    jwkscore_identity_free(identity);
    return status;
}

/* A line of jwks.conf that could not be read, or a pattern not compiled, is a problem of the file's, which is refused. */
static bool is_lack(enum jwkscore_status status, const char *message)
{
    return status == JWKSCORE_E_MEMORY || status == JWKSCORE_E_SYSTEM || status == JWKSCORE_E_CRYPTO ||
           (status == JWKSCORE_E_CONFIG &&
            (strstr(message, "without memory") != NULL || allocator_refused("/libc.so")));
}

/*
 * What is made of an error of OpenSSL's that does not name its cause, and of glibc's regexec(), which says that nothing
 * matches.
 */
static bool is_unsaid(enum jwkscore_status status)
{
    return (allocator_refused("/libcrypto.so") &&
            (status == JWKSCORE_E_SIGNATURE || status == JWKSCORE_E_UNKNOWN_KEY)) ||
           (allocator_refused("/libc.so") && status == JWKSCORE_E_UNMAPPED);
}

static void judge(const struct question *question, long n, enum jwkscore_status status,
                  const struct jwkscore_error *error)
{
    ck_assert_msg(status == error->status, "allocation %ld: %s, and its error is %s", n,
                  jwkscore_reason(status), jwkscore_reason(error->status));
    ck_assert_msg(status == question->answer || is_lack(status, error->message) || is_unsaid(status),
                  "allocation %ld: %s: %s", n, jwkscore_reason(status), error->message);
}

/* Not what OpenSSL or glibc wanted for themselves, which they may do without: then the answer is right all the same. */
static bool refused_ours(void)
{
    return !allocator_refused("/libcrypto.so") && !allocator_refused("/libc.so");
}

static void reap_helpers(void)
{
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

static void fail_each(const struct question *question)
{
    struct jwkscore_error error;
    long n, spared = 0, unsaid = 0;

    ck_assert_status(ask(question->config, question->token, &error),
                     question->answer); /* OpenSSL keeps what it made */
    for (n = 0; n < MOST; n++) {
        long before = allocator_live();
        enum jwkscore_status status;

        allocator_watch(n);
        status = ask(question->config, question->token, &error);
        allocator_rest();
        reap_helpers();
        judge(question, n, status, &error);
        ck_assert_msg(allocator_live() <= before + allocator_refused("/libcrypto.so"),
                      "allocation %ld: %ld are kept", n, allocator_live() - before);
        if (allocator_asked() <= n)
            break;
        spared += status == question->answer && refused_ours();
        unsaid += status != question->answer && allocator_refused("/libcrypto.so") && is_unsaid(status);
    }
    ck_assert_int_eq(spared, question->spared);
    ck_assert_int_le(unsaid, UNSAID_MOST);
    ck_assert_int_gt(n, 20);
    ck_assert_int_lt(n, MOST);
}

/* --- tokens, keys and the cache --- */

#define GROUPS "groups", "[\"staff\",\"ssh-users\"]"

/* What a section may ask for, all of it. */
static const char rules[] =
    "require = groups = ssh-users\nuser_match = ([a-z]+)\nuser_name = \\1\n"
    "denied_key = another\nmax_lifetime = 1h\n[service sudo]\nrequire = groups = staff\n";

static const char *good(const char *alg)
{
    return mint_good(alg, alg, mint_claims(GROUPS, NULL));
}

static const char *jwk_for(const char *alg)
{
    return mint_jwk(mint_key_for(alg), textf("\"kid\":\"%s\"", alg));
}

static void put_keys(const struct stage *stage, const char *folder, const char *suffix, int64_t age,
                     const char *gen, const char *keys)
{
    cachefile_put(stage, folder, suffix,
                  cachefile(stage, "keys", keys_head(stage, age, "gen", gen, NULL), keys));
}

/* Both gone, so is all that OpenSSL had made for it but what it forgot. */
static void end(struct stage *stage, long questions)
{
    stage_close(stage);
    ck_assert_int_le(allocator_live(), FORGOTTEN_MOST * questions);
}

/* Without memory to look at the account before a refresh it is taken to exist; who is let in is looked at again. */
enum { SPARED_ACCOUNT = 1 };

START_TEST(keys_in_a_file)
{
    static const char *const algorithms[] = {"ES256", "RS256", "EdDSA"};
    struct stage stage;

    room_write("corp.jwks", mint_jwks(jwk_for("RS256"), jwk_for("ES256"), jwk_for("EdDSA")));
    stage_open(&stage, textf("jwks_file = %s\n%s", room_path("corp.jwks"), rules));
    for (size_t i = 0; i < ARRAY_LENGTH(algorithms); i++)
        fail_each(&(struct question){stage.config, good(algorithms[i]), JWKSCORE_OK, 0});
    end(&stage, ARRAY_LENGTH(algorithms));
}
END_TEST

START_TEST(keys_in_the_cache)
{
    struct stage stage;

    stage_open(&stage, rules);
    put_keys(&stage, "state", ".jwks", 10, "7", mint_jwks(jwk_for("RS256"), jwk_for("ES256")));
    fail_each(&(struct question){stage.config, good("ES256"), JWKSCORE_OK, 0});
    end(&stage, 1);
}
END_TEST

START_TEST(denied)
{
    const struct mint_key *other = mint_key(MINT_P256, 1);
    const char *claims = mint_claims(GROUPS, NULL);
    const struct {
        const char *token;
        enum jwkscore_status answer;
    } tokens[] = {
        {mint_token(other, "ES256", mint_header("ES256", "ES256"), claims), JWKSCORE_E_SIGNATURE},
        {mint_good("ES256", "ES256", mint_claims(GROUPS, "exp", "1000", NULL)), JWKSCORE_E_EXPIRED},
        {mint_good("ES256", "ES256", mint_claims(GROUPS, "aud", "\"other\"", NULL)), JWKSCORE_E_AUDIENCE},
        {mint_good("ES256", "ES256", mint_claims("groups", "[\"x\",\"staff\"]", NULL)), JWKSCORE_E_CLAIM},
        {mint_good("ES256", "ES256", mint_claims("groups", "[\"x\",\"ssh-users\"]", NULL)), JWKSCORE_E_CLAIM},
        {mint_good("ES256", "ES256", mint_claims(GROUPS, "preferred_username", "\"daemon\"", NULL)),
         JWKSCORE_E_USER},
        {mint_good("ES256", "ES256", mint_claims(GROUPS, "preferred_username", "\"No Body\"", NULL)),
         JWKSCORE_E_UNMAPPED},
        {mint_good("ES256", "ES256", mint_claims(GROUPS, "cnf", "{\"jkt\":\"x\"}", NULL)),
         JWKSCORE_E_UNBOUND},
        {mint_good("ES256", "strange", claims), JWKSCORE_E_UNKNOWN_KEY},
        {mint_good("EdDSA", "denied", claims), JWKSCORE_E_DENIED_KEY},
        {mint_unsigned(claims), JWKSCORE_E_UNSIGNED},
    };
    struct stage stage;

    room_write("corp.jwks",
               mint_jwks(jwk_for("ES256"), mint_jwk(mint_key_for("EdDSA"), "\"kid\":\"denied\"")));
    stage_open(&stage, textf("jwks_file = %s\ndenied_key = %s\n%s", room_path("corp.jwks"),
                             mint_thumbprint(mint_key_for("EdDSA")), rules));
    for (size_t i = 0; i < ARRAY_LENGTH(tokens); i++)
        fail_each(&(struct question){stage.config, tokens[i].token, tokens[i].answer, 0});
    end(&stage, ARRAY_LENGTH(tokens));
}
END_TEST

START_TEST(stale_keys_and_a_refresh_that_fails)
{
    struct stage stage;

    stage_open(&stage, "");
    plan("answer http-5xx 503 60\n");
    put_keys(&stage, "state", ".jwks", 7200, "7", mint_jwks(jwk_for("EdDSA")));
    fail_each(&(struct question){stage.config, good("EdDSA"), JWKSCORE_OK, SPARED_ACCOUNT});
    end(&stage, 1);
}
END_TEST

START_TEST(due_keys_and_a_refresh_that_nobody_waits_for)
{
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, "state", ".jwks", 3400, "7", mint_jwks(jwk_for("EdDSA")));
    fail_each(&(struct question){stage.config, good("EdDSA"), JWKSCORE_OK,
                                 SPARED_ACCOUNT + 1}); /* it is not started */
    end(&stage, 1);
}
END_TEST

START_TEST(no_keys_and_a_refresh_that_fails)
{
    struct stage stage;

    stage_open(&stage, "");
    plan("answer http-5xx 503 60\n");
    fail_each(&(struct question){stage.config, good("EdDSA"), JWKSCORE_E_PROVIDER, SPARED_ACCOUNT});
    end(&stage, 1);
}
END_TEST

/* --- a key that was withdrawn: no older set may stand in for the newest --- */

START_TEST(withdrawn_in_the_current_generation)
{
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, "state", ".jwks", 10, "7", mint_jwks(jwk_for("ES256")));
    put_keys(&stage, "state", ".prev", 3000, "6", mint_jwks(jwk_for("ES256"), jwk_for("EdDSA")));
    plan("answer negative 0 60\n");
    fail_each(&(struct question){stage.config, good("EdDSA"), JWKSCORE_E_UNKNOWN_KEY, SPARED_ACCOUNT});
    end(&stage, 1);
}
END_TEST

START_TEST(withdrawn_in_the_overflow_copy)
{
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, "run", ".jwks", 10, "8", mint_jwks(jwk_for("ES256")));
    put_keys(&stage, "state", ".jwks", 3000, "7", mint_jwks(jwk_for("ES256"), jwk_for("EdDSA")));
    plan("answer negative 0 60\n");
    fail_each(&(struct question){stage.config, good("EdDSA"), JWKSCORE_E_UNKNOWN_KEY, SPARED_ACCOUNT});
    end(&stage, 1);
}
END_TEST

/* The helper's own words, where it could not store them. */
START_TEST(withdrawn_in_what_the_helper_answers)
{
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, "state", ".jwks", 7200, "7", mint_jwks(jwk_for("ES256"), jwk_for("EdDSA")));
    prepare(&stage, "prepared", 0, mint_jwks(jwk_for("ES256")));
    plan("answer nopersist 200 0 prepared\n");
    fail_each(&(struct question){stage.config, good("EdDSA"), JWKSCORE_E_UNKNOWN_KEY, SPARED_ACCOUNT});
    end(&stage, 1);
}
END_TEST

/* --- from nothing: configuration, context, decision --- */

static enum jwkscore_status from_nothing(const char *path, const char *token, struct jwkscore_error *error)
{
    struct jwkscore_config *config = jwkscore_config_new();
    enum jwkscore_status status;

    if (config == NULL) {
        *error = (struct jwkscore_error){JWKSCORE_E_MEMORY, ""};
        return JWKSCORE_E_MEMORY;
    }
    status = jwkscore_config_load(config, path, error);
    if (status == JWKSCORE_OK)
        status = ask(config, token, error);
    jwkscore_config_free(config);
    return status;
}

START_TEST(all_from_nothing)
{
    struct stage stage;
    struct jwkscore_error error;
    struct question question = {NULL, good("ES256"), JWKSCORE_OK, 0};
    long n;

    stage_open(&stage, rules);
    put_keys(&stage, "state", ".jwks", 10, "7", mint_jwks(jwk_for("RS256"), jwk_for("ES256")));
    allocator_watch(-1);
    ck_assert_status(from_nothing(stage.config->path, question.token, &error), JWKSCORE_OK);
    allocator_rest();
    for (n = 0; n < MOST; n = allocator_next(n, STRIDE)) {
        long before = allocator_live();
        enum jwkscore_status status;

        allocator_watch(n);
        status = from_nothing(stage.config->path, question.token, &error);
        allocator_rest();
        judge(&question, n, status, &error);
        ck_assert_msg(allocator_refused("/libcrypto.so") || allocator_live() == before,
                      "allocation %ld: %ld are kept", n, allocator_live() - before);
        if (allocator_asked() <= n)
            break;
    }
    ck_assert_int_lt(n, MOST);
    stage_close(&stage);
}
END_TEST

int main(int argc, char **argv)
{
    if (IS_HELPER(argc, argv))
        return helper_main(argc, argv, NULL);
    if (!stage_possible() || !allocator_stands())
        return 77;
    mint_early();
    return RUN_IN_ROOM("nomem_authenticate", keys_in_a_file, keys_in_the_cache, denied,
                       stale_keys_and_a_refresh_that_fails, due_keys_and_a_refresh_that_nobody_waits_for,
                       no_keys_and_a_refresh_that_fails, withdrawn_in_the_current_generation,
                       withdrawn_in_the_overflow_copy, withdrawn_in_what_the_helper_answers,
                       all_from_nothing);
}
