/*
 * Cryptography for IKEv2 and ESP, all of it through OpenSSL EVP.
 *
 * `struct crypto` holds fetched algorithms and reusable contexts; keys are
 * plain octets held by their SAs, so that a hundred thousand SAs need no
 * contexts of their own. One `struct crypto` serves one thread.
 */
#ifndef COUNTERFOIL_CRYPTO_CRYPTO_H
#define COUNTERFOIL_CRYPTO_CRYPTO_H

#include "wire/bytes.h"

struct crypto;
/* Never NULL: an OpenSSL that lacks what we need aborts with its reason. */
struct crypto *crypto_new(void);
void crypto_free(struct crypto *crypto);

/* Randomness is passed in: the system's, or a seeded generator in sim/. */
struct rng {
    void (*fill)(struct rng *rng, uint8_t *out, size_t size);
};
void rng_fill(struct rng *rng, uint8_t *out, size_t size);
uint32_t rng_u32(struct rng *rng);
uint64_t rng_u64(struct rng *rng);
/* The operating system's (RAND_bytes). */
struct rng *rng_system(void);
/* A ChaCha20 key stream from a seed: same seed, same octets. */
struct rng_seeded {
    struct rng rng;
    uint8_t key[32];
    uint64_t block;
    uint8_t left[64];
    size_t left_size;
};
void rng_seed(struct rng_seeded *rng, uint64_t seed);

/* ---- Transforms (ids of the IANA registry) ---- */

enum encr_id {
    ENCR_NULL = 11,
    ENCR_AES_CBC = 12,
    ENCR_AES_GCM_16 = 20,
    ENCR_CHACHA20_POLY1305 = 28
};
enum integ_id {
    AUTH_NONE = 0,
    AUTH_HMAC_SHA2_256_128 = 12,
    AUTH_HMAC_SHA2_384_192 = 13,
    AUTH_HMAC_SHA2_512_256 = 14
};
/* What other gateways use; the engine proposes none of these, captures are
 * opened with them. The last two have no number with IANA: private use. */
enum old_encr_id {
    ENCR_DES = 2,
    ENCR_3DES = 3,
    ENCR_CAST = 6,
    ENCR_BLOWFISH = 7,
    ENCR_AES_CTR = 13,
    ENCR_AES_CCM_8 = 14,
    ENCR_AES_CCM_12 = 15,
    ENCR_AES_CCM_16 = 16,
    ENCR_AES_GCM_8 = 18,
    ENCR_AES_GCM_12 = 19
};
enum old_integ_id {
    AUTH_HMAC_MD5_96 = 1,
    AUTH_HMAC_SHA1_96 = 2,
    AUTH_HMAC_MD5_128 = 6,
    AUTH_HMAC_SHA1_160 = 7,
    AUTH_HMAC_SHA2_256_96 = 1024,
    AUTH_HMAC_RIPEMD_160_96 = 1025
};
enum old_prf_id { PRF_HMAC_MD5 = 1, PRF_HMAC_SHA1 = 2 };
enum prf_id {
    PRF_HMAC_SHA2_256 = 5,
    PRF_HMAC_SHA2_384 = 6,
    PRF_HMAC_SHA2_512 = 7
};
enum ke_id {
    KE_NONE = 0,
    KE_MODP_2048 = 14,
    KE_ECP_256 = 19,
    KE_ECP_384 = 20,
    KE_CURVE25519 = 31
};

struct encr_info {
    uint16_t id;
    uint16_t key_bits;  /* as negotiated; CHACHA20_POLY1305: 0 */
    uint8_t key_size;   /* octets of cipher key, salt excluded */
    uint8_t salt_size;  /* octets of keying material after the key */
    uint8_t iv_size;    /* explicit IV on the wire */
    uint8_t block_size; /* padding granularity; 1 for stream-like */
    uint8_t icv_size;   /* AEAD tag; 0 when a separate INTEG is needed */
    bool counter_mode;  /* an IV must never repeat under one key */
    const char *name;   /* "AES_GCM_16_128" */
};
/* NULL when unknown or not supported. */
const struct encr_info *encr_lookup(uint16_t id, uint16_t key_bits);

struct integ_info {
    uint16_t id;
    uint8_t key_size;
    uint8_t icv_size;
    const char *name;
};
const struct integ_info *integ_lookup(uint16_t id);
/* Whether this OpenSSL has it: DES, CAST and Blowfish are in its legacy
 * provider, which may not be installed. */
bool encr_available(uint16_t id);
bool integ_available(uint16_t id);

struct prf_info {
    uint16_t id;
    uint8_t size; /* output and preferred key, octets */
    const char *name;
};
const struct prf_info *prf_lookup(uint16_t id);

struct ke_info {
    uint16_t id;
    uint16_t public_size; /* octets in the KE payload */
    uint16_t secret_size; /* octets of the shared secret */
    const char *name;
};
const struct ke_info *ke_lookup(uint16_t id);
/* Iterate the tables above from 0; NULL at the end. */
const struct encr_info *encr_nth(size_t n);
const struct integ_info *integ_nth(size_t n);
const struct prf_info *prf_nth(size_t n);
const struct ke_info *ke_nth(size_t n);

