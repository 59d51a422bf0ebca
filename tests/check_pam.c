/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_pam: the built module, under real libpam, answers every client and every token with the right PAM
 * code, one log line, and no part of a token anywhere.
 *
 * pam_syslog() and clock_gettime() are this program's own: what it defines goes before libpam's and libc's, so it reads the
 * log and sets the clock.  Any user can run it.
 */
#include "pam_host.h"

#include "pam_client.h"
#include "pam_clock.h"

#include <regex.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

enum { LINES = 64, LINE_SIZE = 3000, SSH_CUT = 1023, SUDO_REFUSED = 512 };

static struct client client;
static pam_handle_t *pamh;
static struct { /* this call of the conversation, counted from 1, comes to nothing; 0: none does */
    unsigned int call, seen;
    int code;
    bool with_array; /* of one answer, which is NULL */
} broken;
static const char *switch_user_to; /* PAM_USER becomes this while the first prompt is answered */
static unsigned int delays;        /* how often a failure was delayed */
static struct {
    int priority;
    char text[LINE_SIZE];
} lines[LINES];
static unsigned int line_count;

/* --- instead of libpam's and libc's --- */

void pam_syslog(const pam_handle_t *handle, int priority, const char *format, ...)
{
    va_list arguments;

    (void)handle;
    if (line_count == LINES)
        return;
    va_start(arguments, format);
    vsnprintf(lines[line_count].text, LINE_SIZE, format, arguments);
    va_end(arguments);
    lines[line_count++].priority = priority;
}

/* The calls that the module makes to libpam: this one fails, counted from 1; 0: none does. */
static struct {
    unsigned int call, seen;
} refused;

static bool refuse_this_one(void)
{
    return refused.call != 0 && ++refused.seen == refused.call;
}

int pam_get_item(const pam_handle_t *handle, int type, const void **item)
{
    return refuse_this_one() ? PAM_SYSTEM_ERR : THEIRS(pam_get_item)(handle, type, item);
}

int pam_get_user(pam_handle_t *handle, const char **name, const char *prompt)
{
    return refuse_this_one() ? PAM_CONV_ERR : THEIRS(pam_get_user)(handle, name, prompt);
}

int pam_set_data(pam_handle_t *handle, const char *name, void *data,
                 void (*clear)(pam_handle_t *, void *, int))
{
    return refuse_this_one() ? PAM_BUF_ERR : THEIRS(pam_set_data)(handle, name, data, clear);
}

int pam_get_data(const pam_handle_t *handle, const char *name, const void **data)
{
    return refuse_this_one() ? PAM_SYSTEM_ERR : THEIRS(pam_get_data)(handle, name, data);
}

int pam_putenv(pam_handle_t *handle, const char *variable)
{
    return refuse_this_one() ? PAM_BUF_ERR : THEIRS(pam_putenv)(handle, variable);
}

int pam_fail_delay(pam_handle_t *handle, unsigned int microseconds)
{
    return refuse_this_one() ? PAM_SYSTEM_ERR : THEIRS(pam_fail_delay)(handle, microseconds);
}

static void note_delay(int result, unsigned int microseconds, void *data)
{
    (void)data;
    if (result != PAM_SUCCESS && microseconds > 0)
        delays++;
}

/* --- the host --- */

static const char *key_set(void)
{
    return mint_jwks(mint_jwk(mint_key(MINT_ED25519, 0), "\"kid\":\"ed\""),
                     mint_jwk(mint_key(MINT_P256, 0), "\"kid\":\"ec\""),
                     mint_jwk(mint_key(MINT_RSA, 0), "\"kid\":\"rsa\""));
}

/* `more` ends the file, so it may begin with lines for issuer corp. */
static void write_conf(const char *more)
{
    const char *global = textf("[global]\nstate_dir = %s\nrun_dir = %s\nfetch_helper = %s\nclock_skew = "
                               "0\nmax_wait = 1\nmin_uid = 1\n",
                               room_path("state"), room_path("run"), room_path("helper"));

    room_write("jwks.conf", textf("%s[issuer away]\nissuer = https://away.example.com\naudience = ssh-prod\n"
                                  "jwks_uri = https://127.0.0.1:1/\nuser_claim = sub\nallow_root = yes\n" CORP
                                  "jwks_file = %s\nallow_root = yes\nalgorithms = EdDSA ES256 RS256\n%s",
                                  global, room_path("corp.jwks"), more));
}

static void write_stack(const char *stack)
{
    room_write("pam.d/jwks-test", stack);
}

static void write_stack_with(const char *arguments)
{
    const char *module = host_module();

    write_stack(textf("auth required %s conf=%s %s\naccount required %s conf=%s %s\n", module,
                      room_path("jwks.conf"), arguments, module, room_path("jwks.conf"), arguments));
}

static void make_host(void)
{
    room_folder("pam.d", 0755);
    room_folder("state", 0755);
    room_folder("run", 0755);
    room_write("corp.jwks", key_set());
    room_write("pam.d/other", "auth required pam_deny.so\naccount required pam_deny.so\n");
    write_conf("");
    write_stack_with("");
}

/* --- one PAM transaction after the other --- */

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    if (broken.call != 0 && ++broken.seen == broken.call) {
        *responses = broken.with_array ? calloc(1, sizeof(**responses)) : NULL;
        return broken.code;
    }
    if (switch_user_to != NULL)
        ck_assert_int_eq(pam_set_item(pamh, PAM_USER, switch_user_to), PAM_SUCCESS);
    switch_user_to = NULL;
    return client_converse(count, messages, responses, data);
}

/* A client without answers; the log is empty. */
static void reset_client(void)
{
    memset(&client, 0, sizeof(client));
    line_count = delays = 0;
}

static void start_as(const char *name)
{
    static const struct pam_conv conv = {converse, &client};

    ck_assert_int_eq(pam_start_confdir("jwks-test", name, &conv, room_path("pam.d"), &pamh), PAM_SUCCESS);
    ck_assert_int_eq(pam_set_item(pamh, PAM_FAIL_DELAY, (const void *)note_delay), PAM_SUCCESS);
}

