/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support.c: a folder of the program's own, configurations, tokens taken apart, running the tests.
 *
 * The folder lies below the current one and never in /tmp: what stands below a folder that others can write
 * is refused by the library, as it should be.
 */
#include "support.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SKIPPED = 77, TEST_SECONDS = 120 };

/* What was given out, to be freed at the end. */
struct keepsake {
    struct keepsake *next;
    char bytes[];
};
static struct keepsake *keepsakes;
static char room[PATH_MAX];
static bool early;

/* --- texts --- */

static char *keep(size_t length)
{
    struct keepsake *keepsake = calloc(1, sizeof(*keepsake) + length + 1);

    ck_assert_ptr_nonnull(keepsake);
    keepsake->next = keepsakes;
    keepsakes = keepsake;
    return keepsake->bytes;
}

struct text kept(const void *bytes, size_t length)
{
    char *copy = keep(length);

    if (length > 0)
        memcpy(copy, bytes, length);
    return (struct text){copy, length};
}

const char *textf(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    int length;
    struct text copy;

    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    ck_assert_int_ge(length, 0);
    copy = kept(text, (size_t)length);
    free(text);
    return copy.bytes;
}

const char *repeated(const char *piece, size_t count)
{
    size_t length = strlen(piece);
    char *text = keep(length * count);

    for (size_t i = 0; i < count; i++)
        memcpy(text + i * length, piece, length);
    return text;
}

static unsigned hex_value(char digit)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, digit);

    ck_assert(digit != '\0' && at != NULL);
    return (unsigned)(at - digits);
}

struct text from_hex(const char *hex)
{
    size_t length = strlen(hex) / 2;
    char *bytes = keep(length);

    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
    return (struct text){bytes, length};
}

void expect_discreet(const struct jwkscore_error *error, struct text secret)
{
    enum { MOST = 8 };

    for (const char *c = error->message; *c != '\0'; c++)
        ck_assert_msg(*c >= 0x20 && *c <= 0x7e, "not printable: %s", error->message);
    for (size_t i = 0; i + MOST <= secret.length; i++)
        ck_assert_msg(memmem(error->message, strlen(error->message), secret.bytes + i, MOST) == NULL,
                      "a part of the token stands in the message: %s", error->message);
}

/* --- the room --- */

const char *room_path(const char *name)
{
    ck_assert_msg(room[0] != '\0', "this program runs without a room");
    return *name == '\0' ? room : textf("%s/%s", room, name);
}

const char *room_write_bytes(const char *name, struct text text, mode_t mode)
{
    const char *path = room_path(name);
    FILE *file;

    ck_assert(unlink(path) == 0 || errno == ENOENT);
    file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text.bytes, 1, text.length, file), text.length);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
    return path;
}

const char *room_write(const char *name, const char *text)
{
    return room_write_bytes(name, text_from(text), 0644);
}

const char *room_folder(const char *name, mode_t mode)
{
    const char *path = room_path(name);

    ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
    ck_assert_int_eq(chmod(path, mode), 0);
    return path;
}

bool room_has(const char *name)
{
    return access(room_path(name), F_OK) == 0;
}

void room_drop(const char *name)
{
    ck_assert(unlink(room_path(name)) == 0 || errno == ENOENT);
}

