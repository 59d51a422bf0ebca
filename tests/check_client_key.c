/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_client_key.c: the key and the certificate that jwks-login makes are what OpenSSH would make, and
 * what is held of a login is good only as a whole and in its time.
 */
#include "logintest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOKEN "aaaa.bbbb.cccc"

static struct verifier verifier = {.lock = -1};
static struct login_options options = {.quiet = true};
static struct keyplace place;

static void begin(void)
{
    heard();
    verifier.config = config_told(CORP);
    new_home();
    ck_assert_int_eq(place_of_login("corp", true, &place), LOGIN_DONE);
}

static void end(void)
{
    place_close(&place);
    jwkscore_config_free(verifier.config);
}

static int write_key(const struct ssh_key *key)
{
    int code = ssh_key_stage(key, &place);

    if (code == LOGIN_DONE && (code = place_commit(&place, "")) == LOGIN_DONE)
        code = place_commit(&place, ".pub");
    return code;
}

static struct ssh_cert usual(void)
{
    return (struct ssh_cert){.key_id = "alice",
                             .principals = "alice,bob",
                             .extension = "jwks-token@pam-jwks",
                             .token = TOKEN,
                             .from = NOW - 60,
                             .until = NOW + 600};
}

/* RFC 8032 section 7.1, test 2. */
START_TEST(ed25519_signs_as_the_rfc_has_it)
{
    struct text seed = from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    struct text wanted = from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                  "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    CLEANUP(bytes_wipe) struct bytes data = {0};
    unsigned char signature[ED25519_SIGNATURE_SIZE];

    bytes_add(&data, "\x72", 1);
    ck_assert(ed25519_sign((const unsigned char *)seed.bytes, &data, signature));
    ck_assert_mem_eq(signature, wanted.bytes, wanted.length);
}
END_TEST

START_TEST(texts_are_compared_as_a_whole)
{
    ck_assert(same_text("", "") && same_text("abc", "abc"));
    ck_assert(!same_text("abc", "abd") && !same_text("abc", "ab") && !same_text("", "a"));
}
END_TEST

START_TEST(a_key_is_read_as_it_was_written)
{
    CLEANUP(ssh_key_clear)
    struct ssh_key key = {.fresh = false},
                   other = {.fresh = false}, back = {.fresh = false};
    CLEANUP(bytes_wipe) struct bytes file = {0};
    size_t length;

    begin();
    ck_assert_int_eq(ssh_key_read(&verifier, &place, &back), LOGIN_DONE);
    ck_assert_ptr_null(back.offer);
    ck_assert_int_eq(ssh_key_make(&verifier, &key), LOGIN_DONE);
    ck_assert_int_eq(ssh_key_make(&verifier, &other), LOGIN_DONE);
    ck_assert_str_ne(jwkscore_offer_key(key.offer), jwkscore_offer_key(other.offer));
    ck_assert_str_eq(
        (const char *)key.nonce.at,
        mint_ssh_fingerprint((struct text){(const char *)jwkscore_offer_blob(key.offer, &length), 51}));
    ck_assert_int_eq(write_key(&key), LOGIN_DONE);
    ck_assert_int_eq(ssh_key_read(&verifier, &place, &back), LOGIN_DONE);
    ck_assert_str_eq(jwkscore_offer_key(back.offer), jwkscore_offer_key(key.offer));
    ck_assert(!back.fresh);
    ck_assert_int_eq(place_read(&place, "", &file), LOGIN_DONE);
    ck_assert(strncmp((const char *)file.at, "-----BEGIN OPENSSH PRIVATE KEY-----\n", 36) == 0);
    end();
}
END_TEST

/* What OpenSSH makes of the files; without it there is nothing to compare with. */
static const char *keygen(const char *arguments)
{
    char text[4096];
    FILE *pipe = popen(textf("ssh-keygen %s 2>&1", arguments), "re");
    size_t length = fread(text, 1, sizeof(text), pipe);

    return pclose(pipe) == 0 ? kept(text, length).bytes : NULL;
}

