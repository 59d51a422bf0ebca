/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.c: a status, its class, its word, its sentence, and the one line that says what happened.
 *
 * What stands in a message may have come from a token, a server or a file name, so whatever is not printable
 * ASCII is replaced here, where every message passes.
 */
#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { QUOTED_BYTES = 64 };

struct status_text {
    enum jwkscore_status status;
    const char *word, *sentence;
};

/* Logs use the words, so a released word never changes.  What is not in this table is a fault. */
static const struct status_text status_texts[] = {
    {JWKSCORE_OK, "ok", "allowed"},

    {JWKSCORE_E_MALFORMED, "malformed", "this is not a well-formed token"},
    {JWKSCORE_E_ALGORITHM, "algorithm", "the token's algorithm is not one that its issuer may use"},
    {JWKSCORE_E_UNKNOWN_KEY, "unknown-key", "the issuer has no such key"},
    {JWKSCORE_E_SIGNATURE, "signature", "the signature does not verify"},
    {JWKSCORE_E_EXPIRED, "expired", "the token has expired"},
    {JWKSCORE_E_NOT_YET_VALID, "not-yet-valid", "the token is not valid yet"},
    {JWKSCORE_E_ISSUER, "issuer", "the token's issuer is not configured"},
    {JWKSCORE_E_AUDIENCE, "audience", "the token is for another audience"},
    {JWKSCORE_E_CLAIM, "claim", "a claim is missing, of the wrong type, or breaks a rule"},
    {JWKSCORE_E_UNMAPPED, "unmapped", "the token names no account"},
    {JWKSCORE_E_USER, "user", "the token is not for this account"},
    {JWKSCORE_E_UNBOUND, "unbound", "the token is not bound to the key it came with"},
    {JWKSCORE_E_INCOMPLETE, "incomplete", "the token was cut off"},
    {JWKSCORE_E_TOO_LONG, "too-long", "the token is too long"},
    {JWKSCORE_E_OPAQUE, "opaque", "this is an opaque token, or none at all; an ID token is needed"},
    {JWKSCORE_E_ENCRYPTED, "encrypted", "the token is encrypted"},
    {JWKSCORE_E_UNSIGNED, "unsigned", "the token is not signed"},
    {JWKSCORE_E_SYMMETRIC, "symmetric", "the token is signed with a shared secret"},
    {JWKSCORE_E_TYPE, "type", "the token is of another kind than its issuer's section wants"},
    {JWKSCORE_E_CRITICAL, "critical", "the token's header demands an extension that is not supported"},
    {JWKSCORE_E_DENIED_KEY, "denied-key", "the token was signed with a key that is denied here"},
    {JWKSCORE_E_ACCOUNT, "account", "the account may not be used with a token"},
    {JWKSCORE_E_UNKNOWN_USER, "unknown-user", "the account does not exist"},
    {JWKSCORE_E_SERVICE, "service", "the service does not accept this token"},

    {JWKSCORE_E_UNREACHABLE, "unreachable", "there are no keys, and the issuer cannot be reached"},
    {JWKSCORE_E_STALE, "stale", "the keys are too old, and there are no newer ones to be had"},
    {JWKSCORE_E_PROVIDER, "provider", "the issuer answered with nothing usable"},
    {JWKSCORE_E_SUPPRESSED, "suppressed", "new keys would be needed, and asking for them is held back"},
    {JWKSCORE_E_CLOCK, "clock", "this host's clock is wrong"},

    {JWKSCORE_E_CONFIG, "config", "the configuration is not usable"},
    {JWKSCORE_E_UNSAFE_FILE, "unsafe-file", "others could change a file or a folder that must be trusted"},
    {JWKSCORE_E_SYSTEM, "system", "a system call failed"},
    {JWKSCORE_E_MEMORY, "memory", "there is no memory"},
    {JWKSCORE_E_CRYPTO, "crypto", "the cryptographic library failed"},
    {JWKSCORE_E_ARGUMENT, "argument", "a wrong argument was given"},
};

