/* SPDX-License-Identifier: Apache-2.0 */
/* check_options.c: each option takes what it should, and nothing next to it. */
#include "internal.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct subject {
    struct global_options global;
    struct issuer_options issuer;
    struct service_options service;
    struct pam_options pam;
};

static void *options_of(struct subject *subject, enum section section)
{
    void *const all[] = {[SECTION_GLOBAL] = &subject->global,
                         [SECTION_ISSUER] = &subject->issuer,
                         [SECTION_SERVICE] = &subject->service,
                         [SECTION_PAM] = &subject->pam};

    return all[section];
}

static void subject_init(struct subject *subject)
{
    *subject = (struct subject){.global = {.state_dir = NULL}};
    for (enum section section = SECTION_GLOBAL; section <= SECTION_PAM; section++)
        ck_assert(options_init(section, options_of(subject, section)));
}

static void subject_free(struct subject *subject)
{
    for (enum section section = SECTION_GLOBAL; section <= SECTION_PAM; section++)
        options_free(section, options_of(subject, section));
}

struct sample {
    enum section section;
    const char *key, *value;
    const char *wrong; /* what the message must say; NULL: the value is good */
};

#define G SECTION_GLOBAL
#define I SECTION_ISSUER
#define S SECTION_SERVICE
#define P SECTION_PAM

