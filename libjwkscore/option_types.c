/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_types.c: what the value of an option must look like.
 *
 * Each function answers NULL, or what is wrong with the value, as the end of a sentence that names it.
 * Lengths and ranges are the table's (options.c), and so is what is the same for every option.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

const char *option_check_line(struct text text)
{
    if (text.length > 0 && memchr(text.bytes, '\0', text.length) != NULL)
        return "holds a NUL byte";
    if (!text_is_utf8(text))
        return "is not UTF-8";
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];

        if (byte == '\r')
            return "holds a carriage return: end lines with LF alone";
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return "holds a control character";
    }
    return NULL;
}

/* ASCII whatever the locale: isalnum would ask it. */
static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_name(struct text name, size_t most, const char *others)
{
    for (size_t i = 0; i < name.length; i++)
        if (!is_alphanumeric(name.bytes[i]) &&
            (name.bytes[i] == '\0' || strchr(others, name.bytes[i]) == NULL))
            return false;
    return name.length >= 1 && name.length <= most;
}

const char *option_check_issuer_name(struct text name)
{
    return is_name(name, 32, "_-") ? NULL : "is no name of an issuer: 1 to 32 of A-Z a-z 0-9 _ -";
}

/* libpam writes PAM_SERVICE in lower case, so a section with a capital would never apply. */
const char *option_check_service_name(struct text name)
{
    for (size_t i = 0; i < name.length; i++)
        if (name.bytes[i] >= 'A' && name.bytes[i] <= 'Z')
            return "is no name of a PAM service: PAM writes them in lower case";
    return is_name(name, 64, "_.-") ? NULL : "is no name of a PAM service: 1 to 64 of a-z 0-9 _ . -";
}

const char *option_parse_flag(struct text value, int64_t *ret_number)
{
    if (!text_is(value, "yes") && !text_is(value, "no"))
        return "must be yes or no";
    *ret_number = text_is(value, "yes");
    return NULL;
}

const char *option_parse_number(struct text value, int64_t *ret_number)
{
    return text_number(value, ret_number) ? NULL : "is not a whole number";
}

/* Seconds, or a number with one suffix.  What does not fit becomes the largest number: no range allows it. */
const char *option_parse_duration(struct text value, int64_t *ret_seconds)
{
    static const struct {
        char suffix;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    int64_t number, seconds = 1;

    for (size_t i = 0; i < ARRAY_LENGTH(units) && value.length > 0; i++) {
        if (value.bytes[value.length - 1] == units[i].suffix) {
            seconds = units[i].seconds;
            value.length--;
            break;
        }
    }
    if (!text_number(value, &number))
        return "is not a duration: a whole number, then s, m, h, d, w or nothing (seconds)";
    *ret_seconds = number > INT64_MAX / seconds ? INT64_MAX : number * seconds;
    return NULL;
}

/* What is not in the table of algorithm.c does not exist, so `none` and HS256 do not. */
const char *option_parse_algorithm(struct text value, int64_t *ret_bit)
{
    const struct algorithm *algorithm = algorithm_find(value);

    if (algorithm == NULL)
        return "is not an algorithm that may sign a token here (asymmetric ones only)";
    *ret_bit = algorithm_bit(algorithm);
    return NULL;
}

const char *option_parse_token_type(struct text value, int64_t *ret_bit)
{
    if (!text_is(value, "id") && !text_is(value, "access"))
        return "is not a type of token: id, access";
    *ret_bit = text_is(value, "id") ? TOKEN_TYPE_ID : TOKEN_TYPE_ACCESS;
    return NULL;
}

const char *option_parse_binding(struct text value, int64_t *ret_bit)
{
    if (text_is(value, "cnf"))
        *ret_bit = BINDING_CNF;
    else if (text_is(value, "nonce"))
        *ret_bit = BINDING_NONCE;
    else if (text_is(value, "none"))
        *ret_bit = BINDING_NONE;
    else
        return "is not a way to bind a token: cnf, nonce, none";
    return NULL;
}

const char *option_check_path(struct text path)
{
    size_t begin = 1;

    if (path.length == 0 || path.bytes[0] != '/')
        return "is not an absolute path";
    if (path.length > 1 && path.bytes[path.length - 1] == '/')
        return "ends in a slash";
    for (size_t i = 1; i <= path.length; i++) {
        if (i == path.length || path.bytes[i] == '/') {
            struct text name = {path.bytes + begin, i - begin};

            if (text_is(name, ".") || text_is(name, ".."))
                return "has a . or .. in it";
            begin = i + 1;
        }
    }
    return NULL;
}

/* A claim by its name, or by a JSON Pointer, in which `~` stands before 0 or 1 only (RFC 6901 section 3). */
const char *option_check_claim(struct text claim)
{
    if (claim.length == 0)
        return "names no claim";
    for (size_t i = 0; claim.bytes[0] == '/' && i < claim.length; i++)
        if (claim.bytes[i] == '~' && (i + 1 == claim.length || strchr("01", claim.bytes[i + 1]) == NULL))
            return "is not a JSON Pointer: ~ stands before 0 or 1 only";
    return NULL;
}

bool option_split_require(const char *text, struct text *ret_claim, struct text *ret_value)
{
    const char *spaced = strstr(text, " = ");
    const char *equals = spaced != NULL ? spaced + 1 : strchr(text, '=');
    struct text claim, value;

    if (equals == NULL)
        return false;
    claim = text_trim((struct text){text, (size_t)(equals - text)});
    value = text_trim(text_from(equals + 1));
    if (claim.length == 0 || value.length == 0)
        return false;
    *ret_claim = claim;
    *ret_value = value;
    return true;
}

const char *option_check_require(struct text rule)
{
    CLEANUP(string_freep) char *copy = text_copy(rule);
    struct text claim, value;

    if (copy == NULL)
        return "cannot be read without memory";
    if (!option_split_require(copy, &claim, &value))
        return "is not CLAIM = VALUE";
    return option_check_claim(claim);
}

/*
 * Only an escape that POSIX or every reader gives one meaning: `\d` would match a `d`, `\1` makes matching
 * take exponential time, and a GNU operator such as `\>` is not what it looks like.
 */
static bool has_strange_escape(struct text pattern)
{
    for (size_t i = 0; i < pattern.length; i++) {
        if (pattern.bytes[i] != '\\')
            continue;
        i++;
        if (i == pattern.length || strchr(".[]\\()*+?{}|^$-/@", pattern.bytes[i]) == NULL)
            return true;
    }
    return false;
}

const char *option_check_pattern(struct text pattern)
{
    CLEANUP(string_freep) char *copy = text_copy(pattern);
    size_t groups;

    if (copy == NULL)
        return "cannot be read without memory";
    if (has_strange_escape(pattern))
        return "has a \\ before something else than one of . [ ] \\ ( ) * + ? { } | ^ $ - / @";
    return pattern_groups(copy, &groups) ? NULL : "is not a POSIX extended regular expression";
}

/* What can be in an account name, and `\1` to `\9`, `\\`: anything else could only ever be refused. */
const char *option_check_user_name(struct text name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.bytes[i];

        if (c == '\\') {
            if (++i == name.length || name.bytes[i] == '\0' || strchr("123456789\\", name.bytes[i]) == NULL)
                return "has a \\ that is not followed by 1 to 9 or \\";
        } else if (c != '_' && c != '-' && (!is_alphanumeric(c) || (c >= 'A' && c <= 'Z'))) {
            return "may hold \\1 to \\9 and what an account name can hold: a-z 0-9 _ -";
        }
    }
    return NULL;
}

