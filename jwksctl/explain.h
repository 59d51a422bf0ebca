/* SPDX-License-Identifier: Apache-2.0 */
/* explain.h: what the files of `jwksctl explain` share: one question, and what came of it. */
#ifndef JWKSCTL_EXPLAIN_H
#define JWKSCTL_EXPLAIN_H

#include "jwksctl.h"

enum {
    RULES_MAX = 576, /* an issuer and a service may have 256 `require` lines each, and there are some more */
    HINTS_MAX = 80,  /* as many issuers may differ, and some more */
    INPUT_MAX =
        256 * 1024, /* more than a token may have, so that its length can be told; a certificate has 98 kB */
    TIME_SIZE = sizeof("2026-11-21T10:00:00Z")
};

/* A rule as the library told it: struct jwkscore_trace, with texts that stay. */
struct rule {
    enum jwkscore_status status;
    char *name, *wanted, *found, *origin, *option, *setting, *claim, *value; /* NULL: there is none */
};

struct answer {
    enum jwkscore_status status;
    struct jwkscore_error error;
};

#define KEY_SERVICE "ssh-key" /* what jwks-authorized-keys(8) asks as */

struct explanation {
    const struct ctl *ctl;
    const char *service, *user, *key_path;
    int64_t at; /* the time that is asked about */
    bool at_given;
    struct jwkscore_config *rest; /* what is right of a refused configuration; NULL: all of it, or nothing */

    char *input;                  /* standard input, or the file of --key */
    struct jwkscore_offer *offer; /* NULL: no --key */
    const char *token;            /* in `input`, or in the offer */
    size_t length;

    struct answer login;                /* what a login would come to */
    struct answer rules_say;            /* the same, but where the configuration was refused */
    struct jwkscore_identity *identity; /* NULL: the rules do not say yes */
    char *section;                      /* the name of the issuer's; NULL: none fits */
    struct rule rules[RULES_MAX];
    size_t rule_count;
    char *hints[HINTS_MAX];
    size_t hint_count;
    bool failed; /* no memory */
};

/* explain_input.c: false after a message */
bool explain_read_token(struct explanation *);
bool explain_read_key(struct explanation *);
void explain_forget(struct explanation *); /* wipes */

/* explain_rules.c: the decision, as a login makes it */
void explain_decide(struct explanation *);
const struct rule *explain_rule(const struct explanation *,
                                const char *name); /* the last of this name; NULL */

/* Is it the certificate that is refused, and not the token in it? */
bool explain_blames_certificate(const struct explanation *);

/* explain_advice.c: what to do about it */
const char *explain_advice(const struct explanation *, enum jwkscore_status);
void explain_hint(struct explanation *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* explain_shape.c: what can be seen without any rule, and what the decision suggests; each adds hints */
void explain_shape(struct explanation *);
void explain_consider(struct explanation *);

/* explain_issuers.c: hints, too */
void explain_issuers(struct explanation *); /* how the token's differs from those of the configuration */
void explain_keys(struct explanation *);    /* which ones its issuer has */

/* explain_print.c */
const char *explain_decision(
    enum jwkscore_status); /* the word of a log line: "allow", "deny", "unavailable", "fault" */
const char *explain_time(int64_t, char ret_text[static TIME_SIZE]);
void explain_print(const struct explanation *);
void explain_print_json(const struct explanation *);

#endif
