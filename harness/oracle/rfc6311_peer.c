/*
 * RFC 6311 5.1 and 9 for the peer: which synchronization requests it answers,
 * and with which values. m1, p1 are the request's, m2, p2 the response's.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>
#include <string.h>

/* A request that has to be dropped, or one that comes again, is a test even
 * if nothing is seen to follow. */
void rfc6311_sync_stimulus(struct seen *seen,
                           const struct sync_request *request)
{
    bool stale = !request->malformed && sync_is_stale(request);
    if (stale || request->copies > 1)
        judged(seen->oracle, CLAUSE_RFC6311_5_1_05);
    if (request->malformed)
        return;
    /* A01: a repeat of what was answered does not move them again. */
    bool again = request->copies > 1 && request->response.count;
    if (request->delta && negotiated(seen->sa, 1) == NO)
        rfc6311_counters_stale(seen, request->delta, CLAUSE_RFC6311_5_02);
    else if (request->misfit && request->delta)
        rfc6311_counters_stale(seen, request->delta, CLAUSE_RFC6311_6_4_01);
    else if (request->has_delta && (stale || again))
        rfc6311_counters_stale(seen, request->delta, CLAUSE_RFC6311_5_2_03);
    else if (request->has_delta && request->copies == 1)
        rfc6311_counters_asked(seen, request->delta);
}

/* The worked pairs A.1 to A.3: the request, the peer's state, the answer. */
struct worked_pair {
    bool received;
    uint32_t m1, p1, highest, used, p2, m2;
};

