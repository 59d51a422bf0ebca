/* SPDX-License-Identifier: Apache-2.0 */
/* check_token.c: a token has one spelling, and a header says nothing that changes what it means (S1 to S10, B, H1 to H10). */
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* 64 octets of zero: what ES256 and EdDSA take for a signature's length. */
static const char zeros[64];
static const struct text signature64 = {zeros, sizeof(zeros)};

#define ES256 "{\"alg\":\"ES256\"}"

/* Parses; on failure *ret_token must be as it was and the message must keep the token's text to itself. */
static enum jwkscore_status parse(struct text text, struct token **ret_token)
{
    struct token *const poison = (struct token *)(uintptr_t)&zeros;
    struct token *token = poison;
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status = token_parse(text, &token, &error);

    ck_assert_int_eq(error.status, status);
    ck_assert((status == JWKSCORE_OK) == (error.message[0] == '\0'));
    expect_discreet(&error, text);
    ck_assert((status == JWKSCORE_OK) == (token != poison));
    *ret_token = status == JWKSCORE_OK ? token : NULL;
    return status;
}

static enum jwkscore_status judge(struct text text)
{
    CLEANUP(token_freep) struct token *token = NULL;

    return parse(text, &token);
}

static enum jwkscore_status judge_text(const char *text)
{
    return judge(text_from(text));
}

static enum jwkscore_status judge_header(const char *header)
{
    return judge_text(mint_join(header, "{}", signature64));
}

static const char *good(void)
{
    return mint_join(ES256, "{\"iss\":\"i\"}", signature64);
}

START_TEST(a_token_is_taken_apart)
{
    const char *text = mint_join("{\"alg\":\"EdDSA\",\"kid\":\"k\\u002f1\",\"typ\":\"JWT\"}", "{\"iss\":\"i\"}", signature64);
    CLEANUP(token_freep) struct token *token = NULL;

    ck_assert_status(parse(text_from(text), &token), JWKSCORE_OK);
    ck_assert_str_eq(token->algorithm->name, "EdDSA");
    ck_assert(token->has_kid && text_is(token->kid, "k/1") && text_is(token->typ, "JWT"));
    ck_assert(value_is(value_member(token->claims, "iss"), "i"));
    ck_assert_uint_eq(token->signature_length, 64);
    ck_assert_mem_eq(token->signature, zeros, 64);
    ck_assert_ptr_eq(token->signed_text.bytes, text); /* S9: the raw text, where it stands */
    ck_assert_uint_eq(token->signed_text.length, (size_t)(strrchr(text, '.') - text));
}
END_TEST

START_TEST(a_token_without_kid_and_typ_has_none)
{
    CLEANUP(token_freep) struct token *token = NULL;

    ck_assert_status(parse(text_from(good()), &token), JWKSCORE_OK);
    ck_assert(!token->has_kid && token->kid.length == 0 && token->typ.length == 0);
}
END_TEST

/* S1: the length says where it ends, and nothing else does. */
START_TEST(a_nul_is_no_end)
{
    const char *text = good();
    struct text with_nul = kept(text, strlen(text) + 1), inside = kept(text, strlen(text));

    ck_assert_status(judge(inside), JWKSCORE_OK);
    ck_assert_status(judge(with_nul), JWKSCORE_E_MALFORMED);
    *(char *)(inside.bytes + 4) = '\0';
    ck_assert_status(judge(inside), JWKSCORE_E_MALFORMED);
    ck_assert_status(judge((struct text){textf("%s.x", text), strlen(text)}), JWKSCORE_OK);
}
END_TEST

/* A token of exactly so many bytes: the payload is filled up, a character of padding per byte where 4 fits. */
static struct text token_of_length(size_t wanted)
{
    const char *text = "";

    for (size_t fill = wanted * 3 / 4 - 200; strlen(text) < wanted; fill++) {
        text = mint_join(ES256, textf("{\"a\":\"%s\"}", repeated("a", fill)), signature64);
        if (strlen(text) > wanted) /* base64 jumps from 4n to 4n + 2; a longer header makes up for it */
            text = mint_join("{\"alg\":\"ES256\"} ", textf("{\"a\":\"%s\"}", repeated("a", fill - 2)), signature64);
    }
    ck_assert_uint_eq(strlen(text), wanted);
    return text_from(text);
}

/* S2: refused by its length alone, whatever it holds. */
START_TEST(a_token_has_at_most_16384_bytes)
{
    ck_assert_status(judge(token_of_length(TOKEN_MAX)), JWKSCORE_OK);
    ck_assert_status(judge(token_of_length(TOKEN_MAX + 1)), JWKSCORE_E_TOO_LONG);
    ck_assert_status(judge((struct text){zeros, SIZE_MAX}), JWKSCORE_E_TOO_LONG); /* not one byte is read */
    ck_assert_status(judge(text_from(repeated(" ", TOKEN_MAX))), JWKSCORE_E_MALFORMED);
}
END_TEST

