/* What requests want, and what becomes of Child SAs: rekeyed, deleted, closed
 * by half. */
#include "oracle/oracle_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- What a message wants or says ---- */

/* Of the first proposal; read without all the rest. */
static uint8_t proposed_protocol(const struct ike_message *message)
{
    enum { PROTOCOL_AT = 5 };
    const struct ike_payload *sa = ike_message_find(message, PAYLOAD_SA);
    return sa && sa->body.size > PROTOCOL_AT ? sa->body.data[PROTOCOL_AT] : 0;
}

static enum ask ask_to_create(const struct ike_message *message,
                              uint32_t *about)
{
    struct ike_notify notify;
    if (ike_message_notify(message, REKEY_SA, 0, &notify)) {
        if (notify.protocol == PROTOCOL_ESP && notify.spi.size == 4)
            *about = read_u32(notify.spi.data);
        return ASK_CHILD_REKEY;
    }
    switch (proposed_protocol(message)) {
    case PROTOCOL_IKE:
        return ASK_IKE_REKEY;
    case PROTOCOL_ESP:
        return ASK_CHILD;
    default:
        return ASK_OTHER;
    }
}

enum ask ask_of(const struct seen *seen, uint32_t *about)
{
    const struct ike_message *message = &seen->ike->message;
    enum ask ask = ASK_OTHER;
    bool others = false;
    *about = 0;
    if (seen->response)
        return ASK_OTHER;
    if (seen->ike->header.exchange == CREATE_CHILD_SA)
        return ask_to_create(message, about);
    if (seen->ike->header.exchange != INFORMATIONAL)
        return ASK_OTHER;
    for (size_t i = 0; i < message->count; i++) {
        struct ike_delete_payload d;
        if (message->payloads[i].type != PAYLOAD_DELETE ||
            !ike_delete_decode(message->payloads[i].body, &d, NULL))
            continue;
        if (d.protocol == PROTOCOL_IKE)
            return ASK_IKE_DELETE;
        ask = ASK_CHILD_DELETE;
        others |= d.protocol != PROTOCOL_ESP;
    }
    /* Pairs of AH are not known. */
    return others ? ASK_OTHER : ask;
}

uint16_t error_of(const struct ike_message *message)
{
    enum { STATUS_TYPES = 16384 };
    for (size_t i = 0; i < message->count; i++) {
        struct ike_notify notify;
        if (message->payloads[i].type == PAYLOAD_NOTIFY &&
            ike_notify_decode(message->payloads[i].body, &notify, NULL) &&
            notify.type < STATUS_TYPES)
            return notify.type;
    }
    return 0;
}

/* RFC 7296 2.5: a type that nobody knows, which its sender calls critical.
 * The registry has none between these; those above 127 are anybody's own. */
static uint8_t unknown_critical(const struct ike_message *message)
{
    enum { FIRST_FREE = 64, LAST_FREE = 127 };
    for (size_t i = 0; i < message->count; i++) {
        const struct ike_payload *payload = &message->payloads[i];
        if (payload->flags & IKE_PAYLOAD_CRITICAL &&
            payload->type >= FIRST_FREE && payload->type <= LAST_FREE)
            return payload->type;
    }
    return 0;
}

/* ---- Nonces ---- */

/* Octet by octet; the one that ends first is the lower. */
int low_nonce_compare(const struct low_nonce *a, const struct low_nonce *b)
{
    size_t size = a->size < b->size ? a->size : b->size;
    if (size > NONCE_KEPT)
        size = NONCE_KEPT;
    int order = memcmp(a->octets, b->octets, size);
    if (order)
        return order;
    if (size == NONCE_KEPT || a->size == b->size)
        return 0;
    return a->size < b->size ? -1 : 1;
}

