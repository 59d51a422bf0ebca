/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign_in.c: from a person to a certificate, in this order:
 *
 *     is there a good one?  ->  only one login at a time  ->  discovery  ->  a refresh, if a token for one is
 *     stored  ->  else a fresh key, the browser  ->  the token verified and bound to the key  ->  certificate
 *     ->  files  ->  the agent
 *
 * Nothing is written before all is well: a login that fails leaves what was there, and no key.
 */
#include "login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    GOOD_FOR = 60,  /* s that a certificate must have left, to be left alone */
    EARLIER = 60,   /* s before now that it is good from: hosts have clocks of their own */
    NAME_SIZE = 300 /* of a quoted text */
};

/* What one login has in its hands. */
struct work {
    const struct login_options *options;
    struct keyplace login, place; /* NAME in ~/.ssh/jwks; the key, which is there too or the person's own */
    struct verifier verifier;
    struct provider provider;
    struct loopback loopback;
    struct ssh_key key;
    struct tokens tokens;
    struct jwkscore_identity *identity;
};

static void work_clear(struct work *work)
{
    jwkscore_identity_free(work->identity);
    tokens_clear(&work->tokens);
    ssh_key_clear(&work->key);
    loopback_close(&work->loopback);
    provider_clear(&work->provider);
    verifier_close(&work->verifier);
    place_close(&work->place);
    place_close(&work->login);
}

static int open_places(struct work *work, bool make)
{
    return work->login.folder >= 0 ? LOGIN_DONE
                                   : places_open(work->options, make, &work->login, &work->place);
}

static bool is_done_already(const struct work *work)
{
    CLEANUP(verifier_close) struct verifier only_reads = {.config = jwkscore_config_new(), .lock = -1};
    CLEANUP(held_clear) struct held held = {.certificate = NULL};

    return only_reads.config != NULL && held_read(&only_reads, &work->place, &held) == LOGIN_DONE &&
           held_good(&held, work->options->principals, jwkscore_now() + GOOD_FOR);
}

/* --- the token --- */

/* It is stored before anything else: the provider may no longer know the one before. */
static int keep_refresh_token(struct work *work)
{
    int code = work->tokens.refresh_token == NULL ? LOGIN_DONE : open_places(work, true);

    if (code == LOGIN_DONE && work->tokens.refresh_token != NULL)
        code = refresh_store_write(work->options, &work->login, work->tokens.refresh_token);
    work->tokens.refresh_token = NULL; /* once */
    return code;
}

static int ask_for_refresh(struct work *work, const struct bytes *token)
{
    CLEANUP(bytes_wipe) struct bytes form = {0};
    int code;

    bytes_parameter(&form, "grant_type", "refresh_token");
    bytes_parameter(&form, "refresh_token", (const char *)token->at);
    code = tokens_ask(work->options, &work->provider, &form, &work->tokens);
    return code == LOGIN_DONE ? keep_refresh_token(work) : code;
}

/*
 * With the key that is there: many a provider forgets the nonce in a refresh, and then its answer is worth
 * nothing. No success is no failure: the person is asked, and an identity is what shows it.
 */
static int refresh(struct work *work)
{
    CLEANUP(bytes_wipe) struct bytes token = {0};
    char message[MESSAGE_SIZE] = "";
    int code;

    if (work->key.offer == NULL || !place_has(&work->place, ""))
        return LOGIN_DONE;
    code = refresh_store_read(work->options, &work->login, &token);
    if (code != LOGIN_DONE || token.length == 0)
        return code;
    code = ask_for_refresh(work, &token);
    if (code != LOGIN_DONE)
        return code;
    if (work->tokens.id_token != NULL &&
        verifier_check(&work->verifier, work->tokens.id_token, work->key.offer, NULL, &work->identity,
                       message) == LOGIN_DONE)
        return LOGIN_DONE;
    if (work->options->verbose)
        login_say(work->options, "The refresh token is of no use: %s",
                  work->tokens.error != NULL ? "the provider refuses it"
                  : message[0] != '\0'       ? message
                                             : "it gives no ID token");
    tokens_clear(&work->tokens);
    refresh_store_remove(work->options, &work->login);
    return LOGIN_DONE;
}

static int ask_the_person(struct work *work)
{
    char message[MESSAGE_SIZE];
    int code;

    if (!browse_possible(work->options))
        return client_complain(LOGIN_REFUSED,
                               "there is no good certificate, and neither display nor terminal to sign in: "
                               "run `jwks-login %s' yourself",
                               work->options->name);
    if (work->options->identity == NULL) {
        ssh_key_clear(&work->key);
        if ((code = ssh_key_make(&work->verifier, &work->key)) != LOGIN_DONE)
            return code;
    }
    if ((code = loopback_open(work->options, &work->loopback)) != LOGIN_DONE ||
        (code = browse_for_tokens(work->options, &work->provider, (const char *)work->key.nonce.at,
                                  &work->loopback, &work->tokens)) != LOGIN_DONE)
        return code;
    code = verifier_check(&work->verifier, work->tokens.id_token, work->key.offer, NULL, &work->identity,
                          message);
    return code == LOGIN_DONE ? code : client_complain(code, "%s", message);
}

