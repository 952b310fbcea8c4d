/* Clean text, known deviations, outcomes, exit statuses, result.json. */
#include "report_sample.h"

START_TEST(text_is_clean)
{
    static const struct {
        const char *dirty, *clean;
    } rows[] = {
        {"plain", "plain"},
        {"tab\tnewline\n", "tab\tnewline\n"},
        {"\033[2J", "?[2J"},
        {"bell\a\r", "bell??"},
        {"\x7f", "?"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82",
         "\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82"},
        {"\xc2\x9b"
         "31m",
         "??31m"},                    /* a C1 control */
        {"\xc0\xaf", "??"},           /* overlong */
        {"\xe0\x80\x80", "???"},      /* overlong */
        {"\xed\xa0\x80", "???"},      /* a surrogate */
        {"\xf4\x90\x80\x80", "????"}, /* beyond the last */
        {"\xef\xbf\xbf", "???"},      /* no character */
        {"\xe2\x80\xae", "???"},      /* turns the direction */
        {"cut \xe2\x82", "cut ??"},   /* ends in the midst */
        {"\xff\xfe", "??"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64];

        strcpy(text, rows[i].dirty);
        text_clean(text);
        ck_assert_str_eq(text, rows[i].clean);
    }
}
END_TEST

static const struct known_deviation known[] = {
    {SAMPLE_CLAUSE, "a/known", "upstream says so", "https://example.org/1"},
};
static const struct known_deviation known_somewhere[] = {
    {SAMPLE_CLAUSE, "a/*", "upstream says so", NULL},
};

static enum outcome settled(const char *scenario, enum verdict judged,
                            const struct known_deviation *list, bool strict)
{
    struct result result;
    enum outcome outcome;

    result_init(&result);
    sample_fill(&result, scenario, judged);
    result_settle(&result, list, list != NULL ? 1 : 0, strict);
    outcome = result.outcome;
    result_clear(&result);
    return outcome;
}

START_TEST(known_deviations_are_expected)
{
    ck_assert_int_eq(settled("a/known", VERDICT_FAIL, NULL, false),
                     OUTCOME_FAIL);
    ck_assert_int_eq(settled("a/known", VERDICT_FAIL, known, false),
                     OUTCOME_XFAIL);
    ck_assert_int_eq(settled("a/other", VERDICT_FAIL, known, false),
                     OUTCOME_FAIL);
    ck_assert_int_eq(settled("a/other", VERDICT_FAIL, known_somewhere, false),
                     OUTCOME_XFAIL);
}
END_TEST

START_TEST(a_known_deviation_must_show)
{
    ck_assert_int_eq(settled("a/known", VERDICT_PASS, known, false),
                     OUTCOME_XPASS);
    ck_assert_int_eq(settled("a/other", VERDICT_PASS, known, false),
                     OUTCOME_PASS);
    /* A pattern says that it may. */
    ck_assert_int_eq(settled("a/known", VERDICT_PASS, known_somewhere, false),
                     OUTCOME_PASS);
    /* Nothing was proven. */
    ck_assert_int_eq(settled("a/known", VERDICT_INCONCLUSIVE, known, false),
                     OUTCOME_INCONCLUSIVE);
    ck_assert_int_eq(settled("a/known", VERDICT_ERROR, known, false),
                     OUTCOME_ERROR);
}
END_TEST

START_TEST(another_finding_still_fails)
{
    struct result result;

    result_init(&result);
    sample_fill(&result, "a/known", VERDICT_FAIL);
    sample_add_finding(&result, SAMPLE_OTHER_CLAUSE, VERDICT_FAIL, 11);
    result_settle(&result, known, 1, false);
    ck_assert_int_eq(result.outcome, OUTCOME_FAIL);
    ck_assert_uint_eq(result_count(&result, VERDICT_FAIL), 1);
    ck_assert_uint_eq(result_known_count(&result), 1);
    ck_assert_str_eq(result.findings[0].reason, "upstream says so");
    /* Settling again with nothing known takes it back. */
    result_settle(&result, NULL, 0, false);
    ck_assert_uint_eq(result_known_count(&result), 0);
    result_clear(&result);
}
END_TEST

