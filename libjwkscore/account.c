/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account.c: claims become account names; may this account be used?
 *
 * A name is compared byte for byte: nothing is folded, trimmed, normalised or shortened.  A map that cannot be read or
 * parsed is a fault and never an empty list.
 */
#include "internal.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLAIM_VALUE_MAX = 1024,      /* longer is no user name, and bounds the regular expression */
    PASSWD_SIZE = 4096,
    PASSWD_SIZE_MAX = 1024 * 1024
};

bool account_name_valid(struct text name)
{
    if (name.length == 0 || name.length > ACCOUNT_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.bytes[i];

        if (!((c >= 'a' && c <= 'z') || c == '_' || (i > 0 && ((c >= '0' && c <= '9') || c == '-'))))
            return false;
    }
    return true;
}

int jwkscore_account_valid(const char *name)
{
    return name != NULL && account_name_valid(text_from(name));
}

/* The claim that says who this is.  `email` counts only where the provider says it is verified (U3). */
static enum jwkscore_status read_user_claim(const struct issuer_options *issuer, const struct token *token,
                                            struct text *ret_value, struct jwkscore_error *error)
{
    const struct value *claim = value_find(token->claims, issuer->user_claim);
    bool verified = false;
    struct text value;

    if (claim == NULL)
        return error_set(error, JWKSCORE_E_UNMAPPED, "no user name in the token: it has no `%s`", issuer->user_claim);
    if (!value_text(claim, &value) || value.length == 0 || value.length > CLAIM_VALUE_MAX)
        return error_set(error, JWKSCORE_E_UNMAPPED, "`%s` is %s, not a string of 1 to %d bytes", issuer->user_claim,
                         value_type_name(value_type(claim)), CLAIM_VALUE_MAX);
    if (claim == value_member(token->claims, "email") && /* by its name or by a pointer */
        (!value_boolean(value_member(token->claims, "email_verified"), &verified) || !verified))
        return error_set(error, JWKSCORE_E_UNMAPPED, "`email` without `email_verified` true names nobody");
    *ret_value = value;
    return JWKSCORE_OK;
}

/* One account name of a map line or a template. */
static enum jwkscore_status add_account(struct strings *accounts, struct text name, struct jwkscore_error *error)
{
    char quoted[QUOTED_SIZE];

    if (!account_name_valid(name))
        return error_set(error, JWKSCORE_E_UNMAPPED, "\"%s\" is no account name", error_quote(quoted, name));
    return strings_add(accounts, name) ? JWKSCORE_OK : error_memory(error);
}

/* `VALUE account[,account...]`: the last space divides, for a value may hold spaces. */
static bool split_map_line(struct text line, struct text *ret_value, struct text *ret_accounts)
{
    size_t at = line.length;

    while (at > 0 && line.bytes[at - 1] != ' ')
        at--;
    if (at < 2 || at == line.length)
        return false;
    *ret_value = (struct text){line.bytes, at - 1};
    *ret_accounts = (struct text){line.bytes + at, line.length - at};
    return true;
}

static enum jwkscore_status add_accounts(struct strings *accounts, struct text list, struct jwkscore_error *error)
{
    enum jwkscore_status status;

    for (;;) {
        const char *comma = memchr(list.bytes, ',', list.length);
        size_t length = comma != NULL ? (size_t)(comma - list.bytes) : list.length;

        status = add_account(accounts, (struct text){list.bytes, length}, error);
        if (status != JWKSCORE_OK || comma == NULL)
            return status;
        list = (struct text){comma + 1, list.length - length - 1};
    }
}

/* Reads every line, so that a mistake anywhere is found before it is somebody's turn. */
static enum jwkscore_status search_map(const char *path, struct text map, struct text value, struct strings *accounts,
                                       struct jwkscore_error *error)
{
    struct text line, its, list;
    bool found = false;

