/* What a finding of an expectation says. */
#include "oracle_expect.h"

/* The message is named, or what came instead, with both values. */
static void check_seen(struct story *s, const char *clause, const char *text)
{
    struct oracle *oracle = judge_story(s);
    size_t found = 0;
    for (size_t i = 0; i < oracle_finding_count(oracle); i++) {
        const struct finding *f = oracle_finding(oracle, i);
        if (strcmp(f->clause->id, clause) != 0 || !f->from_scenario)
            continue;
        found++;
        ck_assert_str_eq(f->seen, text);
    }
    ck_assert_uint_eq(found, 1);
    oracle_free(oracle);
    story_free(s);
}

START_TEST(messages_are_named)
{
    struct story s;
    story_init(&s);
    uint64_t from = begin(&s);
    sync_request(&s, HARNESS, 1, 7, 2);
    sync_response(&s, GATEWAY, 1, 2, 7);
    expect(&s, "silence", from, SYNC_1 CLAUSE_05);
    finish(&s);
    check_seen(&s, "RFC6311-5.1-05",
               "INFORMATIONAL response 0 (P2 2, M2 7), frame 8");

    story_init(&s);
    from = begin(&s);
    request(&s, HARNESS, INFORMATIONAL, 1);
    request(&s, GATEWAY, CREATE_CHILD_SA, 2);
    expect(&s, "answer", from, ",\"exchange\":37,\"message_id\":1}" CLAUSE_04);
    finish(&s);
    check_seen(&s, "RFC6311-5-04",
               "no INFORMATIONAL response 1, but CREATE_CHILD_SA request 2, "
               "frame 8");

    story_init(&s);
    from = begin(&s);
    sync_request(&s, HARNESS, 1, 7, 2);
    sync_response(&s, GATEWAY, 1, 2, 7);
    expect(&s, "answer", from, SYNC_1 ",\"m2\":9,\"p2\":2" CLAUSE_04);
    finish(&s);
    check_seen(&s, "RFC6311-5-04",
               "an answer with P2 2, M2 7 instead of P2 2, M2 9, frame 8");
}
END_TEST

/* Acknowledged, if under the Message ID that comes next. */
START_TEST(silence_under_another_id)
{
    struct story s;
    story_init(&s);
    uint64_t from = begin(&s);
    exchange(&s, HARNESS, 1);
    request(&s, HARNESS, INFORMATIONAL, 9);
    response(&s, GATEWAY, INFORMATIONAL, 2);
    expect(&s, "silence", from, ",\"exchange\":37,\"message_id\":9}" CLAUSE_05);
    finish(&s);
    check_seen(&s, "RFC6311-5.1-05",
               "INFORMATIONAL response 2, frame 10, which answers under "
               "another Message ID than 9");

    /* The answer to another request is none to this one. */
    story_init(&s);
    from = begin(&s);
    struct trace_event *ask = request(&s, HARNESS, INFORMATIONAL, 1);
    request(&s, HARNESS, INFORMATIONAL, 9);
    response(&s, GATEWAY, INFORMATIONAL, 1);
    again(&s, ask);
    expect(&s, "silence", from, ",\"exchange\":37,\"message_id\":9}" CLAUSE_05);
    finish(&s);
    struct oracle *oracle = judge_story(&s);
    check_clean(oracle);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_expect_text");
    TCase *cases = tcase_create("text");
    tcase_add_test(cases, messages_are_named);
    tcase_add_test(cases, silence_under_another_id);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
