/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_client_options.c: each option of jwks-login takes what it should and nothing else; so does
 * login.conf.
 */
#include "logintest.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *key, *good, *bad;
} values[] = {
    {"issuer", "https://a.example/x", "http://a.example"},
    {"client_id", "ssh-prod", "two words"},
    {"client_secret_file", "/a b", "a\nb"},
    {"scope", "openid email", "openid\temail"},
    {"principals", "alice,_b-c", "alice,,bob"},
    {"principals", "a", "Alice"},
    {"principals", "root", "alice bob"},
    {"permit", "port-forwarding,user-rc", "pty"},
    {"extension", "x@y", "x y"},
    {"identity", "/k", ""},
    {"port", "65535", "65536"},
    {"port", "0", "-1"},
    {"port", "10", "10x"},
    {"redirect_host", "localhost", "example.com"},
    {"timeout", "1", "0"},
    {"timeout", "86400", "99999999999999999999"},
    {"no_browser", "no", "true"},
    {"browser", "firefox -P x", "a\nb"},
    {"ca_file", "/c", "c\r"},
    {"proxy", "http://p:1", "http://p 1"},
};

START_TEST(each_option_takes_what_it_should)
{
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        CLEANUP(options_clear) struct login_options good = {.issuer = NULL}, bad = {.issuer = NULL};
        const char *wrong = options_set(&good, values[i].key, values[i].good);

        ck_assert_msg(wrong == NULL, "%s = %s: %s", values[i].key, values[i].good, wrong);
        ck_assert_str_eq(options_set(&good, values[i].key, values[i].good), "is there twice");
        ck_assert_msg(options_set(&bad, values[i].key, values[i].bad) != NULL, "%s = %s", values[i].key,
                      values[i].bad);
    }
}
END_TEST

START_TEST(each_option_is_tried_above)
{
    CLEANUP(options_clear) struct login_options none = {.issuer = NULL};
    struct option_words words;
    size_t count, tried = 0;

    for (count = 0; options_at(count, &words); count++)
        for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
            if (strcmp(values[i].key, words.key) == 0) {
                tried++;
                break;
            }
    ck_assert_uint_eq(tried, count);
    ck_assert_str_eq(options_set(&none, "quiet", "yes"), "is no option");
}
END_TEST

START_TEST(the_command_line_comes_first)
{
    CLEANUP(options_clear) struct login_options first = {.issuer = NULL}, second = {.issuer = NULL};

    ck_assert_ptr_null(options_set(&first, "client_id", "mine"));
    ck_assert_ptr_null(options_set(&first, "no_browser", "no"));
    ck_assert_ptr_null(options_set(&first, "port", "0"));
    ck_assert_ptr_null(options_set(&second, "client_id", "its"));
    ck_assert_ptr_null(options_set(&second, "no_browser", "yes"));
    ck_assert_ptr_null(options_set(&second, "port", "80"));
    ck_assert_ptr_null(options_set(&second, "timeout", "9"));
    ck_assert_ptr_null(options_set(&second, "proxy", "http://p"));
    ck_assert_int_eq(options_merge(&first, &second), LOGIN_DONE);
    ck_assert_str_eq(first.client_id, "mine");
    ck_assert(!first.no_browser);
    ck_assert_int_eq(first.port, 0);
    ck_assert_int_eq(first.timeout, 9);
    ck_assert_str_eq(first.proxy, "http://p");
    ck_assert_str_eq(second.proxy, "http://p");
}
END_TEST

/* --- the command line --- */

static int read_arguments(struct login_options *options, const char *const *arguments, int *ret_first)
{
    int count = 0;

    while (arguments[count] != NULL)
        count++;
    optind = 0;
    return arguments_read(count, (char **)arguments, options, ret_first);
}
#define ARGUMENTS(...) ((const char *const[]){"jwks-login", __VA_ARGS__, NULL})

START_TEST(arguments_are_the_options)
{
    CLEANUP(options_clear) struct login_options options = {.issuer = NULL}, twice = {.issuer = NULL};
    int first = 0;

    heard();
    ck_assert_int_eq(read_arguments(&options,
                                    ARGUMENTS("--client-id", "c", "-i", "key", "--no-browser", "-q", "-v",
                                              "--token", "--device", "-c", "f", "status", "corp"),
                                    &first),
                     ARGUMENTS_GO_ON);
    ck_assert_str_eq(options.client_id, "c");
    ck_assert_str_eq(options.identity, "key");
    ck_assert_str_eq(options.config, "f");
    ck_assert(options.no_browser && options.quiet && options.verbose && options.token && options.device);
    ck_assert_int_eq(first, 12);
    ck_assert_int_eq(read_arguments(&twice, ARGUMENTS("-i", "a", "--identity", "b"), &first), LOGIN_USAGE);
    ck_assert_str_eq(strchr(heard(), ':'), ": --identity is there twice\n");
    ck_assert_int_eq(read_arguments(&twice, ARGUMENTS("--redirect-host", "x"), &first), LOGIN_USAGE);
    ck_assert_int_eq(read_arguments(&twice, ARGUMENTS("--bogus"), &first), LOGIN_USAGE);
    ck_assert_ptr_nonnull(strstr(heard(), "usage: jwks-login"));
}
END_TEST

