/*
 * RFC 6311 sections 5 to 8: what its notifies look like, when they may be
 * used, and what Message IDs follow after a synchronization.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

/* ---- Notifies ---- */

/* RFC6311-6.1-01, RFC6311-6.2-01: Protocol ID 0, SPI Size 0, no data. */
static void shape_supported(struct seen *seen, const struct ike_notify *notify,
                            enum clause_id clause)
{
    judged(seen->oracle, clause);
    if (!notify->protocol && !notify->spi.size && !notify->data.size)
        return;
    struct accusation a = accuse(seen, clause);
    EXPECTED(&a, "Protocol ID 0, SPI Size 0, no data");
    SEEN(&a, "Protocol ID %u, SPI Size %zu, %zu octets of data",
         notify->protocol, notify->spi.size, notify->data.size);
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5-01: the responder asserts only what the initiator asserted. All
 * IKE_AUTH requests up to this response were opened, or nothing is said. */
static void rule_5_01(struct seen *seen, int which)
{
    const struct ike_seen *sa = seen->sa;
    if (!seen->response || sa->rekeyed || !sa->auth_request_seen ||
        sa->auth_next != seen->ike->header.message_id)
        return;
    judged(seen->oracle, CLAUSE_RFC6311_5_01);
    if (seen->receiver->asserted[which])
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC6311_5_01);
    accuse_frame(&a, &seen->exchange->request.first);
    EXPECTED(&a, "no %u, which the initiator did not assert", 16420u + which);
    SEEN(&a, "%u in the response", 16420u + which);
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5-02, RFC6311-5-08: only what both asserted is used; towards a peer
 * that asserted nothing, plain IKEv2. The answer to a synchronization is looked
 * at beside it, that to an ordinary request here. */
static void rule_unnegotiated(struct seen *seen, int which)
{
    enum clause_id clause = seen->receiver->asserted[which] || seen->response
                                ? CLAUSE_RFC6311_5_02
                                : CLAUSE_RFC6311_5_08;
    if (negotiated(seen->sa, which) == UNKNOWN ||
        (seen->response && (which || !seen->exchange)))
        return;
    judged(seen->oracle, clause);
    if (negotiated(seen->sa, which) == YES)
        return;
    struct accusation a = accuse(seen, clause);
    if (seen->response)
        accuse_frame(&a, &seen->exchange->request.first);
    EXPECTED(&a, "no %u: %u was not asserted by %s", 16422u + which,
             16420u + which,
             seen->receiver->asserted[which] ? "its sender" : "the other side");
    SEEN(&a, "a %s with %u", seen->response ? "response" : "request",
         16422u + which);
    submit(seen->oracle, seen, &a);
}

/* RFC6311-6.3-01: Protocol ID 0, SPI Size 0, 12 octets. */
static void rule_6_3_01(struct seen *seen, const struct ike_notify *notify)
{
    judged(seen->oracle, CLAUSE_RFC6311_6_3_01);
    if (!notify->protocol && !notify->spi.size &&
        notify->data.size == IKE_MESSAGE_ID_SYNC_SIZE)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC6311_6_3_01);
    EXPECTED(&a, "Protocol ID 0, SPI Size 0, %d octets of data",
             IKE_MESSAGE_ID_SYNC_SIZE);
    SEEN(&a, "Protocol ID %u, SPI Size %zu, %zu octets of data",
         notify->protocol, notify->spi.size, notify->data.size);
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5-05, RFC6311-10-01: an INFORMATIONAL exchange, never one that sets
 * the IKE SA up. */
static void rule_exchange_type(struct seen *seen)
{
    uint8_t exchange = seen->ike->header.exchange;
    bool initial = exchange == IKE_SA_INIT || exchange == IKE_AUTH;
    enum clause_id clause =
        initial ? CLAUSE_RFC6311_10_01 : CLAUSE_RFC6311_5_05;
    judged(seen->oracle, clause);
    if (exchange == INFORMATIONAL)
        return;
    struct accusation a = accuse(seen, clause);
    EXPECTED(&a, "16422 in INFORMATIONAL (37) only");
    SEEN(&a, "16422 in %s (%u)", ike_exchange_name(exchange), exchange);
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5.1-11: Message ID 0, both ways. RFC6311-5-06: the answer to a
 * stand-alone 16423 holds none of these notifies. */
static void rule_message_id_zero(struct seen *seen)
{
    uint32_t id = seen->ike->header.message_id;
    bool alone = seen->response && seen->exchange && seen->exchange->has_delta;
    enum clause_id clause = alone ? CLAUSE_RFC6311_5_06 : CLAUSE_RFC6311_5_1_11;
    judged(seen->oracle, clause);
    if (id == 0 && !alone)
        return;
    struct accusation a = accuse(seen, clause);
    if (alone)
        EXPECTED(&a, "an empty response to the stand-alone 16423");
    else
        EXPECTED(&a, "Message ID 0 with 16422");
    SEEN(&a, "16422 in a %s with Message ID %" PRIu32,
         seen->response ? "response" : "request", id);
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5.1-10: nothing else, but one 16423 in the request. A 16423 in a
 * response is RFC6311-6.4-02's. */
static void rule_5_1_10(struct seen *seen)
{
    const struct ike_message *message = &seen->ike->message;
    size_t syncs = 0, counters = 0;
    struct ike_notify notify;

    while (ike_message_notify(message, IKEV2_MESSAGE_ID_SYNC, syncs, &notify))
        syncs++;
    while (ike_message_notify(message, IPSEC_REPLAY_COUNTER_SYNC, counters,
                              &notify))
        counters++;
    judged(seen->oracle, CLAUSE_RFC6311_5_1_10);
    if (syncs == 1 && counters <= 1 && message->count == syncs + counters)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC6311_5_1_10);
    char summary[120];
    EXPECTED(&a, "no payload but one 16422%s",
             seen->response ? "" : " and at most one 16423");
    SEEN(&a, "%zu payloads: %s", message->count,
         ike_message_summary(message, summary, sizeof summary));
    submit(seen->oracle, seen, &a);
}

/* A13: a receiver cannot tell a gap of 2^32 (RFC 4303 3.4.3). */
static void rule_delta_too_large(struct seen *seen,
                                 const struct ike_notify *notify)
{
    if (notify->data.size != 8 || read_u64(notify->data.data) <= UINT32_MAX)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC6311_6_4_01);
    a.finding.verdict = VERDICT_WARNING;
    EXPECTED(&a, "a delta below 2^32");
    SEEN(&a, "%" PRIu64, read_u64(notify->data.data));
    READING(&a, "A13: it exceeds the gap that a receiver can infer");
    submit(seen->oracle, seen, &a);
}

/* RFC6311-6.4-01: Protocol ID 0, SPI Size 0, 4 octets, with ESN 8. */
static void rule_6_4_01(struct seen *seen, const struct ike_notify *notify)
{
    bool four = rfc6311_delta_fits(seen->sa, 4);
    bool eight = rfc6311_delta_fits(seen->sa, 8);

    judged(seen->oracle, CLAUSE_RFC6311_6_4_01);
    if (!notify->protocol && !notify->spi.size &&
        rfc6311_delta_fits(seen->sa, notify->data.size)) {
        rule_delta_too_large(seen, notify);
        return;
    }
    /* Which size depends on Child SAs that may have been missed. */
    bool form = notify->protocol || notify->spi.size ||
                (notify->data.size != 4 && notify->data.size != 8);
    struct accusation a = form ? accuse(seen, CLAUSE_RFC6311_6_4_01)
                               : accuse_if_whole(seen, CLAUSE_RFC6311_6_4_01);
    EXPECTED(&a, "Protocol ID 0, SPI Size 0, %s octets of data",
             four && eight ? "4 or 8"
             : eight       ? "8"
                           : "4");
    SEEN(&a, "Protocol ID %u, SPI Size %zu, %zu octets of data",
         notify->protocol, notify->spi.size, notify->data.size);
    submit(seen->oracle, seen, &a);
}

/* RFC6311-6.4-02: 16423 comes from the cluster, in requests. */
static void rule_6_4_02(struct seen *seen)
{
    bool peer = seen->oracle->run && seen->oracle->under_test_count &&
                !seen->oracle->gateway_is_cluster;
    judged(seen->oracle, CLAUSE_RFC6311_6_4_02);
    if (!seen->response && !peer)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC6311_6_4_02);
    EXPECTED(&a, "16423 only in a request of the cluster");
    SEEN(&a, "16423 in a %s of the peer",
         seen->response ? "response" : "request");
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5-06: alone, 16423 travels under the current Message ID; 0 is used
 * up when a regular request went before. */
static void rule_5_06(struct seen *seen)
{
    if (seen->response)
        return;
    judged(seen->oracle, CLAUSE_RFC6311_5_06);
    if (seen->ike->header.message_id != 0 || !seen->sender->used ||
        rfc6311_may_not_know_of(seen->oracle, seen->sa, seen->sight.time,
                                &seen->sender->used_at, true, 0))
        return;
    struct accusation a =
        accuse_in_order(seen, CLAUSE_RFC6311_5_06, &seen->sender->used_at);
    accuse_frame(&a, &seen->sender->used_at);
    EXPECTED(&a, "16423 alone with the current Message ID, above %" PRIu32,
             seen->sender->used_highest);
    SEEN(&a, "Message ID 0");
    submit(seen->oracle, seen, &a);
}

static void judge_sync_notify(struct seen *seen,
                              const struct ike_notify *notify)
{
    rule_6_3_01(seen, notify);
    rule_exchange_type(seen);
    rule_message_id_zero(seen);
    rule_unnegotiated(seen, 0);
    rule_5_1_10(seen);
}

void rfc6311_payloads(struct seen *seen)
{
    const struct ike_message *message = &seen->ike->message;
    bool auth = seen->ike->header.exchange == IKE_AUTH;
    struct ike_notify notify;
    struct ike_notify sync;
    bool synced = ike_message_notify(message, IKEV2_MESSAGE_ID_SYNC, 0, &sync);

    if (auth && ike_message_notify(message, IKEV2_MESSAGE_ID_SYNC_SUPPORTED, 0,
                                   &notify)) {
        shape_supported(seen, &notify, CLAUSE_RFC6311_6_1_01);
        rule_5_01(seen, 0);
    }
    if (auth && ike_message_notify(message, IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED,
                                   0, &notify)) {
        shape_supported(seen, &notify, CLAUSE_RFC6311_6_2_01);
        rule_5_01(seen, 1);
    }
    if (synced)
        judge_sync_notify(seen, &sync);
    if (ike_message_notify(message, IPSEC_REPLAY_COUNTER_SYNC, 0, &notify)) {
        rule_6_4_02(seen);
        rule_6_4_01(seen, &notify);
        rule_unnegotiated(seen, 1);
        if (!synced) {
            rule_5_06(seen);
            rfc6311_takeover_counters(seen);
        } else if (!seen->response) {
            judged(seen->oracle, CLAUSE_RFC6311_5_07);
        }
    }
}

/* ---- Message IDs after a synchronization ---- */

/* Another member may be active by now than the one that said it. */
static bool other_speaks(const struct seen *seen,
                         const struct announcement *said)
{
    return said->as_member ? rfc6311_succeeded_since(seen->oracle, &said->at)
                           : rfc6311_changed_since(seen->oracle, &said->at);
}

/* RFC6311-6.3-02: the next request carries the EXPECTED_SEND that was
 * announced. One that was on its way already is not the next. RFC6311-A-02,
 * A05: after two synchronizations at once, no less than the higher value. */
static void rule_6_3_02(struct seen *seen)
{
    struct announcement *said = &seen->sender->announced;
    uint32_t id = seen->ike->header.message_id;
    enum clause_id clause =
        said->crossed ? CLAUSE_RFC6311_A_02 : CLAUSE_RFC6311_6_3_02;
    if (!said->made || said->send_checked || seen->take != TAKE_FIRST ||
        seen->sender->unsure || other_speaks(seen, said))
        return;
    bool below = id < said->send;
    bool above = id >= (uint64_t)said->send + seen->sender->window;
    if (below && !said->answered &&
        seen->sight.time < said->at.time + REORDER_TIME)
        return;
    if (!below && !above && id != said->send)
        return;
    said->send_checked = true;
    judged(seen->oracle, clause);
    if (id == said->send || (said->crossed && above))
        return;
    struct accusation a = accuse_if_whole(seen, clause);
    accuse_frame(&a, &said->at);
    EXPECTED(&a, "the next request with Message ID %" PRIu32 ", as %s",
             said->send, said->crossed ? "both have agreed" : "announced");
    SEEN(&a, "Message ID %" PRIu32, id);
    submit(seen->oracle, seen, &a);
}

/* Whether this copy was sent after the answer to the sync, by the same side:
 * later than any network swaps or doubles frames, or as its retransmissions are
 * due. */
static bool is_sent_since(const struct seen *seen, const struct sight *answer)
{
    const struct copies *copies = &seen->exchange->request;
    if (seen->sight.time >= answer->time + RETRANSMIT_TIME)
        return true;
    return seen->sight.time >= answer->time + REORDER_TIME &&
           copies->gaps > 1 && copies->last.order == seen->sight.order &&
           copies->last_gap >= REORDER_TIME &&
           copies->last_gap >= copies->first_gap;
}

/* RFC6311-9-02, A14: what was pending at the sync is not waited for. */
static void rule_9_02_repeat(struct seen *seen)
{
    const struct announcement *said = &seen->sender->announced;
    const struct exchange *e = seen->exchange;
    if (!said->made || said->as_member || seen->take != TAKE_REPEAT ||
        e->id >= said->send || e->request.first.order > said->at.order ||
        rfc6311_changed_since(seen->oracle, &e->request.first) ||
        !is_sent_since(seen, &said->at))
        return;
    bool late = seen->sight.time >= said->at.time + RETRANSMIT_TIME;
    struct accusation a = late ? accuse(seen, CLAUSE_RFC6311_9_02)
                               : accuse_if_whole(seen, CLAUSE_RFC6311_9_02);
    a.finding.verdict = VERDICT_WARNING;
    accuse_frame(&a, &e->request.first);
    accuse_frame(&a, &said->at);
    EXPECTED(&a, "request %" PRIu32 " given up: %" PRIu32 " was agreed on",
             e->id, said->send);
    SEEN(&a, "the request again after the synchronization");
    READING(&a, "A14: a pending request is abandoned by a sync; going on with "
                "it is a warning");
    submit(seen->oracle, seen, &a);
}

void rfc6311_request(struct seen *seen)
{
    rfc6311_takeover_request(seen);
    rfc6027_request(seen);
    rule_6_3_02(seen);
    rule_9_02_repeat(seen);
}

/* Where request `id` stands to the window that `said` and what was answered
 * since define: below, in it, or above. */
static int window_place(const struct announcement *said,
                        const struct party *requester, uint32_t id)
{
    uint64_t first = said->recv;
    if (id < first)
        return -1;
    if (requester->answered && requester->answered_highest >= first)
        first = (uint64_t)requester->answered_highest + 1;
    return id >= first + requester->window;
}

static enum clause_id window_clause(const struct announcement *said)
{
    return said->as_member ? CLAUSE_RFC6311_8_1_01 : CLAUSE_RFC6311_8_1_02;
}

/* RFC6311-9-03: a request that the peer has missed, though it had room for it,
 * when it answered the sync. */
static bool was_missing(const struct announcement *said,
                        const struct party *requester, uint32_t id)
{
    return !said->as_member && requester->window > 1 && requester->answered &&
           requester->answered_highest < said->recv &&
           id < requester->answered_highest &&
           (uint64_t)id + requester->window > requester->answered_highest;
}

/* RFC6311-8.1-01 (member), RFC6311-8.1-02 (peer): requests outside the
 * declared window are dropped. RFC6311-6.3-03: the announced one is taken. */
static void rule_8_1(struct seen *seen)
{
    const struct announcement *said = &seen->sender->announced;
    const struct exchange *e = seen->exchange;
    if (!said->made || said->recv_doubtful || seen->sender->unsure ||
        seen->take != TAKE_FIRST || !e->request.count ||
        other_speaks(seen, said) || e->request.first.order < said->at.order)
        return;
    if (e->id == said->recv)
        judged(seen->oracle, CLAUSE_RFC6311_6_3_03);
    int place = window_place(said, seen->receiver, e->id);
    if (place == 0 || (place > 0 && seen->sa->blind))
        return;
    bool missing = place < 0 && was_missing(said, seen->receiver, e->id);
    struct accusation a = accuse_if_whole(seen, missing ? CLAUSE_RFC6311_9_03
                                                        : window_clause(said));
    accuse_frame(&a, &said->at);
    accuse_frame(&a, &e->request.first);
    EXPECTED(&a,
             "no answer: request %" PRIu32 " is %s the window from %" PRIu32
             " on, of %" PRIu32,
             e->id, place < 0 ? "below" : "beyond", said->recv,
             seen->receiver->window);
    SEEN(&a, "an answer");
    submit(seen->oracle, seen, &a);
}

void rfc6311_response(struct seen *seen)
{
    if (seen->exchange->has_delta && seen->take == TAKE_FIRST)
        judged(seen->oracle, CLAUSE_RFC6311_5_06);
    rule_8_1(seen);
    rfc6311_takeover_response(seen);
    rfc6027_response(seen);
}

/* A request towards the side under test puts its window to the test. */
void rfc6311_stimulus(struct seen *seen)
{
    const struct announcement *said = &seen->receiver->announced;
    if (said->made && seen->authentic && seen->take == TAKE_FIRST &&
        window_place(said, seen->sender, seen->exchange->id) != 0)
        judged(seen->oracle, was_missing(said, seen->sender, seen->exchange->id)
                                 ? CLAUSE_RFC6311_9_03
                                 : window_clause(said));
    rfc6311_takeover_stimulus(seen);
    rfc6027_stimulus(seen);
}

/* RFC6311-9-01 is put to the test by what looks like a sync. */
void rfc6311_intruder(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    if (header->exchange == INFORMATIONAL && header->message_id == 0)
        judged(seen->oracle, CLAUSE_RFC6311_9_01);
}
