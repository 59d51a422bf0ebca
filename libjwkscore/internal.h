/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h: every name that is not static, by file, from the top of a decision to its bottom.
 *
 * Calls go down this page only.  Out parameters are called ret_..., stand before the error, and are untouched on
 * failure.  The zero value of each struct denies.
 */
#ifndef JWKSCORE_INTERNAL_H
#define JWKSCORE_INTERNAL_H

#include "jwkscore.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma GCC visibility push(hidden)

#define CHECKED __attribute__((warn_unused_result))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define PRINTF_LIKE(format, first) __attribute__((format(printf, format, first)))
#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Limits, with their reasons. */
enum {
    TOKEN_MAX = 16384,              /* 200 GUID groups make 11,146 bytes; DESIGN 4 */
    SIGNATURE_MAX = 1024,           /* RSA of 8192 bits */
    KEYSET_MAX = 512 * 1024,        /* largest real set seen: 17 kB */
    KEYSET_KEYS_MAX = 128,          /* most seen: 15 */
    KEYS_TRIED_MAX = 4,             /* different keys under one kid; more is no honest mistake */
    KID_MAX = 256,                  /* longest seen: 86 */
    DISCOVERY_MAX = 128 * 1024,
    ENVELOPE_MAX = 1024 * 1024,     /* 256 large keys are 0.6 MiB */
    JSON_DEPTH_MAX = 32,
    JSON_MEMBERS_MAX = 4096,        /* bounds the search for duplicates */
    URI_MAX = 2048,                 /* servers' usual limit */
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 8192,            /* verifies in 0.3 ms */
    CONFIG_LINE_MAX = 4096,
    CONFIG_MAX = 1024 * 1024,
    MAP_MAX = 16 * 1024 * 1024,     /* 100,000 people with long names */
    ACCOUNT_NAME_MAX = 32,
    KID_NEGATIVE_MAX = 64,
    SHA256_SIZE = 32,
    THUMBPRINT_SIZE = 44,           /* base64url of SHA-256, and NUL */
    SOURCE_ID_SIZE = 33,            /* 32 hex digits and NUL */
    BOOT_ID_SIZE = 37,              /* UUID and NUL */
    QUOTED_SIZE = 64 * 4 + 4        /* 64 bytes as \xNN, "..." and NUL */
};

/* Seconds that several files share. */
enum {
    CLOCK_STEP_MAX = 300,           /* no disciplined clock steps further */
    TTL_MIN = 300,                  /* some say no-cache, and not every login may fetch */
    TTL_MAX = 86400,                /* one says 44 days, and a withdrawn key must go */
    TTL_DEFAULT = 3600,
    HELPER_LIFE_MS = 10000          /* alarm(10): no jwks-fetch lives longer */
};

/* Bytes that somebody else owns and that need not end in NUL. */
struct text {
    const char *bytes;
    size_t length;
};

/* Bytes that the struct owns. */
struct buffer {
    unsigned char *bytes;
    size_t length;
};

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})

/* error.c: a status and one printable line; the first error stays */
enum jwkscore_status error_set(struct jwkscore_error *, enum jwkscore_status, const char *format, ...) PRINTF_LIKE(3, 4);
enum jwkscore_status error_memory(struct jwkscore_error *);
const char *error_quote(char out[static QUOTED_SIZE], struct text);

/* text.c: spans, buffers and what frees them */
struct text text_from(const char *string);                  /* NULL: empty */
bool text_equal(struct text, struct text);
bool text_is(struct text, const char *string);
bool text_number(struct text, int64_t *ret_number);          /* digits only, fits; no sign */
char *text_copy(struct text);                                /* NUL-terminated; NULL without memory */
bool text_is_utf8(struct text);                              /* RFC 3629; NUL is not text */
bool text_take_line(struct text *rest, struct text *ret_line); /* up to LF, which is dropped; false at the end */
bool text_take_word(struct text *rest, struct text *ret_word); /* between spaces and tabs */
struct text text_trim(struct text);                          /* spaces and tabs at both ends */
void buffer_freep(struct buffer *);                          /* wipes, frees */
void string_freep(char **);
void fd_closep(int *);