START_TEST(names_are_plain)
{
    ck_assert(name_valid("corp") && name_valid("A_b-9") && name_valid(repeated("x", 32)));
    ck_assert(!name_valid("") && !name_valid("-c") && !name_valid("a/b") && !name_valid(".") &&
              !name_valid("a b"));
    ck_assert(!name_valid(repeated("x", 33)));
    /* Its public key would be where the certificate of `a` is. */
    ck_assert(!name_valid("a-cert") && !name_valid("-cert") && name_valid("a-certs") && name_valid("cert"));
}
END_TEST

/* --- login.conf --- */

static struct login_file *file;

static int read_file(const char *text)
{
    login_file_free(file);
    file = NULL;
    heard();
    return login_file_read(room_write("login.conf", text), &file);
}

START_TEST(a_section_is_a_login)
{
    CLEANUP(options_clear) struct login_options only = {.issuer = NULL}, named = {.name = strdup("two")};
    CLEANUP(options_clear) struct login_options other = {.name = strdup("three")}, none = {.issuer = NULL};

    ck_assert_int_eq(read_file("# a comment\n; another\n\n[one]\n issuer=https://i \nclient_id\t= c\n"),
                     LOGIN_DONE);
    ck_assert_int_eq(login_file_choose(file, &only), LOGIN_DONE);
    ck_assert_str_eq(only.name, "one");
    ck_assert_str_eq(only.issuer, "https://i");
    ck_assert_str_eq(only.client_id, "c");
    ck_assert_int_eq(read_file("[one]\nclient_id = c\n[two]\nclient_id = d = e\n"), LOGIN_USAGE);
    ck_assert_int_eq(read_file("[one]\nclient_id = c\n[two]\nclient_id = d=e\n"), LOGIN_DONE);
    ck_assert_int_eq(login_file_choose(file, &named), LOGIN_DONE);
    ck_assert_str_eq(named.client_id, "d=e");
    ck_assert_int_eq(login_file_choose(file, &other), LOGIN_DONE);
    ck_assert_ptr_null(other.client_id);
    ck_assert_int_eq(login_file_choose(file, &none), LOGIN_USAGE);
    ck_assert_ptr_nonnull(strstr(heard(), "several logins"));
    ck_assert_str_eq(login_file_name(file, 1), "two");
    ck_assert_ptr_null(login_file_name(file, 2));
    ck_assert(login_file_has(file, "one") && !login_file_has(file, "three"));
    login_file_free(file);
    file = NULL;
}
END_TEST

START_TEST(a_login_that_the_command_line_describes_is_no_sections)
{
    CLEANUP(options_clear)
    struct login_options options = {.issuer = strdup("https://i"), .client_id = strdup("c")};

    ck_assert_int_eq(read_file("[one]\nproxy = http://p\n"), LOGIN_DONE);
    ck_assert_int_eq(login_file_choose(file, &options), LOGIN_DONE);
    ck_assert_str_eq(options.name, "default");
    ck_assert_ptr_null(options.proxy);
    login_file_free(file);
    file = NULL;
}
END_TEST

START_TEST(each_bad_line_is_named)
{
    static const char *const wrong[] = {":1: key stands before any [NAME]",
                                        ":2: a section is [NAME]",
                                        ":3: b c is no name",
                                        ":5: issuer must begin with https://",
                                        ":6: quiet is no option",
                                        ":8: client_id is there twice",
                                        ":9: a line is `key = value'",
                                        ":10: a is there twice",
                                        ":11: is longer than 4096 octets",
                                        ":12: port is no number"};
    const char *said;

    ck_assert_int_eq(
        read_file(
            textf("key = 1\n[a\n[b c]\n[a]\nissuer = http://x\nquiet = yes\nclient_id = a\nclient_id = b\n"
                  "junk\n[a]\n#%s\nport = x\n",
                  repeated("x", 4096))),
        LOGIN_USAGE);
    said = heard();
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        ck_assert_msg(strstr(said, wrong[i]) != NULL, "no `%s' in: %s", wrong[i], said);
    login_file_free(file);
    file = NULL;
}
END_TEST

