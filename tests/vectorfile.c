/* SPDX-License-Identifier: Apache-2.0 */
/* vectorfile.c: walks the files of tests/vectors/wycheproof, each test once.  Whatever is not as expected there fails the test. */
#include "vectorfile.h"

#include <json-c/json_object.h>
#include <json-c/json_util.h>
#include <stdlib.h>

static struct json_object *member(const struct json_object *object, const char *name)
{
    struct json_object *found = NULL;

    ck_assert_msg(json_object_object_get_ex(object, name, &found) && found != NULL, "no member %s", name);
    return found;
}

bool member_has(const struct json_object *object, const char *name)
{
    return json_object_object_get_ex(object, name, NULL);
}

const struct json_object *member_object(const struct json_object *object, const char *name)
{
    struct json_object *found = member(object, name);

    ck_assert_msg(json_object_is_type(found, json_type_object), "%s is no object", name);
    return found;
}

struct text member_text(const struct json_object *object, const char *name)
{
    struct json_object *found = member(object, name);

    if (json_object_is_type(found, json_type_string))
        return kept(json_object_get_string(found), (size_t)json_object_get_string_len(found));
    return text_from(textf("%s", json_object_to_json_string_ext(found, JSON_C_TO_STRING_NOSLASHESCAPE)));
}

void vectors_open(const char *file, struct vectors *ret_vectors)
{
    const char *top = getenv("top_srcdir");
    const char *path = textf("%s/tests/vectors/wycheproof/%s", top != NULL ? top : ".", file);
    struct json_object *document = json_object_from_file(path);

    ck_assert_msg(document != NULL, "%s: %s", path, json_util_get_last_err());
    *ret_vectors = (struct vectors){.file = file, .document = document};
}

void vectors_close(struct vectors *vectors)
{
    json_object_put(vectors->document);
    vectors->document = NULL;
}

bool vectors_next(struct vectors *vectors, struct vector *ret_vector)
{
    const struct json_object *groups = member(vectors->document, "testGroups"), *group, *tests, *test;
    int id;

    if (vectors->group == json_object_array_length(groups))
        return false;
    group = json_object_array_get_idx(groups, vectors->group);
    tests = member(group, "tests");
    ck_assert_uint_gt(json_object_array_length(tests), 0);
    test = json_object_array_get_idx(tests, vectors->test);
    id = json_object_get_int(member(test, "tcId"));
    *ret_vector = (struct vector){
        .name = textf("%s tcId %d (%s)", vectors->file, id, member_text(test, "comment").bytes),
        .id = id,
        .label = member_text(test, "result").bytes,
        .group = group,
        .test = test,
        .first = vectors->test == 0,
    };
    if (++vectors->test == json_object_array_length(tests)) {
        vectors->group++;
        vectors->test = 0;
    }
    return true;
}