static const struct sample samples[] = {
    {G, "state_dir", "/var/lib/jwks", NULL},
    {G, "state_dir", "/", NULL},
    {G, "state_dir", "/srv/jw ks/...", NULL},
    {G, "state_dir", "var/lib/jwks", "\"var/lib/jwks\" is not an absolute path"},
    {G, "state_dir", "/var/../lib", "has a . or .. in it"},
    {G, "state_dir", "/var/lib/..", "has a . or .. in it"},
    {G, "state_dir", "/var/./lib", "has a . or .. in it"},
    {G, "state_dir", "/.", "has a . or .. in it"},
    {G, "state_dir", "", "state_dir has no value"},
    {G, "state_dir", " \t ", "state_dir has no value"},
    {G, "state_dir", "/a\xff", "is not UTF-8"},
    {G, "state_dir", "/a\x1b[2J", "holds a control character"},
    {G, "state_dir", "/a\r", "holds a carriage return"},
    {G, "state_dir", "/a\x7f", "holds a control character"},
    {G, "run_dir", "/run/jwks", NULL},
    {G, "run_dir", "run", "is not an absolute path"},
    {G, "grants_dir", "/var/lib/jwks-grants", NULL},
    {G, "grants_dir", "grants", "is not an absolute path"},
    {G, "fetch_helper", "/usr/libexec/pam-jwks/jwks-fetch", NULL},
    {G, "fetch_helper", "jwks-fetch", "is not an absolute path"},
    {G, "min_uid", "1", NULL},
    {G, "min_uid", "4294967294", NULL},
    {G, "min_uid", "0", "\"0\" is not from 1 to 4294967294"},
    {G, "min_uid", "4294967295", "is not from 1 to 4294967294"},
    {G, "min_uid", "-1", "is not a whole number"},
    {G, "min_uid", "+1", "is not a whole number"},
    {G, "min_uid", "1000 ", "is not a whole number"},
    {G, "min_uid", "0x10", "is not a whole number"},
    {G, "min_uid", "1.5", "is not a whole number"},
    {G, "min_uid", "99999999999999999999", "is not a whole number"},
    {G, "clock_skew", "0", NULL},
    {G, "clock_skew", "300", NULL},
    {G, "clock_skew", "5m", NULL},
    {G, "clock_skew", "301", "\"301\" is not from 0 to 300 seconds"},
    {G, "clock_skew", "6m", "is not from 0 to 300 seconds"},
    {G, "clock_skew", "-1", "is not a duration"},
    {G, "clock_skew", "s", "is not a duration"},
    {G, "clock_skew", "1ms", "is not a duration"},
    {G, "clock_skew", "1 m", "is not a duration"},
    {G, "clock_skew", "1M", "is not a duration"},
    {G, "clock_skew", "15250284452472w", "is not from 0 to 300 seconds"},
    {G, "clock_skew", "9223372036854775807w", "is not from 0 to 300 seconds"},
    {G, "max_wait", "1", NULL},
    {G, "max_wait", "20s", NULL},
    {G, "max_wait", "0", "is not from 1 to 20 seconds"},
    {G, "max_wait", "21", "is not from 1 to 20 seconds"},

    {I, "issuer", "https://login.example.com/realms/corp", NULL},
    {I, "issuer", "https://login.example.com", NULL},
    {I, "issuer", "https://login.example.com/", NULL},
    {I, "issuer", "https://login.example.com:8443/a", NULL},
    {I, "issuer", "https://[::1]:8443/a", NULL},
    {I, "issuer", "https://127.0.0.1:1/a%20b~c", NULL},
    {I, "issuer", "https://h:65535", NULL},
    {G, "run_dir", "/run/jwks/", "ends in a slash"},
    {I, "issuer", "http://login.example.com", "is not an https:// URL"},
    {I, "issuer", "HTTPS://login.example.com", "is not an https:// URL"},
    {I, "issuer", "login.example.com", "is not an https:// URL"},
    {I, "issuer", " https://login.example.com", "is not an https:// URL"},
    {I, "issuer", "https:/login.example.com", "is not an https:// URL"},
    {I, "issuer", "https://", "has no host"},
    {I, "issuer", "https:///path", "has no host"},
    {I, "issuer", "https://:443/", "has no host"},
    {I, "issuer", "https://h:0/", "has no host, or a wrong one"},
    {I, "issuer", "https://h:65536/", "has no host, or a wrong one"},
    {I, "issuer", "https://h:/", "has no host, or a wrong one"},
    {I, "issuer", "https://h:x/", "has no host, or a wrong one"},
    {I, "issuer", "https://h\xc3\xa4/", "has no host, or a wrong one"},
    {I, "issuer", "https://[::1/", "has no host, or a wrong one"},
    {I, "issuer", "https://[:]/", "has no host, or a wrong one"},
    {I, "issuer", "https://[::1]x/", "has no host, or a wrong one"},
    {I, "issuer", "https://h\\evil/", "has no host, or a wrong one"},
    {I, "issuer", "https://me@h/", "has a user part"},
    {I, "issuer", "https://me:secret@h/", "\"@h/\" has a user part"},
    {I, "issuer", "https://h/?a=b", "has a query"},
    {I, "issuer", "https://h?", "has a query"},
    {I, "issuer", "https://h/#a", "has a fragment"},
    {I, "issuer", "https://h#", "has a fragment"},
    {I, "issuer", "https://h/a b", "holds a character that a URL cannot hold"},
    {I, "issuer", "https://h/\xc3\xa4", "holds a character that a URL cannot hold"},
    {I, "issuer", "https://login.microsoftonline.com/{tenantid}/v2.0",
     "holds a character that a URL cannot hold"},
    {I, "audience", "ssh-prod", NULL},
    {I, "audience", "ssh-prod api://x/y", NULL},
    {I, "audience", "\xc3\xa4", NULL},
    {I, "audience", "\xc3", "is not UTF-8"},
    {I, "algorithms", "RS256", NULL},
    {I, "algorithms", "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519", NULL},
    {I, "algorithms", "HS256", "\"HS256\" is not an algorithm"},
    {I, "algorithms", "RS256 HS512", "\"HS512\" is not an algorithm"},
    {I, "algorithms", "none", "\"none\" is not an algorithm"},
    {I, "algorithms", "None", "\"None\" is not an algorithm"},
    {I, "algorithms", "rs256", "\"rs256\" is not an algorithm"},
    {I, "algorithms", "RS256,ES256", "\"RS256,ES256\" is not an algorithm"},
    {I, "algorithms", "ES256K", "\"ES256K\" is not an algorithm"},
    {I, "token_type", "id", NULL},
    {I, "token_type", "id access", NULL},
    {I, "token_type", "id refresh", "\"refresh\" is not a type of token"},
    {I, "jwks_uri", "https://h/keys?p=x", NULL},
    {I, "jwks_uri", "http://h/keys?p=x", "is not an https:// URL"},
    {I, "jwks_uri", "https://h/keys#p", "has a fragment"},
    {I, "jwks_uri", "https://u@h/keys", "has a user part"},
    {I, "jwks_file", "/etc/jwks/corp.jwks", NULL},
    {I, "jwks_file", "corp.jwks", "is not an absolute path"},
    {I, "mirror", "https://a/k https://b/k?x", NULL},
    {I, "mirror", "https://a/k http://b/k", "\"http://b/k\" is not an https:// URL"},
    {I, "ca_file", "/etc/jwks/ca.pem", NULL},
    {I, "ca_file", "/etc/jwks/../ca.pem", "has a . or .. in it"},
    {I, "proxy", "http://proxy.example.com:3128", NULL},
    {I, "proxy", "https://proxy", NULL},
    {I, "proxy", "http://[fe80::1]:3128", NULL},
    {I, "proxy", "http://proxy:3128/", "is more or less than a host and a port"},
    {I, "proxy", "http://proxy:3128?x", "is more or less than a host and a port"},
    {I, "proxy", "http://", "is more or less than a host and a port"},
    {I, "proxy", "http://me:secret@proxy:3128", "\"@proxy:3128\" has a user part"},
    {I, "proxy", "socks5://proxy:1080", "is not an http:// or https:// URL"},
    {I, "proxy", "proxy:3128", "is not an http:// or https:// URL"},
    {I, "allow_extra_audience", "yes", NULL},
    {I, "allow_extra_audience", "true", "must be yes or no"},
    {I, "user_claim", "preferred_username", NULL},
    {I, "user_claim", "https://example.com/user.name:x", NULL},
    {I, "user_claim", "cognito:username", NULL},
    {I, "user_claim", "a~b", NULL},
    {I, "user_claim", "/a/b~0c~1d/0", NULL},
    {I, "user_claim", "/a/b~", "is not a JSON Pointer"},
    {I, "user_claim", "/a/b~2", "is not a JSON Pointer"},
    {I, "user_match", "([a-z_][a-z0-9_-]{0,31})@example\\.com", NULL},
    {I, "user_match", "a|b", NULL},
    {I, "user_match", "\\(\\)\\[\\]\\{\\}\\\\\\.\\*\\+\\?\\^\\$\\|\\-\\/\\@", NULL},
    {I, "user_match", "(", "is not a POSIX extended regular expression"},
    {I, "user_match", "a)|(b", "is not a POSIX extended regular expression"},
    {I, "user_match", "[a", "is not a POSIX extended regular expression"},
    {I, "user_match", "a{2,1}", "is not a POSIX extended regular expression"},
    {I, "user_match", "\\d+", "has a \\ before"},
    {I, "user_match", "(a*)\\1", "has a \\ before"},
    {I, "user_match", "\\w+", "has a \\ before"},
    {I, "user_match", "a\\>", "has a \\ before"},
    {I, "user_match", "a\\", "has a \\ before"},
    {I, "user_name", "\\1", NULL},
    {I, "user_name", "x_\\1-\\9\\\\0", NULL},
    {I, "user_name", "deploy", NULL},
    {I, "user_name", "\\0", "has a \\ that is not followed by 1 to 9"},
    {I, "user_name", "\\", "has a \\ that is not followed by 1 to 9"},
    {I, "user_name", "\\a", "has a \\ that is not followed by 1 to 9"},
    {I, "user_name", "$1", "may hold \\1 to \\9"},
    {I, "user_name", "A\\1", "may hold \\1 to \\9"},
    {I, "user_name", "\\1 ", "may hold \\1 to \\9"},
    {I, "user_name", "{\\1", "may hold \\1 to \\9"},
    {I, "user_map", "/etc/jwks/corp.map", NULL},
    {I, "user_map", "corp.map", "is not an absolute path"},
    {I, "allow_root", "no", NULL},
    {I, "allow_root", "No", "must be yes or no"},
    {I, "require", "groups = ssh-users", NULL},
    {I, "require", "groups=ssh-users", NULL},
    {I, "require", "/realm_access/roles = a = b", NULL},
    {I, "require", "http://x/?a=b = c", NULL},
    {I, "require", "groups", "is not CLAIM = VALUE"},
    {I, "require", "groups =", "is not CLAIM = VALUE"},
    {I, "require", "= ssh-users", "is not CLAIM = VALUE"},
    {I, "require", " = ssh-users", "is not CLAIM = VALUE"},
    {I, "require", "/a~ = b", "is not a JSON Pointer"},
    {I, "max_auth_age", "1", NULL},
    {I, "max_auth_age", "366d", NULL},
    {I, "max_auth_age", "0", "is not from 1 to 31622400 seconds"},
    {I, "max_auth_age", "31622401", "is not from 1 to 31622400 seconds"},
    {I, "max_lifetime", "31622400", NULL},
    {I, "max_lifetime", "0", "is not from 1 to 31622400 seconds"},
    {I, "max_lifetime", "367d", "is not from 1 to 31622400 seconds"},
    {I, "max_token_age", "5m", NULL},
    {I, "max_token_age", "0", "is not from 1 to 31622400 seconds"},
    {I, "max_token_age", "31622401s", "is not from 1 to 31622400 seconds"},
    {I, "denied_key", "2024-06-01 aX9_-", NULL},
    {I, "denied_key", "\x01", "holds a control character"},
    {I, "refresh_interval", "5m", NULL},
    {I, "refresh_interval", "86400", NULL},
    {I, "refresh_interval", "299", "is not from 300 to 86400 seconds"},
    {I, "refresh_interval", "86401", "is not from 300 to 86400 seconds"},
    {I, "max_stale", "0", NULL},
    {I, "max_stale", "30d", NULL},
    {I, "max_stale", "2592001", "is not from 0 to 2592000 seconds"},
    {I, "key_grace", "0", NULL},
    {I, "key_grace", "1w", NULL},
    {I, "key_grace", "168h", NULL},
    {I, "key_grace", "604801", "is not from 0 to 604800 seconds"},
    {I, "certificate_extension", "jwks-token@pam-jwks other@example.com", NULL},
    {I, "certificate_extension", "a,b", "is not the name of a certificate extension"},
    {I, "certificate_extension", "\xc3\xa4", "is not the name of a certificate extension"},
    {I, "key_binding", "cnf nonce none", NULL},
    {I, "key_binding", "cnf dpop", "\"dpop\" is not a way to bind a token"},
    {I, "key_claim", "ssh_keys", NULL},
    {I, "key_claim", "/~3", "is not a JSON Pointer"},
    {I, "key_options", "restrict", NULL},
    {I, "key_options", "restrict,pty,from=\"10.0.0.0/8,192.0.2.1\"", NULL},
    {I, "key_options", "command=\"echo \\\"a b\\\", principals=x\"", NULL},
    {I, "key_options", "restrict, pty", "has a blank outside of quotes"},
    {I, "key_options", "restrict pty", "has a blank outside of quotes"},
    {I, "key_options", "restrict\tpty", "has a blank outside of quotes"},
    {I, "key_options", "command=\"a", "quotes that do not close"},
    {I, "key_options", "command=\"a\\\"", "quotes that do not close"},
    {I, "key_options", "x\\\" ssh-rsa\"", "has a blank outside of quotes"},
    {I, "key_options", "command=\"a\tb\"", "what is not printable"},
    {I, "key_options", "command=\"\xc3\xa4\"", "what is not printable"},
    {I, "key_options", "restrict,", "has an empty option"},
    {I, "key_options", ",restrict", "has an empty option"},
    {I, "key_options", "a,,b", "has an empty option"},
    {I, "key_options", "restrict\nssh-rsa", "holds a control character"},
    {I, "key_options", "cert-authority", "set from the token"},
    {I, "key_options", "restrict,Cert-Authority", "set from the token"},
    {I, "key_options", "principals=\"root\"", "set from the token"},
    {I, "key_options", "pty,EXPIRY-TIME=\"2099\"", "set from the token"},

    {S, "issuers", "corp", NULL},
    {S, "issuers", "corp other_1-A", NULL},
    {S, "issuers", "corp ot/her", "\"ot/her\" is no name of an issuer"},
    {S, "require", "groups = sudoers", NULL},
    {S, "require", "sudoers", "is not CLAIM = VALUE"},
    {S, "max_auth_age", "15m", NULL},
    {S, "max_auth_age", "0", "is not from 1 to 31622400 seconds"},
    {S, "max_lifetime", "1", NULL},
    {S, "max_lifetime", "0", "is not from 1 to 31622400 seconds"},
    {S, "max_token_age", "31622400", NULL},
    {S, "max_token_age", "31622401", "is not from 1 to 31622400 seconds"},
    {S, "export", "yes", NULL},
    {S, "export", "1", "must be yes or no"},
    {S, "session_limit", "yes", NULL},
    {S, "session_limit", "on", "must be yes or no"},

    {P, "prompt", "Jeton : ", NULL},
    {P, "prompt", "\xd0\x9a\xd0\xbe\xd0\xb4: ", NULL},
    {P, "prompt", "Token %s: ", "must not hold a %"},
    {P, "prompt", "Token:\n", "holds a control character"},
    {P, "prompt", "Token:\t", "holds a control character"},
    {P, "debug", "yes", NULL},
    {P, "debug", "", "debug has no value"},
    {P, "use_first_pass", "yes", NULL},
    {P, "use_first_pass", "YES", "must be yes or no"},
    {P, "try_first_pass", "yes", NULL},
    {P, "try_first_pass", "2", "must be yes or no"},
};

