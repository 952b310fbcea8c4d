/* Expectations of scenarios, and the verdict on the whole run. */
#include "oracle_expect.h"

static enum verdict verdict_of(struct story *s, const char *clause,
                               enum verdict finding)
{
    struct oracle *oracle = judge_story(s);
    char reason[256] = "";
    enum verdict verdict = oracle_verdict(oracle, reason, sizeof reason);
    size_t from_scenario = 0;
    for (size_t i = 0; i < oracle_finding_count(oracle); i++)
        from_scenario += oracle_finding(oracle, i)->from_scenario;
    if (!clause && from_scenario)
        print_findings(oracle);
    ck_assert_uint_eq(from_scenario, clause ? 1 : 0);
    if (clause)
        ck_assert_uint_eq(count_findings(oracle, clause, finding), 1);
    ck_assert(reason[0]);
    oracle_free(oracle);
    story_free(s);
    return verdict;
}

START_TEST(silence)
{
    struct story s;
    uint64_t from;

    story_init(&s);
    from = begin(&s);
    sync_request(&s, HARNESS, 1, 0, 2);
    expect(&s, "silence", from, SYNC_1 CLAUSE_05);
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, NULL, 0), VERDICT_PASS);

    story_init(&s);
    from = begin(&s);
    sync_request(&s, HARNESS, 1, 7, 2);
    sync_response(&s, GATEWAY, 1, 2, 7);
    expect(&s, "silence", from, SYNC_1 CLAUSE_05);
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, "RFC6311-5.1-05", VERDICT_FAIL),
                     VERDICT_FAIL);

    /* Any other response with Message ID 0 is none. */
    story_init(&s);
    from = begin(&s);
    sync_request(&s, HARNESS, 1, 7, 2);
    response(&s, GATEWAY, INFORMATIONAL, 0);
    expect(&s, "silence", from, SYNC_1 CLAUSE_05);
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, "RFC6311-5.1-05", VERDICT_FAIL),
                     VERDICT_FAIL);

    /* What comes after the wait does not count. */
    story_init(&s);
    from = begin(&s);
    sync_request(&s, HARNESS, 1, 7, 2);
    expect(&s, "silence", from, SYNC_1 CLAUSE_05);
    sync_response(&s, GATEWAY, 1, 2, 7);
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, NULL, 0), VERDICT_PASS);
}
END_TEST

/* A01: a replayed request may get the former octets. */
START_TEST(silence_or_the_former_answer)
{
    struct story s;
    story_init(&s);
    begin(&s);
    struct trace_event *ask = sync_request(&s, HARNESS, 1, 7, 2);
    struct trace_event *answer = sync_response(&s, GATEWAY, 1, 2, 7);
    wait_ms(&s, 100);
    uint64_t from = s.time;
    again(&s, ask);
    again(&s, answer);
    expect(&s, "silence", from, SYNC_1 CLAUSE_05);
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, NULL, 0), VERDICT_PASS);
}
END_TEST

/* A request that the capture does not hold decides nothing. */
START_TEST(silence_needs_the_request)
{
    struct story s;
    story_init(&s);
    uint64_t from = begin(&s);
    expect(&s, "silence", from,
           ",\"exchange\":37,\"message_id\":9,\"digest\":"
           "\"000102030405060708090a0b0c0d0e0f\"}" CLAUSE_05);
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, "RFC6311-5.1-05", VERDICT_INCONCLUSIVE),
                     VERDICT_INCONCLUSIVE);
}
END_TEST

START_TEST(shut_messages_decide_nothing)
{
    struct story s;
    story_init(&s);
    uint64_t from = begin(&s);
    struct trace_event *ask = sync_request(&s, HARNESS, 1, 7, 2);
    struct trace_event *answer = sync_response(&s, GATEWAY, 1, 2, 7);
    ask->ike.status = answer->ike.status = TRACE_IKE_NO_KEY;
    expect(&s, "silence", from, SYNC_1 CLAUSE_05);
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, "RFC6311-5.1-05", VERDICT_INCONCLUSIVE),
                     VERDICT_INCONCLUSIVE);
}
END_TEST

