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

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#pragma GCC visibility push(hidden)

#define CHECKED __attribute__((warn_unused_result))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define PRINTF_LIKE(form, first) __attribute__((format(printf, form, first)))
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
    CACHE_NOTE_SIZE = 200,
    GRANT_FILES_MAX = 4096,         /* of one account: 1,000 are looked through in 20 ms */
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

/* A rule that does not hold: a trace line and an error. */
#define REFUSE(config, rule, status, settings, key, found, error, ...)                                                 \
    (config_trace(config, rule, status, NULL, found, settings, key), error_set(error, status, __VA_ARGS__))

/* The same, of a rule that looked at one claim. */
#define REFUSE_CLAIM(config, rule, status, settings, key, claim, error, ...)                                           \
    (config_trace_claim(config, rule, status, NULL, claim, settings, key), error_set(error, status, __VA_ARGS__))

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})

/* error.c: a status and one printable line; the first error stays */
enum jwkscore_status error_set(struct jwkscore_error *, enum jwkscore_status, const char *format, ...) PRINTF_LIKE(3, 4);
enum jwkscore_status error_memory(struct jwkscore_error *);
/* E_SYSTEM, "what: No such file or directory (ENOENT)". */
enum jwkscore_status error_system(struct jwkscore_error *, const char *what, int number);
const char *error_quote(char out[static QUOTED_SIZE], struct text);

/* text.c: spans, buffers and what frees them */
struct text text_from(const char *string);                  /* NULL: empty */
bool text_equal(struct text, struct text);
bool text_is(struct text, const char *string);
bool text_is_any_case(struct text, const char *string);      /* A-Z as a-z, whatever the locale */
bool text_number(struct text, int64_t *ret_number);          /* digits only, fits; no sign */
char *text_copy(struct text);                                /* NUL-terminated; NULL without memory */
struct text text_skip_bom(struct text);                      /* one U+FEFF at the start: a real provider's document has it */
bool text_is_utf8(struct text);                              /* RFC 3629; NUL is not text */
bool text_take_line(struct text *rest, struct text *ret_line); /* up to LF, which is dropped; false at the end */
bool text_take_word(struct text *rest, struct text *ret_word); /* between spaces and tabs */
struct text text_trim(struct text);                          /* spaces and tabs at both ends */
void text_hex(const unsigned char *octets, size_t count, char *ret_hex); /* two digits each, and NUL */
CHECKED bool buffer_append(struct buffer *, struct text);        /* appends; false without memory, and then unchanged */
/* Room for so many more bytes at the end, NULL without memory.  Not for secrets: what it outgrows is not wiped. */
unsigned char *buffer_extend(struct buffer *, size_t more);
void buffer_freep(struct buffer *);                          /* wipes, frees */
void string_freep(char **);
void fd_closep(int *);

/* clock_system.c, or tests/clock_test.c in a build for tests: what the clocks say, and the version that tells which it is */
extern const char clock_version[];
CHECKED bool clock_read(clockid_t, struct timespec *ret_time);

/* clock.c: the boot clock, the one clock that the library reads for a decision */
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
#define BASE64_PADDED_SIZE(length) (((length) + 2) / 3 * 4 + 1)
void base64_encode_padded(const unsigned char *bytes, size_t length, char *ret_text);   /* RFC 4648 section 4, as OpenSSH writes it */
void base64_encode(const unsigned char *bytes, size_t length, char *ret_text);          /* room: BASE64_ENCODED_SIZE */

/* jsonstring.c: JSON strings (RFC 8259 section 7); jsonnumber.c: JSON numbers (section 6) */
/* From behind a string's opening quote to its closing one.  NULL: it is right, and its unescaped length is known; else
   what is wrong, and *at is where. */
CHECKED const char *jsonstring_scan(const char **at, const char *end, size_t *ret_length);
uint32_t jsonstring_character(const char **at, const char *end); /* the next one, unescaped, of a string that was scanned */
size_t jsonstring_encode(uint32_t character, char ret_bytes[static 4]); /* as UTF-8 */
CHECKED const char *jsonnumber_scan(const char **at, const char *end); /* from its first byte to behind its last; as jsonstring_scan */
CHECKED bool jsonnumber_floor(struct text, int64_t *ret_floor, bool *ret_fraction); /* of one that was scanned; false: no int64_t */

/* scan.c: is this exactly one JSON object (RFC 8259) that every parser reads alike? */
CHECKED enum jwkscore_status scan_object(struct text, struct jwkscore_error *);

/* span.c: where the values stand in an object that scan_object has accepted */
/* The member of that ASCII name, however it is spelt, from its value's first byte to the object's end. */
CHECKED bool span_member(struct text object, const char *name, struct text *ret_rest);
/* The next element of the array that `rest` begins with at first, as it is written; white space may be behind it. */
CHECKED bool span_element(struct text *rest, struct text *ret_element);

