/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_table.c: every option of jwks.conf(5), of the module's arguments and of the API, once.
 *
 * A new option is a row here, a member in internal.h, and an `.It` in jwks.conf.5.
 */
#include "internal.h"

#include <string.h>

enum {
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
    CLAIM_MOST = 256,
    PROMPT_MOST = 128 /* PAM_MAX_MSG_SIZE is 512, in bytes, and hosts put text before it */
};

#define UID_MOST (UINT32_MAX - INT64_C(1)) /* (uid_t)-1 is nobody */

#define GLOBAL(member) SECTION_GLOBAL, offsetof(struct global_options, member)
#define ISSUER(member) SECTION_ISSUER, offsetof(struct issuer_options, member)
#define SERVICE(member) SECTION_SERVICE, offsetof(struct service_options, member)
#define PAM(member) SECTION_PAM, offsetof(struct pam_options, member)
#define PATH_TYPE 1, 4095, .check = option_check_path
#define FLAG_TYPE 0, 1, .parse = option_parse_flag
#define TEXT_TYPE(most, check_function) 1, most, .check = check_function
#define SECONDS_TYPE(least, most) least, most, .parse = option_parse_duration

static const struct option options[] = {
    {"state_dir", GLOBAL(state_dir), SHAPE_TEXT, JWKS_STATE_DIR, PATH_TYPE},
    {"run_dir", GLOBAL(run_dir), SHAPE_TEXT, JWKS_RUN_DIR, PATH_TYPE},
    {"grants_dir", GLOBAL(grants_dir), SHAPE_TEXT, JWKS_GRANTS_DIR, PATH_TYPE},
    {"fetch_helper", GLOBAL(fetch_helper), SHAPE_TEXT, JWKS_FETCH_HELPER, PATH_TYPE},
    {"min_uid", GLOBAL(min_uid), SHAPE_NUMBER, "1000", 1, UID_MOST, .parse = option_parse_number},
    {"clock_skew", GLOBAL(clock_skew), SHAPE_NUMBER, "60", SECONDS_TYPE(0, 300)},
    {"max_wait", GLOBAL(max_wait), SHAPE_NUMBER, "8", SECONDS_TYPE(1, 20), .argument = true},

    {"issuer", ISSUER(issuer), SHAPE_TEXT, NULL, TEXT_TYPE(URI_MAX, uri_check_issuer)},
    {"audience", ISSUER(audience), SHAPE_WORDS, NULL, TEXT_TYPE(URI_MAX, NULL)},
    {"algorithms", ISSUER(algorithms), SHAPE_SET, "RS256 PS256 ES256 EdDSA", .parse = option_parse_algorithm},
    {"token_type", ISSUER(token_types), SHAPE_SET, "id", .parse = option_parse_token_type},
    {"jwks_uri", ISSUER(jwks_uri), SHAPE_TEXT, NULL, TEXT_TYPE(URI_MAX, uri_check)},
    {"jwks_file", ISSUER(jwks_file), SHAPE_TEXT, NULL, PATH_TYPE},
    {"mirror", ISSUER(mirror), SHAPE_WORDS, NULL, TEXT_TYPE(URI_MAX, uri_check)},
    {"ca_file", ISSUER(ca_file), SHAPE_TEXT, NULL, PATH_TYPE},
    {"proxy", ISSUER(proxy), SHAPE_TEXT, NULL, TEXT_TYPE(URI_MAX, uri_check_proxy)},
    {"allow_extra_audience", ISSUER(allow_extra_audience), SHAPE_FLAG, "no", FLAG_TYPE},
    {"user_claim", ISSUER(user_claim), SHAPE_TEXT, NULL, TEXT_TYPE(CLAIM_MOST, option_check_claim)},
    {"user_match", ISSUER(user_match), SHAPE_TEXT, NULL, TEXT_TYPE(1024, option_check_pattern)},
    {"user_name", ISSUER(user_name), SHAPE_TEXT, NULL, TEXT_TYPE(64, option_check_user_name)},
    {"user_map", ISSUER(user_map), SHAPE_TEXT, NULL, PATH_TYPE},
    {"allow_root", ISSUER(allow_root), SHAPE_FLAG, "no", FLAG_TYPE},
    {"require", ISSUER(require), SHAPE_LINES, NULL, TEXT_TYPE(CONFIG_LINE_MAX, option_check_require)},
    {"max_auth_age", ISSUER(max_auth_age), SHAPE_NUMBER, NULL, SECONDS_TYPE(1, 366 * DAY)},
    {"max_lifetime", ISSUER(max_lifetime), SHAPE_NUMBER, NULL, SECONDS_TYPE(1, 366 * DAY)},
    {"max_token_age", ISSUER(max_token_age), SHAPE_NUMBER, NULL, SECONDS_TYPE(1, 366 * DAY)},
    {"denied_key", ISSUER(denied_key), SHAPE_WORDS, NULL, TEXT_TYPE(KID_MAX, NULL)},
    {"refresh_interval", ISSUER(refresh_interval), SHAPE_NUMBER, "1h", SECONDS_TYPE(5 * MINUTE, DAY)},
    {"max_stale", ISSUER(max_stale), SHAPE_NUMBER, "24h", SECONDS_TYPE(0, 30 * DAY)},
    {"key_grace", ISSUER(key_grace), SHAPE_NUMBER, "0", SECONDS_TYPE(0, 7 * DAY)},
    {"certificate_extension", ISSUER(certificate_extension), SHAPE_WORDS, "jwks-token@pam-jwks",
     TEXT_TYPE(64, option_check_extension)},
    {"key_binding", ISSUER(key_binding), SHAPE_SET, "cnf nonce", .parse = option_parse_binding},
    {"key_claim", ISSUER(key_claim), SHAPE_TEXT, "ssh_keys", TEXT_TYPE(CLAIM_MOST, option_check_claim)},
    {"key_options", ISSUER(key_options), SHAPE_TEXT, "restrict,pty",
     TEXT_TYPE(1024, option_check_key_options)},

    {"issuers", SERVICE(issuers), SHAPE_WORDS, NULL, TEXT_TYPE(32, option_check_issuer_name)},
    {"require", SERVICE(require), SHAPE_LINES, NULL, TEXT_TYPE(CONFIG_LINE_MAX, option_check_require)},
    {"max_auth_age", SERVICE(max_auth_age), SHAPE_NUMBER, NULL, SECONDS_TYPE(1, 366 * DAY)},
    {"max_lifetime", SERVICE(max_lifetime), SHAPE_NUMBER, NULL, SECONDS_TYPE(1, 366 * DAY)},
    {"max_token_age", SERVICE(max_token_age), SHAPE_NUMBER, NULL, SECONDS_TYPE(1, 366 * DAY)},
    {"export", SERVICE(export_variables), SHAPE_FLAG, "no", FLAG_TYPE},
    {"session_limit", SERVICE(session_limit), SHAPE_FLAG, "no", FLAG_TYPE},

    {"prompt", PAM(prompt), SHAPE_TEXT, "Token: ", TEXT_TYPE(PROMPT_MOST, option_check_prompt)},
    {"debug", PAM(debug), SHAPE_FLAG, "no", FLAG_TYPE},
    {"use_first_pass", PAM(use_first_pass), SHAPE_FLAG, "no", FLAG_TYPE},
    {"try_first_pass", PAM(try_first_pass), SHAPE_FLAG, "no", FLAG_TYPE},
};

const struct option *option_at(size_t index)
{
    return index < ARRAY_LENGTH(options) ? &options[index] : NULL;
}

const struct option *option_find(enum section section, const char *key)
{
    for (size_t i = 0; i < ARRAY_LENGTH(options); i++)
        if (options[i].section == section && strcmp(options[i].key, key) == 0)
            return &options[i];
    return NULL;
}

enum section option_home(enum section section, const char *key)
{
    const struct option *option = section == SECTION_PAM ? option_find(SECTION_GLOBAL, key) : NULL;

    return option != NULL && option->argument ? SECTION_GLOBAL : section;
}

const char *option_key(const struct option *option)
{
    return option->key;
}
