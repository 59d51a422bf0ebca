/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h: the module's names, by file.  pam_jwks.c and session.c have the entry points and what PAM
 * hears, login.c the way to a decision, decision.c and variables.c what is left for the phases behind;
 * certificate.c finds a token, conversation.c asks a person for one, log.c tells the administrator in line.c's
 * words.
 */
#ifndef PAM_JWKS_INTERNAL_H
#define PAM_JWKS_INTERNAL_H

#include "line.h"

#include <security/pam_modules.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

#define CHECKED __attribute__((warn_unused_result))
#define CLEANUP(function) __attribute__((cleanup(function)))

enum {
    TOKEN_LIMIT = 16384,     /* the library's; 200 GUID groups make 11,146 bytes */
    PARTS_LIMIT = 64         /* 16 KiB in parts of 256, which fit every prompt that was ever measured */
};

/* login.c: from a PAM handle to a decision */
struct log_facts { /* what the library's trace leaves for the line of a refusal */
    pam_handle_t *pamh;
    bool debug;
    struct line_facts said;
};
struct login { /* one run through an entry point; all zero but `pamh` at first, and so it refuses */
    pam_handle_t *pamh;
    const char *user; /* PAM_USER; "" where there is none, NULL until it was asked for */
    const char *service;
    struct jwkscore_config *config;
    struct jwkscore_identity *identity;
    struct jwkscore_error error;
    struct log_facts facts;
    const char *advice; /* what the person should hear about a refusal; NULL: nothing special */
    int64_t spent;      /* microseconds in the library */
};
CHECKED enum jwkscore_status login_load_config(struct login *, int argc, const char **argv);
CHECKED enum jwkscore_status login_set_arguments(struct login *, int argc, const char **argv);
CHECKED enum jwkscore_status login_decide(struct login *);
/* The library's decision on this token, key and service; the rest of the request is filled in. */
CHECKED enum jwkscore_status login_ask(struct login *, struct jwkscore_request);
const char *login_advice(enum jwkscore_status); /* NULL: none */
void login_refuse(struct login *, enum jwkscore_status); /* tells the log, and who logs in */
void login_find_user(struct login *);
CHECKED enum jwkscore_status login_find_service(struct login *);
void login_clear(struct login *);
bool login_is_yes(const struct jwkscore_config *, const char *section, const char *key);
/* Does the section of the login's service say yes? */
bool login_wants(const struct login *, const struct jwkscore_config *, const char *key);

/* decision.c: what authenticate came to, for the later phases in the same process */
struct decision { /* no part of the token */
    struct jwkscore_config *config;
    struct jwkscore_identity *identity;
    char *user;
};
const struct decision *decision_keep(struct login *); /* NULL: no memory, and the login keeps what it has */
void decision_forget(pam_handle_t *);
/* Sets the arguments, which are checked always, and finds the decision; NULL: this login is not ours. */
CHECKED enum jwkscore_status decision_find(struct login *, int argc, const char **argv,
                                           const struct decision **ret_decision);
/* What can have changed meanwhile: the account, the time. */
CHECKED enum jwkscore_status decision_check(struct login *, const struct decision *);

/* variables.c: the PAM environment, which alone survives sshd's fork */
void variables_clear(pam_handle_t *);
void variables_export(const struct login *, const struct jwkscore_config *, const struct jwkscore_identity *);
/* For the session's end: when the token expires, where that matters.  E_MEMORY. */
CHECKED enum jwkscore_status variables_leave_expiry(struct login *);
/* Takes it out again.  0: there was none, which no token has; -1: one that we did not leave. */
int64_t variables_take_expiry(pam_handle_t *);

/* certificate.c: tokens in the SSH certificates that sshd has let in (SSH_AUTH_INFO_0) */
bool certificate_possible(pam_handle_t *); /* false: there is none, with or without a token */
/* Verifies each; login->identity becomes the one that expires first, and stays NULL where there is none. */
CHECKED enum jwkscore_status certificate_decide(struct login *, const char *service);
/* The same question without jwks.conf: is there one where tokens are by default?  true, too, where nobody can say. */
bool certificate_likely(pam_handle_t *);

/* conversation.c: one token, out of as many answers as its length takes */
struct conversation {
    pam_handle_t *pamh;
    const char *prompt; /* for the first answer; the other prompts are made of it */
    const char *advice; /* as in struct login */
    unsigned int parts; /* taken so far */
    unsigned int total; /* that the frames announce; 0: the answers have none */
    bool ended;         /* nobody is asked any more */
    size_t last_length; /* of the last part, which ends the token */
    size_t length;
    char token[TOKEN_LIMIT]; /* never copied, wiped by conversation_free() */
};
struct conversation *conversation_new(pam_handle_t *, const char *prompt); /* NULL: no memory */
void conversation_free(struct conversation *);
void conversation_freep(struct conversation **);
/* Takes what an earlier module asked for as the whole answer; nobody is asked. */
CHECKED enum jwkscore_status conversation_take(struct conversation *, const char *answer,
                                               struct jwkscore_error *);
/* The first answer, and where it is framed all others.  JWKSCORE_OK: there is something to verify. */
CHECKED enum jwkscore_status conversation_read(struct conversation *, struct jwkscore_error *);
/* The token proved incomplete: one more part, if the person has one.  If not, `error` stays as it was. */
CHECKED enum jwkscore_status conversation_continue(struct conversation *, struct jwkscore_error *);

/* log.c: one line a decision (line.h), to the system log */
void log_trace(void *data, const struct jwkscore_trace *); /* the library's callback; with our facts */
void log_problems(pam_handle_t *, const struct jwkscore_config *);
void log_allowed(pam_handle_t *, const char *user, const struct jwkscore_identity *, int64_t microseconds);
/* `user` and `facts` may be NULL where nothing is known of them. */
void log_refused(pam_handle_t *, const char *user, const struct log_facts *, const struct jwkscore_error *);
/* States a reason of our own as the library states its, and returns `status`. */
enum jwkscore_status log_reason(struct jwkscore_error *, enum jwkscore_status, const char *format, ...)
    PRINTF_LIKE(3, 4);

#pragma GCC visibility pop
#endif
