/*
 * The names of algorithms in Wireshark's key tables.
 *
 * Tried with tshark 4.0.17 (Debian 12): a table with a name that it does not
 * know is reported as broken. It has none for ChaCha20-Poly1305; later ones
 * have, for ESP, the name that stands here. Two kinds of names are left out:
 * "ANY ... [no checking]", since what is not authentic proves nothing, and
 * TWOFISH, which OpenSSL lacks.
 */
#include "trace/keys_private.h"

#include <string.h>

#define CHACHA20 "ChaCha20 with Poly1305 [RFC7634]"

static const struct encr_name ike_encr[] = {
    {"AES-CBC-128 [RFC3602]", ENCR_AES_CBC, 128, false, false},
    {"AES-CBC-192 [RFC3602]", ENCR_AES_CBC, 192, false, false},
    {"AES-CBC-256 [RFC3602]", ENCR_AES_CBC, 256, false, false},
    {"AES-GCM-128 with 16 octet ICV [RFC5282]", ENCR_AES_GCM_16, 128, false,
     false},
    {"AES-GCM-192 with 16 octet ICV [RFC5282]", ENCR_AES_GCM_16, 192, false,
     false},
    {"AES-GCM-256 with 16 octet ICV [RFC5282]", ENCR_AES_GCM_16, 256, false,
     false},
    {"AES-GCM-128 with 8 octet ICV [RFC5282]", ENCR_AES_GCM_8, 128, false,
     false},
    {"AES-GCM-192 with 8 octet ICV [RFC5282]", ENCR_AES_GCM_8, 192, false,
     false},
    {"AES-GCM-256 with 8 octet ICV [RFC5282]", ENCR_AES_GCM_8, 256, false,
     false},
    {"AES-GCM-128 with 12 octet ICV [RFC5282]", ENCR_AES_GCM_12, 128, false,
     false},
    {"AES-GCM-192 with 12 octet ICV [RFC5282]", ENCR_AES_GCM_12, 192, false,
     false},
    {"AES-GCM-256 with 12 octet ICV [RFC5282]", ENCR_AES_GCM_12, 256, false,
     false},
    {"AES-CCM-128 with 8 octet ICV [RFC5282]", ENCR_AES_CCM_8, 128, false,
     false},
    {"AES-CCM-192 with 8 octet ICV [RFC5282]", ENCR_AES_CCM_8, 192, false,
     false},
    {"AES-CCM-256 with 8 octet ICV [RFC5282]", ENCR_AES_CCM_8, 256, false,
     false},
    {"AES-CCM-128 with 12 octet ICV [RFC5282]", ENCR_AES_CCM_12, 128, false,
     false},
    {"AES-CCM-192 with 12 octet ICV [RFC5282]", ENCR_AES_CCM_12, 192, false,
     false},
    {"AES-CCM-256 with 12 octet ICV [RFC5282]", ENCR_AES_CCM_12, 256, false,
     false},
    {"AES-CCM-128 with 16 octet ICV [RFC5282]", ENCR_AES_CCM_16, 128, false,
     false},
    {"AES-CCM-192 with 16 octet ICV [RFC5282]", ENCR_AES_CCM_16, 192, false,
     false},
    {"AES-CCM-256 with 16 octet ICV [RFC5282]", ENCR_AES_CCM_16, 256, false,
     false},
    {"3DES [RFC2451]", ENCR_3DES, 0, false, false},
    {"NULL [RFC2410]", ENCR_NULL, 0, false, false},
    {CHACHA20, ENCR_CHACHA20_POLY1305, 0, true, false},
    {NULL, 0, 0, false, false},
};

