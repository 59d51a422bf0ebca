/* SPDX-License-Identifier: Apache-2.0 */
/* check_verify.c: which key signed, which is denied; the administrator's own set (K1 to K6, CACHE 15). */
#include "support.h"

#include <string.h>

static const char *const algorithms[] = {"RS256", "RS384", "RS512", "PS256", "PS384",  "PS512",
                                         "ES256", "ES384", "ES512", "EdDSA", "Ed25519"};

/* Asks the jwks_file "keys" of the room; what is found is written to *ret_verified or left as it was. */
static enum jwkscore_status verify_at(const char *lines, const char *text, int64_t now,
                                      struct jwkscore_error *error)
{
    CLEANUP(config_freep)
    struct jwkscore_config *config =
        config_loaded(textf("%sjwks_file = %s\nalgorithms = %s\n%s", CORP, room_path("keys"),
                            "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519", lines));
    CLEANUP(token_freep) struct token *token = NULL;
    struct keys_request request = {.config = config, .issuer = corp(config), .now = now};
    struct verified verified = {.state = CACHE_STALE, .age = 77, .vanished = true};
    struct jwkscore_error why = {JWKSCORE_OK, ""};
    enum jwkscore_status status;

    ck_assert_status(token_parse(text_from(text), &token, NULL), JWKSCORE_OK);
    request.token = token;
    status = keys_verify(&request, &verified, &why);
    ck_assert_int_eq(why.status, status);
    expect_discreet(&why, text_from(text));
    if (status == JWKSCORE_OK)
        ck_assert(verified.state == CACHE_FILE && verified.age == 0 && !verified.vanished);
    else
        ck_assert(verified.state == CACHE_STALE && verified.age == 77 && verified.vanished);
    if (error != NULL)
        *error = why;
    return status;
}

static enum jwkscore_status verify(const char *lines, const char *text)
{
    return verify_at(lines, text, NOW, NULL);
}

static const char *signed_by(const struct mint_key *key, const char *alg, const char *kid)
{
    return mint_token(key, alg, mint_header(alg, kid), mint_claims(NULL));
}

static void put_keys(const char *set)
{
    room_write("keys", set);
}

static const char *named(const struct mint_key *key, const char *kid)
{
    return mint_jwk(key, textf("\"kid\":\"%s\"", kid));
}

/* Its own key; somebody else's of that kind; a key of another kind under its kid. */
START_TEST(each_algorithm_is_verified_by_its_key_alone)
{
    put_keys(mint_jwks(named(mint_key(MINT_RSA, 0), "0"), named(mint_key(MINT_P256, 0), "1"),
                       named(mint_key(MINT_P384, 0), "2"), named(mint_key(MINT_P521, 0), "3"),
                       named(mint_key(MINT_ED25519, 0), "4")));
    for (size_t i = 0; i < ARRAY_LENGTH(algorithms); i++) {
        const char *alg = algorithms[i];
        const struct mint_key *key = mint_key_for(alg);

        for (enum mint_kind kind = MINT_RSA; kind < MINT_KINDS; kind++)
            ck_assert_msg(verify("", signed_by(key, alg, textf("%u", kind))) ==
                              (kind == key->kind ? JWKSCORE_OK : JWKSCORE_E_UNKNOWN_KEY),
                          "%s with key %u", alg, kind);
        if (key->kind != MINT_RSA)
            ck_assert_status(verify("", signed_by(mint_key(key->kind, 1), alg, textf("%u", key->kind))),
                             JWKSCORE_E_SIGNATURE);
        ck_assert_status(verify("", signed_by(key, alg, "5")), JWKSCORE_E_UNKNOWN_KEY);
    }
}
END_TEST

