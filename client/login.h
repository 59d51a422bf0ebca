/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login.h: the table of contents of jwks-login, in call order.
 *
 * A function that answers `int` answers an exit code: LOGIN_DONE, or another one after a message on
 * standard error.
 */
#ifndef LOGIN_H
#define LOGIN_H

#include "client.h"

#include <jwkscore.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { LOGIN_DONE = 0, LOGIN_REFUSED = 1, LOGIN_UNABLE = 2, LOGIN_USAGE = 64 };

#define CLEANUP(function) __attribute__((cleanup(function)))
#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* --- bytes.c: octets that grow, and are wiped wherever they are left behind --- */

struct bytes {
    unsigned char *at;
    size_t length, room;
    bool failed; /* there was no memory: what is there is not all */
};

void bytes_add(struct bytes *, const void *, size_t);
void bytes_text(struct bytes *, const char *);
void bytes_u32(struct bytes *, uint32_t);
void bytes_u64(struct bytes *, uint64_t);
void bytes_string(struct bytes *, const void *, size_t);      /* as SSH has it: the length before it */
void bytes_string_text(struct bytes *, const char *);
void bytes_base64(struct bytes *, const void *, size_t);      /* RFC 4648 section 4, padded */
void bytes_base64url(struct bytes *, const void *, size_t);   /* section 5, not padded */
void bytes_parameter(struct bytes *, const char *name, const char *value); /* of a form or a query */
const char *bytes_end(struct bytes *);                        /* as a C text; NULL: there was no memory */
void bytes_wipe(struct bytes *);
bool bytes_from_base64(struct bytes *, const char *);         /* padded; false: it is none */

/* Octets to be taken apart: what is left of them. */
struct view {
    const unsigned char *at;
    size_t left;
};

bool view_skip(struct view *, size_t length);
bool view_number(struct view *, size_t size, uint64_t *ret_number);
bool view_string(struct view *, struct view *ret_string);

/* --- primitives.c: OpenSSL's, and only here --- */

enum { SECRET_SIZE = 32, SEED_SIZE = 32, ED25519_SIZE = 32, ED25519_SIGNATURE_SIZE = 64 };

bool random_fill(void *, size_t);
bool sha256(const void *, size_t, unsigned char out[SECRET_SIZE]);
bool same_text(const char *, const char *); /* in a time that depends on the lengths alone */
bool ed25519_make(unsigned char seed[SEED_SIZE], unsigned char ret_public[ED25519_SIZE]);
bool ed25519_sign(const unsigned char seed[SEED_SIZE], const struct bytes *,
                  unsigned char out[ED25519_SIGNATURE_SIZE]);

/* --- login_values.c: NULL, or what is wrong with it --- */

const char *value_check_word(const char *);
const char *value_check_line(const char *);
const char *value_check_issuer(const char *);
const char *value_check_path(const char *);
const char *value_check_principals(const char *);
const char *value_check_permit(const char *);
const char *value_check_redirect_host(const char *);

/* --- login_options.c: every option, once --- */

struct login_options {
    char *issuer, *client_id, *client_secret_file, *scope, *principals, *permit, *extension, *ca_file, *proxy;
    char *redirect_host, *browser, *identity;
    int64_t port, timeout;
    bool no_browser;
    uint32_t given; /* which of them: a bit for each row */

    /* the command line's alone */
    const char *config;
    char *name;
    bool quiet, verbose, token, device;
};

void options_clear(struct login_options *);

/* A line of login.conf, or an argument: NULL, or what is wrong. */
const char *options_set(struct login_options *, const char *key, const char *value);
/* What is not given yet comes `from` there. */
int options_merge(struct login_options *, const struct login_options *from);

/* The defaults; and no path is relative any more. */
int options_complete(struct login_options *);

/*
 * What the index-th is called in login.conf, and in the help; `argument` is NULL for a flag.  false: past
 * the end.
 */
struct option_words {
    const char *key, *argument, *help;
};
bool options_at(size_t index, struct option_words *);

/* What only signing in needs. */
int options_check(const struct login_options *);

