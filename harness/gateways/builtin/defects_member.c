/* Defects of a member that takes over: in its synchronization requests, and in
 * what it makes of the answers (RFC 6311 5 to 8, 11). */
#include <string.h>

#include "gateways/builtin/builtin_private.h"

enum { SYNC_SIZE = IKE_MESSAGE_ID_SYNC_SIZE, SYNCS_AGAIN = 3 };

/* ---- Requests that are wrong ---- */

/* The notify's data, copied so that it may be changed, with `more` octets. */
static uint8_t *own_notify(struct ike_message *message, uint16_t type,
                           struct arena *arena, size_t more)
{
    for (size_t i = 0; i < message->count; i++) {
        struct ike_payload *p = &message->payloads[i];
        if (p->type != PAYLOAD_NOTIFY || p->body.size < 4 ||
            read_u16(p->body.data + 2) != type)
            continue;
        uint8_t *body = arena_take(arena, p->body.size + more);
        memcpy(body, p->body.data, p->body.size);
        p->body = bytes_of(body, p->body.size + more);
        return body + 4;
    }
    return NULL;
}

static void remove_notify(struct ike_message *message, uint16_t type)
{
    size_t kept = 0;

    for (size_t i = 0; i < message->count; i++) {
        struct ike_payload *p = &message->payloads[i];
        if (p->type != PAYLOAD_NOTIFY || p->body.size < 4 ||
            read_u16(p->body.data + 2) != type)
            message->payloads[kept++] = *p;
    }
    message->count = kept;
}

static bool has_notify(const struct ike_message *message, uint16_t type)
{
    struct ike_notify notify;
    return ike_message_notify(message, type, 0, &notify);
}

static void change_delta(struct ike_message *message, struct arena *arena,
                         const struct ike_sa *sa)
{
    bool esn = sa->children && sa->children->suite.esn;
    uint8_t octets[8];

    if (!has_notify(message, IPSEC_REPLAY_COUNTER_SYNC))
        return;
    remove_notify(message, IPSEC_REPLAY_COUNTER_SYNC);
    write_u64(octets, 1000);
    add_notify(message, arena, IPSEC_REPLAY_COUNTER_SYNC,
               bytes_of(octets + (esn ? 4 : 0), esn ? 4 : 8));
}

static void change_request(struct active_defect *active,
                           const struct ike_sa *sa, struct ike_message *message,
                           struct arena *arena)
{
    static const uint8_t vendor[] = "counterfoil", delta[] = {0, 0, 4, 0};
    enum member_sync_variant variant =
        (enum member_sync_variant)active->defect->variant;
    uint8_t *data = own_notify(message, IKEV2_MESSAGE_ID_SYNC, arena,
                               variant == MEMBER_LONG ? 4 : 0);

    switch (variant) {
    case MEMBER_MESSAGE_ID:
        message->header.message_id = 1;
        break;
    case MEMBER_M1_USED:
        write_u32(data + 4, sa->next_send ? sa->next_send - 1 : 0);
        break;
    case MEMBER_M1_REPEATED:
        if (active->spi != sa->spi_i)
            active->highest = read_u32(data + 4);
        active->spi = sa->spi_i;
        write_u32(data + 4, active->highest);
        break;
    case MEMBER_M1_WITHOUT_WINDOW:
        write_u32(data + 4, sa->next_send);
        break;
    case MEMBER_P1_LOW:
        write_u32(data + 8, sa->next_receive ? sa->next_receive - 1 : 0);
        break;
    case MEMBER_VENDOR:
        ike_message_add(message, PAYLOAD_VENDOR,
                        bytes_of(vendor, sizeof vendor - 1));
        break;
    case MEMBER_DELTA_SIZE:
        change_delta(message, arena, sa);
        break;
    case MEMBER_DELTA_UNNEGOTIATED:
        if (!sa->replay_counter_sync)
            add_notify(message, arena, IPSEC_REPLAY_COUNTER_SYNC,
                       bytes_of(delta, sizeof delta));
        break;
    default:
        break;
    }
}

static void sync_compose(struct builtin *gateway, struct active_defect *active,
                         struct ike_sa *sa, struct ike_message *message,
                         struct arena *arena)
{
    (void)gateway;
    if (!sa)
        return;
    if (is_sync_request(message))
        change_request(active, sa, message, arena);
    else if (active->defect->variant == MEMBER_DELTA_ALONE &&
             !(message->header.flags & IKE_FLAG_RESPONSE) &&
             has_notify(message, IPSEC_REPLAY_COUNTER_SYNC))
        message->header.message_id = 0;
}

/* What is not sent after a failover. By its header: a regular request of
 * Message ID 0 comes before the first one. */
