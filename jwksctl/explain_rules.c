/* SPDX-License-Identifier: Apache-2.0 */
/* explain_rules.c: the decision, as a login makes it, and each rule that it went through. */
#include "explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *keep(struct explanation *explanation, const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;

    if (text != NULL && copy == NULL)
        explanation->failed = true;
    return copy;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* What was plausible before the signature is asked again after it, and holds again. */
static bool is_known(const struct explanation *explanation, const struct jwkscore_trace *trace)
{
    for (size_t i = 0; i < explanation->rule_count; i++) {
        const struct rule *rule = &explanation->rules[i];

        if (rule->status == trace->status && same(rule->name, trace->rule) &&
            same(rule->claim, trace->claim) && same(rule->option, trace->option) &&
            same(rule->origin, trace->origin) && same(rule->setting, trace->setting) &&
            same(rule->found, trace->found))
            return true;
    }
    return false;
}

static void remember(void *data, const struct jwkscore_trace *trace)
{
    struct explanation *explanation = data;

    if (is_known(explanation, trace))
        return;
    if (explanation->rule_count == RULES_MAX) {
        explanation->failed = true;
        return;
    }
    explanation->rules[explanation->rule_count++] = (struct rule){
        .status = trace->status,
        .name = keep(explanation, trace->rule),
        .wanted = keep(explanation, trace->wanted),
        .found = keep(explanation, trace->found),
        .origin = keep(explanation, trace->origin),
        .option = keep(explanation, trace->option),
        .setting = keep(explanation, trace->setting),
        .claim = keep(explanation, trace->claim),
        .value = keep(explanation, trace->value),
    };
    if (explanation->section == NULL && trace->status == JWKSCORE_OK && strcmp(trace->rule, "issuer") == 0)
        explanation->section = keep(explanation, trace->found);
}

const struct rule *explain_rule(const struct explanation *explanation, const char *name)
{
    for (size_t i = explanation->rule_count; i-- > 0;)
        if (strcmp(explanation->rules[i].name, name) == 0)
            return &explanation->rules[i];
    return NULL;
}

bool explain_blames_certificate(const struct explanation *explanation)
{
    const struct rule *certificate = explain_rule(explanation, "certificate");

    return certificate != NULL && certificate->status != JWKSCORE_OK;
}

static struct answer answer_of(enum jwkscore_status status, const char *message)
{
    struct answer answer = {status, {status, ""}};

    snprintf(answer.error.message, sizeof(answer.error.message), "%s", message);
    return answer;
}

/* What jwks-authorized-keys asks of a certificate first, and, below, last. */
static struct answer check_certificate(struct explanation *explanation)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status =
        jwkscore_offer_check(explanation->offer, explanation->user, explanation->at, &error);

    remember(explanation, &(struct jwkscore_trace){
                              .rule = "certificate",
                              .status = status,
                              .found = jwkscore_offer_fingerprint(explanation->offer),
                          });
    return answer_of(status, error.message);
}

static struct answer check_extension(struct explanation *explanation, const struct jwkscore_config *config)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status =
        jwkscore_offer_check_extension(config, explanation->offer, explanation->identity, &error);

    if (status == JWKSCORE_OK)
        return answer_of(JWKSCORE_OK, "");
    jwkscore_identity_free(explanation->identity);
    explanation->identity = NULL;
    remember(explanation, &(struct jwkscore_trace){.rule = "certificate", .status = status});
    return answer_of(status, error.message);
}

static struct answer authenticate(struct explanation *explanation, struct jwkscore_config *config)
{
    struct answer answer = {JWKSCORE_OK, {JWKSCORE_OK, ""}};
    struct jwkscore_request request = {
        .size = sizeof(request),
        .service = explanation->service,
        .user = explanation->user,
        .token = explanation->token,
        .token_length = explanation->length,
        .now = explanation->at,
        .clock = explanation->ctl->now,
    };

    if (explanation->offer != NULL)
        request.key = jwkscore_offer_blob(explanation->offer, &request.key_length);
    jwkscore_config_trace(config, remember, explanation);
    answer.status = jwkscore_authenticate(config, &request, &explanation->identity, &answer.error);
    jwkscore_config_trace(config, NULL, NULL);
    return answer;
}

void explain_decide(struct explanation *explanation)
{
    struct jwkscore_config *config = explanation->rest != NULL ? explanation->rest : explanation->ctl->config;
    bool certificate = explanation->offer != NULL && jwkscore_offer_is_certificate(explanation->offer);
    struct answer answer = certificate ? check_certificate(explanation) : answer_of(JWKSCORE_OK, "");

    if (answer.status == JWKSCORE_OK)
        answer = authenticate(explanation, config);
    if (answer.status == JWKSCORE_OK && certificate)
        answer = check_extension(explanation, config);
    explanation->rules_say = answer;
    if (explanation->rest == NULL)
        explanation->login = answer;
}