static enum verdict answer_with(const char *values, const char *clause)
{
    struct story s;
    char more[256];
    story_init(&s);
    uint64_t from = begin(&s);
    sync_request(&s, HARNESS, 1, 7, 2);
    struct trace_event *e = sync_response(&s, GATEWAY, 1, 2, 7);
    (void)e;
    snprintf(more, sizeof more, SYNC_1 "%s" CLAUSE_04, values);
    expect(&s, "answer", from, more);
    finish(&s);
    return verdict_of(&s, clause, VERDICT_FAIL);
}

START_TEST(answer)
{
    static const char clause[] = "RFC6311-5-04";
    ck_assert_int_eq(answer_with("", NULL), VERDICT_PASS);
    ck_assert_int_eq(answer_with(",\"m2\":7,\"p2\":2", NULL), VERDICT_PASS);
    ck_assert_int_eq(answer_with(",\"nonce\":\"00000001\"", NULL),
                     VERDICT_PASS);
    ck_assert_int_eq(answer_with(",\"notify\":[16422]", NULL), VERDICT_PASS);
    ck_assert_int_eq(answer_with(",\"without\":[16423]", NULL), VERDICT_PASS);
    ck_assert_int_eq(answer_with(",\"m2\":8", clause), VERDICT_FAIL);
    ck_assert_int_eq(answer_with(",\"p2\":3", clause), VERDICT_FAIL);
    ck_assert_int_eq(answer_with(",\"nonce\":\"00000002\"", clause),
                     VERDICT_FAIL);
    ck_assert_int_eq(answer_with(",\"notify\":[16423]", clause), VERDICT_FAIL);
    ck_assert_int_eq(answer_with(",\"without\":[16422]", clause), VERDICT_FAIL);
}
END_TEST

/* The gateway is asked and says nothing. */
static void unanswered(struct story *s, const char *clauses)
{
    char more[128];
    story_init(s);
    uint64_t from = begin(s);
    request(s, HARNESS, INFORMATIONAL, 1);
    snprintf(more, sizeof more, ",\"exchange\":37,\"message_id\":1}%s",
             clauses);
    expect(s, "answer", from, more);
}

START_TEST(no_answer)
{
    struct story s;
    unanswered(&s, CLAUSE_04);
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, "RFC6311-5-04", VERDICT_FAIL),
                     VERDICT_FAIL);

    /* It fell silent for good. */
    unanswered(&s, CLAUSE_04);
    note_end(&s);
    ck_assert_int_eq(verdict_of(&s, "RFC6311-5-04", VERDICT_INCONCLUSIVE),
                     VERDICT_INCONCLUSIVE);

    /* Though it was alive. */
    unanswered(&s, CLAUSE_04);
    note(&s, "{\"event\":\"alive\"}");
    note_end(&s);
    ck_assert_int_eq(verdict_of(&s, "RFC6311-5-04", VERDICT_FAIL),
                     VERDICT_FAIL);

    /* It died. */
    unanswered(&s, CLAUSE_04);
    note(&s, "{\"event\":\"gateway_died\",\"text\":\"signal 11\"}");
    note_end(&s);
    ck_assert_int_eq(verdict_of(&s, "RFC6311-5-04", VERDICT_FAIL),
                     VERDICT_FAIL);
}
END_TEST

START_TEST(levels)
{
    struct story s;
    unanswered(&s, CLAUSE_SHOULD);
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, "RFC7296-2.21.2-01", VERDICT_WARNING),
                     VERDICT_PASS);
    unanswered(&s, CLAUSE_MAY);
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, NULL, 0), VERDICT_PASS);
    /* No clause: what the scenario needed was not seen. */
    unanswered(&s, "");
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, NULL, 0), VERDICT_INCONCLUSIVE);
}
END_TEST

