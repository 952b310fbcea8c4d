/*
 * RFC 4303: sequence numbers and SPIs of the sender under test; with RFC 4106,
 * RFC 7634, RFC 6311 3.4 and RFC 5282: an IV never comes twice under one key.
 * The same octets again are a copy that the network or the capture made.
 */
#include "oracle/members_private.h"
#include "oracle/oracle_private.h"

#include <inttypes.h>

enum {
    SPI_RESERVED = 255,
    FALLEN = 1024,   /* further behind than any reordering */
    FALLEN_RUN = 16, /* packets in a row */
};

static struct accusation accuse_esp(const struct trace_event *event,
                                    enum clause_id clause)
{
    struct accusation a = {
        .clause = clause,
        .finding = {.clause = clause_nth(clause),
                    .verdict = VERDICT_FAIL,
                    .time = event->time,
                    .subject = event->packet.source,
                    .inferred = event->esp.status == TRACE_ESP_NO_KEY}};
    say(a.finding.sa, sizeof a.finding.sa, "ESP %08" PRIx32,
        event->esp.packet.spi);
    return a;
}

/* Without keys another SA may have taken the SPI. */
static void doubt(struct accusation *a, enum certainty certainty)
{
    a->needs_whole = a->from_start = certainty == IF_WHOLE;
    if (certainty != DOUBTFUL)
        return;
    a->finding.verdict = VERDICT_INCONCLUSIVE;
    READING(a, "without keys: another SA may have taken the SPI");
}

static void submit_esp(struct oracle *oracle, struct accusation *a,
                       const struct sight *sight)
{
    accuse_frame(a, sight);
    submit_plain(oracle, a);
}

/* RFC4303-2.2-01: a number comes once. */
static void rule_repeated(struct oracle *oracle,
                          const struct trace_event *event,
                          const struct esp_stream *stream,
                          const struct sight *sight, uint64_t sequence,
                          uint64_t before)
{
    struct sight earlier = {.frame = before};
    /* RFC4303-2.2-02: one number and no other. */
    bool constant = stream->sequences.taken == 1;
    struct accusation a = accuse_esp(event, constant ? CLAUSE_RFC4303_2_2_02
                                                     : CLAUSE_RFC4303_2_2_01);
    accuse_frame(&a, &earlier);
    EXPECTED(&a, "a sequence number above %" PRIu64, stream->highest);
    SEEN(&a, "%" PRIu64 " again, with other octets", sequence);
    doubt(&a, stream_is_one(oracle, event, stream, sequence));
    if (stream->wrapped) {
        a.finding.verdict = VERDICT_INCONCLUSIVE;
        READING(&a, "without keys: the counter may have passed 2^32");
    }
    submit_esp(oracle, &a, sight);
}

/* RFC4303-2.2.1-03: where the low half began anew, the high half has to grow
 * in the ICV. */
static bool keeps_high(const struct trace_event *event,
                       const struct esp_stream *stream, uint64_t sequence)
{
    const uint32_t near = UINT32_C(1) << 20;
    return event->esp.status == TRACE_ESP_OPENED && event->esp.esn &&
           stream->highest >> 32 == sequence >> 32 &&
           (uint32_t)stream->highest > UINT32_MAX - near &&
           (uint32_t)sequence < near;
}

/* RFC4303-2.2-01: it does not fall, A23. A run of new numbers far behind,
 * rising among themselves, is no reordering. */
static void rule_fallen(struct oracle *oracle, const struct trace_event *event,
                        struct esp_stream *stream, const struct sight *sight,
                        uint64_t sequence)
{
    if (sequence + FALLEN >= stream->highest ||
        (stream->low_run && sequence <= stream->low_last) ||
        sight->time < stream->highest_at.time + RETRANSMIT_TIME) {
        stream->low_run = 0;
        return;
    }
    if (stream->low_run++ == 0)
        stream->low_at = *sight;
    stream->low_last = sequence;
    if (stream->low_run != FALLEN_RUN)
        return;
    struct accusation a = accuse_esp(event, keeps_high(event, stream, sequence)
                                                ? CLAUSE_RFC4303_2_2_1_03
                                                : CLAUSE_RFC4303_2_2_01);
    accuse_frame(&a, &stream->highest_at);
    accuse_frame(&a, &stream->low_at);
    EXPECTED(&a, "sequence numbers above %" PRIu64, stream->highest);
    SEEN(&a, "%d in a row up to %" PRIu64, FALLEN_RUN, sequence);
    READING(&a, "A23: strictly increasing, gaps are no fault");
    if (oracle->members && members_are_unsettled(oracle->members)) {
        a.finding.verdict = VERDICT_INCONCLUSIVE;
        READING(&a, "two members send, neither knows of the other (RFC 6027 "
                    "3.7)");
    }
    doubt(&a, stream_is_one(oracle, event, stream, sequence));
    submit_esp(oracle, &a, sight);
}

/* RFC4303-3.3.3-02: a number does not cycle. With a key it is known that the
 * SA has no ESN. */