/* What is refused leaves no trace: the option says afterwards what it said before. */
static void try_sample(const struct sample *sample)
{
    struct subject subject;
    struct jwkscore_error error = {.status = JWKSCORE_OK};
    enum jwkscore_status status;
    void *options;
    const char *before, *after;

    subject_init(&subject);
    options = options_of(&subject, sample->section);
    before = option_get(sample->section, options, sample->key, 0);
    status = option_set(sample->section, options, sample->key, text_from(sample->value), 1, &error);
    after = option_get(sample->section, options, sample->key, 0);
    if (sample->wrong == NULL) {
        ck_assert_msg(status == JWKSCORE_OK, "%s = %s: %s", sample->key, sample->value, error.message);
        ck_assert_str_eq(after, sample->value);
        ck_assert_int_eq(error.status, JWKSCORE_OK);
    } else {
        ck_assert_msg(status == JWKSCORE_E_CONFIG, "%s = %s was taken", sample->key, sample->value);
        ck_assert_int_eq(error.status, JWKSCORE_E_CONFIG);
        ck_assert_msg(strstr(error.message, sample->wrong) != NULL, "%s = %s: \"%s\" instead of \"%s\"",
                      sample->key, sample->value, error.message, sample->wrong);
        ck_assert_msg(strncmp(error.message, sample->key, strlen(sample->key)) == 0, "%s", error.message);
        ck_assert_ptr_eq(after, before);
    }
    subject_free(&subject);
}