/* value.c: JSON as typed values with exact lengths; NULL is an absent value and has no members */
struct value;
enum value_type { VALUE_ABSENT, VALUE_NULL, VALUE_BOOLEAN, VALUE_NUMBER, VALUE_STRING, VALUE_ARRAY, VALUE_OBJECT };
CHECKED enum jwkscore_status value_parse(struct text, struct value **ret_value, struct jwkscore_error *); /* scans first */
CHECKED struct value *value_build(struct text object);       /* one that scan_object has accepted, or inside one; NULL without memory */
void value_free(struct value *);
void value_freep(struct value **);
enum value_type value_type(const struct value *);
const char *value_type_name(enum value_type);                /* "a string" */
const struct value *value_member(const struct value *object, const char *name);
const struct value *value_find(const struct value *object, const char *name_or_pointer); /* RFC 6901 if it begins with /; jsonpointer.c */
bool value_next_member(const struct value *object, void **cursor, struct text *ret_name, const struct value **ret_value);
size_t value_count(const struct value *array);               /* 0 for everything else */
const struct value *value_at(const struct value *array, size_t index);
CHECKED bool value_text(const struct value *, struct text *ret_text);
CHECKED bool value_digits(const struct value *, struct text *ret_digits); /* of a number, as it was written */
CHECKED bool value_is(const struct value *, const char *string); /* a string, and this one */
CHECKED bool value_boolean(const struct value *, bool *ret_boolean);
CHECKED bool value_integer(const struct value *, int64_t *ret_floor, bool *ret_fraction); /* floor, and whether it was cut */
CHECKED bool value_member_text(const struct value *object, const char *name, struct text *ret_text);
CHECKED bool value_member_integer(const struct value *object, const char *name, int64_t least, int64_t most, int64_t *ret_number);
/* Appends `text` as a JSON string with its quotes; the only way strangers' text gets into what we write.  jsonstring.c */
CHECKED bool value_write_string(struct buffer *, struct text);

/* pattern.c: POSIX extended regular expressions that cover a whole value, in the C locale */
enum { PATTERN_GROUPS_MAX = 10 };                            /* \0 to \9 */
CHECKED bool pattern_groups(const char *pattern, size_t *ret_groups); /* how many it has; false: it is none, or no memory */
/* `ret_groups` is of no use after a failure. */
CHECKED enum jwkscore_status pattern_match(const char *pattern, const char *value, regmatch_t ret_groups[static PATTERN_GROUPS_MAX],
                                           struct jwkscore_error *);

/* file.c: reads a file as sshd would: no links, owner, mode, every folder above it */
#define NO_OWNER ((uid_t)-1)
struct folder {
    int fd;                                                  /* folder_closep leaves 0 and -1 alone */
    uid_t owner;                                             /* W of CACHE.md, for a state or run folder */
    gid_t group;
};
/* Every folder down to the last must be root's or `also`'s, the last may be anybody's if `any_owner`; none writable by others. */
CHECKED enum jwkscore_status folder_open(const char *path, uid_t also, bool any_owner, struct folder *ret_folder,
                                         struct jwkscore_error *);
void folder_closep(struct folder *);
/* A regular file of at most `most` bytes, root's or `also`'s, not writable by others, no set-id bit.  *ret_absent, set in any case: there is none. */
CHECKED enum jwkscore_status file_read_at(const struct folder *, const char *name, uid_t also, size_t most,
                                          struct buffer *ret_bytes, bool *ret_absent, struct jwkscore_error *);
CHECKED enum jwkscore_status file_read(const char *path, uid_t also, size_t most, struct buffer *ret_bytes, uid_t *ret_owner,
                                       struct jwkscore_error *);
/* May this file be executed by us: folders and file root's or `also`'s, not writable by others, executable? */
CHECKED enum jwkscore_status file_check_program(const char *path, uid_t also, struct jwkscore_error *);
CHECKED enum jwkscore_status file_check_module(const char *path, uid_t also, struct jwkscore_error *); /* the same, of what is loaded */

/* algorithm.c: the algorithms and curves that exist */
enum key_type { KEY_NONE, KEY_RSA, KEY_EC, KEY_OKP };
struct curve {
    const char *name;                                        /* `crv` of RFC 7518 section 6.2.1.1, RFC 8037 section 2 */
    enum key_type type;
    size_t size;                                             /* octets of a coordinate */
    const char *openssl;
    const unsigned char *order;                              /* of its base point, as long as a coordinate; NULL: not ECDSA's */
};
struct algorithm {
    const char *name;                                        /* `alg` */
    enum key_type type;
    const char *curve;                                       /* NULL: RSA */
    const char *digest;                                      /* NULL: the algorithm's own */
    bool pss;
    bool preferred;                                          /* in the default of `algorithms` */
};
const struct algorithm *algorithm_find(struct text name);    /* NULL: does not exist */
const struct algorithm *algorithm_at(size_t index);          /* NULL past the end */
uint32_t algorithm_bit(const struct algorithm *);            /* its place in a set of algorithms */
bool algorithm_fits(const struct algorithm *, enum key_type, const struct curve *);
size_t algorithm_signature_length(const struct algorithm *); /* 0 where the key decides (RSA) */
const struct curve *curve_find(struct text name);

