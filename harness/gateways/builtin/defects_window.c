/* Defects in Message IDs, windows, retransmission and headers (RFC 7296). */
#include "gateways/builtin/builtin_private.h"

enum { OUTSTANDING_MAX = 64 };

static bool is_sync(const struct ike_message *message)
{
    struct ike_notify notify;
    return ike_message_notify(message, IKEV2_MESSAGE_ID_SYNC, 0, &notify);
}

static uint64_t own_spi(const struct ike_sa *sa)
{
    return sa->initiator ? sa->spi_i : sa->spi_r;
}

/* ---- Headers ---- */

static void header_compose(struct builtin *gateway,
                           struct active_defect *active, struct ike_sa *sa,
                           struct ike_message *message, struct arena *arena)
{
    struct ike_header *header = &message->header;
    bool response = header->flags & IKE_FLAG_RESPONSE;

    (void)gateway;
    (void)arena;
    if (!sa || header->exchange != INFORMATIONAL || is_sync(message))
        return;
    switch ((enum header_variant)active->defect->variant) {
    case HEADER_INITIATOR:
        header->flags ^= IKE_FLAG_INITIATOR;
        break;
    case HEADER_RESPONSE:
        if (response)
            header->flags &= (uint8_t)~IKE_FLAG_RESPONSE;
        break;
    case HEADER_VERSION:
        header->version = IKE_VERSION_2 | 1;
        break;
    case HEADER_MESSAGE_ID:
        if (response)
            header->message_id++;
        break;
    }
}

const struct defect_ops defect_header = {.compose = header_compose};

/* ---- Retransmission ---- */

/* What we sent, opened with our own key and sealed once more. */
static bool seal_again(struct builtin *gateway,
                       const struct node_outgoing *outgoing,
                       uint32_t message_id)
{
    struct ike_sa *sa = outgoing->sa;
    const struct ike_keys *keys = &sa->keys;
    struct ike_message message = {.count = 0};
    struct buffer plaintext = {0}, octets = {0};
    struct protection p;
    uint8_t first;

    bool good =
        protection_init(&p, &sa->suite, sa->initiator ? &keys->ei : &keys->er,
                        sa->initiator ? &keys->ai : &keys->ar, NULL) &&
        sk_open(gateway->crypto, &p, outgoing->octets, &plaintext, &first,
                NULL) &&
        ike_payloads_decode(first, buffer_view(&plaintext), &message, NULL);
    message.header = *outgoing->header;
    message.header.message_id = message_id;
    good = good && ike_seal(sa, &message, &octets, NULL);
    if (good)
        node_send_octets(cluster_active(gateway->cluster), false, false,
                         &outgoing->datagram->source,
                         &outgoing->datagram->destination,
                         buffer_view(&octets));
    buffer_free(&plaintext);
    buffer_free(&octets);
    return good;
}

static bool repeat_request(struct builtin *gateway,
                           const struct active_defect *active,
                           const struct node_outgoing *outgoing)
{
    const struct ike_header *header = outgoing->header;
    bool sealed = header->exchange != IKE_SA_INIT && outgoing->fragments == 1;
    struct later when = {.due = sim_now(gateway->sim) + NS_PER_S / 2,
                         .interval = NS_PER_S / 2,
                         .times = 12,
                         .spi = own_spi(outgoing->sa),
                         .message_id = header->message_id};

    switch ((enum retransmission_variant)active->defect->variant) {
    case REPEAT_RESEALED:
        return outgoing->repeat && sealed &&
               seal_again(gateway, outgoing, header->message_id);
    case REPEAT_RENUMBERED:
        return outgoing->repeat && sealed &&
               seal_again(gateway, outgoing,
                          header->message_id + outgoing->repeat);
    case REPEAT_NEVER:
        return outgoing->repeat;
    case REPEAT_CONSTANTLY:
        if (!outgoing->repeat)
            send_later(gateway, outgoing->datagram, &when);
        return outgoing->repeat;
    default:
        return false;
    }
}

static bool repeat_response(struct builtin *gateway,
                            const struct active_defect *active,
                            const struct node_outgoing *outgoing)
{
    const struct ike_header *header = outgoing->header;
    struct later when = {.due = sim_now(gateway->sim) + 2 * NS_PER_S,
                         .times = 1};

    switch ((enum retransmission_variant)active->defect->variant) {
    case REPEAT_RESPONSE_RESEALED:
        return outgoing->repeat && header->exchange != IKE_SA_INIT &&
               outgoing->fragments == 1 &&
               seal_again(gateway, outgoing, header->message_id);
    case REPEAT_RESPONSE_NEVER:
        return outgoing->repeat;
    case REPEAT_RESPONSE_UNASKED:
        if (!outgoing->repeat && header->exchange == INFORMATIONAL)
            send_later(gateway, outgoing->datagram, &when);
        return false;
    default:
        return false;
    }
}

static bool retransmission_outgoing(struct builtin *gateway,
                                    struct active_defect *active,
                                    const struct node_outgoing *outgoing)
{
    if (!outgoing->sa || !outgoing->header)
        return false;
    if (outgoing->header->flags & IKE_FLAG_RESPONSE)
        return repeat_response(gateway, active, outgoing);
    return repeat_request(gateway, active, outgoing);
}

