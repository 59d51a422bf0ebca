/* SPDX-License-Identifier: Apache-2.0 */
/* check_client_home.c: what jwks-login writes is whole, private, and where it says; refresh tokens too. */
#include "logintest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct keyplace place;

static void set(struct bytes *bytes, const char *text)
{
    bytes_wipe(bytes);
    bytes_text(bytes, text);
}

static mode_t mode_of(const char *path)
{
    struct stat found;

    ck_assert_msg(lstat(path, &found) == 0, "%s is not there", path);
    return found.st_mode & 07777;
}

START_TEST(the_folders_are_made_private)
{
    const char *home = new_home();

    heard();
    ck_assert_int_eq(place_of_login("corp", false, &place), LOGIN_DONE);
    ck_assert_int_eq(place.folder, -1);
    ck_assert_int_ne(access(textf("%s/.ssh", home), F_OK), 0);
    ck_assert_int_eq(place_of_login("corp", true, &place), LOGIN_DONE);
    ck_assert_str_eq(place.path, textf("%s/.ssh/jwks/corp", home));
    ck_assert_str_eq(place.base, "corp");
    ck_assert_int_eq(mode_of(textf("%s/.ssh", home)), 0700);
    ck_assert_int_eq(mode_of(textf("%s/.ssh/jwks", home)), 0700);
    place_close(&place);
}
END_TEST

START_TEST(folders_that_others_could_use_are_refused)
{
    const char *home = new_home();

    heard();
    ck_assert_int_eq(place_of_login("corp", true, &place), LOGIN_DONE);
    place_close(&place);
    ck_assert_int_eq(chmod(textf("%s/.ssh/jwks", home), 0750), 0);
    ck_assert_int_eq(place_of_login("corp", true, &place), LOGIN_UNABLE);
    ck_assert_int_eq(chmod(textf("%s/.ssh/jwks", home), 0700), 0);
    ck_assert_int_eq(chmod(textf("%s/.ssh", home), 0770), 0);
    ck_assert_int_eq(place_of_login("corp", true, &place), LOGIN_UNABLE);
    ck_assert_int_eq(chmod(textf("%s/.ssh", home), 0755), 0);
    ck_assert_int_eq(place_of_login("corp", true, &place), LOGIN_DONE);
    place_close(&place);
    ck_assert_int_eq(rename(textf("%s/.ssh/jwks", home), textf("%s/elsewhere", home)), 0);
    ck_assert_int_eq(symlink("../elsewhere", textf("%s/.ssh/jwks", home)), 0);
    ck_assert_int_eq(place_of_login("corp", true, &place), LOGIN_UNABLE);
    place_close(&place);
}
END_TEST

START_TEST(a_file_is_written_whole_and_private)
{
    CLEANUP(bytes_wipe) struct bytes out = {0}, back = {0};
    const char *home = new_home(), *path;

    heard();
    ck_assert_int_eq(place_of_login("corp", true, &place), LOGIN_DONE);
    path = textf("%s/.ssh/jwks/corp.pub", home);
    ck_assert_int_eq(place_read(&place, ".pub", &back), LOGIN_DONE);
    ck_assert_uint_eq(back.length, 0);
    ck_assert(!place_has(&place, ".pub"));
    umask(0);
    set(&out, "one");
    ck_assert_int_eq(place_write(&place, ".pub", &out), LOGIN_DONE);
    ck_assert_int_eq(mode_of(path), 0600);
    set(&out, "another");
    ck_assert_int_eq(place_write(&place, ".pub", &out), LOGIN_DONE);
    ck_assert_int_eq(place_read(&place, ".pub", &back), LOGIN_DONE);
    ck_assert(text_is(text_of(&back), "another"));
    ck_assert(place_has(&place, ".pub"));
    ck_assert_int_ne(access(textf("%s.new", path), F_OK), 0);
    set(&out, "not wanted");
    ck_assert_int_eq(place_stage(&place, ".pub", &out), LOGIN_DONE);
    ck_assert_int_eq(mode_of(textf("%s.new", path)), 0600);
    place_discard(&place, ".pub");
    ck_assert_int_ne(access(textf("%s.new", path), F_OK), 0);
    bytes_wipe(&back);
    ck_assert_int_eq(place_read(&place, ".pub", &back), LOGIN_DONE);
    ck_assert(text_is(text_of(&back), "another"));
    place_remove(&place, ".pub");
    place_remove(&place, ".pub");
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_str_eq(heard(), "");
    place_close(&place);
}
END_TEST

