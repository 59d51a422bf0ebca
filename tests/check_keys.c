/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_keys.c: which key signed a token, through the cache and its waits: CACHE 5, cell by cell.
 *
 * Each cell counts the helpers that were started, so "no wait" is no matter of clocks.
 */
#include "cachefile.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FRESH = 10, DUE = 3300, STALE = 7200, EXPIRED = 172800, NONE = -1 }; /* ages, with a ttl of 3600 s */
enum { MOST = 8000 };

/* --- keys and tokens --- */

static const char *key_of(unsigned number, const char *kid)
{
    return mint_jwk(mint_key(MINT_P256, number), textf("\"kid\":\"%s\"", kid));
}

static const char *token_by(unsigned number, const char *kid)
{
    return mint_token(mint_key(MINT_P256, number), "ES256", mint_header("ES256", kid), mint_claims(NULL, NULL));
}

static const char *hash_of(const struct stage *stage, const char *kid)
{
    return textf("%016llx", (unsigned long long)rate_kid_hash(stage->config->crypto, text_from(kid)));
}

static void put_keys(const struct stage *stage, int64_t age, const char *keys)
{
    cachefile_put(stage, "state", ".jwks", cachefile(stage, "keys", keys_head(stage, age, NULL), keys));
}

/* --- a search --- */

struct search {
    int64_t now, max_wait;
    bool nobody;                                             /* the user is not known */
    enum jwkscore_status status;
    struct verified verified;
    struct jwkscore_error error;
    int64_t took_ms;
};

static void ask_as(const struct stage *stage, const char *text, struct search *search)
{
    CLEANUP(token_freep) struct token *token = NULL;
    enum account_known known = ACCOUNT_UNASKED;
    struct keys_request request = {.config = stage->config, .issuer = stage->issuer, .now = search->now,
                                   .max_wait = search->max_wait, .user = search->nobody ? "nobody-here" : NULL, .known = &known};
    int64_t began;

    ck_assert_status(token_parse(text_from(text), &token, NULL), JWKSCORE_OK);
    request.token = token;
    search->error = (struct jwkscore_error){JWKSCORE_OK, ""};
    search->verified = (struct verified){.state = CACHE_ABSENT, .age = -1, .vanished = true};
    began = clock_boot_ms();
    search->status = keys_verify(&request, &search->verified, &search->error);
    search->took_ms = clock_boot_ms() - began;
    expect_discreet(&search->error, text_from(text));
    ck_assert_int_eq(search->error.status, search->status);
    if (search->status != JWKSCORE_OK)
        ck_assert(search->verified.state == CACHE_ABSENT && search->verified.age == -1 && search->verified.vanished);
}

static struct search ask(const struct stage *stage, const char *token)
{
    struct search search = {.now = NOW, .max_wait = MOST};

    ask_as(stage, token, &search);
    return search;
}

#define EXPECT(search, wanted, part)                                                                                   \
    do {                                                                                                               \
        ck_assert_msg((search).status == (wanted), "%s, not %s: %s", jwkscore_reason((search).status),                 \
                      jwkscore_reason(wanted), (search).error.message);                                                \
        ck_assert_msg(strstr((search).error.message, part) != NULL, "\"%s\"", (search).error.message);                 \
    } while (0)

/* --- the table of CACHE 5 --- */

/* What helpers do in these cells; @ stands for the id. */
#define FAILS "answer dns 0 30\n"
#define LINGERS "sleep 2500\n"
#define NOTHING "answer coalesced 0 0\n"
#define BRINGS(what) "publish " what " state/@.jwks\nanswer new 200 0\n"

/* Relative to now, in ms; 0: not given. */
struct when {
    int64_t next, retry, attempt, inflight;
    bool no_token, negative;                                 /* negative: the kid b */
};

struct cell {
    const char *what;
    int64_t age;                                             /* of the set with a, or NONE */
    struct when when;
    const char *kid;                                         /* of the token: a by key 0, or the unknown b by 1 */
    const char *plan;
    enum jwkscore_status status;
    const char *started;                                     /* # stands for the hash of b */
    const char *part;                                        /* of the message */
    enum cache_state state;
};

#define OK JWKSCORE_OK
#define UNKNOWN JWKSCORE_E_UNKNOWN_KEY
#define SIGNATURE JWKSCORE_E_SIGNATURE
#define UNREACHABLE JWKSCORE_E_UNREACHABLE
#define SUPPRESSED JWKSCORE_E_SUPPRESSED
#define BACK_OFF {.next = 300000, .attempt = -1000}
#define LATE_BACK_OFF {.next = 300000, .attempt = -61000}
#define IN_FLIGHT {.next = 300000, .attempt = -1000, .inflight = -1000}
#define RETRY_AFTER {.retry = 300000}

