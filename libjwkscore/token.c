/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.c: a compact JWS taken apart, and the rules of its header (RFC 7515 section 7.1, RFC 8725 section 3).
 *
 * Nothing is trimmed, mended, inflated or unwrapped: a token has one spelling.  What commonly goes wrong has a status
 * of its own, because the person can mend it: cut off, opaque, encrypted.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS = 3, PARTS_ENCRYPTED = 5 };

void token_free(struct token *token)
{
    if (token == NULL)
        return;
    value_free(token->header);
    value_free(token->claims);
    explicit_bzero(token, sizeof(*token));
    free(token);
}

void token_freep(struct token **token)
{
    token_free(*token);
}

static bool is_token_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* Every JSON object that is a header begins so in base64url: `{"`. */
static bool begins_like_header(struct text text)
{
    return text.length >= 3 && memcmp(text.bytes, "eyJ", 3) == 0;
}

/* Decodes one part and parses it as an object; `name` is for the error.  json-c never sees more than one part. */
static enum jwkscore_status decode_object(struct text part, const char *name, struct value **ret_value,
                                          struct jwkscore_error *error)
{
    CLEANUP(buffer_freep) struct buffer json = {malloc(BASE64_DECODED_MAX(part.length)), 0};
    struct jwkscore_error why = {JWKSCORE_OK, ""};
    enum jwkscore_status status;

    if (json.bytes == NULL)
        return error_memory(error);
    if (!base64_decode(part, json.bytes, &json.length))
        return error_set(error, JWKSCORE_E_MALFORMED, "the %s is not base64url", name);
    status = value_parse((struct text){(const char *)json.bytes, json.length}, ret_value, &why);
    if (jwkscore_classify(status) == JWKSCORE_CLASS_FAULT)
        return error_set(error, status, "%s", why.message);
    if (status != JWKSCORE_OK)
        return error_set(error, JWKSCORE_E_MALFORMED, "the %s: %s", name, why.message);
    return JWKSCORE_OK;
}

/* A JWE that was cut: four parts, and a header that says how it is encrypted. */
static bool has_encryption(struct text header)
{
    CLEANUP(value_freep) struct value *value = NULL;

    return decode_object(header, "header", &value, NULL) == JWKSCORE_OK && value_member(value, "enc") != NULL;
}

/* What is wrong with a text of `dots` dots that is no compact JWS. */
static enum jwkscore_status refuse_shape(struct text text, size_t dots, struct text header, struct jwkscore_error *error)
{
    if (dots == PARTS_ENCRYPTED - 1 || (dots == PARTS && has_encryption(header)))
        return error_set(error, JWKSCORE_E_ENCRYPTED, "%zu parts: an encrypted token (JWE); only signed ones can be verified",
                         dots + 1);
    if (dots < PARTS - 1 && begins_like_header(text))
        return error_set(error, JWKSCORE_E_INCOMPLETE, "the token ends after %zu characters, in its %s part", text.length,
                         dots == 0 ? "first" : "second");
    if (dots == 0)
        return error_set(error, JWKSCORE_E_OPAQUE,
                         "%zu characters without a dot: an opaque access token? the ID token is wanted", text.length);
    return error_set(error, JWKSCORE_E_MALFORMED, "%zu dots where a signed token has two", dots);
}

/* S2-S6: one bounded scan finds the three parts. */
static enum jwkscore_status split_parts(struct text text, struct text parts[PARTS], struct jwkscore_error *error)
{
    size_t dots = 0, start = 0;

    if (text.length == 0)
        return error_set(error, JWKSCORE_E_MALFORMED, "the token is empty");
    if (text.length > TOKEN_MAX)
        return error_set(error, JWKSCORE_E_TOO_LONG, "the token is %zu bytes long, over the limit of %d", text.length,
                         TOKEN_MAX);
    for (size_t i = 0; i < text.length; i++) {
        if (!is_token_byte(text.bytes[i]))
            return error_set(error, JWKSCORE_E_MALFORMED, "byte %zu of %zu cannot be in a token", i + 1, text.length);
        if (text.bytes[i] != '.')
            continue;
        if (dots < PARTS - 1)
            parts[dots] = (struct text){text.bytes + start, i - start};
        dots++;
        start = i + 1;
    }
    if (dots != PARTS - 1)
        return refuse_shape(text, dots, parts[0], error);
    parts[PARTS - 1] = (struct text){text.bytes + start, text.length - start};
    if (parts[0].length == 0 || parts[1].length == 0)
        return error_set(error, JWKSCORE_E_MALFORMED, "the token's %s part is empty",
                         parts[0].length == 0 ? "first" : "second");
    return JWKSCORE_OK;
}

