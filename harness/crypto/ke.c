/*
 * Key exchange: X25519 (RFC 8031), ECP groups (RFC 5903), MODP-2048 (RFC 3526
 * group 14), with the recipient's tests of RFC 6989.
 */
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto_private.h"

enum { PUBLIC_MAX = 256, SECRET_MAX = 256, SCALAR_MAX = 48, POINT_MAX = 97 };
/* RFC 3526 section 8: an exponent of 320 bits for the larger estimate of the
 * strength of a 2048-bit prime. */
enum { MODP_EXPONENT = 40 };
/* So many octets more than the order has are drawn and reduced, which leaves
 * a bias below 2^-64 (FIPS 186-4 B.4.1). */
enum { SCALAR_EXTRA = 8 };
enum { X25519_SIZE = 32 };

struct ke {
    struct crypto *crypto; /* borrowed */
    const struct ke_info *info;
    EVP_PKEY *x25519;
    BIGNUM *secret; /* scalar or exponent */
    uint8_t public[PUBLIC_MAX];
};

/* ---- Groups ---- */

static void curve_new(struct curve *curve, int nid, BN_CTX *numbers)
{
    curve->group = EC_GROUP_new_by_curve_name(nid);
    curve->order_less_one = BN_new();
    crypto_require(
        curve->group && curve->order_less_one &&
            EC_GROUP_get_order(curve->group, curve->order_less_one, numbers) &&
            BN_sub_word(curve->order_less_one, 1),
        "elliptic curve");
}

void ke_groups_new(struct crypto *crypto)
{
    crypto->numbers = BN_CTX_new();
    crypto_require(crypto->numbers, "numbers");
    curve_new(&crypto->curves[CURVE_P256], NID_X9_62_prime256v1,
              crypto->numbers);
    curve_new(&crypto->curves[CURVE_P384], NID_secp384r1, crypto->numbers);
    crypto->modp_prime = BN_get_rfc3526_prime_2048(NULL);
    crypto->modp_generator = BN_new();
    crypto->modp_highest = BN_dup(crypto->modp_prime);
    crypto->modp_montgomery = BN_MONT_CTX_new();
    crypto_require(crypto->modp_prime && crypto->modp_generator &&
                       crypto->modp_highest && crypto->modp_montgomery &&
                       BN_set_word(crypto->modp_generator, 2) &&
                       BN_sub_word(crypto->modp_highest, 2) &&
                       BN_MONT_CTX_set(crypto->modp_montgomery,
                                       crypto->modp_prime, crypto->numbers),
                   "MODP-2048");
}

void ke_groups_free(struct crypto *crypto)
{
    for (size_t i = 0; i < CURVE_COUNT; i++) {
        EC_GROUP_free(crypto->curves[i].group);
        BN_free(crypto->curves[i].order_less_one);
    }
    BN_free(crypto->modp_prime);
    BN_free(crypto->modp_generator);
    BN_free(crypto->modp_highest);
    BN_MONT_CTX_free(crypto->modp_montgomery);
    BN_CTX_free(crypto->numbers);
}

static const struct curve *curve_of(const struct ke *ke)
{
    return &ke->crypto
                ->curves[ke->info->id == KE_ECP_256 ? CURVE_P256 : CURVE_P384];
}

/* ---- ECP ---- */

/* The uncompressed form of SEC 1 without its first octet, 4, is x | y. */
static bool ecp_public(struct ke *ke)
{
    const struct curve *curve = curve_of(ke);
    uint8_t octets[POINT_MAX];
    size_t size = (size_t)ke->info->public_size + 1;
    EC_POINT *point = EC_POINT_new(curve->group);
    bool good =
        point &&
        EC_POINT_mul(curve->group, point, ke->secret, NULL, NULL,
                     ke->crypto->numbers) &&
        EC_POINT_point2oct(curve->group, point, POINT_CONVERSION_UNCOMPRESSED,
                           octets, sizeof octets, ke->crypto->numbers) == size;
    if (good)
        memcpy(ke->public, octets + 1, ke->info->public_size);
    EC_POINT_free(point);
    return good;
}

