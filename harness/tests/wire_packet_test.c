/* IP, UDP, IKE and ESP in packets. Frames: wire_link_layer_test; inner packets:
 * wire_inner_packet_test. */
#include "tests/wire_packet_support.h"

START_TEST(addresses)
{
    char text[ENDPOINT_TEXT];
    struct address address, other;
    ck_assert(address_parse("192.0.2.1", &address));
    ck_assert_uint_eq(address_size(&address), 4);
    ck_assert_str_eq(address_to_text(&address, text, sizeof text), "192.0.2.1");
    ck_assert(address_parse("2001:DB8:0:0::1", &other));
    ck_assert_uint_eq(address_size(&other), 16);
    ck_assert_str_eq(address_to_text(&other, text, sizeof text), "2001:db8::1");
    ck_assert(!address_equal(&address, &other));
    other = address;
    other.octets[15] = 1; /* beyond an IPv4 address */
    ck_assert(address_equal(&address, &other));
    other.octets[3] = 2;
    ck_assert(!address_equal(&address, &other));
    static const char *const bad[] = {"",  "1.2.3", "1.2.3.4.5", "256.0.0.1",
                                      ":", "::g",   "a.example", "1.2.3.4 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!address_parse(bad[i], &other), "%s", bad[i]);
    other = (struct address){0};
    ck_assert_uint_eq(address_size(&other), 0);
    ck_assert_str_eq(address_to_text(&other, text, sizeof text), "none");

    struct endpoint a = at("2001:db8::1", 500), b = at("2001:db8::1", 4500);
    ck_assert_str_eq(endpoint_to_text(&a, text, sizeof text),
                     "[2001:db8::1]:500");
    ck_assert(!endpoint_equal(&a, &b));
    b.port = 500;
    ck_assert(endpoint_equal(&a, &b));
    b = at("192.0.2.1", 65535);
    ck_assert_str_eq(endpoint_to_text(&b, text, sizeof text),
                     "192.0.2.1:65535");
    ck_assert_str_eq(endpoint_to_text(&b, text, 6), "192.0");
    b = at("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535);
    ck_assert_uint_lt(strlen(endpoint_to_text(&b, text, sizeof text)),
                      ENDPOINT_TEXT - 1);
}
END_TEST

START_TEST(packets_are_built)
{
    struct buffer buffer = {0};
    struct datagram datagram = {
        .carrier = CARRIER_UDP,
        .source = at("192.0.2.1", 500),
        .destination = at("198.51.100.2", 500),
        .payload = bytes_of_string("odd"),
    };
    packet_encode(&datagram, 0x1234, &buffer);
    assert_built(&buffer, v4_udp, sizeof v4_udp);
    datagram.source = at("2001:db8::1", 4500);
    datagram.destination = at("2001:db8::2", 40000);
    datagram.payload = bytes_of("\0\0\0\0ike", 7);
    packet_encode(&datagram, 0x1234, &buffer);
    assert_built(&buffer, v6_udp, sizeof v6_udp);
    datagram.carrier = CARRIER_ESP;
    datagram.source = at("192.0.2.1", 0);
    datagram.destination = at("198.51.100.2", 0);
    datagram.payload = bytes_of("\xc0\xff\xee\x01\0\0\0\1\xaa\xbb", 10);
    packet_encode(&datagram, 7, &buffer);
    assert_built(&buffer, v4_esp, sizeof v4_esp);
}
END_TEST

/* What the length fields cannot say is left out. */
START_TEST(oversized_payload_is_clipped)
{
    static const uint8_t large[70000];
    struct buffer buffer = {0};
    struct datagram datagram = {
        .source = at("192.0.2.1", 500),
        .destination = at("198.51.100.2", 500),
        .payload = bytes_of(large, sizeof large),
    };
    for (int carrier = CARRIER_UDP; carrier <= CARRIER_ESP; carrier++) {
        struct packet packet;
        datagram.carrier = (enum carrier)carrier;
        packet_encode(&datagram, 0, &buffer);
        ck_assert_uint_eq(buffer.size, 65535);
        ck_assert_uint_eq(read_u16(buffer.data + 2), 65535);
        ck_assert(packet_decode_ip(buffer_view(&buffer), &packet, NULL));
        ck_assert(!packet.truncated);
        buffer_free(&buffer);
    }
}
END_TEST

static struct packet decode(const uint8_t *octets, size_t size)
{
    struct packet packet;
    struct error error;
    ck_assert_msg(packet_decode_ip(bytes_of(octets, size), &packet, &error),
                  "%s", error.text);
    return packet;
}

START_TEST(fields_of_a_packet)
{
    char text[ENDPOINT_TEXT];
    struct packet packet = decode(v4_udp, sizeof v4_udp);
    ck_assert_int_eq(packet.kind, PACKET_IKE);
    ck_assert(packet.in_udp && !packet.marker && !packet.truncated);
    ck_assert_uint_eq(packet.protocol, IP_UDP);
    ck_assert_str_eq(endpoint_to_text(&packet.source, text, sizeof text),
                     "192.0.2.1:500");
    ck_assert_str_eq(endpoint_to_text(&packet.destination, text, sizeof text),
                     "198.51.100.2:500");
    ck_assert(bytes_equal(packet.payload, bytes_of_string("odd")));

    packet = decode(v6_udp, sizeof v6_udp);
    ck_assert_int_eq(packet.kind, PACKET_IKE);
    ck_assert(packet.in_udp && packet.marker && !packet.truncated);
    ck_assert_str_eq(endpoint_to_text(&packet.destination, text, sizeof text),
                     "[2001:db8::2]:40000");
    ck_assert(bytes_equal(packet.payload, bytes_of_string("ike")));

    packet = decode(v4_esp, sizeof v4_esp);
    ck_assert_int_eq(packet.kind, PACKET_ESP);
    ck_assert(!packet.in_udp && !packet.truncated);
    ck_assert_uint_eq(packet.source.port, 0);
    struct esp_packet esp;
    ck_assert(esp_packet_decode(packet.payload, &esp, NULL));
    ck_assert_uint_eq(esp.spi, 0xc0ffee01);
    ck_assert_uint_eq(esp.sequence, 1);
    ck_assert(bytes_equal(esp.rest, bytes_of("\xaa\xbb", 2)));

    packet = decode(v4_echo, sizeof v4_echo);
    ck_assert_int_eq(packet.kind, PACKET_OTHER);
    ck_assert_uint_eq(packet.protocol, IP_ICMP);
    ck_assert_uint_eq(packet.payload.size, 13);
    /* padding of a short Ethernet frame is no part of it */
    uint8_t padded[46] = {0};
    memcpy(padded, v4_udp, sizeof v4_udp);
    packet = decode(padded, sizeof padded);
    ck_assert_uint_eq(packet.payload.size, 3);
    ck_assert(!packet.truncated);
    /* another port is not ours, and its payload is the UDP header's */
    packet = decode(v4_udp_ffff, sizeof v4_udp_ffff);
    ck_assert_int_eq(packet.kind, PACKET_OTHER);
    ck_assert_uint_eq(packet.destination.port, 9);
    ck_assert_uint_eq(packet.payload.size, 10);
}
END_TEST

/* RFC 3948 2: what the payload on each pair of ports is. */
START_TEST(payloads_on_the_nat_port)
{
    static const uint8_t ike[28] = {1, [16] = 0, 0x20, 34, 8, [27] = 28};
    static const struct {
        uint16_t source, destination;
        const char *octets;
        size_t size;
        enum packet_kind kind;
        bool marker;
        size_t left;
    } rows[] = {
        {4500, 4500, "\0\0\0\0abcd", 8, PACKET_IKE, true, 4},
        {4500, 1024, "\0\0\0\0abcd", 8, PACKET_IKE, true, 4},
        {1024, 4500, "\0\0\0\0", 4, PACKET_IKE, true, 0},
        {1024, 4500, "\0\0\0\1abcd", 8, PACKET_ESP, false, 8},
        {4500, 4500, "\xff", 1, PACKET_KEEPALIVE, false, 1},
        {4500, 4500, "\xff\xff\xff\xff\0\0\0\1", 8, PACKET_ESP, false, 8},
        {4500, 4500, "\xfe", 1, PACKET_OTHER, false, 9},
        {4500, 4500, "\0\0\0", 3, PACKET_OTHER, false, 11},
        {4500, 4500, "", 0, PACKET_OTHER, false, 8},
        {500, 1024, "\0\0\0\0abcd", 8, PACKET_IKE, false, 8},
        {1024, 500, "\xff", 1, PACKET_IKE, false, 1},
        {500, 500, "", 0, PACKET_IKE, false, 0},
        {500, 4500, "\0\0\0\0abcd", 8, PACKET_IKE, true, 4},
        {500, 4500, "\0\0\0\1abcd", 8, PACKET_ESP, false, 8},
        {4500, 500, (const char *)ike, 28, PACKET_IKE, false, 28},
        {4500, 501, (const char *)ike, 28, PACKET_ESP, false, 28},
        {501, 4501, (const char *)ike, 28, PACKET_OTHER, false, 36},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer buffer = {0};
        struct datagram datagram = {
            .source = at("192.0.2.1", rows[i].source),
            .destination = at("198.51.100.2", rows[i].destination),
            .payload = bytes_of(rows[i].octets, rows[i].size),
        };
        packet_encode(&datagram, 0, &buffer);
        struct packet packet = decode(buffer.data, buffer.size);
        ck_assert_msg(packet.kind == rows[i].kind, "row %zu: kind %d", i,
                      packet.kind);
        ck_assert_msg(packet.marker == rows[i].marker, "row %zu", i);
        ck_assert_msg(packet.payload.size == rows[i].left, "row %zu: %zu", i,
                      packet.payload.size);
        ck_assert(packet.in_udp == (packet.kind != PACKET_OTHER));
        buffer_free(&buffer);
    }
}
END_TEST

/* The headers must be there; of the payload as much as was captured. */
static void cut_everywhere(const uint8_t *octets, size_t size, size_t headers,
                           size_t payload)
{
    for (size_t cut = 0; cut < size; cut++) {
        struct packet packet;
        struct error error = {""};
        struct bytes part = exactly(octets, cut);
        bool expected = cut >= headers;
        ck_assert_msg(packet_decode_ip(part, &packet, &error) == expected,
                      "cut at %zu of %zu", cut, size);
        ck_assert(expected || error.text[0]);
        if (expected) {
            ck_assert(packet.truncated);
            if (packet.kind != PACKET_OTHER && packet.payload.size > 0)
                ck_assert_ptr_eq(packet.payload.data, part.data + payload);
            if (packet.kind != PACKET_OTHER)
                ck_assert_uint_eq(packet.payload.size, cut - payload);
        }
        release(part);
    }
}

START_TEST(cut_by_the_snapshot_length)
{
    cut_everywhere(v4_udp, sizeof v4_udp, 28, 28);
    cut_everywhere(v6_udp, sizeof v6_udp, 48, 52);
    cut_everywhere(v4_esp, sizeof v4_esp, 20, 20);
    struct packet packet = decode(v4_udp, sizeof v4_udp - 1);
    ck_assert_int_eq(packet.kind, PACKET_IKE);
    ck_assert(packet.truncated);
    ck_assert(bytes_equal(packet.payload, bytes_of_string("od")));
    /* the marker itself cut off: nobody can say what it was */
    packet = decode(v6_udp, 50);
    ck_assert_int_eq(packet.kind, PACKET_OTHER);
    ck_assert(packet.truncated);
}
END_TEST

static void assert_rejected(const uint8_t *octets, size_t size,
                            const char *text)
{
    struct packet packet;
    struct error error;
    ck_assert(!packet_decode_ip(bytes_of(octets, size), &packet, &error));
    ck_assert_str_eq(error.text, text);
}

START_TEST(malformed_headers)
{
    uint8_t copy[sizeof v4_udp];
    memcpy(copy, v4_udp, sizeof copy);
    copy[0] = 0x55;
    assert_rejected(copy, sizeof copy, "IP: version 5, not 4 or 6");
    copy[0] = 0x44;
    assert_rejected(copy, sizeof copy,
                    "IPv4: header of 16 octets, 31 are there, 20 are least");
    copy[0] = 0x4f;
    assert_rejected(copy, sizeof copy,
                    "IPv4: header of 60 octets, 31 are there, 20 are least");
    copy[0] = 0x45;
    copy[3] = 19;
    assert_rejected(copy, sizeof copy,
                    "IPv4: Total Length below the header (19 < 20)");
    copy[3] = 27;
    assert_rejected(copy, sizeof copy, "UDP: too short for header (7 < 8)");
    copy[3] = 31;
    copy[25] = 7;
    assert_rejected(copy, sizeof copy, "UDP: Length below the header (7 < 8)");
    /* a UDP length beyond the IP packet counts as cut off; below it, clips */
    copy[25] = 12;
    ck_assert(decode(copy, sizeof copy).truncated);
    copy[25] = 9;
    ck_assert_uint_eq(decode(copy, sizeof copy).payload.size, 1);
    copy[25] = 11;
    /* Total Length 0: left to the network card; all that is there counts */
    copy[3] = 0;
    ck_assert(!decode(copy, sizeof copy).truncated);
    ck_assert_uint_eq(decode(copy, sizeof copy).payload.size, 3);
    assert_rejected(copy, 0, "IP: too short for header (0 < 20)");
}
END_TEST

START_TEST(ipv4_options_and_fragments)
{
    static const uint8_t options[] = {
        0x46, 0x00, 0x00, 0x22, 0x00, 0x01, 0x40, 0x00, /* DF, 24 octets */
        0x40, 0x33, 0x00, 0x00, 0xc0, 0x00, 0x02, 0x01, /* AH */
        0xc6, 0x33, 0x64, 0x02, 0x94, 0x04, 0x00, 0x00, /* router alert */
        0x04, 0x04, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00};
    struct packet packet = decode(options, sizeof options);
    ck_assert_int_eq(packet.kind, PACKET_AH);
    ck_assert_uint_eq(packet.protocol, IP_AH);
    ck_assert_uint_eq(packet.payload.size, 10);

    static const struct {
        uint8_t high, low;
        bool fragment;
    } rows[] = {
        {0x00, 0x00, false}, {0x40, 0x00, false}, {0x80, 0x00, false},
        {0x20, 0x00, true},  {0x00, 0x01, true},  {0x20, 0xb9, true},
        {0x1f, 0xff, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t copy[sizeof v4_udp];
        memcpy(copy, v4_udp, sizeof copy);
        copy[6] = rows[i].high;
        copy[7] = rows[i].low;
        packet = decode(copy, sizeof copy);
        ck_assert((packet.kind == PACKET_FRAGMENT) == rows[i].fragment);
        if (rows[i].fragment) {
            ck_assert_uint_eq(packet.protocol, IP_UDP);
            ck_assert_uint_eq(packet.source.port, 0);
            ck_assert_ptr_eq(packet.payload.data, copy + 20);
            ck_assert_uint_eq(packet.payload.size, 11);
        }
    }
}
END_TEST

/* IPv6 with `headers` between the fixed one and `rest`. */
static struct buffer with_extensions(uint8_t first, struct bytes headers,
                                     struct bytes rest)
{
    struct buffer buffer = {0};
    buffer_bytes(&buffer, bytes_of(v6_udp, 40));
    buffer_bytes(&buffer, headers);
    buffer_bytes(&buffer, rest);
    buffer.data[6] = first;
    write_u16(buffer.data + 4, (uint16_t)(buffer.size - 40));
    return buffer;
}

START_TEST(ipv6_extension_headers)
{
    struct bytes udp = bytes_of(v6_udp + 40, sizeof v6_udp - 40);
    /* hop by hop of 8, routing of 16, destination of 8, atomic fragment */
    static const uint8_t headers[] = {
        43, 0, 0, 0, 0, 0, 0, 0,                         /* hop by hop */
        60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* routing */
        44, 0, 0, 0, 0, 0, 0, 0,                         /* destination */
        17, 0, 0, 0, 1, 2, 3, 4,                         /* fragment */
    };
    struct buffer buffer =
        with_extensions(0, bytes_of(headers, sizeof headers), udp);
    struct packet packet = decode(buffer.data, buffer.size);
    ck_assert_int_eq(packet.kind, PACKET_IKE);
    ck_assert(packet.marker);
    ck_assert_uint_eq(packet.protocol, IP_UDP);
    ck_assert(bytes_equal(packet.payload, bytes_of_string("ike")));
    for (size_t cut = 40; cut < 40 + sizeof headers + 8; cut++) {
        struct bytes part = exactly(buffer.data, cut);
        ck_assert(!packet_decode_ip(part, &packet, NULL));
        release(part);
    }
    /* the fragment header with More Fragments, or with an offset */
    size_t fragment = 40 + sizeof headers - 8;
    for (int row = 0; row < 2; row++) {
        write_u16(buffer.data + fragment + 2, row ? 0x0008 : 0x0001);
        packet = decode(buffer.data, buffer.size);
        ck_assert_int_eq(packet.kind, PACKET_FRAGMENT);
        ck_assert_uint_eq(packet.protocol, IP_UDP);
        ck_assert(bytes_equal(packet.payload, udp));
    }
    /* its two reserved bits are no offset */
    write_u16(buffer.data + fragment + 2, 0x0006);
    ck_assert_int_eq(decode(buffer.data, buffer.size).kind, PACKET_IKE);
    buffer_free(&buffer);

    /* a later fragment's first octets are no extension header */
    static const uint8_t later[] = {60, 0, 0, 8, 0, 0, 0, 1};
    buffer = with_extensions(44, bytes_of(later, 8), bytes_of("\xff", 1));
    packet = decode(buffer.data, buffer.size);
    ck_assert_int_eq(packet.kind, PACKET_FRAGMENT);
    ck_assert_uint_eq(packet.payload.size, 1);
    buffer_free(&buffer);

    /* nothing follows; and Payload Length 0 counts what is there */
    buffer = with_extensions(59, bytes_of(NULL, 0), bytes_of(NULL, 0));
    ck_assert_int_eq(decode(buffer.data, buffer.size).kind, PACKET_OTHER);
    buffer_free(&buffer);
    buffer = with_extensions(50, bytes_of(NULL, 0), bytes_of(v4_udp, 9));
    write_u16(buffer.data + 4, 0);
    packet = decode(buffer.data, buffer.size);
    ck_assert_int_eq(packet.kind, PACKET_ESP);
    ck_assert_uint_eq(packet.payload.size, 9);
    buffer_free(&buffer);
}
END_TEST

START_TEST(esp_headers)
{
    struct esp_packet esp;
    struct error error;
    for (size_t cut = 0; cut < 8; cut++) {
        struct bytes part = exactly(v4_esp + 20, cut);
        ck_assert(!esp_packet_decode(part, &esp, &error));
        release(part);
    }
    ck_assert_str_eq(error.text, "ESP: too short for header (7 < 8)");
    ck_assert(esp_packet_decode(bytes_of(v4_esp + 20, 8), &esp, &error));
    ck_assert_uint_eq(esp.rest.size, 0);
    ck_assert(
        !esp_packet_decode(bytes_of("\0\0\0\0\0\0\0\1", 8), &esp, &error));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {addresses,
                            packets_are_built,
                            oversized_payload_is_clipped,
                            fields_of_a_packet,
                            payloads_on_the_nat_port,
                            cut_by_the_snapshot_length,
                            malformed_headers,
                            ipv4_options_and_fragments,
                            ipv6_extension_headers,
                            esp_headers};
    return run_cases("wire/packet", tests, sizeof tests / sizeof *tests);
}
