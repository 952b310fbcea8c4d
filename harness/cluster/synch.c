/* What travels on the synch channel: real serialised state. */
#include "cluster/cluster.h"

#include <string.h>

static const char *const kind_names[SYNCH_KINDS] = {
    [SYNCH_IKE_SA] = "ike_sa",
    [SYNCH_MESSAGE_ID] = "message_id",
    [SYNCH_COUNTER] = "counter",
    [SYNCH_DELETE] = "delete",
};

const char *synch_kind_name(enum synch_kind kind)
{
    return kind < SYNCH_KINDS ? kind_names[kind] : "unknown";
}

enum synch_kind synch_kind_find(const char *name)
{
    for (int kind = 0; kind < SYNCH_KINDS; kind++)
        if (!strcmp(kind_names[kind], name))
            return (enum synch_kind)kind;
    return SYNCH_KINDS;
}

static void encode_counters(struct node *node, const struct ike_sa *sa,
                            struct buffer *out)
{
    for (const struct child_sa *c = sa->children; c; c = c->next) {
        const struct node_esp *esp = node_esp_find(node, c->spi_in);
        if (!esp)
            continue;
        buffer_u32(out, esp->spi_in);
        buffer_u64(out, esp->out.sequence);
        buffer_u64(out, esp->in.sequence);
    }
}

void synch_encode(enum synch_kind kind, struct node *node,
                  const struct ike_sa *sa, struct buffer *out)
{
    buffer_u8(out, (uint8_t)kind);
    buffer_u64(out, sa->spi_i);
    buffer_u64(out, sa->spi_r);
    if (kind == SYNCH_IKE_SA) {
        ike_export(sa, out);
    } else if (kind == SYNCH_MESSAGE_ID) {
        buffer_u32(out, sa->next_send);
        buffer_u32(out, sa->next_receive);
    } else if (kind == SYNCH_COUNTER) {
        encode_counters(node, sa, out);
    }
}

static void apply_counters(struct node *node, struct cursor *cursor)
{
    while (cursor_left(cursor) && !cursor->failed) {
        uint32_t spi_in = cursor_u32(cursor);
        uint64_t sent = cursor_u64(cursor);
        uint64_t received = cursor_u64(cursor);
        struct node_esp *esp = node_esp_find(node, spi_in);
        if (cursor->failed || !esp)
            continue;
        if (sent > esp->out.sequence)
            esp_skip(&esp->out, sent - esp->out.sequence, NULL);
        esp_learn(&esp->in, received);
    }
}

bool synch_apply(struct node *node, struct bytes octets, struct error *error)
{
    struct cursor cursor = cursor_over(octets);
    uint8_t kind = cursor_u8(&cursor);
    uint64_t spi_i = cursor_u64(&cursor);
    uint64_t spi_r = cursor_u64(&cursor);
    if (cursor.failed || kind >= SYNCH_KINDS)
        return error_set(error,
                         "synch message of kind %u, %zu octets, makes "
                         "no sense",
                         kind, octets.size);

    if (kind == SYNCH_IKE_SA)
        return node_import(node, cursor_rest(&cursor), error) != NULL;
    struct ike_sa *sa = node_find_sa(node, spi_i, spi_r);
    if (!sa)
        return true;
    if (kind == SYNCH_DELETE) {
        node_forget(node, sa);
    } else if (kind == SYNCH_MESSAGE_ID) {
        uint32_t next_send = cursor_u32(&cursor);
        uint32_t next_receive = cursor_u32(&cursor);
        if (!cursor.failed)
            ike_set_counters(sa, next_send, next_receive);
    } else {
        apply_counters(node, &cursor);
    }
    return !cursor.failed ||
           error_set(error, "synch message %s is cut off after %zu octets",
                     synch_kind_name((enum synch_kind)kind), octets.size);
}
