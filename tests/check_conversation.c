/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_conversation: a token in one answer or in many, from any client, comes together; what cannot be one
 * is refused before it is copied; and every answer is wiped.
 *
 * conversation.c by itself: real libpam carries the conversation, the other end is scripted, and the
 * library's verdict "incomplete" is the call of conversation_continue().
 */
#include "../pam_jwks/internal.h"
#include "pam_client.h"

#include <check.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ANSWER_LIMIT = TOKEN_LIMIT + 6, HUGE_SIZE = 200000 };

static struct client client;
static struct conversation *conversation;
static struct jwkscore_error error;
static pam_handle_t *pamh;
static char folder[] = "check_conversation.XXXXXX";
static unsigned int wiped; /* answers that were wiped as a whole */

/* --- explicit_bzero() is ours in this program: it tells whether an answer was wiped --- */

static void note_wiped(const char *start, size_t length)
{
    for (unsigned int i = 0; i < client.gifts; i++)
        if (client.given[i] == start && client.given_length[i] == length) {
            client.given[i] = NULL;
            wiped++;
        }
}

static void wipe(void *start, size_t length)
{
    volatile char *byte = start;

    note_wiped(start, length);
    while (length-- > 0)
        *byte++ = 0;
}

void explicit_bzero(void *start, size_t length);
void explicit_bzero(void *start, size_t length)
{
    wipe(start, length);
}

/* What _FORTIFY_SOURCE makes of it. */
void __explicit_bzero_chk(void *start, size_t length, size_t size);
void __explicit_bzero_chk(void *start, size_t length, size_t size)
{
    (void)size;
    wipe(start, length);
}

/* --- fixture: a PAM handle without a stack; only its conversation is used --- */

static void start_with(const char *prompt)
{
    static const struct pam_conv conv = {client_converse, &client};

    ck_assert_int_eq(pam_start_confdir("check", "alice", &conv, folder, &pamh), PAM_SUCCESS);
    conversation = conversation_new(pamh, prompt);
    ck_assert_ptr_nonnull(conversation);
}

static void set_up(void)
{
    memset(&client, 0, sizeof(client));
    memset(&error, 0, sizeof(error));
    wiped = 0;
    start_with("Token: ");
}

/*
 * What holds after every case: all answers wiped, and no piece of one in an error or on the person's screen.
 */
static void tear_down(void)
{
    ck_assert_uint_eq(wiped, client.gifts);
    ck_assert(!client_leaked(&client, error.message));
    for (unsigned int i = 0; i < client.prompts && i < CLIENT_SHOWN; i++)
        ck_assert(!client_leaked(&client, client.prompt[i]));
    for (unsigned int i = 0; i < client.messages && i < CLIENT_SHOWN; i++)
        ck_assert(!client_leaked(&client, client.message[i]));
    conversation_free(conversation);
    pam_end(pamh, PAM_SUCCESS);
}

static void make_folder(void)
{
    char path[64];
    FILE *file;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/check", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("auth required pam_deny.so\n", file);
    fclose(file);
}

static void remove_folder(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/check", folder);
    unlink(path);
    rmdir(folder);
}

static void expect_token(const char *token)
{
    ck_assert_uint_eq(conversation->length, strlen(token));
    ck_assert_mem_eq(conversation->token, token, conversation->length);
}

static char *filled(size_t length, char c)
{
    char *text = malloc(length + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, c, length);
    text[length] = '\0';
    return text;
}

/* --- one answer --- */

START_TEST(whole_answer_is_taken_at_once)
{
    client.answers[0] = "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    expect_token("eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl");
    ck_assert_uint_eq(client.prompts, 1);
    ck_assert_str_eq(client.prompt[0], "Token: ");
    ck_assert_uint_eq(client.messages, 0);
}
END_TEST

static const struct {
    const char *answer, *token;
} line_ends[] = {{"a.b.c", "a.b.c"},        {"a.b.c\n", "a.b.c"},   {"a.b.c\r\n", "a.b.c"},
                 {"a.b.c\n\n", "a.b.c\n"},  {"a.b.c\r", "a.b.c\r"}, {"a.b.c \n", "a.b.c "},
                 {"\na.b.c", "\na.b.c"},    {" a.b.c", " a.b.c"},   {"Bearer a", "Bearer a"},
                 {"a.b.c\n\r", "a.b.c\n\r"}};

START_TEST(one_line_end_comes_off_and_nothing_else)
{
    client.answers[0] = line_ends[_i].answer;
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    expect_token(line_ends[_i].token);
}
END_TEST

