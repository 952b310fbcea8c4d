/* From a frame to an event: what kind it is, and what can be read of it. */
#include "trace/trace_private.h"

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

static void classify_packet(struct trace_reader *reader,
                            struct trace_event *event)
{
    switch (event->packet.kind) {
    case PACKET_IKE:
        classify_ike(reader, event);
        break;
    case PACKET_ESP:
        classify_esp(reader, event);
        break;
    case PACKET_AH:
        event->kind = TRACE_AH;
        break;
    case PACKET_FRAGMENT:
        error_set(&reader->reason, "IP fragment");
        set_kind(reader, event, TRACE_OTHER);
        break;
    default:
        set_kind(reader, event, TRACE_OTHER);
    }
}

static bool is_ours(uint8_t protocol)
{
    return protocol == IP_UDP || protocol == IP_ESP || protocol == IP_AH;
}

/* Puts the whole packet in the place of its last fragment. False when the
 * whole one does not decode. */
static bool reassemble(struct trace_reader *reader, struct bytes ip,
                       struct trace_event *event)
{
    struct bytes whole;

    if (event->packet.kind != PACKET_FRAGMENT || event->packet.truncated ||
        !is_ours(event->packet.protocol))
        return true;
    if (!ip_fragments_add(&reader->ip_fragments, event->file, event->time, ip,
                          &event->packet, &whole))
        return true;
    return packet_decode_ip(whole, &event->packet, &reader->reason);
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
    if (!packet_decode_ip(ip, &event->packet, &reader->reason) ||
        !reassemble(reader, ip, event)) {
        set_kind(reader, event, TRACE_CUT);
        return;
    }
    classify_packet(reader, event);
}
