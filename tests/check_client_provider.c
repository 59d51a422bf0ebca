/* SPDX-License-Identifier: Apache-2.0 */
/* check_client_provider.c: what a provider says of itself, of tokens and of devices is believed within limits. */
#include "logintest.h"

#include <string.h>

#define ISSUER "https://login.example/" /* its well-known address has one slash there */
#define LONG_HOST "https://a-host-with-a-name-that-is-longer-than-a-log-line-would-ever-show.example/device"

static const char *answer, *asked, *form, *user, *password;
static long status;

/* In the place of http_client.c. */
int http_ask(const struct login_options *options, const struct http_request *request, long *ret_status,
             struct bytes *ret_body)
{
    (void)options;
    asked = textf("%s", request->uri);
    form = textf("%s", request->form == NULL ? "" : request->form);
    user = textf("%s", request->user == NULL ? "" : request->user);
    password = textf("%s", request->password == NULL ? "" : request->password);
    *ret_status = status;
    bytes_text(ret_body, answer);
    return bytes_end(ret_body) != NULL ? LOGIN_DONE : LOGIN_UNABLE;
}

static struct login_options options;

static void begin(void)
{
    options = (struct login_options){
        .issuer = (char *)ISSUER, .client_id = (char *)"a client", .scope = (char *)"openid", .timeout = 1};
    heard();
}

/* --- discovery --- */

/* A good document, with changes: members that come later count. */
static const char *discovery(const char *changes)
{
    return textf(
        "{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"https://a/auth\","
        "\"token_endpoint\":\"https://a/token\",\"device_authorization_endpoint\":\"https://a/dev\"%s%s}",
        *changes == '\0' ? "" : ",", changes);
}

static int discover(const char *document, struct provider *provider)
{
    answer = document;
    status = 200;
    return provider_discover(&options, provider);
}

START_TEST(a_provider_says_where_it_is)
{
    CLEANUP(provider_clear) struct provider provider = {.discovery = NULL}, other = {.discovery = NULL};

    begin();
    ck_assert_int_eq(discover(discovery(""), &provider), LOGIN_DONE);
    ck_assert_str_eq(asked, "https://login.example/.well-known/openid-configuration");
    ck_assert_str_eq(provider.authorization, "https://a/auth");
    ck_assert_str_eq(provider.token, "https://a/token");
    ck_assert(!provider.says_issuer && !provider.secret_in_form);
    options.device = true;
    ck_assert_int_eq(discover(discovery("\"authorization_response_iss_parameter_supported\":true,"
                                        "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"],"
                                        "\"code_challenge_methods_supported\":[\"plain\",\"S256\"]"),
                              &other),
                     LOGIN_DONE);
    ck_assert_str_eq(other.device, "https://a/dev");
    ck_assert(other.says_issuer && other.secret_in_form);
    ck_assert_str_eq(heard(), "");
}
END_TEST

START_TEST(what_it_says_wrong_is_refused)
{
    static const struct {
        const char *changes, *said;
    } wrong[] = {
        {"\"issuer\":\"https://login.example\"", "its issuer is https://login.example: set"},
        {"\"issuer\":\"" LONG_HOST "\"", LONG_HOST ": set"}, /* whole: it is to be copied */
        {"\"issuer\":\"\\u001b[2J\"", "\\x1b[2J"},
        {"\"issuer\":7", "names no issuer"},
        {"\"authorization_endpoint\":\"http://a/auth\"", "authorization_endpoint is no https"},
        {"\"authorization_endpoint\":\"https://a/ b\"", "authorization_endpoint is no https"},
        {"\"authorization_endpoint\":\"https://a/#b\"", "authorization_endpoint is no https"},
        {"\"token_endpoint\":\"http://127.0.0.1/token\"", "token_endpoint is no https"},
        {"\"token_endpoint\":null", "names no token_endpoint"},
        {"\"device_authorization_endpoint\":\"file:///x\"", "device_authorization_endpoint is no https"},
        {"\"code_challenge_methods_supported\":[\"plain\"]", "PKCE"},
    };

    begin();
    options.device = true;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        CLEANUP(provider_clear) struct provider provider = {.discovery = NULL};
        const char *said;

        ck_assert_int_eq(discover(discovery(wrong[i].changes), &provider), LOGIN_REFUSED);
        said = heard();
        ck_assert_msg(strstr(said, wrong[i].said) != NULL && strchr(said, '\033') == NULL, "%s", said);
    }
}
END_TEST

/* --- the token endpoint --- */

