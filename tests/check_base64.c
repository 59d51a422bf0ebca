/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_base64.c: a value has one spelling; keys alone may have others, and only those that providers send.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define URL_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

typedef bool decoder(struct text, unsigned char *, size_t *);

/* Refused, and nothing was written. */
static bool refuses(decoder *decode, struct text text)
{
    unsigned char *bytes = malloc(BASE64_DECODED_MAX(text.length));
    size_t length = 77;
    bool refused, untouched = true;

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 0xa5, BASE64_DECODED_MAX(text.length));
    refused = !decode(text, bytes, &length);
    for (size_t i = 0; i < BASE64_DECODED_MAX(text.length); i++) {
        untouched = untouched && bytes[i] == 0xa5;
    }
    free(bytes);
    return refused && untouched && length == 77;
}

/* Decodes to this, in exactly the room that the macro promises. */
static bool gives(decoder *decode, struct text text, struct text expected)
{
    unsigned char *bytes = malloc(BASE64_DECODED_MAX(text.length));
    size_t length = 77;
    bool given;

    ck_assert_ptr_nonnull(bytes);
    given = decode(text, bytes, &length) && text_equal((struct text){(char *)bytes, length}, expected);
    free(bytes);
    return given;
}

/* RFC 4648 section 10, without padding, and what tells the two alphabets apart. */
static const struct {
    struct text plain, coded, padded;
} vectors[] = {
    {TEXT(""), TEXT(""), TEXT("")},
    {TEXT("f"), TEXT("Zg"), TEXT("Zg==")},
    {TEXT("fo"), TEXT("Zm8"), TEXT("Zm8=")},
    {TEXT("foo"), TEXT("Zm9v"), TEXT("Zm9v")},
    {TEXT("foob"), TEXT("Zm9vYg"), TEXT("Zm9vYg==")},
    {TEXT("fooba"), TEXT("Zm9vYmE"), TEXT("Zm9vYmE=")},
    {TEXT("foobar"), TEXT("Zm9vYmFy"), TEXT("Zm9vYmFy")},
    {TEXT("\xfb\xff\xbf"), TEXT("-_-_"), TEXT("+/+/")},
    {TEXT("\0"), TEXT("AA"), TEXT("AA==")},
    {TEXT("\xff"), TEXT("_w"), TEXT("/w==")},
};

START_TEST(known_vectors)
{
    for (size_t i = 0; i < ARRAY_LENGTH(vectors); i++) {
        char coded[32];
        base64_encode((const unsigned char *)vectors[i].plain.bytes, vectors[i].plain.length, coded);
        ck_assert(text_is(vectors[i].coded, coded));
        ck_assert(gives(base64_decode, vectors[i].coded, vectors[i].plain));
        ck_assert(gives(base64_decode_lenient, vectors[i].coded, vectors[i].plain));
        ck_assert(gives(base64_decode_lenient, vectors[i].padded, vectors[i].plain));
        ck_assert_int_eq(refuses(base64_decode, vectors[i].padded),
                         !text_equal(vectors[i].padded, vectors[i].coded));
    }
    ck_assert(gives(base64_decode, (struct text){NULL, 0}, TEXT("")));
    ck_assert(gives(base64_decode_lenient, (struct text){NULL, 0}, TEXT("")));
}
END_TEST

/* The rule once more, in the plainest words: a digit's value, or -1. */
static int value_of(char c, bool lenient)
{
    const char *found = c == '\0' ? NULL : strchr(URL_ALPHABET, c);

    if (lenient && (c == '+' || c == '/')) {
        return c == '+' ? 62 : 63;
    }
    return found == NULL ? -1 : (int)(found - URL_ALPHABET);
}

static bool is_right(struct text text, bool lenient)
{
    static const int multiple[] = {1, 0, 16, 4}; /* that the last digit must be, for its spare bits to be 0 */
    bool whole = text.length > 0 && text.length % 4 == 0;

    if (lenient && whole && text.bytes[text.length - 1] == '=') {
        text.length -= text.bytes[text.length - 2] == '=' ? 2 : 1;
    }
    for (size_t i = 0; i < text.length; i++) {
        if (value_of(text.bytes[i], lenient) < 0) {
            return false;
        }
    }
    if (text.length == 0) {
        return true;
    }
    return text.length % 4 != 1 &&
           value_of(text.bytes[text.length - 1], lenient) % multiple[text.length % 4] == 0;
}

/* Each byte at each place of texts of 1 to 9 bytes. */
static void sweep(decoder *decode, bool lenient)
{
    for (size_t length = 1; length < 10; length++) {
        for (size_t change = 0; change < length * 256; change++) {
            char bytes[] = "AAAAAAAAA";
            struct text text = {bytes, length};
            bytes[change / 256] = (char)(unsigned char)(change % 256);
            if (refuses(decode, text) == is_right(text, lenient)) {
                ck_abort_msg("%zu bytes, %zu at %zu", length, change % 256, change / 256);
            }
        }
    }
}

