/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack_play.c: what a stack of PAM comes to for given answers of its modules: _pam_dispatch_aux() of Linux-PAM.
 *
 * tests/pamplay.py has libpam itself play the same stacks.
 */
#include "stack.h"

struct course {
    enum { UNDECIDED, POSITIVE, NEGATIVE } impression;
    int status;
};

static void apply(int action, int answer, struct course *course)
{
    if (action == ACTION_BAD || action == ACTION_DIE) {
        if (course->impression != NEGATIVE)
            *course = (struct course){NEGATIVE, answer == ANSWER_IGNORE ? ANSWER_AUTH_ERR : answer};
    } else if ((action == ACTION_OK || action == ACTION_DONE) &&
               (course->impression == UNDECIDED ||
                (course->impression == POSITIVE && course->status == ANSWER_SUCCESS))) {
        *course = (struct course){POSITIVE, answer};
    }
}

/* Past so many lines of this level, a substack being one; more than there are is a mistake, and refuses. */
static size_t jump(const struct stack *stack, size_t at, int action, struct course *course)
{
    const int level = stack->at[at].level;

    while (action > 0 && at + 1 < stack->count && stack->at[at + 1].level >= level) {
        do
            at++;
        while (at + 1 < stack->count && stack->at[at + 1].level > level);
        action--;
    }
    if (action > 0)
        *course = (struct course){NEGATIVE, ANSWER_AUTH_ERR};
    return at;
}

/* The last line of this substack, or of all. */
static size_t end_of(const struct stack *stack, size_t at)
{
    const int level = stack->at[at].level;

    while (at + 1 < stack->count && stack->at[at + 1].level >= level)
        at++;
    return at;
}

int stack_play(const struct stack *stack, int (*answer)(void *, const struct stack_line *), void *data)
{
    struct course course = {UNDECIDED, ANSWER_AUTH_ERR},
                  entered[STACK_DEPTH_MAX + 2] = {{UNDECIDED, ANSWER_AUTH_ERR}};

    for (size_t at = 0; at < stack->count; at++) {
        const struct stack_line *line = &stack->at[at];
        int said, action;

        if (line->module == NULL && !line->is_broken) {
            entered[line->level + 1] = course;
            continue;
        }
        said = line->is_broken ? ANSWER_PERM_DENIED : answer(data, line);
        action = line->actions[said];
        apply(action, said, &course);
        if (action == ACTION_RESET)
            course = entered[line->level];
        else if (action == ACTION_DIE || (action == ACTION_DONE && course.impression == POSITIVE))
            at = end_of(stack, at);
        else if (action > 0)
            at = jump(stack, at, action, &course);
    }
    return course.impression == POSITIVE     ? course.status
           : course.status == ANSWER_SUCCESS ? ANSWER_AUTH_ERR
                                             : course.status;
}
