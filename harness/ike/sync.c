/* Counter synchronization (RFC 6311), as the peer of a cluster and as its newly
 * active member. M1 and P1 are the member's values, M2 and P2 the peer's. */
#include "ike/ike_private.h"

#include <string.h>

/* ---- Recognising it ---- */

static uint16_t notify_type(const struct ike_payload *p)
{
    return p->type == PAYLOAD_NOTIFY && p->body.size >= 4
               ? read_u16(p->body.data + 2)
               : 0;
}

static size_t count_notifies(const struct ike_message *message, uint16_t type)
{
    size_t count = 0;
    for (size_t i = 0; i < message->count; i++)
        count += notify_type(&message->payloads[i]) == type;
    return count;
}

/* Reading A07: after decryption, by Message ID 0 and the notify; such a message
 * uses neither the window nor the cache of the regular request 0.
 * RFC6311-5-02: only where both have asserted the capability.
 * RFC6311-5.1-11: the Message ID is 0; with another one the notify is an
 * unknown status in an ordinary message. */
static bool is_sync(const struct ike_sa *sa, const struct received *in)
{
    return sa->message_id_sync && sa_is_open(sa) && !in->malformed &&
           in->message.header.exchange == INFORMATIONAL &&
           in->message.header.message_id == 0 &&
           count_notifies(&in->message, IKEV2_MESSAGE_ID_SYNC) > 0;
}

bool sync_is_request(const struct ike_sa *sa, const struct received *in)
{
    return is_sync(sa, in);
}

bool sync_is_response(const struct ike_sa *sa, const struct received *in)
{
    return is_sync(sa, in);
}

/* RFC6311-5.1-10: nothing else than 16422, and in a request 16423 at most
 * once. RFC6311-6.3-01: 12 octets, no SPI. */
static bool read_sync(const struct received *in, size_t others,
                      struct ike_message_id_sync *out, struct error *error)
{
    const struct ike_message *message = &in->message;
    struct ike_notify notify;

    if (in->fragmented) /* RFC 7383 3 */
        return error_set(error, "synchronization in fragments");
    if (count_notifies(message, IKEV2_MESSAGE_ID_SYNC) != 1 ||
        message->count != 1 + others)
        return error_set(error, "synchronization with other payloads (%zu)",
                         message->count);
    if (!ike_message_notify(message, IKEV2_MESSAGE_ID_SYNC, 0, &notify) ||
        notify.spi.size)
        return error_set(error, "synchronization notify malformed");
    return ike_message_id_sync_decode(notify.data, out, error);
}

/* ---- Replay counters ---- */

/* RFC6311-6.4-01: 8 octets when the Child SAs use ESN, else 4. Where they do
 * not agree, or there are none, either size does (reading A12). */
static bool delta_size_fits(const struct ike_sa *sa, size_t size)
{
    bool esn = false, plain = false;

    for (const struct child_sa *c = sa->children; c; c = c->next) {
        esn |= c->suite.esn;
        plain |= !c->suite.esn;
    }
    if (esn == plain)
        return size == 4 || size == 8;
    return size == (esn ? 8 : 4);
}

/* False when the notify has a wrong size. Without one the delta is 0. */
static bool read_delta(const struct ike_sa *sa,
                       const struct ike_message *message, uint64_t *delta)
{
    struct ike_notify notify;

    *delta = 0;
    if (!count_notifies(message, IPSEC_REPLAY_COUNTER_SYNC))
        return true;
    if (!ike_message_notify(message, IPSEC_REPLAY_COUNTER_SYNC, 0, &notify) ||
        notify.spi.size || !delta_size_fits(sa, notify.data.size))
        return false;
    /* RFC6311-5-02 again */
    if (sa->replay_counter_sync)
        *delta = notify.data.size == 4 ? read_u32(notify.data.data)
                                       : read_u64(notify.data.data);
    return true;
}

static void sync_event(struct ike_sa *sa, const struct received *in,
                       uint64_t delta)
{
    struct ike_event event = {
        .kind = IKE_EVENT_SYNC, .message = &in->message, .delta = delta};
    host_event(sa->host, sa, &event);
}

