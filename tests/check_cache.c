/* SPDX-License-Identifier: Apache-2.0 */
/* check_cache.c: which file a reader believes, and why not the others (CACHE 1, 2, 5 and 8). */
#include "cachefile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEY "{\"kty\":\"OKP\",\"kid\":\"a\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define KEYS "{\"keys\":[" KEY "]}"

enum { HOUR = 3600, DAY = 86400 };

/* A good file of kind keys, with changes of its header. */
#define GOOD(stage, ...) cachefile(stage, "keys", keys_head(stage, 0, __VA_ARGS__), KEYS)

static void cache_open_well(const struct stage *stage, struct cache *cache)
{
    ck_assert_status(cache_open(stage->config, stage->issuer, cache, NULL), JWKSCORE_OK);
}

/* Nothing, if both are empty. */
static void expect_note(const struct cache *cache, const char *start, const char *part)
{
    if (*start == '\0' && *part == '\0')
        ck_assert_str_eq(cache->note, "");
    ck_assert_msg(strncmp(cache->note, start, strlen(start)) == 0 && strstr(cache->note, part) != NULL,
                  "\"%s\" is not \"%s...%s\"", cache->note, start, part);
}

/* What a reader finds: a state, a generation (-1: none), and what it notes. */
static void expect_found(const struct stage *stage, enum cache_state state, int64_t gen, const char *note,
                         const char *part)
{
    struct cache cache;

    cache_open_well(stage, &cache);
    cache_load(&cache, NOW);
    ck_assert_str_eq(cache_state_name(cache.state), cache_state_name(state));
    ck_assert_int_eq(cache.file.keyset != NULL ? cache.file.gen : -1, gen);
    expect_note(&cache, note, part);
    cache_close(&cache);
    ck_assert(cache.file.keyset == NULL && cache.state_dir.fd == -1 && cache.run_dir.fd == -1);
}

/* --- a writer that comes between two looks of a reader: this definition comes before libc's --- */

static struct {
    void (*write)(const struct stage *); /* what happens before the second of the two files is opened; NULL: nothing */
    const struct stage *stage;
    int seen;
} between;

int openat(int folder, const char *name, int flags, ...)
{
    if (between.write != NULL && strstr(name, ".jwks") != NULL && ++between.seen == 2)
        between.write(between.stage);
    return (int)syscall(SYS_openat, folder, name, flags, 0600);
}

/* --- the id of a source --- */

static const char *id_of(const char *lines)
{
    CLEANUP(config_freep) struct jwkscore_config *config = config_loaded(textf("%s%s", CORP, lines));
    char id[SOURCE_ID_SIZE];

    ck_assert(source_id(config->crypto, corp(config), id));
    return textf("%s", id);
}

/* The ids are names of files that outlive an update: printf 'jwks-source-1\0ISSUER\0URI\0CA\0PROXY\0' | sha256sum */
START_TEST(the_id_is_the_hash_of_issuer_and_trust_settings)
{
    ck_assert_str_eq(id_of(""), "caed5db5aa30919ca516724a5be580a8");
    ck_assert_str_eq(id_of("jwks_uri = https://k.example.com/j\nca_file = /etc/ca.pem\nproxy = http://p:3128\n"
                           "mirror = https://m1.example.com/j\nmirror = https://m2.example.com/j\n"),
                     "bbe55f0d9676837d9e06a977f180d75f");
}
END_TEST

