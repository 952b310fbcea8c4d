/* prf and prf+ (RFC 7296 2.13, RFC 4868). */
#include <string.h>

#include "crypto/crypto_private.h"

enum { PRF_PLUS_ROUNDS = 255 }; /* RFC 7296 2.13: the counter is one octet */

static bool prf_mac(uint16_t id, enum mac_index *out)
{
    switch (id) {
    case PRF_HMAC_SHA2_256:
        *out = MAC_SHA256;
        return true;
    case PRF_HMAC_SHA2_384:
        *out = MAC_SHA384;
        return true;
    case PRF_HMAC_SHA2_512:
        *out = MAC_SHA512;
        return true;
    case PRF_HMAC_MD5:
        *out = MAC_MD5;
        return true;
    case PRF_HMAC_SHA1:
        *out = MAC_SHA1;
        return true;
    default:
        return false;
    }
}

bool prf(struct crypto *crypto, uint16_t id, struct bytes key, struct bytes a,
         struct bytes b, struct bytes c, uint8_t out[static PRF_MAX])
{
    enum mac_index mac;
    if (!prf_mac(id, &mac))
        return false;
    EVP_MAC_CTX *context = crypto_mac(crypto, mac, key);
    crypto_mac_add(context, a);
    crypto_mac_add(context, b);
    crypto_mac_add(context, c);
    crypto_mac_end(context, out);
    return true;
}

bool prf_plus(struct crypto *crypto, uint16_t id, struct bytes key,
              struct bytes seed, uint8_t *out, size_t size)
{
    const struct prf_info *info = prf_lookup(id);
    if (!info || size > (size_t)PRF_PLUS_ROUNDS * info->size)
        return false;

    uint8_t t[PRF_MAX];
    struct bytes previous = bytes_of(NULL, 0);
    for (uint8_t round = 1; size > 0; round++) {
        if (!prf(crypto, id, key, previous, seed, bytes_of(&round, 1), t))
            return false;
        size_t part = size < info->size ? size : info->size;
        memcpy(out, t, part);
        out += part;
        size -= part;
        previous = bytes_of(t, info->size);
    }
    memory_cleanse(t, sizeof t);
    return true;
}
