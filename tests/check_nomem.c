/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_nomem.c: whichever allocation fails, a call says so, gives nothing out and keeps nothing.
 *
 * Whoever calls sudo chooses its memory limit, and so, more or less, the allocation that fails: one that
 * nobody looks at could take a claim out of a token.  Small calls here, each of whose allocations fails; whole
 * decisions in check_nomem_authenticate.c, whole logins in check_nomem_pam.c.
 */
#include "../jwks_fetch/fetch.h"
#include "failing_allocator.h"
#include "support.h"

#include <string.h>
#include <unistd.h>

/*
 * Makes the call with each of its allocations failing, until none is left to fail.  The call looks at what it
 * got and frees it, and says JWKSCORE_OK only if it is whole; at most `spared` failures may end so, where a
 * library can do without.  No ck_assert inside: libcheck allocates.
 */
static void fail_each(enum jwkscore_status (*call)(struct jwkscore_error *), long spared)
{
    enum { MOST = 100000 };
    long n, went_well = 0;

    for (n = 0; n < MOST; n++) {
        struct jwkscore_error error = {.status = JWKSCORE_OK};
        enum jwkscore_status status;
        long before = allocator_live();
        bool openssl;

        allocator_watch(n);
        status = call(&error);
        allocator_rest();
        openssl = allocator_refused("/libcrypto.so"); /* it may do without, and keeps things for the next time */
        ck_assert(openssl || allocator_live() == before);
        ck_assert_int_eq(error.status, status);
        if (allocator_asked() <= n) {
            ck_assert_status(status, JWKSCORE_OK);
            break;
        }
        went_well += status == JWKSCORE_OK && !openssl;
        ck_assert_msg(status == JWKSCORE_OK || status == JWKSCORE_E_MEMORY, "allocation %ld: %s", n,
                      error.message);
        ck_assert_msg(went_well <= spared, "nobody looked at allocation %ld", n);
    }
    ck_assert_int_gt(n, spared);
    ck_assert_int_lt(n, MOST);
}

/* Long strings, escapes, and more members and elements than json-c makes room for at first. */
static const char document[] =
    "{\"iss\":\"https://login.example.com/with/a/long/name/that/needs/room/in/any/buffer\","
    "\"cnf\":{\"jkt\":\"x\"},\"a\":[1,2.5,true,null,[\"\\u00e4\"]],"
    "\"b\":1,\"c\":2,\"d\":3,\"e\":4,\"f\":5,\"g\":6,\"h\":7,\"i\":8,\"j\":9,"
    "\"k\":{},\"l\":[],\"m\":false,\"n\":\"\",\"o\":1,\"p\":1,\"q\":1,"
    "\"r\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}";

static bool is_whole(const struct value *value)
{
    static const char *const numbers[] = {"b", "c", "d", "e", "f", "g", "h", "i", "j"};
    static const char issuer[] = "https://login.example.com/with/a/long/name/that/needs/room/in/any/buffer";
    void *cursor = NULL;
    struct text name;
    const struct value *member;
    size_t count = 0;

    while (value_next_member(value, &cursor, &name, &member)) {
        count++;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        int64_t wanted = (int64_t)i + 1, number;
        if (!value_member_integer(value, numbers[i], wanted, wanted, &number)) {
            return false;
        }
    }
    return count == 20 && value_is(value_find(value, "iss"), issuer) &&
           value_is(value_find(value, "/cnf/jkt"), "x") && value_count(value_find(value, "a")) == 5 &&
           value_is(value_find(value, "/a/4/0"), "\xc3\xa4") && value_count(value_find(value, "r")) == 40;
}

static enum jwkscore_status parse_document(struct jwkscore_error *error)
{
    struct value *value CLEANUP(value_freep) = NULL;
    enum jwkscore_status status = value_parse(text_from(document), &value, error);

    if (status != JWKSCORE_OK) {
        return value == NULL ? status : JWKSCORE_E_ARGUMENT;
    }
    return is_whole(value) ? JWKSCORE_OK : error_set(error, JWKSCORE_E_ARGUMENT, "something is missing");
}

START_TEST(values)
{
    fail_each(parse_document, 0);
}
END_TEST

/* 65 members in one object are more than scan.c has on its stack. */
static struct text large_object(void)
{
    static char text[65 * 8 + 2];
    size_t used = 0;

    for (int i = 0; i < 65; i++) {
        const char member[] = {
            i == 0 ? '{' : ',', '"', (char)('0' + i / 10), (char)('0' + i % 10), '"', ':', '1'};
        memcpy(text + used, member, sizeof(member));
        used += sizeof(member);
    }
    text[used] = '}';
    return (struct text){text, used + 1};
}

static enum jwkscore_status scan_large(struct jwkscore_error *error)
{
    return scan_object(large_object(), error);
}

