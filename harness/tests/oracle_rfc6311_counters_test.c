/* The oracle's rules of RFC 6311 for a peer under test: replay counters, and
 * silence. */
#include "oracle_peer.h"

/* ---- 5.2 and 5-06: counters ---- */

static struct trace_event *sync_with_delta(struct story *s, uint32_t m1,
                                           uint32_t delta)
{
    struct trace_event *e = sync_request(s, HARNESS, m1, m1, 3);
    add_delta(s, e, delta);
    return e;
}
static void raises(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    sync_with_delta(s, 3, 100000);
    esp(s, GATEWAY, 11, 1); /* on its way */
    sync_response(s, GATEWAY, 3, 3, 3);
    esp(s, GATEWAY, 12, 1);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 100013, 100030);
}
static void raises_nothing(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    sync_with_delta(s, 3, 100000);
    sync_response(s, GATEWAY, 3, 3, 3);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 11, 14);
}
static void raises_nothing_at_once(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    sync_with_delta(s, 3, 100000);
    sync_response(s, GATEWAY, 3, 3, 3);
    esp_run(s, GATEWAY, 11, 40);
}
/* A reply cannot be older than what it answers. */
static void echo(struct story *s, enum who who, uint32_t sequence)
{
    struct buffer inner = {0};
    struct trace_event *e = esp(s, who, sequence, 1);
    packet_icmp_echo(&inner, who == GATEWAY, &story_addresses[who],
                     &story_addresses[1 - who], 7, 1, bytes_of_string("x"));
    e->esp.inner = arena_copy(&s->arena, buffer_view(&inner));
    buffer_free(&inner);
}
static void raises_one_too_little(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    sync_with_delta(s, 3, 100000);
    sync_response(s, GATEWAY, 3, 3, 3);
    echo(s, HARNESS, 1);
    echo(s, GATEWAY, 100010);
    esp_run(s, GATEWAY, 100011, 100020);
}
/* RFC 7296 2.18: the Child SAs went over to the new IKE SA, or may have. */
static void delta_after_rekey(struct story *s, bool answered)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    if (answered) {
        rekey_ike(s, HARNESS, 3);
        s->spi_i--;
        s->spi_r--;
        s->swapped = false;
    } else {
        struct trace_event *e = request(s, HARNESS, CREATE_CHILD_SA, 3);
        add_sa(s, e, PROTOCOL_IKE, 77, ENCR_AES_GCM_16);
        add_payload(s, e, PAYLOAD_KE, bytes_of("\0\37\0\0public", 10));
    }
    sync_with_delta(s, 4, 100000);
    sync_response(s, GATEWAY, 4, 3, 4);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 11, 40);
}
static void delta_for_replaced(struct story *s)
{
    delta_after_rekey(s, true);
}
static void delta_while_rekeying(struct story *s)
{
    delta_after_rekey(s, false);
}
static void replay_raises_again(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    struct trace_event *sync = sync_with_delta(s, 3, 100000);
    sync_response(s, GATEWAY, 3, 3, 3);
    wait_ms(s, 300);
    again(s, sync);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 200011, 200020);
}
/* A13 */
static void would_overflow(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    sync_with_delta(s, 3, UINT32_MAX);
    sync_response(s, GATEWAY, 3, 3, 3);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 11, 14);
}
static void stale_raises(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    sync_with_delta(s, 2, 100000);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 100011, 100020);
}
static void stale_raises_nothing(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    sync_with_delta(s, 2, 100000);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 11, 20);
}
/* A copy of the first is no reason to suspect the second. */
static void raises_twice(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    struct trace_event *sync = sync_with_delta(s, 3, 100000);
    sync_response(s, GATEWAY, 3, 3, 3);
    again(s, sync);
    add_delta(s, sync_request(s, HARNESS, 4, 4, 3), 100000);
    sync_response(s, GATEWAY, 4, 3, 4);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 200011, 200020);
}
static void stale_raises_with_each_copy(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    struct trace_event *sync = sync_with_delta(s, 2, 100000);
    wait_ms(s, 500);
    again(s, sync);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 200011, 200020);
}
/* 6.4: no Child SA has ESN. */
static void add_wide_delta(struct story *s, struct trace_event *e)
{
    uint8_t data[8];
    write_u64(data, 100000);
    add_notify(s, e, IPSEC_REPLAY_COUNTER_SYNC, data, sizeof data);
}
static void wide_delta_raises(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    add_wide_delta(s, sync_request(s, HARNESS, 3, 3, 3));
    sync_response(s, GATEWAY, 3, 3, 3);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 100011, 100020);
}
static void wide_delta_raises_nothing(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    add_wide_delta(s, sync_request(s, HARNESS, 3, 3, 3));
    sync_response(s, GATEWAY, 3, 3, 3);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 11, 20);
}
static void wide_delta_alone_raises(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    add_wide_delta(s, request(s, HARNESS, INFORMATIONAL, 3));
    response(s, GATEWAY, INFORMATIONAL, 3);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 100011, 100020);
}
static void stand_alone(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    add_delta(s, request(s, HARNESS, INFORMATIONAL, 3), 5000);
    response(s, GATEWAY, INFORMATIONAL, 3);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 5011, 5020);
}
static void stand_alone_ignored(struct story *s)
{
    live(s);
    esp_run(s, GATEWAY, 1, 10);
    add_delta(s, request(s, HARNESS, INFORMATIONAL, 3), 5000);
    response(s, GATEWAY, INFORMATIONAL, 3);
    wait_ms(s, 300);
    esp_run(s, GATEWAY, 11, 20);
}
static void stand_alone_answered_with_sync(struct story *s)
{
    live(s);
    add_delta(s, request(s, HARNESS, INFORMATIONAL, 3), 5000);
    add_sync(s, response(s, GATEWAY, INFORMATIONAL, 3), 1, 3, 4);
}

