/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_keys.c: the key and its certificate in the person's own agent, for as long as the certificate is
 * good.
 */
#include "login.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const suffixes[] = {"-cert.pub", ".pub"};

static int connect_to_persons(void)
{
    return agent_connect(client_environment("SSH_AUTH_SOCK"));
}

static bool holds_file(int agent, const struct keyplace *place, const char *suffix, bool remove)
{
    CLEANUP(bytes_wipe) struct bytes line = {0};
    const char *type, *base64;

    return place_has(place, suffix) && place_read(place, suffix, &line) == LOGIN_DONE &&
           ssh_line_split(&line, &type, &base64) && agent_holds(agent, base64, remove);
}

/* A key of the person's own may be there for other reasons; its certificate is ours. */
void agent_forget(const struct login_options *options, const struct keyplace *place)
{
    int agent = connect_to_persons();

    if (agent < 0)
        return;
    (void)holds_file(agent, place, suffixes[0], true);
    if (options->identity == NULL)
        (void)holds_file(agent, place, suffixes[1], true);
    close(agent);
}

const char *agent_tells(const struct keyplace *place)
{
    int agent = connect_to_persons();
    bool holds;

    if (agent < 0)
        return "none is running";
    holds = holds_file(agent, place, suffixes[0], false);
    close(agent);
    return holds ? "has it" : "does not have it";
}

/* `-C`: of a key of the person's own the certificate alone. */
void agent_take(const struct login_options *options, const struct keyplace *place, int64_t until)
{
    char seconds[32];
    const char *const add[] = {
        "ssh-add", options->identity == NULL ? "-q" : "-qC", "-t", seconds, place->path, NULL};
    const int64_t left = until - jwkscore_now();
    int agent = connect_to_persons();

    if (agent < 0)
        return;
    close(agent);
    snprintf(seconds, sizeof(seconds), "%lld", (long long)(left > 0 ? left : 1)); /* 0 would be for ever */
    if (run_wait(run_start(add, options->verbose ? RUN_KEEP_ERRORS : 0, NULL, NULL)) != 0)
        login_say(options, "The agent at SSH_AUTH_SOCK does not take the key; ssh uses the files.");
}
