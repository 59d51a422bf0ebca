/* SPDX-License-Identifier: Apache-2.0 */
/* check_source.c: what an administrator is shown of an issuer's keys, and a refresh on request. */
#include "cachefile.h"

#include <string.h>

#define KEY_A "{\"kty\":\"OKP\",\"kid\":\"a\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define KEY_B                                                                                                          \
    "{\"kty\":\"OKP\",\"kid\":\"b\",\"alg\":\"EdDSA\",\"crv\":\"Ed25519\","                                            \
    "\"x\":\"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs\"}"
#define UNUSABLE "{\"kty\":\"oct\",\"kid\":\"c\",\"k\":\"AA\"}"
#define WEAK "{\"kty\":\"OKP\",\"kid\":\"w\",\"crv\":\"Ed25519\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"
/* RFC 8037 section A.3. */
#define THUMBPRINT_A "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

static struct jwkscore_source *read_source(const struct jwkscore_config *config)
{
    struct jwkscore_source *source = NULL;
    struct jwkscore_error error;

    ck_assert_status(jwkscore_source_read(config, "corp", NOW, &source, &error), JWKSCORE_OK);
    return source;
}

static void expect_key(const struct jwkscore_source *source, size_t index, const char *kid, const char *algorithm,
                       int vanished)
{
    const struct jwkscore_source_key *key = jwkscore_source_key(source, index);

    ck_assert_ptr_nonnull(key);
    ck_assert_uint_eq(key->size, sizeof(*key));
    ck_assert_str_eq(key->kid, kid);
    ck_assert_str_eq(key->type, "OKP");
    ck_assert_pstr_eq(key->algorithm, algorithm);
    ck_assert_int_eq(key->vanished, vanished);
}

/* Those that are not 0, as "name=count ". */
static void expect_counts(const struct jwkscore_count *counts, const char *wanted)
{
    const char *found = "";

    for (; counts->name != NULL; counts++)
        if (counts->count != 0)
            found = textf("%s%s=%d ", found, counts->name, (int)counts->count);
    ck_assert_str_eq(found, wanted);
}

START_TEST(a_cached_set_is_shown_with_its_vanished_keys_and_without_unusable_ones)
{
    struct stage stage;
    struct jwkscore_source *source;
    const struct jwkscore_source_state *state;

    stage_open(&stage, "");
    cachefile_put(&stage, "state", ".jwks",
                  cachefile(&stage, "keys",
                            keys_head(&stage, 60, "gone", "[7]", "gen", "12", "ttl_from", "\"minimum\"",
                                      "via", "\"mirror 2\"", "dropped", "{\"use\":2}", NULL),
                            "{\"keys\":[" KEY_A "," UNUSABLE "," KEY_B "]}"));
    state_put(&stage, state_body("http-5xx", "http", "503", "fail_n", "3", "fetches", "9",
                                 "reason_due", "5", "outcome_dns", "4", "outcome_backoff", "7", "outcome_coalesced", "6",
                                 NULL));
    source = read_source(stage.config);
    state = jwkscore_source_state(source);
    ck_assert_uint_eq(state->size, sizeof(*state));
    ck_assert_str_eq(state->id, stage.id);
    ck_assert_str_eq(state->state, "fresh");
    ck_assert_str_eq(state->outcome, "http-5xx");
    ck_assert_int_eq(state->generation, 12);
    ck_assert_int_eq(state->http, 503);
    ck_assert_int_eq(state->failures, 3);
    ck_assert_int_eq(state->fetches, 9);
    ck_assert(state->age >= 60 && state->age < 120);
    ck_assert_int_eq(state->max_stale, 86400);
    ck_assert_int_eq(state->validated, NOW - 60);
    ck_assert(state->keys == 1 && state->vanished == 1 && !state->clock_wrong && !state->in_flight);
    ck_assert_str_eq(state->ttl_from, "minimum");
    ck_assert_str_eq(state->via, "mirror 2");
    expect_counts(state->dropped, "oct=1 use=2 ");
    expect_counts(state->reasons, "due=5 ");
    expect_counts(state->outcomes, "dns=4 ");
    expect_counts(state->suppressed, "backoff=7 ");
    ck_assert_int_eq(state->coalesced, 6);
    expect_key(source, 0, "a", NULL, 0);
    ck_assert_str_eq(jwkscore_source_key(source, 0)->thumbprint, THUMBPRINT_A);
    expect_key(source, 1, "b", "EdDSA", 1);
    ck_assert_ptr_null(jwkscore_source_key(source, 2));
    jwkscore_source_free(source);
    stage_close(&stage);
}
END_TEST

