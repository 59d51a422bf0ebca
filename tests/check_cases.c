/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_cases.c: each folder of tests/vectors/accept and reject is decided as its `expect` says (tests/vectors/README).
 *
 * The decision is made as a program would make it, by jwkscore.h alone.  Each folder is a test of its own and carries
 * its name, so that a failure says which promise is broken.
 */
#include "support.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    CASES_LEAST = 250, /* fewer, and they were not found */
    CASES_MOST = 4096,
    FILE_MOST = 1024 * 1024,
    LEAKED = 20 /* characters of a token in a row */
};

static const int64_t now = 3786912000; /* 2090-01-01: later than any build, and before 2100 */

static char *names[CASES_MOST]; /* "reject/aud-missing" */
static size_t name_count;
/* Tests run one after another, mostly each in a child: this page is shared, and says whose turn it is. */
static size_t *turn;

/* --- files --- */

static const char *top(void)
{
    const char *folder = getenv("top_srcdir");

    return folder != NULL ? folder : ".";
}

static const char *vectors(const char *name)
{
    return textf("%s/tests/vectors/%s", top(), name);
}

static bool is_there(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && S_ISREG(found.st_mode);
}

static struct text read_whole(const char *path)
{
    char *bytes = malloc(FILE_MOST);
    FILE *file = fopen(path, "re");
    struct text text;

    ck_assert_ptr_nonnull(bytes);
    ck_assert_msg(file != NULL, "%s cannot be read", path);
    text = kept(bytes, fread(bytes, 1, FILE_MOST, file));
    ck_assert_int_eq(fclose(file), 0);
    free(bytes);
    ck_assert_uint_lt(text.length, FILE_MOST);
    return text;
}

/* The case's own file, or else the one for all. */
static struct text read_file(const char *folder, const char *name)
{
    const char *own = vectors(textf("%s/%s", folder, name));

    return read_whole(is_there(own) ? own : vectors(name));
}

/* --- what a case asks --- */

/* jwks.conf with `@here@` replaced by the room, where its other files are. */
static const char *fill_in_room(const char *conf)
{
    static const char place[] = "@here@";
    const char *found, *filled = "";

    while ((found = strstr(conf, place)) != NULL) {
        filled = textf("%s%.*s%s", filled, (int)(found - conf), conf, room_path(""));
        conf = found + strlen(place);
    }
    return textf("%s%s", filled, conf);
}

/* Copies go where everything is trusted: what lies in the sources belongs to whoever unpacked them. */
static const char *furnish(const char *folder)
{
    static const char *const own[] = {"two.json", "map"};
    const struct text jwks = read_file(folder, "jwks.json");

    room_write_bytes("jwks.json", jwks, 0644);
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++) {
        const char *path = vectors(textf("%s/%s", folder, own[i]));

        room_drop(own[i]);
        if (is_there(path))
            room_write_bytes(own[i], read_whole(path), 0644);
    }
    return room_write("jwks.conf", fill_in_room(read_file(folder, "jwks.conf").bytes));
}

/* One line of `request`: `user NAME`, `service NAME`, `key HEX`, `now SECONDS`; `user` alone is no user, `user ""` an empty one. */
static void ask(struct jwkscore_request *request, struct text line)
{
    const char *text = kept(line.bytes, line.length).bytes, *space = strchr(text, ' ');
    const char *value = space != NULL ? space + 1 : NULL;
    struct text key;

    if (strncmp(text, "user", 4) == 0) {
        request->user = value != NULL && strcmp(value, "\"\"") == 0 ? "" : value;
        return;
    }
    ck_assert_msg(value != NULL, "no value in the request: %s", text);
    if (strncmp(text, "service ", 8) == 0) {
        request->service = value;
    } else if (strncmp(text, "now ", 4) == 0) {
        ck_assert_int_eq(sscanf(value, "%" SCNd64, &request->now), 1);
    } else if (strncmp(text, "key ", 4) == 0) {
        key = from_hex(value);
        request->key = (const unsigned char *)key.bytes;
        request->key_length = key.length;
    } else {
        ck_abort_msg("nothing to ask for: %s", text);
    }
}

static struct jwkscore_request request_of(const char *folder)
{
    const char *path = vectors(textf("%s/request", folder));
    struct text token = read_whole(vectors(textf("%s/token", folder))), rest, line;
    struct jwkscore_request request = {.size = sizeof(request),
                                       .user = "nobody",
                                       .token = token.bytes,
                                       .token_length = token.length,
                                       .now = now};

    if (!is_there(path))
        return request;
    rest = read_whole(path);
    while (text_take_line(&rest, &line))
        ask(&request, line);
    return request;
}

