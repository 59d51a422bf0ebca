/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_nomem.c: whichever allocation fails, a call says so, gives nothing out and keeps nothing.
 *
 * Whoever calls sudo chooses its memory limit, and so, more or less, the allocation that fails: one that
 * nobody looks at could take a claim out of a token.  The allocator of the C library is stood before here,
 * json-c's calls included; a sanitizer has an allocator of its own, so there is nothing to do under one.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *old);

#ifdef __has_feature
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer) || HAS_FEATURE(memory_sanitizer)

int main(void)
{
    fprintf(stderr, "skipped: a sanitizer's allocator stands here\n");
    return 77;
}

#else

/* Which allocation fails, from 0; how many there were, and how many of them still live. */
static struct {
    bool on;
    long fails, asked, live;
} watch;

static bool refuse_this_one(void)
{
    return watch.on && watch.asked++ == watch.fails;
}

static void *count_it(void *given)
{
    watch.live += watch.on && given != NULL;
    return given;
}

void *malloc(size_t size)
{
    return refuse_this_one() ? NULL : count_it(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return refuse_this_one() ? NULL : count_it(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    void *given = refuse_this_one() ? NULL : __libc_realloc(old, size);

    return old == NULL ? count_it(given) : given;
}

void free(void *old)
{
    watch.live -= watch.on && old != NULL;
    __libc_free(old);
}

/*
 * Makes the call with each of its allocations failing, until none is left to fail.  The call looks at what it
 * got and frees it, and says JWKSCORE_OK only if it is whole; at most `spared` failures may end so, where a
 * library can do without.  No ck_assert inside: libcheck allocates.
 */
static void fail_each(enum jwkscore_status (*call)(struct jwkscore_error *), long spared)
{
    enum { MOST = 100000 };
    long n, went_well = 0;

    for (n = 0; n < MOST; n++) {
        struct jwkscore_error error = {.status = JWKSCORE_OK};
        enum jwkscore_status status;
        watch.fails = n;
        watch.asked = watch.live = 0;
        watch.on = true;
        status = call(&error);
        watch.on = false;
        ck_assert_int_eq(watch.live, 0);
        ck_assert_int_eq(error.status, status);
        if (watch.asked <= n) {
            ck_assert_status(status, JWKSCORE_OK);
            break;
        }
        went_well += status == JWKSCORE_OK;
        ck_assert_msg(status == JWKSCORE_OK || status == JWKSCORE_E_MEMORY, "allocation %ld: %s", n,
                      error.message);
        ck_assert_msg(went_well <= spared, "nobody looked at allocation %ld", n);
    }
    ck_assert_int_gt(n, spared);
    ck_assert_int_lt(n, MOST);
}

/* Long strings, escapes, and more members and elements than json-c makes room for at first. */
static const char document[] =
    "{\"iss\":\"https://login.example.com/with/a/long/name/that/needs/room/in/any/buffer\","
    "\"cnf\":{\"jkt\":\"x\"},\"a\":[1,2.5,true,null,[\"\\u00e4\"]],"
    "\"b\":1,\"c\":2,\"d\":3,\"e\":4,\"f\":5,\"g\":6,\"h\":7,\"i\":8,\"j\":9,"
    "\"k\":{},\"l\":[],\"m\":false,\"n\":\"\",\"o\":1,\"p\":1,\"q\":1,"
    "\"r\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}";

static bool is_whole(const struct value *value)
{
    static const char *const numbers[] = {"b", "c", "d", "e", "f", "g", "h", "i", "j"};
    static const char issuer[] = "https://login.example.com/with/a/long/name/that/needs/room/in/any/buffer";
    void *cursor = NULL;
    struct text name;
    const struct value *member;
    size_t count = 0;

    while (value_next_member(value, &cursor, &name, &member)) {
        count++;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        int64_t wanted = (int64_t)i + 1, number;
        if (!value_member_integer(value, numbers[i], wanted, wanted, &number)) {
            return false;
        }
    }
    return count == 20 && value_is(value_find(value, "iss"), issuer) &&
           value_is(value_find(value, "/cnf/jkt"), "x") && value_count(value_find(value, "a")) == 5 &&
           value_is(value_find(value, "/a/4/0"), "\xc3\xa4") && value_count(value_find(value, "r")) == 40;
}

static enum jwkscore_status parse_document(struct jwkscore_error *error)
{
    struct value *value CLEANUP(value_freep) = NULL;
    enum jwkscore_status status = value_parse(text_from(document), &value, error);

    if (status != JWKSCORE_OK) {
        return value == NULL ? status : JWKSCORE_E_ARGUMENT;
    }
    return is_whole(value) ? JWKSCORE_OK : error_set(error, JWKSCORE_E_ARGUMENT, "something is missing");
}

START_TEST(values)
{
    fail_each(parse_document, 0);
}
END_TEST

/* 65 members in one object are more than scan.c has on its stack. */
static struct text large_object(void)
{
    static char text[65 * 8 + 2];
    size_t used = 0;

    for (int i = 0; i < 65; i++) {
        const char member[] = {
            i == 0 ? '{' : ',', '"', (char)('0' + i / 10), (char)('0' + i % 10), '"', ':', '1'};
        memcpy(text + used, member, sizeof(member));
        used += sizeof(member);
    }
    text[used] = '}';
    return (struct text){text, used + 1};
}

static enum jwkscore_status scan_large(struct jwkscore_error *error)
{
    return scan_object(large_object(), error);
}

START_TEST(scans)
{
    /* glibc's qsort takes memory, or another way. */
    fail_each(scan_large, 1);
}
END_TEST

static enum jwkscore_status write_strings(struct jwkscore_error *error)
{
    struct buffer buffer CLEANUP(buffer_freep) = {NULL, 0};

    for (size_t i = 0; i < 20; i++) {
        if (!value_write_string(&buffer, TEXT("a\"b")) || !buffer_append(&buffer, TEXT("0123456789"))) {
            return error_memory(error);
        }
    }
    return buffer.length == 20 * 16 ? JWKSCORE_OK
                                    : error_set(error, JWKSCORE_E_ARGUMENT, "something is missing");
}

START_TEST(writing)
{
    fail_each(write_strings, 0);
}
END_TEST

static const char *file_path;

static enum jwkscore_status read_file(struct jwkscore_error *error)
{
    struct buffer bytes CLEANUP(buffer_freep) = {NULL, 0};

    return file_read(file_path, geteuid(), 4096, &bytes, NULL, error);
}

START_TEST(files)
{
    file_path = room_write("file", "contents");
    fail_each(read_file, 0);
}
END_TEST

static enum jwkscore_status parse_key(struct jwkscore_error *error)
{
    static const struct text blob = TEXT("\0\0\0\x0bssh-ed25519\0\0\0\x20xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    struct sshkey key CLEANUP(sshkey_clear) = {.type = TEXT("")};

    return sshkey_parse(blob, &key) ? JWKSCORE_OK : error_memory(error);
}

START_TEST(keys)
{
    fail_each(parse_key, 0);
}
END_TEST

/* valgrind replaces what stands here. */
static bool stands_before_the_allocator(void)
{
    void *(*volatile ask)(size_t) = malloc; /* a plain call may be optimised away */
    void *refused;

    watch.fails = watch.asked = 0;
    watch.on = true;
    refused = ask(1);
    watch.on = false;
    free(refused);
    return refused == NULL;
}

int main(void)
{
    if (!stands_before_the_allocator()) {
        fprintf(stderr, "skipped: another allocator stands here\n");
        return 77;
    }
    return RUN_IN_ROOM("nomem", values, scans, writing, files, keys);
}

#endif
