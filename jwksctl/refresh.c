/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refresh.c: jwksctl refresh and jwksctl flush: has jwks-fetch fetch keys, and says what came of it.
 *
 * A failed fetch never takes keys away, not even after a flush: an emptied cache in an outage is a lock-out.
 */
#include "jwksctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 12000 /* no jwks-fetch lives longer than 10 s */ };

static bool has_file(const struct ctl *ctl, const char *name)
{
    char section[64];

    snprintf(section, sizeof(section), "issuer %s", name);
    return jwkscore_config_get(ctl->config, section, "jwks_file", 0) != NULL;
}

/* A fault is this host's: not root or the cache's owner, no helper, a folder that takes no write. */
static int verdict(enum jwkscore_status status)
{
    if (status == JWKSCORE_OK)
        return EXIT_YES;
    return jwkscore_classify(status) == JWKSCORE_CLASS_UNAVAILABLE ? EXIT_NO : EXIT_CANNOT_SAY;
}

/* The keys that there are now, behind "NAME: OUTCOME: ". */
static void print_keys(const struct ctl *ctl, const char *name)
{
    struct jwkscore_source *source = NULL;
    const struct jwkscore_source_state *state;

    if (jwkscore_source_read(ctl->config, name, ctl->now, &source, NULL) != JWKSCORE_OK) {
        puts("");
        return;
    }
    state = jwkscore_source_state(source);
    printf(": keys: %" PRId64 ", vanished: %" PRId64 ", generation: %" PRId64 "\n", state->keys,
           state->vanished, state->generation);
    jwkscore_source_free(source);
}

static int refresh_one(const struct ctl *ctl, const char *name, const char *reason)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status = jwkscore_refresh(ctl->config, name, reason, WAIT_MS, &error);

    if (status != JWKSCORE_OK)
        return ctl_complain(verdict(status), "%s: %s: %s", name, jwkscore_reason(status), error.message);
    printf("%s: %s", name, error.message);
    print_keys(ctl, name);
    return EXIT_YES;
}

/* Those with a jwks_file are left out, but where one is named that is the answer. */
int refresh_run(struct ctl *ctl, int argc, char **argv)
{
    bool force = false;
    const struct ctl_option options[] = {{"force", &force, NULL}, {NULL, NULL, NULL}};
    int code = ctl_begin(ctl, argc, argv, options, CTL_ISSUER_OPTIONAL);
    const char *name;

    if (code != EXIT_YES)
        return code;
    for (size_t i = 0; (name = jwkscore_config_issuer(ctl->config, i)) != NULL; i++)
        if (ctl->issuer != NULL ? strcmp(name, ctl->issuer) == 0 : !has_file(ctl, name))
            code = worse(code, refresh_one(ctl, name, force ? "force" : "manual"));
    return code;
}

/* What is left after a flush whose fetch failed. */
static int report_failed_flush(const struct ctl *ctl, const struct jwkscore_error *error)
{
    struct jwkscore_source *source = NULL;
    int64_t keys = 0;

    if (jwkscore_source_read(ctl->config, ctl->issuer, ctl->now, &source, NULL) == JWKSCORE_OK)
        keys = jwkscore_source_state(source)->keys;
    jwkscore_source_free(source);
    ctl_complain(EXIT_CANNOT_SAY, "%s: the fetch failed: %s: %s", ctl->issuer, jwkscore_reason(error->status),
                 error->message);
    if (keys > 0)
        return ctl_complain(EXIT_CANNOT_SAY, "%s: the last validated keys stay: %" PRId64, ctl->issuer, keys);
    return ctl_complain(EXIT_CANNOT_SAY, "%s: there were no keys, and there are none", ctl->issuer);
}

int flush_run(struct ctl *ctl, int argc, char **argv)
{
    static const struct ctl_option options[] = {{NULL, NULL, NULL}};
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    int code = ctl_begin(ctl, argc, argv, options, CTL_ISSUER_REQUIRED);
    enum jwkscore_status status;

    if (code != EXIT_YES)
        return code;
    status = jwkscore_refresh(ctl->config, ctl->issuer, "flush", WAIT_MS, &error);
    if (verdict(status) == EXIT_NO)
        return report_failed_flush(ctl, &error);
    if (status != JWKSCORE_OK)
        return ctl_complain(EXIT_CANNOT_SAY, "%s: not flushed: %s: %s", ctl->issuer, jwkscore_reason(status),
                            error.message);
    printf("%s: flushed: %s", ctl->issuer, error.message);
    print_keys(ctl, ctl->issuer);
    return EXIT_YES;
}