/* H1, H2: compared byte for byte with the table.  The other names are known only to be refused by theirs. */
static enum jwkscore_status read_algorithm(struct token *token, struct jwkscore_error *error)
{
    struct text name;
    char quoted[QUOTED_SIZE];

    if (!value_member_text(token->header, "alg", &name))
        return error_set(error, JWKSCORE_E_MALFORMED, "the header has no `alg` that is a string");
    token->algorithm = algorithm_find(name);
    if (token->algorithm != NULL)
        return JWKSCORE_OK;
    error_quote(quoted, name);
    if (text_is_any_case(name, "none"))
        return error_set(error, JWKSCORE_E_UNSIGNED, "alg \"%s\": the token is not signed", quoted);
    if (name.length >= 2 && text_is_any_case((struct text){name.bytes, 2}, "HS"))
        return error_set(error, JWKSCORE_E_SYMMETRIC, "alg \"%s\" is symmetric: whoever verifies could forge it", quoted);
    return error_set(error, JWKSCORE_E_ALGORITHM, "alg \"%s\" is not known", quoted);
}

/* The first three parts of a JWE look like a JWS; `enc` (RFC 7516 section 4.1.2) tells, before its `alg` is looked at. */
static enum jwkscore_status refuse_encrypted(const struct token *token, struct jwkscore_error *error)
{
    if (value_member(token->header, "enc") == NULL)
        return JWKSCORE_OK;
    return error_set(error, JWKSCORE_E_ENCRYPTED, "the header has `enc`: an encrypted token (JWE); only signed ones can be verified");
}

/* H6, H7: what changes the meaning of a token, and what wraps another one, is refused whatever its value. */
static enum jwkscore_status refuse_critical(const struct token *token, struct jwkscore_error *error)
{
    static const char *const never[] = {"crit", "b64", "zip"};
    const struct value *cty = value_member(token->header, "cty");
    struct text type;

    for (size_t i = 0; i < ARRAY_LENGTH(never); i++)
        if (value_member(token->header, never[i]) != NULL)
            return error_set(error, JWKSCORE_E_CRITICAL, "the header has `%s`, which is not supported", never[i]);
    if (cty == NULL)
        return JWKSCORE_OK;
    if (!value_text(cty, &type))
        return error_set(error, JWKSCORE_E_CRITICAL, "the header's `cty` is not a string");
    if (text_is_any_case(type, "JWT") || text_is_any_case(type, "application/jwt"))
        return error_set(error, JWKSCORE_E_CRITICAL, "a token inside a token (`cty` is JWT)");
    return JWKSCORE_OK;
}

static enum jwkscore_status read_names(struct token *token, struct jwkscore_error *error)
{
    const struct value *kid = value_member(token->header, "kid");
    const struct value *typ = value_member(token->header, "typ");

    if (kid != NULL && (!value_text(kid, &token->kid) || token->kid.length == 0 || token->kid.length > KID_MAX))
        return error_set(error, JWKSCORE_E_MALFORMED, "the header's `kid` is not a string of 1 to %d bytes", KID_MAX);
    token->has_kid = kid != NULL;
    if (typ != NULL && (!value_text(typ, &token->typ) || token->typ.length == 0))
        return error_set(error, JWKSCORE_E_TYPE, "the header's `typ` is not a string");
    return JWKSCORE_OK;
}

/*
 * A cut inside the signature leaves three good parts, so its length has to tell.  RSA's is known only with the key: what
 * does not decode may be a longer one that was cut.
 */
static bool looks_cut(const struct token *token, size_t length, bool decodes)
{
    size_t whole = algorithm_signature_length(token->algorithm);

    if (whole == 0 && !decodes)
        return length < BASE64_ENCODED_SIZE(SIGNATURE_MAX) - 1;
    return length < BASE64_ENCODED_SIZE(whole != 0 ? whole : RSA_BITS_MIN / 8) - 1;
}

