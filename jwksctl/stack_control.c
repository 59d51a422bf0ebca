/* SPDX-License-Identifier: Apache-2.0 */
/* stack_control.c: the control of a line, a word or what stands in brackets, as _pam_parse_control() of Linux-PAM has it. */
#include "stack.h"

#include <stdlib.h>
#include <string.h>

const char *const stack_answers[ANSWER_COUNT + 1] = {"success",
                                                     "open_err",
                                                     "symbol_err",
                                                     "service_err",
                                                     "system_err",
                                                     "buf_err",
                                                     "perm_denied",
                                                     "auth_err",
                                                     "cred_insufficient",
                                                     "authinfo_unavail",
                                                     "user_unknown",
                                                     "maxtries",
                                                     "new_authtok_reqd",
                                                     "acct_expired",
                                                     "session_err",
                                                     "cred_unavail",
                                                     "cred_expired",
                                                     "cred_err",
                                                     "no_module_data",
                                                     "conv_err",
                                                     "authtok_err",
                                                     "authtok_recover_err",
                                                     "authtok_lock_busy",
                                                     "authtok_disable_aging",
                                                     "try_again",
                                                     "ignore",
                                                     "abort",
                                                     "authtok_expired",
                                                     "module_unknown",
                                                     "bad_item",
                                                     "conv_again",
                                                     "incomplete",
                                                     "default"};

static const struct {
    const char *word, *actions;
} controls[] = {
    {"required", "success=ok new_authtok_reqd=ok ignore=ignore default=bad"},
    {"requisite", "success=ok new_authtok_reqd=ok ignore=ignore default=die"},
    {"sufficient", "success=done new_authtok_reqd=done default=ignore"},
    {"optional", "success=ok new_authtok_reqd=ok default=ignore"},
};

/* The number of the name that the text begins with, which is passed over; -1: it is none of them. */
static int take_name(const char **text, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        size_t length = strlen(names[i]);

        if (strncmp(*text, names[i], length) == 0) {
            *text += length;
            return i;
        }
    }
    return -1;
}

/* A word, or how many lines are jumped over. */
static int take_action(const char **text)
{
    static const char *const names[] = {"ignore", "ok", "done", "bad", "die", "reset"};
    int name = take_name(text, names, sizeof(names) / sizeof(names[0]));
    char *end;
    long jump;

    if (name >= 0)
        return -name;
    jump = strtol(*text, &end, 10);
    if (**text < '0' || **text > '9' || jump < 1 || jump > STACK_LINES_MAX)
        return ACTION_UNSET;
    *text = end;
    return (int)jump;
}

static void set_default(struct stack_line *line, int action)
{
    for (int i = 0; i < ANSWER_COUNT; i++)
        if (line->actions[i] == ACTION_UNSET)
            line->actions[i] = action;
}

/* "success=ok", with spaces or without; false for what is none. */
static bool take_pair(const char **text, struct stack_line *line)
{
    int answer = take_name(text, stack_answers, ANSWER_COUNT + 1), action;

    *text += strspn(*text, " \t");
    if (answer < 0 || **text != '=')
        return false;
    ++*text;
    *text += strspn(*text, " \t");
    action = take_action(text);
    if (action == ACTION_UNSET)
        return false;
    *text += strspn(*text, " \t");
    if (answer == ANSWER_COUNT)
        set_default(line, action);
    else
        line->actions[answer] = action;
    return true;
}

/* What is not named is bad, and one mistake makes all of it bad. */
static void set_actions(const char *text, struct stack_line *line)
{
    for (int i = 0; i < ANSWER_COUNT; i++)
        line->actions[i] = ACTION_UNSET;
    text += strspn(text, " \t");
    while (*text != '\0' && !line->is_misread)
        line->is_misread = !take_pair(&text, line);
    for (int i = 0; i < ANSWER_COUNT; i++)
        if (line->is_misread || line->actions[i] == ACTION_UNSET)
            line->actions[i] = ACTION_BAD;
}

void stack_set_control(const char *control, struct stack_line *line)
{
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
        if (strcasecmp(control, controls[i].word) == 0)
            control = controls[i].actions;
    set_actions(control, line);
}
