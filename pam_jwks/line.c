/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line.c: one line a decision, for the administrator; no part of a token in it, ever (L1).
 *
 * `key=value`.  What strangers chose stands between double quotes, escaped and cut at 64 bytes; bare words
 * are only those that cannot look like another field.  Reasons are the library's fixed list.  The module and
 * jwks-authorized-keys write it.
 */
#include "line.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

static void PRINTF_LIKE(2, 3) add(struct line *line, const char *format, ...)
{
    size_t left = sizeof(line->text) - line->length;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line->text + line->length, left, format, arguments);
    va_end(arguments);
    if (length > 0)
        line->length += (size_t)length < left ? (size_t)length : left - 1;
}

void line_add_quoted(struct line *line, const char *key, const char *text)
{
    char quoted[LINE_QUOTED_SIZE];

    if (text != NULL)
        add(line, " %s=\"%s\"", key, jwkscore_quote(quoted, sizeof(quoted), text, strlen(text)));
}

/* The same, but bare where it is made of `plain` characters only. */
static void add_word(struct line *line, const char *key, const char *text, const char *plain)
{
    if (text != NULL && *text != '\0' && strlen(text) <= 64 && text[strspn(text, plain)] == '\0')
        add(line, " %s=%s", key, text);
    else
        line_add_quoted(line, key, text);
}

/* ` key="..."` from a sentence of the library's: it is printable, and only its own quotes could end ours. */
static void add_sentence(struct line *line, const char *key, const char *sentence)
{
    size_t start;

    add(line, " %s=\"", key);
    start = line->length;
    add(line, "%s", sentence);
    for (char *c = line->text + start; *c != '\0'; c++)
        if (*c == '"')
            *c = '\'';
    add(line, "\"");
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789_-"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void add_user(struct line *line, const char *user)
{
    add_word(line, "user", user, LOWER);
}

/* RFC 3339 in UTC, without the host's locale or time zone. */
static void add_time(struct line *line, const char *key, int64_t seconds)
{
    time_t time = (time_t)seconds;
    struct tm utc;

    if (gmtime_r(&time, &utc) != NULL)
        add(line, " %s=%04d-%02d-%02dT%02d:%02d:%02dZ", key, utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
            utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/*
 * Old keys let people in during an outage; the administrator must hear of it, and louder the nearer the end
 * (CACHE 16).
 */
static int allowed_priority(const struct jwkscore_key_use *key)
{
    if (key != NULL && strncmp(key->note, "cache-", strlen("cache-")) == 0)
        return LOG_CRIT; /* a cache file was passed over: somebody else's, or damaged */
    if (key == NULL || strcmp(key->cache, "stale") != 0)
        return LOG_INFO;
    if (key->age >= key->max_stale - key->max_stale / 10)
        return LOG_CRIT;
    return key->age >= key->max_stale / 2 ? LOG_ERR : LOG_WARNING;
}

static void add_key(struct line *line, const struct jwkscore_key_use *key)
{
    if (key == NULL)
        return;
    line_add_quoted(line, "kid", key->kid);
    add_word(line, "alg", key->algorithm, LOWER UPPER);
    add_word(line, "cache", key->cache, LOWER);
    if (strcmp(key->cache, "stale") == 0 || key->vanished)
        add(line, " age=%lld", (long long)key->age);
    if (key->vanished)
        add(line, " key=vanished");
    if (*key->note != '\0')
        add_sentence(line, "note", key->note);
}

int line_allowed(struct line *line, const char *user, const struct jwkscore_identity *identity,
                 int64_t microseconds)
{
    const struct jwkscore_key_use *key = jwkscore_identity_key(identity);

    add(line, "decision=allow");
    add_user(line, user);
    add_word(line, "issuer", jwkscore_identity_issuer(identity), LOWER UPPER);
    line_add_quoted(line, "sub", jwkscore_identity_subject(identity));
    add_key(line, key);
    add_time(line, "exp", jwkscore_identity_expires(identity));
    line_add_quoted(line, "jti", jwkscore_identity_claim(identity, "jti", 0));
    add(line, " us=%lld", (long long)microseconds);
    return allowed_priority(key);
}

/* A text that the trace has quoted already. */
static void add_traced(struct line *line, const char *key, const char *text, const char *plain)
{
    if (*text == '\0')
        return;
    if (text[strspn(text, plain)] == '\0')
        add(line, " %s=%s", key, text);
    else
        add(line, " %s=\"%s\"", key, text);
}

static void add_facts(struct line *line, const struct line_facts *facts)
{
    add_traced(line, "issuer", facts->issuer, LOWER UPPER);
    add_traced(line, "kid", facts->kid, "");
    add_traced(line, "alg", facts->algorithm, LOWER UPPER);
    add_traced(line, "cache", facts->cache, LOWER);
    add_traced(line, "note", facts->note, "");
}

int line_refused(struct line *line, const char *user, const struct line_facts *facts,
                 const struct jwkscore_error *error)
{
    static const struct {
        const char *decision;
        int priority;
    } classes[] = {
        [JWKSCORE_CLASS_OK] = {"fault", LOG_ERR}, /* refused without a reason: ours is the mistake */
        [JWKSCORE_CLASS_DENIED] = {"deny", LOG_NOTICE},
        [JWKSCORE_CLASS_UNAVAILABLE] = {"unavailable", LOG_WARNING},
        [JWKSCORE_CLASS_FAULT] = {"fault", LOG_ERR},
    };
    enum jwkscore_class class = jwkscore_classify(error->status);

    add(line, "decision=%s", classes[class].decision);
    add_user(line, user);
    if (facts != NULL)
        add_facts(line, facts);
    add(line, " reason=%s", jwkscore_reason(error->status));
    add_sentence(line, "detail", error->message);
    return classes[class].priority;
}

static void keep(char kept[static LINE_QUOTED_SIZE], const char *text)
{
    snprintf(kept, LINE_QUOTED_SIZE, "%s", text == NULL ? "" : text);
}

/*
 * What the line of a refusal may say of the token beyond its reason.  Nothing of this is verified yet (S10),
 * hence the name of the issuer's section and not `iss`, and `alg` only where it is one that the issuer may
 * use.
 */
void line_remember(struct line_facts *facts, const struct jwkscore_trace *event)
{
    bool holds = event->status == JWKSCORE_OK;

    if (holds && strcmp(event->rule, "issuer") == 0)
        keep(facts->issuer, event->found);
    else if (holds && strcmp(event->rule, "algorithm") == 0)
        keep(facts->algorithm, event->found);
    else if (strcmp(event->rule, "key") == 0)
        keep(facts->kid, event->found);
    else if (strcmp(event->rule, "cache") == 0) {
        keep(facts->cache, event->found);
        keep(facts->note, event->wanted);
    }
}
