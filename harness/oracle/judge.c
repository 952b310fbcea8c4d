/* From a rule's accusation to a finding: level, repetition, proof. */
#include "oracle/oracle_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct alike_key {
    uint32_t clause;
    uint32_t verdict;
    char sa[64];
};

struct alike {
    struct alike_key key;
    uint32_t count;
    UT_hash_handle hh;
};

void say(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out, size, format, arguments);
    va_end(arguments);
}

void sa_name(const struct ike_sa_key *key, char *out, size_t size)
{
    snprintf(out, size, "IKE %016" PRIx64 "-%016" PRIx64, key->spi_i,
             key->spi_r);
}

struct accusation accuse(const struct seen *seen, enum clause_id clause)
{
    struct accusation a = {
        .clause = clause,
        .finding = {.clause = clause_nth(clause),
                    .verdict = VERDICT_FAIL,
                    .time = seen->sight.time,
                    .subject = seen->event->packet.source},
    };
    struct ike_sa_key key = {seen->ike->header.spi_i, seen->ike->header.spi_r};
    sa_name(seen->sa ? &seen->sa->key : &key, a.finding.sa,
            sizeof a.finding.sa);
    /* Without keys anybody could have sent it. */
    a.finding.inferred = seen->ike->status == TRACE_IKE_NO_KEY;
    return a;
}

/* Where the SA's beginning was not captured, nothing is known to be whole. */
struct accusation accuse_if_whole(const struct seen *seen,
                                  enum clause_id clause)
{
    struct accusation a = accuse(seen, clause);
    a.needs_whole = true;
    a.from_start = seen->sa && seen->sa->from_start;
    return a;
}

struct accusation accuse_in_order(const struct seen *seen,
                                  enum clause_id clause,
                                  const struct sight *before)
{
    struct accusation a = accuse(seen, clause);
    a.needs_whole = seen->sight.time < before->time + REORDER_TIME;
    a.from_start = true;
    return a;
}

void accuse_frame(struct accusation *a, const struct sight *sight)
{
    struct finding *f = &a->finding;
    if (!sight->frame || f->frame_count == FINDING_FRAMES)
        return;
    for (size_t i = 0; i < f->frame_count; i++)
        if (f->frames[i] == sight->frame)
            return;
    f->frames[f->frame_count++] = sight->frame;
}

/* A broken SHOULD is a warning, and nobody breaks a MAY. */
static bool lower(struct accusation *a)
{
    if (a->finding.verdict != VERDICT_FAIL)
        return a->finding.clause->level != LEVEL_MAY;
    switch (a->finding.clause->level) {
    case LEVEL_MUST:
    case LEVEL_MUST_NOT:
    case LEVEL_FACT:
        return true;
    case LEVEL_SHOULD:
    case LEVEL_SHOULD_NOT:
    case LEVEL_RECOMMENDED:
        a->finding.verdict = VERDICT_WARNING;
        return true;
    case LEVEL_MAY:
        break;
    }
    return false;
}

/* Whether another finding like this one is worth keeping. */
static bool is_news(struct judge *judge, const struct accusation *a)
{
    struct alike_key key = {.clause = a->clause, .verdict = a->finding.verdict};
    if (a->finding.from_scenario)
        return true;
    snprintf(key.sa, sizeof key.sa, "%s", a->finding.sa);
    struct alike *alike;
    HASH_FIND(hh, judge->alike, &key, sizeof key, alike);
    if (!alike) {
        if (HASH_COUNT(judge->alike) >= FINDINGS_MAX)
            return false;
        alike = memory_take(sizeof *alike);
        alike->key = key;
        HASH_ADD(hh, judge->alike, key, sizeof key, alike);
    }
    uint32_t limit = a->finding.verdict == VERDICT_FAIL && !a->needs_whole
                         ? FINDINGS_ALIKE
                         : 1;
    return alike->count++ < limit;
}

