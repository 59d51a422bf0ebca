/* SPDX-License-Identifier: Apache-2.0 */
/* explain_advice.c: what to do about it, one text for each status. */
#include "explain.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    enum jwkscore_status status;
    const char *advice;
} table[] = {
    {JWKSCORE_OK, "Nothing: with this token a login succeeds."},

    {JWKSCORE_E_MALFORMED,
     "Copy the token anew, whole and alone: three parts of letters, digits, - and _ with two dots, and "
     "nothing around them."},
    {JWKSCORE_E_ALGORITHM,
     "Have the provider sign with one of the section's algorithms; or, if this one is strong enough for "
     "you, add it to algorithms."},
    {JWKSCORE_E_UNKNOWN_KEY,
     "Compare with jwksctl keys, after jwksctl refresh: a key that stays unknown belongs to another "
     "provider or realm, or was withdrawn, and then a new token is needed."},
    {JWKSCORE_E_SIGNATURE,
     "Get a new token: this one was changed on its way, or another made it; if new ones fail too, the "
     "provider has put another key under this name: jwksctl refresh."},
    {JWKSCORE_E_EXPIRED,
     "Get a new token; if this one is new, set this host's clock right, or the provider's."},
    {JWKSCORE_E_NOT_YET_VALID,
     "Set this host's clock right, or the provider's; a difference of up to clock_skew is forgiven."},
    {JWKSCORE_E_ISSUER,
     "Get a token from an issuer that is configured; or, if this one is to be trusted, write its iss, byte "
     "for byte, as the issuer of a section."},
    {JWKSCORE_E_AUDIENCE,
     "Get a token for the client, or API, that audience names; or, if tokens for this one are to open this "
     "host, add it to audience."},
    {JWKSCORE_E_CLAIM,
     "Look at the rule that fails: have the provider put that claim into the token, or this person into that "
     "group, or change the line of jwks.conf that asks for it."},
    {JWKSCORE_E_UNMAPPED,
     "Have the provider put user_claim into the token, as a name that user_match or user_map knows; or "
     "change those."},
    {JWKSCORE_E_USER,
     "Log in as the account that the token is for; or give it this one as well, by user_map or user_match."},
    {JWKSCORE_E_UNBOUND,
     "Make a token for this key (its nonce or cnf must name the key) and offer that key with it; a token "
     "with cnf is of no use at a prompt."},
    {JWKSCORE_E_INCOMPLETE,
     "Send the token in parts, as jwks-askpass does and the prompt then asks for, and copy it whole."},
    {JWKSCORE_E_TOO_LONG,
     "Have the provider put less into the token, groups above all: 16384 bytes are the limit."},
    {JWKSCORE_E_OPAQUE,
     "Take the ID token, which begins with eyJ and has two dots, and not the access or the refresh token."},
    {JWKSCORE_E_ENCRYPTED,
     "Turn off the encryption of ID tokens for this client at the provider; they must be signed only."},
    {JWKSCORE_E_UNSIGNED,
     "Have the provider sign ID tokens for this client with RS256 or ES256; never trust this one."},
    {JWKSCORE_E_SYMMETRIC,
     "Have the provider sign ID tokens for this client with RS256 or ES256 in the place of a shared "
     "secret."},
    {JWKSCORE_E_TYPE,
     "Take the ID token; or, if access tokens are to be accepted, add access to token_type, and the API that "
     "they are for to audience."},
    {JWKSCORE_E_CRITICAL, "Have the provider leave out that extension: nothing here can use it."},
    {JWKSCORE_E_DENIED_KEY,
     "Get a new token, signed with another key; take the key out of denied_key only if it was never "
     "lost."},
    {JWKSCORE_E_ACCOUNT,
     "Log in as another account; or change min_uid, or for root allow_root, if you mean to."},
    {JWKSCORE_E_UNKNOWN_USER,
     "Make the account, or ask why the account database does not have it (getent passwd NAME); a "
     "token makes none."},
    {JWKSCORE_E_SERVICE,
     "Use another issuer's token for this service, or add the issuer to the service's issuers."},

    {JWKSCORE_E_UNREACHABLE,
     "Look at jwksctl status, then try jwksctl refresh, which names the step that fails: name, "
     "connection, TLS or HTTP."},
    {JWKSCORE_E_STALE, "Make the issuer reachable again (jwksctl refresh names the step that fails); "
                       "max_stale says how long an "
                       "outage may last."},
    {JWKSCORE_E_PROVIDER,
     "Fetch the issuer's discovery document and its jwks_uri by hand (curl): what comes is no key set, or "
     "no key of it is usable; jwksctl refresh names the reason."},
    {JWKSCORE_E_SUPPRESSED,
     "Wait until the time that jwksctl status names, or ask at once by jwksctl refresh."},
    {JWKSCORE_E_CLOCK,
     "Set this host's clock, and keep it right (chrony, systemd-timesyncd): until then every token is "
     "refused."},

    {JWKSCORE_E_CONFIG, "Mend the lines that are named; until then no token opens this host."},
    {JWKSCORE_E_UNSAFE_FILE,
     "Give the file that is named, and every folder above it, to root, and let nobody else write there "
     "(chown root, chmod go-w)."},
    {JWKSCORE_E_SYSTEM, "Mend what the message names; run this as root to see what a login sees."},
    {JWKSCORE_E_MEMORY, "Give this host, or whatever limits the process, more memory."},
    {JWKSCORE_E_CRYPTO, "Install this release's OpenSSL anew: it cannot do what every token needs."},
    {JWKSCORE_E_ARGUMENT,
     "Ask with other arguments; if they are right, this is a mistake of ours: report it."},
};

const char *explain_advice(const struct explanation *explanation, enum jwkscore_status status)
{
    if (status == explanation->rules_say.status && explain_blames_certificate(explanation))
        return "Make a new certificate (jwks-login does): signed by the key that it certifies, for this "
               "account and time, with the token in an extension that its issuer's certificate_extension "
               "names.";
    if (status == JWKSCORE_OK && explanation->user == NULL)
        return "Ask with --user, too: whether the account is there and may be used was not looked at.";
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].status == status)
            return table[i].advice;
    return "";
}

void explain_hint(struct explanation *explanation, const char *format, ...)
{
    va_list arguments;
    char *hint = NULL;

    if (explanation->hint_count == HINTS_MAX)
        return;
    va_start(arguments, format);
    if (vasprintf(&hint, format, arguments) < 0)
        explanation->failed = true;
    else
        explanation->hints[explanation->hint_count++] = hint;
    va_end(arguments);
}
