/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack.h: a service's file of /etc/pam.d, as libpam reads it, and what comes of it for given answers of the modules.
 */
#ifndef JWKSCTL_STACK_H
#define JWKSCTL_STACK_H

#include <stdbool.h>
#include <stddef.h>

enum { STACK_DEPTH_MAX = 16 /* libpam's PAM_SUBSTACK_MAX_LEVEL */, STACK_LINES_MAX = 512 };

enum stack_phase { PHASE_AUTH, PHASE_ACCOUNT, PHASE_PASSWORD, PHASE_SESSION, PHASE_COUNT };

/* What modules answer, in libpam's order and by the words of a control in brackets; those that matter here. */
enum {
    ANSWER_SUCCESS = 0,
    ANSWER_SERVICE_ERR = 3,
    ANSWER_PERM_DENIED = 6,
    ANSWER_AUTH_ERR = 7,
    ANSWER_AUTHINFO_UNAVAIL = 9,
    ANSWER_USER_UNKNOWN = 10,
    ANSWER_SESSION_ERR = 14,
    ANSWER_IGNORE = 25,
    ANSWER_MODULE_UNKNOWN = 28,
    ANSWER_COUNT = 32
};
extern const char *const stack_answers[ANSWER_COUNT + 1]; /* and "default" */

struct stack_line {
    char *module;    /* as it is written; NULL: the head of a substack */
    char *arguments; /* the rest of the line */
    char *file;
    unsigned number;           /* of its line */
    int level;                 /* of substacks around it */
    int actions[ANSWER_COUNT]; /* above 0: so many lines are jumped over */
    bool is_broken;            /* libpam asks no module, and takes its answer for perm_denied */
    bool is_misread;           /* its control is none, and every action is bad */
};
enum {
    ACTION_IGNORE = 0,
    ACTION_OK = -1,
    ACTION_DONE = -2,
    ACTION_BAD = -3,
    ACTION_DIE = -4,
    ACTION_RESET = -5,
    ACTION_UNSET = -6 /* while a control is read */
};

/* The lines of one phase in the order in which they are asked, with what is included in its place. */
struct stack {
    struct stack_line *at;
    size_t count;
};
bool stack_read(const char *folder, const char *service, enum stack_phase, struct stack *ret_stack);
bool stack_file_includes(const char *folder, const char *name, const char *other); /* by a line of its own */
void stack_free(struct stack *);

bool stack_line_is(const struct stack_line *, const char *module); /* "pam_unix.so", in whatever folder */
bool stack_line_has(const struct stack_line *, const char *argument);

/* stack_control.c: "required", or "success=ok default=bad", without brackets */
void stack_set_control(const char *control, struct stack_line *);

/* stack_play.c: what pam_authenticate() and the like come to; `answer` says what a line's module says. */
int stack_play(const struct stack *, int (*answer)(void *data, const struct stack_line *), void *data);

#endif
