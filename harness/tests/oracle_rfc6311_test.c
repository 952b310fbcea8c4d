/* The oracle's rules of RFC 6311 for a peer under test: what is negotiated, and
 * the values and the form of an answer. For each one a story that conforms and
 * one that does not. */
#include "oracle_peer.h"

/* ---- 5: negotiation ---- */

static void asserted_unasked(struct story *s)
{
    establish(s, 0, IDS);
}
static void gateway_asserts_unasked(struct story *s)
{
    s->gateway_responds = true;
    establish(s, 0, IDS);
}
static void gateway_asserts_other(struct story *s)
{
    s->gateway_responds = true;
    establish(s, IDS, BOTH);
}
static void gateway_asserts(struct story *s)
{
    s->gateway_responds = true;
    establish(s, BOTH, IDS);
}
static void answers_unnegotiated(struct story *s)
{
    establish(s, IDS, 0);
    exchange(s, HARNESS, 0);
    sync_request(s, HARNESS, 7, 3, 2);
    sync_response(s, GATEWAY, 7, 2, 3);
}
static void ignores_unnegotiated(struct story *s)
{
    establish(s, IDS, 0);
    exchange(s, HARNESS, 0);
    sync_request(s, HARNESS, 7, 3, 2);
    wait_ms(s, 500);
    exchange(s, GATEWAY, 2);
}
static void inherits(struct story *s)
{
    live(s);
    rekey_ike(s, HARNESS, 3);
    exchange(s, HARNESS, 0);
    sync_request(s, HARNESS, 7, 1, 0);
    sync_response(s, GATEWAY, 7, 0, 1);
}
static void unnegotiated_is_inherited(struct story *s)
{
    establish(s, 0, 0);
    rekey_ike(s, HARNESS, 0);
    sync_request(s, HARNESS, 7, 1, 0);
    sync_response(s, GATEWAY, 7, 0, 1);
}

/* 16422 means nothing then: the request is as any other (RFC 7296 3.10.1). */
static void unnegotiated_is_ordinary(struct story *s)
{
    establish(s, IDS, 0);
    struct trace_event *e = sync_request(s, HARNESS, 7, 3, 2);
    add_payload(s, e, PAYLOAD_VENDOR, bytes_of("odd", 3));
    response(s, GATEWAY, INFORMATIONAL, 0);
    wait_ms(s, 2000);
    again(s, e);
    again(s, s->events[s->count - 2]);
    exchange(s, HARNESS, 1);
    exchange(s, HARNESS, 2);
}
static void unnegotiated_repeat_unasked(struct story *s)
{
    establish(s, IDS, 0);
    sync_request(s, HARNESS, 7, 3, 2);
    struct trace_event *e = response(s, GATEWAY, INFORMATIONAL, 0);
    wait_ms(s, 2000);
    again(s, e);
}
static void unnegotiated_delta(struct story *s, uint32_t next)
{
    establish(s, BOTH, IDS);
    exchange(s, HARNESS, 0);
    esp_run(s, GATEWAY, 1, 5);
    add_delta(s, sync_request(s, HARNESS, 7, 3, 2), 5000);
    sync_response(s, GATEWAY, 7, 2, 3);
    esp_run(s, GATEWAY, next, next + 3);
}
static void unnegotiated_delta_ignored(struct story *s)
{
    unnegotiated_delta(s, 6);
}
static void unnegotiated_delta_applied(struct story *s)
{
    unnegotiated_delta(s, 5006);
}

START_TEST(negotiation)
{
    conforms(gateway_asserts, "RFC6311-5-01");
    conforms(asserted_unasked, "RFC7296-3.1-03"); /* not the gateway's deed */
    violates(gateway_asserts_unasked, "RFC6311-5-01", VERDICT_FAIL);
    violates(gateway_asserts_other, "RFC6311-5-01", VERDICT_FAIL);
    conforms(ignores_unnegotiated, "RFC6311-6.1-01");
    violates(answers_unnegotiated, "RFC6311-5-02", VERDICT_FAIL);
    conforms(inherits, "RFC6311-5-02");
    violates(unnegotiated_is_inherited, "RFC6311-5-02", VERDICT_FAIL);
    conforms(unnegotiated_is_ordinary, "RFC7296-2.1-01");
    violates(unnegotiated_repeat_unasked, "RFC7296-2.1-01", VERDICT_FAIL);
    conforms(unnegotiated_delta_ignored, "RFC6311-5-02");
    violates(unnegotiated_delta_applied, "RFC6311-5-02", VERDICT_FAIL);
}
END_TEST

