/* SPDX-License-Identifier: Apache-2.0 */
/* check_envelope.c: four lines and their hash; whatever is not exactly that counts as absent (CACHE 2). */
#include "support.h"

#include <string.h>

#define HEAD "{\"id\":\"0123\",\"gen\":7}"
#define BODY "{\"keys\":[]}"

static struct text written(const struct crypto *crypto, const char *kind, struct text head, struct text body)
{
    CLEANUP(buffer_freep) struct buffer file = {0};

    ck_assert(envelope_write(crypto, kind, head, body, &file));
    return kept(file.bytes, file.length);
}

static struct text joined(struct text a, struct text b)
{
    CLEANUP(buffer_freep) struct buffer both = {0};

    ck_assert(buffer_append(&both, a) && buffer_append(&both, b));
    return kept(both.bytes, both.length);
}

/* Any bytes with the hash line that belongs behind them. */
static struct text hashed(const struct crypto *crypto, struct text before)
{
    unsigned char digest[SHA256_SIZE];
    const char *hex = "";

    ck_assert(crypto_sha256(crypto, before, digest));
    for (size_t i = 0; i < SHA256_SIZE; i++)
        hex = textf("%s%02x", hex, digest[i]);
    return joined(before, text_from(textf("sha256 %s\n", hex)));
}

/* Parses a copy.  What it refused, it neither took nor touched. */
static enum jwkscore_status parse(const struct crypto *crypto, const char *kind, struct text text,
                                  struct jwkscore_error *error)
{
    struct envelope poison, envelope;
    struct buffer file = {0};
    enum jwkscore_status status;

    memset(&poison, 0x5a, sizeof(poison));
    envelope = poison;
    *error = (struct jwkscore_error){JWKSCORE_OK, ""};
    ck_assert(buffer_append(&file, text));
    status = envelope_parse(crypto, kind, &file, &envelope, error);
    if (status == JWKSCORE_OK) {
        ck_assert_ptr_null(file.bytes);
        envelope_clear(&envelope);
    } else {
        ck_assert_int_eq(memcmp(&envelope, &poison, sizeof(poison)), 0);
        ck_assert_uint_eq(file.length, text.length);
        ck_assert_int_eq(error->status, status);
    }
    buffer_freep(&file);
    return status;
}

/* `wrong`: what the message says; NULL: it is right. */
static void expect(const struct crypto *crypto, struct text text, const char *wrong)
{
    struct jwkscore_error error;
    enum jwkscore_status status = parse(crypto, "keys", text, &error);

    if (wrong == NULL)
        ck_assert_msg(status == JWKSCORE_OK, "%s: refused: %s", text.bytes, error.message);
    else
        ck_assert_msg(status == JWKSCORE_E_PROVIDER && strstr(error.message, wrong) != NULL, "%s: \"%s\", not \"%s\"",
                      text.bytes, error.message, wrong);
}

START_TEST(what_was_written_is_read)
{
    static const char *const kinds[] = {"keys", "discovery", "state"};
    struct crypto *crypto = crypto_new();

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        struct text text = written(crypto, kinds[i], TEXT(HEAD), TEXT(BODY));
        struct envelope envelope;
        struct buffer file = {0};

        ck_assert(buffer_append(&file, text));
        ck_assert_status(envelope_parse(crypto, kinds[i], &file, &envelope, NULL), JWKSCORE_OK);
        ck_assert(value_is(value_member(envelope.head, "id"), "0123"));
        ck_assert(text_equal(envelope.body, TEXT(BODY)));
        ck_assert(envelope.body.bytes > (char *)envelope.file.bytes);
        envelope_clear(&envelope);
        ck_assert_ptr_null(envelope.file.bytes);
        ck_assert_ptr_null(envelope.head);
    }
    crypto_free(crypto);
}
END_TEST

/* The form on disk is a promise: older files must be read by newer programs. */
START_TEST(the_form_is_as_documented)
{
    struct crypto *crypto = crypto_new();
    struct text text = written(crypto, "keys", TEXT("{}"), TEXT("{\"keys\":[]}"));

    /* printf 'jwks-cache 1 keys\n{}\n{"keys":[]}\n' | sha256sum */
    ck_assert_str_eq(text.bytes, "jwks-cache 1 keys\n{}\n{\"keys\":[]}\n"
                                 "sha256 0759a9295728ed28f54424f656ddb21bad2acb9e84f51857bf541a5caf777330\n");
    crypto_free(crypto);
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
    struct crypto *crypto = crypto_new();
    struct text text = written(crypto, "keys", TEXT(HEAD), TEXT(BODY));

    expect(crypto, text, NULL);
    for (size_t bit = 0; bit < text.length * 8; bit++) {
        struct text torn = kept(text.bytes, text.length);

        ((char *)torn.bytes)[bit / 8] = (char)(torn.bytes[bit / 8] ^ 1 << bit % 8);
        expect(crypto, torn, "checksum");
    }
    crypto_free(crypto);
}
END_TEST

