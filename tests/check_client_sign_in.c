/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_client_sign_in.c: the whole way from a person to a certificate.  The browser is a script, the provider
 * a function, and its keys are a file; all else is the program's own.
 */
#include "logintest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct login_options options;
static const char *discovery, *nonce, *refreshed = "{}", *form;
static int64_t lifetime;
static int renames_left; /* 0: the next one is the end */

int renameat(int from, const char *name, int to, const char *new_name);
int renameat(int from, const char *name, int to, const char *new_name)
{
    if (renames_left-- == 0)
        _exit(0);
    return (int)syscall(SYS_renameat2, from, name, to, new_name, 0);
}

/* --- in the place of verify.c --- */

int verifier_open(const struct login_options *unused, struct verifier *verifier)
{
    const char *keys = room_write("corp.jwks", mint_jwks(mint_jwk(mint_key(MINT_P256, 0), "\"kid\":\"k\"")));

    (void)unused;
    *verifier =
        (struct verifier){.config = config_loaded(textf("%sjwks_file = %s\n", CORP, keys)), .lock = -1};
    return LOGIN_DONE;
}

void verifier_close(struct verifier *verifier)
{
    jwkscore_config_free(verifier->config);
    verifier->config = NULL;
}

int verifier_check(const struct verifier *verifier, const char *token, const struct jwkscore_offer *offer,
                   const char *unused, struct jwkscore_identity **ret_identity, char message[MESSAGE_SIZE])
{
    struct jwkscore_request request = {
        .size = sizeof(request), .token = token, .token_length = strlen(token), .now = jwkscore_now()};
    struct jwkscore_error error;

    ck_assert_ptr_null(unused);
    request.key = jwkscore_offer_blob(offer, &request.key_length);
    if (jwkscore_authenticate(verifier->config, &request, ret_identity, &error) == JWKSCORE_OK)
        return LOGIN_DONE;
    memcpy(message, error.message,
           sizeof(error.message) < MESSAGE_SIZE ? sizeof(error.message) : MESSAGE_SIZE);
    return LOGIN_REFUSED;
}

/* --- in the place of http_client.c --- */

/* A parameter of what the browser was asked for. */
static const char *asked(const char *name)
{
    CLEANUP(bytes_wipe) struct bytes text = {0};
    const char *found;

    if (persons_file_read(room_path("asked"), 0, 1, &text) != LOGIN_DONE)
        return "";
    found = strstr((const char *)text.at, textf("&%s=", name));
    found = found == NULL ? "" : found + strlen(name) + 2;
    return kept(found, strcspn(found, "&")).bytes;
}

static const char *id_token(void)
{
    return mint_good("ES256", "k",
                     mint_claims("nonce", textf("\"%s\"", nonce != NULL ? nonce : asked("nonce")), "exp",
                                 textf("%jd", (intmax_t)(jwkscore_now() + lifetime)), "iat",
                                 textf("%jd", (intmax_t)jwkscore_now() - 100), NULL));
}

int http_ask(const struct login_options *about, const struct http_request *request, long *ret_status,
             struct bytes *ret_body)
{
    *ret_status = 200;
    if (request->form != NULL)
        form = textf("%s", request->form);
    bytes_text(ret_body,
               request->form == NULL ? discovery
               : strstr(form, "=refresh_token&") != NULL
                   ? refreshed
                   : textf("{\"id_token\":\"%s\"%s}", id_token(),
                           has_word(about->scope, "offline_access") ? ",\"refresh_token\":\"first\"" : ""));
    return bytes_end(ret_body) != NULL ? LOGIN_DONE : LOGIN_UNABLE;
}

/* --- the browser --- */

/* What it brings back, but for the state, which it always has. */
static void browser_answers(const char *query)
{
    const char *script =
        room_write_bytes("browser",
                         text_from(textf("#!/bin/bash\nprintf %%s \"$1\" >%s\n"
                                         "port=${1#*127.0.0.1%%3A} state=${1#*&state=}\n"
                                         "exec 3<>\"/dev/tcp/127.0.0.1/${port%%%%%%2F*}\"\n"
                                         "printf 'GET /callback?%%s&state=%%s HTTP/1.1\\r\\n\\r\\n' "
                                         "'%s' \"${state%%%%&*}\" >&3\ncat <&3 >%s\n",
                                         room_path("asked"), query, room_path("page"))),
                         0755);

    options.browser = (char *)script;
    room_drop("asked");
}

static void begin(void)
{
    new_home();
    discovery = "{\"issuer\":\"" CORP_ISSUER "\",\"authorization_endpoint\":\"https://a/auth\","
                "\"token_endpoint\":\"https://a/token\"}";
    nonce = form = NULL;
    lifetime = 600;
    renames_left = 100;
    options = (struct login_options){
        .issuer = (char *)CORP_ISSUER,
        .client_id = (char *)"ssh-prod",
        .scope = (char *)"openid",
        .principals = (char *)"alice",
        .extension = (char *)"jwks-token@pam-jwks",
        .redirect_host = (char *)"127.0.0.1",
        .name = (char *)textf("corp%d", (int)getpid()), /* its own, in a keyring that is shared */
        .timeout = 20};
    unsetenv("SSH_AUTH_SOCK");
    browser_answers("code=c");
    heard();
}

