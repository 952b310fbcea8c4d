/* The oracle's rules of RFC 7296 2.23 and 2.8: addresses that change, and what
 * stays as it is. */
#include "oracle_rfc7296_support.h"

/* NAT_DETECTION as RFC 7296 2.23 has it; of the destination only if `right`. */
static void add_detection(struct story *s, struct trace_event *e, bool right)
{
    for (int i = 0; i < 2; i++) {
        const struct endpoint *at =
            i ? &e->packet.destination : &e->packet.source;
        struct buffer data = {0};
        uint8_t digest[20];
        buffer_u64(&data, e->ike.header.spi_i);
        buffer_u64(&data, e->ike.header.spi_r);
        buffer_bytes(&data, bytes_of(at->address.octets, 4));
        buffer_u16(&data, (uint16_t)(at->port + (i && !right)));
        hash_sha1(s->crypto, buffer_view(&data), digest);
        buffer_free(&data);
        add_notify(s, e,
                   i ? NAT_DETECTION_DESTINATION_IP : NAT_DETECTION_SOURCE_IP,
                   digest, sizeof digest);
    }
}

/* The harness comes from another port, and is answered there. */
static void moved(struct story *s, bool nat)
{
    establish(s, 0, 0);
    add_detection(s, s->events[0], true);
    add_detection(s, s->events[1], !nat);
    exchange(s, HARNESS, 0);
    request(s, HARNESS, INFORMATIONAL, 1)->packet.source.port = 1024;
    response(s, GATEWAY, INFORMATIONAL, 1)->packet.destination.port = 1024;
    wait_ms(s, 2000);
}
static void follows(struct story *s)
{
    moved(s, false);
    request(s, GATEWAY, INFORMATIONAL, 2)->packet.destination.port = 1024;
}
static void stays(struct story *s)
{
    moved(s, false);
    request(s, GATEWAY, INFORMATIONAL, 2);
}
static void stays_behind_nat(struct story *s)
{
    moved(s, true);
    request(s, GATEWAY, INFORMATIONAL, 2);
}
static void follows_behind_nat(struct story *s)
{
    moved(s, true);
    request(s, GATEWAY, INFORMATIONAL, 2)->packet.destination.port = 1024;
}
static void with_mobike(struct story *s)
{
    moved(s, false);
    add_notify(s, s->events[2], MOBIKE_SUPPORTED, NULL, 0);
    request(s, GATEWAY, INFORMATIONAL, 2);
}
static void replayed(struct story *s, uint16_t port)
{
    establish(s, 0, 0);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    response(s, GATEWAY, INFORMATIONAL, 0);
    wait_ms(s, 500);
    again(s, e)->packet.source.port = 1024;
    wait_ms(s, 2000);
    request(s, GATEWAY, INFORMATIONAL, 2)->packet.destination.port = port;
}
static void ignores_replay(struct story *s)
{
    replayed(s, PORT_IKE_NAT);
}
static void follows_replay(struct story *s)
{
    replayed(s, 1024);
}

/* ---- Transport mode behind a NAT ---- */

static void transport(struct story *s, uint8_t last)
{
    establish(s, 0, 0);
    add_detection(s, s->events[0], true);
    add_detection(s, s->events[1], false);
    struct trace_event *e = asks_child(s, GATEWAY, 2, NEW_OF_GATEWAY);
    add_notify(s, e, USE_TRANSPORT_MODE, NULL, 0);
    for (int i = 0; i < 2; i++) {
        struct ike_ts_payload *ts = arena_take(&s->arena, sizeof *ts);
        struct buffer body = {0};
        ts->count = 1;
        ts->selectors[0] = (struct ike_ts){.type = TS_IPV4_ADDR_RANGE,
                                           .last_port = 65535,
                                           .first = {4, {10, 0, 0, 1}},
                                           .last = {4, {10, 0, 0, last}}};
        ike_ts_encode(ts, &body);
        add_payload(s, e, i ? PAYLOAD_TSR : PAYLOAD_TSI, buffer_view(&body));
        buffer_free(&body);
    }
}
static void one_address(struct story *s)
{
    transport(s, 1);
}
static void two_addresses(struct story *s)
{
    transport(s, 2);
}

/* ---- What a rekey keeps, and a loss ---- */

static void rekeys(struct story *s, uint16_t encr)
{
    establish(s, 0, 0);
    struct trace_event *e = request(s, GATEWAY, CREATE_CHILD_SA, 2);
    add_rekey_sa(s, e, SPI_OF_GATEWAY);
    add_sa(s, e, PROTOCOL_ESP, NEW_OF_GATEWAY, encr);
    add_nonce(s, e, 1);
}
static void same_algorithms(struct story *s)
{
    rekeys(s, ENCR_AES_GCM_16);
}
static void other_algorithms(struct story *s)
{
    rekeys(s, ENCR_AES_CBC);
}
static void reports_own_spi(struct story *s)
{
    establish(s, 0, 0);
    add_notify(s, request(s, HARNESS, INFORMATIONAL, 0), SET_WINDOW_SIZE,
               "\0\0\0\3", 4);
    response(s, GATEWAY, INFORMATIONAL, 0);
    asks_child(s, GATEWAY, 2, NEW_OF_GATEWAY);
    add_notify(s, request(s, GATEWAY, INFORMATIONAL, 3), INVALID_SPI,
               "\x47\0\0\2", 4);
}

START_TEST(moves)
{
    static const struct told rows[] = {
        {follows, "RFC7296-2.23-08", VERDICT_PASS},
        {stays, "RFC7296-2.23-08", VERDICT_WARNING},
        {with_mobike, NULL, VERDICT_NONE},
        {stays_behind_nat, "RFC7296-2.23-09", VERDICT_PASS},
        {follows_behind_nat, "RFC7296-2.23-09", VERDICT_WARNING},
        {ignores_replay, "RFC7296-2.23-10", VERDICT_PASS},
        {follows_replay, "RFC7296-2.23-10", VERDICT_FAIL},
        {one_address, "RFC7296-2.23-11", VERDICT_PASS},
        {two_addresses, "RFC7296-2.23-11", VERDICT_FAIL},
        {same_algorithms, "RFC7296-2.8-03", VERDICT_PASS},
        {other_algorithms, "RFC7296-2.8-03", VERDICT_WARNING},
        {reports_own_spi, "RFC7296-2.8-10", VERDICT_WARNING},
    };
    CHECK_TOLD(rows);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("moves");
    tcase_add_test(cases, moves);
    return run_cases("oracle_rfc7296_moves", cases);
}
