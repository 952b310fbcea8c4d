/* RFC 6311 5.2: what happens to the ESP sequence numbers. */
#include "oracle/oracle_private.h"

#include <inttypes.h>

enum {
    PACKETS_IN_FLIGHT = 16, /* sent before the counters were raised */
    LARGE_DELTA = 1024,     /* no loss of packets looks like this jump */
    JUMP_WATCH = 64,        /* packets after a sync that was to be dropped */
};

/* At the least, however many they are. */
#define IN_FLIGHT_TIME (20 * NS_PER_MS)

/* The stream on which the side under test sends for the `n`th Child SA of
 * this IKE SA, or NULL. `sender` is its side. */
static struct esp_stream *sending_stream(struct seen *seen, enum side sender,
                                         size_t n, bool response)
{
    const struct packet *packet = &seen->event->packet;
    const struct endpoint *receiver =
        response ? &packet->destination : &packet->source;
    uint32_t spi = seen->sa->children[n].spi[other_side(sender)];
    return spi ? stream_get(seen->oracle, &receiver->address, spi) : NULL;
}

/* So far the counter may have come by right: the answer to a request that was
 * granted may be lost. */
static void raise_ceiling(struct esp_stream *stream, uint64_t delta)
{
    if (stream->ceiling < stream->highest)
        stream->ceiling = stream->highest;
    if (delta <= UINT32_MAX)
        stream->ceiling += delta;
    if (stream->stale.from < stream->ceiling)
        stream->stale.from = stream->ceiling;
}

/* Where the counters stand when the request goes out. */
void rfc6311_counters_asked(struct seen *seen, uint64_t delta)
{
    seen->oracle->watches_echoes = true;
    for (size_t i = 0; i < seen->sa->child_count; i++) {
        struct esp_stream *stream =
            sending_stream(seen, other_side(seen->side), i, false);
        if (!stream)
            continue;
        raise_ceiling(stream, delta);
        if (stream->asked.pending)
            continue;
        stream->asked = (struct esp_jump){
            .from = stream->any ? stream->highest : 0, .request = seen->sight};
    }
}

bool rfc6311_delta_fits(const struct ike_seen *sa, size_t size)
{
    size_t esn = 0;
    for (size_t i = 0; i < sa->child_count; i++)
        esn += sa->children[i].esn;
    bool open = sa->child_count == 0 || (esn && esn != sa->child_count);
    return (size == 4 && (open || !esn)) || (size == 8 && (open || esn));
}

/* A jump that must not be seen, beyond all that were asked for; of several
 * copies each may do it. */
static void watch(struct esp_stream *stream, uint64_t delta,
                  enum clause_id clause, const struct sight *sight)
{
    struct esp_jump *jump = &stream->stale;
    if (jump->pending && jump->delta == delta)
        return;
    uint64_t from = stream->highest;
    if (stream->ceiling > from)
        from = stream->ceiling;
    *jump = (struct esp_jump){.pending = true,
                              .clause = clause,
                              .from = from,
                              .delta = delta,
                              .request = *sight,
                              .decided = *sight};
}

void rfc6311_counters_stale(struct seen *seen, uint64_t delta,
                            enum clause_id clause)
{
    if (delta < LARGE_DELTA || delta > UINT32_MAX)
        return;
    for (size_t i = 0; i < seen->sa->child_count; i++) {
        struct esp_stream *stream =
            sending_stream(seen, other_side(seen->side), i, false);
        /* After a takeover it jumps by itself. */
        if (stream && stream->any &&
            !rfc6311_changed_since(seen->oracle, &stream->highest_at))
            watch(stream, delta, clause, &seen->sight);
    }
}

/* A rekey of the IKE SA that took the Child SAs away, or may have: its answer
 * is outstanding (RFC 7296 2.18). The delta may have come too late for them. */
