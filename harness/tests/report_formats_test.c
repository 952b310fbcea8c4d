/* JUnit, TAP, JSON and HTML, read back by parsers that are not ours. */
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>

#include "report_sample.h"

static double number(xmlDocPtr document, const char *expression)
{
    xmlXPathContextPtr context = xmlXPathNewContext(document);
    xmlXPathObjectPtr object =
        xmlXPathEval((const xmlChar *)expression, context);
    double value;

    ck_assert_msg(object != NULL, "%s", expression);
    value = xmlXPathCastToNumber(object);
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return value;
}

static char *string(xmlDocPtr document, const char *expression)
{
    xmlXPathContextPtr context = xmlXPathNewContext(document);
    xmlXPathObjectPtr object =
        xmlXPathEval((const xmlChar *)expression, context);
    xmlChar *value = xmlXPathCastToString(object);
    char *copy = strdup((const char *)value);

    xmlFree(value);
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return copy;
}

static void has(xmlDocPtr document, const char *expression, const char *part)
{
    char *text = string(document, expression);

    ck_assert_msg(strstr(text, part) != NULL, "%s is '%s' without '%s'",
                  expression, text, part);
    free(text);
}

/* Writes the sample report with `write` and gives the file back. */
static char *written(bool (*write)(const struct report *, const char *,
                                   struct error *),
                     bool complete, size_t *size)
{
    char folder[40], path[64];
    struct report report;
    struct error error = {""};
    char *text;

    snprintf(path, sizeof path, "%s/report", sample_folder(folder));
    sample_report(&report);
    report.complete = complete;
    ck_assert_msg(write(&report, path, &error), "%s", error.text);
    text = sample_read(path, size);
    report_clear(&report);
    sample_remove(folder);
    return text;
}

START_TEST(junit_says_what_happened)
{
    size_t size;
    char *text = written(report_write_junit, true, &size);
    xmlDocPtr document =
        xmlReadMemory(text, (int)size, "junit.xml", NULL, XML_PARSE_NONET);

    ck_assert_ptr_nonnull(document);
    ck_assert_double_eq(number(document, "number(/testsuites/@tests)"), 5);
    ck_assert_double_eq(
        number(document, "number(/testsuites/testsuite/@failures)"), 1);
    ck_assert_double_eq(
        number(document, "number(/testsuites/testsuite/@errors)"), 1);
    ck_assert_double_eq(
        number(document, "number(/testsuites/testsuite/@skipped)"), 2);
    ck_assert_double_eq(number(document, "count(//testcase)"), 5);
    ck_assert_double_eq(number(document, "count(//testcase/failure)"), 1);
    ck_assert_double_eq(number(document, "count(//testcase/error)"), 1);
    ck_assert_double_eq(number(document, "count(//testcase/skipped)"), 2);
    ck_assert_double_eq(number(document, "number(//testcase[1]/@time)"), 1.234);
    has(document, "string(//testcase[2]/@classname)", "sample");
    has(document, "string(//failure/@message)", SAMPLE_CLAUSE);
    has(document, "string(//failure/@message)", SAMPLE_NASTY);
    has(document, "string(//failure)", "frames: 3, 9");
    has(document, "string(//failure)", "expected: silence");
    has(document, "string(//failure)", "replay: counterfoil run --replay");
    has(document, "string(//testcase[5]/system-err)", "]]><x>");
    has(document, "string(//testcase[2]//property[@name='title']/@value)",
        SAMPLE_NASTY);
    xmlFreeDoc(document);
    free(text);
}
END_TEST