static void learn_nonce(struct seen *seen)
{
    const struct ike_payload *payload =
        ike_message_find(&seen->ike->message, PAYLOAD_NONCE);
    struct exchange *e = seen->exchange;
    if (!payload || payload->body.size > UINT16_MAX ||
        (seen->response && !e->low))
        return;
    struct low_nonce nonce = {.size = (uint16_t)payload->body.size};
    size_t kept = nonce.size < NONCE_KEPT ? nonce.size : NONCE_KEPT;
    if (kept)
        memcpy(nonce.octets, payload->body.data, kept);
    if (!e->low) {
        e->low = memory_take(sizeof *e->low);
        *e->low = nonce;
    } else if (low_nonce_compare(&nonce, e->low) < 0) {
        *e->low = nonce;
    }
}

/* ---- Child SAs ---- */

struct child *child_find(struct ike_seen *sa, enum side side, uint32_t spi)
{
    for (size_t i = sa->child_count; i-- > 0;)
        if (sa->children[i].spi[side] == spi)
            return &sa->children[i];
    return NULL;
}

static bool child_is_over(const struct child *child)
{
    return child->closed[SIDE_INITIATOR] && child->closed[SIDE_RESPONDER];
}

/* Closed ones are remembered as long as there are few of them. */
static size_t child_to_forget(const struct ike_seen *sa)
{
    enum { OVER_MAX = 6 };
    size_t over = 0, oldest = SIZE_MAX;
    for (size_t i = sa->child_count; i-- > 0;)
        if (child_is_over(&sa->children[i])) {
            over++;
            oldest = i;
        }
    if (over >= OVER_MAX)
        return oldest;
    return sa->child_count == CHILDREN_MAX ? 0 : SIZE_MAX;
}

struct child *child_add(struct ike_seen *sa)
{
    size_t forget = child_to_forget(sa);
    if (forget != SIZE_MAX) {
        sa->children_forgotten |= !child_is_over(&sa->children[forget]);
        sa->child_count--;
        memmove(sa->children + forget, sa->children + forget + 1,
                (sa->child_count - forget) * sizeof *sa->children);
    } else if (sa->child_count == sa->child_capacity) {
        sa->child_capacity = sa->child_capacity ? sa->child_capacity * 2 : 1;
        sa->children = memory_resize(sa->children,
                                     sa->child_capacity * sizeof *sa->children);
    }
    struct child *child = &sa->children[sa->child_count++];
    *child = (struct child){0};
    return child;
}

/* ---- CHILD_SA_NOT_FOUND ---- */

/* RFC 7296 2.25: whoever is told so deletes the pair in silence, though the
 * other side may learn of it only now. Nobody knows who has it still. */
static void forget_child(struct ike_seen *sa, enum side side, uint32_t spi)
{
    struct child *child = child_find(sa, side, spi);
    sa->children_forgotten = true;
    if (!child)
        return;
    size_t n = (size_t)(child - sa->children);
    sa->child_count--;
    memmove(child, child + 1, (sa->child_count - n) * sizeof *child);
}

/* ---- Deletes ---- */

static void learn_delete_of(struct seen *seen, uint32_t spi)
{
    struct child *child = child_find(seen->sa, seen->side, spi);
    if (!child)
        return;
    if (!seen->response)
        child->deletes[seen->side] = (struct claim){true, seen->exchange->id};
    else
        child->closed[seen->side] = true;
}

static void learn_deletes(struct seen *seen)
{
    const struct ike_message *message = &seen->ike->message;
    for (size_t i = 0; i < message->count; i++) {
        struct ike_delete_payload d;
        if (message->payloads[i].type != PAYLOAD_DELETE ||
            !ike_delete_decode(message->payloads[i].body, &d, NULL) ||
            d.protocol != PROTOCOL_ESP || d.spi_size != 4)
            continue;
        for (size_t n = 0; n < d.count; n++)
            learn_delete_of(seen, read_u32(d.spis.data + 4 * n));
    }
}

/* What this side says that it does not know. */
static void note_reported(struct seen *seen)
{
    struct ike_notify notify;
    if (!ike_message_notify(&seen->ike->message, INVALID_SPI, 0, &notify) ||
        notify.data.size != 4)
        return;
    struct child *child =
        child_find(seen->sa, seen->side, read_u32(notify.data.data));
    if (child)
        child->reported = true;
}

/* The answer makes the end: of the SAs that the request named, towards the
 * requester; and of those that the answer names, towards the other side. */
