/*
 * RFC 7296 2.25 and 2.8.1, 2.8.2: requests of both sides that cross, and the
 * errors that tell so.
 *
 * A request of the side under test counts as outstanding if it was sent before
 * the other side's request came, and was not answered even when this side gave
 * its own answer. That is more than the RFC asks for, but certain.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

static bool outstanding(const struct seen *seen, const struct exchange *own)
{
    const struct exchange *theirs = seen->exchange;
    return own && own->request.count && own->request.opened &&
           !own->response.count &&
           own->request.first.order < theirs->request.first.order &&
           !abandoned_by_sync(seen->sender, own->id);
}

/* The oldest outstanding request of this side that wants `ask`. */
static const struct exchange *own_request(const struct seen *seen, enum ask ask)
{
    const struct exchange *found = NULL;
    for (size_t i = 0; i < seen->sender->exchange_count; i++) {
        const struct exchange *own = &seen->sender->exchanges[i];
        if (own->ask == ask && outstanding(seen, own) &&
            (!found || own->id < found->id))
            found = own;
    }
    return found;
}

static const struct exchange *own_claim(const struct seen *seen,
                                        const struct claim *claim)
{
    const struct exchange *own =
        claim->made ? exchange_find(seen->sender, claim->id) : NULL;
    return outstanding(seen, own) ? own : NULL;
}

static void wrong_answer(struct seen *seen, enum clause_id clause,
                         const struct exchange *own, const char *expected)
{
    uint16_t error = error_of(&seen->ike->message);
    struct accusation a = accuse_if_whole(seen, clause);
    if (own)
        accuse_frame(&a, &own->request.first);
    accuse_frame(&a, &seen->exchange->request.first);
    EXPECTED(&a, "%s", expected);
    if (error)
        SEEN(&a, "%s (%u)", ike_notify_name(error), error);
    else if (ike_message_find(&seen->ike->message, PAYLOAD_SA))
        SEEN(&a, "a new SA");
    else if (ike_message_find(&seen->ike->message, PAYLOAD_DELETE))
        SEEN(&a, "a Delete payload");
    else
        SEEN(&a, "no Delete payload");
    submit(seen->oracle, seen, &a);
}

static bool grants(const struct seen *seen)
{
    return ike_message_find(&seen->ike->message, PAYLOAD_SA) != NULL;
}

/* ---- Answers to a rekey of a Child SA: 2.25.1, 2.25.2 ---- */

/* RFC7296-2.25-05, 2.8.1-05: there is no such Child SA (any more). */
static void answer_without_child(struct seen *seen, const struct child *child)
{
    bool gone = child && child->closed[0] && child->closed[1] &&
                child->rekeys[seen->side].made;
    enum clause_id clause =
        gone ? CLAUSE_RFC7296_2_8_1_05 : CLAUSE_RFC7296_2_25_05;
    if (child && !(child->closed[0] && child->closed[1]))
        return;
    judged(seen->oracle, clause);
    if (grants(seen))
        wrong_answer(seen, clause, NULL,
                     gone ? "CHILD_SA_NOT_FOUND: the Child SA was rekeyed"
                          : "CHILD_SA_NOT_FOUND: there is no such Child SA");
}

/* RFC7296-2.25-05: SPI and protocol are copied from REKEY_SA. */
static void not_found_fields(struct seen *seen)
{
    struct ike_notify notify;
    if (!ike_message_notify(&seen->ike->message, CHILD_SA_NOT_FOUND, 0,
                            &notify) ||
        !seen->exchange->about)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_25_05);
    if (notify.spi.size != 4 || notify.protocol < PROTOCOL_AH)
        return; /* 3.10-01 says so */
    if (notify.protocol == PROTOCOL_ESP &&
        read_u32(notify.spi.data) == seen->exchange->about)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7296_2_25_05);
    accuse_frame(&a, &seen->exchange->request.first);
    EXPECTED(&a, "CHILD_SA_NOT_FOUND with Protocol ID 3 and SPI %08" PRIx32,
             seen->exchange->about);
    SEEN(&a, "Protocol ID %u, SPI Size %zu, SPI %08" PRIx32, notify.protocol,
         notify.spi.size, notify.spi.size == 4 ? read_u32(notify.spi.data) : 0);
    submit(seen->oracle, seen, &a);
}

