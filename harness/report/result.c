/* What one trace came to: taken from the oracle, settled with the profile. */
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_private.h"

static const char *const outcome_names[OUTCOMES] = {
    [OUTCOME_PASS] = "pass",
    [OUTCOME_XFAIL] = "xfail",
    [OUTCOME_FAIL] = "fail",
    [OUTCOME_XPASS] = "xpass",
    [OUTCOME_INCONCLUSIVE] = "inconclusive",
    [OUTCOME_NOT_APPLICABLE] = "not applicable",
    [OUTCOME_ERROR] = "error",
};

const char *outcome_name(enum outcome outcome)
{
    return outcome_names[outcome];
}

bool outcome_find(const char *name, enum outcome *out)
{
    for (size_t i = 0; i < OUTCOMES; i++)
        if (strcmp(name, outcome_names[i]) == 0) {
            *out = (enum outcome)i;
            return true;
        }
    return false;
}

bool verdict_find(const char *name, enum verdict *out)
{
    for (int i = VERDICT_PASS; i <= VERDICT_ERROR; i++)
        if (strcmp(name, verdict_name((enum verdict)i)) == 0) {
            *out = (enum verdict)i;
            return true;
        }
    return false;
}

/* ---- Life ---- */

void result_init(struct result *result)
{
    static const char *no_clauses[1];

    *result = (struct result){
        .scenario = "",
        .title = "",
        .purpose = "",
        .clauses = no_clauses,
        .gateway = "",
        .role = "",
        .folder = "",
        .replay = "",
        .log_tail = "",
        .judged = VERDICT_ERROR,
        .outcome = OUTCOME_ERROR,
        .reason = "",
        .notice = "",
    };
}

void result_clear(struct result *result)
{
    arena_free(&result->arena);
    result_init(result);
}

const char *result_text(struct result *result, const char *text)
{
    size_t size;
    char *copy;

    if (text == NULL)
        return "";
    size = strlen(text) + 1;
    copy = arena_take(&result->arena, size);
    memcpy(copy, text, size);
    text_clean(copy);
    return copy;
}

const char *result_format(struct result *result, const char *format, ...)
{
    char text[8192];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return result_text(result, text);
}

/* ---- From the oracle ---- */

static void count_on_sa(struct result *result, const struct finding *finding)
{
    for (size_t i = 0; i < result->sa_count; i++) {
        struct result_sa *sa = &result->sas[i];

        if (strcmp(sa->name, finding->sa) != 0)
            continue;
        sa->failed += finding->verdict == VERDICT_FAIL;
        sa->warned += finding->verdict == VERDICT_WARNING;
        sa->inconclusive += finding->verdict == VERDICT_INCONCLUSIVE;
    }
}

static void take_findings(struct result *result, const struct oracle *oracle)
{
    size_t count = oracle_finding_count(oracle);

    result->finding_count = count;
    result->findings =
        arena_take(&result->arena, count * sizeof *result->findings + 1);
    for (size_t i = 0; i < count; i++) {
        struct finding *finding = &result->findings[i].finding;

        *finding = *oracle_finding(oracle, i);
        text_clean(finding->sa);
        text_clean(finding->expected);
        text_clean(finding->seen);
        text_clean(finding->reading);
        count_on_sa(result, finding);
    }
}

void result_take_oracle(struct result *result, const struct oracle *oracle)
{
    char reason[256] = "";
    size_t count = oracle_tally_count(oracle);

    take_findings(result, oracle);
    result->tally_count = count;
    result->tallies =
        arena_take(&result->arena, count * sizeof *result->tallies + 1);
    for (size_t i = 0; i < count; i++)
        result->tallies[i] = *oracle_tally(oracle, i);
    result->totals = *oracle_totals(oracle);
    result->judged = oracle_verdict(oracle, reason, sizeof reason);
    result->reason = result_text(result, reason);
}

/* ---- Settling ---- */

size_t result_count(const struct result *result, enum verdict verdict)
{
    size_t count = 0;

    for (size_t i = 0; i < result->finding_count; i++)
        count += !result->findings[i].known &&
                 result->findings[i].finding.verdict == verdict;
    return count;
}

size_t result_known_count(const struct result *result)
{
    size_t count = 0;

    for (size_t i = 0; i < result->finding_count; i++)
        count += result->findings[i].known;
    return count;
}

static bool deviation_covers(const struct known_deviation *known,
                             const struct result *result)
{
    return fnmatch(known->scenario, result->scenario, 0) == 0;
}