static void expect_no_leak(void)
{
    for (unsigned int i = 0; i < line_count; i++)
        ck_assert_msg(!client_leaked(&client, lines[i].text), "a part of an answer is in the log");
    for (unsigned int i = 0; i < client.prompts && i < CLIENT_SHOWN; i++)
        ck_assert_msg(!client_leaked(&client, client.prompt[i]), "a part of an answer is in a prompt");
    for (unsigned int i = 0; i < client.messages && i < CLIENT_SHOWN; i++)
        ck_assert_msg(!client_leaked(&client, client.message[i]), "a part of an answer is in a message");
}

static void end(void)
{
    expect_no_leak();
    ck_assert_int_eq(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    pamh = NULL;
    clock_ahead = 0;
}

/*
 * Authenticates with the client's answers; the handle stays for what follows.  A failure must have been
 * delayed, and what nobody could decide must not.
 */
static int authenticate_as(const char *name)
{
    int result;

    start_as(name);
    result = pam_authenticate(pamh, 0);
    ck_assert_uint_eq(delays, result == PAM_SUCCESS || result == PAM_AUTHINFO_UNAVAIL ? 0 : 1);
    return result;
}

/* The same with one answer, from the beginning to the end. */
static int login(const char *answer)
{
    int result;

    reset_client();
    client.answers[0] = answer;
    result = authenticate_as(host_user());
    end();
    return result;
}

static bool matches(const char *text, const char *pattern)
{
    regex_t expression;
    int result;

    ck_assert_int_eq(regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB), 0);
    result = regexec(&expression, text, 0, NULL, 0);
    regfree(&expression);
    return result == 0;
}

static unsigned int lines_that_match(const char *pattern)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < line_count; i++)
        count += matches(lines[i].text, pattern);
    return count;
}

/* Exactly one decision was logged, it matches, and it has this priority. */
static void expect_decision(int priority, const char *pattern)
{
    const char *found = "nothing";

    ck_assert_uint_eq(lines_that_match("decision="), 1);
    for (unsigned int i = 0; i < line_count; i++)
        if (strstr(lines[i].text, "decision=") != NULL) {
            found = lines[i].text;
            ck_assert_int_eq(lines[i].priority, LOG_AUTHPRIV | priority);
        }
    ck_assert_msg(matches(found, pattern), "the log has '%s', not '%s'", found, pattern);
}

static void expect_denied(const char *reason)
{
    expect_decision(LOG_NOTICE,
                    textf("^decision=deny user=%s .*reason=%s detail=\"[^\"]+\"$", host_user(), reason));
}

/* --- tokens --- */

static const char *quoted(const char *text)
{
    return textf("\"%s\"", text);
}

#define CLAIMS(...) mint_claims("preferred_username", quoted(host_user()), ##__VA_ARGS__, NULL)

static const char *good(void)
{
    return mint_good("EdDSA", "ed", CLAIMS());
}

/*
 * So many characters, no two pieces alike: in parts that repeat themselves the module sees sshd's password
 * method.
 */
static const char *ballast(size_t length)
{
    const char *text = "";

    for (size_t i = 0; strlen(text) < length; i += 100)
        text = textf("%s%zu %zu %zu %zu %zu %zu %zu ", text, i * i, i * 7 + 1, i * i + 3, i + 1, i * i * i, i,
                     i * 31);
    return textf("%.*s", (int)length, text);
}

/* A good token of at least this length. */
static const char *good_of(size_t length)
{
    return mint_good("EdDSA", "ed", CLAIMS("ballast", quoted(ballast(length))));
}

/*
 * One of exactly this length.  Base64url has no text of 4n + 1 characters, so the header may have to vary
 * too.
 */
static const char *good_of_exactly(size_t length)
{
    static const char *const headers[] = {"{\"alg\":\"EdDSA\",\"kid\":\"ed\"}",
                                          "{\"alg\":\"EdDSA\",\"kid\":\"ed\" }",
                                          "{\"alg\":\"EdDSA\",\"kid\":\"ed\"  }"};
    const struct mint_key *key = mint_key(MINT_ED25519, 0);

    for (size_t i = 0; i < ARRAY_LENGTH(headers); i++)
        for (size_t near = (length - 300) * 3 / 4 - 60; near < length; near++) {
            const char *claims = CLAIMS("b", quoted(ballast(near)));
            const char *token = mint_token(key, "EdDSA", headers[i], claims);

            if (strlen(token) == length)
                return token;
            if (strlen(token) > length)
                break;
        }
    ck_abort_msg("no token of %zu characters", length);
    return NULL;
}

/* `count` answers of `size` characters each, framed or bare. */
static void answer_in_parts(const char *token, size_t size, bool framed)
{
    size_t count = (strlen(token) + size - 1) / size;

    ck_assert_uint_lt(count, CLIENT_ANSWERS);
    for (size_t i = 0; i < count; i++)
        client.answers[i] = framed ? textf("%zu/%zu:%.*s", i + 1, count, (int)size, token + i * size)
                                   : textf("%.*s\n", (int)size, token + i * size);
}

/* --- allowed --- */

START_TEST(good_token_is_allowed)
{
    static const char *const algorithms[][2] = {{"EdDSA", "ed"}, {"ES256", "ec"}, {"RS256", "rsa"}};

    make_host();
    for (size_t i = 0; i < ARRAY_LENGTH(algorithms); i++) {
        const char *alg = algorithms[i][0], *kid = algorithms[i][1];

        ck_assert_int_eq(login(mint_good(alg, kid, CLAIMS("jti", "\"j 1\""))), PAM_SUCCESS);
        expect_decision(
            LOG_INFO, textf("^decision=allow user=%s issuer=corp sub=\"s-1001\" kid=\"%s\" alg=%s cache=file "
                            "exp=20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z "
                            "jti=\"j 1\" us=[0-9]+$",
                            host_user(), kid, alg));
        ck_assert_uint_eq(line_count, 1);
        ck_assert_uint_eq(client.prompts, 1);
        ck_assert_str_eq(client.prompt[0], "Token: ");
        ck_assert_uint_eq(client.messages, 0);
    }
}
END_TEST