/* A file of the login's; "": it is not there. */
static const char *contents(const char *suffix)
{
    CLEANUP(place_close) struct keyplace place = {.folder = -1};
    CLEANUP(bytes_wipe) struct bytes text = {0};

    ck_assert_int_eq(place_of_login(options.name, false, &place), LOGIN_DONE);
    ck_assert_int_eq(place_read(&place, suffix, &text), LOGIN_DONE);
    return text.length == 0 ? "" : text_of(&text).bytes;
}

static bool nothing_is_left(void)
{
    return *contents("") == '\0' && *contents(".pub") == '\0' && *contents("-cert.pub") == '\0' &&
           *contents(".new") == '\0' && *contents(".pub.new") == '\0' && *contents("-cert.pub.new") == '\0';
}

static bool is_good(int64_t then)
{
    CLEANUP(place_close) struct keyplace place = {.folder = -1};
    CLEANUP(verifier_close) struct verifier verifier = {.config = jwkscore_config_new(), .lock = -1};
    CLEANUP(held_clear) struct held held = {.certificate = NULL};

    ck_assert_int_eq(place_of_login(options.name, false, &place), LOGIN_DONE);
    ck_assert_int_eq(held_read(&verifier, &place, &held), LOGIN_DONE);
    return held_good(&held, "alice", jwkscore_now() + then);
}

static const char *page(void)
{
    CLEANUP(bytes_wipe) struct bytes text = {0};

    ck_assert_int_eq(persons_file_read(room_path("page"), 0, 1, &text), LOGIN_DONE);
    return text_of(&text).bytes;
}

/* --- the way --- */

START_TEST(a_login_is_a_key_and_a_certificate_for_as_long_as_the_token)
{
    begin();
    ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
    ck_assert(is_good(590) && !is_good(601));
    ck_assert_ptr_nonnull(strstr(heard(), "Signed in as nobody"));
    ck_assert_str_eq(asked("response_type"), "");
    ck_assert_str_eq(asked("client_id"), "ssh-prod");
    ck_assert_str_eq(asked("scope"), "openid");
    ck_assert_str_eq(asked("code_challenge_method"), "S256");
}
END_TEST

START_TEST(the_code_is_redeemed_by_whoever_asked_for_it)
{
    const char *state, *verifier;
    unsigned char digest[SECRET_SIZE];
    CLEANUP(bytes_wipe) struct bytes challenge = {0};

    begin();
    ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
    state = asked("state");
    ck_assert_uint_eq(strlen(state), 43);
    ck_assert_ptr_nonnull(strstr(form, textf("&code=c&redirect_uri=%s&", asked("redirect_uri"))));
    verifier = strstr(form, "&code_verifier=") + strlen("&code_verifier=");
    verifier = kept(verifier, strcspn(verifier, "&")).bytes;
    ck_assert_uint_eq(strlen(verifier), 43);
    ck_assert(sha256(verifier, strlen(verifier), digest));
    bytes_base64url(&challenge, digest, sizeof(digest));
    ck_assert_str_eq(text_of(&challenge).bytes, asked("code_challenge"));
    ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
    ck_assert_str_ne(asked("state"), state);
    ck_assert_ptr_null(strstr(form, verifier));
}
END_TEST

/* RFC 9207. */
START_TEST(an_answer_of_another_issuer_is_refused)
{
    static const char announced[] =
        "{\"issuer\":\"" CORP_ISSUER "\",\"authorization_endpoint\":\"https://a/auth\","
        "\"token_endpoint\":\"https://a/token\","
        "\"authorization_response_iss_parameter_supported\":true}";

    begin();
    browser_answers("code=c&iss=https%3A%2F%2Felsewhere.example");
    ck_assert_int_eq(sign_in(&options), LOGIN_REFUSED);
    ck_assert_ptr_nonnull(strstr(heard(), "another issuer"));
    discovery = announced;
    browser_answers("code=c");
    ck_assert_int_eq(sign_in(&options), LOGIN_REFUSED);
    browser_answers("error=x");
    ck_assert_int_eq(sign_in(&options), LOGIN_REFUSED);
    ck_assert_ptr_null(strstr(heard(), "refuses"));
    ck_assert(nothing_is_left());
    ck_assert_ptr_null(form);
    browser_answers("code=c&iss=https%3A%2F%2Flogin.example.com%2Fcorp");
    ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
}
END_TEST

