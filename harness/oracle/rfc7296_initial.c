/*
 * RFC 7296 2.1, 2.5, 2.6, 2.23: IKE_SA_INIT as a responder answers it, SPIs
 * that are chosen twice, NATs and ports.
 */
#include "oracle/oracle_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A half-open IKE SA lives longer. */
#define HALF_OPEN_TIME (10 * NS_PER_S)

static uint32_t slot_of(uint64_t value, uint32_t slots)
{
    return (uint32_t)((value * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % slots;
}

/* ---- NAT ---- */

static struct crypto *crypto_of(struct oracle *oracle)
{
    if (!oracle->crypto)
        oracle->crypto = crypto_new();
    return oracle->crypto;
}

/* RFC 7296 2.23: SHA-1 of SPIs, address and port. */
static void nat_hash(struct oracle *oracle, const struct ike_header *header,
                     const struct endpoint *at, uint8_t out[static 20])
{
    struct buffer data = {0};
    buffer_u64(&data, header->spi_i);
    buffer_u64(&data, header->spi_r);
    buffer_bytes(&data,
                 bytes_of(at->address.octets, address_size(&at->address)));
    buffer_u16(&data, at->port);
    hash_sha1(crypto_of(oracle), buffer_view(&data), out);
    buffer_free(&data);
}

/* Whether some notify of `type` fits; true if there is none. */
static bool nat_fits(struct seen *seen, uint16_t type,
                     const struct endpoint *at)
{
    uint8_t digest[20];
    struct ike_notify notify;
    bool any = false;
    nat_hash(seen->oracle, &seen->ike->header, at, digest);
    for (size_t n = 0;
         ike_message_notify(&seen->ike->message, type, n, &notify); n++) {
        any = true;
        if (notify.data.size == sizeof digest &&
            memcmp(notify.data.data, digest, sizeof digest) == 0)
            return true;
    }
    return !any;
}

/* What the receiver of this message learns from its hashes. */
static bool shows_nat(struct seen *seen)
{
    const struct packet *packet = &seen->event->packet;
    return !nat_fits(seen, NAT_DETECTION_SOURCE_IP, &packet->source) ||
           !nat_fits(seen, NAT_DETECTION_DESTINATION_IP, &packet->destination);
}

static bool detects_nat(const struct seen *seen)
{
    struct ike_notify notify;
    return ike_message_notify(&seen->ike->message, NAT_DETECTION_SOURCE_IP, 0,
                              &notify);
}

/* RFC7296-2.23-06: an initiator that finds a NAT goes on from and to port
 * 4500. */
void initial_ports(struct seen *seen)
{
    const struct packet *packet = &seen->event->packet;
    const struct ike_seen *sa = seen->sa;
    if (!sa->natted[seen->side] || sa->rekeyed || seen->response ||
        !seen->authentic || seen->side != SIDE_INITIATOR ||
        seen->ike->header.exchange != IKE_AUTH || !packet->in_udp)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_23_06);
    if (packet->source.port != PORT_IKE && packet->destination.port != PORT_IKE)
        return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_23_06);
    accuse_frame(&a, &sa->init_at);
    EXPECTED(&a, "port %d after NAT_DETECTION found a NAT", PORT_IKE_NAT);
    SEEN(&a, "%d to %d", packet->source.port, packet->destination.port);
    submit(seen->oracle, seen, &a);
}

static struct accusation accuse_stream(const struct trace_event *event,
                                       uint32_t spi, enum clause_id clause)
{
    struct accusation a = {
        .clause = clause,
        .finding = {.clause = clause_nth(clause),
                    .verdict = VERDICT_FAIL,
                    .time = event->time,
                    .subject = event->packet.source},
    };
    say(a.finding.sa, sizeof a.finding.sa, "ESP %08" PRIx32, spi);
    return a;
}

/* RFC7296-2.23-03: no ESP in UDP on port 500, where it looks like a broken IKE
 * message that begins with an SPI of ours. */
bool initial_esp_on_500(struct oracle *oracle, const struct trace_event *event)
{
    const struct packet *packet = &event->packet;
    struct sight sight = {oracle->order, event->frame, event->time};
    if (packet->destination.port != PORT_IKE || packet->payload.size < 8 ||
        !under_test(oracle, &packet->source.address))
        return false;
    uint32_t spi = read_u32(packet->payload.data);
    if (!child_link_find(oracle, &packet->destination.address, spi))
        return false;
    judged(oracle, CLAUSE_RFC7296_2_23_03);
    struct accusation a = accuse_stream(event, spi, CLAUSE_RFC7296_2_23_03);
    accuse_frame(&a, &sight);
    EXPECTED(&a, "ESP in UDP on port %d only", PORT_IKE_NAT);
    SEEN(&a, "%08" PRIx32 " to port %d", spi, packet->destination.port);
    submit_plain(oracle, &a);
    return true;
}

/* RFC7296-2-01: IKE on port 4500 without four zero octets is ESP to everybody,
 * whose SPI and number are those of an IKE SA. */