/* sshd's for unknown users: not ours to judge, and no reason to ask on. */
START_TEST(junk_goes_to_the_library_as_it_is)
{
    client.answers[0] = "\b\n\r\177INCORRECT\b\n\r\177INC";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    expect_token("\b\n\r\177INCORRECT\b\n\r\177INC");
    ck_assert_uint_eq(client.prompts, 1);
}
END_TEST

static const char *const no_answers[] = {"", "\n", "\r\n", client_null, client_no_array, client_failed, NULL};

START_TEST(no_answer_is_refused)
{
    bool again = no_answers[_i] == client_failed || no_answers[_i] == NULL;

    client.answers[0] = no_answers[_i];
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_int_eq(error.status, JWKSCORE_E_INCOMPLETE);
    ck_assert_uint_eq(conversation->length, 0);
    ck_assert_uint_eq(client.prompts, again ? 2 : 1);
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_uint_eq(client.prompts, again ? 2 : 1);
}
END_TEST

static const struct {
    size_t length;
    enum jwkscore_status status;
} lengths[] = {{1, JWKSCORE_OK},
               {TOKEN_LIMIT, JWKSCORE_OK},
               {TOKEN_LIMIT + 1, JWKSCORE_E_TOO_LONG},
               {ANSWER_LIMIT, JWKSCORE_E_TOO_LONG},
               {ANSWER_LIMIT + 1, JWKSCORE_E_TOO_LONG},
               {HUGE_SIZE, JWKSCORE_E_TOO_LONG}};

START_TEST(answer_over_the_limit_is_refused)
{
    char *answer = filled(lengths[_i].length, 'x');

    client.answers[0] = answer;
    ck_assert_int_eq(conversation_read(conversation, &error), lengths[_i].status);
    ck_assert_uint_eq(conversation->length, lengths[_i].status == JWKSCORE_OK ? lengths[_i].length : 0);
    client.answers[0] = NULL; /* a text of one letter is in every message */
    free(answer);
}
END_TEST

/* --- framed parts --- */

START_TEST(frames_ask_for_exactly_the_rest)
{
    client.answers[0] = "1/3:eyJhbGciOi";
    client.answers[1] = "2/3:JFZERTQSJ9.e3";
    client.answers[2] = "3/3:0.c2lnbmF0dXJl\n";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    expect_token("eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl");
    ck_assert_uint_eq(client.prompts, 3);
    ck_assert_str_eq(client.prompt[0], "Token: ");
    ck_assert_str_eq(client.prompt[1], "Token (part 2 of 3): ");
    ck_assert_str_eq(client.prompt[2], "Token (part 3 of 3): ");
    ck_assert_uint_eq(client.messages, 0);
}
END_TEST

/* A framed token says itself when it is whole: if the library finds it incomplete, nobody is asked. */
START_TEST(frames_end_where_they_say)
{
    client.answers[0] = "1/1:eyJ";
    client.answers[1] = "2/2:hbGc";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    expect_token("eyJ");
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_uint_eq(client.prompts, 1);
}
END_TEST

static const struct {
    const char *answers[3];
    enum jwkscore_status status;
    unsigned int prompts;
} wrong_frames[] = {
    {{"2/2:abc"}, JWKSCORE_E_MALFORMED, 1},
    {{"3/2:abc"}, JWKSCORE_E_MALFORMED, 1},
    {{"1/3:abc", "3/3:def"}, JWKSCORE_E_MALFORMED, 2},
    {{"1/3:abc", "2/4:def"}, JWKSCORE_E_MALFORMED, 2},
    {{"1/3:abc", "2/2:def"}, JWKSCORE_E_MALFORMED, 2},
    {{"1/3:abc", "1/3:def"}, JWKSCORE_E_MALFORMED, 2},
    {{"1/3:abc", "def"}, JWKSCORE_E_MALFORMED, 2},
    {{"1/3:abc", "0/3:def"}, JWKSCORE_E_MALFORMED, 2},
    {{"1/3:abc", "02/3:def"}, JWKSCORE_E_MALFORMED, 2},
    {{"1/3:abc", ""}, JWKSCORE_E_INCOMPLETE, 2},
    {{"1/3:abc", "2/3:"}, JWKSCORE_E_INCOMPLETE, 2},
    {{"1/3:abc", "2/3:def"}, JWKSCORE_E_INCOMPLETE, 3},
    {{"1/3:abc", "2/3:def", "2/3:ghi"}, JWKSCORE_E_MALFORMED, 3},
    {{"1/3:"}, JWKSCORE_E_INCOMPLETE, 1},
    {{"1/65:abc"}, JWKSCORE_E_TOO_LONG, 1},
    {{"1/99:abc"}, JWKSCORE_E_TOO_LONG, 1},
};

