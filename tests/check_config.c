/* SPDX-License-Identifier: Apache-2.0 */
/* check_config.c: a jwks.conf with a mistake names its line and denies everything; without, it does not. */
#include "internal.h"

#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Everything lies below the current folder: /tmp is writable by everybody, so nothing below it is trusted. */
static char folder[4000], file[4096];

static void write_file(const char *bytes, size_t length)
{
    int fd;

    (void)unlink(file);
    fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fchmod(fd, 0644), 0);
    ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
    ck_assert_int_eq(close(fd), 0);
}

static struct jwkscore_config *new_config(void)
{
    struct jwkscore_config *config = jwkscore_config_new();

    ck_assert_ptr_nonnull(config);
    return config;
}

/* The error begins as an earlier call's, which must not be taken for this one's. */
static enum jwkscore_status load_bytes(struct jwkscore_config *config, const char *bytes, size_t length,
                                       struct jwkscore_error *error)
{
    *error = (struct jwkscore_error){JWKSCORE_E_CRYPTO, "of an earlier call"};
    write_file(bytes, length);
    return jwkscore_config_load(config, file, error);
}

static enum jwkscore_status load(struct jwkscore_config *config, const char *text,
                                 struct jwkscore_error *error)
{
    return load_bytes(config, text, strlen(text), error);
}

/* A configuration that must load. */
static struct jwkscore_config *loaded(const char *text)
{
    struct jwkscore_config *config = new_config();
    struct jwkscore_error error;

    ck_assert_msg(load(config, text, &error) == JWKSCORE_OK, "%s", error.message);
    ck_assert_int_eq(error.status, JWKSCORE_OK);
    ck_assert_ptr_null(jwkscore_config_problem(config, 0));
    return config;
}

static void assert_set(struct jwkscore_config *config, const char *section, const char *key,
                       const char *value)
{
    struct jwkscore_error error = {JWKSCORE_E_CRYPTO, "of an earlier call"};

    ck_assert_msg(jwkscore_config_set(config, section, key, value, &error) == JWKSCORE_OK, "%s",
                  error.message);
    ck_assert_int_eq(error.status, JWKSCORE_OK);
}

/* These problems, each behind the file's name, and no more. */
static void assert_problems(const struct jwkscore_config *config, const char *const *problems)
{
    size_t i;

    for (i = 0; problems[i] != NULL; i++) {
        char expected[8192];
        const char *problem = jwkscore_config_problem(config, i);

        (void)snprintf(expected, sizeof(expected), "%s:%s", file, problems[i]);
        ck_assert_msg(problem != NULL, "no problem \"%s\"", expected);
        ck_assert_str_eq(problem, expected);
    }
    ck_assert_msg(jwkscore_config_problem(config, i) == NULL, "and \"%s\"",
                  jwkscore_config_problem(config, i));
}

static void assert_refused(const char *bytes, size_t length, const char *const *problems)
{
    struct jwkscore_config *config = new_config();
    struct jwkscore_error error;
    char first[256];

    ck_assert_int_eq(load_bytes(config, bytes, length, &error), JWKSCORE_E_CONFIG);
    ck_assert_int_eq(error.status, JWKSCORE_E_CONFIG);
    assert_problems(config, problems);
    (void)snprintf(first, sizeof(first), "%.200s", jwkscore_config_problem(config, 0));
    ck_assert_msg(strncmp(error.message, first, strlen(first)) == 0, "%s", error.message);
    ck_assert(config->refused);
    ck_assert_ptr_null(config_issuer_named(config, "corp"));
    ck_assert_ptr_null(config_issuer_for(config, TEXT("https://h")));
    ck_assert_int_eq(jwkscore_config_check(config, &error), JWKSCORE_E_CONFIG);
    ck_assert_msg(strncmp(error.message, first, strlen(first)) == 0, "%s", error.message);
    jwkscore_config_free(config);
}

#define CORP "[issuer corp]\nissuer = https://h\naudience = a\nuser_claim = sub\n"
#define OTHER "[issuer other]\nissuer = https://o\naudience = a\nuser_claim = sub\n"

/* --- one mistake, one problem --- */

