/* Defects in what is negotiated, and in what RFC 6311 asks of Child SAs. */
#include <string.h>

#include "gateways/builtin/builtin_private.h"

/* ---- 16420 and 16421 in IKE_AUTH ---- */

static struct ike_payload *find_notify(struct ike_message *message,
                                       uint16_t type)
{
    for (size_t i = 0; i < message->count; i++) {
        struct ike_payload *p = &message->payloads[i];
        if (p->type == PAYLOAD_NOTIFY && p->body.size >= 4 &&
            read_u16(p->body.data + 2) == type)
            return p;
    }
    return NULL;
}

/* The notify with another first octet, and `more` octets of data. */
static void change_notify(struct ike_payload *p, struct arena *arena,
                          uint8_t protocol, size_t more)
{
    size_t size = p->body.size + more;
    uint8_t *body = arena_take(arena, size);

    memcpy(body, p->body.data, p->body.size);
    body[0] = protocol;
    p->body = bytes_of(body, size);
}

static void capabilities_compose(struct builtin *gateway,
                                 struct active_defect *active,
                                 struct ike_sa *sa, struct ike_message *message,
                                 struct arena *arena)
{
    bool response = message->header.flags & IKE_FLAG_RESPONSE;
    struct ike_payload *sync, *counters;

    (void)gateway;
    if (!sa || message->header.exchange != IKE_AUTH ||
        !ike_message_find(message, PAYLOAD_AUTH))
        return;
    sync = find_notify(message, IKEV2_MESSAGE_ID_SYNC_SUPPORTED);
    counters = find_notify(message, IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED);
    switch ((enum capability_variant)active->defect->variant) {
    case CAPABILITY_SYNC:
        if (response && !sync)
            add_notify(message, arena, IKEV2_MESSAGE_ID_SYNC_SUPPORTED,
                       (struct bytes){0});
        break;
    case CAPABILITY_COUNTERS:
        if (response && !counters)
            add_notify(message, arena, IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED,
                       (struct bytes){0});
        break;
    case CAPABILITY_SYNC_DATA:
        if (sync)
            change_notify(sync, arena, 0, 4);
        break;
    case CAPABILITY_COUNTERS_PROTOCOL:
        if (counters)
            change_notify(counters, arena, PROTOCOL_IKE, 0);
        break;
    }
}

const struct defect_ops defect_capabilities = {.compose = capabilities_compose};

/* ---- A second Child SA of the same selectors (RFC 6311 3.2) ---- */

static void parallel_event(struct builtin *gateway,
                           struct active_defect *active, struct ike_sa *sa,
                           const struct ike_event *event)
{
    struct ike_notify notify;

    (void)gateway;
    if (!sa)
        return;
    if (event->kind == IKE_EVENT_REQUEST)
        active->flag =
            event->message->header.exchange == CREATE_CHILD_SA &&
            ike_message_find(event->message, PAYLOAD_TSI) &&
            !ike_message_notify(event->message, REKEY_SA, 0, &notify);
    if (event->kind == IKE_EVENT_CHILD_UP && active->flag) {
        active->flag = false;
        active->spi = event->child->spi_in;
    }
}

static void parallel_after(struct builtin *gateway,
                           struct active_defect *active, uint64_t now)
{
    struct ike_sa *sa = NULL;
    struct child_sa *child;

    if (!active->spi)
        return;
    child = ike_host_find_child(node_host(cluster_active(gateway->cluster)),
                                (uint32_t)active->spi, &sa);
    active->spi = 0;
    if (child)
        ike_delete_child(sa, child, now, NULL);
}

const struct defect_ops defect_parallel_child = {.event = parallel_event,
                                                 .after = parallel_after};
