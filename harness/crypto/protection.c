/*
 * Protection of one direction: AEAD (RFC 4106, RFC 5282, RFC 7634), or a
 * cipher and then HMAC (RFC 3602, RFC 2410, RFC 4868).
 */
#include <limits.h>
#include <openssl/crypto.h>
#include <string.h>

#include "crypto/crypto_private.h"

/* salt | IV, for every AEAD here (RFC 5282 4, RFC 7634 2). */
enum { NONCE_SIZE = 12, SALT_SIZE = 4, IV_SIZE = 8 };

static bool key_fits(const struct key *key, size_t size, const char *name,
                     struct error *error)
{
    size_t held = key ? key->size : 0;
    return held == size ||
           error_set(error, "key of %s: %zu octets, not %zu", name, held, size);
}

bool protection_init(struct protection *out, const struct suite *suite,
                     const struct key *encr_key, const struct key *integ_key,
                     struct error *error)
{
    const struct encr_info *encr;
    const struct integ_info *integ;
    if (!suite_protection(suite, &encr, &integ, error) ||
        !key_fits(encr_key, (size_t)encr->key_size + encr->salt_size,
                  encr->name, error) ||
        (integ && !key_fits(integ_key, integ->key_size, integ->name, error)))
        return false;
    *out = (struct protection){
        .encr = encr,
        .integ = integ,
        .encr_key = encr_key,
        .integ_key = integ ? integ_key : NULL,
    };
    return true;
}

size_t protection_icv_size(const struct protection *p)
{
    return p->integ ? p->integ->icv_size : p->encr->icv_size;
}

size_t protection_overhead(const struct protection *p)
{
    return p->encr->iv_size + protection_icv_size(p);
}

/* `first` is that of 128 bits, those of 192 and 256 follow it. */
static enum cipher_index aes_of(const struct encr_info *encr,
                                enum cipher_index first)
{
    return (enum cipher_index)(first + (encr->key_size - 16) / 8);
}

static enum cipher_index cipher_of(const struct encr_info *encr)
{
    switch (encr->id) {
    case ENCR_AES_CBC:
        return aes_of(encr, CIPHER_AES_128_CBC);
    case ENCR_AES_GCM_8:
    case ENCR_AES_GCM_12:
    case ENCR_AES_GCM_16:
        return aes_of(encr, CIPHER_AES_128_GCM);
    case ENCR_AES_CTR:
        return aes_of(encr, CIPHER_AES_128_CTR);
    case ENCR_AES_CCM_8:
    case ENCR_AES_CCM_12:
    case ENCR_AES_CCM_16:
        return aes_of(encr, CIPHER_AES_128_CCM);
    case ENCR_3DES:
        return CIPHER_3DES_CBC;
    case ENCR_DES:
        return CIPHER_DES_CBC;
    case ENCR_CAST:
        return CIPHER_CAST5_CBC;
    case ENCR_BLOWFISH:
        return CIPHER_BLOWFISH_CBC;
    default:
        return CIPHER_CHACHA20_POLY1305;
    }
}

static bool is_ccm(const struct encr_info *encr)
{
    return encr->id == ENCR_AES_CCM_8 || encr->id == ENCR_AES_CCM_12 ||
           encr->id == ENCR_AES_CCM_16;
}

static struct ccm ccm_of(struct crypto *crypto, const struct protection *p,
                         struct bytes aad, const uint8_t *iv)
{
    return (struct ccm){
        .cipher = crypto_fetch(crypto, cipher_of(p->encr)),
        .info = p->encr,
        .key = p->encr_key->octets,
        .iv = iv,
        .aad = aad,
    };
}

bool encr_available(uint16_t id)
{
    enum cipher_index index =
        cipher_of(&(struct encr_info){.id = id, .key_size = 16});
    if (index < CIPHER_LEGACY)
        return true;
    struct crypto *crypto = crypto_new();
    bool found = crypto_fetch(crypto, index) != NULL;
    crypto_free(crypto);
    return found;
}

bool integ_available(uint16_t id)
{
    if (id != AUTH_HMAC_RIPEMD_160_96)
        return true;
    EVP_MD *digest = EVP_MD_fetch(NULL, "RIPEMD160", NULL);
    EVP_MD_free(digest);
    return digest != NULL;
}

