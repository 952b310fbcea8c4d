/*
 * RFC 6311 5.1 and 7 for the newly active member: the values it proposes, and
 * how often. What a member knows is known for certain only of its own deeds
 * (A03), so most rules look at what it did since the last failover.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

/* Whether the gateway's failovers are on record, and `sight` is of the member
 * that is active now. */
static bool is_own_deed(const struct oracle *oracle, const struct sight *sight)
{
    return oracle->run && oracle->gateway_is_cluster &&
           (!oracle->gateway_epoch ||
            sight->order > oracle->gateway_failover.order);
}

/* RFC6311-5.1-01 against Message IDs: m1 is larger than any known to have been
 * used. */
static void rule_5_1_01(struct seen *seen, const struct sync_request *request)
{
    const struct party *member = seen->sender;
    uint32_t m1 = request->value.expected_send;
    bool zero = m1 == 0 && seen->side == SIDE_INITIATOR && !seen->sa->rekeyed &&
                seen->sa->from_start;
    /* Only a request that was answered before was sent before for certain. */
    bool sure = member->answered && m1 <= member->answered_highest;
    judged(seen->oracle, CLAUSE_RFC6311_5_1_01);
    if (!member->used || m1 > member->used_highest)
        return;
    struct accusation a =
        accuse_in_order(seen, CLAUSE_RFC6311_5_1_01, &member->answered_at);
    accuse_frame(&a, &member->used_at);
    EXPECTED(&a, "M1 above %" PRIu32 ", which its side has used",
             member->used_highest);
    SEEN(&a, "M1 %" PRIu32, m1);
    if (zero && sure) {
        READING(&a, "A04: the original initiator used 0 and 1");
    } else if (!sure || !is_own_deed(seen->oracle, &member->used_at)) {
        a.finding.verdict = VERDICT_INCONCLUSIVE;
        READING(&a, "A03: nothing shows that the member knew that it was used");
    }
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5.1-01 and -04 against earlier syncs: a new one with an m1 that was
 * used before is a replay to the peer. That of an answered one is known. */
static void rule_5_1_04(struct seen *seen, const struct sync_request *request)
{
    const struct sync_request *earlier;
    uint32_t m1 = request->value.expected_send;

    for (size_t n = 0; (earlier = sync_newest(seen->sender, n)); n++) {
        if (earlier->malformed ||
            seen->sight.time < earlier->first.time + REORDER_TIME)
            continue;
        bool own = is_own_deed(seen->oracle, &earlier->first) &&
                   earlier->response.count;
        enum clause_id clause =
            own ? CLAUSE_RFC6311_5_1_01 : CLAUSE_RFC6311_5_1_04;
        judged(seen->oracle, clause);
        if (m1 > earlier->value.expected_send)
            continue;
        /* It may be the copy of a still earlier one. */
        struct accusation a = accuse_if_whole(seen, clause);
        accuse_frame(&a, &earlier->first);
        EXPECTED(&a, "M1 above %" PRIu32 ", that of an earlier sync",
                 earlier->value.expected_send);
        SEEN(&a, "M1 %" PRIu32, m1);
        submit(seen->oracle, seen, &a);
        return;
    }
}

/* RFC6311-5.1-02: known value plus window. What is known is at most what was
 * used, so that only keeping to it can be seen. */
static void rule_5_1_02(struct seen *seen, const struct sync_request *request)
{
    const struct party *member = seen->sender;
    if (member->used && request->value.expected_send >=
                            (uint64_t)member->used_highest + member->window)
        judged(seen->oracle, CLAUSE_RFC6311_5_1_02);
}

/* RFC6311-5.1-03: p1 is not below one more than the last request received. */
static void rule_5_1_03(struct seen *seen, const struct sync_request *request)
{
    const struct party *peer = seen->receiver;
    uint32_t p1 = request->value.expected_recv;
    if (!peer->answered)
        return;
    judged(seen->oracle, CLAUSE_RFC6311_5_1_03);
    if (p1 > peer->answered_highest)
        return;
    struct accusation a =
        accuse_in_order(seen, CLAUSE_RFC6311_5_1_03, &peer->answered_at);
    accuse_frame(&a, &peer->answered_at);
    EXPECTED(&a, "P1 above %" PRIu32 ", which was answered",
             peer->answered_highest);
    SEEN(&a, "P1 %" PRIu32, p1);
    if (!is_own_deed(seen->oracle, &peer->answered_at)) {
        a.finding.verdict = VERDICT_INCONCLUSIVE;
        READING(&a, "A03: nothing shows that this member knew of it");
    }
    submit(seen->oracle, seen, &a);
}

/* RFC6311-7-02, A09: once a failover. The first exchange is over for the
 * member when it has sent a request since. */
static void mark_second(struct seen *seen, struct sync_request *request)
{
    const struct oracle *oracle = seen->oracle;
    const struct party *member = seen->sender;

    if (!oracle->run || !oracle->gateway_is_cluster || !oracle->gateway_epoch)
        return;
    judged(seen->oracle, CLAUSE_RFC6311_7_02);
    request->again = member->failover_epoch == oracle->gateway_epoch &&
                     member->failover_syncs && member->used &&
                     member->used_at.order > member->announced.at.order;
}

void rfc6311_member_request(struct seen *seen, struct sync_request *request)
{
    const struct ike_seen *sa = seen->sa;
    judged(seen->oracle, CLAUSE_RFC6311_10_01);
    if (!sa->established && sa->from_start && !sa->blind) {
        struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_10_01);
        EXPECTED(&a, "no synchronization before IKE_AUTH is complete");
        SEEN(&a, "a sync request");
        submit(seen->oracle, seen, &a);
    }
    if (request->malformed)
        return;
    rule_5_1_01(seen, request);
    rule_5_1_02(seen, request);
    rule_5_1_03(seen, request);
    rule_5_1_04(seen, request);
    mark_second(seen, request);
}