/* A scalar in [1, order - 1]. */
static bool ecp_new(struct ke *ke, struct rng *rng)
{
    uint8_t drawn[SCALAR_MAX + SCALAR_EXTRA];
    size_t size = (size_t)ke->info->secret_size + SCALAR_EXTRA;
    rng_fill(rng, drawn, size);
    ke->secret = BN_bin2bn(drawn, (int)size, NULL);
    memory_cleanse(drawn, sizeof drawn);
    if (!ke->secret)
        return false;
    BN_set_flags(ke->secret, BN_FLG_CONSTTIME);
    return BN_mod(ke->secret, ke->secret, curve_of(ke)->order_less_one,
                  ke->crypto->numbers) &&
           BN_add_word(ke->secret, 1) && ecp_public(ke);
}

/* RFC 6989 2.3: OpenSSL's reading of a point fails unless both coordinates
 * are below the prime and satisfy the curve's equation. */
static EC_POINT *ecp_point(const struct ke *ke, const struct curve *curve,
                           struct bytes peer, struct error *error)
{
    uint8_t octets[POINT_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(octets + 1, peer.data, peer.size);
    EC_POINT *point = EC_POINT_new(curve->group);
    crypto_require(point, "point");
    if (EC_POINT_oct2point(curve->group, point, octets, peer.size + 1,
                           ke->crypto->numbers))
        return point;
    EC_POINT_free(point);
    error_openssl(error, "public value is not a point of the curve");
    return NULL;
}

/* RFC 5903 section 7: the secret is x of the common point. */
static bool ecp_shared(const struct ke *ke, struct bytes peer, uint8_t *out,
                       struct error *error)
{
    const struct curve *curve = curve_of(ke);
    EC_POINT *point = ecp_point(ke, curve, peer, error);
    if (!point)
        return false;
    BIGNUM *x = BN_new();
    bool good =
        x &&
        EC_POINT_mul(curve->group, point, NULL, point, ke->secret,
                     ke->crypto->numbers) &&
        EC_POINT_get_affine_coordinates(curve->group, point, x, NULL,
                                        ke->crypto->numbers) &&
        BN_bn2binpad(x, out, ke->info->secret_size) == ke->info->secret_size;
    BN_clear_free(x);
    EC_POINT_clear_free(point);
    return good || error_openssl(error, "multiplication of points");
}

/* ---- MODP ---- */

static bool modp_power(const struct ke *ke, const BIGNUM *base, uint8_t *out)
{
    const struct crypto *crypto = ke->crypto;
    BIGNUM *power = BN_new();
    bool good =
        power &&
        BN_mod_exp_mont_consttime(power, base, ke->secret, crypto->modp_prime,
                                  crypto->numbers, crypto->modp_montgomery) &&
        BN_bn2binpad(power, out, ke->info->secret_size) ==
            ke->info->secret_size;
    BN_clear_free(power);
    return good;
}

static bool modp_new(struct ke *ke, struct rng *rng)
{
    uint8_t drawn[MODP_EXPONENT];
    rng_fill(rng, drawn, sizeof drawn);
    drawn[0] |= 0x80; /* neither 0 nor 1, whatever was drawn */
    ke->secret = BN_bin2bn(drawn, sizeof drawn, NULL);
    memory_cleanse(drawn, sizeof drawn);
    return ke->secret && modp_power(ke, ke->crypto->modp_generator, ke->public);
}

/* RFC 6989 2.1: 1 < y < p - 1. */
static bool modp_shared(const struct ke *ke, struct bytes peer, uint8_t *out,
                        struct error *error)
{
    BIGNUM *value = BN_bin2bn(peer.data, (int)peer.size, NULL);
    crypto_require(value, "number");
    bool good = true;
    if (BN_is_zero(value) || BN_is_one(value))
        good = error_set(error, "public value too small (%d < 2)",
                         BN_is_one(value) ? 1 : 0);
    else if (BN_cmp(value, ke->crypto->modp_highest) > 0)
        good = error_set(error, "public value not below the prime less one");
    else if (!modp_power(ke, value, out))
        good = error_openssl(error, "exponentiation");
    BN_free(value);
    return good;
}

/* ---- X25519 ---- */

static bool x25519_new(struct ke *ke, struct rng *rng)
{
    uint8_t drawn[X25519_SIZE];
    size_t size = X25519_SIZE;
    rng_fill(rng, drawn, sizeof drawn);
    ke->x25519 = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, drawn,
                                                 sizeof drawn);
    memory_cleanse(drawn, sizeof drawn);
    return ke->x25519 &&
           EVP_PKEY_get_raw_public_key(ke->x25519, ke->public, &size) &&
           size == X25519_SIZE;
}