static void answer_child_rekey(struct seen *seen)
{
    struct ike_seen *sa = seen->sa;
    uint32_t spi = seen->exchange->about;
    uint16_t error = error_of(&seen->ike->message);
    const struct child *child = child_find(sa, other_side(seen->side), spi);
    const struct exchange *own;

    not_found_fields(seen);
    if (child && (own = own_claim(seen, &child->deletes[seen->side]))) {
        judged(seen->oracle, CLAUSE_RFC7296_2_25_1_01);
        if (grants(seen) || error == CHILD_SA_NOT_FOUND)
            wrong_answer(seen, CLAUSE_RFC7296_2_25_1_01, own,
                         "TEMPORARY_FAILURE: this side is closing it");
    } else if ((own = own_request(seen, ASK_IKE_REKEY))) {
        judged(seen->oracle, CLAUSE_RFC7296_2_25_2_05);
        if (grants(seen))
            wrong_answer(seen, CLAUSE_RFC7296_2_25_2_05, own,
                         "TEMPORARY_FAILURE: this side rekeys the IKE SA");
    } else if (child && (own = own_claim(seen, &child->rekeys[seen->side]))) {
        judged(seen->oracle, CLAUSE_RFC7296_2_25_1_02);
        if (error == TEMPORARY_FAILURE || error == CHILD_SA_NOT_FOUND)
            wrong_answer(seen, CLAUSE_RFC7296_2_25_1_02, own,
                         "an answer as usual: both sides rekey it");
    } else if (spi && sa->from_start && !sa->children_forgotten &&
               !sa->replaced) {
        answer_without_child(seen, child);
    }
}

static void answer_child(struct seen *seen)
{
    const struct exchange *own = own_request(seen, ASK_IKE_REKEY);
    if (!own)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_25_2_05);
    if (grants(seen))
        wrong_answer(seen, CLAUSE_RFC7296_2_25_2_05, own,
                     "TEMPORARY_FAILURE: this side rekeys the IKE SA");
}

/* ---- Answers to a rekey of the IKE SA ---- */

/* This side has rekeyed it, and knows: it has used the new one, or sent the
 * Delete of this one. */
static bool rekeyed_already(const struct seen *seen)
{
    const struct ike_seen *sa = seen->sa;
    if (!sa->replaced || sa->rekey_side != seen->side || sa->collided)
        return false;
    const struct ike_seen *new = sa_find(seen->oracle, &sa->successor);
    const struct party *self = new ? &new->party[SIDE_INITIATOR] : NULL;
    uint64_t asked = seen->exchange->request.first.order;
    if (self && self->used && self->used_at.order < asked)
        return true;
    return own_request(seen, ASK_IKE_DELETE) != NULL;
}

/* It rekeys what the other side has deleted meanwhile. */
static bool is_moot(const struct seen *seen, const struct exchange *own)
{
    if (own->ask != ASK_CHILD_REKEY)
        return false;
    const struct child *child = child_find(seen->sa, seen->side, own->about);
    return !child || child->closed[0] || child->closed[1];
}

static void answer_ike_rekey(struct seen *seen)
{
    static const enum ask child_asks[] = {ASK_CHILD, ASK_CHILD_REKEY,
                                          ASK_CHILD_DELETE};
    const struct exchange *own;
    if (rekeyed_already(seen)) {
        judged(seen->oracle, CLAUSE_RFC7296_2_8_2_03);
        if (grants(seen))
            wrong_answer(seen, CLAUSE_RFC7296_2_8_2_03, NULL,
                         "TEMPORARY_FAILURE: this side has rekeyed it");
        return;
    }
    if ((own = own_request(seen, ASK_IKE_DELETE))) {
        judged(seen->oracle, CLAUSE_RFC7296_2_25_2_02);
        if (grants(seen))
            wrong_answer(seen, CLAUSE_RFC7296_2_25_2_02, own,
                         "TEMPORARY_FAILURE: this side is closing it");
        return;
    }
    if ((own = own_request(seen, ASK_IKE_REKEY))) {
        judged(seen->oracle, CLAUSE_RFC7296_2_25_2_01);
        if (error_of(&seen->ike->message) == TEMPORARY_FAILURE)
            wrong_answer(seen, CLAUSE_RFC7296_2_25_2_01, own,
                         "an answer as usual: both sides rekey it");
        return;
    }
    for (size_t i = 0; i < sizeof child_asks / sizeof child_asks[0]; i++) {
        if (!(own = own_request(seen, child_asks[i])) || is_moot(seen, own))
            continue;
        judged(seen->oracle, CLAUSE_RFC7296_2_25_1_06);
        if (grants(seen))
            wrong_answer(seen, CLAUSE_RFC7296_2_25_1_06, own,
                         "TEMPORARY_FAILURE: a Child SA is being changed");
        return;
    }
}

/* ---- Answers to Deletes ---- */

