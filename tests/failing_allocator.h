/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failing_allocator.h: the C library's allocator, stood before: one allocation can be made to fail, and what is not
 * freed again is known.
 *
 * A program that is linked with failing_allocator.c has all its libraries' allocations go through here.  A sanitizer
 * and valgrind have an allocator of their own: then it does not stand, and there is nothing to do.
 */
#ifndef JWKSCORE_TESTS_FAILING_ALLOCATOR_H
#define JWKSCORE_TESTS_FAILING_ALLOCATOR_H

#include <stdbool.h>

bool allocator_stands(void);      /* false, with the reason on stderr: the program is to exit with 77 */
void allocator_watch(long fails); /* counts from 0 on; the allocation of this number fails; -1: none */
void allocator_rest(void);        /* until allocator_go_on() nothing is counted and nothing fails */
void allocator_go_on(void);
/* Which to fail after n: all in turn, but of OpenSSL's, as the last watch that failed none saw them, each stride-th. */
long allocator_next(long n, long stride);
long allocator_asked(void);                  /* how many there were */
long allocator_live(void);                   /* how many of all that were watched nobody has freed, by now */
bool allocator_refused(const char *library); /* was it asked for in there? */

#endif
