/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.h: every name of jwks-fetch that is not static, by file, from the top of a run to its bottom.
 *
 * jwks-fetch is the one writer of the cache and the one part with a network.  The steps it takes for a source
 * stand in attempt.c.
 */
#ifndef JWKS_FETCH_FETCH_H
#define JWKS_FETCH_FETCH_H

#include "internal.h"

#include <sys/types.h>

/* Limits of one answer, and of one run, with their reasons. */
enum {
    HEADERS_MAX = 32 * 1024,            /* no honest answer has more */
    VALIDATOR_MAX = 256,                /* an ETag is a hash of 64 digits, at most */
    CONNECT_MS = 2000,                  /* a login waits */
    REQUEST_MS = 5000,
    BUDGET_MS = 9000,                   /* of 10 s of life: 1 s is left to write */
    DISCOVERY_TTL = 86400,              /* s: addresses change by the year */
    DISCOVERY_OUTAGE = 7 * 86400,       /* s that an old address is used while discovery fails */
    CA_FILE_MAX = 4 * 1024 * 1024,      /* all the world's CAs are 0.2 MiB */
    GRACE_MAX = 7 * 86400               /* s: the longest key_grace */
};

/* Exit statuses: see jwks-fetch(8). */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_CANNOT = 2, EXIT_USAGE = 64 };

/* Why something failed: what the log, the state and the caller are told.  The first one stays. */
struct failure {
    enum refresh_outcome outcome;       /* OUTCOME_NONE: nothing failed yet */
    unsigned http;                      /* status of the answer, or 0 */
    char detail[512];                   /* printable, without `"`: strangers' text is quoted */
    char host[QUOTED_SIZE];             /* whom we asked; quoted */
};

/* One GET. */
struct request {
    const char *uri;
    const char *ca_file;                /* NULL: the system's certificates */
    const char *proxy;                  /* NULL: none */
    struct text etag, last_modified;    /* empty: not conditional */
    bool fresh;                         /* tell caches on the way not to answer */
    size_t most;                        /* octets of body */
    int64_t deadline_b;                 /* ms of the boot clock */
};

/* What came of it. */
struct response {
    unsigned status;
    bool conditional;                   /* a 304 is an answer to what we asked */
    struct buffer headers;              /* the fields of the final answer, a line each */
    struct buffer body;
};

/* due.c: every source that is due, each in a process of its own, four at once */
int due_run(const struct jwkscore_config *);                 /* exit status */

/* attempt.c: one refresh of one source, step by step (CACHE 10) */
struct attempt {
    const struct jwkscore_config *config;
    const struct issuer_options *issuer;
    enum refresh_reason reason;
    bool timer;                         /* by --due: refresh_interval alone says when (CACHE 4) */
    bool awaited;
    uint64_t kid_hash;                  /* for kid and sig */
    int64_t started_b, wait_ms;         /* how long the caller waits for the lock */
    struct cache cache;                 /* as the last look found it */
    struct rate rate;
    bool address_doubtful;              /* the last answer was 404 or 410: ask discovery again */
    struct failure failure;
    int64_t retry_after;                /* s that the origin asked for; 0: it did not */
    struct buffer unstored;             /* an envelope that no folder took (nopersist) */
};
CHECKED enum refresh_outcome attempt_run(struct attempt *);
uint32_t attempt_next(const struct attempt *, enum refresh_outcome); /* s to the next; 0: not held back */
int attempt_exit_status(enum refresh_outcome);
void attempt_close(struct attempt *);

/* renewal.c: an answer becomes the cache's new generation (CACHE 10 step 7, 12, 14) */
struct transfer;
/* OUTCOME_NEW, OUTCOME_UNCHANGED, or what attempt->failure says. */
CHECKED enum refresh_outcome renewal_apply(struct attempt *, struct transfer *);
void renewal_flush(struct attempt *);