static bool is_pattern(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

static void mark_known(struct result *result,
                       const struct known_deviation *known, size_t count)
{
    for (size_t i = 0; i < result->finding_count; i++) {
        struct result_finding *at = &result->findings[i];

        at->known = false;
        at->reason = at->link = NULL;
        if (at->finding.verdict != VERDICT_FAIL &&
            at->finding.verdict != VERDICT_WARNING)
            continue;
        for (size_t k = 0; k < count && !at->known; k++) {
            if (strcmp(known[k].clause, at->finding.clause->id) != 0 ||
                !deviation_covers(&known[k], result))
                continue;
            at->known = true;
            at->reason = result_text(result, known[k].reason);
            if (known[k].link != NULL)
                at->link = result_text(result, known[k].link);
        }
    }
}

/* A deviation that is bound to this very scenario and did not show, or NULL. */
static const struct known_deviation *
missing(const struct result *result, const struct known_deviation *known,
        size_t count)
{
    for (size_t k = 0; k < count; k++) {
        bool shown = false;

        if (is_pattern(known[k].scenario) ||
            !deviation_covers(&known[k], result))
            continue;
        for (size_t i = 0; i < result->finding_count && !shown; i++)
            shown = result->findings[i].known &&
                    strcmp(result->findings[i].finding.clause->id,
                           known[k].clause) == 0;
        if (!shown)
            return &known[k];
    }
    return NULL;
}

/* Known or not. */
static bool any_finding(const struct result *result, enum verdict verdict)
{
    for (size_t i = 0; i < result->finding_count; i++)
        if (result->findings[i].finding.verdict == verdict)
            return true;
    return false;
}

/* The outcome of a trace that was judged to its end. */
static enum outcome settle_conclusive(struct result *result,
                                      const struct known_deviation *known,
                                      size_t count, bool strict)
{
    const struct known_deviation *absent = missing(result, known, count);
    size_t undecided = 0;

    if (result_count(result, VERDICT_FAIL) > 0 || result->died ||
        (result->judged == VERDICT_FAIL && !any_finding(result, VERDICT_FAIL)))
        return OUTCOME_FAIL;
    if (strict && result_count(result, VERDICT_WARNING) > 0) {
        result->reason = result_text(result, "warnings fail (--strict)");
        return OUTCOME_FAIL;
    }
    for (size_t i = 0; i < result->finding_count; i++)
        undecided +=
            result->findings[i].finding.from_scenario &&
            result->findings[i].finding.verdict == VERDICT_INCONCLUSIVE;
    if (undecided > 0) {
        result->reason = result_format(
            result, "%zu expectations could not be decided", undecided);
        return OUTCOME_INCONCLUSIVE;
    }
    if (absent != NULL) {
        result->reason = result_format(
            result, "the known deviation from %s did not show: %s",
            absent->clause, absent->reason);
        return OUTCOME_XPASS;
    }
    return result_known_count(result) > 0 ? OUTCOME_XFAIL : OUTCOME_PASS;
}

void result_settle(struct result *result, const struct known_deviation *known,
                   size_t known_count, bool strict)
{
    mark_known(result, known, known_count);
    switch (result->judged) {
    case VERDICT_PASS:
    case VERDICT_WARNING:
    case VERDICT_FAIL:
        result->outcome = settle_conclusive(result, known, known_count, strict);
        break;
    case VERDICT_INCONCLUSIVE:
        result->outcome = OUTCOME_INCONCLUSIVE;
        break;
    case VERDICT_NOT_APPLICABLE:
        result->outcome = OUTCOME_NOT_APPLICABLE;
        break;
    case VERDICT_ERROR:
        result->outcome = OUTCOME_ERROR;
        break;
    }
}

/* ---- Lists of results ---- */

struct result *report_add(struct report *report)
{
    report->results = memory_resize(
        report->results, (report->count + 1) * sizeof *report->results);
    result_init(&report->results[report->count]);
    return &report->results[report->count++];
}

void report_clear(struct report *report)
{
    for (size_t i = 0; i < report->count; i++)
        result_clear(&report->results[i]);
    free(report->results);
    report->results = NULL;
    report->count = 0;
}

void report_tally(const struct report *report, size_t counts[OUTCOMES])
{
    memset(counts, 0, OUTCOMES * sizeof *counts);
    for (size_t i = 0; i < report->count; i++)
        counts[report->results[i].outcome]++;
}

int report_exit_status(const struct report *report)
{
    size_t counts[OUTCOMES];

    report_tally(report, counts);
    if (counts[OUTCOME_FAIL] + counts[OUTCOME_XPASS] > 0)
        return 1;
    if (counts[OUTCOME_ERROR] > 0)
        return 2;
    return counts[OUTCOME_INCONCLUSIVE] > 0 ? 3 : 0;
}
