/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authenticate.c: with every signature right, a token is taken only if iss, aud, exp, nbf, iat, sub, alg and typ really hold.
 *
 * The key set comes from memory and key_verify() says yes, both by the linker, in this program alone.  The token is taken
 * apart again by OpenSSL's base64 and json-c's parser.
 */
#include "fuzz.h"
#include "internal.h"

#include <json-c/json.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* As the seeds want it, but never before the build, which would be a wrong clock. */
#define NOW (JWKS_BUILD_TIME + 86400 > 1800000000 ? INT64_C(86400) + JWKS_BUILD_TIME : INT64_C(1800000000))
enum { SKEW = 60 };

__typeof__(key_verify) __wrap_key_verify;
enum jwkscore_status __wrap_key_verify(const struct crypto *crypto, const struct key *key,
                                       const struct algorithm *algorithm, struct text text,
                                       struct text signature, struct jwkscore_error *error)
{
    (void)crypto;
    (void)key;
    (void)algorithm;
    (void)text;
    (void)signature;
    (void)error;
    return JWKSCORE_OK;
}

static struct jwkscore_config *config;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    config = jwkscore_config_new();
    must(config != NULL);
    fuzz_set(config, "issuer a", "issuer", "https://a.example.com");
    fuzz_set(config, "issuer a", "audience", "ssh-prod");
    fuzz_set(config, "issuer a", "jwks_file", "/a.jwks");
    fuzz_set(config, "issuer a", "user_claim", "sub");
    fuzz_set(config, "issuer b", "issuer", "https://b.example.com");
    fuzz_set(config, "issuer b", "audience", "web");
    fuzz_set(config, "issuer b", "jwks_file", "/b.jwks");
    fuzz_set(config, "issuer b", "user_claim", "/names/user");
    fuzz_set(config, "issuer b", "token_type", "access");
    fuzz_set(config, "issuer b", "allow_extra_audience", "yes");
    fuzz_set(config, "issuer b", "require", "groups = ssh-users");
    fuzz_set(config, "issuer b", "max_lifetime", "1d");
    must(jwkscore_config_check(config, NULL) == JWKSCORE_OK);
    return 0;
}

/* --- the token once more, by others --- */

static struct json_object *decode(const char *part, size_t length)
{
    size_t padded = (length + 3) / 4 * 4;
    char *plain = malloc(padded + 1);
    unsigned char *bytes = malloc(padded + 1);
    struct json_tokener *tokener = json_tokener_new_ex(2 * JSON_DEPTH_MAX);
    struct json_object *object;
    int decoded;

    must(plain != NULL && bytes != NULL && tokener != NULL);
    for (size_t i = 0; i < padded; i++)
        plain[i] = i >= length ? '=' : part[i] == '-' ? '+' : part[i] == '_' ? '/' : part[i];
    decoded = EVP_DecodeBlock(bytes, (const unsigned char *)plain, (int)padded);
    must(decoded >= (int)(padded - length));
    object = json_tokener_parse_ex(tokener, (const char *)bytes, decoded - (int)(padded - length));
    must(object != NULL);
    json_tokener_free(tokener);
    free(plain);
    free(bytes);
    return object;
}

static struct json_object *member(struct json_object *object, const char *name)
{
    struct json_object *found = NULL;

    return json_object_object_get_ex(object, name, &found) ? found : NULL;
}

static bool is(struct json_object *value, const char *wanted)
{
    return json_object_is_type(value, json_type_string) &&
           strcmp(json_object_get_string(value), wanted) == 0 &&
           (size_t)json_object_get_string_len(value) == strlen(wanted);
}

static bool has(struct json_object *value, const char *wanted, bool alone)
{
    bool found = false;

    if (!json_object_is_type(value, json_type_array))
        return is(value, wanted);
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        bool same = is(json_object_array_get_idx(value, i), wanted);

        found = found || same;
        if (alone && !same)
            return false;
    }
    return found;
}

static void check_times(struct json_object *claims, const struct jwkscore_identity *identity)
{
    struct json_object *exp = member(claims, "exp");
    static const char *const begins[] = {"nbf", "iat"};

    must(json_object_is_type(exp, json_type_int) || json_object_is_type(exp, json_type_double));
    must(json_object_get_double(exp) > (double)(NOW - SKEW));
    must(jwkscore_identity_expires(identity) == (int64_t)json_object_get_double(exp));
    for (size_t i = 0; i < ARRAY_LENGTH(begins); i++) {
        struct json_object *begin = member(claims, begins[i]);

        must(begin == NULL || json_object_is_type(begin, json_type_int) ||
             json_object_is_type(begin, json_type_double));
        must(begin == NULL || json_object_get_double(begin) <= (double)(NOW + SKEW));
    }
}

static void check_issuer(struct json_object *header, struct json_object *claims, bool a)
{
    struct json_object *aud = member(claims, "aud"), *typ = member(header, "typ");

    must(is(member(claims, "iss"), a ? "https://a.example.com" : "https://b.example.com"));
    must(has(aud, a ? "ssh-prod" : "web", false));
    if (a) {
        must(has(aud, "ssh-prod", true) || is(member(claims, "azp"), "ssh-prod"));
        must(typ == NULL || strcasecmp(json_object_get_string(typ), "JWT") == 0 ||
             strcasecmp(json_object_get_string(typ), "application/JWT") == 0);
    } else {
        must(strcasecmp(json_object_get_string(typ), "at+jwt") == 0 ||
             strcasecmp(json_object_get_string(typ), "application/at+jwt") == 0);
        must(has(member(claims, "groups"), "ssh-users", false));
        must(json_object_get_double(member(claims, "exp")) - json_object_get_double(member(claims, "iat")) <=
             86401);
    }
}

static void check(const char *token, size_t length, const struct jwkscore_identity *identity)
{
    const char *first = memchr(token, '.', length);
    const char *second = memchr(first + 1, '.', length - (size_t)(first + 1 - token));
    struct json_object *header = decode(token, (size_t)(first - token));
    struct json_object *claims = decode(first + 1, (size_t)(second - first - 1));
    struct json_object *sub = member(claims, "sub");
    bool a = strcmp(jwkscore_identity_issuer(identity), "a") == 0;

    must(is(member(header, "alg"), "ES256") && member(header, "crit") == NULL &&
         member(header, "enc") == NULL);
    must(member(header, "kid") == NULL || is(member(header, "kid"), "1"));
    must(member(claims, "cnf") == NULL && member(claims, "act") == NULL && member(claims, "events") == NULL);
    must(json_object_is_type(sub, json_type_string) && json_object_get_string_len(sub) > 0);
    must(strcmp(jwkscore_identity_subject(identity), json_object_get_string(sub)) == 0);
    check_times(claims, identity);
    check_issuer(header, claims, a);
    must(account_name_valid(text_from(jwkscore_identity_account(identity, 0))));
    must(is(a ? sub : member(member(claims, "names"), "user"), jwkscore_identity_account(identity, 0)));
    json_object_put(header);
    json_object_put(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jwkscore_identity *identity = NULL;
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    size_t length;
    char *token = fuzz_token(data, size, &length);
    struct jwkscore_request request = {
        .size = sizeof(request), .token = token, .token_length = length, .now = NOW};

    fuzz_file = fuzz_key_set;
    if (jwkscore_authenticate(config, &request, &identity, &error) == JWKSCORE_OK)
        check(token, length, identity);
    else
        must(identity == NULL && jwkscore_classify(error.status) == JWKSCORE_CLASS_DENIED &&
             fuzz_is_printable(error.message, strlen(error.message)));
    jwkscore_identity_free(identity);
    free(token);
    return 0;
}
