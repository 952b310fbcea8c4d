/*
 * RFC 7296 sections 2.1 to 2.4: Message IDs, windows, retransmission.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

/* ---- Requests of the side under test ---- */

/* Another member of a cluster does not repeat what it never knew of. */
static void doubt_member(const struct seen *seen, const struct copies *before,
                         struct accusation *a)
{
    bool inferred;
    const char *reason = rfc6311_other_member(seen, before, &inferred);
    /* What was still on its way at a failover is of another member. */
    a->needs_whole |=
        seen->oracle->gateway_changes &&
        seen->sight.time < seen->oracle->gateway_change.time + REORDER_TIME;
    if (!reason)
        return;
    a->finding.verdict = VERDICT_INCONCLUSIVE;
    a->finding.inferred |= inferred;
    READING(a, "%s", reason);
}

/* Another request of this side, later or earlier, waits as well. */
static bool one_of_several(const struct party *sender, const struct exchange *e)
{
    for (size_t i = 0; i < sender->exchange_count; i++) {
        const struct exchange *other = &sender->exchanges[i];
        if (other != e && other->request.count && !other->response.count &&
            !abandoned_by_sync(sender, other->id))
            return true;
    }
    return false;
}

/* RFC7296-2.1-09: a retransmission is bitwise identical, and RFC7296-2.3-08:
 * each of several, where the window allows them. */
static void rule_2_1_09(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    enum clause_id clause = CLAUSE_RFC7296_2_1_09;
    if (seen->take == TAKE_FIRST || seen->take == TAKE_MORE)
        return;
    if (seen->sender->window > 1 && one_of_several(seen->sender, e))
        clause = CLAUSE_RFC7296_2_3_08;
    judged(seen->oracle, clause);
    judged(seen->oracle, CLAUSE_RFC7296_2_2_01);
    judged(seen->oracle, CLAUSE_RFC6311_4_01);
    if (seen->take != TAKE_DIFFERENT || rfc7383_resplit(seen))
        return;
    struct accusation a = accuse(seen, clause);
    accuse_frame(&a, &e->request.first);
    EXPECTED(&a, "request %" PRIu32 " again in the same octets", e->id);
    SEEN(&a, "other octets under the same Message ID");
    doubt_member(seen, &e->request, &a);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.4-10: the gaps between copies grow. Five of them, and the last no
 * longer than half as long again as the first. */
static void rule_2_4_10(struct seen *seen)
{
    enum { GAPS = 5 };
    const struct copies *copies = &seen->exchange->request;
    /* A failover and a move (RFC 4555 3.5) begin anew. */
    if (seen->take != TAKE_REPEAT || copies->gaps != GAPS || copies->moved ||
        seen->oracle->gateway_epoch || copies->last.order != seen->sight.order)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_4_10);
    if (copies->last_gap > copies->first_gap + copies->first_gap / 2)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_4_10);
    accuse_frame(&a, &copies->first);
    EXPECTED(&a, "gaps that grow exponentially, the first %" PRIu64 " ms",
             copies->first_gap / NS_PER_MS);
    SEEN(&a, "%" PRIu64 " ms before the %dth copy",
         copies->last_gap / NS_PER_MS, GAPS);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.2-01: a retransmission keeps its Message ID. A nonce makes the
 * content like no other. */
static bool rule_2_2_01(struct seen *seen, const struct exchange *oldest)
{
    const struct ike_message *message = &seen->ike->message;
    if (!oldest->request.has_nonce || !seen->authentic ||
        !ike_message_find(message, PAYLOAD_NONCE) ||
        oldest->request.content != content_hash(seen->ike->plaintext))
        return false;
    /* An answer that was lost may have asked for it, such as
     * TEMPORARY_FAILURE. */
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_2_01);
    accuse_frame(&a, &oldest->request.first);
    EXPECTED(&a, "the same request again under Message ID %" PRIu32,
             oldest->id);
    SEEN(&a, "Message ID %" PRIu32, seen->exchange->id);
    submit(seen->oracle, seen, &a);
    return true;
}

/* Which row of 2.3 a request beyond the window breaks. -02: while the initial
 * exchanges go on, and on a new IKE SA that no window was announced for; -03:
 * where none ever was; -07: if what waits is not as many as the window, but too
 * old; -06: if it is too many. */
static enum clause_id window_clause(const struct seen *seen, size_t waiting)
{
    const struct party *sender = seen->sender;
    if (sender->announced.made || seen->oracle->gateway_epoch)
        return CLAUSE_RFC6311_4_01;
    if (sender->window == 1)
        return !seen->sa->established || seen->sa->wider_before[seen->side]
                   ? CLAUSE_RFC7296_2_3_02
                   : CLAUSE_RFC7296_2_3_03;
    return waiting < sender->window ? CLAUSE_RFC7296_2_3_07
                                    : CLAUSE_RFC7296_2_3_06;
}

