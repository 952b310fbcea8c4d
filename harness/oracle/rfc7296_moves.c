/*
 * RFC 7296 2.23: addresses that change, and transport mode behind a NAT; 1.3.1:
 * the mode that was agreed on; 2.8: what a rekey offers.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Tracking ---- */

/* Before the message's own address is taken for its sender's. */
void moves_learn(struct seen *seen)
{
    struct party *party = seen->sender;
    struct ike_notify notify;
    uint32_t from = place_of(&party->at);
    seen->sa->mobike |=
        ike_message_notify(&seen->ike->message, MOBIKE_SUPPORTED, 0, &notify);
    if (!party->at.port || !seen->exchange || seen->response ||
        from == place_of(&seen->event->packet.source))
        return;
    party->moved = true;
    party->former = from;
    party->moved_id = seen->exchange->id;
    party->moved_at = seen->sight;
}

/* A copy of a request that was answered already, from elsewhere. */
void moves_copy(struct seen *seen)
{
    uint32_t place = place_of(&seen->event->packet.source);
    const struct exchange *e = seen->exchange;
    if (seen->response || seen->take != TAKE_REPEAT || !e->response.count ||
        place == place_of(&seen->sender->at) || place == e->request.place)
        return;
    seen->sender->replayed = seen->sight;
    seen->sender->replay_place = place;
}

/* ---- Own requests of the side under test ---- */

static void wrong_place(struct seen *seen, enum clause_id clause,
                        const struct sight *before, const char *expected)
{
    struct accusation a = accuse_if_whole(seen, clause);
    char text[64];
    accuse_frame(&a, before);
    endpoint_to_text(&seen->event->packet.destination, text, sizeof text);
    EXPECTED(&a, "%s", expected);
    SEEN(&a, "request %" PRIu32 " to %s", seen->exchange->id, text);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.23-10: what was seen before moves nobody. */
static void rule_2_23_10(struct seen *seen, uint32_t to)
{
    const struct party *other = seen->receiver;
    if (!other->replayed.order)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_23_10);
    if (to == other->replay_place && to != place_of(&other->at) &&
        to != other->former && !esp_came_from(seen->oracle, to))
        wrong_place(seen, CLAUSE_RFC7296_2_23_10, &other->replayed,
                    "requests where the last new message came from");
}

/* RFC7296-2.23-08, -09: without MOBIKE, a side that is not behind a NAT follows
 * the other one; a side behind one does not. It has answered what came from
 * the new place, and so knows. */
static void rule_2_23_08(struct seen *seen, uint32_t to)
{
    const struct ike_seen *sa = seen->sa;
    struct party *other = seen->receiver;
    if (!other->moved || !sa->nat_known || !sa->auth_complete || sa->mobike ||
        seen->sight.time < other->moved_at.time + RETRANSMIT_TIME)
        return;
    const struct exchange *e = exchange_find(other, other->moved_id);
    uint32_t at = place_of(&other->at);
    if (!e || !e->response.count || at == other->former)
        return;
    bool behind = sa->behind_nat[seen->side];
    enum clause_id clause =
        behind ? CLAUSE_RFC7296_2_23_09 : CLAUSE_RFC7296_2_23_08;
    judged(seen->oracle, clause);
    /* A capture before the NAT shows its outer address. */
    if (!behind && !sa->hides[seen->side] && to == other->former &&
        !esp_came_from(seen->oracle, to))
        wrong_place(seen, clause, &other->moved_at,
                    "requests to the new address of the other side");
    else if (behind && to == at)
        wrong_place(seen, clause, &other->moved_at,
                    "requests to the former address: it is behind a NAT");
}

void moves_request(struct seen *seen)
{
    uint32_t to = place_of(&seen->event->packet.destination);
    if (seen->response || seen->take != TAKE_FIRST || !seen->authentic ||
        seen->oracle->gateway_epoch)
        return;
    rule_2_23_10(seen, to);
    rule_2_23_08(seen, to);
}

/* ---- Transport mode ---- */

static bool one_address(const struct ike_message *message, uint8_t type)
{
    const struct ike_payload *payload = ike_message_find(message, type);
    struct ike_ts_payload *ts = memory_take(sizeof *ts);
    bool one = true;
    if (payload && ike_ts_decode(payload->body, ts, NULL))
        for (size_t i = 0; i < ts->count; i++) {
            const struct ike_ts *s = &ts->selectors[i];
            if (s->type == TS_IPV4_ADDR_RANGE || s->type == TS_IPV6_ADDR_RANGE)
                one &= address_equal(&s->first, &s->last) &&
                       address_equal(&s->first, &ts->selectors[0].first);
        }
    free(ts);
    return one;
}

/* RFC7296-2.23-11: transport mode behind a NAT has one address each. */
static void rule_2_23_11(struct seen *seen)
{
    const struct ike_message *message = &seen->ike->message;
    struct ike_notify notify;
    if (seen->response || !seen->sa->natted[seen->side] ||
        !ike_message_notify(message, USE_TRANSPORT_MODE, 0, &notify))
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_23_11);
    if (one_address(message, PAYLOAD_TSI) && one_address(message, PAYLOAD_TSR))
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_23_11);
    accuse_frame(&a, &seen->sa->init_at);
    EXPECTED(&a, "one address in TSi and one in TSr");
    SEEN(&a, "more, for transport mode behind a NAT");
    submit(seen->oracle, seen, &a);
}

/* ---- Rekeys of Child SAs ---- */

static bool offers(const struct ike_proposal *proposal, uint8_t type,
                   uint16_t id, uint16_t key_length)
{
    for (size_t i = 0; i < proposal->count; i++)
        if (proposal->transforms[i].type == type &&
            proposal->transforms[i].id == id &&
            (!key_length || proposal->transforms[i].key_length == key_length))
            return true;
    return false;
}

static bool offers_as_before(const struct ike_sa_payload *sa,
                             const struct child *child)
{
    for (size_t i = 0; i < sa->count; i++) {
        const struct ike_proposal *p = &sa->proposals[i];
        if (offers(p, TRANSFORM_ENCR, child->encr, child->key_length) &&
            (!child->integ || offers(p, TRANSFORM_INTEG, child->integ, 0)))
            return true;
    }
    return false;
}

/* RFC7296-2.8-03: a rekey offers the algorithms of the old SA, too. */
static void rule_2_8_03(struct seen *seen)
{
    uint32_t about;
    const struct ike_payload *payload =
        ike_message_find(&seen->ike->message, PAYLOAD_SA);
    if (ask_of(seen, &about) != ASK_CHILD_REKEY || !payload)
        return;
    const struct child *child = child_find(seen->sa, seen->side, about);
    if (!child || !child->encr)
        return;
    struct ike_sa_payload *sa = memory_take(sizeof *sa);
    if (ike_sa_decode(payload->body, sa, NULL) && sa->count) {
        judged(seen->oracle, CLAUSE_RFC7296_2_8_03);
        if (!offers_as_before(sa, child)) {
            struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_8_03);
            accuse_frame(&a, &child->created);
            EXPECTED(&a, "the algorithms of the Child SA that is rekeyed");
            SEEN(&a, "others only");
            submit(seen->oracle, seen, &a);
        }
    }
    free(sa);
}

void moves_payloads(struct seen *seen)
{
    if (!seen->sa || seen->ike->status != TRACE_IKE_OPENED)
        return;
    rule_2_23_11(seen);
    rule_2_8_03(seen);
}