/* clock.c: the boot clock, the one clock that the library reads itself */
struct clock_base {
    char boot[BOOT_ID_SIZE];                                 /* this boot's id; "" if the kernel does not say */
    int64_t tns;                                             /* inode of /proc/self/ns/time, or 0 */
};
int64_t clock_boot_ms(void);                                 /* CLOCK_BOOTTIME: milliseconds since the boot, suspend included */
void clock_base_read(struct clock_base *ret_base);
bool clock_synchronised(void);                               /* adjtimex says so */

/* base64.c: RFC 4648 section 5, without padding, one spelling per value (RFC 7515 section 2) */
#define BASE64_DECODED_MAX(length) ((length) / 4 * 3 + 2)
#define BASE64_ENCODED_SIZE(length) (((length) * 4 + 2) / 3 + 1)
CHECKED bool base64_decode(struct text, unsigned char *ret_bytes, size_t *ret_length);  /* room: BASE64_DECODED_MAX */
CHECKED bool base64_decode_lenient(struct text, unsigned char *ret_bytes, size_t *ret_length); /* keys only: `=`, `+`, `/` */
void base64_encode(const unsigned char *bytes, size_t length, char *ret_text);          /* room: BASE64_ENCODED_SIZE */

/* scan.c: is this exactly one JSON object (RFC 8259) that every parser reads alike? */
CHECKED enum jwkscore_status scan_object(struct text, struct jwkscore_error *);

/* value.c: JSON as typed values with exact lengths; NULL is an absent value and has no members */
struct value;
enum value_type { VALUE_ABSENT, VALUE_NULL, VALUE_BOOLEAN, VALUE_NUMBER, VALUE_STRING, VALUE_ARRAY, VALUE_OBJECT };
CHECKED enum jwkscore_status value_parse(struct text, struct value **ret_value, struct jwkscore_error *); /* scans first */
void value_free(struct value *);
void value_freep(struct value **);
enum value_type value_type(const struct value *);
const char *value_type_name(enum value_type);                /* "a string" */
const struct value *value_member(const struct value *object, const char *name);
const struct value *value_find(const struct value *object, const char *name_or_pointer); /* RFC 6901 if it begins with / */
bool value_next_member(const struct value *object, void **cursor, struct text *ret_name, const struct value **ret_value);
size_t value_count(const struct value *array);               /* 0 for everything else */
const struct value *value_at(const struct value *array, size_t index);
CHECKED bool value_text(const struct value *, struct text *ret_text);
CHECKED bool value_is(const struct value *, const char *string); /* a string, and this one */
CHECKED bool value_boolean(const struct value *, bool *ret_boolean);
CHECKED bool value_integer(const struct value *, int64_t *ret_floor, bool *ret_fraction); /* floor, and whether it was cut */
CHECKED bool value_member_text(const struct value *object, const char *name, struct text *ret_text);
CHECKED bool value_member_integer(const struct value *object, const char *name, int64_t least, int64_t most, int64_t *ret_number);
/* Appends `text` as a JSON string with its quotes; the only way strangers' text gets into what we write. */
CHECKED bool value_write_string(struct buffer *, struct text);

/* file.c: reads a file as sshd would: no links, owner, mode, every folder above it */
#define NO_OWNER ((uid_t)-1)
struct folder {
    int fd;
    uid_t owner;                                             /* W of CACHE.md, for a state or run folder */
    gid_t group;
};
/* Every folder down to the last must be root's or `also`'s, the last may be anybody's if `any_owner`; none writable by others. */
CHECKED enum jwkscore_status folder_open(const char *path, uid_t also, bool any_owner, struct folder *ret_folder,
                                         struct jwkscore_error *);
void folder_closep(struct folder *);
/* A regular file of at most `most` bytes, root's or `also`'s, not writable by others, no set-id bit.  *ret_absent: there is none. */
CHECKED enum jwkscore_status file_read_at(const struct folder *, const char *name, uid_t also, size_t most,
                                          struct buffer *ret_bytes, bool *ret_absent, struct jwkscore_error *);
CHECKED enum jwkscore_status file_read(const char *path, uid_t also, size_t most, struct buffer *ret_bytes, uid_t *ret_owner,
                                       struct jwkscore_error *);