START_TEST(scans)
{
    /* glibc's qsort takes memory, or another way. */
    fail_each(scan_large, 1);
}
END_TEST

static enum jwkscore_status write_strings(struct jwkscore_error *error)
{
    struct buffer buffer CLEANUP(buffer_freep) = {NULL, 0};

    for (size_t i = 0; i < 20; i++) {
        if (!value_write_string(&buffer, TEXT("a\"b")) || !buffer_append(&buffer, TEXT("0123456789"))) {
            return error_memory(error);
        }
    }
    return buffer.length == 20 * 16 ? JWKSCORE_OK
                                    : error_set(error, JWKSCORE_E_ARGUMENT, "something is missing");
}

START_TEST(writing)
{
    fail_each(write_strings, 0);
}
END_TEST

static const char *file_path;

static enum jwkscore_status read_file(struct jwkscore_error *error)
{
    struct buffer bytes CLEANUP(buffer_freep) = {NULL, 0};

    return file_read(file_path, geteuid(), 4096, &bytes, NULL, error);
}

START_TEST(files)
{
    file_path = room_write("file", "contents");
    fail_each(read_file, 0);
}
END_TEST

static enum jwkscore_status parse_key(struct jwkscore_error *error)
{
    static const struct text blob = TEXT("\0\0\0\x0bssh-ed25519\0\0\0\x20xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    struct sshkey key CLEANUP(sshkey_clear) = {.type = TEXT("")};

    return sshkey_parse(blob, &key) ? JWKSCORE_OK : error_memory(error);
}

START_TEST(keys)
{
    fail_each(parse_key, 0);
}
END_TEST

/* --- what sshd tells of a key, and grants --- */

static struct jwkscore_config *config;
static const char *offered_type, *offered;

/* What cannot be copied is not known to be well-formed, so it is called malformed; the allocator knows better. */
static enum jwkscore_status read_offer(struct jwkscore_error *error)
{
    struct jwkscore_offer *offer = NULL;
    enum jwkscore_status status = jwkscore_offer_read(config, offered_type, offered, &offer, error);
    bool whole = status == JWKSCORE_OK && jwkscore_offer_is_certificate(offer) &&
                 jwkscore_offer_check(offer, "alice", NOW, NULL) == JWKSCORE_OK;

    jwkscore_offer_free(offer);
    if (status == JWKSCORE_E_MALFORMED)
        status = error->status = JWKSCORE_E_MEMORY;
    return status == JWKSCORE_OK && !whole ? error_set(error, JWKSCORE_E_ARGUMENT, "not whole") : status;
}

START_TEST(offers)
{
    static const char *const principals[] = {"alice", NULL};
    const struct mint_certificate cert = {.key = mint_ssh_blob(mint_key(MINT_ED25519, 0), false), .kind = 1,
                                          .valid_before = UINT64_MAX, .principals = principals};
    struct jwkscore_error error;

    config = config_told(CORP);
    offered_type = mint_certificate_type(cert.key);
    offered = padded(mint_certificate(&cert));
    ck_assert_status(read_offer(&error), JWKSCORE_OK); /* what OpenSSL makes once */
    fail_each(read_offer, 0);
    jwkscore_config_free(config);
}
END_TEST

static enum jwkscore_status read_grants(struct jwkscore_error *error)
{
    struct jwkscore_grants *grants = NULL;
    const char *token;
    size_t length;
    enum jwkscore_status status = jwkscore_grants_open(config, "alice", &grants, error);

    for (size_t i = 0; status == JWKSCORE_OK && i < 2; i++) {
        if (jwkscore_grants_name(grants, i) == NULL)
            status = error_set(error, JWKSCORE_E_ARGUMENT, "a grant is lost");
        else if ((status = jwkscore_grants_read(grants, i, &token, &length, error)) == JWKSCORE_OK)
            (void)jwkscore_token_may_hold(token, length, "x"); /* without memory: perhaps */
    }
    jwkscore_grants_free(grants);
    return status;
}

START_TEST(grants)
{
    room_folder("grants", 0755);
    room_folder("grants/alice", 0755);
    room_write("grants/alice/a.jwt", mint_join("{}", "{}", TEXT("s")));
    room_write("grants/alice/b.jwt", mint_join("{}", "{\"a\":\"\\/\"}", TEXT("s")));
    config = config_loaded(textf("[global]\ngrants_dir = %s\n" CORP, room_path("grants")));
    fail_each(read_grants, 3); /* asprintf() does without giving back what it has too much */
    jwkscore_config_free(config);
}
END_TEST

/* --- a key set, as jwks-fetch stores it --- */

static struct crypto *crypto;
static struct folder store;
static const char *jwks;
static long lost; /* how often a key was lost that is good */

/* Of a set that is stored, no key may be lost: it would be missed until the next refresh. */
static enum jwkscore_status keep_set(struct jwkscore_error *error)
{
    struct set *set CLEANUP(set_freep) = NULL;
    struct failure failure = {.outcome = OUTCOME_NONE};

