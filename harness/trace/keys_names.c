/*
 * The names of algorithms in Wireshark's key tables.
 *
 * Tried with tshark 4.0.17 (Debian 12): a table with a name that it does not
 * know is reported as broken. It has none for ChaCha20-Poly1305; later ones
 * have, for ESP, the name that stands here.
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
    {"NULL [RFC2410]", ENCR_NULL, 0, false, false},
    {CHACHA20, ENCR_CHACHA20_POLY1305, 0, true, false},
    {NULL, 0, 0, false, false},
};

static const struct encr_name esp_encr[] = {
    {"NULL", ENCR_NULL, 0, false, false},
    {"AES-CBC [RFC3602]", ENCR_AES_CBC, 0, false, false},
    {"AES-GCM with 16 octet ICV [RFC4106]", ENCR_AES_GCM_16, 0, false, false},
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
    {NULL, 0},
};

static const struct integ_name esp_integ[] = {
    {"NULL", AUTH_NONE},
    {"HMAC-SHA-256-128 [RFC4868]", AUTH_HMAC_SHA2_256_128},
    {"HMAC-SHA-384-192 [RFC4868]", AUTH_HMAC_SHA2_384_192},
    {"HMAC-SHA-512-256 [RFC4868]", AUTH_HMAC_SHA2_512_256},
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
