/* SPDX-License-Identifier: Apache-2.0 */
/* check_account.c: claims become account names; may this account be used? (SECURITY-CHECKLIST U1 to U7, P4) */
#include "support.h"

#include <dlfcn.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Room for a section without the user_claim of CORP. */
#define SECTION "[issuer corp]\nissuer = " CORP_ISSUER "\naudience = ssh-prod\n"

/* --- getpwnam_r() is ours in this program: for some names it answers what a strange database would --- */

static const struct {
    const char *asked, *called; /* NULL: nothing, for the result is an error */
    uid_t uid;
    size_t room; /* that the entry takes */
    int result;
} strange[] = {
    {"folded", "Folded", 2000, 0, 0},
    {"large", "large", 2000, 100000, 0},
    {"boundless", "boundless", 2000, SIZE_MAX, 0},
    {"minus-one", "minus-one", (uid_t)-1, 0, 0},
    {"toor", "toor", 0, 0, 0},
    {"unsaid", NULL, 0, 0, EIO},
};

int getpwnam_r(const char *name, struct passwd *entry, char *room, size_t size, struct passwd **ret_found)
{
    int (*own)(const char *, struct passwd *, char *, size_t, struct passwd **);

    for (size_t i = 0; i < ARRAY_LENGTH(strange); i++) {
        if (strcmp(name, strange[i].asked) != 0)
            continue;
        *ret_found = NULL;
        if (size < strange[i].room)
            return ERANGE;
        if (strange[i].called == NULL)
            return strange[i].result;
        *entry = (struct passwd){.pw_name = (char *)strange[i].called, .pw_uid = strange[i].uid};
        *ret_found = entry;
        return 0;
    }
    *(void **)&own = dlsym(RTLD_NEXT, "getpwnam_r");
    return own(name, entry, room, size, ret_found);
}

/* --- names --- */

static const struct {
    const char *name;
    bool valid;
} account_names[] = {
    {"a", true},
    {"alice", true},
    {"_apt", true},
    {"a-b_c9", true},
    {"abcdefghijklmnopqrstuvwxyz012345", true}, /* 32 */
    {"abcdefghijklmnopqrstuvwxyz0123456", false},
    {"", false},
    {"-a", false},
    {"9a", false},
    {"42", false},
    {"Alice", false},
    {"a.b", false},
    {"a b", false},
    {"a/b", false},
    {"a:b", false},
    {"a@b", false},
    {"a+b", false},
    {"a\\b", false},
    {"a\n", false},
    {"#0", false},
    {"%a", false},
    {"\xc3\xa4", false},
    {"a$", false},
};

START_TEST(a_name_is_of_the_one_form_or_none)
{
    for (size_t i = 0; i < ARRAY_LENGTH(account_names); i++) {
        ck_assert_msg(account_name_valid(text_from(account_names[i].name)) == account_names[i].valid, "\"%s\"",
                      account_names[i].name);
        ck_assert_int_eq(jwkscore_account_valid(account_names[i].name), account_names[i].valid);
    }
    ck_assert_int_eq(jwkscore_account_valid(NULL), 0);
}
END_TEST

START_TEST(a_name_with_a_nul_is_none)
{
    ck_assert(account_name_valid(TEXT("alice")));
    ck_assert(!account_name_valid(TEXT("ali\0ce")));
}
END_TEST

/* --- claims to names --- */

struct mapping {
    const char *lines;   /* behind SECTION */
    const char *payload;
    const char *accounts; /* joined by spaces; NULL: the status */
    enum jwkscore_status status;
    const char *message; /* a part of it */
};