START_TEST(expiry_is_logged_in_utc)
{
    make_host();
    ck_assert_int_eq(login(mint_good("EdDSA", "ed", CLAIMS("exp", "4102444799"))), PAM_SUCCESS);
    expect_decision(LOG_INFO, " exp=2099-12-31T23:59:59Z ");
}
END_TEST

/* A cut token may have these lengths; a whole one may, too. */
START_TEST(whole_token_of_a_suspect_length_is_taken_at_once)
{
    static const size_t lengths[] = {511, 1023, 1024, 4095};

    make_host();
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        ck_assert_int_eq(login(good_of_exactly(lengths[i])), PAM_SUCCESS);
        ck_assert_uint_eq(client.prompts, 1);
    }
}
END_TEST

START_TEST(long_token_comes_through_every_client)
{
    static const struct {
        size_t cut, refused, part; /* part 0: the token is typed on where it was cut */
        bool framed, whole_first;
        unsigned int prompts, messages;
    } clients[] = {
        {0, 0, 20000, false, false, 1, 0},          /* paramiko, whole */
        {SSH_CUT, 0, 1000, true, false, 2, 0},      /* jwks-askpass for ssh */
        {0, SUDO_REFUSED, 500, true, false, 4, 0},  /* jwks-askpass for sudo */
        {SSH_CUT, 0, 1000, false, false, 2, 1},     /* pasted in parts */
        {0, SUDO_REFUSED, 500, false, false, 4, 1}, /* the same in sudo */
        {0, SUDO_REFUSED, 500, false, true, 5, 2},  /* sudo refuses the whole first */
        {0, SUDO_REFUSED, 248, true, true, 8, 1},   /* the same by jwks-askpass */
        {0, 0, 27, false, false, 64, 1},            /* as many parts as there may be */
    };

    make_host();
    for (size_t i = 0; i < ARRAY_LENGTH(clients); i++) {
        const char *token = good_of_exactly(1711);

        reset_client();
        client.cut = clients[i].cut;
        client.refused = clients[i].refused;
        answer_in_parts(token, clients[i].part, clients[i].framed);
        if (clients[i].whole_first) {
            memmove(client.answers + 1, client.answers, sizeof(client.answers) - sizeof(client.answers[0]));
            client.answers[0] = token;
        }
        ck_assert_int_eq(authenticate_as(host_user()), PAM_SUCCESS);
        end();
        ck_assert_uint_eq(client.prompts, clients[i].prompts);
        ck_assert_uint_eq(client.messages, clients[i].messages);
        expect_decision(LOG_INFO, "^decision=allow ");
    }
}
END_TEST

/* ssh cuts what was pasted whole; the person pastes the rest. */
START_TEST(rest_of_a_cut_token_is_asked_for)
{
    const char *token = good_of_exactly(1500);

    make_host();
    reset_client();
    client.cut = SSH_CUT;
    client.answers[0] = token;
    client.answers[1] = token + SSH_CUT;
    ck_assert_int_eq(authenticate_as(host_user()), PAM_SUCCESS);
    end();
    ck_assert_str_eq(client.prompt[1], "Token (part 2): ");
    ck_assert_uint_eq(client.prompts, 2);
}
END_TEST

static void expect_cut_noticed(const char *token, size_t cut)
{
    reset_client();
    client.answers[0] = textf("%.*s", (int)cut, token);
    client.answers[1] = token + cut;
    ck_assert_msg(authenticate_as(host_user()) == PAM_SUCCESS, "cut at %zu of %zu: %s", cut, strlen(token),
                  lines[line_count - 1].text);
    end();
    ck_assert_uint_eq(client.prompts, 2);
}

/*
 * In a header, in a payload, in a signature; and in one where only the key tells, as it is longer than
 * others.
 */
START_TEST(cut_anywhere_is_noticed)
{
    const struct mint_key *long_key = mint_rsa_of(3072, 65537);
    const size_t whole = 512, short_whole = 342; /* signatures of RSA-3072 and RSA-2048 */
    const char *token = mint_token(long_key, "RS256", mint_header("RS256", "long"), CLAIMS());

    make_host();
    room_write("corp.jwks", mint_jwks(mint_jwk(mint_key(MINT_ED25519, 0), "\"kid\":\"ed\""),
                                      mint_jwk(mint_key(MINT_P256, 0), "\"kid\":\"ec\""),
                                      mint_jwk(long_key, "\"kid\":\"long\"")));
    for (size_t cut = 3; cut < strlen(good()); cut += cut < 100 ? 1 : 7)
        expect_cut_noticed(good(), cut);
    for (size_t cut = 3; cut < strlen(mint_good("ES256", "ec", CLAIMS())); cut += 13)
        expect_cut_noticed(mint_good("ES256", "ec", CLAIMS()), cut);
    for (size_t cut = strlen(token) - whole - 9; cut < strlen(token); cut += 5)
        if (cut !=
            strlen(token) - whole + short_whole) /* that is a whole signature, with a wrong last character */
            expect_cut_noticed(token, cut);
}
END_TEST

/* --- denied --- */

static const char incomplete[] = "The token is incomplete.";

struct bad_token {
    const char *token, *reason;
    const char *message; /* to the person; NULL: nothing */
};

static const char *tampered(const char *token)
{
    char *copy = strdup(token), *signature = strrchr(copy, '.') + 5;
    const char *result;

    *signature = *signature == 'A' ? 'B' : 'A';
    result = textf("%s", copy);
    free(copy);
    return result;
}

static void expect_refused(const struct bad_token *bad)
{
    ck_assert_msg(login(bad->token) == PAM_AUTH_ERR, "reason %s", bad->reason);
    expect_denied(bad->reason);
    ck_assert_uint_eq(client.prompts, 1);
    ck_assert_uint_eq(client.messages, bad->message == NULL ? 0 : 1);
    if (bad->message != NULL)
        ck_assert_str_eq(client.message[0], bad->message);
}

