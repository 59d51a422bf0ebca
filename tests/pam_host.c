/* SPDX-License-Identifier: Apache-2.0 */
/* pam_host.c: the host that check_session and its like log in to. */
#include "pam_host.h"

#include <dlfcn.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *host_user(void)
{
    static char name[64];
    const struct passwd *entry = getpwuid(geteuid());

    ck_assert_ptr_nonnull(entry);
    snprintf(name, sizeof(name), "%s", entry->pw_name);
    return name;
}

static const char *built(const char *path)
{
    const char *top = getenv("top_builddir");
    char real[PATH_MAX];

    ck_assert_msg(realpath(textf("%s/%s", top != NULL ? top : ".", path), real) != NULL, "%s is not built",
                  path);
    return textf("%s", real);
}

/* In a build the module's library has no place yet where the loader would look. */
const char *host_module(void)
{
    const char *path = getenv("JWKS_PAM_MODULE");

    if (path != NULL)
        return path;
    ck_assert_msg(dlopen(built("libjwkscore/.libs/libjwkscore.so.0"), RTLD_NOW) != NULL, "%s", dlerror());
    return built("pam_jwks/.libs/pam_jwks.so");
}

void host_stack(const char *arguments)
{
    static const char *const phases[] = {"auth", "account", "session"};
    const char *stack = "", *module = host_module();

    for (size_t i = 0; i < ARRAY_LENGTH(phases); i++)
        stack = textf("%s%s required %s conf=%s %s\n", stack, phases[i], module, room_path("jwks.conf"),
                      arguments);
    room_write("pam.d/jwks-test", stack);
}

void host_conf(const char *lines)
{
    room_write("jwks.conf",
               textf("[global]\nstate_dir = %s\nrun_dir = %s\nfetch_helper = %s\nclock_skew = 60\n"
                     "max_wait = 1\nmin_uid = 1\n" CORP "jwks_file = %s\nallow_root = yes\n%s",
                     room_path("state"), room_path("run"), room_path("helper"), room_path("corp.jwks"),
                     lines));
}

void host_make(void)
{
    room_folder("pam.d", 0755);
    room_folder("state", 0755);
    room_folder("run", 0755);
    room_write("corp.jwks", mint_jwks(mint_jwk(mint_key(MINT_ED25519, 0), "\"kid\":\"ed\"")));
    room_write("pam.d/other",
               "auth required pam_deny.so\naccount required pam_deny.so\nsession required pam_deny.so\n");
    host_conf("");
    host_stack("");
}

const char *host_token_of(const char *const *changes)
{
    return mint_good("EdDSA", "ed", mint_claims_of(changes));
}

static struct text key(unsigned number)
{
    return mint_ssh_blob(mint_key(MINT_ED25519, number), false);
}

const char *host_bound_token(const char *expires)
{
    return host_token("exp", expires, "nonce", textf("\"%s\"", mint_ssh_fingerprint(key(0))));
}

const char *host_key_of(const struct host_certificate *wanted)
{
    const struct mint_extension extensions[] = {
        {.name = "permit-pty"},
        {.name = wanted->extension == NULL ? "jwks-token@pam-jwks" : wanted->extension,
         .value = wanted->token},
        {.name = NULL}};
    const char *const principals[] = {wanted->principal == NULL ? host_user() : wanted->principal, NULL};
    const struct mint_certificate certificate = {
        .key = key(0),
        .signature_key = key(wanted->by_another ? 1 : 0),
        .kind = 1,
        .valid_before = wanted->valid_before == 0 ? UINT64_MAX : wanted->valid_before,
        .principals = principals,
        .extensions = wanted->token == NULL ? NULL : extensions};

    return textf("publickey %s %s\n", mint_certificate_type(key(0)), padded(mint_certificate(&certificate)));
}

const char *host_plain_key(void)
{
    return textf("publickey ssh-ed25519 %s\n", padded(key(0)));
}
