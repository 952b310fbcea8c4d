/*
 * RFC 7296 1.4, 2.1, 2.3, 2.21.3: what the side under test owes, and does not
 * send, though it lives and talks on that very IKE SA.
 *
 * One copy may be lost further on; TRIES in a row are taken for received.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

enum { TRIES = 5 };
#define PATIENCE (4 * NS_PER_S)
#define ONLY_ONCE (60 * NS_PER_S)

/* Nothing happened on the IKE SA that could explain a silence. */
static bool plain_life(const struct seen *seen)
{
    const struct ike_seen *sa = seen->sa;
    const struct party *self = seen->sender, *other = seen->receiver;
    return sa->from_start && sa->established && !sa->replaced && !sa->blind &&
           !seen->oracle->gateway_epoch && !seen->oracle->disordered &&
           seen->authentic && !self->announced.made && !other->announced.made &&
           !self->unsure && !other->unsure && !self->gone.order &&
           !other->gone.order && !self->syntax.order && !self->failed &&
           !other->failed;
}

static const struct exchange *oldest_waiting(const struct party *party)
{
    const struct exchange *oldest = NULL;
    for (size_t i = 0; i < party->exchange_count; i++) {
        const struct exchange *e = &party->exchanges[i];
        if (e->request.count && !e->response.count &&
            (!oldest || e->id < oldest->id))
            oldest = e;
    }
    return oldest;
}

/* RFC7296-1.4-04; 2.21.3-01 of CREATE_CHILD_SA; 2.3-05 if this side waits for
 * an answer of its own all the while; 2.3-10 if an earlier request never came.
 */
static enum clause_id owed_clause(const struct seen *seen,
                                  const struct exchange *e, uint64_t next)
{
    const struct exchange *own = oldest_waiting(seen->sender);
    if (e->id > next)
        return CLAUSE_RFC7296_2_3_10;
    if (own && own->request.first.order < e->request.first.order)
        return CLAUSE_RFC7296_2_3_05;
    return e->request.exchange == INFORMATIONAL ? CLAUSE_RFC7296_1_4_04
                                                : CLAUSE_RFC7296_2_21_3_01;
}

/* The window begins at the lowest request that did not come: with a window
 * above 1 that may be below the highest that was answered. */
static bool none_is_missing(const struct seen *seen, uint64_t next)
{
    struct party *requester = seen->receiver;

    for (uint64_t n = 2; n <= requester->window && n <= next; n++) {
        const struct exchange *e =
            exchange_find(requester, (uint32_t)(next - n));
        if (!e || !e->response.count)
            return false;
    }
    return true;
}

/* Who asked for the SA has it only once the answer came, which may be late.
 * What went to an address that it has left was not received: RFC 4555, or a NAT
 * that gave it another one. */
static bool could_receive(const struct seen *seen, const struct exchange *e)
{
    struct party *self = seen->sender;
    bool spoke =
        self->spoke.order && self->spoke.order < e->request.first.order;
    const struct exchange *auth = exchange_find(self, seen->sa->auth_next);
    bool late = seen->sa->rekeyed ||
                (auth && auth->response.count &&
                 auth->request.last.order > auth->response.first.order);
    if (seen->side == SIDE_INITIATOR && late && !spoke)
        return false;
    return e->went == place_of(&seen->event->packet.source);
}