/* RFC7296-2.3-02, -03, -06, -07 and RFC6311-4-01: no request X while X minus
 * the window is unanswered. What a sync has settled is not outstanding (A14).
 */
static void rule_window(struct seen *seen)
{
    const struct party *sender = seen->sender;
    uint32_t id = seen->exchange->id;
    const struct exchange *oldest = NULL;
    size_t waiting = 0;
    if (seen->take != TAKE_FIRST || seen->sa->blind || !seen->authentic ||
        !seen->sa->from_start)
        return;
    for (size_t i = 0; i < sender->exchange_count; i++) {
        const struct exchange *e = &sender->exchanges[i];
        bool settled =
            (sender->announced.made && e->id < sender->announced.send) ||
            rfc6311_changed_since(seen->oracle, &e->request.first);
        if (!e->request.count || e->response.count || settled || e->id >= id)
            continue;
        waiting++;
        if (id - e->id >= sender->window && (!oldest || e->id < oldest->id))
            oldest = e;
    }
    enum clause_id clause = window_clause(seen, waiting);
    judged(seen->oracle, clause);
    if (clause == CLAUSE_RFC7296_2_3_07)
        judged(seen->oracle, CLAUSE_RFC7296_2_3_06);
    if (!oldest || rule_2_2_01(seen, oldest))
        return;
    struct accusation a = accuse_if_whole(seen, clause);
    accuse_frame(&a, &oldest->request.first);
    EXPECTED(&a,
             "no request beyond %" PRIu64 ": window %" PRIu32 ", %" PRIu32
             " unanswered",
             (uint64_t)oldest->id + sender->window - 1, sender->window,
             oldest->id);
    SEEN(&a, "request %" PRIu32, id);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.2-02: plus 1 for each exchange, and RFC7296-1.3.2-03: on an IKE SA
 * that was rekeyed too. After a sync RFC6311-6.3-02 looks
 * at the first (without keys there may have been one), and a member that took
 * over may have skipped some. */
static void rule_2_2_02(struct seen *seen)
{
    const struct party *sender = seen->sender;
    uint32_t id = seen->exchange->id;
    if (seen->take != TAKE_FIRST || !sender->used || !seen->sa->from_start ||
        seen->sa->blind || seen->oracle->gateway_epoch || sender->unsure ||
        (sender->announced.made && !sender->announced.send_checked))
        return;
    uint64_t next = (uint64_t)sender->used_highest + 1;
    if (sender->announced.made && sender->announced.send > next)
        next = (uint64_t)sender->announced.send + 1;
    enum clause_id clause =
        seen->sa->replaced ? CLAUSE_RFC7296_1_3_2_03 : CLAUSE_RFC7296_2_2_02;
    judged(seen->oracle, clause);
    if (id < next + sender->window)
        return;
    struct accusation a = accuse_if_whole(seen, clause);
    accuse_frame(&a, &sender->used_at);
    EXPECTED(&a, "Message ID %" PRIu64, next);
    SEEN(&a, "%" PRIu32, id);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.2-04: Message IDs do not wrap. */
static void rule_2_2_04(struct seen *seen)
{
    const struct party *sender = seen->sender;
    uint32_t id = seen->exchange->id;
    enum { FAR = 1 << 16 };
    if (seen->take != TAKE_FIRST || !sender->used || sender->unsure ||
        sender->used_highest < UINT32_MAX - FAR)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_2_04);
    if (id > FAR || seen->sight.time < sender->used_at.time + REORDER_TIME)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_2_04);
    accuse_frame(&a, &sender->used_at);
    EXPECTED(&a, "the IKE SA closed or rekeyed after %" PRIu32,
             sender->used_highest);
    SEEN(&a, "request %" PRIu32, id);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.18-01 and 1.3.2: a rekeyed IKE SA starts at 0. */
static void rule_2_18_01(struct seen *seen)
{
    const struct party *sender = seen->sender;
    if (!seen->sa->rekeyed || sender->used || sender->announced.made ||
        seen->sa->blind || seen->oracle->gateway_epoch ||
        seen->take != TAKE_FIRST)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_18_01);
    if (seen->exchange->id < sender->window)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_18_01);
    EXPECTED(&a, "Message ID 0 in the first request on the new IKE SA");
    SEEN(&a, "%" PRIu32, seen->exchange->id);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.8-05: the Delete is the last request on an IKE SA that was
 * replaced. A higher Message ID was given out later, however it travelled. One
 * that a synchronization abandoned (A14) has to be sent anew. */
