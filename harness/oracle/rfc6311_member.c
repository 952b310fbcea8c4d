/*
 * RFC 6311 5.1 and 7 for the newly active member: the values it proposes, and
 * how often. What a member knows is what reached it over the synch channel, as
 * the record of the run says, and what it did itself (A03).
 */
#include "oracle/members_private.h"

#include <inttypes.h>

/* A note may be late by so much, and a message have been composed before. */
#define COMPOSE_TIME (50 * NS_PER_MS)

/* Whether the gateway's failovers are on record, and `sight` is of the member
 * that is active now. */
static bool is_own_deed(const struct oracle *oracle, const struct sight *sight)
{
    return oracle->run && oracle->gateway_is_cluster &&
           !members_are_unsettled(oracle->members) &&
           (!oracle->gateway_epoch ||
            (sight->order > oracle->gateway_failover.order &&
             sight->time >= oracle->gateway_failover.time + REORDER_TIME));
}

/* What the sender knew when it composed this. */
static struct member_knowledge knowledge_of(const struct seen *seen)
{
    struct member_knowledge known = {.name = ""};
    if (!seen->oracle->gateway_is_cluster ||
        !members_know(seen->oracle->members, &seen->sa->key, seen->sight.time,
                      &known) ||
        (known.changed_since &&
         known.changed_at + COMPOSE_TIME > seen->sight.time)) {
        bool told = known.told;
        known = (struct member_knowledge){.name = "", .told = told};
    }
    return known;
}

/* RFC6311-5.1-01 against Message IDs: m1 is larger than any known to have been
 * used. */
static void rule_5_1_01(struct seen *seen, const struct sync_request *request,
                        const struct member_knowledge *known)
{
    const struct party *member = seen->sender;
    uint32_t m1 = request->value.expected_send;
    bool zero = m1 == 0 && seen->side == SIDE_INITIATOR && !seen->sa->rekeyed &&
                seen->sa->from_start;
    /* Only a request that was answered before was sent before for certain. */
    bool sure = member->answered && m1 <= member->answered_highest;
    bool own = sure && is_own_deed(seen->oracle, &member->used_at);
    judged(seen->oracle, CLAUSE_RFC6311_5_1_01);
    if (!member->used || m1 > member->used_highest)
        return;
    bool before =
        sure || seen->sight.time >= member->used_at.time + REORDER_TIME;
    bool knew = before && m1 < known->next_send;
    if (known->told && !knew && !own && !(zero && sure))
        return; /* it was never told: A03 */
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_5_1_01);
    accuse_frame(&a, &member->used_at);
    EXPECTED(&a, "M1 above %" PRIu32 ", which its side has used",
             member->used_highest);
    SEEN(&a, "M1 %" PRIu32, m1);
    if (zero && sure) {
        a.needs_whole = false;
        READING(&a, "A04: the original initiator used 0 and 1");
    } else if (knew) {
        EXPECTED(&a,
                 "M1 of %" PRIu32 " or more: %s knew that all below it "
                 "were used",
                 known->next_send, known->name);
        READING(&a, "A03: judged by what had reached this member");
    } else if (!own) {
        a.finding.verdict = VERDICT_INCONCLUSIVE;
        READING(&a, "A03: nothing shows that the member knew that it was used");
    }
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5.1-04 after a second failover: nothing is found if the values were
 * put on the channel and got lost there. */
static void accuse_second_member(struct seen *seen,
                                 const struct sync_request *earlier,
                                 uint32_t m1)
{
    struct oracle *oracle = seen->oracle;
    uint32_t sent = earlier->value.expected_send;
    bool recorded = members_are_recorded(oracle->members);
    struct member_knowledge known = knowledge_of(seen);
    bool arrived = known.next_send >= sent && known.name[0];

    if (recorded && !arrived &&
        members_were_told(oracle->members, &seen->sa->key, sent))
        return;
    /* It may be the copy of a still earlier one. */
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_5_1_04);
    accuse_frame(&a, &earlier->first);
    EXPECTED(&a, "M1 above %" PRIu32 ", that of the sync before the failover",
             sent);
    if (arrived)
        SEEN(&a, "M1 %" PRIu32 ", though %s had been told", m1, known.name);
    else
        SEEN(&a, "M1 %" PRIu32 "%s", m1,
             recorded ? "; no member was told of it" : "");
    submit(oracle, seen, &a);
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
        if (!own) {
            accuse_second_member(seen, earlier, m1);
            return;
        }
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
 * used, so that without a record only keeping to it can be seen. */