static const struct worked_pair *
worked_pair_of(const struct sync_request *request)
{
    static const struct worked_pair pairs[] = {
        {false, 0, 5, 0, 4, 5, 0},
        {true, 2, 3, 4, 3, 4, 5},
        {true, 2, 5, 3, 1, 5, 4},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (request->value.expected_send == pairs[i].m1 &&
            request->value.expected_recv == pairs[i].p1 &&
            request->received == pairs[i].received &&
            (!request->received ||
             request->received_highest == pairs[i].highest) &&
            request->used && request->used_highest == pairs[i].used)
            return &pairs[i];
    return NULL;
}

/* A02: A.2 and A.3 answer where 5.1 demands silence. */
static bool is_appendix_a(const struct sync_request *request,
                          const struct ike_message_id_sync *answer)
{
    const struct worked_pair *pair = worked_pair_of(request);
    return pair && pair->received && answer->expected_send == pair->p2 &&
           answer->expected_recv == pair->m2;
}

/* Whether a nonce tells which request is answered. A cluster that counts, or
 * that repeats itself, may have sent another with it that was lost. */
static bool is_telling(const struct seen *seen,
                       const struct sync_request *request)
{
    enum { COUNTED = 1 << 16 };
    const struct sync_request *other;
    if (read_u32(request->value.nonce) < COUNTED)
        return false;
    for (size_t n = 0; (other = sync_newest(seen->receiver, n)); n++)
        if (other != request &&
            memcmp(other->value.nonce, request->value.nonce, 4) == 0)
            return false;
    return true;
}

/* Of two requests with the same m1 only one may be answered, whatever was
 * lost between them and in whichever order they came. */
static bool has_twin(const struct seen *seen,
                     const struct sync_request *request)
{
    const struct sync_request *other;
    for (size_t n = 0; (other = sync_newest(seen->receiver, n)); n++)
        if (other != request && other->response.count && !other->malformed &&
            other->value.expected_send == request->value.expected_send &&
            memcmp(other->value.nonce, request->value.nonce, 4) != 0)
            return true;
    return false;
}

/* RFC6311-5.1-05: silence where m1 is not above everything that the peer has
 * seen from the cluster, which its own earlier answer proves. What looks stale
 * may be a copy of a request that was answered in time, and this the former
 * answer to it (A01), if frames were lost. */
static bool rule_5_1_05(struct seen *seen, const struct sync_request *request,
                        const struct ike_message_id_sync *answer)
{
    if (!sync_is_stale(request))
        return false;
    struct accusation a = has_twin(seen, request) && is_telling(seen, request)
                              ? accuse(seen, CLAUSE_RFC6311_5_1_05)
                              : accuse_if_whole(seen, CLAUSE_RFC6311_5_1_05);
    accuse_frame(&a, &request->received_at);
    accuse_frame(&a, &request->first);
    EXPECTED(&a,
             "no answer: M1 %" PRIu32 " is not above %" PRIu32
             ", which was received before",
             request->value.expected_send, request->received_highest);
    SEEN(&a, "an answer with P2 %" PRIu32 ", M2 %" PRIu32,
         answer->expected_send, answer->expected_recv);
    if (is_appendix_a(request, answer)) {
        a.finding.verdict = VERDICT_WARNING;
        READING(&a, "A02: follows Appendix A, which answers here");
    }
    submit(seen->oracle, seen, &a);
    return true;
}

/* RFC6311-5.1-05, A01: one request, answered twice in different octets. */
static void rule_second_answer(struct seen *seen,
                               const struct sync_request *request,
                               const struct ike_message_id_sync *answer)
{
    const struct ike_message_id_sync *before = &request->answer;

    /* Another member answers for the first time. */
    if (rfc6311_changed_since(seen->oracle, &request->response.first))
        return;
    bool same = answer->expected_send == before->expected_send &&
                answer->expected_recv == before->expected_recv;

    /* Another request with the same nonce may not have been captured. */
    judged(seen->oracle, CLAUSE_RFC6311_5_1_05);
    struct accusation a = same ? accuse(seen, CLAUSE_RFC6311_5_1_05)
                               : accuse_if_whole(seen, CLAUSE_RFC6311_5_1_05);
    accuse_frame(&a, &request->first);
    accuse_frame(&a, &request->response.first);
    accuse_frame(&a, &request->last);
    EXPECTED(&a, "silence or the former answer, P2 %" PRIu32 ", M2 %" PRIu32,
             before->expected_send, before->expected_recv);
    if (same) {
        a.finding.verdict = VERDICT_WARNING;
        SEEN(&a, "the same answer, sealed again");
    } else {
        SEEN(&a, "P2 %" PRIu32 ", M2 %" PRIu32, answer->expected_send,
             answer->expected_recv);
    }
    READING(&a, "A01: a repeated sync request meets silence or the former "
                "octets");
    submit(seen->oracle, seen, &a);
}

/* What 5.1 allows for the answer. */
struct limits {
    uint64_t m2; /* or more */
    uint64_t p2, p2_most;
    bool received, used; /* the bounds are not those of the request */
};

/* m2: the higher of m1 and one more than what was received from the cluster.
 * p2: the higher of p1 and one more than what the peer has used; more than
 * that where it had announced more, or sent more since. */
static struct limits limits_of(const struct seen *seen,
                               const struct sync_request *request)
{
    const struct party *peer = seen->sender;
    struct limits l = {.m2 = request->value.expected_send,
                       .p2 = request->value.expected_recv};

    if (request->received && (uint64_t)request->received_highest + 1 > l.m2) {
        l.m2 = (uint64_t)request->received_highest + 1;
        l.received = true;
    }
    if (request->used && (uint64_t)request->used_highest + 1 > l.p2) {
        l.p2 = (uint64_t)request->used_highest + 1;
        l.used = true;
    }
    l.p2_most = l.p2;
    if (request->announced && request->announced_send > l.p2_most)
        l.p2_most = request->announced_send;
    if (peer->used && (uint64_t)peer->used_highest + 1 > l.p2_most)
        l.p2_most = (uint64_t)peer->used_highest + 1;
    return l;
}

static bool is_m2_right(const struct limits *l, uint32_t m2)
{
    return m2 >= l->m2 || l->m2 > UINT32_MAX;
}

static bool is_p2_right(const struct limits *l, uint32_t p2)
{
    return (p2 >= l->p2 && p2 <= l->p2_most) || l->p2 > UINT32_MAX;
}

/* RFC6311-5.1-06 */
static void rule_5_1_06(struct seen *seen, struct sync_request *request,
                        const struct limits *l, uint32_t m2)
{
    judged(seen->oracle, CLAUSE_RFC6311_5_1_06);
    request->m2_wrong = !is_m2_right(l, m2);
    if (!request->m2_wrong)
        return;
    struct accusation a = is_telling(seen, request)
                              ? accuse(seen, CLAUSE_RFC6311_5_1_06)
                              : accuse_if_whole(seen, CLAUSE_RFC6311_5_1_06);
    if (l->received)
        accuse_frame(&a, &request->received_at);
    accuse_frame(&a, &request->first);
    EXPECTED(&a, "M2 of %" PRIu64 " or more", l->m2);
    SEEN(&a, "M2 %" PRIu32, m2);
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5.1-07; too low is certain, too high might be a request that was
 * missed. RFC6311-9-02 where a pending request was not counted. */
static void charge_p2(struct seen *seen, const struct sync_request *request,
                      const struct limits *l, uint32_t p2,
                      enum clause_id clause, bool pending)
{
    /* Below P1 is certain. Below what was used may be the former answer to a
     * request whose first copy was lost. */
    struct accusation a =
        p2 < request->value.expected_recv && is_telling(seen, request)
            ? accuse(seen, clause)
            : accuse_if_whole(seen, clause);
    if (l->used)
        accuse_frame(&a, &request->used_at);
    accuse_frame(&a, &request->first);
    if (l->used)
        EXPECTED(&a, "P2 %" PRIu64 ": one more than its highest request%s",
                 l->p2, pending ? ", which is pending" : "");
    else
        EXPECTED(&a, "P2 %" PRIu64 ", as P1", l->p2);
    SEEN(&a, "P2 %" PRIu32, p2);
    submit(seen->oracle, seen, &a);
}

/* A pending request that is not counted breaks 9-02 as well: both rows say
 * what P2 has to be then. */
static void rule_5_1_07(struct seen *seen, struct sync_request *request,
                        const struct limits *l, uint32_t p2)
{
    bool pending = request->outstanding && l->used && p2 < l->p2;

    judged(seen->oracle, CLAUSE_RFC6311_5_1_07);
    if (request->outstanding)
        judged(seen->oracle, CLAUSE_RFC6311_9_02);
    request->p2_wrong = !is_p2_right(l, p2);
    if (!request->p2_wrong)
        return;
    charge_p2(seen, request, l, p2, CLAUSE_RFC6311_5_1_07, pending);
    if (pending)
        charge_p2(seen, request, l, p2, CLAUSE_RFC6311_9_02, true);
}

/* RFC6311-5-02: an unnegotiated sync is not acted on. */
static bool rule_5_02(struct seen *seen, const struct sync_request *request)
{
    if (negotiated(seen->sa, 0) == UNKNOWN)
        return false;
    judged(seen->oracle, CLAUSE_RFC6311_5_02);
    if (negotiated(seen->sa, 0) == YES)
        return false;
    struct accusation a = accuse(seen, CLAUSE_RFC6311_5_02);
    accuse_frame(&a, &request->first);
    EXPECTED(&a, "no answer: 16420 was not asserted by both sides");
    SEEN(&a, "16422 in a response");
    submit(seen->oracle, seen, &a);
    return true;
}

/* RFC6311-10-01: not before the IKE SA is established. */
static bool rule_10_01(struct seen *seen, const struct sync_request *request)
{
    const struct ike_seen *sa = seen->sa;
    judged(seen->oracle, CLAUSE_RFC6311_10_01);
    if (sa->established || !sa->from_start || sa->blind)
        return false;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_10_01);
    accuse_frame(&a, &request->first);
    EXPECTED(&a, "no synchronization before IKE_AUTH is complete");
    SEEN(&a, "16422 in a response");
    submit(seen->oracle, seen, &a);
    return true;
}

/* RFC6311-6.3-01: a notify of another size than 12 octets is not acted on. */
static void rule_malformed(struct seen *seen,
                           const struct sync_request *request)
{
    judged(seen->oracle, CLAUSE_RFC6311_6_3_01);
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_6_3_01);
    accuse_frame(&a, &request->first);
    EXPECTED(&a, "no answer to a 16422 that is not %d octets",
             IKE_MESSAGE_ID_SYNC_SIZE);
    SEEN(&a, "16422 in a response with the nonce of that request");
    submit(seen->oracle, seen, &a);
}