static enum jwkscore_status read_signature(struct token *token, struct text part, struct jwkscore_error *error)
{
    bool decodes = part.length <= BASE64_ENCODED_SIZE(SIGNATURE_MAX) - 1 &&
                   base64_decode(part, token->signature, &token->signature_length);

    if (looks_cut(token, part.length, decodes))
        return error_set(error, JWKSCORE_E_INCOMPLETE, "the signature is cut off after %zu characters", part.length);
    if (!decodes)
        return error_set(error, JWKSCORE_E_MALFORMED, "the signature is not base64url, or longer than any key's");
    return JWKSCORE_OK;
}

enum jwkscore_status token_parse(struct text text, struct token **ret_token, struct jwkscore_error *error)
{
    CLEANUP(token_freep) struct token *token = NULL;
    struct text parts[PARTS] = {{NULL, 0}};
    enum jwkscore_status status = split_parts(text, parts, error);

    if (status != JWKSCORE_OK)
        return status;
    token = calloc(1, sizeof(*token));
    if (token == NULL)
        return error_memory(error);
    token->signed_text = (struct text){text.bytes, parts[0].length + 1 + parts[1].length};
    if ((status = decode_object(parts[0], "header", &token->header, error)) != JWKSCORE_OK ||
        (status = refuse_encrypted(token, error)) != JWKSCORE_OK ||
        (status = read_algorithm(token, error)) != JWKSCORE_OK ||
        (status = refuse_critical(token, error)) != JWKSCORE_OK ||
        (status = read_names(token, error)) != JWKSCORE_OK ||
        (status = decode_object(parts[1], "payload", &token->claims, error)) != JWKSCORE_OK ||
        (status = read_signature(token, parts[2], error)) != JWKSCORE_OK)
        return status; /* NOLINT(clang-analyzer-unix.Malloc): it does not know CLEANUP */
    *ret_token = token;
    token = NULL;
    return JWKSCORE_OK;
}

/* In place, of a document that was scanned: every escape undone, and all that is beyond ASCII a `?`. */
static struct text undo_escapes(char *document, size_t length)
{
    const char *at = document, *end = document + length;
    char *out = document;

    while (at < end) {
        uint32_t character = jsonstring_character(&at, end);

        *out++ = character < 0x80 ? (char)character : '?';
    }
    return (struct text){document, (size_t)(out - document)};
}

/* Without a backslash nothing is escaped, and the text stands there as it is, or not at all. */
static bool holds(struct text payload, struct text text)
{
    CLEANUP(buffer_freep) struct buffer json = {malloc(BASE64_DECODED_MAX(payload.length)), 0};
    struct text document;

    if (json.bytes == NULL || !base64_decode(payload, json.bytes, &json.length))
        return true;
    document = (struct text){(const char *)json.bytes, json.length};
    if (memchr(document.bytes, '\\', document.length) != NULL) {
        if (scan_object(document, NULL) != JWKSCORE_OK)
            return true;
        document = undo_escapes((char *)json.bytes, json.length);
    }
    return memmem(document.bytes, document.length, text.bytes, text.length) != NULL;
}

int jwkscore_token_may_hold(const char *token, size_t length, const char *text)
{
    struct text parts[PARTS] = {{NULL, 0}};

    if (token == NULL || text == NULL || split_parts((struct text){token, length}, parts, NULL) != JWKSCORE_OK)
        return 1;
    return holds(parts[1], text_from(text));
}

/* H8: the media type of RFC 7515 section 4.1.9, whole and in any case; its `application/` may be left out. */
bool token_type_fits(const struct token *token, int64_t token_types, bool proven)
{
    static const struct {
        const char *typ;
        int64_t bit;
        bool wants_key;
    } types[] = {
        {"", TOKEN_TYPE_ID, false},
        {"JWT", TOKEN_TYPE_ID, false},
        {"at+jwt", TOKEN_TYPE_ACCESS, false},
        {"dpop+id_token", TOKEN_TYPE_ID, true},
    };
    static const char prefix[] = "application/";
    enum { PREFIX = sizeof(prefix) - 1 };
    struct text typ = token->typ;

    if (typ.length > PREFIX && text_is_any_case((struct text){typ.bytes, PREFIX}, prefix))
        typ = (struct text){typ.bytes + PREFIX, typ.length - PREFIX};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (text_is_any_case(typ, types[i].typ))
            return (token_types & types[i].bit) != 0 && (proven || !types[i].wants_key);
    return false;
}
