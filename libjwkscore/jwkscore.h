/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwkscore.h: may the bearer of this token act as this account, here and now?
 *
 * A program makes a configuration, loads jwks.conf(5) into it, and asks jwkscore_authenticate().
 * The library keeps no global state, never logs, prints, exits, or touches signals, locale or
 * environment, and takes the wall clock as a parameter.  One configuration must not be used by two
 * threads at once; two configurations are independent.  See jwkscore(3).
 */
#ifndef JWKSCORE_H
#define JWKSCORE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What became of a call.  The second hexadecimal digit from the left of 0x1xx is the class. */
enum jwkscore_status {
    JWKSCORE_OK = 0,

    /* denied: this token does not allow it */
    JWKSCORE_E_MALFORMED = 0x101,   /* not a compact JWS: parts, base64url, JSON (RFC 7515 section 7.1) */
    JWKSCORE_E_ALGORITHM = 0x102,   /* `alg` is not one that the issuer may use */
    JWKSCORE_E_UNKNOWN_KEY = 0x103, /* the issuer has no such key */
    JWKSCORE_E_SIGNATURE = 0x104,   /* the signature does not verify */
    JWKSCORE_E_EXPIRED = 0x105,     /* `exp` has passed */
    JWKSCORE_E_NOT_YET_VALID = 0x106, /* `nbf` or `iat` is to come */
    JWKSCORE_E_ISSUER = 0x107,      /* `iss` is no configured issuer */
    JWKSCORE_E_AUDIENCE = 0x108,    /* `aud` is for somebody else */
    JWKSCORE_E_CLAIM = 0x109,       /* another claim is missing, of the wrong type, or breaks a rule */
    JWKSCORE_E_UNMAPPED = 0x10a,    /* the token names no account */
    JWKSCORE_E_USER = 0x10b,        /* the token names other accounts than the one asked for */
    JWKSCORE_E_UNBOUND = 0x10c,     /* the token is not bound to the key, or is bound and came without one */
    JWKSCORE_E_INCOMPLETE = 0x10d,  /* a token that was cut off */
    JWKSCORE_E_TOO_LONG = 0x10e,    /* over 16 KiB */
    JWKSCORE_E_OPAQUE = 0x10f,      /* an opaque access token, or something else without a dot */
    JWKSCORE_E_ENCRYPTED = 0x110,   /* a JWE: five parts, or `enc` in the header */
    JWKSCORE_E_UNSIGNED = 0x111,    /* `alg` is `none` */
    JWKSCORE_E_SYMMETRIC = 0x112,   /* `alg` is HS256 or its kin */
    JWKSCORE_E_TYPE = 0x113,        /* `typ` is not the kind of token that the issuer's section wants */
    JWKSCORE_E_CRITICAL = 0x114,    /* `crit`, `b64`, `zip`, or a nested token */
    JWKSCORE_E_DENIED_KEY = 0x115,  /* signed by a key that `denied_key` names */
    JWKSCORE_E_ACCOUNT = 0x116,     /* the account may not be used: uid, root, a name that is no account name */
    JWKSCORE_E_UNKNOWN_USER = 0x117, /* the account does not exist */
    JWKSCORE_E_SERVICE = 0x118,     /* the service's section refuses this issuer */

    /* unavailable: it cannot be said now */
    JWKSCORE_E_UNREACHABLE = 0x201, /* no usable keys, and the issuer cannot be reached */
    JWKSCORE_E_STALE = 0x202,       /* keys older than max_stale, and no newer ones to be had */
    JWKSCORE_E_PROVIDER = 0x203,    /* the issuer answered, but with nothing usable */
    JWKSCORE_E_SUPPRESSED = 0x204,  /* a refresh would be needed and is held back (back-off, flood limit) */
    JWKSCORE_E_CLOCK = 0x205,       /* the wall clock is earlier than it can be */

    /* fault: this host is not set up right */
    JWKSCORE_E_CONFIG = 0x301,      /* jwks.conf, a map file, a jwks_file, or an option */
    JWKSCORE_E_UNSAFE_FILE = 0x302, /* a file or folder that others could change */
    JWKSCORE_E_SYSTEM = 0x303,      /* a system call failed */
    JWKSCORE_E_MEMORY = 0x304,
    JWKSCORE_E_CRYPTO = 0x305,      /* OpenSSL cannot do what it must */
    JWKSCORE_E_ARGUMENT = 0x306     /* the caller's mistake: NULL, a size, a name that is none */
};

