/* Defects in the synchronization of RFC 6311, as its peer. */
#include <string.h>

#include "gateways/builtin/builtin_private.h"

enum { SYNC_SIZE = IKE_MESSAGE_ID_SYNC_SIZE, OUTSTANDING_MAX = 64 };

/* ---- A synchronization request, whatever is wrong with it ---- */

struct sync_request {
    struct ike_message_id_sync values; /* missing octets are 0 */
    size_t size;                       /* of the notify's data */
    size_t others;                     /* payloads beside 16422 and 16423 */
    size_t delta_size;                 /* 0: no 16423 */
    uint64_t delta;
};

static void read_values(struct bytes data, struct sync_request *out)
{
    uint8_t octets[SYNC_SIZE] = {0};

    if (data.size)
        memcpy(octets, data.data,
               data.size < SYNC_SIZE ? data.size : SYNC_SIZE);
    ike_message_id_sync_decode(bytes_of(octets, sizeof octets), &out->values,
                               NULL);
    out->size = data.size;
}

static bool read_sync(const struct incoming *in, struct sync_request *out)
{
    struct ike_notify notify;

    *out = (struct sync_request){0};
    if (!incoming_is_request(in) || !in->sa ||
        in->header.exchange != INFORMATIONAL || (!in->opened && !in->clear) ||
        !ike_message_notify(&in->message, IKEV2_MESSAGE_ID_SYNC, 0, &notify))
        return false;
    read_values(notify.data, out);
    out->others = in->message.count - 1;
    if (ike_message_notify(&in->message, IPSEC_REPLAY_COUNTER_SYNC, 0,
                           &notify)) {
        out->others--;
        out->delta_size = notify.data.size;
        if (notify.data.size == 4)
            out->delta = read_u32(notify.data.data);
        else if (notify.data.size == 8)
            out->delta = read_u64(notify.data.data);
    }
    return true;
}

/* Nothing wrong with its form: authentic, negotiated, established. */
static bool regular(const struct incoming *in, const struct sync_request *sync)
{
    return in->opened && !in->header.message_id && in->sa->message_id_sync &&
           in->sa->state >= IKE_STATE_ESTABLISHED && !sync->others &&
           sync->size == SYNC_SIZE;
}

static bool stale(const struct ike_sa *sa, uint32_t m1)
{
    return m1 < sa->next_receive || (sa->sync_seen && m1 <= sa->highest_m1);
}

static bool wrong_delta_size(const struct ike_sa *sa, size_t size)
{
    return size && size != (sa->children && sa->children->suite.esn ? 8 : 4);
}

bool is_sync_request(const struct ike_message *message)
{
    struct ike_notify notify;
    return !(message->header.flags & IKE_FLAG_RESPONSE) &&
           message->header.exchange == INFORMATIONAL &&
           ike_message_notify(message, IKEV2_MESSAGE_ID_SYNC, 0, &notify);
}

void add_notify(struct ike_message *message, struct arena *arena, uint16_t type,
                struct bytes data)
{
    struct ike_notify notify = {.type = type, .data = data};
    struct buffer body = {0};

    ike_notify_encode(&notify, &body);
    ike_message_add(message, PAYLOAD_NOTIFY,
                    arena_copy(arena, buffer_view(&body)));
    buffer_free(&body);
}