static const struct cell known_kid[] = {
    {"fresh", FRESH, {0}, "a", FAILS, OK, "", "", CACHE_FRESH},
    {"fresh, back-off", FRESH, BACK_OFF, "a", FAILS, OK, "", "", CACHE_FRESH},
    {"due", DUE, {0}, "a", LINGERS, OK, "due\n", "", CACHE_DUE},
    {"due, no kid token", DUE, {.no_token = true}, "a", FAILS, OK, "due\n", "", CACHE_DUE},
    {"due, back-off", DUE, BACK_OFF, "a", FAILS, OK, "", "", CACHE_DUE},
    {"due, retry-after", DUE, RETRY_AFTER, "a", FAILS, OK, "", "", CACHE_DUE},
    {"due, in flight", DUE, IN_FLIGHT, "a", FAILS, OK, "", "", CACHE_DUE},
    {"due, in flight without back-off", DUE, {.inflight = -1000}, "a", FAILS, OK, "", "", CACHE_DUE},
    {"due, was in flight", DUE, {.inflight = -10500}, "a", FAILS, OK, "due\n", "", CACHE_DUE},
    {"stale, refresh fails", STALE, {0}, "a", FAILS, OK, "stale waited\n", "", CACHE_STALE},
    {"stale, refresh held back", STALE, {0}, "a", "answer backoff 0 9\n", OK, "stale waited\n", "", CACHE_STALE},
    {"stale, refreshed", STALE, {0}, "a", BRINGS("a"), OK, "stale waited\n", "", CACHE_FRESH},
    {"stale, helper dies", STALE, {0}, "a", "kill\n", OK, "stale waited\n", "", CACHE_STALE},
    {"stale, unchanged by another", STALE, {0}, "a", NOTHING, OK, "stale waited\n", "", CACHE_STALE},
    {"stale, back-off", STALE, BACK_OFF, "a", FAILS, OK, "", "", CACHE_STALE},
    {"stale, retry-after", STALE, RETRY_AFTER, "a", FAILS, OK, "", "", CACHE_STALE},
    {"stale, in flight", STALE, IN_FLIGHT, "a", BRINGS("a"), OK, "stale waited\n", "", CACHE_FRESH},
    {"stale, and the key was withdrawn", STALE, {0}, "a", BRINGS("b"), UNKNOWN, "stale waited\n", "no key \"a\"", 0},
    {"stale, and its material was replaced", STALE, {0}, "a", BRINGS("a-by-1"), SIGNATURE, "stale waited\n", "", 0},
    {"stale, replaced, and then it failed", STALE, {0}, "a", "publish a-by-1 state/@.jwks\n" FAILS, SIGNATURE,
     "stale waited\n", "", 0},
    {"expired, refreshed", EXPIRED, {0}, "a", BRINGS("a"), OK, "cold waited\n", "", CACHE_FRESH},
    {"expired, fails", EXPIRED, {0}, "a", FAILS, JWKSCORE_E_STALE, "cold waited\n", "dns, next attempt in 30 s", 0},
    {"expired, back-off", EXPIRED, BACK_OFF, "a", BRINGS("a"), SUPPRESSED, "", "(dns), next attempt in 300 s", 0},
    {"expired, in flight", EXPIRED, IN_FLIGHT, "a", BRINGS("a"), OK, "cold waited\n", "", CACHE_FRESH},
    {"absent, refreshed", NONE, {0}, "a", BRINGS("a"), OK, "cold waited\n", "", CACHE_FRESH},
    {"absent, no kid token", NONE, {.no_token = true}, "a", BRINGS("a"), OK, "cold waited\n", "", CACHE_FRESH},
    {"absent, fails", NONE, {0}, "a", FAILS, UNREACHABLE, "cold waited\n", "failed: dns, next attempt in 30 s", 0},
    {"absent, helper dies", NONE, {0}, "a", "kill\n", UNREACHABLE, "cold waited\n", "without an answer", 0},
    {"absent, back-off", NONE, BACK_OFF, "a", BRINGS("a"), SUPPRESSED, "", "(dns), next attempt in 300 s", 0},
    {"absent, late back-off", NONE, LATE_BACK_OFF, "a", BRINGS("a"), SUPPRESSED, "", "next attempt in 300 s", 0},
    {"absent, retry-after", NONE, RETRY_AFTER, "a", BRINGS("a"), SUPPRESSED, "", "next attempt in 300 s", 0},
    {"absent, in flight", NONE, IN_FLIGHT, "a", BRINGS("a"), OK, "cold waited\n", "", CACHE_FRESH},
    {"absent, nothing came", NONE, {0}, "a", NOTHING, UNREACHABLE, "cold waited\n", "still no usable keys", 0},
    {"absent, brought by another", NONE, {0}, "a", "publish a state/@.jwks\n" FAILS, OK, "cold waited\n", "",
     CACHE_FRESH},
    {"absent, brought by another, and it is not its key", NONE, {0}, "a", "publish a-by-1 state/@.jwks\n" FAILS,
     SIGNATURE, "cold waited\n", "", 0},
    {"absent, brought, then the helper died", NONE, {0}, "a", "publish a state/@.jwks\nkill\n", OK, "cold waited\n", "",
     CACHE_FRESH},
    {"absent, not in the new set", NONE, {0}, "a", BRINGS("b"), UNKNOWN, "cold waited\n", "no key \"a\"", 0},
    {"expired, not in the new set", EXPIRED, {0}, "a", BRINGS("b"), UNKNOWN, "cold waited\n", "no key \"a\"", 0},
    {"absent, an old set from another", NONE, {0}, "a", "publish stale state/@.jwks\n" NOTHING, OK,
     "cold waited\nstale waited\n", "", CACHE_STALE},
};

