/* Results to report, with texts that want to break out of every format. */
#ifndef COUNTERFOIL_TESTS_REPORT_SAMPLE_H
#define COUNTERFOIL_TESTS_REPORT_SAMPLE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report.h"

#define SAMPLE_CLAUSE "RFC6311-5.1-05"
#define SAMPLE_OTHER_CLAUSE "RFC6311-5.1-03"
/* Cut by "]]>", tags, quotes, TAP's and YAML's own signs; clean. */
#define SAMPLE_NASTY "<b>&\"'\\ ]]> # SKIP {x}: - \xc3\xa9 %s </script>"

static inline void sample_add_finding(struct result *result, const char *clause,
                                      enum verdict verdict, uint64_t frame)
{
    struct result_finding *findings = arena_take(
        &result->arena, (result->finding_count + 1) * sizeof *findings);
    struct finding *finding = &findings[result->finding_count].finding;

    if (result->finding_count > 0)
        memcpy(findings, result->findings,
               result->finding_count * sizeof *findings);
    result->findings = findings;
    result->finding_count++;
    finding->clause = clause_find(clause);
    ck_assert_ptr_nonnull(finding->clause);
    finding->verdict = verdict;
    finding->frames[0] = 3;
    finding->frames[1] = frame;
    finding->frame_count = 2;
    finding->time = UINT64_C(1700000000123456789);
    address_parse("192.0.2.2", &finding->subject.address);
    finding->subject.port = 500;
    snprintf(finding->sa, sizeof finding->sa,
             "IKE 0123456789abcdef-fedcba9876543210");
    snprintf(finding->expected, sizeof finding->expected, "silence");
    snprintf(finding->seen, sizeof finding->seen, "%s", SAMPLE_NASTY);
    snprintf(finding->reading, sizeof finding->reading, "A02: 5.1 wins");
    finding->from_scenario = true;
}

/* One result of that verdict; a failure has one finding. */
static inline void sample_fill(struct result *result, const char *scenario,
                               enum verdict judged)
{
    result->scenario = result_text(result, scenario);
    result->title = result_text(result, SAMPLE_NASTY);
    result->purpose = result_text(result, "Two lines,\nthe second one.");
    result->gateway = result_text(result, "strongswan");
    result->role = result_text(result, "peer");
    result->replay =
        result_text(result, "counterfoil run --replay a/b@strongswan#7");
    result->seed = UINT64_MAX;
    result->from_run = result->complete = true;
    result->started = UINT64_C(1700000000000000000);
    result->duration = UINT64_C(1234000000);
    result->judged = judged;
    if (judged == VERDICT_FAIL)
        sample_add_finding(result, SAMPLE_CLAUSE, VERDICT_FAIL, 9);
    if (judged == VERDICT_ERROR)
        result->log_tail = result_text(result, "log:\n\033[31m]]><x>\n");
    if (judged != VERDICT_PASS)
        result->reason = result_text(result, SAMPLE_NASTY);
    result_settle(result, NULL, 0, false);
}

/* pass, fail, inconclusive, not applicable, error. */
static inline void sample_report(struct report *report)
{
    static const enum verdict verdicts[] = {
        VERDICT_PASS, VERDICT_FAIL, VERDICT_INCONCLUSIVE,
        VERDICT_NOT_APPLICABLE, VERDICT_ERROR};

    *report = (struct report){.command = "counterfoil run",
                              .gateway = "strongswan",
                              .started = UINT64_C(1700000000000000000),
                              .duration = UINT64_C(5000000000),
                              .complete = true,
                              .planned = 5};
    for (size_t i = 0; i < 5; i++) {
        char name[32];

        snprintf(name, sizeof name, "sample/number-%zu", i);
        sample_fill(report_add(report), name, verdicts[i]);
    }
}

/* A new folder; to be removed with what is in it. */
static inline char *sample_folder(char path[static 40])
{
    strcpy(path, "/tmp/counterfoil-report.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
    return path;
}

static inline void sample_remove(const char *folder)
{
    char command[128];

    ck_assert_int_eq(strncmp(folder, "/tmp/counterfoil-", 17), 0);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

/* The whole file, NUL-terminated; to be freed. */
static inline char *sample_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *text;
    long length;

    ck_assert_ptr_nonnull(file);
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    rewind(file);
    text = malloc((size_t)length + 1);
    ck_assert_uint_eq(fread(text, 1, (size_t)length, file), (size_t)length);
    text[length] = '\0';
    fclose(file);
    if (size != NULL)
        *size = (size_t)length;
    return text;
}

#endif
