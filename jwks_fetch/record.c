/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c: the header line of an envelope (CACHE 2), and what an answer does to it (CACHE 3 and 4).
 */
#include "fetch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool record_print(struct buffer *out, const char *format, ...)
{
    char line[512];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    return length >= 0 && (size_t)length < sizeof(line) &&
           buffer_append(out, (struct text){line, (size_t)length});
}

/*
 * RFC 9110 section 8.8.3, but ASCII only: what is stored is sent again, and must not become a second
 * header.
 */
bool record_etag_valid(struct text etag)
{
    if (etag.length > VALIDATOR_MAX)
        return false;
    if (etag.length > 2 && memcmp(etag.bytes, "W/", 2) == 0)
        etag = (struct text){etag.bytes + 2, etag.length - 2};
    if (etag.length < 2 || etag.bytes[0] != '"' || etag.bytes[etag.length - 1] != '"')
        return false;
    for (size_t i = 1; i + 1 < etag.length; i++)
        if (etag.bytes[i] <= ' ' || etag.bytes[i] > '~' || etag.bytes[i] == '"')
            return false;
    return true;
}

bool record_date_valid(struct text date)
{
    int64_t time;

    for (size_t i = 0; i < date.length; i++)
        if (date.bytes[i] < ' ' || date.bytes[i] > '~')
            return false; /* strptime() takes any white space, and this is sent back */
    return headers_date(date, &time);
}

/* The new value of a validator: as the answer has it, if it is one. */
static struct text read_validator(struct text headers, const char *name, bool (*valid)(struct text))
{
    struct text value;

    return headers_get(headers, name, 0, &value) && valid(value) ? value : TEXT("");
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/*
 * A clock once far ahead must not lock the host after it is mended, and one that is turned back must not
 * lower the floor: only where the server agrees with our clock is the floor set to it, up or down.
 */
static void set_floor(struct record *record, struct text headers, int64_t now)
{
    int64_t server;
    bool agrees = freshness_server_clock(headers, &server) && server - now <= CLOCK_STEP_MAX &&
                  now - server <= CLOCK_STEP_MAX;

    record->stamps.floor_w = agrees ? now : larger(record->stamps.floor_w, now);
}

/* A 304 renews what it names (RFC 9111 section 3.2); a 200 replaces everything. */
static void set_lifetime(struct record *record, struct text headers, bool renews, int64_t now)
{
    struct freshness freshness = freshness_of(headers, now);
    struct text value;

    if (renews && !headers_get(headers, "Cache-Control", 0, &value) &&
        !headers_get(headers, "Expires", 0, &value))
        return;
    record->stamps.ttl = freshness.ttl;
    record->ttl_from = text_from(freshness.from);
}

void record_validate(struct record *record, const struct response *response)
{
    struct text headers = {(const char *)response->headers.bytes, response->headers.length};
    bool renews = response->status == 304;
    struct text etag = read_validator(headers, "ETag", record_etag_valid);
    struct text modified = read_validator(headers, "Last-Modified", record_date_valid);
    int64_t now = process_wall();

    if (!renews || etag.length > 0)
        record->etag = etag;
    if (!renews || modified.length > 0)
        record->last_modified = modified;
    record->not_modified = renews ? record->not_modified + 1 : 0;
    set_lifetime(record, headers, renews, now);
    set_floor(record, headers, now);
    clock_base_read(&record->stamps.base);
    record->stamps.validated_w = now;
    record->stamps.validated_b = clock_boot_ms();
    if (!renews) {
        record->stamps.fetched_w = record->stamps.validated_w;
        record->stamps.fetched_b = record->stamps.validated_b;
    }
}

static void read_dropped(const struct value *dropped, struct record *record)
{
    for (size_t i = DROP_NONE + 1; i < DROP_COUNT; i++) {
        int64_t count;

        if (value_member_integer(dropped, jwk_drop_name((enum key_drop)i), 0, KEYSET_KEYS_MAX, &count))
            record->dropped[i] = (size_t)count;
    }
}

bool record_read(const struct cache_file *file, struct record *ret_record)
{
    const struct value *head = file->envelope.head;
    struct record record = {.kind = "keys",
                            .gen = file->gen,
                            .stamps = file->stamps,
                            .gone = file->gone,
                            .gone_count = file->gone_count};
    int64_t seen, kept;

    if (!value_member_text(head, "uri", &record.uri) || !value_member_text(head, "via", &record.via) ||
        !value_member_text(head, "ttl_from", &record.ttl_from) ||
        !value_member_text(head, "etag", &record.etag) ||
        !value_member_text(head, "last_modified", &record.last_modified) ||
        !value_member_integer(head, "not_modified", 0, INT32_MAX, &record.not_modified) ||
        !value_member_integer(head, "seen", 0, KEYSET_KEYS_MAX, &seen) ||
        !value_member_integer(head, "kept", 0, KEYSET_KEYS_MAX, &kept))
        return false;
    record.seen = (size_t)seen;
    record.kept = (size_t)kept;
    read_dropped(value_member(head, "dropped"), &record);
    *ret_record = record;
    return true;
}

static bool write_text(struct buffer *head, const char *name, struct text text)
{
    return record_print(head, ",\"%s\":", name) && value_write_string(head, text);
}

static bool write_stamps(struct buffer *head, const struct stamps *stamps)
{
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"tns", stamps->base.tns},
        {"fetched_w", stamps->fetched_w},
        {"fetched_b", stamps->fetched_b},
        {"validated_w", stamps->validated_w},
        {"validated_b", stamps->validated_b},
        {"floor_w", stamps->floor_w},
        {"ttl", stamps->ttl},
    };
    bool ok = write_text(head, "boot", text_from(stamps->base.boot));

    for (size_t i = 0; ok && i < ARRAY_LENGTH(numbers); i++)
        ok = record_print(head, ",\"%s\":%lld", numbers[i].name, (long long)numbers[i].value);
    return ok;
}

static bool write_counts(struct buffer *head, const struct record *record)
{
    const char *comma = "";
    bool ok = record_print(head, ",\"not_modified\":%lld,\"seen\":%zu,\"kept\":%zu,\"dropped\":{",
                           (long long)record->not_modified, record->seen, record->kept);

    for (size_t i = 0; ok && i < DROP_COUNT; i++)
        if (record->dropped[i] > 0) {
            ok = record_print(head, "%s\"%s\":%zu", comma, jwk_drop_name((enum key_drop)i),
                              record->dropped[i]);
            comma = ",";
        }
    ok = ok && record_print(head, "},\"gone\":[");
    for (size_t i = 0; ok && i < record->gone_count; i++)
        ok = record_print(head, "%s%lld", i > 0 ? "," : "", (long long)record->gone[i]);
    return ok && record_print(head, "]}");
}

bool record_write(const struct record *record, const struct cache *cache, struct text body,
                  struct buffer *ret_file)
{
    CLEANUP(buffer_freep) struct buffer head = {0};

    return record_print(&head, "{\"id\":\"%s\"", cache->id) &&
           write_text(&head, "issuer", text_from(cache->issuer->issuer)) &&
           write_text(&head, "uri", record->uri) && write_text(&head, "via", record->via) &&
           record_print(&head, ",\"gen\":%lld", (long long)record->gen) &&
           write_stamps(&head, &record->stamps) && write_text(&head, "ttl_from", record->ttl_from) &&
           write_text(&head, "etag", record->etag) &&
           write_text(&head, "last_modified", record->last_modified) && write_counts(&head, record) &&
           envelope_write(cache->config->crypto, record->kind, (struct text){(char *)head.bytes, head.length},
                          body, ret_file);
}