/* RFC6311-5-06: 16423 alone is an ordinary request. */
void sync_replay_counters(struct ike_sa *sa, const struct received *in)
{
    uint64_t delta;

    if (!sa->replay_counter_sync ||
        count_notifies(&in->message, IPSEC_REPLAY_COUNTER_SYNC) != 1)
        return;
    if (read_delta(sa, &in->message, &delta))
        sync_event(sa, in, delta);
    else
        sa_dropped(sa, in, "replay counter delta of a wrong size");
}

/* ---- The peer ---- */

/* RFC6311-5.1-05: is M1 higher than all that was seen from the cluster, former
 * sync requests included? When nothing was seen any M1 is (reading A04). */
static bool m1_is_new(const struct ike_sa *sa, uint32_t m1, struct error *error)
{
    uint32_t highest;

    if (window_highest_received(sa, &highest) && m1 <= highest)
        return error_set(error, "M1 %u is not above %u, seen before", m1,
                         highest);
    if (sa->sync_seen && m1 <= sa->highest_m1)
        return error_set(error, "M1 %u is not above %u of a former sync", m1,
                         sa->highest_m1);
    return true;
}

/* One more than the highest Message ID that we have used; what a pending sync
 * of our own has announced counts too (A.4). */
static uint32_t own_next(const struct ike_sa *sa)
{
    uint32_t next = sa->next_send;

    for (const struct request *r = priv(sa)->requests; r; r = r->next)
        if (r->kind == REQUEST_SYNC && r->sync.expected_send > next)
            next = r->sync.expected_send;
    return next;
}

static void answer(struct ike_sa *sa, const struct received *in,
                   const struct ike_message_id_sync *sync)
{
    struct draft draft;
    struct buffer data = {0};

    draft_start(&draft, sa, INFORMATIONAL, true, 0);
    ike_message_id_sync_encode(sync, &data);
    draft_notify(&draft, IKEV2_MESSAGE_ID_SYNC, buffer_view(&data));
    buffer_free(&data);
    host_compose(sa->host, sa, &draft);
    struct flight *flight = flight_seal(sa, &draft.message, false);
    if (flight)
        host_transmit(sa->host, sa, &draft.message.header, flight, in->to,
                      in->from, 0);
    flight_free(flight);
    draft_free(&draft);
}

/* RFC6311-9-02, RFC6311-9-03: neither pending responses nor missing requests
 * are waited for. */
static void adopt(struct ike_sa *sa, uint32_t next_send, uint32_t next_receive)
{
    requests_abandon(sa);
    responses_forget(sa);
    sa->next_send = next_send;
    sa->next_receive = next_receive;
}

void sync_request(struct ike_sa *sa, struct received *in)
{
    struct ike_event event = {.kind = IKE_EVENT_REQUEST,
                              .message = &in->message};
    struct ike_message_id_sync sync = {0};
    uint64_t delta = 0;
    size_t deltas = count_notifies(&in->message, IPSEC_REPLAY_COUNTER_SYNC);

    /* RFC6311-5.2-03: first the Message IDs, which may drop all of it. */
    if (!read_sync(in, deltas == 1, &sync, &in->error) ||
        !m1_is_new(sa, sync.expected_send, &in->error) ||
        (priv(sa)->send_exhausted &&
         !error_set(&in->error, "our Message IDs are used up")) ||
        (!read_delta(sa, &in->message, &delta) &&
         !error_set(&in->error, "replay counter delta of a wrong size"))) {
        sa_dropped(sa, in, in->error.text);
        return;
    }
    uint32_t m1 = sync.expected_send, p1 = sync.expected_recv;
    uint32_t m2 = m1; /* RFC6311-5.1-06: above all that was seen, see above */
    uint32_t p2 = own_next(sa);
    if (p2 < p1) /* RFC6311-5.1-07 */
        p2 = p1;
    host_event(sa->host, sa, &event);
    sa_follow_peer(sa, in);
    adopt(sa, p2, m2);
    sa->sync_seen = true;
    sa->highest_m1 = m1;
    struct request *own = request_of_kind(sa, REQUEST_SYNC);
    if (own)
        own->superseded = true;
    /* RFC6311-5.1-08: the nonce goes back unchanged. */
    sync.expected_send = p2;
    sync.expected_recv = m2;
    sync_event(sa, in, delta);
    answer(sa, in, &sync);
    sa_event(sa, IKE_EVENT_COUNTERS, NULL);
}

