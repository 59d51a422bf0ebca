/* SPDX-License-Identifier: Apache-2.0 */
/* idtokens.c: a decoded token becomes one of now, signed by us, and is judged by a recipe. */
#include "idtokens.h"

#include <stdlib.h>
#include <string.h>

/* --- texts --- */

const char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from), *done = "";

    ck_assert_msg(at != NULL, "no %s in %s", from, text);
    for (; at != NULL; at = strstr(text, from)) {
        done = textf("%s%.*s%s", done, (int)(at - text), text, to);
        text = at + strlen(from);
    }
    return textf("%s%s", done, text);
}

/* The object that the document calls so, as it is written there: escapes and blanks are the provider's. */
static const char *object_called(const char *document, const char *name)
{
    const char *begin = strstr(document, textf("\"%s\":", name)), *end;
    int depth = 0;
    bool quoted = false;

    ck_assert_ptr_nonnull(begin);
    begin = strchr(begin, '{');
    ck_assert_ptr_nonnull(begin);
    for (end = begin; *end != '\0'; end++)
        if (*end == '\\' && end[1] != '\0')
            end++;
        else if (*end == '"')
            quoted = !quoted;
        else if (!quoted && *end == '{')
            depth++;
        else if (!quoted && *end == '}' && --depth == 0)
            return textf("%.*s", (int)(end + 1 - begin), begin);
    ck_abort_msg("%s does not end", name);
    return NULL;
}

static struct value *parsed(const char *object)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    struct value *value = NULL;

    ck_assert_msg(value_parse(text_from(object), &value, &error) == JWKSCORE_OK, "%s: %s", object,
                  error.message);
    return value;
}

static const char *claim_of(const char *payload, const char *name)
{
    CLEANUP(value_freep) struct value *claims = parsed(payload);
    struct text text;

    ck_assert_msg(value_member_text(claims, name, &text), "no claim %s", name);
    return kept(text.bytes, text.length).bytes;
}

/* Issued ten seconds ago. */
static const char *moved_to_now(const char *payload)
{
    static const char *const times[] = {"iat", "exp", "nbf", "auth_time"};
    int64_t by = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        const char *at = strstr(payload, textf("\"%s\":", times[i]));
        char *end;
        int64_t then;

        ck_assert(at != NULL || i >= 2);
        if (at == NULL)
            continue;
        at += strlen(times[i]) + 3;
        then = strtoll(at, &end, 10);
        ck_assert_int_gt(then, 0);
        by = i == 0 ? NOW - 10 - then : by;
        payload = textf("%.*s%jd%s", (int)(at - payload), payload, (intmax_t)(then + by), end);
    }
    return payload;
}

/* --- a decision --- */

/* The key that the token is bound to: its private half is unknown, but who has proven it is sshd's to say. */
static struct text bound_key(const char *payload)
{
    CLEANUP(value_freep) struct value *claims = parsed(payload);
    struct mint_key key = {.kind = MINT_P256};
    struct jwk jwk = {.has_kid = false};
    struct text blob;

    if (value_member(claims, "cnf") == NULL)
        return TEXT("");
    ck_assert_int_eq(jwk_read(value_find(claims, "/cnf/jwk"), &jwk), DROP_NONE);
    ck_assert_str_eq(jwk.material.curve->name, "P-256");
    key.material = jwk.material;
    blob = mint_ssh_blob(&key, false);
    jwk_clear(&jwk);
    return blob;
}

struct login login_of(const char *file)
{
    const char *document =
        document_read(strchr(file, '/') != NULL ? textf("realworld/%s.json", file)
                                                : textf("realworld/idtokens/%s.json", file))
            .bytes;
    const char *payload = moved_to_now(object_called(document, "payload"));

    /* authentik was tried on a laptop: no issuer of ours begins with http */
    if (strstr(payload, "\"http://localhost") != NULL)
        payload = replaced(payload, "\"http://localhost", "\"https://localhost");
    return (struct login){object_called(document, "protected"), payload, bound_key(payload)};
}

const char *recipe_read(const char *file)
{
    return document_read(textf(RECIPES, file)).bytes;
}

static const char *filled(const struct recipe *recipe, const char *payload)
{
    const char *text = recipe_read(recipe->file);

    for (size_t i = 0; i < FILLS_MAX && recipe->fills[i][0] != NULL; i++)
        text = replaced(text, recipe->fills[i][0],
                        recipe->fills[i][1][0] == '$' ? claim_of(payload, recipe->fills[i][1] + 1)
                                                      : recipe->fills[i][1]);
    return recipe->map != NULL ? replaced(text, "/etc/jwks/", textf("%s/", room_path(""))) : text;
}

/* Its keys are ours, under the kid that the header names. */
enum jwkscore_status decide(const struct recipe *recipe, const char *lines, const struct login *login,
                            const char **ret_account)
{
    CLEANUP(config_freep) struct jwkscore_config *config = NULL;
    const struct mint_key *key = mint_key(MINT_RSA, 0);
    const char *token = mint_token(key, "RS256", login->header, login->payload);
    struct jwkscore_request request = {
        .size = sizeof(request), .token = token, .token_length = strlen(token), .now = NOW};
    struct jwkscore_identity *identity = NULL;
    enum jwkscore_status status;

    config = config_loaded(textf("%s%s", filled(recipe, login->payload), lines));
    ck_assert_uint_eq(config->issuer_count, 1);
    if (recipe->map != NULL)
        room_write(strrchr(config->issuers->user_map, '/') + 1, recipe->map);
    tell(config, textf("issuer %s", config->issuers->name), "jwks_file",
         room_write("keys",
                    mint_jwks(mint_jwk(key, textf("\"kid\":\"%s\"", claim_of(login->header, "kid"))))));
    if (login->key.length > 0) {
        request.key = (const unsigned char *)login->key.bytes;
        request.key_length = login->key.length;
    }
    status = jwkscore_authenticate(config, &request, &identity, NULL);
    *ret_account = status == JWKSCORE_OK ? textf("%s", jwkscore_identity_account(identity, 0)) : "";
    jwkscore_identity_free(identity);
    return status;
}

void expect_changes(const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct change *change = &changes[i];
        struct login login = login_of(change->file);
        enum jwkscore_status status;
        const char *account;

        if (change->from != NULL)
            login.payload = replaced(login.payload, change->from, change->to);
        status = decide(change->recipe, change->lines, &login, &account);
        ck_assert_msg(status == change->status, "row %zu, %s, %s: %s", i, change->file,
                      change->to != NULL ? change->to : "as it was", jwkscore_reason(status));
    }
}
