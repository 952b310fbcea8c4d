/*
 * RFC 6311 for a member that takes over: once in a failover (7), what it makes
 * of the answers to its synchronization (5.1, 11), its window (8.1), and the
 * end of synchronizations that cross (A.4). And failovers that no record tells
 * of, which never make a failure.
 */
#include "oracle/members_private.h"

#include <inttypes.h>
#include <stdlib.h>

/* Its sync waits for an answer, and is in order. */
static const struct sync_request *open_sync(struct party *member)
{
    const struct sync_request *sync = sync_newest(member, 0);
    return sync && !sync->response.count && !sync->malformed ? sync : NULL;
}

/* ---- Answers to its synchronization ---- */

/* Whether a member would take it: no lower than what it asked for. */
static bool is_sane(const struct sync_request *request)
{
    return !request->answer_odd &&
           request->answer.expected_recv >= request->value.expected_send &&
           request->answer.expected_send >= request->value.expected_recv;
}

/* It was sent since the last failover. */
static bool is_of_epoch(const struct oracle *oracle,
                        const struct sync_request *sync)
{
    return sync->first.time >= oracle->gateway_change.time;
}

/* The record may be late: a failover shortly after a second sync explains it.
 */
#define RECORD_TIME (2 * NS_PER_S)

static void hold(struct party *member, const struct accusation *a)
{
    struct takeover *t = &member->takeover;
    if (!t->again)
        t->again = memory_take(sizeof *t->again);
    *t->again = *a;
}

void rfc6311_note_change(struct oracle *oracle, uint64_t time)
{
    for (struct ike_seen *sa = oracle->sas; sa; sa = sa->hh.next)
        for (int side = 0; side < SIDES; side++) {
            struct takeover *t = &sa->party[side].takeover;
            if (!t->again || time > t->again->finding.time + RECORD_TIME)
                continue;
            free(t->again);
            t->again = NULL;
        }
}

static void submit_held(struct oracle *oracle, struct party *member)
{
    struct takeover *t = &member->takeover;
    if (!t->again)
        return;
    submit_plain(oracle, t->again);
    free(t->again);
    t->again = NULL;
}

/* RFC6311-7-02, A09: a second one that is answered, where the first was. What
 * was captured whole has arrived. */
static void rule_7_02(struct seen *seen, const struct sync_request *request)
{
    struct oracle *oracle = seen->oracle;
    const struct sync_request *first = NULL, *other;

    if (!oracle->run || !oracle->gateway_is_cluster || !oracle->gateway_epoch ||
        members_are_unsettled(oracle->members) || !is_of_epoch(oracle, request))
        return;
    for (size_t n = 0; (other = sync_newest(seen->receiver, n)); n++)
        if (other != request && other->response.count && !other->malformed &&
            !other->crossing && !request->crossing && is_sane(other) &&
            is_of_epoch(oracle, other) &&
            other->response.first.time + REORDER_TIME <= request->first.time)
            first = other;
    if (!first)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_7_02);
    a.finding.subject = seen->event->packet.destination;
    accuse_frame(&a, &first->first);
    accuse_frame(&a, &first->response.first);
    accuse_frame(&a, &request->first);
    EXPECTED(&a,
             "one synchronization of this IKE SA in one failover: M1 "
             "%" PRIu32 " was answered",
             first->value.expected_send);
    SEEN(&a, "a second one with M1 %" PRIu32 ", answered",
         request->value.expected_send);
    READING(&a, "A09: a second answered sync after one failover is a fail");
    accuse_frame(&a, &seen->sight);
    a.finding.time = request->first.time;
    submit_held(oracle, seen->receiver);
    hold(seen->receiver, &a);
}

/* RFC6311-2-01: the newest member comes to terms where the one before did
 * not. */
static void note_double(struct seen *seen, const struct sync_request *request)
{
    const struct sync_request *other = sync_newest(seen->receiver, 1);
    if (seen->oracle->gateway_epoch > 1 && other && !other->response.count &&
        other->first.time < seen->oracle->gateway_failover.time &&
        request->first.time >= seen->oracle->gateway_failover.time)
        judged(seen->oracle, CLAUSE_RFC6311_2_01);
}