/* crypto.c: keys, signatures, hashes; alone with OpenSSL */
struct key_material {                                        /* canonical: no leading zero octets in n, e; x, y full size */
    enum key_type type;
    const struct curve *curve;                               /* NULL: RSA */
    struct text n, e, x, y;
};
/* material.c: W3 to W5 as far as bytes can tell; OpenSSL would take some that are not fit. */
CHECKED bool material_is_fit(const struct key_material *);
CHECKED bool scalar_is_fit(const struct curve *, const char *octets); /* r and s of ECDSA: 1 to the order less 1 */
struct crypto;                                               /* a private OpenSSL context */
struct key;                                                  /* a key that passed every check and can verify */
struct crypto *crypto_new(void);
void crypto_free(struct crypto *);
CHECKED bool crypto_sha256(const struct crypto *, struct text, unsigned char ret_digest[static SHA256_SIZE]);
/* W3-W5, but small factors of n.  E_UNKNOWN_KEY where the material is not fit, E_MEMORY. */
CHECKED enum jwkscore_status key_import(const struct crypto *, const struct key_material *, struct key **ret_key, struct jwkscore_error *);
CHECKED enum jwkscore_status key_check_thoroughly(const struct crypto *, const struct key *, struct jwkscore_error *); /* small factors too; before a set is stored */
void key_free(struct key *);
void key_freep(struct key **);
size_t key_signature_length(const struct key *, const struct algorithm *);
/* JWKSCORE_OK: `signature` over `text` is this key's.  RFC 7518 section 3, RFC 8037 section 3.1. */
CHECKED enum jwkscore_status key_verify(const struct crypto *, const struct key *, const struct algorithm *, struct text text,
                                        struct text signature, struct jwkscore_error *);

/* config.c, config_load.c: jwks.conf, arguments and API through one table */
enum section { SECTION_GLOBAL, SECTION_ISSUER, SECTION_SERVICE, SECTION_PAM };
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
    char *state_dir, *run_dir, *grants_dir, *fetch_helper;
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
    bool offline;                                            /* no refresh is started */
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
/* config_trace.c: what a decision tells of each rule */
/* "path:line" of the last line that set `key`; "default" where none did. */
struct origin {
    char text[256];
};
const char *config_origin(const struct jwkscore_config *, const struct settings *, const char *key, struct origin *);
/* Tells the trace callback, if there is one; `found` is a stranger's and is quoted here.  Returns `status`. */
enum jwkscore_status config_trace(const struct jwkscore_config *, const char *rule, enum jwkscore_status, const char *wanted,
                                  struct text found, const struct settings *, const char *key);
struct traced {                                               /* what a rule looks at; value NULL: it is absent */
    const char *name;
    const struct value *value;
};
enum jwkscore_status config_trace_claim(const struct jwkscore_config *, const char *rule, enum jwkscore_status, const char *wanted,
                                        struct traced, const struct settings *, const char *key);
void config_error_clear(struct jwkscore_error *);             /* what every public function with an error begins with */
/* The section that "issuer corp" names, made if there is none of that name yet. */
struct place {
    enum section section;
    void *options;                                           /* stays where it is until another section is made */
    bool made;
};
CHECKED enum jwkscore_status config_place(struct jwkscore_config *, struct text header, struct place *ret_place,
                                          struct jwkscore_error *);
void config_unmake(struct jwkscore_config *, const struct place *); /* takes the last one back, if it was made */
/* config_check.c: what is wrong though each line is right.  False without memory. */
CHECKED bool config_problem_add(const struct jwkscore_config *, struct strings *problems, unsigned line, const char *message);
CHECKED bool config_problems_find(const struct jwkscore_config *, struct strings *problems); /* adds */
CHECKED enum jwkscore_status config_problems_error(const struct strings *problems, struct jwkscore_error *);

/* options.c: a value is judged, stored in its section's struct, and remembered as it was given */
/* Replaces a single value, adds to a list.  `line`: in the file; there (not 0) a single value may stand once. */
CHECKED enum jwkscore_status option_set(enum section, void *options, const char *key, struct text value, unsigned line,
                                        struct jwkscore_error *);