static EVP_CIPHER_CTX *keyed(struct crypto *crypto, const struct protection *p,
                             bool sealing)
{
    return crypto_cipher(crypto, cipher_of(p->encr), sealing,
                         bytes_of(p->encr_key->octets, p->encr->key_size));
}

/* ---- AEAD ---- */

static bool aead_start(EVP_CIPHER_CTX *context, const struct protection *p,
                       const uint8_t *iv, struct bytes aad)
{
    uint8_t nonce[NONCE_SIZE];
    int size;
    memcpy(nonce, p->encr_key->octets + p->encr->key_size, SALT_SIZE);
    memcpy(nonce + SALT_SIZE, iv, IV_SIZE);
    return EVP_CipherInit_ex2(context, NULL, NULL, nonce, -1, NULL) == 1 &&
           (aad.size == 0 || EVP_CipherUpdate(context, NULL, &size, aad.data,
                                              (int)aad.size) == 1);
}

/* Writes ciphertext and tag at `out`. */
static bool aead_seal(struct crypto *crypto, const struct protection *p,
                      struct bytes aad, const uint8_t *iv, struct bytes in,
                      uint8_t *out)
{
    if (is_ccm(p->encr)) {
        struct ccm ccm = ccm_of(crypto, p, aad, iv);
        return ccm_seal(&ccm, in, out);
    }
    EVP_CIPHER_CTX *context = keyed(crypto, p, true);
    int size = 0, end = 0;
    return aead_start(context, p, iv, aad) &&
           (in.size == 0 || EVP_CipherUpdate(context, out, &size, in.data,
                                             (int)in.size) == 1) &&
           EVP_CipherFinal_ex(context, out + size, &end) == 1 &&
           (size_t)size + (size_t)end == in.size &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG,
                               p->encr->icv_size, out + in.size) == 1;
}

/* Writes as many octets as `in` has. */
static bool aead_open(struct crypto *crypto, const struct protection *p,
                      struct bytes aad, const uint8_t *iv, struct bytes in,
                      const uint8_t *tag, uint8_t *out)
{
    if (is_ccm(p->encr)) {
        struct ccm ccm = ccm_of(crypto, p, aad, iv);
        return ccm_open(&ccm, in, tag, out);
    }
    EVP_CIPHER_CTX *context = keyed(crypto, p, false);
    int size = 0, end = 0;
    uint8_t expected[16];
    memcpy(expected, tag, p->encr->icv_size); /* OpenSSL's is not const */
    return aead_start(context, p, iv, aad) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG,
                               p->encr->icv_size, expected) == 1 &&
           (in.size == 0 || EVP_CipherUpdate(context, out, &size, in.data,
                                             (int)in.size) == 1) &&
           EVP_CipherFinal_ex(context, out + size, &end) == 1;
}

/* ---- Cipher, then HMAC ---- */

static bool cbc(struct crypto *crypto, const struct protection *p, bool sealing,
                const uint8_t *iv, struct bytes in, uint8_t *out)
{
    if (in.size == 0)
        return true;
    if (p->encr->id == ENCR_NULL) {
        memcpy(out, in.data, in.size);
        return true;
    }
    EVP_CIPHER_CTX *context = keyed(crypto, p, sealing);
    int size = 0;
    uint8_t block[16];
    if (p->encr->id == ENCR_AES_CTR) { /* RFC 3686 4: nonce, IV, one */
        memcpy(block, p->encr_key->octets + p->encr->key_size, SALT_SIZE);
        memcpy(block + SALT_SIZE, iv, IV_SIZE);
        write_u32(block + SALT_SIZE + IV_SIZE, 1);
        iv = block;
    }
    return EVP_CipherInit_ex2(context, NULL, NULL, iv, -1, NULL) == 1 &&
           EVP_CipherUpdate(context, out, &size, in.data, (int)in.size) == 1 &&
           (size_t)size == in.size;
}

static enum mac_index mac_of(uint16_t id)
{
    switch (id) {
    case AUTH_HMAC_SHA2_256_128:
    case AUTH_HMAC_SHA2_256_96:
        return MAC_SHA256;
    case AUTH_HMAC_SHA2_384_192:
        return MAC_SHA384;
    case AUTH_HMAC_SHA2_512_256:
        return MAC_SHA512;
    case AUTH_HMAC_MD5_96:
    case AUTH_HMAC_MD5_128:
        return MAC_MD5;
    case AUTH_HMAC_RIPEMD_160_96:
        return MAC_RIPEMD160;
    default:
        return MAC_SHA1;
    }
}