START_TEST(each_option_takes_good_values_and_no_others)
{
    try_sample(&samples[_i]);
}
END_TEST

START_TEST(each_option_has_a_good_sample_and_a_bad_one)
{
    const struct option *option;

    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        size_t good = 0, bad = 0;

        for (size_t j = 0; j < ARRAY_LENGTH(samples); j++) {
            if (samples[j].section != option->section || strcmp(samples[j].key, option->key) != 0)
                continue;
            good += samples[j].wrong == NULL;
            bad += samples[j].wrong != NULL;
        }
        ck_assert_msg(good > 0 && bad > 0, "%s in section %d", option->key, (int)option->section);
        ck_assert_ptr_eq(option_find(option->section, option->key), option);
        ck_assert_str_eq(option_key(option), option->key);
    }
}
END_TEST

/* Texts of the greatest length, and of one byte more. */
static const struct {
    enum section section;
    const char *key, *begin;
    char fill;
    const char *end;
    size_t most;
} lengths[] = {
    {G, "state_dir", "/", 'a', "", 4095},
    {G, "run_dir", "/", 'a', "", 4095},
    {G, "grants_dir", "/", 'a', "", 4095},
    {G, "fetch_helper", "/", 'a', "", 4095},
    {I, "issuer", "https://h/", 'a', "", 2048},
    {I, "audience", "", 'a', "", 2048},
    {I, "jwks_uri", "https://h/", 'a', "", 2048},
    {I, "jwks_file", "/", 'a', "", 4095},
    {I, "mirror", "https://h/", 'a', "", 2048},
    {I, "ca_file", "/", 'a', "", 4095},
    {I, "proxy", "http://", 'a', "", 2048},
    {I, "user_claim", "", 'a', "", 256},
    {I, "user_match", "(", 'a', ")", 1024},
    {I, "user_name", "", 'a', "", 64},
    {I, "user_map", "/", 'a', "", 4095},
    {I, "require", "groups = ", 'a', "", 4096},
    {I, "denied_key", "", 'a', "", 256},
    {I, "certificate_extension", "", 'a', "", 64},
    {I, "key_claim", "", 'a', "", 256},
    {I, "key_options", "", 'a', "", 1024},
    {S, "issuers", "", 'a', "", 32},
    {S, "require", "groups = ", 'a', "", 4096},
    {P, "prompt", "", 'a', ": ", 128},
};

static char *text_of_length(const char *begin, char fill, const char *end, size_t length)
{
    char *text = malloc(length + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, fill, length);
    memcpy(text, begin, strlen(begin));
    memcpy(text + length - strlen(end), end, strlen(end) + 1);
    return text;
}

START_TEST(each_text_has_a_greatest_length)
{
    CLEANUP(string_freep)
    char *good = text_of_length(lengths[_i].begin, lengths[_i].fill, lengths[_i].end, lengths[_i].most);
    CLEANUP(string_freep)
    char *bad = text_of_length(lengths[_i].begin, lengths[_i].fill, lengths[_i].end, lengths[_i].most + 1);
    const struct sample samples_of_length[] = {{lengths[_i].section, lengths[_i].key, good, NULL},
                                               {lengths[_i].section, lengths[_i].key, bad, lengths[_i].key}};

    try_sample(&samples_of_length[0]);
    try_sample(&samples_of_length[1]);
}
END_TEST