const char *option_get(enum section, const void *options, const char *key, size_t index);
const struct setting *option_given(const struct settings *, const char *key); /* the last one; NULL: not given */
CHECKED bool options_init(enum section, void *options);      /* defaults; false without memory */
void options_free(enum section, void *options);

/* option_table.c: every option, once */
enum shape {
    SHAPE_FLAG,                                              /* bool */
    SHAPE_NUMBER,                                            /* int64_t, from least to most */
    SHAPE_SET,                                               /* int64_t of bits; several words a line */
    SHAPE_TEXT,                                              /* char *, of at most `most` bytes, as all that follow */
    SHAPE_LINES,                                             /* struct strings; a value a line, as it may hold blanks */
    SHAPE_WORDS                                              /* struct strings; several words a line */
};
struct option {
    const char *key;
    enum section section;
    size_t offset;                                           /* in the section's struct */
    enum shape shape;
    const char *initial;                                     /* as a line would say it; NULL: the zero value */
    int64_t least, most;
    const char *(*check)(struct text);                       /* of texts; NULL: any text */
    const char *(*parse)(struct text, int64_t *ret_number);  /* of flags, numbers and sets */
    bool argument;                                           /* of [global], and an argument of the module too */
};
const struct option *option_at(size_t index);                /* NULL past the end */
const struct option *option_find(enum section, const char *key);
enum section option_home(enum section, const char *key);     /* where an argument of the module lives */
const char *option_key(const struct option *);

/* option_types.c: is this a value?  NULL, or what is wrong with it, as the end of a sentence */
const char *option_check_line(struct text);                  /* every line of the file, every value */
const char *option_check_issuer_name(struct text);
const char *option_check_service_name(struct text);
const char *option_check_path(struct text);
const char *option_check_claim(struct text);
const char *option_check_require(struct text);
const char *option_check_pattern(struct text);
const char *option_check_user_name(struct text);
const char *option_check_extension(struct text);
const char *option_check_key_options(struct text);
const char *option_check_prompt(struct text);
const char *option_parse_flag(struct text, int64_t *ret_number);
const char *option_parse_number(struct text, int64_t *ret_number);
const char *option_parse_duration(struct text, int64_t *ret_seconds);
const char *option_parse_algorithm(struct text, int64_t *ret_bit);
const char *option_parse_token_type(struct text, int64_t *ret_bit);
const char *option_parse_binding(struct text, int64_t *ret_bit);
/* `CLAIM = VALUE` of a require line, around the first `=` with a space on both sides, else the first `=`. */
CHECKED bool option_split_require(const char *text, struct text *ret_claim, struct text *ret_value);

/* strings.c: a list of strings that owns them */
CHECKED bool strings_add(struct strings *, struct text);
void strings_drop_first(struct strings *, size_t count);
void strings_drop_last(struct strings *, size_t count);
void strings_free(struct strings *);
const char *strings_find(const struct strings *, struct text); /* NULL: it is not among them */
bool strings_have(const struct strings *, struct text);

/* uri.c: is this an address that we would ask?  NULL, or what is wrong with it, as the end of a sentence */
const char *uri_check(struct text);                          /* https, a host; no user part, no fragment */
const char *uri_check_issuer(struct text);                   /* nor a query */
const char *uri_check_proxy(struct text);                    /* http or https, host and port, no more */

/* token.c: a compact JWS taken apart, and the header's rules (RFC 7515 section 7.1, RFC 8725 section 3) */
struct token {
    struct text signed_text;                                 /* header.payload as it came: what the signature covers */
    const struct algorithm *algorithm;
    bool has_kid;
    struct text kid;                                         /* inside header */
    struct text typ;                                         /* inside header; empty where absent */
    unsigned char signature[BASE64_DECODED_MAX(1368)];       /* room for what decodes to SIGNATURE_MAX */
    size_t signature_length;
    struct value *header, *claims;
};
CHECKED enum jwkscore_status token_parse(struct text, struct token **ret_token, struct jwkscore_error *);
void token_free(struct token *);                             /* wipes */
void token_freep(struct token **);
/* H8: does `typ` fit the issuer's token_type?  `proven`: the request carries a key. */
CHECKED bool token_type_fits(const struct token *, int64_t token_types, bool proven);

/* jwk.c: one key of a set, read from JSON and written again (RFC 7517 section 4, CACHE 11) */
enum key_drop { DROP_NONE, DROP_KTY, DROP_OCT, DROP_PRIVATE, DROP_USE, DROP_ALG, DROP_KID, DROP_X5C, DROP_MATERIAL, DROP_COUNT,
                DROP_MEMORY = DROP_COUNT };