START_TEST(warnings_fail_when_strict)
{
    struct result result;

    result_init(&result);
    sample_fill(&result, "a/b", VERDICT_PASS);
    sample_add_finding(&result, SAMPLE_CLAUSE, VERDICT_WARNING, 9);
    result_settle(&result, NULL, 0, false);
    ck_assert_int_eq(result.outcome, OUTCOME_PASS);
    result_settle(&result, NULL, 0, true);
    ck_assert_int_eq(result.outcome, OUTCOME_FAIL);
    result_clear(&result);
    /* A known one does not. */
    result_init(&result);
    sample_fill(&result, "a/known", VERDICT_PASS);
    sample_add_finding(&result, SAMPLE_CLAUSE, VERDICT_WARNING, 9);
    result_settle(&result, known, 1, true);
    ck_assert_int_eq(result.outcome, OUTCOME_XFAIL);
    result_clear(&result);
}
END_TEST

START_TEST(an_open_expectation_is_no_known_failure)
{
    struct result result;

    result_init(&result);
    sample_fill(&result, "a/known", VERDICT_FAIL);
    sample_add_finding(&result, SAMPLE_OTHER_CLAUSE, VERDICT_INCONCLUSIVE, 11);
    result_settle(&result, known, 1, false);
    ck_assert_int_eq(result.outcome, OUTCOME_INCONCLUSIVE);
    result_clear(&result);
}
END_TEST

START_TEST(a_dead_gateway_is_not_excused)
{
    struct result result;

    result_init(&result);
    sample_fill(&result, "a/known", VERDICT_FAIL);
    result.died = true;
    result_settle(&result, known, 1, false);
    ck_assert_int_eq(result.outcome, OUTCOME_FAIL);
    result_clear(&result);
    /* A failure without a finding is one all the same. */
    result_init(&result);
    sample_fill(&result, "a/b", VERDICT_PASS);
    result.judged = VERDICT_FAIL;
    result_settle(&result, NULL, 0, false);
    ck_assert_int_eq(result.outcome, OUTCOME_FAIL);
    result_clear(&result);
}
END_TEST

static int status_of(enum verdict a, enum verdict b)
{
    struct report report = {.complete = true, .planned = 2};
    int status;

    sample_fill(report_add(&report), "a/a", a);
    sample_fill(report_add(&report), "a/b", b);
    status = report_exit_status(&report);
    report_clear(&report);
    return status;
}

START_TEST(exit_statuses)
{
    ck_assert_int_eq(status_of(VERDICT_PASS, VERDICT_PASS), 0);
    ck_assert_int_eq(status_of(VERDICT_PASS, VERDICT_NOT_APPLICABLE), 0);
    ck_assert_int_eq(status_of(VERDICT_PASS, VERDICT_FAIL), 1);
    ck_assert_int_eq(status_of(VERDICT_ERROR, VERDICT_FAIL), 1);
    ck_assert_int_eq(status_of(VERDICT_INCONCLUSIVE, VERDICT_ERROR), 2);
    ck_assert_int_eq(status_of(VERDICT_INCONCLUSIVE, VERDICT_PASS), 3);
    ck_assert_int_eq(status_of(VERDICT_INCONCLUSIVE, VERDICT_FAIL), 1);
}
END_TEST

/* ---- result.json ---- */

static void full_result(struct result *result)
{
    static const char *clauses[] = {SAMPLE_CLAUSE, SAMPLE_OTHER_CLAUSE, NULL};

    sample_fill(result, "a/known", VERDICT_FAIL);
    result->clauses = clauses;
    result->folder = result_text(result, "reports/runs/x");
    result->log_tail = result_text(result, "one\ntwo\n");
    result->tally_count = 1;
    result->tallies = arena_take(&result->arena, sizeof *result->tallies);
    result->tallies[0] =
        (struct clause_tally){clause_find(SAMPLE_CLAUSE), 5, 1, 2, 3};
    result->sa_count = 1;
    result->sas = arena_take(&result->arena, sizeof *result->sas);
    result->sas[0] = (struct result_sa){.name = "ESP c0ffee00",
                                        .messages = 10,
                                        .opened = 9,
                                        .first_frame = 4,
                                        .last_frame = 40,
                                        .failed = 1};
    address_parse("2001:db8::2", &result->sas[0].source.address);
    result->totals.frames = 100;
    result->totals.malformed = 7;
    result->ike_keys = 2;
    result_settle(result, known, 1, false);
}

