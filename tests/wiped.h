/* SPDX-License-Identifier: Apache-2.0 */
/* wiped.h: how many bytes explicit_bzero() has wiped: in a program that has wiped.c it is ours. */
#ifndef JWKSCORE_TESTS_WIPED_H
#define JWKSCORE_TESTS_WIPED_H

#include <stddef.h>

extern size_t wiped;

#endif