static enum verdict request_of(const char *kind, const char *values,
                               const char *clause)
{
    struct story s;
    char more[256];
    story_init(&s);
    uint64_t from = begin(&s);
    struct trace_event *e = request(&s, GATEWAY, CREATE_CHILD_SA, 2);
    add_payload(&s, e, PAYLOAD_NONCE, bytes_of("0123456789abcdef", 16));
    add_notify(&s, e, ESP_TFC_PADDING_NOT_SUPPORTED, NULL, 0);
    response(&s, HARNESS, CREATE_CHILD_SA, 2);
    snprintf(more, sizeof more, "%s" CLAUSE_04, values);
    expect(&s, kind, from, more);
    exchange(&s, GATEWAY, 3);
    note_end(&s);
    return verdict_of(&s, clause, VERDICT_FAIL);
}

START_TEST(requests)
{
    static const char clause[] = "RFC6311-5-04";
    ck_assert_int_eq(request_of("request", "}", NULL), VERDICT_PASS);
    ck_assert_int_eq(request_of("request", ",\"exchange\":36}", NULL),
                     VERDICT_PASS);
    ck_assert_int_eq(request_of("request", ",\"exchange\":0}", NULL),
                     VERDICT_PASS);
    ck_assert_int_eq(request_of("request", ",\"exchange\":37}", clause),
                     VERDICT_FAIL);
    ck_assert_int_eq(request_of("request", "},\"message_id\":2", NULL),
                     VERDICT_PASS);
    ck_assert_int_eq(request_of("request", "},\"message_id\":3", clause),
                     VERDICT_FAIL);
    ck_assert_int_eq(request_of("request", "},\"payload\":40", NULL),
                     VERDICT_PASS);
    ck_assert_int_eq(request_of("request", "},\"payload\":42", clause),
                     VERDICT_FAIL);
    ck_assert_int_eq(request_of("request", "},\"notify\":16394", NULL),
                     VERDICT_PASS);
    ck_assert_int_eq(request_of("request", "},\"notify\":16393", clause),
                     VERDICT_FAIL);
    ck_assert_int_eq(request_of("no_request", ",\"exchange\":37}", NULL),
                     VERDICT_PASS);
    ck_assert_int_eq(request_of("no_request", ",\"exchange\":36}", clause),
                     VERDICT_FAIL);
}
END_TEST

/* A retransmission is no new request. */
START_TEST(retransmission_is_no_request)
{
    struct story s;
    story_init(&s);
    begin(&s);
    struct trace_event *e = request(&s, GATEWAY, INFORMATIONAL, 2);
    wait_ms(&s, 100);
    uint64_t from = s.time;
    again(&s, e);
    expect(&s, "no_request", from, "}" CLAUSE_04);
    response(&s, HARNESS, INFORMATIONAL, 2);
    note_end(&s);
    ck_assert_int_eq(verdict_of(&s, NULL, 0), VERDICT_PASS);
}
END_TEST

/* The request comes once more after so many ms; 0: it does not. */
static enum verdict repeated_after(uint64_t ms, const char *clause)
{
    struct story s;
    story_init(&s);
    uint64_t from = begin(&s);
    struct trace_event *e = request(&s, GATEWAY, INFORMATIONAL, 2);
    if (ms) {
        wait_ms(&s, ms);
        again(&s, e);
    }
    expect(&s, "request", from, "},\"message_id\":2,\"again\":true" CLAUSE_04);
    response(&s, HARNESS, INFORMATIONAL, 2);
    exchange(&s, GATEWAY, 3);
    note_end(&s);
    return verdict_of(&s, clause, VERDICT_FAIL);
}

/* What comes at once is a copy that the network made. */
START_TEST(request_again)
{
    ck_assert_int_eq(repeated_after(500, NULL), VERDICT_PASS);
    ck_assert_int_eq(repeated_after(20, "RFC6311-5-04"), VERDICT_FAIL);
    ck_assert_int_eq(repeated_after(0, "RFC6311-5-04"), VERDICT_FAIL);
}
END_TEST