static void rule_2_8_05(struct seen *seen)
{
    const struct party *sender = seen->sender;
    if (!seen->sa->replaced || !seen->authentic || seen->take != TAKE_FIRST ||
        seen->oracle->gateway_epoch)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_8_05);
    for (size_t i = 0; i < sender->exchange_count; i++) {
        const struct exchange *e = &sender->exchanges[i];
        if (!e->deletes_ike || e->id >= seen->exchange->id ||
            abandoned_by_sync(sender, e->id))
            continue;
        struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_8_05);
        accuse_frame(&a, &e->request.first);
        EXPECTED(&a, "no request after its Delete of the IKE SA, %" PRIu32,
                 e->id);
        SEEN(&a, "request %" PRIu32, seen->exchange->id);
        submit(seen->oracle, seen, &a);
        return;
    }
}

/* RFC7296-3.1-06: what looks like an own request, but carries a Message ID
 * that is used up or far off, while the other side waits for an answer with
 * just that one, is a response without its R flag. */
static bool rule_response_flag(struct seen *seen)
{
    const struct party *sender = seen->sender;
    uint32_t id = seen->exchange->id;
    const struct exchange *theirs = exchange_find(seen->receiver, id);
    bool used_up = seen->take == TAKE_DIFFERENT && !seen->oracle->gateway_epoch;
    uint64_t next = sender->used ? (uint64_t)sender->used_highest + 1 : 0;
    bool far_off =
        seen->take == TAKE_FIRST && !sender->announced.made &&
        !sender->unsure && !seen->oracle->gateway_epoch &&
        (id >= next + sender->window || (uint64_t)id + sender->window <= next);
    if (!seen->authentic || !theirs || !theirs->request.count ||
        theirs->response.count ||
        theirs->request.exchange != seen->ike->header.exchange ||
        (!used_up && !far_off))
        return false;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_3_1_06);
    accuse_frame(&a, &theirs->request.first);
    EXPECTED(&a, "a response to request %" PRIu32 ", or Message ID %" PRIu32,
             id, sender->used ? sender->used_highest + 1 : 0);
    SEEN(&a, "Message ID %" PRIu32 " without the R flag", id);
    submit(seen->oracle, seen, &a);
    seen->take = TAKE_MORE; /* no request to be counted */
    return true;
}

void rfc7296_request(struct seen *seen)
{
    if (rule_response_flag(seen))
        return;
    rule_2_4_10(seen);
    rule_2_1_09(seen);
    rule_window(seen);
    rule_2_2_02(seen);
    rule_2_2_04(seen);
    rule_2_18_01(seen);
    rule_2_8_05(seen);
    rfc7296_when_gone(seen);
    rfc7296_after_syntax(seen);
}

/* ---- Responses of the side under test ---- */

/* Which row another response to the same request breaks. 2.1-06: where the
 * response could have been forgotten, since so many requests came after it;
 * 2.3-09: where it is one of several that have to be kept. */
static enum clause_id repeat_clause(const struct seen *seen)
{
    const struct party *requester = seen->receiver;
    uint32_t id = seen->exchange->id;
    if (!requester->answered || requester->answered_highest <= id)
        return CLAUSE_RFC7296_2_1_02;
    return requester->answered_highest - id >= requester->window
               ? CLAUSE_RFC7296_2_1_06
               : CLAUSE_RFC7296_2_3_09;
}

/* RFC7296-2.1-02, 2.1-06, 2.3-09: a repeated request only brings the same
 * response again. A18: within 30 seconds. A19: other fragments are no other
 * response. If the request came with other octets too, it was outside the
 * window: 2.3-12. */
static void rule_2_1_02(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    const struct copies *first = &e->response;
    if (seen->take == TAKE_FIRST || seen->take == TAKE_MORE ||
        seen->sight.time > first->first.time + REPEAT_TIME)
        return;
    enum clause_id clause = repeat_clause(seen);
    judged(seen->oracle, clause);
    if (seen->take != TAKE_DIFFERENT ||
        first->exchange != seen->ike->header.exchange)
        return;
    struct accusation a = accuse(seen, clause);
    accuse_frame(&a, &e->request.first);
    accuse_frame(&a, &first->first);
    EXPECTED(&a, "the former response to %" PRIu32 ", in the same octets",
             e->id);
    SEEN(&a, "other octets");
    READING(&a, "A18: judged for 30 seconds");
    doubt_member(seen, first, &a);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.1-01: a response comes again only when its request does. */
static void rule_2_1_01(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    if (seen->take != TAKE_REPEAT || !e->request.count || e->malformed ||
        e->request.fragments || e->response.fragments)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_1_01);
    if (e->response.count <= e->request.count ||
        e->response.gaps <= e->request.gaps ||
        seen->sight.time < e->request.last.time + RETRANSMIT_TIME)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_1_01);
    accuse_frame(&a, &e->request.last);
    accuse_frame(&a, &e->response.first);
    EXPECTED(&a,
             "one response for each of %" PRIu32 " copies of request %" PRIu32,
             e->request.count, e->id);
    SEEN(&a, "%" PRIu32, e->response.count);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-3.1-07: the other side sent a response that nobody had asked for,
 * and got this. */
