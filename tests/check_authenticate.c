/* SPDX-License-Identifier: Apache-2.0 */
/* check_authenticate.c: the order of a decision, and that no step can be left out (DESIGN 4). */
#include "support.h"

#include <dlfcn.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* getpwnam_r() is ours in this program: it tells how often the user database was asked. */
static int asked;

int getpwnam_r(const char *name, struct passwd *entry, char *room, size_t size, struct passwd **ret_found)
{
    asked++;
    return THEIRS(getpwnam_r)(name, entry, room, size, ret_found);
}

/* An issuer whose keys are a file: number 0 of each kind, under the kid "k". */
static struct jwkscore_config *config_with_keys(const char *lines)
{
    const char *path = room_write("corp.jwks", mint_jwks(mint_jwk(mint_key(MINT_P256, 0), "\"kid\":\"k\""),
                                                         mint_jwk(mint_key(MINT_ED25519, 0), "\"kid\":\"e\"")));

    return config_loaded(textf("%sjwks_file = %s\n%s", CORP, path, lines));
}

static struct jwkscore_request request_of(const char *token)
{
    return (struct jwkscore_request){.size = sizeof(struct jwkscore_request), .token = token, .token_length = strlen(token),
                                     .now = NOW};
}

static const char *good(void)
{
    return mint_good("ES256", "k", mint_claims(NULL, NULL));
}

static enum jwkscore_status decide(const char *lines, struct jwkscore_request request, struct jwkscore_error *error)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_with_keys(lines);
    struct jwkscore_identity *identity = NULL;
    enum jwkscore_status status = jwkscore_authenticate(config, &request, &identity, error);

    ck_assert((status == JWKSCORE_OK) == (identity != NULL));
    jwkscore_identity_free(identity);
    return status;
}

static enum jwkscore_status decide_token(const char *lines, const char *token)
{
    struct jwkscore_error error;
    enum jwkscore_status status = decide(lines, request_of(token), &error);

    ck_assert_int_eq(error.status, status);
    ck_assert((status == JWKSCORE_OK) == (error.message[0] == '\0'));
    expect_discreet(&error, text_from(token));
    return status;
}

static enum jwkscore_status decide_claims(const char *lines, const char *payload)
{
    return decide_token(lines, mint_good("ES256", "k", payload));
}

/* --- each step says no --- */

START_TEST(a_good_token_passes_and_each_step_can_refuse_it)
{
    const struct {
        const char *lines, *token;
        enum jwkscore_status status;
    } steps[] = {
        {"", good(), JWKSCORE_OK},
        {"", textf("%s.", good()), JWKSCORE_E_MALFORMED},
        {"", mint_unsigned(mint_claims(NULL, NULL)), JWKSCORE_E_UNSIGNED},
        {"", mint_hmac(TEXT("secret"), mint_header("HS256", "k"), mint_claims(NULL, NULL)), JWKSCORE_E_SYMMETRIC},
        {"", mint_good("ES256", "k", mint_claims("iss", "\"https://other.example.com\"", NULL)), JWKSCORE_E_ISSUER},
        {"algorithms = EdDSA\n", good(), JWKSCORE_E_ALGORITHM},
        {"token_type = access\n", good(), JWKSCORE_E_TYPE},
        {"", mint_good("ES256", "k", mint_claims("aud", "\"other\"", NULL)), JWKSCORE_E_AUDIENCE},
        {"", mint_good("ES256", "k", mint_claims("exp", textf("%jd", (intmax_t)NOW - 60), NULL)), JWKSCORE_E_EXPIRED},
        {"", mint_good("ES256", "k", mint_claims("nbf", textf("%jd", (intmax_t)NOW + 61), NULL)), JWKSCORE_E_NOT_YET_VALID},
        {"", mint_good("ES256", "unknown", mint_claims(NULL, NULL)), JWKSCORE_E_UNKNOWN_KEY},
        {"denied_key = k\n", good(), JWKSCORE_E_DENIED_KEY},
        {"", mint_token(mint_key(MINT_P256, 1), "ES256", mint_header("ES256", "k"), mint_claims(NULL, NULL)), JWKSCORE_E_SIGNATURE},
        {"", mint_good("ES256", "k", mint_claims("sub", "", NULL)), JWKSCORE_E_CLAIM},
        {"require = acr = mfa\n", good(), JWKSCORE_E_CLAIM},
        {"", mint_good("ES256", "k", mint_claims("preferred_username", "", NULL)), JWKSCORE_E_UNMAPPED},
        {"", mint_good("ES256", "k", mint_claims("cnf", "{\"jkt\":\"x\"}", NULL)), JWKSCORE_E_UNBOUND},
        {"", mint_good("EdDSA", "e", mint_claims(NULL, NULL)), JWKSCORE_OK},
        {"", mint_good("EdDSA", "k", mint_claims(NULL, NULL)), JWKSCORE_E_UNKNOWN_KEY}, /* a key of another kind */
    };

    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++)
        ck_assert_msg(decide_token(steps[i].lines, steps[i].token) == steps[i].status, "step %zu", i);
}
END_TEST