/* --- what comes of it --- */

/* "allow nobody daemon", as `expect` says it, or the reason. */
static const char *verdict(enum jwkscore_status status, const struct jwkscore_identity *identity)
{
    const char *said = "allow", *account;

    if (status != JWKSCORE_OK)
        return jwkscore_reason(status);
    for (size_t i = 0; (account = jwkscore_identity_account(identity, i)) != NULL; i++)
        said = textf("%s %s", said, account);
    return said;
}

/* A configuration that was refused says so, and must then allow nothing. */
static const char *decide(const char *folder, const char *conf, struct jwkscore_request *request,
                          struct jwkscore_error *error)
{
    CLEANUP(config_freep) struct jwkscore_config *config = jwkscore_config_new();
    struct jwkscore_identity *identity = NULL;
    enum jwkscore_status loaded, status;
    const char *said;

    ck_assert_ptr_nonnull(config);
    loaded = jwkscore_config_load(config, conf, error);
    status = jwkscore_authenticate(config, request, &identity, loaded == JWKSCORE_OK ? error : NULL);
    ck_assert_msg((status == JWKSCORE_OK) == (identity != NULL),
                  "%s: an identity without a yes, or a yes without one", folder);
    ck_assert_msg(loaded == JWKSCORE_OK || status == loaded, "%s: a refused configuration says %s", folder,
                  jwkscore_reason(status));
    said = verdict(status, identity);
    jwkscore_identity_free(identity);
    return said;
}

/* L1: one line of printable characters without a piece of the token. */
static void expect_silence(const char *folder, const struct jwkscore_error *error, struct text token)
{
    const size_t length = strlen(error->message);

    for (size_t i = 0; i < length; i++)
        ck_assert_msg(error->message[i] >= ' ' && error->message[i] <= '~', "%s: not printable: %s", folder,
                      error->message);
    for (size_t i = 0; i + LEAKED <= token.length; i++)
        ck_assert_msg(memmem(error->message, length, token.bytes + i, LEAKED) == NULL,
                      "%s: a piece of the token: %s", folder, error->message);
}

static void decide_next(int unused)
{
    const char *folder = names[(*turn)++];
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    struct jwkscore_request request = request_of(folder);
    struct text expect = read_whole(vectors(textf("%s/expect", folder))), wanted, says = TEXT("");
    const char *said = decide(folder, furnish(folder), &request, &error);

    (void)unused;
    ck_assert_msg(text_take_line(&expect, &wanted), "%s: an empty `expect`", folder);
    ck_assert_msg(text_is(wanted, said), "%s: %s, not %.*s: %s", folder, said, (int)wanted.length,
                  wanted.bytes, error.message);
    ck_assert_msg((strncmp(folder, "accept/", 7) == 0) == (error.status == JWKSCORE_OK),
                  "%s: in the wrong folder", folder);
    if (text_take_line(&expect, &says))
        ck_assert_msg(memmem(error.message, strlen(error.message), says.bytes, says.length) != NULL,
                      "%s: \"%s\" does not say %.*s", folder, error.message, (int)says.length, says.bytes);
    expect_silence(folder, &error, (struct text){request.token, request.token_length});
}

/* --- finding them: before libcheck runs, so nothing of support.h may be asked --- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list(const char *verdict_folder)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    DIR *folder;

    snprintf(path, sizeof(path), "%s/tests/vectors/%s", top(), verdict_folder);
    folder = opendir(path);
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL && name_count < CASES_MOST)
        if (entry->d_name[0] != '.' &&
            asprintf(&names[name_count], "%s/%s", verdict_folder, entry->d_name) > 0)
            name_count++;
    closedir(folder);
}

static bool find_cases(void)
{
    list("accept");
    list("reject");
    qsort(names, name_count, sizeof(names[0]), by_name);
    turn = mmap(NULL, sizeof(*turn), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (name_count < CASES_LEAST)
        fprintf(stderr, "only %zu cases in %s/tests/vectors; is top_srcdir set?\n", name_count, top());
    return name_count >= CASES_LEAST && turn != MAP_FAILED;
}

static void forget_cases(void)
{
    munmap(turn, sizeof(*turn));
    while (name_count > 0)
        free(names[--name_count]);
}

int main(void)
{
    static TTest tests[CASES_MOST];
    static const TTest *all[CASES_MOST + 1];
    int status;

    if (!find_cases())
        return EXIT_FAILURE;
    for (size_t i = 0; i < name_count; i++) {
        tests[i] = (TTest){names[i], decide_next, __FILE__, __LINE__};
        all[i] = &tests[i];
    }
    status = run_tests("cases", all, true);
    forget_cases();
    return status;
}