START_TEST(frame_that_was_not_asked_for_is_refused)
{
    for (int i = 0; i < 3; i++)
        client.answers[i] = wrong_frames[_i].answers[i];
    ck_assert_int_eq(conversation_read(conversation, &error), wrong_frames[_i].status);
    ck_assert_int_eq(error.status, wrong_frames[_i].status);
    ck_assert_uint_eq(client.prompts, wrong_frames[_i].prompts);
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_uint_eq(client.prompts, wrong_frames[_i].prompts);
}
END_TEST

static const char *const not_frames[] = {"0/3:abc", "1/0:abc",   "01/3:abc", "1/03:abc", "1/3;abc", "1-3:abc",
                                         "/3:abc",  "100/3:abc", "1/100:a",  " 1/3:abc", "+1/3:ab", "1/3"};

START_TEST(what_is_no_frame_is_text)
{
    client.answers[0] = not_frames[_i];
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    expect_token(not_frames[_i]);
    ck_assert_uint_eq(client.prompts, 1);
}
END_TEST

START_TEST(sixty_four_frames_of_256_make_the_longest_token)
{
    static char answers[PARTS_LIMIT][300];
    char *chunk = filled(256, 'x');

    for (int i = 0; i < PARTS_LIMIT; i++) {
        chunk[0] = (char)('0' + i % 10);
        snprintf(answers[i], sizeof(answers[i]), "%d/%d:%s", i + 1, PARTS_LIMIT, chunk);
        client.answers[i] = answers[i];
    }
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    ck_assert_uint_eq(conversation->length, TOKEN_LIMIT);
    ck_assert_uint_eq(client.prompts, PARTS_LIMIT);
    ck_assert_int_eq(conversation->token[256 * 63], '3');
    free(chunk);
}
END_TEST

START_TEST(frames_together_over_the_limit_are_refused)
{
    char *first = filled(TOKEN_LIMIT + 4, 'x');

    memcpy(first, "1/2:", 4);
    client.answers[0] = first;
    client.answers[1] = "2/2:y";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_E_TOO_LONG);
    ck_assert_uint_eq(client.prompts, 2);
    client.answers[0] = NULL;
    free(first);
}
END_TEST

/* --- bare parts --- */

START_TEST(bare_parts_are_joined)
{
    client.answers[0] = "eyJhbGciOi";
    client.answers[1] = "JFZERTQSJ9.e3\r\n";
    client.answers[2] = "0.c2lnbmF0dXJl";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_OK);
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_OK);
    expect_token("eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl");
    ck_assert_uint_eq(client.prompts, 3);
    ck_assert_str_eq(client.prompt[1], "Token (part 2): ");
    ck_assert_str_eq(client.prompt[2], "Token (part 3): ");
    ck_assert_uint_eq(client.messages, 1);
    ck_assert_str_eq(client.message[0], "The token is incomplete: send its next part.");
}
END_TEST

/* What the library said of the token stands: it knows where it ends. */
START_TEST(empty_answer_ends_bare_parts)
{
    client.answers[0] = "eyJhbGciOi";
    client.answers[1] = "\n";
    client.answers[2] = "JFZERTQSJ9";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    snprintf(error.message, sizeof(error.message), "it ends in its first part");
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_str_eq(error.message, "it ends in its first part");
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_uint_eq(client.prompts, 2);
    ck_assert_ptr_null(conversation->advice);
}
END_TEST

static const char *const no_parts[] = {client_null, client_no_array, client_failed};

START_TEST(no_answer_ends_bare_parts)
{
    client.answers[0] = "eyJhbGciOi";
    client.answers[1] = no_parts[_i];
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_uint_eq(client.prompts, 2);
    ck_assert_uint_eq(client.messages, 1);
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_uint_eq(client.prompts, 2);
}
END_TEST

START_TEST(frame_after_a_bare_part_is_refused)
{
    client.answers[0] = "eyJhbGciOi";
    client.answers[1] = "2/2:JFZERTQSJ9";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_MALFORMED);
    ck_assert_str_eq(error.message, "part 2 is framed, those before it are not");
}
END_TEST

