/*
 * RFC 7383: fragments of IKE messages. Where keys are missing, the fields that
 * travel in clear text are looked at all the same.
 */
#include "oracle/rfc6311_private.h"

#include <inttypes.h>

/* ---- The Encrypted Fragment payload in a message ---- */

struct skf {
    uint8_t next;
    uint16_t number, total;
    size_t size; /* of all behind the two numbers */
    bool last;   /* nothing follows it */
};

/* Also where the message does not decode. */
static bool find_skf(struct bytes octets, struct skf *out)
{
    size_t at = IKE_HEADER_SIZE;
    uint8_t type = octets.size > at ? octets.data[16] : 0;
    for (size_t n = 0; type && n < IKE_PAYLOADS_MAX; n++) {
        if (octets.size - at < IKE_PAYLOAD_HEADER_SIZE)
            return false;
        const uint8_t *payload = octets.data + at;
        size_t length = read_u16(payload + 2);
        if (length < IKE_PAYLOAD_HEADER_SIZE || length > octets.size - at)
            return false;
        if (type == PAYLOAD_SK)
            return false;
        if (type == PAYLOAD_SKF && length < IKE_PAYLOAD_HEADER_SIZE + 4)
            return false;
        if (type == PAYLOAD_SKF) {
            *out = (struct skf){payload[0], read_u16(payload + 4),
                                read_u16(payload + 6),
                                length - IKE_PAYLOAD_HEADER_SIZE - 4,
                                at + length == octets.size};
            return true;
        }
        type = payload[0];
        at += length;
    }
    return false;
}

static void wrong_skf(struct seen *seen, enum clause_id clause,
                      const struct skf *skf, const char *expected)
{
    struct accusation a = accuse(seen, clause);
    a.finding.inferred = !seen->authentic;
    /* Without keys nobody knows whether it was damaged on its way. */
    a.needs_whole = a.from_start = !seen->authentic;
    EXPECTED(&a, "%s", expected);
    SEEN(&a, "SKF with Next Payload %u, fragment %u of %u%s", skf->next,
         skf->number, skf->total, skf->last ? "" : ", octets behind it");
    submit(seen->oracle, seen, &a);
}

/* RFC7383-2.5-03: fragments count from 1 to their total. RFC7383-2.5-01: the
 * payload is the last one. */
static bool rule_form(struct seen *seen, const struct skf *skf)
{
    judged(seen->oracle, CLAUSE_RFC7383_2_5_01);
    judged(seen->oracle, CLAUSE_RFC7383_2_5_03);
    if (skf->number == 0 || skf->number > skf->total)
        wrong_skf(seen, CLAUSE_RFC7383_2_5_03, skf,
                  "a fragment number from 1 to the total");
    else if (!skf->last)
        wrong_skf(seen, CLAUSE_RFC7383_2_5_01, skf,
                  "no payload behind the Encrypted Fragment payload");
    else
        return true;
    return false;
}

/* RFC7383-2.5-02: the first fragment names the first payload inside, the
 * others none. IV, padding and ICV alone are never as long as PART_OF_MORE, so
 * that there is a payload inside. */
static void rule_2_5_02(struct seen *seen, const struct skf *skf)
{
    enum { PART_OF_MORE = 16 + 256 + 64 };
    judged(seen->oracle, CLAUSE_RFC7383_2_5_02);
    if (skf->number > 1 && skf->next != 0)
        wrong_skf(seen, CLAUSE_RFC7383_2_5_02, skf,
                  "Next Payload 0 in all fragments but the first");
    else if (skf->number == 1 && skf->next == 0 && skf->size > PART_OF_MORE)
        wrong_skf(seen, CLAUSE_RFC7383_2_5_02, skf,
                  "the type of the first payload inside");
}

/* RFC7383-2.4-01: only if both announced it. */
static void rule_2_4_01(struct seen *seen)
{
    const struct ike_seen *sa = seen->sa;
    if (!sa || !sa->init_seen[0] || !sa->init_seen[1])
        return;
    judged(seen->oracle, CLAUSE_RFC7383_2_4_01);
    if (sa->fragments[0] && sa->fragments[1])
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7383_2_4_01);
    EXPECTED(&a, "no fragments: 16430 was not announced by %s",
             sa->fragments[0] || sa->fragments[1] ? "one side" : "any side");
    SEEN(&a, "fragment %u of %u", seen->ike->fragment, seen->ike->fragments);
    submit(seen->oracle, seen, &a);
}

/* RFC7383-3-01: Message ID synchronization is never fragmented. RFC7383-2.4-03:
 * nor is what is small, and gets a small answer: an empty request. */