/* Each differs from a good one in one thing, and each is refused after one prompt. */
START_TEST(bad_token_is_denied_with_its_reason)
{
    const char *claims = CLAIMS();
    const struct bad_token bad[] = {
        {mint_good("EdDSA", "ed", CLAIMS("aud", "\"another\"")), "audience", NULL},
        {mint_good("EdDSA", "ed", CLAIMS("exp", textf("%jd", (intmax_t)NOW - 1))), "expired",
         "The token has expired: get a new one."},
        {mint_good("EdDSA", "ed", CLAIMS("iat", textf("%jd", (intmax_t)NOW + 60))), "not-yet-valid", NULL},
        {mint_good("EdDSA", "ed", CLAIMS("preferred_username", "\"somebody-else\"")), "user", NULL},
        {mint_good("EdDSA", "ed", CLAIMS("preferred_username", "")), "unmapped", NULL},
        {mint_good("EdDSA", "ed", CLAIMS("iss", "\"https://stranger.example.com\"")), "issuer", NULL},
        {mint_good("EdDSA", "ed", CLAIMS("sub", "")), "claim", NULL},
        {mint_good("EdDSA", "another", claims), "unknown-key", NULL},
        {mint_token(mint_key(MINT_ED25519, 1), "EdDSA", mint_header("EdDSA", "ed"), claims), "signature",
         NULL},
        {tampered(good()), "signature", NULL},
        {mint_good("PS256", "rsa", claims), "algorithm", NULL},
        {mint_hmac(TEXT("secret"), "{\"alg\":\"HS256\"}", claims), "symmetric", NULL},
        {mint_unsigned(claims), "unsigned", NULL},
        {mint_good("EdDSA", "ed", "not JSON"), "malformed", NULL},
        {textf("%s.AAAA.AAAA", good()), "encrypted", NULL},
        {textf("Bearer %s", good()), "malformed", NULL},
        {textf("%s ", good()), "malformed", NULL},
        {repeated("x", 43), "opaque", NULL},
        {"correct horse battery staple", "malformed", NULL},
        {"\b\n\r\177INCORRECT\b\n\r\177INCORRECT", "malformed", NULL},
        {textf("{\"payload\":\"%s\"}", good()), "malformed", NULL},
        {repeated("x", 200000), "too-long", NULL},
    };

    make_host();
    ck_assert_int_eq(login(good()), PAM_SUCCESS);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        expect_refused(&bad[i]);
}
END_TEST

/* What came in parts is refused as what came whole. */
START_TEST(bad_token_in_parts_is_denied_with_its_reason)
{
    const char *jwe = textf("%s.%s.%s.%s.%s", encoded(TEXT("{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}")),
                            repeated("k", 342), repeated("i", 16), repeated("c", 700), repeated("t", 22));
    const struct bad_token bad[] = {
        {jwe, "encrypted", NULL},
        {mint_good("EdDSA", "ed", CLAIMS("aud", "\"another\"")), "audience", NULL},
        {tampered(good_of(900)), "signature", NULL},
        {mint_hmac(TEXT("secret"), "{\"alg\":\"HS256\"}", CLAIMS()), "symmetric", NULL},
    };

    make_host();
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        for (size_t size = 200; size <= 600; size += 50) {
            reset_client();
            answer_in_parts(bad[i].token, size, false);
            ck_assert_int_eq(authenticate_as(host_user()), PAM_AUTH_ERR);
            end();
            expect_denied(bad[i].reason);
        }
}
END_TEST

START_TEST(no_answer_is_denied)
{
    const char *const answers[] = {"", "\n", client_null, client_no_array, client_failed, NULL};

    make_host();
    for (size_t i = 0; i < ARRAY_LENGTH(answers); i++) {
        ck_assert_int_eq(login(answers[i]), PAM_AUTH_ERR);
        expect_denied("incomplete");
        ck_assert_uint_le(client.prompts, 2);
        for (unsigned int j = 0; j < client.messages; j++)
            ck_assert_str_ne(client.message[j], incomplete);
    }
}
END_TEST

/* ssh makes an empty answer of an askpass that failed: it ends the matter, and never asks on and on. */
START_TEST(empty_answer_in_the_middle_is_denied)
{
    make_host();
    for (int framed = 0; framed < 2; framed++) {
        reset_client();
        answer_in_parts(good(), 100, framed != 0);
        client.answers[2] = "";
        ck_assert_int_eq(authenticate_as(host_user()), PAM_AUTH_ERR);
        end();
        expect_denied("incomplete");
        ck_assert_uint_eq(client.prompts, 3);
        ck_assert_str_eq(client.message[client.messages - 1], incomplete);
    }
}
END_TEST

/* Allowed only where every part has come all the same: sudo's refusal of the first prompt, and messages. */
static void expect_broken(unsigned int call, int code, bool with_array, unsigned int parts)
{
    int result;

    reset_client();
    answer_in_parts(good(), (strlen(good()) + parts - 1) / parts, call % 2 == 0);
    broken.call = call;
    broken.seen = 0;
    broken.code = code;
    broken.with_array = with_array;
    result = authenticate_as(host_user());
    broken.call = 0;
    ck_assert_msg(result == (client.prompts == parts ? PAM_SUCCESS : PAM_AUTH_ERR),
                  "call %u comes to %d: PAM code %d after %u answers", call, code, result, client.prompts);
    end();
    ck_assert_uint_eq(lines_that_match("decision="), 1);
}

START_TEST(conversation_that_breaks_off_is_denied)
{
    static const int codes[] = {PAM_CONV_ERR, PAM_BUF_ERR, PAM_ABORT, PAM_CONV_AGAIN, PAM_SUCCESS};

    make_host();
    for (unsigned int call = 1; call <= 6; call++)
        for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
            expect_broken(call, codes[i], false, 3);
            if (codes[i] == PAM_SUCCESS) /* else nobody frees the array */
                expect_broken(call, codes[i], true, 3);
        }
}
END_TEST

