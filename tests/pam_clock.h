/* SPDX-License-Identifier: Apache-2.0 */
/* pam_clock.h: the wall clock of a program that asks the module stands at NOW, or ahead of it. */
#ifndef JWKSCORE_TESTS_PAM_CLOCK_H
#define JWKSCORE_TESTS_PAM_CLOCK_H

#include <time.h>

extern time_t clock_ahead; /* s */

#endif
