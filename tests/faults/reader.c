/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.c: reads keys for as long as it lives: for a memory checker, or with sanitizers in it.
 *
 * Each line of its standard input is `CONF USER TOKEN`; its answer is a line, the reason in the library's
 * word.  Besides the decision it looks at all keys of the section `corp`, as jwksctl(8) does.
 */
#include <jwkscore.h>

#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 65536 };

static void look(const struct jwkscore_config *config)
{
    struct jwkscore_source *source = NULL;
    struct jwkscore_error error = {0};

    if (jwkscore_source_read(config, "corp", jwkscore_now(), &source, &error) != JWKSCORE_OK)
        return;
    for (size_t i = 0; jwkscore_source_key(source, i) != NULL; i++)
        ;
    jwkscore_source_free(source);
}

static enum jwkscore_status decide(const struct jwkscore_config *config, const char *user, const char *token)
{
    struct jwkscore_identity *identity = NULL;
    struct jwkscore_error error = {0};
    struct jwkscore_request request = {.size = sizeof(request),
                                       .user = user,
                                       .token = token,
                                       .token_length = strlen(token),
                                       .now = jwkscore_now()};
    enum jwkscore_status status = jwkscore_authenticate(config, &request, &identity, &error);

    jwkscore_identity_free(identity);
    return status;
}

static enum jwkscore_status answer(const char *path, const char *user, const char *token)
{
    struct jwkscore_config *config = jwkscore_config_new();
    struct jwkscore_error error = {0};
    enum jwkscore_status status = JWKSCORE_E_MEMORY;

    if (config != NULL)
        status = jwkscore_config_load(config, path, &error);
    if (status == JWKSCORE_OK) {
        look(config);
        status = decide(config, user, token);
    }
    jwkscore_config_free(config);
    return status;
}

int main(void)
{
    static char line[LINE_SIZE];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *rest, *path = strtok_r(line, " \n", &rest), *user = strtok_r(NULL, " \n", &rest),
                    *token = strtok_r(NULL, " \n", &rest);

        if (token == NULL)
            return 64;
        puts(jwkscore_reason(answer(path, user, token)));
        fflush(stdout);
    }
    return 0;
}