static void same_finding(const struct result_finding *a,
                         const struct result_finding *b)
{
    ck_assert_ptr_eq(a->finding.clause, b->finding.clause);
    ck_assert_int_eq(a->finding.verdict, b->finding.verdict);
    ck_assert_uint_eq(a->finding.frame_count, b->finding.frame_count);
    ck_assert_mem_eq(a->finding.frames, b->finding.frames,
                     sizeof a->finding.frames);
    ck_assert_uint_eq(a->finding.time, b->finding.time);
    ck_assert(endpoint_equal(&a->finding.subject, &b->finding.subject));
    ck_assert_str_eq(a->finding.sa, b->finding.sa);
    ck_assert_str_eq(a->finding.expected, b->finding.expected);
    ck_assert_str_eq(a->finding.seen, b->finding.seen);
    ck_assert_str_eq(a->finding.reading, b->finding.reading);
    ck_assert_int_eq(a->finding.from_scenario, b->finding.from_scenario);
    ck_assert_int_eq(a->finding.inferred, b->finding.inferred);
    ck_assert_int_eq(a->known, b->known);
    ck_assert_str_eq(a->reason, b->reason);
    ck_assert_str_eq(a->link, b->link);
}

START_TEST(a_result_comes_back_as_it_went)
{
    char folder[40], path[64];
    struct result out, in;
    struct error error = {""};

    snprintf(path, sizeof path, "%s/result.json", sample_folder(folder));
    result_init(&out);
    result_init(&in);
    full_result(&out);
    ck_assert_msg(result_write(&out, path, &error), "%s", error.text);
    ck_assert_msg(result_read(&in, path, &error), "%s", error.text);
    ck_assert_str_eq(in.scenario, "a/known");
    ck_assert_str_eq(in.title, SAMPLE_NASTY);
    ck_assert_str_eq(in.purpose, out.purpose);
    ck_assert_str_eq(in.log_tail, out.log_tail);
    ck_assert_str_eq(in.replay, out.replay);
    ck_assert_uint_eq(in.seed, UINT64_MAX);
    ck_assert_int_eq(in.judged, VERDICT_FAIL);
    ck_assert_int_eq(in.outcome, OUTCOME_XFAIL);
    ck_assert_uint_eq(in.duration, out.duration);
    ck_assert(in.complete && in.from_run);
    ck_assert_str_eq(in.clauses[1], SAMPLE_OTHER_CLAUSE);
    ck_assert_ptr_null(in.clauses[2]);
    ck_assert_uint_eq(in.finding_count, 1);
    same_finding(&in.findings[0], &out.findings[0]);
    ck_assert_mem_eq(in.tallies, out.tallies, sizeof *in.tallies);
    ck_assert_mem_eq(in.sas, out.sas, sizeof *in.sas);
    ck_assert_mem_eq(&in.totals, &out.totals, sizeof in.totals);
    ck_assert_uint_eq(in.ike_keys, 2);
    result_clear(&in);
    result_clear(&out);
    sample_remove(folder);
}
END_TEST

START_TEST(a_wrong_result_file_is_refused)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"{", ":1:"},
        {"[]", "format is \"\""},
        {"{\"format\": \"counterfoil-result-9\"}", "counterfoil-result-9"},
        {"{\"format\": \"counterfoil-result-1\", \"outcome\": \"great\"}",
         "\"great\""},
        {"{\"format\": \"counterfoil-result-1\", \"outcome\": \"pass\","
         " \"judged\": \"pass\", \"findings\": [{\"clause\": {\"id\": "
         "\"RFC1-1\"}}]}",
         "RFC1-1"},
    };
    char folder[40], path[64];

    snprintf(path, sizeof path, "%s/result.json", sample_folder(folder));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        FILE *file = fopen(path, "w");
        struct result result;
        struct error error = {""};

        fputs(rows[i].text, file);
        fclose(file);
        result_init(&result);
        ck_assert(!result_read(&result, path, &error));
        ck_assert_msg(strstr(error.text, rows[i].error) != NULL, "%s",
                      error.text);
        ck_assert_msg(strstr(error.text, path) != NULL, "%s", error.text);
        result_clear(&result);
    }
    sample_remove(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report/result");
    TCase *cases = tcase_create("result");
    SRunner *runner;
    int failed;

    tcase_add_test(cases, text_is_clean);
    tcase_add_test(cases, known_deviations_are_expected);
    tcase_add_test(cases, a_known_deviation_must_show);
    tcase_add_test(cases, another_finding_still_fails);
    tcase_add_test(cases, warnings_fail_when_strict);
    tcase_add_test(cases, an_open_expectation_is_no_known_failure);
    tcase_add_test(cases, a_dead_gateway_is_not_excused);
    tcase_add_test(cases, exit_statuses);
    tcase_add_test(cases, a_result_comes_back_as_it_went);
    tcase_add_test(cases, a_wrong_result_file_is_refused);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