START_TEST(sixty_five_bare_parts_are_too_many)
{
    static char answers[PARTS_LIMIT + 1][4];

    for (int i = 0; i <= PARTS_LIMIT; i++) {
        snprintf(answers[i], sizeof(answers[i]), "x%02d", i);
        client.answers[i] = answers[i];
    }
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    for (int i = 1; i < PARTS_LIMIT; i++)
        ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_OK);
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_TOO_LONG);
    ck_assert_uint_eq(client.prompts, PARTS_LIMIT);
    ck_assert_uint_eq(conversation->length, 3 * PARTS_LIMIT);
}
END_TEST

START_TEST(bare_parts_together_over_the_limit_are_refused)
{
    char *first = filled(TOKEN_LIMIT - 3, 'x');

    client.answers[0] = first;
    client.answers[1] = _i == 0 ? "abc" : "abcd";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    ck_assert_int_eq(conversation_continue(conversation, &error),
                     _i == 0 ? JWKSCORE_OK : JWKSCORE_E_TOO_LONG);
    client.answers[0] = NULL;
    free(first);
}
END_TEST

/* --- clients --- */

/* sudo refuses what is over 511 characters; one that gave up refuses everything. */
START_TEST(sudo_refuses_a_long_answer_and_is_asked_for_parts)
{
    char *whole = filled(512, 'x'), *part = filled(511, 'y');

    client.refused = 512;
    client.answers[0] = whole;
    client.answers[1] = part;
    client.answers[2] = "z";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    ck_assert_uint_eq(conversation->length, 511);
    ck_assert_uint_eq(client.messages, 1);
    ck_assert_ptr_nonnull(strstr(client.message[0], "in parts"));
    ck_assert_str_eq(client.prompt[1], "Token (part 1): ");
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_OK);
    ck_assert_uint_eq(conversation->length, 512);
    ck_assert_str_eq(client.prompt[2], "Token (part 2): ");
    client.answers[0] = client.answers[1] = NULL;
    free(whole);
    free(part);
}
END_TEST

START_TEST(frames_follow_sudos_refusal_too)
{
    client.answers[0] = client_failed;
    client.answers[1] = "1/2:eyJh";
    client.answers[2] = "2/2:bGci";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    expect_token("eyJhbGci");
    ck_assert_str_eq(client.prompt[1], "Token (part 1): ");
    ck_assert_str_eq(client.prompt[2], "Token (part 2 of 2): ");
}
END_TEST

START_TEST(password_method_is_known_by_answering_a_message)
{
    client.password_method = true;
    client.answers[0] = "eyJhbGciOi";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_uint_eq(client.prompts, 1);
    ck_assert_ptr_nonnull(strstr(error.message, "keyboard-interactive"));
    ck_assert_ptr_nonnull(strstr(conversation->advice, "keyboard-interactive"));
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_uint_eq(client.messages, 1);
}
END_TEST

static const char *const repeated[][3] = {{"eyJhbGciOi", "eyJhbGciOi"},
                                          {"1/2:eyJhbGciOi", "1/2:eyJhbGciOi"},
                                          {"1/3:eyJhbG", "2/3:ciOi", "2/3:ciOi"}};

START_TEST(password_method_is_known_by_repeating_itself)
{
    enum jwkscore_status status;

    for (int i = 0; i < 3; i++)
        client.answers[i] = repeated[_i][i];
    status = conversation_read(conversation, &error);
    if (status == JWKSCORE_OK)
        status = conversation_continue(conversation, &error);
    ck_assert_int_eq(status, JWKSCORE_E_INCOMPLETE);
    ck_assert_ptr_nonnull(strstr(error.message, "keyboard-interactive"));
    ck_assert_ptr_nonnull(conversation->advice);
    ck_assert_uint_eq(client.prompts, _i == 2 ? 3 : 2);
}
END_TEST

/* --- prompts --- */

static const struct {
    const char *prompt, *first, *second;
} prompts[] = {{"Corp token: ", "Corp token: ", "Corp token (part 2 of 2): "},
               {"Corp token", "Corp token", "Corp token (part 2 of 2): "},
               {": ", ": ", " (part 2 of 2): "},
               {"", "", " (part 2 of 2): "},
               {"100%s%n: ", "100%s%n: ", "100%s%n (part 2 of 2): "}};

