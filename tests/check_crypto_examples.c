/* SPDX-License-Identifier: Apache-2.0 */
/* check_crypto_examples.c: keys, signatures and a hash that others have published verify here. */
#include "support.h"

static void crypto_freep(struct crypto **crypto)
{
    crypto_free(*crypto);
}

static struct text from_base64(const char *encoded_text)
{
    unsigned char octets[1024];
    size_t length;

    ck_assert(base64_decode(text_from(encoded_text), octets, &length));
    return kept(octets, length);
}

static enum jwkscore_status verify(const struct key_material *material, const char *alg, struct text text,
                                   struct text signature)
{
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();
    CLEANUP(key_freep) struct key *key = NULL;

    ck_assert_status(key_import(crypto, material, &key, NULL), JWKSCORE_OK);
    return key_verify(crypto, key, algorithm_find(text_from(alg)), text, signature, NULL);
}

/* RFC 7515 appendices A.2, A.3 and A.4, RFC 8037 appendix A.4. */
START_TEST(examples_of_the_rfcs_verify)
{
    static const char payload[] =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const struct {
        const char *alg, *header, *payload, *signature;
        struct key_material material;
    } examples[] = {
        {"RS256",
         "eyJhbGciOiJSUzI1NiJ9",
         payload,
         "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
         "O8W2Fp5jujGbds9uJdbF9CUAr7t1dn"
         "ZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
         "eSN9383LcOLn6_dO--xi12jzDwusC"
         "-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
         "IoypGlUPQGe77Rw",
         {.type = KEY_RSA,
          .n = from_base64("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
                           "4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-"
                           "yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"
                           "bSf63kpaSHSXndS5z5rexMdbBYUsLA9e"
                           "-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_"
                           "I5IhlJH7aGhyxXFvUK-DWNmoudF8NAc"
                           "o9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"),
          .e = from_base64("AQAB")}},
        {"ES256",
         "eyJhbGciOiJFUzI1NiJ9",
         payload,
         "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
         {.type = KEY_EC,
          .curve = curve_find(TEXT("P-256")),
          .x = from_base64("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
          .y = from_base64("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")}},
        {"ES512",
         "eyJhbGciOiJFUzUxMiJ9",
         "UGF5bG9hZA",
         "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_"
         "7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX"
         "3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
         {.type = KEY_EC,
          .curve = curve_find(TEXT("P-521")),
          .x = from_base64(
              "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk"),
          .y = from_base64(
              "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2")}},
        {"EdDSA",
         "eyJhbGciOiJFZERTQSJ9",
         "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
         "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
         {.type = KEY_OKP,
          .curve = curve_find(TEXT("Ed25519")),
          .x = from_base64("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")}},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(examples); i++) {
        struct text text = text_from(textf("%s.%s", examples[i].header, examples[i].payload));
        struct text signature = from_base64(examples[i].signature);

        ck_assert_status(verify(&examples[i].material, examples[i].alg, text, signature), JWKSCORE_OK);
        text.length--;
        ck_assert_status(verify(&examples[i].material, examples[i].alg, text, signature),
                         JWKSCORE_E_SIGNATURE);
    }
}
END_TEST

/* FIPS 180-2 appendix B.1 */
START_TEST(sha256_is_sha256)
{
    CLEANUP(crypto_freep) struct crypto *crypto = crypto_new();
    unsigned char digest[SHA256_SIZE];
    struct text wanted = from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    ck_assert(crypto_sha256(crypto, TEXT("abc"), digest));
    ck_assert_mem_eq(digest, wanted.bytes, SHA256_SIZE);
    ck_assert(crypto_sha256(crypto, (struct text){"abc", 4}, digest)); /* S1: a NUL is an octet like others */
    ck_assert_mem_ne(digest, wanted.bytes, SHA256_SIZE);
}
END_TEST

int main(void)
{
    return RUN("crypto_examples", examples_of_the_rfcs_verify, sha256_is_sha256);
}