/* What the schema of JUnit wants of order and names. */
START_TEST(junit_has_the_schemas_shape)
{
    static const char *const empty[] = {
        "count(//testcase[not(@name)] | //testcase[not(@classname)] |"
        " //testcase[not(@time)])",
        "count(//testcase/*[not(self::properties or self::skipped or"
        " self::error or self::failure or self::system-out or"
        " self::system-err)])",
        "count(//testcase/properties[preceding-sibling::*])",
        "count(//system-out[following-sibling::failure])",
        "count(//testsuite/testcase/following-sibling::properties)",
        "count(//property[not(@value)])",
    };
    size_t size;
    char *text = written(report_write_junit, false, &size);
    xmlDocPtr document = xmlReadMemory(text, (int)size, "junit.xml", NULL, 0);

    ck_assert_ptr_nonnull(document);
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        ck_assert_msg(number(document, empty[i]) == 0, "%s", empty[i]);
    has(document,
        "string(/testsuites/testsuite/properties/property[@name='complete']"
        "/@value)",
        "false");
    has(document, "string(/testsuites/testsuite/@timestamp)", "2023-11-14T");
    xmlFreeDoc(document);
    free(text);
}
END_TEST

/* ---- TAP ---- */

/* The YAML block of test `n`, or an empty text; to be freed. */
static char *yaml_of(const char *text, unsigned n)
{
    char number[32];
    const char *at = text, *end;

    snprintf(number, sizeof number, "ok %u - ", n);
    at = strstr(text, number);
    ck_assert_ptr_nonnull(at);
    at = strchr(at, '\n') + 1;
    if (strncmp(at, "  ---\n", 6) != 0)
        return strdup("");
    end = strstr(at, "\n  ...\n");
    ck_assert_ptr_nonnull(end);
    return strndup(at, (size_t)(end - at));
}