START_TEST(every_byte_everywhere)
{
    sweep(base64_decode, false);
    sweep(base64_decode_lenient, true);
}
END_TEST

/* Of 64 last digits 4 are good behind one, and 16 behind two: those whose spare bits are 0. */
START_TEST(spare_bits_are_zero)
{
    for (size_t digit = 0; digit < 64; digit++) {
        char two[] = {'Z', URL_ALPHABET[digit]}, three[] = {'Z', 'm', URL_ALPHABET[digit]};
        char four[] = {'Z', URL_ALPHABET[digit], '=', '='};
        ck_assert_int_eq(refuses(base64_decode, (struct text){two, 2}), digit % 16 != 0);
        ck_assert_int_eq(refuses(base64_decode, (struct text){three, 3}), digit % 4 != 0);
        ck_assert_int_eq(refuses(base64_decode_lenient, (struct text){two, 2}), digit % 16 != 0);
        ck_assert_int_eq(refuses(base64_decode_lenient, (struct text){three, 3}), digit % 4 != 0);
        ck_assert_int_eq(refuses(base64_decode_lenient, (struct text){four, 4}), digit % 16 != 0);
    }
}
END_TEST

START_TEST(lenient_has_limits)
{
    static const char *const refused[] = {
        "Zg=",   "Zg===", "Zg====", "Zm8==",  "Zm9v=",  "Zm9v==",   "Zm9v====", "=",
        "==",    "===",   "====",   "=Zg=",   "Z=g=",   "Zg=A",     "Z===",     "Zg ==",
        "Zg== ", " Zg==", "Zg\n",   "Zg\n==", "Zg==\n", "Zm9v\r\n", "Zm9v\t",   "Zm9v\v",
        "Zm,v",  "Zm9v.", "Zh==",   "Zm9=",   "Z",      "Zm9vY",    "Zg==Zg==", "Zm8=Zm8=",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
        ck_assert_msg(refuses(base64_decode_lenient, text_from(refused[i])), "%s", refused[i]);
        ck_assert_msg(refuses(base64_decode, text_from(refused[i])), "%s", refused[i]);
    }
    ck_assert(gives(base64_decode_lenient, TEXT("Zg=="), TEXT("f")));
    ck_assert(gives(base64_decode_lenient, TEXT("-/+_"), TEXT("\xfb\xff\xbf")));
}
END_TEST

/* What lies behind the length is not looked at. */
START_TEST(length_ends_the_text)
{
    ck_assert(gives(base64_decode, (struct text){"Zm9v!", 4}, TEXT("foo")));
    ck_assert(refuses(base64_decode, TEXT("Zm9v!")));
    ck_assert(refuses(base64_decode, TEXT("Zm\0v")));
    ck_assert(refuses(base64_decode, TEXT("Zm8\0")));
}
END_TEST

START_TEST(all_lengths_there_and_back)
{
    unsigned char bytes[600];
    uint32_t random = 1;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        random = random * 1103515245 + 12345;
        bytes[i] = (unsigned char)(random >> 16);
    }
    for (size_t length = 0; length <= sizeof(bytes); length++) {
        char *coded = malloc(BASE64_ENCODED_SIZE(length));
        ck_assert_ptr_nonnull(coded);
        base64_encode(bytes, length, coded);
        ck_assert_uint_eq(strlen(coded) + 1, BASE64_ENCODED_SIZE(length));
        ck_assert(gives(base64_decode, text_from(coded), (struct text){(char *)bytes, length}));
        free(coded);
    }
}
END_TEST

/* Every text of three digits that decodes is what its bytes are encoded as: one spelling a value. */
START_TEST(one_spelling)
{
    int decoded = 0;

    for (size_t digits = 0; digits < 64 * 64 * 64; digits++) {
        char text[] = {URL_ALPHABET[digits / 4096], URL_ALPHABET[digits / 64 % 64],
                       URL_ALPHABET[digits % 64]};
        unsigned char bytes[5];
        char coded[8];
        size_t length;
        if (!base64_decode((struct text){text, 3}, bytes, &length)) {
            continue;
        }
        base64_encode(bytes, length, coded);
        if (!text_is((struct text){text, 3}, coded)) {
            ck_abort_msg("%.3s", text);
        }
        decoded++;
    }
    ck_assert_int_eq(decoded, 256 * 256);
}
END_TEST

int main(void)
{
    return RUN("base64", known_vectors, every_byte_everywhere, spare_bits_are_zero, lenient_has_limits,
               length_ends_the_text, all_lengths_there_and_back, one_spelling);
}