static const struct mapping mappings[] = {
    {"user_claim = preferred_username\n", "{\"preferred_username\":\"alice\"}", "alice", JWKSCORE_OK, ""},
    {"user_claim = preferred_username\n", "{}", NULL, JWKSCORE_E_UNMAPPED, "no user name in the token"},
    {"user_claim = preferred_username\n", "{\"preferred_username\":\"\"}", NULL, JWKSCORE_E_UNMAPPED, "1 to 1024"},
    {"user_claim = preferred_username\n", "{\"preferred_username\":\"Alice\"}", NULL, JWKSCORE_E_UNMAPPED, "no account name"},
    {"user_claim = preferred_username\n", "{\"preferred_username\":\" alice\"}", NULL, JWKSCORE_E_UNMAPPED, "no account name"},
    {"user_claim = preferred_username\n", "{\"preferred_username\":\"alice\\n\"}", NULL, JWKSCORE_E_UNMAPPED, "\\x0a"},
    {"user_claim = preferred_username\n", "{\"preferred_username\":[\"alice\"]}", NULL, JWKSCORE_E_UNMAPPED, "an array"},
    {"user_claim = preferred_username\n", "{\"preferred_username\":7}", NULL, JWKSCORE_E_UNMAPPED, "a number"},
    {"user_claim = preferred_username\n", "{\"preferred_username\":{\"a\":\"alice\"}}", NULL, JWKSCORE_E_UNMAPPED, "an object"},
    {"user_claim = preferred_username\n", "{\"preferred_username\":null}", NULL, JWKSCORE_E_UNMAPPED, "null"},
    {"user_claim = preferred_username\n", "{\"Preferred_username\":\"alice\"}", NULL, JWKSCORE_E_UNMAPPED, "no user name"},
    /* names with punctuation are names, and a pointer goes deeper */
    {"user_claim = https://example.com/login\n", "{\"https://example.com/login\":\"alice\"}", "alice", JWKSCORE_OK, ""},
    {"user_claim = /kubernetes.io/namespace\n", "{\"kubernetes.io\":{\"namespace\":\"alice\"}}", "alice", JWKSCORE_OK, ""},
    {"user_claim = /kubernetes.io/namespace\n", "{\"kubernetes.io\":{\"names\":\"alice\"}}", NULL, JWKSCORE_E_UNMAPPED, ""},
    /* user_match covers the whole value, whatever it is anchored to */
    {"user_claim = upn\nuser_match = ([a-z]+)@example\\.com\nuser_name = \\1\n", "{\"upn\":\"alice@example.com\"}", "alice", JWKSCORE_OK, ""},
    {"user_claim = upn\nuser_match = ([a-z]+)@example\\.com\nuser_name = \\1\n", "{\"upn\":\"alice@example.com.evil\"}", NULL, JWKSCORE_E_UNMAPPED, "user_match"},
    {"user_claim = upn\nuser_match = ([a-z]+)@example\\.com\nuser_name = \\1\n", "{\"upn\":\"x:alice@example.com\"}", NULL, JWKSCORE_E_UNMAPPED, "user_match"},
    {"user_claim = upn\nuser_match = ([a-z]+)@example\\.com\nuser_name = \\1\n", "{\"upn\":\"alice@example.com\\n\"}", NULL, JWKSCORE_E_UNMAPPED, "user_match"},
    {"user_claim = upn\nuser_match = ([a-z]+)@example\\.com\nuser_name = \\1\n", "{\"upn\":\"alice@examplexcom\"}", NULL, JWKSCORE_E_UNMAPPED, "user_match"},
    {"user_claim = upn\nuser_match = ([a-z]+)@example\\.com\nuser_name = \\1\n", "{\"upn\":\"ALICE@example.com\"}", NULL, JWKSCORE_E_UNMAPPED, "user_match"},
    {"user_claim = upn\nuser_match = a|alice\n", "{\"upn\":\"alice\"}", "alice", JWKSCORE_OK, ""}, /* the longest wins */
    {"user_claim = upn\nuser_match = [a-z]+\n", "{\"upn\":\"alice\"}", "alice", JWKSCORE_OK, ""},
    {"user_claim = upn\nuser_match = ([a-z]+)-(x)?([0-9]+)\nuser_name = \\3\n", "{\"upn\":\"a-7\"}", NULL, JWKSCORE_E_UNMAPPED, "\"7\" is no account name"},
    {"user_claim = upn\nuser_match = ([a-z]+)-(x)?([0-9]+)\nuser_name = u\\3\\2\\1\n", "{\"upn\":\"a-7\"}", "u7a", JWKSCORE_OK, ""},
    {"user_claim = upn\nuser_match = .*\nuser_name = shared\n", "{\"upn\":\"whoever\"}", "shared", JWKSCORE_OK, ""},
    /* U3: an address counts once the provider has verified it */
    {"user_claim = email\nuser_match = ([a-z]+)@h\nuser_name = \\1\n", "{\"email\":\"al@h\",\"email_verified\":true}", "al", JWKSCORE_OK, ""},
    {"user_claim = email\nuser_match = ([a-z]+)@h\nuser_name = \\1\n", "{\"email\":\"al@h\",\"email_verified\":false}", NULL, JWKSCORE_E_UNMAPPED, "email_verified"},
    {"user_claim = email\nuser_match = ([a-z]+)@h\nuser_name = \\1\n", "{\"email\":\"al@h\",\"email_verified\":\"true\"}", NULL, JWKSCORE_E_UNMAPPED, "email_verified"},
    {"user_claim = email\nuser_match = ([a-z]+)@h\nuser_name = \\1\n", "{\"email\":\"al@h\",\"email_verified\":1}", NULL, JWKSCORE_E_UNMAPPED, "email_verified"},
    {"user_claim = email\nuser_match = ([a-z]+)@h\nuser_name = \\1\n", "{\"email\":\"al@h\"}", NULL, JWKSCORE_E_UNMAPPED, "email_verified"},
    {"user_claim = /email\nuser_match = ([a-z]+)@h\nuser_name = \\1\n", "{\"email\":\"al@h\",\"email_verified\":true}", "al", JWKSCORE_OK, ""},
    {"user_claim = /email\nuser_match = ([a-z]+)@h\nuser_name = \\1\n", "{\"email\":\"al@h\",\"email_verified\":false}", NULL, JWKSCORE_E_UNMAPPED, "email_verified"},
};

