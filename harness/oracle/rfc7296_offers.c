/*
 * RFC 7296 2.7, 2.9, 2.10: what is chosen was offered, and nonces.
 *
 * The offer of a request is kept until its answer comes.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Longer ones are not kept, and their answers not judged. */
enum { OFFER_MAX = 4096 };

static struct bytes body_of(const struct ike_message *message, uint8_t type)
{
    const struct ike_payload *payload = ike_message_find(message, type);
    return payload ? payload->body : bytes_of(NULL, 0);
}

struct offer *offer_take(const struct ike_message *message)
{
    struct bytes sa = body_of(message, PAYLOAD_SA);
    struct bytes ke = body_of(message, PAYLOAD_KE);
    struct bytes tsi = body_of(message, PAYLOAD_TSI);
    struct bytes tsr = body_of(message, PAYLOAD_TSR);
    if (!sa.size || sa.size + tsi.size + tsr.size > OFFER_MAX)
        return NULL;
    struct offer *offer =
        memory_take(sizeof *offer + sa.size + tsi.size + tsr.size);
    uint8_t *at = offer->octets;
    offer->sa = (uint16_t)sa.size;
    offer->tsi = (uint16_t)tsi.size;
    offer->tsr = (uint16_t)tsr.size;
    if (ke.size >= 2)
        offer->method = read_u16(ke.data);
    memcpy(at, sa.data, sa.size);
    if (tsi.size)
        memcpy(at + sa.size, tsi.data, tsi.size);
    if (tsr.size)
        memcpy(at + sa.size + tsi.size, tsr.data, tsr.size);
    return offer;
}

static struct bytes offered_sa(const struct offer *offer)
{
    return bytes_of(offer->octets, offer->sa);
}

/* ---- Proposals ---- */

static bool has_transform(const struct ike_proposal *offered,
                          const struct ike_transform *chosen)
{
    for (size_t i = 0; i < offered->count; i++) {
        const struct ike_transform *t = &offered->transforms[i];
        if (t->type == chosen->type && t->id == chosen->id &&
            t->key_length == chosen->key_length)
            return true;
    }
    return false;
}

/* NONE, or numbers of 32 bits, is what there is without such a transform
 * (RFC 7296 3.3.2, 3.3.3). */
static bool says_nothing(const struct ike_proposal *offered,
                         const struct ike_transform *chosen)
{
    if (chosen->id != 0 || chosen->type == TRANSFORM_ENCR ||
        chosen->type == TRANSFORM_PRF)
        return false;
    for (size_t i = 0; i < offered->count; i++)
        if (offered->transforms[i].type == chosen->type)
            return false;
    return true;
}

/* What is wrong with the choice, or NULL. */
static const char *wrong_choice(const struct ike_sa_payload *offered,
                                const struct ike_sa_payload *answer)
{
    const struct ike_proposal *chosen = &answer->proposals[0];
    const struct ike_proposal *match = NULL;
    if (answer->count != 1)
        return "more than one proposal";
    for (size_t i = 0; i < offered->count; i++)
        if (offered->proposals[i].number == chosen->number &&
            offered->proposals[i].protocol == chosen->protocol)
            match = &offered->proposals[i];
    if (!match)
        return "a proposal number or protocol that was not offered";
    for (size_t i = 0; i < chosen->count; i++) {
        if (!chosen->transforms[i].other_attributes &&
            !has_transform(match, &chosen->transforms[i]) &&
            !says_nothing(match, &chosen->transforms[i]))
            return "a transform that was not offered";
        for (size_t k = 0; k < i; k++)
            if (chosen->transforms[k].type == chosen->transforms[i].type)
                return "two transforms of one type";
    }
    return NULL;
}

