/*
 * IKE and ESP in TCP (RFC 9329). Each direction is a stream of its own: put in
 * order by sequence numbers, within limits, then cut into records of a 16-bit
 * length and a message.
 *
 * Where octets are missing the records have to be found again. A segment
 * mostly begins with one; else the octets are searched for an IKE message
 * behind a non-ESP marker, or for an SPI that this stream had before.
 */
#include "trace/tcp_private.h"

#include <stdlib.h>
#include <string.h>

#include "trace/capture_private.h"
#include "wire/link.h"

enum { TCP_HEADER = 20, FLAG_SYN = 2, FLAG_RST = 4, FLAG_ACK = 16 };
enum { LENGTH = 2, MARKER = 4, IKE_HEADER = 28, ESP_LEAST = 8, SPIS = 4 };
#define HELD_TIME (5 * NS_PER_S) /* for what is missing to come */

/* RFC 9329 4: what the originator of the connection sends first. */
static const uint8_t stream_prefix[6] = {'I', 'K', 'E', 'T', 'C', 'P'};

struct held {
    uint32_t sequence;
    uint64_t time;
    struct buffer octets;
};

enum stream_state {
    STREAM_BEGINS,   /* the originator's: a prefix comes */
    STREAM_RECORDS,  /* a record begins where the last one ended */
    STREAM_SEARCHES, /* where the next record begins is not known */
    STREAM_GIVEN_UP,
};

struct tcp_stream {
    uint32_t file;
    struct endpoint source, destination;
    uint64_t last_used;
    enum stream_state state;
    uint32_t next; /* the sequence number of the octet that comes next */
    struct buffer octets;
    size_t used;     /* of them, given as records */
    size_t searched; /* octets passed over since the last record */
    struct held held[TCP_HELD_MAX];
    size_t held_count, held_octets;
    uint32_t spis[SPIS]; /* of ESP seen here */
    unsigned spi_turn;
    bool lossy; /* the last segment was cut by the capture */
};

/* ---- Streams ---- */

static void drop_held(struct tcp_stream *stream)
{
    for (size_t i = 0; i < stream->held_count; i++)
        buffer_free(&stream->held[i].octets);
    stream->held_count = stream->held_octets = 0;
}

static void restart(struct tcp_stream *stream, enum stream_state state,
                    uint32_t next)
{
    drop_held(stream);
    buffer_clear(&stream->octets);
    stream->used = stream->searched = 0;
    stream->state = state;
    stream->next = next;
}

static void stream_free(struct tcp_stream *stream)
{
    if (!stream)
        return;
    drop_held(stream);
    buffer_free(&stream->octets);
    free(stream);
}

void tcp_free(struct tcp_streams *streams)
{
    for (size_t i = 0; i < TCP_STREAMS_MAX; i++)
        stream_free(streams->entries[i]);
    *streams = (struct tcp_streams){0};
}

static struct tcp_stream *find(struct tcp_streams *streams, uint32_t file,
                               const struct packet *packet, bool *is_new)
{
    struct tcp_stream **oldest = &streams->entries[0];

    *is_new = false;
    for (size_t i = 0; i < TCP_STREAMS_MAX; i++) {
        struct tcp_stream **entry = &streams->entries[i];
        if (*entry && (*entry)->file == file &&
            endpoint_equal(&(*entry)->source, &packet->source) &&
            endpoint_equal(&(*entry)->destination, &packet->destination))
            return *entry;
        if (!*entry || (*oldest && (*entry)->last_used < (*oldest)->last_used))
            oldest = entry;
    }
    stream_free(*oldest);
    *oldest = memory_take(sizeof **oldest);
    (*oldest)->file = file;
    (*oldest)->source = packet->source;
    (*oldest)->destination = packet->destination;
    *is_new = true;
    return *oldest;
}

/* ---- Order ---- */

struct segment {
    uint32_t sequence;
    uint8_t flags;
    bool cut; /* not all of it was captured */
    struct bytes octets;
};

static bool read_segment(const struct packet *packet, struct segment *out)
{
    struct bytes tcp = packet->payload;

    if (tcp.size < TCP_HEADER)
        return false;
    size_t header = (size_t)(tcp.data[12] >> 4) * 4;
    if (header < TCP_HEADER || header > tcp.size)
        return false;
    out->sequence = read_u32(tcp.data + 4);
    out->flags = tcp.data[13];
    out->cut = packet->truncated;
    out->octets = bytes_slice(tcp, header, tcp.size);
    return true;
}

/* Whether the octets are records and nothing else. */
static bool is_chain(struct bytes octets)
{
    while (octets.size >= LENGTH + ESP_LEAST) {
        size_t length = read_u16(octets.data);
        if (length < LENGTH + ESP_LEAST)
            return false;
        if (length == octets.size)
            return true;
        octets = bytes_slice(octets, length, octets.size);
    }
    return false;
}