static const struct cell unknown_kid[] = {
    {"fresh, found", FRESH, {0}, "b", BRINGS("both"), OK, "kid # waited\n", "", CACHE_FRESH},
    {"fresh, not found", FRESH, {0}, "b", BRINGS("a"), UNKNOWN, "kid # waited\n", "no key \"b\"", 0},
    {"fresh, fails", FRESH, {0}, "b", FAILS, UNREACHABLE, "kid # waited\n", "dns", 0},
    {"fresh, another status", FRESH, {0}, "b", "answer http-5xx 503 30\n", JWKSCORE_E_PROVIDER, "kid # waited\n",
     "http-5xx (HTTP 503), next attempt in 30 s", 0},
    {"fresh, helper dies", FRESH, {0}, "b", "kill\n", UNREACHABLE, "kid # waited\n", "without an answer", 0},
    {"fresh, a flood under the lock", FRESH, {0}, "b", "answer flood 0 60\n", SUPPRESSED, "kid # waited\n",
     "held back: flood", 0},
    {"fresh, negative under the lock", FRESH, {0}, "b", "answer negative 0 60\n", UNKNOWN, "kid # waited\n", "", 0},
    {"fresh, not asked again", FRESH, {0}, "b", NOTHING, SUPPRESSED, "kid # waited\n", "not fetched anew", 0},
    {"fresh, found by another", FRESH, {0}, "b", "publish both state/@.jwks\n" FAILS, OK, "kid # waited\n", "",
     CACHE_FRESH},
    {"fresh, found, then the helper died", FRESH, {0}, "b", "publish both state/@.jwks\nkill\n", OK,
     "kid # waited\n", "", CACHE_FRESH},
    {"fresh, negative", FRESH, {.negative = true}, "b", BRINGS("both"), UNKNOWN, "", "no key \"b\"", 0},
    {"fresh, no token", FRESH, {.no_token = true}, "b", BRINGS("both"), SUPPRESSED, "", "held back", 0},
    {"fresh, negative and no token", FRESH, {.negative = true, .no_token = true}, "b", FAILS, UNKNOWN, "", "", 0},
    {"fresh, retry-after", FRESH, RETRY_AFTER, "b", BRINGS("both"), SUPPRESSED, "", "held back", 0},
    {"fresh, first minute of a back-off", FRESH, BACK_OFF, "b", BRINGS("both"), SUPPRESSED, "", "held back", 0},
    {"fresh, later in it", FRESH, LATE_BACK_OFF, "b", BRINGS("both"), OK, "kid # waited\n", "", CACHE_FRESH},
    {"fresh, in flight", FRESH, IN_FLIGHT, "b", BRINGS("both"), OK, "kid # waited\n", "", CACHE_FRESH},
    {"due, found", DUE, {0}, "b", BRINGS("both"), OK, "kid # waited\n", "", CACHE_FRESH},
    {"due, negative", DUE, {.negative = true}, "b", BRINGS("both"), UNKNOWN, "", "", 0},
    {"stale, found", STALE, {0}, "b", BRINGS("both"), OK, "kid # waited\n", "", CACHE_FRESH},
    {"stale, not found", STALE, {0}, "b", BRINGS("a"), UNKNOWN, "kid # waited\n", "", 0},
    {"stale, fails", STALE, {0}, "b", FAILS, UNREACHABLE, "kid # waited\n", "dns", 0},
    {"stale, negative", STALE, {.negative = true}, "b", BRINGS("both"), UNKNOWN, "", "", 0},
    {"stale, no token, found", STALE, {.no_token = true}, "b", BRINGS("both"), OK, "stale waited\n", "",
     CACHE_FRESH},
    {"stale, no token, not found", STALE, {.no_token = true}, "b", BRINGS("a"), UNKNOWN, "stale waited\n", "", 0},
    {"stale, no token, fails", STALE, {.no_token = true}, "b", FAILS, UNREACHABLE, "stale waited\n", "dns", 0},
    {"stale, back-off", STALE, BACK_OFF, "b", BRINGS("both"), SUPPRESSED, "", "held back", 0},
    {"stale, retry-after", STALE, RETRY_AFTER, "b", BRINGS("both"), SUPPRESSED, "", "held back", 0},
    {"expired, back-off", EXPIRED, BACK_OFF, "b", BRINGS("b"), SUPPRESSED, "", "next attempt in 300 s", 0},
    {"expired, found", EXPIRED, {0}, "b", BRINGS("b"), OK, "cold waited\n", "", CACHE_FRESH},
    {"absent, found", NONE, {0}, "b", BRINGS("b"), OK, "cold waited\n", "", CACHE_FRESH},
    {"absent, fails", NONE, {0}, "b", FAILS, UNREACHABLE, "cold waited\n", "dns", 0},
    {"absent, not found", NONE, {0}, "b", BRINGS("a"), UNKNOWN, "cold waited\n", "no key \"b\"", 0},
    {"absent, negative, found all the same", NONE, {.negative = true}, "b", BRINGS("b"), OK, "cold waited\n", "",
     CACHE_FRESH},
};

/* `text` with the id for each @ and the hash of b for each #. */
static const char *filled(const struct stage *stage, const char *text)
{
    const char *out = "";

    for (; *text != '\0'; text++)
        out = *text == '@' ? textf("%s%s", out, stage->id)
            : *text == '#' ? textf("%s%s", out, hash_of(stage, "b")) : textf("%s%c", out, *text);
    return out;
}

static void prepare_all(const struct stage *stage)
{
    const char *a = key_of(0, "a"), *b = key_of(1, "b");

    prepare(stage, "a", 0, mint_jwks(a));
    prepare(stage, "b", 0, mint_jwks(b));
    prepare(stage, "both", 0, mint_jwks(a, b));
    prepare(stage, "a-by-1", 0, mint_jwks(key_of(1, "a")));
    prepare(stage, "stale", STALE, mint_jwks(a));
}

static const char *moment(int64_t relative)
{
    return textf("%lld", relative != 0 ? (long long)(clock_boot_ms() + relative) : 0);
}

static void put_rate(const struct stage *stage, const struct when *when)
{
    const char *entry = textf("[{\"kid\":\"%s\",\"until_b\":%s,\"strikes\":1}]", hash_of(stage, "b"), moment(300000));

    state_put(stage, state_body("dns", "next_b", moment(when->next), "retry_b", moment(when->retry),
                                "attempt_b", moment(when->attempt), "inflight_b", moment(when->inflight),
                                "kid_stamp_b", moment(-1), "kid_tokens", when->no_token ? "0" : "2",
                                "negative", when->negative ? entry : "[]", NULL));
}

static void try_cell(const struct cell *cell)
{
    struct search search;
    struct stage stage;

    stage_open(&stage, "");
    prepare_all(&stage);
    if (cell->age != NONE)
        put_keys(&stage, cell->age, mint_jwks(key_of(0, "a")));
    put_rate(&stage, &cell->when);
    plan("log state/starts\n%s", filled(&stage, cell->plan));
    search = ask(&stage, token_by(cell->kid[0] == 'a' ? 0 : 1, cell->kid));
    ck_assert_msg(search.status == cell->status, "%s: %s: %s", cell->what, jwkscore_reason(search.status),
                  search.error.message);
    ck_assert_msg(strstr(search.error.message, cell->part) != NULL, "%s: \"%s\"", cell->what, search.error.message);
    ck_assert_msg(search.status != OK || search.verified.state == cell->state, "%s: %s", cell->what,
                  cache_state_name(search.verified.state));
    ck_assert_msg(search.took_ms < 2000, "%s took %d ms", cell->what, (int)search.took_ms);
    expect_started(filled(&stage, cell->started));
    stage_close(&stage);
}

START_TEST(each_cell_of_a_known_kid)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known_kid); i++)
        try_cell(&known_kid[i]);
}
END_TEST

START_TEST(each_cell_of_an_unknown_kid)
{
    for (size_t i = 0; i < ARRAY_LENGTH(unknown_kid); i++)
        try_cell(&unknown_kid[i]);
}
END_TEST

/* Each failure keeps its step's name on the way to the log. */
START_TEST(the_message_names_the_step_that_failed)
{
    struct stage stage;

    stage_open(&stage, "");
    for (enum refresh_outcome outcome = OUTCOME_BACKOFF; outcome < OUTCOME_COUNT; outcome++) {
        const char *name = refresh_outcome_name(outcome);
        struct search search;

        if (refresh_is_success(outcome))
            continue;
        plan("log state/starts\nanswer %s 0 30\n", name);
        search = ask(&stage, token_by(0, "a"));
        EXPECT(search, refresh_outcome_status(outcome), textf(": %s, next attempt in 30 s", name));
        expect_started("cold waited\n");
    }
    stage_close(&stage);
}
END_TEST

