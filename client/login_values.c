/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login_values.c: what the value of an option must be.  Much of it is written into a jwks.conf (verify.c),
 * so it holds no line's end.
 */
#include "login.h"

#include <string.h>

const char *value_check_word(const char *value)
{
    for (; *value != '\0'; value++)
        if (*value <= ' ' || *value > '~')
            return "must be one word of printable ASCII";
    return NULL;
}

const char *value_check_line(const char *value)
{
    for (; *value != '\0'; value++)
        if (*value < ' ' || *value > '~')
            return "must be printable ASCII";
    return NULL;
}

const char *value_check_issuer(const char *value)
{
    if (strncmp(value, "https://", strlen("https://")) != 0)
        return "must begin with https://";
    return value_check_word(value);
}

const char *value_check_path(const char *value)
{
    return strpbrk(value, "\r\n") != NULL ? "must be a path on one line" : NULL;
}

/* `each` for all parts of a list with commas. */
static const char *check_list(const char *value, bool (*each)(const char *), const char *wrong)
{
    char part[64];

    for (;; value++) {
        size_t length = strcspn(value, ",");

        if (length == 0 || length >= sizeof(part))
            return wrong;
        memcpy(part, value, length);
        part[length] = '\0';
        if (!each(part))
            return wrong;
        value += length;
        if (*value == '\0')
            return NULL;
    }
}

static bool is_account(const char *name)
{
    return jwkscore_account_valid(name) != 0;
}

const char *value_check_principals(const char *value)
{
    return check_list(value, is_account, "must be account names with commas between them");
}

static bool is_permission(const char *name)
{
    static const char *const all[] = {"X11-forwarding", "agent-forwarding", "port-forwarding", "user-rc"};

    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        if (strcmp(all[i], name) == 0)
            return true;
    return false;
}

const char *value_check_permit(const char *value)
{
    return check_list(value, is_permission,
                      "must be of X11-forwarding, agent-forwarding, port-forwarding, user-rc, with commas");
}

const char *value_check_redirect_host(const char *value)
{
    return strcmp(value, "127.0.0.1") == 0 || strcmp(value, "localhost") == 0
               ? NULL
               : "must be 127.0.0.1 or localhost";
}
