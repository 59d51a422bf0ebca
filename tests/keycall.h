/* SPDX-License-Identifier: Apache-2.0 */
/* keycall.h: one call of jwks-authorized-keys without sshd, for its unit tests. */
#ifndef JWKS_TESTS_KEYCALL_H
#define JWKS_TESTS_KEYCALL_H

#include "../nss_helper/helper.h"
#include "support.h"

/* Who runs the test; "" where that is no account name, and then nothing can be allowed. */
const char *keycall_user(void);

/* With these lines in the section of corp, whose keys are a file: number 0 of P-256, under the kid "k". */
void keycall_begin(struct call *, const char *lines, const char *type, const char *base64);
void keycall_end(struct call *); /* frees what the program leaves to the end of its process */

/* The good claims of a token for keycall_user(), with changes: NAME, JSON, ... NULL. */
#define keycall_token(...) keycall_token_of((const char *const[]){__VA_ARGS__, NULL})
const char *keycall_token_of(const char *const *changes);

/* `when` in the form of the answer, in this process's zone. */
const char *keycall_time(int64_t when);

#endif
