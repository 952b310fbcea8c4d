/* The oracle's outside: events in, findings, tallies and a verdict out. */
#include "oracle/members_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct oracle *oracle_new(const struct oracle_options *options)
{
    struct oracle *oracle = memory_take(sizeof *oracle);
    if (options && options->under_test_count) {
        size_t size = options->under_test_count * sizeof *options->under_test;
        oracle->under_test = memory_take(size);
        memcpy(oracle->under_test, options->under_test, size);
        oracle->under_test_count = options->under_test_count;
    }
    oracle->vouched = options && options->capture_is_whole;
    oracle->expectations = expectations_new();
    oracle->members = members_new();
    return oracle;
}

void oracle_free(struct oracle *oracle)
{
    if (!oracle)
        return;
    track_free(oracle);
    crypto_free(oracle->crypto);
    initials_free(oracle);
    judge_free(oracle);
    expectations_free(oracle->expectations);
    members_free(oracle->members);
    free(oracle->under_test);
    free(oracle);
}

static void count_ike(struct oracle_totals *totals, const struct trace_ike *ike)
{
    totals->ike_messages++;
    switch (ike->status) {
    case TRACE_IKE_OPENED:
    case TRACE_IKE_FRAGMENT:
        totals->ike_opened++;
        break;
    case TRACE_IKE_NO_KEY:
        totals->ike_no_key++;
        break;
    case TRACE_IKE_BAD_ICV:
        totals->ike_bad_icv++;
        break;
    case TRACE_IKE_MALFORMED:
        totals->malformed++;
        break;
    case TRACE_IKE_CLEAR:
        break;
    }
}

static void count_esp(struct oracle_totals *totals, const struct trace_esp *esp)
{
    totals->esp_packets++;
    if (esp->status == TRACE_ESP_OPENED)
        totals->esp_opened++;
    else if (esp->status == TRACE_ESP_NO_KEY)
        totals->esp_no_key++;
    else
        totals->esp_bad_icv++;
}

/* A frame, whatever is in it. */
static void count_frame(struct oracle *oracle, const struct trace_event *event)
{
    if (event->frame == oracle->last_frame && event->file == oracle->last_file)
        return;
    oracle->last_frame = event->frame;
    oracle->last_file = event->file;
    if (event->time < oracle->frame_time)
        oracle->disordered = true;
    oracle->frame_time = event->time;
    oracle->totals.frames++;
}

void oracle_event(struct oracle *oracle, const struct trace_event *event)
{
    if (event->time > oracle->time)
        oracle->time = event->time;
    if (oracle->notes)
        expect_until(oracle, event->time);
    if (event->kind == TRACE_NOTE) {
        if (event->note)
            oracle_note(oracle, event->note, event->time);
        return;
    }
    count_frame(oracle, event);
    oracle->order++;
    switch (event->kind) {
    case TRACE_IKE:
        count_ike(&oracle->totals, &event->ike);
        track_ike(oracle, event);
        break;
    case TRACE_ESP:
        count_esp(&oracle->totals, &event->esp);
        oracle->shortened |= event->packet.truncated;
        track_esp(oracle, event);
        break;
    case TRACE_CUT:
        oracle->totals.cut++;
        break;
    case TRACE_OTHER:
        rfc4303_other(oracle, event);
        oracle->totals.other++;
        break;
    case TRACE_AH:
    case TRACE_NOTE:
        oracle->totals.other++;
        break;
    }
}

/* Whether the capture is known to hold all that passed, in its order. */
static bool is_whole(const struct oracle *oracle)
{
    if (!oracle->complete || oracle->totals.cut || oracle->shortened ||
        oracle->capture_broken || oracle->disordered)
        return false;
    if (oracle->capture_counted &&
        oracle->capture_frames != oracle->totals.frames)
        return false;
    if (oracle->vouched)
        return true;
    return oracle->run && oracle->ended && oracle->capture_counted;
}

void oracle_finish(struct oracle *oracle, bool complete)
{
    if (oracle->finished)
        return;
    oracle->finished = true;
    oracle->complete = complete;
    rfc6311_finish(oracle);
    expect_finish(oracle, complete);
    judge_finish(oracle, is_whole(oracle));
}

size_t oracle_finding_count(const struct oracle *oracle)
{
    return oracle->judge.count;
}

const struct finding *oracle_finding(const struct oracle *oracle, size_t n)
{
    return n < oracle->judge.count ? &oracle->judge.findings[n].finding : NULL;
}

size_t oracle_tally_count(const struct oracle *oracle)
{
    return oracle->judge.final_count;
}

const struct clause_tally *oracle_tally(const struct oracle *oracle, size_t n)
{
    return n < oracle->judge.final_count ? &oracle->judge.final[n] : NULL;
}

const struct oracle_totals *oracle_totals(const struct oracle *oracle)
{
    return &oracle->totals;
}

static size_t count_verdict(const struct oracle *oracle, enum verdict verdict,
                            const struct finding **first)
{
    size_t count = 0;
    for (size_t i = 0; i < oracle->judge.count; i++) {
        const struct finding *f = &oracle->judge.findings[i].finding;
        if (f->verdict != verdict)
            continue;
        if (count++ == 0)
            *first = f;
    }
    return count;
}

static enum verdict verdict_pass(const struct oracle *oracle, char *reason,
                                 size_t size)
{
    size_t clauses = 0;
    uint64_t times = 0;
    for (size_t i = 0; i < oracle->judge.final_count; i++) {
        const struct clause_tally *tally = &oracle->judge.final[i];
        clauses += tally->judged != 0;
        times += tally->judged;
    }
    if (clauses == 0) {
        snprintf(reason, size, "nothing could be judged");
        return VERDICT_INCONCLUSIVE;
    }
    snprintf(reason, size, "%zu clauses judged %" PRIu64 " times%s", clauses,
             times,
             oracle->complete ? "" : ", up to where the capture broke off");
    return VERDICT_PASS;
}

enum verdict oracle_verdict(const struct oracle *oracle, char *reason,
                            size_t size)
{
    const struct finding *first = NULL;
    const char *why = NULL;
    size_t failures = count_verdict(oracle, VERDICT_FAIL, &first);

    if (oracle->aborted && oracle->abort_verdict == VERDICT_ERROR) {
        snprintf(reason, size, "%s", oracle->abort_reason);
        return VERDICT_ERROR;
    }
    if (failures) {
        char more[48] = "";
        if (failures > 1)
            snprintf(more, sizeof more, " (and %zu more)", failures - 1);
        snprintf(reason, size, "%s: expected %s, seen %s%s", first->clause->id,
                 first->expected, first->seen, more);
        return VERDICT_FAIL;
    }
    /* Nobody asked it to end. */
    if (oracle->died) {
        snprintf(reason, size, "the gateway died: %s", oracle->died_text);
        return VERDICT_FAIL;
    }
    /* What was proven before the scenario could not go on stays proven. */
    if (oracle->aborted) {
        snprintf(reason, size, "%s", oracle->abort_reason);
        return oracle->abort_verdict;
    }
    if (expect_undecided(oracle, &why)) {
        snprintf(reason, size, "%s", why);
        return VERDICT_INCONCLUSIVE;
    }
    if (oracle->run && (!oracle->ended || !oracle->complete)) {
        snprintf(reason, size, "%s breaks off",
                 oracle->ended ? "the capture" : "the record of the run");
        return VERDICT_INCONCLUSIVE;
    }
    return verdict_pass(oracle, reason, size);
}
