/* SPDX-License-Identifier: Apache-2.0 */
/* check_base64.c: a value has one spelling; keys alone may have others, and only those that providers send. */
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

/* Each byte at each place of texts of 1 to 9 bytes: a digit, or a refusal. */
START_TEST(every_byte_everywhere)
{
    for (size_t length = 2; length < 10; length++) {
        for (size_t place = 0; place < length; place++) {
            for (int byte = 0; byte < 256; byte++) {
                char bytes[] = "AAAAAAAAA";
                struct text text = {bytes, length};
                bool digit = byte != 0 && strchr(URL_ALPHABET, byte) != NULL;
                bool other = byte == '+' || byte == '/';
                bool padding = byte == '=' && place == length - 1 && length % 4 == 0;
                bool spare = place == length - 1 && length % 4 != 0; /* looked at below */
                bytes[place] = (char)(unsigned char)byte;
                if (length % 4 == 1 || !digit) {
                    ck_assert_msg(refuses(base64_decode, text), "%zu %zu %d", length, place, byte);
                } else if (!spare) {
                    ck_assert_msg(!refuses(base64_decode, text), "%zu %zu %d", length, place, byte);
                }
                if (length % 4 == 1 || !(digit || other || padding)) {
                    ck_assert_msg(refuses(base64_decode_lenient, text), "%zu %zu %d", length, place, byte);
                } else if (!spare) {
                    ck_assert_msg(!refuses(base64_decode_lenient, text), "%zu %zu %d", length, place, byte);
                }
            }
        }
    }
    for (int byte = 0; byte < 256; byte++) {
        char single = (char)(unsigned char)byte;
        ck_assert(refuses(base64_decode, (struct text){&single, 1}));
        ck_assert(refuses(base64_decode_lenient, (struct text){&single, 1}));
    }
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
    for (size_t digits = 0; digits < 64 * 64 * 64; digits++) {
        char text[] = {URL_ALPHABET[digits / 4096], URL_ALPHABET[digits / 64 % 64],
                       URL_ALPHABET[digits % 64]};
        unsigned char bytes[5];
        char coded[8];
        size_t length;
        if (base64_decode((struct text){text, 3}, bytes, &length)) {
            base64_encode(bytes, length, coded);
            ck_assert(text_is((struct text){text, 3}, coded));
        }
    }
}
END_TEST

int main(void)
{
    return RUN("base64", known_vectors, every_byte_everywhere, spare_bits_are_zero, lenient_has_limits,
               length_ends_the_text, all_lengths_there_and_back, one_spelling);
}
