/*
 * AES-CCM (RFC 4309, RFC 5282). Its sizes have to be known before its key is
 * set, so its contexts are not kept: it is rare.
 */
#include <string.h>

#include "crypto/crypto_private.h"

enum { SALT_SIZE = 3, IV_SIZE = 8, NONCE_SIZE = SALT_SIZE + IV_SIZE };

/* A context ready for the text; `tag` is NULL when sealing. */
static EVP_CIPHER_CTX *start(const struct ccm *ccm, uint8_t *tag, size_t size)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t nonce[NONCE_SIZE];
    bool sealing = tag == NULL;
    int length;

    memcpy(nonce, ccm->key + ccm->info->key_size, SALT_SIZE);
    memcpy(nonce + SALT_SIZE, ccm->iv, IV_SIZE);
    crypto_require(context && ccm->cipher, "AES-CCM");
    if (EVP_CipherInit_ex2(context, ccm->cipher, NULL, NULL, sealing, NULL) ==
            1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, NONCE_SIZE,
                            NULL) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, ccm->info->icv_size,
                            tag) == 1 &&
        EVP_CipherInit_ex2(context, NULL, ccm->key, nonce, sealing, NULL) ==
            1 &&
        EVP_CipherUpdate(context, NULL, &length, NULL, (int)size) == 1 &&
        (ccm->aad.size == 0 ||
         EVP_CipherUpdate(context, NULL, &length, ccm->aad.data,
                          (int)ccm->aad.size) == 1))
        return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

bool ccm_seal(const struct ccm *ccm, struct bytes in, uint8_t *out)
{
    EVP_CIPHER_CTX *context = start(ccm, NULL, in.size);
    const uint8_t *data = in.size > 0 ? in.data : (const uint8_t *)"";
    int size = 0;
    bool good =
        context &&
        EVP_CipherUpdate(context, out, &size, data, (int)in.size) == 1 &&
        (size_t)size == in.size &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, ccm->info->icv_size,
                            out + in.size) == 1;

    EVP_CIPHER_CTX_free(context);
    return good;
}

bool ccm_open(const struct ccm *ccm, struct bytes in, const uint8_t *tag,
              uint8_t *out)
{
    uint8_t expected[16], none;
    int size = 0;

    memcpy(expected, tag, ccm->info->icv_size); /* OpenSSL's is not const */
    EVP_CIPHER_CTX *context = start(ccm, expected, in.size);
    const uint8_t *data = in.size > 0 ? in.data : (const uint8_t *)"";
    /* the update verifies; there is no final */
    bool good = context && EVP_CipherUpdate(context, in.size > 0 ? out : &none,
                                            &size, data, (int)in.size) == 1;

    EVP_CIPHER_CTX_free(context);
    return good;
}
