/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tst-dlopen: the module loads into a strange process with all its symbols resolved, brings no libcurl along,
 * and exports the entry points that libpam looks up, and nothing else.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const entries[] = {"pam_sm_acct_mgmt", "pam_sm_authenticate", "pam_sm_close_session",
                                      "pam_sm_open_session", "pam_sm_setcred"};
enum { ENTRIES = sizeof(entries) / sizeof(entries[0]) };

struct file {
    const char *bytes;
    size_t size;
};

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "tst-dlopen: %s: %s\n", what, why);
    return 1;
}

static bool is_entry(const char *name)
{
    for (int i = 0; i < ENTRIES; i++)
        if (strcmp(name, entries[i]) == 0)
            return true;
    return false;
}

static bool map_file(const char *path, struct file *file)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (descriptor < 0 || fstat(descriptor, &status) != 0)
        return false;
    file->size = (size_t)status.st_size;
    file->bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    close(descriptor);
    return file->bytes != MAP_FAILED;
}

/*
 * The section of dynamic symbols, and through `ret_names` their names; this machine's own linker wrote them.
 */
static const ElfW(Shdr) * find_symbols(const struct file *file, const char **ret_names)
{
    const ElfW(Ehdr) *header = (const void *)file->bytes;
    const ElfW(Shdr) *sections = (const void *)(file->bytes + header->e_shoff);

    for (unsigned int i = 0; i < header->e_shnum; i++)
        if (sections[i].sh_type == SHT_DYNSYM) {
            *ret_names = file->bytes + sections[sections[i].sh_link].sh_offset;
            return &sections[i];
        }
    return NULL;
}

/* How many symbols the module defines for others; those that are no entry point are named. */
static int check_exports(const char *path)
{
    struct file file;
    const char *names = NULL;
    const ElfW(Shdr) * section;
    const ElfW(Sym) * symbols;
    int found = 0, strange = 0;

    if (!map_file(path, &file) || (section = find_symbols(&file, &names)) == NULL)
        return fail(path, "no dynamic symbols");
    symbols = (const void *)(file.bytes + section->sh_offset);
    for (size_t i = 1; i < section->sh_size / sizeof(*symbols); i++) {
        const char *name = names + symbols[i].st_name;

        if (symbols[i].st_shndx == SHN_UNDEF || (symbols[i].st_info >> 4) == STB_LOCAL)
            continue;
        if (is_entry(name))
            found++;
        else
            strange += fail(name, "is exported, and is no entry point");
    }
    return found == ENTRIES && strange == 0 ? 0 : fail(path, "does not export exactly its entry points");
}

static int check_library(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    (void)data;
    return strstr(info->dlpi_name, "libcurl") != NULL ? fail(info->dlpi_name, "came with the module") : 0;
}

static int check_loaded(const char *path)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (module == NULL)
        return fail(path, dlerror());
    for (int i = 0; i < ENTRIES; i++)
        if (dlsym(module, entries[i]) == NULL)
            return fail(entries[i], "is not there");
    if (dl_iterate_phdr(check_library, NULL) != 0)
        return 1;
    return dlclose(module) == 0 ? 0 : fail(path, dlerror());
}

/* In a build the module's library has no place yet where the loader would look. */
static void load_built_library(const char *top)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/libjwkscore/.libs/libjwkscore.so.0", top);
    if (dlopen(path, RTLD_NOW | RTLD_LOCAL) == NULL)
        fprintf(stderr, "tst-dlopen: %s\n", dlerror());
}

int main(void)
{
    const char *given = getenv("JWKS_PAM_MODULE"), *top = getenv("top_builddir");
    char path[PATH_MAX];

    if (top == NULL)
        top = ".";
    snprintf(path, sizeof(path), "%s/pam_jwks/.libs/pam_jwks.so", top);
    if (given == NULL)
        load_built_library(top);
    else
        snprintf(path, sizeof(path), "%s", given);
    return check_loaded(path) != 0 || check_exports(path) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
