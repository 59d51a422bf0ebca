/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads.c: threads that ask PAM all at once, each with a handle of its own; and a process that lives on.
 *
 *     threads SERVICE USER TOKEN-FILE HANDLES
 *
 * Prints `yes N of HANDLES`, and `mapped` where libpam left the module in memory; then lives until its
 * standard input ends.  Exit status: 0 only if all were let in.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOKEN_SIZE = 32768, HANDLES_MAX = 1000 };

struct login {
    const char *service, *user;
    int result;
    pthread_t thread;
};

static char token[TOKEN_SIZE];
static pthread_barrier_t together;

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    (void)data;
    *responses = calloc((size_t)count, sizeof(**responses));
    if (*responses == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            (*responses)[i].resp = strdup(token);
    return PAM_SUCCESS;
}

static void *log_in(void *data)
{
    static const struct pam_conv conversation = {converse, NULL};
    struct login *login = data;
    pam_handle_t *pamh = NULL;

    pthread_barrier_wait(&together);
    login->result = pam_start(login->service, login->user, &conversation, &pamh);
    if (login->result == PAM_SUCCESS)
        login->result = pam_authenticate(pamh, 0);
    if (login->result == PAM_SUCCESS)
        login->result = pam_acct_mgmt(pamh, 0);
    pam_end(pamh, login->result);
    return NULL;
}

static bool read_token(const char *path)
{
    FILE *file = fopen(path, "re");
    bool ok = file != NULL && fgets(token, sizeof(token), file) != NULL;

    if (file != NULL)
        fclose(file);
    token[strcspn(token, "\n")] = '\0';
    return ok;
}

static bool is_mapped(const char *name)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[4096];
    bool found = maps == NULL;

    while (!found && fgets(line, sizeof(line), maps) != NULL)
        found = strstr(line, name) != NULL;
    if (maps != NULL)
        fclose(maps);
    return found;
}

int main(int argc, char **argv)
{
    static struct login logins[HANDLES_MAX];
    int count = argc == 5 ? atoi(argv[4]) : 0, yes = 0;
    char octet;

    if (count < 1 || count > HANDLES_MAX || !read_token(argv[3]) ||
        pthread_barrier_init(&together, NULL, (unsigned)count) != 0)
        return 2;
    for (int i = 0; i < count; i++) {
        logins[i] = (struct login){.service = argv[1], .user = argv[2]};
        if (pthread_create(&logins[i].thread, NULL, log_in, &logins[i]) != 0)
            return 2;
    }
    for (int i = 0; i < count; i++) {
        pthread_join(logins[i].thread, NULL);
        yes += logins[i].result == PAM_SUCCESS;
    }
    printf("yes %d of %d\n%s", yes, count, is_mapped("pam_jwks.so") ? "mapped\n" : "");
    fflush(stdout);
    while (read(STDIN_FILENO, &octet, 1) > 0)
        ;
    return yes == count ? 0 : 1;
}