static const struct encr_name esp_encr[] = {
    {"NULL", ENCR_NULL, 0, false, false},
    {"AES-CBC [RFC3602]", ENCR_AES_CBC, 0, false, false},
    {"AES-GCM with 16 octet ICV [RFC4106]", ENCR_AES_GCM_16, 0, false, false},
    {"AES-GCM with 12 octet ICV [RFC4106]", ENCR_AES_GCM_12, 0, false, false},
    {"AES-GCM with 8 octet ICV [RFC4106]", ENCR_AES_GCM_8, 0, false, false},
    {"AES-CTR [RFC3686]", ENCR_AES_CTR, 0, false, false},
    {"TripleDES-CBC [RFC2451]", ENCR_3DES, 0, false, false},
    {"DES-CBC [RFC2405]", ENCR_DES, 0, false, false},
    {"CAST5-CBC [RFC2144]", ENCR_CAST, 0, false, false},
    {"BLOWFISH-CBC [RFC2451]", ENCR_BLOWFISH, 0, false, false},
    /* What strongSwan's save-keys writes for every ICV size. */
    {"AES-GCM [RFC4106]", ENCR_AES_GCM_16, 0, false, true},
    {CHACHA20, ENCR_CHACHA20_POLY1305, 0, true, false},
    {NULL, 0, 0, false, false},
};

static const struct integ_name ike_integ[] = {
    {"NONE [RFC4306]", AUTH_NONE},
    {"HMAC_SHA2_256_128 [RFC4868]", AUTH_HMAC_SHA2_256_128},
    {"HMAC_SHA2_384_192 [RFC4868]", AUTH_HMAC_SHA2_384_192},
    {"HMAC_SHA2_512_256 [RFC4868]", AUTH_HMAC_SHA2_512_256},
    {"HMAC_MD5_96 [RFC2403]", AUTH_HMAC_MD5_96},
    {"HMAC_SHA1_96 [RFC2404]", AUTH_HMAC_SHA1_96},
    {"HMAC_MD5_128 [RFC4595]", AUTH_HMAC_MD5_128},
    {"HMAC_SHA1_160 [RFC4595]", AUTH_HMAC_SHA1_160},
    {"HMAC_SHA2_256_96 [draft-ietf-ipsec-ciph-sha-256-00]",
     AUTH_HMAC_SHA2_256_96},
    {NULL, 0},
};

static const struct integ_name esp_integ[] = {
    {"NULL", AUTH_NONE},
    {"HMAC-SHA-256-128 [RFC4868]", AUTH_HMAC_SHA2_256_128},
    {"HMAC-SHA-384-192 [RFC4868]", AUTH_HMAC_SHA2_384_192},
    {"HMAC-SHA-512-256 [RFC4868]", AUTH_HMAC_SHA2_512_256},
    {"HMAC-MD5-96 [RFC2403]", AUTH_HMAC_MD5_96},
    {"HMAC-SHA-1-96 [RFC2404]", AUTH_HMAC_SHA1_96},
    {"HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]",
     AUTH_HMAC_SHA2_256_96},
    {"MAC-RIPEMD-160-96 [RFC2857]", AUTH_HMAC_RIPEMD_160_96},
    {NULL, 0},
};

static const struct encr_name *encr_table(enum table_kind kind)
{
    return kind == TABLE_IKE ? ike_encr : esp_encr;
}

static const struct integ_name *integ_table(enum table_kind kind)
{
    return kind == TABLE_IKE ? ike_integ : esp_integ;
}

const struct encr_name *encr_name_find(enum table_kind kind, const char *name)
{
    for (const struct encr_name *e = encr_table(kind); e->name; e++)
        if (strcmp(e->name, name) == 0)
            return e;
    return NULL;
}

const struct integ_name *integ_name_find(enum table_kind kind, const char *name)
{
    for (const struct integ_name *i = integ_table(kind); i->name; i++)
        if (strcmp(i->name, name) == 0)
            return i;
    return NULL;
}

const struct encr_name *encr_name_of(enum table_kind kind,
                                     const struct suite *suite)
{
    for (const struct encr_name *e = encr_table(kind); e->name; e++)
        if (e->id == suite->encr && !e->icv_presumed &&
            (e->key_bits == 0 || e->key_bits == suite->encr_bits))
            return e;
    return NULL;
}

const struct integ_name *integ_name_of(enum table_kind kind, uint16_t id)
{
    for (const struct integ_name *i = integ_table(kind); i->name; i++)
        if (i->id == id)
            return i;
    return NULL;
}
