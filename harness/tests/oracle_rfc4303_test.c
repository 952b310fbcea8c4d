/* The oracle's rules of RFC 4303, RFC 4106, RFC 7634 and RFC 5282. */
#include "oracle_story.h"

static void flow(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 1, 60);
}
static void gaps(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 1, 10);
    esp_run(s, GATEWAY, 1000, 1010);
    esp_run(s, GATEWAY, 1u << 30, (1u << 30) + 5);
}
static void shuffled(struct story *s)
{
    establish(s, 0, 0);
    for (uint32_t n = 40; n; n--)
        esp(s, GATEWAY, n, 1);
}
static void repeated(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 1, 10);
    set_iv(s, esp(s, GATEWAY, 7, 99), 4711);
}
static void repeated_after_many(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 1, 200);
    for (uint32_t n = 5; n < 105; n++)
        set_iv(s, esp(s, GATEWAY, n, 99), 4711 + n);
}
static void fell_back(struct story *s)
{
    establish(s, 0, 0);
    esp(s, GATEWAY, 100000, 1);
    wait_ms(s, 2000);
    esp_run(s, GATEWAY, 1, 40);
}
static void duplicated(struct story *s)
{
    establish(s, 0, 0);
    for (uint32_t n = 1; n < 20; n++)
        again(s, esp(s, GATEWAY, n, 1));
}
static void harness_repeats(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 1, 10);
    esp_run(s, HARNESS, 1, 10);
    esp(s, HARNESS, 7, 99);
}
static void constant(struct story *s)
{
    establish(s, 0, 0);
    esp(s, GATEWAY, 1, 1);
    set_iv(s, esp(s, GATEWAY, 1, 2), 2);
}
static void zero(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 0, 10);
}
static void cycles(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, UINT32_MAX - 3, UINT32_MAX - 1);
    esp(s, GATEWAY, UINT32_MAX, 1);
    wait_ms(s, 300);
    esp(s, GATEWAY, 5, 1);
}
/* ESN, with a key: the trace gives 64 bits. */
static void esn_goes_on(struct story *s)
{
    establish(s, 0, 0);
    for (uint64_t n = UINT32_MAX - 10; n < (uint64_t)UINT32_MAX + 10; n++) {
        struct trace_event *e = esp(s, GATEWAY, (uint32_t)n, (uint8_t)n);
        e->esp.esn = true;
        e->esp.sequence = n;
        wait_ms(s, 100);
    }
}
static void spi_zero(struct story *s)
{
    establish(s, 0, 0);
    struct trace_event *e = esp(s, GATEWAY, 1, 1);
    e->kind = TRACE_OTHER;
    e->packet.payload =
        arena_copy(&s->arena, bytes_of("\0\0\0\0\0\0\0\1abcd", 12));
}
static void chooses(struct story *s, uint32_t spi)
{
    establish(s, 0, 0);
    struct trace_event *e = request(s, GATEWAY, CREATE_CHILD_SA, 2);
    add_sa(s, e, PROTOCOL_ESP, spi, ENCR_AES_GCM_16);
}
static void chooses_zero(struct story *s)
{
    chooses(s, 0);
}
static void chooses_reserved(struct story *s)
{
    chooses(s, 255);
}

START_TEST(sequence_numbers)
{
    conforms(flow, "RFC4303-2.2-01");
    conforms(flow, "RFC4303-3.3.3-01");
    conforms(gaps, "RFC4303-2.2-01");
    conforms(shuffled, "RFC4303-2.2-01");
    conforms(duplicated, "RFC4303-2.2-01");
    conforms(harness_repeats, "RFC4303-2.2-01");
    conforms(esn_goes_on, "RFC4303-2.2-01");
    violates(repeated, "RFC4303-2.2-01", VERDICT_FAIL);
    violates(constant, "RFC4303-2.2-02", VERDICT_FAIL);
    violates(fell_back, "RFC4303-2.2-01", VERDICT_FAIL);
    violates(zero, "RFC4303-3.3.3-01", VERDICT_FAIL);
    violates(cycles, "RFC4303-3.3.3-02", VERDICT_FAIL);
}
END_TEST

/* A second pair, in which the gateway takes `spi`. */
static void second_pair(struct story *s, uint32_t spi, bool deleted)
{
    establish(s, 0, 0);
    if (deleted) {
        uint8_t body[8] = {PROTOCOL_ESP, 4, 0, 1};
        struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
        write_u32(body + 4, SPI_OF_HARNESS);
        add_payload(s, e, PAYLOAD_DELETE, bytes_of(body, 8));
        e = response(s, GATEWAY, INFORMATIONAL, 0);
        write_u32(body + 4, SPI_OF_GATEWAY);
        add_payload(s, e, PAYLOAD_DELETE, bytes_of(body, 8));
    }
    struct trace_event *e = request(s, GATEWAY, CREATE_CHILD_SA, 2);
    add_sa(s, e, PROTOCOL_ESP, spi, ENCR_AES_GCM_16);
    e = response(s, HARNESS, CREATE_CHILD_SA, 2);
    add_sa(s, e, PROTOCOL_ESP, 0x48000007, ENCR_AES_GCM_16);
}
static void another_spi(struct story *s)
{
    second_pair(s, 0x47000002, false);
}
static void spi_of_a_deleted_pair(struct story *s)
{
    second_pair(s, SPI_OF_GATEWAY, true);
}
static void spi_in_use(struct story *s)
{
    second_pair(s, SPI_OF_GATEWAY, false);
}