static const struct mistake {
    const char *bad, *good; /* differ by the mistake */
    const char *problem;    /* behind the file's name */
} mistakes[] = {
    {"min_uid = 1\n", "[global]\nmin_uid = 1\n", "1: a key outside of all sections"},
    {"\n\n[planet earth]\n", "\n\n[service earth]\n", "3: unknown section \"planet earth\""},
    {"[]\n", "[global]\n", "1: unknown section \"\""},
    {"[Global]\n", "[global]\n", "1: unknown section \"Global\""},
    {"[global x]\n", "[ global ]\n", "1: unknown section \"global x\""},
    {"[pam]\n", "[global]\n", "1: unknown section \"pam\": these are arguments of the module"},
    {"[service a b]\n", "[service ab]\n", "1: unknown section \"service a b\""},
    {"[service]\n", "[service  s]\n", "1: section [service] needs a name"},
    {"[issuer]\n", "\n", "1: section [issuer] needs a name"},
    {"[service a/b]\n", "[service a.b]\n",
     "1: section [service]: \"a/b\" is no name of a PAM service: 1 to 64 of a-z 0-9 _ . -"},
    {"[service Sudo]\n", "[service sudo]\n",
     "1: section [service]: \"Sudo\" is no name of a PAM service: PAM writes them in lower case"},
    {"[issuer a.b]\n", CORP,
     "1: section [issuer]: \"a.b\" is no name of an issuer: 1 to 32 of A-Z a-z 0-9 _ -"},
    {"[global\n", "[global]\n", "1: a section that does not end in ]"},
    {"[global] # all\n", "[global]\n# all\n", "1: a section that does not end in ]"},
    {"[\n", ";[\n", "1: a section that does not end in ]"},
    {"[global]\nmin_uid\n", "[global]\nmin_uid=1\n",
     "2: neither a comment, nor a [section], nor key = value"},
    {"[global]\nmin_uid: 1\n", "[global]\nmin_uid= 1\n",
     "2: neither a comment, nor a [section], nor key = value"},
    {"[global]\n = 1\n", "[global]\n min_uid = 1\n", "2: no key before the ="},
    {"[global]\ncolour = blue\n", "[global]\n#colour = blue\n", "2: unknown key \"colour\" in [global]"},
    {"[global]\nMin_uid = 1\n", "[global]\nmin_uid = 1\n", "2: unknown key \"Min_uid\" in [global]"},
    {"[global]\nmin uid = 1\n", "[global]\n; min uid = 1\n", "2: unknown key \"min uid\" in [global]"},
    {"[global]\nprompt = x\n", "[global]\n", "2: unknown key \"prompt\" in [global]"},
    {"[global]\nexport = yes\n", "[service x]\nexport = yes\n", "2: unknown key \"export\" in [global]"},
    {"[global]\nmin_uid = 1\nmax_wait = 2\nmin_uid = 1\n", "[global]\nmin_uid = 1\nmax_wait = 2\n",
     "4: min_uid is given again, after line 2"},
    {"[service s]\nexport = no\nexport = no\n", "[service s]\nexport = no\n",
     "3: export is given again, after line 2"},
    {"[global]\n[service s]\n[global]\n", "[global]\n[service s]\n",
     "3: section [global] is given again, after line 1"},
    {"[service s]\n[service t]\n[service  s]\n", "[service s]\n[service t]\n",
     "3: section [service  s] is given again, after line 1"},
    {CORP "[issuer corp]\n", CORP, "5: section [issuer corp] is given again, after line 1"},
    {"[global]\nmax_wait = 21\n", "[global]\nmax_wait = 20\n",
     "2: max_wait: \"21\" is not from 1 to 20 seconds"},
    {"[global]\nmax_wait =\n", "[global]\nmax_wait = 3", "2: max_wait has no value"},
    {"[global]\nmax_wait = 3 # s\n", "[global]\nmax_wait = 3\n# s\n", "2: a comment needs a line of its own"},
    {"[global]\nmax_wait = # s\n", "[global]\nmax_wait = 3\n", "2: a comment needs a line of its own"},
    {CORP "denied_key = k\t#1\n", CORP "denied_key = k#1\n", "5: a comment needs a line of its own"},
    {CORP "algorithms = RS256 HS256\n", CORP "algorithms = RS256 ES256\n",
     "5: algorithms: \"HS256\" is not an algorithm that may sign a token here (asymmetric ones only)"},
    {CORP "jwks_uri = https://u:p@h/\n", CORP "jwks_uri = https://h/\n",
     "5: jwks_uri: \"@h/\" has a user part"},
    {"[global]\nmax_wait = 3\r\n", "[global]\nmax_wait = 3\n",
     "2: the line holds a carriage return: end lines with LF alone"},
    {"# \xc3\n", "# \xc3\xa4\n", "1: the line is not UTF-8"},
    {"\xef\xbb\xbf[global]\n", "[global]\n", "1: neither a comment, nor a [section], nor key = value"},
    {"# \x1b[2J\n", "# [2J\n", "1: the line holds a control character"},

    {"[issuer corp]\naudience = a\nuser_claim = sub\n", CORP, "1: [issuer corp] has no issuer"},
    {"\n[issuer corp]\nissuer = https://h\nuser_claim = sub\n", CORP, "2: [issuer corp] has no audience"},
    {"[issuer corp]\nissuer = https://h\naudience = a\n", CORP, "1: [issuer corp] has no user_claim"},
    {CORP "user_name = \\1\n", CORP "user_match = (.*)\nuser_name = \\1\n", "5: user_name needs user_match"},
    {CORP "user_name = \\2\nuser_match = (.*)\n", CORP "user_name = \\2\nuser_match = (.*)(a)\n",
     "5: user_name refers to \\2, but user_match has 1 groups"},
    {CORP "user_match = .*\nuser_name = x\\1\n", CORP "user_match = .*\nuser_name = x\\\\1\n",
     "6: user_name refers to \\1, but user_match has 0 groups"},
    {CORP "[service s]\nissuers = corp\nissuers = corp nowhere\n",
     CORP OTHER "[service s]\nissuers = corp\nissuers = corp other\n",
     "7: [service s] names [issuer nowhere], which does not exist"},
    {CORP "[service s]\nissuers = Corp\n", "[service s]\nissuers = corp\n" CORP,
     "6: [service s] names [issuer Corp], which does not exist"},
};

START_TEST(a_mistake_is_named_by_its_line)
{
    const struct mistake *mistake = &mistakes[_i];
    const char *const problems[] = {mistake->problem, NULL};

    assert_refused(mistake->bad, strlen(mistake->bad), problems);
    jwkscore_config_free(loaded(mistake->good));
}
END_TEST

/* Two lines that exclude each other: named both. */
static void assert_conflict(const char *lines, const char *line, const char *message, const char *other)
{
    char text[1024], problem[8192];
    const char *const problems[] = {problem, NULL};

    (void)snprintf(text, sizeof(text), CORP "%s", lines);
    (void)snprintf(problem, sizeof(problem), "%s: %s (%s:%s)", line, message, file, other);
    assert_refused(text, strlen(text), problems);
}

