/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pam_client.h: a scripted client at the other end of a PAM conversation, for check_conversation and
 * check_pam.
 *
 * It gives one answer after the other, in the manner of ssh (cut off), sudo (refused) or sshd's password
 * method (always the same one), and keeps what it was shown.
 */
#ifndef PAM_CLIENT_H
#define PAM_CLIENT_H

#include <security/pam_appl.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENT_ANSWERS = 80, CLIENT_SHOWN = 160, CLIENT_TEXT = 600 };

/* Answers that are none. */
static const char client_null[] = "<success, but resp is NULL>";
static const char client_no_array[] = "<success, but there is no array>";
static const char client_failed[] = "<PAM_CONV_ERR>";

struct client {
    const char *answers[CLIENT_ANSWERS]; /* to each prompt the next; after the last: PAM_CONV_ERR */
    size_t cut;                          /* ssh: answers are cut to this length; 0: never */
    size_t refused;                      /* sudo: answers from this length on are PAM_CONV_ERR; 0: never */
    bool password_method;                /* sshd's: the first answer always, and "" to each message */

    unsigned int prompts, messages; /* how many came */
    char prompt[CLIENT_SHOWN][CLIENT_TEXT];
    char message[CLIENT_SHOWN][CLIENT_TEXT];
    char *given[CLIENT_SHOWN]; /* where the answers lay that were handed over */
    size_t given_length[CLIENT_SHOWN];
    unsigned int gifts;
};

static int client_give(struct client *client, struct pam_response *response, const char *text)
{
    size_t length = strlen(text);

    if (client->cut != 0 && length > client->cut)
        length = client->cut;
    if (client->refused != 0 && length >= client->refused)
        return PAM_CONV_ERR;
    response->resp = strndup(text, length);
    if (client->gifts < CLIENT_SHOWN) {
        client->given[client->gifts] = response->resp;
        client->given_length[client->gifts++] = length;
    }
    return response->resp == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

static int client_answer(struct client *client, struct pam_response *response)
{
    const char *answer = client->answers[0];

    if (!client->password_method) {
        unsigned int next = client->prompts - 1;

        answer = next < CLIENT_ANSWERS ? client->answers[next] : NULL;
    }
    if (answer == NULL || answer == client_failed)
        return PAM_CONV_ERR;
    if (answer == client_null || answer == client_no_array)
        return PAM_SUCCESS;
    return client_give(client, response, answer);
}

static int client_hear(struct client *client, const struct pam_message *message,
                       struct pam_response *response)
{
    bool asked = message->msg_style == PAM_PROMPT_ECHO_OFF || message->msg_style == PAM_PROMPT_ECHO_ON;
    unsigned int *count = asked ? &client->prompts : &client->messages;
    char(*shown)[CLIENT_TEXT] = asked ? client->prompt : client->message;

    if (*count < CLIENT_SHOWN)
        snprintf(shown[*count], CLIENT_TEXT, "%s", message->msg);
    (*count)++;
    if (asked)
        return client_answer(client, response);
    if (client->password_method)
        response->resp = strdup("");
    return PAM_SUCCESS;
}

static bool without_array(const struct client *client)
{
    return client->prompts > 0 && client->prompts <= CLIENT_ANSWERS &&
           client->answers[client->prompts - 1] == client_no_array;
}

/* The conversation function. */
static int client_converse(int count, const struct pam_message **messages, struct pam_response **responses,
                           void *data)
{
    struct client *client = data;
    struct pam_response *response;
    int result;

    if (count != 1)
        return PAM_CONV_ERR;
    response = calloc(1, sizeof(*response));
    if (response == NULL)
        return PAM_BUF_ERR;
    result = client_hear(client, messages[0], response);
    if (result != PAM_SUCCESS || without_array(client)) {
        free(response->resp);
        free(response);
        return result;
    }
    *responses = response;
    return PAM_SUCCESS;
}

/* Is there a piece of 20 characters of any answer of at least that length in `text`? */
static bool client_leaked(const struct client *client, const char *text)
{
    for (size_t i = 0; i < CLIENT_ANSWERS && client->answers[i] != NULL; i++)
        for (const char *piece = client->answers[i]; strnlen(piece, 20) == 20; piece++) {
            char window[21] = "";

            memcpy(window, piece, 20);
            if (strstr(text, window) != NULL)
                return true;
        }
    return false;
}

#endif
