/* SPDX-License-Identifier: Apache-2.0 */
/* check_pam.h: what the checks of a service of PAM share. */
#ifndef JWKSCTL_CHECK_PAM_H
#define JWKSCTL_CHECK_PAM_H

#include "check.h"
#include "stack.h"

/* check_pam.c: the stack in which the module's first line of a phase stands */
struct use {
    const char *service;
    struct stack stack;
    const struct stack_line *line; /* NULL: the service does not ask the module in this phase */
};
extern const char use_module[]; /* "pam_jwks.so" */
struct use use_find(const struct check *, const char *service, enum stack_phase);
/* A finding about that line of it. */
void use_report(struct check *, enum level, const struct use *, const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void use_check_line(struct check *,
                    const struct use *); /* the module's file, its arguments, and who may change it */

/* check_auth.c: would a refusal be one, and is there a way in beside it? */
void check_auth_phase(struct check *, const struct use *);
void check_account_phase(struct check *, const struct use *auth);

/* check_session.c: what export and session_limit need */
void check_session_phase(struct check *, const char *service);

#endif