/* transfer.c: asks the origin for keys, and where it fails its mirrors */
struct transfer {
    char *uri;                          /* who answered */
    char via[32];                       /* "origin", "mirror 2" */
    struct response response;
    struct set *set;                    /* NULL: the keys have not changed (304) */
};
CHECKED bool transfer_run(struct attempt *, struct transfer *ret_transfer); /* false: attempt->failure */
void transfer_clear(struct transfer *);

/* discovery.c: where does this issuer publish its keys? (CACHE 13) */
CHECKED char *discovery_uri(struct attempt *);               /* to be freed; NULL: attempt->failure */
struct discovered {                     /* a document that was asked for and checked */
    char address[URI_MAX + 64];
    struct response response;
    struct value *document;
    char *uri;                          /* its jwks_uri */
};
/* Asks, and keeps nothing. */
CHECKED bool discovery_get(struct attempt *, struct discovered *, struct failure *);
void discovery_clear(struct discovered *);

/* facts.c: what a configuration for this issuer could say, printed, for `jwksctl init` */
int facts_print(struct attempt *);                           /* exit status */

/* answer.c: one GET within the time that a run has left, and is it an answer to use? */
/* False unless 200, or a 304 that was asked for. */
CHECKED bool answer_get(struct attempt *, struct request *, struct response *ret_response, struct failure *);
struct text answer_headers(const struct response *);
struct text answer_body(const struct response *);
void answer_clear(struct response *);

/* set.c: a new key set, checked, and compared with the old one (CACHE 11, 12) */
struct listed {
    struct text kid;                    /* inside the document; empty: it has none */
    uint64_t kid_hash;
    char thumbprint[THUMBPRINT_SIZE];
};
struct listing {                        /* the current keys of a set, by name */
    struct listed at[KEYSET_KEYS_MAX];
    size_t count;
};
struct set {
    struct keyset *document;            /* as it came */
    struct listing listing;             /* the usable ones */
    struct buffer body;                 /* as it will be stored: the usable ones, then the vanished ones */
    size_t dropped[DROP_COUNT];
    struct text leaked;                 /* kid of a key that came with its private half */
    int64_t gone[KEYSET_KEYS_MAX];
    size_t gone_count;
};
CHECKED bool set_read(const struct crypto *, struct text body, struct set **ret_set, struct failure *);
void set_free(struct set *);
void set_freep(struct set **);
void set_listing_freep(struct listing **);
/* The current keys of what is stored, without the vanished ones. */
CHECKED bool set_list(const struct crypto *, const struct cache_file *, struct listing *ret_listing);
CHECKED bool set_write_current(const struct crypto *, const struct cache_file *, struct buffer *ret_body);
/* Ends the body, with the keys of `old` (NULL: none) that are not in the new set. */
CHECKED bool set_finish(const struct crypto *, struct set *, const struct cache *old, int64_t now);
int64_t set_elapsed(const struct cache *, int64_t now);      /* s by which vanished keys have got older */
bool set_has_kid(const struct listing *, uint64_t kid_hash);
bool set_has_key(const struct listing *, const struct listed *);
/* Is there other material under that kid than before? */
bool set_has_news(const struct listing *now, const struct listing *before, uint64_t kid_hash);

/* record.c: the header line of an envelope (CACHE 2), and what an answer does to it (CACHE 3 and 4) */
struct record {
    const char *kind;
    struct text uri, via, ttl_from, etag, last_modified;
    int64_t gen;
    struct stamps stamps;
    int64_t not_modified;
    size_t seen, kept;
    size_t dropped[DROP_COUNT];
    const int64_t *gone;
    size_t gone_count;
};
CHECKED bool record_read(const struct cache_file *, struct record *ret_record); /* texts stay inside it */
void record_validate(struct record *, const struct response *);
CHECKED bool record_write(const struct record *, const struct cache *, struct text body,
                          struct buffer *ret_file);