static const struct status_text *find_status(enum jwkscore_status status)
{
    for (size_t i = 0; i < ARRAY_LENGTH(status_texts); i++)
        if (status_texts[i].status == status)
            return &status_texts[i];
    return NULL;
}

enum jwkscore_class jwkscore_classify(enum jwkscore_status status)
{
    if (find_status(status) == NULL)
        return JWKSCORE_CLASS_FAULT;
    switch ((unsigned)status >> 8) {
    case 0:
        return JWKSCORE_CLASS_OK;
    case 1:
        return JWKSCORE_CLASS_DENIED;
    case 2:
        return JWKSCORE_CLASS_UNAVAILABLE;
    default:
        return JWKSCORE_CLASS_FAULT;
    }
}

const char *jwkscore_reason(enum jwkscore_status status)
{
    const struct status_text *found = find_status(status);

    return found == NULL ? "unknown" : found->word;
}

const char *jwkscore_strerror(enum jwkscore_status status)
{
    const struct status_text *found = find_status(status);

    return found == NULL ? "unknown status" : found->sentence;
}

const char *jwkscore_version(void)
{
    return clock_version;
}

static bool is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

/* One byte of a stranger's text as it may stand between double quotes; returns how many bytes that takes. */
static size_t quote_byte(char c, char ret_quoted[static 4])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;

    if (is_printable(c) && c != '"' && c != '\\') {
        ret_quoted[0] = c;
        return 1;
    }
    ret_quoted[0] = '\\';
    ret_quoted[1] = 'x';
    ret_quoted[2] = digits[byte >> 4];
    ret_quoted[3] = digits[byte & 0xf];
    return 4;
}

const char *jwkscore_quote(char *out, size_t size, const char *text, size_t length)
{
    static const char cut[] = "...";
    size_t taken = 0, used = 0;

    if (size == 0)
        return out;
    for (; taken < length && taken < QUOTED_BYTES; taken++) {
        char quoted[4];
        size_t width = quote_byte(text[taken], quoted);
        if (width >= size - used)
            break;
        memcpy(out + used, quoted, width);
        used += width;
    }
    if (taken < length && sizeof(cut) <= size - used) {
        memcpy(out + used, cut, sizeof(cut) - 1);
        used += sizeof(cut) - 1;
    }
    out[used] = '\0';
    return out;
}

const char *error_quote(char out[static QUOTED_SIZE], struct text text)
{
    return jwkscore_quote(out, QUOTED_SIZE, text.bytes, text.length);
}

/* The innermost error is the most exact, and it comes first: later ones do not replace it. */
enum jwkscore_status error_set(struct jwkscore_error *error, enum jwkscore_status status, const char *format,
                               ...)
{
    va_list arguments;

    if (error == NULL || error->status != JWKSCORE_OK)
        return status;
    error->status = status;
    va_start(arguments, format);
    if (vsnprintf(error->message, sizeof(error->message), format, arguments) < 0)
        error->message[0] = '\0';
    va_end(arguments);
    for (char *c = error->message; *c != '\0'; c++)
        *c = is_printable(*c) ? *c : '?';
    return status;
}

enum jwkscore_status error_memory(struct jwkscore_error *error)
{
    return error_set(error, JWKSCORE_E_MEMORY, "no memory");
}

/* What says nothing about the thing asked for: memory, and descriptors, which whoever calls sudo can make scarce. */
static bool lacks_resources(int number)
{
    return number == ENOMEM || number == EMFILE || number == ENFILE;
}

/* Not strerror: it follows the host's locale, and its buffer may be shared with the host's other threads. */
enum jwkscore_status error_system(struct jwkscore_error *error, const char *what, int number)
{
    const char *name = strerrorname_np(number);
    const char *sentence = strerrordesc_np(number);

    if (name == NULL || sentence == NULL)
        return error_set(error, JWKSCORE_E_SYSTEM, "%s: error %d", what, number);
    return error_set(error, lacks_resources(number) ? JWKSCORE_E_MEMORY : JWKSCORE_E_SYSTEM, "%s: %s (%s)",
                     what, sentence, name);
}