START_TEST(each_text_has_a_sample_of_its_length)
{
    const struct option *option;

    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        bool found =
            option->shape == SHAPE_FLAG || option->shape == SHAPE_NUMBER || option->shape == SHAPE_SET;

        for (size_t j = 0; j < ARRAY_LENGTH(lengths); j++)
            found =
                found || (lengths[j].section == option->section && strcmp(lengths[j].key, option->key) == 0 &&
                          (int64_t)lengths[j].most >= option->most);
        ck_assert_msg(found, "%s", option->key);
    }
}
END_TEST

/* --- the structs --- */

static void set(struct subject *subject, enum section section, const char *key, const char *value)
{
    struct jwkscore_error error = {.status = JWKSCORE_OK};

    ck_assert_msg(option_set(section, options_of(subject, section), key, text_from(value), 0, &error) ==
                      JWKSCORE_OK,
                  "%s", error.message);
}

static void assert_strings(const struct strings *strings, const char *joined)
{
    char found[256] = "";

    for (size_t i = 0; i < strings->count; i++) {
        size_t used = strlen(found);

        (void)snprintf(found + used, sizeof(found) - used, "%s|", strings->at[i]);
    }
    ck_assert_str_eq(found, joined);
}

START_TEST(defaults_are_those_of_the_manual)
{
    struct subject s;
    int64_t preferred = 0;
    const struct algorithm *algorithm;

    for (size_t i = 0; (algorithm = algorithm_at(i)) != NULL; i++)
        preferred |= algorithm->preferred ? algorithm_bit(algorithm) : 0;
    subject_init(&s);
    ck_assert_str_eq(s.global.state_dir, JWKS_STATE_DIR);
    ck_assert_str_eq(s.global.run_dir, JWKS_RUN_DIR);
    ck_assert_str_eq(s.global.grants_dir, JWKS_GRANTS_DIR);
    ck_assert_str_eq(s.global.fetch_helper, JWKS_FETCH_HELPER);
    ck_assert_int_eq(s.global.min_uid, 1000);
    ck_assert_int_eq(s.global.clock_skew, 60);
    ck_assert_int_eq(s.global.max_wait, 8);
    ck_assert(s.issuer.issuer == NULL && s.issuer.jwks_uri == NULL && s.issuer.jwks_file == NULL);
    ck_assert(s.issuer.ca_file == NULL && s.issuer.proxy == NULL && s.issuer.user_claim == NULL);
    ck_assert(s.issuer.user_match == NULL && s.issuer.user_name == NULL && s.issuer.user_map == NULL);
    ck_assert(s.issuer.audience.count == 0 && s.issuer.mirror.count == 0 && s.issuer.require.count == 0);
    ck_assert_uint_eq(s.issuer.denied_key.count, 0);
    ck_assert_int_eq(s.issuer.algorithms, preferred);
    ck_assert_int_ne(preferred, 0);
    ck_assert_int_eq(s.issuer.token_types, TOKEN_TYPE_ID);
    ck_assert(!s.issuer.allow_extra_audience && !s.issuer.allow_root);
    ck_assert(s.issuer.max_auth_age == 0 && s.issuer.max_lifetime == 0 && s.issuer.max_token_age == 0);
    ck_assert_int_eq(s.issuer.refresh_interval, 3600);
    ck_assert_int_eq(s.issuer.max_stale, 86400);
    ck_assert_int_eq(s.issuer.key_grace, 0);
    assert_strings(&s.issuer.certificate_extension, "jwks-token@pam-jwks|");
    ck_assert_int_eq(s.issuer.key_binding, BINDING_CNF | BINDING_NONCE);
    ck_assert_str_eq(s.issuer.key_claim, "ssh_keys");
    ck_assert_str_eq(s.issuer.key_options, "restrict,pty");
    ck_assert(s.service.issuers.count == 0 && s.service.require.count == 0);
    ck_assert(s.service.max_auth_age == 0 && s.service.max_lifetime == 0 && s.service.max_token_age == 0);
    ck_assert(!s.service.export_variables && !s.service.session_limit);
    ck_assert_str_eq(s.pam.prompt, "Token: ");
    ck_assert(!s.pam.debug && !s.pam.use_first_pass && !s.pam.try_first_pass);
    subject_free(&s);
}
END_TEST

