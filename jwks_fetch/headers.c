/* SPDX-License-Identifier: Apache-2.0 */
/*
 * headers.c: fields of an answer (RFC 9110 section 5), out of the block of lines that came over the wire.
 *
 * The block is a stranger's: bounded by HEADERS_MAX, but any bytes.  A line that is no field is passed over.
 */
#include "fetch.h"

#include <string.h>
#include <time.h>

static bool is_digits(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
    return text.length > 0;
}

bool headers_number(struct text text, int64_t *ret_number)
{
    if (!is_digits(text))
        return false;
    if (!text_number(text, ret_number))
        *ret_number = INT64_MAX;
    return true;
}

/* `HTTP/1.1 200`, and what may follow (RFC 9112 section 4): libcurl takes others for a 200. */
bool headers_is_status(struct text line)
{
    static const char form[] = "HTTP/1.# ###";
    size_t i;

    for (i = 0; i < line.length && form[i] != '\0'; i++) {
        const struct text one = {line.bytes + i, 1};

        if (form[i] == '#' ? !is_digits(one) : one.bytes[0] != form[i])
            return false;
    }
    return form[i] == '\0' && (i == line.length || memchr(" \r\n", line.bytes[i], 3) != NULL);
}

static struct text without_cr(struct text line)
{
    if (line.length > 0 && line.bytes[line.length - 1] == '\r')
        line.length--;
    return line;
}

/* `Name: value`; no space may stand before the colon (RFC 9112 section 5.1). */
static bool is_field(struct text line, const char *name, struct text *ret_value)
{
    size_t length = strlen(name);

    if (line.length <= length || line.bytes[length] != ':' || !text_is_any_case((struct text){line.bytes, length}, name))
        return false;
    *ret_value = text_trim((struct text){line.bytes + length + 1, line.length - length - 1});
    return true;
}

bool headers_get(struct text headers, const char *name, size_t index, struct text *ret_value)
{
    struct text line, value;

    while (text_take_line(&headers, &line))
        if (is_field(without_cr(line), name, &value) && index-- == 0) {
            *ret_value = value;
            return true;
        }
    return false;
}

/* strptime knows no other language here: nothing calls setlocale. */
bool headers_date(struct text text, int64_t *ret_time)
{
    static const char *const forms[] = {
        "%a, %d %b %Y %H:%M:%S GMT", /* IMF-fixdate */
        "%a, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
        "%a %b %d %H:%M:%S %Y",      /* asctime */
    };
    char date[48];

    if (text.length >= sizeof(date) || memchr(text.bytes, '\0', text.length) != NULL)
        return false;
    memcpy(date, text.bytes, text.length);
    date[text.length] = '\0';
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        struct tm tm = {0};
        const char *end = strptime(date, forms[i], &tm);

        if (end == NULL || *end != '\0')
            continue;
        *ret_time = timegm(&tm);
        return *ret_time >= 0;
    }
    return false;
}