static void close_children(struct seen *seen)
{
    struct ike_seen *sa = seen->sa;
    const struct packet *packet = &seen->event->packet;
    enum side requester = other_side(seen->side);
    for (size_t i = 0; i < sa->child_count; i++) {
        struct child *child = &sa->children[i];
        const struct claim *claim = &child->deletes[requester];
        if (!claim->made || claim->id != seen->exchange->id)
            continue;
        bool crossed = child->deletes[seen->side].made;
        child->closed[requester] = true;
        child_link_close(
            seen, &packet->destination.address, child->spi[requester],
            crossed ? CLAUSE_RFC7296_1_4_1_05 : CLAUSE_RFC7296_1_4_1_03);
        if (child->closed[seen->side])
            child_link_close(seen, &packet->source.address,
                             child->spi[seen->side], CLAUSE_RFC7296_1_4_1_01);
    }
}

/* RFC 7296 1.4.1: the IKE SA takes its Child SAs along, unless they went to
 * its successor. */
static void close_ike(struct seen *seen)
{
    struct ike_seen *sa = seen->sa;
    const struct packet *packet = &seen->event->packet;
    seen->sender->gone = seen->sight;
    if (sa->replaced || sa->collided || sa->forked)
        return;
    for (size_t i = 0; i < sa->child_count; i++) {
        const struct child *child = &sa->children[i];
        child_link_close(seen, &packet->destination.address,
                         child->spi[other_side(seen->side)],
                         CLAUSE_RFC7296_1_4_1_07);
        child_link_close(seen, &packet->source.address, child->spi[seen->side],
                         CLAUSE_RFC7296_1_4_1_07);
    }
}

void track_delete_again(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    const struct ike_seen *sa = seen->sa;
    for (size_t i = 0; i < sa->child_count; i++) {
        const struct child *child = &sa->children[i];
        const struct claim *claim = &child->deletes[seen->side];
        if (e->ask == ASK_IKE_DELETE ||
            (e->ask == ASK_CHILD_DELETE && claim->made && claim->id == e->id))
            doubt_closing(seen->oracle, child->spi[other_side(seen->side)]);
    }
}

/* ---- Collisions: 2.8.1, 2.8.2 ---- */

static bool overlap(const struct exchange *a, const struct exchange *b)
{
    return a && b && a->request.count && b->request.count &&
           a->response.count && b->response.count &&
           a->request.first.order < b->response.first.order &&
           b->request.first.order < a->response.first.order;
}

/* The pair that this answer created, and what it replaces. */
static void learn_replacement(struct seen *seen)
{
    struct ike_seen *sa = seen->sa;
    enum side requester = other_side(seen->side), other = seen->side;
    struct child *old = child_find(sa, requester, seen->exchange->about);
    struct child *new = child_find(sa, requester, seen->exchange->child_spi);
    if (!old || !new || old == new)
        return;
    new->replaces = seen->exchange->about;
    const struct exchange *own = seen->exchange;
    const struct exchange *theirs =
        old->rekeys[other].made
            ? exchange_find(&sa->party[other], old->rekeys[other].id)
            : NULL;
    if (!overlap(own, theirs) || !theirs->granted || !own->low || !theirs->low)
        return;
    struct child *rival = child_find(sa, other, theirs->child_spi);
    int order = low_nonce_compare(own->low, theirs->low);
    if (!rival || rival == new || !order)
        return;
    new->collided = rival->collided = true;
    new->wins = order > 0;
    rival->wins = order < 0;
}

/* The same pair as the new IKE SA has it, whose initiator is `requester`. What
 * was asked about it was asked on the old one. */
struct child child_inherited(const struct child *child, enum side requester)
{
    struct child heir = *child;
    for (size_t side = 0; side < SIDES; side++) {
        enum side from =
            side == SIDE_INITIATOR ? requester : other_side(requester);
        heir.spi[side] = child->spi[from];
        heir.closed[side] = child->closed[from];
        heir.deletes[side] = heir.rekeys[side] = (struct claim){0};
    }
    heir.creator =
        child->creator == requester ? SIDE_INITIATOR : SIDE_RESPONDER;
    heir.collided = false;
    return heir;
}

