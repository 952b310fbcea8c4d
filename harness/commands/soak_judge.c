/* Schedules tried, and failing ones made small. */
#include <string.h>

#include "commands/soak.h"

/* ---- One ---- */

static const struct finding *first_of(const struct result *result,
                                      enum verdict verdict)
{
    for (size_t i = 0; i < result->finding_count; i++)
        if (result->findings[i].finding.verdict == verdict)
            return &result->findings[i].finding;
    return NULL;
}

static bool found_on(const struct result *result, const char *clause)
{
    for (size_t i = 0; i < result->finding_count; i++)
        if (result->findings[i].finding.verdict != VERDICT_INCONCLUSIVE &&
            !strcmp(result->findings[i].finding.clause->id, clause))
            return true;
    return false;
}

static void take(const struct result *result, struct soak_verdict *out)
{
    const struct finding *finding = first_of(result, VERDICT_FAIL);

    out->verdict = result->judged;
    out->frames = result->totals.frames;
    if (finding)
        out->verdict = VERDICT_FAIL;
    else if ((finding = first_of(result, VERDICT_WARNING)))
        out->verdict = VERDICT_WARNING;
    if (!finding) {
        snprintf(out->seen, sizeof out->seen, "%s", result->reason);
        return;
    }
    snprintf(out->clause, sizeof out->clause, "%s", finding->clause->id);
    snprintf(out->seen, sizeof out->seen, "%s", finding->seen);
    snprintf(out->expected, sizeof out->expected, "%s", finding->expected);
    out->frame =
        finding->frame_count ? finding->frames[finding->frame_count - 1] : 0;
}

static bool digest_of(const struct soak_place *place, uint8_t out[static 32],
                      struct error *error)
{
    struct buffer octets = {0};
    char path[4096];
    size_t size = 0;
    FILE *file;

    snprintf(path, sizeof path, "%s/trace.pcapng", place->folder);
    file = fopen(path, "rb");
    if (!file)
        return error_set(error, "%s cannot be read", path);
    do {
        size_t before = octets.size;
        size = fread(buffer_space(&octets, 65536), 1, 65536, file);
        octets.size = before + size;
    } while (size > 0);
    fclose(file);
    hash_sha256(place->crypto, buffer_view(&octets), out);
    buffer_free(&octets);
    return true;
}

bool soak_try(const struct soak_place *place,
              const struct soak_schedule *schedule, struct soak_verdict *out,
              struct error *error)
{
    struct result result;
    bool good;

    memset(out, 0, sizeof *out);
    out->verdict = VERDICT_ERROR;
    if (!soak_play(place, schedule, error))
        return false;
    result_init(&result);
    good = judge_folder(place->folder, false, &result, error);
    if (good) {
        take(&result, out);
        out->wanted = place->clause && found_on(&result, place->clause);
    }
    result_clear(&result);
    return good && digest_of(place, out->digest, error);
}

/* ---- Shrinking ---- */

struct shrinking {
    const struct soak_place *place;
    struct soak_schedule best;
    const char *clause;
    size_t tries;
};

enum { TRIES_MAX = 2000 };

/* Keeps `schedule` if it still fails the same way. */
static bool keep(struct shrinking *shrinking,
                 const struct soak_schedule *schedule)
{
    struct soak_verdict verdict;
    struct error error;

    if (shrinking->tries++ >= TRIES_MAX ||
        !soak_try(shrinking->place, schedule, &verdict, &error) ||
        verdict.verdict != VERDICT_FAIL ||
        strcmp(verdict.clause, shrinking->clause) != 0)
        return false;
    shrinking->best = *schedule;
    return true;
}

static bool without(struct shrinking *shrinking, size_t from, size_t size)
{
    struct soak_schedule next = shrinking->best;

    memmove(&next.steps[from], &next.steps[from + size],
            (next.count - from - size) * sizeof *next.steps);
    next.count -= size;
    return keep(shrinking, &next);
}

/* Delta debugging: ever smaller runs of steps are left out, from the end. */
static void drop_steps(struct shrinking *shrinking)
{
    for (size_t size = shrinking->best.count; size > 0; size /= 2) {
        size_t at = shrinking->best.count;
        while (at > 0) {
            size_t from = at > size ? at - size : 0;
            without(shrinking, from, at - from);
            at = from;
        }
    }
}

static void make_fields_plain(struct shrinking *shrinking)
{
    for (int f = 0; f < SOAK_FIELDS; f++) {
        struct soak_schedule next = shrinking->best;
        next.fields[f] = soak_plain((enum soak_field)f);
        if (next.fields[f] != shrinking->best.fields[f])
            keep(shrinking, &next);
    }
}

/* Awaited if it was not, and with smaller arguments. */
static void make_steps_plain(struct shrinking *shrinking)
{
    for (size_t i = 0; i < shrinking->best.count; i++) {
        struct soak_schedule next = shrinking->best;
        if (next.steps[i].at_once) {
            next.steps[i].at_once = false;
            keep(shrinking, &next);
        }
        for (uint32_t first = 0; first < shrinking->best.steps[i].first;
             first = 2 * first + 1) {
            next = shrinking->best;
            next.steps[i].first = first;
            if (keep(shrinking, &next))
                break;
        }
    }
}

size_t soak_shrink(const struct soak_place *place,
                   struct soak_schedule *schedule, const char *clause)
{
    struct shrinking shrinking = {.place = place, .clause = clause};
    size_t before;

    shrinking.best = *schedule;
    do {
        before = shrinking.best.count;
        drop_steps(&shrinking);
        make_fields_plain(&shrinking);
        make_steps_plain(&shrinking);
    } while (shrinking.best.count < before);
    *schedule = shrinking.best;
    return shrinking.tries;
}