/* --- waits --- */

START_TEST(each_wait_has_its_own_end)
{
    static const struct {
        const char *kid;
        int64_t age, max_wait, wait;
        enum jwkscore_status status;
        const char *started;
    } rows[] = {
        {"a", STALE, MOST, 1500, OK, "stale waited\n"},
        {"a", STALE, 300, 300, OK, "stale waited\n"},
        {"b", FRESH, MOST, 3000, UNREACHABLE, "kid # waited\n"},
        {"b", FRESH, 300, 300, UNREACHABLE, "kid # waited\n"},
        {"a", NONE, 300, 300, UNREACHABLE, "cold waited\n"},
        {"a", EXPIRED, 300, 300, JWKSCORE_E_STALE, "cold waited\n"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct search search = {.now = NOW, .max_wait = rows[i].max_wait};
        struct stage stage;

        stage_open(&stage, "");
        plan("log state/starts\nsleep %d\n", (int)rows[i].wait + 1200);
        if (rows[i].age != NONE)
            put_keys(&stage, rows[i].age, mint_jwks(key_of(0, "a")));
        ask_as(&stage, token_by(0, rows[i].kid), &search);
        EXPECT(search, rows[i].status, rows[i].status == OK ? "" : "in time");
        ck_assert_msg(search.took_ms >= rows[i].wait && search.took_ms < rows[i].wait + 1000, "row %zu took %d ms",
                      i, (int)search.took_ms);
        expect_started(filled(&stage, rows[i].started));
        stage_close(&stage);
    }
}
END_TEST

/* The longest: a helper's life is ten seconds. */
START_TEST(a_cold_wait_is_eight_seconds)
{
    struct search search = {.now = NOW, .max_wait = 20000};
    int64_t began = clock_boot_ms();
    struct stage stage;

    stage_open(&stage, "");
    plan("log state/starts\nsleep 30000\n");
    ask_as(&stage, token_by(0, "a"), &search);
    EXPECT(search, UNREACHABLE, "in time");
    ck_assert_msg(search.took_ms >= 8000 && search.took_ms < 9000, "%d ms", (int)search.took_ms);
    expect_started("cold waited\n");
    ck_assert_int_lt(clock_boot_ms() - began, 12000); /* alarm(10) has ended it */
    stage_close(&stage);
}
END_TEST

/* What the first wait takes is missing in the second. */
START_TEST(all_waits_share_one_budget)
{
    struct search search = {.now = NOW, .max_wait = 1500};
    struct stage stage;

    stage_open(&stage, "");
    prepare(&stage, "old", FRESH, mint_jwks(key_of(0, "a")));
    plan("log state/starts\nsleep 1000\npublish old state/%s.jwks\n" NOTHING, stage.id);
    ask_as(&stage, token_by(1, "b"), &search);
    EXPECT(search, UNREACHABLE, "in time");
    ck_assert_msg(search.took_ms >= 1500 && search.took_ms < 1900, "%d ms", (int)search.took_ms);
    expect_started(filled(&stage, "cold waited\nkid # waited\n"));
    stage_close(&stage);
}
END_TEST

START_TEST(without_a_budget_nothing_is_waited_for)
{
    struct search search = {.now = NOW, .max_wait = 0};
    struct stage stage;

    stage_open(&stage, "");
    ask_as(&stage, token_by(0, "a"), &search);
    EXPECT(search, UNREACHABLE, "max_wait is used up");
    put_keys(&stage, STALE, mint_jwks(key_of(0, "a")));
    ask_as(&stage, token_by(0, "a"), &search);
    EXPECT(search, OK, "");
    expect_started("");
    stage_close(&stage);
}
END_TEST

/* What was in place when the time was up counts, whoever brought it. */
START_TEST(at_the_deadline_the_cache_is_read_again)
{
    struct search search = {.now = NOW, .max_wait = 700};
    struct stage stage;

    stage_open(&stage, "");
    prepare(&stage, "a", 0, mint_jwks(key_of(0, "a")));
    plan("log state/starts\npublish a state/%s.jwks\nsleep 2000\n", stage.id);
    ask_as(&stage, token_by(0, "a"), &search);
    EXPECT(search, OK, "");
    expect_started("cold waited\n");
    stage_close(&stage);
}
END_TEST

START_TEST(keys_that_expire_during_a_wait_are_not_used)
{
    struct search search;
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, STALE, mint_jwks(key_of(0, "a")));
    prepare(&stage, "expired", EXPIRED, mint_jwks(key_of(0, "a")));
    plan("log state/starts\npublish expired state/%s.jwks\n" FAILS, stage.id);
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, UNREACHABLE, "dns");
    expect_started(textf("stale waited\nkid %s waited\n", hash_of(&stage, "a")));
    stage_close(&stage);
}
END_TEST