static int ask(const struct provider *provider, const char *text, long with_status, struct tokens *tokens)
{
    CLEANUP(bytes_wipe) struct bytes grant = {0};
    int code;

    answer = text;
    status = with_status;
    bytes_parameter(&grant, "grant_type", "x");
    code = tokens_ask(&options, provider, &grant, tokens);
    return code == LOGIN_DONE ? tokens_check(tokens) : code;
}

START_TEST(tokens_come_out_or_the_providers_reason)
{
    static const struct {
        const char *answer;
        long status;
        int code;
        const char *said;
    } all[] = {
        {"{\"id_token\":\"t\"}", 200, LOGIN_DONE, ""},
        {"{\"id_token\":\"t\"}", 500, LOGIN_UNABLE, "HTTP status 500"},
        {"{\"id_token\":\"a\\u0000b\"}", 200, LOGIN_REFUSED, "no ID token"},
        {"<html>", 502, LOGIN_UNABLE, "HTTP status 502 and no JSON"},
        {"{\"id_token\":\"t\",\"error\":\"e\"}", 200, LOGIN_REFUSED, "the provider refuses: e\n"},
        {"{\"error\":\"e\",\"error_description\":\"\\u001b[2J\"}", 400, LOGIN_REFUSED,
         "refuses: e: \\x1b[2J"},
    };
    const struct provider provider = {.token = "https://a/token"};

    begin();
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        CLEANUP(tokens_clear) struct tokens tokens = {.answer = NULL};

        ck_assert_int_eq(ask(&provider, all[i].answer, all[i].status, &tokens), all[i].code);
        ck_assert_str_eq(form, "grant_type=x&client_id=a%20client");
        ck_assert_ptr_nonnull(strstr(heard(), all[i].said));
    }
}
END_TEST

START_TEST(a_secret_goes_where_the_provider_wants_it)
{
    CLEANUP(tokens_clear)
    struct tokens basic = {.answer = NULL}, post = {.answer = NULL}, none = {.answer = NULL};
    struct provider provider = {.token = "https://a/token"};

    begin();
    options.client_secret_file = (char *)room_write_bytes("secret", TEXT("s 1\n"), 0600);
    ck_assert_int_eq(ask(&provider, "{\"id_token\":\"t\"}", 200, &basic), LOGIN_DONE);
    ck_assert_str_eq(form, "grant_type=x");
    ck_assert_str_eq(user, "a%20client");
    ck_assert_str_eq(password, "s%201");
    provider.secret_in_form = true;
    ck_assert_int_eq(ask(&provider, "{\"id_token\":\"t\"}", 200, &post), LOGIN_DONE);
    ck_assert_str_eq(form, "grant_type=x&client_id=a%20client&client_secret=s%201");
    ck_assert_str_eq(user, "");
    room_write_bytes("secret", TEXT("\n"), 0600);
    ck_assert_int_eq(ask(&provider, "{\"id_token\":\"t\"}", 200, &none), LOGIN_UNABLE);
    ck_assert_ptr_nonnull(strstr(heard(), "there is no secret"));
}
END_TEST

/* --- a device --- */

static const char *device_says(const char *uri, const char *user_code, int wanted)
{
    const struct provider provider = {.device = "https://a/dev", .token = "https://a/token"};
    struct tokens tokens = {.answer = NULL};

    answer =
        textf("{\"device_code\":\"d\",\"verification_uri\":\"%s\",\"user_code\":\"%s\"}", uri, user_code);
    status = 200;
    ck_assert_int_eq(device_for_tokens(&options, &provider, &tokens),
                     wanted); /* the interval is longer than the wait */
    return heard();
}

START_TEST(a_person_is_sent_to_an_https_address_and_shown_it_whole)
{
    begin();
    ck_assert_ptr_nonnull(strstr(device_says(LONG_HOST, "ABCD", LOGIN_REFUSED), "Go to " LONG_HOST " on"));
    ck_assert_ptr_nonnull(strstr(device_says("https://a/", "\\u001b[2J", LOGIN_REFUSED), "    \\x1b[2J\n"));
    ck_assert_ptr_nonnull(strstr(device_says("http://a/", "ABCD", LOGIN_REFUSED), "no https address"));
    ck_assert_ptr_nonnull(
        strstr(device_says("https://a/\\u001b[2J", "ABCD", LOGIN_REFUSED), "no https address"));
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("client_provider", a_provider_says_where_it_is, what_it_says_wrong_is_refused,
                       tokens_come_out_or_the_providers_reason, a_secret_goes_where_the_provider_wants_it,
                       a_person_is_sent_to_an_https_address_and_shown_it_whole);
}
