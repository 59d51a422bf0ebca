/* SPDX-License-Identifier: Apache-2.0 */
/* check_token_header.c: strict JSON, and no header changes what a token means (J, H1 to H10, S8). */
#include "support.h"

#include <string.h>

/* 64 octets of zero: what ES256 and EdDSA take for a signature's length. */
static const char zeros[64];
static const struct text signature64 = {zeros, sizeof(zeros)};

#define ES256 "{\"alg\":\"ES256\"}"

/* On failure *ret_token must be as it was, and the message must keep the token's text to itself. */
static enum jwkscore_status judge(const char *header, const char *payload)
{
    const char *text = mint_join(header, payload, signature64);
    struct token *const poison = (struct token *)(uintptr_t)&zeros;
    struct token *token = poison;
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    enum jwkscore_status status = token_parse(text_from(text), &token, &error);

    ck_assert_int_eq(error.status, status);
    expect_discreet(&error, text_from(text));
    ck_assert((status == JWKSCORE_OK) == (token != poison));
    if (status == JWKSCORE_OK)
        token_free(token);
    return status;
}

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
    {"{\"alg\":\"ES256\",\"enc\":\"A256GCM\"}", JWKSCORE_E_ENCRYPTED},
    {"{\"alg\":\"dir\",\"enc\":null}", JWKSCORE_E_ENCRYPTED},
    {"{\"alg\":\"none\",\"enc\":\"A256GCM\"}", JWKSCORE_E_ENCRYPTED},
    {"{\"alg\":\"ES256\",\"cty\":\"JWT\"}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"cty\":\"jwt\"}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"cty\":\"application/JWT\"}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"cty\":7}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"cty\":null}", JWKSCORE_E_CRITICAL},
    {"{\"alg\":\"ES256\",\"cty\":\"json\"}", JWKSCORE_OK},
    {"{\"alg\":\"ES256\",\"cty\":\"JW\"}", JWKSCORE_OK},
    /* H9, H10: never read, so anything goes */
    {"{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"},\"jku\":\"https://"
     "evil\",\"x5u\":1,\"x5c\":[],\"x5t\":null}",
     JWKSCORE_OK},
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
        ck_assert_msg(judge(headers[i].header, "{}") == headers[i].status, "%s", headers[i].header);
}
END_TEST

START_TEST(a_kid_has_at_most_256_bytes)
{
    ck_assert_status(judge(mint_header("ES256", repeated("k", KID_MAX)), "{}"), JWKSCORE_OK);
    ck_assert_status(judge(mint_header("ES256", repeated("k", KID_MAX + 1)), "{}"), JWKSCORE_E_MALFORMED);
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
        ck_assert_msg(judge(ES256, payloads[i].payload) == payloads[i].status, "%s", payloads[i].payload);
    ck_assert_status(judge(ES256, textf("{\"a\":%s%s}", repeated("[", 31), repeated("]", 31))),
                     JWKSCORE_OK); /* J6: depth 32 */
    ck_assert_status(judge(ES256, textf("{\"a\":%s%s}", repeated("[", 32), repeated("]", 32))),
                     JWKSCORE_E_MALFORMED);
}
END_TEST

/* --- typ --- */

/* H8: whole, in any case, `application/` optional; what a key's proof allows, and nothing else does. */
static const struct {
    const char *typ; /* NULL: absent */
    bool id, access, id_with_key;
} types[] = {
    {NULL, true, false, true},
    {"JWT", true, false, true},
    {"jwt", true, false, true},
    {"application/jwt", true, false, true},
    {"APPLICATION/JWT", true, false, true},
    {"at+jwt", false, true, false},
    {"AT+JWT", false, true, false},
    {"application/at+jwt", false, true, false},
    {"dpop+id_token", false, false, true},
    {"application/dpop+id_token", false, false, true},
    {"dpop+jwt", false, false, false},
    {"logout+jwt", false, false, false},
    {"secevent+jwt", false, false, false},
    {"kb+jwt", false, false, false},
    {"JWT ", false, false, false},
    {"JW", false, false, false},
    {"JWTS", false, false, false},
    {"application/", false, false, false},
    {"application/application/jwt", false, false, false},
    {"text/jwt", false, false, false},
    {"at+jwt+jwt", false, false, false},
};

START_TEST(a_type_fits_the_kind_of_token_that_is_wanted)
{
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        const char *header =
            types[i].typ == NULL ? ES256 : textf("{\"alg\":\"ES256\",\"typ\":\"%s\"}", types[i].typ);
        CLEANUP(token_freep) struct token *token = NULL;

        ck_assert_status(token_parse(text_from(mint_join(header, "{}", signature64)), &token, NULL),
                         JWKSCORE_OK);
        ck_assert_msg(token_type_fits(token, TOKEN_TYPE_ID, false) == types[i].id &&
                          token_type_fits(token, TOKEN_TYPE_ACCESS, false) == types[i].access &&
                          token_type_fits(token, TOKEN_TYPE_ID, true) == types[i].id_with_key &&
                          token_type_fits(token, TOKEN_TYPE_ACCESS, true) == types[i].access &&
                          token_type_fits(token, TOKEN_TYPE_ID | TOKEN_TYPE_ACCESS, false) ==
                              (types[i].id || types[i].access) &&
                          !token_type_fits(token, 0, true),
                      "%s", types[i].typ == NULL ? "(absent)" : types[i].typ);
    }
}
END_TEST

/* The payload's own `typ` (Keycloak's) and the case of the member's name say nothing. */
START_TEST(only_the_headers_typ_counts)
{
    CLEANUP(token_freep) struct token *token = NULL;
    const char *text =
        mint_join("{\"alg\":\"ES256\",\"Typ\":\"at+jwt\"}", "{\"typ\":\"at+jwt\"}", signature64);

    ck_assert_status(token_parse(text_from(text), &token, NULL), JWKSCORE_OK);
    ck_assert(token_type_fits(token, TOKEN_TYPE_ID, false) &&
              !token_type_fits(token, TOKEN_TYPE_ACCESS, false));
}
END_TEST

int main(void)
{
    return RUN("token_header", a_header_says_what_it_may_and_no_more, a_kid_has_at_most_256_bytes,
               a_payload_is_one_strict_object, a_type_fits_the_kind_of_token_that_is_wanted,
               only_the_headers_typ_counts);
}