START_TEST(each_value_reaches_its_own_member)
{
    struct subject s;

    subject_init(&s);
    set(&s, G, "state_dir", "/1");
    set(&s, G, "run_dir", "/2");
    set(&s, G, "fetch_helper", "/3");
    set(&s, G, "min_uid", "4");
    set(&s, G, "clock_skew", "5");
    set(&s, G, "max_wait", "6");
    ck_assert_str_eq(s.global.state_dir, "/1");
    ck_assert_str_eq(s.global.run_dir, "/2");
    ck_assert_str_eq(s.global.fetch_helper, "/3");
    ck_assert(s.global.min_uid == 4 && s.global.clock_skew == 5 && s.global.max_wait == 6);

    set(&s, I, "issuer", "https://i");
    set(&s, I, "jwks_uri", "https://j");
    set(&s, I, "jwks_file", "/jf");
    set(&s, I, "ca_file", "/ca");
    set(&s, I, "proxy", "http://p");
    ck_assert_str_eq(s.issuer.issuer, "https://i");
    ck_assert_str_eq(s.issuer.jwks_uri, "https://j");
    ck_assert_str_eq(s.issuer.jwks_file, "/jf");
    ck_assert_str_eq(s.issuer.ca_file, "/ca");
    ck_assert_str_eq(s.issuer.proxy, "http://p");

    set(&s, I, "user_claim", "uc");
    set(&s, I, "user_match", "um");
    set(&s, I, "user_name", "un");
    set(&s, I, "user_map", "/umap");
    set(&s, I, "key_claim", "kc");
    set(&s, I, "key_options", "ko");
    ck_assert_str_eq(s.issuer.user_claim, "uc");
    ck_assert_str_eq(s.issuer.user_match, "um");
    ck_assert_str_eq(s.issuer.user_name, "un");
    ck_assert_str_eq(s.issuer.user_map, "/umap");
    ck_assert_str_eq(s.issuer.key_claim, "kc");
    ck_assert_str_eq(s.issuer.key_options, "ko");

    set(&s, I, "max_auth_age", "1m");
    set(&s, I, "max_lifetime", "1h");
    set(&s, I, "max_token_age", "1d");
    set(&s, I, "refresh_interval", "6m");
    set(&s, I, "max_stale", "1w");
    set(&s, I, "key_grace", "9s");
    ck_assert(s.issuer.max_auth_age == 60 && s.issuer.max_lifetime == 3600 &&
              s.issuer.max_token_age == 86400);
    ck_assert(s.issuer.refresh_interval == 360 && s.issuer.max_stale == 604800 && s.issuer.key_grace == 9);

    set(&s, I, "allow_root", "yes");
    ck_assert(s.issuer.allow_root && !s.issuer.allow_extra_audience);
    set(&s, I, "allow_extra_audience", "yes");
    set(&s, I, "allow_root", "no");
    ck_assert(!s.issuer.allow_root && s.issuer.allow_extra_audience);

    set(&s, S, "export", "yes");
    ck_assert(s.service.export_variables && !s.service.session_limit);
    set(&s, S, "session_limit", "yes");
    set(&s, S, "export", "no");
    ck_assert(!s.service.export_variables && s.service.session_limit);
    set(&s, S, "issuers", "a b");
    set(&s, S, "require", "c = d e");
    set(&s, S, "max_auth_age", "1");
    set(&s, S, "max_lifetime", "2");
    set(&s, S, "max_token_age", "3");
    assert_strings(&s.service.issuers, "a|b|");
    assert_strings(&s.service.require, "c = d e|");
    ck_assert(s.service.max_auth_age == 1 && s.service.max_lifetime == 2 && s.service.max_token_age == 3);

    set(&s, P, "prompt", "P: ");
    set(&s, P, "debug", "yes");
    ck_assert_str_eq(s.pam.prompt, "P: ");
    ck_assert(s.pam.debug && !s.pam.use_first_pass && !s.pam.try_first_pass);
    set(&s, P, "use_first_pass", "yes");
    ck_assert(s.pam.use_first_pass && !s.pam.try_first_pass);
    set(&s, P, "try_first_pass", "yes");
    ck_assert(s.pam.try_first_pass);
    subject_free(&s);
}
END_TEST

START_TEST(lists_add_up_and_the_first_line_replaces_the_default)
{
    struct subject s;

    subject_init(&s);
    set(&s, I, "audience", "a  b\tc");
    set(&s, I, "audience", "d");
    assert_strings(&s.issuer.audience, "a|b|c|d|");
    set(&s, I, "require", "groups = a b");
    set(&s, I, "require", "acr = c");
    assert_strings(&s.issuer.require, "groups = a b|acr = c|");
    set(&s, I, "mirror", "https://a https://b");
    set(&s, I, "denied_key", "k1 k2");
    assert_strings(&s.issuer.mirror, "https://a|https://b|");
    assert_strings(&s.issuer.denied_key, "k1|k2|");
    set(&s, I, "certificate_extension", "x@y");
    assert_strings(&s.issuer.certificate_extension, "x@y|");
    set(&s, I, "certificate_extension", "z");
    assert_strings(&s.issuer.certificate_extension, "x@y|z|");
    set(&s, I, "key_binding", "none");
    ck_assert_int_eq(s.issuer.key_binding, BINDING_NONE);
    set(&s, I, "key_binding", "nonce");
    ck_assert_int_eq(s.issuer.key_binding, BINDING_NONE | BINDING_NONCE);
    set(&s, I, "token_type", "access");
    ck_assert_int_eq(s.issuer.token_types, TOKEN_TYPE_ACCESS);
    set(&s, I, "token_type", "id");
    ck_assert_int_eq(s.issuer.token_types, TOKEN_TYPE_ACCESS | TOKEN_TYPE_ID);
    set(&s, I, "algorithms", "ES384");
    ck_assert_int_eq(s.issuer.algorithms, algorithm_bit(algorithm_find(TEXT("ES384"))));
    ck_assert_str_eq(option_get(I, &s.issuer, "require", 0), "groups = a b");
    ck_assert_str_eq(option_get(I, &s.issuer, "require", 1), "acr = c");
    ck_assert_ptr_null(option_get(I, &s.issuer, "require", 2));
    subject_free(&s);
}
END_TEST

/* Of a line with one bad word nothing stays, and what was there before does. */
START_TEST(a_refused_line_changes_nothing)
{
    struct subject s;

    subject_init(&s);
    set(&s, I, "mirror", "https://a");
    set(&s, I, "issuer", "https://old");
    set(&s, I, "max_stale", "1h");
    ck_assert_int_eq(option_set(I, &s.issuer, "mirror", TEXT("https://b http://c"), 0, NULL),
                     JWKSCORE_E_CONFIG);
    ck_assert_int_eq(option_set(I, &s.issuer, "certificate_extension", TEXT("good b,ad"), 0, NULL),
                     JWKSCORE_E_CONFIG);
    ck_assert_int_eq(option_set(I, &s.issuer, "token_type", TEXT("access refresh"), 0, NULL),
                     JWKSCORE_E_CONFIG);
    ck_assert_int_eq(option_set(I, &s.issuer, "issuer", TEXT("http://new"), 0, NULL), JWKSCORE_E_CONFIG);
    ck_assert_int_eq(option_set(I, &s.issuer, "max_stale", TEXT("31d"), 0, NULL), JWKSCORE_E_CONFIG);
    assert_strings(&s.issuer.mirror, "https://a|");
    assert_strings(&s.issuer.certificate_extension, "jwks-token@pam-jwks|");
    ck_assert_int_eq(s.issuer.token_types, TOKEN_TYPE_ID);
    ck_assert_str_eq(s.issuer.issuer, "https://old");
    ck_assert_int_eq(s.issuer.max_stale, 3600);
    ck_assert_str_eq(option_get(I, &s.issuer, "max_stale", 0), "1h");
    subject_free(&s);
}
END_TEST