START_TEST(two_lines_that_exclude_each_other_are_both_named)
{
    assert_conflict("user_map = /m\nuser_match = a\n", "5", "user_map excludes user_match", "6");
    assert_conflict("user_match = a\n\nuser_map = /m\n", "7", "user_map excludes user_match", "5");
    assert_conflict("jwks_file = /j\njwks_uri = https://k\n", "5", "jwks_file excludes jwks_uri", "6");
    assert_conflict("jwks_file = /j\nmirror = https://k\n", "5", "jwks_file excludes mirror", "6");
    assert_conflict("jwks_file = /j\nca_file = /c\n", "5", "jwks_file excludes ca_file", "6");
    assert_conflict("jwks_file = /j\nproxy = http://p\n", "5", "jwks_file excludes proxy", "6");
    assert_conflict("[issuer b]\nissuer = https://h\naudience = x\nuser_claim = sub\n", "6",
                    "[issuer b] has the issuer of [issuer corp]", "2");
    jwkscore_config_free(loaded(CORP "user_match = a\n"));
    jwkscore_config_free(loaded(CORP "user_map = /m\njwks_file = /j\nmax_stale = 0\n"));
    jwkscore_config_free(
        loaded(CORP "jwks_uri = https://k\nmirror = https://l\nca_file = /c\nproxy = http://p\n"));
    jwkscore_config_free(loaded(CORP "[issuer b]\nissuer = https://h/\naudience = x\nuser_claim = sub\n"));
}
END_TEST

START_TEST(user_map_excludes_user_name_too)
{
    char both[8192];
    const char *const problems[] = {both, "6: user_name needs user_match", NULL};

    (void)snprintf(both, sizeof(both), "5: user_map excludes user_name (%s:6)", file);
    assert_refused(CORP "user_map = /m\nuser_name = a\n", strlen(CORP "user_map = /m\nuser_name = a\n"),
                   problems);
}
END_TEST

START_TEST(a_nul_is_a_mistake)
{
    static const char bad[] = "[global]\nmax_wait = 3\0\n", good[] = "[global]\nmax_wait = 3\n";
    static const char *const problems[] = {"2: the line holds a NUL byte", NULL};

    assert_refused(bad, sizeof(bad) - 1, problems);
    jwkscore_config_free(loaded(good));
}
END_TEST

START_TEST(a_line_has_4096_bytes)
{
    static const char *const problems[] = {"1: the line is over 4096 bytes long", NULL};
    char line[4098];

    memset(line, '#', sizeof(line));
    line[4096] = '\n';
    line[4097] = '\0';
    jwkscore_config_free(loaded(line));
    line[4096] = '#';
    line[4097] = '\n';
    assert_refused(line, sizeof(line), problems);
}
END_TEST

START_TEST(all_mistakes_are_reported_at_once)
{
    static const char text[] = "stray = 1\n" /* 1 */
                               "[global]\n"
                               "min_uid = 0\n" /* 3 */
                               "max_wait = 5\n"
                               "[planet earth]\n" /* 5 */
                               "mass = 6e24\n"
                               "no equals sign\n"    /* 7 */
                               "[issuer corp]\n"     /* 8 */
                               "issuer = http://h\n" /* 9 */
                               "audience = a\n"
                               "audience = b\n"
                               "algorithms = none\n" /* 12 */
                               "user_claim = sub\n"
                               "user_claim = sub\n" /* 14 */
                               "[global]\n"         /* 15 */
                               "clock_skew = 301\n" /* 16 */
                               "min_uid = 5\n"
                               "[service s]\n"
                               "issuers = corp other\n"; /* 19 */
    static const char *const problems[] = {
        "1: a key outside of all sections",
        "3: min_uid: \"0\" is not from 1 to 4294967294",
        "5: unknown section \"planet earth\"",
        "7: neither a comment, nor a [section], nor key = value",
        "9: issuer: \"http://h\" is not an https:// URL",
        "12: algorithms: \"none\" is not an algorithm that may sign a token here (asymmetric ones only)",
        "14: user_claim is given again, after line 13",
        "15: section [global] is given again, after line 2",
        "16: clock_skew: \"301\" is not from 0 to 300 seconds",
        "8: [issuer corp] has no issuer",
        "19: [service s] names [issuer other], which does not exist",
        NULL,
    };
    struct jwkscore_config *config = new_config();
    struct jwkscore_error error;
    char expected[512];

    assert_refused(text, sizeof(text) - 1, problems);
    ck_assert_int_eq(load(config, text, &error), JWKSCORE_E_CONFIG);
    (void)snprintf(expected, sizeof(expected), "%.200s:1: a key outside of all sections (and 10 more)", file);
    if (strlen(file) < 200)
        ck_assert_str_eq(error.message, expected);
    jwkscore_config_free(config);
}
END_TEST

/* --- what is good --- */

