/* The oracle's rules for a member that takes over, and for failovers of a
 * cluster under test that no record tells of. */
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
    note(s, "{\"event\":\"fail_over\",\"cluster\":\"gateway\",\"from\":\"m1\","
            "\"to\":\"m2\",\"kind\":\"crash\"}");
}

static void tell(struct story *s, const char *what, int next_send,
                 int next_receive)
{
    note(s,
         "{\"event\":\"synch\",\"cluster\":\"gateway\",\"from\":\"m1\","
         "\"to\":\"m2\",\"what\":\"%s\",\"fate\":\"delivered\",\"state\":{"
         "\"spi_i\":\"1111111111111111\",\"spi_r\":\"2222222222222222\","
         "\"next_send\":%d,\"next_receive\":%d}}",
         what, next_send, next_receive);
}

/* A run of a cluster up to its failover, all that was done being known. */
static void taken_over(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    tell(s, "ike_sa", 2, 3);
    fail_over(s);
    wait_ms(s, 300);
}

static void synchronize(struct story *s, uint32_t nonce, uint32_t m1,
                        uint32_t p1)
{
    sync_request(s, GATEWAY, nonce, m1, p1);
    sync_response(s, HARNESS, nonce, p1, m1);
}

/* ---- 5.1-09, 11-01: answers that are not to be adopted ---- */

static void asks_on(struct story *s)
{
    taken_over(s);
    struct trace_event *e = sync_request(s, GATEWAY, 1, 3, 3);
    sync_response(s, HARNESS, 2, 3, 9);
    wait_ms(s, 1000);
    again(s, e);
    sync_response(s, HARNESS, 1, 3, 3);
    wait_ms(s, 300);
    exchange(s, GATEWAY, 3);
    note_end(s);
}
static void adopts_other_nonce(struct story *s)
{
    taken_over(s);
    sync_request(s, GATEWAY, 1, 3, 3);
    sync_response(s, HARNESS, 2, 3, 9);
    wait_ms(s, 300);
    exchange(s, GATEWAY, 9);
    note_end(s);
}
static void stops_asking(struct story *s)
{
    taken_over(s);
    sync_request(s, GATEWAY, 1, 3, 3);
    sync_response(s, HARNESS, 2, 3, 3);
    wait_ms(s, 10000);
    exchange(s, GATEWAY, 3);
    wait_ms(s, 40000);
    exchange(s, GATEWAY, 4);
    note_end(s);
}
static void second_answer(struct story *s, uint32_t next)
{
    taken_over(s);
    sync_request(s, GATEWAY, 1, 3, 3);
    again(s, sync_response(s, HARNESS, 1, 3, 3));
    sync_response(s, HARNESS, 1, 9, 9);
    wait_ms(s, 300);
    exchange(s, GATEWAY, next);
    note_end(s);
}
static void keeps_first_answer(struct story *s)
{
    second_answer(s, 3);
}
static void adopts_second_answer(struct story *s)
{
    second_answer(s, 9);
}

/* A failure of this clause, whatever else follows from it. */
static void fails(story_fn *tell_story, const char *clause)
{
    struct story s;
    story_init(&s);
    tell_story(&s);
    struct oracle *oracle = judge_story(&s);
    if (count_findings(oracle, clause, VERDICT_FAIL) != 1)
        print_findings(oracle);
    ck_assert_uint_eq(count_findings(oracle, clause, VERDICT_FAIL), 1);
    oracle_free(oracle);
    story_free(&s);
}

START_TEST(answers)
{
    conforms(asks_on, "RFC6311-7-02");
    fails(adopts_other_nonce, "RFC6311-5.1-09");
    violates(stops_asking, "RFC6311-5.1-09", VERDICT_FAIL);
    conforms(keeps_first_answer, "RFC6311-11-01");
    fails(adopts_second_answer, "RFC6311-11-01");
}
END_TEST

/* ---- 5-03, 5-07 ---- */

static void capability_is_shared(struct story *s)
{
    taken_over(s);
    synchronize(s, 1, 3, 3);
    wait_ms(s, 300);
    exchange(s, GATEWAY, 3);
    note_end(s);
}
static void goes_on_plainly(struct story *s)
{
    note_run(s, "cluster");
    live(s);
    tell(s, "ike_sa", 1, 3);
    fail_over(s);
    wait_ms(s, 300);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 1);
    add_payload(s, e, PAYLOAD_DELETE, bytes_of("\3\4\0\1abcd", 8));
    note_end(s);
}
static void counters_behind(struct story *s, bool answered)
{
    taken_over(s);
    sync_request(s, GATEWAY, 1, 3, 3);
    if (answered)
        sync_response(s, HARNESS, 1, 3, 3);
    wait_ms(s, 500);
    add_delta(s, request(s, GATEWAY, INFORMATIONAL, 3), 1000);
    response(s, HARNESS, INFORMATIONAL, 3);
    note_end(s);
}
static void counters_afterwards(struct story *s)
{
    counters_behind(s, true);
}
static void counters_meanwhile(struct story *s)
{
    counters_behind(s, false);
}

START_TEST(requests)
{
    conforms(capability_is_shared, "RFC6311-5-03");
    violates(goes_on_plainly, "RFC6311-5-03", VERDICT_WARNING);
    conforms(counters_afterwards, "RFC6311-5-07");
    violates(counters_meanwhile, "RFC6311-5-07", VERDICT_FAIL);
}
END_TEST

