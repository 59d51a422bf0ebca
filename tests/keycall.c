/* SPDX-License-Identifier: Apache-2.0 */
/* keycall.c: one call of jwks-authorized-keys without sshd, for its unit tests. */
#include "keycall.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

const char *keycall_user(void)
{
    static char name[ACCOUNT_NAME_MAX + 1];
    const struct passwd *entry = getpwuid(geteuid());

    if (entry != NULL && account_name_valid(text_from(entry->pw_name)))
        snprintf(name, sizeof(name), "%s", entry->pw_name);
    return name;
}

void keycall_begin(struct call *call, const char *lines, const char *type, const char *base64)
{
    const char *keys = room_write("corp.jwks", mint_jwks(mint_jwk(mint_key(MINT_P256, 0), "\"kid\":\"k\"")));

    *call = (struct call){.user = keycall_user(), .now = NOW};
    call->config =
        config_loaded(textf("[global]\nmin_uid = 1\ngrants_dir = %s\n%sallow_root = yes\njwks_file = %s\n%s",
                            room_path("grants"), CORP, keys, lines));
    ck_assert_status(jwkscore_offer_read(call->config, type, base64, &call->offer, &call->error),
                     JWKSCORE_OK);
}

void keycall_end(struct call *call)
{
    jwkscore_identity_free(call->identity);
    jwkscore_grants_free(call->grants);
    jwkscore_offer_free(call->offer);
    jwkscore_config_free(call->config);
    free(call->answer);
}

const char *keycall_token_of(const char *const *changes)
{
    const char *with[24] = {"preferred_username", textf("\"%s\"", keycall_user())};
    size_t count = 2;

    while (*changes != NULL)
        with[count++] = *changes++;
    return mint_good("ES256", "k", mint_claims_of(with));
}

const char *keycall_time(int64_t when)
{
    time_t time = (time_t)when;
    struct tm local;

    ck_assert_ptr_nonnull(localtime_r(&time, &local));
    return textf("%04d%02d%02d%02d%02d%02d", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
                 local.tm_hour, local.tm_min, local.tm_sec);
}