/* Two faults at once: the earlier step of DESIGN 4 is the one that speaks. */
START_TEST(the_first_step_that_refuses_decides)
{
    const char *expired = mint_claims("exp", textf("%jd", (intmax_t)NOW - 3600), "aud", "\"other\"", NULL);
    const struct mint_key *stranger = mint_key(MINT_P256, 1);

    ck_assert_status(decide_token("algorithms = EdDSA\n", mint_token(stranger, "ES256", mint_header("ES256", "k"), expired)),
                     JWKSCORE_E_ALGORITHM);
    ck_assert_status(decide_token("", mint_token(stranger, "ES256", mint_header("ES256", "k"), expired)), JWKSCORE_E_AUDIENCE);
    ck_assert_status(decide_token("require = acr = mfa\n",
                                  mint_token(stranger, "ES256", mint_header("ES256", "k"), mint_claims(NULL, NULL))),
                     JWKSCORE_E_SIGNATURE);
}
END_TEST

/* --- nothing dear before the cheap --- */

/* A helper that leaves a mark behind. */
static const char *marking_helper(void)
{
    return textf("#!/bin/sh\n: >%s\n", room_path("state/started"));
}

static bool was_started(void)
{
    for (int i = 0; i < 20 && !room_has("state/started"); i++)
        usleep(50000); /* nobody waits for a helper that is not to be started: there is nothing else to wait for */
    return room_has("state/started");
}

static enum jwkscore_status decide_cold(const char *payload, const char *user)
{
    struct jwkscore_identity *identity = NULL;
    struct jwkscore_request request = request_of(mint_good("ES256", "k", payload));
    CLEANUP(config_freep) struct jwkscore_config *config = NULL;

    room_folder("state", 0755);
    room_folder("run", 0755);
    room_write_bytes("helper", text_from(marking_helper()), 0755);
    config = config_loaded(CORP);
    tell(config, "global", "fetch_helper", room_path("helper"));
    request.user = user;
    request.max_wait = 1000;
    return jwkscore_authenticate(config, &request, &identity, NULL);
}

START_TEST(a_hopeless_token_starts_no_helper)
{
    const char *const hopeless[] = {
        mint_claims("iss", "\"https://other.example.com\"", NULL),
        mint_claims("aud", "\"other\"", NULL),
        mint_claims("exp", "1000", NULL),
        mint_claims("exp", "", NULL),
        mint_claims("nbf", textf("%jd", (intmax_t)NOW + 3600), NULL),
    };

    for (size_t i = 0; i < ARRAY_LENGTH(hopeless); i++)
        ck_assert_int_eq(jwkscore_classify(decide_cold(hopeless[i], NULL)), JWKSCORE_CLASS_DENIED);
    ck_assert_status(decide_cold(mint_claims(NULL, NULL), "no-such-account-here"), JWKSCORE_E_UNKNOWN_USER);
    ck_assert(!was_started());
}
END_TEST