/* ---- 8.1-01: the window that its request declares ---- */

static void asked_meanwhile(struct story *s, uint32_t id, bool answered)
{
    taken_over(s);
    struct trace_event *e = sync_request(s, GATEWAY, 1, 3, 9);
    wait_ms(s, 500);
    request(s, HARNESS, INFORMATIONAL, id);
    if (answered)
        response(s, GATEWAY, INFORMATIONAL, id);
    wait_ms(s, 500);
    again(s, e);
    sync_response(s, HARNESS, 1, 9, 3);
    wait_ms(s, 500);
    exchange(s, HARNESS, 9);
    note_end(s);
}
static void drops_undue(struct story *s)
{
    asked_meanwhile(s, 3, false);
}
static void answers_undue(struct story *s)
{
    asked_meanwhile(s, 3, true);
}
static void answers_far(struct story *s)
{
    asked_meanwhile(s, 11, true);
}

START_TEST(window)
{
    conforms(drops_undue, "RFC6311-8.1-01");
    violates(answers_undue, "RFC6311-8.1-01", VERDICT_FAIL);
    fails(answers_far, "RFC6311-8.1-01"); /* and RFC7296-2.3-12 */
}
END_TEST

/* ---- both ends at once ---- */

static void simultaneous(struct story *s, uint32_t next)
{
    taken_over(s);
    sync_request(s, GATEWAY, 1, 4, 4);
    sync_request(s, HARNESS, 2, 5, 5);
    sync_response(s, GATEWAY, 2, 5, 5);
    sync_response(s, HARNESS, 1, 5, 5);
    wait_ms(s, 500);
    exchange(s, GATEWAY, next);
    exchange(s, HARNESS, 5);
    note_end(s);
}
static void both_end_higher(struct story *s)
{
    simultaneous(s, 5);
}
static void stays_lower(struct story *s)
{
    simultaneous(s, 4);
}

START_TEST(crossing)
{
    conforms(both_end_higher, "RFC6311-A-02");
    violates(stays_lower, "RFC6311-A-02", VERDICT_FAIL);
}
END_TEST

/* ---- Plain IKEv2: what a member never knew it cannot repeat ---- */

static void plain(struct story *s, int next_send)
{
    note_run(s, "cluster");
    s->gateway_responds = true;
    establish(s, 0, 0);
    exchange(s, GATEWAY, 0);
    request(s, GATEWAY, INFORMATIONAL, 1);
    wait_ms(s, 300);
    tell(s, "ike_sa", next_send, 2);
    fail_over(s);
    wait_ms(s, 300);
    add_payload(s, request(s, GATEWAY, INFORMATIONAL, 1), PAYLOAD_DELETE,
                bytes_of("\3\4\0\1abcd", 8));
    note_end(s);
}
static void repeats_unknown(struct story *s)
{
    plain(s, 1);
}
static void repeats_known(struct story *s)
{
    plain(s, 2);
}
/* No record: the same content sealed anew is one sender's. */
static struct trace_event *with_content(struct story *s, const char *content)
{
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 2);
    e->ike.plaintext = bytes_of_string(content);
    add_payload(s, e, PAYLOAD_NONCE, bytes_of_string(content));
    return e;
}
static void sealed_again(struct story *s)
{
    establish(s, BOTH, BOTH);
    struct trace_event *e = with_content(s, "something of sixteen");
    wait_ms(s, 500);
    resealed(s, e);
}
static void another_request(struct story *s)
{
    establish(s, BOTH, BOTH);
    with_content(s, "something of sixteen");
    wait_ms(s, 500);
    with_content(s, "something else, as long");
}

START_TEST(plain_failover)
{
    violates(repeats_unknown, "RFC7296-2.1-09", VERDICT_INCONCLUSIVE);
    violates(repeats_known, "RFC7296-2.1-09", VERDICT_FAIL);
    violates(sealed_again, "RFC7296-2.1-09", VERDICT_FAIL);
    violates(another_request, "RFC7296-2.1-09", VERDICT_INCONCLUSIVE);
}
END_TEST

/* ---- Failovers that are inferred ---- */

static void unrecorded(struct story *s)
{
    live(s);
    struct trace_event *e = sync_request(s, GATEWAY, 1, 3, 3);
    wait_ms(s, 500);
    again(s, e);
    synchronize(s, 2, 4, 3); /* renewed */
    exchange(s, GATEWAY, 4);
    wait_ms(s, 5000);
    synchronize(s, 3, 6, 3);
}

START_TEST(inferred)
{
    struct story s;
    story_init(&s);
    unrecorded(&s);
    struct oracle *oracle = judge_story(&s);
    check_clean(oracle);
    ck_assert_uint_eq(oracle_totals(oracle)->failovers, 0);
    ck_assert_uint_eq(oracle_totals(oracle)->failovers_inferred, 2);
    oracle_free(oracle);
    check_fair(&s, 400);
    story_free(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_takeover");
    TCase *cases = tcase_create("takeover");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, answers);
    tcase_add_test(cases, requests);
    tcase_add_test(cases, window);
    tcase_add_test(cases, crossing);
    tcase_add_test(cases, plain_failover);
    tcase_add_test(cases, inferred);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
