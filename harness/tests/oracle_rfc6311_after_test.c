/* The oracle's rules of RFC 6311 for a peer under test: step by step, and what
 * follows a synchronization. */
#include "oracle_peer.h"

/* ---- 9, 10 ---- */

static struct trace_event *forged(struct story *s, enum trace_ike_status status)
{
    live(s);
    struct trace_event *e = sync_request(s, HARNESS, 1, 3, 3);
    e->ike.status = status;
    return e;
}
static void drops_forged(struct story *s)
{
    forged(s, TRACE_IKE_BAD_ICV);
    wait_ms(s, 300);
    exchange(s, HARNESS, 3);
}
static void drops_clear(struct story *s)
{
    forged(s, TRACE_IKE_CLEAR);
    wait_ms(s, 300);
    sync_request(s, HARNESS, 2, 3, 3);
    sync_response(s, GATEWAY, 2, 3, 3);
}
static void answers_forged(struct story *s)
{
    forged(s, TRACE_IKE_BAD_ICV);
    sync_response(s, GATEWAY, 1, 3, 3);
}
static void answers_clear(struct story *s)
{
    forged(s, TRACE_IKE_CLEAR);
    sync_response(s, GATEWAY, 1, 3, 3);
}
static void pending_not_waited_for(struct story *s)
{
    live(s);
    request(s, GATEWAY, INFORMATIONAL, 3);
    sync_request(s, HARNESS, 1, 3, 3);
    sync_response(s, GATEWAY, 1, 4, 3);
    wait_ms(s, 1500);
    exchange(s, GATEWAY, 4);
}
static void pending_waited_for(struct story *s)
{
    live(s);
    request(s, GATEWAY, INFORMATIONAL, 3);
    sync_request(s, HARNESS, 1, 3, 3);
    sync_response(s, GATEWAY, 1, 3, 3);
}
static void pending_repeated(struct story *s)
{
    live(s);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 3);
    sync_request(s, HARNESS, 1, 3, 3);
    sync_response(s, GATEWAY, 1, 4, 3);
    wait_ms(s, 1500);
    again(s, e);
}
/* Its timer is a quick one. */
static void pending_repeated_soon(struct story *s, uint64_t wait)
{
    live(s);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 3);
    wait_ms(s, 250);
    again(s, e);
    sync_request(s, HARNESS, 1, 3, 3);
    sync_response(s, GATEWAY, 1, 4, 3);
    wait_ms(s, wait);
    again(s, e);
}
static void pending_repeated_on_time(struct story *s)
{
    pending_repeated_soon(s, 400);
}
static void pending_on_its_way(struct story *s)
{
    pending_repeated_soon(s, 100);
}
static void sync_before_established(struct story *s)
{
    request(s, GATEWAY, IKE_SA_INIT, 0);
    response(s, HARNESS, IKE_SA_INIT, 0);
    sync_request(s, HARNESS, 1, 3, 3);
    sync_response(s, GATEWAY, 1, 3, 3);
}
static void sync_in_auth(struct story *s)
{
    establish(s, 0, 0);
    add_sync(s, s->events[2], 1, 3, 3);
}

START_TEST(steps)
{
    conforms(drops_forged, "RFC6311-9-01");
    conforms(drops_clear, "RFC6311-9-01");
    violates(answers_forged, "RFC6311-9-01", VERDICT_FAIL);
    violates(answers_clear, "RFC6311-9-01", VERDICT_FAIL);
    conforms(pending_not_waited_for, "RFC6311-9-02");
    violates_both(pending_waited_for, "RFC6311-5.1-07", "RFC6311-9-02");
    violates(pending_repeated, "RFC6311-9-02", VERDICT_WARNING);
    violates(pending_repeated_on_time, "RFC6311-9-02", VERDICT_WARNING);
    passes(pending_on_its_way);
    violates(sync_before_established, "RFC6311-10-01", VERDICT_FAIL);
    conforms(good, "RFC6311-10-01");
}
END_TEST