struct jwk {
    bool has_kid;
    struct text kid, use, issuer;                            /* inside the document; empty where absent */
    const struct value *key_ops;
    const struct algorithm *algorithm;                       /* its own `alg`; NULL: it has none */
    struct key_material material;                            /* points into octets */
    struct buffer octets;
    bool vanished;                                           /* no longer in the set: used by key_grace */
};
/* One key as CACHE 11 wants it, or why not.  Without the checks of its numbers: key_import makes those. */
CHECKED enum key_drop jwk_read(const struct value *key, struct jwk *ret_jwk);
void jwk_clear(struct jwk *);
const char *jwk_drop_name(enum key_drop);                    /* "material" */
CHECKED bool material_thumbprint(const struct crypto *, const struct key_material *, char ret_thumbprint[static THUMBPRINT_SIZE]); /* RFC 7638 */
CHECKED bool jwk_write(struct buffer *, const struct jwk *, const char *thumbprint); /* appends its public members as an object */

/* keyset.c: a JWKS document, and the keys in it that could have signed a token (RFC 7517 section 5, CACHE 6) */
struct keyset {
    struct keyset_element *elements;                         /* of the array `keys`, built when they are asked for */
    size_t count;
};
struct vanished_keys {                                       /* the last `count` keys of the array (CACHE 12) */
    const int64_t *gone;                                     /* s each had been missing when the set was validated */
    size_t count;
    int64_t grace_left;                                      /* a key is used while gone < grace_left */
};
struct candidates {
    struct jwk at[KEYS_TRIED_MAX];
    size_t count;
    bool known;                                              /* the current set has a key of that kid, fitting or not */
};
/* Points into the document until each key has been asked for once. */
CHECKED enum jwkscore_status keyset_parse(struct text document, struct keyset **ret_keyset, struct jwkscore_error *);
void keyset_free(struct keyset *);
void keyset_freep(struct keyset **);
/* The key at `index`, which the set owns; NULL: there is none, or it is no object.  False without memory. */
CHECKED bool keyset_value(const struct keyset *, size_t index, const struct value **ret_value);
CHECKED enum key_drop keyset_key(const struct keyset *, size_t index, struct jwk *ret_jwk);
/* The different keys that fit; kid NULL: the token names none, and only a single candidate counts.  False without memory. */
CHECKED bool keyset_candidates(const struct keyset *, const struct text *kid, const struct algorithm *, struct text issuer,
                               const struct vanished_keys *, struct candidates *ret_candidates);
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

/* cache.c: an issuer's keys as a reader finds them: which file, which keys (never writes; CACHE 1, 2, 8) */
struct stamps {                                              /* of an envelope of kind keys or discovery */
    struct clock_base base;
    int64_t fetched_w, fetched_b, validated_w, validated_b, floor_w; /* _w in s of the wall clock, _b in ms of the boot clock */
    int64_t ttl;
};
struct cache_file {                                          /* an ID.jwks that passed every check */
    struct envelope envelope;
    struct stamps stamps;
    int64_t gen;
    struct keyset *keyset;
    int64_t gone[KEYSET_KEYS_MAX];
    size_t gone_count;
};
enum cache_state { CACHE_ABSENT, CACHE_EXPIRED, CACHE_STALE, CACHE_DUE, CACHE_FRESH, CACHE_FILE };
struct cache {
    const struct jwkscore_config *config;
    const struct issuer_options *issuer;
    char id[SOURCE_ID_SIZE];
    struct folder state_dir, run_dir;                        /* run_dir.fd is -1 where there is no usable one */
    enum cache_state state;
    int64_t age;                                             /* s since the last validation */
    bool age_known;                                          /* false: it may be more */
    struct cache_file file;                                  /* empty where absent */
    enum jwkscore_status fault;                              /* no memory to look: then no older set stands in for the newest */
    char note[CACHE_NOTE_SIZE];                              /* why a file was passed over: "cache-unsafe: ..."; else "" */
};
bool source_id(const struct crypto *, const struct issuer_options *, char ret_id[static SOURCE_ID_SIZE]);
CHECKED enum jwkscore_status cache_open(const struct jwkscore_config *, const struct issuer_options *, struct cache *ret_cache,
                                        struct jwkscore_error *);                  /* folders and id; nothing is read yet */
void cache_load(struct cache *, int64_t now);                /* the best of ID.jwks, the overflow copy and ID.prev; again: anew */
void cache_take(struct cache *, struct buffer *envelope, int64_t now); /* the same from memory (nopersist); takes it over */
void cache_close(struct cache *);
CHECKED enum jwkscore_status cache_file_parse(const struct crypto *, const char *id, const char *issuer, struct buffer *file,
                                              struct cache_file *ret_file, struct jwkscore_error *); /* takes file over */
void cache_file_clear(struct cache_file *);
CHECKED bool stamps_parse(const struct value *head, struct stamps *ret_stamps);

