/*
 * RFC 7296 sections 2.1 to 2.3: Message IDs, windows, retransmission; and
 * what passes before or outside an IKE SA.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

/* ---- Requests of the side under test ---- */

/* RFC7296-2.1-09: a retransmission is bitwise identical. A member that took
 * over may not know what its predecessor sent: a warning then. */
static void rule_2_1_09(struct seen *seen)
{
    const struct oracle *oracle = seen->oracle;
    const struct exchange *e = seen->exchange;
    if (seen->take == TAKE_FIRST || seen->take == TAKE_MORE)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_1_09);
    judged(seen->oracle, CLAUSE_RFC7296_2_2_01);
    judged(seen->oracle, CLAUSE_RFC6311_4_01);
    if (seen->take != TAKE_DIFFERENT)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7296_2_1_09);
    accuse_frame(&a, &e->request.first);
    EXPECTED(&a, "request %" PRIu32 " again in the same octets", e->id);
    SEEN(&a, "other octets under the same Message ID");
    if (oracle->gateway_epoch &&
        oracle->gateway_failover.order >= e->request.first.order) {
        a.finding.verdict = VERDICT_WARNING;
        READING(&a, "a failover lies between; RFC 6311 section 4 names this");
    }
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.3-03, -06 and RFC6311-4-01: no request X while X minus the window
 * is unanswered. What a sync has settled is not outstanding (A14). */
static void rule_window(struct seen *seen)
{
    const struct party *sender = seen->sender;
    uint32_t id = seen->exchange->id;
    const struct exchange *oldest = NULL;
    enum clause_id clause =
        sender->window == 1 ? CLAUSE_RFC7296_2_3_03 : CLAUSE_RFC7296_2_3_06;
    if (seen->take != TAKE_FIRST || seen->sa->blind || !seen->authentic ||
        !seen->sa->from_start)
        return;
    if (sender->announced.made || seen->oracle->gateway_epoch)
        clause = CLAUSE_RFC6311_4_01;
    judged(seen->oracle, clause);
    for (size_t i = 0; i < sender->exchange_count; i++) {
        const struct exchange *e = &sender->exchanges[i];
        bool settled = sender->announced.made && e->id < sender->announced.send;
        if (e->request.count && !e->response.count && !settled && e->id < id &&
            id - e->id >= sender->window && (!oldest || e->id < oldest->id))
            oldest = e;
    }
    if (!oldest)
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

/* RFC7296-2.2-02: plus 1 for each exchange. After a sync RFC6311-6.3-02 looks
 * at the first (without keys there may have been one), and a member that took
 * over may have skipped some. */
static void rule_2_2_02(struct seen *seen)
{
    const struct party *sender = seen->sender;
    uint32_t id = seen->exchange->id;
    if (seen->take != TAKE_FIRST || !sender->used || !seen->sa->from_start ||
        seen->sa->blind || seen->oracle->gateway_epoch ||
        (sender->announced.made && !sender->announced.send_checked))
        return;
    uint64_t next = (uint64_t)sender->used_highest + 1;
    if (sender->announced.made && sender->announced.send > next)
        next = (uint64_t)sender->announced.send + 1;
    judged(seen->oracle, CLAUSE_RFC7296_2_2_02);
    if (id < next + sender->window)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_2_02);
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
    if (seen->take != TAKE_FIRST || !sender->used ||
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
 * replaced. A higher Message ID was given out later, however it travelled. */
static void rule_2_8_05(struct seen *seen)
{
    const struct party *sender = seen->sender;
    if (!seen->sa->replaced || !seen->authentic || seen->take != TAKE_FIRST)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_8_05);
    for (size_t i = 0; i < sender->exchange_count; i++) {
        const struct exchange *e = &sender->exchanges[i];
        if (!e->deletes_ike || e->id >= seen->exchange->id)
            continue;
        struct accusation a = accuse(seen, CLAUSE_RFC7296_2_8_05);
        accuse_frame(&a, &e->request.first);
        EXPECTED(&a, "no request after its Delete of the IKE SA, %" PRIu32,
                 e->id);
        SEEN(&a, "request %" PRIu32, seen->exchange->id);
        submit(seen->oracle, seen, &a);
        return;
    }
}

void rfc7296_request(struct seen *seen)
{
    rule_2_1_09(seen);
    rule_window(seen);
    rule_2_2_02(seen);
    rule_2_2_04(seen);
    rule_2_18_01(seen);
    rule_2_8_05(seen);
}

/* ---- Responses of the side under test ---- */

/* RFC7296-2.1-02: a repeated request only brings the same response again.
 * A18: within 30 seconds. A19: other fragments are no other response. If the
 * request came with other octets too, it was outside the window: 2.3-12. */
static void rule_2_1_02(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    const struct copies *first = &e->response;
    if (seen->take == TAKE_FIRST || seen->take == TAKE_MORE ||
        seen->sight.time > first->first.time + REPEAT_TIME)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_1_02);
    if (seen->take != TAKE_DIFFERENT ||
        first->exchange != seen->ike->header.exchange ||
        (seen->oracle->gateway_epoch &&
         seen->oracle->gateway_failover.order >= first->first.order))
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7296_2_1_02);
    accuse_frame(&a, &e->request.first);
    accuse_frame(&a, &first->first);
    EXPECTED(&a, "the former response to %" PRIu32 ", in the same octets",
             e->id);
    SEEN(&a, "other octets");
    READING(&a, "A18: judged for 30 seconds");
    submit(seen->oracle, seen, &a);
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
    if (e->request.count || e->malformed || !seen->sa->from_start)
        return;
    struct accusation a = accuse_if_whole(
        seen, intruder ? CLAUSE_RFC7296_1_4_01 : CLAUSE_RFC7296_2_2_03);
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
        !seen->sa->from_start || seen->sender->announced.made)
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