/* May this file be executed by us: folders and file root's or `also`'s, not writable by others, executable? */
CHECKED enum jwkscore_status file_check_program(const char *path, uid_t also, struct jwkscore_error *);

/* crypto.c: the algorithm table, keys, signatures, hashes; alone with OpenSSL */
enum key_type { KEY_NONE, KEY_RSA, KEY_EC, KEY_OKP };
struct curve {
    const char *name;                                        /* `crv` of RFC 7518 section 6.2.1.1, RFC 8037 section 2 */
    enum key_type type;
    size_t size;                                             /* octets of a coordinate */
    const char *openssl;
};
struct algorithm {
    const char *name;                                        /* `alg` */
    enum key_type type;
    const char *curve;                                       /* NULL: RSA */
    const char *digest;                                      /* NULL: the algorithm's own */
    bool pss;
    bool preferred;                                          /* in the default of `algorithms` */
};
struct key_material {                                        /* canonical: no leading zero octets in n, e; x, y full size */
    enum key_type type;
    const struct curve *curve;                               /* NULL: RSA */
    struct text n, e, x, y;
};
struct crypto;                                               /* a private OpenSSL context */
struct key;                                                  /* a key that passed every check and can verify */
struct crypto *crypto_new(void);
void crypto_free(struct crypto *);
const struct algorithm *crypto_algorithm(struct text name);  /* NULL: does not exist */
const struct algorithm *crypto_algorithm_at(size_t index);   /* NULL past the end */
uint32_t crypto_algorithm_bit(const struct algorithm *);     /* its place in a set of algorithms */
const struct curve *crypto_curve(struct text name);
bool crypto_algorithm_fits(const struct algorithm *, enum key_type, const struct curve *);
size_t crypto_signature_length(const struct algorithm *);    /* 0 where the key decides (RSA) */
CHECKED bool crypto_sha256(const struct crypto *, struct text, unsigned char ret_digest[static SHA256_SIZE]);
/* W3-W5: E_CLAIM-free: OK, E_CRYPTO, E_MEMORY, or E_UNKNOWN_KEY where the material is not fit. */
CHECKED enum jwkscore_status key_import(const struct crypto *, const struct key_material *, struct key **ret_key, struct jwkscore_error *);
void key_free(struct key *);
void key_freep(struct key **);
size_t key_signature_length(const struct key *, const struct algorithm *);
/* JWKSCORE_OK: `signature` over `text` is this key's.  RFC 7518 section 3, RFC 8037 section 3.1. */
CHECKED enum jwkscore_status key_verify(const struct crypto *, const struct key *, const struct algorithm *, struct text text,
                                        struct text signature, struct jwkscore_error *);