START_TEST(sync_in_ike_auth)
{
    struct story s;
    story_init(&s);
    sync_in_auth(&s);
    struct oracle *oracle = judge_story(&s);
    ck_assert_uint_eq(count_findings(oracle, "RFC6311-10-01", VERDICT_FAIL), 1);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

/* ---- 6.3-02, 6.3-03, 7-01, 8.1 ---- */

static void next_not_announced(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 3, 9);
    sync_response(s, GATEWAY, 1, 9, 3);
    wait_ms(s, 500);
    exchange(s, GATEWAY, 3);
}
static void next_above_announced(struct story *s)
{
    good_sync(s);
    wait_ms(s, 500);
    exchange(s, GATEWAY, 5);
}
static void request_on_its_way(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 3, 9);
    sync_response(s, GATEWAY, 1, 9, 3);
    request(s, GATEWAY, INFORMATIONAL, 3);
    wait_ms(s, 500);
    exchange(s, GATEWAY, 9);
}
static void below_window(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 9, 3);
    sync_response(s, GATEWAY, 1, 3, 9);
    exchange(s, HARNESS, 5);
}
static void beyond_window(struct story *s)
{
    good_sync(s);
    exchange(s, HARNESS, 4);
}
static void drops_outside(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 9, 3);
    sync_response(s, GATEWAY, 1, 3, 9);
    request(s, HARNESS, INFORMATIONAL, 5);
    request(s, HARNESS, INFORMATIONAL, 10);
    exchange(s, HARNESS, 9);
    exchange(s, HARNESS, 10);
}
/* 4 is missing when the sync comes, and comes later. */
static void late_one(struct story *s, bool answered)
{
    set_up(s);
    uint8_t eight[4] = {0, 0, 0, 8};
    request(s, HARNESS, INFORMATIONAL, 0);
    add_notify(s, response(s, GATEWAY, INFORMATIONAL, 0), SET_WINDOW_SIZE,
               eight, sizeof eight);
    for (uint32_t id = 1; id < 7; id++)
        if (id != 4)
            exchange(s, HARNESS, id);
    sync_request(s, HARNESS, 1, 15, 3);
    sync_response(s, GATEWAY, 1, 3, 15);
    request(s, HARNESS, INFORMATIONAL, 4);
    if (answered)
        response(s, GATEWAY, INFORMATIONAL, 4);
    exchange(s, HARNESS, 15);
}
static void drops_late_one(struct story *s)
{
    late_one(s, false);
}
static void answers_late_one(struct story *s)
{
    late_one(s, true);
}
static void beyond_before_sync(struct story *s)
{
    note_run(s, "peer");
    live(s);
    note(s, "{\"event\":\"fail_over\",\"cluster\":\"harness\"}");
    exchange(s, HARNESS, 7);
    note_end(s);
}
static void drops_before_sync(struct story *s)
{
    note_run(s, "peer");
    live(s);
    note(s, "{\"event\":\"fail_over\",\"cluster\":\"harness\"}");
    request(s, HARNESS, INFORMATIONAL, 7);
    exchange(s, HARNESS, 3);
    note_end(s);
}

START_TEST(message_ids_afterwards)
{
    conforms(good, "RFC6311-6.3-02");
    conforms(good, "RFC6311-6.3-03");
    conforms(request_on_its_way, "RFC6311-6.3-02");
    violates(next_not_announced, "RFC6311-6.3-02", VERDICT_FAIL);
    violates(next_above_announced, "RFC6311-6.3-02", VERDICT_FAIL);
    conforms(drops_outside, "RFC6311-8.1-02");
    violates(below_window, "RFC6311-8.1-02", VERDICT_FAIL);
    violates(beyond_window, "RFC6311-8.1-02", VERDICT_FAIL);
    conforms(drops_late_one, "RFC6311-9-03");
    violates(answers_late_one, "RFC6311-9-03", VERDICT_FAIL);
    conforms(drops_before_sync, "RFC6311-7-01");
    violates(beyond_before_sync, "RFC6311-7-01", VERDICT_FAIL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_rfc6311_after");
    TCase *cases = tcase_create("peer");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, steps);
    tcase_add_test(cases, sync_in_ike_auth);
    tcase_add_test(cases, message_ids_afterwards);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
