/* The record of what was injected: lines of events.jsonl. */
#include "oracle/members_private.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *note, const char *member)
{
    const char *text = json_string_value(json_object_get(note, member));
    return text ? text : "";
}

bool address_from_note(const json_t *value, struct address *out)
{
    const char *text = json_string_value(value);
    return text && address_parse(text, out);
}

bool is_listed(const struct oracle *oracle, const struct address *address)
{
    for (size_t i = 0; i < oracle->under_test_count; i++)
        if (address_equal(&oracle->under_test[i], address))
            return true;
    return false;
}

static void add_under_test(struct oracle *oracle, const struct address *address)
{
    if (is_listed(oracle, address))
        return;
    oracle->under_test =
        memory_resize(oracle->under_test, (oracle->under_test_count + 1) *
                                              sizeof *oracle->under_test);
    oracle->under_test[oracle->under_test_count++] = *address;
}

static void note_run(struct oracle *oracle, const json_t *note)
{
    size_t i;
    json_t *value;
    struct address address;

    oracle->run = true;
    oracle->gateway_is_cluster = strcmp(text_of(note, "role"), "cluster") == 0;
    if (strcmp(text_of(note, "sharing"), "sticky") == 0 ||
        strcmp(text_of(note, "sharing"), "duplicate") == 0)
        members_set_sharing(oracle->members);
    json_array_foreach(json_object_get(note, "under_test"), i, value)
    {
        if (oracle->under_test_count < 64 && address_from_note(value, &address))
            add_under_test(oracle, &address);
    }
}

static bool is_gateway(const json_t *note)
{
    return strcmp(text_of(note, "cluster"), "gateway") == 0;
}

static void note_fail_over(struct oracle *oracle, const json_t *note,
                           uint64_t time)
{
    struct sight sight = {.order = oracle->order, .time = time};

    oracle->totals.failovers++;
    if (is_gateway(note)) {
        oracle->gateway_epoch++;
        oracle->gateway_failover = sight;
        oracle->gateway_changes++;
        oracle->gateway_change = sight;
        members_fail_over(oracle->members, note, time);
        rfc6311_note_change(oracle, time);
    } else {
        oracle->harness_failed_over = true;
        oracle->harness_failover = sight;
    }
}

static void note_recover(struct oracle *oracle, const json_t *note,
                         uint64_t time)
{
    if (!is_gateway(note))
        return;
    oracle->gateway_changes++;
    oracle->gateway_change =
        (struct sight){.order = oracle->order, .time = time};
    members_recover(oracle->members, note, time);
    rfc6311_note_change(oracle, time);
}

static void note_abort(struct oracle *oracle, const json_t *note)
{
    const char *verdict = text_of(note, "verdict");

    if (oracle->aborted && oracle->abort_verdict == VERDICT_ERROR)
        return;
    oracle->aborted = true;
    oracle->abort_verdict = strcmp(verdict, "error") == 0 ? VERDICT_ERROR
                            : strcmp(verdict, "not applicable") == 0
                                ? VERDICT_NOT_APPLICABLE
                                : VERDICT_INCONCLUSIVE;
    say(oracle->abort_reason, sizeof oracle->abort_reason, "%s",
        text_of(note, "reason"));
}

static void note_capture(struct oracle *oracle, const json_t *note)
{
    const json_t *frames = json_object_get(note, "frames");
    const json_t *dropped = json_object_get(note, "dropped");

    if (json_is_integer(dropped) && json_integer_value(dropped) == 0 &&
        !json_object_get(note, "text")) {
        if (json_is_integer(frames)) {
            oracle->capture_counted = true;
            oracle->capture_frames += (uint64_t)json_integer_value(frames);
        }
    } else {
        oracle->capture_broken = true;
    }
}

/* The kinds that a verdict depends on; "inject" and whatever comes later are
 * for people. */
void oracle_note(struct oracle *oracle, const json_t *note, uint64_t time)
{
    const char *event = text_of(note, "event");

    oracle->notes = true;
    if (strcmp(event, "run") == 0) {
        note_run(oracle, note);
    } else if (strcmp(event, "fail_over") == 0) {
        note_fail_over(oracle, note, time);
    } else if (strcmp(event, "recover") == 0) {
        note_recover(oracle, note, time);
    } else if (strcmp(event, "synch") == 0) {
        if (is_gateway(note))
            members_synch(oracle->members, note, time);
    } else if (strcmp(event, "abort") == 0) {
        note_abort(oracle, note);
    } else if (strcmp(event, "gateway_died") == 0) {
        oracle->died = true;
        say(oracle->died_text, sizeof oracle->died_text, "%s",
            text_of(note, "text"));
    } else if (strcmp(event, "capture") == 0) {
        note_capture(oracle, note);
    } else if (strcmp(event, "end") == 0) {
        oracle->ended = true;
    }
    expect_note(oracle, note, time);
}
