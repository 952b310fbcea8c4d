/*
 * Packets that stand in several captures of one trace: a frame seen at both
 * ends of a link was sent once.
 *
 * What occurs n times in one capture was sent n times at least; so the n-th
 * occurrence in a capture is a copy when another capture has shown n already.
 * That holds whatever the clocks of the captures say. A table of fixed size
 * remembers the last some ten thousand packets.
 */
#include "trace/trace_private.h"

#include <stdlib.h>

enum { SETS = 8192, WAYS = 8 };

struct copy_entry {
    uint64_t key; /* 0: free */
    uint64_t used;
    uint64_t count;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t mix_octets(uint64_t hash, const uint8_t *at, size_t size)
{
    size_t i = 0;

    for (; i + 8 <= size; i += 8)
        hash = mix(hash, read_u64(at + i));
    for (; i < size; i++)
        hash = mix(hash, at[i]);
    return mix(hash, size);
}

/* All that does not change on the way. */
static uint64_t hash_packet(const struct packet *packet)
{
    uint64_t hash = packet->protocol;

    hash = mix_octets(hash, packet->source.address.octets, 16);
    hash = mix_octets(hash, packet->destination.address.octets, 16);
    hash = mix(hash,
               (uint64_t)packet->source.port << 16 | packet->destination.port);
    hash = mix(hash, packet->kind);
    return mix_octets(hash, packet->payload.data, packet->payload.size);
}

/* The entry of the key, or a new one in the place of the one that was used
 * longest ago. */
static struct copy_entry *find(struct packet_copies *copies, uint64_t key)
{
    struct copy_entry *set = &copies->entries[key % SETS * WAYS];
    struct copy_entry *oldest = set;

    key |= 1;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key) {
            oldest = &set[i];
            break;
        }
        if (set[i].used < oldest->used)
            oldest = &set[i];
    }
    if (oldest->key != key)
        *oldest = (struct copy_entry){.key = key};
    oldest->used = ++copies->clock;
    return oldest;
}

void packet_copies_start(struct packet_copies *copies)
{
    copies->entries =
        memory_take((size_t)SETS * WAYS * sizeof copies->entries[0]);
}

bool packet_copies_add(struct packet_copies *copies, uint32_t file,
                       const struct packet *packet)
{
    uint64_t hash = hash_packet(packet);
    uint64_t n = ++find(copies, mix(hash, file))->count;
    struct copy_entry *given = find(copies, mix(~hash, n));

    if (given->count++ == 0)
        return false;
    copies->found++;
    return true;
}

void packet_copies_free(struct packet_copies *copies)
{
    free(copies->entries);
    *copies = (struct packet_copies){0};
}
