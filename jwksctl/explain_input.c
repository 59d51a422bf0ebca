/* SPDX-License-Identifier: Apache-2.0 */
/* explain_input.c: the token from standard input, or the SSH key or certificate of --key. */
#include "explain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void explain_forget(struct explanation *explanation)
{
    jwkscore_identity_free(explanation->identity);
    jwkscore_offer_free(explanation->offer);
    jwkscore_config_free(explanation->rest);
    if (explanation->input != NULL)
        explicit_bzero(explanation->input, INPUT_MAX + 1);
    free(explanation->input);
    free(explanation->section);
    for (size_t i = 0; i < explanation->rule_count; i++) {
        struct rule *rule = &explanation->rules[i];
        char *const texts[] = {rule->name,   rule->wanted,  rule->found, rule->origin,
                               rule->option, rule->setting, rule->claim, rule->value};

        for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
            free(texts[k]);
    }
    for (size_t i = 0; i < explanation->hint_count; i++)
        free(explanation->hints[i]);
}

/* Up to INPUT_MAX bytes, and a NUL that is not counted; of a terminal one line. */
static bool read_all(struct explanation *explanation, int fd, const char *name, size_t *ret_length)
{
    size_t length = 0;
    ssize_t got;

    if (explanation->input == NULL)
        explanation->input = calloc(1, INPUT_MAX + 1);
    if (explanation->input == NULL)
        return ctl_complain(false, "no memory");
    do {
        got = read(fd, explanation->input + length, INPUT_MAX - length);
        if (got < 0 && errno != EINTR)
            return ctl_complain(false, "%s: %s", name, strerror(errno));
        length += got > 0 ? (size_t)got : 0;
    } while (got != 0 && !(isatty(fd) && length > 0 && explanation->input[length - 1] == '\n'));
    explanation->input[length] = '\0';
    *ret_length = length;
    return true;
}

/* As every front end does, it takes off one LF or CRLF at the end, no more (S7). */
bool explain_read_token(struct explanation *explanation)
{
    size_t length = 0;

    if (isatty(STDIN_FILENO))
        fputs("The token, and Enter; it will be seen.  (A terminal takes 4095 characters: a longer one from "
              "a file.)\n",
              stderr);
    if (!read_all(explanation, STDIN_FILENO, "standard input", &length))
        return false;
    if (length > 0 && explanation->input[length - 1] == '\n')
        length -= length > 1 && explanation->input[length - 2] == '\r' ? 2 : 1;
    explanation->token = explanation->input;
    explanation->length = length;
    return true;
}

static bool refuse_key(const struct explanation *explanation, const char *what)
{
    return ctl_complain(false, "%s: %s", explanation->key_path, what);
}

/* `TYPE BASE64 COMMENT`, as ssh-keygen writes a .pub. */
static bool take_offer(struct explanation *explanation)
{
    char *rest = NULL;
    const char *type = strtok_r(explanation->input, " \t\r\n", &rest),
               *base64 = strtok_r(NULL, " \t\r\n", &rest);
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    if (type == NULL || base64 == NULL)
        return refuse_key(explanation, "no SSH public key: not of the form TYPE BASE64");
    if (strncmp(type, "-----BEGIN", strlen("-----BEGIN")) == 0)
        return refuse_key(explanation, "a private key, it seems: give the file beside it that ends in .pub");
    if (jwkscore_offer_read(explanation->ctl->config, type, base64, &explanation->offer, &error) !=
        JWKSCORE_OK)
        return refuse_key(explanation, error.message);
    return true;
}

/* Of a certificate that carries a token it is this that sshd's helper looks at, and no other is asked for. */
bool explain_read_key(struct explanation *explanation)
{
    const struct jwkscore_config *config =
        explanation->rest != NULL ? explanation->rest : explanation->ctl->config;
    size_t length;
    int fd = open(explanation->key_path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool good;

    if (fd < 0)
        return refuse_key(explanation, strerror(errno));
    good = read_all(explanation, fd, explanation->key_path, &length) && take_offer(explanation);
    close(fd);
    if (!good || !jwkscore_offer_is_certificate(explanation->offer))
        return good;
    if (explanation->user == NULL)
        return refuse_key(explanation, "a certificate is for an account: --user is needed");
    explanation->token = jwkscore_offer_token(config, explanation->offer, NULL, &explanation->length);
    return explanation->token != NULL ||
           refuse_key(explanation,
                      "the certificate carries no token in an extension that certificate_extension names");
}
