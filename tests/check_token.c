/* SPDX-License-Identifier: Apache-2.0 */
/* check_token.c: three parts, each in its one spelling; what was cut is called so (S1 to S9, B). */
#include "support.h"
#include "wiped.h"

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

static const char *good(void)
{
    return mint_join(ES256, "{\"iss\":\"i\"}", signature64);
}

START_TEST(a_token_is_taken_apart)
{
    const char *text = mint_join("{\"alg\":\"EdDSA\",\"kid\":\"k\\u002f1\",\"typ\":\"JWT\"}",
                                 "{\"iss\":\"i\"}", signature64);
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

/* D4 */
START_TEST(what_is_kept_of_a_token_is_wiped)
{
    struct token *token = NULL;

    ck_assert_status(parse(text_from(good()), &token), JWKSCORE_OK);
    wiped = 0;
    token_free(token);
    ck_assert_uint_eq(wiped, sizeof(*token));
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

/* A token of exactly so many bytes: its payload is filled up. */
static struct text token_of_length(size_t wanted)
{
    const char *text = "";

    for (size_t fill = wanted * 3 / 4 - 200; strlen(text) < wanted; fill++) {
        text = mint_join(ES256, textf("{\"a\":\"%s\"}", repeated("a", fill)), signature64);
        if (strlen(text) > wanted) /* base64 jumps from 4n to 4n + 2; a longer header makes up for it */
            text = mint_join("{\"alg\":\"ES256\"} ", textf("{\"a\":\"%s\"}", repeated("a", fill - 2)),
                             signature64);
    }
    ck_assert_uint_eq(strlen(text), wanted);
    return text_from(text);
}

/* S2: refused by its length alone, whatever it holds. */
START_TEST(a_token_has_at_most_16384_bytes)
{
    ck_assert_status(judge(token_of_length(TOKEN_MAX)), JWKSCORE_OK);
    ck_assert_status(judge(token_of_length(TOKEN_MAX + 1)), JWKSCORE_E_TOO_LONG);
    ck_assert_status(token_parse((struct text){zeros, SIZE_MAX}, NULL, NULL),
                     JWKSCORE_E_TOO_LONG); /* unread */
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

/* S4: by its length alone, before anything is decoded. */
START_TEST(an_empty_part_is_named)
{
    const char *part = encoded(TEXT(ES256));
    struct jwkscore_error first = {JWKSCORE_OK, ""}, second = {JWKSCORE_OK, ""};

    ck_assert_status(token_parse(text_from(textf(".%s.%s", part, part)), NULL, &first), JWKSCORE_E_MALFORMED);
    ck_assert_str_eq(first.message, "the token's first part is empty");
    ck_assert_status(token_parse(text_from(textf("%s..%s", part, part)), NULL, &second),
                     JWKSCORE_E_MALFORMED);
    ck_assert_str_eq(second.message, "the token's second part is empty");
}
END_TEST

/* S5: cut or whole; its first part says `enc`. */
START_TEST(an_encrypted_token_is_called_one)
{
    const char *header = encoded(TEXT("{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}"));

    ck_assert_status(judge_text(textf("%s.a.b.c.d", header)), JWKSCORE_E_ENCRYPTED);
    ck_assert_status(judge_text(textf("%s.a.b.c", header)), JWKSCORE_E_ENCRYPTED);
    ck_assert_status(judge_text(textf("%s.a.b.c", encoded(TEXT(ES256)))), JWKSCORE_E_MALFORMED);
    ck_assert_status(judge_text(textf("%s..b.c.d", header)),
                     JWKSCORE_E_ENCRYPTED); /* alg dir: an empty second part */
}
END_TEST

/* Every byte but the alphabet's 64 and the dot refuses: as first, in the middle, as last (B1, B4). */
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
            ck_assert_msg(judge(changed) == JWKSCORE_E_MALFORMED, "byte 0x%02x at %zu", (unsigned)byte,
                          places[i]);
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

/* --- the signature --- */

/* Clients cut tokens, mostly inside the signature; a person can mend that, so it has a name of its own. */
static const struct {
    const char *alg;
    size_t characters;
    enum jwkscore_status status;
} signatures[] = {
    {"ES256", 86, JWKSCORE_OK},
    {"ES256", 85, JWKSCORE_E_INCOMPLETE},
    {"ES256", 0, JWKSCORE_E_INCOMPLETE},
    {"ES256", 88, JWKSCORE_OK}, /* too long: the key's to say */
    {"ES384", 128, JWKSCORE_OK},
    {"ES384", 127, JWKSCORE_E_INCOMPLETE},
    {"ES384", 86, JWKSCORE_E_INCOMPLETE},
    {"ES512", 176, JWKSCORE_OK},
    {"ES512", 175, JWKSCORE_E_INCOMPLETE},
    {"EdDSA", 86, JWKSCORE_OK},
    {"EdDSA", 84, JWKSCORE_E_INCOMPLETE},
    {"Ed25519", 83, JWKSCORE_E_INCOMPLETE},
    {"RS256", 342, JWKSCORE_OK},
    {"RS256", 341, JWKSCORE_E_INCOMPLETE},
    {"RS256", 340, JWKSCORE_E_INCOMPLETE},
    {"RS256", 345, JWKSCORE_E_INCOMPLETE}, /* nothing is 4n + 1 long: cut from more */
    {"PS256", 512, JWKSCORE_OK},
    {"PS256", 509, JWKSCORE_E_INCOMPLETE},
    {"RS512", 683, JWKSCORE_OK},
    {"RS256", 1366, JWKSCORE_OK},
    {"RS256", 1368, JWKSCORE_E_MALFORMED},
    {"RS256", 4000, JWKSCORE_E_MALFORMED},
};

START_TEST(a_signature_that_cannot_be_whole_was_cut)
{
    for (size_t i = 0; i < ARRAY_LENGTH(signatures); i++) {
        const char *text = textf("%s.%s.%s", encoded(text_from(mint_header(signatures[i].alg, NULL))),
                                 encoded(TEXT("{}")), repeated("A", signatures[i].characters));

        ck_assert_msg(judge_text(text) == signatures[i].status, "%s of %zu", signatures[i].alg,
                      signatures[i].characters);
    }
}
END_TEST

/* A real token, cut after any character: never parsed, and always the mistake that the person made. */
START_TEST(a_cut_anywhere_is_called_one)
{
    static const char *const algs[] = {"RS256", "ES256", "ES512", "EdDSA"};

    for (size_t i = 0; i < ARRAY_LENGTH(algs); i++) {
        const char *text = mint_good(algs[i], "k", mint_claims(NULL));

        ck_assert_status(judge_text(text), JWKSCORE_OK);
        for (size_t length = 3; length < strlen(text); length++)
            ck_assert_msg(judge((struct text){text, length}) == JWKSCORE_E_INCOMPLETE, "%s, %zu of %zu",
                          algs[i], length, strlen(text));
    }
}
END_TEST

int main(void)
{
    return RUN("token", a_token_is_taken_apart, what_is_kept_of_a_token_is_wiped,
               a_token_without_kid_and_typ_has_none, a_nul_is_no_end, a_token_has_at_most_16384_bytes,
               a_token_has_three_parts_that_are_not_empty, an_empty_part_is_named,
               an_encrypted_token_is_called_one, only_base64url_bytes_stand_in_a_token,
               each_part_has_one_spelling, a_signature_that_cannot_be_whole_was_cut,
               a_cut_anywhere_is_called_one);
}
