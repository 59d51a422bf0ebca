/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status_data.c: jwksctl status for programs: --json and --prometheus, from one table of numbers.
 *
 * What is here is an interface: members and metrics are added, never renamed (jwksctl(8) lists them).
 */
#include "jwksctl.h"
#include "output.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* When a number says nothing: then it is null in JSON, and no sample. */
enum says { ALWAYS, WITH_SET, UNLESS_ZERO };

static const struct number {
    const char *member, *metric, *help;
    size_t offset;
    enum says says;
    bool from_now; /* seconds to come, shown as a time */
} numbers[] = {
#define AT(member) offsetof(struct jwkscore_source_state, member)
    {"age", "jwks_age_seconds", "Seconds since the keys were last validated.", AT(age), WITH_SET, false},
    {"ttl", "jwks_ttl_seconds", "Seconds that the issuer says its keys are good for.", AT(ttl), WITH_SET,
     false},
    {"max_stale", "jwks_max_stale_seconds", "Age from which the keys are no longer used.", AT(max_stale),
     WITH_SET, false},
    {"generation", "jwks_generation", "Number of the stored set.", AT(generation), WITH_SET, false},
    {"validated", "jwks_validated_timestamp_seconds", "Time of the last validation.", AT(validated),
     UNLESS_ZERO, false},
    {"keys", "jwks_keys", "Usable keys of the set.", AT(keys), ALWAYS, false},
    {"vanished", "jwks_keys_vanished", "Keys that have left the set.", AT(vanished), ALWAYS, false},
    {"last_attempt", "jwks_last_attempt_timestamp_seconds", "Time of the last fetch since the boot.",
     AT(last_attempt), UNLESS_ZERO, false},
    {"http", "jwks_last_attempt_http_status", "Status of HTTP of the last fetch.", AT(http), UNLESS_ZERO,
     false},
    {"failures", "jwks_failures_in_a_row", "Fetches that failed since the last success.", AT(failures),
     ALWAYS, false},
    {"next_attempt", "jwks_next_attempt_timestamp_seconds", "Time until which fetches are held back.",
     AT(next_attempt), UNLESS_ZERO, true},
    {"next_kid_attempt", "jwks_next_kid_attempt_timestamp_seconds",
     "Time until which fetches for unknown keys are held back.", AT(kid_next), UNLESS_ZERO, true},
    {"kid_interval", "jwks_kid_interval_seconds", "Seconds between fetches for unknown keys.",
     AT(kid_interval), UNLESS_ZERO, false},
    {"missing_kids", "jwks_missing_kids", "Unknown keys that the issuer is not asked for again now.",
     AT(negative), ALWAYS, false},
    {"coalesced", "jwks_coalesced_total", "Fetches since the boot that another one had just done.",
     AT(coalesced), ALWAYS, false},
#undef AT
};
enum { NUMBER_COUNT = sizeof(numbers) / sizeof(numbers[0]) };

static bool get_number(const struct ctl *ctl, const struct issuer *issuer, const struct number *number,
                       int64_t *ret_value)
{
    int64_t value;

    memcpy(&value, (const char *)&issuer->state + number->offset, sizeof(value));
    if ((number->says == WITH_SET && issuer->state.validated == 0) ||
        (number->says == UNLESS_ZERO && value == 0))
        return false;
    *ret_value = number->from_now ? ctl->now + value : value;
    return true;
}

/* Lists of counts, by a label of Prometheus. */
static const struct group {
    const char *member, *metric, *label, *help;
    size_t offset;
    bool counter;
} groups[] = {
#define AT(member) offsetof(struct jwkscore_source_state, member)
    {"dropped", "jwks_keys_dropped", "reason", "Keys of the set that are not usable.", AT(dropped), false},
    {"reasons", "jwks_fetches_total", "reason", "Fetches since the boot, by reason.", AT(reasons), true},
    {"outcomes", "jwks_fetch_outcomes_total", "outcome", "Fetches since the boot, by outcome.", AT(outcomes),
     true},
    {"suppressed", "jwks_suppressed_total", "cause", "Fetches since the boot that were held back.",
     AT(suppressed), true},
#undef AT
};
enum { GROUP_COUNT = sizeof(groups) / sizeof(groups[0]) };

static const struct jwkscore_count *get_group(const struct issuer *issuer, const struct group *group)
{
    const void *member = (const char *)&issuer->state + group->offset;

    return *(const struct jwkscore_count *const *)member;
}

/* --- JSON --- */

static void print_text(const char *name, const char *text)
{
    printf(",\"%s\":", name);
    output_json_string(text);
}