bool name_valid(const char *);
bool has_word(const char *words, const char *word); /* of a list with spaces */

/* --- login_arguments.c: the command line --- */

enum { ARGUMENTS_GO_ON = -1 };

/* ARGUMENTS_GO_ON with the index of the first argument that is no option, or the exit code. */
int arguments_read(int argc, char **argv, struct login_options *, int *ret_first);

/* A line for the person, on standard error; nothing with --quiet. */
void login_say(const struct login_options *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- login_file.c: login.conf --- */

struct login_file;

/* `path`: NULL for the person's own, which need not be there. */
int login_file_read(const char *path, struct login_file **ret_file);
void login_file_free(struct login_file *); /* NULL is fine */
const char *login_file_name(const struct login_file *, size_t index); /* of a section; NULL past the end */
bool login_file_has(const struct login_file *, const char *name);
/* The section that `options->name` names, or the only one, into the options that are not set yet. */
int login_file_choose(const struct login_file *, struct login_options *);

/* --- home.c: the person's folders and the files in them --- */

/* A key and what belongs to it: files that begin with `base`, in a folder. */
struct keyplace {
    int folder; /* -1: it is not there */
    char path[PATH_MAX];
    const char *base; /* within path */
};

void place_close(struct keyplace *);

/* ~/.ssh/jwks/NAME.  The folders are made if they are not there and `make`. */
int place_of_login(const char *name, bool make, struct keyplace *);
/* Those of the login, and of its key, which is there too or the person's own; one that is open stays. */
int places_open(const struct login_options *, bool make, struct keyplace *login, struct keyplace *place);

/* The file that is called as the key with `suffix` behind it.  Absent: LOGIN_DONE and nothing in it. */
int place_read(const struct keyplace *, const char *suffix, struct bytes *);
/*
 * A new file beside the old one, which it then replaces, or not; nobody else may read it.  place_write()
 * does both.
 */
int place_stage(const struct keyplace *, const char *suffix, const struct bytes *);
int place_commit(const struct keyplace *, const char *suffix);
void place_discard(const struct keyplace *, const char *suffix);
int place_write(const struct keyplace *, const char *suffix, const struct bytes *);
void place_remove(const struct keyplace *, const char *suffix);
bool place_has(const struct keyplace *, const char *suffix);

/*
 * A file of the person's own, or root's, without the mode bits `forbidden`; `refused` is answered where it
 * is another's.
 */
int persons_file_read(const char *path, mode_t forbidden, int refused, struct bytes *);

/* $XDG_CONFIG_HOME or $XDG_CACHE_HOME, or below the home directory; with `/jwks/` and `name` behind it. */
int home_path(const char *variable, const char *fallback, const char *name, char path[PATH_MAX]);
/* Makes the folders above `path` where they are missing, 0700, and answers its own name without links. */
int home_make_folders(char path[PATH_MAX]);

/* The person's name and home directory in the account database, as ssh has them; NULL: they are not there. */
const char *home_user(void);
const char *home_folder(void);

/* --- document.c: an answer's JSON; json-c's only here --- */

struct document;

/* NULL: no JSON object.  Texts live as long as it does. */
struct document *document_parse(const struct bytes *);
void document_free(struct document *); /* wipes; NULL is fine */
const char *document_text(const struct document *, const char *name); /* NULL: none, or with a NUL in it */
int64_t document_number(const struct document *, const char *name, int64_t otherwise);
bool document_flag(const struct document *, const char *name);
/* Does the list hold `value`?  `otherwise` where there is no such list. */
bool document_lists(const struct document *, const char *name, const char *value, bool otherwise);

/* --- http_client.c: one request; libcurl's only here and in jwks-fetch --- */

struct http_request {
    const char *uri;
    const char *form;           /* POST with this; NULL: GET */
    const char *user, *password; /* or NULL */
};

/* LOGIN_UNABLE where there is no answer at all. */
int http_ask(const struct login_options *, const struct http_request *, long *ret_status,
             struct bytes *ret_body);

/* --- provider.c: what the provider says about itself --- */

struct provider {
    struct document *discovery;
    const char *authorization, *token, *device; /* endpoints; device: or NULL */
    bool says_issuer;                           /* RFC 9207: each answer of the authorization endpoint does */
    bool secret_in_form;                        /* and not in a header */
};

int provider_discover(const struct login_options *, struct provider *);
/*
 * A password is typed there, or a secret sent there: over an authenticated link, or not at all.  And
 * nothing is in it that a terminal or a program would take for something else.
 */
bool uri_is_https(const char *);
/* LOGIN_REFUSED, and why: the provider's own words, `description` or NULL. */
int provider_refuses(const char *error, const char *description);
void provider_clear(struct provider *);

/* --- tokens.c: the token endpoint --- */

struct tokens {
    struct document *answer;
    const char *id_token, *refresh_token; /* or NULL */
    const char *error;                    /* the endpoint's; then there are no tokens */
};

void tokens_clear(struct tokens *);
/* `form` has what the grant needs.  An error of the endpoint's is no failure here. */
int tokens_ask(const struct login_options *, const struct provider *, struct bytes *form, struct tokens *);
/* Is there an ID token, or else what is the endpoint's error? */
int tokens_check(const struct tokens *);

/* --- callback.c: what the browser brings back --- */

struct callback {
    char *code, *state, *error, *description, *issuer; /* NULL: not there */
};

/* `query` is changed, and kept by whoever asks.  false: malformed, or a parameter is there twice. */
bool callback_parse(char *query, struct callback *);

/* --- loopback.c: the web server for one answer --- */

enum { LISTENERS = 2, VISITORS = 8 };

struct visitor {
    int fd; /* -1: none */
    int64_t until;
    struct bytes request;
};

struct loopback {
    int listeners[LISTENERS]; /* -1: none */
    struct visitor visitors[VISITORS];
    int answer_to;            /* the browser that waits for what became of it; -1: none */
    char redirect_uri[64];
    struct bytes query;       /* of the answer: struct callback points into it */
};

void loopback_clear(struct loopback *); /* nothing is open */
int loopback_open(const struct login_options *, struct loopback *);
void loopback_close(struct loopback *);
/* Waits for an answer with this state, until the boot clock says `deadline`. */
int loopback_wait(const struct login_options *, struct loopback *, const char *state, int64_t deadline,
                  struct callback *);
/* The page that the person sees.  `text` may be a stranger's. */
void loopback_answer(struct loopback *, const char *title, const char *text);
void loopback_finish(struct loopback *, int code); /* if there is none yet */

int64_t boot_clock_ms(void);

/* --- loopback_page.c --- */

/* Nothing more can be sent after it.  `text` may be a stranger's. */
void page_send(int fd, const char *status, const char *title, const char *text);

/* --- browse.c: authorization code with PKCE (RFC 7636, RFC 8252) --- */

/* Can anybody be asked to sign in?  With --quiet not where there is neither a display nor a terminal. */
bool browse_possible(const struct login_options *);

int browse_for_tokens(const struct login_options *, const struct provider *, const char *nonce,
                      struct loopback *, struct tokens *);

/* --- device.c: device authorization (RFC 8628) --- */

int device_for_tokens(const struct login_options *, const struct provider *, struct tokens *);

/* --- verify.c: libjwkscore --- */

struct verifier {
    struct jwkscore_config *config;
    int lock; /* of the login: one at a time */
    bool waited;
};

int verifier_open(const struct login_options *, struct verifier *);
void verifier_close(struct verifier *);
/*
 * `offer`: the key that the token must be bound to; NULL: `nonce` is what it must hold, or NULL.  What is
 * wrong is not printed but written.
 */
enum { MESSAGE_SIZE = 400 };
int verifier_check(const struct verifier *, const char *token, const struct jwkscore_offer *offer,
                   const char *nonce, struct jwkscore_identity **, char message[MESSAGE_SIZE]);

/* --- ssh_key.c: the key --- */

struct ssh_key {
    bool fresh; /* made here, and in no file yet */
    unsigned char seed[SEED_SIZE];
    char *type, *base64;
    struct jwkscore_offer *offer; /* NULL: there is none */
    struct bytes nonce;           /* its fingerprint, as a token has it */
};

int ssh_key_make(const struct verifier *, struct ssh_key *);
/* The one at `place`; nothing there: LOGIN_DONE and no offer. */
int ssh_key_read(const struct verifier *, const struct keyplace *, struct ssh_key *);
int ssh_key_stage(const struct ssh_key *, const struct keyplace *); /* both halves of a fresh one */
void ssh_key_clear(struct ssh_key *);

/* "TYPE BASE64 COMMENT" of a file, cut into its first two words; false: it is none. */
bool ssh_line_split(struct bytes *line, const char **ret_type, const char **ret_base64);

/* --- ssh_cert.c: its certificate --- */

struct ssh_cert {
    const char *key_id, *principals, *permit, *extension, *token;
    int64_t from, until;
};

/* The certificate that the key itself has signed, as a line of a file. */
int ssh_cert_make(const struct login_options *, const struct ssh_key *, const struct keyplace *,
                  const struct ssh_cert *, struct bytes *ret_line);

/* --- agent.c: what is asked of an agent --- */

int agent_connect(const char *path); /* -1 */
bool agent_sign(int agent, const struct bytes *blob, const struct bytes *data, bool rsa,
                struct bytes *ret_signature);
/* Is the key or certificate there, by its base64?  With `remove` it is not any more. */
bool agent_holds(int agent, const char *base64, bool remove);

/* --- own_agent.c --- */

struct own_agent {
    pid_t pid; /* 0: none */
    char path[PATH_MAX];
};

/* With this one key, which no other agent holds. */
int own_agent_start(const struct login_options *, const struct keyplace *, struct own_agent *);
void own_agent_stop(struct own_agent *);

/* --- agent_keys.c: the person's own agent --- */

void agent_forget(const struct login_options *, const struct keyplace *); /* what the files there say */
void agent_take(const struct login_options *, const struct keyplace *, int64_t until);
const char *agent_tells(const struct keyplace *); /* for status */

/* --- held.c: what is there of a login --- */

struct held {
    bool has_private;
    struct ssh_key key;
    struct jwkscore_offer *certificate; /* NULL: none, or none that can be read */
    struct bytes key_id, principals;    /* its */
    int64_t from, until;
};

int held_read(const struct verifier *, const struct keyplace *, struct held *);
void held_clear(struct held *);
bool held_fits(const struct held *); /* the certificate is the key's */
bool held_good(const struct held *, const char *principals, int64_t now);

/* --- refresh_store.c: refresh tokens; keyring.c, or keyring_none.c --- */

/* Nothing is stored: LOGIN_DONE and nothing in it. */
int refresh_store_read(const struct login_options *, const struct keyplace *, struct bytes *);
int refresh_store_write(const struct login_options *, const struct keyplace *, const char *token);
void refresh_store_remove(const struct login_options *, const struct keyplace *);
const char *refresh_store_where(const struct login_options *, const struct keyplace *); /* for status */

bool keyring_read(const char *description, struct bytes *);
bool keyring_write(const char *description, const char *token);
void keyring_remove(const char *description);

/* --- run.c: other programs --- */

enum run_flags {
    RUN_KEEP_TERMINAL = 1, /* it may ask the person something */
    RUN_KEEP_ERRORS = 2,   /* its standard error is ours */
    RUN_PIPE = 4           /* its standard output is ours to read */
};

/* -1: it could not be started.  `agent`: its SSH_AUTH_SOCK, or NULL for ours. */
pid_t run_start(const char *const argv[], unsigned flags, const char *agent, int *ret_output);
int run_wait(pid_t); /* its exit status; -1: it did not end well */

/* --- sign_in.c, token_only.c, login_status.c: the commands --- */

int sign_in(const struct login_options *);
int token_only(const struct login_options *);
int show_status(struct login_options *, const struct login_file *);
int log_out(struct login_options *);

enum { TIME_SIZE = 64 };
void time_text(int64_t seconds, char text[TIME_SIZE]); /* local, for a person */

#endif
