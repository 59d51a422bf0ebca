/* SPDX-License-Identifier: Apache-2.0 */
/* login_status.c: what is there of each login, and its end. */
#include "login.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* --- one block --- */

static void print_span(int64_t seconds)
{
    static const struct {
        int64_t size;
        const char *name;
    } units[] = {{DAY, "days"}, {HOUR, "h"}, {MINUTE, "min"}, {1, "s"}};
    size_t i = 0;

    while (i + 1 < ARRAY_LENGTH(units) && seconds < 2 * units[i].size)
        i++;
    printf("%lld %s", (long long)(seconds / units[i].size), units[i].name);
}

static void print_until(const struct held *held, int64_t now)
{
    char when[64];

    time_text(held->until, when);
    if (!held_fits(held)) {
        printf("not of this key\n");
    } else if (held->until > now) {
        printf("good until %s, for ", when);
        print_span(held->until - now);
        printf("\n");
    } else {
        printf("expired at %s, ", when);
        print_span(now - held->until);
        printf(" ago\n");
    }
}

static void print_quoted(const char *name, const struct bytes *text)
{
    char shown[300];

    printf("  %-12s %s\n", name, jwkscore_quote(shown, sizeof(shown), (const char *)text->at, text->length));
}

static void print_block(const struct login_options *options, const struct keyplace *login,
                        const struct keyplace *place, const struct held *held)
{
    printf("%s\n", options->name);
    if (held->key.offer != NULL || held->has_private)
        printf("  %-12s %s%s\n", "key", place->path,
               held->has_private ? "" : " (its private half is missing)");
    else
        printf("  %-12s none\n", "key");
    printf("  %-12s ", "certificate");
    if (held->certificate == NULL) {
        printf("none\n");
    } else {
        print_until(held, jwkscore_now());
        print_quoted("principals", &held->principals);
        print_quoted("token of", &held->key_id);
    }
    if (options->issuer != NULL)
        printf("  %-12s %s\n", "issuer", options->issuer);
    if (held->certificate != NULL)
        printf("  %-12s %s\n", "agent", agent_tells(place));
    printf("  %-12s %s\n", "refresh", refresh_store_where(options, login));
}

/* LOGIN_DONE: there is a good certificate. */
static int show(const struct login_options *options, const struct verifier *verifier)
{
    CLEANUP(place_close) struct keyplace login = {.folder = -1}, place = {.folder = -1};
    CLEANUP(held_clear) struct held held = {.certificate = NULL};
    int code = places_open(options, false, &login, &place);

    if (code == LOGIN_DONE && place.folder >= 0)
        code = held_read(verifier, &place, &held);
    if (code != LOGIN_DONE)
        return code;
    print_block(options, &login, &place, &held);
    return held_fits(&held) && held.from <= jwkscore_now() && held.until > jwkscore_now() ? LOGIN_DONE
                                                                                          : LOGIN_REFUSED;
}

/* --- all of them --- */

/* A copy of what the command line says, with the section `name`. */
static int show_named(const struct login_file *file, const char *name, const struct verifier *verifier)
{
    CLEANUP(options_clear) struct login_options options = {.name = strdup(name)};
    int code = login_file_choose(file, &options);

    if (code == LOGIN_DONE)
        code = options_complete(&options);
    return code == LOGIN_DONE ? show(&options, verifier) : code;
}

/* The names of keys that no section names. */
static bool is_left_over(const struct login_file *file, char *name)
{
    char *suffix = strstr(name, ".pub");

    if (suffix == NULL || suffix[4] != '\0')
        return false;
    *suffix = '\0';
    return name_valid(name) && !login_file_has(file, name);
}

static int better(int one, int other)
{
    if (one == LOGIN_DONE || other == LOGIN_DONE)
        return LOGIN_DONE;
    return one > other ? one : other;
}

static int show_left_over(const struct login_file *file, const struct verifier *verifier, int code)
{
    CLEANUP(place_close) struct keyplace place = {.folder = -1};
    struct dirent **entries;
    int count;

    if (place_of_login("x", false, &place) != LOGIN_DONE || place.folder < 0)
        return code;
    count = scandirat(place.folder, ".", &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (is_left_over(file, entries[i]->d_name))
            code = better(code, show_named(file, entries[i]->d_name, verifier));
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return code;
}

int show_status(struct login_options *options, const struct login_file *file)
{
    CLEANUP(verifier_close) struct verifier verifier = {.config = jwkscore_config_new(), .lock = -1};
    const char *name;
    int code = LOGIN_REFUSED;

    if (verifier.config == NULL)
        return client_complain(LOGIN_UNABLE, "out of memory");
    if (options->name != NULL || options->given != 0) {
        if ((code = login_file_choose(file, options)) == LOGIN_DONE &&
            (code = options_complete(options)) == LOGIN_DONE)
            code = show(options, &verifier);
    } else {
        for (size_t i = 0; (name = login_file_name(file, i)) != NULL; i++)
            code = better(code, show_named(file, name, &verifier));
        code = show_left_over(file, &verifier, code);
    }
    return fflush(stdout) == 0 ? code : client_complain(LOGIN_UNABLE, "standard output: cannot be written");
}

/* --- the end --- */

/* Of a key of the person's own only the certificate goes. */
int log_out(struct login_options *options)
{
    CLEANUP(place_close) struct keyplace login = {.folder = -1}, place = {.folder = -1};
    int code = places_open(options, false, &login, &place);

    if (code != LOGIN_DONE)
        return code;
    refresh_store_remove(options, &login);
    agent_forget(options, &place);
    place_remove(&place, "-cert.pub");
    if (options->identity == NULL) {
        place_remove(&place, "");
        place_remove(&place, ".pub");
    }
    return LOGIN_DONE;
}