/* ---- 5.1: the values ---- */

static void m2_above_m1(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 5, 9);
    sync_response(s, GATEWAY, 1, 9, 6); /* A06 */
}
static void m2_below_m1(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 5, 3);
    sync_response(s, GATEWAY, 1, 3, 4);
}
static void p2_below_p1(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 5, 9);
    sync_response(s, GATEWAY, 1, 3, 5);
}
static void p2_below_used(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 5, 1);
    sync_response(s, GATEWAY, 1, 2, 5);
}
static void p2_too_high(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 5, 3);
    sync_response(s, GATEWAY, 1, 4, 5);
}
static void p2_of_own_used(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 5, 1);
    sync_response(s, GATEWAY, 1, 3, 5);
}
static void at_the_edge(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, UINT32_MAX, UINT32_MAX);
    sync_response(s, GATEWAY, 1, UINT32_MAX, UINT32_MAX);
}
static void appendix_a1(struct story *s)
{
    set_up(s);
    for (uint32_t id = 2; id < 5; id++)
        exchange(s, GATEWAY, id);
    sync_request(s, HARNESS, 1, 0, 5); /* A04 */
    sync_response(s, GATEWAY, 1, 5, 0);
}

START_TEST(values)
{
    conforms(good, "RFC6311-5.1-06");
    conforms(good, "RFC6311-5.1-07");
    conforms(good, "RFC6311-5.1-08");
    conforms(good, "RFC6311-5.1-10");
    conforms(good, "RFC6311-5.1-11");
    conforms(m2_above_m1, "RFC6311-5.1-06");
    conforms(p2_of_own_used, "RFC6311-5.1-07");
    conforms(at_the_edge, "RFC6311-5.1-07");
    conforms(appendix_a1, "RFC6311-5.1-06");
    conforms(appendix_a1, "RFC6311-A-01");
    violates(m2_below_m1, "RFC6311-5.1-06", VERDICT_FAIL);
    violates(p2_below_p1, "RFC6311-5.1-07", VERDICT_FAIL);
    violates(p2_below_used, "RFC6311-5.1-07", VERDICT_FAIL);
    violates(p2_too_high, "RFC6311-5.1-07", VERDICT_FAIL);
}
END_TEST

/* Too high may be a request that the capture missed. */
START_TEST(p2_too_high_needs_a_whole_capture)
{
    struct story s;
    struct placed frames[STORY_EVENTS];
    story_init(&s);
    p2_too_high(&s);
    for (size_t i = 0; i < s.count; i++)
        frames[i] = (struct placed){s.events[i], s.events[i]->time};
    struct oracle *oracle = judge_frames(&s, frames, s.count, false);
    check_only(oracle, "RFC6311-5.1-07", VERDICT_INCONCLUSIVE);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

/* ---- 5.1: what is to be dropped ---- */

static void drops_stale(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 2, 3);
    sync_request(s, HARNESS, 2, 1, 3);
    wait_ms(s, 500);
    exchange(s, GATEWAY, 3);
    exchange(s, HARNESS, 3);
}
static void answers_equal(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 2, 3);
    sync_response(s, GATEWAY, 1, 3, 3);
}
static void answers_stale_with_error(struct story *s)
{
    s->gateway_responds = true; /* so that 0 is no regular request */
    establish(s, BOTH, BOTH);
    exchange(s, HARNESS, 2);
    sync_request(s, HARNESS, 1, 2, 0);
    struct trace_event *e = response(s, GATEWAY, INFORMATIONAL, 0);
    add_notify(s, e, INVALID_SYNTAX, NULL, 0);
}
static void answers_m1_of_former_sync(struct story *s)
{
    good_sync(s);
    sync_request(s, HARNESS, 2, 3, 3);
    sync_response(s, GATEWAY, 2, 3, 3);
}
static void accepts_later_sync(struct story *s)
{
    good_sync(s);
    sync_request(s, HARNESS, 2, 4, 3);
    sync_response(s, GATEWAY, 2, 3, 4);
}
static void repeats_answer(struct story *s)
{
    struct trace_event *answer = good_sync(s);
    again(s, s->events[s->count - 2]);
    again(s, answer);
}
static void drops_replay(struct story *s)
{
    good_sync(s);
    struct trace_event *sync = s->events[s->count - 2];
    exchange(s, HARNESS, 3);
    again(s, sync);
    wait_ms(s, 500);
    exchange(s, HARNESS, 4);
}
static void answers_replay(struct story *s)
{
    good_sync(s);
    struct trace_event *sync = s->events[s->count - 2];
    exchange(s, HARNESS, 3);
    again(s, sync);
    sync_response(s, GATEWAY, 0xabcd, 3, 4);
}
static void seals_answer_again(struct story *s)
{
    struct trace_event *answer = good_sync(s);
    again(s, s->events[s->count - 2]);
    resealed(s, answer);
}
/* A.3: the member is at (2, 5), the peer at (2, 4). */
static void appendix_a3(struct story *s)
{
    set_up(s);
    for (uint32_t id = 0; id < 4; id++)
        exchange(s, HARNESS, id);
    sync_request(s, HARNESS, 1, 2, 5);
    sync_response(s, GATEWAY, 1, 5, 4);
}

