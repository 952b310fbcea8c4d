/* The keys of a trace, found by SPI. */
#include "trace/keys_private.h"

#include <stdlib.h>

struct trace_keys *trace_keys_new(void)
{
    return memory_take(sizeof(struct trace_keys));
}

static void ike_row_free(struct ike_row *row)
{
    memory_cleanse(row, sizeof *row);
    free(row);
}

void trace_keys_free(struct trace_keys *keys)
{
    struct ike_row *row, *next;
    struct ike_secret *secret, *next_secret;

    if (!keys)
        return;
    row = keys->ike;
    HASH_CLEAR(hh, keys->ike); /* the table; the rows stay linked */
    for (; row; row = next) {
        next = row->hh.next;
        ike_row_free(row);
    }
    HASH_CLEAR(hh, keys->esp);
    for (size_t i = 0; i < keys->esp_count; i++) {
        memory_cleanse(keys->esp_rows[i], sizeof *keys->esp_rows[i]);
        free(keys->esp_rows[i]);
    }
    free(keys->esp_rows);
    secret = keys->secrets;
    HASH_CLEAR(hh, keys->secrets);
    for (; secret; secret = next_secret) {
        next_secret = secret->hh.next;
        memory_cleanse(secret, sizeof *secret);
        free(secret);
    }
    free(keys);
}

const struct ike_row *keys_find_ike(const struct trace_keys *keys,
                                    uint64_t spi_i, uint64_t spi_r)
{
    uint64_t spis[2] = {spi_i, spi_r};
    struct ike_row *row;

    if (!keys)
        return NULL;
    /* NOLINTNEXTLINE(clang-analyzer-core*): it loses track of the array */
    HASH_FIND(hh, keys->ike, spis, sizeof spis, row);
    return row;
}

const struct esp_row *keys_find_esp(const struct trace_keys *keys, uint32_t spi)
{
    struct esp_row *row;

    if (!keys || !keys->esp)
        return NULL;
    HASH_FIND(hh, keys->esp, &spi, sizeof spi, row);
    return row;
}

const struct esp_row *keys_match_esp(const struct esp_row *row, uint32_t spi)
{
    while (row && (spi & row->spi_mask) != row->spi)
        row = row->older;
    return row;
}

const struct ike_secret *keys_find_secret(const struct trace_keys *keys,
                                          uint64_t spi_i)
{
    struct ike_secret *secret;

    if (!keys || !keys->secrets)
        return NULL;
    HASH_FIND(hh, keys->secrets, &spi_i, sizeof spi_i, secret);
    return secret;
}

void keys_add_secret(struct trace_keys *keys, const struct ike_secret *secret)
{
    struct ike_secret *own = memory_take(sizeof *own), *old;

    *own = *secret;
    HASH_REPLACE(hh, keys->secrets, spi_i, sizeof own->spi_i, own, old);
    if (old) {
        memory_cleanse(old, sizeof *old);
        free(old);
    }
}

/* An AEAD, or a cipher with an integrity algorithm: what is not authentic
 * proves nothing. */
static bool suite_usable(const struct suite *suite)
{
    const struct encr_info *encr = encr_lookup(suite->encr, suite->encr_bits);

    if (!encr || !encr_available(encr->id) || !integ_available(suite->integ))
        return false;
    return encr->icv_size > 0 ||
           (suite->integ != AUTH_NONE && integ_lookup(suite->integ) != NULL);
}

bool keys_add_ike_row(struct trace_keys *keys, const struct ike_row *row,
                      struct error *error)
{
    struct ike_row *own, *old;

    if (!suite_usable(&row->suite)) {
        keys->unusable++;
        return false;
    }
    own = memory_take(sizeof *own);
    *own = *row;
    if (!protection_init(&own->from_initiator, &own->suite, &own->ei, &own->ai,
                         error) ||
        !protection_init(&own->from_responder, &own->suite, &own->er, &own->ar,
                         error)) {
        ike_row_free(own);
        return false;
    }
    HASH_REPLACE(hh, keys->ike, spis, sizeof own->spis, own, old);
    if (old)
        ike_row_free(old);
    return true;
}

