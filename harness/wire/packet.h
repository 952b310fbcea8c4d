/*
 * Frames and packets: link layer, IP, UDP, and what Counterfoil looks for in
 * them (IKE, ESP in UDP, raw ESP). Pure octets <-> structs.
 */
#ifndef COUNTERFOIL_WIRE_PACKET_H
#define COUNTERFOIL_WIRE_PACKET_H

#include "wire/bytes.h"

#include <string.h>

/* An IPv4 (family 4, first 4 octets) or IPv6 (family 6) address; family 0 is
 * "none". */
struct address {
    uint8_t family;
    uint8_t octets[16];
};

struct endpoint {
    struct address address;
    uint16_t port; /* 0 where there are no ports */
};

/* "192.0.2.1" or "2001:db8::1". */
bool address_parse(const char *text, struct address *out);
char *address_to_text(const struct address *address, char *text, size_t size);
size_t address_size(const struct address *address); /* 4, 16 or 0 */
static inline bool address_equal(const struct address *a,
                                 const struct address *b)
{
    if (a->family != b->family)
        return false;
    if (a->family == 4)
        return memcmp(a->octets, b->octets, 4) == 0;
    return memcmp(a->octets, b->octets, address_size(a)) == 0;
}
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
/* "192.0.2.1:500", "[2001:db8::1]:500". */
char *endpoint_to_text(const struct endpoint *at, char *text, size_t size);

#define ENDPOINT_TEXT 64 /* room for any endpoint_to_text */

enum { PORT_IKE = 500, PORT_IKE_NAT = 4500 };
enum {
    IP_ICMP = 1,
    IP_IPIP = 4,
    IP_TCP = 6,
    IP_UDP = 17,
    IP_IPV6 = 41,
    IP_GRE = 47,
    IP_ESP = 50,
    IP_AH = 51,
    IP_ICMPV6 = 58,
    IP_NO_NEXT = 59
};

/* How a payload travels between two endpoints. */
enum carrier {
    CARRIER_UDP, /* the UDP payload; on port 4500 with its non-ESP marker */
    CARRIER_ESP, /* IP protocol 50, no ports */
};

/* What passes over a link (see wire/link.h): no IP or UDP headers. */
struct datagram {
    enum carrier carrier;
    struct endpoint source;
    struct endpoint destination;
    struct bytes payload;
};

enum packet_kind {
    PACKET_OTHER,     /* not for us: `payload` is what follows the IP header */
    PACKET_IKE,       /* `payload` starts at the IKE header */
    PACKET_ESP,       /* `payload` starts at the SPI (raw or in UDP) */
    PACKET_AH,        /* `payload` starts at the AH header */
    PACKET_KEEPALIVE, /* NAT keepalive, one octet 0xff on port 4500 */
    PACKET_FRAGMENT,  /* an IP fragment other than a whole packet */
    PACKET_TCP,       /* a segment of a stream that may be ours (RFC 9329):
                         `payload` starts at the TCP header */
};

struct packet {
    enum packet_kind kind;
    bool in_udp;      /* ESP or IKE in UDP, or in TCP (see `protocol`) */
    bool marker;      /* IKE behind a non-ESP marker */
    bool truncated;   /* the IP or UDP length exceeds what was captured */
    uint8_t protocol; /* IP protocol of the transport */
    struct endpoint source;
    struct endpoint destination;
    struct bytes payload;
};

/* Reads an IP packet (version from its first octet). Ports 500 and 4500 on
 * either side make UDP ours. False when it is no IPv4 or IPv6 packet or its
 * headers are cut off; `error` says where and both numbers. */
bool packet_decode_ip(struct bytes octets, struct packet *out,
                      struct error *error);

/* More UDP and TCP ports than 500 and 4500, in any order. */
struct packet_ports {
    const uint16_t *ports;
    size_t count;
};
/* The same with more ports (NULL: none), on which IKE may stand with and
 * without a non-ESP marker, and ESP. */
bool packet_decode_ip_ports(struct bytes octets,
                            const struct packet_ports *ports,
                            struct packet *out, struct error *error);
/* What one record of a TCP stream holds (RFC 9329 3), its length field
 * stripped: sets kind, marker and payload of `out`. */
void packet_decode_record(struct bytes record, struct packet *out);
/* The IP packet inside a GRE payload (RFC 2784, RFC 2890); false if there is
 * none. */
bool packet_strip_gre(struct bytes gre, struct bytes *ip);

/* Strips a captured frame's link layer. `linktype` is a LINKTYPE_ value
 * (1 Ethernet, 101 raw IP, 113 and 276 Linux cooked, 0 and 108 loopback, 228
 * raw IPv4, 229 raw IPv6, ...). On success `ip` is the IP packet; false for a
 * frame that carries no IP (with an empty error text) or is cut off. */
bool packet_strip_link(uint32_t linktype, struct bytes frame, struct bytes *ip,
                       struct error *error);

/* Appends a whole IP packet (headers with valid checksums) for `datagram`.
 * `identification` is the IPv4 Identification field. */
void packet_encode(const struct datagram *datagram, uint16_t identification,
                   struct buffer *out);

/* Inner packets, for ESP: appended to `out` with valid checksums. `source`
 * and `destination` are of one family. */
void packet_icmp_echo(struct buffer *out, bool reply,
                      const struct address *source,
                      const struct address *destination, uint16_t identifier,
                      uint16_t sequence, struct bytes data);
void packet_udp(struct buffer *out, const struct endpoint *source,
                const struct endpoint *destination, struct bytes data);

/* A whole IP packet around a transport payload of `protocol`. */
void packet_ip(struct buffer *out, const struct address *source,
               const struct address *destination, uint8_t protocol,
               struct bytes payload);
/* The transport payload of an IP packet and its protocol; false when it has
 * no whole one. */
bool packet_ip_payload(struct bytes octets, uint8_t *protocol,
                       struct bytes *payload, struct error *error);

/* An inner packet as the harness sees it. */
struct inner_packet {
    uint8_t protocol; /* IP_ICMP, IP_ICMPV6, IP_UDP, or another */
    struct endpoint source;
    struct endpoint destination; /* ports 0 unless UDP */
    bool echo_request;
    bool echo_reply;
    uint16_t identifier; /* of an echo */
    uint16_t sequence;   /* of an echo */
    struct bytes data;   /* what follows the ICMP echo or UDP header */
};
bool packet_decode_inner(struct bytes octets, struct inner_packet *out,
                         struct error *error);
/* What an ESP packet between two addresses holds, by its Next Header: an IP
 * packet (4, 41), or in transport mode the payload of that protocol. */
bool packet_decode_protected(uint8_t next_header, struct bytes octets,
                             const struct address *source,
                             const struct address *destination,
                             struct inner_packet *out, struct error *error);

#endif