/* age.c: how old a set is, and what that makes of it (CACHE 3, 4 and 5) */
struct age {
    int64_t seconds;                                         /* since the last validation */
    enum cache_state best;                                   /* no better than this: the clocks leave it in doubt */
};
void age_of(const struct stamps *, int64_t now, struct age *ret_age);
double age_spread(const struct crypto *, const char *id);    /* u of CACHE 4: 0..1, stable per host, spread over hosts */
int64_t age_due(int64_t interval, double spread);            /* s of age from which a set of that interval is due */
enum cache_state age_state(const struct crypto *, const struct issuer_options *, const char *id, int64_t ttl, const struct age *);
int64_t age_limit(const struct issuer_options *, int64_t ttl); /* s of age at which a set is expired */
bool age_clock_wrong(const struct stamps *, int64_t now);    /* CACHE 3.4; NULL: the build's floor alone */
bool age_validated_since(const struct stamps *, int64_t since_b); /* in this boot, at or after since_b */
const char *cache_state_name(enum cache_state);

/* outcome.c: why a refresh is asked for, and what became of it */
enum refresh_reason { REFRESH_COLD, REFRESH_STALE, REFRESH_DUE, REFRESH_KID, REFRESH_SIG, REFRESH_CLOCK, REFRESH_MANUAL, REFRESH_FORCE,
                      REFRESH_FLUSH };
enum { REFRESH_REASON_COUNT = REFRESH_FLUSH + 1 };
enum refresh_outcome {                                       /* CACHE 10; the names are in outcome.c, the order is the protocol's */
    OUTCOME_NONE, OUTCOME_NEW, OUTCOME_UNCHANGED, OUTCOME_COALESCED,
    OUTCOME_BACKOFF, OUTCOME_RETRY_AFTER, OUTCOME_FLOOD, OUTCOME_NEGATIVE,
    OUTCOME_DNS, OUTCOME_CONNECT, OUTCOME_TIMEOUT, OUTCOME_TLS, OUTCOME_TLS_VERIFY,
    OUTCOME_HTTP_3XX, OUTCOME_HTTP_4XX, OUTCOME_HTTP_429, OUTCOME_HTTP_5XX, OUTCOME_HTTP_OTHER,
    OUTCOME_TOO_LARGE, OUTCOME_ENCODING, OUTCOME_NOT_JSON, OUTCOME_NO_KEYS, OUTCOME_NO_USABLE, OUTCOME_DISCOVERY,
    OUTCOME_FS, OUTCOME_NOSTATE, OUTCOME_NOPERSIST, OUTCOME_CONFIG, OUTCOME_LOCK_TIMEOUT, OUTCOME_HELPER,
    OUTCOME_COUNT
};

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
    int64_t clock_skewed;                                    /* 1: the server's clock and ours differed, which was logged */
    int64_t fetches;                                         /* since the boot, as both counters below */
    int64_t reasons[REFRESH_REASON_COUNT];                   /* requests, by why they were made */
    int64_t outcomes[OUTCOME_COUNT];                         /* what became of them, and of those that were not made */
    struct rate_negative negative[KID_NEGATIVE_MAX];
    size_t negative_count;
};
#define RATE_MOST (INT64_MAX / 2)                            /* of a number in the file: whatever is added to it fits */
struct rate_member {
    const char *name;
    size_t offset;                                           /* of an int64_t in struct rate */
    int64_t most;
    bool counter;                                            /* or like one: 0 where the file has none */
};
extern const struct rate_member rate_members[];              /* for reader and writer; ends with a NULL name */
void rate_init(struct rate *);                               /* all zero, and a full bucket */
CHECKED enum jwkscore_status rate_parse(const struct crypto *, const char *id, struct buffer *file, const struct clock_base *,
                                        struct rate *ret_rate, struct jwkscore_error *);
void rate_read(const struct jwkscore_config *, const struct folder *run, const char *id, struct rate *ret_rate); /* none: rate_init */
uint64_t rate_kid_hash(const struct crypto *, struct text kid);
bool rate_in_flight(const struct rate *, int64_t now_b);
bool rate_retry_after(const struct rate *, int64_t now_b);
bool rate_backing_off(const struct rate *, int64_t now_b);   /* Retry-After counts; in flight does not end it */
int64_t rate_kid_tokens(const struct rate *, int64_t now_b); /* tokens in the bucket now */
bool rate_is_negative(const struct rate *, uint64_t kid_hash, int64_t now_b);
bool rate_kid_held_back(const struct rate *, int64_t now_b); /* no token, Retry-After, or first 60 s of a back-off */