void rfc6311_member_answered(struct seen *seen, struct sync_request *request,
                             const struct ike_message_id_sync *answer)
{
    struct party *member = seen->receiver;
    struct takeover *t = &member->takeover;

    if (!request) {
        member->misled = member->sync_count != 0;
        member->misled_send = answer->expected_recv;
        t->misled_at = seen->sight;
        return;
    }
    if (seen->take == TAKE_DIFFERENT) {
        t->second = true;
        t->second_send = answer->expected_recv;
        t->second_at = seen->sight;
    }
    if (seen->take == TAKE_REPEAT || seen->take == TAKE_DIFFERENT)
        judged(seen->oracle, CLAUSE_RFC6311_11_01);
    if (seen->take != TAKE_FIRST)
        return;
    t->second = false;
    member->misled = false;
    request->answer_odd = seen->ike->message.count != 1;
    note_double(seen, request);
    rule_7_02(seen, request);
}

/* RFC6311-11-01: what a second answer says is not adopted. */
static void rule_11_01(struct seen *seen)
{
    struct party *member = seen->sender;
    struct takeover *t = &member->takeover;
    uint32_t id = seen->ike->header.message_id;

    if (!t->second || seen->take != TAKE_FIRST)
        return;
    t->second = false;
    if (rfc6311_succeeded_since(seen->oracle, &member->announced.at) ||
        id != t->second_send || id == member->announced.send ||
        (member->used && id == (uint64_t)member->used_highest + 1))
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_11_01);
    accuse_frame(&a, &member->announced.at);
    accuse_frame(&a, &t->second_at);
    EXPECTED(
        &a, "the second answer dropped, Message ID %" PRIu32 " as in the first",
        member->announced.send);
    SEEN(&a, "a request with the second one's Message ID, %" PRIu32, id);
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5.1-09: what an answer with another nonce says is not adopted. */
static void rule_5_1_09(struct seen *seen)
{
    struct party *member = seen->sender;
    const struct sync_request *sync = sync_newest(member, 0);
    uint32_t id = seen->ike->header.message_id;
    if (!member->misled || seen->take != TAKE_FIRST || !sync ||
        sync->response.count)
        return;
    member->misled = false;
    if (rfc6311_succeeded_since(seen->oracle, &sync->first))
        return;
    judged(seen->oracle, CLAUSE_RFC6311_5_1_09);
    if (id != member->misled_send || id == sync->value.expected_send)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_5_1_09);
    accuse_frame(&a, &sync->first);
    accuse_frame(&a, &member->takeover.misled_at);
    EXPECTED(&a, "the answer with another nonce dropped, Message ID %" PRIu32,
             sync->value.expected_send);
    SEEN(&a, "a request with its Message ID %" PRIu32, id);
    submit(seen->oracle, seen, &a);
}

/* RFC6311-5.1-09: nor does it end the asking. Whoever asked but a few times
 * has not given up yet. */
static void rule_5_1_09_end(struct oracle *oracle, struct ike_seen *sa,
                            enum side side)
{
    enum { FEW = 2, LONG = 30 };
    struct party *member = &sa->party[side];
    const struct sync_request *sync = open_sync(member);
    uint64_t misled = member->takeover.misled_at.time;

    if (!sync || !member->takeover.misled_at.order || sync->tries > FEW ||
        sync->first.order > member->takeover.misled_at.order ||
        sync->last.time > misled + REORDER_TIME || sa->replaced ||
        !member->used || member->used_at.time < misled + REORDER_TIME ||
        oracle->frame_time < misled + LONG * NS_PER_S ||
        oracle->gateway_change.time > sync->first.time + REORDER_TIME ||
        !under_test(oracle, &member->at.address))
        return;
    struct accusation a = {
        .clause = CLAUSE_RFC6311_5_1_09,
        .needs_whole = true,
        .from_start = sa->from_start,
        .finding = {.clause = clause_nth(CLAUSE_RFC6311_5_1_09),
                    .verdict = VERDICT_FAIL,
                    .time = member->used_at.time,
                    .subject = member->at}};
    judged(oracle, CLAUSE_RFC6311_5_1_09);
    sa_name(&sa->key, a.finding.sa, sizeof a.finding.sa);
    accuse_frame(&a, &sync->last);
    accuse_frame(&a, &member->takeover.misled_at);
    accuse_frame(&a, &member->used_at);
    EXPECTED(&a,
             "the sync with M1 %" PRIu32 " again: the answer had another "
             "nonce",
             sync->value.expected_send);
    SEEN(&a,
         "%" PRIu32 " copies before it and none since, but request %" PRIu32,
         sync->tries, member->used_highest);
    submit_plain(oracle, &a);
}

/* ---- Its requests ---- */

/* RFC6311-5-03: the capability is part of the IKE SA's state. A member that
 * has it goes on under a Message ID that is used up, with other content. */
