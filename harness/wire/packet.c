/* IP and UDP, down to IKE and ESP (RFC 791, 8200, 768, 3948). The hot path of
 * every capture: no allocation, nothing formatted unless it fails. */
#include "wire/packet.h"

#include <string.h>

enum {
    IPV4_HEADER = 20,
    IPV4_FRAGMENT_BITS = 0x3fff, /* More Fragments and the offset */
    IPV6_HEADER = 40,
    IPV6_FRAGMENT_BITS = 0xfff9, /* the offset and More Fragments */
    EXTENSION_HEADER = 8,
    UDP_HEADER = 8,
    TCP_HEADER = 20,
    ICMP_ECHO_HEADER = 8,
    NON_ESP_MARKER = 4,
    IKE_HEADER = 28,
};

/* IPv6 extension headers (RFC 8200 4, RFC 6275, 7401, 5533) that are passed
 * over. */
enum {
    HOP_BY_HOP = 0,
    ROUTING = 43,
    FRAGMENT = 44,
    DESTINATION = 60,
    MOBILITY = 135,
    HOST_IDENTITY = 139,
    SHIM6 = 140,
};

/* ICMP and ICMPv6 types of an echo. */
enum {
    ECHO_REQUEST = 8,
    ECHO_REPLY = 0,
    ECHO_REQUEST_6 = 128,
    ECHO_REPLY_6 = 129,
};

/* What the network layer says. */
struct ip_packet {
    uint8_t protocol;
    bool fragment;
    bool truncated;
    struct bytes payload; /* after the last header */
};

static bool cut_off(struct error *error, const char *what, size_t size,
                    size_t least)
{
    return error_set(error, "%s: too short for header (%zu < %zu)", what, size,
                     least);
}

/* Inlined, so that what they say stays in registers. */
#define HOT static inline __attribute__((always_inline))

/* A total length of 0 stands in captures of packets that the network card
 * was to cut up: then all that is there counts. */
HOT bool decode_ipv4(struct bytes octets, struct ip_packet *out,
                     struct address *source, struct address *destination,
                     struct error *error)
{
    if (octets.size < IPV4_HEADER)
        return cut_off(error, "IPv4", octets.size, IPV4_HEADER);
    const uint8_t *at = octets.data;
    size_t header = (size_t)(at[0] & 0x0f) * 4;
    size_t total = read_u16(at + 2);
    if (header < IPV4_HEADER || header > octets.size)
        return error_set(error,
                         "IPv4: header of %zu octets, %zu are there, %d are "
                         "least",
                         header, octets.size, IPV4_HEADER);
    if (total == 0)
        total = octets.size;
    if (total < header)
        return error_set(error,
                         "IPv4: Total Length below the header (%zu < "
                         "%zu)",
                         total, header);
    out->truncated = total > octets.size;
    out->fragment = read_u16(at + 6) & IPV4_FRAGMENT_BITS;
    out->protocol = at[9];
    out->payload = bytes_slice(octets, header, total - header);
    source->family = destination->family = 4;
    memcpy(source->octets, at + 12, 4);
    memcpy(destination->octets, at + 16, 4);
    return true;
}

/* Passes over extension headers up to the first other one, or up to what
 * follows the header of a fragment. A fragment header with offset 0 and
 * without More Fragments leaves the packet whole (RFC 6946). */
HOT bool skip_extensions(struct ip_packet *out, struct error *error)
{
    for (;;) {
        struct bytes rest = out->payload;
        size_t size = EXTENSION_HEADER;
        switch (out->protocol) {
        case HOP_BY_HOP:
        case ROUTING:
        case DESTINATION:
        case MOBILITY:
        case HOST_IDENTITY:
        case SHIM6:
            if (rest.size >= 2)
                size += (size_t)rest.data[1] * 8;
            break;
        case FRAGMENT:
            break;
        default:
            return true;
        }
        if (rest.size < size)
            return cut_off(error, "IPv6 extension", rest.size, size);
        if (out->protocol == FRAGMENT)
            out->fragment = read_u16(rest.data + 2) & IPV6_FRAGMENT_BITS;
        out->protocol = rest.data[0];
        out->payload = bytes_slice(rest, size, rest.size);
        if (out->fragment)
            return true;
    }
}