START_TEST(each_trust_setting_makes_another_source_and_nothing_else_does)
{
    static const struct {
        const char *lines;
        unsigned source;
    } rows[] = {
        {"", 0}, {"audience = more\n", 0}, {"refresh_interval = 2h\n", 0}, {"algorithms = ES256\n", 0},
        {"max_stale = 0\n", 0},
        {"jwks_uri = https://k.example.com/j\n", 1}, {"ca_file = /etc/ca.pem\n", 2}, {"proxy = http://p:3128\n", 3},
        {"mirror = https://k.example.com/j\n", 4}, {"mirror = https://k.example.com/i\n", 5},
        {"mirror = https://k.example.com/i\nmirror = https://k.example.com/j\n", 6},
        {"mirror = https://k.example.com/j\nmirror = https://k.example.com/i\n", 7},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_msg((strcmp(id_of(rows[i].lines), id_of(rows[j].lines)) == 0) ==
                              (rows[i].source == rows[j].source), "rows %zu and %zu", i, j);
}
END_TEST

/* --- folders --- */

START_TEST(an_unsafe_state_folder_is_refused)
{
    static const mode_t modes[] = {0775, 0757, 01777};
    struct jwkscore_error error = {JWKSCORE_OK, ""};
    struct stage stage;
    struct cache poison, cache;

    memset(&poison, 0x5a, sizeof(poison));
    cache = poison;
    stage_open(&stage, "");
    for (size_t i = 0; i < ARRAY_LENGTH(modes); i++) {
        room_folder("state", modes[i]);
        ck_assert_status(cache_open(stage.config, stage.issuer, &cache, NULL), JWKSCORE_E_UNSAFE_FILE);
    }
    room_folder("state", 0755);
    expect_found(&stage, CACHE_ABSENT, -1, "", "");
    ck_assert_int_eq(rename(room_path("state"), room_path("elsewhere")), 0);
    ck_assert_status(cache_open(stage.config, stage.issuer, &cache, &error), JWKSCORE_E_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.message, "state"));
    ck_assert_int_eq(symlink("elsewhere", room_path("state")), 0);
    ck_assert_status(cache_open(stage.config, stage.issuer, &cache, NULL), JWKSCORE_E_UNSAFE_FILE);
    ck_assert_int_eq(unlink(room_path("state")), 0);
    ck_assert_int_eq(rename(room_path("elsewhere"), room_path("state")), 0);
    room_folder("", 0777); /* a folder above it */
    ck_assert_status(cache_open(stage.config, stage.issuer, &cache, NULL), JWKSCORE_E_UNSAFE_FILE);
    room_folder("", 0755);
    ck_assert_int_eq(memcmp(&cache, &poison, sizeof(cache)), 0);
    stage_close(&stage);
}
END_TEST

START_TEST(keys_are_read_without_a_usable_run_folder)
{
    struct stage stage;

    stage_open(&stage, "");
    cachefile_put(&stage, "state", ".jwks", GOOD(&stage, "gen", "7", NULL));
    cachefile_put(&stage, "run", ".jwks", GOOD(&stage, "gen", "8", NULL));
    expect_found(&stage, CACHE_FRESH, 8, "", "");
    room_folder("run", 0777);
    expect_found(&stage, CACHE_FRESH, 7, "", "writable by others");
    room_folder("run", 0755);
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(room_path("run"), 1, (gid_t)-1), 0);
        expect_found(&stage, CACHE_FRESH, 7, "cache-unsafe: ", "different owners");
        ck_assert_int_eq(chown(room_path("run"), stage.owner, (gid_t)-1), 0);
    }
    ck_assert_int_eq(rename(room_path("run"), room_path("elsewhere")), 0);
    expect_found(&stage, CACHE_FRESH, 7, "", "ENOENT");
    room_drop(textf("state/%s.jwks", stage.id));
    expect_found(&stage, CACHE_ABSENT, -1, "", "ENOENT");
    ck_assert_int_eq(rename(room_path("elsewhere"), room_path("run")), 0);
    stage_close(&stage);
}
END_TEST

/* --- the header --- */

struct member_row {
    const char *name, *json;
    const char *wrong;                                       /* what the note says; NULL: the file is good */
};

#define RANGE "missing or out of range"
#define OTHER "another source"
#define BIG "9223372036854775808"
#define NUMBER_ROWS(name)                                                                                              \
    {name, "", RANGE}, {name, "-1", RANGE}, {name, "1.5", RANGE}, {name, "\"1\"", RANGE}, {name, "null", RANGE},       \
        {name, BIG, RANGE}
#define TEXT_ROWS(name) {name, "", RANGE}, {name, "1", RANGE}, {name, "null", RANGE}, {name, "\"x\"", NULL}

