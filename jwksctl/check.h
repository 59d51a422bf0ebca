/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h: what the checks of `jwksctl check` share.
 *
 * A check is a row in the table of check.c and a function in the file of its subject.  It reports what it finds, good or
 * bad, each thing once; what it cannot say it reports too.
 */
#ifndef JWKSCTL_CHECK_H
#define JWKSCTL_CHECK_H

#include "jwksctl.h"

#include <sys/stat.h>

enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_ERROR, LEVEL_COUNT }; /* the worst one is the exit status */

/* One run. */
struct check {
    struct ctl *ctl;
    bool json, online, offline;
    const char *account, *pam_dir, *sshd, *sshd_config, *connection, *cron_dir, *units_dir;
    struct passwd *keeper; /* the account that keeps the keys; NULL: there is none */
    size_t counts[LEVEL_COUNT];
    size_t found; /* warnings and errors, those too that were told already */
    char **told;  /* why, of each finding */
    size_t told_count;
};

/* check.c: a finding, printed at once; `fix` is NULL where all is well */
void check_report(struct check *, enum level, const char *what, const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
const char *check_option(const struct check *, const char *section,
                         const char *key); /* of the configuration, or NULL */

/* check_host.c: the account, the clock, and what starts refreshes */
void check_account(struct check *);
void check_clock(struct check *);
void check_schedule(struct check *);

/* check_files.c: who could change a file, and can those read it who must? */
bool check_conf_file(struct check *); /* jwks.conf; false after a finding, as below */
void check_files(struct check *);
/* A file that root runs or loads, and the folders above it: reports what is wrong, true if nothing is. */
bool check_program(struct check *, const char *what, const char *path);
bool check_library(struct check *, const char *what, const char *path);
bool check_may(const struct passwd *, const struct stat *, unsigned bits); /* 4 read, 2 write, 1 execute */
/* check_grants.c: false after a finding */
bool check_grants(struct check *);

/* check_pam.c: the services that ask the module */
void check_pam(struct check *);
bool check_service_asks(const struct check *, const char *service); /* in its auth phase */
/* check_session.c: has sshd's service what export and session_limit need after a login by key? */
void check_key_sessions(struct check *, const char *service, bool uses_pam);

/* check_sshd.c, check_keys_command.c: what sshd -T says */
struct sshd {
    char *settings; /* lines `key value`, key in small letters */
    int version;    /* 902 for OpenSSH 9.2; 0: it does not say */
};
void check_sshd(struct check *);
const char *sshd_get(const struct sshd *, const char *key, char *out,
                     size_t size); /* "" where it has no such line */
/* Does sshd ask jwks-authorized-keys?  Reports what is wrong with it. */
bool check_keys_command(struct check *, const struct sshd *);

/* check_issuers.c: are there keys, and can they be fetched? */
void check_issuers(struct check *);
void check_confinement(struct check *);

#endif