/* config.c, options.c: jwks.conf, arguments and API through one table */
enum token_type_bit { TOKEN_TYPE_ID = 1, TOKEN_TYPE_ACCESS = 2 };
enum binding_bit { BINDING_CNF = 1, BINDING_NONCE = 2, BINDING_NONE = 4 };
struct strings {
    char **at;
    size_t count;
};
struct setting {                                             /* a line as it was given */
    const struct option *option;
    char *value;
    unsigned line;                                           /* 0: by argument or API */
};
struct settings {
    struct setting *at;
    size_t count;
};
struct global_options {
    char *state_dir, *run_dir, *fetch_helper;
    int64_t min_uid, clock_skew, max_wait;                   /* max_wait in s */
    struct settings settings;
};
struct issuer_options {
    char *name;
    unsigned line;
    char *issuer, *jwks_uri, *jwks_file, *ca_file, *proxy;
    struct strings audience, mirror;
    int64_t algorithms, token_types;                         /* sets of bits */
    bool allow_extra_audience, allow_root;
    char *user_claim, *user_match, *user_name, *user_map;
    struct strings require, denied_key;
    int64_t max_auth_age, max_lifetime, max_token_age;       /* s; 0: no limit */
    int64_t refresh_interval, max_stale, key_grace;
    struct strings certificate_extension;
    int64_t key_binding;
    char *key_claim, *key_options;
    struct settings settings;
};
struct service_options {
    char *name;
    unsigned line;
    struct strings issuers, require;
    int64_t max_auth_age, max_lifetime, max_token_age;
    bool export_variables, session_limit;
    struct settings settings;
};
struct pam_options {
    char *prompt;
    bool debug, use_first_pass, try_first_pass;
    struct settings settings;
};
struct jwkscore_config {
    char *path;                                              /* the file it came from, or NULL */
    uid_t file_owner;                                        /* of that file; NO_OWNER without one */
    bool refused;                                            /* the file had problems: everything is denied */
    struct global_options global;
    struct issuer_options *issuers;
    size_t issuer_count;
    struct service_options *services;
    size_t service_count;
    struct pam_options pam;
    struct strings problems;
    void (*trace)(void *, const struct jwkscore_trace *);
    void *trace_data;
    struct crypto *crypto;
};
const struct issuer_options *config_issuer_named(const struct jwkscore_config *, const char *name);
const struct issuer_options *config_issuer_for(const struct jwkscore_config *, struct text iss);
const struct service_options *config_service(const struct jwkscore_config *, const char *name); /* NULL: no section */
/* Whose files may be trusted besides root's: the effective user's where jwks.conf is, else nobody's. */
uid_t config_file_owner(const struct jwkscore_config *);
/* "path:line" of the last line that set `key`; "default" where none did. */
struct origin {
    char text[256];
};
const char *config_origin(const struct jwkscore_config *, const struct settings *, const char *key, struct origin *);
/* Tells the trace callback, if there is one; `found` is a stranger's and is quoted here.  Returns `status`. */
enum jwkscore_status config_trace(const struct jwkscore_config *, const char *rule, enum jwkscore_status, const char *wanted,
                                  struct text found, const struct settings *, const char *key);
/* options.c */
enum section { SECTION_GLOBAL, SECTION_ISSUER, SECTION_SERVICE, SECTION_PAM };
CHECKED enum jwkscore_status option_set(enum section, void *options, const char *key, struct text value, unsigned line,
                                        struct jwkscore_error *);
void options_init(enum section, void *options);              /* defaults */
void options_free(enum section, void *options);
const char *option_get(enum section, const void *options, const char *key, size_t index);
const char *option_key(const struct option *);
CHECKED bool strings_add(struct strings *, struct text);
void strings_free(struct strings *);
/* `CLAIM = VALUE` of a require line, around the first `=` with a space on both sides, else the first `=`. */
CHECKED bool option_split_require(const char *text, struct text *ret_claim, struct text *ret_value);

/* token.c: a compact JWS taken apart, and the header's rules (RFC 7515 section 7.1, RFC 8725 section 3) */
struct token {
    struct text signed_text;                                 /* header.payload as it came: what the signature covers */
    const struct algorithm *algorithm;
    bool has_kid;
    struct text kid;                                         /* inside header */
    struct text typ;                                         /* inside header; empty where absent */
    unsigned char signature[SIGNATURE_MAX];
    size_t signature_length;
    struct value *header, *claims;
    struct buffer header_json, claims_json;
};
CHECKED enum jwkscore_status token_parse(struct text, struct token **ret_token, struct jwkscore_error *);
void token_free(struct token *);                             /* wipes */
void token_freep(struct token **);
/* H8: does `typ` fit the issuer's token_type?  `proven`: the request carries a key. */
CHECKED bool token_type_fits(const struct token *, int64_t token_types, bool proven);