START_TEST(a_whole_file)
{
    struct jwkscore_config *config = loaded("; all of it\n"
                                            "  # with comments, blanks and no newline at the end\n"
                                            "\n \t \n"
                                            "[global]\n"
                                            "  min_uid\t=\t500  \n"
                                            "clock_skew=0\n"
                                            "[ issuer\tcorp ]\n"
                                            "issuer = https://login.example.com/realms/corp\n"
                                            "audience = ssh-prod other\n"
                                            "audience = third\n"
                                            "algorithms = ES256\n"
                                            "algorithms = ES384 EdDSA\n"
                                            "user_claim = preferred_username\n"
                                            "user_match = ([a-z_][a-z0-9_-]{0,31})@example\\.com\n"
                                            "user_name = \\1\n"
                                            "require = groups = ssh users\n"
                                            "require = acr=b\n"
                                            "max_stale = 2d\n"
                                            "[service ssh-key]\n"
                                            "issuers = corp\n"
                                            "max_auth_age = 15m\n"
                                            "[issuer empty-1]\n"
                                            "issuer = https://h\naudience = x\nuser_claim = sub");
    const struct issuer_options *corp = config_issuer_named(config, "corp");
    const struct service_options *service = config_service(config, "ssh-key");

    ck_assert(!config->refused);
    ck_assert_int_eq(config->global.min_uid, 500);
    ck_assert_int_eq(config->global.clock_skew, 0);
    ck_assert_int_eq(config->global.max_wait, 8);
    ck_assert_ptr_nonnull(corp);
    ck_assert_uint_eq(corp->line, 8);
    ck_assert_uint_eq(corp->audience.count, 3);
    ck_assert_str_eq(corp->audience.at[2], "third");
    ck_assert_int_eq(corp->algorithms, algorithm_bit(algorithm_find(TEXT("ES256"))) |
                                           algorithm_bit(algorithm_find(TEXT("ES384"))) |
                                           algorithm_bit(algorithm_find(TEXT("EdDSA"))));
    ck_assert_str_eq(corp->require.at[0], "groups = ssh users");
    ck_assert_int_eq(corp->max_stale, 172800);
    ck_assert_ptr_eq(config_issuer_for(config, TEXT("https://login.example.com/realms/corp")), corp);
    ck_assert_ptr_null(config_issuer_for(config, TEXT("https://login.example.com/realms/corp/")));
    ck_assert_ptr_null(config_issuer_for(config, TEXT("https://login.example.com/realms/cor")));
    ck_assert_ptr_null(config_issuer_named(config, "Corp"));
    ck_assert_ptr_null(config_issuer_named(config, NULL));
    ck_assert_ptr_nonnull(service);
    ck_assert_uint_eq(service->line, 20);
    ck_assert_int_eq(service->max_auth_age, 900);
    ck_assert_str_eq(service->issuers.at[0], "corp");
    ck_assert_ptr_null(config_service(config, "sshd"));
    ck_assert_ptr_null(config_service(config, NULL));
    ck_assert_str_eq(jwkscore_config_issuer(config, 0), "corp");
    ck_assert_str_eq(jwkscore_config_issuer(config, 1), "empty-1");
    ck_assert_ptr_null(jwkscore_config_issuer(config, 2));
    ck_assert_int_eq(jwkscore_config_check(config, NULL), JWKSCORE_OK);
    jwkscore_config_free(config);
}
END_TEST

START_TEST(a_fresh_one_denies)
{
    struct jwkscore_config *config = new_config();

    ck_assert_ptr_null(config_issuer_for(config, TEXT("https://h")));
    ck_assert_ptr_null(config_issuer_for(config, (struct text){"", 0}));
    ck_assert_ptr_null(jwkscore_config_issuer(config, 0));
    ck_assert_int_eq(config->file_owner, NO_OWNER);
    ck_assert_ptr_nonnull(config->crypto);
    ck_assert_int_eq(jwkscore_config_check(config, NULL), JWKSCORE_OK);
    jwkscore_config_free(config);
    config = loaded("\n");
    ck_assert_ptr_null(config_issuer_for(config, TEXT("https://h")));
    jwkscore_config_free(config);
    jwkscore_config_free(NULL);
}
END_TEST

/* --- limits --- */

static char *sections(enum section section, size_t count)
{
    char *text = calloc(count, 128);
    size_t used = 0;

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < count; i++) {
        if (section == SECTION_ISSUER)
            used += (size_t)snprintf(
                text + used, 128, "[issuer i%zu]\nissuer = https://h/%zu\naudience = a\nuser_claim = sub\n",
                i, i);
        else
            used += (size_t)snprintf(text + used, 128, "[service s%zu]\n", i);
    }
    return text;
}

START_TEST(there_are_so_many_sections)
{
    static const char *const issuer_65[] = {"257: over 64 sections [issuer]", NULL};
    static const char *const service_257[] = {"257: over 256 sections [service]", NULL};
    CLEANUP(string_freep)
    char *issuers = sections(SECTION_ISSUER, 64),
         *more_issuers = sections(SECTION_ISSUER, 65);
    CLEANUP(string_freep)
    char *services = sections(SECTION_SERVICE, 256),
         *more_services = sections(SECTION_SERVICE, 257);

    jwkscore_config_free(loaded(issuers));
    assert_refused(more_issuers, strlen(more_issuers), issuer_65);
    jwkscore_config_free(loaded(services));
    assert_refused(more_services, strlen(more_services), service_257);
}
END_TEST

START_TEST(a_file_has_so_many_bytes)
{
    CLEANUP(string_freep) char *text = malloc(CONFIG_MAX + 1);
    struct jwkscore_config *config = new_config();
    struct jwkscore_error error;

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i <= CONFIG_MAX; i++)
        text[i] = i % 64 == 63 ? '\n' : '#';
    ck_assert_int_eq(load_bytes(config, text, CONFIG_MAX, &error), JWKSCORE_OK);
    jwkscore_config_free(config);
    config = new_config();
    ck_assert_int_ne(load_bytes(config, text, CONFIG_MAX + 1, &error), JWKSCORE_OK);
    ck_assert_int_eq(jwkscore_classify(error.status), JWKSCORE_CLASS_FAULT);
    ck_assert(config->refused);
    jwkscore_config_free(config);
}
END_TEST

