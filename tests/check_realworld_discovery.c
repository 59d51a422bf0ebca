/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_realworld_discovery.c: what real providers say beside their keys: where these are, and for how long
 * they are good (CACHE 4 and 13, DESIGN 5, F2).
 *
 * jwks-fetch's own code from the request to ID.disc.
 */
#include "discovered.h"

#include <string.h>

/* --- discovery --- */

enum { FILE_NAME, ISSUER, RESULT, JWKS_URI, COLUMNS };

/* An issuer in the room, with empty folders. */
static struct jwkscore_config *config_of(const char *issuer)
{
    struct jwkscore_config *config;
    char id[SOURCE_ID_SIZE];

    room_folder("state", 0755);
    room_folder("run", 0755);
    config = config_loaded(CORP);
    tell(config, "issuer corp", "issuer", issuer);
    ck_assert(source_id(config->crypto, corp(config), id));
    room_drop(textf("state/%s.disc", id));
    return config;
}

static void expect_refused(const struct jwkscore_config *config, const char *file,
                           enum refresh_outcome outcome, const char *detail)
{
    struct failure failure;

    ck_assert_str_eq(discovered(config, &failure), "");
    ck_assert_msg(failure.outcome == outcome && strstr(failure.detail, detail) != NULL, "%s: %s: %s", file,
                  refresh_outcome_name(failure.outcome), failure.detail);
}

/* Asked where the issuer says, answered with the address; and what was learned needs no second request. */
static void expect_address(const struct jwkscore_config *config, const struct row *row)
{
    size_t length = strlen(row->at[ISSUER]) - (row->at[ISSUER][strlen(row->at[ISSUER]) - 1] == '/');
    struct failure failure;

    network.requests = 0;
    for (int time = 0; time < 2; time++)
        ck_assert_msg(strcmp(discovered(config, &failure), row->at[JWKS_URI]) == 0, "%s: %s",
                      row->at[FILE_NAME], failure.detail);
    ck_assert_uint_eq(network.requests, 1);
    ck_assert_str_eq(network.uri,
                     textf("%.*s/.well-known/openid-configuration", (int)length, row->at[ISSUER]));
    ck_assert_int_eq(strncmp(row->at[JWKS_URI], "https://", 8), 0);
}

/* A digit for a digit: else there was no port. */
static char other_than(char c)
{
    if (c >= '0' && c <= '9')
        return c == '1' ? '2' : '1';
    return c == 'a' ? 'b' : 'a';
}

/* F2: the same document for an issuer that differs in any one byte, or by a slash at its end. */
static void expect_exact(const struct row *row)
{
    size_t length = strlen(row->at[ISSUER]);
    bool slash = row->at[ISSUER][length - 1] == '/';
    const char *other =
        slash ? textf("%.*s", (int)length - 1, row->at[ISSUER]) : textf("%s/", row->at[ISSUER]);
    CLEANUP(config_freep) struct jwkscore_config *config = config_of(other);
    char *issuer;

    expect_refused(config, row->at[FILE_NAME], OUTCOME_DISCOVERY, "its issuer is ");
    tell(config, "issuer corp", "issuer", row->at[ISSUER]);
    issuer = corp(config)->issuer;
    for (size_t i = strlen("https://"); i < length; i++) {
        char was = issuer[i];

        issuer[i] = other_than(was);
        expect_refused(config, row->at[FILE_NAME], OUTCOME_DISCOVERY, "its issuer is ");
        issuer[i] = was;
    }
}

START_TEST(each_document_gives_the_address_to_its_issuer_alone)
{
    struct table table = table_open("realworld/expected/discovery.tsv", COLUMNS);
    struct row row;
    size_t files = 0;

    for (; table_next(&table, &row); files++) {
        CLEANUP(config_freep) struct jwkscore_config *config = config_of(row.at[ISSUER]);

        network.body = document_read(textf("realworld/%s", row.at[FILE_NAME]));
        if (strcmp(row.at[RESULT], "ok") == 0) {
            expect_address(config, &row);
            expect_exact(&row);
        } else {
            ck_assert(strcmp(row.at[RESULT], "issuer") == 0 || strcmp(row.at[RESULT], "jwks_uri") == 0);
            expect_refused(config, row.at[FILE_NAME], OUTCOME_DISCOVERY, textf("its %s ", row.at[RESULT]));
        }
    }
    ck_assert_uint_eq(files, document_count("realworld/*.openid-configuration.json") +
                                 document_count("realworld/vendor-tests/*.openid-configuration.json"));
}
END_TEST

/* Entra's common document names no tenant.  jwks.conf must: else every tenant of the world was ours. */
START_TEST(a_template_and_an_issuer_without_tls_cannot_be_configured)
{
    static const char *const issuers[] = {
        "https://login.microsoftonline.com/{tenantid}/v2.0",
        "http://localhost:8080/realms/master",
        "accounts.google.com",
    };
    CLEANUP(config_freep) struct jwkscore_config *config = config_of(CORP_ISSUER);

    for (size_t i = 0; i < ARRAY_LENGTH(issuers); i++)
        ck_assert_msg(jwkscore_config_set(config, "issuer corp", "issuer", issuers[i], NULL) != JWKSCORE_OK,
                      "%s", issuers[i]);
    ck_assert_status(jwkscore_config_set(config, "issuer corp", "issuer",
                                         "https://login.microsoftonline.com/9188040d/v2.0", NULL),
                     JWKSCORE_OK);
}
END_TEST

/* --- how long an answer is good for --- */

enum { DOCUMENT, DATE, CACHE_CONTROL, EXPIRES, CONTENT_TYPE, HEADER_COLUMNS };
enum { TTL = 1, TTL_FROM, TTL_COLUMNS };

static const char *field(const char *name, const char *value)
{
    return *value != '\0' ? textf("%s: %s\r\n", name, value) : "";
}

START_TEST(each_answer_is_good_for_5_minutes_to_24_hours)
{
    struct table captured = table_open("realworld/http-headers.tsv", HEADER_COLUMNS);
    struct table expected = table_open("realworld/expected/ttl.tsv", TTL_COLUMNS);
    struct row row, wanted;

    while (table_next(&captured, &row)) {
        const char *headers =
            textf("HTTP/1.1 200 OK\r\n%s%s%s%s", field("Date", row.at[DATE]),
                  field("Cache-Control", row.at[CACHE_CONTROL]), field("Expires", row.at[EXPIRES]),
                  field("Content-Type", row.at[CONTENT_TYPE]));
        struct freshness freshness = freshness_of(text_from(headers), NOW);

        ck_assert_msg(table_next(&expected, &wanted), "nothing is expected of %s", row.at[DOCUMENT]);
        ck_assert_str_eq(row.at[DOCUMENT], wanted.at[DOCUMENT]);
        ck_assert_msg(strcmp(textf("%lld", (long long)freshness.ttl), wanted.at[TTL]) == 0 &&
                          strcmp(freshness.from, wanted.at[TTL_FROM]) == 0,
                      "%s: %lld from %s", row.at[DOCUMENT], (long long)freshness.ttl, freshness.from);
    }
    ck_assert(!table_next(&expected, &wanted));
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("realworld_discovery", each_document_gives_the_address_to_its_issuer_alone,
                       a_template_and_an_issuer_without_tls_cannot_be_configured,
                       each_answer_is_good_for_5_minutes_to_24_hours);
}