START_TEST(password_method_takes_what_fits_and_nothing_else)
{
    make_host();
    for (int fits = 1; fits >= 0; fits--) {
        reset_client();
        client.password_method = true;
        client.cut = SSH_CUT;
        client.answers[0] = good_of_exactly(fits != 0 ? SSH_CUT : SSH_CUT + 2);
        ck_assert_int_eq(authenticate_as(host_user()), fits != 0 ? PAM_SUCCESS : PAM_AUTH_ERR);
        end();
        ck_assert_uint_eq(client.prompts, 1);
    }
    expect_denied("incomplete");
    ck_assert_uint_eq(lines_that_match("keyboard-interactive"), 1);
    ck_assert_uint_eq(client.messages, 2);
    ck_assert_ptr_nonnull(strstr(client.message[1], "keyboard-interactive"));
}
END_TEST

START_TEST(frames_out_of_order_are_denied)
{
    make_host();
    reset_client();
    answer_in_parts(good(), 100, true);
    client.answers[1] = client.answers[2];
    ck_assert_int_eq(authenticate_as(host_user()), PAM_AUTH_ERR);
    end();
    expect_denied("malformed");
    ck_assert_uint_eq(client.prompts, 2);
}
END_TEST

/* --- who --- */

/* A stranger to the user database gets PAM_USER_UNKNOWN, and up to there sees what everybody sees. */
START_TEST(unknown_user_is_told_nothing)
{
    const char *answers[] = {good(),
                             tampered(good()),
                             "\b\n\r\177INCORRECT",
                             repeated("x", 43),
                             "",
                             client_null,
                             mint_good("EdDSA", "ed", CLAIMS("preferred_username", "\"nobody-here\""))};

    make_host();
    for (size_t i = 0; i < ARRAY_LENGTH(answers); i++) {
        struct client known;

        ck_assert(login(answers[i]) == PAM_SUCCESS ? i == 0 : i != 0);
        known = client;
        reset_client();
        client.answers[0] = answers[i];
        ck_assert_int_eq(authenticate_as("nobody-here"), PAM_USER_UNKNOWN);
        end();
        expect_decision(LOG_NOTICE,
                        "^decision=deny user=nobody-here .*reason=unknown-user detail=\"[^\"]+\"$");
        ck_assert_uint_eq(client.prompts, known.prompts);
        ck_assert_uint_eq(client.messages, known.messages);
        ck_assert_mem_eq(client.prompt, known.prompt, sizeof(client.prompt));
        ck_assert_mem_eq(client.message, known.message, sizeof(client.message));
    }
}
END_TEST

START_TEST(no_user_is_unknown)
{
    make_host();
    reset_client();
    client.answers[0] = good();
    ck_assert_int_eq(authenticate_as(""), PAM_USER_UNKNOWN);
    end();
    expect_decision(LOG_NOTICE, "^decision=deny user=\"\" .*reason=unknown-user ");
    ck_assert_str_eq(client.prompt[0], "Token: ");

    reset_client();
    client.answers[0] = client_failed;
    client.answers[1] = good();
    ck_assert_int_eq(authenticate_as(NULL), PAM_USER_UNKNOWN);
    end();
    ck_assert_str_eq(client.prompt[1], "Token: ");

    reset_client(); /* login(1) may leave the asking to us */
    client.answers[0] = host_user();
    client.answers[1] = good();
    ck_assert_int_eq(authenticate_as(NULL), PAM_SUCCESS);
    end();
}
END_TEST

START_TEST(user_who_changes_during_the_conversation_is_the_one_who_counts)
{
    make_host();
    reset_client();
    client.answers[0] = good();
    switch_user_to = "nobody-here";
    ck_assert_int_eq(authenticate_as(host_user()), PAM_USER_UNKNOWN);
    end();
    reset_client();
    client.answers[0] = good();
    switch_user_to = host_user();
    ck_assert_int_eq(authenticate_as("nobody-here"), PAM_SUCCESS);
    end();
}
END_TEST

START_TEST(hostile_names_cannot_forge_a_log_line)
{
    static const char *const names[][2] = {{"eve reason=x", "user=\"eve reason=x\""},
                                           {"eve\ndecision", "user=\"eve\\\\x0adecision\""},
                                           {"eve\" a=\"b", "user=\"eve\\\\x22 a=\\\\x22b\""},
                                           {"Eve", "user=\"Eve\""},
                                           {"\033[31m", "user=\"\\\\x1b\\[31m\""}};

    make_host();
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        reset_client();
        client.answers[0] = good();
        ck_assert_int_ne(authenticate_as(names[i][0]), PAM_SUCCESS);
        end();
        expect_decision(LOG_NOTICE, textf("^decision=deny %s ", names[i][1]));
    }
    ck_assert_int_eq(login(mint_good("EdDSA", "a\\\" decision=allow\\n", CLAIMS())), PAM_AUTH_ERR);
    expect_denied("unknown-key");
    ck_assert_uint_eq(lines_that_match("decision=allow"),
                      lines_that_match("kid=\"[^\"]*decision=allow[^\"]*\""));
}
END_TEST

/* --- services, export --- */

static const char *environment(const char *name)
{
    const char *value = pam_getenv(pamh, name);

    return value == NULL ? NULL : textf("%s", value);
}

START_TEST(service_section_narrows)
{
    make_host();
    write_conf("[service jwks-test]\nissuers = away\n");
    ck_assert_int_eq(login(good()), PAM_AUTH_ERR);
    expect_denied("service");
    write_conf("[service jwks-test]\nissuers = corp\n");
    ck_assert_int_eq(login(good()), PAM_SUCCESS);
}
END_TEST