static void rule_content(struct seen *seen)
{
    if (seen->ike->status != TRACE_IKE_OPENED)
        return;
    judged(seen->oracle, CLAUSE_RFC7383_3_01);
    judged(seen->oracle, CLAUSE_RFC7383_2_4_03);
    if (carries_sync(seen)) {
        struct accusation a = accuse(seen, CLAUSE_RFC7383_3_01);
        EXPECTED(&a, "N(16422) in an unfragmented message");
        SEEN(&a, "in one of %u fragments", seen->ike->fragments);
        submit(seen->oracle, seen, &a);
    } else if (!seen->response && seen->ike->message.count == 0 &&
               seen->ike->header.exchange == INFORMATIONAL) {
        struct accusation a = accuse(seen, CLAUSE_RFC7383_2_4_03);
        EXPECTED(&a, "an empty request in one message");
        SEEN(&a, "an Encrypted Fragment payload, %u of %u", seen->ike->fragment,
             seen->ike->fragments);
        submit(seen->oracle, seen, &a);
    }
}

/* RFC7383-2.2-01: nothing is encrypted in these. */
static bool is_before_keys(const struct seen *seen)
{
    uint8_t exchange = seen->ike->header.exchange;
    return exchange == IKE_SA_INIT || exchange == IKE_SESSION_RESUME;
}

static bool rule_2_2_01(struct seen *seen, const struct skf *skf)
{
    if (!is_before_keys(seen))
        return true;
    wrong_skf(seen, CLAUSE_RFC7383_2_2_01, skf,
              "no fragments before there are keys");
    return false;
}

void rfc7383_message(struct seen *seen)
{
    const struct trace_ike *ike = seen->ike;
    struct skf skf;
    if (is_before_keys(seen))
        judged(seen->oracle, CLAUSE_RFC7383_2_2_01);
    if (ike->status == TRACE_IKE_BAD_ICV ||
        ike->header.length != ike->octets.size ||
        ike->header.version != IKE_VERSION_2 || !find_skf(ike->octets, &skf))
        return;
    /* What does not decode is only ours to judge if somebody speaks IKE. */
    if (ike->status == TRACE_IKE_MALFORMED && !seen->sa)
        return;
    if (!rule_2_2_01(seen, &skf) || !rule_form(seen, &skf) ||
        ike->status == TRACE_IKE_MALFORMED)
        return;
    rule_2_5_02(seen, &skf);
    rule_2_4_01(seen);
    rule_content(seen);
}

/* ---- Announcing it ---- */

/* RFC7383-2.3-02: Protocol ID and SPI Size 0; that it holds no data is said
 * without a MUST. */
static void rule_2_3_02(struct seen *seen, const struct ike_notify *notify)
{
    judged(seen->oracle, CLAUSE_RFC7383_2_3_02);
    bool empty = !notify->protocol && !notify->spi.size;
    if (empty && !notify->data.size)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7383_2_3_02);
    if (empty)
        a.finding.verdict = VERDICT_WARNING;
    EXPECTED(&a, "Protocol ID 0, SPI Size 0, no data");
    SEEN(&a, "Protocol ID %u, SPI Size %zu, %zu octets of data",
         notify->protocol, notify->spi.size, notify->data.size);
    submit(seen->oracle, seen, &a);
}

/* RFC7383-2.3-01: the responder announces it if the initiator did, too. Any
 * status notify may be added to a message (RFC 7296 3.10.1), so that this is no
 * failure. */
static void rule_2_3_01(struct seen *seen, const struct ike_seen *half)
{
    if (!seen->response || !half || !half->init_seen[SIDE_INITIATOR])
        return;
    judged(seen->oracle, CLAUSE_RFC7383_2_3_01);
    if (half->fragments[SIDE_INITIATOR])
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7383_2_3_01);
    a.needs_whole = a.from_start = true;
    a.finding.verdict = VERDICT_WARNING;
    EXPECTED(&a, "no N(16430) without one in the request");
    SEEN(&a, "N(16430)");
    submit(seen->oracle, seen, &a);
}

void rfc7383_initial(struct seen *seen, const struct ike_seen *half)
{
    struct ike_notify notify;
    if (seen->ike->header.exchange != IKE_SA_INIT ||
        !ike_message_notify(&seen->ike->message, IKEV2_FRAGMENTATION_SUPPORTED,
                            0, &notify))
        return;
    rule_2_3_02(seen, &notify);
    rule_2_3_01(seen, half);
}

/* ---- The fragments of one message ---- */

/* Another member of a cluster knows nothing of the fragments of the former. */
static void doubt_member(const struct seen *seen, const struct copies *before,
                         struct accusation *a)
{
    bool inferred;
    const char *reason = rfc6311_other_member(seen, before, &inferred);
    if (!reason)
        return;
    a->finding.verdict = VERDICT_INCONCLUSIVE;
    a->finding.inferred |= inferred;
    READING(a, "%s", reason);
}

/* RFC7383-2.5-04: all have the header of the message. What else differs in it
 * makes another message of them. They leave together, before another member
 * could use the Message ID for something else. */
static void rule_2_5_04(struct seen *seen, const struct copies *copies)
{
    if (seen->take != TAKE_MORE || !seen->authentic || seen->sa->blind ||
        seen->sender->announced.made ||
        seen->sight.time > copies->first.time + RETRANSMIT_TIME)
        return;
    judged(seen->oracle, CLAUSE_RFC7383_2_5_04);
    if (copies->exchange == seen->ike->header.exchange)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7383_2_5_04);
    accuse_frame(&a, &copies->first);
    EXPECTED(&a, "exchange type %u in each fragment of %" PRIu32,
             copies->exchange, seen->exchange->id);
    SEEN(&a, "%u", seen->ike->header.exchange);
    submit(seen->oracle, seen, &a);
}