START_TEST(an_error_ends_it_in_the_providers_words)
{
    begin();
    browser_answers("error=access_denied&error_description=not+you");
    ck_assert_int_eq(sign_in(&options), LOGIN_REFUSED);
    ck_assert_ptr_nonnull(strstr(heard(), "the provider refuses: access_denied: not you\n"));
    ck_assert_ptr_nonnull(strstr(page(), "access_denied"));
    browser_answers("session=x");
    ck_assert_int_eq(sign_in(&options), LOGIN_REFUSED);
    ck_assert_ptr_nonnull(strstr(heard(), "neither a code nor an error"));
    ck_assert(nothing_is_left());
}
END_TEST

START_TEST(nothing_is_written_before_the_token_is_verified)
{
    begin();
    nonce = "AAAA";
    ck_assert_int_eq(sign_in(&options), LOGIN_REFUSED);
    ck_assert(nothing_is_left());
    nonce = NULL;
    lifetime = -10; /* within the skew that is allowed to clocks */
    heard();
    ck_assert_int_eq(sign_in(&options), LOGIN_REFUSED);
    ck_assert_ptr_nonnull(strstr(heard(), "expired already"));
    ck_assert(nothing_is_left());
}
END_TEST

START_TEST(whenever_it_ends_half_a_login_is_none)
{
    for (int renames = 0; renames < 3; renames++) {
        const char *key, *public, *certificate;
        int status;
        pid_t child;

        begin();
        ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
        key = contents("");
        public = contents(".pub");
        certificate = contents("-cert.pub");
        child = fork();
        if (child == 0) {
            renames_left = renames;
            _exit(sign_in(&options) + 10);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0); /* it ended where it should */
        ck_assert(is_good(0) == (renames == 0));
        if (renames == 0)
            ck_assert(strcmp(contents(""), key) == 0 && strcmp(contents(".pub"), public) == 0 &&
                      strcmp(contents("-cert.pub"), certificate) == 0);
        ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
        ck_assert(is_good(0));
    }
}
END_TEST

/* --- again --- */

START_TEST(a_good_certificate_is_left_alone_for_ssh)
{
    begin();
    options.quiet = true;
    ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
    room_drop("asked");
    ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
    ck_assert(!room_has("asked"));
    lifetime = 50; /* less than a minute is not good for ssh */
    options.quiet = false;
    ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
    options.quiet = true;
    room_drop("asked");
    ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
    ck_assert(room_has("asked"));
}
END_TEST

static const char *stored(void)
{
    CLEANUP(place_close) struct keyplace place = {.folder = -1};
    CLEANUP(bytes_wipe) struct bytes token = {0};

    ck_assert_int_eq(place_of_login(options.name, false, &place), LOGIN_DONE);
    ck_assert_int_eq(refresh_store_read(&options, &place, &token), LOGIN_DONE);
    return token.length == 0 ? "" : text_of(&token).bytes;
}

START_TEST(a_refresh_renews_the_certificate_of_the_same_key)
{
    CLEANUP(place_close) struct keyplace place = {.folder = -1};
    const char *key;

    begin();
    options.scope = (char *)"openid offline_access";
    lifetime = 50;
    ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
    ck_assert_str_eq(asked("prompt"), "consent");
    ck_assert_str_eq(stored(), "first");
    key = contents("");
    nonce = asked("nonce");
    lifetime = 600;
    refreshed = textf("{\"id_token\":\"%s\",\"refresh_token\":\"second\"}", id_token());
    room_drop("asked");
    ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
    ck_assert(!room_has("asked") && is_good(590));
    ck_assert_ptr_nonnull(strstr(form, "&refresh_token=first"));
    ck_assert_str_eq(stored(), "second");
    ck_assert_str_eq(contents(""), key);
    nonce = "AAAA"; /* what is bound to another key is of no use: the person is asked */
    refreshed = textf("{\"id_token\":\"%s\",\"refresh_token\":\"third\"}", id_token());
    nonce = NULL;
    ck_assert_int_eq(sign_in(&options), LOGIN_DONE);
    ck_assert(room_has("asked") && is_good(590));
    ck_assert_str_ne(contents(""), key);
    ck_assert_str_eq(stored(), "first");
    browser_answers("error=x");
    ck_assert_int_eq(sign_in(&options), LOGIN_REFUSED);
    ck_assert_str_eq(stored(), "");
    ck_assert_int_eq(place_of_login(options.name, false, &place), LOGIN_DONE);
    refresh_store_remove(&options, &place);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("client_sign_in", a_login_is_a_key_and_a_certificate_for_as_long_as_the_token,
                       the_code_is_redeemed_by_whoever_asked_for_it, an_answer_of_another_issuer_is_refused,
                       an_error_ends_it_in_the_providers_words,
                       nothing_is_written_before_the_token_is_verified, whenever_it_ends_half_a_login_is_none,
                       a_good_certificate_is_left_alone_for_ssh,
                       a_refresh_renews_the_certificate_of_the_same_key);
}