static void print_group(const struct issuer *issuer, const struct group *group)
{
    const char *comma = "";

    printf(",\"%s\":{", group->member);
    for (const struct jwkscore_count *count = get_group(issuer, group); count->name != NULL; count++)
        if (count->count != 0) {
            printf("%s\"%s\":%" PRId64, comma, count->name, count->count);
            comma = ",";
        }
    putchar('}');
}

static const char *boolean(bool value)
{
    return value ? "true" : "false";
}

static void print_issuer(const struct ctl *ctl, const struct issuer *issuer)
{
    const struct jwkscore_source_state *state = &issuer->state;

    fputs("{\"name\":", stdout);
    output_json_string(issuer->name);
    print_text("issuer", issuer->url);
    print_text("id", state->id);
    print_text("state", state->state);
    printf(",\"usable\":%s", boolean(issuer_is_usable(issuer)));
    print_text("note", state->note);
    print_text("ttl_from", state->ttl_from);
    print_text("via", state->via);
    print_text("outcome", state->outcome);
    print_text("held_back", state->held_back);
    printf(",\"in_flight\":%s,\"clock_wrong\":%s", boolean(state->in_flight), boolean(state->clock_wrong));
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        int64_t value;

        if (get_number(ctl, issuer, &numbers[i], &value))
            printf(",\"%s\":%" PRId64, numbers[i].member, value);
        else
            printf(",\"%s\":null", numbers[i].member);
    }
    for (size_t i = 0; i < GROUP_COUNT; i++)
        print_group(issuer, &groups[i]);
    putchar('}');
}

void status_print_json(const struct ctl *ctl, const struct issuers *issuers)
{
    fputs("{\"version\":", stdout);
    output_json_string(jwkscore_version());
    printf(",\"time\":%" PRId64 ",\"issuers\":[", ctl->now);
    for (size_t i = 0; i < issuers->count; i++) {
        if (i > 0)
            fputs(",\n", stdout);
        print_issuer(ctl, &issuers->at[i]);
    }
    puts("]}");
}

/* --- Prometheus' text format 0.0.4: all samples of a metric stand together --- */

static void print_head(const char *metric, const char *help, bool counter)
{
    printf("# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, counter ? "counter" : "gauge");
}

static void print_sample(const char *metric, const struct issuer *issuer, const char *label,
                         const char *value, int64_t number)
{
    printf("%s{issuer=", metric);
    output_label(issuer->name);
    if (label != NULL) {
        printf(",%s=", label);
        output_label(value);
    }
    printf("} %" PRId64 "\n", number);
}

static void print_states(const struct issuers *issuers)
{
    static const char *const states[] = {"fresh", "due", "stale", "expired", "absent", "file", "fault"};

    print_head("jwks_state", "State of the keys: 1 for the one that it is.", false);
    for (size_t i = 0; i < issuers->count; i++)
        for (size_t k = 0; k < sizeof(states) / sizeof(states[0]); k++)
            print_sample("jwks_state", &issuers->at[i], "state", states[k],
                         strcmp(issuers->at[i].state.state, states[k]) == 0);
    print_head("jwks_usable", "Are there keys that tokens can be verified with?", false);
    for (size_t i = 0; i < issuers->count; i++)
        print_sample("jwks_usable", &issuers->at[i], NULL, NULL, issuer_is_usable(&issuers->at[i]));
    print_head("jwks_clock_wrong", "Is this host's clock earlier than it can be?", false);
    for (size_t i = 0; i < issuers->count; i++)
        print_sample("jwks_clock_wrong", &issuers->at[i], NULL, NULL, issuers->at[i].state.clock_wrong != 0);
    print_head("jwks_issuer_info", "The address of an issuer.", false);
    for (size_t i = 0; i < issuers->count; i++)
        print_sample("jwks_issuer_info", &issuers->at[i], "url", issuers->at[i].url, 1);
}

static void print_number(const struct ctl *ctl, const struct issuers *issuers, const struct number *number)
{
    print_head(number->metric, number->help, strstr(number->metric, "_total") != NULL);
    for (size_t i = 0; i < issuers->count; i++) {
        int64_t value;

        if (get_number(ctl, &issuers->at[i], number, &value))
            print_sample(number->metric, &issuers->at[i], NULL, NULL, value);
    }
}

void status_print_prometheus(const struct ctl *ctl, const struct issuers *issuers)
{
    print_states(issuers);
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        print_number(ctl, issuers, &numbers[i]);
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        print_head(groups[i].metric, groups[i].help, groups[i].counter);
        for (size_t k = 0; k < issuers->count; k++)
            for (const struct jwkscore_count *count = get_group(&issuers->at[k], &groups[i]);
                 count->name != NULL; count++)
                print_sample(groups[i].metric, &issuers->at[k], groups[i].label, count->name, count->count);
    }
}
