/* SPDX-License-Identifier: Apache-2.0 */
/* check_issuers.c: has each issuer keys that its tokens can be verified with, and can they be fetched, safely? */
#include "check.h"
#include "output.h"
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 12000 /* no jwks-fetch lives longer than 10 s */ };

/* "issuer NAME": what findings and the configuration call it. */
struct name {
    char text[64];
};

static struct name name_of(const struct issuer *issuer)
{
    struct name name;

    snprintf(name.text, sizeof(name.text), "issuer %s", issuer->name);
    return name;
}

/* --- can keys be fetched? --- */

static bool is_to_be_asked(const struct check *check, const struct issuer *issuer)
{
    bool has_file = jwkscore_config_get(check->ctl->config, name_of(issuer).text, "jwks_file", 0) != NULL;

    return !has_file && !check->offline && issuer->source != NULL &&
           (check->online || strcmp(issuer->state.state, "fresh") != 0);
}

/* Whoever is neither root nor the keeper of the keys can start no jwks-fetch: that is no fault of the issuer's. */
static void ask(struct check *check, const struct issuer *issuer)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status =
        jwkscore_refresh(check->ctl->config, issuer->name, "manual", WAIT_MS, &error);
    struct name name = name_of(issuer);
    bool is_elsewhere = jwkscore_classify(status) == JWKSCORE_CLASS_UNAVAILABLE;

    if (status == JWKSCORE_OK)
        check_report(check, LEVEL_OK, name.text, NULL, "%s was asked for its keys: %s", issuer->url,
                     error.message);
    else if (is_elsewhere)
        check_report(check, LEVEL_WARNING, name.text,
                     "jwks-fetch(8) explains the outcome; look at issuer, jwks_uri, ca_file and proxy, and "
                     "at the network",
                     "%s gives no keys now: %s: %s", issuer->url, jwkscore_reason(status), error.message);
    else if (geteuid() != 0)
        check_report(check, LEVEL_WARNING, name.text, "ask as root, or with --offline",
                     "it cannot be asked: %s", error.message);
    else
        check_report(check, LEVEL_ERROR, name.text, "mend that first: no login can fetch keys either",
                     "it cannot be asked: %s: %s", jwkscore_reason(status), error.message);
}

/* --- are there keys? --- */

/* By its name, the kind of key that an algorithm takes. */
static bool fits(const char *algorithm, const struct jwkscore_source_key *key)
{
    static const struct {
        const char *prefix, *type;
    } kinds[] = {{"RS", "RSA"}, {"PS", "RSA"}, {"ES", "EC"}, {"Ed", "OKP"}};

    if (key->algorithm != NULL)
        return strcmp(algorithm, key->algorithm) == 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strncmp(algorithm, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
            return strcmp(key->type, kinds[i].type) == 0;
    return false;
}

/* The option is a list of words, in one line or in several. */
static bool is_allowed(const struct check *check, const char *section, const struct jwkscore_source_key *key)
{
    const char *line;

    for (size_t i = 0; (line = jwkscore_config_get(check->ctl->config, section, "algorithms", i)) != NULL;
         i++)
        for (const char *at = line + strspn(line, " \t"); *at != '\0'; at += strspn(at, " \t")) {
            char word[32];
            size_t length = strcspn(at, " \t");

            snprintf(word, sizeof(word), "%.*s", (int)length, at);
            if (fits(word, key))
                return true;
            at += length;
        }
    return false;
}

static size_t count_allowed(const struct check *check, const struct issuer *issuer)
{
    const struct jwkscore_source_key *key;
    size_t count = 0;

    for (size_t i = 0; (key = jwkscore_source_key(issuer->source, i)) != NULL; i++)
        count += !key->vanished && !issuer_denies_key(check->ctl, issuer, key) &&
                 is_allowed(check, name_of(issuer).text, key);
    return count;
}

/* Keys that a login would use, or why there are none. */
static void check_keys(struct check *check, const struct issuer *issuer)
{
    const struct jwkscore_source_state *state = &issuer->state;
    struct name name = name_of(issuer);
    char age[OUTPUT_DURATION_SIZE];
    size_t allowed;

    if (issuer->source == NULL || !issuer_is_usable(issuer)) {
        check_report(check, LEVEL_ERROR, name.text,
                     state->clock_wrong ? "set the clock of this host"
                                        : "jwksctl status names what holds refreshes back",
                     "no usable keys: %s%s%s",
                     state->clock_wrong ? "this host's clock is earlier than it can be" : state->state,
                     state->note[0] != '\0' ? ": " : "", state->note);
        return;
    }
    allowed = count_allowed(check, issuer);
    if (allowed == 0)
        check_report(check, LEVEL_ERROR, name.text,
                     "set algorithms, or take keys out of denied_key; jwksctl keys lists them",
                     "none of its %lld keys is for one of its algorithms, and not denied",
                     (long long)state->keys);
    else if (strcmp(state->state, "stale") == 0)
        check_report(check, LEVEL_WARNING, name.text,
                     "jwksctl refresh; logins end when the keys are max_stale old",
                     "its keys are stale: validated %s ago", output_duration(age, state->age));
    else
        check_report(check, LEVEL_OK, name.text, NULL, "keys that can be used: %zu (%s)", allowed,
                     state->state);
    if (state->note[0] != '\0')
        check_report(check, LEVEL_WARNING, name.text,
                     "jwksctl refresh; if it stays, look at who else writes there",
                     "a cache file was passed over: %s", state->note);
}

void check_issuers(struct check *check)
{
    struct issuers issuers;

    if (jwkscore_config_check(check->ctl->config, NULL) != JWKSCORE_OK || !issuers_read(check->ctl, &issuers))
        return;
    for (size_t i = 0; i < issuers.count; i++)
        if (is_to_be_asked(check, &issuers.at[i]))
            ask(check, &issuers.at[i]);
    issuers_free(&issuers);
    if (!issuers_read(check->ctl, &issuers)) /* anew, with what came */
        return;
    for (size_t i = 0; i < issuers.count; i++)
        check_keys(check, &issuers.at[i]);
    issuers_free(&issuers);
}

/* --- what a fetch cannot do --- */

/* As the keeper: jwks-fetch refuses root. */
void check_confinement(struct check *check)
{
    const char *path = check_option(check, "global", "fetch_helper");
    const char *const argv[] = {path, "--confinement", NULL};
    struct program program;
    char line[256];

    if (check->keeper == NULL || check->keeper->pw_uid == 0 ||
        jwkscore_config_check_program(check->ctl->config, path, NULL) != JWKSCORE_OK)
        return; /* which is a finding already */
    if (!program_run(argv, check->keeper, &program) || program.status != 0)
        check_report(check, LEVEL_ERROR, "confinement",
                     "install the jwks-fetch of this version; try it as that account",
                     "%s --confinement fails: %s", path, program_line(program.output, line, sizeof(line)));
    else if (strstr(program.output, "landlock 0\n") != NULL)
        check_report(
            check, LEVEL_WARNING, "confinement", "a kernel of 5.13 or later, with landlock in lsm=",
            "this kernel has no Landlock, so jwks-fetch's network side could write what its account may");
    else if (strstr(program.output, "seccomp yes\n") == NULL)
        check_report(check, LEVEL_WARNING, "confinement", "build with libseccomp (configure --with-seccomp)",
                     "jwks-fetch has no filter of system calls");
    else
        check_report(check, LEVEL_OK, "confinement", NULL,
                     "jwks-fetch confines itself by Landlock and a system call filter");
    free(program.output);
}
