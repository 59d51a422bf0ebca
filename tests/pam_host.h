/* SPDX-License-Identifier: Apache-2.0 */
/* pam_host.h: a host with a PAM service jwks-test for the built module, and the logins by key that sshd tells of. */
#ifndef JWKSCORE_TESTS_PAM_HOST_H
#define JWKSCORE_TESTS_PAM_HOST_H

#include "support.h"

const char *host_user(void);   /* who runs the test */
const char *host_module(void); /* $JWKS_PAM_MODULE, or the path of the built one, with the library that it needs loaded */
/* Folders, keys, jwks.conf and the stack: all three phases are the module's. */
void host_make(void);
/* [global], then these lines in the section of issuer corp, or behind it. */
void host_conf(const char *lines);
void host_stack(const char *arguments);

/* The good claims of a token for host_user(), with changes: NAME, JSON, ... NULL. */
#define host_token(...) host_token_of((const char *const[]){"preferred_username", textf("\"%s\"", host_user()), ##__VA_ARGS__, NULL})
const char *host_token_of(const char *const *changes);
const char *host_bound_token(const char *expires); /* to key 0; `exp` as JSON */

/* A certificate of Ed25519 key 0, for host_user() and signed by itself but for what is said here. */
struct host_certificate {
    const char *token; /* NULL: none */
    const char *extension, *principal;
    bool by_another;
    uint64_t valid_before;
};
/* A line of SSH_AUTH_INFO_0. */
#define host_key(...) host_key_of(&(struct host_certificate){__VA_ARGS__})
const char *host_key_of(const struct host_certificate *);
const char *host_plain_key(void);

#endif