START_TEST(for_an_unknown_user_nothing_is_started)
{
    static const struct {
        const char *kid;
        int64_t age;
        enum jwkscore_status status;
    } rows[] = {
        {"a", FRESH, OK}, {"a", DUE, OK}, {"a", STALE, OK},
        {"a", EXPIRED, JWKSCORE_E_STALE}, {"a", NONE, UNREACHABLE},
        {"b", FRESH, UNREACHABLE}, {"b", STALE, UNREACHABLE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct search search = {.now = NOW, .max_wait = MOST, .nobody = true};
        struct stage stage;

        stage_open(&stage, "");
        if (rows[i].age != NONE)
            put_keys(&stage, rows[i].age, mint_jwks(key_of(0, "a")));
        ask_as(&stage, token_by(0, rows[i].kid), &search);
        EXPECT(search, rows[i].status, rows[i].status == OK ? "" : "does not exist");
        expect_started("");
        ask_as(&stage, token_by(1, "a"), &search); /* a bad signature starts nothing either */
        ck_assert_int_ne(search.status, OK);
        expect_started("");
        stage_close(&stage);
    }
}
END_TEST

START_TEST(a_refresh_that_cannot_be_started_has_failed)
{
    static const struct {
        int64_t age;
        enum jwkscore_status status;
        const char *part;
    } rows[] = {
        {FRESH, OK, ""}, {DUE, OK, ""}, {STALE, OK, ""},
        {EXPIRED, JWKSCORE_E_STALE, "ENOENT"}, {NONE, UNREACHABLE, "ENOENT"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct search search;
        struct stage stage;

        stage_open(&stage, "");
        tell(stage.config, "global", "fetch_helper", room_path("no-helper"));
        if (rows[i].age != NONE)
            put_keys(&stage, rows[i].age, mint_jwks(key_of(0, "a")));
        search = ask(&stage, token_by(0, "a"));
        EXPECT(search, rows[i].status, rows[i].part);
        expect_started("");
        stage_close(&stage);
    }
}
END_TEST

/* --- nopersist --- */

START_TEST(keys_that_could_not_be_stored_serve_this_login)
{
    struct search search;
    struct stage stage;

    stage_open(&stage, "");
    prepare(&stage, "a", 0, mint_jwks(key_of(0, "a")));
    plan("log state/starts\nanswer nopersist 200 0 a\n");
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, OK, "");
    ck_assert_int_eq(search.verified.state, CACHE_FRESH);
    search = ask(&stage, token_by(1, "a"));
    EXPECT(search, SIGNATURE, "");
    expect_started("cold waited\ncold waited\n");
    room_write("a", textf("%s\n{\"keys\":[1]}", keys_head(&stage, 0, "issuer", "\"https://other.example.com\"", NULL)));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, UNREACHABLE, "another source");
    expect_started("cold waited\n");
    stage_close(&stage);
}
END_TEST

/* --- tokens without a kid --- */

START_TEST(without_a_kid_exactly_one_key_must_fit_and_nothing_is_asked_for)
{
    static const int64_t ages[] = {FRESH, DUE, STALE};

    for (size_t i = 0; i < ARRAY_LENGTH(ages); i++) {
        static const char *const starts[] = {"", "due\n", "stale waited\n"};
        const char *rsa = mint_jwk(mint_key(MINT_RSA, 0), "\"kid\":\"r\"");
        struct search search;
        struct stage stage;

        stage_open(&stage, "");
        plan("log state/starts\n" FAILS);
        put_keys(&stage, ages[i], mint_jwks(rsa, key_of(0, "a")));
        search = ask(&stage, token_by(0, NULL));
        EXPECT(search, OK, "");
        expect_started(starts[i]);
        put_keys(&stage, ages[i], mint_jwks(key_of(0, "a"), key_of(1, "b")));
        search = ask(&stage, token_by(0, NULL));
        EXPECT(search, UNKNOWN, "several fit");
        expect_started("");
        put_keys(&stage, ages[i], mint_jwks(rsa));
        search = ask(&stage, token_by(0, NULL));
        EXPECT(search, UNKNOWN, "none fits ES256");
        expect_started("");
        stage_close(&stage);
    }
}
END_TEST

START_TEST(a_kid_that_is_there_for_something_else_is_denied_at_once)
{
    struct search search;
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, FRESH, mint_jwks(mint_jwk(mint_key(MINT_RSA, 0), "\"kid\":\"a\""), key_of(0, "b")));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, UNKNOWN, "no key \"a\" for ES256");
    search = ask(&stage, token_by(0, "b"));
    EXPECT(search, OK, "");
    expect_started("");
    stage_close(&stage);
}
END_TEST

/* --- wrong signatures --- */

START_TEST(a_wrong_signature_is_denied_at_once_and_may_mend_the_set_for_the_next)
{
    static const struct {
        int64_t age;
        struct when when;
        const char *started;
    } rows[] = {
        {250, {0}, ""},                                      /* a set this young is right */
        {400, {0}, "sig #\n"},
        {400, {.no_token = true}, ""},
        {400, BACK_OFF, ""},
        {400, LATE_BACK_OFF, ""},
        {400, RETRY_AFTER, ""},
        {400, {.inflight = -1000}, ""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct search search;
        struct stage stage;

        stage_open(&stage, "");
        plan("log state/starts\n" LINGERS);
        put_keys(&stage, rows[i].age, mint_jwks(key_of(0, "b")));
        put_rate(&stage, &rows[i].when);
        search = ask(&stage, token_by(0, "b"));
        EXPECT(search, OK, "");
        expect_started("");
        search = ask(&stage, token_by(1, "b"));
        EXPECT(search, SIGNATURE, "");
        ck_assert_int_lt(search.took_ms, 2000);
        expect_started(filled(&stage, rows[i].started));
        stage_close(&stage);
    }
}
END_TEST

START_TEST(a_cut_rsa_signature_is_an_incomplete_token)
{
    const struct mint_key *key = mint_rsa_of(3072, 65537);
    const char *payload = mint_claims(NULL, NULL);
    const char *whole = mint_token(key, "RS256", mint_header("RS256", "r"), payload);
    size_t length = strlen(whole);
    struct search search;
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, 400, mint_jwks(mint_jwk(key, "\"kid\":\"r\"")));
    search = ask(&stage, whole);
    EXPECT(search, OK, "");
    search = ask(&stage, kept(whole, length - 112).bytes); /* 400 characters of 512: long enough for a smaller key */
    EXPECT(search, JWKSCORE_E_INCOMPLETE, "300 of 384 bytes");
    search = ask(&stage, mint_token(key, "RS256", mint_header("RS256", "r"), payload));
    EXPECT(search, OK, "");
    expect_started("");
    stage_close(&stage);
}
END_TEST

/* 2^2048 - 1, which three divides: found by the fetcher for a cached set, by the reader for a jwks_file. */
#define DIVISIBLE "{\"kty\":\"RSA\",\"kid\":\"r\",\"e\":\"AQAB\",\"n\":\"%sw\"}"