static bool deletes_spi(const struct ike_message *message, uint32_t spi)
{
    for (size_t i = 0; i < message->count; i++) {
        struct ike_delete_payload d;
        if (message->payloads[i].type != PAYLOAD_DELETE ||
            !ike_delete_decode(message->payloads[i].body, &d, NULL) ||
            d.protocol != PROTOCOL_ESP || d.spi_size != 4)
            continue;
        for (size_t n = 0; n < d.count; n++)
            if (read_u32(d.spis.data + 4 * n) == spi)
                return true;
    }
    return false;
}

/* One pair that the other side's request deletes. */
static void answer_delete_of(struct seen *seen, const struct child *child)
{
    uint32_t spi = child->spi[seen->side];
    bool named = deletes_spi(&seen->ike->message, spi);
    enum clause_id clause = CLAUSE_RFC7296_1_4_1_04;
    const struct exchange *own;
    if ((own = own_claim(seen, &child->deletes[seen->side]))) {
        judged(seen->oracle, CLAUSE_RFC7296_1_4_1_06);
        judged(seen->oracle, CLAUSE_RFC7296_2_25_1_03);
        if (named)
            wrong_answer(seen, CLAUSE_RFC7296_1_4_1_06, own,
                         "no Delete of what this side has asked to delete");
        return;
    }
    /* After a synchronization or a failover this side may never have heard of
     * the pair (RFC 6311 9, RFC 6027 3.6). */
    if (child->deletes[seen->side].made || child->closed[seen->side] ||
        !seen->sa->from_start || seen->sa->replaced ||
        seen->sender->announced.made || seen->receiver->announced.made ||
        seen->oracle->gateway_epoch)
        return;
    if ((own = own_request(seen, ASK_IKE_REKEY)))
        clause = CLAUSE_RFC7296_2_25_2_06;
    else if ((own = own_claim(seen, &child->rekeys[seen->side])))
        clause = CLAUSE_RFC7296_2_25_1_04;
    judged(seen->oracle, clause);
    if (named)
        return;
    struct accusation a = accuse_if_whole(seen, clause);
    if (own)
        accuse_frame(&a, &own->request.first);
    accuse_frame(&a, &seen->exchange->request.first);
    a.finding.verdict = VERDICT_WARNING;
    READING(&a, "\"normally\"; minimal implementations answer with nothing");
    EXPECTED(&a, "a Delete of the other half, %08" PRIx32, spi);
    SEEN(&a, "none");
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.25.1-05: of pairs that do not exist nothing is deleted. */
static void answer_delete_of_none(struct seen *seen)
{
    const struct ike_message *message = &seen->ike->message;
    const struct ike_seen *sa = seen->sa;
    if (!sa->from_start || sa->children_forgotten || sa->blind)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_25_1_05);
    if (ike_message_find(message, PAYLOAD_DELETE) || error_of(message))
        wrong_answer(seen, CLAUSE_RFC7296_2_25_1_05, NULL,
                     "no Delete payload: there is no such Child SA");
}

static void answer_child_delete(struct seen *seen)
{
    const struct ike_seen *sa = seen->sa;
    enum side requester = other_side(seen->side);
    bool any = false;
    for (size_t i = 0; i < sa->child_count; i++) {
        const struct child *child = &sa->children[i];
        if (!child->deletes[requester].made ||
            child->deletes[requester].id != seen->exchange->id)
            continue;
        any = true;
        answer_delete_of(seen, child);
    }
    if (!any && !sa->replaced)
        answer_delete_of_none(seen);
}

/* RFC7296-2.25.2-03 and -04: the Delete of the IKE SA is answered as usual,
 * whatever this side was about. */
static void answer_ike_delete(struct seen *seen)
{
    const struct exchange *own = own_request(seen, ASK_IKE_REKEY);
    enum clause_id clause = CLAUSE_RFC7296_2_25_2_03;
    if (!own && (own = own_request(seen, ASK_IKE_DELETE)))
        clause = CLAUSE_RFC7296_2_25_2_04;
    if (!own)
        return;
    judged(seen->oracle, clause);
    if (error_of(&seen->ike->message))
        wrong_answer(seen, clause, own, "an empty response, as usual");
}

void rfc7296_crossing_response(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    if (!e || !e->request.opened || seen->oracle->gateway_epoch ||
        e->request.exchange != seen->ike->header.exchange ||
        e->request.first.order > seen->sight.order)
        return;
    switch ((enum ask)e->ask) {
    case ASK_CHILD_REKEY:
        answer_child_rekey(seen);
        break;
    case ASK_CHILD:
        answer_child(seen);
        break;
    case ASK_IKE_REKEY:
        answer_ike_rekey(seen);
        break;
    case ASK_CHILD_DELETE:
        answer_child_delete(seen);
        break;
    case ASK_IKE_DELETE:
        answer_ike_delete(seen);
        break;
    case ASK_OTHER:
        break;
    }
}