START_TEST(stale)
{
    conforms(drops_stale, "RFC6311-5.1-05");
    conforms(accepts_later_sync, "RFC6311-5-04");
    conforms(repeats_answer, "RFC6311-5.1-05");
    conforms(drops_replay, "RFC6311-5.1-05");
    violates(answers_equal, "RFC6311-5.1-05", VERDICT_FAIL);
    violates(answers_stale_with_error, "RFC6311-5.1-05", VERDICT_FAIL);
    violates(answers_m1_of_former_sync, "RFC6311-5.1-05", VERDICT_FAIL);
    violates(answers_replay, "RFC6311-5.1-05", VERDICT_FAIL);
    violates(seals_answer_again, "RFC6311-5.1-05", VERDICT_WARNING);
    violates(appendix_a3, "RFC6311-5.1-05", VERDICT_WARNING);
}
END_TEST

/* What the gateway never answered it may never have got. */
static void request_was_lost(struct story *s)
{
    live(s);
    request(s, HARNESS, INFORMATIONAL, 3);
    sync_request(s, HARNESS, 1, 3, 3);
    sync_response(s, GATEWAY, 1, 3, 3);
}
static void sync_was_lost(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 9, 3);
    sync_request(s, HARNESS, 2, 5, 3);
    sync_response(s, GATEWAY, 2, 3, 5);
}
/* A05 */
static void crossing(struct story *s)
{
    set_up(s);
    for (uint32_t id = 0; id < 4; id++)
        exchange(s, HARNESS, id);
    for (uint32_t id = 2; id < 5; id++)
        exchange(s, GATEWAY, id);
    sync_request(s, GATEWAY, 1, 5, 5);
    sync_request(s, HARNESS, 2, 4, 4);
    sync_response(s, GATEWAY, 2, 5, 5);
    sync_response(s, HARNESS, 1, 5, 5);
}

START_TEST(only_what_was_received_counts)
{
    conforms(request_was_lost, "RFC6311-5.1-06");
    conforms(sync_was_lost, "RFC6311-5.1-06");
    conforms(crossing, "RFC6311-5-04");
}
END_TEST

/* ---- 5.1-08 to -11, 6: form ---- */

