/* The oracle's rules of RFC 7296 about what comes before an IKE SA, and what is
 * said outside one. */
#include "oracle_rfc7296_support.h"

/* ---- Unknown SPIs: 1.5, 2.21.4 ---- */

static const struct ike_header unknown_header = {
    .spi_i = UINT64_C(0xabababababababab),
    .spi_r = UINT64_C(0xcdcdcdcdcdcdcdcd),
    .version = IKE_VERSION_2,
    .exchange = INFORMATIONAL,
    .message_id = 7};

static struct trace_event *of_unknown(struct story *s, enum who who,
                                      uint8_t flags,
                                      enum trace_ike_status status)
{
    struct trace_event *e = message(s, who, INFORMATIONAL, false, 7);
    e->ike.header = unknown_header;
    e->ike.header.flags = flags;
    e->ike.status = status;
    return e;
}
static struct trace_event *says_unknown(struct story *s)
{
    struct trace_event *e =
        of_unknown(s, GATEWAY, IKE_FLAG_RESPONSE, TRACE_IKE_CLEAR);
    add_notify(s, e, INVALID_IKE_SPI, NULL, 0);
    return e;
}
static void answers_unknown(struct story *s)
{
    of_unknown(s, HARNESS, IKE_FLAG_INITIATOR, TRACE_IKE_NO_KEY);
    says_unknown(s);
}
static void answers_unknown_elsewhere(struct story *s)
{
    of_unknown(s, HARNESS, IKE_FLAG_INITIATOR, TRACE_IKE_NO_KEY);
    says_unknown(s)->packet.destination.port = 500;
}
static void answers_unknown_exchange(struct story *s)
{
    of_unknown(s, HARNESS, IKE_FLAG_INITIATOR, TRACE_IKE_NO_KEY)
        ->ike.header.exchange = CREATE_CHILD_SA;
    says_unknown(s);
}
static void answers_unknown_twice(struct story *s)
{
    answers_unknown(s);
    wait_ms(s, 3000);
    says_unknown(s);
}
static void answers_unknown_response(struct story *s)
{
    of_unknown(s, HARNESS, IKE_FLAG_RESPONSE, TRACE_IKE_NO_KEY);
    says_unknown(s);
}
static void answers_hint(struct story *s, uint16_t type, uint8_t flags)
{
    struct trace_event *e = of_unknown(s, HARNESS, flags, TRACE_IKE_CLEAR);
    add_notify(s, e, type, "abcd", type == INVALID_SPI ? 4 : 0);
    says_unknown(s);
}
static void answers_invalid_ike_spi(struct story *s)
{
    answers_hint(s, INVALID_IKE_SPI, IKE_FLAG_RESPONSE);
}
static void answers_invalid_spi(struct story *s)
{
    answers_hint(s, INVALID_SPI, IKE_FLAG_INITIATOR);
}
static void flood(struct story *s, int answers)
{
    for (int i = 0; i < 120; i++) {
        struct trace_event *e =
            of_unknown(s, HARNESS, IKE_FLAG_INITIATOR, TRACE_IKE_NO_KEY);
        e->ike.header.message_id = (uint32_t)i;
        if (i < answers)
            says_unknown(s)->ike.header.message_id = (uint32_t)i;
    }
}
static void answers_some(struct story *s)
{
    flood(s, 10);
}
static void answers_all(struct story *s)
{
    flood(s, 120);
}
static void sealed_answer(struct story *s)
{
    note_run(s, "peer");
    of_unknown(s, HARNESS, IKE_FLAG_INITIATOR, TRACE_IKE_NO_KEY);
    of_unknown(s, GATEWAY, IKE_FLAG_RESPONSE, TRACE_IKE_NO_KEY);
    note_end(s);
}

/* ---- An IKE SA that lives ---- */

