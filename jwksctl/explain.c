/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c: jwksctl explain: why does this token let its bearer in, or why not?
 *
 * The decision is a login's own (jwkscore_authenticate), and what is told of it is what it told itself.
 * Neither the token nor its signature is ever printed.
 */
#include "explain.h"

#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds since 1970, or 2026-11-21T10:00:00Z. */
static bool read_time(const char *text, int64_t *ret_time)
{
    struct tm utc = {0};
    const char *end;
    int day;

    if (text[0] != '\0' && text[strspn(text, "0123456789")] == '\0' && strlen(text) <= 10) {
        *ret_time = strtoll(text, NULL, 10);
        return true;
    }
    end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (end == NULL || *end != '\0')
        return false;
    day = utc.tm_mday;
    *ret_time = timegm(&utc);
    return *ret_time >= 0 && utc.tm_mday == day; /* there is no 31st of February */
}

static int refuse_time(const char *text)
{
    char quoted[OUTPUT_QUOTED_SIZE];

    return ctl_complain(EXIT_BAD_USAGE, "--at \"%s\": neither seconds since 1970 nor 2026-11-21T10:00:00Z",
                        output_quote(quoted, text));
}

/* A broken configuration is no end here, but part of the answer; one that could not be read is all of it. */
static bool load(struct explanation *explanation, struct ctl *ctl)
{
    struct answer *login = &explanation->login;

    ctl->config = jwkscore_config_new();
    if (ctl->config == NULL)
        return ctl_complain(false, "no memory");
    login->status = jwkscore_config_load(ctl->config, ctl->conf, &login->error);
    explanation->rules_say = *login;
    if (jwkscore_config_problem(ctl->config, 0) == NULL)
        return true;
    explanation->rest = jwkscore_config_rest(ctl->config);
    return explanation->rest != NULL || ctl_complain(false, "no memory");
}

static int exit_status(const struct explanation *explanation)
{
    switch (jwkscore_classify(explanation->login.status)) {
    case JWKSCORE_CLASS_OK:
        return EXIT_YES;
    case JWKSCORE_CLASS_DENIED:
        return EXIT_NO;
    default:
        return EXIT_CANNOT_SAY;
    }
}

/* False after a message: there is no question. */
static bool ask(struct explanation *explanation)
{
    if ((explanation->key_path != NULL && !explain_read_key(explanation)) ||
        (explanation->token == NULL && !explain_read_token(explanation)))
        return false;
    explain_shape(explanation);
    explain_decide(explanation);
    explain_consider(explanation);
    return !explanation->failed || ctl_complain(false, "no memory");
}

static int explain(struct explanation *explanation, bool json)
{
    bool unread = explanation->login.status != JWKSCORE_OK && explanation->rest == NULL;

    if (!unread && !ask(explanation)) {
        ctl_complain_of_lines(explanation->ctl); /* the token's extension may stand in one */
        return EXIT_CANNOT_SAY;
    }
    if (json)
        explain_print_json(explanation);
    else
        explain_print(explanation);
    return exit_status(explanation);
}

int explain_run(struct ctl *ctl, int argc, char **argv)
{
    bool json = false;
    const char *at = NULL;
    struct explanation explanation = {.ctl = ctl, .at = ctl->now};
    const struct ctl_option options[] = {
        {"json", &json, NULL}, {"service", NULL, &explanation.service}, {"user", NULL, &explanation.user},
        {"at", NULL, &at},     {"key", NULL, &explanation.key_path},    {NULL, NULL, NULL}};
    int code = ctl_parse(ctl, argc, argv, options, CTL_NO_OPERAND);

    if (code != EXIT_YES)
        return code;
    if (explanation.service == NULL)
        return ctl_refuse_usage(ctl);
    if (at != NULL && !read_time(at, &explanation.at))
        return refuse_time(at);
    explanation.at_given = at != NULL;
    code = load(&explanation, ctl) ? explain(&explanation, json) : EXIT_CANNOT_SAY;
    explain_forget(&explanation);
    return code;
}
