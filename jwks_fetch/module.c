/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module.c: http.c, and libcurl with it, loaded by the process that asks the network, and by no other.
 *
 * libcurl brings 30 libraries.  The writer never needs one of them, and most runs end before anybody asks: of
 * the many helpers of a cold start all but one find the work done.
 */
#include "fetch.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In the folder of this program, which whoever started it has looked at. */
#define MODULE "jwks-http.so"

static http_get_function *get;
static const char *lack = "it was not loaded";

/* The path of this program with another name at its end. */
static bool beside_program(const char *name, char *ret_path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", ret_path, size - 1);
    char *slash;

    if (length <= 0)
        return false;
    ret_path[length] = '\0';
    slash = strrchr(ret_path, '/');
    if (slash == NULL || (size_t)(slash + 1 - ret_path) + strlen(name) >= size)
        return false;
    memcpy(slash + 1, name, strlen(name) + 1);
    return true;
}

/* An update may have replaced it since this program started. */
static bool is_ours(void *module)
{
    const char *version = dlsym(module, "http_version");

    return version != NULL && strcmp(version, PACKAGE_VERSION) == 0;
}

/* What dlopen() says of it, which begins with a path that leaves little room for the rest. */
static const char *say_why(const char *path)
{
    const char *why = dlerror();
    size_t length = strlen(path);

    return strncmp(why, path, length) == 0 && strncmp(why + length, ": ", 2) == 0 ? why + length + 2 : why;
}

void module_load(void)
{
    char path[PATH_MAX];
    void *module = NULL;

    if (!beside_program(MODULE, path, sizeof(path)))
        lack = "where this program is cannot be told";
    else if ((module = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL)
        lack = say_why(path);
    else if (!is_ours(module))
        lack = MODULE " is of another version";
    else
        *(void **)&get = dlsym(module, "http_get");
}

void module_get(const struct request *request, int out)
{
    struct http_result result = {.magic = HTTP_MAGIC, .outcome = OUTCOME_HELPER};

    if (get != NULL) {
        get(request, out);
        return;
    }
    snprintf(result.detail, sizeof(result.detail), "no " MODULE ": %s", lack);
    (void)!process_write_all(out, &result, sizeof(result));
}