START_TEST(other_prompts_are_made_of_the_first)
{
    conversation_free(conversation);
    conversation = conversation_new(pamh, prompts[_i].prompt);
    client.answers[0] = "1/2:eyJh";
    client.answers[1] = "2/2:bGci";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    ck_assert_str_eq(client.prompt[0], prompts[_i].first);
    ck_assert_str_eq(client.prompt[1], prompts[_i].second);
}
END_TEST

START_TEST(long_prompt_is_cut_and_keeps_its_number)
{
    char *prompt = filled(2000, 'p');

    conversation_free(conversation);
    conversation = conversation_new(pamh, prompt);
    client.answers[0] = "1/2:eyJh";
    client.answers[1] = "2/2:bGci";
    ck_assert_int_eq(conversation_read(conversation, &error), JWKSCORE_OK);
    ck_assert_uint_lt(strlen(client.prompt[1]), PAM_MAX_MSG_SIZE);
    ck_assert_ptr_nonnull(strstr(client.prompt[1], "p (part 2 of 2): "));
    free(prompt);
}
END_TEST

/* --- what an earlier module asked for --- */

START_TEST(given_token_is_taken_and_nobody_is_asked)
{
    ck_assert_int_eq(conversation_take(conversation, "eyJhbGci", &error), JWKSCORE_OK);
    expect_token("eyJhbGci");
    ck_assert_int_eq(conversation_continue(conversation, &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_uint_eq(client.prompts + client.messages, 0);
}
END_TEST

START_TEST(given_nothing_is_refused)
{
    ck_assert_int_eq(conversation_take(conversation, "", &error), JWKSCORE_E_INCOMPLETE);
    ck_assert_uint_eq(client.prompts + client.messages, 0);
}
END_TEST

START_TEST(given_too_much_is_refused)
{
    char *given = filled(TOKEN_LIMIT + 1, 'x');

    ck_assert_int_eq(conversation_take(conversation, given, &error), JWKSCORE_E_TOO_LONG);
    ck_assert_uint_eq(conversation->length, 0);
    given[TOKEN_LIMIT] = '\0';
    ck_assert_int_eq(conversation_take(conversation, given, &error), JWKSCORE_OK);
    free(given);
}
END_TEST

#define LENGTH(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
    Suite *suite = suite_create("conversation");
    TCase *all = tcase_create("conversation");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_unchecked_fixture(all, make_folder, remove_folder);
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, whole_answer_is_taken_at_once);
    tcase_add_loop_test(all, one_line_end_comes_off_and_nothing_else, 0, LENGTH(line_ends));
    tcase_add_test(all, junk_goes_to_the_library_as_it_is);
    tcase_add_loop_test(all, no_answer_is_refused, 0, LENGTH(no_answers));
    tcase_add_loop_test(all, answer_over_the_limit_is_refused, 0, LENGTH(lengths));
    tcase_add_test(all, frames_ask_for_exactly_the_rest);
    tcase_add_test(all, frames_end_where_they_say);
    tcase_add_loop_test(all, frame_that_was_not_asked_for_is_refused, 0, LENGTH(wrong_frames));
    tcase_add_loop_test(all, what_is_no_frame_is_text, 0, LENGTH(not_frames));
    tcase_add_test(all, sixty_four_frames_of_256_make_the_longest_token);
    tcase_add_test(all, frames_together_over_the_limit_are_refused);
    tcase_add_test(all, bare_parts_are_joined);
    tcase_add_test(all, empty_answer_ends_bare_parts);
    tcase_add_loop_test(all, no_answer_ends_bare_parts, 0, LENGTH(no_parts));
    tcase_add_test(all, frame_after_a_bare_part_is_refused);
    tcase_add_test(all, sixty_five_bare_parts_are_too_many);
    tcase_add_loop_test(all, bare_parts_together_over_the_limit_are_refused, 0, 2);
    tcase_add_test(all, sudo_refuses_a_long_answer_and_is_asked_for_parts);
    tcase_add_test(all, frames_follow_sudos_refusal_too);
    tcase_add_test(all, password_method_is_known_by_answering_a_message);
    tcase_add_loop_test(all, password_method_is_known_by_repeating_itself, 0, LENGTH(repeated));
    tcase_add_loop_test(all, other_prompts_are_made_of_the_first, 0, LENGTH(prompts));
    tcase_add_test(all, long_prompt_is_cut_and_keeps_its_number);
    tcase_add_test(all, given_token_is_taken_and_nobody_is_asked);
    tcase_add_test(all, given_nothing_is_refused);
    tcase_add_test(all, given_too_much_is_refused);
    suite_add_tcase(suite, all);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
