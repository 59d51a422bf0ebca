/* SPDX-License-Identifier: Apache-2.0 */
/* check_authenticate_trace.c: whatever refuses a token, the last that is told is the rule that did. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct record {
    enum jwkscore_status status;
    size_t refusals;
    char rule[32];
};

static void remember(void *data, const struct jwkscore_trace *event)
{
    struct record *record = data;

    ck_assert_ptr_nonnull(event->rule);
    ck_assert_uint_lt(strlen(event->rule), sizeof(record->rule));
    record->status = event->status;
    record->refusals += event->status != JWKSCORE_OK;
    strncpy(record->rule, event->rule, sizeof(record->rule) - 1);
}

static struct record decide(const char *lines, struct jwkscore_request request,
                            enum jwkscore_status *ret_status)
{
    const char *keys = room_write("keys", mint_jwks(mint_jwk(mint_key(MINT_P256, 0), "\"kid\":\"k\"")));
    CLEANUP(config_freep)
    struct jwkscore_config *config = config_loaded(textf("%sjwks_file = %s\n%s", CORP, keys, lines));
    struct jwkscore_identity *identity = NULL;
    struct record record = {.rule = ""};

    jwkscore_config_trace(config, remember, &record);
    *ret_status = jwkscore_authenticate(config, &request, &identity, NULL);
    jwkscore_identity_free(identity);
    return record;
}

static const char *with(const char *name, const char *json)
{
    return mint_good("ES256", "k", mint_claims(name, json, NULL));
}

static const char *offset(long seconds)
{
    return textf("%jd", (intmax_t)NOW + seconds);
}

START_TEST(the_rule_that_refuses_is_told)
{
    const char *good = mint_good("ES256", "k", mint_claims(NULL));
    const struct {
        const char *lines, *token, *user, *rule;
    } rows[] = {
        {"", "eyJ", NULL, "token"},
        {"", with("iss", "7"), NULL, "issuer"},
        {"", with("iss", "\"https://other\""), NULL, "issuer"},
        {"algorithms = RS256\n", good, NULL, "algorithm"},
        {"token_type = access\n", good, NULL, "type"},
        {"", with("aud", "[1]"), NULL, "audience"},
        {"", with("aud", "\"other\""), NULL, "audience"},
        {"", with("exp", "1000"), NULL, "expiry"},
        {"", with("exp", ""), NULL, "expiry"},
        {"", with("exp", "\"1000\""), NULL, "expiry"},
        {"", with("nbf", offset(500)), NULL, "nbf"},
        {"", with("nbf", offset(700)), NULL, "nbf"},
        {"", with("iat", "null"), NULL, "iat"},
        {"", mint_good("ES256", "other", mint_claims(NULL)), NULL, "key"},
        {"denied_key = k\n", good, NULL, "key"},
        {"", mint_token(mint_key(MINT_P256, 1), "ES256", mint_header("ES256", "k"), mint_claims(NULL)), NULL,
         "signature"},
        {"", with("sub", ""), NULL, "subject"},
        {"", with("act", "{}"), NULL, NULL},
        {"", with("events", "{}"), NULL, NULL},
        {"require = a = b\n", good, NULL, "require"},
        {"max_lifetime = 10\n", good, NULL, "max_lifetime"},
        {"max_lifetime = 1h\n", with("iat", ""), NULL, "max_lifetime"},
        {"max_auth_age = 1h\n", good, NULL, "max_auth_age"},
        {"max_token_age = 1h\n", with("iat", ""), NULL, "max_token_age"},
        {"", with("preferred_username", "7"), NULL, "map"},
        {"", good, "daemon", "user"},
        {"", with("preferred_username", "\"root\""), "root", "account"},
        {"", with("preferred_username", "\"no-such-account-here\""), "no-such-account-here", "account"},
        {"", with("cnf", "{}"), NULL, "binding"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct jwkscore_request request = {.size = sizeof(request),
                                           .token = rows[i].token,
                                           .now = NOW,
                                           .token_length = strlen(rows[i].token),
                                           .user = rows[i].user};
        enum jwkscore_status status;
        struct record record = decide(rows[i].lines, request, &status);

        ck_assert_msg(status != JWKSCORE_OK && record.status == status && record.refusals == 1,
                      "row %zu: refused with %s, and the last of %zu refusals told is %s, %s", i,
                      jwkscore_reason(status), record.refusals, record.rule, jwkscore_reason(record.status));
        if (rows[i].rule != NULL)
            ck_assert_msg(strcmp(record.rule, rows[i].rule) == 0, "row %zu: %s, not %s", i, record.rule,
                          rows[i].rule);
    }
}
END_TEST

/* Not the token's fault. */
START_TEST(what_cannot_be_said_is_told_too)
{
    const char *good = mint_good("ES256", "k", mint_claims("iat", "", NULL));
    struct jwkscore_request request = {.size = sizeof(request),
                                       .token = good,
                                       .now = (int64_t)JWKS_BUILD_TIME - 301,
                                       .token_length = strlen(good)};
    enum jwkscore_status status;
    struct record record = decide("", request, &status);

    ck_assert_status(status, JWKSCORE_E_CLOCK);
    ck_assert_msg(record.status == status && strcmp(record.rule, "clock") == 0, "%s, %s", record.rule,
                  jwkscore_reason(record.status));
}
END_TEST

