/* SPDX-License-Identifier: Apache-2.0 */
/*
 * helper.h: the names of jwks-authorized-keys, by file, in the order of the calls.
 *
 * It knows of the suite what jwkscore.h says, and the form of a log line (line.h).
 */
#ifndef JWKS_HELPER_H
#define JWKS_HELPER_H

#include "../pam_jwks/line.h"

#include <stdbool.h>

#define CHECKED __attribute__((warn_unused_result))

#define HELPER_NAME "jwks-authorized-keys"

/* One call by sshd; all zero at first, and so it refuses. */
struct call {
    const char *user;
    struct jwkscore_config *config;
    struct jwkscore_offer *offer;
    struct jwkscore_grants *grants;
    int64_t now;
    struct jwkscore_identity *identity; /* who may log in */
    char *answer;                       /* the line for sshd */
    const char *grant;                  /* the file that it came to; NULL: none */
    bool no_token;                      /* refused because nothing of ours came with the key */
    struct line_facts facts;
    struct jwkscore_error error;
};

/*
 * May the bearer of this token log in as the user?  With the key, which it must be bound to; or without, for
 * a grant.
 */
CHECKED enum jwkscore_status call_authenticate(struct call *, const char *token, size_t length,
                                               bool with_key);
/* The line for sshd, from the identity; `authority`: the key signs certificates, and is none itself. */
CHECKED enum jwkscore_status call_answer(struct call *, bool authority);
/* States a reason of our own as the library states its, and returns `status`. */
enum jwkscore_status call_refuse(struct call *, enum jwkscore_status, const char *format, ...)
    PRINTF_LIKE(3, 4);
enum { CALL_TIME_SIZE = 16 };
CHECKED bool call_write_time(int64_t time,
                             char ret_text[static CALL_TIME_SIZE]); /* YYYYMMDDHHMMSS, in this host's zone */

/* certificate.c: a certificate with a token in it; grants.c: a key that a grant lists */
CHECKED enum jwkscore_status certificate_decide(struct call *);
CHECKED enum jwkscore_status grants_decide(struct call *);

/* deadline.c: what has to be done in 5 s, whatever happens */
void deadline_begin(const char *user);
int deadline_wait_left(const struct jwkscore_config *); /* ms that may still be waited for keys; at least 1 */
int64_t deadline_spent(void);                           /* microseconds since it began */
void deadline_end(void);

/* next.c: what another command says instead */
void next_run(const struct call *, char **command, int out);

/* log.c: one line a decision */
void log_begin(void);
void log_trace(void *facts, const struct jwkscore_trace *);
void log_allowed(const struct call *);
void log_refused(const struct call *);
void log_grant(const char *name, const struct jwkscore_error *); /* a file that cannot be used */
void log_problems(const struct jwkscore_config *);
void log_failure(const char *what, const char *why);

#endif