static bool unmarked_ike(struct oracle *oracle, const struct trace_event *event,
                         const struct sight *sight)
{
    struct bytes octets = event->esp.octets;
    struct ike_header header;
    if (!event->packet.in_udp || octets.size < IKE_HEADER_SIZE ||
        !ike_header_decode(octets, &header, NULL) ||
        header.length != octets.size || header.version >> 4 != 2)
        return false;
    struct ike_sa_key key = {header.spi_i, header.spi_r};
    if (!header.spi_r || !sa_find(oracle, &key))
        return false;
    struct accusation a =
        accuse_stream(event, event->esp.packet.spi, CLAUSE_RFC7296_2_01);
    sa_name(&key, a.finding.sa, sizeof a.finding.sa);
    judged(oracle, CLAUSE_RFC7296_2_01);
    accuse_frame(&a, sight);
    EXPECTED(&a, "four zero octets before IKE on port %d", PORT_IKE_NAT);
    SEEN(&a, "none");
    submit_plain(oracle, &a);
    return true;
}

/* RFC7296-2.23-02: after a NAT was found, ESP is in UDP. */
void initial_first_esp(struct oracle *oracle, const struct trace_event *event,
                       const struct sight *sight)
{
    const struct packet *packet = &event->packet;
    uint32_t spi = event->esp.packet.spi;
    if (unmarked_ike(oracle, event, sight))
        return;
    const struct child_link *link =
        child_link_find(oracle, &packet->destination.address, spi);
    if (!link || !link->natted)
        return;
    /* RFC 4555 3.5: where it is by now there may be no NAT. */
    const struct ike_seen *owner = sa_find(oracle, &link->owner);
    if (!owner || owner->mobike || owner->rekeyed)
        return;
    judged(oracle, CLAUSE_RFC7296_2_23_02);
    if (packet->in_udp)
        return;
    struct accusation a = accuse_stream(event, spi, CLAUSE_RFC7296_2_23_02);
    a.needs_whole = a.from_start = true;
    accuse_frame(&a, sight);
    EXPECTED(&a, "ESP in UDP after NAT_DETECTION found a NAT");
    SEEN(&a, "plain ESP");
    submit_plain(oracle, &a);
}

/* ---- IKE_SA_INIT of a responder ---- */

static bool grants(const struct seen *seen)
{
    return ike_message_find(&seen->ike->message, PAYLOAD_SA) != NULL;
}

static struct accusation accuse_initial(const struct seen *seen,
                                        enum clause_id clause,
                                        const struct initial *initial)
{
    struct accusation a = accuse_if_whole(seen, clause);
    a.from_start = true;
    accuse_frame(&a, &initial->first);
    return a;
}

/* RFC7296-2.23-01: the answer goes to the originating address and port.
 * RFC7296-2.5-01: a higher major version is not taken for 2. */
static void rule_answer(struct seen *seen, const struct initial *initial)
{
    const struct endpoint *to = &seen->event->packet.destination;
    char text[64];
    if (!initial->moved && !initial->answer) {
        judged(seen->oracle, CLAUSE_RFC7296_2_23_01);
        if (place_of(to) != initial->place) {
            struct accusation a =
                accuse_initial(seen, CLAUSE_RFC7296_2_23_01, initial);
            endpoint_to_text(to, text, sizeof text);
            EXPECTED(&a, "the response where the request came from");
            SEEN(&a, "a response to %s", text);
            submit(seen->oracle, seen, &a);
        }
    }
    if (initial->version >> 4 <= 2 || initial->varied)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_5_01);
    if (!grants(seen))
        return;
    struct accusation a = accuse_initial(seen, CLAUSE_RFC7296_2_5_01, initial);
    EXPECTED(&a, "major version %d dropped, or INVALID_MAJOR_VERSION",
             initial->version >> 4);
    SEEN(&a, "an answer as to version 2");
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.1-10: a repeated request of a half-open IKE SA brings the same
 * response. */
static void rule_same_response(struct seen *seen, const struct initial *initial)
{
    if (!grants(seen) || !initial->answer || initial->varied ||
        seen->sight.time > initial->answered.time + HALF_OPEN_TIME ||
        seen->oracle->gateway_epoch)
        return;
    judged(seen->oracle, CLAUSE_RFC7296_2_1_10);
    if (initial->answer == seen->digest)
        return;
    struct ike_sa_key key = {seen->ike->header.spi_i, initial->spi_r};
    const struct ike_seen *sa = sa_find(seen->oracle, &key);
    if (!sa || sa->party[SIDE_INITIATOR].used_highest)
        return; /* IKE_AUTH has come, and perhaps failed */
    struct accusation a = accuse_initial(seen, CLAUSE_RFC7296_2_1_10, initial);
    accuse_frame(&a, &initial->answered);
    EXPECTED(&a, "the same response to the same IKE_SA_INIT request");
    SEEN(&a, "another one");
    submit(seen->oracle, seen, &a);
}