/* keyset.c: a JWKS document becomes keys (RFC 7517, CACHE 6 and 11) */
enum key_drop { DROP_NONE, DROP_KTY, DROP_OCT, DROP_PRIVATE, DROP_USE, DROP_ALG, DROP_KID, DROP_X5C, DROP_MATERIAL, DROP_COUNT };
struct jwk {
    bool has_kid;
    struct text kid, use, issuer;                            /* inside the document */
    const struct value *key_ops;
    const struct algorithm *algorithm;                       /* its own `alg`; NULL: it has none */
    struct key_material material;                            /* points into octets */
    struct buffer octets;
    bool vanished;                                           /* behind the current keys: key_grace decides */
    int64_t gone;                                            /* s it had been missing when the set was validated */
};
struct keyset {
    struct value *document;
    const struct value *keys;                                /* the array */
    size_t count;
};
CHECKED enum jwkscore_status keyset_parse(struct text document, struct keyset **ret_keyset, struct jwkscore_error *);
void keyset_free(struct keyset *);
void keyset_freep(struct keyset **);
/* The index-th key as CACHE 11 wants it, or why not.  Without OpenSSL's checks: key_import makes those. */
CHECKED enum key_drop keyset_key(const struct keyset *, size_t index, struct jwk *ret_jwk);
void jwk_clear(struct jwk *);
const char *keyset_drop_name(enum key_drop);                 /* "material" */
CHECKED bool jwk_thumbprint(const struct crypto *, const struct jwk *, char ret_thumbprint[static THUMBPRINT_SIZE]); /* RFC 7638 */
/* Appends the key's public members as a JSON object (CACHE 2). */
CHECKED bool jwk_write(struct buffer *, const struct jwk *, const char *thumbprint);
/* Keys that could have signed this: at most KEYS_TRIED_MAX of one kid, or the only one that fits a token without kid. */
struct candidates {
    struct jwk at[KEYS_TRIED_MAX];
    size_t count;
    bool ambiguous;                                          /* no kid, and several fit */
};
void keyset_candidates(const struct keyset *, const struct text *kid, const struct algorithm *, struct text issuer,
                       const int64_t *gone, size_t gone_count, int64_t grace_left, struct candidates *ret_candidates);
void candidates_clear(struct candidates *);

/* envelope.c: the four lines of a cache file, one codec for three kinds (CACHE 2) */
struct envelope {
    struct buffer file;
    struct value *head;                                      /* second line */
    struct text body;                                        /* third line, inside file */
};
CHECKED enum jwkscore_status envelope_parse(const struct crypto *, const char *kind, struct buffer *file, struct envelope *ret_envelope,
                                            struct jwkscore_error *);               /* takes file over on success */
CHECKED bool envelope_write(const struct crypto *, const char *kind, struct text head, struct text body, struct buffer *ret_file);
void envelope_clear(struct envelope *);

/* cache.c: an issuer's keys as a reader finds them: which file, how old, which state (never writes) */
struct stamps {                                              /* of an envelope of kind keys or discovery */
    struct clock_base base;
    int64_t fetched_w, fetched_b, validated_w, validated_b, floor_w;
    int64_t ttl;
};
enum cache_state { CACHE_ABSENT, CACHE_EXPIRED, CACHE_STALE, CACHE_DUE, CACHE_FRESH, CACHE_FILE };
struct cache_file {
    struct envelope envelope;
    struct stamps stamps;
    int64_t gen;
    struct keyset *keyset;
    int64_t gone[KEYSET_KEYS_MAX];
    size_t gone_count;
};
struct cache {
    enum cache_state state;
    struct cache_file file;                                  /* empty where absent */
    int64_t age;                                             /* s since the last validation */
    char note[128];                                          /* why a file was passed over: "cache-unsafe", ... ; else "" */
};
void source_id(const struct crypto *, const struct issuer_options *, char ret_id[static SOURCE_ID_SIZE]);
double source_spread(const struct crypto *, const char *id); /* u of CACHE 4: 0..1, stable per host */
CHECKED enum jwkscore_status cache_folders_open(const struct jwkscore_config *, struct folder *ret_state, struct folder *ret_run,
                                                struct jwkscore_error *); /* run may be absent: its fd is then -1 */
CHECKED enum jwkscore_status cache_file_parse(const struct crypto *, const struct issuer_options *, const char *id, struct buffer *file,
                                              struct cache_file *ret_file, struct jwkscore_error *);
void cache_file_clear(struct cache_file *);
/* Reads what is best of ID.jwks, the overflow copy and ID.prev.  Absent is a state, not an error. */
void cache_read(const struct jwkscore_config *, const struct issuer_options *, int64_t now, struct cache *ret_cache);
void cache_clear(struct cache *);
const char *cache_state_name(enum cache_state);
int64_t cache_age(const struct stamps *, int64_t now, bool *ret_restored); /* s; -1: not known (CACHE 3) */
enum cache_state cache_state_of(const struct crypto *, const struct issuer_options *, const char *id, const struct stamps *, int64_t now,
                                int64_t *ret_age);