bool record_etag_valid(struct text);
bool record_date_valid(struct text);
/* Appends; false without memory, or if it would be more than 511 bytes. */
CHECKED bool record_print(struct buffer *, const char *format, ...) PRINTF_LIKE(2, 3);

/* limiter.c: may this request be made, and what follows from how it went (CACHE 5, 7, 10) */
/* OUTCOME_NONE: yes.  `locked`: nobody else is in flight, whatever the stamp says. */
enum refresh_outcome limiter_verdict(const struct rate *, enum refresh_reason, uint64_t kid_hash,
                                     int64_t now_b, bool locked);
/* Writes the attempt down as if it had failed already.  `usable`: there are keys to go on with. */
void limiter_stamp(struct rate *, enum refresh_reason, bool usable, int64_t now_b, uint64_t random);
void limiter_skip(struct rate *, enum refresh_outcome);
void limiter_succeed(struct rate *, enum refresh_outcome, unsigned http);
void limiter_fail(struct rate *, enum refresh_outcome, unsigned http);
void limiter_retry_after(struct rate *, int64_t seconds, int64_t now_b);
void limiter_kid_found(struct rate *, uint64_t kid_hash);
bool limiter_kid_missed(struct rate *, uint64_t kid_hash, int64_t now_b); /* true: the interval grew */
bool limiter_sig_missed(struct rate *, uint64_t kid_hash, int64_t now_b);
bool limiter_kid_failed(struct rate *, uint64_t kid_hash, int64_t now_b);
int64_t limiter_backoff_ms(int64_t failures, bool usable, uint64_t random);
/* When that reason will be let through again; now_b: at once. */
int64_t limiter_allowed_b(const struct rate *, enum refresh_reason, uint64_t kid_hash, int64_t now_b);
CHECKED bool limiter_write(const struct crypto *, const char *id, const struct rate *,
                           struct buffer *ret_file);

/* lock.c: one helper at a time for a source (CACHE 9); OUTCOME_NONE: it is ours */
CHECKED enum refresh_outcome lock_take(const struct folder *run, const char *id, int64_t deadline_b,
                                       int *ret_fd);

/* store.c: replaces a file so that a reader finds the old one or the new one, whole (CACHE 14) */
enum store_how { STORE_VOLATILE, STORE_DURABLE, STORE_DURABLE_AND_PREVIOUS };
/* Into the state directory, or where that fails into run_dir. */
CHECKED bool store_put(const struct cache *, const char *suffix, const struct buffer *, enum store_how,
                       struct failure *);
CHECKED int store_replace(const struct folder *, const char *id, const char *suffix, const struct buffer *,
                          enum store_how);                   /* 0 or an errno */
void store_remove(const struct folder *, const char *id, const char *suffix);

/* sweep.c: removes what killed helpers and former configurations left */
void sweep_temporary(const struct folder *, const char *id, int64_t now);
void sweep_unconfigured(const struct folder *, const struct jwkscore_config *, int64_t now);

/* freshness.c: how long an answer is good for, and when the server wants to be asked again (CACHE 4, 10) */
struct freshness {
    int64_t ttl;                        /* s */
    const char *from;                   /* "max-age", "expires", "default", "minimum", "maximum" */
};
struct freshness freshness_of(struct text headers, int64_t now);
CHECKED bool freshness_retry_after(struct text headers, int64_t now, int64_t *ret_seconds);
CHECKED bool freshness_server_clock(struct text headers, int64_t *ret_time);

/* headers.c: fields of an answer (RFC 9110 section 5) */
CHECKED bool headers_get(struct text headers, const char *name, size_t index, struct text *ret_value);
CHECKED bool headers_is_status(struct text line);
CHECKED bool headers_number(struct text, int64_t *ret_number); /* digits only; INT64_MAX: or more */
CHECKED bool headers_date(struct text, int64_t *ret_time);   /* RFC 9110 section 5.6.7, all three forms */

/* network.c: one GET, asked of another process, and its answer taken apart */
CHECKED bool network_get(const struct request *, struct response *ret_response, struct failure *);

