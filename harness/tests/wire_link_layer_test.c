/* Link layers of capture files, stripped down to IP. */
#include "tests/wire_samples.h"
#include "wire/packet.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* The IP "packet" of these frames: strip does not look behind its first
 * octet. */
#define V4 0x45, 0x11, 0x22, 0x33
#define V6 0x60, 0x11, 0x22, 0x33
#define MACS 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2

static const uint8_t ethernet_4[] = {MACS, 0x08, 0x00, V4};
static const uint8_t ethernet_6[] = {MACS, 0x86, 0xdd, V6};
static const uint8_t arp[] = {MACS, 0x08, 0x06, 0, 1, 8, 0};
static const uint8_t length_field[] = {MACS, 0x00, 0x04, 0xaa, 0xaa, 3, 0};
/* VLAN 7; VLAN 7 in service VLAN 9; the older type; ARP in a VLAN */
static const uint8_t vlan[] = {MACS, 0x81, 0x00, 0x00, 0x07, 0x08, 0x00, V4};
static const uint8_t qinq[] = {MACS, 0x88, 0xa8, 0x00, 0x09, 0x81,
                               0x00, 0x00, 0x07, 0x86, 0xdd, V6};
static const uint8_t qinq_old[] = {MACS, 0x91, 0x00, 0x00, 0x09, 0x81,
                                   0x00, 0x00, 0x07, 0x08, 0x00, V4};
static const uint8_t vlan_arp[] = {MACS, 0x81, 0x00, 0x00, 0x07, 8, 6};
/* PPPoE session 1, length 6, with two octets of Ethernet padding */
static const uint8_t pppoe_4[] = {MACS, 0x88, 0x64, 0x11, 0x00, 0x00, 0x01,
                                  0x00, 0x06, 0x00, 0x21, V4,   0,    0};
static const uint8_t pppoe_6[] = {MACS, 0x88, 0x64, 0x11, 0x00, 0x00,
                                  0x01, 0x00, 0x06, 0x00, 0x57, V6};
static const uint8_t pppoe_short[] = {MACS, 0x88, 0x64, 0x11, 0x00, 0x00,
                                      0x01, 0x00, 0x05, 0x21, V4};
static const uint8_t pppoe_lcp[] = {MACS, 0x88, 0x64, 0x11, 0x00, 0x00,
                                    0x01, 0x00, 0x06, 0xc0, 0x21, V4};
static const uint8_t pppoe_padi[] = {MACS, 0x88, 0x64, 0x11, 0x09, 0x00,
                                     0x00, 0x00, 0x06, 0x00, 0x21, V4};
/* Linux cooked: to us, Ethernet, address of 6 */
static const uint8_t cooked[] = {0, 0, 0, 1, 0, 6,    2,    0, 0,
                                 0, 0, 1, 0, 0, 0x08, 0x00, V4};
static const uint8_t cooked_vlan[] = {0,    0,    0,    1,    0,    6,    2,
                                      0,    0,    0,    0,    1,    0,    0,
                                      0x81, 0x00, 0x00, 0x07, 0x86, 0xdd, V6};
/* Linux cooked v2: type, reserved, interface 3, Ethernet, to us, address */
static const uint8_t cooked_2[] = {0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 0,
                                   6,    2,    0, 0, 0, 0, 1, 0, 0, V6};
static const uint8_t cooked_2_arp[] = {0x08, 0x06, 0, 0, 0, 0, 0, 3, 0, 1,
                                       0,    6,    2, 0, 0, 0, 0, 1, 0, 0};
static const uint8_t raw_4[] = {V4};
static const uint8_t raw_6[] = {V6};
static const uint8_t raw_5[] = {0x50, 0, 0, 0};
static const uint8_t null_little[] = {2, 0, 0, 0, V4};
static const uint8_t null_big[] = {0, 0, 0, 2, V4};
static const uint8_t null_darwin_6[] = {30, 0, 0, 0, V6};
static const uint8_t null_appletalk[] = {16, 0, 0, 0, V4};
/* 258, of whom the first octet alone would be IPv4 */
static const uint8_t null_258[] = {2, 1, 0, 0, V4};
static const uint8_t ppp[] = {0x00, 0x21, V4};
static const uint8_t ppp_hdlc[] = {0xff, 0x03, 0x00, 0x57, V6};

/* `header`: the octets before the IP packet of 4; 0: the frame carries no
 * IP. `fixed`: below that many octets the frame is cut off. */