void rfc7296_response(struct seen *seen)
{
    rule_2_1_02(seen);
    rule_2_2_03(seen);
    rule_2_3_12(seen);
}

/* ---- Headers ---- */

static void wrong_header(struct seen *seen, enum clause_id clause,
                         const char *expected, const char *format,
                         uint64_t value)
{
    struct accusation a = accuse(seen, clause);
    char text[32];
    say(text, sizeof text, "0x%" PRIx64, value);
    EXPECTED(&a, "%s", expected);
    SEEN(&a, "%s %s", format, text);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-3.1-01: SPIi is not 0, but in a one-way message of section 1.5. */
static void rule_3_1_01(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    bool one_way = header->exchange == INFORMATIONAL &&
                   seen->ike->status == TRACE_IKE_CLEAR;
    judged(seen->oracle, CLAUSE_RFC7296_3_1_01);
    if (header->spi_i == 0 && !one_way && !seen->response)
        wrong_header(seen, CLAUSE_RFC7296_3_1_01, "an initiator SPI", "SPIi",
                     0);
}

/* RFC7296-3.1-03: version 2.0, V and X bits clear. */
static void rule_3_1_03(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    uint8_t other =
        header->flags & (uint8_t) ~(IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE);
    judged(seen->oracle, CLAUSE_RFC7296_3_1_03);
    if (header->version != IKE_VERSION_2)
        wrong_header(seen, CLAUSE_RFC7296_3_1_03, "version 0x20", "version",
                     header->version);
    else if (other)
        wrong_header(seen, CLAUSE_RFC7296_3_1_03, "V and X bits clear", "flags",
                     header->flags);
}

/* RFC7296-3.1-06 and -08: the exchanges that set an SA up are requested by
 * the initiator and answered by the responder. Only IKE_AUTH has an ICV that
 * covers the flags; in IKE_SA_INIT anybody's word is taken. */
static void rule_3_1_06(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    bool initial =
        header->exchange == IKE_SA_INIT || header->exchange == IKE_AUTH;
    if (!initial || (header->exchange == IKE_AUTH && !seen->authentic))
        return;
    enum clause_id clause =
        seen->response ? CLAUSE_RFC7296_3_1_08 : CLAUSE_RFC7296_3_1_06;
    judged(seen->oracle, clause);
    if (seen->response == (seen->side == SIDE_RESPONDER))
        return;
    wrong_header(seen, clause,
                 seen->response ? "I flag clear in this response"
                                : "R flag set in the original responder's",
                 "flags", header->flags);
}

/* RFC7296-3.1-08: the I flag is the original initiator's. Its addresses are
 * known from the exchange that set the SA up. */
static bool rule_3_1_08(struct seen *seen)
{
    const struct packet *packet = &seen->event->packet;
    if (!seen->sa || !seen->sender->at_known || !seen->authentic ||
        address_equal(&seen->sender->at.address, &seen->receiver->at.address))
        return true;
    judged(seen->oracle, CLAUSE_RFC7296_3_1_08);
    if (!endpoint_equal(&packet->source, &seen->receiver->at) ||
        !endpoint_equal(&packet->destination, &seen->sender->at))
        return true;
    wrong_header(seen, CLAUSE_RFC7296_3_1_08,
                 seen->side == SIDE_INITIATOR
                     ? "I flag clear: this is the original responder"
                     : "I flag set: this is the original initiator",
                 "flags", seen->ike->header.flags);
    return false;
}

bool rfc7296_header(struct seen *seen)
{
    rule_3_1_01(seen);
    rule_3_1_03(seen);
    rule_3_1_06(seen);
    return rule_3_1_08(seen);
}

/* ---- IKE_SA_INIT ---- */

/* RFC7296-2.2-02: Message ID 0, retries included. RFC7296-3.1-02: SPIr 0 in
 * the request. */
static void initial_header(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    if (seen->response)
        return; /* copied from the request */
    judged(seen->oracle, CLAUSE_RFC7296_2_2_02);
    if (header->message_id != 0)
        wrong_header(seen, CLAUSE_RFC7296_2_2_02, "Message ID 0", "Message ID",
                     header->message_id);
    if (seen->side != SIDE_INITIATOR)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_3_1_02);
    if (header->spi_r != 0)
        wrong_header(seen, CLAUSE_RFC7296_3_1_02, "SPIr 0 in the first message",
                     "SPIr", header->spi_r);
}