START_TEST(a_single_value_stands_once_in_a_file_and_is_replaced_from_outside)
{
    struct subject s;
    struct jwkscore_error error = {.status = JWKSCORE_OK};

    subject_init(&s);
    ck_assert_int_eq(option_set(G, &s.global, "max_wait", TEXT("3"), 7, &error), JWKSCORE_OK);
    ck_assert_int_eq(option_set(G, &s.global, "max_wait", TEXT("4"), 9, &error), JWKSCORE_E_CONFIG);
    ck_assert_str_eq(error.message, "max_wait is given again, after line 7");
    ck_assert_int_eq(s.global.max_wait, 3);
    ck_assert_uint_eq(option_given(&s.global.settings, "max_wait")->line, 7);
    set(&s, G, "max_wait", "5");
    ck_assert_int_eq(s.global.max_wait, 5);
    ck_assert_str_eq(option_get(G, &s.global, "max_wait", 0), "5");
    ck_assert_ptr_null(option_get(G, &s.global, "max_wait", 1));
    ck_assert_uint_eq(option_given(&s.global.settings, "max_wait")->line, 0);
    ck_assert_int_eq(option_set(G, &s.global, "max_wait", TEXT("6"), 9, NULL), JWKSCORE_OK);
    ck_assert_int_eq(s.global.max_wait, 6);
    ck_assert_int_eq(option_set(I, &s.issuer, "require", TEXT("a = b"), 1, NULL), JWKSCORE_OK);
    ck_assert_int_eq(option_set(I, &s.issuer, "require", TEXT("a = b"), 2, NULL), JWKSCORE_OK);
    subject_free(&s);
}
END_TEST

START_TEST(keys_belong_to_their_section)
{
    static const struct {
        enum section section;
        const char *key, *message;
    } wrong[] = {
        {G, "issuer", "unknown key \"issuer\" in [global]"},
        {I, "clock_skew", "unknown key \"clock_skew\" in [issuer]"},
        {I, "Issuer", "unknown key \"Issuer\" in [issuer]"},
        {S, "algorithms", "unknown key \"algorithms\" in [service]"},
        {S, "allow_root", "unknown key \"allow_root\" in [service]"},
        {P, "conf", "unknown key \"conf\" in the module's arguments"},
        {P, "max_wait", "unknown key \"max_wait\" in the module's arguments"},
        {P, "a\nb", "unknown key \"a\\x0ab\" in the module's arguments"},
    };
    struct subject s;

    subject_init(&s);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct jwkscore_error error = {.status = JWKSCORE_OK};

        ck_assert_int_eq(option_set(wrong[i].section, options_of(&s, wrong[i].section), wrong[i].key,
                                    TEXT("1"), 1, &error),
                         JWKSCORE_E_CONFIG);
        ck_assert_str_eq(error.message, wrong[i].message);
        ck_assert_ptr_null(option_get(wrong[i].section, options_of(&s, wrong[i].section), wrong[i].key, 0));
    }
    ck_assert_int_eq(option_home(P, "max_wait"), G);
    ck_assert_int_eq(option_home(P, "prompt"), P);
    ck_assert_int_eq(option_home(P, "state_dir"), P);
    ck_assert_int_eq(option_home(I, "max_wait"), I);
    subject_free(&s);
}
END_TEST

START_TEST(a_list_has_an_end)
{
    struct subject s;
    struct jwkscore_error error = {.status = JWKSCORE_OK};

    subject_init(&s);
    for (unsigned i = 1; i <= 256; i++)
        ck_assert_int_eq(option_set(I, &s.issuer, "denied_key", TEXT("k"), i, &error), JWKSCORE_OK);
    ck_assert_int_eq(option_set(I, &s.issuer, "denied_key", TEXT("k"), 257, &error), JWKSCORE_E_CONFIG);
    ck_assert_str_eq(error.message, "denied_key is given more than 256 times");
    ck_assert_uint_eq(s.issuer.denied_key.count, 256);
    ck_assert_int_eq(option_set(I, &s.issuer, "audience", TEXT("a"), 258, NULL), JWKSCORE_OK);
    subject_free(&s);
}
END_TEST

/* --- single types --- */

START_TEST(a_nul_is_no_end)
{
    struct subject s;

    subject_init(&s);
    ck_assert_int_eq(option_set(I, &s.issuer, "issuer", TEXT("https://a\0b"), 0, NULL), JWKSCORE_E_CONFIG);
    ck_assert_int_eq(option_set(I, &s.issuer, "audience", TEXT("a\0b"), 0, NULL), JWKSCORE_E_CONFIG);
    ck_assert_int_eq(option_set(I, &s.issuer, "audience", TEXT("ab"), 0, NULL), JWKSCORE_OK);
    subject_free(&s);
    ck_assert_ptr_nonnull(uri_check(TEXT("https://a\0b")));
    ck_assert_ptr_nonnull(uri_check(TEXT("https://a/\0b")));
    ck_assert_ptr_nonnull(uri_check(TEXT("https://\0/")));
    ck_assert_ptr_nonnull(uri_check_proxy(TEXT("http://a\0")));
    ck_assert_ptr_null(uri_check(TEXT("https://a/b")));
    ck_assert_ptr_nonnull(uri_check((struct text){"", 0}));
    ck_assert_ptr_nonnull(option_check_issuer_name(TEXT("a\0b")));
    ck_assert_ptr_nonnull(option_check_user_name(TEXT("\\\0")));
    ck_assert_str_eq(option_check_line(TEXT("a\0b")), "holds a NUL byte");
}
END_TEST

