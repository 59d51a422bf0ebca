/* SPDX-License-Identifier: Apache-2.0 */
/* explain_print.c: the explanation, for people and as JSON. */
#include "explain.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *explain_decision(enum jwkscore_status status)
{
    static const char *const words[] = {[JWKSCORE_CLASS_OK] = "allow",
                                        [JWKSCORE_CLASS_DENIED] = "deny",
                                        [JWKSCORE_CLASS_UNAVAILABLE] = "unavailable",
                                        [JWKSCORE_CLASS_FAULT] = "fault"};

    return words[jwkscore_classify(status)];
}

const char *explain_time(int64_t time, char ret_text[static TIME_SIZE])
{
    time_t seconds = (time_t)time;
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL || strftime(ret_text, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        ret_text[0] = '\0';
    return ret_text;
}

/* --- for people --- */

static bool is_time(const char *claim)
{
    static const char *const times[] = {"exp", "nbf", "iat", "auth_time"};

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (strcmp(claim, times[i]) == 0)
            return true;
    return false;
}

/* Behind a number of seconds: when that is.  Not behind 4e9, which is one too, but who writes so? */
static void print_time(const char *seconds)
{
    size_t digits = strspn(seconds, "0123456789");
    char time[TIME_SIZE];

    if (digits > 0 && digits <= 10 && strspn(seconds, "0123456789.") == strlen(seconds))
        printf(" (%s)", explain_time(strtoll(seconds, NULL, 10), time));
}

static void print_found(const struct rule *rule)
{
    if (rule->claim == NULL) {
        printf("%s", rule->found != NULL ? rule->found : "");
    } else if (rule->value == NULL) {
        printf("no %s", rule->claim);
    } else {
        printf("%s = %s", rule->claim, rule->value);
        if (is_time(rule->claim))
            print_time(rule->value);
    }
}

/* What the library calls wanted is said by the option already, or is another thing. */
static void print_wanted(const struct rule *rule)
{
    const char *word = strcmp(rule->name, "cache") == 0       ? "note: "
                       : strcmp(rule->name, "signature") == 0 ? ""
                                                              : "wanted ";

    if (rule->wanted == NULL || rule->wanted[0] == '\0' ||
        (rule->setting != NULL && strcmp(rule->wanted, rule->setting) == 0) ||
        (rule->claim != NULL && strcmp(rule->wanted, rule->claim) == 0))
        return;
    printf("; %s%s", word, rule->wanted);
}

static void print_rule(const struct rule *rule)
{
    bool empty =
        rule->claim == NULL && (rule->found == NULL || rule->found[0] == '\0') && rule->option == NULL;

    printf("  %s  %-*s", rule->status == JWKSCORE_OK ? "pass" : "FAIL", empty ? 0 : 14, rule->name);
    print_found(rule);
    print_wanted(rule);
    if (rule->option != NULL)
        printf("; %s = %s (%s)", rule->option, rule->setting != NULL ? rule->setting : "nothing",
               rule->origin != NULL ? rule->origin : "default");
    putchar('\n');
}

static void print_problems(const struct explanation *explanation)
{
    const char *problem;

    putchar('\n');
    for (size_t i = 0; (problem = jwkscore_config_problem(explanation->ctl->config, i)) != NULL; i++)
        printf("  %s\n", problem);
    printf("\nWithout what is wrong there: %s: %s%s%s\n", explain_decision(explanation->rules_say.status),
           jwkscore_reason(explanation->rules_say.status),
           explanation->rules_say.error.message[0] != '\0' ? ": " : "", explanation->rules_say.error.message);
}

static void print_identity(const struct explanation *explanation)
{
    const struct jwkscore_identity *identity = explanation->identity;
    const struct jwkscore_key_use *key = jwkscore_identity_key(identity);
    const char *account;
    char time[TIME_SIZE], text[OUTPUT_QUOTED_SIZE];

    fputs("accounts:", stdout);
    for (size_t i = 0; (account = jwkscore_identity_account(identity, i)) != NULL; i++)
        printf(" %s", account);
    printf("\nuntil:    %s\n", explain_time(jwkscore_identity_expires(identity), time));
    if (key->kid != NULL)
        printf("key:      \"%s\" (%s, %s)\n", output_quote(text, key->kid), key->algorithm, key->cache);
    else
        printf("key:      without a name (%s, %s)\n", key->algorithm, key->cache);
}

static void print_advice(const struct explanation *explanation)
{
    const enum jwkscore_status login = explanation->login.status, rules = explanation->rules_say.status;

    printf("to do:    %s\n", explain_advice(explanation, login));
    if (login != rules && rules != JWKSCORE_OK)
        printf("          %s\n", explain_advice(explanation, rules));
    for (size_t i = 0; i < explanation->hint_count; i++)
        printf("          %s\n", explanation->hints[i]);
}

static void print_question(const struct explanation *explanation)
{
    char time[TIME_SIZE], user[OUTPUT_QUOTED_SIZE], service[OUTPUT_QUOTED_SIZE];

    printf("(service %s, user %s, at %s", output_quote(service, explanation->service),
           explanation->user != NULL ? output_quote(user, explanation->user) : "not asked for",
           explain_time(explanation->at, time));
    if (explanation->token != NULL)
        printf(", %zu characters", explanation->length);
    puts(")");
}

void explain_print(const struct explanation *explanation)
{
    static const char *const verdicts[] = {[JWKSCORE_CLASS_OK] = "yes",
                                           [JWKSCORE_CLASS_DENIED] = "no",
                                           [JWKSCORE_CLASS_UNAVAILABLE] = "cannot be said",
                                           [JWKSCORE_CLASS_FAULT] = "cannot be said"};
    const struct answer *login = &explanation->login;

    printf("%s: %s%s%s\n", verdicts[jwkscore_classify(login->status)], jwkscore_strerror(login->status),
           login->error.message[0] != '\0' ? ": " : "", login->error.message);
    print_advice(explanation);
    printf("log:      decision=%s", explain_decision(login->status));
    if (login->status != JWKSCORE_OK)
        printf(" reason=%s", jwkscore_reason(login->status));
    putchar('\n');
    print_question(explanation);
    if (explanation->rest != NULL)
        print_problems(explanation);
    if (explanation->identity != NULL)
        print_identity(explanation);
    if (explanation->rule_count > 0)
        putchar('\n');
    for (size_t i = 0; i < explanation->rule_count; i++)
        print_rule(&explanation->rules[i]);
}

/* --- JSON --- */

static void print_text(const char *before, const char *name, const char *text)
{
    printf("%s\"%s\":", before, name);
    output_json_string(text);
}

static void print_answer(const struct explanation *explanation, const struct answer *answer)
{
    print_text("", "decision", explain_decision(answer->status));
    print_text(",", "reason", answer->status == JWKSCORE_OK ? NULL : jwkscore_reason(answer->status));
    print_text(",", "detail", answer->error.message);
    print_text(",", "advice", explain_advice(explanation, answer->status));
}

static void print_json_rule(const struct rule *rule)
{
    print_text("{", "rule", rule->name);
    printf(",\"holds\":%s", rule->status == JWKSCORE_OK ? "true" : "false");
    print_text(",", "reason", rule->status == JWKSCORE_OK ? NULL : jwkscore_reason(rule->status));
    print_text(",", "claim", rule->claim);
    print_text(",", "value", rule->value);
    print_text(",", "found", rule->found);
    print_text(",", "wanted", rule->wanted);
    print_text(",", "option", rule->option);
    print_text(",", "setting", rule->setting);
    print_text(",", "origin", rule->origin);
    putchar('}');
}

/* Strings in an array: those of `get`, up to NULL. */
static void print_texts(const char *name, const char *(*get)(const struct explanation *, size_t),
                        const struct explanation *explanation)
{
    const char *text;

    printf(",\n\"%s\":[", name);
    for (size_t i = 0; (text = get(explanation, i)) != NULL; i++) {
        fputs(i > 0 ? "," : "", stdout);
        output_json_string(text);
    }
    putchar(']');
}

static const char *hint_at(const struct explanation *explanation, size_t index)
{
    return index < explanation->hint_count ? explanation->hints[index] : NULL;
}

static const char *problem_at(const struct explanation *explanation, size_t index)
{
    return jwkscore_config_problem(explanation->ctl->config, index);
}

static const char *account_at(const struct explanation *explanation, size_t index)
{
    return explanation->identity != NULL ? jwkscore_identity_account(explanation->identity, index) : NULL;
}

void explain_print_json(const struct explanation *explanation)
{
    print_text("{", "version", jwkscore_version());
    printf(",\"time\":%" PRId64, explanation->at);
    print_text(",", "service", explanation->service);
    print_text(",", "user", explanation->user);
    printf(",\"characters\":%zu,\n", explanation->length);
    print_answer(explanation, &explanation->login);
    fputs(",\n\"rest\":", stdout);
    if (explanation->rest != NULL) {
        putchar('{');
        print_answer(explanation, &explanation->rules_say);
        putchar('}');
    } else {
        fputs("null", stdout);
    }
    print_texts("problems", problem_at, explanation);
    print_texts("hints", hint_at, explanation);
    print_text(",\n", "issuer", explanation->section);
    print_texts("accounts", account_at, explanation);
    if (explanation->identity != NULL)
        printf(",\"expires\":%" PRId64, jwkscore_identity_expires(explanation->identity));
    else
        fputs(",\"expires\":null", stdout);
    fputs(",\n\"rules\":[", stdout);
    for (size_t i = 0; i < explanation->rule_count; i++) {
        fputs(i > 0 ? ",\n" : "", stdout);
        print_json_rule(&explanation->rules[i]);
    }
    puts("]}");
}
