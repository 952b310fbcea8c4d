/*
 * Several captures and the injected events as one list in the order of time.
 *
 * Each source holds one event ready; the earliest is given. A source that
 * broke counts as one event at the time of its last good one, and ends the
 * list there: what it no longer shows would else seem not to have happened.
 */
#include "trace/trace_private.h"

#include <stdlib.h>

static void advance_source(struct trace_reader *reader, struct source *source)
{
    struct error error;

    if (source->pending)
        return;
    error.text[0] = '\0';
    source->state = capture_next(source->capture, &source->frame, &error);
    source->pending = true;
    if (source->state == CAPTURE_FRAME)
        source->time = source->frame.time;
    else if (source->state == CAPTURE_BROKEN && !reader->broken.text[0])
        reader->broken = error;
}

static void advance_notes(struct trace_reader *reader)
{
    struct error error;

    if (reader->note_pending)
        return;
    error.text[0] = '\0';
    json_decref(reader->note);
    reader->note = NULL;
    reader->note_state = CAPTURE_END;
    reader->note_pending = true;
    if (!reader->notes.file)
        return;
    reader->note_state =
        notes_next(&reader->notes, &reader->note, &reader->note_time, &error);
    if (reader->note_state == CAPTURE_BROKEN && !reader->broken.text[0])
        reader->broken = error;
}

/* Whether `a` comes before `b`: earlier, or sound where `b` is broken. */
static bool before(uint64_t a_time, enum capture_result a, uint64_t b_time,
                   enum capture_result b)
{
    if (a_time != b_time)
        return a_time < b_time;
    return a == CAPTURE_FRAME && b == CAPTURE_BROKEN;
}

static struct source *earliest_source(struct trace_reader *reader)
{
    struct source *found = NULL;

    if (reader->source_count == 1) {
        advance_source(reader, &reader->sources[0]);
        return reader->sources[0].state == CAPTURE_END ? NULL
                                                       : &reader->sources[0];
    }

    for (size_t i = 0; i < reader->source_count; i++) {
        struct source *source = &reader->sources[i];
        advance_source(reader, source);
        if (source->state == CAPTURE_END)
            continue;
        if (!found ||
            before(source->time, source->state, found->time, found->state))
            found = source;
    }
    return found;
}

static bool end_broken(const struct trace_reader *reader, struct error *error)
{
    return error_set(error, "%s", reader->broken.text);
}

/* ---- Notes in packet comments ---- */

static bool give_comment_note(struct trace_reader *reader,
                              struct trace_event *event)
{
    size_t count = json_array_size(reader->comment_notes);

    if (reader->comment_notes_given >= count) {
        json_decref(reader->comment_notes);
        reader->comment_notes = NULL;
        return false;
    }
    event->kind = TRACE_NOTE;
    event->frame = 0;
    event->file = 0;
    event->time = reader->comment_time;
    event->reason = NULL;
    event->comment = bytes_of(NULL, 0);
    event->note =
        json_array_get(reader->comment_notes, reader->comment_notes_given++);
    return true;
}

/* True when the frame's comment has notes, which come before it. */
static bool read_comment(struct trace_reader *reader, struct source *source)
{
    if (source->noted || reader->notes.file)
        return false;
    reader->comment_notes =
        notes_of_comment(source->frame.comment, source->frame.time);
    reader->comment_notes_given = 0;
    reader->comment_time = source->frame.time;
    source->noted = reader->comment_notes != NULL;
    return source->noted;
}

/* ---- Events ---- */

static bool give_note(struct trace_reader *reader, struct trace_event *event,
                      struct error *error)
{
    if (reader->note_state == CAPTURE_BROKEN)
        return end_broken(reader, error);
    reader->note_pending = false;
    event->kind = TRACE_NOTE;
    event->frame = 0;
    event->file = 0;
    event->time = reader->note_time;
    event->reason = NULL;
    event->comment = bytes_of(NULL, 0);
    event->note = reader->note;
    return true;
}