static void icv_of(struct crypto *crypto, const struct protection *p,
                   struct bytes covered, struct bytes octets, struct bytes tail,
                   uint8_t out[static PRF_MAX])
{
    enum mac_index mac = mac_of(p->integ->id);
    EVP_MAC_CTX *context = crypto_mac(crypto, mac, key_view(p->integ_key));
    crypto_mac_add(context, covered);
    crypto_mac_add(context, octets);
    crypto_mac_add(context, tail);
    crypto_mac_end(context, out);
}

/* ---- Both ---- */

bool protection_seal(struct crypto *crypto, const struct protection *p,
                     struct bytes aad, struct bytes covered, struct bytes iv,
                     struct bytes plaintext, struct bytes tail,
                     struct buffer *out)
{
    size_t iv_size = p->encr->iv_size;
    if (iv.size != iv_size || plaintext.size % p->encr->block_size != 0 ||
        plaintext.size > INT_MAX || aad.size > INT_MAX)
        return false;

    size_t before = out->size;
    uint8_t *at =
        buffer_space(out, plaintext.size + iv_size + protection_icv_size(p));
    if (iv_size > 0)
        memcpy(at, iv.data, iv_size);
    uint8_t *ciphertext = at + iv_size;
    bool sealed;
    if (p->integ) {
        uint8_t icv[PRF_MAX];
        sealed = cbc(crypto, p, true, iv.data, plaintext, ciphertext);
        icv_of(crypto, p, covered, bytes_of(at, iv_size + plaintext.size), tail,
               icv);
        memcpy(ciphertext + plaintext.size, icv, p->integ->icv_size);
    } else {
        sealed = aead_seal(crypto, p, aad, iv.data, plaintext, ciphertext);
    }
    if (!sealed)
        out->size = before;
    return sealed;
}

static bool open_parts(struct crypto *crypto, const struct protection *p,
                       struct bytes aad, struct bytes covered,
                       struct bytes sealed, struct bytes ciphertext,
                       struct bytes tail, uint8_t *out, struct error *error)
{
    const uint8_t *icv = ciphertext.data + ciphertext.size;
    if (!p->integ)
        return aead_open(crypto, p, aad, sealed.data, ciphertext, icv, out) ||
               error_set(error, "ICV mismatch");

    uint8_t expected[PRF_MAX];
    size_t icv_size = p->integ->icv_size;
    icv_of(crypto, p, covered, bytes_of(sealed.data, sealed.size - icv_size),
           tail, expected);
    if (CRYPTO_memcmp(expected, icv, icv_size) != 0)
        return error_set(error, "ICV mismatch");
    return cbc(crypto, p, false, sealed.data, ciphertext, out) ||
           error_set(error, "decryption of %zu octets failed", ciphertext.size);
}

bool protection_open(struct crypto *crypto, const struct protection *p,
                     struct bytes aad, struct bytes covered,
                     struct bytes sealed, struct bytes tail,
                     struct buffer *plaintext, struct error *error)
{
    size_t overhead = protection_overhead(p);
    if (sealed.size < overhead)
        return error_set(error, "too short for IV and ICV (%zu < %zu)",
                         sealed.size, overhead);
    struct bytes ciphertext =
        bytes_of(sealed.data + p->encr->iv_size, sealed.size - overhead);
    size_t block = p->encr->block_size;
    if (ciphertext.size % block != 0)
        return error_set(error,
                         "ciphertext is not a multiple of the block size "
                         "(%zu octets, blocks of %zu)",
                         ciphertext.size, block);
    if (ciphertext.size > INT_MAX || aad.size > INT_MAX)
        return error_set(error, "ciphertext too large (%zu > %d)",
                         ciphertext.size, INT_MAX);

    size_t before = plaintext->size;
    uint8_t *out = buffer_space(plaintext, ciphertext.size);
    if (open_parts(crypto, p, aad, covered, sealed, ciphertext, tail, out,
                   error))
        return true;
    /* What does not verify is not shown. */
    memory_cleanse(out, ciphertext.size);
    plaintext->size = before;
    return false;
}