static bool answers_response(const struct seen *seen)
{
    const struct exchange *own =
        exchange_find(seen->sender, seen->exchange->id);
    return own && own->response.count && !own->request.count;
}

/* RFC7296-2.2-03: a response answers a request; RFC7296-1.4-01: one that is
 * authentic. */
static void rule_2_2_03(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    const struct intruder *intruder = intruder_find(seen->receiver, e->id);
    if (seen->take != TAKE_FIRST)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_2_03);
    /* Of very large windows, or very late, it may be forgotten. */
    bool forgotten = seen->receiver->exchange_count == EXCHANGES_MAX &&
                     e->id < seen->receiver->used_highest;
    if (e->request.count || e->malformed || !seen->sa->from_start || forgotten)
        return;
    struct accusation a =
        accuse_if_whole(seen, intruder                 ? CLAUSE_RFC7296_1_4_01
                              : answers_response(seen) ? CLAUSE_RFC7296_3_1_07
                                                       : CLAUSE_RFC7296_2_2_03);
    if (intruder) {
        accuse_frame(&a, &intruder->at);
        EXPECTED(&a, "no answer to a request %s",
                 intruder->clear ? "in clear text" : "with a wrong ICV");
    } else {
        EXPECTED(&a, "a response to a request that was sent");
    }
    SEEN(&a, "a response with Message ID %" PRIu32, e->id);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.3-12, and RFC6311-7-01 after a failover of the harness: no answer
 * to a request beyond the window. Once there was a sync, RFC 6311 8.1 looks at
 * it. */
static void rule_2_3_12(struct seen *seen)
{
    const struct oracle *oracle = seen->oracle;
    const struct exchange *e = seen->exchange;
    const struct party *requester = seen->receiver;
    if (seen->take != TAKE_FIRST || !e->request.count || seen->sa->blind ||
        !seen->sa->from_start || seen->sender->announced.made ||
        seen->sender->unsure)
        return;
    bool after = oracle->harness_failed_over &&
                 oracle->harness_failover.order < e->request.first.order;
    enum clause_id clause = after ? CLAUSE_RFC6311_7_01 : CLAUSE_RFC7296_2_3_12;
    uint64_t next =
        requester->answered ? (uint64_t)requester->answered_highest + 1 : 0;
    judged(seen->oracle, clause);
    if (e->id < next + requester->window)
        return;
    struct accusation a = accuse_if_whole(seen, clause);
    accuse_frame(&a, &requester->answered_at);
    accuse_frame(&a, &e->request.first);
    EXPECTED(&a, "no answer to %" PRIu32 ": the window ends at %" PRIu64, e->id,
             next + requester->window - 1);
    SEEN(&a, "an answer");
    submit(seen->oracle, seen, &a);
}

/* RFC 7296 2.23: behind a NAT, packets go where the last authentic one came
 * from, ESP included. */
bool esp_came_from(const struct oracle *oracle, uint32_t place)
{
    for (size_t i = 0; i < ESP_PLACES_MAX; i++)
        if (oracle->esp_places[i] == place)
            return true;
    return false;
}

/* RFC7296-2.11-01: the response goes where the request came from. If that was
 * more than one place (a member that took over, RFC 4555), nothing is said. */
static void rule_2_11_01(struct seen *seen)
{
    const struct packet *packet = &seen->event->packet;
    const struct copies *request = &seen->exchange->request;
    char to[64];
    if (!request->count || request->moved || !seen->authentic)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_11_01);
    uint32_t place = place_of(&packet->destination);
    if (place == request->place || place == place_of(&seen->receiver->at) ||
        esp_came_from(seen->oracle, place))
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_11_01);
    accuse_frame(&a, &request->first);
    endpoint_to_text(&packet->destination, to, sizeof to);
    EXPECTED(&a, "the response where the request came from");
    SEEN(&a, "a response to %s", to);
    submit(seen->oracle, seen, &a);
}

void rfc7296_response(struct seen *seen)
{
    rule_2_11_01(seen);
    rule_2_1_01(seen);
    rule_2_1_02(seen);
    rule_2_2_03(seen);
    rule_2_3_12(seen);
    rfc7296_when_gone(seen);
    rfc7296_after_syntax(seen);
}