    if (!set_read(crypto, text_from(jwks), &set, &failure))
        return failure.outcome == OUTCOME_HELPER ? error_memory(error)
                                                 : error_set(error, JWKSCORE_E_ARGUMENT, "%s", failure.detail);
    if (set->listing.count != 3) {
        lost++;
        return allocator_refused("/libcrypto.so") ? error_memory(error)
                                                  : error_set(error, JWKSCORE_E_ARGUMENT, "a key is lost");
    }
    if (!set_finish(crypto, set, NULL, NOW))
        return error_memory(error);
    return store_replace(&store, "id", ".jwks", &set->body, STORE_VOLATILE) == 0
               ? JWKSCORE_OK
               : error_set(error, JWKSCORE_E_ARGUMENT, "not stored");
}

/* A key that there is no memory for is not one that is missing: neither for a login nor for who compares two sets. */
static enum jwkscore_status find_key(struct jwkscore_error *error)
{
    CLEANUP(keyset_freep) struct keyset *keyset = NULL;
    CLEANUP(candidates_clear) struct candidates candidates = {.count = 0};
    enum jwkscore_status status = keyset_parse(text_from(jwks), &keyset, error);

    if (status != JWKSCORE_OK)
        return status;
    if (!keyset_candidates(keyset, &TEXT("ec"), algorithm_find(TEXT("ES256")), TEXT("i"), NULL, &candidates))
        return error_memory(error);
    return candidates.known && candidates.count == 1 ? JWKSCORE_OK : error_set(error, JWKSCORE_E_ARGUMENT, "no key");
}

static enum jwkscore_status list_keys(struct jwkscore_error *error)
{
    static struct cache_file file;
    static struct listing listing;
    enum jwkscore_status status = keyset_parse(text_from(jwks), &file.keyset, error);
    bool listed;

    if (status != JWKSCORE_OK)
        return status;
    listed = set_list(crypto, &file, &listing);
    cache_file_clear(&file);
    if (!listed)
        return error_memory(error);
    return listing.count == 3 ? JWKSCORE_OK : error_set(error, JWKSCORE_E_ARGUMENT, "a key is lost");
}

/* The keys of the old set that are not in the new one, all of which have vanished just now. */
static enum jwkscore_status keep_vanished(struct jwkscore_error *error)
{
    static struct cache old;
    static struct set set;
    struct cache_file *file = &old.file;
    enum jwkscore_status status = keyset_parse(TEXT("{\"keys\":[]}"), &set.document, error);
    bool finished;

    if (status == JWKSCORE_OK)
        status = keyset_parse(text_from(jwks), &file->keyset, error);
    clock_base_read(&file->stamps.base);
    file->stamps.validated_w = NOW;
    file->stamps.validated_b = clock_boot_ms();
    finished = status == JWKSCORE_OK && set_finish(crypto, &set, &old, NOW);
    if (status == JWKSCORE_OK && !finished)
        status = error_memory(error);
    if (finished && set.gone_count != 3)
        status = error_set(error, JWKSCORE_E_ARGUMENT, "a key is lost");
    cache_file_clear(file);
    keyset_free(set.document);
    buffer_freep(&set.body);
    set = (struct set){.document = NULL};
    return status;
}

/* OpenSSL calls a key unfit that it had no memory for, and names another cause: 3.0.22 does so 3 times here. */
enum { LOST_MOST = 6 };

START_TEST(key_sets)
{
    struct jwkscore_error error = {JWKSCORE_OK, ""};

    crypto = crypto_new();
    ck_assert_ptr_nonnull(crypto);
    jwks = mint_jwks(mint_jwk(mint_key(MINT_RSA, 0), "\"kid\":\"rsa\""), mint_jwk(mint_key(MINT_P256, 0), "\"kid\":\"ec\""),
                     mint_jwk(mint_key(MINT_ED25519, 0), "\"kid\":\"ed\""));
    ck_assert_status(folder_open(room_path(""), geteuid(), false, &store, &error), JWKSCORE_OK);
    ck_assert_status(keep_set(&error), JWKSCORE_OK); /* what OpenSSL makes once */
    fail_each(keep_set, 0);
    ck_assert_int_le(lost, LOST_MOST);
    fail_each(find_key, 0);
    fail_each(list_keys, 0);
    fail_each(keep_vanished, 0);
    crypto_free(crypto);
    folder_closep(&store);
}
END_TEST

int main(void)
{
    if (!allocator_stands())
        return 77;
    mint_early();
    return RUN_IN_ROOM("nomem", values, scans, writing, files, keys, offers, grants, key_sets);
}