static void esp_row_link(struct trace_keys *keys, struct esp_row *own)
{
    struct esp_row *older;

    if (keys->esp_count == keys->esp_capacity) {
        keys->esp_capacity = keys->esp_capacity ? 2 * keys->esp_capacity : 16;
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are meant */
        size_t size = keys->esp_capacity * sizeof keys->esp_rows[0];
        keys->esp_rows = memory_resize(keys->esp_rows, size);
    }
    own->index = (uint32_t)keys->esp_count;
    keys->esp_rows[keys->esp_count++] = own;
    if (own->spi_mask != UINT32_MAX) {
        own->older = keys->patterns;
        keys->patterns = own;
        return;
    }
    HASH_REPLACE(hh, keys->esp, spi, sizeof own->spi, own, older);
    own->older = older;
}

static bool key_equal(const struct key *a, const struct key *b)
{
    return bytes_equal(key_view(a), key_view(b));
}

static bool esp_row_equal(const struct esp_row *a, const struct esp_row *b)
{
    return a->suite.encr == b->suite.encr &&
           a->suite.encr_bits == b->suite.encr_bits &&
           a->suite.integ == b->suite.integ && a->suite.esn == b->suite.esn &&
           a->esn_known == b->esn_known && a->high == b->high &&
           a->icv_presumed == b->icv_presumed && a->spi == b->spi &&
           a->spi_mask == b->spi_mask && a->prefix == b->prefix &&
           address_equal(&a->source, &b->source) &&
           address_equal(&a->destination, &b->destination) &&
           key_equal(&a->encr, &b->encr) && key_equal(&a->integ, &b->integ);
}

bool keys_add_esp_row(struct trace_keys *keys, const struct esp_row *row,
                      struct error *error)
{
    struct esp_row *own;

    if (!suite_usable(&row->suite)) {
        keys->unusable++;
        return false;
    }
    for (const struct esp_row *r = row->spi_mask == UINT32_MAX
                                       ? keys_find_esp(keys, row->spi)
                                       : keys->patterns;
         r; r = r->older)
        if (esp_row_equal(r, row))
            return true;
    own = memory_take(sizeof *own);
    *own = *row;
    if (!protection_init(&own->protection, &own->suite, &own->encr, &own->integ,
                         error)) {
        memory_cleanse(own, sizeof *own);
        free(own);
        return false;
    }
    esp_row_link(keys, own);
    return true;
}

void trace_keys_add_ike(struct trace_keys *keys, uint64_t spi_i, uint64_t spi_r,
                        const struct suite *suite, const struct ike_keys *ike)
{
    struct ike_row row = {
        .spis = {spi_i, spi_r},
        .suite = *suite,
        .ei = ike->ei,
        .er = ike->er,
        .ai = ike->ai,
        .ar = ike->ar,
    };
    struct error error = {{0}};

    if (!keys_add_ike_row(keys, &row, &error) && error.text[0])
        keys->unusable++;
    memory_cleanse(&row, sizeof row);
}

void trace_keys_add_esp(struct trace_keys *keys, const struct address *source,
                        const struct address *destination, uint32_t spi,
                        const struct suite *suite, const struct key *encr,
                        const struct key *integ)
{
    struct esp_row row = {
        .spi = spi,
        .spi_mask = UINT32_MAX,
        .source = *source,
        .destination = *destination,
        .suite = *suite,
        /* As in a table of eight columns, so that keys read back from the
         * table that is written do the same. */
        .esn_known = suite->esn,
        .encr = *encr,
    };
    struct error error = {{0}};

    if (integ)
        row.integ = *integ;
    if (!keys_add_esp_row(keys, &row, &error) && error.text[0])
        keys->unusable++;
    memory_cleanse(&row, sizeof row);
}

size_t trace_keys_ike_count(const struct trace_keys *keys)
{
    return HASH_COUNT(keys->ike);
}

size_t trace_keys_esp_count(const struct trace_keys *keys)
{
    return keys->esp_count;
}

size_t trace_keys_unusable(const struct trace_keys *keys)
{
    return keys->unusable;
}