static void rule_unanswered(struct seen *seen, struct exchange *e)
{
    const struct party *requester = seen->receiver;
    uint64_t next =
        requester->answered ? (uint64_t)requester->answered_highest + 1 : 0;
    const struct copies *request = &e->request;
    bool known = request->exchange == INFORMATIONAL ||
                 request->exchange == CREATE_CHILD_SA;
    if (!request->opened || request->varied || request->recut ||
        request->fragments || e->malformed || e->silent || !known ||
        e->id < next || e->id >= next + requester->window ||
        !none_is_missing(seen, next) || !could_receive(seen, e) ||
        (next && request->first.order < requester->answered_at.order))
        return; /* outside of the window, or it was when it came first */
    enum clause_id clause = owed_clause(seen, e, next);
    judged(seen->oracle, clause);
    if (request->tries < TRIES ||
        request->last.time < request->first.time + PATIENCE ||
        seen->sight.time < request->last.time + RETRANSMIT_TIME)
        return;
    e->silent = true;
    struct accusation a = accuse_if_whole(seen, clause);
    accuse_frame(&a, &request->first);
    accuse_frame(&a, &request->last);
    if (clause == CLAUSE_RFC7296_2_3_10)
        a.finding.verdict = VERDICT_WARNING;
    EXPECTED(&a, "a response to %s request %" PRIu32,
             ike_exchange_name(request->exchange), e->id);
    SEEN(&a, "other messages, but none to its %" PRIu32 " copies",
         request->tries);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.1-04, 2.3-09: the response is kept, and comes again. A18: within
 * 30 seconds and inside the window. */
static void rule_not_repeated(struct seen *seen, struct exchange *e)
{
    const struct party *requester = seen->receiver;
    const struct copies *request = &e->request, *response = &e->response;
    enum clause_id clause =
        requester->window > 1 ? CLAUSE_RFC7296_2_3_09 : CLAUSE_RFC7296_2_1_04;
    if (!requester->answered || e->silent || request->fragments ||
        request->varied || response->varied || e->malformed ||
        requester->answered_highest - e->id >= requester->window ||
        e->asked_again == 0 || !could_receive(seen, e))
        return;
    judged(seen->oracle, clause);
    if (e->asked_again < TRIES ||
        request->last.time > response->first.time + REPEAT_TIME ||
        seen->sight.time < request->last.time + RETRANSMIT_TIME)
        return;
    e->silent = true;
    struct accusation a = accuse_if_whole(seen, clause);
    accuse_frame(&a, &response->first);
    accuse_frame(&a, &request->last);
    EXPECTED(&a, "the response to %" PRIu32 " again", e->id);
    SEEN(&a, "other messages, but none to %u more copies", e->asked_again);
    READING(&a, "A18: judged for 30 seconds");
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.1-07: what is not answered is sent again. */
static void rule_only_once(struct seen *seen)
{
    const struct party *self = seen->sender;
    if (!seen->response || seen->take != TAKE_FIRST)
        return;
    for (size_t i = 0; i < self->exchange_count; i++) {
        struct exchange *e = &seen->sender->exchanges[i];
        if (!e->request.count || e->response.count || e->silent ||
            e->request.tries != 1 || e->request.fragments)
            continue;
        judged(seen->oracle, CLAUSE_RFC7296_2_1_07);
        if (seen->sight.time < e->request.last.time + ONLY_ONCE)
            continue;
        e->silent = true;
        struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_1_07);
        accuse_frame(&a, &e->request.first);
        EXPECTED(&a, "request %" PRIu32 " again, until it is answered", e->id);
        SEEN(&a, "the IKE SA used %" PRIu64 " s later, but no copy",
             (seen->sight.time - e->request.last.time) / NS_PER_S);
        submit(seen->oracle, seen, &a);
    }
}

/* RFC7296-2.1-03: an answer that came late is an answer. */
static void rule_ignores_answers(struct seen *seen)
{
    struct exchange *e = seen->exchange;
    if (seen->response || seen->take != TAKE_REPEAT || !e->response.opened ||
        e->response.varied || e->response.fragments || e->request.fragments)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_1_03);
    if (e->response.tries < TRIES || e->repeated_after < TRIES || e->silent)
        return;
    e->silent = true;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_1_03);
    accuse_frame(&a, &e->request.first);
    accuse_frame(&a, &e->response.first);
    EXPECTED(&a, "no copies of request %" PRIu32 " once it is answered", e->id);
    SEEN(&a, "%u more, in spite of %" PRIu32 " responses", e->repeated_after,
         e->response.tries);
    submit(seen->oracle, seen, &a);
}

void rfc7296_silence(struct seen *seen)
{
    if (!plain_life(seen))
        return;
    for (size_t i = 0; i < seen->receiver->exchange_count; i++) {
        struct exchange *e = &seen->receiver->exchanges[i];
        if (!e->request.count || e == seen->exchange)
            continue;
        if (e->response.count)
            rule_not_repeated(seen, e);
        else
            rule_unanswered(seen, e);
    }
    rule_only_once(seen);
    rule_ignores_answers(seen);
}

/* Counts copies that bring no answer, and those after one. What is known of
 * the place is still that of the message before. */
void silence_count(struct seen *seen, uint32_t tries_before)
{
    struct exchange *e = seen->exchange;
    if (seen->response) {
        e->asked_again = 0;
        return;
    }
    uint32_t to = place_of(&seen->event->packet.destination);
    if (seen->take == TAKE_FIRST)
        e->went = to;
    else if (e->went != to)
        e->went = 0; /* to several places */
    if (seen->take == TAKE_FIRST)
        e->elsewhere = place_of(&seen->event->packet.source) !=
                       place_of(&seen->sender->at);
    if (seen->take != TAKE_REPEAT || !e->response.count ||
        e->request.tries == tries_before || e->asked_again == UINT16_MAX)
        return;
    e->asked_again++;
    if (seen->sight.time > e->response.last.time + COPY_TIME &&
        e->repeated_after < UINT16_MAX)
        e->repeated_after++;
}