/* What was sent may be a response too, named by its digest. */
static enum verdict response_answered(bool answered)
{
    struct story s;
    char digest[33], more[160];
    story_init(&s);
    uint64_t from = begin(&s);
    struct trace_event *odd = response(&s, HARNESS, INFORMATIONAL, 4);
    seal(&s, odd, 1000);
    if (answered)
        response(&s, GATEWAY, INFORMATIONAL, 4);
    bytes_to_hex(bytes_of(odd->ike.digest, 16), digest, sizeof digest);
    snprintf(more, sizeof more,
             ",\"exchange\":37,\"message_id\":4,\"digest\":\"%s\"}" CLAUSE_04,
             digest);
    expect(&s, "silence", from, more);
    note_end(&s);
    return verdict_of(&s, answered ? "RFC6311-5-04" : NULL, VERDICT_FAIL);
}

START_TEST(silence_after_a_response)
{
    ck_assert_int_eq(response_answered(false), VERDICT_PASS);
    ck_assert_int_eq(response_answered(true), VERDICT_FAIL);
}
END_TEST

static enum verdict delivery(const char *kind, uint16_t sequence,
                             const char *clause)
{
    struct story s;
    struct buffer inner = {0};
    char more[256];
    story_init(&s);
    uint64_t from = begin(&s);
    struct trace_event *e = esp(&s, GATEWAY, 1, 1);
    packet_icmp_echo(&inner, true, &story_addresses[GATEWAY],
                     &story_addresses[HARNESS], 7, sequence,
                     bytes_of_string("ping"));
    e->esp.inner = arena_copy(&s.arena, buffer_view(&inner));
    buffer_free(&inner);
    snprintf(more, sizeof more,
             "},\"identifier\":7,\"sequence\":3,\"spi\":\"%08x\"" CLAUSE_04,
             SPI_OF_HARNESS);
    expect(&s, kind, from, more);
    finish(&s);
    return verdict_of(&s, clause, VERDICT_FAIL);
}

START_TEST(deliveries)
{
    static const char clause[] = "RFC6311-5-04";
    ck_assert_int_eq(delivery("delivered", 3, NULL), VERDICT_PASS);
    ck_assert_int_eq(delivery("delivered", 4, clause), VERDICT_FAIL);
    ck_assert_int_eq(delivery("undelivered", 4, NULL), VERDICT_PASS);
    ck_assert_int_eq(delivery("undelivered", 3, clause), VERDICT_FAIL);
}
END_TEST

/* ---- The whole ---- */

START_TEST(verdicts)
{
    struct story s;
    story_init(&s);
    begin(&s);
    finish(&s);
    ck_assert_int_eq(verdict_of(&s, NULL, 0), VERDICT_PASS);

    story_init(&s);
    begin(&s); /* and no end */
    ck_assert_int_eq(verdict_of(&s, NULL, 0), VERDICT_INCONCLUSIVE);

    story_init(&s);
    begin(&s);
    note(&s, "{\"event\":\"abort\",\"verdict\":\"error\",\"reason\":\"no\"}");
    note_end(&s);
    ck_assert_int_eq(verdict_of(&s, NULL, 0), VERDICT_ERROR);

    story_init(&s);
    begin(&s);
    note(&s, "{\"event\":\"abort\",\"verdict\":\"inconclusive\","
             "\"reason\":\"no\"}");
    note_end(&s);
    ck_assert_int_eq(verdict_of(&s, NULL, 0), VERDICT_INCONCLUSIVE);

    story_init(&s);
    note_run(&s, "peer");
    note_end(&s);
    ck_assert_int_eq(verdict_of(&s, NULL, 0), VERDICT_INCONCLUSIVE);
}
END_TEST