/* S3 to S8: what stands for the good header, payload and signature is H, P and S. */
START_TEST(a_token_has_three_parts_that_are_not_empty)
{
    static const struct {
        const char *form;
        enum jwkscore_status status;
    } forms[] = {
        {"H.P.S", JWKSCORE_OK},
        {"", JWKSCORE_E_MALFORMED},
        {".", JWKSCORE_E_MALFORMED},
        {"..", JWKSCORE_E_MALFORMED},
        {".P.S", JWKSCORE_E_MALFORMED},
        {"H..S", JWKSCORE_E_MALFORMED}, /* RFC 7515 appendix F: a detached payload */
        {"..S", JWKSCORE_E_MALFORMED},
        {"H.P.", JWKSCORE_E_INCOMPLETE},
        {"H.P", JWKSCORE_E_INCOMPLETE},
        {"H.", JWKSCORE_E_INCOMPLETE},
        {"H", JWKSCORE_E_INCOMPLETE},
        {"H.P.S.", JWKSCORE_E_MALFORMED},
        {"H.P.S.S", JWKSCORE_E_MALFORMED},
        {"H.P.S.S.S", JWKSCORE_E_ENCRYPTED},
        {"H....", JWKSCORE_E_ENCRYPTED},
        {"H.P.S.S.S.S", JWKSCORE_E_MALFORMED},
        {".H.P.S", JWKSCORE_E_MALFORMED},
        {"S", JWKSCORE_E_OPAQUE},
        {"S.S", JWKSCORE_E_MALFORMED},
        {" H.P.S", JWKSCORE_E_MALFORMED}, /* S7: nothing is trimmed */
        {"H.P.S ", JWKSCORE_E_MALFORMED},
        {"H.P.S\n", JWKSCORE_E_MALFORMED},
        {"H.P.S\r\n", JWKSCORE_E_MALFORMED},
        {"\"H.P.S\"", JWKSCORE_E_MALFORMED},
        {"Bearer H.P.S", JWKSCORE_E_MALFORMED},
        {"\xef\xbb\xbfH.P.S", JWKSCORE_E_MALFORMED},
        {"H .P.S", JWKSCORE_E_MALFORMED},
        {"H.P.S=", JWKSCORE_E_MALFORMED},
        {"{\"payload\":\"P\",\"signatures\":[]}", JWKSCORE_E_MALFORMED}, /* S6 */
    };

    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        const char *text = "";

        for (const char *c = forms[i].form; *c != '\0'; c++)
            text = *c == 'H'   ? textf("%s%s", text, encoded(TEXT(ES256)))
                   : *c == 'P' ? textf("%s%s", text, encoded(TEXT("{}")))
                   : *c == 'S' ? textf("%s%s", text, encoded(signature64))
                               : textf("%s%c", text, *c);
        ck_assert_msg(judge_text(text) == forms[i].status, "%s", forms[i].form);
    }
}
END_TEST

/* S5: cut or whole; its first part says `enc`. */
START_TEST(an_encrypted_token_is_called_one)
{
    const char *header = encoded(TEXT("{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}"));

    ck_assert_status(judge_text(textf("%s.a.b.c.d", header)), JWKSCORE_E_ENCRYPTED);
    ck_assert_status(judge_text(textf("%s.a.b.c", header)), JWKSCORE_E_ENCRYPTED);
    ck_assert_status(judge_text(textf("%s.a.b.c", encoded(TEXT(ES256)))), JWKSCORE_E_MALFORMED);
    ck_assert_status(judge_text(textf("%s..b.c.d", header)), JWKSCORE_E_ENCRYPTED); /* alg dir: an empty second part */
}
END_TEST

/* Every byte but the alphabet's 64 and the dot refuses, at the begin, in the middle and at the end (B1, B4). */
START_TEST(only_base64url_bytes_stand_in_a_token)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *text = good();
    size_t length = strlen(text);

    for (int byte = 0; byte < 256; byte++) {
        const size_t places[] = {0, length / 2, length - 1};

        if (byte == '.' || (byte != 0 && strchr(alphabet, byte) != NULL))
            continue;
        for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
            struct text changed = kept(text, length);

            *(char *)(changed.bytes + places[i]) = (char)byte;
            ck_assert_msg(judge(changed) == JWKSCORE_E_MALFORMED, "byte 0x%02x at %zu", (unsigned)byte, places[i]);
        }
    }
}
END_TEST