static void rule_5_03(struct seen *seen)
{
    struct oracle *oracle = seen->oracle;
    struct party *member = seen->sender;
    struct takeover *t = &member->takeover;
    const struct sync_request *sync = sync_newest(member, 0);
    struct member_knowledge known;
    uint32_t id = seen->ike->header.message_id;

    if (!oracle->gateway_is_cluster || !oracle->gateway_epoch ||
        negotiated(seen->sa, 0) != YES ||
        t->epoch_judged == oracle->gateway_epoch ||
        (seen->take != TAKE_FIRST && seen->take != TAKE_DIFFERENT) ||
        seen->sight.time < oracle->gateway_failover.time + REORDER_TIME)
        return;
    t->epoch_judged = oracle->gateway_epoch;
    judged(oracle, CLAUSE_RFC6311_5_03);
    bool synced = sync && sync->first.time + REORDER_TIME >=
                              oracle->gateway_failover.time;
    if (synced || !member->used || id > member->used_highest ||
        member->used_at.order > oracle->gateway_failover.order ||
        !members_know(oracle->members, &seen->sa->key, seen->sight.time,
                      &known) ||
        !known.has_sa)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_5_03);
    a.finding.verdict = VERDICT_WARNING;
    accuse_frame(&a, &member->used_at);
    EXPECTED(&a,
             "a synchronization first: %s has this IKE SA, 16420 was "
             "negotiated, and %" PRIu32 " is used",
             known.name, member->used_highest);
    SEEN(&a, "a new request with Message ID %" PRIu32, id);
    READING(&a, "a member MAY synchronize (5); not doing so with counters "
                "that are stale is a warning");
    submit(oracle, seen, &a);
}

void rfc6311_takeover_request(struct seen *seen)
{
    rule_5_1_09(seen);
    rule_11_01(seen);
    rule_5_03(seen);
}

/* RFC6311-5-07: both kinds in one message, not one after the other while the
 * first is under way: that one's Message IDs are not agreed on yet. */
void rfc6311_takeover_counters(struct seen *seen)
{
    const struct sync_request *sync;
    if (seen->response || negotiated(seen->sa, 0) != YES ||
        seen->take != TAKE_FIRST)
        return;
    sync = sync_newest(seen->sender, 0);
    if (!sync)
        return;
    judged(seen->oracle, CLAUSE_RFC6311_5_07);
    if (sync->response.count || sync->malformed ||
        rfc6311_succeeded_since(seen->oracle, &sync->first) ||
        seen->sight.time < sync->first.time + REORDER_TIME ||
        seen->sight.time > sync->last.time + REPEAT_TIME)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_5_07);
    accuse_frame(&a, &sync->first);
    EXPECTED(&a, "16423 beside 16422, or once that was answered");
    SEEN(&a, "16423 in a request of its own, Message ID %" PRIu32,
         seen->ike->header.message_id);
    submit(seen->oracle, seen, &a);
}

/* ---- Its window before the answer (8.1) ---- */

static bool is_outside(const struct sync_request *sync,
                       const struct party *requester, uint32_t id)
{
    uint32_t p1 = sync->value.expected_recv;
    uint64_t first = p1;
    if (requester->answered && requester->answered_highest >= p1)
        first = (uint64_t)requester->answered_highest + 1;
    return id < p1 || id >= first + requester->window;
}

/* A request that came after the sync went out, and is outside of what it
 * declares. */
static const struct sync_request *undue(struct party *member,
                                        const struct party *requester,
                                        const struct exchange *e)
{
    const struct sync_request *sync = open_sync(member);
    if (!sync || !e->request.count ||
        e->request.first.time < sync->first.time + REORDER_TIME ||
        !is_outside(sync, requester, e->id))
        return NULL;
    return sync;
}

void rfc6311_takeover_stimulus(struct seen *seen)
{
    if (seen->authentic && seen->take == TAKE_FIRST &&
        undue(seen->receiver, seen->sender, seen->exchange))
        judged(seen->oracle, CLAUSE_RFC6311_8_1_01);
}