/* The neighbour of the test above.  Root's own state folder would never be fetched into. */
START_TEST(a_hopeful_one_starts_it)
{
    enum jwkscore_status status = decide_cold(mint_claims(NULL, NULL), "nobody");

    ck_assert_int_eq(jwkscore_classify(status), JWKSCORE_CLASS_UNAVAILABLE);
    ck_assert(geteuid() == 0 || was_started());
}
END_TEST

/* Before a refresh; for one who is not there once more, to say so. */
START_TEST(what_the_user_database_said_is_kept)
{
    static const struct { const char *user; int asked; } of[] = {{"nobody", 1}, {"no-such-account-here", 2}};

    for (size_t i = 0; i < ARRAY_LENGTH(of); i++) {
        asked = 0;
        ck_assert_status(decide_cold(mint_claims(NULL, NULL), of[i].user),
                         i == 0 ? JWKSCORE_E_UNREACHABLE : JWKSCORE_E_UNKNOWN_USER);
        ck_assert_int_eq(asked, of[i].asked);
    }
}
END_TEST

/* --- accounts and services --- */

START_TEST(the_account_asked_for_decides)
{
    static const struct {
        const char *name, *user;
        enum jwkscore_status status;
    } rows[] = {
        {"\"nobody\"", NULL, JWKSCORE_OK},
        {"\"nobody\"", "nobody", JWKSCORE_OK},
        {"\"nobody\"", "daemon", JWKSCORE_E_USER},
        {"\"nobody\"", "", JWKSCORE_E_USER},
        {"\"root\"", NULL, JWKSCORE_OK},
        {"\"root\"", "root", JWKSCORE_E_ACCOUNT},
        {"\"no-such-account-here\"", NULL, JWKSCORE_OK},
        {"\"no-such-account-here\"", "no-such-account-here", JWKSCORE_E_UNKNOWN_USER},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct jwkscore_request request =
            request_of(mint_good("ES256", "k", mint_claims("preferred_username", rows[i].name, NULL)));

        request.user = rows[i].user;
        ck_assert_msg(decide("", request, NULL) == rows[i].status, "row %zu", i);
    }
}
END_TEST

static enum jwkscore_status decide_service(const char *lines, const char *service)
{
    struct jwkscore_request request = request_of(mint_good("ES256", "k", mint_claims("groups", "[\"ssh-users\"]", NULL)));

    request.service = service;
    return decide(lines, request, NULL);
}

/* It may be on the network; for a refresh, of which there is none here, it would be asked too. */
START_TEST(a_decision_asks_the_user_database_once)
{
    struct jwkscore_request request = request_of(mint_good("ES256", "k", mint_claims("preferred_username", "\"root\"", NULL)));
    struct jwkscore_error error;

    request.user = "root";
    asked = 0;
    ck_assert_status(decide("allow_root = yes\n", request, &error), JWKSCORE_OK);
    ck_assert_int_eq(asked, 1);
}
END_TEST

START_TEST(a_service_narrows_and_no_other_is_touched)
{
    const char *wheel = "[service sudo]\nrequire = groups = wheel\n";
    const char *elsewhere = "[issuer two]\nissuer = https://two.example.com\naudience = a\nuser_claim = sub\n"
                            "[service sudo]\nissuers = two\n";

    ck_assert_status(decide_service("[service sudo]\nrequire = groups = ssh-users\n", "sudo"), JWKSCORE_OK);
    ck_assert_status(decide_service(wheel, "sudo"), JWKSCORE_E_CLAIM);
    ck_assert_status(decide_service(wheel, "sshd"), JWKSCORE_OK);
    ck_assert_status(decide_service(wheel, NULL), JWKSCORE_OK);
    ck_assert_status(decide_service("[service sudo]\nissuers = corp\n", "sudo"), JWKSCORE_OK);
    ck_assert_status(decide_service(elsewhere, "sudo"), JWKSCORE_E_SERVICE);
    ck_assert_status(decide_service(elsewhere, "sshd"), JWKSCORE_OK);
}
END_TEST

