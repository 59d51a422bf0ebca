/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cachefile.h: jwks-fetch, played by the tests: the files that it leaves, and the program that is started.
 *
 * A stage is the room with an issuer `corp`, empty folders for cache and rate state, and a helper.  For root the two
 * folders belong to `nobody`, as they belong to `jwks` on a real host; for anybody else they are that user's own.
 *
 * The helper is a copy of the test program, whose main hands over to helper_main.  It does what the file `plan` says,
 * line by line, with names relative to the room:
 *
 *     log NAME                    appends "REASON[ HASH][ waited]" to a file
 *     record NAME                 writes down arguments, environment, ids, descriptors, signals, ...
 *     sleep MS
 *     publish FROM NAME           makes an envelope of what `prepare` left in FROM
 *     answer OUTCOME HTTP NEXT [FROM]    answers, with the envelope that FROM makes
 *     bytes HEX                   answers exactly this
 *     kill                        dies by SIGKILL
 */
#ifndef JWKSCORE_TESTS_CACHEFILE_H
#define JWKSCORE_TESTS_CACHEFILE_H

#include "support.h"

#include <stdio.h>

#define SENTINEL __attribute__((sentinel))
#define PREPARED_STAMP "@B@"                                 /* where the helper puts the boot clock */

struct stage {
    struct jwkscore_config *config;
    const struct issuer_options *issuer;
    uid_t owner;                                             /* of state and run: who the helper runs as */
    gid_t group;
    char id[SOURCE_ID_SIZE];
};

/* False, with the reason on stderr: root, below a folder that `nobody` cannot enter. */
bool stage_possible(void);
void stage_open(struct stage *, const char *lines);          /* more lines of corp's section */
void stage_close(struct stage *);

/* The four lines with their hash. */
struct text cachefile(const struct stage *, const char *kind, const char *head, const char *body);
/* As `text` below the room, mode 0644 and the stage's owner's: "state/ID.jwks" for "state", ".jwks". */
const char *cachefile_put(const struct stage *, const char *folder, const char *suffix, struct text);
/*
 * A good header of kind keys, validated `age` seconds before NOW, with changes: NAME, JSON, ... NULL; JSON "" takes a
 * member away.  An age beyond the uptime has the stamps of an earlier boot.
 */
const char *keys_head(const struct stage *, int64_t age, ...) SENTINEL;
/* Header and body of ID.state, in the state of rate_init, with changes as above. */
const char *state_head(const struct stage *, ...) SENTINEL;
const char *state_body(const char *outcome, ...) SENTINEL;
void state_put(const struct stage *, const char *body);
/* What `publish` and `answer` make an envelope of: these keys, validated `age` seconds ago; 0: when it is made. */
void prepare(const struct stage *, const char *name, int64_t age, const char *keys);

void plan(const char *format, ...) PRINTF_LIKE(1, 2);
/* Waits for all helpers to end: they have logged this, a line each, and there were no more.  The log is empty then. */
void expect_started(const char *log);
/* The same for a caller that ignores SIGCHLD, where the kernel may be first; answers how many were left to count. */
size_t expect_logged(const char *log);

/* --- cachefile_helper.c: the helper from inside --- */

#define IS_HELPER(argc, argv) ((argc) > 1 && text_is(text_from((argv)[1]), "--conf"))
struct helper {
    int argc;
    char **argv;
    void (*record)(const struct helper *, FILE *);           /* what the line `record` writes; NULL: nothing */
    char room[4096];                                         /* the folder that it lies in */
};
/* What main does then; answers the exit status. */
int helper_main(int argc, char **argv, void (*record)(const struct helper *, FILE *));

#endif
