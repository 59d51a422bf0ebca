/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_shape.c: what was handed over, if it is not a token and nothing else: what is around one, in its
 * place, or missing of it.
 */
#include "explain.h"
#include "output.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void hint_at_ends(struct explanation *explanation)
{
    const char *token = explanation->token;
    size_t length = explanation->length, before = 0, end = length, lines = 1;

    while (before < length && is_space(token[before]))
        before++;
    while (end > before && is_space(token[end - 1]))
        end--;
    if (before > 0 || end < length)
        explain_hint(
            explanation,
            "There is white space around it (%zu bytes before, %zu behind), which no login takes off.",
            before, length - end);
    for (size_t i = before; i < end; i++)
        lines += token[i] == '\n';
    if (lines > 1)
        explain_hint(explanation, "It is spread over %zu lines; a token is one line.", lines);
}

/* What stands in a token's place is known by how it begins. */
static const struct {
    const char *begin, *hint;
} beginnings[] = {
    {"Bearer ", "It begins with \"Bearer\", as in an HTTP header: take what stands behind."},
    {"Authorization:", "It is an HTTP header: take what stands behind \"Bearer\"."},
    {"\"", "There are quotes around it: take them off."},
    {"'", "There are quotes around it: take them off."},
    {"{", "This is a JSON document, not a token: of a token endpoint's answer take the value of id_token."},
    {"id_token=", "It begins with \"id_token=\": take what stands behind, up to the next &."},
    {"https://", "This is an address, not a token."},
    {"-----BEGIN", "This is a PEM file, a key or a certificate, and not a token."},
    {"ssh-", "This is an SSH key or certificate, not a token: give its file by --key, and the token to "
             "standard input."},
    {"ecdsa-sha2-", "This is an SSH key or certificate, not a token: give its file by --key, and the token "
                    "to standard input."},
    {"sk-", "This is an SSH key or certificate, not a token: give its file by --key, and the token to "
            "standard input."},
};

static void hint_beginning(struct explanation *explanation)
{
    const char *token = explanation->token;
    size_t left = explanation->length, digits;

    while (left > 0 && is_space(*token)) {
        token++;
        left--;
    }
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
        if (left >= strlen(beginnings[i].begin) &&
            strncasecmp(token, beginnings[i].begin, strlen(beginnings[i].begin)) == 0) {
            explain_hint(explanation, "%s", beginnings[i].hint);
            return;
        }
    for (digits = 0; digits < left && token[digits] >= '0' && token[digits] <= '9'; digits++)
        ;
    if (digits > 0 && digits < left && token[digits] == '/')
        explain_hint(explanation,
                     "It begins with a part's number, as jwks-askpass sends it: ask with the whole token.");
}

void explain_shape(struct explanation *explanation)
{
    if (explanation->length == 0) {
        explain_hint(explanation, "Nothing came on standard input: jwksctl explain ... <FILE.");
        return;
    }
    hint_beginning(explanation);
    hint_at_ends(explanation);
}

/* --- after the decision --- */

static const struct {
    size_t length;
    const char *who;
} limits[] = {
    {255, "sudo before 1.9 takes"},
    {511, "sudo 1.9 takes (su and login, too, before Linux-PAM 1.5.2)"},
    {1023, "OpenSSH's client sends, from a terminal or an askpass; it drops the rest without a word"},
    {1024, "sshd takes with the password method; keyboard-interactive has no such limit"},
    {4095, "su, login and a terminal's line take"},
};

/* Where it is cut the message has said; a length tells by whom. */
static void hint_cut(struct explanation *explanation)
{
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        if (explanation->length == limits[i].length) {
            explain_hint(explanation, "It has exactly %zu characters, which is all that %s.",
                         limits[i].length, limits[i].who);
            return;
        }
    explain_hint(explanation, "It has %zu characters, which is no client's limit: it was not copied whole.",
                 explanation->length);
}

