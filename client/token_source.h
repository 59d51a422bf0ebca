/* SPDX-License-Identifier: Apache-2.0 */
/* token_source.h: where the person's token comes from, and what a client program says when there is none. */
#ifndef TOKEN_SOURCE_H
#define TOKEN_SOURCE_H

#include <stddef.h>

enum { EXIT_ANSWERED = 0, EXIT_NO_TOKEN_PROMPT = 1, EXIT_NO_TOKEN = 2, EXIT_BAD_USAGE = 64 };

enum { TOKEN_LIMIT = 16384 }; /* the module's */

struct token {
    char text[TOKEN_LIMIT + 3]; /* room for CRLF, and for one byte that shows that there is more */
    size_t length;
};

/*
 * The token from the first of $JWKS_TOKEN_FILE, $JWKS_TOKEN_COMMAND and $JWKS_OIDC_AGENT_ACCOUNT that is set,
 * into a zeroed struct that the caller wipes.  EXIT_ANSWERED, or EXIT_NO_TOKEN after a message.
 */
int token_source_read(struct token *);

/* A message on standard error, never with a part of a token in it; returns `code`. */
int client_complain(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An environment variable that is set and not empty, or NULL; always NULL in a set-user-id program. */
const char *client_environment(const char *name);

#endif
