/* The report as JUnit XML, for continuous integration. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include <libxml/xmlwriter.h>

#include "report/report_private.h"

/* libxml2 writes into memory; the first error sticks. */
struct junit {
    xmlBufferPtr memory;
    xmlTextWriterPtr writer;
    bool failed;
};

static const xmlChar *xml(const char *content)
{
    return (const xmlChar *)content;
}

static void start(struct junit *junit, const char *name)
{
    junit->failed |= xmlTextWriterStartElement(junit->writer, xml(name)) < 0;
}

static void end(struct junit *junit)
{
    junit->failed |= xmlTextWriterEndElement(junit->writer) < 0;
}

static void attribute(struct junit *junit, const char *name, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));

static void attribute(struct junit *junit, const char *name, const char *format,
                      ...)
{
    va_list arguments;

    va_start(arguments, format);
    junit->failed |= xmlTextWriterWriteVFormatAttribute(
                         junit->writer, xml(name), format, arguments) < 0;
    va_end(arguments);
}

static void text(struct junit *junit, const char *content)
{
    junit->failed |= xmlTextWriterWriteString(junit->writer, xml(content)) < 0;
}

static void seconds(struct junit *junit, uint64_t duration)
{
    attribute(junit, "time", "%.3f", (double)duration / (double)NS_PER_S);
}

/* ---- One test case ---- */

static void property(struct junit *junit, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    start(junit, "property");
    attribute(junit, "name", "%s", name);
    attribute(junit, "value", "%s", value);
    end(junit);
}

static void properties(struct junit *junit, const struct result *result)
{
    char seed[24];

    snprintf(seed, sizeof seed, "%" PRIu64, result->seed);
    start(junit, "properties");
    property(junit, "verdict", outcome_name(result->outcome));
    property(junit, "title", result->title);
    property(junit, "folder", result->folder);
    property(junit, "seed", seed);
    property(junit, "replay", result->replay);
    for (const char **at = result->clauses; *at != NULL; at++)
        property(junit, "clause", *at);
    end(junit);
}

static void describe_finding(struct buffer *out,
                             const struct result_finding *from)
{
    const struct finding *finding = &from->finding;
    char frames[256];

    buffer_format(out, "%s %s (%s, section %s): %s\n", finding_mark(from),
                  finding->clause->id,
                  clause_level_name(finding->clause->level),
                  finding->clause->section, finding->clause->statement);
    buffer_format(out, "  frames: %s\n  expected: %s\n  seen: %s\n",
                  frames_to_text(finding, frames, sizeof frames),
                  finding->expected, finding->seen);
    if (finding->sa[0] != '\0')
        buffer_format(out, "  on: %s\n", finding->sa);
    if (finding->reading[0] != '\0')
        buffer_format(out, "  reading: %s\n", finding->reading);
    if (from->reason != NULL)
        buffer_format(out, "  known: %s\n", from->reason);
}

/* All findings; the closing NUL is not counted in. */
static void describe(struct buffer *out, const struct result *result)
{
    if (result->reason[0] != '\0')
        buffer_format(out, "%s\n", result->reason);
    if (result->notice[0] != '\0')
        buffer_format(out, "%s\n", result->notice);
    for (size_t i = 0; i < result->finding_count; i++)
        describe_finding(out, &result->findings[i]);
    if (result->replay[0] != '\0')
        buffer_format(out, "replay: %s\n", result->replay);
    buffer_u8(out, 0);
}

/* What the outcome is called in JUnit; NULL for a plain pass. */
static const char *element(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_PASS:
    case OUTCOME_XFAIL:
        return NULL;
    case OUTCOME_FAIL:
    case OUTCOME_XPASS:
        return "failure";
    case OUTCOME_INCONCLUSIVE:
    case OUTCOME_NOT_APPLICABLE:
        return "skipped";
    case OUTCOME_ERROR:
        return "error";
    }
    return NULL;
}

