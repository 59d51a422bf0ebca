/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_grantfiles.c: an account's grants are listed in order, and what others could change is named and
 * never read.
 */
#include "support.h"
#include "wiped.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct jwkscore_config *config;
static struct jwkscore_grants *grants;

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *walk)
{
    (void)found, (void)type, (void)walk;
    return remove(path);
}

/* An empty grants/alice in the room, and a configuration that was a file, so that its owner is trusted. */
static void begin(void)
{
    (void)nftw(room_path("grants"), remove_one, 8, FTW_DEPTH | FTW_PHYS); /* an earlier test's */
    room_folder("grants", 0755);
    room_folder("grants/alice", 0755);
    config = config_loaded(textf("[global]\ngrants_dir = %s\n" CORP, room_path("grants")));
    grants = NULL;
}

static void end(void)
{
    jwkscore_grants_free(grants);
    jwkscore_config_free(config);
}

static enum jwkscore_status open_grants(const char *user, struct jwkscore_error *error)
{
    jwkscore_grants_free(grants);
    grants = NULL;
    return jwkscore_grants_open(config, user, &grants, error);
}

/* What the index-th file gives: its token, or the reason, and the message names the file. */
static const char *give(size_t index)
{
    struct jwkscore_error error;
    const char *token;
    size_t length;

    if (jwkscore_grants_read(grants, index, &token, &length, &error) == JWKSCORE_OK)
        return kept(token, length).bytes;
    ck_assert_msg(strstr(error.message, jwkscore_grants_name(grants, index)) != NULL, "%s", error.message);
    return jwkscore_reason(error.status);
}

START_TEST(grants_come_in_the_order_of_their_names)
{
    begin();
    room_write("grants/alice/b.jwt", "b.b.b\n");
    room_write("grants/alice/a.jwt", "a.a.a");
    room_write("grants/alice/.hidden.jwt", "x");
    room_write("grants/alice/.jwt", "x");
    room_write("grants/alice/c.jwt~", "x");
    room_write("grants/alice/c.JWT", "x");
    room_write("grants/alice/c", "x");
    ck_assert_status(open_grants("alice", NULL), JWKSCORE_OK);
    ck_assert_str_eq(jwkscore_grants_name(grants, 0), "a.jwt");
    ck_assert_str_eq(jwkscore_grants_name(grants, 1), "b.jwt");
    ck_assert_ptr_null(jwkscore_grants_name(grants, 2));
    ck_assert_str_eq(give(0), "a.a.a");
    ck_assert_str_eq(give(1), "b.b.b");
    ck_assert_str_eq(give(0), "a.a.a");
    end();
}
END_TEST

START_TEST(one_end_of_line_is_the_files)
{
    static const struct {
        const char *file, *token;
    } rows[] = {{"a.b.c", "a.b.c"},
                {"a.b.c\n", "a.b.c"},
                {"a.b.c\r\n", "a.b.c"},
                {"a.b.c\n\n", "a.b.c\n"},
                {"a.b.c\r", "a.b.c\r"},
                {" a.b.c ", " a.b.c "},
                {"\n", ""},
                {"\r\n", ""}};

    begin();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        room_write("grants/alice/a.jwt", rows[i].file);
        ck_assert_status(open_grants("alice", NULL), JWKSCORE_OK);
        ck_assert_str_eq(give(0), rows[i].token);
    }
    end();
}
END_TEST

START_TEST(who_has_no_folder_has_no_grants)
{
    begin();
    ck_assert_status(open_grants("bob", NULL), JWKSCORE_OK);
    ck_assert_ptr_null(jwkscore_grants_name(grants, 0));
    ck_assert_status(open_grants("alice", NULL), JWKSCORE_OK);
    ck_assert_ptr_null(jwkscore_grants_name(grants, 0));
    jwkscore_config_free(config);
    config = config_loaded(textf("[global]\ngrants_dir = %s\n" CORP, room_path("nowhere")));
    ck_assert_status(open_grants("alice", NULL), JWKSCORE_OK);
    ck_assert_ptr_null(jwkscore_grants_name(grants, 0));
    end();
}
END_TEST