START_TEST(a_token_that_passes_is_told_without_a_refusal)
{
    const char *good = mint_good("ES256", "k", mint_claims(NULL));
    struct jwkscore_request request = {
        .size = sizeof(request), .token = good, .token_length = strlen(good), .now = NOW, .user = "nobody"};
    enum jwkscore_status status;
    struct record record = decide("", request, &status);

    ck_assert_status(status, JWKSCORE_OK);
    ck_assert(record.refusals == 0 && strcmp(record.rule, "binding") == 0);
}
END_TEST

/* One event of a rule: "value | option=setting (line's text)". */
struct wanted {
    const char *rule;
    char said[1200];
};

/* What the line of jwks.conf says that `origin` names. */
static const char *line_of(const char *origin)
{
    const char *colon = origin != NULL ? strrchr(origin, ':') : NULL;
    char line[512] = "";
    FILE *file;

    if (colon == NULL)
        return origin != NULL ? origin : "";
    file = fopen(textf("%.*s", (int)(colon - origin), origin), "re");
    ck_assert_ptr_nonnull(file);
    for (long number = strtol(colon + 1, NULL, 10); number > 0; number--)
        ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
    fclose(file);
    return textf("%.*s", (int)strcspn(line, "\n"), line);
}

static void describe(void *data, const struct jwkscore_trace *event)
{
    struct wanted *wanted = data;

    ck_assert((event->option == NULL) == (event->origin == NULL));
    if (strcmp(event->rule, wanted->rule) == 0)
        snprintf(wanted->said, sizeof(wanted->said), "%s=%s %s=%s (%s)", event->claim != NULL ? event->claim : "",
                 event->value != NULL ? event->value : "", event->option != NULL ? event->option : "",
                 event->setting != NULL ? event->setting : "", line_of(event->origin));
}

static const char *description(const char *rule, const char *lines, const char *token)
{
    const char *keys = room_write("keys", mint_jwks(mint_jwk(mint_key(MINT_P256, 0), "\"kid\":\"k\"")));
    CLEANUP(config_freep)
    struct jwkscore_config *config = config_loaded(textf("%sjwks_file = %s\n%s", CORP, keys, lines));
    struct jwkscore_request request = {
        .size = sizeof(request), .token = token, .token_length = strlen(token), .now = NOW, .service = "sudo"};
    struct jwkscore_identity *identity = NULL;
    struct wanted wanted = {rule, ""};

    jwkscore_config_trace(config, describe, &wanted);
    (void)jwkscore_authenticate(config, &request, &identity, NULL);
    jwkscore_identity_free(identity);
    return textf("%s", wanted.said);
}