static const struct layer {
    const char *name;
    uint32_t linktype;
    const uint8_t *frame;
    size_t size, header, fixed;
} layers[] = {
    {"ethernet", 1, ethernet_4, sizeof ethernet_4, 14, 14},
    {"ethernet 6", 1, ethernet_6, sizeof ethernet_6, 14, 14},
    {"arp", 1, arp, sizeof arp, 0, 14},
    {"802.3", 1, length_field, sizeof length_field, 0, 14},
    {"vlan", 1, vlan, sizeof vlan, 18, 18},
    {"qinq", 1, qinq, sizeof qinq, 22, 22},
    {"qinq 9100", 1, qinq_old, sizeof qinq_old, 22, 22},
    {"vlan arp", 1, vlan_arp, sizeof vlan_arp, 0, 18},
    {"pppoe", 1, pppoe_4, sizeof pppoe_4, 22, 22},
    {"pppoe 6", 1, pppoe_6, sizeof pppoe_6, 22, 22},
    {"pppoe short", 1, pppoe_short, sizeof pppoe_short, 21, 21},
    {"pppoe lcp", 1, pppoe_lcp, sizeof pppoe_lcp, 0, 22},
    {"pppoe discovery", 1, pppoe_padi, sizeof pppoe_padi, 0, 20},
    {"pppoe alone", 51, pppoe_6 + 14, sizeof pppoe_6 - 14, 8, 8},
    {"sll", 113, cooked, sizeof cooked, 16, 16},
    {"sll vlan", 113, cooked_vlan, sizeof cooked_vlan, 20, 20},
    {"sll2", 276, cooked_2, sizeof cooked_2, 20, 20},
    {"sll2 arp", 276, cooked_2_arp, sizeof cooked_2_arp, 0, 20},
    {"raw", 101, raw_4, 4, SIZE_MAX, 1},
    {"raw 6", 101, raw_6, 4, SIZE_MAX, 1},
    {"raw 12", 12, raw_4, 4, SIZE_MAX, 1},
    {"raw 14", 14, raw_6, 4, SIZE_MAX, 1},
    {"raw no ip", 101, raw_5, 4, 0, 1},
    {"ipv4", 228, raw_4, 4, SIZE_MAX, 1},
    {"ipv6", 229, raw_6, 4, SIZE_MAX, 1},
    {"null", 0, null_little, sizeof null_little, 4, 4},
    {"null big", 0, null_big, sizeof null_big, 4, 4},
    {"null 6", 0, null_darwin_6, sizeof null_darwin_6, 4, 4},
    {"null other", 0, null_appletalk, sizeof null_appletalk, 0, 4},
    {"null 258", 0, null_258, sizeof null_258, 0, 4},
    {"loop", 108, null_big, sizeof null_big, 4, 4},
    {"ppp", 9, ppp, sizeof ppp, 2, 2},
    {"ppp hdlc", 50, ppp_hdlc, sizeof ppp_hdlc, 4, 4},
};
enum { LAYERS = sizeof layers / sizeof layers[0] };

START_TEST(whole_frame)
{
    const struct layer *layer = &layers[_i];
    struct bytes ip = {0};
    struct error error = {"left over"};
    struct bytes frame = exactly(layer->frame, layer->size);
    bool stripped = packet_strip_link(layer->linktype, frame, &ip, &error);
    ck_assert_msg(stripped == (layer->header > 0), "%s", layer->name);
    if (stripped) {
        size_t header = layer->header == SIZE_MAX ? 0 : layer->header;
        ck_assert_ptr_eq(ip.data, frame.data + header);
        ck_assert_msg(ip.size == 4, "%s: %zu", layer->name, ip.size);
    } else {
        ck_assert_msg(!error.text[0], "%s: %s", layer->name, error.text);
        ck_assert(!packet_strip_link(layer->linktype, frame, &ip, NULL));
    }
    release(frame);
}
END_TEST

/* Cut within its headers a frame is an error with a text; behind them, what
 * is left of the IP packet is handed on. */
START_TEST(cut_frame)
{
    const struct layer *layer = &layers[_i];
    for (size_t cut = 0; cut < layer->size; cut++) {
        struct bytes ip = {0};
        struct error error = {""};
        struct bytes frame = exactly(layer->frame, cut);
        bool stripped = packet_strip_link(layer->linktype, frame, &ip, &error);
        bool expected = layer->header > 0 && cut >= layer->fixed;
        ck_assert_msg(stripped == expected, "%s cut at %zu", layer->name, cut);
        ck_assert_msg((error.text[0] != '\0') == (cut < layer->fixed),
                      "%s cut at %zu: %s", layer->name, cut, error.text);
        if (stripped && layer->header != SIZE_MAX && cut < layer->header + 4)
            ck_assert_uint_eq(ip.size, cut - layer->header);
        release(frame);
    }
}
END_TEST

START_TEST(unknown_link_type)
{
    struct bytes ip;
    struct error error;
    struct bytes frame = bytes_of(raw_4, 4);
    ck_assert(!packet_strip_link(147, frame, &ip, &error));
    ck_assert_str_eq(error.text, "link type 147 is not supported");
}
END_TEST

START_TEST(error_says_both_numbers)
{
    struct bytes ip;
    struct error error;
    ck_assert(!packet_strip_link(1, bytes_of(vlan, 13), &ip, &error));
    ck_assert_str_eq(error.text, "Ethernet: too short for header (13 < 14)");
    ck_assert(!packet_strip_link(1, bytes_of(vlan, 16), &ip, &error));
    ck_assert_str_eq(error.text, "VLAN: too short for header (2 < 4)");
}
END_TEST

/* From the frame to the IKE message: QinQ, IPv6, port 4500. */
START_TEST(frame_to_message)
{
    struct buffer buffer = {0};
    buffer_bytes(&buffer, bytes_of(qinq, 22));
    struct datagram datagram = {.payload = bytes_of("\0\0\0\0ike", 7)};
    ck_assert(address_parse("2001:db8::1", &datagram.source.address));
    ck_assert(address_parse("2001:db8::2", &datagram.destination.address));
    datagram.source.port = datagram.destination.port = PORT_IKE_NAT;
    packet_encode(&datagram, 0, &buffer);
    struct bytes ip;
    struct packet packet;
    ck_assert(packet_strip_link(1, buffer_view(&buffer), &ip, NULL));
    ck_assert(packet_decode_ip(ip, &packet, NULL));
    ck_assert_int_eq(packet.kind, PACKET_IKE);
    ck_assert(bytes_equal(packet.payload, bytes_of_string("ike")));
    buffer_free(&buffer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire/link layers");
    TCase *cases = tcase_create("link layers");
    tcase_add_loop_test(cases, whole_frame, 0, LAYERS);
    tcase_add_loop_test(cases, cut_frame, 0, LAYERS);
    tcase_add_test(cases, unknown_link_type);
    tcase_add_test(cases, error_says_both_numbers);
    tcase_add_test(cases, frame_to_message);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
