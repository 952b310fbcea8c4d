/* What travels on the synch channel: real serialised state, and at its end a
 * check value. */
#include "cluster/cluster_private.h"

#include <string.h>

enum { CHECK_SIZE = 4, SYNCH_HEADER = 17, COUNTERS_SIZE = 8 };

static const char *const kind_names[SYNCH_KINDS] = {
    [SYNCH_IKE_SA] = "ike_sa",         [SYNCH_IKE_REKEY] = "ike_rekey",
    [SYNCH_CHILD_ADD] = "child_add",   [SYNCH_CHILD_DELETE] = "child_delete",
    [SYNCH_MESSAGE_ID] = "message_id", [SYNCH_COUNTER] = "counter",
    [SYNCH_DELETE] = "delete",
};

static const struct {
    const char *name, *done;
} fates[SYNCH_FATES] = {
    [SYNCH_DELIVER] = {"deliver", "delivered"},
    [SYNCH_LOSE] = {"lose", "lost"},
    [SYNCH_DELAY] = {"delay", "delayed"},
    [SYNCH_HOLD] = {"hold", "held"},
    [SYNCH_DUPLICATE] = {"duplicate", "duplicated"},
    [SYNCH_SWAP] = {"swap", "swapped"},
    [SYNCH_CORRUPT] = {"corrupt", "corrupted"},
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

const char *synch_fate_name(enum synch_fate fate)
{
    return fate < SYNCH_FATES ? fates[fate].name : "unknown";
}

const char *synch_fate_done(enum synch_fate fate)
{
    return fate < SYNCH_FATES ? fates[fate].done : "unknown";
}

enum synch_fate synch_fate_find(const char *name)
{
    for (int fate = 0; fate < SYNCH_FATES; fate++)
        if (!strcmp(fates[fate].name, name))
            return (enum synch_fate)fate;
    return SYNCH_FATES;
}

/* Carries the whole IKE SA. */
static bool synch_is_whole(enum synch_kind kind)
{
    return kind <= SYNCH_CHILD_DELETE;
}

/* FNV-1a: each octet enters by a bijection, so that a change of one always
 * shows. It is there against accidents. */
static uint32_t check_value(struct bytes octets)
{
    uint32_t value = UINT32_C(2166136261);

    for (size_t i = 0; i < octets.size; i++)
        value = (value ^ octets.data[i]) * UINT32_C(16777619);
    return value;
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
    size_t start = out->size;

    buffer_u8(out, (uint8_t)kind);
    buffer_u64(out, sa->spi_i);
    buffer_u64(out, sa->spi_r);
    if (synch_is_whole(kind) || kind == SYNCH_MESSAGE_ID) {
        buffer_u32(out, sa->next_send);
        buffer_u32(out, sa->next_receive);
    }
    if (synch_is_whole(kind)) {
        ike_export(sa, out);
    } else if (kind == SYNCH_COUNTER) {
        encode_counters(node, sa, out);
    }
    buffer_u32(out,
               check_value(bytes_slice(buffer_view(out), start, SIZE_MAX)));
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

/* Of a whole message; false if it is none. `body` is what comes after the
 * SPIs. */
static bool decode(struct bytes octets, enum synch_kind *kind, uint64_t *spi_i,
                   uint64_t *spi_r, struct cursor *body)
{
    if (octets.size < SYNCH_HEADER + CHECK_SIZE)
        return false;
    struct bytes rest = bytes_slice(octets, 0, octets.size - CHECK_SIZE);
    if (check_value(rest) != read_u32(octets.data + rest.size))
        return false;
    *body = cursor_over(rest);
    *kind = (enum synch_kind)cursor_u8(body);
    *spi_i = cursor_u64(body);
    *spi_r = cursor_u64(body);
    return *kind < SYNCH_KINDS;
}

bool synch_peek(struct bytes octets, enum synch_kind *kind, uint64_t *spi_i,
                uint64_t *spi_r)
{
    struct cursor body;
    return decode(octets, kind, spi_i, spi_r, &body);
}

bool synch_peek_counters(struct bytes octets, uint32_t *next_send,
                         uint32_t *next_receive)
{
    enum synch_kind kind;
    uint64_t spi_i, spi_r;
    struct cursor body;

    if (!decode(octets, &kind, &spi_i, &spi_r, &body) ||
        (!synch_is_whole(kind) && kind != SYNCH_MESSAGE_ID))
        return false;
    *next_send = cursor_u32(&body);
    *next_receive = cursor_u32(&body);
    return !body.failed;
}

bool synch_apply(struct node *node, struct bytes octets, struct error *error)
{
    enum synch_kind kind;
    uint64_t spi_i, spi_r;
    struct cursor body;

    if (!decode(octets, &kind, &spi_i, &spi_r, &body))
        return error_set(error, "synch message of %zu octets is damaged",
                         octets.size);
    if (synch_is_whole(kind)) {
        cursor_bytes(&body, COUNTERS_SIZE);
        return node_import(node, cursor_rest(&body), error) != NULL;
    }
    struct ike_sa *sa = node_find_sa(node, spi_i, spi_r);
    if (!sa)
        return true;
    if (kind == SYNCH_DELETE) {
        node_forget(node, sa);
    } else if (kind == SYNCH_MESSAGE_ID) {
        uint32_t next_send = cursor_u32(&body);
        uint32_t next_receive = cursor_u32(&body);
        if (!body.failed)
            ike_set_counters(sa, next_send, next_receive);
    } else {
        apply_counters(node, &body);
    }
    return !body.failed ||
           error_set(error, "synch message %s is cut off after %zu octets",
                     synch_kind_name(kind), octets.size);
}