START_TEST(a_key_that_is_not_fit_is_no_key)
{
    const char *off_curve = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":\"AQ\",\"y\":\"AQ\"}";
    const char *divisible = textf(DIVISIBLE, repeated("_", 341));
    const struct mint_key *rsa = mint_key(MINT_RSA, 0);
    const char *by_rsa = mint_token(rsa, "RS256", mint_header("RS256", "r"), mint_claims(NULL, NULL));
    const char *path = room_path("corp.jwks");
    struct search search;
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, FRESH, mint_jwks(off_curve, divisible, key_of(0, "b")));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, UNKNOWN, "");
    search = ask(&stage, token_by(0, "b"));
    EXPECT(search, OK, "");
    search = ask(&stage, by_rsa);
    EXPECT(search, SIGNATURE, "");
    expect_started("");
    stage_close(&stage);
    room_write("corp.jwks", mint_jwks(divisible, mint_jwk(rsa, "\"kid\":\"good\"")));
    stage_open(&stage, textf("jwks_file = %s\n", path));
    search = ask(&stage, by_rsa);
    EXPECT(search, UNKNOWN, "not fit for use");
    search = ask(&stage, mint_token(rsa, "RS256", mint_header("RS256", "good"), mint_claims(NULL, NULL)));
    EXPECT(search, OK, "");
    stage_close(&stage);
    room_drop("corp.jwks");
}
END_TEST

START_TEST(of_several_keys_under_one_kid_each_is_tried)
{
    struct search search;
    struct stage stage;

    stage_open(&stage, "");
    put_keys(&stage, FRESH, mint_jwks(key_of(1, "a"), key_of(0, "a")));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, OK, "");
    search = ask(&stage, token_by(1, "a"));
    EXPECT(search, OK, "");
    put_keys(&stage, FRESH, mint_jwks(key_of(1, "a"), key_of(1, "a")));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, SIGNATURE, "");
    expect_started("");
    stage_close(&stage);
}
END_TEST

/* --- denied_key --- */

START_TEST(a_denied_key_is_refused_before_any_wait)
{
    struct search search;
    struct stage stage;

    stage_open(&stage, "denied_key = a\n");
    search = ask(&stage, token_by(0, "a")); /* nothing is cached */
    EXPECT(search, JWKSCORE_E_DENIED_KEY, "denied_key");
    expect_started("");
    put_keys(&stage, FRESH, mint_jwks(key_of(0, "a"), key_of(1, "b")));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, JWKSCORE_E_DENIED_KEY, "denied_key");
    search = ask(&stage, token_by(1, "b"));
    EXPECT(search, OK, "");
    put_keys(&stage, FRESH, mint_jwks(key_of(0, "a")));
    search = ask(&stage, token_by(0, NULL)); /* by the key's own kid */
    EXPECT(search, JWKSCORE_E_DENIED_KEY, "denied_key");
    expect_started("");
    stage_close(&stage);
}
END_TEST

START_TEST(a_key_may_be_denied_by_its_thumbprint)
{
    struct search search;
    struct stage stage;

    stage_open(&stage, textf("denied_key = %s\n", mint_thumbprint(mint_key(MINT_P256, 0))));
    put_keys(&stage, FRESH, mint_jwks(key_of(0, "a"), key_of(1, "b")));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, JWKSCORE_E_DENIED_KEY, "denied_key");
    search = ask(&stage, token_by(1, "b"));
    EXPECT(search, OK, "");
    put_keys(&stage, FRESH, mint_jwks(key_of(1, "a"), key_of(0, "b")));
    search = ask(&stage, token_by(1, "a"));
    EXPECT(search, OK, "");
    search = ask(&stage, token_by(0, "b"));
    EXPECT(search, JWKSCORE_E_DENIED_KEY, "denied_key");
    put_keys(&stage, STALE, mint_jwks(key_of(1, "a"), key_of(0, "b")));
    search = ask(&stage, token_by(0, "b"));
    EXPECT(search, JWKSCORE_E_DENIED_KEY, "denied_key");
    expect_started("");
    stage_close(&stage);
}
END_TEST

/* The keys that were found before the wait are not those that are there after it. */
START_TEST(denied_keys_are_looked_for_in_the_set_that_is_there_after_a_wait)
{
    struct search search;
    struct stage stage;

    stage_open(&stage, "denied_key = z\n"); /* as long as the kid: it is compared byte for byte */
    plan("log state/starts\n" FAILS);
    put_keys(&stage, STALE, mint_jwks(key_of(0, "a")));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, OK, "");
    expect_started("stale waited\n");
    stage_close(&stage);
}
END_TEST

/* --- vanished keys --- */

START_TEST(a_vanished_key_is_used_within_its_grace)
{
    static const struct {
        const char *grace;
        int64_t age;
        bool used;
    } rows[] = {
        {"0", FRESH, false}, {"3605s", FRESH, false}, {"3620s", FRESH, true}, {"2h", FRESH, true}, {"3905s", 300, true},
        {"3895s", 300, false}, {"7d", FRESH, true},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct search search;
        struct stage stage;
        const char *head;

        stage_open(&stage, textf("key_grace = %s\n", rows[i].grace));
        plan("log state/starts\n" FAILS);
        head = keys_head(&stage, rows[i].age, "gone", "[3600]", NULL);
        cachefile_put(&stage, "state", ".jwks",
                      cachefile(&stage, "keys", head, mint_jwks(key_of(0, "a"), key_of(1, "b"))));
        search = ask(&stage, token_by(0, "a"));
        EXPECT(search, OK, "");
        ck_assert(!search.verified.vanished);
        search = ask(&stage, token_by(1, "b"));
        EXPECT(search, rows[i].used ? OK : UNREACHABLE, rows[i].used ? "" : "dns");
        ck_assert(!rows[i].used || search.verified.vanished);
        expect_started(rows[i].used ? "" : filled(&stage, "kid # waited\n"));
        stage_close(&stage);
    }
}
END_TEST

/* After a reboot with a clock that lags by less than a refusal, nobody can tell for how long it has been missing. */
START_TEST(a_vanished_key_is_not_used_where_the_age_is_unknown)
{
    struct search search;
    struct stage stage;
    const char *head;

    stage_open(&stage, "key_grace = 7d\nmax_stale = 30d\n");
    plan("log state/starts\n" FAILS);
    head = keys_head(&stage, FRESH, "gone", "[0]", "boot", "\"00000000-0000-4000-8000-000000000000\"", "validated_w",
                     textf("%lld", (long long)NOW + 60), NULL);
    cachefile_put(&stage, "state", ".jwks", cachefile(&stage, "keys", head, mint_jwks(key_of(0, "a"), key_of(1, "b"))));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, OK, "");
    ck_assert_int_eq(search.verified.state, CACHE_STALE);
    expect_started("stale waited\n");
    search = ask(&stage, token_by(1, "b"));
    EXPECT(search, UNREACHABLE, "dns");
    expect_started(filled(&stage, "kid # waited\n"));
    stage_close(&stage);
}
END_TEST