START_TEST(openssh_reads_both)
{
    CLEANUP(ssh_key_clear) struct ssh_key key = {.fresh = false};
    CLEANUP(bytes_wipe) struct bytes line = {0};
    struct ssh_cert cert = usual();
    const char *shown;

    if (system("command -v ssh-keygen >/dev/null") != 0)
        return;
    begin();
    cert.permit = "port-forwarding,X11-forwarding";
    ck_assert_int_eq(ssh_key_make(&verifier, &key), LOGIN_DONE);
    ck_assert_int_eq(write_key(&key), LOGIN_DONE);
    shown = keygen(textf("-y -f %s", place.path));
    ck_assert_ptr_nonnull(shown);
    ck_assert_str_eq(shown, textf("%s corp\n", jwkscore_offer_key(key.offer)));
    ck_assert_int_eq(ssh_cert_make(&options, &key, &place, &cert, &line), LOGIN_DONE);
    ck_assert_int_eq(place_write(&place, "-cert.pub", &line), LOGIN_DONE);
    shown = keygen(textf("-L -f %s-cert.pub", place.path)); /* verifies the signature */
    ck_assert_ptr_nonnull(shown);
    ck_assert_ptr_nonnull(strstr(shown, "Type: ssh-ed25519-cert-v01@openssh.com user certificate"));
    ck_assert_ptr_nonnull(strstr(shown, "Key ID: \"alice\""));
    ck_assert_ptr_nonnull(strstr(shown, "                alice\n                bob\n"));
    ck_assert_ptr_nonnull(strstr(shown, "Critical Options: (none)"));
    ck_assert_ptr_nonnull(
        strstr(shown, "                permit-X11-forwarding\n                permit-port-forwarding\n"
                      "                permit-pty\n"));
    line.at[line.length / 2] = line.at[line.length / 2] == 'A' ? 'B' : 'A';
    ck_assert_int_eq(place_write(&place, "-cert.pub", &line), LOGIN_DONE);
    ck_assert_ptr_null(keygen(textf("-L -f %s-cert.pub", place.path)));
    end();
}
END_TEST

START_TEST(a_host_reads_the_certificate)
{
    CLEANUP(ssh_key_clear) struct ssh_key key = {.fresh = false};
    CLEANUP(bytes_wipe) struct bytes line = {0};
    struct ssh_cert cert = usual();
    struct jwkscore_offer *offer = NULL;
    const char *type, *base64;
    size_t length;

    begin();
    ck_assert_int_eq(ssh_key_make(&verifier, &key), LOGIN_DONE);
    ck_assert_int_eq(ssh_cert_make(&options, &key, &place, &cert, &line), LOGIN_DONE);
    ck_assert(ssh_line_split(&line, &type, &base64));
    ck_assert_status(jwkscore_offer_read(verifier.config, type, base64, &offer, NULL), JWKSCORE_OK);
    ck_assert_status(jwkscore_offer_check(offer, "alice", NOW, NULL), JWKSCORE_OK);
    ck_assert_status(jwkscore_offer_check(offer, "bob", NOW, NULL), JWKSCORE_OK);
    ck_assert_status(jwkscore_offer_check(offer, "carol", NOW, NULL), JWKSCORE_E_USER);
    ck_assert_status(jwkscore_offer_check(offer, "bob", NOW + 600, NULL), JWKSCORE_E_EXPIRED);
    ck_assert_status(jwkscore_offer_check(offer, "bob", NOW - 61, NULL), JWKSCORE_E_NOT_YET_VALID);
    ck_assert_str_eq(jwkscore_offer_key(offer), jwkscore_offer_key(key.offer));
    ck_assert_mem_eq(jwkscore_offer_token(verifier.config, offer, "corp", &length), TOKEN, strlen(TOKEN));
    ck_assert_uint_eq(length, strlen(TOKEN));
    jwkscore_offer_free(offer);
    end();
}
END_TEST