    for (unsigned number = 1; text_take_line(&map, &line); number++) {
        CLEANUP(strings_free) struct strings names = {0};
        bool wanted;

        if (line.length == 0 || line.bytes[0] == '#')
            continue;
        if (!split_map_line(line, &its, &list) || add_accounts(&names, list, NULL) != JWKSCORE_OK)
            return error_set(error, JWKSCORE_E_CONFIG, "%.150s:%u: not of the form VALUE account[,account...]", path, number);
        wanted = text_equal(its, value);
        if (wanted && found)
            return error_set(error, JWKSCORE_E_CONFIG, "%.150s:%u: a value that an earlier line has too", path, number);
        if (wanted && add_accounts(accounts, list, error) != JWKSCORE_OK)
            return error_memory(error);
        found = found || wanted;
    }
    return found ? JWKSCORE_OK : error_set(error, JWKSCORE_E_UNMAPPED, "%.150s has no line for this user", path);
}

static enum jwkscore_status map_by_file(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                        struct text value, struct strings *accounts, struct jwkscore_error *error)
{
    CLEANUP(buffer_freep) struct buffer map = {0};
    struct text text;
    enum jwkscore_status status =
        file_read(issuer->user_map, config_file_owner(config), MAP_MAX, &map, NULL, error);

    if (status != JWKSCORE_OK)
        return status;
    text = (struct text){(const char *)map.bytes, map.length};
    if (!text_is_utf8(text))
        return error_set(error, JWKSCORE_E_CONFIG, "%.150s is not UTF-8 text", issuer->user_map);
    return search_map(issuer->user_map, text, value, accounts, error);
}

/* user_name with \1 to \9 filled in from the match. */
static enum jwkscore_status fill_template(const char *template, const char *value, const regmatch_t groups[PATTERN_GROUPS_MAX],
                                          struct strings *accounts, struct jwkscore_error *error)
{
    CLEANUP(buffer_freep) struct buffer name = {0};

    for (const char *at = template; *at != '\0'; at++) {
        struct text piece = {at, 1};

        if (*at == '\\' && at[1] >= '1' && at[1] <= '9') {
            const regmatch_t *group = &groups[*++at - '0'];

            if (group->rm_so < 0)
                continue;
            piece = (struct text){value + group->rm_so, (size_t)(group->rm_eo - group->rm_so)};
        } else if (*at == '\\' && at[1] == '\\') {
            at++;
        }
        if (name.length + piece.length > CLAIM_VALUE_MAX)
            return error_set(error, JWKSCORE_E_UNMAPPED, "the account name becomes too long");
        if (!buffer_append(&name, piece))
            return error_memory(error);
    }
    return add_account(accounts, (struct text){(const char *)name.bytes, name.length}, error);
}

static enum jwkscore_status map_by_match(const struct issuer_options *issuer, struct text value, struct strings *accounts,
                                         struct jwkscore_error *error)
{
    CLEANUP(string_freep) char *string = NULL;
    regmatch_t groups[PATTERN_GROUPS_MAX];
    enum jwkscore_status status;

    if (issuer->user_match == NULL)
        return add_account(accounts, value, error);
    string = text_copy(value);
    if (string == NULL)
        return error_memory(error);
    status = pattern_match(issuer->user_match, string, groups, error);
    if (status != JWKSCORE_OK)
        return status;
    if (issuer->user_name == NULL)
        return add_account(accounts, value, error);
    return fill_template(issuer->user_name, string, groups, accounts, error);
}

enum jwkscore_status account_map(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                 const struct token *token, struct strings *ret_accounts, struct jwkscore_error *error)
{
    CLEANUP(strings_free) struct strings accounts = {0};
    const char *option = issuer->user_map != NULL ? "user_map" : issuer->user_match != NULL ? "user_match" : "user_claim";
    const struct traced claim = {issuer->user_claim, value_find(token->claims, issuer->user_claim)};
    struct text value = TEXT("");
    enum jwkscore_status status = read_user_claim(issuer, token, &value, error);

    if (status == JWKSCORE_OK)
        status = issuer->user_map != NULL ? map_by_file(config, issuer, value, &accounts, error)
                                          : map_by_match(issuer, value, &accounts, error);
    config_trace_claim(config, "map", status, issuer->user_claim, claim, &issuer->settings, option);
    if (status != JWKSCORE_OK)
        return status;
    *ret_accounts = accounts;
    accounts = (struct strings){0};
    return JWKSCORE_OK;
}

