/*
 * Makes fragmented IP packets whole (RFC 791 3.2, RFC 8200 4.5), within a
 * fixed amount of memory. Fragments that overlap give the packet up
 * (RFC 5722); a copy of one that is there is passed over.
 */
#include "trace/trace_private.h"

#include <stdlib.h>
#include <string.h>

enum { UNIT = 8, PAYLOAD_MAX = 65535, UNITS = (PAYLOAD_MAX + UNIT) / UNIT };
enum { IPV4_HEADER = 20, IPV6_HEADER = 40 };
#define REASSEMBLY_TIME (60 * NS_PER_S) /* RFC 8200 4.5 */

struct fragment_id {
    uint32_t file;
    uint32_t identification;
    uint8_t protocol;
    struct address source, destination;
};

struct ip_reassembly {
    bool used;
    struct fragment_id id;
    uint8_t protocol;    /* of the fragment at the beginning */
    uint64_t first_time; /* of its first fragment */
    uint64_t last_used;
    size_t size;     /* of the whole payload; 0: the end was not seen */
    size_t received; /* octets */
    uint8_t present[(UNITS + 7) / 8]; /* one bit for each unit */
    uint8_t payload[UNITS * UNIT];
};

/* Where a fragment belongs. */
struct place {
    size_t offset;
    bool more;
    uint8_t protocol;
    struct fragment_id id;
};

static bool find_place(struct bytes ip, const struct packet *packet,
                       struct place *out)
{
    const uint8_t *payload = packet->payload.data;

    if (packet->payload.size == 0)
        return false;
    if (packet->source.address.family == 4) {
        unsigned field = read_u16(ip.data + 6);
        out->id.identification = read_u16(ip.data + 4);
        out->offset = (size_t)(field & 0x1fff) * UNIT;
        out->more = field & 0x2000;
    } else { /* the payload follows the fragment header */
        if (payload - ip.data < IPV6_HEADER + UNIT)
            return false;
        unsigned field = read_u16(payload - 6);
        out->id.identification = read_u32(payload - 4);
        out->offset = field & 0xfff8;
        out->more = field & 1;
    }
    /* RFC 8200 4.5: the first fragment's Next Header counts, others may
     * differ. */
    out->protocol = packet->protocol;
    out->id.protocol =
        packet->source.address.family == 4 ? packet->protocol : 0;
    out->id.source = packet->source.address;
    out->id.destination = packet->destination.address;
    if (out->more && packet->payload.size % UNIT != 0)
        return false;
    return out->offset + packet->payload.size <= PAYLOAD_MAX;
}

static bool id_equal(const struct fragment_id *a, const struct fragment_id *b)
{
    return a->file == b->file && a->identification == b->identification &&
           a->protocol == b->protocol &&
           address_equal(&a->source, &b->source) &&
           address_equal(&a->destination, &b->destination);
}

static void begin(struct ip_reassembly *entry, const struct fragment_id *id,
                  uint64_t time)
{
    entry->used = true;
    entry->id = *id;
    entry->first_time = time;
    entry->size = 0;
    entry->received = 0;
    memset(entry->present, 0, sizeof entry->present);
}

/* The packet's entry, or a new one in the place of the one that was used
 * longest ago. */
static struct ip_reassembly *find_entry(struct ip_fragments *fragments,
                                        const struct fragment_id *id,
                                        uint64_t time)
{
    struct ip_reassembly **oldest = &fragments->entries[0];

    for (size_t i = 0; i < IP_REASSEMBLIES_MAX; i++) {
        struct ip_reassembly **entry = &fragments->entries[i];
        if (*entry && (*entry)->used && id_equal(&(*entry)->id, id)) {
            if (time > (*entry)->first_time &&
                time - (*entry)->first_time > REASSEMBLY_TIME) {
                begin(*entry, id, time);
                fragments->begun++;
            }
            return *entry;
        }
        if (!*entry || !(*entry)->used)
            oldest = entry;
        else if (*oldest && (*oldest)->used &&
                 (*entry)->last_used < (*oldest)->last_used)
            oldest = entry;
    }
    if (!*oldest)
        *oldest = memory_take(sizeof **oldest);
    begin(*oldest, id, time);
    fragments->begun++;
    return *oldest;
}