static void disowns(struct story *s, bool moved, bool hint)
{
    establish(s, 0, 0);
    exchange(s, GATEWAY, 2);
    if (hint) {
        struct trace_event *e = message(s, HARNESS, INFORMATIONAL, true, 3);
        e->ike.status = TRACE_IKE_CLEAR;
        add_notify(s, e, INVALID_IKE_SPI, NULL, 0);
    }
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    if (moved)
        e->packet.source.port = 1024;
    e = response(s, GATEWAY, INFORMATIONAL, 0);
    e->ike.status = TRACE_IKE_CLEAR;
    add_notify(s, e, INVALID_IKE_SPI, NULL, 0);
    if (moved)
        e->packet.destination.port = 1024;
}
static void forgets(struct story *s)
{
    disowns(s, false, false);
}
/* Nothing was restarted, says the record. */
static void forgets_on_record(struct story *s)
{
    note_run(s, "peer");
    disowns(s, false, false);
    note_end(s);
}
static void forgets_for_a_hint(struct story *s)
{
    disowns(s, false, true);
}
static void forgets_for_a_clear_delete(struct story *s)
{
    establish(s, 0, 0);
    exchange(s, GATEWAY, 2);
    struct trace_event *e = asks_delete(s, HARNESS, 0, 0);
    e->ike.status = TRACE_IKE_CLEAR;
    request(s, HARNESS, INFORMATIONAL, 0);
    e = response(s, GATEWAY, INFORMATIONAL, 0);
    e->ike.status = TRACE_IKE_CLEAR;
    add_notify(s, e, INVALID_IKE_SPI, NULL, 0);
}
static void forgets_after_delete(struct story *s)
{
    establish(s, 0, 0);
    asks_delete(s, GATEWAY, 2, 0);
    deletes(s, HARNESS, 2, 0);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    e = response(s, GATEWAY, INFORMATIONAL, 0);
    e->ike.status = TRACE_IKE_CLEAR;
    add_notify(s, e, INVALID_IKE_SPI, NULL, 0);
}
static void hinted(struct story *s, int checks)
{
    establish(s, 0, 0);
    for (int i = 0; i < 120; i++) {
        struct trace_event *e = message(s, HARNESS, INFORMATIONAL, true, 900);
        e->ike.status = TRACE_IKE_CLEAR;
        add_notify(s, e, INVALID_IKE_SPI, NULL, 0);
        if (i < checks)
            exchange(s, GATEWAY, 2 + (uint32_t)i);
    }
}
static void checks_some(struct story *s)
{
    hinted(s, 3);
}
static void checks_all(struct story *s)
{
    hinted(s, 120);
}
static void strays(struct story *s, int told)
{
    establish(s, 0, 0);
    for (uint32_t i = 0; i < 120; i++) {
        request(s, HARNESS, INFORMATIONAL, 500 + i);
        if (i >= (uint32_t)told)
            continue;
        uint8_t data[4];
        write_u32(data, 500 + i);
        add_notify(s, request(s, GATEWAY, INFORMATIONAL, 2 + i),
                   INVALID_MESSAGE_ID, data, 4);
        response(s, HARNESS, INFORMATIONAL, 2 + i);
    }
}
static void tells_some(struct story *s)
{
    strays(s, 2);
}
static void tells_all(struct story *s)
{
    strays(s, 120);
}

