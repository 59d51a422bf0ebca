/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sshcert.c: every type of certificate is taken apart, none that differs from its form, and nothing is
 * read twice.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

static const char *const both[] = {"alice", "bob", NULL};
static const struct mint_extension usual[] = {
    {.name = "jwks-token@pam-jwks", .value = "a.b.c"}, {.name = "permit-pty", .value = NULL}, {.name = NULL}};

static struct mint_certificate of_key(struct text key)
{
    return (struct mint_certificate){.key = key,
                                     .kind = 1,
                                     .valid_after = 100,
                                     .valid_before = 200,
                                     .principals = both,
                                     .extensions = usual};
}

static struct text ed25519(void)
{
    return mint_ssh_blob(mint_key(MINT_ED25519, 0), false);
}

/* Of a copy that ends where its memory ends; looks that nothing was given out where it is refused. */
static bool parses(struct text blob)
{
    struct sshcert cert = {.type = TEXT("poison")};
    char *copy = malloc(blob.length > 0 ? blob.length : 1);
    bool parsed;

    if (blob.length > 0)
        memcpy(copy, blob.bytes, blob.length);
    parsed = sshcert_parse((struct text){copy, blob.length}, &cert);
    free(copy);
    if (parsed)
        sshcert_clear(&cert);
    else
        ck_assert(text_is(cert.type, "poison") && cert.octets.bytes == NULL && cert.key.bytes == NULL);
    return parsed;
}

static bool parses_minted(struct mint_certificate cert)
{
    return parses(mint_certificate(&cert));
}

static void expect_key(struct text key)
{
    CLEANUP(sshcert_clear) struct sshcert cert = {.kind = 0};
    struct mint_certificate minted = of_key(key);
    struct text value;

    ck_assert(sshcert_parse(mint_certificate(&minted), &cert));
    ck_assert(text_is(cert.type, mint_certificate_type(key)));
    ck_assert(text_equal((struct text){(const char *)cert.key.bytes, cert.key.length}, key));
    ck_assert(cert.kind == SSHCERT_USER && cert.valid_after == 100 && cert.valid_before == 200);
    ck_assert(sshcert_signs_itself(&cert));
    ck_assert(sshcert_has_principal(&cert, "alice") && sshcert_has_principal(&cert, "bob"));
    ck_assert(sshcert_extension(&cert, "jwks-token@pam-jwks", &value) && text_is(value, "a.b.c"));
}

START_TEST(every_type_of_key_can_be_certified)
{
    for (enum mint_kind kind = 0; kind < MINT_KINDS; kind++)
        expect_key(mint_ssh_blob(mint_key(kind, 0), false));
    expect_key(mint_ssh_blob(mint_key(MINT_ED25519, 0), true));
    expect_key(mint_ssh_blob(mint_key(MINT_P256, 0), true));
}
END_TEST

START_TEST(a_plain_key_is_no_certificate)
{
    ck_assert(!parses(ed25519()));
    ck_assert(!parses((struct text){NULL, 0}));
    ck_assert(!parses(mint_string(TEXT("ssh-ed25519-cert-v01@openssh.com"))));
}
END_TEST

/* "ssh-dss-cert-v01@openssh.com", the old v00, a certificate of a certificate. */
START_TEST(types_that_are_none)
{
    static const char *const types[] = {
        "ssh-dss-cert-v01@openssh.com",     "ssh-ed25519-cert-v00@openssh.com",
        "ssh-ed448-cert-v01@openssh.com",   "ssh-ed25519-cert-v01@openssh.con",
        "SSH-ed25519-cert-v01@openssh.com", "ssh-ed25519-cert-v01@openssh.com "};
    struct mint_certificate minted = of_key(ed25519());
    struct text blob = mint_certificate(&minted), rest = {blob.bytes + 4 + 32, blob.length - 4 - 32};

    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        CLEANUP(buffer_freep) struct buffer changed = {NULL, 0};

        ck_assert(buffer_append(&changed, mint_string(text_from(types[i]))) && buffer_append(&changed, rest));
        ck_assert(!parses((struct text){(const char *)changed.bytes, changed.length}));
    }
    ck_assert(parses(blob));
}
END_TEST

START_TEST(whole_certificates_only)
{
    struct mint_certificate minted = of_key(mint_ssh_blob(mint_key(MINT_RSA, 0), false));
    struct text blob = mint_certificate(&minted), longer = kept(blob.bytes, blob.length + 1);

    for (size_t length = 0; length < blob.length; length++)
        ck_assert_msg(!parses((struct text){blob.bytes, length}), "%zu of %zu bytes", length, blob.length);
    ck_assert(parses(blob));
    ck_assert(!parses(longer));
}
END_TEST

