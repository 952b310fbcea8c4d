/*
 * RFC 6311 5.2: what follows a jump of the ESP sequence numbers, and what one
 * tells of where no record does.
 */
#include "oracle/members_private.h"

#include <inttypes.h>

enum { LARGE_JUMP = 1024 }; /* no loss looks like it */
#define VERY_LARGE (UINT64_C(1) << 30)
/* "shortly afterwards"; the text names no time. */
#define SHORTLY (60 * NS_PER_S)

static uint32_t source_of(const struct trace_event *event)
{
    const struct address *from = &event->packet.source.address;
    uint64_t hash;
    if (from->family == 4)
        hash = read_u32(from->octets);
    else
        hash = content_hash(bytes_of(from->octets, address_size(from)));
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash >> 32) | 1;
}

/* The number jumps, and comes from another address than before. */
static void infer(struct oracle *oracle, const struct trace_event *event,
                  struct esp_stream *stream, uint64_t sequence)
{
    uint32_t source = source_of(event);
    bool moved = stream->source && stream->source != source;
    stream->source = source;
    stream->sources |= moved;
    if (oracle->run || !stream->any || !moved ||
        sequence < stream->highest + LARGE_JUMP)
        return;
    oracle->totals.failovers_inferred++;
}

enum clause_id rfc6311_iv_clause(const struct oracle *oracle,
                                 const struct esp_stream *stream)
{
    return members_are_unsettled(oracle->members) || stream->sources
               ? CLAUSE_RFC6311_3_4_52
               : CLAUSE_RFC6311_3_4_51;
}

/* RFC6311-5.2-02: a rekey follows. Packets that still come on the SA a minute
 * later say that none has, if no exchange that might be one was seen. With ESN
 * there is room enough. */
static void rule_5_2_02(struct oracle *oracle, const struct trace_event *event,
                        struct esp_stream *stream, const struct sight *sight)
{
    if (!stream->leap.order || sight->time < stream->leap.time + SHORTLY)
        return;
    struct sight leap = stream->leap;
    stream->leap.order = 0;
    judged(oracle, CLAUSE_RFC6311_5_2_02);
    if (oracle->children_made.order > leap.order)
        return;
    struct accusation a = {
        .clause = CLAUSE_RFC6311_5_2_02,
        .needs_whole = true,
        .from_start = stream->fresh,
        .finding = {.clause = clause_nth(CLAUSE_RFC6311_5_2_02),
                    .verdict = VERDICT_FAIL,
                    .time = event->time,
                    .subject = event->packet.source}};
    say(a.finding.sa, sizeof a.finding.sa, "ESP %08" PRIx32, stream->key.spi);
    accuse_frame(&a, &leap);
    accuse_frame(&a, sight);
    EXPECTED(&a, "a rekey soon after the jump from %" PRIu64 " to %" PRIu64,
             stream->leap_from, stream->leap_to);
    SEEN(&a, "none in %d s, and packets on the same SA",
         (int)((sight->time - leap.time) / NS_PER_S));
    submit_plain(oracle, &a);
}

void rfc6311_esp_jump(struct oracle *oracle, const struct trace_event *event,
                      struct esp_stream *stream, const struct sight *sight,
                      uint64_t sequence)
{
    bool esn = event->esp.status != TRACE_ESP_OPENED || event->esp.esn;
    infer(oracle, event, stream, sequence);
    if (stream->any && !esn && !stream->leap.order && oracle->gateway_epoch &&
        sequence >= stream->highest + VERY_LARGE) {
        stream->leap = *sight;
        stream->leap_from = stream->highest;
        stream->leap_to = sequence;
    }
    rule_5_2_02(oracle, event, stream, sight);
}