static bool give_frame(struct trace_reader *reader, struct source *source,
                       struct trace_event *event, struct error *error)
{
    if (source->state == CAPTURE_BROKEN)
        return end_broken(reader, error);
    if (source->frame.comment.size > 0 && read_comment(reader, source))
        return give_comment_note(reader, event);
    source->pending = source->noted = false;
    event->frame = source->frame.number;
    event->file = (uint32_t)(source - reader->sources);
    event->time = source->frame.time;
    event->comment = source->frame.comment;
    event->reason = NULL;
    event->note = NULL;
    classify_frame(reader, &source->frame, event);
    return true;
}

bool trace_next(struct trace_reader *reader, struct trace_event *event,
                struct error *error)
{
    struct source *source;

    if (error)
        error->text[0] = '\0';
    if (reader->tcp_more && classify_more(reader, event))
        return true;
    if (reader->comment_notes && give_comment_note(reader, event))
        return true;
    advance_notes(reader);
    source = earliest_source(reader);
    bool has_note = reader->note_state != CAPTURE_END;
    if (!source && !has_note)
        return false;
    /* At the same time the note is first: it says what is about to happen. */
    if (has_note && (!source || !before(source->time, source->state,
                                        reader->note_time, reader->note_state)))
        return give_note(reader, event, error);
    return give_frame(reader, source, event, error);
}

static bool open_live(struct trace_reader *reader,
                      const struct trace_options *options, struct error *error)
{
    reader->sources = memory_take(sizeof reader->sources[0]);
    reader->sources[0].capture = capture_open_live(options->live, error);
    if (!reader->sources[0].capture)
        return false;
    reader->source_count = 1;
    return true;
}

static bool open_captures(struct trace_reader *reader,
                          const struct trace_options *options,
                          struct error *error)
{
    if (options->live)
        return open_live(reader, options, error);
    reader->sources =
        memory_take(options->capture_count * sizeof reader->sources[0]);
    for (size_t i = 0; i < options->capture_count; i++) {
        reader->sources[i].capture =
            capture_file_open(options->captures[i], error);
        if (!reader->sources[i].capture)
            return false;
        reader->source_count++;
    }
    if (options->capture_count > 1)
        packet_copies_start(&reader->copies);
    return true;
}

struct trace_reader *trace_reader_open(const struct trace_options *options,
                                       struct error *error)
{
    struct trace_reader *reader = memory_take(sizeof *reader);

    reader->keys = options->keys;
    reader->ports = options->ports;
    reader->crypto = crypto_new();
    if (!open_captures(reader, options, error) ||
        (options->events &&
         !notes_open(&reader->notes, options->events, error))) {
        trace_reader_free(reader);
        return NULL;
    }
    return reader;
}

void trace_reader_counts(const struct trace_reader *reader,
                         struct trace_counts *out)
{
    *out = (struct trace_counts){
        .copies = reader->copies.found,
        .ip_incomplete =
            reader->ip_fragments.begun - reader->ip_fragments.ended,
        .ike_incomplete =
            reader->ike_fragments.begun - reader->ike_fragments.ended,
        .tcp_gaps = reader->tcp.gaps,
        .tcp_given_up = reader->tcp.given_up,
    };
    derivation_counts(reader->derivation, out);
    for (size_t i = 0; i < reader->source_count; i++)
        out->dropped += capture_dropped(reader->sources[i].capture);
}

void trace_reader_free(struct trace_reader *reader)
{
    if (!reader)
        return;
    for (size_t i = 0; i < reader->source_count; i++)
        capture_free(reader->sources[i].capture);
    free(reader->sources);
    notes_close(&reader->notes);
    json_decref(reader->note);
    json_decref(reader->comment_notes);
    packet_copies_free(&reader->copies);
    tcp_free(&reader->tcp);
    ip_fragments_free(&reader->ip_fragments);
    ike_fragments_free(&reader->ike_fragments);
    free(reader->esp_states.of);
    free(reader->derived_states.of);
    derivation_free(reader->derivation);
    trace_keys_free(reader->derived);
    buffer_free(&reader->plaintext);
    buffer_free(&reader->first_fragment);
    crypto_free(reader->crypto);
    free(reader);
}