static const struct member_row members[] = {
    {"unknown", "{\"to\":[\"us\"]}", NULL},
    {"id", "", OTHER}, {"id", "\"00112233445566778899aabbccddeeff\"", OTHER}, {"id", "7", OTHER},
    {"issuer", "", OTHER}, {"issuer", "\"https://login.example.com/corp/\"", OTHER}, {"issuer", "\"\"", OTHER},
    {"issuer", "\"https://LOGIN.example.com/corp\"", OTHER}, {"issuer", "[\"https://login.example.com/corp\"]", OTHER},
    {"boot", "", RANGE}, {"boot", "1", RANGE}, {"boot", "\"0123456789-0123456789-0123456789-012\"", NULL},
    {"boot", "\"0123456789-0123456789-0123456789-0123\"", RANGE},
    NUMBER_ROWS("tns"), NUMBER_ROWS("gen"), NUMBER_ROWS("fetched_w"), NUMBER_ROWS("fetched_b"),
    NUMBER_ROWS("validated_w"), NUMBER_ROWS("validated_b"), NUMBER_ROWS("floor_w"), NUMBER_ROWS("ttl"),
    NUMBER_ROWS("not_modified"), NUMBER_ROWS("seen"), NUMBER_ROWS("kept"),
    {"ttl", "0", RANGE}, {"ttl", "299", RANGE}, {"ttl", "300", NULL}, {"ttl", "86400", NULL}, {"ttl", "86401", RANGE},
    TEXT_ROWS("uri"), TEXT_ROWS("via"), TEXT_ROWS("ttl_from"), TEXT_ROWS("etag"), TEXT_ROWS("last_modified"),
    {"dropped", "", RANGE}, {"dropped", "[]", RANGE}, {"dropped", "1", RANGE}, {"dropped", "{}", NULL},
    {"gone", "", RANGE}, {"gone", "{}", RANGE}, {"gone", "7200", RANGE}, {"gone", "[-1]", RANGE},
    {"gone", "[1.5]", RANGE}, {"gone", "[\"1\"]", RANGE}, {"gone", "[null]", RANGE},
    {"gone", "[0]", "no keys"}, /* none is left */
    {"gen", "0", NULL}, {"gen", "9223372036854775806", NULL}, {"gen", "9223372036854775807", RANGE}, {"etag", "\"a\\\"b\"", NULL},
    {"etag", "\"a\\u0000b\"", ""}, /* not strict JSON */
};

static void expect_member(const struct stage *stage, const struct member_row *row)
{
    struct cache cache;

    cachefile_put(stage, "state", ".jwks", GOOD(stage, row->name, row->json, NULL));
    cache_open_well(stage, &cache);
    cache_load(&cache, NOW);
    if (row->wrong == NULL) /* whatever its age: one of another boot is as old as this one */
        ck_assert_msg(cache.state != CACHE_ABSENT && cache.file.keyset != NULL, "%s %s: %s", row->name, row->json, cache.note);
    else
        ck_assert_msg(cache.state == CACHE_ABSENT && strncmp(cache.note, "cache-corrupt: ", 15) == 0 &&
                          strstr(cache.note, row->wrong) != NULL, "%s %s: \"%s\"", row->name, row->json, cache.note);
    cache_close(&cache);
}

START_TEST(each_member_of_the_header_is_demanded)
{
    struct stage stage;

    stage_open(&stage, "");
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
        expect_member(&stage, &members[i]);
    stage_close(&stage);
}
END_TEST

START_TEST(texts_of_the_header_are_no_longer_than_an_address)
{
    static const char *const names[] = {"uri", "via", "ttl_from", "etag", "last_modified"};
    struct stage stage;

    stage_open(&stage, "");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        for (size_t length = 2048; length <= 2049; length++) {
            const char *json = textf("\"%s\"", repeated("x", length));

            expect_member(&stage, &(struct member_row){names[i], json, length == 2048 ? NULL : RANGE});
        }
    stage_close(&stage);
}
END_TEST

