/*
 * RFC 7296 1.4.1, 1.4, 2.4, 2.8: Child SAs, whose they are, and their end.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

/* All pairs of this IKE SA are known, and no other message was missed. */
static bool pairs_are_known(const struct ike_seen *sa)
{
    return sa->from_start && !sa->blind && !sa->children_forgotten;
}

/* ---- 1.4: under which IKE SA ---- */

/* Whether `owner` became `sa` by rekeys. */
static bool is_successor(struct oracle *oracle, struct ike_sa_key owner,
                         const struct ike_seen *sa)
{
    enum { REKEYS_FOLLOWED = 32 };
    for (int i = 0; i < REKEYS_FOLLOWED; i++) {
        if (owner.spi_i == sa->key.spi_i && owner.spi_r == sa->key.spi_r)
            return true;
        const struct ike_seen *old = sa_find(oracle, &owner);
        if (!old)
            return true; /* forgotten: nobody knows */
        if (!old->replaced)
            return false;
        owner = old->successor;
    }
    return true;
}

/* RFC7296-1.4-03: what is said about a Child SA is said under the IKE SA that
 * it was made under, or under that one's successor. */
static void rule_1_4_03(struct seen *seen, uint32_t spi)
{
    struct ike_seen *sa = seen->sa;
    const struct child_link *link =
        child_link_find(seen->oracle, &seen->event->packet.source.address, spi);
    if (!link || !pairs_are_known(sa))
        return;
    judged(seen->oracle, CLAUSE_RFC7296_1_4_03);
    if (child_find(sa, seen->side, spi) ||
        is_successor(seen->oracle, link->owner, sa))
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_1_4_03);
    char owner[64];
    sa_name(&link->owner, owner, sizeof owner);
    EXPECTED(&a, "%08" PRIx32 " spoken of under %s", spi, owner);
    SEEN(&a, "it, under another IKE SA");
    submit(seen->oracle, seen, &a);
}

static void named_spis(struct seen *seen)
{
    const struct ike_message *message = &seen->ike->message;
    uint32_t about;
    if (ask_of(seen, &about) == ASK_CHILD_REKEY && about)
        rule_1_4_03(seen, about);
    for (size_t i = 0; i < message->count; i++) {
        struct ike_delete_payload d;
        if (message->payloads[i].type != PAYLOAD_DELETE || seen->response ||
            !ike_delete_decode(message->payloads[i].body, &d, NULL) ||
            d.protocol != PROTOCOL_ESP || d.spi_size != 4)
            continue;
        for (size_t n = 0; n < d.count; n++)
            rule_1_4_03(seen, read_u32(d.spis.data + 4 * n));
    }
}

/* ---- Half-closed pairs ---- */

/* RFC7296-1.4.1-09: a pair of which the other side has closed its half keeps
 * its SPIs, as long as this side has not closed its own. */
static void rule_1_4_1_09(struct seen *seen)
{
    const struct ike_payload *payload =
        ike_message_find(&seen->ike->message, PAYLOAD_SA);
    if (!payload || !pairs_are_known(seen->sa))
        return;
    struct ike_sa_payload *sa = memory_take(sizeof *sa);
    if (!ike_sa_decode(payload->body, sa, NULL))
        sa->count = 0;
    for (size_t i = 0; i < sa->count; i++) {
        const struct ike_proposal *p = &sa->proposals[i];
        if (p->protocol != PROTOCOL_ESP || p->spi.size != 4)
            continue;
        uint32_t spi = read_u32(p->spi.data);
        const struct child *child = child_find(seen->sa, seen->side, spi);
        judged(seen->oracle, CLAUSE_RFC7296_1_4_1_09);
        if (!child || !child->closed[other_side(seen->side)] ||
            child->closed[seen->side] || child->deletes[seen->side].made)
            continue;
        struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_1_4_1_09);
        accuse_frame(&a, &child->created);
        EXPECTED(&a, "another SPI: the pair that has it is half-closed");
        SEEN(&a, "%08" PRIx32 " again", spi);
        submit(seen->oracle, seen, &a);
        break;
    }
    free(sa);
}