static void expect_mapping(const char *text, const struct mapping *mapping)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_loaded(text);
    CLEANUP(token_freep) struct token *token = token_of(mapping->payload);
    struct strings accounts = {(char **)&accounts, 99}; /* poisoned: untouched on failure */
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    const char *joined = "";
    enum jwkscore_status status = account_map(config, corp(config), token, &accounts, &error);

    ck_assert_msg(status == mapping->status, "%s of %s: %s", mapping->lines, mapping->payload, error.message);
    if (status != JWKSCORE_OK) {
        ck_assert_uint_eq(accounts.count, 99);
        ck_assert_msg(strstr(error.message, mapping->message) != NULL, "\"%s\" lacks \"%s\"", error.message, mapping->message);
        return;
    }
    for (size_t i = 0; i < accounts.count; i++)
        joined = textf("%s%s%s", joined, i > 0 ? " " : "", accounts.at[i]);
    ck_assert_str_eq(joined, mapping->accounts);
    strings_free(&accounts);
}

START_TEST(a_claim_becomes_an_account)
{
    for (size_t i = 0; i < ARRAY_LENGTH(mappings); i++)
        expect_mapping(textf("%s%s", SECTION, mappings[i].lines), &mappings[i]);
}
END_TEST

START_TEST(a_claim_of_1024_bytes_is_looked_at_and_a_longer_one_is_not)
{
    const struct mapping fits = {"", textf("{\"upn\":\"%s\"}", repeated("a", 1024)), "x", JWKSCORE_OK, ""};
    const struct mapping longer = {"", textf("{\"upn\":\"%s\"}", repeated("a", 1025)), NULL, JWKSCORE_E_UNMAPPED, "1 to 1024"};
    const char *text = SECTION "user_claim = upn\nuser_match = a*\nuser_name = x\n";

    expect_mapping(text, &fits);
    expect_mapping(text, &longer);
}
END_TEST

/* --- maps --- */