void rfc6311_member_answered(struct seen *seen, struct sync_request *request,
                             const struct ike_message_id_sync *answer)
{
    struct party *member = seen->receiver;
    if (!request) {
        member->misled = member->sync_count != 0;
        member->misled_send = answer->expected_recv;
        return;
    }
    if (!request->again || seen->take != TAKE_FIRST)
        return;
    request->again = false;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_7_02);
    a.finding.subject = seen->event->packet.destination;
    accuse_frame(&a, &member->announced.at);
    accuse_frame(&a, &request->first);
    EXPECTED(&a, "one synchronization of this IKE SA in one failover");
    SEEN(&a, "a second one, answered");
    READING(&a, "A09: a second answered sync after one failover is a fail");
    submit(seen->oracle, seen, &a);
}

/* ---- Requests that nobody answered, at the end ---- */

/* Everything that the other side sent, received or not, is below m1. */
static bool is_above_all(struct party *member, const struct sync_request *sync)
{
    const struct sync_request *other;
    uint32_t m1 = sync->value.expected_send;
    if (member->used && m1 <= member->used_highest)
        return false;
    for (size_t n = 0; (other = sync_newest(member, n)); n++)
        if (other != sync &&
            (other->malformed || m1 <= other->value.expected_send))
            return false;
    return true;
}

/* A delta that does not fit, or was not negotiated, may be a reason to drop
 * the whole. */
static bool has_odd_delta(const struct ike_seen *sa,
                          const struct sync_request *sync)
{
    return sync->misfit || (sync->has_delta && negotiated(sa, 1) != YES);
}

static void rule_5_04(struct oracle *oracle, struct ike_seen *sa,
                      enum side member_side)
{
    enum { TRIES = 3 };
    struct party *member = &sa->party[member_side];
    struct party *peer = &sa->party[other_side(member_side)];
    struct sync_request *sync = sync_newest(member, 0);

    if (!sync || sync->response.count || sync->malformed || sync->extra ||
        has_odd_delta(sa, sync) || sync->tries < TRIES ||
        negotiated(sa, 0) != YES || sa->replaced || peer->unsure ||
        !under_test(oracle, &peer->at.address) || !is_above_all(member, sync) ||
        !peer->used || peer->used_at.order < sync->last.order)
        return;
    judged(oracle, CLAUSE_RFC6311_5_04);
    struct accusation a = {
        .clause = CLAUSE_RFC6311_5_04,
        .needs_whole = true,
        .from_start = sa->from_start,
        .finding = {.clause = clause_nth(CLAUSE_RFC6311_5_04),
                    .verdict = VERDICT_FAIL,
                    .time = sync->last.time,
                    .subject = peer->at}};
    sa_name(&sa->key, a.finding.sa, sizeof a.finding.sa);
    accuse_frame(&a, &sync->first);
    accuse_frame(&a, &sync->last);
    if (sync->value.expected_send == 0) {
        /* Nothing was seen, so 0 is not above anything either. */
        a.finding.verdict = VERDICT_WARNING;
        READING(&a, "A04: with nothing seen M1 = 0 is acceptable; dropping it "
                    "is a warning");
    }
    EXPECTED(&a, "an answer to a valid sync request");
    SEEN(&a, "none to %" PRIu32 " copies, though it sent requests since",
         sync->tries);
    submit_plain(oracle, &a);
}

void rfc6311_finish(struct oracle *oracle)
{
    for (struct ike_seen *sa = oracle->sas; sa; sa = sa->hh.next) {
        rule_5_04(oracle, sa, SIDE_INITIATOR);
        rule_5_04(oracle, sa, SIDE_RESPONDER);
    }
}
