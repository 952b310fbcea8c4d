/* IKE and ESP in TCP (RFC 9329): streams put in order and cut into records. */
#ifndef COUNTERFOIL_TRACE_TCP_PRIVATE_H
#define COUNTERFOIL_TRACE_TCP_PRIVATE_H

#include "wire/packet.h"

enum {
    TCP_STREAMS_MAX = 64, /* directions, the least recently used goes */
    TCP_HELD_MAX = 32,    /* segments that came before their time */
    TCP_HELD_OCTETS = 256 << 10,
    TCP_SEARCH_MAX = 256 << 10, /* octets looked through for a record */
};

struct tcp_stream;
struct tcp_streams {
    struct tcp_stream *entries[TCP_STREAMS_MAX];
    struct tcp_stream *current; /* the one last fed */
    uint64_t clock;
    uint64_t gaps, given_up; /* for the summary */
};

/* Takes one segment, `packet` being of kind PACKET_TCP. What the segment makes
 * complete is then given by tcp_next. True, with `reason`, when octets are
 * missing before it or the stream was given up. */
bool tcp_add(struct tcp_streams *streams, uint32_t file, uint64_t time,
             const struct packet *packet, struct error *reason);
/* The next whole record of the stream last fed, without its length; valid
 * until the next tcp_add. False when there is none. */
bool tcp_next(struct tcp_streams *streams, struct bytes *record);
void tcp_free(struct tcp_streams *streams);

#endif