static bool sync_outgoing(struct builtin *gateway, struct active_defect *active,
                          const struct node_outgoing *outgoing)
{
    const struct ike_header *header = outgoing->header;

    (void)gateway;
    if (!active->flag || !header || (header->flags & IKE_FLAG_RESPONSE))
        return false;
    switch (active->defect->variant) {
    case MEMBER_SILENT:
        return !header->message_id && header->exchange == INFORMATIONAL;
    case MEMBER_NO_REKEY:
        return header->exchange == CREATE_CHILD_SA;
    default:
        return false;
    }
}

static void sync_takeover(struct builtin *gateway, struct active_defect *active,
                          struct node *to, uint64_t now)
{
    (void)gateway;
    (void)to;
    (void)now;
    active->flag = true;
}

const struct defect_ops defect_member_sync = {.compose = sync_compose,
                                              .outgoing = sync_outgoing,
                                              .takeover = sync_takeover};

/* ---- Requests that should not be ---- */

static void send_sync(struct builtin *gateway, struct ike_sa *sa)
{
    struct ike_message message = {.count = 0};
    struct ike_message_id_sync sync;
    struct buffer data = {0};
    struct arena arena = {0};

    cluster_choose_sync(sa, &gateway->rng.rng, &sync);
    ike_message_id_sync_encode(&sync, &data);
    ike_header_for(sa, INFORMATIONAL, false, 0, &message.header);
    add_notify(&message, &arena, IKEV2_MESSAGE_ID_SYNC, buffer_view(&data));
    send_message(gateway, sa, &message);
    buffer_free(&data);
    arena_free(&arena);
}

static void extra_event(struct builtin *gateway, struct active_defect *active,
                        struct ike_sa *sa, const struct ike_event *event)
{
    if (active->defect->variant == EXTRA_EARLY && sa &&
        event->kind == IKE_EVENT_KEYS && sa->state <= IKE_STATE_AUTH)
        send_sync(gateway, sa);
}

/* The request for the counters goes by itself. */
static void extra_compose(struct builtin *gateway, struct active_defect *active,
                          struct ike_sa *sa, struct ike_message *message,
                          struct arena *arena)
{
    (void)gateway;
    (void)arena;
    if (active->defect->variant != EXTRA_DELTA_APART || !sa ||
        !is_sync_request(message) ||
        !has_notify(message, IPSEC_REPLAY_COUNTER_SYNC))
        return;
    remove_notify(message, IPSEC_REPLAY_COUNTER_SYNC);
    active->spi = sa->initiator ? sa->spi_i : sa->spi_r;
}

static void send_delta(struct builtin *gateway, struct ike_sa *sa)
{
    static const uint8_t delta[] = {0, 0, 0, 0, 0, 0, 4, 0};
    bool esn = sa->children && sa->children->suite.esn;
    struct ike_message message = {.count = 0};
    struct arena arena = {0};

    ike_header_for(sa, INFORMATIONAL, false, sa->next_send, &message.header);
    add_notify(&message, &arena, IPSEC_REPLAY_COUNTER_SYNC,
               bytes_of(delta + (esn ? 0 : 4), esn ? 8 : 4));
    send_message(gateway, sa, &message);
    arena_free(&arena);
}

/* While the synchronization is outstanding. */
static bool extra_outgoing(struct builtin *gateway,
                           struct active_defect *active,
                           const struct node_outgoing *outgoing)
{
    const struct ike_header *header = outgoing->header;

    if (active->spi && header && !header->message_id &&
        !(header->flags & IKE_FLAG_RESPONSE)) {
        active->spi = 0;
        send_delta(gateway, outgoing->sa);
    }
    return false;
}

static void extra_takeover(struct builtin *gateway,
                           struct active_defect *active, struct node *to,
                           uint64_t now)
{
    (void)now;
    if (active->defect->variant != EXTRA_UNNEGOTIATED)
        return;
    for (struct ike_sa *sa = ike_host_first(node_host(to)); sa;
         sa = ike_sa_next(sa))
        if (sa->state == IKE_STATE_ESTABLISHED && !sa->message_id_sync)
            send_sync(gateway, sa);
}

const struct defect_ops defect_member_extra = {.compose = extra_compose,
                                               .event = extra_event,
                                               .outgoing = extra_outgoing,
                                               .takeover = extra_takeover};

/* ---- Answers ---- */

/* What was asked: of which IKE SA, with which nonce; `flag` while it is not
 * answered. */
static void remember_request(struct builtin *gateway,
                             struct active_defect *active, struct ike_sa *sa,
                             struct ike_message *message, struct arena *arena)
{
    struct ike_notify notify;
    struct ike_message_id_sync sync;

