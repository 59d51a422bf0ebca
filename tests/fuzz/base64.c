/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64.c: what decodes is the one spelling of its octets, and no decoder writes past its room.
 */
#include "fuzz.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* The lenient spelling as the strict one: without padding, in the alphabet of URLs. */
static size_t make_strict(const uint8_t *data, size_t size, char *ret_strict)
{
    while (size > 0 && data[size - 1] == '=')
        size--;
    for (size_t i = 0; i < size; i++)
        ret_strict[i] = data[i] == '+' ? '-' : data[i] == '/' ? '_' : (char)data[i];
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = {(const char *)data, size};
    unsigned char *bytes = malloc(BASE64_DECODED_MAX(size)), *lenient = malloc(BASE64_DECODED_MAX(size));
    char *again = malloc(BASE64_ENCODED_SIZE(BASE64_DECODED_MAX(size))), *strict = malloc(size + 1);
    size_t length = 0, lenient_length = 0;

    must(bytes != NULL && lenient != NULL && again != NULL && strict != NULL);
    if (base64_decode(input, bytes, &length)) {
        base64_encode(bytes, length, again);
        must(strlen(again) == size && memcmp(again, data, size) == 0);
        must(base64_decode_lenient(input, lenient, &lenient_length) && lenient_length == length &&
             memcmp(lenient, bytes, length) == 0);
    } else if (base64_decode_lenient(input, lenient, &lenient_length)) {
        base64_encode(lenient, lenient_length, again);
        must(make_strict(data, size, strict) == strlen(again) && memcmp(again, strict, strlen(again)) == 0);
        must(memchr(data, '=', size) == NULL || size % 4 == 0);
    }
    free(bytes);
    free(lenient);
    free(again);
    free(strict);
    return 0;
}