/* What one IKE SA or Child SA has agreed on. For a Child SA prf is 0 and ke is
 * KE_NONE unless PFS was used. */
struct suite {
    uint16_t encr;
    uint16_t encr_bits;
    uint16_t integ; /* AUTH_NONE with an AEAD */
    uint16_t prf;
    uint16_t ke;
    bool esn;
};
/* "AES_GCM_16_256/PRF_HMAC_SHA2_256/CURVE25519". */
char *suite_to_text(const struct suite *suite, char *text, size_t size);
/* From the words of strongSwan's proposals, "aes128gcm16-prfsha256-x25519".
 * `ike`: of an IKE SA, so that prf and ke must be there. */
bool suite_from_text(const char *text, bool ike, struct suite *out,
                     struct error *error);

/* ---- prf, prf+ (RFC 7296 2.13) ---- */

enum { PRF_MAX = 64 };
/* prf(key, a | b | c); unused parts are empty. Writes prf_lookup(id)->size
 * octets. */
bool prf(struct crypto *crypto, uint16_t id, struct bytes key, struct bytes a,
         struct bytes b, struct bytes c, uint8_t out[static PRF_MAX]);
/* Writes `size` octets (at most 255 times the prf's size). */
bool prf_plus(struct crypto *crypto, uint16_t id, struct bytes key,
              struct bytes seed, uint8_t *out, size_t size);

/* ---- Key exchange ---- */

struct ke; /* an ephemeral private key */
/* NULL with `error` set for an unsupported method. The private value is drawn
 * from `rng` only, so that a seed replays it. */
struct ke *ke_new(struct crypto *crypto, uint16_t method, struct rng *rng,
                  struct error *error);
struct bytes ke_public(const struct ke *ke); /* as the KE payload carries it */
/* Checks the peer's value (RFC 6989, RFC 8031) and appends the shared
 * secret. */
bool ke_shared(struct ke *ke, struct bytes peer, struct buffer *secret,
               struct error *error);
void ke_free(struct ke *ke);

/* ---- Keys of an IKE SA (RFC 7296 2.14, 2.18) ---- */

enum { KEY_MAX = 64 };
struct key {
    uint8_t size;
    uint8_t octets[KEY_MAX];
};
struct bytes key_view(const struct key *key);

struct ike_keys {
    struct key d, ai, ar, ei, er, pi, pr; /* ei, er: with salt for AEAD */
};
bool ike_keys_derive(struct crypto *crypto, const struct suite *suite,
                     struct bytes nonce_i, struct bytes nonce_r,
                     struct bytes shared_secret, uint64_t spi_i, uint64_t spi_r,
                     struct ike_keys *out, struct error *error);
/* Of an SA made by rekeying; `old_prf` and `old_d` of the old one. */
bool ike_keys_derive_rekeyed(struct crypto *crypto, const struct suite *suite,
                             uint16_t old_prf, struct bytes old_d,
                             struct bytes nonce_i, struct bytes nonce_r,
                             struct bytes shared_secret, uint64_t spi_i,
                             uint64_t spi_r, struct ike_keys *out,
                             struct error *error);

/* Keys of a Child SA (2.17): towards the responder, towards the initiator of
 * the exchange that made it. */
struct child_keys {
    struct key encr_i, integ_i; /* initiator sends with these */
    struct key encr_r, integ_r;
};
bool child_keys_derive(struct crypto *crypto, const struct suite *suite,
                       uint16_t prf, struct bytes sk_d, struct bytes nonce_i,
                       struct bytes nonce_r,
                       struct bytes shared_secret /* empty: no PFS */,
                       struct child_keys *out, struct error *error);

/* ---- Protection of one direction: SK payloads and ESP alike ---- */

struct protection {
    const struct encr_info *encr;
    const struct integ_info *integ; /* NULL with an AEAD */
    const struct key *encr_key;     /* borrowed, with salt */
    const struct key *integ_key;    /* borrowed */
};
/* False when the suite is unknown or a key has the wrong size (with both
 * numbers). */
bool protection_init(struct protection *out, const struct suite *suite,
                     const struct key *encr_key, const struct key *integ_key,
                     struct error *error);
size_t protection_icv_size(const struct protection *p);
/* Octets of IV, padding excluded, and ICV. */
size_t protection_overhead(const struct protection *p);

/* Appends IV | ciphertext | ICV to `out`. `plaintext` is padded by the caller
 * to block_size. AEAD: the associated data is `aad`, for ESP with ESN the
 * caller passes SPI | high | low there. CBC: the ICV covers
 * `covered` | IV | ciphertext | `tail`, where tail is the ESN high half of ESP
 * or empty; `aad` is unused. `iv` has iv_size octets. No view may point into
 * `out`, which grows. False, with `out` as it was, for an IV or a plaintext of
 * the wrong size. */