/* What a forger changes behind the signature. */
START_TEST(not_a_bit_of_a_token_can_be_changed)
{
    const char *text = signed_by(mint_key(MINT_P256, 0), "ES256", "k"), *dot = strchr(text, '.');
    const char *other = signed_by(mint_key(MINT_P256, 0), "ES256", "K");
    const char *payload = mint_claims("sub", "\"admin\"", NULL);
    const char *tail = strrchr(text, '.');

    put_keys(mint_jwks(named(mint_key(MINT_P256, 0), "k"), named(mint_key(MINT_P256, 0), "K")));
    ck_assert_status(verify("", text), JWKSCORE_OK);
    ck_assert_status(
        verify("", textf("%.*s.%s%s", (int)(dot - text), text, encoded(text_from(payload)), tail)),
        JWKSCORE_E_SIGNATURE);
    ck_assert_status(verify("", textf("%.*s%s", (int)(strchr(other, '.') - other), other, dot)),
                     JWKSCORE_E_SIGNATURE);
    ck_assert_status(verify("", textf("%.*s%s", (int)(tail - text), text, strrchr(other, '.'))),
                     JWKSCORE_E_SIGNATURE);
}
END_TEST

/* H9: a key that the header brings along is not looked at. */
START_TEST(a_key_in_the_header_is_nobodys)
{
    const struct mint_key *forger = mint_key(MINT_P256, 1);
    const char *header = textf(
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"jwk\":%s,\"jku\":\"https://evil.example\"}", named(forger, "k"));

    put_keys(mint_jwks(named(mint_key(MINT_P256, 0), "k")));
    ck_assert_status(verify("", mint_token(forger, "ES256", header, mint_claims(NULL))),
                     JWKSCORE_E_SIGNATURE);
    ck_assert_status(verify("", mint_token(mint_key(MINT_P256, 0), "ES256", header, mint_claims(NULL))),
                     JWKSCORE_OK);
}
END_TEST

/* K3 */
START_TEST(without_a_kid_exactly_one_key_must_fit)
{
    const char *text = signed_by(mint_key(MINT_P256, 0), "ES256", NULL);
    struct jwkscore_error error;

    put_keys(mint_jwks(named(mint_key(MINT_P256, 0), "k"), named(mint_key(MINT_ED25519, 0), "e")));
    ck_assert_status(verify("", text), JWKSCORE_OK);
    put_keys(mint_jwks(named(mint_key(MINT_P256, 0), "k"), named(mint_key(MINT_P256, 1), "o")));
    ck_assert_status(verify_at("", text, NOW, &error), JWKSCORE_E_UNKNOWN_KEY);
    ck_assert_ptr_nonnull(strstr(error.message, "several fit"));
    put_keys(mint_jwks(named(mint_key(MINT_ED25519, 0), "e")));
    ck_assert_status(verify_at("", text, NOW, &error), JWKSCORE_E_UNKNOWN_KEY);
    ck_assert_ptr_nonnull(strstr(error.message, "none fits ES256"));
}
END_TEST

/* K4 */
START_TEST(of_several_keys_under_one_kid_four_are_tried)
{
    const char *wrong = "";
    const char *right = named(mint_key(MINT_P256, 0), "k"),
               *text = signed_by(mint_key(MINT_P256, 0), "ES256", "k");
    static const char *const points[] = {
        /* on P-256, with nobody's private key: x and -y of two, and another */
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_"
        "tue659LNpXW6pCyStikYjKIWI5a0\"",
        "\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\",\"y\":\"SLW_xSffzlPWrHEVI30DHM_"
        "4egVwt3NQqeUD7nMFpps\"",
        "\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\",\"y\":\"e8lnCO-AlStT-NJVX-"
        "crhB7QRYhiix03illJOVAOyck\"",
        "\"x\":\"BQ\",\"y\":\"RZJDuapYGAb-kTvOmYF63hHKUDxk2aPFM0FcCDJI-8w\"",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(points); i++) {
        put_keys(textf("{\"keys\":[%s%s%s]}", wrong, i > 0 ? "," : "", right));
        ck_assert_msg(verify("", text) == JWKSCORE_OK, "behind %zu", i);
        wrong = textf("%s%s{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\",%s}", wrong, i > 0 ? "," : "",
                      points[i]);
    }
    put_keys(textf("{\"keys\":[%s]}", wrong));
    ck_assert_status(verify("", text), JWKSCORE_E_SIGNATURE);
    put_keys(textf("{\"keys\":[%s,%s]}", wrong, right)); /* the fifth */
    ck_assert_status(verify("", text), JWKSCORE_E_SIGNATURE);
    put_keys(textf("{\"keys\":[%s,%s]}", right, wrong));
    ck_assert_status(verify("", text), JWKSCORE_OK);
}
END_TEST