START_TEST(the_stamps_are_those_of_the_file)
{
    const struct stamps *stamps;
    const char *head;
    struct stage stage;
    struct cache cache;

    stage_open(&stage, "");
    head = keys_head(&stage, 0, "boot", "\"b\"", "tns", "1", "fetched_w", "2", "fetched_b", "3", "validated_w", "4",
                     "validated_b", "5", "floor_w", "6", "ttl", "307", "gen", "8", "gone", "[9,10]", NULL);
    cachefile_put(&stage, "state", ".jwks", cachefile(&stage, "keys", head, "{\"keys\":[" KEY "," KEY "," KEY "]}"));
    cache_open_well(&stage, &cache);
    cache_load(&cache, NOW);
    stamps = &cache.file.stamps;
    ck_assert_str_eq(stamps->base.boot, "b");
    ck_assert(stamps->base.tns == 1 && stamps->fetched_w == 2 && stamps->fetched_b == 3 && stamps->validated_w == 4);
    ck_assert(stamps->validated_b == 5 && stamps->floor_w == 6 && stamps->ttl == 307);
    ck_assert(cache.file.gen == 8 && cache.file.keyset->count == 3);
    ck_assert(cache.file.gone_count == 2 && cache.file.gone[0] == 9 && cache.file.gone[1] == 10);
    cache_close(&cache);
    stage_close(&stage);
}
END_TEST

START_TEST(the_body_is_a_key_set_that_is_not_all_gone)
{
    static const struct {
        size_t keys, gone;
        bool good;
    } rows[] = {
        {0, 0, false}, {1, 0, true}, {1, 1, false}, {2, 1, true}, {2, 3, false}, {256, 128, true}, {257, 128, false},
        {256, 129, false}, {128, 0, true},
    };
    static const char *const bodies[] = {
        "[]", "{}", "{\"keys\":{}}", "{\"keys\":[1],\"keys\":[1]}", "{\"keys\":[1]", "",
    };
    struct stage stage;

    stage_open(&stage, "");
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const char *keys = repeated("1,", rows[i].keys), *gone = repeated("0,", rows[i].gone);

        keys = textf("{\"keys\":[%.*s]}", rows[i].keys > 0 ? (int)strlen(keys) - 1 : 0, keys);
        gone = textf("[%.*s]", rows[i].gone > 0 ? (int)strlen(gone) - 1 : 0, gone);
        cachefile_put(&stage, "state", ".jwks",
                      cachefile(&stage, "keys", keys_head(&stage, 0, "gone", gone, NULL), keys));
        expect_found(&stage, rows[i].good ? CACHE_FRESH : CACHE_ABSENT, rows[i].good ? 7 : -1,
                     rows[i].good ? "" : "cache-corrupt: ", "");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        cachefile_put(&stage, "state", ".jwks", cachefile(&stage, "keys", keys_head(&stage, 0, NULL), bodies[i]));
        expect_found(&stage, CACHE_ABSENT, -1, "cache-corrupt: ", "");
    }
    stage_close(&stage);
}
END_TEST

START_TEST(a_file_of_another_kind_or_version_is_none)
{
    static const char *const kinds[] = {"state", "discovery", "keys2"};
    struct stage stage;

    stage_open(&stage, "");
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        cachefile_put(&stage, "state", ".jwks", cachefile(&stage, kinds[i], keys_head(&stage, 0, NULL), KEYS));
        expect_found(&stage, CACHE_ABSENT, -1, "cache-corrupt: ", "kind `keys`");
    }
    stage_close(&stage);
}
END_TEST

/* --- the file itself --- */

/* Changes the good file at `path` into something else. */
static void make_group_writable(const char *path)
{
    ck_assert_int_eq(chmod(path, 0664), 0);
}

static void make_world_writable(const char *path)
{
    ck_assert_int_eq(chmod(path, 0646), 0);
}

static void make_set_uid(const char *path)
{
    ck_assert_int_eq(chmod(path, 04644), 0);
}

static void make_set_gid(const char *path)
{
    ck_assert_int_eq(chmod(path, 02654), 0);
}

static void make_empty(const char *path)
{
    ck_assert_int_eq(truncate(path, 0), 0);
}

static void make_huge(const char *path)
{
    ck_assert_int_eq(truncate(path, ENVELOPE_MAX + 1), 0);
}

static void make_long(const char *path)
{
    ck_assert_int_eq(truncate(path, ENVELOPE_MAX), 0);
}