START_TEST(outside)
{
    static const struct told rows[] = {
        {answers_unknown, "RFC7296-2.21.4-03", VERDICT_PASS},
        {answers_unknown, "RFC7296-1.5-04", VERDICT_PASS},
        {answers_unknown, "RFC7296-2.1-11", VERDICT_PASS},
        {answers_unknown_elsewhere, "RFC7296-2.21.4-03", VERDICT_FAIL},
        {answers_unknown_exchange, "RFC7296-1.5-04", VERDICT_FAIL},
        {answers_unknown_twice, "RFC7296-2.1-11", VERDICT_WARNING},
        {answers_unknown_response, "RFC7296-2.21.4-01", VERDICT_FAIL},
        {answers_invalid_ike_spi, "RFC7296-2.21.4-05", VERDICT_FAIL},
        {answers_invalid_spi, "RFC7296-1.5-03", VERDICT_FAIL},
        {answers_some, "RFC7296-2.21.4-08", VERDICT_PASS},
        {answers_all, "RFC7296-2.21.4-08", VERDICT_WARNING},
        {sealed_answer, "RFC7296-2.21.4-04", VERDICT_FAIL},
        {forgets, "RFC7296-2.4-17", VERDICT_INCONCLUSIVE},
        {forgets_on_record, "RFC7296-2.4-17", VERDICT_WARNING},
        {forgets_for_a_hint, "RFC7296-2.21.4-06", VERDICT_FAIL},
        {forgets_for_a_clear_delete, "RFC7296-2.4-05", VERDICT_FAIL},
        {forgets_after_delete, "RFC7296-2.4-17", VERDICT_PASS},
        {checks_some, "RFC7296-2.4-09", VERDICT_PASS},
        {checks_all, "RFC7296-2.4-09", VERDICT_WARNING},
        {tells_some, "RFC7296-2.3-15", VERDICT_PASS},
        {tells_all, "RFC7296-2.3-15", VERDICT_WARNING},
    };
    CHECK_TOLD(rows);
}
END_TEST

