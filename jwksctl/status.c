/* SPDX-License-Identifier: Apache-2.0 */
/* status.c: jwksctl status: are the keys there, how old are they, and how did refreshes go? */
#include "jwksctl.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef char duration[OUTPUT_DURATION_SIZE];
typedef char quoted[OUTPUT_QUOTED_SIZE];

/* --- one line for all, such as a monitoring system shows --- */

/* A word for what is wrong with it: its state, or what makes good keys useless. */
static const char *name_trouble(const struct issuer *issuer)
{
    const struct jwkscore_source_state *state = &issuer->state;

    if (state->clock_wrong)
        return "clock";
    return state->keys == 0 && (state->validated != 0 || strcmp(state->state, "file") == 0) ? "no keys"
                                                                                            : state->state;
}

static void print_summary(const struct issuers *issuers)
{
    const char *before = "";
    size_t good = 0;

    for (size_t i = 0; i < issuers->count; i++) {
        const struct issuer *issuer = &issuers->at[i];

        if (issuer_verdict(issuer) == EXIT_YES) {
            good++;
            continue;
        }
        printf("%s%s %s", before, issuer->name, name_trouble(issuer));
        before = ", ";
    }
    printf("%s%zu of %zu issuers have keys that are not stale\n", before[0] != '\0' ? "; " : "", good,
           issuers->count);
}

/* --- all issuers: a line each --- */

static void add_last_attempt(struct table *table, const struct ctl *ctl,
                             const struct jwkscore_source_state *state)
{
    duration ago;
    quoted outcome;

    if (state->last_attempt == 0) {
        table_add(table, "-");
        return;
    }
    output_duration(ago, ctl->now - state->last_attempt);
    output_quote(outcome, state->outcome);
    if (state->failures > 0)
        table_add(table, "%s, %s ago, failures: %" PRId64, outcome, ago, state->failures);
    else
        table_add(table, "%s, %s ago", outcome, ago);
}

static void add_next_attempt(struct table *table, const struct jwkscore_source_state *state)
{
    duration next;

    if (state->in_flight)
        table_add(table, "under way");
    else if (state->held_back[0] != '\0')
        table_add(table, "%s, in %s", state->held_back, output_duration(next, state->next_attempt));
    else
        table_add(table, "-");
}

static void add_issuer(struct table *table, const struct ctl *ctl, const struct issuer *issuer)
{
    const struct jwkscore_source_state *state = &issuer->state;
    duration text;

    table_add(table, "%s", issuer->name);
    table_add(table, "%s", state->state);
    table_add(table, "%s", state->validated > 0 ? output_duration(text, state->age) : "-");
    table_add(table, "%s", state->validated > 0 ? output_duration(text, state->max_stale - state->age) : "-");
    table_add(table, "%" PRId64, state->keys);
    add_last_attempt(table, ctl, state);
    add_next_attempt(table, state);
}

/* What does not fit into the table; nothing, most of the time. */
static void print_remarks(const struct issuer *issuer)
{
    const struct jwkscore_source_state *state = &issuer->state;
    duration next;

    if (state->clock_wrong)
        printf("%s: clock: this host's clock is earlier than it can be, so every token is refused\n",
               issuer->name);
    if (state->kid_next > 0)
        printf("%s: flood: tokens named too many unknown keys; the issuer is asked for one again in %s\n",
               issuer->name, output_duration(next, state->kid_next));
    if (state->note[0] != '\0')
        printf("%s: %s\n", issuer->name, state->note);
}

static bool print_all(const struct ctl *ctl, const struct issuers *issuers)
{
    static const char *const headings[] = {"ISSUER", "STATE",        "AGE",      "USABLE FOR",
                                           "KEYS",   "LAST ATTEMPT", "HELD BACK"};
    struct table table = {.columns = sizeof(headings) / sizeof(headings[0])};

    print_summary(issuers);
    for (size_t i = 0; i < table.columns; i++)
        table_add(&table, "%s", headings[i]);
    for (size_t i = 0; i < issuers->count; i++)
        add_issuer(&table, ctl, &issuers->at[i]);
    if (!table_end(&table))
        return false;
    for (size_t i = 0; i < issuers->count; i++)
        print_remarks(&issuers->at[i]);
    return true;
}

/* --- one issuer: everything --- */

/* ", name 1, other 2" for those that are not 0. */
static void print_counts(const char *before, const struct jwkscore_count *counts)
{
    for (; counts->name != NULL; counts++)
        if (counts->count != 0) {
            printf("%s%s %" PRId64, before, counts->name, counts->count);
            before = ", ";
        }
}