/* refresh.c: ask jwks-fetch for keys and wait no longer than allowed (CACHE 8) */
enum { REFRESH_ANSWER_SIZE = 16, REFRESH_ANSWER_FD = 3 };
struct refresh_answer {
    enum refresh_outcome outcome;                            /* OUTCOME_NONE: no answer within the time */
    unsigned http;
    uint32_t next_s;                                         /* to the next attempt; 0: none held back */
    uint32_t length;                                         /* of the envelope that follows (nopersist) */
};
/* outcome.c */
const char *refresh_outcome_name(enum refresh_outcome);
enum refresh_outcome refresh_outcome_named(struct text);     /* OUTCOME_NONE: no such name */
const char *refresh_reason_name(enum refresh_reason);
bool refresh_reason_named(struct text, enum refresh_reason *ret_reason);
bool refresh_is_success(enum refresh_outcome);
bool refresh_is_suppressed(enum refresh_outcome);
enum jwkscore_status refresh_outcome_status(enum refresh_outcome); /* of what did not succeed: unreachable, provider, suppressed */
void refresh_answer_encode(const struct refresh_answer *, unsigned char ret_bytes[static REFRESH_ANSWER_SIZE]);
CHECKED bool refresh_answer_decode(const unsigned char bytes[static REFRESH_ANSWER_SIZE], struct refresh_answer *ret_answer);
/* refresh.c: starts the helper; with wait_ms > 0 waits for its answer.  `ret_envelope` gets what came with nopersist. */
CHECKED enum jwkscore_status refresh_run(const struct jwkscore_config *, const struct issuer_options *, enum refresh_reason,
                                         const uint64_t *kid_hash, int64_t wait_ms, struct refresh_answer *ret_answer,
                                         struct buffer *ret_envelope, struct jwkscore_error *);

/* sourcestate.c: what source.c shows of a cache and of how its refreshes went */
struct sourcestate {
    struct jwkscore_source_state shown;                      /* points into what follows, into the cache and the rate */
    struct jwkscore_count dropped[DROP_COUNT];               /* from DROP_KTY on; each of them ends with an empty one */
    struct jwkscore_count reasons[REFRESH_REASON_COUNT + 1], outcomes[OUTCOME_COUNT], suppressed[OUTCOME_COUNT];
};
void sourcestate_describe(struct sourcestate *, const struct cache *, const struct rate *, int64_t now);

/* claims.c: iss, aud, sub, and which rules hold for a token (RFC 7519 section 4.1) */
CHECKED enum jwkscore_status claims_issuer(const struct jwkscore_config *, const struct token *, const struct issuer_options **ret_issuer,
                                           struct jwkscore_error *);
/* aud, exp, nbf, iat: before the signature, so that a hopeless token costs no fetch, and again as part of claims_check. */
CHECKED enum jwkscore_status claims_check_registered(const struct jwkscore_config *, const struct issuer_options *, const struct token *,
                                                     int64_t now, struct jwkscore_error *);
CHECKED enum jwkscore_status claims_check(const struct jwkscore_config *, const struct issuer_options *, const struct token *, int64_t now,
                                          struct jwkscore_error *);
CHECKED enum jwkscore_status claims_check_service(const struct jwkscore_config *, const struct service_options *, const struct issuer_options *,
                                                  const struct token *, int64_t now, struct jwkscore_error *);

/* rules.c: what a section asks of a token beyond its being valid */
struct rules {
    const struct settings *settings;
    const struct strings *require;
    int64_t max_auth_age, max_lifetime, max_token_age;
};
CHECKED enum jwkscore_status rules_check(const struct jwkscore_config *, const struct rules *, const struct token *, int64_t now,
                                         struct jwkscore_error *);

/* times.c: exp, nbf, iat (RFC 7519 section 4.1) */
CHECKED enum jwkscore_status times_check(const struct jwkscore_config *, const struct token *, int64_t now, struct jwkscore_error *);
CHECKED enum jwkscore_status times_check_expiry(const struct jwkscore_config *, const struct value *claims, int64_t exp, int64_t now,
                                                struct jwkscore_error *);
struct traced times_claim(const struct value *claims, const char *name); /* for the trace */
CHECKED enum jwkscore_status times_require(const struct token *, const char *claim, const char *why, int64_t *ret_time, struct jwkscore_error *);
int64_t times_expires(const struct token *);                 /* of a token that passed; 0 for any other */

/* account.c: claims become account names; may this account be used? */
CHECKED enum jwkscore_status account_map(const struct jwkscore_config *, const struct issuer_options *, const struct token *,
                                         struct strings *ret_accounts, struct jwkscore_error *);
CHECKED enum jwkscore_status account_among(const struct jwkscore_config *, const struct strings *accounts, const char *user,
                                           struct jwkscore_error *);
CHECKED enum jwkscore_status account_check(const struct jwkscore_config *, const struct issuer_options *, const char *user,
                                           struct jwkscore_error *);
bool account_name_valid(struct text);
bool account_exists(const char *user);                       /* true also where the database cannot say */