START_TEST(identity_is_exported_only_where_asked_for)
{
    static const struct {
        const char *conf, *subject, *exported;
    } cases[] = {{"", "s-1001", NULL},
                 {"[service jwks-test]\nexport = no\n", "s-1001", NULL},
                 {"[service other]\nexport = yes\n", "s-1001", NULL},
                 {"[service jwks-test]\nexport = yes\n", "s-1001", "s-1001"},
                 {"[service jwks-test]\nexport = yes\n", "\\u00e9", ""},
                 {"[service jwks-test]\nexport = yes\n", "a=b c;$(d)", "a=b c;$(d)"}};

    make_host();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        bool exported = cases[i].exported != NULL;

        write_conf(cases[i].conf);
        reset_client();
        client.answers[0] = mint_good("EdDSA", "ed", CLAIMS("sub", quoted(cases[i].subject)));
        ck_assert_int_eq(authenticate_as(host_user()), PAM_SUCCESS);
        ck_assert_pstr_eq(environment("JWKS_ISSUER"), exported ? "corp" : NULL);
        ck_assert_pstr_eq(environment("JWKS_EXPIRES"), exported ? textf("%jd", (intmax_t)NOW + 600) : NULL);
        ck_assert_pstr_eq(environment("JWKS_SUBJECT"),
                          exported && *cases[i].exported ? cases[i].exported : NULL);
        end();
    }
}
END_TEST

START_TEST(nothing_is_exported_for_a_refused_token)
{
    make_host();
    write_conf("[service jwks-test]\nexport = yes\n");
    reset_client();
    client.answers[0] = tampered(good());
    ck_assert_int_eq(authenticate_as(host_user()), PAM_AUTH_ERR);
    ck_assert_ptr_null(environment("JWKS_ISSUER"));
    end();
}
END_TEST

/* --- unavailable, fault --- */

START_TEST(no_keys_are_unavailable)
{
    make_host();
    ck_assert_int_eq(
        login(mint_good("EdDSA", "ed",
                        CLAIMS("iss", "\"https://away.example.com\"", "sub", quoted(host_user())))),
        PAM_AUTHINFO_UNAVAIL);
    expect_decision(
        LOG_WARNING,
        textf("^decision=unavailable user=%s issuer=away .*reason=[a-z-]+ detail=\"[^\"]+\"$", host_user()));
    ck_assert_uint_eq(client.messages, 0);
}
END_TEST

START_TEST(every_mistake_in_the_configuration_is_logged_and_nobody_is_asked)
{
    make_host();
    write_conf("colour = red\nmax_stale = forever\n[service jwks-test]\nissuers = nobody\n");
    ck_assert_int_eq(login(good()), PAM_SERVICE_ERR);
    expect_decision(LOG_ERR, "^decision=fault reason=config detail=\"[^\"]+\"$");
    ck_assert_uint_ge(lines_that_match("^/[^ ]*jwks\\.conf:[0-9]+: "), 2);
    ck_assert_uint_eq(lines_that_match("^/[^ ]*jwks\\.conf:[0-9]+: .*colour"), 1);
    ck_assert_uint_eq(lines_that_match("^/[^ ]*jwks\\.conf:[0-9]+: .*max_stale"), 1);
    ck_assert_uint_eq(client.prompts + client.messages, 0);
    write_conf("max_stale = 12h\n[service jwks-test]\nissuers = corp\n");
    ck_assert_int_eq(login(good()), PAM_SUCCESS);
}
END_TEST

START_TEST(configuration_that_others_can_change_is_a_fault)
{
    make_host();
    ck_assert_int_eq(chmod(room_path("jwks.conf"), 0666), 0);
    ck_assert_int_eq(login(good()), PAM_SERVICE_ERR);
    expect_decision(LOG_ERR, "^decision=fault reason=unsafe-file ");
    ck_assert_int_eq(chmod(room_path("jwks.conf"), 0644), 0);
    ck_assert_int_eq(login(good()), PAM_SUCCESS);
    room_drop("jwks.conf");
    ck_assert_int_eq(login(good()), PAM_SERVICE_ERR);
    expect_decision(LOG_ERR, "^decision=fault reason=[a-z-]+ ");
}
END_TEST

START_TEST(broken_key_file_is_a_fault)
{
    make_host();
    room_write("corp.jwks", "{}");
    ck_assert_int_eq(login(good()), PAM_SERVICE_ERR);
    expect_decision(LOG_ERR,
                    textf("^decision=fault user=%s issuer=corp .*reason=[a-z-]+ detail=", host_user()));
}
END_TEST

/* --- arguments --- */

START_TEST(bad_argument_fails_the_module_in_both_phases)
{
    static const char *const bad[] = {"colour",
                                      "colour=red",
                                      "max_wait",
                                      "max_wait=",
                                      "max_wait=x",
                                      "max_wait=21",
                                      "prompt",
                                      "prompt=%s",
                                      "debug=maybe",
                                      "Debug",
                                      "conf",
                                      "conf=",
                                      "conf=jwks.conf",
                                      "use_first_pass=2",
                                      "=yes",
                                      "min_uid=0",
                                      "issuer=x",
                                      "nullok",
                                      "a_name_that_is_longer_than_any_other=1"};

    make_host();
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        write_stack_with(bad[i]);
        reset_client();
        client.answers[0] = good();
        ck_assert_msg(authenticate_as(host_user()) == PAM_SERVICE_ERR, "%s", bad[i]);
        expect_decision(LOG_ERR, "^decision=fault reason=[a-z-]+ detail=\"[^\"]+\"$");
        ck_assert_uint_eq(client.prompts, 0);
        line_count = 0;
        ck_assert_msg(pam_acct_mgmt(pamh, 0) == PAM_SERVICE_ERR, "%s", bad[i]);
        expect_decision(LOG_ERR, "^decision=fault reason=[a-z-]+ detail=\"[^\"]+\"$");
        end();
    }
}
END_TEST

START_TEST(good_arguments_are_taken)
{
    static const char *const arguments[] = {"",
                                            "max_wait=2",
                                            "max_wait=20",
                                            "debug",
                                            "debug=no",
                                            "use_first_pass=no",
                                            "try_first_pass",
                                            "prompt=Token:",
                                            "max_wait=1 debug"};

    make_host();
    for (size_t i = 0; i < ARRAY_LENGTH(arguments); i++) {
        write_stack_with(arguments[i]);
        reset_client();
        client.answers[0] = good();
        ck_assert_msg(authenticate_as(host_user()) == PAM_SUCCESS, "%s", arguments[i]);
        ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
        end();
    }
}
END_TEST