/* It lives on, so that both are wrong. */
START_TEST(found_by_address)
{
    struct story s;
    story_init(&s);
    disowns(&s, true, false);
    exchange(&s, GATEWAY, 3);
    struct oracle *oracle = judge_story(&s);
    ck_assert_uint_eq(count_findings(oracle, "RFC7296-2.6-02", VERDICT_FAIL),
                      1);
    ck_assert_uint_eq(count_findings(oracle, NULL, VERDICT_FAIL), 1);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

/* ---- IKE_SA_INIT ---- */

static struct trace_event *init_request(struct story *s)
{
    s->gateway_responds = true;
    struct trace_event *e = request(s, HARNESS, IKE_SA_INIT, 0);
    add_sa(s, e, PROTOCOL_IKE, 0, ENCR_AES_GCM_16);
    return e;
}
static struct trace_event *init_response(struct story *s)
{
    struct trace_event *e = response(s, GATEWAY, IKE_SA_INIT, 0);
    add_sa(s, e, PROTOCOL_IKE, 0, ENCR_AES_GCM_16);
    return e;
}
static void answers_init(struct story *s)
{
    struct trace_event *ask = init_request(s);
    struct trace_event *answer = init_response(s);
    wait_ms(s, 500);
    again(s, ask);
    again(s, answer);
}
static void answers_init_anew(struct story *s)
{
    struct trace_event *ask = init_request(s);
    init_response(s);
    wait_ms(s, 500);
    again(s, ask);
    s->spi_r++;
    init_response(s);
}
static void answers_init_elsewhere(struct story *s)
{
    init_request(s);
    init_response(s)->packet.destination.port = 500;
}
static void version_3(struct story *s, bool taken)
{
    init_request(s)->ike.header.version = 0x30;
    if (taken) {
        init_response(s);
        return;
    }
    struct trace_event *e = response(s, GATEWAY, IKE_SA_INIT, 0);
    e->ike.header.spi_r = 0;
    add_notify(s, e, INVALID_MAJOR_VERSION, NULL, 0);
}
static void version_3_refused(struct story *s)
{
    version_3(s, false);
}
static void version_3_taken(struct story *s)
{
    version_3(s, true);
}
static void two_of_one_spi(struct story *s, bool same)
{
    s->gateway_responds = true;
    establish(s, 0, 0);
    add_sa(s, s->events[1], PROTOCOL_IKE, 0, ENCR_AES_GCM_16);
    s->spi_i++;
    if (!same)
        s->spi_r++;
    init_request(s);
    init_response(s);
}
static void two_spis(struct story *s)
{
    two_of_one_spi(s, false);
}
static void one_spi_twice(struct story *s)
{
    two_of_one_spi(s, true);
}

/* ---- NATs, ports ---- */

/* The harness's hashes fit nothing, so that the gateway finds a NAT. */
static void natted(struct story *s)
{
    establish(s, 0, 0);
    for (int i = 0; i < 2; i++) {
        add_notify(s, s->events[i], NAT_DETECTION_SOURCE_IP,
                   "not a hash of this..", 20);
        add_notify(s, s->events[i], NAT_DETECTION_DESTINATION_IP,
                   "not a hash of this..", 20);
    }
    s->events[2]->packet.in_udp = true;
}
static void goes_to_4500(struct story *s)
{
    natted(s);
    esp(s, GATEWAY, 1, 1)->packet.in_udp = true;
}
static void plain_esp(struct story *s)
{
    natted(s);
    esp(s, GATEWAY, 1, 1);
}
static void stays_on_500(struct story *s)
{
    natted(s);
    s->events[2]->packet.source.port = s->events[2]->packet.destination.port =
        PORT_IKE;
}
static void no_marker(struct story *s)
{
    uint8_t octets[IKE_HEADER_SIZE];
    establish(s, 0, 0);
    struct ike_header header = {.spi_i = s->spi_i,
                                .spi_r = s->spi_r,
                                .version = IKE_VERSION_2,
                                .exchange = INFORMATIONAL,
                                .flags = IKE_FLAG_INITIATOR,
                                .message_id = 2,
                                .length = IKE_HEADER_SIZE};
    ike_header_encode(&header, octets);
    struct trace_event *e = esp(s, GATEWAY, 1, 1);
    e->packet.in_udp = true;
    e->esp.status = TRACE_ESP_NO_KEY;
    e->esp.octets = arena_copy(&s->arena, bytes_of(octets, sizeof octets));
    e->esp.packet.spi = read_u32(octets);
}
static void esp_on_500(struct story *s)
{
    establish(s, 0, 0);
    struct trace_event *e = add_event(s, TRACE_IKE, GATEWAY);
    e->packet.kind = PACKET_IKE;
    e->packet.source.port = e->packet.destination.port = PORT_IKE;
    e->packet.payload = bytes_of("\x48\0\0\1\0\0\0\1........", 16);
    e->ike.status = TRACE_IKE_MALFORMED;
}

START_TEST(initial)
{
    static const struct told rows[] = {
        {answers_init, "RFC7296-2.1-10", VERDICT_PASS},
        {answers_init_anew, "RFC7296-2.1-10", VERDICT_FAIL},
        {answers_init, "RFC7296-2.23-01", VERDICT_PASS},
        {answers_init_elsewhere, "RFC7296-2.23-01", VERDICT_FAIL},
        {version_3_refused, "RFC7296-2.5-01", VERDICT_PASS},
        {version_3_taken, "RFC7296-2.5-01", VERDICT_FAIL},
        {two_spis, "RFC7296-2.6-01", VERDICT_PASS},
        {one_spi_twice, "RFC7296-2.6-01", VERDICT_FAIL},
        {goes_to_4500, "RFC7296-2.23-06", VERDICT_PASS},
        {goes_to_4500, "RFC7296-2.23-02", VERDICT_PASS},
        {stays_on_500, "RFC7296-2.23-06", VERDICT_FAIL},
        {plain_esp, "RFC7296-2.23-02", VERDICT_FAIL},
        {no_marker, "RFC7296-2-01", VERDICT_FAIL},
        {esp_on_500, "RFC7296-2.23-03", VERDICT_FAIL},
    };
    CHECK_TOLD(rows);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("outside");
    tcase_add_test(cases, outside);
    tcase_add_test(cases, found_by_address);
    tcase_add_test(cases, initial);
    return run_cases("oracle_rfc7296_outside", cases);
}
