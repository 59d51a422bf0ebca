/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.c: a JSON text read by our strict scanner, beside json-c's parser.
 *
 *     scan ROUNDS FILE WAY...
 *
 *     scan     scan_object: is it exactly one object that every parser reads alike?
 *     tree     value_parse: the same, and the tree
 *     json-c   json_tokener_parse_ex, strict and with UTF-8 checked: the tree alone
 */
#include "measure.h"

#include "internal.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <unistd.h>

enum { CALLS = 10 };

static char bytes[KEYSET_MAX];
static struct text text = {bytes, 0};

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "scan: %s\n", what);
        exit(1);
    }
}

static void by_scan(void *data)
{
    (void)data;
    must(scan_object(text, NULL) == JWKSCORE_OK, "scan_object refuses it");
}

static void by_tree(void *data)
{
    CLEANUP(value_freep) struct value *value = NULL;

    (void)data;
    must(value_parse(text, &value, NULL) == JWKSCORE_OK, "value_parse refuses it");
}

static void by_json_c(void *data)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
    struct json_object *tree;

    (void)data;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    tree = json_tokener_parse_ex(tokener, text.bytes, (int)text.length);
    must(json_tokener_get_error(tokener) == json_tokener_success, "json-c refuses it");
    json_object_put(tree);
    json_tokener_free(tokener);
}

static void read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

    must(got > 0, path);
    close(fd);
    text.length = (size_t)got;
}

int main(int argc, char **argv)
{
    static struct turn turns[] = {{.name = "scan", .run = by_scan},
                                  {.name = "tree", .run = by_tree},
                                  {.name = "json-c", .run = by_json_c}};

    if (argc < 4) {
        fprintf(stderr, "usage: scan ROUNDS FILE scan|tree|json-c...\n");
        return 64;
    }
    read_file(argv[2]);
    take_turns(turns, pick_turns(turns, ARRAY_LENGTH(turns), argv + 3), rounds_of(argv[1]), CALLS);
    return 0;
}
