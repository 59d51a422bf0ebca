/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_auth.c: would the module's refusal be one, and is there a way in beside it?
 *
 * The actions in brackets are more than can be judged by looking at a line.  So each service is played through as libpam
 * would, with answers of the modules that show what is asked (stack_play.c).
 */
#include "check_pam.h"

/* --- what modules answer --- */

enum { ANSWER_RULE = -1 /* as the play has it */ };

/* How another module answers somebody who has no password, no second factor and no ticket. */
static const struct {
    const char *name;
    int answer;
} others[] = {
    {"pam_permit.so", ANSWER_SUCCESS},   {"pam_faillock.so", ANSWER_SUCCESS},
    {"pam_tally2.so", ANSWER_SUCCESS},   {"pam_deny.so", ANSWER_AUTH_ERR},
    {"pam_rootok.so", ANSWER_AUTH_ERR}, /* nobody here is root */
    {"pam_access.so", ANSWER_RULE},      {"pam_securetty.so", ANSWER_RULE},
    {"pam_shells.so", ANSWER_RULE},      {"pam_time.so", ANSWER_RULE},
    {"pam_succeed_if.so", ANSWER_RULE},  {"pam_usertype.so", ANSWER_RULE},
    {"pam_listfile.so", ANSWER_RULE},    {"pam_localuser.so", ANSWER_RULE},
    {"pam_wheel.so", ANSWER_RULE},       {"pam_sepermit.so", ANSWER_IGNORE},
    {"pam_env.so", ANSWER_IGNORE},       {"pam_nologin.so", ANSWER_IGNORE},
    {"pam_faildelay.so", ANSWER_IGNORE}, {"pam_cap.so", ANSWER_IGNORE},
    {"pam_group.so", ANSWER_IGNORE},     {"pam_echo.so", ANSWER_IGNORE},
    {"pam_warn.so", ANSWER_IGNORE},      {"pam_motd.so", ANSWER_IGNORE},
    {"pam_keyinit.so", ANSWER_IGNORE},   {"pam_gnome_keyring.so", ANSWER_IGNORE},
    {"pam_kwallet5.so", ANSWER_IGNORE},
};

/* One play. */
struct play {
    int ours;           /* what the module says */
    bool others_accept; /* those that want a proof of their own */
    bool rules_hold;    /* of those that ask who somebody is, or when and from where they come */
    bool is_asked;      /* was the module? */
};

static int answer(void *data, const struct stack_line *line)
{
    struct play *play = data;
    int said = play->others_accept ? ANSWER_SUCCESS : ANSWER_AUTH_ERR;

    if (stack_line_is(line, use_module)) {
        play->is_asked = true;
        return play->ours;
    }
    if (stack_line_is(line, "pam_faillock.so") && stack_line_has(line, "authfail"))
        return ANSWER_IGNORE; /* it counts a failure */
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (stack_line_is(line, others[i].name))
            said = others[i].answer;
    return said != ANSWER_RULE ? said : play->rules_hold ? ANSWER_SUCCESS : ANSWER_AUTH_ERR;
}

/* In the account phase those with rules are asked that do not ask for a proof. */
static int answer_account(void *data, const struct stack_line *line)
{
    struct play *play = data;

    if (stack_line_is(line, use_module) || stack_line_is(line, "pam_deny.so") ||
        stack_line_is(line, "pam_permit.so"))
        return answer(data, line);
    return play->others_accept ? ANSWER_SUCCESS : ANSWER_AUTH_ERR;
}

static const int refusals[] = {ANSWER_AUTH_ERR, ANSWER_AUTHINFO_UNAVAIL, ANSWER_SERVICE_ERR,
                               ANSWER_USER_UNKNOWN,
                               ANSWER_MODULE_UNKNOWN /* libpam's, for one that cannot be loaded */};
enum { REFUSAL_COUNT = sizeof(refusals) / sizeof(refusals[0]) };

/* --- the auth phase --- */

static const char right_auth[] =
    "auth [success=done default=ignore] pam_jwks.so, above the lines that ask for a password";

/* Is somebody let in, where the rules hold or where they do not? */
static bool may_pass(const struct use *use, struct play *play)
{
    bool passes = false;

    for (int i = 0; i < 2; i++) {
        play->rules_hold = i == 0;
        passes = stack_play(&use->stack, answer, play) == ANSWER_SUCCESS || passes;
    }
    return passes;
}