/* Nobody else has looked at this set, so small factors are looked for here (W3). */
START_TEST(a_key_that_is_not_fit_is_none_and_spoils_no_other)
{
    const char *divisible = textf("{\"kty\":\"RSA\",\"e\":\"AQAB\",\"kid\":\"k\",\"n\":\"%s\"}",
                                  encoded(from_hex(repeated("ff", 256))));
    const char *identity = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"i\",\"x\":"
                           "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}";
    const char *text = signed_by(mint_key(MINT_RSA, 0), "RS256", "k");
    /* R = 1, S = 0 verifies any text under the key 1 (W5) */
    const char *forged =
        mint_join(mint_header("EdDSA", "i"), mint_claims(NULL), from_hex(textf("01%s", repeated("00", 63))));

    put_keys(mint_jwks(divisible, identity));
    ck_assert_status(verify("", text), JWKSCORE_E_UNKNOWN_KEY);
    ck_assert_status(verify("", forged), JWKSCORE_E_UNKNOWN_KEY);
    put_keys(mint_jwks(divisible, identity, named(mint_key(MINT_RSA, 0), "k"),
                       named(mint_key(MINT_ED25519, 0), "i")));
    ck_assert_status(verify("", text), JWKSCORE_OK);
    ck_assert_status(verify("", forged), JWKSCORE_E_SIGNATURE);
    ck_assert_status(verify("", signed_by(mint_key(MINT_ED25519, 0), "EdDSA", "i")), JWKSCORE_OK);
}
END_TEST

/* FACTS 2: only the key tells that an RSA signature was cut. */
START_TEST(an_rsa_signature_that_is_too_short_was_cut)
{
    struct jwkscore_error error;

    put_keys(mint_jwks(named(mint_rsa_of(3072, 65537), "k")));
    ck_assert_status(verify_at("", signed_by(mint_key(MINT_RSA, 0), "RS256", "k"), NOW, &error),
                     JWKSCORE_E_INCOMPLETE);
    ck_assert_str_eq(error.message, "the signature is cut off after 256 of 384 bytes");
}
END_TEST

/* K6 */
START_TEST(a_denied_key_is_refused_whatever_it_signed)
{
    const struct mint_key *key = mint_key(MINT_P256, 0), *other = mint_key(MINT_P256, 1);
    const char *text = signed_by(key, "ES256", "k"), *without = signed_by(key, "ES256", NULL);
    const char *by_thumbprint = textf("denied_key = %s\n", mint_thumbprint(key));

    put_keys(mint_jwks(named(key, "k")));
    ck_assert_status(verify("denied_key = k2 K\n", text), JWKSCORE_OK);
    ck_assert_status(verify("denied_key = x k\n", text), JWKSCORE_E_DENIED_KEY);
    ck_assert_status(verify("denied_key = k\n", without), JWKSCORE_E_DENIED_KEY); /* the key's own kid */
    ck_assert_status(verify(by_thumbprint, text), JWKSCORE_E_DENIED_KEY);
    ck_assert_status(verify(by_thumbprint, without), JWKSCORE_E_DENIED_KEY);
    ck_assert_status(verify(textf("denied_key = %s\n", mint_thumbprint(other)), text), JWKSCORE_OK);
    ck_assert_status(verify("denied_key = k\n", signed_by(other, "ES256", "k")),
                     JWKSCORE_E_DENIED_KEY); /* before the signature */
    put_keys(mint_jwks(named(other, "k"), named(key, "k")));
    ck_assert_status(verify(by_thumbprint, text), JWKSCORE_E_DENIED_KEY); /* in any place */
    room_drop("keys");
    ck_assert_status(verify("denied_key = k\n", text), JWKSCORE_E_DENIED_KEY); /* and before the set */
    put_keys(mint_jwks(named(key, "another")));
    ck_assert_status(verify(by_thumbprint, signed_by(key, "ES256", "another")),
                     JWKSCORE_E_DENIED_KEY); /* under any kid */
}
END_TEST

/* --- the file --- */