/* B2, B3: in each part, a length that encodes nothing, and spare bits that are set. */
START_TEST(each_part_has_one_spelling)
{
    const char *h = encoded(TEXT(ES256 " ")); /* 16 octets: 4 spare bits */
    const char *p = encoded(TEXT("{} "));     /* 3 octets: none */
    const char *p1 = encoded(TEXT("{}"));     /* 2 octets: 2 spare bits */
    const char *s = encoded(signature64);     /* 64 octets: 4 spare bits */

    ck_assert_uint_eq(strlen(h) % 4, 2);
    ck_assert_status(judge_text(textf("%s.%s.%s", h, p, s)), JWKSCORE_OK);
    ck_assert_status(judge_text(textf("%s.%s.%s", h, p1, s)), JWKSCORE_OK);
    ck_assert_status(judge_text(textf("%.*sB.%s.%s", (int)strlen(h) - 1, h, p, s)), JWKSCORE_E_MALFORMED);
    ck_assert_status(judge_text(textf("%s.%.*s1.%s", h, (int)strlen(p1) - 1, p1, s)), JWKSCORE_E_MALFORMED);
    ck_assert_status(judge_text(textf("%s.%s.%.*sB", h, p, (int)strlen(s) - 1, s)), JWKSCORE_E_MALFORMED);
    ck_assert_status(judge_text(textf("%s.%sA.%s", h, p, s)), JWKSCORE_E_MALFORMED); /* 4n + 1 */
    ck_assert_status(judge_text(textf("%sAAA.%s.%s", h, p, s)), JWKSCORE_E_MALFORMED);
}
END_TEST

/* --- the header --- */

static const struct {
    const char *header;
    enum jwkscore_status status;
} headers[] = {
    {ES256, JWKSCORE_OK},
    {" {\n\t\"alg\" : \"ES256\" }\r\n", JWKSCORE_OK},
    {"{\"\\u0061lg\":\"ES256\"}", JWKSCORE_OK},
    {"[\"ES256\"]", JWKSCORE_E_MALFORMED}, /* J8 */
    {"\"ES256\"", JWKSCORE_E_MALFORMED},
    {"null", JWKSCORE_E_MALFORMED},
    {"{\"alg\":\"ES256\"", JWKSCORE_E_MALFORMED},
    {"{\"alg\":\"ES256\"}}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":\"ES256\"}{}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":\"none\",\"alg\":\"ES256\"}", JWKSCORE_E_MALFORMED}, /* J3 */
    {"{\"alg\":\"ES256\",\"\\u0061lg\":\"ES256\"}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":\"ES256\",\"a\":{\"b\":1,\"b\":1}}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":\"ES256\\u0000\"}", JWKSCORE_E_MALFORMED}, /* J4 */
    {"{\"alg\":\"ES256\",\"a\":\"\xff\"}", JWKSCORE_E_MALFORMED},
    {"{'alg':'ES256'}", JWKSCORE_E_MALFORMED},
    /* H1: required, a string, byte for byte */
    {"{}", JWKSCORE_E_MALFORMED},
    {"{\"ALG\":\"ES256\"}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":null}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":256}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":true}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":[\"ES256\"]}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":{\"ES256\":1}}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":\"\"}", JWKSCORE_E_ALGORITHM},
    {"{\"alg\":\"es256\"}", JWKSCORE_E_ALGORITHM},
    {"{\"alg\":\"ES256 \"}", JWKSCORE_E_ALGORITHM},
    {"{\"alg\":\"ES2567\"}", JWKSCORE_E_ALGORITHM},
    {"{\"alg\":\"ES256K\"}", JWKSCORE_E_ALGORITHM},
    {"{\"alg\":\"RSA-OAEP\"}", JWKSCORE_E_ALGORITHM},
    /* H2: neither exists; the names of their kind are refused under it */
    {"{\"alg\":\"none\"}", JWKSCORE_E_UNSIGNED},
    {"{\"alg\":\"None\"}", JWKSCORE_E_UNSIGNED},
    {"{\"alg\":\"nOnE\"}", JWKSCORE_E_UNSIGNED},
    {"{\"alg\":\"nonesuch\"}", JWKSCORE_E_ALGORITHM},
    {"{\"alg\":\"HS256\"}", JWKSCORE_E_SYMMETRIC},
    {"{\"alg\":\"HS384\"}", JWKSCORE_E_SYMMETRIC},
    {"{\"alg\":\"hs512\"}", JWKSCORE_E_SYMMETRIC},
    /* H6, H7: whatever the value */
    {"{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"crit\":[]}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"crit\":null}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"crit\":\"b64\"}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"crit\":false}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"Crit\":[\"exp\"]}", JWKSCORE_OK},
    {"{\"alg\":\"ES256\",\"b64\":true}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"b64\":false}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"zip\":\"DEF\"}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"zip\":null}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"enc\":\"A256GCM\"}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"cty\":\"JWT\"}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"cty\":\"jwt\"}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"cty\":\"application/JWT\"}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"cty\":7}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"cty\":null}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"cty\":\"json\"}", JWKSCORE_OK},
    {"{\"alg\":\"ES256\",\"cty\":\"JW\"}", JWKSCORE_OK},
    /* H9, H10: never read, so anything goes */
    {"{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"},\"jku\":\"https://evil\",\"x5u\":1,\"x5c\":[],\"x5t\":null}", JWKSCORE_OK},
    {"{\"alg\":\"ES256\",\"x5t#S256\":\"a\",\"unknown\":[{}]}", JWKSCORE_OK},
    /* K2 */
    {"{\"alg\":\"ES256\",\"kid\":\"k\"}", JWKSCORE_OK},
    {"{\"alg\":\"ES256\",\"kid\":\"../../etc/passwd\"}", JWKSCORE_OK},
    {"{\"alg\":\"ES256\",\"kid\":\"\"}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":\"ES256\",\"kid\":1}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":\"ES256\",\"kid\":null}", JWKSCORE_E_MALFORMED},
    {"{\"alg\":\"ES256\",\"kid\":[\"k\"]}", JWKSCORE_E_MALFORMED},
    /* H8: a non-string */
    {"{\"alg\":\"ES256\",\"typ\":\"whatever\"}", JWKSCORE_OK},
    {"{\"alg\":\"ES256\",\"typ\":\"\"}", JWKSCORE_E_TYPE},
    {"{\"alg\":\"ES256\",\"typ\":null}", JWKSCORE_E_TYPE},
    {"{\"alg\":\"ES256\",\"typ\":[\"JWT\"]}", JWKSCORE_E_TYPE},
};