static void make_foreign(const char *path)
{
    ck_assert_int_eq(chown(path, 1, (gid_t)-1), 0);
}

static void make_roots(const char *path)
{
    ck_assert_int_eq(chown(path, 0, 0), 0);
}

static void make_linked(const char *path)
{
    ck_assert_int_eq(link(path, room_path("state/other-name")), 0);
}

static void leave(const char *path)
{
    ck_assert_int_eq(access(path, F_OK), 0);
}


static void make_symlink(const char *path)
{
    ck_assert_int_eq(rename(path, room_path("state/other-name")), 0);
    ck_assert_int_eq(symlink("other-name", path), 0);
}

static void make_fifo(const char *path)
{
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0644), 0);
}

static void make_dangling(const char *path)
{
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("nothing", path), 0);
}

static const struct {
    void (*change)(const char *path);
    const char *note, *part;                                 /* NULL: still good */
    bool by_root;
} changes[] = {
    {leave, NULL, NULL, false},
    {make_group_writable, "cache-unsafe: ", "writable by others", false},
    {make_world_writable, "cache-unsafe: ", "writable by others", false},
    {make_set_uid, "cache-unsafe: ", "set-id", false},
    {make_set_gid, "cache-unsafe: ", "set-id", false},
    {make_symlink, "cache-unsafe: ", "symbolic link", false},
    {make_dangling, "cache-unsafe: ", "symbolic link", false},
    {make_fifo, "cache-unsafe: ", "not a regular file", false},
    {make_foreign, "cache-unsafe: ", "uid 1", true},
    {make_roots, NULL, NULL, true},
    {make_linked, NULL, NULL, false},                        /* else whoever links it out could lock the host */
    {make_empty, "cache-corrupt: ", "empty", false},
    {make_huge, "cache-corrupt: ", "more than 1048576", false},
    {make_long, "cache-corrupt: ", "checksum", false},
};

START_TEST(a_file_that_others_could_change_is_none)
{
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
        struct stage stage;

        if (changes[i].by_root && geteuid() != 0) {
            fprintf(stderr, "skipped: only root gives files away\n");
            continue;
        }
        stage_open(&stage, "");
        changes[i].change(cachefile_put(&stage, "state", ".jwks", GOOD(&stage, NULL)));
        if (changes[i].note == NULL)
            expect_found(&stage, CACHE_FRESH, 7, "", "");
        else
            expect_found(&stage, CACHE_ABSENT, -1, textf("%s%s.jwks: ", changes[i].note, stage.id), changes[i].part);
        stage_close(&stage);
    }
}
END_TEST

/* --- which file --- */

enum { NO = 0, TORN = -1 };                                  /* instead of a generation */

static const struct {
    int current, overflow, previous;                         /* generations */
    int found;                                               /* NO: none */
    const char *note;                                        /* how it starts */
    const char *of;                                          /* the file that it names */
} files[] = {
    {NO, NO, NO, NO, "", ""},
    {7, NO, NO, 7, "", ""},
    {7, NO, 6, 7, "", ""},
    {7, 8, 6, 8, "", ""},
    {8, 7, 6, 8, "", ""},
    {7, 7, 6, 7, "", ""},
    {NO, 7, 6, 7, "", ""},
    {NO, NO, 6, 6, "", ""},                                  /* a helper died between two renames */
    {TORN, NO, 6, 6, "cache-corrupt: ", ".jwks"},
    {TORN, 8, 6, 8, "cache-corrupt: ", ".jwks"},
    {7, TORN, 6, 7, "cache-corrupt: ", ".jwks"},
    {7, TORN, 9, 7, "cache-corrupt: ", ".jwks"},             /* the generation before is the last resort */
    {TORN, TORN, 6, 6, "cache-corrupt: ", ".jwks"},
    {TORN, NO, TORN, NO, "cache-corrupt: ", ".prev"},
    {TORN, NO, NO, NO, "cache-corrupt: ", ".jwks"},
    {NO, TORN, NO, NO, "cache-corrupt: ", ".jwks"},
    {NO, NO, TORN, NO, "cache-corrupt: ", ".prev"},
};