int64_t cache_due_after(const struct issuer_options *, int64_t ttl, double spread); /* s of age from which a set is due */
bool cache_clock_wrong(const struct stamps *, int64_t now);  /* CACHE 3.4; NULL: the build's floor alone */

/* rate.c: ID.state as a reader sees it: attempt clock, back-off, flood limit, negative list (CACHE 2, 5, 7) */
struct rate_negative {
    uint64_t kid_hash;                                       /* first 64 bits of SHA-256 of the kid */
    int64_t until_b;
    int64_t strikes;
};
struct rate {
    int64_t attempt_b, next_b, fail_n, retry_b, inflight_b;  /* ms of the boot clock */
    char outcome[24];
    int64_t http;
    int64_t disc_next_b, disc_fail_n;
    int64_t kid_tokens, kid_stamp_b, kid_interval, kid_last_b; /* interval in s */
    int64_t kid_misses, kid_miss_b;                          /* distinct misses, since when */
    int64_t fetches, failures, coalesced, suppressed;        /* counters since the boot */
    struct rate_negative negative[KID_NEGATIVE_MAX];
    size_t negative_count;
};
void rate_init(struct rate *);                               /* all zero, and a full bucket */
CHECKED enum jwkscore_status rate_parse(const struct crypto *, const char *id, struct buffer *file, const struct clock_base *,
                                        struct rate *ret_rate, struct jwkscore_error *);
void rate_read(const struct jwkscore_config *, const char *id, struct rate *ret_rate); /* absent, damaged, another boot: rate_init */
uint64_t rate_kid_hash(const struct crypto *, struct text kid);
bool rate_in_flight(const struct rate *, int64_t now_b);
bool rate_retry_after(const struct rate *, int64_t now_b);
bool rate_backing_off(const struct rate *, int64_t now_b);   /* Retry-After counts; in flight does not end it */
int64_t rate_kid_tokens(const struct rate *, int64_t now_b); /* tokens in the bucket now */
bool rate_is_negative(const struct rate *, uint64_t kid_hash, int64_t now_b);
bool rate_kid_held_back(const struct rate *, int64_t now_b); /* no token, Retry-After, or first 60 s of a back-off */

/* refresh.c: ask jwks-fetch for keys and wait no longer than allowed (CACHE 8) */
enum refresh_reason { REFRESH_COLD, REFRESH_STALE, REFRESH_DUE, REFRESH_KID, REFRESH_SIG, REFRESH_CLOCK, REFRESH_MANUAL, REFRESH_FORCE,
                      REFRESH_FLUSH };
enum refresh_outcome {                                       /* CACHE 10; the names are in refresh.c, the order is the protocol's */
    OUTCOME_NONE, OUTCOME_NEW, OUTCOME_UNCHANGED, OUTCOME_COALESCED,
    OUTCOME_BACKOFF, OUTCOME_RETRY_AFTER, OUTCOME_FLOOD, OUTCOME_NEGATIVE,
    OUTCOME_DNS, OUTCOME_CONNECT, OUTCOME_TIMEOUT, OUTCOME_TLS, OUTCOME_TLS_VERIFY,
    OUTCOME_HTTP_3XX, OUTCOME_HTTP_4XX, OUTCOME_HTTP_429, OUTCOME_HTTP_5XX, OUTCOME_HTTP_OTHER,
    OUTCOME_TOO_LARGE, OUTCOME_ENCODING, OUTCOME_NOT_JSON, OUTCOME_NO_KEYS, OUTCOME_NO_USABLE, OUTCOME_DISCOVERY,
    OUTCOME_FS, OUTCOME_NOSTATE, OUTCOME_NOPERSIST, OUTCOME_CONFIG, OUTCOME_LOCK_TIMEOUT, OUTCOME_HELPER,
    OUTCOME_COUNT
};
enum { REFRESH_ANSWER_SIZE = 16, REFRESH_ANSWER_FD = 3 };
struct refresh_answer {
    enum refresh_outcome outcome;                            /* OUTCOME_NONE: no answer within the time */
    unsigned http;
    uint32_t next_s;                                         /* to the next attempt; 0: none held back */
    uint32_t length;                                         /* of the envelope that follows (nopersist) */
};
const char *refresh_outcome_name(enum refresh_outcome);
enum refresh_outcome refresh_outcome_named(struct text);     /* OUTCOME_NONE: no such name */
const char *refresh_reason_name(enum refresh_reason);
bool refresh_reason_named(struct text, enum refresh_reason *ret_reason);
bool refresh_is_success(enum refresh_outcome);
void refresh_answer_encode(const struct refresh_answer *, unsigned char ret_bytes[static REFRESH_ANSWER_SIZE]);
CHECKED bool refresh_answer_decode(const unsigned char bytes[static REFRESH_ANSWER_SIZE], struct refresh_answer *ret_answer);
/* Starts the helper; with wait_ms > 0 waits for its answer.  `ret_envelope` gets what came with nopersist. */
CHECKED enum jwkscore_status refresh_run(const struct jwkscore_config *, const struct issuer_options *, enum refresh_reason,
                                         const uint64_t *kid_hash, int64_t wait_ms, struct refresh_answer *ret_answer,
                                         struct buffer *ret_envelope, struct jwkscore_error *);

