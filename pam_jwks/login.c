/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login.c: from a PAM handle and the module's arguments to a decision, in this order: configuration,
 * PAM_USER, a token out of an SSH certificate or by conversation, the library.
 */
#include "internal.h"

#include <security/pam_ext.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MILLISECOND = 1000, /* in microseconds */
    SECOND = 1000000,
    KEY_SIZE = 32,      /* of an argument's name; the longest known has 14 characters */
    SECTION_SIZE = 320, /* "service " and a name, which is a file's */
    PASSWD_SIZE = 4096,
    PASSWD_SIZE_MAX = 1024 * 1024
};

void login_clear(struct login *login)
{
    jwkscore_identity_free(login->identity);
    jwkscore_config_free(login->config);
}

/* --- configuration and arguments --- */

static bool is_path_argument(const char *argument)
{
    return strncmp(argument, "conf=", 5) == 0;
}

static const char *find_path(int argc, const char **argv)
{
    const char *path = JWKS_CONF;

    for (int i = 0; i < argc; i++)
        if (is_path_argument(argv[i]))
            path = argv[i] + 5;
    return path;
}

/* `key=value`, or `key` alone for a flag.  What is not in the library's table is an error there. */
static enum jwkscore_status set_argument(struct login *login, const char *argument)
{
    size_t length = strcspn(argument, "=");
    const char *value = argument[length] == '=' ? argument + length + 1 : "yes";
    char key[KEY_SIZE];

    if (is_path_argument(argument) && *value == '/')
        return JWKSCORE_OK; /* find_path() has it */
    if (is_path_argument(argument))
        return log_reason(&login->error, JWKSCORE_E_CONFIG, "the argument conf= wants an absolute path");
    if (length >= sizeof(key))
        return log_reason(&login->error, JWKSCORE_E_CONFIG, "an argument's name has %zu characters", length);
    memcpy(key, argument, length);
    key[length] = '\0';
    if (argument[length] == '\0' && strcmp(key, "prompt") == 0) /* the one whose value could be "yes" */
        return log_reason(&login->error, JWKSCORE_E_CONFIG, "the argument prompt wants a value");
    return jwkscore_config_set(login->config, "pam", key, value, &login->error);
}

enum jwkscore_status login_set_arguments(struct login *login, int argc, const char **argv)
{
    enum jwkscore_status status = JWKSCORE_OK;

    for (int i = 0; i < argc && status == JWKSCORE_OK; i++)
        status = set_argument(login, argv[i]);
    return status;
}

enum jwkscore_status login_load_config(struct login *login, int argc, const char **argv)
{
    enum jwkscore_status status;

    login->config = jwkscore_config_new();
    if (login->config == NULL)
        return log_reason(&login->error, JWKSCORE_E_MEMORY, "no memory");
    status = jwkscore_config_load(login->config, find_path(argc, argv), &login->error);
    return status == JWKSCORE_OK ? login_set_arguments(login, argc, argv) : status;
}

bool login_is_yes(const struct jwkscore_config *config, const char *section, const char *key)
{
    const char *value = jwkscore_config_get(config, section, key, 0);

    return value != NULL && strcmp(value, "yes") == 0;
}

/* --- who, for what, with which token --- */

/*
 * PAM_USER as it is now: a program may change it in any conversation (CVE-2024-9313), so it is read again
 * after each. Never set: what is asked is whether the token may act as this user (P2).
 */
void login_find_user(struct login *login)
{
    const void *user = NULL;

    if (pam_get_item(login->pamh, PAM_USER, &user) != PAM_SUCCESS || user == NULL)
        user = "";
    login->user = user;
}

/* Without a service the library would apply no service's rules, so that is refused; libpam always has one. */
enum jwkscore_status login_find_service(struct login *login)
{
    const void *service = NULL;

    if (pam_get_item(login->pamh, PAM_SERVICE, &service) != PAM_SUCCESS || service == NULL)
        return log_reason(&login->error, JWKSCORE_E_SYSTEM, "PAM has no service name");
    login->service = service;
    return JWKSCORE_OK;
}

bool login_wants(const struct login *login, const struct jwkscore_config *config, const char *key)
{
    char section[SECTION_SIZE];

    snprintf(section, sizeof(section), "service %s", login->service);
    return login_is_yes(config, section, key);
}

/*
 * SSH_AUTH_INFO_0 is sshd's to set, when a key has logged in.  Elsewhere it may be anybody's: a certificate
 * is no secret, and that its key is there nobody would have seen.
 */
static bool asked_by_sshd(const struct login *login)
{
    const void *tty = NULL;

    return pam_get_item(login->pamh, PAM_TTY, &tty) == PAM_SUCCESS && tty != NULL && strcmp(tty, "ssh") == 0;
}

/*
 * use_first_pass: what an earlier module asked for, or nothing.  try_first_pass: that, where it is a token
 * (`{"` in base64url, the beginning of every JOSE header, is the beginning of no likely password), else a
 * prompt.
 */
static enum jwkscore_status read_token(struct login *login, struct conversation *conversation)
{
    bool use = login_is_yes(login->config, "pam", "use_first_pass");
    bool try = login_is_yes(login->config, "pam", "try_first_pass");
    const void *given = NULL;

    if ((use || try) && pam_get_item(login->pamh, PAM_AUTHTOK, &given) != PAM_SUCCESS)
        given = NULL;
    if (given != NULL && (use || strncmp(given, "eyJ", 3) == 0))
        return conversation_take(conversation, given, &login->error);
    if (use)
        return log_reason(&login->error, JWKSCORE_E_INCOMPLETE,
                          "use_first_pass, and no module before asked for a password");
    return conversation_read(conversation, &login->error);
}