/* Whom it lets in all the same.  Whom a rule lets in before the module is asked, that is what the rule is for. */
enum open_for { OPEN_FOR_NOBODY, OPEN_FOR_SOME, OPEN_FOR_ALL };

static enum open_for open_for(const struct use *use, int refusal)
{
    int passed = 0;
    bool is_asked = false;

    for (int i = 0; i < 2; i++) {
        struct play play = {.ours = refusal, .rules_hold = i == 0};
        bool passes = stack_play(&use->stack, answer, &play) == ANSWER_SUCCESS;

        passed += passes;
        is_asked = is_asked || (passes && play.is_asked);
    }
    return passed == 2 ? OPEN_FOR_ALL : is_asked ? OPEN_FOR_SOME : OPEN_FOR_NOBODY;
}

/* A refusal must not become a yes. */
static void check_refusals(struct check *check, const struct use *use)
{
    for (size_t i = 0; i < REFUSAL_COUNT; i++) {
        enum open_for whom = open_for(use, refusals[i]);

        if (whom == OPEN_FOR_NOBODY)
            continue;
        use_report(check, whom == OPEN_FOR_ALL ? LEVEL_ERROR : LEVEL_WARNING, use, right_auth,
                   "where the module says %s, %s let in without a token and without a password",
                   stack_answers[refusals[i]],
                   whom == OPEN_FOR_ALL ? "everybody is" : "those for whom another module's rule holds are");
        return;
    }
}

/* A good token is enough, or what else is wanted? */
static void check_acceptance(struct check *check, const struct use *use)
{
    struct play play = {.ours = ANSWER_SUCCESS};

    if (use->line->is_misread)
        use_report(
            check, LEVEL_ERROR, use, right_auth,
            "libpam does not understand what stands in brackets, and takes every answer for a refusal");
    else if (may_pass(use, &play))
        return;
    else if (!play.is_asked)
        use_report(check, LEVEL_ERROR, use, right_auth,
                   "the module is never asked: a line above it ends the stack where there is no password");
    else
        use_report(
            check, LEVEL_WARNING, use, right_auth,
            "a good token alone lets nobody in: another module refuses (right only if both are wanted)");
}

/* Where the provider, the cache or jwks.conf is broken, somebody must be able to mend it. */
static void check_fallback(struct check *check, const struct use *use)
{
    static const int broken[] = {ANSWER_AUTHINFO_UNAVAIL, ANSWER_SERVICE_ERR, ANSWER_MODULE_UNKNOWN};

    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct play play = {.ours = broken[i], .others_accept = true};

        if (may_pass(use, &play))
            continue;
        use_report(check, LEVEL_WARNING, use, right_auth,
                   "there is no way in without a token: where the module says %s, nothing else lets in",
                   stack_answers[broken[i]]);
        return;
    }
}

void check_auth_phase(struct check *check, const struct use *use)
{
    check_refusals(check, use);
    check_acceptance(check, use);
    check_fallback(check, use);
}

/* --- the account phase --- */

void check_account_phase(struct check *check, const struct use *auth)
{
    struct use use = use_find(check, auth->service, PHASE_ACCOUNT);
    struct play accepts = {.ours = ANSWER_SUCCESS},
                refuses = {.ours = ANSWER_AUTH_ERR, .others_accept = true};
    bool is_alone = use.stack.count == 1;

    if (use.line == NULL)
        use_report(
            check, LEVEL_WARNING, auth, "account required pam_jwks.so, above the other account lines",
            "the service has no account line of the module, which looks again at what may have changed");
    else if (!is_alone && stack_play(&use.stack, answer_account, &accepts) == ANSWER_SUCCESS)
        use_report(
            check, LEVEL_ERROR, &use, "account required pam_jwks.so",
            "its success skips the rules below it: pam_nologin, pam_access, accounts that have expired");
    else if (stack_play(&use.stack, answer_account, &refuses) == ANSWER_SUCCESS)
        use_report(check, LEVEL_WARNING, &use, "account required pam_jwks.so",
                   "its refusal changes nothing: a token that has expired meanwhile is accepted");
    if (use.line != NULL)
        use_check_line(check, &use);
    stack_free(&use.stack);
}