static bool children_may_have_left(const struct seen *seen)
{
    const struct party *asker = seen->receiver;
    if (seen->sa->replaced)
        return true;
    for (size_t i = 0; i < asker->exchange_count; i++)
        if (asker->exchanges[i].rekey_spi &&
            !asker->exchanges[i].response.count)
            return true;
    return false;
}

/* A13: where the increment would overflow, RFC 4303 forbids it. */
void rfc6311_counters_accepted(struct seen *seen, uint64_t delta,
                               const struct sight *request)
{
    if (negotiated(seen->sa, 1) != YES || delta > UINT32_MAX ||
        children_may_have_left(seen))
        return;
    for (size_t i = 0; i < seen->sa->child_count; i++) {
        struct esp_stream *stream = sending_stream(seen, seen->side, i, true);
        if (!stream || stream->asked.request.order != request->order)
            continue;
        struct esp_jump *jump = &stream->asked;
        bool esn = seen->sa->children[i].esn;
        jump->delta = delta;
        jump->decided = seen->sight;
        jump->pending = esn || jump->from + delta < UINT32_MAX;
    }
}

static struct accusation accuse_stream(const struct trace_event *event,
                                       const struct esp_stream *stream,
                                       enum clause_id clause)
{
    struct accusation a = {
        .clause = clause,
        .finding = {.clause = clause_nth(clause),
                    .verdict = VERDICT_FAIL,
                    .time = event->time,
                    .subject = event->packet.source,
                    .inferred = event->esp.status == TRACE_ESP_NO_KEY}};
    say(a.finding.sa, sizeof a.finding.sa, "ESP %08" PRIx32, stream->key.spi);
    return a;
}

/* It answers an echo request that was sent after `since`, and so was itself
 * sent after what had happened by then. */
static bool answers_later_echo(const struct oracle *oracle,
                               const struct trace_event *event,
                               const struct sight *since)
{
    struct inner_packet inner;
    if (event->esp.status != TRACE_ESP_OPENED ||
        !trace_esp_inner(event, &inner) || !inner.echo_reply)
        return false;
    for (size_t i = 0; i < ECHO_REQUESTS_MAX; i++) {
        const struct echo_sight *echo = &oracle->echoes[i];
        if (echo->identifier == inner.identifier &&
            echo->sequence == inner.sequence && echo->order > since->order)
            return true;
    }
    return false;
}

/* RFC6311-5.2-04: every counter is raised by the delta. Packets that were on
 * their way are let through. */
static void rule_5_2_04(struct oracle *oracle, const struct trace_event *event,
                        struct esp_stream *stream, const struct sight *sight,
                        uint64_t sequence)
{
    struct esp_jump *jump = &stream->asked;
    if (rfc6311_changed_since(oracle, &jump->decided)) {
        jump->pending = false; /* this member may not know of it */
        return;
    }
    if (sequence > jump->from + jump->delta || stream->wrapped) {
        judged(oracle, CLAUSE_RFC6311_5_2_04);
        jump->pending = false;
        return;
    }
    jump->below++;
    /* Nothing says how soon the counters follow, unless they moved already. */
    bool moved = sequence > jump->from + jump->delta / 2;
    bool later = answers_later_echo(oracle, event, &jump->decided) &&
                 (moved || sight->time >= jump->decided.time + IN_FLIGHT_TIME);
    uint64_t grace =
        jump->below < PACKETS_IN_FLIGHT ? REORDER_TIME : IN_FLIGHT_TIME;
    bool late = sight->time >= jump->decided.time + grace;
    if (sequence <= jump->from || (!late && !later))
        return;
    jump->pending = false;
    judged(oracle, CLAUSE_RFC6311_5_2_04);
    struct accusation a = accuse_stream(event, stream, CLAUSE_RFC6311_5_2_04);
    a.needs_whole = true; /* a rekey may have taken the Child SA away */
    a.from_start = stream->fresh;
    accuse_frame(&a, &jump->request);
    accuse_frame(&a, &jump->decided);
    accuse_frame(&a, sight);
    EXPECTED(&a, "a sequence number above %" PRIu64 " + %" PRIu64, jump->from,
             jump->delta);
    SEEN(&a, "%" PRIu64, sequence);
    submit_plain(oracle, &a);
}

