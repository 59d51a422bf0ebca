/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonnumber.c: JSON numbers (RFC 8259 section 6): are they well-formed, and which integer do they say?
 *
 * By hand, without a double and without the host's locale: a time is an integer or it is cut down to one,
 * exactly, and never bent to the nearest that fits.
 */
#include "internal.h"

enum {
    DIGITS_MAX = 19,          /* as many fit into a uint64_t, whatever they are */
    EXPONENT_MAX = 1000000000 /* more than any text has digits: of what is beyond it only the sign matters */
};

/* 0.LEAD times ten to the power of `point`. */
struct decimal {
    bool negative;
    bool more;     /* digits other than 0 follow those of lead */
    uint64_t lead; /* 19 digits from the first that is not 0, filled up with 0 */
    int64_t point;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(const char **at, const char *end)
{
    const char *from = *at;

    while (*at < end && is_digit(**at))
        ++*at;
    return (size_t)(*at - from);
}

static int64_t exponent_value(const char *at, const char *end)
{
    bool negative = *at == '-';
    int64_t value = 0;

    for (; at < end; at++)
        if (is_digit(*at) && value < EXPONENT_MAX)
            value = value * 10 + (*at - '0');
    return negative ? -value : value;
}

static struct decimal read_decimal(struct text number)
{
    const char *at = number.bytes, *end = at + number.length;
    struct decimal decimal = {.negative = *at == '-'};
    bool fraction = false;
    int digits = 0;

    for (at += decimal.negative; at < end && (is_digit(*at) || *at == '.'); at++) {
        if (*at == '.') {
            fraction = true;
        } else if (digits == 0 && *at == '0') {
            decimal.point -= fraction;
        } else {
            decimal.point += !fraction;
            decimal.more = decimal.more || (digits == DIGITS_MAX && *at != '0');
            if (digits < DIGITS_MAX) {
                decimal.lead = decimal.lead * 10 + (uint64_t)(*at - '0');
                digits++;
            }
        }
    }
    for (; digits < DIGITS_MAX; digits++)
        decimal.lead *= 10;
    if (at < end)
        decimal.point += exponent_value(at + 1, end);
    return decimal;
}

/* A double ends at 1.797693134862315807937...e308; what begins with these 19 digits is counted as beyond. */
static bool is_finite(struct text number)
{
    struct decimal decimal = read_decimal(number);

    return decimal.lead == 0 || decimal.point < 309 ||
           (decimal.point == 309 && decimal.lead < UINT64_C(1797693134862315807));
}

/* A sign, if there may be one, and at least one digit. */
static bool skip_exponent(const char **at, const char *end)
{
    *at += *at < end && (**at == '+' || **at == '-');
    return skip_digits(at, end) > 0;
}

const char *jsonnumber_scan(const char **at, const char *end)
{
    const char *from = *at;
    bool integer = true;
    size_t digits;

    *at += *at < end && **at == '-';
    digits = skip_digits(at, end);
    if (digits == 0 || (digits > 1 && (*at)[-(ptrdiff_t)digits] == '0'))
        return "wrong number";
    if (*at < end && **at == '.') {
        integer = false;
        ++*at;
        if (skip_digits(at, end) == 0)
            return "wrong number";
    }
    if (*at < end && (**at == 'e' || **at == 'E')) {
        integer = false;
        ++*at;
        if (!skip_exponent(at, end))
            return "wrong number";
    }
    if (integer)
        return digits > DIGITS_MAX ? "integer of more than 19 digits" : NULL;
    return is_finite((struct text){from, (size_t)(*at - from)}) ? NULL : "number too large";
}

/* What stands before the point, and whether something stands behind it; false if it has over 19 digits. */
static bool cut_decimal(const struct decimal *decimal, uint64_t *ret_whole, bool *ret_fraction)
{
    uint64_t unit = 1;

    if (decimal->lead == 0 || decimal->point <= 0) {
        *ret_whole = 0;
        *ret_fraction = decimal->lead != 0;
        return true;
    }
    if (decimal->point > DIGITS_MAX)
        return false;
    for (int64_t digit = decimal->point; digit < DIGITS_MAX; digit++)
        unit *= 10;
    *ret_whole = decimal->lead / unit;
    *ret_fraction = decimal->more || decimal->lead % unit != 0;
    return true;
}

bool jsonnumber_floor(struct text number, int64_t *ret_floor, bool *ret_fraction)
{
    struct decimal decimal = read_decimal(number);
    uint64_t whole;
    int64_t floor;
    bool fraction;

    if (!cut_decimal(&decimal, &whole, &fraction))
        return false;
    if (decimal.negative ? __builtin_sub_overflow(0, whole + fraction, &floor)
                         : __builtin_add_overflow(0, whole, &floor))
        return false;
    *ret_floor = floor;
    *ret_fraction = fraction;
    return true;
}