START_TEST(names_of_sections)
{
    CLEANUP(string_freep) char *long_issuer = text_of_length("", 'a', "", 32);
    CLEANUP(string_freep) char *long_service = text_of_length("", 'a', "", 64);
    CLEANUP(string_freep) char *over_issuer = text_of_length("", 'a', "", 33);
    CLEANUP(string_freep) char *over_service = text_of_length("", 'a', "", 65);

    ck_assert_ptr_null(option_check_issuer_name(text_from(long_issuer)));
    ck_assert_ptr_nonnull(option_check_issuer_name(text_from(over_issuer)));
    ck_assert_ptr_null(option_check_service_name(text_from(long_service)));
    ck_assert_ptr_nonnull(option_check_service_name(text_from(over_service)));
    ck_assert_ptr_null(option_check_issuer_name(TEXT("aZ0_-")));
    ck_assert_ptr_nonnull(option_check_issuer_name(TEXT("a.b")));
    ck_assert_ptr_null(option_check_service_name(TEXT("sudo-i.x_1")));
    ck_assert_ptr_nonnull(option_check_service_name(TEXT("a/b")));
    ck_assert_ptr_nonnull(option_check_service_name(TEXT("\xc3\xa4")));
    ck_assert_ptr_nonnull(option_check_service_name(TEXT("")));
}
END_TEST

START_TEST(durations_are_seconds)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"0", 0},
                {"7", 7},
                {"7s", 7},
                {"2m", 120},
                {"3h", 10800},
                {"1d", 86400},
                {"2w", 1209600},
                {"007", 7},
                {"9223372036854775807", INT64_MAX},
                {"9223372036854775807s", INT64_MAX},
                {"15250284452471w", INT64_C(15250284452471) * 604800},
                {"15250284452472w", INT64_MAX}};
    static const char *const bad[] = {"",     "s", "1x", "1sm", "-1", " 1", "1.5h", "9223372036854775808",
                                      "1h30m"};

    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        int64_t seconds = -1;

        ck_assert_ptr_null(option_parse_duration(text_from(good[i].text), &seconds));
        ck_assert_int_eq(seconds, good[i].seconds);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        int64_t seconds = -1;

        ck_assert_ptr_nonnull(option_parse_duration(text_from(bad[i]), &seconds));
        ck_assert_int_eq(seconds, -1);
    }
}
END_TEST

START_TEST(what_fails_writes_nothing)
{
    int64_t number = 4711;
    struct text claim = TEXT("claim"), value = TEXT("value");

    ck_assert_ptr_nonnull(option_parse_flag(TEXT("maybe"), &number));
    ck_assert_ptr_nonnull(option_parse_number(TEXT("x"), &number));
    ck_assert_ptr_nonnull(option_parse_algorithm(TEXT("HS256"), &number));
    ck_assert_ptr_nonnull(option_parse_token_type(TEXT("x"), &number));
    ck_assert_ptr_nonnull(option_parse_binding(TEXT("x"), &number));
    ck_assert(!option_split_require("groups", &claim, &value));
    ck_assert(!option_split_require("groups = ", &claim, &value));
    ck_assert(!option_split_require(" = a", &claim, &value));
    ck_assert_int_eq(number, 4711);
    ck_assert(text_is(claim, "claim") && text_is(value, "value"));
}
END_TEST

START_TEST(rules_are_split_at_the_spaced_equals_sign)
{
    static const struct {
        const char *rule, *claim, *value;
    } rules[] = {
        {"groups = ssh-users", "groups", "ssh-users"},
        {"groups=ssh-users", "groups", "ssh-users"},
        {"groups= a=b", "groups", "a=b"},
        {"groups = a = b", "groups", "a = b"},
        {"http://x/?a=b = c d", "http://x/?a=b", "c d"},
        {"a=b = c", "a=b", "c"},
        {"\tgroups  =  x ", "groups", "x"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        struct text claim, value;

        ck_assert(option_split_require(rules[i].rule, &claim, &value));
        ck_assert_msg(text_is(claim, rules[i].claim) && text_is(value, rules[i].value), "%s", rules[i].rule);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, each_option_takes_good_values_and_no_others, 0, (int)ARRAY_LENGTH(samples));
    tcase_add_test(tcase, each_option_has_a_good_sample_and_a_bad_one);
    tcase_add_loop_test(tcase, each_text_has_a_greatest_length, 0, (int)ARRAY_LENGTH(lengths));
    tcase_add_test(tcase, each_text_has_a_sample_of_its_length);
    tcase_add_test(tcase, defaults_are_those_of_the_manual);
    tcase_add_test(tcase, each_value_reaches_its_own_member);
    tcase_add_test(tcase, lists_add_up_and_the_first_line_replaces_the_default);
    tcase_add_test(tcase, a_refused_line_changes_nothing);
    tcase_add_test(tcase, a_single_value_stands_once_in_a_file_and_is_replaced_from_outside);
    tcase_add_test(tcase, keys_belong_to_their_section);
    tcase_add_test(tcase, a_list_has_an_end);
    tcase_add_test(tcase, a_nul_is_no_end);
    tcase_add_test(tcase, names_of_sections);
    tcase_add_test(tcase, durations_are_seconds);
    tcase_add_test(tcase, what_fails_writes_nothing);
    tcase_add_test(tcase, rules_are_split_at_the_spaced_equals_sign);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