START_TEST(counters)
{
    conforms(raises, "RFC6311-5.2-04");
    violates(raises_nothing, "RFC6311-5.2-04", VERDICT_FAIL);
    violates(raises_nothing_at_once, "RFC6311-5.2-04", VERDICT_FAIL);
    violates(raises_one_too_little, "RFC6311-5.2-04", VERDICT_FAIL);
    conforms(delta_for_replaced, "RFC6311-5.1-06");
    conforms(delta_while_rekeying, "RFC6311-5.1-06");
    violates(replay_raises_again, "RFC6311-5.2-03", VERDICT_FAIL);
    conforms(raises_twice, "RFC6311-5.2-03");
    conforms(would_overflow, "RFC6311-5-04");
    conforms(stale_raises_nothing, "RFC6311-5.2-03");
    violates(stale_raises, "RFC6311-5.2-03", VERDICT_FAIL);
    violates(stale_raises_with_each_copy, "RFC6311-5.2-03", VERDICT_FAIL);
    conforms(wide_delta_raises_nothing, "RFC6311-6.4-01");
    violates(wide_delta_raises, "RFC6311-6.4-01", VERDICT_FAIL);
    violates(wide_delta_alone_raises, "RFC6311-6.4-01", VERDICT_FAIL);
    conforms(stand_alone, "RFC6311-5-06");
    conforms(stand_alone, "RFC6311-5.2-04");
    violates(stand_alone_ignored, "RFC6311-5.2-04", VERDICT_FAIL);
    violates(stand_alone_answered_with_sync, "RFC6311-5-06", VERDICT_FAIL);
}
END_TEST

/* ---- 5-04: silence ---- */

static void never_answers(struct story *s)
{
    live(s);
    struct trace_event *e = sync_request(s, HARNESS, 1, 3, 3);
    wait_ms(s, 500);
    again(s, e);
    wait_ms(s, 500);
    again(s, e);
    request(s, GATEWAY, INFORMATIONAL, 3);
}
/* Two of the copies are the capture's. */
static void asked_once(struct story *s)
{
    live(s);
    struct trace_event *e = sync_request(s, HARNESS, 1, 3, 3);
    again(s, e);
    again(s, e);
    wait_ms(s, 500);
    request(s, GATEWAY, INFORMATIONAL, 3);
}

START_TEST(silence)
{
    violates(never_answers, "RFC6311-5-04", VERDICT_FAIL);
    conforms(asked_once, "RFC7296-2.2-02");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_rfc6311_counters");
    TCase *cases = tcase_create("peer");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, counters);
    tcase_add_test(cases, silence);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
