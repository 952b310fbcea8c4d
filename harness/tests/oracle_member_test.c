/* The oracle's rules of RFC 6311 for a cluster under test. */
#include "oracle_story.h"

enum { BOTH = 3, IDS = 1 };

/* The harness initiates; the cluster has answered 0 to 2 and sent 0 and 1. */
static void live(struct story *s)
{
    s->gateway_responds = true;
    establish(s, BOTH, BOTH);
    exchange(s, HARNESS, 2);
    exchange(s, GATEWAY, 0);
    exchange(s, GATEWAY, 1);
}

static void fail_over(struct story *s)
{
    note(s, "{\"event\":\"fail_over\",\"cluster\":\"gateway\"}");
}
static void fail_over_to(struct story *s, int from, int to, const char *kind)
{
    note(s,
         "{\"event\":\"fail_over\",\"cluster\":\"gateway\",\"from\":\"m%d\","
         "\"to\":\"m%d\",\"kind\":\"%s\"}",
         from, to, kind);
}
/* What `from` tells `to` of its counters. */
static void synch(struct story *s, int from, int to, const char *what,
                  const char *fate, int next_send, int next_receive)
{
    note(s,
         "{\"event\":\"synch\",\"cluster\":\"gateway\",\"from\":\"m%d\","
         "\"to\":\"m%d\",\"what\":\"%s\",\"fate\":\"%s\",\"state\":{"
         "\"spi_i\":\"1111111111111111\",\"spi_r\":\"2222222222222222\","
         "\"next_send\":%d,\"next_receive\":%d}}",
         from, to, what, fate, next_send, next_receive);
}

static void synchronize(struct story *s, uint32_t nonce, uint32_t m1,
                        uint32_t p1)
{
    sync_request(s, GATEWAY, nonce, m1, p1);
    sync_response(s, HARNESS, nonce, p1, m1);
}

static void good(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    fail_over(s);
    synchronize(s, 1, 3, 3);
    wait_ms(s, 500);
    exchange(s, GATEWAY, 3);
    exchange(s, HARNESS, 3);
    note_end(s);
}
static void towards_silent_peer(struct story *s)
{
    s->gateway_responds = true;
    establish(s, 0, 0);
    sync_request(s, GATEWAY, 1, 3, 3);
}
static void not_asserted_itself(struct story *s)
{
    s->gateway_responds = true;
    establish(s, BOTH, 0);
    sync_request(s, GATEWAY, 1, 3, 3);
}
static void plain(struct story *s)
{
    s->gateway_responds = true;
    establish(s, 0, 0);
    exchange(s, GATEWAY, 0);
}
static void other_exchange(struct story *s)
{
    live(s);
    add_sync(s, request(s, GATEWAY, CREATE_CHILD_SA, 0), 1, 3, 3);
}
static void extra(struct story *s)
{
    live(s);
    struct trace_event *e = sync_request(s, GATEWAY, 1, 3, 3);
    add_payload(s, e, PAYLOAD_DELETE, bytes_of("\3\4\0\1abcd", 8));
}
static void with_delta(struct story *s)
{
    live(s);
    add_delta(s, sync_request(s, GATEWAY, 1, 3, 3), 1000);
    sync_response(s, HARNESS, 1, 3, 3);
}
static void delta_of_three(struct story *s)
{
    live(s);
    struct trace_event *e = sync_request(s, GATEWAY, 1, 3, 3);
    add_notify(s, e, IPSEC_REPLAY_COUNTER_SYNC, "\0\1\2", 3);
}
static void alone_with_id_0(struct story *s)
{
    live(s);
    exchange(s, GATEWAY, 2);
    add_delta(s, request(s, GATEWAY, INFORMATIONAL, 0), 1000);
}
static void alone_with_current_id(struct story *s)
{
    live(s);
    add_delta(s, request(s, GATEWAY, INFORMATIONAL, 2), 1000);
    response(s, HARNESS, INFORMATIONAL, 2);
}

START_TEST(form)
{
    conforms(good, "RFC6311-5-02");
    conforms(plain, "RFC7296-2.3-03");
    violates(not_asserted_itself, "RFC6311-5-02", VERDICT_FAIL);
    violates(towards_silent_peer, "RFC6311-5-08", VERDICT_FAIL);
    violates(extra, "RFC6311-5.1-10", VERDICT_FAIL);
    conforms(with_delta, "RFC6311-5-07");
    conforms(with_delta, "RFC6311-6.4-01");
    violates(delta_of_three, "RFC6311-6.4-01", VERDICT_FAIL);
    conforms(alone_with_current_id, "RFC6311-5-06");
}
END_TEST