START_TEST(a_service_does_not_widen_what_its_issuer_asks_for)
{
    ck_assert_status(decide_service("require = groups = wheel\n[service sudo]\nrequire = groups = ssh-users\n", "sudo"),
                     JWKSCORE_E_CLAIM);
    ck_assert_status(decide_service("max_lifetime = 100\n[service sudo]\nmax_lifetime = 1h\n", "sudo"), JWKSCORE_E_CLAIM);
    ck_assert_status(decide_service("max_lifetime = 1h\n[service sudo]\nmax_lifetime = 1h\n", "sudo"), JWKSCORE_OK);
}
END_TEST

START_TEST(a_key_must_be_bound_and_a_dpop_id_token_needs_one)
{
    const struct mint_key *ssh = mint_key(MINT_ED25519, 1);
    struct text blob = mint_ssh_blob(ssh, false);
    const char *payload = mint_claims("cnf", textf("{\"jkt\":\"%s\"}", mint_thumbprint(ssh)), NULL);
    struct jwkscore_request request = request_of(mint_token(mint_key_for("ES256"), "ES256",
                                                            "{\"alg\":\"ES256\",\"kid\":\"k\",\"typ\":\"dpop+id_token\"}", payload));

    ck_assert_status(decide("", request, NULL), JWKSCORE_E_TYPE);
    request.key = (const unsigned char *)blob.bytes;
    request.key_length = blob.length;
    ck_assert_status(decide("", request, NULL), JWKSCORE_OK);
    request.token = good();
    request.token_length = strlen(request.token);
    ck_assert_status(decide("", request, NULL), JWKSCORE_E_UNBOUND);
}
END_TEST

/* --- the caller's mistakes, and a refused configuration --- */