static void rule_5_1_02(struct seen *seen, const struct sync_request *request,
                        const struct member_knowledge *known)
{
    const struct party *member = seen->sender;
    uint32_t m1 = request->value.expected_send;
    /* A window that was announced later it may not know. */
    const struct sight *announced = &member->takeover.window_at;
    uint32_t window =
        announced->order && known->sa_at > announced->time ? member->window : 1;
    uint64_t least = (uint64_t)known->next_send - 1 + window;
    if (member->used && m1 >= (uint64_t)member->used_highest + member->window)
        judged(seen->oracle, CLAUSE_RFC6311_5_1_02);
    if (known->next_send == 0 || m1 < known->next_send)
        return; /* nothing is known, or 5.1-01 is broken */
    judged(seen->oracle, CLAUSE_RFC6311_5_1_02);
    if (m1 >= least || !known->has_sa)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_5_1_02);
    EXPECTED(&a,
             "M1 of %" PRIu64 " or more: %s knew of %" PRIu32
             ", and the window is %" PRIu32,
             least, known->name, known->next_send - 1, window);
    SEEN(&a, "M1 %" PRIu32, m1);
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5.1-03: p1 is not below one more than the last request received. */
static void rule_5_1_03(struct seen *seen, const struct sync_request *request,
                        const struct member_knowledge *known)
{
    const struct party *peer = seen->receiver;
    uint32_t p1 = request->value.expected_recv;
    if (!peer->answered)
        return;
    judged(seen->oracle, CLAUSE_RFC6311_5_1_03);
    if (p1 > peer->answered_highest)
        return;
    bool own = is_own_deed(seen->oracle, &peer->answered_at);
    bool knew = p1 < known->next_receive;
    if (known->told && !knew && !own)
        return; /* A03 */
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_5_1_03);
    accuse_frame(&a, &peer->answered_at);
    EXPECTED(&a, "P1 above %" PRIu32 ", which was answered",
             knew && known->next_receive - 1 < peer->answered_highest
                 ? known->next_receive - 1
                 : peer->answered_highest);
    SEEN(&a, "P1 %" PRIu32, p1);
    if (knew) {
        READING(&a, "A03: judged by what had reached this member");
    } else if (!own) {
        a.finding.verdict = VERDICT_INCONCLUSIVE;
        READING(&a, "A03: nothing shows that this member knew of it");
    }
    submit(seen->oracle, seen, &a);
}

void rfc6311_member_request(struct seen *seen, struct sync_request *request)
{
    const struct ike_seen *sa = seen->sa;
    struct member_knowledge known = knowledge_of(seen);
    judged(seen->oracle, CLAUSE_RFC6311_10_01);
    if (!sa->established && sa->from_start && !sa->blind) {
        struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_10_01);
        EXPECTED(&a, "no synchronization before IKE_AUTH is complete");
        SEEN(&a, "a sync request");
        submit(seen->oracle, seen, &a);
    }
    rfc6311_infer(seen);
    if (request->malformed)
        return;
    rule_5_1_01(seen, request, &known);
    rule_5_1_02(seen, request, &known);
    rule_5_1_03(seen, request, &known);
    rule_5_1_04(seen, request);
    if (seen->oracle->gateway_epoch) {
        judged(seen->oracle, CLAUSE_RFC6311_7_02);
        judged(seen->oracle, CLAUSE_RFC6311_7_03);
    }
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

/* A cluster that has failed over may not have the IKE SA at the member that
 * got it. */
static void rule_5_04(struct oracle *oracle, struct ike_seen *sa,
                      enum side member_side)
{
    enum { TRIES = 3 };
    struct party *member = &sa->party[member_side];
    struct party *peer = &sa->party[other_side(member_side)];
    struct sync_request *sync = sync_newest(member, 0);

    if (!sync || sync->response.count || sync->malformed || sync->extra ||
        sync->misfit || sync->tries < TRIES || negotiated(sa, 0) != YES ||
        sa->replaced || peer->unsure ||
        !under_test(oracle, &peer->at.address) ||
        !address_equal(&sync->to, &peer->at.address) ||
        (oracle->gateway_is_cluster && oracle->gateway_changes) ||
        !is_above_all(member, sync) || !peer->used ||
        peer->used_at.order < sync->last.order)
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
    rfc6311_takeover_finish(oracle);
}