const struct defect_ops defect_retransmission = {.outgoing =
                                                     retransmission_outgoing};

/* ---- Requests of our own ---- */

/* With one request unanswered for a while, further ones. */
static bool request_outgoing(struct builtin *gateway,
                             struct active_defect *active,
                             const struct node_outgoing *outgoing)
{
    struct ike_sa *sa = outgoing->sa;
    const struct ike_header *header = outgoing->header;
    bool wide = sa && sa->peer_window > 1;

    if (!sa || !header || (header->flags & IKE_FLAG_RESPONSE) ||
        outgoing->repeat != 1 || outgoing->fragment ||
        sa->state != IKE_STATE_ESTABLISHED || !header->message_id ||
        wide != (active->defect->variant == REQUEST_BEYOND_WINDOW) ||
        active->defect->variant == REQUEST_SKIPS ||
        active->defect->variant == REQUEST_CONTINUES)
        return false;
    uint32_t window = sa->peer_window;
    if (window > OUTSTANDING_MAX)
        return false;
    for (uint32_t id = sa->next_send; id - header->message_id <= window; id++)
        send_empty_request(gateway, sa, id);
    return false;
}

static void request_event(struct builtin *gateway, struct active_defect *active,
                          struct ike_sa *sa, const struct ike_event *event)
{
    (void)gateway;
    if (!sa)
        return;
    if (active->defect->variant == REQUEST_SKIPS &&
        event->kind == IKE_EVENT_RESPONSE &&
        sa->state == IKE_STATE_ESTABLISHED && !is_sync(event->message))
        ike_set_counters(sa, sa->next_send + 1, sa->next_receive);
    else if (active->defect->variant == REQUEST_CONTINUES &&
             event->kind == IKE_EVENT_REKEYED)
        ike_set_counters(event->other, sa->next_send,
                         event->other->next_receive);
}

const struct defect_ops defect_request = {.outgoing = request_outgoing,
                                          .event = request_event};

/* ---- The window for requests that come in ---- */

static void refuse(struct builtin *gateway, const struct incoming *in,
                   bool with_notify)
{
    struct ike_message message = {.count = 0};
    struct ike_notify notify = {.type = INVALID_MESSAGE_ID};
    struct buffer body = {0};
    uint8_t id[4];

    ike_header_for(in->sa, in->header.exchange, true, in->header.message_id,
                   &message.header);
    write_u32(id, in->header.message_id);
    notify.data = bytes_of(id, sizeof id);
    ike_notify_encode(&notify, &body);
    if (with_notify)
        ike_message_add(&message, PAYLOAD_NOTIFY, buffer_view(&body));
    send_back(gateway, in, &message);
    buffer_free(&body);
}

/* Below what can be a retransmission, or beyond the window. */
static bool outside(const struct ike_sa *sa, uint32_t message_id)
{
    if (message_id < sa->next_receive)
        return sa->next_receive - message_id > sa->window;
    return message_id - sa->next_receive >= sa->window;
}

static bool outstanding(const struct ike_sa *sa, uint32_t message_id)
{
    uint32_t ids[OUTSTANDING_MAX];
    size_t count = ike_outstanding(sa, ids, OUTSTANDING_MAX);

    for (size_t i = 0; i < count; i++)
        if (ids[i] == message_id)
            return true;
    return false;
}

static bool window_incoming(struct builtin *gateway,
                            struct active_defect *active,
                            const struct incoming *in)
{
    const struct ike_sa *sa = in->sa;
    uint32_t message_id = in->header.message_id;
    uint32_t any;
    bool taken = false;

    if (!in->opened || sa->state < IKE_STATE_ESTABLISHED ||
        is_sync(&in->message))
        return false;
    bool request = incoming_is_request(in);
    switch ((enum window_variant)active->defect->variant) {
    case WINDOW_ANSWERS:
    case WINDOW_REFUSES:
        taken = request && outside(sa, message_id);
        break;
    case WINDOW_BELOW_SYNC:
        taken = request && sa->sync_seen && message_id < sa->highest_m1;
        break;
    case WINDOW_RESPONSE_ANSWERED:
        taken = !request && !outstanding(sa, message_id);
        break;
    case WINDOW_BLOCKED:
        return request && ike_outstanding(sa, &any, 1);
    }
    if (taken)
        refuse(gateway, in, active->defect->variant == WINDOW_REFUSES);
    return taken;
}

const struct defect_ops defect_window = {.incoming = window_incoming};

/* ---- Messages without protection ---- */

static bool clear_incoming(struct builtin *gateway,
                           struct active_defect *active,
                           const struct incoming *in)
{
    struct ike_notify notify;

    (void)gateway;
    if (!in->clear || !in->sa || in->sa->state < IKE_STATE_ESTABLISHED)
        return false;
    if (active->defect->variant == CLEAR_DELETE
            ? !ike_message_find(&in->message, PAYLOAD_DELETE)
            : !ike_message_notify(&in->message, INVALID_IKE_SPI, 0, &notify))
        return false;
    ike_forget(in->sa);
    return true;
}

const struct defect_ops defect_clear = {.incoming = clear_incoming};