    (void)gateway;
    (void)arena;
    if (!sa || !is_sync_request(message) ||
        !ike_message_notify(message, IKEV2_MESSAGE_ID_SYNC, 0, &notify) ||
        !ike_message_id_sync_decode(notify.data, &sync, NULL))
        return;
    active->flag = true;
    active->spi = sa->spi_i;
    active->count = read_u32(sync.nonce);
    active->next_send = sa->next_send;
    active->next_receive = sync.expected_recv;
    active->highest = sa->next_receive;
}

static void answered_event(struct builtin *gateway,
                           struct active_defect *active, struct ike_sa *sa,
                           const struct ike_event *event)
{
    (void)gateway;
    if (sa && event->kind == IKE_EVENT_SYNC && sa->spi_i == active->spi)
        active->flag = false;
}

static bool read_answer(const struct active_defect *active,
                        const struct incoming *in,
                        struct ike_message_id_sync *answer)
{
    struct ike_notify notify;

    return in->opened && in->ike && (in->header.flags & IKE_FLAG_RESPONSE) &&
           in->sa->spi_i == active->spi &&
           ike_message_notify(&in->message, IKEV2_MESSAGE_ID_SYNC, 0,
                              &notify) &&
           ike_message_id_sync_decode(notify.data, answer, NULL);
}

static bool answer_incoming(struct builtin *gateway,
                            struct active_defect *active,
                            const struct incoming *in)
{
    struct ike_message_id_sync answer;
    uint32_t m2, p2;

    if (!read_answer(active, in, &answer))
        return false;
    bool ours = read_u32(answer.nonce) == active->count;
    m2 = answer.expected_recv;
    p2 = answer.expected_send;
    switch ((enum member_answer_variant)active->defect->variant) {
    case ANSWER_OTHER_NONCE:
        if (ours || !active->flag)
            return false;
        ike_abandon_requests(in->sa);
        ike_set_counters(in->sa, m2 + 1, p2);
        send_empty_request(gateway, in->sa, m2);
        return true;
    case ANSWER_NONCE_CLOSES:
        if (ours || !active->flag)
            return false;
        ike_forget(in->sa);
        return true;
    case ANSWER_SECOND:
        if (!ours || active->flag || m2 <= in->sa->next_send)
            return false;
        ike_set_counters(in->sa, m2, p2);
        return true;
    }
    return false;
}

const struct defect_ops defect_member_answer = {.compose = remember_request,
                                                .incoming = answer_incoming,
                                                .event = answered_event};

/* ---- Afterwards ---- */

static void follow_event(struct builtin *gateway, struct active_defect *active,
                         struct ike_sa *sa, const struct ike_event *event)
{
    bool ours = sa && event->kind == IKE_EVENT_SYNC && sa->spi_i == active->spi;
    bool done = ours && active->flag;

    answered_event(gateway, active, sa, event);
    if (ours && active->defect->variant == FOLLOW_NOT_HIGHER)
        ike_set_counters(sa, sa->next_send, active->next_receive);
    if (!done)
        return;
    if (active->defect->variant == FOLLOW_KEEPS_SEND)
        ike_set_counters(sa, active->next_send, sa->next_receive);
    else if (active->defect->variant == FOLLOW_KEEPS_RECEIVE)
        ike_set_counters(sa, sa->next_send, sa->next_receive + 1);
}

static bool follow_incoming(struct builtin *gateway,
                            struct active_defect *active,
                            const struct incoming *in)
{
    struct ike_message_id_sync sync;

    if (!incoming_is_request(in) || !in->opened || in->sa->spi_i != active->spi)
        return false;
    if (active->defect->variant == FOLLOW_AGAIN && !active->flag &&
        !is_sync_request(&in->message) &&
        in->header.message_id < in->sa->next_receive &&
        active->octets.size < SYNCS_AGAIN) {
        buffer_u8(&active->octets, 0); /* a tally */
        cluster_choose_sync(in->sa, &gateway->rng.rng, &sync);
        ike_synchronize(in->sa, &sync, 0, 0, in->now, NULL);
    }
    return false;
}

const struct defect_ops defect_member_follow = {.compose = remember_request,
                                                .incoming = follow_incoming,
                                                .event = follow_event};

/* ---- The window that was declared ---- */

static bool window_incoming(struct builtin *gateway,
                            struct active_defect *active,
                            const struct incoming *in)
{
    struct ike_message message = {.count = 0};
    uint32_t id = in->header.message_id, p1 = active->next_receive;

    if (!incoming_is_request(in) || !in->opened || !active->spi ||
        in->sa->spi_i != active->spi || is_sync_request(&in->message) ||
        (id >= p1 && id - in->sa->next_receive < in->sa->window))
        return false;
    ike_header_for(in->sa, in->header.exchange, true, id, &message.header);
    send_back(gateway, in, &message);
    return true;
}

const struct defect_ops defect_member_window = {.compose = remember_request,
                                                .incoming = window_incoming};