/* Appends what is new of octets that begin at or before `next`. */
static void append(struct tcp_stream *stream, uint32_t sequence,
                   struct bytes octets)
{
    uint32_t before = stream->next - sequence;

    if (before >= octets.size)
        return;
    if (stream->state == STREAM_SEARCHES && before == 0 && is_chain(octets)) {
        buffer_clear(&stream->octets);
        stream->used = 0;
        stream->state = STREAM_RECORDS;
    }
    octets = bytes_slice(octets, before, octets.size);
    buffer_bytes(&stream->octets, octets);
    stream->next += (uint32_t)octets.size;
}

static bool is_after(const struct tcp_stream *stream, uint32_t sequence)
{
    return (int32_t)(sequence - stream->next) > 0;
}

static void remove_held(struct tcp_stream *stream, size_t i)
{
    stream->held_octets -= stream->held[i].octets.size;
    buffer_free(&stream->held[i].octets);
    stream->held[i] = stream->held[--stream->held_count];
    stream->held[stream->held_count] = (struct held){0};
}

/* Appends what was held and has its turn now. */
static void release(struct tcp_stream *stream)
{
    for (size_t i = 0; i < stream->held_count;) {
        struct held *held = &stream->held[i];
        if (is_after(stream, held->sequence)) {
            i++;
            continue;
        }
        append(stream, held->sequence, buffer_view(&held->octets));
        remove_held(stream, i);
        i = 0;
    }
}

static void hold(struct tcp_stream *stream, const struct segment *segment,
                 uint64_t time)
{
    struct held *held = &stream->held[stream->held_count];

    for (size_t i = 0; i < stream->held_count; i++)
        if (stream->held[i].sequence == segment->sequence &&
            stream->held[i].octets.size >= segment->octets.size)
            return; /* a copy */
    stream->held_count++;
    *held = (struct held){.sequence = segment->sequence, .time = time};
    buffer_bytes(&held->octets, segment->octets);
    stream->held_octets += segment->octets.size;
}

/* Whether what is missing will not come any more. */
static bool is_lost(const struct tcp_stream *stream, uint64_t time)
{
    if (stream->held_count == TCP_HELD_MAX ||
        stream->held_octets > TCP_HELD_OCTETS)
        return true;
    for (size_t i = 0; i < stream->held_count; i++)
        if (time > stream->held[i].time &&
            time - stream->held[i].time > HELD_TIME)
            return true;
    return false;
}

/* Goes on at the first octet that is there, which is no part of the record
 * that was begun. */
static uint32_t pass_gap(struct tcp_stream *stream)
{
    uint32_t least = stream->held[0].sequence - stream->next;

    for (size_t i = 1; i < stream->held_count; i++) {
        uint32_t distance = stream->held[i].sequence - stream->next;
        least = distance < least ? distance : least;
    }
    buffer_clear(&stream->octets);
    stream->used = stream->searched = 0;
    stream->state = STREAM_SEARCHES;
    stream->next += least;
    release(stream);
    return least;
}

/* ---- Records ---- */

static struct bytes unread(const struct tcp_stream *stream)
{
    return bytes_slice(buffer_view(&stream->octets), stream->used,
                       stream->octets.size);
}

static bool had_spi(const struct tcp_stream *stream, uint32_t spi)
{
    for (size_t i = 0; i < SPIS; i++)
        if (spi != 0 && stream->spis[i] == spi)
            return true;
    return false;
}

static void note_spi(struct tcp_stream *stream, struct bytes record)
{
    if (record.size < ESP_LEAST)
        return;
    uint32_t spi = read_u32(record.data);
    if (spi == 0 || had_spi(stream, spi))
        return;
    stream->spis[stream->spi_turn++ % SPIS] = spi;
}

/* Whether a record seems to begin here. */
static bool is_plausible(const struct tcp_stream *stream, struct bytes at)
{
    if (at.size < LENGTH + MARKER + IKE_HEADER)
        return at.size >= LENGTH + MARKER &&
               had_spi(stream, read_u32(at.data + LENGTH)) &&
               read_u16(at.data) >= LENGTH + ESP_LEAST;
    size_t length = read_u16(at.data);
    const uint8_t *ike = at.data + LENGTH + MARKER;
    if (read_u32(at.data + LENGTH) == 0)
        return length >= LENGTH + MARKER + IKE_HEADER && ike[17] >> 4 == 2 &&
               read_u32(ike + 24) == length - LENGTH - MARKER;
    return length >= LENGTH + ESP_LEAST &&
           had_spi(stream, read_u32(at.data + LENGTH));
}

static void give_up(struct tcp_streams *streams, struct tcp_stream *stream,
                    struct error *reason)
{
    restart(stream, STREAM_GIVEN_UP, stream->next);
    streams->given_up++;
    error_set(reason, "TCP: no IKE or ESP in %d octets, stream given up",
              (int)TCP_SEARCH_MAX);
}