/* RFC7296-2.6-01: an SPI is given to one IKE SA at a time. */
void initial_spi_chosen(struct seen *seen, uint64_t spi,
                        const struct ike_sa_key *of)
{
    struct oracle *oracle = seen->oracle;
    uint32_t place = place_of(&seen->event->packet.source);
    struct chosen_spi *slot =
        &oracle->chosen[slot_of(spi ^ place, CHOSEN_SPIS_MAX)];
    struct ike_seen *sa = sa_find(oracle, &slot->sa);
    bool same = slot->spi == spi && slot->place == place &&
                (slot->sa.spi_i != of->spi_i || slot->sa.spi_r != of->spi_r);
    judged(oracle, CLAUSE_RFC7296_2_6_01);
    if (same && sa && sa->established && !sa->replaced && !sa->blind &&
        sa->from_start && !sa->party[0].gone.order &&
        !sa->party[1].gone.order && !sa->party[0].failed &&
        !sa->party[1].failed && !oracle->gateway_epoch) {
        struct accusation a = accuse_if_whole(seen, CLAUSE_RFC7296_2_6_01);
        char name[64];
        a.from_start = true;
        accuse_frame(&a, &slot->at);
        sa_name(&slot->sa, name, sizeof name);
        EXPECTED(&a, "an SPI that no other IKE SA has");
        SEEN(&a, "%016" PRIx64 ", which is that of %s", spi, name);
        submit(oracle, seen, &a);
    }
    *slot = (struct chosen_spi){
        .spi = spi, .place = place, .sa = *of, .at = seen->sight};
}

/* ---- Called for every message of IKE_SA_INIT ---- */

static void take_request(struct seen *seen, struct initial *initial)
{
    const struct ike_header *header = &seen->ike->header;
    uint32_t place = place_of(&seen->event->packet.source);
    if (initial->spi_i != header->spi_i) {
        free(initial->offer);
        *initial = (struct initial){.spi_i = header->spi_i,
                                    .digest = seen->digest,
                                    .version = header->version,
                                    .place = place,
                                    .first = seen->sight,
                                    .offer = offer_take(&seen->ike->message)};
    }
    initial->moved |= initial->place != place;
    initial->varied |= initial->digest != seen->digest;
    initial->natted = shows_nat(seen);
    initial->behind = !nat_fits(seen, NAT_DETECTION_DESTINATION_IP,
                                &seen->event->packet.destination);
    initial->hides =
        !nat_fits(seen, NAT_DETECTION_SOURCE_IP, &seen->event->packet.source);
    initial->detects = detects_nat(seen);
}

void initial_message(struct seen *seen)
{
    const struct ike_header *header = &seen->ike->header;
    struct initial *initial =
        &seen->oracle->initials[slot_of(header->spi_i, INITIALS_MAX)];
    if (header->exchange != IKE_SA_INIT || seen->event->packet.truncated)
        return;
    if (!seen->response) {
        if (seen->judged)
            rfc7296_offers(seen, NULL, NULL);
        take_request(seen, initial);
        return;
    }
    if (initial->spi_i != header->spi_i || !header->spi_i)
        return;
    if (seen->judged) {
        struct ike_sa_key key = {header->spi_i, header->spi_r};
        rule_answer(seen, initial);
        rfc7296_offers(seen, initial->varied ? NULL : initial->offer,
                       &initial->first);
        rule_same_response(seen, initial);
        if (grants(seen) && header->spi_r && initial->answer != seen->digest)
            initial_spi_chosen(seen, header->spi_r, &key);
    }
    if (!grants(seen))
        return;
    if (!initial->answer) {
        initial->answer = seen->digest;
        initial->answered = seen->sight;
        initial->spi_r = header->spi_r;
    }
}

/* `sa` is what this answer makes. */
void initial_learn(struct seen *seen, struct ike_seen *sa)
{
    uint64_t spi_i = seen->ike->header.spi_i;
    const struct initial *initial =
        &seen->oracle->initials[slot_of(spi_i, INITIALS_MAX)];
    if (initial->spi_i != spi_i || initial->varied)
        return;
    bool both = initial->detects && detects_nat(seen);
    sa->natted[SIDE_RESPONDER] = both && initial->natted;
    sa->natted[SIDE_INITIATOR] = both && shows_nat(seen);
    sa->behind_nat[SIDE_RESPONDER] = both && initial->behind;
    sa->behind_nat[SIDE_INITIATOR] =
        both && !nat_fits(seen, NAT_DETECTION_DESTINATION_IP,
                          &seen->event->packet.destination);
    sa->hides[SIDE_INITIATOR] = both && initial->hides;
    sa->hides[SIDE_RESPONDER] = both && !nat_fits(seen, NAT_DETECTION_SOURCE_IP,
                                                  &seen->event->packet.source);
    sa->nat_known = both;
    sa->init_at = seen->sight;
}

void initials_free(struct oracle *oracle)
{
    for (size_t i = 0; i < INITIALS_MAX; i++)
        free(oracle->initials[i].offer);
}
