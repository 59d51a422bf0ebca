/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pam.c: PAM from its start over an authentication to its end, in one process or as one process.
 *
 *     pam ROUNDS STACKS USER TOKEN-FILE SERVICE...    the services take turns; a line each, with the median
 *     pam once STACKS USER TOKEN-FILE SERVICE         one
 *     pam live STACKS USER TOKEN-FILE SERVICE         the same with OpenSSL in use before, as in sshd
 *
 * STACKS is a folder in the place of /etc/pam.d.  Every prompt gets the token.  It is linked to libcrypto, as
 * sshd is; `once` has not called it.
 */
#include "measure.h"

#include <openssl/evp.h>
#include <security/pam_appl.h>
#include <string.h>

enum { CALLS = 5 };

static char token[8192];
static const char *stacks, *user;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "pam: %s\n", what);
    exit(1);
}

static int answer(int count, const struct pam_message **messages, struct pam_response **ret_responses,
                  void *data)
{
    struct pam_response *responses = calloc((size_t)count, sizeof(*responses));

    (void)data;
    for (int i = 0; responses != NULL && i < count; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF || messages[i]->msg_style == PAM_PROMPT_ECHO_ON)
            responses[i].resp = strdup(token);
    *ret_responses = responses;
    return responses != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void authenticate(void *service)
{
    static const struct pam_conv conversation = {answer, NULL};
    pam_handle_t *pam;
    int result;

    if (pam_start_confdir(service, user, &conversation, stacks, &pam) != PAM_SUCCESS)
        die("pam_start");
    result = pam_authenticate(pam, 0);
    if (pam_end(pam, result) != PAM_SUCCESS || result != PAM_SUCCESS)
        die("this login was refused");
}

/* What sshd has done with OpenSSL before it asks PAM: a key exchange, a host key's signature, hashes. */
static void use_openssl(void)
{
    EVP_PKEY *exchange = EVP_PKEY_Q_keygen(NULL, NULL, "X25519"),
             *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char octets[EVP_MAX_MD_SIZE];
    size_t length = sizeof(octets);

    if (exchange == NULL || EVP_Q_digest(NULL, "SHA256", NULL, "x", 1, octets, NULL) != 1 ||
        EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, key, NULL) != 1 ||
        EVP_DigestSign(context, octets, &length, (const unsigned char *)"x", 1) != 1)
        die("OpenSSL");
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    EVP_PKEY_free(exchange);
}

static void read_token(const char *path)
{
    FILE *file = fopen(path, "re");

    if (file == NULL || fgets(token, sizeof(token), file) == NULL)
        die(path);
    fclose(file);
}

int main(int argc, char **argv)
{
    static struct turn turns[TURNS_MAX];

    if (argc < 6 || argc - 5 > TURNS_MAX) {
        fprintf(stderr, "usage: pam ROUNDS|once|live STACKS USER TOKEN-FILE SERVICE...\n");
        return 64;
    }
    stacks = argv[2];
    user = argv[3];
    read_token(argv[4]);
    if (strcmp(argv[1], "once") == 0 || strcmp(argv[1], "live") == 0) {
        if (argv[1][0] == 'l')
            use_openssl();
        authenticate(argv[5]);
        return 0;
    }
    for (int i = 5; i < argc; i++)
        turns[i - 5] = (struct turn){.name = argv[i], .run = authenticate, .data = argv[i]};
    take_turns(turns, argc - 5, rounds_of(argv[1]), CALLS);
    return 0;
}
