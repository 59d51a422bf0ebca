/* SPDX-License-Identifier: Apache-2.0 */
/* check_source.c: what an administrator is shown of an issuer's keys, and a refresh on request. */
#include "cachefile.h"

#include <string.h>

#define KEY_A "{\"kty\":\"OKP\",\"kid\":\"a\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define KEY_B                                                                                                          \
    "{\"kty\":\"OKP\",\"kid\":\"b\",\"alg\":\"EdDSA\",\"crv\":\"Ed25519\","                                            \
    "\"x\":\"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs\"}"
#define UNUSABLE "{\"kty\":\"oct\",\"kid\":\"c\",\"k\":\"AA\"}"
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

START_TEST(a_cached_set_is_shown_with_its_vanished_keys_and_without_unusable_ones)
{
    struct stage stage;
    struct jwkscore_source *source;
    const struct jwkscore_source_state *state;

    stage_open(&stage, "");
    cachefile_put(&stage, "state", ".jwks",
                  cachefile(&stage, "keys", keys_head(&stage, 60, "gone", "[7]", "gen", "12", NULL),
                            "{\"keys\":[" KEY_A "," UNUSABLE "," KEY_B "]}"));
    state_put(&stage, state_body("http-5xx", "http", "503", "fail_n", "3", "fetches", "9", NULL));
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

START_TEST(a_file_of_keys_is_shown_and_a_broken_one_is_named)
{
    struct jwkscore_source *source;
    struct jwkscore_error error;
    const char *path = room_write("corp.jwks", "{\"keys\":[" KEY_B "]}");
    CLEANUP(config_freep) struct jwkscore_config *config = config_loaded(textf("%sjwks_file = %s\n", CORP, path));

    source = read_source(config);
    ck_assert_str_eq(jwkscore_source_state(source)->state, "file");
    ck_assert_str_eq(jwkscore_source_state(source)->id, "");
    expect_key(source, 0, "b", "EdDSA", 0);
    jwkscore_source_free(source);
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
        expect_started(textf("%s waited\n", reasons[i]));
    }
    plan("log state/starts\nanswer http-5xx 503 77\n");
    ck_assert_status(jwkscore_refresh(stage.config, "corp", "manual", 5000, &error), JWKSCORE_E_PROVIDER);
    ck_assert_str_eq(error.message, "http-5xx (HTTP 503, next attempt in 77 s)");
    expect_started("manual waited\n");
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
                       an_empty_cache_is_a_state_and_no_error, a_file_of_keys_is_shown_and_a_broken_one_is_named,
                       only_a_configured_issuer_is_read_or_refreshed,
                       a_refresh_is_asked_for_by_its_reason_and_waited_for, no_other_refresh_can_be_asked_for,
                       a_file_of_keys_is_never_refreshed);
}