START_TEST(a_set_that_cannot_be_used_is_a_fault)
{
    static const struct {
        const char *set;
        enum jwkscore_status status;
        const char *message;
    } rows[] = {
        {"{\"keys\":[]}", JWKSCORE_E_UNKNOWN_KEY, "issuer corp has no key \"k\" for ES256"},
        {"{\"keys\":{}}", JWKSCORE_E_CONFIG, "/keys: no key set: no array `keys`"},
        {"{\"keys\":[", JWKSCORE_E_CONFIG, "/keys: no key set: "},
        {"-----BEGIN PUBLIC KEY-----", JWKSCORE_E_CONFIG, "/keys: no key set: "},
        {"", JWKSCORE_E_CONFIG, "is empty"},
    };
    const char *text = signed_by(mint_key(MINT_P256, 0), "ES256", "k");
    struct jwkscore_error error;

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        put_keys(rows[i].set);
        ck_assert_msg(verify_at("", text, NOW, &error) == rows[i].status, "%s", rows[i].set);
        ck_assert_msg(strstr(error.message, rows[i].message) != NULL, "%s", error.message);
    }
    room_drop("keys");
    ck_assert_status(verify("", text), JWKSCORE_E_SYSTEM);
    room_write_bytes("keys", text_from(mint_jwks(named(mint_key(MINT_P256, 0), "k"))), 0664);
    ck_assert_status(verify("", text), JWKSCORE_E_UNSAFE_FILE);
    ck_assert_int_eq(chmod(room_path("keys"), 0644), 0);
    ck_assert_status(verify("", text), JWKSCORE_OK);
}
END_TEST

/* W1: the message says which limit. */
START_TEST(a_set_has_at_most_128_keys_and_512_kib)
{
    const char *right = named(mint_key(MINT_P256, 0), "k"),
               *text = signed_by(mint_key(MINT_P256, 0), "ES256", "k");
    size_t fill = KEYSET_MAX - strlen(mint_jwks(right));
    struct jwkscore_error error;

    put_keys(textf("{\"keys\":[%s%s]}", repeated("{},", 127), right));
    ck_assert_status(verify("", text), JWKSCORE_OK);
    put_keys(textf("{\"keys\":[%s%s]}", repeated("{},", 128), right));
    ck_assert_status(verify_at("", text, NOW, &error), JWKSCORE_E_CONFIG);
    ck_assert_msg(strstr(error.message, "128") != NULL, "%s", error.message);
    put_keys(textf("%s%s", mint_jwks(right), repeated(" ", fill)));
    ck_assert_status(verify("", text), JWKSCORE_OK);
    put_keys(textf("%s%s", mint_jwks(right), repeated(" ", fill + 1)));
    ck_assert_status(verify("", text), JWKSCORE_E_CONFIG);
}
END_TEST

/* CACHE 3.4 */
START_TEST(a_clock_earlier_than_the_build_is_refused)
{
    const char *text = signed_by(mint_key(MINT_P256, 0), "ES256", "k");

    put_keys(mint_jwks(named(mint_key(MINT_P256, 0), "k")));
    ck_assert_status(verify_at("", text, (int64_t)JWKS_BUILD_TIME - CLOCK_STEP_MAX, NULL), JWKSCORE_OK);
    ck_assert_status(verify_at("", text, (int64_t)JWKS_BUILD_TIME - CLOCK_STEP_MAX - 1, NULL),
                     JWKSCORE_E_CLOCK);
}
END_TEST

int main(void)
{
    mint_early();
    return RUN_IN_ROOM("verify", each_algorithm_is_verified_by_its_key_alone,
                       not_a_bit_of_a_token_can_be_changed, a_key_in_the_header_is_nobodys,
                       without_a_kid_exactly_one_key_must_fit, of_several_keys_under_one_kid_four_are_tried,
                       a_key_that_is_not_fit_is_none_and_spoils_no_other,
                       an_rsa_signature_that_is_too_short_was_cut, a_denied_key_is_refused_whatever_it_signed,
                       a_set_that_cannot_be_used_is_a_fault, a_set_has_at_most_128_keys_and_512_kib,
                       a_clock_earlier_than_the_build_is_refused);
}
