/* Puts fragmented IKE messages together (RFC 7383 2.6), within limits. Only
 * authentic fragments come here. */
#include "trace/trace_private.h"

#include <stdlib.h>
#include <string.h>

struct ike_reassembly {
    uint32_t file;
    uint64_t spi_i, spi_r;
    uint32_t message_id;
    uint8_t exchange, flags;
    uint64_t last_used;
    uint16_t total, received;
    size_t size;
    struct buffer first;   /* the octets of fragment 1 */
    struct buffer *chunks; /* `total` of them; NULL data: not there */
    bool *present;
};

static void drop_chunks(struct ike_reassembly *entry)
{
    for (size_t i = 0; i < entry->total; i++)
        buffer_free(&entry->chunks[i]);
    free(entry->chunks);
    free(entry->present);
    buffer_free(&entry->first);
    entry->chunks = NULL;
    entry->present = NULL;
    entry->total = entry->received = 0;
    entry->size = 0;
}

static void entry_free(struct ike_reassembly *entry)
{
    if (!entry)
        return;
    drop_chunks(entry);
    free(entry);
}

void ike_fragments_free(struct ike_fragments *fragments)
{
    for (size_t i = 0; i < IKE_REASSEMBLIES_MAX; i++)
        entry_free(fragments->entries[i]);
}

static void begin(struct ike_reassembly *entry, uint16_t total)
{
    drop_chunks(entry);
    entry->total = total;
    entry->chunks = memory_take(total * sizeof entry->chunks[0]);
    entry->present = memory_take(total * sizeof entry->present[0]);
}

static bool is_of(const struct ike_reassembly *entry,
                  const struct ike_fragment *fragment)
{
    const struct ike_header *header = fragment->header;

    return entry->file == fragment->file && entry->spi_i == header->spi_i &&
           entry->spi_r == header->spi_r && entry->flags == header->flags &&
           entry->exchange == header->exchange &&
           entry->message_id == header->message_id;
}

static struct ike_reassembly *new_entry(const struct ike_fragment *fragment)
{
    struct ike_reassembly *entry = memory_take(sizeof *entry);

    entry->file = fragment->file;
    entry->spi_i = fragment->header->spi_i;
    entry->spi_r = fragment->header->spi_r;
    entry->exchange = fragment->header->exchange;
    entry->flags = fragment->header->flags;
    entry->message_id = fragment->header->message_id;
    begin(entry, fragment->total);
    return entry;
}

/* Where the message's entry is, or a new one in the place of the one that was
 * used longest ago. */
static struct ike_reassembly **find_entry(struct ike_fragments *fragments,
                                          const struct ike_fragment *fragment)
{
    struct ike_reassembly **oldest = &fragments->entries[0];

    for (size_t i = 0; i < IKE_REASSEMBLIES_MAX; i++) {
        struct ike_reassembly **entry = &fragments->entries[i];
        if (*entry && is_of(*entry, fragment))
            return entry;
        if (!*entry || (*oldest && (*entry)->last_used < (*oldest)->last_used))
            oldest = entry;
    }
    entry_free(*oldest);
    *oldest = new_entry(fragment);
    fragments->begun++;
    return oldest;
}

static void put(struct ike_reassembly *entry,
                const struct ike_fragment *fragment)
{
    size_t at = fragment->number - 1u;

    buffer_bytes(&entry->chunks[at], fragment->chunk);
    entry->present[at] = true;
    entry->received++;
    entry->size += fragment->chunk.size;
    if (fragment->number == 1)
        buffer_bytes(&entry->first, fragment->octets);
}

/* A fragment that says otherwise than one that is there belongs to another
 * message with the same Message ID (RFC 6311 has many with 0): begin anew. */
static bool contradicts(const struct ike_reassembly *entry,
                        const struct ike_fragment *fragment)
{
    size_t at = fragment->number - 1u;

    return entry->present[at] &&
           !bytes_equal(buffer_view(&entry->chunks[at]), fragment->chunk);
}

static void deliver(struct ike_reassembly *entry, struct buffer *chain,
                    struct buffer *first)
{
    buffer_clear(chain);
    buffer_clear(first);
    for (size_t i = 0; i < entry->total; i++)
        buffer_bytes(chain, buffer_view(&entry->chunks[i]));
    buffer_bytes(first, buffer_view(&entry->first));
}

bool ike_fragments_add(struct ike_fragments *fragments,
                       const struct ike_fragment *fragment,
                       struct buffer *chain, struct buffer *first,
                       bool *refused)
{
    struct ike_reassembly **place, *entry;

    *refused = fragment->total > IKE_FRAGMENTS_MAX;
    if (*refused)
        return false;
    place = find_entry(fragments, fragment);
    entry = *place;
    entry->last_used = ++fragments->clock;
    if (fragment->total < entry->total)
        return false; /* MUST be silently discarded */
    if (fragment->total > entry->total || contradicts(entry, fragment)) {
        begin(entry, fragment->total);
        fragments->begun++;
    }
    if (entry->present[fragment->number - 1u])
        return false; /* a replay */
    if (entry->size + fragment->chunk.size > IKE_REASSEMBLY_MAX) {
        *refused = true;
        return false;
    }
    put(entry, fragment);
    if (entry->received < entry->total)
        return false;
    deliver(entry, chain, first);
    fragments->ended++;
    entry_free(entry);
    *place = NULL;
    return true;
}
