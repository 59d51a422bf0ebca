/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conversation.c: one token, out of as many answers as its length takes.
 *
 * ssh cuts every answer at 1023 characters and says nothing; sudo refuses more than 511; real tokens have 900
 * to 2000. So a token may come whole, in frames `k/M:chunk` (jwks-askpass sends them) that say how many
 * prompts it takes, or in bare parts, one after the other, until the library no longer calls it incomplete.
 * Whether a text is a whole token is the library's to say: here nothing is looked at but the frame.  Answers
 * are strangers' text and secrets: their length is bounded before they are copied, and they are wiped and
 * freed on every path.
 */
#include "internal.h"

#include <security/pam_ext.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PROMPT_SIZE = 512, /* PAM_MAX_MSG_SIZE */
    PROMPT_BASE = 440  /* leaves room for " (part 63 of 64): " */
};

/*
 * What a person who has to go on must know.  ssh shows these before its next prompt, sudo at once; sudo
 * always sends PAM_SILENT, so that flag is not asked.
 */
static const char message_next[] = "The token is incomplete: send its next part.";
static const char message_too_long[] =
    "The answer was refused, perhaps for its length (sudo takes 511 characters): send the token in parts.";
static const char advice_password_method[] =
    "The token does not fit into sshd's password method: log in by keyboard-interactive.";

struct conversation *conversation_new(pam_handle_t *pamh, const char *prompt)
{
    struct conversation *conversation = calloc(1, sizeof(*conversation));

    if (conversation == NULL)
        return NULL;
    conversation->pamh = pamh;
    conversation->prompt = prompt;
    return conversation;
}

void conversation_free(struct conversation *conversation)
{
    if (conversation == NULL)
        return;
    explicit_bzero(conversation, sizeof(*conversation));
    free(conversation);
}

void conversation_freep(struct conversation **conversation)
{
    conversation_free(*conversation);
}

static void wipe_answer(char **answer)
{
    if (*answer == NULL)
        return;
    explicit_bzero(*answer, strlen(*answer));
    free(*answer);
    *answer = NULL;
}

/*
 * The prompt for a part; 0 is the configured one.  `Token: ` becomes `Token (part 2): ` or `Token (part 2 of
 * 3): `.
 */
static void make_prompt(const struct conversation *conversation, unsigned int part,
                        char prompt[static PROMPT_SIZE])
{
    size_t base = strlen(conversation->prompt);

    while (part > 0 && base > 0 && strchr(": ", conversation->prompt[base - 1]) != NULL)
        base--;
    if (base > PROMPT_BASE)
        base = PROMPT_BASE;
    if (part == 0)
        snprintf(prompt, PROMPT_SIZE, "%.*s", (int)base, conversation->prompt);
    else if (conversation->total == 0)
        snprintf(prompt, PROMPT_SIZE, "%.*s (part %u): ", (int)base, conversation->prompt, part);
    else
        snprintf(prompt, PROMPT_SIZE, "%.*s (part %u of %u): ", (int)base, conversation->prompt, part,
                 conversation->total);
}

/* One prompt, one answer.  Success without an answer is a failure too: sshd and others do that (P3). */
static int ask(const struct conversation *conversation, unsigned int part, char **ret_answer)
{
    CLEANUP(wipe_answer) char *answer = NULL;
    char prompt[PROMPT_SIZE];
    int result;

    make_prompt(conversation, part, prompt);
    result = pam_prompt(conversation->pamh, PAM_PROMPT_ECHO_OFF, &answer, "%s", prompt);
    if (result != PAM_SUCCESS)
        return result;
    if (answer == NULL)
        return PAM_AUTHTOK_ERR;
    *ret_answer = answer;
    answer = NULL;
    return PAM_SUCCESS;
}

/*
 * sshd's password method has one answer for every prompt, so asking again is no use.  Two signs give it away:
 * the same answer twice, and that it answers a mere message (9.2, 10.5; keyboard-interactive, sudo and
 * misc_conv do not).
 */
static bool answers_messages(const struct conversation *conversation)
{
    CLEANUP(wipe_answer) char *reply = NULL;

    (void)pam_prompt(conversation->pamh, PAM_TEXT_INFO, &reply, "%s", message_next);
    return reply != NULL;
}

static enum jwkscore_status refuse_password_method(struct conversation *conversation,
                                                   struct jwkscore_error *error)
{
    conversation->ended = true;
    conversation->advice = advice_password_method;
    return log_reason(
        error, JWKSCORE_E_INCOMPLETE,
        "the client answers every prompt alike: sshd's password method? keyboard-interactive takes parts");
}

/* A number of one or two digits at `*text`, which moves behind it; 0: there is none.  No leading zeros. */
static unsigned int read_number(const char **text)
{
    unsigned int number = 0;

    for (int digits = 0; digits < 2 && **text >= (digits == 0 ? '1' : '0') && **text <= '9'; digits++)
        number = number * 10 + (unsigned int)(*(*text)++ - '0');
    return number;
}

/* What follows the frame `k/M:`; NULL: the answer has none.  Neither `/` nor `:` can be in a token. */
static const char *parse_frame(const char *answer, unsigned int *ret_part, unsigned int *ret_total)
{
    unsigned int part = read_number(&answer), total;

    if (part == 0 || *answer++ != '/')
        return NULL;
    total = read_number(&answer);
    if (total == 0 || *answer++ != ':')
        return NULL;
    *ret_part = part;
    *ret_total = total;
    return answer;
}

/* A piece of an answer, which stays as it came until it is wiped. */
struct piece {
    const char *text;
    size_t length;
};

