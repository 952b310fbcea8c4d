/* Scenarios that load, and those that do not: file, line and reason. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "script/script.h"

static char directory[] = "/tmp/counterfoil-scenario-XXXXXX";
static char path[128];

static void set_up(void)
{
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/try.lua", directory);
}

static void tear_down(void)
{
    unlink(path);
    rmdir(directory);
}

static void write_script(const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

#define GOOD                                                                   \
    "id = 'a/b', title = 'T', clauses = { 'RFC6311-5.1-05' }, "                \
    "run = function(t) end"

START_TEST(facts_are_read)
{
    struct scenario s;
    struct error error;
    write_script("return scenario { " GOOD ", purpose = 'P', timeout = 7, "
                 "needs = { 'message_id_sync' }, role = 'responder' }");
    ck_assert_msg(scenario_load(path, &s, &error), "%s", error.text);
    ck_assert_str_eq(s.id, "a/b");
    ck_assert_str_eq(s.title, "T");
    ck_assert_str_eq(s.purpose, "P");
    ck_assert_str_eq(s.clauses[0], "RFC6311-5.1-05");
    ck_assert_ptr_null(s.clauses[1]);
    ck_assert_str_eq(s.gateway, "peer");
    ck_assert_str_eq(s.role, "responder");
    ck_assert_str_eq(s.needs[0], "message_id_sync");
    ck_assert_double_eq(s.timeout, 7);
    scenario_clear(&s);
}
END_TEST

START_TEST(a_reference_is_a_scenario)
{
    struct scenario s;
    struct error error;
    write_script("return reference { clause = 'RFC6311-5.1-05', title = 'T', "
                 "wrong = 'W', play = function() end, record = true, "
                 "also = { 'RFC6311-9-01' }, verdict = 'warning' }");
    ck_assert_msg(scenario_load(path, &s, &error), "%s", error.text);
    ck_assert_str_eq(s.id, "reference/RFC6311-5.1-05");
    ck_assert_str_eq(s.clauses[0], "RFC6311-5.1-05");
    ck_assert(s.reference && s.needs_record);
    ck_assert_str_eq(s.wrong, "W");
    ck_assert_str_eq(s.also[0], "RFC6311-9-01");
    ck_assert_str_eq(s.verdict, "warning");
    scenario_clear(&s);
}
END_TEST

/* Each script with a part of the error that it gives. */
static const struct {
    const char *script, *error;
} broken[] = {
    {"return scenario {", "try.lua:1:"},
    {"\n\nnonsense()", "try.lua:3:"},
    {"return 5", "must return scenario"},
    {"return scenario { title = 'T' }", "run must be a function"},
    {"return scenario { run = print }", "run must be a function"},
    {"return scenario { run = function() end, title = 'T', "
     "clauses = { 'RFC6311-5.1-05' } }",
     "field id must be a string"},
    {"return scenario { " GOOD ", colour = 'red' }", "no field colour"},
    {"return scenario { " GOOD ", gateway = 'router' }",
     "gateway must be \"peer\" or \"cluster\", it is \"router\""},
    {"return scenario { id = 'a', title = 'T', clauses = { 'RFC6311-9-99' }, "
     "run = function() end }",
     "no clause RFC6311-9-99"},
    {"return scenario { id = 'a', title = 'T', clauses = {}, "
     "run = function() end }",
     "names no clause"},
    {"return reference { title = 'T' }", "clause must be a string"},
    {"return reference { clause = 'RFC6311-9-99', title = 'T', "
     "play = function() end }",
     "no clause RFC6311-9-99"},
    {"return reference { clause = 'RFC6311-5.1-05', title = 'T' }",
     "run must be a function"},
    {"return reference { clause = 'RFC6311-5.1-05', title = 'T', "
     "play = function() end, also = 5 }",
     "also must be a list"},
    {"io.open('/etc/passwd')", "nil value (global 'io')"},
    {"os.exit()", "nil value (global 'os')"},
    {"load('x=1')()", "nil value (global 'load')"},
    {"dofile('/etc/passwd')", "nil value (global 'dofile')"},
    {"require '/etc/passwd'", "not the name of a module"},
    {"require '..secret'", "not the name of a module"},
    {"while true do end", "computes without end"},
};

START_TEST(a_broken_script_says_where_and_why)
{
    struct scenario s;
    struct error error;
    write_script(broken[_i].script);
    ck_assert(!scenario_load(path, &s, &error));
    ck_assert_msg(strstr(error.text, broken[_i].error), "\"%s\" lacks \"%s\"",
                  error.text, broken[_i].error);
    ck_assert_ptr_nonnull(strstr(error.text, "try.lua"));
    ck_assert_ptr_null(strchr(error.text, '\n'));
}
END_TEST

START_TEST(a_missing_script_is_named)
{
    struct scenario s;
    struct error error;
    ck_assert(!scenario_load(path, &s, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "try.lua"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario");
    TCase *tests = tcase_create("scenario");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, facts_are_read);
    tcase_add_test(tests, a_reference_is_a_scenario);
    tcase_add_loop_test(tests, a_broken_script_says_where_and_why, 0,
                        sizeof broken / sizeof *broken);
    tcase_add_test(tests, a_missing_script_is_named);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