/* claims.c: iss, aud, times, require; on peeked bytes and again on verified ones (RFC 7519 section 4.1) */
CHECKED enum jwkscore_status claims_issuer(const struct jwkscore_config *, const struct token *, const struct issuer_options **ret_issuer,
                                           struct jwkscore_error *);
CHECKED enum jwkscore_status claims_check_registered(const struct jwkscore_config *, const struct issuer_options *, const struct token *,
                                                     int64_t now, struct jwkscore_error *);   /* aud exp nbf iat: before and after */
CHECKED enum jwkscore_status claims_check(const struct jwkscore_config *, const struct issuer_options *, const struct token *, int64_t now,
                                          struct jwkscore_error *);                          /* all of it, on verified bytes */
CHECKED enum jwkscore_status claims_check_service(const struct jwkscore_config *, const struct service_options *, const struct issuer_options *,
                                                  const struct token *, int64_t now, struct jwkscore_error *);
int64_t claims_expires(const struct token *);

/* account.c: claims become account names; may this account be used? */
CHECKED enum jwkscore_status account_map(const struct jwkscore_config *, const struct issuer_options *, const struct token *,
                                         struct strings *ret_accounts, struct jwkscore_error *);
CHECKED enum jwkscore_status account_check(const struct jwkscore_config *, const struct issuer_options *, const char *user,
                                           struct jwkscore_error *);
bool account_name_valid(struct text);

/* binding.c: is the token bound to the SSH key that the bearer has proven to hold? (DESIGN 4 and 7) */
CHECKED enum jwkscore_status binding_check(const struct jwkscore_config *, const struct issuer_options *, const struct token *,
                                           const struct jwkscore_request *, struct jwkscore_error *);

/* sshkey.c: an SSH public key blob taken apart, bounded (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4) */
struct sshkey {
    struct text type;                                        /* "ssh-ed25519"; inside the blob */
    struct key_material material;                            /* canonical; points into octets */
    struct buffer octets;
};
CHECKED bool sshkey_parse(struct text blob, struct sshkey *ret_key); /* false: malformed, or a type we do not know */
void sshkey_clear(struct sshkey *);
CHECKED bool sshkey_fingerprint(const struct crypto *, struct text blob, char ret_fingerprint[static THUMBPRINT_SIZE]); /* SHA-256, base64url */
CHECKED bool material_thumbprint(const struct crypto *, const struct key_material *, char ret_thumbprint[static THUMBPRINT_SIZE]); /* RFC 7638; keyset.c */

/* keys.c: which key verified this token, through the cache and its waits (CACHE 5) */
struct verified {
    enum cache_state state;
    int64_t age;
    bool vanished;
};
CHECKED enum jwkscore_status keys_verify(const struct jwkscore_config *, const struct issuer_options *, const struct token *, int64_t now,
                                         int64_t wait_ms, struct verified *ret_verified, struct jwkscore_error *);

#pragma GCC visibility pop
#endif
