/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.c: the JSON object that a provider answers; alone with json-c.
 *
 * It comes over TLS from the provider itself and decides nothing: the one token in it that does is verified
 * by libjwkscore.  But it holds secrets, and json-c frees what it has without wiping it.
 */
#include "login.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 32 };

struct document {
    struct json_object *object;
};

/*
 * json-c puts each text together in one buffer of the parser's.  A text as long as the whole document,
 * first, makes that buffer as large as it will ever be, so that it is not left behind when it grows; the
 * same again, at the end, covers what is in it.
 */
static void cover(struct json_tokener *parser, size_t length)
{
    char *text = malloc(length + 2);

    if (text == NULL)
        return;
    memset(text, 'x', length + 2);
    text[0] = text[length + 1] = '"';
    json_tokener_reset(parser);
    json_object_put(json_tokener_parse_ex(parser, text, (int)length + 2));
    json_tokener_reset(parser);
    free(text);
}

static struct json_object *parse(const struct bytes *text)
{
    struct json_tokener *parser = json_tokener_new_ex(DEPTH);
    struct json_object *object = NULL;

    if (parser == NULL || text->length > INT_MAX / 2)
        return NULL;
    cover(parser, text->length);
    json_tokener_set_flags(parser, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    object = json_tokener_parse_ex(parser, (const char *)text->at, (int)text->length);
    if (object != NULL && (json_tokener_get_parse_end(parser) != text->length ||
                           !json_object_is_type(object, json_type_object))) {
        json_object_put(object);
        object = NULL;
    }
    cover(parser, text->length);
    json_tokener_free(parser);
    return object;
}

struct document *document_parse(const struct bytes *text)
{
    struct document *document = calloc(1, sizeof(*document));

    if (document == NULL)
        return NULL;
    document->object = parse(text);
    if (document->object == NULL) {
        free(document);
        return NULL;
    }
    return document;
}

/* The texts at the top: there a token endpoint's secrets are. */
void document_free(struct document *document)
{
    if (document == NULL)
        return;
    json_object_object_foreach(document->object, name, value)
    {
        (void)name;
        if (json_object_is_type(value, json_type_string))
            explicit_bzero((char *)json_object_get_string(value), (size_t)json_object_get_string_len(value));
    }
    json_object_put(document->object);
    free(document);
}

static struct json_object *find(const struct document *document, const char *name, enum json_type type)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(document->object, name, &value) || !json_object_is_type(value, type))
        return NULL;
    return value;
}

const char *document_text(const struct document *document, const char *name)
{
    struct json_object *value = find(document, name, json_type_string);
    const char *text = value == NULL ? NULL : json_object_get_string(value);

    return text != NULL && strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

int64_t document_number(const struct document *document, const char *name, int64_t otherwise)
{
    struct json_object *value = find(document, name, json_type_int);

    return value == NULL ? otherwise : json_object_get_int64(value);
}

bool document_flag(const struct document *document, const char *name)
{
    struct json_object *value = find(document, name, json_type_boolean);

    return value != NULL && json_object_get_boolean(value);
}

bool document_lists(const struct document *document, const char *name, const char *value, bool otherwise)
{
    struct json_object *list = find(document, name, json_type_array);

    if (list == NULL)
        return otherwise;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *item = json_object_array_get_idx(list, i);

        if (json_object_is_type(item, json_type_string) && strcmp(json_object_get_string(item), value) == 0)
            return true;
    }
    return false;
}