/* RFC6311-5.2-03: a sync that is dropped moves no counter; RFC6311-6.4-01: nor
 * does a delta of the wrong size. The jump has the size of the delta, or a
 * multiple if it came several times. */
static void rule_5_2_03(struct oracle *oracle, const struct trace_event *event,
                        struct esp_stream *stream, const struct sight *sight,
                        uint64_t sequence)
{
    struct esp_jump *jump = &stream->stale;
    if (rfc6311_changed_since(oracle, &jump->request)) {
        jump->pending = false; /* a takeover jumps as well */
        return;
    }
    if (jump->below++ == 0)
        judged(oracle, jump->clause);
    if (jump->below > JUMP_WATCH)
        jump->pending = false;
    if (sequence <= jump->from + jump->delta ||
        (sequence - jump->from) % jump->delta > JUMP_WATCH)
        return;
    jump->pending = false;
    struct accusation a = accuse_stream(event, stream, jump->clause);
    a.needs_whole = true;
    a.from_start = stream->fresh;
    accuse_frame(&a, &jump->request);
    accuse_frame(&a, sight);
    EXPECTED(&a, "no jump from %" PRIu64 ": the delta was not to be applied",
             jump->from);
    SEEN(&a, "%" PRIu64 ", after a delta of %" PRIu64, sequence, jump->delta);
    submit_plain(oracle, &a);
}

/* RFC6311-5.2-01: after a failover of the gateway its numbers are beyond all
 * that it used before. What was on its way is let through. */
static void rule_5_2_01(struct oracle *oracle, const struct trace_event *event,
                        struct esp_stream *stream, const struct sight *sight,
                        uint64_t sequence)
{
    if (stream->failover_checked ||
        sight->time < oracle->gateway_failover.time + REORDER_TIME)
        return;
    judged(oracle, CLAUSE_RFC6311_5_2_01);
    stream->failover_checked = true;
    if (sequence > stream->before_failover)
        return;
    struct accusation a = accuse_stream(event, stream, CLAUSE_RFC6311_5_2_01);
    a.needs_whole = a.from_start = true; /* a slow network brings it late */
    accuse_frame(&a, &stream->before_failover_at);
    accuse_frame(&a, sight);
    EXPECTED(&a, "a sequence number above %" PRIu64 " after the failover",
             stream->before_failover);
    SEEN(&a, "%" PRIu64, sequence);
    if (stream_is_one(oracle, event, stream, sequence) != CERTAIN) {
        a.finding.verdict = VERDICT_INCONCLUSIVE;
        READING(&a, "without keys: another SA may have taken the SPI");
    }
    submit_plain(oracle, &a);
}

/* `sequence` was seen on this stream before, in another packet. */
void rfc6311_esp_again(struct oracle *oracle, const struct trace_event *event,
                       struct esp_stream *stream, const struct sight *sight,
                       uint64_t sequence)
{
    if (oracle->gateway_epoch)
        rule_5_2_01(oracle, event, stream, sight, sequence);
}

/* `sequence` was not seen on this stream before. */
void rfc6311_esp(struct oracle *oracle, const struct trace_event *event,
                 struct esp_stream *stream, const struct sight *sight,
                 uint64_t sequence)
{
    if (stream->asked.pending)
        rule_5_2_04(oracle, event, stream, sight, sequence);
    if (stream->stale.pending)
        rule_5_2_03(oracle, event, stream, sight, sequence);
    rfc6311_esp_jump(oracle, event, stream, sight, sequence);
    if (oracle->gateway_epoch)
        rule_5_2_01(oracle, event, stream, sight, sequence);
}