START_TEST(every_length_but_the_right_one_is_noticed)
{
    struct crypto *crypto = crypto_new();
    struct text text = written(crypto, "keys", TEXT(HEAD), TEXT(BODY));

    for (size_t length = 0; length < text.length; length++)
        expect(crypto, kept(text.bytes, length), length <= 72 ? "too short" : "checksum");
    expect(crypto, joined(text, TEXT("\n")), "checksum");
    expect(crypto, joined(text, (struct text){"", 1}), "checksum");
    expect(crypto, joined(text, text), "checksum");
    crypto_free(crypto);
}
END_TEST

/* The hash is right in all of these: it says nothing about who wrote what. */
START_TEST(a_right_hash_is_not_enough)
{
    static const struct {
        const char *before, *wrong;
    } rows[] = {
        {"jwks-cache 1 keys\n" HEAD "\n" BODY "\n", NULL},
        {"jwks-cache 1 discovery\n" HEAD "\n" BODY "\n", "kind `keys`"},
        {"jwks-cache 1 state\n" HEAD "\n" BODY "\n", "kind `keys`"},
        {"jwks-cache 1 key\n" HEAD "\n" BODY "\n", "kind `keys`"},
        {"jwks-cache 1 keysx\n" HEAD "\n" BODY "\n", "kind `keys`"},
        {"jwks-cache 1 Keys\n" HEAD "\n" BODY "\n", "kind `keys`"},
        {"jwks-cache 1 \n" HEAD "\n" BODY "\n", "kind `keys`"},
        {"jwks-cache 2 keys\n" HEAD "\n" BODY "\n", "version 1"},
        {"jwks-cache 10 keys\n" HEAD "\n" BODY "\n", "version 1"},
        {"jwks-cache 1 keys\r\n" HEAD "\n" BODY "\n", "not a cache file"},
        {" jwks-cache 1 keys\n" HEAD "\n" BODY "\n", "not a cache file"},
        {"jwks-cache 1 keys\n" HEAD "\n", "not a cache file"},
        {"jwks-cache 1 keys\n", "not a cache file"},
        {"jwks-cache 1 keys", "not a cache file"},
        {HEAD "\n" BODY "\n", "not a cache file"},
        {"jwks-cache 1 keys\n" HEAD "\n" BODY "\n\n", "not a cache file"},
        {"jwks-cache 1 keys\n" HEAD "\n" BODY "\n" BODY "\n", "not a cache file"},
        {"jwks-cache 1 keys\n\n" HEAD "\n" BODY "\n", "not a cache file"},
        {"jwks-cache 1 keys\n" HEAD "\n" BODY, "not a cache file"},
    };
    struct crypto *crypto = crypto_new();

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        expect(crypto, hashed(crypto, text_from(rows[i].before)), rows[i].wrong);
    crypto_free(crypto);
}
END_TEST

START_TEST(the_header_is_strict_json)
{
    static const char *const heads[] = {
        "", "[]", "\"keys\"", "{\"a\":1,\"a\":1}", "{\"a\":1}x", "{'a':1}", "{\"a\":\"\\u0000\"}", "{\"a\":NaN}",
        "{\"a\":1",
    };
    struct crypto *crypto = crypto_new();

    expect(crypto, written(crypto, "keys", TEXT("{\"a\":1}"), TEXT(BODY)), NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(heads); i++) {
        struct jwkscore_error error;

        ck_assert_msg(parse(crypto, "keys", written(crypto, "keys", text_from(heads[i]), TEXT(BODY)), &error) ==
                          JWKSCORE_E_MALFORMED, "%s", heads[i]);
    }
    crypto_free(crypto);
}
END_TEST

int main(void)
{
    return RUN("envelope", what_was_written_is_read, the_form_is_as_documented, every_flipped_bit_is_noticed,
               every_length_but_the_right_one_is_noticed, a_right_hash_is_not_enough, the_header_is_strict_json);
}