/* RFC 4251 section 6: printable, without white space and comma. */
const char *option_check_extension(struct text name)
{
    for (size_t i = 0; i < name.length; i++)
        if (name.bytes[i] <= ' ' || name.bytes[i] > '~' || name.bytes[i] == ',')
            return "is not the name of a certificate extension";
    return NULL;
}

/* Some conversations take a prompt for a format. */
const char *option_check_prompt(struct text prompt)
{
    if (memchr(prompt.bytes, '%', prompt.length) != NULL)
        return "must not hold a %";
    return memchr(prompt.bytes, '\t', prompt.length) == NULL ? NULL : "holds a control character";
}

/* Ours to say: `cert-authority` before a plain key would make it an authority, the others are computed. */
static bool is_reserved(struct text option)
{
    static const char *const reserved[] = {"cert-authority", "principals", "expiry-time"};
    const char *equals = memchr(option.bytes, '=', option.length);
    size_t length = equals == NULL ? option.length : (size_t)(equals - option.bytes);

    for (size_t i = 0; i < ARRAY_LENGTH(reserved); i++)
        if (text_is_any_case((struct text){option.bytes, length}, reserved[i]))
            return true;
    return false;
}

/*
 * Quotes open and close as sshkey_advance_past_options of OpenSSH reads them.  Of what would end the options
 * too early the length is more than there is.
 */
static size_t key_option_length(struct text options)
{
    bool quoted = false;
    size_t i;

    for (i = 0; i < options.length && (quoted || options.bytes[i] != ','); i++)
        if (options.bytes[i] == '\\' && i + 1 < options.length && options.bytes[i + 1] == '"')
            i++;
        else if (options.bytes[i] == '"')
            quoted = !quoted;
        else if (options.bytes[i] < ' ' || options.bytes[i] > '~' || (!quoted && options.bytes[i] == ' '))
            return options.length + 1;
    return quoted ? options.length + 1 : i;
}

/* A blank outside quotes would end the options, an open quote swallow the key: sshd(8), AUTHORIZED_KEYS. */
const char *option_check_key_options(struct text options)
{
    for (;;) {
        size_t length = key_option_length(options);

        if (length > options.length)
            return "has a blank outside of quotes, quotes that do not close, or what is not printable ASCII";
        if (length == 0)
            return "has an empty option";
        if (is_reserved((struct text){options.bytes, length}))
            return "holds an option that is set from the token: cert-authority, principals, expiry-time";
        if (length == options.length)
            return NULL;
        options.bytes += length + 1;
        options.length -= length + 1;
    }
}
