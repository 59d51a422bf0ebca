/* SPDX-License-Identifier: Apache-2.0 */
/*
 * due.c: every source that is due, each in a process of its own, four at once (no burst of DNS and TLS).
 */
#include "fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 4 };

static _Noreturn void run_source(const struct jwkscore_config *config, const struct issuer_options *issuer)
{
    struct attempt attempt = {.config = config,
                              .issuer = issuer,
                              .timer = true,
                              .reason = REFRESH_DUE,
                              .started_b = clock_boot_ms()};
    int status;

    process_limit_life(HELPER_LIFE_MS / 1000);
    status = attempt_exit_status(attempt_run(&attempt));
    attempt_close(&attempt);
    exit(status);
}

/* The worst exit status so far.  A child that was killed has failed. */
static int wait_for_one(int worst)
{
    int status, result = EXIT_FAILED;
    pid_t child;

    do
        child = waitpid(-1, &status, 0);
    while (child < 0 && errno == EINTR);
    if (child > 0 && WIFEXITED(status))
        result = WEXITSTATUS(status);
    return result > worst ? result : worst;
}

static void clean_up(const struct jwkscore_config *config)
{
    const char *const paths[] = {config->global.state_dir, config->global.run_dir};

    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        CLEANUP(folder_closep) struct folder folder = {.fd = -1};

        if (folder_open(paths[i], config_file_owner(config), true, &folder, NULL) == JWKSCORE_OK &&
            folder.owner == geteuid())
            sweep_unconfigured(&folder, config, process_wall());
    }
}

int due_run(const struct jwkscore_config *config)
{
    size_t running = 0;
    int worst = EXIT_DONE;

    process_limit_life((unsigned)(config->issuer_count / AT_ONCE + 2) * (HELPER_LIFE_MS / 1000));
    for (size_t i = 0; i < config->issuer_count; i++) {
        pid_t child;

        if (config->issuers[i].jwks_file != NULL)
            continue;
        if (running == AT_ONCE) {
            worst = wait_for_one(worst);
            running--;
        }
        child = fork();
        if (child == 0)
            run_source(config, &config->issuers[i]);
        if (child > 0)
            running++;
        else
            worst = EXIT_FAILED > worst ? EXIT_FAILED : worst;
    }
    while (running-- > 0)
        worst = wait_for_one(worst);
    clean_up(config);
    return worst;
}
