/* Randomness: the system's, and a ChaCha20 key stream from a seed. */
#include <limits.h>
#include <openssl/rand.h>
#include <string.h>

#include "crypto/crypto_private.h"

void rng_fill(struct rng *rng, uint8_t *out, size_t size)
{
    if (size > 0)
        rng->fill(rng, out, size);
}

uint32_t rng_u32(struct rng *rng)
{
    uint8_t octets[4];
    rng_fill(rng, octets, sizeof octets);
    return read_u32(octets);
}

uint64_t rng_u64(struct rng *rng)
{
    uint8_t octets[8];
    rng_fill(rng, octets, sizeof octets);
    return read_u64(octets);
}

static void system_fill(struct rng *rng, uint8_t *out, size_t size)
{
    (void)rng;
    while (size > 0) {
        int part = size < INT_MAX ? (int)size : INT_MAX;
        crypto_require(RAND_bytes(out, part) == 1, "RAND_bytes");
        out += part;
        size -= (size_t)part;
    }
}

struct rng *rng_system(void)
{
    static struct rng system = {.fill = system_fill}; /* never written to */
    return &system;
}

/* ---- Seeded ---- */

/* The next 64 octets of the key stream: a block of ChaCha20 (RFC 8439 2.3)
 * with the block number in the counter and the octets after it. OpenSSL's IV
 * is that whole last row of the state, little endian. */
static void next_block(struct rng_seeded *seeded)
{
    static const uint8_t zeros[sizeof seeded->left] = {0};
    uint8_t iv[16] = {0};
    for (size_t i = 0; i < 8; i++)
        iv[i] = (uint8_t)(seeded->block >> (8 * i));
    int size;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    crypto_require(context, "cipher context");
    crypto_require(
        EVP_EncryptInit_ex2(context, EVP_chacha20(), seeded->key, iv, NULL) &&
            EVP_EncryptUpdate(context, seeded->left, &size, zeros,
                              sizeof zeros),
        "ChaCha20");
    EVP_CIPHER_CTX_free(context);
    seeded->block++;
    seeded->left_size = sizeof seeded->left;
}

static void seeded_fill(struct rng *rng, uint8_t *out, size_t size)
{
    struct rng_seeded *seeded = (struct rng_seeded *)rng; /* its first member */
    while (size > 0) {
        if (seeded->left_size == 0)
            next_block(seeded);
        size_t part = size < seeded->left_size ? size : seeded->left_size;
        memcpy(out, seeded->left + sizeof seeded->left - seeded->left_size,
               part);
        seeded->left_size -= part;
        out += part;
        size -= part;
    }
}

void rng_seed(struct rng_seeded *rng, uint64_t seed)
{
    *rng = (struct rng_seeded){.rng = {.fill = seeded_fill}};
    write_u64(rng->key, seed);
}