START_TEST(a_header_says_what_it_may_and_no_more)
{
    for (size_t i = 0; i < ARRAY_LENGTH(headers); i++)
        ck_assert_msg(judge_header(headers[i].header) == headers[i].status, "%s", headers[i].header);
}
END_TEST

START_TEST(a_kid_has_at_most_256_bytes)
{
    ck_assert_status(judge_header(mint_header("ES256", repeated("k", KID_MAX))), JWKSCORE_OK);
    ck_assert_status(judge_header(mint_header("ES256", repeated("k", KID_MAX + 1))), JWKSCORE_E_MALFORMED);
}
END_TEST

/* S8, J: the payload is as strict as the header; no token, no text, no array. */
START_TEST(a_payload_is_one_strict_object)
{
    static const struct {
        const char *payload;
        enum jwkscore_status status;
    } payloads[] = {
        {"{}", JWKSCORE_OK},
        {"{\"a\":[1,2,{\"b\":null}]}", JWKSCORE_OK},
        {"[]", JWKSCORE_E_MALFORMED},
        {"7", JWKSCORE_E_MALFORMED},
        {" ", JWKSCORE_E_MALFORMED},
        {"{\"iss\":\"a\",\"iss\":\"a\"}", JWKSCORE_E_MALFORMED},
        {"{\"exp\":NaN}", JWKSCORE_E_MALFORMED},
        {"{\"exp\":12345678901234567890}", JWKSCORE_E_MALFORMED}, /* J9: 20 digits */
        {"{\"exp\":1234567890123456789}", JWKSCORE_OK},
        {"\xef\xbb\xbf{}", JWKSCORE_E_MALFORMED}, /* J2: a BOM */
        {"eyJhbGciOiJFUzI1NiJ9.e30.AA", JWKSCORE_E_MALFORMED},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(payloads); i++)
        ck_assert_msg(judge_text(mint_join(ES256, payloads[i].payload, signature64)) == payloads[i].status, "%s",
                      payloads[i].payload);
    ck_assert_status(judge_text(mint_join(ES256, textf("{\"a\":%s%s}", repeated("[", 31), repeated("]", 31)), signature64)),
                     JWKSCORE_OK); /* J6: depth 32 */
    ck_assert_status(judge_text(mint_join(ES256, textf("{\"a\":%s%s}", repeated("[", 32), repeated("]", 32)), signature64)),
                     JWKSCORE_E_MALFORMED);
}
END_TEST

int main(void)
{
    return RUN("token", a_token_is_taken_apart, a_token_without_kid_and_typ_has_none, a_nul_is_no_end,
               a_token_has_at_most_16384_bytes, a_token_has_three_parts_that_are_not_empty, an_encrypted_token_is_called_one,
               only_base64url_bytes_stand_in_a_token, each_part_has_one_spelling, a_header_says_what_it_may_and_no_more,
               a_kid_has_at_most_256_bytes, a_payload_is_one_strict_object);
}
