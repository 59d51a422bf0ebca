/* SPDX-License-Identifier: Apache-2.0 */
/* check_session.c: do sessions get what export and session_limit promise, and end? */
#include "check_pam.h"

#include <stdio.h>
#include <string.h>

static const char right_session[] =
    "session required pam_jwks.so, above pam_systemd.so and above a pam_env.so with user_readenv";

static bool wants(const struct check *check, const char *service, const char *key)
{
    char section[300];
    const char *value;

    snprintf(section, sizeof(section), "service %s", service);
    value = check_option(check, section, key);
    return value != NULL && strcmp(value, "yes") == 0;
}

/* --- what stands above it --- */

static const struct stack_line *find_line(const struct stack *stack, const char *module)
{
    for (size_t i = 0; i < stack->count; i++)
        if (stack_line_is(&stack->at[i], module))
            return &stack->at[i];
    return NULL;
}

static void check_systemd(struct check *check, const struct use *use)
{
    const struct stack_line *systemd = find_line(&use->stack, "pam_systemd.so");

    if (systemd == NULL)
        use_report(check, LEVEL_WARNING, use, "session optional pam_systemd.so, below it",
                   "session_limit is set, and there is no pam_systemd.so that would end the session");
    else if (systemd < use->line)
        use_report(
            check, LEVEL_WARNING, use, right_session,
            "session_limit ends no session: pam_systemd.so (%s:%u) stands above, and does not hear of it",
            systemd->file, systemd->number);
}

/* What authenticate left for the session's end, a file of the user's could overwrite: pam_jwks(8). */
static void check_user_files(struct check *check, const struct use *use, const struct stack *stack,
                             size_t end)
{
    for (size_t i = 0; i < end; i++)
        if (stack_line_is(&stack->at[i], "pam_env.so") && stack_line_has(&stack->at[i], "user_readenv=1"))
            use_report(
                check, LEVEL_WARNING, use, right_session,
                "pam_env.so (%s:%u) reads a file of the user's before, who could put off the session's end",
                stack->at[i].file, stack->at[i].number);
}

static int answer(void *data, const struct stack_line *line)
{
    (void)data;
    return stack_line_is(line, use_module)      ? ANSWER_SESSION_ERR
           : stack_line_is(line, "pam_deny.so") ? ANSWER_AUTH_ERR
                                                : ANSWER_SUCCESS;
}

static void check_limit(struct check *check, const struct use *use)
{
    struct use auth = use_find(check, use->service, PHASE_AUTH);

    check_systemd(check, use);
    check_user_files(check, use, &use->stack, (size_t)(use->line - use->stack.at));
    check_user_files(check, use, &auth.stack, auth.stack.count);
    if (stack_play(&use->stack, answer, NULL) == ANSWER_SUCCESS)
        use_report(check, LEVEL_WARNING, use, right_session,
                   "its refusal changes nothing: a session that nobody can end begins nevertheless");
    stack_free(&auth.stack);
}

/* --- a service, and sshd's --- */

void check_session_phase(struct check *check, const char *service)
{
    struct use use = use_find(check, service, PHASE_SESSION);
    bool is_limited = wants(check, service, "session_limit");
    char what[300];

    snprintf(what, sizeof(what), "PAM service %s", service);
    if (use.line != NULL)
        use_check_line(check, &use);
    else if (is_limited)
        check_report(check, LEVEL_WARNING, what, right_session,
                     "session_limit ends no session: %s/%s has no session line of %s", check->pam_dir,
                     service, use_module);
    if (use.line != NULL && is_limited)
        check_limit(check, &use);
    stack_free(&use.stack);
}

/* After a login by key the session phase alone is asked; sshd needs no ExposeAuthInfo for that. */
void check_key_sessions(struct check *check, const char *service, bool uses_pam)
{
    struct use use = use_find(check, service, PHASE_SESSION);
    bool exports = wants(check, service, "export"), is_limited = wants(check, service, "session_limit");

    if ((exports || is_limited) && !uses_pam)
        check_report(check, LEVEL_WARNING, "sshd", "UsePAM yes",
                     "UsePAM is no, so export and session_limit do nothing for logins by key");
    else if (exports && use.line == NULL)
        check_report(check, LEVEL_WARNING, "sshd", right_session,
                     "export does nothing for logins by key: %s/%s has no session line of %s", check->pam_dir,
                     service, use_module);
    stack_free(&use.stack);
}