/* ---- INVALID_SPI about an SA that lives ---- */

/* Which rule an end without a Delete breaks. */
static enum clause_id silent_end(const struct seen *seen,
                                 const struct child *child)
{
    if (child->creator != seen->side &&
        seen->sight.time < child->created.time + RETRANSMIT_TIME)
        return CLAUSE_RFC7296_2_8_07;
    if (child->collided)
        return CLAUSE_RFC7296_2_8_1_02;
    if (child->reported)
        return CLAUSE_RFC7296_2_21_4_11;
    return CLAUSE_RFC7296_2_4_16;
}

static const char *silent_end_expected(enum clause_id clause)
{
    switch (clause) {
    case CLAUSE_RFC7296_2_8_07:
        return "packets accepted on an SA before its response is sent";
    case CLAUSE_RFC7296_2_8_1_02:
        return "packets accepted on either SA of two rekeys that crossed";
    case CLAUSE_RFC7296_2_21_4_11:
        return "no SA changed by an INVALID_SPI of the other side";
    default:
        return "a Delete before an SA is given up";
    }
}

/* RFC7296-2.8-10: ESP on an SA that this side has asked for means that the
 * answer was lost, and is no error. */
static void rule_2_8_10(struct seen *seen, uint32_t spi)
{
    for (size_t i = 0; i < seen->sender->exchange_count; i++) {
        const struct exchange *e = &seen->sender->exchanges[i];
        if (!e->request.count || e->response.count || e->child_spi != spi ||
            e == seen->exchange)
            continue;
        struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_8_10);
        a.finding.verdict = VERDICT_WARNING;
        judged(seen->oracle, CLAUSE_RFC7296_2_8_10);
        accuse_frame(&a, &e->request.first);
        EXPECTED(&a, "request %" PRIu32 " again: its answer was lost", e->id);
        SEEN(&a, "INVALID_SPI for %08" PRIx32 ", which it asks for", spi);
        submit(seen->oracle, seen, &a);
    }
}

/* RFC7296-2.4-16, 2.8-07, 2.8.1-02, 2.21.4-11: a side that says that it does
 * not know an SPI of its own has dropped the SA without a Delete, or never had
 * it. */
static void rule_invalid_spi(struct seen *seen)
{
    struct ike_notify notify;
    struct ike_seen *sa = seen->sa;
    if (!ike_message_notify(&seen->ike->message, INVALID_SPI, 0, &notify) ||
        notify.data.size != 4 || !pairs_are_known(sa) || sa->replaced ||
        seen->oracle->gateway_epoch)
        return;
    uint32_t spi = read_u32(notify.data.data);
    const struct child *child = child_find(sa, seen->side, spi);
    if (!child) {
        rule_2_8_10(seen, spi);
        return;
    }
    enum clause_id clause = silent_end(seen, child);
    judged(seen->oracle, clause);
    for (size_t side = 0; side < SIDES; side++)
        if (child->closed[side] || child->deletes[side].made)
            return;
    /* The answer that made it may have been lost on the way to this side. */
    if (child->creator == seen->side &&
        seen->sight.time < child->created.time + REPEAT_TIME)
        return;
    struct accusation a = accuse_if_whole(seen, clause);
    accuse_frame(&a, &child->created);
    EXPECTED(&a, "%s", silent_end_expected(clause));
    SEEN(&a, "INVALID_SPI for %08" PRIx32 ", which was never deleted", spi);
    submit(seen->oracle, seen, &a);
}

/* ---- The heirs of a rekeyed IKE SA ---- */

/* RFC7296-2.8-04 and 2.8.2-02: a rekeyed IKE SA has all Child SAs of its
 * predecessor. */