static size_t lines_that_begin(const char *text, const char *start)
{
    size_t count = 0;

    for (const char *at = text; at != NULL && *at != '\0';) {
        count += strncmp(at, start, strlen(start)) == 0;
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return count;
}

START_TEST(tap_counts_and_skips)
{
    char *text = written(report_write_tap, true, NULL);

    ck_assert_int_eq(strncmp(text, "TAP version 13\n1..5\n", 20), 0);
    ck_assert_uint_eq(lines_that_begin(text, "ok "), 3);
    ck_assert_uint_eq(lines_that_begin(text, "not ok "), 2);
    ck_assert_ptr_nonnull(strstr(text, "\nok 1 - sample/number-0\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nnot ok 2 - sample/number-1\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "\nok 3 - sample/number-2 # SKIP inconclusive: "));
    /* The only unescaped '#' is our own. */
    ck_assert_ptr_nonnull(strstr(text, "\\# SKIP {x}"));
    ck_assert_ptr_null(strstr(text, "Bail out"));
    free(text);
    text = written(report_write_tap, false, NULL);
    ck_assert_ptr_nonnull(strstr(text, "\nBail out!"));
    free(text);
}
END_TEST

START_TEST(tap_diagnostics_are_yaml)
{
    char *text = written(report_write_tap, true, NULL);
    char *yaml = yaml_of(text, 2);
    const char *seen = strstr(yaml, "seen: ");
    json_t *value;

    ck_assert_ptr_nonnull(seen);
    /* Double-quoted YAML as we write it is JSON. */
    value =
        json_loads(seen + 6, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);
    ck_assert_str_eq(json_string_value(value), SAMPLE_NASTY);
    json_decref(value);
    ck_assert_ptr_nonnull(strstr(yaml, "clause: \"" SAMPLE_CLAUSE "\""));
    ck_assert_ptr_nonnull(strstr(yaml, "frames: [3, 9]"));
    free(yaml);
    yaml = yaml_of(text, 1);
    ck_assert_str_eq(yaml, "");
    free(yaml);
    free(text);
}
END_TEST

/* ---- JSON ---- */

START_TEST(json_holds_everything)
{
    char *text = written(report_write_json, true, NULL);
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *counts = json_object_get(object, "counts");
    const json_t *results = json_object_get(object, "results");
    const json_t *failed = json_array_get(results, 1);
    const json_t *finding =
        json_array_get(json_object_get(failed, "findings"), 0);

    ck_assert_ptr_nonnull(object);
    ck_assert_uint_eq(json_array_size(results), 5);
    ck_assert_int_eq(json_integer_value(json_object_get(counts, "pass")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(counts, "fail")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(object, "exit_status")),
                     1);
    ck_assert(json_is_true(json_object_get(object, "complete")));
    ck_assert_str_eq(json_string_value(json_object_get(finding, "seen")),
                     SAMPLE_NASTY);
    json_decref(object);
    free(text);
}
END_TEST

/* ---- HTML ---- */

START_TEST(html_is_escaped_and_alone)
{
    size_t size;
    char *text = written(report_write_html, false, &size);
    htmlDocPtr document = htmlReadMemory(
        text, (int)size, "report.html", "utf-8",
        HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET);

    ck_assert_ptr_nonnull(document);
    ck_assert_double_eq(number(document, "count(//script | //img | //link)"),
                        0);
    ck_assert_double_eq(number(document, "count(//section)"), 5);
    ck_assert_double_eq(
        number(document, "count(//table[@class='verdicts']/tbody/tr)"), 5);
    /* The title's <b> is text. */
    ck_assert_double_eq(number(document, "count(//p[@class='title']/b)"), 0);
    has(document, "string(//section[2]/p[@class='title'])", SAMPLE_NASTY);
    has(document, "string(//div[@class='finding fail'])", SAMPLE_CLAUSE);
    has(document, "string(//div[@class='finding fail']//dd[2])", "3, 9");
    has(document, "string(//p[@class='incomplete'])", "5 of 5");
    ck_assert_ptr_null(strstr(text, "http:"));
    xmlFreeDoc(document);
    free(text);
}
END_TEST

START_TEST(a_link_that_runs_something_is_text)
{
    char folder[40], path[64];
    struct report report = {.command = "", .gateway = "", .complete = true};
    const struct known_deviation evil = {SAMPLE_CLAUSE, "a/b", "why",
                                         "javascript:alert(1)"};
    const struct known_deviation good = {SAMPLE_CLAUSE, "a/b", "why",
                                         "https://example.org/?a=\"><b>"};
    struct result *result = report_add(&report);
    char *text;

    snprintf(path, sizeof path, "%s/report", sample_folder(folder));
    sample_fill(result, "a/b", VERDICT_FAIL);
    result_settle(result, &evil, 1, false);
    ck_assert(report_write_html(&report, path, NULL));
    text = sample_read(path, NULL);
    ck_assert_ptr_null(strstr(text, "href=\"javascript"));
    ck_assert_ptr_nonnull(strstr(text, "javascript:alert(1)"));
    free(text);
    result_settle(result, &good, 1, false);
    ck_assert(report_write_html(&report, path, NULL));
    text = sample_read(path, NULL);
    ck_assert_ptr_nonnull(
        strstr(text, "href=\"https://example.org/?a=&quot;&gt;&lt;b&gt;\""));
    free(text);
    report_clear(&report);
    sample_remove(folder);
}
END_TEST

/* ---- All ---- */

START_TEST(what_cannot_be_written_is_an_error)
{
    struct report report;
    struct error error = {""};

    sample_report(&report);
    ck_assert(!report_write_junit(&report, "/nowhere/at/all.xml", &error));
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/at/all.xml"));
    ck_assert(!report_write_json(&report, "/dev/full/x", &error));
    ck_assert(!report_write_tap(&report, "/nowhere/x", &error));
    ck_assert(!report_write_html(&report, "/nowhere/x", &error));
    report_clear(&report);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report/formats");
    TCase *cases = tcase_create("formats");
    SRunner *runner;
    int failed;

    tcase_add_test(cases, junit_says_what_happened);
    tcase_add_test(cases, junit_has_the_schemas_shape);
    tcase_add_test(cases, tap_counts_and_skips);
    tcase_add_test(cases, tap_diagnostics_are_yaml);
    tcase_add_test(cases, json_holds_everything);
    tcase_add_test(cases, html_is_escaped_and_alone);
    tcase_add_test(cases, a_link_that_runs_something_is_text);
    tcase_add_test(cases, what_cannot_be_written_is_an_error);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    xmlCleanupParser();
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
