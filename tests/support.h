/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support.h: what the unit tests share.
 *
 *     support.c                   a folder of the program's own, configurations, running the tests
 *     mint_*.c                    what a provider makes, and a forger, at run time; alone with OpenSSL
 *
 * Whatever goes wrong in here fails the test that asked.  Returned texts live until the program ends.
 */
#ifndef JWKSCORE_TESTS_SUPPORT_H
#define JWKSCORE_TESTS_SUPPORT_H

#include "internal.h"

#include <check.h>
#include <dlfcn.h>
#include <sys/stat.h>

/* The wall clock of all tests: a day after the build, because an earlier one is refused (CACHE 3.4). */
#define NOW ((int64_t)JWKS_BUILD_TIME + 86400)

/* --- running --- */

/*
 * For main: runs the tests and answers the exit status.  With a room, it is 77 (skipped) where the current
 * folder cannot hold trusted files.  After mint_early() the first key of each kind is made once and not per test.
 * These and mint_early() alone are for main: what asserts, mint_key() too, ends the program outside of a test.
 */
#define RUN(name, ...) run_tests(name, (const TTest *const[]){__VA_ARGS__, NULL}, false)
#define RUN_IN_ROOM(name, ...) run_tests(name, (const TTest *const[]){__VA_ARGS__, NULL}, true)
int run_tests(const char *name, const TTest *const *tests, bool with_room);
void mint_early(void);

/* A function that this program has in the place of a library's, as the library has it. */
#define THEIRS(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

/* `call` gives `wanted`; else the test fails and shows both. */
#define ck_assert_status(call, wanted)                                                                      \
    do {                                                                                                    \
        const enum jwkscore_status got_ = (call), wanted_ = (wanted);                                       \
        ck_assert_msg(got_ == wanted_, "%s is %s, not %s", #call, jwkscore_reason(got_),                    \
                      jwkscore_reason(wanted_));                                                            \
    } while (0)

/* The message is one line of printable ASCII without 8 characters in a row of `secret` (L1). */
void expect_discreet(const struct jwkscore_error *, struct text secret);

/* --- texts --- */

const char *textf(const char *format, ...) PRINTF_LIKE(1, 2);
const char *repeated(const char *piece, size_t count);
struct text from_hex(const char *hex);
struct text kept(const void *bytes, size_t length);          /* a copy, with a NUL behind it */

/* --- the room: a private folder below the current one, gone afterwards --- */

const char *room_path(const char *name);                     /* absolute; "" is the room itself */
const char *room_write(const char *name, const char *text);  /* mode 0644; answers its path */
const char *room_write_bytes(const char *name, struct text, mode_t mode);
const char *room_folder(const char *name, mode_t mode);      /* made if it is not there; answers its path */
bool room_has(const char *name);
void room_drop(const char *name);                            /* one file, if it is there */

/* --- configurations --- */

#define CORP_ISSUER "https://login.example.com/corp"
/* The least that an issuer's section needs; more lines may follow it. */
#define CORP "[issuer corp]\nissuer = " CORP_ISSUER "\naudience = ssh-prod\nuser_claim = preferred_username\n"

/* From a jwks.conf in the room, whose folders and helper are there too if the text has no [global]. */
struct jwkscore_config *config_loaded(const char *text);
/* The same text by jwkscore_config_set, line by line: without a file. */
struct jwkscore_config *config_told(const char *text);
void tell(struct jwkscore_config *, const char *section, const char *key, const char *value);
void config_freep(struct jwkscore_config **);
const struct issuer_options *corp(const struct jwkscore_config *); /* its section */

/* --- tokens that nobody signed, taken apart --- */

/* Of this payload; its signature is 64 octets of zero under ES256.  Free it. */
struct token *token_of(const char *payload);

/* --- mint_keys.c --- */