/* The line that a list of failures shows. */
static void message(struct junit *junit, const struct result *result)
{
    for (size_t i = 0; i < result->finding_count; i++)
        if (finding_counts(&result->findings[i])) {
            const struct finding *finding = &result->findings[i].finding;

            attribute(junit, "message", "%s: expected %s; seen %s",
                      finding->clause->id, finding->expected, finding->seen);
            return;
        }
    attribute(junit, "message", "%s%s%s", outcome_name(result->outcome),
              result->reason[0] != '\0' ? ": " : "", result->reason);
}

static void test_case(struct junit *junit, const struct result *result)
{
    const char *name = element(result->outcome);
    const char *slash = strrchr(result->scenario, '/');
    struct buffer story = {0};

    describe(&story, result);
    start(junit, "testcase");
    attribute(junit, "classname", "%.*s",
              slash != NULL ? (int)(slash - result->scenario) : 11,
              slash != NULL ? result->scenario : "counterfoil");
    attribute(junit, "name", "%s", result->scenario);
    seconds(junit, result->duration);
    properties(junit, result);
    if (name != NULL) {
        start(junit, name);
        message(junit, result);
        if (strcmp(name, "skipped") != 0) {
            attribute(junit, "type", "%s", outcome_name(result->outcome));
            text(junit, (const char *)story.data);
        }
        end(junit);
    }
    if (name == NULL || strcmp(name, "skipped") == 0) {
        start(junit, "system-out");
        text(junit, (const char *)story.data);
        end(junit);
    }
    if (result->log_tail[0] != '\0') {
        start(junit, "system-err");
        text(junit, result->log_tail);
        end(junit);
    }
    end(junit);
    buffer_free(&story);
}

/* ---- The suite ---- */

static void counts(struct junit *junit, const struct report *report)
{
    size_t count[OUTCOMES];

    report_tally(report, count);
    attribute(junit, "name", "counterfoil%s%s",
              report->gateway[0] != '\0' ? " " : "", report->gateway);
    attribute(junit, "tests", "%zu", report->count);
    attribute(junit, "failures", "%zu",
              count[OUTCOME_FAIL] + count[OUTCOME_XPASS]);
    attribute(junit, "errors", "%zu", count[OUTCOME_ERROR]);
    attribute(junit, "skipped", "%zu",
              count[OUTCOME_INCONCLUSIVE] + count[OUTCOME_NOT_APPLICABLE]);
    seconds(junit, report->duration);
}

static void suite(struct junit *junit, const struct report *report)
{
    char time[32];

    start(junit, "testsuites");
    counts(junit, report);
    start(junit, "testsuite");
    counts(junit, report);
    if (report->started > 0)
        attribute(junit, "timestamp", "%s",
                  time_to_text(report->started, time, sizeof time));
    start(junit, "properties");
    property(junit, "complete", report->complete ? "true" : "false");
    property(junit, "version", COUNTERFOIL_VERSION);
    end(junit);
    for (size_t i = 0; i < report->count; i++)
        test_case(junit, &report->results[i]);
    end(junit);
    end(junit);
}

bool report_write_junit(const struct report *report, const char *path,
                        struct error *error)
{
    struct junit junit = {.memory = xmlBufferCreate()};
    bool good = false;

    if (junit.memory != NULL)
        junit.writer = xmlNewTextWriterMemory(junit.memory, 0);
    if (junit.writer == NULL) {
        xmlBufferFree(junit.memory);
        return error_set(error, "%s: libxml2 gives no writer", path);
    }
    xmlTextWriterSetIndent(junit.writer, 1);
    junit.failed |=
        xmlTextWriterStartDocument(junit.writer, NULL, "UTF-8", NULL) < 0;
    suite(&junit, report);
    junit.failed |= xmlTextWriterEndDocument(junit.writer) < 0;
    xmlFreeTextWriter(junit.writer);
    if (junit.failed)
        error_set(error, "%s: libxml2 could not write it", path);
    else
        good = file_write_whole(path,
                                bytes_of(xmlBufferContent(junit.memory),
                                         (size_t)xmlBufferLength(junit.memory)),
                                error);
    xmlBufferFree(junit.memory);
    return good;
}