static void rule_2_8_04_lost(struct seen *seen)
{
    struct ike_seen *sa = seen->sa;
    const struct exchange *e = seen->exchange;
    if (!seen->response || !sa->rekeyed || !pairs_are_known(sa) || !e ||
        !e->request.opened || e->ask != ASK_CHILD_REKEY ||
        seen->oracle->gateway_epoch)
        return;
    const struct child *child =
        child_find(sa, other_side(seen->side), e->about);
    if (!child || child->created.order >= sa->created.order)
        return;
    enum clause_id clause =
        sa->collided ? CLAUSE_RFC7296_2_8_2_02 : CLAUSE_RFC7296_2_8_04;
    if (sa->collided && !sa->wins)
        return;
    judged(seen->oracle, clause);
    for (size_t side = 0; side < SIDES; side++)
        if (child->closed[side] || child->deletes[side].made ||
            (child->rekeys[side].made && child->rekeys[side].id != e->id))
            return;
    if (error_of(&seen->ike->message) != CHILD_SA_NOT_FOUND)
        return;
    struct accusation a = accuse_if_whole(seen, clause);
    accuse_frame(&a, &child->created);
    accuse_frame(&a, &sa->created);
    EXPECTED(&a, "%08" PRIx32 " inherited by the new IKE SA", e->about);
    SEEN(&a, "CHILD_SA_NOT_FOUND");
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.8-04: after a rekey, what is said about its Child SAs is said on
 * the new IKE SA. Only of the side that rekeyed: its later Message IDs were
 * given out after it knew. */
static void rule_2_8_04_old(struct seen *seen)
{
    const struct ike_seen *sa = seen->sa;
    uint32_t about;
    if (seen->response || !sa->replaced || sa->collided ||
        sa->rekey_side != seen->side || sa->blind ||
        ask_of(seen, &about) != ASK_CHILD_DELETE || seen->oracle->gateway_epoch)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_8_04);
    if (seen->ike->header.message_id < sa->rekey_id + seen->sender->window ||
        abandoned_by_sync(seen->sender, sa->rekey_id))
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_8_04);
    EXPECTED(&a, "the Delete of a Child SA on the new IKE SA");
    SEEN(&a, "one on the IKE SA that this side has rekeyed");
    submit(seen->oracle, seen, &a);
}

void rfc7296_child(struct seen *seen)
{
    named_spis(seen);
    rule_1_4_1_09(seen);
    rule_invalid_spi(seen);
    rule_2_8_04_lost(seen);
    rule_2_8_04_old(seen);
}

/* ---- ESP after the end ---- */

static const char *closed_by(enum clause_id clause)
{
    switch (clause) {
    case CLAUSE_RFC7296_1_4_1_01:
        return "no ESP on the other half of a pair that was deleted";
    case CLAUSE_RFC7296_1_4_1_05:
        return "no ESP on a pair that both sides have deleted";
    case CLAUSE_RFC7296_1_4_1_07:
        return "no ESP on a Child SA of an IKE SA that was deleted";
    default:
        return "no ESP on an SA that the other side has deleted";
    }
}

/* RFC7296-1.4.1-01, -03, -05, -07. A number that was not seen before is no
 * copy that the network made; a second later nothing is on its way. */
void rfc7296_closed_esp(struct oracle *oracle, const struct trace_event *event,
                        const struct esp_stream *stream,
                        const struct sight *sight)
{
    const struct closing *closing = &stream->closing;
    bool opened = event->esp.status == TRACE_ESP_OPENED;
    if (oracle->gateway_epoch || (!opened && oracle->totals.ike_no_key))
        return;
    judged(oracle, closing->clause);
    if (sight->time < closing->at.time + RETRANSMIT_TIME)
        return;
    struct accusation a = {
        .clause = closing->clause,
        .needs_whole = true,
        .from_start = closing->from_start,
        .finding = {.clause = clause_nth(closing->clause),
                    .verdict = VERDICT_FAIL,
                    .time = sight->time,
                    .subject = event->packet.source,
                    .inferred = !opened},
    };
    say(a.finding.sa, sizeof a.finding.sa, "ESP %08" PRIx32, stream->key.spi);
    accuse_frame(&a, &closing->at);
    accuse_frame(&a, sight);
    EXPECTED(&a, "%s", closed_by(closing->clause));
    SEEN(&a, "a packet %" PRIu64 " ms later",
         (sight->time - closing->at.time) / NS_PER_MS);
    submit_plain(oracle, &a);
}