/* RFC7383-2.5.2-01: sets of fragments that are tried out one after the other
 * grow in number. A set that came before the first that was seen may have been
 * lost. */
static void rule_2_5_2_01(struct seen *seen, const struct copies *copies)
{
    if (seen->take != TAKE_RECUT || !seen->ike->fragments || !copies->fragments)
        return;
    judged(seen->oracle, CLAUSE_RFC7383_2_5_2_01);
    if (seen->ike->fragments > copies->fragments ||
        seen->sight.time < copies->first.time + REORDER_TIME)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7383_2_5_2_01);
    accuse_frame(&a, &copies->first);
    EXPECTED(&a, "more than %u fragments when it is tried anew",
             copies->fragments);
    SEEN(&a, "%u", seen->ike->fragments);
    doubt_member(seen, copies, &a);
    submit(seen->oracle, seen, &a);
}

/* RFC7383-2.5.2-02: another size is told by another total. */
bool rfc7383_resplit(struct seen *seen)
{
    const struct copies *copies = &seen->exchange->request;
    if (seen->take != TAKE_DIFFERENT || !seen->ike->fragments)
        return false;
    for (size_t i = 0; i < copies->part_count; i++) {
        const struct part *part = &copies->parts[i];
        if (part->number != seen->ike->fragment ||
            part->size == seen->ike->octets.size)
            continue;
        struct accusation a = accuse(seen, CLAUSE_RFC7383_2_5_2_02);
        accuse_frame(&a, &copies->first);
        EXPECTED(&a, "more than %u fragments, or %u octets in number %u",
                 copies->fragments, part->size, part->number);
        SEEN(&a, "%zu octets, %u in all", seen->ike->octets.size,
             seen->ike->fragments);
        doubt_member(seen, copies, &a);
        submit(seen->oracle, seen, &a);
        return true;
    }
    return false;
}

void rfc7383_request(struct seen *seen)
{
    const struct copies *copies = &seen->exchange->request;
    if (!seen->ike->fragments)
        return;
    if (seen->take == TAKE_RECUT || seen->take == TAKE_REPEAT)
        judged(seen->oracle, CLAUSE_RFC7383_2_5_2_02);
    rule_2_5_04(seen, copies);
    rule_2_5_2_01(seen, copies);
}

/* A fragment with Message ID 0 may be of a synchronization, and is not counted
 * before it shows which. */
static bool is_counted(const struct seen *seen)
{
    return seen->exchange->id != 0 ||
           seen->ike->header.exchange != INFORMATIONAL;
}

/* RFC7383-4-02: no answer before all fragments are there; RFC7383-2.6-03: a
 * forged one does not count. */
static void rule_4_02(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    const struct copies *request = &e->request;
    if (seen->take != TAKE_FIRST || !is_counted(seen) || !request->fragments ||
        request->recut || request->fragments > PARTS_MAX || e->malformed ||
        !seen->sa->from_start)
        return;
    const struct intruder *intruder = intruder_find(seen->receiver, e->id);
    enum clause_id clause =
        intruder ? CLAUSE_RFC7383_2_6_03 : CLAUSE_RFC7383_4_02;
    judged(seen->oracle, clause);
    if (request->part_count >= request->fragments)
        return;
    struct accusation a = accuse_if_whole(seen, clause);
    accuse_frame(&a, &request->first);
    if (intruder)
        accuse_frame(&a, &intruder->at);
    EXPECTED(&a, "no response before all %u fragments of %" PRIu32 " arrived",
             request->fragments, e->id);
    SEEN(&a, "a response after %u", request->part_count);
    submit(seen->oracle, seen, &a);
}

/* RFC7383-2.6.1-02: the first fragment, repeated, brings the response again;
 * the others do not. */
static void rule_2_6_1_02(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    if (seen->take != TAKE_REPEAT || seen->ike->fragment > 1 ||
        !e->request.fragments || e->malformed || !is_counted(seen) ||
        e->request.tail_again.order < e->response.first.order)
        return;
    judged(seen->oracle, CLAUSE_RFC7383_2_6_1_02);
    if (e->response.tries <= e->request.heads)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7383_2_6_1_02);
    accuse_frame(&a, &e->request.tail_again);
    accuse_frame(&a, &e->response.first);
    EXPECTED(&a, "a response for each of %" PRIu32 " first fragments",
             e->request.heads);
    SEEN(&a, "%" PRIu32 ", after another fragment came again",
         e->response.tries);
    submit(seen->oracle, seen, &a);
}

void rfc7383_response(struct seen *seen)
{
    if (seen->ike->fragments)
        rule_2_5_04(seen, &seen->exchange->response);
    rule_4_02(seen);
    rule_2_6_1_02(seen);
}