/* A whole one has a header, which is a JSON object. */
static void hint_opaque(struct explanation *explanation)
{
    if (explanation->hint_count == 0 && strncmp(explanation->token, "eyJ", strlen("eyJ")) != 0)
        explain_hint(explanation, "It does not begin with eyJ, as ID tokens do: is it an opaque access or "
                                  "refresh token?");
}

static bool may_hold(const struct explanation *explanation, const char *text)
{
    return jwkscore_token_may_hold(explanation->token, explanation->length, text) != 0;
}

/*
 * Most access tokens do not say what they are; but there is a scope in them, and in hardly an ID token.  One
 * that says so and is of the right type is wanted.
 */
static void hint_access(struct explanation *explanation)
{
    const struct rule *type = explain_rule(explanation, "type");
    bool says_so = type != NULL && type->value != NULL && strcasestr(type->value, "at+jwt") != NULL;

    if (says_so && type->status != JWKSCORE_OK)
        explain_hint(explanation,
                     "Its typ says that it is an access token, which is for an API, and not an ID token.");
    else if (says_so)
        return;
    else if (may_hold(explanation, "scope") || may_hold(explanation, "scp"))
        explain_hint(explanation,
                     "It seems to be an access token, which is for an API: there is a scope in it.  "
                     "Was the ID token meant?");
}

static void hint_clock(struct explanation *explanation)
{
    if (explanation->at_given)
        explain_hint(explanation, "This is about the clock as it is now, not about --at.");
}

/* A plain key is no part of the question where a grant lists it, and none that a PAM service asks. */
static void hint_key(struct explanation *explanation)
{
    bool plain = explanation->offer != NULL && !jwkscore_offer_is_certificate(explanation->offer);

    if (plain && explanation->rules_say.status == JWKSCORE_E_UNBOUND &&
        may_hold(explanation, jwkscore_offer_key(explanation->offer)))
        explain_hint(explanation,
                     "It lists this key, as a grant does: ask with --service %s and without --key.",
                     KEY_SERVICE);
    else if (plain && strcmp(explanation->service, KEY_SERVICE) != 0)
        explain_hint(explanation,
                     "This service is shown no key without a certificate: ask with --service %s.",
                     KEY_SERVICE);
}

/* The module looks there where the token is no good, so that nobody is told which accounts there are. */
static void hint_account(struct explanation *explanation)
{
    char user[OUTPUT_QUOTED_SIZE];
    enum jwkscore_status status = explanation->rules_say.status;

    errno = 0;
    if (explanation->user == NULL || jwkscore_classify(status) != JWKSCORE_CLASS_DENIED ||
        status == JWKSCORE_E_UNKNOWN_USER || getpwnam(explanation->user) != NULL ||
        (errno != 0 && errno != ENOENT))
        return;
    explain_hint(explanation,
                 "There is no account \"%s\" here, either; pam_jwks logs reason=unknown-user then.",
                 output_quote(user, explanation->user));
}

static void hint_status(struct explanation *explanation)
{
    switch (explanation->rules_say.status) {
    case JWKSCORE_E_MALFORMED:
        hint_opaque(explanation);
        break;
    case JWKSCORE_E_INCOMPLETE:
        hint_cut(explanation);
        break;
    case JWKSCORE_E_ISSUER:
        explain_issuers(explanation);
        hint_access(explanation);
        break;
    case JWKSCORE_E_TYPE:
    case JWKSCORE_E_AUDIENCE:
    case JWKSCORE_E_UNMAPPED:
        hint_access(explanation);
        break;
    case JWKSCORE_E_UNKNOWN_KEY:
        explain_keys(explanation);
        break;
    case JWKSCORE_E_CLOCK:
        hint_clock(explanation);
        break;
    default:
        break;
    }
}

void explain_consider(struct explanation *explanation)
{
    if (!explain_blames_certificate(explanation))
        hint_status(explanation);
    hint_key(explanation);
    hint_account(explanation);
}