enum mint_kind { MINT_RSA, MINT_P256, MINT_P384, MINT_P521, MINT_ED25519, MINT_KINDS };
struct mint_key {
    enum mint_kind kind;
    struct key_material material;                            /* the public half */
    void *pkey;                                              /* EVP_PKEY */
};
/* Two keys of each kind: 0, and 1 that is somebody else's. */
const struct mint_key *mint_key(enum mint_kind, unsigned number);
const struct mint_key *mint_rsa_of(unsigned bits, unsigned exponent);
void *mint_rsa(unsigned bits, unsigned exponent, unsigned number); /* EVP_PKEY; mint_rsa.c has a row for each */
void mint_end(void);                                         /* run_tests calls it */

const char *mint_jwk(const struct mint_key *, const char *members); /* {"kty":...,MEMBERS}; NULL: none */
const char *mint_private_jwk(const struct mint_key *, const char *members); /* the same, with `d` */
#define mint_jwks(...) mint_jwks_of((const char *const[]){__VA_ARGS__, NULL})
const char *mint_jwks_of(const char *const *keys);           /* {"keys":[...]} */
const char *mint_thumbprint(const struct mint_key *);        /* RFC 7638, by OpenSSL alone */

/* The SSH public key blob; of a security key (sk-...) for P-256 and Ed25519. */
struct text mint_ssh_blob(const struct mint_key *, bool security_key);
const char *mint_ssh_fingerprint(struct text blob);          /* SHA-256, base64url: what a nonce holds */
const char *encoded(struct text);                            /* base64url without padding */

/* --- mint_certs.c --- */

struct mint_extension {
    const char *name;                                        /* NULL: the end */
    const char *value;                                       /* NULL: none, as `permit-pty` has */
    struct text data;                                        /* in place of what OpenSSH would write */
};
struct mint_certificate {
    struct text key;                                         /* its blob; the type follows from it */
    struct text signature_key;                               /* default: the key itself */
    uint32_t kind;                                           /* 1: a user's */
    uint64_t valid_after, valid_before;
    const char *const *principals;                           /* NULL at the end */
    const struct mint_extension *extensions;
    struct text raw_principals, raw_options, raw_extensions; /* in place of well-formed ones */
};
struct text mint_certificate(const struct mint_certificate *);
const char *mint_certificate_type(struct text key);
struct text mint_string(struct text);                        /* as the SSH wire format has it */
const char *padded(struct text);                             /* base64 as OpenSSH writes it */

/* --- mint_tokens.c --- */

const struct mint_key *mint_key_for(const char *alg);        /* number 0 of the kind that it needs */
const char *mint_header(const char *alg, const char *kid);   /* kid NULL: none */
/* The claims of a good token for corp, with changes: NAME, JSON, ... NULL.  JSON "" takes a claim away. */
#define mint_claims(...) mint_claims_of((const char *const[]){__VA_ARGS__, NULL})
const char *mint_claims_of(const char *const *changes);

/* As a JWS has it: R || S for ECDSA.  `alg` is one of RFC 7518 3.1, EdDSA, Ed25519. */
struct text mint_sign(const struct mint_key *, const char *alg, struct text);
struct mint_form {
    const char *digest;                                      /* NULL: the key's own (Ed25519) */
    bool pss;
    int salt;                                                /* octets; -1: as long as the digest */
    const char *mgf1;                                        /* NULL: the same digest */
};
struct text mint_sign_as(const struct mint_key *, struct mint_form, struct text);
struct text mint_der(struct text signature);                 /* of an R || S */

const char *mint_join(const char *header, const char *payload, struct text signature);
/* Signed by the key as `alg` says, whatever the header says. */
const char *mint_token(const struct mint_key *, const char *alg, const char *header, const char *payload);
const char *mint_good(const char *alg, const char *kid, const char *payload); /* by mint_key_for(alg) */
/* Forgeries: HS256 with a secret of the forger's choice, and alg none. */
const char *mint_hmac(struct text secret, const char *header, const char *payload);
const char *mint_unsigned(const char *payload);

#endif
