/* What the oracle makes of a reference capture, and what it should. */
#include <stdarg.h>
#include <string.h>

#include "commands/pcaps.h"
#include "gateways/builtin/builtin.h"

const char *variant_name(enum variant variant)
{
    return variant == VIOLATING ? "violating" : "conforming";
}

void reference_problem(struct reference *reference, enum variant variant,
                       const char *format, ...)
{
    char text[1024];
    va_list arguments;
    int size = snprintf(text, sizeof text, "%s: ", variant_name(variant));

    va_start(arguments, format);
    vsnprintf(text + size, sizeof text - (size_t)size, format, arguments);
    va_end(arguments);
    texts_add(&reference->problems, text);
}

/* A SHOULD is warned of. */
static enum verdict wanted_verdict(const struct reference *reference)
{
    enum verdict wanted;

    if (verdict_find(reference->scenario.verdict, &wanted))
        return wanted;
    switch (reference->clause->level) {
    case LEVEL_SHOULD:
    case LEVEL_SHOULD_NOT:
    case LEVEL_RECOMMENDED:
        return VERDICT_WARNING;
    default:
        return VERDICT_FAIL;
    }
}

static bool is_named(char **list, const char *id)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, id) == 0)
            return true;
    return false;
}

static void complain_of(struct reference *reference, enum variant variant,
                        const char *how, const struct finding *finding)
{
    reference_problem(reference, variant,
                      "%s%s %s, frame %llu: expected %s; %s", how,
                      verdict_name(finding->verdict), finding->clause->id,
                      (unsigned long long)finding->frames[0], finding->expected,
                      finding->seen);
}

static void keep_finding(struct reference *reference,
                         const struct finding *finding)
{
    if (reference->frame_count > 0)
        return;
    memcpy(reference->frames, finding->frames, sizeof finding->frames);
    reference->frame_count = finding->frame_count;
}

/* Returns whether the finding that was wanted is there. */
static bool look_at_findings(struct reference *reference, enum variant variant,
                             const char *how, const struct result *result)
{
    enum verdict wanted = wanted_verdict(reference);
    bool found = false;

    for (size_t i = 0; i < result->finding_count; i++) {
        const struct finding *f = &result->findings[i].finding;

        if (variant == VIOLATING && f->clause == reference->clause &&
            f->verdict == wanted && !f->from_scenario) {
            keep_finding(reference, f);
            found = true;
        } else if ((f->verdict == VERDICT_FAIL ||
                    f->verdict == VERDICT_WARNING) &&
                   (variant == CONFORMING ||
                    !is_named(reference->scenario.also, f->clause->id))) {
            complain_of(reference, variant, how, f);
        }
    }
    return found;
}

static void why_undecided(struct reference *reference, enum variant variant,
                          const char *how, const struct result *result)
{
    for (size_t i = 0; i < result->finding_count; i++)
        if (result->findings[i].finding.clause == reference->clause)
            complain_of(reference, variant, how, &result->findings[i].finding);
}

static bool is_judged(const struct result *result, const struct clause *clause)
{
    for (size_t i = 0; i < result->tally_count; i++)
        if (result->tallies[i].clause == clause)
            return result->tallies[i].judged > 0;
    return false;
}

static void judge_run(struct reference *reference, enum variant variant,
                      const char *folder)
{
    struct result result;
    struct error error;

    result_init(&result);
    if (!judge_folder(folder, false, &result, &error)) {
        reference_problem(reference, variant, "%s", error.text);
    } else {
        bool found = look_at_findings(reference, variant, "", &result);

        reference->verdicts[variant] =
            found ? verdict_name(wanted_verdict(reference))
                  : verdict_name(result.judged);
        if (variant == VIOLATING && !found) {
            reference_problem(reference, variant, "no finding on the clause");
            why_undecided(reference, variant, "", &result);
        }
        if (variant == CONFORMING && result.judged != VERDICT_PASS)
            reference_problem(reference, variant, "%s: %s",
                              verdict_name(result.judged), result.reason);
        if (variant == CONFORMING)
            reference->tested = is_judged(&result, reference->clause);
    }
    result_clear(&result);
}

/* Without the record, which its owner vouches for in its place. */
static void judge_foreign(struct reference *reference, enum variant variant,
                          const char *folder)
{
    struct result result;
    struct error error;
    struct address gateway;
    char path[4096 + 16];
    const char *capture = path;
    struct judge_options options = {
        .captures = &capture,
        .capture_count = 1,
        .keys = &folder,
        .key_count = 1,
        .under_test = &gateway,
        .under_test_count = 1,
        .whole = true,
    };

    snprintf(path, sizeof path, "%s/trace.pcapng", folder);
    address_parse(BUILTIN_ADDRESS, &gateway);
    result_init(&result);
    if (!judge_captures(&options, false, &result, &error)) {
        reference_problem(reference, variant, "%s", error.text);
    } else if (!look_at_findings(reference, variant,
                                 "as a capture: ", &result) &&
               variant == VIOLATING && !reference->scenario.needs_record) {
        reference_problem(reference, variant,
                          "as a capture: no finding on the clause");
        why_undecided(reference, variant, "as a capture: ", &result);
    }
    result_clear(&result);
}

void reference_judge(struct reference *reference, enum variant variant,
                     const char *folder)
{
    judge_run(reference, variant, folder);
    judge_foreign(reference, variant, folder);
}