START_TEST(an_empty_cache_is_a_state_and_no_error)
{
    struct stage stage;
    struct jwkscore_source *source;

    stage_open(&stage, "");
    source = read_source(stage.config);
    ck_assert_str_eq(jwkscore_source_state(source)->state, "absent");
    ck_assert_str_eq(jwkscore_source_state(source)->outcome, "");
    ck_assert_ptr_null(jwkscore_source_key(source, 0));
    jwkscore_source_free(source);
    jwkscore_source_free(NULL);
    stage_close(&stage);
}
END_TEST

/* What holds refreshes back, and for how long. */
START_TEST(pauses_are_shown_with_their_ends)
{
    static const struct {
        int64_t next, retry, attempt, inflight; /* s from now */
        const char *held_back;
        int in_flight;
        int64_t ends; /* s from now, at most */
    } rows[] = {
        {-1, 0, -30, 0, "", 0, 0},
        {100, 0, -30, 0, "backoff", 0, 100},
        {100, 200, -30, 0, "retry-after", 0, 200},
        {200, 100, -30, 0, "retry-after", 0, 200},
        {0, 200, -30, 0, "retry-after", 0, 200},
        {100, 0, -2, -2, "", 1, 0},
        {100, 200, -2, -2, "retry-after", 1, 200},
    };
    struct stage stage;

    stage_open(&stage, "");
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int64_t now_b = clock_boot_ms();
        struct jwkscore_source *source;
        const struct jwkscore_source_state *state;
#define STAMP(seconds) textf("%lld", (seconds) == 0 ? 0LL : (long long)(now_b + (seconds) * 1000))

        state_put(&stage, state_body("timeout", "next_b", STAMP(rows[i].next), "retry_b", STAMP(rows[i].retry),
                                     "attempt_b", STAMP(rows[i].attempt), "fail_n", "3", "inflight_b", STAMP(rows[i].inflight),
                                     "kid_tokens", "0", "kid_stamp_b", STAMP(-20), "kid_interval", "60", "negative",
                                     textf("[{\"kid\":\"00000000000000ff\",\"until_b\":%s,\"strikes\":1},"
                                           "{\"kid\":\"00000000000000fe\",\"until_b\":5,\"strikes\":1}]", STAMP(50)),
                                     NULL));
        source = read_source(stage.config);
        state = jwkscore_source_state(source);
        ck_assert_str_eq(state->held_back, rows[i].held_back);
        ck_assert_int_eq(state->in_flight, rows[i].in_flight);
        ck_assert_int_eq(state->failures, 3 - rows[i].in_flight);
        ck_assert(state->next_attempt <= rows[i].ends && state->next_attempt >= rows[i].ends - 10);
        ck_assert_int_le(state->last_attempt - (NOW + rows[i].attempt), 0);
        ck_assert_int_ge(state->last_attempt - (NOW + rows[i].attempt), -5);
        ck_assert(state->kid_next > 30 && state->kid_next <= 40);
        ck_assert_int_eq(state->negative, 1);
        jwkscore_source_free(source);
    }
    stage_close(&stage);
}
END_TEST

START_TEST(a_clock_that_was_turned_back_is_shown)
{
    struct stage stage;
    struct jwkscore_source *source;

    stage_open(&stage, "");
    cachefile_put(&stage, "state", ".jwks", cachefile(&stage, "keys", keys_head(&stage, 60, "floor_w",
                  textf("%lld", (long long)NOW + 301), NULL), "{\"keys\":[" KEY_A "]}"));
    source = read_source(stage.config);
    ck_assert(jwkscore_source_state(source)->clock_wrong);
    jwkscore_source_free(source);
    stage_close(&stage);
}
END_TEST

START_TEST(a_file_of_keys_is_shown_and_a_broken_one_is_named)
{
    struct jwkscore_source *source;
    struct jwkscore_error error;
    const char *path = room_write("corp.jwks", "{\"keys\":[" UNUSABLE "," WEAK "," KEY_B "]}");
    CLEANUP(config_freep) struct jwkscore_config *config = config_loaded(textf("%sjwks_file = %s\n", CORP, path));

    source = read_source(config);
    ck_assert_str_eq(jwkscore_source_state(source)->state, "file");
    ck_assert_str_eq(jwkscore_source_state(source)->id, "");
    ck_assert(jwkscore_source_state(source)->keys == 1 && jwkscore_source_state(source)->max_stale == 0);
    expect_counts(jwkscore_source_state(source)->dropped, "oct=1 material=1 ");
    expect_key(source, 0, "b", "EdDSA", 0);
    jwkscore_source_free(source);
    room_write("corp.jwks", textf("{\"keys\":[%s" KEY_B "]}", repeated(KEY_B ",", KEYSET_KEYS_MAX)));
    ck_assert_status(jwkscore_source_read(config, "corp", NOW, &source, &error), JWKSCORE_E_CONFIG);
    room_write("corp.jwks", "{\"keys\":");
    source = NULL;
    ck_assert_int_ne(jwkscore_source_read(config, "corp", NOW, &source, &error), JWKSCORE_OK);
    ck_assert_ptr_null(source);
    ck_assert_str_ne(error.message, "");
}
END_TEST