/* --- what is held --- */

static bool good(const char *principals, int64_t now)
{
    CLEANUP(held_clear) struct held held = {.certificate = NULL};

    ck_assert_int_eq(held_read(&verifier, &place, &held), LOGIN_DONE);
    return held_good(&held, principals, now);
}

static void write_login(struct ssh_key *key)
{
    CLEANUP(bytes_wipe) struct bytes line = {0};
    struct ssh_cert cert = usual();

    ck_assert_int_eq(ssh_key_make(&verifier, key), LOGIN_DONE);
    ck_assert_int_eq(write_key(key), LOGIN_DONE);
    ck_assert_int_eq(ssh_cert_make(&options, key, &place, &cert, &line), LOGIN_DONE);
    ck_assert_int_eq(place_write(&place, "-cert.pub", &line), LOGIN_DONE);
}

START_TEST(a_login_is_good_as_a_whole_and_in_its_time)
{
    CLEANUP(ssh_key_clear) struct ssh_key key = {.fresh = false}, other = {.fresh = false};
    CLEANUP(held_clear) struct held held = {.certificate = NULL};
    CLEANUP(bytes_wipe) struct bytes junk = {0};

    begin();
    ck_assert(!good("alice", NOW));
    write_login(&key);
    ck_assert(good("alice", NOW) && good("bob,alice", NOW) && good("alice", NOW + 599));
    ck_assert(!good("alice", NOW + 600) && !good("alice", NOW - 61) && !good("alice,carol", NOW) &&
              !good("carol", NOW));
    ck_assert_int_eq(held_read(&verifier, &place, &held), LOGIN_DONE);
    ck_assert_str_eq((const char *)held.principals.at, "alice,bob");
    ck_assert_str_eq((const char *)held.key_id.at, "alice");
    ck_assert_int_eq(held.from, NOW - 60);
    ck_assert_int_eq(held.until, NOW + 600);
    ck_assert_int_eq(rename(place.path, textf("%s.away", place.path)), 0);
    ck_assert(!good("alice", NOW));
    ck_assert_int_eq(rename(textf("%s.away", place.path), place.path), 0);
    ck_assert(good("alice", NOW));
    ck_assert_int_eq(ssh_key_make(&verifier, &other), LOGIN_DONE);
    ck_assert_int_eq(write_key(&other), LOGIN_DONE);
    ck_assert(!good("alice", NOW));
    bytes_text(&junk, "ssh-ed25519-cert-v01@openssh.com AAAA x\n");
    ck_assert_int_eq(place_write(&place, "-cert.pub", &junk), LOGIN_DONE);
    ck_assert(!good("alice", NOW));
    end();
}
END_TEST

START_TEST(a_line_has_two_words)
{
    static const char *const wrong[] = {"", "one", "one ", " one two", "\n", "one\ntwo"};
    CLEANUP(bytes_wipe) struct bytes line = {0};
    const char *type, *base64;

    bytes_text(&line, "type AAAA and more\nx");
    ck_assert_ptr_nonnull(bytes_end(&line));
    ck_assert(ssh_line_split(&line, &type, &base64));
    ck_assert_str_eq(type, "type");
    ck_assert_str_eq(base64, "AAAA");
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        bytes_wipe(&line);
        bytes_text(&line, wrong[i]);
        ck_assert_ptr_nonnull(bytes_end(&line));
        ck_assert_msg(!ssh_line_split(&line, &type, &base64), "%s", wrong[i]);
    }
}
END_TEST

int main(void)
{
    return RUN_IN_ROOM("client_key", ed25519_signs_as_the_rfc_has_it, texts_are_compared_as_a_whole,
                       a_key_is_read_as_it_was_written, openssh_reads_both, a_host_reads_the_certificate,
                       a_login_is_good_as_a_whole_and_in_its_time, a_line_has_two_words);
}
