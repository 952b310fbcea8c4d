/* The oracle's rules of RFC 7296 2.7, 2.9, 2.10: offers and choices. */
#include "oracle_rfc7296_support.h"

static void add_proposals(struct story *s, struct trace_event *e, uint32_t spi,
                          const struct ike_proposal *proposals, size_t count)
{
    struct ike_sa_payload *sa = arena_take(&s->arena, sizeof *sa);
    uint8_t octets[4];
    struct buffer body = {0};
    write_u32(octets, spi);
    sa->count = count;
    for (size_t i = 0; i < count; i++) {
        sa->proposals[i] = proposals[i];
        sa->proposals[i].protocol = PROTOCOL_ESP;
        sa->proposals[i].spi = bytes_of(octets, 4);
    }
    ike_sa_encode(sa, &body);
    add_payload(s, e, PAYLOAD_SA, buffer_view(&body));
    buffer_free(&body);
}

#define GCM(bits)                                                              \
    {                                                                          \
        .type = TRANSFORM_ENCR, .id = ENCR_AES_GCM_16, .key_length = (bits)    \
    }
#define GROUP(number)                                                          \
    {                                                                          \
        .type = TRANSFORM_KE, .id = (number)                                   \
    }

/* What is offered: 1 with 128 or 256 bits and groups 19 and 31, 2 with 192. */
static struct trace_event *offers(struct story *s)
{
    static const struct ike_proposal offer[] = {
        {.number = 1,
         .count = 4,
         .transforms = {GCM(256), GCM(128), GROUP(31), GROUP(19)}},
        {.number = 2, .count = 2, .transforms = {GCM(192), GROUP(31)}},
    };
    establish(s, 0, 0);
    struct trace_event *e = request(s, HARNESS, CREATE_CHILD_SA, 0);
    add_proposals(s, e, NEW_OF_HARNESS, offer, 2);
    add_nonce(s, e, 3);
    add_payload(s, e, PAYLOAD_KE, bytes_of("\0\37\0\0public", 10));
    return e;
}
static void chooses(struct story *s, const struct ike_proposal *choice,
                    size_t count, const char *method)
{
    offers(s);
    struct trace_event *e = response(s, GATEWAY, CREATE_CHILD_SA, 0);
    add_proposals(s, e, NEW_OF_GATEWAY, choice, count);
    add_nonce(s, e, 4);
    add_payload(s, e, PAYLOAD_KE, bytes_of(method, 10));
}
static void chooses_one(struct story *s)
{
    static const struct ike_proposal choice[] = {
        {.number = 1, .count = 2, .transforms = {GCM(128), GROUP(31)}}};
    chooses(s, choice, 1, "\0\37\0\0public");
}
static void chooses_other_number(struct story *s)
{
    static const struct ike_proposal choice[] = {
        {.number = 3, .count = 2, .transforms = {GCM(128), GROUP(31)}}};
    chooses(s, choice, 1, "\0\37\0\0public");
}
static void chooses_other_length(struct story *s)
{
    static const struct ike_proposal choice[] = {
        {.number = 1, .count = 2, .transforms = {GCM(192), GROUP(31)}}};
    chooses(s, choice, 1, "\0\37\0\0public");
}
static void chooses_both_lengths(struct story *s)
{
    static const struct ike_proposal choice[] = {
        {.number = 1,
         .count = 3,
         .transforms = {GCM(256), GCM(128), GROUP(31)}}};
    chooses(s, choice, 1, "\0\37\0\0public");
}
static void chooses_both_proposals(struct story *s)
{
    static const struct ike_proposal choice[] = {
        {.number = 1, .count = 2, .transforms = {GCM(256), GROUP(31)}},
        {.number = 2, .count = 2, .transforms = {GCM(192), GROUP(31)}}};
    chooses(s, choice, 2, "\0\37\0\0public");
}
static void answers_other_method(struct story *s)
{
    static const struct ike_proposal choice[] = {
        {.number = 1, .count = 2, .transforms = {GCM(128), GROUP(31)}}};
    chooses(s, choice, 1, "\0\23\0\0public");
}
static void asks_for_method(struct story *s, const char *method)
{
    offers(s);
    add_notify(s, response(s, GATEWAY, CREATE_CHILD_SA, 0), INVALID_KE_PAYLOAD,
               method, 2);
}
static void asks_for_offered(struct story *s)
{
    asks_for_method(s, "\0\23");
}
static void asks_for_sent(struct story *s)
{
    asks_for_method(s, "\0\37");
}
static void asks_for_none(struct story *s)
{
    asks_for_method(s, "\0\16");
}
static void short_nonce(struct story *s)
{
    establish(s, 0, 0);
    struct trace_event *e = request(s, GATEWAY, CREATE_CHILD_SA, 2);
    add_sa(s, e, PROTOCOL_ESP, NEW_OF_GATEWAY, ENCR_AES_GCM_16);
    add_payload(s, e, PAYLOAD_NONCE, bytes_of("0123456789abcde", 15));
}