/* These cannot be had without another message under Message ID 0. */
START_TEST(id_0)
{
    struct story s;
    story_init(&s);
    other_exchange(&s);
    struct oracle *oracle = judge_story(&s);
    ck_assert_uint_eq(count_findings(oracle, "RFC6311-5-05", VERDICT_FAIL), 1);
    oracle_free(oracle);
    story_free(&s);
    story_init(&s);
    alone_with_id_0(&s);
    oracle = judge_story(&s);
    ck_assert_uint_eq(count_findings(oracle, "RFC6311-5-06", VERDICT_FAIL), 1);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

/* ---- Values: A03 ---- */

static void stale_after_own_request(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    fail_over(s);
    wait_ms(s, 300);
    exchange(s, GATEWAY, 2);
    sync_request(s, GATEWAY, 1, 2, 3);
    note_end(s);
}
static void stale_by_lag(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    fail_over(s);
    sync_request(s, GATEWAY, 1, 1, 3);
    note_end(s);
}
static void zero_of_initiator(struct story *s)
{
    establish(s, BOTH, BOTH);
    sync_request(s, GATEWAY, 1, 0, 3);
}
static void p1_below_answered(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    fail_over(s);
    wait_ms(s, 300);
    exchange(s, HARNESS, 3);
    sync_request(s, GATEWAY, 1, 3, 3);
    note_end(s);
}
static void second_member_replays(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    fail_over(s);
    sync_request(s, GATEWAY, 1, 3, 3);
    wait_ms(s, 300);
    fail_over(s);
    wait_ms(s, 300);
    sync_request(s, GATEWAY, 2, 3, 3);
    note_end(s);
}
static void same_member_replays(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    fail_over(s);
    wait_ms(s, 300);
    synchronize(s, 1, 3, 3);
    wait_ms(s, 300);
    sync_request(s, GATEWAY, 2, 3, 3);
    note_end(s);
}
static void renewed(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    fail_over(s);
    struct trace_event *e = sync_request(s, GATEWAY, 1, 3, 3);
    again(s, e);
    wait_ms(s, 300);
    synchronize(s, 2, 4, 3);
    note_end(s);
}
static void twice(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    fail_over(s);
    synchronize(s, 1, 3, 3);
    wait_ms(s, 300);
    exchange(s, GATEWAY, 3);
    synchronize(s, 2, 5, 3);
    note_end(s);
}
static void twice_in_a_row(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    fail_over(s);
    synchronize(s, 1, 3, 3);
    wait_ms(s, 300);
    synchronize(s, 2, 5, 3);
    note_end(s);
}
/* It was sent before the answer came. */
static void renewed_meanwhile(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    fail_over(s);
    wait_ms(s, 300);
    struct trace_event *e = sync_request(s, GATEWAY, 1, 3, 3);
    wait_ms(s, 3000);
    again(s, e);
    sync_response(s, HARNESS, 1, 3, 3);
    synchronize(s, 2, 4, 3);
    note_end(s);
}
/* The record is a moment late. */
static void once_each(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    synchronize(s, 1, 3, 3);
    fail_over(s);
    wait_ms(s, 1000);
    struct trace_event *e = sync_request(s, GATEWAY, 2, 5, 3);
    fail_over(s);
    wait_ms(s, 3000);
    again(s, e);
    synchronize(s, 3, 6, 3);
    note_end(s);
}
static void misled(struct story *s)
{
    live(s);
    sync_request(s, GATEWAY, 1, 3, 3);
    sync_response(s, HARNESS, 2, 3, 9);
    wait_ms(s, 300);
    exchange(s, GATEWAY, 9);
}

/* What reached the member, A03: all up to `next_send` and `next_receive`. */
static void told(struct story *s, const char *fate, int next_send,
                 int next_receive, uint32_t m1, uint32_t p1)
{
    note_run(s, "cluster");
    live(s);
    synch(s, 1, 2, "ike_sa", "delivered", 0, 2);
    synch(s, 1, 2, "message_id", fate, next_send, next_receive);
    fail_over_to(s, 1, 2, "crash");
    wait_ms(s, 300);
    sync_request(s, GATEWAY, 1, m1, p1);
    sync_response(s, HARNESS, 1, p1 > 3 ? p1 : 3, m1 > 2 ? m1 : 2);
    wait_ms(s, 300);
    exchange(s, GATEWAY, m1 > 2 ? m1 : 2);
    note_end(s);
}
static void keeps_to_what_it_knows(struct story *s)
{
    told(s, "delivered", 2, 3, 2, 3);
}
static void below_what_it_knows(struct story *s)
{
    told(s, "delivered", 2, 3, 1, 3);
}
static void was_not_told(struct story *s)
{
    told(s, "lost", 2, 3, 1, 2);
}
static void was_told_too_late(struct story *s)
{
    told(s, "held", 2, 3, 1, 2);
}
static void p1_below_what_it_knows(struct story *s)
{
    told(s, "delivered", 2, 3, 3, 2);
}
static void told_by_delay(struct story *s, int delay, uint32_t m1)
{
    note_run(s, "cluster");
    live(s);
    synch(s, 1, 2, "ike_sa", "delivered", 0, 2);
    note(s,
         "{\"event\":\"synch\",\"cluster\":\"gateway\",\"from\":\"m1\","
         "\"to\":\"m2\",\"what\":\"message_id\",\"fate\":\"delayed\","
         "\"due\":%llu,\"state\":{\"spi_i\":\"1111111111111111\","
         "\"spi_r\":\"2222222222222222\",\"next_send\":2,"
         "\"next_receive\":3}}",
         (unsigned long long)(s->time + (uint64_t)delay * NS_PER_MS));
    wait_ms(s, 100);
    fail_over_to(s, 1, 2, "crash");
    wait_ms(s, 300);
    sync_request(s, GATEWAY, 1, m1, 3);
    note_end(s);
}
static void came_in_time(struct story *s)
{
    told_by_delay(s, 50, 1);
}
static void came_too_late(struct story *s)
{
    told_by_delay(s, 1000, 1);
}
/* It came back from a crash, and nobody told it. */
static void forgot_by_crash(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    synch(s, 1, 2, "message_id", "delivered", 2, 3);
    fail_over_to(s, 1, 2, "crash");
    fail_over_to(s, 2, 1, "crash");
    wait_ms(s, 300);
    sync_request(s, GATEWAY, 1, 1, 3);
    note_end(s);
}
/* A window of 4 was announced, and shared with the state of the IKE SA unless
 * it came later: M1 is beyond all that is known by as much. */
static void wide(struct story *s, bool known, uint32_t m1)
{
    uint8_t four[4] = {0, 0, 0, 4};
    note_run(s, "cluster");
    s->gateway_responds = true;
    establish(s, BOTH, BOTH);
    struct trace_event *e =
        known ? s->events[3] : request(s, HARNESS, INFORMATIONAL, 2);
    add_notify(s, e, SET_WINDOW_SIZE, four, sizeof four);
    if (!known)
        response(s, GATEWAY, INFORMATIONAL, 2);
    else
        exchange(s, HARNESS, 2);
    exchange(s, GATEWAY, 0);
    exchange(s, GATEWAY, 1);
    synch(s, 1, 2, "ike_sa", "delivered", 2, 3);
    fail_over_to(s, 1, 2, "crash");
    wait_ms(s, 300);
    synchronize(s, 1, m1, 3);
    note_end(s);
}
static void window_beyond(struct story *s)
{
    wide(s, true, 5);
}
static void window_ignored(struct story *s)
{
    wide(s, true, 2);
}
static void window_not_known(struct story *s)
{
    wide(s, false, 2);
}
/* Three members; the second one's M1 goes to the third, or not. */
static void third_member(struct story *s, const char *fate, uint32_t m1)
{
    note_run(s, "cluster");
    live(s);
    synch(s, 1, 2, "message_id", "delivered", 2, 3);
    synch(s, 1, 3, "message_id", "delivered", 2, 3);
    fail_over_to(s, 1, 2, "crash");
    sync_request(s, GATEWAY, 1, 5, 3);
    if (fate)
        synch(s, 2, 3, "message_id", fate, 5, 3);
    wait_ms(s, 300);
    fail_over_to(s, 2, 3, "crash");
    wait_ms(s, 300);
    synchronize(s, 2, m1, 3);
    note_end(s);
}
static void third_goes_beyond(struct story *s)
{
    third_member(s, "delivered", 6);
}
static void third_was_told(struct story *s)
{
    third_member(s, "delivered", 5);
}
static void nobody_was_told(struct story *s)
{
    third_member(s, NULL, 5);
}
static void telling_was_lost(struct story *s)
{
    third_member(s, "lost", 5);
}

START_TEST(knowledge)
{
    conforms(keeps_to_what_it_knows, "RFC6311-5.1-01");
    conforms(keeps_to_what_it_knows, "RFC6311-5.1-02");
    violates(below_what_it_knows, "RFC6311-5.1-01", VERDICT_FAIL);
    violates(p1_below_what_it_knows, "RFC6311-5.1-03", VERDICT_WARNING);
    conforms(was_not_told, "RFC6311-5.1-01");
    conforms(was_told_too_late, "RFC6311-5.1-01");
    violates(came_in_time, "RFC6311-5.1-01", VERDICT_FAIL);
    conforms(came_too_late, "RFC6311-5.1-01");
    conforms(forgot_by_crash, "RFC6311-5.1-01");
    conforms(window_beyond, "RFC6311-5.1-02");
    conforms(window_not_known, "RFC6311-5.1-02");
    violates(window_ignored, "RFC6311-5.1-02", VERDICT_WARNING);
    conforms(third_goes_beyond, "RFC6311-5.1-04");
    conforms(third_goes_beyond, "RFC6311-2-01");
    conforms(telling_was_lost, "RFC6311-5.1-04");
    violates(third_was_told, "RFC6311-5.1-04", VERDICT_WARNING);
    violates(nobody_was_told, "RFC6311-5.1-04", VERDICT_WARNING);
}
END_TEST

START_TEST(values)
{
    conforms(good, "RFC6311-5.1-01");
    conforms(good, "RFC6311-5.1-02");
    conforms(good, "RFC6311-5.1-03");
    violates(stale_after_own_request, "RFC6311-5.1-01", VERDICT_FAIL);
    violates(stale_by_lag, "RFC6311-5.1-01", VERDICT_INCONCLUSIVE);
    violates(zero_of_initiator, "RFC6311-5.1-01", VERDICT_FAIL);
    violates(p1_below_answered, "RFC6311-5.1-03", VERDICT_WARNING);
    violates(second_member_replays, "RFC6311-5.1-04", VERDICT_WARNING);
    violates(same_member_replays, "RFC6311-5.1-01", VERDICT_FAIL);
}
END_TEST

START_TEST(once)
{
    conforms(good, "RFC6311-7-02");
    conforms(renewed, "RFC6311-7-02");
    violates(twice, "RFC6311-7-02", VERDICT_FAIL);
    violates(twice_in_a_row, "RFC6311-7-02", VERDICT_FAIL);
    conforms(renewed_meanwhile, "RFC6311-7-02");
    conforms(once_each, "RFC6311-7-02");
    conforms(once_each, "RFC6311-7-03");
}
END_TEST

START_TEST(wrong_nonce_is_dropped)
{
    struct story s;
    story_init(&s);
    misled(&s);
    struct oracle *oracle = judge_story(&s);
    ck_assert_uint_eq(count_findings(oracle, "RFC6311-5.1-09", VERDICT_FAIL),
                      1);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

/* ---- 5.2-01, 8.1-01 ---- */

static void counters_go_on(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    esp_run(s, GATEWAY, 1, 20);
    fail_over(s);
    wait_ms(s, 1500);
    esp_run(s, GATEWAY, 1000, 1010);
    note_end(s);
}
static void counters_fall_back(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    esp_run(s, GATEWAY, 1, 5);
    esp_run(s, GATEWAY, 10, 20);
    fail_over(s);
    wait_ms(s, 1500);
    set_iv(s, esp(s, GATEWAY, 7, 1), 700);
    set_iv(s, esp(s, GATEWAY, 8, 1), 800);
    note_end(s);
}
static void iv_comes_back(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    esp_run(s, GATEWAY, 1, 20);
    fail_over(s);
    wait_ms(s, 1500);
    set_iv(s, esp(s, GATEWAY, 100, 1), 5);
    note_end(s);
}
static void answers_outside(struct story *s)
{
    live(s);
    synchronize(s, 1, 3, 9);
    exchange(s, HARNESS, 5);
}

START_TEST(counters)
{
    conforms(counters_go_on, "RFC6311-5.2-01");
    conforms(counters_go_on, "RFC6311-3.4-01");
    violates(counters_fall_back, "RFC6311-5.2-01", VERDICT_FAIL);
    violates(iv_comes_back, "RFC6311-3.4-01", VERDICT_FAIL);
    violates(answers_outside, "RFC6311-8.1-01", VERDICT_FAIL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_member");
    TCase *cases = tcase_create("member");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, form);
    tcase_add_test(cases, id_0);
    tcase_add_test(cases, knowledge);
    tcase_add_test(cases, values);
    tcase_add_test(cases, once);
    tcase_add_test(cases, wrong_nonce_is_dropped);
    tcase_add_test(cases, counters);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
