/* SPDX-License-Identifier: Apache-2.0 */
/* failing_allocator.c: malloc and its like, before the C library's own. */
#include "failing_allocator.h"

#include <dlfcn.h>
#include <errno.h>
#include <pwd.h>
#include <regex.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __has_feature
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) ||       \
    HAS_FEATURE(memory_sanitizer) || HAS_FEATURE(thread_sanitizer)

bool allocator_stands(void)
{
    fprintf(stderr, "skipped: a sanitizer's allocator stands here\n");
    return false;
}

void allocator_watch(long fails)
{
    (void)fails;
}

void allocator_rest(void)
{
}

void allocator_go_on(void)
{
}

long allocator_asked(void)
{
    return 0;
}

long allocator_live(void)
{
    return 0;
}

bool allocator_refused(const char *library)
{
    (void)library;
    return false;
}

long allocator_next(long n, long stride)
{
    return n + stride;
}

#else

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *old);

enum {
    SLOTS = 1 << 15, /* several times what a login ever holds at once */
    SEEN = 1 << 14   /* more than it asks for */
};

static struct {
    bool on;
    long fails, asked, live, forgiven;
    const void *refused; /* who asked for what it did not get */
} watch;
static bool of_openssl[SEEN];
static const void *given[SLOTS]; /* what lives, by hash: open addressing */

static size_t home_of(const void *pointer)
{
    return (size_t)(((uintptr_t)pointer >> 4) * 0x9e3779b97f4a7c15U >> 40) % SLOTS;
}

static void remember(const void *pointer)
{
    size_t at = home_of(pointer);

    if (watch.live >= SLOTS / 2)
        abort();
    while (given[at] != NULL)
        at = (at + 1) % SLOTS;
    given[at] = pointer;
    watch.live++;
}

/* Closes the gap, so that whatever collided with it is still found. */
static void fill_gap(size_t gap)
{
    for (size_t at = (gap + 1) % SLOTS; given[at] != NULL; at = (at + 1) % SLOTS)
        if ((at - home_of(given[at])) % SLOTS >= (at - gap) % SLOTS) {
            given[gap] = given[at];
            gap = at;
        }
    given[gap] = NULL;
}

static void forget(const void *pointer)
{
    for (size_t at = home_of(pointer); watch.live > 0 && given[at] != NULL; at = (at + 1) % SLOTS)
        if (given[at] == pointer) {
            fill_gap(at);
            watch.live--;
            return;
        }
}

static bool is_in(const void *code, const char *library)
{
    Dl_info found;

    return dladdr(code, &found) != 0 && strstr(found.dli_fname, library) != NULL;
}

static bool refuse_this_one(const void *caller)
{
    if (!watch.on)
        return false;
    if (watch.fails < 0 && watch.asked < SEEN)
        of_openssl[watch.asked] = is_in(caller, "/libcrypto.so");
    if (watch.asked++ != watch.fails)
        return false;
    watch.refused = caller;
    errno = ENOMEM;
    return true;
}

static void *note(void *pointer)
{
    if (watch.on && pointer != NULL)
        remember(pointer);
    return pointer;
}

void *malloc(size_t size)
{
    return refuse_this_one(__builtin_return_address(0)) ? NULL : note(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return refuse_this_one(__builtin_return_address(0)) ? NULL : note(__libc_calloc(count, size));
}

/* What was there before the watch may grow in it, and is somebody else's still. */
void *realloc(void *old, size_t size)
{
    long before = watch.live;
    void *now;

    if (refuse_this_one(__builtin_return_address(0)))
        return NULL;
    forget(old);
    now = __libc_realloc(old, size);
    if (now == NULL && size != 0 && before != watch.live)
        remember(old);
    return old == NULL || before != watch.live ? note(now) : now;
}

void free(void *old)
{
    forget(old);
    __libc_free(old);
}

/* Where it fails, glibc's forgets some of what it had. */
int regcomp(regex_t *expression, const char *pattern, int flags)
{
    int (*theirs)(regex_t *, const char *, int);
    long before = watch.live;
    int result;

    *(void **)&theirs = dlsym(RTLD_NEXT, "regcomp");
    result = theirs(expression, pattern, flags);
    if (result != 0)
        watch.forgiven += watch.live - before;
    return result;
}

/* What the account database allocates is not ours, and is kept by it: its modules, loaded at their first use. */
int getpwnam_r(const char *name, struct passwd *entry, char *room, size_t size, struct passwd **ret_found)
{
    int (*theirs)(const char *, struct passwd *, char *, size_t, struct passwd **);
    bool on = watch.on;
    int result;

    watch.on = false;
    *(void **)&theirs = dlsym(RTLD_NEXT, "getpwnam_r");
    result = theirs(name, entry, room, size, ret_found);
    watch.on = on;
    return result;
}

void allocator_watch(long fails)
{
    watch.fails = fails;
    watch.asked = 0;
    watch.refused = NULL;
    if (fails < 0)
        memset(of_openssl, 0, sizeof(of_openssl));
    watch.on = true;
}

void allocator_rest(void)
{
    watch.on = false;
}

void allocator_go_on(void)
{
    watch.on = true;
}

long allocator_asked(void)
{
    return watch.asked;
}

long allocator_live(void)
{
    return watch.live - watch.forgiven;
}

long allocator_next(long n, long stride)
{
    do
        n++;
    while (n < SEEN && of_openssl[n] && n % stride != 0);
    return n;
}

bool allocator_refused(const char *library)
{
    return watch.refused != NULL && is_in(watch.refused, library);
}

/* valgrind replaces what stands here. */
bool allocator_stands(void)
{
    void *(*volatile ask)(size_t) = malloc; /* a plain call may be optimised away */
    void *refused;

    allocator_watch(0);
    refused = ask(1);
    allocator_rest();
    free(refused);
    if (refused != NULL)
        fprintf(stderr, "skipped: another allocator stands here\n");
    return refused == NULL;
}

#endif