/* --- whose file --- */

static enum jwkscore_status load_file(const char *path)
{
    struct jwkscore_config *config = new_config();
    struct jwkscore_error error = {.status = JWKSCORE_OK};
    enum jwkscore_status status = jwkscore_config_load(config, path, &error);

    ck_assert_int_eq(error.status, status);
    ck_assert_int_eq(config->refused, status != JWKSCORE_OK);
    ck_assert_int_eq(jwkscore_config_check(config, NULL),
                     status == JWKSCORE_OK ? JWKSCORE_OK : JWKSCORE_E_CONFIG);
    if (status != JWKSCORE_OK) {
        ck_assert_ptr_null(config_issuer_named(config, "corp"));
        ck_assert_ptr_null(jwkscore_config_problem(config, 0));
        assert_set(config, "issuer corp", "issuer", "https://h");
        ck_assert_ptr_null(config_issuer_for(config, TEXT("https://h")));
    }
    jwkscore_config_free(config);
    return status;
}

START_TEST(an_unsafe_file_is_refused)
{
    static const mode_t unsafe[] = {0664, 0646, 0666, 0777, 04644};
    char link[4120];

    write_file(CORP, strlen(CORP));
    ck_assert_int_eq(load_file(file), JWKSCORE_OK);
    for (size_t i = 0; i < ARRAY_LENGTH(unsafe); i++) {
        ck_assert_int_eq(chmod(file, unsafe[i]), 0);
        ck_assert_int_eq(load_file(file), JWKSCORE_E_UNSAFE_FILE);
    }
    ck_assert_int_eq(chmod(file, 0600), 0);
    ck_assert_int_eq(load_file(file), JWKSCORE_OK);
    (void)snprintf(link, sizeof(link), "%s/link.conf", folder);
    ck_assert_int_eq(symlink("jwks.conf", link), 0);
    ck_assert_int_ne(load_file(link), JWKSCORE_OK);
    ck_assert_int_eq(unlink(link), 0);
    ck_assert_int_eq(chmod(folder, 0777), 0);
    ck_assert_int_eq(load_file(file), JWKSCORE_E_UNSAFE_FILE);
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(load_file(file), JWKSCORE_OK);
    ck_assert_int_ne(load_file(folder), JWKSCORE_OK);
    (void)snprintf(link, sizeof(link), "%s/absent.conf", folder);
    ck_assert_int_ne(load_file(link), JWKSCORE_OK);
    ck_assert_int_ne(load_file("jwks.conf"), JWKSCORE_OK);
    write_file("", 0);
    ck_assert_int_ne(load_file(file), JWKSCORE_OK);
    ck_assert_int_ne(load_file(""), JWKSCORE_OK);
}
END_TEST

START_TEST(the_owner_is_root_or_ourselves)
{
    struct jwkscore_config *config = loaded(CORP);

    ck_assert_uint_eq(config->file_owner, geteuid());
    ck_assert_uint_eq(config_file_owner(config), geteuid() == 0 ? NO_OWNER : geteuid());
    config->file_owner = NO_OWNER;
    ck_assert_uint_eq(config_file_owner(config), NO_OWNER);
    config->file_owner = geteuid() + 1;
    ck_assert_uint_eq(config_file_owner(config), NO_OWNER);
    jwkscore_config_free(config);
}
END_TEST

/* Only root can give a file away, and take another's identity on. */
START_TEST(root_trusts_roots_files_only)
{
    struct jwkscore_config *config;

    if (geteuid() != 0)
        return;
    write_file(CORP, strlen(CORP));
    ck_assert_int_eq(load_file(file), JWKSCORE_OK);
    ck_assert_int_eq(chown(file, 65534, 65534), 0);
    ck_assert_int_eq(load_file(file), JWKSCORE_E_UNSAFE_FILE);
    ck_assert_int_eq(seteuid(65533), 0);
    if (euidaccess(file, R_OK) != 0)
        return;
    ck_assert_int_eq(load_file(file), JWKSCORE_E_UNSAFE_FILE);
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(seteuid(65534), 0);
    config = new_config();
    ck_assert_int_eq(jwkscore_config_load(config, file, NULL), JWKSCORE_OK);
    ck_assert_uint_eq(config_file_owner(config), 65534);
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_uint_eq(config_file_owner(config), NO_OWNER);
    jwkscore_config_free(config);
}
END_TEST

START_TEST(a_configuration_loads_once)
{
    struct jwkscore_config *config = loaded(CORP);
    struct jwkscore_error error = {.status = JWKSCORE_OK};

    ck_assert_int_eq(jwkscore_config_load(config, file, &error), JWKSCORE_E_ARGUMENT);
    ck_assert_int_eq(error.status, JWKSCORE_E_ARGUMENT);
    ck_assert_ptr_nonnull(config_issuer_named(config, "corp"));
    ck_assert_int_eq(jwkscore_config_load(config, NULL, &error), JWKSCORE_E_ARGUMENT);
    ck_assert_int_eq(jwkscore_config_load(NULL, file, &error), JWKSCORE_E_ARGUMENT);
    ck_assert_int_eq(jwkscore_config_load(NULL, file, NULL), JWKSCORE_E_ARGUMENT);
    jwkscore_config_free(config);
}
END_TEST

/* --- set, get, origin --- */