static void wrong_answer(struct seen *seen, enum clause_id clause,
                         const struct sight *asked, const char *expected,
                         const char *found)
{
    struct accusation a = accuse_if_whole(seen, clause);
    a.from_start = true;
    if (asked)
        accuse_frame(&a, asked);
    EXPECTED(&a, "%s", expected);
    SEEN(&a, "%s", found);
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.7-01: one of the offered proposals, one transform of each type. */
static void rule_choice(struct seen *seen, const struct offer *offer,
                        const struct sight *asked)
{
    struct bytes body = body_of(&seen->ike->message, PAYLOAD_SA);
    if (!body.size)
        return;
    struct ike_sa_payload *sas = memory_take(2 * sizeof *sas);
    if (ike_sa_decode(offered_sa(offer), &sas[0], NULL) &&
        ike_sa_decode(body, &sas[1], NULL) && sas[1].count) {
        const char *wrong = wrong_choice(&sas[0], &sas[1]);
        judged(seen->oracle, CLAUSE_RFC7296_2_7_01);
        if (wrong)
            wrong_answer(seen, CLAUSE_RFC7296_2_7_01, asked,
                         "one of the offered proposals", wrong);
    }
    free(sas);
}

/* ---- Key exchange methods ---- */

static bool offers_method(const struct ike_sa_payload *sa, uint16_t method)
{
    struct ike_transform wanted = {.type = TRANSFORM_KE, .id = method};
    for (size_t i = 0; i < sa->count; i++)
        if (has_transform(&sa->proposals[i], &wanted))
            return true;
    return false;
}

static bool offers_any_method(const struct ike_sa_payload *sa)
{
    for (size_t i = 0; i < sa->count; i++)
        for (size_t k = 0; k < sa->proposals[i].count; k++)
            if (sa->proposals[i].transforms[k].type == TRANSFORM_KE &&
                sa->proposals[i].transforms[k].id != KE_NONE)
                return true;
    return false;
}

/* RFC7296-2.7-02: the KE payload has the method that is proposed, or chosen;
 * what INVALID_KE_PAYLOAD asks for was offered, and is another one. */
static void rule_own_method(struct seen *seen)
{
    const struct ike_message *message = &seen->ike->message;
    struct bytes ke = body_of(message, PAYLOAD_KE);
    struct bytes body = body_of(message, PAYLOAD_SA);
    if (ke.size < 2 || !body.size)
        return;
    struct ike_sa_payload *sa = memory_take(sizeof *sa);
    if (ike_sa_decode(body, sa, NULL) && offers_any_method(sa)) {
        judged(seen->oracle, CLAUSE_RFC7296_2_7_02);
        if (!offers_method(sa, read_u16(ke.data)))
            wrong_answer(seen, CLAUSE_RFC7296_2_7_02, NULL,
                         "a KE payload of a method in the SA payload",
                         "another method");
    }
    free(sa);
}

static void rule_asked_method(struct seen *seen, const struct offer *offer,
                              const struct sight *asked)
{
    struct ike_notify notify;
    if (!ike_message_notify(&seen->ike->message, INVALID_KE_PAYLOAD, 0,
                            &notify) ||
        notify.data.size != 2)
        return;
    uint16_t method = read_u16(notify.data.data);
    struct ike_sa_payload *sa = memory_take(sizeof *sa);
    if (ike_sa_decode(offered_sa(offer), sa, NULL)) {
        judged(seen->oracle, CLAUSE_RFC7296_2_7_02);
        if (method == offer->method || !offers_method(sa, method))
            wrong_answer(seen, CLAUSE_RFC7296_2_7_02, asked,
                         "INVALID_KE_PAYLOAD with another offered method",
                         method == offer->method ? "the one that was sent"
                                                 : "one that was not offered");
    }
    free(sa);
}

/* ---- Traffic Selectors ---- */

static bool in_range(const struct address *at, const struct ike_ts *ts)
{
    size_t size = address_size(at);
    return memcmp(at->octets, ts->first.octets, size) >= 0 &&
           memcmp(at->octets, ts->last.octets, size) <= 0;
}

/* Whether some offered selector has this corner. */
static bool has_corner(const struct ike_ts_payload *offered,
                       const struct ike_ts *ts, const struct address *at,
                       uint16_t port)
{
    for (size_t i = 0; i < offered->count; i++) {
        const struct ike_ts *o = &offered->selectors[i];
        /* OPAQUE ports are no range. */
        bool opaque =
            o->first_port > o->last_port || ts->first_port > ts->last_port;
        if (o->type == ts->type && in_range(at, o) &&
            (o->protocol == 0 || o->protocol == ts->protocol) &&
            (opaque || (port >= o->first_port && port <= o->last_port)))
            return true;
    }
    return false;
}

static bool is_subset(struct bytes offered, struct bytes answer)
{
    struct ike_ts_payload *ts = memory_take(2 * sizeof *ts);
    bool subset = true;
    if (ike_ts_decode(offered, &ts[0], NULL) &&
        ike_ts_decode(answer, &ts[1], NULL))
        for (size_t i = 0; i < ts[1].count; i++) {
            const struct ike_ts *s = &ts[1].selectors[i];
            if (s->type != TS_IPV4_ADDR_RANGE && s->type != TS_IPV6_ADDR_RANGE)
                continue;
            subset &= has_corner(&ts[0], s, &s->first, s->first_port) &&
                      has_corner(&ts[0], s, &s->last, s->last_port);
        }
    free(ts);
    return subset;
}

/* RFC7296-2.9-01: the responder narrows what was proposed. In transport mode
 * behind a NAT addresses are substituted: 2.23.1. */
static void rule_narrowing(struct seen *seen, const struct offer *offer,
                           const struct sight *asked)
{
    const struct ike_message *message = &seen->ike->message;
    struct bytes tsi = body_of(message, PAYLOAD_TSI);
    struct bytes tsr = body_of(message, PAYLOAD_TSR);
    const uint8_t *at = offer->octets + offer->sa;
    struct ike_notify notify;
    if (!tsi.size || !tsr.size || !offer->tsi || !offer->tsr ||
        ike_message_notify(message, USE_TRANSPORT_MODE, 0, &notify))
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_9_01);
    if (!is_subset(bytes_of(at, offer->tsi), tsi))
        wrong_answer(seen, CLAUSE_RFC7296_2_9_01, asked,
                     "a subset of the proposed TSi", "more than that");
    else if (!is_subset(bytes_of(at + offer->tsi, offer->tsr), tsr))
        wrong_answer(seen, CLAUSE_RFC7296_2_9_01, asked,
                     "a subset of the proposed TSr", "more than that");
}

/* ---- Nonces ---- */

/* RFC7296-2.10-01: 16 octets at least; 3.9: 256 at most. */
static void rule_nonce(struct seen *seen)
{
    enum { NONCE_MIN = 16, NONCE_MAX = 256 };
    const struct ike_payload *nonce =
        ike_message_find(&seen->ike->message, PAYLOAD_NONCE);
    if (!nonce)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_10_01);
    if (nonce->body.size >= NONCE_MIN && nonce->body.size <= NONCE_MAX)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC7296_2_10_01);
    EXPECTED(&a, "a nonce of 16 to 256 octets");
    SEEN(&a, "%zu octets", nonce->body.size);
    submit(seen->oracle, seen, &a);
}

void rfc7296_offers(struct seen *seen, const struct offer *offer,
                    const struct sight *asked)
{
    rule_nonce(seen);
    rule_own_method(seen);
    if (!seen->response || !offer)
        return;
    rule_choice(seen, offer, asked);
    rule_asked_method(seen, offer, asked);
    rule_narrowing(seen, offer, asked);
}
