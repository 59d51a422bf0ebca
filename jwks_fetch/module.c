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
#include <string.h>
#include <unistd.h>

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

/* What is wrong: the path before it, of which a long one is cut, leaves little room for it. */
static const char *without_path(const char *why)
{
    const char *name = strstr(why, HTTP_MODULE), *rest = name == NULL ? why : name + strlen(HTTP_MODULE);

    return rest + strspn(rest, ": ");
}

/* It must be safe, since it could write the cache until it is confined. */
void module_load(struct module *ret_module)
{
    static struct jwkscore_error unsafe;
    char path[PATH_MAX];
    void *module = NULL;

    *ret_module = (struct module){.get = NULL};
    if (!beside_program(HTTP_MODULE, path, sizeof(path)))
        ret_module->lack = "where this program is cannot be told";
    else if (strchr(path, '$') != NULL) /* dlopen would put something else there than was looked at */
        ret_module->lack = "its path has a $";
    else if (file_check_module(path, geteuid(), &unsafe) != JWKSCORE_OK)
        ret_module->lack = without_path(unsafe.message);
    else if ((module = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL)
        ret_module->lack = without_path(dlerror());
    else if (!is_ours(module))
        ret_module->lack = HTTP_MODULE " is of another version";
    else
        *(void **)&ret_module->get = dlsym(module, "http_get");
}