START_TEST(a_vanished_key_stands_behind_a_current_one_and_needs_its_kid)
{
    struct search search;
    struct stage stage;

    stage_open(&stage, "key_grace = 7d\n");
    cachefile_put(&stage, "state", ".jwks", cachefile(&stage, "keys", keys_head(&stage, FRESH, "gone", "[0]", NULL),
                                                      mint_jwks(key_of(0, "a"), key_of(1, "a"))));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, OK, "");
    search = ask(&stage, token_by(1, "a"));
    EXPECT(search, SIGNATURE, "");
    cachefile_put(&stage, "state", ".jwks", cachefile(&stage, "keys", keys_head(&stage, FRESH, "gone", "[0]", NULL),
        mint_jwks(mint_jwk(mint_key(MINT_RSA, 0), "\"kid\":\"r\""), key_of(1, "b"))));
    search = ask(&stage, token_by(1, "b"));
    EXPECT(search, OK, "");
    ck_assert(search.verified.vanished);
    search = ask(&stage, token_by(1, NULL));
    EXPECT(search, UNKNOWN, "none fits");
    expect_started("");
    stage_close(&stage);
}
END_TEST

/* --- the clock --- */

START_TEST(a_clock_that_is_too_early_is_refused_and_asked_about)
{
    const int64_t floor = NOW + 1000;
    struct search search = {.now = floor - 301, .max_wait = MOST};
    bool long_up = clock_boot_ms() >= 301000;
    struct stage stage;

    stage_open(&stage, "");
    plan("log state/starts\n" LINGERS);
    cachefile_put(&stage, "state", ".jwks", cachefile(&stage, "keys", keys_head(&stage, FRESH, "floor_w",
        textf("%lld", (long long)floor), NULL), mint_jwks(key_of(0, "a"))));
    if (long_up) {
        put_rate(&stage, &(struct when){.attempt = -301000});
        ask_as(&stage, token_by(0, "a"), &search);
        EXPECT(search, JWKSCORE_E_CLOCK, "clock");
        ck_assert_int_lt(search.took_ms, 2000);
        expect_started("clock\n");
    } else
        fprintf(stderr, "skipped: this host has been up for less than 301 s\n");
    put_rate(&stage, &(struct when){.attempt = -290000 < -clock_boot_ms() ? -1 : -290000});
    ask_as(&stage, token_by(0, "a"), &search);
    EXPECT(search, JWKSCORE_E_CLOCK, "clock");
    expect_started("");
    search.now = floor - 300;
    ask_as(&stage, token_by(0, "a"), &search);
    EXPECT(search, OK, "");
    room_drop(textf("state/%s.jwks", stage.id)); /* the build's floor holds without a set */
    search.now = JWKS_BUILD_TIME - 301;
    ask_as(&stage, token_by(0, "a"), &search);
    EXPECT(search, JWKSCORE_E_CLOCK, "clock");
    expect_started("");
    stage_close(&stage);
}
END_TEST

static enum jwkscore_status check_clock(const struct stage *stage, int64_t now)
{
    CLEANUP(token_freep) struct token *token = token_of(mint_claims(NULL, NULL));
    enum account_known known = ACCOUNT_UNASKED;
    const struct keys_request request = {stage->config, stage->issuer, token, now, MOST, "nobody-here", &known};

    return keys_check_clock(&request, NULL);
}

START_TEST(the_clock_is_checked_whatever_is_cached)
{
    const int64_t build = JWKS_BUILD_TIME;
    struct stage stage;

    stage_open(&stage, "");
    ck_assert_status(check_clock(&stage, build - 300), OK);
    ck_assert_status(check_clock(&stage, build - 301), JWKSCORE_E_CLOCK);
    put_keys(&stage, 0, mint_jwks(key_of(0, "a"))); /* its floor is NOW */
    ck_assert_status(check_clock(&stage, NOW - 300), OK);
    ck_assert_status(check_clock(&stage, NOW - 301), JWKSCORE_E_CLOCK);
    room_folder("state", 0777);
    ck_assert_status(check_clock(&stage, build - 300), OK);
    ck_assert_status(check_clock(&stage, build - 301), JWKSCORE_E_CLOCK);
    room_folder("state", 0755);
    expect_started("");
    stage_close(&stage);
}
END_TEST

/* --- jwks_file --- */

START_TEST(an_air_gapped_set_is_read_and_never_fetched)
{
    const char *path = room_path("corp.jwks");
    struct search search;
    struct stage stage;

    stage_open(&stage, textf("jwks_file = %s\ndenied_key = c %s\n", path, mint_thumbprint(mint_key(MINT_ED25519, 0))));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, JWKSCORE_E_SYSTEM, "ENOENT");
    room_write("corp.jwks", mint_jwks(key_of(0, "a"), key_of(1, "c"), "{\"kty\":\"oct\",\"k\":\"AA\"}",
                                      mint_jwk(mint_key(MINT_ED25519, 0), "\"kid\":\"d\"")));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, OK, "");
    ck_assert(search.verified.state == CACHE_FILE && search.verified.age == 0 && !search.verified.vanished);
    search = ask(&stage, token_by(1, "a"));
    EXPECT(search, SIGNATURE, "");
    search = ask(&stage, token_by(1, "b"));
    EXPECT(search, UNKNOWN, "no key \"b\"");
    search = ask(&stage, token_by(1, "c"));
    EXPECT(search, JWKSCORE_E_DENIED_KEY, "");
    search = ask(&stage, mint_good("EdDSA", "d", mint_claims(NULL, NULL)));
    EXPECT(search, JWKSCORE_E_DENIED_KEY, "");
    search = (struct search){.now = JWKS_BUILD_TIME - 301, .max_wait = MOST};
    ask_as(&stage, token_by(0, "a"), &search);
    EXPECT(search, JWKSCORE_E_CLOCK, "");
    room_write("corp.jwks", textf("{\"keys\":[%s%s]}", repeated("1,", 127), key_of(0, "a")));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, OK, "");
    room_write("corp.jwks", textf("{\"keys\":[%s%s]}", repeated("1,", 128), key_of(0, "a")));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, JWKSCORE_E_CONFIG, "corp.jwks");
    room_write("corp.jwks", "{\"keys\":[1]");
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, JWKSCORE_E_CONFIG, "corp.jwks");
    room_write_bytes("corp.jwks", text_from(mint_jwks(key_of(0, "a"))), 0664);
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, JWKSCORE_E_UNSAFE_FILE, "corp.jwks");
    expect_started("");
    room_drop("corp.jwks");
    stage_close(&stage);
}
END_TEST

