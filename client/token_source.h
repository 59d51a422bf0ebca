/* SPDX-License-Identifier: Apache-2.0 */
/* token_source.h: where the person's token comes from. */
#ifndef TOKEN_SOURCE_H
#define TOKEN_SOURCE_H

#include "client.h"

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

#endif
