/* From a frame to an event: what kind it is, and what can be read of it. */
#include "trace/trace_private.h"

enum { AH_HEADER = 12, TUNNELS_MAX = 4 };

/* Nothing of ours, or not to be read. */
static void set_kind(struct trace_reader *reader, struct trace_event *event,
                     enum trace_kind kind)
{
    event->kind = kind;
    event->reason = reader->reason.text[0] ? reader->reason.text : NULL;
}

static void classify_ike(struct trace_reader *reader, struct trace_event *event)
{
    const struct packet *packet = &event->packet;

    if (packet->truncated) {
        error_set(&reader->reason, "IKE message cut off after %zu octets",
                  packet->payload.size);
        set_kind(reader, event, TRACE_CUT);
        return;
    }
    event->kind = TRACE_IKE;
    open_ike(reader, event);
}

static void classify_esp(struct trace_reader *reader, struct trace_event *event)
{
    const struct packet *packet = &event->packet;

    if (!esp_packet_decode(packet->payload, &event->esp.packet,
                           &reader->reason)) {
        set_kind(reader, event, packet->truncated ? TRACE_CUT : TRACE_OTHER);
        return;
    }
    event->kind = TRACE_ESP;
    open_esp(reader, event);
}

/* RFC 4302 2: what the Authentication Header says without keys. */
static void classify_ah(struct trace_reader *reader, struct trace_event *event)
{
    struct bytes octets = event->packet.payload;

    if (octets.size < AH_HEADER) {
        error_set(&reader->reason, "AH: too short for header (%zu < %d)",
                  octets.size, (int)AH_HEADER);
        set_kind(reader, event,
                 event->packet.truncated ? TRACE_CUT : TRACE_OTHER);
        return;
    }
    event->kind = TRACE_AH;
    event->ah = (struct trace_ah){
        .next_header = octets.data[0],
        .spi = read_u32(octets.data + 4),
        .sequence = read_u32(octets.data + 8),
        .rest = bytes_slice(octets, AH_HEADER, octets.size),
    };
}

static void classify_ours(struct trace_reader *reader,
                          struct trace_event *event)
{
    if (reader->copies.entries &&
        packet_copies_add(&reader->copies, event->file, &event->packet)) {
        error_set(&reader->reason, "the same packet is in another capture");
        set_kind(reader, event, TRACE_OTHER);
    } else if (event->packet.kind == PACKET_ESP) {
        classify_esp(reader, event);
    } else if (event->packet.kind == PACKET_IKE) {
        classify_ike(reader, event);
    } else {
        classify_ah(reader, event);
    }
}

/* ---- TCP ---- */

bool classify_more(struct trace_reader *reader, struct trace_event *event)
{
    struct bytes record;

    reader->tcp_more = false;
    for (;;) {
        if (!tcp_next(&reader->tcp, &record))
            return false;
        event->frame = reader->tcp_base.frame;
        event->file = reader->tcp_base.file;
        event->time = reader->tcp_base.time;
        event->comment = reader->tcp_base.comment;
        event->packet = reader->tcp_base.packet;
        event->packet.truncated = false;
        event->reason = NULL;
        event->note = NULL;
        reader->reason.text[0] = '\0';
        packet_decode_record(record, &event->packet);
        if (event->packet.kind == PACKET_IKE ||
            event->packet.kind == PACKET_ESP)
            break;
    }
    classify_ours(reader, event);
    reader->tcp_more = true;
    return true;
}

/* A segment is given as the first record that it completes; as what is wrong
 * with its stream, the records then come after that; or as nothing of ours. */
static void classify_tcp(struct trace_reader *reader, struct trace_event *event)
{
    struct trace_event *base = &reader->tcp_base;
    bool broken = tcp_add(&reader->tcp, event->file, event->time,
                          &event->packet, &reader->reason);

    base->frame = event->frame;
    base->file = event->file;
    base->time = event->time;
    base->comment = event->comment;
    base->packet = event->packet;
    if (!broken && classify_more(reader, event))
        return;
    reader->tcp_more = broken;
    event->packet.kind = PACKET_OTHER;
    set_kind(reader, event, broken ? TRACE_CUT : TRACE_OTHER);
}

/* ---- Packets ---- */

static void classify_packet(struct trace_reader *reader,
                            struct trace_event *event)
{
    switch (event->packet.kind) {
    case PACKET_IKE:
    case PACKET_ESP:
    case PACKET_AH:
        classify_ours(reader, event);
        break;
    case PACKET_TCP:
        classify_tcp(reader, event);
        break;
    case PACKET_FRAGMENT:
        error_set(&reader->reason, "IP fragment");
        set_kind(reader, event, TRACE_OTHER);
        break;
    default:
        set_kind(reader, event, TRACE_OTHER);
    }
}

/* What the first fragment turns out to be is ours perhaps: extension headers
 * of IPv6 stand before it. */
static bool may_be_ours(const struct packet *packet)
{
    return packet->protocol == IP_UDP || packet->protocol == IP_ESP ||
           packet->protocol == IP_AH || packet->protocol == IP_TCP ||
           packet->source.address.family == 6;
}

/* Puts the whole packet in the place of its last fragment. False when the
 * whole one does not decode. */
static bool reassemble(struct trace_reader *reader, struct bytes ip,
                       struct trace_event *event)
{
    struct bytes whole;

    if (event->packet.truncated || !may_be_ours(&event->packet))
        return true;
    if (!ip_fragments_add(&reader->ip_fragments, event->file, event->time, ip,
                          &event->packet, &whole))
        return true;
    return packet_decode_ip_ports(whole, &reader->ports, &event->packet,
                                  &reader->reason);
}

/* Down to the packet that is ours, if need be through a tunnel: `*ip` gets the
 * inner one. */
static bool decode(struct trace_reader *reader, struct bytes *ip,
                   struct trace_event *event)
{
    for (unsigned depth = 0; depth <= TUNNELS_MAX; depth++) {
        if (!packet_decode_ip_ports(*ip, &reader->ports, &event->packet,
                                    &reader->reason))
            return false;
        switch (event->packet.kind) {
        case PACKET_IKE:
        case PACKET_ESP:
            return true;
        case PACKET_FRAGMENT:
            if (!reassemble(reader, *ip, event))
                return false;
            break;
        default:
            break;
        }
        if (event->packet.kind != PACKET_OTHER ||
            event->packet.protocol != IP_GRE ||
            !packet_strip_gre(event->packet.payload, ip))
            return true;
    }
    return true;
}

void classify_frame(struct trace_reader *reader, const struct frame *frame,
                    struct trace_event *event)
{
    struct bytes ip;

    reader->reason.text[0] = '\0';
    if (frame->no_packet) {
        event->packet = (struct packet){0};
        set_kind(reader, event, TRACE_OTHER);
        return;
    }
    if (!packet_strip_link(frame->linktype, frame->octets, &ip,
                           &reader->reason)) {
        event->packet = (struct packet){0};
        set_kind(reader, event,
                 reader->reason.text[0] ? TRACE_CUT : TRACE_OTHER);
        return;
    }
    if (!decode(reader, &ip, event)) {
        set_kind(reader, event, TRACE_CUT);
        return;
    }
    classify_packet(reader, event);
}