static bool is_present(const struct ip_reassembly *entry, size_t unit)
{
    return entry->present[unit / 8] & 1u << unit % 8;
}

enum overlap { OVERLAP_NONE, OVERLAP_SAME, OVERLAP_CONFLICT };

static enum overlap find_overlap(const struct ip_reassembly *entry,
                                 size_t offset, struct bytes part)
{
    size_t first = offset / UNIT, units = (part.size + UNIT - 1) / UNIT;
    size_t present = 0;

    for (size_t i = 0; i < units; i++)
        present += is_present(entry, first + i);
    if (present == 0)
        return OVERLAP_NONE;
    if (present == units &&
        memcmp(entry->payload + offset, part.data, part.size) == 0)
        return OVERLAP_SAME;
    return OVERLAP_CONFLICT;
}

/* Whether the end that a fragment says is beyond all others. */
static bool end_fits(const struct ip_reassembly *entry, bool more, size_t end)
{
    if (entry->size)
        return more ? end <= entry->size : end == entry->size;
    if (more)
        return true;
    for (size_t unit = (end + UNIT - 1) / UNIT; unit < UNITS; unit++)
        if (is_present(entry, unit))
            return false;
    return true;
}

/* False when the fragment contradicts what is there. */
static bool put(struct ip_reassembly *entry, const struct place *place,
                struct bytes part)
{
    size_t end = place->offset + part.size;

    if (!end_fits(entry, place->more, end))
        return false;
    switch (find_overlap(entry, place->offset, part)) {
    case OVERLAP_SAME:
        return true;
    case OVERLAP_CONFLICT:
        return false;
    case OVERLAP_NONE:
        break;
    }
    memcpy(entry->payload + place->offset, part.data, part.size);
    for (size_t unit = place->offset / UNIT; unit * UNIT < end; unit++)
        entry->present[unit / 8] |= (uint8_t)(1u << unit % 8);
    entry->received += part.size;
    if (!place->more)
        entry->size = end;
    if (place->offset == 0)
        entry->protocol = place->protocol;
    return true;
}

/* A header of our own making before the payload: what is read from it is
 * addresses, protocol and length. */
static struct bytes build_whole(struct buffer *out,
                                const struct ip_reassembly *entry)
{
    const struct fragment_id *id = &entry->id;

    buffer_clear(out);
    if (id->source.family == 4) {
        uint8_t *at = buffer_space(out, IPV4_HEADER);
        at[0] = 0x45;
        write_u16(at + 2, (uint16_t)(IPV4_HEADER + entry->size));
        at[8] = 64;
        at[9] = entry->protocol;
        memcpy(at + 12, id->source.octets, 4);
        memcpy(at + 16, id->destination.octets, 4);
    } else {
        uint8_t *at = buffer_space(out, IPV6_HEADER);
        at[0] = 0x60;
        write_u16(at + 4, (uint16_t)entry->size);
        at[6] = entry->protocol;
        at[7] = 64;
        memcpy(at + 8, id->source.octets, 16);
        memcpy(at + 24, id->destination.octets, 16);
    }
    buffer_bytes(out, bytes_of(entry->payload, entry->size));
    return buffer_view(out);
}

bool ip_fragments_add(struct ip_fragments *fragments, uint32_t file,
                      uint64_t time, struct bytes ip,
                      const struct packet *packet, struct bytes *whole)
{
    struct ip_reassembly *entry;
    struct place place;

    if (!find_place(ip, packet, &place))
        return false;
    place.id.file = file;
    entry = find_entry(fragments, &place.id, time);
    entry->last_used = time;
    if (!put(entry, &place, packet->payload)) {
        entry->used = false;
        return false;
    }
    if (entry->size == 0 || entry->received != entry->size)
        return false;
    entry->used = false;
    fragments->ended++;
    if (place.id.source.family == 4 && entry->size > PAYLOAD_MAX - IPV4_HEADER)
        return false;
    *whole = build_whole(&fragments->whole, entry);
    return true;
}

void ip_fragments_free(struct ip_fragments *fragments)
{
    for (size_t i = 0; i < IP_REASSEMBLIES_MAX; i++)
        free(fragments->entries[i]);
    buffer_free(&fragments->whole);
}
