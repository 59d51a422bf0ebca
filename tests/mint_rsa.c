/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mint_rsa.c: RSA keys without a search for primes, which takes half a minute under valgrind.
 *
 * A prime is what SHAKE256 makes of its name, with the first two bits set, and a little more, which has been
 * sought once.
 */
#include "support.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

static const struct row {
    unsigned bits, exponent, more[2];
} rows[] = {
    {2048, 65537, {883, 909}}, {2048, 65537, {48, 46}},    {2048, 3, {886, 297}},
    {2050, 65537, {20, 42}},   {3072, 65537, {1865, 463}},
};

enum { N, E, D, P, Q, DP, DQ, QINV, NUMBERS };
static const char *const names[NUMBERS] = {
    [N] = OSSL_PKEY_PARAM_RSA_N,          [E] = OSSL_PKEY_PARAM_RSA_E,
    [D] = OSSL_PKEY_PARAM_RSA_D,          [P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
    [Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,    [DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
    [DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2, [QINV] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

static void put_prime(BIGNUM *prime, size_t row, size_t which)
{
    const char *name = textf("%c of row %zu", "pq"[which], row);
    int bits = (int)rows[row].bits / 2, size = (bits + 7) / 8;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char octets[256];

    ck_assert(context != NULL && EVP_DigestInit_ex(context, EVP_shake256(), NULL) == 1 &&
              EVP_DigestUpdate(context, name, strlen(name)) == 1 &&
              EVP_DigestFinalXOF(context, octets, (size_t)size) == 1);
    ck_assert(BN_bin2bn(octets, size, prime) != NULL && BN_rshift(prime, prime, size * 8 - bits) == 1 &&
              BN_set_bit(prime, bits - 1) == 1 && BN_set_bit(prime, bits - 2) == 1 &&
              BN_add_word(prime, rows[row].more[which]) == 1);
    EVP_MD_CTX_free(context);
}

/* RFC 8017 section 3.2. */
static void calculate(BIGNUM **number, size_t row)
{
    BN_CTX *scratch = BN_CTX_new();
    BIGNUM *p_less = BN_new(), *q_less = BN_new(), *phi = BN_new();

    ck_assert(scratch != NULL && p_less != NULL && q_less != NULL && phi != NULL);
    put_prime(number[P], row, 0);
    put_prime(number[Q], row, 1);
    ck_assert(BN_set_word(number[E], rows[row].exponent) == 1 &&
              BN_mul(number[N], number[P], number[Q], scratch) == 1 &&
              BN_sub(p_less, number[P], BN_value_one()) == 1 &&
              BN_sub(q_less, number[Q], BN_value_one()) == 1 && BN_mul(phi, p_less, q_less, scratch) == 1);
    ck_assert(BN_mod_inverse(number[D], number[E], phi, scratch) != NULL &&
              BN_mod(number[DP], number[D], p_less, scratch) == 1 &&
              BN_mod(number[DQ], number[D], q_less, scratch) == 1 &&
              BN_mod_inverse(number[QINV], number[Q], number[P], scratch) != NULL);
    BN_free(p_less);
    BN_free(q_less);
    BN_free(phi);
    BN_CTX_free(scratch);
}

static EVP_PKEY *key_of(BIGNUM *const *number)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters;
    EVP_PKEY *key = NULL;

    ck_assert(context != NULL && builder != NULL);
    for (size_t i = 0; i < NUMBERS; i++)
        ck_assert_int_eq(OSSL_PARAM_BLD_push_BN(builder, names[i], number[i]), 1);
    parameters = OSSL_PARAM_BLD_to_param(builder);
    ck_assert(parameters != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
              EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) == 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return key;
}

void *mint_rsa(unsigned bits, unsigned exponent, unsigned number)
{
    BIGNUM *numbers[NUMBERS];
    EVP_PKEY *key;
    size_t row = 0;

    while (row < ARRAY_LENGTH(rows) &&
           (rows[row].bits != bits || rows[row].exponent != exponent || number-- > 0))
        row++;
    ck_assert_msg(row < ARRAY_LENGTH(rows), "no RSA-%u key with exponent %u has been sought", bits, exponent);
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = BN_new();
    calculate(numbers, row);
    key = key_of(numbers);
    for (size_t i = 0; i < NUMBERS; i++)
        BN_free(numbers[i]);
    return key;
}