/* --- what `explain` shows --- */

static void note_rule(void *data, const struct jwkscore_trace *trace)
{
    const char **lines = data;
    const char *origin = trace->origin != NULL ? trace->origin : "";

    *lines = textf("%s%s=%s(%s)%s ", *lines, trace->rule, jwkscore_reason(trace->status), trace->found,
                   strcmp(origin, "default") == 0 || *origin == '\0' ? "" : "!");
}

/* The rules of one search: RULE=STATUS(FOUND), and ! where a line of jwks.conf decided. */
static const char *rules_of(const struct stage *stage, const char *token, int64_t now)
{
    struct search search = {.now = now, .max_wait = MOST};
    const char *lines = "";

    jwkscore_config_trace(stage->config, note_rule, &lines);
    ask_as(stage, token, &search);
    jwkscore_config_trace(stage->config, NULL, NULL);
    return lines;
}

START_TEST(each_step_is_shown_to_who_asks)
{
    struct stage stage;

    stage_open(&stage, "denied_key = c\nmax_stale = 2d\n");
    put_keys(&stage, FRESH, mint_jwks(key_of(0, "a")));
    put_rate(&stage, &(struct when){.no_token = true, .attempt = -1});
    ck_assert_str_eq(rules_of(&stage, token_by(0, "a"), NOW), "key=ok(a) cache=ok(fresh)! signature=ok(a) ");
    ck_assert_str_eq(rules_of(&stage, token_by(1, "a"), NOW), "key=ok(a) cache=ok(fresh)! signature=signature(a) ");
    ck_assert_str_eq(rules_of(&stage, token_by(1, "b"), NOW), "key=ok(b) cache=ok(fresh)! key=suppressed(b) ");
    ck_assert_str_eq(rules_of(&stage, token_by(1, "c"), NOW), "key=denied-key(c)! ");
    ck_assert_str_eq(rules_of(&stage, token_by(0, "a"), JWKS_BUILD_TIME - 301), "key=ok(a) clock=clock() ");
    expect_started("");
    stage_close(&stage);
    stage_open(&stage, textf("denied_key = %s\n", mint_thumbprint(mint_key(MINT_P256, 0))));
    put_keys(&stage, FRESH, mint_jwks(key_of(0, "a")));
    ck_assert_str_eq(rules_of(&stage, token_by(0, "a"), NOW), "key=ok(a) key=denied-key(a)! ");
    stage_close(&stage);
}
END_TEST

/* --- the rest of the way --- */

START_TEST(a_file_that_was_passed_over_is_told_with_a_yes_too)
{
    struct search search;
    struct stage stage;

    stage_open(&stage, "");
    cachefile_put(&stage, "state", ".prev", cachefile(&stage, "keys", keys_head(&stage, FRESH, NULL),
                                                      mint_jwks(key_of(0, "a"))));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, OK, "");
    ck_assert_str_eq(search.verified.note, "");
    cachefile_put(&stage, "state", ".jwks", TEXT("torn"));
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, OK, "");
    ck_assert_ptr_nonnull(strstr(search.verified.note, "cache-corrupt: "));
    expect_started("");
    stage_close(&stage);
}
END_TEST

START_TEST(unsafe_files_are_told_from_missing_ones)
{
    struct search search;
    struct stage stage;

    stage_open(&stage, "");
    plan("log state/starts\n" NOTHING);
    put_keys(&stage, FRESH, mint_jwks(key_of(0, "a")));
    ck_assert_int_eq(chmod(room_path(textf("state/%s.jwks", stage.id)), 0666), 0);
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, UNREACHABLE, "cache-unsafe: ");
    expect_started("cold waited\n");
    room_folder("state", 0777);
    search = ask(&stage, token_by(0, "a"));
    EXPECT(search, JWKSCORE_E_UNSAFE_FILE, "writable by others");
    room_folder("state", 0755);
    expect_started("");
    stage_close(&stage);
}
END_TEST

int main(int argc, char **argv)
{
    if (IS_HELPER(argc, argv))
        return helper_main(argc, argv, NULL);
    if (!stage_possible())
        return 77;
    return RUN_IN_ROOM("keys", each_cell_of_a_known_kid, each_cell_of_an_unknown_kid,
                       the_message_names_the_step_that_failed,
                       each_wait_has_its_own_end, a_cold_wait_is_eight_seconds, all_waits_share_one_budget,
                       without_a_budget_nothing_is_waited_for, at_the_deadline_the_cache_is_read_again,
                       keys_that_expire_during_a_wait_are_not_used,
                       for_an_unknown_user_nothing_is_started, a_refresh_that_cannot_be_started_has_failed,
                       keys_that_could_not_be_stored_serve_this_login,
                       without_a_kid_exactly_one_key_must_fit_and_nothing_is_asked_for,
                       a_kid_that_is_there_for_something_else_is_denied_at_once,
                       a_wrong_signature_is_denied_at_once_and_may_mend_the_set_for_the_next,
                       a_cut_rsa_signature_is_an_incomplete_token, a_key_that_is_not_fit_is_no_key,
                       of_several_keys_under_one_kid_each_is_tried, a_denied_key_is_refused_before_any_wait,
                       a_key_may_be_denied_by_its_thumbprint,
                       denied_keys_are_looked_for_in_the_set_that_is_there_after_a_wait,
                       a_vanished_key_is_used_within_its_grace,
                       a_vanished_key_is_not_used_where_the_age_is_unknown,
                       a_vanished_key_stands_behind_a_current_one_and_needs_its_kid,
                       a_clock_that_is_too_early_is_refused_and_asked_about, the_clock_is_checked_whatever_is_cached,
                       an_air_gapped_set_is_read_and_never_fetched, each_step_is_shown_to_who_asks,
                       a_file_that_was_passed_over_is_told_with_a_yes_too, unsafe_files_are_told_from_missing_ones);
}
