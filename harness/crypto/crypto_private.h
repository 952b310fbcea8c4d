/*
 * What the files of this room share: fetched algorithms and keyed contexts.
 *
 * A keyed context is found by its key: the first use of a key runs the key
 * schedule, the next ones only set an IV. Whole keys are compared, so this
 * changes nothing but the time it takes. Everything is cleansed at the end.
 */
#ifndef COUNTERFOIL_CRYPTO_CRYPTO_PRIVATE_H
#define COUNTERFOIL_CRYPTO_CRYPTO_PRIVATE_H

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "crypto/crypto.h"

enum cipher_index {
    CIPHER_AES_128_CBC,
    CIPHER_AES_192_CBC,
    CIPHER_AES_256_CBC,
    CIPHER_AES_128_GCM,
    CIPHER_AES_192_GCM,
    CIPHER_AES_256_GCM,
    CIPHER_CHACHA20_POLY1305,
    CIPHER_EAGER, /* those before are fetched at once, the others when used */
    CIPHER_AES_128_CTR = CIPHER_EAGER,
    CIPHER_AES_192_CTR,
    CIPHER_AES_256_CTR,
    CIPHER_AES_128_CCM,
    CIPHER_AES_192_CCM,
    CIPHER_AES_256_CCM,
    CIPHER_3DES_CBC,
    CIPHER_LEGACY, /* these are in a provider of their own */
    CIPHER_DES_CBC = CIPHER_LEGACY,
    CIPHER_CAST5_CBC,
    CIPHER_BLOWFISH_CBC,
    CIPHER_COUNT,
};

enum mac_index {
    MAC_SHA256,
    MAC_SHA384,
    MAC_SHA512,
    MAC_SHA1,
    MAC_MD5,
    MAC_RIPEMD160,
    MAC_COUNT,
};

/* A way of a set of the cache; `cipher` is NULL while it is empty. */
struct cipher_slot {
    EVP_CIPHER_CTX *context;
    const EVP_CIPHER *cipher;
    uint64_t used; /* crypto->ticks of the last use */
    bool sealing;
    uint8_t key_size;
    uint8_t key[KEY_MAX];
};

struct mac_slot {
    EVP_MAC_CTX *context; /* its digest stays */
    uint64_t used;
    bool keyed;
    uint8_t key_size;
    uint8_t key[KEY_MAX];
};

/* 64 sets of 4 contexts, about 1 KiB each once they are used; MAC contexts
 * likewise, 32 sets of 2 for each digest. */
enum { CIPHER_SETS = 64, CIPHER_WAYS = 4, MAC_SETS = 32, MAC_WAYS = 2 };

/* A curve of RFC 5903 with its order less one. */
struct curve {
    EC_GROUP *group;
    BIGNUM *order_less_one;
};

enum { CURVE_P256, CURVE_P384, CURVE_COUNT };

struct crypto {
    EVP_CIPHER *ciphers[CIPHER_COUNT]; /* NULL: not fetched yet */
    OSSL_LIB_CTX *legacy;              /* likewise */
    OSSL_PROVIDER *legacy_provider;
    EVP_MAC *hmac;
    EVP_MD *sha1, *sha256;
    EVP_MD_CTX *sha1_context, *sha256_context;
    uint64_t ticks;
    struct cipher_slot cipher_slots[CIPHER_SETS][CIPHER_WAYS];
    struct mac_slot mac_slots[MAC_COUNT][MAC_SETS][MAC_WAYS];
    struct buffer scratch; /* plaintext of a message being sealed */

    /* Key exchange. */
    BN_CTX *numbers;
    struct curve curves[CURVE_COUNT];
    BIGNUM *modp_prime, *modp_generator;
    BIGNUM *modp_highest; /* the prime less two: what a peer may send */
    BN_MONT_CTX *modp_montgomery;
};

/* Aborts with OpenSSL's reason unless `good`. */
void crypto_require(bool good, const char *what);

/* A context with `key` set for this cipher and direction; the IV is the
 * caller's to set. Aborts when OpenSSL fails. */
EVP_CIPHER_CTX *crypto_cipher(struct crypto *crypto, enum cipher_index cipher,
                              bool sealing, struct bytes key);
/* The algorithm itself; NULL where this OpenSSL lacks it. */
const EVP_CIPHER *crypto_fetch(struct crypto *crypto, enum cipher_index cipher);
/* An HMAC context with `key` set, ready for the first update. */
EVP_MAC_CTX *crypto_mac(struct crypto *crypto, enum mac_index mac,
                        struct bytes key);
void crypto_mac_add(EVP_MAC_CTX *context, struct bytes octets);
/* Writes the digest's size of octets; returns that size. */
size_t crypto_mac_end(EVP_MAC_CTX *context, uint8_t out[static PRF_MAX]);

/* Numbers of the key exchange groups, made in crypto_new. */
void ke_groups_new(struct crypto *crypto);
void ke_groups_free(struct crypto *crypto);

/* AES-CCM (RFC 4309): `salt` | `iv` is the nonce. Sealing writes ciphertext
 * and tag at `out`; opening reads the tag behind `in`. */
struct ccm {
    const EVP_CIPHER *cipher;
    const struct encr_info *info;
    const uint8_t *key; /* and the salt behind it */
    const uint8_t *iv;
    struct bytes aad;
};
bool ccm_seal(const struct ccm *ccm, struct bytes in, uint8_t *out);
bool ccm_open(const struct ccm *ccm, struct bytes in, const uint8_t *tag,
              uint8_t *out);

/* The two of `suite`, with the rule that an AEAD stands alone and any other
 * cipher needs an integrity algorithm (*integ is NULL with an AEAD). */
bool suite_protection(const struct suite *suite, const struct encr_info **encr,
                      const struct integ_info **integ, struct error *error);

/* ---- Credentials, for AUTH ---- */

EVP_PKEY *credential_private_key(const struct credential *c); /* or NULL */
EVP_PKEY *credential_public_key(const struct credential *c);
/* "what: OpenSSL's reason", and empties OpenSSL's queue. Returns false. */
bool error_openssl(struct error *error, const char *what);

#endif
