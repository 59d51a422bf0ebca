/* SPDX-License-Identifier: Apache-2.0 */
/* client.h: what the programs of the person logging in have in common. */
#ifndef CLIENT_H
#define CLIENT_H

/* A message on standard error, never with a part of a token in it; returns `code`. */
int client_complain(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An environment variable that is set and not empty, or NULL; always NULL in a set-user-id program. */
const char *client_environment(const char *name);

#endif
