/* The oracle's rules for a cluster under test as a whole: SPIs, IVs, jumps,
 * and members that have addresses of their own (RFC 6311 3, 5.2; RFC 6027). */
#include "oracle_story.h"

enum { BOTH = 3 };

static const struct address second = {4, {192, 0, 2, 3}};

/* Two addresses, one cluster. */
static void note_loose(struct story *s)
{
    s->notes = true;
    note(s, "{\"event\":\"run\",\"role\":\"cluster\",\"under_test\":["
            "\"192.0.2.2\",\"192.0.2.3\"],\"harness\":[\"192.0.2.1\"]}");
}
static void fail_over(struct story *s, const char *kind)
{
    note(s,
         "{\"event\":\"fail_over\",\"cluster\":\"gateway\",\"from\":\"m1\","
         "\"to\":\"m2\",\"kind\":\"%s\"}",
         kind);
}
static struct trace_event *from_second(struct trace_event *e)
{
    e->packet.source.address = second;
    return e;
}
static struct trace_event *to_second(struct trace_event *e)
{
    e->packet.destination.address = second;
    return e;
}

/* ---- 3.3-01: SPIs ---- */

/* The harness asks for another Child SA, and the cluster chooses `spi`. */
static void create_child(struct story *s, uint32_t id, uint32_t ours,
                         uint32_t spi)
{
    struct trace_event *e = request(s, HARNESS, CREATE_CHILD_SA, id);
    add_sa(s, e, PROTOCOL_ESP, ours, ENCR_AES_GCM_16);
    add_payload(s, e, PAYLOAD_NONCE, bytes_of("0123456789abcdef", 16));
    e = response(s, GATEWAY, CREATE_CHILD_SA, id);
    add_sa(s, e, PROTOCOL_ESP, spi, ENCR_AES_GCM_16);
    add_payload(s, e, PAYLOAD_NONCE, bytes_of("fedcba9876543210", 16));
}
static void delete_child(struct story *s, uint32_t id, uint32_t ours,
                         uint32_t spi)
{
    uint8_t body[8] = {3, 4, 0, 1};
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, id);
    write_u32(body + 4, ours);
    add_payload(s, e, PAYLOAD_DELETE, bytes_of(body, sizeof body));
    e = response(s, GATEWAY, INFORMATIONAL, id);
    write_u32(body + 4, spi);
    add_payload(s, e, PAYLOAD_DELETE, bytes_of(body, sizeof body));
}
static void two_children(struct story *s, uint32_t spi, bool deleted)
{
    note_run(s, "cluster");
    s->gateway_responds = true;
    establish(s, BOTH, BOTH);
    if (deleted)
        delete_child(s, 2, SPI_OF_HARNESS, SPI_OF_GATEWAY);
    else
        exchange(s, HARNESS, 2);
    create_child(s, 3, SPI_OF_HARNESS + 1, spi);
    note_end(s);
}
static void another_spi(struct story *s)
{
    two_children(s, SPI_OF_GATEWAY + 1, false);
}
static void same_spi(struct story *s)
{
    two_children(s, SPI_OF_GATEWAY, false);
}
static void spi_is_free_again(struct story *s)
{
    two_children(s, SPI_OF_GATEWAY, true);
}
/* Whether the SA outlived the failover is not known, or it is. */
static void after_failover(struct story *s, bool used)
{
    note_run(s, "cluster");
    s->gateway_responds = true;
    establish(s, BOTH, BOTH);
    fail_over(s, "crash");
    wait_ms(s, 300);
    if (used)
        exchange(s, HARNESS, 2);
    create_child(s, used ? 3 : 2, SPI_OF_HARNESS + 1, SPI_OF_GATEWAY);
    note_end(s);
}
static void spi_of_one_lost(struct story *s)
{
    after_failover(s, false);
}
static void spi_of_one_alive(struct story *s)
{
    after_failover(s, true);
}

