/* Which SAs a trace holds, and how much of each. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "commands/sa_table.h"

enum { SA_LIMIT = 65536, LATEST = 1024 };

struct sa_key {
    uint64_t spi_i, spi_r; /* of ESP: 0 and the SPI */
};

struct sa_entry {
    struct sa_key key;
    uint64_t messages, opened, last_frame; /* beside the key: one cache line */
    struct result_sa sa; /* without those, until it is given */
    UT_hash_handle hh;
};

struct sa_table {
    struct sa_entry *entries; /* in order of appearance */
    /* By the last bits of the SPI: found last, and often sought next. */
    struct sa_entry *latest[LATEST];
    size_t count;
};

struct sa_table *sa_table_new(void)
{
    return memory_take(sizeof(struct sa_table));
}

void sa_table_free(struct sa_table *table)
{
    struct sa_entry *entry = table->entries;

    HASH_CLEAR(hh, table->entries);
    while (entry != NULL) {
        struct sa_entry *next = entry->hh.next;

        free(entry);
        entry = next;
    }
    free(table);
}

static struct sa_entry *add(struct sa_table *table, struct sa_key key,
                            const struct trace_event *event)
{
    struct sa_entry *entry;

    if (table->count >= SA_LIMIT)
        return NULL;
    entry = memory_take(sizeof *entry);
    entry->key = key;
    entry->sa.source = event->packet.source;
    entry->sa.destination = event->packet.destination;
    entry->sa.first_frame = event->frame;
    if (event->kind == TRACE_ESP)
        snprintf(entry->sa.name, sizeof entry->sa.name, "ESP %08" PRIx64,
                 key.spi_r);
    else
        snprintf(entry->sa.name, sizeof entry->sa.name,
                 "IKE %016" PRIx64 "-%016" PRIx64, key.spi_i, key.spi_r);
    HASH_ADD(hh, table->entries, key, sizeof entry->key, entry);
    table->count++;
    return entry;
}

static struct sa_entry *find(struct sa_table *table, struct sa_key key,
                             const struct trace_event *event)
{
    struct sa_entry **latest = &table->latest[key.spi_r % LATEST];
    struct sa_entry *entry = *latest;

    if (entry != NULL && entry->key.spi_i == key.spi_i &&
        entry->key.spi_r == key.spi_r)
        return entry;
    HASH_FIND(hh, table->entries, &key, sizeof key, entry);
    if (entry == NULL)
        entry = add(table, key, event);
    if (entry != NULL)
        *latest = entry;
    return entry;
}

void sa_table_event(struct sa_table *table, const struct trace_event *event)
{
    struct sa_key key;
    struct sa_entry *entry;
    bool opened;

    if (event->kind == TRACE_ESP) {
        key = (struct sa_key){0, event->esp.packet.spi};
        opened = event->esp.status == TRACE_ESP_OPENED;
    } else if (event->kind == TRACE_IKE && event->ike.header_valid &&
               event->ike.header.spi_r != 0) {
        key = (struct sa_key){event->ike.header.spi_i, event->ike.header.spi_r};
        opened = event->ike.status == TRACE_IKE_OPENED ||
                 event->ike.status == TRACE_IKE_FRAGMENT;
    } else {
        return;
    }
    entry = find(table, key, event);
    if (entry == NULL)
        return;
    entry->messages++;
    entry->opened += opened;
    entry->last_frame = event->frame;
}

void sa_table_give(const struct sa_table *table, struct result *result)
{
    const struct sa_entry *entry = table->entries;

    result->sas =
        arena_take(&result->arena, table->count * sizeof *result->sas + 1);
    while (entry != NULL) {
        struct result_sa *sa = &result->sas[result->sa_count++];

        *sa = entry->sa;
        sa->messages = entry->messages;
        sa->opened = entry->opened;
        sa->last_frame = entry->last_frame;
        entry = entry->hh.next;
    }
}
