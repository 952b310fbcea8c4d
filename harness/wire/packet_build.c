/* IP packets with valid checksums, outer and inner. */
#include "wire/packet.h"

#include <string.h>

enum {
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    UDP_HEADER = 8,
    ICMP_HEADER = 8,
    HOPS = 64,
    IPV4_DO_NOT_FRAGMENT = 0x4000,
};

/* Adds 16-bit words to a one's complement sum (RFC 1071). `octets` starts at
 * an even offset of what is summed. */
static uint64_t sum_words(uint64_t sum, const uint8_t *at, size_t size)
{
    size_t i = 0;
    for (; i + 2 <= size; i += 2)
        sum += read_u16(at + i);
    if (i < size)
        sum += (uint64_t)at[i] << 8;
    return sum;
}

static uint16_t fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* The sum over pseudo-header and `size` octets of transport. */
static uint16_t transport_checksum(const struct address *source,
                                   const struct address *destination,
                                   uint8_t protocol, const uint8_t *at,
                                   size_t size)
{
    uint64_t sum = protocol + (uint64_t)size;
    sum = sum_words(sum, source->octets, address_size(source));
    sum = sum_words(sum, destination->octets, address_size(destination));
    return fold(sum_words(sum, at, size));
}

struct ip_fields {
    const struct address *source;
    const struct address *destination;
    uint8_t protocol;
    uint16_t identification;
    uint16_t flags; /* IPv4 flags and fragment offset */
};

/* The header for `size` octets of transport. */
static void build_ip(struct buffer *out, const struct ip_fields *ip,
                     size_t size)
{
    if (ip->source->family == 6) {
        uint8_t *at = buffer_space(out, IPV6_HEADER);
        at[0] = 0x60;
        write_u16(at + 4, (uint16_t)size);
        at[6] = ip->protocol;
        at[7] = HOPS;
        memcpy(at + 8, ip->source->octets, 16);
        memcpy(at + 24, ip->destination->octets, 16);
        return;
    }
    uint8_t *at = buffer_space(out, IPV4_HEADER);
    at[0] = 0x45;
    write_u16(at + 2, (uint16_t)(IPV4_HEADER + size));
    write_u16(at + 4, ip->identification);
    write_u16(at + 6, ip->flags);
    at[8] = HOPS;
    at[9] = ip->protocol;
    memcpy(at + 12, ip->source->octets, 4);
    memcpy(at + 16, ip->destination->octets, 4);
    write_u16(at + 10, fold(sum_words(0, at, IPV4_HEADER)));
}

/* The payload as far as the length fields reach. */
static struct bytes clip(struct bytes payload, size_t headers)
{
    return bytes_slice(payload, 0, UINT16_MAX - headers);
}

static void build_udp(struct buffer *out, const struct ip_fields *ip,
                      uint16_t source_port, uint16_t destination_port,
                      struct bytes data)
{
    data = clip(data, IPV4_HEADER + UDP_HEADER);
    size_t size = UDP_HEADER + data.size;
    build_ip(out, ip, size);
    size_t start = out->size;
    buffer_u16(out, source_port);
    buffer_u16(out, destination_port);
    buffer_u16(out, (uint16_t)size);
    buffer_u16(out, 0);
    buffer_bytes(out, data);
    uint8_t *at = out->data + start;
    uint16_t checksum =
        transport_checksum(ip->source, ip->destination, IP_UDP, at, size);
    /* RFC 768: 0 says "no checksum" */
    write_u16(at + 6, checksum ? checksum : 0xffff);
}

void packet_encode(const struct datagram *datagram, uint16_t identification,
                   struct buffer *out)
{
    struct ip_fields ip = {
        .source = &datagram->source.address,
        .destination = &datagram->destination.address,
        .protocol = datagram->carrier == CARRIER_UDP ? IP_UDP : IP_ESP,
        .identification = identification,
    };
    if (datagram->carrier == CARRIER_UDP) {
        build_udp(out, &ip, datagram->source.port, datagram->destination.port,
                  datagram->payload);
        return;
    }
    struct bytes payload = clip(datagram->payload, IPV4_HEADER);
    build_ip(out, &ip, payload.size);
    buffer_bytes(out, payload);
}

void packet_ip(struct buffer *out, const struct address *source,
               const struct address *destination, uint8_t protocol,
               struct bytes payload)
{
    struct ip_fields ip = {
        .source = source,
        .destination = destination,
        .protocol = protocol,
        .flags = IPV4_DO_NOT_FRAGMENT,
    };
    payload = clip(payload, IPV4_HEADER);
    build_ip(out, &ip, payload.size);
    buffer_bytes(out, payload);
}

void packet_udp(struct buffer *out, const struct endpoint *source,
                const struct endpoint *destination, struct bytes data)
{
    struct ip_fields ip = {
        .source = &source->address,
        .destination = &destination->address,
        .protocol = IP_UDP,
        .flags = IPV4_DO_NOT_FRAGMENT,
    };
    build_udp(out, &ip, source->port, destination->port, data);
}

void packet_icmp_echo(struct buffer *out, bool reply,
                      const struct address *source,
                      const struct address *destination, uint16_t identifier,
                      uint16_t sequence, struct bytes data)
{
    bool six = source->family == 6;
    struct ip_fields ip = {
        .source = source,
        .destination = destination,
        .protocol = six ? IP_ICMPV6 : IP_ICMP,
        .flags = IPV4_DO_NOT_FRAGMENT,
    };
    data = clip(data, IPV4_HEADER + ICMP_HEADER);
    size_t size = ICMP_HEADER + data.size;
    build_ip(out, &ip, size);
    size_t start = out->size;
    if (six)
        buffer_u8(out, reply ? 129 : 128); /* RFC 4443 4.1, 4.2 */
    else
        buffer_u8(out, reply ? 0 : 8); /* RFC 792 */
    buffer_u8(out, 0);
    buffer_u16(out, 0);
    buffer_u16(out, identifier);
    buffer_u16(out, sequence);
    buffer_bytes(out, data);
    uint8_t *at = out->data + start;
    /* only ICMPv6 sums a pseudo-header (RFC 4443 2.3) */
    write_u16(at + 2,
              six ? transport_checksum(source, destination, IP_ICMPV6, at, size)
                  : fold(sum_words(0, at, size)));
}