enum jwkscore_class {
    JWKSCORE_CLASS_OK,
    JWKSCORE_CLASS_DENIED,
    JWKSCORE_CLASS_UNAVAILABLE,
    JWKSCORE_CLASS_FAULT
};

/* Why a call failed: one line of printable ASCII, never any part of a token's text. */
struct jwkscore_error {
    enum jwkscore_status status;
    char message[256];
};

struct jwkscore_config;   /* everything jwks.conf says; a new one denies everything */
struct jwkscore_identity; /* a token that passed, and what it says */

/* Class of a status.  A number it does not know is a FAULT. */
enum jwkscore_class jwkscore_classify(enum jwkscore_status);

/* The word that logs use for a status (`audience`), and a sentence about it.  Static text, never NULL. */
const char *jwkscore_reason(enum jwkscore_status);
const char *jwkscore_strerror(enum jwkscore_status);

/* The library's version, such as "0.1.0". */
const char *jwkscore_version(void);

/*
 * For the beginning of main() in a program that uses OpenSSL through this library alone: OpenSSL starts without what only
 * others need.  It holds for all of the process, so it is never for a module or a library; nothing depends on it.
 */
void jwkscore_program_begin(void);

/* The wall clock, in seconds since 1970, for `now` below: the library itself never decides by it. */
int64_t jwkscore_now(void);

/*
 * A stranger's text for a log: printable ASCII but `"` and `\` is kept, every other byte becomes \xNN,
 * and after 64 bytes of text it is cut.  Writes at most `size` bytes, with the ending NUL, and returns `out`.
 */
const char *jwkscore_quote(char *out, size_t size, const char *text, size_t length);

/* --- configuration: jwks.conf(5) --- */

/* A configuration without issuers.  NULL without memory.  Free it. */
struct jwkscore_config *jwkscore_config_new(void);
void jwkscore_config_free(struct jwkscore_config *); /* NULL is fine */

/*
 * Reads jwks.conf at `path` (absolute; owned by root or the effective user, not writable by others, nor any
 * folder above it).  Every bad line is a problem (below); one is enough for E_CONFIG, and then the
 * configuration denies everything.  E_UNSAFE_FILE, E_SYSTEM, E_MEMORY.
 */
enum jwkscore_status jwkscore_config_load(struct jwkscore_config *, const char *path, struct jwkscore_error *);

/*
 * Sets one option as a line of the file would: section "global", "issuer NAME", "service NAME", or "pam" for
 * the module's arguments.  A value that the file or an earlier call set is replaced; a list is added to.
 */
enum jwkscore_status jwkscore_config_set(struct jwkscore_config *, const char *section, const char *key,
                                         const char *value, struct jwkscore_error *);

/* What does not depend on a single line: sections without what they need, issuers named twice, and so on. */
enum jwkscore_status jwkscore_config_check(const struct jwkscore_config *, struct jwkscore_error *);

/* The index-th problem that load found, "path:line: message"; NULL past the end. */
const char *jwkscore_config_problem(const struct jwkscore_config *, size_t index);

/*
 * The text of an option as it was set, the index-th where it was given several times; NULL past the end or where
 * it was not set and has no default.
 */
const char *jwkscore_config_get(const struct jwkscore_config *, const char *section, const char *key, size_t index);

/* Is `path` a program that nobody could change but root, or whoever's jwks.conf is in effect?  E_UNSAFE_FILE, E_SYSTEM. */
enum jwkscore_status jwkscore_config_check_program(const struct jwkscore_config *, const char *path, struct jwkscore_error *);

/*
 * What is right of a configuration that was refused, without sections that are not whole then: to explain what a login
 * would come to, never to let somebody in.  It starts no refresh.  NULL without memory.  Free it.
 */
struct jwkscore_config *jwkscore_config_rest(const struct jwkscore_config *);

/* The name of the index-th issuer section; NULL past the end. */
const char *jwkscore_config_issuer(const struct jwkscore_config *, size_t index);