static int64_t now_in_microseconds(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec / MILLISECOND;
}

/* One budget for all tries of one login (CACHE 5), in milliseconds.  0: the configuration's, all of it. */
static int wait_left(const struct login *login)
{
    const char *text = jwkscore_config_get(login->config, "pam", "max_wait", 0);
    int64_t left;

    if (text == NULL)
        text = jwkscore_config_get(login->config, "global", "max_wait", 0);
    if (text == NULL || login->spent == 0)
        return 0;
    left = strtol(text, NULL, 10) * MILLISECOND - login->spent / MILLISECOND;
    return left > 1 ? (int)left : 1;
}

enum jwkscore_status login_ask(struct login *login, struct jwkscore_request request)
{
    int64_t start = now_in_microseconds();
    enum jwkscore_status status;

    login_find_user(login);
    request.size = sizeof(request);
    request.user = login->user; /* never NULL, with which no account would be asked for at all */
    request.now = jwkscore_now();
    request.max_wait = wait_left(login);
    login->error = (struct jwkscore_error){JWKSCORE_OK, ""};
    login->facts.pamh = login->pamh;
    login->facts.debug = login_is_yes(login->config, "pam", "debug");
    jwkscore_config_trace(login->config, log_trace, &login->facts);
    status = jwkscore_authenticate(login->config, &request, &login->identity, &login->error);
    jwkscore_config_trace(login->config, NULL, NULL);
    login->spent += now_in_microseconds() - start;
    return status;
}

/* The person hears that it failed, from the program that asked; and why, where they can mend it (L4). */
const char *login_advice(enum jwkscore_status status)
{
    if (status == JWKSCORE_E_EXPIRED)
        return "The token has expired: get a new one.";
    return status == JWKSCORE_E_INCOMPLETE ? "The token is incomplete." : NULL;
}

/* Who has no token presses Enter, to get to the password: nothing was cut there. */
static const char *advise(const struct conversation *conversation, enum jwkscore_status status)
{
    if (conversation->advice != NULL)
        return conversation->advice;
    return status == JWKSCORE_E_INCOMPLETE && conversation->length == 0 ? NULL : login_advice(status);
}

/*
 * Only the library can tell whether a token is whole: fewer than three parts, a signature shorter than its
 * algorithm's, or, for RSA, than the key's modulus.  Lengths at which clients cut (511, 1023, 1024, 4095)
 * prove nothing either way, a whole token may have them.  So every "incomplete" asks for one more part, if
 * the person can send one.
 */
static enum jwkscore_status decide_token(struct login *login)
{
    CLEANUP(conversation_freep) struct conversation *conversation = NULL;
    const char *prompt = jwkscore_config_get(login->config, "pam", "prompt", 0);
    enum jwkscore_status status;

    conversation = conversation_new(login->pamh, prompt == NULL ? "Token: " : prompt);
    if (conversation == NULL)
        return log_reason(&login->error, JWKSCORE_E_MEMORY, "no memory");
    status = read_token(login, conversation);
    while (status == JWKSCORE_OK) {
        status = login_ask(login, (struct jwkscore_request){.service = login->service,
                                                            .token = conversation->token,
                                                            .token_length = conversation->length});
        if (status != JWKSCORE_E_INCOMPLETE)
            break;
        status = conversation_continue(conversation, &login->error);
    }
    login->advice = advise(conversation, status);
    return status;
}

/* Where the database cannot say, the account is not unknown, and the denial stays what it is. */
static bool is_unknown(const char *user)
{
    struct passwd entry, *found = NULL;
    int result = ERANGE; /* also where another's entry does not fit */

    for (size_t size = PASSWD_SIZE; result == ERANGE && size <= PASSWD_SIZE_MAX; size *= 4) {
        char *room = malloc(size);

        if (room == NULL)
            return false;
        do
            result = getpwnam_r(user, &entry, room, size, &found);
        while (result == EINTR);
        free(room);
    }
    return result == 0 && found == NULL;
}

/*
 * Who does not exist is unknown whatever the token was; before, and in what they are told, all are alike
 * (P5).  The user database is asked by the library where the token is good, here where it is not.
 */
static enum jwkscore_status check_user_known(struct login *login, enum jwkscore_status status)
{
    struct jwkscore_error why;

    if (status == JWKSCORE_OK)
        return status; /* for the user that the library was asked for */
    login_find_user(login);
    if (status == JWKSCORE_E_UNKNOWN_USER || jwkscore_classify(status) != JWKSCORE_CLASS_DENIED ||
        !is_unknown(login->user))
        return status;
    why = login->error;
    return log_reason(&login->error, JWKSCORE_E_UNKNOWN_USER, "no such account; %.200s", why.message);
}

/*
 * A token in a certificate decides, whatever comes of it: asking for another one would let somebody in whose
 * certificate should not have got that far.  Nobody is asked for anything but where there is none.
 */
enum jwkscore_status login_decide(struct login *login)
{
    enum jwkscore_status status = login_find_service(login);
    const char *user = NULL;

    if (status != JWKSCORE_OK)
        return status;
    (void)pam_get_user(login->pamh, &user,
                       NULL); /* some programs leave it to a module to have the name asked */
    if (asked_by_sshd(login))
        status = certificate_decide(login, login->service);
    if (status == JWKSCORE_OK && login->identity == NULL)
        status = decide_token(login);
    else
        login->advice = login_advice(status);
    return check_user_known(login, status);
}

void login_refuse(struct login *login, enum jwkscore_status status)
{
    login->error.status = status;
    log_problems(login->pamh, login->config);
    log_refused(login->pamh, login->user, &login->facts, &login->error);
    if (login->advice != NULL)
        (void)pam_error(login->pamh, "%s", login->advice);
}