static int64_t sum(const struct jwkscore_count *counts)
{
    int64_t all = 0;

    for (; counts->name != NULL; counts++)
        all += counts->count;
    return all;
}

static void print_keys(const struct jwkscore_source_state *state)
{
    duration age, ttl, limit;
    quoted from, via;

    printf("  keys          %" PRId64 " usable, %" PRId64 " vanished, %" PRId64 " not usable", state->keys,
           state->vanished, sum(state->dropped));
    print_counts(": ", state->dropped);
    putchar('\n');
    if (state->validated == 0)
        return;
    printf("  age           %s; good for %s (%s), used for %s at most\n", output_duration(age, state->age),
           output_duration(ttl, state->ttl), output_quote(from, state->ttl_from),
           output_duration(limit, state->max_stale));
    printf("  generation    %" PRId64 ", from %s\n", state->generation, output_quote(via, state->via));
}

static void print_attempts(const struct ctl *ctl, const struct jwkscore_source_state *state)
{
    duration ago, next;
    quoted outcome;

    if (state->last_attempt == 0)
        puts("  last attempt  none since the boot");
    else {
        printf("  last attempt  %s ago: %s", output_duration(ago, ctl->now - state->last_attempt),
               output_quote(outcome, state->outcome));
        if (state->http != 0)
            printf(" (HTTP %" PRId64 ")", state->http);
        printf("; failures in a row: %" PRId64 "\n", state->failures);
    }
    if (state->in_flight)
        puts("  next attempt  one is under way");
    else if (state->held_back[0] != '\0')
        printf("  next attempt  held back by %s for %s\n", state->held_back,
               output_duration(next, state->next_attempt));
    else
        puts("  next attempt  not held back");
    printf("  unknown keys  %s", state->kid_next > 0 ? "held back by flood for " : "not held back");
    printf("%s; listed as missing: %" PRId64 "\n",
           state->kid_next > 0 ? output_duration(next, state->kid_next) : "", state->negative);
}

static void print_counters(const struct jwkscore_source_state *state)
{
    printf("  since boot    fetches: %" PRId64, state->fetches);
    print_counts("; why: ", state->reasons);
    print_counts("; outcome: ", state->outcomes);
    printf("\n                held back: %" PRId64, sum(state->suppressed));
    print_counts("; by ", state->suppressed);
    printf("; coalesced: %" PRId64 "\n", state->coalesced);
}

static void print_one(const struct ctl *ctl, const struct issuer *issuer)
{
    const struct jwkscore_source_state *state = &issuer->state;
    quoted url;

    printf("%s: %s\n", issuer->name, state->state);
    printf("  issuer        %s\n", output_quote(url, issuer->url));
    if (issuer->source != NULL)
        print_keys(state);
    if (issuer->source != NULL && strcmp(state->state, "file") != 0) {
        print_attempts(ctl, state);
        print_counters(state);
        printf("  files         %s.*\n", state->id);
    }
    print_remarks(issuer);
}

/* --- the command --- */

static bool print_for_people(const struct ctl *ctl, const struct issuers *issuers)
{
    if (ctl->issuer == NULL)
        return print_all(ctl, issuers);
    print_one(ctl, &issuers->at[0]);
    return true;
}

int status_run(struct ctl *ctl, int argc, char **argv)
{
    bool json = false, prometheus = false;
    const struct ctl_option options[] = {
        {"json", &json, NULL}, {"prometheus", &prometheus, NULL}, {NULL, NULL, NULL}};
    int code = ctl_begin(ctl, argc, argv, options, CTL_ISSUER_OPTIONAL);
    struct issuers issuers;

    if (code != EXIT_YES)
        return code;
    if (json && prometheus)
        return ctl_refuse_usage(ctl);
    if (!issuers_read(ctl, &issuers))
        return EXIT_CANNOT_SAY;
    for (size_t i = 0; i < issuers.count; i++)
        code = worse(code, issuer_verdict(&issuers.at[i]));
    if (json)
        status_print_json(ctl, &issuers);
    else if (prometheus) {
        status_print_prometheus(ctl, &issuers);
        code = EXIT_YES; /* the numbers say it; with any other status `&& mv` would keep the old ones */
    } else if (!print_for_people(ctl, &issuers))
        code = EXIT_CANNOT_SAY;
    issuers_free(&issuers);
    return code;
}
