/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.c: a text that is taken for a token has three parts of base64url, a header that allows it, and nothing around it.
 */
#include "fuzz.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where the signature begins: behind the second of exactly two dots. */
static size_t find_signature(const char *text, size_t length)
{
    size_t dots = 0, at = 0;

    for (size_t i = 0; i < length; i++)
        if (text[i] == '.' && ++dots)
            at = i + 1;
    must(dots == 2);
    return at;
}

static void check_header(const struct token *token)
{
    static const char *const never[] = {"crit", "b64", "zip", "enc"};
    struct text alg;

    must(value_member_text(token->header, "alg", &alg) && token->algorithm != NULL &&
         text_is(alg, token->algorithm->name));
    must(strncasecmp(token->algorithm->name, "HS", 2) != 0 &&
         strcasecmp(token->algorithm->name, "none") != 0);
    for (size_t i = 0; i < ARRAY_LENGTH(never); i++)
        must(value_member(token->header, never[i]) == NULL);
    must(token->has_kid == (value_member(token->header, "kid") != NULL));
    must(!token->has_kid || (token->kid.length > 0 && token->kid.length <= KID_MAX));
    must(!token_type_fits(token, 0, true));
    must(token_type_fits(token, TOKEN_TYPE_ID, true) || !token_type_fits(token, TOKEN_TYPE_ID, false));
}

static void check_signature(const struct token *token, const char *text, size_t length)
{
    char again[BASE64_ENCODED_SIZE(sizeof(token->signature))];
    size_t at = find_signature(text, length), whole = algorithm_signature_length(token->algorithm);

    must(token->signed_text.bytes == text && token->signed_text.length == at - 1);
    base64_encode(token->signature, token->signature_length, again);
    must(strlen(again) == length - at && memcmp(again, text + at, length - at) == 0);
    must(token->signature_length >= (whole != 0 ? whole : RSA_BITS_MIN / 8) &&
         token->signature_length <= SIGNATURE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    struct token *token = NULL;
    size_t length;
    char *made = fuzz_token(data, size, &length), *text = realloc(made, length > 0 ? length : 1);

    must(text != NULL);
    if (token_parse((struct text){text, length}, &token, &error) == JWKSCORE_OK) {
        must(length <= TOKEN_MAX && value_type(token->claims) == VALUE_OBJECT);
        check_header(token);
        check_signature(token, text, length);
    } else {
        must(token == NULL && jwkscore_classify(error.status) == JWKSCORE_CLASS_DENIED);
        must(error.message[0] != '\0' && fuzz_is_printable(error.message, strlen(error.message)));
    }
    token_free(token);
    free(text);
    return 0;
}
