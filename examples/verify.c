/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c: which accounts may the bearer of this token use?  How a program calls libjwkscore.
 *
 *     cc -o verify verify.c $(pkg-config --cflags --libs jwkscore)
 *     ./verify /etc/jwks/jwks.conf [USER] < token
 *
 * With USER it asks whether the bearer may act as that account.  0: yes, 1: no, 2: cannot be said now, 64: usage.
 */
#include <jwkscore.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_YES = 0, EXIT_NO = 1, EXIT_CANNOT_SAY = 2, EXIT_USAGE = 64 };

/* One byte more than a token may have, so that the library sees that one is too long, and room for CR LF. */
enum { TOKEN_ROOM = 16384 + 1 + 2 };

/* The library trims nothing: the end of the line is ours to take away. */
static size_t read_token(char token[static TOKEN_ROOM])
{
    size_t length = 0;
    ssize_t got;

    while (length < TOKEN_ROOM && (got = read(STDIN_FILENO, token + length, TOKEN_ROOM - length)) > 0)
        length += (size_t)got;
    if (length > 0 && token[length - 1] == '\n')
        length--;
    if (length > 0 && token[length - 1] == '\r')
        length--;
    return length;
}

/* A denial is an answer; everything else that is no yes is a reason to ask again later, or to mend the host. */
static int explain(enum jwkscore_status status, const struct jwkscore_error *error)
{
    fprintf(stderr, "%s: %s\n", jwkscore_reason(status), error->message);
    return jwkscore_classify(status) == JWKSCORE_CLASS_DENIED ? EXIT_NO : EXIT_CANNOT_SAY;
}

static void print_identity(const struct jwkscore_identity *identity)
{
    const char *account;
    char subject[256];

    jwkscore_quote(subject, sizeof(subject), jwkscore_identity_subject(identity),
                   strlen(jwkscore_identity_subject(identity)));
    printf("issuer %s, subject %s, until %lld\n", jwkscore_identity_issuer(identity), subject,
           (long long)jwkscore_identity_expires(identity));
    for (size_t i = 0; (account = jwkscore_identity_account(identity, i)) != NULL; i++)
        printf("%s\n", account);
}

static int verify(const struct jwkscore_config *config, const char *user)
{
    char token[TOKEN_ROOM];
    struct jwkscore_identity *identity = NULL;
    struct jwkscore_error error = {0};
    struct jwkscore_request request = {.size = sizeof(request), .user = user, .token = token, .now = jwkscore_now()};
    enum jwkscore_status status;

    request.token_length = read_token(token);
    status = jwkscore_authenticate(config, &request, &identity, &error);
    explicit_bzero(token, sizeof(token));
    if (status != JWKSCORE_OK)
        return explain(status, &error);
    print_identity(identity);
    jwkscore_identity_free(identity);
    return EXIT_YES;
}

/* Every line of the file that is wrong, not only the first, which is the error. */
static int load(struct jwkscore_config *config, const char *path)
{
    struct jwkscore_error error = {0};
    enum jwkscore_status status = jwkscore_config_load(config, path, &error);
    const char *problem;

    if (status == JWKSCORE_OK)
        return EXIT_YES;
    explain(status, &error);
    for (size_t i = 1; (problem = jwkscore_config_problem(config, i)) != NULL; i++)
        fprintf(stderr, "%s\n", problem);
    return EXIT_CANNOT_SAY;
}

int main(int argc, char **argv)
{
    struct jwkscore_config *config;
    int result;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: verify JWKS.CONF [USER] < TOKEN\n");
        return EXIT_USAGE;
    }
    jwkscore_program_begin();
    config = jwkscore_config_new();
    if (config == NULL) {
        fprintf(stderr, "no memory\n");
        return EXIT_CANNOT_SAY;
    }
    result = load(config, argv[1]);
    if (result == EXIT_YES)
        result = verify(config, argc == 3 ? argv[2] : NULL);
    jwkscore_config_free(config);
    return result;
}
