/* SPDX-License-Identifier: Apache-2.0 */
/* cachefile.c: the files that jwks-fetch leaves, and its starts as the caller sees them. */
#include "cachefile.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, MEMBERS_MAX = 80 };

/* --- the stage --- */

bool stage_possible(void)
{
    char here[PATH_MAX];
    struct stat found;

    if (geteuid() != 0 || getcwd(here, sizeof(here)) == NULL)
        return true;
    for (char *slash = here + strlen(here); slash != NULL; slash = strrchr(here, '/')) {
        *slash = '\0';
        if (stat(here[0] != '\0' ? here : "/", &found) != 0 || (found.st_mode & S_IXOTH) == 0) {
            fprintf(stderr, "skipped: %s is closed to the user that keys are fetched as\n", here);
            return false;
        }
    }
    return true;
}

/* Empty, and of the one who writes there. */
static void make_folder(const struct stage *stage, const char *name)
{
    const char *path = room_folder(name, 0755);
    DIR *folder = opendir(path);
    struct dirent *entry;

    ck_assert_ptr_nonnull(folder);
    while ((entry = readdir(folder)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            ck_assert_int_eq(unlinkat(dirfd(folder), entry->d_name, 0), 0);
    closedir(folder);
    ck_assert_int_eq(chown(path, stage->owner, stage->group), 0);
}

/* A copy and no link: what stands elsewhere may be writable by others. */
static void make_helper(void)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    struct stat found;
    FILE *file;
    char *bytes;

    ck_assert_int_gt(length, 0);
    self[length] = '\0';
    file = fopen(self, "re");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fstat(fileno(file), &found), 0);
    bytes = malloc((size_t)found.st_size);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, (size_t)found.st_size, file), (size_t)found.st_size);
    fclose(file);
    room_write_bytes("helper", (struct text){bytes, (size_t)found.st_size}, 0755);
    free(bytes);
}

void stage_open(struct stage *stage, const char *lines)
{
    *stage = geteuid() == 0 ? (struct stage){.owner = NOBODY, .group = NOBODY}
                            : (struct stage){.owner = geteuid(), .group = getegid()};
    make_folder(stage, "state");
    make_folder(stage, "run");
    if (!room_has("helper"))
        make_helper();
    plan("log state/starts\n");
    stage->config = config_loaded(textf("%s%s", CORP, lines));
    stage->issuer = corp(stage->config);
    ck_assert(source_id(stage->config->crypto, stage->issuer, stage->id));
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* orphaned helpers become ours: they can be counted */
}

void stage_close(struct stage *stage)
{
    jwkscore_config_free(stage->config);
}

/* --- files --- */

struct text cachefile(const struct stage *stage, const char *kind, const char *head, const char *body)
{
    CLEANUP(buffer_freep) struct buffer file = {0};

    ck_assert(envelope_write(stage->config->crypto, kind, text_from(head), text_from(body), &file));
    return kept(file.bytes, file.length);
}

const char *cachefile_put(const struct stage *stage, const char *folder, const char *suffix, struct text text)
{
    const char *path = room_write_bytes(textf("%s/%s%s", folder, stage->id, suffix), text, 0644);

    ck_assert_int_eq(chown(path, stage->owner, (gid_t)-1), 0);
    return path;
}

struct member {
    const char *name, *json;
};

/* An object of these members, changed as the caller's caller wants. */
static const char *make_object(const struct member *given, va_list changes)
{
    struct member members[MEMBERS_MAX];
    const char *name, *text = "";
    size_t count = 0;

    for (; given->name != NULL; given++)
        members[count++] = *given;
    while ((name = va_arg(changes, const char *)) != NULL) {
        size_t i = 0;

        while (i < count && strcmp(members[i].name, name) != 0)
            i++;
        count += i == count;
        ck_assert_uint_lt(count, MEMBERS_MAX);
        members[i] = (struct member){name, va_arg(changes, const char *)};
    }
    for (size_t i = 0; i < count; i++)
        if (members[i].json[0] != '\0')
            text = textf("%s%s\"%s\":%s", text, text[0] != '\0' ? "," : "", members[i].name, members[i].json);
    return textf("{%s}", text);
}