/* RFC6311-8.1-01: what it has sent as its receive counter holds at once. */
void rfc6311_takeover_response(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    const struct announcement *said = &seen->sender->announced;
    const struct sync_request *sync = undue(seen->sender, seen->receiver, e);
    uint32_t p1;

    if (!sync || seen->take != TAKE_FIRST || seen->sender->unsure ||
        rfc6311_changed_since(seen->oracle, &sync->first) || seen->sa->blind ||
        negotiated(seen->sa, 0) != YES ||
        (said->made && said->at.order > sync->first.order))
        return;
    p1 = sync->value.expected_recv;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6311_8_1_01);
    accuse_frame(&a, &sync->first);
    accuse_frame(&a, &e->request.first);
    EXPECTED(&a,
             "no answer: request %" PRIu32 " is %s the window from "
             "P1 %" PRIu32 " on, of %" PRIu32,
             e->id, e->id < p1 ? "below" : "beyond", p1,
             seen->receiver->window);
    SEEN(&a, "an answer");
    submit(seen->oracle, seen, &a);
}

/* ---- Failovers that nobody recorded ---- */

/* A new synchronization tells of one. */
void rfc6311_infer(struct seen *seen)
{
    struct oracle *oracle = seen->oracle;
    const struct sync_request *last = sync_newest(seen->sender, 0);
    if (oracle->run || (last && !last->response.count))
        return;
    oracle->totals.failovers_inferred++;
    seen->sender->takeover.inferred = seen->sight;
}

/* Content with a nonce is one sender's. */
static bool is_sealed_again(const struct seen *seen,
                            const struct copies *before)
{
    return seen->ike->status == TRACE_IKE_OPENED && before->opened &&
           before->has_nonce &&
           before->content == content_hash(seen->ike->plaintext);
}

bool rfc6311_changed_since(const struct oracle *oracle,
                           const struct sight *before)
{
    if (!oracle->gateway_is_cluster)
        return false;
    if (members_are_unsettled(oracle->members) ||
        members_share_load(oracle->members))
        return true;
    return oracle->gateway_changes &&
           oracle->gateway_change.time + REORDER_TIME > before->time;
}

bool rfc6311_succeeded_since(const struct oracle *oracle,
                             const struct sight *sync)
{
    bool settled = oracle->gateway_is_cluster &&
                   !members_are_unsettled(oracle->members) &&
                   !members_share_load(oracle->members);
    if (settled && oracle->gateway_changes == 1 &&
        sync->order > oracle->gateway_change.order)
        return false;
    return rfc6311_changed_since(oracle, sync);
}

bool rfc6311_may_not_know_of(const struct oracle *oracle,
                             const struct ike_seen *sa, uint64_t time,
                             const struct sight *before, bool sent, uint32_t id)
{
    struct member_knowledge known;
    if (!rfc6311_changed_since(oracle, before))
        return false;
    if (members_share_load(oracle->members) ||
        !members_know(oracle->members, &sa->key, time, &known) ||
        known.changed_since)
        return true;
    return sent ? known.next_send <= id : known.next_receive <= id;
}

void rfc6311_forgive(const struct seen *seen, struct sync_request *request)
{
    struct oracle *oracle = seen->oracle;
    uint64_t time = seen->sight.time;
    if (!oracle->gateway_is_cluster)
        return;
    if (request->received &&
        rfc6311_may_not_know_of(oracle, seen->sa, time, &request->received_at,
                                false, request->received_highest))
        request->received = false;
    if (request->used &&
        rfc6311_may_not_know_of(oracle, seen->sa, time, &request->used_at, true,
                                request->used_highest))
        request->used = request->outstanding = false;
}

const char *rfc6311_other_member(const struct seen *seen,
                                 const struct copies *before, bool *inferred)
{
    const struct oracle *oracle = seen->oracle;
    uint32_t id = seen->ike->header.message_id;

    *inferred = false;
    if (is_sealed_again(seen, before) ||
        (oracle->run && !oracle->gateway_is_cluster))
        return NULL;
    if (!oracle->run) {
        *inferred = true;
        return "no record: a failover may lie between, and RFC 6311 4 names "
               "this";
    }
    if (oracle->under_test_count > 1 &&
        before->place != place_of(&seen->event->packet.source))
        return "another member sent the first: RFC 6027 3.7 names this";
    if (!rfc6311_may_not_know_of(oracle, seen->sa, seen->sight.time,
                                 &before->first, !seen->response, id))
        return NULL;
    return "a failover lies between, and nothing shows that this member knew; "
           "RFC 6311 4 names this";
}

void rfc6311_takeover_finish(struct oracle *oracle)
{
    for (struct ike_seen *sa = oracle->sas; sa; sa = sa->hh.next) {
        rule_5_1_09_end(oracle, sa, SIDE_INITIATOR);
        rule_5_1_09_end(oracle, sa, SIDE_RESPONDER);
        submit_held(oracle, &sa->party[SIDE_INITIATOR]);
        submit_held(oracle, &sa->party[SIDE_RESPONDER]);
    }
}