static bool rule_cycled(struct oracle *oracle, const struct trace_event *event,
                        const struct esp_stream *stream,
                        const struct sight *sight, uint64_t sequence)
{
    const uint64_t quarter = UINT64_C(1) << 30;
    if (event->esp.status != TRACE_ESP_OPENED || event->esp.esn)
        return false;
    if (stream->highest < UINT32_MAX - quarter)
        return false;
    judged(oracle, CLAUSE_RFC4303_3_3_3_02);
    if (sequence >= quarter ||
        sight->time < stream->highest_at.time + REORDER_TIME)
        return false;
    struct accusation a = accuse_esp(event, CLAUSE_RFC4303_3_3_3_02);
    accuse_frame(&a, &stream->highest_at);
    EXPECTED(&a, "nothing more on this SA, or a number above %" PRIu64,
             stream->highest);
    SEEN(&a, "%" PRIu64, sequence);
    submit_esp(oracle, &a, sight);
    return true;
}

/* RFC4303-3.3.3-01: the counter starts with 1. Only where the SA is known to
 * be without ESN, and new, is 0 not the low half of something. */
static void rule_zero(struct oracle *oracle, const struct trace_event *event,
                      const struct esp_stream *stream,
                      const struct sight *sight, uint64_t sequence)
{
    if (stream->fresh && !stream->any)
        judged(oracle, CLAUSE_RFC4303_3_3_3_01);
    if (sequence != 0)
        return;
    bool sure =
        event->esp.status == TRACE_ESP_OPENED && !stream->any && stream->fresh;
    struct accusation a = accuse_esp(event, CLAUSE_RFC4303_3_3_3_01);
    EXPECTED(&a, "1 as the first sequence number");
    SEEN(&a, "0");
    if (!sure) {
        a.finding.verdict = VERDICT_INCONCLUSIVE;
        READING(&a, "without the SA's beginning it may be 2^32");
    }
    submit_esp(oracle, &a, sight);
}

/* Which clause an IV that comes twice breaks. */
static enum clause_id iv_clause(const struct oracle *oracle,
                                const struct esp_stream *stream,
                                uint64_t before)
{
    if (oracle->gateway_epoch && stream->before_failover_at.frame &&
        before <= stream->before_failover_at.frame)
        return CLAUSE_RFC6311_3_4_01;
    if (oracle->gateway_is_cluster)
        return rfc6311_iv_clause(oracle, stream);
    return stream->encr == ENCR_CHACHA20_POLY1305 ? CLAUSE_RFC7634_2_01
                                                  : CLAUSE_RFC4106_3_1_02;
}

static void rule_iv(struct oracle *oracle, const struct trace_event *event,
                    struct esp_stream *stream, const struct sight *sight)
{
    const struct trace_esp *esp = &event->esp;
    uint64_t before = 0;
    if (esp->status != TRACE_ESP_OPENED || !esp->counter_mode ||
        esp->iv.size != 8)
        return;
    uint64_t iv = read_u64(esp->iv.data);
    enum history_result result = history_take(
        &stream->ivs, iv, packet_hash(esp->octets), event->frame, &before);
    enum clause_id clause = iv_clause(
        oracle, stream, result == HISTORY_CLASH ? before : UINT64_MAX);
    judged(oracle, clause);
    if (oracle->gateway_epoch && clause != CLAUSE_RFC6311_3_4_01)
        judged(oracle, CLAUSE_RFC6311_3_4_01);
    if (result != HISTORY_CLASH)
        return;
    struct sight earlier = {.frame = before};
    struct accusation a = accuse_esp(event, clause);
    accuse_frame(&a, &earlier);
    EXPECTED(&a, "an IV that was not used under this key");
    SEEN(&a, "IV %016" PRIx64 " again, with other octets", iv);
    submit_esp(oracle, &a, sight);
}

/* RFC4303-2.2.1-01: extended numbers, where they were negotiated and nowhere
 * else. The ICV tells which are meant, so that only an opened packet does. */
static void rule_esn(struct oracle *oracle, const struct trace_event *event,
                     const struct esp_stream *stream, const struct sight *sight)
{
    if (event->esp.status != TRACE_ESP_OPENED || stream->esn == UNKNOWN ||
        stream->shared || stream->former_row)
        return;
    judged(oracle, CLAUSE_RFC4303_2_2_1_01);
    if (event->esp.esn == (stream->esn == YES))
        return;
    struct accusation a = accuse_esp(event, CLAUSE_RFC4303_2_2_1_01);
    EXPECTED(&a, "an ICV over %s sequence numbers, as negotiated",
             stream->esn == YES ? "extended" : "32-bit");
    SEEN(&a, "one over %s",
         event->esp.esn ? "an extended one" : "a 32-bit one");
    submit_esp(oracle, &a, sight);
}

/* RFC4303-2.1-02 on the wire: the receiver chose the SPI, so only 0 is the
 * sender's fault. */