/* The newest request of `party` that waits for an answer. */
static struct sync_request *open_sync(struct party *party)
{
    struct sync_request *request;
    for (size_t n = 0; (request = sync_newest(party, n)); n++)
        if (!request->response.count)
            return request;
    return NULL;
}

static const struct intruder *open_intruder(struct seen *seen,
                                            const struct sync_request *open)
{
    const struct intruder *intruder = intruder_find(seen->receiver, 0);
    if (!intruder || intruder->exchange != INFORMATIONAL ||
        (open && open->first.order > intruder->at.order))
        return NULL;
    return intruder;
}

/* RFC6311-9-01: nothing answers what is not authentic. */
static void rule_9_01(struct seen *seen, const struct intruder *intruder)
{
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_9_01);
    accuse_frame(&a, &intruder->at);
    EXPECTED(&a, "no answer to a request %s",
             intruder->clear ? "in clear text" : "with a wrong ICV");
    SEEN(&a, "a response with Message ID 0");
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5.1-08: the nonce comes back unchanged. RFC7296-2.2-03: a response
 * needs a request. */
static void rule_unmatched(struct seen *seen,
                           const struct ike_message_id_sync *answer)
{
    struct sync_request *open = open_sync(seen->receiver);
    const struct intruder *intruder = open_intruder(seen, open);
    if (intruder) {
        rule_9_01(seen, intruder);
        return;
    }
    if (!open)
        open = sync_newest(seen->receiver, 0);
    struct accusation a = accuse_if_whole(seen, open ? CLAUSE_RFC6311_5_1_08
                                                     : CLAUSE_RFC7296_2_2_03);
    char nonce[9], other[9];
    bytes_to_hex(bytes_of(answer->nonce, 4), nonce, sizeof nonce);
    judged(seen->oracle, a.clause);
    if (open) {
        accuse_frame(&a, &open->first);
        bytes_to_hex(bytes_of(open->value.nonce, 4), other, sizeof other);
        EXPECTED(&a, "the nonce of the request, %s", other);
    } else {
        EXPECTED(&a, "no response without a request");
    }
    SEEN(&a, "16422 in a response with nonce %s", nonce);
    submit(seen->oracle, seen, &a);
}

