/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h: what the fuzz targets share.
 *
 * Each target is one file with LLVMFuzzerTestOneInput(), and ends with abort() where a promise is broken.  A token and a
 * file with a checksum have two forms here, because nobody finds base64 or SHA-256 by chance.
 */
#ifndef JWKSCORE_TESTS_FUZZ_H
#define JWKSCORE_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define must(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            fuzz_broken(__FILE__, __LINE__, #condition);                                                     \
    } while (0)
_Noreturn void fuzz_broken(const char *file, int line, const char *promise);

bool fuzz_is_printable(const char *text, size_t length); /* nothing but 0x20 to 0x7e */

/* The next line of the input, without its end; all that is left where there is no end. */
struct fuzz_span {
    const char *bytes;
    size_t length;
};
struct fuzz_span fuzz_take_line(struct fuzz_span *rest);

/* The input as it is; or where it has lines, which no token has: header, payload, signature in base64url or nothing. */
char *fuzz_token(const uint8_t *data, size_t size, size_t *ret_length);

/* The input with the checksum that a cache file of its text must end with. */
unsigned char *fuzz_sealed(const uint8_t *data, size_t size, size_t *ret_length);
bool fuzz_is_sealed(const uint8_t *data, size_t size); /* by OpenSSL alone */

/* One P-256 key, the generator, whose secret key is 1: kid "1". */
extern const struct fuzz_span fuzz_key_set;

struct jwkscore_config;
void fuzz_set(struct jwkscore_config *, const char *section, const char *key, const char *value);

/* What every file holds, for targets that are linked with -Wl,--wrap=file_read. */
extern struct fuzz_span fuzz_file;

#endif
