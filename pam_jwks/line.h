/* SPDX-License-Identifier: Apache-2.0 */
/* line.h: the log line of a decision, put together; who writes it is the program's affair. */
#ifndef PAM_JWKS_LINE_H
#define PAM_JWKS_LINE_H

#include "jwkscore.h"

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

#define PRINTF_LIKE(form, first) __attribute__((format(printf, form, first)))

enum { LINE_QUOTED_SIZE = 64 * 4 + 4 /* what jwkscore_quote() makes of 64 bytes, "..." and NUL */ };

/* Room for user, issuer, kid, alg, cache and note of at most 260 bytes each, and a detail of 255. */
struct line {
    char text[2048];
    size_t length;
};

/* What a decision has come to know, for the line of a refusal; all quoted. */
struct line_facts {
    char issuer[LINE_QUOTED_SIZE], kid[LINE_QUOTED_SIZE], algorithm[LINE_QUOTED_SIZE],
        cache[LINE_QUOTED_SIZE], note[LINE_QUOTED_SIZE];
};
void line_remember(struct line_facts *, const struct jwkscore_trace *);

/* Both return the priority for syslog(3).  `user` and `facts` may be NULL where nothing is known of them. */
int line_allowed(struct line *, const char *user, const struct jwkscore_identity *, int64_t microseconds);
int line_refused(struct line *, const char *user, const struct line_facts *, const struct jwkscore_error *);
/* ` key="..."` from a text as it came; nothing where there is none. */
void line_add_quoted(struct line *, const char *key, const char *text);

#pragma GCC visibility pop
#endif