START_TEST(prompt_is_the_administrators)
{
    make_host();
    write_stack_with("[prompt=Corp token (sso): ]");
    reset_client();
    answer_in_parts(good(), 200, false);
    ck_assert_int_eq(authenticate_as(host_user()), PAM_SUCCESS);
    end();
    ck_assert_str_eq(client.prompt[0], "Corp token (sso): ");
    ck_assert_str_eq(client.prompt[1], "Corp token (sso) (part 2): ");
}
END_TEST

START_TEST(debug_logs_each_rule)
{
    make_host();
    ck_assert_int_eq(login(good()), PAM_SUCCESS);
    ck_assert_uint_eq(lines_that_match("^rule="), 0);
    write_stack_with("debug");
    ck_assert_int_eq(login(good()), PAM_SUCCESS);
    ck_assert_uint_eq(
        lines_that_match("^rule=audience status=ok wanted=\"[^\"]*\" found=\"[^\"]*\" origin=\"[^\"]+\"$"),
        2);
    ck_assert_uint_eq(lines_that_match("^decision=allow"), 1);
    for (unsigned int i = 0; i < line_count; i++)
        if (strncmp(lines[i].text, "rule=", 5) == 0)
            ck_assert_int_eq(lines[i].priority, LOG_AUTHPRIV | LOG_DEBUG);
    ck_assert_int_eq(login(mint_good("EdDSA", "ed", CLAIMS("aud", "\"another\""))), PAM_AUTH_ERR);
    ck_assert_uint_eq(lines_that_match("^rule=audience status=audience "), 1);
}
END_TEST

/* pam_unix asks for a password, keeps what it gets for the modules behind it, and is not satisfied. */
static void write_stack_behind_pam_unix(const char *arguments)
{
    write_stack(textf("auth optional pam_unix.so nodelay\nauth required %s conf=%s %s\n", host_module(),
                      room_path("jwks.conf"), arguments));
}

START_TEST(first_pass_is_used_as_told)
{
    static const struct {
        const char *arguments;
        bool token_first, token_second;
        int result;
        unsigned int prompts;
    } cases[] = {{"use_first_pass", true, false, PAM_SUCCESS, 1},
                 {"use_first_pass", false, true, PAM_AUTH_ERR, 1},
                 {"try_first_pass", true, false, PAM_SUCCESS, 1},
                 {"try_first_pass", false, true, PAM_SUCCESS, 2},
                 {"try_first_pass", false, false, PAM_AUTH_ERR, 2},
                 {"", true, false, PAM_AUTH_ERR, 2},
                 {"", false, true, PAM_SUCCESS, 2}};

    make_host();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        write_stack_behind_pam_unix(cases[i].arguments);
        reset_client();
        client.answers[0] = cases[i].token_first ? good() : "secret";
        client.answers[1] = cases[i].token_second ? good() : "secret";
        start_as(host_user());
        ck_assert_msg(pam_authenticate(pamh, 0) == cases[i].result, "case %zu", i);
        ck_assert_uint_eq(client.prompts, cases[i].prompts);
        end();
    }
}
END_TEST

START_TEST(first_pass_that_is_cut_is_incomplete)
{
    make_host();
    write_stack_behind_pam_unix("use_first_pass");
    reset_client();
    client.answers[0] = textf("%.*s", 300, good_of(600));
    client.answers[1] = good_of(600) + 300;
    start_as(host_user());
    ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
    end();
    expect_denied("incomplete");
    ck_assert_uint_eq(client.prompts, 1);
}
END_TEST

/* P6: to the modules behind it a token is no password. */
START_TEST(token_is_not_left_for_other_modules)
{
    const char *line = textf("auth required %s conf=%s", host_module(), room_path("jwks.conf"));

    make_host();
    write_stack(textf("%s\n%s use_first_pass\n", line, line));
    reset_client();
    client.answers[0] = good();
    ck_assert_int_eq(authenticate_as(host_user()), PAM_AUTH_ERR);
    end();
    ck_assert_uint_eq(lines_that_match("^decision=allow"), 1);
    ck_assert_uint_eq(lines_that_match("^decision=deny .*use_first_pass"), 1);
}
END_TEST

/* --- the other entry points --- */

START_TEST(credentials_are_not_ours)
{
    make_host();
    reset_client();
    client.answers[0] = good();
    ck_assert_int_eq(authenticate_as(host_user()), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(pamh, PAM_DELETE_CRED), PAM_SUCCESS);
    end();
}
END_TEST

/* Logged in, the account phase is reached, and `line_count` starts anew. */
static void log_in_for_account(void)
{
    make_host();
    reset_client();
    client.answers[0] = good();
    ck_assert_int_eq(authenticate_as(host_user()), PAM_SUCCESS);
    line_count = 0;
}

START_TEST(account_phase_looks_again)
{
    log_in_for_account();
    clock_ahead = 599;
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    ck_assert_uint_eq(line_count, 0);
    clock_ahead = 601;
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_AUTH_ERR);
    expect_decision(LOG_NOTICE, textf("^decision=deny user=%s issuer=corp reason=expired detail=\"[^\"]+\"$",
                                      host_user()));
    ck_assert_str_eq(client.message[0], "The token has expired: get a new one.");
    end();
}
END_TEST