START_TEST(spis)
{
    conforms(another_spi, "RFC6311-3.3-01");
    violates(same_spi, "RFC6311-3.3-01", VERDICT_FAIL);
    conforms(spi_is_free_again, "RFC6311-3.3-01");
    passes(spi_of_one_lost);
    violates(spi_of_one_alive, "RFC6311-3.3-01", VERDICT_FAIL);
}
END_TEST

/* ---- 3.4: IVs ---- */

static void ivs(struct story *s, bool shared, uint64_t iv)
{
    note_loose(s);
    s->gateway_responds = true;
    establish(s, BOTH, BOTH);
    esp_run(s, GATEWAY, 1, 20);
    struct trace_event *e = esp(s, GATEWAY, 100, 1);
    if (shared)
        from_second(e);
    set_iv(s, esp(s, GATEWAY, 101, 1), iv);
    note_end(s);
}
static void one_member_ivs(struct story *s)
{
    ivs(s, false, 700);
}
static void one_member_repeats(struct story *s)
{
    ivs(s, false, 5);
}
static void two_members_repeat(struct story *s)
{
    ivs(s, true, 5);
}

START_TEST(initialization_vectors)
{
    conforms(one_member_ivs, "RFC6311-3.4-51");
    violates(one_member_repeats, "RFC6311-3.4-51", VERDICT_FAIL);
    violates(two_members_repeat, "RFC6311-3.4-52", VERDICT_FAIL);
}
END_TEST

/* ---- 5.2: jumps ---- */

static void leap(struct story *s, bool rekeyed)
{
    note_run(s, "cluster");
    s->gateway_responds = true;
    establish(s, BOTH, BOTH);
    esp_run(s, GATEWAY, 1, 20);
    fail_over(s, "crash");
    wait_ms(s, 300);
    esp_run(s, GATEWAY, (1 << 30) + 21, (1 << 30) + 25);
    wait_ms(s, 1000);
    if (rekeyed)
        create_child(s, 2, SPI_OF_HARNESS + 1, SPI_OF_GATEWAY + 1);
    wait_ms(s, 90000);
    esp_run(s, GATEWAY, (1 << 30) + 30, (1 << 30) + 32);
    note_end(s);
}
static void rekey_follows(struct story *s)
{
    leap(s, true);
}
static void no_rekey_follows(struct story *s)
{
    leap(s, false);
}
START_TEST(jumps)
{
    conforms(rekey_follows, "RFC6311-5.2-02");
    violates(no_rekey_follows, "RFC6311-5.2-02", VERDICT_WARNING);
}
END_TEST

/* One proposal with ESN. */
static void add_esn_sa(struct story *s, struct trace_event *e, uint32_t spi)
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
        .transforms = {{.type = TRANSFORM_ENCR,
                        .id = ENCR_AES_GCM_16,
                        .key_length = 256},
                       {.type = TRANSFORM_ESN, .id = 1}},
    };
    ike_sa_encode(sa, &body);
    add_payload(s, e, PAYLOAD_SA, buffer_view(&body));
    buffer_free(&body);
}
/* A12: with both kinds of Child SAs either size passes. */
static void esn_delta(struct story *s, uint64_t delta)
{
    uint8_t data[8];
    note_run(s, "cluster");
    s->gateway_responds = true;
    establish(s, BOTH, BOTH);
    for (int side = 0; side < 2; side++) {
        struct trace_event *e =
            message(s, side ? GATEWAY : HARNESS, CREATE_CHILD_SA, side, 2);
        add_esn_sa(s, e, side ? SPI_OF_GATEWAY + 1 : SPI_OF_HARNESS + 1);
        add_payload(s, e, PAYLOAD_NONCE, bytes_of("0123456789abcdef", 16));
    }
    write_u64(data, delta);
    struct trace_event *e = sync_request(s, GATEWAY, 1, 3, 3);
    add_notify(s, e, IPSEC_REPLAY_COUNTER_SYNC, data, sizeof data);
    note_end(s);
}
static void delta_within_2_32(struct story *s)
{
    esn_delta(s, UINT32_MAX);
}
static void delta_beyond_2_32(struct story *s)
{
    esn_delta(s, UINT64_C(1) << 32);
}