/* ---- The newly active member ---- */

uint32_t sync_lowest_request(const struct ike_sa *sa)
{
    const struct request *own = request_of_kind(sa, REQUEST_SYNC);
    return own && !own->superseded ? own->sync.expected_recv : 0;
}

void sync_response(struct ike_sa *sa, struct received *in)
{
    struct ike_event event = {.kind = IKE_EVENT_RESPONSE,
                              .message = &in->message};
    struct request *request = request_of_kind(sa, REQUEST_SYNC);
    struct ike_message_id_sync sync = {0};

    /* RFC6311-11-01: only one response is processed. */
    if (!request) {
        sa_dropped(sa, in, "synchronization response to no request");
        return;
    }
    if (!read_sync(in, 0, &sync, &in->error)) {
        sa_dropped(sa, in, in->error.text);
        return;
    }
    /* RFC6311-5.1-09 */
    if (memcmp(sync.nonce, request->sync.nonce, sizeof sync.nonce) != 0) {
        sa_dropped(sa, in, "synchronization response with another nonce");
        return;
    }
    uint32_t m1 = request->sync.expected_send, m2 = sync.expected_recv;
    uint32_t p1 = request->sync.expected_recv, p2 = sync.expected_send;
    uint32_t next_send = m1 > m2 ? m1 : m2;
    uint32_t next_receive = p1 > p2 ? p1 : p2;
    bool superseded = request->superseded;
    if (superseded) { /* A.4: what the other sync has raised stays */
        if (next_send < sa->next_send)
            next_send = sa->next_send;
        if (next_receive < sa->next_receive)
            next_receive = sa->next_receive;
    }
    host_event(sa->host, sa, &event);
    request_remove(sa, request);
    if (next_send != sa->next_send || next_receive != sa->next_receive ||
        !superseded)
        adopt(sa, next_send, next_receive);
    priv(sa)->send_exhausted = false;
    sync_event(sa, in, 0);
    sa_event(sa, IKE_EVENT_COUNTERS, NULL);
}

static void build(const struct request *request, struct draft *draft)
{
    struct buffer data = {0};

    ike_message_id_sync_encode(&request->sync, &data);
    draft_notify(draft, IKEV2_MESSAGE_ID_SYNC, buffer_view(&data));
    buffer_clear(&data);
    if (request->delta_size == 4)
        buffer_u32(&data, (uint32_t)request->delta);
    else if (request->delta_size == 8)
        buffer_u64(&data, request->delta);
    if (data.size)
        draft_notify(draft, IPSEC_REPLAY_COUNTER_SYNC, buffer_view(&data));
    buffer_free(&data);
}

bool ike_synchronize(struct ike_sa *sa, const struct ike_message_id_sync *sync,
                     uint64_t delta, size_t delta_size, uint64_t now,
                     struct error *error)
{
    struct draft draft;

    if (!sa_is_open(sa))
        return error_set(error, "the IKE SA is not established");
    if (!sa->message_id_sync) /* RFC6311-5-08 */
        return error_set(error, "16420 was not negotiated");
    host_enter(sa->host);
    struct request *request = request_of_kind(sa, REQUEST_SYNC);
    if (request) /* reading A01: a new request replaces the former */
        request_remove(sa, request);
    request = request_new(sa, REQUEST_SYNC);
    request->sync = *sync;
    request->delta = delta;
    request->delta_size = delta_size;
    request->sent = true;
    draft_start(&draft, sa, INFORMATIONAL, false, 0);
    build(request, &draft);
    bool sent = request_send(sa, request, &draft, now) ||
                error_set(error, "the message could not be sealed");
    draft_free(&draft);
    if (!sent)
        request_remove(sa, request);
    timer_update(priv(sa));
    host_leave(sa->host);
    return sent;
}