START_TEST(set_replaces_single_values_and_adds_to_lists)
{
    struct jwkscore_config *config = loaded(CORP "algorithms = RS256\n[global]\nmax_wait = 3\n");
    const struct issuer_options *corp = config_issuer_named(config, "corp");

    assert_set(config, "issuer corp", "issuer", "https://new");
    assert_set(config, "issuer corp", "audience", "b");
    assert_set(config, "issuer corp", "algorithms", "ES256");
    ck_assert_str_eq(corp->issuer, "https://new");
    ck_assert_uint_eq(corp->audience.count, 2);
    ck_assert_int_eq(corp->algorithms, algorithm_bit(algorithm_find(TEXT("RS256"))) |
                                           algorithm_bit(algorithm_find(TEXT("ES256"))));
    ck_assert_str_eq(jwkscore_config_get(config, "issuer corp", "issuer", 0), "https://new");
    ck_assert_ptr_null(jwkscore_config_get(config, "issuer corp", "issuer", 1));
    ck_assert_str_eq(jwkscore_config_get(config, "issuer corp", "audience", 0), "a");
    ck_assert_str_eq(jwkscore_config_get(config, "issuer corp", "audience", 1), "b");
    ck_assert_ptr_null(jwkscore_config_get(config, "issuer corp", "audience", 2));
    assert_set(config, "pam", "max_wait", "4");
    ck_assert_int_eq(config->global.max_wait, 4);
    ck_assert_str_eq(jwkscore_config_get(config, "pam", "max_wait", 0), "4");
    ck_assert_str_eq(jwkscore_config_get(config, "global", "max_wait", 0), "4");
    assert_set(config, "pam", "prompt", "Code: ");
    ck_assert_str_eq(config->pam.prompt, "Code: ");
    assert_set(config, "service sudo", "export", "yes");
    ck_assert(config_service(config, "sudo")->export_variables);
    jwkscore_config_free(config);
}
END_TEST

START_TEST(a_file_replaces_what_was_set_before)
{
    struct jwkscore_config *config = new_config();
    struct jwkscore_error error;

    assert_set(config, "global", "max_wait", "4");
    assert_set(config, "issuer corp", "user_claim", "email");
    assert_set(config, "issuer corp", "audience", "x");
    ck_assert_int_eq(load(config, CORP "[global]\nmax_wait = 3\n", &error), JWKSCORE_OK);
    ck_assert_int_eq(config->global.max_wait, 3);
    ck_assert_uint_eq(config->issuer_count, 1);
    ck_assert_str_eq(config_issuer_named(config, "corp")->user_claim, "sub");
    ck_assert_uint_eq(config_issuer_named(config, "corp")->audience.count, 2);
    jwkscore_config_free(config);
}
END_TEST