START_TEST(only_a_configured_issuer_is_read_or_refreshed)
{
    struct jwkscore_source *source = NULL;
    struct jwkscore_error error;
    struct stage stage;

    stage_open(&stage, "");
    ck_assert_status(jwkscore_source_read(stage.config, "nobody", NOW, &source, &error), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_source_read(stage.config, NULL, NOW, &source, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_source_read(NULL, "corp", NOW, &source, &error), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_refresh(stage.config, "nobody", "manual", 5000, &error), JWKSCORE_E_ARGUMENT);
    ck_assert_ptr_null(source);
    stage_close(&stage);
}
END_TEST

START_TEST(a_refresh_is_asked_for_by_its_reason_and_waited_for)
{
    static const char *const reasons[] = {"manual", "force", "flush"};
    struct jwkscore_error error;
    struct stage stage;

    stage_open(&stage, "");
    plan("log state/starts\nanswer new 200 0\n");
    for (size_t i = 0; i < ARRAY_LENGTH(reasons); i++) {
        ck_assert_status(jwkscore_refresh(stage.config, "corp", reasons[i], 5000, &error), JWKSCORE_OK);
        ck_assert_str_eq(error.message, "new");
        expect_started(textf("%s waited\n", reasons[i]));
    }
    plan("log state/starts\nanswer http-5xx 503 77\n");
    ck_assert_status(jwkscore_refresh(stage.config, "corp", "manual", 5000, &error), JWKSCORE_E_PROVIDER);
    ck_assert_str_eq(error.message, "http-5xx (HTTP 503, next attempt in 77 s)");
    expect_started("manual waited\n");
    stage_close(&stage);
}
END_TEST

/* Keys that no folder takes are good for a login, and this is none; behind somebody else's lock nothing was done. */
START_TEST(what_this_host_cannot_do_is_no_matter_of_the_issuers)
{
    static const char *const outcomes[] = {"fs", "nostate", "nopersist", "config", "lock-timeout"};
    struct jwkscore_error error;
    struct stage stage;

    stage_open(&stage, "");
    for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++) {
        plan("log state/starts\nanswer %s 0 5\n", outcomes[i]);
        ck_assert_status(jwkscore_refresh(stage.config, "corp", "flush", 5000, &error), JWKSCORE_E_SYSTEM);
        ck_assert_ptr_nonnull(strstr(error.message, outcomes[i]));
        expect_started("flush waited\n");
    }
    stage_close(&stage);
}
END_TEST

START_TEST(no_other_refresh_can_be_asked_for)
{
    static const char *const reasons[] = {"cold", "kid", "", "Manual", NULL};
    struct jwkscore_error error;
    struct stage stage;

    stage_open(&stage, "");
    plan("log state/starts\nanswer new 200 0\n");
    for (size_t i = 0; i < ARRAY_LENGTH(reasons); i++)
        ck_assert_status(jwkscore_refresh(stage.config, "corp", reasons[i], 5000, &error), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_refresh(stage.config, "corp", "manual", 0, &error), JWKSCORE_E_ARGUMENT);
    expect_started("");
    stage_close(&stage);
}
END_TEST

START_TEST(a_file_of_keys_is_never_refreshed)
{
    struct jwkscore_error error;
    const char *path = room_write("corp.jwks", "{\"keys\":[" KEY_B "]}");
    CLEANUP(config_freep) struct jwkscore_config *config = config_loaded(textf("%sjwks_file = %s\n", CORP, path));

    ck_assert_status(jwkscore_refresh(config, "corp", "manual", 5000, &error), JWKSCORE_E_ARGUMENT);
}
END_TEST

int main(int argc, char **argv)
{
    if (IS_HELPER(argc, argv))
        return helper_main(argc, argv, NULL);
    if (!stage_possible())
        return 77;
    return RUN_IN_ROOM("source", a_cached_set_is_shown_with_its_vanished_keys_and_without_unusable_ones,
                       an_empty_cache_is_a_state_and_no_error, pauses_are_shown_with_their_ends,
                       a_clock_that_was_turned_back_is_shown, a_file_of_keys_is_shown_and_a_broken_one_is_named,
                       only_a_configured_issuer_is_read_or_refreshed,
                       a_refresh_is_asked_for_by_its_reason_and_waited_for,
                       what_this_host_cannot_do_is_no_matter_of_the_issuers, no_other_refresh_can_be_asked_for,
                       a_file_of_keys_is_never_refreshed);
}