void rfc4303_other(struct oracle *oracle, const struct trace_event *event)
{
    const struct packet *packet = &event->packet;
    struct sight sight = {oracle->order, event->frame, event->time};
    if (packet->kind != PACKET_ESP || packet->in_udp || packet->truncated ||
        packet->payload.size < ESP_HEADER_SIZE ||
        read_u32(packet->payload.data) != 0 ||
        !under_test(oracle, &packet->source.address))
        return;
    struct accusation a = {
        .clause = CLAUSE_RFC4303_2_1_02,
        .finding = {.clause = clause_nth(CLAUSE_RFC4303_2_1_02),
                    .verdict = VERDICT_FAIL,
                    .time = event->time,
                    .subject = packet->source,
                    .inferred = true}};
    judged(oracle, CLAUSE_RFC4303_2_1_02);
    say(a.finding.sa, sizeof a.finding.sa, "ESP 00000000");
    EXPECTED(&a, "an SPI other than 0");
    SEEN(&a, "SPI 0");
    submit_esp(oracle, &a, &sight);
}

void rfc4303_esp(struct oracle *oracle, const struct trace_event *event,
                 struct esp_stream *stream, const struct sight *sight,
                 uint64_t sequence, enum history_result result, uint64_t before)
{
    judged(oracle, CLAUSE_RFC4303_2_2_01);
    judged(oracle, CLAUSE_RFC4303_2_2_02);
    judged(oracle, CLAUSE_RFC4303_2_1_02);
    rule_iv(oracle, event, stream, sight);
    rule_esn(oracle, event, stream, sight);
    if (result == HISTORY_CLASH) {
        if (!rule_cycled(oracle, event, stream, sight, sequence))
            rule_repeated(oracle, event, stream, sight, sequence, before);
        return;
    }
    if (result == HISTORY_SAME)
        return;
    rule_zero(oracle, event, stream, sight, sequence);
    if (event->esp.esn && sequence >> 32 > stream->highest >> 32)
        judged(oracle, CLAUSE_RFC4303_2_2_1_03);
    if (!stream->any || sequence > stream->highest)
        stream->low_run = 0;
    else if (!rule_cycled(oracle, event, stream, sight, sequence))
        rule_fallen(oracle, event, stream, sight, sequence);
}

/* RFC4301-4.4.2.1-01: an SPI names one inbound SA at a time. Its receiver has a
 * pair with that SPI, of which neither side said that it ends. Of a cluster
 * RFC6311-3.3-01 says so. */
static void rule_spi_in_use(struct seen *seen, uint32_t spi)
{
    struct ike_seen *sa = seen->sa;
    if (!sa || !sa->from_start || sa->blind || sa->children_forgotten ||
        seen->oracle->gateway_is_cluster)
        return;
    judged(seen->oracle, CLAUSE_RFC4301_4_4_2_1_01);
    const struct child *child = child_find(sa, seen->side, spi);
    if (!child)
        return;
    for (size_t side = 0; side < SIDES; side++)
        if (child->closed[side] || child->deletes[side].made)
            return;
    struct accusation a = accuse_if_whole(seen, CLAUSE_RFC4301_4_4_2_1_01);
    accuse_frame(&a, &child->created);
    EXPECTED(&a, "an SPI that no other SA of its own has");
    SEEN(&a, "%08" PRIx32 " again, of a Child SA that was not deleted", spi);
    submit(seen->oracle, seen, &a);
}

/* RFC4303-2.1-02: nobody chooses SPI 0; 1 to 255 are reserved. */
void rfc4303_spi_chosen(struct seen *seen, uint32_t spi)
{
    rule_spi_in_use(seen, spi);
    judged(seen->oracle, CLAUSE_RFC4303_2_1_02);
    if (spi > SPI_RESERVED)
        return;
    struct accusation a = accuse(seen, CLAUSE_RFC4303_2_1_02);
    if (spi != 0)
        a.finding.verdict = VERDICT_WARNING;
    EXPECTED(&a, "an SPI above %d", SPI_RESERVED);
    SEEN(&a, "a proposal with SPI %" PRIu32, spi);
    submit(seen->oracle, seen, &a);
}

/* RFC5282-3.1-01: the same for what IKE seals with a counter mode.
 * RFC7383-2.5-05: each fragment is encrypted by itself, with an IV of its own;
 * a CBC mode has none of RFC 5282's. */
void rfc4303_ike_iv(struct seen *seen)
{
    const struct trace_ike *ike = seen->ike;
    bool counter = ike->counter_mode && ike->iv.size == 8;
    uint64_t before = 0;
    if (!counter &&
        (ike->counter_mode || ike->iv.size != 16 || !ike->fragments))
        return;
    enum clause_id clause =
        counter ? CLAUSE_RFC5282_3_1_01 : CLAUSE_RFC7383_2_5_05;
    uint64_t iv = counter ? read_u64(ike->iv.data) : content_hash(ike->iv);
    enum history_result result = history_take(
        &seen->sender->ivs, iv, seen->digest, seen->sight.frame, &before);
    judged(seen->oracle, clause);
    if (result != HISTORY_CLASH)
        return;
    struct sight earlier = {.frame = before};
    struct accusation a = accuse(seen, clause);
    accuse_frame(&a, &earlier);
    EXPECTED(&a, "an IV that was not used under this key");
    SEEN(&a, "IV %016" PRIx64 " again, in another message",
         read_u64(ike->iv.data));
    submit(seen->oracle, seen, &a);
}