/* Moves to where a record seems to begin. False when the stream was given up
 * now. */
static bool search(struct tcp_streams *streams, struct tcp_stream *stream,
                   struct error *reason)
{
    for (;;) {
        struct bytes at = unread(stream);
        if (is_plausible(stream, at)) {
            stream->state = STREAM_RECORDS;
            stream->searched = 0;
            return true;
        }
        if (at.size < LENGTH + MARKER + IKE_HEADER)
            return true;
        stream->used++;
        if (++stream->searched > TCP_SEARCH_MAX) {
            give_up(streams, stream, reason);
            return false;
        }
    }
}

/* Passes over the prefix that the originator sends. A stream that begins
 * otherwise is another protocol's. */
static bool pass_prefix(struct tcp_streams *streams, struct tcp_stream *stream,
                        struct error *reason)
{
    struct bytes at = unread(stream);
    size_t size = sizeof stream_prefix;

    size = at.size < size ? at.size : size;
    if (size == 0)
        return true;
    if (memcmp(at.data, stream_prefix, size) != 0) {
        restart(stream, STREAM_GIVEN_UP, stream->next);
        streams->given_up++;
        return error_set(reason, "TCP: the stream does not begin with IKETCP");
    }
    if (size == sizeof stream_prefix) {
        stream->used += size;
        stream->state = STREAM_RECORDS;
    }
    return true;
}

/* Finds the next record's beginning, where it is not known. */
static bool settle(struct tcp_streams *streams, struct tcp_stream *stream,
                   struct error *reason)
{
    if (stream->state == STREAM_BEGINS)
        return pass_prefix(streams, stream, reason);
    if (stream->state == STREAM_SEARCHES)
        return search(streams, stream, reason);
    return true;
}

bool tcp_next(struct tcp_streams *streams, struct bytes *record)
{
    struct tcp_stream *stream = streams->current;

    if (!stream || stream->state != STREAM_RECORDS)
        return false;
    struct bytes at = unread(stream);
    if (at.size >= LENGTH && read_u16(at.data) < LENGTH) {
        /* no record: RFC 9329 3 counts the length itself */
        stream->state = STREAM_SEARCHES;
        stream->used++;
        streams->gaps++;
        if (!search(streams, stream, NULL) || stream->state != STREAM_RECORDS)
            return false;
        at = unread(stream);
    }
    size_t length = at.size >= LENGTH ? read_u16(at.data) : SIZE_MAX;
    if (at.size < length)
        return false;
    *record = bytes_slice(at, LENGTH, length - LENGTH);
    stream->used += length;
    note_spi(stream, *record);
    return true;
}

/* ---- Segments ---- */

static void compact(struct tcp_stream *stream)
{
    struct buffer *octets = &stream->octets;

    if (stream->used == 0)
        return;
    memmove(octets->data, octets->data + stream->used,
            octets->size - stream->used);
    octets->size -= stream->used;
    stream->used = 0;
}

/* A copy of the SYN of the connection that we are in. */
static bool is_old_syn(const struct tcp_stream *stream, uint32_t sequence)
{
    return stream->next - (sequence + 1) < 1u << 20;
}

/* Puts the segment's octets in their place. False, with `reason`, when others
 * are missing before them. */
static bool place(struct tcp_streams *streams, struct tcp_stream *stream,
                  const struct segment *segment, uint64_t time,
                  struct error *reason)
{
    bool whole = true;

    if (is_after(stream, segment->sequence)) {
        hold(stream, segment, time);
        if (stream->lossy || is_lost(stream, time)) {
            streams->gaps++;
            whole = error_set(reason, "TCP: %u octets are missing",
                              pass_gap(stream));
        }
    } else {
        append(stream, segment->sequence, segment->octets);
        release(stream);
    }
    stream->lossy = segment->cut;
    return whole;
}

bool tcp_add(struct tcp_streams *streams, uint32_t file, uint64_t time,
             const struct packet *packet, struct error *reason)
{
    struct segment segment;
    struct tcp_stream *stream;
    bool is_new, whole;

    streams->current = NULL;
    if (!read_segment(packet, &segment))
        return false;
    stream = find(streams, file, packet, &is_new);
    stream->last_used = ++streams->clock;
    if (segment.flags & FLAG_SYN) {
        segment.sequence++;
        if (is_new || !is_old_syn(stream, segment.sequence - 1))
            restart(stream,
                    segment.flags & FLAG_ACK ? STREAM_SEARCHES : STREAM_BEGINS,
                    segment.sequence);
    } else if (is_new) {
        restart(stream, STREAM_SEARCHES, segment.sequence);
    }
    if (stream->state == STREAM_GIVEN_UP || segment.flags & FLAG_RST)
        return false;
    compact(stream);
    streams->current = stream;
    if (segment.octets.size == 0)
        return false;
    whole = place(streams, stream, &segment, time, reason);
    return !settle(streams, stream, whole ? reason : NULL) || !whole;
}
