/* The transforms that the harness can use. */
#include <stdio.h>
#include <string.h>

#include "crypto/crypto_private.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* RFC 2410, 3602, 4106 with 5282 (salt of 4 octets after the key), 7634. */
static const struct encr_info encr_table[] = {
    {ENCR_AES_GCM_16, 128, 16, 4, 8, 1, 16, true, "AES_GCM_16_128"},
    {ENCR_AES_GCM_16, 192, 24, 4, 8, 1, 16, true, "AES_GCM_16_192"},
    {ENCR_AES_GCM_16, 256, 32, 4, 8, 1, 16, true, "AES_GCM_16_256"},
    {ENCR_CHACHA20_POLY1305, 0, 32, 4, 8, 1, 16, true, "CHACHA20_POLY1305"},
    {ENCR_AES_CBC, 128, 16, 0, 16, 16, 0, false, "AES_CBC_128"},
    {ENCR_AES_CBC, 192, 24, 0, 16, 16, 0, false, "AES_CBC_192"},
    {ENCR_AES_CBC, 256, 32, 0, 16, 16, 0, false, "AES_CBC_256"},
    {ENCR_NULL, 0, 0, 0, 0, 1, 0, false, "NULL"},
    /* Of others' captures: RFC 4106, RFC 4309 (salt of 3 octets), RFC 3686
     * (nonce of 4), RFC 2451, RFC 2405. */
    {ENCR_AES_GCM_8, 128, 16, 4, 8, 1, 8, true, "AES_GCM_8_128"},
    {ENCR_AES_GCM_8, 192, 24, 4, 8, 1, 8, true, "AES_GCM_8_192"},
    {ENCR_AES_GCM_8, 256, 32, 4, 8, 1, 8, true, "AES_GCM_8_256"},
    {ENCR_AES_GCM_12, 128, 16, 4, 8, 1, 12, true, "AES_GCM_12_128"},
    {ENCR_AES_GCM_12, 192, 24, 4, 8, 1, 12, true, "AES_GCM_12_192"},
    {ENCR_AES_GCM_12, 256, 32, 4, 8, 1, 12, true, "AES_GCM_12_256"},
    {ENCR_AES_CCM_8, 128, 16, 3, 8, 1, 8, true, "AES_CCM_8_128"},
    {ENCR_AES_CCM_8, 192, 24, 3, 8, 1, 8, true, "AES_CCM_8_192"},
    {ENCR_AES_CCM_8, 256, 32, 3, 8, 1, 8, true, "AES_CCM_8_256"},
    {ENCR_AES_CCM_12, 128, 16, 3, 8, 1, 12, true, "AES_CCM_12_128"},
    {ENCR_AES_CCM_12, 192, 24, 3, 8, 1, 12, true, "AES_CCM_12_192"},
    {ENCR_AES_CCM_12, 256, 32, 3, 8, 1, 12, true, "AES_CCM_12_256"},
    {ENCR_AES_CCM_16, 128, 16, 3, 8, 1, 16, true, "AES_CCM_16_128"},
    {ENCR_AES_CCM_16, 192, 24, 3, 8, 1, 16, true, "AES_CCM_16_192"},
    {ENCR_AES_CCM_16, 256, 32, 3, 8, 1, 16, true, "AES_CCM_16_256"},
    {ENCR_AES_CTR, 128, 16, 4, 8, 1, 0, true, "AES_CTR_128"},
    {ENCR_AES_CTR, 192, 24, 4, 8, 1, 0, true, "AES_CTR_192"},
    {ENCR_AES_CTR, 256, 32, 4, 8, 1, 0, true, "AES_CTR_256"},
    {ENCR_3DES, 0, 24, 0, 8, 8, 0, false, "3DES"},
    {ENCR_DES, 0, 8, 0, 8, 8, 0, false, "DES"},
    {ENCR_CAST, 128, 16, 0, 8, 8, 0, false, "CAST_128"},
    {ENCR_BLOWFISH, 128, 16, 0, 8, 8, 0, false, "BLOWFISH_128"},
    {ENCR_BLOWFISH, 192, 24, 0, 8, 8, 0, false, "BLOWFISH_192"},
    {ENCR_BLOWFISH, 256, 32, 0, 8, 8, 0, false, "BLOWFISH_256"},
    {ENCR_BLOWFISH, 448, 56, 0, 8, 8, 0, false, "BLOWFISH_448"},
};

/* RFC 4868 2.6: the key has the size of the hash, the ICV half of it. */
static const struct integ_info integ_table[] = {
    {AUTH_HMAC_SHA2_256_128, 32, 16, "HMAC_SHA2_256_128"},
    {AUTH_HMAC_SHA2_384_192, 48, 24, "HMAC_SHA2_384_192"},
    {AUTH_HMAC_SHA2_512_256, 64, 32, "HMAC_SHA2_512_256"},
    /* RFC 2403, 2404, 4595, 2857; a draft */
    {AUTH_HMAC_MD5_96, 16, 12, "HMAC_MD5_96"},
    {AUTH_HMAC_SHA1_96, 20, 12, "HMAC_SHA1_96"},
    {AUTH_HMAC_MD5_128, 16, 16, "HMAC_MD5_128"},
    {AUTH_HMAC_SHA1_160, 20, 20, "HMAC_SHA1_160"},
    {AUTH_HMAC_SHA2_256_96, 32, 12, "HMAC_SHA2_256_96"},
    {AUTH_HMAC_RIPEMD_160_96, 20, 12, "HMAC_RIPEMD_160_96"},
};

