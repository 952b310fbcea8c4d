/* What opened messages say about their SA: capabilities, windows, Child SAs,
 * rekeys, Deletes; and what comes before there is an SA. */
#include "oracle/oracle_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- IKE_SA_INIT ---- */

/* What both sides must announce (RFC 7383 2.3); a resumed SA has none that the
 * text knows of. */
static void learn_init(const struct seen *seen, struct ike_seen *sa)
{
    struct ike_notify notify;
    if (seen->ike->header.exchange != IKE_SA_INIT)
        return;
    sa->init_seen[seen->side] = true;
    sa->init_newer |= seen->ike->header.version >> 4 > 2;
    sa->init_older |= seen->ike->header.version >> 4 <= 2;
    sa->fragments[seen->side] |= ike_message_notify(
        &seen->ike->message, IKEV2_FRAGMENTATION_SUPPORTED, 0, &notify);
}

/* A request is remembered under the responder SPI 0, until the response that
 * names the SA. */
void track_initial(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    struct ike_sa_key half_key = {header->spi_i, 0};
    struct ike_sa_key key = {header->spi_i, header->spi_r};
    struct ike_seen *half = sa_find(seen->oracle, &half_key);

    initial_message(seen);
    if (seen->judged) {
        rfc7296_initial(seen);
        rfc7296_form_initial(seen, half);
        rfc7383_initial(seen, half);
    }
    if (!seen->response) {
        if (header->spi_r == 0 && seen->side == SIDE_INITIATOR)
            learn_init(seen, sa_get(seen->oracle, &half_key));
        return;
    }
    if (header->spi_r == 0 || seen->side != SIDE_RESPONDER ||
        sa_find(seen->oracle, &key))
        return;
    struct ike_seen *sa = sa_get(seen->oracle, &key);
    struct party *initiator = &sa->party[SIDE_INITIATOR];
    struct party *responder = &sa->party[SIDE_RESPONDER];
    sa->from_start = half != NULL;
    learn_init(seen, sa);
    if (half) {
        sa->init_seen[SIDE_INITIATOR] = half->init_seen[SIDE_INITIATOR];
        sa->fragments[SIDE_INITIATOR] = half->fragments[SIDE_INITIATOR];
        sa_remove(seen->oracle, half);
    }
    initiator->at = seen->event->packet.destination;
    responder->at = seen->event->packet.source;
    initiator->at_known = responder->at_known = true;
    /* Message ID 0 of the initiator is gone. */
    initiator->used = initiator->answered = true;
    initiator->used_at = initiator->answered_at = seen->sight;
    initial_learn(seen, sa);
}

/* ---- Payloads ---- */

enum {
    ANOTHER_AUTH_FOLLOWS = 16405,    /* RFC 4739 */
    ADDITIONAL_KEY_EXCHANGE = 16441, /* RFC 9370 */
};

static bool has_notify(const struct seen *seen, uint16_t type,
                       struct ike_notify *out)
{
    return ike_message_notify(&seen->ike->message, type, 0, out);
}

/* RFC 6311 5: capabilities are asserted in IKE_AUTH, which EAP spreads over
 * several exchanges. They are known once all of it was opened. */
static void learn_auth(struct seen *seen)
{
    struct ike_seen *sa = seen->sa;
    const struct ike_message *message = &seen->ike->message;
    uint32_t id = seen->ike->header.message_id;
    struct ike_notify notify;

    if (has_notify(seen, IKEV2_MESSAGE_ID_SYNC_SUPPORTED, &notify))
        seen->sender->asserted[0] = true;
    if (has_notify(seen, IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED, &notify))
        seen->sender->asserted[1] = true;
    if (id != sa->auth_next)
        return;
    if (!seen->response) {
        sa->auth_request_seen = true;
        sa->auth_goes_on = has_notify(seen, ANOTHER_AUTH_FOLLOWS, &notify);
    } else if (sa->auth_request_seen) {
        if (ike_message_find(message, PAYLOAD_EAP) || sa->auth_goes_on ||
            has_notify(seen, ANOTHER_AUTH_FOLLOWS, &notify)) {
            sa->auth_next++;
            sa->auth_request_seen = false;
        } else if (ike_message_find(message, PAYLOAD_AUTH)) {
            sa->auth_complete = true;
        }
    }
    if (seen->response && ike_message_find(message, PAYLOAD_AUTH) &&
        !ike_message_find(message, PAYLOAD_EAP))
        sa->established = true;
}

