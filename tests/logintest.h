/* SPDX-License-Identifier: Apache-2.0 */
/* logintest.h: what the tests of jwks-login share: a home of their own, and what the program says. */
#ifndef JWKSCORE_TESTS_LOGINTEST_H
#define JWKSCORE_TESTS_LOGINTEST_H

#include "support.h"

#include "../client/login.h"

/* The account database has one person, alice, whose home is a new folder in the room: getpwuid() is ours. */
const char *new_home(void);

/* What has been said on standard error since the last time; the first call begins to listen. */
const char *heard(void);

struct text text_of(const struct bytes *);

#endif
