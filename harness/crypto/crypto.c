/* Fetched algorithms, the cache of keyed contexts, and plain hashes. */
#include "crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto_private.h"

static const char *const cipher_names[CIPHER_COUNT] = {
    [CIPHER_AES_128_CBC] = "AES-128-CBC",
    [CIPHER_AES_192_CBC] = "AES-192-CBC",
    [CIPHER_AES_256_CBC] = "AES-256-CBC",
    [CIPHER_AES_128_GCM] = "AES-128-GCM",
    [CIPHER_AES_192_GCM] = "AES-192-GCM",
    [CIPHER_AES_256_GCM] = "AES-256-GCM",
    [CIPHER_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
    [CIPHER_AES_128_CTR] = "AES-128-CTR",
    [CIPHER_AES_192_CTR] = "AES-192-CTR",
    [CIPHER_AES_256_CTR] = "AES-256-CTR",
    [CIPHER_AES_128_CCM] = "AES-128-CCM",
    [CIPHER_AES_192_CCM] = "AES-192-CCM",
    [CIPHER_AES_256_CCM] = "AES-256-CCM",
    [CIPHER_3DES_CBC] = "DES-EDE3-CBC",
    [CIPHER_DES_CBC] = "DES-CBC",
    [CIPHER_CAST5_CBC] = "CAST5-CBC",
    [CIPHER_BLOWFISH_CBC] = "BF-CBC",
};

static const char *const mac_digests[MAC_COUNT] = {
    [MAC_SHA256] = "SHA256", [MAC_SHA384] = "SHA384",
    [MAC_SHA512] = "SHA512", [MAC_SHA1] = "SHA1",
    [MAC_MD5] = "MD5",       [MAC_RIPEMD160] = "RIPEMD160",
};

void crypto_require(bool good, const char *what)
{
    if (good)
        return;
    char reason[256];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    fprintf(stderr, "counterfoil: OpenSSL: %s: %s\n", what, reason);
    abort();
}

bool error_openssl(struct error *error, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    error_set(error, "%s: %s", what, reason ? reason : "refused by OpenSSL");
    ERR_clear_error();
    return false;
}

struct crypto *crypto_new(void)
{
    struct crypto *crypto = memory_take(sizeof *crypto);
    for (size_t i = 0; i < CIPHER_EAGER; i++) {
        crypto->ciphers[i] = EVP_CIPHER_fetch(NULL, cipher_names[i], NULL);
        crypto_require(crypto->ciphers[i], cipher_names[i]);
    }
    crypto->hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    crypto_require(crypto->hmac, "HMAC");
    crypto->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    crypto_require(crypto->sha1, "SHA1");
    crypto->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    crypto_require(crypto->sha256, "SHA256");
    crypto->sha1_context = EVP_MD_CTX_new();
    crypto->sha256_context = EVP_MD_CTX_new();
    crypto_require(crypto->sha1_context && crypto->sha256_context,
                   "digest context");
    ke_groups_new(crypto);
    return crypto;
}

void crypto_free(struct crypto *crypto)
{
    if (!crypto)
        return;
    struct cipher_slot *slots = crypto->cipher_slots[0];
    for (size_t i = 0; i < CIPHER_SETS * CIPHER_WAYS; i++)
        EVP_CIPHER_CTX_free(slots[i].context);
    struct mac_slot *macs = crypto->mac_slots[0][0];
    for (size_t i = 0; i < MAC_COUNT * MAC_SETS * MAC_WAYS; i++)
        EVP_MAC_CTX_free(macs[i].context);
    for (size_t i = 0; i < CIPHER_COUNT; i++)
        EVP_CIPHER_free(crypto->ciphers[i]);
    if (crypto->legacy_provider)
        OSSL_PROVIDER_unload(crypto->legacy_provider);
    OSSL_LIB_CTX_free(crypto->legacy);
    EVP_MAC_free(crypto->hmac);
    EVP_MD_CTX_free(crypto->sha1_context);
    EVP_MD_CTX_free(crypto->sha256_context);
    EVP_MD_free(crypto->sha1);
    EVP_MD_free(crypto->sha256);
    ke_groups_free(crypto);
    buffer_free(&crypto->scratch);
    memory_cleanse(crypto, sizeof *crypto);
    free(crypto);
}

/* ---- Keyed contexts ---- */

static size_t key_set(struct bytes key, size_t sets)
{
    uint64_t hash = key.size;
    for (size_t i = 0; i + 8 <= key.size; i += 8)
        hash = (hash ^ read_u64(key.data + i)) * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = key.size & ~(size_t)7; i < key.size; i++)
        hash = (hash ^ key.data[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash >> 40) % sets;
}

static bool same_key(struct bytes key, const uint8_t *held, size_t held_size)
{
    return key.size == held_size &&
           (key.size == 0 || memcmp(key.data, held, key.size) == 0);
}

/* The slot that holds this key, or the one that was not used for longest. */
static struct cipher_slot *cipher_find(struct cipher_slot *set,
                                       const EVP_CIPHER *cipher, bool sealing,
                                       struct bytes key)
{
    struct cipher_slot *oldest = set;
    for (size_t i = 0; i < CIPHER_WAYS; i++) {
        if (set[i].cipher == cipher && set[i].sealing == sealing &&
            same_key(key, set[i].key, set[i].key_size))
            return &set[i];
        if (set[i].used < oldest->used)
            oldest = &set[i];
    }
    return oldest;
}

const EVP_CIPHER *crypto_fetch(struct crypto *crypto, enum cipher_index index)
{
    EVP_CIPHER **cipher = &crypto->ciphers[index];
    const EVP_CIPHER *known = *cipher;

    if (known)
        return known;
    if (index < CIPHER_LEGACY) {
        *cipher = EVP_CIPHER_fetch(NULL, cipher_names[index], NULL);
    } else {
        if (!crypto->legacy)
            crypto->legacy = OSSL_LIB_CTX_new();
        if (crypto->legacy && !crypto->legacy_provider)
            crypto->legacy_provider =
                OSSL_PROVIDER_load(crypto->legacy, "legacy");
        if (crypto->legacy_provider)
            *cipher =
                EVP_CIPHER_fetch(crypto->legacy, cipher_names[index], NULL);
    }
    ERR_clear_error();
    return *cipher;
}

/* Has the context take keys of this size; those of Blowfish differ. */
static void set_key_size(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher,
                         size_t size, bool sealing)
{
    crypto_require(
        EVP_CipherInit_ex2(context, cipher, NULL, NULL, sealing, NULL) &&
            EVP_CIPHER_CTX_set_key_length(context, (int)size),
        "key size");
}

EVP_CIPHER_CTX *crypto_cipher(struct crypto *crypto, enum cipher_index index,
                              bool sealing, struct bytes key)
{
    const EVP_CIPHER *cipher = crypto_fetch(crypto, index);
    crypto_require(cipher, cipher_names[index]);
    struct cipher_slot *slot = cipher_find(
        crypto->cipher_slots[key_set(key, CIPHER_SETS)], cipher, sealing, key);
    slot->used = ++crypto->ticks;
    if (slot->cipher == cipher && slot->sealing == sealing &&
        same_key(key, slot->key, slot->key_size))
        return slot->context;

    if (!slot->context)
        slot->context = EVP_CIPHER_CTX_new();
    crypto_require(slot->context, "cipher context");
    bool variable = index == CIPHER_BLOWFISH_CBC;
    crypto_require(variable ||
                       key.size == (size_t)EVP_CIPHER_get_key_length(cipher),
                   "key size");
    if (variable)
        set_key_size(slot->context, cipher, key.size, sealing);
    /* The same cipher again needs no new context of the provider. */
    bool same = variable || slot->cipher == cipher;
    crypto_require(EVP_CipherInit_ex2(slot->context, same ? NULL : cipher,
                                      key.data, NULL, sealing, NULL),
                   "cipher key");
    crypto_require(EVP_CIPHER_CTX_set_padding(slot->context, 0), "padding");
    slot->cipher = cipher;
    slot->sealing = sealing;
    slot->key_size = (uint8_t)key.size;
    memcpy(slot->key, key.data, key.size);
    return slot->context;
}

static EVP_MAC_CTX *mac_context_new(struct crypto *crypto, enum mac_index mac)
{
    char digest[16];
    snprintf(digest, sizeof digest, "%s", mac_digests[mac]);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(crypto->hmac);
    crypto_require(context && EVP_MAC_CTX_set_params(context, params), digest);
    return context;
}

static struct mac_slot *mac_find(struct mac_slot *set, struct bytes key)
{
    struct mac_slot *oldest = set;
    for (size_t i = 0; i < MAC_WAYS; i++) {
        if (set[i].keyed && same_key(key, set[i].key, set[i].key_size))
            return &set[i];
        if (set[i].used < oldest->used)
            oldest = &set[i];
    }
    return oldest;
}

EVP_MAC_CTX *crypto_mac(struct crypto *crypto, enum mac_index mac,
                        struct bytes key)
{
    struct mac_slot *slot =
        mac_find(crypto->mac_slots[mac][key_set(key, MAC_SETS)], key);
    slot->used = ++crypto->ticks;
    if (slot->keyed && same_key(key, slot->key, slot->key_size)) {
        crypto_require(EVP_MAC_init(slot->context, NULL, 0, NULL), "HMAC");
        return slot->context;
    }
    if (!slot->context)
        slot->context = mac_context_new(crypto, mac);
    /* An empty key is a key. */
    const uint8_t *octets = key.size > 0 ? key.data : (const uint8_t *)"";
    crypto_require(EVP_MAC_init(slot->context, octets, key.size, NULL),
                   "HMAC key");
    /* A longer key (a PSK, two nonces) is used and not kept. */
    slot->keyed = key.size <= sizeof slot->key;
    if (slot->keyed) {
        slot->key_size = (uint8_t)key.size;
        memcpy(slot->key, octets, key.size);
    }
    return slot->context;
}

void crypto_mac_add(EVP_MAC_CTX *context, struct bytes octets)
{
    if (octets.size > 0)
        crypto_require(EVP_MAC_update(context, octets.data, octets.size),
                       "HMAC update");
}

size_t crypto_mac_end(EVP_MAC_CTX *context, uint8_t out[static PRF_MAX])
{
    size_t size = 0;
    crypto_require(EVP_MAC_final(context, out, &size, PRF_MAX), "HMAC final");
    return size;
}

/* ---- Hashes ---- */

static void hash(EVP_MD_CTX *context, const EVP_MD *digest, struct bytes octets,
                 uint8_t *out)
{
    unsigned size;
    crypto_require(EVP_DigestInit_ex2(context, digest, NULL) &&
                       EVP_DigestUpdate(context, octets.data, octets.size) &&
                       EVP_DigestFinal_ex(context, out, &size),
                   "digest");
}

void hash_sha1(struct crypto *crypto, struct bytes octets,
               uint8_t out[static 20])
{
    hash(crypto->sha1_context, crypto->sha1, octets, out);
}

void hash_sha256(struct crypto *crypto, struct bytes octets,
                 uint8_t out[static 32])
{
    hash(crypto->sha256_context, crypto->sha256, octets, out);
}