/* One rule of a decision, as it is applied.  Texts live during the call and may be NULL; the first four are quoted already. */
struct jwkscore_trace {
    size_t size;                 /* sizeof (struct jwkscore_trace) in the library */
    const char *rule;            /* "issuer", "audience", "expiry", ... : jwkscore(3) lists them */
    enum jwkscore_status status; /* JWKSCORE_OK: it holds */
    const char *wanted;          /* what the configuration asks for */
    const char *found;           /* what the token, the cache or the system has */
    const char *origin;          /* "path:line" of the configuration line that decided */

    /* Printable ASCII, cut after 500 characters; whatever else there was stands there as \xNN. */
    const char *option;          /* the option of jwks.conf(5) that decided */
    const char *setting;         /* what it is set to: every value as it was given, or the one that decided, or the default */
    const char *claim;           /* the token's claim, or member of its header, that was looked at */
    const char *value;           /* what it holds, as in JSON; NULL: it is absent */
};

/* Calls `callback` with `data` for each rule of later decisions with this configuration; NULL: none. */
void jwkscore_config_trace(struct jwkscore_config *, void (*callback)(void *data, const struct jwkscore_trace *),
                           void *data);

/* --- the decision --- */

struct jwkscore_request {
    size_t size;              /* sizeof (struct jwkscore_request), so that it can grow */
    const char *service;      /* PAM service or "ssh-key"; NULL: no service section applies */
    const char *user;         /* account asked for; NULL: verify and map only, the account database is not asked */
    const char *token;        /* not kept, need not end in NUL */
    size_t token_length;
    const unsigned char *key; /* SSH public key blob that the bearer has proven to hold; NULL: a bearer token */
    size_t key_length;
    int64_t now;              /* seconds since 1970 */
    int max_wait;             /* milliseconds, all waits together; 0: the configuration's */
    int64_t clock;            /* what the wall clock says, for ages of keys, where `now` is another time; 0: `now` */
};

/*
 * May the bearer of this token act as `user` for `service` at `now`?  JWKSCORE_OK and an identity to free, or a
 * status of one of three classes, with `*ret_identity` as it was.  May wait up to max_wait for a refresh of keys.
 * RFC 7515, RFC 7517, RFC 7519, RFC 8725, OpenID Connect Core 1.0 section 3.1.3.7, RFC 9068 section 4.
 */
enum jwkscore_status jwkscore_authenticate(const struct jwkscore_config *, const struct jwkscore_request *,
                                           struct jwkscore_identity **ret_identity, struct jwkscore_error *);

void jwkscore_identity_free(struct jwkscore_identity *); /* NULL is fine */

/*
 * What can change between the decision and the session: is `user` still one of the identity's accounts, may the
 * account be used, has the token expired by `now`?  For pam_sm_acct_mgmt.
 */
enum jwkscore_status jwkscore_identity_check(const struct jwkscore_config *, const struct jwkscore_identity *,
                                             const char *user, int64_t now, struct jwkscore_error *);

/* The issuer's section name, and `sub`.  Owned by the identity, as all texts below. */
const char *jwkscore_identity_issuer(const struct jwkscore_identity *);
const char *jwkscore_identity_subject(const struct jwkscore_identity *);

/* The index-th account that the token maps to; NULL past the end. */
const char *jwkscore_identity_account(const struct jwkscore_identity *, size_t index);

/* `exp`, in seconds since 1970. */
int64_t jwkscore_identity_expires(const struct jwkscore_identity *);

/*
 * A string claim by its name, or by a JSON Pointer (RFC 6901) if it begins with `/`: the index-th element of an
 * array of strings, or the string itself at index 0.  NULL past the end, and for every other type.
 */
const char *jwkscore_identity_claim(const struct jwkscore_identity *, const char *name, size_t index);

/* Which key verified the token, and how old the set was that it came from. */
struct jwkscore_key_use {
    size_t size;           /* sizeof (struct jwkscore_key_use) in the library */
    const char *kid;       /* NULL: the token names none */
    const char *algorithm; /* "ES256" */
    const char *cache;     /* "fresh", "due", "stale", "file" */
    int64_t age;           /* seconds since the set was last validated */
    int64_t max_stale;     /* seconds after which it would no longer be used */
    int vanished;          /* not 0: the key has left the set and is used by key_grace */
    const char *note;      /* why a cache file was passed over ("cache-unsafe: ..."); "": none was */
};
const struct jwkscore_key_use *jwkscore_identity_key(const struct jwkscore_identity *);