static const char *json_number(int64_t number)
{
    return textf("%" PRId64, number);
}

const char *keys_head(const struct stage *stage, int64_t age, ...)
{
    struct clock_base base;
    int64_t validated_b = clock_boot_ms() - age * 1000 - 200; /* in the middle of its second */
    const char *wall = json_number(NOW - age), *boot;
    va_list changes;
    const char *head;

    clock_base_read(&base);
    boot = validated_b < 0 ? "00000000-0000-0000-0000-000000000000" : base.boot;
    va_start(changes, age);
    head = make_object((const struct member[]){
        {"id", textf("\"%s\"", stage->id)}, {"issuer", "\"" CORP_ISSUER "\""}, {"uri", "\"" CORP_ISSUER "/keys\""},
        {"via", "\"origin\""}, {"gen", "7"}, {"boot", textf("\"%s\"", boot)}, {"tns", json_number(base.tns)},
        {"fetched_w", wall}, {"fetched_b", json_number(validated_b < 0 ? 0 : validated_b)}, {"validated_w", wall},
        {"validated_b", json_number(validated_b < 0 ? 0 : validated_b)}, {"floor_w", wall}, {"ttl", "3600"},
        {"ttl_from", "\"max-age\""}, {"etag", "\"\""}, {"last_modified", "\"\""}, {"not_modified", "0"}, {"seen", "2"},
        {"kept", "1"}, {"dropped", "{\"kty\":1}"}, {"gone", "[]"}, {NULL, NULL}}, changes);
    va_end(changes);
    return head;
}

const char *state_head(const struct stage *stage, ...)
{
    struct clock_base base;
    va_list changes;
    const char *head;

    clock_base_read(&base);
    va_start(changes, stage);
    head = make_object((const struct member[]){{"id", textf("\"%s\"", stage->id)}, {"boot", textf("\"%s\"", base.boot)},
                                               {"tns", json_number(base.tns)}, {NULL, NULL}}, changes);
    va_end(changes);
    return head;
}

const char *state_body(const char *outcome, ...)
{
    struct member members[MEMBERS_MAX] = {{"outcome", textf("\"%s\"", outcome)}, {"negative", "[]"}};
    size_t count = 2;
    va_list changes;
    const char *body;

    for (const struct rate_member *m = rate_members; m->name != NULL; m++)
        members[count++] = (struct member){m->name, "0"};
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].name, "kid_tokens") == 0)
            members[i].json = "2";
        else if (strcmp(members[i].name, "kid_interval") == 0)
            members[i].json = "60";
    va_start(changes, outcome);
    body = make_object(members, changes);
    va_end(changes);
    return body;
}

void state_put(const struct stage *stage, const char *body)
{
    cachefile_put(stage, "run", ".state", cachefile(stage, "state", state_head(stage, NULL), body));
}

void prepare(const struct stage *stage, const char *name, int64_t age, const char *keys)
{
    const char *head = age == 0 ? keys_head(stage, 0, "gen", "8", "validated_b", PREPARED_STAMP, NULL)
                                : keys_head(stage, age, "gen", "8", NULL);

    room_write(name, textf("%s\n%s", head, keys));
}

/* --- the helper --- */

void plan(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    ck_assert_int_ge(vasprintf(&text, format, arguments), 0);
    va_end(arguments);
    room_write("plan", text);
    free(text);
}

static size_t wait_for_helpers(void)
{
    size_t ended = 0;

    while (waitpid(-1, NULL, 0) > 0)
        ended++;
    return ended;
}

size_t expect_logged(const char *log)
{
    char found[4096] = "";
    size_t ended = wait_for_helpers();
    FILE *file = fopen(room_path("state/starts"), "re");

    if (file != NULL) {
        found[fread(found, 1, sizeof(found) - 1, file)] = '\0';
        fclose(file);
        room_drop("state/starts");
    }
    ck_assert_str_eq(found, log);
    return ended;
}

void expect_started(const char *log)
{
    size_t ended = expect_logged(log), lines = 0;

    for (const char *c = log; *c != '\0'; c++)
        lines += *c == '\n';
    ck_assert_uint_eq(ended, lines);
}