enum jwkscore_status account_among(const struct jwkscore_config *config, const struct strings *accounts, const char *user,
                                   struct jwkscore_error *error)
{
    enum jwkscore_status status = JWKSCORE_E_USER;
    char quoted[QUOTED_SIZE];

    for (size_t i = 0; i < accounts->count; i++)
        if (strcmp(accounts->at[i], user) == 0)
            status = JWKSCORE_OK;
    config_trace(config, "user", status, error_quote(quoted, text_from(user)), text_from(accounts->at[0]), NULL, NULL);
    if (status != JWKSCORE_OK)
        error_set(error, status, "the token is for account %s%s", accounts->at[0], accounts->count > 1 ? " and others" : "");
    return status;
}

/* getpwnam_r with as much room as it asks for: 0 and *ret_found, or an errno. */
static int look_up(const char *user, uid_t *ret_uid, bool *ret_found, bool *ret_same_name)
{
    CLEANUP(string_freep) char *room = NULL;
    struct passwd entry, *found = NULL;
    int result = ERANGE;

    for (size_t size = PASSWD_SIZE; result == ERANGE && size <= PASSWD_SIZE_MAX; size *= 4) {
        char *larger = realloc(room, size);

        if (larger == NULL)
            return ENOMEM;
        room = larger;
        do
            result = getpwnam_r(user, &entry, room, size, &found);
        while (result == EINTR);
    }
    if (result != 0) /* NOLINT(clang-analyzer-unix.Malloc): it does not know CLEANUP */
        return result;
    *ret_found = found != NULL;
    if (found != NULL) {
        *ret_uid = found->pw_uid;
        *ret_same_name = strcmp(found->pw_name, user) == 0;
    }
    return 0;
}

bool account_exists(const char *user)
{
    uid_t uid;
    bool found = false, same;

    return account_name_valid(text_from(user)) && (look_up(user, &uid, &found, &same) != 0 || found);
}

/* P4: uid 0 only by allow_root, whatever the account is called. */
static enum jwkscore_status judge_uid(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                      const char *user, uid_t uid, struct jwkscore_error *error)
{
    if (uid == 0 && issuer->allow_root)
        return JWKSCORE_OK;
    if (uid == 0)
        return error_set(error, JWKSCORE_E_ACCOUNT, "account %s has uid 0, and issuer %s has no allow_root", user,
                         issuer->name);
    if (uid == (uid_t)-1 || (int64_t)uid < config->global.min_uid)
        return error_set(error, JWKSCORE_E_ACCOUNT, "account %s has uid %lu, under min_uid", user, (unsigned long)uid);
    return JWKSCORE_OK;
}

/* The account, if it is there and called so, and its uid. */
static enum jwkscore_status find_account(const char *user, uid_t *ret_uid, struct jwkscore_error *error)
{
    char quoted[QUOTED_SIZE];
    bool found = false, same = false;
    uid_t uid = (uid_t)-1;
    int result;

    if (!account_name_valid(text_from(user)))
        return error_set(error, JWKSCORE_E_ACCOUNT, "\"%s\" is no account name", error_quote(quoted, text_from(user)));
    result = look_up(user, &uid, &found, &same);
    if (result != 0)
        return error_set(error, result == ENOMEM ? JWKSCORE_E_MEMORY : JWKSCORE_E_SYSTEM,
                         "the account database cannot say whether %s exists: error %d", user, result);
    if (!found)
        return error_set(error, JWKSCORE_E_UNKNOWN_USER, "there is no account %s", user);
    if (!same)
        return error_set(error, JWKSCORE_E_ACCOUNT, "the account database calls %s by another name", user);
    *ret_uid = uid;
    return JWKSCORE_OK;
}

enum jwkscore_status account_check(const struct jwkscore_config *config, const struct issuer_options *issuer,
                                   const char *user, struct jwkscore_error *error)
{
    uid_t uid = (uid_t)-1;
    enum jwkscore_status status = find_account(user, &uid, error);

    if (status != JWKSCORE_OK)
        return config_trace(config, "account", status, NULL, text_from(user), NULL, NULL);
    status = judge_uid(config, issuer, user, uid, error);
    return config_trace(config, "account", status, NULL, text_from(user),
                        uid == 0 ? &issuer->settings : &config->global.settings, uid == 0 ? "allow_root" : "min_uid");
}
