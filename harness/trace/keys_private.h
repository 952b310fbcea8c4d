/* The rows behind struct trace_keys, and the names that tables give to
 * algorithms. */
#ifndef COUNTERFOIL_TRACE_KEYS_PRIVATE_H
#define COUNTERFOIL_TRACE_KEYS_PRIVATE_H

#include "trace/trace.h"

#include <uthash.h>

struct ike_row {
    uint64_t spis[2]; /* initiator, responder: the key of the hash */
    struct suite suite;
    struct key ei, er, ai, ar;
    struct protection from_initiator, from_responder; /* borrow the keys */
    UT_hash_handle hh;
};

struct esp_row {
    uint32_t spi;
    uint32_t spi_mask;          /* digits that must be alike; 0: any SPI */
    uint32_t index;             /* from 0 in the order of adding */
    struct address source;      /* family 0: any */
    struct address destination; /* family 0: any */
    uint8_t prefix;             /* of the destination, bits; 0: all */
    struct suite suite;
    bool esn_known;    /* the table says whether ESN are used */
    bool icv_presumed; /* the table leaves the ICV's size open */
    uint32_t high;     /* a hint: high half of the first packets */
    struct key encr, integ;
    struct protection protection; /* borrows the keys */
    struct esp_row *older;        /* the same SPI, added before */
    UT_hash_handle hh;
};

struct trace_keys {
    struct ike_row *ike;       /* hash; iterates in the order of adding */
    struct esp_row *esp;       /* hash of the newest row of each SPI */
    struct esp_row **esp_rows; /* all, by index */
    size_t esp_count, esp_capacity;
    struct esp_row *patterns; /* those of no single SPI, by `older` */
    struct ike_secret *secrets;
    size_t unusable;
};

/* The shared secret g^ir of one key exchange. */
enum { SECRET_MAX = 1024 };
struct ike_secret {
    uint64_t spi_i; /* of the IKE SA that it made, or of its IKE_SA_INIT */
    size_t size;
    uint8_t octets[SECRET_MAX];
    UT_hash_handle hh;
};
/* NULL if there is none. */
const struct ike_secret *keys_find_secret(const struct trace_keys *keys,
                                          uint64_t spi_i);
/* Takes a copy; the same SPI twice keeps the newer one. */
void keys_add_secret(struct trace_keys *keys, const struct ike_secret *secret);

/* NULL if there is none. */
const struct ike_row *keys_find_ike(const struct trace_keys *keys,
                                    uint64_t spi_i, uint64_t spi_r);
/* The newest row of that SPI, the others behind `older`. */
const struct esp_row *keys_find_esp(const struct trace_keys *keys,
                                    uint32_t spi);
/* The newest row whose pattern the SPI fits, from `row` on through `older`. */
const struct esp_row *keys_match_esp(const struct esp_row *row, uint32_t spi);

/* Takes a copy of `row`, whose suite, keys and identification are set. False
 * (and the row counted as unusable) where the algorithm is not ours; false
 * with `error` text where a key has the wrong size. */
bool keys_add_ike_row(struct trace_keys *keys, const struct ike_row *row,
                      struct error *error);
bool keys_add_esp_row(struct trace_keys *keys, const struct esp_row *row,
                      struct error *error);

/* ---- Names ---- */

struct encr_name {
    const char *name;
    uint16_t id;
    uint16_t key_bits; /* 0: the key's size decides, or is fixed */
    bool foreign;      /* Debian 12's Wireshark does not know it */
    bool icv_presumed;
};

struct integ_name {
    const char *name;
    uint16_t id;
};

enum table_kind { TABLE_IKE, TABLE_ESP };

/* By the name in a table; NULL when it is none that we can use. */
const struct encr_name *encr_name_find(enum table_kind kind, const char *name);
const struct integ_name *integ_name_find(enum table_kind kind,
                                         const char *name);
/* By algorithm, for writing; NULL when no name is known. */
const struct encr_name *encr_name_of(enum table_kind kind,
                                     const struct suite *suite);
const struct integ_name *integ_name_of(enum table_kind kind, uint16_t id);

/* Begins a row that Wireshark takes for a comment. */
#define KEYS_OWN_ROW "#counterfoil "

#endif