static void wrong_nonce(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 0xabcd, 3, 3);
    sync_response(s, GATEWAY, 0xabce, 3, 3);
}
static void extra_payload(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 3, 3);
    struct trace_event *e = sync_response(s, GATEWAY, 1, 3, 3);
    add_payload(s, e, PAYLOAD_VENDOR, bytes_of("us", 2));
}
static void delta_in_response(struct story *s)
{
    live(s);
    struct trace_event *e = sync_request(s, HARNESS, 1, 3, 3);
    add_delta(s, e, 100);
    add_delta(s, sync_response(s, GATEWAY, 1, 3, 3), 100);
}
static void other_message_id(struct story *s)
{
    live(s);
    add_sync(s, request(s, HARNESS, INFORMATIONAL, 3), 1, 4, 3);
    add_sync(s, response(s, GATEWAY, INFORMATIONAL, 3), 1, 3, 4);
}
static void ordinary_answer_to_other_id(struct story *s)
{
    live(s);
    add_sync(s, request(s, HARNESS, INFORMATIONAL, 3), 1, 4, 3);
    response(s, GATEWAY, INFORMATIONAL, 3);
    exchange(s, HARNESS, 4);
}
static void wrong_protocol(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 3, 3);
    struct trace_event *e = response(s, GATEWAY, INFORMATIONAL, 0);
    uint8_t data[12] = {0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 3};
    struct ike_notify notify = {.protocol = PROTOCOL_IKE,
                                .type = IKEV2_MESSAGE_ID_SYNC,
                                .data = bytes_of(data, sizeof data)};
    add_notify_of(s, e, &notify);
}
static void short_answer(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 3, 3);
    struct trace_event *e = response(s, GATEWAY, INFORMATIONAL, 0);
    add_notify(s, e, IKEV2_MESSAGE_ID_SYNC, "\0\0\0\1\0\0\0\3", 8);
}
static struct trace_event *long_request(struct story *s)
{
    live(s);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    add_notify(s, e, IKEV2_MESSAGE_ID_SYNC, "\0\0\0\1\0\0\0\3\0\0\0\3\0", 13);
    return e;
}
static void drops_long(struct story *s)
{
    long_request(s);
    wait_ms(s, 300);
    sync_request(s, HARNESS, 2, 3, 3);
    sync_response(s, GATEWAY, 2, 3, 3);
}
static void answers_long(struct story *s)
{
    long_request(s);
    sync_response(s, GATEWAY, 1, 3, 3);
}
static void supported_with_data(struct story *s)
{
    establish(s, 0, 0);
    struct trace_event *e = s->events[2]; /* IKE_AUTH of the gateway */
    add_notify(s, e, IKEV2_MESSAGE_ID_SYNC_SUPPORTED, "x", 1);
}
static void counters_with_data(struct story *s)
{
    establish(s, 0, 0);
    struct trace_event *e = s->events[2];
    add_notify(s, e, IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED, "x", 1);
}
/* A11: without the addition an answer passes. */
static void extra_in_request(struct story *s)
{
    live(s);
    struct trace_event *e = sync_request(s, HARNESS, 1, 3, 3);
    add_notify(s, e, 40000, NULL, 0);
    sync_response(s, GATEWAY, 1, 3, 3);
}

START_TEST(form)
{
    violates(wrong_nonce, "RFC6311-5.1-08", VERDICT_FAIL);
    violates(extra_payload, "RFC6311-5.1-10", VERDICT_FAIL);
    conforms(extra_in_request, "RFC6311-5.1-10");
    violates(delta_in_response, "RFC6311-6.4-02", VERDICT_FAIL);
    violates(other_message_id, "RFC6311-5.1-11", VERDICT_FAIL);
    conforms(ordinary_answer_to_other_id, "RFC7296-2.2-03");
    violates(wrong_protocol, "RFC6311-6.3-01", VERDICT_FAIL);
    violates(short_answer, "RFC6311-6.3-01", VERDICT_FAIL);
    conforms(drops_long, "RFC6311-6.3-01");
    violates(answers_long, "RFC6311-6.3-01", VERDICT_FAIL);
    violates(supported_with_data, "RFC6311-6.1-01", VERDICT_FAIL);
    violates(counters_with_data, "RFC6311-6.2-01", VERDICT_FAIL);
    conforms(set_up, "RFC6311-6.1-01");
    conforms(set_up, "RFC6311-6.2-01");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_rfc6311");
    TCase *cases = tcase_create("peer");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, negotiation);
    tcase_add_test(cases, values);
    tcase_add_test(cases, p2_too_high_needs_a_whole_capture);
    tcase_add_test(cases, stale);
    tcase_add_test(cases, only_what_was_received_counts);
    tcase_add_test(cases, form);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