/* Another request with that nonce waits for its answer: this may be it. */
static bool is_ambiguous(const struct seen *seen,
                         const struct sync_request *request)
{
    const struct sync_request *other;
    for (size_t n = 0; (other = sync_newest(seen->receiver, n)); n++)
        if (other != request && !other->response.count && !other->malformed &&
            !sync_is_stale(other) &&
            memcmp(other->value.nonce, request->value.nonce, 4) == 0)
            return true;
    return false;
}

/* The side under test has asked for a synchronization of its own before it
 * answered this one. */
static bool crossed_since(const struct seen *seen,
                          const struct sync_request *request)
{
    const struct sync_request *own = sync_newest(seen->sender, 0);
    return own && own->first.order > request->first.order;
}

static void judge_answer(struct seen *seen, struct sync_request *request,
                         const struct ike_message_id_sync *answer)
{
    const struct limits l = limits_of(seen, request);

    judged(seen->oracle, CLAUSE_RFC6311_5_04);
    if (worked_pair_of(request))
        judged(seen->oracle, CLAUSE_RFC6311_A_01);
    /* A05: with two syncs crossing only the end state counts. */
    if (request->crossing || crossed_since(seen, request) ||
        is_ambiguous(seen, request))
        return;
    if (rule_5_1_05(seen, request, answer))
        return;
    rule_5_1_06(seen, request, &l, answer->expected_recv);
    rule_5_1_07(seen, request, &l, answer->expected_send);
    if (request->has_delta)
        rfc6311_counters_accepted(seen, request->delta, &request->first);
}

void rfc6311_sync_response(struct seen *seen, struct sync_request *request,
                           const struct ike_message_id_sync *answer)
{
    if (!request) {
        rule_unmatched(seen, answer);
        return;
    }
    if (seen->take != TAKE_FIRST && seen->take != TAKE_DIFFERENT)
        return;
    if (request->malformed) {
        rule_malformed(seen, request);
        return;
    }
    judged(seen->oracle, CLAUSE_RFC6311_5_1_08);
    if (rule_5_02(seen, request) || rule_10_01(seen, request))
        return;
    if (seen->take == TAKE_DIFFERENT)
        rule_second_answer(seen, request, answer);
    else
        judge_answer(seen, request, answer);
}

/* An authentic response with Message ID 0 and no 16422 where no regular
 * request 0 is known: whatever it answers should have been dropped. */
void rfc6311_odd_response(struct seen *seen)
{
    struct sync_request *open = open_sync(seen->receiver);
    const struct intruder *intruder = open_intruder(seen, open);
    if (intruder) {
        rule_9_01(seen, intruder);
        return;
    }
    if (!open || open->malformed || !sync_is_stale(open))
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_5_1_05);
    accuse_frame(&a, &open->received_at);
    accuse_frame(&a, &open->first);
    EXPECTED(&a, "no answer: M1 %" PRIu32 " is not above %" PRIu32,
             open->value.expected_send, open->received_highest);
    SEEN(&a, "a response without 16422");
    submit(seen->oracle, seen, &a);
}