START_TEST(a_name_that_is_no_accounts_is_no_path)
{
    static const char *const names[] = {"",      ".",       "..",     "../alice", "alice/",
                                        "Alice", "alice\n", "-alice", "a.b"};
    struct jwkscore_error error;

    begin();
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        ck_assert_status(open_grants(names[i], &error), JWKSCORE_E_ACCOUNT);
    ck_assert_status(open_grants(NULL, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(open_grants("alice", NULL), JWKSCORE_OK);
    end();
}
END_TEST

START_TEST(a_file_that_others_could_change_is_named_and_the_rest_is_read)
{
    begin();
    room_write("grants/alice/z.jwt", "z.z.z\n");
    room_write_bytes("grants/alice/a.jwt", TEXT("a.a.a"), 0664);
    room_write_bytes("grants/alice/b.jwt", TEXT("b.b.b"), 0646);
    ck_assert(symlink("z.jwt", room_path("grants/alice/c.jwt")) == 0);
    room_folder("grants/alice/d.jwt", 0755);
    ck_assert_int_eq(mkfifo(room_path("grants/alice/e.jwt"), 0644), 0);
    room_write("grants/alice/f.jwt", "");
    room_write("grants/alice/g.jwt", repeated("x", 16387));
    room_write("grants/alice/h.jwt", repeated("x", 16386));
    ck_assert_status(open_grants("alice", NULL), JWKSCORE_OK);
    for (size_t i = 0; i < 5; i++)
        ck_assert_str_eq(give(i), "unsafe-file");
    ck_assert_str_eq(give(5), "config");
    ck_assert_str_eq(give(6), "config");
    ck_assert_uint_eq(strlen(give(7)), 16386);
    ck_assert_str_eq(give(8), "z.z.z");
    end();
}
END_TEST

START_TEST(a_folder_that_others_could_change_holds_no_grants)
{
    struct jwkscore_error error;

    begin();
    room_write("grants/alice/a.jwt", "a.a.a");
    room_folder("grants/alice", 0775);
    ck_assert_status(open_grants("alice", &error), JWKSCORE_E_UNSAFE_FILE);
    ck_assert_ptr_nonnull(strstr(error.message, "/grants/alice is writable by others"));
    room_folder("grants/alice", 0755);
    ck_assert_status(open_grants("alice", NULL), JWKSCORE_OK);
    room_folder("grants", 0757);
    ck_assert_status(open_grants("alice", &error), JWKSCORE_E_UNSAFE_FILE);
    room_folder("grants", 0755);
    ck_assert_int_eq(symlink("alice", room_path("grants/bob")), 0);
    ck_assert_status(open_grants("bob", &error), JWKSCORE_E_UNSAFE_FILE);
    ck_assert_ptr_nonnull(strstr(error.message, "symbolic link"));
    room_write("grants/carol", "no folder");
    ck_assert_status(open_grants("carol", &error), JWKSCORE_E_SYSTEM);
    end();
}
END_TEST

/* The owner of jwks.conf and root, nobody else: not even who owns the cache. */
START_TEST(another_owners_files_are_refused)
{
    if (geteuid() != 0) {
        printf("skipped: not root\n");
        return;
    }
    begin();
    room_write("grants/alice/a.jwt", "a.a.a");
    ck_assert_int_eq(chown(room_path("grants/alice/a.jwt"), 12345, 0), 0);
    ck_assert_status(open_grants("alice", NULL), JWKSCORE_OK);
    ck_assert_str_eq(give(0), "unsafe-file");
    ck_assert_int_eq(chown(room_path("grants/alice"), 12345, 0), 0);
    ck_assert_status(open_grants("alice", NULL), JWKSCORE_E_UNSAFE_FILE);
    end();
}
END_TEST

START_TEST(there_is_an_end_to_what_is_listed)
{
    struct jwkscore_error error;

    begin();
    for (unsigned i = 0; i < GRANT_FILES_MAX; i++)
        room_write(textf("grants/alice/%04u.jwt", i), "x");
    ck_assert_status(open_grants("alice", NULL), JWKSCORE_OK);
    ck_assert_str_eq(jwkscore_grants_name(grants, GRANT_FILES_MAX - 1), "4095.jwt");
    room_write("grants/alice/more.jwt", "x");
    ck_assert_status(open_grants("alice", &error), JWKSCORE_E_CONFIG);
    end();
}
END_TEST

/* D4: the one that is read next, and the end, wipe the one before. */
START_TEST(a_grant_is_wiped)
{
    size_t before;

    begin();
    room_write("grants/alice/a.jwt", repeated("a", 500));
    ck_assert_status(open_grants("alice", NULL), JWKSCORE_OK);
    ck_assert_uint_eq(strlen(give(0)), 500);
    for (int reads = 0; reads < 2; reads++) {
        before = wiped;
        if (reads == 0)
            ck_assert_uint_eq(strlen(give(0)), 500);
        else
            end();
        ck_assert_uint_ge(wiped - before, 500);
    }
}
END_TEST

START_TEST(only_a_no_is_certain)
{
    const char *key = "ssh-ed25519 AAAA/+BB";
    const char *listed = "{\"ssh_keys\":[\"ssh-ed25519 AAAA/+BB me\"]}",
               *other = "{\"ssh_keys\":[\"ssh-ed25519 AAAA/+BC\"]}";
    const char *escaped = "{\"ssh_keys\":[\"\\u0073sh-ed25519 AAAA\\/\\u002bBB\"]}";
    const char *otherwise =
        "{\"ssh_keys\":[\"ssh-ed25519 AAAA\\/+BC\", \"ssh-ed25519 AAAA\\\\/+BB \\u00e9\\ud83d\\ude00\"]}";
    const struct {
        const char *token;
        int may;
    } rows[] = {
        {mint_join("{}", listed, TEXT("s")), 1},
        {mint_join("{}", other, TEXT("s")), 0},
        {mint_join("{}", escaped, TEXT("s")), 1},
        {mint_join("{}", otherwise, TEXT("s")), 0},
        {mint_join(listed, other, TEXT("s")), 0},
        {mint_join("{}", "{\\", TEXT("s")), 1},
        {"no token", 1},
        {"a.!.c", 1},
        {"a.b", 1},
        {"", 1},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        ck_assert_int_eq(jwkscore_token_may_hold(rows[i].token, strlen(rows[i].token), key), rows[i].may);
    ck_assert_int_eq(jwkscore_token_may_hold(NULL, 0, key), 1);
}
END_TEST

START_TEST(arguments_that_are_none)
{
    const char *token;
    size_t length;

    begin();
    ck_assert_status(jwkscore_grants_open(NULL, "alice", &grants, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_grants_open(config, "alice", NULL, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(open_grants("alice", NULL), JWKSCORE_OK);
    ck_assert_status(jwkscore_grants_read(grants, 0, &token, &length, NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_status(jwkscore_grants_read(NULL, 0, &token, &length, NULL), JWKSCORE_E_ARGUMENT);
    end();
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("grantfiles", grants_come_in_the_order_of_their_names, one_end_of_line_is_the_files,
                       who_has_no_folder_has_no_grants, a_name_that_is_no_accounts_is_no_path,
                       a_file_that_others_could_change_is_named_and_the_rest_is_read,
                       a_folder_that_others_could_change_holds_no_grants, another_owners_files_are_refused,
                       there_is_an_end_to_what_is_listed, a_grant_is_wiped, only_a_no_is_certain,
                       arguments_that_are_none);
}