static void put_generation(const struct stage *stage, const char *folder, const char *suffix, int gen)
{
    struct text text = GOOD(stage, "gen", textf("%d", gen), NULL);

    if (gen == NO)
        return;
    cachefile_put(stage, folder, suffix, gen == TORN ? kept(text.bytes, text.length - 1) : text);
}

START_TEST(the_highest_generation_wins_and_the_one_before_is_the_last_resort)
{
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        struct stage stage;

        stage_open(&stage, "");
        put_generation(&stage, "state", ".jwks", files[i].current);
        put_generation(&stage, "run", ".jwks", files[i].overflow);
        put_generation(&stage, "state", ".prev", files[i].previous);
        put_generation(&stage, "run", ".prev", 99); /* there is no such file */
        expect_found(&stage, files[i].found == NO ? CACHE_ABSENT : CACHE_FRESH,
                     files[i].found == NO ? -1 : files[i].found,
                     files[i].note[0] == '\0' ? "" : textf("%s%s%s: ", files[i].note, stage.id, files[i].of), "");
        stage_close(&stage);
    }
}
END_TEST

static void end_overflow(const struct stage *stage)
{
    put_generation(stage, "state", ".jwks", 9);
    room_drop(textf("run/%s.jwks", stage->id));
}

/* What the overflow copy has replaced already is not found again when it goes. */
START_TEST(no_reader_falls_back_as_the_overflow_copy_goes)
{
    struct stage stage;

    stage_open(&stage, "");
    put_generation(&stage, "state", ".jwks", 7);
    put_generation(&stage, "run", ".jwks", 8);
    between.write = end_overflow;
    between.stage = &stage;
    expect_found(&stage, CACHE_FRESH, 9, "", "");
    ck_assert_int_eq(between.seen, 2);
    between.write = NULL;
    stage_close(&stage);
}
END_TEST

START_TEST(the_generation_before_has_its_own_age)
{
    struct stage stage;

    stage_open(&stage, "");
    cachefile_put(&stage, "state", ".prev", cachefile(&stage, "keys", keys_head(&stage, 2 * HOUR, NULL), KEYS));
    expect_found(&stage, CACHE_STALE, 7, "", "");
    cachefile_put(&stage, "state", ".jwks", GOOD(&stage, "gen", "8", NULL));
    expect_found(&stage, CACHE_FRESH, 8, "", "");
    stage_close(&stage);
}
END_TEST

/* --- states --- */

static const struct {
    const char *lines;
    int64_t age;
    enum cache_state state;
} states[] = {
    {"", 0, CACHE_FRESH}, {"", 2500, CACHE_FRESH}, {"", 3300, CACHE_DUE}, {"", 3700, CACHE_STALE},
    {"", DAY - 60, CACHE_STALE}, {"", DAY + 60, CACHE_EXPIRED},
    {"max_stale = 0\n", 200, CACHE_FRESH}, {"max_stale = 0\n", 280, CACHE_DUE}, {"max_stale = 0\n", 310, CACHE_EXPIRED},
    {"refresh_interval = 5m\n", 200, CACHE_FRESH}, {"refresh_interval = 5m\n", 280, CACHE_DUE},
    {"refresh_interval = 5m\n", 310, CACHE_DUE}, {"refresh_interval = 5m\n", 3700, CACHE_STALE},
    {"max_stale = 30d\n", 30 * (int64_t)DAY - 60, CACHE_STALE},
    {"max_stale = 30d\n", 30 * (int64_t)DAY + 60, CACHE_EXPIRED},
};

START_TEST(the_state_is_that_of_the_files_age)
{
    for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
        struct stage stage;
        struct cache cache;

        stage_open(&stage, states[i].lines);
        cachefile_put(&stage, "state", ".jwks",
                      cachefile(&stage, "keys", keys_head(&stage, states[i].age, NULL), KEYS));
        cache_open_well(&stage, &cache);
        cache_load(&cache, NOW);
        ck_assert_msg(cache.state == states[i].state, "row %zu: %s", i, cache_state_name(cache.state));
        ck_assert(cache.age >= states[i].age && cache.age <= states[i].age + 5);
        cache_close(&cache);
        stage_close(&stage);
    }
}
END_TEST