/* binding.c: is the token bound to the SSH key that the bearer has proven to hold? (DESIGN 4 and 7) */
CHECKED enum jwkscore_status binding_check(const struct jwkscore_config *, const struct issuer_options *, const struct token *,
                                           const struct jwkscore_request *, struct jwkscore_error *);

/* sshcert.c: an SSH certificate taken apart, bounded (OpenSSH's PROTOCOL.certkeys); sshd has verified its signature */
enum { SSHCERT_USER = 1 };
struct sshcert {
    struct text type;                                        /* "ssh-ed25519-cert-v01@openssh.com"; inside octets, as all texts */
    uint32_t kind;                                           /* SSHCERT_USER, or a host's */
    uint64_t valid_after, valid_before;                      /* s since 1970; valid_before no longer */
    struct text principals, extensions, signature_key;
    struct buffer key;                                       /* the blob of the key that is certified */
    struct buffer octets;
};
CHECKED bool sshcert_parse(struct text blob, struct sshcert *ret_cert); /* false: malformed, or a type we do not know */
void sshcert_clear(struct sshcert *);
bool sshcert_signs_itself(const struct sshcert *);           /* the signature key is the certified one */
bool sshcert_has_principal(const struct sshcert *, const char *name);
CHECKED bool sshcert_extension(const struct sshcert *, const char *name, struct text *ret_value);

/* sshkey.c: an SSH public key blob taken apart, bounded (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4) */
struct sshkey {
    struct text type;                                        /* "ssh-ed25519"; inside octets */
    struct key_material material;                            /* canonical; points into octets */
    struct buffer octets;
};
CHECKED bool sshkey_parse(struct text blob, struct sshkey *ret_key); /* false: malformed, or a type we do not know */
void sshkey_clear(struct sshkey *);
CHECKED bool sshkey_fingerprint(const struct crypto *, struct text blob, char ret_fingerprint[static THUMBPRINT_SIZE]); /* SHA-256, base64url */
struct wire;
/* The fields of the key in a certificate of this type, behind its nonce; the key's own type, NULL where they are malformed. */
const char *sshkey_read_certified(struct wire *, struct text certificate_type);

/* wire.c: the SSH wire format (RFC 4251 section 5), read within its bounds; false leaves the reader where it was */
struct wire {
    const unsigned char *at;
    size_t left;
};
struct wire wire_of(struct text);
CHECKED bool wire_uint32(struct wire *, uint32_t *ret_number);
CHECKED bool wire_uint64(struct wire *, uint64_t *ret_number);
CHECKED bool wire_string(struct wire *, struct text *ret_string);
CHECKED bool wire_positive(struct wire *, struct text *ret_octets); /* an mpint > 0, without leading zero octets */
CHECKED bool wire_write_string(struct buffer *, struct text);

/* keys.c: which key signed this token, through the cache and its waits (CACHE 5) */
enum account_known { ACCOUNT_UNASKED, ACCOUNT_THERE, ACCOUNT_ABSENT };
struct keys_request {
    const struct jwkscore_config *config;
    const struct issuer_options *issuer;
    const struct token *token;
    int64_t now;
    int64_t max_wait;                                        /* ms, all waits together */
    const char *user;                                        /* NULL: anybody; for one who is not known nothing is started */
    enum account_known *known;                               /* of the user, who is one: what the database has said so far */
};
bool keys_may_refresh(const struct keys_request *);          /* asks for the user, once */
struct verified {
    enum cache_state state;
    int64_t age;                                             /* s since the set was validated */
    bool vanished;
    char note[CACHE_NOTE_SIZE];                              /* struct cache's */
};
CHECKED enum jwkscore_status keys_verify(const struct keys_request *, struct verified *ret_verified, struct jwkscore_error *);
/* CACHE 3.4: is the wall clock earlier than it can be? */
CHECKED enum jwkscore_status keys_check_clock(const struct keys_request *, struct jwkscore_error *);

/* verify.c: does one of these keys say that it signed this token? */
CHECKED enum jwkscore_status verify_not_denied(const struct keys_request *, const struct candidates *, struct jwkscore_error *);
CHECKED enum jwkscore_status verify_candidates(const struct keys_request *, const struct candidates *, bool *ret_vanished,
                                               struct jwkscore_error *);
CHECKED enum jwkscore_status verify_by_file(const struct keys_request *, struct verified *ret_verified, struct jwkscore_error *);
enum jwkscore_status verify_refuse_unknown(const struct keys_request *, struct jwkscore_error *);

/* identity.c: a token that passed, and what it says */
CHECKED enum jwkscore_status identity_new(const struct issuer_options *, struct token **, struct strings *accounts, const struct verified *,
                                          struct jwkscore_identity **ret_identity, struct jwkscore_error *); /* takes both over */

#pragma GCC visibility pop
#endif