START_TEST(spis)
{
    conforms(another_spi, "RFC4301-4.4.2.1-01");
    passes(spi_of_a_deleted_pair);
    violates(spi_in_use, "RFC4301-4.4.2.1-01", VERDICT_FAIL);
    conforms(flow, "RFC4303-2.1-02");
    violates(spi_zero, "RFC4303-2.1-02", VERDICT_FAIL);
    violates(chooses_zero, "RFC4303-2.1-02", VERDICT_FAIL);
    violates(chooses_reserved, "RFC4303-2.1-02", VERDICT_WARNING);
}
END_TEST

/* Few findings, many counted. */
START_TEST(many_repeats)
{
    struct story s;
    story_init(&s);
    repeated_after_many(&s);
    struct oracle *oracle = judge_story(&s);
    size_t found = count_findings(oracle, "RFC4303-2.2-01", VERDICT_FAIL);
    ck_assert_uint_ge(found, 1);
    ck_assert_uint_le(found, 8);
    for (size_t i = 0; i < oracle_tally_count(oracle); i++)
        if (strcmp(oracle_tally(oracle, i)->clause->id, "RFC4303-2.2-01") == 0)
            ck_assert_uint_gt(oracle_tally(oracle, i)->failed, found);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

/* A counter that falls back after very many packets is found with the memory
 * of a few hundred. */
START_TEST(bounded_memory)
{
    struct story s;
    struct trace_event *e;
    story_init(&s);
    struct oracle *oracle = oracle_new(NULL);
    e = esp(&s, GATEWAY, 1, 1);
    uint8_t octets[16] = {0};
    for (uint32_t n = 1; n <= 300000; n++) {
        uint32_t sequence = n <= 200000 ? n : n - 150000;
        write_u32(octets, SPI_OF_HARNESS);
        write_u32(octets + 4, sequence);
        write_u32(octets + 8, n);
        e->frame = n;
        e->time += NS_PER_MS;
        e->esp.octets = bytes_of(octets, sizeof octets);
        e->esp.packet.sequence = sequence;
        e->esp.status = TRACE_ESP_NO_KEY;
        oracle_event(oracle, e);
    }
    oracle_finish(oracle, true);
    size_t found = count_findings(oracle, "RFC4303-2.2-01", VERDICT_FAIL);
    ck_assert_uint_ge(found, 1);
    ck_assert(oracle_finding(oracle, 0)->inferred);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

/* Without keys a fall through half of the range may be ESN. */
START_TEST(wire_only_wrap)
{
    struct story s;
    story_init(&s);
    establish(&s, 0, 0);
    esp(&s, GATEWAY, 4, 1);
    esp(&s, GATEWAY, UINT32_MAX - 1, 1);
    esp(&s, GATEWAY, UINT32_MAX, 1);
    wait_ms(&s, 3000);
    esp_run(&s, GATEWAY, 1, 30);
    shut(&s, true);
    struct oracle *oracle = judge_story(&s);
    check_clean(oracle);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

/* ---- ESN ---- */

static void add_sa_with_esn(struct story *s, struct trace_event *e,
                            uint32_t spi, bool esn)
{
    struct ike_sa_payload *sa = arena_take(&s->arena, sizeof *sa);
    uint8_t octets[4];
    struct buffer body = {0};
    write_u32(octets, spi);
    sa->count = 1;
    sa->proposals[0] = (struct ike_proposal){
        .number = 1,
        .protocol = PROTOCOL_ESP,
        .spi = bytes_of(octets, 4),
        .count = 2,
        .transforms = {
            {.type = TRANSFORM_ENCR, .id = ENCR_AES_GCM_16, .key_length = 256},
            {.type = TRANSFORM_ESN, .id = esn}}};
    ike_sa_encode(sa, &body);
    add_payload(s, e, PAYLOAD_SA, buffer_view(&body));
    buffer_free(&body);
}
static void flow_with(struct story *s, bool negotiated, bool used)
{
    establish(s, 0, 0);
    add_sa_with_esn(s, request(s, GATEWAY, CREATE_CHILD_SA, 2), 0x47000002,
                    negotiated);
    add_sa_with_esn(s, response(s, HARNESS, CREATE_CHILD_SA, 2), 0x48000002,
                    negotiated);
    for (uint32_t n = 1; n < 5; n++) {
        struct trace_event *e = esp(s, GATEWAY, n, 1);
        e->esp.packet.spi = 0x48000002;
        e->esp.esn = used;
    }
}
static void with_esn(struct story *s)
{
    flow_with(s, true, true);
}
static void without_esn(struct story *s)
{
    flow_with(s, false, false);
}
static void esn_not_negotiated(struct story *s)
{
    flow_with(s, false, true);
    s->count -= 3;
}
static void esn_not_used(struct story *s)
{
    flow_with(s, true, false);
    s->count -= 3;
}

/* Past 2^32, with a high half that grows, or not. */
static void crosses(struct story *s, bool grows)
{
    establish(s, 0, 0);
    esp(s, GATEWAY, UINT32_MAX - 1, 1)->esp.esn = true;
    esp(s, GATEWAY, UINT32_MAX, 1)->esp.esn = true;
    wait_ms(s, 2000);
    for (uint32_t n = 0; n < 20; n++) {
        struct trace_event *e = esp(s, GATEWAY, n, 1);
        e->esp.esn = true;
        e->esp.sequence += grows ? UINT64_C(1) << 32 : 0;
    }
}
static void high_grows(struct story *s)
{
    crosses(s, true);
}
static void high_stays(struct story *s)
{
    crosses(s, false);
    /* 0 is a matter of its own. */
    memmove(s->events + 6, s->events + 7, (s->count - 7) * sizeof s->events[0]);
    s->count--;
}

START_TEST(extended)
{
    conforms(high_grows, "RFC4303-2.2.1-03");
    violates(high_stays, "RFC4303-2.2.1-03", VERDICT_FAIL);
    conforms(with_esn, "RFC4303-2.2.1-01");
    conforms(without_esn, "RFC4303-2.2.1-01");
    violates(esn_not_negotiated, "RFC4303-2.2.1-01", VERDICT_FAIL);
    violates(esn_not_used, "RFC4303-2.2.1-01", VERDICT_FAIL);
}
END_TEST

/* ---- IVs ---- */

static void iv_repeated(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 1, 10);
    set_iv(s, esp(s, GATEWAY, 11, 1), 5);
}
static void iv_repeated_chacha(struct story *s)
{
    establish(s, 0, 0);
    for (size_t i = 2; i < 4; i++) {
        s->events[i]->ike.message.count = 0;
        add_payload(s, s->events[i], PAYLOAD_AUTH, bytes_of("\2\0\0\0x", 5));
        add_sa(s, s->events[i], PROTOCOL_ESP,
               i == 2 ? SPI_OF_GATEWAY : SPI_OF_HARNESS,
               ENCR_CHACHA20_POLY1305);
    }
    esp_run(s, GATEWAY, 1, 10);
    set_iv(s, esp(s, GATEWAY, 11, 1), 5);
}
/* A mask per sender and other orders are all fine. */
static void iv_masked(struct story *s)
{
    establish(s, 0, 0);
    for (uint32_t n = 1; n < 100; n++)
        set_iv(s, esp(s, GATEWAY, n, 1),
               (uint64_t)n ^ UINT64_C(0xa5a5a5a5deadbeef));
}
static struct trace_event *sealed(struct story *s, uint32_t id, uint8_t iv)
{
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, id);
    uint8_t octets[8] = {iv};
    e->ike.counter_mode = true;
    e->ike.iv = arena_copy(&s->arena, bytes_of(octets, 8));
    return e;
}
static void ike_iv(struct story *s)
{
    establish(s, 0, 0);
    for (uint32_t id = 2; id < 6; id++) {
        again(s, sealed(s, id, (uint8_t)id));
        response(s, HARNESS, INFORMATIONAL, id);
    }
}
static void ike_iv_repeated(struct story *s)
{
    ike_iv(s);
    sealed(s, 6, 3);
}

START_TEST(ivs)
{
    conforms(flow, "RFC4106-3.1-02");
    conforms(iv_masked, "RFC4106-3.1-02");
    violates(iv_repeated, "RFC4106-3.1-02", VERDICT_FAIL);
    violates(iv_repeated_chacha, "RFC7634-2-01", VERDICT_FAIL);
    conforms(ike_iv, "RFC5282-3.1-01");
    violates(ike_iv_repeated, "RFC5282-3.1-01", VERDICT_FAIL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_rfc4303");
    TCase *cases = tcase_create("esp");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, sequence_numbers);
    tcase_add_test(cases, spis);
    tcase_add_test(cases, many_repeats);
    tcase_add_test(cases, bounded_memory);
    tcase_add_test(cases, wire_only_wrap);
    tcase_add_test(cases, extended);
    tcase_add_test(cases, ivs);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