/* A payload length of 0 is a jumbogram (RFC 2675) or as in IPv4. */
HOT bool decode_ipv6(struct bytes octets, struct ip_packet *out,
                     struct address *source, struct address *destination,
                     struct error *error)
{
    if (octets.size < IPV6_HEADER)
        return cut_off(error, "IPv6", octets.size, IPV6_HEADER);
    const uint8_t *at = octets.data;
    size_t length = read_u16(at + 4);
    size_t left = octets.size - IPV6_HEADER;
    if (length == 0)
        length = left;
    out->truncated = length > left;
    out->fragment = false;
    out->protocol = at[6];
    out->payload = bytes_slice(octets, IPV6_HEADER, length);
    source->family = destination->family = 6;
    memcpy(source->octets, at + 8, 16);
    memcpy(destination->octets, at + 24, 16);
    return skip_extensions(out, error);
}

HOT bool decode_ip(struct bytes octets, struct ip_packet *out,
                   struct address *source, struct address *destination,
                   struct error *error)
{
    if (octets.size == 0)
        return cut_off(error, "IP", 0, IPV4_HEADER);
    switch (octets.data[0] >> 4) {
    case 4:
        return decode_ipv4(octets, out, source, destination, error);
    case 6:
        return decode_ipv6(octets, out, source, destination, error);
    default:
        return error_set(error, "IP: version %u, not 4 or 6",
                         octets.data[0] >> 4);
    }
}

/* Whether the Length field is that of an IKE message of this size. */
static bool looks_like_ike(struct bytes payload)
{
    return payload.size >= IKE_HEADER &&
           read_u32(payload.data + 24) == payload.size;
}

/* RFC 3948 2.2 to 2.4. Between port 500 and port 4500 (a NAT chose one of
 * them by chance) the octets themselves decide. */
static void decode_nat_payload(struct packet *out, struct bytes payload,
                               bool mixed)
{
    if (payload.size == 1 && payload.data[0] == 0xff && !out->truncated) {
        out->kind = PACKET_KEEPALIVE;
    } else if (payload.size < NON_ESP_MARKER) {
        return; /* neither a marker nor an SPI: not for us */
    } else if (read_u32(payload.data) == 0) {
        out->kind = PACKET_IKE;
        out->marker = true;
        payload = bytes_slice(payload, NON_ESP_MARKER, payload.size);
    } else if (mixed && looks_like_ike(payload)) {
        out->kind = PACKET_IKE;
    } else {
        out->kind = PACKET_ESP;
    }
    out->in_udp = true;
    out->payload = payload;
}

static bool has_port(const struct packet *packet, uint16_t port)
{
    return packet->source.port == port || packet->destination.port == port;
}

static bool is_extra(const struct packet *packet,
                     const struct packet_ports *ports)
{
    for (size_t i = 0; i < ports->count; i++)
        if (has_port(packet, ports->ports[i]))
            return true;
    return false;
}

static bool decode_udp(struct packet *out, const struct packet_ports *ports,
                       struct error *error)
{
    struct bytes udp = out->payload;
    if (udp.size < UDP_HEADER)
        return cut_off(error, "UDP", udp.size, UDP_HEADER);
    out->source.port = read_u16(udp.data);
    out->destination.port = read_u16(udp.data + 2);
    bool ike = has_port(out, PORT_IKE);
    bool nat = has_port(out, PORT_IKE_NAT);
    if (!ike && !nat) {
        if (!ports || !is_extra(out, ports))
            return true;
        ike = nat = true;
    }
    size_t length = read_u16(udp.data + 4);
    if (length < UDP_HEADER)
        return error_set(error, "UDP: Length below the header (%zu < %d)",
                         length, UDP_HEADER);
    if (length > udp.size)
        out->truncated = true;
    struct bytes payload = bytes_slice(udp, UDP_HEADER, length - UDP_HEADER);
    if (nat) {
        decode_nat_payload(out, payload, ike);
    } else {
        out->kind = PACKET_IKE;
        out->in_udp = true;
        out->payload = payload;
    }
    return true;
}

/* A cut header says nothing: then the segment is no one's. */
static void decode_tcp(struct packet *out, const struct packet_ports *ports)
{
    struct bytes tcp = out->payload;
    if (tcp.size < TCP_HEADER)
        return;
    out->source.port = read_u16(tcp.data);
    out->destination.port = read_u16(tcp.data + 2);
    if (has_port(out, PORT_IKE_NAT) || (ports && is_extra(out, ports)))
        out->kind = PACKET_TCP;
}

void packet_decode_record(struct bytes record, struct packet *out)
{
    out->kind = PACKET_OTHER;
    decode_nat_payload(out, record, false);
}

bool packet_decode_ip(struct bytes octets, struct packet *out,
                      struct error *error)
{
    return packet_decode_ip_ports(octets, NULL, out, error);
}