START_TEST(proposals)
{
    static const struct told rows[] = {
        {chooses_one, "RFC7296-2.7-01", VERDICT_PASS},
        {chooses_other_number, "RFC7296-2.7-01", VERDICT_FAIL},
        {chooses_other_length, "RFC7296-2.7-01", VERDICT_FAIL},
        {chooses_both_lengths, "RFC7296-2.7-01", VERDICT_FAIL},
        {chooses_both_proposals, "RFC7296-2.7-01", VERDICT_FAIL},
        {chooses_one, "RFC7296-2.7-02", VERDICT_PASS},
        {answers_other_method, "RFC7296-2.7-02", VERDICT_FAIL},
        {asks_for_offered, "RFC7296-2.7-02", VERDICT_PASS},
        {asks_for_sent, "RFC7296-2.7-02", VERDICT_FAIL},
        {asks_for_none, "RFC7296-2.7-02", VERDICT_FAIL},
        {chooses_one, "RFC7296-2.10-01", VERDICT_PASS},
        {short_nonce, "RFC7296-2.10-01", VERDICT_FAIL},
    };
    CHECK_TOLD(rows);
}
END_TEST

/* ---- Traffic Selectors ---- */

/* 10.0.0.FIRST to LAST, TCP if `tcp`, ports from 0 to `port`. */
static void add_ts(struct story *s, struct trace_event *e, uint8_t type,
                   uint8_t first, uint8_t last, bool tcp, uint16_t port)
{
    struct ike_ts_payload *ts = arena_take(&s->arena, sizeof *ts);
    struct buffer body = {0};
    ts->count = 1;
    ts->selectors[0] = (struct ike_ts){.type = TS_IPV4_ADDR_RANGE,
                                       .protocol = tcp ? 6 : 0,
                                       .last_port = port,
                                       .first = {4, {10, 0, 0, first}},
                                       .last = {4, {10, 0, 0, last}}};
    ike_ts_encode(ts, &body);
    add_payload(s, e, type, buffer_view(&body));
    buffer_free(&body);
}
static void narrows(struct story *s, uint8_t first, uint8_t last, bool tcp,
                    uint16_t port)
{
    establish(s, 0, 0);
    struct trace_event *e = asks_child(s, HARNESS, 0, NEW_OF_HARNESS);
    add_ts(s, e, PAYLOAD_TSI, 10, 20, true, 1000);
    add_ts(s, e, PAYLOAD_TSR, 0, 255, false, 65535);
    e = grants_child(s, GATEWAY, 0, NEW_OF_GATEWAY, 1);
    add_ts(s, e, PAYLOAD_TSI, first, last, tcp, port);
    add_ts(s, e, PAYLOAD_TSR, 4, 4, true, 80);
}
static void subset(struct story *s)
{
    narrows(s, 12, 20, true, 80);
}
static void more_addresses(struct story *s)
{
    narrows(s, 12, 21, true, 80);
}
static void more_ports(struct story *s)
{
    narrows(s, 12, 20, true, 1001);
}
static void more_protocols(struct story *s)
{
    narrows(s, 12, 20, false, 80);
}

START_TEST(selectors)
{
    static const struct told rows[] = {
        {subset, "RFC7296-2.9-01", VERDICT_PASS},
        {more_addresses, "RFC7296-2.9-01", VERDICT_FAIL},
        {more_ports, "RFC7296-2.9-01", VERDICT_FAIL},
        {more_protocols, "RFC7296-2.9-01", VERDICT_FAIL},
    };
    CHECK_TOLD(rows);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("offers");
    tcase_add_test(cases, proposals);
    tcase_add_test(cases, selectors);
    return run_cases("oracle_rfc7296_offers", cases);
}