/* CACHE 3.1: a machine that was restored to an earlier moment of the same boot. */
START_TEST(a_set_validated_in_the_future_of_this_boot_is_as_absent)
{
    struct stage stage;

    stage_open(&stage, "");
    cachefile_put(&stage, "state", ".jwks",
                  GOOD(&stage, "validated_b", textf("%lld", (long long)clock_boot_ms() + 60000), NULL));
    expect_found(&stage, CACHE_ABSENT, 7, "", "");
    stage_close(&stage);
}
END_TEST

START_TEST(loading_again_finds_what_is_there_then)
{
    struct stage stage;
    struct cache cache;

    stage_open(&stage, "");
    cache_open_well(&stage, &cache);
    cache_load(&cache, NOW);
    ck_assert_int_eq(cache.state, CACHE_ABSENT);
    cachefile_put(&stage, "state", ".jwks", cachefile(&stage, "keys", keys_head(&stage, 2 * HOUR, NULL), KEYS));
    cache_load(&cache, NOW);
    ck_assert_int_eq(cache.state, CACHE_STALE);
    cachefile_put(&stage, "state", ".jwks", GOOD(&stage, "gen", "8", NULL));
    cache_load(&cache, NOW);
    ck_assert(cache.state == CACHE_FRESH && cache.file.gen == 8 && cache.age < 5);
    room_drop(textf("state/%s.jwks", stage.id));
    cache_load(&cache, NOW);
    ck_assert(cache.state == CACHE_ABSENT && cache.file.keyset == NULL && cache.age == 0);
    cache_close(&cache);
    stage_close(&stage);
}
END_TEST

/* --- from the helper's hand (nopersist) --- */

static void take(struct cache *cache, struct text text)
{
    CLEANUP(buffer_freep) struct buffer envelope = {0};

    ck_assert(buffer_append(&envelope, text));
    cache_take(cache, &envelope, NOW);
}

START_TEST(an_envelope_from_memory_is_checked_like_a_file)
{
    struct stage stage;
    struct cache cache;
    struct text good;

    stage_open(&stage, "");
    good = GOOD(&stage, "gen", "8", NULL);
    cachefile_put(&stage, "state", ".jwks", cachefile(&stage, "keys", keys_head(&stage, 2 * HOUR, NULL), KEYS));
    cache_open_well(&stage, &cache);
    cache_load(&cache, NOW);
    take(&cache, kept(good.bytes, good.length - 1));
    ck_assert(cache.state == CACHE_STALE && cache.file.gen == 7);
    expect_note(&cache, "cache-corrupt: from the helper: ", "checksum");
    take(&cache, GOOD(&stage, "issuer", "\"https://login.example.com/other\"", NULL));
    ck_assert(cache.state == CACHE_STALE && cache.file.gen == 7);
    expect_note(&cache, "cache-corrupt: from the helper: ", OTHER);
    take(&cache, good);
    ck_assert(cache.state == CACHE_FRESH && cache.file.gen == 8 && cache.age < 5);
    cache_close(&cache);
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("cache", the_id_is_the_hash_of_issuer_and_trust_settings,
                       each_trust_setting_makes_another_source_and_nothing_else_does, an_unsafe_state_folder_is_refused,
                       keys_are_read_without_a_usable_run_folder, each_member_of_the_header_is_demanded,
                       texts_of_the_header_are_no_longer_than_an_address,
                       the_stamps_are_those_of_the_file, the_body_is_a_key_set_that_is_not_all_gone,
                       a_file_of_another_kind_or_version_is_none, a_file_that_others_could_change_is_none,
                       the_highest_generation_wins_and_the_one_before_is_the_last_resort,
                       no_reader_falls_back_as_the_overflow_copy_goes,
                       the_generation_before_has_its_own_age, the_state_is_that_of_the_files_age,
                       a_set_validated_in_the_future_of_this_boot_is_as_absent, loading_again_finds_what_is_there_then,
                       an_envelope_from_memory_is_checked_like_a_file);
}
