/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_agent.c: an agent that lives as long as we need it, with one key: it reads the key as ssh does, and
 * asks for its passphrase.
 */
#include "login.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* It does not end with us: it is in a session of its own, and PR_SET_PDEATHSIG is lost where it is setgid. */
static const int endings[] = {SIGHUP, SIGINT, SIGTERM};
static volatile sig_atomic_t pid_to_end;

static void end_both(int signal_number)
{
    kill((pid_t)pid_to_end, SIGTERM);
    raise(signal_number); /* SA_RESETHAND: now it ends us */
}

/* What is ignored, or somebody else's, stays. */
static void end_with_us(bool together)
{
    const struct sigaction action = {.sa_handler = together ? end_both : SIG_DFL,
                                     .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
    struct sigaction found;

    for (size_t i = 0; i < ARRAY_LENGTH(endings); i++)
        if (sigaction(endings[i], NULL, &found) == 0 &&
            found.sa_handler == (together ? SIG_DFL : end_both))
            (void)sigaction(endings[i], &action, NULL);
}

void own_agent_stop(struct own_agent *own)
{
    if (own->pid <= 0)
        return;
    end_with_us(false);
    kill(own->pid, SIGTERM); /* it takes its socket along */
    (void)run_wait(own->pid);
    own->pid = 0;
}

/* Of `SSH_AUTH_SOCK=PATH; export SSH_AUTH_SOCK;` */
static bool read_path(int fd, char path[PATH_MAX])
{
    static const char name[] = "SSH_AUTH_SOCK=";
    char line[PATH_MAX + sizeof(name)] = "";
    size_t have = 0;
    ssize_t got = 1;

    while (got > 0 && have < sizeof(line) - 1 && memchr(line, '\n', have) == NULL) {
        got = read(fd, line + have, sizeof(line) - 1 - have);
        have += got > 0 ? (size_t)got : 0;
    }
    line[have] = '\0';
    if (strncmp(line, name, strlen(name)) != 0 || strchr(line, ';') == NULL)
        return false;
    *strchr(line, ';') = '\0';
    memcpy(path, line + strlen(name), strlen(line + strlen(name)) + 1);
    return true;
}

/* Until it answers it has no handler for the signal that ends it, and would leave its socket behind. */
static bool is_ready(const struct own_agent *own)
{
    int agent = agent_connect(own->path);

    if (agent < 0)
        return false;
    (void)agent_holds(agent, "", false);
    close(agent);
    return true;
}

int own_agent_start(const struct login_options *options, const struct keyplace *place, struct own_agent *own)
{
    const char *const agent[] = {"ssh-agent", "-s", "-D", "-t", "60", NULL}, *const add[] = {"ssh-add", "-q",
                                                                                             place->path,
                                                                                             NULL};
    unsigned flags = options->quiet ? 0 : RUN_KEEP_TERMINAL;
    bool started;
    int output = -1;

    own->pid = run_start(agent, RUN_PIPE, NULL, &output);
    if (own->pid < 0)
        return client_complain(LOGIN_UNABLE, "ssh-agent: %s", strerror(errno));
    pid_to_end = own->pid;
    end_with_us(true);
    started = read_path(output, own->path) && is_ready(own);
    close(output);
    if (!started)
        return client_complain(LOGIN_UNABLE, "ssh-agent, which signs for %s, could not be started",
                               place->path);
    if (run_wait(run_start(add, flags, own->path, NULL)) != 0)
        return client_complain(LOGIN_UNABLE, "ssh-add cannot use %s", place->path);
    return LOGIN_DONE;
}