START_TEST(a_refused_set_leaves_no_section)
{
    static const struct {
        const char *section, *key, *value, *message;
    } bad[] = {
        {"issuer corp", "issuer", "http://h", "issuer: \"http://h\" is not an https:// URL"},
        {"issuer corp", "issue", "https://h", "unknown key \"issue\" in [issuer]"},
        {"service s", "export", "maybe", "export: \"maybe\" must be yes or no"},
        {"issuer co.rp", "issuer", "https://h", NULL},
        {"issuer", "issuer", "https://h", "section [issuer] needs a name"},
        {"issuer a b", "issuer", "https://h", "unknown section \"issuer a b\""},
        {"", "issuer", "https://h", "unknown section \"\""},
        {"Global", "max_wait", "3", "unknown section \"Global\""},
        {"pam", "conf", "/x", "unknown key \"conf\" in the module's arguments"},
        {"pam", "state_dir", "/x", "unknown key \"state_dir\" in the module's arguments"},
        {"pam", "prompt", "%n", "prompt: \"%n\" must not hold a %"},
        {"pam", "max_wait", "21", "max_wait: \"21\" is not from 1 to 20 seconds"},
    };
    struct jwkscore_config *config = new_config();

    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct jwkscore_error error = {JWKSCORE_E_CRYPTO, "of an earlier call"};

        ck_assert_int_eq(jwkscore_config_set(config, bad[i].section, bad[i].key, bad[i].value, &error),
                         JWKSCORE_E_CONFIG);
        if (bad[i].message != NULL)
            ck_assert_str_eq(error.message, bad[i].message);
        ck_assert(config->issuer_count == 0 && config->service_count == 0);
    }
    ck_assert_int_eq(jwkscore_config_set(NULL, "global", "max_wait", "3", NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_int_eq(jwkscore_config_set(config, NULL, "max_wait", "3", NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_int_eq(jwkscore_config_set(config, "global", NULL, "3", NULL), JWKSCORE_E_ARGUMENT);
    ck_assert_int_eq(jwkscore_config_set(config, "global", "max_wait", NULL, NULL), JWKSCORE_E_ARGUMENT);
    assert_set(config, "issuer corp", "issuer", "https://h");
    ck_assert_uint_eq(config->issuer_count, 1);
    ck_assert_int_eq(jwkscore_config_set(config, "issuer corp", "issuer", "http://h", NULL),
                     JWKSCORE_E_CONFIG);
    ck_assert_uint_eq(config->issuer_count, 1);
    ck_assert_str_eq(config->issuers[0].issuer, "https://h");
    jwkscore_config_free(config);
}
END_TEST

START_TEST(get_knows_defaults_and_nothing_else)
{
    struct jwkscore_config *config = loaded(CORP);

    ck_assert_str_eq(jwkscore_config_get(config, "global", "state_dir", 0), JWKS_STATE_DIR);
    ck_assert_ptr_null(jwkscore_config_get(config, "global", "state_dir", 1));
    ck_assert_str_eq(jwkscore_config_get(config, "issuer corp", "max_stale", 0), "24h");
    ck_assert_str_eq(jwkscore_config_get(config, "pam", "prompt", 0), "Token: ");
    ck_assert_str_eq(jwkscore_config_get(config, "pam", "max_wait", 0), "8");
    ck_assert_ptr_null(jwkscore_config_get(config, "issuer corp", "jwks_uri", 0));
    ck_assert_ptr_null(jwkscore_config_get(config, "issuer corp", "no_such_key", 0));
    ck_assert_ptr_null(jwkscore_config_get(config, "issuer other", "issuer", 0));
    ck_assert_ptr_null(jwkscore_config_get(config, "service s", "export", 0));
    ck_assert_ptr_null(jwkscore_config_get(config, "nonsense", "issuer", 0));
    ck_assert_ptr_null(jwkscore_config_get(NULL, "global", "state_dir", 0));
    ck_assert_ptr_null(jwkscore_config_get(config, NULL, "state_dir", 0));
    ck_assert_ptr_null(jwkscore_config_get(config, "global", NULL, 0));
    ck_assert_ptr_null(jwkscore_config_issuer(NULL, 0));
    ck_assert_ptr_null(jwkscore_config_problem(NULL, 0));
    jwkscore_config_free(config);
}
END_TEST

START_TEST(origin_is_the_last_line_that_set_it)
{
    struct jwkscore_config *config = loaded(CORP "audience = b\n");
    const struct issuer_options *corp = config_issuer_named(config, "corp");
    struct origin origin;
    char expected[8192], long_path[400];

    (void)snprintf(expected, sizeof(expected), "%s:2", file);
    if (strlen(file) < 200)
        ck_assert_str_eq(config_origin(config, &corp->settings, "issuer", &origin), expected);
    (void)snprintf(expected, sizeof(expected), "%s:5", file);
    if (strlen(file) < 200)
        ck_assert_str_eq(config_origin(config, &corp->settings, "audience", &origin), expected);
    ck_assert_str_eq(config_origin(config, &corp->settings, "max_stale", &origin), "default");
    assert_set(config, "issuer corp", "issuer", "https://x");
    ck_assert_str_eq(config_origin(config, &corp->settings, "issuer", &origin), "argument");
    memset(long_path, 'p', sizeof(long_path));
    long_path[0] = '/';
    long_path[sizeof(long_path) - 1] = '\0';
    free(config->path);
    config->path = text_copy(text_from(long_path));
    ck_assert_ptr_nonnull(config->path);
    (void)config_origin(config, &corp->settings, "user_claim", &origin);
    ck_assert_uint_lt(strlen(origin.text), sizeof(origin.text));
    ck_assert_int_eq(strncmp(origin.text, "...ppp", 6), 0);
    ck_assert_str_eq(origin.text + strlen(origin.text) - 4, "pp:4");
    jwkscore_config_free(config);
}
END_TEST

/* --- check, without a file --- */

START_TEST(check_finds_what_set_cannot)
{
    struct jwkscore_config *config = new_config();
    struct jwkscore_error error;

    assert_set(config, "issuer corp", "issuer", "https://h");
    ck_assert_int_eq(jwkscore_config_check(config, &error), JWKSCORE_E_CONFIG);
    ck_assert_str_eq(error.message, "[issuer corp] has no audience (and 1 more)");
    assert_set(config, "issuer corp", "audience", "a");
    ck_assert_int_eq(jwkscore_config_check(config, &error), JWKSCORE_E_CONFIG);
    ck_assert_str_eq(error.message, "[issuer corp] has no user_claim");
    assert_set(config, "issuer corp", "user_claim", "sub");
    ck_assert_int_eq(jwkscore_config_check(config, &error), JWKSCORE_OK);
    ck_assert_int_eq(error.status, JWKSCORE_OK);
    ck_assert_ptr_nonnull(config_issuer_for(config, TEXT("https://h")));
    assert_set(config, "issuer b", "issuer", "https://h");
    assert_set(config, "issuer b", "audience", "a");
    assert_set(config, "issuer b", "user_claim", "sub");
    ck_assert_int_eq(jwkscore_config_check(config, &error), JWKSCORE_E_CONFIG);
    ck_assert_str_eq(error.message, "[issuer b] has the issuer of [issuer corp] (argument)");
    ck_assert_ptr_null(config_issuer_for(config, TEXT("https://h")));
    assert_set(config, "issuer b", "issuer", "https://b");
    ck_assert_ptr_nonnull(config_issuer_for(config, TEXT("https://h")));
    ck_assert_int_eq(jwkscore_config_check(config, &error), JWKSCORE_OK);
    assert_set(config, "issuer b", "jwks_file", "/j");
    assert_set(config, "issuer b", "proxy", "http://p");
    ck_assert_int_eq(jwkscore_config_check(config, &error), JWKSCORE_E_CONFIG);
    ck_assert_str_eq(error.message, "jwks_file excludes proxy (argument)");
    ck_assert_int_eq(jwkscore_config_check(NULL, &error), JWKSCORE_E_ARGUMENT);
    jwkscore_config_free(config);
}
END_TEST

/* --- trace --- */

struct seen {
    unsigned calls;
    enum jwkscore_status status;
    size_t size;
    char rule[32], wanted[64], found[QUOTED_SIZE], origin[512];
};

static void copy_text(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from == NULL ? "(null)" : from);
}

static void see(void *data, const struct jwkscore_trace *trace)
{
    struct seen *seen = data;

    seen->calls++;
    seen->status = trace->status;
    seen->size = trace->size;
    copy_text(seen->rule, sizeof(seen->rule), trace->rule);
    copy_text(seen->wanted, sizeof(seen->wanted), trace->wanted);
    copy_text(seen->found, sizeof(seen->found), trace->found);
    copy_text(seen->origin, sizeof(seen->origin), trace->origin);
}

START_TEST(trace_tells_rule_values_and_origin)
{
    struct jwkscore_config *config = loaded(CORP);
    const struct settings *settings = &config_issuer_named(config, "corp")->settings;
    struct seen seen = {.calls = 0};
    char expected[512];

    ck_assert_int_eq(
        config_trace(config, "audience", JWKSCORE_E_AUDIENCE, "a", TEXT("b"), settings, "audience"),
        JWKSCORE_E_AUDIENCE);
    jwkscore_config_trace(config, see, &seen);
    ck_assert_int_eq(
        config_trace(config, "audience", JWKSCORE_E_AUDIENCE, "a", TEXT("b\n\""), settings, "audience"),
        JWKSCORE_E_AUDIENCE);
    ck_assert_uint_eq(seen.calls, 1);
    ck_assert_uint_eq(seen.size, sizeof(struct jwkscore_trace));
    ck_assert_int_eq(seen.status, JWKSCORE_E_AUDIENCE);
    ck_assert_str_eq(seen.rule, "audience");
    ck_assert_str_eq(seen.wanted, "a");
    ck_assert_str_eq(seen.found, "b\\x0a\\x22");
    (void)snprintf(expected, sizeof(expected), "%.400s:3", file);
    if (strlen(file) < 200)
        ck_assert_str_eq(seen.origin, expected);
    ck_assert_int_eq(config_trace(config, "expiry", JWKSCORE_OK, NULL, (struct text){NULL, 0}, NULL, NULL),
                     JWKSCORE_OK);
    ck_assert_str_eq(seen.wanted, "(null)");
    ck_assert_str_eq(seen.found, "(null)");
    ck_assert_str_eq(seen.origin, "(null)");
    jwkscore_config_trace(config, NULL, NULL);
    ck_assert_int_eq(config_trace(config, "expiry", JWKSCORE_OK, NULL, TEXT(""), NULL, NULL), JWKSCORE_OK);
    ck_assert_uint_eq(seen.calls, 2);
    jwkscore_config_trace(NULL, see, &seen);
    jwkscore_config_free(config);
}
END_TEST

/* 77 where the current folder itself cannot be trusted: then no file below it can. */
static int prepare(void)
{
    struct jwkscore_config *config;
    struct jwkscore_error error = {.status = JWKSCORE_OK};
    enum jwkscore_status status;
    char here[3900];
    int fd;

    if (getcwd(here, sizeof(here)) == NULL)
        return EXIT_FAILURE;
    (void)snprintf(folder, sizeof(folder), "%s/check_config.XXXXXX", here);
    if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0)
        return EXIT_FAILURE;
    (void)snprintf(file, sizeof(file), "%s/jwks.conf", folder);
    fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    config = jwkscore_config_new();
    if (fd < 0 || fchmod(fd, 0644) != 0 || close(fd) != 0 || config == NULL)
        return EXIT_FAILURE;
    status = jwkscore_config_load(config, file, &error);
    jwkscore_config_free(config);
    if (status == JWKSCORE_E_UNSAFE_FILE)
        (void)printf("skipped: %s\n", error.message);
    return status == JWKSCORE_E_UNSAFE_FILE ? 77 : EXIT_SUCCESS;
}

static int run(void)
{
    Suite *suite = suite_create("config");
    TCase *tcase = tcase_create("config");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, a_mistake_is_named_by_its_line, 0, (int)ARRAY_LENGTH(mistakes));
    tcase_add_test(tcase, two_lines_that_exclude_each_other_are_both_named);
    tcase_add_test(tcase, user_map_excludes_user_name_too);
    tcase_add_test(tcase, a_nul_is_a_mistake);
    tcase_add_test(tcase, a_line_has_4096_bytes);
    tcase_add_test(tcase, all_mistakes_are_reported_at_once);
    tcase_add_test(tcase, a_whole_file);
    tcase_add_test(tcase, a_fresh_one_denies);
    tcase_add_test(tcase, there_are_so_many_sections);
    tcase_add_test(tcase, a_file_has_so_many_bytes);
    tcase_add_test(tcase, an_unsafe_file_is_refused);
    tcase_add_test(tcase, the_owner_is_root_or_ourselves);
    tcase_add_test(tcase, root_trusts_roots_files_only);
    tcase_add_test(tcase, a_configuration_loads_once);
    tcase_add_test(tcase, set_replaces_single_values_and_adds_to_lists);
    tcase_add_test(tcase, a_file_replaces_what_was_set_before);
    tcase_add_test(tcase, a_refused_set_leaves_no_section);
    tcase_add_test(tcase, get_knows_defaults_and_nothing_else);
    tcase_add_test(tcase, origin_is_the_last_line_that_set_it);
    tcase_add_test(tcase, check_finds_what_set_cannot);
    tcase_add_test(tcase, trace_tells_rule_values_and_origin);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(void)
{
    int result = prepare();

    if (result == EXIT_SUCCESS)
        result = run();
    (void)unlink(file);
    (void)rmdir(folder);
    return result;
}