/* The only copy that is made, and only of what fits (P12). */
static enum jwkscore_status append(struct conversation *conversation, struct piece piece,
                                   struct jwkscore_error *error)
{
    if (piece.length > sizeof(conversation->token) - conversation->length)
        return log_reason(error, JWKSCORE_E_TOO_LONG, "the token is longer than %d bytes", TOKEN_LIMIT);
    memcpy(conversation->token + conversation->length, piece.text, piece.length);
    conversation->length += piece.length;
    conversation->last_length = piece.length;
    conversation->parts++;
    return JWKSCORE_OK;
}

static bool repeats_last_part(const struct conversation *conversation, struct piece piece)
{
    const char *last = conversation->token + conversation->length - conversation->last_length;

    return conversation->parts > 0 && piece.length == conversation->last_length &&
           memcmp(last, piece.text, piece.length) == 0;
}

/* A framed part must be the one that was asked for, of as many as the first one said. */
static enum jwkscore_status take_framed(struct conversation *conversation, unsigned int part,
                                        unsigned int total, struct piece chunk, struct jwkscore_error *error)
{
    unsigned int wanted = conversation->parts + 1;

    if (conversation->parts == 0)
        conversation->total = total;
    if (total > PARTS_LIMIT)
        return log_reason(error, JWKSCORE_E_TOO_LONG, "%u parts, more than %d", total, PARTS_LIMIT);
    if (conversation->total == 0)
        return log_reason(error, JWKSCORE_E_MALFORMED, "part %u is framed, those before it are not", wanted);
    if (part == wanted - 1 && repeats_last_part(conversation, chunk))
        return refuse_password_method(conversation, error);
    if (part != wanted || total != conversation->total)
        return log_reason(error, JWKSCORE_E_MALFORMED, "part %u of %u came, not part %u of %u", part, total,
                          wanted, conversation->total);
    if (chunk.length == 0)
        return log_reason(error, JWKSCORE_E_INCOMPLETE, "part %u of %u is empty", part, total);
    return append(conversation, chunk, error);
}

/* One LF or CRLF at the end is the prompt's, and comes off (S7); all else is the library's to judge. */
static struct piece without_line_end(const char *answer, size_t length)
{
    if (length > 0 && answer[length - 1] == '\n')
        length -= length > 1 && answer[length - 2] == '\r' ? 2 : 1;
    return (struct piece){answer, length};
}

/* Takes one answer as the next part. */
static enum jwkscore_status take_answer(struct conversation *conversation, const char *answer,
                                        struct jwkscore_error *error)
{
    struct piece piece = without_line_end(answer, strlen(answer));
    unsigned int part, total;
    const char *chunk;

    if (piece.length == 0 && conversation->parts > 0 && conversation->total == 0)
        return JWKSCORE_E_INCOMPLETE; /* enough, says the person; what the library said of the token stands */
    if (piece.length == 0)
        return log_reason(error, JWKSCORE_E_INCOMPLETE, "the answer for part %u is empty",
                          conversation->parts + 1);
    chunk = parse_frame(answer, &part, &total);
    if (chunk != NULL)
        return take_framed(conversation, part, total,
                           (struct piece){chunk, piece.length - (size_t)(chunk - answer)}, error);
    if (conversation->total != 0)
        return log_reason(error, JWKSCORE_E_MALFORMED, "part %u has no frame, those before it have",
                          conversation->parts + 1);
    if (repeats_last_part(conversation, piece))
        return refuse_password_method(conversation, error);
    return append(conversation, piece, error);
}

static enum jwkscore_status read_part(struct conversation *conversation, unsigned int part,
                                      struct jwkscore_error *error)
{
    CLEANUP(wipe_answer) char *answer = NULL;
    int result = ask(conversation, part, &answer);

    if (part == 0 && result == PAM_CONV_ERR) { /* sudo, for more than 511 characters; it can be asked again */
        (void)pam_error(conversation->pamh, "%s", message_too_long);
        result = ask(conversation, 1, &answer);
    }
    if (result != PAM_SUCCESS)
        return log_reason(error, JWKSCORE_E_INCOMPLETE, "no answer to the prompt for part %u (PAM error %d)",
                          conversation->parts + 1, result);
    return take_answer(conversation, answer, error);
}

enum jwkscore_status conversation_take(struct conversation *conversation, const char *answer,
                                       struct jwkscore_error *error)
{
    conversation->ended = true;
    if (*answer == '\0')
        return log_reason(error, JWKSCORE_E_INCOMPLETE, "the password that was asked for before is empty");
    return append(conversation, (struct piece){answer, strlen(answer)}, error);
}

enum jwkscore_status conversation_read(struct conversation *conversation, struct jwkscore_error *error)
{
    enum jwkscore_status status = read_part(conversation, 0, error);

    while (status == JWKSCORE_OK && conversation->parts < conversation->total)
        status = read_part(conversation, conversation->parts + 1, error);
    conversation->ended = conversation->ended || status != JWKSCORE_OK || conversation->total != 0;
    return status;
}

enum jwkscore_status conversation_continue(struct conversation *conversation, struct jwkscore_error *error)
{
    enum jwkscore_status status;

    if (conversation->ended)
        return JWKSCORE_E_INCOMPLETE;
    if (conversation->parts == PARTS_LIMIT)
        return log_reason(error, JWKSCORE_E_TOO_LONG, "not whole after %d parts", PARTS_LIMIT);
    if (conversation->parts == 1 && answers_messages(conversation))
        return refuse_password_method(conversation, error);
    status = read_part(conversation, conversation->parts + 1, error);
    conversation->ended = status != JWKSCORE_OK;
    return status;
}