/* Whatever a bit does to it, what is taken is whole: the key can be read, and every list ends. */
START_TEST(one_bit_turned)
{
    struct mint_certificate minted = of_key(mint_ssh_blob(mint_key(MINT_P256, 0), false));
    struct text blob = mint_certificate(&minted), value;

    for (size_t bit = 0; bit < 8 * blob.length; bit++) {
        char *copy = malloc(blob.length);
        struct sshcert cert = {.kind = 0};

        memcpy(copy, blob.bytes, blob.length);
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
        if (sshcert_parse((struct text){copy, blob.length}, &cert)) {
            struct sshkey key = {.type = TEXT("")};

            ck_assert(sshkey_parse((struct text){(const char *)cert.key.bytes, cert.key.length}, &key));
            sshkey_clear(&key);
            (void)sshcert_has_principal(&cert, "carol");
            (void)!sshcert_extension(&cert, "nothing", &value);
            sshcert_clear(&cert);
        }
        free(copy);
    }
}
END_TEST

START_TEST(lists_end_where_they_say)
{
    struct mint_certificate cert = of_key(ed25519());
    struct text one = mint_string(TEXT("name"));

    ck_assert(parses_minted(cert));
    cert.raw_principals = (struct text){one.bytes, one.length - 1};
    ck_assert(!parses_minted(cert));
    cert.raw_principals = one;
    ck_assert(parses_minted(cert));
    cert.raw_options = one; /* a name without its data */
    ck_assert(!parses_minted(cert));
    cert.raw_options = TEXT("");
    cert.raw_extensions = one;
    ck_assert(!parses_minted(cert));
    cert.raw_extensions = TEXT("\0\0\0");
    ck_assert(!parses_minted(cert));
    cert.raw_extensions = TEXT("");
    ck_assert(parses_minted(cert));
}
END_TEST

static bool has_principal(const char *const *principals, const char *name)
{
    CLEANUP(sshcert_clear) struct sshcert cert = {.kind = 0};
    struct mint_certificate minted = of_key(ed25519());

    minted.principals = principals;
    ck_assert(sshcert_parse(mint_certificate(&minted), &cert));
    return sshcert_has_principal(&cert, name);
}

START_TEST(a_principal_is_compared_byte_for_byte)
{
    static const char *const odd[] = {"alice,bob", "\"carol\"", "Dave", "eve ", "", NULL};

    ck_assert(has_principal(both, "bob"));
    ck_assert(!has_principal(both, "carol"));
    ck_assert(!has_principal(both, "alic"));
    ck_assert(!has_principal(both, "alice2"));
    ck_assert(!has_principal(odd, "alice"));
    ck_assert(!has_principal(odd, "carol"));
    ck_assert(!has_principal(odd, "dave"));
    ck_assert(!has_principal(odd, "eve"));
    ck_assert(!has_principal(NULL, "alice"));
}
END_TEST

/* The value of `t`, or NULL. */
static const char *extension(const struct mint_extension *extensions)
{
    CLEANUP(sshcert_clear) struct sshcert cert = {.kind = 0};
    struct mint_certificate minted = of_key(ed25519());
    struct text value;

    minted.extensions = extensions;
    ck_assert(sshcert_parse(mint_certificate(&minted), &cert));
    return sshcert_extension(&cert, "t", &value) ? kept(value.bytes, value.length).bytes : NULL;
}

START_TEST(an_extension_says_one_thing_once)
{
    static const struct {
        struct mint_extension extensions[3];
        const char *value;
    } rows[] = {
        {{{.name = "t", .value = "a.b.c"}}, "a.b.c"},
        {{{.name = "t", .value = ""}}, ""},
        {{{.name = "T", .value = "a.b.c"}}, NULL},
        {{{.name = "tt", .value = "a.b.c"}}, NULL},
        {{{.name = NULL}}, NULL},
        {{{.name = "t", .value = "a"}, {.name = "t", .value = "a"}}, NULL}, /* twice */
        {{{.name = "t", .value = NULL}}, NULL},                             /* without data */
        {{{.name = "t", .data = TEXT("a.b.c")}}, NULL},
        {{{.name = "t",
           .data = TEXT("\0\0\0\x02"
                        "a")}},
         NULL}, /* ends too late */
        {{{.name = "t",
           .data = TEXT("\0\0\0\x01"
                        "ab")}},
         NULL}, /* and too early */
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const char *value = extension(rows[i].extensions);

        ck_assert_msg((value == NULL) == (rows[i].value == NULL), "row %zu", i);
        ck_assert(value == NULL || strcmp(value, rows[i].value) == 0);
    }
}
END_TEST

START_TEST(only_the_certified_key_signs_itself)
{
    struct mint_certificate minted = of_key(ed25519());
    struct text others[] = {mint_ssh_blob(mint_key(MINT_ED25519, 1), false),
                            mint_ssh_blob(mint_key(MINT_ED25519, 0), true),
                            (struct text){ed25519().bytes, ed25519().length - 1}, TEXT("")};

    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        CLEANUP(sshcert_clear) struct sshcert cert = {.kind = 0};

        minted.signature_key = others[i];
        ck_assert(sshcert_parse(mint_certificate(&minted), &cert));
        ck_assert(!sshcert_signs_itself(&cert));
    }
}
END_TEST

int main(void)
{
    return RUN("sshcert", every_type_of_key_can_be_certified, a_plain_key_is_no_certificate,
               types_that_are_none, whole_certificates_only, one_bit_turned, lists_end_where_they_say,
               a_principal_is_compared_byte_for_byte, an_extension_says_one_thing_once,
               only_the_certified_key_signs_itself);
}