START_TEST(a_request_that_is_none_is_an_argument_error)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_with_keys("");
    struct jwkscore_identity *identity = NULL;
    struct jwkscore_request bad[7];
    struct jwkscore_request request = request_of(good());

    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        bad[i] = request;
    bad[0].size = offsetof(struct jwkscore_request, clock) - 1;
    bad[1].token = NULL;
    bad[2].now = -1;
    bad[3].max_wait = -1;
    bad[4].key_length = 3;
    bad[5].key = (const unsigned char *)"x";
    bad[6].clock = -1;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        ck_assert_status(jwkscore_authenticate(config, &bad[i], &identity, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_authenticate(NULL, &request, &identity, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_authenticate(config, NULL, &identity, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_authenticate(config, &request, NULL, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_ptr_null(identity);
    ck_assert_status(jwkscore_authenticate(config, &request, &identity, NULL), JWKSCORE_OK);
    jwkscore_identity_free(identity);
}
END_TEST

START_TEST(a_fresh_or_refused_configuration_denies)
{
    CLEANUP(config_freep) struct jwkscore_config *fresh = jwkscore_config_new();
    CLEANUP(config_freep) struct jwkscore_config *refused = jwkscore_config_new();
    const char *path = room_write("bad.conf", CORP "no_such_key = 1\n");
    struct jwkscore_request request = request_of(good());
    struct jwkscore_identity *identity = NULL;

    ck_assert_status(jwkscore_authenticate(fresh, &request, &identity, NULL), JWKSCORE_E_ISSUER);
    ck_assert_status(jwkscore_config_load(refused, path, NULL), JWKSCORE_E_CONFIG);
    ck_assert_status(jwkscore_authenticate(refused, &request, &identity, NULL), JWKSCORE_E_CONFIG);
    ck_assert_ptr_null(identity);
}
END_TEST

/* What a caller of an older header does not know of is 0. */
START_TEST(an_older_request_is_taken)
{
    struct jwkscore_request request = request_of(good());

    request.size = offsetof(struct jwkscore_request, clock);
    request.clock = 1000; /* not its own: it lies behind its end */
    ck_assert_status(decide("", request, NULL), JWKSCORE_OK);
    request.size = sizeof(request) + 8;
    request.clock = 0;
    ck_assert_status(decide("", request, NULL), JWKSCORE_OK);
}
END_TEST

START_TEST(another_time_can_be_asked_about_than_the_clock_says)
{
    const char *then = mint_good("ES256", "k", mint_claims("exp", "1000000300", "iat", "999999990", NULL));
    struct jwkscore_request request = request_of(then);

    request.now = 1000000000;
    ck_assert_status(decide("", request, NULL), JWKSCORE_E_CLOCK);
    request.clock = NOW;
    ck_assert_status(decide("", request, NULL), JWKSCORE_OK);
    request.now = 1000000400;
    ck_assert_status(decide("", request, NULL), JWKSCORE_E_EXPIRED);
    request = request_of(good());
    request.clock = 1000000000; /* and the clock is judged, not the time that is asked about */
    ck_assert_status(decide("", request, NULL), JWKSCORE_E_CLOCK);
}
END_TEST

static enum jwkscore_status decide_by_rest(const char *text, struct jwkscore_error *error)
{
    CLEANUP(config_freep) struct jwkscore_config *refused = jwkscore_config_new(), *rest = NULL;
    struct jwkscore_request request = request_of(good());
    struct jwkscore_identity *identity = NULL;
    enum jwkscore_status status;

    ck_assert_status(jwkscore_config_load(refused, room_write("bad.conf", text), NULL), JWKSCORE_E_CONFIG);
    rest = jwkscore_config_rest(refused);
    ck_assert_ptr_nonnull(rest);
    ck_assert_ptr_null(jwkscore_config_problem(rest, 0));
    status = jwkscore_authenticate(rest, &request, &identity, error);
    ck_assert((status == JWKSCORE_OK) == (identity != NULL));
    jwkscore_identity_free(identity);
    ck_assert_status(jwkscore_authenticate(refused, &request, &identity, NULL), JWKSCORE_E_CONFIG);
    return status;
}

START_TEST(the_rest_of_a_refused_configuration_explains)
{
    const char *keys = room_write("corp.jwks", mint_jwks(mint_jwk(mint_key(MINT_P256, 0), "\"kid\":\"k\"")));
    const char *corp = textf("%sjwks_file = %s\n", CORP, keys);

    ck_assert_status(decide_by_rest(textf("%sno_such_key = 1\n", corp), NULL), JWKSCORE_OK);
    ck_assert_status(decide_by_rest(textf("%srequire = a = b\nno_such_key = 1\n", corp), NULL), JWKSCORE_E_CLAIM);
    ck_assert_status(decide_by_rest(textf("%sjwks_uri = https://x/y\n", corp), NULL), JWKSCORE_E_ISSUER);
    ck_assert_status(decide_by_rest(textf("[issuer bare]\nissuer = https://x\n%s", corp), NULL), JWKSCORE_OK);
    ck_assert_status(decide_by_rest(textf("[global]\nclock_skew = 9999\n%s", corp), NULL), JWKSCORE_OK);
    ck_assert_ptr_null(jwkscore_config_rest(NULL));
}
END_TEST

START_TEST(the_rest_of_a_refused_configuration_starts_no_helper)
{
    struct jwkscore_error error = {0};
    const char *conf = textf("[global]\nstate_dir = %s\nrun_dir = %s\nfetch_helper = %s\n" CORP "bad\n",
                             room_path("state"), room_path("run"), room_path("helper"));

    room_folder("state", 0755);
    room_folder("run", 0755);
    room_write_bytes("helper", text_from(marking_helper()), 0755);
    ck_assert_status(decide_by_rest(conf, &error), JWKSCORE_E_UNREACHABLE);
    ck_assert_ptr_nonnull(strstr(error.message, "refused")); /* root would not start it for another reason */
    ck_assert(!was_started());
}
END_TEST

START_TEST(a_clock_before_the_build_is_refused_and_named)
{
    const int64_t before = (int64_t)JWKS_BUILD_TIME - 400;
    struct jwkscore_request request =
        request_of(mint_good("ES256", "k", mint_claims("exp", textf("%jd", (intmax_t)before + 600), "iat", "", NULL)));

    request.now = before;
    ck_assert_status(decide("", request, NULL), JWKSCORE_E_CLOCK);
    request.now = before + 200; /* within 300 s of the build */
    ck_assert_status(decide("", request, NULL), JWKSCORE_OK);
    request.now = before - 3600; /* `iat` is to come then: the clock explains it */
    request.token = mint_good("ES256", "k", mint_claims("exp", textf("%jd", (intmax_t)before + 600), "iat", textf("%jd", (intmax_t)before), NULL));
    request.token_length = strlen(request.token);
    ck_assert_status(decide("", request, NULL), JWKSCORE_E_CLOCK);
}
END_TEST

/* --- the trace --- */

static void collect(void *data, const struct jwkscore_trace *event)
{
    char *rules = data;

    ck_assert_uint_eq(event->size, sizeof(*event));
    snprintf(rules + strlen(rules), 512 - strlen(rules), "%s%s ", event->status == JWKSCORE_OK ? "" : "!", event->rule);
}

START_TEST(the_trace_tells_the_rules_in_their_order)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_with_keys("require = groups = a\n");
    struct jwkscore_request request = request_of(mint_good("ES256", "k", mint_claims("groups", "\"a\"", NULL)));
    struct jwkscore_identity *identity = NULL;
    char rules[512] = "";

    request.user = "nobody";
    jwkscore_config_trace(config, collect, rules);
    ck_assert_status(jwkscore_authenticate(config, &request, &identity, NULL), JWKSCORE_OK);
    ck_assert_str_eq(rules, "token issuer algorithm type audience expiry iat key cache signature audience expiry iat subject require map "
                            "user account binding ");
    jwkscore_identity_free(identity);
    rules[0] = '\0';
    request.token = mint_good("ES256", "k", mint_claims("aud", "\"other\"", NULL));
    request.token_length = strlen(request.token);
    ck_assert_status(jwkscore_authenticate(config, &request, &identity, NULL), JWKSCORE_E_AUDIENCE);
    ck_assert_str_eq(rules, "token issuer algorithm type !audience ");
}
END_TEST

START_TEST(a_token_may_be_followed_by_anything)
{
    const char *token = good();
    struct jwkscore_request request = request_of(textf("%sgarbage", token));

    request.token_length = strlen(token);
    ck_assert_status(decide("", request, NULL), JWKSCORE_OK);
    request.token_length++;
    ck_assert_int_ne(decide("", request, NULL), JWKSCORE_OK);
}
END_TEST

START_TEST(claims_are_read_from_the_verified_payload_alone)
{
    static const char header[] = "{\"alg\":\"ES256\",\"kid\":\"k\",\"iss\":\"https://evil.example.com\",\"sub\":\"x\"}";
    const char *payload = mint_claims(NULL, NULL);

    ck_assert_status(decide_claims("", mint_claims("iss", "[\"" CORP_ISSUER "\"]", NULL)), JWKSCORE_E_ISSUER);
    ck_assert_status(decide_claims("", mint_claims("aud", "[\"ssh-prod\"]", NULL)), JWKSCORE_OK);
    ck_assert_status(decide_token("", mint_token(mint_key_for("ES256"), "ES256", header, payload)), JWKSCORE_OK);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("authenticate", a_good_token_passes_and_each_step_can_refuse_it, the_first_step_that_refuses_decides,
                       a_hopeless_token_starts_no_helper, a_hopeful_one_starts_it,
                       what_the_user_database_said_is_kept, the_account_asked_for_decides,
                       a_decision_asks_the_user_database_once,
                       a_service_narrows_and_no_other_is_touched, a_service_does_not_widen_what_its_issuer_asks_for,
                       a_key_must_be_bound_and_a_dpop_id_token_needs_one, a_request_that_is_none_is_an_argument_error,
                       a_fresh_or_refused_configuration_denies, an_older_request_is_taken,
                       another_time_can_be_asked_about_than_the_clock_says, the_rest_of_a_refused_configuration_explains,
                       the_rest_of_a_refused_configuration_starts_no_helper, a_clock_before_the_build_is_refused_and_named,
                       the_trace_tells_the_rules_in_their_order, a_token_may_be_followed_by_anything,
                       claims_are_read_from_the_verified_payload_alone);
}
