/*
 * RFC 6027 names problems of clusters and obliges nobody: what is seen of one
 * is a warning. Most of them are judged by the document that answers them, as
 * scenarios/clauses/untested.md says.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>

static uint32_t address_hash(const struct address *address)
{
    uint64_t hash =
        content_hash(bytes_of(address->octets, address_size(address)));
    uint32_t folded = (uint32_t)(hash ^ hash >> 32);
    return folded ? folded : 1;
}

/* Where a request to the cluster went: one address, or several. */
void rfc6027_stimulus(struct seen *seen)
{
    struct exchange *e = seen->exchange;
    uint32_t at = address_hash(&seen->event->packet.destination.address);
    if (seen->take == TAKE_FIRST)
        e->addressed = at;
    else if (e->addressed != at)
        e->addressed = 0;
}

/* RFC6027-3.8-01: the response of a member comes from its own address, where
 * that of the cluster was asked. */
void rfc6027_response(struct seen *seen)
{
    const struct exchange *e = seen->exchange;
    const struct packet *packet = &seen->event->packet;
    char from[64];
    if (!seen->oracle->gateway_is_cluster || !seen->authentic ||
        !e->request.count || !e->addressed)
        return;
    judged(seen->oracle, CLAUSE_RFC6027_3_8_01);
    if (address_hash(&packet->source.address) == e->addressed)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6027_3_8_01);
    a.finding.verdict = VERDICT_WARNING;
    accuse_frame(&a, &e->request.first);
    endpoint_to_text(&packet->source, from, sizeof from);
    EXPECTED(&a, "response %" PRIu32 " from the address that was asked", e->id);
    SEEN(&a, "one from %s", from);
    READING(&a, "RFC 7296 2.11: from the address that received the request");
    submit(seen->oracle, seen, &a);
}

/* RFC6027-3.7-01: two members at a time use the Message IDs of one IKE SA. */
void rfc6027_request(struct seen *seen)
{
    const struct oracle *oracle = seen->oracle;
    const struct packet *packet = &seen->event->packet;
    struct exchange *e = seen->exchange;
    uint32_t from = address_hash(&packet->source.address);
    char text[64];

    if (!oracle->gateway_is_cluster || oracle->under_test_count < 2 ||
        !seen->authentic)
        return;
    if (seen->take == TAKE_FIRST)
        e->addressed = from;
    judged(seen->oracle, CLAUSE_RFC6027_3_7_01);
    if (seen->take != TAKE_DIFFERENT || !e->addressed || e->addressed == from ||
        oracle->gateway_change.time + REORDER_TIME > e->request.first.time)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC6027_3_7_01);
    a.finding.verdict = VERDICT_WARNING;
    accuse_frame(&a, &e->request.first);
    endpoint_to_text(&packet->source, text, sizeof text);
    EXPECTED(&a, "one member at a time on this IKE SA");
    SEEN(&a, "request %" PRIu32 " of another one, from %s", e->id, text);
    submit(seen->oracle, seen, &a);
}