static const char *long_claim(void)
{
    char text[600];

    memset(text, 'a', sizeof(text));
    return textf("\"%.*s\"", (int)sizeof(text), text);
}

START_TEST(values_and_the_line_that_decided_are_told)
{
    const char *good = mint_good("ES256", "k", mint_claims(NULL));
    const struct {
        const char *rule, *lines, *token, *said;
    } rows[] = {
        {"issuer", "", with("iss", "\"https://other\\u001b\\\"\\\\\""), "iss=\"https://other\\x1b\\\"\\\\\" = ()"},
        {"issuer", "", with("iss", ""), "iss= = ()"},
        {"issuer", "", good, "= issuer=" CORP_ISSUER " (issuer = " CORP_ISSUER ")"},
        {"algorithm", "", good, "= algorithms=RS256 PS256 ES256 EdDSA (default)"},
        {"type", "token_type = access id\n", mint_token(mint_key(MINT_P256, 0), "ES256", "{\"alg\":\"ES256\",\"typ\":\"JWT\"}", mint_claims(NULL)),
         "typ=\"JWT\" token_type=access id (token_type = access id)"},
        {"type", "token_type = access\n", good, "typ= token_type=access (token_type = access)"},
        {"audience", "audience = b c\naudience = d\n", with("aud", "\"c\""), "aud=\"c\" audience=ssh-prod, b c, d (audience = b c)"},
        {"audience", "audience = b\naudience = d\n", with("aud", "\"b\""), "aud=\"b\" audience=b (audience = b)"},
        {"audience", "", with("aud", "[\"x\",1,null,true,{},[]]"),
         "aud=[\"x\", 1, null, true, {...}, [...]] audience=ssh-prod (audience = ssh-prod)"},
        {"expiry", "", with("exp", "1000"), "exp=1000 clock_skew=60 (default)"},
        {"expiry", "", with("exp", ""), "exp= = ()"},
        {"nbf", "", with("nbf", "1000.5"), "nbf=1000.5 clock_skew=60 (default)"},
        {"subject", "", with("sub", "\"\u00e9\""), "sub=\"\\xc3\\xa9\" = ()"},
        {"require", "require = a = b\nrequire = a = c\nrequire = d = e\n", with("a", "[\"b\"]"),
         "a=[\"b\"] require=a = c (require = a = c)"},
        {"max_lifetime", "max_lifetime = 1s\n", with("iat", "1000"), "iat=1000 max_lifetime=1s (max_lifetime = 1s)"},
        {"max_auth_age", "max_auth_age = 1h\n", with("auth_time", "7"), "auth_time=7 max_auth_age=1h (max_auth_age = 1h)"},
        {"map", "user_match = (x)\nuser_name = \\1\n", good,
         "preferred_username=\"nobody\" user_match=(x) (user_match = (x))"},
        {"service", "\n[service sudo]\nissuers = corp\n", good, "= issuers=corp (issuers = corp)"},
        {"binding", "", with("cnf", "{\"jkt\":\"x\"}"), "cnf={\"jkt\": \"x\"} key_binding=cnf nonce (default)"},
        {"key", "denied_key = a\ndenied_key = k\ndenied_key = z\n", good, "= denied_key=k (denied_key = k)"},
        {"subject", "", with("sub", long_claim()), NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const char *said = description(rows[i].rule, rows[i].lines, rows[i].token);

        if (rows[i].said != NULL)
            ck_assert_msg(strcmp(said, rows[i].said) == 0, "row %zu: %s, not %s", i, said, rows[i].said);
        else
            ck_assert_msg(strlen(said) < 540 && strstr(said, "aaa... =") != NULL, "row %zu: %s", i, said);
    }
}
END_TEST

int main(void)
{
    mint_early();
    return RUN_IN_ROOM("authenticate_trace", the_rule_that_refuses_is_told, what_cannot_be_said_is_told_too,
                       a_token_that_passes_is_told_without_a_refusal, values_and_the_line_that_decided_are_told);
}