/* RFC 7296 2.3: the sender says how many requests it keeps; it never keeps
 * fewer later. */
static void learn_window(struct seen *seen)
{
    struct ike_notify notify;
    if (!has_notify(seen, SET_WINDOW_SIZE, &notify) || notify.data.size != 4)
        return;
    uint32_t size = read_u32(notify.data.data);
    if (size > seen->receiver->window) {
        seen->receiver->window = size;
        /* What comes later is not shared as the state of the SA is. */
        if (seen->ike->header.exchange == IKE_AUTH)
            seen->receiver->takeover.window_at = seen->sight;
    }
    if (!seen->response && seen->exchange)
        seen->exchange->window = size;
}

static void learn_esn(const struct seen *seen, uint32_t requester_spi,
                      const struct ike_proposal *proposal)
{
    const struct packet *packet = &seen->event->packet;
    for (size_t i = 0; i < proposal->count; i++) {
        if (proposal->transforms[i].type != TRANSFORM_ESN)
            continue;
        bool esn = proposal->transforms[i].id == 1;
        child_link_note_esn(seen->oracle, &packet->source.address,
                            read_u32(proposal->spi.data), esn);
        child_link_note_esn(seen->oracle, &packet->destination.address,
                            requester_spi, esn);
        return;
    }
}

static uint16_t chosen(const struct ike_proposal *proposal, uint8_t type)
{
    for (size_t i = 0; i < proposal->count; i++)
        if (proposal->transforms[i].type == type)
            return proposal->transforms[i].id;
    return 0;
}

/* A pair of Child SAs: the requester's SPI and, in this response, the other. */
static void learn_child(struct seen *seen, uint32_t requester_spi,
                        const struct ike_proposal *proposal)
{
    struct ike_seen *sa = seen->sa;
    const struct packet *packet = &seen->event->packet;
    uint32_t responder_spi = read_u32(proposal->spi.data);
    uint16_t encr = chosen(proposal, TRANSFORM_ENCR);

    seen->oracle->totals.child_sas++;
    rfc6311_spi_chosen(seen, seen->side, responder_spi);
    rfc6311_spi_chosen(seen, other_side(seen->side), requester_spi);
    struct child_link *link = child_link_add(
        seen->oracle, &packet->source.address, responder_spi, encr);
    link->owner = sa->key;
    link->natted = sa->natted[other_side(seen->side)];
    if (!requester_spi) {
        sa->children_forgotten = true;
        return;
    }
    link = child_link_add(seen->oracle, &packet->destination.address,
                          requester_spi, encr);
    link->owner = sa->key;
    link->natted = sa->natted[seen->side];
    struct child *child = child_add(sa);
    child->created = seen->sight;
    child->creator = other_side(seen->side);
    child->creator_id = seen->exchange ? seen->exchange->id : 0;
    child->spi[seen->side] = responder_spi;
    child->spi[other_side(seen->side)] = requester_spi;
    child->esn = chosen(proposal, TRANSFORM_ESN) == 1;
    child->encr = encr;
    child->integ = chosen(proposal, TRANSFORM_INTEG);
    for (size_t i = 0; i < proposal->count; i++)
        if (proposal->transforms[i].type == TRANSFORM_ENCR)
            child->key_length = proposal->transforms[i].key_length;
    learn_esn(seen, requester_spi, proposal);
}

/* RFC 7791 5: a clone lives beside the old one, which goes on, and has no Child
 * SA of it; if the responder knows of that. RFC 9370 2.2.4: the rekey goes on
 * in other exchanges, and may yet fail. */
static bool is_beside(const struct seen *seen)
{
    struct ike_notify notify;
    return seen->exchange->clones ||
           has_notify(seen, ADDITIONAL_KEY_EXCHANGE, &notify);
}

