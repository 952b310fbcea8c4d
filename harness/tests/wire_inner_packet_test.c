/* Packets inside of ESP: ICMP, UDP, transport and tunnel mode. */
#include "tests/wire_packet_support.h"

START_TEST(inner_packets_are_built)
{
    struct buffer buffer = {0};
    struct endpoint source = at("10.0.1.1", 7), destination = at("10.0.2.1", 9);
    struct bytes data = bytes_of_string("ping!");
    packet_icmp_echo(&buffer, false, &source.address, &destination.address,
                     0xabcd, 3, data);
    assert_built(&buffer, v4_echo, sizeof v4_echo);
    packet_udp(&buffer, &source, &destination, bytes_of("\xe8\xc8", 2));
    assert_built(&buffer, v4_udp_ffff, sizeof v4_udp_ffff);
    source = at("2001:db8:1::1", 0);
    destination = at("2001:db8:2::1", 0);
    packet_icmp_echo(&buffer, true, &source.address, &destination.address,
                     0xabcd, 3, data);
    assert_built(&buffer, v6_reply, sizeof v6_reply);
}
END_TEST

START_TEST(inner_packets_are_read)
{
    struct inner_packet inner;
    struct error error;
    char text[64];
    ck_assert(
        packet_decode_inner(bytes_of(v4_echo, sizeof v4_echo), &inner, &error));
    ck_assert_uint_eq(inner.protocol, IP_ICMP);
    ck_assert(inner.echo_request && !inner.echo_reply);
    ck_assert_uint_eq(inner.identifier, 0xabcd);
    ck_assert_uint_eq(inner.sequence, 3);
    ck_assert(bytes_equal(inner.data, bytes_of_string("ping!")));
    ck_assert_str_eq(address_to_text(&inner.source.address, text, 64),
                     "10.0.1.1");
    ck_assert(packet_decode_inner(bytes_of(v6_reply, sizeof v6_reply), &inner,
                                  &error));
    ck_assert_uint_eq(inner.protocol, IP_ICMPV6);
    ck_assert(!inner.echo_request && inner.echo_reply);
    ck_assert_uint_eq(inner.sequence, 3);
    ck_assert(bytes_equal(inner.data, bytes_of_string("ping!")));
    ck_assert(
        packet_decode_inner(bytes_of(v4_udp, sizeof v4_udp), &inner, &error));
    ck_assert_uint_eq(inner.source.port, 500);
    ck_assert(bytes_equal(inner.data, bytes_of_string("odd")));
    /* padding of ESP behind it */
    uint8_t padded[64] = {0};
    memcpy(padded, v4_echo, sizeof v4_echo);
    ck_assert(packet_decode_inner(bytes_of(padded, 64), &inner, &error));
    ck_assert(bytes_equal(inner.data, bytes_of_string("ping!")));
    /* ICMP that is no echo keeps its whole message */
    padded[20] = 3;
    ck_assert(packet_decode_inner(bytes_of(padded, 64), &inner, &error));
    ck_assert(!inner.echo_request && !inner.echo_reply);
    ck_assert_uint_eq(inner.data.size, 13);

    /* a UDP length beyond the packet */
    memcpy(padded, v4_udp, sizeof v4_udp);
    padded[25] = 12;
    ck_assert(
        !packet_decode_inner(bytes_of(padded, sizeof v4_udp), &inner, &error));
    ck_assert_str_eq(error.text, "inner UDP: Length 12, 11 octets are there, "
                                 "8 are least");

    static const struct {
        const uint8_t *octets;
        size_t size;
    } whole[] = {{v4_echo, sizeof v4_echo},
                 {v6_reply, sizeof v6_reply},
                 {v4_udp, sizeof v4_udp}};
    for (size_t i = 0; i < 3; i++)
        for (size_t cut = 0; cut < whole[i].size; cut++) {
            struct bytes part = exactly(whole[i].octets, cut);
            error.text[0] = '\0';
            ck_assert(!packet_decode_inner(part, &inner, &error));
            ck_assert_str_ne(error.text, "");
            release(part);
        }
}
END_TEST

/* RFC 4303 3.1: an IP packet in tunnel mode, its payload in transport mode. */
START_TEST(protected_packets_in_both_modes)
{
    struct address source, destination;
    struct inner_packet inner;
    struct buffer whole = {0}, again = {0};
    struct error error;

    for (int six = 0; six < 2; six++) {
        uint8_t protocol;
        struct bytes payload;
        address_parse(six ? "2001:db8::1" : "192.0.2.1", &source);
        address_parse(six ? "2001:db8::2" : "192.0.2.2", &destination);
        buffer_clear(&whole);
        buffer_clear(&again);
        packet_icmp_echo(&whole, true, &source, &destination, 77, 3,
                         bytes_of_string("data"));
        ck_assert(packet_decode_protected(six ? IP_IPV6 : IP_IPIP,
                                          buffer_view(&whole), &destination,
                                          &source, &inner, &error));
        ck_assert(address_equal(&inner.source.address, &source));
        ck_assert(packet_ip_payload(buffer_view(&whole), &protocol, &payload,
                                    &error));
        ck_assert_uint_eq(protocol, six ? IP_ICMPV6 : IP_ICMP);
        ck_assert(packet_decode_protected(protocol, payload, &source,
                                          &destination, &inner, &error));
        ck_assert(inner.echo_reply && inner.identifier == 77);
        ck_assert(address_equal(&inner.destination.address, &destination));
        packet_ip(&again, &source, &destination, protocol, payload);
        ck_assert(bytes_equal(buffer_view(&whole), buffer_view(&again)));
        ck_assert(!packet_decode_protected(IP_NO_NEXT, buffer_view(&whole),
                                           &source, &destination, &inner,
                                           &error));
        for (size_t cut = 0; cut < whole.size; cut++) {
            struct bytes part = exactly(whole.data, cut);
            ck_assert(!packet_ip_payload(part, &protocol, &payload, &error));
            release(part);
        }
    }
    buffer_free(&whole);
    buffer_free(&again);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {inner_packets_are_built, inner_packets_are_read,
                            protected_packets_in_both_modes};
    return run_cases("wire/inner packet", tests, sizeof tests / sizeof *tests);
}
