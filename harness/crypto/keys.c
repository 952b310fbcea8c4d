/* Keys of IKE SAs and Child SAs (RFC 7296 2.14, 2.17, 2.18). */
#include <string.h>

#include "crypto/crypto_private.h"

/* SK_d to SK_pr, each as large as a key can be. */
enum { MATERIAL_MAX = 7 * KEY_MAX };

struct bytes key_view(const struct key *key)
{
    return bytes_of(key->octets, key->size);
}

/* Takes the next octets of the material for each key, in order. */
static void cut_keys(const uint8_t *material, struct key *const *keys,
                     const size_t *sizes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memset(keys[i], 0, sizeof *keys[i]);
        keys[i]->size = (uint8_t)sizes[i];
        memcpy(keys[i]->octets, material, sizes[i]);
        material += sizes[i];
    }
}

static bool derive(struct crypto *crypto, uint16_t prf_id, struct bytes key,
                   struct bytes seed, struct key *const *keys,
                   const size_t *sizes, size_t count, struct error *error)
{
    uint8_t material[MATERIAL_MAX];
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += sizes[i];
    if (size > sizeof material ||
        !prf_plus(crypto, prf_id, key, seed, material, size))
        return error_set(error, "prf %u cannot give %zu octets of keys", prf_id,
                         size);
    cut_keys(material, keys, sizes, count);
    memory_cleanse(material, sizeof material);
    return true;
}

/* What goes into prf+ for either kind of IKE SA. */
struct ike_inputs {
    struct bytes nonce_i, nonce_r;
    uint64_t spi_i, spi_r;
};

/* {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr}
 *     = prf+ (SKEYSEED, Ni | Nr | SPIi | SPIr) */
static bool derive_ike(struct crypto *crypto, const struct suite *suite,
                       struct bytes skeyseed, const struct ike_inputs *in,
                       struct ike_keys *out, struct error *error)
{
    const struct encr_info *encr;
    const struct integ_info *integ;
    const struct prf_info *info = prf_lookup(suite->prf);
    if (!suite_protection(suite, &encr, &integ, error))
        return false;
    if (!info)
        return error_set(error, "prf %u is unknown", suite->prf);

    size_t a = integ ? integ->key_size : 0;
    size_t e = (size_t)encr->key_size + encr->salt_size;
    size_t p = info->size;
    struct key *const keys[] = {&out->d,  &out->ai, &out->ar, &out->ei,
                                &out->er, &out->pi, &out->pr};
    const size_t sizes[] = {p, a, a, e, e, p, p};
    struct buffer seed = {0};
    buffer_bytes(&seed, in->nonce_i);
    buffer_bytes(&seed, in->nonce_r);
    buffer_u64(&seed, in->spi_i);
    buffer_u64(&seed, in->spi_r);
    bool good = derive(crypto, suite->prf, skeyseed, buffer_view(&seed), keys,
                       sizes, sizeof sizes / sizeof sizes[0], error);
    buffer_free(&seed);
    return good;
}

/* SKEYSEED = prf(Ni | Nr, g^ir) */
bool ike_keys_derive(struct crypto *crypto, const struct suite *suite,
                     struct bytes nonce_i, struct bytes nonce_r,
                     struct bytes shared_secret, uint64_t spi_i, uint64_t spi_r,
                     struct ike_keys *out, struct error *error)
{
    const struct prf_info *info = prf_lookup(suite->prf);
    if (!info)
        return error_set(error, "prf %u is unknown", suite->prf);

    uint8_t skeyseed[PRF_MAX];
    struct bytes none = bytes_of(NULL, 0);
    struct buffer nonces = {0};
    buffer_bytes(&nonces, nonce_i);
    buffer_bytes(&nonces, nonce_r);
    bool good = prf(crypto, suite->prf, buffer_view(&nonces), shared_secret,
                    none, none, skeyseed);
    buffer_free(&nonces);
    const struct ike_inputs in = {nonce_i, nonce_r, spi_i, spi_r};
    good = good && derive_ike(crypto, suite, bytes_of(skeyseed, info->size),
                              &in, out, error);
    memory_cleanse(skeyseed, sizeof skeyseed);
    return good;
}

/* SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr), with the old SA's prf; the
 * rest with the new one's (2.18). */
bool ike_keys_derive_rekeyed(struct crypto *crypto, const struct suite *suite,
                             uint16_t old_prf, struct bytes old_d,
                             struct bytes nonce_i, struct bytes nonce_r,
                             struct bytes shared_secret, uint64_t spi_i,
                             uint64_t spi_r, struct ike_keys *out,
                             struct error *error)
{
    const struct prf_info *info = prf_lookup(old_prf);
    if (!info)
        return error_set(error, "prf %u is unknown", old_prf);

    uint8_t skeyseed[PRF_MAX];
    const struct ike_inputs in = {nonce_i, nonce_r, spi_i, spi_r};
    bool good = prf(crypto, old_prf, old_d, shared_secret, nonce_i, nonce_r,
                    skeyseed) &&
                derive_ike(crypto, suite, bytes_of(skeyseed, info->size), &in,
                           out, error);
    memory_cleanse(skeyseed, sizeof skeyseed);
    return good;
}

/* KEYMAT = prf+(SK_d, [g^ir (new)] | Ni | Nr): the initiator's direction
 * first, in each the encryption key and then the integrity key (2.17). */
bool child_keys_derive(struct crypto *crypto, const struct suite *suite,
                       uint16_t prf_id, struct bytes sk_d, struct bytes nonce_i,
                       struct bytes nonce_r, struct bytes shared_secret,
                       struct child_keys *out, struct error *error)
{
    const struct encr_info *encr;
    const struct integ_info *integ;
    if (!suite_protection(suite, &encr, &integ, error))
        return false;

    size_t a = integ ? integ->key_size : 0;
    size_t e = (size_t)encr->key_size + encr->salt_size;
    struct key *const keys[] = {&out->encr_i, &out->integ_i, &out->encr_r,
                                &out->integ_r};
    const size_t sizes[] = {e, a, e, a};
    struct buffer seed = {0};
    buffer_bytes(&seed, shared_secret);
    buffer_bytes(&seed, nonce_i);
    buffer_bytes(&seed, nonce_r);
    bool good = derive(crypto, prf_id, sk_d, buffer_view(&seed), keys, sizes,
                       sizeof sizes / sizeof sizes[0], error);
    buffer_free(&seed);
    return good;
}