/* starter.c: a process beside the writer that starts one more for each request (CACHE 10) */
/* Octets as the child wrote them, none if it died; false: no answer, for want of time if *ret_late. */
CHECKED bool starter_ask(const struct request *, struct buffer *ret_result, bool *ret_late);
void starter_end(void);                 /* nothing can be asked after it */

/* child.c: one GET in a process of its own, which can write nowhere */
struct module;
CHECKED bool child_run(const struct module *, const struct request *, struct buffer *ret_result); /* false: it was out of time */
#define CHILD_RESULT_MAX(request) (sizeof(struct http_result) + HEADERS_MAX + (request)->most)

/* confine.c: what each process of a fetch can no longer do; false: it must not go on */
CHECKED bool confine_life(pid_t parent); /* ends with it; not inherited */
CHECKED bool confine_writer(void);
CHECKED bool confine_starter(void);
CHECKED bool confine_network(pid_t starter);
int confine_print(void);                /* what of it this kernel and this build have; exit status */

/* syscalls.c: system calls that are refused from now on, to children too; true where the kernel cannot */
enum syscalls_role { SYSCALLS_WRITER = 1, SYSCALLS_STARTER = 2, SYSCALLS_NETWORK = 4 };
CHECKED bool syscalls_forbid(enum syscalls_role);

/* http.c: the GET itself; alone with libcurl, in jwks-http.so, which exports these two */
#define HTTP_MAGIC UINT32_C(0x4a4b4731)
struct http_result {                    /* what it writes first; headers and body follow */
    uint32_t magic;
    uint32_t outcome;                   /* OUTCOME_NONE: an answer came, whatever its status */
    uint32_t status;
    uint32_t retry;                     /* not 0: failed before any octet came, in a way that may pass */
    uint32_t headers_length, body_length;
    char detail[256];                   /* a stranger's words, perhaps */
    char hint[80];                      /* ours */
};
typedef void http_get_function(const struct request *, int out);
extern http_get_function http_get;
extern const char http_version[];       /* of the suite that it was built with */

/* module.c: http.c and libcurl, loaded by the process that asks the network, and by no other */
#define HTTP_MODULE "jwks-http.so"       /* in the folder of this program */
struct module {
    http_get_function *get;             /* NULL: it could not be loaded */
    const char *lack;                   /* why not */
};
void module_load(struct module *ret_module); /* once, before all but its life is confined: it may not come back */

/* report.c: one log line an event (CACHE 16), and the answer to whoever waits (CACHE 8) */
void report_open(bool verbose);         /* verbose: to standard error too */
void report_event(int priority, const char *event, const struct issuer_options *, const char *format, ...)
    PRINTF_LIKE(4, 5);
void report_outcome(const struct attempt *, enum refresh_outcome, uint32_t next); /* s to the next one */
bool report_is_awaited(void);           /* does somebody read descriptor 3? */
void report_answer(const struct refresh_answer *, const struct buffer *envelope);

/* failure.c: why something failed; the first one stays */
void failure_set(struct failure *, enum refresh_outcome, unsigned http, const char *format, ...)
    PRINTF_LIKE(4, 5);
void failure_at(struct failure *, const char *uri);          /* whom we asked */
void failure_unquote(char *text);                            /* so that it can stand between quotes */

/* process.c: what this process may be and do, and its clocks */
void process_begin(void);               /* before anything else: environment, signals, descriptors, umask */
void process_close_from(unsigned first); /* every descriptor from there on */
CHECKED bool process_drop_rights(void); /* false: it may not run */
void process_limit_life(unsigned seconds);
int64_t process_wall(void);             /* the wall clock, s; read nowhere else */
uint64_t process_random(void);
void process_kill(pid_t child);         /* and reaps it */
void process_sleep(int64_t milliseconds);
CHECKED bool process_write_all(int fd, const void *bytes, size_t length); /* false: errno says why */

#endif