bool packet_decode_ip_ports(struct bytes octets,
                            const struct packet_ports *ports,
                            struct packet *out, struct error *error)
{
    struct ip_packet ip = {0};
    *out = (struct packet){0};
    if (!decode_ip(octets, &ip, &out->source.address, &out->destination.address,
                   error))
        return false;
    out->protocol = ip.protocol;
    out->truncated = ip.truncated;
    out->payload = ip.payload;
    if (ip.fragment) {
        out->kind = PACKET_FRAGMENT;
        return true;
    }
    switch (ip.protocol) {
    case IP_UDP:
        return decode_udp(out, ports, error);
    case IP_TCP:
        decode_tcp(out, ports);
        return true;
    case IP_ESP:
        out->kind = PACKET_ESP;
        return true;
    case IP_AH:
        out->kind = PACKET_AH;
        return true;
    default:
        return true;
    }
}

static bool decode_inner_udp(struct inner_packet *out, struct error *error)
{
    struct bytes udp = out->data;
    if (udp.size < UDP_HEADER)
        return cut_off(error, "inner UDP", udp.size, UDP_HEADER);
    size_t length = read_u16(udp.data + 4);
    if (length < UDP_HEADER || length > udp.size)
        return error_set(error,
                         "inner UDP: Length %zu, %zu octets are there, %d are "
                         "least",
                         length, udp.size, UDP_HEADER);
    out->source.port = read_u16(udp.data);
    out->destination.port = read_u16(udp.data + 2);
    out->data = bytes_slice(udp, UDP_HEADER, length - UDP_HEADER);
    return true;
}

static bool decode_inner_icmp(struct inner_packet *out, struct error *error)
{
    struct bytes icmp = out->data;
    if (icmp.size < ICMP_ECHO_HEADER)
        return cut_off(error, "inner ICMP", icmp.size, ICMP_ECHO_HEADER);
    bool six = out->protocol == IP_ICMPV6;
    out->echo_request = icmp.data[0] == (six ? ECHO_REQUEST_6 : ECHO_REQUEST);
    out->echo_reply = icmp.data[0] == (six ? ECHO_REPLY_6 : ECHO_REPLY);
    if (!out->echo_request && !out->echo_reply)
        return true;
    out->identifier = read_u16(icmp.data + 4);
    out->sequence = read_u16(icmp.data + 6);
    out->data = bytes_slice(icmp, ICMP_ECHO_HEADER, icmp.size);
    return true;
}

static bool decode_inner_transport(struct inner_packet *out,
                                   struct error *error)
{
    switch (out->protocol) {
    case IP_UDP:
        return decode_inner_udp(out, error);
    case IP_ICMP:
    case IP_ICMPV6:
        return decode_inner_icmp(out, error);
    default:
        return true;
    }
}

/* Octets after the packet's own length (TFC padding, RFC 4303 2.7) are
 * passed over. The data of a fragment is what it carries. */
bool packet_decode_inner(struct bytes octets, struct inner_packet *out,
                         struct error *error)
{
    struct ip_packet ip = {0};
    *out = (struct inner_packet){0};
    if (!decode_ip(octets, &ip, &out->source.address, &out->destination.address,
                   error))
        return error_prefix(error, "inner packet");
    if (ip.truncated)
        return error_set(error,
                         "inner packet: its length is beyond the %zu octets "
                         "that are there",
                         octets.size);
    out->protocol = ip.protocol;
    out->data = ip.payload;
    return ip.fragment || decode_inner_transport(out, error);
}

bool packet_decode_protected(uint8_t next_header, struct bytes octets,
                             const struct address *source,
                             const struct address *destination,
                             struct inner_packet *out, struct error *error)
{
    *out = (struct inner_packet){0};
    if (next_header == IP_IPIP || next_header == IP_IPV6)
        return packet_decode_inner(octets, out, error);
    if (next_header == IP_NO_NEXT)
        return error_set(error, "a dummy packet"); /* RFC 4303 2.6 */
    out->protocol = next_header;
    out->source.address = *source;
    out->destination.address = *destination;
    out->data = octets;
    return decode_inner_transport(out, error);
}

bool packet_ip_payload(struct bytes octets, uint8_t *protocol,
                       struct bytes *payload, struct error *error)
{
    struct address source, destination;
    struct ip_packet ip = {0};

    if (!decode_ip(octets, &ip, &source, &destination, error))
        return false;
    if (ip.truncated || ip.fragment)
        return error_set(error, "not a whole IP packet (%zu octets)",
                         octets.size);
    *protocol = ip.protocol;
    *payload = ip.payload;
    return true;
}