/* Not 0: an account may have this name: [a-z_][a-z0-9_-]{0,31}. */
int jwkscore_account_valid(const char *name);

/*
 * 0: no claim of this token, of which nothing is verified, can hold `text`, printable ASCII without `"` and `\`.
 * Everything else is "perhaps": cheap, for whoever has many tokens and looks for one.
 */
int jwkscore_token_may_hold(const char *token, size_t length, const char *text);

/* --- SSH keys --- */

struct jwkscore_offer; /* what an SSH client offers: a public key, or a user certificate with the key that it certifies */

/*
 * Takes apart what sshd(8) tells of it: the type's name and the blob in base64, as in the tokens %t and %k of an
 * AuthorizedKeysCommand and in SSH_AUTH_INFO_0.  Free it.  E_MALFORMED for any type that is not supported, E_TOO_LONG.
 */
enum jwkscore_status jwkscore_offer_read(const struct jwkscore_config *, const char *type, const char *base64,
                                         struct jwkscore_offer **ret_offer, struct jwkscore_error *);
void jwkscore_offer_free(struct jwkscore_offer *); /* wipes; NULL is fine */

int jwkscore_offer_is_certificate(const struct jwkscore_offer *);

/*
 * The key, the certified one of a certificate: as authorized_keys(5) has it ("TYPE BASE64", encoded anew), as a request has
 * it, and its fingerprint ("SHA256:...").  Owned by the offer.  The fingerprint is made when it is first asked for, so the
 * configuration must still be there; NULL without memory.
 */
const char *jwkscore_offer_key(const struct jwkscore_offer *);
const unsigned char *jwkscore_offer_blob(const struct jwkscore_offer *, size_t *ret_length);
const char *jwkscore_offer_fingerprint(struct jwkscore_offer *);

/*
 * The token in the certificate, without an ending NUL: what the first extension holds that the issuer section `issuer`
 * names in certificate_extension, or, with NULL, that any section names.  NULL: there is none, or one that is there twice.
 */
const char *jwkscore_offer_token(const struct jwkscore_config *, const struct jwkscore_offer *, const char *issuer,
                                 size_t *ret_length);

/*
 * Is the token that jwkscore_offer_token() finds with NULL in an extension which the issuer that `identity` is of names?  To be
 * asked after that token's decision: E_ISSUER.
 */
enum jwkscore_status jwkscore_offer_check_extension(const struct jwkscore_config *, const struct jwkscore_offer *,
                                                    const struct jwkscore_identity *, struct jwkscore_error *);

/*
 * May `user` have this name, and of a certificate: is it a user's, signed by its own key, valid at `now`, with `user` among
 * its principals?  That its signature verifies is sshd's part, done before anybody is asked.  E_ACCOUNT, E_MALFORMED,
 * E_UNBOUND, E_USER, E_EXPIRED, E_NOT_YET_VALID.
 */
enum jwkscore_status jwkscore_offer_check(const struct jwkscore_offer *, const char *user, int64_t now,
                                          struct jwkscore_error *);

struct jwkscore_grants; /* the grants of one account: the files USER/NAME.jwt in grants_dir */

/* Lists them.  Free it.  An account without a folder has none.  E_ACCOUNT, E_UNSAFE_FILE, E_SYSTEM, E_CONFIG. */
enum jwkscore_status jwkscore_grants_open(const struct jwkscore_config *, const char *user,
                                          struct jwkscore_grants **ret_grants, struct jwkscore_error *);
void jwkscore_grants_free(struct jwkscore_grants *); /* wipes; NULL is fine */

/* The index-th file's name, in the order of names; NULL past the end. */
const char *jwkscore_grants_name(const struct jwkscore_grants *, size_t index);

/* The token in it, without the line's end; it lives until the next call.  E_UNSAFE_FILE, E_SYSTEM, E_CONFIG. */
enum jwkscore_status jwkscore_grants_read(struct jwkscore_grants *, size_t index, const char **ret_token,
                                          size_t *ret_length, struct jwkscore_error *);

