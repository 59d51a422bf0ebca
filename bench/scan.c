/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.c: a JSON text read by our strict scanner, or by json-c's parser, for callgrind to count.
 *
 *     scan     scan_object: is it exactly one object that every parser reads alike?
 *     tree     value_parse: the same, and the tree
 *     json-c   json_tokener_parse_ex, strict and with UTF-8 checked: the tree alone
 *
 * Usage: scan scan|tree|json-c FILE [TIMES].  bench/scan.sh compares them.
 */
#include "internal.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool by_scan(struct text text)
{
    return scan_object(text, NULL) == JWKSCORE_OK;
}

static bool by_tree(struct text text)
{
    CLEANUP(value_freep) struct value *value = NULL;

    return value_parse(text, &value, NULL) == JWKSCORE_OK;
}

static bool by_json_c(struct text text)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
    struct json_object *tree;
    bool ok;

    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    tree = json_tokener_parse_ex(tokener, text.bytes, (int)text.length);
    ok = json_tokener_get_error(tokener) == json_tokener_success;
    json_object_put(tree);
    json_tokener_free(tokener);
    return ok;
}

static const struct way {
    const char *name;
    bool (*read)(struct text);
} ways[] = {{"scan", by_scan}, {"tree", by_tree}, {"json-c", by_json_c}};

static struct text contents(const char *path)
{
    static char bytes[KEYSET_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

    if (got <= 0) {
        perror(path);
        exit(1);
    }
    close(fd);
    return (struct text){bytes, (size_t)got};
}

int main(int argc, char **argv)
{
    long times = argc > 3 ? atol(argv[3]) : 1;
    struct text text;

    if (argc < 3) {
        fprintf(stderr, "usage: scan scan|tree|json-c FILE [TIMES]\n");
        return 2;
    }
    text = contents(argv[2]);
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
        bool ok = strcmp(argv[1], ways[i].name) == 0;
        for (long n = 0; ok && n < times; n++)
            ok = ways[i].read(text);
        if (ok)
            return 0;
    }
    fprintf(stderr, "scan: %s does not read %s\n", argv[1], argv[2]);
    return 1;
}