static void count(struct judge *judge, const struct accusation *a)
{
    struct clause_tally *tally = &judge->tally[a->clause];
    if (a->finding.verdict == VERDICT_FAIL)
        tally->failed++;
    else if (a->finding.verdict == VERDICT_WARNING)
        tally->warned++;
    else
        tally->inconclusive++;
}

void submit_plain(struct oracle *oracle, struct accusation *a)
{
    struct judge *judge = &oracle->judge;
    if (!lower(a))
        return;
    if (!a->needs_whole)
        count(judge, a);
    if (!is_news(judge, a) || judge->count >= FINDINGS_MAX)
        return;
    if (judge->count == judge->capacity) {
        judge->capacity = judge->capacity ? 2 * judge->capacity : 16;
        judge->findings = memory_resize(
            judge->findings, judge->capacity * sizeof *judge->findings);
    }
    judge->findings[judge->count++] =
        (struct held_finding){.finding = a->finding,
                              .clause = a->clause,
                              .needs_whole = a->needs_whole,
                              .from_start = a->from_start};
}

void submit(struct oracle *oracle, const struct seen *seen,
            struct accusation *a)
{
    accuse_frame(a, &seen->sight);
    submit_plain(oracle, a);
}

void doubt_closing(struct oracle *oracle, uint32_t spi)
{
    struct judge *judge = &oracle->judge;
    char name[64];
    say(name, sizeof name, "ESP %08" PRIx32, spi);
    for (size_t i = 0; i < judge->count; i++) {
        struct held_finding *held = &judge->findings[i];
        bool closing = held->clause == CLAUSE_RFC7296_1_4_1_01 ||
                       held->clause == CLAUSE_RFC7296_1_4_1_05 ||
                       held->clause == CLAUSE_RFC7296_1_4_1_07;
        if (!closing || !held->needs_whole || strcmp(held->finding.sa, name))
            continue;
        held->finding.verdict = VERDICT_INCONCLUSIVE;
        say(held->finding.reading, sizeof held->finding.reading,
            "the Delete came again: its answer was lost on the way");
    }
}

static int by_time(const void *a, const void *b)
{
    const struct held_finding *left = a, *right = b;
    uint64_t l = left->finding.time, r = right->finding.time;
    return l < r ? -1 : l > r;
}

static void append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    if (used < size)
        snprintf(text + used, size - used, "%s", more);
}

/* What rests on a frame that is not there convicts only where the capture is
 * known to hold them all. */
static void decide(struct oracle *oracle, struct held_finding *held, bool whole)
{
    if (!held->needs_whole)
        return;
    if (!whole || !held->from_start) {
        held->finding.verdict = VERDICT_INCONCLUSIVE;
        append(held->finding.seen, sizeof held->finding.seen,
               "; unless the capture lacks frames");
        if (held->finding.from_scenario)
            expect_lowered(oracle, &held->finding);
    }
    struct accusation a = {.clause = held->clause, .finding = held->finding};
    count(&oracle->judge, &a);
}

void judge_finish(struct oracle *oracle, bool whole)
{
    struct judge *judge = &oracle->judge;
    for (size_t i = 0; i < judge->count; i++)
        decide(oracle, &judge->findings[i], whole);
    if (judge->count > 1)
        qsort(judge->findings, judge->count, sizeof *judge->findings, by_time);
    judge->final = memory_resize(judge->final, sizeof judge->tally);
    judge->final_count = 0;
    for (size_t i = 0; i < CLAUSES; i++) {
        struct clause_tally *tally = &judge->tally[i];
        if (!tally->judged && !tally->failed && !tally->warned &&
            !tally->inconclusive)
            continue;
        tally->clause = clause_nth(i);
        judge->final[judge->final_count++] = *tally;
    }
}

void judge_free(struct oracle *oracle)
{
    struct judge *judge = &oracle->judge;
    struct alike *alike, *next;
    HASH_ITER(hh, judge->alike, alike, next)
    {
        HASH_DEL(judge->alike, alike);
        free(alike);
    }
    free(judge->findings);
    free(judge->final);
}