static const struct {
    const char *map, *value, *accounts;
    enum jwkscore_status status;
    const char *message;
} maps[] = {
    {"s-1 alice\n", "s-1", "alice", JWKSCORE_OK, ""},
    {"s-1 alice", "s-1", "alice", JWKSCORE_OK, ""},
    {"# who\n\ns-1 alice\ns-2 bob\n", "s-2", "bob", JWKSCORE_OK, ""},
    {"s-1 alice,deploy\n", "s-1", "alice deploy", JWKSCORE_OK, ""},
    {"Alice Test alice\n", "Alice Test", "alice", JWKSCORE_OK, ""},
    {"s-1 alice\n", "s-2", NULL, JWKSCORE_E_UNMAPPED, "has no line"},
    {"s-1 alice\n", "s-", NULL, JWKSCORE_E_UNMAPPED, "has no line"},
    {"s-1 alice\n", "S-1", NULL, JWKSCORE_E_UNMAPPED, "has no line"},
    {"s-1 alice\ns-1 bob\n", "s-1", NULL, JWKSCORE_E_CONFIG, "map:2: a value that an earlier line has"},
    {"s-1 alice\ns-2\n", "s-1", NULL, JWKSCORE_E_CONFIG, "map:2: not of the form"},
    {"s-1 alice\n s-2 \n", "s-1", NULL, JWKSCORE_E_CONFIG, "map:2: not of the form"},
    {"s-1 alice\ns-2 Bob\n", "s-1", NULL, JWKSCORE_E_CONFIG, "map:2: not of the form"},
    {"s-1 alice\ns-2 bob,\n", "s-1", NULL, JWKSCORE_E_CONFIG, "map:2: not of the form"},
    {"s-1 alice\ns-2 ,bob\n", "s-1", NULL, JWKSCORE_E_CONFIG, "map:2: not of the form"},
    {"s-1 alice\r\n", "s-1", NULL, JWKSCORE_E_CONFIG, "map:1: not of the form"},
    {"s-1 alice\n\xff\xff x\n", "s-1", NULL, JWKSCORE_E_CONFIG, "not UTF-8"},
};

START_TEST(a_map_is_exact_and_one_bad_line_spoils_it)
{
    for (size_t i = 0; i < ARRAY_LENGTH(maps); i++) {
        const char *path = room_write("map", maps[i].map);
        const struct mapping mapping = {maps[i].map, textf("{\"sub\":\"%s\"}", maps[i].value), maps[i].accounts,
                                        maps[i].status, maps[i].message};

        expect_mapping(textf("%suser_claim = sub\nuser_map = %s\n", SECTION, path), &mapping);
    }
}
END_TEST

START_TEST(a_map_that_cannot_be_trusted_or_read_is_a_fault_and_no_empty_list)
{
    const char *path = room_write_bytes("map", TEXT("s-1 alice\n"), 0644);
    const char *text = textf("%suser_claim = sub\nuser_map = %s\n", SECTION, path);
    struct mapping mapping = {"", "{\"sub\":\"s-1\"}", "alice", JWKSCORE_OK, ""};

    expect_mapping(text, &mapping);
    ck_assert_int_eq(chmod(path, 0666), 0);
    mapping = (struct mapping){"", mapping.payload, NULL, JWKSCORE_E_UNSAFE_FILE, "writable by others"};
    expect_mapping(text, &mapping);
    room_drop("map");
    mapping = (struct mapping){"", mapping.payload, NULL, JWKSCORE_E_SYSTEM, "ENOENT"};
    expect_mapping(text, &mapping);
}
END_TEST

/* --- the account asked for --- */

START_TEST(the_user_is_among_the_accounts_byte_for_byte)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_loaded(CORP);
    char *names[] = {(char *)"alice", (char *)"deploy"};
    const struct strings accounts = {names, 2};
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    ck_assert_status(account_among(config, &accounts, "alice", NULL), JWKSCORE_OK);
    ck_assert_status(account_among(config, &accounts, "deploy", NULL), JWKSCORE_OK);
    ck_assert_status(account_among(config, &accounts, "alic", NULL), JWKSCORE_E_USER);
    ck_assert_status(account_among(config, &accounts, "alice2", NULL), JWKSCORE_E_USER);
    ck_assert_status(account_among(config, &accounts, "", NULL), JWKSCORE_E_USER);
    ck_assert_status(account_among(config, &accounts, "Alice", &error), JWKSCORE_E_USER);
    ck_assert_str_eq(error.message, "the token is for account alice and others");
}
END_TEST