static const struct prf_info prf_table[] = {
    {PRF_HMAC_SHA2_256, 32, "PRF_HMAC_SHA2_256"},
    {PRF_HMAC_SHA2_384, 48, "PRF_HMAC_SHA2_384"},
    {PRF_HMAC_SHA2_512, 64, "PRF_HMAC_SHA2_512"},
    {PRF_HMAC_MD5, 16, "PRF_HMAC_MD5"},
    {PRF_HMAC_SHA1, 20, "PRF_HMAC_SHA1"},
};

/* RFC 8031, RFC 5903 section 7 (the secret is x alone), RFC 3526. */
static const struct ke_info ke_table[] = {
    {KE_CURVE25519, 32, 32, "CURVE25519"},
    {KE_ECP_256, 64, 32, "ECP_256"},
    {KE_ECP_384, 96, 48, "ECP_384"},
    {KE_MODP_2048, 256, 256, "MODP_2048"},
};

const struct encr_info *encr_lookup(uint16_t id, uint16_t key_bits)
{
    for (size_t i = 0; i < COUNT(encr_table); i++)
        if (encr_table[i].id == id && encr_table[i].key_bits == key_bits)
            return &encr_table[i];
    return NULL;
}

const struct integ_info *integ_lookup(uint16_t id)
{
    for (size_t i = 0; i < COUNT(integ_table); i++)
        if (integ_table[i].id == id)
            return &integ_table[i];
    return NULL;
}

const struct prf_info *prf_lookup(uint16_t id)
{
    for (size_t i = 0; i < COUNT(prf_table); i++)
        if (prf_table[i].id == id)
            return &prf_table[i];
    return NULL;
}

const struct ke_info *ke_lookup(uint16_t id)
{
    for (size_t i = 0; i < COUNT(ke_table); i++)
        if (ke_table[i].id == id)
            return &ke_table[i];
    return NULL;
}

const struct encr_info *encr_nth(size_t n)
{
    return n < COUNT(encr_table) ? &encr_table[n] : NULL;
}

const struct integ_info *integ_nth(size_t n)
{
    return n < COUNT(integ_table) ? &integ_table[n] : NULL;
}

const struct prf_info *prf_nth(size_t n)
{
    return n < COUNT(prf_table) ? &prf_table[n] : NULL;
}

const struct ke_info *ke_nth(size_t n)
{
    return n < COUNT(ke_table) ? &ke_table[n] : NULL;
}

/* ---- Suites ---- */

/* Appends "/name", or "name" at the start; a number for what is unknown. */
static void add_name(char *text, size_t size, const char *name,
                     const char *kind, unsigned id)
{
    size_t used = strlen(text);
    const char *slash = used > 0 ? "/" : "";
    if (name)
        snprintf(text + used, size - used, "%s%s", slash, name);
    else
        snprintf(text + used, size - used, "%s%s_%u", slash, kind, id);
}

char *suite_to_text(const struct suite *suite, char *text, size_t size)
{
    if (size == 0)
        return text;
    text[0] = '\0';
    const struct encr_info *encr = encr_lookup(suite->encr, suite->encr_bits);
    add_name(text, size, encr ? encr->name : NULL, "ENCR", suite->encr);
    if (suite->integ != AUTH_NONE) {
        const struct integ_info *integ = integ_lookup(suite->integ);
        add_name(text, size, integ ? integ->name : NULL, "AUTH", suite->integ);
    }
    if (suite->prf != 0) {
        const struct prf_info *info = prf_lookup(suite->prf);
        add_name(text, size, info ? info->name : NULL, "PRF", suite->prf);
    }
    if (suite->ke != KE_NONE) {
        const struct ke_info *ke = ke_lookup(suite->ke);
        add_name(text, size, ke ? ke->name : NULL, "KE", suite->ke);
    }
    if (suite->esn)
        add_name(text, size, "ESN", "ESN", 1);
    return text;
}

bool suite_protection(const struct suite *suite, const struct encr_info **encr,
                      const struct integ_info **integ, struct error *error)
{
    *integ = NULL;
    *encr = encr_lookup(suite->encr, suite->encr_bits);
    if (!*encr)
        return error_set(error,
                         "encryption %u with a key of %u bits is unknown",
                         suite->encr, suite->encr_bits);
    if ((*encr)->icv_size > 0)
        return suite->integ == AUTH_NONE ||
               error_set(error,
                         "%s stands alone, integrity %u is not used with it",
                         (*encr)->name, suite->integ);
    *integ = integ_lookup(suite->integ);
    return *integ || error_set(error, "integrity %u is unknown (with %s)",
                               suite->integ, (*encr)->name);
}