/* False: this folder, or one above it, can be changed by others, so nothing in it would be trusted. */
static bool make_room(void)
{
    CLEANUP(folder_closep) struct folder folder = {.fd = -1};
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    char here[PATH_MAX - 16];

    if (getcwd(here, sizeof(here)) == NULL ||
        folder_open(here, geteuid(), false, &folder, &error) != JWKSCORE_OK) {
        fprintf(stderr, "skipped: no trusted folder to work in: %s\n", error.message);
        return false;
    }
    snprintf(room, sizeof(room), "%s/room.XXXXXX", here);
    if (mkdtemp(room) == NULL || chmod(room, 0755) != 0) {
        fprintf(stderr, "skipped: no folder can be made here: %s\n", here);
        room[0] = '\0';
        return false;
    }
    return true;
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *walk)
{
    (void)found;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_room(void)
{
    if (room[0] != '\0' && nftw(room, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "%s could not be removed\n", room);
    room[0] = '\0';
}

/* --- configurations --- */

void tell(struct jwkscore_config *config, const char *section, const char *key, const char *value)
{
    struct jwkscore_error error;

    ck_assert_msg(jwkscore_config_set(config, section, key, value, &error) == JWKSCORE_OK, "%s: %s", key,
                  error.message);
}

struct jwkscore_config *config_loaded(const char *text)
{
    const char *global = strstr(text, "[global]") != NULL
                             ? ""
                             : textf("[global]\nstate_dir = %s\nrun_dir = %s\nfetch_helper = %s\n",
                                     room_path("state"), room_path("run"), room_path("helper"));
    const char *path = room_write("jwks.conf", textf("%s%s", global, text));
    struct jwkscore_config *config = jwkscore_config_new();
    struct jwkscore_error error;

    ck_assert_ptr_nonnull(config);
    ck_assert_msg(jwkscore_config_load(config, path, &error) == JWKSCORE_OK, "%s", error.message);
    return config;
}

/* One line of the text: a section, which is kept in `section`, or a key and its value. */
static void tell_line(struct jwkscore_config *config, struct text line, char section[static 80])
{
    const char *equals = memchr(line.bytes, '=', line.length);
    struct text key, value;

    if (line.length == 0)
        return;
    if (line.bytes[0] == '[') {
        snprintf(section, 80, "%.*s", (int)line.length - 2, line.bytes + 1);
        return;
    }
    ck_assert_ptr_nonnull(equals);
    key = text_trim((struct text){line.bytes, (size_t)(equals - line.bytes)});
    value = text_trim((struct text){equals + 1, line.length - (size_t)(equals - line.bytes) - 1});
    tell(config, section, kept(key.bytes, key.length).bytes, kept(value.bytes, value.length).bytes);
}

struct jwkscore_config *config_told(const char *text)
{
    struct jwkscore_config *config = jwkscore_config_new();
    struct text rest = text_from(text), line;
    char section[80] = "";

    ck_assert_ptr_nonnull(config);
    while (text_take_line(&rest, &line))
        tell_line(config, line, section);
    return config;
}

void config_freep(struct jwkscore_config **config)
{
    jwkscore_config_free(*config);
}

const struct issuer_options *corp(const struct jwkscore_config *config)
{
    const struct issuer_options *issuer = config_issuer_named(config, "corp");

    ck_assert_ptr_nonnull(issuer);
    return issuer;
}

/* --- tokens that nobody signed --- */

struct token *token_of(const char *payload)
{
    static const char zeros[64];
    const char *text = mint_join("{\"alg\":\"ES256\"}", payload, (struct text){zeros, sizeof(zeros)});
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    struct token *token = NULL;

    ck_assert_msg(token_parse(text_from(text), &token, &error) == JWKSCORE_OK, "%s: %s", payload,
                  error.message);
    return token;
}

/* --- running --- */

static void forget_all(void)
{
    mint_end();
    while (keepsakes != NULL) {
        struct keepsake *next = keepsakes->next;

        free(keepsakes);
        keepsakes = next;
    }
}

void mint_early(void)
{
    early = true;
}

static void make_keys(void)
{
    for (enum mint_kind kind = MINT_RSA; early && kind < MINT_KINDS; kind++)
        (void)mint_key(kind, 0);
}

int run_tests(const char *name, const TTest *const *tests, bool with_room)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, TEST_SECONDS);
    tcase_add_unchecked_fixture(tcase, make_keys, NULL); /* outside of tests nothing can be asserted */
    for (; *tests != NULL; tests++)
        tcase_add_test(tcase, *tests);
    if (with_room && !make_room()) {
        srunner_free(runner);
        forget_all();
        return SKIPPED;
    }
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove_room();
    forget_all();
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
