/* SPDX-License-Identifier: Apache-2.0 */
/* wiped.c: explicit_bzero() in the place of the C library's, which tells how much was wiped. */
#include "wiped.h"

#include <string.h>

size_t wiped;

void explicit_bzero(void *start, size_t length)
{
    memset(start, 0, length);
    wiped += length;
}

/* What _FORTIFY_SOURCE makes of it. */
void __explicit_bzero_chk(void *start, size_t length, size_t size);
void __explicit_bzero_chk(void *start, size_t length, size_t size)
{
    (void)size;
    explicit_bzero(start, length);
}