/* RFC 7296 1.3.2, 2.18; capabilities are inherited (A22). */
static void learn_rekey(struct seen *seen, const struct ike_proposal *proposal)
{
    struct ike_seen *old = seen->sa;
    enum side requester = other_side(seen->side);
    struct ike_sa_key key = {seen->exchange->rekey_spi,
                             read_u64(proposal->spi.data)};
    bool known = sa_find(seen->oracle, &key) != NULL;

    if (!key.spi_i || !key.spi_r || memcmp(&key, &old->key, sizeof key) == 0)
        return;
    struct ike_seen *sa = sa_get(seen->oracle, &key);
    if (sa->rekeyed)
        return;
    sa->rekeyed = true;
    sa->from_start = !known;
    sa->established = true;
    sa->auth_complete = old->auth_complete;
    for (size_t side = 0; side < SIDES; side++) {
        const struct party *from =
            &old->party[side == SIDE_INITIATOR ? requester : seen->side];
        struct party *to = &sa->party[side];
        memcpy(to->asserted, from->asserted, sizeof to->asserted);
        sa->wider_before[side] = from->window > 1;
        sa->init_seen[side] = old->init_seen[side];
        sa->fragments[side] = old->fragments[side];
    }
    /* RFC 7296 2.3: the window starts with 1 again; what the rekey itself
     * announced is taken for the new SA as well. */
    struct ike_notify notify;
    if (seen->exchange->window > 1)
        sa->party[SIDE_RESPONDER].window = seen->exchange->window;
    if (has_notify(seen, SET_WINDOW_SIZE, &notify) && notify.data.size == 4 &&
        read_u32(notify.data.data) > 1)
        sa->party[SIDE_INITIATOR].window = read_u32(notify.data.data);
    sa->children_forgotten =
        old->children_forgotten || !old->from_start || old->blind;
    const struct packet *packet = &seen->event->packet;
    sa->party[SIDE_INITIATOR].at = packet->destination;
    sa->party[SIDE_RESPONDER].at = packet->source;
    sa->party[SIDE_INITIATOR].at_known = true;
    sa->party[SIDE_RESPONDER].at_known = true;
    if (old->child_count) {
        free(sa->children); /* of messages that came before this one */
        sa->children = memory_take(old->child_count * sizeof *sa->children);
        sa->child_count = sa->child_capacity = old->child_count;
        for (size_t i = 0; i < old->child_count; i++)
            sa->children[i] = child_inherited(&old->children[i], requester);
    }
    struct ike_sa_key former = old->successor;
    bool again = old->replaced;
    sa->created = seen->sight;
    if (is_beside(seen)) {
        old->forked = true;
        old->children_forgotten = sa->children_forgotten = true;
        return;
    }
    old->replaced = true;
    old->successor = key;
    old->rekey_id = seen->exchange->id;
    old->rekey_side = requester;
    if (again)
        learn_ike_collision(seen, &former);
}

static uint32_t requested_spi(const struct seen *seen)
{
    return seen->ike->header.exchange == IKE_AUTH ? seen->sa->auth_child_spi
                                                  : seen->exchange->child_spi;
}

/* Of one protocol's proposals; 0 if there is none, or if they do not agree:
 * each may have its own (RFC 7296 3.3.1). */
static uint64_t offered_spi(const struct ike_sa_payload *sa, uint8_t protocol,
                            size_t size)
{
    uint64_t spi = 0;
    for (size_t i = 0; i < sa->count; i++) {
        const struct ike_proposal *p = &sa->proposals[i];
        if (p->protocol != protocol || p->spi.size != size)
            continue;
        uint64_t this =
            size == 8 ? read_u64(p->spi.data) : read_u32(p->spi.data);
        if (spi && this != spi)
            return 0;
        spi = this;
    }
    return spi;
}