/* --- what becomes of it --- */

/* What the provider calls the person, for the hosts' logs and for `status`. */
static const char *person(const struct jwkscore_identity *identity, char name[NAME_SIZE])
{
    static const char *const claims[] = {"preferred_username", "email", "sub"};
    const char *found = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(claims) && found == NULL; i++)
        found = jwkscore_identity_claim(identity, claims[i], 0);
    return jwkscore_quote(name, NAME_SIZE, found == NULL ? "" : found, found == NULL ? 0 : strlen(found));
}

void time_text(int64_t seconds, char text[TIME_SIZE])
{
    time_t time = (time_t)seconds;
    struct tm local;

    if (localtime_r(&time, &local) == NULL || strftime(text, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &local) == 0)
        snprintf(text, TIME_SIZE, "%lld", (long long)seconds);
}

/*
 * All are written before the first takes its place, so that what was there is whole until then.  The public
 * key comes last: until then it is not the certificate's, which is then not taken for a good one.
 */
static int write_files(struct work *work, const struct bytes *certificate)
{
    static const char *const all[] = {"-cert.pub", "", ".pub"};
    const size_t count = work->key.fresh ? ARRAY_LENGTH(all) : 1; /* a key that is in files stays there */
    int code = open_places(work, true);

    if (code == LOGIN_DONE && work->key.fresh)
        code = ssh_key_stage(&work->key, &work->place);
    if (code == LOGIN_DONE)
        code = place_stage(&work->place, "-cert.pub", certificate);
    if (code == LOGIN_DONE)
        agent_forget(work->options, &work->place); /* by what the old ones say */
    for (size_t i = 0; i < count; i++)
        if (code == LOGIN_DONE)
            code = place_commit(&work->place, all[i]);
        else
            place_discard(&work->place, all[i]);
    return code == LOGIN_DONE ? keep_refresh_token(work) : code;
}

static int finish(struct work *work)
{
    CLEANUP(bytes_wipe) struct bytes certificate = {0};
    const struct login_options *options = work->options;
    int64_t until = jwkscore_identity_expires(work->identity);
    char name[NAME_SIZE], when[TIME_SIZE];
    const struct ssh_cert cert = {.key_id = person(work->identity, name),
                                  .principals = options->principals,
                                  .permit = options->permit,
                                  .extension = options->extension,
                                  .token = work->tokens.id_token,
                                  .from = jwkscore_now() - EARLIER,
                                  .until = until};
    int code;

    /* For a difference between clocks a token may be a little older, but nothing can be made of it then. */
    if (until <= jwkscore_now())
        return client_complain(LOGIN_REFUSED,
                               "the provider's token has expired already: is the clock right?");
    if ((code = ssh_cert_make(options, &work->key, &work->place, &cert, &certificate)) != LOGIN_DONE ||
        (code = write_files(work, &certificate)) != LOGIN_DONE)
        return code;
    agent_take(options, &work->place, until);
    time_text(until, when);
    login_say(options, "Signed in as %s.  The certificate %s-cert.pub is good for %s until %s.", name,
              work->place.path, options->principals, when);
    return LOGIN_DONE;
}

static int get_certificate(struct work *work)
{
    int code;

    if ((code = provider_discover(work->options, &work->provider)) != LOGIN_DONE ||
        (code = ssh_key_read(&work->verifier, &work->place, &work->key)) != LOGIN_DONE)
        return code;
    if (work->options->identity != NULL && work->key.offer == NULL)
        return client_complain(LOGIN_UNABLE, "%s.pub is needed beside the key: ssh-keygen -y -f %s >%s.pub",
                               work->place.path, work->place.path, work->place.path);
    if ((code = refresh(work)) != LOGIN_DONE ||
        (work->identity == NULL && (code = ask_the_person(work)) != LOGIN_DONE))
        return code;
    return finish(work);
}

int sign_in(const struct login_options *options)
{
    CLEANUP(work_clear)
    struct work work = {.options = options, .login.folder = -1, .place.folder = -1, .verifier.lock = -1};
    int code;

    loopback_clear(&work.loopback);
    code = open_places(&work, false);
    if (code != LOGIN_DONE || (options->quiet && is_done_already(&work)))
        return code;
    code = verifier_open(options, &work.verifier);
    if (code != LOGIN_DONE || (work.verifier.waited && is_done_already(&work)))
        return code;
    code = get_certificate(&work);
    loopback_finish(&work.loopback, code);
    return code;
}
