/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_jsonnumber.c: a number is cut down to its integer exactly, or said not to fit; never bent to the
 * nearest.
 */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *number;
    bool fits;
    int64_t floor;
    bool fraction;
} numbers[] = {
    {"0", true, 0, false},
    {"-0", true, 0, false},
    {"0.0", true, 0, false},
    {"-0.0e5", true, 0, false},
    {"0e999999999999999999999999", true, 0, false},
    {"1", true, 1, false},
    {"-1", true, -1, false},
    {"1795226914", true, 1795226914, false},
    {"1.0", true, 1, false},
    {"1.5", true, 1, true},
    {"-1.5", true, -2, true},
    {"-1.0", true, -1, false},
    {"0.5", true, 0, true},
    {"-0.5", true, -1, true},
    {"1.9999999999999999999999999", true, 1, true},
    {"-1.0000000000000000000000001", true, -2, true},
    {"1.0000000000000000000000000", true, 1, false},
    {"1e3", true, 1000, false},
    {"1E+3", true, 1000, false},
    {"1.5e1", true, 15, false},
    {"1.55e1", true, 15, true},
    {"1500e-2", true, 15, false},
    {"1550e-2", true, 15, true},
    {"-1550e-2", true, -16, true},
    {"0.0015e4", true, 15, false},
    {"100000e-5", true, 1, false},
    {"1e-1", true, 0, true},
    {"1e-400", true, 0, true},
    {"-1e-400", true, -1, true},
    {"1e-999999999999999999999999", true, 0, true},
    /* the ends of int64_t */
    {"9223372036854775807", true, INT64_MAX, false},
    {"9223372036854775807.9", true, INT64_MAX, true},
    {"9.223372036854775807e18", true, INT64_MAX, false},
    {"9223372036854775808", false, 0, false},
    {"9223372036854775808.0", false, 0, false},
    {"9999999999999999999", false, 0, false},
    {"-9223372036854775808", true, INT64_MIN, false},
    {"-9223372036854775808.0", true, INT64_MIN, false},
    {"-9223372036854775807.5", true, INT64_MIN, true},
    {"-9223372036854775808.5", false, 0, false},
    {"-9223372036854775809", false, 0, false},
    {"-9999999999999999999", false, 0, false},
    {"-9999999999999999999.5", false, 0, false},
    /* more than 19 digits */
    {"1e18", true, INT64_C(1000000000000000000), false},
    {"1e19", false, 0, false},
    {"1e20", false, 0, false},
    {"1e308", false, 0, false},
    {"-1e308", false, 0, false},
    {"10000000000000000000.5", false, 0, false},
    {"100000000000000000000000e-20", true, 1000, false},
    {"123456789012345678901234567890e-20", true, 1234567890, true},
    {"1e999999999999999999999999", false, 0, false},
    {"1e18446744073709551616", false, 0, false}, /* 2^64 */
    /* what a double would have made equal to its neighbour */
    {"9007199254740993", true, INT64_C(9007199254740993), false},
    {"4503599627370497.5", true, INT64_C(4503599627370497), true},
    {"0.99999999999999999999999999", true, 0, true},
};

START_TEST(floors)
{
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        int64_t floor = -77;
        bool fraction = true, fits = jsonnumber_floor(text_from(numbers[i].number), &floor, &fraction);
        ck_assert_msg(fits == numbers[i].fits, "%s", numbers[i].number);
        ck_assert_msg(floor == (fits ? numbers[i].floor : -77), "%s: %" PRId64, numbers[i].number, floor);
        ck_assert_msg(fraction == (fits ? numbers[i].fraction : true), "%s", numbers[i].number);
    }
}
END_TEST

/* Each of them is a number, and the scan ends where it ends; check_scan.c has what is none. */
START_TEST(scans_to_the_end)
{
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        char text[64];
        const char *at = text, *wrong;
        bool huge = strlen(numbers[i].number) > 20 && strncmp(numbers[i].number, "1e", 2) == 0 &&
                    numbers[i].number[2] != '-';
        snprintf(text, sizeof(text), "%s,", numbers[i].number);
        wrong = jsonnumber_scan(&at, text + strlen(text));
        if (huge) {
            ck_assert_str_eq(wrong, "number too large");
        } else {
            ck_assert_ptr_null(wrong);
            ck_assert_ptr_eq(at, text + strlen(text) - 1);
        }
        at = numbers[i].number;
        wrong = jsonnumber_scan(&at, at + strlen(at));
        ck_assert_int_eq(wrong == NULL, !huge);
    }
}
END_TEST

static bool has_floor(const char *number, int64_t wanted, bool wanted_fraction)
{
    int64_t floor;
    bool fraction;

    return jsonnumber_floor(text_from(number), &floor, &fraction) && floor == wanted &&
           fraction == wanted_fraction;
}

/* 40,000 numbers with three digits behind the point, against plain arithmetic. */
START_TEST(against_arithmetic)
{
    for (int thousandths = -20000; thousandths < 20000; thousandths++) {
        char plain[40], scaled[40];
        int whole = thousandths / 1000, rest = thousandths % 1000, floor = rest < 0 ? whole - 1 : whole;
        snprintf(plain, sizeof(plain), "%s%d.%03d", thousandths < 0 ? "-" : "", abs(whole), abs(rest));
        snprintf(scaled, sizeof(scaled), "%de-3", thousandths);
        if (!has_floor(plain, floor, rest != 0) || !has_floor(scaled, floor, rest != 0)) {
            ck_abort_msg("%s, %s", plain, scaled);
        }
    }
}
END_TEST

/* A million digits and an exponent that takes them back, or does not. */
START_TEST(long_numbers_take_no_time)
{
    enum { DIGITS = 1000000 };
    char *text = malloc(DIGITS + 64);
    const char *at = text;
    clock_t start = clock();
    int64_t floor;
    bool fraction;

    memset(text, '0', DIGITS);
    memcpy(text, "0.", 2);
    snprintf(text + DIGITS, 64, "7e999999");
    ck_assert_ptr_null(jsonnumber_scan(&at, text + strlen(text)));
    ck_assert_ptr_eq(at, text + strlen(text));
    ck_assert(jsonnumber_floor(text_from(text), &floor, &fraction));
    ck_assert_int_eq(floor, 7);
    ck_assert(!fraction);
    snprintf(text + DIGITS, 64, "7e999998");
    ck_assert(jsonnumber_floor(text_from(text), &floor, &fraction));
    ck_assert_int_eq(floor, 0);
    ck_assert(fraction);
    snprintf(text + DIGITS, 64, "7e1000308");
    at = text;
    ck_assert_str_eq(jsonnumber_scan(&at, text + strlen(text)), "number too large");
    ck_assert(clock() - start < 2 * CLOCKS_PER_SEC);
    free(text);
}
END_TEST

int main(void)
{
    return RUN("jsonnumber", floors, scans_to_the_end, against_arithmetic, long_numbers_take_no_time);
}