START_TEST(account_phase_knows_another_user)
{
    log_in_for_account();
    ck_assert_int_eq(pam_set_item(pamh, PAM_USER, "daemon"), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_AUTH_ERR);
    expect_decision(LOG_NOTICE, "^decision=deny user=daemon issuer=corp reason=user ");
    ck_assert_int_eq(pam_set_item(pamh, PAM_USER, host_user()), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    end();
}
END_TEST

/* Even where the token maps to that one too: it was not the one that was let in. */
START_TEST(account_phase_knows_another_user_of_the_token)
{
    make_host();
    room_write("corp.map", textf("%s %s,daemon\n", host_user(), host_user()));
    write_conf(textf("user_map = %s\n", room_path("corp.map")));
    for (int changed = 0; changed < 2; changed++) {
        reset_client();
        client.answers[0] = good();
        ck_assert_int_eq(authenticate_as("daemon"), PAM_SUCCESS);
        ck_assert_int_eq(pam_set_item(pamh, PAM_USER, changed != 0 ? host_user() : "daemon"), PAM_SUCCESS);
        ck_assert_int_eq(pam_acct_mgmt(pamh, 0), changed != 0 ? PAM_AUTH_ERR : PAM_SUCCESS);
        end();
    }
    ck_assert_uint_eq(lines_that_match("^decision=deny .* reason=user "), 1);
}
END_TEST

/* By public key, or by another module: whatever jwks.conf is like, that is none of our business. */
START_TEST(account_phase_lets_other_logins_be)
{
    make_host();
    room_write("jwks.conf", "nonsense\n");
    reset_client();
    start_as(host_user());
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    ck_assert_uint_eq(line_count, 0);
    end();
}
END_TEST

/* In one handle, as in a screen locker: what is decided later counts. */
START_TEST(decision_belongs_to_its_own_try)
{
    log_in_for_account();
    client.answers[1] = tampered(good());
    ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
    clock_ahead = 601;
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    clock_ahead = 0;
    client.answers[2] = good();
    ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
    clock_ahead = 601;
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_AUTH_ERR);
    end();
}
END_TEST

/* --- libpam fails --- */

static bool is_documented(int code)
{
    return code == PAM_SUCCESS || code == PAM_AUTH_ERR || code == PAM_AUTHINFO_UNAVAIL ||
           code == PAM_SERVICE_ERR || code == PAM_USER_UNKNOWN;
}

/* Both phases, with the n-th call to libpam failing in the one or the other; false: there were fewer. */
static bool fail_call(unsigned int call, bool at_account, const char *token, time_t later, int *ret_code)
{
    int code;

    reset_client();
    client.answers[0] = token;
    start_as(host_user());
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS); /* the stack is read, and the module in memory */
    refused.call = at_account ? 0 : call;
    refused.seen = 0;
    code = pam_authenticate(pamh, 0);
    if (code != PAM_SUCCESS)
        ck_assert_ptr_null(environment("JWKS_ISSUER"));
    else
        expect_decision(LOG_INFO, textf("^decision=allow user=%s issuer=corp ", host_user()));
    if (at_account) {
        clock_ahead = later;
        refused.call = call;
        code = pam_acct_mgmt(pamh, 0);
    }
    refused.call = 0;
    end();
    ck_assert_msg(is_documented(code), "call %u: PAM code %d", call, code);
    *ret_code = code;
    return refused.seen >= call;
}

START_TEST(call_to_libpam_that_fails_never_means_yes)
{
    int code = PAM_SUCCESS;
    unsigned int call, spared = 0;

    make_host();
    write_conf("[service jwks-test]\nexport = yes\n");
    for (call = 1; fail_call(call, false, good(), 0, &code); call++)
        spared += code == PAM_SUCCESS;
    ck_assert_int_eq(code, PAM_SUCCESS);
    ck_assert_uint_gt(call, 8);
    /* the delay, clearing an earlier decision, PAM_USER's prompt, whether sshd asks, the variables */
    ck_assert_uint_eq(spared, 7);
    for (call = 1; fail_call(call, false, tampered(good()), 0, &code); call++)
        ck_assert_int_ne(code, PAM_SUCCESS);
    ck_assert_int_eq(code, PAM_AUTH_ERR);
    for (call = 1; fail_call(call, true, good(), 600, &code); call++)
        ck_assert_int_ne(code, PAM_SUCCESS);
    ck_assert_int_eq(code, PAM_AUTH_ERR);
    ck_assert_uint_gt(call, 1);
}
END_TEST

/* --- the test itself --- */

START_TEST(leaks_would_be_seen)
{
    reset_client();
    client.answers[0] = good();
    ck_assert(client_leaked(&client, textf("answer was '%.20s'", good() + 30)));
    ck_assert(!client_leaked(&client, textf("answer was '%.19s'", good() + 30)));
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM(
        "pam", good_token_is_allowed, expiry_is_logged_in_utc,
        whole_token_of_a_suspect_length_is_taken_at_once, long_token_comes_through_every_client,
        rest_of_a_cut_token_is_asked_for, cut_anywhere_is_noticed, bad_token_is_denied_with_its_reason,
        bad_token_in_parts_is_denied_with_its_reason, no_answer_is_denied,
        conversation_that_breaks_off_is_denied, call_to_libpam_that_fails_never_means_yes,
        empty_answer_in_the_middle_is_denied, password_method_takes_what_fits_and_nothing_else,
        frames_out_of_order_are_denied, unknown_user_is_told_nothing, no_user_is_unknown,
        user_who_changes_during_the_conversation_is_the_one_who_counts, hostile_names_cannot_forge_a_log_line,
        service_section_narrows, identity_is_exported_only_where_asked_for,
        nothing_is_exported_for_a_refused_token, no_keys_are_unavailable,
        every_mistake_in_the_configuration_is_logged_and_nobody_is_asked,
        configuration_that_others_can_change_is_a_fault, broken_key_file_is_a_fault,
        bad_argument_fails_the_module_in_both_phases, good_arguments_are_taken, prompt_is_the_administrators,
        debug_logs_each_rule, first_pass_is_used_as_told, first_pass_that_is_cut_is_incomplete,
        token_is_not_left_for_other_modules, credentials_are_not_ours, account_phase_looks_again,
        account_phase_knows_another_user, account_phase_knows_another_user_of_the_token,
        account_phase_lets_other_logins_be, decision_belongs_to_its_own_try, leaks_would_be_seen);
}