/* RFC 8031 3.2 with RFC 7748 section 6.1: OpenSSL masks the highest bit,
 * accepts values that are not canonical, and fails when the result is zero. */
static bool x25519_shared(const struct ke *ke, struct bytes peer, uint8_t *out,
                          struct error *error)
{
    size_t size = X25519_SIZE;
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL,
                                                      peer.data, peer.size);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, ke->x25519, NULL);
    crypto_require(theirs && context && EVP_PKEY_derive_init(context) == 1 &&
                       EVP_PKEY_derive_set_peer_ex(context, theirs, 0) == 1,
                   "X25519");
    bool good =
        EVP_PKEY_derive(context, out, &size) == 1 && size == X25519_SIZE;
    static const uint8_t zeros[X25519_SIZE] = {0};
    if (!good || memcmp(out, zeros, sizeof zeros) == 0)
        good = error_set(error, "shared secret is all zero");
    ERR_clear_error();
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(theirs);
    return good;
}

/* ---- All ---- */

static bool draw(struct ke *ke, struct rng *rng)
{
    switch (ke->info->id) {
    case KE_CURVE25519:
        return x25519_new(ke, rng);
    case KE_MODP_2048:
        return modp_new(ke, rng);
    default:
        return ecp_new(ke, rng);
    }
}

static bool share(const struct ke *ke, struct bytes peer, uint8_t *out,
                  struct error *error)
{
    switch (ke->info->id) {
    case KE_CURVE25519:
        return x25519_shared(ke, peer, out, error);
    case KE_MODP_2048:
        return modp_shared(ke, peer, out, error);
    default:
        return ecp_shared(ke, peer, out, error);
    }
}

struct ke *ke_new(struct crypto *crypto, uint16_t method, struct rng *rng,
                  struct error *error)
{
    const struct ke_info *info = ke_lookup(method);
    if (!info) {
        error_set(error, "key exchange method %u is not supported", method);
        return NULL;
    }
    struct ke *ke = memory_take(sizeof *ke);
    ke->crypto = crypto;
    ke->info = info;
    crypto_require(draw(ke, rng), info->name);
    return ke;
}

struct bytes ke_public(const struct ke *ke)
{
    return bytes_of(ke->public, ke->info->public_size);
}

bool ke_shared(struct ke *ke, struct bytes peer, struct buffer *secret,
               struct error *error)
{
    if (peer.size != ke->info->public_size)
        return error_set(error, "%s: public value of %zu octets, not %u",
                         ke->info->name, peer.size, ke->info->public_size);
    uint8_t out[SECRET_MAX];
    bool good = share(ke, peer, out, error);
    if (good)
        buffer_bytes(secret, bytes_of(out, ke->info->secret_size));
    else
        error_prefix(error, "%s", ke->info->name);
    memory_cleanse(out, sizeof out);
    return good;
}

void ke_free(struct ke *ke)
{
    if (!ke)
        return;
    EVP_PKEY_free(ke->x25519);
    BN_clear_free(ke->secret);
    memory_cleanse(ke, sizeof *ke);
    free(ke);
}