static void learn_offer(struct seen *seen, const struct ike_sa_payload *sa)
{
    uint32_t child = (uint32_t)offered_spi(sa, PROTOCOL_ESP, 4);
    if (seen->ike->header.exchange == IKE_AUTH) {
        seen->sa->auth_child_spi = child;
        return;
    }
    seen->exchange->child_spi = child;
    seen->exchange->rekey_spi = offered_spi(sa, PROTOCOL_IKE, 8);
    struct ike_notify notify;
    seen->exchange->clones = has_notify(seen, CLONE_IKE_SA, &notify);
}

static void learn_choice(struct seen *seen, const struct ike_proposal *proposal)
{
    bool auth = seen->ike->header.exchange == IKE_AUTH;
    if (proposal->protocol == PROTOCOL_IKE && proposal->spi.size == 8 && !auth)
        learn_rekey(seen, proposal);
    else if (proposal->protocol == PROTOCOL_ESP && proposal->spi.size == 4)
        learn_child(seen, requested_spi(seen), proposal);
}

static void learn_sa_payload(struct seen *seen)
{
    const struct ike_payload *payload =
        ike_message_find(&seen->ike->message, PAYLOAD_SA);
    if (!payload)
        return;
    struct ike_sa_payload *sa = memory_take(sizeof *sa);
    if (ike_sa_decode(payload->body, sa, NULL) && sa->count) {
        if (seen->response)
            learn_choice(seen, &sa->proposals[0]);
        else
            learn_offer(seen, sa);
    }
    free(sa);
}

/* RFC 7296 1.4.1, 3.11. */
static void learn_delete(struct seen *seen)
{
    const struct ike_message *message = &seen->ike->message;
    for (size_t i = 0; i < message->count; i++) {
        struct ike_delete_payload payload;
        if (seen->response || message->payloads[i].type != PAYLOAD_DELETE ||
            !ike_delete_decode(message->payloads[i].body, &payload, NULL))
            continue;
        if (payload.protocol == PROTOCOL_IKE)
            seen->exchange->deletes_ike = true;
        else
            seen->exchange->deletes_more = true;
    }
}

/* RFC 6311 5.2, the stand-alone form: the increment is due once the request
 * was answered. */
static void learn_delta(struct seen *seen)
{
    struct ike_notify notify;
    struct exchange *e = seen->exchange;

    if (!seen->response) {
        if (!has_notify(seen, IPSEC_REPLAY_COUNTER_SYNC, &notify))
            return;
        uint64_t delta = notify.data.size == 4   ? read_u32(notify.data.data)
                         : notify.data.size == 8 ? read_u64(notify.data.data)
                                                 : 0;
        /* Beside a 16422 that means nothing, nobody says what it means. */
        bool odd = carries_sync(seen);
        e->has_delta = rfc6311_delta_fits(seen->sa, notify.data.size) && !odd;
        e->delta = delta;
        if (!toward_test(seen))
            return;
        if (negotiated(seen->sa, 1) == NO)
            rfc6311_counters_stale(seen, delta, CLAUSE_RFC6311_5_02);
        else if (e->has_delta || odd)
            rfc6311_counters_asked(seen, delta);
        else
            rfc6311_counters_stale(seen, delta, CLAUSE_RFC6311_6_4_01);
    } else if (e->has_delta && e->request.opened && seen->judged &&
               e->request.first.order < seen->sight.order) {
        rfc6311_counters_accepted(seen, e->delta, &e->request.first);
    }
}

void track_content(struct seen *seen)
{
    uint8_t exchange = seen->ike->header.exchange;

    moves_learn(seen);
    seen->sender->at = seen->event->packet.source;
    if (!seen->response && toward_test(seen))
        rfc7296_form_stimulus(seen);
    learn_window(seen);
    track_ask(seen);
    if (exchange == IKE_AUTH)
        learn_auth(seen);
    else if (exchange == IKE_INTERMEDIATE &&
             seen->ike->header.message_id >= seen->sa->auth_next)
        seen->sa->auth_next = seen->ike->header.message_id + 1;
    if (exchange == IKE_AUTH || exchange == CREATE_CHILD_SA)
        learn_sa_payload(seen);
    if (exchange == INFORMATIONAL) {
        learn_delete(seen);
        learn_delta(seen);
    }
    track_outcome(seen);
}