void learn_ike_collision(struct seen *seen, const struct ike_sa_key *former)
{
    struct ike_seen *old = seen->sa;
    struct ike_seen *new = sa_find(seen->oracle, &old->successor);
    struct ike_seen *rival = sa_find(seen->oracle, former);
    if (!new || !rival || new == rival)
        return;
    const struct exchange *own = seen->exchange;
    const struct exchange *theirs = NULL;
    struct party *other = seen->sender;
    for (size_t i = 0; i < other->exchange_count && !theirs; i++)
        if (other->exchanges[i].rekey_spi == former->spi_i)
            theirs = &other->exchanges[i];
    new->collided = rival->collided = true;
    int order = theirs && own->low && theirs->low
                    ? low_nonce_compare(own->low, theirs->low)
                    : 0;
    new->wins = order > 0;
    rival->wins = order < 0;
}

/* ---- Called by track_content ---- */

void track_ask(struct seen *seen)
{
    struct exchange *e = seen->exchange;
    if (!e)
        return;
    if (!seen->response) {
        e->ask = (uint8_t)ask_of(seen, &e->about);
        if (!e->offer && !e->response.count)
            e->offer = offer_take(&seen->ike->message);
        e->critical = unknown_critical(&seen->ike->message);
    } else {
        e->error = error_of(&seen->ike->message);
        e->granted = ike_message_find(&seen->ike->message, PAYLOAD_SA) != NULL;
        free(e->offer);
        e->offer = NULL;
    }
    if (seen->ike->header.exchange == CREATE_CHILD_SA)
        learn_nonce(seen);
}

static void learn_setback(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    struct setback *setback = &seen->receiver->setback;
    if (!e->error || e->granted) {
        setback->got = setback->busy = (struct sight){0};
        return;
    }
    bool again = e->error == TEMPORARY_FAILURE && setback->busy.order &&
                 setback->ask == e->ask && setback->about == e->about;
    setback->hasty =
        again && e->request.first.time < setback->got.time + COPY_TIME;
    if (!again)
        setback->busy =
            e->error == TEMPORARY_FAILURE ? seen->sight : (struct sight){0};
    setback->got = seen->sight;
    setback->error = e->error;
    setback->ask = e->ask;
    setback->about = e->about;
    if (e->ask == ASK_CHILD)
        seen->sender->setback.given = seen->sight;
}

void track_outcome(struct seen *seen)
{
    struct exchange *e = seen->exchange;
    struct ike_seen *sa = seen->sa;
    if (!e)
        return;
    if (error_of(&seen->ike->message) == AUTHENTICATION_FAILED)
        seen->sender->failed = true;
    if (!seen->response) {
        struct child *child = child_find(sa, seen->side, e->about);
        if (e->ask == ASK_CHILD_REKEY && child)
            child->rekeys[seen->side] = (struct claim){true, e->id};
    } else if (abandoned_by_sync(seen->receiver, e->id)) {
        /* A14: nobody knows what the requester makes of the answer. */
        sa->children_forgotten |= e->ask != ASK_OTHER;
        return;
    } else if (e->request.opened) {
        if (e->error == INVALID_SYNTAX) {
            seen->sender->syntax = seen->sight;
            seen->sender->syntax_id = e->id;
        }
        if (e->ask == ASK_CHILD_REKEY && e->granted)
            learn_replacement(seen);
        if (e->ask == ASK_CHILD_REKEY && e->error == CHILD_SA_NOT_FOUND)
            forget_child(sa, other_side(seen->side), e->about);
        if (seen->ike->header.exchange == CREATE_CHILD_SA)
            learn_setback(seen);
    }
    if (seen->ike->header.exchange == INFORMATIONAL) {
        note_reported(seen);
        learn_deletes(seen);
        /* After a rekey that is the new IKE SA's business. */
        if (seen->response && e->ask == ASK_CHILD_DELETE && !sa->replaced)
            close_children(seen);
        if (seen->response && e->ask == ASK_IKE_DELETE)
            close_ike(seen);
    }
}