START_TEST(deltas)
{
    conforms(delta_within_2_32, "RFC6311-6.4-01");
    violates(delta_beyond_2_32, "RFC6311-6.4-01", VERDICT_WARNING); /* A13 */
}
END_TEST

/* ---- RFC 6027 ---- */

static void asked_at(struct story *s, bool answers_elsewhere)
{
    note_loose(s);
    s->gateway_responds = true;
    establish(s, BOTH, BOTH);
    to_second(request(s, HARNESS, INFORMATIONAL, 2));
    struct trace_event *e = response(s, GATEWAY, INFORMATIONAL, 2);
    if (!answers_elsewhere)
        from_second(e);
    note_end(s);
}
static void answers_where_asked(struct story *s)
{
    asked_at(s, false);
}
static void answers_from_elsewhere(struct story *s)
{
    asked_at(s, true);
}
static void members_take_turns(struct story *s, uint32_t id, bool failed)
{
    note_loose(s);
    s->gateway_responds = true;
    establish(s, BOTH, BOTH);
    exchange(s, GATEWAY, 0);
    request(s, GATEWAY, INFORMATIONAL, 1);
    wait_ms(s, 300);
    if (failed)
        fail_over(s, "crash");
    from_second(request(s, GATEWAY, INFORMATIONAL, id));
    note_end(s);
}
static void members_overlap(struct story *s)
{
    members_take_turns(s, 1, false);
}
static void member_took_over(struct story *s)
{
    members_take_turns(s, 1, true);
}

START_TEST(members)
{
    conforms(answers_where_asked, "RFC6027-3.8-01");
    violates(answers_from_elsewhere, "RFC6027-3.8-01", VERDICT_WARNING);
    violates(members_overlap, "RFC6027-3.7-01", VERDICT_WARNING);
    violates(member_took_over, "RFC7296-2.1-09", VERDICT_INCONCLUSIVE);
}
END_TEST

/* ---- Failovers that no record tells of ---- */

static void jump_and_move(struct story *s, bool moves)
{
    s->gateway_responds = true;
    establish(s, BOTH, BOTH);
    esp_run(s, HARNESS, 1, 5);
    esp_run(s, GATEWAY, 1, 20);
    struct trace_event *e = esp(s, GATEWAY, 5000, 1);
    if (moves)
        e->packet.source.address = second;
}
static uint64_t inferred(bool moves)
{
    struct story s;
    story_init(&s);
    jump_and_move(&s, moves);
    struct oracle_options options = {.capture_is_whole = true};
    struct oracle *oracle = oracle_new(&options);
    for (size_t i = 0; i < s.count; i++) {
        seal(&s, s.events[i], i);
        s.events[i]->frame = i + 1;
        oracle_event(oracle, s.events[i]);
    }
    oracle_finish(oracle, true);
    ck_assert_uint_eq(count_findings(oracle, NULL, VERDICT_FAIL), 0);
    uint64_t count = oracle_totals(oracle)->failovers_inferred;
    oracle_free(oracle);
    story_free(&s);
    return count;
}

START_TEST(inferred_from_esp)
{
    ck_assert_uint_eq(inferred(true), 1);
    ck_assert_uint_eq(inferred(false), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_cluster");
    TCase *cases = tcase_create("cluster");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, spis);
    tcase_add_test(cases, initialization_vectors);
    tcase_add_test(cases, jumps);
    tcase_add_test(cases, deltas);
    tcase_add_test(cases, members);
    tcase_add_test(cases, inferred_from_esp);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
