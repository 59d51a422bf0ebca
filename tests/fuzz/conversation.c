/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conversation.c: whatever a client answers, the token that comes together is bounded and made of no more than its answers, the asking
 * ends and does not begin again, and no error has a line that is not printable.
 *
 * Each line of the input is an answer: its first byte says whether it is a text, a huge one, NULL, or an error of PAM's.
 * After the last there is only PAM_CONV_ERR.
 */
#include "../../pam_jwks/internal.h"
#include "fuzz.h"

#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char handle; /* never looked into: pam_prompt() is ours */
static struct fuzz_span answers;
static unsigned int asked;
static size_t given; /* octets of all answers */

/* strndup() may look behind what it copies, as AddressSanitizer has it. */
static char *copy(const char *bytes, size_t length)
{
    char *text = calloc(1, length + 1);

    must(text != NULL);
    memcpy(text, bytes, length);
    return text;
}

/* An answer as many times as its second byte says, in frames or not, to reach what is too long. */
static char *repeat(struct fuzz_span line)
{
    size_t times = line.length > 1 ? (unsigned char)line.bytes[1] : 0;
    char *text = calloc(1, line.length * (times + 1) + 1);

    must(text != NULL);
    for (size_t i = 0; i < times && line.length > 2; i++)
        strncat(text, line.bytes + 2, line.length - 2);
    return text;
}

static int answer(struct fuzz_span line, char **ret_answer)
{
    switch (line.length > 0 ? line.bytes[0] : '=') {
    case '0':
        return PAM_SUCCESS;
    case '!':
        return line.length > 1 ? (unsigned char)line.bytes[1] % 32 : PAM_CONV_ERR;
    case '*':
        *ret_answer = repeat(line);
        break;
    default:
        *ret_answer = copy(line.length > 0 ? line.bytes + 1 : "", line.length > 0 ? line.length - 1 : 0);
    }
    must(*ret_answer != NULL);
    given += strlen(*ret_answer);
    return PAM_SUCCESS;
}

int __wrap_pam_prompt(pam_handle_t *pamh, int style, char **ret_answer, const char *format, ...)
    PRINTF_LIKE(4, 5);
int __wrap_pam_prompt(pam_handle_t *pamh, int style, char **ret_answer, const char *format, ...)
{
    char prompt[PAM_MAX_MSG_SIZE + 1];
    va_list arguments;
    int length;

    (void)pamh;
    va_start(arguments, format);
    length = vsnprintf(prompt, sizeof(prompt), format, arguments);
    va_end(arguments);
    must(length > 0 && length < PAM_MAX_MSG_SIZE && fuzz_is_printable(prompt, (size_t)length));
    must(++asked <= 4 * PARTS_LIMIT);
    if (style == PAM_ERROR_MSG)
        return PAM_SUCCESS;
    if (style == PAM_TEXT_INFO && (answers.length == 0 || answers.bytes[0] != '?'))
        return PAM_SUCCESS; /* only sshd's password method answers a message */
    if (answers.length == 0)
        return PAM_CONV_ERR;
    return answer(fuzz_take_line(&answers), ret_answer);
}

static void check(const struct conversation *conversation, enum jwkscore_status status,
                  const struct jwkscore_error *error)
{
    must(conversation->length <= TOKEN_LIMIT && conversation->length <= given &&
         conversation->parts <= PARTS_LIMIT);
    must(conversation->total <= 99 && conversation->last_length <= conversation->length);
    must(status != JWKSCORE_OK || (conversation->length > 0 && conversation->parts > 0));
    must(fuzz_is_printable(error->message, strlen(error->message)));
    must(error->status == JWKSCORE_OK || jwkscore_classify(error->status) == JWKSCORE_CLASS_DENIED);
}

static void read_all(void)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    struct conversation *conversation = conversation_new((pam_handle_t *)(void *)&handle, "Token: ");
    enum jwkscore_status status;
    unsigned int before;

    must(conversation != NULL);
    for (status = conversation_read(conversation, &error); status == JWKSCORE_OK;
         status = conversation_continue(conversation, &error))
        check(conversation, status, &error);
    check(conversation, status, &error);
    before = asked;
    must(conversation_continue(conversation, &error) != JWKSCORE_OK && asked == before);
    conversation_free(conversation);
}

/* What an earlier module asked for. */
static void take(const char *password)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    struct conversation *conversation = conversation_new((pam_handle_t *)(void *)&handle, "Token: ");

    must(conversation != NULL);
    if (conversation_take(conversation, password, &error) == JWKSCORE_OK)
        must(conversation->length == strlen(password) &&
             memcmp(conversation->token, password, conversation->length) == 0);
    must(conversation->ended && conversation_continue(conversation, &error) == JWKSCORE_E_INCOMPLETE);
    conversation_free(conversation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *password = copy((const char *)data, size);

    answers = (struct fuzz_span){(const char *)data, size};
    asked = 0;
    given = 0;
    read_all();
    take(password);
    free(password);
    return 0;
}