/* Somebody's link in the place of the file, or of the one beside it, leads nowhere. */
START_TEST(no_link_is_followed)
{
    CLEANUP(bytes_wipe) struct bytes out = {0};
    struct login_options options = {.name = (char *)"corp"};
    struct keyplace login = {.folder = -1};
    const char *home = new_home(), *path, *victim = room_write("victim", "untouched");

    ck_assert_int_eq(place_of_login("corp", true, &place), LOGIN_DONE);
    path = textf("%s/.ssh/jwks/corp", home);
    ck_assert_int_eq(symlink(victim, path), 0);
    ck_assert_int_eq(symlink(victim, textf("%s.new", path)), 0);
    set(&out, "secret");
    ck_assert_int_eq(place_write(&place, "", &out), LOGIN_DONE);
    ck_assert_int_eq(mode_of(path), 0600);
    bytes_wipe(&out);
    ck_assert_int_eq(mode_of(victim), 0644);
    place_close(&place);
    options.identity = (char *)victim;
    ck_assert_int_eq(places_open(&options, false, &login, &place), LOGIN_DONE);
    ck_assert_int_eq(place_read(&place, "", &out), LOGIN_DONE);
    ck_assert(text_is(text_of(&out), "untouched"));
    place_close(&place);
    place_close(&login);
}
END_TEST

START_TEST(a_secret_of_everybodys_is_none)
{
    CLEANUP(bytes_wipe) struct bytes secret = {0}, none = {0};

    heard();
    ck_assert_int_eq(persons_file_read(room_write_bytes("secret", TEXT("s"), 0600), 077, 1, &secret),
                     LOGIN_DONE);
    ck_assert(text_is(text_of(&secret), "s"));
    ck_assert_int_eq(persons_file_read(room_write_bytes("secret", TEXT("s"), 0640), 077, 1, &none), 1);
    ck_assert_int_eq(persons_file_read(room_path(""), 077, 1, &none), 1);
    ck_assert_ptr_nonnull(strstr(heard(), "chmod 600"));
}
END_TEST

START_TEST(xdg_says_where_if_it_is_absolute)
{
    char path[PATH_MAX];
    const char *home = new_home();

    ck_assert_int_eq(setenv("XDG_CACHE_HOME", "/x", 1), 0);
    ck_assert_int_eq(home_path("XDG_CACHE_HOME", ".cache", "f", path), LOGIN_DONE);
    ck_assert_str_eq(path, "/x/jwks/f");
    ck_assert_int_eq(setenv("XDG_CACHE_HOME", "x", 1), 0);
    ck_assert_int_eq(home_path("XDG_CACHE_HOME", ".cache", "f", path), LOGIN_DONE);
    ck_assert_str_eq(path, textf("%s/.cache/jwks/f", home));
    ck_assert_int_eq(home_make_folders(path), LOGIN_DONE);
    ck_assert_int_eq(mode_of(textf("%s/.cache/jwks", home)), 0700);
    ck_assert_int_eq(rename(textf("%s/.cache", home), textf("%s/real", home)), 0);
    ck_assert_int_eq(symlink("real", textf("%s/.cache", home)), 0);
    ck_assert_int_eq(home_make_folders(path), LOGIN_DONE);
    ck_assert_str_eq(path, textf("%s/real/jwks/f", home));
}
END_TEST

/* By the keyring or by a file: what this build and this machine have. */
START_TEST(a_refresh_token_is_kept_and_forgotten)
{
    const struct login_options options = {
        .issuer = (char *)"https://check.example",
        .client_id = (char *)"c",
        .name = (char *)textf("corp%d", (int)getpid())}; /* its own, in a keyring that is shared */
    CLEANUP(bytes_wipe) struct bytes token = {0}, none = {0}, long_one = {0};
    const char *path = textf("%s/.ssh/jwks/corp.refresh", new_home());

    ck_assert_int_eq(place_of_login("corp", true, &place), LOGIN_DONE);
    ck_assert_str_eq(refresh_store_where(&options, &place), "none");
    ck_assert_int_eq(refresh_store_write(&options, &place, "first"), LOGIN_DONE);
    ck_assert_int_eq(refresh_store_write(&options, &place, "refresh-token"), LOGIN_DONE);
    ck_assert_str_ne(refresh_store_where(&options, &place), "none");
    if (access(path, F_OK) == 0)
        ck_assert_int_eq(mode_of(path), 0600);
    /* Too long for a keyring, which must not keep the one before. */
    ck_assert_int_eq(refresh_store_write(&options, &place, repeated("x", 40000)), LOGIN_DONE);
    ck_assert_int_eq(mode_of(path), 0600);
    ck_assert_int_eq(refresh_store_read(&options, &place, &long_one), LOGIN_DONE);
    ck_assert(text_is(text_of(&long_one), repeated("x", 40000)));
    ck_assert_int_eq(refresh_store_write(&options, &place, "refresh-token"), LOGIN_DONE);
    ck_assert_int_eq(refresh_store_read(&options, &place, &token), LOGIN_DONE);
    ck_assert(text_is(text_of(&token), "refresh-token"));
    refresh_store_remove(&options, &place);
    ck_assert_str_eq(refresh_store_where(&options, &place), "none");
    ck_assert_int_eq(refresh_store_read(&options, &place, &none), LOGIN_DONE);
    ck_assert_uint_eq(none.length, 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    place_close(&place);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("client_home", the_folders_are_made_private, folders_that_others_could_use_are_refused,
                       a_file_is_written_whole_and_private, no_link_is_followed,
                       a_secret_of_everybodys_is_none, xdg_says_where_if_it_is_absolute,
                       a_refresh_token_is_kept_and_forgotten);
}
