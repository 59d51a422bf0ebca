/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern.c: POSIX extended regular expressions that cover a whole value, in the C locale.
 *
 * A pattern is compiled as it stands, never wrapped: `^(` and `)$` around it would shift its groups, and would leave
 * `a)|(b` open at both ends.  It matches a value if regexec's match, which POSIX makes the leftmost and longest, is the
 * whole value: a whole match begins leftmost and none is longer, so if there is one it is found.
 */
#include "internal.h"

#include <locale.h>
#include <string.h>

/* What `[a-z]` means must not depend on the locale of sudo's caller; uselocale() changes this thread's alone. */
struct c_locale {
    locale_t plain, before;
};

static bool begin(struct c_locale *locale)
{
    locale->plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (locale->plain == (locale_t)0)
        return false;
    locale->before = uselocale(locale->plain);
    return true;
}

static void end(const struct c_locale *locale)
{
    uselocale(locale->before);
    freelocale(locale->plain);
}

bool pattern_groups(const char *pattern, size_t *ret_groups)
{
    struct c_locale locale;
    regex_t compiled;
    bool ok;

    if (!begin(&locale))
        return false;
    ok = regcomp(&compiled, pattern, REG_EXTENDED) == 0;
    if (ok) {
        *ret_groups = compiled.re_nsub;
        regfree(&compiled);
    }
    end(&locale);
    return ok;
}

static enum jwkscore_status match(const char *pattern, const char *value,
                                  regmatch_t groups[static PATTERN_GROUPS_MAX], struct jwkscore_error *error)
{
    regex_t compiled;
    int result = regcomp(&compiled, pattern, REG_EXTENDED);

    if (result != 0)
        return error_set(error, result == REG_ESPACE ? JWKSCORE_E_MEMORY : JWKSCORE_E_CONFIG,
                         "user_match is no regular expression that can be used");
    result = regexec(&compiled, value, PATTERN_GROUPS_MAX, groups, 0);
    regfree(&compiled);
    if (result == REG_ESPACE)
        return error_memory(error);
    if (result != 0 || groups[0].rm_so != 0 || (size_t)groups[0].rm_eo != strlen(value))
        return error_set(error, JWKSCORE_E_UNMAPPED, "the user's name does not match user_match");
    return JWKSCORE_OK;
}

enum jwkscore_status pattern_match(const char *pattern, const char *value,
                                   regmatch_t ret_groups[static PATTERN_GROUPS_MAX],
                                   struct jwkscore_error *error)
{
    struct c_locale locale;
    enum jwkscore_status status;

    if (!begin(&locale))
        return error_memory(error);
    status = match(pattern, value, ret_groups, error);
    end(&locale);
    return status;
}
