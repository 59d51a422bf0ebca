/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwksctl.h: what the commands of jwksctl share.
 *
 * A command is a file, a row in the table of jwksctl.c, and an entry in jwksctl(8).
 */
#ifndef JWKSCTL_H
#define JWKSCTL_H

#include "jwkscore.h"

#include <stdbool.h>

enum { EXIT_YES = 0, EXIT_NO = 1, EXIT_CANNOT_SAY = 2, EXIT_BAD_USAGE = 64 };

struct command;

/* One run of jwksctl. */
struct ctl {
    const struct command *command;
    const char *conf;
    struct jwkscore_config *config;
    const char *issuer; /* the section that was named; NULL: none was */
    int64_t now;
};

/* jwksctl.c */
struct ctl_option {
    const char *name;   /* NULL: the end */
    bool *flag;         /* set if it is given */
    const char **value; /* not NULL: it has a value, which is put here */
};
enum ctl_operand { CTL_ISSUER_OPTIONAL, CTL_ISSUER_REQUIRED, CTL_NO_OPERAND };
/* Options and issuer of a command, without a look at its configuration.  EXIT_YES, or EXIT_BAD_USAGE after a message. */
int ctl_parse(struct ctl *, int argc, char **argv, const struct ctl_option *, enum ctl_operand);
/* That, then its configuration.  EXIT_YES, or the exit status after a message. */
int ctl_begin(struct ctl *, int argc, char **argv, const struct ctl_option *, enum ctl_operand);
int ctl_refuse_usage(const struct ctl *); /* EXIT_BAD_USAGE */
/* A line on standard error; returns `code`. */
int ctl_complain(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Every line of the configuration that is wrong, as `path:line: message`. */
void ctl_complain_of_lines(const struct ctl *);

/* issuers.c: the issuer sections that a command is about, and what is known of their keys */
struct issuer {
    const char *name, *url;
    struct jwkscore_source *source; /* NULL: it cannot be read; the state is "fault", and its note says why */
    struct jwkscore_source_state state;
    struct jwkscore_error error;
};
struct issuers {
    struct issuer *at;
    size_t count;
};
bool issuers_read(const struct ctl *, struct issuers *ret_issuers); /* false after a message */
void issuers_free(struct issuers *);
bool issuer_is_usable(const struct issuer *); /* would a login find keys, stale or not? */
/* Does denied_key name it, by its kid or its thumbprint? */
bool issuer_denies_key(const struct ctl *, const struct issuer *, const struct jwkscore_source_key *);
int issuer_verdict(const struct issuer *); /* EXIT_YES: usable and not stale; EXIT_NO; EXIT_CANNOT_SAY */
int worse(int, int);                       /* of two exit statuses */

/* status.c, status_data.c, keys.c, refresh.c: the commands; each returns the exit status */
int status_run(struct ctl *, int argc, char **argv);
void status_print_json(const struct ctl *, const struct issuers *);
void status_print_prometheus(const struct ctl *, const struct issuers *);
int keys_run(struct ctl *, int argc, char **argv);
int refresh_run(struct ctl *, int argc, char **argv);
int flush_run(struct ctl *, int argc, char **argv);
int explain_run(struct ctl *, int argc, char **argv);
int check_run(struct ctl *, int argc, char **argv);
int init_run(struct ctl *, int argc, char **argv);

#endif