/* Frames that the note counts and the capture lacks take the proof away. */
START_TEST(frames_are_counted)
{
    for (int missing = 0; missing < 2; missing++) {
        struct story s;
        story_init(&s);
        begin(&s);
        request(&s, HARNESS, INFORMATIONAL, 1);
        response(&s, GATEWAY, INFORMATIONAL, 1);
        response(&s, GATEWAY, INFORMATIONAL, 2);
        exchange(&s, GATEWAY, 2);
        note_end(&s);
        if (missing) {
            struct trace_event *gone = s.events[s.count - 5];
            memmove(&s.events[s.count - 5], &s.events[s.count - 4],
                    4 * sizeof(struct trace_event *));
            s.count--;
            ck_assert(gone->kind == TRACE_IKE);
        }
        struct oracle *oracle = judge_story(&s);
        if (!missing)
            check_only(oracle, "RFC7296-2.2-03", VERDICT_FAIL);
        else
            check_clean(oracle);
        oracle_free(oracle);
        story_free(&s);
    }
}
END_TEST

/* Odd notes are read with care. */
START_TEST(odd_notes)
{
    static const char *const odd[] = {
        "{}",
        "{\"event\":7}",
        "{\"event\":\"expect\"}",
        "{\"event\":\"expect\",\"kind\":\"what\"}",
        "{\"event\":\"expect\",\"kind\":\"answer\",\"about\":7,\"from\":\"x\"}",
        "{\"event\":\"expect\",\"kind\":\"answer\",\"clauses\":[7,\"no\"]}",
        "{\"event\":\"run\",\"under_test\":[7,\"nowhere\"]}",
        "{\"event\":\"fail_over\"}",
        "{\"event\":\"capture\",\"frames\":-1,\"dropped\":\"x\"}",
        "{\"event\":\"tomorrow\"}",
    };
    struct story s;
    story_init(&s);
    begin(&s);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        note(&s, "%s", odd[i]);
    finish(&s);
    struct oracle *oracle = judge_story(&s);
    check_clean(oracle);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

START_TEST(catalogue)
{
    ck_assert_uint_gt(clause_count(), 500);
    const struct clause *clause = clause_find("RFC6311-5.1-05");
    ck_assert_ptr_nonnull(clause);
    ck_assert_int_eq(clause->level, LEVEL_MUST);
    ck_assert_str_eq(clause->section, "5.1");
    ck_assert_str_eq(clause->subject, "peer");
    ck_assert_int_eq(clause->observe, OBSERVE_BEHAVIOUR);
    ck_assert_ptr_nonnull(strstr(clause->statement, "Silently drop"));
    ck_assert_ptr_null(clause_find("RFC6311-5.1-99"));
    ck_assert_ptr_null(clause_nth(clause_count()));
    for (size_t i = 0; i < clause_count(); i++) {
        const struct clause *each = clause_nth(i);
        ck_assert_ptr_eq(clause_find(each->id), each);
        ck_assert(each->statement[0] && each->violation[0]);
    }
    ck_assert_str_eq(clause_level_name(LEVEL_MUST_NOT), "MUST NOT");
    ck_assert_str_eq(verdict_name(VERDICT_INCONCLUSIVE), "inconclusive");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_expect");
    TCase *cases = tcase_create("expect");
    tcase_add_test(cases, silence);
    tcase_add_test(cases, silence_or_the_former_answer);
    tcase_add_test(cases, silence_needs_the_request);
    tcase_add_test(cases, shut_messages_decide_nothing);
    tcase_add_test(cases, answer);
    tcase_add_test(cases, no_answer);
    tcase_add_test(cases, levels);
    tcase_add_test(cases, requests);
    tcase_add_test(cases, retransmission_is_no_request);
    tcase_add_test(cases, request_again);
    tcase_add_test(cases, silence_after_a_response);
    tcase_add_test(cases, deliveries);
    tcase_add_test(cases, verdicts);
    tcase_add_test(cases, frames_are_counted);
    tcase_add_test(cases, odd_notes);
    tcase_add_test(cases, catalogue);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