/* RFC7296-2.6-04: a cookie is 1 to 64 octets. RFC7296-2.6-05: it comes first
 * in the retry. */
static void initial_cookie(struct seen *seen)
{
    enum { COOKIE_MAX = 64 };
    const struct ike_message *message = &seen->ike->message;
    struct ike_notify cookie, first;
    if (!ike_message_notify(message, COOKIE, 0, &cookie))
        return;
    if (seen->response) {
        judged(seen->oracle, CLAUSE_RFC7296_2_6_04);
        if (cookie.data.size < 1 || cookie.data.size > COOKIE_MAX)
            wrong_header(seen, CLAUSE_RFC7296_2_6_04, "1 to 64 octets",
                         "cookie size", cookie.data.size);
        return;
    }
    judged(seen->oracle, CLAUSE_RFC7296_2_6_05);
    if (message->payloads[0].type != PAYLOAD_NOTIFY ||
        !ike_notify_decode(message->payloads[0].body, &first, NULL) ||
        first.type != COOKIE)
        wrong_header(seen, CLAUSE_RFC7296_2_6_05,
                     "N(COOKIE) as the first payload", "payload type",
                     message->payloads[0].type);
}

void rfc7296_initial(struct seen *seen)
{
    initial_header(seen);
    if (seen->ike->header.exchange == IKE_SA_INIT)
        initial_cookie(seen);
    rfc7296_payloads(seen);
}