bool protection_seal(struct crypto *crypto, const struct protection *p,
                     struct bytes aad, struct bytes covered, struct bytes iv,
                     struct bytes plaintext, struct bytes tail,
                     struct buffer *out);
/* `sealed` is IV | ciphertext | ICV. Verifies, then appends the plaintext
 * (padding included). False with `error` when too short, not a multiple of the
 * block size, or the ICV does not verify ("ICV mismatch"). */
bool protection_open(struct crypto *crypto, const struct protection *p,
                     struct bytes aad, struct bytes covered,
                     struct bytes sealed, struct bytes tail,
                     struct buffer *plaintext, struct error *error);

/* ---- SK and SKF payloads (RFC 7296 3.14, RFC 5282, RFC 7383) ---- */

#include "wire/ike.h"

/* Seals the payloads of `message` into one IKE message with an SK payload,
 * appended to `out`. `iv` has iv_size octets. The plaintext is padded to the
 * cipher's block with minimal padding. */
bool sk_seal(struct crypto *crypto, const struct protection *p,
             const struct ike_message *message, struct bytes iv,
             struct buffer *out);
/* Seals one fragment: `chunk` is its share of the encoded payload chain and
 * `inner_first` the type of the chain's first payload (sent in fragment 1,
 * 0 in the others). */
bool skf_seal(struct crypto *crypto, const struct protection *p,
              const struct ike_header *header, uint8_t inner_first,
              uint16_t number, uint16_t total, struct bytes chunk,
              struct bytes iv, struct buffer *out);
/* Opens the SK or SKF payload that ends `octets` (a whole IKE message):
 * appends the plaintext without padding, and for SK the type of its first
 * payload to *inner_first. */
bool sk_open(struct crypto *crypto, const struct protection *p,
             struct bytes octets, struct buffer *plaintext,
             uint8_t *inner_first, struct error *error);

/* ---- AUTH (RFC 7296 2.15, RFC 7427) ---- */

enum hash_id {
    HASH_SHA1 = 1,
    HASH_SHA2_256 = 2,
    HASH_SHA2_384 = 3,
    HASH_SHA2_512 = 4,
    HASH_IDENTITY = 5
};

/* A private key and certificate, or the certificate of a peer. */
struct credential;
/* PEM files; key_path may be NULL for a certificate alone. */
struct credential *credential_load(const char *certificate_path,
                                   const char *key_path, struct error *error);
struct credential *credential_from_der(struct bytes certificate,
                                       struct error *error);
void credential_free(struct credential *credential);
struct bytes credential_certificate(const struct credential *c); /* DER */
struct bytes credential_subject(const struct credential *c);     /* DER DN */
bool credential_is_rsa(const struct credential *c);
/* SHA-1 of the SubjectPublicKeyInfo, for CERTREQ. */
void credential_key_hash(const struct credential *c, uint8_t out[static 20]);
/* Is `leaf` signed by `authority` and valid at `now` (s since the epoch)? */
bool credential_verify_chain(const struct credential *leaf,
                             const struct credential *authority, uint64_t now,
                             struct error *error);

/* A certificate and its key as they are made for a run: for `identity` (CN and
 * a DNS alternative name), signed by `authority`, or self-signed as an
 * authority if that is NULL. Cleared by the caller. */
struct made_credential {
    struct x509_st *certificate;
    struct evp_pkey_st *key;
};
bool credential_make(bool rsa, const char *identity,
                     const struct made_credential *authority,
                     struct made_credential *out, struct error *error);
void made_credential_clear(struct made_credential *made);
/* As PEM; the key is readable for its owner only. */
bool made_credential_write(const struct made_credential *made,
                           const char *certificate_path, const char *key_path,
                           struct error *error);

/* prf(prf(secret, "Key Pad for IKEv2"), octets). */
bool auth_psk(struct crypto *crypto, uint16_t prf_id, struct bytes secret,
              struct bytes signed_octets, uint8_t out[static PRF_MAX]);
/* The data of an AUTH payload for `method`: AUTH_RSA (SHA-1, PKCS #1 1.5),
 * AUTH_ECDSA_256/384 or AUTH_SIGNATURE with `hash` (RFC 7427: length octet,
 * AlgorithmIdentifier, signature). ECDSA draws its nonce inside OpenSSL, so a
 * seed does not replay it. */
bool auth_sign(struct crypto *crypto, const struct credential *credential,
               uint8_t method, uint16_t hash, struct bytes signed_octets,
               struct buffer *out, struct error *error);
bool auth_verify(struct crypto *crypto, const struct credential *credential,
                 uint8_t method, struct bytes data, struct bytes signed_octets,
                 struct error *error);

/* SHA-1, as NAT_DETECTION_* and nothing else needs it. */
void hash_sha1(struct crypto *crypto, struct bytes octets,
               uint8_t out[static 20]);
void hash_sha256(struct crypto *crypto, struct bytes octets,
                 uint8_t out[static 32]);

#endif