/* --- an issuer's keys, for whoever looks after them --- */

struct jwkscore_source; /* the keys of one issuer as they were when they were read */

/* One of a list of counts, which ends with a NULL name. */
struct jwkscore_count {
    const char *name;
    int64_t count;
};

struct jwkscore_source_state {
    size_t size;          /* sizeof (struct jwkscore_source_state) in the library */
    const char *id;       /* 32 hexadecimal digits that name its files; "" for a jwks_file */
    const char *state;    /* "fresh", "due", "stale", "expired", "absent", "file" */
    const char *note;     /* why a cache file was passed over; "" */
    int64_t age, ttl;     /* s since the last validation; s that the issuer said its keys are good for */
    int64_t generation;   /* counts the sets that were stored */
    const char *outcome;  /* of the last attempt since the boot, as in jwks-fetch(8); "": there was none */
    int64_t http;         /* its HTTP status, or 0 */
    int64_t failures;     /* in a row; one that is under way is none yet */
    int64_t next_attempt; /* s until a refresh is no longer held back; 0: it is not */
    int64_t kid_interval; /* s between two refreshes for unknown kids */
    int64_t fetches;      /* since the boot */

    int64_t max_stale;        /* s after the last validation for which the keys may be used; 0 for a jwks_file */
    const char *ttl_from;     /* what says so: "max-age", "expires", "default", "minimum", "maximum"; "" */
    const char *via;          /* who sent the set: "origin", "mirror 2"; "" */
    int64_t validated;        /* time of the last validation, s since 1970; 0: there was none */
    int64_t last_attempt;     /* time of the last attempt since the boot, s since 1970; 0: there was none */
    const char *held_back;    /* why a refresh would be held back now: "backoff", "retry-after"; "" */
    int clock_wrong;          /* not 0: this host's clock is earlier than it can be, so every token is refused */
    int in_flight;            /* not 0: one is under way, whose outcome says "helper" until it ends */
    int64_t kid_next;         /* s until the flood limit lets a refresh for an unknown kid through; 0: at once */
    int64_t negative;         /* unknown kids that the issuer is not asked for again now */
    int64_t keys, vanished;   /* usable keys of the set; keys that have left it, for which key_grace decides */
    const struct jwkscore_count *dropped;    /* keys of the set that are not usable, by reason */
    const struct jwkscore_count *reasons;    /* since the boot: fetches by reason, as in jwks-fetch(8) */
    const struct jwkscore_count *outcomes;   /* since the boot: fetches by outcome */
    const struct jwkscore_count *suppressed; /* since the boot: refreshes held back, by outcome */
    int64_t coalesced;                       /* since the boot: refreshes that another one had just done */
};

struct jwkscore_source_key {
    size_t size;            /* sizeof (struct jwkscore_source_key) in the library */
    const char *kid;        /* NULL: it has none */
    const char *type;       /* "RSA", "EC", "OKP" */
    const char *algorithm;  /* its own `alg`; NULL: it has none */
    const char *thumbprint; /* RFC 7638, base64url of SHA-256 */
    int vanished;           /* not 0: it has left the set; key_grace decides */
};

/* Reads what is cached of the issuer section `issuer`, and how its refreshes went.  Free it. */
enum jwkscore_status jwkscore_source_read(const struct jwkscore_config *, const char *issuer, int64_t now,
                                          struct jwkscore_source **ret_source, struct jwkscore_error *);
void jwkscore_source_free(struct jwkscore_source *); /* NULL is fine */
const struct jwkscore_source_state *jwkscore_source_state(const struct jwkscore_source *);
const struct jwkscore_source_key *jwkscore_source_key(const struct jwkscore_source *, size_t index); /* NULL past the end */

/*
 * Has jwks-fetch fetch the issuer's keys and waits `max_wait` ms for it: "manual", "force" (against the provider's
 * Retry-After), or "flush" (keys that vanished from the set are dropped first).  As root or the cache's owner.
 * JWKSCORE_OK: the error's message is the outcome, "new", "unchanged", "coalesced" or "nopersist".
 */
enum jwkscore_status jwkscore_refresh(const struct jwkscore_config *, const char *issuer, const char *reason, int max_wait,
                                      struct jwkscore_error *);

#ifdef __cplusplus
}
#endif
#endif