START_TEST(a_file_that_others_could_change_is_refused)
{
    struct login_file *found = NULL;
    const char *path = room_write_bytes("login.conf", TEXT("[a]\n"), 0644);

    heard();
    ck_assert_int_eq(login_file_read(path, &found), LOGIN_DONE);
    login_file_free(found);
    ck_assert_int_eq(login_file_read(room_write_bytes("login.conf", TEXT("[a]\n"), 0664), &found),
                     LOGIN_USAGE);
    login_file_free(found);
    ck_assert_int_eq(login_file_read(room_write_bytes("login.conf", TEXT("[a]\n\0"), 0644), &found),
                     LOGIN_USAGE);
    login_file_free(found);
    ck_assert_int_eq(login_file_read(room_path(""), &found), LOGIN_USAGE);
    login_file_free(found);
    ck_assert_int_eq(login_file_read(room_path("absent"), &found), LOGIN_UNABLE);
    login_file_free(found);
    ck_assert_int_eq(login_file_read(room_write("login.conf", repeated("#\n", 200000)), &found),
                     LOGIN_UNABLE);
    login_file_free(found);
    new_home();
    ck_assert_int_eq(login_file_read(NULL, &found), LOGIN_DONE); /* nobody has to have one */
    login_file_free(found);
}
END_TEST

/* --- together --- */

/* Of issuer and client ID, `without` one. */
static int complete(const char *without, const char *key, const char *value, bool device, bool token)
{
    CLEANUP(options_clear)
    struct login_options options = {.device = device, .token = token, .name = strdup("corp")};
    int code;

    heard();
    if (strcmp(without, "client_id") != 0)
        ck_assert_ptr_null(options_set(&options, "client_id", "c"));
    if (strcmp(without, "issuer") != 0)
        ck_assert_ptr_null(options_set(&options, "issuer", "https://i"));
    ck_assert_ptr_null(options_set(&options, key, value));
    code = options_complete(&options);
    return code == LOGIN_DONE ? options_check(&options) : code;
}

START_TEST(what_does_not_go_together_is_refused)
{
    new_home();
    ck_assert_int_eq(complete("", "port", "0", false, false), LOGIN_DONE);
    ck_assert_int_eq(complete("", "scope", "email openid", false, false), LOGIN_DONE);
    ck_assert_int_eq(complete("", "scope", "openidx email", false, false), LOGIN_USAGE);
    ck_assert_ptr_nonnull(strstr(heard(), "openid"));
    ck_assert_int_eq(complete("issuer", "port", "0", false, false), LOGIN_USAGE);
    ck_assert_ptr_nonnull(strstr(heard(), "--issuer is needed"));
    ck_assert_int_eq(complete("client_id", "port", "0", false, false), LOGIN_USAGE);
    ck_assert_ptr_nonnull(strstr(heard(), "--client-id is needed"));
    ck_assert_int_eq(complete("", "port", "0", true, true), LOGIN_DONE);
    ck_assert_int_eq(complete("", "port", "0", true, false), LOGIN_USAGE);
    ck_assert_ptr_nonnull(strstr(heard(), "--device needs --token"));
    ck_assert_int_eq(complete("", "ca_file", "/nonexistent/ca.pem", false, false), LOGIN_UNABLE);
}
END_TEST

START_TEST(paths_become_absolute_and_the_rest_has_defaults)
{
    CLEANUP(options_clear) struct login_options options = {.issuer = NULL}, other = {.issuer = NULL};
    const char *home = new_home(), *below = strrchr(home, '/') + 1, *link = textf("%s/key", home);

    room_write(textf("%s/ca.pem", below), "x");
    ck_assert_ptr_null(options_set(&options, "ca_file", "~/ca.pem"));
    ck_assert_int_eq(options_complete(&options), LOGIN_DONE);
    ck_assert_str_eq(options.ca_file, textf("%s/ca.pem", home));
    ck_assert_int_eq(symlink("ca.pem", link), 0);
    ck_assert_ptr_null(options_set(&other, "ca_file", link));
    ck_assert_ptr_null(options_set(&other, "identity", link));
    ck_assert_int_eq(options_complete(&other), LOGIN_DONE);
    ck_assert_str_eq(other.ca_file, options.ca_file);
    ck_assert_str_eq(other.identity, link); /* ssh looks for the certificate there */
    ck_assert_str_eq(options.principals, "alice");
    ck_assert_str_eq(options.extension, "jwks-token@pam-jwks");
    ck_assert_str_eq(options.redirect_host, "127.0.0.1");
    ck_assert_int_eq(options.timeout, 300);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("client_options", each_option_takes_what_it_should, each_option_is_tried_above,
                       the_command_line_comes_first, arguments_are_the_options, names_are_plain,
                       a_section_is_a_login, a_login_that_the_command_line_describes_is_no_sections,
                       each_bad_line_is_named, a_file_that_others_could_change_is_refused,
                       what_does_not_go_together_is_refused, paths_become_absolute_and_the_rest_has_defaults);
}