static void add_sync(struct ike_message *message, struct arena *arena,
                     const struct ike_message_id_sync *sync)
{
    struct buffer data = {0};

    ike_message_id_sync_encode(sync, &data);
    add_notify(message, arena, IKEV2_MESSAGE_ID_SYNC, buffer_view(&data));
    buffer_free(&data);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* What else the request holds comes back in the answer. */
static void return_others(struct ike_message *message,
                          const struct incoming *in)
{
    struct ike_notify notify;

    for (size_t i = 0; i < in->message.count; i++) {
        const struct ike_payload *p = &in->message.payloads[i];
        if (p->type != PAYLOAD_NOTIFY ||
            !ike_notify_decode(p->body, &notify, NULL) ||
            (notify.type != IKEV2_MESSAGE_ID_SYNC &&
             notify.type != IPSEC_REPLAY_COUNTER_SYNC))
            ike_message_add(message, p->type, p->body);
    }
}

/* Answers as if the request were in order. */
static void answer(struct builtin *gateway, const struct incoming *in,
                   const struct sync_request *sync, bool adopt)
{
    struct ike_message message = {.count = 0};
    struct arena arena = {0};
    struct ike_message_id_sync reply = sync->values;
    struct ike_sa *sa = in->sa;

    reply.expected_send = larger(sync->values.expected_recv, sa->next_send);
    reply.expected_recv = larger(sync->values.expected_send, sa->next_receive);
    if (adopt)
        ike_set_counters(sa, reply.expected_send, reply.expected_recv);
    ike_header_for(sa, INFORMATIONAL, true, in->header.message_id,
                   &message.header);
    add_sync(&message, &arena, &reply);
    if (in->opened)
        return_others(&message, in);
    send_back(gateway, in, &message);
    arena_free(&arena);
}

/* ---- Requests that are acted on although they must be dropped ---- */

static bool forged(const struct incoming *in)
{
    return incoming_is_request(in) && in->sa && !in->opened && !in->clear &&
           in->header.exchange == INFORMATIONAL && !in->header.message_id;
}

static bool is_the_case(const struct active_defect *active,
                        const struct incoming *in,
                        const struct sync_request *sync)
{
    const struct ike_sa *sa = in->sa;
    uint32_t m1 = sync->values.expected_send;
    bool usual =
        in->opened && sa->message_id_sync && sa->state >= IKE_STATE_ESTABLISHED;

    switch ((enum sync_accept_variant)active->defect->variant) {
    case ACCEPT_STALE:
    case ACCEPT_STALE_LOWER:
        return regular(in, sync) && stale(sa, m1);
    case ACCEPT_FORGOTTEN: /* stale only for an earlier synchronization */
        return regular(in, sync) && sa->sync_seen && m1 <= sa->highest_m1 &&
               (!active->flag || m1 > active->highest);
    case ACCEPT_EXTRA_PAYLOAD:
        return usual && !in->header.message_id && sync->others;
    case ACCEPT_SHORT:
        return usual && !in->header.message_id && sync->size < SYNC_SIZE;
    case ACCEPT_LONG:
        return usual && !in->header.message_id && sync->size > SYNC_SIZE;
    case ACCEPT_CLEAR:
        return in->clear && sa->state >= IKE_STATE_AUTH;
    case ACCEPT_UNNEGOTIATED:
        return in->opened && !in->header.message_id && !sa->message_id_sync &&
               sa->state >= IKE_STATE_ESTABLISHED;
    case ACCEPT_EARLY:
        return in->opened && sa->state == IKE_STATE_AUTH;
    case ACCEPT_MESSAGE_ID:
        return usual && in->header.message_id;
    case ACCEPT_DELTA_SIZE:
        return regular(in, sync) && !stale(sa, m1) &&
               wrong_delta_size(sa, sync->delta_size);
    case ACCEPT_FORGED:
        break;
    }
    return false;
}

static void skip_all(struct builtin *gateway, const struct ike_sa *sa,
                     uint64_t delta)
{
    struct node *node = cluster_active(gateway->cluster);

    for (const struct child_sa *c = sa->children; c; c = c->next) {
        struct node_esp *esp = node_esp_find(node, c->spi_in);
        if (esp)
            esp_skip(&esp->out, delta, NULL);
    }
}

static bool accept_incoming(struct builtin *gateway,
                            struct active_defect *active,
                            const struct incoming *in)
{
    struct sync_request sync = {.size = 0};
    int variant = active->defect->variant;

    if (variant == ACCEPT_FORGED
            ? !forged(in)
            : !read_sync(in, &sync) || !is_the_case(active, in, &sync))
        return false;
    if (variant == ACCEPT_STALE_LOWER) {
        ike_set_counters(in->sa, in->sa->next_send, sync.values.expected_send);
        return true;
    }
    if (variant == ACCEPT_DELTA_SIZE)
        skip_all(gateway, in->sa, sync.delta);
    answer(gateway, in, &sync,
           variant != ACCEPT_FORGED && variant != ACCEPT_EARLY);
    return true;
}

/* The highest regular Message ID of the cluster's. */
static void accept_event(struct builtin *gateway, struct active_defect *active,
                         struct ike_sa *sa, const struct ike_event *event)
{
    struct ike_notify notify;

    (void)gateway;
    if (!sa || event->kind != IKE_EVENT_REQUEST || !event->message)
        return;
    if (ike_message_notify(event->message, IKEV2_MESSAGE_ID_SYNC, 0, &notify))
        return;
    if (active->spi != sa->spi_i)
        active->highest = 0;
    active->spi = sa->spi_i;
    active->highest =
        larger(active->highest, event->message->header.message_id);
    active->flag = true;
}

const struct defect_ops defect_sync_accept = {.incoming = accept_incoming,
                                              .event = accept_event};

/* ---- Requests that are not answered, or not lived up to ---- */

/* The last request that went out, for what goes on after the sync. */
static bool drop_outgoing(struct builtin *gateway, struct active_defect *active,
                          const struct node_outgoing *outgoing)
{
    (void)gateway;
    if (active->defect->variant == DROP_NOT_PENDING && outgoing->header &&
        !(outgoing->header->flags & IKE_FLAG_RESPONSE)) {
        buffer_clear(&active->octets);
        buffer_bytes(&active->octets, outgoing->datagram->payload);
        active->datagram = *outgoing->datagram;
        active->datagram.payload = buffer_view(&active->octets);
    }
    return false;
}

static bool drop_incoming(struct builtin *gateway, struct active_defect *active,
                          const struct incoming *in)
{
    struct sync_request sync;
    uint32_t ids[OUTSTANDING_MAX];

    if (!read_sync(in, &sync) || !regular(in, &sync))
        return false;
    if (active->defect->variant == DROP_ALL)
        return true;
    if (!ike_outstanding(in->sa, ids, OUTSTANDING_MAX))
        return false;
    if (active->defect->variant == DROP_WHILE_WAITING)
        return true;
    struct later when = {
        .due = in->now + NS_PER_S, .interval = NS_PER_S, .times = 3};
    if (!stale(in->sa, sync.values.expected_send) && active->octets.size)
        send_later(gateway, &active->datagram, &when);
    return false;
}

const struct defect_ops defect_sync_drop = {.outgoing = drop_outgoing,
                                            .incoming = drop_incoming};

/* ---- Responses that are wrong ---- */

/* Our counters before the synchronization that is being processed. */
static bool remember_counters(struct builtin *gateway,
                              struct active_defect *active,
                              const struct incoming *in)
{
    struct sync_request sync;

    (void)gateway;
    if (read_sync(in, &sync) && regular(in, &sync) &&
        !stale(in->sa, sync.values.expected_send)) {
        active->next_send = in->sa->next_send;
        active->next_receive = in->sa->next_receive;
        active->highest = sync.values.expected_recv;
    }
    return false;
}

static struct ike_payload *sync_payload(struct ike_message *message)
{
    if (!(message->header.flags & IKE_FLAG_RESPONSE) ||
        message->header.exchange != INFORMATIONAL || message->count != 1)
        return NULL;
    struct ike_payload *p = &message->payloads[0];
    bool is_sync = p->type == PAYLOAD_NOTIFY && p->body.size == 4 + SYNC_SIZE &&
                   read_u16(p->body.data + 2) == IKEV2_MESSAGE_ID_SYNC;
    return is_sync ? p : NULL;
}

static void change_values(const struct active_defect *active, uint8_t *data)
{
    uint32_t p2 = read_u32(data + 4), m2 = read_u32(data + 8);

    switch ((enum sync_response_variant)active->defect->variant) {
    case RESPONSE_NONCE:
        data[3] ^= 1;
        break;
    case RESPONSE_P2_LOW:
        write_u32(data + 4, p2 ? p2 - 1 : 0);
        break;
    case RESPONSE_P2_NOT_P1:
        write_u32(data + 4, active->next_send);
        break;
    case RESPONSE_P2_NOT_OWN:
        write_u32(data + 4, active->highest);
        break;
    case RESPONSE_M2_LOW:
        write_u32(data + 8, m2 ? m2 - 1 : 0);
        break;
    case RESPONSE_M2_NOT_M1:
        write_u32(data + 8, active->next_receive);
        break;
    case RESPONSE_SWAPPED:
        write_u32(data + 4, m2);
        write_u32(data + 8, p2);
        break;
    default:
        break;
    }
}

static void add_delta(struct ike_message *message, struct arena *arena)
{
    uint8_t *body = arena_take(arena, 8); /* protocol and SPI size 0 */
    write_u16(body + 2, IPSEC_REPLAY_COUNTER_SYNC);
    write_u32(body + 4, 1000);
    ike_message_add(message, PAYLOAD_NOTIFY, bytes_of(body, 8));
}

static void response_compose(struct builtin *gateway,
                             struct active_defect *active, struct ike_sa *sa,
                             struct ike_message *message, struct arena *arena)
{
    static const uint8_t vendor[] = "counterfoil";
    struct ike_payload *p = sync_payload(message);
    int variant = active->defect->variant;

    (void)gateway;
    if (!sa || !p)
        return;
    size_t size = p->body.size + (variant == RESPONSE_LONG ? 4 : 0);
    uint8_t *body = arena_take(arena, size);
    memcpy(body, p->body.data, p->body.size);
    p->body = bytes_of(body, size);
    change_values(active, body + 4);
    if (variant == RESPONSE_MESSAGE_ID)
        message->header.message_id = 1;
    else if (variant == RESPONSE_VENDOR)
        ike_message_add(message, PAYLOAD_VENDOR,
                        bytes_of(vendor, sizeof vendor - 1));
    else if (variant == RESPONSE_DELTA)
        add_delta(message, arena);
}

const struct defect_ops defect_sync_response = {.incoming = remember_counters,
                                                .compose = response_compose};

/* ---- Counters that do not follow what was announced ---- */

static bool is_sync_event(const struct ike_sa *sa,
                          const struct ike_event *event)
{
    struct ike_notify notify;
    return sa && event->kind == IKE_EVENT_SYNC && event->message &&
           ike_message_notify(event->message, IKEV2_MESSAGE_ID_SYNC, 0,
                              &notify);
}

static void counters_event(struct builtin *gateway,
                           struct active_defect *active, struct ike_sa *sa,
                           const struct ike_event *event)
{
    (void)gateway;
    if (!is_sync_event(sa, event))
        return;
    if (active->defect->variant == COUNTERS_KEEP_SEND)
        ike_set_counters(sa, active->next_send, sa->next_receive);
    else
        ike_set_counters(sa, sa->next_send, active->next_receive);
}

const struct defect_ops defect_sync_counters = {.incoming = remember_counters,
                                                .event = counters_event};

/* ---- Replay counters (RFC 6311 5.2): the engine has skipped by now ---- */

static void take_back(struct node_esp *esp, uint64_t delta)
{
    if (esp && esp->out.sequence >= delta)
        esp->out.sequence -= delta;
}

static void delta_event(struct builtin *gateway, struct active_defect *active,
                        struct ike_sa *sa, const struct ike_event *event)
{
    struct node *node = cluster_active(gateway->cluster);
    int variant = active->defect->variant;

    if (!sa || event->kind != IKE_EVENT_SYNC || !event->delta)
        return;
    for (const struct child_sa *c = sa->children; c; c = c->next) {
        struct node_esp *esp = node_esp_find(node, c->spi_in);
        if (variant == DELTA_IGNORED ||
            (variant == DELTA_ONE_CHILD && c != sa->children))
            take_back(esp, event->delta);
        else if (variant == DELTA_LOW)
            take_back(esp, 1);
    }
}

static bool delta_incoming(struct builtin *gateway,
                           struct active_defect *active,
                           const struct incoming *in)
{
    struct sync_request sync;

    if (active->defect->variant == DELTA_STALE && read_sync(in, &sync) &&
        regular(in, &sync) && sync.delta_size && in->sa->replay_counter_sync &&
        stale(in->sa, sync.values.expected_send))
        skip_all(gateway, in->sa, sync.delta);
    return false;
}

const struct defect_ops defect_sync_delta = {.incoming = delta_incoming,
                                             .event = delta_event};