/* Accounts that every Debian has: root 0, daemon 1, nobody 65534. */
static const struct {
    const char *lines, *user;
    enum jwkscore_status status;
    const char *message;
} accounts[] = {
    {CORP, "nobody", JWKSCORE_OK, ""},
    {CORP, "daemon", JWKSCORE_E_ACCOUNT, "has uid 1, under min_uid"},
    {"[global]\nmin_uid = 1\n" CORP, "daemon", JWKSCORE_OK, ""},
    {"[global]\nmin_uid = 2\n" CORP, "daemon", JWKSCORE_E_ACCOUNT, "under min_uid"},
    {"[global]\nmin_uid = 65534\n" CORP, "nobody", JWKSCORE_OK, ""},
    {"[global]\nmin_uid = 65535\n" CORP, "nobody", JWKSCORE_E_ACCOUNT, "under min_uid"},
    {CORP, "root", JWKSCORE_E_ACCOUNT, "has no allow_root"},
    {CORP "allow_root = yes\n", "root", JWKSCORE_OK, ""},
    {CORP "allow_root = yes\n", "daemon", JWKSCORE_E_ACCOUNT, "under min_uid"},
    {CORP, "no-such-account-here", JWKSCORE_E_UNKNOWN_USER, "there is no account"},
    {CORP, "Nobody", JWKSCORE_E_ACCOUNT, "no account name"},
    {CORP, "", JWKSCORE_E_ACCOUNT, "no account name"},
    {CORP, "0", JWKSCORE_E_ACCOUNT, "no account name"},
    {CORP, "\x1b[31m", JWKSCORE_E_ACCOUNT, "\\x1b[31m"},
    /* a strange database's, see above */
    {CORP, "large", JWKSCORE_OK, ""},
    {CORP, "boundless", JWKSCORE_E_SYSTEM, "cannot say"},
    {CORP, "unsaid", JWKSCORE_E_SYSTEM, "cannot say whether unsaid exists: error 5"},
    {CORP, "folded", JWKSCORE_E_ACCOUNT, "by another name"},
    {CORP, "minus-one", JWKSCORE_E_ACCOUNT, "has uid 4294967295"},
    {CORP, "toor", JWKSCORE_E_ACCOUNT, "has no allow_root"},
};

START_TEST(an_account_may_be_used_by_its_uid)
{
    for (size_t i = 0; i < ARRAY_LENGTH(accounts); i++) {
        CLEANUP(config_freep) struct jwkscore_config *config = config_told(accounts[i].lines);
        struct jwkscore_error error = {JWKSCORE_OK, ""};

        ck_assert_msg(account_check(config, corp(config), accounts[i].user, &error) == accounts[i].status, "%s: %s",
                      accounts[i].user, error.message);
        ck_assert_msg(strstr(error.message, accounts[i].message) != NULL, "%s", error.message);
    }
}
END_TEST

START_TEST(an_account_exists_or_not)
{
    ck_assert(account_exists("nobody"));
    ck_assert(account_exists("unsaid")); /* may be: the database could not say */
    ck_assert(!account_exists("no-such-account-here"));
    ck_assert(!account_exists("Nobody"));
    ck_assert(!account_exists(""));
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("account", a_name_is_of_the_one_form_or_none, a_name_with_a_nul_is_none, a_claim_becomes_an_account,
                       a_claim_of_1024_bytes_is_looked_at_and_a_longer_one_is_not,
                       a_map_is_exact_and_one_bad_line_spoils_it,
                       a_map_that_cannot_be_trusted_or_read_is_a_fault_and_no_empty_list,
                       the_user_is_among_the_accounts_byte_for_byte, an_account_may_be_used_by_its_uid,
                       an_account_exists_or_not);
}
